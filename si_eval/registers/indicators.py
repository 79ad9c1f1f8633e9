"""The formulas of the indicators: each computes one column of the panel; the registry says which one an entry uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import add, mul, sub
from typing import TYPE_CHECKING, Any

import ibis

from si_eval.errors import StudyError
from si_eval.registry import REGISTER_VALUE, Indicator, RuleSet
from si_eval.registry.expressions import EXPECTED, Column, Lag, Logarithm, Operation, Term, parse_expression
from si_eval.vocabulary import (
    BE_ID,
    EMPLOYED_PERSONS,
    GROUP,
    IMPUTED,
    INDICATOR,
    INVESTMENT_STATUS,
    NOT_COVERED,
    YEAR,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

RESERVED = ("domain", "fence", GROUP, INDICATOR, "value")  # columns that the stages add beside indicators

Formula = Callable[["ir.Table", Indicator, RuleSet], "ir.Column"]
FORMULAS: dict[str, Formula] = {}  # filled by `formula`, by the function's name


def formula(function: Formula) -> Formula:
    """Make a function a formula that an entry of the registry can name."""
    FORMULAS[function.__name__] = function
    return function


def add_indicators(panel: ir.Table, indicators: Mapping[str, Indicator], rules: RuleSet) -> ir.Table:
    """Add indicators to a panel that has the register's columns; one that rests on another comes after it.

    Raises `StudyError` for an entry that cannot be computed: an unknown function or column, a circle, a name that is
    taken, a result that is no number.
    """
    for entry in indicators.values():
        _check_entry(entry, indicators, panel.columns)
    for stage in _stages(indicators, panel.columns):
        columns = {entry.name: FORMULAS[entry.function](panel, entry, rules) for entry in stage}
        for name, column in columns.items():
            if not (column.type().is_numeric() or column.type().is_boolean()):
                raise _refusal(name, f"values of type {column.type()}", "numbers", "choose another column or formula")
        panel = panel.mutate(**columns)
    return panel


@formula
def register_value(panel: ir.Table, indicator: Indicator, rules: RuleSet) -> ir.Column:
    """Take a column that the panel already has."""
    return panel[indicator.of or indicator.name]


@formula
def per_employee(panel: ir.Table, indicator: Indicator, rules: RuleSet) -> ir.Column:
    """Divide by persons employed where there are more than the rule set's minimum; elsewhere missing."""
    persons = panel[EMPLOYED_PERSONS]
    return panel[indicator.of] / ibis.ifelse(persons > rules.min_employed_persons, persons, ibis.null("float64"))


@formula
def ratio(panel: ir.Table, indicator: Indicator, rules: RuleSet) -> ir.Column:
    """Divide the numerator by the denominator where that is above zero; elsewhere missing."""
    denominator = panel[indicator.denominator]
    return panel[indicator.numerator] / ibis.ifelse(denominator > 0, denominator, ibis.null("float64"))


@formula
def is_positive(panel: ir.Table, indicator: Indicator, rules: RuleSet) -> ir.Column:
    """Return 1 where a column is above zero and 0 where it is not; missing where it is."""
    return (panel[indicator.of] > 0).cast("float64")


@formula
def where_positive(panel: ir.Table, indicator: Indicator, rules: RuleSet) -> ir.Column:
    """Take a column where it is above zero; elsewhere missing."""
    return ibis.ifelse(panel[indicator.of] > 0, panel[indicator.of], ibis.null("float64"))


@formula
def status_is_imputed(panel: ir.Table, indicator: Indicator, rules: RuleSet) -> ir.Column:
    """Return 1 for a unit whose investments were imputed, 0 for others that are covered, nothing for the rest."""
    status = panel[INVESTMENT_STATUS]
    return ibis.ifelse(status == NOT_COVERED, ibis.null("float64"), (status == IMPUTED).cast("float64"))


@formula
def expression(panel: ir.Table, indicator: Indicator, rules: RuleSet) -> ir.Column:
    """Compute an expression; missing where a term is, by zero, and for the logarithm of what is not above it.

    The lag of a unit that has no row so many years before is missing.
    """
    value = _evaluate(parse_expression(indicator.expression), panel)
    return ibis.literal(value) if isinstance(value, float) else value


ARGUMENTS: dict[Formula, tuple[str, ...]] = {
    per_employee: ("of",), ratio: ("numerator", "denominator"), expression: ("expression",),
    is_positive: ("of",), where_positive: ("of",),
}  # fmt: skip
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {"+": add, "-": sub, "*": mul}


def _evaluate(term: Term, panel: ir.Table) -> Any:
    """Compute a term of an expression: a number, or a column."""
    missing = ibis.null("float64")
    if isinstance(term, Column):
        return panel[term.name].cast("float64")
    if isinstance(term, Logarithm):
        value = _column(_evaluate(term.of, panel))
        return ibis.ifelse(value > 0, value, missing).ln()
    if isinstance(term, Lag):
        before = ibis.window(group_by=BE_ID, order_by=YEAR, range=(-term.years, -term.years))
        return _column(_evaluate(term.of, panel)).max().over(before)
    if isinstance(term, Operation):
        left, right = _evaluate(term.left, panel), _evaluate(term.right, panel)
        if term.sign != "/":
            return ARITHMETIC[term.sign](left, right)
        return left / ibis.ifelse(_column(right) != 0, _column(right), missing)
    return term


def _column(value: Any) -> ir.Column:
    """Return a number as a column of it."""
    return ibis.literal(value) if isinstance(value, float) else value


def _check_entry(entry: Indicator, indicators: Mapping[str, Indicator], columns: Sequence[str]) -> None:
    """Refuse an entry whose formula, columns or name cannot be."""
    name = entry.name
    if entry.function not in FORMULAS:
        expected = f"one of {', '.join(FORMULAS)}"
        raise _refusal(name, f"function {entry.function!r}", expected, "name one of these, or write it there")
    lacking = [key for key in ARGUMENTS.get(FORMULAS[entry.function], ()) if not getattr(entry, key)]
    if lacking:
        raise _refusal(name, f"no `{lacking[0]}`", f"what {entry.function} divides", "add it to its entry")
    try:
        needs = entry.needs
    except ValueError as error:
        raise _refusal(name, str(error), EXPECTED, "correct the expression") from None
    unknown = [column for column in needs if column not in columns and column not in indicators]
    if unknown:
        known = ", ".join([*columns, *(other for other in indicators if other not in columns)])
        raise _refusal(name, f"column {unknown[0]!r}", f"a column of the panel or an indicator ({known})", "correct it")
    is_column = entry.function == REGISTER_VALUE and needs == (name,)
    taken = [] if is_column else [*columns, *RESERVED]
    taken += [other for other in (*columns, *indicators) if other != name]
    if name.casefold() in {other.casefold() for other in taken}:
        raise _refusal(name, "a name that is taken (capitals do not tell names apart)", "one of its own", "rename it")


def _stages(indicators: Mapping[str, Indicator], columns: Sequence[str]) -> list[list[Indicator]]:
    """Order indicators in stages that rest on columns and earlier stages; raises `StudyError` for a circle."""
    known, waiting, stages = set(columns), list(indicators.values()), []
    while waiting:
        ready = [entry for entry in waiting if known.issuperset(entry.needs)]
        if not ready:
            names = ", ".join(entry.name for entry in waiting)
            raise _refusal(names, "entries that rest on each other in a circle", "an order", "break the circle")
        stages.append(ready)
        known.update(entry.name for entry in ready)
        waiting = [entry for entry in waiting if entry not in ready]
    return stages


def _refusal(name: str, found: str, expected: str, action: str) -> StudyError:
    return StudyError(f"indicator {name}: found {found}; expected {expected}; {action}")

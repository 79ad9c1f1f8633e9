"""The formulas of the indicators. Each takes the panel's columns and gives one column; the registry says which."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import ibis

from si_eval.registry import Indicator, RuleSet, indicators
from si_eval.vocabulary import EMPLOYED_PERSONS

if TYPE_CHECKING:
    import ibis.expr.types as ir


def add_indicators(panel: ir.Table, rules: RuleSet) -> ir.Table:
    """Add every indicator of the registry to a panel that has the register's columns."""
    return panel.mutate(**{name: FORMULAS[entry.function](panel, entry, rules) for name, entry in indicators().items()})


def register_value(panel: ir.Table, indicator: Indicator, rules: RuleSet) -> ir.Column:
    """Give a column that the panel already has."""
    return panel[indicator.name]


def per_employee(panel: ir.Table, indicator: Indicator, rules: RuleSet) -> ir.Column:
    """Divide by persons employed where there are more than the rule set's minimum; elsewhere missing."""
    persons = panel[EMPLOYED_PERSONS]
    return panel[indicator.of] / ibis.ifelse(persons > rules.min_employed_persons, persons, ibis.null("float64"))


def own_production_share(panel: ir.Table, indicator: Indicator, rules: RuleSet) -> ir.Column:
    """Divide what was produced in-house by the total where that is above zero; elsewhere missing."""
    total = panel[indicator.denominator]
    return panel[indicator.numerator] / ibis.ifelse(total > 0, total, ibis.null("float64"))


Formula = Callable[["ir.Table", Indicator, RuleSet], "ir.Column"]
FORMULAS: dict[str, Formula] = {
    "register_value": register_value,
    "per_employee": per_employee,
    "own_production_share": own_production_share,
}

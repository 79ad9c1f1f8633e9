"""The indicators: one entry each in ``indicators.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from functools import cache
from typing import Any

from si_eval.errors import StudyError
from si_eval.registry.currencies import EURO, in_currency
from si_eval.registry.expressions import has_lag, names_in, parse_expression
from si_eval.registry.files import facts

OWN_PRODUCTION, INVESTMENT = "own_production_", "investment_"  # begin the names of columns of the survey
REGISTER_VALUE = "register_value"  # the formula of an indicator that the panel has as it is


@dataclass(frozen=True)
class Indicator:
    """One entry of ``indicators.toml``; all else that the library knows of an indicator follows from it.

    Attributes
    ----------
    name : str
        Column of the panel.
    function : str
        Formula of ``registers/indicators.py`` that computes it.
    unit : str
        Unit of measure, as tidy tables name it.
    domain : str
        Units that the outlier rule sets aside leave all indicators of their domain.
    nl, en : str
        Labels.
    unit_nl, unit_en : str
        Labels of the unit, where ``labels.toml`` has none.
    of : str
        Column that ``register_value`` takes and ``per_employee`` divides; by default the one with the indicator's name.
    numerator, denominator : str
        Columns whose sums give the ratio of sums, and that ``ratio`` divides.
    expression : str
        What the formula ``expression`` computes: columns and other indicators with `+ - * /`, ``log`` and ``lag``.
    inputs : tuple of str
        Further columns that a formula of its own reads.
    outliers : bool
        Whether the outlier rule looks at it.
    balance : bool
        Whether `check_selection` compares it when no indicator is named.
    weight : str
        Column of the panel with the weight of each unit that has a value, under rule sets that weigh the survey.
    weighted_only : bool
        Whether only panels of rule sets that weigh the survey have it.
    """

    name: str
    function: str
    unit: str
    domain: str
    nl: str
    en: str
    unit_nl: str = ""
    unit_en: str = ""
    of: str = ""
    numerator: str = ""
    denominator: str = ""
    expression: str = ""
    inputs: tuple[str, ...] = ()
    outliers: bool = False
    balance: bool = False
    weight: str = ""
    weighted_only: bool = False

    @property
    def needs(self) -> tuple[str, ...]:
        """List the columns of the panel that the entry names: what must be there before it is computed.

        Raises ValueError for an expression that is none.
        """
        written = names_in(parse_expression(self.expression)) if self.expression else ()
        named = (self.of or (self.name if self.function == REGISTER_VALUE else ""), self.numerator, self.denominator)
        return tuple(dict.fromkeys(column for column in (*named, *self.inputs, *written) if column))


@cache
def indicators(currency: str = EURO) -> dict[str, Indicator]:
    """Read every indicator by name, money in a currency; those ``for_each_asset`` are written out for each asset.

    Raises `StudyError` for an entry with a key that is missing, unknown or of the wrong type.
    """
    entries = {name: entry for name, entry in facts("indicators").items() if name != "for_each_asset"}
    for pattern, entry in facts("indicators")["for_each_asset"].items():
        for asset, asset_facts in facts("assets").items():
            words = {"<asset>": asset, "<nl>": asset_facts["nl"], "<en>": asset_facts["en"]}
            entries[_filled(pattern, words)] = {key: _filled(value, words) for key, value in entry.items()}
    known = {name: read_indicator(name, entry) for name, entry in entries.items()}
    return {name: replace(entry, unit=in_currency(entry.unit, currency)) for name, entry in known.items()}


def unweighted(known: Mapping[str, Indicator]) -> dict[str, Indicator]:
    """Return the indicators of a panel whose rule set does not weigh the survey."""
    return {name: replace(entry, weight="") for name, entry in known.items() if not entry.weighted_only}


def read_indicator(name: str, entry: Mapping[str, Any]) -> Indicator:
    """Make an indicator of its entry in a file; raises `StudyError` with every key that is wrong."""
    kinds = {field.name: field for field in fields(Indicator) if field.name != "name"}
    types = {"inputs": list, "outliers": bool, "balance": bool, "weighted_only": bool}
    required = [key for key, field in kinds.items() if field.default is MISSING]
    problems = [f"no `{key}`" for key in required if key not in entry]
    problems += [f"an unknown key `{key}`" for key in entry if key not in kinds]
    problems += [
        f"{value!r} as `{key}`"
        for key, value in entry.items()
        if key in kinds and not isinstance(value, types.get(key, str))
    ]
    if problems:
        raise StudyError(
            f"indicator {name}: found {', '.join(problems)}; expected {', '.join(required)} and, where they serve, "
            f"{', '.join(key for key in kinds if key not in required)}; correct its entry"
        )
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Indicator(name=name, **values)


def weigh_declared(declared: Mapping[str, Indicator], known: Mapping[str, Indicator]) -> dict[str, Indicator]:
    """Return declared indicators with the weight of what they are made of, where a panel weighs that.

    Raises `StudyError` for one that looks at an earlier year of it: who answered in both is no sample with known
    weights.
    """
    found: dict[str, Indicator] = {}
    for name, entry in declared.items():
        weight = next(iter(sorted(_weights_of(name, {**known, **declared}))), "")
        if weight and entry.expression and has_lag(parse_expression(entry.expression)):
            raise StudyError(
                f"indicator {name}: found an earlier year of figures that are weighed as a sample of each year; "
                'expected figures of one year; leave out the lag, or take rules with weights = "none"'
            )
        found[name] = replace(entry, weight=weight)
    return found


def _weights_of(name: str, known: Mapping[str, Indicator], seen: tuple[str, ...] = ()) -> set[str]:
    """Collect the weights of an indicator and of all that it is made of."""
    name = name.replace(OWN_PRODUCTION, INVESTMENT) if name not in known else name
    if name in seen or name not in known:
        return set()
    entry = known[name]
    own = {entry.weight} if entry.weight else set()
    return own.union(*(_weights_of(part, known, (*seen, name)) for part in entry.needs))


@cache
def unit_labels() -> dict[str, dict[str, str]]:
    """Read the labels (``nl``, ``en``) of the units of measure that indicators bring with them."""
    return {
        entry.unit: {"nl": entry.unit_nl or entry.unit_en, "en": entry.unit_en or entry.unit_nl}
        for entry in indicators().values()
        if entry.unit_nl or entry.unit_en
    }


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    """Replace each word in a text, or in the texts of a list; leave other values as they are."""
    if isinstance(value, list):
        return [_filled(one, words) for one in value]
    if isinstance(value, str):
        for word, text in words.items():
            value = value.replace(word, text)
    return value

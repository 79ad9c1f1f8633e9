"""Decides whether a column of a panel may make cells: not where its values would tell units apart."""

from __future__ import annotations

import ibis.expr.datatypes as dt

from si_eval import engine
from si_eval.registry import currency_of, indicators
from si_eval.results import Panel
from si_eval.vocabulary import BE_ID, GROUP_ID, YEAR

IDENTIFIERS = (BE_ID, GROUP_ID)
MIN_SHARED = 2  # units that a value has on average; a column with fewer is nearly a list of units


def describe_telling(panel: Panel, column: str) -> str:
    """Say why the values of a column tell units apart; empty where they are classes that units share.

    Told apart are units by identifiers, by money, by numbers with decimals, and by any column that has more than one
    value for every `MIN_SHARED` units in the year with most units: names, codes of establishments, whole amounts.
    """
    if column in IDENTIFIERS:
        return "an identifier"
    if _is_money(panel, column):
        return "an amount of money"
    kind = panel.table.schema()[column]
    if isinstance(kind, dt.Boolean) or not panel.per_year:
        return ""
    year = max(panel.per_year, key=lambda one: panel.per_year[one])
    values = panel.table.filter(panel.table[YEAR] == year)[column]
    asked = {"units": values.count(), "values": values.nunique()}
    if kind.is_floating() or kind.is_decimal():
        asked["fractions"] = (values % 1 != 0).sum()
    counts = engine.fetch(values.as_table().aggregate(**asked)).fillna(0).iloc[0]
    if counts.get("fractions", 0) > 0:
        return "a number with decimals"
    if counts["values"] * MIN_SHARED > counts["units"]:
        return f"a column with {int(counts['values'])} values for {int(counts['units'])} units in {year}"
    return ""


def _is_money(panel: Panel, column: str) -> bool:
    """Whether the registry or the panel has a column as an amount, under whatever unit a panel gives it."""
    entries = (indicators().get(column), panel.indicators.get(column))
    return any(entry is not None and currency_of(entry.unit) for entry in entries)

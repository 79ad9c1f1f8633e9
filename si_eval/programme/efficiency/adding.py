"""Costs added up and listed: by payer, kind, year, level and perspective; staff time; what is not told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from si_eval.errors import StudyError
from si_eval.programme.efficiency.costs import EURO, FTE, Costs, counted
from si_eval.programme.efficiency.rows import HIGH, LOW, NO_YEAR, amount_row, cost_table, range_rows, total_rows
from si_eval.programme.efficiency.totals import by_year, totals
from si_eval.results import ResultTable
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    COUNT,
    ESTIMATE,
    INDICATOR,
    NOTE,
    SHARE,
    STATISTIC,
    SUM,
    UNIT_OF_MEASURE,
    YEAR,
    label,
)

SPLITS = ("payer", "kind", "year", "level", "perspective")
UNKNOWN = "not_told"
BILINGUAL = "{nl} | {en}"
CANNOT_SHOW = "Costs that no source tells are missing, so totals are lower bounds; money spent is no effect."


def costs_by(costs: Costs, *, by: Sequence[str]) -> ResultTable:
    """Add up the money that counts, by payer, kind, year, level or perspective; and in all.

    Where sources tell a range, rows of the indicator with ``_low`` and ``_high`` give its ends: not a confidence
    interval. A yearly amount counts in each of its years; an amount for several years, or for none that is told, is
    not spread over years and stands in the category ``not_told``.
    """
    unknown = [name for name in by if name not in SPLITS]
    if unknown or not by:
        raise StudyError(f"by: found {', '.join(unknown) or 'nothing'}; expected some of {', '.join(SPLITS)}; name one")
    money = by_year(costs) if YEAR in by else totals(costs).assign(**{YEAR: np.nan})
    names = [name for name in by if name != YEAR]
    rows = []
    for keys, part in money.groupby([*names, YEAR], dropna=False, sort=False):
        *labels, year = keys
        category = " · ".join(str(label or UNKNOWN) for label in labels) or ALL
        at = {YEAR: pd.NA if pd.isna(year) else int(year)}
        note = NO_YEAR if YEAR in by and pd.isna(year) else ""
        if note and not names:
            category = UNKNOWN
        rows += total_rows("costs", part, {**at, CATEGORY: category}, note)
    rows += total_rows("costs", totals(costs), {}, "")
    return cost_table(rows, "costs_by", CANNOT_SHOW)


def list_costs(costs: Costs) -> ResultTable:
    """Give every amount as it was told, whether it counts or not: one row for each value and end of a range."""
    rows = []
    for cost in costs.frame.to_dict("records"):
        counts = cost["counts"] == "yes"
        note = _told(cost, "", "") if counts else _told(cost, "telt niet mee", f"does not count: {cost['reason']}")
        row = {CATEGORY: cost["id"], NOTE: note, UNIT_OF_MEASURE: _unit(cost), STATISTIC: _statistic(cost)}
        known = {"": cost["value"], LOW: cost["low"], HIGH: cost["high"]}
        told = {end: value for end, value in known.items() if pd.notna(value)} or {"": np.nan}
        rows += [{**row, INDICATOR: f"cost{end}", ESTIMATE: value} for end, value in told.items()]
    return cost_table(rows, "list_costs", CANNOT_SHOW)


def in_kind(costs: Costs) -> ResultTable:
    """Give the staff that organisations lent: FTE in each year by payer, and FTE-years over the whole time.

    A payer whose years are not told has a row ``in_kind_each_year`` without a year, and no sum.
    """
    staff = costs.frame[counted(costs) & (costs.frame["unit"] == FTE)].copy()
    staff["low"], staff["high"] = (staff[end].fillna(staff["value"]) for end in ("low", "high"))
    rows: list[dict[str, object]] = []
    for cost in staff.to_dict("records"):
        years: Sequence[int | None] = [None]
        if pd.notna(cost["year_from"]):
            years = range(int(cost["year_from"]), int(cost["year_to"]) + 1)
        for year in years:
            at = {CATEGORY: cost["payer"], NOTE: "" if year else NO_YEAR} | ({YEAR: year} if year else {})
            rows += range_rows("in_kind_each_year", cost["low"], cost["high"], at, f"{FTE} a year")
    known = staff.dropna(subset=["year_from", "year_to"])
    length = known["year_to"] - known["year_from"] + 1
    known = known.assign(low=known["low"] * length, high=known["high"] * length)
    for payer, part in known.groupby("payer", sort=False):
        rows += range_rows("in_kind_years", part["low"].sum(), part["high"].sum(), {CATEGORY: payer}, f"{FTE} years")
    note = "without contributions whose years are not told" if len(known) < len(staff) else ""
    rows += range_rows("in_kind_years", known["low"].sum(), known["high"].sum(), {NOTE: note}, f"{FTE} years")
    return cost_table(rows, "in_kind", "Staff time is not priced here; no source gives a rate.")


def shares_by_perspective(costs: Costs) -> ResultTable:
    """Give the part of the money that each perspective paid (national, regional, private, …), in all and by level."""
    money = totals(costs)
    rows = []
    levels = [
        ("cost_share", money),
        *((f"cost_share_{name}", part) for name, part in money.groupby("level", sort=False)),
    ]
    for indicator, part in levels:
        whole = part["value"].sum()
        for perspective, mine in part.groupby("perspective", sort=False):
            at = {CATEGORY: str(perspective or UNKNOWN), STATISTIC: SHARE, UNIT_OF_MEASURE: SHARE}
            rows.append({**amount_row(indicator, mine["value"].sum() / whole, at), UNIT_OF_MEASURE: SHARE})
    cannot = "Who paid is not who benefits; the share of a payer whose costs no source tells is too low."
    return cost_table(rows, "shares_by_perspective", cannot)


def missing_costs(costs: Costs) -> ResultTable:
    """List what is not told: costs without an amount, and costs that count without a year; one row each, with why."""
    rows: list[dict[str, object]] = []
    for cost in costs.frame.to_dict("records"):
        row = {STATISTIC: SUM, CATEGORY: cost["id"], UNIT_OF_MEASURE: cost["unit"]}
        if all(pd.isna(cost[name]) for name in ("value", "low", "high")):
            rows.append({**row, INDICATOR: "missing_amount", NOTE: _told(cost, "", cost["reason"] or "no amount told")})
        elif cost["counts"] == "yes" and pd.isna(cost["year_from"]):
            rows.append({**row, INDICATOR: "missing_year", NOTE: _told(cost, label(NO_YEAR), NO_YEAR)})
    counts = Counter(str(row[INDICATOR]) for row in rows)
    for name in ("missing_amount", "missing_year"):
        rows.append(
            {INDICATOR: f"{name}s", STATISTIC: COUNT, ESTIMATE: float(counts[name]), UNIT_OF_MEASURE: "records"}
        )
    return cost_table(rows, "missing_costs", "Costs that no source mentions are not in this list either.")


def _told(cost: Mapping[str, Any], nl: str, en: str) -> str:
    """Name an amount in both languages, with what is said of it; by its key where the file has no name for it."""
    dutch, english = (
        "; ".join(part for part in (cost[language] or cost["key"], more) if part)
        for language, more in (("nl", nl), ("en", en))
    )
    return BILINGUAL.format(nl=dutch, en=english)


def _statistic(cost: Mapping[str, object]) -> str:
    return {EURO: SUM, FTE: SUM, "percent": SHARE}.get(str(cost["unit"]), COUNT)


def _unit(cost: Mapping[str, object]) -> str:
    return f"{cost['unit']} a year" if cost["per"] == "year" else str(cost["unit"])

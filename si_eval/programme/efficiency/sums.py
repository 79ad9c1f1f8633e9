"""Costs added up and listed: by payer, kind, year, level and perspective; staff time; what sources do not give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from si_eval.arguments import Arguments
from si_eval.programme.efficiency.costs import FTE, Costs, which_count
from si_eval.programme.efficiency.rows import HIGH, LOW, add_up, amount_row, cost_table, range_rows, total_rows
from si_eval.programme.efficiency.totals import total_costs, yearly_costs
from si_eval.programme.rows import TidyRow, require_input
from si_eval.results import ResultTable
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    COUNT,
    ESTIMATE,
    INDICATOR,
    LANGUAGES,
    NOTE,
    SHARE,
    STATISTIC,
    SUM,
    UNIT_OF_MEASURE,
    YEAR,
    Reason,
    bilingual,
    label,
)

SPLITS = ("payer", "kind", "year", "level", "perspective")
UNKNOWN = "not_told"
CANNOT_SHOW = "Costs that no source tells are missing, so totals are lower bounds; money spent is no effect."


def costs_by(costs: Costs, *, by: Sequence[str]) -> ResultTable:
    r"""Add up the money that counts, by payer, kind, year, level or perspective; and in all.

    A yearly amount counts in each of its years. An amount for several years, or for none that is known, is not spread
    over years and stands in the category ``not_told``.

    Parameters
    ----------
    costs : Costs
        The costs, from `load_costs`.
    by : sequence of str
        Some of ``payer, kind, year, level, perspective``.

    Returns
    -------
    ResultTable
        Tidy rows, public: indicator ``costs``, ``estimate`` in their currency, ``category`` the payer, kind, level or
        perspective. Where sources differ, rows of ``costs_low`` and ``costs_high`` give the ends of the range: not a
        confidence interval.

    Raises
    ------
    StudyError
        For another split, or none.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.efficiency import costs_by, load_costs
    >>> path = Path("costs_of_a_programme.csv")
    >>> _ = path.write_text(
    ...     "id,key,payer,level,kind,year_from,year_to,value,unit,per,counts,perspective\n"
    ...     "1,grant,state,national,subsidy,2001,2003,10,EUR,year,yes,national\n"
    ...     "2,fee,firms,firm,fee,2002,2002,60,EUR,total,yes,private\n"
    ...     "3,staff,school,firm,staff,2001,2002,2,FTE,year,yes,knowledge\n"
    ... )
    >>> table = costs_by(load_costs(path), by=["payer"])
    >>> table.to_frame()[["indicator", "category", "estimate", "unit"]]
      indicator category  estimate unit
    0     costs    state      30.0  EUR
    1     costs    firms      60.0  EUR
    2     costs      all      90.0  EUR
    """
    require_input("costs", costs, Costs, "load_costs")
    arguments = Arguments("costs_by")
    by = arguments.names("by", by, SPLITS, what="splits")
    arguments.refuse_problems()
    money = yearly_costs(costs) if YEAR in by else total_costs(costs).assign(**{YEAR: np.nan})
    names = [name for name in by if name != YEAR]
    rows: list[TidyRow] = []
    for _, part in money.groupby([*names, YEAR], dropna=False, sort=False):
        labels, year = [part[name].iloc[0] for name in names], part[YEAR].iloc[0]
        category = " · ".join(str(text or UNKNOWN) for text in labels) or ALL
        keys: TidyRow = {YEAR: None if pd.isna(year) else int(year)}
        note = Reason.YEAR_UNKNOWN.text("en") if YEAR in by and pd.isna(year) else ""
        if note and not names:
            category = UNKNOWN
        rows += total_rows("costs", part, {**keys, CATEGORY: category}, note, costs.currency)
    everything = total_costs(costs)
    rows += total_rows("costs", everything, {}, "", costs.currency) if len(everything) else [_unknown_total(costs)]
    return cost_table(rows, "costs_by", CANNOT_SHOW)


def list_costs(costs: Costs) -> ResultTable:
    r"""List every amount as printed, whether it counts or not: one row for each value and each end of a range.

    Parameters
    ----------
    costs : Costs
        The costs, from `load_costs`.

    Returns
    -------
    ResultTable
        Tidy rows, public: indicator ``cost``, ``cost_low`` or ``cost_high``, ``category`` the id of the cost,
        ``estimate`` in its own unit; the note has its name, and the reason where it does not count.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.efficiency import list_costs, load_costs
    >>> path = Path("costs_of_a_programme.csv")
    >>> _ = path.write_text(
    ...     "id,key,payer,level,kind,year_from,year_to,value,unit,per,counts,perspective\n"
    ...     "1,grant,state,national,subsidy,2001,2003,10,EUR,year,yes,national\n"
    ...     "2,fee,firms,firm,fee,2002,2002,60,EUR,total,yes,private\n"
    ...     "3,staff,school,firm,staff,2001,2002,2,FTE,year,yes,knowledge\n"
    ... )
    >>> list_costs(load_costs(path)).to_frame()[["category", "estimate", "unit", "note"]]
      category  estimate        unit           note
    0        1      10.0  EUR a year  grant | grant
    1        2      60.0         EUR      fee | fee
    2        3       2.0  FTE a year  staff | staff
    """
    require_input("costs", costs, Costs, "load_costs")
    rows: list[TidyRow] = []
    for cost in costs.frame.to_dict("records"):
        remarks = ["", ""]
        if cost["counts"] != "yes":
            remarks = [label("cost_not_counted", language).format(reason=cost["reason"]) for language in LANGUAGES]
        note = _cost_note(cost, *remarks)
        row: TidyRow = {
            CATEGORY: cost["id"],
            NOTE: note,
            UNIT_OF_MEASURE: _unit(cost),
            STATISTIC: _statistic(cost, costs.currency),
        }
        ends = {"": cost["value"], LOW: cost["low"], HIGH: cost["high"]}
        known = {end: value for end, value in ends.items() if pd.notna(value)} or {"": np.nan}
        rows += [{**row, INDICATOR: f"cost{end}", ESTIMATE: value} for end, value in known.items()]
    return cost_table(rows, "list_costs", CANNOT_SHOW)


def in_kind(costs: Costs) -> ResultTable:
    r"""Add up the staff that organisations lent: FTE in each year by payer, and FTE-years over the whole time.

    Parameters
    ----------
    costs : Costs
        The costs, from `load_costs`.

    Returns
    -------
    ResultTable
        Tidy rows, public: ``in_kind_each_year`` in FTE a year and ``in_kind_years`` in FTE years, ``category`` the
        payer. A payer whose years are unknown has a row ``in_kind_each_year`` without a year, and no sum.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.efficiency import in_kind, load_costs
    >>> path = Path("costs_of_a_programme.csv")
    >>> _ = path.write_text(
    ...     "id,key,payer,level,kind,year_from,year_to,value,unit,per,counts,perspective\n"
    ...     "1,grant,state,national,subsidy,2001,2003,10,EUR,year,yes,national\n"
    ...     "2,fee,firms,firm,fee,2002,2002,60,EUR,total,yes,private\n"
    ...     "3,staff,school,firm,staff,2001,2002,2,FTE,year,yes,knowledge\n"
    ... )
    >>> in_kind(load_costs(path)).to_frame()[["indicator", "category", "year", "estimate"]]
               indicator category  year  estimate
    0  in_kind_each_year   school  2001       2.0
    1  in_kind_each_year   school  2002       2.0
    2      in_kind_years   school  <NA>       4.0
    3      in_kind_years      all  <NA>       4.0
    """
    require_input("costs", costs, Costs, "load_costs")
    staff = costs.frame[which_count(costs) & (costs.frame["unit"] == FTE)].copy()
    staff["low"], staff["high"] = (staff[end].fillna(staff["value"]) for end in ("low", "high"))
    rows: list[TidyRow] = []
    for cost in staff.to_dict("records"):
        years: Sequence[int | None] = [None]
        if pd.notna(cost["year_from"]):
            years = range(int(cost["year_from"]), int(cost["year_to"]) + 1)
        for year in years:
            note = "" if year else Reason.YEAR_UNKNOWN.text("en")
            keys: TidyRow = {CATEGORY: cost["payer"], YEAR: year, NOTE: note}
            rows += range_rows("in_kind_each_year", cost["low"], cost["high"], keys, f"{FTE} a year")
    known = staff.dropna(subset=["year_from", "year_to"])
    length = known["year_to"] - known["year_from"] + 1
    known = known.assign(low=known["low"] * length, high=known["high"] * length)
    for _, part in known.groupby("payer", sort=False):
        keys = {CATEGORY: part["payer"].iloc[0]}
        rows += range_rows("in_kind_years", add_up(part["low"]), add_up(part["high"]), keys, f"{FTE} years")
    note = "without contributions whose years are not told" if len(known) < len(staff) else ""
    rows += range_rows("in_kind_years", add_up(known["low"]), add_up(known["high"]), {NOTE: note}, f"{FTE} years")
    return cost_table(rows, "in_kind", "Staff time is not priced here; no source gives a rate.")


def shares_by_perspective(costs: Costs) -> ResultTable:
    r"""Compute the share of the money that each perspective paid (national, regional, private, …), in all and by level.

    Parameters
    ----------
    costs : Costs
        The costs, from `load_costs`.

    Returns
    -------
    ResultTable
        Tidy rows, public: indicator ``cost_share``, and ``cost_share_<level>`` for each level; ``category`` the
        perspective, ``estimate`` a share between 0 and 1.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.efficiency import shares_by_perspective, load_costs
    >>> path = Path("costs_of_a_programme.csv")
    >>> _ = path.write_text(
    ...     "id,key,payer,level,kind,year_from,year_to,value,unit,per,counts,perspective\n"
    ...     "1,grant,state,national,subsidy,2001,2003,10,EUR,year,yes,national\n"
    ...     "2,fee,firms,firm,fee,2002,2002,60,EUR,total,yes,private\n"
    ...     "3,staff,school,firm,staff,2001,2002,2,FTE,year,yes,knowledge\n"
    ... )
    >>> table = shares_by_perspective(load_costs(path))
    >>> table.to_frame()[["indicator", "category", "estimate"]].round(3)
                 indicator  category  estimate
    0           cost_share  national     0.333
    1           cost_share   private     0.667
    2  cost_share_national  national     1.000
    3      cost_share_firm   private     1.000
    """
    require_input("costs", costs, Costs, "load_costs")
    money = total_costs(costs)
    by_level = [(f"cost_share_{name}", part) for name, part in money.groupby("level", sort=False)]
    rows: list[TidyRow] = []
    for indicator, level in [("cost_share", money), *by_level]:
        whole = add_up(level["value"])
        for _, part in level.groupby("perspective", sort=False):
            perspective = str(part["perspective"].iloc[0] or UNKNOWN)
            keys: TidyRow = {CATEGORY: perspective, STATISTIC: SHARE, UNIT_OF_MEASURE: SHARE}
            share = add_up(part["value"]) / whole if whole else np.nan
            rows.append(
                amount_row(
                    indicator, share, keys if whole else {**keys, NOTE: Reason.PAYMENT_UNKNOWN.text("en")}, SHARE
                )
            )
    cannot = "Who paid is not who benefits; the share of a payer whose costs no source tells is too low."
    return cost_table(rows, "shares_by_perspective", cannot)


def missing_costs(costs: Costs) -> ResultTable:
    r"""List what sources do not give: costs without an amount, and costs that count without a year.

    Parameters
    ----------
    costs : Costs
        The costs, from `load_costs`.

    Returns
    -------
    ResultTable
        Tidy rows, public: ``missing_amount`` or ``missing_year`` without a number for each such cost, with its name and
        the reason as the note, and the counts ``missing_amounts`` and ``missing_years``.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.efficiency import missing_costs, load_costs
    >>> path = Path("costs_of_a_programme.csv")
    >>> _ = path.write_text(
    ...     "id,key,payer,level,kind,year_from,year_to,value,unit,per,counts,perspective\n"
    ...     "1,grant,state,national,subsidy,2001,2003,10,EUR,year,yes,national\n"
    ...     "2,fee,firms,firm,fee,2002,2002,60,EUR,total,yes,private\n"
    ...     "3,staff,school,firm,staff,2001,2002,2,FTE,year,yes,knowledge\n"
    ... )
    >>> missing_costs(load_costs(path)).to_frame()[["indicator", "estimate"]]
             indicator  estimate
    0  missing_amounts       0.0
    1    missing_years       0.0
    """
    require_input("costs", costs, Costs, "load_costs")
    rows: list[TidyRow] = []
    for cost in costs.frame.to_dict("records"):
        row: TidyRow = {STATISTIC: SUM, CATEGORY: cost["id"], UNIT_OF_MEASURE: cost["unit"]}
        if all(pd.isna(cost[name]) for name in ("value", "low", "high")):
            reason = Reason.AMOUNT_UNKNOWN
            remarks = ["", cost["reason"]] if cost["reason"] else [reason.text(language) for language in LANGUAGES]
            rows.append({**row, INDICATOR: "missing_amount", NOTE: _cost_note(cost, *remarks)})
        elif cost["counts"] == "yes" and pd.isna(cost["year_from"]):
            remarks = [Reason.YEAR_UNKNOWN.text(language) for language in LANGUAGES]
            rows.append({**row, INDICATOR: "missing_year", NOTE: _cost_note(cost, *remarks)})
    counts = Counter(str(row[INDICATOR]) for row in rows)
    for name in ("missing_amount", "missing_year"):
        rows.append(
            {INDICATOR: f"{name}s", STATISTIC: COUNT, ESTIMATE: float(counts[name]), UNIT_OF_MEASURE: "records"}
        )
    return cost_table(rows, "missing_costs", "Costs that no source mentions are not in this list either.")


def _cost_note(cost: Mapping[Hashable, Any], nl: str, en: str) -> str:
    """Name a cost in both languages, with a remark; by its key where the file has no name for it."""
    dutch, english = (
        "; ".join(part for part in (cost[language] or cost["key"], remark) if part)
        for language, remark in (("nl", nl), ("en", en))
    )
    return bilingual(dutch, english)


def _unknown_total(costs: Costs) -> TidyRow:
    """Make the row of a total of no cost: not known, which is not zero."""
    return amount_row("costs", np.nan, {}, costs.currency)


def _statistic(cost: Mapping[Hashable, Any], currency: str) -> str:
    """Return the statistic of a cost, from its unit."""
    return {currency: SUM, FTE: SUM, "percent": SHARE}.get(str(cost["unit"]), COUNT)


def _unit(cost: Mapping[Hashable, Any]) -> str:
    """Return the unit of measure of a cost."""
    return f"{cost['unit']} a year" if cost["per"] == "year" else str(cost["unit"])

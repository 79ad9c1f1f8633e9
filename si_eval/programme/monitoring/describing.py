"""The store as tidy rows: one number a cell, with how else it is told; shares; figures per project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from si_eval.programme.monitoring.store import MISSING, TOTAL, KpiStore
from si_eval.results import ResultTable
from si_eval.vocabulary import (
    ALL,
    BOTH_LANGUAGES,
    CATEGORY,
    COUNT,
    ESTIMATE,
    EXHIBIT,
    GROUP,
    INDICATOR,
    MEAN,
    N_UNITS,
    NOTE,
    NUMBERS,
    RULE_SET,
    SECTOR,
    SHARE,
    SIZE_CLASS,
    STATISTIC,
    SUM,
    TIDY,
    UNIT_OF_MEASURE,
    YEAR,
    Language,
    label,
)

RULES = "as_published"
MONEY = ("EUR", "euro", "USD", "GBP")
LANGUAGES: tuple[Language, ...] = ("nl", "en")
CANNOT_SHOW = "A monitor counts what happened around the programme, not what the programme brought about."
UNCOUNTED = "de bron zegt niet over hoeveel projecten dit gaat | the source does not say how many projects it covers"


def describe_kpis(
    store: KpiStore,
    *,
    indicators: Sequence[str],
    sources: Sequence[str] | None = None,
    years: Sequence[int] | None = None,
    table: str | None = None,
) -> ResultTable:
    """Give indicators as published: one row an indicator, category, period and definition.

    Where a cell is told more than once the row takes the table before the text and the plain before the hedged number,
    and its note says how else it is told. An indicator whose definition breaks has its definition as category, so that
    no line joins the two sides; a period other than a year stands in the category too.
    """
    rows = [_row(store, cell) for cell in cells(store.select(indicators, sources=sources, years=years, table=table))]
    return result(rows, "describe_kpis", CANNOT_SHOW)


def kpi_shares(
    store: KpiStore,
    *,
    indicators: Sequence[str],
    sources: Sequence[str] | None = None,
    years: Sequence[int] | None = None,
    table: str | None = None,
) -> ResultTable:
    """Give the share of every category in the total that the source states for the same year and indicator."""
    chosen = [preferred(cell) for cell in cells(store.select(indicators, sources=sources, years=years, table=table))]
    totals = {_sheet(row): row for row in chosen if row["category"] == TOTAL}
    rows = []
    for row in chosen:
        if row["category"] == TOTAL:
            continue
        total = totals.get(_sheet(row))
        reason = _why_no_share(row, total)
        value = np.nan if reason or total is None else float(row["value"]) / float(total["value"])
        note = reason or _of_total(row, total)
        rows.append(tidy_row(store, row, statistic=SHARE, estimate=value, unit=SHARE, note=note))
    return result(rows, "kpi_shares", f"{CANNOT_SHOW} Shares are of the total that the source states.")


def kpi_per_project(
    store: KpiStore,
    *,
    indicators: Sequence[str],
    sources: Sequence[str] | None = None,
    years: Sequence[int] | None = None,
    table: str | None = None,
    project: str = "project",
) -> ResultTable:
    """Divide an indicator by the number of projects that it covers; empty, with the reason, where that is unknown.

    ``project`` is the programme's own word for one of its projects, as units and notes are to say it.
    """
    rows = []
    for cell in cells(store.select(indicators, sources=sources, years=years, table=table)):
        row = preferred(cell)
        number = row["n_projects"]
        reason = "" if pd.notna(number) else UNCOUNTED
        reason = _not_printed(row) or reason
        value = np.nan if reason else float(row["value"]) / float(number)
        counted = f"{row['value']:g} over {number:g} {project}s"
        note = reason or both(counted, counted)
        unit = f"{row['unit']} per {project}"
        rows.append(tidy_row(store, row, statistic=MEAN, estimate=value, unit=unit, note=note))
    return result(rows, "kpi_per_project", f"{CANNOT_SHOW} A mean over projects hides how unequal they are.")


def both(nl: str, en: str) -> str:
    """Give a note in both languages, as the report reads it."""
    return f"{nl}{BOTH_LANGUAGES}{en}"


def cells(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Give the tellings of each cell: indicator, category, year, period and unit."""
    keys = ["indicator", "category", "year", "period", "unit"]
    return [cell for _, cell in frame.groupby(keys, sort=False, dropna=False)]


def preferred(cell: pd.DataFrame) -> pd.Series:
    """Give the telling to use: printed before missing, table before text, plain before hedged, then as in the file."""
    if len(cell) == 1:
        return cell.iloc[0]
    rank = (
        4 * cell["value"].isna().astype(int)
        + 2 * ~cell["table"].str.contains(r"\btable\b", case=False).astype(bool)
        + ~cell["precision"].isin(["exact", ""]).astype(bool)
    )
    return cell.loc[rank.idxmin()]


def tidy_row(
    store: KpiStore, row: pd.Series, *, statistic: str, estimate: float, unit: str, note: str
) -> dict[str, Any]:
    """Make one tidy row of a telling and what was computed from it."""
    category = ALL if row["category"] == TOTAL else row["category"]
    if store.broken(row["indicator"]) and row["definition"]:
        category = row["definition"] if category == ALL else f"{category}, {row['definition']}"
    if str(row.get("period", ""))[:1].isdigit():
        category = row["period"] if category == ALL else f"{category}, {row['period']}"
    return {
        INDICATOR: row["indicator"],
        STATISTIC: statistic,
        YEAR: row["year"],
        CATEGORY: category,
        ESTIMATE: estimate,
        N_UNITS: row["n_projects"],
        UNIT_OF_MEASURE: unit,
        NOTE: note,
    }


def statistic_of(row: pd.Series) -> str:
    """Give the statistic of a telling, from its unit and the name of its indicator."""
    if row["unit"] == SHARE:
        return SHARE
    if MEAN in str(row["indicator"]).split("_"):
        return MEAN
    return SUM if any(word in str(row["unit"]).split() for word in MONEY) else COUNT


def result(rows: Sequence[dict[str, Any]], function: str, cannot_show: str) -> ResultTable:
    """Make the public result of tidy rows."""
    frame = pd.DataFrame(list(rows), columns=[*rows[0]] if rows else [INDICATOR, ESTIMATE])
    frame = frame.assign(**{GROUP: ALL, SIZE_CLASS: ALL, SECTOR: ALL, RULE_SET: RULES, EXHIBIT: ""})
    frame = frame.reindex(columns=list(TIDY))
    frame[YEAR] = frame[YEAR].astype("Int64")
    frame[list(NUMBERS)] = frame[list(NUMBERS)].astype("float64")
    return ResultTable(
        frame=frame.reset_index(drop=True),
        function=function,
        evidence="goal_attainment",
        cannot_show=cannot_show,
        rules=RULES,
        public=True,
    )


def _row(store: KpiStore, cell: pd.DataFrame) -> dict[str, Any]:
    """Make the row of one cell as published, with what has to be known to read it."""
    row = preferred(cell)
    nl, en = (_reading(store, cell, row, language) for language in LANGUAGES)
    return tidy_row(
        store,
        row,
        statistic=statistic_of(row),
        estimate=float(row["value"]),
        unit=row["unit"],
        note=both(nl, en) if en else "",
    )


def _reading(store: KpiStore, cell: pd.DataFrame, row: pd.Series, language: Language) -> str:
    """Say what has to be known to read a telling, and how else its cell is told."""
    others = cell[(cell["value"] != row["value"]) & cell["value"].notna()] if len(cell) > 1 else cell[:0]
    also = {"nl": "ook vermeld als", "en": "also told as"}[language]
    period = {"nl": "periode", "en": "period"}[language]
    broken = store.broken(str(row["indicator"]))
    parts = [
        label(_not_printed(row), language),
        label(row["precision"], language) if row["precision"] not in ("exact", "", *MISSING) else "",
        f"{period} {row['period']}" if row["period"] else "",
        store.definitions.get(row["definition"], {}).get(language, "") if broken else "",
        *(f"{also} {o['value']:g} ({o['source']}, {o['table']})" for _, o in others.iterrows()),
    ]
    return "; ".join(filter(None, parts))


def _not_printed(row: pd.Series) -> str:
    if pd.notna(row["value"]):
        return ""
    return both(f"de bron geeft geen waarde ({row['precision']})", f"the source gives no value ({row['precision']})")


def _of_total(row: pd.Series, total: pd.Series | None) -> str:
    if total is None:
        return ""
    nl, en = (
        f"{row['value']:g} {of} {total['value']:g} {label(row['unit'], language)}"
        for of, language in (("van", LANGUAGES[0]), ("of", LANGUAGES[1]))
    )
    return both(nl, en)


def _sheet(row: pd.Series) -> tuple[Any, ...]:
    return (row["indicator"], str(row["year"]), row["period"], row["unit"])


def _why_no_share(row: pd.Series, total: pd.Series | None) -> str:
    """Say why a share cannot be computed."""
    if total is None or pd.isna(total["value"]) or not total["value"]:
        return both("de bron noemt geen totaal voor dit jaar", "the source states no total for this year")
    if row["unit"] == SHARE:
        return both("de indicator is al een aandeel", "the indicator is a share already")
    return _not_printed(row)

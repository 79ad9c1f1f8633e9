"""Growth between years, and comparable subsets: never across a break in the definition."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from si_eval.programme.monitoring.describing import (
    CANNOT_SHOW,
    LANGUAGES,
    both,
    cells,
    preferred,
    result,
    statistic_of,
    tidy_row,
)
from si_eval.programme.monitoring.store import KpiStore
from si_eval.results import ResultTable
from si_eval.vocabulary import CHANGE, GROWTH, SHARE

OUTSIDE = "verandering van het geheel min die van de deelgroep | change of the whole minus the subset"
INCOMPARABLE = (
    "niet vergelijkbaar, of in een van de jaren niet gegeven | not comparable, or not given in one of the years"
)


def kpi_growth(
    store: KpiStore,
    *,
    indicators: Sequence[str],
    sources: Sequence[str] | None = None,
    years: Sequence[int] | None = None,
    table: str | None = None,
) -> ResultTable:
    """Give the change and the relative growth from each year to the next that the source has.

    Across a break in the definition the estimate is empty and the note gives the reason.
    """
    rows: list[dict[str, Any]] = []
    for series in _series(store.select(indicators, sources=sources, years=years, table=table)):
        for before, after in pairwise(series):
            rows += _steps(store, before, after)
    return result(rows, "kpi_growth", f"{CANNOT_SHOW} Growth may come from more projects rather than larger ones.")


def kpi_subset(
    store: KpiStore,
    *,
    indicator: str,
    whole: str,
    years: Sequence[int],
    sources: Sequence[str] | None = None,
) -> ResultTable:
    """Compare a comparable subset, such as the projects that there were in both years, with the whole.

    Gives the levels of the subset, its change, the change of the whole, and the part of that change that comes from
    outside the subset (``whole`` minus subset), for the first and last of ``years``.
    """
    first, last = min(years), max(years)
    spell = both(f"van {first} tot {last}", f"from {first} to {last}")
    subset = {row["category"]: row for row in _last_rows(store, indicator, last, sources)}
    rows: list[dict[str, Any]] = []
    for category, after in subset.items():
        before = _find(store, indicator, category, first, sources)
        ends = [_find(store, whole, category, year, sources) for year in (first, last)]
        rows += [_level(store, row) for row in (before, after) if row is not None]
        inside = _difference(store, before, after)
        outside = _difference(store, *ends)
        rows.append(_changed(store, after, inside, indicator, spell))
        end = after if ends[1] is None else ends[1]
        rows.append(_changed(store, end, outside, whole, spell))
        rows.append(_changed(store, after, outside - inside, f"{whole}_outside_subset", OUTSIDE))
    return result(
        rows, "kpi_subset", f"{CANNOT_SHOW} The subset leaves out what is new, and what has ended is still in."
    )


def _series(frame: pd.DataFrame) -> list[list[pd.Series]]:
    """Give, by indicator, category and unit, one row a year in order; rows for a longer period are left out."""
    frame = frame[frame["year"].notna() & (frame["period"] == "")]
    chosen = pd.DataFrame([preferred(cell) for cell in cells(frame)])
    if chosen.empty:
        return []
    return [
        [row for _, row in group.sort_values("year").iterrows()]
        for _, group in chosen.groupby(["indicator", "category", "unit"], sort=False)
    ]


def _steps(store: KpiStore, before: pd.Series, after: pd.Series) -> list[dict[str, Any]]:
    """Give the change and the growth of one step, or the reason why there is none."""
    first, last = int(before["year"]), int(after["year"])
    reason = _why_not(store, before, after)
    old, new = float(before["value"]), float(after["value"])
    told = both(f"van {old:g} in {first} naar {new:g} in {last}", f"from {old:g} in {first} to {new:g} in {last}")
    note = reason or told
    change = np.nan if reason else new - old
    growth = np.nan if reason or not old else change / old
    empty = note if reason or old else both("de eerdere waarde is nul", "the earlier value is zero")
    unit = after["unit"]
    return [
        tidy_row(store, after, statistic=CHANGE, estimate=change, unit=unit, note=note),
        tidy_row(store, after, statistic=GROWTH, estimate=growth, unit=SHARE, note=empty),
    ]


def _why_not(store: KpiStore, before: pd.Series, after: pd.Series) -> str:
    """Say in both languages why two years cannot be compared; nothing where they can."""
    years = int(before["year"]), int(after["year"])
    nl, en = (store.break_between(after["indicator"], *years, language) for language in LANGUAGES)
    differ = before["definition"] and after["definition"] and before["definition"] != after["definition"]
    if en or differ:
        nl, en = (nl, en) if en else ("de definities verschillen", "the definitions differ")
        return both(f"niet vergelijkbaar: {nl}", f"not comparable: {en}")
    if pd.isna(before["value"]) or pd.isna(after["value"]):
        return both("de bron geeft in een van de jaren geen waarde", "the source gives no value in one of the years")
    return ""


def _find(store: KpiStore, indicator: str, category: str, year: int, sources: Sequence[str] | None) -> pd.Series | None:
    frame = store.select([indicator], sources=sources)
    frame = frame[(frame["category"] == category) & (frame["year"] == year) & (frame["period"] == "")]
    return None if frame.empty else preferred(frame)


def _last_rows(store: KpiStore, indicator: str, year: int, sources: Sequence[str] | None) -> list[pd.Series]:
    return [preferred(cell) for cell in cells(store.select([indicator], sources=sources, years=[year]))]


def _difference(store: KpiStore, before: pd.Series | None, after: pd.Series | None) -> float:
    if before is None or after is None:
        return np.nan
    if store.break_between(after["indicator"], int(before["year"]), int(after["year"])):
        return np.nan
    return float(after["value"]) - float(before["value"])


def _level(store: KpiStore, row: pd.Series) -> dict[str, Any]:
    value = float(row["value"])
    return tidy_row(store, row, statistic=statistic_of(row), estimate=value, unit=row["unit"], note="")


def _changed(store: KpiStore, row: pd.Series, change: float, indicator: str, note: str) -> dict[str, Any]:
    note = note if pd.notna(change) else INCOMPARABLE
    made = tidy_row(store, row, statistic=CHANGE, estimate=change, unit=row["unit"], note=note)
    return {**made, "indicator": indicator}

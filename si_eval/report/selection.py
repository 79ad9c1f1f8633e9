"""Which rows a figure or a table shows, and in what order."""

from __future__ import annotations

import re
from math import inf

import pandas as pd

from si_eval.errors import StudyError
from si_eval.registry import indicators
from si_eval.report.specification import DIMENSIONS, Chart
from si_eval.vocabulary import (
    ALL,
    ATT,
    CATEGORY,
    COUNT,
    DIFFERENCE,
    GROUP,
    GROUPS,
    INDEX,
    INDICATOR,
    MEAN,
    NON_PARTICIPANTS,
    PARTICIPANTS,
    RATIO,
    SECTOR,
    SHARE,
    SMD,
    STATISTIC,
    YEAR,
)

NATURAL_STATISTIC = {
    "index": INDEX,
    "shares": SHARE,
    "likert": SHARE,
    "bars": MEAN,
    "lines": MEAN,
    "direction": MEAN,
    "love": SMD,
    "event_study": ATT,
}
CLASS_PATTERN = re.compile(r"^(\d+)(?:\s*-\s*(\d+)|\s*(\+))?$")


def ordered_values(rows: pd.DataFrame, dimension: str) -> list[str]:
    """List the values of a dimension in reading order, ``all`` last."""
    found = list(dict.fromkeys(rows[dimension]))
    if dimension == GROUP:
        return sorted(found, key=lambda value: GROUPS.index(value) if value in GROUPS else len(GROUPS))
    if dimension == INDICATOR:
        known = list(indicators())
        return sorted(found, key=lambda value: known.index(value) if value in known else len(known))
    if dimension == STATISTIC:
        return found
    classes = all(CLASS_PATTERN.match(value) or value == ALL for value in found)
    if dimension in (YEAR, SECTOR) or classes:
        return sorted(found, key=_class_order)
    return [value for value in found if value != ALL] + [value for value in found if value == ALL]


def select(rows: pd.DataFrame, chart: Chart) -> pd.DataFrame:
    """Keep the rows that a figure shows: one statistic, one number in each place.

    A dimension on no channel is read at its ``all`` rows, the year of an index at its last one. Raises StudyError where
    that leaves a choice to the reader.
    """
    if chart.kind in ("table", "checks", "words", "layers"):
        return tabulate(rows, chart, intervals=chart.intervals)
    kept = _matching(rows, chart)
    if chart.kind == "profile":
        return kept
    kept = _one_statistic(kept, chart)
    if chart.kind == "event_study":
        kept = _by_years_since_entry(kept)
    if GROUP in chart.channels:
        split = kept[~kept[GROUP].isin([DIFFERENCE, RATIO])]
        kept = split if len(split) else kept
    wanted = {name: ordered_values(kept, name) for name in chart.channels}
    for dimension in DIMENSIONS:
        values = ordered_values(kept, dimension)
        if dimension in chart.channels or len(values) < 2:
            continue
        if ALL in values:
            kept = kept[kept[dimension] == ALL]
        elif dimension == YEAR and set(kept[STATISTIC]) == {INDEX}:
            kept = kept[kept[YEAR] == values[-1]]
        else:
            raise StudyError(
                f"Chart: found {len(values)} values of {dimension} ({', '.join(values[:6])}); expected one, because "
                f"{dimension} is on no channel; give it as x, series or panels, or choose with "
                f"where={{{dimension!r}: …}}"
            )
    _check_complete(kept, wanted)
    check_unique(kept, chart.channels)
    return kept


def tabulate(rows: pd.DataFrame, chart: Chart | None, *, intervals: bool) -> pd.DataFrame:
    """Keep the rows that a table shows: the chart's statistic, and groups; their difference only with its interval."""
    kept = rows if chart is None else _matching(rows, chart)
    wanted = (chart.statistic or NATURAL_STATISTIC.get(chart.kind)) if chart is not None else None
    if wanted in ordered_values(kept, STATISTIC):
        kept = kept[kept[STATISTIC] == wanted]
    elif chart is not None and chart.kind == "profile":
        kept = kept[kept[STATISTIC] != COUNT]
    if not intervals and {PARTICIPANTS, NON_PARTICIPANTS} <= set(kept[GROUP]):
        kept = kept[~kept[GROUP].isin([DIFFERENCE, RATIO])]
    return kept


def check_unique(rows: pd.DataFrame, dimensions: tuple[str, ...]) -> None:
    """Raise `StudyError` where there is no row, or where two rows share a place."""
    if rows.empty:
        raise StudyError("report: found a table without rows; expected at least one; check the selection")
    double = rows[rows.duplicated(list(dimensions), keep=False)]
    if len(double):
        example = ", ".join(f"{name} {double.iloc[0][name]}" for name in dimensions)
        raise StudyError(
            f"report: found {len(double)} rows that share a place ({example}); expected one number in each place"
        )


def _one_statistic(rows: pd.DataFrame, chart: Chart) -> pd.DataFrame:
    found = ordered_values(rows, STATISTIC)
    wanted = chart.statistic or NATURAL_STATISTIC.get(chart.kind)
    if wanted in found:
        return rows[rows[STATISTIC] == wanted]
    others = [name for name in found if name != COUNT] or found
    if chart.statistic is None and len(others) == 1:
        return rows[rows[STATISTIC] == others[0]]
    raise StudyError(f"Chart: found statistics {', '.join(found)}; expected {wanted}; choose one with statistic=…")


def _by_years_since_entry(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the estimates by years since entry; raise StudyError where there are none."""
    kept = rows[rows[CATEGORY].str.fullmatch(r"[+-]?\d+") & (rows[YEAR] == ALL)]
    if kept.empty:
        raise StudyError(
            'Chart: found no estimates by years since entry; expected those of estimate_effect(…, design="staggered") '
            "where years of entry are known; choose another kind"
        )
    return kept


def _matching(rows: pd.DataFrame, chart: Chart) -> pd.DataFrame:
    for dimension, value in chart.where.items():
        rows = _filter(rows, dimension, str(value))
    return rows


def _filter(rows: pd.DataFrame, dimension: str, value: str) -> pd.DataFrame:
    kept = rows[rows[dimension] == value]
    if kept.empty:
        found = ", ".join(ordered_values(rows, dimension)[:12])
        raise StudyError(f"Chart: found no {dimension} {value!r} in the table; expected one of {found}")
    return kept


def _check_complete(kept: pd.DataFrame, wanted: dict[str, list[str]]) -> None:
    """Refuse a figure that would leave out a series, or a place on its axis, that has rows for classes alone."""
    for dimension, values in wanted.items():
        lost = [value for value in values if value not in set(kept[dimension].astype(str))]
        if lost:
            raise StudyError(
                f"Chart: found no total for {dimension} {', '.join(lost[:6])}, which has rows for classes alone; "
                f"expected every {dimension} in the figure; give the other dimension as series, or choose with "
                f"where={{{dimension!r}: …}}"
            )


def _class_order(value: str) -> tuple[bool, float, float, str]:
    match = CLASS_PATTERN.match(value)
    if not match:
        return value == ALL, inf, inf, value
    low = float(match[1])
    return False, low, inf if match[3] else float(match[2] or low), value

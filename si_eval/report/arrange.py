"""Which rows go where: the order of classes, the rows a figure needs, and the grid of a table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import inf
from typing import Any

import pandas as pd

from si_eval.errors import StudyError
from si_eval.registry import indicators
from si_eval.vocabulary import (
    ALL,
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
    SIZE_CLASS,
    STATISTIC,
    YEAR,
)

from .specification import DIMENSIONS, Chart

MAX_COLUMNS = 6
MAX_YEARS = 8
NATURAL_STATISTIC = {"index": INDEX, "shares": SHARE, "bars": MEAN, "lines": MEAN, "direction": MEAN}
CLASS_PATTERN = re.compile(r"^(\d+)(?:\s*-\s*(\d+)|\s*(\+))?$")
Key = tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table's layout: the dimensions down and across, their keys in order, and the row in each cell."""

    row_dimensions: tuple[str, ...]
    column_dimensions: tuple[str, ...]
    row_keys: tuple[Key, ...]
    column_keys: tuple[Key, ...]
    cells: dict[tuple[Key, Key], dict[str, Any]]


def levels(rows: pd.DataFrame, dimension: str) -> list[str]:
    """Give the values of a dimension in reading order, ``all`` last."""
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
    if chart.kind in ("table", "words", "layers"):
        return tabulate(rows, chart, intervals=chart.intervals)
    kept = _chosen(rows, chart)
    if chart.kind == "profile":
        return kept
    kept = _one_statistic(kept, chart)
    if GROUP in chart.channels:
        level = kept[~kept[GROUP].isin([DIFFERENCE, RATIO])]
        kept = level if len(level) else kept
    wanted = {name: levels(kept, name) for name in chart.channels}
    for dimension in DIMENSIONS:
        values = levels(kept, dimension)
        if dimension in chart.channels or len(values) < 2:
            continue
        if ALL in values:
            kept = kept[kept[dimension] == ALL]
        elif dimension == YEAR and chart.kind == "index":
            kept = kept[kept[YEAR] == values[-1]]
        else:
            raise StudyError(
                f"Chart: found {len(values)} values of {dimension} ({', '.join(values[:6])}); expected one, because "
                f"{dimension} is on no channel; give it as x, series or panels, or choose with "
                f"where={{{dimension!r}: …}}"
            )
    _nothing_lost(kept, wanted)
    _one_number_a_place(kept, chart.channels)
    return kept


def tabulate(rows: pd.DataFrame, chart: Chart | None, *, intervals: bool) -> pd.DataFrame:
    """Keep the rows that a table shows: the chart's statistic, both groups, their contrast only with its interval."""
    kept = rows if chart is None else _chosen(rows, chart)
    wanted = (chart.statistic or NATURAL_STATISTIC.get(chart.kind)) if chart is not None else None
    if wanted in levels(kept, STATISTIC):
        kept = kept[kept[STATISTIC] == wanted]
    elif chart is not None and chart.kind == "profile":
        kept = kept[kept[STATISTIC] != COUNT]
    if not intervals and {PARTICIPANTS, NON_PARTICIPANTS} <= set(kept[GROUP]):
        kept = kept[~kept[GROUP].isin([DIFFERENCE, RATIO])]
    return kept


def grid(rows: pd.DataFrame, *, columns: tuple[str, ...] | None = None) -> Grid:
    """Lay rows out as a table: indicator, sector or class down, group and year across while that stays narrow."""
    order = {dimension: levels(rows, dimension) for dimension in DIMENSIONS}
    varying = [dimension for dimension in DIMENSIONS if len(order[dimension]) > 1]
    if not rows.empty and bool((rows.groupby(INDICATOR)[STATISTIC].nunique() == 1).all()) and INDICATOR in varying:
        varying = [dimension for dimension in varying if dimension != STATISTIC]  # the indicator says it already
    across = _across(order, varying) if columns is None else columns
    down_order = (INDICATOR, SECTOR, CATEGORY, SIZE_CLASS, YEAR, STATISTIC, GROUP)
    down = tuple(name for name in down_order if name in varying and name not in across)
    down = down or ((INDICATOR,) if INDICATOR not in across else (GROUP,))
    _one_number_a_place(rows, (*down, *across))
    records = rows.to_dict("records")
    cells = {(_key(row, down), _key(row, across)): row for row in records}
    return Grid(
        row_dimensions=down,
        column_dimensions=across,
        row_keys=_sorted_keys({row for row, _ in cells}, down, order),
        column_keys=_sorted_keys({column for _, column in cells}, across, order),
        cells=cells,
    )


def _across(order: dict[str, list[str]], varying: list[str]) -> tuple[str, ...]:
    across = [GROUP] if GROUP in varying else []
    others = [name for name in varying if name not in (GROUP, YEAR)]
    if YEAR in varying and others:
        width = len(order[YEAR]) * (len(order[GROUP]) if across else 1)
        if width <= MAX_COLUMNS:
            across.append(YEAR)
        elif len(order[YEAR]) <= MAX_YEARS:
            across = [YEAR]
    width = 1
    for name in across:
        width *= len(order[name])
    for name in (STATISTIC, INDICATOR):
        roomy = width * len(order[name]) <= MAX_COLUMNS
        if name in varying and roomy and len(varying) > len(across) + 1 and (name == STATISTIC or not across):
            across.append(name)
            width *= len(order[name])
    return tuple(across)


def _one_statistic(rows: pd.DataFrame, chart: Chart) -> pd.DataFrame:
    found = levels(rows, STATISTIC)
    wanted = chart.statistic or NATURAL_STATISTIC.get(chart.kind)
    if wanted in found:
        return rows[rows[STATISTIC] == wanted]
    others = [name for name in found if name != COUNT] or found
    if chart.statistic is None and len(others) == 1:
        return rows[rows[STATISTIC] == others[0]]
    raise StudyError(f"Chart: found statistics {', '.join(found)}; expected {wanted}; choose one with statistic=…")


def _chosen(rows: pd.DataFrame, chart: Chart) -> pd.DataFrame:
    for dimension, value in chart.where.items():
        rows = _keep(rows, dimension, str(value))
    return rows


def _keep(rows: pd.DataFrame, dimension: str, value: str) -> pd.DataFrame:
    kept = rows[rows[dimension] == value]
    if kept.empty:
        found = ", ".join(levels(rows, dimension)[:12])
        raise StudyError(f"Chart: found no {dimension} {value!r} in the table; expected one of {found}")
    return kept


def _nothing_lost(kept: pd.DataFrame, wanted: dict[str, list[str]]) -> None:
    """Refuse a figure that would leave out a series, or a place on its axis, that has rows for classes alone."""
    for dimension, values in wanted.items():
        lost = [value for value in values if value not in set(kept[dimension].astype(str))]
        if lost:
            raise StudyError(
                f"Chart: found no total for {dimension} {', '.join(lost[:6])}, which has rows for classes alone; "
                f"expected every {dimension} in the figure; give the other dimension as series, or choose with "
                f"where={{{dimension!r}: …}}"
            )


def _one_number_a_place(rows: pd.DataFrame, dimensions: tuple[str, ...]) -> None:
    if rows.empty:
        raise StudyError("report: found a table without rows; expected at least one; check the selection")
    double = rows[rows.duplicated(list(dimensions), keep=False)]
    if len(double):
        example = ", ".join(f"{name} {double.iloc[0][name]}" for name in dimensions)
        raise StudyError(
            f"report: found {len(double)} rows that share a place ({example}); expected one number in each place"
        )


def _key(row: dict[str, Any], dimensions: tuple[str, ...]) -> Key:
    return tuple(str(row[name]) for name in dimensions)


def _sorted_keys(keys: set[Key], dimensions: tuple[str, ...], order: dict[str, list[str]]) -> tuple[Key, ...]:
    places = [{value: place for place, value in enumerate(order[name])} for name in dimensions]
    return tuple(sorted(keys, key=lambda key: [place[value] for place, value in zip(places, key, strict=True)]))


def _class_order(value: str) -> tuple[bool, float, float, str]:
    match = CLASS_PATTERN.match(value)
    if not match:
        return value == ALL, inf, inf, value
    low = float(match[1])
    return False, low, inf if match[3] else float(match[2] or low), value

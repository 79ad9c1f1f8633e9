"""The layout of a table: which dimensions run down and across, and the row in each cell."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from si_eval.report.selection import check_unique, ordered_values
from si_eval.report.specification import DIMENSIONS
from si_eval.vocabulary import CATEGORY, GROUP, INDICATOR, SECTOR, SIZE_CLASS, STATISTIC, YEAR

MAX_COLUMNS = 6
MAX_YEARS = 8
Key = tuple[str, ...]
Row = Mapping[Hashable, Any]


@dataclass(frozen=True)
class TableGrid:
    """A table's layout: the dimensions down and across, their keys in order, and the row in each cell."""

    row_dimensions: tuple[str, ...]
    column_dimensions: tuple[str, ...]
    row_keys: tuple[Key, ...]
    column_keys: tuple[Key, ...]
    cells: dict[tuple[Key, Key], Row]


def lay_out(rows: pd.DataFrame, *, columns: tuple[str, ...] | None = None) -> TableGrid:
    """Lay rows out as a table: indicator, sector or class down, group and year across while that stays narrow."""
    order = {dimension: ordered_values(rows, dimension) for dimension in DIMENSIONS}
    varying = [dimension for dimension in DIMENSIONS if len(order[dimension]) > 1]
    if not rows.empty and bool((rows.groupby(INDICATOR)[STATISTIC].nunique() == 1).all()) and INDICATOR in varying:
        varying = [dimension for dimension in varying if dimension != STATISTIC]  # the indicator says it already
    across = _across(order, varying) if columns is None else columns
    down_order = (INDICATOR, SECTOR, CATEGORY, SIZE_CLASS, YEAR, STATISTIC, GROUP)
    down = tuple(name for name in down_order if name in varying and name not in across)
    down = down or ((INDICATOR,) if INDICATOR not in across else (GROUP,))
    check_unique(rows, (*down, *across))
    records: list[Row] = [dict(row) for row in rows.to_dict("records")]
    cells = {(_key(row, down), _key(row, across)): row for row in records}
    return TableGrid(
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


def _key(row: Row, dimensions: tuple[str, ...]) -> Key:
    return tuple(str(row[name]) for name in dimensions)


def _sorted_keys(keys: set[Key], dimensions: tuple[str, ...], order: dict[str, list[str]]) -> tuple[Key, ...]:
    places = [{value: place for place, value in enumerate(order[name])} for name in dimensions]
    return tuple(sorted(keys, key=lambda key: [place[value] for place, value in zip(places, key, strict=True)]))

"""Compares the values of a parquet file with what its footer says of them: the damage that no reader notices."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import pyarrow.parquet as pq

if TYPE_CHECKING:
    import ibis.expr.types as ir

EPOCH = datetime.date(1970, 1, 1)
LOWEST, HIGHEST, PRESENT = ":lowest value", ":highest value", ":values"  # no mark of a row has these names


class _Bounds(NamedTuple):
    """What a footer says of a column: no value lies outside, and so many are missing."""

    lowest: Any
    highest: Any
    missing: int


def ends_of(raw: Mapping[str, ir.Value]) -> dict[str, ir.Value]:
    """Return what has to be computed of the stored columns, by name, to compare a file with its footer."""
    found: dict[str, ir.Value] = {}
    for name, column in raw.items():
        kind = column.type()
        value = column.epoch_days() if kind.is_date() else column
        found[f"{name}{PRESENT}"] = column.count()
        if kind.is_integer() or kind.is_date():  # as texts: a frame rounds large numbers beside gaps
            found[f"{name}{LOWEST}"], found[f"{name}{HIGHEST}"] = value.min().cast("string"), value.max().cast("string")
        elif kind.is_floating() or kind.is_string():
            found[f"{name}{LOWEST}"], found[f"{name}{HIGHEST}"] = value.min(), value.max()
    return found


def contradictions(path: Path, names: Mapping[str, str], rows: pd.DataFrame, count: int) -> list[str]:
    """List the columns of a file whose values its footer excludes.

    ``names`` maps names to those in the file, ``rows`` has what `ends_of` gave for parts of the file's ``count`` rows.
    """
    bounds = _stored_bounds(path)
    found = []
    for name, stored in names.items():
        if stored not in bounds:
            continue
        missing = count - int(rows[f"{name}{PRESENT}"].sum())
        excluded = missing != bounds[stored].missing
        if bounds[stored].lowest is not None and f"{name}{LOWEST}" in rows:
            kind = type(bounds[stored].lowest)
            ends = [[kind(end) for end in rows[f"{name}{side}"].dropna()] for side in (LOWEST, HIGHEST)]
            excluded |= any(end < bounds[stored].lowest for end in ends[0])
            excluded |= any(end > bounds[stored].highest for end in ends[1])
        if excluded:
            found.append(stored)
    return found


def _stored_bounds(path: Path) -> dict[str, _Bounds]:
    """Read from the footer between which values each plain column lies, and how many are missing, where it says so."""
    footer = pq.read_metadata(path)
    bounds: dict[str, _Bounds] = {}
    for place in range(footer.num_columns if footer.num_row_groups else 0):
        chunks = [footer.row_group(group).column(place) for group in range(footer.num_row_groups)]
        said = [chunk.statistics for chunk in chunks]
        name = chunks[0].path_in_schema
        if all(one is not None and one.has_null_count for one in said) and "." not in name:
            bounds[name] = _Bounds(*_limits(said), sum(one.null_count for one in said))
    return bounds


def _limits(said: list[Any]) -> tuple[Any, Any]:
    """Return the lowest and the highest value of all groups of rows; nothing where a footer does not say."""
    try:
        limits = [(one.min, one.max) for one in said if one.has_min_max]
    except (OverflowError, ValueError):  # a day that no calendar has
        return None, None
    if not limits or any(not one.has_min_max and one.num_values for one in said):
        return None, None
    lowest, highest = min(low for low, _ in limits), max(high for _, high in limits)
    if isinstance(lowest, datetime.date) and not isinstance(lowest, datetime.datetime):
        return (lowest - EPOCH).days, (highest - EPOCH).days
    return (lowest, highest) if isinstance(lowest, int | float | str) else (None, None)

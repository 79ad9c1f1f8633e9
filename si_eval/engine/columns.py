"""The columns of units, gathered piece by piece; a column that few units have is kept as few values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from si_eval.stats import FloatArray

SCARCE = 0.1  # of the units of a piece; below it, places and values take less room than a column with gaps
CODE = np.int32
ROOM = 4_000_000  # rows that a column has room for at first: memory that is not used takes none


@dataclass(frozen=True)
class Few:
    """Values of the units at ``places``, in ascending order."""

    places: npt.NDArray[np.int64]
    values: npt.NDArray[Any]


Column = npt.NDArray[Any] | Few


class Key(NamedTuple):
    """The labels of a key, and the place in them of each unit's label, shape (rows,)."""

    labels: pa.Array
    codes: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Gathered:
    """Columns of ``rows`` units, as arrays (gaps are NaN) or as few values."""

    rows: int
    columns: Mapping[str, Column]

    def floats(self, name: str) -> FloatArray:
        """Give a column of floats, shape (rows,); missing where there is a gap."""
        column = self.columns[name]
        if not isinstance(column, Few):
            return column
        floats = np.full(self.rows, np.nan)
        floats[column.places] = column.values
        return floats

    def few(self, name: str) -> Few:
        """Give a column of whole numbers, which are always few values."""
        column = self.columns[name]
        assert isinstance(column, Few)
        return column

    def truths(self, name: str) -> npt.NDArray[np.bool_] | None:
        """Give a column of truth values, shape (rows,); none where there is no such column."""
        column = self.columns.get(name)
        return None if isinstance(column, Few) else column


def gather(pieces: Iterable[pa.RecordBatch], keys: Sequence[str]) -> tuple[dict[str, Key], Gathered]:
    """Gather at least one piece: the keys of units, and their other columns.

    Keys and truth values have no gaps; other columns are floats or whole numbers. Nothing that is given refers to the
    pieces: that would keep the memory of all their columns.
    """
    labels: dict[str, dict[Any, int]] = {key: {} for key in keys}
    codes = {key: _Growing() for key in keys}
    columns: dict[str, _Growing] = {}
    kinds: dict[str, pa.DataType] = {}
    rows = 0
    for piece in pieces:
        for name in piece.schema.names:
            if name in labels:
                kinds[name] = piece[name].type
                codes[name].add(rows, _coded(piece[name], labels[name]))
            else:
                columns.setdefault(name, _Growing()).add(rows, piece[name])
        rows += len(piece)
    found = {key: Key(pa.array(list(labels[key]), kinds[key]), codes[key].full(rows)) for key in keys}
    return found, Gathered(rows, {name: column.column(rows) for name, column in columns.items()})


def _coded(column: pa.Array, labels: dict[Any, int]) -> pa.Array:
    """Give each label of a key its number, going on from those that are known already."""
    encoded = column.dictionary_encode()
    known = [labels.setdefault(label, len(labels)) for label in encoded.dictionary.to_pylist()]
    return pa.array(np.array(known, dtype=CODE)[encoded.indices.to_numpy()])


@dataclass
class _Growing:
    """A column that grows: few values for as long as they are few, or an array with room for more."""

    few: list[Few] = field(default_factory=list)
    array: npt.NDArray[Any] | None = None

    def add(self, start: int, column: pa.Array) -> None:
        """Add the values of the units from ``start`` on. Long whole numbers are always kept as few values."""
        known = len(column) - column.null_count
        scarce = pa.types.is_int64(column.type) or known < SCARCE * len(column)
        if self.array is None and scarce:
            places = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
            values = column.drop_null().to_numpy(zero_copy_only=False)
            self.few.append(Few(places + start, values.copy()))
            return
        self._room(start, start + len(column), column.type)[:] = column.to_numpy(zero_copy_only=False)

    def full(self, rows: int) -> npt.NDArray[Any]:
        """Give a column that has no gaps."""
        assert self.array is not None
        return self.array[:rows]

    def column(self, rows: int) -> Column:
        """Give what has been gathered of so many rows."""
        if self.array is not None:
            return self.array[:rows]
        return Few(
            np.concatenate([part.places for part in self.few]), np.concatenate([part.values for part in self.few])
        )

    def _room(self, start: int, stop: int, kind: pa.DataType) -> npt.NDArray[Any]:
        """Give the part of the array from ``start`` to ``stop``; make the array, or a larger one, where needed."""
        if self.array is None or stop > len(self.array):
            before = self.column(start) if self.array is not None or self.few else None
            self.array = np.empty(max(ROOM, 2 * stop), dtype=kind.to_pandas_dtype())
            if isinstance(before, Few):
                self.array[:start] = np.nan
                self.array[before.places] = before.values
            elif before is not None:
                self.array[:start] = before
        return self.array[start:stop]

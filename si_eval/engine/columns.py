"""The columns of units, collected batch by batch; a column that few units have is kept as a sparse one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from si_eval.stats import BoolArray, FloatArray, IntArray

MAX_SPARSE = 0.1  # share of the units of a batch; below it, rows and values take less memory than a column with gaps
MIN_CAPACITY = 4_000_000  # rows that a column has room for at first: memory that is not used takes none


@dataclass(frozen=True)
class SparseColumn:
    """The values of the units at ``rows``, in ascending order; all other units have none."""

    rows: IntArray
    values: npt.NDArray[Any]


Column = npt.NDArray[Any] | SparseColumn


class DictionaryColumn(NamedTuple):
    """A column as Arrow encodes it: its distinct labels, and the index of each unit's label, shape (num_rows,)."""

    dictionary: pa.Array
    indices: npt.NDArray[np.int32]


@dataclass(frozen=True)
class ColumnTable:
    """Columns of ``num_rows`` units, as arrays (gaps are NaN) or sparse."""

    num_rows: int
    columns: Mapping[str, Column]

    def floats(self, name: str) -> FloatArray:
        """Return a column of floats, shape (num_rows,); NaN where there is a gap."""
        column = self.columns[name]
        if not isinstance(column, SparseColumn):
            return column
        floats = np.full(self.num_rows, np.nan)
        floats[column.rows] = column.values
        return floats

    def sparse(self, name: str) -> SparseColumn:
        """Return a column of whole numbers, which is always sparse."""
        column = self.columns[name]
        assert isinstance(column, SparseColumn)
        return column

    def booleans(self, name: str) -> BoolArray | None:
        """Return a Boolean column, shape (num_rows,); None where there is no such column."""
        column = self.columns.get(name)
        return None if isinstance(column, SparseColumn) else column


def collect_columns(
    batches: Iterable[pa.RecordBatch], keys: Sequence[str]
) -> tuple[dict[str, DictionaryColumn], ColumnTable]:
    """Collect the columns of at least one batch: the keys of units, dictionary-encoded, and all other columns.

    Keys and Boolean columns have no gaps; other columns are floats or whole numbers. Nothing that is returned refers to
    the batches: that would keep the memory of all their columns.
    """
    labels: dict[str, dict[Any, int]] = {key: {} for key in keys}
    indices = {key: _ColumnBuilder() for key in keys}
    columns: dict[str, _ColumnBuilder] = {}
    types: dict[str, pa.DataType] = {}
    num_rows = 0
    for batch in batches:
        for name in batch.schema.names:
            if name in labels:
                types[name] = batch[name].type
                indices[name].append(num_rows, _encode(batch[name], labels[name]))
            else:
                columns.setdefault(name, _ColumnBuilder()).append(num_rows, batch[name])
        num_rows += len(batch)
    encoded = {
        key: DictionaryColumn(pa.array(list(labels[key]), types[key]), indices[key].array_of(num_rows)) for key in keys
    }
    return encoded, ColumnTable(num_rows, {name: column.finish(num_rows) for name, column in columns.items()})


def _encode(column: pa.Array, labels: dict[Any, int]) -> pa.Array:
    """Encode the labels of a key as numbers, going on from those that are known already."""
    encoded = column.dictionary_encode()
    known = [labels.setdefault(label, len(labels)) for label in encoded.dictionary.to_pylist()]
    return pa.array(np.array(known, dtype=np.int32)[encoded.indices.to_numpy()])


@dataclass
class _ColumnBuilder:
    """A column that grows: sparse for as long as few units have it, then an array with room for more."""

    parts: list[SparseColumn] = field(default_factory=list)
    array: npt.NDArray[Any] | None = None

    def append(self, start: int, column: pa.Array) -> None:
        """Append the values of the units from ``start`` on. Long whole numbers always stay sparse."""
        known = len(column) - column.null_count
        sparse = pa.types.is_int64(column.type) or known < MAX_SPARSE * len(column)
        if self.array is None and sparse:
            rows = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
            values = column.drop_null().to_numpy(zero_copy_only=False)
            self.parts.append(SparseColumn(rows + start, values.copy()))
            return
        self._reserve(start, start + len(column), column.type)[:] = column.to_numpy(zero_copy_only=False)

    def array_of(self, num_rows: int) -> npt.NDArray[Any]:
        """Return a column that has no gaps."""
        assert self.array is not None
        return self.array[:num_rows]

    def finish(self, num_rows: int) -> Column:
        """Return what was appended of so many rows."""
        if self.array is not None:
            return self.array[:num_rows]
        return SparseColumn(
            np.concatenate([part.rows for part in self.parts]), np.concatenate([part.values for part in self.parts])
        )

    def _reserve(self, start: int, stop: int, kind: pa.DataType) -> npt.NDArray[Any]:
        """Return the part of the array from ``start`` to ``stop``; make the array, or a larger one, where needed."""
        if self.array is None or stop > len(self.array):
            before = self.finish(start) if self.array is not None or self.parts else None
            self.array = np.empty(max(MIN_CAPACITY, 2 * stop), dtype=kind.to_pandas_dtype())
            if isinstance(before, SparseColumn):
                self.array[:start] = np.nan
                self.array[before.rows] = before.values
            elif before is not None:
                self.array[:start] = before
        return self.array[start:stop]

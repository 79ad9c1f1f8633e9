"""Joins to each unit what other tables say of it: rows looked up, and detail rows added up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from si_eval import engine
from si_eval.stats import FloatArray

if TYPE_CHECKING:
    import ibis.expr.types as ir

RowNumbers = npt.NDArray[np.int32]
Column = tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]  # values by row, and whether they are missing
MAX_IDS_A_UNIT = (
    64  # direct addressing spends four bytes on each possible id: at most this many ids for each unit that there is
)
NO_CODE = 127
NO_ROW = -1


@dataclass(frozen=True)
class Detail:
    """Rows to add up by unit.

    ``table`` has the key of the unit, ``value`` and ``slot``: the place in ``sums`` of the sum that the value belongs
    to, below 0 for none. Slots beyond ``sums`` are for values that few units have: ``further`` names the slots that are
    added up for a sum, and fills the gaps of one that is in ``sums`` as well. ``count`` names the number of values;
    ``least`` names the smallest ``code`` (whole numbers below 127), a further column of the table, over all rows of
    the unit.

    Where several values make one sum, they are added up in the order of ``rank``, a further column of whole numbers
    from 0 to below ``ranks``: a sum of doubles then does not depend on the order of the rows.
    """

    table: ir.Table
    sums: tuple[str, ...]
    further: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    count: str | None = None
    least: str | None = None
    ranks: int = 1


@dataclass(frozen=True)
class Lookup:
    """A table of numbers with one row a ``key``, which is a whole number that units have too; some have none.

    ``shared`` names a further column: whether another unit has the same key.
    """

    key: str
    table: ir.Table
    shared: str


def join_totals(units: ir.Table, keys: Sequence[str], lookups: Sequence[Lookup], details: Sequence[Detail]) -> ir.Table:
    """Join to each unit its rows of the lookups, and the sums of its detail rows.

    ``units`` has one row a key: the unit's own, and what all tables are divided by. What is not there is missing; a
    count of values is 0. Other columns stay as they are.
    """
    for lookup in lookups:
        key = [lookup.key, *keys[1:]]
        alike = units[lookup.key].count().over(group_by=key)
        units = left_join(units.mutate(**{lookup.shared: alike > 1}), lookup.table, key)
    for detail in details:
        units = left_join(units, _aggregate(detail, keys), keys)
        if detail.count is not None:
            units = units.mutate(**{detail.count: units[detail.count].fill_null(0)})
    return units


def fetch_totals(
    units: ir.Table, keys: Sequence[str], lookups: Sequence[Lookup], details: Sequence[Detail]
) -> pa.Table:
    """Fetch what `join_totals` computes, where the key is an id, or an id and a year: without hashing.

    Rows are numbered, the number of a row is looked up by its key, and values are added up in arrays. Where keys lie
    too far apart for that, the engine joins.
    """
    fetched = engine.fetch_arrow(units)
    index = _RowIndex.of(fetched, keys, len(fetched))
    if index is None:
        return join_totals(ibis.memtable(fetched), keys, lookups, details).to_pyarrow()
    for lookup in lookups:
        fetched = _join_lookup(fetched, lookup, keys)
    for detail in details:
        fetched = _append_columns(fetched, _sum_by_row(detail, index))
    return fetched


def left_join(table: ir.Table, other: ir.Table, keys: Sequence[str]) -> ir.Table:
    """Add the columns of another table where it has the row."""
    return table.left_join(other, list(keys)).drop(*(f"{key}_right" for key in keys))


def _append_columns(table: pa.Table, columns: Mapping[str, Column]) -> pa.Table:
    """Append columns of values and gaps."""
    for name, (values, missing) in columns.items():
        table = table.append_column(name, pa.array(values, mask=missing))
    return table


def _join_lookup(units: pa.Table, lookup: Lookup, keys: Sequence[str]) -> pa.Table:
    """Add to each unit the columns of its row, and whether it shares the key."""
    rows, have, key = engine.fetch_arrow(lookup.table), units[lookup.key].is_valid(), [lookup.key, *keys[1:]]
    known = units.select(key).filter(have)
    index, same = _RowIndex.of(rows, key, len(units)), _RowIndex.of(known, key, len(units))
    if index is None or same is None:
        return join_totals(ibis.memtable(units), keys, [lookup], []).to_pyarrow()
    unit, row, alike = np.flatnonzero(have.to_numpy()), index.find(known), same.find(known)
    shares = np.zeros(len(units), dtype=np.bool_)
    shares[unit] = np.bincount(alike)[alike] > 1
    columns: dict[str, Column] = {lookup.shared: (shares, np.zeros(len(units), dtype=np.bool_))}
    unit, row = unit[row != NO_ROW], row[row != NO_ROW]
    for name in rows.column_names:
        if name not in key:
            found = rows[name].fill_null(0).to_numpy()
            values, missing = np.zeros(len(units), dtype=found.dtype), np.ones(len(units), dtype=np.bool_)
            values[unit], missing[unit] = found[row], rows[name].is_null().to_numpy()[row]
            columns[name] = values, missing
    return _append_columns(units, columns)


def _aggregate(detail: Detail, keys: Sequence[str]) -> ir.Table:
    """Add up the rows of a detail table by key, in the engine."""
    table = detail.table
    measures: dict[str, ir.Value] = {}
    for slot, name in enumerate(detail.sums):
        measures[name] = _sum_by_rank(detail, [slot])
    for name, slots in detail.further.items():
        total = _sum_by_rank(detail, slots)
        measures[name] = ibis.coalesce(measures[name], total) if name in measures else total
    if detail.count is not None:
        measures[detail.count] = table["value"].count(where=table.slot >= 0).cast("int16")
    if detail.least is not None:
        measures[detail.least] = table.code.min().cast("int8")
    return table.group_by(list(keys)).aggregate(**measures)


def _sum_by_rank(detail: Detail, slots: Sequence[int]) -> ir.Value:
    """Add up the values of some slots, in the engine: one rank after the other; missing without values."""
    table = detail.table
    inside = table.slot.isin(slots)
    if detail.ranks == 1:
        return table["value"].sum(where=inside)
    parts = [table["value"].sum(where=inside & (table["rank"] == rank)) for rank in range(detail.ranks)]
    total = ibis.literal(0.0)
    for part in parts:
        total = total + part.fill_null(0.0)
    return ibis.ifelse(ibis.coalesce(*parts).isnull(), ibis.null("float64"), total)


@dataclass(frozen=True)
class _RowIndex:
    """The number of the row that has a key, `NO_ROW` where there is none: an index by direct addressing.

    A key is an id, or an id and a year; ``row_numbers`` has the years of each id together. The first and last id stand
    for all beyond.
    """

    keys: Sequence[str]
    before: int
    years: range
    row_numbers: RowNumbers
    rows: int

    @classmethod
    def of(cls, table: pa.Table, keys: Sequence[str], units: int) -> _RowIndex | None:
        """Address rows by their keys; none where keys are missing or lie too far apart for the number of units."""
        if any(table[key].null_count or table[key].type != pa.int64() for key in keys):
            return None
        if not len(table):
            return cls(keys[:1], 0, range(1), np.full(2, NO_ROW, dtype=np.int32), 0)
        (before, last), years = _ends(table[keys[0]]), range(1)
        before -= 1
        if len(keys) > 1:
            first, final = _ends(table[keys[1]])
            years = range(first, final + 1)
        if (last - before) * len(years) > MAX_IDS_A_UNIT * units:
            return None
        row_numbers = np.full((last - before + 2) * len(years), NO_ROW, dtype=np.int32)
        index = cls(keys, before, years, row_numbers, len(table))
        row_numbers[index.address(table)] = np.arange(len(table), dtype=np.int32)
        return index

    def find(self, rows: pa.Table | pa.RecordBatch) -> RowNumbers:
        """Return the row number of each row's key."""
        found = self.row_numbers.take(self.address(rows), mode="clip")
        if len(self.keys) == 1:
            return found
        ids, years = (_to_numpy(rows, key) for key in self.keys)
        strange = (ids < self.before) | (ids - self.before >= len(self.row_numbers) // len(self.years))
        return np.where(strange | (years < self.years[0]) | (years > self.years[-1]), np.int32(NO_ROW), found)

    def address(self, rows: pa.Table | pa.RecordBatch) -> npt.NDArray[np.int64]:
        """Compute where the key of each row would stand; it stands elsewhere if the id or the year lies beyond."""
        ids = _to_numpy(rows, self.keys[0]) - self.before
        if len(self.keys) == 1:
            return ids
        return ids * len(self.years) + _to_numpy(rows, self.keys[1]) - self.years[0]


def _ends(column: pa.ChunkedArray) -> tuple[int, int]:
    """Return the smallest and the largest of whole numbers."""
    numbers = column.to_numpy()
    return int(numbers.min()), int(numbers.max())


def _sum_by_row(detail: Detail, index: _RowIndex) -> dict[str, Column]:
    """Add up the rows of a detail table, each value where its slot and unit stand.

    Each slot has one row more than there are units, and there is one slot more: there falls what is not added up (an
    index of -1 is the row before the first), and what is added up apart.
    """
    slots, width = len(detail.sums), index.rows + 1
    sums = np.zeros((slots + 1, width))
    counts = np.zeros(sums.shape, dtype=np.int16)
    least = np.full(width, NO_CODE, dtype=np.int8)
    sparse = [(np.zeros(0, np.int32), np.zeros(0, np.int8), np.zeros(0))]
    for rows in _by_rank(engine.fetch_arrow(detail.table), detail.ranks):
        at, slot, value = index.find(rows), _to_numpy(rows, "slot"), _to_numpy(rows, "value")
        if detail.least is not None:
            np.minimum.at(least, at, _to_numpy(rows, "code"))
        counted = ~np.isnan(value)
        if detail.further:
            beyond = np.flatnonzero(counted & (slot >= slots))
            sparse.append((at[beyond], slot[beyond], value[beyond]))
            slot = np.minimum(slot, np.int8(slots))
        target = at + slot.astype(np.int64) * width
        if not counted.all():
            target, value = target[counted], value[counted]
        np.add.at(sums.reshape(-1), target, value)
        np.add.at(counts.reshape(-1), target, np.int16(1))
    sums, counts, least = sums[:slots, :-1], counts[:slots, :-1], least[:-1]
    columns: dict[str, Column] = {name: (sums[slot], counts[slot] == 0) for slot, name in enumerate(detail.sums)}
    at, slot, value = (np.concatenate(part) for part in zip(*sparse, strict=True))
    for name, wanted in detail.further.items():
        rows = np.isin(slot, wanted)
        _fill(columns, name, at[rows], value[rows], width)
    if detail.count is not None:
        columns[detail.count] = counts.sum(axis=0, dtype=np.int16), np.zeros(index.rows, dtype=np.bool_)
    if detail.least is not None:
        columns[detail.least] = least, least == NO_CODE
    return columns


def _by_rank(table: pa.Table, ranks: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of each rank, batch by batch, the lowest rank first."""
    if ranks == 1:
        yield from table.to_batches()
        return
    for rank in range(ranks):
        for batch in table.to_batches():
            chosen = _to_numpy(batch, "rank") == rank
            if chosen.any():
                yield batch if chosen.all() else batch.filter(pa.array(chosen))


def _fill(columns: dict[str, Column], name: str, at: RowNumbers, value: FloatArray, width: int) -> None:
    """Add up sparse values by row, and put the sums in a new column or in the gaps of the one that is there."""
    there = np.zeros(width, dtype=np.bool_)
    there[at] = True
    at = np.where(at == NO_ROW, np.int32(width - 1), at)
    total = np.bincount(at, value, minlength=width)[:-1].astype(np.float64, copy=False)
    if name not in columns:
        columns[name] = total, ~there[:-1]
        return
    values, missing = columns[name]
    gap = np.flatnonzero(there[:-1] & missing)
    values[gap] = total[gap]
    missing[gap] = False


def _to_numpy(rows: pa.Table | pa.RecordBatch, column: str) -> npt.NDArray[Any]:
    """Return a column without gaps, or one of floats, as an array."""
    return rows[column].to_numpy(zero_copy_only=False)

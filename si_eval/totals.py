"""Adds up the detail rows of each unit and joins the sums to the units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from si_eval import engine as engines

if TYPE_CHECKING:
    import ibis.expr.types as ir

Places = npt.NDArray[np.int32]
SPAN = 64  # direct addressing spends four bytes on each possible id: at most this many ids for each unit that there is
NO_CODE = 127


@dataclass(frozen=True)
class Detail:
    """Rows to add up by unit.

    ``table`` has the key of the unit, ``value`` and ``slot``: the place in ``sums`` of the sum that the value belongs
    to, below 0 for none. ``count`` names the number of values; ``least`` names the smallest ``code`` (whole numbers
    below 127), a further column of the table, over all rows of the unit.
    """

    table: ir.Table
    sums: tuple[str, ...]
    count: str | None = None
    least: str | None = None


def join_totals(units: ir.Table, keys: Sequence[str], details: Sequence[Detail]) -> ir.Table:
    """Join to each unit the sums of its rows: missing where it has no value, and then its count is 0.

    ``units`` has one row a key; other columns stay as they are.
    """
    for detail in details:
        units = units.left_join(_grouped(detail, keys), list(keys)).drop(*(f"{key}_right" for key in keys))
        if detail.count is not None:
            units = units.mutate(**{detail.count: units[detail.count].fill_null(0)})
    return units


def fetch_totals(units: ir.Table, key: str, details: Sequence[Detail]) -> pa.Table:
    """Fetch what `join_totals` gives, where the key is one whole number: without hashing.

    The units are numbered, a unit's place follows from its key, and the rows are added up in arrays as they stream by.
    Where keys lie too far apart for that, the engine joins.
    """
    fetched = engines.fetch_arrow(units)
    places = _Places.of(fetched[key].to_numpy())
    if places is None:
        return join_totals(ibis.memtable(fetched), [key], details).to_pyarrow()
    for detail in details:
        for name, column in _totals(detail, key, places).items():
            fetched = fetched.append_column(name, column)
    return fetched


def _grouped(detail: Detail, keys: Sequence[str]) -> ir.Table:
    table = detail.table
    measures: dict[str, ir.Value] = {}
    for slot, name in enumerate(detail.sums):
        measures[name] = table["value"].sum(where=table.slot == slot)
    if detail.count is not None:
        measures[detail.count] = table["value"].count(where=table.slot >= 0).cast("int16")
    if detail.least is not None:
        measures[detail.least] = table.code.min().cast("int8")
    return table.group_by(list(keys)).aggregate(**measures)


@dataclass(frozen=True)
class _Places:
    """Where the unit of an id stands: ``place[id - first]``, -1 for ids that no unit has."""

    first: int
    place: Places
    units: int

    @classmethod
    def of(cls, ids: npt.NDArray[np.int64]) -> _Places | None:
        """Address the ids of units; none where they are missing or lie too far apart."""
        if not len(ids) or ids.dtype != np.int64:
            return None
        first, last = int(ids.min()), int(ids.max())
        if last - first >= SPAN * len(ids):
            return None
        place = np.full(last - first + 1, -1, dtype=np.int32)
        place[ids - first] = np.arange(len(ids), dtype=np.int32)
        return cls(first, place, len(ids))

    def find(self, ids: npt.NDArray[np.int64]) -> Places:
        """Give the place of each id, -1 where there is none."""
        offset = ids - self.first
        if len(offset) and (offset.min() < 0 or offset.max() >= len(self.place)):
            outside = (offset < 0) | (offset >= len(self.place))
            return np.where(outside, np.int32(-1), self.place[np.where(outside, 0, offset)])
        return self.place[offset]


def _totals(detail: Detail, key: str, places: _Places) -> dict[str, pa.Array]:
    """Stream the rows of a detail table and add each value at the place of its unit and slot."""
    sums = np.zeros(len(detail.sums) * places.units)
    counts = np.zeros(len(sums), dtype=np.int16)
    least = np.full(places.units, NO_CODE, dtype=np.int8)
    for rows in engines.pieces(detail.table):
        at = places.find(rows[key].to_numpy(zero_copy_only=False))
        value = rows["value"].to_numpy(zero_copy_only=False)
        if detail.least is not None:
            _keep_least(least, at, rows["code"].to_numpy(zero_copy_only=False))
        slot = rows["slot"].to_numpy(zero_copy_only=False)
        target = at + slot.astype(np.int32) * np.int32(places.units)
        counted = (at >= 0) & (slot >= 0) & ~np.isnan(value)
        if not counted.all():
            target, value = target[counted], value[counted]
        np.add.at(sums, target, value)
        np.add.at(counts, target, np.int16(1))
    columns: dict[str, pa.Array] = {}
    for slot, name in enumerate(detail.sums):
        part = slice(slot * places.units, (slot + 1) * places.units)
        columns[name] = pa.array(sums[part], mask=counts[part] == 0)
    if detail.count is not None:
        columns[detail.count] = pa.array(counts.reshape(len(detail.sums), -1).sum(axis=0, dtype=np.int16))
    if detail.least is not None:
        columns[detail.least] = pa.array(least, mask=least == NO_CODE)
    return columns


def _keep_least(least: npt.NDArray[np.int8], at: Places, codes: npt.NDArray[np.int8]) -> None:
    for code in np.unique(codes)[::-1]:
        found = at[(codes == code) & (at >= 0)]
        least[found] = np.minimum(least[found], code)

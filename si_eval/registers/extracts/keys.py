"""Looks at the keys of large tables in arrays: whether one repeats, and how many rows have a unit of no register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import numpy as np

from si_eval.engine.prepared import ask
from si_eval.registers.schema import FIRST_YEAR, LAST_YEAR, Column
from si_eval.stats import IntArray
from si_eval.vocabulary import BE_ID, YEAR

if TYPE_CHECKING:
    import ibis.expr.types as ir

MAX_SPAN_A_ROW = 64  # numbers of keys that lie closer together than that are ticked off instead of sorted
_PLACES = {YEAR: LAST_YEAR - FIRST_YEAR + 1, "quarter": 5}  # how many values a whole number of a key can have


def may_repeat(table: ir.Table, key: Sequence[Column]) -> bool:
    """Whether a key of the table, without gaps, may occur more than once; where it does, the answer is true."""
    codes = _codes(table, key)
    if (codes[1:] > codes[:-1]).all():
        return False
    if codes.min() >= 0 and codes.max() < MAX_SPAN_A_ROW * len(codes):
        seen = np.zeros(codes.max() + 1, dtype=np.bool_)
        seen[codes] = True
        return int(np.count_nonzero(seen)) < len(codes)
    codes.sort()
    return bool((codes[1:] == codes[:-1]).any())


def count_unknown(table: ir.Table, known: ir.Table) -> int:
    """Count the rows of a table whose unit is not among those of another table in the same year."""
    units, years = _units(table)
    known_units, known_years = _units(known)
    unknown = 0
    for year in np.unique(years) if len(years) and years.min() < years.max() else years[:1]:
        of_year = units[years == year]
        unknown += len(of_year) - int(np.isin(of_year, known_units[known_years == year]).sum())
    return unknown


@dataclass(frozen=True)
class _UnitsAndYears:
    """Unit and year of each row that has both."""

    def __call__(self, table: ir.Table) -> ir.Table:
        return table.filter(table[BE_ID].notnull() & table[YEAR].notnull()).select(BE_ID, YEAR)


@dataclass(frozen=True)
class _SlottedKeys:
    """The identifier of each key without gaps, and the place of the rest of it among all that it can be."""

    key: tuple[Column, ...]

    def __call__(self, table: ir.Table) -> ir.Table:
        identifier, *others = self.key
        slot: ir.Value = ibis.literal(0, "int64")
        for column in others:
            slot = slot * _places(column) + _place(table, column)
        whole = table.filter([table[column.name].notnull() for column in self.key])
        return whole.select(unit=whole[identifier.name], slot=slot)


def _units(table: ir.Table) -> tuple[IntArray, IntArray]:
    """Bring out unit and year of each row that has both."""
    rows = ask(_UnitsAndYears(), table)
    return rows[BE_ID].to_numpy(), rows[YEAR].to_numpy()


def _codes(table: ir.Table, key: Sequence[Column]) -> IntArray:
    """Make a whole number from 0 of each key without gaps, shape (rows,): equal for equal keys.

    Different keys have different numbers where they are what the contract expects: first an identifier of at most 14
    digits, then years, quarters and options.
    """
    rows = ask(_SlottedKeys(tuple(key)), table)
    if not len(rows):
        return np.zeros(0, dtype=np.int64)
    unit, slot = rows["unit"].to_numpy(), rows["slot"].to_numpy()
    slot = slot - slot.min()
    return (unit - unit.min()) * (slot.max() + 1) + slot


def _places(column: Column) -> int:
    """Return how many values a column of a key can have."""
    return _PLACES.get(column.name, len(column.options) + 1)


def _place(table: ir.Table, column: Column) -> ir.Value:
    """Return the place of each value among those that a column can have."""
    value = table[column.name]
    if column.options:
        return ibis.cases(*[(value == one, place) for place, one in enumerate(column.options)], else_=-1).cast("int64")
    return value - FIRST_YEAR if column.name == YEAR else value

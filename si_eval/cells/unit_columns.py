"""The units of one panel and year as arrays: what conditions on them each meets, and the values that count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from si_eval import engine
from si_eval.cells.units import indicator_values
from si_eval.engine.columns import ColumnTable, SparseColumn, collect_columns
from si_eval.results import Cell, Panel, denominator_of, numerator_of
from si_eval.stats import BoolArray, IntArray
from si_eval.vocabulary import BE_ID, GROUP_ID, PUBLIC_UNIT, SHARED_GROUP, YEAR

if TYPE_CHECKING:
    import ibis.expr.types as ir

Condition = tuple[str, tuple[object, ...]]  # a column and the values that units are to have in it
NO_GROUP = np.iinfo(np.int64).min  # of a unit that is a holding of its own
MAX_CODE = 2**62  # combinations that fit in a whole number
CONDITION, VALUE, HOLDING = "column ", "value ", "holding"  # prefixes of columns that are read
PRESENT: Condition = ("", ())  # the condition that a unit is there
MAX_SMALL = np.iinfo(np.uint8).max


@dataclass(frozen=True)
class UnitColumns:
    """The units of one population and year, by ascending id.

    ``combination`` numbers the combination of conditions that a unit meets; ``meets`` says of each condition which
    combinations meet it. ``values`` has each variable of the units that have one; ``group`` is the enterprise group of
    a unit that shares it, else `NO_GROUP`.
    """

    ids: IntArray
    combination: IntArray
    meets: Mapping[Condition, BoolArray]
    values: Mapping[str, SparseColumn]
    group: IntArray
    public: BoolArray

    def aligned(self, ids: IntArray) -> UnitColumns:
        """Return the units at the places of other ids, which hold all of these; others meet nothing."""
        if len(ids) == len(self.ids):
            return self
        places = np.searchsorted(ids, self.ids)
        combination, group = np.full(len(ids), len(self.meets[PRESENT])), np.full(len(ids), NO_GROUP)
        public = np.zeros(len(ids), dtype=bool)
        combination[places], group[places], public[places] = self.combination, self.group, self.public
        return UnitColumns(
            ids,
            combination,
            {condition: np.append(meets, False) for condition, meets in self.meets.items()},
            {name: SparseColumn(places[column.rows], column.values) for name, column in self.values.items()},
            group,
            public,
        )


def conditions_of(cell: Cell) -> list[Condition]:
    """List the conditions of a cell on its units."""
    has_value = [(VALUE + cell.variable, ())] if cell.variable else []
    return [PRESENT, *cell.units.where, *has_value]


def read_units(panel: Panel, year: int, cells: Sequence[Cell]) -> UnitColumns:
    """Read the units of a panel in one year, with what cells ask of them."""
    wanted: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    for name, kept in dict.fromkeys(condition for cell in cells for condition in cell.units.where):
        wanted[name].append(kept)
    classes = {column: _Classes.of(conditions) for column, conditions in wanted.items()}
    variables = list(dict.fromkeys(cell.variable for cell in cells if cell.variable))
    table = panel.table.filter(panel.table[YEAR] == year)
    codes: dict[str, list[npt.NDArray[np.integer]]] = {column: [] for column in classes}
    batches = _encode_classes(engine.iter_batches(_select(panel, table, classes, variables)), classes, codes)
    _, columns = collect_columns(batches, [])
    ids = lasting_ids(columns.sparse(BE_ID).values, panel.identity.unit_ids)
    order = None if np.all(ids[1:] > ids[:-1]) else np.argsort(ids, kind="stable")
    values = {name: _in_order(columns, VALUE + name, order) for name in variables}
    coded = [(_sorted(np.concatenate(codes[column]), order), len(one)) for column, one in classes.items()]
    coded += [(_has_value(column, len(ids)), 2) for column in values.values()]
    combination, found = number_combinations(coded, len(ids))
    meets: dict[Condition, BoolArray] = {PRESENT: np.ones(len(found), dtype=bool)}
    for place, (column, one) in enumerate(classes.items()):
        meets |= {(column, condition): one.meets[condition][found[:, place]] for condition in one.meets}
    for place, name in enumerate(variables, start=len(classes)):
        meets[VALUE + name, ()] = found[:, place] == 1
    group = np.full(len(ids), NO_GROUP)
    shared = columns.sparse(HOLDING)
    group[shared.rows] = lasting_ids(shared.values, panel.identity.group_ids)
    public = columns.booleans(PUBLIC_UNIT)
    public = np.zeros(len(ids), dtype=bool) if public is None else public
    return UnitColumns(_sorted(ids, order), combination, meets, values, _sorted(group, order), _sorted(public, order))


def lasting_ids(codes: IntArray, ids: IntArray | None) -> IntArray:
    """Return the ids of units or groups that are the same in all panels of a universe, of those of one panel."""
    return codes if ids is None else ids[codes]


def number_combinations(codes: Sequence[tuple[npt.NDArray[np.integer], int]], rows: int) -> tuple[IntArray, IntArray]:
    """Assign a number to each combination of codes that occurs; each code is below its size.

    Returns the number of each row, and the codes of each combination, shape (combinations, codes).
    """
    number = np.zeros(rows, dtype=np.int64)
    found = np.zeros((1, 0), dtype=np.int64)
    possible, start = 1, 0
    for stop, (code, size) in enumerate(codes, start=1):
        number *= size
        number += code
        possible *= size
        if stop == len(codes) or possible * codes[stop][1] > MAX_CODE:
            encoded = pa.array(number).dictionary_encode()
            number, packed = encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_numpy()
            unpacked = []
            for _, base in reversed(codes[start:stop]):
                packed, digit = np.divmod(packed, base)
                unpacked.append(digit)
            found = np.column_stack([found[packed], *reversed(unpacked)])
            possible, start = len(found), stop
    return number, found


class _Classes(NamedTuple):
    """The classes of one column: those values are alike that the same conditions ask for. 0 is the class of no value.

    ``of_value`` is the class of each value that is asked for, ``other`` that of all others; ``meets`` says of each
    condition which classes meet it.
    """

    of_value: dict[object, int]
    other: int
    meets: dict[tuple[object, ...], BoolArray]

    @classmethod
    def of(cls, conditions: Sequence[tuple[object, ...]]) -> _Classes:
        """Sort the values that conditions on one column ask for into classes."""
        signatures: dict[tuple[bool, ...], int] = {(False,) * len(conditions): 0}
        other = signatures.setdefault(tuple(not condition for condition in conditions), len(signatures))
        of_value = {}
        for value in dict.fromkeys(value for condition in conditions for value in condition):
            signature = tuple(not condition or value in condition for condition in conditions)
            of_value[value] = signatures.setdefault(signature, len(signatures))
        table = np.array(list(signatures), dtype=bool).reshape(len(signatures), -1)
        return cls(of_value, other, {condition: table[:, place] for place, condition in enumerate(conditions)})

    def __len__(self) -> int:
        return len(next(iter(self.meets.values())))

    def encode(self, column: pa.Array) -> npt.NDArray[np.integer]:
        """Return the class of each value of a column."""
        encoded = column.dictionary_encode()
        known = [self.of_value.get(value, self.other) for value in encoded.dictionary.to_pylist()]
        places = encoded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
        return np.array([*known, 0], dtype=np.uint8 if len(self) <= MAX_SMALL else np.int64)[places]


def _select(panel: Panel, table: ir.Table, classes: Iterable[str], variables: Sequence[str]) -> ir.Table:
    """Select the columns that cells ask for."""
    parts = {
        name(entry.name): (entry, part)
        for entry in panel.indicators.values()
        for name, part in ((numerator_of, entry.numerator), (denominator_of, entry.denominator))
        if part
    }
    columns = {BE_ID: table[BE_ID]} | {CONDITION + column: table[column] for column in classes}
    for variable in variables:
        if variable in panel.indicators:
            columns[VALUE + variable] = indicator_values(table, panel.indicators[variable])
        else:
            entry, part = parts[variable]
            known = indicator_values(table, entry).notnull()
            columns[VALUE + variable] = ibis.ifelse(known, table[part].cast("float64"), ibis.null("float64"))
    columns |= {PUBLIC_UNIT: table[PUBLIC_UNIT]} if PUBLIC_UNIT in table.columns else {}
    return table.select(**columns, **{HOLDING: ibis.ifelse(table[SHARED_GROUP], table[GROUP_ID], ibis.null("int64"))})


def _encode_classes(
    batches: Iterable[pa.RecordBatch],
    classes: Mapping[str, _Classes],
    codes: Mapping[str, list[npt.NDArray[np.integer]]],
) -> Iterator[pa.RecordBatch]:
    """Yield batches without the columns of conditions, whose classes are appended to ``codes``."""
    for batch in batches:
        for column, one in classes.items():
            codes[column].append(one.encode(batch[CONDITION + column]))
        yield batch.select([name for name in batch.schema.names if not name.startswith(CONDITION)])


def _in_order(columns: ColumnTable, name: str, order: IntArray | None) -> SparseColumn:
    """Return the units that have a value, in another order (None: as they are), and their values."""
    column = columns.columns[name]
    if order is None and isinstance(column, SparseColumn):
        return column
    values = _sorted(columns.floats(name), order)
    rows = np.flatnonzero(~np.isnan(values))
    return SparseColumn(rows, values[rows])


def _sorted(values: npt.NDArray[np.generic], order: IntArray | None):  # type: ignore[no-untyped-def]
    """Return values in another order, or as they are."""
    return values if order is None else values[order]


def _has_value(column: SparseColumn, rows: int) -> npt.NDArray[np.uint8]:
    """Return 1 for the units that have a value, else 0."""
    known = np.zeros(rows, dtype=np.uint8)
    known[column.rows] = 1
    return known

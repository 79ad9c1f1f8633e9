"""Panels as sources of units: the finest partition of the units of a year by the cells that tables ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import ibis
import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from si_eval import engine
from si_eval.cells.atoms import NO_GROUP, AtomValues, UnitsOfAtoms
from si_eval.cells.units import indicator_values
from si_eval.engine.columns import ColumnTable, SparseColumn, collect_columns
from si_eval.errors import StudyError
from si_eval.results import AtomSums, Cell, Contributions, Panel, UnitSource, denominator_of, numerator_of
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.vocabulary import BE_ID, GROUP_ID, PUBLIC_UNIT, SHARED_GROUP, YEAR

Key = tuple[str, tuple[object, ...]]  # a column and the values that units are to have in it
ALL_UNITS = ""  # the variable that counts units
MAX_CODE = 2**62  # combinations that fit in a whole number
CONDITION, VALUE, HOLDING = "column ", "value ", "holding"  # prefixes of columns that are read
BLOCK = 32_768  # combinations whose cells are worked on at once


def unit_source(panel: Panel) -> PanelUnits:
    """Return a panel as the source of the units behind its numbers."""
    return PanelUnits(panel)


@dataclass(frozen=True)
class PanelUnits:
    """The units of a panel, as `UnitSource` describes them."""

    panel: Panel

    @property
    def population(self) -> str:
        """The key of the panel's units and their values."""
        return self.panel.identity.population

    @property
    def universe(self) -> str:
        """The key of those who number units as this panel does."""
        return self.panel.identity.universe

    @property
    def fingerprint(self) -> str:
        """The key of the data that the panel was made of."""
        return self.panel.identity.fingerprint

    def partition(self, cells: Sequence[Cell], others: Mapping[str, UnitSource]) -> UnitPartition:
        """Partition the units of a year by cells of that year.

        Raises `StudyError` for cells of several years, or of a population that is neither this one nor among
        ``others``, or that numbers its units otherwise.
        """
        years = {cell.units.year for cell in cells}
        if len(years) != 1 or None in years:
            raise StudyError(
                f"cells: found those of years {sorted(map(str, years))}; expected one year; ask year by year"
            )
        (year,) = years
        asked: dict[str, list[Cell]] = defaultdict(list)
        for cell in cells:
            asked[cell.units.population].append(cell)
        read = [_read(self._source(name, others).panel, int(year or 0), own) for name, own in asked.items()]
        ids = read[0].ids
        if any(not np.array_equal(ids, one.ids) for one in read[1:]):
            ids = np.unique(np.concatenate([one.ids for one in read]))
        aligned = [one.aligned(ids) for one in read]
        return _partition(list(cells), dict(zip(asked, aligned, strict=True)))

    def _source(self, population: str, others: Mapping[str, UnitSource]) -> PanelUnits:
        """Return the panel of a population."""
        source = self if population == self.population else others.get(population)
        if not isinstance(source, PanelUnits) or source.universe != self.universe:
            found = "no panel" if source is None else "one that numbers its units otherwise"
            raise StudyError(
                f"others: found {found} for a population that is asked for; expected the panel of each, all of one "
                "extract or frame; give it, or ask for its cells apart"
            )
        return source


@dataclass(frozen=True)
class UnitPartition:
    """The units of one year by cells, as `Partition` describes them."""

    cells: Sequence[Cell]
    members: sp.csr_matrix
    n_units: FloatArray
    variables: Sequence[str]
    units: UnitsOfAtoms = field(repr=False)
    columns: Mapping[str, SparseColumn] = field(repr=False)

    @cached_property
    def _measured(self) -> dict[str, AtomValues]:
        return {}

    def sums(self, variable: str) -> AtomSums:
        """Add up the values of each atom; the empty variable counts its units."""
        return self._values(variable).sums

    def contributions(self, atoms: BoolArray, variable: str) -> Contributions:
        """Measure a union of atoms; ``atoms`` is of shape (atoms,)."""
        return self._values(variable).contributions(atoms)

    def _values(self, variable: str) -> AtomValues:
        """Return the values of a variable by atom, added up when they are first asked for."""
        if variable not in self._measured:
            column = self.columns[variable]
            self._measured[variable] = AtomValues.of(self.units, column.rows, column.values)
        return self._measured[variable]


class _Classes(NamedTuple):
    """The classes of one column: those values are alike that the same conditions ask for. 0 is the class of no value.

    ``meets`` says of each condition which classes meet it.
    """

    classes: dict[object, int]
    other: int
    meets: dict[tuple[object, ...], BoolArray]

    @classmethod
    def of(cls, wanted: Iterable[tuple[object, ...]]) -> _Classes:
        """Sort the values that conditions on one column ask for into classes."""
        conditions = list(dict.fromkeys(wanted))
        any_value = tuple(not condition for condition in conditions)
        signatures: dict[tuple[bool, ...], int] = {(False,) * len(conditions): 0}
        other = signatures.setdefault(any_value, len(signatures))
        classes = {}
        for value in dict.fromkeys(value for condition in conditions for value in condition):
            signature = tuple(not condition or value in condition for condition in conditions)
            classes[value] = signatures.setdefault(signature, len(signatures))
        table = np.array(list(signatures), dtype=bool).reshape(len(signatures), -1)
        return cls(classes, other, {condition: table[:, place] for place, condition in enumerate(conditions)})

    def __len__(self) -> int:
        return len(next(iter(self.meets.values())))

    def encode(self, column: pa.Array) -> IntArray:
        """Return the class of each value of a column."""
        encoded = column.dictionary_encode()
        known = [self.classes.get(value, self.other) for value in encoded.dictionary.to_pylist()]
        places = encoded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
        return np.array([*known, 0], dtype=np.int64)[places]


@dataclass(frozen=True)
class _Units:
    """The units of one population and year, by ascending id: the combination of classes of each, and their values.

    ``meets`` says of each condition which combinations meet it, shape (combinations,).
    """

    ids: IntArray
    combination: IntArray
    meets: Mapping[Key, BoolArray]
    values: Mapping[str, SparseColumn]
    group: IntArray
    public: BoolArray

    def aligned(self, ids: IntArray) -> _Units:
        """Return the units at the places of other ids, which hold all of these; others meet nothing."""
        if len(ids) == len(self.ids):
            return self
        places = np.searchsorted(ids, self.ids)
        count = len(next(iter(self.meets.values()))) if self.meets else 1
        combination, group = np.full(len(ids), count), np.full(len(ids), NO_GROUP)
        public = np.zeros(len(ids), dtype=bool)
        combination[places], group[places], public[places] = self.combination, self.group, self.public
        return _Units(
            ids,
            combination,
            {key: np.append(meets, False) for key, meets in self.meets.items()},
            {name: SparseColumn(places[column.rows], column.values) for name, column in self.values.items()},
            group,
            public,
        )


PRESENT: Key = ("", ())  # the condition that a unit is there


def _keys(cell: Cell) -> list[Key]:
    """List the conditions of a cell on its units."""
    has_value = [(VALUE + cell.variable, ())] if cell.variable else []
    return [PRESENT, *cell.units.where, *has_value]


def _read(panel: Panel, year: int, cells: Sequence[Cell]) -> _Units:
    """Read the units of a panel in one year, with what cells ask of them."""
    wanted: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    for column, values in dict.fromkeys(condition for cell in cells for condition in cell.units.where):
        wanted[column].append(values)
    classes = {column: _Classes.of(conditions) for column, conditions in wanted.items()}
    variables = list(dict.fromkeys(cell.variable for cell in cells if cell.variable))
    table = panel.table.filter(panel.table[YEAR] == year)
    batches = engine.iter_batches(_select(panel, table, classes, variables))
    codes: list[list[IntArray]] = []
    _, columns = collect_columns(_encoded(batches, classes, codes), [])
    ids = columns.sparse(BE_ID).values
    order = np.argsort(ids, kind="stable")
    sizes = [len(one) for one in classes.values()] + [2] * len(variables)
    known_values = {name: _sparse(columns, VALUE + name) for name in variables}
    parts = [np.concatenate(part) for part in zip(*codes, strict=True)]
    for name in variables:
        known = np.zeros(len(ids), dtype=np.int64)
        known[known_values[name].rows] = 1
        parts.append(known)
    combination, found = combine(parts, sizes, len(ids))
    meets: dict[Key, BoolArray] = {PRESENT: np.ones(len(found), dtype=bool)}
    for place, (name, one) in enumerate(classes.items()):
        meets |= {(name, condition): one.meets[condition][found[:, place]] for condition in one.meets}
    for place, name in enumerate(variables, start=len(classes)):
        meets[VALUE + name, ()] = found[:, place] == 1
    rank = np.empty(len(ids), dtype=np.int64)
    rank[order] = np.arange(len(ids))
    group = np.full(len(ids), NO_GROUP)
    shared = columns.sparse(HOLDING)
    group[shared.rows] = shared.values
    public = columns.booleans(PUBLIC_UNIT)
    return _Units(
        ids[order],
        combination[order],
        meets,
        {name: _ordered(column, rank) for name, column in known_values.items()},
        group[order],
        np.zeros(len(ids), dtype=bool) if public is None else public[order],
    )


def _select(
    panel: Panel, table: ibis.expr.types.Table, classes: Mapping[str, _Classes], variables: Sequence[str]
) -> ibis.expr.types.Table:
    """Select the columns that cells ask for."""
    parts = {
        name(entry.name): (entry, part)
        for entry in panel.indicators.values()
        for name, part in ((numerator_of, entry.numerator), (denominator_of, entry.denominator))
        if part
    }
    columns = {CONDITION + column: table[column] for column in classes}
    for variable in variables:
        if variable in panel.indicators:
            columns[VALUE + variable] = indicator_values(table, panel.indicators[variable])
        else:
            entry, part = parts[variable]
            value = table[part].cast("float64")
            known = indicator_values(table, entry).notnull()
            columns[VALUE + variable] = ibis.ifelse(known, value, ibis.null("float64"))
    columns |= {PUBLIC_UNIT: table[PUBLIC_UNIT]} if PUBLIC_UNIT in table.columns else {}
    shared = ibis.ifelse(table[SHARED_GROUP], table[GROUP_ID], ibis.null("int64"))
    return table.select(**{BE_ID: table[BE_ID]}, **columns, **{HOLDING: shared})


def _encoded(
    batches: Iterable[pa.RecordBatch], classes: Mapping[str, _Classes], codes: list[list[IntArray]]
) -> Iterable[pa.RecordBatch]:
    """Yield batches without the columns of conditions, whose classes are appended to ``codes``."""
    for batch in batches:
        codes.append([one.encode(batch[CONDITION + name]) for name, one in classes.items()])
        yield batch.select([name for name in batch.schema.names if not name.startswith(CONDITION)])


def _sparse(columns: ColumnTable, name: str) -> SparseColumn:
    """Return the units that have a value, and their values."""
    column = columns.columns[name]
    if isinstance(column, SparseColumn):
        return column
    rows = np.flatnonzero(~np.isnan(column))
    return SparseColumn(rows, column[rows])


def _ordered(column: SparseColumn, rank: IntArray) -> SparseColumn:
    """Return a column in the order of ids; ``rank`` has the place of each row in that order."""
    rows = rank[column.rows]
    order = np.argsort(rows, kind="stable")
    return SparseColumn(rows[order], column.values[order])


def combine(codes: Sequence[IntArray], sizes: Sequence[int], rows: int) -> tuple[IntArray, IntArray]:
    """Assign a number to each combination of codes that occurs; each code is below its size.

    Returns the number of each row, and the codes of each combination, shape (combinations, codes).
    """
    number = np.zeros(rows, dtype=np.int64)
    found = np.zeros((1, 0), dtype=np.int64)
    possible = 1
    start = 0
    for stop in range(1, len(codes) + 1):
        last = stop == len(codes)
        number = number * sizes[stop - 1] + codes[stop - 1]
        possible *= sizes[stop - 1]
        if last or possible * sizes[stop] > MAX_CODE:
            encoded = pa.array(number).dictionary_encode()
            number, packed = encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_numpy()
            new = []
            for size in reversed(sizes[start:stop]):
                new.append(packed % size)
                packed = packed // size
            found = np.column_stack([found[packed], *reversed(new)])
            possible, start = len(found), stop
    return number, found


def _partition(cells: list[Cell], populations: Mapping[str, _Units]) -> UnitPartition:
    """Partition the units of several populations, at the same places, by their cells."""
    units = list(populations.values())
    rows = len(units[0].combination)
    counts = [1 + int(one.combination.max(initial=0)) for one in units]
    combination, found = combine([one.combination for one in units], counts, rows)
    place = {name: number for number, name in enumerate(populations)}
    conditions = {
        (name, key): meets[found[:, place[name]]] if len(found) else np.zeros(0, dtype=bool)
        for name, one in populations.items()
        for key, meets in one.meets.items()
    }
    blocks = []
    for start in range(0, len(found), BLOCK):
        block = np.ones((len(cells), min(BLOCK, len(found) - start)), dtype=bool)
        for number, cell in enumerate(cells):
            for key in _keys(cell):
                block[number] &= conditions[cell.units.population, key][start : start + BLOCK]
        blocks.append(np.packbits(block, axis=0).T)
    packed = np.ascontiguousarray(np.concatenate(blocks)) if blocks else np.zeros((0, 1), dtype=np.uint8)
    distinct, atom_of = np.unique(packed.view(f"V{packed.shape[1]}").ravel(), return_inverse=True)
    bits = distinct.view(np.uint8).reshape(len(distinct), -1)
    members = sp.csr_matrix(np.unpackbits(bits, axis=1, count=len(cells)).T.astype(np.int8))
    atom = atom_of[combination]
    group, public = units[0].group.copy(), units[0].public.copy()
    for other in units[1:]:
        group = np.where(group == NO_GROUP, other.group, group)
        public |= other.public
    names, columns = _name_variables(cells, populations, rows)
    return UnitPartition(
        cells,
        members,
        np.bincount(atom, minlength=len(distinct)).astype(float),
        names,
        UnitsOfAtoms(atom, group, public, len(distinct)),
        columns,
    )


def _name_variables(
    cells: Sequence[Cell], populations: Mapping[str, _Units], rows: int
) -> tuple[list[str], dict[str, SparseColumn]]:
    """Name the values of each cell: those that agree for every unit that has both share a name, and a column."""
    merged: dict[str, FloatArray] = {}
    names: dict[tuple[str, str], str] = {}
    for population, units in populations.items():
        for variable, column in units.values.items():
            name = next((one for one, values in merged.items() if _agree(values[column.rows], column.values)), "")
            if not name:
                name = variable if variable not in merged else f"{variable} of {population}"
                merged[name] = np.full(rows, np.nan)
            merged[name][column.rows] = column.values
            names[population, variable] = name
    columns = {name: SparseColumn(np.flatnonzero(~np.isnan(one)), one[~np.isnan(one)]) for name, one in merged.items()}
    columns[ALL_UNITS] = SparseColumn(np.arange(rows), np.ones(rows))
    return [names[cell.units.population, cell.variable] if cell.variable else ALL_UNITS for cell in cells], columns


def _agree(values: FloatArray, others: FloatArray) -> bool:
    """Whether values are the same wherever both are known, and some are."""
    known = ~np.isnan(values)
    return bool(known.any()) and np.array_equal(values[known], others[known])

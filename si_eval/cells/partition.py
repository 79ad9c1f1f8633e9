"""Panels as sources of units: the finest partition of the units of a year by the cells that tables ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from si_eval.cells.atoms import NO_GROUP, AtomValues, UnitsOfAtoms
from si_eval.cells.unit_columns import (
    Condition,
    UnitColumns,
    conditions_of,
    lasting_ids,
    number_codes,
    number_combinations,
    read_units,
    weight_of,
)
from si_eval.cells.variables import join_variables
from si_eval.engine.columns import Column, SparseColumn
from si_eval.errors import StudyError
from si_eval.results import AtomSums, Cell, Contributions, Panel, UnitSource
from si_eval.stats import BoolArray, FloatArray, IntArray

ALL_UNITS = ""  # the variable that counts units
PRESENT: Condition = ("", ())  # the condition that a unit is there
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

    def lasting_ids(self, units: IntArray) -> IntArray:
        """Return the ids that units of the panel have in all panels of the universe."""
        return lasting_ids(units, self.panel.identity.unit_ids)

    def weight_of(self, variable: str) -> str:
        """Return the column of the panel that values of a variable are multiplied by; empty for none."""
        return weight_of(self.panel, variable)

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
        read = {name: read_units(self._source(name, others).panel, int(year or 0), own) for name, own in asked.items()}
        return _partition(list(cells), read)

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
    values: Mapping[str, AtomValues] = field(repr=False)

    def sums(self, variable: str) -> AtomSums:
        """Add up the values of each atom; the empty variable counts its units."""
        return self.values[variable].sums

    def contributions(self, atoms: BoolArray, variable: str) -> Contributions:
        """Measure a union of atoms; ``atoms`` is of shape (atoms,)."""
        return self.values[variable].contributions(atoms)


def _partition(cells: list[Cell], populations: Mapping[str, UnitColumns]) -> UnitPartition:
    """Partition the units of several populations by their cells."""
    places, rows = _places(populations)
    members, atom = _atoms(cells, populations, places, rows)
    atoms = members.shape[1]
    order = sp.csr_matrix((np.ones(rows, np.int8), (atom, np.arange(rows))), (atoms, rows)).indices
    rank = np.empty(rows, dtype=np.int64)
    rank[order] = np.arange(rows)
    ranked = {id(place): rank[place] for place in {id(place): place for place in places.values()}.values()}
    places = {name: ranked[id(place)] for name, place in places.items()}  # of units in the order of their atoms
    units = _units_of_atoms(atom[order], atoms, populations, places)
    columns = {
        (name, variable): _in_order(one.values[variable], places[name], rows)
        for name, one in populations.items()
        for variable in one.values
    }
    names, values = join_variables(columns)
    values[ALL_UNITS] = SparseColumn(np.arange(rows), np.ones(rows))
    return UnitPartition(
        cells,
        members,
        np.bincount(atom, minlength=atoms).astype(float),
        [_name_of(cell, populations, names) for cell in cells],
        {name: AtomValues.of(units, values.pop(name)) for name in list(values)},
    )


def _name_of(cell: Cell, populations: Mapping[str, UnitColumns], names: Mapping[tuple[str, str], str]) -> str:
    """Return the name of the values that a cell adds up."""
    population = cell.units.population
    return names[population, populations[population].column_of[cell.variable]] if cell.variable else ALL_UNITS


def _in_order(column: Column, place: IntArray, rows: int) -> SparseColumn:
    """Return a column of some units in the order of all units, of which these have the places given."""
    if isinstance(column, SparseColumn):
        at = place[column.rows]
        order = np.argsort(at)
        return SparseColumn(at[order], column.values[order])
    wide = np.full(rows, np.nan)
    wide[place] = column
    known = np.flatnonzero(~np.isnan(wide))
    return SparseColumn(known, wide[known])


def _places(populations: Mapping[str, UnitColumns]) -> tuple[dict[str, IntArray], int]:
    """Return the place of the units of each population among all units by ascending id, and how many these are."""
    first, *others = populations.values()
    if all(np.array_equal(one.ids, first.ids) for one in others):
        place = np.empty(len(first.ids), dtype=np.int64)
        place[np.argsort(first.ids)] = np.arange(len(place))
        return dict.fromkeys(populations, place), len(place)
    ids = np.unique(np.concatenate([one.ids for one in populations.values()]))
    return {name: np.searchsorted(ids, one.ids) for name, one in populations.items()}, len(ids)


def _atoms(
    cells: Sequence[Cell], populations: Mapping[str, UnitColumns], places: Mapping[str, IntArray], rows: int
) -> tuple[sp.csr_matrix, IntArray]:
    """Find the atoms of the units; return which atoms each cell has, and the atom of each unit.

    A unit that a population does not have meets none of its conditions.
    """
    codes = []
    for name, one in populations.items():
        absent = 1 + int(one.combination.max(initial=-1))
        codes.append((np.full(rows, absent), absent + 1))
        codes[-1][0][places[name]] = one.combination
    combination, found = number_combinations(codes, rows)
    meets = {}
    for (name, one), number, (_, size) in zip(populations.items(), found.T, codes, strict=True):
        meets[name, PRESENT] = number < size - 1
        meets |= {(name, key): np.append(met, False)[number] for key, met in one.meets.items()}
    blocks = [np.zeros((0, (len(cells) + 7) // 8), dtype=np.uint8)]
    for start in range(0, len(found), BLOCK):
        block = np.ones((len(cells), min(BLOCK, len(found) - start)), dtype=bool)
        for number, cell in enumerate(cells):
            for key in (PRESENT, *conditions_of(cell)):
                block[number] &= meets[cell.units.population, key][start : start + BLOCK]
        blocks.append(np.packbits(block, axis=0).T)
    packed = np.ascontiguousarray(np.concatenate(blocks))
    distinct, atom_of = np.unique(packed.view(f"V{packed.shape[1]}").ravel(), return_inverse=True)
    bits = distinct.view(np.uint8).reshape(len(distinct), packed.shape[1])
    return sp.csr_matrix(np.unpackbits(bits, axis=1, count=len(cells)).T.astype(np.int8)), atom_of[combination]


def _units_of_atoms(
    atom: IntArray, atoms: int, populations: Mapping[str, UnitColumns], places: Mapping[str, IntArray]
) -> UnitsOfAtoms:
    """Put what is known of units at their places: the first population that has a unit says which group it shares."""
    ids, shared, public = np.zeros(len(atom), dtype=np.int64), *np.zeros((2, len(atom)), dtype=bool)
    for name, one in reversed(list(populations.items())):
        rows = places[name][one.groups.rows]
        ids[rows], shared[rows] = one.groups.values, True
        if one.public is not None:
            public[places[name]] |= one.public
    numbers, distinct = number_codes(ids[shared])
    group = np.full(len(atom), NO_GROUP)
    group[shared] = numbers
    return UnitsOfAtoms(atom, group, public, atoms, len(distinct))

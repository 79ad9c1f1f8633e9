"""Panels as sources of units: the finest partition of the units of a year by the cells that tables ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from si_eval.cells.atoms import AtomValues, UnitsOfAtoms
from si_eval.cells.unit_columns import (
    NO_GROUP,
    UnitColumns,
    conditions_of,
    lasting_ids,
    number_combinations,
    read_units,
)
from si_eval.cells.variables import join_variables
from si_eval.engine.columns import SparseColumn
from si_eval.errors import StudyError
from si_eval.results import AtomSums, Cell, Contributions, Panel, UnitSource
from si_eval.stats import BoolArray, FloatArray, IntArray

ALL_UNITS = ""  # the variable that counts units
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
        read = [read_units(self._source(name, others).panel, int(year or 0), own) for name, own in asked.items()]
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
            self._measured[variable] = AtomValues.of(self.units, self.columns[variable])
        return self._measured[variable]


def _partition(cells: list[Cell], populations: Mapping[str, UnitColumns]) -> UnitPartition:
    """Partition the units of several populations, at the same places, by their cells."""
    units = list(populations.values())
    rows = len(units[0].combination)
    codes = [(one.combination, 1 + int(one.combination.max(initial=0))) for one in units]
    combination, found = number_combinations(codes, rows)
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
            for key in conditions_of(cell):
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
    variables = {
        (name, variable): column for name, one in populations.items() for variable, column in one.values.items()
    }
    names, columns = join_variables(variables, rows)
    columns[ALL_UNITS] = SparseColumn(np.arange(rows), np.ones(rows))
    return UnitPartition(
        cells,
        members,
        np.bincount(atom, minlength=len(distinct)).astype(float),
        [names[cell.units.population, cell.variable] if cell.variable else ALL_UNITS for cell in cells],
        UnitsOfAtoms.of(atom, group, public, len(distinct)),
        columns,
    )

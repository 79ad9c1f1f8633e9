"""What the atoms of a partition have of a variable: sums, and the largest contributions of any union of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from si_eval.engine.columns import SparseColumn
from si_eval.results import AtomSums, Contributions
from si_eval.stats import BoolArray, FloatArray, IntArray

NO_GROUP = -1


class UnitsOfAtoms(NamedTuple):
    """The units of one year in the order of their ``atom``: the number of the ``group`` that each shares, if it does.

    ``group`` is `NO_GROUP` for a unit that is a holding of its own; ``public`` says which units are public.
    """

    atom: IntArray
    group: IntArray
    public: BoolArray
    atoms: int
    groups: int


class _Holdings(NamedTuple):
    """Contributions of holdings by atom: of units that are one by themselves, and of groups.

    ``alone`` are numbers of units, ``largest`` the two largest of these, shape (2, atoms); ``parts`` is a matrix
    (atoms, groups) of what groups contribute, with an entry for each unit that does.
    """

    alone: FloatArray
    largest: FloatArray
    parts: sp.csr_matrix


@dataclass(frozen=True)
class AtomValues:
    """The values of one variable, added up by atom; made by `AtomValues.of`."""

    sums: AtomSums
    largest: FloatArray
    holdings: _Holdings
    private: _Holdings
    n_public: FloatArray
    public_total: FloatArray

    @classmethod
    def of(cls, units: UnitsOfAtoms, column: SparseColumn) -> AtomValues:
        """Add up the values of the units that have one."""
        rows, values = column.rows, column.values
        by_atom, size = _ByAtom.of(units.atom[rows], units.atoms), np.abs(values)
        holdings = private = _holdings(units, rows, size)
        n_public = public_total = np.zeros(units.atoms)
        if units.public.any():
            public = units.public[rows]
            private = _holdings(units, rows[~public], size[~public])
            n_public, public_total = by_atom.add(public.astype(float)), by_atom.add(np.where(public, size, 0.0))
        alone = (units.group[rows] == NO_GROUP) & ~units.public[rows]
        sums = AtomSums(
            by_atom.number(),
            by_atom.add(values),
            by_atom.add(size),
            by_atom.add(values**2),
            by_atom.reduce(np.minimum, values),
            by_atom.add(alone.astype(float)),
            by_atom.add(np.where(alone, 0.0, size)),
        )
        return cls(sums, by_atom.two_largest(size), holdings, private, n_public, public_total)

    def contributions(self, atoms: BoolArray) -> Contributions:
        """Measure the union of some atoms."""
        chosen = np.flatnonzero(atoms)
        n_units, total, absolute = (float(one[chosen].sum()) for one in self.sums[:3])
        n_holdings, holding_largest, holding_second = _measure(self.holdings, chosen)
        private_holdings, private_largest, private_second = (
            (n_holdings, holding_largest, holding_second)
            if self.private is self.holdings
            else _measure(self.private, chosen)
        )
        return Contributions(
            n_units,
            n_holdings,
            float(self.n_public[chosen].sum()),
            private_holdings,
            total,
            absolute,
            *_two_largest_of(self.largest[:, chosen].ravel()),
            holding_largest,
            holding_second,
            float(self.public_total[chosen].sum()),
            private_largest,
            private_second,
        )


class _ByAtom(NamedTuple):
    """Rows in the order of their atoms: the atoms that have any, where each starts, and how many rows it has."""

    present: IntArray
    starts: IntArray
    counts: IntArray
    atoms: int

    @classmethod
    def of(cls, atom: IntArray, atoms: int) -> _ByAtom:
        """Find where each atom starts in ascending numbers of atoms."""
        counts = np.bincount(atom, minlength=atoms)
        present = np.flatnonzero(counts)
        return cls(present, (np.cumsum(counts) - counts)[present], counts[present], atoms)

    def reduce(self, operation: np.ufunc, values: FloatArray) -> FloatArray:
        """Reduce the values of each atom to one number, 0 for an atom without rows."""
        result = np.zeros(self.atoms)
        if len(values):
            result[self.present] = operation.reduceat(values, self.starts)
        return result

    def number(self) -> FloatArray:
        """Count the rows of each atom."""
        result = np.zeros(self.atoms)
        result[self.present] = self.counts
        return result

    def add(self, values: FloatArray) -> FloatArray:
        """Add up the values of each atom."""
        return self.reduce(np.add, values)

    def two_largest(self, size: FloatArray) -> FloatArray:
        """Find the two largest contributions of each atom, shape (2, atoms); 0 for those that are not there."""
        largest = self.reduce(np.maximum, size)
        top = np.flatnonzero(size == np.repeat(largest[self.present], self.counts))
        atom_of_top = np.searchsorted(self.starts, top, side="right")
        without = size.copy()
        without[top[np.unique(atom_of_top, return_index=True)[1]]] = 0.0
        return np.array([largest, self.reduce(np.maximum, without)])


def _holdings(units: UnitsOfAtoms, rows: IntArray, size: FloatArray) -> _Holdings:
    """Split the contributions of units at some rows into those of units alone and those of groups."""
    atom, group = units.atom[rows], units.group[rows]
    alone = group == NO_GROUP
    by_atom = _ByAtom.of(atom[alone], units.atoms)
    starts = np.searchsorted(atom[~alone], np.arange(units.atoms + 1))
    parts = sp.csr_matrix((size[~alone], group[~alone], starts), (units.atoms, units.groups))
    return _Holdings(by_atom.number(), by_atom.two_largest(size[alone]), parts)


def _measure(holdings: _Holdings, chosen: IntArray) -> tuple[float, float, float]:
    """Count the holdings of some atoms, and find the two largest contributions of holdings."""
    parts = holdings.parts[chosen]
    groups, number = np.unique(parts.indices, return_inverse=True)
    sums = np.bincount(number, parts.data, minlength=len(groups))
    largest, second = _two_largest_of(np.concatenate([holdings.largest[:, chosen].ravel(), sums]))
    return float(holdings.alone[chosen].sum() + len(groups)), largest, second


def _two_largest_of(sizes: FloatArray) -> tuple[float, float]:
    """Find the two largest of sizes that are not negative; 0 for those that are not there."""
    first, second = np.sort(np.append(sizes, [0.0, 0.0]))[:-3:-1]
    return float(first), float(second)

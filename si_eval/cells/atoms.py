"""What the atoms of a partition have of a variable: sums, and the largest contributions of any union of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from si_eval.results import AtomSums, Contributions
from si_eval.stats import BoolArray, FloatArray, IntArray

NO_GROUP = -1  # of a unit that is a holding of its own


class UnitsOfAtoms(NamedTuple):
    """The units of one year: the ``atom`` of each, its ``group`` (`NO_GROUP` for none), and whether it is public."""

    atom: IntArray
    group: IntArray
    public: BoolArray
    atoms: int


class _Holdings(NamedTuple):
    """Contributions of holdings by atom: of units that are one by themselves, and of groups (one entry an atom).

    ``alone`` are numbers of units, ``largest`` the two largest of these, shape (2, atoms); ``parts`` is a matrix
    (atoms, groups) of what groups contribute, ``units`` one of the units that contribute.
    """

    alone: FloatArray
    largest: FloatArray
    parts: sp.csr_matrix
    units: sp.csr_matrix


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
    def of(cls, units: UnitsOfAtoms, rows: IntArray, values: FloatArray) -> AtomValues:
        """Add up the values of the units at some rows; all other units have none."""
        atom, public = units.atom[rows], units.public[rows]
        size = np.abs(values)
        ones, of_public = np.ones(len(rows)), np.where(public, size, 0.0)
        n_units, total, absolute, squares = (
            _sums(atom, numbers, units.atoms) for numbers in (ones, values, size, size**2)
        )
        holdings = _holdings(units, rows, size)
        private = _holdings(units, rows[~public], size[~public]) if public.any() else holdings
        return cls(
            AtomSums(n_units, total, absolute, squares, _smallest(atom, values, units.atoms)),
            _two_largest(atom, size, units.atoms),
            holdings,
            private,
            _sums(atom, public.astype(float), units.atoms),
            _sums(atom, of_public, units.atoms),
        )

    def contributions(self, atoms: BoolArray) -> Contributions:
        """Measure the union of some atoms."""
        largest, second = _of_two(self.largest[:, atoms].ravel())
        n_holdings, holding_largest, holding_second = _measure(self.holdings, atoms)
        private = _measure(self.private, atoms)
        return Contributions(
            n_units=float(self.sums.n_units[atoms].sum()),
            n_holdings=n_holdings,
            n_public=float(self.n_public[atoms].sum()),
            private_holdings=private[0],
            total=float(self.sums.total[atoms].sum()),
            absolute=float(self.sums.absolute[atoms].sum()),
            largest=largest,
            second_largest=second,
            holding_largest=holding_largest,
            holding_second=holding_second,
            public_total=float(self.public_total[atoms].sum()),
            private_largest=private[1],
            private_second=private[2],
        )


def _holdings(units: UnitsOfAtoms, rows: IntArray, size: FloatArray) -> _Holdings:
    """Split the contributions of units at some rows into those of units alone and those of groups."""
    atom, group = units.atom[rows], units.group[rows]
    alone = group == NO_GROUP
    groups, number = np.unique(group[~alone], return_inverse=True)
    shape = (units.atoms, len(groups))
    where = (atom[~alone], number)
    return _Holdings(
        np.bincount(atom[alone], minlength=units.atoms).astype(float),
        _two_largest(atom[alone], size[alone], units.atoms),
        sp.coo_matrix((size[~alone], where), shape).tocsr(),
        sp.coo_matrix((np.ones(len(number)), where), shape).tocsr(),
    )


def _measure(holdings: _Holdings, atoms: BoolArray) -> tuple[float, float, float]:
    """Count the holdings of some atoms, and find the two largest contributions of holdings."""
    chosen = np.flatnonzero(atoms)
    parts = holdings.parts[chosen]
    sums = np.bincount(parts.indices, parts.data, minlength=1)
    present = np.count_nonzero(np.bincount(holdings.units[chosen].indices, minlength=1))
    largest, second = _of_two(np.concatenate([holdings.largest[:, chosen].ravel(), sums]))
    return float(holdings.alone[chosen].sum() + present), largest, second


def _of_two(sizes: FloatArray) -> tuple[float, float]:
    """Find the two largest of sizes that are not negative; 0 for those that are not there."""
    if len(sizes) < 2:
        return (float(sizes[0]) if len(sizes) else 0.0), 0.0
    second, first = np.partition(sizes, -2)[-2:]
    return float(first), float(second)


def _sums(atom: IntArray, numbers: FloatArray, atoms: int) -> FloatArray:
    """Add up numbers by atom."""
    return np.bincount(atom, numbers, minlength=atoms).astype(float)


def _smallest(atom: IntArray, values: FloatArray, atoms: int) -> FloatArray:
    """Find the smallest value of each atom, 0 without any."""
    smallest = np.zeros(atoms)
    order, starts, present = _by_atom(atom, atoms)
    if len(order):
        smallest[present] = np.minimum.reduceat(values[order], starts)
    return smallest


def _two_largest(atom: IntArray, size: FloatArray, atoms: int) -> FloatArray:
    """Find the two largest contributions of each atom, shape (2, atoms); 0 for those that are not there."""
    largest = np.zeros((2, atoms))
    order, starts, present = _by_atom(atom, atoms)
    if not len(order):
        return largest
    ordered = size[order]
    largest[0, present] = np.maximum.reduceat(ordered, starts)
    top = np.flatnonzero(ordered == largest[0][atom[order]])
    _, first = np.unique(atom[order][top], return_index=True)
    ordered[top[first]] = 0.0
    largest[1, present] = np.maximum.reduceat(ordered, starts)
    return largest


def _by_atom(atom: IntArray, atoms: int) -> tuple[IntArray, IntArray, IntArray]:
    """Order rows by their atom; return the order, where each atom starts in it, and the atoms that have rows."""
    counts = np.bincount(atom, minlength=atoms)
    order = sp.csr_matrix((np.ones(len(atom), np.int8), (atom, np.arange(len(atom)))), (atoms, len(atom))).indices
    present = np.flatnonzero(counts)
    return order.astype(np.int64), (np.cumsum(counts) - counts)[present], present

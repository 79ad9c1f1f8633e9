"""The sets of units behind numbers, and what a source of units says of them. They stay inside."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from si_eval.stats import BoolArray, FloatArray, IntArray, distinct
from si_eval.vocabulary import DENOMINATOR, NUMERATOR

Value = str | int | float | bool
Conditions = tuple[tuple[str, tuple[Value, ...]], ...]
OTHER_YEAR = re.compile(r"in year (-?\d+)( with a value)?: (.*)", re.DOTALL)


@dataclass(frozen=True)
class UnitSet:
    """The units of one population and year that have certain values in certain columns.

    Attributes
    ----------
    population : str
        The key of the `UnitSource` that knows them: rules, units set aside, participants and data.
    year : int or None
        None for units without a year.
    where : tuple of (str, tuple of values)
        Columns in alphabetical order, each once, with the values of the units; no values: any value that is not
        missing. The group is the column ``participant``. A column may be that of another year (`column_in`).
    """

    population: str
    year: int | None
    where: Conditions = ()

    def limited(self, where: Conditions) -> UnitSet:
        """Return the units among these that meet further conditions; one on the same column takes its place."""
        return UnitSet(self.population, self.year, tuple(sorted({**dict(self.where), **dict(where)}.items())))


@dataclass(frozen=True)
class Cell:
    """What is added up over a set of units: 1 for each (``variable`` is empty), or a variable where it has a value.

    A unit that a rule set sets aside for a variable has no value of it.
    """

    units: UnitSet
    variable: str = ""


@dataclass(frozen=True, eq=False)
class EstimateUnits:
    """The units behind an estimate: who is treated, and who they are compared with.

    Two are equal where ``digest`` and ``indicator`` are. Its text shows no id.

    Attributes
    ----------
    population, universe : str
        The keys of the source that knows the units.
    indicator : str
        What is estimated of them: estimates of other indicators or periods are not compared with this one.
    digest : str
        The hash of the ids on both sides.
    n_treated, n_controls : int
        The number of units on each side.
    ids : array, shape (n,)
        Units among which both sides are: one array for all estimates of a table.
    sides : array, shape (2, n / 8)
        Who of them is treated and who is a control, as packed bits.
    """

    population: str
    universe: str
    indicator: str
    digest: str
    n_treated: int
    n_controls: int
    ids: IntArray = field(repr=False)
    sides: NDArray[np.uint8] = field(repr=False)

    @classmethod
    def of(cls, source: UnitSource, indicator: str, treated: IntArray, controls: IntArray) -> EstimateUnits:
        """Make the units of an estimate of ids, in any order."""
        both = [distinct(np.asarray(one, dtype=np.int64)) for one in (treated, controls)]
        ids = distinct(np.concatenate(both))
        return cls.among(source, indicator, ids, np.packbits([np.isin(ids, one) for one in both], axis=1))

    @classmethod
    def among(cls, source: UnitSource, indicator: str, ids: IntArray, sides: NDArray[np.uint8]) -> EstimateUnits:
        """Make the units of an estimate of packed bits, which say who of ``ids`` is on which side."""
        treated, controls = (_chosen(ids, side) for side in sides)
        content = hashlib.sha256(f"{source.universe} {len(treated)} {len(controls)} ".encode())
        for one in (treated, controls):
            content.update(one.astype("<i8").tobytes())
        counts = len(treated), len(controls)
        return cls(source.population, source.universe, indicator, content.hexdigest(), *counts, ids, sides)

    @property
    def treated(self) -> IntArray:
        """Ids of the treated units, ascending."""
        return _chosen(self.ids, self.sides[0])

    @property
    def controls(self) -> IntArray:
        """Ids of the units that they are compared with, ascending."""
        return _chosen(self.ids, self.sides[1])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EstimateUnits) and (self.digest, self.indicator) == (other.digest, other.indicator)

    def __hash__(self) -> int:
        return hash((self.digest, self.indicator))


RestsOn = tuple[Cell | EstimateUnits, ...]  # of one number


class AtomSums(NamedTuple):
    """What each atom has of a variable, each of shape (atoms,).

    ``smallest`` is the smallest value, 0 without any. ``alone`` is the number of units that are private and holdings of
    their own, ``shared`` what all others contribute in absolute terms.
    """

    n_units: FloatArray
    total: FloatArray
    absolute: FloatArray
    squares: FloatArray
    smallest: FloatArray
    alone: FloatArray
    shared: FloatArray


class Contributions(NamedTuple):
    """What a set of units has of a variable: counts, sums and the largest contributions, in absolute terms.

    ``total`` is the sum and ``absolute`` that of absolute values; contributions that are not there are 0. Without a
    variable each unit contributes 1. Holdings are enterprise groups, where a unit without one is its own; what is
    ``private`` is of holdings whose public units are left out.
    """

    n_units: float
    n_holdings: float
    n_public: float
    private_holdings: float
    total: float
    absolute: float
    largest: float
    second_largest: float
    holding_largest: float
    holding_second: float
    public_total: float
    private_largest: float
    private_second: float


class Partition(Protocol):
    """The finest partition of the units of one year by cells: units that are in the same cells are one atom.

    Units with and without a value are different atoms where a cell asks for the variable.
    """

    @property
    def cells(self) -> Sequence[Cell]:
        """The cells, as they were asked for."""
        ...

    @property
    def members(self) -> sp.csr_matrix:
        """1 where the units of an atom are in a cell (and have a value of its variable), shape (cells, atoms)."""
        ...

    @property
    def n_units(self) -> FloatArray:
        """The number of units of each atom, shape (atoms,)."""
        ...

    @property
    def variables(self) -> Sequence[str]:
        """The name of the values of each cell, by which `sums` and `contributions` know them.

        Cells whose values are the same for every unit that has both share one; those of another population may have
        one of their own. It is empty for cells that count units.
        """
        ...

    def sums(self, variable: str) -> AtomSums:
        """Add up the values of each atom; the empty variable counts its units."""
        ...

    def contributions(self, atoms: BoolArray, variable: str) -> Contributions:
        """Measure a union of atoms; ``atoms`` is of shape (atoms,)."""
        ...


class UnitSource(Protocol):
    """Who knows the units behind numbers: a panel."""

    @property
    def population(self) -> str:
        """The key that is equal for equal units with equal values, whatever panel they were taken from."""
        ...

    @property
    def universe(self) -> str:
        """The key of all sources that give a unit the same id: sets of them can be compared unit by unit."""
        ...

    @property
    def fingerprint(self) -> str:
        """The key of the data that the source was made of."""
        ...

    def weight_of(self, variable: str) -> str:
        """Return the name of the weights that values of a variable are multiplied by; empty for none."""
        ...

    def partition(self, cells: Sequence[Cell], others: Mapping[str, UnitSource]) -> Partition:
        """Partition the units of a year by cells of that year; ``others`` are the sources of other populations."""
        ...


def numerator_of(indicator: str) -> str:
    """Name the variable whose sum, over the units that have the indicator, is the upper part of its ratio of sums."""
    return f"{NUMERATOR} of {indicator}"


def denominator_of(indicator: str) -> str:
    """Name the variable whose sum, over the units that have the indicator, is the lower part of its ratio of sums."""
    return f"{DENOMINATOR} of {indicator}"


def column_in(column: str, year: int) -> str:
    """Name a column of the same units in another year."""
    return f"in year {year}: {column}"


def value_in(indicator: str, year: int) -> str:
    """Name the column that has a value where a unit has one of an indicator in another year."""
    return f"in year {year} with a value: {indicator}"


def other_year_of(name: str) -> tuple[int, str, bool] | None:
    """Read the year, the column or indicator, and whether its value is meant; None for a column of the same year."""
    found = OTHER_YEAR.fullmatch(name)
    return None if found is None else (int(found[1]), found[3], found[2] is not None)


def _chosen(ids: IntArray, bits: NDArray[np.uint8]) -> IntArray:
    """Return the ids that packed bits choose, ascending."""
    chosen = ids[np.unpackbits(bits, count=len(ids)).astype(np.bool_)]
    return chosen if np.all(chosen[1:] > chosen[:-1]) else np.sort(chosen)

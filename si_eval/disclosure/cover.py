"""The cover table: every cell that a request, its margins and what outsiders know speak of."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

UNITS = "units"  # the variable of counts; every other variable is an indicator whose values add up
SAME = 1e-9  # relative: what floating point may do to a sum that two tables repeat
AND = " | "  # joins the values of several filters in one category


class Place(NamedTuple):
    """Where a cell stands; ``all`` where a dimension is not split."""

    group: str
    year: str
    size_class: str
    sector: str
    category: str


@dataclass
class Cell:
    """One variable, place and population: its number of units, its sum, and what the rules need to judge it.

    ``counted`` is the number that the rules count (holdings, without public units); ``absolute`` a lower bound of the
    sum of absolute values, ``squares`` the sum of squares where a standard error gives it. ``fixed``: outsiders have
    it, so it cannot be withheld. ``hidden``: it is printed nowhere but follows from what is (a remainder or a
    difference between populations). ``unknown``: it is printed nowhere and only ties other cells together; its values
    are some that agree with what is printed. ``derived``: so, but its values follow from what is printed.
    """

    variable: str
    place: Place
    n: float
    total: float = math.nan
    counted: float = math.nan
    largest: float = math.nan
    second: float = math.nan
    absolute: float = math.nan
    squares: float = math.nan
    tables: set[int] = field(default_factory=set)
    weight: float = 0.0
    fixed: bool = False
    hidden: bool = False
    unknown: bool = False
    derived: bool = False
    loose: bool = False
    auxiliary: bool = True
    reason: str = ""

    @property
    def empty(self) -> bool:
        """Whether everyone knows that the cell holds no unit."""
        return self.hidden and self.fixed and self.n == 0

    @property
    def value(self) -> float:
        """Return what adds up: the count of a count, the sum of an indicator."""
        return self.n if self.variable == UNITS else self.total


Equation = dict[int, float]


class Cover:
    """Holds the cells, and finds the one that a figure speaks of."""

    def __init__(self) -> None:
        self.cells: list[Cell] = []
        self._versions: dict[tuple[str, Place], list[int]] = defaultdict(list)

    def versions(self, variable: str, place: Place) -> list[int]:
        """List the cells of one variable and place, one for each population."""
        return self._versions.get((variable, place), [])

    def cell(self, variable: str, place: Place, n: float, total: float = math.nan, *, loose: bool = False) -> int:
        """Return the number of the cell with this count and sum; it is added if it is not there yet."""
        for number in self.versions(variable, place):
            cell = self.cells[number]
            if cell.loose == loose and cell.n == n and (loose or variable == UNITS or same_sum(cell.total, total)):
                return number
        self.cells.append(Cell(variable, place, n, total, loose=loose))
        self._versions[variable, place].append(len(self.cells) - 1)
        return len(self.cells) - 1

    def hide(self, variable: str, place: Place, n: float, total: float, *, largest: float, second: float) -> int:
        """Add a cell that is printed nowhere but follows from what is."""
        absolute = abs(total)
        self.cells.append(Cell(variable, place, n, total, n, largest, second, absolute, hidden=True, auxiliary=False))
        return len(self.cells) - 1

    def open_cell(self, variable: str, place: Place, *, empty: bool = False) -> int:
        """Add a cell that is printed nowhere, whose values nobody gives; an ``empty`` one is known to hold no unit."""
        cell = Cell(variable, place, math.nan, hidden=True, unknown=True, auxiliary=False)
        if empty:
            cell = Cell(variable, place, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, hidden=True, fixed=True, auxiliary=False)
        self.cells.append(cell)
        self._versions[variable, place].append(len(self.cells) - 1)
        return len(self.cells) - 1

    def derived_cell(self, variable: str, place: Place, n: float, total: float) -> int:
        """Add a version of a cell that is printed nowhere and whose values follow from what is."""
        cell = Cell(variable, place, n, total, n, absolute=abs(total), hidden=True, derived=True, auxiliary=False)
        self.cells.append(cell)
        self._versions[variable, place].append(len(self.cells) - 1)
        return len(self.cells) - 1

    def forget_place(self, number: int) -> None:
        """Keep a cell out of the search for the cell of a place: it is a remainder."""
        cell = self.cells[number]
        self._versions[cell.variable, cell.place].remove(number)

    def forget(self, numbers: Iterable[int]) -> None:
        """Take cells out of every sum."""
        for number in numbers:
            cell = self.cells[number]
            self._versions[cell.variable, cell.place].remove(number)
            cell.loose, cell.unknown, cell.n, cell.total = True, False, math.nan, math.nan


def same_sum(first: float, second: float) -> bool:
    """Whether two sums are the same but for floating point; two missing ones are."""
    return (math.isnan(first) and math.isnan(second)) or math.isclose(first, second, rel_tol=SAME, abs_tol=SAME)

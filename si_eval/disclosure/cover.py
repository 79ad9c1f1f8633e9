"""The cover table: every cell that a request rests on, as a union of atoms of the finest partition of its units."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from si_eval.disclosure.declared import DeclaredPartition
from si_eval.disclosure.rules import DisclosureRules
from si_eval.errors import DisclosureError
from si_eval.results import AtomSums, Cell, Contributions, Partition, UnitSet, UnitSource
from si_eval.stats import BoolArray, FloatArray
from si_eval.vocabulary import (
    ALL,
    NON_PARTICIPANTS,
    PARTICIPANT,
    PARTICIPANTS,
    SECTOR,
    SIZE_CLASS,
    SIZE_CLASS_4,
)

UNITS = "units"  # the variable of counts; every other variable adds up values
TOTAL_COST = 0.1  # for each dimension that a cell sums over
UNITS_COST = 0.25  # for each factor of ten in the number of units
FOLLOWING = 0.5  # what a ratio of sums is worth, beside the mean that would be withheld in its stead
LEAST = 1e-3  # of a cell whose rows are worth nothing
COUNT_WIDTH = 0.2  # half-width of the interval of a withheld count, relative; at least 1
PARTS_OF_PLACE = 3  # columns beside the group that a table is split by, at most, for what a total costs


@dataclass
class CoverCell:
    """A sum, or a number of units, over a union of atoms.

    ``definitions`` are the sets of units that are this union; it has none where it is what is left of others.
    ``printed``: a row tells its sum, or two do (``follows``: a ratio and its other part). ``fixed``: outsiders have it.
    ``with_squares``: a standard error is printed. ``essential``: the number of units alone is what a row is about, not
    beside a value.
    """

    block: int
    variable: str
    atoms: BoolArray
    given: Contributions
    squares: float
    smallest: float
    definitions: list[Cell] = field(default_factory=list)
    tables: set[int] = field(default_factory=set)
    weight: float = 0.0
    printed: bool = False
    follows: bool = False
    fixed: bool = False
    essential: bool = False
    with_squares: bool = False
    reason: str = ""

    @property
    def is_rest(self) -> bool:
        """Whether the cell is what is left of others, and no row is about it."""
        return not self.definitions

    @property
    def hidden(self) -> bool:
        """Whether no row tells the sum or the number of units that the cell is about."""
        return self.is_rest or not (self.printed or self.fixed)

    @property
    def n(self) -> float:
        """Return the number of units."""
        return self.given.n_units

    @property
    def total(self) -> float:
        """Return the sum; 0 of a cell whose sum no row tells."""
        return 0.0 if math.isnan(self.given.total) else self.given.total

    @property
    def value(self) -> float:
        """Return what adds up: the number of units of a count, the sum of a variable."""
        return self.n if self.variable == UNITS else self.total

    @property
    def units(self) -> UnitSet | None:
        """Return the first set of units that is this one."""
        return self.definitions[0].units if self.definitions else None


@dataclass
class Block:
    """The units of one universe and year, partitioned by every cell of it; ``n_units`` has a place for each atom.

    Atoms beyond those of the partition are combinations that hold nobody and that a count of nobody is about.
    """

    universe: str
    year: int | None
    partition: Partition
    empty: int = 0
    _sums: dict[str, AtomSums] = field(default_factory=dict, repr=False)

    @property
    def n_units(self) -> FloatArray:
        """Return the number of units of each atom."""
        return np.append(self.partition.n_units, np.zeros(self.empty))

    def sums(self, variable: str) -> AtomSums:
        """Return what each atom has of a variable."""
        if variable not in self._sums:
            found = self.partition.sums("" if variable == UNITS else variable)
            self._sums[variable] = AtomSums(*(np.append(one, np.zeros(self.empty)) for one in found))
        return self._sums[variable]

    @property
    def knows_units(self) -> bool:
        """Whether the units of each atom are known, rather than what rows say of their cells."""
        return not isinstance(self.partition, DeclaredPartition)

    def contributions(self, atoms: BoolArray, variable: str) -> Contributions:
        """Measure a union of atoms."""
        return self.partition.contributions(self._kept(atoms), "" if variable == UNITS else variable)

    def squares(self, atoms: BoolArray, variable: str) -> float:
        """Add up the squares of the values of a union of atoms; missing where nothing tells of them."""
        if isinstance(self.partition, DeclaredPartition):
            return self.partition.squares(self._kept(atoms), variable)
        return float(self.sums(variable).squares[atoms].sum())

    def _kept(self, atoms: BoolArray) -> BoolArray:
        """Leave out the combinations that hold nobody."""
        return atoms[: len(atoms) - self.empty] if self.empty else atoms


class Cover:
    """The cells of a request, of earlier releases and of what outsiders know, and their blocks."""

    def __init__(self) -> None:
        self.cells: list[CoverCell] = []
        self.blocks: list[Block] = []
        self.number_of: dict[Cell, int] = {}
        self._numbers: dict[tuple[int, str, bytes], int] = {}

    @classmethod
    def of(cls, cells: Iterable[Cell], sources: Mapping[str, UnitSource]) -> Cover:
        """Partition the units of every universe and year by all cells of it.

        Raises `DisclosureError` for a cell of a population that no source knows.
        """
        cover = cls()
        asked: dict[tuple[str, int | None], list[Cell]] = defaultdict(list)
        for cell in dict.fromkeys(cells):
            source = sources.get(cell.units.population)
            if source is None:
                raise DisclosureError(
                    "protect: found numbers of units that no source knows; expected the source of each table's units; "
                    "give tables as the comparisons return them"
                )
            asked[source.universe, cell.units.year].append(cell)
        for (universe, year), several in asked.items():
            _refuse_two_weights(several, sources)
            partition = sources[several[0].units.population].partition(several, sources)
            cover._add_block(universe, year, partition, several)
        return cover

    def _add_block(self, universe: str, year: int | None, partition: Partition, cells: Sequence[Cell]) -> None:
        """Add the cells of one universe and year."""
        members = sp.csr_matrix(partition.members).astype(bool).toarray()
        empty = [place for place, cell in enumerate(cells) if not cell.variable and not members[place].any()]
        nobody = np.array([[holds(cell.units, cells[place].units) for place in empty] for cell in cells], dtype=bool)
        counting = np.array([not cell.variable for cell in cells])
        nobody = nobody.reshape(len(cells), len(empty)) & counting[:, None]
        members = np.hstack([members, nobody])
        self.blocks.append(Block(universe, year, partition, len(empty)))
        for place, cell in enumerate(cells):
            variable = partition.variables[place] or UNITS
            number = self.add(len(self.blocks) - 1, variable, members[place])
            self.cells[number].definitions.append(cell)
            self.number_of[cell] = number

    def add(self, block: int, variable: str, atoms: BoolArray) -> int:
        """Return the number of the cell that is this union of atoms; it is added if it is not there yet."""
        key = (block, variable, np.packbits(atoms).tobytes())
        if key not in self._numbers:
            home = self.blocks[block]
            sums = home.sums(variable)
            some = atoms & (sums.n_units > 0)
            squares = home.squares(atoms, variable)
            smallest = float(sums.smallest[some].min(initial=math.inf)) if some.any() else 0.0
            given = home.contributions(atoms, variable)
            self._numbers[key] = len(self.cells)
            self.cells.append(CoverCell(block, variable, atoms, given, squares, smallest))
        return self._numbers[key]

    def of_block(self, block: int, variable: str | None = None) -> list[int]:
        """List the cells of a block; with a variable, those of it."""
        return [
            number
            for number, cell in enumerate(self.cells)
            if cell.block == block and (variable is None or cell.variable == variable)
        ]


def _refuse_two_weights(cells: Sequence[Cell], sources: Mapping[str, UnitSource]) -> None:
    """Raise `DisclosureError` for values of one variable that are weighed in one population and not in another.

    Where every unit was asked the weight is 1 and both are the same figure, over units that may differ by one; where it
    is not they are two variables. No partition into atoms of one variable says that.
    """
    weights: dict[str, set[str]] = defaultdict(set)
    for population, variable in {(cell.units.population, cell.variable) for cell in cells if cell.variable}:
        weights[variable].add(sources[population].weight_of(variable))
    mixed = sorted(variable for variable, several in weights.items() if len(several) > 1)
    if mixed:
        raise DisclosureError(
            f"protect: found {', '.join(mixed)} weighed by some rule sets and not by others; expected one of the two "
            "in a request and the releases before it: where every firm was asked both are the same figure, and their "
            "difference would tell of the firms between two populations; give the rule sets the same `weights`"
        )


def holds(wide: UnitSet, narrow: UnitSet) -> bool:
    """Whether the definition of one set says that it holds all of another."""
    conditions = dict(narrow.where)
    return (wide.population, wide.year) == (narrow.population, narrow.year) and all(
        column in conditions and (not values or (conditions[column] and set(conditions[column]) <= set(values)))
        for column, values in wide.where
    )


def cost_of(cell: CoverCell) -> float:
    """Compute what it costs to withhold a cell: more for many units, for totals, and for exhibits with priority."""
    if cell.is_rest:
        return 0.0
    columns = min(sum(column != "participant" for column, _ in cell.definitions[0].units.where), PARTS_OF_PLACE)
    totals = PARTS_OF_PLACE - columns
    weight = cell.weight * (FOLLOWING if cell.follows else 1.0)
    return max(weight, LEAST) * (1.0 + UNITS_COST * math.log10(1.0 + cell.n)) * (1.0 + TOTAL_COST * totals)


def width_of(cell: CoverCell, rules: DisclosureRules, *, counts: bool = False) -> float:
    """Compute how far an unsafe cell must stay open on each side: its sum, or its number of units."""
    if counts or cell.variable == UNITS:
        return width_of_count(cell.n)
    largest = 0.0 if math.isnan(cell.given.largest) else cell.given.largest
    return rules.protection * max(abs(cell.value), largest)


def width_of_count(n: float) -> float:
    """Compute how far a withheld number of units must stay open on each side."""
    return max(1.0, COUNT_WIDTH * n)


def describe_place(cell: CoverCell) -> tuple[str, str, str, str, str]:
    """Return group, year, size class, sector and category of a cell; what is left of a cell has no place of its own."""
    units = cell.units
    if units is None:
        return "rest", "", "", "", ""
    labels = {name: "+".join(map(str, values)) for name, values in units.where}
    group = {"True": PARTICIPANTS, "False": NON_PARTICIPANTS}.get(labels.get(PARTICIPANT, ""), ALL)
    sizes = [labels[name] for name in (SIZE_CLASS, SIZE_CLASS_4) if name in labels]
    apart = (PARTICIPANT, SIZE_CLASS, SIZE_CLASS_4, SECTOR)
    others = [f"{name} {text}".strip() for name, text in labels.items() if name not in apart]
    year = ALL if units.year is None else str(units.year)
    return group, year, " · ".join(sizes) or ALL, labels.get(SECTOR, ALL), " · ".join(others) or ALL

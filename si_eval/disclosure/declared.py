"""Tables that no panel is behind: their cells are declared by their tidy columns, and partitioned by labels."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from si_eval.results import AtomSums, Cell, Conditions, Contributions, UnitSource
from si_eval.stats import BoolArray, FloatArray

DECLARED = "declared"  # begins the key of a population whose units no source knows
ALONE = "alone"  # a column of a cell that adds up with nothing
REST = ""  # the units that have none of the labels seen
CLOSE = 1e-9  # relative: the same number, written twice
NOTHING = Contributions(*[math.nan] * len(Contributions._fields))
MAX_ATOMS = 20_000


class Declared(NamedTuple):
    """What a row says of a cell: its sum, what it is judged by, and the sum of squares that a standard error gives."""

    total: float
    given: Contributions
    squares: float = math.nan

    @property
    def n(self) -> float:
        """Return the number of units."""
        return self.given.n_units


@dataclass
class DeclaredUnits:
    """A source of units that knows what rows say of their cells, and nothing of any unit."""

    cells: dict[Cell, Declared] = field(default_factory=dict)
    universe: str = DECLARED
    fingerprint: str = ""
    population: str = DECLARED
    _versions: dict[tuple[int, str], int] = field(default_factory=dict, repr=False)

    def declare(self, cell: Cell, said: Declared, table: int) -> Cell:
        """Keep what a row says of a cell, and return the cell: that of another population where the numbers differ.

        A table is about one population, so that the one of its earlier cells is tried first.
        """
        name = cell.units.population
        version = self._versions.get((table, name), 1)
        while True:
            placed = replace(cell, units=replace(cell.units, population=name if version == 1 else f"{name} #{version}"))
            known = self.cells.get(placed)
            if known is None or (_same(known.n, said.n) and _same(known.total, said.total)):
                self.cells[placed] = said if known is None else _join(known, said)
                self._versions[table, name] = version
                return placed
            version += 1

    def near(self, least: int) -> Iterator[tuple[Cell, Cell]]:
        """List the pairs of cells of two populations at one place that differ by a few units, the earlier first."""
        versions: dict[Cell, list[Cell]] = defaultdict(list)
        for cell in self.cells:
            name = cell.units.population.split(" #")[0]
            versions[replace(cell, units=replace(cell.units, population=name))].append(cell)
        for several in versions.values():
            for one, other in combinations(several, 2):
                if abs(self.cells[one].n - self.cells[other].n) < least:
                    yield one, other

    def weight_of(self, variable: str) -> str:
        """Return nothing: what is declared is what is printed."""
        return ""

    def partition(self, cells: Sequence[Cell], others: Mapping[str, UnitSource]) -> DeclaredPartition:
        """Partition by labels: a label of a column is an atom of it, and ``all`` their union with a rest."""
        groups: dict[tuple[str, str], list[int]] = defaultdict(list)
        for place, cell in enumerate(cells):
            groups[cell.units.population, cell.variable].append(place)
        blocks = [
            block
            for places in _with_equal_counts(groups, cells, self.cells)
            for block in _blocks(places, cells, self.cells)
        ]
        return _join_blocks(cells, self.cells, blocks)


@dataclass(frozen=True)
class DeclaredPartition:
    """The atoms of declared cells, with numbers that agree with what the rows say, as `Partition` describes them.

    ``totals`` are missing where an atom has no unit with a value; ``said`` is what rows say, by variable and atoms.
    """

    cells: Sequence[Cell]
    members: sp.csr_matrix
    n_units: FloatArray
    variables: Sequence[str]
    totals: Mapping[str, FloatArray]
    said: Mapping[tuple[str, bytes], Declared]

    def sums(self, variable: str) -> AtomSums:
        """Return sums that agree with the rows; which of all that do is not known."""
        total = self.totals[variable] if variable else self.n_units
        units = np.where(np.isnan(total), 0.0, self.n_units)
        total = np.nan_to_num(total)
        unknown, nothing = np.full(len(total), math.nan), np.zeros(len(total))
        return AtomSums(units, total, np.abs(total), unknown, np.minimum(total, 0.0), units, nothing)

    def contributions(self, atoms: BoolArray, variable: str) -> Contributions:
        """Return what a row says of a union of atoms; of others the sums alone."""
        found = self.said.get((variable, np.packbits(atoms).tobytes()))
        if found is not None:
            given = found.given
            if variable and math.isnan(given.largest):
                largest, second = self._largest(atoms, variable)
                given = given._replace(largest=largest, second_largest=second)
            return given
        sums = self.sums(variable)
        n, total = float(sums.n_units[atoms].sum()), float(sums.total[atoms].sum())
        largest, second = self._largest(atoms, variable)
        return NOTHING._replace(
            n_units=n, n_holdings=n, n_public=0.0, private_holdings=n, total=total, absolute=abs(total),
            public_total=0.0, largest=largest, second_largest=second,
        )  # fmt: skip

    def _largest(self, atoms: BoolArray, variable: str) -> tuple[float, float]:
        """Find the two largest contributions of cells that make up a union, or of a whole that its other parts lack."""
        sets = self._sets_of(variable)
        parts = _tile(atoms, [one for one in sets if (one[0] != atoms).any()])
        if parts is not None:
            return _two_of([value for one in parts for value in _pair(one)])
        for mask, whole in sets:
            if (mask >= atoms).all():
                others = _tile(mask & ~atoms, sets)
                if others is not None:
                    theirs = [value for one in others for value in _pair(one)]
                    own = [value for value in _pair(whole) if not any(_same(value, other) for other in theirs)]
                    return _two_of(own)
        return math.nan, math.nan

    def _sets_of(self, variable: str) -> list[tuple[BoolArray, Declared]]:
        """List the cells of a variable with their atoms, the widest first."""
        size = self.members.shape[1]
        found = [
            (np.unpackbits(np.frombuffer(key, dtype=np.uint8), count=size).astype(bool), one)
            for (name, key), one in self.said.items()
            if name == variable
        ]
        return sorted(found, key=lambda one: -one[0].sum())

    def squares(self, atoms: BoolArray, variable: str) -> float:
        """Return the sum of squares that a row tells of a union of atoms; missing where none does."""
        found = self.said.get((variable, np.packbits(atoms).tobytes()))
        return math.nan if found is None else found.squares


def _same(one: float, other: float) -> bool:
    return (math.isnan(one) or math.isnan(other)) or math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)


def _tile(atoms: BoolArray, sets: Sequence[tuple[BoolArray, Declared]]) -> list[Declared] | None:
    """Choose disjoint cells that make up a union, the widest first; None where what is left is no cell."""
    left, chosen = atoms.copy(), list[Declared]()
    for mask, one in sets:
        if mask.any() and (mask <= left).all():
            chosen.append(one)
            left &= ~mask
    return None if left.any() else chosen


def _pair(one: Declared) -> tuple[float, float]:
    given = one.given
    holding = not math.isnan(given.holding_largest)
    return (given.holding_largest, given.holding_second) if holding else (given.largest, given.second_largest)


def _two_of(values: Sequence[float]) -> tuple[float, float]:
    """Return the two largest of some contributions; missing where one of them is."""
    if not values or any(math.isnan(value) for value in values):
        return math.nan, math.nan
    first, second = sorted([*values, 0.0], reverse=True)[:2]
    return first, second


def _join(one: Declared, other: Declared) -> Declared:
    """Join what two rows say of a cell: the least that counts, the first of each other number that is given."""
    first, second = one.given, other.given
    given = Contributions(*(b if math.isnan(a) else a for a, b in zip(first, second, strict=True)))
    least = {
        name: _least(getattr(first, name), getattr(second, name), given.n_units)
        for name in ("n_holdings", "private_holdings")
    }
    absolute = -_least(-first.absolute, -second.absolute)
    total = other.total if math.isnan(one.total) else one.total
    squares = other.squares if math.isnan(one.squares) else one.squares
    return Declared(total, given._replace(**least, absolute=absolute), squares)


def _least(*values: float) -> float:
    """Return the least of the values that are given."""
    return min((value for value in values if not math.isnan(value)), default=math.nan)


def _with_equal_counts(
    groups: Mapping[tuple[str, str], Sequence[int]], cells: Sequence[Cell], said: Mapping[Cell, Declared]
) -> list[list[int]]:
    """Join the variables of a population whose numbers of units agree wherever both are told: of the same units."""
    joined: list[tuple[str, dict[Conditions, float], list[int]]] = []
    for (population, _), places in groups.items():
        counts = {cells[place].units.where: said[cells[place]].n for place in places}
        for name, known, members in joined:
            common = known.keys() & counts.keys()
            if name == population and common and all(_same(known[where], counts[where]) for where in common):
                known.update(counts)
                members.extend(places)
                break
        else:
            joined.append((population, counts, list(places)))
    return [members for _, _, members in joined]


class _Block(NamedTuple):
    """Some cells and their atoms: which cell has which, shape (cells, atoms), with units and sums of each atom."""

    places: list[int]
    holds: BoolArray
    n_units: FloatArray
    totals: dict[str, FloatArray]


def _blocks(places: Sequence[int], cells: Sequence[Cell], said: Mapping[Cell, Declared]) -> list[_Block]:
    """Make the atoms of some cells; where they do not add up, those of each category apart, or each cell's own."""
    together = [place for place in places if not any(column == ALONE for column, _ in cells[place].units.where)]
    alone = [[place] for place in places if place not in together]
    block = _block(together, cells, said) if together else None
    if block is None and together:
        apart: dict[object, list[int]] = defaultdict(list)
        for place in together:
            apart[dict(cells[place].units.where).get("category")].append(place)
        alone += list(apart.values())
    blocks = [] if block is None else [block]
    for several in alone:
        own = _block(several, cells, said)
        blocks += [own] if own is not None else [one for place in several if (one := _block([place], cells, said))]
    return blocks


def _block(places: Sequence[int], cells: Sequence[Cell], said: Mapping[Cell, Declared]) -> _Block | None:
    """Make the atoms of cells that may add up: the combinations of their labels that may have units.

    Returns None where no numbers of units and sums agree with all that is said.
    """
    conditions = [dict(cells[place].units.where) for place in places]
    columns = list(dict.fromkeys(column for one in conditions for column in one))
    labels = [
        [*dict.fromkeys(value for one in conditions for value in one.get(column, ())), REST] for column in columns
    ]
    if math.prod(map(len, labels)) > MAX_ATOMS:
        return None
    atoms = list(product(*labels))
    holds = np.array(
        [
            [all(atom[at] in one[column] for at, column in enumerate(columns) if column in one) for atom in atoms]
            for one in conditions
        ],
        dtype=bool,
    )
    counts = np.array([said[cells[place]].n for place in places])
    possible = holds.any(axis=0) & ~_known_empty(holds, counts)
    holds = holds[:, possible]
    distinct, first = np.unique(holds, axis=1, return_index=True)
    holds = holds[:, np.sort(first)] if distinct.size else holds
    n_units = _agreeing(holds, counts, signed=False)
    if n_units is None:
        return None
    totals: dict[str, FloatArray] = {}
    for variable in dict.fromkeys(cells[place].variable for place in places):
        mine = [row for row, place in enumerate(places) if cells[place].variable == variable]
        if variable:
            sums = np.nan_to_num([said[cells[places[row]]].total for row in mine])
            found = _agreeing(holds[mine], sums, signed=bool((sums < 0).any()))
            if found is None:
                return None
            totals[variable] = np.where(holds[mine].any(axis=0), found, math.nan)
    return _Block(list(places), holds, n_units, totals)


def _known_empty(holds: BoolArray, counts: FloatArray) -> BoolArray:
    """Say which atoms hold nobody: those of a cell of nobody, and of a whole that has no more units than its parts."""
    empty = holds[counts == 0].any(axis=0) if (counts == 0).any() else np.zeros(holds.shape[1], dtype=bool)
    again = True
    while again:
        again = False
        sets = holds & ~empty
        sizes = sets.sum(axis=1)
        for whole in range(len(sets)):
            inside = [row for row in range(len(sets)) if sizes[row] and not (sets[row] & ~sets[whole]).any()]
            chosen, taken = 0.0, np.zeros(holds.shape[1], dtype=bool)
            for row in sorted(inside, key=lambda row: (-counts[row], -sizes[row])):
                if row != whole and sizes[row] < sizes[whole] and not (sets[row] & taken).any():
                    taken |= sets[row]
                    chosen += counts[row]
            rest = sets[whole] & ~taken
            if chosen and math.isclose(chosen, counts[whole]) and rest.any():
                empty |= rest
                again = True
                break
    return empty


def _agreeing(holds: BoolArray, sums: FloatArray, *, signed: bool) -> FloatArray | None:
    """Find numbers of atoms that add up to what is said, spread evenly; None where there are none."""
    if not holds.shape[1]:
        return np.zeros(0)
    scale = max(float(np.abs(sums).max(initial=0.0)), 1e-12)
    size = holds.shape[1]
    # Two columns more for each sum: how much is too little, and too much.
    eye = np.eye(len(sums))
    matrix = sp.csr_matrix(np.hstack([holds.astype(float), eye, -eye]))
    costs = np.concatenate([np.zeros(size), np.ones(2 * len(sums))])
    bounds = [(None if signed else 0.0, None)] * size + [(0.0, None)] * (2 * len(sums))
    solved = linprog(costs, A_eq=matrix, b_eq=sums / scale, bounds=bounds, method="highs")
    if solved.status != 0 or solved.fun > 1e-6:
        return None
    return np.asarray(solved.x[:size] * scale)


def _join_blocks(cells: Sequence[Cell], said: Mapping[Cell, Declared], blocks: Sequence[_Block]) -> DeclaredPartition:
    """Put the atoms of blocks side by side."""
    width = sum(len(block.n_units) for block in blocks)
    members = np.zeros((len(cells), width), dtype=bool)
    names = sorted({cell.variable for cell in cells if cell.variable})
    totals = {name: np.full(width, math.nan) for name in names}
    start = 0
    for block in blocks:
        stop = start + len(block.n_units)
        members[np.array(block.places), start:stop] = block.holds
        for name, values in block.totals.items():
            totals[name][start:stop] = values
        start = stop
    known: dict[tuple[str, bytes], Declared] = {}
    for place, cell in enumerate(cells):
        key = cell.variable, np.packbits(members[place]).tobytes()
        known[key] = _join(known[key], said[cell]) if key in known else said[cell]
    n_units = np.concatenate([block.n_units for block in blocks]) if blocks else np.zeros(0)
    return DeclaredPartition(
        cells, sp.csr_matrix(members.astype(np.int8)), n_units, [cell.variable for cell in cells], totals, known
    )

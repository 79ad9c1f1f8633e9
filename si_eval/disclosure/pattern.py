"""Secondary suppression on one system of sums: a linear-programming heuristic with protection intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from si_eval.disclosure.cheapest import Flows, cheapest_pattern
from si_eval.disclosure.moves import REACH, KnownMoves, Programme
from si_eval.stats import FloatArray, IntArray

Equation = Mapping[int, float]
Target = tuple[tuple[int, ...], float]  # cells whose sum must stay open, and by how much on both sides
Side = tuple[int, float]  # the number of a target; up or down

MOVED = 1e-6  # a smaller move is noise of the solver
LITTLE = 1e-5  # cost of moving a cell that is withheld anyway, so that flows stay short
MAX_ROUNDS = 8
HALVINGS = 5
MAX_EXACT = 8_000  # size of the exact search: cells x targets of a part
WORTH_A_SEARCH = 1.0  # cost of the cells that a cheaper pattern could save
MAX_WORK = 400_000  # of the clean-up of a part: cells x linear programmes


@dataclass(frozen=True)
class System:
    """Cells with their values, the equations among them, and what it costs to withhold each.

    ``fixed`` cells cannot be withheld, ``hidden`` ones are printed nowhere; ``signed`` values may be negative.
    """

    values: FloatArray
    costs: FloatArray
    fixed: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    equations: tuple[Equation, ...]
    signed: bool = False


def complete_pattern(
    system: System,
    withheld: Iterable[int],
    targets: Sequence[Target],
    unsafe_union: Callable[[Sequence[int]], bool],
    union_level: Callable[[Sequence[int]], float],
    *,
    exact: bool,
    known: KnownMoves,
) -> set[int]:
    """Add cells to a pattern until no target can be inferred more narrowly than its level.

    ``unsafe_union`` judges the sum of the withheld cells of an equation, which anyone can compute: where it fails,
    more cells of that equation are withheld. With ``exact`` small parts are searched for the cheapest pattern of all.
    ``known`` are moves that were found before; those that are found are added. Returns all withheld cells.
    """
    pattern = set(withheld)
    for part in _parts(system, targets, known):
        mine = [target for target in targets if target[0][0] in part.places]
        before = {cell for cell in pattern if cell in part.places}
        grown, cost = _complete_part(part, before, mine, unsafe_union, union_level)
        if exact and cost >= WORTH_A_SEARCH and len(part.cells) * len(mine) <= MAX_EXACT:
            grown = part.cheapest(before, mine, unsafe_union, union_level, cost) or grown
        pattern |= grown
    return pattern


def _complete_part(
    part: Part,
    before: set[int],
    targets: Sequence[Target],
    unsafe_union: Callable[[Sequence[int]], bool],
    union_level: Callable[[Sequence[int]], float],
) -> tuple[set[int], float]:
    """Complete the pattern of one part, and say what that costs."""
    mine = list(targets)
    grown = part.protect(before, mine)
    for _ in range(MAX_ROUNDS):
        unions = _unsafe_unions(part, grown, unsafe_union)
        if not unions:
            break
        asked = [(union, union_level(union)) for union in unions]
        more = part.protect(grown, asked, unsafe_union=unsafe_union)
        mine += [target for target in asked if target not in mine]
        if more == grown:
            break
        grown = more  # of more withheld cells none is known better
    grown = part.clean(grown, before, mine, unsafe_union)
    return grown, part.cost(grown - before)


class Part:
    """The cells that equations connect, as a linear programme that is solved for one target after another."""

    def __init__(self, system: System, cells: Sequence[int], equations: Sequence[Equation], known: KnownMoves) -> None:
        self.system, self.known = system, known
        self.cells = np.array(cells)
        self.places = {int(cell): place for place, cell in enumerate(cells)}
        self.equations = equations
        rows, columns, factors = [], [], []
        for row, equation in enumerate(equations):
            for cell, factor in equation.items():
                if cell in self.places:
                    rows.append(row)
                    columns.append(self.places[cell])
                    factors.append(factor)
        shape = (len(equations), len(self.cells))
        self.matrix = sparse.csr_matrix((factors, (rows, columns)), shape=shape)
        self.values = system.values[self.cells]
        self.programme = Programme(self.matrix, self.values, signed=system.signed)

    def protect(
        self,
        pattern: set[int],
        targets: Sequence[Target],
        unsafe_union: Callable[[Sequence[int]], bool] | None = None,
    ) -> set[int]:
        """Withhold the cheapest cells that keep every target open on both sides."""
        grown, free = set(pattern), self._free(pattern)
        among = self._known_within(free)
        for cells, level in sorted(targets, key=lambda target: (-target[1], target[0])):
            costs = None
            for side in (1.0, -1.0):
                if len(self.known.opening(np.array(cells), level, side, among)):
                    continue
                if costs is None:
                    costs = self._costs(free)
                    if unsafe_union is not None:
                        self._prefer_enough(costs, cells, grown, unsafe_union)
                places = self._places_of(cells)
                move = self.programme.move(places, side * level, costs)
                if move is None:
                    move = self._furthest(places, side * level, costs)
                moved = np.where(free | (np.abs(move) > MOVED * level), move, 0.0)
                self._keep(moved)
                grown |= {int(cell) for cell in self.cells[(moved != 0) & ~free]}
                free = free | (moved != 0)
                among, costs = self._known_within(free), self._costs(free)
        return grown

    def clean(
        self,
        grown: set[int],
        before: set[int],
        targets: Sequence[Target],
        unsafe_union: Callable[[Sequence[int]], bool],
    ) -> set[int]:
        """Show again the cells that turned out not to be needed, the dearest first, as far as the work allows.

        A target stays open by the moves that were found for it, until one of the cells that these use is shown again.
        """
        added = sorted(grown - before, key=lambda cell: (-self.system.costs[cell], cell))
        is_new = np.isin(self.cells, added)
        used = self._used(self._free(grown), is_new, targets, {}) if added else None
        if used is None:
            return grown
        last = self.programme.solved + MAX_WORK // len(self.cells)
        for cell in added:
            if self.programme.solved > last:
                break
            without = grown - {cell}
            mine = [equation for equation in self.equations if cell in equation]
            if _unsafe_unions(self, without, unsafe_union, mine):
                continue
            kept = {key: move for key, move in used.items() if self.known.moves[move, cell] == 0}
            others = self._used(self._free(without), is_new, targets, kept)
            if others is not None:
                grown, used = without, others
        return grown

    def _used(
        self, free: NDArray[np.bool_], is_new: NDArray[np.bool_], targets: Sequence[Target], kept: Mapping[Side, int]
    ) -> dict[Side, int] | None:
        """Return a move of free cells for each target and side, those that are kept; None where there is none.

        Cells that are withheld already move rather than new ones, and of these rather those that are cheap.
        """
        used, among = dict(kept), self._known_within(free)
        new = self.cells[is_new]
        new_cells = (self.known.moves[:, new] != 0).sum(axis=1)
        costs = np.where(is_new, LITTLE * (1 + self.system.costs[self.cells]), LITTLE)
        piece_of = None
        for number, (cells, level) in enumerate(targets):
            for side in (1.0, -1.0):
                nothing = side < 0 and not self.system.signed and not self.system.values[list(cells)].any()
                if (number, side) in used or nothing:
                    continue
                opening = self.known.opening(np.array(cells), level, side, among)
                if not len(opening):
                    piece_of = piece_of or self.programme.pieces(free)
                    places = self._places_of(cells)
                    move = self.programme.move(places, side * level, costs, piece_of(places))
                    if move is None:
                        return None
                    opening = np.array([self._keep(move)])
                    among = np.append(among, opening)
                    new_cells = np.append(new_cells, np.count_nonzero(move[is_new]))
                used[number, side] = int(opening[np.argmin(new_cells[opening])])
        return used

    def _places_of(self, cells: Sequence[int]) -> IntArray:
        return np.array([self.places[cell] for cell in cells])

    def _keep(self, move: FloatArray) -> int:
        """Keep a move of the cells of the part; return its number."""
        whole = np.zeros(len(self.system.values))
        whole[self.cells] = move
        return self.known.add(whole)

    def _known_within(self, free: NDArray[np.bool_]) -> IntArray:
        """List the known moves of cells of the part that may move."""
        whole = np.zeros(len(self.system.values), dtype=bool)
        whole[self.cells[free]] = True
        return self.known.within(whole)

    def cheapest(
        self,
        before: set[int],
        targets: Sequence[Target],
        unsafe_union: Callable[[Sequence[int]], bool],
        union_level: Callable[[Sequence[int]], float],
        below: float,
    ) -> set[int] | None:
        """Return the cheapest pattern of all; None where it is not cheaper than ``below`` or takes too long to find."""
        hidden = self.system.hidden[self.cells]
        before_here = np.isin(self.cells, list(before))

        def unsafe(chosen: set[int]) -> list[tuple[tuple[int, ...], tuple[int, ...], float]]:
            pattern = before | {int(self.cells[place]) for place in chosen}
            found = []
            for union, equation in _unsafe_unions(self, pattern, unsafe_union).items():
                others = [cell for cell in equation if cell in self.places and cell not in union]
                places = tuple(self.places[cell] for cell in union)
                found.append((places, tuple(self.places[cell] for cell in others), union_level(union)))
            return found

        down = (
            np.full(len(self.cells), np.inf) if self.system.signed else np.where(self.values >= 0, self.values, np.inf)
        )
        chosen = cheapest_pattern(
            Flows(self.matrix, down, REACH),
            self.system.costs[self.cells],
            before_here | hidden,
            ~before_here & ~hidden,
            [(tuple(self.places[cell] for cell in cells), level) for cells, level in targets],
            unsafe,
            below,
        )
        return None if chosen is None else before | {int(self.cells[place]) for place in chosen}

    def cost(self, pattern: set[int]) -> float:
        """Add up what it costs to withhold the cells of a pattern."""
        return float(self.system.costs[sorted(pattern)].sum())

    def _free(self, pattern: set[int]) -> NDArray[np.bool_]:
        """Say which cells may move: those that are withheld, and those that are printed nowhere."""
        return self.system.hidden[self.cells] | np.isin(self.cells, list(pattern))

    def _costs(self, free: NDArray[np.bool_]) -> FloatArray:
        return np.where(free, LITTLE, self.system.costs[self.cells])

    def _prefer_enough(
        self, costs: FloatArray, cells: Sequence[int], pattern: set[int], unsafe_union: Callable[[Sequence[int]], bool]
    ) -> None:
        """Make cells dearer that would leave the sum of an equation's withheld cells as unsafe as it is."""
        for equation in self.equations:
            if all(cell in equation for cell in cells):
                for cell in equation:
                    if cell in self.places and cell not in pattern and unsafe_union([*cells, cell]):
                        costs[self.places[cell]] *= 3

    def _furthest(self, places: IntArray, amount: float, costs: FloatArray) -> FloatArray:
        """Move a sum of cells as far as it goes: what outsiders had before bounds it, whatever is withheld."""
        low, high, best = 0.0, 1.0, np.zeros(len(self.cells))
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            move = self.programme.move(places, middle * amount, costs)
            if move is None:
                high = middle
            else:
                low, best = middle, move
        return best


def _parts(system: System, targets: Sequence[Target], known: KnownMoves) -> list[Part]:
    """Split the system into the parts that equations connect, and keep those that hold a target."""
    wanted = {cells[0] for cells, _ in targets}
    rows, columns = [], []
    for row, equation in enumerate(system.equations):
        for cell in equation:
            if not system.fixed[cell]:
                rows.append(row)
                columns.append(cell)
    count, size = len(system.equations), len(system.values)
    links = sparse.csr_matrix(
        (np.ones(len(rows)), (np.array(rows, int), np.array(columns, int) + count)), shape=(count + size, count + size)
    )
    _, labels = connected_components(links, directed=False)
    cells_of: dict[int, list[int]] = defaultdict(list)
    equations_of: dict[int, list[Equation]] = defaultdict(list)
    for cell in range(size):
        if not system.fixed[cell]:
            cells_of[labels[count + cell]].append(cell)
    for row, equation in enumerate(system.equations):
        equations_of[labels[row]].append(equation)
    return [
        Part(system, cells, equations_of[label], known)
        for label, cells in cells_of.items()
        if wanted.intersection(cells) and equations_of[label]
    ]


def _unsafe_unions(
    part: Part,
    pattern: set[int],
    unsafe_union: Callable[[Sequence[int]], bool],
    equations: Sequence[Equation] | None = None,
) -> dict[tuple[int, ...], Equation]:
    """List the sets of withheld cells whose sum an equation gives away although it is unsafe, with that equation."""
    unions = {}
    for equation in part.equations if equations is None else equations:
        signs = {}
        for cell, factor in equation.items():
            if cell in part.places and (cell in pattern or part.system.hidden[cell]):
                signs[cell] = factor
        if signs and len(set(signs.values())) == 1 and len(signs) < len(equation) and unsafe_union(sorted(signs)):
            unions[tuple(sorted(signs))] = equation
    return dict(sorted(unions.items()))

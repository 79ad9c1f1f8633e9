"""Secondary suppression on one system of sums: a linear-programming heuristic with protection intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse.csgraph import connected_components

from si_eval.disclosure.cheapest import Flows, cheapest_pattern
from si_eval.stats import FloatArray

Equation = Mapping[int, float]
Target = tuple[tuple[int, ...], float]  # cells whose sum must stay open, and by how much on both sides

REACH = 1e5  # how far a cell may move, in widths of the interval sought
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
) -> set[int]:
    """Add cells to a pattern until no target can be inferred more narrowly than its level.

    ``unsafe_union`` judges the sum of the withheld cells of an equation, which anyone can compute: where it fails,
    more cells of that equation are withheld. With ``exact`` small parts are searched for the cheapest pattern of all.
    Returns all withheld cells.
    """
    pattern = set(withheld)
    for part in _parts(system, pattern, targets):
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
        grown = part.protect(more, mine)
    grown = part.clean(grown, before, mine, unsafe_union)
    return grown, part.cost(grown - before)


class Part:
    """The cells that equations connect, as a linear programme that is solved for one target after another."""

    def __init__(self, system: System, cells: Sequence[int], equations: Sequence[Equation]) -> None:
        self.system = system
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
        self.both_ways = sparse.hstack([self.matrix, -self.matrix], format="csc")
        self.values = system.values[self.cells]
        self.programmes = 0

    def protect(
        self,
        pattern: set[int],
        targets: Sequence[Target],
        unsafe_union: Callable[[Sequence[int]], bool] | None = None,
    ) -> set[int]:
        """Withhold the cheapest cells that keep every target open on both sides."""
        grown = set(pattern)
        open_targets = sorted(targets, key=lambda target: (-target[1], target[0]))
        done: set[int] = set()
        for number, (cells, level) in enumerate(open_targets):
            if number in done:
                continue
            costs = self._costs(grown)
            if unsafe_union is not None:
                self._prefer_enough(costs, cells, grown, unsafe_union)
            for side in (1.0, -1.0):
                move = self._move(cells, side * level, costs)
                if move is None:
                    move = self._furthest(cells, side * level, costs)
                grown |= {int(cell) for cell, step in zip(self.cells, move, strict=True) if abs(step) > MOVED * level}
                grown -= {cell for cell in grown if self.system.hidden[cell]}
                costs = self._costs(grown)
                done |= self._also_open(open_targets, move, grown, done)
                if number in done:
                    break
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
        used = self._used(grown, before, targets, range(len(targets))) if added else None
        if used is None:
            return grown
        last = self.programmes + MAX_WORK // len(self.cells)
        for cell in added:
            if self.programmes > last:
                break
            without = grown - {cell}
            moved = [number for number, cells in used.items() if cell in cells]
            mine = [equation for equation in self.equations if cell in equation]
            if _unsafe_unions(self, without, unsafe_union, mine):
                continue
            others = self._used(without, before, targets, moved)
            if others is not None:
                grown, used = without, {**used, **others}
        return grown

    def _used(
        self, pattern: set[int], before: set[int], targets: Sequence[Target], numbers: Iterable[int]
    ) -> dict[int, set[int]] | None:
        """Return the cells that move where some targets are open on both sides; None where one of them is not.

        Cells that are withheld already move rather than those that are dear.
        """
        stuck = np.array([not (cell in pattern or self.system.hidden[cell]) for cell in self.places])
        is_new = np.array([cell in pattern and cell not in before for cell in self.places])
        costs = np.where(is_new, LITTLE * (1 + self.system.costs[self.cells]), LITTLE)
        used: dict[int, set[int]] = {}
        done = set(range(len(targets))) - set(numbers)
        for number in sorted(set(numbers)):
            for side in (1.0, -1.0):
                if number in done:
                    break
                cells, level = targets[number]
                move = self._move(cells, side * level, costs, stuck)
                if move is None:
                    return None
                moving = set(self.cells[np.abs(move) > 0].tolist())
                used[number] = used.get(number, set()) | moving
                also = self._also_open(targets, move, pattern, done)
                used |= dict.fromkeys(also, moving)
                done |= also
        return used

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

    def _costs(self, pattern: set[int]) -> FloatArray:
        costs = self.system.costs[self.cells].copy()
        free = [place for cell, place in self.places.items() if cell in pattern or self.system.hidden[cell]]
        costs[free] = LITTLE
        return costs

    def _prefer_enough(
        self, costs: FloatArray, cells: Sequence[int], pattern: set[int], unsafe_union: Callable[[Sequence[int]], bool]
    ) -> None:
        """Make cells dearer that would leave the sum of an equation's withheld cells as unsafe as it is."""
        for equation in self.equations:
            if all(cell in equation for cell in cells):
                for cell in equation:
                    if cell in self.places and cell not in pattern and unsafe_union([*cells, cell]):
                        costs[self.places[cell]] *= 3

    def _move(
        self, cells: Sequence[int], amount: float, costs: FloatArray, stuck: NDArray[np.bool_] | None = None
    ) -> FloatArray | None:
        """Find the cheapest way to move a sum of cells by an amount without moving anything printed that stays.

        Returns the move of each cell, or None where there is none. Amounts are scaled so that the move sought is 1.
        """
        size, scale = len(self.cells), abs(amount)
        sides = np.full((2 * size, 2), [0.0, REACH])
        if not self.system.signed:
            down = np.where(self.values >= 0, np.minimum(self.values / scale, REACH), REACH)
            sides[size:, 1] = down
        if stuck is not None:
            sides[np.flatnonzero(stuck), 1] = 0.0
            sides[size + np.flatnonzero(stuck), 1] = 0.0
        sought = np.sign(amount)
        if len(cells) == 1:
            place = self.places[cells[0]]
            if sought < 0:
                sought = -min(1.0, sides[size + place, 1])
                if sought == 0:
                    return np.zeros(size)
            up, down_ = (sought, 0.0) if sought > 0 else (0.0, -sought)
            if up > sides[place, 1]:
                return None
            sides[place], sides[size + place] = (up, up), (down_, down_)
            matrix, right = self.both_ways, np.zeros(self.matrix.shape[0])
        else:
            row = np.zeros(size)
            row[[self.places[cell] for cell in cells]] = 1.0
            if sought < 0:
                sought = -min(1.0, float(sides[size:, 1] @ row))
            matrix = sparse.vstack([self.both_ways, sparse.csc_array(np.append(row, -row)[None])], format="csc")
            right = np.append(np.zeros(self.matrix.shape[0]), sought)
        self.programmes += 1
        solved = milp(
            np.concatenate([costs, costs]),
            constraints=LinearConstraint(matrix, right, right),
            bounds=Bounds(*sides.T),
            options={"presolve": False},
        )
        if solved.status != 0:
            return None
        return (solved.x[:size] - solved.x[size:]) * scale

    def _furthest(self, cells: Sequence[int], amount: float, costs: FloatArray) -> FloatArray:
        """Move a sum of cells as far as it goes: what outsiders had before bounds it, whatever is withheld."""
        low, high, best = 0.0, 1.0, np.zeros(len(self.cells))
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            move = self._move(cells, middle * amount, costs)
            if move is None:
                high = middle
            else:
                low, best = middle, move
        return best

    def _also_open(self, targets: Sequence[Target], move: FloatArray, pattern: set[int], done: set[int]) -> set[int]:
        """List the targets that a move, scaled, keeps open on both sides: they need no programme of their own."""
        moving = np.abs(move) > 0
        for place in np.flatnonzero(moving):
            cell = int(self.cells[place])
            if cell not in pattern and not self.system.hidden[cell]:
                moving[place] = False
                move = np.where(moving, move, 0.0)
        if self.system.signed:
            room = np.inf
        else:
            bounded = moving & (self.values >= 0)
            room = float(np.min(self.values[bounded] / np.abs(move[bounded]), initial=np.inf))
        also = set()
        for number, (cells, level) in enumerate(targets):
            if number in done:
                continue
            step = abs(sum(move[self.places[cell]] for cell in cells))
            if step > 0 and level / step <= room * (1 + 1e-9) and level / step < REACH:
                also.add(number)
        return also


def _parts(system: System, pattern: set[int], targets: Sequence[Target]) -> list[Part]:
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
        Part(system, cells, equations_of[label])
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

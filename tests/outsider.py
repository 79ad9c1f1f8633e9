"""An outsider who reads written tables and works out what was withheld. Shares no code with the border.

The outsider knows who the firms are, their classes, how many there are in every cell and which combinations of classes
nobody has, and no value but what the tables tell. What their equations determine is found by rank, what they bound by
linear programming, and single firms in sums of squares by solving for them.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from asked_requests import YEARS, AskedRequest
from printed_equations import (
    CHANGE,
    LOG,
    OTHERS,
    PARTICIPANT,
    Block,
    Cell,
    Equation,
    Firms,
    link_changes,
    read_cells,
    read_contrasts,
    sum_of,
)
from scipy.optimize import least_squares, linprog
from scipy.sparse.csgraph import connected_components

FEWEST = 10  # units of the preset
PROTECTION = 0.1  # its p%, of the larger of the sum and its largest contribution
SHARE_OF_LARGEST = 0.5  # its dominance
NONE_LEFT = 1e-7  # a direction that the equations leave open is longer than this
SOLVED = 1e-9  # what is left of an equation, of the square of the largest single firm, where it is solved
Found = tuple[str, int, str]  # what was found, in which table, of which cell


def attack(request: AskedRequest, tables: Sequence[Any], *, in_turn: bool = False) -> list[Found]:
    """List everything that protected tables give back of firms, or bound more narrowly than their protection."""
    written = [pd.read_csv(io.StringIO(one.to_frame().to_csv(index=False)), dtype=str, keep_default_na=False)
               for one in tables]  # fmt: skip
    firms = Firms(request)
    cells = [cell for at, one in enumerate(request.asked) for cell in read_cells(firms, one, written[at], at)]
    cells += _levels_of_changes(firms, cells)
    equations = [sum_of(cell) for cell in cells if cell.shown]
    for at, one in enumerate(request.asked):
        equations += read_contrasts(firms, one, written[at], at)
    equations += link_changes(firms, cells, equations)
    found = _yes_and_no(firms, cells) + _shown_though_unsafe(firms, cells) + _estimates(firms, request, written)
    for system in _systems(firms, cells, equations):
        found += [*system.given_back(), *system.bounded(in_turn=in_turn), *system.solved_by_squares()]
    return list(dict.fromkeys(found))


def _levels_of_changes(firms: Firms, cells: Sequence[Cell]) -> list[Cell]:
    """List the levels that break a rule by themselves, of changes that are withheld."""
    return [
        Cell(block, rows, cell.table, f"{block} of {cell.label}", False, math.nan, len(rows), math.nan, (0.0, 0.0))
        for cell in cells
        if cell.of_change and not cell.shown
        for block, rows in firms.levels(cell.block, cell.rows)
        if _breaks_a_rule(firms.values[block.variable][rows], firms.holding[rows])
    ]


def _yes_and_no(firms: Firms, cells: Sequence[Cell]) -> list[Found]:
    """Find shown means of a variable with two values that tell of a few firms which they have."""
    found = []
    low, high = sorted(np.unique(firms.values["tech"]))
    for cell in cells:
        if cell.shown and cell.block.variable == "tech":
            many = round(cell.n * (cell.mean - low) / (high - low))
            if 0 < many < FEWEST or 0 < cell.n - many < FEWEST:
                found.append(("a few firms of a yes or no", cell.table, f"{cell.label}: {many} of {cell.n}"))
    return found


def _shown_though_unsafe(firms: Firms, cells: Sequence[Cell]) -> list[Found]:
    """Find shown cells that break a rule by themselves, by firms or by the holdings that they belong to."""
    return [
        ("an unsafe cell is shown", cell.table, f"{cell.label}: {cell.n} firms of {cell.holdings} holdings")
        for cell in cells
        if cell.shown
        and not cell.block.variable.startswith(LOG)
        and any(_breaks_a_rule(firms.values[block.variable][rows], firms.holding[rows])
                for block, rows in firms.levels(cell.block, cell.rows))
    ]  # fmt: skip


def _estimates(firms: Firms, request: AskedRequest, written: Sequence[pd.DataFrame]) -> list[Found]:
    """Find pairs of estimates of an effect that differ by a few firms."""
    sets = []
    for at, one in enumerate(request.asked):
        rows = written[at]
        if one.function != "estimate_effect" or not ((rows["statistic"] == "att") & (rows["estimate"] != "")).any():
            continue
        chosen = firms.asked(one)
        present = [set(firms.frame["firm"][chosen & firms.having(Block(one.indicator, year))]) for year in YEARS]
        kept = present[0] & present[1]
        treated = kept & set(firms.frame["firm"][firms.groups[PARTICIPANT]])
        controls = kept & set(firms.frame["firm"][firms.groups[OTHERS]])
        sets.append((at, one.indicator, treated, controls))
    return [
        ("estimates a few firms apart", second[0], f"{first[0]} and {second[0]}, {first[1]}")
        for first, second in itertools.combinations(sets, 2)
        if first[1] == second[1]
        and any(0 < len(one ^ other) < FEWEST for one, other in zip(first[2:], second[2:], strict=True))
    ]


def _systems(firms: Firms, cells: Sequence[Cell], equations: Sequence[Equation]) -> list[System]:
    """Split the equations in systems of variables and years that they tie together."""
    blocks = sorted({cell.block for cell in cells} | {term[0] for one in equations for term in one.terms})
    at = {block: number for number, block in enumerate(blocks)}
    ties = np.zeros((len(blocks), len(blocks)))
    for one in equations:
        for first, second in itertools.combinations(one.terms, 2):
            ties[at[first[0]], at[second[0]]] = 1
    _, part = connected_components(ties, directed=False)
    return [
        System(
            firms, [block for block in blocks if part[at[block]] == number],
            [cell for cell in cells if part[at[cell.block]] == number],
            [one for one in equations if part[at[one.terms[0][0]]] == number],
        )
        for number in range(part.max() + 1 if blocks else 0)
    ]  # fmt: skip


class System:
    """Equations on the sums over the smallest groups of firms (atoms) that any row tells apart, and their counts."""

    def __init__(
        self, firms: Firms, blocks: Sequence[Block], cells: Sequence[Cell], equations: Sequence[Equation]
    ) -> None:
        self.cells, self.equations = cells, equations
        self.atoms: list[tuple[Block, np.ndarray]] = []  # the rows of each
        for block in blocks:
            sets = {cell.rows.tobytes() for cell in cells if cell.block == block}
            sets |= {term[1] for one in equations for term in one.terms if term[0] == block}
            present = np.flatnonzero(firms.having(block))
            masks = np.array([np.isin(present, np.frombuffer(rows, np.int64)) for rows in sorted(sets)])
            _, place = np.unique(masks.T, axis=0, return_inverse=True)
            self.atoms += [(block, present[place.ravel() == one]) for one in range(place.max() + 1)]
        self.values = [firms.values[block.variable][rows] for block, rows in self.atoms]
        self.truth = np.array([values.sum() for values in self.values])
        self.n = np.array([len(values) for values in self.values])
        self.holding = firms.holding
        self.holdings = np.array([firms.holdings(rows) for _, rows in self.atoms])
        self.matrix = np.array([sum(f * self.over(b, r) for b, r, f in one.terms) for one in equations])
        self.matrix = self.matrix.reshape(len(equations), len(self.atoms))
        self.free = _open_directions(self.matrix)
        signed = {block for block in blocks if (firms.values[block.variable] < 0).any()}
        self.positive = np.array([block not in signed for block, _ in self.atoms])

    def over(self, block: Block, rows: bytes | np.ndarray) -> np.ndarray:
        """Mark the atoms of a set of firms."""
        members = set((np.frombuffer(rows, np.int64) if isinstance(rows, bytes) else rows).tolist())
        return np.array([float(b == block and int(atom[0]) in members) for b, atom in self.atoms])

    def given_back(self) -> list[Found]:
        """Find withheld cells, and sets of a few firms, whose sums the equations determine."""
        found = []
        for cell in self.cells:
            if not cell.shown and self.is_determined(self.over(cell.block, cell.rows)):
                found.append(("a withheld cell is given back", cell.table, f"{cell.label}: {cell.n} firms"))
        small = np.flatnonzero(self.holdings < FEWEST)
        for at in small:
            block, rows = self.atoms[at]
            if self.is_determined(np.arange(len(self.n)) == at):
                label = f"{block}: {len(rows)} firms of {self.holdings[at]} holdings"
                found.append(("firms are given back", -1, label))
        for first, second in itertools.combinations([cell for cell in self.cells if cell.shown], 2):
            large, little = sorted((first, second), key=lambda one: -one.n)
            left = np.setdiff1d(large.rows, little.rows) if first.block == second.block else np.zeros(0, int)
            if 0 < len(left) == large.n - little.n and len(np.unique(self.holding[left])) < FEWEST:
                label = f"{large.label} less {little.label}: {len(left)} firms"
                found.append(("firms are given back", max(large.table, little.table), label))
        return found

    def is_determined(self, target: np.ndarray) -> bool:
        """Whether a sum has one value only, up to a small part of it."""
        if np.abs(target @ self.free).max(initial=0.0) > NONE_LEFT:
            return False
        low, high = self.bound(target, self.equations)
        return high - low <= 2 * PROTECTION * self.size(target)

    def size(self, target: np.ndarray) -> float:
        """Return what the protection of a sum is a part of: the sum, or the largest contribution to it."""
        largest = max((np.abs(self.values[at]).max() for at in np.flatnonzero(target)), default=0.0)
        return max(abs(float(target @ self.truth)), largest)

    def bounded(self, *, in_turn: bool) -> list[Found]:
        """Find withheld cells that break a rule and are known more narrowly than their protection."""
        found = []
        for cell in self.cells:
            target = self.over(cell.block, cell.rows)
            values = np.concatenate([self.values[at] for at in np.flatnonzero(target)])
            holding = np.concatenate([self.holding[self.atoms[at][1]] for at in np.flatnonzero(target)])
            is_log = cell.block.variable.startswith(LOG)
            if cell.shown or is_log or cell.of_change or not _breaks_a_rule(values, holding) or not values.any():
                continue
            width = PROTECTION * self.size(target)
            true, floor = float(values.sum()), self.floor(target)
            ends = self.bound(target, self.equations)
            before = [one for one in self.equations if one.table < cell.table] if in_turn else []
            had = self.bound(target, before) if before else (floor, np.inf)
            narrow = (ends[0] > max(true - 0.99 * width, floor) + SOLVED * width, ends[1] < true + 0.99 * width)
            known = [np.isclose(end, old, rtol=SOLVED, atol=1e-6 * width) for end, old in zip(ends, had, strict=True)]
            if not any(is_narrow and not was for is_narrow, was in zip(narrow, known, strict=True)):
                continue
            low, high = ends
            label = f"{cell.label}: {true:.6g} in {low:.6g} to {high:.6g}"
            found.append(("a withheld cell is narrowed", cell.table, label))
        return found

    def floor(self, target: np.ndarray) -> float:
        """Return the least that a sum can be whatever is printed."""
        return 0.0 if self.positive[target > 0].all() else -np.inf

    def bound(self, target: np.ndarray, equations: Sequence[Equation]) -> tuple[float, float]:
        """Give the least and the most that a sum can be."""
        chosen = [at for at, one in enumerate(self.equations) if one in equations] if equations else []
        if not chosen:
            return self.floor(target), np.inf
        matrix = self.matrix[chosen]
        slack = np.array([self.equations[at].slack for at in chosen])
        right = matrix @ self.truth
        scale = np.maximum(np.abs(matrix * self.truth).max(axis=1), np.abs(matrix).max(axis=1)) + slack
        upper = np.vstack([matrix, -matrix]) / np.tile(scale, 2)[:, None]
        room = (np.concatenate([right, -right]) + np.tile(2 * slack, 2)) / np.tile(scale, 2) + 1e-10
        unit = max(np.abs(self.truth).max(), 1.0)
        ends = []
        for side in (1.0, -1.0):
            solved = linprog(side * target, A_ub=upper * unit, b_ub=room,
                             bounds=[(0 if is_positive else None, None) for is_positive in self.positive])  # fmt: skip
            ends.append(side * solved.fun * unit if solved.status == 0 else side * -np.inf)
        return ends[0], ends[1]

    def solved_by_squares(self) -> list[Found]:
        """Find single firms that standard errors give back, solving for them where sums of squares hold no others."""
        found: list[Found] = []
        told = [cell for cell in self.cells if cell.shown and cell.n > 1 and not math.isnan(cell.error)]
        known = {cell.block for cell in told}
        families = {frozenset([block]) for block in known}
        for name in {block.variable.removeprefix(CHANGE) for block in known}:
            families.add(frozenset(block for block in known if block.variable.removeprefix(CHANGE) == name))
        for blocks in sorted(families, key=sorted):
            errors = [cell for cell in told if cell.block in blocks]
            sums = np.array([self.over(cell.block, cell.rows) for cell in errors])
            open_atoms = np.abs(self.free).max(axis=1, initial=0.0) > NONE_LEFT
            single = (self.n == 1) & open_atoms & (sums.any(axis=0))
            several = (self.n > 1) & sums.any(axis=0)
            if not single.any():
                continue
            keep = _open_directions(sums[:, several].T).T if several.any() else np.eye(len(errors))
            keep = keep[np.abs(keep @ sums[:, single]).max(axis=1, initial=0) > NONE_LEFT]
            factors = keep @ sums[:, single]
            basis = _independent(self.free[single])
            if not len(factors) or basis.shape[1] > len(factors) or basis.shape[1] > 6:
                continue
            open_by = [
                cell.n * (abs(cell.mean) * cell.digits[0] + (cell.n - 1) * cell.error * cell.digits[1])
                for cell in errors
            ]
            room = np.abs(keep) @ np.array(open_by)
            found += self._solve(np.flatnonzero(single), factors, basis, room)
        return found

    def _solve(self, single: np.ndarray, factors: np.ndarray, basis: np.ndarray, room: np.ndarray) -> list[Found]:
        """Solve for single firms from many starting points; those on whose value all solutions agree are given back.

        ``room`` is how far each combination of sums of squares is open, as standard errors are rounded.
        """
        rng = np.random.default_rng(1)
        true = self.truth[single]
        unit = np.abs(true).max() or 1.0
        room = room / unit**2
        solutions = []
        for _ in range(40):
            right = factors @ (true / unit) ** 2 + room * rng.uniform(-1, 1, len(factors))

            def misses(step: np.ndarray, right: np.ndarray = right) -> np.ndarray:
                return factors @ (true / unit + basis @ step) ** 2 - right

            solved = least_squares(misses, rng.normal(0, 1, basis.shape[1]), xtol=1e-14, ftol=1e-14, gtol=1e-14)
            values = true / unit + basis @ solved.x
            if (np.abs(misses(solved.x)) <= room + SOLVED).all() and (values[self.positive[single]] > -1e-6).all():
                solutions.append(values)
        if not solutions:
            return []
        spread = np.ptp(np.array(solutions), axis=0)
        moves = np.abs(basis).max(axis=1) > NONE_LEFT
        return [
            ("a firm is solved for by squares", -1, f"{self.atoms[single[at]][0]}: {true[at]:.6g}")
            for at in np.flatnonzero(moves & (spread < PROTECTION * np.abs(true / unit)))
        ]


def _breaks_a_rule(values: np.ndarray, holding: np.ndarray) -> bool:
    """Whether a cell is unsafe by itself: few holdings, a dominant one, or a rest too small to hide the largest."""
    _, number = np.unique(holding, return_inverse=True)
    size = np.sort(np.bincount(number.ravel(), np.abs(values)))[::-1]
    rest = size[2:].sum()
    return len(size) < FEWEST or size[0] > SHARE_OF_LARGEST * size.sum() or rest < PROTECTION * size[0]


def _open_directions(matrix: np.ndarray) -> np.ndarray:
    """Give an orthonormal basis of the directions that equations leave open, shape (unknowns, directions)."""
    if not matrix.size:
        return np.eye(matrix.shape[1])
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    _, values, directions = np.linalg.svd(matrix / np.where(lengths > 0, lengths, 1.0))
    rank = int((values > 1e-10 * max(values.max(initial=0.0), 1e-300)).sum())
    return directions[rank:].T


def _independent(matrix: np.ndarray) -> np.ndarray:
    """Give an orthonormal basis of the columns of a matrix."""
    left, values, _ = np.linalg.svd(matrix, full_matrices=False)
    return left[:, values > NONE_LEFT]

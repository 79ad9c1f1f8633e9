"""The cheapest pattern of a small system of sums, exactly: a mixed-integer programme that grows by cuts.

Source: Fischetti and Salazar-Gonzalez (2000), Models and algorithms for optimizing cell suppression in tabular data
with linear constraints, Journal of the American Statistical Association 95, p. 916-928 (capacity constraints).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from si_eval.stats import FloatArray

Target = tuple[tuple[int, ...], float]

MAX_CUT_ROUNDS = 20  # a limit on work rather than on time, so that the same request gives the same pattern
MAX_NODES = 300
MET = 1 - 1e-6  # the share of a move that counts as all of it
TINY = 1e-9
LEAST = 1e-3  # a smaller weight is raised to this: the condition asks for less, and the numbers stay of one size


class Cuts:
    """Linear conditions on which cells are withheld, each row at least its right-hand side."""

    def __init__(self, costs: FloatArray) -> None:
        self.costs = costs
        self.rows: list[FloatArray] = []
        self.right: list[float] = []

    def add(self, row: FloatArray, right: float) -> None:
        """Add a condition; no cell needs to count for more than what is asked, nor for next to nothing."""
        if right > 0:
            row = np.where(row > 0, np.clip(row / right, LEAST, 1.0), row / right)
        self.rows.append(row)
        self.right.append(min(right, 1.0))

    def cheapest(self) -> set[int] | None:
        """Return the cheapest choice that meets all conditions; None where the search ends without an optimum."""
        if not self.rows:
            return set()
        solved = milp(
            self.costs,
            constraints=LinearConstraint(np.array(self.rows), lb=np.array(self.right) - TINY),
            integrality=np.ones(len(self.costs)),
            bounds=Bounds(0, 1),
            options={"node_limit": MAX_NODES},
        )
        return None if solved.status != 0 else {int(place) for place in np.flatnonzero(solved.x > 0.5)}


class Flows:
    """The moves that a system of sums allows: ``matrix`` (equations x cells) times a move is zero.

    ``down`` is how far each cell can go down, shape (cells,); ``reach`` how far up, in the same units.
    """

    def __init__(self, matrix: sparse.csr_matrix, down: FloatArray, reach: float) -> None:
        self.matrix, self.down, self.reach = matrix, down, reach
        self.size = matrix.shape[1]

    def cut(self, places: Sequence[int], amount: float, is_open: NDArray[np.bool_]) -> tuple[FloatArray, float] | None:
        """Move a sum of cells by an amount with the cells that are open, or say what has to be open for that.

        Returns None where the move is there, else the weight of each cell and what the open ones' must add up to.
        """
        scale, side = abs(amount), float(np.sign(amount))
        up = np.full(self.size, self.reach)
        down = np.minimum(self.down / scale, self.reach)
        wanted = 1.0 if side > 0 else float(min(1.0, down[list(places)].sum()))
        if wanted <= 0:
            return None
        row = np.zeros(self.size)
        row[list(places)] = side
        rows = sparse.vstack([self.matrix, sparse.csr_matrix(row)], format="csr")
        moved = sparse.csr_matrix(([-1.0], ([rows.shape[0] - 1], [0])), shape=(rows.shape[0], 1))
        matrix = sparse.hstack([rows, -rows, moved], format="csr")
        ends = np.concatenate([up, down, [wanted]])
        free = np.concatenate([is_open, is_open, [True]])
        costs = np.zeros(2 * self.size + 1)
        costs[-1] = -1.0
        solved = linprog(
            costs,
            A_eq=matrix,
            b_eq=np.zeros(matrix.shape[0]),
            bounds=np.column_stack([np.zeros(len(ends)), np.where(free, ends, 0.0)]),
            method="highs-ds",
            options={"presolve": False},
        )
        if solved.status == 0 and -solved.fun >= wanted * MET:
            return None
        if solved.status != 0:
            return np.ones(self.size), 0.0
        gain = np.maximum(matrix.T @ solved.eqlin.marginals - costs, 0.0)
        gain[gain < TINY] = 0.0
        weights = (gain * ends)[:-1]
        return weights[: self.size] + weights[self.size :], wanted


def cheapest_pattern(
    flows: Flows,
    costs: FloatArray,
    open_at_first: NDArray[np.bool_],
    choices: NDArray[np.bool_],
    targets: Sequence[Target],
    unsafe_unions: Callable[[set[int]], Sequence[tuple[tuple[int, ...], tuple[int, ...], float]]],
    below: float,
) -> set[int] | None:
    """Return the cheapest places to open beside those open at first, so that every target stays open on both sides.

    ``choices`` can be opened at ``costs``. ``unsafe_unions`` lists, for a choice, the sets of open places whose sum is
    known and unsafe: the set, the other places of its equation that could be opened, and how far the sum must be able
    to move. Returns None where none is cheaper than ``below``, or the search is too long.
    """
    index = np.flatnonzero(choices)
    cuts = Cuts(costs[index])
    asked = list(targets)
    for _ in range(MAX_CUT_ROUNDS):
        found = cuts.cheapest()
        if found is None or float(cuts.costs[sorted(found)].sum()) >= below - TINY:
            return None
        chosen = {int(index[place]) for place in found}
        is_open = open_at_first.copy()
        is_open[list(chosen)] = True
        unions = unsafe_unions(chosen)
        for union, others, level in unions:
            row = np.isin(index, others).astype(float) - np.isin(index, union)
            if not others:
                return None
            cuts.add(row, 1.0 - float(np.isin(union, index).sum()))
            if (union, level) not in asked:
                asked.append((union, level))
        failed = 0
        for places, level in asked:
            for side in (1.0, -1.0):
                lack = flows.cut(places, side * level, is_open)
                if lack is not None:
                    weights, wanted = lack
                    right = wanted - float(weights[open_at_first].sum())
                    if not np.any(weights[index] > 0):
                        return None
                    cuts.add(weights[index] / wanted, right / wanted)
                    failed += 1
        if not failed and not unions:
            return chosen
    return None

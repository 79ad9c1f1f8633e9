"""Moves of withheld cells that leave every printed number as it is: found by linear programming, and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse.csgraph import connected_components

from si_eval.stats import BoolArray, FloatArray, IntArray

REACH = 1e5  # how far a cell may move, in widths of the interval sought
CLOSE = 1 + 1e-9


class Piece(NamedTuple):
    """Places that may move, ascending, and the sums among them, of moves up and of moves down."""

    places: IntArray
    both_ways: sparse.csc_matrix

    @classmethod
    def of(cls, places: IntArray, matrix: sparse.csr_matrix) -> Piece:
        """Make the piece of some places, of the sums among them, shape (sums, places)."""
        return cls(places, sparse.hstack([matrix, -matrix], format="csc"))


class Programme:
    """The moves that sums allow: ``matrix`` (sums x places) times a move is zero, and no value becomes negative.

    ``values`` that are ``signed`` may. ``solved`` counts the linear programmes.
    """

    def __init__(self, matrix: sparse.csr_matrix, values: FloatArray, *, signed: bool) -> None:
        self.matrix, self.values, self.signed = matrix, values, signed
        self.whole = Piece.of(np.arange(len(values)), matrix)
        self.solved = 0

    def move(
        self, targets: IntArray, amount: float, costs: FloatArray, piece: Piece | None = None
    ) -> FloatArray | None:
        """Find the cheapest way to move a sum of places by an amount, or down to zero.

        ``piece`` are the places that may move; by default all. Returns the move of each place, or None where there is
        none. Amounts are scaled so that the move sought is 1.
        """
        piece = piece or self.whole
        size, scale = len(piece.places), abs(amount)
        sides = np.full((2 * size, 2), [0.0, REACH])
        if not self.signed:
            values = self.values[piece.places]
            sides[size:, 1] = np.where(values >= 0, np.minimum(values / scale, REACH), REACH)
        sought, count = np.sign(amount), piece.both_ways.shape[0]
        mine = np.flatnonzero(np.isin(piece.places, targets))
        if not len(mine):
            return None
        if len(mine) == 1:
            place = mine[0]
            if sought < 0:
                sought = -min(1.0, sides[size + place, 1])
                if sought == 0:
                    return np.zeros(len(self.values))
            up, down = (sought, 0.0) if sought > 0 else (0.0, -sought)
            sides[place], sides[size + place] = (up, up), (down, down)
            matrix, right = piece.both_ways, np.zeros(count)
        else:
            row = np.zeros(size)
            row[mine] = 1.0
            if sought < 0:
                sought = -min(1.0, float(sides[size:, 1] @ row))
            matrix = sparse.vstack([piece.both_ways, sparse.csc_array(np.append(row, -row)[None])], format="csc")
            right = np.append(np.zeros(count), sought)
        self.solved += 1
        solved = milp(
            np.tile(costs[piece.places], 2),
            constraints=LinearConstraint(matrix, right, right),
            bounds=Bounds(*sides.T),
            options={"presolve": False},
        )
        if solved.status != 0:
            return None
        move = np.zeros(len(self.values))
        move[piece.places] = (solved.x[:size] - solved.x[size:]) * scale
        return move

    def pieces(self, free: BoolArray) -> Callable[[IntArray], Piece]:
        """Return which places can move with some, of those that are free: those that sums connect them with."""
        places = np.flatnonzero(free)
        matrix = self.matrix[:, places]
        count, size = matrix.shape[0], sum(matrix.shape)
        row, column = matrix.nonzero()
        links = sparse.csr_matrix((np.ones(len(row)), (row, column + count)), shape=(size, size))
        _, labels = connected_components(links, directed=False)
        pieces: dict[tuple[int, ...], Piece] = {}

        def piece_of(targets: IntArray) -> Piece:
            wanted = np.searchsorted(places, targets[free[targets]])
            key = tuple(sorted({int(labels[count + place]) for place in wanted}))
            if key not in pieces:
                columns, rows = (np.flatnonzero(np.isin(part, key)) for part in (labels[count:], labels[:count]))
                pieces[key] = Piece.of(places[columns], matrix[rows][:, columns])
            return pieces[key]

        return piece_of


class KnownMoves:
    """The moves that were found so far, and which targets each keeps open, up or down, when it is scaled.

    A move serves wherever only places move that may, so that it is kept for the rest of a request.
    """

    def __init__(self, values: FloatArray, *, signed: bool) -> None:
        self.values, self.signed, self.count = values, signed, 0
        self._moves, self._room = np.zeros((64, len(values))), np.zeros((64, 2))

    @property
    def moves(self) -> FloatArray:
        """The moves, shape (moves, places)."""
        return self._moves[: self.count]

    def add(self, move: FloatArray) -> int:
        """Keep a move; return its number."""
        if self.count == len(self._moves):
            self._moves, self._room = (np.concatenate([one, np.zeros_like(one)]) for one in (self._moves, self._room))
        sides = (move < 0, move > 0)  # what bounds the move itself, and its mirror image
        bounded = np.zeros(len(move), dtype=bool) if self.signed else self.values >= 0
        room = [
            float(np.min(self.values[one & bounded] / np.abs(move[one & bounded]), initial=np.inf)) for one in sides
        ]
        self._moves[self.count], self._room[self.count] = move, room
        self.count += 1
        return self.count - 1

    def opening(self, targets: IntArray, level: float, side: float, among: IntArray) -> IntArray:
        """List the moves among some that move a sum of places by a level up or down, or down to zero."""
        step = side * self.moves[np.ix_(among, targets)].sum(axis=1)
        if side < 0 and not self.signed:
            level = min(level, float(self.values[targets].sum()))
        among, step = among[step != 0], step[step != 0]
        room = np.where(step > 0, self._room[among, 0], self._room[among, 1])
        return among[level / np.abs(step) <= np.minimum(room * CLOSE, REACH)]

    def within(self, free: BoolArray) -> IntArray:
        """List the moves of free places alone."""
        return np.flatnonzero(~(self.moves[:, ~free] != 0).any(axis=1))

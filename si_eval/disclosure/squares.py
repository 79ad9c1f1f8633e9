"""Standard errors in the attack: with a mean and a number of units each tells the sum of squares of its cell."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import null_space
from scipy.optimize import Bounds, LinearConstraint, milp

from si_eval.disclosure.cover import UNITS, cost_of, width_of
from si_eval.disclosure.moves import KnownMoves
from si_eval.disclosure.sums import Sums
from si_eval.disclosure.suppression import SECONDARY, Protection
from si_eval.results import other_year_of
from si_eval.stats import BoolArray, FloatArray, IntArray

MET = 1 - 1e-6  # the share of a move that counts as all of it
EXACT = 1e-7  # relative: a sum of squares that changes by less is as printed
DEAR = 1e6  # cost of a standard error that left before and cannot be withheld
LEAST = 1e-3  # of one whose rows are worth nothing
TOLD = 1e-8  # a smaller weight in a combination of sums is noise of its computation
MOST = 1e200  # stands for a square without bound in sums
SAME = 1e-12  # relative: what floating point does to a square
MAX_TRIED = 2  # known moves for a target, those of the fewest cells
SHORT = 1e-4  # cost of a move, so that worlds stay near the truth


class World(NamedTuple):
    """Another truth that prints the same sums: values of the atoms, and the printed sums of squares that it changes."""

    values: FloatArray
    broken: tuple[int, ...]


def withhold_spreads(protection: Protection) -> None:
    """Withhold the standard errors that would tell, with the sums that are shown, how large an unsafe cell is.

    For each unsafe cell and side another world is sought that prints the same: values and sums of squares of all
    atoms, where those of one unit are the square of its value, and those of n lie between a square over n and the
    square. What the cheapest such world changes is withheld: the standard errors of these cells, though not their
    values.
    """
    for (block, variable), sums in protection.sums.items():
        if variable != UNITS and any(_prints_spread(protection, several) for several in sums.numbers):
            system = _Squares.of(protection, block, variable)
            if system is not None:
                system.protect()


def _prints_spread(protection: Protection, several: tuple[int, ...]) -> bool:
    """Whether a standard error of a place's cells is printed."""
    cells = protection.cover.cells
    return any(
        cells[number].with_squares and number not in protection.reasons and number not in protection.spreads_withheld
        for number in several
    )


class _Squares:
    """Sums and sums of squares of the atoms of one variable and block.

    ``shown`` are the printed sums over the atoms, ``spread`` the places whose sums of squares are printed.
    """

    def __init__(self, protection: Protection, sums: Sums, moves: KnownMoves, given: tuple[FloatArray, ...]) -> None:
        self.protection, self.sums, self.moves = protection, sums, moves
        self.units, self.values, self.squares = given
        cells = protection.cover.cells
        printed = [
            place
            for place, several in enumerate(sums.numbers)
            if not any(number in protection.reasons for number in several)
            and not all(cells[number].is_rest for number in several)
        ]
        self.shown = sums.members[printed]
        self.shown_entries = np.nonzero(self.shown)
        self.spread = [place for place in printed if _prints_spread(protection, sums.numbers[place])]
        self.left = {place for place in self.spread if any(cells[number].fixed for number in sums.numbers[place])}
        self.in_spread = self.sums.members[self.spread].any(axis=0)
        self.place_of_atom = self.sums.places_of_atoms()
        self.costs = {
            place: DEAR if place in self.left else max(sum(cost_of(cells[n]) for n in sums.numbers[place]), LEAST)
            for place in self.spread
        }

    @classmethod
    def of(cls, protection: Protection, block: int, variable: str) -> _Squares | None:
        """Add up the atoms; None where nothing is withheld, or the squares of an atom are not known."""
        home, sums = protection.cover.blocks[block], protection.sums[block, variable]
        if not any(_is_target(protection, several) for several in sums.numbers):
            return None
        atoms = [sums.joined == atom for atom in range(sums.members.shape[1])]
        known = home.sums(variable)
        units = np.array([known.n_units[mask].sum() for mask in atoms])
        values = np.array([known.total[mask].sum() for mask in atoms])
        squares = np.array([home.squares(mask, variable) for mask in atoms])
        if np.isnan(squares).any():
            return None
        return cls(protection, sums, protection.moves[block, variable], (units, values, squares))

    def protect(self) -> None:
        """Find a world for each unsafe cell on both sides, and withhold the standard errors that it changes.

        Where a world changes none, its mirror image may serve the other side.
        """
        open_targets = list(self._targets())
        rows = np.array([row for _, row, _ in open_targets], dtype=float).reshape(len(open_targets), -1)
        sought = np.array([amount for _, _, amount in open_targets])
        known = self._known_moves()
        met = np.zeros(len(open_targets), dtype=bool)
        for number, (place, row, amount) in enumerate(open_targets):
            if met[number]:
                continue
            moved = self._known_world(known, place, amount)
            if moved is not None:
                met |= _met(rows, sought, moved)
                continue
            world = self._world(row, amount)
            if world is None:
                continue
            broken = set(world.broken) - self.left
            for withheld in broken:
                self.protection.spreads_withheld |= set(self.sums.numbers[withheld])
            self.spread = [one for one in self.spread if one not in broken]
            moved = world.values - self.values
            met |= _met(rows, sought, moved)
            if not broken and (self.sums.signed or (self.values >= moved).all()):
                back = _met(rows, sought, -moved) & ~met
                if back.any() and not self._broken(self.values - moved):
                    met |= back

    def _known_moves(self) -> IntArray:
        """List the moves that were found for the pattern and that leave every printed sum as it is."""
        reasons, cells = self.protection.reasons, self.protection.cover.cells
        free = np.ones(len(self.sums.values), dtype=bool)
        for place, several in enumerate(self.sums.numbers):
            free[place] = any(one in reasons for one in several) or all(cells[one].is_rest for one in several)
        return self.moves.within(free)

    def _known_world(self, known: IntArray, place: int, amount: float) -> FloatArray | None:
        """Find a known move that is far enough and changes no printed sum of squares; return that of each atom."""
        target, side, level = np.array([place]), float(np.sign(amount)), abs(amount)
        opening = self.moves.opening(target, level, side, known)
        fewest = np.argsort((self.moves.moves[opening] != 0).sum(axis=1), kind="stable")[:MAX_TRIED]
        spread = self.sums.members[self.spread]
        printed = spread @ self.squares
        for move in self.moves.moves[opening[fewest]]:
            moved: FloatArray = move[self.place_of_atom] * (amount / move[place])
            low, high = (spread @ np.minimum(one, MOST) for one in self._room(self.values + moved))
            if ((low <= printed) & (printed <= high)).all() and not self._broken(self.values + moved):
                return moved
        return None

    def _targets(self) -> Iterator[tuple[int, BoolArray, float]]:
        """List the unsafe cells and their atoms, with how far they must be able to move, up and down."""
        cells = self.protection.cover.cells
        for place, several in enumerate(self.sums.numbers):
            if not _is_target(self.protection, several) or any(cells[number].fixed for number in several):
                continue
            row, width = self.sums.members[place], width_of(cells[several[0]], self.protection.rules)
            down = width if self.sums.signed else min(width, float(self.values[row].sum()))
            yield from ((place, row, sought) for sought in (width, -down) if sought)

    def _world(self, row: BoolArray, sought: float) -> World | None:
        """Find the cheapest world in which a union of atoms differs by an amount; None where sums allow none."""
        size, prints = len(self.values), len(self.spread)
        spread = self.sums.members[self.spread].astype(float)
        scale = np.maximum(np.abs(self.values), abs(sought))
        square = np.maximum(self.squares, scale**2)
        total = np.maximum(spread @ self.squares, 1e-300)
        low, high = self._room(self.values)
        slope_low, slope_high = self._slopes()
        atom, bounded = np.arange(size), np.flatnonzero(np.isfinite(high))
        # Columns: moves of atoms up and down, changes of squares, and printed squares that change up and down.
        up, down, change, over, under = np.cumsum([0, size, size, size, prints])
        # Rows: least and most squares of each atom, printed sums, the union, printed squares.
        least, most, sums, union, printed = np.cumsum([0, size, len(bounded), len(self.shown), 1])
        weight, weight_most = scale / square, (scale / square)[bounded]
        row_of, atom_of = self.shown_entries
        place, inside = np.nonzero(spread)
        own, each = np.flatnonzero(row), np.arange(prints)
        solved = _solve(
            [
                (least + atom, up + atom, slope_low * weight),
                (least + atom, down + atom, -slope_low * weight),
                (least + atom, change + atom, -np.ones(size)),
                (most + np.arange(len(bounded)), up + bounded, -slope_high[bounded] * weight_most),
                (most + np.arange(len(bounded)), down + bounded, slope_high[bounded] * weight_most),
                (most + np.arange(len(bounded)), change + bounded, np.ones(len(bounded))),
                (sums + row_of, up + atom_of, scale[atom_of]),
                (sums + row_of, down + atom_of, -scale[atom_of]),
                (np.full(len(own), union), up + own, scale[own]),
                (np.full(len(own), union), down + own, -scale[own]),
                (printed + place, change + inside, (spread * square / total[:, None])[place, inside]),
                (printed + each, over + each, -np.ones(prints)),
                (printed + each, under + each, np.ones(prints)),
            ],
            rows=_Limits(
                np.concatenate([np.full(sums, -np.inf), np.zeros(len(self.shown)), [sought], np.zeros(prints)]),
                np.concatenate(
                    [
                        (self.squares - low) / square,
                        ((high - self.squares) / square)[bounded],
                        np.zeros(len(self.shown)),
                        [sought],
                        np.zeros(prints),
                    ]
                ),
            ),
            columns=_Limits(
                np.concatenate([np.zeros(2 * size), np.full(size, -np.inf), np.zeros(2 * prints)]),
                np.concatenate(
                    [
                        np.full(size, np.inf),
                        np.full(size, np.inf) if self.sums.signed else np.maximum(self.values, 0.0) / scale,
                        np.full(size + 2 * prints, np.inf),
                    ]
                ),
            ),
            costs=np.concatenate([np.full(2 * size, SHORT), np.zeros(size), *[self._costs()] * 2]),
        )
        if solved is None:
            return None
        values = self.values + (solved[up:down] - solved[down:change]) * scale
        return World(values, self._broken(values))

    def _costs(self) -> FloatArray:
        return np.array([self.costs[place] for place in self.spread], dtype=float)

    def _slopes(self) -> tuple[FloatArray, FloatArray]:
        """Return how fast the least and the most that squares can be change with the value of an atom."""
        return 2 * self.values / np.maximum(self.units, 1.0), 2 * self.values

    def _room(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the least and the most that the squares of each atom can be, given its sum."""
        least, most = values**2 / np.maximum(self.units, 1.0), values**2
        return least, np.where((self.units > 1) & self.sums.signed, math.inf, most)

    def _squares_may_stay(self, low: FloatArray, high: FloatArray) -> bool:
        """Whether the squares of every atom of a printed sum of squares can be as they are."""
        inside = (low <= self.squares * (1 + SAME)) & (self.squares <= high * (1 + SAME))
        return bool(inside[self.in_spread].all())

    def _broken(self, values: FloatArray) -> tuple[int, ...]:
        """List the places whose printed sum of squares a world cannot have, at the least cost."""
        if not self.spread:
            return ()
        spread = self.sums.members[self.spread].astype(float)
        total = np.maximum(spread @ self.squares, 1e-300)
        low, high = self._room(values)
        if self._squares_may_stay(low, high):
            return ()
        square = np.maximum(self.squares, high if np.isfinite(high).all() else self.squares)
        square = np.maximum(square, 1e-300)
        size, prints = len(values), len(self.spread)
        each = np.arange(prints)
        place, inside = np.nonzero(spread)
        right = spread @ self.squares / total
        solved = _solve(
            [
                (place, inside, (spread * square / total[:, None])[place, inside]),
                (each, size + each, -np.ones(prints)),
                (each, size + prints + each, np.ones(prints)),
            ],
            rows=_Limits(right, right),
            columns=_Limits(
                np.concatenate([low / square, np.zeros(2 * prints)]),
                np.concatenate([high / square, np.full(2 * prints, np.inf)]),
            ),
            costs=np.concatenate([np.zeros(size), *[self._costs()] * 2]),
        )
        if solved is None:
            return tuple(self.spread)
        off = np.abs(solved[size:]).reshape(2, -1).max(axis=0)
        return tuple(place for place, much in zip(self.spread, off, strict=True) if much > EXACT)


def withhold_spreads_of_changes(protection: Protection) -> None:
    """Withhold the standard errors of changes that would tell how single units changed.

    They tell sums of squares of changes, over the units of a cell that have a value in another year too.
    """
    asked: dict[int, list[int]] = defaultdict(list)
    for number, cell in enumerate(protection.cover.cells):
        if cell.with_squares and number not in protection.spreads_withheld:
            conditions = (one for definition in cell.definitions for one in definition.units.where)
            others = {found[0] for column, _ in conditions if (found := other_year_of(column)) and found[2]}
            for year in others:
                if cell.units is not None and cell.units.year is not None and year < cell.units.year:
                    asked[year].append(number)
    for numbers in asked.values():
        protection.spreads_withheld |= tell_of_single_units(protection, numbers)


def tell_of_single_units(protection: Protection, asked: Iterable[int]) -> set[int]:
    """Choose the cells whose sums of another function of the values, such as logarithms, would tell of single units.

    Such a sum adds up over atoms, and that of an atom of several units is free. Where printed ones are combined so that
    these cancel, what is left is a statement about single units: of such a combination the cell of fewest is chosen
    that did not leave before.
    """
    cover, chosen = protection.cover, set[int]()
    places: dict[tuple[int, str], list[int]] = defaultdict(list)
    for number in sorted(set(asked) - set(protection.reasons)):
        places[cover.cells[number].block, cover.cells[number].variable].append(number)
    for (block, variable), numbers in places.items():
        units = cover.blocks[block].sums(variable).n_units
        if not cover.blocks[block].knows_units:
            continue
        masks = np.array([cover.cells[number].atoms for number in numbers])[:, units > 0]
        left = sorted(range(len(numbers)), key=lambda at: (cover.cells[numbers[at]].fixed, cover.cells[numbers[at]].n))
        while (told := _told(masks[left], units[units > 0])) is not None:
            chosen.add(numbers[left.pop(told)])
    return {number for number in chosen if not cover.cells[number].fixed}


def _told(masks: BoolArray, units: FloatArray) -> int | None:
    """Return the first of some sums over atoms in a combination that is about atoms of one unit alone; None if none."""
    patterns, place = np.unique(masks.T, axis=0, return_inverse=True)
    free = np.bincount(place.ravel(), units > 1, len(patterns)) > 0
    combined = null_space(patterns[free].astype(float)) if free.any() else np.eye(len(masks))
    about_units = np.abs(patterns[~free] @ combined).max(axis=0, initial=0.0) > TOLD
    told = np.abs(combined[:, about_units]).max(axis=1, initial=0.0) > TOLD
    return int(np.argmax(told)) if told.any() else None


def _met(rows: FloatArray, sought: FloatArray, moved: FloatArray) -> BoolArray:
    """Say which targets moves of atoms move far enough; ``rows`` are the atoms of each, shape (targets, atoms)."""
    return np.asarray(sought * (rows @ moved) >= sought**2 * MET)


class _Limits(NamedTuple):
    """The least and the most that rows or columns of a linear programme can be."""

    low: FloatArray
    high: FloatArray


def _solve(
    entries: Sequence[tuple[IntArray, IntArray, FloatArray]], *, rows: _Limits, columns: _Limits, costs: FloatArray
) -> FloatArray | None:
    """Solve a linear programme whose matrix is given as rows, columns and values; None where it has no optimum."""
    row, column, value = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    matrix = sparse.csc_array((value, (row, column)), shape=(len(rows.low), len(costs)))
    solved = milp(costs, constraints=LinearConstraint(matrix, *rows), bounds=Bounds(*columns))
    return solved.x if solved.status == 0 else None


def _is_target(protection: Protection, several: tuple[int, ...]) -> bool:
    """Whether a place is unsafe itself, rather than withheld for others."""
    return any(protection.reasons.get(number, SECONDARY) != SECONDARY for number in several)

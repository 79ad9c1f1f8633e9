"""Which combinations of classes hold units, as far as an outsider can tell from the printed cells."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations, product
from math import comb

import numpy as np
from numpy.typing import NDArray

from si_eval.disclosure.combinations import Combinations
from si_eval.disclosure.cover import Cell
from si_eval.stats import FloatArray

HARDLY = 0.1  # units to be expected: nobody takes it that there are any
FEW = 3.0  # units to be expected: outsiders may know that a combination with fewer is empty
WORLDS = 3  # drawn sets of combinations that may hold units
UNNAMED = 0.01  # how likely a class is, at first, that no label names: labels are complete unless the counts say not
MAX_ROUNDS = 100  # of the proportional fit
TOL = 0.01  # units: a fit that changes by less is done
SAME_SUM = 1e-11  # relative: sums this near to each other are over the same units
SMALLEST = 3  # cells that can add up to each other
MAX_SUMS = 100_000  # signed sums of a few cells that are compared with each other
TERMS = (3, 2)  # cells in such a sum, as many as `MAX_SUMS` allows

Mask = NDArray[np.bool_]
Signs = NDArray[np.int8]


def supports(cells: Sequence[Cell], found: Combinations) -> list[Mask]:
    """Return sets of combinations that may be those that hold units, shape (combinations,) each.

    The first has all that are possible, the second those with enough units to be expected; a cell of which none has
    stays free in it. The others are drawn: a combination is left out as often as chance would leave it empty, and each
    cell keeps one. The draw depends on the labels alone. Combinations that are printed by themselves are in all.
    """
    expected = _expected(found, np.array([cell.n for cell in cells]))
    printed = found.holds[found.holds.sum(axis=1) == 1].any(axis=0)
    drawn = [_drawn(cells, found.holds, expected, world) for world in range(WORLDS)]
    return [np.asarray(one | printed) for one in (expected >= HARDLY, expected >= FEW, *drawn)]


def _expected(found: Combinations, n: FloatArray) -> FloatArray:
    """Spread the units of the cells over the combinations as evenly as the cells allow (iterative proportional fit).

    A class that no label names gets units where nothing else can have them.
    """
    expected = UNNAMED**found.unnamed
    rows = [np.flatnonzero(row) for row in found.holds]
    for _ in range(MAX_ROUNDS):
        before = expected.copy()
        for row, units in zip(rows, n, strict=True):
            have = expected[row].sum()
            if have > 0:
                expected[row] *= units / have
        if np.abs(expected - before).max(initial=0.0) < TOL:
            break
    return np.asarray(expected)


def _drawn(cells: Sequence[Cell], holds: Mask, expected: FloatArray, world: int) -> Mask:
    """Draw which combinations hold units: each is empty with the chance that a Poisson count has of being zero."""
    labels = np.array(["|".join(cell.place) for cell in cells])
    names = ["/".join(sorted(labels[column])) for column in holds.T]
    chance = np.array([(zlib.crc32(f"{world}/{name}".encode()) + 0.5) / 2**32 for name in names])
    wait = np.divide(-np.log(chance), expected, out=np.full(len(expected), np.inf), where=expected > 0)
    kept = np.asarray(wait < 1)
    for row in holds:
        if np.isfinite(wait[row]).any() and not kept[row].any():
            kept[np.flatnonzero(row)[np.argmin(wait[row])]] = True
    return kept


def known_empty(cells: Sequence[Cell], holds: Mask) -> Mask:
    """Determine which combinations hold nobody because sums of different cells agree exactly, shape (combinations,).

    Two sums of a few cells that agree in units, in values and in squares are over the same units, so that a combination
    that stands in one of them only is empty. Values that are whole numbers agree by chance, unless squares tell.
    """
    empty = np.zeros(holds.shape[1], dtype=bool)
    for group in dict.fromkeys(cell.place.group for cell in cells):
        mine = [place for place, cell in enumerate(cells) if cell.place.group == group and cell.n > 0]
        evidence = np.array([[cells[place].n, cells[place].value, cells[place].squares] for place in mine])
        columns = holds[mine].astype(np.int8)
        for relation in _relations(evidence):
            empty |= relation @ columns != 0
    return empty


def _relations(evidence: FloatArray) -> Iterator[Signs]:
    """Return the signs with which few cells add up to nothing, shape (cells,): they are over the same units."""
    counts_only = bool(np.isnan(evidence[:, 2:]).all()) and np.array_equal(evidence[:, 1], np.round(evidence[:, 1]))
    if len(evidence) < SMALLEST or counts_only:
        return
    signs = _signed_sums(len(evidence))
    n, value = signs @ evidence[:, 0], signs @ evidence[:, 1]
    order = np.lexsort((value, n))
    near = np.abs(np.diff(value[order])) <= SAME_SUM * np.abs(evidence[:, 1]).max()
    for place in np.flatnonzero(near & (np.diff(n[order]) == 0)):
        relation = signs[order[place]] - signs[order[place + 1]]
        if _adds_up(relation, evidence):
            yield relation


@lru_cache(maxsize=8)
def _signed_sums(size: int) -> Signs:
    """List the sums of a few cells with their signs, shape (sums, cells)."""
    most = next((terms for terms in TERMS if comb(size, terms) * 2 ** (terms - 1) <= MAX_SUMS), 1)
    rows = []
    for terms in range(1, most + 1):
        chosen = np.array(list(combinations(range(size), terms)))
        for sign in product((1, -1), repeat=terms - 1):
            row = np.zeros((len(chosen), size), dtype=np.int8)
            np.put_along_axis(row, chosen, np.array([1, *sign], dtype=np.int8)[None, :], axis=1)
            rows.append(row)
    return np.concatenate(rows)


def _adds_up(relation: Signs, evidence: FloatArray) -> bool:
    """Whether cells with these signs add up to nothing in values and, where they have them, in squares."""
    used = relation != 0
    values, squares = (relation[used] * evidence[used, column] for column in (1, 2))
    if np.isnan(squares).any():
        return bool(np.any(values != np.round(values))) and _cancel(values)
    return _cancel(values) and _cancel(squares)


def _cancel(terms: FloatArray) -> bool:
    return bool(abs(terms.sum()) <= SAME_SUM * np.abs(terms).max(initial=0.0))

"""The search for the controls nearest in score: by cell, with equals drawn or in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from si_eval.stats import FloatArray, IntArray


class SortedControls(NamedTuple):
    """Controls by cell and score, equals by rank: rows, scores, where their run of equals starts and how long it is.

    ``cells`` are the codes of the cells, ``starts`` where each begins (and the last ends).
    """

    rows: IntArray
    score: FloatArray
    rank: IntArray
    first: IntArray
    equals: IntArray
    cells: IntArray
    starts: IntArray


def sort_controls(
    controls: IntArray, score: FloatArray, cell: IntArray, rank: IntArray, needed: IntArray
) -> SortedControls:
    """Sort the controls of the needed cells by cell, score and rank."""
    if len(needed) > 1 or (cell[controls] != needed[0]).any():
        controls = controls[np.isin(cell[controls], needed)]
    keys = (score[controls], cell[controls])
    order = np.lexsort(keys if (rank[controls[1:]] > rank[controls[:-1]]).all() else (rank[controls], *keys))
    rows = controls[order]
    sorted_score, cells = score[rows], cell[rows]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (sorted_score[1:] != sorted_score[:-1]) | (cells[1:] != cells[:-1])
    begin = np.flatnonzero(first)
    size = np.diff(np.append(begin, len(rows)))
    starts = np.repeat(begin, size), np.repeat(size, size)
    return SortedControls(
        rows, sorted_score, rank, *starts, needed, np.append(np.searchsorted(cells, needed), len(rows))
    )


def _positions(candidates: SortedControls, cell: IntArray, score: FloatArray) -> tuple[IntArray, IntArray, IntArray]:
    """Find, for each query, where its cell begins and ends and the first place in it with at least its score."""
    which = np.searchsorted(candidates.cells, cell)
    begin, end = candidates.starts[which], candidates.starts[which + 1]
    place = np.empty(len(cell), dtype=np.int64)
    order = np.argsort(which, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(which[order])) + 1) if len(order) else []:
        low, high = begin[group[0]], end[group[0]]
        place[group] = low + np.searchsorted(candidates.score[low:high], score[group])
    return begin, end, place


def nearest_controls(
    candidates: SortedControls,
    cell: IntArray,
    score: FloatArray,
    count: int,
    generator: np.random.Generator | None = None,
    leave_out: IntArray | None = None,
) -> tuple[IntArray, FloatArray]:
    """Find the rows of the nearest controls and their distances, shape (queries, count), infinite where there is none.

    With a ``generator`` each query enters a run of equals at a place of its own, and goes round in it.
    """
    if len(candidates.rows) == 0 or len(cell) == 0:
        return np.full((len(cell), count), -1), np.full((len(cell), count), np.inf)
    begin, end, place = (array[:, None] for array in _positions(candidates, cell, score))
    step = np.arange(count + (leave_out is not None))
    below, above = place - 1 - step, place + step
    inside = np.hstack([below >= begin, above < end])
    at = np.where(inside, np.hstack([below, above]), 0)
    first, equals = candidates.first[at], candidates.equals[at]
    turned = at - first
    turned[:, : len(step)] = (equals - 1 - turned)[:, : len(step)]  # going down, equals also come by rank
    if generator is not None:
        turned = (turned + (generator.random(len(cell))[:, None] * equals).astype(np.int64)) % equals
    rows = np.where(inside, candidates.rows[first + turned], -1)
    distance = np.where(inside, np.abs(candidates.score[at] - score[:, None]), np.inf)
    if leave_out is not None:
        distance = np.where(rows == leave_out[:, None], np.inf, distance)
    order = np.argsort(distance, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(distance, order, axis=1)


def match_greedily(
    candidates: SortedControls, order: IntArray, score: FloatArray, cell: IntArray, ratio: int, max_distance: float
) -> Iterator[tuple[int, int]]:
    """Yield pairs without replacement: in each round every treated row takes the nearest control that is free."""
    above: dict[int, int] = {}
    below: dict[int, int] = {}
    begin, end, place = (array.tolist() for array in _positions(candidates, cell[order], score[order]))
    waiting: Sequence[int] = range(len(order))

    def mirror(at: int) -> int:  # going down, equals also come by rank: the run of equals is read backwards
        return int(2 * candidates.first[at] + candidates.equals[at] - 1 - at)

    for _ in range(ratio):
        still = []
        for turn in waiting:
            up, down = _next_free(above, place[turn]), _next_free(below, place[turn] - 1)
            chosen, gap, own_score = -1, np.inf, score[order[turn]]
            if down >= begin[turn]:
                chosen = mirror(down)
                gap = own_score - candidates.score[chosen]
            if up < end[turn] and candidates.score[up] - own_score < gap:
                chosen, gap = up, candidates.score[up] - own_score
            if chosen < 0 or gap > max_distance:
                continue
            above[chosen] = chosen + 1
            below[mirror(chosen)] = mirror(chosen) - 1
            still.append(turn)
            yield int(order[turn]), int(candidates.rows[chosen])
        waiting = still


def _next_free(after: dict[int, int], place: int) -> int:
    """Follow the places that are taken to the first that is not, and shorten the way for the next."""
    passed = []
    while place in after:
        passed.append(place)
        place = after[place]
    for taken in passed:
        after[taken] = place
    return place

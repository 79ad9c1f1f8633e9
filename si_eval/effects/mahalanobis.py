"""Nearest neighbour matching on the Mahalanobis distance: several covariates at once, none modelled."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

import numpy as np
from scipy.spatial import cKDTree

from si_eval.effects.matching import Matched
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.vocabulary import Reason

MIN_EIGENVALUE = 1e-10  # smallest eigenvalue of the correlations that has a direction of its own


def match_mahalanobis(
    covariates: FloatArray,
    treated: BoolArray,
    *,
    exact: IntArray | None = None,
    ratio: int = 1,
    caliper: float | None = None,
    replace: bool = True,
    seed: int = 0,
) -> Matched:
    """Match each treated row with the controls nearest in the Mahalanobis distance within its cell.

    The distance of two rows of ``covariates`` (n, k) is the root of the squares of their difference, standardised by
    the covariance within the groups (pooled, as R's MatchIt has it). ``caliper`` is the largest distance. Without
    replacement the treated choose in the order of the rows, all a first control before any a second. Of controls at
    the same distance one is drawn. A treated row with fewer than ``ratio`` controls is unmatched with
    replacement, and keeps what it has without.

    Source: Rubin (1980), Biometrics 36, p. 293-298; Stuart (2010), Statistical Science 25, p. 1-21.
    """
    points = _standardised(covariates, treated)
    cell = np.zeros(len(treated), dtype=np.int64) if exact is None else exact
    limit = np.inf if caliper is None else caliper
    generator = np.random.default_rng(seed)
    pairs: list[tuple[int, int]] = []
    reasons: dict[int, Reason] = {}
    for code in np.unique(cell[treated]):
        rows, others = np.flatnonzero(treated & (cell == code)), np.flatnonzero(~treated & (cell == code))
        if not len(others):
            reasons |= dict.fromkeys(rows.tolist(), Reason.NO_CONTROL_IN_CELL)
            continue
        tree = cKDTree(points[others])
        found = _with_replacement if replace else _without_replacement
        chosen = list(found(tree, points, rows, others, ratio, limit, generator))
        pairs += chosen
        there = {row for row, _ in chosen}
        for row in rows.tolist():
            if row not in there:
                near = tree.query(points[row])[0]
                reasons[row] = Reason.OUTSIDE_CALIPER if near > limit else Reason.CONTROLS_USED_UP
    matched = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    counts = np.bincount(matched[:, 0], minlength=len(treated))
    unmatched = np.array(sorted(reasons), dtype=np.int64)
    return Matched(
        matched[:, 0], matched[:, 1], 1 / counts[matched[:, 0]], unmatched, tuple(reasons[row] for row in unmatched),
        np.bincount(matched[:, 1], minlength=len(treated)), replace,
    )  # fmt: skip


def _standardised(covariates: FloatArray, treated: BoolArray) -> FloatArray:
    """Rotate and scale the covariates so that plain distances are those of Mahalanobis, shape (n, directions)."""
    within = sum(
        (np.atleast_2d(np.cov(covariates[side].T)) if side.sum() > 1 else 0.0) * max(side.sum() - 1, 0)
        for side in (treated, ~treated)
    ) / max(len(treated) - 2, 1)
    spread = np.sqrt(np.diag(within))
    varying = spread > 0
    scaled = covariates[:, varying] / spread[varying]
    correlation = within[np.ix_(varying, varying)] / np.outer(spread[varying], spread[varying])
    values, vectors = np.linalg.eigh(correlation)
    kept = values > MIN_EIGENVALUE
    return np.asarray(scaled @ (vectors[:, kept] / np.sqrt(values[kept])), dtype=np.float64)


def _nearest(tree: cKDTree, point: FloatArray, count: int, limit: float) -> tuple[FloatArray, IntArray]:
    """Return the distances of the nearest points and their places: at least ``count``, with all that are as far."""
    distance, place = (np.atleast_1d(found) for found in tree.query(point, k=min(count, tree.n)))
    if len(distance) < tree.n:
        place = np.array(tree.query_ball_point(point, np.nextafter(float(distance[-1]), np.inf)), dtype=np.int64)
        distance = np.sqrt(np.sum((tree.data[place] - point) ** 2, axis=1))
    near = distance <= limit
    return distance[near], place[near]


def _with_replacement(
    tree: cKDTree,
    points: FloatArray,
    rows: IntArray,
    others: IntArray,
    ratio: int,
    limit: float,
    generator: np.random.Generator,
) -> Iterator[tuple[int, int]]:
    """Yield the pairs of every treated row that has enough controls; equals are drawn anew for each."""
    for row in rows.tolist():
        distance, place = _nearest(tree, points[row], ratio, limit)
        if len(place) >= ratio:
            order = np.lexsort((generator.random(len(place)), distance))[:ratio]
            yield from zip(repeat(row), others[place[order]].tolist())


def _without_replacement(
    tree: cKDTree,
    points: FloatArray,
    rows: IntArray,
    others: IntArray,
    ratio: int,
    limit: float,
    generator: np.random.Generator,
) -> Iterator[tuple[int, int]]:
    """Yield pairs in rounds: in each, every treated row takes the nearest control that is free."""
    rank, free = generator.permutation(tree.n), np.ones(tree.n, dtype=np.bool_)
    waiting = rows.tolist()
    for _ in range(ratio):
        still = []
        for row in waiting:
            count, left = 1, np.zeros(0, dtype=np.int64)
            while not len(left) and count < 2 * tree.n:
                distance, place = _nearest(tree, points[row], count, limit)
                left = np.flatnonzero(free[place])
                count *= 2
            if len(left):
                chosen = place[left[np.lexsort((rank[place[left]], distance[left]))[0]]]
                free[chosen] = False
                still.append(row)
                yield row, int(others[chosen])
        waiting = still

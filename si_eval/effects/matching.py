"""Pairs of the treated with their nearest controls, and the effect that they give."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from si_eval.effects.weighting import Effect
from si_eval.errors import StudyError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]
NO_CONTROL = "geen ander bedrijf in dezelfde cel | no other firm in the same cell"
TOO_FAR = "geen ander bedrijf binnen de afstand | no other firm within the caliper"


class Matched(NamedTuple):
    """Pairs: ``treated`` and ``control`` are rows, shape (pairs,), ``ratio`` controls for each matched treated row.

    ``unmatched`` are treated rows without, with a reason each; ``used`` (n,) counts how often a row is a control.
    """

    treated: Integers
    control: Integers
    ratio: int
    unmatched: Integers
    reasons: tuple[str, ...]
    used: Integers


def match_nearest(
    score: Floats,
    treated: Truths,
    *,
    exact: Integers | None = None,
    ratio: int = 1,
    caliper: float | None = None,
    seed: int = 0,
) -> Matched:
    """Match each treated row with the ``ratio`` controls nearest in ``score`` (n,), with replacement.

    ``exact`` (n,) are codes of cells within which matches are sought; ``caliper`` is the largest distance, in pooled
    standard deviations of the score. Of controls with the same score some are drawn, anew for each treated row: to take
    the first would use a few controls again and again. A treated row with fewer controls than ``ratio`` within reach is
    unmatched.

    Raises `StudyError` for scores that are missing and a ratio below 1.
    """
    if np.isnan(score).any() or ratio < 1:
        raise StudyError(
            f"score or ratio: found {int(np.isnan(score).sum())} missing scores and ratio {ratio}; expected none and "
            "at least 1; leave rows without a score out"
        )
    cell = np.zeros(len(score), dtype=np.int64) if exact is None else np.unique(exact, return_inverse=True)[1]
    spread = np.sqrt((score[treated].var(ddof=1) + score[~treated].var(ddof=1)) / 2)
    reach = np.inf if caliper is None else caliper * spread
    order = np.lexsort((np.arange(len(score)), score, cell))
    order = order[~treated[order]]
    starts = np.searchsorted(cell[order], np.arange(cell.max() + 2))
    generator = np.random.default_rng(seed)
    pairs, unmatched, reasons = [], [], []
    for row in np.flatnonzero(treated):
        candidates = order[starts[cell[row]] : starts[cell[row] + 1]]
        chosen, distance = _nearest(score[candidates], score[row], ratio, generator)
        if len(chosen) < ratio or distance[-1] > reach:
            unmatched.append(row)
            reasons.append(NO_CONTROL if len(chosen) < ratio else TOO_FAR)
        else:
            pairs += [(row, control) for control in candidates[chosen]]
    rows = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    used = np.bincount(rows[:, 1], minlength=len(score))
    return Matched(rows[:, 0], rows[:, 1], ratio, np.array(unmatched, dtype=np.int64), tuple(reasons), used)


def _nearest(ascending: Floats, value: float, ratio: int, generator: np.random.Generator) -> tuple[Integers, Floats]:
    """Give the places of the nearest of ascending values, and their distances, nearest first."""
    low, high = (int(place) for place in np.searchsorted(ascending, [value, value]))
    chosen: list[int] = []
    while len(chosen) < ratio and (low > 0 or high < len(ascending)):
        below = value - ascending[low - 1] if low > 0 else np.inf
        above = ascending[high] - value if high < len(ascending) else np.inf
        if below <= above:
            first, last = int(np.searchsorted(ascending, ascending[low - 1])), low
            low = first
        else:
            first, last = high, int(np.searchsorted(ascending, ascending[high], side="right"))
            high = last
        wanted = min(ratio - len(chosen), last - first)
        chosen += [int(place) for place in first + generator.choice(last - first, wanted, replace=False)]
    places = np.array(chosen, dtype=np.int64)
    return places, np.abs(ascending[places] - value)


def matched_effect(matched: Matched, outcome: Floats, score: Floats, treated: Truths) -> Effect:
    """Give the effect on the treated that were matched; ``outcome`` has shape (n,).

    The standard error allows for controls that are used more than once; the variance of each unit comes from its
    nearest neighbour in score within its own group. No bootstrap: it is not valid for matching (Abadie & Imbens, 2008).
    That the score is estimated is left out, which for the effect on the treated can go either way (Abadie & Imbens,
    2016). Source: Abadie & Imbens (2006), Econometrica 74, p. 235-267, theorem 6 and section 4.
    """
    ours = np.unique(matched.treated)
    n_treated = len(ours)
    pair_gap = outcome[matched.treated] - outcome[matched.control]
    gaps = np.bincount(matched.treated, pair_gap, minlength=len(outcome))[ours] / matched.ratio
    estimate = gaps.mean()
    weight = matched.used / matched.ratio
    variance = np.zeros(len(outcome))
    for group in (treated, ~treated):
        rows = np.flatnonzero(group)
        variance[rows] = _conditional_variance(outcome[rows], score[rows])
    repeated = variance * weight * (weight - 1 / matched.ratio)
    total = np.sum((gaps - estimate) ** 2) + repeated[~treated].sum()
    return Effect(float(estimate), float(np.sqrt(total) / n_treated), n_treated, int((matched.used > 0).sum()))


def _conditional_variance(outcome: Floats, score: Floats) -> Floats:
    """Give half the squared difference with the nearest unit in score, shape (n,)."""
    order = np.argsort(score, kind="stable")
    along, values = score[order], outcome[order]
    after = np.append(np.diff(along), np.inf)
    before = np.insert(np.diff(along), 0, np.inf)
    neighbour = np.where(after <= before, np.arange(1, len(order) + 1), np.arange(-1, len(order) - 1))
    variance = np.empty(len(order))
    variance[order] = (values - values[neighbour]) ** 2 / 2
    return variance

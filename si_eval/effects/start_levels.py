"""Whether the groups lay apart before: then a change is also selection and regression to the mean."""

from __future__ import annotations

import numpy as np

from si_eval import stats
from si_eval.effects.panel_arrays import NEVER_TREATED, PanelArrays
from si_eval.stats import BoolArray, FloatArray

MIN_UNITS = 2  # of a side: one has no variance


def lay_apart(level: FloatArray, treated: BoolArray, weights: FloatArray | None = None) -> bool:
    """Whether the mean levels of two groups lie more than `stats.FAR_APART` standard deviations apart."""
    own = np.ones(len(level)) if weights is None else weights
    return abs(_difference(level[treated], level[~treated], own[treated], own[~treated])) > stats.FAR_APART


def cohorts_lay_apart(arrays: PanelArrays, anticipation: int) -> bool:
    """Whether cohorts lay apart from the never treated in their base year, on average over participants."""
    differences, sizes = [], []
    never = arrays.cohort == NEVER_TREATED
    every: BoolArray = np.ones(len(never), dtype=np.bool_)
    for place, year in enumerate(arrays.years):
        cohort = year + 1 + anticipation
        mine = arrays.cohort == cohort
        level = arrays.outcome[:, place]
        known = ~np.isnan(level)
        own = arrays.weights_of(cohort, place, every) if arrays.has_weights else np.ones(len(level))
        ours, theirs = mine & known & (own > 0), never & known & (own > 0)
        differences.append(_difference(level[ours], level[theirs], own[ours], own[theirs]))
        sizes.append(int(ours.sum()))
    found = ~np.isnan(differences)
    if not found.any():
        return False
    return bool(abs(np.average(np.array(differences)[found], weights=np.array(sizes)[found])) > stats.FAR_APART)


def _difference(ours: FloatArray, theirs: FloatArray, own_ours: FloatArray, own_theirs: FloatArray) -> float:
    """Compute the standardised difference of two groups; missing with fewer than two units on a side."""
    if min(len(ours), len(theirs)) < MIN_UNITS:
        return np.nan
    moments = [np.asarray(one) for side in ((ours, own_ours), (theirs, own_theirs)) for one in _moments(*side)]
    return float(stats.standardised_mean_difference(*moments))


def _moments(values: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """Compute the weighted mean and standard deviation (of equal weights the usual one)."""
    mean = float(np.average(values, weights=weights))
    variance = float(np.average((values - mean) ** 2, weights=weights)) * len(values) / (len(values) - 1)
    return mean, float(np.sqrt(variance))

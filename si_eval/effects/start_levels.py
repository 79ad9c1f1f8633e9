"""Whether the groups lay apart before: then a change is also selection and regression to the mean."""

from __future__ import annotations

import numpy as np

from si_eval import stats
from si_eval.effects.panel_arrays import NEVER_TREATED, PanelArrays
from si_eval.stats import BoolArray, FloatArray

MIN_UNITS = 2  # of a side: one has no variance


def lay_apart(level: FloatArray, treated: BoolArray) -> bool:
    """Whether the mean levels of two groups lie more than `stats.FAR_APART` standard deviations apart."""
    return abs(_difference(level[treated], level[~treated])) > stats.FAR_APART


def cohorts_lay_apart(arrays: PanelArrays, anticipation: int) -> bool:
    """Whether cohorts lay apart from the never treated in their base year, on average over participants."""
    differences, sizes = [], []
    never = arrays.cohort == NEVER_TREATED
    for place, year in enumerate(arrays.years):
        mine = arrays.cohort == year + 1 + anticipation
        level = arrays.outcome[:, place]
        known = ~np.isnan(level)
        differences.append(_difference(level[mine & known], level[never & known]))
        sizes.append(int((mine & known).sum()))
    found = ~np.isnan(differences)
    if not found.any():
        return False
    return bool(abs(np.average(np.array(differences)[found], weights=np.array(sizes)[found])) > stats.FAR_APART)


def _difference(ours: FloatArray, theirs: FloatArray) -> float:
    """Compute the standardised difference of two groups; missing with fewer than two units on a side."""
    if min(len(ours), len(theirs)) < MIN_UNITS:
        return np.nan
    moments = [np.asarray(value) for side in (ours, theirs) for value in (side.mean(), side.std(ddof=1))]
    return float(stats.standardised_mean_difference(*moments))

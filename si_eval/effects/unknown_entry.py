"""What can be said when the year of entry is not known: the change since each year before which it may have been."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import special

from si_eval.effects.change_sample import select_sample
from si_eval.effects.design_result import BY_CLUSTER, BY_UNIT, OVERALL, Estimate
from si_eval.effects.panel_arrays import ALL_COHORTS, NEVER_TREATED, UNKNOWN_ENTRY, PanelArrays
from si_eval.effects.sides import sides_of
from si_eval.effects.small_sample import infer_difference
from si_eval.effects.two_by_two import two_by_two
from si_eval.stats import BoolArray, IntArray
from si_eval.vocabulary import ATT_ENTRY, ATT_ENTRY_BOUNDS, Reason, bilingual_label

MIN_UNITS = 2  # of a side: one has no variance


def bound_unknown_entry(arrays: PanelArrays, min_units: int, level: float) -> Iterator[Estimate]:
    """Yield the change up to the last year as if all had entered in one year, for each that is possible, and bounds.

    For each number of years after the earliest year of entry of a unit, its change is taken since the year before,
    against units that never take part, adjusted for the covariates of that year by regression. Participants whose entry
    is known keep it. The bounds join the intervals. They hold the mean effect in the last year on those that had
    entered if trends are parallel and all entered equally long after the earliest year; or in different years, where
    the year of entry tells nothing of the change.
    """
    unknown = arrays.cohort == UNKNOWN_ENTRY
    if arrays.earliest is None:
        return
    if not np.any(unknown):
        yield Estimate(OVERALL, np.nan, statistic=ATT_ENTRY_BOUNDS, reason=Reason.EVERY_ENTRY_KNOWN)
        return
    earliest = np.where(unknown, arrays.earliest, np.nan)
    calendar = np.asarray(arrays.years)
    if np.isnan(earliest).all():
        yield Estimate(OVERALL, np.nan, statistic=ATT_ENTRY_BOUNDS, reason=Reason.EARLIEST_UNKNOWN)
        return
    same = np.nanmin(earliest) == np.nanmax(earliest)
    found = []
    for delay in range(int(calendar[-1] - np.nanmin(earliest)) + 1):
        entry = np.where(unknown, np.nan_to_num(earliest + delay, nan=0.0), arrays.cohort).astype(np.int64)
        if not np.any(unknown & (entry > calendar[0]) & (entry <= calendar[-1])):
            continue
        name = (
            bilingual_label("entry_in", number=int(np.nanmin(earliest)) + delay - arrays.shift)
            if same
            else bilingual_label("entry_after", number=delay)
        )
        estimate = _as_if_entered(arrays, entry, min_units)._replace(category=name)
        yield estimate
        if np.isfinite(estimate.corrected_error):
            margin = float(special.stdtrit(estimate.dof, 0.5 + level / 2)) * estimate.corrected_error
            found.append((estimate.estimate - margin, estimate.estimate, estimate.estimate + margin, estimate))
    if not found:
        yield Estimate(OVERALL, np.nan, statistic=ATT_ENTRY_BOUNDS, reason=Reason.TOO_FEW_UNITS)
        return
    low, _, _, _ = min(found)
    high = max(upper for _, _, upper, _ in found)
    values = [value for _, value, _, _ in found]
    fewest = min((estimate for *_, estimate in found), key=lambda estimate: estimate.n_treated)
    yield fewest._replace(
        category=OVERALL, statistic=ATT_ENTRY_BOUNDS, estimate=(min(values) + max(values)) / 2, std_error=np.nan,
        corrected_error=np.nan, low=low, high=high, dof=np.inf, convention="", note=Reason.ENTRY_TELLS_NOTHING.note,
    )  # fmt: skip


def _as_if_entered(arrays: PanelArrays, entry: IntArray, min_units: int) -> Estimate:
    """Estimate the change from the year before each unit's ``entry`` (units,) to the last, 0 for never treated."""
    calendar, never = np.asarray(arrays.years), arrays.cohort == NEVER_TREATED
    influence, treated = np.zeros(len(entry)), np.zeros(len(entry), dtype=np.bool_)
    att, controls, parameters = 0.0, np.zeros(len(entry), dtype=np.bool_), 0
    parts = []
    comparisons = []
    for g in np.unique(entry[~never & (entry > calendar[0]) & (entry <= calendar[-1])]):
        place = int(np.searchsorted(calendar, g)) - 1
        both: BoolArray = ~np.isnan(arrays.outcome[:, place]) & ~np.isnan(arrays.outcome[:, -1])
        sample = select_sample(arrays, both & (never | (entry == g)), place)
        if min(sample.treated.sum(), (~sample.treated).sum()) < MIN_UNITS:
            continue
        before = np.zeros(len(sample.change))
        cell = two_by_two(
            before, sample.change, sample.treated, sample.covariates, method="reg", weights=sample.weights
        )
        if not np.isfinite(cell.att) or cell.reason:
            return Estimate(OVERALL, np.nan, statistic=ATT_ENTRY, n_treated=cell.n_treated, n_controls=cell.n_controls,
                            reason=cell.reason)  # fmt: skip
        parts.append((sample, cell))
        years = arrays.years[-1], arrays.years[place]
        comparisons.append((int(g) - arrays.shift, years[0] - arrays.shift, years[1] - arrays.shift))
    n_treated = sum(cell.n_treated for _, cell in parts)
    for sample, cell in parts:
        weight = cell.n_treated / n_treated
        att += weight * cell.att
        influence[sample.places] += weight * cell.influence / len(sample.change)
        rows = np.flatnonzero(sample.places)
        treated[rows[sample.treated]], controls[rows[~sample.treated]] = True, True
        parameters = max(parameters, 0 if sample.covariates is None else sample.covariates.shape[1])
    used = treated | controls
    n_controls = int(controls.sum())
    estimate = Estimate(OVERALL, np.nan, statistic=ATT_ENTRY, n_treated=n_treated, n_controls=n_controls)
    if min(n_treated, n_controls) < max(min_units, MIN_UNITS):
        return estimate._replace(reason=Reason.TOO_FEW_UNITS)
    cluster = None if arrays.cluster is None else arrays.cluster[used]
    weights = arrays.weights_of(ALL_COHORTS, 0, used) if arrays.has_weights else None
    inference = infer_difference(influence[used] * used.sum(), treated[used], parameters, cluster, weights)
    return estimate._replace(
        estimate=att,
        std_error=inference.std_error,
        corrected_error=inference.corrected,
        dof=inference.dof,
        convention=BY_UNIT if cluster is None else BY_CLUSTER,
        note=Reason.AS_IF_ENTERED.note,
        sides=sides_of(treated, controls),
        comparisons=tuple(comparisons),
    )

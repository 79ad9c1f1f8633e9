"""The change between two years, participants against comparable units: for when the year of entry is not known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from si_eval import stats
from si_eval.cluster_robust import clustered_regression
from si_eval.effects.change_sample import ChangeSample, select_sample
from si_eval.effects.design_result import (
    BY_CLUSTER,
    BY_UNIT,
    CR2,
    MARYLAND_COMPARED,
    MATCHED,
    MATCHED_SETS,
    OVERALL,
    WEIGHTED,
    WELCH,
    DesignResult,
    Estimate,
)
from si_eval.effects.matching import Matched, match_nearest, matched_effect
from si_eval.effects.panel_arrays import NEVER_TREATED, UNKNOWN_ENTRY, PanelArrays
from si_eval.effects.sides import placed_sides, sides_of
from si_eval.effects.small_sample import MIN_CLUSTERS, count_members, infer_difference
from si_eval.effects.start_levels import lay_apart
from si_eval.effects.two_by_two import Method, drop_constant_columns, two_by_two
from si_eval.effects.unknown_entry import bound_unknown_entry
from si_eval.effects.validation import is_rounding
from si_eval.effects.weighting import balanced_scores, entropy_balance
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.vocabulary import MARYLAND, Reason

UNADJUSTED, LAGGED_OUTCOME = "unadjusted", "lagged_outcome"
MIN_UNITS = 2  # of a side: one has no variance


def estimate_long_difference(
    arrays: PanelArrays, adjustments: Sequence[str], min_units: int, level: float = 0.95
) -> DesignResult:
    """Compare the change from the first to the last year of participants and of units that never took part.

    Participants that had entered in the first year already have no year before, and are left out; those whose entry is
    not known count as entered in between. Covariates are those of the first year. ``level`` is the coverage of bounds
    over the years in which they may have entered, where the arrays have the earliest.
    """
    before, after = arrays.outcome[:, 0], arrays.outcome[:, -1]
    first, last = arrays.years[0], arrays.years[-1]
    cohort = arrays.cohort
    reasons = {
        Reason.TREATED_FROM_START: (cohort != NEVER_TREATED) & (cohort != UNKNOWN_ENTRY) & (cohort <= first),
        Reason.TREATED_AFTER_END: cohort > last,
        Reason.NO_OUTCOME_IN_BOTH_YEARS: np.isnan(before) | np.isnan(after),
    }
    used: BoolArray = np.ones(len(cohort), dtype=np.bool_)
    left_out: dict[Reason, BoolArray] = {}
    for reason, units in reasons.items():
        left_out[reason] = used & units & (cohort != NEVER_TREATED)
        used &= ~units
    sample = select_sample(arrays, used)
    left_out |= {reason: units & (cohort != NEVER_TREATED) for reason, units in sample.lost.items()}
    compared = ((0, last - arrays.shift, first - arrays.shift),)
    estimates = [
        _with_units(_estimate_adjusted(name, sample, min_units), sample)._replace(comparisons=compared)
        for name in adjustments
    ]
    if lay_apart(sample.level, sample.treated, sample.weights):
        estimates = [estimate._replace(note=estimate.note or Reason.UNLIKE_BEFORE.note) for estimate in estimates]
    known = [estimate for estimate in estimates if np.isfinite(estimate.estimate)]
    if known:
        fewest = min(known, key=lambda estimate: min(estimate.n_treated, estimate.n_controls))
        estimates.append(Estimate(OVERALL, MARYLAND_COMPARED, n_treated=fewest.n_treated, n_controls=fewest.n_controls,
                                  statistic=MARYLAND, note=Reason.NO_TREND_BEFORE.note, sides=fewest.sides,
                                  comparisons=compared))  # fmt: skip
    estimates += bound_unknown_entry(arrays, min_units, level)
    counted = {reason: units for reason, units in left_out.items() if units.any()}
    return DesignResult(estimates, Reason.NO_TREND_BEFORE, counted)


def _estimate_adjusted(name: str, sample: ChangeSample, min_units: int) -> Estimate:
    """Estimate with one adjustment, or return why there is no estimate."""
    n_treated, n_controls = int(sample.treated.sum()), int((~sample.treated).sum())
    if min(n_treated, n_controls) < max(min_units, MIN_UNITS):
        return Estimate(name, np.nan, n_treated=n_treated, n_controls=n_controls, reason=Reason.TOO_FEW_UNITS)
    if name not in (UNADJUSTED, LAGGED_OUTCOME) and sample.covariates is None:
        reason = Reason.CONSTANT_COVARIATE if sample.has_covariates else Reason.NO_COVARIATES_GIVEN
        return Estimate(name, np.nan, reason=reason)
    estimate = ADJUSTMENTS[name](sample)
    if sample.has_too_few_clusters and np.isfinite(estimate.estimate):
        return estimate._replace(
            std_error=np.nan, corrected_error=np.nan, convention="", reason=Reason.TOO_FEW_CLUSTERS
        )
    if not is_rounding(estimate.std_error * np.sqrt(len(sample.change)), sample.scale):
        return estimate
    known = 0.0 if is_rounding(abs(estimate.estimate), sample.scale) else estimate.estimate
    return estimate._replace(
        estimate=known, std_error=np.nan, corrected_error=np.nan, convention="", reason=Reason.NO_VARIANCE
    )


def _with_units(estimate: Estimate, sample: ChangeSample) -> Estimate:
    """Add the units of an estimate: those that were matched, else all of the sample; none where it counts none."""
    if estimate.sides is not None:
        return estimate._replace(sides=placed_sides(estimate.sides, sample.places))
    if not max(estimate.n_treated, estimate.n_controls):
        return estimate
    return estimate._replace(sides=sides_of(sample.treated, ~sample.treated, sample.places))


def _estimate_unadjusted(sample: ChangeSample) -> Estimate:
    """Compute the difference of the mean changes, with Welch's standard error or, by cluster, that of CR2."""
    treated_change, control_change = sample.change[sample.treated], sample.change[~sample.treated]
    if sample.weights is not None:
        return _estimate_two_by_two(UNADJUSTED, "reg", replace(sample, covariates=None))
    estimate = Estimate(
        UNADJUSTED,
        float(treated_change.mean() - control_change.mean()),
        n_treated=len(treated_change),
        n_controls=len(control_change),
    )
    if sample.cluster is not None:
        design = np.column_stack([np.ones(len(sample.change)), sample.treated])
        fit = clustered_regression(design, sample.change, np.array([0.0, 1.0]), sample.cluster)
        return estimate._replace(std_error=fit.std_error, dof=fit.dof, convention=CR2)
    se_a, se_b = (np.array([part.std(ddof=1) / np.sqrt(len(part))]) for part in (treated_change, control_change))
    n_a, n_b = np.array([len(treated_change)]), np.array([len(control_change)])
    dof = stats.welch_degrees_of_freedom(se_a, n_a, se_b, n_b)
    return estimate._replace(std_error=float(np.hypot(se_a, se_b)[0]), dof=float(dof[0]), convention=WELCH)


def _estimate_two_by_two(name: str, method: Method, sample: ChangeSample) -> Estimate:
    """Estimate by a model of the outcome, of participation, or of both."""
    logit = None if method == "reg" or sample.covariates is None else sample.logit
    before = np.zeros(len(sample.change))
    cell = two_by_two(
        before, sample.change, sample.treated, sample.covariates, method=method, logit=logit, weights=sample.weights
    )
    estimate = Estimate(name, cell.att, n_treated=cell.n_treated, n_controls=cell.n_controls, reason=cell.reason)
    if not np.isfinite(cell.att) or cell.reason:
        return estimate
    parameters = 0 if sample.covariates is None else sample.covariates.shape[1]
    std_error, corrected, dof = infer_difference(
        cell.influence, sample.treated, parameters, sample.cluster, sample.weights
    )
    convention = BY_UNIT if sample.cluster is None else BY_CLUSTER
    return estimate._replace(std_error=std_error, corrected_error=corrected, dof=dof, convention=convention)


def _estimate_at_equal_level(sample: ChangeSample) -> Estimate:
    """Estimate by a regression of the change on the covariates and on the outcome's own level in the first year.

    Source: Ding & Li (2019), Political Analysis 27, p. 605-615: it errs on the other side of a difference of changes.
    """
    columns = [sample.level[:, None], *([] if sample.covariates is None else [sample.covariates])]
    with_level = replace(sample, covariates=drop_constant_columns(np.hstack(columns)))
    estimate = _estimate_two_by_two(LAGGED_OUTCOME, "reg", with_level)
    return estimate._replace(note=Reason.LEVELS_ALIKE.note)


def _estimate_balanced(sample: ChangeSample) -> Estimate:
    """Estimate with weights that make the means of the covariates equal."""
    change, treated, covariates = sample.change, sample.treated, sample.covariates
    assert covariates is not None
    weights = entropy_balance(covariates, treated)
    if not weights.converged:
        return Estimate("entropy_balancing", np.nan, reason=weights.reason)
    value, scores = balanced_scores(change, covariates, treated, weights.weights)
    n_treated, n_controls = int(treated.sum()), int(np.count_nonzero(weights.weights))
    dof, convention = min(n_treated, weights.effective_size) - 1, WEIGHTED
    if sample.cluster is not None:
        scores = np.bincount(sample.cluster, scores).astype(np.float64)
        members = count_members(sample.cluster, treated.astype(np.int64), np.array([1]))
        dof, convention = min(dof, members.dof(np.ones(2))), f"{WEIGHTED}, summed by cluster"
    std_error = float(np.sqrt(scores @ scores))
    return Estimate("entropy_balancing", value, std_error, n_treated, n_controls, dof=dof, convention=convention)


def _estimate_matched(sample: ChangeSample) -> Estimate:
    """Estimate with the nearest control in the logit of the propensity score."""
    if not sample.logit.converged or sample.covariates is None:
        return Estimate("nearest_neighbour", np.nan, reason=sample.logit.reason)
    constant, *slopes = sample.logit.coefficients
    score = constant + sample.covariates @ np.array(slopes)
    matched = match_nearest(score, sample.treated)
    effect = matched_effect(matched, sample.change, score, sample.treated)
    treated: BoolArray = np.zeros(len(score), dtype=np.bool_)
    treated[matched.treated] = True
    sides = sides_of(treated, matched.used > 0)
    estimate = Estimate("nearest_neighbour", *effect, reason=effect.reason, sides=sides)
    if effect.reason:
        return estimate
    if sample.cluster is None:
        dof = min(effect.n_treated, effect.n_controls) - 1
        return estimate._replace(dof=dof, convention=MATCHED)
    sets = _matched_sets(matched, sample.cluster)
    difference = matched.weight * (sample.change[matched.treated] - sample.change[matched.control])
    gaps: FloatArray = np.bincount(matched.treated, difference)[np.unique(matched.treated)].astype(np.float64)
    if sets.max() < MIN_CLUSTERS:
        return estimate._replace(std_error=np.nan, reason=Reason.TOO_FEW_CLUSTERS)
    fit = clustered_regression(np.ones((len(gaps), 1)), gaps, np.ones(1), sets)
    return estimate._replace(std_error=fit.std_error, dof=fit.dof, convention=MATCHED_SETS)


def _matched_sets(matched: Matched, cluster: IntArray) -> IntArray:
    """Give each matched treated unit the number of its set: clusters that share a match, directly or through others.

    Source: Abadie & Spiess (2022), Journal of the American Statistical Association 117, p. 983-995.
    """
    pairs = cluster[matched.treated], cluster[matched.control]
    size = int(cluster.max()) + 1
    links = sparse.coo_matrix((np.ones(len(matched.treated)), pairs), shape=(size, size))
    of_cluster = csgraph.connected_components(links, directed=False)[1]
    return np.unique(of_cluster[cluster[np.unique(matched.treated)]], return_inverse=True)[1]


ADJUSTMENTS: Mapping[str, Callable[[ChangeSample], Estimate]] = {
    UNADJUSTED: _estimate_unadjusted,
    LAGGED_OUTCOME: _estimate_at_equal_level,
    "regression": partial(_estimate_two_by_two, "regression", "reg"),
    "inverse_probability": partial(_estimate_two_by_two, "inverse_probability", "ipw"),
    "doubly_robust": partial(_estimate_two_by_two, "doubly_robust", "dr"),
    "entropy_balancing": _estimate_balanced,
    "nearest_neighbour": _estimate_matched,
}
WEIGHTED_ADJUSTMENTS = (UNADJUSTED, LAGGED_OUTCOME, "regression", "inverse_probability", "doubly_robust")  # of units
# that count for different numbers: the others make weights of their own

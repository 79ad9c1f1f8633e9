"""The change between two years, participants against comparable units: for when the year of entry is not known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from si_eval import stats
from si_eval.effects.design_result import NORMAL, DesignResult, Estimate
from si_eval.effects.matching import match_nearest, matched_effect
from si_eval.effects.panel_arrays import NEVER_TREATED, UNKNOWN_ENTRY, PanelArrays
from si_eval.effects.propensity import Logit, fit_logit
from si_eval.effects.sides import placed, placed_sides, sides_of
from si_eval.effects.two_by_two import Method, drop_constant_columns, has_counterpart, two_by_two
from si_eval.effects.validation import is_rounding
from si_eval.effects.weighting import balanced_effect, entropy_balance
from si_eval.stats import BoolArray, FloatArray
from si_eval.vocabulary import Reason

UNADJUSTED = "unadjusted"
MIN_UNITS = 2  # of a side: one has no variance


def estimate_long_difference(arrays: PanelArrays, adjustments: Sequence[str], min_units: int) -> DesignResult:
    """Compare the change from the first to the last year of participants and of units that never took part.

    Participants that had entered in the first year already have no year before, and are left out; those whose entry is
    not known count as entered in between. Covariates are those of the first year.
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
    sample = _select_sample(arrays, used)
    left_out[Reason.MISSING_COVARIATES] = used & ~sample.places & (cohort != NEVER_TREATED)
    compared = ((0, last - arrays.shift, first - arrays.shift),)
    estimates = [
        _with_units(_estimate_adjusted(name, sample, min_units), sample)._replace(comparisons=compared)
        for name in adjustments
    ]
    return DesignResult(estimates, {reason: units for reason, units in left_out.items() if units.any()})


@dataclass(frozen=True)
class _Sample:
    """Units that are compared: change (n,), who took part (n,), covariates that differ (n, k), their logit.

    ``scale`` is the largest outcome: changes that differ by less than its rounding do not vary. ``places`` marks these
    units among all of the arrays.
    """

    change: FloatArray
    treated: BoolArray
    covariates: FloatArray | None
    scale: float
    places: BoolArray
    has_covariates: bool = True

    @cached_property
    def logit(self) -> Logit:
        """Logit of participation on the covariates, fitted once."""
        assert self.covariates is not None
        return fit_logit(self.covariates, self.treated)


def _select_sample(arrays: PanelArrays, used: BoolArray) -> _Sample:
    """Select the units that have covariates and a counterpart among the participants in every category."""
    change = arrays.outcome[used, -1] - arrays.outcome[used, 0]
    scale = float(np.abs(arrays.outcome[used][:, [0, -1]]).max(initial=0.0))
    treated = arrays.cohort[used] != NEVER_TREATED
    design = arrays.design(0, used)
    if design is None:
        return _Sample(change, treated, None, scale, used, has_covariates=bool(arrays.covariates))
    known: BoolArray = np.asarray(~np.isnan(design).any(axis=1), dtype=np.bool_)
    if np.any(treated & known):
        known[known] = has_counterpart(design[known], treated[known])
    return _Sample(change[known], treated[known], drop_constant_columns(design[known]), scale, placed(known, used))


def _estimate_adjusted(name: str, sample: _Sample, min_units: int) -> Estimate:
    """Estimate with one adjustment, or return why there is no estimate."""
    n_treated, n_controls = int(sample.treated.sum()), int((~sample.treated).sum())
    if min(n_treated, n_controls) < max(min_units, MIN_UNITS):
        return Estimate(name, np.nan, n_treated=n_treated, n_controls=n_controls, reason=Reason.TOO_FEW_UNITS)
    if name != UNADJUSTED and sample.covariates is None:
        reason = Reason.CONSTANT_COVARIATE if sample.has_covariates else Reason.NO_COVARIATES_GIVEN
        return Estimate(name, np.nan, reason=reason)
    estimate = ADJUSTMENTS[name](sample)
    if not is_rounding(estimate.std_error * np.sqrt(len(sample.change)), sample.scale):
        return estimate
    known = 0.0 if is_rounding(abs(estimate.estimate), sample.scale) else estimate.estimate
    return estimate._replace(estimate=known, std_error=np.nan, dof=NORMAL, reason=Reason.NO_VARIANCE)


def _with_units(estimate: Estimate, sample: _Sample) -> Estimate:
    """Add the units of an estimate: those that were matched, else all of the sample; none where it counts none."""
    if estimate.sides is not None:
        return estimate._replace(sides=placed_sides(estimate.sides, sample.places))
    if not max(estimate.n_treated, estimate.n_controls):
        return estimate
    return estimate._replace(sides=sides_of(sample.treated, ~sample.treated, sample.places))


def _estimate_unadjusted(sample: _Sample) -> Estimate:
    """Compute the difference of the mean changes, with Welch's standard error."""
    treated_change, control_change = sample.change[sample.treated], sample.change[~sample.treated]
    se_a, se_b = (np.array([part.std(ddof=1) / np.sqrt(len(part))]) for part in (treated_change, control_change))
    n_a, n_b = np.array([len(treated_change)]), np.array([len(control_change)])
    dof = stats.welch_degrees_of_freedom(se_a, n_a, se_b, n_b)
    return Estimate(
        UNADJUSTED,
        float(treated_change.mean() - control_change.mean()),
        float(np.hypot(se_a, se_b)[0]),
        len(treated_change),
        len(control_change),
        dof=float(dof[0]),
    )


def _estimate_two_by_two(name: str, method: Method, sample: _Sample) -> Estimate:
    """Estimate by a model of the outcome, of participation, or of both."""
    logit = None if method == "reg" else sample.logit
    before = np.zeros(len(sample.change))
    cell = two_by_two(before, sample.change, sample.treated, sample.covariates, method=method, logit=logit)
    return Estimate(name, cell.att, cell.std_error, cell.n_treated, cell.n_controls, reason=cell.reason)


def _estimate_balanced(sample: _Sample) -> Estimate:
    """Estimate with weights that make the means of the covariates equal."""
    change, treated, covariates = sample.change, sample.treated, sample.covariates
    assert covariates is not None
    weights = entropy_balance(covariates, treated)
    if not weights.converged:
        return Estimate("entropy_balancing", np.nan, reason=weights.reason)
    effect = balanced_effect(change, covariates, treated, weights.weights)
    return Estimate("entropy_balancing", *effect, reason=effect.reason)


def _estimate_matched(sample: _Sample) -> Estimate:
    """Estimate with the nearest control in the logit of the propensity score."""
    if not sample.logit.converged or sample.covariates is None:
        return Estimate("nearest_neighbour", np.nan, reason=sample.logit.reason)
    constant, *slopes = sample.logit.coefficients
    score = constant + sample.covariates @ np.array(slopes)
    matched = match_nearest(score, sample.treated)
    effect = matched_effect(matched, sample.change, score, sample.treated)
    treated: BoolArray = np.zeros(len(score), dtype=np.bool_)
    treated[matched.treated] = True
    return Estimate("nearest_neighbour", *effect, reason=effect.reason, sides=sides_of(treated, matched.used > 0))


ADJUSTMENTS: Mapping[str, Callable[[_Sample], Estimate]] = {
    UNADJUSTED: _estimate_unadjusted,
    "regression": partial(_estimate_two_by_two, "regression", "reg"),
    "inverse_probability": partial(_estimate_two_by_two, "inverse_probability", "ipw"),
    "doubly_robust": partial(_estimate_two_by_two, "doubly_robust", "dr"),
    "entropy_balancing": _estimate_balanced,
    "nearest_neighbour": _estimate_matched,
}

"""The change between two years, participants against comparable units: for when the year of entry is not known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from si_eval import stats
from si_eval.effects.findings import Finding, Findings
from si_eval.effects.histories import NEVER, UNKNOWN, Histories
from si_eval.effects.matching import match_nearest, matched_effect
from si_eval.effects.propensity import Logit, fit_logit
from si_eval.effects.two_by_two import Method, supported, two_by_two, varying
from si_eval.effects.weighting import balanced_effect, entropy_balance
from si_eval.errors import StudyError
from si_eval.stats import BoolArray, FloatArray
from si_eval.vocabulary import Reason

UNADJUSTED = "unadjusted"


def long_difference(histories: Histories, adjustments: Sequence[str], min_units: int) -> Findings:
    """Compare the change from the first to the last year of participants and of units that never took part.

    Participants that had entered in the first year already have no year before, and are left out; those whose entry is
    not known count as entered in between. Covariates are those of the first year.
    """
    unknown = [name for name in adjustments if name not in ADJUSTMENTS]
    if unknown or not adjustments:
        raise StudyError(
            f"method: found {', '.join(unknown) or 'none'}; expected some of {', '.join(ADJUSTMENTS)}; correct it"
        )
    before, after = histories.outcome[:, 0], histories.outcome[:, -1]
    first, last = histories.years[0], histories.years[-1]
    cohort = histories.cohort
    reasons = {
        Reason.TREATED_FROM_START: (cohort != NEVER) & (cohort != UNKNOWN) & (cohort <= first),
        Reason.TREATED_AFTER_END: cohort > last,
        Reason.NO_OUTCOME_IN_BOTH_YEARS: np.isnan(before) | np.isnan(after),
    }
    used: BoolArray = np.ones(len(cohort), dtype=np.bool_)
    left_out: dict[Reason, int] = {}
    for reason, units in reasons.items():
        left_out[reason] = int(np.sum(used & units & (cohort != NEVER)))
        used &= ~units
    compared = _compared(histories, used)
    left_out[Reason.MISSING_COVARIATES] = int(np.sum(used & (cohort != NEVER)) - compared.treated.sum())
    found = [_adjusted(name, compared, min_units) for name in adjustments]
    return Findings(found, {reason: units for reason, units in left_out.items() if units})


@dataclass(frozen=True)
class _Compared:
    """Units that are compared: change (n,), who took part (n,), covariates that differ (n, k), their logit."""

    change: FloatArray
    treated: BoolArray
    covariates: FloatArray | None

    @cached_property
    def logit(self) -> Logit:
        assert self.covariates is not None
        return fit_logit(self.covariates, self.treated)


def _compared(histories: Histories, used: BoolArray) -> _Compared:
    """Choose the units that have covariates and a counterpart among the participants in every category."""
    change = histories.outcome[used, -1] - histories.outcome[used, 0]
    treated = histories.cohort[used] != NEVER
    design = histories.design(0, used)
    if design is None:
        return _Compared(change, treated, None)
    known: BoolArray = np.asarray(~np.isnan(design).any(axis=1), dtype=np.bool_)
    if np.any(treated & known):
        known[known] = supported(design[known], treated[known])
    return _Compared(change[known], treated[known], varying(design[known]))


def _adjusted(name: str, compared: _Compared, min_units: int) -> Finding:
    participants, others = int(compared.treated.sum()), int((~compared.treated).sum())
    if min(participants, others) < min_units:
        return Finding(name, np.nan, participants=participants, others=others, reason=Reason.TOO_FEW_UNITS)
    if name != UNADJUSTED and compared.covariates is None:
        return Finding(name, np.nan, reason=Reason.NO_COVARIATES_GIVEN)
    return ADJUSTMENTS[name](compared)


def _unadjusted(compared: _Compared) -> Finding:
    ours, theirs = compared.change[compared.treated], compared.change[~compared.treated]
    se_a, se_b = (np.array([part.std(ddof=1) / np.sqrt(len(part))]) for part in (ours, theirs))
    n_a, n_b = np.array([len(ours)]), np.array([len(theirs)])
    dof = stats.welch_degrees_of_freedom(se_a, n_a, se_b, n_b)
    return Finding(
        UNADJUSTED,
        float(ours.mean() - theirs.mean()),
        float(np.hypot(se_a, se_b)[0]),
        len(ours),
        len(theirs),
        dof=float(dof[0]),
    )


def _modelled(name: str, method: Method, compared: _Compared) -> Finding:
    logit = None if method == "reg" else compared.logit
    before = np.zeros(len(compared.change))
    cell = two_by_two(before, compared.change, compared.treated, compared.covariates, method=method, logit=logit)
    return Finding(name, cell.att, cell.std_error, cell.n_treated, cell.n_controls, reason=cell.reason)


def _balanced(compared: _Compared) -> Finding:
    change, treated, covariates = compared.change, compared.treated, compared.covariates
    assert covariates is not None
    weights = entropy_balance(covariates, treated)
    if not weights.converged:
        return Finding("entropy_balancing", np.nan, reason=weights.reason)
    return Finding("entropy_balancing", *balanced_effect(change, covariates, treated, weights.weights))


def _matched(compared: _Compared) -> Finding:
    if not compared.logit.converged or compared.covariates is None:
        return Finding("nearest_neighbour", np.nan, reason=compared.logit.reason)
    constant, *slopes = compared.logit.coefficients
    score = constant + compared.covariates @ np.array(slopes)
    matched = match_nearest(score, compared.treated)
    return Finding("nearest_neighbour", *matched_effect(matched, compared.change, score, compared.treated))


ADJUSTMENTS: Mapping[str, Callable[[_Compared], Finding]] = {
    UNADJUSTED: _unadjusted,
    "regression": partial(_modelled, "regression", "reg"),
    "inverse_probability": partial(_modelled, "inverse_probability", "ipw"),
    "doubly_robust": partial(_modelled, "doubly_robust", "dr"),
    "entropy_balancing": _balanced,
    "nearest_neighbour": _matched,
}

"""The change between two years, participants against comparable units: for when the year of entry is not known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from si_eval import stats
from si_eval.effects.findings import Finding, Findings
from si_eval.effects.histories import NEVER, UNKNOWN, Floats, Histories
from si_eval.effects.matching import match_nearest, matched_effect
from si_eval.effects.propensity import fit_logit, with_constant
from si_eval.effects.two_by_two import Method, supported, two_by_two, varying
from si_eval.effects.weighting import balanced_effect, entropy_balance
from si_eval.errors import StudyError

Truths = npt.NDArray[np.bool_]
UNADJUSTED = "unadjusted"
FEW = "te weinig bedrijven | too few firms"


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
    design = histories.design(0)
    reasons = {
        "nam al deel in het eerste jaar | took part in the first year already": (
            (cohort != NEVER) & (cohort != UNKNOWN) & (cohort <= first)
        ),
        "nam pas deel na het laatste jaar | took part after the last year only": cohort > last,
        "zonder uitkomst in beide jaren | without an outcome in both years": np.isnan(before) | np.isnan(after),
        "zonder kenmerken | without covariates": _gaps(design, len(cohort)),
    }
    used, left_out = np.ones(len(cohort), dtype=bool), {}
    for reason, units in reasons.items():
        left_out[reason] = int(np.sum(used & units & (cohort != NEVER)))
        used &= ~units
    if design is not None and np.any(used & (cohort != NEVER)):
        used[used] = supported(design[used], cohort[used] != NEVER)
    treated, change = cohort[used] != NEVER, (after - before)[used]
    covariates = None if design is None else varying(design[used])
    found = []
    for name in adjustments:
        if min(treated.sum(), (~treated).sum()) < min_units:
            found.append(Finding(name, np.nan, participants=int(treated.sum()), others=int((~treated).sum()), note=FEW))
        elif name != UNADJUSTED and covariates is None:
            found.append(Finding(name, np.nan, note="geen kenmerken gegeven | no covariates given"))
        else:
            found.append(ADJUSTMENTS[name](change, treated, covariates))
    return Findings(found, {reason: units for reason, units in left_out.items() if units})


def _gaps(design: Floats | None, units: int) -> Truths:
    return np.zeros(units, dtype=np.bool_) if design is None else np.asarray(np.isnan(design).any(axis=1))


def _unadjusted(change: Floats, treated: Truths, covariates: Floats | None) -> Finding:
    ours, theirs = change[treated], change[~treated]
    se_a, se_b = (np.array([part.std(ddof=1) / np.sqrt(len(part))]) for part in (ours, theirs))
    n_a, n_b = np.array([len(ours)]), np.array([len(theirs)])
    dof = stats.welch_degrees_of_freedom(se_a, n_a, se_b, n_b)
    return Finding(
        UNADJUSTED, float(ours.mean() - theirs.mean()), float(np.hypot(se_a, se_b)[0]), len(ours), len(theirs),
        dof=float(dof[0]),
    )  # fmt: skip


def _cell(name: str, method: Method) -> Callable[..., Finding]:
    def adjusted(change: Floats, treated: Truths, covariates: Floats) -> Finding:
        cell = two_by_two(np.zeros(len(change)), change, treated, covariates, method=method)
        return Finding(name, cell.att, cell.std_error, cell.n_treated, cell.n_controls, note=cell.reason)

    return adjusted


def _balanced(change: Floats, treated: Truths, covariates: Floats) -> Finding:
    weights = entropy_balance(covariates, treated)
    if not weights.converged:
        return Finding("entropy_balancing", np.nan, note=weights.reason)
    return Finding("entropy_balancing", *balanced_effect(change, covariates, treated, weights.weights))


def _matched(change: Floats, treated: Truths, covariates: Floats) -> Finding:
    logit = fit_logit(covariates, treated)
    if not logit.converged:
        return Finding("nearest_neighbour", np.nan, note=logit.reason)
    score = with_constant(covariates) @ logit.coefficients
    return Finding("nearest_neighbour", *matched_effect(match_nearest(score, treated), change, score, treated))


ADJUSTMENTS: Mapping[str, Callable[..., Finding]] = {
    UNADJUSTED: _unadjusted,
    "regression": _cell("regression", "reg"),
    "inverse_probability": _cell("inverse_probability", "ipw"),
    "doubly_robust": _cell("doubly_robust", "dr"),
    "entropy_balancing": _balanced,
    "nearest_neighbour": _matched,
}

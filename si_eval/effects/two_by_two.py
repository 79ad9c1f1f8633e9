"""Two groups, two periods: the effect on the treated, with the influence of each unit on it."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from si_eval.effects.propensity import Logit, fit_logit, with_constant
from si_eval.errors import StudyError

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
Method = Literal["dr", "ipw", "reg"]
TRIM = 0.995  # controls with a higher chance of treatment get no weight: R DRDID's `trim.level`
NO_UNITS = "geen deelnemers of geen anderen | no participants or no others"
COLLINEAR = "kenmerken van de anderen hangen lineair samen | covariates of the others are collinear"


class TwoByTwo(NamedTuple):
    """The effect on the treated; ``influence`` (n,) has mean zero, its standard error is root(sum of squares) / n."""

    att: float
    influence: Floats
    n_treated: int
    n_controls: int
    reason: str = ""

    @property
    def std_error(self) -> float:
        """Give the standard error, robust to unequal variances (no small-sample correction)."""
        return float(np.sqrt(np.sum(self.influence**2)) / len(self.influence)) if np.isfinite(self.att) else np.nan


def two_by_two(
    before: Floats,
    after: Floats,
    treated: Truths,
    covariates: Floats | None = None,
    *,
    method: Method = "dr",
    logit: Logit | None = None,
) -> TwoByTwo:
    """Estimate the effect on the treated from the changes of both groups; arrays of shape (n,), covariates (n, k).

    ``method``: "reg" predicts the treated's change without treatment by least squares on the controls; "ipw" weighs
    controls by the odds of treatment (logit, weights that add up to one); "dr" does both and is right if either model
    is. ``logit`` is that of these units, where it is fitted already. Without covariates all three are the difference of
    the mean changes. What cannot be estimated has a ``reason``.

    Raises `StudyError` for an unknown method. Source: Sant'Anna & Zhao (2020), Journal of Econometrics 219, p. 101-122:
    equations 2.2-2.4 and 3.1; the influence functions are those of their R package DRDID (`drdid_panel`,
    `std_ipw_did_panel`, `reg_did_panel`).
    """
    if method not in get_args(Method):
        raise StudyError(
            f"method: found {method!r}; expected one of {', '.join(get_args(Method))}; choose one of these"
        )
    n_treated, n = int(treated.sum()), len(treated)
    if n_treated in (0, n):
        return _none(n, n_treated, NO_UNITS)
    change = after - before
    if covariates is None:
        covariates, method = np.zeros((n, 0)), "reg"
    design = with_constant(covariates)
    weight_treated = treated.astype(float)
    predicted: Floats = np.zeros(n)
    bread: Floats = np.zeros((design.shape[1], design.shape[1]))
    if method != "ipw":
        controls = design[~treated]
        gram = controls.T @ controls
        if len(controls) <= design.shape[1] or np.linalg.cond(gram) > 1 / np.finfo(float).eps:
            return _none(n, n_treated, COLLINEAR)
        predicted = design @ np.linalg.solve(gram, controls.T @ change[~treated])
        bread = np.linalg.inv(gram / n).astype(np.float64)
        del controls
    of_regression = _Equations(design, (1 - weight_treated) * (change - predicted), bread)
    if method == "reg":
        att, influence = _by_regression(change, weight_treated, predicted, of_regression)
        return TwoByTwo(att, influence, n_treated, n - n_treated)
    if logit is None:
        logit = fit_logit(covariates, treated)
    if not logit.converged:
        return _none(n, n_treated, logit.reason)
    odds = np.where(treated | (logit.fitted >= TRIM), 0.0, logit.fitted / (1 - logit.fitted))
    of_logit = _Equations(design, weight_treated - logit.fitted, logit.covariance * n)
    gap = change - predicted
    eta_treated = np.average(gap, weights=weight_treated)
    eta_control = np.average(gap, weights=odds)
    ours = weight_treated * (gap - eta_treated) - of_regression.along(weight_treated)
    theirs = odds * (gap - eta_control)
    theirs += of_logit.along(theirs) - of_regression.along(odds)
    influence = ours / weight_treated.mean() - theirs / odds.mean()
    return TwoByTwo(float(eta_treated - eta_control), influence, n_treated, n - n_treated)


class _Equations(NamedTuple):
    """The estimating equations of a model: each unit's ``residual`` times its row of ``design``; ``bread`` inverts."""

    design: Floats
    residual: Floats
    bread: Floats

    def along(self, weights: Floats) -> Floats:
        """Give how each unit moves the mean of the model's prediction that counts units by ``weights``, shape (n,)."""
        direction = self.bread @ (weights @ self.design / len(weights))
        return self.residual * (self.design @ direction)


def _by_regression(change: Floats, treated: Floats, predicted: Floats, equations: _Equations) -> tuple[float, Floats]:
    """Subtract the predicted change of the treated from their change."""
    eta_treated, eta_control = np.average(change, weights=treated), np.average(predicted, weights=treated)
    without = treated * (predicted - eta_control) + equations.along(treated)
    influence = (treated * (change - eta_treated) - without) / treated.mean()
    return float(eta_treated - eta_control), influence


def supported(design: Floats, treated: Truths) -> Truths:
    """Say which units have a counterpart among the treated in every category, shape (n,).

    Of a column of zeros and ones that is the same for all treated, other values have none: those units are left out,
    because a logit would send their chance to zero.
    """
    binary = np.all((design == 0) | (design == 1), axis=0)
    ours = design[treated]
    fixed = binary & np.all(ours == ours[:1], axis=0)
    return np.asarray(np.all(design[:, fixed] == ours[:1, fixed], axis=1))


def varying(design: Floats) -> Floats | None:
    """Keep the covariates, shape (n, k), that differ between units; none if none does."""
    kept = design[:, np.ptp(design, axis=0) > 0] if len(design) else design[:, :0]
    return kept if kept.shape[1] else None


def _none(n: int, n_treated: int, reason: str) -> TwoByTwo:
    return TwoByTwo(np.nan, np.zeros(n), n_treated, n - n_treated, reason)

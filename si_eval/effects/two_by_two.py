"""Two groups, two periods: the effect on the treated, with the influence of each unit on it.

Least squares is solved by its normal equations on standardised covariates: at two million rows by three covariates
this takes 0.04 s of processor time and no memory, ``statsmodels.OLS`` 1.0 s and 190 MiB, for the same digits
(docs/decisions/0007-own-logit.md).
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np

from si_eval.effects.propensity import Logit, fit_logit, row_blocks
from si_eval.effects.validation import check_finite, is_rounding
from si_eval.errors import StudyError
from si_eval.stats import BoolArray, FloatArray, is_constant
from si_eval.vocabulary import Reason

Method = Literal["dr", "ipw", "reg"]
TRIM = 0.995  # controls with this propensity score or a higher one get no weight: R DRDID's `trim.level`
MAX_PROPENSITY = 1 - 1e-6  # largest propensity score that is used: R DRDID
MIN_EIGENVALUE = 1e-10  # smallest eigenvalue of the standardised covariates' products, as a share of the largest


class TwoByTwo(NamedTuple):
    """The effect on the treated; ``influence`` (n,) has mean zero, its standard error is root(sum of squares) / n.

    ``reason`` is why there is no estimate or, with an estimate, no standard error. ``n_trimmed`` counts controls
    without weight because their propensity score is all but one.
    """

    att: float
    influence: FloatArray
    n_treated: int
    n_controls: int
    reason: Reason | None = None
    n_trimmed: int = 0

    @property
    def std_error(self) -> float:
        """Standard error, robust to unequal variances (no small-sample correction)."""
        if not np.isfinite(self.att) or self.reason:
            return np.nan
        return float(np.sqrt(np.sum(self.influence**2)) / len(self.influence))


def two_by_two(
    before: FloatArray,
    after: FloatArray,
    treated: BoolArray,
    covariates: FloatArray | None = None,
    *,
    method: Method = "dr",
    logit: Logit | None = None,
    weights: FloatArray | None = None,
) -> TwoByTwo:
    """Estimate the effect on the treated from the changes of both groups; arrays of shape (n,), covariates (n, k).

    ``method``: "reg" predicts the treated's change without treatment by least squares on the controls; "ipw" weighs
    controls by the odds of treatment (logit, weights that add up to one); "dr" does both and is right if either model
    is. ``logit`` is that of these units on these covariates, where it is fitted already. ``weights`` (n,) are what each
    unit counts for, in the means and in both models: ones by default. Without covariates all three are the difference
    of the mean changes. What cannot be estimated has a ``reason``: fewer than two units on a side
    (one has no variance), collinear covariates, covariates that separate the groups. Changes that do not vary (but for
    rounding) have no standard error.

    Raises `StudyError` for an unknown method, shapes that do not fit and missing values. Source: Sant'Anna & Zhao
    (2020), Journal of Econometrics 219, p. 101-122: equations 2.2-2.4 and 3.1; the influence functions are those of
    their R package DRDID (`drdid_panel`, `std_ipw_did_panel`, `reg_did_panel`).
    """
    _check(before, after, treated, covariates, method, logit, weights)
    treated, n = np.asarray(treated, dtype=bool), len(treated)
    n_treated = int(treated.sum())
    if min(n_treated, n - n_treated) < 2:
        return _no_estimate(n, n_treated, Reason.FEWER_THAN_TWO_UNITS)
    if covariates is None:
        covariates, method = np.zeros((n, 0)), "reg"
    design, own = _standardised(covariates), np.ones(n) if weights is None else weights * (n / weights.sum())
    mass_treated = float(own[treated].sum())
    if min(mass_treated, n - mass_treated) <= 0:
        return _no_estimate(n, n_treated, Reason.NO_TREATED_LEFT if mass_treated <= 0 else Reason.NO_CONTROLS_LEFT)
    gap, gram = np.subtract(after, before, dtype=np.float64), _weighted_gram(design, own * ~treated)
    if method != "ipw":
        values = np.linalg.eigvalsh(gram)
        if n - n_treated <= len(gram) or values[0] < MIN_EIGENVALUE * values[-1]:
            return _no_estimate(n, n_treated, Reason.COLLINEAR_AMONG_CONTROLS)
        gap -= design @ np.linalg.solve(gram, np.where(treated, 0.0, own * gap) @ design)
    # the influence is that of the mean gap of the treated, less that of the weighted controls, and of each fitted model
    share = np.where(treated, own * (n / mass_treated), 0.0)
    eta_treated, eta_controls, trimmed = float(share @ gap) / n, 0.0, 0
    influence = share * (gap - eta_treated)
    covariate_gap = -(share @ design) / n
    if method != "reg":
        logit = fit_logit(design[:, 1:], treated, weights=weights) if logit is None else logit
        if not logit.converged:
            return _no_estimate(n, n_treated, logit.reason)
        propensity = np.minimum(logit.fitted, MAX_PROPENSITY)
        weighted = ~treated & (propensity < TRIM)
        if not weighted.any():
            return _no_estimate(n, n_treated, Reason.NO_COMPARABLE_CONTROL)
        trimmed = n - n_treated - int(weighted.sum())
        odds = np.where(weighted, own * propensity / (1 - propensity), 0.0)
        odds /= odds.mean()
        eta_controls = float(odds @ gap / n)
        weighted_residual = odds * (gap - eta_controls)
        information = _weighted_gram(design, own * propensity * (1 - propensity))
        coefficient_shift = np.linalg.solve(information, weighted_residual @ design)
        influence -= weighted_residual + own * (treated - propensity) * (design @ coefficient_shift)
        covariate_gap += odds @ design / n
    if method != "ipw":
        influence += np.where(treated, 0.0, own * gap) * (design @ (n * np.linalg.solve(gram, covariate_gap)))
    scale = max(float(np.abs(before).max()), float(np.abs(after).max()))
    reason = Reason.NO_VARIANCE if is_rounding(np.abs(influence).max() * n_treated / n, scale) else None
    att = float(eta_treated - eta_controls)
    if reason and is_rounding(att, scale):
        att = 0.0
    return TwoByTwo(att, influence, n_treated, n - n_treated, reason, trimmed)


def chosen_rows(design: FloatArray, rows: BoolArray) -> FloatArray:
    """Return some rows of covariates (n, k), each column in one piece where it was; all of them are not copied."""
    return design if rows.all() else design.T[:, rows].T


def has_counterpart(design: FloatArray, treated: BoolArray) -> BoolArray:
    """Mark the units that have a counterpart on the other side in every category, shape (n,); all of one side alone.

    Of a column of zeros and ones that is the same for a whole side, other values have none there: those units are left
    out, because a logit would send their propensity score to zero or one, and no regression knows their class.
    """
    columns = [column == 1 for column in design.T if np.all((column == 0) | (column == 1))]
    kept: BoolArray = np.ones(len(design), dtype=np.bool_)
    left, fewer = len(design), bool(columns)
    while fewer:  # who is left out may have been the only counterpart of another
        for side in (treated, ~treated):
            mine = kept & side
            there = np.count_nonzero(mine)
            ones = [np.count_nonzero(column & mine) for column in columns]
            for column, count in zip(columns, ones, strict=True):
                if there and count in (0, there):
                    kept &= column == (count > 0)
        before, left = left, int(np.count_nonzero(kept))
        fewer = left < before
    return kept


def drop_constant_columns(design: FloatArray) -> FloatArray | None:
    """Return the covariates, shape (n, k), that differ between units; None if none does."""
    constant = [is_constant(float(column.min()), float(column.max())) for column in design.T] if len(design) else True
    keep = ~np.broadcast_to(np.asarray(constant, dtype=np.bool_), design.shape[1])
    kept = design if keep.all() else design[:, keep]
    return kept if kept.shape[1] else None


def _check(
    before: FloatArray,
    after: FloatArray,
    treated: BoolArray,
    covariates: FloatArray | None,
    method: str,
    logit: Logit | None,
    weights: FloatArray | None,
) -> None:
    """Raise `StudyError` for arguments that cannot be used."""
    if method not in get_args(Method):
        raise StudyError(
            f"method: found {method!r}; expected one of {', '.join(get_args(Method))}; choose one of these"
        )
    if covariates is not None and covariates.ndim != 2:
        raise StudyError(f"covariates: found shape {covariates.shape}; expected (n, k); give a column a covariate")
    fitted = logit.fitted if logit is not None and logit.converged else None
    check_finite(len(treated), before=before, after=after, treated=treated, covariates=covariates, logit=fitted,
                 weights=weights)  # fmt: skip


def _standardised(covariates: FloatArray) -> FloatArray:
    """Put a constant first, take means off the rest and divide by standard deviations: no estimate depends on them."""
    design = np.ones((len(covariates), covariates.shape[1] + 1))
    for column, values in enumerate(covariates.T, start=1):
        spread = 0.0 if is_constant(float(values.min()), float(values.max())) else values.std()
        design[:, column] = (values - values.mean()) / (spread or 1.0)
    return design


def _weighted_gram(design: FloatArray, weights: FloatArray | BoolArray) -> FloatArray:
    """Add up the products of each row with itself, times ``weights``, shape (k + 1, k + 1)."""
    return np.sum([(design[at].T * weights[at]) @ design[at] for at in row_blocks(len(design))], axis=0)


def _no_estimate(n: int, n_treated: int, reason: Reason | None) -> TwoByTwo:
    """Return a comparison without numbers, with the reason."""
    return TwoByTwo(np.nan, np.zeros(n), n_treated, n - n_treated, reason)

"""The propensity score, the probability of taking part given covariates: a logit by Newton's method.

The logit is our own because of what was measured (docs/decisions/0007-own-logit.md): with two million firms
``statsmodels.Logit`` needs twice the time and five times the memory, ``GLM`` nearly seven times the time and 2.4 GiB.
``Logit`` fits collinear covariates without a word, and ``GLM`` calls separated groups converged. The numbers are the
same.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from si_eval.effects.validation import read_floats
from si_eval.errors import StudyError
from si_eval.stats import BoolArray, FloatArray
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import Reason

BLOCK_ROWS = 100_000  # rows at once: no copy of all covariates is ever made
MAX_ITER = 50
MIN_STEP = 1e-6  # a shorter part of a Newton step is no step
TOL = 1e-10  # largest change of a coefficient, in units of the standardised covariates
MIN_EIGENVALUE = 1e-10  # smallest eigenvalue of the correlations of the covariates
MIN_RELATIVE_SPREAD = 1e-12  # a spread below this share of the mean is rounding


class Logit(NamedTuple):
    """Coefficients (constant first), their covariance, fitted scores (n,); ``reason`` is why there is no fit."""

    coefficients: FloatArray
    covariance: FloatArray
    fitted: FloatArray
    converged: bool
    reason: Reason | None = None


class _Sample(NamedTuple):
    """What is fitted: rows, their weights, and the centre and spread of each covariate."""

    covariates: FloatArray
    treated: BoolArray
    weights: FloatArray
    centre: FloatArray
    spread: FloatArray


class _Likelihood(NamedTuple):
    """The log-likelihood at a point, its gradient (k + 1,) and the information (k + 1, k + 1)."""

    log_likelihood: float
    gradient: FloatArray
    information: FloatArray


@on_one_thread
def fit_logit(covariates: FloatArray, treated: BoolArray, *, weights: FloatArray | None = None) -> Logit:
    r"""Fit the logit of taking part on covariates by maximum likelihood.

    Use its fitted propensity scores for matching and weighting. Groups that covariates separate, and collinear
    covariates, have no maximum: the result then has a ``reason`` and no numbers.

    Parameters
    ----------
    covariates : numpy.ndarray
        Covariates without the constant, shape (n, k), in any units, without gaps.
    treated : numpy.ndarray
        Who takes part, boolean, shape (n,).
    weights : numpy.ndarray, optional
        Counts: a row counts that many times, shape (n,). Ones by default.

    Returns
    -------
    Logit
        ``coefficients`` (k + 1,), constant first, and their ``covariance``; ``fitted`` propensity scores (n,);
        ``converged``; ``reason``.

    Raises
    ------
    StudyError
        For missing values and for shapes that do not fit.

    Notes
    -----
    .. math:: P(D = 1 | x) = 1 / (1 + \exp(-\beta_0 - x'\beta))

    Newton's method with the observed information and step halving, on covariates that are standardised inside. The
    covariance is the inverse of the information. Numbers are those of ``statsmodels.Logit`` and R's ``glm``; why it is
    not called is said at the top of the module.

    References
    ----------
    McCullagh & Nelder (1989), Generalized Linear Models, 2nd edition, section 4.4.

    Examples
    --------
    >>> import numpy as np
    >>> from si_eval.effects import fit_logit
    >>> covariates = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]])
    >>> logit = fit_logit(covariates, np.array([False, False, True, False, True, True]))
    >>> logit.coefficients.round(3).tolist(), logit.converged
    ([-3.035, 1.214], True)
    >>> fit_logit(covariates, covariates[:, 0] > 2).reason.text("en")
    'covariates separate the groups'
    """
    covariates = read_floats("covariates", covariates, "(n, k)")
    treated = np.asarray(treated)
    if treated.dtype != np.bool_ or treated.ndim != 1:
        found = f"values of type {treated.dtype} and shape {treated.shape}"
        raise StudyError(f"treated: found {found}; expected booleans of shape (n,); give a true or false for each unit")
    n, k = covariates.shape
    weights = np.ones(n) if weights is None else read_floats("weights", weights)
    if (
        len(treated) != n
        or len(weights) != n
        or not _all_finite(covariates)
        or not np.all((weights >= 0) & np.isfinite(weights))
    ):
        raise StudyError(
            f"covariates, treated or weights: found {n}, {len(treated)} and {len(weights)} rows, or values that are "
            "missing or weights below 0; expected as many rows of each, all known; leave rows without covariates out"
        )
    total, share = weights.sum(), weights @ treated / max(weights.sum(), np.finfo(float).tiny)
    if not 0 < share < 1:
        return _not_fitted(n, k, Reason.NO_GROUP)
    centre = weights @ covariates / total
    spread = np.sqrt(sum(weights[at] @ (covariates[at] - centre) ** 2 for at in row_blocks(n)) / total)
    if not np.all(spread > MIN_RELATIVE_SPREAD * np.abs(centre)):
        return _not_fitted(n, k, Reason.CONSTANT_COVARIATE)
    sample = _Sample(covariates, treated, weights, centre, spread)
    beta = np.concatenate([[special.logit(share)], np.zeros(k)])
    point = _evaluate(sample, beta)
    if np.linalg.eigvalsh(point.information)[0] < MIN_EIGENVALUE * total * share * (1 - share):
        return _not_fitted(n, k, Reason.COLLINEAR_COVARIATES)
    for _ in range(MAX_ITER):
        if np.linalg.cond(point.information) > 1 / np.finfo(float).eps:
            return _not_fitted(n, k, Reason.SEPARATION)
        step, length = np.linalg.solve(point.information, point.gradient), 1.0
        while length > MIN_STEP:
            ahead = _evaluate(sample, beta + length * step)
            if ahead.log_likelihood >= point.log_likelihood * (1 + TOL):
                break
            length /= 2
        beta, point = beta + length * step, ahead
        if np.abs(step).max() < TOL:
            return _in_original_units(sample, beta, point)
    return _not_fitted(n, k, Reason.SEPARATION)


def with_constant(covariates: FloatArray) -> FloatArray:
    """Put a column of ones first; covariates have shape (n, k)."""
    return np.column_stack([np.ones(len(covariates)), covariates])


class FittedLogits:
    """Logits that were fitted, with the units of each, so that the same one is not fitted again."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[NDArray[np.uint8], Logit]] = {}

    def fit(
        self, key: Hashable, units: BoolArray, covariates: FloatArray, treated: BoolArray, weights: FloatArray | None
    ) -> Logit:
        """Fit a logit of the marked ``units``, unless the last one of this key is of the same ones.

        Under one key the same units have the same ``covariates`` (n, k), ``treated`` and ``weights`` (n,).
        """
        packed = np.packbits(units)
        known = self._known.get(key)
        if known is None or not np.array_equal(known[0], packed):
            logit = fit_logit(covariates, treated, weights=weights)
            known = self._known[key] = packed, logit._replace(fitted=np.zeros(0))  # scores take more room than time
        logit = known[1]
        return logit._replace(fitted=scores_of(logit, covariates)) if logit.converged else logit


def scores_of(logit: Logit, covariates: FloatArray) -> FloatArray:
    """Compute the propensity scores of covariates (n, k) by a logit that was fitted, shape (n,)."""
    fitted = np.empty(len(covariates))
    for at in row_blocks(len(fitted)):
        fitted[at] = special.expit(with_constant(covariates[at]) @ logit.coefficients)
    return fitted


def row_blocks(n: int) -> Iterator[slice]:
    """Split ``n`` rows into slices, so that a product over rows needs no copy of all of them."""
    return (slice(start, start + BLOCK_ROWS) for start in range(0, n, BLOCK_ROWS))


def _all_finite(values: FloatArray) -> bool:
    """Whether all values are finite."""
    return all(np.isfinite(values[at]).all() for at in row_blocks(len(values)))


def _standardised(sample: _Sample, at: slice) -> FloatArray:
    """Standardise the covariates of some rows and put the constant first."""
    return with_constant((sample.covariates[at] - sample.centre) / sample.spread)


def _evaluate(sample: _Sample, beta: FloatArray) -> _Likelihood:
    """Sum the log-likelihood, its gradient and the information over blocks of rows."""
    size = len(beta)
    log_likelihood, gradient, information = 0.0, np.zeros(size), np.zeros((size, size))
    for at in row_blocks(len(sample.covariates)):
        design, weight, treated = _standardised(sample, at), sample.weights[at], sample.treated[at]
        predictor = design @ beta
        odds = np.exp(-np.abs(predictor))  # of the less likely side
        minority = odds / (1 + odds)
        propensity = np.where(predictor > 0, 1 - minority, minority)
        misfit = np.maximum(np.where(treated, -predictor, predictor), 0.0)
        log_likelihood -= float(weight @ (np.log1p(odds) + misfit))
        gradient += (weight * (treated - propensity)) @ design
        information += (design.T * (weight * minority * (1 - minority))) @ design
    return _Likelihood(log_likelihood, gradient, information)


def _in_original_units(sample: _Sample, beta: FloatArray, point: _Likelihood) -> Logit:
    """Bring coefficients and covariance back to the units of the covariates."""
    to_original = np.diag(np.concatenate([[1.0], 1 / sample.spread]))
    to_original[0, 1:] = -sample.centre / sample.spread
    fitted = np.empty(len(sample.covariates))
    for at in row_blocks(len(fitted)):
        fitted[at] = special.expit(_standardised(sample, at) @ beta)
    return Logit(to_original @ beta, to_original @ np.linalg.inv(point.information) @ to_original.T, fitted, True)


def _not_fitted(n: int, k: int, reason: Reason) -> Logit:
    """Return a logit without numbers, with the reason."""
    return Logit(np.full(k + 1, np.nan), np.full((k + 1, k + 1), np.nan), np.full(n, np.nan), False, reason)

"""The chance of taking part, given covariates: a logit by Newton's method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import special

from si_eval.errors import StudyError
from si_eval.stats import BoolArray, FloatArray
from si_eval.vocabulary import Reason

ROWS = 100_000  # rows at once: no copy of all covariates is ever made
MOST_STEPS = 50
SHORTEST = 1e-6  # a shorter part of a Newton step is no step
SETTLED = 1e-10  # largest change of a coefficient, in units of the standardised covariates
COLLINEAR_AT = 1e-10  # smallest eigenvalue of the correlations of the covariates
VARIES = 1e-12  # a spread below this share of the mean is rounding


class Logit(NamedTuple):
    """Coefficients (constant first), their covariance, the fitted chances (n,); ``reason`` says why there is no fit."""

    coefficients: FloatArray
    covariance: FloatArray
    fitted: FloatArray
    converged: bool
    reason: Reason | None = None


class _Data(NamedTuple):
    """What is fitted: rows, their weights, and the centre and spread of each covariate."""

    covariates: FloatArray
    treated: BoolArray
    weights: FloatArray
    centre: FloatArray
    spread: FloatArray


class _Point(NamedTuple):
    """The log-likelihood at a point, its gradient (k + 1,) and the information (k + 1, k + 1)."""

    log_likelihood: float
    gradient: FloatArray
    information: FloatArray


def fit_logit(covariates: FloatArray, treated: BoolArray, *, weights: FloatArray | None = None) -> Logit:
    """Fit the logit of ``treated`` (n,) on a constant and ``covariates`` (n, k) by maximum likelihood.

    ``weights`` (n,) count a row that many times. Newton's method with the observed information and step halving, on
    covariates that are standardised inside. The covariance is the inverse of the information. Separated groups and
    collinear covariates have no maximum: they are reported, not fitted.

    Raises `StudyError` for missing values and for shapes that do not fit.
    Source: McCullagh & Nelder (1989), Generalized Linear Models, section 4.4.
    """
    n, k = covariates.shape
    weights = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    if len(treated) != n or len(weights) != n or not _finite(covariates) or not np.all(weights >= 0):
        raise StudyError(
            f"covariates, treated or weights: found {n}, {len(treated)} and {len(weights)} rows, or values that are "
            "missing or weights below 0; expected as many rows of each, all known; leave rows without covariates out"
        )
    total, share = weights.sum(), weights @ treated / max(weights.sum(), np.finfo(float).tiny)
    if not 0 < share < 1:
        return _failed(n, k, Reason.NO_GROUP)
    centre = weights @ covariates / total
    spread = np.sqrt(sum(weights[at] @ (covariates[at] - centre) ** 2 for at in row_blocks(n)) / total)
    if not np.all(spread > VARIES * np.abs(centre)):
        return _failed(n, k, Reason.CONSTANT_COVARIATE)
    data = _Data(covariates, treated, weights, centre, spread)
    beta = np.concatenate([[special.logit(share)], np.zeros(k)])
    point = _evaluate(data, beta)
    if np.linalg.eigvalsh(point.information)[0] < COLLINEAR_AT * total * share * (1 - share):
        return _failed(n, k, Reason.COLLINEAR_COVARIATES)
    for _ in range(MOST_STEPS):
        if np.linalg.cond(point.information) > 1 / np.finfo(float).eps:
            return _failed(n, k, Reason.SEPARATION)
        step, length = np.linalg.solve(point.information, point.gradient), 1.0
        while length > SHORTEST:
            ahead = _evaluate(data, beta + length * step)
            if ahead.log_likelihood >= point.log_likelihood * (1 + SETTLED):
                break
            length /= 2
        beta, point = beta + length * step, ahead
        if np.abs(step).max() < SETTLED:
            return _fitted(data, beta, point)
    return _failed(n, k, Reason.SEPARATION)


def with_constant(covariates: FloatArray) -> FloatArray:
    """Put a column of ones first; covariates have shape (n, k)."""
    return np.column_stack([np.ones(len(covariates)), covariates])


def row_blocks(n: int) -> Iterator[slice]:
    """Give slices that together cover ``n`` rows, so that a product over rows needs no copy of all of them."""
    return (slice(start, start + ROWS) for start in range(0, n, ROWS))


def _finite(values: FloatArray) -> bool:
    return all(np.isfinite(values[at]).all() for at in row_blocks(len(values)))


def _standardised(data: _Data, at: slice) -> FloatArray:
    return with_constant((data.covariates[at] - data.centre) / data.spread)


def _evaluate(data: _Data, beta: FloatArray) -> _Point:
    """Sum the likelihood over blocks of rows."""
    size = len(beta)
    log_likelihood, gradient, information = 0.0, np.zeros(size), np.zeros((size, size))
    for at in row_blocks(len(data.covariates)):
        design, weight, treated = _standardised(data, at), data.weights[at], data.treated[at]
        predictor = design @ beta
        odds = np.exp(-np.abs(predictor))  # of the less likely side
        small = odds / (1 + odds)
        chance = np.where(predictor > 0, 1 - small, small)
        wrong_way = np.maximum(np.where(treated, -predictor, predictor), 0.0)
        log_likelihood -= float(weight @ (np.log1p(odds) + wrong_way))
        gradient += (weight * (treated - chance)) @ design
        information += (design.T * (weight * small * (1 - small))) @ design
    return _Point(log_likelihood, gradient, information)


def _fitted(data: _Data, beta: FloatArray, point: _Point) -> Logit:
    """Bring coefficients and covariance back to the units of the covariates."""
    back = np.diag(np.concatenate([[1.0], 1 / data.spread]))
    back[0, 1:] = -data.centre / data.spread
    fitted = np.empty(len(data.covariates))
    for at in row_blocks(len(fitted)):
        fitted[at] = special.expit(_standardised(data, at) @ beta)
    return Logit(back @ beta, back @ np.linalg.inv(point.information) @ back.T, fitted, True)


def _failed(n: int, k: int, reason: Reason) -> Logit:
    return Logit(np.full(k + 1, np.nan), np.full((k + 1, k + 1), np.nan), np.full(n, np.nan), False, reason)

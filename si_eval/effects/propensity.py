"""The chance of taking part, given covariates: a logit by Newton's method."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MOST_STEPS = 50
SETTLED = 1e-10  # largest change of the linear predictor's coefficients, in units of the standardised covariates
ROUNDING = 1e-13  # of the likelihood: a fall by less is none
APART = 30.0  # a linear predictor beyond it: the covariates separate the groups


class Logit(NamedTuple):
    """Coefficients (constant first), their covariance, the fitted chances; ``reason`` says why there is no fit."""

    coefficients: Floats
    covariance: Floats
    fitted: Floats
    converged: bool
    reason: str = ""


def with_constant(covariates: Floats) -> Floats:
    """Put a column of ones first; covariates have shape (n, k)."""
    return np.column_stack([np.ones(len(covariates)), covariates])


def fit_logit(covariates: Floats, treated: npt.NDArray[np.bool_]) -> Logit:
    """Fit the logit of ``treated`` (n,) on a constant and ``covariates`` (n, k) by maximum likelihood.

    Covariates are standardised inside, so that the steps do not depend on their units. Newton's method with the
    observed information; separation and collinear covariates are reported, not fitted.
    """
    spread = covariates.std(axis=0)
    if not np.all(spread > 0):
        return _failed(covariates, "kenmerk zonder spreiding | covariate without variation")
    centre = covariates.mean(axis=0)
    design = with_constant((covariates - centre) / spread)
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(treated.mean() / (1 - treated.mean()))
    for _ in range(MOST_STEPS):
        chance = _chance(design @ beta)
        information = (design * (chance * (1 - chance))[:, None]).T @ design
        if np.linalg.cond(information) > 1 / np.finfo(float).eps:
            return _failed(covariates, "kenmerken hangen lineair samen | covariates are collinear")
        step: Floats = np.linalg.solve(information, design.T @ (treated - chance)).astype(np.float64)
        beta = beta + _length(design, treated, beta, step) * step
        if np.abs(design @ beta).max() > APART:
            return _failed(covariates, "kenmerken scheiden de groepen | covariates separate the groups")
        if np.abs(step).max() < SETTLED:
            break
    else:
        return _failed(covariates, "geen convergentie | no convergence")
    back = np.diag(np.concatenate([[1.0], 1 / spread]))
    back[0, 1:] = -centre / spread
    covariance = back @ np.linalg.inv(information) @ back.T
    return Logit(back @ beta, covariance, _chance(design @ beta), True)


def _length(design: Floats, treated: npt.NDArray[np.bool_], beta: Floats, step: Floats) -> float:
    """Halve the step until the likelihood does not fall: where few take part, a whole one overshoots."""

    def likelihood(at: Floats) -> float:
        predictor = design @ at
        return float(predictor[treated].sum() - np.logaddexp(0.0, predictor).sum())

    start, length = likelihood(beta), 1.0
    while length > SETTLED and likelihood(beta + length * step) < start - ROUNDING * abs(start):
        length /= 2
    return length


def _chance(predictor: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-predictor)))


def _failed(covariates: Floats, reason: str) -> Logit:
    columns = covariates.shape[1] + 1
    gap = np.full(columns, np.nan)
    return Logit(gap, np.full((columns, columns), np.nan), np.full(len(covariates), np.nan), False, reason)

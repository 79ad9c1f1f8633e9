"""Weights that make the controls look like the treated, and the effect that they give."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from si_eval.effects.propensity import with_constant

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
MOST_STEPS = 200
BALANCED = 1e-8  # largest gap of a mean, in standard deviations of the treated
SHORTEST = 1e-10  # a shorter step along the line is no step
INFEASIBLE = (
    "geen gewichten maken de gemiddelden gelijk | no weights make the means equal: the treated lie outside the others"
)


class Weights(NamedTuple):
    """Weights of the controls, shape (controls,), that add up to one; ``reason`` says why there are none.

    ``effective_size`` is Kish's, ``largest_gap`` the largest difference of a mean in standard deviations.
    """

    weights: Floats
    effective_size: float
    largest_gap: float
    converged: bool
    reason: str = ""


class Effect(NamedTuple):
    """The effect on the treated, with the number of units on both sides."""

    estimate: float
    std_error: float
    n_treated: int
    n_controls: int


def entropy_balance(covariates: Floats, treated: Truths) -> Weights:
    """Weigh the controls, as evenly as can be, so that their means equal those of the treated.

    ``covariates`` has shape (n, k). The weights solve the dual of the entropy programme by Newton's method with a line
    search; where no weights can balance, that is said. Source: Hainmueller (2012), Political Analysis 20, p. 25-46,
    equations 3-10.
    """
    ours, theirs = covariates[treated], covariates[~treated]
    spread = ours.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    distance = (theirs - ours.mean(axis=0)) / spread
    multiplier = np.zeros(covariates.shape[1])
    for _ in range(MOST_STEPS):
        weights = _tilted(distance, multiplier)
        gap = weights @ distance
        if np.abs(gap).max(initial=0.0) < BALANCED:
            size = float(1 / np.sum(weights**2))
            return Weights(weights, size, float(np.abs(gap).max(initial=0.0)), True)
        curvature = (distance * weights[:, None]).T @ distance - np.outer(gap, gap)
        step = np.linalg.lstsq(curvature, gap, rcond=None)[0]
        length = _length(distance, multiplier, step, gap)
        if length < SHORTEST:
            break
        multiplier = multiplier - length * step
    return Weights(np.full(len(theirs), np.nan), np.nan, float(np.abs(gap).max()), False, INFEASIBLE)


def _tilted(distance: Floats, multiplier: Floats) -> Floats:
    power = distance @ multiplier
    weights = np.exp(power - power.max())
    return np.asarray(weights / weights.sum())


def _length(distance: Floats, multiplier: Floats, step: Floats, gap: Floats) -> float:
    """Halve the step until the dual objective falls (Armijo)."""

    def objective(at: Floats) -> float:
        power = distance @ at
        return float(power.max() + np.log(np.exp(power - power.max()).sum()))

    start, slope, length = objective(multiplier), float(gap @ step), 1.0
    while length >= SHORTEST and objective(multiplier - length * step) > start - 1e-4 * length * slope:
        length /= 2
    return length


def balanced_effect(outcome: Floats, covariates: Floats, treated: Truths, weights: Floats) -> Effect:
    """Give the effect on the treated with weights that balance the covariates; ``outcome`` has shape (n,).

    The standard error is that of the residuals after regression on the balanced covariates (for controls with their
    weights): the weights were chosen for those covariates, so that what they explain adds no variance on the controls'
    side. Source: Zhao & Percival (2017), Journal of Causal Inference 5, theorem 2; the estimating equations of the
    moments and the mean.
    """
    design = with_constant(covariates - covariates[treated].mean(axis=0))
    theirs = np.sqrt(weights)
    slope = np.linalg.lstsq(design[~treated] * theirs[:, None], outcome[~treated] * theirs, rcond=None)[0]
    residual = outcome - design @ slope
    n_treated, n_controls = int(treated.sum()), int((~treated).sum())
    ours = residual[treated] - residual[treated].mean()
    variance = np.sum(ours**2) / n_treated**2 + np.sum((weights * residual[~treated]) ** 2)
    estimate = outcome[treated].mean() - weights @ outcome[~treated]
    return Effect(float(estimate), float(np.sqrt(variance)), n_treated, n_controls)

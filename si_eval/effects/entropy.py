"""Weights of least entropy that move the means of the controls: the dual problem, by Newton's method."""

from __future__ import annotations

import numpy as np

from si_eval.effects.propensity import row_blocks
from si_eval.stats import FloatArray, IntArray

MAX_ITER = 200
TOL = 1e-8  # largest gap of a mean, in standard deviations of the treated
ROUNDING = 1e-13  # of the dual objective, relative
MIN_STEP = 1e-10  # a shorter step along the line is no step
ARMIJO = 1e-4  # the part of the promised fall of the dual that a step must bring (Armijo)


def minimise_entropy(
    columns: FloatArray, rows: IntArray, centre: FloatArray, scale: FloatArray, tolerance: float
) -> tuple[FloatArray | None, float]:
    """Find the most even weights of ``rows`` that make the means of ``columns`` (n, k) equal ``centre`` (k,).

    Returns the weights (rows,), None where none can, and the largest gap of a mean in units of ``scale`` (k,).
    Source: Hainmueller (2012), Political Analysis 20, p. 25-46, equations 8-10.
    """
    log_weights = np.zeros(len(rows))
    for _ in range(MAX_ITER):
        weights = _exponential_weights(log_weights)
        imbalance, curvature = weighted_moments(columns, rows, weights, centre, scale)
        largest = float(np.abs(imbalance).max(initial=0.0))
        if largest < tolerance:
            return weights, largest
        if log_weights.max(initial=-np.inf) < -TOL:
            break  # every control lies on one side of the treated's means: no weights can reach them
        step = -np.linalg.lstsq(curvature, imbalance, rcond=None)[0]
        direction = np.concatenate([(columns[rows[at]] - centre) / scale @ step for at in row_blocks(len(rows))])
        if not step.any() or not np.isfinite(direction).all():
            break
        length = _line_search(log_weights, direction, float(imbalance @ step))
        if length < MIN_STEP:
            break
        log_weights += length * direction
    return None, largest


def weighted_moments(
    columns: FloatArray, rows: IntArray, weights: FloatArray, centre: FloatArray, scale: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Compute the weighted mean (k,) and covariance (k, k) of the controls, in standard deviations from the treated."""
    imbalance, curvature = np.zeros(columns.shape[1]), np.zeros((columns.shape[1], columns.shape[1]))
    for at in row_blocks(len(rows)):
        block = (columns[rows[at]] - centre) / scale
        imbalance += weights[at] @ block
        curvature += (block * weights[at][:, None]).T @ block
    return imbalance, curvature - np.outer(imbalance, imbalance)


def _exponential_weights(log_weights: FloatArray) -> FloatArray:
    """Turn logarithms of weights into weights that add up to one."""
    weights = np.exp(log_weights - log_weights.max())
    return np.asarray(weights / weights.sum())


def _line_search(log_weights: FloatArray, direction: FloatArray, slope: float) -> float:
    """Halve the step until the dual objective, the log of the sum of the exponential weights, falls enough."""

    def objective(length: float) -> float:
        power = log_weights + length * direction
        return float(power.max() + np.log(np.exp(power - power.max()).sum()))

    start, length = objective(0.0), 1.0
    slack = ROUNDING * (1 + abs(start))
    while length >= MIN_STEP and objective(length) > start + slack + ARMIJO * length * slope:
        length /= 2
    return length

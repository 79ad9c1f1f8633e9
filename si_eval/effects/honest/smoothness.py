"""Bounds when the trend of the difference between groups bends by at most M from one period to the next."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from si_eval.effects.honest.event_study import (
    SMOOTHNESS,
    Bounds,
    EventStudy,
    check_event_study,
    check_level,
    check_violations,
)
from si_eval.errors import SiEvalError
from si_eval.stats import FloatArray
from si_eval.system.blas import on_one_thread

TIE_BREAK = 1e-9  # relative change of the path that keeps its events apart; bias and variance are taken without it
ROUNDING = 1e-13  # relative error of a penalty
KKT_TOL = 1e-7  # relative error allowed in the first-order conditions of the path
MAX_KNOTS_PER_BEND = 100  # events of the path for each bend, far above what data give


class _BiasVariancePath(NamedTuple):
    """Estimators from least bias to least variance: the penalty on bias (k,), cumulated weights (k, pre - 1)."""

    penalty: FloatArray
    bends: FloatArray


class _EstimatorFamily(NamedTuple):
    """Linear estimators without bias under a linear trend; bends b give the weights ``start + directions @ b``.

    ``bias`` is the part of the worst bias at M = 1 that no weights change.
    """

    start: FloatArray
    directions: FloatArray
    bias: float
    study: EventStudy


@on_one_thread
def smoothness_bounds(
    estimates: ArrayLike,
    covariance: ArrayLike,
    pre: int,
    *,
    m: ArrayLike,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> Bounds:
    r"""Compute the shortest fixed-length interval of an effect when the trend bends by at most M a period.

    Use it when the difference between the groups may go on along a line, and leave that line slowly. Periods are
    equally spaced; estimates are taken as normal with a known covariance of full rank.

    Parameters
    ----------
    estimates : array_like
        Effects by period, shape (pre + post,), in order of time, all against one reference period that lies between the
        two and is left out.
    covariance : array_like
        Their covariance, shape (pre + post, pre + post).
    pre : int
        Number of periods before the reference period.
    m : array_like
        One or more largest second differences of the violation, in the unit of the outcome per period. At 0 the
        violation is a straight line.
    weights : array_like, optional
        Weights of the periods after the reference period, shape (post,). Their average by default (R's HonestDiD takes
        the first period).
    level : float, default 0.95
        Coverage of the interval.

    Returns
    -------
    Bounds
        ``low`` and ``high`` of shape (k,), one for each ``m``. The length grows with ``m``; the centre moves, so that
        intervals need not be nested.

    Raises
    ------
    StudyError
        For a singular covariance and for arguments of another shape.

    Notes
    -----
    The violation :math:`\delta` of parallel trends is restricted to

    .. math:: |(\delta_{t+1} - \delta_t) - (\delta_t - \delta_{t-1})| \le M

    The interval is centred at a linear estimator; of all these the one whose interval is shortest, its worst bias
    included.

    References
    ----------
    Rambachan & Roth (2023), Review of Economic Studies 90, p. 2555-2591, sections 2.4 and 3. Armstrong & Kolesar
    (2018), Econometrica 86, p. 655-683.

    Examples
    --------
    >>> import numpy as np
    >>> from si_eval.effects import smoothness_bounds
    >>> bounds = smoothness_bounds([0.1, 0.0, 0.5], np.diag([0.01, 0.01, 0.01]), 2, m=[0, 0.1])
    >>> bounds.low.round(3).tolist(), bounds.high.round(3).tolist()
    ([0.325, 0.213], [0.755, 0.84])
    """
    study = check_event_study(estimates, covariance, pre, weights)
    violations, level = check_violations(m), check_level(level)
    family = _estimator_family(study)
    path = _bias_variance_path(family)
    limits = np.array([_shortest_interval(family, path, float(value), level) for value in violations])
    return Bounds(violations, limits[:, 0], limits[:, 1], study.estimate, study.std_error, level, SMOOTHNESS)


def _estimator_family(study: EventStudy) -> _EstimatorFamily:
    """Write the weights of earlier periods as second differences of their cumulated sums (bends, latest first).

    A violation is a line through the reference period plus bends; the line costs nothing when the weighted distances
    of the periods add up to zero, and the bend at distance t before the reference costs the sum, over earlier periods,
    of weight times distance to the bend.
    """
    pre, post = study.before.size, study.after.size
    reach = float(np.arange(1, post + 1) @ study.weights)
    distance = np.clip(np.arange(1, post + 1)[None, :] - np.arange(post)[:, None], 0, None)
    bias = float(np.abs(distance @ study.weights).sum())
    second = np.zeros((pre, pre + 2))
    for row in range(pre):
        second[row, row : row + 3] = 1, -2, 1
    latest_last = slice(None, None, -1)
    return _EstimatorFamily(second[latest_last, 0] * reach, second[latest_last, 1:pre], bias, study)


def _bias_variance_path(family: _EstimatorFamily) -> _BiasVariancePath:
    """Follow the estimators of least variance plus penalty times bias, from least bias to least variance.

    The bias is the sum of absolute bends, so that the path is linear between the penalties at which a bend starts or
    stops being used: Osborne, Presnell and Turlach (2000), IMA Journal of Numerical Analysis 20, p. 389-403.
    """
    pre, covariance, directions = family.study.before.size, family.study.covariance, family.directions
    curve = directions.T @ covariance[:pre, :pre] @ directions
    slope = directions.T @ (covariance[:pre, :pre] @ family.start + covariance[:pre, pre:] @ family.study.weights)
    bends = np.zeros(pre - 1)
    if pre == 1:
        return _BiasVariancePath(np.zeros(1), bends[None, :])
    golden = (np.sqrt(5) - 1) / 2
    slope = slope + TIE_BREAK * np.sqrt(np.diag(curve) * family.study.std_error**2) * (golden * np.arange(1, pre) % 1)
    first = int(np.abs(slope).argmax())
    penalty, before, signs = 2 * float(np.abs(slope[first])), np.zeros(pre - 1), np.zeros(pre - 1)
    signs[first] = -np.sign(slope[first])
    knots = [(penalty, bends)]
    while penalty > 0 and len(knots) <= MAX_KNOTS_PER_BEND * pre:
        penalty, bends, after = _next_knot(curve, slope, penalty, signs, before)
        before, signs = signs, after
        knots.append((penalty, bends))
    path = _BiasVariancePath(np.array([knot[0] for knot in knots]), np.array([knot[1] for knot in knots]))
    _check_path(curve, slope, path)
    return path


def _next_knot(
    curve: FloatArray, slope: FloatArray, penalty: float, signs: FloatArray, before: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """Find the next penalty at which a bend starts or stops being used, the bends there and their signs after it.

    ``before`` are the signs before the last event: what has just changed stands at the edge and is no event again.
    """
    used, changed = signs != 0, signs != before
    inverse = np.linalg.inv(curve[np.ix_(used, used)])
    level, drift = np.zeros_like(slope), np.zeros_like(slope)
    level[used], drift[used] = -inverse @ slope[used], inverse @ signs[used] / 2
    gradient, fade = 2 * (curve @ level + slope), 2 * curve @ drift
    with np.errstate(divide="ignore", invalid="ignore"):
        stops = np.where(used & ~changed, level / drift, 0.0)
        downward = np.where(used | (changed & (before < 0)), 0.0, gradient / (1 + fade))
        upward = np.where(used | (changed & (before > 0)), 0.0, gradient / (fade - 1))
    events = np.stack([stops, downward, upward])
    events = np.where((events > 0) & (events <= penalty * (1 + ROUNDING)), np.minimum(events, penalty), 0.0)
    kind, place = np.unravel_index(events.argmax(), events.shape)
    penalty = float(events[kind, place])
    if penalty == 0:
        return penalty, level, signs
    bends, after = level - penalty * drift, signs.copy()
    after[place] = (0.0, -1.0, 1.0)[kind]
    bends[after == 0] = 0.0
    return penalty, bends, after


def _check_path(curve: FloatArray, slope: FloatArray, path: _BiasVariancePath) -> None:
    """Raise `SiEvalError` when the first-order conditions of least variance plus penalty times bias do not hold."""
    gradient = 2 * (path.bends @ curve + slope)
    penalty = path.penalty[:, None]
    used = np.abs(path.bends) > KKT_TOL * np.abs(path.bends).max()
    gap = np.where(used, np.abs(gradient + penalty * np.sign(path.bends)), np.clip(np.abs(gradient) - penalty, 0, None))
    if gap.max() > KKT_TOL * path.penalty[0] or path.penalty[-1] > 0:
        raise SiEvalError("covariance: found one without a best estimator; expected full rank; leave out a period")


def _shortest_interval(
    family: _EstimatorFamily, path: _BiasVariancePath, m: float, level: float
) -> tuple[float, float]:
    """Find the ends of the shortest interval: along the path its length has one minimum, at or beside a knot."""

    def half_length(penalty: float) -> float:
        bends = _bends_at(path, penalty)
        spread = _std_error(family, bends)
        return spread * _folded_normal_quantile(m * (family.bias + float(np.abs(bends).sum())) / spread, level)

    lengths = [half_length(float(penalty)) for penalty in path.penalty]
    place = int(np.argmin(lengths))
    best, length = float(path.penalty[place]), lengths[place]
    for other in {max(place - 1, 0), min(place + 1, len(lengths) - 1)} - {place}:
        low, high = sorted((float(path.penalty[place]), float(path.penalty[other])))
        minimum = optimize.minimize_scalar(
            half_length, bounds=(low, high), method="bounded", options={"xatol": 1e-9 * high}
        )
        if minimum.fun < length:
            best, length = float(minimum.x), float(minimum.fun)
    before = family.start + family.directions @ _bends_at(path, best)
    centre = float(before @ family.study.before) + family.study.estimate
    return centre - length, centre + length


def _bends_at(path: _BiasVariancePath, penalty: float) -> FloatArray:
    """Interpolate the bends at a penalty between two knots of the path."""
    return np.array([np.interp(penalty, path.penalty[::-1], column[::-1]) for column in path.bends.T])


def _std_error(family: _EstimatorFamily, bends: FloatArray) -> float:
    """Compute the standard error of the estimator with these bends."""
    weights = np.concatenate([family.start + family.directions @ bends, family.study.weights])
    return float(np.sqrt(weights @ family.study.covariance @ weights))


def _folded_normal_quantile(shift: float, level: float) -> float:
    """Compute the ``level`` quantile of the absolute value of a normal variable with mean ``shift`` and variance 1."""

    def excess(value: float) -> float:
        return float(special.ndtr(value - shift) - special.ndtr(-value - shift)) - level

    low, high = shift + special.ndtri(level), shift + special.ndtri((1 + level) / 2)
    if excess(high) <= 0:  # without a shift the upper end is the quantile itself
        return float(high)
    return float(low) if excess(low) >= 0 else float(optimize.brentq(excess, low, high, xtol=1e-12))

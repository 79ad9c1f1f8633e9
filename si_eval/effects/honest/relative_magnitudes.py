"""Bounds when trends part, after the reference, by at most M times the worst change before it."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from si_eval.effects.honest.event_study import (
    RELATIVE,
    Bounds,
    EventStudy,
    check_event_study,
    check_level,
    check_violations,
)
from si_eval.stats import FloatArray
from si_eval.system.blas import on_one_thread

FIRST_STAGE_SHARE = 0.1  # share of the error rate that the least favourable test spends: Rambachan and Roth (2023)
QUADRATURE_NODES, QUADRATURE_LIMIT = 400, 9.0  # of the integral over the pre-period change, in standard deviations
GRID_POINTS, GRID_ROUNDS = 401, 4  # of the search for the ends; each round divides the step by half the points
SLOPE_TOL = 1e-12  # slopes this near to one leave the maximum where it is


class _Moments(NamedTuple):
    """The null hypothesis "the worst change before was this one, with this sign" as inequalities between two numbers.

    The numbers are the violation that a value of the effect implies, and the change before the reference times its
    sign. ``directions`` has shape (k, 2): a moment is a direction times the two numbers, at most zero under the null.
    ``change`` is the estimated change times its sign, ``covariance`` (2, 2) that of the two numbers.
    """

    directions: FloatArray
    change: float
    covariance: FloatArray


@on_one_thread
def relative_magnitude_bounds(
    estimates: ArrayLike,
    covariance: ArrayLike,
    pre: int,
    *,
    m: ArrayLike,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> Bounds:
    r"""Compute the confidence set of an effect when trends part by at most M times the worst change before.

    Use it on an event study whose estimates before treatment show how much trends usually differ. Estimates are taken
    as normal with a known covariance of full rank.

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
        One or more ratios of the largest change between consecutive periods after the reference to the largest before
        it. At 0 trends are parallel after the reference.
    weights : array_like, optional
        Weights of the periods after the reference period, shape (post,). Their average by default (R's HonestDiD takes
        the first period).
    level : float, default 0.95
        Coverage of the set.

    Returns
    -------
    Bounds
        ``low`` and ``high`` are the outermost values of the set, shape (k,), one for each ``m``.

    Raises
    ------
    StudyError
        For a singular covariance and for arguments of another shape.

    Notes
    -----
    The violation :math:`\delta` of parallel trends is restricted to

    .. math:: |\delta_{t+1} - \delta_t| \le M \max_{s < 0} |\delta_{s+1} - \delta_s| \quad (t \ge 0)

    The set is the union, over the place and sign of the worst earlier change, of the values that the conditional test
    with a least favourable first stage ("C-LF") does not reject. The first stage rejects every value beyond a known
    distance, so that the set is closed.

    References
    ----------
    Rambachan & Roth (2023), Review of Economic Studies 90, p. 2555-2591, sections 2.4 and 3. Andrews, Roth & Pakes
    (2023), Review of Economic Studies 90, p. 2763-2791.

    Examples
    --------
    >>> import numpy as np
    >>> from si_eval.effects import relative_magnitude_bounds
    >>> bounds = relative_magnitude_bounds([0.1, 0.0, 0.5], np.diag([0.01, 0.01, 0.01]), 2, m=[0, 1])
    >>> bounds.low.round(3).tolist(), bounds.high.round(3).tolist()
    ([0.304, 0.111], [0.696, 0.889])
    """
    study = check_event_study(estimates, covariance, pre, weights)
    violations, level = check_violations(m), check_level(level)
    limits = np.array([_union_of_sets(study, float(value), 1 - level) for value in violations])
    low, high = study.estimate + limits[:, 0], study.estimate + limits[:, 1]
    return Bounds(violations, low, high, study.estimate, study.std_error, level, RELATIVE)


def _union_of_sets(study: EventStudy, m: float, error: float) -> tuple[float, float]:
    """Compute the ends of the union over places and signs of the worst change, as distances from the estimate."""
    sets = [
        _accepted_range(_moments(study, m, place, sign), error)
        for place in range(study.before.size)
        for sign in (1.0, -1.0)
    ]
    accepted = [limits for limits in sets if limits is not None]
    return min(limits[0] for limits in accepted), max(limits[1] for limits in accepted)


def holds_zero(study: EventStudy, m: float, level: float) -> bool:
    """Whether zero lies between the ends of the confidence set; an end is searched only where that decides it."""
    zero, low, high = -study.estimate, np.inf, -np.inf
    for place in range(study.before.size):
        for sign in (1.0, -1.0):
            moments = _moments(study, m, place, sign)
            ends = _find_ends(moments, 1 - level)
            if ends is None:
                continue
            (before, first), (after, last) = ends.low, ends.high
            low = min(low, _refine(moments, *ends.low, ends.critical, 1 - level) if before <= zero < first else first)
            high = max(high, _refine(moments, *ends.high, ends.critical, 1 - level) if last < zero <= after else last)
            if low <= zero <= high:
                return True
    return False


def _moments(study: EventStudy, m: float, place: int, sign: float) -> _Moments:
    """Write the null hypothesis as moments with the nuisance parameters profiled out.

    Changes x after the reference satisfy |x| <= m v with v the worst change before it, and the violation is the
    sum of x times the cumulated weights. The vertices of the dual linear program are then known: the violation from
    above, from below, and v >= 0 once for each later period; each divided by the standard deviations that it weighs.
    """
    pre, post = study.before.size, study.after.size
    levels = np.insert(np.eye(pre + post), pre, 0.0, axis=0)
    changes = np.diff(levels, axis=0)
    worst = sign * changes[place]
    effect = np.concatenate([np.zeros(pre), study.weights])
    reach = np.cumsum(study.weights[::-1])[::-1]
    above, below = (
        np.sqrt(np.einsum("ti,ij,tj->t", rows, study.covariance, rows))
        for rows in (changes[pre:] - m * worst, -changes[pre:] - m * worst)
    )
    size = np.abs(reach)
    bound = m * size.sum()
    directions = np.vstack(
        [
            np.array([1.0, -bound]) / (size @ np.where(reach > 0, above, below)),
            np.array([-1.0, -bound]) / (size @ np.where(reach > 0, below, above)),
            np.column_stack([np.zeros(post), -2 * m / (above + below)]),
        ]
    )
    pair = np.vstack([effect, worst])
    return _Moments(directions, float(worst @ np.append(study.before, study.after)), pair @ study.covariance @ pair.T)


def _accepted_range(moments: _Moments, error: float) -> tuple[float, float] | None:
    """Find the outermost distances from the estimate that are not rejected; None when all are."""
    ends = _find_ends(moments, error)
    if ends is None:
        return None
    low, high = (_refine(moments, *steps, ends.critical, error) for steps in (ends.low, ends.high))
    return low, high


class _Ends(NamedTuple):
    """Where a set begins and ends: steps of a grid, the last one outside and the first one inside."""

    low: tuple[float, float]
    high: tuple[float, float]
    critical: float


def _find_ends(moments: _Moments, error: float) -> _Ends | None:
    """Find between which steps the distances begin and end that are not rejected; None when all are."""
    critical = _least_favourable_critical_value(moments, FIRST_STAGE_SHARE * error)
    (above, lift), (below, drop) = moments.directions[0], moments.directions[1]
    first, last = -(critical - lift * moments.change) / above, (critical - drop * moments.change) / -below
    if first >= last:
        return None
    grid = np.linspace(first, last, GRID_POINTS)
    places = np.flatnonzero(_not_rejected(moments, grid, critical, error))
    if not places.size:
        return None
    low = grid[max(places[0] - 1, 0)], grid[places[0]]
    high = grid[min(places[-1] + 1, GRID_POINTS - 1)], grid[places[-1]]
    return _Ends(low, high, critical)


def _refine(moments: _Moments, outside: float, inside: float, critical: float, error: float) -> float:
    """Search on finer grids for the first value from ``outside`` that is not rejected."""
    for _ in range(GRID_ROUNDS):
        grid = np.linspace(outside, inside, GRID_POINTS // 2)
        place = int(np.argmax(_not_rejected(moments, grid, critical, error)))
        outside, inside = grid[max(place - 1, 0)], grid[place]
    return float(inside)


def _not_rejected(moments: _Moments, distance: FloatArray, critical: float, error: float) -> NDArray[np.bool_]:
    """Test effects at a ``distance`` (n,) from the estimate; true where the hybrid test does not reject.

    The statistic is the largest moment; given which one is largest and all that is independent of it, it is a normal
    variable cut off at ``low`` and ``high``. The critical value is never below zero.
    """
    directions, covariance = moments.directions, moments.covariance
    values = np.column_stack([-distance, np.full_like(distance, moments.change)]) @ directions.T
    largest = values.argmax(axis=1)
    statistic = values.max(axis=1)
    joint = directions @ covariance @ directions.T
    variance = np.diag(joint)[largest]
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = joint[largest] / variance[:, None]
        meeting = (values - slope * statistic[:, None]) / (1 - slope)
        low = np.where(slope < 1 - SLOPE_TOL, meeting, -np.inf).max(axis=1)
        high = np.minimum(np.where(slope > 1 + SLOPE_TOL, meeting, np.inf).min(axis=1), critical)
        beyond = _truncated_normal_tail(*(value / np.sqrt(variance) for value in (statistic, low, high)))
    level = error * (1 - FIRST_STAGE_SHARE) / (1 - FIRST_STAGE_SHARE * error)
    return (statistic <= critical) & ~((statistic > 0) & (variance > 0) & (beyond < level))


def _truncated_normal_tail(value: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Compute the probability that a standard normal variable between ``low`` and ``high`` exceeds ``value``."""
    logs = special.log_ndtr(-np.stack([value, low, high]))
    share = np.exp(logs - logs[1])
    return (share[0] - share[2]) / (1 - share[2])


def _least_favourable_critical_value(moments: _Moments, error: float) -> float:
    """Compute the value that the largest moment exceeds with probability ``error`` when all have mean zero.

    The probability is an integral over the change before the reference, by Gauss-Legendre quadrature: no simulation,
    no seed.
    """
    (above, lift), (below, drop) = moments.directions[0], moments.directions[1]
    steepest = float(moments.directions[2:, 1].min())
    (variance, shared), (_, spread) = moments.covariance
    scale = np.sqrt(spread)
    rest = np.sqrt(variance - shared**2 / spread)
    nodes, shares = _quadrature()

    def excess(critical: float) -> float:
        start = max(critical / (steepest * scale), -QUADRATURE_LIMIT) if steepest < 0 else -QUADRATURE_LIMIT
        z = start + (QUADRATURE_LIMIT - start) * (nodes + 1) / 2
        mean, change = shared / scale * z, scale * z
        top = special.ndtr(((critical - lift * change) / above - mean) / rest)
        bottom = special.ndtr(((critical - drop * change) / below - mean) / rest)
        density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        return float((QUADRATURE_LIMIT - start) / 2 * shares @ (density * np.clip(top - bottom, 0, None))) - (1 - error)

    return float(optimize.brentq(excess, 0.0, QUADRATURE_LIMIT, xtol=1e-10))


@cache
def _quadrature() -> tuple[FloatArray, FloatArray]:
    """Return the nodes and weights of the Gauss-Legendre quadrature."""
    return np.polynomial.legendre.leggauss(QUADRATURE_NODES)

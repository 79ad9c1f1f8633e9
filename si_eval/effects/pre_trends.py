"""Trends before entry: are they equal, how steep may they be, and what is left of an effect without them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from si_eval.effects.event_window import Combination, EventWindow
from si_eval.stats import FloatArray
from si_eval.vocabulary import Reason

MIN_EIGENVALUE = 1e-10  # smallest eigenvalue of correlations that counts as one


class PreTrendTest(NamedTuple):
    """Test that all event averages before entry are zero; NaN with a ``reason`` where it cannot be made."""

    statistic: float
    dof: tuple[int, float]
    p_value: float
    reason: Reason | None = None


def hotelling_test(window: EventWindow) -> PreTrendTest:
    r"""Test that the event averages before the reference year are zero, with Hotelling's F.

    With k averages :math:`b`, their covariance V and :math:`\nu` degrees of freedom

    .. math:: F = \frac{\nu - k + 1}{k \nu} b' V^{-1} b \sim F(k, \nu - k + 1)

    Source: Hotelling (1931), Annals of Mathematical Statistics 2, p. 360-378.
    """
    count = int(window.before.sum())
    if not count:
        return PreTrendTest(np.nan, (0, np.nan), np.nan, Reason.NO_PRE_PERIODS)
    dof = least_dof(window)
    left = dof - count + 1
    before = np.flatnonzero(window.before)
    covariance = window.covariance[np.ix_(before, before)]
    if not left > 0 or not is_invertible(covariance):
        return PreTrendTest(np.nan, (count, left), np.nan, Reason.SINGULAR_COVARIANCE)
    att = window.att[before]
    statistic = float(att @ np.linalg.solve(covariance, att)) * left / (count * dof)
    return PreTrendTest(statistic, (count, left), float(special.fdtrc(count, left, statistic)))


def trend_before(window: EventWindow, began: int | None = None) -> Combination:
    """Estimate the slope of the straight line through the reference year and the years before it, a year.

    With ``began`` the line is flat up to so many years before the reference year. Generalised least squares: the
    estimator of least variance.
    """
    return window.combine(_on_all(window, _slope_weights(window, began)))


def mean_less_trend(window: EventWindow, began: int | None = None) -> Combination:
    """Estimate the mean effect since entry less what the straight line through the years before would have given.

    The estimator of least variance that is right under any straight line: the smoothness bounds of Rambachan and Roth
    (2023) at M = 0. With ``began`` it is right under a trend that began so many years before the reference year. Its
    variance is divided by 1 - (k - 1) / degrees of freedom, because the covariance of the k years before is estimated
    (as in Hotelling's F).
    """
    mean = window.mean_weights
    before, time = window.before, _line(window, began)
    between = window.covariance[np.ix_(before, ~before)] @ mean[~before]
    own = np.linalg.solve(window.covariance[np.ix_(before, before)], between)
    needed = own @ time[before] - mean @ time
    weights = mean + _on_all(window, -own + needed * _slope_weights(window, began))
    found = window.combine(weights)
    lost = 1 - (int(before.sum()) - 1) / least_dof(window)
    return found._replace(std_error=found.std_error / np.sqrt(lost) if lost > 0 else np.inf)


def least_dof(window: EventWindow) -> float:
    """Return the fewest degrees of freedom of an event average before the reference year."""
    of_events = [window.events.small_sample.dof(weights) for weights in window.gradient[window.before]]
    return float(np.min(of_events))


def is_invertible(covariance: FloatArray) -> bool:
    """Whether no estimate is an exact sum of others, and each has a variance."""
    errors = np.sqrt(np.diag(covariance))
    return bool(np.all(errors > 0) and np.linalg.eigvalsh(covariance / np.outer(errors, errors))[0] >= MIN_EIGENVALUE)


def _line(window: EventWindow, began: int | None) -> FloatArray:
    """Return how far a line of slope one, flat until it began, is from the reference year; shape (years,)."""
    time = window.time.astype(np.float64)
    return time if began is None else np.maximum(time, -began)


def _slope_weights(window: EventWindow, began: int | None) -> FloatArray:
    """Compute the weights of the averages before the reference year in the slope, shape (years before,)."""
    time = _line(window, began)[window.before]
    weights = np.linalg.solve(window.covariance[np.ix_(window.before, window.before)], time)
    return np.asarray(weights / (time @ weights), dtype=np.float64)


def _on_all(window: EventWindow, weights: FloatArray) -> FloatArray:
    """Give weights of the years before a place among all years; the others have none."""
    placed = np.zeros(len(window.time))
    placed[window.before] = weights
    return placed

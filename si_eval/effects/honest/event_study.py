"""The estimates that sensitivity analysis starts from, and the intervals that it returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from si_eval.arguments import Arguments
from si_eval.effects.validation import read_numbers
from si_eval.errors import StudyError
from si_eval.stats import FloatArray

SMOOTHNESS, RELATIVE = "smoothness", "relative"
MIN_EIGENVALUE = 1e-12  # of the correlation matrix; below it the covariance is singular in double precision


@dataclass(frozen=True)
class EventStudy:
    """Estimates by period, in order of time, all against one reference period between ``before`` and ``after``.

    ``before`` has shape (pre,), ``after`` and ``weights`` (post,), ``covariance`` (pre + post, pre + post).
    """

    before: FloatArray
    after: FloatArray
    covariance: FloatArray
    weights: FloatArray

    @property
    def estimate(self) -> float:
        """Weighted effect when trends are exactly parallel."""
        return float(self.weights @ self.after)

    @property
    def std_error(self) -> float:
        """Root of the variance of ``estimate``."""
        after = self.covariance[self.before.size :, self.before.size :]
        return float(np.sqrt(self.weights @ after @ self.weights))


@dataclass(frozen=True)
class Bounds:
    """Intervals of a weighted effect under violations of parallel trends of at most ``m``.

    Attributes
    ----------
    m : numpy.ndarray
        Violations that are allowed for, shape (k,): in the unit of the outcome for "smoothness", a ratio for
        "relative".
    low, high : numpy.ndarray
        Ends of the interval for each ``m``, shape (k,), in the unit of the outcome.
    estimate : float
        The weighted effect without any violation.
    std_error : float
        Its standard error, from the covariance that was given.
    level : float
        Coverage of the intervals.
    restriction : str
        "smoothness" or "relative".

    Examples
    --------
    >>> import numpy as np
    >>> from si_eval.effects import smoothness_bounds
    >>> bounds = smoothness_bounds([0.1, 0.0, 0.5], np.diag([0.01, 0.01, 0.01]), 2, m=[0, 0.1])
    >>> bounds.estimate, bounds.restriction
    (0.5, 'smoothness')
    >>> bounds.low.shape
    (2,)
    """

    m: FloatArray
    low: FloatArray
    high: FloatArray
    estimate: float
    std_error: float
    level: float
    restriction: str


def check_event_study(estimates: ArrayLike, covariance: ArrayLike, pre: int, weights: ArrayLike | None) -> EventStudy:
    """Make an `EventStudy` of what a caller gives, or raise `StudyError`.

    ``weights`` of the periods after the reference period default to their average.
    """
    values, spread = read_numbers("estimates", estimates), read_numbers("covariance", covariance)
    if values.ndim != 1 or values.size < 2 or not np.isfinite(values).all():
        _raise("estimates", f"shape {values.shape}", "at least two finite numbers in a row", "leave out other periods")
    if isinstance(pre, bool) or not isinstance(pre, int | np.integer) or not 1 <= pre < values.size:
        expected = f"a whole number from 1 to {values.size - 1}"
        _raise("pre", f"{pre!r}", expected, "count the periods before the reference period")
    _check_covariance(spread, values.size)
    post = values.size - int(pre)
    shares = np.full(post, 1 / post) if weights is None else read_numbers("weights", weights)
    if shares.shape != (post,) or not np.isfinite(shares).all() or not shares.any():
        found = f"{shares.tolist()}"
        _raise("weights", found, f"{post} finite numbers, not all 0", "give one weight for each period after it")
    return EventStudy(values[:pre], values[pre:], spread, shares)


def check_violations(m: ArrayLike) -> FloatArray:
    """Return ``m`` as an array of shape (k,), or raise `StudyError`."""
    values = np.atleast_1d(read_numbers("m", m))
    if values.ndim != 1 or not values.size or not np.isfinite(values).all() or (values < 0).any():
        _raise("m", f"{values.tolist()}", "finite numbers of 0 or more", "give the violations to allow for")
    return values


def check_level(level: float) -> float:
    """Return ``level`` when it lies between a half and one, or raise `StudyError`."""
    arguments = Arguments("bounds")
    level = arguments.number("level", level, above=0.5, below=1, action="give the coverage, for example 0.95")
    arguments.refuse_problems()
    return level


def _check_covariance(covariance: FloatArray, size: int) -> None:
    """Raise `StudyError` unless the covariance is finite, symmetric and of full rank."""
    if covariance.shape != (size, size) or not np.isfinite(covariance).all():
        found, expected = f"shape {covariance.shape}", f"finite numbers of shape {(size, size)}"
        _raise("covariance", found, expected, "give the rows and columns of the estimates, in their order")
    scale = np.sqrt(np.clip(np.diag(covariance), 0, None))
    if not scale.all() or not np.allclose(covariance, covariance.T, rtol=1e-6, atol=1e-9 * float(scale.max()) ** 2):
        expected = "a symmetric matrix with variances above 0"
        _raise("covariance", "another matrix", expected, "give the covariance, not standard errors or correlations")
    least = float(np.linalg.eigvalsh(covariance / np.outer(scale, scale)).min())
    if least < MIN_EIGENVALUE:
        action = "leave out periods: there are fewer clusters than periods, or one period repeats others"
        _raise("covariance", f"a singular matrix (least eigenvalue {least:.1e})", "a matrix of full rank", action)


def _raise(name: str, found: str, expected: str, action: str) -> None:
    """Raise `StudyError` with what was found, what was expected and what to do."""
    raise StudyError(f"{name}: found {found}; expected {expected}; {action}")

"""Intervals for shares of a small, finite population: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats as distributions

from si_eval.stats import BoolArray, FloatArray

IntervalMethod = Literal["hypergeometric", "wilson"]


class ShareInterval(NamedTuple):
    """The lower and upper bound of shares, both of the shape of the counts."""

    low: FloatArray
    high: FloatArray


def hypergeometric_interval(
    count: ArrayLike, n: ArrayLike, *, population: ArrayLike | None = None, level: float = 0.95
) -> ShareInterval:
    """Compute the exact interval of the share in a population of ``population`` units of which ``n`` were drawn.

    Inverts two one-sided hypergeometric tests, each of size ``(1 - level) / 2``: the interval holds every number of
    units that neither test rejects. Coverage is at least ``level`` for every population. ``count`` and ``n`` are
    arrays of one shape, ``population`` may be one too; without it the draw is binomial and the interval is that of
    Clopper and Pearson. A share without units (``n`` = 0) has no interval.

    Source: Konijn (1973), Statistical Theory of Sample Survey Design; Clopper and Pearson (1934), Biometrika 26.
    """
    count, n = _as_floats(count, n)
    if population is None:
        return _binomial_interval(count, n, level)
    tail = (1 - level) / 2
    total = np.broadcast_to(np.asarray(population, dtype="float64"), count.shape).copy()
    # The smallest number of units at which P(X >= count) exceeds the tail, and the largest at which P(X <= count) does.
    low = _first_integer(lambda units: _exceeds(count, total, units, n, tail), total)
    high = total - _first_integer(lambda units: _exceeds(n - count, total, units, n, tail), total)
    whole = np.where(n > 0, total, np.nan)
    return ShareInterval(low / whole, high / whole)


def wilson_interval(
    count: ArrayLike, n: ArrayLike, *, population: ArrayLike | None = None, level: float = 0.95
) -> ShareInterval:
    """Compute the score interval of a share, with the finite population correction where a population is given.

    Solves ``(p - P)^2 = z^2 P (1 - P) / n x (N - n) / (N - 1)`` for ``P``: the interval of Wilson for the number of
    independent draws that is worth as much, ``n (N - 1) / (N - n)``. When everybody answered it is a point. ``count``
    and ``n`` are arrays of one shape; they need not be whole numbers (weighted shares).

    Source: Wilson (1927), Journal of the American Statistical Association 22, p. 209-212; Cochran (1977), Sampling
    Techniques, equation 3.8 (variance of a share in a finite population).
    """
    count, n = _as_floats(count, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = count / n
        correction = (
            np.ones_like(n) if population is None else (np.asarray(population) - n) / (np.asarray(population) - 1)
        )
        ratio = distributions.norm.ppf(0.5 + level / 2) ** 2 * np.maximum(correction, 0.0) / n
        centre = (share + ratio / 2) / (1 + ratio)
        half = np.sqrt(ratio * (share * (1 - share) + ratio / 4)) / (1 + ratio)
    return ShareInterval(np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0))


def share_interval(
    count: ArrayLike, n: ArrayLike, *, method: IntervalMethod, population: ArrayLike | None = None, level: float = 0.95
) -> ShareInterval:
    """Compute the interval of shares by the method named."""
    if method == "wilson":
        return wilson_interval(count, n, population=population, level=level)
    return hypergeometric_interval(count, n, population=population, level=level)


def share_std_error(share: ArrayLike, n: ArrayLike, *, population: ArrayLike | None = None) -> FloatArray:
    """Compute the estimated standard error of a share of ``n`` units drawn without replacement.

    Source: Cochran (1977), Sampling Techniques, equation 3.8.
    """
    share, n = _as_floats(share, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        correction = np.ones_like(n) if population is None else np.maximum(1 - n / np.asarray(population), 0.0)
        return np.where(n > 1, np.sqrt(np.maximum(share * (1 - share), 0.0) / (n - 1) * correction), np.nan)


def _exceeds(count: FloatArray, total: FloatArray, units: FloatArray, n: FloatArray, tail: float) -> BoolArray:
    """Whether ``count`` or more of ``n`` draws are more probable than ``tail`` when ``units`` of ``total`` qualify."""
    return np.asarray(distributions.hypergeom.sf(count - 1, total, units, n)) > tail


def _binomial_interval(count: FloatArray, n: FloatArray, level: float) -> ShareInterval:
    """Compute the interval of Clopper and Pearson; no units have no interval."""
    from statsmodels.stats.proportion import proportion_confint  # noqa: PLC0415  loaded where no population is given

    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = proportion_confint(count, n, alpha=1 - level, method="beta")
    return ShareInterval(np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan))


def _first_integer(condition: Callable[[FloatArray], BoolArray], upper: FloatArray) -> FloatArray:
    """Find by bisection the smallest integers up to ``upper`` at which a monotone condition holds."""
    low, high = np.zeros_like(upper), upper.copy()
    while bool((low < high).any()):
        middle = np.floor((low + high) / 2)
        holds = condition(middle)
        high = np.where(holds, middle, high)
        low = np.where(holds, low, np.minimum(middle + 1, high))
    return high


def _as_floats(*arrays: ArrayLike) -> tuple[FloatArray, ...]:
    return tuple(np.asarray(array, dtype="float64") for array in arrays)

"""Array mathematics: arrays in, small named results out. No data frame ever comes here."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Whole = TypeVar("Whole", np.int64, np.uint64)


ROUNDING = 1e-14  # relative: numbers nearer to each other than this differ by rounding alone
FAR_APART = 0.25  # standard deviations between two groups: Stuart (2010), Statistical Science 25, section 4.1
CANCELLED = 1e-12  # relative: a variance that is smaller than its terms by this much is zero


class Interval(NamedTuple):
    """An estimate with its standard error, interval and two-sided p-value (against zero, or the value stated)."""

    estimate: FloatArray
    std_error: FloatArray
    low: FloatArray
    high: FloatArray
    p_value: FloatArray


def subtract(a: FloatArray, b: FloatArray) -> FloatArray:
    """Compute ``a - b``: exactly zero where the two differ by rounding alone."""
    difference = a - b
    return np.where(np.abs(difference) <= ROUNDING * np.maximum(np.abs(a), np.abs(b)), 0.0, difference)


def is_constant(smallest: float, largest: float) -> bool:
    """Whether values from ``smallest`` to ``largest`` differ by rounding alone: they have no variance."""
    return largest - smallest <= ROUNDING * max(abs(smallest), abs(largest))


def log_upper_fence(first: FloatArray, third: FloatArray, width: float) -> FloatArray:
    """Compute the value whose log lies ``width`` interquartile ranges above the third quartile of the logs.

    ``first`` and ``third`` are the quartiles of the logs. Source: Tukey (1977), Exploratory Data Analysis, "far out"
    for width 3.
    """
    return np.exp(third + width * (third - first))


def student_interval(estimate: FloatArray, std_error: FloatArray, dof: FloatArray, level: float) -> Interval:
    """Compute the interval and p-value of estimates with ``dof`` degrees of freedom; all arrays of one shape.

    An estimate without error has no p-value.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        quantile = student_quantile(dof, level)
        p_value = 2 * special.stdtr(dof, -np.abs(estimate / np.where(std_error == 0, np.nan, std_error)))
    return Interval(estimate, std_error, estimate - quantile * std_error, estimate + quantile * std_error, p_value)


def student_quantile(dof: FloatArray, level: float) -> FloatArray:
    """Compute the quantile that an interval of coverage ``level`` reaches on each side, in standard errors."""
    return np.asarray(special.stdtrit(dof, 0.5 + level / 2), dtype=np.float64)


def distinct(numbers: NDArray[Whole]) -> NDArray[Whole]:
    """Return the different whole numbers, ascending: sorted, as hashing (`numpy.unique`) is slow where most differ."""
    ordered = np.sort(numbers)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered


def sample_skewness(moment: FloatArray, n: FloatArray) -> FloatArray:
    r"""Correct the skewness of a mean of ``n`` independent values for its bias in small samples.

    ``moment`` is :math:`\sum z^3 / (\sum z^2)^{3/2}`, where the sum of squares is that of the variance with n - 1. The
    skewness of samples is too small where values are skewed; Hazen's factor 1 + 8.5 / n mends most of it.

    Source: Hazen (1930), Flood Flows.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(n > 2, moment * n**2 / ((n - 1) * (n - 2)) * (1 + 8.5 / n), np.nan)


def is_skewed(skewness: FloatArray, n: FloatArray) -> BoolArray:
    r"""Whether the values behind a mean of ``n``, which has this ``skewness``, are more skewed than chance explains.

    That is a skewness :math:`\gamma` of the values above :math:`2 \sqrt{6 / n}`. From 25 values on it includes every
    mean that is too skewed for Student's interval by Cochran's rule, :math:`n > 25 \gamma^2`.

    Source: Cochran (1977), Sampling Techniques, third edition, section 2.15.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.abs(skewness) * np.sqrt(n) > 2 * np.sqrt(6 / n)


def skewness_adjusted_interval(
    estimate: FloatArray, std_error: FloatArray, skewness: FloatArray, dof: FloatArray, level: float
) -> tuple[FloatArray, FloatArray]:
    r"""Compute the interval of means of skewed values: Student's, bent to the longer tail.

    With the ``skewness`` a of the mean, :math:`g(t) = t + a t^2 / 3 + a^2 t^3 / 27 + a / 6` of the studentised mean is
    nearly symmetric. The bounds are those whose transform is a quantile of Student's distribution.

    Source: Hall (1992), Journal of the Royal Statistical Society B 54, p. 221-228.
    """
    quantile = student_quantile(dof, level)
    flat = np.abs(skewness) < ROUNDING
    a = np.where(flat, 1.0, skewness)

    def invert(bound: FloatArray) -> FloatArray:
        return np.where(flat, bound, (np.cbrt(1 + a * (bound - a / 6)) - 1) * 3 / a)

    with np.errstate(invalid="ignore"):
        return estimate - invert(quantile) * std_error, estimate - invert(-quantile) * std_error


def welch_degrees_of_freedom(se_a: FloatArray, n_a: FloatArray, se_b: FloatArray, n_b: FloatArray) -> FloatArray:
    """Compute the degrees of freedom of a difference of two means with unequal variances.

    ``se`` are the standard errors of the two means. Source: Welch (1947), Biometrika 34, p. 28-35.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return (se_a**2 + se_b**2) ** 2 / (se_a**4 / (n_a - 1) + se_b**4 / (n_b - 1))


def ratio_std_error(
    a: FloatArray, se_a: FloatArray, b: FloatArray, se_b: FloatArray, covariance: FloatArray | float = 0.0
) -> FloatArray:
    """Compute the standard error of ``a / b`` by the delta method, with the covariance of ``a`` and ``b``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = se_a**2 + (a / b) ** 2 * se_b**2
        variance = se_a**2 - 2 * (a / b) * covariance + (a / b) ** 2 * se_b**2
        variance = np.where(variance <= CANCELLED * terms, 0.0, variance)
        return np.sqrt(variance / b**2)


def is_near_zero(
    mean: FloatArray, std_error: FloatArray, dof: FloatArray, level: float, signed: BoolArray
) -> BoolArray:
    """Whether means cannot be told from zero: nothing can be divided by them.

    That is a mean smaller than its standard error, which no mean of positive values is; and, where values have both
    signs (``signed``), one whose interval holds zero.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        quantile = np.where(signed, np.fmax(special.stdtrit(dof, 0.5 + level / 2), 1.0), 1.0)
        return np.abs(mean) < (1 - CANCELLED) * quantile * std_error


def false_discovery(p_values: FloatArray) -> FloatArray:
    """Compute the q-values of tests of one family.

    Source: Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57, p. 289-300.
    """
    order = np.argsort(p_values, kind="stable")[::-1]
    ranks = np.arange(len(p_values), 0, -1)
    q_values = np.empty(len(p_values))
    q_values[order] = np.minimum.accumulate(np.minimum(1.0, p_values[order] * len(p_values) / ranks))
    return q_values


def standardised_mean_difference(
    mean_a: FloatArray, sd_a: FloatArray, mean_b: FloatArray, sd_b: FloatArray, deviation: FloatArray | None = None
) -> FloatArray:
    """Divide a difference of means by a standard deviation: by default the root of the mean of the two variances.

    Means that are equal have no difference, also where nothing varies; others have none that can be standardised then.

    Source: Austin (2009), Statistics in Medicine 28, p. 3085, equation 1.
    """
    deviation = pooled_deviation(sd_a, sd_b) if deviation is None else deviation
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = subtract(mean_a, mean_b)
        return np.where(deviation == 0, np.where(difference == 0, 0.0, np.nan), difference / deviation)


def pooled_deviation(sd_a: FloatArray, sd_b: FloatArray) -> FloatArray:
    """Compute the root of the mean of two variances."""
    return np.sqrt((sd_a**2 + sd_b**2) / 2)


def overall_deviation(
    mean_a: FloatArray, sd_a: FloatArray, n_a: FloatArray, mean_b: FloatArray, sd_b: FloatArray, n_b: FloatArray
) -> FloatArray:
    """Compute the standard deviation of the units of two groups together, from those of each."""
    squares = (n_a - 1) * sd_a**2 + (n_b - 1) * sd_b**2
    between = n_a * n_b / (n_a + n_b) * subtract(mean_a, mean_b) ** 2
    return np.sqrt((squares + between) / (n_a + n_b - 1))


def distribution_distances(
    a: FloatArray, b: FloatArray, weights_a: FloatArray | None = None, weights_b: FloatArray | None = None
) -> tuple[float, float]:
    """Compute the mean and the largest distance between two weighted distribution functions.

    The mean is over the values that occur; of two values it is the distance itself, which is that of two shares. The
    largest distance is that of Kolmogorov and Smirnov. Values that differ by rounding alone are one.

    Source: R's MatchIt, `summary.matchit` (eCDF Mean, eCDF Max).
    """
    values = np.concatenate([a, b])
    if not len(a) or not len(b):
        return np.nan, np.nan
    share_a, share_b = (
        np.full(len(part), 1 / len(part)) if weights is None else weights / weights.sum()
        for part, weights in ((a, weights_a), (b, weights_b))
    )
    order = np.argsort(values)
    ordered = values[order]
    last = np.append(np.diff(ordered) > ROUNDING * np.abs(ordered[1:]), True)
    gaps = np.abs(np.cumsum(np.concatenate([share_a, -share_b])[order])[last])
    largest = float(gaps.max())
    return (largest if len(gaps) <= 2 else float(gaps.mean())), largest


def equivalence_p_value(
    mean_a: FloatArray,
    sd_a: FloatArray,
    n_a: FloatArray,
    mean_b: FloatArray,
    sd_b: FloatArray,
    n_b: FloatArray,
    bound: float,
    error: tuple[FloatArray, FloatArray] | None = None,
    deviation: FloatArray | None = None,
) -> FloatArray:
    """Compute the p-value of two one-sided tests that means differ by ``bound`` standard deviations or more.

    ``error`` is the standard error of the difference and its degrees of freedom; by default those of Welch.
    ``deviation`` is the standard deviation; by default the root of the mean of the two variances.

    Source: Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15, p. 657-680.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        if error is None:
            se_a, se_b = sd_a / np.sqrt(n_a), sd_b / np.sqrt(n_b)
            error = np.sqrt(se_a**2 + se_b**2), welch_degrees_of_freedom(se_a, n_a, se_b, n_b)
        std_error, dof = error
        margin = bound * (pooled_deviation(sd_a, sd_b) if deviation is None else deviation)
        difference = subtract(mean_a, mean_b)
        above = special.stdtr(dof, -(difference + margin) / std_error)
        below = special.stdtr(dof, (difference - margin) / std_error)
    return np.maximum(above, below)

"""Sensitivity to an unobserved difference between participants and their comparisons: hidden bias and E-values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from si_eval.arguments import Arguments
from si_eval.effects.validation import read_numbers
from si_eval.errors import StudyError
from si_eval.stats import FloatArray

MAX_EXACT_PAIRS = 200  # up to here the distribution of the signed-rank statistic is computed, beyond it is normal
MAX_DEVIATIONS = 100.0  # standard deviations: a larger difference is in another unit
REL_TOL = 1e-13  # sums of two values nearer than this share of their range are one
LOG_RISK_RATIO_PER_SD = 0.91  # log risk ratio of one standard deviation: VanderWeele and Ding (2017)


@dataclass(frozen=True)
class RosenbaumBounds:
    """What matched pairs show when the odds to participate differ within a pair by at most a factor ``gamma``.

    Arrays of shape (k,), one place for each ``gamma``: the least and largest one-sided p-value, Hodges-Lehmann estimate
    and end of the interval (``level``, two-sided) that such a difference could give; estimates in the unit of the
    outcome. ``n_pairs`` counts pairs, ``n_zero`` those without a difference; ``exact`` is whether p-values and
    intervals rest on the distribution of the statistic itself or on the normal one.
    """

    gamma: FloatArray
    p_low: FloatArray
    p_high: FloatArray
    estimate_low: FloatArray
    estimate_high: FloatArray
    low: FloatArray
    high: FloatArray
    n_pairs: int
    n_zero: int
    level: float
    exact: bool


class EValue(NamedTuple):
    """The association, as a risk ratio with both, that would explain away the estimate, and its interval."""

    estimate: float
    limit: float | None


def rosenbaum_bounds(
    differences: ArrayLike,
    gamma: ArrayLike,
    *,
    alternative: Literal["greater", "less"] = "greater",
    level: float = 0.95,
    exact: bool | None = None,
) -> RosenbaumBounds:
    r"""Bound the signed-rank test of matched pairs, and their Hodges-Lehmann estimate, under hidden bias.

    Use it after matching without replacement: how much may an unobserved difference raise the odds to take part before
    the conclusion changes? It assumes pairs that are independent of each other and, for estimates, one additive effect.

    Parameters
    ----------
    differences : array_like
        Participant minus comparison, one value for each pair, shape (n,).
    gamma : array_like
        One or more factors of 1 or more: by how much the odds to take part may differ within a pair. 1 is no hidden
        bias.
    alternative : {"greater", "less"}, default "greater"
        Side of the p-values.
    level : float, default 0.95
        Coverage of the two-sided interval.
    exact : bool, optional
        Whether p-values and intervals rest on the distribution of the statistic itself, or on the normal one. By
        default exact up to 200 pairs.

    Returns
    -------
    RosenbaumBounds
        Arrays of shape (k,), one place for each ``gamma``: ``p_low`` and ``p_high``, ``estimate_low`` and
        ``estimate_high``, ``low`` and ``high``. ``n_pairs`` and ``n_zero``, the pairs without a difference.

    Raises
    ------
    StudyError
        For values that are not finite, no differences at all and a ``gamma`` below 1.

    Notes
    -----
    Under hidden bias each pair has a positive difference with a probability between

    .. math:: 1 / (1 + \Gamma) \quad \text{and} \quad \Gamma / (1 + \Gamma)

    Equal absolute differences share their mean rank; pairs without a difference leave the p-values; estimates and
    intervals use all pairs.

    References
    ----------
    Rosenbaum (2002), Observational Studies, 2nd edition, section 4.3.

    Examples
    --------
    >>> from si_eval.effects import rosenbaum_bounds
    >>> rosenbaum_bounds([1.0, 2.0, 3.0, 4.0, 5.0], [1, 2]).p_high.round(4).tolist()
    [0.0312, 0.1317]
    """
    values, gammas = read_numbers("differences", differences), np.atleast_1d(read_numbers("gamma", gamma))
    _check_pairs(values, gammas, alternative, level)
    if exact is not None and not isinstance(exact, bool):
        _raise("exact", f"{exact!r}", "True, False or None", "write one of these")
    exact = values.size <= MAX_EXACT_PAIRS if exact is None else exact
    side = values if alternative == "greater" else -values
    ranks = stats.rankdata(np.abs(side[side != 0]))
    statistic = float(ranks[side[side != 0] > 0].sum())
    ends = np.array([_lower_bounds(values, float(factor), level, exact) for factor in gammas])
    upper = -np.array([_lower_bounds(-values, float(factor), level, exact) for factor in gammas])
    return RosenbaumBounds(
        gamma=gammas,
        p_low=np.array([_upper_tail(ranks, statistic, 1 / (1 + factor), exact) for factor in gammas]),
        p_high=np.array([_upper_tail(ranks, statistic, factor / (1 + factor), exact) for factor in gammas]),
        estimate_low=ends[:, 0],
        estimate_high=upper[:, 0],
        low=ends[:, 1],
        high=upper[:, 1],
        n_pairs=values.size,
        n_zero=int((values == 0).sum()),
        level=level,
        exact=exact,
    )


def e_value(risk_ratio: float, low: float | None = None, high: float | None = None) -> EValue:
    r"""Compute the least association of an unobserved factor that explains a risk ratio away.

    Use it for a rate or a share: the factor must be associated with participation and with the outcome by this risk
    ratio.

    Parameters
    ----------
    risk_ratio : float
        The estimate, above 0. Odds and hazard ratios of common outcomes have to be converted first.
    low, high : float, optional
        Ends of its interval.

    Returns
    -------
    EValue
        ``estimate``, the E-value of the estimate; ``limit``, that of the end of the interval nearer to 1: 1 when the
        interval holds 1, None when that end is not given.

    Raises
    ------
    StudyError
        For ratios that are not above 0 or not in order.

    Notes
    -----
    .. math:: E = RR + \sqrt{RR (RR - 1)}

    with RR replaced by 1 / RR below 1.

    References
    ----------
    VanderWeele & Ding (2017), Annals of Internal Medicine 167, p. 268-274.

    Examples
    --------
    >>> from si_eval.effects import e_value
    >>> round(e_value(2).estimate, 4)
    3.4142
    """
    arguments = Arguments("e_value")
    for name, ratio in (("risk_ratio", risk_ratio), ("low", low), ("high", high)):
        if ratio is not None or name == "risk_ratio":
            arguments.number(name, ratio, above=0, action="give a ratio, not its logarithm")
    arguments.refuse_problems()
    if (low is not None and low > risk_ratio) or (high is not None and high < risk_ratio):
        _raise("low, high", f"{low}, {high}", f"ends around {risk_ratio}", "give the interval of this ratio")
    limit = low if risk_ratio >= 1 else high
    if limit is None:
        return EValue(_e_value_of_ratio(risk_ratio), None)
    across = (limit - 1) * (risk_ratio - 1) <= 0
    return EValue(_e_value_of_ratio(risk_ratio), 1.0 if across else _e_value_of_ratio(limit))


def e_value_of_difference(standardised_difference: float, std_error: float, *, level: float = 0.95) -> EValue:
    """Compute the E-value of a difference in standard deviations, by an approximate risk ratio.

    Use it for a continuous outcome.

    Parameters
    ----------
    standardised_difference : float
        The estimate, in standard deviations of the outcome.
    std_error : float
        Its standard error, in standard deviations of the outcome.
    level : float, default 0.95
        Coverage of the interval.

    Returns
    -------
    EValue
        ``estimate`` and ``limit``, as of `e_value`.

    Raises
    ------
    StudyError
        As `e_value`, and for a standard error below 0.

    Notes
    -----
    The ratio is exp(0.91 d), its interval exp(0.91 (d -/+ z SE)).

    References
    ----------
    VanderWeele & Ding (2017), Annals of Internal Medicine 167, p. 268-274. Chinn (2000), Statistics in Medicine 19, p.
    3127-3131.

    Examples
    --------
    >>> from si_eval.effects import e_value_of_difference
    >>> round(e_value_of_difference(0.5, 0.1).estimate, 3)
    2.529
    """
    arguments = Arguments("e_value_of_difference")
    largest = {"least": -MAX_DEVIATIONS, "most": MAX_DEVIATIONS}
    arguments.number("standardised_difference", standardised_difference, **largest, action="divide it by the deviation")
    arguments.number("std_error", std_error, least=0, most=MAX_DEVIATIONS, action="divide it by the standard deviation")
    arguments.refuse_problems()
    _check_level(level)
    margin = special.ndtri((1 + level) / 2) * std_error
    middle, low, high = (
        float(np.exp(LOG_RISK_RATIO_PER_SD * value))
        for value in (standardised_difference, standardised_difference - margin, standardised_difference + margin)
    )
    return e_value(middle, low, high)


def _e_value_of_ratio(ratio: float) -> float:
    """Compute the E-value of a risk ratio on either side of 1."""
    above = max(ratio, 1 / ratio)
    return float(above + np.sqrt(above * (above - 1)))


def _upper_tail(ranks: FloatArray, statistic: float, probability: float, exact: bool) -> float:
    """Compute the probability of a sum of positive ranks at least as large, each positive with ``probability``."""
    if exact:
        return float(_distribution(ranks, probability)[round(2 * statistic) :].sum())
    spread = np.sqrt(probability * (1 - probability) * (ranks**2).sum())
    return float(special.ndtr(-(statistic - probability * ranks.sum()) / spread))


def _distribution(ranks: FloatArray, probability: float) -> FloatArray:
    """Compute the probabilities of the doubled sum of positive ranks (mean ranks are whole or half)."""
    steps = np.rint(2 * ranks).astype(np.int64)
    probabilities = np.zeros(int(steps.sum()) + 1)
    probabilities[0] = 1.0
    for step in steps:
        moved = np.zeros_like(probabilities)
        moved[step:] = probabilities[: probabilities.size - step]
        probabilities = (1 - probability) * probabilities + probability * moved
    return probabilities


def _lower_bounds(values: FloatArray, gamma: float, level: float, exact: bool) -> tuple[float, float]:
    """Compute the least Hodges-Lehmann estimate and the least lower end of the interval.

    The signed-rank statistic of the differences less an effect counts the means of two differences (each with itself
    too) above that effect; its expectation and critical value under hidden bias are hence places among these means.
    """
    ordered, n = np.sort(values), values.size
    pairs = n * (n + 1) // 2
    expected = gamma * pairs / (1 + gamma)
    estimate = (_walsh_average(ordered, int(expected) + 1) + _walsh_average(ordered, int(np.ceil(expected)))) / 2
    probability, error = gamma / (1 + gamma), (1 - level) / 2
    if exact:
        tail = _distribution(np.arange(1.0, n + 1), probability)[::2][::-1].cumsum()[::-1]
        critical = int((tail > error).sum())
    else:
        spread = np.sqrt(probability * (1 - probability) * n * (n + 1) * (2 * n + 1) / 6)
        critical = int(np.ceil(expected + special.ndtri(1 - error) * spread))
    return estimate, _walsh_average(ordered, critical) if critical <= pairs else -np.inf


def _walsh_average(ordered: FloatArray, rank: int) -> float:
    """Find the mean of two values (each with itself too) that is ``rank``-th from above, without listing them all."""
    low, high = 2 * float(ordered[0]), 2 * float(ordered[-1])
    step = high - low
    low -= step + 1.0
    while high - low > REL_TOL * step:
        middle = (low + high) / 2
        both = ordered.size**2 - int(np.searchsorted(ordered, middle - ordered, side="right").sum())
        if (both + int((2 * ordered > middle).sum())) // 2 >= rank:
            low = middle
        else:
            high = middle
    partner = np.searchsorted(ordered, high + REL_TOL * step - ordered, side="right") - 1
    return float((ordered + ordered[partner])[partner >= 0].max()) / 2


def _check_pairs(values: FloatArray, gammas: FloatArray, alternative: str, level: float) -> None:
    """Raise `StudyError` for pairs and arguments that cannot be used."""
    if values.ndim != 1 or not np.isfinite(values).all() or not values.any():
        expected = "finite numbers in a row, some of them not 0"
        _raise("differences", f"shape {values.shape}", expected, "give participant minus comparison of each pair")
    if gammas.ndim != 1 or not gammas.size or not np.isfinite(gammas).all() or (gammas < 1).any():
        _raise("gamma", f"{gammas.tolist()}", "finite numbers of 1 or more", "1 stands for no hidden bias")
    if not isinstance(alternative, str) or alternative not in ("greater", "less"):
        _raise("alternative", f"{alternative!r}", "'greater' or 'less'", "choose the side of the effect")
    _check_level(level)


def _check_level(level: float) -> None:
    """Raise `StudyError` unless the coverage lies between a half and one."""
    arguments = Arguments("sensitivity")
    arguments.number("level", level, above=0.5, below=1, action="give the coverage, for example 0.95")
    arguments.refuse_problems()


def _raise(name: str, found: str, expected: str, action: str) -> None:
    """Raise `StudyError` with what was found, what was expected and what to do."""
    raise StudyError(f"{name}: found {found}; expected {expected}; {action}")

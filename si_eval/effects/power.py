"""Power: which effects a study of this size could have told from nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, special

from si_eval.arguments import Arguments
from si_eval.effects.validation import read_numbers
from si_eval.system.blas import on_one_thread

MAX_PERIODS = 1000  # of which the correlations are computed


@on_one_thread
def minimum_detectable_effect(
    n_treated: float,
    n_controls: float,
    *,
    power: float = 0.8,
    level: float = 0.95,
    sd: float = 1.0,
    icc: float = 0.0,
    cluster_size: float = 1.0,
    pre_periods: int = 0,
    post_periods: int = 1,
    autocorrelation: ArrayLike = 0.0,
) -> float:
    r"""Compute the effect that a two-sided test finds with probability ``power``.

    Use it before a study, to see whether it can answer its question, and after one that found nothing.

    Parameters
    ----------
    n_treated, n_controls : float
        Numbers of units (effective numbers where they are weighted).
    power : float, default 0.8
        Probability to find the effect, from 0.5 to below 1.
    level : float, default 0.95
        Coverage of the interval that belongs to the test; 0.95 is a test at 0.05.
    sd : float, default 1.0
        Standard deviation of the outcome over units in one period, in the unit of the outcome.
    icc : float, default 0.0
        Correlation within clusters of the quantity that is compared.
    cluster_size : float, default 1.0
        Units in a cluster.
    pre_periods, post_periods : int, default 0 and 1
        Periods averaged before and after entry.
    autocorrelation : array_like, default 0.0
        Correlation of a unit's outcomes over time: one number, or one for each lag, shape (pre + post - 1,).

    Returns
    -------
    float
        The minimum detectable effect, in the unit of ``sd``.

    Raises
    ------
    StudyError
        For sizes and probabilities out of range.

    Notes
    -----
    The normal closed form, with the standard error of `design_std_error`:

    .. math:: MDE = (z_{(1 + level) / 2} + z_{power}) \, SE

    It leaves out rejections on the wrong side, which is why ``power`` starts at a half.

    References
    ----------
    Bloom (1995), Evaluation Review 19, p. 547-556.

    Examples
    --------
    >>> from si_eval.effects import minimum_detectable_effect
    >>> round(minimum_detectable_effect(100, 100), 4)
    0.3962
    """
    arguments = Arguments("minimum_detectable_effect")
    _check_test(arguments, level, power)
    _check_design(arguments, n_treated, n_controls, sd, icc, cluster_size)
    _check_periods(arguments, pre_periods, post_periods, autocorrelation)
    arguments.refuse_problems()
    std_error = design_std_error(
        n_treated,
        n_controls,
        sd=sd,
        icc=icc,
        cluster_size=cluster_size,
        pre_periods=pre_periods,
        post_periods=post_periods,
        autocorrelation=autocorrelation,
    )
    return detectable_effect(std_error, power=power, level=level)


@on_one_thread
def detectable_effect(std_error: float, *, power: float = 0.8, level: float = 0.95) -> float:
    """Compute the effect that a two-sided test finds with probability ``power``, from a standard error.

    Use it after an estimate, as `minimum_detectable_effect` before one.

    Parameters
    ----------
    std_error : float
        Standard error of the estimate, in the unit of the outcome.
    power : float, default 0.8
        Probability to find the effect, from 0.5 to below 1.
    level : float, default 0.95
        Coverage of the interval that belongs to the test.

    Returns
    -------
    float
        The detectable effect, in the unit of ``std_error``.

    Raises
    ------
    StudyError
        For probabilities out of range.

    References
    ----------
    Bloom (1995), Evaluation Review 19, p. 547-556.

    Examples
    --------
    >>> from si_eval.effects import detectable_effect
    >>> round(detectable_effect(1.0), 4)
    2.8016
    """
    arguments = Arguments("detectable_effect")
    arguments.number("std_error", std_error, least=0, action="give that of the estimate")
    _check_test(arguments, level, power)
    arguments.refuse_problems()
    return float(special.ndtri((1 + level) / 2) + special.ndtri(power)) * std_error


def power_of(effect: float, std_error: float, level: float = 0.95) -> float:
    r"""Compute the probability that a two-sided test rejects "no effect" when ``effect`` is the truth.

    Rejections on either side count. The estimate is taken as normal with a known standard error.

    Parameters
    ----------
    effect : float
        The true effect, in the unit of the outcome.
    std_error : float
        Standard error of the estimate, in the same unit, above 0.
    level : float, default 0.95
        Coverage of the interval that belongs to the test.

    Returns
    -------
    float
        The power, between 0 and 1.

    Raises
    ------
    StudyError
        For a standard error that is not above 0, an effect that is not finite and a level out of range.

    Notes
    -----
    .. math:: \Phi(|\tau| / SE - z) + \Phi(-|\tau| / SE - z), \quad z = z_{(1 + level) / 2}

    References
    ----------
    Bloom (1995), Evaluation Review 19, p. 547-556.

    Examples
    --------
    >>> from si_eval.effects import power_of
    >>> round(power_of(2.801585, 1.0), 3)
    0.8
    """
    arguments = Arguments("power_of")
    arguments.number("std_error", std_error, above=0, action="see `design_std_error`")
    arguments.number("effect", effect, action="give it in the unit of the outcome")
    arguments.number("level", level, least=0.8, below=1, action="choose, for example, 0.95")
    arguments.refuse_problems()
    threshold, distance = special.ndtri((1 + level) / 2), abs(effect) / std_error
    return float(special.ndtr(distance - threshold) + special.ndtr(-distance - threshold))


@on_one_thread
def design_std_error(
    n_treated: float,
    n_controls: float,
    *,
    sd: float = 1.0,
    icc: float = 0.0,
    cluster_size: float = 1.0,
    pre_periods: int = 0,
    post_periods: int = 1,
    autocorrelation: ArrayLike = 0.0,
) -> float:
    r"""Compute the standard error that a difference of two groups will have.

    Use it to plan a study. Without ``pre_periods`` the means after entry are compared; with them, the change of the
    mean before to the mean after (difference-in-differences).

    Parameters
    ----------
    n_treated, n_controls : float
        Numbers of units (effective numbers where they are weighted).
    sd : float, default 1.0
        Standard deviation of the outcome over units in one period, in the unit of the outcome.
    icc : float, default 0.0
        Correlation, within clusters of units of the same group, of the quantity that is compared.
    cluster_size : float, default 1.0
        Units in a cluster.
    pre_periods, post_periods : int, default 0 and 1
        Periods averaged before and after entry.
    autocorrelation : array_like, default 0.0
        Correlation of a unit's outcomes over time: one number for all pairs of periods, or one for each lag, shape
        (pre + post - 1,).

    Returns
    -------
    float
        The standard error, in the unit of ``sd``.

    Raises
    ------
    StudyError
        For arguments out of range and for correlations that no process has.

    Notes
    -----
    With c the weights of the periods (minus one over their number before entry, one over their number after), R the
    correlations over time, m the cluster size and :math:`\rho` the ``icc``:

    .. math:: SE = \sigma \sqrt{c' R c \, (1 + (m - 1) \rho) (1 / n_1 + 1 / n_0)}

    References
    ----------
    McKenzie (2012), Journal of Development Economics 99, p. 210-221, equation 4 (one correlation). Burlig, Preonas &
    Woerman (2020), Journal of Development Economics 144, 102458 (correlation by lag). Moulton (1986), Journal of
    Econometrics 32, p. 385-397 (clusters).

    Examples
    --------
    >>> from si_eval.effects import design_std_error
    >>> round(design_std_error(50, 50, pre_periods=2, post_periods=2, autocorrelation=0.5), 4)
    0.1414
    """
    arguments = Arguments("design_std_error")
    _check_design(arguments, n_treated, n_controls, sd, icc, cluster_size)
    over_time = _check_periods(arguments, pre_periods, post_periods, autocorrelation)
    arguments.refuse_problems()
    clustering = 1 + (cluster_size - 1) * icc
    return float(sd * np.sqrt(over_time * clustering * (1 / n_treated + 1 / n_controls)))


def _check_design(
    arguments: Arguments, n_treated: float, n_controls: float, sd: float, icc: float, cluster_size: float
) -> None:
    """Keep the problems of sizes, of the spread and of the correlation within clusters."""
    for name, size in (("n_treated", n_treated), ("n_controls", n_controls), ("cluster_size", cluster_size)):
        arguments.number(name, size, least=1, action="count units")
    arguments.number("sd", sd, above=0, action="give that of one period")
    arguments.number("icc", icc, least=0, most=1, action="give a correlation; 0 stands for no clusters")


def _check_periods(arguments: Arguments, pre: int, post: int, autocorrelation: ArrayLike) -> float:
    """Return the variance of one unit's change of mean at entry, as a share of the variance of a period."""
    problems = len(arguments.problems)
    action = "count the periods that are averaged"
    pre = arguments.whole("pre_periods", pre, least=0, most=MAX_PERIODS, action=action)
    post = arguments.whole("post_periods", post, least=1, most=MAX_PERIODS, action=action)
    if len(arguments.problems) > problems:
        return np.nan
    lags = read_numbers("autocorrelation", autocorrelation)
    if lags.ndim == 0 and abs(float(lags)) < 1:
        lags = np.full(pre + post - 1, float(lags))
    if lags.shape != (pre + post - 1,) or not (np.abs(lags) < 1).all():
        expected = f"one correlation between -1 and 1, or one for each of {pre + post - 1} lags"
        arguments.add("autocorrelation", f"{lags.tolist()}", expected, "estimate it in the periods before entry")
        return np.nan
    correlation = linalg.toeplitz(np.insert(lags, 0, 1.0))
    if not np.linalg.eigvalsh(correlation).min() > 0:
        expected = "correlations that go together"
        arguments.add("autocorrelation", f"{lags.tolist()}", expected, "estimate them from one process")
        return np.nan
    contrast = np.concatenate([np.full(pre, -1 / max(pre, 1)), np.full(post, 1 / post)])
    return float(contrast @ correlation @ contrast)


def _check_test(arguments: Arguments, level: float, power: float) -> None:
    """Keep the problems of the coverage and of the power."""
    arguments.number("level", level, least=0.8, below=1, action="choose, for example, 0.95")
    arguments.number("power", power, least=0.5, below=1, action="choose, for example, 0.8")

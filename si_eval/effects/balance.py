"""Covariate balance of the treated and the controls, before and after matching or weighting."""

from __future__ import annotations

from typing import Literal, NamedTuple, cast, get_args

import numpy as np

from si_eval.arguments import Arguments
from si_eval.effects.validation import check_finite, read_floats, read_treated
from si_eval.effects.weighting import effective_size
from si_eval.errors import StudyError
from si_eval.stats import BoolArray, FloatArray, distribution_distances, is_constant, subtract
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import Reason

Denominator = Literal["treated", "control", "pooled", "all"]


class BalanceStatistics(NamedTuple):
    """Balance of each covariate at one stage; arrays of shape (k,).

    ``difference`` is the standardised mean difference, ``variance_ratio`` treated over controls (NaN for binary
    covariates and where the controls do not vary), ``largest_distance`` that of Kolmogorov and Smirnov, and
    ``mean_distance`` the mean distance of the distribution functions (eCDF Max and eCDF Mean of R's MatchIt).
    """

    mean_treated: FloatArray
    mean_controls: FloatArray
    difference: FloatArray
    variance_ratio: FloatArray
    largest_distance: FloatArray
    mean_distance: FloatArray


class Balance(NamedTuple):
    """Balance before and after, with units and effective units (Kish) of both groups.

    ``outside`` is the share of the treated whose score lies outside the range of the controls' (NaN without a score);
    ``reasons`` (k,) are why a standardised difference is missing, None where it is not.
    """

    before: BalanceStatistics
    after: BalanceStatistics
    n_treated: int
    n_controls: int
    effective_treated: float
    effective_controls: float
    outside: float
    reasons: tuple[Reason | None, ...]


@on_one_thread
def balance_table(
    covariates: FloatArray,
    treated: BoolArray,
    weights_treated: FloatArray | None = None,
    weights_controls: FloatArray | None = None,
    *,
    score: FloatArray | None = None,
    denominator: Denominator = "treated",
) -> Balance:
    r"""Compare the treated with the controls on each covariate, before and after weighting or matching.

    Use it after every matching or weighting, to see whether the groups became comparable. It needs no outcome.

    Parameters
    ----------
    covariates : numpy.ndarray
        Values of the covariates, shape (n, k), without gaps.
    treated : numpy.ndarray
        Who takes part, boolean, shape (n,).
    weights_treated : numpy.ndarray, optional
        Weights of the treated, shape (treated,), in the order of the rows. Ones by default.
    weights_controls : numpy.ndarray, optional
        Weights of the controls, shape (controls,), in the order of the rows. Ones by default.
    score : numpy.ndarray, optional
        Propensity score or its logit, shape (n,).
    denominator : {"treated", "control", "pooled", "all"}, default "treated"
        Whose standard deviation, before weighting, divides differences: that of the treated, of the controls, the root
        of the mean of both variances, or that of all units together.

    Returns
    -------
    Balance
        ``before`` and ``after``, each with the arrays ``mean_treated``, ``mean_controls``, ``difference``,
        ``variance_ratio``, ``largest_distance`` and ``mean_distance`` of shape (k,); numbers of units and effective
        numbers of units of both groups; ``outside``, the share of the treated whose score lies outside the range of the
        controls; ``reasons``, why a standardised difference is missing.

    Raises
    ------
    StudyError
        For missing values, negative weights, weights that are all zero and shapes that do not fit.

    Notes
    -----
    The standardised difference of a covariate is

    .. math:: d = (\bar x_1 - \bar x_0) / s

    with s the standard deviation of the treated before weighting (``denominator`` names another); for binary covariates
    (values 0 and 1) s is the root of p (1 - p). The same s is used before and after, so that a change of d comes from
    the means alone. Where the treated do not vary, equal means give zero and other means give no number.
    Weighted variances are those of reliability weights. The variance ratio is that of the treated to the controls. The
    largest distance is that of Kolmogorov and Smirnov; the mean distance is over the values that occur.

    References
    ----------
    Stuart (2010), Statistical Science 25, p. 1-21, section 4.1. Conventions of R's cobalt for the effect on the
    treated.

    Examples
    --------
    >>> import numpy as np
    >>> from si_eval.effects import balance_table
    >>> covariates = np.array([[1.0], [2.0], [3.0], [0.0], [1.0], [2.0]])
    >>> treated = np.array([True, True, True, False, False, False])
    >>> table = balance_table(covariates, treated, weights_controls=np.array([0.0, 0.5, 0.5]))
    >>> table.before.difference.round(3).tolist(), table.after.difference.round(3).tolist()
    ([1.0], [0.5])
    """
    covariates, treated = read_floats("covariates", covariates, "(n, k)"), read_treated(treated)
    score = None if score is None else read_floats("score", score)
    counts = int(treated.sum()), int((~treated).sum())
    given = {"weights_treated": weights_treated, "weights_controls": weights_controls}
    weights = [
        np.ones(count) if values is None else read_floats(name, values)
        for (name, values), count in zip(given.items(), counts, strict=True)
    ]
    _check(covariates, treated, weights, score)
    arguments = Arguments("balance_table")
    denominator = cast(Denominator, arguments.option("denominator", denominator, get_args(Denominator)))
    arguments.refuse_problems()
    columns = [
        _compare_covariate(column[treated], column[~treated], weights, denominator)
        for column in (covariates[:, k] for k in range(covariates.shape[1]))
    ]
    figures = np.array([column[0] for column in columns], dtype=float).reshape(-1, 2, 6)
    before, after = (BalanceStatistics(*figures[:, stage].T) for stage in (0, 1))
    outside = np.nan
    if score is not None:
        low, high = score[~treated].min(), score[~treated].max()
        outside = float(np.mean((score[treated] < low) | (score[treated] > high)))
    sizes = effective_size(weights[0]), effective_size(weights[1])
    return Balance(before, after, *counts, *sizes, outside, tuple(column[1] for column in columns))


def _check(covariates: FloatArray, treated: BoolArray, weights: list[FloatArray], score: FloatArray | None) -> None:
    """Raise `StudyError` for arrays and weights that cannot be compared."""
    check_finite(len(treated), covariates=covariates, score=score)
    for name, values, count in zip(
        ("weights_treated", "weights_controls"), weights, (treated.sum(), (~treated).sum()), strict=True
    ):
        if len(values) != count or not np.all(values >= 0) or not 0 < values.sum() < np.inf:
            raise StudyError(
                f"{name}: found {len(values)} weights with sum {values.sum():g}; expected {count} of at least 0, not "
                "all zero; give weights that converged"
            )


def _compare_covariate(
    treated_values: FloatArray, control_values: FloatArray, weights: list[FloatArray], denominator: Denominator
) -> tuple[list[list[float]], Reason | None]:
    """Compute the statistics of one covariate before and after, and why its standardised difference is missing."""
    binary = bool(np.isin(treated_values, (0, 1)).all() and np.isin(control_values, (0, 1)).all())
    std_dev = _denominator(treated_values, control_values, denominator, binary)
    figures, reason = [], None
    for treated_weights, control_weights in ([np.ones(len(treated_values)), np.ones(len(control_values))], weights):
        mean_treated = np.average(treated_values, weights=treated_weights)
        mean_controls = np.average(control_values, weights=control_weights)
        gap = float(subtract(np.asarray(mean_treated), np.asarray(mean_controls)))
        if not std_dev > 0 and gap != 0:
            reason = Reason.TREATED_DO_NOT_VARY
        difference = gap / std_dev if std_dev > 0 else 0.0 if gap == 0 else np.nan
        variances = _variance(treated_values, treated_weights), _variance(control_values, control_weights)
        ratio = variances[0] / variances[1] if not binary and variances[1] > 0 else np.nan
        mean, largest = distribution_distances(treated_values, control_values, treated_weights, control_weights)
        figures.append([mean_treated, mean_controls, difference, ratio, largest, mean])
    return figures, reason


def _denominator(treated: FloatArray, controls: FloatArray, denominator: Denominator, binary: bool) -> float:
    """Compute the standard deviation that divides differences; of shares the root of p (1 - p)."""

    def variance(values: FloatArray) -> float:
        share = values.mean()
        of_values = share * (1 - share) if binary else _variance(values, np.ones(len(values)))
        return 0.0 if _is_constant(values) else float(of_values)

    if denominator == "pooled":
        return float(np.sqrt((variance(treated) + variance(controls)) / 2))
    of = {"treated": treated, "control": controls, "all": np.concatenate([treated, controls])}
    return float(np.sqrt(variance(of[denominator])))


def _variance(values: FloatArray, weights: FloatArray) -> float:
    """Compute the variance with reliability weights, NaN for a single unit; equal weights give the sample variance."""
    if _is_constant(values):
        return 0.0 if len(values) > 1 else np.nan
    share = weights / weights.sum()
    left = 1 - share @ share
    return float(share @ (values - share @ values) ** 2 / left) if left > 0 else np.nan


def _is_constant(values: FloatArray) -> bool:
    """Whether values are the same but for rounding."""
    return is_constant(float(values.min()), float(values.max()))

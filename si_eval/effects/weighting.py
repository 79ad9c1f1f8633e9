"""Weights that make the controls like the treated, and the effect on the treated that they give."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import NamedTuple

import numpy as np

from si_eval.arguments import Arguments
from si_eval.effects.effect_result import Effect, effect_of
from si_eval.effects.entropy import TOL, minimise_entropy, weighted_moments
from si_eval.effects.propensity import row_blocks, with_constant
from si_eval.effects.validation import check_finite, check_treated, read_floats, read_treated
from si_eval.errors import StudyError
from si_eval.stats import BoolArray, FloatArray, is_constant
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import Reason

MAX_IMBALANCE = 1e-4  # a larger gap is no balance
MAX_MEAN_SCORE = 1e-6  # largest mean score, in standard deviations, of a logit that is at its maximum
LEVERAGE_TOL = 1e-8  # a control with leverage this near to one has no residual


class Weights(NamedTuple):
    """Weights of the controls, shape (controls,), that add up to one; ``reason`` is why there are none.

    ``effective_size`` is Kish's, ``largest_gap`` the largest difference of a mean in standard deviations of the treated
    (NaN where no covariates are given). ``kept`` (n,) are the rows that were not trimmed, ``covariates`` (n, k) the
    columns that the weights balance or rest on, ``score`` (n,) the propensity scores behind odds weights: the standard
    error needs them.
    """

    weights: FloatArray
    effective_size: float
    largest_gap: float
    converged: bool
    reason: Reason | None = None
    kept: BoolArray | None = None
    covariates: FloatArray | None = None
    score: FloatArray | None = None


@on_one_thread
def entropy_balance(covariates: FloatArray, treated: BoolArray, *, moments: int = 1, tolerance: float = TOL) -> Weights:
    r"""Weight the controls, as evenly as can be, so that their moments equal those of the treated.

    Use it when the means of covariates must be equal exactly, and no model of participation is wanted.

    Parameters
    ----------
    covariates : numpy.ndarray
        Covariates, shape (n, k), in any units, without gaps.
    treated : numpy.ndarray
        Who takes part, boolean, shape (n,).
    moments : {1, 2, 3}, default 1
        1 balances means, 2 also second moments, 3 also third moments.
    tolerance : float, default 1e-8
        Largest difference of a moment, in standard deviations of the treated.

    Returns
    -------
    Weights
        ``weights`` of the controls (controls,), which add up to one; ``effective_size`` (Kish); ``largest_gap``;
        ``converged``. Where no weights can balance, there are none and ``reason`` says so.

    Raises
    ------
    StudyError
        For missing values, shapes that do not fit and other ``moments``.

    Notes
    -----
    .. math:: \min_w \sum_i w_i \log w_i \quad \text{with} \quad \sum_i w_i x_i = \bar x_1, \; \sum_i w_i = 1

    over the controls i. The dual is solved by Newton's method with a line search.

    References
    ----------
    Hainmueller (2012), Political Analysis 20, p. 25-46, equations 8-10.

    Examples
    --------
    >>> import numpy as np
    >>> from si_eval.effects import entropy_balance
    >>> covariates = np.array([[2.0], [3.0], [1.0], [2.0], [4.0]])
    >>> weights = entropy_balance(covariates, np.array([True, True, False, False, False]))
    >>> round(float(weights.weights @ [1.0, 2.0, 4.0]), 6)
    2.5
    """
    covariates, treated = read_floats("covariates", covariates, "(n, k)"), read_treated(treated)
    check_finite(len(treated), covariates=covariates)
    arguments = Arguments("entropy_balance")
    moments = arguments.whole("moments", moments, least=1, most=3)
    tolerance = arguments.number("tolerance", tolerance, above=0, most=MAX_IMBALANCE)
    arguments.refuse_problems()
    columns = _with_moments(covariates, treated, moments)
    rows, centre = np.flatnonzero(~treated), columns[treated].mean(axis=0)
    weights, largest = minimise_entropy(columns, rows, centre, _treated_scale(columns, treated), tolerance)
    if weights is None:
        return _no_weights(len(rows), Reason.NO_BALANCING_WEIGHTS, largest)
    return Weights(weights, effective_size(weights), largest, True, covariates=columns)


@on_one_thread
def inverse_probability(
    score: FloatArray,
    treated: BoolArray,
    *,
    trim: tuple[float, float] | None = None,
    covariates: FloatArray | None = None,
) -> Weights:
    r"""Weight the controls by the odds of their propensity score.

    Use it with a fitted score. The weights add up to one (Hajek) and are those for the effect on the treated.

    Parameters
    ----------
    score : numpy.ndarray
        Propensity scores, between 0 and 1, shape (n,).
    treated : numpy.ndarray
        Who takes part, boolean, shape (n,).
    trim : tuple of float, optional
        Lowest and highest score that is kept, in both groups. This changes the estimand to the effect on the treated
        that are kept.
    covariates : numpy.ndarray, optional
        Covariates of the logit behind the score, without the constant, shape (n, k). With them the standard error
        allows for the estimation of the score; without them the score counts as known.

    Returns
    -------
    Weights
        ``weights`` of the controls (controls,), which add up to one; ``effective_size`` (Kish); ``largest_gap``;
        ``kept`` (n,), the rows that were not trimmed.

    Raises
    ------
    StudyError
        For scores outside 0 to 1, for a control that is kept with score 1, and for covariates whose logit the score is
        not.

    Notes
    -----
    .. math:: w_i = \frac{e_i / (1 - e_i)}{\sum_j e_j / (1 - e_j)}

    over the controls, with e the propensity score.

    References
    ----------
    Imbens (2004), Review of Economics and Statistics 86, p. 4-29. Crump et al. (2009), Biometrika 96, p. 187-199
    (trimming).

    Examples
    --------
    >>> import numpy as np
    >>> from si_eval.effects import inverse_probability
    >>> weights = inverse_probability(np.array([0.6, 0.5, 0.2]), np.array([True, False, False]))
    >>> weights.weights.round(6).tolist()
    [0.8, 0.2]
    """
    score, treated = read_floats("score", score), read_treated(treated)
    covariates = None if covariates is None else read_floats("covariates", covariates, "(n, k)")
    check_finite(len(treated), score=score, covariates=covariates)
    low, high = (0.0, 1.0) if trim is None else _check_trim(trim)
    kept = (score >= low) & (score <= high)
    if score.min() < 0 or score.max() > 1 or (score[kept & ~treated] == 1).any():
        raise StudyError(
            f"score: found {score.min():g} to {score.max():g}; expected chances, below 1 for controls; give the fitted "
            "chance, or trim"
        )
    if covariates is not None:
        _check_logit(score, treated, covariates)
    odds = np.where(kept, score, 0.0)[~treated]
    odds = odds / (1 - odds)
    if not kept[treated].any() or odds.sum() == 0:
        reason = Reason.NO_CONTROLS_LEFT if kept[treated].any() else Reason.NO_TREATED_LEFT
        return _no_weights(len(odds), reason, np.nan)
    weights = odds / odds.sum()
    largest = np.nan
    if covariates is not None:
        scale = _treated_scale(covariates, treated & kept)
        centre = covariates[treated & kept].mean(axis=0)
        imbalance, _ = weighted_moments(covariates, np.flatnonzero(~treated), weights, centre, scale)
        largest = float(np.abs(imbalance).max(initial=0.0))
    return Weights(weights, effective_size(weights), largest, True, None, kept, covariates, score)


@on_one_thread
def weighted_effect(outcome_change: FloatArray, treated: BoolArray, weights: Weights) -> Effect:
    r"""Compute the effect on the treated with weighted controls.

    Use it with the weights of `entropy_balance` or `inverse_probability`.

    Parameters
    ----------
    outcome_change : numpy.ndarray
        Outcome, or its change, shape (n,).
    treated : numpy.ndarray
        Who takes part, boolean, shape (n,).
    weights : Weights
        Weights of the same rows.

    Returns
    -------
    Effect
        ``estimate`` and ``std_error`` in the unit of the outcome, ``n_treated``, ``n_controls``.

    Raises
    ------
    StudyError
        For weights that did not converge and for missing outcomes.

    Notes
    -----
    .. math:: \hat\tau = \bar y_1 - \sum_i w_i y_i

    The standard error comes from the influence function of the estimating equations behind the weights, with units
    independent and each group corrected for small samples (each residual divided by the root of one minus its
    leverage). For balancing weights these are the balanced moments, for odds weights the scores of the logit where its
    covariates are known. Without covariates it is Welch's. That rows were trimmed by an estimated score is left out.

    References
    ----------
    Zhao & Percival (2017), Journal of Causal Inference 5(1). MacKinnon & White (1985), Journal of Econometrics 29, p.
    305-325 (leverage).

    Examples
    --------
    >>> import numpy as np
    >>> from si_eval.effects import entropy_balance, weighted_effect
    >>> treated = np.array([True, True, False, False, False])
    >>> weights = entropy_balance(np.array([[2.0], [3.0], [1.0], [2.0], [4.0]]), treated)
    >>> effect = weighted_effect(np.array([3.0, 4.0, 1.0, 2.0, 4.0]), treated, weights)
    >>> round(effect.estimate, 6), effect.n_treated, effect.n_controls
    (1.0, 2, 3)
    """
    if not isinstance(weights, Weights):
        raise StudyError(f"weights: found a {type(weights).__name__}; expected Weights; make them with entropy_balance")
    treated, outcome_change = read_treated(treated), read_floats("outcome_change", outcome_change)
    if not weights.converged:
        why = "no reason" if weights.reason is None else weights.reason.text("en")
        raise StudyError(f"weights: found none ({why}); expected weights that converged; report the reason")
    if weights.score is None:
        columns = np.zeros((len(treated), 0)) if weights.covariates is None else weights.covariates
        return balanced_effect(outcome_change, columns, treated, weights.weights)
    check_finite(len(treated), outcome_change=outcome_change, score=weights.score, kept=weights.kept)
    check_finite(int((~treated).sum()), weights=weights.weights)
    treated_kept = treated if weights.kept is None else treated & weights.kept
    n_treated = int(treated_kept.sum())
    share = np.zeros(len(treated))
    share[~treated] = weights.weights
    mean_treated, mean_controls = outcome_change[treated_kept].mean(), share @ outcome_change
    influence = np.zeros(len(treated))
    influence[treated_kept] = (outcome_change[treated_kept] - mean_treated) / np.sqrt(
        n_treated * (n_treated - 1) or np.nan
    )
    influence -= share * (outcome_change - mean_controls) / np.sqrt(np.maximum(1 - share, LEVERAGE_TOL))
    if weights.covariates is not None:
        influence -= _logit_influence(outcome_change - mean_controls, share, treated, weights.score, weights.covariates)
    std_error = float(np.sqrt(influence @ influence)) if np.max(share) < 1 - LEVERAGE_TOL else np.nan
    estimate = float(mean_treated - mean_controls)
    return effect_of(estimate, std_error, n_treated, int(np.count_nonzero(share)), outcome_change)


def balanced_effect(
    outcome_change: FloatArray, covariates: FloatArray, treated: BoolArray, weights: FloatArray
) -> Effect:
    """Compute the effect on the treated with ``weights`` (controls,) that balance ``covariates`` (n, k).

    The standard error is that of residuals after regression on the balanced covariates, for controls with their
    weights: the stacked estimating equations of the treated's moments, of the balance and of both means. Residuals of
    controls are divided by the root of one minus their leverage, those of the treated have n - 1 degrees of freedom;
    without covariates it is Welch's. It is NaN with a single treated unit, or where a control is alone with its
    covariates.

    Raises `StudyError` for missing values and for weights that do not balance the covariates.
    Source: Zhao & Percival (2017), Journal of Causal Inference 5(1); MacKinnon & White (1985), Journal of Econometrics
    29, p. 305-325 (leverage).
    """
    estimate, scores = balanced_scores(outcome_change, covariates, treated, weights)
    n_controls = int(np.count_nonzero(weights))
    return effect_of(estimate, float(np.sqrt(scores @ scores)), int(treated.sum()), n_controls, outcome_change)


def balanced_scores(
    outcome_change: FloatArray, covariates: FloatArray, treated: BoolArray, weights: FloatArray
) -> tuple[float, FloatArray]:
    """Compute the effect of `balanced_effect`, and a score of each unit, shape (n,), whose squares are its variance."""
    check_treated(treated)
    check_finite(len(treated), outcome_change=outcome_change, covariates=covariates)
    rows, centre = np.flatnonzero(~treated), covariates[treated].mean(axis=0)
    scale = _treated_scale(covariates, treated)
    if len(weights) != len(rows):
        raise StudyError(
            f"weights: found {len(weights)}; expected one for each of {len(rows)} controls; leave out none"
        )
    imbalance, curvature = weighted_moments(covariates, rows, weights, centre, scale)
    if np.abs(imbalance).max(initial=0.0) > MAX_IMBALANCE:
        raise StudyError(
            f"weights: found a largest gap of {np.abs(imbalance).max():g} standard deviations; expected weights that "
            "balance these covariates; give the covariates that they were made of"
        )
    mean_controls = weights @ outcome_change[rows]
    covariance = np.zeros(len(imbalance))
    for at in row_blocks(len(rows)):
        block = (covariates[rows[at]] - centre) / scale
        covariance += block.T @ (weights[at] * (outcome_change[rows[at]] - mean_controls))
    inverse = np.linalg.pinv(curvature, hermitian=True)
    slope, scores = inverse @ covariance, np.zeros(len(treated))
    for at in row_blocks(len(rows)):
        block = (covariates[rows[at]] - centre) / scale
        residual = outcome_change[rows[at]] - mean_controls - block @ slope
        left = 1 - weights[at] * (1 + np.sum((block @ inverse) * block, axis=1))
        left[left < LEVERAGE_TOL] = np.nan
        scores[rows[at]] = -weights[at] * residual / np.sqrt(left)
    residual = outcome_change[treated] - (covariates[treated] - centre) / scale @ slope
    n_treated = len(residual)
    scores[treated] = (residual - residual.mean()) / np.sqrt(n_treated * (n_treated - 1) or np.nan)
    return float(outcome_change[treated].mean() - mean_controls), scores


def _check_trim(trim: tuple[float, float]) -> tuple[float, float]:
    """Return the lowest and highest score that is kept; raise `StudyError` unless these are two, in order."""
    ends = list(trim) if isinstance(trim, Iterable) and not isinstance(trim, str) else []
    numbers = [float(end) for end in ends if isinstance(end, Real) and not isinstance(end, bool)]
    if len(ends) != len(numbers) or len(numbers) != len(("low", "high")) or not numbers[0] < numbers[1]:
        raise StudyError(f"trim: found {trim!r}; expected two scores, the lower first; write for example (0.05, 0.95)")
    return numbers[0], numbers[1]


def effective_size(weights: FloatArray) -> float:
    """Compute Kish's effective number of units: the squared sum of the weights over the sum of their squares."""
    return float(weights.sum() ** 2 / (weights @ weights)) if weights.any() else 0.0


def _check_logit(score: FloatArray, treated: BoolArray, covariates: FloatArray) -> None:
    """Raise `StudyError` for a score that is not the logit of these covariates: its standard error would be wrong."""
    scale = np.concatenate([[1.0], np.abs(covariates).max(axis=0, initial=0.0)])
    slope = np.zeros(len(scale))
    for at in row_blocks(len(score)):
        slope += (treated[at] - score[at]) @ with_constant(covariates[at])
    if np.any(np.abs(slope) > MAX_MEAN_SCORE * scale * treated.sum()):
        raise StudyError(
            "covariates: found a score that is not the logit of them; expected the covariates of `fit_logit`, without "
            "the constant; give those, or none to take the score as known"
        )


def _with_moments(covariates: FloatArray, treated: BoolArray, moments: int) -> FloatArray:
    """Put the powers of the standardised covariates beside them; the means alone need no copy."""
    if moments == 1:
        return covariates
    scaled = (covariates - covariates[treated].mean(axis=0)) / _treated_scale(covariates, treated)
    return np.hstack([scaled**power for power in range(1, moments + 1)])


def _treated_scale(columns: FloatArray, treated: BoolArray) -> FloatArray:
    """Compute the standard deviation among the treated; where they do not differ, of the controls; else one."""
    scale = [_spread(column[treated]) or _spread(column[~treated]) or 1.0 for column in columns.T]
    return np.asarray(scale, dtype=np.float64)


def _spread(values: FloatArray) -> float:
    """Compute the standard deviation, exactly zero for values that are the same but for rounding."""
    return 0.0 if is_constant(float(values.min()), float(values.max())) else float(values.std())


def _logit_influence(
    residual: FloatArray, share: FloatArray, treated: BoolArray, score: FloatArray, covariates: FloatArray
) -> FloatArray:
    """Compute what each unit adds to the controls' mean through the estimated logit, shape (n,)."""
    size = covariates.shape[1] + 1
    information, moved = np.zeros((size, size)), np.zeros(size)
    for at in row_blocks(len(score)):
        design = with_constant(covariates[at])
        information += (design * (score[at] * (1 - score[at]))[:, None]).T @ design
        moved += (share[at] * residual[at]) @ design
    scale = np.sqrt(np.diag(information))
    coefficients = np.linalg.solve(information / np.outer(scale, scale), moved / scale) / scale
    through = [with_constant(covariates[at]) @ coefficients for at in row_blocks(len(score))]
    return np.concatenate(through) * (treated - score)


def _no_weights(controls: int, reason: Reason, largest: float) -> Weights:
    """Return weights without numbers, with the reason."""
    return Weights(np.full(controls, np.nan), np.nan, largest, False, reason)

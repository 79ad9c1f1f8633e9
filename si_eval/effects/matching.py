"""Nearest neighbour matching on a score, and the effect on the treated that were matched."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from si_eval.arguments import Arguments
from si_eval.effects.effect_result import Effect, effect_of
from si_eval.effects.nearest_controls import match_greedily, nearest_controls, sort_controls
from si_eval.effects.validation import check_finite, read_codes, read_floats, read_treated
from si_eval.errors import StudyError
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import Reason

VARIANCE_NEIGHBOURS = 2  # units of its own group from which the variance of a control is estimated


class Matched(NamedTuple):
    """Pairs, shape (pairs,): row of the treated, row of its control, and the weight of the control for that treated.

    The weights of one treated row add up to one. ``unmatched`` are the treated rows without a control, with a reason
    each; ``used`` (n,) counts how often a row is a control; ``replace`` is whether one may be used again.
    """

    treated: IntArray
    control: IntArray
    weight: FloatArray
    unmatched: IntArray
    reasons: tuple[Reason, ...]
    used: IntArray
    replace: bool

    @property
    def n_used_controls(self) -> int:
        """Number of controls that are used at least once."""
        return int(np.count_nonzero(self.used))


@on_one_thread
def match_nearest(
    score: FloatArray,
    treated: BoolArray,
    *,
    exact: IntArray | None = None,
    ratio: int = 1,
    caliper: float | None = None,
    replace: bool = True,
    seed: int | None = 0,
) -> Matched:
    """Match each treated row with the controls nearest in score.

    Use it with the logit of a propensity score, when the controls are many and the effect on the treated is wanted.

    Parameters
    ----------
    score : numpy.ndarray
        Propensity score, or its logit, shape (n,), without gaps.
    treated : numpy.ndarray
        Who takes part, boolean, shape (n,).
    exact : numpy.ndarray, optional
        Codes of cells, whole numbers, shape (n,): controls are sought within the cell.
    ratio : int, default 1
        Controls for each treated row.
    caliper : float, optional
        Largest distance, in standard deviations of the score (root of the mean of both groups' variances). No limit by
        default.
    replace : bool, default True
        Whether a control may serve more than one treated row.
    seed : int or None, default 0
        Draws among controls with the same score. None takes those that come first.

    Returns
    -------
    Matched
        Pairs as arrays ``treated``, ``control`` and ``weight`` (pairs,): rows, and the weight of the control for that
        treated row, which add up to one. ``unmatched`` with ``reasons``; ``used`` (n,), how often a row is a control.

    Raises
    ------
    StudyError
        For missing scores, empty groups, a ratio below 1 and a caliper that is not positive.

    Notes
    -----
    A treated row with fewer controls than ``ratio`` within the caliper is unmatched. Of a lower and a higher score at
    the same distance the lower goes first. With replacement, controls with the same score are drawn anew for each
    treated row, because the first would serve again and again. Without, the treated choose in descending score, all of
    them a first control before any a second, and keep what they have.

    References
    ----------
    Stuart (2010), Statistical Science 25, p. 1-21. Order as in R's MatchIt: Ho et al. (2011), Journal of Statistical
    Software 42(8). Caliper: Austin (2011), Pharmaceutical Statistics 10, p. 150-161.

    Examples
    --------
    >>> import numpy as np
    >>> from si_eval.effects import match_nearest
    >>> score = np.array([0.2, 0.9, 0.1, 0.25, 0.8])
    >>> matched = match_nearest(score, np.array([True, True, False, False, False]))
    >>> matched.treated.tolist(), matched.control.tolist()
    ([0, 1], [3, 4])
    """
    score, treated = read_floats("score", score), read_treated(treated)
    cell = _cells(exact, len(score))
    check_finite(len(treated), score=score, exact=cell)
    arguments = Arguments("match_nearest")
    ratio = arguments.whole("ratio", ratio, least=1, action="give the controls for each treated row")
    if caliper is not None:
        caliper = arguments.number("caliper", caliper, above=0, action="give a distance, or None for no limit")
    replace = arguments.flag("replace", replace)
    if seed is not None:
        seed = arguments.whole("seed", seed, least=0, action="give a whole number, or None")
    arguments.refuse_problems()
    max_distance = np.inf if caliper is None else caliper * score_spread(score, treated)
    return match_within(score, treated, cell, ratio=ratio, max_distance=max_distance, replace=replace, seed=seed)


def score_spread(score: FloatArray, treated: BoolArray) -> float:
    """Return the standard deviation of a score: the root of the mean of both groups' variances."""
    return float(np.sqrt(sum(score[group].var(ddof=min(1, group.sum() - 1)) for group in (treated, ~treated)) / 2))


def match_within(
    score: FloatArray,
    treated: BoolArray,
    cell: IntArray,
    *,
    ratio: int,
    max_distance: float,
    replace: bool,
    seed: int | None,
) -> Matched:
    """Match each treated row with the controls nearest in score, of its cell and no farther than a distance."""
    generator = None if seed is None else np.random.default_rng(seed)
    treated_rows, rank = np.flatnonzero(treated), np.arange(len(score))
    if generator is not None and not replace:
        rank = generator.permutation(len(score))
    candidates = sort_controls(np.flatnonzero(~treated), score, cell, rank, np.unique(cell[treated_rows]))
    if replace:
        near, distance = nearest_controls(candidates, cell[treated_rows], score[treated_rows], ratio, generator)
        complete = np.isfinite(distance[:, -1]) & (distance[:, -1] <= max_distance)
        pairs = np.column_stack([np.repeat(treated_rows[complete], ratio), near[complete].ravel()])
        unmatched, farthest = treated_rows[~complete], distance[~complete, -1]
    else:
        order = treated_rows[np.lexsort((rank[treated_rows], -score[treated_rows]))]
        greedy = list(match_greedily(candidates, order, score, cell, ratio, max_distance))
        pairs = np.array(greedy, dtype=np.int64).reshape(-1, 2)
        unmatched = np.setdiff1d(treated_rows, pairs[:, 0])
        farthest = nearest_controls(candidates, cell[unmatched], score[unmatched], 1)[1][:, 0]
    counts = np.bincount(pairs[:, 0], minlength=len(score))
    reasons = tuple(_reason(float(gap), max_distance) for gap in farthest)
    used = np.bincount(pairs[:, 1], minlength=len(score))
    return Matched(pairs[:, 0], pairs[:, 1], 1 / counts[pairs[:, 0]], unmatched, reasons, used, replace)


@on_one_thread
def matched_effect(
    matched: Matched,
    outcome_change: FloatArray,
    score: FloatArray,
    treated: BoolArray,
    *,
    exact: IntArray | None = None,
    covariates: FloatArray | None = None,
) -> Effect:
    """Compute the effect on the treated that were matched.

    Use it on the pairs of `match_nearest`, with the same score and cells.

    Parameters
    ----------
    matched : Matched
        Pairs from `match_nearest`.
    outcome_change : numpy.ndarray
        Outcome, or its change, shape (n,).
    score : numpy.ndarray
        The score that was matched on, shape (n,).
    treated : numpy.ndarray
        Who takes part, boolean, shape (n,).
    exact : numpy.ndarray, optional
        The cells that were matched within, shape (n,).
    covariates : numpy.ndarray, optional
        Covariates, shape (n, k), that remove the bias of inexact matches: the outcome of a control is moved to the
        covariates of its treated unit by a regression on the controls used, with their weights.

    Returns
    -------
    Effect
        ``estimate`` and ``std_error`` in the unit of the outcome, ``n_treated``, ``n_controls``. Without pairs the
        estimate is NaN and the counts are zero.

    Raises
    ------
    StudyError
        For missing outcomes, scores or covariates.

    Notes
    -----
    With replacement the standard error is that of Abadie and Imbens, who allow for controls that are used more than
    once; the variance of a control comes from its nearest controls in score within its cell (of all, where it is alone
    there). Without replacement it is that of the mean of paired differences. It is NaN with fewer than two treated
    units, and where the variance of a control cannot be estimated. There is no bootstrap: it is not valid for matching
    (Abadie & Imbens, 2008, Econometrica 76). That the score is estimated is left out: the standard error can then be
    too large or too small (Abadie & Imbens, 2016, Econometrica 84).

    References
    ----------
    Abadie & Imbens (2006), Econometrica 74, p. 235-267, section 4, theorem 7; (2011), Journal of Business and Economic
    Statistics 29, p. 1-11 (bias); (2012), Journal of the American Statistical Association 107, p. 833-843. Abadie &
    Spiess (2022), Journal of the American Statistical Association 117, p. 983-995 (without replacement).

    Examples
    --------
    >>> import numpy as np
    >>> from si_eval.effects import match_nearest, matched_effect
    >>> score = np.array([0.2, 0.9, 0.1, 0.25, 0.8])
    >>> treated = np.array([True, True, False, False, False])
    >>> matched = match_nearest(score, treated)
    >>> effect = matched_effect(matched, np.array([3.0, 5.0, 1.0, 2.0, 2.5]), score, treated)
    >>> effect.estimate, effect.n_treated, effect.n_controls
    (1.75, 2, 2)
    """
    score, treated = read_floats("score", score), read_treated(treated)
    outcome_change = read_floats("outcome_change", outcome_change)
    covariates = None if covariates is None else read_floats("covariates", covariates, "(n, k)")
    cell = _cells(exact, len(score))
    check_finite(len(treated), score=score, exact=cell, outcome_change=outcome_change, covariates=covariates)
    if not isinstance(matched, Matched) or len(matched.used) != len(treated):
        found = f"pairs of {len(matched.used)} rows" if isinstance(matched, Matched) else f"a {type(matched).__name__}"
        raise StudyError(f"matched: found {found}; expected the pairs of these {len(treated)} rows; match them first")
    treated_rows, place = np.unique(matched.treated, return_inverse=True)
    if len(treated_rows) == 0:
        return Effect(np.nan, np.nan, 0, 0)
    difference = outcome_change[matched.treated] - outcome_change[matched.control]
    if covariates is not None:
        difference -= _bias_correction(matched, outcome_change, covariates)
    gaps = np.bincount(place, matched.weight * difference)
    estimate, n_treated = float(gaps.mean()), len(gaps)
    squares = float(np.sum((gaps - estimate) ** 2))
    if n_treated == 1:
        return Effect(estimate, np.nan, 1, matched.n_used_controls)
    if not matched.replace:
        std_error = float(np.sqrt(squares / (n_treated * (n_treated - 1))))
        return effect_of(estimate, std_error, n_treated, matched.n_used_controls, outcome_change)
    total = np.bincount(matched.control, matched.weight, minlength=len(score))
    repeated = total**2 - np.bincount(matched.control, matched.weight**2, minlength=len(score))
    again = np.flatnonzero(matched.used > 1)
    squares += float(repeated[again] @ _conditional_variances(again, outcome_change, score, treated, cell))
    std_error = float(np.sqrt(squares) / n_treated)
    return effect_of(estimate, std_error, n_treated, matched.n_used_controls, outcome_change)


def _reason(distance: float, max_distance: float) -> Reason:
    """Return why a treated row is unmatched, given the distance of its nearest control."""
    if distance == np.inf:
        return Reason.NO_CONTROL_IN_CELL
    return Reason.OUTSIDE_CALIPER if distance > max_distance else Reason.CONTROLS_USED_UP


def _cells(exact: IntArray | None, rows: int) -> IntArray:
    """Return the codes of the cells, zeros without any, or raise `StudyError` for codes that are no whole numbers."""
    return np.zeros(rows, dtype=np.int64) if exact is None else read_codes("exact", exact)


def _bias_correction(matched: Matched, outcome_change: FloatArray, covariates: FloatArray) -> FloatArray:
    """Compute the difference in outcome that the regression on the controls used predicts for each pair."""
    total = np.bincount(matched.control, matched.weight)
    rows = np.flatnonzero(total > 0)
    root = np.sqrt(total[rows])[:, None]
    design = np.column_stack([np.ones(len(rows)), covariates[rows]]) * root
    slope = np.linalg.lstsq(design, outcome_change[rows] * root[:, 0], rcond=None)[0]
    return np.asarray((covariates[matched.treated] - covariates[matched.control]) @ slope[1:])


def _conditional_variances(
    rows: IntArray, outcome: FloatArray, score: FloatArray, treated: BoolArray, cell: IntArray
) -> FloatArray:
    """Compute the variance of each control around its nearest controls, shape (rows,); NaN where there is no other."""
    controls, rank = np.flatnonzero(~treated), np.arange(len(score))
    variance = np.full(len(rows), np.nan)
    for cells in (cell, np.zeros(len(score), dtype=np.int64)):
        left = np.flatnonzero(np.isnan(variance))
        if len(left) == 0:
            break
        needed = rows[left]
        candidates = sort_controls(controls, score, cells, rank, np.unique(cells[needed]))
        near, distance = nearest_controls(
            candidates, cells[needed], score[needed], VARIANCE_NEIGHBOURS, leave_out=needed
        )
        there = np.isfinite(distance)
        count = there.sum(axis=1)
        mean = np.sum(np.where(there, outcome[near], 0.0), axis=1) / np.maximum(count, 1)
        around_mean = count / (count + 1) * (outcome[needed] - mean) ** 2
        variance[left] = np.where(count > 0, around_mean, np.nan)
    return variance

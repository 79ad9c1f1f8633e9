"""Coarsened exact matching: strata of equal cells, weights of their controls, and the effect that they give."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from si_eval.effects.effect_result import Effect, effect_of
from si_eval.effects.validation import check_finite, read_floats, read_treated
from si_eval.errors import StudyError
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import Reason


class Strata(NamedTuple):
    """Strata with both groups: the number of each row's stratum (n,), -1 where it has none, and weights (n,).

    A treated row in a stratum weighs one, a control the treated over the controls of its stratum, any other row zero;
    the controls thus add up to the treated. ``unmatched`` are the treated rows in no stratum, with a reason each.
    """

    stratum: IntArray
    weights: FloatArray
    n_strata: int
    unmatched: IntArray
    reasons: tuple[Reason, ...]


def coarsened_exact(cells: IntArray, treated: BoolArray) -> Strata:
    """Match the treated with all controls that have the same codes.

    Use it when covariates are classes, or can be cut into classes, and enough controls share each combination.

    Parameters
    ----------
    cells : numpy.ndarray
        Codes of the classes, whole numbers, shape (n,) or (n, columns).
    treated : numpy.ndarray
        Who takes part, boolean, shape (n,).

    Returns
    -------
    Strata
        ``stratum`` (n,), -1 for rows in no stratum; ``weights`` (n,): one for a treated row, the treated over the
        controls of the stratum for a control, zero elsewhere; ``n_strata``; ``unmatched``, the treated rows in no
        stratum, with ``reasons``.

    Raises
    ------
    StudyError
        For codes that are no whole numbers, shapes that do not fit and empty groups.

    References
    ----------
    Iacus, King & Porro (2012), Political Analysis 20, p. 1-24; weights as there, up to a common factor.

    Examples
    --------
    >>> import numpy as np
    >>> from si_eval.effects import coarsened_exact
    >>> strata = coarsened_exact(np.array([1, 1, 1, 2, 3]), np.array([True, False, False, True, False]))
    >>> strata.weights.tolist(), strata.unmatched.tolist()
    ([1.0, 0.5, 0.5, 0.0, 0.0], [3])
    """
    codes, treated = np.asarray(cells), read_treated(treated)
    if codes.dtype.kind not in "iu" or codes.ndim not in (1, 2):
        found = f"values of type {codes.dtype} and shape {codes.shape}"
        raise StudyError(f"cells: found {found}; expected whole numbers, (n,) or (n, columns); code the classes")
    columns = codes.reshape(len(codes), -1)
    check_finite(len(treated), cells=columns)
    code = np.zeros(len(columns), dtype=np.int64)
    for column in columns.T:
        values, place = np.unique(column, return_inverse=True)
        code = np.unique(code * len(values) + place, return_inverse=True)[1]
    treated_in, controls_in = np.bincount(code, treated), np.bincount(code, ~treated)
    both = (treated_in > 0) & (controls_in > 0)
    stratum = np.where(both, np.cumsum(both) - 1, -1)[code]
    weights = np.where(treated, 1.0, (treated_in / np.maximum(controls_in, 1))[code]) * both[code]
    unmatched = np.flatnonzero(treated & (stratum < 0))
    return Strata(stratum, weights, int(both.sum()), unmatched, (Reason.NO_CONTROL_IN_CELL,) * len(unmatched))


@on_one_thread
def stratified_effect(strata: Strata, outcome_change: FloatArray, treated: BoolArray) -> Effect:
    """Compute the effect on the treated within strata.

    Use it on the strata of `coarsened_exact`. Each treated unit is compared with the mean of the controls of its
    stratum.

    Parameters
    ----------
    strata : Strata
        Strata from `coarsened_exact`, with n rows.
    outcome_change : numpy.ndarray
        Outcome, or its change, shape (n,).
    treated : numpy.ndarray
        Who takes part, boolean, shape (n,).

    Returns
    -------
    Effect
        ``estimate`` and ``std_error`` in the unit of the outcome, ``n_treated``, ``n_controls``. Without strata the
        estimate is NaN and the counts are zero.

    Raises
    ------
    StudyError
        For missing outcomes of rows in a stratum.

    Notes
    -----
    The standard error is that of Abadie and Imbens, with all controls of the stratum as matches and their variance
    within the stratum. Where a stratum has a single control it is the variance within the others, pooled. It is NaN
    with fewer than two treated units, and where no stratum has two controls but one is needed.

    References
    ----------
    Abadie & Imbens (2006), Econometrica 74, p. 235-267, section 4, theorem 7, with exact matches.

    Examples
    --------
    >>> import numpy as np
    >>> from si_eval.effects import coarsened_exact, stratified_effect
    >>> treated = np.array([True, True, False, False])
    >>> strata = coarsened_exact(np.array([1, 1, 1, 1]), treated)
    >>> stratified_effect(strata, np.array([3.0, 5.0, 1.0, 2.0]), treated).estimate
    2.5
    """
    if not isinstance(strata, Strata):
        raise StudyError(f"strata: found a {type(strata).__name__}; expected Strata; make them with coarsened_exact")
    outcome_change, treated = read_floats("outcome_change", outcome_change), read_treated(treated)
    check_finite(len(treated), strata=strata.stratum)
    check_finite(len(outcome_change), treated=treated)
    inside = strata.stratum >= 0
    check_finite(len(treated), stratum=strata.stratum, outcome_change=np.where(inside, outcome_change, 0.0))
    if strata.n_strata == 0:
        return Effect(np.nan, np.nan, 0, 0)
    treated_in, controls_in = inside & treated, inside & ~treated
    place, values = strata.stratum[controls_in], outcome_change[controls_in]
    controls, firms = np.bincount(place), np.bincount(strata.stratum[treated_in])
    mean = np.bincount(place, values) / controls
    gaps = outcome_change[treated_in] - mean[strata.stratum[treated_in]]
    estimate, n_treated = float(gaps.mean()), len(gaps)
    within = np.bincount(place, (values - mean[place]) ** 2)
    spare = np.maximum(controls - 1, 0)
    pooled = within.sum() / spare.sum() if spare.any() else np.nan
    variance = np.where(spare > 0, within / np.maximum(spare, 1), pooled)
    again = firms > 1  # a mean that serves one treated unit is in that unit's gap already
    squares = float(np.sum((gaps - estimate) ** 2) + np.sum((firms * (firms - 1) * variance / controls)[again]))
    std_error = float(np.sqrt(squares) / n_treated) if n_treated > 1 else np.nan
    return effect_of(estimate, std_error, n_treated, int(controls_in.sum()), outcome_change[inside])

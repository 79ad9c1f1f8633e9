"""How strong something that nobody has seen must be to explain an effect: of trends, within pairs, in all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from scipy import special

from si_eval.effects.aggregation import AggregatedEffects
from si_eval.effects.design_result import Estimate
from si_eval.effects.honest import breakdown, relative_magnitude_bounds, smoothness_bounds
from si_eval.effects.matched_units import MatchedUnits
from si_eval.effects.panel_arrays import NEVER_TREATED, PanelArrays
from si_eval.effects.parallel_trends import has_gap
from si_eval.effects.sensitivity import e_value_of_difference, rosenbaum_bounds
from si_eval.effects.small_sample import widening
from si_eval.errors import StudyError
from si_eval.stats import FloatArray
from si_eval.vocabulary import (
    ATT_ROBUST,
    ATT_SMOOTH,
    BREAKDOWN,
    E_VALUE,
    ROBUSTNESS_VALUE,
    ROSENBAUM,
    Reason,
    bilingual_label,
)

STEEPEST = 1.0  # share of the largest bend before entry that is allowed after it, beside a straight line


def bound_trends(
    events: AggregatedEffects,
    years: Sequence[int],
    whole: Estimate,
    anticipation: int,
    ratios: Sequence[float],
    level: float,
) -> Iterator[Estimate]:
    """Yield bounds of the mean effect since entry under both restrictions on trends, and where each breaks down.

    ``years`` are those of the panel: where one is missing, the cohorts have different reference periods.
    """
    before = events.parts < -1 - anticipation
    since = events.parts[~before] >= 0
    gap = has_gap(events, years)
    row = whole._replace(std_error=np.nan, corrected_error=np.nan, dof=np.inf, convention="", note="")
    if gap or not before.any() or not since.any():
        reason = Reason.GAP_AROUND_ENTRY if gap else Reason.TOO_FEW_PRE_PERIODS
        yield row._replace(estimate=np.nan, statistic=BREAKDOWN, reason=reason)
        return
    weights = since / since.sum()
    covariance = events.corrected_covariance * widening(events.overall_dof, level)
    pre = int(before.sum())
    path = np.concatenate([events.att[before], [0.0]])
    bend = float(np.abs(np.diff(path, 2)).max(initial=0.0)) * STEEPEST
    try:
        relative = relative_magnitude_bounds(events.att, covariance, pre, m=ratios, weights=weights, level=level)
        smooth = smoothness_bounds(events.att, covariance, pre, m=[0.0, bend], weights=weights, level=level)
        breaks = [breakdown(events.att, covariance, pre, restriction=restriction, weights=weights, level=level)
                  for restriction in ("relative", "smoothness")]  # fmt: skip
    except StudyError:  # of all that is checked only the covariance comes from the data
        yield row._replace(estimate=np.nan, statistic=BREAKDOWN, reason=Reason.SINGULAR_COVARIANCE)
        return
    for ratio, low, high in zip(ratios, relative.low, relative.high, strict=True):
        category = bilingual_label("trend_ratio", ratio=ratio)
        yield _bounded(row, ATT_ROBUST, category, relative.estimate, float(low), float(high))
    for size, low, high in zip((0.0, bend), smooth.low, smooth.high, strict=True):
        category = bilingual_label("bend", size=f"{size:.3g}")
        yield _bounded(row, ATT_SMOOTH, category, smooth.estimate, float(low), float(high))
    for term, value in zip(("relative_to_steps", "bend_a_year"), breaks, strict=True):
        yield row._replace(category=bilingual_label(term), estimate=value, statistic=BREAKDOWN)


def _bounded(row: Estimate, statistic: str, category: str, estimate: float, low: float, high: float) -> Estimate:
    """Make a row of bounds, and say whether they leave the estimate on its side of zero."""
    kept = low > 0 or high < 0
    why = Reason.SIDE_KEPT if kept else Reason.SIDE_LOST
    return row._replace(
        statistic=statistic, category=category, estimate=estimate, low=low, high=high, note=why.note
    )  # fmt: skip


def bound_pairs(
    arrays: PanelArrays,
    match: MatchedUnits | None,
    whole: Estimate,
    anticipation: int,
    gamma: Sequence[float],
    level: float,
) -> Iterator[Estimate]:
    """Yield the worst p-value of the signed-rank test of matched participants, by how far odds within a set differ.

    The difference of a participant is its mean change since the year before entry, and before anything that anticipates
    it, less that of those that serve it.
    """
    row = whole._replace(std_error=np.nan, corrected_error=np.nan, convention="", statistic=ROSENBAUM, note="")
    differences = (
        np.zeros(0) if match is None or match.pairs is None else _differences(arrays, match.pairs, anticipation)
    )
    if not len(differences):
        yield row._replace(estimate=np.nan, reason=Reason.NEEDS_PAIRS)
        return
    side: Literal["greater", "less"] = "greater" if whole.estimate >= 0 else "less"
    bounds = rosenbaum_bounds(differences, list(gamma), alternative=side, level=level)
    for at, size in enumerate(gamma):
        worst = float(min(2 * bounds.p_high[at], 1.0))
        low, high = float(bounds.low[at]), float(bounds.high[at])
        why = Reason.SIDE_KEPT if worst < 1 - level else Reason.SIDE_LOST
        middle = float((bounds.estimate_low[at] + bounds.estimate_high[at]) / 2)
        yield row._replace(
            category=bilingual_label("gamma", size=size), estimate=middle, low=low, high=high, p_value=worst,
            note=why.note,
        )  # fmt: skip


def _differences(arrays: PanelArrays, pairs: np.ndarray, anticipation: int) -> FloatArray:
    """Compute, for each participant with pairs, its mean change since entry less that of those that serve it."""
    place = {int(one): at for at, one in enumerate(arrays.ids)}
    years = np.asarray(arrays.years)
    found: dict[int, list[float]] = {}
    own: dict[int, float] = {}
    for ours, theirs in pairs.tolist():
        if ours not in place or theirs not in place:
            continue
        entry = int(arrays.cohort[place[ours]])
        base = arrays.base_place(entry, anticipation)
        if entry <= NEVER_TREATED or base is None:
            continue
        changes = [
            float(np.mean(row[years >= entry]) - row[base])
            for row in (arrays.outcome[place[ours]], arrays.outcome[place[theirs]])
        ]
        if np.isfinite(changes).all():
            own[ours] = changes[0]
            found.setdefault(ours, []).append(changes[1])
    return np.array([own[one] - np.mean(others) for one, others in found.items()])


def explain_away(arrays: PanelArrays, whole: Estimate, level: float) -> Iterator[Estimate]:
    """Yield the E-value and the robustness value: how strong something unseen must be to explain the effect."""
    row = whole._replace(
        std_error=np.nan, corrected_error=np.nan, dof=np.inf, convention="", low=np.nan, high=np.nan,
        note=Reason.UNSEEN_AS_STRONG.note,
    )  # fmt: skip
    error, spread = whole.corrected_error, _spread_of_change(arrays)
    if not np.isfinite(error) or not spread > 0:
        yield row._replace(statistic=E_VALUE, estimate=np.nan, reason=whole.reason or Reason.NO_VARIANCE, note="")
        return
    value = e_value_of_difference(whole.estimate / spread, error / spread, level=level)
    limit = np.nan if value.limit is None else value.limit
    values = robustness_value(whole.estimate / error, whole.dof, level)
    for statistic, both in ((E_VALUE, (value.estimate, limit)), (ROBUSTNESS_VALUE, values)):
        for term, one in zip(("of_estimate", "of_interval"), both, strict=True):
            yield row._replace(statistic=statistic, category=bilingual_label(term), estimate=float(one))


def _spread_of_change(arrays: PanelArrays) -> float:
    """Compute the standard deviation of the change of others from the first to the last year that they are seen."""
    others = arrays.outcome[arrays.cohort == NEVER_TREATED]
    known = np.isfinite(others)
    several = known.sum(axis=1) > 1
    if several.sum() < 2:
        return np.nan
    rows, last = np.arange(len(others)), others.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
    change = others[rows, last] - others[rows, known.argmax(axis=1)]
    return float(np.std(change[several], ddof=1))


def robustness_value(t: float, dof: float, level: float = 0.95) -> tuple[float, float]:
    r"""Compute how much of what is left of participation and outcome something unseen must explain, of both alike.

    With :math:`f = |t| / \sqrt{\nu}`, :math:`RV = (\sqrt{f^4 + 4 f^2} - f^2) / 2`: until the estimate is zero, and
    until its interval holds zero (f less that of the quantile). Source: Cinelli & Hazlett (2020), Journal of the Royal
    Statistical Society B 82, p. 39-67, section 4.2.
    """
    f = abs(t) / np.sqrt(dof)
    quantile = special.stdtrit(max(dof - 1, 1e-9), 0.5 + level / 2) / np.sqrt(max(dof - 1, 1e-9))
    values = [(np.sqrt(one**4 + 4 * one**2) - one**2) / 2 for one in (f, max(f - quantile, 0.0))]
    return float(values[0]), float(values[1])

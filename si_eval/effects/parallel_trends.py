"""How far the effect still stands when trends were not quite parallel, as estimates of a staggered design."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from si_eval.effects.aggregation import AggregatedEffects
from si_eval.effects.design_result import OVERALL, Estimate
from si_eval.effects.honest import breakdown, relative_magnitude_bounds
from si_eval.effects.small_sample import widening
from si_eval.errors import StudyError
from si_eval.vocabulary import ATT_ROBUST, BREAKDOWN, Reason, bilingual_label

TREND_RATIOS = (0.5, 1.0, 2.0)  # of the largest change of trend after the reference year to the largest before


def bound_effect_since_entry(
    events: AggregatedEffects, years: Sequence[int], anticipation: int, level: float
) -> Iterator[Estimate]:
    """Bound the mean effect since entry; ``events`` have one reference period (base "universal").

    The covariance is the small-sample one, widened as t quantiles are wider than normal ones.

    ``years`` are those of the panel: where one is missing, the cohorts have different reference periods.

    Source: Rambachan & Roth (2023), restriction on relative magnitudes.
    """
    reference = -1 - anticipation
    before = events.parts < reference
    since_entry = events.parts[~before] >= 0
    weights = since_entry / since_entry.sum()
    overall = Estimate(OVERALL, np.nan, n_treated=int(events.n_treated.min()), n_controls=int(events.n_controls.min()))
    gap = has_gap(events, years)
    if gap or not before.any():
        reason = Reason.GAP_AROUND_ENTRY if gap else Reason.TOO_FEW_PRE_PERIODS
        yield overall._replace(statistic=BREAKDOWN, reason=reason)
        return
    pre = int(before.sum())
    covariance = events.corrected_covariance * widening(events.overall_dof, level)
    try:
        bounds = relative_magnitude_bounds(events.att, covariance, pre, m=TREND_RATIOS, weights=weights, level=level)
        breakdown_ratio = breakdown(events.att, covariance, pre, restriction="relative", weights=weights, level=level)
    except StudyError:  # of all that is checked only the covariance comes from the data
        yield overall._replace(statistic=BREAKDOWN, reason=Reason.SINGULAR_COVARIANCE)
        return
    robust = overall._replace(estimate=bounds.estimate, statistic=ATT_ROBUST)
    for ratio, low, high in zip(TREND_RATIOS, bounds.low, bounds.high, strict=True):
        yield robust._replace(category=bilingual_label("trend_ratio", ratio=ratio), low=float(low), high=float(high))
    yield overall._replace(estimate=breakdown_ratio, statistic=BREAKDOWN)


def has_gap(events: AggregatedEffects, years: Sequence[int]) -> bool:
    """Whether a year of the panel, or an event but the reference, is missing between the first and the last."""
    consecutive = len(events.parts) == events.parts[-1] - events.parts[0]  # one place, the reference, has no effect
    return bool(not consecutive or len(years) <= years[-1] - years[0])

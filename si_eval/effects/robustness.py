"""How far the effect still stands when trends were not quite parallel, as findings of a staggered design."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from si_eval.effects.aggregation import average
from si_eval.effects.findings import OVERALL, Finding
from si_eval.effects.group_time import GroupTime
from si_eval.effects.honest import breakdown, relative_magnitude_bounds
from si_eval.errors import StudyError
from si_eval.vocabulary import ATT_ROBUST, BREAKDOWN

RATIOS = (0.5, 1.0, 2.0)  # of the largest change of trend after the reference year to the largest before
GAP = "niet elk jaar rond de toetreding heeft een schatting | not every year around entry has an estimate"
NO_TEST = "minder dan twee jaren voor de deelname | fewer than two years before participation"


def robustness(effects: GroupTime, years: Sequence[int], anticipation: int, level: float) -> Iterator[Finding]:
    """Give bounds of the mean effect since entry; ``effects`` have one reference period (base "universal").

    ``years`` are those of the panel: where one is missing, the cohorts have different reference periods.

    Source: Rambachan & Roth (2023), restriction on relative magnitudes.
    """
    events = average(effects, "event")
    reference = -1 - anticipation
    before = events.parts < reference
    since_entry = events.parts[~before] >= 0
    weights = since_entry / since_entry.sum()
    fewest = Finding(OVERALL, np.nan, participants=int(events.participants.min()), others=int(events.others.min()))
    together = len(events.parts) == events.parts[-1] - events.parts[0]  # one place, the reference, has no effect
    gap = not together or len(years) <= years[-1] - years[0]
    if gap or not before.any():
        yield fewest._replace(statistic=BREAKDOWN, note=GAP if gap else NO_TEST)
        return
    pre = int(before.sum())
    try:
        bounds = relative_magnitude_bounds(events.att, events.covariance, pre, m=RATIOS, weights=weights, level=level)
        last = breakdown(events.att, events.covariance, pre, restriction="relative", weights=weights, level=level)
    except StudyError as error:
        yield fewest._replace(statistic=BREAKDOWN, note=str(error))
        return
    robust = fewest._replace(estimate=bounds.estimate, std_error=bounds.std_error, statistic=ATT_ROBUST)
    for ratio, low, high in zip(RATIOS, bounds.low, bounds.high, strict=True):
        name = f"trendverhouding {ratio:g} | trend ratio {ratio:g}"
        yield robust._replace(category=name, low=float(low), high=float(high))
    yield fewest._replace(estimate=last, statistic=BREAKDOWN)

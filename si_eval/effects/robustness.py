"""How far the effect still stands when trends were not quite parallel, as findings of a staggered design."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from si_eval.effects.aggregation import average
from si_eval.effects.findings import Finding
from si_eval.effects.group_time import GroupTime
from si_eval.effects.honest import breakdown, relative_magnitude_bounds
from si_eval.errors import StudyError
from si_eval.vocabulary import ATT_ROBUST, BREAKDOWN

RATIOS = (0.5, 1.0, 2.0)  # of the largest change of trend after entry to the largest before: those of the paper's examples
PARTING = "trends wijken tot {ratio:g} maal de grootste afwijking van voor de deelname | trends part by up to {ratio:g} times the worst before"
NO_TEST = "minder dan twee jaren voor de deelname | fewer than two years before participation"


def robustness(effects: GroupTime, level: float) -> Iterator[Finding]:
    """Give bounds of the mean effect since entry; ``effects`` have one reference period (base "universal").

    Source: Rambachan & Roth (2023), restriction on relative magnitudes.
    """
    events = average(effects, "event")
    before, after = events.parts < 0, events.parts >= 0
    units = {"participants": int(events.participants.min()), "others": int(events.others.min())}
    if not before.any():
        yield Finding("event", np.nan, statistic=BREAKDOWN, note=NO_TEST)
        return
    ratios = np.array(RATIOS)
    pre = int(before.sum())
    try:
        bounds = relative_magnitude_bounds(events.att, events.covariance, pre, m=ratios, level=level)
        last = breakdown(events.att, events.covariance, pre, restriction="relative", level=level)
    except StudyError as error:
        yield Finding("event", np.nan, statistic=BREAKDOWN, note=str(error))
        return
    for ratio, low, high in zip(ratios, bounds.low, bounds.high, strict=True):
        yield Finding(
            f"trend ratio {ratio:g}", bounds.estimate, bounds.std_error, statistic=ATT_ROBUST, low=float(low),
            high=float(high), note=PARTING.format(ratio=ratio), **units,
        )  # fmt: skip
    yield Finding("event", last, statistic=BREAKDOWN, **units)

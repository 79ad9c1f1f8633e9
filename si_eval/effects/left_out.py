"""Units that are in no comparison by year of entry, by the first reason that holds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from si_eval.effects.panel_arrays import NEVER_TREATED
from si_eval.stats import BoolArray, IntArray
from si_eval.vocabulary import Reason


def units_left_out(
    observed: BoolArray, cohort: IntArray, calendar: IntArray, anticipation: int, controls: str, balanced: bool = False
) -> dict[Reason, BoolArray]:
    """Mark the units that are in no cell, by the first reason that holds."""
    treated = (cohort != NEVER_TREATED) & (cohort <= calendar[-1])
    seen_before = np.any(observed & (calendar < (cohort - anticipation)[:, None]), axis=1)
    reasons = {
        Reason.TREATED_FROM_START: (cohort != NEVER_TREATED) & (cohort <= calendar[0] + anticipation),
        Reason.TREATED_AFTER_END: (cohort > calendar[-1]) & (controls == "never"),
        Reason.NOT_SEEN_BEFORE_ENTRY: treated & observed.any(axis=1) & ~seen_before,
        Reason.FEWER_THAN_TWO_YEARS: observed.sum(axis=1) < 2,
        Reason.NOT_EVERY_YEAR: ~observed.all(axis=1) & balanced,
    }
    remaining = np.ones(len(cohort), dtype=bool)
    for reason, holds in reasons.items():
        reasons[reason] = remaining & holds
        remaining &= ~holds
    return reasons


def count_left_out(reasons: Mapping[Reason, BoolArray], of: BoolArray) -> dict[Reason, int]:
    """Count the units of a group that are left out, by reason; reasons without units are not listed."""
    return {reason: int((out & of).sum()) for reason, out in reasons.items() if np.any(out & of)}

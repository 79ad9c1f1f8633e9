"""The effect on the treated that matching or weighting gives, and why a part of it is missing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from si_eval.effects.validation import is_rounding
from si_eval.stats import FloatArray
from si_eval.vocabulary import Reason

MIN_UNITS = 2  # of a side: one has no variance


class Effect(NamedTuple):
    """The effect on the treated, with the number of units on both sides that it rests on.

    ``reason`` is why there is no estimate, or no standard error.
    """

    estimate: float
    std_error: float
    n_treated: int
    n_controls: int

    @property
    def reason(self) -> Reason | None:
        """Why there is no estimate, or no standard error; None where both are there."""
        if np.isnan(self.estimate):
            return Reason.NO_TREATED_LEFT
        if not np.isnan(self.std_error):
            return None
        return Reason.FEWER_THAN_TWO_UNITS if min(self.n_treated, self.n_controls) < 2 else Reason.NO_VARIANCE


def effect_of(estimate: float, std_error: float, n_treated: int, n_controls: int, outcome_change: FloatArray) -> Effect:
    """Make an effect; outcomes that vary by rounding alone have no standard error, and zero is zero."""
    scale = float(np.abs(outcome_change).max(initial=0.0))
    if not is_rounding(std_error * np.sqrt(len(outcome_change)), scale):
        return Effect(estimate, std_error, n_treated, n_controls)
    return Effect(0.0 if is_rounding(abs(estimate), scale) else estimate, np.nan, n_treated, n_controls)

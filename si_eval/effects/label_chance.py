"""How often a study of some size earns the label, by drawing firms."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg

from si_eval.effects.aggregation import aggregate_effects
from si_eval.effects.event_window import choose_window
from si_eval.effects.group_time import group_time_effects
from si_eval.effects.label import judge
from si_eval.stats import FloatArray, IntArray
from si_eval.vocabulary import Reason

MOST_OTHERS = 1_500  # drawn: more of them change an error by less than the participants' share of it


class Plan(NamedTuple):
    """A study: its firms, its years around the first and the last entry, and how outcomes vary within a firm."""

    participants: int
    others: int
    years_before: int
    years_after: int
    cohorts: int
    sd: float
    correlation: FloatArray

    @property
    def years(self) -> int:
        """Number of years: entries are in successive years."""
        return self.years_before + self.cohorts - 1 + self.years_after


class Chances(NamedTuple):
    """Shares of draws: labelled an effect, or none larger than declared."""

    effect: float
    none_larger: float


def draw_labels(plan: Plan, effect: float, smallest_effect: float | None, draws: int, seed: int) -> Chances:
    """Draw studies with this effect from entry on and parallel trends, and count the labels that they earn."""
    generator = np.random.default_rng(seed)
    others = min(plan.others, MOST_OTHERS)
    cohort = np.zeros(plan.participants + others, dtype=np.int64)
    entries = plan.years_before + 1 + np.arange(plan.cohorts)
    cohort[: plan.participants] = np.resize(entries, plan.participants)
    years = np.arange(1, plan.years + 1)
    root = linalg.cholesky(plan.correlation, lower=True) * plan.sd
    since = (cohort > 0)[:, None] & (years >= cohort[:, None])
    found = [
        _label(generator.standard_normal((len(cohort), plan.years)) @ root.T + effect * since, cohort, years,
               smallest_effect)
        for _ in range(draws)
    ]  # fmt: skip
    return Chances(
        float(np.mean([why == Reason.EFFECT_STANDS for why in found])),
        float(np.mean([why == Reason.NO_LARGER_EFFECT for why in found])),
    )


def _label(outcome: FloatArray, cohort: IntArray, years: IntArray, smallest_effect: float | None) -> Reason:
    """Return why a study has the label that it has."""
    effects = group_time_effects(outcome, cohort, years.tolist(), base="universal", min_units=1)
    events = aggregate_effects(effects, "event")
    window = choose_window(events, int((cohort > 0).sum()), 0, gap=False)
    return judge(window, smallest_effect).reason

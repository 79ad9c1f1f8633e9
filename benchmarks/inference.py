"""Coverage of intervals of effects, size of the test before entry, and how often a study is called an effect.

Simulated firms with persistent shocks (autocorrelation 0.6), one cohort or five; run with the number of draws:

    python benchmarks/inference.py 2000

What it printed stands in docs/methods/label.md and docs/methods/group-time-effects.md.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from si_eval.effects.aggregation import aggregate_effects, simultaneous_critical_value
from si_eval.effects.event_window import choose_window
from si_eval.effects.group_time import group_time_effects
from si_eval.effects.label import judge
from si_eval.effects.long_difference import estimate_long_difference
from si_eval.effects.panel_arrays import PanelArrays
from si_eval.effects.pre_trends import hotelling_test
from si_eval.stats import student_interval

YEARS = tuple(range(2012, 2020))
PERSISTENCE, YEAR_SD, FIRM_SD = 0.6, 0.2, 0.5  # of log revenue: as in `si_eval.simulate_firms`
SHOCK_SD = YEAR_SD * np.sqrt(1 - PERSISTENCE**2)
LEVEL, PLANTED, MIN_UNITS = 0.95, 0.1, 10
EFFECT, NO_LARGER = "effect_stands", "no_larger_effect"
COHORTS = {"one cohort": (2016,), "three cohorts": (2015, 2016, 2017), "five cohorts": (2015, 2016, 2017, 2018, 2019)}


class Truth(NamedTuple):
    """What holds in the simulated world: effect, trend of participants a year, a dip in the year before entry."""

    effect: float = 0.0
    trend: float = 0.0
    dip: float = 0.0
    late_trend: float = 0.0
    shock: float = 0.0


def simulate(
    rng: np.random.Generator, cohorts: dict[int, int], controls: int, truth: Truth, holding: int = 1, icc: float = 0.0
) -> PanelArrays:
    """Draw firms by year; firms of a holding (of one side each) share ``icc`` of the variance of their shocks."""
    cohort = np.concatenate([np.zeros(controls, int), *(np.full(n, g) for g, n in cohorts.items())])
    n = len(cohort)
    cluster = np.cumsum(np.r_[True, (cohort[1:] != cohort[:-1])])  # holdings do not cross cohorts
    position = np.concatenate([np.arange(size) for size in np.bincount(cluster)[1:]])
    cluster = np.unique(cluster * n + position // holding, return_inverse=True)[1]
    shocks = np.sqrt(icc) * rng.normal(size=(cluster.max() + 1, len(YEARS)))[cluster]
    shocks = SHOCK_SD * (shocks + np.sqrt(1 - icc) * rng.normal(size=(n, len(YEARS))))
    noise = np.zeros_like(shocks)
    noise[:, 0] = shocks[:, 0] / np.sqrt(1 - PERSISTENCE**2)
    for t in range(1, len(YEARS)):
        noise[:, t] = PERSISTENCE * noise[:, t - 1] + shocks[:, t]
    since = np.where(cohort[:, None] > 0, np.array(YEARS) - cohort[:, None], -99)
    part = (cohort > 0)[:, None]
    outcome = FIRM_SD * rng.normal(size=(n, 1)) + noise + truth.effect * (since >= 0)
    outcome += part * truth.trend * (np.array(YEARS) - YEARS[0])
    outcome += truth.shock * (since >= 0) + truth.dip * (since == -1)
    outcome += truth.late_trend * np.where(since >= -1, since + 2, 0)
    return PanelArrays(np.arange(n), outcome, cohort, YEARS, cluster if holding > 1 else None, {}, {})


def covers(estimate: float, error: float, dof: float) -> bool:
    """Whether the interval holds what was planted."""
    found = student_interval(*(np.array([value]) for value in (estimate, error, dof)), LEVEL)
    return bool(found.low[0] <= PLANTED <= found.high[0])


def staggered(arrays: PanelArrays, seed: int) -> dict[str, bool]:
    """Tell what the intervals of the overall effect, one event and all events at once hold; does the test refuse."""
    options = {"cluster": arrays.cluster, "base": "universal"}
    effects = group_time_effects(arrays.outcome, arrays.cohort, arrays.years, **options)
    events, overall = aggregate_effects(effects, "event"), aggregate_effects(effects, "cohort")
    covariance = events.corrected_covariance
    at = int(np.flatnonzero(events.parts == 0)[0])
    wide = simultaneous_critical_value(covariance, LEVEL, seed, 4_000, float(events.dof.min()))
    true = np.where(events.parts >= 0, PLANTED, 0.0)
    together = np.abs(events.att - true) <= wide * np.sqrt(np.diag(covariance))
    window = choose_window(events, int((arrays.cohort > 0).sum()), 0, gap=False)
    return {
        "overall": covers(overall.overall, overall.overall_corrected_std_error, overall.overall_dof),
        "event 0": covers(float(events.att[at]), float(np.sqrt(covariance[at, at])), float(events.dof[at])),
        "all events": bool(together.all()),
        "test refuses": hotelling_test(window).p_value < 1 - LEVEL,
    }


def long_difference(arrays: PanelArrays) -> dict[str, bool]:
    """Tell whether the interval of the change between the first and the last year holds the effect."""
    found = estimate_long_difference(arrays, ["unadjusted"], 2).estimates[0]
    return {"long difference": covers(found.estimate, found.std_error, found.dof)}


def label(arrays: PanelArrays) -> str:
    """Tell why the study is called what it is, with 0.05 as the smallest effect that matters."""
    effects = group_time_effects(
        arrays.outcome, arrays.cohort, arrays.years, cluster=arrays.cluster, base="universal", min_units=MIN_UNITS
    )
    window = choose_window(aggregate_effects(effects, "event"), int((arrays.cohort > 0).sum()), 0, gap=False)
    return str(judge(window, 0.05).reason)


COVERAGE: Sequence[tuple[str, dict[int, int], int, int, float]] = (
    ("10 treated", {2016: 10}, 200, 1, 0.0),
    ("15 treated", {2016: 15}, 200, 1, 0.0),
    ("3 cohorts of 10", {2015: 10, 2016: 10, 2017: 10}, 200, 1, 0.0),
    ("100 in 3 cohorts", {2015: 34, 2016: 33, 2017: 33}, 600, 1, 0.0),
    ("10 holdings of 3, ICC .5", {2016: 30}, 300, 3, 0.5),
    ("20 holdings of 3, ICC .5", {2016: 60}, 300, 3, 0.5),
    ("10 holdings of 5, ICC .7", {2016: 50}, 500, 5, 0.7),
    ("3 cohorts of 8 holdings of 5, ICC .7", {2015: 40, 2016: 40, 2017: 40}, 500, 5, 0.7),
)
TRUTHS = {
    "sound, no effect": Truth(),
    "sound, effect .05": Truth(effect=0.05),
    "sound, effect .10": Truth(effect=0.10),
    "sound, effect .20": Truth(effect=0.20),
    "trend .03 a year, no effect": Truth(trend=0.03),
    "trend .10 a year, no effect": Truth(trend=0.10),
    "dip .10 the year before, no effect": Truth(dip=-0.10),
    "trend .03 that starts the year before": Truth(late_trend=0.03),
    "shock .10 at entry": Truth(shock=0.10),
}


def print_coverage(draws: int) -> None:
    """Print how often intervals hold what was planted and the test refuses, by design."""
    for name, cohorts, controls, holding, icc in COVERAGE:
        found = []
        for draw in range(draws):
            rng = np.random.default_rng([20, draw])
            arrays = simulate(rng, cohorts, controls, Truth(effect=PLANTED), holding, icc)
            found.append(staggered(arrays, draw) | (long_difference(arrays) if len(cohorts) == 1 else {}))
        shares = "  ".join(f"{key} {np.mean([each[key] for each in found]):.3f}" for key in found[0])
        print(f"{name:38s} {shares}", flush=True)


def print_labels(draws: int) -> None:
    """Print how often a study is called an effect, and how often an effect of 0.05 is ruled out."""
    for size, (name, cohorts) in product((30, 60, 200, 1000), COHORTS.items()):
        firms = {first: size // len(cohorts) for first in cohorts}
        if min(firms.values()) < MIN_UNITS:
            continue
        for what, truth in TRUTHS.items():
            reasons = [label(simulate(np.random.default_rng([21, draw]), firms, 1_500, truth)) for draw in range(draws)]
            effect, none = (np.mean([reason == one for reason in reasons]) for one in (EFFECT, NO_LARGER))
            print(f"{size:5d} {name:13s} {what:36s} effect {effect:.3f}  none larger than .05 {none:.3f}", flush=True)


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    print_coverage(number)
    print_labels(number // 2)

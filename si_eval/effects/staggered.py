"""Staggered entry: effects by cohort and year, their averages, and what speaks for or against them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from si_eval.effects.aggregation import (
    AggregatedEffects,
    WaldTest,
    aggregate_effects,
    pre_trend_test,
    simultaneous_critical_value,
)
from si_eval.effects.design_result import OVERALL, DesignResult, Estimate
from si_eval.effects.group_time import Controls, GroupTimeEffects, group_time_effects, units_left_out
from si_eval.effects.panel_arrays import NEVER_TREATED, UNKNOWN_ENTRY, PanelArrays
from si_eval.effects.parallel_trends import bound_effect_since_entry
from si_eval.effects.power import detectable_effect
from si_eval.effects.sides import placed, placed_sides
from si_eval.effects.two_by_two import Method
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.vocabulary import ATT_SIMULTANEOUS, MDE, PRE_TREND, Reason

POWER = 0.8


def estimate_staggered(
    arrays: PanelArrays,
    *,
    method: Method,
    controls: Controls,
    anticipation: int,
    clusters: IntArray | None,
    min_units: int,
    level: float,
    seed: int,
) -> DesignResult:
    """Estimate effects by cohort and year; participants whose entry is not known are left out and counted."""
    known = arrays.cohort != UNKNOWN_ENTRY
    first, last = arrays.years[0], arrays.years[-1]
    cohorts = np.unique(arrays.cohort[known & (arrays.cohort != NEVER_TREATED)])
    left_out = {Reason.ENTRY_YEAR_UNKNOWN: ~known}
    reason = None
    if not len(cohorts):
        reason = Reason.NO_ENTRY_YEAR_KNOWN if np.any(~known) else Reason.NO_GROUP
    elif not np.any((cohorts > first + anticipation) & (cohorts <= last)):
        reason = Reason.NO_ENTRY_AFTER_START
    elif controls == "never" and not np.any(arrays.cohort == NEVER_TREATED):
        reason = Reason.NO_NEVER_TREATED
    else:
        observed, calendar = ~np.isnan(arrays.outcome[known]), np.asarray(arrays.years)
        units = units_left_out(observed, arrays.cohort[known], calendar, anticipation, controls)
        takes_part = arrays.cohort[known] != NEVER_TREATED
        left_out |= {why: placed(out & takes_part, known) for why, out in units.items()}
        kept = ~np.any(list(units.values()), axis=0) & takes_part
        if not np.any(kept & (arrays.cohort[known] <= last)):
            reason = Reason.NO_TREATED_LEFT
    if reason:
        return DesignResult([Estimate(OVERALL, np.nan, reason=reason)], _nonzero(left_out))
    estimate_effects = partial(
        group_time_effects,
        arrays.outcome[known],
        arrays.cohort[known],
        arrays.years,
        controls=controls,
        method=method,
        covariates=partial(_design, arrays, known) if arrays.covariates else None,
        anticipation=anticipation,
        cluster=None if clusters is None else clusters[known],
        min_units=min_units,
    )
    effects = estimate_effects()
    since_entry = effects.period >= effects.cohort
    if np.isnan(effects.att[since_entry]).all():
        return DesignResult([Estimate(OVERALL, np.nan, reason=_why_none(effects, since_entry))], _nonzero(left_out))
    test = pre_trend_test(effects)
    averages = [_explained(estimate, effects) for estimate in _aggregated(effects, level, seed, arrays.shift)]
    estimates = [*averages, *_cells(effects, arrays.shift), _pre_trend(effects, test)]
    estimates += bound_effect_since_entry(estimate_effects(base="universal"), arrays.years, anticipation, level)
    shift = arrays.shift
    estimates = [
        estimate._replace(
            sides=None if estimate.sides is None else placed_sides(estimate.sides, known),
            comparisons=tuple((g - shift, t - shift, base - shift) for g, t, base in estimate.comparisons),
        )
        for estimate in estimates
    ]
    return DesignResult(estimates, _nonzero(left_out), test.p_value)


def _why_none(effects: GroupTimeEffects, since_entry: BoolArray) -> Reason:
    """Return the reason that all effects since entry have, or that every cohort is too small."""
    reasons = {reason for reason, chosen in zip(effects.reason, since_entry, strict=True) if chosen and reason}
    only = reasons.pop() if len(reasons) == 1 else Reason.TOO_FEW_UNITS
    return Reason.TOO_FEW_IN_EVERY_COHORT if only == Reason.TOO_FEW_UNITS else only


def _design(arrays: PanelArrays, known: BoolArray, place: int) -> FloatArray | None:
    """Build the covariates of the units whose entry is known, for the year at a place."""
    return arrays.design(place, known)


def _aggregated(effects: GroupTimeEffects, level: float, seed: int, shift: int) -> Iterator[Estimate]:
    """Yield the overall effect, those by cohort and by years since entry, and what could have been found."""
    by_cohort, by_event = aggregate_effects(effects, "cohort"), aggregate_effects(effects, "event")
    sides, comparisons = effects.units(by_cohort.overall_cells)
    overall = Estimate(
        OVERALL,
        by_cohort.overall,
        by_cohort.overall_std_error,
        int(by_cohort.n_treated.min()),
        int(by_cohort.n_controls.min()),
        sides=sides,
        comparisons=comparisons,
    )
    yield overall
    yield from _part_estimates("cohort {}", effects, by_cohort, shift)
    yield from _part_estimates("{:+d}", effects, by_event)
    critical_value = simultaneous_critical_value(by_event.covariance, level, seed)
    for estimate in _part_estimates("{:+d}", effects, by_event):
        margin = critical_value * estimate.std_error
        yield estimate._replace(
            statistic=ATT_SIMULTANEOUS, low=estimate.estimate - margin, high=estimate.estimate + margin
        )
    std_error = by_cohort.overall_std_error
    detectable = np.nan if np.isnan(std_error) else detectable_effect(std_error, power=POWER, level=level)
    yield overall._replace(estimate=detectable, std_error=np.nan, statistic=MDE)


def _explained(estimate: Estimate, effects: GroupTimeEffects) -> Estimate:
    """Add why an average has no standard error: the first reason of an effect that is estimated without one."""
    if not np.isnan(estimate.estimate if estimate.statistic == MDE else estimate.std_error):
        return estimate
    reasons = [reason for att, reason in zip(effects.att, effects.reason, strict=True) if reason and np.isfinite(att)]
    return estimate._replace(reason=reasons[0] if reasons else None)


def _part_estimates(
    name: str, effects: GroupTimeEffects, averages: AggregatedEffects, shift: int = 0
) -> Iterator[Estimate]:
    """Yield the average of each part: a cohort (moved by ``shift`` years), or a number of years since entry."""
    for place, part in enumerate(averages.parts):
        sides, comparisons = effects.units(averages.cells[place])
        yield Estimate(
            name.format(int(part) - shift),
            float(averages.att[place]),
            float(averages.std_error[place]),
            int(averages.n_treated[place]),
            int(averages.n_controls[place]),
            sides=sides,
            comparisons=comparisons,
        )


def _cells(effects: GroupTimeEffects, shift: int) -> Iterator[Estimate]:
    """Yield the effect of each cohort in each year, or why there is none."""
    for place, (first, period) in enumerate(zip(effects.cohort, effects.period, strict=True)):
        sides, comparisons = effects.units(np.array([place]))
        yield Estimate(
            f"cohort {first - shift}",
            float(effects.att[place]),
            float(effects.std_error[place]),
            int(effects.n_treated[place]),
            int(effects.n_controls[place]),
            year=int(period) - shift,
            reason=effects.reason[place],
            sides=sides,
            comparisons=comparisons,
        )


def _pre_trend(effects: GroupTimeEffects, test: WaldTest) -> Estimate:
    """Return the test of the trend before, with the fewest units that an effect before entry rests on."""
    used = effects.before & ~np.isnan(effects.att)
    fewest = [int(units[used].min()) if used.any() else 0 for units in (effects.n_treated, effects.n_controls)]
    sides, comparisons = effects.units(np.flatnonzero(used))
    return Estimate(OVERALL, test.statistic, statistic=PRE_TREND, n_treated=fewest[0], n_controls=fewest[1],
                   p_value=test.p_value, reason=test.reason, sides=sides, comparisons=comparisons)  # fmt: skip


def _nonzero(left_out: dict[Reason, BoolArray]) -> dict[Reason, BoolArray]:
    """Leave out the reasons that hold for no unit."""
    return {reason: units for reason, units in left_out.items() if units.any()}

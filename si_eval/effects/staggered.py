"""Staggered entry: effects by cohort and year, their averages, and what speaks for or against them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import cast

import numpy as np

from si_eval.effects.aggregation import AggregatedEffects, Kind, aggregate_effects, draw_largest, pre_trend_test
from si_eval.effects.design_result import (
    BY_CLUSTER,
    BY_UNIT,
    CR2,
    MARYLAND_COMPARED,
    NORMAL,
    OVERALL,
    WELCH_SATTERTHWAITE,
    Counted,
    DesignResult,
    Estimate,
    with_note,
)
from si_eval.effects.effect_rows import EffectRows
from si_eval.effects.event_window import EventWindow, choose_window
from si_eval.effects.group_time import Base, Controls, GroupTimeEffects, group_time_effects
from si_eval.effects.label import judge
from si_eval.effects.left_out import units_left_out
from si_eval.effects.panel_arrays import NEVER_TREATED, UNKNOWN_ENTRY, PanelArrays
from si_eval.effects.parallel_trends import bound_effect_since_entry
from si_eval.effects.power import detectable_effect
from si_eval.effects.propensity import FittedLogits
from si_eval.effects.sides import placed, placed_sides
from si_eval.effects.start_levels import cohorts_lay_apart
from si_eval.effects.two_by_two import Method
from si_eval.effects.unit_counts import count_units
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.vocabulary import ALL, ATT, ATT_SIMULTANEOUS, MDE, PRE_TREND_WALD, Reason, bilingual_label

POWER = 0.8
FURTHER = ("simple", "period", "event")  # categories of averages over all cells, years, or years since entry
MIN_TOGETHER = 2  # events that bounds can hold for at once; one has its own


def estimate_staggered(
    arrays: PanelArrays,
    *,
    method: Method,
    controls: Controls,
    anticipation: int,
    min_units: int,
    level: float,
    smallest_effect: float | None,
    seed: int,
    rows: EffectRows,
    entry_assumed: bool = False,
) -> DesignResult:
    """Estimate effects by cohort and year; participants whose entry is not known are left out and counted.

    Where it is assumed (``entry_assumed``) no label is given: it is about years of entry that are known.
    """
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
        return DesignResult([Estimate(OVERALL, np.nan, reason=reason)], reason, _nonzero(left_out))
    estimate_effects = partial(
        group_time_of,
        arrays,
        method=method,
        controls=controls,
        anticipation=anticipation,
        min_units=min_units,
        fits=FittedLogits(),
    )
    effects = estimate_effects()
    left_out |= {why: placed(units, known) for why, units in effects.uncovered.items()}
    since_entry = effects.period >= effects.cohort
    if np.isnan(effects.att[since_entry]).all():
        reason = _why_none(effects, since_entry)
        return DesignResult([Estimate(OVERALL, np.nan, reason=reason)], reason, _nonzero(left_out))
    one_base = estimate_effects(base="universal")
    events = aggregate_effects(one_base, "event")
    convention, corrected = (BY_UNIT, WELCH_SATTERTHWAITE) if arrays.cluster is None else (BY_CLUSTER, CR2)
    shift = arrays.shift
    shown = _shown_events(one_base, events, rows)
    averages = [
        _explained(estimate, effects)
        for estimate in (
            *_aggregated(effects, one_base, shown, anticipation, level, seed, shift),
            *_further(one_base, shown, rows, shift),
        )
    ]
    if cohorts_lay_apart(arrays, anticipation):
        averages[0] = averages[0]._replace(note=Reason.UNLIKE_BEFORE.note)
    window = _window(one_base, events, arrays.years, anticipation)
    verdict = judge(window, smallest_effect)
    if entry_assumed:
        verdict = verdict._replace(evidence="association", maryland=MARYLAND_COMPARED, reason=Reason.ENTRY_ASSUMED)
        averages[0] = with_note(averages[0], Reason.ENTRY_ASSUMED)
    judged = _rest_on(verdict.estimates, one_base, window.cells)
    bounds = _rest_on(bound_effect_since_entry(events, arrays.years, anticipation, level), one_base, _all(events))
    estimates = [
        estimate._replace(
            convention=""
            if np.isnan(estimate.std_error)
            else corrected
            if np.isnan(estimate.corrected_error)
            else convention,
            sides=None if estimate.sides is None else placed_sides(estimate.sides, known),
            comparisons=tuple((g - shift, t - shift, base - shift) for g, t, base in estimate.comparisons),
        )
        for estimate in (*averages, *_cells(effects, shift), *judged, _wald(effects), *bounds)
        if _is_asked(estimate, rows.kinds)
    ]
    counted: list[Counted] = []
    if "units" in rows.kinds:
        counted += count_units(arrays, known, one_base, partial(_weights, arrays, known, anticipation))
    return DesignResult(estimates, verdict.reason, _nonzero(left_out), verdict.evidence, counted)


def group_time_of(
    arrays: PanelArrays,
    *,
    method: Method,
    controls: Controls,
    anticipation: int,
    min_units: int,
    base: Base = "varying",
    fits: FittedLogits | None = None,
) -> GroupTimeEffects:
    """Estimate the effects by cohort and year of the units whose entry is known; ``fits`` are those of another base."""
    known = arrays.cohort != UNKNOWN_ENTRY
    return group_time_effects(
        arrays.outcome[known],
        arrays.cohort[known],
        arrays.years,
        controls=controls,
        method=method,
        covariates=partial(_design, arrays, known) if arrays.covariates else None,
        anticipation=anticipation,
        base=base,
        cluster=None if arrays.cluster is None else arrays.cluster[known],
        weights=partial(_weights, arrays, known, anticipation) if arrays.has_weights else None,
        min_units=min_units,
        fits=fits,
    )


def _is_asked(estimate: Estimate, kinds: Sequence[str]) -> bool:
    """Whether an estimate is among the averages that are asked for; what else a design tells is always there."""
    if estimate.statistic not in (ATT, ATT_SIMULTANEOUS):
        return True
    if estimate.category in (OVERALL, *FURTHER):
        return estimate.category != OVERALL or "overall" in kinds
    if estimate.category.startswith("cohort "):
        return ("cells" if estimate.year != ALL else "cohort") in kinds
    return estimate.category[0] not in "+-" or "event" in kinds


def _shown_events(effects: GroupTimeEffects, events: AggregatedEffects, rows: EffectRows) -> AggregatedEffects:
    """Return the averages by years since entry that are shown: all, or those in a window or of the same cohorts."""
    if rows.window is None and rows.balance is None:
        return events
    first, last = rows.window or (None, None)
    return aggregate_effects(effects, "event", balance_event=rows.balance, min_event=first, max_event=last)


def _further(effects: GroupTimeEffects, events: AggregatedEffects, rows: EffectRows, shift: int) -> Iterator[Estimate]:
    """Yield the averages that are asked for by name: over all cells, over years since entry, and by year."""
    kinds = [("simple", "simple")] if "simple" in rows.kinds else []
    kinds += [("period", "period")] if "period" in rows.kinds else []
    for name, kind in kinds:
        averages = aggregate_effects(effects, cast(Kind, kind))
        yield overall_of(name, effects, averages)
        if kind == "period":
            yield from _part_estimates(bilingual_label("in_year"), effects, averages, shift)
    if "event" in rows.kinds and (rows.window is not None or rows.balance is not None or len(kinds)):
        yield overall_of("event", effects, events)


def overall_of(name: str, effects: GroupTimeEffects, averages: AggregatedEffects) -> Estimate:
    """Return the overall average of a way of averaging."""
    sides, comparisons = effects.units(averages.overall_cells)
    return Estimate(
        name,
        averages.overall,
        averages.overall_std_error,
        int(averages.n_treated.min()),
        int(averages.n_controls.min()),
        dof=averages.overall_dof,
        corrected_error=averages.overall_corrected_std_error,
        sides=sides,
        comparisons=comparisons,
    )


def _window(
    effects: GroupTimeEffects, events: AggregatedEffects, years: Sequence[int], anticipation: int
) -> EventWindow:
    """Choose the years that the label is judged on."""
    known = np.isfinite(effects.att)
    participants = sum(int(effects.n_treated[known & (effects.cohort == g)].max(initial=0)) for g in effects.cohorts)
    return choose_window(events, participants, anticipation, gap=len(years) <= years[-1] - years[0])


def _rest_on(estimates: Iterable[Estimate], effects: GroupTimeEffects, cells: IntArray) -> list[Estimate]:
    """Add to estimates the units of the effects that they rest on."""
    sides, comparisons = effects.units(cells)
    return [estimate._replace(sides=sides, comparisons=comparisons) for estimate in estimates]


def _all(events: AggregatedEffects) -> IntArray:
    """List the effects in any average."""
    return np.concatenate(events.cells)


def _why_none(effects: GroupTimeEffects, since_entry: BoolArray) -> Reason:
    """Return the reason that all effects since entry have, or that every cohort is too small."""
    reasons = {reason for reason, chosen in zip(effects.reason, since_entry, strict=True) if chosen and reason}
    only = reasons.pop() if len(reasons) == 1 else Reason.TOO_FEW_UNITS
    return Reason.TOO_FEW_IN_EVERY_COHORT if only == Reason.TOO_FEW_UNITS else only


def _design(arrays: PanelArrays, known: BoolArray, place: int) -> FloatArray | None:
    """Build the covariates of the units whose entry is known, for the year at a place."""
    return arrays.design(place, known)


def _weights(arrays: PanelArrays, known: BoolArray, anticipation: int, cohort: int) -> FloatArray:
    """Return what the units whose entry is known count for in comparisons of a cohort, by its base year."""
    return arrays.weights_of(cohort, arrays.base_place(cohort, anticipation) or 0, known)


def _aggregated(
    effects: GroupTimeEffects,
    one_base: GroupTimeEffects,
    events: AggregatedEffects,
    anticipation: int,
    level: float,
    seed: int,
    shift: int,
) -> Iterator[Estimate]:
    """Yield the overall effect, those by cohort and by years since entry, and what could have been found."""
    by_cohort = aggregate_effects(effects, "cohort")
    overall = overall_of(OVERALL, effects, by_cohort)
    yield overall
    yield from _part_estimates("cohort {}", effects, by_cohort, shift)
    by_event = list(_part_estimates("{:+d}", one_base, events))
    yield from _with_reference(by_event, anticipation)
    yield from _with_reference(_simultaneous(by_event, events, level, seed), anticipation)
    std_error = by_cohort.overall_std_error
    detectable = np.nan if np.isnan(std_error) else detectable_effect(std_error, power=POWER, level=level)
    yield overall._replace(estimate=detectable, std_error=np.nan, corrected_error=np.nan, dof=NORMAL, statistic=MDE)


def _simultaneous(
    by_event: Sequence[Estimate], events: AggregatedEffects, level: float, seed: int
) -> Iterator[Estimate]:
    """Yield events with bounds that hold for all of them at once, and p-values that allow for their number."""
    covariance = events.corrected_covariance
    known = np.diag(covariance) > 0
    if known.sum() < MIN_TOGETHER:
        yield from (estimate._replace(statistic=ATT_SIMULTANEOUS) for estimate in by_event)
        return
    fewest = min((estimate.dof for estimate in by_event if np.isfinite(estimate.dof)), default=NORMAL)
    largest = draw_largest(covariance[np.ix_(known, known)], fewest, seed)
    for estimate in by_event:
        margin = largest.quantile(level) * estimate.corrected_error
        yield estimate._replace(
            statistic=ATT_SIMULTANEOUS,
            low=estimate.estimate - margin,
            high=estimate.estimate + margin,
            p_value=largest.p_value(estimate.estimate / estimate.corrected_error),
        )


def _with_reference(events: Iterable[Estimate], anticipation: int) -> Iterator[Estimate]:
    """Put the reference year, from which all changes are counted, in its place: zero, without error."""
    waiting = True
    for estimate in events:
        if waiting and int(estimate.category) > -1 - anticipation:
            waiting = False
            yield estimate._replace(
                category=f"{-1 - anticipation:+d}", estimate=0.0, std_error=np.nan, corrected_error=np.nan,
                low=np.nan, high=np.nan, p_value=np.nan, dof=NORMAL, note=Reason.REFERENCE_YEAR.note,
            )  # fmt: skip
        yield estimate


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
    errors = np.sqrt(np.diag(averages.corrected_covariance))
    dof = averages.dof
    for place, part in enumerate(averages.parts):
        sides, comparisons = effects.units(averages.cells[place])
        yield Estimate(
            name.format(int(part) - shift),
            float(averages.att[place]),
            float(averages.std_error[place]),
            int(averages.n_treated[place]),
            int(averages.n_controls[place]),
            dof=float(dof[place]),
            sides=sides,
            comparisons=comparisons,
            corrected_error=float(errors[place]),
        )


def _cells(effects: GroupTimeEffects, shift: int) -> Iterator[Estimate]:
    """Yield the effect of each cohort in each year, or why there is none."""
    small, own = effects.small_sample, np.eye(len(effects.small_sample.covariance))
    for place, (first, period) in enumerate(zip(effects.cohort, effects.period, strict=True)):
        sides, comparisons = effects.units(np.array([place]))
        yield Estimate(
            f"cohort {first - shift}",
            float(effects.att[place]),
            float(effects.std_error[place]),
            int(effects.n_treated[place]),
            int(effects.n_controls[place]),
            year=int(period) - shift,
            dof=small.dof(own[place]),
            reason=effects.reason[place],
            sides=sides,
            comparisons=comparisons,
            corrected_error=float(np.sqrt(small.covariance[place, place])),
        )


def _wald(effects: GroupTimeEffects) -> Estimate:
    """Return the Wald test of all effects before, with the fewest units that one of them rests on."""
    test, used = pre_trend_test(effects), effects.before & ~np.isnan(effects.att)
    fewest = [int(units[used].min()) if used.any() else 0 for units in (effects.n_treated, effects.n_controls)]
    sides, comparisons = effects.units(np.flatnonzero(used))
    return Estimate(OVERALL, test.statistic, statistic=PRE_TREND_WALD, n_treated=fewest[0], n_controls=fewest[1],
                   p_value=test.p_value, reason=test.reason, sides=sides, comparisons=comparisons)  # fmt: skip


def _nonzero(left_out: dict[Reason, BoolArray]) -> dict[Reason, BoolArray]:
    """Leave out the reasons that hold for no unit."""
    return {reason: units for reason, units in left_out.items() if units.any()}

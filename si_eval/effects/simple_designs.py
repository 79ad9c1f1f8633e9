"""The two designs of textbooks: two groups in two years, and two-way fixed effects."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from si_eval.effects.design_result import (
    BY_CLUSTER,
    BY_UNIT,
    COUNTED_EFFECTS,
    MARYLAND_COMPARED,
    NESTED_EFFECTS,
    NORMAL,
    OVERALL,
    DesignResult,
    Estimate,
)
from si_eval.effects.group_time import Controls, group_time_effects
from si_eval.effects.left_out import units_left_out
from si_eval.effects.panel_arrays import ALL_COHORTS, NEVER_TREATED, UNKNOWN_ENTRY, PanelArrays
from si_eval.effects.power import detectable_effect
from si_eval.effects.sides import placed, placed_sides, sides_of
from si_eval.effects.two_by_two import Method
from si_eval.effects.two_way import BaconPart, TwoWay, bacon_parts, two_way_effect
from si_eval.stats import BoolArray, FloatArray
from si_eval.vocabulary import (
    BACON_SHARE,
    MARYLAND,
    MDE,
    Reason,
    bilingual_label,
)

POWER = 0.8
FIXED_EFFECTS_COUNTED = "fixed_effects_counted"  # a category: the same coefficient by another convention


def estimate_two_by_two(
    arrays: PanelArrays, *, method: Method, controls: Controls, min_units: int, level: float
) -> DesignResult:
    """Compare the change between the first and the last year of those who entered in between with that of the others.

    Others never take part or, with ``controls`` "not_yet", have not by the last year. Participants whose entry is not
    known are left out.
    """
    first, last = arrays.years[0], arrays.years[-1]
    known = arrays.cohort != UNKNOWN_ENTRY
    cohort = arrays.cohort[known]
    entered = (cohort > first) & (cohort <= last)
    cohort = np.where(entered, last, cohort)
    outcome = arrays.outcome[known][:, [0, -1]]
    left_out = {Reason.ENTRY_YEAR_UNKNOWN: ~known}
    observed = ~np.isnan(outcome)
    for reason, units in units_left_out(observed, cohort, np.array([first, last]), 0, controls).items():
        left_out[reason] = placed(units & (cohort != NEVER_TREATED), known)
    left_out = {reason: units for reason, units in left_out.items() if units.any()}
    if not entered.any() or not np.any((cohort == NEVER_TREATED) | (cohort > last)):
        reason = Reason.NO_TREATED_LEFT if not entered.any() else Reason.NO_CONTROLS_LEFT
        return DesignResult([Estimate(OVERALL, np.nan, reason=reason)], reason, left_out)
    effects = group_time_effects(
        outcome, cohort, (first, last), controls=controls, method=method, min_units=min_units,
        covariates=(lambda place: arrays.design(0, known)) if arrays.covariates else None,
        cluster=None if arrays.cluster is None else arrays.cluster[known],
        weights=partial(_weights, arrays, known) if arrays.has_weights else None,
    )  # fmt: skip
    left_out |= {why: placed(units, known) for why, units in effects.uncovered.items() if units.any()}
    small = effects.small_sample
    own = np.zeros(len(small.covariance))
    own[0] = 1.0
    sides, _ = effects.units(np.array([0]))
    found = Estimate(
        OVERALL, float(effects.att[0]), float(effects.std_error[0]), int(effects.n_treated[0]),
        int(effects.n_controls[0]), dof=small.dof(own), reason=effects.reason[0],
        sides=None if sides is None else placed_sides(sides, known),
        comparisons=((0, last - arrays.shift, first - arrays.shift),),
        corrected_error=float(np.sqrt(small.covariance[0, 0])) if np.isfinite(effects.std_error[0]) else np.nan,
        convention="" if np.isnan(effects.std_error[0]) else BY_UNIT if arrays.cluster is None else BY_CLUSTER,
    )  # fmt: skip
    why = effects.reason[0] or Reason.NO_PRE_PERIODS
    return DesignResult([found, *_after(found, why, level)], why, left_out)


def _weights(arrays: PanelArrays, known: BoolArray, cohort: int) -> FloatArray:
    """Return what units count for, in the first year."""
    return arrays.weights_of(ALL_COHORTS, 0, known)


def _after(found: Estimate, why: Reason, level: float) -> Iterator[Estimate]:
    """Yield what the design could have found, and its place on the Maryland scale."""
    plain = found._replace(std_error=np.nan, corrected_error=np.nan, convention="", dof=NORMAL, reason=None, note="")
    error = found.std_error
    detectable = np.nan if np.isnan(error) else detectable_effect(error, power=POWER, level=level)
    yield plain._replace(estimate=detectable, statistic=MDE, reason=found.reason)
    yield plain._replace(estimate=float(MARYLAND_COMPARED), statistic=MARYLAND, note=why.note)


def estimate_two_way(arrays: PanelArrays, min_units: int, level: float) -> DesignResult:
    """Estimate by two-way fixed effects, and say with whom participants are compared in it.

    A unit takes part from its entry on, but not in the years after its last one of taking part, where these are known.
    """
    known = arrays.cohort != UNKNOWN_ENTRY
    mine = arrays.only(known)
    calendar = np.asarray(mine.years)
    joins = mine.cohort > NEVER_TREATED
    treated = joins[:, None] & (calendar >= mine.cohort[:, None])
    if mine.after is not None:
        treated &= ~mine.after
    every: BoolArray = np.ones(len(mine.cohort), dtype=np.bool_)
    weights = mine.weights_of(ALL_COHORTS, 0, every) if mine.has_weights else None
    cluster = None if mine.cluster is None else np.unique(mine.cluster, return_inverse=True)[1]
    found = two_way_effect(mine.outcome, treated, cluster, _varying(mine), weights)
    left_out = {Reason.ENTRY_YEAR_UNKNOWN: ~known,
                Reason.FEWER_THAN_TWO_YEARS: placed(joins & ~found.used, known)}  # fmt: skip
    left_out = {reason: units for reason, units in left_out.items() if units.any()}
    ours, theirs = found.used & joins, found.used & ~joins
    n = int(ours.sum()), int(theirs.sum())
    if min(n[0], n[1]) < min_units or (found.reason is not None and np.isnan(found.estimate)):
        reason = found.reason or Reason.TOO_FEW_UNITS
        return DesignResult(
            [Estimate(OVERALL, np.nan, n_treated=n[0], n_controls=n[1], reason=reason)], reason, left_out
        )
    row = Estimate(
        OVERALL, found.estimate, found.std_error, *n, dof=found.dof, reason=found.reason,
        sides=placed_sides(sides_of(ours, theirs), known), note=Reason.COMPARES_WITH_TREATED.note,
        comparisons=((0, mine.years[-1] - mine.shift, mine.years[0] - mine.shift),),
        convention="" if np.isnan(found.std_error) else NESTED_EFFECTS,
    )  # fmt: skip
    counted = row._replace(
        category=bilingual_label(FIXED_EFFECTS_COUNTED), std_error=found.std_error_counted, convention=COUNTED_EFFECTS
    )
    parts = list(_parts(mine, treated, found, row))
    return DesignResult(
        [row, counted, *parts, *_after(row, Reason.COMPARES_WITH_TREATED, level)],
        Reason.COMPARES_WITH_TREATED,
        left_out,
    )


def _varying(arrays: PanelArrays) -> FloatArray | None:
    """Stack the covariates of all years (units, years, k); a class has a column for each label but the first."""
    columns = []
    for name, values in arrays.covariates.items():
        if name not in arrays.labels:
            columns.append(values.astype(np.float64))
            continue
        there = np.unique(values[values >= 0])
        columns += [np.where(values >= 0, values == code, np.nan) for code in there[1:]]
    return np.stack(columns, axis=2) if columns else None


def _parts(arrays: PanelArrays, treated: BoolArray, found: TwoWay, row: Estimate) -> Iterator[Estimate]:
    """Yield the part of each kind of comparison, and its mean effect; of units that are observed in every year.

    With covariates, weights or units that stop taking part there are none: the decomposition is of plain means.
    """
    stops = np.any(np.diff(treated.astype(np.int8), axis=1) < 0)
    if arrays.covariates or arrays.has_weights or stops:
        return
    complete = found.used & np.isfinite(arrays.outcome).all(axis=1)
    periods = len(arrays.years)
    start = np.where(treated.any(axis=1), treated.argmax(axis=1), periods)[complete]
    starts = np.unique(start)
    if len(starts) < 2:
        return
    outcome = arrays.outcome[complete]
    means = np.stack([outcome[start == one].mean(axis=0) for one in starts])
    sizes = np.array([float((start == one).sum()) for one in starts])
    note = "" if complete.sum() == found.used.sum() else Reason.OF_COMPLETE_UNITS.note
    plain = row._replace(std_error=np.nan, convention="", dof=NORMAL, reason=None, note=note)
    for part in bacon_parts(means, sizes, starts):
        yield from _two_rows(plain, part)


def _two_rows(plain: Estimate, part: BaconPart) -> Iterator[Estimate]:
    """Yield the share of a kind of comparison, and its mean effect."""
    yield plain._replace(category=bilingual_label(part.kind), statistic=BACON_SHARE, estimate=part.share)
    yield plain._replace(category=bilingual_label(part.kind), estimate=part.estimate)

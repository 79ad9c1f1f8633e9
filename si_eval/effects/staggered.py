"""Entry in different years: effects by cohort and year, their averages, and what speaks for or against them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from si_eval.effects.aggregation import Averages, PreTest, average, pre_test, simultaneous_quantile
from si_eval.effects.findings import OVERALL, Finding, Findings
from si_eval.effects.group_time import Controls, GroupTime, group_time_effects
from si_eval.effects.histories import NEVER, UNKNOWN, Histories
from si_eval.effects.power import detectable_effect
from si_eval.effects.robustness import robustness
from si_eval.effects.two_by_two import Method
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.vocabulary import ATT_SIMULTANEOUS, MDE, PRE_TREND, Reason

POWER = 0.8


def staggered(
    histories: Histories,
    *,
    method: Method,
    controls: Controls,
    anticipation: int,
    clusters: IntArray | None,
    min_units: int,
    level: float,
    seed: int,
) -> Findings:
    """Estimate effects by cohort and year; participants whose entry is not known are left out and counted."""
    known = histories.cohort != UNKNOWN
    first, last = histories.years[0], histories.years[-1]
    cohorts = np.unique(histories.cohort[known & (histories.cohort != NEVER)])
    left_out = {Reason.ENTRY_YEAR_UNKNOWN: int((~known).sum())}
    reason = None
    if not len(cohorts):
        reason = Reason.NO_ENTRY_YEAR_KNOWN
    elif not np.any((cohorts > first + anticipation) & (cohorts <= last)):
        reason = Reason.NO_ENTRY_AFTER_START
    elif controls == "never" and not np.any(histories.cohort == NEVER):
        reason = Reason.NO_NEVER_TREATED
    if reason:
        return Findings([Finding(OVERALL, np.nan, reason=reason)], _counted(left_out))
    estimated = partial(
        group_time_effects,
        histories.outcome[known],
        histories.cohort[known],
        histories.years,
        controls=controls,
        method=method,
        covariates=partial(_design, histories, known) if histories.covariates else None,
        anticipation=anticipation,
        cluster=None if clusters is None else clusters[known],
        min_units=min_units,
    )
    effects = estimated()
    left_out |= effects.dropped
    if np.isnan(effects.att[effects.period >= effects.cohort]).all():
        return Findings([Finding(OVERALL, np.nan, reason=Reason.TOO_FEW_IN_EVERY_COHORT)], _counted(left_out))
    test = pre_test(effects)
    found = [*_averages(effects, level, seed), *_cells(effects), _tested(effects, test)]
    found += robustness(estimated(base="universal"), histories.years, anticipation, level)
    return Findings(found, _counted(left_out), test.p_value)


def _design(histories: Histories, known: BoolArray, place: int) -> FloatArray | None:
    return histories.design(place, known)


def _averages(effects: GroupTime, level: float, seed: int) -> Iterator[Finding]:
    """Give the overall effect, those by cohort and by years since entry, and what could have been found."""
    by_cohort, by_event = average(effects, "cohort"), average(effects, "event")
    overall = Finding(
        OVERALL,
        by_cohort.overall,
        by_cohort.overall_std_error,
        int(by_cohort.participants.min()),
        int(by_cohort.others.min()),
    )
    yield overall
    yield from _parts("cohort {}", by_cohort)
    yield from _parts("{:+d}", by_event)
    wide = simultaneous_quantile(by_event.covariance, level, seed)
    for finding in _parts("{:+d}", by_event):
        room = wide * finding.std_error
        yield finding._replace(statistic=ATT_SIMULTANEOUS, low=finding.estimate - room, high=finding.estimate + room)
    detectable = detectable_effect(by_cohort.overall_std_error, power=POWER, level=level)
    yield overall._replace(estimate=detectable, std_error=np.nan, statistic=MDE)


def _parts(name: str, averages: Averages) -> Iterator[Finding]:
    for part, att, std_error, participants, others in zip(
        averages.parts, averages.att, averages.std_error, averages.participants, averages.others, strict=True
    ):
        yield Finding(name.format(int(part)), float(att), float(std_error), int(participants), int(others))


def _cells(effects: GroupTime) -> Iterator[Finding]:
    """Give the effect of each cohort in each year, or why there is none."""
    for place, (first, period) in enumerate(zip(effects.cohort, effects.period, strict=True)):
        yield Finding(
            f"cohort {first}",
            float(effects.att[place]),
            float(effects.std_error[place]),
            int(effects.n_treated[place]),
            int(effects.n_controls[place]),
            year=int(period),
            reason=effects.reason[place],
        )


def _tested(effects: GroupTime, test: PreTest) -> Finding:
    """Give the test of the trend before, with the fewest units that an effect before entry rests on."""
    used = effects.before & ~np.isnan(effects.att)
    fewest = [int(units[used].min()) if used.any() else 0 for units in (effects.n_treated, effects.n_controls)]
    return Finding(OVERALL, test.statistic, statistic=PRE_TREND, participants=fewest[0], others=fewest[1],
                   p_value=test.p_value, reason=test.reason)  # fmt: skip


def _counted(left_out: dict[Reason, int]) -> dict[Reason, int]:
    return {reason: units for reason, units in left_out.items() if units}

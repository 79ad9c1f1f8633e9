"""The verb: does an effect hold when it is looked at otherwise? One table, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from si_eval import cells
from si_eval.effects.aggregation import aggregate_effects
from si_eval.effects.attrition import bound_attrition
from si_eval.effects.bracket import bracket
from si_eval.effects.by_entry import with_earliest_entry
from si_eval.effects.check_requests import CheckRequest, check_of, check_request
from si_eval.effects.design_result import DesignResult, Estimate, with_note
from si_eval.effects.estimate_rows import estimate_rows, keys_of_filter, units_of_estimates
from si_eval.effects.match import Matching
from si_eval.effects.overall import overall_effect
from si_eval.effects.panel_arrays import PanelArrays
from si_eval.effects.request_arrays import arrays_of, matched_only, matching_of
from si_eval.effects.requests import Request
from si_eval.effects.reruns import (
    draw_participation,
    leave_out_classes,
    leave_out_cohorts,
    leave_out_largest,
    placebo_dates,
)
from si_eval.effects.staggered import group_time_of
from si_eval.effects.unseen import bound_pairs, bound_trends, explain_away
from si_eval.errors import StudyError
from si_eval.results import Panel, ResultTable
from si_eval.stats import FloatArray
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import (
    ALL,
    ATT_REMAINS,
    BREAKDOWN,
    DIFFERENCE,
    DIVISION,
    E_VALUE,
    EMPLOYED_PERSONS,
    GROUP,
    INDICATOR,
    LOG_POINTS,
    MUNICIPALITY,
    PLACEBO,
    RANDOMISATION,
    RATIO,
    RESTS_ON,
    ROBUSTNESS_VALUE,
    RULE_SET,
    SHARE,
    SPILLOVER,
    STATISTIC,
    UNIT_OF_MEASURE,
    Reason,
    bilingual_label,
)

CANNOT_SHOW = "Checks can speak against an effect; that none does is no proof of it."
UNITS_OF = {RANDOMISATION: RATIO, E_VALUE: RATIO, ROBUSTNESS_VALUE: SHARE, ATT_REMAINS: SHARE}


@on_one_thread
def check_effect(
    panel: Panel,
    *,
    of: Mapping[str, Any] | str,
    checks: str | Sequence[str] = "all",
    dates: Sequence[int] = (1, 2),
    outcomes: Sequence[str] = (),
    leave_out: Sequence[str] = (),
    ratios: Sequence[float] = (0.5, 1.0, 2.0),
    gamma: Sequence[float] = (1.0, 1.5, 2.0),
    draws: int = 199,
    seed: int = 0,
) -> ResultTable:
    """Check an effect in the ways that a critical reader would ask for, in one table.

    Use it on a staggered estimate before it is believed. Each check is the same estimate again on other data, or what
    something unseen would have to be; its ``note`` says in a sentence what came of it.

    Parameters
    ----------
    panel : Panel
        Units by year, from `build_panel` or `panel_from_frame`.
    of : mapping
        The arguments of `estimate_effect` whose overall effect is checked; in a study file also the id of an exhibit.
    checks : str or sequence of str, default "all"
        Some of ``placebo_date`` (entry earlier than it was), ``placebo_outcome`` (on ``outcomes`` that the programme
        cannot change), ``leave_one_out`` (each year of entry, each class of ``leave_out``, the largest participant),
        ``spillover`` (without others of an enterprise group with a participant; without others of the municipality and
        division of one), ``randomisation`` (participation drawn anew), ``honest`` (bounds when trends part, or bend),
        ``rosenbaum`` (hidden bias within matched sets), ``unseen`` (E-value and robustness value), ``bracket``
        (difference-in-differences, from the same level in the base year, and matched, side by side) and ``attrition``
        (the effect on still having an outcome, and bounds for those who would keep theirs either way).
    dates : sequence of int, default (1, 2)
        How many years earlier entry is put.
    outcomes : sequence of str
        Indicators that the programme cannot change.
    leave_out : sequence of str
        Panel columns of classes, such as the sector or the project, of which each is left out in turn.
    ratios : sequence of float, default (0.5, 1.0, 2.0)
        Of ``honest``: how much trends may part, as a multiple of the largest step before entry.
    gamma : sequence of float, default (1.0, 1.5, 2.0)
        Of ``rosenbaum``: by how much the odds to take part may differ within a matched set.
    draws : int, default 199
        Draws of participation. One takes as long as an estimate.
    seed : int, default 0
        Seed of the draws.

    Returns
    -------
    ResultTable
        A first row ``att`` with the effect itself, then a row a check, by ``statistic`` and ``category``. The evidence
        is that of an association: a check earns no label.

    Raises
    ------
    ArgumentError
        With everything that is wrong with ``of`` and with the checks.

    See Also
    --------
    estimate_effect : The estimate that is checked.

    References
    ----------
    Roth, Sant'Anna, Bilinski & Poe (2023), Journal of Econometrics 235, p. 2218-2244. Rambachan & Roth (2023), Review
    of Economic Studies 90, p. 2555-2591. Rosenbaum (2002), Observational Studies. Cinelli & Hazlett (2020), Journal of
    the Royal Statistical Society B 82, p. 39-67. Lee (2009), Review of Economic Studies 76, p. 1071-1102.

    Examples
    --------
    >>> import si_eval as se
    >>> firms = se.simulate_firms(firms=400, participants=120, years=6, seed=3).frame
    >>> panel = se.panel_from_frame(
    ...     firms, unit="firm", year="year", participant="participant", entry_year="entry_year",
    ...     employed_persons="employed_persons", revenue="revenue",
    ... )
    >>> table = se.check_effect(
    ...     panel, of={"outcome": "revenue_per_employee", "logarithm": True}, checks=["placebo_date", "leave_one_out"]
    ... )
    >>> rows = table.to_frame("en")
    >>> print(rows[["statistic", "category", "estimate"]].round(3).to_string(index=False))
       statistic                        category  estimate
             att                         Overall     0.052
         placebo           entry 1 years earlier     0.025
         placebo           entry 2 years earlier     0.001
    left_one_out             without cohort 2015     0.030
    left_one_out             without cohort 2016     0.053
    left_one_out             without cohort 2017     0.074
    left_one_out without the largest participant     0.053
    """
    request, match = check_of(panel, of)
    asked = check_request(
        panel, checks=checks, dates=dates, outcomes=outcomes, leave_out=leave_out, ratios=ratios, gamma=gamma,
        draws=draws, seed=seed,
    )  # fmt: skip
    matching = matching_of(panel, request, match)
    source = cells.unit_source(panel)
    frames = []
    for one, arrays, estimates in _checked(panel, request, asked, matching):
        result = DesignResult(estimates, Reason.NO_PRE_PERIODS)
        rows = estimate_rows(result, one.level)
        rows[RESTS_ON] = units_of_estimates(result, arrays, one, source)
        unit = LOG_POINTS if one.logarithm else panel.indicators[one.outcome].unit
        frames.append(rows.assign(**{INDICATOR: one.outcome, UNIT_OF_MEASURE: unit}))
    frame = pd.concat(frames, ignore_index=True)
    own = frame[STATISTIC].map(UNITS_OF)
    columns: cells.Columns = {UNIT_OF_MEASURE: own.fillna(frame[UNIT_OF_MEASURE]), GROUP: DIFFERENCE}
    frame = frame.assign(**columns)
    frame = frame.assign(**keys_of_filter(frame, request.where)).assign(**{RULE_SET: panel.rules.name})
    return ResultTable(
        frame=cells.tidy_frame(frame),
        function="check_effect",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        simulation=panel.simulation,
        sources={source.population: source},
    )


def _checked(
    panel: Panel, request: Request, asked: CheckRequest, matching: Matching | None
) -> Iterator[tuple[Request, PanelArrays, list[Estimate]]]:
    """Yield estimates with the arrays of their units: the effect, its checks, outcomes that should not change."""
    arrays = matched_only(_arrays(panel, request, asked.leave_out), matching)
    plain = arrays.with_covariates({n: v for n, v in arrays.covariates.items() if n in request.covariates})
    estimate = partial(overall_effect, request=request)
    whole = estimate(plain)
    found = [whole]
    if "placebo_date" in asked.checks:
        found += [_as_placebo(one) for one in placebo_dates(plain, asked.dates, request.anticipation, estimate)]
    if "leave_one_out" in asked.checks:
        found += [_against(one, whole) for one in _left_out(panel, request, arrays, plain, asked.leave_out)]
    yield request, plain, found
    if "spillover" in asked.checks:
        for its, one in _spillovers(panel, request, matching, plain):
            yield request, its, [_against(one, whole)]
    found = list(_of_the_same_units(plain, whole, request, asked, matching))
    if found:
        yield request, plain, found
    if "bracket" in asked.checks:
        for its, one in bracket(panel, request, matching, plain, whole):
            yield request, its, [one]
    if "placebo_outcome" in asked.checks:
        yield from _other_outcomes(panel, request, asked.outcomes, matching)


def _of_the_same_units(
    arrays: PanelArrays, whole: Estimate, request: Request, asked: CheckRequest, matching: Matching | None
) -> Iterator[Estimate]:
    """Yield the checks that need no other units or outcomes than the effect."""
    if "randomisation" in asked.checks:
        yield _drawn(arrays, whole, asked, matching, partial(overall_effect, request=request))
    if "honest" in asked.checks:
        yield from _bounds(arrays, whole, request, asked)
    if "rosenbaum" in asked.checks:
        units = None if matching is None else matching.units
        yield from bound_pairs(arrays, units, whole, request.anticipation, asked.gamma, request.level)
    if "unseen" in asked.checks:
        yield from explain_away(arrays, whole, request.level)
    if "attrition" in asked.checks:
        yield from _attrition(arrays, whole, request)


def _left_out(
    panel: Panel, request: Request, arrays: PanelArrays, plain: PanelArrays, columns: Sequence[str]
) -> Iterator[Estimate]:
    """Yield the effect without each cohort, each class of the columns, and the largest participant."""
    estimate = partial(overall_effect, request=request)
    yield from leave_out_cohorts(plain, estimate)
    for column in columns:
        yield from leave_out_classes(arrays, column, partial(_without_classes, request=request))
    yield from leave_out_largest(plain, _sizes(panel, request, plain), estimate)


def _other_outcomes(
    panel: Panel, request: Request, outcomes: Sequence[str], matching: Matching | None
) -> Iterator[tuple[Request, PanelArrays, list[Estimate]]]:
    """Yield the effect on outcomes that the programme cannot change."""
    for outcome in outcomes:
        other = replace(request, outcome=outcome, logarithm=False)
        its = matched_only(_arrays(panel, other, ()), matching)
        one = overall_effect(its, other)
        yield other, its, [_as_placebo(one._replace(statistic=PLACEBO))]


def _arrays(panel: Panel, request: Request, classes: Sequence[str]) -> PanelArrays:
    """Read the arrays of a request, with the years of entry that it assumes."""
    return with_earliest_entry(arrays_of(panel, request, classes))[0]


def _without_classes(arrays: PanelArrays, request: Request) -> Estimate:
    """Estimate with the covariates of the request alone."""
    kept = {name: values for name, values in arrays.covariates.items() if name in request.covariates}
    return overall_effect(arrays.with_covariates(kept), request)


def _as_placebo(one: Estimate) -> Estimate:
    """Say whether an estimate that should be zero is."""
    if not np.isfinite(one.corrected_error):
        return one
    from_zero = _is_from_zero(one)
    return one._replace(note=(Reason.PLACEBO_IS_NOT if from_zero else Reason.PLACEBO_IS_ZERO).note)


def _against(one: Estimate, whole: Estimate) -> Estimate:
    """Say whether an estimate without a part stays on the side of zero of the whole one."""
    if not np.isfinite(one.estimate):
        return one
    if np.sign(one.estimate) != np.sign(whole.estimate):
        return one._replace(note=Reason.SIGN_TURNS.note)
    if not _is_from_zero(whole):
        return one._replace(note=Reason.NOTHING_TO_KEEP.note)
    return one._replace(note=(Reason.SIDE_KEPT if _is_from_zero(one) else Reason.SIDE_LOST).note)


def _is_from_zero(one: Estimate) -> bool:
    """Whether the 95% interval of an estimate excludes zero."""
    interval = estimate_rows(DesignResult([one], Reason.NO_PRE_PERIODS), 0.95)
    return bool(interval["conf_low"].iloc[0] > 0 or interval["conf_high"].iloc[0] < 0)


def _sizes(panel: Panel, request: Request, arrays: PanelArrays) -> FloatArray:
    """Return how large units are in the first year in which they are seen: persons employed, or the outcome."""
    values = arrays.outcome
    if EMPLOYED_PERSONS in panel.table.columns:
        read = arrays_of(panel, replace(request, covariates=(EMPLOYED_PERSONS,), by=None))
        at = np.searchsorted(read.ids, arrays.ids)
        if len(read.ids) and (read.ids[np.minimum(at, len(read.ids) - 1)] == arrays.ids).all():
            values = np.asarray(read.covariates[EMPLOYED_PERSONS][at], dtype=np.float64)
    there = np.isfinite(values)
    first = values[np.arange(len(values)), there.argmax(axis=1)]
    return np.where(there.any(axis=1), first, np.nan)


def _spillovers(
    panel: Panel, request: Request, matching: Matching | None, arrays: PanelArrays
) -> Iterator[tuple[PanelArrays, Estimate]]:
    """Yield the effect against others that it is less likely to spill over to; ``arrays`` where nobody is left."""
    names = [ALL]
    if {MUNICIPALITY, DIVISION} <= set(panel.table.columns):
        names.append(cells.DONUT)
    prepared = cells.with_comparisons(panel, names)
    for name in names:
        where = {**(request.where or {}), cells.AGAINST + name: name}
        own = replace(request, where=where)
        try:
            theirs = matched_only(_arrays(prepared, own, ()), matching)
        except StudyError:  # nobody is left
            theirs = None
        category = bilingual_label("holding_apart" if name == ALL else name)
        if theirs is None:
            yield arrays, Estimate(category, np.nan, statistic=SPILLOVER, reason=Reason.NO_CONTROLS_LEFT)
        else:
            yield theirs, overall_effect(theirs, own)._replace(statistic=SPILLOVER, category=category)


def _drawn(
    arrays: PanelArrays, whole: Estimate, asked: CheckRequest, matching: Matching | None, estimate: Any
) -> Estimate:
    """Test by drawing participation; with a match there is nobody to exchange."""
    if matching is not None:
        return whole._replace(
            statistic=RANDOMISATION, estimate=np.nan, std_error=np.nan, corrected_error=np.nan, convention="",
            reason=Reason.NOT_WITH_A_MATCH,
        )  # fmt: skip
    return draw_participation(arrays, whole, asked.draws, asked.seed, estimate)


def _attrition(arrays: PanelArrays, whole: Estimate, request: Request) -> Iterator[Estimate]:
    """Yield the effect on who is left, and whether the effect on those who would be stays on its side of zero."""
    remains, *bounds = bound_attrition(arrays, request.controls, request.anticipation, request.min_units)
    yield remains if remains.reason else remains._replace(note=Reason.SHARE_LEFT.note)
    for one in bounds:
        noted = _against(one, whole)
        yield with_note(noted, Reason.NOT_COVARIATES) if request.covariates and not one.reason else noted


def _bounds(arrays: PanelArrays, whole: Estimate, request: Request, asked: CheckRequest) -> Iterator[Estimate]:
    """Yield bounds under both restrictions on trends."""
    try:
        effects = group_time_of(arrays, **request.comparison, base="universal")
        events = aggregate_effects(effects, "event")
    except StudyError:  # no effect was estimated: the first row says why
        yield whole._replace(statistic=BREAKDOWN, estimate=np.nan, std_error=np.nan, corrected_error=np.nan)
        return
    yield from bound_trends(events, arrays.years, whole, request.anticipation, asked.ratios, request.level)

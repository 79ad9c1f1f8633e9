"""The stage: a panel goes in, estimates of effects come out, with what they assume and what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from si_eval import cells
from si_eval.effects.by_entry import estimate_by_entry
from si_eval.effects.design_result import DesignResult, with_note
from si_eval.effects.estimate_rows import count_rows, estimate_rows, keys_of_filter, units_of_estimates
from si_eval.effects.long_difference import estimate_long_difference
from si_eval.effects.match import Matching, matched_arrays
from si_eval.effects.panel_arrays import PanelArrays
from si_eval.effects.request_arrays import arrays_of, matching_of
from si_eval.effects.requests import (
    LONG_DIFFERENCE,
    TWO_BY_TWO,
    TWO_WAY,
    Design,
    Request,
    check_effect_request,
)
from si_eval.effects.sides import placed, placed_sides
from si_eval.effects.simple_designs import estimate_two_by_two, estimate_two_way
from si_eval.results import Panel, ResultTable
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import (
    ATT,
    ATT_PROPORTIONAL,
    BACON_SHARE,
    DIFFERENCE,
    GROUP,
    INDICATOR,
    LANGUAGES,
    LOG_POINTS,
    RESTS_ON,
    RULE_SET,
    SHARE,
    STATISTIC,
    UNIT_OF_MEASURE,
    Reason,
    bilingual,
    label,
)

CANNOT_SHOW = {
    "effect": (
        "Trends before participation that look alike do not prove that they would have stayed alike; effects on firms "
        "that do not take part are not in it."
    ),
    "association": "The change may be what participants would have shown anyway.",
}


@on_one_thread
def estimate_effect(
    panel: Panel,
    *,
    outcome: str,
    design: Design = "staggered",
    method: str | Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    controls: Literal["never", "not_yet"] = "never",
    anticipation: int = 0,
    where: cells.Where | None = None,
    years: Sequence[int] | None = None,
    logarithm: bool = False,
    cluster: str = "auto",
    earliest_entry: int | str | None = None,
    min_units: int = 10,
    smallest_effect: float | None = None,
    level: float | None = None,
    seed: int = 0,
    against: str | Sequence[str] | None = None,
    match: Matching | Mapping[str, Any] | str | None = None,
    weights: str | None = None,
    aggregation: Sequence[str] | None = None,
    window: tuple[int, int] | None = None,
    balance: int | None = None,
    by: str | None = None,
    scale: Literal["difference", "proportional"] = "difference",
    share_entered: float | None = None,
) -> ResultTable:
    """Estimate what participation did to an outcome, on the participants.

    Use ``design="staggered"`` when the year of entry is known: it compares, for each year of entry (cohort) and each
    year, the change since the year before entry with that of units that do not take part, and averages. Use
    ``design="long_difference"`` when it is not known: it compares the change between the first and the last of
    ``years``, and can show no trend before participation. Both assume that the participants would have moved like the
    others (parallel trends), given the covariates.

    Parameters
    ----------
    panel : Panel
        Units by year, from `build_panel` or `panel_from_frame`.
    outcome : str
        Name of an indicator of the panel.
    design : {"staggered", "two_by_two", "long_difference", "twfe"}, default "staggered"
        How units are compared. ``two_by_two``: those who entered between the first and the last of ``years``.
        ``twfe``: two-way fixed effects, with the comparisons that they are made of, as a warning.
    method : str or sequence of str, optional
        How covariates adjust. Of a staggered design and a two-by-two one of ``dr`` (default), ``ipw`` and ``reg``; of a
        long difference any of ``unadjusted``, ``lagged_outcome`` (at the same level in the first year),
        ``regression``, ``inverse_probability``, ``doubly_robust``, ``entropy_balancing`` and ``nearest_neighbour`` (by
        default all).
    covariates : sequence of str
        Panel columns, taken in the year before. None by default.
    controls : {"never", "not_yet"}, default "never"
        Units that never take part, or also those that do not yet. A long difference takes the first.
    anticipation : int, default 0
        How many years before entry an effect may begin. A long difference has none.
    where : mapping, optional
        Values by panel column: chooses units by the first year in which the panel has them.
    years : sequence of int, optional
        Years to use, two at least. All by default; a long difference takes the first and the last.
    logarithm : bool, default False
        Whether to take the logarithm of the outcome. Estimates are then log points.
    cluster : {"auto", "unit", "group"} or str, default "auto"
        Which units may move together: none, those of an enterprise group, or those with one value of a panel column (in
        their last year). ``auto`` is by group where the panel knows groups (``holding`` is the earlier word). A unit
        without one is its own. A standard error needs two clusters on each side and five in all.
    earliest_entry : int or str, optional
        First year in which participants whose entry is not known may have entered: a year, or a panel column that has
        it for each (the start of a project). A staggered design takes it for their year of entry, so that years before
        it show trends, and estimates the effect of being able to take part. Of a long difference: adds the change since
        the year before each year in which they may have entered (``att_entry``), and bounds over these years.
    min_units : int, default 10
        Cohorts with fewer units in a cell, on either side, are in no average: they could be computed back from it.
    smallest_effect : float, optional
        The smallest effect that would matter, in the unit of the estimates, declared before results are seen. Where an
        effect as large is ruled out, the table says so. Of a staggered design.
    level : float, optional
        Coverage of intervals. That of the rule set by default.
    seed : int, default 0
        Seed of the simulated bounds for all years at once, of a staggered design.
    against : str or sequence of str, optional
        The groups that participants are compared with, one after the other, each named in ``category``: ``all`` others,
        ``same_division_and_size`` (others of a division and size class that has a participant that year), ``donut``
        (others that have no participant in their municipality and division), or columns of the panel with yes and no,
        such as rejected applicants or users of another scheme. Others in an enterprise group with a participant are in
        none of them, and counted (indicator ``left_out``). Default: all others, these included.
    match : Matching or mapping, optional
        A match from `match_units`, or its arguments: only matched units are compared, with what each counts for. The
        match is made in the year before entry (of a long difference in the first year), is the same in every year, and
        its sets are clusters. Others are units that never take part. In a study file also the id of an exhibit.
    weights : str, optional
        Panel column with what each unit counts for (survey weights, persons employed), in the year before entry; of a
        long difference in the first year.
    aggregation : sequence of str, optional
        Which averages of a staggered design become rows: ``overall``, ``cohort``, ``event``, ``cells`` (the default),
        ``simple`` (over all cells since entry), ``period`` (by year), and ``units``: counts of who is compared, of what
        the others are worth, and of participants without an outcome by years since entry.
    window : tuple of int, optional
        First and last year since entry of the rows ``event``. All by default.
    balance : int, optional
        Rows ``event`` rest on the cohorts that the panel shows so many years after entry, and end there.
    by : str, optional
        A column of classes: rows ``att_by_class`` for units by the first class that the panel has of them, with
        ``att_holm`` (p-values for all classes) and ``heterogeneity`` (the test that they are the same). Of a staggered
        design.
    scale : {"difference", "proportional"}, default "difference"
        Adds ``att_proportional``: the overall effect over what participants would have had. Zeros are no problem.
    share_entered : float, optional
        Share of those who may have entered (``earliest_entry``) that did, as the programme knows: adds ``att_entered``.

    Returns
    -------
    ResultTable
        Tidy rows of group ``difference`` by ``statistic`` and ``category``. ``att`` is the effect: of a staggered
        design ``overall`` (cohorts weighted by their size), ``+1`` (years since entry, all against the year before
        entry), ``cohort 2016`` and, with ``year``, each cell. ``att_simultaneous`` has bounds that hold for all years
        since entry at once. ``pre_trend`` is Hotelling's F, with p-value, of the hypothesis that all years before entry
        are zero (``pre_trend_wald`` the test over cohorts and years of R's `did`, which rejects too often). The label
        rests on ``att_window``, ``att_less_trend``, ``trend_before`` and ``trend_bound``, and has a place on the
        ``maryland_scale``. ``att_robust`` and ``breakdown`` say how far the effect stands when trends part.
        ``minimum_detectable_effect`` is what this design could have found (power 0.8). ``n_units`` is the smaller of
        the two groups, ``dof`` and ``se_convention`` tell how intervals are made. Rows ``count`` say how many
        participants are left out, by reason (indicator ``left_out``), and how many stop taking part but count as
        participants (``participation_ended``). The evidence is ``effect`` only where the years before entry rule out
        what would explain the estimate, or an effect of ``smallest_effect`` is ruled out; else ``association``, and the
        table says which condition failed. What cannot be computed is a row with the reason in ``note``.

    Raises
    ------
    ArgumentError
        For names, options, years and values of ``where`` that the panel does not have, and for options that the design
        does not use; all problems at once. It is a StudyError.

    Notes
    -----
    Of cohort g in year t, with never treated units C as controls and without covariates,

    .. math:: ATT(g, t) = E[Y_t - Y_{g-1} | G = g] - E[Y_t - Y_{g-1} | C]

    Standard errors come from influence functions and allow for the estimated weights of the averages. Intervals and
    p-values rest on t quantiles, with CR2 errors and Satterthwaite's degrees of freedom.

    References
    ----------
    Callaway & Sant'Anna (2021), Journal of Econometrics 225, p. 200-230, equations 2.1-2.8 and 3.1-3.11. Sant'Anna &
    Zhao (2020), Journal of Econometrics 219, p. 101-122. Rambachan & Roth (2023), Review of Economic Studies 90, p.
    2555-2591. See docs/methods/.

    Examples
    --------
    >>> import si_eval as se
    >>> firms = se.simulate_firms(firms=400, participants=120, years=5, seed=3).frame
    >>> panel = se.panel_from_frame(
    ...     firms, unit="firm", year="year", participant="participant", entry_year="entry_year",
    ...     employed_persons="employed_persons", revenue="revenue",
    ... )
    >>> table = se.estimate_effect(panel, outcome="revenue_per_employee", logarithm=True, covariates=["size_class"])
    >>> rows = table.to_frame().query("statistic == 'att' and category == 'overall'")
    >>> rows[["estimate", "std_error", "n_units"]].round(3).values.tolist()
    [[0.034, 0.021, 58]]
    >>> table.evidence
    'association'
    """
    if against is not None:
        again = partial(
            estimate_effect, outcome=outcome, design=design, method=method, covariates=covariates, controls=controls,
            anticipation=anticipation, years=years, logarithm=logarithm, cluster=cluster,
            earliest_entry=earliest_entry, min_units=min_units, smallest_effect=smallest_effect, level=level, seed=seed,
            match=match, weights=weights, aggregation=aggregation, window=window, balance=balance, by=by, scale=scale,
            share_entered=share_entered,
        )  # fmt: skip
        return cells.compare_against("estimate_effect", panel, against, where, years, again)
    request = check_effect_request(
        panel, outcome=outcome, design=design, method=method, covariates=covariates, controls=controls,
        anticipation=anticipation, where=where, years=years, logarithm=logarithm, cluster=cluster,
        earliest_entry=earliest_entry, min_units=min_units, smallest_effect=smallest_effect, level=level, seed=seed,
        match=match, weights=weights, aggregation=aggregation, window=window, balance=balance, by=by, scale=scale,
        share_entered=share_entered,
    )  # fmt: skip
    matching = matching_of(panel, request, match)
    arrays = arrays_of(panel, request)
    result = _estimate_matched(arrays, request, matching)
    if panel.indicators[request.outcome].weight and request.weights is None:
        noted = [with_note(one, Reason.NOT_WEIGHTED) if one.statistic == ATT else one for one in result.estimates]
        result = replace(result, estimates=noted)
    unit = LOG_POINTS if logarithm else panel.indicators[request.outcome].unit
    source = cells.unit_source(panel)
    estimates = estimate_rows(result, request.level)
    estimates[RESTS_ON] = units_of_estimates(result, arrays, request, source)
    relative = estimates[STATISTIC].isin([ATT_PROPORTIONAL, BACON_SHARE])
    units = pd.Series(np.where(relative, SHARE, unit), index=estimates.index)
    estimates = estimates.assign(**{INDICATOR: request.outcome, GROUP: DIFFERENCE}).assign(**{UNIT_OF_MEASURE: units})
    rows = pd.concat(
        [estimates, count_rows(result, arrays if request.design != TWO_WAY else arrays.without_ended(), source)],
        ignore_index=True,
    )
    rows = rows.assign(**keys_of_filter(rows, request.where), **{RULE_SET: panel.rules.name})
    return ResultTable(
        frame=cells.tidy_frame(rows),
        function="estimate_effect",
        evidence=result.evidence,
        cannot_show=_cannot_show(result),
        rules=panel.rules.name,
        coverage=cells.count_coverage(panel, request.outcome, where=request.where, years=request.years),
        simulation=panel.simulation,
        prices=panel.prices_of(rows[INDICATOR]),
        sources={source.population: source},
    )


def _estimate_matched(arrays: PanelArrays, request: Request, matching: Matching | None) -> DesignResult:
    """Estimate among all units or the matched ones; places of units are those among all."""
    if matching is None:
        return _estimate(arrays, request)
    matched, unmatched = matched_arrays(arrays, matching)
    chosen = np.isin(arrays.ids, matched.ids, assume_unique=True)
    result = _estimate(matched, request)
    estimates = [
        estimate._replace(
            sides=None if estimate.sides is None else placed_sides(estimate.sides, chosen),
            convention=f"{estimate.convention}; match as given" if estimate.convention else "",
        )
        for estimate in result.estimates
    ]
    if request.outcome in matching.covariates:
        estimates = [with_note(one, Reason.OUTCOME_MATCHED_ON) if one.statistic == ATT else one for one in estimates]
    left_out = {reason: placed(units, chosen) for reason, units in result.left_out.items()}
    counted = [one._replace(units=placed(one.units, chosen)) for one in result.counted]
    return replace(result, estimates=estimates, left_out={**unmatched, **left_out}, counted=counted)


def _estimate(arrays: PanelArrays, request: Request) -> DesignResult:
    """Estimate by the design that was asked for."""
    if request.design == TWO_WAY:
        return estimate_two_way(arrays, request.min_units, request.level)
    if request.design == LONG_DIFFERENCE:
        return estimate_long_difference(arrays, request.adjustments, request.min_units, request.level)
    if request.design == TWO_BY_TWO:
        return estimate_two_by_two(
            arrays, method=request.method, controls=request.controls, min_units=request.min_units, level=request.level
        )
    return estimate_by_entry(arrays, request)


def _cannot_show(result: DesignResult) -> str:
    """Say in both languages what the table is called and why, and what it cannot show."""
    term = "called_effect" if result.evidence == "effect" else "not_called_effect"
    unable = CANNOT_SHOW[result.evidence]
    nl, en = (
        f"{label(unable, language)} {label(term, language).format(reason=result.why.text(language))}"
        for language in LANGUAGES
    )
    return bilingual(nl, en)

"""The stage: a panel goes in, estimates of effects come out, with what they assume and what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast, get_args

import pandas as pd

from si_eval import cells, stats
from si_eval.effects.design_result import DesignResult
from si_eval.effects.long_difference import ADJUSTMENTS, estimate_long_difference
from si_eval.effects.panel_arrays import PanelArrays, entry_is_known, read_arrays
from si_eval.effects.staggered import estimate_staggered
from si_eval.effects.two_by_two import Method
from si_eval.errors import StudyError
from si_eval.results import Panel, ResultTable
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    CONF_HIGH,
    CONF_LOW,
    COUNT,
    DIFFERENCE,
    DOF,
    ESTIMATE,
    GROUP,
    INDICATOR,
    LEFT_OUT,
    LOG_POINTS,
    N_UNITS,
    NOTE,
    P_VALUE,
    PARTICIPANTS,
    RECORDS,
    RULE_SET,
    STATISTIC,
    STD_ERROR,
    UNIT_OF_MEASURE,
    YEAR,
    Evidence,
    Reason,
)

Design = Literal["staggered", "long_difference"]
Cluster = Literal["unit", "holding"]
DOUBLY_ROBUST = "dr"
STAGGERED = "staggered"
PRE_TREND_TEST_SIZE = 0.05  # of the test of trends before: the convention of the field
CANNOT_SHOW = {
    "effect": (
        "Trends before participation that look alike do not prove that they would have stayed alike; effects on firms "
        "that do not take part are not in it."
    ),
    "association": (
        "No trend before participation could be compared, or it was not alike: the change may be what participants "
        "would have shown anyway."
    ),
}


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
    cluster: Cluster = "unit",
    min_units: int = 10,
    level: float | None = None,
    seed: int = 0,
) -> ResultTable:
    """Estimate what participation did to an outcome, on the participants.

    ``design`` "staggered" compares, for each year of entry (cohort) and each year, the change since the year before
    entry with that of units that never take part (``controls`` "never") or do not yet ("not_yet"), and averages; it
    needs the year of entry. "long_difference" compares the change between the first and the last of ``years``; it needs
    no year of entry, and can show no trend before. ``covariates`` are panel columns, taken in the year before;
    ``method`` says how they adjust: for "staggered" one of dr, ipw, reg (by default dr), for "long_difference" any of
    `ADJUSTMENTS` (by default all, beside the unadjusted one). ``where`` chooses units by the first year in which the
    panel has them. ``logarithm`` takes logs: estimates are log points. Cohorts with fewer than ``min_units`` in a cell,
    on either side, are in no average: they could otherwise be computed back from it. ``cluster`` "holding" adds up
    influences by enterprise group. Of ``controls``, ``anticipation`` and ``cluster`` a long difference knows nothing.

    Rows of group ``difference``: statistic ``att`` by ``category``; of a staggered design ``overall`` (cohorts weighted
    by their size), ``+1`` (years since entry), ``cohort 2016`` and, with ``year``, the cells. ``att_simultaneous``:
    bounds that hold for all years since entry at once. ``pre_trend``: the Wald statistic and p-value of the hypothesis
    that all effects before entry are zero. ``att_robust`` and ``breakdown``: bounds, and how large a parting of trends
    takes the mean effect since entry to zero. ``minimum_detectable_effect``: what this design could have found (power
    0.8). ``n_units`` is the smaller of the two groups. Rows ``count`` say how many participants are left out, by
    reason. The evidence is ``effect`` only where the trend before was tested and not refused.

    Raises `StudyError` for unknown names and options. What cannot be computed is a row with the reason.

    Source: Callaway & Sant'Anna (2021), Journal of Econometrics 225, p. 200-230; Sant'Anna & Zhao (2020), Journal of
    Econometrics 219, p. 101-122; Rambachan & Roth (2023), Review of Economic Studies 90, p. 2555-2591; docs/methods/.
    """
    for name, given, options in (("design", design, Design), ("cluster", cluster, Cluster)):
        if given not in get_args(options):
            raise StudyError(
                f"{name}: found {given!r}; expected one of {', '.join(get_args(options))}; choose one of these"
            )
    level = panel.rules.level if level is None else level
    arrays = read_arrays(
        panel,
        outcome,
        where=where,
        years=years,
        covariates=covariates,
        logarithm=logarithm,
        with_non_participants=design != STAGGERED or entry_is_known(panel),
    )
    if design == STAGGERED:
        result = estimate_staggered(
            arrays,
            method=_check_method(method),
            controls=controls,
            anticipation=anticipation,
            clusters=arrays.holding if cluster == "holding" else None,
            min_units=min_units,
            level=level,
            seed=seed,
        )
    else:
        wanted = [method] if isinstance(method, str) else list(method or ADJUSTMENTS)
        result = estimate_long_difference(arrays, wanted, min_units)
    evidence: Evidence = "effect" if result.pre_trend_p_value >= PRE_TREND_TEST_SIZE else "association"
    unit = LOG_POINTS if logarithm else panel.indicators[outcome].unit
    estimates = _rows(result, level).assign(**{INDICATOR: outcome, GROUP: DIFFERENCE, UNIT_OF_MEASURE: unit})
    rows = pd.concat([estimates, _left_out(result, arrays)], ignore_index=True)
    rows = rows.assign(**_keys_of_filter(rows, where), **{RULE_SET: panel.rules.name})
    return ResultTable(
        frame=cells.tidy_frame(rows),
        function="estimate_effect",
        evidence=evidence,
        cannot_show=CANNOT_SHOW[evidence],
        rules=panel.rules.name,
        coverage=cells.coverage_of(panel, outcome, where=where, years=years),
        simulation=panel.simulation,
    )


def _check_method(method: str | Sequence[str] | None) -> Method:
    """Give the one method of a staggered design."""
    for known in get_args(Method):
        if method == known or (method is None and known == DOUBLY_ROBUST):
            return cast(Method, known)
    raise StudyError(f"method: found {method!r}; expected one of {', '.join(get_args(Method))}; choose one of these")


def _rows(result: DesignResult, level: float) -> pd.DataFrame:
    """Make a row of each finding; an interval that a finding does not bring follows from its standard error."""
    frame = pd.DataFrame([estimate._asdict() for estimate in result.estimates])
    interval = stats.student_interval(
        frame["estimate"].to_numpy(), frame["std_error"].to_numpy(), frame["dof"].to_numpy(), level
    )
    units = frame[["n_treated", "n_controls"]].min(axis=1)
    return pd.DataFrame(
        {
            STATISTIC: frame["statistic"],
            YEAR: frame["year"],
            CATEGORY: frame["category"],
            ESTIMATE: interval.estimate,
            STD_ERROR: interval.std_error,
            CONF_LOW: frame["low"].fillna(pd.Series(interval.low)),
            CONF_HIGH: frame["high"].fillna(pd.Series(interval.high)),
            P_VALUE: frame["p_value"].fillna(pd.Series(interval.p_value)),
            N_UNITS: units.astype("float64"),
            NOTE: [estimate.reason.note if estimate.reason else "" for estimate in result.estimates],
            DOF: units.sub(1).clip(lower=0).astype("float64"),
        }
    )


def _keys_of_filter(rows: pd.DataFrame, where: cells.Where | None) -> pd.DataFrame:
    """Write the choice of units in the tidy columns; a filter on anything else joins the category."""
    keys = cells.tidy_keys(rows, [], where)
    other = keys[CATEGORY] != ALL
    keys[CATEGORY] = rows[CATEGORY].where(~other, rows[CATEGORY] + " · " + keys[CATEGORY])
    return keys


def _left_out(result: DesignResult, arrays: PanelArrays) -> pd.DataFrame:
    """Count, by reason, the participants that no estimate rests on; a logarithm may also drop single years of firms."""
    counts = [(reason.note, count, PARTICIPANTS, "business units") for reason, count in result.left_out.items()]
    if arrays.n_not_positive:
        counts.append((Reason.NOT_POSITIVE.note, arrays.n_not_positive, ALL, RECORDS))
    rows = pd.DataFrame(counts, columns=[CATEGORY, ESTIMATE, GROUP, UNIT_OF_MEASURE]).astype({ESTIMATE: "float64"})
    return rows.assign(**{INDICATOR: LEFT_OUT, STATISTIC: COUNT, YEAR: ALL, N_UNITS: rows[ESTIMATE], NOTE: ""})

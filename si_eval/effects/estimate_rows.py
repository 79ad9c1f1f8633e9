"""Estimates as tidy rows: with their intervals, the units that they rest on, and counts of who is in none of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from si_eval import cells, stats
from si_eval.effects.design_result import DesignResult
from si_eval.effects.panel_arrays import PanelArrays
from si_eval.effects.requests import Request
from si_eval.results import EstimateUnits
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    CONF_HIGH,
    CONF_LOW,
    COUNT,
    DOF,
    ESTIMATE,
    GROUP,
    INDICATOR,
    LEFT_OUT,
    N_UNITS,
    NOTE,
    P_VALUE,
    PARTICIPANTS,
    PARTICIPATION_ENDED,
    RECORDS,
    RESTS_ON,
    SE_CONVENTION,
    STATISTIC,
    STD_ERROR,
    UNIT_OF_MEASURE,
    YEAR,
    Reason,
)

UNITS = "business units"


def estimate_rows(result: DesignResult, level: float) -> pd.DataFrame:
    """Make a row of each estimate; an interval that an estimate does not bring follows from its error and t."""
    frame = pd.DataFrame([estimate._asdict() for estimate in result.estimates])
    error = frame["corrected_error"].fillna(frame["std_error"])
    interval = stats.student_interval(frame["estimate"].to_numpy(), error.to_numpy(), frame["dof"].to_numpy(), level)
    units = frame[["n_treated", "n_controls"]].min(axis=1)
    dof = frame["dof"].where(np.isfinite(frame["dof"]) & frame["std_error"].notna(), units.sub(1).clip(lower=0))
    return pd.DataFrame(
        {
            STATISTIC: frame["statistic"],
            YEAR: frame["year"],
            CATEGORY: frame["category"],
            ESTIMATE: interval.estimate,
            STD_ERROR: frame["std_error"],
            CONF_LOW: frame["low"].fillna(pd.Series(interval.low)),
            CONF_HIGH: frame["high"].fillna(pd.Series(interval.high)),
            P_VALUE: frame["p_value"].fillna(pd.Series(interval.p_value)),
            N_UNITS: units.astype("float64"),
            NOTE: [estimate.reason.note if estimate.reason else estimate.note for estimate in result.estimates],
            DOF: dof.astype("float64"),
            SE_CONVENTION: frame["convention"],
        }
    )


def units_of_estimates(
    result: DesignResult, arrays: PanelArrays, request: Request, source: cells.PanelUnits
) -> pd.Series:
    """Return the units behind each estimate, with what is estimated of them: the outcome, and who is compared when."""
    outcome = f"log {request.outcome}" if request.logarithm else request.outcome
    ids = source.lasting_ids(arrays.ids)
    known: dict[tuple[str, bytes], EstimateUnits] = {}
    rows: list[tuple[EstimateUnits, ...]] = []
    for estimate in result.estimates:
        if estimate.sides is None:
            rows.append(())
            continue
        compared = [f"{cohort}: {period} - {base}" for cohort, period, base in sorted(estimate.comparisons)]
        what = f"{outcome}, {', '.join(compared)}"
        key = what, estimate.sides.tobytes()
        if key not in known:
            known[key] = EstimateUnits.among(source, what, ids, estimate.sides)
        rows.append((known[key],))
    return pd.Series(rows, dtype=object)


def keys_of_filter(rows: pd.DataFrame, where: cells.Where | None) -> pd.DataFrame:
    """Write the choice of units in the tidy columns; a filter on anything else joins the category."""
    keys = cells.label_cells(rows, [], where)
    other = keys[CATEGORY] != ALL
    keys[CATEGORY] = rows[CATEGORY].where(~other, rows[CATEGORY] + " · " + keys[CATEGORY])
    return keys


def count_rows(result: DesignResult, arrays: PanelArrays, source: cells.PanelUnits) -> pd.DataFrame:
    """Count, by reason, the participants that no estimate rests on, and those that stop taking part.

    A logarithm may also drop single years of firms.
    """
    nobody = arrays.ids[:0]
    counts: list[tuple[str, str, int, str, str, tuple[EstimateUnits, ...]]] = [
        (LEFT_OUT, reason.note, int(units.sum()), PARTICIPANTS, UNITS,
         (EstimateUnits.of(source, f"{LEFT_OUT}: {reason}", source.lasting_ids(arrays.ids[units]), nobody),))
        for reason, units in result.left_out.items()
    ]  # fmt: skip
    for one in result.counted:
        ids = source.lasting_ids(arrays.ids[one.units])
        sides = (ids, nobody) if one.group == PARTICIPANTS else (nobody, ids)
        units = EstimateUnits.of(source, f"{one.indicator}: {one.category}", *sides)
        counts.append((one.indicator, one.category, int(one.number), one.group, UNITS, (units,)))
    if arrays.n_not_positive:
        counts.append((LEFT_OUT, Reason.NOT_POSITIVE.note, arrays.n_not_positive, ALL, RECORDS, ()))
    if len(arrays.ended):
        ended = EstimateUnits.of(source, PARTICIPATION_ENDED, source.lasting_ids(arrays.ended), nobody)
        reason = Reason.STOPPED_TAKING_PART.note
        counts.append((PARTICIPATION_ENDED, reason, len(arrays.ended), PARTICIPANTS, UNITS, (ended,)))
    rows = pd.DataFrame(counts, columns=[INDICATOR, CATEGORY, ESTIMATE, GROUP, UNIT_OF_MEASURE, RESTS_ON])
    rows = rows.astype({ESTIMATE: "float64"})
    same = {STATISTIC: COUNT, YEAR: ALL, NOTE: ""}
    return rows.assign(**same).assign(**{N_UNITS: rows[ESTIMATE]})

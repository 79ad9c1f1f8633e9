"""Amounts become tidy rows: a value, or the two ends of what the sources tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from si_eval.programme.efficiency.costs import EURO
from si_eval.results import ResultTable
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    ESTIMATE,
    EXHIBIT,
    GROUP,
    INDICATOR,
    NOTE,
    NUMBERS,
    RULE_SET,
    SECTOR,
    SIZE_CLASS,
    STATISTIC,
    SUM,
    TIDY,
    UNIT_OF_MEASURE,
    YEAR,
)  # fmt: skip

AS_PUBLISHED = "as_published"
LOW, HIGH = "_low", "_high"
RANGE_NOTE = "lower and upper end of what the sources tell"
NO_YEAR = "the source does not say in which year"


def total_rows(indicator: str, part: pd.DataFrame, at: Mapping[str, object], note: str) -> list[dict[str, object]]:
    """Give the total of some costs, with the ends of its range."""
    low, high, value = part["low"].sum(), part["high"].sum(), part["value"].sum()
    return range_rows(indicator, low, high, {**at, NOTE: note}, EURO, middle=value)


def range_rows(
    indicator: str, low: float, high: float, at: Mapping[str, object], unit: str, *, middle: float | None = None
) -> list[dict[str, object]]:
    """Give one row where both ends are the same, else rows for the ends and, where it is told, the value between."""
    if np.isclose(low, high):
        return [amount_row(indicator, high if middle is None else middle, at, unit)]
    note = at.get(NOTE) or RANGE_NOTE
    rows = [] if middle is None else [amount_row(indicator, middle, at, unit)]
    return [
        *rows,
        *(amount_row(indicator + end, value, {**at, NOTE: note}, unit) for end, value in ((LOW, low), (HIGH, high))),
    ]


def amount_row(indicator: str, value: float, at: Mapping[str, object], unit: str = EURO) -> dict[str, object]:
    """Give one amount."""
    return {INDICATOR: indicator, STATISTIC: SUM, ESTIMATE: float(value), UNIT_OF_MEASURE: unit, **at}


def cost_table(rows: Sequence[Mapping[str, object]], function: str, cannot_show: str) -> ResultTable:
    """Make a result of numbers that were public before; what a row leaves out is not split."""
    frame = pd.DataFrame([dict(row) for row in rows], columns=list(TIDY))
    for column in (EXHIBIT, UNIT_OF_MEASURE, NOTE):
        frame[column] = frame[column].astype(object).where(frame[column].notna(), "")
    for column in (GROUP, SIZE_CLASS, SECTOR, CATEGORY):
        frame[column] = frame[column].astype(object).where(frame[column].notna(), ALL)
    for column in NUMBERS:
        frame[column] = frame[column].astype("float64")
    frame[YEAR] = frame[YEAR].astype("Int64")
    frame[RULE_SET] = AS_PUBLISHED
    frame.loc[frame[ESTIMATE].isna() & (frame[NOTE] == ""), NOTE] = "no amount told"
    return ResultTable(
        frame=frame,
        function=function,
        evidence="goal_attainment",
        cannot_show=cannot_show,
        rules=AS_PUBLISHED,
        public=True,
    )

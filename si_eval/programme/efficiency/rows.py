"""Amounts as tidy rows: a value, or the two ends of the range that the sources give."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from si_eval.programme.rows import TidyRow, public_table
from si_eval.results import ResultTable
from si_eval.vocabulary import ESTIMATE, INDICATOR, NOTE, STATISTIC, SUM, UNIT_OF_MEASURE, Reason

LOW, HIGH = "_low", "_high"
RANGE_NOTE = "lower and upper end of what the sources tell"


def add_up(amounts: pd.Series) -> float:
    """Add up the amounts that are known, to the nearest double: in any order the same."""
    return math.fsum(amounts.dropna())


def total_rows(indicator: str, costs: pd.DataFrame, keys: TidyRow, note: str, currency: str) -> list[TidyRow]:
    """Add up the value of some costs and the ends of its range."""
    low, high, value = add_up(costs["low"]), add_up(costs["high"]), add_up(costs["value"])
    return range_rows(indicator, low, high, {**keys, NOTE: note}, currency, middle=value)


def range_rows(
    indicator: str, low: float, high: float, keys: TidyRow, unit: str, *, middle: float | None = None
) -> list[TidyRow]:
    """Make one row where both ends are equal, else a row for each end and, where it is known, one for the value."""
    if np.isclose(low, high):
        return [amount_row(indicator, high if middle is None else middle, keys, unit)]
    ends: TidyRow = {**keys, NOTE: keys.get(NOTE) or RANGE_NOTE}
    rows = [] if middle is None else [amount_row(indicator, middle, keys, unit)]
    return [*rows, amount_row(indicator + LOW, low, ends, unit), amount_row(indicator + HIGH, high, ends, unit)]


def amount_row(indicator: str, value: float, keys: TidyRow, unit: str) -> TidyRow:
    """Make the row of one amount; ``keys`` may replace the statistic and the unit."""
    return {INDICATOR: indicator, STATISTIC: SUM, ESTIMATE: float(value), UNIT_OF_MEASURE: unit, **keys}


def cost_table(rows: Sequence[TidyRow], function: str, cannot_show: str) -> ResultTable:
    """Make the public result of rows of costs."""
    return public_table(rows, function, cannot_show, missing=Reason.AMOUNT_UNKNOWN)

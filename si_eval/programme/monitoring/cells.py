"""The cells of the store: the row that is used where a cell is given more than once, and its tidy row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from si_eval.programme.monitoring.store import TOTAL, KpiStore
from si_eval.programme.rows import TidyRow
from si_eval.registry import named_currency
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    COUNT,
    ESTIMATE,
    INDICATOR,
    MEAN,
    N_UNITS,
    NOTE,
    SHARE,
    STATISTIC,
    SUM,
    UNIT_OF_MEASURE,
    YEAR,
    Reason,
)

CANNOT_SHOW = "A monitor counts what happened around the programme, not what the programme brought about."


def split_cells(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Split rows of the store into cells: one indicator, category, year, period and unit each."""
    keys = ["indicator", "category", "year", "period", "unit"]
    return [cell for _, cell in frame.groupby(keys, sort=False, dropna=False)]


def preferred_row(cell: pd.DataFrame) -> pd.Series:
    """Choose the row of a cell: printed before missing, table before text, plain before hedged, then by id."""
    if len(cell) == 1:
        return cell.iloc[0]
    rank = (
        4 * cell["value"].isna().astype(int)
        + 2 * ~cell["table"].str.contains(r"\btable\b", case=False).astype(bool)
        + ~cell["precision"].isin(["exact", ""]).astype(bool)
    )
    return cell.iloc[int(np.argmin(rank.to_numpy()))]


def tidy_row(store: KpiStore, row: pd.Series, *, statistic: str, estimate: float, unit: str, note: str) -> TidyRow:
    """Make one tidy row of a row of the store and the number computed from it."""
    category = ALL if row["category"] == TOTAL else row["category"]
    if store.broken(row["indicator"]) and row["definition"]:
        category = row["definition"] if category == ALL else f"{category}, {row['definition']}"
    if dated(row):
        category = row["period"] if category == ALL else f"{category}, {row['period']}"
    return {
        INDICATOR: row["indicator"],
        STATISTIC: statistic,
        YEAR: row["year"],
        CATEGORY: category,
        ESTIMATE: estimate,
        N_UNITS: row["n_projects"],
        UNIT_OF_MEASURE: unit,
        NOTE: note,
    }


def dated(row: pd.Series) -> bool:
    """Whether the period of a row begins with a date, so that it stands in the category."""
    return str(row.get("period", ""))[:1].isdigit()


def statistic_of(row: pd.Series) -> str:
    """Derive the statistic of a row from its unit and the name of its indicator."""
    if row["unit"] == SHARE:
        return SHARE
    if MEAN in str(row["indicator"]).split("_"):
        return MEAN
    return SUM if named_currency(str(row["unit"])) else COUNT


def why_no_value(row: pd.Series) -> str:
    """Return the reason why a row has no value, in both languages; nothing where it has one."""
    return "" if pd.notna(row["value"]) else Reason.NO_VALUE.note.format(precision=row["precision"])

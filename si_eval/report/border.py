"""The public border seen from the report: only a SafeTable comes in, and a withheld row brings no number."""

from __future__ import annotations

from typing import Any

import pandas as pd

from si_eval.errors import DisclosureError
from si_eval.results import SafeTable
from si_eval.vocabulary import (
    ALL,
    ESTIMATE,
    INDICATOR,
    MERGED,
    N_TOTAL,
    NOTE,
    NUMBERS,
    SHOWN,
    STATISTIC,
    STATUS,
    SUPPRESSED,
    UNIT_OF_MEASURE,
)

from .specification import DIMENSIONS

STATE = "state"
ASSUMED = "assumed"
NUMBER, WITHHELD, UNKNOWN = "number", "withheld", "unknown"


def require_safe(table: Any) -> SafeTable:
    """Give the table back if it crossed the public border, and refuse everything else."""
    if not isinstance(table, SafeTable):
        raise DisclosureError(
            f"report: found {type(table).__name__}; expected SafeTable; call se.protect([table]) first and report what "
            "it returns"
        )
    return table


def safe_rows(table: Any) -> pd.DataFrame:
    """Give the rows of a SafeTable for display: dimensions as text, and what can be said of each number.

    Adds ``state``: ``number``, ``withheld`` or ``unknown`` (it could not be computed; ``note`` says why), and
    ``assumed``. Raises DisclosureError where a suppressed row still carries its estimate.
    """
    frame = require_safe(table).to_frame()
    _check_statuses(frame)
    rows = pd.DataFrame({name: _as_text(frame, name) for name in DIMENSIONS}, index=frame.index)
    for name in (*NUMBERS, N_TOTAL):
        rows[name] = pd.to_numeric(frame[name], errors="coerce").astype(float) if name in frame else float("nan")
    for name in (UNIT_OF_MEASURE, NOTE):
        rows[name] = frame[name].astype(object).where(frame[name].notna(), "").astype(str) if name in frame else ""
    rows[STATUS] = frame[STATUS].astype(str)
    withheld = (rows[STATUS] == SUPPRESSED) | ((rows[STATUS] == MERGED) & rows[ESTIMATE].isna())
    if bool((withheld & rows[ESTIMATE].notna()).any()):
        count = int((withheld & rows[ESTIMATE].notna()).sum())
        raise DisclosureError(
            f"report: found {count} suppressed rows that still carry an estimate; expected none; this is a defect of "
            "the protection: do not report this table"
        )
    rows.loc[withheld, [*NUMBERS, N_TOTAL]] = float("nan")
    rows[STATE] = NUMBER
    rows.loc[rows[ESTIMATE].isna(), STATE] = UNKNOWN
    rows.loc[withheld, STATE] = WITHHELD
    rows[ASSUMED] = rows[NOTE].str.contains("assumed", case=False) & (rows[STATE] == NUMBER)
    return rows.reset_index(drop=True)


def _check_statuses(frame: pd.DataFrame) -> None:
    if STATUS not in frame:
        raise DisclosureError("report: found a table without `status`; expected one from `protect`; do not report it")
    unknown = sorted(set(frame[STATUS].astype(str)) - {SHOWN, SUPPRESSED, MERGED})
    if unknown:
        raise DisclosureError(
            f"report: found status {', '.join(unknown)}; expected {SHOWN}, {SUPPRESSED} or {MERGED}; do not report it"
        )


def _as_text(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        return pd.Series(ALL if name not in (INDICATOR, STATISTIC) else "", index=frame.index, dtype=object)
    return pd.Series([_text(value) for value in frame[name]], index=frame.index, dtype=object)


def _text(value: Any) -> str:
    if value is None or pd.isna(value) or value == "":
        return ALL
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)

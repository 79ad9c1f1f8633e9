"""The public border seen from the report: only a SafeTable comes in, and a withheld row brings no number."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from si_eval.errors import DisclosureError
from si_eval.report.specification import DIMENSIONS
from si_eval.results import SafeTable, require_safe
from si_eval.results.prices import row_prices
from si_eval.stats import FloatArray
from si_eval.vocabulary import (
    ALL,
    BESIDE,
    ESTIMATE,
    INDICATOR,
    MERGED,
    NOTE,
    NUMBERS,
    SHOWN,
    STATISTIC,
    STATUS,
    SUPPRESSED,
    UNIT_OF_MEASURE,
)

__all__ = ["ASSUMED", "NUMBER", "PRICES", "STATE", "UNKNOWN", "WITHHELD", "Texts", "require_safe", "safe_rows"]

STATE, PRICES = "state", "prices"
ASSUMED = "assumed"
NUMBER, WITHHELD, UNKNOWN = "number", "withheld", "unknown"
MAX_READ = 16  # tables whose rows are kept
Texts: TypeAlias = npt.NDArray[np.object_]


def safe_rows(table: Any) -> pd.DataFrame:
    """Return the rows of a SafeTable for display: dimensions as text, and what can be said of each number.

    Adds ``state``: ``number``, ``withheld`` or ``unknown`` (it could not be computed; ``note`` says why), and
    ``assumed``. Raises DisclosureError where a suppressed row still carries its estimate.
    """
    return _read_rows(require_safe(table)).copy()


@lru_cache(maxsize=MAX_READ)
def _read_rows(table: SafeTable) -> pd.DataFrame:
    """Read the rows of a table, which is asked for them several times for one figure."""
    frame = table.to_frame()
    _check_statuses(frame)
    status = frame[STATUS].astype(str).to_numpy(dtype=object)
    numbers = {name: _as_numbers(frame, name) for name in (*NUMBERS, *BESIDE)}
    empty = np.isnan(numbers[ESTIMATE])
    withheld = (status == SUPPRESSED) | ((status == MERGED) & empty)
    if (withheld & ~empty).any():
        raise DisclosureError(
            f"report: found {int((withheld & ~empty).sum())} suppressed rows that still carry an estimate; expected "
            "none; this is a defect of the protection: do not report this table"
        )
    state = np.select([withheld, empty], [WITHHELD, UNKNOWN], NUMBER).astype(object)
    note = _as_words(frame, NOTE)
    assumed = np.array(["assumed" in text.lower() for text in note], dtype=bool)
    return pd.DataFrame(
        {
            **{name: pd.Series(_as_text(frame, name), dtype=object) for name in DIMENSIONS},
            **{name: np.where(withheld, np.nan, values) for name, values in numbers.items()},
            UNIT_OF_MEASURE: _as_words(frame, UNIT_OF_MEASURE),
            NOTE: note,
            PRICES: row_prices(frame, table.prices).to_numpy(dtype=object),
            STATUS: status,
            STATE: state,
            ASSUMED: assumed & (state == NUMBER),
        }
    )


def _check_statuses(frame: pd.DataFrame) -> None:
    if STATUS not in frame:
        raise DisclosureError("report: found a table without `status`; expected one from `protect`; do not report it")
    unknown = sorted(set(frame[STATUS].astype(str)) - {SHOWN, SUPPRESSED, MERGED})
    if unknown:
        raise DisclosureError(
            f"report: found status {', '.join(unknown)}; expected {SHOWN}, {SUPPRESSED} or {MERGED}; do not report it"
        )


def _as_numbers(frame: pd.DataFrame, name: str) -> FloatArray:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _as_words(frame: pd.DataFrame, name: str) -> Texts:
    """Return the texts of a column, shape (N,), empty where there is none."""
    texts = [] if name not in frame else ["" if pd.isna(value) else str(value) for value in frame[name]]
    return np.array(texts or [""] * len(frame), dtype=object)


def _as_text(frame: pd.DataFrame, name: str) -> Texts:
    """Return the values of a dimension as texts, shape (N,)."""
    if name not in frame:
        return np.full(len(frame), ALL if name not in (INDICATOR, STATISTIC) else "", dtype=object)
    values = list(frame[name])
    texts = {value: _text(value) for value in values}
    return np.array([texts[value] for value in values], dtype=object)


def _text(value: Any) -> str:
    if value is None or pd.isna(value) or value == "":
        return ALL
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)

"""Quarters and their year written as one, such as 2016Q1 or K1-2016: in two columns, as other tables have them."""

from __future__ import annotations

import pandas as pd

from si_eval.vocabulary import YEAR

QUARTER = "quarter"
WRITTEN = (
    r"^\s*(?P<year>(?:19|20)\d{2})[-/ ]?[QKT]\s?(?P<quarter>[1-4])\s*$",
    r"^\s*[QKT]\s?(?P<quarter>[1-4])[-/ ]?(?P<year>(?:19|20)\d{2})\s*$",
)


def split_quarters(frame: pd.DataFrame) -> pd.DataFrame:
    """Split a year that is written with its quarter, where every row has one; other tables stay as they are."""
    if YEAR not in frame or QUARTER in frame:
        return frame
    texts = frame[YEAR].astype("string").str.upper()
    for pattern in WRITTEN:
        parts = texts.str.extract(pattern)
        if len(parts) and parts.notna().all(axis=None):
            return frame.assign(**{name: parts[name].astype("int64") for name in (YEAR, QUARTER)})
    return frame

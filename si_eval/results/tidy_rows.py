"""Tidy rows as a reader gets them: counts as whole numbers, notes and categories in one language."""

from __future__ import annotations

import pandas as pd

from si_eval.vocabulary import CATEGORY, N_TOTAL, N_UNITS, NOTE, Labels, Language, translate


def read_in_language(frame: pd.DataFrame, language: Language | None, labels: Labels) -> pd.DataFrame:
    """Return notes and categories of tidy rows in one language; without one they stay as they are."""
    if language is None:
        return frame
    for column in (CATEGORY, NOTE):
        if column in frame:
            texts = {text: translate(text, language, labels) for text in frame[column].dropna().unique()}
            frame[column] = frame[column].map(texts)
    return frame


def with_whole_counts(frame: pd.DataFrame) -> pd.DataFrame:
    """Copy a tidy frame with its counts as nullable integers, where every count is whole."""
    frame = frame.copy()
    for column in (N_UNITS, N_TOTAL):
        if column in frame:
            counts = pd.to_numeric(frame[column]).astype("Float64")
            whole = counts.dropna()
            frame[column] = counts.astype("Int64") if (whole == whole.round()).all() else counts
    return frame

"""Tidy rows as a reader gets them: counts as whole numbers, notes and categories in one language."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from si_eval.vocabulary import (
    BOTH_LANGUAGES,
    CATEGORY,
    DUTCH,
    LANGUAGES,
    N_TOTAL,
    N_UNITS,
    NOTE,
    Labels,
    Language,
    label,
    translate,
)


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


def in_languages(frame: pd.DataFrame, languages: Sequence[Language], labels: Labels) -> pd.DataFrame:
    """Return rows as a file has them: texts in both languages where a study has both, else in its first one alone."""
    if set(LANGUAGES) <= set(languages):
        return frame
    frame = frame.drop(columns=[name for name in frame if DUTCH not in languages and str(name).endswith(f"_{DUTCH}")])
    for column in frame.select_dtypes(["object", "string"]):
        both = [text for text in frame[column].dropna().unique() if BOTH_LANGUAGES in str(text)]
        texts = {text: label(text, languages[0], labels) for text in both}
        frame[column] = frame[column].replace(texts) if texts else frame[column]
    return frame

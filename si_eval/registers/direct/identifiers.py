"""Identifiers of units as texts, alike in all tables, and those that are written unlike the others."""

from __future__ import annotations

import string
import unicodedata
from collections import Counter

import pandas as pd

from si_eval.text_input import is_missing_word, unwrap_text

SHAPE = str.maketrans(dict.fromkeys(string.digits, "9") | dict.fromkeys(string.ascii_letters, "A"))
ALIKE, FEWEST = 0.95, 20  # a part of the identifiers of a table, and how many, that show how they are written
SHOWN = 3


def as_texts(column: pd.Series, texts: dict[object, str | None]) -> pd.Series:
    """Write identifiers as texts: whole numbers in digits, texts in one form of each letter without blanks around."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.astype("Int64").astype("string")
    places, values = pd.factorize(column)
    for value in values:
        if value not in texts:
            texts[value] = _as_text(value)
    known = pd.array([*(texts[value] for value in values), None], dtype="string")
    return pd.Series(known[places], index=column.index)


def remark_on_shapes(name: str, identifiers: pd.Series) -> list[str]:
    """Remark on identifiers that are written unlike nearly all others: placeholders, slips, other numbers.

    What is told is their shape, 9 for a digit and A for a letter, never one of them.
    """
    texts = [str(text) for text in identifiers.dropna().unique()]
    shapes = Counter(text.translate(SHAPE) for text in texts)
    if len(texts) < FEWEST:
        return []
    (usual, count), *_ = shapes.most_common(1)
    if count < ALIKE * len(texts):
        return []
    others = [text for text in texts if text.translate(SHAPE) != usual]
    if usual.strip("9") == "" and not any(text.startswith("0") and len(text) == len(usual) for text in texts):
        others = [text for text in others if not text.isdigit() or not text.strip("0")]  # numbers of any length
    if not others:
        return []
    shown = ", ".join(repr(shape) for shape in sorted({text.translate(SHAPE) for text in others})[:SHOWN])
    return [f"{name}: {len(others)} of {len(texts)} identifiers are not written as {usual!r} but as {shown}"]


def _as_text(value: object) -> str | None:
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    text = " ".join(unicodedata.normalize("NFKC", unwrap_text(text)).split())
    if not text.isascii():  # what is not seen is no part of an identifier
        text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    return None if not text or is_missing_word(text) else text

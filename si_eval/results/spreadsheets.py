"""Tables as CSV that a spreadsheet opens as they are: no text in them is taken for a formula.

A text that a spreadsheet would compute gets an apostrophe before it, in cells and in names of columns; `restore_text`
takes it away again. Numbers stay numbers, negative ones too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

MARK = "'"
# A part begins a text or follows what separates cells elsewhere: a semicolon, a tab, a line end.
_SEPARATOR = re.compile(r"([;\t\r\n])")
_BLANK_START = re.compile(rf"{MARK}*[\t\r\n]")
# What a spreadsheet may skip before it looks for a formula: spaces of any kind, quotes, invisible marks. Then the
# first character of a formula, also in the wide and small forms of East Asia.
_FORMULA = re.compile(
    "[\\s\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\0-\x1f]*"
    "[=+\\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b]"
)
_NUMBER = re.compile(rf"{MARK}*\s*[+\-](?:\d[\d.,\u00a0\u202f]*|[.,]\d+)(?:[eE][+\-]?\d+)?\s?%?\s*")


def escape_text(text: str) -> str:
    """Return a text with an apostrophe before each part that a spreadsheet would take for a formula."""
    start = MARK if _BLANK_START.match(text) else ""
    return start + "".join(f"{MARK}{part}" if _is_formula(part) else part for part in _SEPARATOR.split(text))


def restore_text(text: str) -> str:
    """Return the text that `escape_text` was given."""
    if text.startswith(MARK) and _BLANK_START.match(text):
        text = text.removeprefix(MARK)
    return "".join(part[1:] if part[:1] == MARK and _is_formula(part) else part for part in _SEPARATOR.split(text))


def write_csv(frame: pd.DataFrame, path: Path | None = None, **settings: Any) -> bytes:
    """Write a table without its index as CSV in UTF-8, with no formula in it; return the bytes.

    ``settings`` are those of `DataFrame.to_csv`.
    """
    content: bytes = escape_frame(frame).to_csv(index=False, **settings).encode("utf-8")
    if path is not None:
        path.write_bytes(content)
    return content


def escape_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts and names of columns are as `escape_text` writes them."""
    return _map_texts(frame, escape_text)


def restore_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table that `escape_frame` was given."""
    return _map_texts(frame, restore_text)


def _is_formula(part: str) -> bool:
    """Whether a spreadsheet may take a text for a formula; apostrophes before it change nothing."""
    return _FORMULA.match(part) is not None and _NUMBER.fullmatch(part) is None


def _map_texts(frame: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """Change the texts of a table, and leave every column without a changed text as it is."""
    result = frame.copy(deep=False)
    for place, dtype in enumerate(frame.dtypes):
        if pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype):
            continue
        column = frame.iloc[:, place]
        texts = {value: change(value) for value in column.unique() if isinstance(value, str)}
        if any(value != changed for value, changed in texts.items()):
            values = [texts[value] if isinstance(value, str) else value for value in column]
            result.isetitem(place, np.array(values, dtype=object))
    result.columns = pd.Index([change(name) if isinstance(name, str) else name for name in frame.columns])
    return result

"""A CSV file of facts as text: its columns as numbers, and what is wrong with columns and rows."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from si_eval.errors import Problem, StudyError

MIN_SIMILARITY = 0.6
Fault: TypeAlias = tuple[str, pd.Series, str, str, str]  # column, which rows, found, expected, what to do


def read_table(path: Path, what: str) -> pd.DataFrame:
    """Read a CSV file as text, a missing value as an empty one; raises `StudyError` where it is not there."""
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise StudyError(f"{what}: found no file {path.name}; expected a CSV file; check the path") from error


def numbers(frame: pd.DataFrame, column: str) -> pd.Series:
    """Convert a column to numbers; what is no number is missing."""
    text = frame[column] if column in frame else pd.Series("", index=frame.index)
    return pd.to_numeric(text.where(text != ""), errors="coerce").astype("float64")


def column_problems(
    frame: pd.DataFrame, where: str, *, needed: Sequence[str], known: Sequence[str]
) -> Iterator[Problem]:
    """List the columns that are missing, and the unknown ones with the nearest known name."""
    for column in needed:
        if column in frame:
            continue
        yield Problem(where, "no such column", f"the columns {', '.join(needed)}", "add it", column=column)
    for column in (name for name in map(str, frame) if name not in known):
        near = difflib.get_close_matches(column, known, n=1, cutoff=MIN_SIMILARITY)
        action = f"did you mean `{near[0]}`?" if near else "remove it"
        yield Problem(where, "an unknown column", f"one of {', '.join(known)}", action, column=column)


def fault_problems(frame: pd.DataFrame, where: str, faults: Sequence[Fault]) -> Iterator[Problem]:
    """Make one problem for each kind of fault, with the ids of the rows that have it."""
    for column, wrong, found, expected, action in faults:
        ids = frame.loc[wrong, "id"].tolist()
        if ids:
            yield Problem(where, found, expected, action, column=column, count=len(ids), examples=tuple(ids[:3]))

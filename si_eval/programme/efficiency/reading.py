"""What the readers of costs and of numbers of firms share: a CSV file as text, and its columns."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from si_eval.errors import Problem, StudyError

PROPOSAL_LIKENESS = 0.6
Fault: TypeAlias = tuple[str, pd.Series, str, str, str]  # column, which rows, found, expected, what to do


def read_table(path: Path, what: str) -> pd.DataFrame:
    """Read a CSV file as text, nothing as an empty text; raises `StudyError` where it is not there."""
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise StudyError(f"{what}: found no file {path.name}; expected a CSV file; check the path") from error


def numbers(frame: pd.DataFrame, column: str) -> pd.Series:
    """Give a column as numbers; what is no number is missing."""
    text = frame[column] if column in frame else pd.Series("", index=frame.index)
    return pd.to_numeric(text.replace("", np.nan), errors="coerce").astype("float64")


def column_problems(
    frame: pd.DataFrame, where: str, *, needed: Sequence[str], known: Sequence[str]
) -> Iterator[Problem]:
    """List the columns that are not there, and those that nobody knows with the nearest known name."""
    for column in (column for column in needed if column not in frame):
        yield Problem(where, "no such column", f"the columns {', '.join(needed)}", "add it", column=column)
    for column in (column for column in frame if column not in known):
        near = difflib.get_close_matches(column, known, n=1, cutoff=PROPOSAL_LIKENESS)
        action = f"did you mean `{near[0]}`?" if near else "remove it"
        yield Problem(where, "an unknown column", f"one of {', '.join(known)}", action, column=column)


def fault_problems(frame: pd.DataFrame, where: str, faults: Sequence[Fault]) -> Iterator[Problem]:
    """Give one problem a kind of fault, with the ids of the rows that have it."""
    for column, wrong, found, expected, action in faults:
        ids = frame.loc[wrong, "id"].tolist()
        if ids:
            yield Problem(where, found, expected, action, column=column, count=len(ids), examples=tuple(ids[:3]))

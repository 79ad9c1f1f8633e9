"""How many firms sources tell of, where no register counts them: each number with its source, and whether it counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from si_eval.errors import InputError, Problem, StudyError
from si_eval.programme.efficiency.reading import column_problems, fault_problems, numbers, read_table

TEXT_COLUMNS = ("id", "key", "nl", "en", "precision", "counts", "reason", "source", "section", "note")
NUMBER_COLUMNS = ("value", "line")
NEEDED = ("id", "key", "value", "counts", "source")


@dataclass(frozen=True)
class Firms:
    """Numbers of firms, one row for each time that a source tells one."""

    frame: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Give the numbers: id, key, value, whether it counts and why not, source and line."""
        return self.frame.copy()

    def range_of(self, key: str) -> tuple[float, float]:
        """Give the lowest and the highest number that counts; raises `StudyError` for a key that none counts of."""
        counted = self.frame[self.frame["counts"] == "yes"]
        values = counted.loc[counted["key"] == key, "value"]
        if values.empty:
            known = ", ".join(sorted(set(counted["key"])))
            raise StudyError(f"key: found {key!r}; expected one of {known}; name one, or add its number to the file")
        return float(values.min()), float(values.max())

    def summary(self) -> str:
        """Say in a line how many numbers count."""
        return f"Firms: {len(self.frame)} numbers, {int((self.frame['counts'] == 'yes').sum())} count"


def load_firms(path: str | Path) -> Firms:
    """Read from CSV how many firms sources tell of.

    Raises `InputError` with every problem at once: missing or unknown columns, ids twice, a number that is not above 0,
    a row that does not count without a reason, a row without a source.
    """
    path = Path(path)
    frame = read_table(path, "firms")
    problems = list(column_problems(frame, path.name, needed=NEEDED, known=(*TEXT_COLUMNS, *NUMBER_COLUMNS)))
    problems = problems or list(_row_problems(frame, path.name))
    if problems:
        raise InputError(problems, what=f"the firms file {path.name}")
    for column in NUMBER_COLUMNS:
        frame[column] = numbers(frame, column)
    return Firms(frame)


def _row_problems(frame: pd.DataFrame, where: str) -> Iterator[Problem]:
    reason = frame.get("reason", pd.Series("", index=frame.index))
    faults = [
        ("id", frame["id"].duplicated(), "an id twice", "each id once", "rename it"),
        ("value", ~(numbers(frame, "value") > 0), "no number above 0", "a number of firms", "correct it"),
        ("counts", ~frame["counts"].isin(["yes", "no"]), "an unknown word", "one of yes, no", "correct it"),
        ("reason", (frame["counts"] == "no") & (reason == ""), "no reason", "why the row does not count", "add it"),
        ("source", frame["source"] == "", "no source", "who tells it", "add it"),
    ]
    yield from fault_problems(frame, where, faults)

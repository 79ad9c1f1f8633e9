"""Numbers of firms that sources give where no register counts them: each with its source, and whether it counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from si_eval.errors import InputError, Problem, StudyError
from si_eval.frozen import keep_frames
from si_eval.text_input.small_tables import (
    SmallTable,
    fault_problems,
    gap_problems,
    name_problems,
    read_numbers,
    read_small_table,
    sort_by_id,
)

TEXT_COLUMNS = ("id", "key", "nl", "en", "precision", "counts", "reason", "source", "section", "note")
NUMBER_COLUMNS = ("value", "line")
NEEDED = ("id", "key", "value", "counts", "source")


@keep_frames("frame")
@dataclass(frozen=True)
class Firms:
    r"""Numbers of firms that sources give: a number that is given twice has two rows.

    Read them with `load_firms`.

    Attributes
    ----------
    frame : DataFrame
        One row a printed number: ``id, key, nl, en`` (what is counted), ``value`` (firms), ``precision``, ``counts``
        (yes or no), ``reason`` (why it does not count), ``source, section, line, note``.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.efficiency import load_firms
    >>> path = Path("numbers_of_firms.csv")
    >>> _ = path.write_text("id,key,value,counts,source\n1,firm,600,yes,A\n2,firm,630,yes,B\n")
    >>> load_firms(path).range_of("firm")
    (600.0, 630.0)
    """

    frame: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers, one row a printed number."""
        return self.frame.copy()

    def range_of(self, key: str) -> tuple[float, float]:
        """Return the lowest and the highest number that counts; raises `StudyError` for a key without one."""
        counted = self.frame[self.frame["counts"] == "yes"]
        values = counted.loc[counted["key"] == key, "value"]
        if values.empty:
            known = ", ".join(sorted(set(counted["key"])))
            raise StudyError(f"key: found {key!r}; expected one of {known}; name one, or add its number to the file")
        return float(values.min()), float(values.max())

    def summary(self) -> str:
        """Summarise in a line how many numbers count."""
        return f"Firms: {len(self.frame)} numbers, {int((self.frame['counts'] == 'yes').sum())} count"


def load_firms(path: str | Path) -> Firms:
    r"""Read the numbers of firms that sources give from a CSV file.

    Parameters
    ----------
    path : str or Path
        The CSV file, with at least the columns ``id, key, value, counts, source``; `Firms` names all columns.

    Returns
    -------
    Firms

    Raises
    ------
    InputError
        With every problem at once: missing or unknown columns, ids twice, a number that is not above 0, a row that does
        not count without a reason, a row without a source.
    StudyError
        Where the file is not there.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.efficiency import load_firms
    >>> path = Path("numbers_of_firms.csv")
    >>> _ = path.write_text("id,key,value,counts,source\n1,firm,600,yes,A\n")
    >>> print(load_firms(path).summary())
    Firms: 1 numbers, 1 count
    """
    table = read_small_table(path, what="firms")
    problems = list(name_problems(table, needed=NEEDED, known=(*TEXT_COLUMNS, *NUMBER_COLUMNS)))
    number = {column: read_numbers(table, column) for column in NUMBER_COLUMNS}
    if not problems:
        problems = [problem for column in number.values() for problem in column.problems]
        problems += _row_problems(table, number["value"].values)
    if problems:
        raise InputError(problems, what=f"the firms file {table.where}")
    frame = table.frame.assign(**{name: column.values for name, column in number.items()})
    return Firms(sort_by_id(frame))


def _row_problems(table: SmallTable, value: pd.Series) -> Iterator[Problem]:
    """List what is wrong with the rows: one problem a kind of fault, with the ids that have it."""
    frame = table.frame
    reason = frame.get("reason", pd.Series("", index=frame.index))
    faults = [
        ("id", frame["id"].duplicated(), "an id twice", "each id once", "rename it"),
        ("value", (value <= 0) | (frame["value"] == ""), "no number above 0", "a number of firms", "correct it"),
        ("counts", ~frame["counts"].isin(["yes", "no"]), "an unknown word", "one of yes, no", "correct it"),
        ("reason", (frame["counts"] == "no") & (reason == ""), "no reason", "why the row does not count", "add it"),
        ("source", frame["source"] == "", "no source", "who gives it", "add it"),
    ]
    yield from fault_problems(table, faults)
    yield from gap_problems(table, TEXT_COLUMNS)

"""Small tables that a user gives, as a text file or a data frame: every cell as text, every fault with its column."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from si_eval.errors import InputError, Problem, StudyError
from si_eval.text_input.numbers import parse_numbers
from si_eval.text_input.patterns import EITHER_POINT, clean_text
from si_eval.text_input.tables import parse_text_table
from si_eval.text_input.toml_files import read_bytes

Source: TypeAlias = pd.DataFrame | str | Path
MIN_SIMILARITY = 0.6
MAX_EXAMPLES = 3
ID = "id"
MAX_WHOLE = 1e15  # a larger float may stand for another whole number
YEARS = (1800, 2200)
Fault: TypeAlias = tuple[str, pd.Series, str, str, str]  # column, which rows, found, expected, what to do
# What programs write where a text is missing. Words that people use for a class (None, -, .) are not among them.
GAP_WORDS = frozenset(
    (
        *("na", "n/a", "#n/a", "<na>", "nan", "#nan", "null", "nat"),
        *("#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!"),
    )
)
_EITHER_POINT = re.compile(EITHER_POINT)
_DIGITS = re.compile(r"([0-9]{1,18})")


@dataclass(frozen=True)
class SmallTable:
    """A table as texts, missing cells empty: ``frame`` counts its rows from 0, ``places`` says where each one stands.

    ``where`` is what messages call the table.
    """

    frame: pd.DataFrame
    where: str
    places: tuple[str, ...]

    def examples(self, rows: pd.Series) -> tuple[str, ...]:
        """Name the first rows of a Boolean column by their line or number."""
        return tuple(self.places[row] for row in np.flatnonzero(rows.to_numpy(dtype=bool))[:MAX_EXAMPLES])


@dataclass(frozen=True)
class NumberColumn:
    """A column as numbers, NaN where it is empty or refused; what is refused, and what to remark."""

    values: pd.Series
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def read_small_table(source: Source, *, what: str) -> SmallTable:
    """Read a small table as texts; ``what`` names it in messages.

    Of a file the encoding and the delimiter are found. Raises `StudyError` for what is no file or data frame and
    `InputError` with every problem of its lines, columns or cells. A data frame stays as it is.
    """
    if isinstance(source, pd.DataFrame):
        return _from_frame(source, what)
    content = read_bytes(source, what=what, expected="a CSV file")
    name = Path(source).name
    table = parse_text_table(content, name=name)
    return SmallTable(table.frame.apply(_strip), name, tuple(f"line {line}" for line in table.lines))


def read_numbers(table: SmallTable, column: str, *, label: str = "") -> NumberColumn:
    """Read a column as numbers under the one rule; a column that is not there is empty. ``label`` names it."""
    if column not in table.frame:
        return NumberColumn(pd.Series(np.nan, index=table.frame.index, dtype="float64"))
    parsed = parse_numbers(table.frame[column])
    problems = tuple(
        Problem(
            table.where,
            problem.found,
            problem.expected,
            problem.action,
            column=label or column,
            count=len(problem.rows),
            examples=tuple(table.places[row] for row in problem.rows[:MAX_EXAMPLES]),
        )
        for problem in parsed.problems
    )
    return NumberColumn(parsed.values, problems, tuple(parsed.notes(label or column)))


def sort_by_id(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort rows by their id, numbers in it as numbers (``K2`` before ``K10``): whatever the order of the file was."""
    texts = [str(text) for text in frame[ID]]
    order = sorted(range(len(texts)), key=lambda row: (_parts(texts[row]), texts[row]))
    return frame.iloc[order].reset_index(drop=True)


def name_problems(table: SmallTable, *, needed: Sequence[str], known: Sequence[str]) -> Iterator[Problem]:
    """List the columns that are missing, the unknown ones with the nearest known name, and a table without rows."""
    unknown = [name for name in table.frame.columns if name not in known]
    for column in (name for name in needed if name not in table.frame):
        near = difflib.get_close_matches(column, unknown, n=1, cutoff=MIN_SIMILARITY)
        action = f"rename `{near[0]}`" if near else "add it"
        yield Problem(table.where, "no such column", f"the columns {', '.join(needed)}", action, column=column)
    for column in unknown:
        near = difflib.get_close_matches(column, known, n=1, cutoff=MIN_SIMILARITY)
        action = f"did you mean `{near[0]}`?" if near else "remove it"
        yield Problem(table.where, "an unknown column", f"one of {', '.join(known)}", action, column=column)
    if table.frame.empty:
        yield Problem(table.where, "no rows", "a row below the line of names", "give the whole table")


def gap_problems(table: SmallTable, columns: Sequence[str]) -> Iterator[Problem]:
    """List the columns of text in which a program wrote a word where a text is missing, such as NA."""
    for column in (name for name in columns if name in table.frame):
        wrong = table.frame[column].map(is_gap_word).astype(bool)
        if wrong.any():
            words = ", ".join(sorted(set(table.frame.loc[wrong, column]))[:MAX_EXAMPLES])
            found, action = f"the word {words} in {int(wrong.sum())} rows", "leave missing cells empty, or write it out"
            yield Problem(
                table.where, found, "a text, or nothing", action,
                column=column, count=int(wrong.sum()), examples=table.examples(wrong),
            )  # fmt: skip


def fault_problems(table: SmallTable, faults: Sequence[Fault]) -> Iterator[Problem]:
    """Make one problem for each kind of fault, with the ids of the rows that have it, or where they stand."""
    for column, wrong, found, expected, action in faults:
        count = int(wrong.sum())
        if count:
            ids = table.frame.loc[wrong, ID].tolist()[:MAX_EXAMPLES] if ID in table.frame else []
            examples = tuple(ids) if all(ids) and ids else table.examples(wrong)
            yield Problem(table.where, found, expected, action, column=column, count=count, examples=examples)


def year_faults(column: str, years: pd.Series) -> Fault:
    """Return the fault of numbers that are no years: fractions, dates such as 20190101, and others far from now."""
    wrong = years.notna() & ~((years % 1 == 0) & years.between(*YEARS))
    return column, wrong, "a number that is no year", f"a whole number from {YEARS[0]} to {YEARS[1]}", "correct it"


def is_gap_word(text: str) -> bool:
    """Whether a text is what a program writes where a text is missing."""
    return clean_text(text).lower() in GAP_WORDS


def cell_text(value: Any) -> str:
    """Write a cell of a data frame as text: empty where missing, 3.0 as 3, a fraction so that it has one reading.

    Raises `TypeError` for what is no cell: a list, a dictionary, bytes.
    """
    if isinstance(value, str):
        return value.strip()
    if not pd.api.types.is_scalar(value) or isinstance(value, bytes):
        raise TypeError(type(value).__name__)
    if (isinstance(value, Decimal) and value.is_nan()) or pd.isna(value):  # a signalling one cannot be asked
        return ""
    if isinstance(value, float | np.floating | Decimal):
        text = str(int(value)) if value == value // 1 and abs(float(value)) < MAX_WHOLE else str(value)
        return f"{text}0" if _EITHER_POINT.search(text) else text
    if isinstance(value, datetime) and not value.tzinfo and value == datetime(value.year, value.month, value.day):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value).strip()


def _parts(text: str) -> list[tuple[int, str]]:
    """Split a text in numbers, which compare as numbers, and the words between them."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(text)]


def _strip(column: pd.Series) -> pd.Series:
    return pd.Series([text.strip() for text in column], index=column.index, dtype="str")


def _from_frame(source: pd.DataFrame, where: str) -> SmallTable:
    """Write the cells of a data frame as text; raises `InputError` for names or cells that cannot be read."""
    if source.columns.nlevels > 1:
        found = f"{source.columns.nlevels} levels of column names"
        raise InputError([Problem(where, found, "one name a column", "flatten the names")], what=where)
    names = [str(name).strip() for name in source.columns]
    problems = [
        Problem(where, f"{count} columns named {name!r}", "one", "rename or leave out the others", column=name)
        for name, count in Counter(names).items()
        if count > 1
    ]
    columns: dict[str, pd.Series] = {}
    for place, name in enumerate(names):
        texts, wrong = [], Counter[str]()
        for value in source.iloc[:, place].astype(object):
            try:
                texts.append(cell_text(value))
            except TypeError as error:
                wrong[str(error)] += 1
        if wrong:
            found = ", ".join(f"{count} cells of type {kind}" for kind, count in wrong.items())
            problems.append(Problem(where, found, "texts, numbers or dates", "convert them", column=name))
        else:
            columns[name] = pd.Series(texts, dtype="str")
    if problems:
        raise InputError(problems, what=where)
    frame = pd.DataFrame(columns, index=range(len(source)))
    return SmallTable(frame, where, tuple(f"row {row + 1}" for row in range(len(source))))


def require_table(source: object, *, argument: str) -> None:
    """Raise `StudyError` for an argument that is neither a data frame nor the path of a file."""
    if not isinstance(source, pd.DataFrame | str | Path):
        raise StudyError(
            f"{argument}: found {type(source).__name__}; expected a data frame or the path of a CSV file; give one"
        )

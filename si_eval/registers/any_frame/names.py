"""The names that a caller gives: which columns they mean, and which words already mean something in a panel."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pandas as pd

from si_eval.errors import InputError, Problem, propose_name
from si_eval.registers.indicators import RESERVED
from si_eval.registry import facts
from si_eval.vocabulary import (
    AGE,
    AGE_CLASS,
    ALL,
    BE_ID,
    BOTH_LANGUAGES,
    CURRENT_SIZE_CLASS,
    CURRENT_SIZE_CLASS_4,
    DIVISION,
    EMPLOYED_PERSONS,
    ENTRY_YEAR,
    EVIDENCE_COLUMNS,
    GRAPH_ARROW,
    GROUP_HIGHER_CLASS,
    GROUP_ID,
    GROUP_LARGER,
    INVESTMENT_STATUS,
    JUMPED,
    LEFT_OUT,
    LOG_POINTS,
    MUNICIPALITY,
    PARTICIPANT,
    PARTICIPATION_ENDED,
    PUBLIC_UNIT,
    QUARTERS,
    RECORDS,
    RESTRUCTURED,
    REVENUE,
    SECTOR,
    SHARED_GROUP,
    SIZE_CLASS,
    SIZE_CLASS_4,
    TIDY,
    WEIGHT,
    YEAR,
    excluded,
)

DATA_FRAME = "data frame"
MAX_EXAMPLES = 3
REQUIRED = ("unit", YEAR, PARTICIPANT)  # arguments that must name a column
REVENUE_PER_EMPLOYEE = "revenue_per_employee"  # the indicator that follows from revenue and persons
PANEL_COLUMNS = (
    BE_ID, YEAR, PARTICIPANT, ENTRY_YEAR, PARTICIPATION_ENDED, EMPLOYED_PERSONS, SIZE_CLASS, SIZE_CLASS_4, SECTOR,
    DIVISION, AGE, AGE_CLASS, GROUP_ID, GROUP_LARGER, GROUP_HIGHER_CLASS, REVENUE, QUARTERS, INVESTMENT_STATUS, WEIGHT,
    SHARED_GROUP, PUBLIC_UNIT, MUNICIPALITY, CURRENT_SIZE_CLASS, CURRENT_SIZE_CLASS_4, RESTRUCTURED, JUMPED,
)  # fmt: skip
COUNTING_WORDS = (RECORDS, LOG_POINTS, LEFT_OUT, ALL, "units", "business_units", "linked_units", "business units")
JOINTS = (BOTH_LANGUAGES, GRAPH_ARROW, " · ")  # between the parts of a text that tables take apart
ARGUMENT_OF = {
    REVENUE: "revenue", EMPLOYED_PERSONS: "employed_persons", SECTOR: "sector", ENTRY_YEAR: "entry_year",
    GROUP_ID: "group",
}  # fmt: skip


def frame_problem(column: object, found: str, expected: str, action: str, examples: Sequence[str] = ()) -> Problem:
    """Make a problem of the data frame; its examples are rows, by `row_examples`."""
    return Problem(DATA_FRAME, found, expected, action, column=str(column), examples=tuple(examples), of_units=True)


def row_examples(rows: Iterable[int], values: pd.Series | None = None) -> tuple[str, ...]:
    """Name the first rows by number, from 1, with their values where these are given."""
    first = list(islice(rows, MAX_EXAMPLES))
    return tuple(f"row {row + 1}" + ("" if values is None else f": {values.iloc[row]}") for row in first)


@dataclass(frozen=True)
class NamedColumns:
    """The columns that exist, by argument and by name in ``extra``, and what is wrong with the names."""

    columns: Mapping[str, pd.Series]
    extra: Mapping[str, pd.Series]
    problems: Sequence[Problem]


def find_columns(frame: pd.DataFrame, names: Mapping[str, Hashable | None], extra: Sequence[str]) -> NamedColumns:
    """Find the columns that the arguments name, and every name that is no column, is used twice or is taken.

    ``names`` are the columns by argument, None where there is none. Raises `InputError` for what is no data frame.
    """
    if not isinstance(frame, pd.DataFrame):
        found = f"a {type(frame).__name__}"
        raise InputError([frame_problem("", found, "a pandas.DataFrame", "make one of it")], what="the data frame")
    problems = list(_shape_problems(frame))
    if isinstance(extra, str) or not isinstance(extra, Sequence):
        action = f"write [{extra!r}]" if isinstance(extra, str) else "write [] for none"
        problems.append(frame_problem("", f"extra={extra!r}", "a list of column names", action))
        extra = ()
    given = {argument: name for argument, name in names.items() if name is not None or argument in REQUIRED}
    columns: dict[str, pd.Series] = {}
    more: dict[str, pd.Series] = {}
    for argument, name in (*given.items(), *(("extra", name) for name in extra)):
        wrong = list(_column_problems(frame, argument, name))
        problems += wrong
        if wrong or frame.columns.nlevels > 1:
            continue
        column = frame[name].reset_index(drop=True)
        if argument == "extra":
            more[str(name)] = column
        else:
            columns[argument] = column
    problems += _repetitions(given, extra)
    derived = (REVENUE_PER_EMPLOYEE,) if {REVENUE, EMPLOYED_PERSONS} <= given.keys() else ()
    for place, name in enumerate(extra):
        problems += _indicator_problems(name, [*derived, *extra[:place]])
    for argument in ("revenue", "employed_persons"):
        problems += _unit_problems(argument, given.get(argument))
    return NamedColumns(columns, more, problems)


def _shape_problems(frame: pd.DataFrame) -> Iterator[Problem]:
    """Find a frame without rows or columns, and columns with several levels."""
    if frame.columns.nlevels > 1:
        found = f"column names with {frame.columns.nlevels} levels"
        yield frame_problem("", found, "one name a column", 'join them, as ["_".join(name) for name in frame.columns]')
    if not frame.size:
        yield frame_problem("", "no rows", "one row a unit and year", "give a frame with rows")


def _column_problems(frame: pd.DataFrame, argument: str, name: Any) -> Iterator[Problem]:
    """Find a name that is no column of the frame, or the name of several."""
    known = [str(column) for column in frame.columns]
    try:
        places = [column for column in frame.columns if type(column) is type(name) and column == name]
        found = bool(places) or (not isinstance(name, bool) and name in frame.columns)
    except TypeError:
        yield frame_problem("", f"{argument}={name!r}", "the name of one column", f"name one of {', '.join(known)}")
        return
    if not found:
        in_index = name in frame.index.names
        action = "call frame.reset_index() first" if in_index else f"name one of {', '.join(known)}"
        if not in_index:
            near = propose_name(name, known, "")
            action = f"{near} {action}" if near else action
        yield frame_problem(
            name, "no such column" + (", but an index" if in_index else ""), "a column of the frame", action
        )
    elif len(places) > 1:
        yield frame_problem(name, f"{len(places)} columns of this name", "one", "rename or drop the others")


def _repetitions(given: Mapping[str, Hashable], extra: Sequence[str]) -> Iterator[Problem]:
    """Find a column that two arguments name; an indicator may be a number of the panel under its own name too."""
    arguments: dict[str, list[str]] = {}
    for argument, name in given.items():
        arguments.setdefault(str(name), []).append(argument)
    for name in extra:
        first = arguments.setdefault(str(name), [])
        if first not in (["revenue"], ["employed_persons"]):
            first.append("extra")
    for name, users in arguments.items():
        if len(users) > 1:
            yield frame_problem(
                name,
                f"the column in {' and '.join(users)}",
                "a column for each",
                "name another column, or leave one out",
            )


def _indicator_problems(name: Any, others: Sequence[str]) -> Iterator[Problem]:
    """Find a name in ``extra`` that cannot be that of an indicator."""
    if not isinstance(name, str) or not name.strip() or name != name.strip():
        yield frame_problem(
            name, f"a name in extra that is {name!r}", "text without blanks around it", "rename the column"
        )
        return
    folded = name.casefold()
    taken = {word.casefold() for word in (*PANEL_COLUMNS, *RESERVED, *TIDY, *EVIDENCE_COLUMNS, *_unit_words())}
    if folded in {str(other).casefold() for other in others}:
        found = "a name in extra that another indicator has (capitals do not tell names apart)"
        yield frame_problem(name, found, "another name", "rename the column")
    elif folded in taken or folded.startswith(excluded("")):
        argument = ARGUMENT_OF.get(folded)
        action = f"give it as {argument}=, or rename it" if argument else "rename the column"
        yield frame_problem(name, "a name in extra that a panel or a table uses itself", "another name", action)
    if any(joint in name for joint in JOINTS) or not name.isprintable():
        yield frame_problem(name, "a name in extra with a mark that joins texts", "another name", "rename the column")


def _unit_problems(argument: str, name: Any) -> Iterator[Problem]:
    """Find a column whose name, as a unit of measure, would say that numbers count something that is not protected."""
    if name is not None and str(name).casefold() in {word.casefold() for word in _unit_words()}:
        expected = "a name that is no word for counts"
        yield frame_problem(name, f"a name in {argument} that tables use for counts", expected, "rename the column")


def _unit_words() -> set[str]:
    """List the words that tell tables and disclosure control what a number counts."""
    return {*COUNTING_WORDS, *map(str, facts("disclosure")["category_units"])}

"""A file of figures that outsiders have already, read as tidy rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from si_eval.errors import InputError, Problem
from si_eval.text_input.small_tables import (
    NumberColumn,
    SmallTable,
    fault_problems,
    gap_problems,
    name_problems,
    read_numbers,
    read_small_table,
    year_faults,
)
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    ERROR_DOF,
    ESTIMATE,
    EVIDENCE_COLUMNS,
    GROUP,
    INDICATOR,
    MOVED_COLUMNS,
    N_EFFECTIVE,
    N_UNITS,
    PSEUDO_COLUMNS,
    PUBLIC_COLUMNS,
    SE_CONVENTION,
    SECTOR,
    SIZE_CLASS,
    STATISTIC,
    STATUS,
    STD_DEV,
    TIDY,
    YEAR,
)

NEEDED = (INDICATOR, STATISTIC, ESTIMATE)
KNOWN = (
    *TIDY, *EVIDENCE_COLUMNS, *PUBLIC_COLUMNS, *PSEUDO_COLUMNS, *MOVED_COLUMNS, N_EFFECTIVE, STD_DEV, SE_CONVENTION,
    ERROR_DOF, STATUS, "id", "source", "section", "line",
)  # fmt: skip
KEYS = (GROUP, SIZE_CLASS, SECTOR, CATEGORY)
NUMBER_COLUMNS = (ESTIMATE, N_UNITS, YEAR)


def read_known(path: str | Path) -> pd.DataFrame:
    """Read figures that outsiders have from a CSV file: the argument ``known`` of `protect`.

    Columns are those of tidy rows; ``indicator, statistic, estimate`` are needed, and a key that is missing or empty
    means ``all``. Raises `InputError` with every problem of the file.
    """
    table = read_small_table(path, what="known")
    problems = list(name_problems(table, needed=NEEDED, known=KNOWN))
    years = table.frame[YEAR].replace(ALL, "") if YEAR in table.frame else pd.Series("", index=table.frame.index)
    read = SmallTable(table.frame.assign(**{YEAR: years}), table.where, table.places)
    number = {column: read_numbers(read, column) for column in NUMBER_COLUMNS}
    if not problems:
        problems = list(_row_problems(read, number))
    if problems:
        raise InputError(problems, what=f"the known figures {table.where}")
    keys = {
        name: table.frame[name].astype(object).where(table.frame[name] != "", ALL)
        for name in KEYS
        if name in table.frame
    }
    return table.frame.assign(
        **keys,
        **{ESTIMATE: number[ESTIMATE].values, N_UNITS: number[N_UNITS].values},
        **{YEAR: number[YEAR].values.astype("Int64")},
    )


def _row_problems(table: SmallTable, number: dict[str, NumberColumn]) -> Iterator[Problem]:
    """List numbers that cannot be read, rows without a number, and numbers that are no year or no count."""
    for column in number.values():
        yield from column.problems
    units = number[N_UNITS].values
    faults = [
        (ESTIMATE, table.frame[ESTIMATE] == "", "rows without a number", "the figure", "add it, or leave the row out"),
        (N_UNITS, units < 0, "a number of units below 0", "a number from 0, or nothing", "correct it"),
        year_faults(YEAR, number[YEAR].values),
    ]
    yield from fault_problems(table, faults)
    yield from gap_problems(table, (INDICATOR, STATISTIC, *KEYS))

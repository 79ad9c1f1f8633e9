"""The tables of an extract in any layout: found by pattern, read as they are, under the names that a study gives."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from si_eval.engine import open_engine
from si_eval.errors import Problem, propose_name
from si_eval.registers.any_frame.columns import read_numbers, read_years
from si_eval.registers.any_frame.quarter_texts import QUARTER, split_quarters
from si_eval.registers.crosswalks import CodeBook
from si_eval.registers.direct.lookups import Lookup
from si_eval.registers.direct.wide_years import melt_years
from si_eval.registers.extracts.cache import fingerprint
from si_eval.registers.extracts.conversion import raw_parquet, unreadable
from si_eval.registers.extracts.files import Patterns, RawFile, match_files
from si_eval.registers.extracts.parquet_files import UNREADABLE_ERRORS, describe_error
from si_eval.registers.naming import near_columns
from si_eval.registers.schema import contracts
from si_eval.registry import ComparisonGroup
from si_eval.results import SourceFile
from si_eval.system.temporary_folders import temporary_folder
from si_eval.vocabulary import BE_ID, YEAR

if TYPE_CHECKING:
    from si_eval.engine import Engine

OF_THE_MACHINE = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EMFILE, errno.ENFILE)  # no fault of a file
UNITS, TURNOVER, PARTICIPANTS = "business_units", "turnover", "participants"
MONEY, ENTRY, INTENSITY = "turnover", "entry_date", "intensity"
KNOWN: Mapping[str, tuple[str, ...]] = {  # the columns of the contract that a table can have here
    UNITS: (BE_ID, YEAR, "employed_persons", "sbi", "founded", "group_id", "municipality", MONEY),
    TURNOVER: (BE_ID, YEAR, QUARTER, MONEY),
    PARTICIPANTS: (BE_ID, ENTRY, INTENSITY),
}
NEEDED: Mapping[str, tuple[str, ...]] = {UNITS: (BE_ID, YEAR), TURNOVER: (BE_ID, YEAR, MONEY), PARTICIPANTS: (BE_ID,)}


@dataclass(frozen=True)
class Layout:
    """Where the tables of an extract are, and how a study names and reads them.

    ``files`` are patterns by table, ``columns`` the file's name of a column by table and name, ``money_unit`` what one
    in the amounts of a table, or of its columns, stands for, ``quarterly`` says that turnover is told by quarter.
    ``largest`` names by table the column by which the largest of several rows of a unit decides what is a text.
    ``codes`` says in which classification activities are, ``lookup`` which table links the identifier of lists.
    ``treated`` says which rows of the list of participants took part, ``groups`` are comparison groups, ``accept`` the
    reasons for which failed checks of plausibility are accepted, by check.
    """

    folders: Sequence[Path]
    files: Mapping[str, Patterns] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    money_unit: Mapping[str, float | Mapping[str, float]] = field(default_factory=dict)
    largest: Mapping[str, str] = field(default_factory=dict)
    quarterly: bool = False
    codes: CodeBook = field(default_factory=CodeBook)
    lookup: Lookup | None = None
    treated: ComparisonGroup = field(default_factory=lambda: ComparisonGroup("treated", PARTICIPANTS))
    groups: Sequence[ComparisonGroup] = ()
    accept: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_own_list(self) -> bool:
        """Whether the register itself says who took part: its columns are the register's."""
        return UNITS in self.files and self.files[UNITS] == self.files.get(self.treated.table)

    def tables(self) -> list[str]:
        """List the tables that there may be, each once."""
        lists = [group.table for group in self.groups if group.table]
        return list(dict.fromkeys([UNITS, TURNOVER, self.treated.table, *self.files, *lists]))


class RawTables(NamedTuple):
    """Tables as they are, under the names of the study; the files, what is wrong, and remarks."""

    frames: Mapping[str, pd.DataFrame]
    sources: tuple[SourceFile, ...]
    problems: list[Problem]
    notes: list[str]

    @property
    def yearly(self) -> list[SourceFile]:
        """List the files of a year, each once: one file may be several tables."""
        return list({source.path: source for source in self.sources if source.year is not None}.values())


def read_tables(layout: Layout, say: Callable[[str], None]) -> RawTables:
    """Read every table of a layout; what cannot be read is told with everything else that is wrong."""
    found, problems, notes = match_files(layout.folders, layout.files, layout.tables())
    lacking = [name for name in (UNITS, layout.treated.table) if name not in found]
    told = {problem.table for problem in problems}
    problems += [
        Problem("the extract", f"no file for {name}", f"{name}.csv, or a pattern under `files`",
                "add the file, or give its name under `files`", table=name)
        for name in lacking
        if name not in told
    ]  # fmt: skip
    frames: dict[str, pd.DataFrame] = {}
    sources: list[SourceFile] = []
    engine = open_engine()
    with temporary_folder("reading-") as workspace:
        for table, files in found.items():
            parts = []
            for file in files:
                say(f"reading {file.name}")
                read, wrong = _read_file(file, layout, workspace, engine)
                problems += wrong
                if read is not None:
                    parts.append(read)
                    sources.append(_source(file, len(read)))
            if parts:
                frames[table] = pd.concat(parts, ignore_index=True)
    return RawTables(frames, tuple(sources), problems, notes)


def _read_file(
    file: RawFile, layout: Layout, workspace: Path, engine: Engine
) -> tuple[pd.DataFrame | None, list[Problem]]:
    """Read one file under the study's names; with its year where it has none in its rows."""
    try:
        path, problems = raw_parquet(file, workspace / f"{file.path.stem}.parquet", engine)
        if path is None:
            return None, problems
        twice = [name for name, count in Counter(pq.read_schema(path).names).items() if count > 1]
        frame = pd.DataFrame() if twice else pd.read_parquet(path)
    except UNREADABLE_ERRORS as error:  # a damaged page, a link that leads nowhere
        if isinstance(error, OSError) and error.errno in OF_THE_MACHINE:
            raise
        return None, [unreadable(file, getattr(error, "strerror", None) or describe_error(error))]
    if twice:
        found = f"several columns named {', '.join(map(repr, twice[:3]))}: is there a line above the names of columns?"
        action = "take that line out, or give each column a name of its own"
        return None, [
            *problems,
            Problem(file.name, found, "a line with the names of columns first", action, file.table),
        ]
    frame = melt_years(frame, layout.columns.get(file.table, {}))
    names, wrong = _match_names(file, [str(name) for name in frame.columns], layout)
    frame = split_quarters(frame.rename(columns=names))
    if YEAR not in frame and file.year is not None:
        frame = frame.assign(**{YEAR: file.year})
    elif YEAR in names.values() and file.year is not None:
        wrong += _of_another_year(file, frame[YEAR])
    needed = NEEDED.get(file.table, (BE_ID,))
    if (
        layout.lookup is not None
        and layout.lookup.id in frame
        and file.table not in (UNITS, TURNOVER, layout.lookup.table)
    ):
        needed = ()
    missing = [name for name in needed if name not in frame and name not in told(wrong)]
    wrong += [_lacking(file, name, list(frame.columns)) for name in missing]
    return frame, [*problems, *wrong]


def _of_another_year(file: RawFile, column: pd.Series) -> list[Problem]:
    """Find the rows whose year is not that of their file's name; what is no year is told where years are read."""
    years = read_years(column.reset_index(drop=True), YEAR)
    other = years.known & (years.values != file.year) if not years.problems else np.zeros(len(column), dtype=np.bool_)
    if not other.any():
        return []
    found, count = f"{other.sum()} rows of another year in the file of {file.year}", int(other.sum())
    action = "correct the year in the file's name or the rows"
    return [Problem(file.name, found, f"rows of {file.year} only", action, table=file.table, column=YEAR, count=count)]


def told(problems: Sequence[Problem]) -> set[str]:
    """Name the columns that problems are about."""
    return {problem.column for problem in problems}


def _match_names(file: RawFile, available: Sequence[str], layout: Layout) -> tuple[dict[str, str], list[Problem]]:
    """Map the file's names to the study's: those that the study gives, then those of the contract."""
    by_folded = {name.casefold(): name for name in reversed(available)}
    chosen = layout.columns.get(file.table)
    if chosen is None:  # a list without names of its own may be written as that of participants
        alike = layout.columns.get(layout.treated.table, {}) if file.table not in KNOWN else {}
        chosen = {name: raw for name, raw in alike.items() if raw.casefold() in by_folded}
    names, problems = {}, []
    for name, raw in chosen.items():
        if raw.casefold() in by_folded:
            names[by_folded[raw.casefold()]] = name
        else:
            action = propose_name(raw, available, f"name one of {', '.join(available[:12])}")
            problems.append(
                Problem(file.name, f"no column `{raw}`", "the column that `columns` says", action, file.table, name)
            )
    contract = contracts().get(file.table if file.table in KNOWN else UNITS)
    for name in KNOWN.get(file.table, (BE_ID, YEAR)):
        aliases = contract.columns[name].names if contract and name in contract.columns else ()
        spelled = [name, *(alias.name for alias in aliases)]
        present = next((by_folded[one.casefold()] for one in spelled if one.casefold() in by_folded), None)
        if name not in chosen and present is not None and present not in names:
            names[present] = name
    taken = set(names.values())
    return names | {name: f"{name} of the file" for name in available if name in taken and name not in names}, problems


def _lacking(file: RawFile, name: str, columns: Sequence[str]) -> Problem:
    """Make the problem of a column that a table needs."""
    likely = near_columns(name, columns)
    near = f"did you mean `{likely[0]}`?" if likely else propose_name(name, columns, "")
    expected = f"a column `{name}`, or its name under [extract.columns.{file.table}]"
    action = f"{near} name it there" if near else f"it has {', '.join(columns[:12])}: name one there"
    return Problem(file.name, f"no column for {name}", expected, action, table=file.table, column=name)


def _source(file: RawFile, rows: int) -> SourceFile:
    """Describe a file that was read."""
    version = "" if file.version is None else f"V{file.version}"
    return SourceFile(file.table, str(file.path), file.format, fingerprint(file.path), rows, file.year, version)


def table_source(table: str, path: Path, rows: int) -> SourceFile:
    """Describe a file beside the extract that was read."""
    return SourceFile(table, str(path), path.suffix.lstrip(".").lower(), fingerprint(path), rows, None, "")


def numbers_of(
    table: pd.DataFrame, column: str, name: str, layout: Layout, problems: list[Problem], notes: list[str]
) -> pd.Series:
    """Read the numbers of a column of a table, in the money unit that the study gives for it; ``notes`` are remarks."""
    read = read_numbers(table[column].reset_index(drop=True), column)
    problems += [replace(one, where=name, table=name) for one in read.problems]
    notes += [f"{name}, {note}" for note in read.notes]
    unit = layout.money_unit.get(name, 1)
    factor = unit.get(column, 1) if isinstance(unit, Mapping) else unit
    return pd.Series(read.values * float(factor), index=table.index)

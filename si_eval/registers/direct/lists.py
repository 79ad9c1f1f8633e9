"""Who is on the lists of a study: those that took part, with their entry and amounts, and the comparison groups."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import NamedTuple

import numpy as np
import pandas as pd

from si_eval.errors import Problem, propose_name
from si_eval.registers.any_frame.calendar_texts import begin_of_spans, dated
from si_eval.registers.any_frame.columns import year_numbers
from si_eval.registers.direct.tables import ENTRY, Layout, numbers_of
from si_eval.registers.schema import LATEST_DAY, OLDEST_DAY
from si_eval.registry import ComparisonGroup, Declarations
from si_eval.text_input import is_missing_word, unwrap_text
from si_eval.vocabulary import BE_ID, PARTICIPANT

ALIKE = 0.8  # of two texts: one is a slip of the other
MAX_NAMED = 4  # values in a remark


class Listed(NamedTuple):
    """The participants, one row a unit, how many rows the list has, and remarks."""

    units: pd.DataFrame
    rows: int
    notes: list[str]


def settle_groups(declared: Declarations, layout: Layout, frames: Mapping[str, pd.DataFrame]) -> Declarations:
    """Return declarations in which a group by a condition on the list of participants alone is one of that list."""
    listed = layout.treated.table
    lists = {group.table for group in declared.groups.values()}
    others = {str(name) for table, frame in frames.items() if table not in {listed, *lists} for name in frame.columns}
    groups = {
        name: replace(group, table=listed)
        if not group.table and group.where and set(group.where) <= set(frames[listed].columns) - others
        else group
        for name, group in declared.groups.items()
    }
    return replace(declared, groups=groups)


def rows_of(table: pd.DataFrame, group: ComparisonGroup, problems: list[Problem]) -> pd.DataFrame:
    """Return the rows of a list that meet the condition of a group."""
    for column, values in group.where.items():
        if column not in table:
            action = propose_name(column, [str(one) for one in table.columns], "name a column of the list")
            place = f"groups.{group.name}.where"
            problems.append(Problem(place, f"no column {column!r} in {group.table}", "a column of the list", action))
            continue
        wanted = {str(one) for one in values}
        known = table[column].map(_written, na_action="ignore")
        if not known.isin(wanted).any():
            expected = f"some of {', '.join(sorted(known.dropna().unique())[:8])}"
            found = f"no row of {group.table} with {column} {' or '.join(sorted(wanted))}"
            problems.append(Problem(f"groups.{group.name}.where", found, expected, "correct the value"))
        table = table[known.isin(wanted)]
    return table


def remark_on_conditions(layout: Layout, table: pd.DataFrame) -> list[str]:
    """Remark on rows of the list that its condition leaves out: values that are missing, slips, or of no group at all.

    That a value is of no group is told where the study has several groups by that column.
    """
    notes = []
    for column, values in layout.treated.where.items():
        if column not in table or layout.is_own_list:
            continue
        written = table[column].map(_written, na_action="ignore")
        wanted = {str(one).casefold(): str(one) for one in values}
        named = {str(one) for group in layout.groups for one in group.where.get(column, ())} - set(wanted.values())
        left_out = written[~written.isin([*wanted.values(), *named])]
        missing = left_out.isna() | (left_out == "")
        others = left_out[~missing]
        slips = others[others.map(lambda text: bool(get_close_matches(text.casefold(), wanted, 1, ALIKE))).astype(bool)]  # noqa: B023
        strange = others.drop(slips.index) if named else others.iloc[:0]
        of_groups = " or ".join(sorted({*wanted.values(), *named})[:MAX_NAMED])
        for rows, told in (
            (left_out[missing], "no value"),
            (slips, f"a value that is nearly {of_groups}"),
            (strange, f"another value than {of_groups}"),
        ):
            if len(rows):
                notes.append(f"{layout.treated.table}: {len(rows)} rows are left out: {column} has {told}")
    return notes


def _written(value: object) -> str:
    """Write a value as a condition does: whole numbers in digits, texts without blanks around."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else unwrap_text(str(value))


def list_participants(
    layout: Layout,
    frames: Mapping[str, pd.DataFrame],
    columns: Sequence[str],
    numbers: Collection[str],
    problems: list[Problem],
) -> Listed:
    """List the units that took part, each once: from its first entry, with the sum of its numbers."""
    name = layout.treated.table
    notes = remark_on_conditions(layout, frames[name])
    table = rows_of(frames[name], layout.treated, problems)
    if table.empty:
        if not problems:
            problems.append(Problem(name, "no participants", "one at least", "correct the list or its condition"))
        return Listed(pd.DataFrame({BE_ID: [], PARTICIPANT: []}), 0, [])
    entry = np.full(len(table), np.nan)
    if ENTRY in table:
        column = table[ENTRY].reset_index(drop=True)
        begins = begin_of_spans(dated(column), ENTRY)
        notes += begins.notes
        read = year_numbers(begins.column, ENTRY, missing=lambda text: not text or is_missing_word(text))
        problems += [replace(one, where=name, table=name) for one in read.problems]
        entry = read.values
        slips = int(((entry < OLDEST_DAY) | (entry > LATEST_DAY)).sum())
        if slips and not read.problems:
            years = f"outside the years {OLDEST_DAY}-{LATEST_DAY}"
            notes.append(f"{name}: {slips} values of {ENTRY} {years}: slips, or codes for missing")
    rows = table.copy()
    rows[ENTRY], rows[PARTICIPANT] = entry, 1.0
    rows = rows.sort_values([BE_ID, ENTRY], kind="stable")
    for one in columns:
        if one in numbers:
            rows[one] = numbers_of(table, one, name, layout, problems, notes)
    same = int(table.duplicated().sum())
    if same and any(one in numbers for one in columns):
        notes.append(f"{name}: {same} rows are the same as another one in every column: their numbers count again")
    how = {one: _sum if one in numbers else "first" for one in columns}
    units = rows.groupby(BE_ID, sort=True).agg({PARTICIPANT: "max", ENTRY: "min", **how}).reset_index()
    return Listed(units, len(table), notes)


def _sum(values: pd.Series) -> float:
    """Add up numbers, missing where all are."""
    return float(values.sum(min_count=1))

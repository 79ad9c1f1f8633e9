"""What a study declares of its firms, as columns of a data frame: numbers, texts, and who is in a comparison group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from si_eval.errors import Problem, propose_name
from si_eval.registers.activities import read_activities
from si_eval.registers.any_frame.calendar_texts import begin_of_spans, dated
from si_eval.registers.any_frame.columns import Numbers, read_numbers, read_texts, year_numbers
from si_eval.registers.any_frame.names import PANEL_COLUMNS, frame_problem
from si_eval.registers.classes import group_member, split_of
from si_eval.registry import Declarations
from si_eval.stats import FloatArray
from si_eval.text_input import is_missing_word
from si_eval.vocabulary import DIVISION, SECTOR

if TYPE_CHECKING:
    import ibis.expr.types as ir

MEMBER = "member of "  # begins the column of a frame that is true for the firms on the list of a group
MAX_SHOWN = 8  # values in a message


class DeclaredColumns(NamedTuple):
    """Columns under the names that declarations use, and what is wrong with them."""

    columns: Mapping[str, FloatArray | pd.Series]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def read_declared(frame: pd.DataFrame, declared: Declarations) -> DeclaredColumns:
    """Read the columns that indicators, splits and groups are made of, where the panel does not have them itself."""
    columns: dict[str, FloatArray | pd.Series] = {}
    problems: list[Problem] = []
    notes: list[str] = []
    numbers = set(declared.numbers())
    known = [str(name) for name in frame.columns]
    for name in declared.columns():
        if name in PANEL_COLUMNS:
            continue
        if name not in known:
            action = propose_name(name, known, f"name one of {', '.join(known)}")
            problems.append(frame_problem(name, "no such column", "a column of the frame", action))
        elif name in numbers:
            read = read_numbers(frame[name].reset_index(drop=True), name)
            columns[name] = read.values
            problems += read.problems
            notes += read.notes
        else:
            columns[name], wrong = read_texts(frame[name].reset_index(drop=True), name)
            problems += wrong
    problems += _unknown_classes(columns, declared)
    for group in declared.groups.values():
        if group.table and MEMBER + group.name not in frame:
            action = "read the study's extract, or give the group a condition"
            problems.append(frame_problem(group.name, "a group on a list", "a group by a condition", action))
        elif group.table:
            columns[MEMBER + group.name] = frame[MEMBER + group.name].reset_index(drop=True)
    return DeclaredColumns(columns, tuple(problems), tuple(notes))


def _unknown_classes(columns: Mapping[str, FloatArray | pd.Series], declared: Declarations) -> list[Problem]:
    """List the splits whose column has values beside those that their order names."""
    problems = []
    for split in declared.splits.values():
        values = columns.get(split.of)
        if not split.order or not isinstance(values, pd.Series):
            continue
        strange = sorted(set(values.dropna()) - set(split.order))
        if strange:
            found = f"values that the order of {split.name} does not name: {', '.join(strange[:MAX_SHOWN])}"
            action = "add them, or leave the order out"
            problems.append(frame_problem(split.of, found, f"some of {', '.join(split.order)}", action))
    return problems


def read_activity(column: pd.Series, name: object) -> tuple[Mapping[str, pd.Series], list[Problem], list[str]]:
    """Read division and section from codes of activity; say how many codes the classification does not know."""
    texts, problems = read_texts(column, name)
    places, codes = pd.factorize(texts)
    known = read_activities(pd.Series(codes, dtype="string")).reindex(places).set_axis(texts.index)
    unknown = int((texts.notna() & known[SECTOR].isna()).sum())
    if len(texts) and unknown == int(texts.notna().sum()) and unknown:
        found = f"no code of the classification among {unknown} values"
        problems = [*problems, frame_problem(name, found, "codes such as C, 25 or 25.11", "name another column")]
    notes = [f"{name}: {unknown} rows have a code that the classification does not know"] if unknown else []
    return {DIVISION: known[DIVISION], SECTOR: known[SECTOR]}, list(problems), notes


def read_age(column: pd.Series, years: FloatArray, name: object) -> Numbers:
    """Read the age of units from the date or year in which they were founded; missing for those founded later."""
    begins = begin_of_spans(dated(column), name)
    founded = year_numbers(begins.column, name, missing=lambda text: not text or is_missing_word(text))
    age = years - founded.values
    later = int((age < 0).sum())
    notes = [f"{name}: {later} rows of units that were founded later have no age"] if later else []
    return Numbers(np.where(age >= 0, age, np.nan), founded.problems, [*begins.notes, *founded.notes, *notes])


def add_declared(table: ir.Table, declared: Declarations) -> ir.Table:
    """Add splits and comparison groups to a panel; what they alone are made of is no column of it."""
    splits = {name: split_of(table, split) for name, split in declared.splits.items()}
    groups = {
        group.name: table[MEMBER + group.name] if group.table else group_member(table, group)
        for group in declared.groups.values()
    }
    made_of = {split.of for split in declared.splits.values()}
    made_of |= {name for group in declared.groups.values() if not group.table for name in group.where}
    only = made_of - set(PANEL_COLUMNS) - set(splits) - set(declared.numbers())
    kept = [name for name in table.columns if name not in only and not name.startswith(MEMBER)]
    return table.mutate(**splits, **groups).select(*dict.fromkeys([*kept, *splits, *groups]))

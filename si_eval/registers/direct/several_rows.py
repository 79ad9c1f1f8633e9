"""Tables with several rows of a unit, one a site say: numbers are added up, the largest row decides what is a text."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from si_eval.errors import Problem, propose_name
from si_eval.registers.any_frame.columns import read_numbers
from si_eval.registers.direct.tables import MONEY, QUARTER, Layout
from si_eval.vocabulary import BE_ID, EMPLOYED_PERSONS, YEAR

SIZE = "largest:size"  # a column while rows are put in order
ADDED_UP = (EMPLOYED_PERSONS, MONEY)  # columns of the library that are added up, beside a study's own numbers


def join_several(
    layout: Layout,
    frames: Mapping[str, pd.DataFrame],
    columns: Mapping[str, Sequence[str]],
    numbers: Collection[str],
    problems: list[Problem],
    notes: list[str],
) -> dict[str, pd.DataFrame]:
    """Join the rows of a unit (in a year) of the tables that a study names under `largest`.

    Numbers are added up: missing only where all are. What is a text is that of the row with the largest value of the
    column that the study names; of equal ones, of the first in the order of all columns.
    """
    joined = {}
    for table, by in layout.largest.items():
        frame = frames.get(table)
        where = f"extract.largest.{table}"
        if frame is None or by not in frame:
            known = list(frames) if frame is None else [str(name) for name in frame.columns]
            found = f"no table {table}" if frame is None else f"no column {by!r} in {table}"
            action = propose_name(table if frame is None else by, known, f"name one of {', '.join(known[:12])}")
            problems.append(Problem(where, found, "a column of a table of the extract", action))
            continue
        sizes = read_numbers(frame[by].reset_index(drop=True), by)
        problems += [replace(one, where=table, table=table) for one in sizes.problems]
        own = [*columns.get(table, ()), *(one for one in ADDED_UP if one in frame)]
        added = {one for one in own if one in numbers or one in ADDED_UP}
        read = {name: read_numbers(frame[name].reset_index(drop=True), name) for name in added}
        problems += [replace(one, where=table, table=table) for column in read.values() for one in column.problems]
        notes += [f"{table}, {note}" for column in read.values() for note in column.notes]
        values = {name: column.values for name, column in read.items()}
        joined[table] = _join(
            frame.assign(**values, **{SIZE: sizes.values}), added, [one for one in own if one not in added]
        )
        extra = len(frame) - len(joined[table])
        if extra:
            notes.append(
                f"{table}: {extra} more rows of units that have several; that with the largest {by} decides texts"
            )
    return joined


def _join(frame: pd.DataFrame, added: Collection[str], texts: Sequence[str]) -> pd.DataFrame:
    """Join the rows of each key: sums of numbers, else what the largest row has."""
    keys = [key for key in (BE_ID, YEAR, QUARTER) if key in frame]
    ties = {f"tie {name}": frame[name].astype("string") for name in texts}
    order = [False, *[True] * len(ties)]
    ordered = frame.assign(**ties).sort_values([SIZE, *ties], ascending=order, kind="stable")
    largest = ordered.drop_duplicates(keys).set_index(keys)
    for name in added:
        largest[name] = frame.groupby(keys)[name].sum(min_count=1)
    return largest.reset_index()[[name for name in frame.columns if name != SIZE]]

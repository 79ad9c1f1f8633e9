"""Who takes part, and from which year on: one rule, whatever the order of the rows.

Of a unit that takes part, its entry is the one year that its rows give (missing and 0 give none; 0 is a year where
the frame's years go around it). Of a unit that never takes part, missing, 0 and infinite all say never. Without a
column of entries it is the first year in which the unit takes part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from si_eval.errors import Problem
from si_eval.registers.any_frame.columns import year_numbers
from si_eval.registers.any_frame.names import frame_problem, row_examples
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.text_input import is_missing_word

MAX_DISTANCE = 100  # years between an entry and the years of the frame; one farther off is a code or a mistake


@dataclass(frozen=True)
class Entries:
    """Of each row: whether its unit takes part (missing puts it in no group), its year of entry, and what was found.

    ``year`` is NaN where there is none; ``ended`` marks the years after the last of taking part.
    """

    participant: ExtensionArray
    year: FloatArray
    ended: BoolArray
    problems: Sequence[Problem]
    notes: Sequence[str]


@dataclass(frozen=True)
class _Units:
    """What is known of the units, by row: ``part`` is 1, 0 or NaN; the others repeat what holds for the unit."""

    unit: pd.Series
    year: pd.Series
    part: pd.Series

    def spread(self, values: pd.Series, how: Literal["min", "max", "any"]) -> pd.Series:
        """Repeat the least or largest value of a unit, or whether any is true, in all of its rows."""
        return values.groupby(self.unit).transform(how)

    @property
    def ever(self) -> pd.Series:
        """Whether the unit takes part in any year."""
        return self.spread(self.part.eq(1), "any")

    @property
    def group(self) -> ExtensionArray:
        """A unit that takes part in any year is a participant in all of its years; else a row is what it says."""
        return self.ever.astype("boolean").mask(self.part.isna() & ~self.ever).array

    @property
    def first(self) -> pd.Series:
        """First year of taking part."""
        return self.spread(self.year.where(self.part.eq(1)), "min")

    @property
    def last(self) -> pd.Series:
        """Last year of taking part."""
        return self.spread(self.year.where(self.part.eq(1)), "max")

    def count(self, rows: pd.Series) -> int:
        """Count the units that have any of these rows."""
        return int(self.unit[rows].nunique())


def settle_entries(
    unit: IntArray, year: IntArray, part: FloatArray, column: pd.Series | None, names: tuple[object, object]
) -> Entries:
    """Settle the year of entry of each unit; ``names`` are the columns of participation and of entry.

    Where participation changes within any unit, it is of the year, and its first year must be the entry; where it never
    does, it says who takes part at all.
    """
    units = _Units(pd.Series(unit), pd.Series(year, dtype="float64"), pd.Series(part))
    ended = units.part.eq(0) & units.year.gt(units.last)
    notes = list(_remarks(units, ended, names[0]))
    if column is None:
        first = units.first
        if units.ever.any() and not _is_of_the_year(units):
            notes.append(
                f"{names[0]}: it changes within no unit, so that the first year of a unit counts as its year of entry; "
                "name the column with the year of entry, if there is one"
            )
        return Entries(units.group, first.to_numpy(), ended.to_numpy(), [], notes)
    read = year_numbers(column, names[1], missing=lambda text: not text.strip() or is_missing_word(text))
    if read.problems:
        return Entries(units.group, np.full(len(unit), np.nan), ended.to_numpy(), read.problems, notes)
    values = pd.Series(read.values)
    says_never = values.eq(np.inf)
    if not units.year.min() <= 0 <= units.year.max():
        values = values.mask(values.eq(0))
    given = values.mask(says_never)
    problems = list(_entry_problems(units, given, says_never, names[1]))
    entry = units.spread(given, "min")
    if not problems:
        problems += _contradictions(units, entry, names)
    unknown = units.count(units.ever & entry.isna())
    if unknown:
        notes.append(
            f"{names[1]}: {unknown} units that take part have no year of entry; estimates by entry leave them out"
        )
    later = units.count(~units.ever & entry.notna())
    if later:
        notes.append(
            f"{names[1]}: {later} units enter after their last row; they are in no group of never treated units"
        )
    return Entries(units.group, entry.to_numpy(), ended.to_numpy(), problems, notes)


def _is_of_the_year(units: _Units) -> bool:
    """Whether participation changes within any unit."""
    return bool((units.ever & units.spread(units.part.eq(0), "any")).any())


def _entry_problems(units: _Units, given: pd.Series, says_never: pd.Series, name: object) -> list[Problem]:
    """Find entries that no year can be, and units with several."""
    problems = []
    low, high = units.year.min() - MAX_DISTANCE, units.year.max() + MAX_DISTANCE
    far = given.notna() & ~given.between(low, high)
    if far.any():
        found = f"{int(far.sum())} entries more than {MAX_DISTANCE} years from all years of the frame"
        shown = row_examples(np.flatnonzero(far), given.map("{:g}".format))
        problems.append(
            frame_problem(
                name, found, "a year, or missing for never", "write missing for codes of never or unknown", shown
            )
        )
    differ = (units.spread(given, "min") < units.spread(given, "max")) | (
        units.spread(says_never, "any") & units.spread(given.notna(), "any")
    )
    if differ.any():
        found = f"{units.count(differ)} units whose rows give several years of entry"
        problems.append(frame_problem(name, found, "one a unit", "give the first, or leave the column out"))
    never = says_never & units.ever
    if never.any():
        found = f"{units.count(never)} units that take part with an infinite year of entry, which says never"
        problems.append(frame_problem(name, found, "a year, or missing for unknown", "correct one of the two"))
    return problems


def _contradictions(units: _Units, entry: pd.Series, names: tuple[object, object]) -> list[Problem]:
    """Find units whose participation and entry do not go together."""
    of_the_year = _is_of_the_year(units)
    wrong = {
        "that never take part but have a year of entry": ~units.ever & units.part.eq(0) & units.year.ge(entry),
        "that take part before their year of entry": of_the_year & units.part.eq(1) & units.year.lt(entry),
        "that take part later than from their year of entry on": units.part.eq(0)
        & units.year.ge(entry)
        & units.year.lt(units.first),
    }
    return [
        frame_problem(
            f"{names[0]}, {names[1]}",
            f"{units.count(rows)} units {what}",
            "an entry in the first year of taking part",
            "correct one of the two columns",
        )
        for what, rows in wrong.items()
        if rows.any()
    ]


def _remarks(units: _Units, ended: pd.Series, name: object) -> list[str]:
    """Say how many units stop taking part, and how many are known in some years only."""
    notes = []
    if ended.any() or (units.part.eq(0) & units.year.gt(units.first) & units.ever).any():
        left = units.count(ended)
        pause = units.count(units.part.eq(0) & units.year.gt(units.first) & units.year.lt(units.last))
        paused = f", and {pause} stop for some years" if pause else ""
        notes.append(f"{name}: {left} units stop taking part{paused}; they count as participants in all of their years")
    missing = units.part.isna() & ~units.ever
    if missing.any():
        notes.append(
            f"{name}: {int(missing.sum())} rows of {units.count(missing)} units without a known participation are in "
            "no group; estimates of effects leave these units out"
        )
    return notes

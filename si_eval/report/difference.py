"""The difference between the groups as a table has it: its row beside theirs, and what its interval says."""

from __future__ import annotations

import pandas as pd

from si_eval.report.border import NUMBER, STATE, safe_rows
from si_eval.report.grid import Row
from si_eval.report.specification import DIMENSIONS
from si_eval.results import SafeTable
from si_eval.vocabulary import CONF_HIGH, CONF_LOW, DIFFERENCE, GROUP

KEYS = tuple(name for name in DIMENSIONS if name != GROUP)
Key = tuple[str, ...]


def find_differences(safe: SafeTable, rows: pd.DataFrame, axis: str) -> dict[str, Row]:
    """Map each class on an axis to the row of its difference; empty where a class has none or more than one."""
    differences = differences_by_place(safe)
    found = {row[axis]: differences.get(place_of(row)) for row in rows.to_dict("records") if row[GROUP] != DIFFERENCE}
    places = {place_of(row) for row in rows.to_dict("records")}
    return {name: row for name, row in found.items() if row is not None} if len(places) == len(found) else {}


def differences_by_place(safe: SafeTable) -> dict[Key, Row]:
    """Map what is compared (everything but the group) to the row of the difference."""
    rows = safe_rows(safe)
    return {place_of(row): row for row in rows[rows[GROUP] == DIFFERENCE].to_dict("records")}


def find_by_place(safe: SafeTable, rows: pd.DataFrame) -> dict[Key, Row]:
    """Map what the rows compare to the row of the difference, each once; rows of a difference are their own."""
    differences = differences_by_place(safe)
    places = dict.fromkeys(place_of(row) for row in rows.to_dict("records"))
    return {place: differences[place] for place in places if place in differences}


def place_of(row: Row) -> Key:
    """Return what a row is about, whatever its group."""
    return tuple(str(row[name]) for name in KEYS)


def interval_excludes_zero(row: Row | None) -> bool:
    """Whether a difference is shown with an interval that lies on one side of zero."""
    if row is None or row[STATE] != NUMBER or pd.isna(row[CONF_LOW]) or pd.isna(row[CONF_HIGH]):
        return False
    return bool(row[CONF_LOW] > 0 or row[CONF_HIGH] < 0)

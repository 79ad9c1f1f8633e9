"""The costs of a programme as the sources tell them: read, checked, kept with their reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from si_eval.errors import InputError, Problem
from si_eval.programme.efficiency.reading import column_problems, fault_problems, numbers, read_table

EURO, FTE = "EUR", "FTE"
TEXT_COLUMNS = (
    *("id", "key", "nl", "en", "payer", "perspective", "recipient", "level", "kind", "unit", "per", "precision"),
    *("counts", "same_as", "reason", "source", "section", "note"),
)
NUMBER_COLUMNS = ("year_from", "year_to", "value", "low", "high", "line", "line_end")
NEEDED = ("id", "key", "payer", "level", "kind", "year_from", "year_to", "value", "unit", "per", "counts")
ALLOWED = {"counts": ("yes", "no"), "per": ("year", "total", "")}


@dataclass(frozen=True)
class Costs:
    """Costs of a programme, one row for each time that a source tells one."""

    frame: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Give the costs: id, key, payer, level, kind, years, value and range, unit, whether it counts and why not."""
        return self.frame.copy()

    def summary(self) -> str:
        """Say in a line how many rows count."""
        return f"Costs: {len(self.frame)} rows, {int(counted(self).sum())} count"


def load_costs(path: str | Path) -> Costs:
    """Read the costs of a programme from CSV.

    Raises `InputError` with every problem at once: missing or unknown columns, ids twice, negative amounts, years that
    run backwards, a range that does not hold its value, a repetition (``same_as``) of a row that is not there or that
    counts itself, a row that does not count without a reason.
    """
    path = Path(path)
    frame = read_table(path, "costs")
    problems = list(column_problems(frame, path.name, needed=NEEDED, known=(*TEXT_COLUMNS, *NUMBER_COLUMNS)))
    problems = problems or list(_row_problems(frame, path.name))
    if problems:
        raise InputError(problems, what=f"the costs file {path.name}")
    for column in TEXT_COLUMNS:
        frame[column] = frame.get(column, "")
    for column in NUMBER_COLUMNS:
        frame[column] = numbers(frame, column)
    return Costs(frame)


def counted(costs: Costs) -> pd.Series:
    """Say of each row whether it counts, shape (rows,)."""
    return costs.frame["counts"] == "yes"


def _row_problems(frame: pd.DataFrame, where: str) -> Iterator[Problem]:
    """List what is wrong with the rows: one problem a kind of fault, with the ids that have it."""
    number = {column: numbers(frame, column) for column in NUMBER_COLUMNS}
    low, high, value = number["low"], number["high"], number["value"]
    other = frame.get("same_as", pd.Series("", index=frame.index))
    first_told = set(frame.loc[other == "", "id"])
    reason = frame.get("reason", pd.Series("", index=frame.index))
    yearly = (frame["per"] == "year") & (frame["counts"] == "yes") & (frame["unit"] == EURO)
    faults = [
        ("id", frame["id"].duplicated(), "an id twice", "each id once", "rename it"),
        *((column, ~frame[column].isin(known), "an unknown word", f"one of {', '.join(known)}", "correct it")
          for column, known in ALLOWED.items()),
        *((column, (frame[column] != "") & number[column].isna(), "text", "a number, or nothing", "correct it")
          for column in NUMBER_COLUMNS if column in frame),
        *((column, number[column] < 0, "a negative amount", "0 or more", "correct its sign")
          for column in ("value", "low", "high")),
        ("year_to", number["year_from"] > number["year_to"], "years that run backwards", "year_from before year_to",
         "swap them"),
        ("year_to", number["year_from"].isna() != number["year_to"].isna(), "one year of two", "both years, or none",
         "add the other"),
        ("year_from", yearly & number["year_from"].isna(), "a yearly amount without years", "its first and last year",
         "add them, or set counts to no"),
        ("high", (low > high) | (value < low) | (value > high), "a range that does not hold its value",
         "low, value, high in order", "correct it"),
        ("same_as", (other != "") & ~other.isin(first_told), "a repetition of no known row",
         "the id of the row that tells the cost first", "name that row"),
        ("same_as", (other != "") & (frame["counts"] == "yes"), "a repetition that counts", "no double counting",
         "set counts to no"),
        ("reason", (frame["counts"] == "no") & (reason == ""), "no reason", "why the row does not count", "add it"),
    ]  # fmt: skip
    yield from fault_problems(frame, where, faults)

"""The costs of a programme as the sources give them: read, checked, kept with their reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from si_eval.errors import InputError, Problem
from si_eval.frozen import keep_frames
from si_eval.registry import EURO, named_currency
from si_eval.text_input.small_tables import (
    SmallTable,
    fault_problems,
    gap_problems,
    name_problems,
    read_numbers,
    read_small_table,
    sort_by_id,
    year_faults,
)

FTE = "FTE"
TEXT_COLUMNS = (
    *("id", "key", "nl", "en", "payer", "perspective", "recipient", "level", "kind", "unit", "per", "precision"),
    *("counts", "same_as", "reason", "source", "section", "note"),
)
NUMBER_COLUMNS = ("year_from", "year_to", "value", "low", "high", "line", "line_end")
NEEDED = ("id", "key", "payer", "level", "kind", "year_from", "year_to", "value", "unit", "per", "counts")
ALLOWED = {"counts": ("yes", "no"), "per": ("year", "total", "")}


@keep_frames("frame")
@dataclass(frozen=True)
class Costs:
    r"""Costs of a programme: a cost that is given twice has two rows, of which one counts.

    Read them with `load_costs`.

    Attributes
    ----------
    frame : DataFrame
        One row a printed cost: ``id, key, nl, en`` (its names), ``payer, perspective, recipient, level, kind``,
        ``year_from, year_to``, ``value`` and its range ``low, high`` in ``unit`` ``per`` year or in total,
        ``precision``, ``counts`` (yes or no), ``same_as`` (the row that gives the cost first), ``reason`` (why it does
        not count), ``source, section, line, line_end, note``.
    currency : str
        The currency of the amounts that count, by its code.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.efficiency import load_costs
    >>> columns = "id,key,payer,level,kind,year_from,year_to,value,unit,per,counts"
    >>> path = Path("costs_of_a_programme.csv")
    >>> _ = path.write_text(columns + "\n1,grant,state,national,subsidy,2001,2003,10,EUR,year,yes\n")
    >>> print(load_costs(path).summary())
    Costs: 1 rows, 1 count
    """

    frame: pd.DataFrame
    currency: str = EURO

    def to_frame(self) -> pd.DataFrame:
        """Return the costs, one row a printed cost."""
        return self.frame.copy()

    def summary(self) -> str:
        """Summarise in a line how many rows count."""
        return f"Costs: {len(self.frame)} rows, {int(which_count(self).sum())} count"


def load_costs(path: str | Path, *, currency: str = EURO) -> Costs:
    r"""Read the costs of a programme from a CSV file.

    Parameters
    ----------
    path : str or Path
        The CSV file, with at least the columns ``id, key, payer, level, kind, year_from, year_to, value, unit, per,
        counts``; `Costs` names all columns.
    currency : str, default "EUR"
        The currency of all amounts of money, by its code in ISO 4217. An amount in another one is refused: no rate is
        assumed.

    Returns
    -------
    Costs

    Raises
    ------
    InputError
        With every problem at once: missing or unknown columns, ids twice, amounts in another currency, negative
        amounts, years that run backwards, a range that does not hold its value, a repetition (``same_as``) of a row
        that is not there or that counts itself, a row that does not count without a reason.
    StudyError
        Where the file is not there.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.efficiency import load_costs
    >>> columns = "id,key,payer,level,kind,year_from,year_to,value,unit,per,counts"
    >>> path = Path("costs_of_a_programme.csv")
    >>> _ = path.write_text(columns + "\n1,grant,state,national,subsidy,2001,2003,10,EUR,year,yes\n")
    >>> load_costs(path).to_frame()[["id", "payer", "value", "per"]]
      id  payer  value   per
    0  1  state   10.0  year
    """
    table = read_small_table(path, what="costs")
    problems = list(name_problems(table, needed=NEEDED, known=(*TEXT_COLUMNS, *NUMBER_COLUMNS)))
    number = {column: read_numbers(table, column) for column in NUMBER_COLUMNS}
    if not problems:
        problems = [problem for column in number.values() for problem in column.problems]
        problems += _row_problems(table, {name: column.values for name, column in number.items()}, currency)
    if problems:
        raise InputError(problems, what=f"the costs file {table.where}")
    texts = {column: table.frame.get(column, "") for column in TEXT_COLUMNS}
    frame = table.frame.assign(**texts, **{name: column.values for name, column in number.items()})
    return Costs(sort_by_id(frame), currency)


def which_count(costs: Costs) -> pd.Series:
    """Whether each row counts, shape (rows,)."""
    return costs.frame["counts"] == "yes"


def _row_problems(table: SmallTable, number: Mapping[str, pd.Series], currency: str) -> Iterator[Problem]:
    """List what is wrong with the rows: one problem a kind of fault, with the ids that have it."""
    frame = table.frame
    low, high, value = number["low"], number["high"], number["value"]
    other = frame.get("same_as", pd.Series("", index=frame.index))
    first_ids = set(frame.loc[other == "", "id"])
    reason = frame.get("reason", pd.Series("", index=frame.index))
    yearly = (frame["per"] == "year") & (frame["counts"] == "yes") & (frame["unit"] == currency)
    strange = frame["unit"].map(lambda unit: named_currency(unit) not in ("", currency)).astype(bool)
    faults = [
        ("id", frame["id"].duplicated(), "an id twice", "each id once", "rename it"),
        *((name, frame[name] == "", "no text", "a text in every row", "add it") for name in ("id", "key", "unit")),
        ("unit", strange, "an amount in another currency", f"amounts in {currency}, the currency of the study",
         "convert them, and say the rate in the note"),
        ("unit", (frame["counts"] == "yes") & ~strange & ~frame["unit"].isin((currency, FTE)),
         "a cost that counts in another unit", f"one of {currency}, {FTE}, in full",
         f"write amounts in {currency}, or set counts to no"),
        *((column, ~frame[column].isin(known), "an unknown word", f"one of {', '.join(known)}", "correct it")
          for column, known in ALLOWED.items()),
        *(year_faults(column, number[column]) for column in ("year_from", "year_to")),
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
        ("same_as", (other != "") & ~other.isin(first_ids), "a repetition of no known row",
         "the id of the row that gives the cost first", "name that row"),
        ("same_as", (other != "") & (frame["counts"] == "yes"), "a repetition that counts", "no double counting",
         "set counts to no"),
        ("reason", (frame["counts"] == "no") & (reason == ""), "no reason", "why the row does not count", "add it"),
    ]  # fmt: skip
    yield from fault_problems(table, faults)
    yield from gap_problems(table, TEXT_COLUMNS)

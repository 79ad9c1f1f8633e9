"""Reads price series, and expresses columns of money in prices of their base year."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

import numpy as np
import pandas as pd

from si_eval import engine
from si_eval.arguments import Arguments, describe_value
from si_eval.errors import InputError, Problem
from si_eval.registers.activities import section_letters
from si_eval.registry import Deflators, sections
from si_eval.registry.deflators import ANY, LAST_MONTH, WhereMissing
from si_eval.text_input.small_tables import (
    YEARS,
    Fault,
    SmallTable,
    fault_problems,
    name_problems,
    read_numbers,
    read_small_table,
    require_table,
    year_faults,
)
from si_eval.vocabulary import YEAR

if TYPE_CHECKING:
    import ibis.expr.types as ir

Activity = Callable[["ir.Table"], "ir.Value"]
INDEX, ACTIVITY, INDICATOR = "index", "activity", "indicator"
FACTOR = "factor of "
ACTIVITY_KEY = "activity of prices"
WHAT = "the deflators"
NO_END: Mapping[str, int] = {}
MAX_YEARS_SHOWN = 6


class PriceFactors(NamedTuple):
    """What amounts are multiplied by, by year and activity, and what is to be said of it."""

    lookup: ir.Table
    activity: Activity
    columns: tuple[str, ...]
    notes: tuple[str, ...]

    def apply(self, table: ir.Table) -> ir.Table:
        """Express the columns of money of a table in prices of the base year."""
        keyed = table.mutate(**{ACTIVITY_KEY: self.activity(table).fill_null(ANY)})
        joined = keyed.left_join(self.lookup, [YEAR, ACTIVITY_KEY])
        real = {column: joined[column] * joined[FACTOR + column].nullif(float("nan")) for column in self.columns}
        return joined.mutate(**real).select(*table.columns)


def read_deflators(
    source: str | Path | pd.DataFrame,
    *,
    base_year: int,
    where_missing: WhereMissing = "refuse",
    columns: Sequence[str] = (),
    book_year_end: Mapping[str, int] = NO_END,
) -> Deflators:
    """Read price series with which a panel expresses money in prices of one year.

    Use them where growth in euro is to be growth in volume. A value is divided by the price level of its year and
    multiplied by that of the base year. Each unit takes the most specific series that there is for the figure and for
    its activity in the year; a series for the figure goes before one for the activity, a division before a section.

    Parameters
    ----------
    source : str, Path or pandas.DataFrame
        A CSV file or a frame with the columns ``year``, ``index`` (above 0, on any base) and, where they serve,
        ``activity`` (a division of two digits or the letter of a section; empty for all) and ``indicator`` (a column of
        money such as ``revenue`` or ``investment_machinery``, or ``investment`` for all assets; empty for all).
    base_year : int
        The year in whose prices money is expressed.
    where_missing : {"refuse", "broader", "leave_out"}, default "refuse"
        What is done where a unit has no series, or one without a year that it needs: one error that lists them all; the
        next broader series that has all the years, for all the years; or no figure. The last two say what they did.
    columns : sequence of str, optional
        Columns of money beside revenue, investments and those that an indicator in money names.
    book_year_end : mapping of str to int, optional
        The month in which the book year of a figure ends, counted from January of the year that it is called after: 12
        is the calendar year, 3 ends in March of the year, 15 in March of the next one. Prices are those of its months.

    Returns
    -------
    Deflators
        To give to `build_panel` or `panel_from_frame`.

    Raises
    ------
    InputError
        With every problem of the file at once.

    Examples
    --------
    >>> import pandas as pd
    >>> import si_eval as se
    >>> prices = pd.DataFrame({"year": [2015, 2016], "index": [100, 125]})
    >>> deflators = se.read_deflators(prices, base_year=2015)
    >>> firms = pd.DataFrame({"firm": ["a", "a"], "year": [2015, 2016], "joined": 0, "sales": [100.0, 150.0]})
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="joined", revenue="sales",
    ...                             deflators=deflators)
    >>> panel.to_frame()["revenue"].tolist(), panel.prices
    ([100.0, 120.0], '2015')
    """
    arguments = Arguments("read_deflators")
    base = arguments.whole("base_year", base_year, least=YEARS[0], most=YEARS[1])
    arguments.option("where_missing", where_missing, get_args(WhereMissing))
    named = arguments.sequence_of_texts("columns", columns, "columns")
    ends = _check_ends(arguments, book_year_end)
    arguments.refuse_problems()
    require_table(source, argument="source")
    table = read_small_table(source, what=WHAT)
    series = _read_series(table, base)
    content = b"" if isinstance(source, pd.DataFrame) else Path(source).read_bytes()
    return Deflators(
        series=series,
        base_year=base,
        where_missing=where_missing,
        columns=named,
        book_year_end=ends,
        source=table.where,
        sha256=hashlib.sha256(content).hexdigest() if content else "",
    )


def find_factors(
    connection: engine.Engine, table: ir.Table, deflators: Deflators, *, activity: Activity, columns: Mapping[str, str]
) -> PriceFactors:
    """Find what each amount of a table of unit-years is multiplied by.

    ``activity`` returns the division or section of each row as text, missing where there is none; ``columns`` are those
    of the table that are money, each with the figure whose series it takes. Raises `InputError` with every activity and
    figure that has no series, or one that lacks a year, under ``where_missing="refuse"``.
    """
    keyed = table.mutate(**{ACTIVITY_KEY: activity(table).fill_null(ANY)})
    flags = {column: keyed[column].notnull().any() for column in columns}
    there = engine.fetch(keyed.group_by([YEAR, ACTIVITY_KEY]).aggregate(**flags))
    there = there.sort_values([YEAR, ACTIVITY_KEY], ignore_index=True)
    factors = there[[YEAR, ACTIVITY_KEY]].copy()
    notes: list[str] = []
    problems: list[Problem] = []
    for column, figure in columns.items():
        values = np.full(len(there), np.nan)
        for code, rows in there[there[column].fillna(False).astype(bool)].groupby(ACTIVITY_KEY):
            years = sorted(int(year) for year in rows[YEAR])
            found = _choose(deflators, figure, str(code), years)
            problems += found.problems
            notes += found.notes
            if found.series is not None:
                values[rows.index.to_numpy()] = [
                    deflators.factor(found.series, figure, int(year)) for year in rows[YEAR]
                ]
        factors[FACTOR + column] = values
    if problems:
        raise InputError(problems, what=WHAT)
    lookup = engine.from_frame(connection, factors.astype({YEAR: "int64", ACTIVITY_KEY: "str"}))
    return PriceFactors(lookup, activity, tuple(columns), tuple(dict.fromkeys(notes)))


class _Choice(NamedTuple):
    """The series that was found for an activity and a figure; why there is none, or what is to be said of it."""

    series: tuple[str, str] | None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def _choose(deflators: Deflators, figure: str, activity: str, years: Sequence[int]) -> _Choice:
    """Choose the series of an activity, with what is wrong where none serves."""
    section = section_letters().get(activity)
    known = list(deflators.candidates(figure, [one for one in (activity, section) if one]))
    if known and not deflators.lacking(known[0], figure, years):
        return _Choice(known[0])
    name = f"activity {activity}" if activity else "units without an activity"
    lacking = deflators.lacking(known[0], figure, years) if known else []
    found = f"no series for {name}" if not known else f"no {_years(lacking)} in the series of {_named(known[0])}"
    if deflators.where_missing == "broader":
        whole = next((one for one in known if not deflators.lacking(one, figure, years)), None)
        if whole is not None:
            return _Choice(
                whole, notes=(f"prices of {figure}, {name}: {found}; those of {_named(whole)} in its place",)
            )
    if deflators.where_missing == "leave_out":
        return _Choice(None, notes=(f"prices of {figure}, {name}: {found}; no figures in {_years(years)}",))
    action = 'add them, or choose where_missing "broader" or "leave_out"'
    expected = f"a price level in {_years(years)}, and of {deflators.base_year}"
    return _Choice(None, (Problem(deflators.source, f"{found} ({figure})", expected, action),))


def _named(series: tuple[str, str]) -> str:
    figure, activity = series
    return f"{figure or 'all figures'}, {f'activity {activity}' if activity else 'all activities'}"


def _years(years: Sequence[int]) -> str:
    """Write years, the first of many."""
    more = f" and {len(years) - MAX_YEARS_SHOWN} more" if len(years) > MAX_YEARS_SHOWN else ""
    return ", ".join(str(year) for year in years[:MAX_YEARS_SHOWN]) + more


def _check_ends(arguments: Arguments, ends: object) -> dict[str, int]:
    """Return the months in which book years end."""
    if not isinstance(ends, Mapping):
        arguments.add("book_year_end", describe_value(ends), "months by figure", 'write {"investment": 3}')
        return {}
    return {
        str(name): arguments.whole(f"book_year_end[{name!r}]", end, least=1, most=LAST_MONTH)
        for name, end in ends.items()
    }


def _read_series(table: SmallTable, base_year: int) -> dict[tuple[str, str], dict[int, float]]:
    """Read the price level of each year by figure and activity; raise `InputError` for all that is wrong."""
    problems = list(name_problems(table, needed=(YEAR, INDEX), known=(YEAR, INDEX, ACTIVITY, INDICATOR)))
    if problems:
        raise InputError(problems, what=WHAT)
    numbers = {name: read_numbers(table, name) for name in (YEAR, INDEX)}
    problems += [problem for read in numbers.values() for problem in read.problems]
    years, levels = numbers[YEAR].values, numbers[INDEX].values
    frame = table.frame.reindex(columns=[INDICATOR, ACTIVITY], fill_value="")
    codes = frame[ACTIVITY].str.upper()
    empty = {name: table.frame[name].eq("") for name in (YEAR, INDEX)}
    known = {*section_letters(), *sections(), ANY}
    again = pd.DataFrame({"figure": frame[INDICATOR], "activity": codes, "year": years}).duplicated() & years.notna()
    faults: list[Fault] = [
        (YEAR, empty[YEAR], "no year", "the year of each price level", "add it"),
        year_faults(YEAR, years),
        (INDEX, empty[INDEX], "no price level", "one in each row", "add it"),
        (INDEX, levels.le(0), "a price level that is not above 0", "an index, such as 104.2", "correct it"),
        (ACTIVITY, ~codes.isin(known), "a code that is no division or section of NACE Rev. 2 (SBI 2008)",
         "two digits, a letter, or nothing for all", "write 25, C, or nothing"),
        (YEAR, again, "a year that its series has before", "one price level a series and year", "leave one out"),
    ]  # fmt: skip
    problems += fault_problems(table, faults)
    if problems:
        raise InputError(problems, what=WHAT)
    found: dict[tuple[str, str], dict[int, float]] = {}
    for figure, code, year, level in zip(frame[INDICATOR], codes, years, levels, strict=True):
        found.setdefault((str(figure), str(code)), {})[int(year)] = float(level)
    if all(base_year not in one for one in found.values()):
        action = "choose another base year, or add it"
        raise InputError([Problem(table.where, f"no price level of {base_year}", "the base year", action)], what=WHAT)
    return found

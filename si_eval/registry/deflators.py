"""Price series that a user gives, and which figures of a panel are money that they deflate."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from si_eval.errors import InputError, Problem, propose_name
from si_eval.frozen import freeze_fields
from si_eval.registry.currencies import currency_of
from si_eval.registry.entries import REGISTER_VALUE, Indicator
from si_eval.registry.files import facts

WhereMissing = Literal["refuse", "broader", "leave_out"]
REVENUE = "revenue"
INVESTMENT, OWN_PRODUCTION = "investment", "own_production"
NOMINAL = "nominal"  # money in the prices of its own year
ANY = ""  # the activity of a series for all units, and the figure of a series for all figures
MONTHS = 12
LAST_MONTH = 24  # a book year that is called after the year in which it begins ends in the next one
RATIOS = ("share", "fraction")  # units in which prices cancel


@dataclass(frozen=True)
class Deflators:
    """Price series by figure and activity: made by `read_deflators`.

    ``series`` has, by figure (a column of money, ``investment`` for all assets, or nothing for all figures) and
    activity (a division, a section, or nothing for all), the price level of each year. ``columns`` are further columns
    of money, ``book_year_end`` the month in which the book year of a figure ends, counted from January of its year.
    """

    series: Mapping[tuple[str, str], Mapping[int, float]]
    base_year: int
    where_missing: WhereMissing = "refuse"
    columns: tuple[str, ...] = ()
    book_year_end: Mapping[str, int] = field(default_factory=dict)
    source: str = "data frame"
    sha256: str = ""

    def __post_init__(self) -> None:
        freeze_fields(self, "series", "book_year_end")

    def summary(self) -> str:
        """Summarise in a line what the series are of."""
        figures = sorted({figure or "all figures" for figure, _ in self.series})
        return f"Deflators: {len(self.series)} series ({', '.join(figures)}), prices of {self.base_year}"

    def __repr__(self) -> str:
        return self.summary()

    def settings(self) -> dict[str, Any]:
        """Return everything that decides deflated values, as plain values in one order."""
        series = [[*key, sorted(levels.items())] for key, levels in sorted(self.series.items())]
        ends = sorted(self.book_year_end.items())
        return {"base_year": self.base_year, "where_missing": self.where_missing, "columns": sorted(self.columns),
                "book_year_end": [list(one) for one in ends], "series": series}  # fmt: skip

    def candidates(self, column: str, activities: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield the series that serve a column and activities (narrowest first), the most specific first."""
        for figure in _figures(column):
            for activity in (*activities, ANY):
                if (figure, activity) in self.series:
                    yield figure, activity

    def years_of(self, column: str, year: int) -> dict[int, float]:
        """Return the calendar years that a year of a column lies in, with the share of each."""
        end = next((self.book_year_end[one] for one in _figures(column) if one in self.book_year_end), MONTHS)
        offset, months = divmod(end, MONTHS)
        shares = {year + offset: months / MONTHS, year + offset - 1: 1 - months / MONTHS}
        return {one: share for one, share in shares.items() if share > 0}

    def factor(self, series: tuple[str, str], column: str, year: int) -> float:
        """Compute what a value of a year is multiplied by: the price level of the base year over its own."""
        levels = self.series[series]
        own = sum(share * levels[one] for one, share in self.years_of(column, year).items())
        return levels[self.base_year] / own

    def lacking(self, series: tuple[str, str], column: str, years: Collection[int]) -> list[int]:
        """List the years that a series would need and does not have, the base year among them."""
        needed = {self.base_year, *(one for year in years for one in self.years_of(column, year))}
        return sorted(needed - set(self.series[series]))


def money_columns(known: Mapping[str, Indicator], further: Collection[str] = ()) -> set[str]:
    """Name the columns of a panel that are amounts of money, from which money indicators are made.

    They are revenue, investments, what an indicator in money takes as it is or divides, and ``further`` ones.
    """
    amounts = {f"{kind}_{asset}" for kind in (INVESTMENT, OWN_PRODUCTION) for asset in facts("assets")}
    found = {REVENUE, *amounts, *further}
    for entry in known.values():
        if currency_of(entry.unit) and (entry.numerator or entry.function == REGISTER_VALUE):
            column = entry.numerator or entry.of or entry.name
            if column not in known or known[column].function == REGISTER_VALUE:
                found.add(column)
    return found


def priced_indicators(known: Mapping[str, Indicator], further: Collection[str] = ()) -> set[str]:
    """Name the indicators whose values prices move: those that rest on money, but for shares, in which they cancel."""
    money = money_columns(known, further)
    return {name for name, entry in known.items() if entry.unit not in RATIOS and _rests_on(name, money, known)}


def refuse_unpriced(known: Mapping[str, Indicator], deflators: Deflators) -> None:
    """Raise `InputError` with the indicators in money of which no column is known to be money."""
    priced = priced_indicators(known, deflators.columns)
    problems = [
        Problem(
            f"indicators.{name}", f"`{entry.expression}` in {entry.unit}, none of whose columns is known as money",
            "the columns that are deflated", "name them in `columns` of the deflators",
        )
        for name, entry in known.items()
        if currency_of(entry.unit) and name not in priced
    ]  # fmt: skip
    if problems:
        raise InputError(problems, what="the deflators")


def refuse_unknown(deflators: Deflators, columns: Iterable[object], known: Mapping[str, Indicator]) -> None:
    """Raise `InputError` with every name in the deflators that is no column, or no money, of a panel."""
    there = [str(one) for one in columns]
    money = sorted({figure for name in money_columns(known, deflators.columns) for figure in _figures(name) if figure})
    figures = {figure for figure, _ in deflators.series if figure}
    given = [("columns", name, there) for name in deflators.columns]
    given += [("indicator", name, money) for name in sorted(figures)]
    given += [("book_year_end", name, money) for name in deflators.book_year_end]
    problems = [
        Problem(
            f"{deflators.source}, {place}", repr(name), f"a column of money: {', '.join(options)}",
            propose_name(name, options, "correct it, or name it in `columns` where it is one"),
        )
        for place, name, options in given
        if name not in options
    ]  # fmt: skip
    if problems:
        raise InputError(problems, what="the deflators")


def _rests_on(name: str, money: Collection[str], known: Mapping[str, Indicator], seen: tuple[str, ...] = ()) -> bool:
    """Whether an indicator or column is money, or made of it."""
    if name in money:
        return True
    if name in seen or name not in known:
        return False
    return any(_rests_on(one, money, known, (*seen, name)) for one in known[name].needs)


def _figures(column: str) -> tuple[str, ...]:
    """Name the figures whose series serve a column, the most specific first."""
    for kind in (INVESTMENT, OWN_PRODUCTION):
        if column.startswith(f"{kind}_"):
            asset = column.removeprefix(f"{kind}_")
            return tuple(dict.fromkeys((column, f"{INVESTMENT}_{asset}", INVESTMENT, ANY)))
    return column, ANY

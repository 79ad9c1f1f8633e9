"""Reads rows that no panel is behind: which cells their tidy columns declare, and what the row says of each."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from si_eval.disclosure.declared import ALONE, DECLARED, Declared, DeclaredUnits
from si_eval.disclosure.rules import DisclosureRules
from si_eval.registry import facts, indicators
from si_eval.results import Cell, Contributions, UnitSet
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    CHANGE,
    COUNT,
    DIFFERENCE,
    DOF,
    ESTIMATE,
    GROUP,
    GROWTH,
    HOLDING_LARGEST,
    HOLDING_SECOND,
    INDEX,
    INDICATOR,
    LARGEST,
    MEAN,
    MEDIAN,
    N_HOLDINGS,
    N_PUBLIC,
    N_TOTAL,
    N_UNITS,
    NON_PARTICIPANTS,
    OF_BASE_YEAR,
    OF_POPULATION,
    PARTICIPANT,
    PARTICIPANTS,
    PRIVATE_LARGEST,
    PRIVATE_SECOND,
    PUBLIC_TOTAL,
    RATIO,
    RATIO_OF_SUMS,
    SECOND_LARGEST,
    SECTOR,
    SHARE,
    SIZE_CLASS,
    STATISTIC,
    STD_DEV,
    STD_ERROR,
    SUM,
    TOTAL,
    UNIT_OF_MEASURE,
    YEAR,
)

Row = Mapping[Any, Any]
CONTRASTS = (DIFFERENCE, RATIO)
DIVIDING = (CATEGORY, SIZE_CLASS, SECTOR)
LEVELS = (MEAN, MEDIAN, RATIO_OF_SUMS, SUM)
DISTRIBUTIONS = (SECTOR, SIZE_CLASS, "age_class", "age_class_fine")
POPULATIONS = ("business_units", "linked_units")
COUNTED_UNITS = ("business_units", "business units", "units", "firms", "unit", SHARE)
KNOWN = -1  # stands for the table of a figure that outsiders have
LEVEL, COMBINATION, CONTRAST = range(3)  # the order in which rows are read


class Place(NamedTuple):
    """Where a row stands; ``all`` where a dimension is not split."""

    group: str
    year: str
    size_class: str
    sector: str
    category: str


def number_in(row: Row | pd.Series, column: str) -> float:
    """Read a number of a row; missing where the row has none."""
    value = row.get(column)
    return math.nan if value is None or pd.isna(value) else float(value)


def standard_deviation(row: Row, n: float) -> float:
    """Read the standard deviation of the ``n`` values behind a mean, or compute it from an error of independent units.

    A row whose error is that of clusters says the standard deviation beside it.
    """
    told = number_in(row, STD_DEV)
    return number_in(row, STD_ERROR) * math.sqrt(n) if math.isnan(told) else told


def place_of(row: Row) -> Place:
    """Read the place of a row."""
    return Place(*(_text(row.get(column)) for column in (GROUP, YEAR, SIZE_CLASS, SECTOR, CATEGORY)))


def variable_of(row: Row) -> str:
    """Describe what a row adds up: nothing for counts and shares of units, else its indicator.

    A count adds up what units contribute (persons, machines) where it is neither the number of units nor one of
    categories.
    """
    if row[STATISTIC] not in (COUNT, SHARE) or row[GROUP] in CONTRASTS:
        return str(row[INDICATOR])
    estimate = number_in(row, ESTIMATE)
    countable = (*COUNTED_UNITS, *facts("disclosure")["category_units"])
    other = row[STATISTIC] == COUNT and str(row[UNIT_OF_MEASURE]) not in countable
    magnitude = other and not math.isnan(estimate) and estimate != number_in(row, N_UNITS)
    return str(row[INDICATOR]) if magnitude else ""


def counts_units(row: Row) -> bool:
    """Whether the number that a count or share is about is the number of units, not one of categories."""
    estimate = number_in(row, ESTIMATE)
    unknown = math.isnan(estimate) and str(row[UNIT_OF_MEASURE]) in COUNTED_UNITS
    return row[STATISTIC] == SHARE or estimate == number_in(row, N_UNITS) or unknown


def order_of(row: Row) -> int:
    """Order the reading of rows: levels first, then what combines years, then what combines groups."""
    if row[GROUP] in CONTRASTS:
        return CONTRAST
    return LEVEL if row[STATISTIC] in (COUNT, SHARE, *LEVELS) else COMBINATION


@dataclass
class DeclaredReader:
    """Finds the cells of rows; ``own`` are the levels that each table shows or judges itself.

    Rows have to be read in the order of `order_of`, so that a combination finds the cells whose values it combines.
    """

    rules: DisclosureRules
    units: DeclaredUnits = field(default_factory=DeclaredUnits)
    own: dict[tuple[int, str, Place], Cell] = field(default_factory=dict)
    levels: dict[tuple[str, Place], list[Cell]] = field(default_factory=lambda: defaultdict(list))
    dividing: set[tuple[int, str, Place, str]] = field(default_factory=set)

    def find_dividing(self, rows: Sequence[tuple[int, Row]]) -> None:
        """Find the indicators whose classes add up to one total, as the options of a question do."""
        found: dict[tuple[int, str, Place, str], dict[str, tuple[float, float]]] = defaultdict(dict)
        for table, row in rows:
            place = place_of(row)
            if variable_of(row) or row[INDICATOR] in DISTRIBUTIONS or row[GROUP] in CONTRASTS:
                continue
            for column in DIVIDING:
                key = table, str(row[INDICATOR]), place._replace(**{column: ALL}), column
                if getattr(place, column) != ALL:
                    found[key][getattr(place, column)] = number_in(row, N_UNITS), number_in(row, N_TOTAL)
        self.dividing = {
            key
            for key, classes in found.items()
            if len({total for _, total in classes.values()}) == 1
            and all(sum(n for n, _ in classes.values()) == total for _, total in classes.values())
        }

    def cells_of(self, table: int, row: Row) -> tuple[Cell, ...]:
        """Declare the cells that a row rests on: of a count its own cell, then that of ``n_total``."""
        place, n, variable = place_of(row), number_in(row, N_UNITS), variable_of(row)
        if order_of(row) != LEVEL:
            return self._combined(table, row, place, n)
        if not variable:
            return self._counted(table, row, place, n)
        if n == 0:
            return ()
        total = number_in(row, TOTAL)
        if row[STATISTIC] in (SUM, COUNT):
            total = number_in(row, ESTIMATE)
        elif math.isnan(total) and row[STATISTIC] == MEAN:
            total = n * number_in(row, ESTIMATE)
        said = said_of(row, n, total, self.rules)
        if math.isnan(total) and math.isnan(said.given.largest):
            said = _without_contributions(said)
        cell = self._declare(table, variable, place, said, alone=math.isnan(total))
        self.own[table, variable, place] = cell
        self._keep_level(variable, place, cell)
        entry = indicators().get(variable)
        if row[STATISTIC] == RATIO_OF_SUMS and entry is not None and entry.numerator:
            parts = [self.levels.get((name, place), []) for name in (entry.numerator, entry.denominator)]
            return tuple(dict.fromkeys([cell, *(one for part in parts for one in part if all(parts))]))
        return (cell,)

    def declare_known(self, variable: str, place: Place, said: Declared) -> Cell:
        """Declare a cell of a figure that outsiders have."""
        return self._declare(KNOWN, variable, place, said)

    def units_at(self, variable: str, place: Place) -> float:
        """Return the number of units behind a variable at a place, or that of the two groups together."""
        for cell in self.levels.get((variable, place), []):
            return self.units.cells[cell].n
        groups = [
            self.levels.get((variable, place._replace(group=name)), []) for name in (PARTICIPANTS, NON_PARTICIPANTS)
        ]
        both = place.group == ALL and all(groups)
        return sum(self.units.cells[cells[0]].n for cells in groups) if both else math.nan

    def _counted(self, table: int, row: Row, place: Place, n: float) -> tuple[Cell, ...]:
        """Declare a count or a share: a category of its own is a part of the units at its place.

        The options of a question are no split of the units at the place; where they do not add up, each stands alone.
        """
        indicator, n_total = str(row[INDICATOR]), number_in(row, N_TOTAL)
        said, whole = said_of(row, n, n, self.rules), said_of({}, n_total, n_total, self.rules)
        total: list[Cell] = []
        if indicator in (*POPULATIONS, *DISTRIBUTIONS) or not counts_units(row):
            cell = self._declare(table, "", place, said)
            if not math.isnan(n_total):
                column = indicator if indicator in (SECTOR, SIZE_CLASS) else CATEGORY
                above = place if indicator in POPULATIONS else place._replace(**{column: ALL})
                total = [self._declare(table, "", above, whole)]
            return (cell, *total)
        wholes = {column: place._replace(**{column: ALL}) for column in DIVIDING if getattr(place, column) != ALL}
        dividers = [name for name, whole in wholes.items() if (table, indicator, whole, name) in self.dividing]
        divides = bool(dividers)
        about = indicator if divides or place.category == ALL else f"{indicator} {place.category}"
        cell = self._declare(table, "", place, said, about=about)
        if not math.isnan(n_total):
            above = wholes[dividers[0]] if divides else place._replace(category=ALL)
            total = [self._declare(table, "", above, whole, about=about if divides else f"all of {about}")]
        self._keep_level(f"{indicator} counted", place, cell)
        return (cell, *total)

    def _combined(self, table: int, row: Row, place: Place, n: float) -> tuple[Cell, ...]:
        """List the cells that a difference, a ratio, an index or another combination rests on."""
        found: list[Cell] = []
        variable, bare = str(row[INDICATOR]), False
        for there, suffix in _sources(row, place):
            printed = self._levels_at(table, variable, there, n)
            if row[GROUP] not in CONTRASTS and not math.isnan(number_in(row, LARGEST + suffix)):
                said = said_of(row, n, math.nan, self.rules, suffix)
                self.own[table, f"{variable} by evidence", there] = self._declare(
                    table, variable, there, said, alone=True
                )
            judged = self.own.get((table, f"{variable} by evidence", there))
            printed = [*printed, *([judged] if judged else [])]
            bare = bare or not printed
            found += printed
        if row[STATISTIC] == SHARE:
            everybody = place._replace(group=ALL)
            names = (indicator + " counted" for indicator in (variable, variable + OF_POPULATION))
            found += [cell for name in names for cell in self.levels.get((name, everybody), [])]
            bare = bare and not found
        if bare or not any(self.units.cells[cell].n == n for cell in found):
            unjudged = bare and not number_in(row, DOF) >= 0 and self.rules.contributions == "required"
            given = said_of({}, n, math.nan, self.rules)
            given = given if unjudged else _without_contributions(given)
            found.append(self._declare(table, variable, place, given, alone=True, row=str(len(self.units.cells))))
        return tuple(dict.fromkeys(found))

    def _levels_at(self, table: int, variable: str, there: Place, n: float) -> list[Cell]:
        """List the cells whose level a combination may use: its own table's, else each version with enough units."""
        if (table, variable, there) in self.own:
            return [self.own[table, variable, there]]
        return [cell for cell in self.levels.get((variable, there), []) if self.units.cells[cell].n >= n]

    def _keep_level(self, variable: str, place: Place, cell: Cell) -> None:
        if cell not in self.levels[variable, place]:
            self.levels[variable, place].append(cell)

    def _declare(
        self,
        table: int,
        variable: str,
        place: Place,
        said: Declared,
        *,
        about: str = "",
        alone: bool = False,
        row: str = "",
    ) -> Cell:
        """Declare one cell at a place."""
        where = [(column, (label,)) for column, label in place._asdict().items() if label != ALL]
        conditions = dict(where)
        conditions.pop(YEAR, None)
        group = conditions.pop(GROUP, None)
        if group is not None:
            conditions[PARTICIPANT] = (group[0] == PARTICIPANTS,)
        if alone:
            conditions[ALONE] = (row,)
        population = f"{DECLARED} {about}".strip()
        year = int(place.year) if place.year.lstrip("-").isdigit() else None
        units = UnitSet(population, year, tuple(sorted(conditions.items())))
        return self.units.declare(Cell(units, variable), said, table)


def said_of(row: Row, n: float, total: float, rules: DisclosureRules, suffix: str = "") -> Declared:
    """Read what a row says of a cell; ``suffix`` ends the names of the columns of evidence.

    The sum of absolute values is bounded from below by the sum, and by the sum of squares over the largest value.
    Without a column the public units of the rules are assumed to be in the cell, and the largest after the first.
    """

    def given(column: str) -> float:
        return number_in(row, column + suffix)

    largest, second = given(LARGEST), given(SECOND_LARGEST)
    squares, of_mean = math.nan, math.nan
    if row and row.get(STATISTIC) == MEAN and not suffix:
        of_mean = number_in(row, ESTIMATE)
        squares = (0.0 if n == 1 else (n - 1) * standard_deviation(row, n) ** 2) + n * of_mean**2
    bounds = [abs(given(TOTAL)), abs(total), squares / largest if largest > 0 else math.nan]
    public = given(N_PUBLIC) if rules.public_units else 0.0
    public = float(len(rules.public_units)) if math.isnan(public) else public
    public_total = given(PUBLIC_TOTAL) if rules.public_units else 0.0
    if math.isnan(public_total):
        public_total = 0.0 if math.isnan(second) else public * second
    holdings = n if math.isnan(given(N_HOLDINGS)) else min(n, given(N_HOLDINGS))
    measured = Contributions(
        n_units=n,
        n_holdings=holdings,
        n_public=public,
        private_holdings=holdings - public,
        total=total if math.isnan(of_mean) else n * of_mean,
        absolute=max((one for one in bounds if not math.isnan(one)), default=math.nan),
        largest=largest,
        second_largest=0.0 if math.isnan(second) else second,
        holding_largest=given(HOLDING_LARGEST),
        holding_second=given(HOLDING_SECOND),
        public_total=public_total,
        private_largest=given(PRIVATE_LARGEST),
        private_second=given(PRIVATE_SECOND),
    )
    return Declared(total, measured, squares)


def _without_contributions(said: Declared) -> Declared:
    """Say of a cell that adds up with nothing, such as the coefficient of a model, that only its units count."""
    equal = said.given._replace(largest=1.0, second_largest=1.0, absolute=said.n)
    return said._replace(given=equal)


def _sources(row: Row, place: Place) -> list[tuple[Place, str]]:
    """Return the places whose levels a row combines, and how the names of its evidence columns for them end."""
    groups = (PARTICIPANTS, NON_PARTICIPANTS) if row[GROUP] in CONTRASTS else (str(row[GROUP]),)
    base = str(row[UNIT_OF_MEASURE])[:4] if row[STATISTIC] == INDEX else ""
    if row[STATISTIC] in (GROWTH, CHANGE) and place.year.isdigit():
        base = str(int(place.year) - 1)
    years = {place.year: ""} | ({base: OF_BASE_YEAR} if base.isdigit() and base != place.year else {})
    return [(place._replace(group=group, year=year), suffix) for group in groups for year, suffix in years.items()]


def _text(value: Any) -> str:
    if value is None or pd.isna(value):
        return ALL
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

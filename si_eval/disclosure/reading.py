"""Reads tidy rows: which cells of the cover table each number rests on."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from si_eval.disclosure.contributions import keep_evidence, number_in, standard_deviation
from si_eval.disclosure.cover import UNITS, Cover, Place
from si_eval.disclosure.places import (
    CONTRASTS,
    COUNTED_UNITS,
    DISTRIBUTIONS,
    POPULATIONS,
    divided,
    divider_of,
    place_of,
    units_with,
    variable_of,
)
from si_eval.disclosure.primary import UNVERIFIED
from si_eval.disclosure.rules import DisclosureRules
from si_eval.registry import indicators
from si_eval.results import ResultTable
from si_eval.vocabulary import (
    ALL,
    CHANGE,
    COUNT,
    DOF,
    ESTIMATE,
    EXHIBIT,
    GROUP,
    GROUPS,
    GROWTH,
    INDEX,
    INDICATOR,
    LARGEST,
    MEAN,
    MEDIAN,
    N_TOTAL,
    N_UNITS,
    NON_PARTICIPANTS,
    OF_BASE_YEAR,
    OF_POPULATION,
    PARTICIPANTS,
    RATIO_OF_SUMS,
    SECTOR,
    SHARE,
    SIZE_CLASS,
    STATISTIC,
    SUM,
    TOTAL,
    UNIT_OF_MEASURE,
)

MERGED_AWAY = "merged_away"  # says of a row that its class was merged
WEIGHT = "weight_of_row"  # says of a row what it costs to lose it, where that is not its table's place
JUDGED = " by evidence"  # beside the name of a variable: a level that is printed nowhere
LEVEL, COMBINATION, CONTRAST = range(3)  # the order in which rows are read
PRINTED = "_table_"  # exhibit ids follow the source: a table prints its numbers, a figure draws them
TABLE_COST = 2.0
LEVELS = (MEAN, MEDIAN, RATIO_OF_SUMS, SUM)


@dataclass(frozen=True)
class Figure:
    """One row: the cells it rests on, the cell whose count stands in ``n_total``, and the cell of ``n_units`` alone."""

    table: int
    row: int
    cells: tuple[int, ...]
    total: int | None = None
    count_only: int | None = None
    free: bool = False


@dataclass
class Request:
    """All rows of a request, and the cover table they fill.

    ``linked_ratios`` are ratios of sums with their numerators, ``divided`` the questions whose options add up, and
    ``merged`` the cells of classes that were merged: they are not shown.
    """

    cover: Cover = field(default_factory=Cover)
    figures: list[Figure] = field(default_factory=list)
    linked_ratios: set[tuple[int, int]] = field(default_factory=set)
    divided: dict[tuple[int, str, Place], str] = field(default_factory=dict)
    merged: set[int] = field(default_factory=set)


def read_tables(
    tables: Sequence[ResultTable], rules: DisclosureRules, priority: Mapping[str, float] | None = None
) -> Request:
    """Find the cells behind every row of every table that is not public already.

    Levels are read first, so that an index or a difference finds the cells whose values it combines.
    """
    lines = [
        _Line(number, at, row, row.get(WEIGHT, weight_of(str(row[EXHIBIT]), number, len(tables), priority)))
        for number, table in enumerate(tables)
        if not table.public
        for at, row in enumerate(table.frame.to_dict("records"))
    ]
    reader = _Reader(Request(divided=divided([line[:3] for line in lines])), rules)
    for line in sorted(lines, key=lambda line: _order(line.row)):
        reader.request.figures.append(reader.figure(line))
    reader.link_ratios(lines)
    return reader.request


def weight_of(exhibit: str, number: int, tables: int, priority: Mapping[str, float] | None) -> float:
    """Compute what it costs to lose a row of an exhibit; by default printed tables and earlier exhibits cost more."""
    by_place = 1.1 - 0.1 * number / max(tables - 1, 1)
    stated = dict(priority or {})
    return float(stated.get(exhibit, by_place * (TABLE_COST if PRINTED in exhibit else 1.0)))


class _Line(NamedTuple):
    """A row, where it stands, and what it costs to lose it."""

    table: int
    at: int
    row: Mapping[Any, Any]
    weight: float


@dataclass
class _Reader:
    """Reads rows into a request; ``own`` are the cells of the levels that each table shows or judges itself."""

    request: Request
    rules: DisclosureRules
    own: dict[tuple[int, str, Place], int] = field(default_factory=dict)

    def figure(self, line: _Line) -> Figure:
        """Read one row."""
        row = line.row
        if row[UNIT_OF_MEASURE] in self.rules.unrestricted_units or math.isnan(number_in(row, N_UNITS)):
            return Figure(line.table, line.at, (), free=True)
        if not row.get(MERGED_AWAY, False):
            return self._judged(line)
        if _order(row) == LEVEL:
            self.request.merged |= set(self._judged(line._replace(weight=0.0)).cells[:1])
        return Figure(line.table, line.at, (), free=True)

    def link_ratios(self, lines: Sequence[_Line]) -> None:
        """Tie a ratio of sums to its numerator and denominator, where the request shows them for the same place."""
        known = indicators()
        numerators: dict[int, set[int]] = defaultdict(set)
        for line in lines:
            entry = known.get(str(line.row[INDICATOR]))
            if line.row[STATISTIC] != RATIO_OF_SUMS or entry is None or line.row[GROUP] not in GROUPS:
                continue
            place = place_of(line.row)
            cell = self.own.get((line.table, entry.name, place))
            if entry.numerator and cell is not None and self.cover.versions(entry.denominator, place):
                numerators[cell] |= set(self.cover.versions(entry.numerator, place))
        self.request.linked_ratios = {(cell, other) for cell, others in numerators.items() for other in others}

    @property
    def cover(self) -> Cover:
        """Return the cover table that the rows fill."""
        return self.request.cover

    def _judged(self, line: _Line) -> Figure:
        """Read one row that the rules apply to."""
        row = line.row
        n, place, variable = number_in(row, N_UNITS), place_of(row), variable_of(row)
        if _order(row) != LEVEL:
            combined = self._combined(line, place, n)
            for cell in combined:
                self.cover.cells[cell].weight += line.weight
            return Figure(line.table, line.at, combined)
        if variable == UNITS:
            return self._count(line, place, n)
        if n == 0:
            return Figure(line.table, line.at, (), free=True)
        total = number_in(row, TOTAL)
        if row[STATISTIC] in (SUM, COUNT):
            total = number_in(row, ESTIMATE)
        elif math.isnan(total) and row[STATISTIC] == MEAN:
            total = n * number_in(row, ESTIMATE)
        cell = self.cover.cell(variable, place, n, total, loose=math.isnan(total))
        self.own[line.table, variable, place] = cell
        self._add(line, cell, row)
        return Figure(line.table, line.at, (cell,))

    def _count(self, line: _Line, place: Place, n: float) -> Figure:
        """Read a count or a share; a category of its own is a part of the units at its place.

        The classes of a column that divides the units which have one, as the options of a question do, are no split of
        the place.
        """
        row, total_n = line.row, number_in(line.row, N_TOTAL)
        indicator, estimate = str(row[INDICATOR]), number_in(row, ESTIMATE)
        divider = divider_of(self.request.divided, line.table, indicator, place)
        counts_units = (
            row[STATISTIC] == SHARE
            or estimate == n
            or (math.isnan(estimate) and str(row[UNIT_OF_MEASURE]) in COUNTED_UNITS)
        )
        whole = place
        if indicator == SECTOR:
            whole = place._replace(sector=ALL)
        elif indicator == SIZE_CLASS:
            whole = place._replace(size_class=ALL)
        elif indicator in DISTRIBUTIONS:
            whole = place._replace(category=ALL)
        elif indicator not in POPULATIONS and counts_units:
            whole = units_with(indicator, whole._replace(**{divider: ALL})) if divider else whole
            place = units_with(indicator, place)
        cell = self.cover.cell(UNITS, place, n)
        self._add(line, cell, row)
        if not counts_units:
            return Figure(line.table, line.at, (), count_only=cell)
        self.cover.cells[cell].auxiliary = False
        total = None
        if not math.isnan(total_n):
            total = self.cover.cell(UNITS, whole, total_n)
            self._add(line, total, {})
            self.cover.cells[total].auxiliary = False
            _judge_share(self.cover, cell, self.rules, n, total_n)
        # A share beside its count gives the total back, so it goes with the total.
        cells = (cell, total) if total is not None and row[STATISTIC] == SHARE else (cell,)
        return Figure(line.table, line.at, cells, total=total)

    def _add(self, line: _Line, number: int, evidence: Mapping[Any, Any]) -> None:
        """Add a row to a cell: the table that it stands in, what it is worth, and its evidence."""
        cell = self.cover.cells[number]
        cell.tables.add(line.table)
        cell.weight += line.weight
        keep_evidence(cell, self.rules, evidence)
        if evidence.get(STATISTIC) == MEAN and math.isnan(cell.squares):
            cell.squares = _sum_of_squares(evidence)

    def _combined(self, line: _Line, place: Place, n: float) -> tuple[int, ...]:
        """List the cells that a difference, a ratio, an index or another combination rests on."""
        found: list[int] = []
        row, variable, bare = line.row, str(line.row[INDICATOR]), False
        verified = number_in(row, DOF) >= 0  # the coefficients of a model have no contributions of their own
        for there, suffix in _sources(row, place):
            printed = self._levels_at(line.table, variable, there, n)
            judged = line.table, f"{variable}{JUDGED}", there
            if row[GROUP] not in CONTRASTS and not math.isnan(number_in(row, LARGEST + suffix)):
                self.own[judged] = self._evidence_cell(row, suffix, variable, there, n)
            printed += [self.own[judged]] if judged in self.own else []
            bare = bare or not printed
            found += printed
        if row[STATISTIC] == SHARE:
            found += _shares_between(self.cover, variable, place)
            bare = bare and not found
        if bare or not any(self.cover.cells[cell].n == n for cell in found):
            extra = self.cover.cell(variable, place, n, loose=True)
            self.cover.cells[extra].counted = n
            self.cover.cells[extra].auxiliary = False
            if bare and not verified and self.rules.contributions == "required":
                self.cover.cells[extra].reason = UNVERIFIED
            found.append(extra)
        return tuple(dict.fromkeys(found))

    def _levels_at(self, table: int, variable: str, there: Place, n: float) -> list[int]:
        """List the cells whose level a combination may use: its own table's, else each version with enough units."""
        if (table, variable, there) in self.own:
            return [self.own[table, variable, there]]
        return [number for number in self.cover.versions(variable, there) if self.cover.cells[number].n >= n]

    def _evidence_cell(self, row: Mapping[Any, Any], suffix: str, variable: str, there: Place, n: float) -> int:
        """Judge a level that is printed nowhere by the evidence columns of the row that rests on it."""
        number = self.cover.cell(variable, there, n, loose=True)
        cell = self.cover.cells[number]
        cell.counted = cell.largest = cell.absolute = math.nan
        keep_evidence(cell, self.rules, row, suffix)
        return number


def _order(row: Mapping[Any, Any]) -> int:
    """Order the reading of rows: levels first, then what combines years, then what combines groups."""
    if row[GROUP] in CONTRASTS:
        return CONTRAST
    return LEVEL if row[STATISTIC] in (COUNT, SHARE, *LEVELS) else COMBINATION


def _sum_of_squares(row: Mapping[Any, Any]) -> float:
    """Compute the sum of squares that a mean and its standard error tell of."""
    n, mean = number_in(row, N_UNITS), number_in(row, ESTIMATE)
    return (0.0 if n == 1 else (n - 1) * standard_deviation(row, n) ** 2) + n * mean**2


def _judge_share(cover: Cover, cell: int, rules: DisclosureRules, n: float, total: float) -> None:
    """Mark a category that holds nearly all of a group."""
    if 0 < total - n < rules.min_units or (total > 0 and n / total > rules.group_share):
        cover.cells[cell].reason = "group"


def _shares_between(cover: Cover, indicator: str, place: Place) -> list[int]:
    """List the counts behind a difference of two shares: with one of them it gives the other back."""
    everybody = place._replace(group=ALL)
    return [
        cell
        for name in (indicator, f"{indicator}{OF_POPULATION}")
        for cell in cover.versions(UNITS, units_with(name, everybody))
    ]


def _sources(row: Mapping[Any, Any], place: Place) -> list[tuple[Place, str]]:
    """Return the places whose levels a row combines, and how the names of its evidence columns for them end."""
    groups = (PARTICIPANTS, NON_PARTICIPANTS) if row[GROUP] in CONTRASTS else (str(row[GROUP]),)
    base = str(row[UNIT_OF_MEASURE])[:4] if row[STATISTIC] == INDEX else ""
    if row[STATISTIC] in (GROWTH, CHANGE) and place.year.isdigit():
        base = str(int(place.year) - 1)
    years = {place.year: ""} | ({base: OF_BASE_YEAR} if base.isdigit() and base != place.year else {})
    return [(place._replace(group=group, year=year), suffix) for group in groups for year, suffix in years.items()]

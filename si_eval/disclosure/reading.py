"""Reads tidy rows: which cells of the cover table each number rests on."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from si_eval.disclosure.contributions import keep_evidence, number_in
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

DOF = "dof"
MERGED_AWAY = "merged_away"  # says of a row that its class was merged
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
    request = Request()
    rows = [
        (number, place, row)
        for number, table in enumerate(tables)
        if not table.public
        for place, row in enumerate(table.frame.to_dict("records"))
    ]
    request.divided = divided(rows)
    own: dict[tuple[int, str, Place], int] = {}
    for order in range(CONTRAST + 1):
        for number, place, row in rows:
            if _order(row) != order:
                continue
            weight = weight_of(str(row[EXHIBIT]), number, len(tables), priority)
            request.figures.append(_figure(request, rules, own, number, place, row, weight))
    _link_ratios(request, rows, own)
    return request


def _order(row: Mapping[Any, Any]) -> int:
    """Say when a row is read: levels first, then what combines years, then what combines groups."""
    if row[GROUP] in CONTRASTS:
        return CONTRAST
    return LEVEL if row[STATISTIC] in (COUNT, SHARE, *LEVELS) else COMBINATION


def weight_of(exhibit: str, number: int, tables: int, priority: Mapping[str, float] | None) -> float:
    """Give what it costs to lose a row of an exhibit; by default printed tables and earlier exhibits cost more."""
    by_place = 1.1 - 0.1 * number / max(tables - 1, 1)
    stated = dict(priority or {})
    return float(stated.get(exhibit, by_place * (TABLE_COST if PRINTED in exhibit else 1.0)))


def _figure(
    request: Request,
    rules: DisclosureRules,
    own: dict[tuple[int, str, Place], int],
    number: int,
    at: int,
    row: Mapping[Any, Any],
    weight: float,
) -> Figure:
    """Read one row."""
    n = number_in(row, N_UNITS)
    if row[UNIT_OF_MEASURE] in rules.unrestricted_units or math.isnan(n):
        return Figure(number, at, (), free=True)
    if not row.get(MERGED_AWAY, False):
        return _judged_figure(request, rules, own, number, at, row, weight)
    if _order(row) == LEVEL:
        request.merged |= set(_judged_figure(request, rules, own, number, at, row, 0.0).cells[:1])
    return Figure(number, at, (), free=True)


def _judged_figure(
    request: Request,
    rules: DisclosureRules,
    own: dict[tuple[int, str, Place], int],
    number: int,
    at: int,
    row: Mapping[Any, Any],
    weight: float,
) -> Figure:
    """Read one row that the rules apply to."""
    n, place = number_in(row, N_UNITS), place_of(row)
    if _order(row) != LEVEL:
        combined = _combined_cells(request.cover, rules, own, number, row, place, n)
        for cell in combined:
            request.cover.cells[cell].weight += weight
        return Figure(number, at, combined)
    if variable_of(row) == UNITS:
        divider = divider_of(request.divided, number, str(row[INDICATOR]), place)
        return _read_count(request.cover, rules, number, at, row, place, weight, divider)
    if n == 0:
        return Figure(number, at, (), free=True)
    variable = variable_of(row)
    total = number_in(row, TOTAL)
    if row[STATISTIC] in (SUM, COUNT):
        total = number_in(row, ESTIMATE)
    elif math.isnan(total) and row[STATISTIC] == MEAN:
        total = n * number_in(row, ESTIMATE)
    cell = request.cover.cell(variable, place, n, total, loose=math.isnan(total))
    own[number, variable, place] = cell
    _add_row(request.cover, cell, rules, row, number, weight)
    return Figure(number, at, (cell,))


def _read_count(
    cover: Cover,
    rules: DisclosureRules,
    number: int,
    at: int,
    row: Mapping[Any, Any],
    place: Place,
    weight: float,
    divider: str,
) -> Figure:
    """Read a count or a share; a category of its own is a part of the units at its place.

    The classes of the column ``divider`` divide the units that have one, as the options of a question do.
    """
    n, total_n = number_in(row, N_UNITS), number_in(row, N_TOTAL)
    indicator = str(row[INDICATOR])
    estimate = number_in(row, ESTIMATE)
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
    cell = cover.cell(UNITS, place, n)
    _add_row(cover, cell, rules, row, number, weight)
    if not counts_units:
        return Figure(number, at, (), count_only=cell)
    cover.cells[cell].auxiliary = False
    total = None
    if not math.isnan(total_n):
        total = cover.cell(UNITS, whole, total_n)
        _add_row(cover, total, rules, {}, number, weight)
        cover.cells[total].auxiliary = False
        _judge_share(cover, cell, rules, n, total_n)
    # A share beside its count gives the total back, so it goes with the total.
    cells = (cell, total) if total is not None and row[STATISTIC] == SHARE else (cell,)
    return Figure(number, at, cells, total=total)


def _add_row(
    cover: Cover, number: int, rules: DisclosureRules, row: Mapping[Any, Any], table: int, weight: float
) -> None:
    """Add a row to its cell: the table that it stands in, what it is worth, and its evidence."""
    cell = cover.cells[number]
    cell.tables.add(table)
    cell.weight += weight
    keep_evidence(cell, rules, row)


def _judge_share(cover: Cover, cell: int, rules: DisclosureRules, n: float, total: float) -> None:
    """Mark a category that holds nearly all of a group."""
    if 0 < total - n < rules.min_units or (total > 0 and n / total > rules.group_share):
        cover.cells[cell].reason = "group"


def _combined_cells(
    cover: Cover,
    rules: DisclosureRules,
    own: dict[tuple[int, str, Place], int],
    number: int,
    row: Mapping[Any, Any],
    place: Place,
    n: float,
) -> tuple[int, ...]:
    """List the cells that a difference, a ratio, an index or another combination rests on."""
    found: list[int] = []
    verified = number_in(row, DOF) >= 0  # the coefficients of a model have no contributions of their own
    variable, bare = str(row[INDICATOR]), False
    for there, suffix in _sources(row, place):
        printed = _levels_at(cover, own, (number, variable, there), n)
        judged = number, f"{variable}{JUDGED}", there
        if row[GROUP] not in CONTRASTS and not math.isnan(number_in(row, LARGEST + suffix)):
            own[judged] = _evidence_cell(cover, rules, row, (variable, there, n), suffix)
        printed += [own[judged]] if judged in own else []
        bare = bare or not printed
        found += printed
    if row[STATISTIC] == SHARE:
        found += _shares_between(cover, variable, place)
        bare = bare and not found
    if bare or not any(cover.cells[cell].n == n for cell in found):
        extra = cover.cell(variable, place, n, loose=True)
        cover.cells[extra].counted = n
        cover.cells[extra].auxiliary = False
        if bare and not verified and rules.contributions == "required":
            cover.cells[extra].reason = UNVERIFIED
        found.append(extra)
    return tuple(dict.fromkeys(found))


def _shares_between(cover: Cover, indicator: str, place: Place) -> list[int]:
    """List the counts behind a difference of two shares: with one of them it gives the other back."""
    everybody = place._replace(group=ALL)
    return [
        cell
        for name in (indicator, f"{indicator}{OF_POPULATION}")
        for cell in cover.versions(UNITS, units_with(name, everybody))
    ]


def _sources(row: Mapping[Any, Any], place: Place) -> list[tuple[Place, str]]:
    """Give the places whose levels a row combines, and how the names of its evidence columns for them end."""
    groups = (PARTICIPANTS, NON_PARTICIPANTS) if row[GROUP] in CONTRASTS else (str(row[GROUP]),)
    base = str(row[UNIT_OF_MEASURE])[:4] if row[STATISTIC] == INDEX else ""
    if row[STATISTIC] in (GROWTH, CHANGE) and place.year.isdigit():
        base = str(int(place.year) - 1)
    years = {place.year: ""} | ({base: OF_BASE_YEAR} if base.isdigit() and base != place.year else {})
    return [(place._replace(group=group, year=year), suffix) for group in groups for year, suffix in years.items()]


def _levels_at(
    cover: Cover, own: Mapping[tuple[int, str, Place], int], key: tuple[int, str, Place], n: float
) -> list[int]:
    """List the cells whose level a combination may use: that of its own table, else each version with enough units."""
    if key in own:
        return [own[key]]
    _, variable, there = key
    return [number for number in cover.versions(variable, there) if cover.cells[number].n >= n]


def _evidence_cell(
    cover: Cover, rules: DisclosureRules, row: Mapping[Any, Any], key: tuple[str, Place, float], suffix: str
) -> int:
    """Judge a level that is printed nowhere by the evidence columns of the row that rests on it."""
    variable, there, n = key
    number = cover.cell(variable, there, n, loose=True)
    cover.cells[number].counted = math.nan
    cover.cells[number].largest = math.nan
    cover.cells[number].absolute = math.nan
    keep_evidence(cover.cells[number], rules, row, suffix)
    return number


def _link_ratios(
    request: Request, rows: Sequence[tuple[int, int, Mapping[Any, Any]]], own: Mapping[tuple[int, str, Place], int]
) -> None:
    """Tie a ratio of sums to its numerator and denominator, where the request shows them for the same place."""
    known = indicators()
    numerators: dict[int, set[int]] = defaultdict(set)
    for number, _, row in rows:
        entry = known.get(str(row[INDICATOR]))
        if row[STATISTIC] != RATIO_OF_SUMS or entry is None or row[GROUP] not in GROUPS or not entry.numerator:
            continue
        place = place_of(row)
        cell = own.get((number, entry.name, place))
        below = request.cover.versions(entry.denominator, place)
        if cell is not None and below:
            numerators[cell] |= set(request.cover.versions(entry.numerator, place))
    request.linked_ratios = {(cell, other) for cell, others in numerators.items() for other in others}

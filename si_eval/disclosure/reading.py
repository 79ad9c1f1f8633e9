"""Reads tidy rows: which cells of the cover table each number rests on."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from si_eval.disclosure.cover import AND, UNITS, Cover, Place
from si_eval.disclosure.rules import DisclosureRules
from si_eval.registry import indicators
from si_eval.results import ResultTable
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    COUNT,
    DIFFERENCE,
    ESTIMATE,
    EXHIBIT,
    GROUP,
    GROUPS,
    HOLDING_LARGEST,
    HOLDING_SECOND,
    INDEX,
    INDICATOR,
    LARGEST,
    MEAN,
    MEDIAN,
    N_HOLDINGS,
    N_UNITS,
    NON_PARTICIPANTS,
    PARTICIPANTS,
    RATIO,
    RATIO_OF_SUMS,
    SECOND_LARGEST,
    SECTOR,
    SHARE,
    SIZE_CLASS,
    STATISTIC,
    STD_ERROR,
    TOTAL,
    UNIT_OF_MEASURE,
    YEAR,
)

N_TOTAL = "n_total"
N_PUBLIC = "n_public"
PRINTED = "_table_"  # exhibit ids follow the source: a table prints its numbers, a figure draws them
TABLE_COST = 2.0
LEVELS = (MEAN, MEDIAN, RATIO_OF_SUMS)
CONTRASTS = (DIFFERENCE, RATIO)
DISTRIBUTIONS = (SECTOR, SIZE_CLASS, "age_class", "age_class_fine")
POPULATIONS = ("business_units", "linked_units")
COUNTED_UNITS = ("business_units", "business units", UNITS, "firms", "unit", SHARE)


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
    """All rows of a request, and the cover table they fill."""

    cover: Cover = field(default_factory=Cover)
    figures: list[Figure] = field(default_factory=list)
    linked_ratios: set[tuple[int, int]] = field(default_factory=set)


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
    own: dict[tuple[int, str, Place], int] = {}
    for derived in (False, True):
        for number, place, row in rows:
            if _is_derived(row) is not derived:
                continue
            weight = _weight(str(row[EXHIBIT]), number, len(tables), priority)
            request.figures.append(_figure(request, rules, own, number, place, row, weight))
    _link_ratios(request, rows, own)
    return request


def place_of(row: Mapping[Any, Any]) -> Place:
    """Read the place of a row."""
    return Place(*(_text(row.get(column)) for column in (GROUP, YEAR, SIZE_CLASS, SECTOR, CATEGORY)))


def _text(value: Any) -> str:
    if value is None or pd.isna(value):
        return ALL
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _number(row: Mapping[Any, Any], column: str) -> float:
    value = row.get(column)
    return math.nan if value is None or pd.isna(value) else float(value)


def _is_derived(row: Mapping[Any, Any]) -> bool:
    return row[GROUP] in CONTRASTS or row[STATISTIC] not in (COUNT, SHARE, *LEVELS)


def _weight(exhibit: str, number: int, tables: int, priority: Mapping[str, float] | None) -> float:
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
    n = _number(row, N_UNITS)
    if row[UNIT_OF_MEASURE] in rules.unrestricted_units or math.isnan(n):
        return Figure(number, at, (), free=True)
    place = place_of(row)
    if _is_derived(row):
        combined = _combined_cells(request.cover, own, number, row, place, n)
        for cell in combined:
            request.cover.cells[cell].weight += weight
        return Figure(number, at, combined)
    if row[STATISTIC] in (COUNT, SHARE):
        return _read_count(request.cover, rules, number, at, row, place, weight)
    variable = str(row[INDICATOR])
    if n == 0:
        return Figure(number, at, (), free=True)
    total = _number(row, TOTAL)
    if math.isnan(total) and row[STATISTIC] == MEAN:
        total = n * _number(row, ESTIMATE)
    cell = request.cover.cell(variable, place, n, total, loose=math.isnan(total))
    own[number, variable, place] = cell
    _keep_evidence(request.cover, cell, rules, row, number, weight)
    return Figure(number, at, (cell,))


def _read_count(
    cover: Cover, rules: DisclosureRules, number: int, at: int, row: Mapping[Any, Any], place: Place, weight: float
) -> Figure:
    """Read a count or a share; a category of its own is a part of the units at its place."""
    n, total_n = _number(row, N_UNITS), _number(row, N_TOTAL)
    indicator = str(row[INDICATOR])
    counts_units = row[STATISTIC] == SHARE or (
        str(row[UNIT_OF_MEASURE]) in COUNTED_UNITS and _number(row, ESTIMATE) in (n, math.nan)
    )
    whole = place
    if indicator == SECTOR:
        whole = place._replace(sector=ALL)
    elif indicator == SIZE_CLASS:
        whole = place._replace(size_class=ALL)
    elif indicator in DISTRIBUTIONS:
        whole = place._replace(category=ALL)
    elif indicator not in POPULATIONS and counts_units:
        tokens = [indicator] if place.category == ALL else [place.category, indicator]
        place = place._replace(category=AND.join(tokens))
    cell = cover.cell(UNITS, place, n)
    _keep_evidence(cover, cell, rules, row, number, weight)
    if not counts_units:
        return Figure(number, at, (), count_only=cell)
    cover.cells[cell].auxiliary = False
    total = None
    if not math.isnan(total_n):
        total = cover.cell(UNITS, whole, total_n)
        _keep_evidence(cover, total, rules, {}, number, weight)
        cover.cells[total].auxiliary = False
        _judge_share(cover, cell, rules, n, total_n)
    # A share beside its count gives the total back, so it goes with the total.
    cells = (cell, total) if total is not None and row[STATISTIC] == SHARE else (cell,)
    return Figure(number, at, cells, total=total)


def _judge_share(cover: Cover, cell: int, rules: DisclosureRules, n: float, total: float) -> None:
    """Mark a category that holds nearly all of a group."""
    if 0 < total - n < rules.min_units or (total > 0 and n / total > rules.group_share):
        cover.cells[cell].reason = "group"


def _keep_evidence(
    cover: Cover, number: int, rules: DisclosureRules, row: Mapping[Any, Any], table: int, weight: float
) -> None:
    """Add to a cell what a row says of the contributions behind it."""
    cell = cover.cells[number]
    cell.tables.add(table)
    cell.weight += weight
    holdings = _number(row, N_HOLDINGS) if rules.unit == "group" else math.nan
    counted = min(cell.n, holdings) if not math.isnan(holdings) else cell.n
    public = _number(row, N_PUBLIC)
    counted -= len(rules.public_units) if math.isnan(public) else public
    cell.counted = min(counted, cell.counted) if not math.isnan(cell.counted) else counted
    if cell.variable == UNITS:
        return
    cell.auxiliary = False
    largest, second = _number(row, LARGEST), _number(row, SECOND_LARGEST)
    if rules.unit == "group" and not math.isnan(_number(row, HOLDING_LARGEST)):
        largest, second = _number(row, HOLDING_LARGEST), _number(row, HOLDING_SECOND)
    if math.isnan(cell.largest):
        cell.largest, cell.second = largest, 0.0 if math.isnan(second) else second
    if row[STATISTIC] == MEAN:
        _judge_spread(cell, rules, row, _number(row, LARGEST))
    cell.absolute = max(cell.absolute if not math.isnan(cell.absolute) else 0.0, abs(cell.total))


def _judge_spread(cell: Any, rules: DisclosureRules, row: Mapping[Any, Any], largest: float) -> None:
    """Use the standard error: a bound for the sum of absolute values, and values that are all (nearly) the same.

    With sum of squares Q and largest absolute value m, the absolute values add up to at least Q / m. Each value lies
    within (n - 1) / sqrt(n) standard deviations of the mean. A variable of zeros and ones is a share.
    """
    n, mean, std_error = cell.n, _number(row, ESTIMATE), _number(row, STD_ERROR)
    if math.isnan(std_error) or math.isnan(mean) or n < 2:
        return
    variance = std_error**2 * n
    squares = (n - 1) * variance + n * mean**2
    if largest > 0:
        bound = squares / largest
        cell.absolute = bound if math.isnan(cell.absolute) else max(cell.absolute, bound)
    if (n - 1) * math.sqrt(variance / n) < rules.protection * abs(mean) or (variance == 0 and mean == 0):
        cell.reason = "group"
    binary = n / (n - 1) * mean * (1 - mean)
    if 0 <= mean <= 1 and math.isclose(variance, binary, rel_tol=1e-6, abs_tol=1e-12):
        yes = n * mean
        few = min(yes, n - yes) < rules.min_units - 0.5
        if few or max(mean, 1 - mean) > rules.group_share:
            cell.reason = "group"


def _combined_cells(
    cover: Cover,
    own: Mapping[tuple[int, str, Place], int],
    number: int,
    row: Mapping[Any, Any],
    place: Place,
    n: float,
) -> tuple[int, ...]:
    """List the cells that a difference, a ratio, an index or another combination rests on."""
    groups = (PARTICIPANTS, NON_PARTICIPANTS) if row[GROUP] in CONTRASTS else (str(row[GROUP]),)
    years = [place.year]
    if row[STATISTIC] == INDEX:
        base = str(row[UNIT_OF_MEASURE])[:4]
        years += [base] if base.isdigit() and base != place.year else []
    found: list[int] = []
    variable = str(row[INDICATOR])
    for group in groups:
        for year in years:
            there = place._replace(group=group, year=year)
            if (number, variable, there) in own:
                found.append(own[number, variable, there])
            else:
                found += [v for v in cover.versions(variable, there) if cover.cells[v].n >= n]
    if not any(cover.cells[cell].n == n for cell in found):
        extra = cover.cell(variable, place, n, loose=True)
        cover.cells[extra].counted = n
        cover.cells[extra].auxiliary = False
        found.append(extra)
    return tuple(dict.fromkeys(found))


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

"""Reads tidy rows: which cells of the cover table each number rests on, and which estimates of effects."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from si_eval.disclosure.cover import Cover, CoverCell
from si_eval.disclosure.declared_rows import (
    CONTRASTS,
    LEVEL,
    DeclaredReader,
    counts_units,
    number_in,
    order_of,
)
from si_eval.disclosure.primary import unsafe_share, values_are_alike
from si_eval.disclosure.rules import DisclosureRules
from si_eval.results import Cell, EstimateUnits, ResultTable
from si_eval.vocabulary import (
    CONF_LOW,
    COUNT,
    EXHIBIT,
    GROUP,
    MEDIAN,
    N_TOTAL,
    N_UNITS,
    P_VALUE,
    RATIO_OF_SUMS,
    RESTS_ON,
    SHARE,
    STATISTIC,
    STD_ERROR,
    UNIT_OF_MEASURE,
)

MERGED_AWAY = "merged_away"  # says of a row that its class was merged
WEIGHT = "weight_of_row"  # says of a row what it costs to lose it, where that is not its table's place
PRINTED = "_table_"  # exhibit ids follow the source: a table prints its numbers, a figure draws them
TABLE_COST = 2.0
Row = Mapping[Any, Any]


@dataclass(frozen=True)
class Line:
    """A row and where it stands, what it costs to lose it, and what it rests on."""

    table: int
    at: int
    row: Row
    weight: float
    cells: tuple[Cell, ...]
    estimates: tuple[EstimateUnits, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether the row counts units, or says what part of them something is of."""
        return self.row[STATISTIC] in (COUNT, SHARE) and self.row[GROUP] not in CONTRASTS and not self.cells[0].variable


@dataclass(frozen=True)
class Figure:
    """What a row tells: the cells it rests on, that whose count stands in ``n_total``, and that of ``n_units`` alone.

    ``spread`` are the cells whose sums of squares its standard error tells of; a ``free`` row is about nobody.
    """

    line: Line
    cells: tuple[int, ...]
    total: int | None = None
    count_only: int | None = None
    spread: tuple[int, ...] = ()
    free: bool = False


def read_lines(
    tables: Sequence[ResultTable], reader: DeclaredReader, priority: Mapping[str, float] | None = None
) -> list[Line]:
    """Find what every row rests on, of every table that is not public already.

    A row that does not say declares its cells by its tidy columns; levels first, so that an index or a difference finds
    the cells whose values it combines.
    """
    listed = [
        (number, at, row, row.get(WEIGHT, weight_of(str(row[EXHIBIT]), number, len(tables), priority)))
        for number, table in enumerate(tables)
        if not table.public
        for at, row in enumerate(table.frame.to_dict("records"))
    ]
    judged = [one for one in listed if not _is_free(one[2], reader.rules)]
    reader.find_dividing([(number, row) for number, _, row, _ in judged if rests_on(row) is None])
    lines = []
    for number, at, row, weight in sorted(judged, key=lambda one: order_of(one[2])):
        known = rests_on(row)
        if known is None:
            lines.append(Line(number, at, row, weight, reader.cells_of(number, row)))
        else:
            cells = tuple(one for one in known if isinstance(one, Cell))
            estimates = tuple(one for one in known if isinstance(one, EstimateUnits))
            lines.append(Line(number, at, row, weight, cells, estimates))
    return lines


def rests_on(row: Row) -> tuple[Cell | EstimateUnits, ...] | None:
    """Return what a row says that its number uses; None where it does not say."""
    known = row.get(RESTS_ON)
    return tuple(known) if isinstance(known, tuple | list) else None


def fill_cover(cover: Cover, lines: Iterable[Line], rules: DisclosureRules) -> tuple[list[Figure], set[int]]:
    """Write down what each row tells, and what it says of its cells; return the cells of merged classes beside it."""
    figures, merged = list[Figure](), set[int]()
    for line in lines:
        numbers = tuple(dict.fromkeys(cover.number_of[cell] for cell in line.cells))
        if line.row.get(MERGED_AWAY, False):
            if order_of(line.row) == LEVEL:
                merged |= set(numbers[:1])
                cover.cells[numbers[0]].printed = bool(numbers)
            continue
        figures.append(_figure(cover.cells, line, numbers, rules))
    _print_parts(cover, [figure.cells for figure in figures if _is_ratio(figure.line)])
    return figures, merged


def _print_parts(cover: Cover, pairs: Sequence[tuple[int, ...]]) -> None:
    """Mark the parts of ratios that outsiders can work out: with one part a ratio gives the other."""
    again = True
    while again:
        again = False
        for pair in pairs:
            printed = [cover.cells[number].printed for number in pair]
            if any(printed) and not all(printed):
                again = True
                for number in pair:
                    cell = cover.cells[number]
                    cell.printed, cell.follows = True, cell.follows or not cell.printed


def weight_of(exhibit: str, number: int, tables: int, priority: Mapping[str, float] | None) -> float:
    """Compute what it costs to lose a row of an exhibit; by default printed tables and earlier exhibits cost more."""
    by_place = 1.1 - 0.1 * number / max(tables - 1, 1)
    stated = dict(priority or {})
    return float(stated.get(exhibit, by_place * (TABLE_COST if PRINTED in exhibit else 1.0)))


def _is_free(row: Row, rules: DisclosureRules) -> bool:
    """Whether no rule applies to a row: it counts no firms, or has no number of units."""
    return row[UNIT_OF_MEASURE] in rules.unrestricted_units or math.isnan(number_in(row, N_UNITS))


def _figure(cells: Sequence[CoverCell], line: Line, numbers: tuple[int, ...], rules: DisclosureRules) -> Figure:
    """Write down one row."""
    row = line.row
    for number in numbers:
        cells[number].tables.add(line.table)
        cells[number].printed = cells[number].printed or not _is_ratio(line)
    if line.cells and line.counts:
        return _count_figure(cells, line, numbers, rules)
    for number in numbers:
        cells[number].weight += line.weight
        if row[STATISTIC] == MEDIAN and not cells[number].reason and values_are_alike(cells[number].given, rules):
            cells[number].reason = "group"
    empty = number_in(row, N_UNITS) == 0
    spread = numbers if row[STATISTIC] != MEDIAN and _has_spread(row) else ()
    for number in spread:
        cells[number].with_squares = True
    return Figure(line, numbers, spread=spread, free=empty)


def _count_figure(cells: Sequence[CoverCell], line: Line, numbers: tuple[int, ...], rules: DisclosureRules) -> Figure:
    """Write down a count or a share: the cell of its units, then that of the units that it is a part of."""
    row, first = line.row, numbers[0]
    cells[first].weight += line.weight
    if not counts_units(row):
        return Figure(line, (), count_only=first)
    cells[first].essential = True
    if math.isnan(number_in(row, N_TOTAL)) or len(numbers) < 2:
        return Figure(line, numbers)
    total = numbers[1]
    cells[total].essential = True
    cells[total].weight += line.weight
    cells[first].reason = cells[first].reason or unsafe_share(cells[first].n, cells[total].n, rules)
    # A share beside its count gives the total back, so it goes with the total.
    return Figure(line, numbers if row[STATISTIC] == SHARE else numbers[:1], total=total)


def _is_ratio(line: Line) -> bool:
    """Whether a row tells the quotient of the sums that it rests on, and so neither of them by itself."""
    known = rests_on(line.row)
    return line.row[STATISTIC] == RATIO_OF_SUMS and known is not None and len(known) > 1


def _has_spread(row: Row) -> bool:
    """Whether a row prints a standard error, an interval or a p-value."""
    return not all(math.isnan(number_in(row, column)) for column in (STD_ERROR, CONF_LOW, P_VALUE))

"""What outsiders have already: figures given by the user, tables that were public before, and earlier releases."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from si_eval.disclosure.cover import UNITS, Cover
from si_eval.disclosure.declared_rows import (
    COUNTED_UNITS,
    DISTRIBUTIONS,
    LEVEL,
    POPULATIONS,
    DeclaredReader,
    Place,
    number_in,
    order_of,
    place_of,
    said_of,
)
from si_eval.disclosure.ledger import EarlierCell, ReleaseLedger
from si_eval.disclosure.reading import Line, rests_on
from si_eval.disclosure.rules import DisclosureRules
from si_eval.errors import DisclosureError
from si_eval.results import Cell, ResultTable, UnitSet
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    COUNT,
    ESTIMATE,
    GROUP,
    GROUPS,
    INDICATOR,
    MEAN,
    N_UNITS,
    PARTICIPANT,
    PARTICIPANTS,
    SECTOR,
    SIZE_CLASS,
    SIZE_CLASS_4,
    STATISTIC,
    UNIT_OF_MEASURE,
)

SUMS = ("sum", "total")
ADDITIVE = (COUNT, MEAN, *SUMS)
CLOSE = 1e-6  # a known figure this near to ours is the same figure
COLUMNS = {SIZE_CLASS: (SIZE_CLASS, SIZE_CLASS_4), SECTOR: (SECTOR,)}  # all others are told by the category


class KnownFigure(NamedTuple):
    """A figure that outsiders have: the cell, its number of units (missing where it is not told) and its sum."""

    cell: Cell
    n: float
    total: float


def declare_ledger(reader: DeclaredReader, ledger: ReleaseLedger) -> None:
    """Keep what earlier releases said of cells that no panel is behind."""
    for one in ledger.cells:
        if one.universe == reader.units.universe:
            reader.units.cells[one.cell] = one.said


def find_known(
    known: pd.DataFrame | None, tables: Sequence[ResultTable], lines: Sequence[Line], reader: DeclaredReader
) -> list[KnownFigure]:
    """Find the cells of figures that outsiders have.

    ``known`` has the tidy key columns (a missing one means ``all``), ``estimate`` and, for a mean, ``n_units``. Labels
    mean what they mean in the tables. Raises `DisclosureError` for a frame or a statistic that cannot be used, rather
    than ignoring it.
    """
    rows: list[Mapping[Any, Any]] = [] if known is None else _checked(known)
    for table in tables:
        if table.public:
            public = table.frame[table.frame[STATISTIC].isin(ADDITIVE) & table.frame[ESTIMATE].notna()]
            rows += public.to_dict("records")
    labels = _Labels.of(lines) if rows else None
    found = []
    for row in rows:
        figure = _figure(row, labels, reader) if labels is not None else None
        if figure is not None:
            found.append(figure)
    return found


def fix_known(cover: Cover, figures: Iterable[KnownFigure], rules: DisclosureRules) -> None:
    """Mark the cells that outsiders have; a figure of other units, but for a few, tells of ours."""
    for figure in figures:
        cell = cover.cells[cover.number_of[figure.cell]]
        near = math.isnan(figure.n) or abs(figure.n - cell.n) < rules.min_units
        same = cell.variable == UNITS or math.isclose(figure.total, cell.total, rel_tol=CLOSE)
        cell.fixed = cell.fixed or (near and (same or abs(figure.n - cell.n) > 0))


def add_ledger(cover: Cover, earlier: Iterable[EarlierCell]) -> set[int]:
    """Mark the cells of earlier releases as known; give those that were withheld and must stay so."""
    always: set[int] = set()
    for one in earlier:
        number = cover.number_of[one.cell]
        cell = cover.cells[number]
        cell.tables |= {-table for table in one.tables}
        cell.printed = True
        cell.essential = cell.essential or cell.variable == UNITS
        cell.with_squares = cell.with_squares or one.spread
        if one.shown:
            cell.fixed = True
        else:
            cell.reason = cell.reason or one.reason
            always.add(number)
    return always


def _checked(known: pd.DataFrame) -> list[Mapping[Any, Any]]:
    """Refuse a frame of known figures that cannot be used in full."""
    missing = [column for column in (INDICATOR, STATISTIC, ESTIMATE) if column not in known]
    if missing:
        raise DisclosureError(f"known: found no column {', '.join(missing)}; expected tidy rows; add the columns")
    strange = sorted({str(value) for value in known[STATISTIC]} - set(ADDITIVE))
    if strange:
        raise DisclosureError(
            f"known: found statistic {', '.join(strange)}; expected one of {', '.join(ADDITIVE)}; give the counts and "
            "sums behind it"
        )
    if GROUP in known:
        groups = sorted({str(value) for value in known[GROUP].dropna()} - set(GROUPS))
        if groups:
            raise DisclosureError(f"known: found group {', '.join(groups)}; expected one of {', '.join(GROUPS)}")
    return [row for row in known.to_dict("records") if not pd.isna(row[ESTIMATE])]


class _Labels(NamedTuple):
    """What labels mean in the rows of panels: the conditions on units, by column of the tidy table and label.

    ``populations`` are those in which a variable is shown in a year.
    """

    conditions: dict[tuple[str, str], tuple[tuple[str, tuple[Any, ...]], ...]]
    populations: dict[tuple[str, str], tuple[str, int | None]]

    @classmethod
    def of(cls, lines: Sequence[Line]) -> _Labels:
        found = cls({}, {})
        for line in lines:
            if rests_on(line.row) is None or order_of(line.row) != LEVEL or not line.cells:
                continue
            place, units = place_of(line.row), line.cells[0].units
            of_others = {column for columns in COLUMNS.values() for column in columns} | {PARTICIPANT}
            for dimension in (SIZE_CLASS, SECTOR, CATEGORY):
                mine = tuple(
                    condition
                    for condition in units.where
                    if (condition[0] in COLUMNS.get(dimension, ()))
                    or (dimension == CATEGORY and condition[0] not in of_others)
                )
                found.conditions.setdefault((dimension, getattr(place, dimension)), mine)
            found.populations.setdefault((line.cells[0].variable, place.year), (units.population, units.year))
        return found

    def cell(self, variable: str, place: Place) -> Cell | None:
        """Return the cell at a place; None where its labels stand in no row of the variable and year."""
        home = self.populations.get((variable, place.year))
        if home is None:
            return None
        where: dict[str, tuple[Any, ...]] = {}
        for dimension in (SIZE_CLASS, SECTOR, CATEGORY):
            label = getattr(place, dimension)
            conditions = () if label == ALL else self.conditions.get((dimension, label))
            if conditions is None:
                return None
            where |= dict(conditions)
        if place.group != ALL:
            where[PARTICIPANT] = (place.group == PARTICIPANTS,)
        else:
            where[PARTICIPANT] = (True, False)
        return Cell(UnitSet(home[0], home[1], tuple(sorted(where.items()))), variable)


def _figure(row: Mapping[Any, Any], labels: _Labels, reader: DeclaredReader) -> KnownFigure | None:
    """Find the cell of one known figure; a figure that cannot be told in sums is left out."""
    place, statistic, indicator = place_of(row), row[STATISTIC], str(row[INDICATOR])
    estimate, n = float(row[ESTIMATE]), number_in(row, N_UNITS)
    if statistic == COUNT:
        if str(row.get(UNIT_OF_MEASURE, UNITS)) not in COUNTED_UNITS:
            return None
        cell = labels.cell("", place)
        if cell is not None:
            return KnownFigure(cell, estimate, estimate)
        if indicator not in (*POPULATIONS, *DISTRIBUTIONS, UNITS) and place.category == ALL:
            place = place._replace(category=indicator)
        return KnownFigure(
            reader.declare_known("", place, said_of({}, estimate, estimate, reader.rules)), estimate, estimate
        )
    cell = labels.cell(indicator, place)
    if cell is not None:
        return KnownFigure(cell, n, estimate if statistic in SUMS else n * estimate)
    n = reader.units_at(indicator, place) if math.isnan(n) else n
    total = estimate if statistic in SUMS else n * estimate
    if math.isnan(n) or math.isnan(total):
        return None
    said = said_of({}, n, total, reader.rules)
    said = said._replace(given=said.given._replace(absolute=abs(total), largest=math.nan))
    return KnownFigure(reader.declare_known(indicator, place, said), n, total)

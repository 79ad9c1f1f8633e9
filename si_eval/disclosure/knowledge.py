"""What outsiders have already: figures given by the user, tables that were public before, and earlier releases."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from si_eval.disclosure.cover import UNITS, Cover, Place
from si_eval.disclosure.ledger import ReleaseLedger
from si_eval.disclosure.places import COUNTED_UNITS, DISTRIBUTIONS, POPULATIONS, place_of
from si_eval.errors import DisclosureError
from si_eval.results import ResultTable
from si_eval.vocabulary import (
    ALL,
    COUNT,
    ESTIMATE,
    GROUP,
    GROUPS,
    INDICATOR,
    MEAN,
    N_UNITS,
    NON_PARTICIPANTS,
    PARTICIPANTS,
    STATISTIC,
    UNIT_OF_MEASURE,
)

SUM = ("sum", "total")
ADDITIVE = (COUNT, MEAN, *SUM)
CLOSE = 1e-6  # a known figure this near to ours is the same figure


def add_known(cover: Cover, known: pd.DataFrame | None, tables: Sequence[ResultTable]) -> None:
    """Put the figures that outsiders have in the cover table, as cells that cannot be withheld.

    ``known`` has the tidy key columns (a missing one means ``all``), ``estimate`` and, for a mean, ``n_units``.
    Raises `DisclosureError` for a frame or a statistic that cannot be used, rather than ignoring it.
    """
    rows: list[Mapping[Any, Any]] = []
    if known is not None:
        rows += _checked(known)
    for table in tables:
        if table.public:
            public = table.frame[table.frame[STATISTIC].isin(ADDITIVE) & table.frame[ESTIMATE].notna()]
            rows += public.to_dict("records")
    for row in rows:
        _add(cover, row)


def add_ledger(cover: Cover, ledger: ReleaseLedger | None) -> set[int]:
    """Put the cells of earlier releases in the cover table; give those that were withheld and must stay so."""
    always: set[int] = set()
    for earlier in ledger.cells if ledger is not None else ():
        number = cover.cell(earlier.variable, earlier.place, earlier.n, earlier.total, loose=earlier.loose)
        cell = cover.cells[number]
        cell.tables |= {-table for table in earlier.tables}
        cell.auxiliary = False
        cell.counted = earlier.counted if math.isnan(cell.counted) else cell.counted
        if math.isnan(cell.largest):
            cell.largest, cell.second = earlier.largest, earlier.second
        if math.isnan(cell.absolute):
            cell.absolute = earlier.absolute
        if math.isnan(cell.squares):
            cell.squares = earlier.squares
        if earlier.shown:
            cell.fixed = True
        else:
            cell.reason = cell.reason or earlier.reason
            always.add(number)
    return always


def _checked(known: pd.DataFrame) -> list[Mapping[Any, Any]]:
    """Refuse a frame of known figures that cannot be used in full."""
    if not isinstance(known, pd.DataFrame):
        raise DisclosureError(f"known: found {type(known).__name__}; expected a data frame of tidy rows; give one")
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


def _add(cover: Cover, row: Mapping[Any, Any]) -> None:
    """Add one known figure: as one of our cells where it is the same, else as a cell of its own."""
    place, statistic, indicator = place_of(row), row[STATISTIC], str(row[INDICATOR])
    estimate = float(row[ESTIMATE])
    n = row.get(N_UNITS)
    n = math.nan if n is None or pd.isna(n) else float(n)
    if statistic == COUNT:
        if str(row.get(UNIT_OF_MEASURE, UNITS)) not in COUNTED_UNITS:
            return
        if indicator not in (*POPULATIONS, *DISTRIBUTIONS, UNITS) and place.category == ALL:
            place = place._replace(category=indicator)
        _fix(cover, UNITS, place, estimate, math.nan)
        return
    ours = cover.versions(indicator, place)
    if math.isnan(n):
        n = _n_of(cover, indicator, place, ours)
    total = estimate if statistic in SUM else n * estimate
    if math.isnan(n) or math.isnan(total):
        return
    _fix(cover, indicator, place, n, total)


def _n_of(cover: Cover, indicator: str, place: Place, ours: Iterable[int]) -> float:
    """Compute the number of units behind a known figure: that of our cell, or of the two groups together."""
    for number in ours:
        return cover.cells[number].n
    if place.group != ALL:
        return math.nan
    parts = [cover.versions(indicator, place._replace(group=group)) for group in (PARTICIPANTS, NON_PARTICIPANTS)]
    return sum(cover.cells[part[0]].n for part in parts) if all(parts) else math.nan


def _fix(cover: Cover, variable: str, place: Place, n: float, total: float) -> None:
    """Mark the cell that outsiders have; a figure that differs from ours only by rounding is ours."""
    number = None
    for version in cover.versions(variable, place):
        cell = cover.cells[version]
        same_sum = variable == UNITS or math.isclose(cell.total, total, rel_tol=CLOSE)
        if not cell.loose and math.isclose(cell.n, n, rel_tol=CLOSE) and same_sum:
            number = version
    if number is None:
        number = cover.cell(variable, place, n, total)
    cell = cover.cells[number]
    cell.fixed = True
    cell.auxiliary = False
    cell.counted = cell.n if math.isnan(cell.counted) else cell.counted
    cell.absolute = abs(cell.total) if math.isnan(cell.absolute) else cell.absolute

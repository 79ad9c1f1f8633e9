"""The unit border: units go in, cells come out, and what disclosure needs travels with each number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from si_eval import engine
from si_eval.cells.errors import DEFAULT_ERRORS, Errors
from si_eval.cells.measures import HOLDING, MOVED_IN, PART, VALUE, measure_cells
from si_eval.cells.units import Value, Where, check_indicators, filter_units, group_of, indicator_values, list_values
from si_eval.registry import Indicator, size_class_labels
from si_eval.results import Panel
from si_eval.vocabulary import (
    GROUP,
    GROUP_ID,
    INDICATOR,
    NON_PARTICIPANTS,
    PARTICIPANT,
    PARTICIPANTS,
    PUBLIC_UNIT,
    SHARED_GROUP,
    SIZE_CLASS,
    SIZE_CLASS_4,
    STRATUM,
    STRATUM_SAMPLE,
    WEIGHT,
    WINSOR_SHARE,
    YEAR,
    excluded,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

LOW, HIGH, OWN_SIZE, WINSOR_YEAR, WINSOR_SIZE = "low of ", "high of ", "own size", "year of limits", "size of limits"


@dataclass(frozen=True)
class CellRequest:
    """The cells that one table asks of a panel: equal for equal questions, and hashable. Made by `cell_request`.

    ``where`` has the columns in alphabetical order with their values; ``years`` are in order, or None for all;
    ``errors`` says how errors are computed, None for cells without them.
    """

    indicators: tuple[str, ...]
    by: tuple[str, ...]
    where: tuple[tuple[str, tuple[Value, ...]], ...]
    years: tuple[int, ...] | None
    errors: Errors | None = DEFAULT_ERRORS


@dataclass(frozen=True)
class CellSummary:
    """The cells of one request, and by group the unit-years with a value of every indicator and all unit-years."""

    frame: pd.DataFrame
    coverage: Mapping[str, tuple[int, int]]

    def to_frame(self) -> pd.DataFrame:
        """Return one row an indicator and cell, as `summarise` does; changes to it stay outside."""
        return self.frame.copy(deep=False)


Summaries = Mapping[CellRequest, CellSummary]


def cell_request(
    indicator: str | Sequence[str],
    *,
    by: str | Sequence[str] = (),
    where: Where | None = None,
    years: Sequence[int] | None = None,
    errors: Errors | None = DEFAULT_ERRORS,
) -> CellRequest:
    """Make a request of the arguments of a comparison: lists become tuples, years whole numbers in order."""
    return CellRequest(
        indicators=(indicator,) if isinstance(indicator, str) else tuple(indicator),
        by=(by,) if isinstance(by, str) else tuple(by),
        where=tuple(
            (column, tuple(dict.fromkeys(list_values(wanted)))) for column, wanted in sorted((where or {}).items())
        ),
        years=None if years is None else tuple(sorted({int(year) for year in years})),
        errors=errors,
    )


def summarise(
    panel: Panel,
    *,
    indicator: str | Sequence[str],
    by: str | Sequence[str] = (),
    where: Where | None = None,
    years: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Summarise indicators over the cells of group x year x ``by``, in one pass a year.

    Returns one row an indicator and cell: ``indicator, group, year``, the columns of ``by``, and the measures: number
    of units with a value, mean, standard deviation (n - 1), percentiles (linear interpolation), sum of values, the
    sums whose ratio is the ratio of sums, the two largest contributions in absolute terms (of units, and of holdings:
    enterprise groups, where a unit without one is its own), the number of holdings, and the pseudo-median: the mean of
    the values around the median, with the units and holdings that it averages. Of a panel with public units: how many
    of them have a value, what they contribute, and the two largest contributions of holdings without them. Units that
    a rule set set aside as outliers do not count; a unit without a value in a ``by`` column is in no cell. A large
    panel is worked on year by year.

    Raises `StudyError` for a name that the panel does not have.
    """
    return _summarise_request(panel, cell_request(indicator, by=by, where=where, years=years, errors=None))


def summarise_requests(panel: Panel, requests: Iterable[CellRequest]) -> Summaries:
    """Summarise the cells of many requests: one pass a split (``by`` and ``where``), not one a request.

    Requests of one split whose errors are computed differently take a pass each. Raises `StudyError` for a name that
    the panel does not have.
    """
    distinct = list(dict.fromkeys(requests))
    splits: dict[tuple[object, ...], list[CellRequest]] = {}
    filters: dict[tuple[object, ...], list[CellRequest]] = {}
    for request in distinct:
        splits.setdefault((request.by, request.where, request.errors), []).append(request)
        filters.setdefault(request.where, []).append(request)
    frames: dict[CellRequest, pd.DataFrame] = {}
    for alike in splits.values():
        cells = _summarise_request(panel, _union(alike))
        frames |= {request: _cells_of(cells, request) for request in alike}
    coverage: dict[CellRequest, Mapping[str, tuple[int, int]]] = {}
    for alike in filters.values():
        coverage |= _count_coverages(panel, alike)
    return MappingProxyType({request: CellSummary(frames[request], coverage[request]) for request in distinct})


def count_coverage(
    panel: Panel, indicator: str | Sequence[str], *, where: Where | None, years: Sequence[int] | None
) -> Mapping[str, tuple[int, int]]:
    """Count, by group, the unit-years with a value of every indicator asked for, and all unit-years."""
    request = cell_request(indicator, where=where, years=years)
    return _count_coverages(panel, [request])[request]


def _union(requests: Sequence[CellRequest]) -> CellRequest:
    """Make the request that holds the cells of several with one split."""
    indicators = tuple(dict.fromkeys(name for request in requests for name in request.indicators))
    years = {year for request in requests for year in request.years or ()}
    always = any(request.years is None for request in requests)
    wanted = None if always else tuple(sorted(years))
    return CellRequest(indicators, requests[0].by, requests[0].where, wanted, requests[0].errors)


def _cells_of(cells: pd.DataFrame, request: CellRequest) -> pd.DataFrame:
    """Keep the cells that a request asks for."""
    rows = cells[INDICATOR].isin(request.indicators)
    if request.years is not None:
        rows &= cells[YEAR].isin(request.years)
    return cells[rows].reset_index(drop=True)


def _summarise_request(panel: Panel, request: CellRequest) -> pd.DataFrame:
    """Compute the cells of one request, all years at once or one after the other."""
    indicators = [panel.indicators[name] for name in dict.fromkeys(check_indicators(panel, request.indicators))]
    keys = [GROUP, YEAR, *request.by]
    frames = []
    parts = _split_years(panel, request.years)
    threads = engine.threads(panel.table) if len(parts) > 1 else 1  # small work is done before threads have started
    for years in parts:
        table = filter_units(panel, by=request.by, where=dict(request.where), years=years)
        if request.errors is not None and request.errors.winsorises_by_size:
            table = _with_winsorised(panel, table, indicators, years)
        batches = engine.iter_batches(_select_columns(table, indicators, keys))
        frames.append(measure_cells(batches, indicators, keys, errors=request.errors, threads=threads))
    cells = pd.concat(frames, ignore_index=True)
    cells[GROUP] = np.where(cells[GROUP], PARTICIPANTS, NON_PARTICIPANTS)
    cells[YEAR] = cells[YEAR].astype("int64")
    return cells.sort_values([INDICATOR, *keys], key=_sort_key, ignore_index=True)


def _split_years(panel: Panel, years: Sequence[int] | None) -> list[list[int] | None]:
    """List the years to work on at once: all of them, or one by one where the panel is large."""
    wanted = [year for year in panel.per_year if years is None or year in years]
    if sum(panel.per_year[year] for year in wanted) <= engine.MAX_ROWS_AT_ONCE:
        return [None if years is None else list(years)]
    return [[year] for year in wanted]


def _select_columns(table: ir.Table, indicators: Sequence[Indicator], keys: Sequence[str]) -> ir.Table:
    """Select the cell of each unit, its holding where it shares one, and what its indicators and ratios are made of."""
    parts = {column for entry in indicators for column in _ratio_parts(entry, indicators, table)}
    columns = {key: table[PARTICIPANT if key == GROUP else key] for key in keys}
    columns |= {VALUE + entry.name: indicator_values(table, entry) for entry in indicators}
    columns |= {name: table[name] for name in (MOVED_IN + entry.name for entry in indicators) if name in table.columns}
    columns |= {PART + column: table[column].cast("float64") for column in sorted(parts)}
    if any(entry.weight for entry in indicators):
        columns |= {name: table[name].cast("float64") for name in (WEIGHT, STRATUM, STRATUM_SAMPLE)}
    columns |= {PUBLIC_UNIT: table[PUBLIC_UNIT]} if PUBLIC_UNIT in table.columns else {}
    shared = ibis.ifelse(table[SHARED_GROUP], table[GROUP_ID], ibis.null("int64"))
    return table.select(**columns, **{HOLDING: shared})


def _with_winsorised(
    panel: Panel, table: ir.Table, indicators: Sequence[Indicator], years: Sequence[int] | None
) -> ir.Table:
    """Add values that are moved in to the percentiles of all units of both groups of their year and size class.

    Units without a size class are a class of their own.
    """
    everyone = filter_units(panel, years=years)
    keys = {WINSOR_YEAR: everyone[YEAR], WINSOR_SIZE: everyone[SIZE_CLASS].cast("string").fill_null("")}
    bounds = {
        prefix + entry.name: indicator_values(everyone, entry).quantile(share)
        for entry in indicators
        for prefix, share in ((LOW, WINSOR_SHARE), (HIGH, 1 - WINSOR_SHARE))
    }
    limits = everyone.group_by(**keys).aggregate(**bounds)
    own = table.mutate(**{OWN_SIZE: table[SIZE_CLASS].cast("string").fill_null("")})
    joined = own.left_join(limits, [own[YEAR] == limits[WINSOR_YEAR], own[OWN_SIZE] == limits[WINSOR_SIZE]])
    moved = {}
    for entry in indicators:
        value, low, high = indicator_values(joined, entry), joined[LOW + entry.name], joined[HIGH + entry.name]
        inside = ibis.ifelse(value < low, low, ibis.ifelse(value > high, high, value))
        moved[MOVED_IN + entry.name] = inside.cast("float64")
    return joined.mutate(**moved).drop(OWN_SIZE, *keys, *bounds)


def _ratio_parts(indicator: Indicator, others: Sequence[Indicator], table: ir.Table) -> list[str]:
    """List the parts of a ratio, but for those that are an indicator by themselves, with the same units set aside."""
    same = {
        entry.name
        for entry in others
        if entry.domain == indicator.domain or excluded(entry.domain) not in table.columns
    }
    return [column for column in (indicator.numerator, indicator.denominator) if column and column not in same]


def _sort_key(column: pd.Series) -> pd.Series:
    """Sort size classes as the registry lists them, and everything else by value."""
    if column.name in (SIZE_CLASS, SIZE_CLASS_4):
        ranks = {label: rank for rank, label in enumerate(size_class_labels(str(column.name)))}
        return column.map(ranks)
    return column


def _count_coverages(panel: Panel, requests: Sequence[CellRequest]) -> dict[CellRequest, Mapping[str, tuple[int, int]]]:
    """Count the coverage of requests with one filter, in one pass: one column a set of indicators."""
    sets = sorted({tuple(sorted(check_indicators(panel, request.indicators))) for request in requests})
    years = _union(requests).years
    table = filter_units(panel, where=dict(requests[0].where), years=years)
    known = {
        f"known_{number}": ibis.and_(*[table[name].notnull() for name in names]).sum()
        for number, names in enumerate(sets)
    }
    counts = engine.fetch(
        table.group_by(**{GROUP: group_of(table), YEAR: table[YEAR]}).aggregate(units=table.count(), **known)
    )
    coverage: dict[CellRequest, Mapping[str, tuple[int, int]]] = {}
    for request in requests:
        rows = counts if request.years is None else counts[counts[YEAR].isin(request.years)]
        column = f"known_{sets.index(tuple(sorted(request.indicators)))}"
        totals = rows.groupby(GROUP)[[column, "units"]].sum()
        coverage[request] = {str(group): (int(row[column]), int(row["units"])) for group, row in totals.iterrows()}
    return coverage

"""The unit border: units go in, cells come out, and what disclosure needs travels with each number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from si_eval import engine as engines
from si_eval.cells.measures import HOLDING, PART, VALUE, measure_cells
from si_eval.errors import StudyError
from si_eval.registry import Indicator, size_class_labels
from si_eval.results import Panel
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    EVIDENCE_COLUMNS,
    GROUP,
    GROUP_ID,
    INDICATOR,
    NON_PARTICIPANTS,
    PARTICIPANT,
    PARTICIPANTS,
    PUBLIC_COLUMNS,
    PUBLIC_UNIT,
    SECTOR,
    SHARED_GROUP,
    SIZE_CLASS,
    SIZE_CLASS_4,
    TIDY,
    YEAR,
    excluded,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

Where = Mapping[str, "str | int | float | Sequence[str | int | float]"]


@dataclass(frozen=True)
class Request:
    """What one table asks of a panel: see `summarise`."""

    indicator: Sequence[str]
    by: Sequence[str] = ()
    where: Where | None = None
    years: Sequence[int] | None = None

    @property
    def split(self) -> str:
        """Give what requests share that one pass over the units can answer."""
        return repr((list(self.by), sorted((name, repr(wanted)) for name, wanted in (self.where or {}).items())))


def prepare(panel: Panel, requests: Sequence[Request]) -> None:
    """Compute the cells of many requests, one pass a split and not one a request, and keep them with the panel."""
    splits: dict[str, list[Request]] = {}
    for request in requests:
        splits.setdefault(request.split, []).append(request)
    for alike in splits.values():
        names = list(dict.fromkeys(name for request in alike for name in request.indicator))
        years = sorted({int(year) for request in alike for year in request.years or []})
        always = any(request.years is None for request in alike)
        summarise(panel, indicator=names, by=alike[0].by, where=alike[0].where, years=None if always else years)
    filters: dict[str, list[Request]] = {}
    for request in requests:
        filters.setdefault(Request((), (), request.where).split, []).append(request)
    for alike in filters.values():
        sets = sorted({tuple(sorted(request.indicator)) for request in alike})
        for asked, counts in zip(sets, _coverages(panel, alike[0].where, sets), strict=True):
            panel.summaries[_coverage_key(asked, alike[0].where)] = [counts]


def summarise(
    panel: Panel,
    *,
    indicator: str | Sequence[str],
    by: Sequence[str] = (),
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
    panel is worked on year by year; cells that were asked for before are not computed again.

    Raises `StudyError` for a name that the panel does not have.
    """
    request = Request(check_indicators(panel, indicator), by, where, years)
    known = panel.summaries.setdefault(request.split, [])
    cells = next((summary for asked, summary in known if _answers(asked, request)), None)
    if cells is None:
        cells = _summary(panel, request)
        known.append((request, cells))
    cells = cells[cells[INDICATOR].isin(request.indicator)]
    if years is not None:
        cells = cells[cells[YEAR].isin([int(year) for year in years])]
    return cells.reset_index(drop=True)


def _answers(asked: Request, request: Request) -> bool:
    """Say whether the cells that were asked for before, with the same split, hold those of a request."""
    in_time = asked.years is None or (request.years is not None and set(request.years) <= set(asked.years))
    return in_time and set(request.indicator) <= set(asked.indicator)


def _summary(panel: Panel, request: Request) -> pd.DataFrame:
    keys = [GROUP, YEAR, *request.by]
    indicators = [panel.indicators[name] for name in request.indicator]
    frames = []
    parts = _parts(panel, request.years)
    threads = engines.threads(panel.table) if len(parts) > 1 else 1  # small work is done before threads have started
    for part in parts:
        table = compared_units(panel, by=request.by, where=request.where, years=part)
        units = engines.pieces(_columns(table, indicators, keys))
        frames.append(measure_cells(units, indicators, keys, threads=threads))
    cells = pd.concat(frames, ignore_index=True)
    cells[GROUP] = np.where(cells[GROUP], PARTICIPANTS, NON_PARTICIPANTS)
    cells[YEAR] = cells[YEAR].astype("int64")
    return cells.sort_values([INDICATOR, *keys], key=_in_order, ignore_index=True)


def _parts(panel: Panel, years: Sequence[int] | None) -> list[list[int] | None]:
    """Give the years to work on at once: all of them, or one by one where the panel is large."""
    asked = None if years is None else {int(year) for year in years}
    wanted = [year for year in panel.per_year if asked is None or year in asked]
    if sum(panel.per_year[year] for year in wanted) <= engines.ROWS_AT_ONCE:
        return [None if years is None else [int(year) for year in years]]
    return [[year] for year in wanted]


def _columns(table: ir.Table, indicators: Sequence[Indicator], keys: Sequence[str]) -> ir.Table:
    """Choose the cell of each unit, its holding where it shares one, and what its indicators and ratios are made of."""
    parts = {column for entry in indicators for column in _parts_of(entry, indicators, table)}
    columns = {key: table[PARTICIPANT if key == GROUP else key] for key in keys}
    columns |= {VALUE + entry.name: values_of(table, entry) for entry in indicators}
    columns |= {PART + column: table[column].cast("float64") for column in sorted(parts)}
    columns |= {PUBLIC_UNIT: table[PUBLIC_UNIT]} if PUBLIC_UNIT in table.columns else {}
    shared = ibis.ifelse(table[SHARED_GROUP], table[GROUP_ID], ibis.null("int64"))
    return table.select(**columns, **{HOLDING: shared})


def _parts_of(indicator: Indicator, others: Sequence[Indicator], table: ir.Table) -> list[str]:
    """List the parts of a ratio, but for those that are an indicator by themselves, with the same units set aside."""
    same = {
        entry.name
        for entry in others
        if entry.domain == indicator.domain or excluded(entry.domain) not in table.columns
    }
    return [column for column in (indicator.numerator, indicator.denominator) if column and column not in same]


def _in_order(column: pd.Series) -> pd.Series:
    """Sort size classes as the registry lists them, and everything else by value."""
    if column.name in (SIZE_CLASS, SIZE_CLASS_4):
        places = {label: place for place, label in enumerate(size_class_labels(str(column.name)))}
        return column.map(places)
    return column


def compared_units(
    panel: Panel, *, by: Sequence[str] = (), where: Where | None = None, years: Sequence[int] | None = None
) -> ir.Table:
    """Give the units of both groups that fall in the cells asked for, with their ``group``."""
    table = panel.table
    check_columns(table, [*by, *(where or {})])
    table = chosen(table.filter(table[PARTICIPANT].notnull()), where)
    if years is not None:
        table = table.filter(table[YEAR].isin([int(year) for year in years]))
    for column in by:
        table = table.filter(table[column].notnull())
    return table.mutate(group=ibis.ifelse(table[PARTICIPANT], PARTICIPANTS, NON_PARTICIPANTS))


def chosen(table: ir.Table, where: Where | None) -> ir.Table:
    """Give the rows whose columns have one of the values wanted."""
    for column, wanted in (where or {}).items():
        values = [wanted] if isinstance(wanted, str | int | float) else list(wanted)
        table = table.filter(table[column].isin(values))
    return table


def values_of(table: ir.Table, indicator: Indicator) -> ir.Column:
    """Give an indicator's values, missing for the units that are set aside in its domain."""
    value = table[indicator.name].cast("float64")
    flag = excluded(indicator.domain)
    return value if flag not in table.columns else ibis.ifelse(table[flag], ibis.null("float64"), value)


def check_indicators(panel: Panel, indicator: str | Sequence[str]) -> list[str]:
    """Give the indicators asked for as a list; refuse those that the panel does not have."""
    names = [indicator] if isinstance(indicator, str) else list(indicator)
    unknown = [name for name in names if name not in panel.indicators]
    if unknown or not names:
        raise StudyError(
            f"indicator: found {', '.join(unknown) or 'none'}; expected one of {', '.join(panel.indicators)}; "
            "name one of these, or add it to the registry"
        )
    return names


def check_columns(table: ir.Table, columns: Sequence[str]) -> None:
    """Refuse columns that the panel does not have."""
    unknown = [column for column in columns if column not in table.columns]
    if unknown:
        raise StudyError(
            f"by or where: found {', '.join(unknown)}; expected columns of the panel ({', '.join(table.columns)}); "
            "name one of these"
        )


def tidy_keys(cells: pd.DataFrame, by: Sequence[str], where: Where | None) -> pd.DataFrame:
    """Write the split of each cell in the tidy columns; a dimension that is not split says ``all``.

    Both systems of size classes go in ``size_class``; a split or a filter that has no column of its own goes in
    ``category``.
    """
    columns = {SIZE_CLASS: SIZE_CLASS, SIZE_CLASS_4: SIZE_CLASS, SECTOR: SECTOR}
    tidy = pd.DataFrame(ALL, index=cells.index, columns=[SIZE_CLASS, SECTOR, CATEGORY], dtype=object)
    for column, wanted in (where or {}).items():
        text = str(wanted) if isinstance(wanted, str | int | float) else "+".join(str(value) for value in wanted)
        _write(tidy, columns.get(column, CATEGORY), pd.Series(text, index=cells.index))
    for column in by:
        target = columns.get(column, CATEGORY)
        if column in (where or {}):
            tidy[target] = ALL
        _write(tidy, target, cells[column].astype(str))
    return tidy


def _write(tidy: pd.DataFrame, target: str, values: pd.Series) -> None:
    taken = tidy[target] != ALL
    tidy[target] = values.where(~taken, tidy[target] + " · " + values)


def evidence(summary: pd.DataFrame) -> dict[str, pd.Series]:
    """Give the columns that disclosure judges a mean by: contributions, their total and the number of holdings."""
    return {column: summary[column] for column in (*EVIDENCE_COLUMNS, *PUBLIC_COLUMNS) if column in summary}


def tidy_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """Put the tidy columns first and in order; the evidence for disclosure follows."""
    rest = [column for column in rows.columns if column not in TIDY]
    return rows.reindex(columns=[*TIDY, *rest]).reset_index(drop=True)


def coverage_of(
    panel: Panel, indicator: str | Sequence[str], *, where: Where | None, years: Sequence[int] | None
) -> dict[str, tuple[int, int]]:
    """Count, by group, the unit-years with a value of every indicator asked for, and all unit-years."""
    names = check_indicators(panel, indicator)
    known = panel.summaries.get(_coverage_key(names, where))
    (counts,) = known or _coverages(panel, where, [names], years)
    if years is not None:
        counts = counts[counts[YEAR].isin([int(year) for year in years])]
    totals = counts.groupby(GROUP)[["known", "units"]].sum()
    return {str(group): (int(row["known"]), int(row["units"])) for group, row in totals.iterrows()}


def _coverage_key(names: Sequence[str], where: Where | None) -> str:
    return f"coverage of {sorted(names)} in {Request((), (), where).split}"


def _coverages(
    panel: Panel, where: Where | None, sets: Sequence[Sequence[str]], years: Sequence[int] | None = None
) -> list[pd.DataFrame]:
    """Count, by group and year, the units and those with a value of every indicator of each set, in one pass."""
    table = compared_units(panel, where=where, years=years)
    known = {
        f"known_{number}": ibis.and_(*[table[name].notnull() for name in names]).sum()
        for number, names in enumerate(sets)
    }
    counts = engines.fetch(table.group_by([GROUP, YEAR]).aggregate(units=table.count(), **known))
    return [counts[[GROUP, YEAR, "units"]].assign(known=counts[f"known_{number}"]) for number, _ in enumerate(sets)]

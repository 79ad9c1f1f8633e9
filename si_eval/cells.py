"""The unit border: units go in, cells come out, and what disclosure needs travels with each number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from si_eval import engine as engines
from si_eval.errors import StudyError
from si_eval.registry import Indicator, size_class_labels
from si_eval.results import Panel
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    GROUP,
    GROUP_ID,
    INDICATOR,
    NON_PARTICIPANTS,
    PARTICIPANT,
    PARTICIPANTS,
    SECTOR,
    SIZE_CLASS,
    SIZE_CLASS_4,
    TIDY,
    UNIT,
    YEAR,
    excluded,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

Where = Mapping[str, "str | int | float | Sequence[str | int | float]"]
COMPARED = (PARTICIPANTS, NON_PARTICIPANTS)
MEASURES = ("n", "mean", "sd", "median", "total", "largest", "second_largest", "n_holdings", "numerator", "denominator")


def summarise(
    panel: Panel,
    *,
    indicator: str | Sequence[str],
    by: Sequence[str] = (),
    where: Where | None = None,
    years: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Summarise indicators over the cells of group x year x ``by``, in one pass.

    Returns one row an indicator and cell: ``indicator, group, year``, the columns of ``by``, and `MEASURES`: number of
    units with a value, mean, standard deviation (n - 1), median, sum of values, the two largest values in absolute
    terms, number of holdings (enterprise groups; a unit without one is its own), and the sums whose ratio is the ratio
    of sums. Units that a rule set set aside as outliers do not count; a unit without a value in a ``by`` column is in
    no cell. Raises `StudyError` for a name that the panel does not have.
    """
    names = check_indicators(panel, indicator)
    table = compared_units(panel, by=by, where=where, years=years)
    keys = [GROUP, YEAR, *by]
    holding = ibis.coalesce(table[GROUP_ID], -table[UNIT])
    measures: dict[str, ir.Value] = {}
    for name in names:
        measures |= _measures(table, panel.indicators[name], holding)
    wide = engines.fetch(table.group_by(keys).aggregate(**measures))
    frames = []
    for name in names:
        frame = wide[keys].copy()
        frame.insert(0, INDICATOR, name)
        for measure in MEASURES:
            frame[measure] = wide[f"{name}__{measure}"].astype("float64")
        frames.append(frame)
    cells = pd.concat(frames, ignore_index=True)
    cells[YEAR] = cells[YEAR].astype("int64")
    return cells.sort_values([INDICATOR, *keys], key=_in_order, ignore_index=True)


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
    table = table.filter(table[PARTICIPANT].notnull())
    for column, wanted in (where or {}).items():
        values = [wanted] if isinstance(wanted, str | int | float) else list(wanted)
        table = table.filter(table[column].isin(values))
    if years is not None:
        table = table.filter(table[YEAR].isin([int(year) for year in years]))
    for column in by:
        table = table.filter(table[column].notnull())
    return table.mutate(group=ibis.ifelse(table[PARTICIPANT], PARTICIPANTS, NON_PARTICIPANTS))


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
    tidy[target] = values.where(~taken, tidy[target] + " | " + values)


def tidy_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """Put the tidy columns first and in order; the evidence for disclosure follows."""
    rest = [column for column in rows.columns if column not in TIDY]
    return rows.reindex(columns=[*TIDY, *rest]).reset_index(drop=True)


def coverage_of(
    panel: Panel, indicator: str | Sequence[str], *, where: Where | None, years: Sequence[int] | None
) -> dict[str, tuple[int, int]]:
    """Count, by group, the unit-years with a value of every indicator asked for, and all unit-years."""
    names = check_indicators(panel, indicator)
    table = compared_units(panel, where=where, years=years)
    known = table[names[0]].notnull()
    for name in names[1:]:
        known = known & table[name].notnull()
    counts = engines.fetch(table.group_by(GROUP).aggregate(known=known.sum(), units=table.count()))
    return {row[GROUP]: (int(row["known"]), int(row["units"])) for _, row in counts.iterrows()}


def _measures(table: ir.Table, indicator: Indicator, holding: ir.Column) -> dict[str, ir.Value]:
    """Write the aggregations of one indicator."""
    value = values_of(table, indicator)
    known = value.notnull()
    numerator = denominator = ibis.null("float64")
    if indicator.numerator:
        numerator = table[indicator.numerator].sum(where=known)
        denominator = table[indicator.denominator].sum(where=known)
    measures = {
        "n": value.count(),
        "mean": value.mean(),
        "sd": value.std(how="sample"),
        "median": value.median(),
        "total": value.sum(),
        "largest": engines.nth_largest(value.abs(), 1),
        "second_largest": engines.nth_largest(value.abs(), 2),
        "n_holdings": holding.nunique(where=known),
        "numerator": numerator,
        "denominator": denominator,
    }
    return {f"{indicator.name}__{measure}": expression for measure, expression in measures.items()}

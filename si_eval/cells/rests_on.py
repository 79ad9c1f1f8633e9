"""The sets of units behind tidy rows, written beside them: which cells each number rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from si_eval.cells.partition import unit_source
from si_eval.cells.units import Where, list_values
from si_eval.results import (
    Cell,
    Panel,
    UnitSet,
    UnitSource,
    Value,
    column_in,
    denominator_of,
    numerator_of,
    value_in,
)
from si_eval.vocabulary import GROUP, PARTICIPANT, PARTICIPANTS, YEAR

ANY: tuple[Value, ...] = ()  # the values of a condition that every known value meets
NOBODY: tuple[Value, ...] = ("neither",)  # those of a condition that no unit meets
CELL = "cell"  # a column that both groups of a cell share, as the labels of two cells may be alike


def sources_of(panel: Panel) -> dict[str, UnitSource]:
    """Return a panel as the one source of a table, by its population."""
    source = unit_source(panel)
    return {source.population: source}


def unit_sets(
    panel: Panel,
    rows: pd.DataFrame,
    by: Sequence[str] = (),
    where: Where | None = None,
    merge: Mapping[Any, Sequence[Value]] | None = None,
) -> pd.Series:
    """Return the units of each row: those of its year and group, with its values of ``by``, that a filter keeps.

    ``rows`` have ``year``, and may lack ``group`` (units of both are meant) or a column of ``by`` (any value is).
    ``merge`` says which values a class stands for, where it stands for several.
    """
    kept = {column: tuple(list_values(wanted)) for column, wanted in (where or {}).items()}
    population, merged = panel.identity.population, merge or {}
    conditions: dict[str, list[tuple[Value, ...]]] = {column: [values] * len(rows) for column, values in kept.items()}
    for column in by:
        if column in rows:
            conditions[column] = [tuple(merged.get(one, (one,))) for one in map(_plain, rows[column])]
        else:
            conditions.setdefault(column, [ANY] * len(rows))
    groups = [(one == PARTICIPANTS,) for one in rows[GROUP]] if GROUP in rows else [ANY] * len(rows)
    chosen = kept.get(PARTICIPANT, ANY)
    conditions[PARTICIPANT] = [_both(one, chosen) for one in groups]
    columns = sorted(conditions)
    places = zip(rows[YEAR], *(conditions[column] for column in columns), strict=True)
    sets = [UnitSet(population, int(year), tuple(zip(columns, values, strict=True))) for year, *values in places]
    return _objects(sets, rows.index)


def cells_of(units: pd.Series, variables: pd.Series | str = "") -> pd.Series:
    """Return the one cell of each row, in a tuple: its units, and the variable that is added up (none: a count)."""
    names = [variables] * len(units) if isinstance(variables, str) else variables
    return _objects([(Cell(one, name),) for one, name in zip(units, names, strict=True)], units.index)


def no_cells(rows: pd.DataFrame) -> pd.Series:
    """Return the empty tuple for each row: what it says is said of no units."""
    return _objects([()] * len(rows), rows.index)


def ratio_cells(units: pd.Series, indicators: pd.Series) -> pd.Series:
    """Return the cells of each ratio of sums: its numerator and its denominator."""
    upper, lower = (cells_of(units, indicators.map(name)) for name in (numerator_of, denominator_of))
    return join_cells(upper, lower)


def join_cells(*columns: pd.Series) -> pd.Series:
    """Join the cells of several numbers, row by row: those that a number made of them rests on."""
    rows = [tuple(dict.fromkeys(cell for part in parts for cell in part)) for parts in zip(*columns, strict=True)]
    return _objects(rows, columns[0].index)


def in_year(units: pd.Series, year: int) -> pd.Series:
    """Return the units that meet the conditions of each row in another year."""
    return _objects([UnitSet(one.population, year, one.where) for one in units], units.index)


def also_in(units: pd.Series, others: pd.Series, indicator: str) -> pd.Series:
    """Return the units of each row that are also among those of another year, with a value of an indicator then."""
    sets = []
    for one, other in zip(units, others, strict=True):
        then = tuple((column_in(column, other.year), values) for column, values in other.where)
        sets.append(one.limited((*then, (value_in(indicator, other.year), ANY))))
    return _objects(sets, units.index)


def of_both_groups(units: pd.Series) -> pd.Series:
    """Return the units of each row, whatever their group: rows of the two groups of one cell have the same."""
    return _objects([one.limited(((PARTICIPANT, ANY),)) for one in units], units.index)


def _both(values: tuple[Value, ...], others: tuple[Value, ...]) -> tuple[Value, ...]:
    """Return the values that meet two conditions."""
    if not values or not others:
        return values or others
    return tuple(value for value in values if value in others) or NOBODY


def _objects(values: Sequence[object], index: pd.Index) -> pd.Series:
    """Make a column of objects."""
    return pd.Series(list(values), index=index, dtype=object)


def _plain(value: Any) -> Value:
    """Return the value of a panel's column as Python's own."""
    plain: Value = value.item() if hasattr(value, "item") else value
    return plain

"""Which units a cell is made of: the rows of a panel that a table asks for, and the values that count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import TYPE_CHECKING

import ibis

from si_eval.errors import StudyError
from si_eval.registry import Indicator
from si_eval.results import Panel, Value
from si_eval.vocabulary import (
    GROUP,
    GROUP_ID,
    N_HOLDINGS,
    N_PUBLIC,
    NON_PARTICIPANTS,
    PARTICIPANT,
    PARTICIPANTS,
    PUBLIC_UNIT,
    SHARED_GROUP,
    YEAR,
    excluded,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

Where = Mapping[str, Value | Sequence[Value]]  # by panel column: the value, or values, of the rows to keep


def select_units(
    panel: Panel, *, by: Sequence[str] = (), where: Where | None = None, years: Sequence[int] | None = None
) -> ir.Table:
    """Select the units of both groups that fall in the cells asked for, with their ``group``."""
    table = filter_units(panel, by=by, where=where, years=years)
    return table.mutate(**{GROUP: group_of(table)})


def filter_units(
    panel: Panel, *, by: Sequence[str] = (), where: Where | None = None, years: Sequence[int] | None = None
) -> ir.Table:
    """Select the units of both groups that fall in the cells asked for: the columns of the panel, and no other."""
    table = panel.table
    check_columns(table, [*by, *(where or {})])
    kept = [table[column].notnull() for column in (PARTICIPANT, *by)]
    kept += [table[column].isin(list_values(wanted)) for column, wanted in (where or {}).items()]
    if years is not None:
        kept.append(table[YEAR].isin([int(year) for year in years]))
    return table.filter(*kept)  # all at once: each filter by itself would be one more query around the last


def group_of(table: ir.Table) -> ir.StringValue:
    """Name the group of each unit."""
    return ibis.ifelse(table[PARTICIPANT], PARTICIPANTS, NON_PARTICIPANTS)


def filter_rows(table: ir.Table, where: Where | None) -> ir.Table:
    """Keep the rows whose columns have one of the values wanted."""
    for column, wanted in (where or {}).items():
        table = table.filter(table[column].isin(list_values(wanted)))
    return table


def list_values(wanted: Value | Sequence[Value]) -> list[Value]:
    """List the values that a filter keeps, as it may name a single one; those of a set in alphabetical order."""
    if isinstance(wanted, str) or not isinstance(wanted, Iterable):
        return [wanted]
    return sorted(wanted, key=str) if isinstance(wanted, Set) else list(wanted)


def indicator_values(table: ir.Table, indicator: Indicator) -> ir.Column:
    """Return an indicator's values as floats, missing for the units that are set aside in its domain."""
    value = table[indicator.name].cast("float64")
    flag = excluded(indicator.domain)
    return value if flag not in table.columns else ibis.ifelse(table[flag], ibis.null("float64"), value)


def count_holdings(table: ir.Table, rows: ir.BooleanColumn | None = None) -> dict[str, ir.Value]:
    """Count what disclosure judges a number of units by: holdings, and public units of a panel that has any.

    Holdings are enterprise groups that have several units, and units that share none. ``rows`` are those to count.
    """
    shared = table[SHARED_GROUP].fill_null(False)
    alone, grouped = ~shared, shared
    if rows is not None:
        alone, grouped = alone & rows, grouped & rows
    counts = {N_HOLDINGS: alone.sum() + table[GROUP_ID].nunique(where=grouped)}
    if PUBLIC_UNIT in table.columns:
        public = table[PUBLIC_UNIT]
        counts[N_PUBLIC] = (public if rows is None else public & rows).sum()
    return counts


def check_indicators(panel: Panel, indicator: str | Sequence[str]) -> list[str]:
    """Return the indicators asked for as a list; refuse those that the panel does not have."""
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

"""Several groups to compare participants with: which other units each of them has, as conditions on a panel's units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from si_eval import engine
from si_eval.arguments import Arguments
from si_eval.cells.requests import check_where, is_flag
from si_eval.cells.rests_on import cells_of, sources_of, unit_sets
from si_eval.cells.tidy import Columns, holding_columns, label_cells, tidy_frame
from si_eval.cells.units import Where, count_holdings, select_units
from si_eval.results import Panel, ResultTable
from si_eval.vocabulary import (
    ALL,
    BE_ID,
    CATEGORY,
    COUNT,
    DIVISION,
    ESTIMATE,
    GROUP,
    GROUP_ID,
    INDICATOR,
    LEFT_OUT,
    MUNICIPALITY,
    N_UNITS,
    NON_PARTICIPANTS,
    NOTE,
    PARTICIPANT,
    RESTS_ON,
    RULE_SET,
    SECTOR,
    SIZE_CLASS,
    STATISTIC,
    UNIT_OF_MEASURE,
    YEAR,
    Reason,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

SAME_CLASS, DONUT = "same_division_and_size", "donut"
AGAINST = "against_"  # begins the name of the column that has a comparison's name for participants and its units
OWN_HOLDING = "own_holding"
KEY = "_place"


def check_against(arguments: Arguments, panel: Panel, against: object) -> tuple[str, ...]:
    """Return the groups that participants are compared with; none (of the old way, with all others) for None."""
    if against is None:
        return ()
    types = panel.table.schema()
    flags = [name for name, kind in types.items() if kind.is_boolean() and name != PARTICIPANT]
    asked = [against] if isinstance(against, str) else against if isinstance(against, Iterable) else ()
    flags += [name for name in asked if name in types and name not in flags and is_flag(panel, name)]
    donut = [DONUT] if MUNICIPALITY in types else []
    known = [ALL, SAME_CLASS, *donut, *flags]
    return arguments.names("against", against, known, what="comparison groups, or columns that say yes or no")


def compare_against(
    function: str,
    panel: Panel,
    against: object,
    where: Where | None,
    years: Sequence[int] | None,
    compare: Callable[..., ResultTable],
) -> ResultTable:
    """Compare with each of several groups by a function of a panel and a filter, and put the tables together.

    Others that are in an enterprise group with a participant are in none of the groups, and counted by year. The
    table is called an effect only where each comparison is.
    """
    arguments = Arguments(function)
    arguments.instance("panel", panel, Panel, "make one with build_panel or panel_from_frame")
    arguments.refuse_problems()
    names = check_against(arguments, panel, against)
    check_where(arguments, panel, where)
    arguments.refuse_problems()
    prepared = with_comparisons(panel, names)
    tables = [compare(prepared, where={**(where or {}), AGAINST + name: name}) for name in names]
    weakest = next((table for table in tables if table.evidence != "effect"), tables[0])
    counted = _count_left_out(prepared, where, years)
    frame = pd.concat([*(table.frame for table in tables), counted], ignore_index=True)
    return replace(
        tables[0], frame=tidy_frame(frame), evidence=weakest.evidence, cannot_show=weakest.cannot_show,
        sources=sources_of(prepared),
    )  # fmt: skip


def with_comparisons(panel: Panel, names: Sequence[str]) -> Panel:
    """Add to a panel a column for each group: its name, for participants in all of their years and for its units."""
    table = panel.table
    joined = table[PARTICIPANT].fill_null(True)
    own = _in_own_holdings(table)
    table = table.mutate(**{OWN_HOLDING: ~joined & table[BE_ID].isin(own[BE_ID])})
    activity = DIVISION if DIVISION in table.columns else SECTOR
    for name in names:
        table, chosen = _choose(table, name, activity)
        joined = table[PARTICIPANT].fill_null(True)
        among = joined | (chosen.fill_null(False) & ~table[OWN_HOLDING])
        table = table.mutate(**{AGAINST + name: ibis.ifelse(among, ibis.literal(name), ibis.null("string"))})
        table = table.drop(*(column for column in (KEY,) if column in table.columns))
    population = f"{panel.identity.population} against {', '.join(names)}"
    return replace(panel, table=table, identity=replace(panel.identity, population=population))


def _in_own_holdings(table: ir.Table) -> ir.Table:
    """List the other units that share an enterprise group with a participant in a year in which it takes part."""
    theirs = table.filter(table[PARTICIPANT].fill_null(False) & table[GROUP_ID].notnull()).select(GROUP_ID, YEAR)
    others = table.filter(~table[PARTICIPANT].fill_null(True)).select(BE_ID, GROUP_ID, YEAR)
    found = engine.fetch(others.semi_join(theirs.distinct(), [GROUP_ID, YEAR]).select(BE_ID).distinct())
    return ibis.memtable(found.astype({BE_ID: "int64"}))


def _choose(table: ir.Table, name: str, activity: str) -> tuple[ir.Table, ir.BooleanColumn]:
    """Say which units a group has, in a table that may have a further column for it."""
    if name == ALL:
        return table, ibis.literal(True)
    if name in (SAME_CLASS, DONUT):
        keys = [YEAR, activity, SIZE_CLASS if name == SAME_CLASS else MUNICIPALITY]
        takes_part = table.filter(table[PARTICIPANT].fill_null(False))
        places = engine.fetch(takes_part.filter(*(takes_part[key].notnull() for key in keys)).select(keys).distinct())
        listed = ibis.memtable(places.assign(**{KEY: True}), schema={**_types(table, keys), KEY: "boolean"})
        table = table.left_join(listed, keys).drop(*(f"{key}_right" for key in keys))
        there = table[KEY].fill_null(False)
        if name == SAME_CLASS:
            return table, there
        return table, ~there & table[activity].notnull() & table[MUNICIPALITY].notnull()
    return table, table[name].cast("float64") == 1


def _types(table: ir.Table, keys: Sequence[str]) -> Mapping[str, str]:
    """Return the types of columns by name."""
    return {key: str(table.schema()[key]).removeprefix("!") for key in keys}


def _count_left_out(panel: Panel, where: Where | None, years: Sequence[int] | None) -> pd.DataFrame:
    """Count, by year, the others that are in no group because a participant is in theirs."""
    kept: Where = {**(where or {}), OWN_HOLDING: True}
    table = select_units(panel, where=kept, years=years)
    counts = engine.fetch(table.group_by(YEAR).aggregate(n=table.count(), **count_holdings(table)))
    counts = counts.sort_values(YEAR, ignore_index=True).assign(**{GROUP: NON_PARTICIPANTS})
    number = counts["n"].astype("float64")
    columns: Columns = {
        INDICATOR: LEFT_OUT, STATISTIC: COUNT, ESTIMATE: number, N_UNITS: number, UNIT_OF_MEASURE: "business units",
        **holding_columns(counts), RULE_SET: panel.rules.name, NOTE: Reason.OWN_HOLDING.note,
        RESTS_ON: cells_of(unit_sets(panel, counts[[YEAR, GROUP]], (), kept)),
    }  # fmt: skip
    labels = label_cells(counts, (), where)
    labels[CATEGORY] = labels[CATEGORY].where(labels[CATEGORY] != ALL, OWN_HOLDING)
    return pd.concat([counts[[YEAR, GROUP]], labels], axis=1).assign(**columns)

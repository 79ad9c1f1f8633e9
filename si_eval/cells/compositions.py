"""Whose values a series is made of: all units of each year, those of all years, or those of it and the base year."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import ibis
import pandas as pd

from si_eval import engine
from si_eval.arguments import Arguments
from si_eval.cells.requests import check_unweighted
from si_eval.cells.tidy import tidy_frame
from si_eval.cells.units import Where, indicator_values
from si_eval.results import Panel, ResultTable
from si_eval.vocabulary import BE_ID, YEAR

CROSS_SECTION, BALANCED, CONTINUERS = "cross_section", "balanced", "continuers"
COMPOSITIONS = (CROSS_SECTION, BALANCED, CONTINUERS)
COMPOSITION = "composition"  # the column that says which units are kept


def compare_composition(
    function: str,
    panel: Panel,
    composition: object,
    indicator: object,
    where: Where | None,
    base_year: object,
    years: object,
    compare: Callable[..., ResultTable],
) -> ResultTable:
    """Compare the units of a composition, by a function of a panel with a filter and years.

    ``balanced`` keeps units with a value in all years that are compared. ``continuers`` keeps, for each year, those
    with a value in it and in the base year.
    """
    arguments = Arguments(function)
    arguments.instance("panel", panel, Panel, "make one with build_panel or panel_from_frame")
    arguments.refuse_problems()
    arguments.option("composition", composition, COMPOSITIONS)
    names = arguments.names("indicator", indicator, panel.indicators, what="indicators of the panel")
    check_unweighted(arguments, panel, names)
    if len(names) != 1:
        arguments.add("indicator", f"{len(names)} indicators", "one, whose values choose units", "name one")
    asked = tuple(sorted(panel.per_year)) if years is None else arguments.years("years", years, panel.per_year)
    base = None if base_year is None else arguments.year("base_year", base_year, panel.per_year)
    if composition == CONTINUERS and base is None:
        arguments.add("composition", "continuers without a base year", "a series", "use index_series")
    arguments.refuse_problems()
    with_base = asked if base is None else tuple(sorted({base, *asked}))
    sets = [(with_base, asked)]
    if composition == CONTINUERS:
        sets = [((int(base or 0), year), (year,)) for year in asked]
    tables = []
    for needed, shown in sets:
        kept = _with_units(panel, names[0], str(composition), needed)
        tables.append(compare(kept, where={**(where or {}), COMPOSITION: composition}, years=list(shown)))
    sources = {key: source for table in tables for key, source in table.sources.items()}
    frame = pd.concat([table.frame for table in tables], ignore_index=True)
    return replace(tables[0], frame=tidy_frame(frame), sources=sources)


def _with_units(panel: Panel, indicator: str, composition: str, years: Sequence[int]) -> Panel:
    """Add to a panel the column with the name of the composition, for units with a value in all of some years."""
    table = panel.table
    wanted = sorted(set(years))
    known = table.filter(indicator_values(table, panel.indicators[indicator]).notnull() & table[YEAR].isin(wanted))
    counts = known.group_by(BE_ID).aggregate(n=known.count())
    ids = engine.fetch_arrow(counts.filter(counts.n == len(wanted)).select(BE_ID))
    chosen = table[BE_ID].isin(ibis.memtable(ids)[BE_ID])
    marked = table.mutate(**{COMPOSITION: ibis.ifelse(chosen, ibis.literal(composition), ibis.null("string"))})
    population = f"{panel.identity.population} {composition} {indicator} {wanted}"
    return replace(panel, table=marked, identity=replace(panel.identity, population=population))

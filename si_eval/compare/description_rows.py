"""Rows that describe both groups in one year: counts and shares of categories, means, and groups without units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import pandas as pd

from si_eval import cells, engine
from si_eval.results import Panel
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    COUNT,
    DIVISION,
    ESTIMATE,
    GROUP,
    INDICATOR,
    MEAN,
    N_TOTAL,
    N_UNITS,
    NON_PARTICIPANTS,
    NOTE,
    PARTICIPANTS,
    RESTS_ON,
    SECTOR,
    SHARE,
    SIZE_CLASS,
    STATISTIC,
    UNIT_OF_MEASURE,
    YEAR,
    Reason,
)

BUSINESS_UNITS = "business_units"
Merge = Mapping[str, Sequence[str]]


def distribution(
    panel: Panel,
    indicator: str,
    by: Sequence[str],
    *,
    year: int,
    where: cells.Where | None = None,
    merge: Merge | None = None,
) -> pd.DataFrame:
    """Compute counts and shares of both groups over the categories of one column."""
    (column,) = by
    table = cells.select_units(panel, by=by, where=where, years=[year])
    for label, classes in (merge or {}).items():
        table = table.mutate(**{column: ibis.ifelse(table[column].isin(list(classes)), label, table[column])})
    counts = engine.fetch(
        table.group_by([GROUP, YEAR, column]).aggregate(n=table.count(), **cells.count_holdings(table))
    )
    counts["n"] = counts["n"].astype("float64")
    counts[N_TOTAL] = counts.groupby(GROUP)["n"].transform("sum")
    rows = pd.concat([counts[[GROUP, YEAR]], cells.label_cells(counts, by, where)], axis=1)
    numbers: cells.Columns = {INDICATOR: indicator, N_UNITS: counts["n"], N_TOTAL: counts[N_TOTAL]}
    rows = rows.assign(**numbers, **cells.holding_columns(counts))
    category = cells.cells_of(cells.unit_sets(panel, counts, by, where, merge))
    total = cells.cells_of(cells.unit_sets(panel, counts[[GROUP, YEAR]], by, where))
    as_counts: cells.Columns = {
        STATISTIC: COUNT, ESTIMATE: counts["n"], UNIT_OF_MEASURE: BUSINESS_UNITS, RESTS_ON: category,
    }  # fmt: skip
    as_shares: cells.Columns = {
        STATISTIC: SHARE, ESTIMATE: counts["n"] / counts[N_TOTAL], UNIT_OF_MEASURE: SHARE,
        RESTS_ON: cells.join_cells(category, total),
    }  # fmt: skip
    absent = absent_groups(panel, counts, indicator, year, by, where)
    both = pd.concat([rows.assign(**as_counts), rows.assign(**as_shares), *absent], ignore_index=True)
    return both.sort_values([STATISTIC, GROUP, SECTOR, SIZE_CLASS, CATEGORY], ignore_index=True)


def unit_counts(panel: Panel, year: int) -> pd.DataFrame:
    """Count the units of both groups."""
    table = cells.select_units(panel, years=[year])
    counts = engine.fetch(table.group_by([GROUP, YEAR]).aggregate(n=table.count(), **cells.count_holdings(table)))
    counts = counts.sort_values([GROUP, YEAR], ignore_index=True)
    numbers = counts["n"].astype("float64")
    columns: cells.Columns = {
        INDICATOR: BUSINESS_UNITS, STATISTIC: COUNT, ESTIMATE: numbers, N_UNITS: numbers,
        **cells.holding_columns(counts), UNIT_OF_MEASURE: BUSINESS_UNITS,
        RESTS_ON: cells.cells_of(cells.unit_sets(panel, counts)),
    }  # fmt: skip
    rows = counts[[GROUP, YEAR]].assign(**columns)
    return pd.concat([rows, *absent_groups(panel, counts, BUSINESS_UNITS, year)], ignore_index=True)


def divisions(panel: Panel, year: int) -> pd.DataFrame:
    """Count, by sector, the two-digit divisions that have a unit of either group."""
    table = cells.select_units(panel, by=[SECTOR, DIVISION], years=[year])
    counts = engine.fetch(table.group_by([YEAR, SECTOR]).aggregate(n=table[DIVISION].nunique(), units=table.count()))
    counts = counts.sort_values([YEAR, SECTOR], ignore_index=True)
    columns: cells.Columns = {
        INDICATOR: "divisions",
        STATISTIC: COUNT,
        GROUP: ALL,
        ESTIMATE: counts["n"].astype("float64"),
        N_UNITS: counts["units"].astype("float64"),
        UNIT_OF_MEASURE: "divisions",
        RESTS_ON: cells.cells_of(cells.unit_sets(panel, counts, [SECTOR, DIVISION])),
    }
    return counts[[YEAR, SECTOR]].assign(**columns)


def means(
    panel: Panel, indicators: Sequence[str], by: Sequence[str], year: int, where: cells.Where | None = None
) -> pd.DataFrame:
    """Compute the means of both groups over some cells."""
    summary = cells.summarise(panel, indicator=indicators, by=by, where=where, years=[year])
    rows = pd.concat([summary[[INDICATOR, GROUP, YEAR]], cells.label_cells(summary, by, where)], axis=1)
    columns: cells.Columns = {
        STATISTIC: MEAN,
        ESTIMATE: summary["mean"],
        N_UNITS: summary["n"],
        **cells.disclosure_columns(summary),
        UNIT_OF_MEASURE: summary[INDICATOR].map({name: entry.unit for name, entry in panel.indicators.items()}),
        NOTE: "",
        RESTS_ON: cells.cells_of(cells.unit_sets(panel, summary, by, where), summary[INDICATOR]),
    }
    rows = rows.assign(**columns)
    rows.loc[rows[ESTIMATE].isna(), NOTE] = "no unit has a value"
    return rows


def absent_groups(
    panel: Panel,
    counts: pd.DataFrame,
    indicator: str,
    year: int,
    by: Sequence[str] = (),
    where: cells.Where | None = None,
) -> list[pd.DataFrame]:
    """Make a row that counts no units, with the reason, of each group that has none with a value of ``by``."""
    absent = pd.DataFrame({GROUP: [one for one in (NON_PARTICIPANTS, PARTICIPANTS) if one not in set(counts[GROUP])]})
    if absent.empty:
        return []
    columns: cells.Columns = {
        INDICATOR: indicator, STATISTIC: COUNT, YEAR: year, **dict.fromkeys((ESTIMATE, N_UNITS, N_TOTAL), 0.0),
        UNIT_OF_MEASURE: BUSINESS_UNITS, NOTE: Reason.NO_GROUP.note,
        RESTS_ON: cells.cells_of(cells.unit_sets(panel, absent.assign(**{YEAR: year}), by, where)),
    }  # fmt: skip
    return [pd.concat([absent.assign(**columns), cells.label_cells(absent, [], where)], axis=1)]

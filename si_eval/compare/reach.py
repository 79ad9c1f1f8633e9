"""Who takes part: participants against the population, by sector, age and size, and how many were found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from si_eval import cells, engine
from si_eval.results import Linkage, Panel, ResultTable
from si_eval.vocabulary import (
    AGE,
    AGE_CLASS,
    ALL,
    BE_ID,
    CATEGORY,
    COUNT,
    DIVISION,
    EMPLOYED_PERSONS,
    ESTIMATE,
    GROUP,
    GROUP_HIGHER_CLASS,
    GROUP_ID,
    GROUP_LARGER,
    INDICATOR,
    MEAN,
    N_HOLDINGS,
    N_PUBLIC,
    N_TOTAL,
    N_UNITS,
    NOTE,
    PARTICIPANTS,
    PUBLIC_UNIT,
    RECORDS,
    REVENUE,
    RULE_SET,
    SECTOR,
    SHARE,
    SHARED_GROUP,
    SIZE_CLASS,
    SIZE_CLASS_4,
    STATISTIC,
    UNIT_OF_MEASURE,
    YEAR,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

BUSINESS_UNITS = "business_units"
CANNOT_SHOW = "Reach shows who takes part, not why they do or what it does for them."
Merge = Mapping[str, Sequence[str]]


def describe_linkage(linkage: Linkage, panel: Panel) -> ResultTable:
    """Count the participants listed, found as persons, and linked to business units each year.

    Counts of records (rows of the list, outlier records set aside) carry the unit ``records``.
    """
    funnel = linkage.funnel()
    kept = funnel[funnel["reason"] == "kept"].set_index("step")["n"]
    lost = funnel.set_index("reason")["n"]
    units = funnel[(funnel["step"] == "counted") & (funnel["reason"] == "kept")]
    rows = [
        _count("participants_listed", kept["listed"]),
        _count("participants_unique", kept["unique"]),
        _count("participants_without_person", lost["no_person"]),
        *[_count(f"outliers_{domain}", count) for domain, count in _outlier_counts(panel).items()],
        *[
            {**_count("linked_units", row["n"], unit=BUSINESS_UNITS, n_units=row["n"]), YEAR: int(row[YEAR])}
            for _, row in units.iterrows()
        ],
    ]
    return _result(
        pd.DataFrame(rows), panel, "describe_linkage", "Participants that were not found are not in any figure."
    )


def describe_reach(panel: Panel, *, year: int) -> ResultTable:
    """Describe both groups in one year: shares by sector, age class and size class; mean age, persons and revenue.

    Shares are of the units whose class is known. Every share carries the count behind it: ``n_units`` is the number of
    units in the category, ``n_total`` the number that the share is of.
    """
    frames = [_distribution(panel, indicator, [indicator], year=year) for indicator in (SECTOR, AGE_CLASS, SIZE_CLASS)]
    frames += [_unit_counts(panel, year), _divisions(panel, year)]
    frames += [_means(panel, [EMPLOYED_PERSONS, REVENUE], by, year) for by in ([], [SIZE_CLASS])]
    frames += [_means(panel, [AGE], by, year) for by in ([], [SECTOR])]
    return _result(pd.concat(frames, ignore_index=True), panel, "describe_reach", CANNOT_SHOW)


def describe_sectors(
    panel: Panel, *, year: int, sectors: Sequence[str], merge: Mapping[str, Merge] | None = None
) -> ResultTable:
    """Describe the participants of some sectors: shares by size class, and mean age.

    ``merge`` gives, by sector, new classes of several size classes, such as ``{"J": {"50+": ["50-249", "250+"]}}``.
    """
    frames = []
    for sector in sectors:
        frames.append(
            _distribution(
                panel, SIZE_CLASS, [SIZE_CLASS_4], year=year, where={SECTOR: sector}, merge=(merge or {}).get(sector)
            )
        )
        frames.append(_means(panel, [AGE], [], year, where={SECTOR: sector}))
    rows = pd.concat(frames, ignore_index=True)
    return _result(rows[rows[GROUP] == PARTICIPANTS], panel, "describe_sectors", CANNOT_SHOW)


def describe_unit_choice(panel: Panel) -> ResultTable:
    """Give, by year, the share of participants whose enterprise group is larger, and in a higher size class."""
    frames = []
    for flag in (GROUP_LARGER, GROUP_HIGHER_CLASS):
        table = cells.select_units(panel)
        table = table.filter(table[GROUP] == PARTICIPANTS)
        flagged = table[flag].fill_null(False)
        counts = engine.fetch(
            table.group_by(YEAR).aggregate(n=flagged.sum(), **{N_TOTAL: table.count()}, **_counted(table, flagged))
        )
        share = counts["n"].astype("float64") / counts[N_TOTAL].astype("float64")
        frames.append(
            pd.DataFrame(
                {
                    INDICATOR: flag,
                    STATISTIC: SHARE,
                    GROUP: PARTICIPANTS,
                    YEAR: counts[YEAR].astype("int64"),
                    ESTIMATE: share,
                    N_UNITS: counts["n"].astype("float64"),
                    **_evidence(counts),
                    N_TOTAL: counts[N_TOTAL].astype("float64"),
                    UNIT_OF_MEASURE: SHARE,
                }
            )
        )
    rows = pd.concat(frames, ignore_index=True).sort_values([INDICATOR, YEAR], ignore_index=True)
    cannot = "A group's size says where revenue may be booked, not that it is; small units of large groups stay in."
    return _result(rows, panel, "describe_unit_choice", cannot)


def _count(indicator: str, count: int, *, unit: str = RECORDS, n_units: float = np.nan) -> dict[str, object]:
    return {
        INDICATOR: indicator,
        STATISTIC: COUNT,
        GROUP: PARTICIPANTS,
        ESTIMATE: float(count),
        N_UNITS: float(n_units),
        UNIT_OF_MEASURE: unit,
    }


def _outlier_counts(panel: Panel) -> dict[str, int]:
    """Count the units that were set aside, by domain; none where the rule set has no outlier rule."""
    if panel.rules.outliers == "none":
        return {}
    outliers = panel.outliers()
    domains = dict.fromkeys(entry.domain for entry in panel.indicators.values() if entry.outliers)
    return {domain: int(outliers.loc[outliers["domain"] == domain, BE_ID].nunique()) for domain in domains}


def _distribution(
    panel: Panel,
    indicator: str,
    by: Sequence[str],
    *,
    year: int,
    where: cells.Where | None = None,
    merge: Merge | None = None,
) -> pd.DataFrame:
    """Give counts and shares of both groups over the categories of one column."""
    (column,) = by
    table = cells.select_units(panel, by=by, where=where, years=[year])
    for label, classes in (merge or {}).items():
        table = table.mutate(**{column: ibis.ifelse(table[column].isin(list(classes)), label, table[column])})
    counts = engine.fetch(table.group_by([GROUP, YEAR, column]).aggregate(n=table.count(), **_counted(table)))
    counts["n"] = counts["n"].astype("float64")
    counts[N_TOTAL] = counts.groupby(GROUP)["n"].transform("sum")
    rows = pd.concat([counts[[GROUP, YEAR]], cells.label_cells(counts, by, where)], axis=1)
    rows = rows.assign(**{INDICATOR: indicator, N_UNITS: counts["n"], N_TOTAL: counts[N_TOTAL]})
    rows = rows.assign(**_evidence(counts))
    as_counts = rows.assign(**{STATISTIC: COUNT, ESTIMATE: counts["n"], UNIT_OF_MEASURE: BUSINESS_UNITS})
    as_shares = rows.assign(**{STATISTIC: SHARE, ESTIMATE: counts["n"] / counts[N_TOTAL], UNIT_OF_MEASURE: SHARE})
    both = pd.concat([as_counts, as_shares], ignore_index=True)
    return both.sort_values([STATISTIC, GROUP, SECTOR, SIZE_CLASS, CATEGORY], ignore_index=True)


def _unit_counts(panel: Panel, year: int) -> pd.DataFrame:
    """Count the units of both groups."""
    table = cells.select_units(panel, years=[year])
    counts = engine.fetch(table.group_by([GROUP, YEAR]).aggregate(n=table.count(), **_counted(table)))
    counts = counts.sort_values([GROUP, YEAR], ignore_index=True)
    numbers = counts["n"].astype("float64")
    return counts[[GROUP, YEAR]].assign(
        **{
            INDICATOR: BUSINESS_UNITS,
            STATISTIC: COUNT,
            ESTIMATE: numbers,
            N_UNITS: numbers,
            **_evidence(counts),
            UNIT_OF_MEASURE: BUSINESS_UNITS,
        }
    )


def _counted(table: ir.Table, chosen: ir.BooleanColumn | None = None) -> dict[str, ir.Value]:
    """Count what disclosure judges a number of units by: holdings, and public units of a panel that has any.

    Holdings are enterprise groups that have several units, and units that share none.
    """
    shared = table[SHARED_GROUP].fill_null(False)
    alone, grouped = ~shared, shared
    if chosen is not None:
        alone, grouped = alone & chosen, grouped & chosen
    counted = {N_HOLDINGS: alone.sum() + table[GROUP_ID].nunique(where=grouped)}
    if PUBLIC_UNIT in table.columns:
        public = table[PUBLIC_UNIT]
        counted[N_PUBLIC] = (public if chosen is None else public & chosen).sum()
    return counted


def _evidence(counts: pd.DataFrame) -> dict[str, pd.Series]:
    return {name: counts[name].astype("float64") for name in (N_HOLDINGS, N_PUBLIC) if name in counts}


def _divisions(panel: Panel, year: int) -> pd.DataFrame:
    """Count, by sector, the two-digit divisions that have a unit of either group."""
    table = cells.select_units(panel, by=[SECTOR, DIVISION], years=[year])
    counts = engine.fetch(table.group_by([YEAR, SECTOR]).aggregate(n=table[DIVISION].nunique(), units=table.count()))
    counts = counts.sort_values([YEAR, SECTOR], ignore_index=True)
    return counts[[YEAR, SECTOR]].assign(
        **{
            INDICATOR: "divisions",
            STATISTIC: COUNT,
            GROUP: ALL,
            ESTIMATE: counts["n"].astype("float64"),
            N_UNITS: counts["units"].astype("float64"),
            UNIT_OF_MEASURE: "divisions",
        }
    )


def _means(
    panel: Panel, indicators: Sequence[str], by: Sequence[str], year: int, where: cells.Where | None = None
) -> pd.DataFrame:
    """Give the means of both groups over some cells."""
    summary = cells.summarise(panel, indicator=indicators, by=by, where=where, years=[year])
    rows = pd.concat([summary[[INDICATOR, GROUP, YEAR]], cells.label_cells(summary, by, where)], axis=1)
    rows = rows.assign(
        **{
            STATISTIC: MEAN,
            ESTIMATE: summary["mean"],
            N_UNITS: summary["n"],
            **cells.disclosure_columns(summary),
            UNIT_OF_MEASURE: summary[INDICATOR].map({name: entry.unit for name, entry in panel.indicators.items()}),
            NOTE: "",
        }
    )
    rows.loc[rows[ESTIMATE].isna(), NOTE] = "no unit has a value"
    return rows


def _result(rows: pd.DataFrame, panel: Panel, function: str, cannot_show: str) -> ResultTable:
    """Make the result of descriptive rows."""
    rows = rows.reset_index(drop=True)
    for column in (SIZE_CLASS, SECTOR, CATEGORY):
        rows[column] = rows[column].fillna(ALL) if column in rows else ALL
    rows[NOTE] = rows[NOTE].fillna("") if NOTE in rows else ""
    rows[RULE_SET] = panel.rules.name
    if YEAR in rows:
        rows[YEAR] = rows[YEAR].astype("Int64")
    return ResultTable(
        frame=cells.tidy_frame(rows),
        function=function,
        evidence="goal_attainment",
        cannot_show=cannot_show,
        rules=panel.rules.name,
        simulation=panel.simulation,
    )

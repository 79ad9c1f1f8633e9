"""Who takes part: participants against the population, by sector, age and size, and how many were found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import numpy as np
import pandas as pd

from si_eval import cells, engine
from si_eval.compare import described
from si_eval.compare.described import BUSINESS_UNITS
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
    GROUP_LARGER,
    INDICATOR,
    MEAN,
    N_TOTAL,
    N_UNITS,
    NOTE,
    PARTICIPANTS,
    RECORDS,
    REVENUE,
    RULE_SET,
    SECTOR,
    SHARE,
    SIZE_CLASS,
    SIZE_CLASS_4,
    STATISTIC,
    UNIT_OF_MEASURE,
    YEAR,
)

CANNOT_SHOW = "Reach shows who takes part, not why they do or what it does for them."
Merge = Mapping[str, Sequence[str]]


def describe_linkage(linkage: Linkage, panel: Panel) -> ResultTable:
    """Count the participants listed, found as persons, and linked to business units each year.

    Use it to say how many participants the figures rest on. Those that were not found are in no figure.

    Parameters
    ----------
    linkage : Linkage
        From `link_participants`.
    panel : Panel
        From `build_panel`; it says which units the outlier rule set aside.

    Returns
    -------
    ResultTable
        Tidy rows of statistic ``count``: ``participants_listed``, ``participants_unique``,
        ``participants_without_person`` and ``outliers_<domain>`` in ``records``, and ``linked_units`` by ``year`` in
        ``business_units``.

    Examples
    --------
    >>> import si_eval as se
    >>> extract = se.read_extract("extract")
    >>> linkage = se.link_participants(extract)
    >>> panel = se.build_panel(extract, linkage)
    >>> table = se.describe_linkage(linkage, panel).to_frame()
    >>> print(table[["indicator", "estimate", "unit"]].head(3).to_string(index=False))
                      indicator  estimate    unit
            participants_listed     733.0 records
            participants_unique     552.0 records
    participants_without_person      30.0 records
    """
    arguments = cells.check_panel("describe_linkage", panel)
    arguments.instance("linkage", linkage, Linkage, "make one with link_participants")
    arguments.refuse_problems()
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
    """Describe both groups in one year: shares by sector, age class and size class, and some means.

    Use it to show who takes part, beside all firms that could. It shows who takes part, not why.

    Parameters
    ----------
    panel : Panel
        From `build_panel`.
    year : int
        A year of the panel.

    Returns
    -------
    ResultTable
        Tidy rows for both groups: ``count`` and ``share`` by ``sector``, ``age_class`` and ``size_class``; the number
        of units, and of divisions in each sector; means of persons employed and revenue by size class, and of age by
        sector. ``n_units`` is the number of units in the category, ``n_total`` the number that the share is of.

    Raises
    ------
    StudyError
        For a year that the panel does not have, or a panel without the columns that are described.

    Notes
    -----
    Shares are of the units whose class is known.

    Examples
    --------
    >>> import si_eval as se
    >>> extract = se.read_extract("extract")
    >>> linkage = se.link_participants(extract)
    >>> panel = se.build_panel(extract, linkage)
    >>> table = se.describe_reach(panel, year=2019).to_frame()
    >>> rows = table.query("indicator == 'size_class' and statistic == 'share' and group == 'participant'")
    >>> print(rows[["size_class", "estimate", "n_units"]].round(3).to_string(index=False))
    size_class  estimate  n_units
           0-1     0.146       72
         10-49     0.257      127
           2-9     0.267      132
          250+     0.134       66
        50-249     0.196       97
    """
    arguments = cells.check_panel("describe_reach", panel)
    columns = (SECTOR, AGE_CLASS, SIZE_CLASS, DIVISION)
    year = described.check_described(arguments, panel, year, columns, (EMPLOYED_PERSONS, REVENUE, AGE))
    arguments.refuse_problems()
    frames = [_distribution(panel, indicator, [indicator], year=year) for indicator in (SECTOR, AGE_CLASS, SIZE_CLASS)]
    frames += [_unit_counts(panel, year), _divisions(panel, year)]
    frames += [_means(panel, [EMPLOYED_PERSONS, REVENUE], by, year) for by in ([], [SIZE_CLASS])]
    frames += [_means(panel, [AGE], by, year) for by in ([], [SECTOR])]
    return _result(pd.concat(frames, ignore_index=True), panel, "describe_reach", CANNOT_SHOW)


def describe_sectors(
    panel: Panel, *, year: int, sectors: Sequence[str], merge: Mapping[str, Merge] | None = None
) -> ResultTable:
    """Describe the participants of some sectors in one year: shares by size class, and mean age.

    Use it to look closer at the sectors that a programme aims at.

    Parameters
    ----------
    panel : Panel
        From `build_panel`.
    year : int
        A year of the panel.
    sectors : sequence of str
        Sections of the standard industrial classification (SBI 2008), such as ``["C", "J"]``.
    merge : mapping, optional
        By sector, new classes that take the place of several size classes, such as
        ``{"J": {"50+": ["50-249", "250+"]}}``. Default: none.

    Returns
    -------
    ResultTable
        Tidy rows of the participants: ``count`` and ``share`` by ``size_class``, and the mean ``age``, for each
        ``sector``; ``n_total`` is the number of units that a share is of.

    Raises
    ------
    StudyError
        For a year or a sector that the panel does not have, wrong merges, or a panel without the columns described.

    Examples
    --------
    >>> import si_eval as se
    >>> extract = se.read_extract("extract")
    >>> linkage = se.link_participants(extract)
    >>> panel = se.build_panel(extract, linkage)
    >>> table = se.describe_sectors(panel, year=2019, sectors=["C"]).to_frame()
    >>> rows = table[table["statistic"] == "share"]
    >>> print(rows[["sector", "size_class", "estimate", "n_units"]].round(3).to_string(index=False))
    sector size_class  estimate  n_units
         C        0-9     0.210       30
         C      10-49     0.252       36
         C       250+     0.133       19
         C     50-249     0.406       58
    """
    arguments = cells.check_panel("describe_sectors", panel)
    year = described.check_described(arguments, panel, year, (SECTOR, SIZE_CLASS_4), (AGE,))
    sectors = described.check_sectors(arguments, panel, sectors)
    described.check_merges(arguments, merge, sectors)
    arguments.refuse_problems()
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
    """Compute, by year, the share of participants whose enterprise group is larger, and in a higher size class.

    Use it to judge whether the business unit that was found is the firm that took part: a large group may book its
    revenue elsewhere.

    Parameters
    ----------
    panel : Panel
        From `build_panel`.

    Returns
    -------
    ResultTable
        Tidy rows of statistic ``share``, for the indicators ``group_larger`` and ``group_higher_class`` and each
        ``year``. ``n_units`` is the number of such participants, ``n_total`` that of all.

    Examples
    --------
    >>> import si_eval as se
    >>> extract = se.read_extract("extract")
    >>> linkage = se.link_participants(extract)
    >>> panel = se.build_panel(extract, linkage)
    >>> table = se.describe_unit_choice(panel).to_frame()
    >>> print(table[["indicator", "year", "estimate", "n_units", "n_total"]].tail(2).round(3).to_string(index=False))
       indicator  year  estimate  n_units  n_total
    group_larger  2018     0.201       99      493
    group_larger  2019     0.190       94      494
    """
    arguments = cells.check_panel("describe_unit_choice", panel)
    described.check_columns(arguments, panel, (GROUP_LARGER, GROUP_HIGHER_CLASS))
    arguments.refuse_problems()
    frames = []
    for flag in (GROUP_LARGER, GROUP_HIGHER_CLASS):
        table = cells.select_units(panel)
        table = table.filter(table[GROUP] == PARTICIPANTS)
        flagged = table[flag].fill_null(False)
        counts = engine.fetch(
            table.group_by(YEAR).aggregate(
                n=flagged.sum(), **{N_TOTAL: table.count()}, **cells.count_holdings(table, flagged)
            )
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
                    **cells.holding_columns(counts),
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
    as_counts: cells.Columns = {STATISTIC: COUNT, ESTIMATE: counts["n"], UNIT_OF_MEASURE: BUSINESS_UNITS}
    as_shares: cells.Columns = {STATISTIC: SHARE, ESTIMATE: counts["n"] / counts[N_TOTAL], UNIT_OF_MEASURE: SHARE}
    absent = described.absent_groups(counts, indicator, year, where)
    both = pd.concat([rows.assign(**as_counts), rows.assign(**as_shares), *absent], ignore_index=True)
    return both.sort_values([STATISTIC, GROUP, SECTOR, SIZE_CLASS, CATEGORY], ignore_index=True)


def _unit_counts(panel: Panel, year: int) -> pd.DataFrame:
    """Count the units of both groups."""
    table = cells.select_units(panel, years=[year])
    counts = engine.fetch(table.group_by([GROUP, YEAR]).aggregate(n=table.count(), **cells.count_holdings(table)))
    counts = counts.sort_values([GROUP, YEAR], ignore_index=True)
    numbers = counts["n"].astype("float64")
    columns: cells.Columns = {
        INDICATOR: BUSINESS_UNITS, STATISTIC: COUNT, ESTIMATE: numbers, N_UNITS: numbers,
        **cells.holding_columns(counts), UNIT_OF_MEASURE: BUSINESS_UNITS,
    }  # fmt: skip
    rows = counts[[GROUP, YEAR]].assign(**columns)
    return pd.concat([rows, *described.absent_groups(counts, BUSINESS_UNITS, year, None)], ignore_index=True)


def _divisions(panel: Panel, year: int) -> pd.DataFrame:
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
    }
    return counts[[YEAR, SECTOR]].assign(**columns)


def _means(
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
    }
    rows = rows.assign(**columns)
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

"""Who takes part: participants against the population, by sector, age and size, and how many were found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from si_eval import cells, engine
from si_eval.compare import described, description_rows
from si_eval.compare.description_rows import BUSINESS_UNITS, Merge
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
    N_TOTAL,
    N_UNITS,
    NOTE,
    PARTICIPANTS,
    RECORDS,
    RESTS_ON,
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


# What participants are not found in, by the reason in the funnel.
NOT_FOUND = {"no_person": "participants_without_person", "never_in_register": "participants_without_unit"}


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
        *[_count(name, lost[reason]) for reason, name in NOT_FOUND.items() if reason in lost],
        *[_count(f"outliers_{domain}", count) for domain, count in _outlier_counts(panel).items()],
        *[
            {**_count("linked_units", row["n"], unit=BUSINESS_UNITS, n_units=row["n"]), YEAR: int(row[YEAR])}
            for _, row in units.iterrows()
        ],
    ]
    frame = pd.DataFrame(rows)
    linked = frame[INDICATOR] == "linked_units"
    frame[RESTS_ON] = cells.no_cells(frame)
    frame.loc[linked, RESTS_ON] = cells.cells_of(cells.unit_sets(panel, frame[linked]))
    return _result(frame, panel, "describe_linkage", "Participants that were not found are not in any figure.")


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
        For a year that the panel does not have, or a panel without any of the classes that are described.

    Notes
    -----
    Shares are of the units whose class is known. What no unit of the panel has (an age, say) is not described.

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
    year = described.check_described(arguments, panel, year, (), ())
    classes = [column for column in (SECTOR, AGE_CLASS, SIZE_CLASS) if described.has_values(panel, column)]
    if not classes:
        described.check_columns(arguments, panel, (SECTOR, AGE_CLASS, SIZE_CLASS), empty=True)
    arguments.refuse_problems()
    frames = [description_rows.distribution(panel, indicator, [indicator], year=year) for indicator in classes]
    frames += [description_rows.unit_counts(panel, year)]
    frames += [description_rows.divisions(panel, year)] if described.has_values(panel, DIVISION) else []
    for indicators, column in (((EMPLOYED_PERSONS, REVENUE), SIZE_CLASS), ((AGE,), SECTOR)):
        known = [name for name in indicators if name in panel.indicators]
        splits = [[], *([[column]] if column in classes else [])]
        frames += [description_rows.means(panel, known, by, year) for by in splits if known]
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
            description_rows.distribution(
                panel, SIZE_CLASS, [SIZE_CLASS_4], year=year, where={SECTOR: sector}, merge=(merge or {}).get(sector)
            )
        )
        frames.append(description_rows.means(panel, [AGE], [], year, where={SECTOR: sector}))
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
        keys = counts[[YEAR]].assign(**{GROUP: PARTICIPANTS})
        flagged_units, all_units = cells.unit_sets(panel, keys, where={flag: True}), cells.unit_sets(panel, keys)
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
                    RESTS_ON: cells.join_cells(cells.cells_of(flagged_units), cells.cells_of(all_units)),
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
        sources=cells.sources_of(panel),
    )

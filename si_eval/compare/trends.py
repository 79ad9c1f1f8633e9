"""Index series: each group against its own base year."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import numpy as np
import pandas as pd

from si_eval import cells, stats
from si_eval import engine as engines
from si_eval.errors import StudyError
from si_eval.results import Panel, ResultTable
from si_eval.vocabulary import (
    BE_ID,
    CATEGORY,
    CONF_HIGH,
    CONF_LOW,
    DIFFERENCE,
    DOF,
    ESTIMATE,
    GROUP,
    INDEX,
    INDICATOR,
    N_UNITS,
    NON_PARTICIPANTS,
    NOTE,
    OF_BASE_YEAR,
    PARTICIPANTS,
    RULE_SET,
    SECTOR,
    SIZE_CLASS,
    STATISTIC,
    STD_ERROR,
    UNIT_OF_MEASURE,
    YEAR,
)

BASE = 100.0
CANNOT_SHOW = (
    "An index of yearly means also moves when firms enter, leave or change class; it shows no cause, and the noise of "
    "the base year is in every later figure."
)


def index_series(
    panel: Panel,
    *,
    indicator: str,
    by: Sequence[str] = (),
    where: cells.Where | None = None,
    base_year: int,
    years: Sequence[int] | None = None,
    level: float | None = None,
) -> ResultTable:
    """Give the mean of each group and cell as an index of its base year (base year = 100).

    Cells are those of the year itself (repeated cross-sections). The standard error follows from the delta method with
    the covariance of the units that stand in the same cell in both years. Rows of group ``difference`` are in index
    points. ``n_units`` is the smaller of the two years' counts. Raises `StudyError` if the panel lacks the base year.

    Source: Dialogic 2020, figures 34 and 36-39; delta method: Cochran (1977), Sampling Techniques, section 6.3.
    """
    by = [by] if isinstance(by, str) else list(by)
    level = panel.rules.level if level is None else level
    wanted = None if years is None else sorted({int(base_year), *(int(year) for year in years)})
    summary = cells.summarise(panel, indicator=indicator, by=by, where=where, years=wanted)
    if base_year not in set(summary[YEAR]):
        raise StudyError(
            f"base_year: found {base_year}; expected one of {sorted(set(summary[YEAR]))}; choose a year of the panel"
        )
    cell = [INDICATOR, GROUP, *by]
    base = summary[summary[YEAR] == base_year].drop(columns=YEAR)
    series = summary.merge(base, on=cell, suffixes=("", OF_BASE_YEAR), how="left")
    series = series.merge(_covariances(panel, indicator, by, where, base_year, wanted), on=[*cell, YEAR], how="left")
    if years is not None:
        series = series[series[YEAR].isin([int(year) for year in years])].reset_index(drop=True)
    rows = _index_rows(series, cells.tidy_keys(series, by, where), base_year, level)
    rows = pd.concat([rows, _difference_rows(rows, level)], ignore_index=True)
    rows = rows.assign(**{STATISTIC: INDEX, UNIT_OF_MEASURE: f"{base_year} = 100", RULE_SET: panel.rules.name})
    return ResultTable(
        frame=cells.tidy_frame(rows.drop(columns=DOF)),
        function="index_series",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        coverage=cells.coverage_of(panel, indicator, where=where, years=wanted),
        simulation=panel.simulation,
    )


def _covariances(
    panel: Panel,
    indicator: str,
    by: list[str],
    where: cells.Where | None,
    base_year: int,
    years: Sequence[int] | None,
) -> pd.DataFrame:
    """Give, by cell and year, the sums over units in the same cell in both years that make the covariance of means."""
    table = cells.compared_units(panel, by=by, where=where, years=years)
    table = table.mutate(value=cells.values_of(table, panel.indicators[indicator]))
    table = table.filter(table["value"].notnull())
    base = table.filter(table[YEAR] == base_year).select(BE_ID, GROUP, *by, base_value="value")
    joined = table.select(BE_ID, YEAR, GROUP, *by, "value").inner_join(base, [BE_ID, GROUP, *by])
    sums = joined.group_by([GROUP, YEAR, *by]).aggregate(
        n_both=ibis._.count(),
        sum_now=joined["value"].sum(),
        sum_base=joined.base_value.sum(),
        sum_product=(joined["value"] * joined.base_value).sum(),
    )
    frame = engines.fetch(sums)
    numbers = ["n_both", "sum_now", "sum_base", "sum_product"]
    return frame.astype({YEAR: "int64", **dict.fromkeys(numbers, "float64")}).assign(indicator=indicator)


def _index_rows(series: pd.DataFrame, keys: pd.DataFrame, base_year: int, level: float) -> pd.DataFrame:
    """Compute index, standard error and interval of each cell and year."""
    columns = [f"{name}{year}" for name in ("mean", "sd", "n") for year in ("", OF_BASE_YEAR)]
    now, base, sd_now, sd_base, n_now, n_base = (series[column].to_numpy() for column in columns)
    both = series[["n_both", "sum_now", "sum_base", "sum_product"]].fillna(0).to_numpy().T
    cross = both[3] - now * both[2] - base * both[1] + both[0] * now * base
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = cross / (n_now * n_base)
        std_error = BASE * stats.ratio_std_error(
            now, sd_now / np.sqrt(n_now), base, sd_base / np.sqrt(n_base), covariance
        )
        index = np.where(base != 0, BASE * (now / base), np.nan)
    is_base = (series[YEAR] == base_year).to_numpy()
    std_error = np.where(is_base, 0.0, std_error)
    fewest = np.fmin(n_now, np.nan_to_num(n_base))
    interval = stats.student_interval(index, std_error, fewest - 1, level)
    rows = pd.concat([series[[INDICATOR, GROUP, YEAR]], keys], axis=1).assign(
        **{
            ESTIMATE: index,
            STD_ERROR: std_error,
            CONF_LOW: interval.low,
            CONF_HIGH: interval.high,
            N_UNITS: fewest,
            NOTE: "",
            DOF: fewest - 1,
            **cells.evidence(series),
            **{f"{name}{OF_BASE_YEAR}": series[f"{name}{OF_BASE_YEAR}"] for name in cells.evidence(series)},
        }
    )
    rows.loc[rows[ESTIMATE].isna(), NOTE] = "the base year has no value in this cell, or its mean is zero"
    return rows


def _difference_rows(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    """Subtract the index of the non-participants from that of the participants, in index points."""
    cell = [INDICATOR, YEAR, SIZE_CLASS, SECTOR, CATEGORY]
    ours = rows[rows[GROUP] == PARTICIPANTS]
    both = ours.merge(rows[rows[GROUP] == NON_PARTICIPANTS], on=cell, suffixes=("_a", "_b"))
    std_error = np.sqrt(both[f"{STD_ERROR}_a"] ** 2 + both[f"{STD_ERROR}_b"] ** 2).to_numpy()
    fewest = both[[f"{N_UNITS}_a", f"{N_UNITS}_b"]].min(axis=1).to_numpy()
    estimate = (both[f"{ESTIMATE}_a"] - both[f"{ESTIMATE}_b"]).to_numpy()
    interval = stats.student_interval(estimate, std_error, fewest - 1, level)
    difference = both[cell].assign(
        **{
            GROUP: DIFFERENCE,
            ESTIMATE: estimate,
            STD_ERROR: std_error,
            CONF_LOW: interval.low,
            CONF_HIGH: interval.high,
            N_UNITS: fewest,
            NOTE: "",
            DOF: fewest - 1,
        }
    )
    difference.loc[difference[ESTIMATE].isna(), NOTE] = "one of the groups has no index"
    return difference

"""Who is compared with whom: levels of both groups, their difference and their ratio, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from si_eval import cells, stats
from si_eval.results import Panel, ResultTable
from si_eval.vocabulary import (
    CONF_HIGH,
    CONF_LOW,
    DIFFERENCE,
    ESTIMATE,
    GROUP,
    INDICATOR,
    MEAN,
    MEDIAN,
    N_UNITS,
    NON_PARTICIPANTS,
    NOTE,
    P_VALUE,
    PARTICIPANTS,
    PSEUDO_COLUMNS,
    RATIO,
    RATIO_OF_SUMS,
    RULE_SET,
    STATISTIC,
    STD_ERROR,
    UNIT_OF_MEASURE,
    YEAR,
)

CANNOT_SHOW = (
    "A difference between the groups is an association: it does not show what the participants would have done "
    "without the programme."
)


def compare_groups(
    panel: Panel,
    *,
    indicator: str | Sequence[str],
    by: Sequence[str] = (),
    where: cells.Where | None = None,
    years: Sequence[int] | None = None,
    level: float | None = None,
) -> ResultTable:
    """Compare participants with non-participants by cell and year.

    ``by`` and the keys of ``where`` are panel columns; ``years`` defaults to all; ``level`` is the coverage of
    intervals (the rule set's by default). For each cell: mean, median and (for ratios) ratio of sums of both groups,
    and for the mean the difference (Welch) and the ratio (delta method). Money is in euro. ``n_units`` is the smallest
    number of units that a row rests on. Medians are exact here; the pseudo-median that takes their place at the public
    border stands beside them. Raises `StudyError` for unknown names.

    Source: Dialogic 2020, appendix 6 (unweighted mean over units); Welch (1947), Biometrika 34, p. 28-35.
    """
    by = [by] if isinstance(by, str) else list(by)
    summary = cells.summarise(panel, indicator=indicator, by=by, where=where, years=years)
    level = panel.rules.level if level is None else level
    keys = pd.concat([summary[[INDICATOR, YEAR]], cells.tidy_keys(summary, by, where)], axis=1)
    groups = pd.concat(
        [_level_rows(keys, summary, statistic, level) for statistic in (MEAN, MEDIAN, RATIO_OF_SUMS)],
        ignore_index=True,
    )
    rows = pd.concat([groups, _contrasts(keys, summary, level)], ignore_index=True)
    rows = rows.assign(
        **{
            UNIT_OF_MEASURE: rows[INDICATOR].map({name: entry.unit for name, entry in panel.indicators.items()}),
            RULE_SET: panel.rules.name,
        }
    )
    rows.loc[rows[GROUP] == RATIO, UNIT_OF_MEASURE] = RATIO
    return ResultTable(
        frame=cells.tidy_frame(rows),
        function="compare_groups",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        coverage=cells.coverage_of(panel, indicator, where=where, years=years),
        simulation=panel.simulation,
    )


def _level_rows(keys: pd.DataFrame, summary: pd.DataFrame, statistic: str, level: float) -> pd.DataFrame:
    """Give the rows of one statistic for both groups; only the mean carries a standard error here."""
    rows = keys.assign(**{GROUP: summary[GROUP], STATISTIC: statistic, N_UNITS: summary["n"], NOTE: ""})
    rows = rows.assign(**cells.evidence(summary))
    n = summary["n"].to_numpy()
    if statistic == MEAN:
        with np.errstate(divide="ignore", invalid="ignore"):
            std_error = summary["sd"].to_numpy() / np.sqrt(n)
        interval = stats.student_interval(summary["mean"].to_numpy(), std_error, n - 1, level)
        rows = rows.assign(
            **{ESTIMATE: interval.estimate, STD_ERROR: std_error, CONF_LOW: interval.low, CONF_HIGH: interval.high}
        )
    elif statistic == MEDIAN:
        rows = rows.assign(**{ESTIMATE: summary["median"], **summary[list(PSEUDO_COLUMNS)]})
    else:
        rows[ESTIMATE] = summary["numerator"] / summary["denominator"].where(summary["denominator"] != 0)
        rows = rows[summary["denominator"].notna()]
    rows.loc[rows[ESTIMATE].isna(), NOTE] = "no unit has a value"
    return rows


def _contrasts(keys: pd.DataFrame, summary: pd.DataFrame, level: float) -> pd.DataFrame:
    """Give the difference and the ratio of the two means of each cell that has both groups."""
    cell = [column for column in keys.columns if column in keys]
    wide = pd.concat([keys, summary[[GROUP, "n", "mean", "sd"]]], axis=1)
    ours = wide[wide[GROUP] == PARTICIPANTS].drop(columns=GROUP)
    theirs = wide[wide[GROUP] == NON_PARTICIPANTS].drop(columns=GROUP)
    both = ours.merge(theirs, on=cell, suffixes=("_a", "_b"))
    n_a, n_b, mean_a, mean_b = (both[name].to_numpy() for name in ("n_a", "n_b", "mean_a", "mean_b"))
    with np.errstate(divide="ignore", invalid="ignore"):
        se_a, se_b = both["sd_a"].to_numpy() / np.sqrt(n_a), both["sd_b"].to_numpy() / np.sqrt(n_b)
    dof = stats.welch_degrees_of_freedom(se_a, n_a, se_b, n_b)
    difference = stats.student_interval(mean_a - mean_b, np.sqrt(se_a**2 + se_b**2), dof, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = np.where(mean_b != 0, mean_a / mean_b, np.nan)
    ratio = stats.student_interval(quotient, stats.ratio_std_error(mean_a, se_a, mean_b, se_b), dof, level)
    rows = []
    for group, interval in ((DIFFERENCE, difference), (RATIO, ratio)):
        contrast = both[cell].assign(
            **{
                GROUP: group,
                STATISTIC: MEAN,
                ESTIMATE: interval.estimate,
                STD_ERROR: interval.std_error,
                CONF_LOW: interval.low,
                CONF_HIGH: interval.high,
                P_VALUE: difference.p_value if group == DIFFERENCE else np.nan,
                N_UNITS: np.minimum(n_a, n_b),
                NOTE: "",
            }
        )
        contrast.loc[contrast[ESTIMATE].isna(), NOTE] = "one of the groups has no value, or its mean is zero"
        rows.append(contrast)
    return pd.concat(rows, ignore_index=True)

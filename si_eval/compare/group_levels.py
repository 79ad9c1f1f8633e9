"""The levels of each group as rows: means, medians and ratios of sums, each with its interval."""

from __future__ import annotations

import numpy as np
import pandas as pd

from si_eval import cells, stats
from si_eval.compare.contrasts import summary_dof
from si_eval.stats import FloatArray
from si_eval.vocabulary import (
    CONF_HIGH,
    CONF_LOW,
    ERROR_DOF,
    ESTIMATE,
    GROUP,
    INDICATOR,
    MEAN,
    MEAN_LOG,
    MEDIAN,
    MOVED_COLUMNS,
    N_EFFECTIVE,
    N_UNITS,
    NOTE,
    PSEUDO_COLUMNS,
    RATIO_OF_SUMS,
    RESTS_ON,
    STATISTIC,
    STD_DEV,
    STD_ERROR,
    WINSORISED_MEAN,
    Reason,
)

MIN_CLUSTERS_TO_ADJUST = 10  # the skewness of fewer says too little
FEW_LARGE = 2  # a mean with fewer values than this times their squared skewness rests on one or two of them


def level_of(summary: pd.DataFrame, statistic: str) -> pd.Series:
    """Return a statistic of each cell."""
    if statistic == RATIO_OF_SUMS:
        return summary["numerator"] / summary["denominator"].where(summary["denominator"] != 0)
    return summary[statistic]


def level_rows(
    keys: pd.DataFrame, summary: pd.DataFrame, units: pd.Series, statistic: str, level: float, adjusted: bool
) -> pd.DataFrame:
    """Make the rows of one statistic for both groups, whose cells are ``units``.

    ``adjusted`` says whether intervals of means follow skewness.
    """
    rests_on = cells.ratio_cells if statistic == RATIO_OF_SUMS else cells.cells_of
    estimate, dof = level_of(summary, statistic).to_numpy(dtype=float), summary_dof(summary)
    of_level = "level_std_error" if statistic == MEAN else cells.std_error_of(statistic)
    std_error = summary[of_level].to_numpy(dtype=float)
    interval = stats.student_interval(estimate, std_error, dof, level)
    low, high, skewed = interval.low, interval.high, np.zeros(len(estimate), dtype=np.bool_)
    few = skewed
    if statistic == MEDIAN:
        low, high = (summary[name].to_numpy(dtype=float) for name in ("median_low", "median_high"))
    elif statistic == MEAN and adjusted:
        low, high, skewed = _adjusted(summary, interval, dof, level)
        few = _rests_on_few(summary)
    columns: cells.Columns = {
        GROUP: summary[GROUP],
        STATISTIC: statistic,
        ESTIMATE: estimate,
        STD_ERROR: std_error,
        CONF_LOW: low,
        CONF_HIGH: high,
        N_UNITS: summary["n"],
        N_EFFECTIVE: summary["effective_units"],
        ERROR_DOF: dof,
        STD_DEV: summary["sd"] if statistic == MEAN else np.nan,
        NOTE: "",
        RESTS_ON: rests_on(units, summary[INDICATOR]),
    }
    rows = keys.assign(**columns, **cells.disclosure_columns(summary))
    rows.loc[skewed, NOTE] = Reason.SKEWED.note
    if statistic == WINSORISED_MEAN:
        rows = rows.assign(**summary[list(MOVED_COLUMNS)])
    rows.loc[few, NOTE] = Reason.RESTS_ON_FEW.note
    if statistic == MEDIAN:
        rows = rows.assign(**summary[list(PSEUDO_COLUMNS)])
    else:
        rows.loc[rows[STD_ERROR].isna(), NOTE] = Reason.ONE_CLUSTER.note
        rows.loc[rows[N_UNITS] == 1, NOTE] = Reason.ONE_UNIT.note
    rows.loc[rows[ESTIMATE].isna(), NOTE] = "no unit has a value"
    if statistic == MEAN_LOG:
        rows.loc[rows[ESTIMATE].isna() & (rows[N_UNITS] > 0), NOTE] = Reason.NOT_ALL_POSITIVE.note
    return rows[summary["denominator"].notna()] if statistic == RATIO_OF_SUMS else rows


def _adjusted(
    summary: pd.DataFrame, interval: stats.Interval, dof: FloatArray, level: float
) -> tuple[FloatArray, FloatArray, stats.BoolArray]:
    """Bend the intervals of means of skewed values to their longer tail; say which."""
    skewness, clusters = (summary[name].to_numpy(dtype=float) for name in ("skewness", "clusters"))
    skewed = (clusters >= MIN_CLUSTERS_TO_ADJUST) & stats.is_skewed(skewness, clusters) & (interval.std_error > 0)
    bent = stats.skewness_adjusted_interval(interval.estimate, interval.std_error, skewness, dof, level)
    low, high = (np.where(skewed, new, old) for new, old in zip(bent, (interval.low, interval.high), strict=True))
    return low, high, skewed


def _rests_on_few(summary: pd.DataFrame) -> stats.BoolArray:
    """Say which means rest on a few large values, so that no interval made of these values is wide enough."""
    skewness, clusters = (summary[name].to_numpy(dtype=float) for name in ("skewness", "clusters"))
    of_values = np.nan_to_num(skewness * np.sqrt(clusters), posinf=0.0, neginf=0.0)  # of values that do not vary
    return (clusters >= MIN_CLUSTERS_TO_ADJUST) & (clusters < FEW_LARGE * of_values**2)

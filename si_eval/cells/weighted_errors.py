"""Standard errors of the weighted statistics of cells: of the sample design, and of contrasts between cells."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from si_eval.cells import errors as names
from si_eval.cells.clusters import ClusterCounts, SharedGroups
from si_eval.cells.errors import Errors, mean_dof, measure_moves, std_error_of, winsor_limits
from si_eval.cells.weighted import WeightedCells
from si_eval.stats import BoolArray, FloatArray, IntArray, sample_skewness, student_quantile
from si_eval.vocabulary import MEAN_LOG, WINSOR_SHARE, WINSORISED_MEAN


def measure_weighted_errors(
    errors: Errors,
    weighted: WeightedCells,
    opposite: IntArray,
    groups: SharedGroups,
    values: FloatArray,
    measured: Mapping[str, FloatArray],
    parts: tuple[FloatArray, FloatArray] | None,
    moved_in: FloatArray | None = None,
) -> dict[str, FloatArray]:
    """Compute the errors of each cell, as `measure_errors` does: those of levels are errors of the sample design.

    Those that contrasts are made of are of units, or groups, drawn anew: see `weighted`.
    """
    n, mean = measured["n"], measured["mean"]
    away = _residuals(weighted, values, mean)
    total = weighted.sums(weighted.sample.weight)
    z = weighted.scores(away, total)
    anew = np.zeros(len(values))
    anew[weighted.order] = z[weighted.order] * n[weighted.cell]
    of_shared = anew[groups.rows]
    counts = ClusterCounts.of(groups, ~np.isnan(values[groups.rows]), n)
    variance = counts.variances(np.where(n > 1, weighted.sums(anew**2), np.nan), of_shared)
    with np.errstate(divide="ignore", invalid="ignore"):
        moment = counts.third_moments(weighted.sums(anew**3), of_shared) / (n**2 * variance) ** 1.5
        effective, as_sure = weighted.effective_units()
        own = 1 / effective**2 / (np.minimum(as_sure, counts.clusters) - 1)
    dof = mean_dof(n, counts.clusters, own, effective)
    known = counts.clusters >= 2
    found = {
        names.CLUSTERS: counts.clusters,
        names.STD_ERROR_OF_MEAN: np.sqrt(variance),
        names.SKEWNESS: sample_skewness(moment, counts.clusters),
        names.DOF_OWN: own,
        names.COVARIANCE: counts.covariances(of_shared),
        names.DOF_SHARED: counts.dof_terms().shared,
        names.RATIO_STD_ERROR: np.full(len(n), np.nan),
        names.EFFECTIVE_UNITS: effective,
        names.LEVEL_STD_ERROR: np.where(known, weighted.std_errors(z), np.nan),
    }
    if parts is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = measured["numerator"] / measured["denominator"]
        residual = np.zeros(len(values))
        upper, lower = (part[weighted.order] for part in parts)
        residual[weighted.order] = upper - ratio[weighted.cell] * lower
        error = weighted.std_errors(np.nan_to_num(weighted.scores(residual, measured["denominator"])))
        found[names.RATIO_STD_ERROR] = np.where(known & np.isfinite(ratio), error, np.nan)
    found |= _median_errors(errors.level, weighted, values, measured["median"], total, dof)
    return found | _robust(errors, weighted, opposite, groups, values, measured, total, moved_in)


def _residuals(weighted: WeightedCells, values: FloatArray, at: FloatArray) -> FloatArray:
    """Subtract a number of each cell from the values of its units; 0 for units without a value."""
    away = np.zeros(len(values))
    away[weighted.order] = values[weighted.order] - at[weighted.cell]
    return away


def _median_errors(
    level: float,
    weighted: WeightedCells,
    values: FloatArray,
    median: FloatArray,
    total: FloatArray,
    dof: FloatArray,
) -> dict[str, FloatArray]:
    """Compute the interval of each median by the weighted share of values up to it (Woodruff)."""
    below = np.zeros(len(values))
    below[weighted.order] = values[weighted.order] <= median[weighted.cell]
    share = weighted.means(below)
    error = weighted.std_errors(weighted.scores(_residuals(weighted, below, share), total))
    with np.errstate(invalid="ignore"):
        width = student_quantile(dof, level) * error
        bounds = np.stack([share - width, share + width], axis=1)
        reached = (bounds[:, 0] >= 0) & (bounds[:, 1] <= 1)
        limits, _ = weighted.quantiles(values, np.where(reached[:, None], bounds, 0.5))
        limits = np.where(reached[:, None], limits, np.nan)
        std_error = (limits[:, 1] - limits[:, 0]) / (2 * student_quantile(dof, level))
    return {names.MEDIAN_LOW: limits[:, 0], names.MEDIAN_HIGH: limits[:, 1], names.MEDIAN_STD_ERROR: std_error}


def _robust(
    errors: Errors,
    weighted: WeightedCells,
    opposite: IntArray,
    groups: SharedGroups,
    values: FloatArray,
    measured: Mapping[str, FloatArray],
    total: FloatArray,
    moved_in: FloatArray | None,
) -> dict[str, FloatArray]:
    """Compute the weighted means of winsorised values and of logarithms, with their errors."""
    found: dict[str, FloatArray] = {}
    several = measured["n"] > 1
    if WINSORISED_MEAN in errors.robust:
        inside = np.zeros(len(values))
        if moved_in is None:
            bounds = zip(weighted.starts[:-1], weighted.starts[1:], strict=True)
            of_cells = [values[weighted.order[start:stop]] for start, stop in bounds]
            limits = winsor_limits(of_cells, opposite, WINSOR_SHARE)
            inside[weighted.order] = np.clip(values[weighted.order], *limits[weighted.cell].T)
        else:
            inside[weighted.order] = moved_in[weighted.order]
        found |= _mean_of(WINSORISED_MEAN, weighted, inside, total, several)
        moved = np.zeros(len(values))
        moved[weighted.order] = ((inside - values) * weighted.sample.weight)[weighted.order]
        parts = np.split(moved[weighted.order], weighted.starts[1:-1])
        found |= measure_moves(parts, groups, moved[groups.rows])
    if MEAN_LOG in errors.robust:
        positive = measured["smallest"] > 0
        logs = np.zeros(len(values))
        rows = weighted.order[positive[weighted.cell]]
        logs[rows] = np.log(values[rows])
        of_logs = _mean_of(MEAN_LOG, weighted, logs, total, several)
        found |= {name: np.where(positive, one, np.nan) for name, one in of_logs.items()}
    return found


def _mean_of(
    statistic: str, weighted: WeightedCells, values: FloatArray, total: FloatArray, several: BoolArray
) -> dict[str, FloatArray]:
    """Compute the weighted mean of transformed values and its standard error."""
    mean = weighted.means(values)
    error = weighted.std_errors(weighted.scores(_residuals(weighted, values, mean), total))
    return {statistic: mean, std_error_of(statistic): np.where(several, error, np.nan)}

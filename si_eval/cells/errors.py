"""Standard errors of the statistics of cells, and what the errors of contrasts between cells need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from si_eval.cells.clusters import NONE, ClusterCounts, SharedGroups, contrast_error
from si_eval.cells.order_statistics import Cells
from si_eval.registry.rule_settings import BY_CELL, BY_YEAR_AND_SIZE
from si_eval.stats import FloatArray, IntArray, sample_skewness, student_quantile
from si_eval.vocabulary import MEAN_LOG, MOVED_COLUMNS, WINSOR_SHARE, WINSORISED_MEAN

CLUSTERS, STD_ERROR_OF_MEAN, SKEWNESS, DOF_OWN = "clusters", "mean_std_error", "skewness", "dof_own"
COVARIANCE, DOF_SHARED = "covariance", "dof_shared"  # with the mean of the opposite cell
RATIO_STD_ERROR = "ratio_of_sums_std_error"
EFFECTIVE_UNITS = "effective_units"  # units of equal weight that say as much
LEVEL_STD_ERROR = "level_std_error"  # of a mean by itself: that of the sample design, where units are weighted
MEDIAN_LOW, MEDIAN_HIGH, MEDIAN_STD_ERROR = "median_low", "median_high", "median_std_error"


def std_error_of(statistic: str) -> str:
    """Name the measure with the standard error of a statistic."""
    return f"{statistic}_std_error"


def mean_dof(n: FloatArray, clusters: FloatArray, own: FloatArray, effective: FloatArray) -> FloatArray:
    """Compute the degrees of freedom of the mean of each cell: one less than the units where these are alone.

    ``effective`` is the number of units of equal weight that say as much as the ``n`` units do.
    """
    _, dof = contrast_error(np.ones((len(n), 1)), effective[:, None], np.zeros((len(n), 1, 1)), own[:, None, None])
    return np.where((clusters == n) & (effective == n), n - 1, dof)


@dataclass(frozen=True)
class Errors:
    """How the errors of cells are computed: equal for equal choices, and hashable.

    ``level`` is the coverage of intervals, ``by_group`` says whether units of one enterprise group are one cluster,
    ``robust`` which of `WINSORISED_MEAN` and `MEAN_LOG` are computed, and ``winsorise_by`` whose percentiles count.
    """

    level: float = 0.95
    by_group: bool = True
    robust: tuple[str, ...] = ()
    winsorise_by: str = BY_CELL

    @property
    def winsorises_by_size(self) -> bool:
        """Whether values are moved in to percentiles of their year and size class, whatever their cell."""
        return WINSORISED_MEAN in self.robust and self.winsorise_by == BY_YEAR_AND_SIZE


DEFAULT_ERRORS = Errors()


def measure_errors(
    errors: Errors,
    cells: Cells,
    opposite: IntArray,
    groups: SharedGroups,
    values: FloatArray,
    ordered: FloatArray,
    measured: Mapping[str, FloatArray],
    parts: tuple[FloatArray, FloatArray] | None,
    moved_in: FloatArray | None = None,
) -> dict[str, FloatArray]:
    """Compute the errors of each cell, each of shape (cells,).

    ``values`` are those of the units, ``ordered`` the same in the cells' order, sorted within each cell, gaps last;
    ``measured`` has the measures of the cells without errors; ``parts`` are numerator and denominator of a ratio.
    ``groups`` are the groups that are clusters. ``moved_in`` are winsorised values, where the cell does not tell them.
    """
    n, mean = measured["n"], measured["mean"]
    of_shared = values[groups.rows]
    known = ~np.isnan(of_shared)
    counts = ClusterCounts.of(groups, known, n)
    sorted_parts = [part[:size] for part, size in zip(cells.split(ordered), n.astype(int), strict=True)]
    cell = cells.cell[groups.rows]
    varies = known & (measured["sd"][cell] > 0)
    away = np.where(varies, of_shared - mean[cell], 0.0)
    squares = np.where(n > 1, (n - 1) * measured["sd"] ** 2, np.nan)
    variance = counts.variances(squares, away)
    cubes = np.array([_sum_of_cubes(part, at) for part, at in zip(sorted_parts, mean, strict=True)], dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        moment = counts.third_moments(cubes, away) / (n**2 * variance) ** 1.5
    own, shared = counts.dof_terms()
    dof = mean_dof(n, counts.clusters, own, n)
    found = {
        CLUSTERS: counts.clusters,
        STD_ERROR_OF_MEAN: np.sqrt(variance),
        SKEWNESS: sample_skewness(moment, counts.clusters),
        DOF_OWN: own,
        COVARIANCE: counts.covariances(away),
        DOF_SHARED: shared,
        RATIO_STD_ERROR: np.full(len(n), np.nan),
        EFFECTIVE_UNITS: n,
        LEVEL_STD_ERROR: np.sqrt(variance),
    }
    if parts is not None:
        found[RATIO_STD_ERROR] = _ratio_std_error(cells, counts, np.isnan(values), parts, measured)
    found |= _median_errors(errors.level, counts, sorted_parts, of_shared, known, measured["median"], dof)
    if WINSORISED_MEAN in errors.robust:
        if moved_in is None:
            limits = winsor_limits(sorted_parts, opposite, WINSOR_SHARE)
            drawn_in = [np.clip(part, *limit) for part, limit in zip(sorted_parts, limits.tolist(), strict=True)]
            inside, moves = np.clip(of_shared, *limits[cell].T), _differences(drawn_in, sorted_parts)
        else:
            pairs = list(map(_sorted_pairs, cells.split(values[cells.order]), cells.split(moved_in[cells.order])))
            drawn_in, inside = [pair[1] for pair in pairs], moved_in[groups.rows]
            moves = _differences(drawn_in, [pair[0] for pair in pairs])
        found |= _mean_of(WINSORISED_MEAN, counts, drawn_in, inside, known)
        found |= measure_moves(moves, groups, np.where(known, inside - of_shared, 0.0))
    if MEAN_LOG in errors.robust:
        positive = measured["smallest"] > 0
        logs = [np.log(part) if all_are else part[:0] for part, all_are in zip(sorted_parts, positive, strict=True)]
        can = known & positive[cell]
        found |= _mean_of(MEAN_LOG, counts, logs, np.log(np.where(can, of_shared, 1.0)), can)
    return found


def _differences(values: list[FloatArray], others: list[FloatArray]) -> list[FloatArray]:
    return [one - other for one, other in zip(values, others, strict=True)]


def _sorted_pairs(values: FloatArray, others: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sort pairs of values without gaps, so that nothing depends on the order of units."""
    known = ~np.isnan(values)
    order = np.lexsort((others[known], values[known]))
    return values[known][order], others[known][order]


def _sum_of_cubes(values: FloatArray, mean: float) -> float:
    away = values - mean
    return float(np.add.reduce(away * away * away))


def _ratio_std_error(
    cells: Cells,
    counts: ClusterCounts,
    gaps: np.ndarray,
    parts: tuple[FloatArray, FloatArray],
    measured: Mapping[str, FloatArray],
) -> FloatArray:
    """Compute the standard error of a ratio of sums by Taylor linearisation: that of the mean of its residuals."""
    numerator, denominator = parts
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = measured["numerator"] / measured["denominator"]
        residual = np.where(gaps, 0.0, numerator - ratio[cells.cell] * denominator)
        variance = counts.variances(cells.sums(residual**2), residual[counts.groups.rows])
        return np.sqrt(variance) * np.abs(counts.n / measured["denominator"])


def _median_errors(
    level: float,
    counts: ClusterCounts,
    sorted_parts: list[FloatArray],
    of_shared: FloatArray,
    known: np.ndarray,
    median: FloatArray,
    dof: FloatArray,
) -> dict[str, FloatArray]:
    """Compute the interval of each median: the percentiles at the bounds of the share of values up to it (Woodruff).

    Missing where a bound of the share lies outside 0 and 1. The standard error is the width over twice the quantile.
    """
    n, cell = counts.n, counts.groups.cell[counts.groups.pair]
    below = np.array(
        [part.searchsorted(at, side="right") for part, at in zip(sorted_parts, median, strict=True)], dtype=float
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        share = below / n
        residual = np.where(known, (of_shared <= median[cell]) - share[cell], 0.0)
        error = np.sqrt(counts.variances(n * share * (1 - share), residual))
        width = student_quantile(dof, level) * error
        bounds = np.stack([share - width, share + width], axis=1)
    reached = (bounds[:, 0] >= 0) & (bounds[:, 1] <= 1)
    limits = np.full((len(n), 2), np.nan)
    for at in np.flatnonzero(reached):
        limits[at] = np.quantile(sorted_parts[at], bounds[at])
    with np.errstate(invalid="ignore"):
        std_error = (limits[:, 1] - limits[:, 0]) / (2 * student_quantile(dof, level))
    return {MEDIAN_LOW: limits[:, 0], MEDIAN_HIGH: limits[:, 1], MEDIAN_STD_ERROR: std_error}


def winsor_limits(sorted_parts: list[FloatArray], opposite: IntArray, share: float) -> FloatArray:
    """Compute the percentiles that winsorising moves values in to, shape (cells, 2): one pair for both groups."""
    limits = np.full((len(sorted_parts), 2), np.nan)
    for at, part in enumerate(sorted_parts):
        other = opposite[at]
        if other != NONE and other < at:
            limits[at] = limits[other]
            continue
        both = part if other == NONE else np.concatenate([part, sorted_parts[other]])
        if len(both):
            limits[at] = np.quantile(both, [share, 1 - share])
    return limits


def measure_moves(moves: list[FloatArray], groups: SharedGroups, of_shared: FloatArray) -> dict[str, FloatArray]:
    """Measure what the difference of a mean and its winsorised one tells of a cell: `MOVED_COLUMNS`, each (cells,).

    ``moves`` are those of the values of each cell, ``of_shared`` those of units in a group, whose units are one on each
    side. The number is that of the side with fewer, of the sides where there is any.
    """
    rows = []
    sums = np.bincount(groups.pair, of_shared, minlength=len(groups.cell))
    for cell, move in enumerate(moves):
        grouped = of_shared[groups.cell[groups.pair] == cell] if len(groups.pair) else of_shared
        of_groups = sums[groups.cell == cell]
        sides = [
            np.count_nonzero(sign * move > 0)
            - np.count_nonzero(sign * grouped > 0)
            + np.count_nonzero(sign * of_groups > 0)
            for sign in (1, -1)
        ]
        largest = np.sort(np.abs(np.concatenate([move, of_groups, [0.0, 0.0]])))[::-1]
        rows.append((min((one for one in sides if one), default=0), np.abs(move).sum(), largest[0], largest[1]))
    return dict(zip(MOVED_COLUMNS, np.array(rows, dtype=float).reshape(-1, 4).T, strict=True))


def _mean_of(
    statistic: str, counts: ClusterCounts, parts: list[FloatArray], of_shared: FloatArray, known: np.ndarray
) -> dict[str, FloatArray]:
    """Compute the mean of transformed values and its standard error; ``parts`` are those of each cell, in order."""
    mean = np.array([part.mean() if len(part) else np.nan for part in parts], dtype=float)
    squares = np.array([np.add.reduce((part - at) ** 2) for part, at in zip(parts, mean, strict=True)], dtype=float)
    cell = counts.groups.cell[counts.groups.pair]
    away = np.where(known, of_shared - mean[cell], 0.0)
    error = np.sqrt(counts.variances(np.where(np.isnan(mean), np.nan, squares), np.nan_to_num(away)))
    return {statistic: mean, std_error_of(statistic): np.where(np.isnan(mean), np.nan, error)}

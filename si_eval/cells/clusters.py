r"""Variances of the means of cells whose units fall into clusters (enterprise groups): CR2, from sums over clusters.

The regression of values on cells has block-diagonal hat matrices, so that every quantity is a sum over clusters. With
:math:`n` units of a cell, :math:`n_g` of them in cluster :math:`g` and residuals that add up to :math:`S_g` there, the
score of a cluster is :math:`s_g = S_g / (n \sqrt{1 - n_g / n})` and the covariance of two means is
:math:`\sum_g s_g s'_g`. What degrees of freedom need is a sum over clusters too (see `contrast_error`).

Source: Bell and McCaffrey (2002), Survey Methodology 28, p. 169-181; Pustejovsky and Tipton (2018), Journal of Business
and Economic Statistics 36, p. 672-683.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from si_eval.stats import CANCELLED, BoolArray, FloatArray, IntArray

NONE = -1  # the number of what is not there


@dataclass(frozen=True)
class SharedGroups:
    """The units whose enterprise group may have several units in a cell; every other unit is on its own.

    ``rows`` are their row numbers in ascending order and ``group`` their groups, ``pair`` numbers their cell and group,
    ``cell`` is the cell of each pair; ``twin`` is the pair of the same group in the opposite cell (`NONE` where none).
    """

    rows: IntArray
    group: IntArray
    pair: IntArray
    cell: IntArray
    twin: IntArray

    @classmethod
    def of(cls, rows: IntArray, group: IntArray, cell: IntArray, opposite: IntArray) -> SharedGroups:
        """Assign a number to each pair of cell and group; ``cell`` has the cell of every unit.

        ``opposite`` has the cell that each cell is compared with, `NONE` where there is none.
        """
        groups, code = np.unique(group, return_inverse=True)
        keys, pair = np.unique(cell[rows] * max(len(groups), 1) + code, return_inverse=True)
        of_pair, code_of_pair = np.divmod(keys, max(len(groups), 1))
        wanted = opposite[of_pair] * len(groups) + code_of_pair
        place = np.searchsorted(keys, wanted)
        found = (opposite[of_pair] != NONE) & (keys[np.minimum(place, max(len(keys) - 1, 0))] == wanted)
        return cls(rows, group, pair, of_pair, np.where(found, place, NONE))

    @classmethod
    def none(cls) -> SharedGroups:
        """Return no shared groups: every unit is on its own."""
        return cls(*(np.zeros(0, dtype=np.int64) for _ in range(5)))


class Terms(NamedTuple):
    """Sums over the clusters of each cell and the opposite one, each of shape (cells,): see `ClusterCounts`."""

    own: FloatArray
    shared: FloatArray


@dataclass(frozen=True)
class ClusterCounts:
    """How the units with a value of each cell fall into clusters.

    ``n`` and ``alone`` count the units of each cell, and those that are their own cluster; ``clusters`` counts the
    clusters; ``count`` is the number of units of each pair of `SharedGroups`, ``share`` that number over ``n``,
    ``factor`` the CR2 adjustment of its squared score (0 where the pair is the whole cell).
    """

    groups: SharedGroups
    n: FloatArray
    alone: FloatArray
    clusters: FloatArray
    count: FloatArray
    factor: FloatArray

    @classmethod
    def of(cls, groups: SharedGroups, known: BoolArray, n: FloatArray) -> ClusterCounts:
        """Count clusters; ``known`` says which units of ``groups.rows`` have a value, ``n`` how many each cell has."""
        count = np.bincount(groups.pair, known.astype(float), minlength=len(groups.cell)).astype(float)
        together = np.bincount(groups.cell, count, minlength=len(n))
        present = np.bincount(groups.cell[count > 0], minlength=len(n))
        rest = n[groups.cell] - count
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.where(rest > 0, n[groups.cell] / rest, 0.0)
        return cls(groups, n, n - together, n - together + present, count, factor)

    def variances(self, squares: FloatArray, residuals: FloatArray) -> FloatArray:
        """Compute the variance of a mean in each cell; missing where fewer than two clusters have a value.

        ``squares`` are the sums of squared residuals of each cell, ``residuals`` those of ``groups.rows`` (0 where
        there is no value).
        """
        sums = self._sums(residuals)
        cell = self.groups.cell
        of_shared = _add_up(cell[self.groups.pair], residuals**2, len(self.n))
        of_alone = np.maximum(squares - of_shared, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            together = np.bincount(cell, sums**2 * self.factor, minlength=len(self.n))
            variance = (np.where(self.alone > 0, of_alone * self.n / (self.n - 1), 0.0) + together) / self.n**2
        return np.where(self.clusters >= 2, variance, np.nan)

    def covariances(self, residuals: FloatArray) -> FloatArray:
        """Compute the covariance of the mean of each cell with that of the opposite cell."""
        ours, theirs = self._twins()
        with np.errstate(divide="ignore", invalid="ignore"):
            score = self._sums(residuals) * np.sqrt(self.factor) / self.n[self.groups.cell]
        return self._per_cell(ours, score[ours] * score[theirs])

    def third_moments(self, cubes: FloatArray, residuals: FloatArray) -> FloatArray:
        """Compute the sum of cubes over clusters in each cell; ``cubes`` are those over units."""
        cell = self.groups.cell
        of_shared = _add_up(cell[self.groups.pair], residuals**3, len(self.n))
        return cubes - of_shared + np.bincount(cell, self._sums(residuals) ** 3, minlength=len(self.n))

    def dof_terms(self) -> Terms:
        """Compute what degrees of freedom need of each mean, and of it with the mean of the opposite cell."""
        weight, reach = self._weights()
        own, reach_squared = weight**2 - 2 * weight * reach**2, reach**2
        cell = self.groups.cell
        with np.errstate(divide="ignore", invalid="ignore"):
            alone_weight = 1 / (self.n * (self.n - 1))
            alone_reach = alone_weight / self.n
            of_alone = np.where(self.alone > 0, self.alone * (alone_weight**2 - 2 * alone_weight * alone_reach), 0.0)
            reach_of_alone = np.where(self.alone > 0, self.alone * alone_reach, 0.0)
        sums = np.bincount(cell, reach_squared, minlength=len(self.n)) + reach_of_alone
        own_terms = of_alone + np.bincount(cell, own, minlength=len(self.n)) + sums**2
        ours, theirs = self._twins()
        crossed = weight[ours] * weight[theirs]
        crossed -= weight[ours] * reach_squared[theirs] + weight[theirs] * reach_squared[ours]
        shared = self._per_cell(ours, crossed) + self._per_cell(ours, reach[ours] * reach[theirs]) ** 2
        return Terms(own_terms.astype(float), shared)

    def _weights(self) -> tuple[FloatArray, FloatArray]:
        """Compute weight and reach of each pair: the diagonal, and the root of what is taken off, of its variance."""
        n = self.n[self.groups.cell]
        with np.errstate(divide="ignore", invalid="ignore"):
            weight = self.count * self.factor / n**2
            reach = self.count * np.sqrt(self.factor / n) / n
        return np.nan_to_num(weight), np.nan_to_num(reach)

    def _sums(self, residuals: FloatArray) -> FloatArray:
        return _add_up(self.groups.pair, residuals, len(self.groups.cell))

    def _twins(self) -> tuple[IntArray, IntArray]:
        """List the pairs that have a value, and whose group has one in the opposite cell, with those pairs."""
        ours = np.flatnonzero((self.groups.twin != NONE) & (self.count > 0))
        theirs = self.groups.twin[ours]
        present = self.count[theirs] > 0
        return ours[present], theirs[present]

    def _per_cell(self, pairs: IntArray, values: FloatArray) -> FloatArray:
        return np.bincount(self.groups.cell[pairs], values, minlength=len(self.n)).astype(float)


def _add_up(place: IntArray, values: FloatArray, places: int) -> FloatArray:
    """Add up the values of each place in ascending order, so that the sums do not depend on the order of the units."""
    order = np.argsort(values, kind="stable")
    return np.bincount(place[order], values[order], minlength=places).astype(float)


def contrast_error(
    weights: FloatArray, sizes: FloatArray, covariances: FloatArray, terms: FloatArray
) -> tuple[FloatArray, FloatArray]:
    r"""Compute the standard errors and degrees of freedom of weighted sums of m means, each of shape (k,).

    ``weights`` and ``sizes`` (the numbers of units) have shape (k, m), ``covariances`` and ``terms`` (see
    `ClusterCounts.dof_terms`) (k, m, m). A variance that is rounding beside its terms is zero. The degrees of freedom
    are Satterthwaite's, where units have one variance: that of the mean is :math:`\sum_i w_i^2 / n_i`, and the trace of
    the square of its quadratic form :math:`\sum_{ij} w_i^2 w_j^2 t_{ij}`.
    """
    unit = np.max(np.abs(weights), axis=1)
    weights = weights / np.where(unit > 0, unit, 1.0)[:, None]  # so that fourth powers are numbers
    squares = weights**2
    variance = np.einsum("ki,kij,kj->k", weights, covariances, weights)
    largest = np.einsum("ki,kii->k", squares, covariances)
    with np.errstate(divide="ignore", invalid="ignore"):
        trace = np.where(weights == 0, 0.0, squares / sizes).sum(axis=1)
        of_square = np.einsum("ki,kij,kj->k", squares, terms, squares)
        dof = np.where(of_square > 0, trace**2 / of_square, np.nan)
    return unit * np.sqrt(np.where(variance <= CANCELLED * largest, 0.0, variance)), dof

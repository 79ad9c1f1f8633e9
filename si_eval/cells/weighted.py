r"""Weighted statistics of cells, and their errors as those of a stratified sample without replacement.

A unit :math:`i` with a value stands for :math:`w_i = N_h / n_h` units of its stratum :math:`h`. The mean of a cell is
:math:`\hat\mu = \sum w_i y_i / \sum w_i`; with :math:`z_i = w_i (y_i - \hat\mu) / \sum w_i` in the cell, and 0 for
other units of the sample, its variance is

.. math:: \sum_h (1 - n_h / N_h) \frac{n_h}{n_h - 1} \sum_{i \in h} (z_i - \bar z_h)^2.

What two groups, or two years, are compared by are errors of another kind: those of a model in which units (or holdings)
are drawn anew, without the correction for a finite population, with :math:`n z_i` as the residuals of `ClusterCounts`.

Source: Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, result 5.8.1; Korn and Graubard (1999),
Analysis of Health Surveys, section 3.2 (why a comparison leaves out the correction).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from si_eval.cells.order_statistics import Cells
from si_eval.engine.columns import ColumnTable
from si_eval.stats import FloatArray, IntArray
from si_eval.vocabulary import STRATUM, STRATUM_SAMPLE, WEIGHT


@dataclass(frozen=True)
class Sample:
    """The weight of each unit, the number of its stratum, and how many units this has in the sample; shape (units,)."""

    weight: FloatArray
    stratum: IntArray
    size: FloatArray

    @classmethod
    def of(cls, columns: ColumnTable, rows: IntArray | slice) -> Sample:
        """Take the columns of some units; a unit without a weight weighs nothing."""
        weight, stratum, size = (columns.floats(name)[rows] for name in (WEIGHT, STRATUM, STRATUM_SAMPLE))
        return cls(np.nan_to_num(weight), np.nan_to_num(stratum).astype(np.int64), np.nan_to_num(size))


@dataclass(frozen=True)
class WeightedCells:
    """The units with a value of each cell by value, of equal ones the heaviest first; ``order`` has their rows.

    ``parts`` are the slices of ``order`` that each cell has, ``cell`` its number by place in ``order``.
    """

    sample: Sample
    order: IntArray
    cell: IntArray
    starts: IntArray

    @classmethod
    def of(cls, cells: Cells, values: FloatArray, sample: Sample) -> WeightedCells:
        """Sort the units that have a value; ``values`` has shape (units,)."""
        known = np.flatnonzero(~np.isnan(values) & (sample.weight > 0))
        order = known[np.lexsort((-sample.weight[known], values[known], cells.cell[known]))]
        counts = np.bincount(cells.cell[order], minlength=len(cells))
        return cls(sample, order, cells.cell[order], np.concatenate([[0], np.cumsum(counts)]))

    def sums(self, values: FloatArray) -> FloatArray:
        """Add up, of each cell, values of shape (units,): in the cells' order, whatever the order of the rows."""
        return np.bincount(self.cell, values[self.order], minlength=len(self.starts) - 1).astype(np.float64)

    def means(self, values: FloatArray) -> FloatArray:
        """Compute the weighted mean of each cell."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.sums(values * self.sample.weight) / self.sums(self.sample.weight)

    def scores(self, residuals: FloatArray, of: FloatArray) -> FloatArray:
        """Compute the linearised values z of units, shape (units,): weighted residuals over the sum ``of`` a cell."""
        z = np.zeros(len(residuals))
        with np.errstate(divide="ignore", invalid="ignore"):
            z[self.order] = (self.sample.weight * residuals)[self.order] / of[self.cell]
        return z

    def std_errors(self, z: FloatArray) -> FloatArray:
        """Compute the standard error of the design of each cell, from linearised values of shape (units,).

        A stratum with one unit in the sample counts as its square.
        """
        rows = self.order
        strata = int(self.sample.stratum.max(initial=0)) + 1
        pairs, pair = np.unique(self.cell * strata + self.sample.stratum[rows], return_inverse=True)
        total, squares = (np.bincount(pair, part, minlength=len(pairs)) for part in (z[rows], z[rows] ** 2))
        first = np.zeros(len(pairs), dtype=np.int64)
        first[pair[::-1]] = rows[::-1]
        size, weight = self.sample.size[first], self.sample.weight[first]
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.where(size > 1, size / (size - 1) * (squares - total**2 / size), squares)
            parts = (1 - 1 / weight) * np.maximum(spread, 0.0)
        variance = np.bincount(pairs // strata, parts, minlength=len(self.starts) - 1)
        return np.sqrt(np.maximum(variance, 0.0))

    def effective_units(self) -> tuple[FloatArray, FloatArray]:
        """Compute Kish's effective number of units, and the number whose variance is as sure: of fourth powers."""
        second, fourth = (self.sums(self.sample.weight**power) for power in (2, 4))
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.sums(self.sample.weight) ** 2 / second, second**2 / fourth

    def quantiles(self, values: FloatArray, shares: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Compute quantiles of each cell for ``shares``, shape (cells, k), and their place among its sorted values.

        Linear interpolation between the sorted values, at the weight before each over that before the last: with equal
        weights definition 7 of Hyndman and Fan (``hf7`` of R's survey).
        """
        found, places = np.full(shares.shape, np.nan), np.zeros(shares.shape)
        for at, (start, stop) in enumerate(zip(self.starts[:-1], self.starts[1:], strict=True)):
            if stop == start:
                continue
            rows = self.order[start:stop]
            before = np.concatenate([[0.0], np.cumsum(self.sample.weight[rows])[:-1]])
            position = before / before[-1] if before[-1] > 0 else before
            places[at] = np.interp(shares[at], position, np.arange(len(rows)))
            found[at] = np.interp(shares[at], position, values[rows])
        return found, places

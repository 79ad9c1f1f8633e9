"""Two groups of one cell side by side: the error of any contrast of their means, from the errors of the cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from si_eval import cells, stats
from si_eval.results import Panel
from si_eval.stats import BoolArray, FloatArray
from si_eval.vocabulary import GROUP, INDEX, INDICATOR, NON_PARTICIPANTS, PARTICIPANTS, RESTS_ON, STATISTIC

UNIT_CONVENTION = "independent units, Welch"
GROUP_CONVENTION = "CR2 by enterprise group, Satterthwaite"
SAMPLE_CONVENTION = "stratified sample without replacement, linearised"
WEIGHTED = "weighted; "


def convention_of(errors: cells.Errors) -> str:
    """Name the convention of standard errors and degrees of freedom."""
    return GROUP_CONVENTION if errors.by_group else UNIT_CONVENTION


def name_conventions(rows: pd.DataFrame, panel: Panel, errors: cells.Errors) -> pd.Series:
    """Name the convention of each row: of weighted indicators, levels have the errors of the sample's design."""
    weighted = rows[INDICATOR].isin([name for name, entry in panel.indicators.items() if entry.weight])
    level = weighted & rows[GROUP].isin([PARTICIPANTS, NON_PARTICIPANTS]) & (rows[STATISTIC] != INDEX)
    convention = pd.Series(convention_of(errors), index=rows.index, dtype=object)
    convention[weighted] = WEIGHTED + convention_of(errors)
    convention[level] = SAMPLE_CONVENTION
    return convention


def summary_dof(summary: pd.DataFrame) -> FloatArray:
    """Compute the degrees of freedom of the mean of each cell of a summary."""
    names = ("n", "clusters", "dof_own", "effective_units")
    return cells.mean_dof(*(summary[name].to_numpy(dtype=float) for name in names))


@dataclass(frozen=True)
class TwoGroups:
    """The cells that both groups have: their labels, and the measures of participants and of others, row by row."""

    keys: pd.DataFrame
    participants: pd.DataFrame
    others: pd.DataFrame

    @classmethod
    def of(cls, keys: pd.DataFrame, summary: pd.DataFrame, units: pd.Series) -> TwoGroups:
        """Put the two groups of each cell side by side.

        ``keys`` are the labels of the rows of ``summary``, ``units`` the sets of units behind these.
        """
        rests_on = {RESTS_ON: cells.cells_of(units, summary[INDICATOR])}
        summary = summary.assign(**rests_on)
        measures = [name for name in summary.columns if name not in (*keys.columns, GROUP)]
        wide = pd.concat([keys, summary[[GROUP, *measures]]], axis=1).assign(
            **{cells.CELL: cells.of_both_groups(units)}
        )
        ours, theirs = (wide[wide[GROUP] == name].drop(columns=GROUP) for name in (PARTICIPANTS, NON_PARTICIPANTS))
        both = ours.merge(theirs, on=[*keys.columns, cells.CELL], suffixes=("_a", "_b"))
        sides = (both[[name + side for name in measures]].set_axis(measures, axis=1) for side in ("_a", "_b"))
        return cls(both[list(keys.columns)], *sides)

    @property
    def rests_on(self) -> pd.Series:
        """The cells that a contrast of the two means rests on."""
        return cells.join_cells(self.participants[RESTS_ON], self.others[RESTS_ON])

    def pair(self, measure: str) -> FloatArray:
        """Return a measure of participants and of others, shape (2, cells)."""
        return np.stack([side[measure].to_numpy(dtype=float) for side in (self.participants, self.others)])

    @property
    def covariance(self) -> FloatArray:
        """The covariance of the two means: of groups that have units on both sides."""
        return self.participants["covariance"].fillna(0.0).to_numpy(dtype=float)

    @property
    def alone(self) -> BoolArray:
        """Whether every unit of both groups is a cluster of its own."""
        shared = self.participants["dof_shared"].fillna(0.0).to_numpy(dtype=float) != 0
        size = self.pair("n")
        equal = (self.pair("clusters") == size) & (self.pair("effective_units") == size)
        return equal.all(axis=0) & ~shared

    def error(self, ours: FloatArray | float = 1.0, theirs: FloatArray | float = -1.0) -> tuple[FloatArray, FloatArray]:
        """Compute the standard error and the degrees of freedom of a weighted sum of the two means.

        Where every unit is a cluster of its own, the degrees of freedom are those of Welch for the difference.
        """
        size, error, own = (self.pair(name) for name in ("effective_units", "mean_std_error", "dof_own"))
        shared = self.participants["dof_shared"].fillna(0.0).to_numpy(dtype=float)
        weights = np.stack([np.broadcast_to(one, size.shape[1:]) for one in (ours, theirs)], axis=1)
        std_error, dof = cells.contrast_error(
            weights, size.T, _symmetric(error**2, self.covariance), _symmetric(own, shared)
        )
        return std_error, np.where(
            self.alone, stats.welch_degrees_of_freedom(error[0], size[0], error[1], size[1]), dof
        )


def _symmetric(diagonal: FloatArray, beside: FloatArray) -> FloatArray:
    """Make 2 x 2 matrices of their diagonals, shape (2, k), and what stands beside these, shape (k,)."""
    return np.moveaxis(np.array([[diagonal[0], beside], [beside, diagonal[1]]]), -1, 0)

"""What intervals of effects rest on when participants are few: corrected covariances and degrees of freedom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import special

from si_eval.cluster_robust import satterthwaite
from si_eval.stats import BoolArray, FloatArray, IntArray

MIN_CLUSTERS_OF_A_SIDE = 2  # one cluster has no variance
MIN_CLUSTERS = 5  # of both sides: the t distribution of fewer is far off
MIN_LEFT = 1e-12  # a cluster with a whole group, up to this, has no residual of it


class Inference(NamedTuple):
    """Standard error by influence alone, the one that intervals rest on, and the degrees of freedom of these."""

    std_error: float
    corrected: float
    dof: float


class Members(NamedTuple):
    """Units of clusters by stratum, shape (lines, strata), and how many clusters each line stands for."""

    units: FloatArray
    multiplicity: FloatArray

    def dof(self, direction: FloatArray) -> float:
        """Compute the degrees of freedom of a combination of the strata's means with weights (strata,)."""
        total = self.multiplicity @ self.units
        total = np.where(total > 0, total, 1.0)
        share = self.units / total
        along = direction / np.sqrt(total) * np.sqrt(share) * stretch(share)
        return satterthwaite(np.sum(along**2, axis=1), along * np.sqrt(share), self.multiplicity)


@dataclass(frozen=True)
class SmallSample:
    """The small-sample covariance of cells (and shares of cohorts), and the degrees of freedom of what they combine to.

    ``covariance`` (m, m) is CR2: the influence of a cluster is divided by the root of one less its share of its side of
    a cell, which without covariates is the variance of Welch and unbiased. ``strata`` (s, m, m) are the parts of it
    that cohorts, and last all other units, contribute; with clusters of several units there are ``members`` instead.
    ``cohort``, ``period``, ``n_treated`` and ``n_controls`` are those of the cells (with weights, the effective
    numbers), ``cohorts`` all cohorts.
    """

    covariance: FloatArray
    cohort: IntArray
    period: IntArray
    n_treated: IntArray | FloatArray
    n_controls: IntArray | FloatArray
    cohorts: IntArray
    strata: FloatArray | None = None
    members: Members | None = None

    def dof(self, gradient: FloatArray) -> float:
        """Compute the degrees of freedom of a combination of cells and shares, ``gradient`` (m,).

        Units that are their own cluster: those of Welch, with the variance that each cohort and the other units
        contribute. Clusters of several units: Satterthwaite's under errors with one variance, as for CR2.
        """
        used = gradient != 0
        if np.isnan(np.diag(self.covariance)[used]).any() or not used[: len(self.cohort)].any():
            return np.nan
        weights = np.where(used, gradient, 0.0)[: len(self.cohort)]
        if self.members is not None:
            return self._dof_of_members(weights)
        assert self.strata is not None
        variance = np.array([gradient[used] @ part[np.ix_(used, used)] @ gradient[used] for part in self.strata])
        variance = np.maximum(variance, 0.0)
        cells = weights != 0
        size = [_fewest(self.n_treated, cells & (self.cohort == g)) or _most(self.n_treated, self.cohort == g)
                for g in self.cohorts]  # fmt: skip
        size.append(_fewest(self.n_controls, cells))
        spread = float(np.sum(variance**2 / (np.maximum(size, 2) - 1)))
        return float(variance.sum() ** 2 / spread) if spread > 0 else np.nan

    def _dof_of_members(self, weights: FloatArray) -> float:
        """Compute the degrees of freedom from the units that each cluster has in each stratum."""
        assert self.members is not None
        among_treated = [np.sqrt(np.sum(weights[self.cohort == g] ** 2)) for g in self.cohorts]
        by_period = [weights[self.period == period].sum() for period in np.unique(self.period)]
        return self.members.dof(np.array([*among_treated, np.sqrt(np.sum(np.square(by_period)))]))


def widening(dof: float, level: float) -> float:
    """Compute by how much a variance must grow for intervals of normal quantiles to be those of Student's t."""
    return float(special.stdtrit(dof, 0.5 + level / 2) / special.ndtri(0.5 + level / 2)) ** 2


def stretch(share: FloatArray) -> FloatArray:
    """Compute 1 / root(1 - share), by which residuals are too small; 0 where a cluster is all there is."""
    left = 1 - share
    return np.where(left > MIN_LEFT, 1 / np.sqrt(np.maximum(left, MIN_LEFT)), 0.0)


def side_stretch(
    treated: BoolArray, parameters: int, cluster: IntArray | None = None, weights: FloatArray | None = None
) -> FloatArray:
    """Compute by how much the influence of each unit of a cell must be stretched, shape (n,).

    ``treated`` (n,) tells the sides; ``parameters`` covariates were fitted among the controls; ``cluster`` (n,) are
    whole numbers from 0 on, ``weights`` (n,) what each unit counts for in the mean of its side.
    """
    factor, own = np.ones(len(treated)), np.ones(len(treated)) if weights is None else weights
    for side, fitted in ((treated, 0), (~treated, parameters)):
        n = int(side.sum())
        together = own[side]
        if cluster is not None:
            together = np.bincount(cluster[side], together)[cluster[side]].astype(np.float64)
        lost = np.sqrt(max(n - 1, 1) / max(n - 1 - fitted, 1))
        factor[side] = stretch(together / own[side].sum()) * lost
    return factor


def effective_units(weights: FloatArray) -> float:
    """Compute how many units of equal weight tell as much as these (Kish), 0 for none."""
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / squares if squares > 0 else 0.0


def infer_difference(
    influence: FloatArray,
    treated: BoolArray,
    parameters: int,
    cluster: IntArray | None = None,
    weights: FloatArray | None = None,
) -> Inference:
    """Infer on one comparison of two groups from the influence of each unit, shape (n,), whose mean is zero.

    ``parameters`` covariates were fitted among the controls. Without covariates the corrected error is Welch's or, with
    ``cluster`` (n,), that of CR2. ``weights`` (n,) are what units count for.
    """
    n = len(influence)
    if cluster is None:
        corrected = influence * side_stretch(treated, parameters, None, weights) / n
        sides = [float(np.sum(corrected[side] ** 2)) for side in (treated, ~treated)]
        own = np.ones(n) if weights is None else weights
        of_treated, of_controls = (effective_units(own[side]) for side in (treated, ~treated))
        left = max(of_treated - 1, 1.0), max(of_controls - 1 - parameters, 1.0)
        spread = sum(variance**2 / size for variance, size in zip(sides, left, strict=True))
        raw, dof = float(np.sqrt(np.sum(influence**2)) / n), sum(sides) ** 2 / spread if spread else np.nan
        return Inference(raw, float(np.sqrt(sum(sides))), dof)
    codes = np.unique(cluster, return_inverse=True)[1]
    raw_score = np.bincount(codes, influence) / n
    score = np.bincount(codes, influence * side_stretch(treated, parameters, codes, weights)) / n
    members = count_members(codes, treated.astype(np.int64), np.array([1]), weights)
    return Inference(
        float(np.sqrt(raw_score @ raw_score)), float(np.sqrt(score @ score)), members.dof(np.array([1.0, 1.0]))
    )


def strata_covariances(scores: FloatArray, cohort: IntArray, cohorts: IntArray, covariance: FloatArray) -> FloatArray:
    """Split a covariance of scores (m, units) by cohort, with all other units last; shape (cohorts + 1, m, m)."""
    parts = []
    for g in cohorts:
        mine = scores[:, np.flatnonzero(cohort == g)]
        parts.append(mine @ mine.T / len(cohort) ** 2)
    return np.stack([*parts, covariance - np.sum(parts, axis=0)])


def count_members(cluster: IntArray, cohort: IntArray, cohorts: IntArray, weights: FloatArray | None = None) -> Members:
    """Count the units of each cluster by cohort, with all other units last; clusters of one unit share a line.

    With ``weights`` (n,) they are added up instead, and each cluster has its own line.
    """
    strata = len(cohorts) + 1
    place = np.minimum(np.searchsorted(cohorts, cohort), strata - 2)
    stratum = np.where(cohorts[place] == cohort, place, strata - 1)
    size = np.bincount(cluster)
    if weights is not None:
        units = np.bincount(cluster * strata + stratum, weights, minlength=len(size) * strata).reshape(-1, strata)
        return Members(units.astype(np.float64), np.ones(len(size)))
    several = size > 1
    line = np.cumsum(several) - 1
    inside = several[cluster]
    count = np.bincount(line[cluster[inside]] * strata + stratum[inside], minlength=int(several.sum()) * strata)
    alone = np.bincount(stratum[~inside], minlength=strata)
    lines = np.vstack([count.reshape(-1, strata), np.eye(strata, dtype=np.int64)])
    return Members(lines.astype(np.float64), np.concatenate([np.ones(int(several.sum())), alone.astype(np.float64)]))


def clusters_are_too_few(treated: IntArray, controls: IntArray) -> bool:
    """Whether the clusters of both sides are too few for a variance: one on a side, or fewer than five in all.

    Both are numbers of clusters from 0 on.
    """
    there = np.zeros((2, max(int(treated.max(initial=0)), int(controls.max(initial=0))) + 1), dtype=np.bool_)
    there[0, treated], there[1, controls] = True, True
    return bool(there.sum(axis=1).min() < MIN_CLUSTERS_OF_A_SIDE or there.any(axis=0).sum() < MIN_CLUSTERS)


def _fewest(units: IntArray | FloatArray, chosen: BoolArray) -> float:
    """Return the fewest units of the chosen cells, 0 where none is chosen."""
    return float(units[chosen].min()) if chosen.any() else 0.0


def _most(units: IntArray | FloatArray, chosen: BoolArray) -> float:
    """Return the most units of the chosen cells."""
    return float(units[chosen].max()) if chosen.any() else 0.0

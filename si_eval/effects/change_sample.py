"""The units whose change between two years is compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from si_eval.effects.panel_arrays import ALL_COHORTS, NEVER_TREATED, PanelArrays
from si_eval.effects.propensity import Logit, fit_logit
from si_eval.effects.sides import placed
from si_eval.effects.small_sample import clusters_are_too_few
from si_eval.effects.two_by_two import drop_constant_columns, has_counterpart
from si_eval.stats import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class ChangeSample:
    """Units that are compared: level in the first year and change (n,), who took part (n,), covariates that differ.

    ``covariates`` has shape (n, k). ``cluster`` (n,) numbers their clusters, None where each unit is its own. ``scale``
    is the largest outcome: changes that differ by less than its rounding do not vary. ``places`` marks these units
    among all of the arrays. ``weights`` (n,) are what they count for.
    """

    level: FloatArray
    change: FloatArray
    treated: BoolArray
    covariates: FloatArray | None
    scale: float
    places: BoolArray
    cluster: IntArray | None
    has_covariates: bool = True
    weights: FloatArray | None = None

    @property
    def has_too_few_clusters(self) -> bool:
        """Whether the clusters are too few for a variance: one on a side, or fewer than five in all."""
        return self.cluster is not None and clusters_are_too_few(
            self.cluster[self.treated], self.cluster[~self.treated]
        )

    @cached_property
    def logit(self) -> Logit:
        """Logit of participation on the covariates, fitted once."""
        assert self.covariates is not None
        return fit_logit(self.covariates, self.treated, weights=self.weights)


def select_sample(arrays: PanelArrays, used: BoolArray, place: int = 0) -> ChangeSample:
    """Select the units that have covariates and a counterpart among the participants in every category.

    The change is that from the year at ``place`` to the last; covariates are those of that year.
    """
    if arrays.has_weights:
        every: BoolArray = np.ones(len(used), dtype=np.bool_)
        used = used & (arrays.weights_of(ALL_COHORTS, place, every) > 0)
    level = arrays.outcome[used, place]
    change = arrays.outcome[used, -1] - level
    scale = float(max(np.abs(level).max(initial=0.0), np.abs(level + change).max(initial=0.0)))
    treated = arrays.cohort[used] != NEVER_TREATED
    cluster = None if arrays.cluster is None else arrays.cluster[used]
    weights = arrays.weights_of(ALL_COHORTS, place, used) if arrays.has_weights else None
    design = arrays.design(place, used)
    if design is None:
        return ChangeSample(
            level, change, treated, None, scale, used, _numbered(cluster), bool(arrays.covariates), weights
        )
    known: BoolArray = np.asarray(~np.isnan(design).any(axis=1), dtype=np.bool_)
    if np.any(treated & known):
        known[known] = has_counterpart(design[known], treated[known])
    cluster, places = None if cluster is None else cluster[known], placed(known, used)
    covariates = drop_constant_columns(design[known])
    weights = None if weights is None else weights[known]
    return ChangeSample(
        level[known], change[known], treated[known], covariates, scale, places, _numbered(cluster), weights=weights
    )


def _numbered(cluster: IntArray | None) -> IntArray | None:
    """Give the clusters that are left numbers from 0 on."""
    return None if cluster is None else np.unique(cluster, return_inverse=True)[1]

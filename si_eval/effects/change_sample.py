"""The units whose change between two years is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from si_eval.effects.panel_arrays import ALL_COHORTS, NEVER_TREATED, PanelArrays
from si_eval.effects.propensity import Logit, fit_logit
from si_eval.effects.sides import placed
from si_eval.effects.small_sample import clusters_are_too_few
from si_eval.effects.two_by_two import chosen_rows, drop_constant_columns, has_counterpart
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.vocabulary import Reason


@dataclass(frozen=True)
class ChangeSample:
    """Units that are compared: level in the first year and change (n,), who took part (n,), covariates that differ.

    ``covariates`` has shape (n, k). ``cluster`` (n,) numbers their clusters, None where each unit is its own. ``scale``
    is the largest outcome: changes that differ by less than its rounding do not vary. ``places`` marks these units
    among all of the arrays, ``lost`` those that are not compared, by reason. ``weights`` (n,) are what they count for.
    """

    level: FloatArray
    change: FloatArray
    treated: BoolArray
    covariates: FloatArray | None
    scale: float
    places: BoolArray
    cluster: IntArray | None
    lost: Mapping[Reason, BoolArray]
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
    """Select the units that have covariates and a counterpart on the other side in every category.

    The change is that from the year at ``place`` to the last; covariates are those of that year.
    """
    given, lost = used, {}
    if arrays.has_weights:
        every: BoolArray = np.ones(len(used), dtype=np.bool_)
        used = used & (arrays.weights_of(ALL_COHORTS, place, every) > 0)
        lost[Reason.WITHOUT_WEIGHT] = given & ~used
    if arrays.covariates:
        known = arrays.covered(place)
        lost[Reason.MISSING_COVARIATES] = used & ~known
        used = used & known
    design = arrays.design(place, used)
    if design is not None:
        overlap = has_counterpart(design, arrays.cohort[used] != NEVER_TREATED)
        lost[Reason.OUTSIDE_OVERLAP] = placed(~overlap, used)
        used = placed(overlap, used)
        design = drop_constant_columns(chosen_rows(design, overlap))
    level = arrays.outcome[used, place]
    change = arrays.outcome[used, -1] - level
    return ChangeSample(
        level=level,
        change=change,
        treated=arrays.cohort[used] != NEVER_TREATED,
        covariates=design,
        scale=float(max(np.abs(level).max(initial=0.0), np.abs(level + change).max(initial=0.0))),
        places=used,
        cluster=None if arrays.cluster is None else np.unique(arrays.cluster[used], return_inverse=True)[1],
        lost=lost,
        has_covariates=bool(arrays.covariates),
        weights=arrays.weights_of(ALL_COHORTS, place, used) if arrays.has_weights else None,
    )

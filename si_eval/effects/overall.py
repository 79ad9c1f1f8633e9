"""The overall effect of a staggered design alone, as its checks and other scales need it."""

from __future__ import annotations

import numpy as np

from si_eval.effects.aggregation import Kind, aggregate_effects
from si_eval.effects.design_result import BY_CLUSTER, BY_UNIT, OVERALL, Estimate
from si_eval.effects.group_time import GroupTimeEffects
from si_eval.effects.panel_arrays import UNKNOWN_ENTRY, PanelArrays
from si_eval.effects.requests import Request
from si_eval.effects.sides import placed_sides
from si_eval.effects.staggered import group_time_of, overall_of
from si_eval.errors import StudyError
from si_eval.vocabulary import Reason


def overall_effect(arrays: PanelArrays, request: Request) -> Estimate:
    """Estimate the overall effect alone, or return why there is none; ``sides`` are those of the arrays."""
    return averaged_effect(arrays, request)[0]


def averaged_effect(
    arrays: PanelArrays, request: Request, kind: Kind = "cohort"
) -> tuple[Estimate, GroupTimeEffects | None]:
    """Estimate the overall average of a kind, with the effects by cohort and year that it is of; None without any."""
    known = arrays.cohort != UNKNOWN_ENTRY
    try:
        effects = group_time_of(arrays, **request.comparison)
        found = overall_of(OVERALL, effects, aggregate_effects(effects, kind))
    except StudyError:  # nobody to compare, or no cohort that is large enough
        return Estimate(OVERALL, np.nan, reason=Reason.TOO_FEW_IN_EVERY_COHORT), None
    shift = arrays.shift
    found = found._replace(
        sides=None if found.sides is None else placed_sides(found.sides, known),
        comparisons=tuple((g - shift, t - shift, base - shift) for g, t, base in found.comparisons),
    )
    if np.isnan(found.std_error):
        reasons = [reason for reason in effects.reason if reason]
        return found._replace(reason=reasons[0] if reasons else Reason.NO_VARIANCE), effects
    return found._replace(convention=BY_UNIT if arrays.cluster is None else BY_CLUSTER), effects

"""The effect as a share of what participants would have had without it, for outcomes with zeros as well."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from si_eval.effects.aggregation import aggregate_effects
from si_eval.effects.design_result import BY_CLUSTER, BY_UNIT, OVERALL, Estimate
from si_eval.effects.group_time import Controls
from si_eval.effects.panel_arrays import NEVER_TREATED, PanelArrays
from si_eval.effects.staggered import group_time_of, overall_of
from si_eval.effects.two_by_two import Method
from si_eval.errors import StudyError
from si_eval.vocabulary import ATT_PROPORTIONAL, Reason


def proportional_effect(
    arrays: PanelArrays, *, method: Method, controls: Controls, anticipation: int, min_units: int
) -> Estimate:
    r"""Estimate the overall effect over the mean that participants would have had, with its standard error.

    With :math:`\theta = ATT / (\bar Y_1 - ATT)`, dividing the outcomes of participants by :math:`1 + \theta` from entry
    on leaves no effect. The effect is a straight line in that divisor, so two runs give it; a third, at the divisor
    found, gives the error (delta method, all estimated parts in it). Source: Chen & Roth (2024), Quarterly Journal of
    Economics 139, p. 891-936, section 4.
    """

    def overall_at(scale: float) -> Estimate:
        calendar = np.asarray(arrays.years)
        since = (arrays.cohort > NEVER_TREATED)[:, None] & (calendar >= (arrays.cohort - anticipation)[:, None])
        outcome = np.where(since, arrays.outcome * scale, arrays.outcome)
        effects = group_time_of(
            replace(arrays, outcome=outcome),
            method=method,
            controls=controls,
            anticipation=anticipation,
            min_units=min_units,
        )
        found = overall_of(OVERALL, effects, aggregate_effects(effects, "cohort"))
        return found._replace(statistic=ATT_PROPORTIONAL)

    try:
        plain = overall_at(1.0)
    except StudyError:  # no effect since entry was estimated: the rows say why
        return Estimate(OVERALL, np.nan, statistic=ATT_PROPORTIONAL, reason=Reason.TOO_FEW_IN_EVERY_COHORT)
    without = overall_at(0.0).estimate
    mean = plain.estimate - without  # of the participants since entry
    scale = -without / mean if mean > 0 else np.nan
    if not scale > 0:
        return plain._replace(estimate=np.nan, std_error=np.nan, corrected_error=np.nan, reason=Reason.BASE_NEGATIVE)
    at_divisor = overall_at(scale)
    factor = 1 / (mean * scale**2)
    return at_divisor._replace(
        estimate=1 / scale - 1,
        std_error=at_divisor.std_error * factor,
        corrected_error=at_divisor.corrected_error * factor,
        convention=BY_UNIT if arrays.cluster is None else BY_CLUSTER,
    )

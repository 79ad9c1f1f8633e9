"""The effect as a share of what participants would have had without it, for outcomes with zeros as well."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from si_eval.effects.design_result import Estimate
from si_eval.effects.overall import overall_effect
from si_eval.effects.panel_arrays import NEVER_TREATED, PanelArrays
from si_eval.effects.requests import Request
from si_eval.vocabulary import ATT_PROPORTIONAL, Reason


def proportional_effect(arrays: PanelArrays, request: Request) -> Estimate:
    r"""Estimate the overall effect over the mean that participants would have had, with its standard error.

    With :math:`\theta = ATT / (\bar Y_1 - ATT)`, dividing the outcomes of participants by :math:`1 + \theta` from entry
    on leaves no effect. The effect is a straight line in that divisor, so two runs give it; a third, at the divisor
    found, gives the error (delta method, all estimated parts in it). Source: Chen & Roth (2024), Quarterly Journal of
    Economics 139, p. 891-936, section 4.
    """
    calendar = np.asarray(arrays.years)
    since = (arrays.cohort > NEVER_TREATED)[:, None] & (calendar >= (arrays.cohort - request.anticipation)[:, None])

    def overall_at(scale: float) -> Estimate:
        outcome = np.where(since, arrays.outcome * scale, arrays.outcome)
        found = overall_effect(replace(arrays, outcome=outcome), request)
        return found._replace(statistic=ATT_PROPORTIONAL)

    plain = overall_at(1.0)
    if np.isnan(plain.estimate):  # the reason is with it
        return plain
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
    )

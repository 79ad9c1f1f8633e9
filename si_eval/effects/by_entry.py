"""A staggered design with what may be asked beside it: entry that is assumed, other scales, and effects by class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from si_eval.effects.by_class import effects_by_class
from si_eval.effects.design_result import OVERALL, DesignResult, Estimate
from si_eval.effects.overall import overall_effect
from si_eval.effects.panel_arrays import UNKNOWN_ENTRY, PanelArrays
from si_eval.effects.proportional import proportional_effect
from si_eval.effects.requests import Request
from si_eval.effects.staggered import estimate_staggered
from si_eval.vocabulary import ATT, ATT_ENTERED, Reason


def estimate_by_entry(arrays: PanelArrays, request: Request) -> DesignResult:
    """Estimate effects by cohort and year, and what the request asks beside them."""
    names = request.covariates
    kept = {name: values for name, values in arrays.covariates.items() if name in names}
    plain, assumed = with_earliest_entry(arrays.with_covariates(kept))
    result = estimate_staggered(
        plain,
        **request.comparison,
        level=request.level,
        smallest_effect=request.smallest_effect,
        seed=request.seed,
        rows=request.rows,
        entry_assumed=assumed,
    )
    further = [*_other_scales(plain, result, request), *_by_class(arrays, request)]
    return replace(result, estimates=[*result.estimates, *further])


def with_earliest_entry(arrays: PanelArrays) -> tuple[PanelArrays, bool]:
    """Take the first possible year for the entry of participants whose entry is not known; say whether any has one."""
    if arrays.earliest is None:
        return arrays, False
    assumed = (arrays.cohort == UNKNOWN_ENTRY) & np.isfinite(arrays.earliest)
    cohort = np.where(assumed, np.nan_to_num(arrays.earliest), arrays.cohort).astype(np.int64)
    return replace(arrays, cohort=cohort), bool(assumed.any())


def _other_scales(arrays: PanelArrays, result: DesignResult, request: Request) -> Iterator[Estimate]:
    """Yield the overall effect over what it would have been, and on those who had entered."""
    rows = [one for one in result.estimates if (one.statistic, one.category) == (ATT, OVERALL)]
    overall = rows[0] if rows else Estimate(OVERALL, np.nan)
    if request.scale == "proportional":
        yield proportional_effect(arrays, request)._replace(
            sides=overall.sides, comparisons=overall.comparisons, note=overall.note
        )
    if request.share_entered is not None:
        share = request.share_entered
        yield overall._replace(
            statistic=ATT_ENTERED,
            estimate=overall.estimate / share,
            std_error=overall.std_error / share,
            corrected_error=overall.corrected_error / share,
            note=Reason.ALL_WHO_MAY.note,
        )


def _by_class(arrays: PanelArrays, request: Request) -> Iterator[Estimate]:
    """Yield the effect of each class that the request asks for."""
    if request.by is None:
        return
    mine, _ = with_earliest_entry(arrays)
    yield from effects_by_class(mine, request.by, lambda one: overall_effect(one, request), request.min_units)

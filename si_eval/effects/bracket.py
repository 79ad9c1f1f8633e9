"""An effect by ways that assume different things, side by side: where one is right, the others err on a known side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from si_eval.effects.by_entry import with_earliest_entry
from si_eval.effects.design_result import Estimate, with_note
from si_eval.effects.match import Matching, match_units
from si_eval.effects.overall import overall_effect
from si_eval.effects.panel_arrays import PanelArrays
from si_eval.effects.request_arrays import arrays_of, matched_only
from si_eval.effects.requests import Request
from si_eval.results import Panel
from si_eval.vocabulary import BRACKET, Reason, bilingual_label

OWN_LEVEL = "own level"  # the outcome of the base year, among the covariates


def bracket(
    panel: Panel, request: Request, matching: Matching | None, arrays: PanelArrays, whole: Estimate
) -> Iterator[tuple[PanelArrays, Estimate]]:
    """Yield the effect under parallel trends, from the same level of the outcome, and on matched units.

    Where participants stand higher and outcomes fall back, the first is too low and the second right; where trends are
    parallel, the second is too high: the truth lies between them if either holds. The match is that of the request or,
    without one, with the nearest others in its covariates and the outcome. ``arrays`` are those of ``whole``;
    each estimate comes with its own.

    Source: Angrist & Pischke (2009), Mostly Harmless Econometrics, section 5.4; Ding & Li (2019), Political Analysis
    27, p. 605-615.
    """
    full = arrays
    plain = whole
    if matching is not None:
        full = with_earliest_entry(arrays_of(panel, request))[0]
        plain = overall_effect(full, request)
    yield full, _named(plain, "plain_changes", Reason.TRENDS_PARALLEL)
    levels = full.with_covariates({**full.covariates, OWN_LEVEL: full.outcome})
    found = overall_effect(levels, replace(request, method="reg"))
    yield full, _named(found, "lagged_level", Reason.LIKE_AT_LEVEL)
    if matching is not None:
        on_outcome = Reason.OUTCOME_MATCHED_ON if request.outcome in matching.covariates else None
        yield arrays, with_note(_named(whole, "matched_changes", Reason.LIKE_MATCHED), on_outcome)
        return
    names = [*request.covariates, *([request.outcome] if request.outcome not in request.covariates else [])]
    own = match_units(panel, covariates=names, anticipation=request.anticipation, where=request.where)
    matched = matched_only(full, own)
    found = _named(overall_effect(matched, request), "matched_changes", Reason.LIKE_MATCHED)
    yield matched, with_note(found, Reason.OUTCOME_MATCHED_ON)


def _named(found: Estimate, term: str, why: Reason) -> Estimate:
    """Name an estimate by its way, with what it assumes."""
    return found._replace(statistic=BRACKET, category=bilingual_label(term), note=why.note)

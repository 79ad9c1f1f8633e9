"""An effect by ways that assume different things, side by side: where one is right, the others err on a known side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from si_eval.effects.by_entry import overall_effect, with_earliest_entry
from si_eval.effects.design_result import Estimate, with_note
from si_eval.effects.match import match_units
from si_eval.effects.panel_arrays import PanelArrays
from si_eval.effects.request_arrays import arrays_of, matched_only
from si_eval.effects.requests import Request
from si_eval.effects.reruns import in_both
from si_eval.effects.sides import placed_sides
from si_eval.results import Panel
from si_eval.vocabulary import BRACKET, Reason

OWN_LEVEL = "own level"  # the outcome of the base year, among the covariates


def bracket(panel: Panel, request: Request, match: object, arrays: PanelArrays, whole: Estimate) -> Iterator[Estimate]:
    """Yield the effect under parallel trends, from the same level of the outcome, and on matched units.

    Where participants stand higher and outcomes fall back, the first is too low and the second right; where trends are
    parallel, the second is too high: the truth lies between them if either holds. The match is that of the request or,
    without one, with the nearest others in its covariates and the outcome. ``arrays`` are those of ``whole``.

    Source: Angrist & Pischke (2009), Mostly Harmless Econometrics, section 5.4; Ding & Li (2019), Political Analysis
    27, p. 605-615.
    """
    full = arrays
    if match is not None:
        full = with_earliest_entry(arrays_of(panel, request))[0]
        yield _placed(_named(overall_effect(full, request), "plain_changes", Reason.TRENDS_PARALLEL), full, arrays)
    else:
        yield _named(whole, "plain_changes", Reason.TRENDS_PARALLEL)
    levels = full.with_covariates({**full.covariates, OWN_LEVEL: full.outcome})
    found = overall_effect(levels, replace(request, method="reg"))
    yield _placed(_named(found, "lagged_level", Reason.LIKE_AT_LEVEL), full, arrays)
    if match is not None:
        yield with_note(_named(whole, "matched_changes", Reason.LIKE_MATCHED), _on_outcome(request, match))
        return
    names = [*request.covariates, *([request.outcome] if request.outcome not in request.covariates else [])]
    own = match_units(panel, covariates=names, anticipation=request.anticipation, where=request.where)
    matched = matched_only(full, own)
    found = overall_effect(matched, request)
    found = with_note(_named(found, "matched_changes", Reason.LIKE_MATCHED), Reason.OUTCOME_MATCHED_ON)
    yield _placed(found, matched, arrays)


def _named(found: Estimate, term: str, why: Reason) -> Estimate:
    """Name an estimate by its way, with what it assumes."""
    return found._replace(statistic=BRACKET, category=in_both(term), note=why.note)


def _on_outcome(request: Request, match: object) -> Reason | None:
    """Return the remark on a match on the outcome itself, or None."""
    names = match.get("covariates", ()) if isinstance(match, Mapping) else getattr(match, "covariates", ())
    known = [names] if isinstance(names, str) else list(names)
    return Reason.OUTCOME_MATCHED_ON if request.outcome in known else None


def _placed(found: Estimate, own: PanelArrays, arrays: PanelArrays) -> Estimate:
    """Put the units of an estimate at their places in other arrays; those that are not there are in none."""
    if found.sides is None or own is arrays:
        return found
    sides = np.unpackbits(found.sides, axis=1, count=len(own.ids)).astype(np.bool_)
    there = np.isin(own.ids, arrays.ids, assume_unique=True)
    at = np.isin(arrays.ids, own.ids, assume_unique=True)
    kept = np.packbits(sides[:, there], axis=1)
    return found._replace(sides=placed_sides(kept, at))

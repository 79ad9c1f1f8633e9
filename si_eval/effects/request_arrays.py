"""Reads the arrays that a request of an effect rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from si_eval.effects.match import Matching, match_for, matched_arrays
from si_eval.effects.panel_arrays import PanelArrays, entry_is_unknown, read_arrays
from si_eval.effects.requests import STAGGERED, Request
from si_eval.results import Panel


def arrays_of(panel: Panel, request: Request, classes: Sequence[str] = ()) -> PanelArrays:
    """Read the outcome and the covariates of a request, and columns of classes beside them."""
    own = [*(() if request.by is None else (request.by,)), *classes]
    further = [name for name in dict.fromkeys(own) if name not in request.covariates]
    return read_arrays(
        panel,
        request.outcome,
        where=request.where,
        years=_years_to_read(panel, request),
        covariates=(*request.covariates, *further),
        classes=further,
        logarithm=request.logarithm,
        cluster=request.cluster,
        earliest_entry=request.earliest_entry,
        weights=request.weights,
        with_non_participants=_needs_others(panel, request),
    )


def matching_of(panel: Panel, request: Request, match: object) -> Matching | None:
    """Return the match of a request, in the base year of its design: the year before entry, or the first."""
    defaults: dict[str, Any] = {}
    if request.design == STAGGERED:
        defaults = {"anticipation": request.anticipation}
    elif request.years is not None:
        defaults = {"base_year": min(request.years)}
    return match_for(panel, match, defaults, request.where)


def matched_only(arrays: PanelArrays, matching: Matching | None) -> PanelArrays:
    """Return the arrays of the matched units, or all of them without a match."""
    return arrays if matching is None else matched_arrays(arrays, matching)[0]


def _years_to_read(panel: Panel, request: Request) -> tuple[int, ...] | None:
    """Return the years whose outcomes are needed: with possible years of entry also those between first and last."""
    if request.years is None or request.earliest_entry is None:
        return request.years
    return tuple(year for year in panel.per_year if min(request.years) <= year <= max(request.years))


def _needs_others(panel: Panel, request: Request) -> bool:
    """Whether units that never take part are compared: not where no year of entry is known or assumed."""
    return request.design != STAGGERED or request.earliest_entry is not None or not entry_is_unknown(panel)

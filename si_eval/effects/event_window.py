"""The years around entry that most participants are behind, on one reference year: what the label is judged on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy import special

from si_eval.effects.aggregation import AggregatedEffects
from si_eval.stats import BoolArray, FloatArray, IntArray

MIN_PARTICIPANTS = 30  # behind each year that the label rests on: the limit of the t distribution is near
MIN_SHARES = (4 / 5, 2 / 3, 1 / 2)  # of the participants behind a year: other years tell of other firms
ROUNDING = 1e-9  # a share of a number of firms may be a whole number
MIN_YEARS_BEFORE = 2  # estimates before the reference year: one cannot show a line


class Combination(NamedTuple):
    """A weighted sum of event averages, with the standard error and degrees of freedom that its interval rests on."""

    estimate: float
    std_error: float
    dof: float

    def margin(self, level: float) -> float:
        """Return half the width of the two-sided interval."""
        return float(special.stdtrit(self.dof, 0.5 + level / 2)) * self.std_error

    @property
    def p_value(self) -> float:
        """Two-sided p-value of zero."""
        return float(2 * special.stdtr(self.dof, -abs(self.estimate) / self.std_error))


@dataclass(frozen=True)
class EventWindow:
    """Event averages, all changes since one reference year, of the years that are judged.

    ``time`` (k,) counts years from the reference year, which has no average; ``since`` marks the years from entry on,
    ``before`` those before the reference. ``cells`` are the effects in them, ``fewest`` the fewest participants (or
    clusters with any) behind a year. ``consecutive`` tells whether no year is missing.
    """

    time: IntArray
    before: BoolArray
    since: BoolArray
    att: FloatArray
    covariance: FloatArray
    gradient: FloatArray
    events: AggregatedEffects
    cells: IntArray
    fewest: int
    consecutive: bool

    @property
    def mean_weights(self) -> FloatArray:
        """Weights of the mean of the years since entry, shape (k,)."""
        return self.since / max(int(self.since.sum()), 1)

    def combine(self, weights: FloatArray) -> Combination:
        """Combine the event averages with ``weights`` (k,)."""
        variance = float(weights @ self.covariance @ weights)
        dof = self.events.small_sample.dof(weights @ self.gradient)
        return Combination(float(weights @ self.att), float(np.sqrt(max(variance, 0.0))), dof)


def choose_window(events: AggregatedEffects, participants: int, anticipation: int, gap: bool) -> EventWindow:
    """Choose the years that at least four fifths of the participants, and 30 of them, are behind.

    Years are taken outwards from the reference year until one has fewer. Where that leaves fewer than two years before
    it, or none since entry, two thirds are enough, or half; where 30 participants are too many, fewer are: then no
    label is given, but trends before are tested. Outcomes have no say in it. ``gap`` tells that a year is missing from
    the panel.
    """
    reference = -1 - anticipation
    time = events.parts - reference
    for fewest, share in product((MIN_PARTICIPANTS, 0), MIN_SHARES):
        chosen = _near_reference(events, max(participants * share, fewest), reference)
        if np.sum(chosen & (time < 0)) >= MIN_YEARS_BEFORE and np.any(chosen & (events.parts >= 0)):
            break
    covariance = events.corrected_covariance
    at = np.flatnonzero(chosen)
    members = events.small_sample.members
    behind = int(events.n_behind[at].min()) if len(at) else 0
    if members is not None:
        behind = min(behind, int(members.multiplicity @ (members.units[:, :-1].sum(axis=1) > 0)))
    return EventWindow(
        time=time[at],
        before=time[at] < 0,
        since=events.parts[at] >= 0,
        att=events.att[at],
        covariance=covariance[np.ix_(at, at)],
        gradient=events.gradient[at],
        events=events,
        cells=np.concatenate([events.cells[place] for place in at]) if len(at) else np.zeros(0, dtype=np.int64),
        fewest=behind,
        consecutive=not gap and bool(len(at)) and len(at) == int(time[at].max() - time[at].min()),
    )


def _near_reference(events: AggregatedEffects, least: float, reference: int) -> BoolArray:
    """Mark the years outwards from the reference that have at least so many participants behind them."""
    enough = (
        (events.n_behind >= least - ROUNDING)
        & np.isfinite(np.diag(events.covariance))
        & (np.diag(events.covariance) > 0)
    )
    chosen = enough.copy()
    for side in (events.parts < reference, events.parts > reference):
        order = np.argsort(np.abs(events.parts - reference))
        order = order[side[order]]
        chosen[order] = np.cumprod(enough[order]).astype(bool)
    return chosen

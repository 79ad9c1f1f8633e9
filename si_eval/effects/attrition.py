"""Units that leave: the effect on still being there, and bounds on the effect for those who would stay either way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from si_eval.effects.design_result import OVERALL, WEIGHTED, Estimate
from si_eval.effects.group_time import Controls
from si_eval.effects.panel_arrays import NEVER_TREATED, UNKNOWN_ENTRY, PanelArrays
from si_eval.effects.sides import sides_of
from si_eval.effects.small_sample import clusters_are_too_few, side_stretch
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.vocabulary import ATT_REMAINS, LEE_HIGH, LEE_LOW, Reason

STATISTICS = (ATT_REMAINS, LEE_LOW, LEE_HIGH)


class Side(NamedTuple):
    """The units of one side of a cell: how they changed (n,), NaN where they are gone, and what they count for."""

    change: FloatArray
    weights: FloatArray

    @property
    def there(self) -> FloatArray:
        """What each unit that is still there counts for."""
        return self.weights * np.isfinite(self.change)

    @property
    def remains(self) -> float:
        """Share that is still there."""
        return float(self.there.sum() / self.weights.sum())

    @property
    def influence_on_remains(self) -> FloatArray:
        """Influence of each unit on that share."""
        return (self.there - self.weights * self.remains) / self.weights.sum()


def bound_attrition(arrays: PanelArrays, controls: Controls, anticipation: int, min_units: int) -> Iterator[Estimate]:
    r"""Yield the effect on still having an outcome, and the lowest and the highest effect on those who keep theirs.

    Of each cohort and year since entry, among units with an outcome in the base year, averaged as the overall effect
    is. Where a share :math:`s_1` of participants and a smaller share :math:`s_0` of others is left, a share
    :math:`1 - s_0 / s_1` of the participants that are left would have gone without the programme: they may have been
    those with the largest changes, or with the smallest. Rests on the programme making nobody leave who would have
    stayed (or, where fewer participants are left, nobody stay), and on others telling what participants would have
    done; without covariates. Standard errors take the shares of cohorts as given.

    Source: Lee (2009), Review of Economic Studies 76, p. 1071-1102, propositions 1a and 3.
    """
    weights, estimates, n_units, clusters, few = [], [], [], [], False
    sides = np.zeros((2, len(arrays.cohort)), dtype=np.bool_)
    influence = np.zeros((3, len(arrays.cohort)))
    cells = [cell for cell in _cells(arrays, controls, anticipation) if _is_large_enough(cell, min_units)]
    cohorts = [cell.cohort for cell in cells]
    for cell in cells:
        treated, others = cell.side(cell.treated), cell.side(cell.others)
        remains = treated.remains - others.remains
        of_remains = treated.influence_on_remains, -others.influence_on_remains
        low, high = lee_bounds(treated, others)
        share = float(treated.weights.sum()) / cohorts.count(cell.cohort)
        used = cell.treated | cell.others
        cluster = None if arrays.cluster is None else arrays.cluster[used]
        stretch = side_stretch(cell.treated[used], 0, cluster, cell.weights[used])
        for row, (mine, theirs) in enumerate((of_remains, low[1:], high[1:])):
            influence[row, cell.treated] += share * mine * stretch[cell.treated[used]]
            influence[row, cell.others] += share * theirs * stretch[cell.others[used]]
        estimates.append([remains, low[0], high[0]])
        weights.append(share)
        there = np.isfinite(cell.change)
        n_units.append([int((cell.treated & there).sum()), int((cell.others & there).sum())])
        sides |= [cell.treated, cell.others]
        if arrays.cluster is not None:
            clusters.append(len(np.unique(arrays.cluster[cell.treated])))
            few |= clusters_are_too_few(arrays.cluster[cell.treated], arrays.cluster[cell.others])
    if not cells:
        yield from (
            Estimate(OVERALL, np.nan, statistic=name, reason=Reason.TOO_FEW_IN_EVERY_COHORT) for name in STATISTICS
        )
        return
    values = np.average(estimates, axis=0, weights=weights)
    influence /= np.sum(weights)
    if arrays.cluster is not None:
        influence = np.stack([np.bincount(arrays.cluster, row) for row in influence])
    error = np.sqrt(np.sum(influence**2, axis=1))
    fewest = np.min(n_units, axis=0)
    shift = arrays.shift
    for row, name in enumerate(STATISTICS):
        known = not few and error[row] > 0
        yield Estimate(
            OVERALL,
            float(values[row]),
            float(error[row]) if known else np.nan,
            int(fewest[0]),
            int(fewest[1]),
            statistic=name,
            dof=float(min(clusters, default=fewest.min()) - 1),
            reason=None if known else Reason.TOO_FEW_CLUSTERS if few else Reason.NO_VARIANCE,
            sides=sides_of(sides[0], sides[1]),
            comparisons=tuple((cell.cohort - shift, cell.year - shift, cell.base - shift) for cell in cells),
            corrected_error=float(error[row]) if known else np.nan,
            convention=WEIGHTED if known else "",
        )


def lee_bounds(treated: Side, others: Side) -> tuple[tuple[float, FloatArray, FloatArray], ...]:
    """Return the lower and the upper bound of the effect, each with the influence of the units of either side."""
    more_treated = treated.remains >= others.remains
    cut, whole = (treated, others) if more_treated else (others, treated)
    sign = 1.0 if more_treated else -1.0
    there = whole.there
    mean = float(there @ np.nan_to_num(whole.change) / there.sum())
    of_whole = there * (np.nan_to_num(whole.change) - mean) / there.sum()
    found = []
    for lowest in (more_treated, not more_treated):
        trimmed, of_cut, of_share = _trimmed_mean(cut, whole, lowest)
        mine, theirs = sign * of_cut, sign * (of_share - of_whole)
        found.append((sign * (trimmed - mean), *((mine, theirs) if more_treated else (theirs, mine))))
    return tuple(found)


def _trimmed_mean(cut: Side, whole: Side, lowest: bool) -> tuple[float, FloatArray, FloatArray]:
    """Compute the mean change of the lowest (or highest) of a side, as many as the other side has left.

    Returns the influence of its units and of those of the other side too. A unit at the edge is kept in part.
    """
    share = whole.remains / cut.remains
    change, there = np.nan_to_num(cut.change), cut.there
    room = share * there.sum()
    order = np.argsort(np.where(there > 0, change if lowest else -change, np.inf), kind="stable")
    mass = there[order]
    part = np.clip((room - (np.cumsum(mass) - mass)) / np.where(mass > 0, mass, 1.0), 0.0, 1.0) * (mass > 0)
    kept = np.empty(len(order))
    kept[order] = part
    edge = change[order[np.flatnonzero(part)[-1]]]
    mean = float((there * kept) @ change / room)
    # the share that is kept moves with both sides' shares that are left, and the edge with it
    on_share = edge - mean
    own = there * kept * (change - mean) + on_share * there * (share - kept)
    own -= on_share * there.sum() * share * cut.influence_on_remains / cut.remains
    other = on_share * there.sum() * whole.influence_on_remains / cut.remains
    return mean, own / room, other / room


class _Cell(NamedTuple):
    """A cohort in a year since entry: the treated and the others with an outcome in the base year, and all changes."""

    cohort: int
    year: int
    base: int
    treated: BoolArray
    others: BoolArray
    change: FloatArray
    weights: FloatArray

    def side(self, units: BoolArray) -> Side:
        """Return the units of a side."""
        return Side(self.change[units], self.weights[units])


def _cells(arrays: PanelArrays, controls: Controls, anticipation: int) -> Iterator[_Cell]:
    """Yield each cohort in each year since entry."""
    calendar: IntArray = np.asarray(arrays.years)
    every: BoolArray = np.ones(len(arrays.cohort), dtype=np.bool_)
    for g in np.unique(arrays.cohort[(arrays.cohort != NEVER_TREATED) & (arrays.cohort != UNKNOWN_ENTRY)]):
        base = arrays.base_place(int(g), anticipation)
        if base is None:
            continue
        weights = arrays.weights_of(int(g), base, every) if arrays.has_weights else every.astype(np.float64)
        seen = np.isfinite(arrays.outcome[:, base]) & (weights > 0)
        for place in np.flatnonzero(calendar >= g):
            others = arrays.cohort == NEVER_TREATED
            if controls == "not_yet":
                others |= arrays.cohort > calendar[place] + anticipation
            change = arrays.outcome[:, place] - arrays.outcome[:, base]
            yield _Cell(int(g), int(calendar[place]), int(calendar[base]), seen & (arrays.cohort == g), seen & others,
                        change, weights)  # fmt: skip


def _is_large_enough(cell: _Cell, min_units: int) -> bool:
    """Whether either side has enough units that are still there."""
    there = np.isfinite(cell.change)
    return min(int((cell.treated & there).sum()), int((cell.others & there).sum())) >= max(min_units, 2)

"""Estimates of effects are statements about sets of units: two that differ by a few units do not both leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from si_eval.disclosure.rules import DisclosureRules
from si_eval.results import EstimateUnits


@dataclass(frozen=True)
class Estimated:
    """An estimate of an effect, by its units and what is estimated of them.

    ``weight`` is what it costs to lose its rows; ``shown`` and ``left``: it left, or did so before this request.
    """

    units: EstimateUnits
    weight: float = 0.0
    shown: bool = True
    left: bool = False


def near_estimates(estimates: Sequence[Estimated], rules: DisclosureRules) -> set[int]:
    """Choose which estimates are withheld, so that no two of one thing that are left differ by a few units.

    Two are near where they are over the treated or compared units of one universe and differ by fewer than
    ``min_units`` units, but by some: an outsider who knows both learns of these units. What left before stays; of
    others the cheaper one goes, and of equally dear ones the later.
    """
    order = sorted(range(len(estimates)), key=lambda at: (not estimates[at].left, -estimates[at].weight, at))
    kept: list[int] = []
    withheld: set[int] = set()
    for place in order:
        mine = estimates[place]
        near = any(are_near(mine.units, estimates[other].units, rules.min_units) for other in kept)
        if near and not mine.left:
            withheld.add(place)
        else:
            kept.append(place)
    return withheld


def are_near(one: EstimateUnits, other: EstimateUnits, least: int) -> bool:
    """Whether two estimates of one thing are over sets of units that differ, and by fewer than ``least`` units."""
    if (one.universe, one.indicator) != (other.universe, other.indicator) or one.digest == other.digest:
        return False
    sizes = ((one.n_treated, other.n_treated), (one.n_controls, other.n_controls))
    if any(abs(first - second) >= least for first, second in sizes):
        return False
    pairs = ((one.treated, other.treated), (one.controls, other.controls))
    return all(len(np.setxor1d(first, second, assume_unique=True)) < least for first, second in pairs)

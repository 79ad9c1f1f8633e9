"""Who is treated and who is compared with, of each estimate: as packed bits, one a unit of the panel's arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from si_eval.stats import BoolArray

Sides = NDArray[np.uint8]  # shape (2, units / 8): the treated, and the controls


def sides_of(treated: BoolArray, controls: BoolArray, places: BoolArray | None = None) -> Sides:
    """Pack who is treated and who is a control; ``places`` marks, among all units, those that these are."""
    if places is not None:
        treated, controls = (placed(one, places) for one in (treated, controls))
    return np.packbits([treated, controls], axis=1)


def joint_sides(sides: Sequence[Sides]) -> Sides:
    """Join the units of several comparisons (one at least), side by side."""
    return np.bitwise_or.reduce(np.stack(sides))


def placed_sides(sides: Sides, places: BoolArray) -> Sides:
    """Return the units at the places that they have among all units; ``places`` marks these."""
    treated, controls = np.unpackbits(sides, axis=1, count=int(places.sum())).astype(np.bool_)
    return sides_of(treated, controls, places)


def placed(units: BoolArray, places: BoolArray) -> BoolArray:
    """Return marks of some units as marks of all units."""
    everybody = np.zeros(len(places), dtype=np.bool_)
    everybody[places] = units
    return everybody

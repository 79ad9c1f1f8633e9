"""Checks of any column of numbers of the same units in several years: they keep their order, and no row is a total."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from si_eval.registers.plausibility.judging import CHANCE, Measure, fewest
from si_eval.stats import FloatArray

TOTAL = 0.0005  # a part of the sum of all others by which a row that is their total may miss it


def measure_column(label: str, wide: pd.DataFrame) -> Iterator[Measure]:
    """Measure a column of numbers; ``wide`` has a row a unit and a column a year."""
    values = wide.to_numpy(dtype=np.float64)
    years = [int(year) for year in wide.columns]
    yield from _order(label, values, years)
    for place, year in enumerate(years):
        known = np.abs(values[np.isfinite(values[:, place]), place])
        if len(known) < fewest("total_rows"):
            continue
        largest = known.max()
        others = known.sum() - largest
        is_total = float(largest > 0 and abs(largest - others) < TOTAL * others)
        yield Measure("total_rows", f"{label} {year}", is_total, is_total)


def _order(label: str, values: FloatArray, years: Sequence[int]) -> Iterator[Measure]:
    """Compare how far the order of the units of a year is that of another: the best of each year, against all.

    A year whose values stand beside other units has an order of its own, where all others go together.
    """
    best: dict[int, tuple[float, int]] = {}
    ranks = pd.DataFrame(values).rank().to_numpy()
    for one, other in combinations(range(len(years)), 2):
        both = np.isfinite(ranks[:, one]) & np.isfinite(ranks[:, other])
        units = int(both.sum())
        if units < fewest("order_between_years"):
            continue
        first, second = ranks[both, one], ranks[both, other]
        if np.ptp(first) == 0 or np.ptp(second) == 0:
            continue
        alike = float(np.corrcoef(first, second)[0, 1])
        for place in (one, other):
            best[place] = max(best.get(place, (-1.0, 0)), (alike, units))
    if len(best) < 3:
        return
    most, units_of_most = max(best.values())
    for place, (alike, units) in best.items():
        chance = CHANCE * np.sqrt((1 - alike**2) ** 2 / units + (1 - most**2) ** 2 / units_of_most)
        yield Measure(
            "order_between_years", f"{label} {years[place]}", most - alike, float(max(most - alike - chance, 0.0))
        )


def missing_years(years: Sequence[int]) -> list[int]:
    """List the years that are missing among others, where these are a fixed number of years apart but for them."""
    known = sorted(years)
    steps = np.diff(known)
    if len(steps) == 0:
        return []
    return sorted(set(range(known[0], known[-1] + 1, int(steps.min()))) - set(known))

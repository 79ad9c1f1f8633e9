"""Checks of any column of numbers of the same units in several years: they keep their order, and no row is a total."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from si_eval.registers.plausibility.judging import CHANCE, DIGITS, Measure, change_of_share, fewest, share
from si_eval.stats import FloatArray

TOTAL = 0.0005  # a part of the sum of all others by which a row that is their total may miss it
THOUSAND = 1000
LEAST = 99  # of a value that is no accident: many firms have one person
LEAST_TOP = 10  # of a value that is the largest of many units: what lies above was cut off
ALONE = 8  # times as many rows as of the next most common value


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


def measure_values(parts: Sequence[tuple[str, FloatArray]]) -> Iterator[Measure]:
    """Measure the values of each part of a column (a year, a quarter): one that repeats, zeros and rounding that jump.

    ``parts`` are places in their order with the values there; missing ones are left out.
    """
    known = [(place, values[np.isfinite(values)]) for place, values in parts]
    for place, values in known:
        if len(values) >= fewest("values_repeat"):
            told = (np.abs(values) >= LEAST) | (values == max(values.max(), LEAST_TOP))
            yield from share("values_repeat", place, _repeats(values[told]), len(values))
    for (_, before), (place, now) in pairwise(known):
        yield from change_of_share("zeros_between_years", place, now == 0, before == 0)
        for unit in (1, THOUSAND):
            rounded = [values[values != 0] % unit == 0 for values in (now, before)]
            yield from change_of_share("rounding_between_years", place, *rounded)


def _repeats(values: FloatArray) -> int:
    """Count the rows of the most common value where it stands alone: many times as many as of any other."""
    counts = np.sort(np.unique(values, return_counts=True)[1])
    if not len(counts):
        return 0
    return int(counts[-1]) if counts[-1] >= ALONE * (counts[-2] if len(counts) > 1 else 1) else 0


def measure_size(label: str, wide: pd.DataFrame) -> Iterator[Measure]:
    """Measure how far the order of units by size is that of any other year; ``wide`` as in `measure_column`."""
    ranks = wide.rank().to_numpy()
    best = [
        (np.corrcoef(ranks[both, one], ranks[both, other])[0, 1], int(both.sum()))
        for one, other in combinations(range(ranks.shape[1]), 2)
        for both in [np.isfinite(ranks[:, one]) & np.isfinite(ranks[:, other])]
        if both.sum() >= fewest("order_lasts") and min(np.ptp(ranks[both, one]), np.ptp(ranks[both, other])) > 0
    ]
    if best:
        yield from correlation("order_lasts", label, *max(best))


def correlation(check: str, place: str, alike: float, units: int) -> Iterator[Measure]:
    """Measure a rank correlation that is too low, less what chance explains."""
    alike = round(float(alike), DIGITS)  # the order of rows changes the last digits of a sum
    bound = min(alike + CHANCE * (1 - alike**2) / np.sqrt(units), 1.0)
    yield Measure(check, place, alike, float(bound))


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
        alike = round(float(np.corrcoef(first, second)[0, 1]), DIGITS)
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

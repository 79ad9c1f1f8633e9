"""Checks of a study's own columns of numbers: of one order and sign from year to year, and no year twice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from si_eval.registers.plausibility.columns import measure_column, measure_values, missing_years
from si_eval.registers.plausibility.judging import (
    Measure,
    beside_years,
    between_years,
    change_of_share,
    fewest,
    median,
    share,
)
from si_eval.registers.plausibility.money import measure_codes, revenue_of
from si_eval.registers.plausibility.sample import Sample, split
from si_eval.vocabulary import BE_ID, YEAR

SAME = 0.0005  # a change smaller than this part is none
APART = 0.5  # a part of values that differ from each other: few classes or counts repeat by themselves
JUMP = 300  # a factor that no unit of weight grows by in a year


def measure_numbers(sample: Sample) -> Iterator[Measure]:
    """Measure everything about a study's own numbers."""
    if sample.numbers is None:
        return
    keyed = sample.numbers.drop_duplicates([BE_ID, YEAR]).set_index([BE_ID, YEAR])
    revenue = revenue_of(sample)
    for name in sample.amounts:
        parts = (keyed[name].astype(float) / revenue[revenue > 0]).dropna()
        for year, rows in split(parts.rename("part").reset_index()):
            yield from median("numbers_against_turnover", f"{name} {year}", rows["part"])
    for name in keyed.columns:
        wide = keyed[name].astype(float).unstack(YEAR)
        known = wide.columns[wide.notna().any()]  # a survey may have no year between
        gaps = float(len(missing_years([int(year) for year in known])))
        yield Measure("years_present", name, gaps, gaps)
        yield from measure_column(name, wide[known])
        yield from _of_column(name, wide[known])
        yield from measure_codes(name, sample.numbers, name)


def _of_column(name: str, wide: pd.DataFrame) -> Iterator[Measure]:
    """Compare a column in every two years; ``wide`` has a row a unit and a column a year."""
    apart = _differ(wide)
    for pair, ratio, _, consecutive in between_years(wide, name):
        if apart:
            yield from share("numbers_repeat_a_year", pair, (np.abs(ratio - 1) < SAME).sum(), len(ratio))
        if consecutive:
            yield from median("numbers_between_years", pair, ratio)
    yield from beside_years("numbers_between_years", name, wide)
    if apart:
        yield from measure_values([(f"{name} {int(year)}", wide[year].to_numpy()) for year in wide.columns])
    for first, second in pairwise(wide.columns):
        yield from _pair(f"{name} {int(second)} / {int(first)}", wide[first].to_numpy(), wide[second].to_numpy())


def _pair(place: str, before: np.ndarray, now: np.ndarray) -> Iterator[Measure]:
    """Compare two consecutive years: who has a number, zeros, signs, and units that jump and outweigh all others."""
    known = np.isfinite(before), np.isfinite(now)
    yield from change_of_share("numbers_present", place, known[1], known[0])
    both = known[0] & known[1] & (before != 0) & (now != 0)
    yield from share("numbers_change_sign", place, (np.sign(before[both]) != np.sign(now[both])).sum(), both.sum())
    if both.sum() < fewest("numbers_jump"):
        return
    sizes = np.abs(before[both]), np.abs(now[both])
    jump = np.abs(np.log(sizes[1] / sizes[0])) > np.log(JUMP)
    part = max(float(size[jump].sum() / size.sum()) for size in sizes)
    yield Measure("numbers_jump", place, part, part)


def _differ(wide: pd.DataFrame) -> bool:
    """Whether units have values of their own, and one unit in turn seldom the same as before."""
    values = wide.to_numpy()
    known = values[np.isfinite(values) & (values != 0)]
    return len(known) > 0 and len(np.unique(known)) > APART * len(known)

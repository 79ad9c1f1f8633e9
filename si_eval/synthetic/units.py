"""The attributes of business units that do not change between years, as compact arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from si_eval.synthetic import codes
from si_eval.synthetic.randomness import random_generator, truncated_normal
from si_eval.synthetic.targets import Preset

SBI_MISSING, SBI_ZERO = -1, 0


@dataclass(frozen=True)
class Units:
    """One element a unit: first the participants, then everyone else; arrays of shape (N,).

    ``founded`` in days, ``entry`` and ``last`` are the first and last year in the register, ``persons`` the persons
    employed in the last year of the study, ``trend`` their yearly log growth, ``section`` an index into SBI sections.
    """

    founded: np.ndarray
    founded_known: np.ndarray
    entry: np.ndarray
    last: np.ndarray
    section: np.ndarray
    sbi: np.ndarray
    persons: np.ndarray
    growth: np.ndarray

    def __len__(self) -> int:
        return len(self.entry)

    @property
    def division(self) -> np.ndarray:
        """Two-digit division; 0 where the activity is unknown."""
        return np.where(self.sbi > 0, self.sbi // 1000, 0)

    @classmethod
    def concatenate(cls, first: Units, second: Units) -> Units:
        """Put two sets of units behind each other."""
        return cls(
            *(np.concatenate([getattr(first, field.name), getattr(second, field.name)]) for field in fields(cls))
        )


def founding_dates(years: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw a day in each founding year, shape (N,)."""
    start = (years - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    return start + generator.integers(0, 365, len(years)).astype("timedelta64[D]")


def activity_codes(preset: Preset, section: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw a five-digit SBI code, as a whole number, within each section, shape (N,)."""
    endings = np.array(preset.assumed("population.sbi_endings"))
    activities = endings[generator.integers(0, len(endings), len(section))].astype(np.int32)
    for number, letter in enumerate(codes.SECTIONS):
        members = np.flatnonzero(section == number)
        divisions = np.array(codes.DIVISIONS[letter])
        activities[members] += 1000 * divisions[generator.integers(0, len(divisions), len(members))].astype(np.int32)
    return activities


def growth_rates(preset: Preset, group: str, size: int, generator: np.random.Generator) -> np.ndarray:
    """Draw the yearly log growth of persons employed, shape (size,)."""
    mean, deviation = preset.assumed("persons.trend")[group]
    return (mean + deviation * truncated_normal(generator, size)).astype(np.float32)


def stretch_to_mean(values: np.ndarray, floor: float, mean: float) -> np.ndarray:
    """Stretch the part of the values above ``floor`` so that their mean is ``mean``; rounded to two decimals."""
    excess = values - floor
    return np.round(floor + excess * (mean - floor) / excess.mean(), 2)


def persons_in_class(number: int, uniform: np.ndarray, bounds: Sequence[float]) -> np.ndarray:
    """Spread persons employed log-evenly within bounds by uniform draws, shape (N,), rounded by size class."""
    low, high = bounds
    persons = low * (high / low) ** uniform
    return np.round(persons, 1 if number < 2 else 2)


def identifiers(seed: int, name: str, size: int, start: int, step: int = 3) -> np.ndarray:
    """Draw ``size`` distinct whole numbers from ``start`` on, in an order that gives nothing away."""
    generator = random_generator(seed, f"ids {name}")
    return start + generator.permutation(size).astype(np.int64) * step + generator.integers(0, step, size)

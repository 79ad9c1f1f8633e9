"""Restructuring of units: mergers, takeovers and split-offs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from si_eval.synthetic.randomness import random_generator
from si_eval.synthetic.register import Register

EVENTS = {"merger": 6, "takeover": 7, "split": 9}  # name and code of the statistical event in the Dutch register


@dataclass(frozen=True)
class Events:
    """Events, arrays of shape (E,): index of the unit, year, and kind as a position in ``EVENTS``."""

    unit: np.ndarray
    year: np.ndarray
    kind: np.ndarray


def build_events(register: Register) -> Events:
    """Draw events for some units of at least two persons, each in a year in which the unit is in the register."""
    generator = random_generator(register.seed, "events")
    units = register.units
    eligible = np.flatnonzero(units.persons >= 2)
    frequency = register.preset.assumed("events.per_units")
    number = max(frequency["minimum"], len(units) // frequency["units"])
    unit = generator.permutation(eligible)[:number]
    span = units.last[unit] - units.entry[unit] + 1
    year = units.entry[unit] + np.floor(generator.random(len(unit)) * span)
    return Events(unit, year.astype(np.int64), generator.integers(0, len(EVENTS), len(unit)))

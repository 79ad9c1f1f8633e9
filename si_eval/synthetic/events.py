"""Restructuring of units: mergers, takeovers and split-offs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from si_eval.synthetic.randomness import random_generator
from si_eval.synthetic.register import Register

EVENTS = {"merger": 6, "takeover": 7, "split": 9, "death": 5}  # the code of the event in the Dutch register
DRAWN = ("merger", "takeover", "split")  # of units at random; the others follow from what happens to a unit


@dataclass(frozen=True)
class Events:
    """Events, arrays of shape (E,): index of the unit, year, and kind as a position in ``names``."""

    unit: np.ndarray
    year: np.ndarray
    kind: np.ndarray
    names: tuple[str, ...]


def build_events(register: Register) -> Events:
    """Draw events for some units of at least two persons, each in a year in which the unit is in the register.

    Both units of a takeover have an event in its year, and a participant that leaves in its last year.
    """
    generator = random_generator(register.seed, "events")
    units = register.units
    eligible = np.flatnonzero(units.persons >= 2)
    frequency = register.preset.assumed("events.per_units")
    number = max(frequency["minimum"], len(units) // frequency["units"])
    unit = generator.permutation(eligible)[:number]
    span = units.last[unit] - units.entry[unit] + 1
    year = units.entry[unit] + np.floor(generator.random(len(unit)) * span)
    kind = generator.integers(0, len(DRAWN), len(unit))
    happened = register.restructuring
    if not len(happened.exited) + len(happened.absorbed):
        return Events(unit, year.astype(np.int64), kind, DRAWN)
    names = tuple(EVENTS)
    takeover, death = names.index("takeover"), names.index("death")
    return Events(
        np.concatenate([unit, happened.absorbing, happened.absorbed, happened.exited]),
        np.concatenate([year, happened.takeover_year, happened.takeover_year, happened.exit_year]).astype(np.int64),
        np.concatenate([kind, np.full(2 * len(happened.absorbed), takeover), np.full(len(happened.exited), death)]),
        names,
    )

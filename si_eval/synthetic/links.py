"""The links of participants: which person belongs to which unit from when until when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from si_eval.synthetic.targets import Preset

OPEN = np.datetime64("2079-06-06")
MISSING = np.datetime64("NaT")
ABSENT_UNIT = -1


@dataclass(frozen=True)
class Links:
    """Links between the persons of participants and units: arrays of shape (L,).

    Dates are in days; an open end is missing or 2079-06-06. The unit is an index, or ``ABSENT_UNIT``.
    """

    person: np.ndarray
    unit: np.ndarray
    start: np.ndarray
    end: np.ndarray


class LinkBuilder:
    """Collects the links of participants to units; used once, while the participants are built."""

    def __init__(
        self,
        preset: Preset,
        generator: np.random.Generator,
        final: int,
        entered: np.ndarray,
        founded: np.ndarray,
        size_class: np.ndarray,
    ) -> None:
        self.preset, self.generator, self.final = preset, generator, final
        self.entered, self.founded = np.abs(entered), founded
        self.size_class = size_class
        self.years = np.array(preset.years)
        self.linked = np.zeros((len(entered), len(self.years)), dtype=bool)
        self.last = np.full(len(entered), preset.last_year, dtype=np.int16)
        self.rows: list[tuple[int, int, np.datetime64, np.datetime64]] = []
        self.people = 0
        self.tied = np.zeros(0, dtype=np.int64)

    def links(self) -> Links:
        """Return the collected links."""
        person, unit, start, end = zip(*self.rows, strict=True)
        return Links(np.array(person), np.array(unit), np.array(start, "datetime64[D]"), np.array(end, "datetime64[D]"))

    def link_all_units(self, order: np.ndarray) -> None:
        """Link every person: movers, persons that stop, everyone else, persons that share a unit, and stray links."""
        first = self.preset.years[0]
        steady = order[(self.entered[order] == first) & (self.size_class[order] < 4) & (self.size_class[order] > 0)]
        steady = steady[self.founded[steady] < np.datetime64(f"{first - 1}-01-01")]
        extra = iter(range(self.final, len(self.entered)))
        movers = [year for year, count in self.preset.assumed("participants.movers").items() for _ in range(count)]
        pairs = [(next(extra), int(unit), int(year)) for unit, year in zip(steady, movers, strict=False)]
        tie = next(position for position, pair in enumerate(pairs) if pair[2] == 2016)
        for position, (before, after, year) in enumerate(pairs):
            self._transfer(before, after, year, tie=position == tie)
        self.tied = np.array(pairs[tie][:2])
        for year in self.years[:-1]:
            for leaves in range(self.preset.assumed("participants.exits_per_year")):
                self._end_link(next(extra), int(year), leaves_register=leaves % 2 == 0)
        moved = {after for _, after, _ in pairs}
        for unit in range(self.final):
            if unit not in moved:
                self._link_until_now(unit)
        shared = steady[len(movers) :][: self.preset.assumed("participants.shared_units")]
        for unit in shared:
            self._add(int(unit), self.founded[unit], self._open())
        self._add_irrelevant_links()

    def _open(self) -> np.datetime64:
        return OPEN if self.generator.random() < 0.5 else MISSING

    def _day(self, year: int, first: int = 20, last: int = 340) -> np.datetime64:
        return np.datetime64(f"{year}-01-01") + np.timedelta64(int(self.generator.integers(first, last)), "D")

    def _add(self, unit: int, start: np.datetime64, end: np.datetime64, person: int | None = None) -> int:
        if person is None:
            person, self.people = self.people, self.people + 1
        self.rows.append((person, unit, start, end))
        return person

    def _link_until_now(self, unit: int) -> None:
        """Link a person to a unit from the entry year until now."""
        entry = int(self.entered[unit])
        founded = self.founded[unit]
        start = self._day(entry) if founded < np.datetime64(f"{entry}-01-01") and entry > self.years[0] else founded
        self._add(unit, start, self._open())
        self.linked[unit] = self.years >= entry

    def _end_link(self, unit: int, year: int, *, leaves_register: bool) -> None:
        """Link a person to a unit until some day of a year; the unit leaves the register with it or remains."""
        self._add(unit, self.founded[unit], self._day(year, 90))
        self.linked[unit] = self.years <= year
        if leaves_register:
            self.last[unit] = year

    def _transfer(self, before: int, after: int, year: int, *, tie: bool) -> None:
        """Move a person between two units that both stand in the register of that year."""
        early = self.generator.random() < 0.5
        day = np.datetime64(f"{year}-07-01") if tie else self._day(year, *((30, 150) if early else (220, 330)))
        person = self._add(before, self.founded[before], day)
        self._add(after, day + np.timedelta64(1, "D"), self._open(), person)
        last_before = year if tie or not early else year - 1
        self.linked[before] = self.years <= last_before
        self.linked[after] = self.years > last_before
        if self.generator.random() < 0.5:
            self.last[before] = year

    def _add_irrelevant_links(self) -> None:
        """Add links that never decide anything: to units outside the register, and ended before the study."""
        foreign = self.preset.assumed("participants.foreign_links")
        ended = self.preset.assumed("participants.ended_links")
        people = self.generator.permutation(self.people)[: foreign + ended]
        for person in people[:foreign]:
            self._add(ABSENT_UNIT, np.datetime64("2009-03-01"), self._open(), int(person))
        for person in people[foreign:]:
            unit = int(self.generator.integers(0, self.final))
            if self.founded[unit] < np.datetime64("2010-01-01"):
                self._add(unit, self.founded[unit], np.datetime64("2013-09-30"), int(person))

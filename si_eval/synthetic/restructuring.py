"""Holdings of several participants, second units of a legal person, exits and takeovers: the profile `realistic`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from si_eval.synthetic.participants import Participants
from si_eval.synthetic.randomness import random_generator
from si_eval.synthetic.targets import Preset
from si_eval.synthetic.units import Units

NO_UNITS = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Restructuring:
    """What happened between units, as indexes of units, all of shape (K,) of their kind.

    ``exited`` left after the year ``exit_year``. ``absorbed`` were taken over by ``absorbing`` and are not in the
    register from ``takeover_year`` on. ``sister`` is a second unit of the legal person of ``main``.
    """

    exited: np.ndarray
    exit_year: np.ndarray
    absorbed: np.ndarray
    absorbing: np.ndarray
    takeover_year: np.ndarray
    main: np.ndarray
    sister: np.ndarray

    @classmethod
    def none(cls) -> Restructuring:
        """Return that nothing happened."""
        return cls(*(NO_UNITS for _ in range(7)))

    def absorbed_persons(self, persons: np.ndarray, year: int) -> np.ndarray:
        """Add up what each unit, of all units with ``persons``, took over until a year."""
        done = self.takeover_year <= year
        return np.bincount(self.absorbing[done], persons[self.absorbed[done]], minlength=len(persons))


def restructure(
    preset: Preset, seed: int, units: Units, participants: Participants, group: np.ndarray
) -> tuple[Units, Participants, np.ndarray, Restructuring]:
    """Draw what happens to units; return units, participants and groups as they are after it, and what it was."""
    generator = random_generator(seed, "restructuring")
    first, years = len(participants), preset.years
    group = group.copy()
    free = np.setdiff1d(np.arange(first), participants.fixed)
    _share_holdings(preset, generator, group, first)
    old = units.founded < np.datetime64(f"{years[0]}-01-01")
    steady = free[participants.linked[free].all(axis=1) & old[free]]
    lasting = first + np.flatnonzero((units.last[first:] == preset.last_year) & old[first:])
    others = generator.permutation(lasting)
    main, sister = _sisters(preset, units, generator.permutation(steady), others)
    group[sister] = group[main]

    last, linked = units.last.copy(), participants.linked.copy()
    leavers = generator.permutation(np.setdiff1d(steady, main))
    each = round(preset.assumed("exits.participants") * first)
    exited = leavers[: each * (len(years) - 1)]
    exit_year = np.repeat(years[:-1], each)[: len(exited)]
    last[exited] = exit_year
    linked[exited] &= np.array(years) <= exit_year[:, None]
    absorbing, absorbed = _takeovers(
        preset, generator, units, np.setdiff1d(steady, exited), np.setdiff1d(others, sister)
    )
    takeover_year = generator.integers(years[1], years[-1] + 1, len(absorbed))
    last[absorbed] = takeover_year - 1
    happened = Restructuring(exited, exit_year, absorbed, absorbing, takeover_year, main, sister)
    changed = replace(units, last=last)
    return changed, replace(participants, linked=linked), group, happened


def _share_holdings(preset: Preset, generator: np.random.Generator, group: np.ndarray, first: int) -> None:
    """Put some participants in groups of several of them, in place; a group is numbered as its first participant."""
    assumed = preset.assumed("holdings.participants")
    members = generator.permutation(first)[: round(assumed["share"] * first)]
    sizes = generator.integers(2, assumed["largest"] + 1, len(members))
    starts = np.r_[0, np.cumsum(sizes)]
    for start, stop in zip(starts[starts < len(members)], starts[1:], strict=False):
        group[members[start:stop]] = group[members[start]]


def _sisters(
    preset: Preset, units: Units, participants: np.ndarray, others: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pair participants with a smaller unit that has persons."""
    most = preset.assumed("holdings.sister_size")
    pairs: list[tuple[int, int]] = []
    waiting = iter(others[units.persons[others] >= 1])
    for unit in participants[units.persons[participants] >= 1 / most]:
        if len(pairs) == preset.assumed("holdings.sisters"):
            break
        other = next((one for one in waiting if units.persons[one] <= most * units.persons[unit]), None)
        if other is None:
            break
        pairs.append((int(unit), int(other)))
    main, sister = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return main, sister


def _takeovers(
    preset: Preset, generator: np.random.Generator, units: Units, participants: np.ndarray, others: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the units that take over another one, and the units that are taken over."""
    number, persons = preset.assumed("takeovers.number"), preset.assumed("takeovers.persons")
    least, most = persons["absorbed"]
    size = units.persons[others]
    absorbed = generator.permutation(others[(size >= least) & (size <= most)])
    ours = generator.permutation(participants[units.persons[participants] >= persons["absorbing"]])
    theirs = generator.permutation(np.setdiff1d(others[size >= persons["absorbing"]], absorbed))
    absorbing = np.concatenate([ours[: number["participants"]], theirs[: round(number["others"] * len(units))]])
    pairs = min(len(absorbing), len(absorbed))
    return absorbing[:pairs], absorbed[:pairs]

"""The register as a whole, and its state in one year: who is in it, how many persons, which size code and class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from si_eval.synthetic import codes
from si_eval.synthetic.participants import Participants, build_participants
from si_eval.synthetic.population import build_population
from si_eval.synthetic.randomness import random_generator
from si_eval.synthetic.restructuring import Restructuring, restructure
from si_eval.synthetic.targets import Preset
from si_eval.synthetic.units import Units, identifiers

NON_PARTICIPANT, PARTICIPANT, OTHER_YEARS = 0, 1, 2


@dataclass(frozen=True)
class Register:
    """All units with their identifiers, enterprise groups and municipality; participants come first.

    ``group`` is an index into ``group_id``, -1 without group. ``seed`` and ``preset`` travel along because every year
    of the register is drawn from them.
    """

    preset: Preset
    seed: int
    units: Units
    participants: Participants
    be_id: np.ndarray
    group: np.ndarray
    group_id: np.ndarray
    municipality: np.ndarray
    unit_effect: np.ndarray
    restructuring: Restructuring


@dataclass(frozen=True)
class RegisterYear:
    """The register of one year, arrays of shape (M,): ``index`` into the units, persons, size code, class and status.

    ``status`` is 1 for a linked unit, 0 for one that is never linked and 2 for one that is linked in other years only;
    ``cell`` numbers sector (industry, other) times size class, 0 to 9.
    """

    year: int
    index: np.ndarray
    persons: np.ndarray
    code: np.ndarray
    size_class: np.ndarray
    status: np.ndarray
    cell: np.ndarray


def build_register(preset: Preset, scale: float, seed: int) -> Register:
    """Build every unit of the extract, with identifiers and enterprise groups."""
    participants = build_participants(preset, seed)
    units = Units.concatenate(participants.units, build_population(preset, scale, seed))
    total = len(units)
    group, groups = _groups(preset, seed, units, participants)
    happened = Restructuring.none()
    if preset.is_realistic:
        units, participants, group, happened = restructure(preset, seed, units, participants, group)
    municipalities = np.array(preset.assumed("population.municipalities"), dtype=np.int16)
    places = random_generator(seed, "municipalities").integers(0, len(municipalities), total)
    return Register(
        preset=preset,
        seed=seed,
        units=units,
        participants=participants,
        be_id=identifiers(seed, "units", total, 10_000_000),
        group=group,
        group_id=identifiers(seed, "groups", groups, 50_000_000),
        municipality=municipalities[places],
        unit_effect=random_generator(seed, "effects").standard_normal(total, dtype=np.float32),
        restructuring=happened,
    )


def register_year(register: Register, year: int) -> RegisterYear:
    """Draw the register of one year."""
    preset, units = register.preset, register.units
    column = preset.years.index(year)
    index = np.flatnonzero((units.entry <= year) & (units.last >= year))
    generator = random_generator(register.seed, "register", year)
    noise, shift, missing = (generator.random(len(units), dtype=np.float32)[index] for _ in range(3))
    persons = _persons(register, year, index, noise)
    code = codes.size_code(persons)
    code = _perturb_codes(preset, code, persons, shift, missing, register.participants.is_fixed(index))
    size_class = codes.size_class(persons, code)
    status = np.zeros(len(index), dtype=np.int8)
    among = np.flatnonzero(index < len(register.participants))
    linked = register.participants.linked[index[among], column]
    status[among] = np.where(linked, PARTICIPANT, OTHER_YEARS)
    cell = size_class + 5 * (units.section[index] != codes.INDUSTRY)
    return RegisterYear(year, index, persons, code, size_class, status, cell.astype(np.int8))


def _persons(register: Register, year: int, index: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Trace persons employed back from the last year; one-person firms stay as they are."""
    units, distance = register.units, year - register.preset.last_year
    final = units.persons[index]
    growth = units.growth[index] * distance + register.preset.assumed("persons.noise") * (2 * noise - 1) * (
        distance != 0
    )
    moving = np.where(final < 10, np.round(final * np.exp(growth), 1), np.round(final * np.exp(growth), 2))
    persons = np.where((final < 2) | (distance == 0), final, moving)
    is_fixed = register.participants.is_fixed(index)
    absorbed = register.restructuring.absorbed_persons(units.persons, year)
    return np.where(is_fixed, final, np.round(persons + absorbed[index], 2))


def _perturb_codes(
    preset: Preset, code: np.ndarray, persons: np.ndarray, shift: np.ndarray, missing: np.ndarray, is_fixed: np.ndarray
) -> np.ndarray:
    """Make some size codes disagree with the persons employed, and others missing or unknown."""
    shifted_share = preset.assumed("population.shifted_size_code")
    moves = (shift < shifted_share) & (persons > 0) & (persons < 95) & ~is_fixed
    step = np.where(shift < shifted_share / 2, 1, -1)
    code = np.where(moves, np.clip(code + step, 0, len(codes.SIZE_CODES) - 1), code)
    missing_share = preset.assumed("population.missing_size_code")
    code = np.where((missing < missing_share) & ~is_fixed, codes.CODE_MISSING, code)
    return np.where((missing < missing_share / 2) & ~is_fixed, codes.CODE_UNKNOWN, code).astype(np.int8)


def _groups(preset: Preset, seed: int, units: Units, participants: Participants) -> tuple[np.ndarray, int]:
    """Put units in enterprise groups: every participant has one, some others share one, many have their own."""
    generator = random_generator(seed, "groups")
    total, first = len(units), len(participants)
    group = np.full(total, -1, dtype=np.int64)
    group[:first] = np.arange(first)
    others = first + generator.permutation(total - first)
    small = others[: 4 * first]
    members = small[units.persons[small] < 2][: len(participants.with_members)]
    group[members] = participants.with_members[: len(members)]
    free = others[group[others] < 0]
    shared = free[: round(preset.assumed("population.grouped") * total)]
    starts = np.cumsum(generator.random(len(shared)) < 1 / 3)
    group[shared] = first + starts
    following = first + (int(starts[-1]) if len(starts) else 0) + 1
    rest = free[len(shared) :]
    share = np.array(preset.assumed("population.own_group"))
    own = rest[
        generator.random(len(rest)) < share[codes.size_class(units.persons[rest], codes.size_code(units.persons[rest]))]
    ]
    group[own] = following + np.arange(len(own))
    return group, following + len(own)

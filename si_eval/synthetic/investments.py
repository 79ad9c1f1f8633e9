"""The investment survey: who answers, and what is invested in four assets, calibrated to the published figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from si_eval.synthetic import cells, codes
from si_eval.synthetic.randomness import normal_scores, random_generator, truncated_normal
from si_eval.synthetic.register import NON_PARTICIPANT, OTHER_YEARS, PARTICIPANT, Register, RegisterYear
from si_eval.synthetic.targets import Preset

ASSETS = ("computers", "communication", "machinery", "software")
GROUPS = ("non_participant", "participant")
NOT_SAMPLED, SAMPLED_IMPUTED, OBSERVED, NONRESPONSE = 0, 1, 2, 3
MAX_SAMPLED_DIGIT = 4  # highest one-digit size class that is sampled rather than observed integrally
MAX_SHARE = 0.95


@dataclass(frozen=True)
class InvestmentYear:
    """The covered units of one year, arrays of shape (K,): ``place`` in the register, ``response``, ``has_total``.

    ``total`` and ``own`` are whole euro, shape (4, K), in the order of ``ASSETS``; ``present`` is true where answered.
    ``truth`` is what was invested, also by units that did not answer, -1 where nothing was.
    """

    place: np.ndarray
    response: np.ndarray
    has_total: np.ndarray
    present: np.ndarray
    total: np.ndarray
    own: np.ndarray
    truth: np.ndarray


@dataclass(frozen=True)
class CoveredUnits:
    """The covered units of a year while their investments are drawn; arrays of shape (K,)."""

    register: Register
    year: int
    unit: np.ndarray
    persons: np.ndarray
    size_class: np.ndarray
    status: np.ndarray
    cell: np.ndarray
    response: np.ndarray

    @classmethod
    def of(cls, register: Register, state: RegisterYear, place: np.ndarray, response: np.ndarray) -> CoveredUnits:
        """Take the units at some places of the register of a year."""
        unit, persons, size_class = state.index[place], state.persons[place], state.size_class[place]
        return cls(register, state.year, unit, persons, size_class, state.status[place], state.cell[place], response)

    @property
    def preset(self) -> Preset:
        """The facts and assumptions of the simulation."""
        return self.register.preset

    @property
    def planted(self) -> np.ndarray:
        """Whether each unit carries a planted extreme value."""
        return np.isin(self.unit, self.register.participants.excluded("investment"))


def investment_year(register: Register, state: RegisterYear) -> InvestmentYear:
    """Draw the investments of every covered unit of a year, in whole euro."""
    generator = random_generator(register.seed, "investments", state.year)
    place = covered_places(register, state)
    response = _responses(register, state, place, generator)
    frame = CoveredUnits.of(register, state, place, response)
    present = _present(frame, generator)
    total = np.zeros((len(ASSETS), len(place)), dtype=np.int64)
    own = np.zeros_like(total)
    for number, asset in enumerate(ASSETS):
        total[number] = _amounts(frame, asset, present[number], generator)
        own[number] = own_production(frame, asset, present[number], total[number], generator)
    without = (generator.random(len(place)) < register.preset.assumed("investments.without_total")) & (
        response == OBSERVED
    )
    return InvestmentYear(place, response, ~without, present, total, own, np.where(present, total, -1))


def covered_places(register: Register, state: RegisterYear) -> np.ndarray:
    """List the places in the register of a year of the units that the survey covers, by their division."""
    division = register.units.division[state.index]
    covered = np.zeros(len(division), dtype=bool)
    for first, last in register.preset.assumed("investments.divisions"):
        covered |= (division >= first) & (division <= last)
    return np.flatnonzero(covered)


def one_digit_class(state: RegisterYear, place: np.ndarray) -> np.ndarray:
    """Return the one-digit size class of units, by size code where it is known, else by persons employed."""
    code = state.code[place]
    return codes.CODE_DIGIT[np.where(code >= 0, code, codes.size_code(state.persons[place]))]


def sampling_fractions(preset: Preset, section: np.ndarray, digit: np.ndarray) -> np.ndarray:
    """Return the assumed sampling fraction of units: 1 above the classes that are sampled."""
    letters = np.array(list(codes.SECTIONS))[section]
    fractions = preset.assumed("investments.sampling")
    fraction = np.ones(len(section))
    small = digit <= MAX_SAMPLED_DIGIT
    for letter, values in fractions.items():
        named = (
            letters == letter
            if letter != "other"
            else ~np.isin(letters, [name for name in fractions if name != "other"])
        )
        members = small & named
        fraction[members] = np.array([0.0, *values])[digit[members]]
    return fraction


def _responses(
    register: Register, state: RegisterYear, place: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Sample by sector and size, and let a part respond; in the first year few small participants have data."""
    preset = register.preset
    digit = one_digit_class(state, place)
    fraction = sampling_fractions(preset, register.units.section[state.index[place]], digit)
    small = digit <= MAX_SAMPLED_DIGIT
    draws = generator.random((len(place), 3), dtype=np.float32)
    sampled = draws[:, 0] < fraction
    responds = draws[:, 1] < preset.assumed("investments.response")
    refuses = small & (draws[:, 2] < preset.assumed("investments.nonresponse"))
    response = np.select(
        [sampled & refuses, sampled & responds, sampled], [NONRESPONSE, OBSERVED, SAMPLED_IMPUTED], NOT_SAMPLED
    )
    planted = np.isin(state.index[place], register.participants.excluded("investment"))
    response[planted] = OBSERVED
    if state.year == preset.investment_years[0]:
        response[_without_data(preset, state, place, planted, draws[:, 2])] = NONRESPONSE
    return response.astype(np.int8)


def _without_data(
    preset: Preset, state: RegisterYear, place: np.ndarray, planted: np.ndarray, order: np.ndarray
) -> np.ndarray:
    """List the small participants beyond the assumed number with data in the first year."""
    quotas = preset.assumed("investments.small_participants_2014")
    beyond = []
    for sector, name in enumerate(("industry", "other")):
        for size_class, quota in enumerate(quotas[name]):
            members = (state.status[place] == PARTICIPANT) & (state.cell[place] == 5 * sector + size_class) & ~planted
            found = np.flatnonzero(members)
            beyond.append(found[np.argsort(order[found], kind="stable")][quota:])
    return np.concatenate(beyond)


def _present(frame: CoveredUnits, generator: np.random.Generator) -> np.ndarray:
    """Draw which assets each unit has a value for: Boolean, shape (4, K)."""
    preset = frame.preset
    draws = generator.random((len(ASSETS), len(frame.unit)), dtype=np.float32)
    absent = draws < preset.assumed("investments.item_nonresponse")
    industry_participants = (frame.status == PARTICIPANT) & (frame.cell < 5)
    absent &= (frame.response == OBSERVED) & ~industry_participants & ~frame.planted
    if frame.year == preset.investment_years[0]:
        number = ASSETS.index("communication")
        for size_class, name in ((3, "medium"), (4, "large")):
            members = np.flatnonzero(industry_participants & (frame.size_class == size_class))
            n_kept = preset.assumed("investments.communication_2014")[name]
            absent[number, members[np.argsort(draws[number, members], kind="stable")][n_kept:]] = True
    return ~absent & (frame.response != NONRESPONSE)


def _amounts(frame: CoveredUnits, asset: str, present: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw the amounts invested in one asset, in whole euro, shape (K,)."""
    counted = present & (frame.persons > 0) & (frame.status != OTHER_YEARS) & ~frame.planted
    ratio = _ratios(frame, counted, generator)
    per_employee = np.empty(len(ratio))
    for name in GROUPS:
        is_group = frame.status == NON_PARTICIPANT if name == GROUPS[0] else frame.status != NON_PARTICIPANT
        members = np.flatnonzero(is_group)
        counts = np.bincount(frame.cell[members][counted[members]], minlength=10).reshape(2, 5)
        means = cell_means(frame.preset, asset, name, frame.year, counts).ravel()
        per_employee[members] = cells.scale_to_cell_means(ratio[members], frame.cell[members], counted[members], means)
    unit, year = frame.register.participants.planted.get(asset, (-1, 0))
    if year == frame.year:
        per_employee[frame.unit == unit] *= frame.preset.assumed("investments.outlier_factor")
    return np.round(per_employee * np.maximum(frame.persons, 0.1)).astype(np.int64) * present


def _ratios(frame: CoveredUnits, counted: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw investment per employee relative to the cell: zeros, log-normal answers, and imputations near the mean."""
    preset, size = frame.preset, len(frame.unit)
    keep = preset.assumed("investments.persistence")
    noise = truncated_normal(generator, size)
    position = np.clip(keep * frame.register.unit_effect[frame.unit] + np.sqrt(1 - keep**2) * noise, -2.5, 2.5)
    draw = generator.random(size)
    is_participant = frame.status != NON_PARTICIPANT
    observed = frame.response == OBSERVED
    zeros = preset.assumed("investments.zeros")
    share = np.where(
        is_participant,
        np.array(zeros["participant"])[frame.size_class],
        np.array(zeros["non_participant"])[frame.size_class],
    )
    number = np.bincount(frame.cell[counted & is_participant], minlength=10)
    share = np.where(is_participant & (number[frame.cell] < 12), 0.0, share)
    zero = observed & (draw < share) & ~frame.planted
    ranked = np.flatnonzero(counted & is_participant & ~zero)
    position[ranked] = normal_scores(position[ranked], frame.cell[ranked])
    spread = np.where(
        observed | is_participant, preset.assumed("investments.spread"), preset.assumed("investments.imputed_spread")
    )
    ratio = np.exp(spread * position - spread**2 / 2)
    ratio[observed & ~is_participant] /= (1 - share)[observed & ~is_participant]
    ratio[zero] = 0.0
    ratio[frame.planted] = 1.0
    return ratio


def cell_means(preset: Preset, asset: str, group: str, year: int, counts: np.ndarray) -> np.ndarray:
    """Compute investment per employee by cell, shape (2, 5), so that every published mean holds for ``counts``."""
    indicator = f"investment_{asset}_per_employee"
    entry = preset.assumption(f"investments.{asset}.{group}")
    start = cells.interpolate_means(entry["classes"], year)
    classes = start.copy()
    industry = cells.interpolate_means(entry["industry"], year)
    fixed_year = str(year) in entry["industry"]
    for figure in preset.published(indicator, group, year):
        members = cells.PUBLISHED_CLASSES[figure["size_class"]]
        if figure["sector"] == "C":
            industry = cells.scale_to_published_mean(industry, counts[cells.INDUSTRY], members, preset.target(figure))
        else:
            classes = cells.scale_to_total_mean(
                classes, counts.sum(axis=0), _free(entry["free"], year), preset.target(figure)
            )
    if not fixed_year:
        industry = industry * classes / start
    return cells.split_by_sector(classes, industry, counts)


def _free(free: Mapping[str, list[int]], year: int) -> list[int]:
    """Return the classes whose means are scaled to the published total: of the year, or of the last year given."""
    return free[max(name for name in free if int(name) <= year)]


def own_production(
    frame: CoveredUnits, asset: str, present: np.ndarray, total: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Draw own production, in whole euro; the mean share of a group is the assumed one."""
    preset = frame.preset
    draws = generator.random((2, len(total)))
    known = present & (frame.response == OBSERVED) & (total > 0)
    raw = np.where(draws[0] < preset.assumed("own_production.without"), 0.0, 0.2 + 0.8 * draws[1])
    share = np.zeros(len(total))
    column = preset.investment_years.index(frame.year)
    for name in GROUPS:
        is_group = frame.status == NON_PARTICIPANT if name == GROUPS[0] else frame.status != NON_PARTICIPANT
        members = np.flatnonzero(known & is_group)
        counted = members[~frame.planted[members] & (frame.status[members] != OTHER_YEARS)]
        average = raw[counted].mean() if len(counted) else 1.0
        target = preset.assumed(f"own_production.{name}")[asset][column]
        share[members] = np.minimum(raw[members] * target / max(average, 1e-9), MAX_SHARE)
    return np.round(share * total).astype(np.int64)


def components(
    register: Register, year: int, survey: InvestmentYear, asset: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Divide one asset's amounts over its components: bought, second hand or custom, own; whole euro, shape (K,)."""
    draws = random_generator(register.seed, f"components {ASSETS[asset]}", year).random((2, len(survey.place)))
    rest = survey.total[asset] - survey.own[asset]
    often = register.preset.assumed("investments.second_component")[
        "software" if ASSETS[asset] == "software" else "tangible"
    ]
    second = np.round(rest * np.where(draws[0] < often, 0.5 * draws[1], 0.0)).astype(np.int64)
    return rest - second, second, survey.own[asset]

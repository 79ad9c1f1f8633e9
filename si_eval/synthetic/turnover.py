"""Turnover by quarter, calibrated to the published revenue figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from si_eval.synthetic import cells, codes
from si_eval.synthetic.randomness import normal_scores, random_generator, truncated_normal
from si_eval.synthetic.register import NON_PARTICIPANT, OTHER_YEARS, PARTICIPANT, Register, RegisterYear, register_year
from si_eval.synthetic.targets import Preset

GROUPS = ("non_participant", "participant")
LARGE = 4
SIZE_EXPONENT_RANGE = (-2.0, 3.0)


@dataclass(frozen=True)
class TurnoverYear:
    """Turnover of one year, arrays of shape (M, 4): ``quarters`` in whole euro, ``has_row`` and ``has_value``."""

    quarters: np.ndarray
    has_row: np.ndarray
    has_value: np.ndarray


def turnover_year(register: Register, state: RegisterYear, size_exponent: float) -> TurnoverYear:
    """Draw the turnover of every unit in the register of a year, in whole euro."""
    generator = random_generator(register.seed, "turnover", state.year)
    has_row, has_value = _present_quarters(register, state, generator)
    annual = _annual_revenue(register, state, (has_row & has_value).all(axis=1), size_exponent, generator)
    return TurnoverYear(_quarters(register.preset, annual, generator), has_row, has_value)


def solve_size_exponent(register: Register) -> float:
    """Solve by bisection for the exponent of size in the revenue per employee of 250+, from the published mean revenue.

    Revenue per employee of large participants is multiplied by persons employed to the power returned; cell means stay.
    """
    preset = register.preset
    state = register_year(register, preset.last_year)
    generator = random_generator(register.seed, "turnover", state.year)
    has_row, has_value = _present_quarters(register, state, generator)
    complete = (has_row & has_value).all(axis=1)
    target = preset.figure("revenue", "participant", preset.last_year)
    low, high = SIZE_EXPONENT_RANGE
    position = _relative_positions(register, state, complete, generator)
    analysed_participants = _in_analysis(register, state, complete, with_persons=False) & (state.status == PARTICIPANT)

    def mean_revenue(size_exponent: float) -> float:
        return float(
            _calibrated_revenue(register, state, complete, size_exponent, position)[analysed_participants].mean()
        )

    if not mean_revenue(low) < target < mean_revenue(high):
        raise RuntimeError(
            f"found a mean revenue of {mean_revenue(low):.3g} to {mean_revenue(high):.3g}; "
            f"expected {target:.3g} between them; change the persons of 250+"
        )
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if mean_revenue(middle) < target else (low, middle)
    return (low + high) / 2


def _present_quarters(
    register: Register, state: RegisterYear, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw which quarters have a row and which a value: none before founding, some absent or empty."""
    preset, units, index = register.preset, register.units, state.index
    size = len(index)
    first = len(register.participants)
    none = random_generator(register.seed, "no turnover").random(len(units), dtype=np.float32)[index]
    without = none < np.array(preset.assumed("revenue.without_rows"))[state.size_class]
    draws = generator.random((size, 2), dtype=np.float32)
    incomplete = draws[:, 0] < preset.assumed("revenue.incomplete")
    quarter = generator.integers(0, 4, size)
    among = index < first
    free = among & (units.section[index] != codes.INDUSTRY) & (state.size_class < LARGE)
    free &= ~np.isin(index, register.participants.fixed)
    chosen = np.flatnonzero(free & (units.entry[index] == preset.years[0]) & (units.last[index] == preset.last_year))
    picked = np.argsort(none[chosen], kind="stable")[: preset.assumed("participants.missing_turnover")]
    without[among] = False
    without[chosen[picked]] = True
    incomplete &= ~among | free

    founded_year = units.founded[index].astype("datetime64[Y]").astype(np.int64) + 1970
    founded_quarter = (units.founded[index].astype("datetime64[M]").astype(np.int64) % 12) // 3
    not_yet = (founded_year[:, None] == state.year) & (np.arange(4)[None, :] < founded_quarter[:, None])
    industry_participant = among & (units.section[index] == codes.INDUSTRY)
    not_yet &= ~industry_participant[:, None]
    hit = np.arange(4)[None, :] == quarter[:, None]
    is_empty = draws[:, 1] < preset.assumed("revenue.empty_rather_than_absent")
    absent = hit & (incomplete & ~is_empty)[:, None]
    empty = hit & (incomplete & is_empty)[:, None]
    return ~(without[:, None] | absent | not_yet), ~empty


def _in_analysis(
    register: Register, state: RegisterYear, complete: np.ndarray, *, with_persons: bool = True
) -> np.ndarray:
    """Whether an evaluation uses a unit: revenue known, group known, no outlier."""
    counted = complete & (state.status != OTHER_YEARS)
    counted &= ~np.isin(state.index, register.participants.excluded("revenue"))
    return counted & (state.persons > 0) if with_persons else counted


def _relative_positions(
    register: Register, state: RegisterYear, complete: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Draw the position of each unit in its cell, in standard deviations: a part of its own, a part that passes."""
    keep = register.preset.assumed("revenue.persistence")
    noise = _passing_part(register, state, generator)
    position = np.clip(keep * register.unit_effect[state.index] + np.sqrt(1 - keep**2) * noise, -2.5, 2.5)
    ranked = np.flatnonzero(_in_analysis(register, state, complete) & (state.status == PARTICIPANT))
    position[ranked] = normal_scores(position[ranked], state.cell[ranked])
    return position


def _passing_part(register: Register, state: RegisterYear, generator: np.random.Generator) -> np.ndarray:
    """Draw the part of each position that passes: new every year, or fading over the years."""
    preset = register.preset
    if not preset.is_realistic:
        return truncated_normal(generator, len(state.index))
    fading = preset.assumed("revenue.fading")
    level = np.zeros(len(register.units))
    for year in preset.years[: preset.years.index(state.year) + 1]:
        shock = random_generator(register.seed, "passing revenue", year).standard_normal(len(level))
        level = shock if year == preset.years[0] else fading * level + np.sqrt(1 - fading**2) * shock
    return level[state.index]


def _annual_revenue(
    register: Register, state: RegisterYear, complete: np.ndarray, size_exponent: float, generator: np.random.Generator
) -> np.ndarray:
    """Draw annual revenue in whole euro, the planted extreme value included."""
    position = _relative_positions(register, state, complete, generator)
    annual = _calibrated_revenue(register, state, complete, size_exponent, position)
    unit, year = register.participants.planted["revenue"]
    if year == state.year:
        place = np.flatnonzero(state.index == unit)
        annual[place] = register.preset.assumed("investments.outlier_factor") * annual[place]
    return np.round(annual).astype(np.int64)


def _calibrated_revenue(
    register: Register, state: RegisterYear, complete: np.ndarray, size_exponent: float, position: np.ndarray
) -> np.ndarray:
    """Convert positions into annual revenue, in euro, with the cell means of the year."""
    preset = register.preset
    ratio = np.exp(np.array(preset.assumed("revenue.spread"))[state.size_class] * position)
    scaled_by_size = (state.status != NON_PARTICIPANT) & (state.size_class == LARGE)
    ratio[scaled_by_size] *= (state.persons[scaled_by_size] / 1000) ** size_exponent
    counted = _in_analysis(register, state, complete)
    planted = np.isin(state.index, register.participants.excluded("revenue"))
    ratio[planted] = 1.0
    revenue = np.empty(len(ratio))
    for name in GROUPS:
        members = np.flatnonzero(
            state.status == NON_PARTICIPANT if name == GROUPS[0] else state.status != NON_PARTICIPANT
        )
        counts = np.bincount(state.cell[members][counted[members]], minlength=10).reshape(2, 5)
        means = cell_means(preset, name, state.year, counts).ravel()
        revenue[members] = cells.scale_to_cell_means(ratio[members], state.cell[members], counted[members], means)
    zero = preset.assumed("revenue.zero_person_revenue")
    return np.where(state.persons > 0, revenue * state.persons, zero * ratio)


def cell_means(preset: Preset, group: str, year: int, counts: np.ndarray) -> np.ndarray:
    """Compute revenue per employee by cell, shape (2, 5), so that every published mean holds for ``counts``."""
    classes = cells.interpolate_means(preset.assumed(f"revenue.{group}.classes"), year)
    industry = cells.interpolate_means(preset.assumed(f"revenue.{group}.industry"), year)
    if group == "participant":
        classes[:3] *= preset.assumed("revenue.participant.waves")[preset.years.index(year)]
    for entry in preset.published("revenue_per_employee", group, year):
        members = cells.PUBLISHED_CLASSES[entry["size_class"]]
        if entry["sector"] == "C":
            industry = cells.scale_to_published_mean(industry, counts[cells.INDUSTRY], members, preset.target(entry))
        else:
            classes = cells.scale_to_published_mean(classes, counts.sum(axis=0), members, preset.target(entry))
    return cells.split_by_sector(classes, industry, counts)


def _quarters(preset: Preset, annual: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Divide annual revenue over quarters in whole euro that add up; some quarters are negative corrections."""
    spread = preset.assumed("revenue.quarter_spread")
    weights = np.exp(spread * generator.standard_normal((len(annual), 4), dtype=np.float32).astype(np.float64))
    weights /= weights.sum(axis=1, keepdims=True)
    negative = np.flatnonzero(generator.random(len(annual)) < preset.assumed("revenue.negative_quarter"))
    weights[negative, 1] = preset.assumed("revenue.negative_part")
    quarters = np.round(weights * annual[:, None]).astype(np.int64)
    quarters[:, 3] = annual - quarters[:, :3].sum(axis=1)
    return quarters

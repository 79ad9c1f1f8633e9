"""The units that never take part: their number, sector, size, age, entry and exit."""

from __future__ import annotations

import numpy as np

from si_eval.synthetic import codes
from si_eval.synthetic.randomness import largest_remainder, random_generator, truncated_normal
from si_eval.synthetic.targets import Preset
from si_eval.synthetic.units import (
    SBI_MISSING,
    SBI_ZERO,
    Units,
    activity_codes,
    founding_dates,
    growth_rates,
    persons_in_class,
    stretch_to_mean,
)


def population_size(preset: Preset, scale: float) -> int:
    """Compute the number of non-participants in the last year's register at a scale."""
    full = preset.linkage("non_participants_2019")
    return max(round(full * scale), preset.assumed("population.minimum_units"))


def build_population(preset: Preset, scale: float, seed: int) -> Units:
    """Build all units that never take part, those of the last year first, then those that left before it.

    Numbers by sector, size and age follow quotas, so that published shares hold at every scale and seed. Small cells
    are raised to the assumed minimum, at the expense of the class 0-1.
    """
    size = population_size(preset, scale)
    continuing_class, continuing_section = _continuing_units(preset, size, seed)
    continuing_founded = _continuing_founding_years(preset, continuing_class, seed)
    exited_class, exited_section, exited_founded, exited_last = _exited_units(preset, size, seed)

    classes = np.concatenate([continuing_class, exited_class])
    section = np.concatenate([continuing_section, exited_section])
    founded_year = np.concatenate([continuing_founded, exited_founded])
    last = np.concatenate([np.full(size, preset.last_year, dtype=np.int16), exited_last])
    generator = random_generator(seed, "population")
    total = len(classes)
    activities = activity_codes(preset, section, generator)
    unknown = np.flatnonzero(generator.random(total) < preset.assumed("population.unknown_sbi"))
    unknown = unknown[(section[unknown] != codes.INDUSTRY) & (classes[unknown] < 3)]
    activities[unknown] = np.where(unknown % 2 == 0, SBI_MISSING, SBI_ZERO)
    persons = _persons(preset, classes, last, generator)
    return Units(
        founded=founding_dates(founded_year, generator),
        founded_known=generator.random(total) >= preset.assumed("population.missing_founded"),
        entry=np.maximum(founded_year, preset.years[0]).astype(np.int16),
        last=last,
        section=section,
        sbi=activities,
        persons=persons,
        growth=growth_rates(preset, "non_participant", total, generator),
    )


def _continuing_units(preset: Preset, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw size class and section of the units of the last year, by quotas."""
    shares = preset.assumed("population.sector_shares")
    counts = largest_remainder(np.array([shares[letter] for letter in codes.SECTIONS]), size)
    classes, sections = [], []
    industry = int(counts[codes.INDUSTRY])
    for name, number in (("industry", industry), ("other", size - industry)):
        quota = largest_remainder(np.array(preset.assumed("population.class_shares")[name]), number)
        quota = np.maximum(quota, preset.assumed("population.minimum_cell")[name])
        quota[0] = number - quota[1:].sum()
        classes.append(np.repeat(np.arange(5, dtype=np.int8), quota))
        members = counts * (np.arange(len(counts)) == codes.INDUSTRY) if name == "industry" else counts.copy()
        if name == "other":
            members[codes.INDUSTRY] = 0
        section = np.repeat(np.arange(len(counts), dtype=np.int8), members)
        sections.append(random_generator(seed, f"sections {name}").permutation(section))
    return np.concatenate(classes), np.concatenate(sections)


def _continuing_founding_years(preset: Preset, classes: np.ndarray, seed: int) -> np.ndarray:
    """Draw founding years so that exactly the assumed share was founded before the study."""
    generator = random_generator(seed, "founding years")
    by_class = np.array(preset.assumed("population.aged_six_by_class"))
    in_class = np.bincount(classes, minlength=5)
    old_counts = np.round(by_class * in_class).astype(np.int64)
    old_counts[0] = round(preset.assumed("population.share_aged_six") * len(classes)) - old_counts[1:].sum()
    position = np.empty(len(classes))
    for number in range(5):
        members = np.flatnonzero(classes == number)
        position[members] = generator.permutation(len(members))
    old = position < old_counts[classes]
    years = _old_years(preset, len(classes), generator)
    weights = np.array(preset.assumed("population.birth_weights"))
    young = preset.years[0] + generator.choice(len(weights), len(classes), p=weights / weights.sum())
    return np.where(old, years, young)


def _old_years(preset: Preset, size: int, generator: np.random.Generator) -> np.ndarray:
    """Draw founding years before the study; firms of a century exist."""
    extra = np.minimum(generator.exponential(preset.assumed("population.mean_extra_age"), size), 110)
    return preset.years[0] - 1 - extra.astype(np.int64)


def _exited_units(preset: Preset, size: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw size class, section, founding year and last year of the units that left before the last year."""
    generator = random_generator(seed, "leavers")
    each = round(preset.assumed("population.yearly_exit") * size)
    last = np.repeat(np.array(preset.years[:-1], dtype=np.int16), each)
    class_shares = np.array(preset.assumed("population.exit_class_shares"))
    classes = generator.choice(5, len(last), p=class_shares).astype(np.int8)
    shares = preset.assumed("population.sector_shares")
    section_shares = np.array([shares[letter] for letter in codes.SECTIONS])
    section = generator.choice(len(section_shares), len(last), p=section_shares / section_shares.sum()).astype(np.int8)
    young = generator.random(len(last)) < preset.assumed("population.young_exits")
    first = preset.years[0]
    young_year = first + np.floor(generator.random(len(last)) * (last - first + 1)).astype(np.int64)
    return classes, section, np.where(young, young_year, _old_years(preset, len(last), generator)), last


def _persons(preset: Preset, classes: np.ndarray, last: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw persons employed within each class; the mean of 250+ in the last year is the published one."""
    persons = np.empty(len(classes))
    uniform = generator.random(len(classes))
    for number in range(4):
        members = np.flatnonzero(classes == number)
        bounds = preset.assumed("persons.ranges")["non_participant"][number]
        persons[members] = persons_in_class(number, uniform[members] ** preset.assumed("persons.skew")[number], bounds)
    smallest = np.flatnonzero(classes == 0)
    draw = generator.random(len(smallest))
    shares = preset.assumed("persons.smallest")
    zero = preset.assumed("population.zero_persons")
    below_one = zero + shares["fraction"]
    small = np.round(0.2 + 0.8 * uniform[smallest], 1)
    persons[smallest] = np.select(
        [draw < zero, draw < below_one, draw < below_one + shares["one"]], [0.0, small, 1.0], persons[smallest]
    )
    largest = np.flatnonzero(classes == 4)
    counted = last[largest] == preset.last_year
    large = preset.assumed("persons.large")
    raw = large["floor"] + np.exp(large["log_mean"] + large["spread"] * truncated_normal(generator, len(largest)))
    target = preset.figure("employed_persons", "non_participant", preset.last_year, size_class="250+")
    raw[counted] = stretch_to_mean(raw[counted], large["floor"], target)
    persons[largest] = np.round(raw, 2)
    return persons

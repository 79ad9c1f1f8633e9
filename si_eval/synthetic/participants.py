"""The participants: their units, in which years they are linked, and the persons through which they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from si_eval.synthetic import codes
from si_eval.synthetic.links import LinkBuilder, Links
from si_eval.synthetic.randomness import normal_scores, random_generator
from si_eval.synthetic.targets import Preset
from si_eval.synthetic.units import (
    Units,
    activity_codes,
    founding_dates,
    growth_rates,
    persons_in_class,
    stretch_to_mean,
)


@dataclass(frozen=True)
class Participants:
    """Units that are linked in some year, and how.

    ``linked`` has shape (P, years). ``priority`` orders the units whose enterprise group is larger. ``planted``
    gives, by indicator, the unit and year of an extreme value; ``kept`` are units whose persons and size code stay as
    they are; ``with_members`` are units whose group also has other units.
    """

    units: Units
    linked: np.ndarray
    priority: np.ndarray
    planted: Mapping[str, tuple[int, int]]
    fixed: np.ndarray
    with_members: np.ndarray
    links: Links

    def __len__(self) -> int:
        return len(self.units)

    def is_fixed(self, index: np.ndarray) -> np.ndarray:
        """Whether units, by index into all units, keep their persons and size code in every year."""
        return np.isin(index, self.fixed)

    def excluded(self, domain: str) -> np.ndarray:
        """List the units that the outlier rule sets aside for `revenue` or `investment` indicators."""
        return np.array(
            [unit for name, (unit, _) in self.planted.items() if (name == "revenue") == (domain == "revenue")]
        )


def build_participants(preset: Preset, seed: int) -> Participants:
    """Build the units of participants and their links, so that the published numbers of linked units follow."""
    generator = random_generator(seed, "participants")
    section, size_class, final = _composition(preset, generator)
    entered = _entries(preset, section, size_class, generator)
    founded_year = _founding_years(preset, section[:final], size_class[:final], entered[:final], generator)
    older = preset.years[0] - 2 - generator.integers(4, 30, len(section) - final)
    founded_year = np.concatenate([founded_year, older])
    persons = _persons(preset, size_class, final, generator)
    candidates = _outlier_candidates(preset, section, size_class, entered, founded_year, persons)
    candidates = candidates[candidates < final]
    years = preset.assumed("participants.planted")
    chosen = generator.permutation(candidates)[: len(years)]
    planted = {name: (int(unit), year) for unit, (name, year) in zip(chosen, years.items(), strict=True)}
    activities = activity_codes(preset, section, generator)
    founded = founding_dates(founded_year, generator)
    plan = LinkBuilder(preset, generator, final, entered, founded, size_class)
    plan.link_all_units(generator.permutation(np.setdiff1d(np.arange(final), chosen)))
    persons[plan.tied] = [9.0, 3.0]
    priority = generator.random(len(section))
    priority[chosen] = -1.0
    always = np.flatnonzero(plan.linked.all(axis=1) & (size_class < 4) & (size_class > 0))
    always = always[np.argsort(priority[always])][: preset.assumed("groups.with_members")]
    priority[always] -= 2.0
    units = Units(
        founded=founded,
        founded_known=np.ones(len(section), dtype=bool),
        entry=np.maximum(founded_year, preset.years[0]).astype(np.int16),
        last=plan.last,
        section=section,
        sbi=activities,
        persons=persons,
        growth=growth_rates(preset, "participant", len(section), generator),
    )
    return Participants(
        units, plan.linked, priority, planted, np.concatenate([chosen, plan.tied]), always, plan.links()
    )


def _composition(preset: Preset, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    """Draw section and size class: first the units linked in the last year, then those linked only before it."""
    section, size_class = [], []
    for letter, counts in preset.assumed("participants.class_counts").items():
        classes = generator.permutation(np.repeat(np.arange(5, dtype=np.int8), counts))
        if letter == "other":
            others = preset.assumed("participants.other_sectors")
            letters = np.repeat([codes.SECTIONS.index(name) for name in others], list(others.values()))
        else:
            letters = np.full(len(classes), codes.SECTIONS.index(letter))
        section.append(letters)
        size_class.append(classes)
    final = sum(map(len, section))
    movers = sum(preset.assumed("participants.movers").values())
    extra = movers + preset.assumed("participants.exits_per_year") * (len(preset.years) - 1)
    section.append(
        generator.choice([codes.SECTIONS.index(name) for name in preset.assumed("participants.late_sectors")], extra)
    )
    size_class.append(generator.choice(np.array([1, 1, 2], dtype=np.int8), extra))
    return np.concatenate(section).astype(np.int8), np.concatenate(size_class).astype(np.int8), final


def _sector_names(preset: Preset, section: np.ndarray) -> np.ndarray:
    """Name the sector of each unit as the assumptions do: C, M, J, G or other."""
    named = [name for name in preset.assumed("participants.class_counts") if name != "other"]
    letters = np.array(list(codes.SECTIONS))[section]
    return np.where(np.isin(letters, named), letters, "other")


def _entries(preset: Preset, section: np.ndarray, size_class: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw the first linked year; units founded during the study are small, and few of industry's micro firms are."""
    first = preset.years[0]
    entered = np.full(len(section), first)
    total_exits = preset.assumed("participants.exits_per_year") * (len(preset.years) - 1)
    movers = sum(preset.assumed("participants.movers").values())
    final = len(section) - total_exits - movers
    names = _sector_names(preset, section[:final])
    young = []
    for name, number in preset.assumed("participants.young_counts").items():
        eligible = np.flatnonzero((names == name) & (size_class[:final] < 3))
        if name == "C":
            micro = generator.permutation(eligible[size_class[eligible] < 2])[
                : preset.assumed("participants.young_micro_industry")
            ]
            eligible = np.concatenate([micro, eligible[size_class[eligible] == 2]])
        young.append(generator.permutation(eligible)[:number])
    young_units = generator.permutation(np.concatenate(young))
    entries = preset.assumed("participants.entries")
    entered[young_units[: sum(entries)]] = np.repeat(preset.years, entries)
    entered[young_units[sum(entries) :]] = -first  # founded in the first year, linked from then on
    return entered


def _founding_years(
    preset: Preset, section: np.ndarray, size_class: np.ndarray, entered: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Draw founding years; the mean age of each sector in the last year is the assumed or published one."""
    first, last = preset.years[0], preset.last_year
    young = entered != first
    waited = (entered > first) & (generator.random(len(entered)) < preset.assumed("participants.waited"))
    founded = np.where(entered < 0, first, entered - waited)
    names = _sector_names(preset, section)
    for name, mean in preset.assumed("participants.mean_age").items():
        members = np.flatnonzero(names == name)
        old = members[~young[members]]
        rest = round(mean * len(members)) - int((last - founded[members[young[members]]]).sum())
        extra = generator.exponential(1.0, len(old)) * (1 + size_class[old] / 4)
        ages = 6 + np.floor(extra / extra.sum() * (rest - 6 * len(old))).astype(np.int64)
        ages[: rest - int(ages.sum())] += 1
        founded[old] = last - ages
    return founded


def _persons(preset: Preset, size_class: np.ndarray, final: int, generator: np.random.Generator) -> np.ndarray:
    """Draw persons employed; the mean of 250+ in the last year is the published one."""
    uniform = generator.random(len(size_class))
    persons = np.empty(len(size_class))
    for number, bounds in enumerate(preset.assumed("persons.ranges")["participant"]):
        members = np.flatnonzero(size_class == number)
        persons[members] = persons_in_class(number, uniform[members], bounds)
    large = np.flatnonzero(size_class[:final] == 4)
    shape = preset.assumed("persons.large")
    scores = normal_scores(generator.random(len(large)), np.zeros(len(large)))
    raw = shape["participant_floor"] + np.exp(shape["log_mean"] + shape["spread"] * scores)
    target = preset.figure("employed_persons", "participant", preset.last_year, size_class="250+")
    persons[large] = stretch_to_mean(raw, shape["participant_floor"], target)
    return persons


def _outlier_candidates(
    preset: Preset,
    section: np.ndarray,
    size_class: np.ndarray,
    entered: np.ndarray,
    founded: np.ndarray,
    persons: np.ndarray,
) -> np.ndarray:
    """List units that can carry an extreme value: old, covered by the survey, in the middle of 10-49."""
    allowed = np.isin(
        section, [codes.SECTIONS.index(letter) for letter in preset.assumed("participants.planted_sectors")]
    )
    middle = (size_class == 2) & (persons > 12) & (persons < 42)
    first = preset.years[0]
    return np.flatnonzero(allowed & middle & (entered == first) & (founded < first))

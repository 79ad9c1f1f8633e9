"""Lumpy investments of every covered unit, and the survey that draws, asks and imputes: the profile `realistic`."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from si_eval.synthetic import cells
from si_eval.synthetic.investments import (
    ASSETS,
    GROUPS,
    NONRESPONSE,
    NOT_SAMPLED,
    OBSERVED,
    SAMPLED_IMPUTED,
    CoveredUnits,
    InvestmentYear,
    cell_means,
    covered_places,
    one_digit_class,
    own_production,
    sampling_fractions,
)
from si_eval.synthetic.randomness import random_generator, truncated_normal
from si_eval.synthetic.register import NON_PARTICIPANT, OTHER_YEARS, Register, RegisterYear

CELLS = 10
FIVE, MAX_DIVISION = 5, 100


def lumpy_investment_year(register: Register, state: RegisterYear) -> InvestmentYear:
    """Draw what every covered unit invests in a year, and what the survey knows of it, in whole euro."""
    generator = random_generator(register.seed, "lumpy investments", state.year)
    place = covered_places(register, state)
    response = _survey(register, state, place, generator)
    frame = CoveredUnits.of(register, state, place, response)
    truth = np.stack([_amounts(frame, asset, generator) for asset in ASSETS])
    observed = response == OBSERVED
    absent = generator.random(truth.shape) < register.preset.assumed("investments.item_nonresponse")
    present = ~(absent & observed) & (response != NONRESPONSE)
    total = np.stack([_imputed(frame, one, generator) for one in truth])
    total = np.where(observed, truth, total) * present
    own = np.stack([own_production(frame, *of, generator) for of in zip(ASSETS, present, total, strict=True)])
    without = (generator.random(len(place)) < register.preset.assumed("investments.without_total")) & observed
    return InvestmentYear(place, response, ~without, present, total, own, truth)


def _survey(register: Register, state: RegisterYear, place: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw a simple random sample in each stratum (division by one-digit size class), and who of it responds."""
    preset, index = register.preset, state.index[place]
    digit = one_digit_class(state, place)
    fraction = sampling_fractions(preset, register.units.section[index], digit)
    fraction[digit == FIVE] = preset.assumed("investments.fraction_of_five")
    _, stratum = np.unique(register.units.division[index] + MAX_DIVISION * digit.astype(np.int64), return_inverse=True)
    size = np.bincount(stratum)
    wanted = np.bincount(stratum, fraction) + generator.random(len(size))
    drawn = np.minimum(np.maximum(np.floor(wanted), preset.assumed("investments.minimum_sample")), size)
    drawn[np.bincount(stratum, digit) == 0] = 0  # units without persons are not asked
    order = np.lexsort((generator.random(len(place)), stratum))
    rank = np.empty(len(place), dtype=np.int64)
    rank[order] = np.arange(len(place)) - np.repeat(np.cumsum(size) - size, size)
    sampled = rank < drawn[stratum]
    responds = generator.random(len(place)) < np.array(preset.assumed("investments.response"))[digit]
    silent = generator.random(len(place)) < preset.assumed("investments.nonresponse")
    known = [sampled & responds, sampled & silent, sampled]
    return np.select(known, [OBSERVED, NONRESPONSE, SAMPLED_IMPUTED], NOT_SAMPLED).astype(np.int8)


def _amounts(frame: CoveredUnits, asset: str, generator: np.random.Generator) -> np.ndarray:
    """Draw what each unit invests in one asset; the means of the cells are those that were published, of all units."""
    preset, size = frame.preset, len(frame.unit)
    keep, spread = preset.assumed("investments.zeros_persist"), preset.assumed("investments.spread")
    own = random_generator(frame.register.seed, f"inclination {asset}").standard_normal(len(frame.register.units))
    inclination = np.sqrt(keep) * own[frame.unit] + np.sqrt(1 - keep) * generator.standard_normal(size)
    others, zeros = frame.status == NON_PARTICIPANT, preset.assumed("investments.zeros")
    share = np.where(others, *(np.array(zeros[name])[frame.size_class] for name in GROUPS))
    ratio = np.exp(spread * truncated_normal(generator, size))
    spikes = preset.assumed("investments.spikes")
    ratio = np.where(generator.random(size) < spikes["share"], spikes["factor"] * ratio, ratio)
    ratio[inclination < ndtri(share)] = 0.0
    counted = (frame.persons > 0) & (frame.status != OTHER_YEARS)
    per_employee = np.empty(size)
    for name, members in zip(GROUPS, (np.flatnonzero(others), np.flatnonzero(~others)), strict=True):
        number = np.bincount(frame.cell[members][counted[members]], minlength=CELLS).reshape(2, 5)
        means = cell_means(preset, asset, name, frame.year, number).ravel()
        per_employee[members] = cells.scale_to_cell_means(ratio[members], frame.cell[members], counted[members], means)
    return np.round(per_employee * np.maximum(frame.persons, 0.1)).astype(np.int64)


def _imputed(frame: CoveredUnits, truth: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Impute near what units of the cell invest per person employed; that imputations are too low is assumed."""
    assumed = frame.preset.assumed
    sums = (np.bincount(frame.cell, of, minlength=CELLS) for of in (truth, frame.persons))
    invested, persons = sums
    per_person = np.divide(invested, persons, out=np.zeros(CELLS), where=persons > 0)
    spread = assumed("investments.imputed_spread")
    near = np.exp(spread * truncated_normal(generator, len(truth)) - spread**2 / 2)
    return np.round(assumed("investments.imputed_part") * near * per_person[frame.cell] * frame.persons).astype(
        np.int64
    )

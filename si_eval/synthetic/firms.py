"""Simulated firms by year with a planted effect: data on which a method can be seen to work, or to fail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from si_eval.errors import StudyError
from si_eval.results import SIMULATION, Simulation
from si_eval.synthetic.randomness import stream

NOTE = "Simulated. No row describes a real firm."
FIRST_COHORT = 3  # years before the first participants enter: the trend before is seen in two steps
PERSISTENCE = 0.6  # of what moves a firm's revenue from year to year
SPREAD, NOISE = 0.5, 0.2  # standard deviations in log points: of firms' levels, and of a year's movement
YEARLY_GROWTH = 0.02  # of all firms, in log points
PERSONS = (6, 30, 120)  # employed in each of the three sizes
SHARES = (0.6, 0.3, 0.1)  # of firms in each size
FADES = 0.15  # of the effect: what each later cohort has less of it


@dataclass(frozen=True)
class SimulatedFirms:
    """Firms by year, and the truth.

    ``frame`` has ``firm, year, participant`` (1 from the year of entry on), ``entry_year`` (missing: never),
    ``employed_persons, revenue``. ``truth`` has the mean planted effect on the participants, in log points of revenue:
    ``cohort, year, event`` (years since entry) ``effect, n_firms``.
    """

    frame: pd.DataFrame
    truth: pd.DataFrame


def simulate_firms(
    *,
    firms: int = 4_000,
    participants: int = 400,
    first_year: int = 2012,
    years: int = 8,
    effect: float = 0.05,
    growth: float = 0.02,
    selection: float = 1.0,
    size_trend: float = 0.02,
    departure: float = 0.0,
    seed: int = 1,
) -> SimulatedFirms:
    """Simulate firms of which some enter a programme, year after year, and gain from it.

    The log of revenue per person employed is a level of the firm, a common trend, a trend of its size (``size_trend``
    log points a year for each size up), an autoregressive movement, and for participants ``effect`` log points in the
    year of entry and ``growth`` more each further year; later cohorts gain less. ``selection`` says how strongly firms
    with a high level, and large ones, are drawn to take part (0: at random): then neither levels nor changes compare
    fairly without regard to size. ``departure`` is what participants grow faster by each year without the programme:
    above 0 the assumption of parallel trends is false.

    Raises `StudyError` for numbers that leave no firm without, or no year before, participation.
    """
    if not 0 < participants < firms:
        raise StudyError(
            f"participants: found {participants} of {firms} firms; expected fewer than all and at least one; change one"
        )
    if years < FIRST_COHORT + 2:
        raise StudyError(f"years: found {years}; expected at least {FIRST_COHORT + 2}; simulate more years")
    generator = stream(seed, "firms")
    calendar = first_year + np.arange(years)
    size = generator.choice(len(PERSONS), firms, p=SHARES)
    standing = generator.standard_normal(firms)
    appeal = selection * (standing + size) + generator.gumbel(size=firms)
    entry = np.full(firms, np.iinfo(np.int64).max)
    drawn = np.argsort(-appeal, kind="stable")[:participants]
    entry[drawn] = generator.integers(first_year + FIRST_COHORT, first_year + years, participants)
    since = calendar[None, :] - entry[:, None]
    takes_part = since >= 0
    cohort = np.where(entry > calendar[-1], 0, entry - first_year - FIRST_COHORT)
    gain = np.where(takes_part, (effect + growth * since) * (1 - FADES * cohort[:, None]), 0.0)
    ever = (entry <= calendar[-1])[:, None]
    trend = (YEARLY_GROWTH + size_trend * size[:, None] + departure * ever) * np.arange(years)
    logs = np.log(100_000) + SPREAD * standing[:, None] + trend + gain + _movement(generator, firms, years)
    persons = np.array(PERSONS)[size][:, None]
    frame = pd.DataFrame(
        {
            "firm": np.repeat(np.arange(1, firms + 1), years),
            "year": np.tile(calendar, firms),
            "participant": takes_part.ravel().astype(int),
            "entry_year": pd.array(np.repeat(entry, years), dtype="Int64"),
            "employed_persons": np.repeat(persons, years, axis=1).ravel(),
            "revenue": np.round(np.exp(logs) * persons).ravel(),
        }
    )
    frame.loc[frame["entry_year"] > calendar[-1], "entry_year"] = pd.NA
    frame.attrs[SIMULATION] = Simulation("firms", 1.0, seed, NOTE)
    return SimulatedFirms(frame, _truth(frame, gain))


def _movement(generator: np.random.Generator, firms: int, years: int) -> np.ndarray:
    """Draw a stationary autoregressive movement, shape (firms, years)."""
    shocks = NOISE * generator.standard_normal((firms, years))
    movement = shocks.copy()
    for year in range(1, years):
        movement[:, year] = PERSISTENCE * movement[:, year - 1] + np.sqrt(1 - PERSISTENCE**2) * shocks[:, year]
    return movement


def _truth(frame: pd.DataFrame, gain: np.ndarray) -> pd.DataFrame:
    """Average the planted effect over the firms of each cohort, by year."""
    rows = frame.assign(effect=gain.ravel())[frame["participant"] == 1]
    groups = rows.groupby(["entry_year", "year"], as_index=False)
    cells = groups.agg(effect=("effect", "mean"), n_firms=("firm", "size"))
    cells = cells.rename(columns={"entry_year": "cohort"}).astype({"cohort": "int64"})
    return cells.assign(event=cells["year"] - cells["cohort"])[["cohort", "year", "event", "effect", "n_firms"]]

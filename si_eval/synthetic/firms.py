"""Simulated firms by year with a known effect, to see whether a method works."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from si_eval.arguments import Arguments
from si_eval.results import SIMULATION, Simulation
from si_eval.synthetic.randomness import random_generator

NOTE = "Simulated. No row describes a real firm."
MAX_YEARS = 100
YEARS_BEFORE_ENTRY = 3  # years before the first entry: enough for two changes before treatment
PERSISTENCE = 0.6  # autocorrelation of log revenue around its trend
FIRM_SD, YEAR_SD = 0.5, 0.2  # standard deviations in log points: between firms, and of yearly shocks
YEARLY_GROWTH = 0.02  # of all firms, in log points
PERSONS_BY_SIZE = (6, 30, 120)  # employed in each of the three sizes
SIZE_SHARES = (0.6, 0.3, 0.1)  # of firms in each size
COHORT_DECLINE = 0.15  # each later cohort has this share less of the effect


@dataclass(frozen=True)
class SimulatedFirms:
    """Simulated firms by year, with the true effect, from `simulate_firms`.

    Attributes
    ----------
    frame : DataFrame
        One row a firm and year: ``firm, year, participant`` (1 from the year of entry on), ``entry_year`` (missing:
        never), ``employed_persons``, ``revenue`` (euro).
    truth : DataFrame
        The mean effect on the participants, one row a cohort and year: ``cohort, year, event`` (years since entry),
        ``effect`` (log points of revenue), ``n_firms``.

    Examples
    --------
    >>> import si_eval as se
    >>> firms = se.simulate_firms(firms=40, participants=8, years=5)
    >>> firms.frame.columns.tolist()
    ['firm', 'year', 'participant', 'entry_year', 'employed_persons', 'revenue']
    >>> firms.truth.head(3).round(3)
       cohort  year  event  effect  n_firms
    0    2015  2015      0   0.050        3
    1    2015  2016      1   0.070        3
    2    2016  2016      0   0.042        5
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
    r"""Simulate firms of which some enter a programme, year after year, with a known effect on revenue.

    Use it to see what a method finds when the truth is known, with or without parallel trends. With ``selection`` above
    0, large firms and firms with a high level are more likely to take part: then neither levels nor changes compare
    fairly without regard to size.

    Parameters
    ----------
    firms : int
        Number of firms.
    participants : int
        Number of participants among them, at least one and fewer than all.
    first_year : int
        First calendar year.
    years : int
        Number of years, at least 5. The first participants enter after 3 years.
    effect : float
        Effect in the year of entry, in log points of revenue.
    growth : float
        What the effect grows by each further year, in log points. Each later cohort has 15% less of the effect.
    selection : float
        How strongly participation depends on size and level; 0 is at random.
    size_trend : float
        What firms grow faster by each year for each of the three sizes up, in log points.
    departure : float
        What participants grow faster by each year without the programme, in log points. Other than 0 the assumption of
        parallel trends is false.
    seed : int
        The same seed gives the same firms.

    Returns
    -------
    SimulatedFirms
        ``frame``, for `panel_from_frame`, and ``truth``, the mean effect by cohort and year.

    Raises
    ------
    StudyError
        With every argument that is wrong: no firms without participation, too few years, effects out of range.

    Notes
    -----
    The log of revenue per person employed of firm :math:`i` of size :math:`s_i` in year :math:`t` is

    .. math:: \log y_{it} = \alpha_i + (0.02 + \gamma s_i + \delta D_i) t + \tau_{it} + u_{it}, \quad
              u_{it} = 0.6 u_{i,t-1} + e_{it}

    with :math:`\gamma` ``size_trend``, :math:`\delta` ``departure``, :math:`D_i` whether the firm ever takes part, and
    :math:`\tau_{it}` = (``effect`` + ``growth`` × years since entry) × (1 - 0.15 × cohort), 0 without participation.

    Examples
    --------
    >>> import si_eval as se
    >>> firms = se.simulate_firms(firms=200, participants=40, years=6, seed=1)
    >>> firms.truth.query("cohort == 2015").round(3)
       cohort  year  event  effect  n_firms
    0    2015  2015      0    0.05       12
    1    2015  2016      1    0.07       12
    2    2015  2017      2    0.09       12
    >>> panel = se.panel_from_frame(
    ...     firms.frame, unit="firm", year="year", participant="participant", revenue="revenue",
    ...     employed_persons="employed_persons", entry_year="entry_year",
    ... )
    >>> panel.per_year[2015]
    200
    """
    arguments = Arguments("simulate_firms")
    firms = arguments.whole("firms", firms, least=2)
    participants = arguments.whole("participants", participants, least=1)
    if not arguments.problems and participants >= firms:
        arguments.add("participants", f"{participants} of {firms} firms", "fewer than all", "change one of the two")
    first_year = arguments.whole("first_year", first_year)
    years = arguments.whole(
        "years", years, least=YEARS_BEFORE_ENTRY + 2, most=MAX_YEARS, action="simulate more years, or fewer"
    )
    arguments.number("effect", effect, least=-5, most=5, action="write 0.05 for about 5 percent")
    arguments.number("selection", selection)
    for name, value in (("growth", growth), ("size_trend", size_trend), ("departure", departure)):
        arguments.number(name, value, least=-1, most=1, action="write 0.02 for about 2 percent a year")
    seed = arguments.whole("seed", seed, least=0)
    arguments.refuse_problems()
    generator = random_generator(seed, "firms")
    calendar = first_year + np.arange(years)
    size = generator.choice(len(PERSONS_BY_SIZE), firms, p=SIZE_SHARES)
    firm_level = generator.standard_normal(firms)
    participation_score = selection * (firm_level + size) + generator.gumbel(size=firms)
    entry = np.full(firms, np.iinfo(np.int64).max)
    drawn = np.argsort(-participation_score, kind="stable")[:participants]
    entry[drawn] = generator.integers(first_year + YEARS_BEFORE_ENTRY, first_year + years, participants)
    event_time = calendar[None, :] - entry[:, None]
    treated = event_time >= 0
    cohort = np.where(entry > calendar[-1], 0, entry - first_year - YEARS_BEFORE_ENTRY)
    planted_effect = np.where(treated, (effect + growth * event_time) * (1 - COHORT_DECLINE * cohort[:, None]), 0.0)
    ever_treated = (entry <= calendar[-1])[:, None]
    log_trend = (YEARLY_GROWTH + size_trend * size[:, None] + departure * ever_treated) * np.arange(years)
    logs = (
        np.log(100_000)
        + FIRM_SD * firm_level[:, None]
        + log_trend
        + planted_effect
        + _autoregressive_noise(generator, firms, years)
    )
    persons = np.array(PERSONS_BY_SIZE)[size][:, None]
    frame = pd.DataFrame(
        {
            "firm": np.repeat(np.arange(1, firms + 1), years),
            "year": np.tile(calendar, firms),
            "participant": treated.ravel().astype(int),
            "entry_year": pd.array(np.repeat(entry, years), dtype="Int64"),
            "employed_persons": np.repeat(persons, years, axis=1).ravel(),
            "revenue": np.round(np.exp(logs) * persons).ravel(),
        }
    )
    frame.loc[frame["entry_year"] > calendar[-1], "entry_year"] = pd.NA
    frame.attrs[SIMULATION] = Simulation("firms", 1.0, seed, NOTE).to_attrs()
    return SimulatedFirms(frame, _truth(frame, planted_effect))


def _autoregressive_noise(generator: np.random.Generator, firms: int, years: int) -> np.ndarray:
    """Draw stationary autoregressive noise, shape (firms, years)."""
    shocks = YEAR_SD * generator.standard_normal((firms, years))
    movement = shocks.copy()
    for year in range(1, years):
        movement[:, year] = PERSISTENCE * movement[:, year - 1] + np.sqrt(1 - PERSISTENCE**2) * shocks[:, year]
    return movement


def _truth(frame: pd.DataFrame, planted_effect: np.ndarray) -> pd.DataFrame:
    """Compute the mean planted effect of each cohort by year."""
    rows = frame.assign(effect=planted_effect.ravel())[frame["participant"] == 1]
    groups = rows.groupby(["entry_year", "year"], as_index=False)
    cells = groups.agg(effect=("effect", "mean"), n_firms=("firm", "size"))
    cells = cells.rename(columns={"entry_year": "cohort"}).astype({"cohort": "int64"})
    return cells.assign(event=cells["year"] - cells["cohort"])[["cohort", "year", "event", "effect", "n_firms"]]

"""What an extract contains, before any layout gives it files and columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from si_eval.synthetic.events import Events, build_events
from si_eval.synthetic.groups import GroupState, group_state
from si_eval.synthetic.investments import InvestmentYear, investment_year
from si_eval.synthetic.persons import Persons, build_persons
from si_eval.synthetic.register import Register, YearState, build_register, year_state
from si_eval.synthetic.targets import Preset
from si_eval.synthetic.turnover import TurnoverYear, solve_tilt, turnover_year


@dataclass(frozen=True)
class Lasting:
    """What is not split by year: all units, all legal persons, the events."""

    register: Register
    persons: Persons
    events: Events


@dataclass(frozen=True)
class Year:
    """What belongs to one year; ``survey`` is missing in years without investments."""

    state: YearState
    groups: GroupState
    turnover: TurnoverYear
    survey: InvestmentYear | None


def build_lasting(preset: Preset, scale: float, seed: int) -> Lasting:
    """Build everything that is not split by year."""
    register = build_register(preset, scale, seed)
    return Lasting(register, build_persons(register), build_events(register))


def build_years(register: Register) -> Iterator[Year]:
    """Build the years one by one, so that only one is in memory."""
    tilt = solve_tilt(register)
    for year in register.preset.years:
        state = year_state(register, year)
        survey = investment_year(register, state) if year in register.preset.investment_years else None
        yield Year(state, group_state(register, state), turnover_year(register, state, tilt), survey)

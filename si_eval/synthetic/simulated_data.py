"""The simulated data of an extract, before a layout writes it to files and columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from si_eval.synthetic.events import Events, build_events
from si_eval.synthetic.groups import GroupYear, group_year
from si_eval.synthetic.investments import InvestmentYear, investment_year
from si_eval.synthetic.lumpy_investments import lumpy_investment_year
from si_eval.synthetic.persons import Persons, build_persons
from si_eval.synthetic.register import Register, RegisterYear, build_register, register_year
from si_eval.synthetic.targets import Preset
from si_eval.synthetic.turnover import TurnoverYear, solve_size_exponent, turnover_year


@dataclass(frozen=True)
class StaticData:
    """The data that is not split by year: units, legal persons and events."""

    register: Register
    persons: Persons
    events: Events


@dataclass(frozen=True)
class YearData:
    """The data of one year; ``survey`` is None in years without investments."""

    state: RegisterYear
    groups: GroupYear
    turnover: TurnoverYear
    survey: InvestmentYear | None


def build_static_data(preset: Preset, scale: float, seed: int) -> StaticData:
    """Build the data that is not split by year."""
    register = build_register(preset, scale, seed)
    return StaticData(register, build_persons(register), build_events(register))


def build_year_data(register: Register) -> Iterator[YearData]:
    """Build the data of the years one by one, so that only one is in memory."""
    size_exponent = solve_size_exponent(register)
    survey_year = lumpy_investment_year if register.preset.is_realistic else investment_year
    for year in register.preset.years:
        state = register_year(register, year)
        survey = survey_year(register, state) if year in register.preset.investment_years else None
        yield YearData(state, group_year(register, state), turnover_year(register, state, size_exponent), survey)

"""The layout of the Dutch statistical office: its file names and variables of 2014-2020."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from si_eval.synthetic.code_columns import municipality_column, sbi_column, size_code_column
from si_eval.synthetic.events import EVENTS
from si_eval.synthetic.groups import GroupYear
from si_eval.synthetic.investments import (
    ASSETS,
    NONRESPONSE,
    NOT_SAMPLED,
    OBSERVED,
    InvestmentYear,
    components,
)
from si_eval.synthetic.links import OPEN
from si_eval.synthetic.persons import fieldlab_names, last_day
from si_eval.synthetic.randomness import random_generator
from si_eval.synthetic.register import Register, RegisterYear
from si_eval.synthetic.simulated_data import StaticData, YearData
from si_eval.synthetic.tables import (
    Table,
    categorical_column,
    hexadecimal_column,
    integer_date_column,
    nullable_column,
    shuffled_table,
    text_column,
)
from si_eval.synthetic.turnover import TurnoverYear

CBS_ASSETS = dict(zip(ASSETS, ("C010", "C011", "C012", "C015"), strict=True))
REGISTER_START = np.datetime64("2005-07-01")  # units that existed before have this date of start
EURO_PER_UNIT = 1000  # the office counts investments in thousand euro
REVISED_YEAR = 2018  # the year that also has a provisional version of the investments
PROVISIONAL_SHARE = 0.1
SPACED_YEAR = 2014  # file names of this year have a space before the year


def static_tables(static: StaticData) -> Iterator[Table]:
    """Build the list of participants, as it was uploaded; all else is split by year."""
    register, persons = static.register, static.persons
    rows = len(persons.list_fieldlab)
    nothing = np.ones(rows, dtype=bool)
    yield shuffled_table(
        "Deelnemers",
        {
            "KvKnummer": hexadecimal_column(persons.list_kvk),
            "fieldlab": categorical_column(
                persons.list_fieldlab, fieldlab_names(register.preset.assumed("participants.fieldlabs"))
            ),
            "datum_toetreding": nullable_column(np.zeros(rows, dtype=np.int64), nothing),
            "intensiteit": nullable_column(np.zeros(rows), nothing),
        },
        register.seed,
    )


def year_tables(static: StaticData, year: YearData) -> Iterator[Table]:
    """Build the tables of one year."""
    yield from _register_tables(static.register, year.state, year.groups)
    yield _turnover_table(static.register, year.state, year.turnover)
    if year.survey is not None:
        yield from _investment_tables(static.register, year.state, year.survey)
    yield from _link_tables(static, year.state.year)


def _file_name(stem: str, year: int, version: int = 1) -> str:
    """Name a file of the ABR that has a space before the year in 2014."""
    return f"{stem}{' ' if year == SPACED_YEAR else ''}{year}V{version}"


def _register_tables(register: Register, state: RegisterYear, groups: GroupYear) -> Iterator[Table]:
    """Build the tables of units, their demography, the enterprise groups and the links between them, of a year."""
    index, seed, year = state.index, register.seed, state.year
    founded = register.units.founded[index]
    known = founded.copy()
    known[~register.units.founded_known[index]] = np.datetime64("NaT")
    left = np.where(register.units.last[index] == year, last_day(register.units.last[index]), np.datetime64("NaT", "D"))
    if year == register.preset.last_year:
        left = np.full(len(index), np.datetime64("NaT", "D"))
    be_id = register.be_id[index]
    yield shuffled_table(
        f"BE_ABR{year}V2",
        {
            "BE_ID": be_id,
            "RBE_DatumOntstaanToepassing": integer_date_column(np.maximum(founded, REGISTER_START)),
            "RBE_DatumOpheffingToepassing": integer_date_column(left),
            "RBE_SBIGecoordineerd": sbi_column(register, index),
            "RBE_GKSBSGecoordineerd": size_code_column(state.code),
            "RBE_WerkzamePersonen": state.persons,
            "gemcode": municipality_column(register, index),
        },
        seed,
    )
    yield shuffled_table(f"BDK{year}V1", {"BE_ID": be_id, "oprichtingsdatumbedrijf": integer_date_column(known)}, seed)
    yield shuffled_table(
        _file_name("OG_ABR", year),
        {
            "ROG_Identificatie": register.group_id[groups.index],
            "ROG_WerkzamePersonen": groups.persons,
            "ROG_GKSBSGecoordineerd": size_code_column(groups.code),
        },
        seed,
    )
    group = register.group[index]
    member = group >= 0
    yield shuffled_table(
        _file_name("BE_OG_ABR", year),
        {"BE_ID": be_id[member], "ROG_Identificatie": register.group_id[group[member]]},
        seed,
    )


def _turnover_table(register: Register, state: RegisterYear, turnover: TurnoverYear) -> Table:
    """Build the table of quarterly turnover of a year."""
    place, quarter = np.nonzero(turnover.has_row)
    return shuffled_table(
        f"DRT_BEID{state.year}V1",
        {
            "BEID": register.be_id[state.index[place]],
            "JAAR": np.full(len(place), state.year),
            "KWARTAAL": quarter + 1,
            "OMZET": nullable_column(
                turnover.quarters[place, quarter].astype(float), ~turnover.has_value[place, quarter]
            ),
        },
        register.seed,
    )


def _investment_tables(register: Register, state: RegisterYear, survey: InvestmentYear) -> Iterator[Table]:
    """Build the investments of a year, one row a unit, in thousand euro; for one year a provisional version too."""
    provisional = np.ones(len(survey.place))
    if state.year == REVISED_YEAR:
        draws = random_generator(register.seed, "provisional", state.year).random((2, len(survey.place)))
        provisional = np.where(draws[0] < PROVISIONAL_SHARE, 0.7 + 0.6 * draws[1], 1.0)
        yield _wide_table(register, state, survey, 1, provisional)
    yield _wide_table(register, state, survey, 2, np.ones(len(survey.place)))


def _wide_table(
    register: Register, state: RegisterYear, survey: InvestmentYear, version: int, factor: np.ndarray
) -> Table:
    """Build one version of a year's investments, its amounts multiplied by a factor, shape (K,)."""
    index = state.index[survey.place]
    observed, silent = survey.response == OBSERVED, survey.response == NONRESPONSE
    first = np.where(observed, 0, np.where(survey.response == NOT_SAMPLED, 1, 2))
    columns: dict[str, pa.Array | np.ndarray] = {
        "Verslagjaar": np.full(len(index), state.year),
        "Beid": register.be_id[index],
        "SBI08_5d": sbi_column(register, index),
        "GKSBS": size_code_column(state.code[survey.place]),
        "Kwaliteit_1": categorical_column(first, ("A", "F", "E")),
        "Kwaliteit_2": categorical_column(np.where(observed, 0, np.where(silent, 2, 1)), ("A", "Y", "B")),
    }
    for asset, name in enumerate(ASSETS):
        parts = components(register, state.year, survey, asset)
        answered = survey.present[asset]
        for suffix, amount in enumerate(parts, start=1):
            columns[f"{CBS_ASSETS[name]}00{suffix}"] = nullable_column(
                _to_thousands(amount, factor), ~(answered & observed)
            )
        columns[f"{CBS_ASSETS[name]}004"] = nullable_column(
            _to_thousands(survey.total[asset], factor), ~(answered & survey.has_total)
        )
    return shuffled_table(f"Investeringen_nationaal{state.year}V{version}", columns, register.seed)


def _to_thousands(amount: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Turn whole euros into thousands of euros."""
    return np.round(amount * factor) / EURO_PER_UNIT


def _link_tables(static: StaticData, year: int) -> Iterator[Table]:
    """Build the tables of persons, their links to units that overlap a year, and the events of that year."""
    register, persons, events = static.register, static.persons, static.events
    first, last = np.datetime64(f"{year}-01-01"), np.datetime64(f"{year}-12-31")
    overlaps = (persons.link_start <= last) & (np.isnat(persons.link_end) | (persons.link_end >= first))
    chosen = np.flatnonzero(overlaps)
    end = persons.link_end[chosen]
    yield shuffled_table(
        _file_name("BE_persoon_ABR", year),
        {
            "PERSOON_IDENTIFICATIE": text_column(persons.person_id[persons.link_person[chosen]]),
            "BE_ID": persons.link_be_id[chosen],
            "ROP_DatumOntstaanToepassing": integer_date_column(persons.link_start[chosen]),
            "ROP_DatumOpheffingToepassing": integer_date_column(np.where(np.isnat(end), OPEN, end)),
        },
        register.seed,
    )
    yield shuffled_table(
        f"CBS_persoon_KvK_FIN_ABR{year}V1",
        {
            "VEP_KvKNummer_crypt": hexadecimal_column(persons.kvk),
            "PERSOON_IDENTIFICATIE": text_column(persons.person_id),
        },
        register.seed,
    )
    of_year = np.flatnonzero(events.year == year)
    event_codes = np.array(list(EVENTS.values()))
    yield shuffled_table(
        f"BE_eventbijdragen_ABR{year}V1",
        {"BE_ID": register.be_id[events.unit[of_year]], "StatistischeEvent": event_codes[events.kind[of_year]]},
        register.seed,
    )

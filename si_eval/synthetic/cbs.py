"""The layout of the Dutch statistical office: its file names and variables of 2014-2020."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from si_eval.synthetic.content import Lasting, Year
from si_eval.synthetic.events import EVENTS
from si_eval.synthetic.groups import GroupState
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
from si_eval.synthetic.randomness import stream
from si_eval.synthetic.register import Register, YearState
from si_eval.synthetic.spelling import municipality_words, sbi_words, size_code_words
from si_eval.synthetic.tables import Table, compact_dates, digits, hexadecimal, numbers, table, words
from si_eval.synthetic.turnover import TurnoverYear

CBS_ASSETS = dict(zip(ASSETS, ("C010", "C011", "C012", "C015"), strict=True))
REGISTER_START = np.datetime64("2005-07-01")  # earlier starts of units are not known to the register
THOUSAND = 1000
REVISED_YEAR = 2018  # the year whose investments are also there in a provisional version
PROVISIONAL_SHARE = 0.1
SPACED_YEAR = 2014  # file names of this year have a space before the year


def lasting_tables(lasting: Lasting) -> Iterator[Table]:
    """Give the list of participants as it was uploaded; all else is split by year."""
    register, persons = lasting.register, lasting.persons
    rows = len(persons.list_fieldlab)
    nothing = np.ones(rows, dtype=bool)
    yield table(
        "Deelnemers",
        {
            "KvKnummer": hexadecimal(persons.list_kvk),
            "fieldlab": words(persons.list_fieldlab, fieldlab_names(register.preset.assumed("participants.fieldlabs"))),
            "datum_toetreding": numbers(np.zeros(rows, dtype=np.int64), nothing),
            "intensiteit": numbers(np.zeros(rows), nothing),
        },
        register.seed,
    )


def year_tables(lasting: Lasting, year: Year) -> Iterator[Table]:
    """Give the tables of one year."""
    yield from _register_tables(lasting.register, year.state, year.groups)
    yield _turnover_table(lasting.register, year.state, year.turnover)
    if year.survey is not None:
        yield from _investment_tables(lasting.register, year.state, year.survey)
    yield from _link_tables(lasting, year.state.year)


def _file_name(stem: str, year: int, version: int = 1) -> str:
    """Name a file of the ABR that has a space before the year in 2014."""
    return f"{stem}{' ' if year == SPACED_YEAR else ''}{year}V{version}"


def _register_tables(register: Register, state: YearState, groups: GroupState) -> Iterator[Table]:
    """Give the business units, their demography, the enterprise groups and the link between them, of a year."""
    index, seed, year = state.index, register.seed, state.year
    founded = register.units.founded[index]
    known = founded.copy()
    known[~register.units.founded_known[index]] = np.datetime64("NaT")
    left = np.where(register.units.last[index] == year, last_day(register.units.last[index]), np.datetime64("NaT", "D"))
    if year == register.preset.last_year:
        left = np.full(len(index), np.datetime64("NaT", "D"))
    be_id = register.be_id[index]
    yield table(
        f"BE_ABR{year}V2",
        {
            "BE_ID": be_id,
            "RBE_DatumOntstaanToepassing": compact_dates(np.maximum(founded, REGISTER_START)),
            "RBE_DatumOpheffingToepassing": compact_dates(left),
            "RBE_SBIGecoordineerd": sbi_words(register, index),
            "RBE_GKSBSGecoordineerd": size_code_words(state.code),
            "RBE_WerkzamePersonen": state.persons,
            "gemcode": municipality_words(register, index),
        },
        seed,
    )
    yield table(f"BDK{year}V1", {"BE_ID": be_id, "oprichtingsdatumbedrijf": compact_dates(known)}, seed)
    yield table(
        _file_name("OG_ABR", year),
        {
            "ROG_Identificatie": register.group_id[groups.index],
            "ROG_WerkzamePersonen": groups.persons,
            "ROG_GKSBSGecoordineerd": size_code_words(groups.code),
        },
        seed,
    )
    group = register.group[index]
    member = group >= 0
    yield table(
        _file_name("BE_OG_ABR", year),
        {"BE_ID": be_id[member], "ROG_Identificatie": register.group_id[group[member]]},
        seed,
    )


def _turnover_table(register: Register, state: YearState, turnover: TurnoverYear) -> Table:
    """Give the turnover quarters of a year."""
    place, quarter = np.nonzero(turnover.has_row)
    return table(
        f"DRT_BEID{state.year}V1",
        {
            "BEID": register.be_id[state.index[place]],
            "JAAR": np.full(len(place), state.year),
            "KWARTAAL": quarter + 1,
            "OMZET": numbers(turnover.quarters[place, quarter].astype(float), ~turnover.has_value[place, quarter]),
        },
        register.seed,
    )


def _investment_tables(register: Register, state: YearState, survey: InvestmentYear) -> Iterator[Table]:
    """Give the investments of a year, one row a unit, in thousand euro; of one year a provisional version too."""
    provisional = np.ones(len(survey.place))
    if state.year == REVISED_YEAR:
        draws = stream(register.seed, "provisional", state.year).random((2, len(survey.place)))
        provisional = np.where(draws[0] < PROVISIONAL_SHARE, 0.7 + 0.6 * draws[1], 1.0)
        yield _wide(register, state, survey, 1, provisional)
    yield _wide(register, state, survey, 2, np.ones(len(survey.place)))


def _wide(register: Register, state: YearState, survey: InvestmentYear, version: int, factor: np.ndarray) -> Table:
    """Give one version of a year's investments, its amounts multiplied by a factor, shape (K,)."""
    index = state.index[survey.place]
    observed, silent = survey.response == OBSERVED, survey.response == NONRESPONSE
    first = np.where(observed, 0, np.where(survey.response == NOT_SAMPLED, 1, 2))
    columns: dict[str, pa.Array | np.ndarray] = {
        "Verslagjaar": np.full(len(index), state.year),
        "Beid": register.be_id[index],
        "SBI08_5d": sbi_words(register, index),
        "GKSBS": size_code_words(state.code[survey.place]),
        "Kwaliteit_1": words(first, ("A", "F", "E")),
        "Kwaliteit_2": words(np.where(observed, 0, np.where(silent, 2, 1)), ("A", "Y", "B")),
    }
    for asset, name in enumerate(ASSETS):
        parts = components(register, state.year, survey, asset)
        answered = survey.present[asset]
        for suffix, amount in enumerate(parts, start=1):
            columns[f"{CBS_ASSETS[name]}00{suffix}"] = numbers(_thousands(amount, factor), ~(answered & observed))
        columns[f"{CBS_ASSETS[name]}004"] = numbers(
            _thousands(survey.total[asset], factor), ~(answered & survey.has_total)
        )
    return table(f"Investeringen_nationaal{state.year}V{version}", columns, register.seed)


def _thousands(amount: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Turn whole euros into thousands of euros."""
    return np.round(amount * factor) / THOUSAND


def _link_tables(lasting: Lasting, year: int) -> Iterator[Table]:
    """Give the persons, their links to units that overlap a year, and the events of that year."""
    register, persons, events = lasting.register, lasting.persons, lasting.events
    first, last = np.datetime64(f"{year}-01-01"), np.datetime64(f"{year}-12-31")
    overlaps = (persons.link_start <= last) & (np.isnat(persons.link_end) | (persons.link_end >= first))
    chosen = np.flatnonzero(overlaps)
    end = persons.link_end[chosen]
    yield table(
        _file_name("BE_persoon_ABR", year),
        {
            "PERSOON_IDENTIFICATIE": digits(persons.person_id[persons.link_person[chosen]]),
            "BE_ID": persons.link_be_id[chosen],
            "ROP_DatumOntstaanToepassing": compact_dates(persons.link_start[chosen]),
            "ROP_DatumOpheffingToepassing": compact_dates(np.where(np.isnat(end), OPEN, end)),
        },
        register.seed,
    )
    yield table(
        f"CBS_persoon_KvK_FIN_ABR{year}V1",
        {"VEP_KvKNummer_crypt": hexadecimal(persons.kvk), "PERSOON_IDENTIFICATIE": digits(persons.person_id)},
        register.seed,
    )
    of_year = np.flatnonzero(events.year == year)
    event_codes = np.array(list(EVENTS.values()))
    yield table(
        f"BE_eventbijdragen_ABR{year}V1",
        {"BE_ID": register.be_id[events.unit[of_year]], "StatistischeEvent": event_codes[events.kind[of_year]]},
        register.seed,
    )

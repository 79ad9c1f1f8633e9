"""The canonical layout: the tables and columns that si_eval reads without a mapping."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from si_eval.synthetic.content import Lasting, Year
from si_eval.synthetic.events import EVENTS
from si_eval.synthetic.groups import GroupState
from si_eval.synthetic.investments import ASSETS, NONRESPONSE, OBSERVED, InvestmentYear, components
from si_eval.synthetic.persons import fieldlab_names
from si_eval.synthetic.register import Register, YearState
from si_eval.synthetic.spelling import municipality_words, sbi_words, size_code_words
from si_eval.synthetic.tables import Table, dates, digits, hexadecimal, numbers, table, words
from si_eval.synthetic.turnover import TurnoverYear

COMPONENT_WORDS = ("new", "second_hand", "standard", "custom", "own_production", "total")
RESPONSE_WORDS = ("observed", "imputed", "nonresponse")
OWN, TOTAL = 4, 5


def lasting_tables(lasting: Lasting) -> Iterator[Table]:
    """Give the tables that are not split by year."""
    register, persons, events = lasting.register, lasting.persons, lasting.events
    preset, seed = register.preset, register.seed
    rows = len(persons.list_fieldlab)
    yield table(
        "participants",
        {
            "kvk_id": hexadecimal(persons.list_kvk),
            "fieldlab": words(persons.list_fieldlab, fieldlab_names(preset.assumed("participants.fieldlabs"))),
            "entry_date": dates(np.full(rows, np.datetime64("NaT", "D"))),
            "intensity": numbers(np.zeros(rows), np.ones(rows, dtype=bool)),
        },
        seed,
    )
    yield table("kvk_person", {"kvk_id": hexadecimal(persons.kvk), "person_id": digits(persons.person_id)}, seed)
    yield table(
        "person_business_unit",
        {
            "person_id": digits(persons.person_id[persons.link_person]),
            "be_id": persons.link_be_id,
            "start": dates(persons.link_start),
            "end": dates(persons.link_end),
        },
        seed,
    )
    yield table(
        "events",
        {"be_id": register.be_id[events.unit], "year": events.year, "event": words(events.kind, list(EVENTS))},
        seed,
    )


def year_tables(lasting: Lasting, year: Year) -> Iterator[Table]:
    """Give the tables of one year."""
    yield from _register_tables(lasting.register, year.state, year.groups)
    yield _turnover_table(lasting.register, year.state, year.turnover)
    if year.survey is not None:
        yield _investment_table(lasting.register, year.state, year.survey)


def _register_tables(register: Register, state: YearState, groups: GroupState) -> Iterator[Table]:
    """Give the business units and the enterprise groups of a year."""
    index, seed, year = state.index, register.seed, state.year
    group = register.group[index]
    founded = register.units.founded[index].copy()
    founded[~register.units.founded_known[index]] = np.datetime64("NaT")
    yield table(
        f"business_units_{year}",
        {
            "be_id": register.be_id[index],
            "year": np.full(len(index), year),
            "employed_persons": state.persons,
            "size_code": size_code_words(state.code),
            "sbi": sbi_words(register, index),
            "founded": dates(founded),
            "group_id": numbers(register.group_id[group], group < 0),
            "municipality": municipality_words(register, index),
        },
        seed,
    )
    yield table(
        f"enterprise_groups_{year}",
        {
            "group_id": register.group_id[groups.index],
            "year": np.full(len(groups.index), year),
            "employed_persons": groups.persons,
            "size_code": size_code_words(groups.code),
        },
        seed,
    )


def _turnover_table(register: Register, state: YearState, turnover: TurnoverYear) -> Table:
    """Give the turnover quarters of a year."""
    place, quarter = np.nonzero(turnover.has_row)
    return table(
        f"turnover_{state.year}",
        {
            "be_id": register.be_id[state.index[place]],
            "year": np.full(len(place), state.year),
            "quarter": quarter + 1,
            "turnover": numbers(turnover.quarters[place, quarter].astype(float), ~turnover.has_value[place, quarter]),
        },
        register.seed,
    )


def _investment_table(register: Register, state: YearState, survey: InvestmentYear) -> Table:
    """Give the investments of a year in long form: components and total where observed, the total where imputed."""
    be_id = register.be_id[state.index[survey.place]]
    response = np.select([survey.response == OBSERVED, survey.response == NONRESPONSE], [0, 2], 1)
    detailed = survey.response == OBSERVED
    silent = survey.response == NONRESPONSE
    rows: list[tuple[np.ndarray, int, int, np.ndarray]] = []
    for asset, name in enumerate(ASSETS):
        parts = components(register, state.year, survey, asset)
        kinds = (2, 3, OWN) if name == "software" else (0, 1, OWN)
        answered = np.flatnonzero(detailed & survey.present[asset])
        rows += [(answered, asset, kind, part[answered]) for kind, part in zip(kinds, parts, strict=True)]
        totals = np.flatnonzero((survey.present[asset] & survey.has_total) | silent)
        rows.append((totals, asset, TOTAL, survey.total[asset][totals]))
    lengths = [len(place) for place, *_ in rows]
    place = np.concatenate([place for place, *_ in rows])
    return table(
        f"investments_{state.year}",
        {
            "be_id": be_id[place],
            "year": np.full(len(place), state.year),
            "asset": words(np.repeat([asset for _, asset, _, _ in rows], lengths), ASSETS),
            "component": words(np.repeat([kind for _, _, kind, _ in rows], lengths), COMPONENT_WORDS),
            "amount": numbers(np.concatenate([amount for *_, amount in rows]).astype(float), silent[place]),
            "response": words(response[place], RESPONSE_WORDS),
        },
        register.seed,
    )

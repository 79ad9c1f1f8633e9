"""The canonical layout: the tables and columns that si_eval reads without a mapping."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from si_eval.synthetic.code_columns import municipality_column, sbi_column, size_code_column
from si_eval.synthetic.groups import GroupYear
from si_eval.synthetic.investments import ASSETS, NONRESPONSE, OBSERVED, InvestmentYear, components
from si_eval.synthetic.persons import fieldlab_names
from si_eval.synthetic.register import Register, RegisterYear
from si_eval.synthetic.simulated_data import StaticData, YearData
from si_eval.synthetic.tables import (
    Table,
    categorical_column,
    date_column,
    hexadecimal_column,
    nullable_column,
    shuffled_table,
    text_column,
)
from si_eval.synthetic.turnover import TurnoverYear

COMPONENT_NAMES = ("new", "second_hand", "standard", "custom", "own_production", "total")
RESPONSE_NAMES = ("observed", "imputed", "nonresponse")
OWN, TOTAL = 4, 5


def static_tables(static: StaticData) -> Iterator[Table]:
    """Build the tables that are not split by year."""
    register, persons, events = static.register, static.persons, static.events
    preset, seed = register.preset, register.seed
    rows = len(persons.list_fieldlab)
    yield shuffled_table(
        "participants",
        {
            "kvk_id": hexadecimal_column(persons.list_kvk),
            "fieldlab": categorical_column(
                persons.list_fieldlab, fieldlab_names(preset.assumed("participants.fieldlabs"))
            ),
            "entry_date": date_column(np.full(rows, np.datetime64("NaT", "D"))),
            "intensity": nullable_column(np.zeros(rows), np.ones(rows, dtype=bool)),
        },
        seed,
    )
    yield shuffled_table(
        "kvk_person", {"kvk_id": hexadecimal_column(persons.kvk), "person_id": text_column(persons.person_id)}, seed
    )
    yield shuffled_table(
        "person_business_unit",
        {
            "person_id": text_column(persons.person_id[persons.link_person]),
            "be_id": persons.link_be_id,
            "start": date_column(persons.link_start),
            "end": date_column(persons.link_end),
        },
        seed,
    )
    yield shuffled_table(
        "events",
        {
            "be_id": register.be_id[events.unit],
            "year": events.year,
            "event": categorical_column(events.kind, events.names),
        },
        seed,
    )


def year_tables(static: StaticData, year: YearData) -> Iterator[Table]:
    """Build the tables of one year."""
    yield from _register_tables(static.register, year.state, year.groups)
    yield _turnover_table(static.register, year.state, year.turnover)
    if year.survey is not None:
        yield _investment_table(static.register, year.state, year.survey)


def _register_tables(register: Register, state: RegisterYear, groups: GroupYear) -> Iterator[Table]:
    """Build the tables of business units and the enterprise groups of a year."""
    index, seed, year = state.index, register.seed, state.year
    group = register.group[index]
    founded = register.units.founded[index].copy()
    founded[~register.units.founded_known[index]] = np.datetime64("NaT")
    yield shuffled_table(
        f"business_units_{year}",
        {
            "be_id": register.be_id[index],
            "year": np.full(len(index), year),
            "employed_persons": state.persons,
            "size_code": size_code_column(state.code),
            "sbi": sbi_column(register, index),
            "founded": date_column(founded),
            "group_id": nullable_column(register.group_id[group], group < 0),
            "municipality": municipality_column(register, index),
        },
        seed,
    )
    yield shuffled_table(
        f"enterprise_groups_{year}",
        {
            "group_id": register.group_id[groups.index],
            "year": np.full(len(groups.index), year),
            "employed_persons": groups.persons,
            "size_code": size_code_column(groups.code),
        },
        seed,
    )


def _turnover_table(register: Register, state: RegisterYear, turnover: TurnoverYear) -> Table:
    """Build the table of quarterly turnover of a year."""
    place, quarter = np.nonzero(turnover.has_row)
    return shuffled_table(
        f"turnover_{state.year}",
        {
            "be_id": register.be_id[state.index[place]],
            "year": np.full(len(place), state.year),
            "quarter": quarter + 1,
            "turnover": nullable_column(
                turnover.quarters[place, quarter].astype(float), ~turnover.has_value[place, quarter]
            ),
        },
        register.seed,
    )


def _investment_table(register: Register, state: RegisterYear, survey: InvestmentYear) -> Table:
    """Build the investments of a year in long form: components and total if observed, the total if imputed."""
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
    return shuffled_table(
        f"investments_{state.year}",
        {
            "be_id": be_id[place],
            "year": np.full(len(place), state.year),
            "asset": categorical_column(np.repeat([asset for _, asset, _, _ in rows], lengths), ASSETS),
            "component": categorical_column(np.repeat([kind for _, _, kind, _ in rows], lengths), COMPONENT_NAMES),
            "amount": nullable_column(np.concatenate([amount for *_, amount in rows]).astype(float), silent[place]),
            "response": categorical_column(response[place], RESPONSE_NAMES),
        },
        register.seed,
    )

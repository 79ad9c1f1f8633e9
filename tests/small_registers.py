"""Small made-up registers for tests, in the shape that `read_extract` gives."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import pyarrow as pa

from si_eval import engine
from si_eval.results import Extract

TYPES = {
    "business_units": {
        "be_id": "int64",
        "year": "int64",
        "employed_persons": "float64",
        "size_code": "string",
        "sbi": "string",
        "founded": "date",
        "group_id": "int64",
        "municipality": "string",
    },
    "enterprise_groups": {"group_id": "int64", "year": "int64", "employed_persons": "float64", "size_code": "string"},
    "turnover": {"be_id": "int64", "year": "int64", "quarter": "int64", "turnover": "float64"},
    "investments": {
        "be_id": "int64",
        "year": "int64",
        "asset": "string",
        "component": "string",
        "amount": "float64",
        "response": "string",
    },
    "participants": {"kvk_id": "string", "fieldlab": "string", "entry_date": "date", "intensity": "float64"},
    "kvk_person": {"kvk_id": "string", "person_id": "string", "year": "int64"},
    "person_business_unit": {"person_id": "string", "be_id": "int64", "start": "date", "end": "date"},
    "events": {"be_id": "int64", "year": "int64", "event": "string"},
}
ARROW = {"int64": pa.int64(), "float64": pa.float64(), "string": pa.string(), "date": pa.date32()}


def make_extract(**tables: Iterable[dict[str, object]]) -> Extract:
    """Make an extract of rows a table; columns that are left out are missing."""
    connection = engine.open_engine()
    relations = {}
    for name, rows in tables.items():
        listed = list(rows)
        columns = {
            column: pa.array([row.get(column) for row in listed], type=ARROW[kind])
            for column, kind in TYPES[name].items()
        }
        relations[name] = engine.from_frame(connection, pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype))
    return Extract(tables=relations, engine=connection)


def one_link_each(units: Iterable[int]) -> dict[str, list[dict[str, object]]]:
    """Make participants, persons and links such that each unit has one participant, linked for good."""
    units = list(units)
    return {
        "participants": [{"kvk_id": f"K{unit}"} for unit in units],
        "kvk_person": [{"kvk_id": f"K{unit}", "person_id": f"P{unit}"} for unit in units],
        "person_business_unit": [{"person_id": f"P{unit}", "be_id": unit} for unit in units],
    }


def quarters(unit: int, year: int, amounts: Iterable[float | None]) -> list[dict[str, object]]:
    """Make the turnover rows of a unit and year, from the first quarter on."""
    return [
        {"be_id": unit, "year": year, "quarter": quarter, "turnover": amount}
        for quarter, amount in enumerate(amounts, start=1)
    ]

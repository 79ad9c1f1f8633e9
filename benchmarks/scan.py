"""Read every column that the core job needs, and nothing else: the floor under any engine."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

COLUMNS = {
    "business_units": "be_id, year, employed_persons, size_code, sbi, founded, group_id",
    "enterprise_groups": "group_id, year, employed_persons, size_code",
    "turnover": "be_id, year, quarter, turnover",
    "investments": "be_id, year, asset, component, amount, response",
    "participants": "kvk_id, entry_date",
    "kvk_person": "kvk_id, person_id",
    "person_business_unit": 'person_id, be_id, start, "end"',
}

if __name__ == "__main__":
    for table, columns in COLUMNS.items():
        maxima = ", ".join(f"max({column})" for column in columns.split(", "))
        duckdb.sql(f"SELECT {maxima} FROM read_parquet('{Path(sys.argv[1])}/{table}*.parquet')").fetchall()

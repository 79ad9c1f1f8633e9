"""Read every column that the core job needs, and nothing else: the floor under any engine."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

# numbers are added up and texts compared, so that no answer comes from a file's statistics
NUMBERS = {
    "business_units": "be_id, year, employed_persons, group_id",
    "enterprise_groups": "group_id, year, employed_persons",
    "turnover": "be_id, year, quarter, turnover",
    "investments": "be_id, year, amount",
    "participants": "1",
    "kvk_person": "1",
    "person_business_unit": "be_id",
}
TEXTS = {
    "business_units": "size_code, sbi, founded",
    "enterprise_groups": "size_code",
    "investments": "asset, component, response",
    "participants": "kvk_id, entry_date",
    "kvk_person": "kvk_id, person_id",
    "person_business_unit": 'person_id, start, "end"',
}

if __name__ == "__main__":
    for table, numbers in NUMBERS.items():
        asked = [f"sum({column})" for column in numbers.split(", ")]
        asked += [f"max({column})" for column in TEXTS.get(table, "").split(", ") if column]
        duckdb.sql(f"SELECT {', '.join(asked)} FROM read_parquet('{Path(sys.argv[1])}/{table}*.parquet')").fetchall()

"""Repeat a simulated extract with new identifiers: a country as many times as large, for measuring how cost grows.

    python benchmarks/grow.py extract ten_times 10

Participants and events are those of the first copy. The result is a stand-in: firms repeat, so it teaches nothing else.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import duckdb

APART = {"be_id": 10_000_000, "group_id": 10_000_000}  # identifiers of the copies lie beyond those of one
PERSONS_APART = 100_000_000
ONCE = ("participants", "events")


def shifted(column: str, copy: int) -> str:
    """Write a column of a copy as SQL."""
    if column in APART:
        return f"{column} + {copy * APART[column]} AS {column}"
    if column == "person_id":
        return f"CAST(CAST(person_id AS BIGINT) + {copy * PERSONS_APART} AS VARCHAR) AS person_id"
    if column == "kvk_id" and copy:  # a pseudonym of 32 hexadecimal digits
        return f"substr(kvk_id, 1, 30) || '{copy:02x}' AS kvk_id"
    return f'"{column}"'


def main() -> None:
    """Write the larger extract."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extract", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("times", type=int)
    options = parser.parse_args()
    options.out.mkdir()
    shutil.copy(options.extract / "simulation.json", options.out)
    for path in sorted(options.extract.glob("*.parquet")):
        if path.stem in ONCE:
            shutil.copy(path, options.out)
            continue
        columns = [name for name, *_ in duckdb.sql(f"DESCRIBE FROM read_parquet('{path}')").fetchall()]
        copies = [
            f"SELECT {', '.join(shifted(column, copy) for column in columns)} FROM read_parquet('{path}')"
            for copy in range(options.times)
        ]
        target = options.out / path.name
        duckdb.sql(f"COPY ({' UNION ALL '.join(copies)}) TO '{target}' (FORMAT parquet, COMPRESSION snappy)")


if __name__ == "__main__":
    main()

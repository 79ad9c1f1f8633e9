"""Keys in arrays: a repeated one is never missed, and rows without a unit are counted as pandas counts them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from si_eval import engine
from si_eval.registers.extracts.keys import count_unknown, may_repeat
from si_eval.registers.schema import contracts

LARGE = 10**14
OPTIONS = {name: list(contracts()["investments"].columns[name].options) for name in ("asset", "component")}


@pytest.fixture(scope="module")
def connection():
    return engine.open_engine(threads=1)


def draw(seed: int, rows: int) -> pd.DataFrame:
    """Draw rows with gaps in every column, and identifiers of any size."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"be_id": rng.integers(0, [3, 40, LARGE][seed % 3], rows)}, dtype="Int64")
    frame["year"] = pd.array(rng.integers(2014, 2017, rows), dtype="Int64")
    frame["quarter"] = pd.array(rng.integers(1, 5, rows), dtype="Int64")
    for name, options in OPTIONS.items():
        frame[name] = pd.array(rng.choice(options, rows), dtype="string")
    for name in frame:
        frame.loc[rng.random(rows) < 0.1, name] = pd.NA
    return frame


@pytest.mark.parametrize("table", ["business_units", "turnover", "investments"])
@pytest.mark.parametrize("seed", range(6))
def test_a_key_repeats_where_it_does_in_pandas(table, seed, connection):
    key = [contracts()[table].columns[name] for name in contracts()[table].key]
    names = [column.name for column in key]
    for rows in (1, 8, 60):
        frame = draw(seed, rows)
        whole = frame.dropna(subset=names)
        assert may_repeat(engine.from_frame(connection, frame), key) == whole.duplicated(names).any()
        once = whole.drop_duplicates(names)
        for part in (once, once.sort_values(names)):
            assert not may_repeat(engine.from_frame(connection, part), key)


def test_a_repeated_identifier_of_any_size_is_not_missed(connection):
    key = [contracts()["turnover"].columns[name] for name in ("be_id", "year", "quarter")]
    for largest in (2**63 - 1, -(2**63)):
        frame = pd.DataFrame({"be_id": [largest, 1, largest], "year": 2014, "quarter": 4})
        assert may_repeat(engine.from_frame(connection, frame), key)


@pytest.mark.parametrize("seed", range(6))
def test_rows_of_unknown_units_are_counted_as_pandas_counts_them(seed, connection):
    rows, register = (draw(seed, n)[["be_id", "year"]].dropna() for n in (80, 30))
    for years in ([2014, 2015, 2016], [2015], []):
        chosen, known = (frame[frame["year"].isin(years)] for frame in (rows, register))
        expected = chosen.merge(known.drop_duplicates(), how="left", indicator=True)["_merge"].eq("left_only").sum()
        tables = [engine.from_frame(connection, frame) for frame in (chosen, known)]
        assert count_unknown(*tables) == expected

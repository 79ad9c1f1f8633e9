"""Questions that are prepared once: compiled once for a schema, whatever the engine, the table or its column names."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import pyarrow as pa
import pytest

from si_eval import engine
from si_eval.engine import prepared

ROWS = {"unit": [1, 2, 3], "a \"quoted\" 'name' {0}": [1.5, None, 2.5]}


@dataclass(frozen=True)
class _Above:
    """The rows of units above a number, with what another table says of them."""

    number: int

    def __call__(self, *tables):
        kept = tables[0].filter(tables[0]["unit"] > self.number)
        return kept.left_join(tables[1], "unit").drop("unit_right") if len(tables) > 1 else kept


@pytest.fixture
def two_engines():
    return [engine.open_engine(), engine.open_engine()]


def test_a_question_is_compiled_once_for_a_schema_and_asked_of_any_engine(two_engines):
    prepared._prepare.cache_clear()
    other = {"unit": [3], "said": ["three"]}
    for one in two_engines:
        tables = [engine.from_arrow(one, pa.table(rows)) for rows in (ROWS, other)]
        assert prepared.ask(_Above(2), *tables).to_pylist() == [
            {**{name: rows[2] for name, rows in ROWS.items()}, "said": "three"}
        ]
        assert prepared.ask(_Above(1), tables[0]).num_rows == 2
    assert prepared._prepare.cache_info().misses == 2


def test_a_named_answer_follows_its_table_and_has_the_types_of_the_engine(two_engines):
    table = engine.from_arrow(two_engines[0], pa.table({"unit": pa.array([1, 2], pa.uint8())}))
    named = prepared.name_answer(_Above(1), table.mutate(half=table["unit"] / 2))
    assert named.schema() == ibis.schema({"unit": "uint8", "half": "float64"})
    assert engine.fetch_arrow(named).to_pylist() == [{"unit": 2, "half": 1.0}]
    assert engine.fetch_arrow(named).to_pylist() == prepared.ask(prepared.AllRows(), named).to_pylist()

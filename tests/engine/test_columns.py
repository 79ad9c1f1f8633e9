"""Columns collected batch by batch are those of the whole table, whatever the batches are."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from si_eval.engine import columns as columns_module
from si_eval.engine.columns import SparseColumn, collect_columns

ROWS = 1_000


def units(share: float) -> pa.Table:
    """Make units of which a share has a value, more of them among the last; few share a holding."""
    generator = np.random.default_rng(4)
    known = generator.random(ROWS) < np.where(np.arange(ROWS) < ROWS // 2, share / 4, share)
    return pa.table(
        {
            "key": pa.array([["b", "a", "c"][place // 400] for place in range(ROWS)]),
            "value": pa.array(generator.normal(size=ROWS), mask=~known),
            "holding": pa.array(generator.integers(2**60, 2**62, ROWS), mask=generator.random(ROWS) < 0.9),
            "flag": pa.array(generator.random(ROWS) < 0.5),
        }
    )


@pytest.mark.parametrize("capacity", [1, 10 * ROWS])
@pytest.mark.parametrize("size", [7, 400, ROWS])
@pytest.mark.parametrize("share", [0.0, 0.03, 0.3, 1.0])
def test_columns_are_those_of_the_table(
    share: float, size: int, capacity: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a column is sparse at first and full later, and where it outgrows its capacity."""
    monkeypatch.setattr(columns_module, "MIN_CAPACITY", capacity)
    table = units(share)
    keys, columns = collect_columns(table.to_batches(max_chunksize=size), ["key"])
    assert keys["key"].dictionary.take(pa.array(keys["key"].indices)).to_pylist() == table["key"].to_pylist()
    np.testing.assert_array_equal(columns.floats("value"), table["value"].to_numpy())
    sparse = columns.sparse("holding")
    assert sparse.values.tolist() == table["holding"].drop_null().to_pylist()
    assert sparse.rows.tolist() == np.flatnonzero(table["holding"].is_valid().to_numpy()).tolist()
    assert columns.booleans("flag").tolist() == table["flag"].to_pylist()
    assert columns.booleans("another") is None


def test_a_column_that_few_units_have_is_sparse() -> None:
    _, sparse = collect_columns(units(0.03).to_batches(max_chunksize=100), ["key"])
    _, full = collect_columns(units(0.9).to_batches(max_chunksize=100), ["key"])
    assert isinstance(sparse.columns["value"], SparseColumn)
    assert not isinstance(full.columns["value"], SparseColumn)


def test_a_batch_without_rows_gives_columns_without_rows() -> None:
    keys, columns = collect_columns(
        units(1.0).slice(0, 0).to_batches() or [pa.RecordBatch.from_pylist([], units(1.0).schema)], ["key"]
    )
    assert len(keys["key"].indices) == 0
    assert len(columns.floats("value")) == 0

"""Sums by unit: direct addressing against the relational join, and both against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from si_eval import engine as engines
from si_eval.totals import SPAN, Detail, fetch_totals, join_totals

EXACT = 1e-12  # relative: the same doubles in another order
SUMS = ("first", "second")


def _rows(generator: np.random.Generator, ids: np.ndarray, number: int) -> pd.DataFrame:
    """Draw detail rows: also of units that nobody asked for, for no sum (slot -1), and without a value."""
    strangers = np.array([ids.min() - 5, ids.max() + 7, ids.max() - 1])
    value = np.round(generator.normal(0, 1e6, number), 2)
    value[generator.random(number) < 0.2] = np.nan
    return pd.DataFrame(
        {
            "unit": generator.choice(np.concatenate([ids, strangers]), number),
            "slot": generator.integers(-1, 2, number).astype("int8"),
            "value": value,
            "code": generator.integers(0, 4, number).astype("int8"),
        }
    )


def _expected(units: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["unit"].isin(units["unit"])]
    counted = rows[rows["slot"] >= 0]
    wide = counted.pivot_table(index="unit", columns="slot", values="value", aggfunc=lambda v: v.sum(min_count=1))
    wide = wide.reindex(columns=[0, 1]).set_axis(list(SUMS), axis=1)
    values, best = counted.groupby("unit")["value"].count(), rows.groupby("unit")["code"].min()
    joined = units.set_index("unit").join(wide).join(values.rename("values")).join(best.rename("best"))
    joined["values"] = joined["values"].fillna(0)
    return joined.sort_index().astype("float64")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("spread", [2, 10 * SPAN])
def test_both_ways_give_the_sums_of_pandas(seed: int, spread: int) -> None:
    """Ids close together are addressed directly; ids far apart (``spread``) are joined by the engine."""
    generator = np.random.default_rng(seed)
    ids = 10**6 + np.sort(generator.choice(spread * 300, 300, replace=False)).astype("int64")
    units = pd.DataFrame({"unit": generator.permutation(ids), "size": generator.normal(size=300)})
    rows = _rows(generator, ids, 2_000)
    engine = engines.open_engine()
    table, details = engines.from_frame(engine, units), engines.from_frame(engine, rows)
    detail = Detail(details, SUMS, count="values", least="best")
    expected = _expected(units, rows)
    for found in (
        fetch_totals(table, "unit", [detail]).to_pandas(),
        engines.fetch(join_totals(table, ["unit"], [detail])),
    ):
        frame = found.set_index("unit").sort_index().astype("float64")
        pd.testing.assert_frame_equal(frame[expected.columns], expected, rtol=EXACT, check_index_type=False)


def test_a_table_without_rows_adds_nothing() -> None:
    """Sums are missing, the count is 0."""
    engine = engines.open_engine()
    units = engines.from_frame(engine, pd.DataFrame({"unit": [3, 4]}))
    empty = engines.without_rows(engine, {"unit": "int64", "slot": "int8", "value": "float64"})
    found = fetch_totals(units, "unit", [Detail(empty, ("sum",), count="values")]).to_pandas()
    assert found["sum"].isna().all()
    assert (found["values"] == 0).all()

"""Sums by unit: direct addressing against the relational join, and both against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from si_eval import engine
from si_eval.registers.unit_totals import MAX_IDS_A_UNIT, Detail, Lookup, fetch_totals, join_totals

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
@pytest.mark.parametrize("spread", [2, 10 * MAX_IDS_A_UNIT])
def test_both_ways_give_the_sums_of_pandas(seed: int, spread: int) -> None:
    """Ids close together are addressed directly; ids far apart (``spread``) are joined by the engine."""
    generator = np.random.default_rng(seed)
    ids = 10**6 + np.sort(generator.choice(spread * 300, 300, replace=False)).astype("int64")
    units = pd.DataFrame({"unit": generator.permutation(ids), "size": generator.normal(size=300)})
    rows = _rows(generator, ids, 2_000)
    connection = engine.open_engine()
    table, details = engine.from_frame(connection, units), engine.from_frame(connection, rows)
    detail = Detail(details, SUMS, count="values", least="best")
    expected = _expected(units, rows)
    for found in (
        fetch_totals(table, ["unit"], [], [detail]).to_pandas(),
        engine.fetch(join_totals(table, ["unit"], [], [detail])),
    ):
        frame = found.set_index("unit").sort_index().astype("float64")
        pd.testing.assert_frame_equal(frame[expected.columns], expected, rtol=EXACT, check_index_type=False)


def test_a_table_without_rows_adds_nothing() -> None:
    """Sums are missing, the count is 0."""
    connection = engine.open_engine()
    units = engine.from_frame(connection, pd.DataFrame({"unit": [3, 4]}))
    empty = engine.empty_table(connection, {"unit": "int64", "slot": "int8", "value": "float64"})
    found = fetch_totals(units, ["unit"], [], [Detail(empty, ("sum",), count="values")]).to_pandas()
    assert found["sum"].isna().all()
    assert (found["values"] == 0).all()


@pytest.mark.parametrize("spread", [2, 10 * MAX_IDS_A_UNIT])
def test_few_values_fill_the_gaps_of_sums_and_make_sums_of_their_own(spread: int) -> None:
    """Slots 0 and 1 are sums; slot 2 fills gaps of the first one, slot 3 does so and is a sum by itself."""
    generator = np.random.default_rng(spread)
    ids = 10**6 + np.sort(generator.choice(spread * 300, 300, replace=False)).astype("int64")
    rows = _rows(generator, ids, 900)
    rows["slot"] = generator.integers(-1, 4, len(rows)).astype("int8")
    connection = engine.open_engine()
    table, values = engine.from_frame(connection, pd.DataFrame({"unit": ids})), engine.from_frame(connection, rows)
    detail = Detail(values, SUMS, {"first": (2, 3), "own": (3,)}, least="best")
    wide = rows.pivot_table(index="unit", columns="slot", values="value", aggfunc=lambda v: v.sum(min_count=1))
    wide = wide.reindex(index=ids, columns=range(4))
    filled = wide[0].fillna(wide[[2, 3]].sum(axis=1, min_count=1))
    expected = pd.DataFrame({"first": filled, "second": wide[1], "own": wide[3]})
    expected["best"] = rows.groupby("unit")["code"].min()
    for found in (
        fetch_totals(table, ["unit"], [], [detail]).to_pandas(),
        engine.fetch(join_totals(table, ["unit"], [], [detail])),
    ):
        frame = found.astype({"unit": "int64"}).set_index("unit").sort_index().astype("float64")
        pd.testing.assert_frame_equal(
            frame[expected.columns], expected.astype("float64"), rtol=EXACT, check_names=False
        )


@pytest.mark.parametrize("spread", [2, 10 * MAX_IDS_A_UNIT])
@pytest.mark.parametrize("groups", [0, 40])
def test_units_find_the_row_of_their_key_and_who_shares_it(spread: int, groups: int) -> None:
    """Some units have no key, some keys have no row, and some rows have gaps; also a table without rows."""
    generator = np.random.default_rng(groups)
    ids = 10**6 + generator.choice(spread * 300, 60, replace=False).astype("int64")
    units = pd.DataFrame({"unit": range(300), "group": pd.array(generator.choice(ids, 300), dtype="Int64")})
    units.loc[generator.random(300) < 0.3, "group"] = pd.NA
    rows = pd.DataFrame({"group": ids[:groups], "size": generator.normal(size=groups)})
    rows.loc[generator.random(groups) < 0.2, "size"] = np.nan
    rows["place"] = pd.array(generator.integers(0, 5, groups), dtype="Int8")
    rows.loc[generator.random(groups) < 0.2, "place"] = pd.NA
    connection = engine.open_engine()
    lookup = Lookup("group", engine.from_frame(connection, rows), "shared")
    table = engine.from_frame(connection, units)
    expected = units.merge(rows, on="group", how="left").set_index("unit")[["size", "place"]].astype("float64")
    shared = (units.groupby("group")["unit"].transform("count") > 1).to_numpy(dtype=bool)
    assert fetch_totals(table, ["unit"], [lookup], []).schema.field("place").type == "int8"
    for found in (
        fetch_totals(table, ["unit"], [lookup], []).to_pandas(),
        engine.fetch(join_totals(table, ["unit"], [lookup], [])),
    ):
        frame = found.sort_values("unit", ignore_index=True)
        np.testing.assert_array_equal(frame[["size", "place"]].astype("float64"), expected)
        np.testing.assert_array_equal(frame["shared"].astype(bool), shared)


@pytest.mark.parametrize("spread", [2, 10 * MAX_IDS_A_UNIT])
@pytest.mark.parametrize("seed", range(3))
def test_units_of_several_years_are_kept_apart(seed: int, spread: int) -> None:
    """Not every unit is there every year; detail rows and lookups have other years and ids too."""
    generator = np.random.default_rng(seed)
    ids = 10**6 + generator.choice(spread * 300, 100, replace=False).astype("int64")
    every = pd.MultiIndex.from_product([ids, range(2014, 2018)], names=["unit", "year"]).to_frame(index=False)
    units = every.sample(frac=0.6, random_state=seed, ignore_index=True)
    units["group"] = pd.array(generator.integers(50, 90, len(units)), dtype="Int64")
    units.loc[generator.random(len(units)) < 0.3, "group"] = pd.NA
    strangers = np.concatenate([ids, ids - 1, [-(2**62), 2**62]])
    details = pd.DataFrame(
        {
            "unit": generator.choice(strangers, 2_000),
            "year": generator.integers(2012, 2020, 2_000),
            "slot": generator.integers(-1, 2, 2_000).astype("int8"),
            "value": generator.normal(size=2_000),
        }
    )
    groups = pd.MultiIndex.from_product([range(40, 80), range(2013, 2019)], names=["group", "year"])
    groups = groups.to_frame(index=False).sample(frac=0.7, random_state=seed).assign(size=lambda g: g["group"] / 7)
    key = ["unit", "year"]
    sums = details[details["slot"] >= 0].pivot_table(index=key, columns="slot", values="value", aggfunc="sum")
    expected = units.merge(groups, "left", ["group", "year"]).join(sums.rename(columns=dict(enumerate(SUMS))), on=key)
    expected["shared"] = units.groupby(["group", "year"])["unit"].transform("count") > 1
    wanted = expected.set_index(key).sort_index()[["size", *SUMS, "shared"]].astype("float64")
    connection = engine.open_engine()
    table = engine.from_frame(connection, units)
    lookup = Lookup("group", engine.from_frame(connection, groups), "shared")
    detail = Detail(engine.from_frame(connection, details), SUMS)
    for found in (
        fetch_totals(table, key, [lookup], [detail]).to_pandas(),
        engine.fetch(join_totals(table, key, [lookup], [detail])),
    ):
        frame = found.astype({"unit": "int64", "year": "int64"}).set_index(key).sort_index()
        frame = frame[wanted.columns].astype("float64")
        pd.testing.assert_frame_equal(frame, wanted, rtol=EXACT)


@pytest.mark.parametrize("beyond", [-(2**62), 2**62, 1000, -1000])
def test_ids_far_beyond_those_of_the_units_are_strangers(beyond: int) -> None:
    """With four years, an id that is 2 to the 62nd away would stand where the unit stands: places wrap around."""
    keys = pd.MultiIndex.from_product([range(10, 20), range(2014, 2018)], names=["unit", "year"]).to_frame(index=False)
    rows = keys.assign(slot=np.int8(0), value=1.0)
    strangers = rows.assign(unit=rows["unit"] + beyond, value=5.0)
    connection = engine.open_engine()
    units, values = (engine.from_frame(connection, frame) for frame in (keys, pd.concat([rows, strangers])))
    found = fetch_totals(units, ["unit", "year"], [], [Detail(values, ("sum",), count="values")]).to_pandas()
    assert (found["sum"] == 1.0).all()
    assert (found["values"] == 1).all()

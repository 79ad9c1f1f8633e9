"""The stages on Spark: every figure is the one that DuckDB gives."""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import si_eval as se
from si_eval import cells, engine
from si_eval.engine import spark
from si_eval.errors import StudyError
from si_eval.registers import extracts
from si_eval.vocabulary import RESTS_ON

AGREE = 1e-9  # relative: sums of the same doubles in another order
SCALE = 0.002
FEW_YEARS = [2014, 2015]
SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # Java that compiles quickly rather than well: half the work
BY_YEAR = ("business_units", "enterprise_groups", "turnover", "investments")
ENGINES = ("duckdb", "pyspark")
COMPARED = ["revenue_per_employee", "investment_software", "own_production_software_share"]
INDEX = {"indicator": "revenue_per_employee", "by": ["size_class_4"], "where": {"sector": "C"}, "base_year": 2014}

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="the extra `spark` is not installed"),
    pytest.mark.skipif(not (shutil.which("java") or os.environ.get("JAVA_HOME")), reason="Spark needs Java"),
]


@pytest.fixture(scope="module")
def working_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("working")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("JDK_JAVA_OPTIONS", SHORT_LIVED)
        yield folder


@pytest.fixture(scope="module")
def read(tmp_path_factory, working_folder):
    raw = se.simulate_extract(tmp_path_factory.mktemp("raw") / "extract", scale=SCALE, seed=3)
    cache = raw.parent / "cache"
    return {name: extracts.read_extract(raw, cache=cache, engine=engine.open_engine(name)) for name in ENGINES}


@pytest.fixture(scope="module")
def linked(read):
    return {name: se.link_participants(extract) for name, extract in read.items()}


@pytest.fixture(scope="module")
def panels(read, linked):
    return {name: se.build_panel(read[name], linked[name]) for name in ENGINES}


def assert_agree(frames: dict[str, pd.DataFrame], keys: list[str]) -> None:
    left, right = (frames[name].sort_values(keys, ignore_index=True) for name in ENGINES)
    assert len(left)
    pd.testing.assert_frame_equal(left, right, rtol=AGREE, atol=0)


def test_the_raw_tables_have_the_same_rows_and_types(read):
    assert set(read["duckdb"].tables) == set(read["pyspark"].tables)
    for name, table in read["duckdb"].tables.items():
        other = read["pyspark"].tables[name]
        assert other.schema() == table.schema(), name
        assert_agree({"duckdb": engine.fetch(table), "pyspark": engine.fetch(other)}, list(table.columns))


def test_linkage(linked):
    assert_agree({name: linkage.units() for name, linkage in linked.items()}, ["year", "be_id"])
    assert_agree({name: linkage.funnel() for name, linkage in linked.items()}, ["step", "reason", "year"])


def test_panel(panels):
    assert_agree({name: panel.to_frame() for name, panel in panels.items()}, ["be_id", "year"])
    assert_agree({name: panel.coverage() for name, panel in panels.items()}, ["year", "group", "measure"])
    assert_agree({name: panel.outliers() for name, panel in panels.items()}, ["domain", "be_id", "indicator", "year"])


@pytest.mark.parametrize("by", [[], ["size_class", "sector"]])
def test_cells_of_all_indicators(panels, by):
    frames = {name: cells.summarise(panel, indicator=list(panel.indicators), by=by) for name, panel in panels.items()}
    assert_agree(frames, ["indicator", "group", "year", *by])


def test_a_panel_that_is_worked_on_year_by_year(read, linked, monkeypatch):
    monkeypatch.setattr(engine, "MAX_ROWS_AT_ONCE", 1)
    panels = {name: se.build_panel(of_years(extract), linked[name]) for name, extract in read.items()}
    assert_agree({name: panel.to_frame() for name, panel in panels.items()}, ["be_id", "year"])
    frames = {name: cells.summarise(panel, indicator="revenue_per_employee") for name, panel in panels.items()}
    assert_agree(frames, ["group", "year"])


def of_years(extract):
    tables = {
        name: table.filter(table.year.isin(FEW_YEARS)) if name in BY_YEAR else table
        for name, table in extract.tables.items()
    }
    return replace(extract, tables=tables)


@pytest.mark.parametrize(
    "stage",
    [
        lambda panel: se.index_series(panel, **INDEX),
        lambda panel: se.compare_groups(
            panel, indicator=list(panel.indicators)[:3], by=["size_class_4"], years=[2014, 2019]
        ),
        lambda panel: se.describe_reach(panel, year=2019),
        lambda panel: se.check_selection(panel, year=2014),
    ],
    ids=["index_series", "compare_groups", "describe_reach", "check_selection"],
)
def test_stages(panels, stage):
    frames = {name: stage(panel).to_frame().drop(columns=RESTS_ON) for name, panel in panels.items()}
    keys = [column for column in frames["duckdb"] if not pd.api.types.is_float_dtype(frames["duckdb"][column])]
    assert_agree(frames, keys)


def test_a_frame_is_taken_as_it_is(panels):
    frame = pd.DataFrame(
        {
            "number": pd.array([1, None, 2**53], dtype="Int64"),
            "small": pd.array([1, None, -3], dtype="Int8"),
            "value": [0.5, np.nan, -1e300],
            "flag": pd.array([True, None, False], dtype="boolean"),
            "text": pd.array(["a", None, "é"], dtype="string"),
            "day": pd.array([pd.Timestamp(1582, 10, 15).date(), None, pd.Timestamp(2079, 6, 6).date()], dtype=object),
        }
    )
    both = {}
    for name, panel in panels.items():
        table = engine.from_frame(panel.table.get_backend(), frame)
        both[name] = engine.fetch(engine.materialise(panel.table.get_backend(), table))
    pd.testing.assert_frame_equal(both["pyspark"], both["duckdb"])


@pytest.mark.parametrize(("limit", "size"), [("500MB", "500m"), ("1.5 GB", "1536m"), ("2GiB", "2048m")])
def test_memory_limits_are_those_of_duckdb(limit, size):
    assert spark._java_size(limit) == size


def test_a_memory_limit_that_cannot_be_read_is_refused():
    with pytest.raises(StudyError, match="memory_limit"):
        spark._java_size("80%")


def test_an_error_is_raised_and_not_logged(panels, capfd):
    connection = panels["pyspark"].table.get_backend()
    table = engine.from_frame(connection, pd.DataFrame({"text": ["not a number 4711"]}))
    with pytest.raises(Exception, match="4711"):
        engine.fetch(table.select(number=table.text.cast("int64")))
    assert "4711" not in "".join(capfd.readouterr())


def test_nothing_is_left_in_the_working_folder(panels, working_folder):
    assert list(working_folder.iterdir()) == []

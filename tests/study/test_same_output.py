"""Same input, same output: byte by byte, in any order of the raw rows, format, layout, number of threads and place."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from si_eval.errors import StudyError
from si_eval.study.catalogue import EXHIBIT_FUNCTIONS
from si_eval.study.exhibits import compute_exhibits
from si_eval.study.file import data_folder, load_study
from si_eval.system.run_date import run_date

TABLES = """
import sys
from pathlib import Path
import si_eval as se
from si_eval import engine
from si_eval.registers.extracts import read_extract
from si_eval.vocabulary import RESTS_ON  # names the files by their content

out, threads, folders = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
money = ["revenue_per_employee", "investment_software_per_employee", "investment_machinery_per_employee"]
for number, folder in enumerate(folders):
    extract = read_extract(folder, engine=engine.open_engine(threads=threads))
    linkage = se.link_participants(extract)
    panel = se.build_panel(extract, linkage)
    panel.to_frame().to_pickle(out / f"{number}.panel")
    tables = {
        "reach": se.describe_reach(panel, year=2019),
        "levels": se.compare_groups(panel, indicator=money, by=["size_class"]),
        "series": se.index_series(panel, indicator=money[0], by=["size_class_4"], base_year=2014),
        "selection": se.check_selection(panel, indicator=money, year=2014),
        "change": se.estimate_effect(
            panel, outcome=money[0], design="long_difference", years=[2014, 2019], logarithm=True, min_units=2,
            covariates=["size_class", "sector", "age"],
        ),
    }
    frames = {name: table.to_frame().drop(columns=RESTS_ON, errors="ignore") for name, table in tables.items()}
    parts = [name + "\\n" + frame.to_csv(index=False) for name, frame in frames.items()]
    (out / f"{number}.tables").write_text("".join(parts), encoding="utf-8")
"""
SCALE = 0.002  # where every firm of an extract is read in several ways
ROUNDED_TO_THE_EURO = 1e-9  # relative: the same sum of whole euros in another order, or read from a double in thousands
PLACES = (
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C", "OPENBLAS_NUM_THREADS": "1"},
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "de_DE.UTF-8", "OPENBLAS_NUM_THREADS": "2"},
)


def _shuffle(source: Path, target: Path, seed: int) -> Path:
    """Copy an extract with the rows of every file in another order, in small groups of rows."""
    shuffled = random.Random(seed)
    target.mkdir()
    for path in sorted(source.iterdir()):
        if path.suffix == ".parquet":
            rows = pq.read_table(path)
            order = shuffled.sample(range(len(rows)), len(rows))
            pq.write_table(rows.take(pa.array(order, pa.int64())), target / path.name, row_group_size=500)
        elif path.suffix == ".sav":
            frame, meta = pyreadstat.read_sav(path, user_missing=True)
            order = shuffled.sample(range(len(frame)), len(frame))
            formats = dict(meta.original_variable_types)
            pyreadstat.write_sav(frame.iloc[order], target / path.name, variable_format=formats)
        elif path.suffix == ".csv":
            head, *lines = path.read_bytes().splitlines(keepends=True)
            (target / path.name).write_bytes(b"".join([head, *shuffled.sample(lines, len(lines))]))
        else:
            shutil.copy(path, target / path.name)
    return target


@pytest.fixture(scope="module")
def outputs(simulated_extract, tmp_path_factory):
    """Panels and tables of one extract in several layouts and formats, its rows shuffled, and of one in two places."""
    folder = tmp_path_factory.mktemp("same")
    parquet, csv = simulated_extract(scale=SCALE), simulated_extract(scale=SCALE, format="csv")
    cbs, sav = (simulated_extract(scale=SCALE, layout="cbs", format=format) for format in ("parquet", "sav"))
    shuffled = [_shuffle(one, folder / f"shuffled_{number}", number) for number, one in enumerate((parquet, csv, sav))]
    every = [parquet, cbs, *shuffled]
    found = []
    for threads, (place, folders) in enumerate(zip(PLACES, (every, shuffled[:1]), strict=True), start=1):
        out = folder / f"tables_{threads}"
        out.mkdir()
        command = [sys.executable, "-c", TABLES, str(out), str(threads), *map(str, folders)]
        subprocess.run(command, check=True, cwd=out, env={**os.environ, **place}, timeout=500)
        found += [out / str(number) for number in range(len(folders))]
    assert len(found) == len(every) + 1
    return found


def test_tables_are_the_same_byte_by_byte(outputs):
    texts = [path.with_suffix(".tables").read_text(encoding="utf-8") for path in outputs]
    expected = texts[0]
    assert expected.count("\n") > 100
    assert "regression" in expected
    for path, found in zip(outputs, texts, strict=True):
        differing = [pair for pair in zip(expected.splitlines(), found.splitlines(), strict=False) if len({*pair}) > 1]
        assert found == expected, (path, len(differing), differing[:3])


def test_every_layout_and_format_gives_the_same_panel_in_any_order_of_rows(outputs):
    panels = [pd.read_pickle(path.with_suffix(".panel")) for path in outputs]
    for found in panels[1:]:
        pd.testing.assert_frame_equal(found, panels[0], rtol=ROUNDED_TO_THE_EURO)


def _lines_of_costs(data: Path) -> dict[str, list[str]]:
    """Compute the exhibits of the reference study that rest on costs and goals, the lines of each sorted."""
    study = load_study(data / "studies" / "smart_industry_2020.toml")
    ids = [one.id for one in study.file.exhibits if EXHIBIT_FUNCTIONS[one.function].inputs in (("costs",), ("goals",))]
    tables = compute_exhibits(study, only=ids)
    return {
        name: sorted(table.to_frame().to_csv(index=False).splitlines()) for name, table in zip(ids, tables, strict=True)
    }


def test_costs_and_goals_give_the_same_rows_in_any_order(tmp_path):
    """Files of facts are shown in their own order; no number depends on it."""
    expected = _lines_of_costs(data_folder())
    assert len(expected) > 5
    shutil.copytree(data_folder(), tmp_path / "data")
    for number, path in enumerate(sorted((tmp_path / "data" / "theory").glob("*.csv"))):
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join([head, *random.Random(number).sample(lines, len(lines))]), encoding="utf-8")
    assert _lines_of_costs(tmp_path / "data") == expected


def test_the_date_of_a_run_is_todays_or_the_one_that_is_given(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    before = date.today().isoformat()
    assert before <= run_date() <= date.today().isoformat()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225599")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert run_date() == "2025-12-31"


@pytest.mark.parametrize("seconds", ["today", "-1", "1.5", "٣", "9" * 30, "1767225600 ", "0x10"])
def test_a_date_that_is_no_number_of_seconds_is_refused(monkeypatch, seconds):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", seconds)
    with pytest.raises(StudyError, match="SOURCE_DATE_EPOCH: found"):
        run_date()

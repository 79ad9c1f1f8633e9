"""The files of a simulated extract: the same seed gives the same bytes, and layouts and formats the same content."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from si_eval.errors import StudyError
from si_eval.synthetic import simulate_extract


def digest(folder: Path) -> dict[str, str]:
    """Fingerprint every file."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize(
    ("layout", "format", "year"), [("canonical", "parquet", None), ("cbs", "parquet", None), ("cbs", "sav", 2018)]
)
def test_the_same_seed_gives_the_same_bytes(extracts, layout, format, year):
    first, second = (digest(extracts(1, 0.01, layout, format, copy, year)) for copy in (0, 1))
    assert first == second
    assert len(first) > 5


def test_another_seed_gives_other_firms(extracts, read_table):
    first, second = (read_table(extracts(seed), "business_units_2019") for seed in (1, 2))
    assert set(first["be_id"]) != set(second["be_id"])
    assert digest(extracts(1)).keys() == digest(extracts(2)).keys()


def test_layouts_hold_the_same_amounts(extracts, read_table):
    canonical, cbs = extracts(1), extracts(1, 0.01, "cbs")
    from_canonical = read_table(canonical, "turnover_2016").set_index(["be_id", "quarter"])["turnover"].sort_index()
    from_cbs = pd.read_parquet(cbs / "DRT_BEID2016V1.parquet").set_index(["BEID", "KWARTAAL"])["OMZET"].sort_index()
    np.testing.assert_array_equal(from_canonical, from_cbs)
    rows = read_table(canonical, "investments_2018").dropna(subset="amount")
    wide = pd.read_parquet(cbs / "Investeringen_nationaal2018V2.parquet").set_index("Beid")
    for asset, code in (("computers", "C010"), ("machinery", "C012"), ("software", "C015")):
        for component, suffix in (("total", "004"), ("own_production", "003")):
            chosen = (
                rows[(rows["asset"] == asset) & (rows["component"] == component)]
                .set_index("be_id")["amount"]
                .sort_index()
            )
            np.testing.assert_allclose(chosen, 1000 * wide[f"{code}{suffix}"].dropna().sort_index(), rtol=1e-12)
    older = pd.read_parquet(cbs / "Investeringen_nationaal2018V1.parquet").set_index("Beid")
    assert (older["C012004"] != wide["C012004"].reindex(older.index)).any()


def test_formats_hold_the_same_content(extracts, read_table):
    parquet, csv = extracts(1), extracts(1, 0.01, "canonical", "csv", year=2017)
    from_parquet = read_table(parquet, "business_units_2017").sort_values("be_id", ignore_index=True)
    from_csv = pd.read_csv(
        csv / "business_units_2017.csv",
        sep=";",
        decimal=",",
        encoding="cp1252",
        dtype={"sbi": str, "size_code": str},
        keep_default_na=False,
        na_values=[""],
    ).sort_values("be_id", ignore_index=True)
    np.testing.assert_array_equal(from_parquet["employed_persons"], from_csv["employed_persons"])
    assert from_parquet["sbi"].astype(object).fillna("").tolist() == from_csv["sbi"].astype(object).fillna("").tolist()
    assert (
        pd.to_datetime(from_parquet["founded"]).dropna().dt.strftime("%Y%m%d").astype(int).tolist()
        == from_csv["founded"].dropna().astype(int).tolist()
    )
    names = pd.read_csv(csv / "participants.csv", sep=";", encoding="cp1252")["fieldlab"]
    assert names.str.contains("ë|ö", regex=True).any()


def test_the_marker_says_what_is_calibrated(extracts, figures):
    marker = json.loads((extracts(1) / "simulation.json").read_text(encoding="utf-8"))
    assert marker["synthetic"] is True
    assert marker["population_thinned"] is True
    calibrated = {tuple(entry.values()) for entry in marker["calibrated"]}
    assert len(calibrated) == len(marker["calibrated"]) > len(figures)
    assert {"indicator": "linked_units", "year": 2014}.items() <= marker["calibrated"][0].items()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"scale": 0}, "scale"),
        ({"scale": -0.01}, "scale"),
        ({"scale": 1.5}, "scale"),
        ({"preset": "x"}, "preset"),
        ({"layout": "x"}, "layout"),
        ({"format": "x"}, "format"),
        ({"seed": 0.5}, "seed"),
        ({"seed": -3}, "seed"),
        ({"preset": "be_kbo_accounts", "format": "sav"}, "format"),
    ],
)
def test_bad_arguments_are_refused(tmp_path, arguments, word):
    with pytest.raises(StudyError, match=f"{word}: found .*expected"):
        simulate_extract(tmp_path / "out", **arguments)
    assert not list(tmp_path.iterdir())


def test_a_folder_with_content_is_refused(tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(StudyError, match="expected a folder"):
        simulate_extract(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_failure_leaves_nothing_behind(tmp_path):
    def fail(step: str, fraction: float) -> None:
        if fraction > 0.5:
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        simulate_extract(tmp_path / "out", progress=fail)
    assert not list(tmp_path.iterdir())

"""The exhibits of the reference study: the published counts come back, and every table is tidy."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from paths import DATA

from si_eval import survey as sv
from si_eval.results import ResultTable
from si_eval.vocabulary import TIDY

INVITED = 280
SAME = 1e-12  # the same formula in another order of sums


@pytest.fixture(scope="module")
def exhibits(survey, register_counts, survey_folder):
    tables = {}
    for entry in tomllib.loads((survey_folder / "exhibits.toml").read_text(encoding="utf-8"))["exhibits"]:
        arguments = {
            name: DATA / "studies" / value if str(value).startswith("../") else value
            for name, value in entry.get("arguments", {}).items()
        }
        if "population" in arguments:
            arguments["population"] = sv.load_frame(arguments["population"]).invited
        if entry["function"] == "survey_nonresponse":
            arguments = {"population": register_counts()}
        if entry["function"] == "survey_weighted":
            settings = {**arguments["settings"], "population": INVITED}
            arguments = {"margins": register_counts(), "fewest": 5, "trim": (0.3, 3.0), **settings}
        table = getattr(sv, entry["function"])(survey, **arguments)
        frame = table.frame
        for column, wanted in entry.get("select", {}).items():
            frame = frame[frame[column].isin(wanted if isinstance(wanted, list) else [wanted])]
        tables[entry["id"]] = replace(table, frame=frame)
    return tables


def published_figures():
    return pd.read_csv(DATA / "published" / "survey_figures.csv", dtype={"value": float}).to_dict("records")


@pytest.mark.parametrize("figure", published_figures(), ids=lambda figure: figure["id"])
def test_every_published_value_comes_back(figure, exhibits, row):
    precision = tomllib.loads((DATA / "published" / "readings.toml").read_text(encoding="utf-8"))["precision"]
    keys = ("indicator", "statistic", "group", "size_class", "sector", "category")
    found = row(exhibits[figure["exhibit"]], **{key: figure[key] for key in keys})
    if figure["precision"] == "unprinted":
        assert np.isnan(figure["value"])
        return
    allowed = precision[figure["precision"]]
    low = figure["value"] - allowed["below"] * figure["step"]
    high = figure["value"] + allowed["above"] * figure["step"]
    assert low - SAME <= found["estimate"] <= high + SAME


def test_every_row_of_the_reference_is_kept():
    ids = [figure["id"] for figure in published_figures()]
    assert ids == [f"SV{number:03d}" for number in range(1, 72)]


def entries_are_labelled(name):
    """Say whether an exhibit has answers of the questionnaire alone, not rates, checks, doubts or the population."""
    others = ("dialogic_table_11", "survey_plausibility", "survey_doubts", "survey_impact_weighted")
    return name not in others and "nonresponse" not in name


def test_results_are_tidy_counted_and_labelled(exhibits, questionnaire, survey):
    labels = questionnaire.labels()
    for name, table in exhibits.items():
        frame = table.to_frame()
        assert isinstance(table, ResultTable)
        assert list(frame.columns[: len(TIDY)]) == list(TIDY)
        assert frame.loc[frame["estimate"].notna(), "n_units"].notna().all()
        assert not frame.duplicated(["indicator", "statistic", "group", "size_class", "sector", "category"]).any()
        assert table.cannot_show
        assert table.simulation is survey.simulation
        if entries_are_labelled(name):
            assert set(frame["category"]) - {"all"} <= set(labels)
            assert set(frame["indicator"]) <= set(labels)
    assert exhibits["dialogic_figure_44"].evidence == exhibits["dialogic_figure_43"].evidence == "association"
    assert exhibits["dialogic_figure_41"].evidence == "goal_attainment"

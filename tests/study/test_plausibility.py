"""Plausibility from end to end: a gross failure stops a run until the study accepts it, with a reason that shows."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from damaged_registers import DAMAGES
from sound_registers import Frames, make_registers
from typer.testing import CliRunner

from si_eval import protect
from si_eval.cli import app
from si_eval.compare.plausibility import describe_plausibility
from si_eval.errors import InputError, StudyError
from si_eval.registers.any_frame import panel_from_frame
from si_eval.registers.extracts import examine_extract
from si_eval.registers.linkage import link_participants
from si_eval.registers.panel import build_panel
from si_eval.registry import facts
from si_eval.study.file import load_study
from si_eval.study.inputs import read_extract
from si_eval.study.run import run_study

CHECK = "quarters_cumulative"
REASON = "the quarters of 2017 are running totals, by agreement"
STUDY = """
name = "small"
title = { nl = "Klein", en = "Small" }
languages = ["en"]
[extract]
folders = ["damaged"]
accept = [ACCEPT]
[[exhibits]]
id = "plausibility"
chapter = "1"
title = { nl = "Aannemelijk?", en = "Plausible?" }
function = "describe_plausibility"
chart = { kind = "table" }
"""
ACCEPTED = f'{{ check = "{CHECK}", reason = "{REASON}" }}'


def write_registers(folder: Path, frames: Frames) -> Path:
    folder.mkdir(parents=True)
    for name, frame in frames.items():
        if "year" in frame and name != "kvk_person":
            for year, rows in frame.groupby("year"):
                rows.to_parquet(folder / f"{name}_{year}.parquet", index=False)
        else:
            frame.dropna(axis="columns", how="all").to_parquet(folder / f"{name}.parquet", index=False)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("plausibility")
    sound = make_registers(units=150)
    write_registers(place / "sound", sound)
    write_registers(place / "damaged", DAMAGES["quarters added up"].apply(sound, 2017))
    return place


def write_study(folder: Path, accept: str = "") -> Path:
    path = folder / "study.toml"
    path.write_text(STUDY.replace("ACCEPT", accept), encoding="utf-8")
    return path


def test_sound_extract_has_every_check_and_no_remark(folder: Path) -> None:
    examined = examine_extract(folder / "sound")
    assert [check.name for check in examined.extract.checks] == list(facts("plausibility")["checks"])
    assert not [note for note in examined.extract.notes if note.startswith("plausibility")]
    assert examine_extract(folder / "sound").extract.checks == pytest.approx(examined.extract.checks, nan_ok=True)


def test_gross_failure_is_refused_with_every_problem(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_extract(folder / "damaged")
    (problem,) = [one for one in caught.value.problems if f"check {CHECK}" in one.found]
    assert problem.where == "turnover 2017"
    assert problem.expected == "at most 0.4"
    assert f'accept = [{{ check = "{CHECK}"' in problem.action


def test_check_shows_every_check_with_verdict_and_threshold(folder: Path) -> None:
    answer = CliRunner().invoke(app, ["check", str(folder / "damaged")])
    assert answer.exit_code == 1
    assert f"{CHECK}: fail, found" in answer.output
    assert "units_go_on: pass, found" in answer.output


def test_accepted_failure_runs_and_its_reason_is_printed(folder: Path) -> None:
    study = load_study(write_study(folder, ACCEPTED))
    run_study(study, out=folder / "out", notebooks=False)
    table = pd.read_csv(folder / "out" / "tables" / "plausibility.csv")
    row = table[(table["category"] == CHECK) & (table["indicator"] == "plausibility_departing")].iloc[0]
    assert row["estimate"] == 1
    assert REASON in row["note"]
    entry = {one["check"]: one for one in json.loads((folder / "out" / "provenance.json").read_text())["plausibility"]}
    assert entry[CHECK]["verdict"] == "fail"
    assert entry[CHECK]["accepted"] == REASON
    assert set(entry) == set(facts("plausibility")["checks"])
    assert [note for note in read_extract(study).notes if CHECK in note and REASON in note]


@pytest.mark.parametrize(
    ("accept", "said"),
    [
        ('{ check = "turnover_between_year", reason = "so" }', "did you mean `turnover_between_years`?"),
        ('{ check = "turnover_between_years", reason = "" }', "reason"),
        ('{ check = "turnover_between_years" }', "reason"),
        ('"turnover_between_years"', "accept"),
    ],
)
def test_acceptance_needs_a_known_check_and_a_reason(folder: Path, accept: str, said: str) -> None:
    with pytest.raises((InputError, StudyError), match=said.replace("?", r"\?")):
        load_study(write_study(folder, accept))


def test_table_crosses_the_border_whole(folder: Path) -> None:
    extract = read_extract(folder / "sound")
    table = describe_plausibility(build_panel(extract, link_participants(extract)))
    (safe,) = protect([table])
    assert safe.to_frame()["status"].eq("shown").all()
    assert len(safe.to_frame()) == 2 * len(facts("plausibility")["checks"])


def test_panel_of_a_data_frame_has_no_checks() -> None:
    firms = pd.DataFrame({"firm": [1, 2], "year": [2014, 2014], "joined": [0, 1]})
    with pytest.raises(StudyError, match="read the extract"):
        describe_plausibility(panel_from_frame(firms, unit="firm", year="year", participant="joined"))

"""Two runs compared, and one verified: each figure that moves is told with what differs in its making."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
from typer.testing import CliRunner
from vouchers import STUDY, write_vouchers

from si_eval.cli import app
from si_eval.errors import StudyError
from si_eval.study.compared_runs import compare_runs
from si_eval.study.evaluation import evaluate
from si_eval.study.file import load_study
from si_eval.study.release import release_run
from si_eval.study.run import run_study, write_numbers
from si_eval.study.verification import verify_run

FIRMS = 400
SMALL = (
    STUDY[: STUDY.index("[[chapters]]")]
    + """
[[chapters]]
title = "All"
[[exhibits]]
id = "productivity"
title = "Turnover per person employed"
function = "compare_groups"
arguments = { indicator = "revenue_per_employee", years = [2015, 2018] }
chart = { kind = "table", statistic = "mean" }
[[exhibits]]
id = "rd"
title = "R&D"
function = "compare_groups"
arguments = { indicator = "rd_per_employee", years = [2018] }
chart = { kind = "table", statistic = "mean" }
"""
)


def run(folder, out, study=SMALL):
    """Make the numbers of a run, without figures and what stays inside."""
    (folder / "study.toml").write_text(study, encoding="utf-8")
    results = evaluate(load_study(folder / "study.toml"), folders=[folder / "extract"])
    write_numbers(results, folder / out)


OTHER = SMALL.replace('id = "rd"', 'id = "spending"')
OTHER = OTHER.replace('currency = "GBP"', 'currency = "GBP"\nrules = "recommended"')


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Make three runs: the first, one after a file changed, one by other rules and with another exhibit."""
    folder = tmp_path_factory.mktemp("runs")
    write_vouchers(folder / "extract", firms=FIRMS)
    run(folder, "other", OTHER)
    (folder / "study.toml").write_text(SMALL, encoding="utf-8")
    run_study(folder / "study.toml", out=folder / "out", extract=folder / "extract", notebooks=False)
    kept = shutil.copytree(folder / "extract", folder / "kept")
    path = folder / "extract" / "berd_2018.csv"
    rows = pd.read_csv(path).assign(rd_total=lambda frame: frame["rd_total"] * 2)
    rows.to_csv(path, index=False)
    run(folder, "doubled")
    shutil.rmtree(folder / "extract")
    kept.rename(folder / "extract")
    return folder


def test_a_run_beside_itself_moves_nothing(runs):
    compared = compare_runs(runs / "out", runs / "out")
    assert compared.compared > 20
    assert compared.frame.empty
    assert compared.causes == ()


def test_a_changed_file_moves_what_rests_on_it_and_is_named(runs):
    compared = compare_runs(runs / "out", runs / "doubled")
    moved = compared.to_frame()
    assert set(moved["exhibit"]) == {"rd"}
    means = moved.query("statistic == 'mean' and group == 'participant'")
    assert means["relative"].tolist() == [pytest.approx(1.0, abs=0.01)]
    assert [(cause.kind, cause.what) for cause in compared.causes] == [
        ("input", "berd_2018.csv (survey) is another file")
    ]
    assert compared.cause == "input"


def test_rules_are_told_apart_from_the_study_file_and_exhibits_that_come_and_go(runs):
    compared = compare_runs(runs / "out", runs / "other")
    frame = compared.to_frame()
    assert {cause.kind for cause in compared.causes} == {"rule", "study"}
    assert any("size_rule: current -> mean" in cause.what for cause in compared.causes)
    assert set(frame.loc[frame["what"] == "removed", "exhibit"]) == {"rd"}
    assert "spending" in set(frame.loc[frame["what"] == "added", "exhibit"])


def changed(runs, folder, **told):
    """Return a copy of the first run with one figure half as high again, and another provenance."""
    copy = shutil.copytree(runs / "out", folder / "out")
    rows = pd.read_csv(copy / "tables" / "rd.csv")
    rows.loc[0, "estimate"] *= 1.5
    rows.to_csv(copy / "tables" / "rd.csv", index=False)
    path = copy / "provenance.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **told}), encoding="utf-8")
    return copy


CAUSES = {
    "unknown": {},
    "version": {"packages": {"numpy": "0.1"}},
    "seed": {"synthetic": {"preset": "a", "scale": 1.0, "seed": 2}, "inputs": []},
}


@pytest.mark.parametrize("cause", CAUSES)
def test_versions_seeds_and_the_unknown_are_kinds_of_their_own(runs, tmp_path, cause):
    compared = compare_runs(runs / "out", changed(runs, tmp_path, **CAUSES[cause]))
    assert compared.cause == cause
    assert compared.frame["relative"].tolist() == [pytest.approx(0.5)]


def test_a_run_is_verified_from_what_it_kept_inside(runs):
    told = CliRunner().invoke(app, ["verify", str(runs / "out"), "--study", str(runs / "study.toml")])
    assert told.exit_code == 0, told.output
    assert "verified: the same figures" in told.output


def test_a_figure_that_was_changed_by_hand_is_found(runs, tmp_path):
    copy = changed(runs, tmp_path)
    shutil.copytree(runs / "out.inside", tmp_path / "out.inside")
    told = CliRunner().invoke(app, ["verify", str(copy)])
    assert told.exit_code == 1
    assert "changed since the run: provenance.json, tables/rd.csv" in told.output
    assert "1 moved" in told.output


def test_a_run_without_what_it_kept_inside_asks_for_its_study(runs, tmp_path):
    with pytest.raises(StudyError, match="name the study file"):
        verify_run(changed(runs, tmp_path))


def test_the_command_writes_all_that_differs(runs, tmp_path):
    arguments = ["compare", str(runs / "out"), str(runs / "other"), "--csv", str(tmp_path / "moved.csv")]
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 0, told.output
    assert "study: the study file" in told.output
    assert set(pd.read_csv(tmp_path / "moved.csv")["what"]) >= {"added", "removed"}


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(StudyError, match="not the folder of a run"):
        compare_runs(tmp_path, tmp_path)


def test_a_study_in_one_language_leaves_in_a_package(runs, tmp_path):
    for name in ("out", "out.inside"):
        shutil.copytree(runs / name, tmp_path / name)
    assert release_run(tmp_path / "out").path.name.startswith("innovation_vouchers_")

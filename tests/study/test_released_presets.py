"""Counts below the office's threshold leave for a written reason alone, and the form says which they are."""

from __future__ import annotations

import zipfile

import pytest

from si_eval.errors import StudyError
from si_eval.study.release import release_run
from si_eval.study.run import run_study

STUDY = """
name = "small"
title = { nl = "Klein", en = "Small" }
[disclosure]
rules = "cbs"
%s
[[exhibits]]
id = "sectors"
disclosure = "as_published"
chapter = "1"
title = { nl = "Sectoren", en = "Sectors" }
function = "describe_reach"
arguments = { year = 2019 }
select = { indicator = "sector", group = "participant" }
chart = { kind = "table" }
"""
WHY = "the source printed them in 2020"


def form_of(release):
    with zipfile.ZipFile(release.path) as archive:
        return archive.read("output_control_form.txt").decode()


def run(folder, extract, setting=""):
    (folder / "study.toml").write_text(STUDY % setting, encoding="utf-8")
    run_study(folder / "study.toml", out=folder / "out", extract=extract, notebooks=False)
    return folder / "out"


def test_nothing_leaves_as_published_without_a_reason_and_the_form_lists_it(tmp_path, simulated_extract):
    out = run(tmp_path, simulated_extract())
    with pytest.raises(StudyError, match=r"found 1 exhibits under the output rules as_published.*sectors"):
        release_run(out)
    assert not list(out.glob("release/*.zip"))
    made = release_run(out, as_published=WHY)
    assert made.as_published == WHY
    form = form_of(made)
    assert f"Numbers on fewer than 10 units: as listed; reason given: {WHY}" in form
    assert "numbers (output rules as_published)" in form


def test_the_study_file_may_give_the_reason(tmp_path, simulated_extract):
    made = release_run(run(tmp_path, simulated_extract(), f'as_published = "{WHY}"'))
    assert f"reason given: {WHY}" in form_of(made)


def test_rules_of_the_office_leave_no_number_below_the_threshold(tmp_path, simulated_extract):
    (tmp_path / "study.toml").write_text((STUDY % "").replace('disclosure = "as_published"\n', ""), encoding="utf-8")
    run_study(tmp_path / "study.toml", out=tmp_path / "out", extract=simulated_extract(), notebooks=False)
    made = release_run(tmp_path / "out")
    assert "Numbers on fewer than 10 units: none" in form_of(made)
    assert made.as_published == ""

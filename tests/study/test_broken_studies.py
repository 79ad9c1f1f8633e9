"""A study that is broken in any way is refused with the place and what to do, before its extract is read."""

from __future__ import annotations

import os
import time

import pytest
from broken_studies import BROKEN, SOUND, write_study
from typer.testing import CliRunner

from si_eval.cli import app
from si_eval.errors import SiEvalError
from si_eval.study.checks import check_study, load_checked

EVERY = max(1, int(os.environ.get("SI_EVAL_BROKEN_STUDIES", "7")))  # 1 tries all of them through the command line
LONGEST = 20  # seconds


@pytest.fixture(autouse=True)
def no_extract(monkeypatch):
    """Fail where an extract is read: what is wrong is known before."""
    monkeypatch.setattr("si_eval.registers.extracts.examine", lambda request: pytest.fail("an extract was read"))


def listing(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", list(BROKEN)[::EVERY])
def test_a_broken_study_is_refused_by_the_check_and_by_the_run(tmp_path, name):
    change, expected = BROKEN[name]
    path = write_study(tmp_path)
    change(tmp_path)
    before = listing(tmp_path)
    started = time.monotonic()
    for command in (["check"], ["run", "--out", str(tmp_path / "OUT"), "--no-notebooks"]):
        result = CliRunner().invoke(app, [command[0], str(path), *command[1:]])
        message = " ".join(result.output.split())
        assert (result.exit_code, "Traceback" in message) == (1, False), (name, message, result.exception)
        assert expected in message
        assert "found" in message
        assert "; expected " in message
    assert time.monotonic() - started < LONGEST
    assert listing(tmp_path) == before


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_study_is_no_false_alarm(tmp_path, name):
    path = write_study(tmp_path)
    SOUND[name](tmp_path)
    check_study(load_checked(path))


def test_everything_is_told_at_once(tmp_path):
    path = write_study(tmp_path)
    names = ("an unknown key of a part", "an unknown kind of chart", "a year of 5 digits", "labels that are texts",
             "an unknown fact", "a year twice", 'notebooks = ["none.py"]', "a coverage of 95")  # fmt: skip
    for name in names:
        BROKEN[name][0](tmp_path)
    with pytest.raises(SiEvalError) as raised:
        load_checked(path)
    for name in names:
        assert BROKEN[name][1] in str(raised.value), name
    assert len(raised.value.problems) == len(names)


def test_an_extract_beside_an_extract_is_refused(tmp_path):
    for command in (["check"], ["run", "--out", str(tmp_path / "OUT")]):
        result = CliRunner().invoke(app, [command[0], str(tmp_path), "--extract", str(tmp_path), *command[1:]])
        assert (result.exit_code, "found a second folder" in result.output) == (1, True)


@pytest.mark.parametrize("kind", ["none", "a file", "the root"])
def test_an_extract_that_is_no_folder_is_refused(tmp_path, kind):
    path = write_study(tmp_path)
    extract = {"none": tmp_path / "nowhere", "a file": tmp_path / "known.csv", "the root": "/"}[kind]
    for command in (["check"], ["run", "--out", str(tmp_path / "OUT"), "--no-notebooks"]):
        result = CliRunner().invoke(app, [command[0], str(path), "--extract", str(extract), *command[1:]])
        message = " ".join(result.output.split())
        told = "expected a folder with the raw files", "a folder in the extract"  # every OUT lies in the root
        assert (result.exit_code, any(words in message for words in told)) == (1, True)

"""Runs that end badly: whatever cannot be written, the last good results stay whole and nothing else is left."""

from __future__ import annotations

import base64
import builtins
import os
from dataclasses import replace
from pathlib import Path

import pytest

from si_eval.disclosure.traces import sort_identifiers
from si_eval.errors import DisclosureError, StudyError
from si_eval.report.kernels import KernelStartError
from si_eval.study import evaluation, kept_inside, run
from si_eval.study.file import load_study
from si_eval.study.release import release_run

STUDY = """
name = "small"
title = { nl = "Klein", en = "Small" }
notebooks = ["notebook.py"]
[[exhibits]]
id = "sectors"
chapter = "1"
title = { nl = "=Sectoren", en = "=Sectors" }
function = "describe_reach"
arguments = { year = 2019 }
select = { indicator = "sector", group = "participant" }
chart = { kind = "shares", x = "sector" }
"""
# What writes, makes or moves; every call of each is made to fail in turn.
CALLS = tuple((Path, name) for name in ("write_text", "write_bytes", "mkdir", "rename", "replace", "chmod"))
MOST_CALLS = 60
FULL = OSError(28, "No space left on device")
PNG = base64.b64decode(  # one white pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEANl9ngAAAAABJRU5ErkJggg=="
)


class FakeDrawers:
    """Writes an empty picture for each figure."""

    def __init__(self, figures):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def start(self, drawings, folder):
        for *_, path in drawings:
            path.write_bytes(PNG)

    def finish(self, progress):
        progress("drawn", 1.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    (folder / "notebook.py").write_text("# %%\n1\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def evaluated(folder, simulated_extract):
    results = evaluation.evaluate(load_study(folder / "study.toml"), folders=[simulated_extract()])
    return replace(results, extract=replace(results.extract, tables={}))  # its identifiers take time


@pytest.fixture
def small_run(folder, evaluated, tmp_path, monkeypatch):
    """Give a function that writes the results of a study, computed before, into one folder."""
    monkeypatch.setattr(run, "evaluate", lambda study, **_: evaluated)
    monkeypatch.setattr(run, "Drawers", FakeDrawers)
    monkeypatch.setattr("si_eval.study.provenance.describe_commit", lambda source: None)
    monkeypatch.setattr(run, "check_kernels", lambda: None)
    study = load_study(folder / "study.toml")
    return lambda **settings: run.run_study(study, out=tmp_path / "out", **{"notebooks": False, **settings})


def read_tree(folder):
    """Read a folder with all that is in it: names, rights and content."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mode, path.read_bytes() if path.is_file() else None)
        for path in sorted(folder.rglob("*"))
    }


def fail_at(patch, owner, name, number):
    """Let one call of a function fail as on a full disk; return the list of calls."""
    original, calls = getattr(owner, name), []

    def called(*arguments, **settings):
        calls.append(arguments)
        if len(calls) == number:
            raise FULL
        return original(*arguments, **settings)

    patch.setattr(owner, name, called)
    return calls


def attempt(command, *arguments, **settings):
    """Run a command that may meet a full disk; return what it said then."""
    try:
        command(*arguments, **settings)
    except StudyError as error:
        return str(error)
    return ""


def test_an_identifier_in_any_file_leaves_no_results(small_run, tmp_path, monkeypatch):
    monkeypatch.setattr(kept_inside, "_identifiers", lambda extract: sort_identifiers(["sectors"]))
    with pytest.raises(DisclosureError, match=r"found exhibits.csv: an identifier; the name figures/sectors.png"):
        small_run()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("owner", "name"), [*CALLS, (builtins, "open")], ids=str)
def test_whichever_call_fails_the_last_good_results_stay_whole(small_run, tmp_path, monkeypatch, owner, name):
    small_run()
    before, said = read_tree(tmp_path), []
    for number in range(1, MOST_CALLS):
        with monkeypatch.context() as patch:
            calls = fail_at(patch, owner, name, number)
            said.append(attempt(small_run))
        if len(calls) < number:
            break
        assert "found no room left on the disk" in said[-1] or not said[-1]
        assert read_tree(tmp_path) == before, f"{name}, call {number}"
    assert any(said) or not calls


@pytest.mark.parametrize(("owner", "name"), CALLS, ids=str)
def test_whichever_call_of_a_release_fails_results_and_ledger_agree(small_run, tmp_path, monkeypatch, owner, name):
    small_run()
    ledger = tmp_path / "ledger.json"
    for number in range(1, MOST_CALLS):
        with monkeypatch.context() as patch:
            calls = fail_at(patch, owner, name, number)
            said = attempt(release_run, tmp_path / "out", ledger=ledger)
        if len(calls) < number:
            break
        assert "found no room left on the disk" in said or not said
        names = {path.name for path in tmp_path.rglob("*")}
        assert not [one for one in names if one.startswith(".") or one.endswith(".lock")], f"{name}, call {number}"
        assert ledger.exists() or not any(one.endswith(".zip") for one in names)
    assert release_run(tmp_path / "out", ledger=ledger).path.is_file()


def test_two_runs_on_one_place_do_not_meet(small_run, tmp_path, monkeypatch):
    second: list[str] = []

    def run_again(study, **settings):
        with pytest.raises(StudyError, match="another process at work on out") as refused:
            release_run(tmp_path / "out")
        second.append(str(refused.value))
        return evaluated_before(study, **settings)

    evaluated_before = run.evaluate
    monkeypatch.setattr(run, "evaluate", run_again)
    small_run()
    assert len(second) == 1
    assert release_run(tmp_path / "out").path.is_file()


def test_tables_are_kept_where_no_kernel_starts_for_the_report(small_run, tmp_path, monkeypatch):
    def refuse(*_):
        raise KernelStartError("notebook.py: no kernel of notebooks could start; or run with `--no-notebooks`")

    monkeypatch.setattr(run, "_write_report", refuse)
    with pytest.raises(StudyError, match=r"notebook.py: no kernel .* tables and figures are in out, without a report"):
        small_run(notebooks=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "exhibits.csv", "figures", "provenance.json", "tables",
    ]  # fmt: skip
    assert release_run(tmp_path / "out").path.is_file()


def test_a_kernel_that_cannot_start_is_found_out_before_the_work(small_run, tmp_path, monkeypatch):
    def refuse():
        raise KernelStartError("notebooks: found no connection to 127.0.0.1")

    monkeypatch.setattr(run, "check_kernels", refuse)
    monkeypatch.setattr(run, "evaluate", lambda study, **_: pytest.fail("work began"))
    with pytest.raises(KernelStartError):
        small_run(notebooks=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_results_follow_the_umask_and_what_stays_inside_is_private(small_run, tmp_path, umask):
    before = os.umask(umask)
    try:
        small_run()
    finally:
        os.umask(before)
    for root, file, folder in (("out", 0o666 & ~umask, 0o777 & ~umask), ("out.inside", 0o600, 0o700)):
        for path in (tmp_path / root, *(tmp_path / root).rglob("*")):
            assert path.stat().st_mode & 0o777 == (folder if path.is_dir() else file), path


def test_a_folder_with_a_provenance_of_something_else_is_no_earlier_run(small_run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "provenance.json").write_text('{"entity": {}}')
    with pytest.raises(StudyError, match="which is not an earlier run"):
        small_run()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_no_text_in_results_or_package_is_a_formula(small_run, tmp_path):
    small_run()
    assert ",'=Klein" not in (tmp_path / "out" / "exhibits.csv").read_text(encoding="utf-8")
    assert ",'=Sectoren," in (tmp_path / "out" / "exhibits.csv").read_text(encoding="utf-8")

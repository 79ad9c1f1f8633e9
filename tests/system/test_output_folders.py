"""Places of results: what can be none, who may work on one, and what an error or a killed process leaves."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from si_eval.errors import StudyError
from si_eval.system import output_folders, temporary_folders
from si_eval.system.failures import describe_failure, explain_failures
from si_eval.system.output_folders import keep_private, match_umask, resolve_place, swap_folders, work_beside
from si_eval.system.temporary_folders import LOCK, make_folder, remove_folder, sweep_folders, temporary_folder

NAMES = ("out", "out.inside")
MOVES = 4  # renames of a run over an earlier one
PATIENCE = 60  # seconds for a process to end


def write_both(folder: Path, content: str, work: Path | None = None) -> dict[Path, Path]:
    """Write results and what stays inside, in place or in a folder for work."""
    for name in NAMES:
        place = (work or folder) / name
        place.mkdir(parents=True)
        (place / "file").write_text(content)
    return {} if work is None else {work / name: folder / name for name in NAMES}


def read_both(folder: Path) -> set[str]:
    return {(folder / name / "file").read_text() for name in NAMES}


def swap_both(folder: Path, content: str) -> None:
    with work_beside(folder / "out") as work:
        swap_folders(write_both(folder, content, work), work)


def fail_at(monkeypatch, number: int, error: BaseException) -> None:
    """Let one rename fail, where folders cannot change places in one step."""
    monkeypatch.setattr(output_folders, "exchange", lambda one, other: False)
    rename, calls = Path.rename, []

    def renamed(path, target):
        calls.append(path)
        if len(calls) == number:
            raise error
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", renamed)


@pytest.mark.parametrize("number", range(1, MOVES + 1))
def test_results_and_what_stays_inside_change_together_or_not_at_all(tmp_path, monkeypatch, number):
    write_both(tmp_path, "old")
    with monkeypatch.context() as patch:
        fail_at(patch, number, OSError(28, "No space left on device"))
        with pytest.raises(OSError, match="No space"):
            swap_both(tmp_path, "new")
    assert read_both(tmp_path) == {"old"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [*NAMES]
    swap_both(tmp_path, "new")
    assert read_both(tmp_path) == {"new"}


KILLED = """
import os, signal, sys
from pathlib import Path
folder, number, after = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "after"
rename, calls = Path.rename, []
def killed(path, target):
    calls.append(path)
    if len(calls) == number and not after:
        os.kill(os.getpid(), signal.SIGKILL)
    rename(path, target)
    if len(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)
Path.rename = killed
from si_eval.system import output_folders
from si_eval.system.output_folders import swap_folders, work_beside
output_folders.exchange = lambda one, other: False
with work_beside(folder / "out") as work:
    for name in ("out", "out.inside"):
        (work / name).mkdir()
        (work / name / "file").write_text("new")
    swap_folders({work / name: folder / name for name in ("out", "out.inside")}, work)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, MOVES + 1))
def test_what_a_killed_process_began_the_next_one_completes(tmp_path, number, when):
    write_both(tmp_path, "old")
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(number), when]
    assert subprocess.run(command, timeout=PATIENCE, check=False).returncode == -signal.SIGKILL
    present = [name for name in NAMES if (tmp_path / name).exists()]
    if "out" in present:
        assert len(read_both(tmp_path)) == 1, "results of one run beside what another kept inside"
    with work_beside(tmp_path / "out"):
        assert read_both(tmp_path) == {"new"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [*NAMES]


EXCHANGED = """
import os, signal, sys
from pathlib import Path
from si_eval.system import output_folders
folder, number, after = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "after"
exchange, calls = output_folders.exchange, []
def killed(one, other):
    calls.append(one)
    if len(calls) == number and not after:
        os.kill(os.getpid(), signal.SIGKILL)
    done = exchange(one, other)
    if len(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return done
output_folders.exchange = killed
with output_folders.work_beside(folder / "out") as work:
    for name in ("out", "out.inside"):
        (work / name).mkdir()
        (work / name / "file").write_text("new")
    output_folders.swap_folders({work / name: folder / name for name in ("out", "out.inside")}, work)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="folders change places in one step on Linux")
@pytest.mark.parametrize(("number", "when", "then"), [(1, "before", "old"), (1, "after", "new"), (2, "after", "new")])
def test_results_are_never_missing_where_folders_change_places_in_one_step(tmp_path, number, when, then):
    write_both(tmp_path, "old")
    command = [sys.executable, "-c", EXCHANGED, str(tmp_path), str(number), when]
    assert subprocess.run(command, timeout=PATIENCE, check=False).returncode == -signal.SIGKILL
    assert {(tmp_path / name / "file").read_text() for name in NAMES} <= {"old", "new"}
    with work_beside(tmp_path / "out"):
        assert read_both(tmp_path) == {then}
    assert sorted(path.name for path in tmp_path.iterdir()) == [*NAMES]


def test_a_process_that_died_before_it_moved_anything_leaves_nothing(tmp_path):
    write_both(tmp_path, "old")
    work = tmp_path / ".out.work"
    write_both(tmp_path, "new", work)
    (work / LOCK).touch()
    (work / output_folders.JOURNAL).write_text('[["out", "../out"')
    with work_beside(tmp_path / "out"):
        assert read_both(tmp_path) == {"old"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [*NAMES]


def test_a_change_that_cannot_be_completed_is_named_and_left(tmp_path):
    work = tmp_path / ".out.work"
    write_both(tmp_path, "new", work)
    (work / LOCK).touch()
    (work / output_folders.JOURNAL).write_text(
        json.dumps([["out", "../out", "old.0"], ["out.inside", "../out.inside", ""]])
    )
    write_both(tmp_path, "of another")
    (work / "old.0").mkdir()
    with (
        pytest.raises(StudyError, match=r"a process began and did not end .* move out away"),
        work_beside(tmp_path / "out"),
    ):
        pass
    assert read_both(tmp_path) == {"of another"}
    assert (work / "out" / "file").read_text() == "new"


def test_a_second_process_on_one_place_is_refused(tmp_path):
    with work_beside(tmp_path / "out") as work:
        (work / "begun").touch()
        with pytest.raises(StudyError, match="another process at work on out"), work_beside(tmp_path / "out"):
            pass
        with work_beside(tmp_path / "other"):
            assert (work / "begun").exists()
    assert not list(tmp_path.iterdir())


def test_a_folder_of_someone_else_under_the_name_of_the_work_is_left_alone(tmp_path):
    (tmp_path / ".out.work").mkdir()
    (tmp_path / ".out.work" / "mine").touch()
    with pytest.raises(StudyError, match="holds something else"), work_beside(tmp_path / "out"):
        pass
    assert (tmp_path / ".out.work" / "mine").exists()


def make_fifo(folder):
    os.mkfifo(folder / "out")
    return folder / "out"


def make_socket(folder):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(folder / "out"))
    return folder / "out"


def link_to(folder, target):
    (folder / "out").symlink_to(target)
    return folder / "out"


def below_file(folder):
    (folder / "file").touch()
    return folder / "file" / "deeper" / "out"


PLACES = {
    "nothing": (lambda folder: "", "no path"),
    "a zero byte": (lambda folder: "a\0b", "no path"),
    "the root": (lambda folder: "/", "the root of a file system"),
    "the working directory": (lambda folder: ".", "the working directory"),
    "the folder above it": (lambda folder: "..", "holds the working directory"),
    "home": (lambda folder: Path.home(), "the home folder"),
    "a device": (lambda folder: "/dev/null", "a device"),
    "a fifo": (make_fifo, "a device, a pipe or a socket"),
    "a socket": (make_socket, "a device, a pipe or a socket"),
    "a file": (lambda folder: below_file(folder).parents[1], "which is a file"),
    "below a file": (below_file, "below 'file', and that is no folder"),
    "below a device": (lambda folder: "/dev/null/out", "below 'null', and that is no folder"),
    "a link to nothing": (lambda folder: link_to(folder, folder / "gone"), "a link that leads nowhere"),
    "a link to itself": (lambda folder: link_to(folder, folder / "out"), "a link that leads"),
    "a long name": (lambda folder: folder / ("x" * 300), "too long|more than"),
    "a long name that fits": (lambda folder: folder / ("x" * 250), "more than"),
    "a mount": (lambda folder: "/proc", "a file system of its own"),
    "no UTF-8": (lambda folder: folder / os.fsdecode(b"\xff"), "no UTF-8"),
    "an input": (lambda folder: folder / "inputs", "a folder that holds the study file"),
    "the extract": (lambda folder: folder / "extract", "a folder that holds the extract"),
    "in the extract": (lambda folder: folder / "extract" / "out", "a folder in the extract"),
}


@pytest.mark.skipif(os.name != "posix", reason="places of POSIX")
@pytest.mark.parametrize(("make", "message"), PLACES.values(), ids=PLACES.keys())
def test_what_can_be_no_place_is_refused_and_left(tmp_path, monkeypatch, make, message):
    (tmp_path / "extract").mkdir()
    (tmp_path / "here" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    place = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    inputs = {"the extract": tmp_path / "extract", "the study file": tmp_path / "inputs" / "study.toml"}
    with pytest.raises(StudyError, match=f"^out: found .*{message}|^out: .*{message}"):
        resolve_place(place, inputs=inputs)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["out", "with space", "é ñ 数", "line\nend", "it's", "x" * 200, "-rf", "a:b"])
def test_any_other_name_is_a_place(tmp_path, name):
    place = resolve_place(tmp_path / name)
    with work_beside(place) as work:
        (work / "new").mkdir()
        swap_folders({work / "new": place}, work)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_link_to_a_folder_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    assert resolve_place(link_to(tmp_path, tmp_path / "real")) == (tmp_path / "real").resolve()


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o027])
def test_finished_folders_follow_the_umask_and_what_is_private_does_not(tmp_path, umask):
    before = os.umask(umask)
    try:
        for name in ("open", "kept"):
            (tmp_path / name).mkdir(mode=0o700)
            (tmp_path / name / "deep").mkdir()
            (tmp_path / name / "deep" / "file").touch()
        match_umask(tmp_path / "open")
        keep_private(tmp_path / "kept")
    finally:
        os.umask(before)
    modes = {path: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes[tmp_path / "open"] == modes[tmp_path / "open" / "deep"] == 0o777 & ~umask
    assert modes[tmp_path / "open" / "deep" / "file"] == 0o666 & ~umask
    assert {modes[tmp_path / "kept"], modes[tmp_path / "kept" / "deep"]} == {0o700}
    assert modes[tmp_path / "kept" / "deep" / "file"] == 0o600


def test_folders_of_dead_processes_are_swept_and_those_of_others_are_not(tmp_path):
    for name in ("work.dead", "work.of_someone", "other.dead"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    (tmp_path / "work.dead" / LOCK).touch()
    (tmp_path / "other.dead" / LOCK).touch()
    living, handle = make_folder("work.", tmp_path)
    sweep_folders("work.", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["work.of_someone", "other.dead", living.name])
    assert living.stat().st_mode & 0o777 == 0o700
    remove_folder(living, handle)
    with temporary_folder("work.", tmp_path) as folder:
        (folder / "file").touch()
    assert not folder.exists()


def test_folders_that_another_user_keeps_private_stop_nobody(tmp_path, monkeypatch):
    (tmp_path / "work.of_someone").mkdir()
    (tmp_path / "work.of_someone" / LOCK).touch()
    look = Path.stat

    def refuse(path, **options):
        if path.parent.name == "work.of_someone":
            raise PermissionError(13, "Permission denied", str(path))
        return look(path, **options)

    monkeypatch.setattr(Path, "stat", refuse)
    with temporary_folder("work.", tmp_path) as folder:
        assert folder.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["work.of_someone"]


FAILURES = {
    "a full disk": (OSError(28, "No space left on device"), "no room left on the disk"),
    "a file-size limit": (OSError(27, "File too large"), "larger than the limit"),
    "open files": (OSError(24, "Too many open files", "/secret/place/file"), "too many open files at 'file'"),
    "a file of numpy": (OSError("62349 requested and 12784 written"), "could not be written whole"),
    "no rights": (PermissionError(13, "Permission denied", "/a/b"), "no rights at 'b'"),
    "read only": (OSError(30, "Read-only file system"), "can only be read"),
    "memory": (MemoryError(), "no memory left"),
    "memory of a library": (ValueError("std::bad_alloc"), "no memory left"),
    "threads": (RuntimeError("can't start new thread"), "no more processes or threads"),
    "anything else": (OSError(5, "Input/output error"), "Input/output error"),
}


@pytest.mark.parametrize(("error", "message"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failure_of_the_machine_is_one_message(error, message):
    with pytest.raises(StudyError, match=f"^run: found .*{message}.*; expected .*; .*"), explain_failures("run"):
        raise error
    with pytest.raises(StudyError, match=message), explain_failures("run"):
        raise ValueError("by another") from error


def test_a_defect_and_a_refusal_stay_what_they_are():
    assert describe_failure(KeyError("a")) is None
    for error in (KeyError("a"), StudyError("refused"), BrokenPipeError()):
        with pytest.raises(type(error)), explain_failures("run"):
            raise error


@pytest.mark.parametrize("taken", ["locked", "removed"])
def test_a_folder_that_another_process_sweeps_before_it_is_locked_is_made_anew(tmp_path, monkeypatch, taken):
    made, take = [], temporary_folders.take_lock

    def sweep_the_first_two(path, **options):
        made.append(path.parent)
        if len(made) > 2:
            return take(path, **options)
        if taken == "removed":
            path.parent.rmdir()
            raise FileNotFoundError
        return None

    monkeypatch.setattr(temporary_folders, "take_lock", sweep_the_first_two)
    with temporary_folder("work.", tmp_path) as folder:
        assert folder == made[2]
        assert folder.is_dir()

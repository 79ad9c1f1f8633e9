"""The file of earlier releases: of two releases at the same time one enters, and a lock left behind is named."""

from __future__ import annotations

import multiprocessing
import zipfile

import pytest

from si_eval.errors import StudyError
from si_eval.study.ledger import LOCK, LedgerFile, load_ledger
from si_eval.study.release import release_run
from si_eval.study.run import run_study
from si_eval.study.verification import verify_run

ROUNDS = 40  # files that both processes write at once
PATIENCE = 60  # seconds for two processes to start and write


def enter(folder, name, ready, entered):
    """Release runs in another process: read each ledger, and write once both processes have read it."""
    for number in range(ROUNDS):
        path = folder / f"{number}.json"
        known = load_ledger(path).with_protections([])
        ready.wait(PATIENCE)
        try:
            known.with_run({"run": name}).save(path)
            entered.put((number, name))
        except StudyError:
            pass
        ready.wait(PATIENCE)


def test_of_two_releases_at_the_same_time_one_enters(tmp_path):
    for number in range(ROUNDS):
        LedgerFile().with_run({"run": "earlier"}).save(tmp_path / f"{number}.json")
    context = multiprocessing.get_context("spawn")
    ready, entered = context.Barrier(2), context.Queue()
    both = [context.Process(target=enter, args=(tmp_path, name, ready, entered)) for name in ("a", "b")]
    for one in both:
        one.start()
    said = dict(entered.get(timeout=PATIENCE) for _ in range(ROUNDS))
    for one in both:
        one.join(PATIENCE)
    assert entered.empty(), "both entered one ledger"
    for number, name in said.items():
        assert [entry["run"] for entry in load_ledger(tmp_path / f"{number}.json").runs] == ["earlier", name]
    assert not list(tmp_path.glob(f"*{LOCK}"))


def test_a_ledger_that_moved_on_is_not_overwritten(tmp_path):
    path = tmp_path / "releases.json"
    first, second = load_ledger(path).with_protections([]), load_ledger(path).with_protections([])
    kept = second.save(tmp_path / "inside.json")
    first.with_run({"run": "a"}).save(path)
    before = path.read_bytes()
    with pytest.raises(StudyError, match=r"changed since .* run the study again with `--ledger releases.json`"):
        load_ledger(kept).with_run({"run": "b"}).save(path)
    assert path.read_bytes() == before
    later = load_ledger(path).with_protections([]).save(tmp_path / "later.json")
    load_ledger(later).with_run({"run": "b"}).save(path)
    assert [entry["run"] for entry in load_ledger(path).runs] == ["a", "b"]


def test_a_lock_that_a_dead_release_left_locks_nothing(tmp_path):
    path = tmp_path / "releases.json"
    path.with_name(path.name + LOCK).write_text("of a release that was killed")
    LedgerFile().save(path)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_lock_of_another_program_is_named(tmp_path):
    path = tmp_path / "releases.json"
    lock = path.with_name(path.name + LOCK)
    lock.touch()
    with pytest.raises(StudyError, match=r"remove releases.json.lock where none is at work"):
        LedgerFile().save(path)
    assert lock.exists()
    assert not path.exists()
    lock.unlink()
    LedgerFile().save(path)
    assert not lock.exists()


def test_an_error_while_writing_leaves_no_lock(tmp_path):
    path = tmp_path / "releases.json"
    with pytest.raises(TypeError):
        LedgerFile(runs=({"run": object()},)).save(path)
    assert list(tmp_path.iterdir()) == []


def test_releases_of_other_data_are_set_aside_for_a_reason_that_the_form_prints(tmp_path, simulated_extract):
    exhibit = """
        [[exhibits]]
        id = "sectors"
        chapter = "1"
        title = { nl = "Sectoren", en = "Sectors" }
        function = "describe_reach"
        arguments = { year = 2019 }
        select = { indicator = "sector", group = "participant" }
        chart = { kind = "shares", x = "sector" }
    """
    name = 'name = "small"\ntitle = { nl = "Klein", en = "Small" }\n'
    study = tmp_path / "study.toml"
    reason = "the register was delivered anew; the office agreed"
    study.write_text(f'{name}[disclosure]\nset_aside_earlier = "of the study file"\n{exhibit}')
    out, ledger = tmp_path / "out", tmp_path / "ledger.json"
    folders = [simulated_extract(seed=seed) for seed in (1, 2)]
    run_study(study, out=out, extract=folders[0], notebooks=False)
    release_run(out, ledger=ledger)
    assert load_ledger(ledger).of("cbs").set_aside == []
    with pytest.raises(StudyError, match="set_aside_earlier: found"):
        run_study(study, out=out, extract=folders[1], ledger=ledger, notebooks=False, set_aside_earlier=" ")
    run_study(study, out=out, extract=folders[1], ledger=ledger, notebooks=False, set_aside_earlier=reason)
    assert verify_run(out).holds
    with zipfile.ZipFile(release_run(out).path) as package:
        form = package.read("output_control_form.txt").decode()
    assert f"Earlier figures set aside, for the checker to agree to: {reason}" in form
    assert load_ledger(ledger).of("cbs").set_aside == [reason]

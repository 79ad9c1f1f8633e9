"""The place of results: what may be one, its lock, and folders that take their places together or not at all.

Beside a place ``out`` lies ``.out.work`` while it is worked on. It holds the lock, the work, and during the change of
places a journal, by which the next process ends what a dead one began.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from si_eval.errors import StudyError
from si_eval.interrupts import held_back
from si_eval.system.exchange import exchange
from si_eval.system.failures import explain_failures
from si_eval.system.temporary_folders import LOCK, remove_folder, take_lock

JOURNAL = "journal.json"
MAX_NAME = 240  # bytes of the name of a place, so that names beside it fit a file system
ELSEWHERE = "expected a new or empty folder, or an earlier one of the same kind; choose another"


def resolve_place(given: str | Path, *, name: str = "out", inputs: Mapping[str, Path] | None = None) -> Path:
    """Return the absolute path of a folder for results, with links followed.

    Raises `StudyError` for what can be none: a file, a device, a pipe, a link that leads nowhere, a place below a file
    or without rights, the folder at work or one that holds it, and a place that would swallow one of ``inputs``.
    """
    text = os.fspath(given)
    with explain_failures(f"{name}: {text!r}"):
        problem = "no path" if not text or "\0" in text else next(_problems(Path(text)), "")
        target = Path() if problem else Path(text).resolve()
        for what, path in ({} if problem else inputs or {}).items():
            if path.is_relative_to(target):
                problem = f"a folder that holds {what}"
            elif path.is_dir() and target.is_relative_to(path):
                problem = f"a folder in {what}"
    if problem:
        raise StudyError(f"{name}: found {text!r}, {problem}; {ELSEWHERE}")
    return target


def _problems(given: Path) -> Iterator[str]:
    """Yield why a path can be no folder for results; the first counts, and the others may not hold after it."""
    if any(0xDC80 <= ord(character) <= 0xDCFF for character in str(Path.cwd() / given)):
        yield "a name that is no UTF-8"
    if given.is_symlink() and not given.exists():
        yield "a link that leads nowhere"
    target = given.resolve()
    if target == target.parent:
        yield "the root of a file system"
    for folder, what in ((Path.cwd(), "the working directory"), (_home(), "the home folder")):
        if folder.is_relative_to(target):
            yield what if folder == target else f"a folder that holds {what}"
    if len(os.fsencode(target.name)) > MAX_NAME:
        yield f"a name of more than {MAX_NAME} bytes"
    above = next(parent for parent in target.parents if os.path.lexists(parent))
    if not above.is_dir():
        yield f"which is below {above.name!r}, and that is no folder"
    if os.path.lexists(target) and not target.is_dir():
        yield "which is a file" if target.is_file() else "which is a device, a pipe or a socket"
    if target.exists() and os.path.ismount(target):
        yield "a file system of its own, which cannot change places"
    if not os.access(above, os.W_OK | os.X_OK) or (target.is_dir() and not os.access(target, os.R_OK | os.W_OK)):
        yield "a place where this user may not write"


def _home() -> Path:
    """Return the home folder, or nothing that could be a place where there is none."""
    try:
        return Path.home().resolve()
    except (OSError, RuntimeError):
        return Path(os.devnull)


@contextmanager
def work_beside(target: Path) -> Iterator[Path]:
    """Make the folder for work beside a place, for this process alone, gone in the end.

    What an earlier process left there is ended first: a change of places that was begun is completed, the rest is
    removed. Raises `StudyError` where another process is at work on the place.
    """
    work = target.with_name(f".{target.name}.work")
    handle: int | None = None
    try:
        with explain_failures(f"out: {target.name}"):
            target.parent.mkdir(parents=True, exist_ok=True)
            handle = _lock_work(work, target)
            _complete_swap(work, target)
            _clear(work)
        yield work
    finally:
        with held_back():
            if handle is not None and not (work / JOURNAL).exists():  # else the next process completes the change
                remove_folder(work, handle)
            elif handle is not None:
                os.close(handle)


def swap_folders(finished: Mapping[Path, Path], work: Path) -> None:
    """Put finished folders, each of the key's path, in the places of the values: all of them, or none.

    ``work`` is the folder for work beside the places. Folders that replace others change places with them in one step
    each, where the system can, so that the first place is never empty. Where a folder cannot be moved, those that were
    moved are put back; where the process dies, the journal in ``work`` lets the next one complete the change.
    """
    with held_back():
        if all(target.exists() for target in finished.values()) and _exchange_all(finished, work):
            return
        moves = [
            _Move(os.path.relpath(new, work), os.path.relpath(target, work), f"old.{number}" if target.exists() else "")
            for number, (new, target) in enumerate(finished.items())
        ]
        journal = work / JOURNAL
        moved: list[tuple[Path, Path]] = []
        try:
            journal.write_text(json.dumps(moves), encoding="utf-8")
            for source, goal in _steps(moves, work):
                source.rename(goal)
                moved.append((source, goal))
        except OSError:
            for source, goal in reversed(moved):
                goal.rename(source)
            journal.unlink(missing_ok=True)
            raise
        journal.unlink()


class _Move(NamedTuple):
    """A folder that takes a place, and where the one that is there goes (empty for none), as seen from the work.

    ``number`` is that of the folder in its file system where it changes places with the one that is there, else 0.
    """

    new: str
    target: str
    old: str
    number: int = 0


def _exchange_all(finished: Mapping[Path, Path], work: Path) -> bool:
    """Let every finished folder change places with the one in its place, the first one last; say whether they did."""
    moves = [
        _Move(os.path.relpath(new, work), os.path.relpath(target, work), "", new.stat().st_ino)
        for new, target in finished.items()
    ]
    journal = work / JOURNAL
    done: list[tuple[Path, Path]] = []
    try:
        journal.write_text(json.dumps(moves), encoding="utf-8")
    except OSError:
        journal.unlink(missing_ok=True)
        raise
    for new, target in reversed(list(finished.items())):
        if not exchange(new, target):
            for one, other in reversed(done):
                exchange(one, other)
            break
        done.append((new, target))
    journal.unlink()
    return len(done) == len(moves)


def _steps(moves: Sequence[_Move], work: Path) -> list[tuple[Path, Path]]:
    """List what is renamed, in order; the first place is emptied first and filled last: once it is there, all is."""
    aside = [(work / move.target, work / move.old) for move in moves if move.old]
    return [*aside, *((work / move.new, work / move.target) for move in reversed(moves))]


def _complete_swap(work: Path, target: Path) -> None:
    """Complete the change of places that a dead process began, as its journal tells."""
    try:
        moves = [_Move(*move) for move in json.loads((work / JOURNAL).read_text(encoding="utf-8"))]
    except (FileNotFoundError, ValueError):
        return  # it died before the first folder was moved
    if any(move.number for move in moves):
        _complete_exchange(moves, work)
        return
    begun = {work / move.new for move in moves if (work / move.new).exists()}
    try:
        for source, goal in _steps(moves, work):
            if source in begun or (goal.parent == work and not goal.exists() and source.exists()):
                source.rename(goal)
    except OSError as error:
        raise StudyError(
            f"out: found {target.name} and a change of it in {work.name} that a process began and did not end "
            f"({error.strerror}); expected to complete it; move {target.name} away, or remove {work.name} to give "
            "those results up, then try again"
        ) from error


def _complete_exchange(moves: Sequence[_Move], work: Path) -> None:
    """Complete a change of places that began, or leave all as it was where none did."""
    waiting = [move for move in moves if not _is_numbered(work / move.target, move.number)]
    if len(waiting) == len(moves):
        return
    for move in waiting:
        exchange(work / move.new, work / move.target)


def _is_numbered(path: Path, number: int) -> bool:
    """Whether a folder is the one of a number in its file system."""
    return path.exists() and path.stat().st_ino == number


def _lock_work(work: Path, target: Path) -> int:
    """Lock the folder for work, made where it is not there. Raises `StudyError` where it is not free."""
    while True:
        work.mkdir(mode=0o700, exist_ok=True)
        if work.is_symlink() or (any(work.iterdir()) and not (work / LOCK).is_file()):
            raise StudyError(
                f"out: found {work.name} beside {target.name}, which holds something else; expected room for a folder "
                "of that name; move it away"
            )
        try:
            handle = take_lock(work / LOCK)
        except FileNotFoundError:
            continue  # another process was done and removed it in between
        if handle is None:
            raise StudyError(
                f"out: found another process at work on {target.name}; expected none; wait until it is done, or choose "
                "another folder"
            )
        return handle


def _clear(work: Path) -> None:
    """Remove what a dead process left, but not the lock."""
    for path in work.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()


def match_umask(folder: Path) -> None:
    """Give a finished folder the rights that folders get here by default."""
    probe = folder / ".rights"
    probe.mkdir()
    mode = probe.stat().st_mode & 0o777
    probe.rmdir()
    folder.chmod(mode)


def keep_private(folder: Path) -> None:
    """Give a folder and all that is in it to this user alone."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)

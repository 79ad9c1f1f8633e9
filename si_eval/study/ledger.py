"""The ledger of releases as a file: one ledger for each set of output rules, and the runs that were released."""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from si_eval.disclosure import ReleaseLedger
from si_eval.disclosure.suppression import Protection
from si_eval.errors import StudyError
from si_eval.system.temporary_folders import sweep_folders, take_lock, temporary_folder

NO_LEDGER = ""  # the state of a ledger that is not there yet
LOCK = ".lock"
PREFIX = ".si_eval."  # of the folder in which a ledger is written


@dataclass(frozen=True)
class LedgerFile:
    """The earlier releases by set of output rules. ``runs`` has the run, project and date of each release.

    ``state`` is the hash of the file that it was read from, ``follows`` that of the file which it takes the place of.
    It holds withheld values: it stays inside.
    """

    ledgers: Mapping[str, ReleaseLedger] = field(default_factory=dict)
    runs: tuple[Mapping[str, str], ...] = ()
    state: str = NO_LEDGER
    follows: str = NO_LEDGER

    def of(self, rules: str) -> ReleaseLedger | None:
        """Return the ledger under a set of rules, where there is one."""
        return self.ledgers.get(rules)

    def has(self, run: str) -> bool:
        """Whether a run was released already."""
        return any(entry["run"] == run for entry in self.runs)

    def with_protections(self, protections: Iterable[tuple[str, Protection]]) -> LedgerFile:
        """Return the ledger as it is once these protections are released too: it follows this one."""
        ledgers = {rules: copy.deepcopy(ledger) for rules, ledger in self.ledgers.items()}
        for rules, protection in protections:
            ledgers.setdefault(rules, ReleaseLedger()).record(protection)
        return LedgerFile(ledgers, self.runs, self.state, follows=self.state)

    def with_run(self, run: Mapping[str, str]) -> LedgerFile:
        """Return the ledger with one more released run."""
        return replace(self, runs=(*self.runs, run))

    def save(self, path: Path) -> Path:
        """Write the file in one go: whoever reads it finds the old one or the new one.

        Raises `StudyError` where the file that is there is not the one which this ledger follows, or where another
        release is at work on it: of two releases at the same time one enters.
        """
        content = {
            "runs": [dict(run) for run in self.runs],
            "follows": self.follows,
            "ledgers": {rules: ledger.content() for rules, ledger in self.ledgers.items()},
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path), temporary_folder(PREFIX, path.parent) as folder:
            if path.exists() and _hash(path.read_bytes()) != self.follows:
                raise StudyError(
                    f"ledger: found {path.name} changed since the run was protected with it; expected the state that "
                    f"the run knew, because a release must not undo another; run the study again with `--ledger "
                    f"{path.name}`, then release it"
                )
            written = folder / path.name
            written.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
            written.chmod(0o600)
            written.replace(path)
        return path


def load_ledger(path: Path | None) -> LedgerFile:
    """Read a ledger file; one that is not there yet is empty. Raises `StudyError` for any other file."""
    if path is None or not path.exists():
        return LedgerFile()
    try:
        written = path.read_bytes()
        content: dict[str, Any] = json.loads(written)
        ledgers = {rules: ReleaseLedger.from_content(one) for rules, one in content["ledgers"].items()}
        return LedgerFile(ledgers, tuple(content["runs"]), _hash(written), content.get("follows", NO_LEDGER))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(
            f"ledger: found {path.name}, which is no ledger of releases; expected a file that `si-eval release` wrote, "
            "or none yet; correct the path"
        ) from error


def tidy_ledger(path: Path) -> None:
    """Remove what a dead release left beside a ledger file that it had entered."""
    if path.parent.is_dir():
        with _locked(path):
            sweep_folders(PREFIX, path.parent)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep every other release out of a ledger file."""
    lock = path.with_name(path.name + LOCK)
    foreign = lock.exists() and not lock.stat().st_size  # this package writes in its locks
    handle = None if foreign else take_lock(lock)
    if handle is None:
        raise StudyError(
            f"ledger: found {lock.name}: another release is entering {path.name}, or was ended halfway; expected no "
            f"other release; wait until it is done, or remove {lock.name} where none is at work, and release again"
        )
    try:
        os.write(handle, b"of a release at work; without one it locks nothing\n")
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)


def _hash(written: bytes) -> str:
    return hashlib.sha256(written).hexdigest()

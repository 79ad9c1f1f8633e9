"""The ledger of releases as a file: one ledger for each set of output rules, and the runs that were released."""

from __future__ import annotations

import copy
import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from si_eval.disclosure import ReleaseLedger
from si_eval.disclosure.suppression import Protection
from si_eval.errors import StudyError

NOTHING = ""  # the state of a ledger that is not there yet


@dataclass(frozen=True)
class LedgerFile:
    """The earlier releases by set of output rules. ``runs`` tells of each release its run, project, date and file.

    ``state`` is the hash of the file that it was read from. It holds withheld values: it stays inside.
    """

    ledgers: Mapping[str, ReleaseLedger] = field(default_factory=dict)
    runs: tuple[Mapping[str, str], ...] = ()
    state: str = NOTHING

    def of(self, rules: str) -> ReleaseLedger | None:
        """Give the ledger under a set of rules, where there is one."""
        return self.ledgers.get(rules)

    def has(self, run: str) -> bool:
        """Say whether a run was released already."""
        return any(entry["run"] == run for entry in self.runs)

    def with_request(self, protections: Iterable[tuple[str, Protection]]) -> LedgerFile:
        """Give the ledger as it is once requests are released too."""
        ledgers = {rules: copy.deepcopy(ledger) for rules, ledger in self.ledgers.items()}
        for rules, protection in protections:
            ledgers.setdefault(rules, ReleaseLedger()).record(protection)
        return LedgerFile(ledgers, self.runs, self.state)

    def with_run(self, run: Mapping[str, str]) -> LedgerFile:
        """Give the ledger with one more released run."""
        return LedgerFile(self.ledgers, (*self.runs, run), self.state)

    def save(self, path: Path) -> Path:
        """Write the file in one go: whoever reads it finds the old one or the new one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            content = {
                "runs": [dict(run) for run in self.runs],
                "ledgers": {
                    rules: json.loads(ledger.save(Path(folder) / "ledger.json").read_text(encoding="utf-8"))
                    for rules, ledger in self.ledgers.items()
                },
            }
            written = Path(folder) / path.name
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
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            ledgers = {rules: _ledger(Path(folder) / "ledger.json", one) for rules, one in content["ledgers"].items()}
        return LedgerFile(ledgers, tuple(content["runs"]), hashlib.sha256(written).hexdigest())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(
            f"ledger: found {path.name}, which is no ledger of releases; expected a file that `si-eval release` wrote, "
            "or none yet; correct the path"
        ) from error


def _ledger(place: Path, content: Mapping[str, Any]) -> ReleaseLedger:
    place.write_text(json.dumps(content), encoding="utf-8")
    return ReleaseLedger.load(place)

"""The package for output control, made of an earlier run: one ZIP, scanned before it is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from si_eval.disclosure.request import package_path, write_package
from si_eval.errors import StudyError
from si_eval.study.kept_inside import RELEASES, Inside, file_hashes, inside_of, open_inside
from si_eval.study.ledger import NOTHING, load_ledger

MOST_NAMED = 5  # files in a message


@dataclass(frozen=True)
class Release:
    """A package that was made: the ZIP, the evidence that stays inside, and the ledger that it entered."""

    path: Path
    evidence: Path
    ledger: Path | None


def release_run(out: str | Path, *, ledger: str | Path | None = None, light: bool = False) -> Release:
    """Make the package for output control out of the results of a run, in ``out/release``.

    The results must be as the run wrote them. ``ledger`` is the file of earlier releases (by default the run's own):
    the run must have been protected with it as it is now, and enters it when the ZIP is written and scanned; a run
    that is in it already adds nothing. ``light`` puts LIGHT before the name, for small outputs. The same run gives the
    same bytes. A ZIP of the run that was made before is replaced.

    Raises `StudyError` for results that changed or a ledger that moved on, `DisclosureError` where the scan finds
    anything; nothing is left then.
    """
    target = Path(out).resolve()
    inside = open_inside(target)
    _check_files(target, inside.files)
    path = inside.ledger_path if ledger is None else Path(ledger).resolve()
    _check_ledger(path, inside)
    kind = "_synthetic" if inside.contents.synthetic else ""
    name = f"{inside.contents.run['study']}_{inside.contents.made_on}{kind}.zip"
    package = package_path(target / RELEASES / name, light=light)

    def enter() -> None:
        current = load_ledger(path)
        if path is not None and not current.has(inside.run):
            _check_ledger(path, inside)
            run = {"run": inside.run, "project": inside.contents.project, "made_on": inside.contents.made_on}
            inside.ledger.with_run(run).save(path)

    write_package(package, inside.contents, inside.secrets, before=enter)
    for earlier in package.parent.glob("*.zip"):
        if earlier != package:
            earlier.unlink()
    return Release(package, inside_of(target) / "evidence", path)


def _check_files(out: Path, recorded: Mapping[str, str]) -> None:
    """Refuse results that are not as the run wrote them."""
    present = file_hashes(out)
    states = {
        name: "missing" if name not in present else "not of the run" if name not in recorded else "changed"
        for name in sorted({name for name, _ in set(present.items()) ^ set(recorded.items())})
    }
    if states:
        named = ", ".join(f"{name} ({state})" for name, state in list(states.items())[:MOST_NAMED])
        more = f" and {len(states) - MOST_NAMED} more" if len(states) > MOST_NAMED else ""
        raise StudyError(
            f"out: found files that are not as the run wrote them: {named}{more}; expected the files of the run, by "
            "their hashes; run the study again and change nothing by hand"
        )


def _check_ledger(path: Path | None, inside: Inside) -> None:
    """Refuse a run that was not protected with the ledger as it is now."""
    current = load_ledger(path)
    if current.has(inside.run) or current.state == inside.ledger_before or path is None:
        return
    if current.state == NOTHING:
        found = "no ledger there, while the run was protected with one"
    elif inside.ledger_before == NOTHING:
        found = f"{len(current.runs)} earlier releases in it, while the run was protected without them"
    else:
        found = f"{len(current.runs)} earlier releases in it, while the run was protected with another state of it"
    raise StudyError(
        f"ledger: found {found}; expected the state that the run knew, because a release must not undo another; run "
        f"the study again with `--ledger {path.name}`, then release it"
    )

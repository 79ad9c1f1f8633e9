"""The release of a run: the package for output control, one ZIP, scanned before it is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from si_eval.disclosure.package import Contents
from si_eval.disclosure.request import package_path, write_package
from si_eval.errors import StudyError
from si_eval.study.kept_inside import RELEASES, KeptInside, file_hashes, inside_folder, read_kept_inside
from si_eval.study.ledger import NO_LEDGER, load_ledger, tidy_ledger
from si_eval.system.failures import explain_failures
from si_eval.system.output_folders import resolve_place, work_beside

MAX_NAMED = 5  # files or exhibits in a message
AS_PUBLISHED = "as_published"  # output rules for reproducing a source alone


@dataclass(frozen=True)
class Release:
    """A package that was made: the ZIP, the evidence that stays inside, and the ledger that it entered.

    ``as_published`` is the reason for which exhibits under the output rules of that name are in it; empty without any.
    """

    path: Path
    evidence: Path
    ledger: Path | None
    as_published: str = ""


def release_run(
    out: str | Path, *, ledger: str | Path | None = None, light: bool = False, as_published: str | None = None
) -> Release:
    """Make the package for output control out of the results of a run.

    One ZIP in ``out/release``, scanned for withheld values and identifiers before it is there; the same run gives the
    same bytes. The results must be as the run wrote them, and the run must have been protected with the ledger as it
    is now: it enters the ledger when the ZIP is written. A run that is in the ledger already adds nothing. A ZIP that
    was made of the run before is replaced.

    Parameters
    ----------
    out : str or Path
        The results of a run.
    ledger : str or Path, optional
        The file of earlier releases; by default the run's own.
    light : bool, default False
        Put LIGHT before the name of the ZIP, for small outputs.
    as_published : str, optional
        The reason for which exhibits under the output rules ``as_published`` leave, which the form prints; by default
        that of the study file. Without one such exhibits are refused.

    Returns
    -------
    Release
        ``path`` of the ZIP, the folder ``evidence``, which stays inside, and the file ``ledger`` that the run entered
        (None without one).

    Raises
    ------
    StudyError
        For results that changed since the run, a ledger that moved on, or exhibits under ``as_published`` without a
        reason.
    DisclosureError
        Where the scan finds anything; no ZIP is left then, and no entry in the ledger.

    Examples
    --------
    >>> from pathlib import Path
    >>> import si_eval as se
    >>> _ = Path("study.toml").write_text('''
    ... name = "small"
    ... title = { nl = "Klein", en = "Small" }
    ... [[exhibits]]
    ... id = "sectors"
    ... chapter = "1"
    ... title = { nl = "Sectoren", en = "Sectors" }
    ... function = "describe_reach"
    ... arguments = { year = 2019 }
    ... select = { indicator = "sector", group = "participant" }
    ... chart = { kind = "shares", x = "sector" }
    ... ''')
    >>> _ = se.run_study("study.toml", out="results", extract="extract", notebooks=False)
    >>> release = se.release_run("results", ledger="releases.json")
    >>> release.path.name.startswith("small_") and release.path.name.endswith("_synthetic.zip")
    True
    """
    target = resolve_place(out)
    if not target.parent.is_dir():
        raise StudyError(f"out: found no folder {target.name}; expected what `si-eval run` wrote; run the study")
    path = None if ledger is None else Path(ledger).resolve()
    with explain_failures(f"release: {target.name} is as it was"), work_beside(target):
        return _release(target, path, light=light, as_published=as_published)


def _release(target: Path, ledger: Path | None, *, light: bool, as_published: str | None) -> Release:
    """Make the package of results that no other process works on."""
    inside = read_kept_inside(target)
    _check_files(target, inside.files)
    path = inside.ledger_path if ledger is None else ledger
    _check_ledger(path, inside)
    contents = replace(inside.contents, as_published=as_published or inside.contents.as_published)
    _check_as_published(contents)
    kind = "_synthetic" if inside.contents.synthetic else ""
    name = f"{inside.contents.run['study']}_{inside.contents.made_on}{kind}.zip"
    package = package_path(target / RELEASES / name, light=light)

    def enter_ledger() -> None:
        current = load_ledger(path)
        if path is not None and not current.has(inside.run):
            _check_ledger(path, inside)
            run = {"run": inside.run, "project": inside.contents.project, "made_on": inside.contents.made_on}
            inside.ledger.with_run(run).save(path)
        elif path is not None:
            tidy_ledger(path)

    write_package(package, contents, inside.secrets, before=enter_ledger)
    for earlier in package.parent.glob("*.zip"):
        if earlier != package:
            earlier.unlink()
    reason = contents.as_published if _small_exhibits(contents) else ""
    return Release(package, inside_folder(target) / "evidence", path, reason)


def _check_files(out: Path, recorded: Mapping[str, str]) -> None:
    """Refuse results that are not as the run wrote them."""
    present = file_hashes(out)
    states = {
        name: "missing" if name not in present else "not of the run" if name not in recorded else "changed"
        for name in sorted({name for name, _ in set(present.items()) ^ set(recorded.items())})
    }
    if states:
        named = ", ".join(f"{name} ({state})" for name, state in list(states.items())[:MAX_NAMED])
        more = f" and {len(states) - MAX_NAMED} more" if len(states) > MAX_NAMED else ""
        raise StudyError(
            f"out: found files that are not as the run wrote them: {named}{more}; expected the files of the run, by "
            "their hashes; run the study again and change nothing by hand"
        )


def _check_as_published(contents: Contents) -> None:
    """Refuse exhibits with counts as small as a source printed, where nobody says why they may leave."""
    small = _small_exhibits(contents)
    if small and not contents.as_published.strip():
        more = f" and {len(small) - MAX_NAMED} more" if len(small) > MAX_NAMED else ""
        raise StudyError(
            f"release: found {len(small)} exhibits under the output rules {AS_PUBLISHED}, which show counts of single "
            f"units: {', '.join(small[:MAX_NAMED])}{more}; expected a reason for it; write "
            f'{AS_PUBLISHED} = "why" under [disclosure] of the study file and run it again, give the reason with '
            "`--as-published`, or give these exhibits other rules"
        )


def _small_exhibits(contents: Contents) -> list[str]:
    """List the exhibits with counts as small as a source printed."""
    return [one.exhibit for one in contents.outputs if one.output_rules == AS_PUBLISHED and not one.public]


def _check_ledger(path: Path | None, inside: KeptInside) -> None:
    """Refuse a run that was not protected with the ledger as it is now."""
    current = load_ledger(path)
    if current.has(inside.run) or current.state == inside.ledger_before or path is None:
        return
    if current.state == NO_LEDGER:
        change = "no ledger there, while the run was protected with one"
    elif inside.ledger_before == NO_LEDGER:
        change = f"{len(current.runs)} earlier releases in it, while the run was protected without them"
    else:
        change = f"{len(current.runs)} earlier releases in it, while the run was protected with another state of it"
    raise StudyError(
        f"ledger: found {change}; expected the state that the run knew, because a release must not undo another; run "
        f"the study again with `--ledger {path.name}`, then release it"
    )

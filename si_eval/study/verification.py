"""A run, verified: its files are as it wrote them, and computing it again gives the same figures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from si_eval.errors import StudyError
from si_eval.study.checks import load_checked
from si_eval.study.compared_runs import RunComparison, compare_runs
from si_eval.study.evaluation import evaluate
from si_eval.study.kept_inside import RECORD, file_hashes, inside_folder, require_run
from si_eval.study.run import write_numbers
from si_eval.system.output_folders import resolve_place
from si_eval.system.progress import Progress
from si_eval.system.temporary_folders import temporary_folder


@dataclass(frozen=True)
class Verification:
    """Whether a run is what it says: the files that changed since, and the figures that come out otherwise."""

    changed: tuple[str, ...]
    comparison: RunComparison

    @property
    def holds(self) -> bool:
        """Whether no file changed and every figure came out the same."""
        return not self.changed and not len(self.comparison.frame)

    def summary(self) -> str:
        """Say whether the run holds; if not, what differs and because of what."""
        lines = [f"changed since the run: {', '.join(self.changed)}"] if self.changed else []
        lines.append(self.comparison.summary())
        return "\n".join([*lines, "verified: the same figures" if self.holds else "not verified"])

    def __repr__(self) -> str:
        return self.summary()


def verify_run(
    out: str | Path,
    *,
    study: str | Path | None = None,
    extract: str | Path | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Compute a run again, and say whether its files are as written and its figures those of study and extract.

    Parameters
    ----------
    out : str or Path
        The results of a run. What it kept inside, beside it, says where study and extract are.
    study, extract : str or Path, optional
        The study file and the folder of the extract, where they stand elsewhere now.
    progress : callable, optional
        Called with the step at work (a text) and the fraction done.

    Returns
    -------
    Verification
        ``holds`` says whether all is the same, ``changed`` names files that are not as the run wrote them,
        ``comparison`` (from `compare_runs`) has the figures that differ, and what differs in their making.

    Raises
    ------
    StudyError
        For a folder that is no run, or without what it kept inside where no study is given.

    Examples
    --------
    >>> from pathlib import Path
    >>> import si_eval as se
    >>> _ = Path("study.toml").write_text('''
    ... name = "small"
    ... title = "Small"
    ... languages = ["en"]
    ... [[exhibits]]
    ... id = "sectors"
    ... chapter = "1"
    ... title = "Sectors"
    ... function = "describe_reach"
    ... arguments = { year = 2019 }
    ... select = { indicator = "sector", group = "participant" }
    ... chart = { kind = "shares", x = "sector" }
    ... ''')
    >>> _ = se.run_study("study.toml", out="verified", extract="extract", notebooks=False)
    >>> se.verify_run("verified").holds
    True
    """
    target = resolve_place(out)
    require_run(target)
    record = _read_record(target)
    source = record.get("source", {})
    path = study or source.get("study")
    if path is None:
        raise StudyError(
            f"out: found no {inside_folder(target).name} that says where the study is; expected it beside "
            f"{target.name}; name the study file"
        )
    folders = [extract] if extract is not None else source.get("extract", [])
    known = record.get("files", {})
    now = file_hashes(target)
    changed = tuple(sorted(name for name in {*known, *now} if known.get(name) != now.get(name))) if known else ()
    ledger = source.get("ledger")
    places = [Path(folder) for folder in folders]
    loaded = load_checked(path, folders=places).setting_aside(source.get("set_aside_earlier"))
    results = evaluate(loaded, folders=places, ledger=None if ledger is None else Path(ledger), progress=progress)
    with temporary_folder("verify-") as work:
        write_numbers(results, work / target.name)
        return Verification(changed, compare_runs(target, work / target.name))


def _read_record(target: Path) -> dict[str, Any]:
    """Read what the run kept inside of where it started from; nothing where it is not there."""
    try:
        content = json.loads((inside_folder(target) / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}

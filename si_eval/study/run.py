"""A run: the results of a study as files. They are written beside the target first, so that all appear or none."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pandas as pd

from si_eval.errors import StudyError
from si_eval.interrupts import held_back
from si_eval.progress import Progress, ignore_progress, part_of
from si_eval.report.processes import Drawers, Drawing
from si_eval.report.specification import Chart
from si_eval.results import require_comparison, require_safe
from si_eval.results.table_files import write_tables
from si_eval.study.evaluation import TABLES_VARIABLE, StudyResults, evaluate, ledger_path
from si_eval.study.file import Study, load_study
from si_eval.study.inputs import EXTRACT_VARIABLE, STUDY_VARIABLE
from si_eval.study.kept_inside import MARKER, PROVENANCE, inside_folder, write_record, write_secrets
from si_eval.study.provenance import describe_run, hash_inputs
from si_eval.vocabulary import Language


def run_study(
    study: Study | str | Path,
    *,
    out: str | Path,
    extract: str | Path | Sequence[str | Path] | None = None,
    ledger: str | Path | None = None,
    notebooks: bool = True,
    progress: Progress | None = None,
) -> StudyResults:
    """Carry out a study and write its files.

    All or nothing: an interrupted or failing run leaves ``out`` as it was. Beside it, ``<out>.inside`` keeps what
    `release_run` needs and what never leaves: withheld values, identifiers, evidence.

    Parameters
    ----------
    study : Study, str or Path
        A study, or the path of its file.
    out : str or Path
        The folder for the results: new, empty or an earlier run, which is then replaced.
    extract : str, Path or list of these, optional
        The folders of the extract in place of those that the study names.
    ledger : str or Path, optional
        The file of earlier releases, in place of the study's own.
    notebooks : bool, default True
        Execute the notebooks and build the report. Without, figures are drawn in the first language only.
    progress : callable, optional
        Called with the step at work (a text) and the fraction done.

    Returns
    -------
    StudyResults
        As from `evaluate`. Files in ``out``: ``exhibits.csv`` (exhibit, title, chapter, table_file, figure_file,
        function, rule_set, input_hashes), ``tables/<exhibit>.csv``, ``figures/<exhibit>.png``, ``report/``,
        ``published.csv`` and ``provenance.json``.

    Raises
    ------
    InputError
        With every problem of the study, or of the extract, at once.
    StudyError
        For what cannot be carried out, such as a folder ``out`` that holds something else.
    DisclosureError
        For what the public border does not know.

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
    >>> results = se.run_study("study.toml", out="out", extract="extract", notebooks=False)
    >>> sorted(path.name for path in Path("out").iterdir())
    ['exhibits.csv', 'figures', 'provenance.json', 'tables']
    """
    study = study if isinstance(study, Study) else load_study(study)
    target = Path(out).resolve()
    _check_target(target)
    given = [extract] if isinstance(extract, str | Path) else list(extract or [])
    folders = [Path(folder).resolve() for folder in given] or [study.resolve(f) for f in study.file.extract.folders]
    earlier = ledger_path(study, None if ledger is None else Path(ledger).resolve())
    report = progress or ignore_progress
    with Drawers() as drawers:
        results = evaluate(study, folders=folders, ledger=earlier, progress=part_of(report, 0.0, 0.3))
        target.parent.mkdir(parents=True, exist_ok=True)
        with _working_folder(target) as work, _working_folder(inside_folder(target)) as inside:
            languages = study.file.languages if notebooks else study.file.languages[:1]
            drawers.start(_write_exhibits(results, work, languages), work)
            write_secrets(results, inside)
            drawers.finish(part_of(report, 0.3, 0.6))
            if results.comparison is not None:
                require_comparison(results.comparison, where="published.csv").to_frame().to_csv(
                    work / "published.csv", index=False
                )
            if notebooks and study.file.notebooks:
                _write_report(results, work, folders, part_of(report, 0.6, 1.0))
            provenance = json.dumps(describe_run(results, work), indent=2, sort_keys=True)
            (work / PROVENANCE).write_text(provenance + "\n", encoding="utf-8")
            write_record(results, inside, out=work, ledger=earlier, folders=folders)
            work.chmod(0o755)
            _swap_folders({work: target, inside: inside_folder(target)})
    report("done", 1.0)
    return results


def _check_target(target: Path) -> None:
    """Refuse to write over anything but an earlier run and what it kept inside."""
    for folder, mark in ((target, PROVENANCE), (inside_folder(target), MARKER)):
        if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / mark).is_file()):
            raise StudyError(
                f"out: found {folder.name}, which is not an earlier run; expected a new or empty folder; choose another"
            )


@contextmanager
def _working_folder(target: Path) -> Iterator[Path]:
    """Make a folder beside the target, for this user alone, gone in the end unless it took the target's place."""
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield work
    finally:
        with held_back():
            shutil.rmtree(work, ignore_errors=True)


def _write_exhibits(results: StudyResults, work: Path, languages: Sequence[Language]) -> list[Drawing]:
    """Write each exhibit as a tidy table, list all of them, and return the figures to draw, one a language."""
    (work / "tables").mkdir()
    (work / "figures").mkdir()
    hashes = hash_inputs(results.extract)
    rows = []
    drawings: list[Drawing] = []
    for spec in results.study.file.exhibits:
        table = require_safe(results.tables[spec.id], where=spec.id)
        table.to_frame().to_csv(work / "tables" / f"{spec.id}.csv", index=False)
        for language in languages:
            suffix = "" if language == languages[0] else f".{language}"
            drawings.append((table, Chart(**spec.chart), language, work / "figures" / f"{spec.id}{suffix}.png"))
        rows.append(
            {
                "exhibit": spec.id,
                "title": getattr(spec.title, languages[0]),
                "chapter": spec.chapter,
                "table_file": f"tables/{spec.id}.csv",
                "figure_file": f"figures/{spec.id}.png",
                "function": f"si_eval.{spec.function}",
                "rule_set": table.rules,
                "input_hashes": hashes,
            }
        )
    pd.DataFrame(rows).to_csv(work / "exhibits.csv", index=False)
    return drawings


def _write_report(results: StudyResults, work: Path, folders: Sequence[Path], progress: Progress) -> None:
    """Execute the notebooks on the same extract and build the report, one file a language."""
    from si_eval.report.document import build_report  # noqa: PLC0415  loaded with the kernels of notebooks alone

    study = results.study
    tables = work / ".tables"
    write_tables(results.tables.values(), tables)
    build_report(
        [study.resolve(notebook) for notebook in study.file.notebooks],
        out=work / "report",
        title={"nl": study.file.title.nl, "en": study.file.title.en},
        language=study.file.languages,
        date=date.today().isoformat(),
        environment={
            EXTRACT_VARIABLE: os.pathsep.join(str(folder) for folder in folders),
            STUDY_VARIABLE: str(study.path.resolve()),
            TABLES_VARIABLE: str(tables),
        },
        progress=progress,
    )
    shutil.rmtree(tables)


def _swap_folders(finished: Mapping[Path, Path]) -> None:
    """Put finished folders in place of those of an earlier run: all of them, or none where one cannot be moved."""
    with held_back():
        moved: list[tuple[Path, Path]] = []
        old = [Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent)) for target in finished.values()]
        try:
            for (work, target), aside in zip(finished.items(), old, strict=True):
                for source, goal in ((target, aside / "run"), (work, target)):
                    if source.exists():
                        source.rename(goal)
                        moved.append((source, goal))
        except OSError:
            for source, goal in reversed(moved):
                goal.rename(source)
            raise
        finally:
            for aside in old:
                shutil.rmtree(aside, ignore_errors=True)

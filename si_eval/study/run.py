"""A study as files: everything is written beside the target first, so a run leaves all or nothing."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pandas as pd

from si_eval.errors import StudyError
from si_eval.interrupts import held_back
from si_eval.report.processes import Drawers, Drawing
from si_eval.report.specification import Chart
from si_eval.study.evaluation import TABLES_VARIABLE, StudyResults, evaluate, ledger_path
from si_eval.study.file import Study, load_study
from si_eval.study.inputs import EXTRACT_VARIABLE, STUDY_VARIABLE, Progress
from si_eval.study.kept_inside import MARKER, PROVENANCE, inside_of, keep_record, keep_secrets
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
    """Carry out a study and write its files: exhibits, tables, figures, report, published.csv and provenance.

    ``study`` is a study or the path of its file; ``extract`` replaces the study's folders, ``ledger`` its file of
    earlier releases; without ``notebooks`` no report is built and figures are drawn in the first language only.
    ``out`` must be new, empty or an earlier run, which is then replaced. Beside it, ``<out>.inside`` keeps what
    `si-eval release` needs and what never leaves: withheld values, identifiers, evidence. An interrupted or failing
    run leaves both as they were.

    Raises `InputError` and `StudyError`.
    """
    study = study if isinstance(study, Study) else load_study(study)
    target = Path(out).resolve()
    _check_target(target)
    chosen = [extract] if isinstance(extract, str | Path) else list(extract or [])
    folders = [Path(folder).resolve() for folder in chosen] or [study.resolve(f) for f in study.file.extract.folders]
    earlier = ledger_path(study, None if ledger is None else Path(ledger).resolve())
    report = progress or (lambda step, fraction: None)
    with Drawers() as drawers:
        results = evaluate(study, folders=folders, ledger=earlier, progress=_part(report, 0.0, 0.3))
        target.parent.mkdir(parents=True, exist_ok=True)
        with _work_beside(target) as work, _work_beside(inside_of(target)) as inside:
            languages = study.file.languages if notebooks else study.file.languages[:1]
            drawers.start(_write_exhibits(results, work, languages), work)
            keep_secrets(results, inside)
            drawers.finish(_part(report, 0.3, 0.6))
            if results.comparison is not None:
                results.comparison.to_frame().to_csv(work / "published.csv", index=False)
            if notebooks and study.file.notebooks:
                _write_report(results, work, folders, _part(report, 0.6, 1.0))
            provenance = json.dumps(describe_run(results, work), indent=2, sort_keys=True)
            (work / PROVENANCE).write_text(provenance + "\n", encoding="utf-8")
            keep_record(results, inside, out=work, ledger=earlier, folders=folders)
            work.chmod(0o755)
            _replace({work: target, inside: inside_of(target)})
    report("done", 1.0)
    return results


def _check_target(target: Path) -> None:
    """Refuse to write over anything but an earlier run and what it kept inside."""
    for folder, sign in ((target, PROVENANCE), (inside_of(target), MARKER)):
        if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / sign).is_file()):
            raise StudyError(
                f"out: found {folder.name}, which is not an earlier run; expected a new or empty folder; choose another"
            )


@contextmanager
def _work_beside(target: Path) -> Iterator[Path]:
    """Give a folder to work in, for this user alone, that is gone in the end unless it took its target's place."""
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield work
    finally:
        with held_back():
            shutil.rmtree(work, ignore_errors=True)


def _write_exhibits(results: StudyResults, work: Path, languages: Sequence[Language]) -> list[Drawing]:
    """Write each exhibit as a tidy table, and the list of all of them; give the figures to draw, one a language."""
    (work / "tables").mkdir()
    (work / "figures").mkdir()
    hashes = hash_inputs(results.extract)
    listed = []
    drawings: list[Drawing] = []
    for spec in results.study.file.exhibits:
        table = results.tables[spec.id]
        table.to_frame().to_csv(work / "tables" / f"{spec.id}.csv", index=False)
        for language in languages:
            suffix = "" if language == languages[0] else f".{language}"
            drawings.append((table, Chart(**spec.chart), language, work / "figures" / f"{spec.id}{suffix}.png"))
        listed.append(
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
    pd.DataFrame(listed).to_csv(work / "exhibits.csv", index=False)
    return drawings


def _write_report(results: StudyResults, work: Path, folders: Sequence[Path], progress: Progress) -> None:
    """Execute the notebooks on the same extract and build the report, one file a language."""
    from si_eval.report.document import build_report  # noqa: PLC0415  loaded with the kernels of notebooks alone

    study = results.study
    tables = work / "tables.pickle"
    tables.write_bytes(pickle.dumps(results.tables))
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
    tables.unlink()


def _replace(finished: Mapping[Path, Path]) -> None:
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


def _part(progress: Progress, start: float, end: float) -> Progress:
    """Report a part of the work as a part of the whole."""
    return lambda step, fraction: progress(step, start + (end - start) * fraction)

"""A run: the results of a study as files. They are written beside the target first, so that all appear or none."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from si_eval.errors import StudyError
from si_eval.report.kernels import KernelStartError, check_kernels
from si_eval.report.processes import Drawers, Drawing
from si_eval.report.specification import Chart
from si_eval.results import require_comparison, require_safe
from si_eval.results.spreadsheets import write_csv
from si_eval.results.table_files import write_tables
from si_eval.results.tidy_rows import in_languages
from si_eval.study.chapters import chapter_names, report_chapters
from si_eval.study.checks import load_checked
from si_eval.study.evaluation import TABLES_VARIABLE, StudyResults, evaluate, ledger_path
from si_eval.study.file import Study
from si_eval.study.inputs import EXTRACT_VARIABLE, STUDY_VARIABLE
from si_eval.study.kept_inside import (
    PROVENANCE,
    inside_folder,
    is_inside,
    is_run,
    refuse_identifiers,
    write_record,
    write_secrets,
)
from si_eval.study.provenance import describe_run, hash_inputs
from si_eval.system.failures import check_memory_limit, explain_failures
from si_eval.system.output_folders import keep_private, match_umask, resolve_place, swap_folders, work_beside
from si_eval.system.progress import Progress, ignore_progress, part_of
from si_eval.system.run_date import run_date
from si_eval.vocabulary import Language

RESULTS, INSIDE = "results", "inside"  # in the folder for work


def run_study(
    study: Study | str | Path,
    *,
    out: str | Path,
    extract: str | Path | Sequence[str | Path] | None = None,
    ledger: str | Path | None = None,
    notebooks: bool = True,
    set_aside_earlier: str | None = None,
    progress: Progress | None = None,
) -> StudyResults:
    """Carry out a study and write its files.

    All or nothing: an interrupted or failing run leaves ``out`` as it was, and the next one cleans up after a run that
    was killed. Beside it, ``<out>.inside`` keeps what `release_run` needs and what never leaves: withheld values,
    identifiers, evidence.

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
        Build the report, of the chapters that the study names, its notebooks, or one chapter a stage. Without, figures
        are drawn in the first language only.
    set_aside_earlier : str, optional
        The reason for which earlier releases of other data do not count, in place of the study's own: the output
        checker has to agree to it, and the form prints it.
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
        For what the public border does not know, and where an identifier of a raw table stands in any file.

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
    check_memory_limit()
    study = (study if isinstance(study, Study) else load_checked(study)).setting_aside(set_aside_earlier)
    given = [extract] if isinstance(extract, str | Path) else list(extract or [])
    folders = [Path(os.path.realpath(folder)) for folder in given] or [
        study.resolve(f) for f in study.file.extract.folders
    ]
    earlier = ledger_path(study, None if ledger is None else Path(ledger).resolve())
    target = resolve_place(out, inputs=_list_inputs(study, folders, earlier))
    resolve_place(inside_folder(target))
    report = progress or ignore_progress
    with explain_failures(f"run: {target.name} is as it was"), work_beside(target) as work:
        _check_earlier(target)
        results, missing = _write_results(study, folders, earlier, target, work, report, notebooks=notebooks)
        swap_folders({work / RESULTS: target, work / INSIDE: inside_folder(target)}, work)
    if missing is not None:
        raise StudyError(f"{missing}; tables and figures are in {target.name}, without a report") from missing
    report("done", 1.0)
    return results


def _list_inputs(study: Study, folders: Sequence[Path], ledger: Path | None) -> dict[str, Path]:
    """List what the results of a study must not take the place of."""
    files = {"the study file": study.path.resolve()}
    notebooks = [*study.file.notebooks, *study.file.annexes]
    files |= {f"the notebook {Path(name).name}": study.resolve(name).resolve() for name in notebooks}
    files |= {"the extract" if len(folders) == 1 else f"the extract {folder.name}": folder for folder in folders}
    return files if ledger is None else {**files, "the ledger": ledger}


def _check_earlier(target: Path) -> None:
    """Refuse to write over anything but an earlier run and what it kept inside."""
    for folder, is_ours in ((target, is_run), (inside_folder(target), is_inside)):
        if folder.is_symlink() or (
            folder.exists() and not (folder.is_dir() and (is_ours(folder) or not any(folder.iterdir())))
        ):
            raise StudyError(
                f"out: found {folder.name}, which is not an earlier run; expected a new or empty folder; choose another"
            )


def _write_results(
    study: Study,
    folders: Sequence[Path],
    ledger: Path | None,
    target: Path,
    work: Path,
    progress: Progress,
    *,
    notebooks: bool,
) -> tuple[StudyResults, KernelStartError | None]:
    """Carry out a study and write its results and what stays inside to two folders in ``work``.

    The error is there where the kernels, which could start before, could not start for the report: it is left out.
    """
    results_folder, inside = work / RESULTS, work / INSIDE
    results_folder.mkdir(mode=0o700)
    inside.mkdir(mode=0o700)
    missing: KernelStartError | None = None
    day = run_date()
    languages = study.file.languages if notebooks else study.file.languages[:1]
    with Drawers(len(study.file.exhibits) * len(languages)) as drawers:
        if notebooks and (study.file.notebooks or study.file.annexes):
            progress("starting a kernel", 0.0)
            check_kernels()
        results = evaluate(study, folders=folders, ledger=ledger, progress=part_of(progress, 0.0, 0.3))
        drawers.start(_write_exhibits(results, results_folder, languages), work)
        identifiers = write_secrets(results, inside)
        drawers.finish(part_of(progress, 0.3, 0.6))
        if results.comparison is not None:
            comparison = require_comparison(results.comparison, where="published.csv")
            compared = in_languages(comparison.to_frame(), study.file.languages, study.labels)
            write_csv(compared, results_folder / "published.csv")
        if notebooks:
            try:
                _write_report(results, results_folder, folders, day, part_of(progress, 0.6, 1.0))
            except KernelStartError as error:
                missing = error
        provenance = json.dumps(describe_run(results, results_folder, day), indent=2, sort_keys=True)
        (results_folder / PROVENANCE).write_text(provenance + "\n", encoding="utf-8")
        refuse_identifiers(results_folder, identifiers)
        places = [target.parent, *folders]
        write_record(results, inside, out=results_folder, ledger=ledger, places=places, folders=folders)
        match_umask(results_folder)
        keep_private(inside)
    return results, missing


def _write_exhibits(results: StudyResults, work: Path, languages: Sequence[Language]) -> list[Drawing]:
    """Write each exhibit as a tidy table, list all of them, and return the figures to draw, one a language."""
    (work / "tables").mkdir()
    (work / "figures").mkdir()
    hashes, study = hash_inputs(results.extract), results.study.file
    chapters = chapter_names(results.study)
    rows = []
    drawings: list[Drawing] = []
    for spec in study.exhibits:
        table = require_safe(results.tables[spec.id], where=spec.id)
        write_csv(in_languages(table.to_frame(), study.languages, table.labels), work / "tables" / f"{spec.id}.csv")
        for language in languages:
            suffix = "" if language == languages[0] else f".{language}"
            drawings.append((table, Chart(**spec.chart), language, work / "figures" / f"{spec.id}{suffix}.png"))
        rows.append(
            {
                "exhibit": spec.id,
                "title": spec.title.texts()[languages[0]],
                "chapter": chapters[spec.id],
                "table_file": f"tables/{spec.id}.csv",
                "figure_file": f"figures/{spec.id}.png",
                "function": f"si_eval.{spec.function}",
                "rule_set": table.rules,
                "input_hashes": hashes,
            }
        )
    write_csv(pd.DataFrame(rows), work / "exhibits.csv")
    return drawings


def write_numbers(results: StudyResults, folder: Path) -> None:
    """Write what the figures of a run are compared by: its tables, the list of exhibits and the provenance."""
    folder.mkdir()
    _write_exhibits(results, folder, results.study.file.languages[:1])
    provenance = json.dumps(describe_run(results, folder, run_date()), indent=2, sort_keys=True)
    (folder / PROVENANCE).write_text(provenance + "\n", encoding="utf-8")


def _write_report(results: StudyResults, work: Path, folders: Sequence[Path], day: str, progress: Progress) -> None:
    """Write chapters, execute notebooks on the extract; build the report and a workbook of tables, one a language."""
    # loaded with the kernels of notebooks alone
    from si_eval.report.document import build_report  # noqa: PLC0415
    from si_eval.report.explorer import write_explorer  # noqa: PLC0415
    from si_eval.report.workbook import write_workbook  # noqa: PLC0415

    study = results.study
    tables = work.parent / "tables"
    write_tables(results.tables.values(), tables)
    build_report(
        [study.resolve(notebook) for notebook in study.file.notebooks],
        annexes=[study.resolve(notebook) for notebook in study.file.annexes],
        out=work / "report",
        title=study.file.title.of(study.file.languages),
        language=study.file.languages,
        date=day,
        environment={
            EXTRACT_VARIABLE: os.pathsep.join(map(str, _separable(folders, work.parent))),
            STUDY_VARIABLE: str(study.path.resolve()),
            TABLES_VARIABLE: str(tables),
        },
        progress=progress,
        chapters=report_chapters(study, results.tables),
        exhibits={exhibit.id: exhibit.title.of(study.file.languages) for exhibit in study.file.exhibits},
        labels=study.labels,
        beside={"report_workbook": "tables_{language}.xlsx", "explorer_title": "explorer_{language}.html"},
    )
    titles = study.file.title.of(study.file.languages)
    for language in study.file.languages:
        write_workbook(
            list(results.tables.values()),
            work / "report" / f"tables_{language}.xlsx",
            title=titles[language],
            language=language,
            chapters=chapter_names(study),
        )
        write_explorer(
            list(results.tables.values()),
            work / "report" / f"explorer_{language}.html",
            title=titles[language],
            language=language,
        )


def _separable(folders: Sequence[Path], work: Path) -> list[Path]:
    """Return folders whose paths can stand in one variable: a link in ``work`` for one with the separator in it."""
    links = []
    for number, folder in enumerate(folders):
        link = work / f"extract_{number}"
        if os.pathsep in str(folder):
            link.symlink_to(folder)
        links.append(link if os.pathsep in str(folder) else folder)
    return links

"""The order of work, read as a table of contents: extract, linkage, panel, exhibits, border, check, report."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from si_eval import extracts, published, synthetic
from si_eval.disclosure import DisclosureRules, decide
from si_eval.disclosure.border import Decision
from si_eval.engine import open_engine
from si_eval.errors import StudyError
from si_eval.exhibits import SYNTHESIS, Inputs, compute_exhibits, synthesise_exhibits, without_registers
from si_eval.ledger_file import LedgerFile, load_ledger
from si_eval.linkage import link_participants
from si_eval.panel import build_panel
from si_eval.results import Extract, Linkage, Panel, ResultTable, SafeTable
from si_eval.study_file import Study, load_study

Progress = Callable[[str, float], None]
EXTRACT_VARIABLE = "SI_EVAL_EXTRACT"
STUDY_VARIABLE = "SI_EVAL_STUDY"
TABLES_VARIABLE = "SI_EVAL_TABLES"
NOTEBOOK_SCALE = 0.01
ASSUMED = "assumed"


@dataclass(frozen=True)
class Request:
    """Exhibits that crossed the public border together, under one set of rules. The evidence in it stays inside."""

    rules: DisclosureRules
    tables: Sequence[ResultTable] = field(repr=False)
    decision: Decision = field(repr=False)


@dataclass(frozen=True)
class StudyResults:
    """What a study gives: the protected exhibits in the order of the study file, and the check against the source.

    ``requests`` and ``ledger`` are for what a run keeps inside: they never leave.
    """

    study: Study
    extract: Extract
    tables: dict[str, SafeTable]
    comparison: published.PublishedComparison | None
    requests: Sequence[Request] = field(default=(), repr=False)
    ledger: LedgerFile = field(default_factory=LedgerFile, repr=False)


def evaluate(
    study: Study, *, folders: Sequence[Path] = (), ledger: Path | None = None, progress: Progress | None = None
) -> StudyResults:
    """Carry out a study in memory: from the raw extract to protected exhibits and the check against the source.

    ``ledger`` is the file of earlier releases, in place of the study's own.
    """
    report = progress or _silent
    report("reading the extract", 0.0)
    earlier = load_ledger(ledger_path(study, ledger))
    extract = read_extract(study, folders=folders, progress=lambda step, _: report(step, 0.1))
    report("linking the participants", 0.3)
    linkage = link_participants(extract)
    report("building the panel", 0.4)
    panel = build_panel(extract, linkage, rules=study.file.rule_set())
    report("computing the exhibits", 0.5)
    tables = compute_exhibits(study, panel, linkage)
    report("protecting", 0.7)
    requests = decide_exhibits(study, tables, earlier)
    safe = in_order(study, requests)
    report("comparing with the published figures", 0.9)
    comparison = compare_with_published(study, safe)
    report("evaluated", 1.0)
    return StudyResults(study, extract, {table.exhibit: table for table in safe}, comparison, requests, earlier)


def protect_exhibits(study: Study, tables: Sequence[ResultTable]) -> list[SafeTable]:
    """Let the exhibits cross the public border, in the study's order, jointly with the releases in its ledger."""
    return in_order(study, decide_exhibits(study, tables, load_ledger(ledger_path(study))))


def decide_exhibits(study: Study, tables: Sequence[ResultTable], earlier: LedgerFile) -> list[Request]:
    """Let the exhibits cross the public border: one joint pattern for each set of rules, with its earlier releases.

    An exhibit may name rules of its own (a survey has other units than a register). The synthesis follows from the
    protected exhibits and crosses last; it is made where all of them are there. What outsiders know is told of the
    units of the study's own rules.
    """
    border = study.file.disclosure
    rules = {exhibit.id: exhibit.disclosure or border.rules for exhibit in study.file.exhibits}
    priority = {exhibit.id: exhibit.priority for exhibit in study.file.exhibits if exhibit.priority is not None}
    known = None if border.known is None else pd.read_csv(study.resolve(border.known))
    requests = []
    for name in dict.fromkeys(rules[table.exhibit] for table in tables):
        asked = [table for table in tables if rules[table.exhibit] == name]
        preset, public = DisclosureRules.preset(name), known if name == border.rules else None
        decision = decide(
            asked,
            rules=preset,
            known=public,
            ledger=earlier.of(name),
            priority=priority,
            merge=border.merge,
            record=False,
        )
        requests.append(Request(preset, decision.sources, decision))
    safe = [table for request in requests for table in request.decision.tables]
    if len(safe) == len([exhibit for exhibit in study.file.exhibits if exhibit.function != SYNTHESIS]):
        for table in synthesise_exhibits(study, safe):
            preset = DisclosureRules.preset(rules[table.exhibit])
            requests.append(Request(preset, [table], decide([table], rules=preset)))
    return requests


def in_order(study: Study, requests: Sequence[Request]) -> list[SafeTable]:
    """Give the protected exhibits of requests in the study's order."""
    safe = {table.exhibit: table for request in requests for table in request.decision.tables}
    return [safe[exhibit.id] for exhibit in study.file.exhibits if exhibit.id in safe]


def ledger_path(study: Study, given: Path | None = None) -> Path | None:
    """Give the file of earlier releases: the one given, else the study's own, else none."""
    own = study.file.disclosure.ledger
    return given or (None if own is None else study.resolve(own))


def study_tables(study: Study, panel: Panel | None = None, linkage: Linkage | None = None) -> dict[str, SafeTable]:
    """Give a notebook the protected exhibits of its study, by id.

    They are those of the run at work (`SI_EVAL_TABLES`), so that the whole report has one pattern of withheld cells;
    without a run they are computed and protected here, those made of registers only where ``panel`` and ``linkage`` are
    given.
    """
    path = os.environ.get(TABLES_VARIABLE)
    if path is not None:
        if study.file.survey is not None:
            Inputs(study).get("survey")
        return pickle.loads(Path(path).read_bytes())
    wanted = None if panel is not None and linkage is not None else without_registers(study)
    safe = protect_exhibits(study, compute_exhibits(study, panel, linkage, only=wanted))
    return {table.exhibit: table for table in safe}


def compare_with_published(study: Study, safe: Sequence[SafeTable]) -> published.PublishedComparison | None:
    """Check protected exhibits against the published figures and claims of the study, where it has any."""
    files = study.file.published
    if files is None:
        return None
    figures, claims = (
        pd.concat([pd.read_csv(study.resolve(path), dtype=str, keep_default_na=False) for path in paths])
        for paths in (files.figures, files.claims)
    )
    return published.compare_published(safe, figures=figures, claims=claims, readings=study.resolve(files.readings))


def read_extract(source: Any, *, folders: Sequence[Path] = (), progress: Progress | None = None) -> Extract:
    """Read and validate a raw extract: a folder, several, a study file, or a study.

    A study's own file patterns, column names, units and engine are used; ``folders`` replaces the study's folders.
    Raises `InputError` with every problem of every table.
    """
    study = _as_study(source)
    step = None if progress is None else lambda text: progress(text, 0.0)
    if study is None:
        return extracts.read_extract(source, progress=step)
    return extracts.read_extract(**extract_arguments(study, folders), progress=step)


def extract_arguments(study: Study, folders: Sequence[Path] = ()) -> dict[str, Any]:
    """Give what `extracts` needs to read the extract of a study; a study without folders needs some."""
    source = study.file.extract
    chosen = [Path(folder) for folder in folders] or [study.resolve(folder) for folder in source.folders]
    if not chosen:
        raise StudyError(
            f"study {study.file.name}: found no extract folder; expected `folders` under [extract], or a folder given "
            "beside the study; run `si-eval run STUDY --extract FOLDER --out OUT`"
        )
    engine = study.file.engine
    return {
        "source": chosen,
        "files": source.files,
        "columns": source.columns,
        "money_unit": source.money_unit,
        "participants": None if source.participants is None else study.resolve(source.participants),
        "cache": None if source.cache is None else study.resolve(source.cache),
        "engine": open_engine(engine.backend, memory_limit=engine.memory_limit, threads=engine.threads),
    }


def open_study() -> Study:
    """Give a notebook its study: the one in the environment (`SI_EVAL_STUDY`), else the reference study."""
    return load_study(os.environ.get(STUDY_VARIABLE))


def open_reference() -> tuple[Study, Extract]:
    """Give a notebook its study and extract.

    Taken from the environment (`SI_EVAL_STUDY`, `SI_EVAL_EXTRACT`, set by `si-eval run`); else the reference study on
    a small simulated extract, kept in the cache folder.
    """
    study = open_study()
    folder = os.environ.get(EXTRACT_VARIABLE)
    if folder is None and not study.file.extract.folders:
        place = Path.home() / ".cache" / "si_eval" / f"{study.file.name}_{NOTEBOOK_SCALE:g}"
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            synthetic.simulate_extract(place, scale=NOTEBOOK_SCALE)
        folder = str(place)
    folders = [] if folder is None else [Path(part) for part in folder.split(os.pathsep)]
    return study, read_extract(study, folders=folders)


def _as_study(source: Any) -> Study | None:
    """Give the study that a source names, if it names one."""
    if isinstance(source, Study):
        return source
    if isinstance(source, str | Path) and Path(source).suffix.lower() == ".toml":
        return load_study(source)
    return None


def _silent(step: str, fraction: float) -> None:
    """Report nothing."""

"""The order of work, read as a table of contents: extract, linkage, panel, exhibits, border, check, report."""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from si_eval import published
from si_eval.disclosure import DisclosureRules, decide
from si_eval.disclosure.border import Decision
from si_eval.registers.linkage import link_participants
from si_eval.registers.panel import build_panel
from si_eval.results import Extract, Linkage, Panel, ResultTable, SafeTable
from si_eval.study.arguments import check_exhibits
from si_eval.study.catalogue import SURVEY, SYNTHESIS
from si_eval.study.exhibits import ExhibitInputs, compute_exhibits, exhibits_without_registers, synthesise_exhibits
from si_eval.study.file import Study
from si_eval.study.inputs import Progress, read_extract
from si_eval.study.ledger import LedgerFile, load_ledger

TABLES_VARIABLE = "SI_EVAL_TABLES"


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
    check_exhibits(study)
    report = progress or _silent
    report("reading the extract", 0.0)
    earlier = load_ledger(ledger_path(study, ledger))
    extract = read_extract(study, folders=folders, progress=lambda step, _: report(step, 0.1))
    report("linking the participants", 0.3)
    linkage = link_participants(extract)
    report("building the panel", 0.4)
    public = study.file.disclosure.public_units
    panel = build_panel(extract, linkage, rules=study.file.rule_set(), public_units=public)
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
    units of the study's own rules, and so are the public units.
    """
    border = study.file.disclosure
    rules = {exhibit.id: exhibit.disclosure or border.rules for exhibit in study.file.exhibits}
    priority = {exhibit.id: exhibit.priority for exhibit in study.file.exhibits if exhibit.priority is not None}
    known = None if border.known is None else pd.read_csv(study.resolve(border.known))
    requests = []
    for name in dict.fromkeys(rules[table.exhibit] for table in tables):
        asked = [table for table in tables if rules[table.exhibit] == name]
        preset, own = _output_rules(study, name), name == border.rules
        decision = decide(
            asked,
            rules=preset,
            known=known if own else None,
            ledger=earlier.of(name),
            priority=priority,
            merge=border.merge,
            record=False,
        )
        requests.append(Request(preset, decision.sources, decision))
    safe = [table for request in requests for table in request.decision.tables]
    if len(safe) == len([exhibit for exhibit in study.file.exhibits if exhibit.function != SYNTHESIS]):
        for table in synthesise_exhibits(study, safe):
            preset = _output_rules(study, rules[table.exhibit])
            requests.append(Request(preset, [table], decide([table], rules=preset)))
    return requests


def _output_rules(study: Study, name: str) -> DisclosureRules:
    """Give the output rules by their name; those of the study's own units know its public units."""
    border = study.file.disclosure
    preset = DisclosureRules.preset(name)
    return replace(preset, public_units=border.public_units) if name == border.rules else preset


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
            ExhibitInputs(study).load(SURVEY)
        return pickle.loads(Path(path).read_bytes())
    wanted = None if panel is not None and linkage is not None else exhibits_without_registers(study)
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


def _silent(step: str, fraction: float) -> None:
    """Report nothing."""

"""The order of work, read as a table of contents: extract, linkage, panel, exhibits, border, check, report."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from si_eval import published
from si_eval.disclosure import DisclosureRules, decide
from si_eval.disclosure.border import Decision
from si_eval.errors import InputError
from si_eval.report.answer_file import Answers
from si_eval.report.answers import Question, answer_questions, state_limits
from si_eval.report.display import Display
from si_eval.results import Extract, Linkage, Panel, ResultTable, SafeTable
from si_eval.results.table_files import read_tables
from si_eval.study.catalogue import SYNTHESIS
from si_eval.study.checks import check_study, check_study_answers, ledger_path, published_files, read_known_figures
from si_eval.study.exhibits import (
    ExhibitInputs,
    compute_exhibits,
    compute_from,
    exhibits_without_registers,
    synthesise_exhibits,
)
from si_eval.study.file import Study
from si_eval.study.inputs import read_registers
from si_eval.study.ledger import LedgerFile, load_ledger
from si_eval.system.progress import Progress, ignore_progress, part_of

TABLES_VARIABLE = "SI_EVAL_TABLES"


@dataclass(frozen=True)
class JointProtection:
    """Exhibits that crossed the public border together, under one set of output rules. Its evidence stays inside."""

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
    requests: Sequence[JointProtection] = field(default=(), repr=False)
    ledger: LedgerFile = field(default_factory=LedgerFile, repr=False)


def evaluate(
    study: Study, *, folders: Sequence[Path] = (), ledger: Path | None = None, progress: Progress | None = None
) -> StudyResults:
    """Carry out a study in memory.

    The order of work: check the study and every file that it names, read the extract, link the participants, build the
    panel, compute the exhibits, protect them jointly, compare them with the published figures. `run_study` does the
    same and writes files.

    Parameters
    ----------
    study : Study
        From `load_study`. Everything that it names is checked before the extract is read.
    folders : list of Path, optional
        The folders of the extract in place of those that the study names.
    ledger : Path, optional
        The file of earlier releases, in place of the study's own.
    progress : callable, optional
        Called with the step at work (a text) and the fraction done.

    Returns
    -------
    StudyResults
        ``tables`` has the protected exhibits (SafeTable) by id in the order of the study, ``comparison`` the check
        against the published figures (None where the study names none), ``extract`` and ``study`` what it started
        from. ``requests`` and ``ledger`` hold what never leaves.

    Raises
    ------
    InputError
        With every problem of the study, or of the extract, at once.
    StudyError
        For what cannot be carried out, such as a study without a folder.
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
    >>> results = se.evaluate(se.load_study("study.toml"), folders=[Path("extract")])
    >>> results.tables["sectors"].rules
    'replicate_2020'
    >>> results.tables["sectors"].to_frame()["status"].isin(["shown", "suppressed"]).all()
    np.True_
    """
    report = progress or ignore_progress
    report("checking the study", 0.0)
    inputs = check_study(study, folders=folders, ledger=ledger)
    earlier = load_ledger(ledger_path(study, ledger))
    extract, linkage, panel = read_registers(study, folders=folders, progress=part_of(report, 0.05, 0.5))
    report("computing the exhibits", 0.5)
    wanted = [exhibit for exhibit in study.file.exhibits if exhibit.function != SYNTHESIS]
    tables = compute_from(inputs, wanted, panel, linkage)
    report("protecting", 0.7)
    protections = decide_exhibits(study, tables, earlier)
    safe = sort_by_study(study, protections)
    report("comparing with the published figures", 0.9)
    comparison = compare_with_published(study, safe)
    report("evaluated", 1.0)
    return StudyResults(study, extract, {table.exhibit: table for table in safe}, comparison, protections, earlier)


def protect_exhibits(study: Study, tables: Sequence[ResultTable]) -> list[SafeTable]:
    """Let the exhibits of a study cross the public border together.

    All exhibits under one set of output rules get one joint pattern of withheld cells, so that none is found from the
    margins of another; figures that outsiders know, public units and earlier releases count, as the study file says.
    The synthesis is made where all other exhibits are there.

    Parameters
    ----------
    study : Study
        From `load_study`.
    tables : list of ResultTable
        From `compute_exhibits`.

    Returns
    -------
    list of SafeTable
        In the order of the study. Their rows have a column ``status``: ``shown``, ``suppressed`` or ``merged``.

    Raises
    ------
    DisclosureError
        For what the border does not know.
    StudyError
        For a ledger that is none.

    Examples
    --------
    >>> import si_eval as se
    >>> study = se.load_study()
    >>> safe = se.protect_exhibits(study, se.compute_exhibits(study, only=["dialogic_figure_41"]))
    >>> [table.exhibit for table in safe]
    ['dialogic_figure_41']
    """
    return sort_by_study(study, decide_exhibits(study, tables, load_ledger(ledger_path(study))))


def decide_exhibits(study: Study, tables: Sequence[ResultTable], earlier: LedgerFile) -> list[JointProtection]:
    """Let exhibits cross the public border: one joint pattern for each set of output rules, with its earlier releases.

    An exhibit may name rules of its own (a survey has other units than a register). The synthesis follows from the
    protected exhibits and crosses last; it is made where all of them are there. What outsiders know is told of the
    units of the study's own rules, and so are the public units.
    """
    border = study.file.disclosure
    rules = {exhibit.id: exhibit.disclosure or border.rules for exhibit in study.file.exhibits}
    priority = {exhibit.id: exhibit.priority for exhibit in study.file.exhibits if exhibit.priority is not None}
    known = read_known_figures(study)
    protections = []
    for name in dict.fromkeys(rules[table.exhibit] for table in tables):
        preset = _output_rules(study, name)
        mine = [table for table in tables if rules[table.exhibit] == name]
        ledger = earlier.of(name)
        if ledger is not None and border.set_aside_earlier is not None:
            ledger.set_aside_earlier([one for table in mine for one in table.sources], reason=border.set_aside_earlier)
        decision = decide(
            mine,
            rules=preset,
            known=known if name == border.rules else None,
            ledger=ledger,
            priority=priority,
            merge=border.merge,
            record=False,
        )
        protections.append(JointProtection(preset, decision.sources, decision))
    safe = [table for protection in protections for table in protection.decision.tables]
    if len(safe) == len([exhibit for exhibit in study.file.exhibits if exhibit.function != SYNTHESIS]):
        for table in synthesise_exhibits(study, safe):
            preset = _output_rules(study, rules[table.exhibit])
            protections.append(JointProtection(preset, [table], decide([table], rules=preset)))
    return protections


def _output_rules(study: Study, name: str) -> DisclosureRules:
    """Return the output rules with a name; those of the study's own units know its public units."""
    border = study.file.disclosure
    preset = DisclosureRules.preset(name)
    return replace(preset, public_units=border.public_units) if name == border.rules else preset


def sort_by_study(study: Study, protections: Sequence[JointProtection]) -> list[SafeTable]:
    """List the protected exhibits in the order of the study."""
    safe = {table.exhibit: table for protection in protections for table in protection.decision.tables}
    return [safe[exhibit.id] for exhibit in study.file.exhibits if exhibit.id in safe]


def study_tables(study: Study, panel: Panel | None = None, linkage: Linkage | None = None) -> dict[str, SafeTable]:
    """Return the protected exhibits of a study, for a notebook.

    Inside the report of a run they are the tables of that run (``SI_EVAL_TABLES``), so that the whole report has one
    pattern of withheld cells. In a notebook opened by hand they are computed and protected here.

    Parameters
    ----------
    study : Study
        From `open_study` or `load_study`.
    panel, linkage : Panel and Linkage, optional
        From `build_panel` and `link_participants`; without them the exhibits that need registers are left out.

    Returns
    -------
    dict of str to SafeTable
        By the id of the exhibit, in the order of the study.

    Raises
    ------
    InputError
        With every problem of the exhibits that are computed here.

    Examples
    --------
    >>> import si_eval as se
    >>> tables = se.study_tables(se.load_study())
    >>> "dialogic_figure_41" in tables, "dialogic_figure_33" in tables
    (True, False)
    """
    path = os.environ.get(TABLES_VARIABLE)
    if path is not None:
        language = study.file.languages[0]
        return {table.exhibit: table.in_language(language) for table in read_tables(Path(path))}
    wanted = None if panel is not None and linkage is not None else exhibits_without_registers(study)
    safe = protect_exhibits(study, compute_exhibits(study, panel, linkage, only=wanted))
    return {table.exhibit: table for table in safe}


def compare_with_published(study: Study, safe: Sequence[SafeTable]) -> published.PublishedComparison | None:
    """Check protected exhibits against the published figures and claims of a study.

    Which row of which exhibit a figure or claim speaks of is in the study's file of readings. Figures that were
    withheld are not compared.

    Parameters
    ----------
    study : Study
        From `load_study`; its ``[published]`` names the files.
    safe : list of SafeTable
        From `protect_exhibits`, or the values of `study_tables`.

    Returns
    -------
    PublishedComparison or None
        ``to_frame()`` has one row a figure or claim: the published figure, the computed one and the verdict. None where
        the study has no ``[published]``.

    Raises
    ------
    InputError
        For files of figures, claims or readings that are not sound.

    Examples
    --------
    >>> import si_eval as se
    >>> study = se.load_study()
    >>> safe = se.protect_exhibits(study, se.compute_exhibits(study, only=["dialogic_figure_41"]))
    >>> verdicts = se.compare_with_published(study, safe).to_frame()
    >>> verdicts["kind"].unique().tolist()
    ['figure', 'claim']
    """
    files = published_files(study)
    return None if files is None else published.compare_published(safe, **files)


def show_answers(study: Study, tables: Mapping[str, SafeTable]) -> Display:
    """Answer the evaluation questions of a study in a few sentences each, with their evidence.

    The questions are those of the study's programme, the sentences those of its file of answers (``[facts]``,
    ``programme`` and ``answers``). Which sentence is said, and every number in it, follows from the protected tables.

    Parameters
    ----------
    study : Study
        From `open_study` or `load_study`.
    tables : mapping of str to SafeTable
        From `study_tables`.

    Returns
    -------
    Display
        The answers, and their sealed payload for the document.

    Raises
    ------
    InputError
        For an answer that names a question or an exhibit that the study does not have.
    StudyError
        Where the study has no file for its programme or its answers, or an exhibit that answers is not in the tables.

    Examples
    --------
    >>> import si_eval as se
    >>> study = se.load_study()
    >>> study.file.facts.answers
    '../theory/answers.toml'
    """
    questions, answers = _read_answers(study)
    return answer_questions(questions, answers=answers, tables=list(tables.values()), language=study.file.languages[0])


def show_limits(study: Study, tables: Mapping[str, SafeTable]) -> Display:
    """Say how strong the evidence behind the answers of a study is, and what their figures cannot show.

    Parameters
    ----------
    study : Study
        From `open_study` or `load_study`.
    tables : mapping of str to SafeTable
        From `study_tables`.

    Returns
    -------
    Display
        The questions by the strongest evidence that answers them, then each limit once; their sealed payload for the
        document.

    Raises
    ------
    InputError
        For an answer that names a question or an exhibit that the study does not have.
    StudyError
        Where the study has no file for its programme or its answers.

    See Also
    --------
    show_answers : The answers themselves.

    Examples
    --------
    >>> import si_eval as se
    >>> study = se.load_study()
    >>> tables = {table.exhibit: table for table in se.protect_exhibits(
    ...     study, se.compute_exhibits(study, only=["goals_targets"]))}
    >>> limits = se.show_limits(study, tables)
    >>> limits.payload["questions"][0]["sentences"][0]["text"]["en"]
    'The figures behind d show this: goal attainment.'
    """
    questions, answers = _read_answers(study)
    return state_limits(questions, answers=answers, tables=list(tables.values()), language=study.file.languages[0])


def _read_answers(study: Study) -> tuple[list[Question], Answers]:
    """Return the questions of a study and its file of answers. Raises InputError for answers that do not fit it."""
    inputs = ExhibitInputs(study)
    programme, answers = inputs.load("programme"), inputs.load("answers")
    problems = check_study_answers(study, inputs)
    if problems:
        raise InputError(problems, what="the answers of the study")
    return [(one.id, {"nl": one.nl, "en": one.en}) for one in programme.questions], answers

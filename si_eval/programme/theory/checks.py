"""What a theory lacks: elements without a link, outputs that nothing measures, questions that nothing answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from si_eval.programme.rows import TidyRow, public_table, require_input
from si_eval.programme.theory.programme import BilingualText, IndicatorOf, Node, Programme, Question
from si_eval.results import CheckResult, ResultTable
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    COUNT,
    ESTIMATE,
    INDICATOR,
    NOTE,
    RECORDS,
    STATISTIC,
    UNIT_OF_MEASURE,
    Reason,
    Verdict,
    bilingual,
)

MISSING, ELEMENTS = "theory_missing", "theory_elements"
CANNOT_SHOW = "A complete theory is not a true one; an incomplete one does not say that the programme did not work."


@dataclass(frozen=True)
class _Check:
    """One check: the elements that fail it, of how many, and the sentence that says so."""

    name: str
    failing: tuple[str, ...]
    total: int
    sentence: str
    verdict: Verdict | None = None


def check_theory(programme: Programme, *, available_exhibits: Collection[str] | None = None) -> ResultTable:
    """Count what is missing in a programme's theory, check by check.

    Parameters
    ----------
    programme : Programme
        The theory, from `load_programme`.
    available_exhibits : collection of str, optional
        The exhibits that the study makes; by default every exhibit that an indicator or a question names.

    Returns
    -------
    ResultTable
        Tidy rows, public: each check is a ``category``, with a row ``theory_missing`` that counts the elements that
        fail it and names them in the note, and a row ``theory_elements`` that counts all that were looked at.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.theory import check_theory, load_programme
    >>> path = Path("programme.toml")
    >>> _ = path.write_text('''
    ... name = "small"
    ... title = { nl = "Klein", en = "Small" }
    ... layers = [
    ...   { id = "do", nl = "Doen", en = "Do", role = "activity" },
    ...   { id = "get", nl = "Krijgen", en = "Get", role = "output" },
    ... ]
    ... pictures = [{ id = "all", nl = "Alles", en = "All", layers = ["do", "get"] }]
    ... links = [{ id = "gives", nl = "geeft", en = "gives" }]
    ... nodes = [{ id = "a", layer = "do", nl = "A", en = "A" }, { id = "b", layer = "get", nl = "B", en = "B" }]
    ... edges = [{ from = "a", to = "b", kind = "gives" }]
    ... questions = [{ id = "q", nl = "vraag", en = "question", exhibits = ["table_1"] }]
    ... ''')
    >>> table = check_theory(load_programme(path), available_exhibits=[]).to_frame()
    >>> table.query("category in ['orphans', 'questions_without_exhibit']")[["indicator", "category", "estimate"]]
              indicator                   category  estimate
    0    theory_missing                    orphans       0.0
    1   theory_elements                    orphans       2.0
    28   theory_missing  questions_without_exhibit       1.0
    29  theory_elements  questions_without_exhibit       1.0
    """
    require_input("programme", programme, Programme, "load_programme")
    parts: tuple[Question | IndicatorOf | Node, ...] = (*programme.questions, *programme.indicators, *programme.nodes)
    names: dict[str, BilingualText] = {part.id: part for part in parts}
    rows: list[TidyRow] = []
    for check in _checks(programme, available_exhibits):
        row: TidyRow = {CATEGORY: check.name, STATISTIC: COUNT, UNIT_OF_MEASURE: RECORDS}
        missing: TidyRow = {INDICATOR: MISSING, ESTIMATE: float(len(check.failing)), NOTE: _names_note(check, names)}
        rows += [{**row, **missing}, {**row, INDICATOR: ELEMENTS, ESTIMATE: float(check.total)}]
    return public_table(rows, "check_theory", CANNOT_SHOW, missing=Reason.NOT_IN_SOURCE)


def theory_checks(
    programme: Programme, *, available_exhibits: Collection[str] | None = None
) -> tuple[CheckResult, ...]:
    """Judge the same checks: pass where no element fails, informative for links that were inferred.

    Parameters
    ----------
    programme, available_exhibits : see `check_theory`
        What to check.

    Returns
    -------
    tuple of CheckResult
        Name, statistic (elements that fail), threshold (0), verdict and sentence of each check.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.theory import theory_checks, load_programme
    >>> path = Path("programme.toml")
    >>> _ = path.write_text('''
    ... name = "small"
    ... title = { nl = "Klein", en = "Small" }
    ... layers = [
    ...   { id = "do", nl = "Doen", en = "Do", role = "activity" },
    ...   { id = "get", nl = "Krijgen", en = "Get", role = "output" },
    ... ]
    ... pictures = [{ id = "all", nl = "Alles", en = "All", layers = ["do", "get"] }]
    ... links = [{ id = "gives", nl = "geeft", en = "gives" }]
    ... nodes = [{ id = "a", layer = "do", nl = "A", en = "A" }, { id = "b", layer = "get", nl = "B", en = "B" }]
    ... edges = [{ from = "a", to = "b", kind = "gives" }]
    ... questions = [{ id = "q", nl = "vraag", en = "question", exhibits = ["table_1"] }]
    ... ''')
    >>> theory_checks(load_programme(path))[0].verdict
    'pass'
    """
    return tuple(
        CheckResult(
            name=check.name,
            statistic=float(len(check.failing)),
            threshold=0.0,
            verdict=check.verdict or ("fail" if check.failing else "pass"),
            sentence=check.sentence.format(n=len(check.failing), total=check.total),
        )
        for check in _checks(programme, available_exhibits)
    )


def answer_questions(programme: Programme, exhibits: Collection[str]) -> ResultTable:
    """List which exhibits answer each evaluation question.

    Parameters
    ----------
    programme : Programme
        The theory, from `load_programme`.
    exhibits : collection of str
        The exhibits of the study.

    Returns
    -------
    ResultTable
        Tidy rows, public: indicator ``question_<id>``, ``category`` the exhibit, ``estimate`` 1 where the study has it
        and 0 where it has not; the category ``all`` counts those that it has. The note says what is missing.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.theory import answer_questions, load_programme
    >>> path = Path("programme.toml")
    >>> _ = path.write_text('''
    ... name = "small"
    ... title = { nl = "Klein", en = "Small" }
    ... layers = [
    ...   { id = "do", nl = "Doen", en = "Do", role = "activity" },
    ...   { id = "get", nl = "Krijgen", en = "Get", role = "output" },
    ... ]
    ... pictures = [{ id = "all", nl = "Alles", en = "All", layers = ["do", "get"] }]
    ... links = [{ id = "gives", nl = "geeft", en = "gives" }]
    ... nodes = [{ id = "a", layer = "do", nl = "A", en = "A" }, { id = "b", layer = "get", nl = "B", en = "B" }]
    ... edges = [{ from = "a", to = "b", kind = "gives" }]
    ... questions = [{ id = "q", nl = "vraag", en = "question", exhibits = ["table_1"] }]
    ... ''')
    >>> answer_questions(load_programme(path), ["table_1"]).to_frame()[["indicator", "category", "estimate"]]
        indicator category  estimate
    0  question_q  table_1       1.0
    1  question_q      all       1.0
    """
    rows: list[TidyRow] = []
    for question in programme.questions:
        row: TidyRow = {INDICATOR: f"question_{question.id}", STATISTIC: COUNT, UNIT_OF_MEASURE: RECORDS}
        present = [exhibit for exhibit in question.exhibits if exhibit in exhibits]
        for exhibit in question.exhibits:
            missing = "" if exhibit in present else Reason.NOT_IN_STUDY.text("en")
            rows.append({**row, CATEGORY: exhibit, ESTIMATE: float(not missing), NOTE: missing})
        note = "" if present else Reason.NO_EXHIBIT.text("en")
        rows.append({**row, CATEGORY: ALL, ESTIMATE: float(len(present)), NOTE: note})
    cannot_show = "An exhibit that bears on a question need not settle it."
    return public_table(rows, "answer_questions", cannot_show, missing=Reason.NOT_IN_SOURCE)


def _names_note(check: _Check, names: Mapping[str, BilingualText]) -> str:
    """Name the elements that fail a check in both languages; links, which have no name, are only counted."""
    known = [names[element] for element in check.failing if element in names]
    return bilingual(", ".join(name.nl for name in known), ", ".join(name.en for name in known)) if known else ""


def _checks(programme: Programme, available: Collection[str] | None) -> Iterator[_Check]:
    """List every check in the order of reasoning: links first, then measures, then questions."""
    starts, ends = {edge.start for edge in programme.edges}, {edge.end for edge in programme.edges}
    nodes = [node.id for node in programme.nodes]
    yield _check("orphans", nodes, starts | ends, "{n} of {total} elements have no link to any other.")
    outcomes = _ids(programme, "outcome")
    impacts = _ids(programme, "impact")
    activities = _ids(programme, "activity")
    solved = {edge.start for edge in programme.edges if edge.end in activities}
    yield _check("problems_without_activity", _ids(programme, "problem"), solved, "No activity addresses {n} problems.")
    yield _check("activities_without_output", activities, starts, "{n} of {total} activities deliver no output.")
    yield _check("outputs_without_outcome", _ids(programme, "output"), starts, "{n} of {total} outputs lead nowhere.")
    yield _check("outcomes_without_impact", outcomes, starts, "{n} of {total} outcomes are not linked to an impact.")
    yield _check("impacts_without_outcome", impacts, ends, "Nothing leads to {n} of {total} impacts.")
    yield from _measure_checks(programme, available)
    inferred = tuple(f"{edge.start} > {edge.end}" for edge in programme.edges if edge.basis == "inferred")
    sentence = "{n} of {total} links are inferred: the source does not give them."
    yield _Check("links_inferred", inferred, len(programme.edges), sentence, "informative")
    answered = {q.id for q in programme.questions if any(_is_available(name, available) for name in q.exhibits)}
    questions = [question.id for question in programme.questions]
    yield _check("questions_without_exhibit", questions, answered, "No exhibit answers {n} of {total} questions.")


def _measure_checks(programme: Programme, available: Collection[str] | None) -> Iterator[_Check]:
    """List the checks of what measures outputs, outcomes and impacts."""
    indicators = programme.indicators
    outputs = _ids(programme, "output")
    measured = {indicator.of for indicator in indicators}
    change = {indicator.of for indicator in indicators if indicator.measures == "change"}
    targeted = {indicator.of for indicator in indicators if indicator.target}
    known = {indicator.id for indicator in indicators if _has_data(indicator, available)}
    yield _check("outputs_without_indicator", outputs, measured, "{n} of {total} outputs have no indicator.")
    yield _check("outputs_as_process", outputs, change, "{n} of {total} outputs say only what was set up.")
    names = [indicator.id for indicator in indicators]
    yield _check("indicators_without_data", names, known, "{n} of {total} indicators have no data.")
    for role, plural in (("outcome", "outcomes"), ("impact", "impacts")):
        ids = _ids(programme, role)
        yield _check(f"{plural}_without_measure", ids, measured, f"{{n}} of {{total}} {plural} have no measure.")
        yield _check(f"{plural}_without_target", ids, targeted, f"{{n}} of {{total}} {plural} have no target value.")


def _check(name: str, ids: Sequence[str], good: Collection[str], sentence: str) -> _Check:
    """Make the check that every element is among the good ones."""
    return _Check(name, tuple(element for element in ids if element not in good), len(ids), sentence)


def _ids(programme: Programme, role: str) -> list[str]:
    """List the ids of the nodes with a role."""
    return [node.id for node in programme.nodes_with(role)]


def _has_data(indicator: IndicatorOf, available: Collection[str] | None) -> bool:
    """Whether an exhibit that holds an indicator is available."""
    return any(_is_available(exhibit, available) for exhibit in indicator.exhibits)


def _is_available(exhibit: str, available: Collection[str] | None) -> bool:
    """Whether an exhibit is among the available ones, or all are."""
    return available is None or exhibit in available

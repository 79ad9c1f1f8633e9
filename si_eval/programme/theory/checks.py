"""Is the theory complete? Elements without a link, outputs that nothing measures, questions that nothing answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

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
    Verdict,
)

from .programme import IndicatorOf, Node, Programme, Question, Words
from .rows import BILINGUAL, public_table

MISSING, LOOKED_AT = "theory_missing", "theory_elements"
CANNOT_SHOW = "A complete theory is not a true one; an incomplete one does not say that the programme did not work."


@dataclass(frozen=True)
class _Count:
    """What one check counts: the elements that fail it, of how many."""

    name: str
    failing: tuple[str, ...]
    total: int
    sentence: str
    verdict: Verdict | None = None


def check_theory(programme: Programme, *, available_exhibits: Collection[str] | None = None) -> ResultTable:
    """Count what is missing in a programme's theory: one row a check, with the elements in the note.

    Each check is a category, with a row ``theory_missing`` and a row ``theory_elements`` with all that were looked at.
    ``available_exhibits`` are those that the study makes; without it every exhibit that an indicator names counts.
    """
    parts: tuple[Question | IndicatorOf | Node, ...] = (*programme.questions, *programme.indicators, *programme.nodes)
    names: dict[str, Words] = {part.id: part for part in parts}
    rows: list[dict[str, object]] = []
    for count in _counts(programme, available_exhibits):
        row = {CATEGORY: count.name, STATISTIC: COUNT, UNIT_OF_MEASURE: RECORDS}
        missing = {INDICATOR: MISSING, ESTIMATE: float(len(count.failing)), NOTE: _named(count, names)}
        rows += [{**row, **missing}, {**row, INDICATOR: LOOKED_AT, ESTIMATE: float(count.total)}]
    return public_table(rows, "check_theory", CANNOT_SHOW)


def theory_checks(
    programme: Programme, *, available_exhibits: Collection[str] | None = None
) -> tuple[CheckResult, ...]:
    """Give the same checks with a verdict and a sentence: none may fail; what was inferred is informative."""
    return tuple(
        CheckResult(
            name=count.name,
            statistic=float(len(count.failing)),
            threshold=0.0,
            verdict=count.verdict or ("fail" if count.failing else "pass"),
            sentence=count.sentence.format(n=len(count.failing), total=count.total),
        )
        for count in _counts(programme, available_exhibits)
    )


def answer_questions(programme: Programme, exhibits: Collection[str]) -> ResultTable:
    """Say which exhibits answer each evaluation question: 1 where the study has the exhibit, 0 where it has not.

    The row ``all`` counts those that the study has; a question that none answers says so.
    """
    rows: list[dict[str, object]] = []
    for question in programme.questions:
        row = {INDICATOR: f"question_{question.id}", STATISTIC: COUNT, UNIT_OF_MEASURE: RECORDS}
        present = [exhibit for exhibit in question.exhibits if exhibit in exhibits]
        for exhibit in question.exhibits:
            missing = "" if exhibit in present else "not in this study"
            rows.append({**row, CATEGORY: exhibit, ESTIMATE: float(not missing), NOTE: missing})
        note = "" if present else "no exhibit of this study answers it"
        rows.append({**row, CATEGORY: ALL, ESTIMATE: float(len(present)), NOTE: note})
    return public_table(rows, "answer_questions", "An exhibit that bears on a question need not settle it.")


def _named(count: _Count, names: Mapping[str, Words]) -> str:
    """Name the elements that fail a check in both languages; links, which have no name, are only counted."""
    known = [names[one] for one in count.failing if one in names]
    return (
        BILINGUAL.format(nl=", ".join(one.nl for one in known), en=", ".join(one.en for one in known)) if known else ""
    )


def _counts(programme: Programme, available: Collection[str] | None) -> Iterator[_Count]:
    """Give every check in the order of reasoning: links first, then measures, then questions."""
    starts, ends = {edge.start for edge in programme.edges}, {edge.end for edge in programme.edges}
    nodes = [node.id for node in programme.nodes]
    yield _count("orphans", nodes, starts | ends, "{n} of {total} elements have no link to any other.")
    outcomes = _ids(programme, "outcome")
    impacts = _ids(programme, "impact")
    activities = _ids(programme, "activity")
    solved = {edge.start for edge in programme.edges if edge.end in activities}
    yield _count("problems_without_activity", _ids(programme, "problem"), solved, "No activity addresses {n} problems.")
    yield _count("activities_without_output", activities, starts, "{n} of {total} activities deliver no output.")
    yield _count("outputs_without_outcome", _ids(programme, "output"), starts, "{n} of {total} outputs lead nowhere.")
    yield _count("outcomes_without_impact", outcomes, starts, "{n} of {total} outcomes are not linked to an impact.")
    yield _count("impacts_without_outcome", impacts, ends, "Nothing leads to {n} of {total} impacts.")
    yield from _measure_counts(programme, available)
    inferred = tuple(f"{edge.start} > {edge.end}" for edge in programme.edges if edge.basis == "inferred")
    sentence = "{n} of {total} links are inferred: the source does not give them."
    yield _Count("links_inferred", inferred, len(programme.edges), sentence, "informative")
    answered = {q.id for q in programme.questions if any(_is_available(name, available) for name in q.exhibits)}
    questions = [question.id for question in programme.questions]
    yield _count("questions_without_exhibit", questions, answered, "No exhibit answers {n} of {total} questions.")


def _measure_counts(programme: Programme, available: Collection[str] | None) -> Iterator[_Count]:
    indicators = programme.indicators
    outputs = _ids(programme, "output")
    measured = {indicator.of for indicator in indicators}
    change = {indicator.of for indicator in indicators if indicator.measures == "change"}
    targeted = {indicator.of for indicator in indicators if indicator.target}
    known = {indicator.id for indicator in indicators if _has_data(indicator, available)}
    yield _count("outputs_without_indicator", outputs, measured, "{n} of {total} outputs have no indicator.")
    yield _count("outputs_as_process", outputs, change, "{n} of {total} outputs say only what was set up.")
    names = [indicator.id for indicator in indicators]
    yield _count("indicators_without_data", names, known, "{n} of {total} indicators have no data.")
    for role, plural in (("outcome", "outcomes"), ("impact", "impacts")):
        ids = _ids(programme, role)
        yield _count(f"{plural}_without_measure", ids, measured, f"{{n}} of {{total}} {plural} have no measure.")
        yield _count(f"{plural}_without_target", ids, targeted, f"{{n}} of {{total}} {plural} have no target value.")


def _count(name: str, ids: Sequence[str], good: Collection[str], sentence: str) -> _Count:
    return _Count(name, tuple(one for one in ids if one not in good), len(ids), sentence)


def _ids(programme: Programme, role: str) -> list[str]:
    return [node.id for node in programme.nodes_with(role)]


def _has_data(indicator: IndicatorOf, available: Collection[str] | None) -> bool:
    return any(_is_available(exhibit, available) for exhibit in indicator.exhibits)


def _is_available(exhibit: str, available: Collection[str] | None) -> bool:
    return available is None or exhibit in available

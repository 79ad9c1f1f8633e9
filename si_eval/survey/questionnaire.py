"""A questionnaire as data: questions, options, matrix rows, routing, nets and plausibility checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from si_eval.errors import StudyError
from si_eval.vocabulary import Evidence

Kind = Literal["single", "multiple", "matrix", "numeric", "open"]
SINGLE, MULTIPLE, MATRIX, NUMERIC, OPEN = "single", "multiple", "matrix", "numeric", "open"


@dataclass(frozen=True)
class Option:
    """One answer that can be chosen: its code and labels, and what choosing it means.

    ``missing`` is an answer without content (don't know), ``exclusive`` cannot go with another, ``ends_survey`` makes
    the respondent ineligible, ``open_text`` has room to explain; ``minimum`` and ``maximum`` bound the number that the
    option stands for; ``in_class`` is its class in the dimension of the question, such as a sector.
    """

    code: str
    nl: str
    en: str
    missing: bool = False
    exclusive: bool = False
    open_text: bool = False
    ends_survey: bool = False
    minimum: float | None = None
    maximum: float | None = None
    in_class: str = ""


@dataclass(frozen=True)
class Row:
    """One row of a matrix question; a row with ``open_text`` is the respondent's own and never required."""

    id: str
    nl: str
    en: str
    open_text: bool = False


@dataclass(frozen=True)
class Net:
    """Several options taken together, such as "ahead" for "far ahead" and "ahead"."""

    id: str
    nl: str
    en: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class AskedIf:
    """A question that is asked only where an earlier one has one of these answers."""

    question: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """A rule of plausibility: the number in ``question`` is at most the maximum of the answer to ``bounded_by``."""

    id: str
    question: str
    bounded_by: str
    nl: str
    en: str


@dataclass(frozen=True)
class Question:
    """One question. ``coded_afterwards`` marks a background variable that the researchers added, which nobody asked.

    ``dimension`` names the tidy column (sector or size class) that the options divide; ``personal_data`` is set aside
    on reading; the options of an open question are its coding frame.
    """

    id: str
    kind: Kind
    nl: str
    en: str
    options: tuple[Option, ...] = ()
    rows: tuple[Row, ...] = ()
    nets: tuple[Net, ...] = ()
    rows_from: str = ""
    asked_if: AskedIf | None = None
    required: bool = True
    coded_afterwards: bool = False
    personal_data: bool = False
    dimension: str = ""
    minimum: float | None = None
    maximum: float | None = None
    evidence: Evidence = "goal_attainment"

    def option(self, code: str) -> Option:
        """Return an option by its code."""
        return next(option for option in self.options if option.code == code)


@dataclass(frozen=True)
class Questionnaire:
    """A questionnaire: read with `load_questionnaire`.

    Attributes
    ----------
    name : str
        Name of the questionnaire.
    nl, en : str
        Title in Dutch and English.
    source : str
        Where it comes from.
    questions : tuple of Question
        The questions, in order; those coded afterwards too.
    checks : tuple of Check
        Rules of plausibility.

    Examples
    --------
    >>> from si_eval import survey
    >>> questionnaire = survey.load_example().questionnaire
    >>> questionnaire.question("Q1").en
    'Keeps taking part'
    >>> [option.en for option in questionnaire.question("Q2").options]
    ['Knowledge', 'Network', 'Subsidy']
    """

    name: str
    nl: str
    en: str
    source: str
    questions: tuple[Question, ...]
    checks: tuple[Check, ...] = ()

    @property
    def asked(self) -> tuple[Question, ...]:
        """Return the questions that were put to respondents, without those coded afterwards."""
        return tuple(question for question in self.questions if not question.coded_afterwards)

    def question(self, name: str, *, kinds: tuple[str, ...] = (), argument: str = "question") -> Question:
        """Return a question by its id; raises `StudyError` where it is not there or is of another kind."""
        fits = [question for question in self.questions if not kinds or question.kind in kinds]
        for question in fits:
            if question.id == name:
                return question
        of_kind = f" of kind {' or '.join(kinds)}" if kinds else ""
        raise StudyError(
            f"{argument}: found {name!r}; expected a question{of_kind}: {', '.join(question.id for question in fits)}; "
            "name one of these"
        )

    def rows_of(self, question: Question) -> tuple[Row, ...]:
        """Return the rows of a matrix: its own, or the options with content of the question that they come from."""
        if not question.rows_from:
            return question.rows
        options = self.question(question.rows_from).options
        return tuple(Row(option.code, option.nl, option.en) for option in options if not option.missing)

    def labels(self) -> Mapping[str, Mapping[str, str]]:
        """Return the labels (``nl``, ``en``) of every term that the results use: indicators and categories."""
        terms: dict[str, dict[str, str]] = {}
        for question in self.questions:
            terms[question.id] = {"nl": question.nl, "en": question.en}
            for row in self.rows_of(question):
                terms[row_indicator(question, row)] = {"nl": row.nl, "en": row.en}
            entries: tuple[Option | Net, ...] = (*question.options, *question.nets)
            terms |= {entry.en: {"nl": entry.nl, "en": entry.en} for entry in entries}
        return terms | {check.id: {"nl": check.nl, "en": check.en} for check in self.checks}

    def summary(self) -> str:
        """Return a line with the questions and their kinds."""
        kinds = ", ".join(f"{question.id} {question.kind}" for question in self.asked)
        return f"Questionnaire {self.name}: {len(self.asked)} questions ({kinds})"

    def __repr__(self) -> str:
        return self.summary()


def row_indicator(question: Question, row: Row) -> str:
    """Return the name of the indicator, and of the column of a wide file, of one row of a matrix."""
    return f"{question.id}_{row.id}"


def wide_columns(questionnaire: Questionnaire, question: Question) -> Mapping[str, tuple[str, str]]:
    """Map the columns of a question in a wide file to the item, and to ``answer``, ``code`` or ``text``."""
    columns: dict[str, tuple[str, str]] = {}
    entries = [(option.code, option.open_text) for option in question.options]
    if question.kind == MATRIX:
        entries = [(row.id, row.open_text) for row in questionnaire.rows_of(question)]
    if question.kind in (MULTIPLE, MATRIX):
        columns |= {f"{question.id}_{item}": (item, "answer") for item, _ in entries}
    else:
        columns[question.id] = ("", "answer")
    if question.kind == OPEN and question.options:
        columns[f"{question.id}_code"] = ("", "code")
    return columns | {f"{question.id}_{item}_text": (item, "text") for item, is_open in entries if is_open}

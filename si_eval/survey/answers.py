"""The survey as it was read: answers, routing and quality flags. Unit-level: it stays inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from si_eval.frozen import keep_frames
from si_eval.results import Simulation
from si_eval.survey.questionnaire import MATRIX, MULTIPLE, NUMERIC, Question, Questionnaire, row_indicator

RESPONDENT, QUESTION, ITEM, ANSWER, VALUE = "respondent", "question", "item", "answer", "value"
ANSWER_COLUMNS = (RESPONDENT, QUESTION, ITEM, ANSWER, VALUE)
PROBLEM_COLUMNS = ("kind", "question", "found", "expected", "action", "count", "respondents")
Base = Literal["asked", "answered", "known"]


@keep_frames("answers", "asked_frame", "problem_frame")
@dataclass(frozen=True)
class Survey:
    """Validated answers, made by `read_responses`. Unit-level: they never cross the public border.

    The words of open answers are not kept.

    Attributes
    ----------
    questionnaire : Questionnaire
        What was asked.
    answers : DataFrame
        One row a choice, number or open answer: ``respondent, question, item, answer, value``.
    asked_frame : DataFrame
        One row an eligible respondent, one Boolean column a question (or row of a matrix): whether it was asked.
    ineligible : int
        Respondents who were screened out.
    problem_frame : DataFrame
        The quality flags; `problems` gives a copy.
    sha256 : str
        Hash of the file that was read.
    simulation : Simulation or None
        Where the answers come from, if nobody gave them.
    notes : tuple of str
        What was read otherwise than plainly, such as marks between thousands.

    Examples
    --------
    >>> from si_eval import survey
    >>> answers = survey.load_example()
    >>> answers
    Survey example (simulated): 8 respondents, 0 not eligible, 6 questions, quality flags: 1
    >>> answers.problems()[["kind", "question", "found", "action", "count"]]
          kind question      found                action  count
    0  missing       Q4  no answer  counted as no answer      1
    """

    questionnaire: Questionnaire
    answers: pd.DataFrame
    asked_frame: pd.DataFrame
    ineligible: int
    problem_frame: pd.DataFrame
    sha256: str = ""
    simulation: Simulation | None = None
    notes: tuple[str, ...] = ()

    @property
    def respondents(self) -> int:
        """Return the number of eligible respondents."""
        return len(self.asked_frame)

    def problems(self) -> pd.DataFrame:
        """List the quality flags: ``kind, question, found, expected, action, count, respondents``."""
        return self.problem_frame.copy()

    def to_frame(self) -> pd.DataFrame:
        """Return the answers, one row each: ``respondent, question, item, answer, value``. For use inside only."""
        return self.answers.copy()

    def choices(self, question: Question, *, base: Base = "answered", row: str = "") -> pd.DataFrame:
        """Build the indicator matrix of a question: one row a respondent of the base, one Boolean column an option.

        The base is who was ``asked``, who of them ``answered``, or whose answer has content (``known``). Answers of
        respondents who were not asked are not used; nor are those to a question for one answer that got several.
        """
        codes = [option.code for option in question.options]
        given = self._answers_to(question, row)
        asked = self._respondents_asked(question, row)
        selected = np.zeros((len(asked), len(codes)), dtype=bool)
        respondent = asked.get_indexer(pd.Index(given[RESPONDENT]))
        option = pd.Index(codes, dtype=object).get_indexer(
            pd.Index(given[ITEM if question.kind == MULTIPLE else ANSWER])
        )
        used = (respondent >= 0) & (option >= 0)
        selected[respondent[used], option[used]] = True
        table = pd.DataFrame(selected, index=asked, columns=codes)
        if question.kind != MULTIPLE:
            table.loc[table.sum(axis=1) > 1, :] = False
        if base == "asked":
            return table
        counted = [one.code for one in question.options if base == "answered" or not one.missing]
        return table[table[counted].any(axis=1)]

    def numbers(self, question: Question) -> pd.Series:
        """Return the numbers of the respondents who were asked, by respondent; several different ones count as none."""
        given = self._answers_to(question, "")
        given = given[given[RESPONDENT].isin(self._respondents_asked(question, ""))]
        values = given.groupby(RESPONDENT)[VALUE].agg(["first", "nunique"])
        return values.loc[values["nunique"] == 1, "first"].astype("float64").sort_index()

    def left_out(self, question: Question, *, row: str = "") -> str:
        """Return a note on the answers that `choices` and `numbers` do not use; empty where they use all."""
        given = self._answers_to(question, row)
        unasked = given.loc[~given[RESPONDENT].isin(self._respondents_asked(question, row)), RESPONDENT].nunique()
        parts = [f"{unasked} answered without being asked and are left out"] if unasked else []
        if question.kind != MULTIPLE:
            column = VALUE if question.kind == NUMERIC else ANSWER
            several = int((given.groupby(RESPONDENT)[column].nunique() > 1).sum())
            parts += [f"{several} gave several answers to a question for one and count as without answer"] * bool(
                several
            )
        return "; ".join(parts)

    def summary(self) -> str:
        """Return a line with the numbers of respondents and of kinds of flagged answers, and one for each remark."""
        kind = "simulated" if self.simulation else "real"
        first = (
            f"Survey {self.questionnaire.name} ({kind}): {self.respondents} respondents, {self.ineligible} not "
            f"eligible, {len(self.questionnaire.asked)} questions, quality flags: {len(self.problem_frame)}"
        )
        return "\n".join([first, *(f"  note: {note}" for note in self.notes)])

    def __repr__(self) -> str:
        return self.summary()

    def _answers_to(self, question: Question, row: str) -> pd.DataFrame:
        given = self.answers[self.answers[QUESTION] == question.id]
        return given[given[ITEM] == row] if question.kind == MATRIX else given

    def _respondents_asked(self, question: Question, row: str) -> pd.Index:
        column = self.asked_frame[f"{question.id}_{row}" if question.kind == MATRIX else question.id]
        return self.asked_frame.index[column]


def apply_routing(questionnaire: Questionnaire, answers: pd.DataFrame, respondents: Sequence[str]) -> pd.DataFrame:
    """Compute who was asked what: one row a respondent, one Boolean column a question (or matrix row); ``eligible``."""
    index = pd.Index(sorted(respondents), name=RESPONDENT)
    reached = pd.Series(True, index=index)
    columns: dict[str, pd.Series] = {}
    for question in questionnaire.questions:
        asked = reached.copy()
        if question.asked_if is not None:
            asked &= _gave_answer(answers, questionnaire, question.asked_if.question, question.asked_if.answers, index)
            asked &= columns[question.asked_if.question]
        if question.kind == MATRIX:
            for row in questionnaire.rows_of(question):
                source = question.rows_from
                own = asked & _gave_answer(answers, questionnaire, source, (row.id,), index) if source else asked
                columns[row_indicator(question, row)] = own
        else:
            columns[question.id] = asked
        ends = tuple(option.code for option in question.options if option.ends_survey)
        if ends:
            reached = reached & ~(asked & _gave_answer(answers, questionnaire, question.id, ends, index))
    return pd.DataFrame({**columns, "eligible": reached}, index=index)


def _gave_answer(
    answers: pd.DataFrame, questionnaire: Questionnaire, question: str, codes: Sequence[str], index: pd.Index
) -> pd.Series:
    """Return, for each respondent of ``index``, whether any of the codes was answered."""
    column = ITEM if questionnaire.question(question).kind == MULTIPLE else ANSWER
    selected = answers[(answers[QUESTION] == question) & answers[column].isin(list(codes))]
    return pd.Series(index.isin(selected[RESPONDENT]), index=index)

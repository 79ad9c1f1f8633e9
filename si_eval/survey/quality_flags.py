"""Quality flags: answers that are missing, double, contradicting, out of range or not asked for. Kept, and counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pandas as pd

from si_eval.survey.answers import ANSWER, ITEM, PROBLEM_COLUMNS, QUESTION, RESPONDENT, VALUE
from si_eval.survey.questionnaire import MATRIX, MULTIPLE, NUMERIC, OPEN, Question, Questionnaire, row_indicator
from si_eval.text_input import is_missing_word

FLAG_KINDS = (
    *("double respondent", "unknown respondent", "empty response", "same answers", "missing", "not asked"),
    *("several answers", "contradiction", "out of range", "personal data"),
)


class QualityFlag(NamedTuple):
    """One kind of doubtful answer to one question, and the respondents who gave it."""

    kind: str
    question: str
    found: str
    expected: str
    action: str
    respondents: tuple[str, ...]


def find_quality_flags(
    questionnaire: Questionnaire,
    answers: pd.DataFrame,
    asked: pd.DataFrame,
    long: pd.DataFrame,
    frame: pd.DataFrame,
    invited: Iterable[str] | None,
) -> pd.DataFrame:
    """List the quality flags, one row a kind and question, with the number and the ids of the respondents."""
    flags = [
        *_respondent_flags(answers, frame, invited),
        *(
            flag
            for question in questionnaire.questions
            for flag in _question_flags(question, questionnaire, answers, asked, long)
        ),
    ]
    rows = [(*flag[:-1], len(flag.respondents), flag.respondents) for flag in flags if flag.respondents]
    return pd.DataFrame(rows, columns=list(PROBLEM_COLUMNS))


def _respondent_flags(
    answers: pd.DataFrame, frame: pd.DataFrame, invited: Iterable[str] | None
) -> Iterator[QualityFlag]:
    """Flag respondents that occur twice, are not on the list, gave no answer, or answered as another did."""
    ids = frame[RESPONDENT]
    repeated = frame[frame.duplicated(keep=False)] if QUESTION in frame else frame[ids.duplicated(keep=False)]
    differing = repeated.drop_duplicates()
    identical_twice = set(repeated[RESPONDENT]) - set(differing.loc[differing[RESPONDENT].duplicated(), RESPONDENT])
    if QUESTION in frame:
        identical_twice = set(repeated[RESPONDENT])
    differing_twice = set(repeated[RESPONDENT]) - identical_twice
    keep = "the row with most answers is used"
    yield QualityFlag("double respondent", "", "the same answers twice", "once", "one is used", _ids(identical_twice))
    yield QualityFlag("double respondent", "", "different answers in two rows", "one row", keep, _ids(differing_twice))
    known = ids if invited is None else {str(one) for one in invited}
    uninvited = set(ids) - set(known)
    yield QualityFlag(
        "unknown respondent", "", "not on the list", "invited respondents", "kept; look into it", _ids(uninvited)
    )
    without_answers = set(ids) - set(answers[RESPONDENT])
    yield QualityFlag(
        "empty response", "", "no answer at all", "answers", "counted as no response", _ids(without_answers)
    )
    given = answers.astype({VALUE: str}).groupby(RESPONDENT)[[QUESTION, ITEM, ANSWER]]
    answer_sets = pd.Series({one: repr(rows.to_numpy().tolist()) for one, rows in given}, dtype=object)
    identical = answer_sets.index[answer_sets.duplicated(keep=False)]
    found = "answers that are the same on every question"
    yield QualityFlag(
        "same answers", "", found, "different respondents", "kept; look for one sent twice", _ids(identical)
    )


def _question_flags(
    question: Question, questionnaire: Questionnaire, answers: pd.DataFrame, asked: pd.DataFrame, long: pd.DataFrame
) -> Iterator[QualityFlag]:
    """Flag answers to one question, and to each row of a matrix: not asked, missing, several."""
    given = answers[answers[QUESTION] == question.id]
    for row in questionnaire.rows_of(question) if question.kind == MATRIX else [None]:
        name = question.id if row is None else row_indicator(question, row)
        answers_to_row = given if row is None else given[given[ITEM] == row.id]
        routed = asked.index[asked[name]]
        unasked = set(answers_to_row[RESPONDENT]) - set(routed)
        action = "kept, and left out of every count"
        yield QualityFlag(
            "not asked", name, "answers where the routing skips the question", "none", action, _ids(unasked)
        )
        if question.required and not (row is not None and row.open_text):
            missing = set(routed) - set(answers_to_row[RESPONDENT])
            yield QualityFlag("missing", name, "no answer", "an answer", "counted as no answer", _ids(missing))
        if question.kind not in (MULTIPLE, OPEN):
            column = VALUE if question.kind == NUMERIC else ANSWER
            counts = answers_to_row.groupby(RESPONDENT)[column].nunique()
            several = counts[counts > 1].index
            yield QualityFlag("several answers", name, "several answers", "one", "counted as no answer", _ids(several))
    yield from _content_flags(question, given, long)


def _content_flags(question: Question, given: pd.DataFrame, long: pd.DataFrame) -> Iterator[QualityFlag]:
    """Flag answers that exclude each other, numbers out of range, words without a tick, and personal data."""
    exclusive = [option.code for option in question.options if option.exclusive]
    if exclusive and question.kind == MULTIPLE:
        alone = given[given[ITEM].isin(exclusive)][RESPONDENT]
        counts = given[given[RESPONDENT].isin(alone)].groupby(RESPONDENT)[ITEM].nunique()
        found = f"{' or '.join(question.option(code).en for code in exclusive)} together with other answers"
        together = counts[counts > 1].index
        yield QualityFlag("contradiction", question.id, found, "one or the other", "kept as ticked", _ids(together))
    if question.kind in (NUMERIC, OPEN):
        words = long[(long[QUESTION] == question.id) & (long["part"] != "code")]
        empty = words.loc[words[ANSWER].map(is_missing_word).astype(bool), RESPONDENT]
        found, expected = "a word for nothing, such as NA or -", "an answer, or nothing"
        yield QualityFlag("missing", question.id, found, expected, "counted as no answer", _ids(empty))
    if question.kind == NUMERIC:
        low = float("-inf") if question.minimum is None else question.minimum
        high = float("inf") if question.maximum is None else question.maximum
        outside = given.loc[(given[VALUE] < low) | (given[VALUE] > high), RESPONDENT]
        found, expected = "numbers out of range", f"{low:g} to {high:g}"
        yield QualityFlag("out of range", question.id, found, expected, "kept as given", _ids(outside))
    if question.kind == MULTIPLE:
        words = long[(long[QUESTION] == question.id) & (long["part"] == "text")][[RESPONDENT, ITEM]]
        ticks = given[[RESPONDENT, ITEM]].assign(ticked=True)
        with_ticks = words.merge(ticks, on=[RESPONDENT, ITEM], how="left")
        unticked = with_ticks.loc[with_ticks["ticked"].isna(), RESPONDENT]
        found = "words with an option that is not ticked"
        yield QualityFlag("contradiction", question.id, found, "a tick", "kept as not ticked", _ids(unticked))
    if question.personal_data:
        found = "personal data in the responses"
        action = "the content is not kept; take it out of the file"
        yield QualityFlag(
            "personal data", question.id, found, "none in an analysis file", action, _ids(given[RESPONDENT])
        )


def _ids(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({str(value) for value in values}))

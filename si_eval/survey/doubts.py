"""What can be read but is doubtful: missing, double, contradicting, out of range, not asked. Counted, never dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pandas as pd

from si_eval.survey.answers import ANSWER, ITEM, PROBLEM_COLUMNS, QUESTION, RESPONDENT, VALUE
from si_eval.survey.questionnaire import MATRIX, MULTIPLE, NUMERIC, OPEN, Question, Questionnaire, row_indicator

KINDS = (
    *("double respondent", "unknown respondent", "empty response", "same answers", "missing", "not asked"),
    *("several answers", "contradiction", "out of range", "personal data"),
)


class Doubt(NamedTuple):
    """One kind of doubtful answer to one question, and who gave it."""

    kind: str
    question: str
    found: str
    expected: str
    action: str
    respondents: tuple[str, ...]


def find_doubts(
    questionnaire: Questionnaire,
    answers: pd.DataFrame,
    asked: pd.DataFrame,
    long: pd.DataFrame,
    frame: pd.DataFrame,
    invited: Iterable[str] | None,
) -> pd.DataFrame:
    """List the doubtful answers, one row a kind and question: what was found and how many respondents it is about."""
    doubts = [
        *_respondent_doubts(answers, frame, invited),
        *(
            doubt
            for question in questionnaire.questions
            for doubt in _question_doubts(question, questionnaire, answers, asked, long)
        ),
    ]
    rows = [(*doubt[:-1], len(doubt.respondents), doubt.respondents) for doubt in doubts if doubt.respondents]
    return pd.DataFrame(rows, columns=list(PROBLEM_COLUMNS))


def _respondent_doubts(answers: pd.DataFrame, frame: pd.DataFrame, invited: Iterable[str] | None) -> Iterator[Doubt]:
    """Look for respondents that are there twice, are not on the list, or filled in nothing or the same."""
    ids = frame[RESPONDENT]
    repeated = frame[frame.duplicated(keep=False)] if QUESTION in frame else frame[ids.duplicated(keep=False)]
    differing = repeated.drop_duplicates()
    same = set(repeated[RESPONDENT]) - set(differing.loc[differing[RESPONDENT].duplicated(), RESPONDENT])
    if QUESTION in frame:
        same = set(repeated[RESPONDENT])
    contrary = set(repeated[RESPONDENT]) - same
    keep = "the row with most answers is used"
    yield Doubt("double respondent", "", "the same answers twice", "once", "one is used", _ids(same))
    yield Doubt("double respondent", "", "different answers in two rows", "one row", keep, _ids(contrary))
    known = ids if invited is None else {str(one) for one in invited}
    strangers = set(ids) - set(known)
    yield Doubt(
        "unknown respondent", "", "not on the list", "invited respondents", "kept; look into it", _ids(strangers)
    )
    silent = set(ids) - set(answers[RESPONDENT])
    yield Doubt("empty response", "", "no answer at all", "answers", "counted as no response", _ids(silent))
    given = answers.astype({VALUE: str}).groupby(RESPONDENT)[[QUESTION, ITEM, ANSWER]]
    prints = given.apply(lambda rows: tuple(map(tuple, rows.to_numpy().tolist())))
    twins = prints[prints.duplicated(keep=False)].index if len(prints) else ()
    found = "answers that are the same on every question"
    yield Doubt("same answers", "", found, "different respondents", "kept; look for one sent twice", _ids(twins))


def _question_doubts(
    question: Question, questionnaire: Questionnaire, answers: pd.DataFrame, asked: pd.DataFrame, long: pd.DataFrame
) -> Iterator[Doubt]:
    """Look at the answers to one question, and at each row of a matrix."""
    given = answers[answers[QUESTION] == question.id]
    for row in questionnaire.rows_of(question) if question.kind == MATRIX else [None]:
        name = question.id if row is None else row_indicator(question, row)
        own = given if row is None else given[given[ITEM] == row.id]
        reached = asked.index[asked[name]]
        unasked = set(own[RESPONDENT]) - set(reached)
        action = "kept, and left out of every count"
        yield Doubt("not asked", name, "answers where the routing skips the question", "none", action, _ids(unasked))
        if question.required and not (row is not None and row.open_text):
            missing = set(reached) - set(own[RESPONDENT])
            yield Doubt("missing", name, "no answer", "an answer", "counted as no answer", _ids(missing))
        if question.kind not in (MULTIPLE, OPEN):
            column = VALUE if question.kind == NUMERIC else ANSWER
            counts = own.groupby(RESPONDENT)[column].nunique()
            several = counts[counts > 1].index
            yield Doubt("several answers", name, "several answers", "one", "counted as no answer", _ids(several))
    yield from _content_doubts(question, given, long)


def _content_doubts(question: Question, given: pd.DataFrame, long: pd.DataFrame) -> Iterator[Doubt]:
    """Look for answers that exclude each other, numbers out of range, words without a tick, personal data."""
    exclusive = [option.code for option in question.options if option.exclusive]
    if exclusive and question.kind == MULTIPLE:
        alone = given[given[ITEM].isin(exclusive)][RESPONDENT]
        counts = given[given[RESPONDENT].isin(alone)].groupby(RESPONDENT)[ITEM].nunique()
        found = f"{' or '.join(question.option(code).en for code in exclusive)} together with other answers"
        together = counts[counts > 1].index
        yield Doubt("contradiction", question.id, found, "one or the other", "kept as ticked", _ids(together))
    if question.kind == NUMERIC:
        low = float("-inf") if question.minimum is None else question.minimum
        high = float("inf") if question.maximum is None else question.maximum
        outside = given.loc[(given[VALUE] < low) | (given[VALUE] > high), RESPONDENT]
        found, expected = "numbers out of range", f"{low:g} to {high:g}"
        yield Doubt("out of range", question.id, found, expected, "kept as given", _ids(outside))
    if question.kind == MULTIPLE:
        words = long[(long[QUESTION] == question.id) & (long["part"] == "text")][[RESPONDENT, ITEM]]
        ticks = given[[RESPONDENT, ITEM]].assign(ticked=True)
        untied = words.merge(ticks, on=[RESPONDENT, ITEM], how="left")
        unticked = untied.loc[untied["ticked"].isna(), RESPONDENT]
        found = "words with an option that is not ticked"
        yield Doubt("contradiction", question.id, found, "a tick", "kept as not ticked", _ids(unticked))
    if question.personal_data:
        found = "personal data in the responses"
        action = "the content is not kept; take it out of the file"
        yield Doubt("personal data", question.id, found, "none in an analysis file", action, _ids(given[RESPONDENT]))


def _ids(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({str(value) for value in values}))

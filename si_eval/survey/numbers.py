"""Numbers that respondents filled in: means and medians by class, and numbers that cannot be right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from si_eval.cells.measures import pseudo_median
from si_eval.results import ResultTable
from si_eval.stats import student_interval
from si_eval.survey.answers import Survey
from si_eval.survey.questionnaire import MATRIX, NUMERIC, SINGLE, Check, Question
from si_eval.survey.rows import RESPONDENTS, split_keys, tidy_result
from si_eval.vocabulary import (
    CONF_HIGH,
    CONF_LOW,
    COUNT,
    ESTIMATE,
    INDICATOR,
    LARGEST,
    MEAN,
    MEDIAN,
    N_TOTAL,
    N_UNITS,
    NOTE,
    SECOND_LARGEST,
    SHARE,
    STATISTIC,
    STD_ERROR,
    TOTAL,
    UNIT_OF_MEASURE,
)

NUMBER = "number filled in"
PLAUSIBLE = "plausible"
LEVEL = 0.95
DOMINANT = "one number is more than half of the total"
STRAIGHT = "same_answer_in_every_row"
CANNOT_SHOW = "A number that can be right may still be wrong, and a number that cannot does not say what was meant."


def survey_numeric(
    survey: Survey, *, question: str, by: str | None = None, population: float | None = None, level: float = 0.95
) -> ResultTable:
    """Give mean and median of the numbers filled in, of all respondents and by class of another question.

    Every number counts as it was given, also one that cannot be right: `survey_plausibility` gives the mean without
    those. The interval of the mean is that of Student, with the finite population correction where ``population`` is
    given; it says little where one number dominates, and the largest two travel with each mean.
    """
    asked = survey.questionnaire.question(question, kinds=(NUMERIC,))
    values = survey.numbers(asked)
    part = None if population is None else max(1 - survey.respondents / population, 0.0)
    frames = [_number_rows(one, question, part, level) for one in _classes(survey, values, by)]
    lost = "" if by is None else _lost(survey, values, by)
    left_out = "; ".join(text for text in (survey.left_out(asked), lost) if text)
    return tidy_result(frames, survey, function="survey_numeric", evidence=asked.evidence, left_out=left_out)


def survey_plausibility(survey: Survey) -> ResultTable:
    """Count the answers that cannot be right or were given without reading, and say what the numbers are without them.

    For each check of the questionnaire: the share of numbers above the highest that the respondent's own answer to the
    bounding question allows (a firm of 10 to 49 persons has no 244 specialists); the mean of all numbers and of the
    plausible ones, by class of that question. For each matrix: the share of respondents with the same answer in every
    row. A number without an answer to the bounding question is not checked, and counted in the note. The mean of the
    plausible numbers has the number of those left out as ``n_units``, because the two means together give these away.
    """
    frames: list[pd.DataFrame] = []
    for check in survey.questionnaire.checks:
        frames += _check_rows(survey, check)
    for question in survey.questionnaire.questions:
        if question.kind == MATRIX:
            frames.append(_straight_rows(survey, question))
    return tidy_result(frames, survey, function="survey_plausibility", cannot_show=CANNOT_SHOW)


def _classes(survey: Survey, values: pd.Series, by: str | None) -> Iterator[tuple[pd.DataFrame, pd.Series]]:
    """Give the keys and the numbers of all respondents, then of each class."""
    yield pd.DataFrame(index=[0]), values
    if by is None:
        return
    splitter = survey.questionnaire.question(by, kinds=(SINGLE,), argument="by")
    members = survey.choices(splitter).reindex(values.index, fill_value=False)
    for option in splitter.options:
        yield split_keys(pd.DataFrame(index=[0]), splitter, option), values[members[option.code]]


def _lost(survey: Survey, values: pd.Series, by: str) -> str:
    splitter = survey.questionnaire.question(by, kinds=(SINGLE,), argument="by")
    count = len(values.index.difference(survey.choices(splitter).index))
    return f"{count} without an answer to {by}" if count else ""


def _number_rows(
    one: tuple[pd.DataFrame, pd.Series], name: str, part_left: float | None, level: float, note: str = ""
) -> pd.DataFrame:
    """Give the rows of mean and median of some numbers, with what disclosure needs beside them."""
    keys, values = one
    n = len(values)
    size = values.abs().sort_values(ascending=False).to_numpy()
    if n > 1 and size[0] > size.sum() / 2:
        note = "; ".join(part for part in (note, DOMINANT) if part)
    evidence = {
        N_UNITS: n,
        N_TOTAL: n,
        LARGEST: size[0] if n else np.nan,
        SECOND_LARGEST: size[1] if n > 1 else np.nan,
        TOTAL: size.sum(),
        INDICATOR: name,
        UNIT_OF_MEASURE: NUMBER,
        NOTE: note if n else "no number was filled in",
    }
    std_error = np.array([values.std() / np.sqrt(n) if n > 1 else np.nan]) * np.sqrt(
        1.0 if part_left is None else part_left
    )
    interval = student_interval(np.array([values.mean() if n else np.nan]), std_error, np.array([n - 1.0]), level)
    mean = keys.assign(
        **evidence,
        **{
            STATISTIC: MEAN,
            ESTIMATE: interval.estimate,
            STD_ERROR: interval.std_error,
            CONF_LOW: interval.low,
            CONF_HIGH: interval.high,
        },
    )
    pseudo = pseudo_median(values.to_numpy(dtype="float64"))
    median = keys.assign(**evidence, **{STATISTIC: MEDIAN, ESTIMATE: values.median(), **pseudo})
    return pd.concat([mean, median], ignore_index=True)


def _check_rows(survey: Survey, check: Check) -> list[pd.DataFrame]:
    """Carry out one check: numbers that are above the bound of the respondent's own class."""
    question = survey.questionnaire.question(check.question)
    bounding = survey.questionnaire.question(check.bounded_by)
    values = survey.numbers(question)
    classes = survey.choices(bounding)
    bounds = {option.code: np.inf if option.maximum is None else option.maximum for option in bounding.options}
    bound = classes.idxmax(axis=1).map(bounds).reindex(values.index)
    checked = values[bound.notna()]
    wrong = checked > bound[bound.notna()]
    unchecked = len(values) - len(checked)
    note = f"{unchecked} could not be checked" if unchecked else ""
    frames = []
    named = f"{check.id}_{PLAUSIBLE}"
    for (keys, everyone), (_, plausible) in zip(
        _classes(survey, checked, bounding.id), _classes(survey, checked[~wrong], bounding.id), strict=True
    ):
        count, total = float(len(everyone) - len(plausible)), float(len(everyone))
        frames.append(_flag_rows(keys, check.id, count, total, note))
        frames.append(_number_rows((keys, everyone), question.id, None, LEVEL, note))
        rows = _number_rows((keys, plausible), named, None, LEVEL, note)
        # Beside the mean of all, this one gives the sum of those left out: it rests on them.
        frames.append(rows.assign(**{N_UNITS: count}) if count else rows)
    return frames


def _straight_rows(survey: Survey, question: Question) -> pd.DataFrame:
    """Count the respondents who gave the same answer in every row of a matrix, of those with at least two rows."""
    rows = [row for row in survey.questionnaire.rows_of(question) if not row.open_text]
    tables = [survey.choices(question, row=row.id) for row in rows]
    codes = pd.concat([table.idxmax(axis=1) for table in tables if len(table)], axis=0) if tables else pd.Series()
    answers = codes.groupby(level=0).agg(["size", "nunique"])
    several = answers[answers["size"] > 1]
    count, total = float((several["nunique"] == 1).sum()), float(len(several))
    return _flag_rows(pd.DataFrame(index=[0]), f"{question.id}_{STRAIGHT}", count, total, "")


def _flag_rows(keys: pd.DataFrame, name: str, count: float, total: float, note: str) -> pd.DataFrame:
    """Give count and share of the answers that fail a check."""
    rows = keys.assign(**{INDICATOR: name, N_UNITS: count, N_TOTAL: total, NOTE: note})
    shares = rows.assign(
        **{
            STATISTIC: SHARE,
            ESTIMATE: count / total if total else np.nan,
            UNIT_OF_MEASURE: SHARE,
            NOTE: note if total else "nothing to check",
        }
    )
    counts = rows.assign(**{STATISTIC: COUNT, ESTIMATE: count, UNIT_OF_MEASURE: RESPONDENTS})
    return pd.concat([counts, shares], ignore_index=True)

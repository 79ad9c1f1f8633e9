"""Counts and shares of answers: one answer, several answers, matrices, and one question against another."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd

from si_eval.cells.measures import pseudo_median
from si_eval.errors import StudyError
from si_eval.results import ResultTable
from si_eval.stats import student_interval
from si_eval.survey.answers import Base, Survey
from si_eval.survey.intervals import IntervalMethod
from si_eval.survey.questionnaire import MATRIX, MULTIPLE, SINGLE, Question, row_indicator
from si_eval.survey.tidy import (
    Answers,
    CountSettings,
    add_split,
    answer_entries,
    entry_keys,
    join_notes,
    option_rows,
    result_table,
    with_indicator,
)
from si_eval.vocabulary import (
    CONF_HIGH,
    CONF_LOW,
    ESTIMATE,
    INDICATOR,
    MEDIAN,
    N_TOTAL,
    N_UNITS,
    NOTE,
    SHARE,
    STATISTIC,
    STD_ERROR,
    UNIT_OF_MEASURE,
    Reason,
)

Per = Literal["respondent", "answer"]
SCALE_POINT = "place on the scale"


def survey_frequencies(
    survey: Survey,
    *,
    question: str,
    by: str | None = None,
    answers: Answers = "options",
    base: Base = "answered",
    interval: IntervalMethod = "hypergeometric",
    population: float | None = None,
    level: float = 0.95,
    weights: pd.DataFrame | None = None,
) -> ResultTable:
    """Count the answers to a question for one answer: count and share of every option, of its nets, or of both.

    ``by`` splits the respondents by another question for one answer. ``base`` is who the share is of: who was asked,
    who of them answered, or whose answer has content (without "don't know"). ``population`` is the number of units
    that the respondents come from; without it the interval is for an infinite one. ``weights`` are those of `rake`
    (Wilson intervals only). ``n_units`` is the number of respondents with that answer, ``n_total`` that of the base.

    Assumes that respondents are a random draw from the population: the interval holds no non-response error.
    """
    definition = survey.questionnaire.question(question, kinds=(SINGLE,))
    settings = CountSettings(base, interval, population, level, weights)
    return _tabulate(survey, definition, by, answers, settings, "survey_frequencies")


def survey_multiple(
    survey: Survey,
    *,
    question: str,
    per: Per = "respondent",
    by: str | None = None,
    answers: Answers = "options",
    base: Base = "answered",
    interval: IntervalMethod = "hypergeometric",
    population: float | None = None,
    level: float = 0.95,
    weights: pd.DataFrame | None = None,
) -> ResultTable:
    """Count the answers to a question for several answers, per respondent or per answer.

    Per respondent, the share is of respondents and the shares add up to more than one. Per answer, it is of all answers
    that were ticked; as the answers of one respondent go together, its interval is that of a ratio (linearised, with
    the finite population correction). Other arguments as in `survey_frequencies`; per answer takes no ``by``,
    ``answers`` or ``weights``.

    Source: Cochran (1977), Sampling Techniques, equation 6.13 (variance of a ratio).
    """
    definition = survey.questionnaire.question(question, kinds=(MULTIPLE,))
    settings = CountSettings(base, interval, population, level, weights)
    if per == "respondent":
        return _tabulate(survey, definition, by, answers, settings, "survey_multiple")
    if per not in get_args(Per):
        raise StudyError(f"per: found {per!r}; expected one of {', '.join(get_args(Per))}; name one of these")
    if by is not None or weights is not None or answers != "options":
        raise StudyError(
            "per: found 'answer' with by, weights or nets; expected none of these, because their interval is not "
            "built; count per respondent"
        )
    settings.check(survey)
    table = survey.choices(definition, base=base)
    return result_table([_answer_rows(table, definition, settings)], survey, function="survey_multiple")


def survey_matrix(
    survey: Survey,
    *,
    question: str,
    answers: Answers = "options",
    base: Base = "answered",
    interval: IntervalMethod = "hypergeometric",
    population: float | None = None,
    level: float = 0.95,
    weights: pd.DataFrame | None = None,
) -> ResultTable:
    """Count the answers to every row of a matrix, and over its rows together.

    The indicator is the row (``Q06_1``), for all rows together the question (``Q06``): there the share is of all
    answers, ``n_units`` counts the respondents with at least one such answer, and there is no interval; a row that
    respondents add themselves is not in it. The median is the place on the scale (1 is the first option with content)
    and only says which half lies below it; with weights there is none. Other arguments as in `survey_frequencies`.
    """
    definition = survey.questionnaire.question(question, kinds=(MATRIX,))
    settings = CountSettings(base, interval, population, level, weights)
    settings.check(survey)
    frames, tables, left_out = [], [], []
    for row in survey.questionnaire.rows_of(definition):
        table = survey.choices(definition, base=base, row=row.id)
        name = row_indicator(definition, row)
        frames.append(with_indicator(option_rows(table, definition, settings, survey, answers), name))
        if weights is None:
            frames.append(_median_row(survey.choices(definition, base="known", row=row.id), definition, name))
        left_out.append(survey.unused_answers(definition, row=row.id))
        tables += [] if row.open_text else [table]
    frames.append(_pooled_rows(pd.concat(tables), definition, answers, settings))
    return result_table(
        frames,
        survey,
        function="survey_matrix",
        evidence=definition.evidence,
        left_out=join_notes(*dict.fromkeys(left_out)),
    )


def _tabulate(
    survey: Survey, question: Question, by: str | None, answers: Answers, settings: CountSettings, function: str
) -> ResultTable:
    """Tabulate a question, for all respondents or for each class of another question."""
    settings.check(survey)
    table = survey.choices(question, base=settings.base)
    left_out = survey.unused_answers(question)
    coverage = {"all": (len(table), len(survey.choices(question, base="asked")))}
    if by is None:
        frames = [option_rows(table, question, settings, survey, answers)]
    else:
        by_question = survey.questionnaire.question(by, kinds=(SINGLE,), argument="by")
        classes = survey.choices(by_question).reindex(table.index, fill_value=False)
        frames = [
            add_split(
                option_rows(table[classes[option.code]], question, settings, survey, answers), by_question, option
            )
            for option in by_question.options
        ]
        unclassified = int((~classes.any(axis=1)).sum())
        left_out = join_notes(left_out, f"{unclassified} without an answer to {by}" * bool(unclassified))
    return result_table(
        [with_indicator(frame, question.id) for frame in frames],
        survey,
        function=function,
        evidence=question.evidence,
        coverage=coverage,
        left_out=left_out,
    )


def _answer_rows(table: pd.DataFrame, question: Question, settings: CountSettings) -> pd.DataFrame:
    """Compute the shares of all ticked answers, with the linearised interval of a ratio over respondents."""
    entries = [entry for entry in question.options if settings.base != "known" or not entry.missing]
    ticks = table[[entry.code for entry in entries]].to_numpy(dtype="float64")
    n, total = len(ticks), ticks.sum()
    counts = ticks.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = counts / total
        residual = ticks - share * ticks.sum(axis=1, keepdims=True)
        correction = 1.0 if settings.population is None else max(1 - n / settings.population, 0.0)
        variance = (
            correction * (residual**2).sum(axis=0) / (n - 1) * n / total**2 if n > 1 else np.full(len(entries), np.nan)
        )
    interval = student_interval(share, np.sqrt(variance), np.full(len(entries), float(n - 1)), settings.level)
    keys = pd.DataFrame([entry_keys(question, entry) for entry in entries]).assign(**{INDICATOR: question.id})
    return keys.assign(
        **{
            STATISTIC: SHARE,
            ESTIMATE: share,
            STD_ERROR: interval.std_error,
            CONF_LOW: np.maximum(interval.low, 0.0),
            CONF_HIGH: np.minimum(interval.high, 1.0),
            N_UNITS: counts,
            N_TOTAL: total,
            UNIT_OF_MEASURE: "share of answers",
        }
    )


def _median_row(table: pd.DataFrame, question: Question, name: str) -> pd.DataFrame:
    """Compute the median place on the scale of the answers with content."""
    codes = [option.code for option in question.options if not option.missing]
    places = table[codes].to_numpy(dtype="float64") @ np.arange(1, len(codes) + 1)
    row = {INDICATOR: name, STATISTIC: MEDIAN, N_UNITS: len(places), N_TOTAL: len(places), **pseudo_median(places)}
    estimate = float(np.median(places)) if len(places) else np.nan
    note = "" if len(places) else Reason.NO_ANSWERS_WITH_CONTENT.note
    return pd.DataFrame([{**row, ESTIMATE: estimate, UNIT_OF_MEASURE: SCALE_POINT, NOTE: note}])


def _pooled_rows(table: pd.DataFrame, question: Question, answers: Answers, settings: CountSettings) -> pd.DataFrame:
    """Compute the shares of all answers in the rows of a matrix taken together."""
    weight = settings.weights_of(table.index)
    rows = []
    for entry in answer_entries(question, answers):
        if settings.base == "known" and getattr(entry, "missing", False):
            continue
        codes = list(entry.codes) if hasattr(entry, "codes") else [entry.code]
        chosen = table[codes].any(axis=1)
        rows.append(
            {
                **entry_keys(question, entry),
                INDICATOR: question.id,
                STATISTIC: SHARE,
                ESTIMATE: weight @ chosen.to_numpy(dtype="float64") / weight.sum() if len(chosen) else np.nan,
                N_UNITS: chosen[chosen].index.nunique(),
                N_TOTAL: len(chosen),
                UNIT_OF_MEASURE: "share of answers",
            }
        )
    return pd.DataFrame(rows)

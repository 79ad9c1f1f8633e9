"""Numeric questions: means and medians by class, and the checks of plausibility."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from si_eval.cells.measures import pseudo_median
from si_eval.results import ResultTable
from si_eval.stats import student_interval
from si_eval.survey.answers import Survey
from si_eval.survey.questionnaire import MATRIX, NUMERIC, SINGLE, Check, Question
from si_eval.survey.requests import SurveyArguments
from si_eval.survey.tidy import RESPONDENTS, add_split, join_notes, result_table
from si_eval.system.blas import on_one_thread
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
    Reason,
)

NUMBER = "number filled in"
PLAUSIBLE = "plausible"
LEVEL = 0.95
DOMINANCE_NOTE = "one number is more than half of the total"
STRAIGHTLINING = "same_answer_in_every_row"
CANNOT_SHOW = "A number that can be right may still be wrong, and a number that cannot does not say what was meant."


@on_one_thread
def survey_numeric(
    survey: Survey, *, question: str, by: str | None = None, population: float | None = None, level: float = 0.95
) -> ResultTable:
    r"""Compute the mean and the median of the numbers that respondents filled in.

    Use it for a question of kind ``numeric``. Every number counts as it was given, also an implausible one;
    `survey_plausibility` gives the mean without those.

    Parameters
    ----------
    survey : Survey
        The answers, from `read_responses`.
    question : str
        The id of the question.
    by : str, optional
        The id of a question with one answer: rows for each of its classes too.
    population : float, optional
        The number of units that the respondents come from, for the finite population correction.
    level : float
        Coverage of the interval of the mean, between 0 and 1.

    Returns
    -------
    ResultTable
        A row for ``mean`` and one for ``median`` for all respondents and for each class: ``estimate`` in the unit of
        the question; for the mean ``std_error, conf_low, conf_high``; ``n_units`` the numbers filled in. The largest
        two numbers and the total go with each row, for disclosure control.

    Raises
    ------
    StudyError
        If a question does not exist or is of another kind.

    Notes
    -----
    The interval of the mean is Student's, with ``n - 1`` degrees of freedom; its standard error is
    :math:`s \sqrt{(1 - n / N) / n}`. It says little where one number dominates; the note then says so.

    Examples
    --------
    >>> from si_eval import survey
    >>> answers = survey.load_example()
    >>> table = survey.survey_numeric(answers, question="Q4", by="Q5").to_frame()
    >>> table[["size_class", "statistic", "estimate", "n_units"]]
      size_class statistic  estimate  n_units
    0        all      mean  4.428571        7
    1        all    median  3.000000        7
    2        0-9      mean  3.750000        4
    3        0-9    median  1.500000        4
    4      10-49      mean  5.333333        3
    5      10-49    median  5.000000        3
    """
    arguments = SurveyArguments("survey_numeric", survey)
    definition = arguments.question("question", question, (NUMERIC,))
    arguments.split(by, definition)
    population, level = arguments.population(population), arguments.level("level", level)
    arguments.refuse_problems()
    assert definition is not None  # refused above
    values = survey.numbers(definition)
    correction = 1.0 if population is None else max(1 - survey.respondents / population, 0.0)
    frames = [
        _mean_median_rows(one, question, level, correction=correction) for one in _split_by_class(survey, values, by)
    ]
    unclassified = "" if by is None else _unclassified_note(survey, values, by)
    left_out = join_notes(survey.left_out(definition), unclassified)
    return result_table(frames, survey, function="survey_numeric", evidence=definition.evidence, left_out=left_out)


@on_one_thread
def survey_plausibility(survey: Survey) -> ResultTable:
    """Count implausible numbers and straightlining, and compute the means without the implausible numbers.

    The checks are those of the questionnaire. A number fails a check when it is above the maximum of the respondent's
    own answer to the bounding question: a firm of 10 to 49 persons has no 244 specialists. Straightlining is the same
    answer in every row of a matrix.

    Parameters
    ----------
    survey : Survey
        The answers, from `read_responses`.

    Returns
    -------
    ResultTable
        For each check, in total and by class of the bounding question: ``count`` and ``share`` of the numbers that fail
        it, ``mean`` and ``median`` of all numbers (indicator: the question) and of the plausible ones (indicator: the
        check and ``_plausible``). For each matrix ``count`` and ``share`` of straightlining, of the respondents with
        two rows or more.

    Notes ----- A number without an answer to the bounding question is not checked, and counted in the note. The rows of
    the plausible numbers have the number of implausible ones as ``n_units``: the two means together reveal the sum of
    these.

    Examples
    --------
    >>> from si_eval import survey
    >>> answers = survey.load_example()
    >>> table = survey.survey_plausibility(answers).to_frame()
    >>> table.query("size_class == 'all' and statistic in ['count', 'mean']")[["indicator", "statistic", "estimate"]]
                                  indicator statistic  estimate
    0             specialists_above_persons     count  1.000000
    2                                    Q4      mean  4.428571
    4   specialists_above_persons_plausible      mean  3.166667
    18          Q3_same_answer_in_every_row     count  4.000000
    """
    SurveyArguments("survey_plausibility", survey)
    frames: list[pd.DataFrame] = []
    for check in survey.questionnaire.checks:
        frames += _check_rows(survey, check)
    for question in survey.questionnaire.questions:
        if question.kind == MATRIX:
            frames.append(_straightlining_rows(survey, question))
    return result_table(frames, survey, function="survey_plausibility", cannot_show=CANNOT_SHOW)


def _split_by_class(survey: Survey, values: pd.Series, by: str | None) -> Iterator[tuple[pd.DataFrame, pd.Series]]:
    """Yield the tidy keys and the numbers of all respondents, then of each class of ``by``."""
    yield pd.DataFrame(index=[0]), values
    if by is None:
        return
    by_question = survey.questionnaire.question(by, kinds=(SINGLE,), argument="by")
    members = survey.choices(by_question).reindex(values.index, fill_value=False)
    for option in by_question.options:
        yield add_split(pd.DataFrame(index=[0]), by_question, option), values[members[option.code]]


def _unclassified_note(survey: Survey, values: pd.Series, by: str) -> str:
    """Return a note on the numbers of respondents who are in no class; empty where there are none."""
    by_question = survey.questionnaire.question(by, kinds=(SINGLE,), argument="by")
    count = len(values.index.difference(survey.choices(by_question).index))
    return f"{count} without an answer to {by}" if count else ""


def _mean_median_rows(
    one: tuple[pd.DataFrame, pd.Series], name: str, level: float, *, note: str = "", correction: float = 1.0
) -> pd.DataFrame:
    """Compute the rows of mean and median, with the columns that disclosure control needs."""
    keys, values = one
    n = len(values)
    same = n > 1 and values.min() == values.max()
    if same:
        note = join_notes(note, Reason.NUMBERS_DO_NOT_VARY.note)
    magnitude = values.abs().sort_values(ascending=False).to_numpy()
    if n > 1 and magnitude[0] > magnitude.sum() / 2:
        note = join_notes(note, DOMINANCE_NOTE)
    shared: dict[str, str | float] = {
        N_UNITS: n,
        N_TOTAL: n,
        LARGEST: magnitude[0] if n else np.nan,
        SECOND_LARGEST: magnitude[1] if n > 1 else np.nan,
        TOTAL: magnitude.sum(),
        INDICATOR: name,
        UNIT_OF_MEASURE: NUMBER,
        NOTE: note if n else Reason.NO_NUMBERS.note,
    }
    spread = values.std() / np.sqrt(n) if n > 1 and not same else np.nan  # the same number says nothing of its error
    mean_value = np.nan if not n else values.iloc[0] if same else values.mean()
    std_error = np.array([spread]) * np.sqrt(correction)
    interval = student_interval(np.array([mean_value]), std_error, np.array([n - 1.0]), level)
    mean: dict[str, str | float] = {
        STATISTIC: MEAN,
        ESTIMATE: float(interval.estimate[0]),
        STD_ERROR: float(interval.std_error[0]),
        CONF_LOW: float(interval.low[0]),
        CONF_HIGH: float(interval.high[0]),
    }
    pseudo = pseudo_median(values.to_numpy(dtype="float64"))
    median: dict[str, str | float] = {STATISTIC: MEDIAN, ESTIMATE: float(values.median()), **pseudo}
    return pd.concat([keys.assign(**(shared | mean)), keys.assign(**(shared | median))], ignore_index=True)


def _check_rows(survey: Survey, check: Check) -> list[pd.DataFrame]:
    """Compute the rows of one check: numbers above the upper bound of the respondent's own class."""
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
    indicator = f"{check.id}_{PLAUSIBLE}"
    for (keys, everyone), (_, plausible) in zip(
        _split_by_class(survey, checked, bounding.id),
        _split_by_class(survey, checked[~wrong], bounding.id),
        strict=True,
    ):
        count, total = float(len(everyone) - len(plausible)), float(len(everyone))
        frames.append(_failed_check_rows(keys, check.id, count, total, note))
        frames.append(_mean_median_rows((keys, everyone), question.id, LEVEL, note=note))
        rows = _mean_median_rows((keys, plausible), indicator, LEVEL, note=note)
        # Together with the mean of all numbers, this mean reveals the sum of the implausible ones: it rests on these.
        frames.append(rows.assign(**{N_UNITS: count}) if count else rows)
    return frames


def _straightlining_rows(survey: Survey, question: Question) -> pd.DataFrame:
    """Count the respondents who gave the same answer in every row of a matrix, of those with at least two rows."""
    rows = [row for row in survey.questionnaire.rows_of(question) if not row.open_text]
    tables = [survey.choices(question, row=row.id) for row in rows]
    codes = pd.concat([table.idxmax(axis=1) for table in tables if len(table)], axis=0) if tables else pd.Series()
    answers = codes.groupby(level=0).agg(["size", "nunique"])
    several = answers[answers["size"] > 1]
    count, total = float((several["nunique"] == 1).sum()), float(len(several))
    return _failed_check_rows(pd.DataFrame(index=[0]), f"{question.id}_{STRAIGHTLINING}", count, total, "")


def _failed_check_rows(keys: pd.DataFrame, name: str, count: float, total: float, note: str) -> pd.DataFrame:
    """Build the rows of the count and the share of the answers that fail a check."""
    shared: dict[str, str | float] = {INDICATOR: name, N_UNITS: count, N_TOTAL: total, NOTE: note}
    counted: dict[str, str | float] = {STATISTIC: COUNT, ESTIMATE: count, UNIT_OF_MEASURE: RESPONDENTS}
    share: dict[str, str | float] = {
        STATISTIC: SHARE,
        ESTIMATE: count / total if total else np.nan,
        UNIT_OF_MEASURE: SHARE,
        NOTE: note if total else Reason.NOTHING_TO_CHECK.note,
    }
    return pd.concat([keys.assign(**(shared | counted)), keys.assign(**(shared | share))], ignore_index=True)

"""Counts and shares of answers: one answer, several answers, matrices, and one question against another."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd

from si_eval.cells.measures import pseudo_median
from si_eval.results import ResultTable
from si_eval.stats import student_interval
from si_eval.survey.answers import Base, Survey
from si_eval.survey.intervals import IntervalMethod
from si_eval.survey.questionnaire import MATRIX, MULTIPLE, SINGLE, Question, row_indicator
from si_eval.survey.requests import CountRequest, SurveyArguments, read_request
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
from si_eval.system.blas import on_one_thread
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


@on_one_thread
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
    """Tabulate a question with one answer: the count and the share of every answer.

    Use it for a question of kind ``single``. The intervals assume that the respondents are a simple random sample of
    the population: they do not cover non-response error.

    Parameters
    ----------
    survey : Survey
        The answers, from `read_responses`.
    question : str
        The id of the question.
    by : str, optional
        The id of another question with one answer: a table for each of its classes.
    answers : {"options", "nets", "both"}
        Count the options, the nets (several options taken together), or both.
    base : {"answered", "asked", "known"}
        Whom a share is of: who answered, everybody who was asked, or whose answer has content (without "don't know").
    interval : {"hypergeometric", "wilson"}
        The interval of a share: exact for a finite population, or Wilson's score interval.
    population : float, optional
        The number of units that the respondents come from. Without it the population is infinite.
    level : float
        Coverage of the intervals, between 0 and 1.
    weights : DataFrame, optional
        Columns ``respondent, weight``, from `Weights.to_frame`. Needs ``interval="wilson"``.

    Returns
    -------
    ResultTable
        Two rows for each answer, ``statistic`` ``count`` and ``share``. ``category`` is the answer (or ``size_class``
        or ``sector``, where the question has that dimension), ``estimate`` the number or share, ``std_error``,
        ``conf_low`` and ``conf_high`` its precision, ``n_units`` the respondents with the answer, ``n_total`` those of
        the base.

    Raises
    ------
    StudyError
        If the question does not exist or is of another kind, or an option is not one of those named above.

    Notes ----- A share is ``n_units / n_total``, with weights the weighted share. A class with a tenth of the
    respondents is taken to come from a tenth of the population. With weights the interval is that of Kish's effective
    number of respondents.

    References
    ----------
    Konijn (1973), Statistical Theory of Sample Survey Design. Kish (1965), Survey Sampling, section 11.7.

    Examples
    --------
    >>> from si_eval import survey
    >>> answers = survey.load_example()
    >>> table = survey.survey_frequencies(answers, question="Q1", population=40)
    >>> table.to_frame().query("statistic == 'share'")[["category", "estimate", "conf_low", "conf_high"]]
         category  estimate  conf_low  conf_high
    4         Yes     0.500     0.200      0.800
    5     Perhaps     0.250     0.050      0.600
    6          No     0.125     0.025      0.475
    7  Don't know     0.125     0.025      0.475
    """
    request = read_request(
        "survey_frequencies", survey, (SINGLE,), question=question, by=by, answers=answers, base=base,
        interval=interval, population=population, level=level, weights=weights,
    )  # fmt: skip
    return _tabulate(survey, request, answers, "survey_frequencies")


@on_one_thread
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
    r"""Tabulate a question with several answers, per respondent or per answer.

    Use it for a question of kind ``multiple``. Per respondent the shares are of respondents and add up to more than
    one. Per answer they are of all answers that were ticked and add up to one.

    Parameters
    ----------
    survey : Survey
        The answers, from `read_responses`.
    question : str
        The id of the question.
    per : {"respondent", "answer"}
        What a share is of. Per answer takes no ``by``, ``answers`` or ``weights``.
    by : str, optional
        The id of another question with one answer: a table for each of its classes.
    answers : {"options", "nets", "both"}
        Count the options, the nets (several options taken together), or both.
    base : {"answered", "asked", "known"}
        Whom a share is of: who answered, everybody who was asked, or whose answer has content (without "don't know").
    interval : {"hypergeometric", "wilson"}
        The interval of a share: exact for a finite population, or Wilson's score interval.
    population : float, optional
        The number of units that the respondents come from. Without it the population is infinite.
    level : float
        Coverage of the intervals, between 0 and 1.
    weights : DataFrame, optional
        Columns ``respondent, weight``, from `Weights.to_frame`. Needs ``interval="wilson"``.

    Returns
    -------
    ResultTable
        Two rows for each answer, ``statistic`` ``count`` and ``share``. ``category`` is the answer (or ``size_class``
        or ``sector``, where the question has that dimension), ``estimate`` the number or share, ``std_error``,
        ``conf_low`` and ``conf_high`` its precision, ``n_units`` the respondents with the answer, ``n_total`` those of
        the base. Per answer there are no rows of counts, and ``n_total`` is the number of answers.

    Raises
    ------
    StudyError
        If the question does not exist or is of another kind, or an option is not one of those named above.

    Notes
    -----
    The answers of one respondent depend on each other. Per answer, the variance is therefore that of a ratio
    :math:`r = \sum y_i / \sum x_i` over the respondents, linearised, with the finite population correction:

    .. math:: v(r) = \left(1 - \frac{n}{N}\right) \frac{n}{n - 1} \frac{\sum (y_i - r x_i)^2}{(\sum x_i)^2}

    References
    ----------
    Cochran (1977), Sampling Techniques, equation 6.13.

    Examples
    --------
    >>> from si_eval import survey
    >>> answers = survey.load_example()
    >>> table = survey.survey_multiple(answers, question="Q2", per="answer")
    >>> table.to_frame()[["category", "estimate", "std_error", "n_units", "n_total"]]
        category  estimate  std_error  n_units  n_total
    0  Knowledge  0.416667   0.130712        5       12
    1    Network  0.333333   0.093906        4       12
    2    Subsidy  0.250000   0.104464        3       12
    """
    arguments = SurveyArguments("survey_multiple", survey)
    arguments.option("per", per, get_args(Per))
    if per == "answer" and (by is not None or weights is not None or answers != "options"):
        expected = "none of these, because their interval is not built"
        arguments.add("per", "'answer' with by, weights or nets", expected, "count per respondent")
    request = read_request(
        arguments, survey, (MULTIPLE,), question=question, by=by, answers=answers, base=base,
        interval=interval, population=population, level=level, weights=weights,
    )  # fmt: skip
    if per == "respondent":
        return _tabulate(survey, request, answers, "survey_multiple")
    table = survey.choices(request.question, base=base)
    rows = _answer_rows(table, request.question, request.settings)
    return result_table([rows], survey, function="survey_multiple")


@on_one_thread
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
    """Tabulate the rows of a matrix question, and all its rows together.

    Use it for a question of kind ``matrix``: the same options for several rows.

    Parameters
    ----------
    survey : Survey
        The answers, from `read_responses`.
    question : str
        The id of the question.
    answers : {"options", "nets", "both"}
        Count the options, the nets (several options taken together), or both.
    base : {"answered", "asked", "known"}
        Whom a share is of: who answered, everybody who was asked, or whose answer has content (without "don't know").
    interval : {"hypergeometric", "wilson"}
        The interval of a share: exact for a finite population, or Wilson's score interval.
    population : float, optional
        The number of units that the respondents come from. Without it the population is infinite.
    level : float
        Coverage of the intervals, between 0 and 1.
    weights : DataFrame, optional
        Columns ``respondent, weight``, from `Weights.to_frame`. Needs ``interval="wilson"``.

    Returns
    -------
    ResultTable
        Two rows for each answer, ``statistic`` ``count`` and ``share``. ``category`` is the answer (or ``size_class``
        or ``sector``, where the question has that dimension), ``estimate`` the number or share, ``std_error``,
        ``conf_low`` and ``conf_high`` its precision, ``n_units`` the respondents with the answer, ``n_total`` those of
        the base. The indicator is the row (``Q3_1``), or the question (``Q3``) for all rows together: there the share
        is of all answers, ``n_units`` counts the respondents with at least one such answer, and there is no interval. A
        row that respondents wrote themselves is not in it. ``median`` is the median place on the scale, where 1 is the
        first option with content; with weights there is none.

    Raises
    ------
    StudyError
        If the question does not exist or is of another kind, or an option is not one of those named above.

    Examples
    --------
    >>> from si_eval import survey
    >>> answers = survey.load_example()
    >>> table = survey.survey_matrix(answers, question="Q3").to_frame()
    >>> table.query("statistic != 'count'")[["indicator", "statistic", "category", "estimate", "n_units"]]
       indicator statistic category  estimate  n_units
    2       Q3_1     share      Yes     0.375        3
    3       Q3_1     share       No     0.625        5
    4       Q3_1    median      all     2.000        8
    7       Q3_2     share      Yes     0.625        5
    8       Q3_2     share       No     0.375        3
    9       Q3_2    median      all     1.000        8
    10        Q3     share      Yes     0.500        6
    11        Q3     share       No     0.500        6
    """
    request = read_request(
        "survey_matrix", survey, (MATRIX,), question=question, answers=answers, base=base, interval=interval,
        population=population, level=level, weights=weights,
    )  # fmt: skip
    definition, settings = request.question, request.settings
    frames, tables, left_out = [], [], []
    for row in survey.questionnaire.rows_of(definition):
        table = survey.choices(definition, base=base, row=row.id)
        name = row_indicator(definition, row)
        frames.append(with_indicator(option_rows(table, definition, settings, survey, answers), name))
        if weights is None:
            frames.append(_median_row(survey.choices(definition, base="known", row=row.id), definition, name))
        left_out.append(survey.left_out(definition, row=row.id))
        tables += [] if row.open_text else [table]
    frames.append(_pooled_rows(pd.concat(tables), definition, answers, settings))
    return result_table(
        frames,
        survey,
        function="survey_matrix",
        evidence=definition.evidence,
        left_out=join_notes(*dict.fromkeys(left_out)),
    )


def _tabulate(survey: Survey, request: CountRequest, answers: Answers, function: str) -> ResultTable:
    """Tabulate a question, for all respondents or for each class of another question."""
    question, by_question, settings = request.question, request.by, request.settings
    table = survey.choices(question, base=settings.base)
    left_out = survey.left_out(question)
    coverage = {"all": (len(table), len(survey.choices(question, base="asked")))}
    if by_question is None:
        frames = [option_rows(table, question, settings, survey, answers)]
    else:
        classes = survey.choices(by_question).reindex(table.index, fill_value=False)
        frames = [
            add_split(
                option_rows(table[classes[option.code]], question, settings, survey, answers), by_question, option
            )
            for option in by_question.options
        ]
        unclassified = int((~classes.any(axis=1)).sum())
        left_out = join_notes(left_out, f"{unclassified} without an answer to {by_question.id}" * bool(unclassified))
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
    places = table[codes].to_numpy(dtype="float64") @ np.arange(1.0, len(codes) + 1)
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

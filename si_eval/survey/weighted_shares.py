"""Answers counted with weights: whether shares hold when respondents are weighed to what is known of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from si_eval.results import ResultTable
from si_eval.survey.answers import Base, Survey
from si_eval.survey.margins import PopulationSource, find_simulation
from si_eval.survey.questionnaire import MATRIX, MULTIPLE, SINGLE
from si_eval.survey.requests import SurveyArguments, read_request
from si_eval.survey.tabulation import survey_frequencies, survey_matrix, survey_multiple
from si_eval.survey.tidy import Answers, result_table
from si_eval.survey.weighting import rake
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import (
    ESTIMATE,
    INDICATOR,
    N_TOTAL,
    N_UNITS,
    NOTE,
    NUMBERS,
    RATIO_OF_SUMS,
    SHARE,
    STATISTIC,
    UNIT_OF_MEASURE,
    Reason,
)

CountFunction = Literal["survey_frequencies", "survey_multiple", "survey_matrix"]
COUNT_FUNCTIONS: dict[str, Callable[..., ResultTable]] = {
    "survey_frequencies": survey_frequencies,
    "survey_multiple": survey_multiple,
    "survey_matrix": survey_matrix,
}
KINDS = {"survey_frequencies": (SINGLE,), "survey_multiple": (MULTIPLE,), "survey_matrix": (MATRIX,)}
DESIGN_EFFECT = "design_effect"
CANNOT_SHOW = (
    "Weights repair differences in the classes that they were made for, and no others: who answered may still think "
    "otherwise than who did not."
)


@on_one_thread
def survey_weighted(
    survey: Survey,
    *,
    count: CountFunction,
    question: str,
    margins: PopulationSource | None,
    answers: Answers = "options",
    base: Base = "answered",
    population: float | None = None,
    trim: tuple[float, float] | None = None,
    fewest: int = 0,
) -> ResultTable:
    """Tabulate a question with the weights of `rake`, and compute the design effect.

    Use it beside the unweighted table: a share that moves much depends on who answered. Weights repair differences in
    the classes that they were made for, and no others.

    Parameters
    ----------
    survey : Survey
        The answers, from `read_responses`.
    count : {"survey_frequencies", "survey_multiple", "survey_matrix"}
        The function that counts.
    question : str
        The id of the question.
    margins : DataFrame, path, ResultTable, SafeTable, list of tables or None
        As in `rake`. With None no share is computed, and every row says that no count is known.
    answers : {"options", "nets", "both"}
        Count the options, the nets (several options taken together), or both.
    base : {"answered", "asked", "known"}
        Whom a share is of: who answered, everybody who was asked, or whose answer has content (without "don't know").
    population : float, optional
        The number of units that the respondents come from. Without it the population is infinite.
    trim : tuple of two floats, optional
        As in `rake`.
    fewest : int
        As in `rake`.

    Returns
    -------
    ResultTable
        The weighted ``share`` of every answer, with Wilson's interval of the effective number of respondents, and a row
        ``design_effect``: Kish's factor by which weighting multiplies the variance.

    Raises
    ------
    StudyError
        If ``count`` or the question is not known.
    InputError
        As in `rake`.

    References
    ----------
    Kish (1965), Survey Sampling, section 11.7.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval import survey
    >>> answers = survey.load_example()
    >>> known = pd.DataFrame({"question": "Q5", "category": ["0-9", "10-49"], "count": [28, 12]})
    >>> table = survey.survey_weighted(answers, count="survey_frequencies", question="Q1", margins=known)
    >>> table.to_frame()[["indicator", "category", "estimate", "n_units"]].round(3)
           indicator    category  estimate  n_units
    0             Q1         Yes     0.500        4
    1             Q1     Perhaps     0.250        2
    2             Q1          No     0.175        1
    3             Q1  Don't know     0.075        1
    4  design_effect         all     1.160        8
    """
    arguments = SurveyArguments("survey_weighted", survey)
    arguments.option("count", count, get_args(CountFunction))
    arguments.trim(trim)
    arguments.whole("fewest", fewest, least=0)
    kinds = KINDS.get(count, (SINGLE, MULTIPLE, MATRIX)) if isinstance(count, str) else ()
    read_request(
        arguments, survey, kinds, question=question, answers=answers, base=base, interval="wilson",
        population=population, level=0.95,
    )  # fmt: skip
    weights = None if margins is None else rake(survey, margins=margins, trim=trim, fewest=fewest)
    table = COUNT_FUNCTIONS[count](
        survey,
        question=question,
        answers=answers,
        base=base,
        interval="wilson",
        population=population,
        weights=None if weights is None else weights.to_frame(),
    )
    shares = table.frame[table.frame[STATISTIC] == SHARE].copy()
    if weights is None:
        shares[[*NUMBERS, N_TOTAL]] = np.nan
        shares[NOTE] = Reason.NO_POPULATION_COUNT.note
    cost = {
        INDICATOR: DESIGN_EFFECT,
        STATISTIC: RATIO_OF_SUMS,
        UNIT_OF_MEASURE: "times",
        N_UNITS: float(survey.respondents),
    }
    if weights is None:
        cost |= {ESTIMATE: np.nan, NOTE: Reason.NO_POPULATION_COUNT.note}
    else:
        cost[ESTIMATE] = weights.design_effect
    result = result_table(
        [shares, pd.DataFrame([cost])], survey, function="survey_weighted", evidence=table.evidence,
        cannot_show=CANNOT_SHOW, coverage=table.coverage,
        left_out="" if weights is None or weights.reason is None else weights.reason.note,
    )  # fmt: skip
    return replace(result, simulation=survey.simulation or find_simulation(margins))

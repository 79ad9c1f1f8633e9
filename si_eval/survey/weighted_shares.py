"""Answers counted with weights: whether shares hold when respondents are weighed to what is known of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from si_eval.errors import StudyError
from si_eval.results import ResultTable
from si_eval.survey.answers import Base, Survey
from si_eval.survey.margins import PopulationSource, find_simulation
from si_eval.survey.tabulation import survey_frequencies, survey_matrix, survey_multiple
from si_eval.survey.tidy import Answers, result_table
from si_eval.survey.weighting import rake
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
DESIGN_EFFECT = "design_effect"
CANNOT_SHOW = (
    "Weights repair differences in the classes that they were made for, and no others: who answered may still think "
    "otherwise than who did not."
)


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
    """Give the shares of a question with the weights of `rake`, and what the weights cost (``design_effect``, Kish).

    ``count`` names the function that counts; ``margins``, ``trim`` and ``fewest`` are those of `rake`; the other
    arguments are those of the function. Intervals are Wilson's, of as many respondents as the weighted ones are worth.
    Without ``margins`` no share is computed, and every row says that no count is known.
    """
    if count not in COUNT_FUNCTIONS:
        raise StudyError(
            f"count: found {count!r}; expected one of {', '.join(get_args(CountFunction))}; name one of these"
        )
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
    )  # fmt: skip
    return replace(result, simulation=survey.simulation or find_simulation(margins))

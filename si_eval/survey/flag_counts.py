"""Counts of respondents with flagged answers, over the whole questionnaire and by question."""

from __future__ import annotations

import pandas as pd

from si_eval.results import ResultTable
from si_eval.survey.answers import Survey
from si_eval.survey.quality_flags import FLAG_KINDS
from si_eval.survey.requests import SurveyArguments
from si_eval.survey.tidy import RESPONDENTS, result_table
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import CATEGORY, COUNT, ESTIMATE, INDICATOR, N_UNITS, STATISTIC, UNIT_OF_MEASURE

ALL_QUESTIONS = "doubts"
CANNOT_SHOW = "An answer without a doubt may still be wrong."


@on_one_thread
def survey_doubts(survey: Survey) -> ResultTable:
    """Count the respondents with doubtful answers, by kind and by question.

    Doubtful answers (missing, double, contradicting, out of range, not asked for) are kept; what happened with them
    stands in `Survey.problems`. A respondent counts once in each row.

    Parameters
    ----------
    survey : Survey
        The answers, from `read_responses`.

    Returns
    -------
    ResultTable
        The indicator ``doubts`` has a row for every kind (``category``), also for those that do not occur. Each
        question with doubtful answers has a row for each kind that it has. ``estimate`` and ``n_units`` count
        respondents.

    Examples
    --------
    >>> from si_eval import survey
    >>> answers = survey.load_example()
    >>> survey.survey_doubts(answers).to_frame().query("estimate > 0")[["indicator", "category", "estimate"]]
       indicator category  estimate
    4     doubts  missing       1.0
    10        Q4  missing       1.0
    """
    SurveyArguments("survey_doubts", survey)
    problems = survey.problems()
    rows = [_row(ALL_QUESTIONS, kind, problems[problems["kind"] == kind]) for kind in FLAG_KINDS]
    for (question, kind), found in problems[problems["question"] != ""].groupby(["question", "kind"], sort=False):
        rows.append(_row(str(question), str(kind), found))
    return result_table([pd.DataFrame(rows)], survey, function="survey_doubts", cannot_show=CANNOT_SHOW)


def _row(indicator: str, kind: str, found: pd.DataFrame) -> dict[str, str | float]:
    """Count each respondent of some flags once."""
    count = float(len({respondent for respondents in found["respondents"] for respondent in respondents}))
    keys = {INDICATOR: indicator, CATEGORY: kind, STATISTIC: COUNT, UNIT_OF_MEASURE: RESPONDENTS}
    return {**keys, ESTIMATE: count, N_UNITS: count}

"""How many answers are doubtful: every kind of doubt, over the whole questionnaire and by question."""

from __future__ import annotations

from typing import Any

import pandas as pd

from si_eval.results import ResultTable
from si_eval.survey.answers import Survey
from si_eval.survey.doubts import KINDS
from si_eval.survey.rows import RESPONDENTS, tidy_result
from si_eval.vocabulary import CATEGORY, COUNT, ESTIMATE, INDICATOR, N_UNITS, STATISTIC, UNIT_OF_MEASURE

DOUBTS = "doubts"
CANNOT_SHOW = "An answer without a doubt may still be wrong."


def survey_doubts(survey: Survey) -> ResultTable:
    """Count the respondents with doubtful answers: missing, double, contradicting, out of range, not asked.

    The indicator ``doubts`` has a row for every kind (``category``), also for those that nobody gave cause for; a
    respondent counts once in it. A question with doubtful answers has a row of its own for each kind that it has. What
    happened with such answers stands in `Survey.problems`.
    """
    problems = survey.problems()
    rows = [_row(DOUBTS, kind, problems[problems["kind"] == kind]) for kind in KINDS]
    for (question, kind), found in problems[problems["question"] != ""].groupby(["question", "kind"], sort=False):
        rows.append(_row(str(question), str(kind), found))
    return tidy_result([pd.DataFrame(rows)], survey, function="survey_doubts", cannot_show=CANNOT_SHOW)


def _row(indicator: str, kind: str, found: pd.DataFrame) -> dict[str, Any]:
    count = float(len({respondent for respondents in found["respondents"] for respondent in respondents}))
    keys = {INDICATOR: indicator, CATEGORY: kind, STATISTIC: COUNT, UNIT_OF_MEASURE: RESPONDENTS}
    return {**keys, ESTIMATE: count, N_UNITS: count}

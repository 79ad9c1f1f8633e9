"""Open answers: how many, and how many of each code. The words themselves never leave."""

from __future__ import annotations

import numpy as np
import pandas as pd

from si_eval.results import ResultTable
from si_eval.survey.answers import ANSWER, ITEM, QUESTION, RESPONDENT, Survey
from si_eval.survey.questionnaire import OPEN
from si_eval.survey.rows import count_rows, tidy_result, with_indicator
from si_eval.vocabulary import CATEGORY, ESTIMATE, N_TOTAL, N_UNITS, NOTE, SHARE, STATISTIC, UNIT_OF_MEASURE

CODE = "code"
CANNOT_SHOW = "How many say something does not weigh it: few answer open questions, and they choose to."


def open_answers(survey: Survey, *, question: str) -> ResultTable:
    """Count the answers to an open question, and how many got each code of its coding frame.

    Only counts leave: the words of an answer can name a firm however many gave one like it, so they are not even kept
    on reading. Quoting is a decision for people, outside this program. The share of a code is of the coded answers; an
    answer may have one code.
    """
    asked = survey.questionnaire.question(question, kinds=(OPEN,))
    given = survey.answers[survey.answers[QUESTION] == asked.id]
    given = given[given[RESPONDENT].isin(survey.asked_frame.index[survey.asked_frame[asked.id]])]
    number = np.array([float(given[RESPONDENT].nunique())])
    everyone = count_rows(pd.DataFrame(index=[0]), number, np.array([float(survey.respondents)]))
    frames = [everyone]
    coded = given[given[ITEM] == CODE]
    if asked.options:
        keys = pd.DataFrame({CATEGORY: [option.en for option in asked.options]})
        counts = np.array([float(coded.loc[coded[ANSWER] == one.code, RESPONDENT].nunique()) for one in asked.options])
        totals = np.full(len(counts), float(coded[RESPONDENT].nunique()))
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = counts / totals
        frames.append(count_rows(keys, counts, totals))
        frames.append(
            keys.assign(
                **{
                    STATISTIC: SHARE,
                    ESTIMATE: shares,
                    N_UNITS: counts,
                    N_TOTAL: totals,
                    UNIT_OF_MEASURE: SHARE,
                    NOTE: np.where(totals > 0, "", "no answer was coded"),
                }
            )
        )
    rows = with_indicator(pd.concat(frames, ignore_index=True), asked.id)
    return tidy_result([rows], survey, function="open_answers", cannot_show=CANNOT_SHOW)

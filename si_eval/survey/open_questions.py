"""Open questions: counts of answers and of their codes. The words themselves are not kept."""

from __future__ import annotations

import numpy as np
import pandas as pd

from si_eval.results import ResultTable
from si_eval.survey.answers import ANSWER, ITEM, QUESTION, RESPONDENT, Survey
from si_eval.survey.questionnaire import OPEN
from si_eval.survey.requests import SurveyArguments
from si_eval.survey.tidy import count_rows, result_table, with_indicator
from si_eval.vocabulary import CATEGORY, ESTIMATE, N_TOTAL, N_UNITS, NOTE, SHARE, STATISTIC, UNIT_OF_MEASURE, Reason

CODE = "code"
CANNOT_SHOW = "How many say something does not weigh it: few answer open questions, and they choose to."


def open_answers(survey: Survey, *, question: str) -> ResultTable:
    """Count the answers to an open question, and the codes that they were given.

    Only counts leave: the words of an answer can name a firm, so they are not even kept on reading.

    Parameters
    ----------
    survey : Survey
        The answers, from `read_responses`.
    question : str
        The id of a question of kind ``open``; its options are the codes.

    Returns
    -------
    ResultTable
        ``count`` of the respondents who answered (``n_total``: all respondents), then ``count`` and ``share`` of each
        code (``category``); a share is of the answers that were coded. An answer has one code.

    Raises
    ------
    StudyError
        If the question does not exist or is of another kind.

    Examples
    --------
    >>> from si_eval import survey
    >>> answers = survey.load_example()
    >>> survey.open_answers(answers, question="Q6").to_frame()[["statistic", "category", "estimate", "n_total"]]
      statistic   category  estimate  n_total
    0     count        all  3.000000        8
    1     count     Praise  2.000000        3
    2     count  Complaint  1.000000        3
    3     share     Praise  0.666667        3
    4     share  Complaint  0.333333        3
    """
    arguments = SurveyArguments("open_answers", survey)
    definition = arguments.question("question", question, (OPEN,))
    arguments.refuse_problems()
    assert definition is not None  # refused above
    given = survey.answers[survey.answers[QUESTION] == definition.id]
    given = given[given[RESPONDENT].isin(survey.asked_frame.index[survey.asked_frame[definition.id]])]
    number = np.array([float(given[RESPONDENT].nunique())])
    everyone = count_rows(pd.DataFrame(index=[0]), number, np.array([float(survey.respondents)]))
    frames = [everyone]
    coded = given[given[ITEM] == CODE]
    if definition.options:
        keys = pd.DataFrame({CATEGORY: [option.en for option in definition.options]})
        counts = np.array(
            [float(coded.loc[coded[ANSWER] == one.code, RESPONDENT].nunique()) for one in definition.options]
        )
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
                    NOTE: np.where(totals > 0, "", Reason.NO_CODED_ANSWERS.note),
                }
            )
        )
    rows = with_indicator(pd.concat(frames, ignore_index=True), definition.id)
    return result_table([rows], survey, function="open_answers", cannot_show=CANNOT_SHOW)

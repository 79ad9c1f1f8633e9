"""Cross tables of two questions, with a permutation test of independence."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd

from si_eval.results import ResultTable
from si_eval.stats import FloatArray
from si_eval.survey.answers import Base, Survey
from si_eval.survey.intervals import IntervalMethod
from si_eval.survey.questionnaire import MULTIPLE, SINGLE
from si_eval.survey.requests import SurveyArguments, read_request
from si_eval.survey.tidy import (
    RESPONDENTS,
    add_split,
    count_rows,
    entry_keys,
    result_table,
    share_rows,
    with_indicator,
)
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import (
    COUNT,
    ESTIMATE,
    INDICATOR,
    N_TOTAL,
    N_UNITS,
    NOTE,
    P_VALUE,
    STATISTIC,
    UNIT_OF_MEASURE,
    Reason,
)

ShareOf = Literal["by", "question", "all"]
N_PERMUTATIONS = 4_999
RTOL = 1e-12  # relative tolerance: two orders with the same statistic may differ in the last digits


@on_one_thread
def survey_crosstab(
    survey: Survey,
    *,
    question: str,
    by: str,
    share_of: ShareOf = "by",
    base: Base = "answered",
    interval: IntervalMethod = "hypergeometric",
    population: float | None = None,
    level: float = 0.95,
    seed: int = 1,
) -> ResultTable:
    """Cross-tabulate two questions, and test whether they are independent.

    ``question`` may have one or several answers, ``by`` has one. The permutation test holds for small cells, where the
    chi-square distribution does not.

    Parameters
    ----------
    survey : Survey
        The answers, from `read_responses`.
    question : str
        The id of the question in the rows.
    by : str
        The id of the question in the columns, with one answer.
    share_of : {"by", "question", "all"}
        Shares of each class of ``by``, of each answer to ``question``, or of all respondents who answered both.
    base : {"answered", "asked", "known"}
        Whom a share is of: who answered, everybody who was asked, or whose answer has content (without "don't know").
    interval : {"hypergeometric", "wilson"}
        The interval of a share: exact for a finite population, or Wilson's score interval.
    population : float, optional
        The number of units that the respondents come from. Without it the population is infinite.
    level : float
        Coverage of the intervals, between 0 and 1.
    seed : int
        Seed of the permutations.

    Returns
    -------
    ResultTable
        Two rows for each answer, ``statistic`` ``count`` and ``share``. ``category`` is the answer (or ``size_class``
        or ``sector``, where the question has that dimension), ``estimate`` the number or share, ``std_error``,
        ``conf_low`` and ``conf_high`` its precision, ``n_units`` the respondents with the answer, ``n_total`` those of
        the base. For two questions with one answer each, a last row ``Q1 | Q5`` counts the respondents who answered
        both and has the ``p_value`` of independence.

    Raises
    ------
    StudyError
        If the question does not exist or is of another kind, or an option is not one of those named above.

    Notes
    -----
    The statistic is Pearson's chi-square; its distribution is that among 4 999 random permutations of the answers to
    ``by``. The p-value is ``(1 + number at least as large) / (1 + number of permutations)``.

    References
    ----------
    Pitman (1937), Supplement to the Journal of the Royal Statistical Society 4, p. 119-130.

    Examples
    --------
    >>> from si_eval import survey
    >>> answers = survey.load_example()
    >>> table = survey.survey_crosstab(answers, question="Q1", by="Q5").to_frame()
    >>> table.query("category == 'Yes' and statistic == 'share'")[["category", "size_class", "estimate", "n_total"]]
       category size_class  estimate  n_total
    4       Yes        0-9       0.5        4
    12      Yes      10-49       0.5        4
    >>> table.query("indicator == 'Q1 | Q5'")[["n_units", "p_value"]]
        n_units  p_value
    16        8      1.0
    """
    arguments = SurveyArguments("survey_crosstab", survey)
    arguments.option("share_of", share_of, get_args(ShareOf))
    seed = arguments.whole("seed", seed, least=0)
    if by is None:
        arguments.question("by", by, (SINGLE,))
    request = read_request(
        arguments, survey, (SINGLE, MULTIPLE), question=question, by=by, base=base, interval=interval,
        population=population, level=level,
    )  # fmt: skip
    definition, by_question, settings = request.question, request.by, request.settings
    assert by_question is not None  # refused above
    rows, columns = survey.choices(definition, base=base), survey.choices(by_question, base=base)
    both = rows.index.intersection(columns.index)
    rows, columns = rows.loc[both], columns.loc[both]
    counts = rows.to_numpy(dtype="float64").T @ columns.to_numpy(dtype="float64")
    keys = pd.DataFrame([entry_keys(definition, option) for option in definition.options])
    of_answers = rows.sum().to_numpy(dtype="float64")
    frames = []
    for place, option in enumerate(by_question.options):
        of_class = np.full(len(keys), float(columns[option.code].sum()))
        totals = {"by": of_class, "question": of_answers, "all": np.full(len(keys), float(len(both)))}[share_of]
        shares = share_rows(keys, counts[:, place], totals, settings, survey)
        cells = pd.concat([count_rows(keys, counts[:, place], totals), shares], ignore_index=True)
        frames.append(with_indicator(add_split(cells, by_question, option), definition.id))
    if definition.kind == SINGLE:
        tested = rows.to_numpy(dtype="float64"), columns.to_numpy(dtype="float64")
        frames.append(_independence_row(*tested, f"{definition.id} | {by_question.id}", seed))
    return result_table(
        frames, survey, function="survey_crosstab", evidence="association", left_out=survey.left_out(definition)
    )


def _independence_row(rows: FloatArray, columns: FloatArray, name: str, seed: int) -> pd.DataFrame:
    """Test by random permutation whether two questions for one answer are independent."""
    rows, columns = rows[:, rows.any(axis=0)], columns[:, columns.any(axis=0)]
    keys = {INDICATOR: name, STATISTIC: COUNT, ESTIMATE: len(rows), N_UNITS: len(rows), N_TOTAL: len(rows)}
    p_value, note = np.nan, Reason.SINGLE_ANSWER_TEST.note
    if min(rows.shape[1], columns.shape[1]) > 1:
        expected = np.outer(rows.sum(axis=0), columns.sum(axis=0)) / len(rows)
        generator = np.random.default_rng(seed)
        threshold = _chi_square(rows, columns, expected) * (1 - RTOL)
        permuted = [_chi_square(rows, generator.permutation(columns), expected) for _ in range(N_PERMUTATIONS)]
        p_value, note = (1 + np.sum(np.asarray(permuted) >= threshold)) / (N_PERMUTATIONS + 1), ""
    return pd.DataFrame([{**keys, P_VALUE: p_value, UNIT_OF_MEASURE: RESPONDENTS, NOTE: note}])


def _chi_square(rows: FloatArray, columns: FloatArray, expected: FloatArray) -> float:
    return float((((rows.T @ columns) - expected) ** 2 / expected).sum())

"""Who did not answer: respondents against the population, class by class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats as distributions

from si_eval.results import ResultTable
from si_eval.stats import FloatArray
from si_eval.survey.answers import Survey
from si_eval.survey.margins import Margin, PopulationSource, empty_margins, find_simulation, read_margins
from si_eval.survey.requests import SurveyArguments
from si_eval.survey.tidy import entry_keys, result_table
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    DIFFERENCE,
    ESTIMATE,
    GROUP,
    INDICATOR,
    N_TOTAL,
    N_UNITS,
    NOTE,
    OF_POPULATION,
    P_VALUE,
    SHARE,
    SMD,
    STATISTIC,
    UNIT_OF_MEASURE,
    Reason,
)

N_DRAWS = 9_999
MIN_EXPECTED = 5  # below it the chi-square distribution is not trusted (Cochran 1954, Biometrics 10)
RTOL = 1e-12  # relative tolerance: two draws with the same statistic may differ in the last digits
STANDARDISED = {STATISTIC: SMD, UNIT_OF_MEASURE: "standard deviations"}
CANNOT_SHOW = "Respondents that look like the population in these classes may still differ in what was asked."


@on_one_thread
def survey_nonresponse(
    survey: Survey, *, population: PopulationSource | None = None, year: int | None = None, seed: int = 1
) -> ResultTable:
    r"""Compare the respondents with the population that they come from, class by class.

    Do it for every question of which the population is known. Respondents that look like the population in these
    classes may still differ in what was asked.

    Parameters
    ----------
    survey : Survey
        The answers, from `read_responses`.
    population : DataFrame, path, ResultTable, SafeTable or list of tables, optional
        Counts: columns ``question, category, count`` (a frame or a CSV file), or tables that count participants by
        sector and size class. Without it every comparison says that no count is known.
    year : int, optional
        The year of the counts of tables; the latest by default.
    seed : int
        Seed of the draws for the p-value.

    Returns
    -------
    ResultTable
        For each class the ``share`` among respondents (``group`` ``all``) and in the population (indicator
        ``Q5_population``), their difference and their standardised difference (``group`` ``difference``). For each
        question one standardised difference over all classes, with ``p_value``: the probability of a difference as
        large if the respondents were a random draw. ``n_units`` counts respondents or units of the population in the
        class; of a difference the fewer of both.

    Raises
    ------
    InputError
        If a class is unknown, given twice or missing, or a count is not a number from 0.

    Notes ----- The standardised difference of two distributions is :math:`\sqrt{d' S^{-1} d}` without the last class,
    where ``d`` is the difference and ``S`` the mean of the two multinomial covariances. The p-value is that of
    Pearson's statistic, divided by ``(N - n) / (N - 1)``, in the chi-square distribution where at least 5 are expected
    in every class; else 9 999 draws without replacement. Classes that a protected table withholds are pooled as
    ``rest``.

    References
    ----------
    Yang and Dalton (2012), SAS Global Forum, paper 335. Cochran (1954), Biometrics 10, p. 417-451.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval import survey
    >>> answers = survey.load_example()
    >>> known = pd.DataFrame({"question": "Q5", "category": ["0-9", "10-49"], "count": [28, 12]})
    >>> table = survey.survey_nonresponse(answers, population=known).to_frame()
    >>> table.query("statistic == 'share'")[["indicator", "group", "size_class", "estimate"]]
           indicator       group size_class  estimate
    0             Q5         all        0-9       0.5
    1  Q5_population         all        0-9       0.7
    2             Q5  difference        0-9      -0.2
    4             Q5         all      10-49       0.5
    5  Q5_population         all      10-49       0.3
    6             Q5  difference      10-49       0.2
    >>> table.query("p_value.notna()")[["indicator", "estimate", "p_value"]].round(3)
      indicator  estimate  p_value
    8        Q5     0.417    0.208
    """
    arguments = SurveyArguments("survey_nonresponse", survey)
    seed = arguments.whole("seed", seed, least=0)
    arguments.optional_year(year)
    arguments.refuse_problems()
    known = None if population is None else read_margins(survey, population, "population", year=year)
    frames = [_margin_rows(margin, seed) for margin in known or empty_margins(survey)]
    table = result_table(frames, survey, function="survey_nonresponse", cannot_show=CANNOT_SHOW)
    return replace(table, simulation=survey.simulation or find_simulation(population))


def standardised_difference(share: FloatArray, other: FloatArray) -> float:
    """Compute the standardised difference of two distributions over the same classes, shape (classes,).

    The root of ``d' S^-1 d`` without the last class, where ``d`` is the difference and ``S`` the mean of the two
    multinomial covariances; classes that both lack do not count. Source: Yang and Dalton (2012).
    """
    used = (share + other) > 0
    one, two = share[used][:-1], other[used][:-1]
    if not len(one):
        return 0.0
    covariance = (np.diag(one) - np.outer(one, one) + np.diag(two) - np.outer(two, two)) / 2
    difference = one - two
    return float(np.sqrt(difference @ np.linalg.pinv(covariance) @ difference))


def _margin_rows(margin: Margin, seed: int) -> pd.DataFrame:
    """Compute the tidy rows of one question: per class the two shares and their differences, then all classes."""
    counts = margin.members.sum().to_numpy(dtype="float64")
    n, known = counts.sum(), not np.isnan(margin.counts).any()
    share = counts / n if n else np.full(counts.shape, np.nan)
    gap_note = "" if n and known else Reason.NO_RESPONDENTS.note if known else Reason.NO_POPULATION_COUNT.note
    name, rows = margin.question.id, []
    variance = (share * (1 - share) + margin.shares * (1 - margin.shares)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        standardised = np.where(variance > 0, (share - margin.shares) / np.sqrt(variance), variance)
    for place, category in enumerate(margin.names):
        keys = {**_keys(margin, category), STATISTIC: SHARE, UNIT_OF_MEASURE: SHARE, GROUP: ALL}
        sample = {N_UNITS: counts[place], N_TOTAL: n, NOTE: "" if n else Reason.NO_RESPONDENTS.note}
        population = {N_UNITS: margin.counts[place], N_TOTAL: margin.counts.sum()}
        population[NOTE] = "" if known else Reason.NO_POPULATION_COUNT.note
        gap = {GROUP: DIFFERENCE, N_UNITS: np.fmin(counts[place], margin.counts[place]), NOTE: gap_note}
        rows += [
            {**keys, **sample, INDICATOR: name, ESTIMATE: share[place]},
            {**keys, **population, INDICATOR: f"{name}{OF_POPULATION}", ESTIMATE: margin.shares[place]},
            {**keys, **gap, INDICATOR: name, ESTIMATE: share[place] - margin.shares[place]},
            {**keys, **gap, **STANDARDISED, INDICATOR: name, ESTIMATE: standardised[place]},
        ]
    p_value, p_note = _random_draw_p_value(counts, margin.counts, seed) if n and known else (np.nan, gap_note)
    whole = standardised_difference(share, margin.shares) if n and known else np.nan
    rows.append(
        {
            **STANDARDISED,
            INDICATOR: name,
            GROUP: DIFFERENCE,
            ESTIMATE: whole,
            P_VALUE: p_value,
            N_UNITS: n,
            N_TOTAL: n,
            NOTE: p_note,
        }
    )
    return pd.DataFrame(rows)


def _keys(margin: Margin, category: str) -> dict[str, str]:
    """Return a class as tidy columns; several options together keep their own name."""
    for option in margin.question.options:
        if category in (option.code, option.in_class, option.nl, option.en):
            return entry_keys(margin.question, option)
    column = margin.question.dimension
    return {column: category, CATEGORY: ALL} if column else {CATEGORY: category}


def _random_draw_p_value(counts: FloatArray, population: FloatArray, seed: int) -> tuple[float, str]:
    """Compute the p-value of a random draw without replacement, with a note on how."""
    expected = counts.sum() * population / population.sum()
    used = expected > 0
    if not used.all() and counts[~used].sum() > 0:
        return 0.0, "respondents in a class that the population does not have"
    statistic = float(((counts[used] - expected[used]) ** 2 / expected[used]).sum())
    if expected[used].min() >= MIN_EXPECTED and population.sum() > counts.sum():
        correction = (population.sum() - counts.sum()) / (population.sum() - 1)
        return float(distributions.chi2.sf(statistic / correction, used.sum() - 1)), "p-value: chi-square"
    whole = np.round(population[used]).astype("int64")
    if whole.sum() < counts.sum():
        return np.nan, Reason.POPULATION_TOO_SMALL.note
    draws = np.random.default_rng(seed).multivariate_hypergeometric(whole, int(counts.sum()), size=N_DRAWS)
    drawn = ((draws - expected[used]) ** 2 / expected[used]).sum(axis=1)
    return float((1 + (drawn >= statistic * (1 - RTOL)).sum()) / (N_DRAWS + 1)), f"p-value: {N_DRAWS} random draws"

"""Intervals of shares: other programs, brute force, and coverage over every population."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as distributions
from statsmodels.stats.proportion import proportion_confint

from si_eval import survey as sv
from si_eval.errors import StudyError
from si_eval.survey.intervals import hypergeometric_interval, wilson_interval

INVITED = 280
ACTIVE = 600
SAME = 1e-12  # the same formula in another order of sums
PRINTED = 5e-4  # three decimals


MEASURED = [
    (wilson_interval, None, 0.467, 0.714),
    (wilson_interval, INVITED, 0.481, 0.703),
    (wilson_interval, ACTIVE, 0.473, 0.709),
    (hypergeometric_interval, None, 0.458, 0.724),
    (hypergeometric_interval, INVITED, 0.475, 0.711),
    (hypergeometric_interval, ACTIVE, 0.465, 0.718),
]


@pytest.mark.parametrize(("method", "population", "low", "high"), MEASURED)
def test_intervals_match_measured_figures(method, population, low, high):
    found = method([34], [57], population=population)
    np.testing.assert_allclose([found.low[0], found.high[0]], [low, high], atol=PRINTED)


def test_intervals_without_a_population_match_other_programs():
    count, n = np.array([0, 1, 20, 56, 57]), np.full(5, 57)
    wilson = proportion_confint(count, n, alpha=0.05, method="wilson")
    exact = np.transpose([distributions.binomtest(k, 57).proportion_ci(0.95, method="exact") for k in count])
    for method, (low, high) in ((wilson_interval, wilson), (hypergeometric_interval, exact)):
        np.testing.assert_allclose(method(count, n).low, low, atol=1e-9)
        np.testing.assert_allclose(method(count, n).high, high, atol=1e-9)
    nobody = hypergeometric_interval([0, 1], [0, 57])
    assert np.isnan([nobody.low[0], nobody.high[0]]).all()
    everyone = wilson_interval([3], [7], population=7)
    np.testing.assert_allclose([everyone.low[0], everyone.high[0]], 3 / 7, atol=SAME)


def test_the_exact_interval_matches_brute_force():
    for population, n, level in ((23, 9, 0.95), (40, 40, 0.9), (12, 1, 0.8)):
        units, tail = np.arange(population + 1), (1 - level) / 2
        for count in range(n + 1):
            above = distributions.hypergeom.sf(count - 1, population, units, n) > tail
            below = distributions.hypergeom.cdf(count, population, units, n) > tail
            held = units[above & below]
            found = hypergeometric_interval([count], [n], population=population, level=level)
            assert (found.low[0], found.high[0]) == (held.min() / population, held.max() / population)


def test_coverage_over_every_population_of_280():
    count, units = np.arange(58), np.arange(INVITED + 1)
    coverage = {}
    for method in (hypergeometric_interval, wilson_interval):
        found = method(count, np.full(58, 57), population=INVITED)
        covers = (found.low <= units[:, None] / INVITED + SAME) & (units[:, None] / INVITED <= found.high + SAME)
        coverage[method] = (distributions.hypergeom.pmf(count, INVITED, units[:, None], 57) * covers).sum(axis=1)
    assert coverage[hypergeometric_interval].min() >= 0.95
    assert coverage[hypergeometric_interval].mean() < 0.975
    found = wilson_interval(count, np.full(58, 57))
    covers = (found.low <= units[:, None] / INVITED + SAME) & (units[:, None] / INVITED <= found.high + SAME)
    plain = (distributions.hypergeom.pmf(count, INVITED, units[:, None], 57) * covers).sum(axis=1)
    measured = [(coverage[hypergeometric_interval], 0.958, 0.969), (coverage[wilson_interval], 0.938, 0.954)]
    for one, least, mean in [*measured, (plain, 0.963, 0.975)]:
        steps = one[28::14]  # shares of 10% to 100% by 5%: where the figures were measured
        np.testing.assert_allclose([steps.min(), steps.mean()], [least, mean], atol=PRINTED + SAME)
    inner = coverage[wilson_interval][28:-28]  # shares of 10% to 90%: nearer the ends it covers less
    assert inner.min() > 0.93
    assert inner.mean() == pytest.approx(0.95, abs=0.005)


def test_coverage_of_a_simulated_survey():
    rng = np.random.default_rng(4)
    drawn = rng.hypergeometric(120, 160, 57, size=4_000)
    found = hypergeometric_interval(drawn, np.full(4_000, 57), population=INVITED)
    held = (found.low <= 120 / 280) & (found.high >= 120 / 280)
    assert held.mean() >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 4_000)


def test_intervals_refuse_what_they_cannot_do(survey):
    for arguments, told in (
        ({"population": 40}, "expected a number of 57 or more"),
        ({"interval": "wald"}, "expected one of hypergeometric, wilson"),
        ({"base": "everyone"}, "expected one of asked, answered, known"),
        ({"level": 95}, "between 0 and 1"),
        ({"answers": "nets"}, "a question with nets"),
        ({"weights": pd.DataFrame({"respondent": [], "weight": []})}, "write interval='wilson'"),
    ):
        with pytest.raises(StudyError, match=told):
            sv.survey_frequencies(survey, question="Q16", **arguments)

"""Hidden bias in matched pairs and E-values: published figures and all sign assignments."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats as distributions

from si_eval.effects.sensitivity import e_value, e_value_of_difference, rosenbaum_bounds
from si_eval.errors import StudyError

EXACT = 1e-9  # the same formula in another form
# Lead in the blood of children of workers and of matched others: Morton et al. (1982), used by Rosenbaum (2002), ch. 4,
# and in the notes of a course (Wharton, Statistics 921, notes 16), which print V = 499 and the exact p-value below.
EXPOSED = [38, 23, 41, 18, 37, 36, 23, 62, 31, 34, 24, 14, 21, 17, 16, 20, 15, 10, 45, 39, 22, 35, 49, 48, 44, 35, 43]
EXPOSED += [39, 34, 13, 73, 25, 27]
OTHERS = [16, 18, 18, 24, 19, 11, 10, 15, 16, 18, 18, 13, 19, 10, 16, 16, 24, 13, 9, 14, 21, 19, 7, 18, 19, 12, 11]
OTHERS += [22, 25, 16, 13, 11, 13]
LEAD = np.array(EXPOSED, dtype=float) - np.array(OTHERS)
TWO_SIDED = 8.037e-07
NORMAL = 0.006  # a normal tail against the exact one at 150 pairs
SMALL = [
    np.array([3.0, -1.0, 2.5, 4.0, -0.5, 6.0]),
    np.array([2.0, 2.0, -2.0, 1.0, 0.0, 5.0, -1.0, 3.0]),  # ties and a pair without a difference
    np.array([-4.0, -3.0, 1.0]),
]


def test_without_hidden_bias_it_is_the_published_signed_rank_test():
    bounds = rosenbaum_bounds(LEAD, 1)
    assert 2 * bounds.p_high[0] == pytest.approx(TWO_SIDED, rel=1e-4)  # printed with four digits
    assert (bounds.n_pairs, bounds.n_zero, bounds.exact) == (33, 1, True)
    np.testing.assert_array_equal(bounds.p_low, bounds.p_high)


@pytest.mark.parametrize("differences", SMALL)
@pytest.mark.parametrize("gamma", [1.0, 1.5, 4.0])
def test_p_values_are_those_of_all_sign_assignments(differences, gamma):
    nonzero = differences[differences != 0]
    ranks = distributions.rankdata(np.abs(nonzero))
    observed = ranks[nonzero > 0].sum()
    signs = np.array(list(product([0, 1], repeat=nonzero.size)))
    extreme = signs @ ranks >= observed - EXACT

    def chance(up):
        return np.where(signs, up, 1 - up).prod(axis=1)[extreme].sum()

    bounds = rosenbaum_bounds(differences, gamma)
    assert bounds.p_high[0] == pytest.approx(chance(gamma / (1 + gamma)), abs=EXACT)
    assert bounds.p_low[0] == pytest.approx(chance(1 / (1 + gamma)), abs=EXACT)
    random = np.random.default_rng(23)
    for _ in range(50):
        within = random.uniform(1 / (1 + gamma), gamma / (1 + gamma), size=nonzero.size)
        assert bounds.p_low[0] - EXACT <= chance(within) <= bounds.p_high[0] + EXACT


@pytest.mark.parametrize("differences", [*SMALL, LEAD])
@pytest.mark.parametrize("gamma", [1.0, 2.0, 3.7])
def test_estimates_and_intervals_are_places_among_the_pairwise_means(differences, gamma):
    n = differences.size
    first, second = np.triu_indices(n)
    means = np.sort((differences[first] + differences[second]) / 2)[::-1]
    distribution = np.zeros(means.size + 1)
    distribution[0] = 1.0
    up = gamma / (1 + gamma)
    for rank in range(1, n + 1):
        distribution = (1 - up) * distribution + up * np.concatenate([np.zeros(rank), distribution[:-rank]])
    bounds = rosenbaum_bounds(differences, gamma)
    expected = gamma * means.size / (1 + gamma)
    middle = (means[int(np.floor(expected))] + means[int(np.ceil(expected)) - 1]) / 2
    assert bounds.estimate_low[0] == pytest.approx(middle, abs=EXACT)
    critical = next((k for k in range(means.size + 1) if distribution[k:].sum() <= 0.025), None)
    low = -np.inf if critical is None else means[critical - 1]
    assert bounds.low[0] == pytest.approx(low, abs=EXACT)
    mirrored = rosenbaum_bounds(-differences, gamma, alternative="less")
    assert bounds.high[0] == -mirrored.low[0]
    assert bounds.estimate_high[0] == -mirrored.estimate_low[0]
    assert bounds.p_high[0] == mirrored.p_high[0]


def test_bounds_widen_with_hidden_bias_and_hold_the_estimate_without():
    bounds = rosenbaum_bounds(LEAD, np.linspace(1, 6, 11))
    assert (np.diff(bounds.p_high) > 0).all()
    for low, high in ((bounds.estimate_low, bounds.estimate_high), (bounds.low, bounds.high)):
        assert (np.diff(low) <= 0).all()
        assert (np.diff(high) >= 0).all()


def test_large_numbers_of_pairs_get_the_normal_distribution():
    differences = np.random.default_rng(29).normal(0.3, 1, size=150)
    exact, normal = (rosenbaum_bounds(differences, [1, 1.5, 2], exact=choice) for choice in (True, False))
    np.testing.assert_allclose(normal.p_high, exact.p_high, rtol=0, atol=NORMAL)
    np.testing.assert_allclose(normal.low, exact.low, rtol=0, atol=0.05)  # a step between pairwise means
    assert rosenbaum_bounds(np.tile(differences, 2), 1.5).exact is False


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (([], 1), "differences"),
        (([0.0, 0.0], 1), "differences"),
        (([1.0, np.nan], 1), "differences"),
        (([1.0], 0.5), "gamma"),
        (([1.0], []), "gamma"),
    ],
)
def test_pairs_that_cannot_be_used_are_refused(arguments, name):
    with pytest.raises(StudyError, match=f"{name}: found .*; expected .*; "):
        rosenbaum_bounds(*arguments)
    with pytest.raises(StudyError, match="alternative"):
        rosenbaum_bounds([1.0], 1, alternative="two_sided")


def test_e_values_are_those_of_the_paper():
    assert e_value(2).estimate == pytest.approx(3.4142, abs=5e-5)  # printed digits
    assert e_value(3.9, low=1.8).estimate == pytest.approx(7.26, abs=5e-3)
    assert e_value(3.9, low=1.8).limit == pytest.approx(3.0, abs=5e-3)


def test_e_values_of_protection_mirror_and_stop_at_one():
    assert e_value(0.5, high=0.8).estimate == pytest.approx(e_value(2.0).estimate, abs=EXACT)
    assert e_value(0.5, high=0.8).limit == pytest.approx(e_value(1.25).estimate, abs=EXACT)
    assert e_value(1.5, low=0.9, high=2.5).limit == 1.0
    assert e_value(1.5).limit is None
    assert e_value(1.0, low=0.9, high=1.1) == (1.0, 1.0)


def test_the_e_value_of_a_difference_goes_by_the_risk_ratio():
    value = e_value_of_difference(-0.4, 0.1)
    assert value.estimate == pytest.approx(e_value(np.exp(0.91 * 0.4)).estimate, abs=EXACT)
    assert value.limit == pytest.approx(e_value(np.exp(0.91 * 0.4 - 1.78 * 0.1)).estimate, abs=5e-3)  # 1.78 is rounded
    assert e_value_of_difference(0.1, 0.1).limit == 1.0


@pytest.mark.parametrize("arguments", [(0.0,), (-1.0,), (np.inf,), (2.0, 2.5), (2.0, 1.0, 1.5), (2.0, -1.0)])
def test_ratios_that_are_none_are_refused(arguments):
    with pytest.raises(StudyError, match=r"found .*; expected .*; "):
        e_value(*arguments)

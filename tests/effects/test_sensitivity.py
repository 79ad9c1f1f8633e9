"""Sensitivity of effects: violations of parallel trends, hidden bias, power, and assignments drawn again."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from paths import REFERENCE
from scipy import linalg, optimize
from scipy import stats as distributions

from si_eval.effects.honest import (
    breakdown,
    relative_magnitude_bounds,
    relative_magnitudes,
    smoothness,
    smoothness_bounds,
)
from si_eval.effects.honest.event_study import check_event_study
from si_eval.effects.power import design_std_error, minimum_detectable_effect, power_of
from si_eval.effects.randomisation import randomisation_test
from si_eval.effects.sensitivity import e_value, e_value_of_difference, rosenbaum_bounds
from si_eval.errors import StudyError

EXAMPLE = REFERENCE / "data" / "ehec_event_study.csv"
FIRST = [1.0, 0.0]  # R's HonestDiD reports the first period after the reference unless told otherwise

# README of the R package HonestDiD, both tables ("Sensitivity analysis using ... restrictions").
SMOOTHNESS_IN_R = [
    (0.00, 0.0259, 0.0607),
    (0.01, 0.0132, 0.0787),
    (0.02, 0.00286, 0.0907),
    (0.03, -0.00714, 0.101),
    (0.04, -0.0171, 0.111),
    (0.05, -0.0271, 0.121),
]
RELATIVE_IN_R = [(0.5, 0.0240, 0.0672), (1.0, 0.0170, 0.0720), (1.5, 0.00824, 0.0797), (2.0, -0.000916, 0.0881)]
PRINTED = {"low": 2e-4, "high": 5e-4}  # R simulates its quantile; above 0.1 it prints three decimals
GRID_IN_R = 40 / 999  # standard errors from one value that R tries to the next; it reports the last that it accepts
IN_PRINT = 5e-5  # half a unit of the last digit of R's table
EXACT = 1e-9  # the same formula in another form
SEARCHED = 1e-5  # standard errors: a numerical search against a closed form
SHORTEST = 1e-7  # relative length that another optimiser may gain
DRAWS = 400
CHANCE = 3 * np.sqrt(0.05 * 0.95 / DRAWS)  # three standard errors of a simulated coverage of 95%


@pytest.fixture(scope="module")
def example():
    if not EXAMPLE.exists():
        pytest.skip("the reference data are not here")
    rows = np.genfromtxt(EXAMPLE, delimiter=",", skip_header=1)
    return rows[:, 1], rows[:, 2:], 5


def covariance_like(kind: str, size: int, seed: int = 3) -> np.ndarray:
    if kind == "independent":
        return np.eye(size)
    if kind == "shared reference":
        return np.eye(size) + 1
    factors = np.random.default_rng(seed).normal(size=(size, size))
    return factors @ factors.T / size + 0.1 * np.eye(size)


def worst_violation(bending: np.ndarray, target: np.ndarray, reference: int) -> tuple[float, np.ndarray]:
    """Find the violation with absolute bends of at most one that moves ``target`` most, by linear programming."""
    size = target.size
    outcome = optimize.linprog(
        -target,
        A_ub=np.vstack([bending, -bending]),
        b_ub=np.ones(2 * len(bending)),
        A_eq=np.eye(size)[[reference]],
        b_eq=[0.0],
        bounds=(None, None),
    )
    return -outcome.fun, np.delete(outcome.x, reference)


def best_estimator(estimates, covariance, pre, m, weights):
    """Give the centre's weights as the public function has them: its response to each estimate."""
    size = len(estimates)

    def centre(values):
        bounds = smoothness_bounds(values, covariance, pre, m=m, weights=weights)
        return (bounds.low[0] + bounds.high[0]) / 2

    return np.array([centre(row) for row in np.eye(size)])


# Violations of parallel trends: smoothness


def test_smoothness_bounds_are_those_of_the_published_example(example):
    published = np.array(SMOOTHNESS_IN_R)
    bounds = smoothness_bounds(*example, m=published[:, 0], weights=FIRST)
    np.testing.assert_allclose(bounds.low, published[:, 1], rtol=0, atol=PRINTED["low"])
    np.testing.assert_allclose(bounds.high, published[:, 2], rtol=0, atol=PRINTED["high"])


def test_the_average_is_the_default_and_is_not_the_published_one(example):
    average = smoothness_bounds(*example, m=0.02)
    np.testing.assert_array_equal(average.low, smoothness_bounds(*example, m=0.02, weights=[0.5, 0.5]).low)
    assert abs(average.low[0] - SMOOTHNESS_IN_R[2][1]) > PRINTED["low"]


@pytest.mark.parametrize("kind", ["independent", "shared reference", "any"])
@pytest.mark.parametrize(("pre", "post"), [(1, 1), (2, 3), (5, 2)])
def test_without_bends_the_interval_is_linear_extrapolation(kind, pre, post):
    size = pre + post
    covariance, estimates = covariance_like(kind, size), np.random.default_rng(5).normal(size=size)
    time = np.concatenate([np.arange(-pre, 0), np.arange(1, post + 1)]).astype(float)
    weights = np.concatenate([np.zeros(pre), np.full(post, 1 / post)])
    # Least variance among weights of the earlier periods that cancel a line through the reference period.
    system = np.block([[covariance[:pre, :pre], time[:pre, None]], [time[None, :pre], np.zeros((1, 1))]])
    known = np.append(-covariance[:pre] @ weights, -time @ weights)
    estimator = weights + np.append(np.linalg.solve(system, known)[:pre], np.zeros(post))
    half = distributions.norm.ppf(0.975) * np.sqrt(estimator @ covariance @ estimator)
    bounds = smoothness_bounds(estimates, covariance, pre, m=0)
    assert bounds.low[0] == pytest.approx(estimator @ estimates - half, abs=SEARCHED)
    assert bounds.high[0] == pytest.approx(estimator @ estimates + half, abs=SEARCHED)


@pytest.mark.parametrize("weights", [[1.0, 0.0, 0.0], [0.2, -0.5, 1.0], None])
def test_the_worst_bias_is_that_of_a_linear_program(weights):
    pre, post = 4, 3
    study = check_event_study(np.zeros(pre + post), covariance_like("any", pre + post), pre, weights)
    problem = smoothness._estimator_family(study)
    bends = np.array([0.3, -0.7, 0.2])
    whole = np.concatenate([problem.start + problem.directions @ bends, [0.0], study.weights])
    bending = np.diff(np.eye(pre + post + 1), n=2, axis=0)
    worst, _ = worst_violation(bending, whole, pre)
    assert problem.bias + np.abs(bends).sum() == pytest.approx(worst, abs=EXACT)


@pytest.mark.parametrize("kind", ["independent", "shared reference", "any"])
@pytest.mark.parametrize("m", [0.05, 0.5])
def test_no_other_estimator_has_a_shorter_interval(kind, m):
    pre, post = 4, 2
    covariance = covariance_like(kind, pre + post)
    problem = smoothness._estimator_family(check_event_study(np.zeros(pre + post), covariance, pre, None))

    def half_length(bends):
        spread = smoothness._std_error(problem, bends)
        bias = m * (problem.bias + np.abs(bends).sum())
        return spread * np.sqrt(distributions.ncx2.ppf(0.95, 1, (bias / spread) ** 2))

    bounds = smoothness_bounds(np.zeros(pre + post), covariance, pre, m=m)
    found = optimize.minimize(half_length, np.zeros(pre - 1), method="Powell", options={"xtol": 1e-9, "ftol": 1e-13})
    ours = (bounds.high[0] - bounds.low[0]) / 2
    assert ours <= found.fun * (1 + SHORTEST)
    assert ours == pytest.approx(found.fun, rel=1e-4)  # the other optimiser stops early at kinks


def test_smoothness_intervals_cover_under_the_worst_trend_and_not_more():
    pre, post, m = 3, 2, 0.4
    covariance = covariance_like("any", pre + post) / 4
    estimator = best_estimator(np.zeros(pre + post), covariance, pre, m, None)
    bending = np.diff(np.eye(pre + post + 1), n=2, axis=0)
    _, violation = worst_violation(bending, np.insert(estimator, pre, 0.0), pre)
    drawn = np.random.default_rng(11).multivariate_normal(m * violation, covariance, size=DRAWS)
    covered = [
        (b.low[0] <= 0) & (b.high[0] >= 0) for b in (smoothness_bounds(row, covariance, pre, m=m) for row in drawn)
    ]
    assert abs(np.mean(covered) - 0.95) < CHANCE


# Violations of parallel trends: relative magnitudes


def test_relative_bounds_are_those_of_the_published_example_up_to_its_grid(example):
    published = np.array(RELATIVE_IN_R)
    bounds = relative_magnitude_bounds(*example, m=published[:, 0], weights=FIRST)
    step = GRID_IN_R * bounds.std_error
    for inside in (published[:, 1] - bounds.low, bounds.high - published[:, 2]):
        assert (inside > -IN_PRINT).all(), "R's last accepted value lies within the set"
        assert (inside < step + IN_PRINT).all(), "and at most one step from its end"


@pytest.mark.parametrize("kind", ["independent", "shared reference", "any"])
def test_at_zero_the_set_is_the_usual_interval(kind):
    covariance, estimates = covariance_like(kind, 5), np.random.default_rng(7).normal(size=5)
    bounds = relative_magnitude_bounds(estimates, covariance, 3, m=0, level=0.9)
    half = distributions.norm.ppf(0.95) * bounds.std_error
    assert bounds.low[0] == pytest.approx(bounds.estimate - half, abs=SEARCHED * bounds.std_error)
    assert bounds.high[0] == pytest.approx(bounds.estimate + half, abs=SEARCHED * bounds.std_error)


@pytest.mark.parametrize("weights", [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.2, -0.5, 1.0], None])
def test_the_statistic_is_that_of_the_linear_program(weights):
    pre, post, m, place, sign = 2, 3, 0.7, 1, -1.0
    random = np.random.default_rng(13)
    estimates, covariance = random.normal(size=pre + post), covariance_like("any", pre + post)
    study = check_event_study(estimates, covariance, pre, weights)
    changes = np.diff(np.insert(np.eye(pre + post), pre, 0.0, axis=0), axis=0)
    worst = sign * changes[place]
    rows = np.vstack([changes[pre:] - m * worst, -changes[pre:] - m * worst])
    scale = np.sqrt(np.diag(rows @ covariance @ rows.T))
    moments = relative_magnitudes._moments(study, m, place, sign)
    for distance in (-2.0, -0.1, 0.3, 4.0):
        # Least eta such that some effects with this weighted sum leave every moment below eta standard deviations.
        program = optimize.linprog(
            np.append(1.0, np.zeros(post)),
            A_ub=np.column_stack([-scale, -rows[:, pre:]]),
            b_ub=-rows @ estimates,
            A_eq=np.append(0.0, study.weights)[None, :],
            b_eq=[study.estimate + distance],
            bounds=(None, None),
        )
        ours = (moments.directions @ np.array([-distance, moments.change])).max()
        assert ours == pytest.approx(program.fun, abs=EXACT)


def test_the_critical_value_is_that_of_a_simulation(example):
    moments = relative_magnitudes._moments(check_event_study(*example, FIRST), 2.0, 2, 1.0)
    drawn = np.random.default_rng(17).multivariate_normal(np.zeros(2), moments.covariance, size=200_000)
    exceeded = (
        (drawn @ moments.directions.T).max(axis=1) > relative_magnitudes._least_favourable_critical_value(moments, 0.05)
    ).mean()
    assert exceeded == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 200_000))  # three simulation errors


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_relative_sets_cover_under_the_worst_trend(direction):
    pre, post, m = 2, 2, 1.0
    covariance = covariance_like("any", pre + post) / 20
    steps = direction * np.array([0.1, 1.0, 1.0, 1.0])  # the largest change before, and as much in every period after
    violation = np.delete(np.insert(np.cumsum(steps), 0, 0.0) - steps[:pre].sum(), pre)
    drawn = np.random.default_rng(19).multivariate_normal(violation, covariance, size=DRAWS)
    covered, usual = [], []
    for row in drawn:
        bounds = relative_magnitude_bounds(row, covariance, pre, m=m)
        covered.append(bounds.low[0] <= 0 <= bounds.high[0])
        usual.append(abs(bounds.estimate) < 2 * bounds.std_error)
    assert np.mean(covered) > 0.95 - CHANCE
    assert np.mean(usual) < 0.5, "the trend must be one that the usual interval does not survive"


# Both


@pytest.mark.parametrize("method", [smoothness_bounds, relative_magnitude_bounds])
def test_bounds_grow_with_the_violation(example, method):
    bounds = method(*example, m=np.linspace(0, 3, 13))
    assert (np.diff(bounds.high - bounds.low) > 0).all()
    if method is relative_magnitude_bounds:
        assert (np.diff(bounds.low) < 0).all()
        assert (np.diff(bounds.high) > 0).all()


@pytest.mark.parametrize(("method", "unit"), [(smoothness_bounds, 1e6), (relative_magnitude_bounds, 1.0)])
def test_units_and_signs_go_through(example, method, unit):
    estimates, covariance, pre = example
    small = method(estimates, covariance, pre, m=[0.0, 0.5, 1.5])
    large = method(-1e6 * estimates, 1e12 * covariance, pre, m=unit * np.array([0.0, 0.5, 1.5]))
    close = SEARCHED * small.std_error
    np.testing.assert_allclose(-large.high / 1e6, small.low, rtol=0, atol=close)
    np.testing.assert_allclose(-large.low / 1e6, small.high, rtol=0, atol=close)


@pytest.mark.parametrize(
    ("restriction", "method", "published"),
    [("smoothness", smoothness_bounds, (0.02, 0.03)), ("relative", relative_magnitude_bounds, (1.5, 2.0))],
)
def test_the_breakdown_is_where_zero_comes_in(example, restriction, method, published):
    m = breakdown(*example, restriction=restriction, weights=FIRST)
    assert published[0] < m < published[1]
    bounds = method(*example, m=[m, 1.001 * m], weights=FIRST)
    assert bounds.low[0] > 0 >= bounds.low[1]


@pytest.mark.parametrize("restriction", ["smoothness", "relative"])
def test_what_holds_zero_from_the_start_breaks_at_zero(restriction):
    assert breakdown([0.1, 0.0, 0.1], np.eye(3), 2, restriction=restriction) == 0.0


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"estimates": [0.1, np.nan, 0.2]}, "estimates"),
        ({"estimates": [[0.1, 0.0, 0.2]]}, "estimates"),
        ({"covariance": np.eye(4)}, "covariance"),
        ({"covariance": np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])}, "covariance"),
        ({"covariance": np.diag([1.0, 0.0, 1.0])}, "covariance"),
        ({"covariance": np.ones((3, 3))}, "covariance: found a singular matrix"),
        ({"pre": 0}, "pre"),
        ({"pre": 3}, "pre"),
        ({"pre": 1.0}, "pre"),
        ({"weights": [1.0, 0.0]}, "weights"),
        ({"weights": [0.0]}, "weights"),
        ({"m": -0.1}, "m"),
        ({"m": []}, "m"),
        ({"level": 95}, "level"),
    ],
)
@pytest.mark.parametrize("method", [smoothness_bounds, relative_magnitude_bounds])
def test_what_cannot_be_bounded_is_refused(method, arguments, name):
    usual = {"estimates": [0.1, 0.0, 0.2], "covariance": np.eye(3), "pre": 2, "m": 1.0}
    with pytest.raises(StudyError, match=f"{name}.*; expected .*; "):
        method(**(usual | arguments))


def test_another_restriction_is_refused():
    with pytest.raises(StudyError, match="restriction: found 'sign'"):
        breakdown([0.1, 0.0, 0.2], np.eye(3), 2, restriction="sign")


def test_inputs_stay_as_they_are(example):
    estimates, covariance, pre = (np.array(part) if np.ndim(part) else part for part in example)
    for array in (estimates, covariance):
        array.flags.writeable = False
    smoothness_bounds(estimates, covariance, pre, m=0.02)
    relative_magnitude_bounds(estimates, covariance, pre, m=1)
    differences, treated = np.array([1.0, -2.0, 3.0]), np.array([True, False, False])
    for array in (differences, treated):
        array.flags.writeable = False
    rosenbaum_bounds(differences, 2)
    randomisation_test(lambda t: float(differences[t].mean()), treated)


# Hidden bias

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


# Power


def test_the_detectable_effect_has_a_closed_form():
    expected = 2.801585 * np.sqrt(1 / 494 + 1 / 2e6)
    assert minimum_detectable_effect(494, 2_000_000) == pytest.approx(expected, rel=1e-6)  # digits of the multiple
    assert minimum_detectable_effect(494, 2_000_000, sd=7.0) == pytest.approx(7 * expected, rel=1e-6)


@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_power_undoes_the_detectable_effect(power):
    design = {"icc": 0.1, "cluster_size": 4, "pre_periods": 2, "post_periods": 3, "autocorrelation": 0.6}
    effect = minimum_detectable_effect(50, 400, power=power, **design)
    assert power_of(effect, design_std_error(50, 400, **design)) == pytest.approx(power, abs=5e-5)  # wrong side
    assert power_of(0.0, 1.0, level=0.9) == pytest.approx(0.1, abs=EXACT)
    assert power_of(-effect, 1.0) == power_of(effect, 1.0)


@pytest.mark.parametrize(("pre", "post", "rho"), [(1, 1, 0.3), (2, 5, 0.5), (4, 2, 0.0)])
def test_periods_average_as_in_the_paper(pre, post, rho):
    variance = (1 / 30 + 1 / 60) * (1 - rho) * (1 / pre + 1 / post)
    design = {"pre_periods": pre, "post_periods": post}
    assert design_std_error(30, 60, autocorrelation=rho, **design) ** 2 == pytest.approx(variance, rel=EXACT)
    lags = np.full(pre + post - 1, rho)
    assert design_std_error(30, 60, autocorrelation=lags, **design) ** 2 == pytest.approx(variance, rel=EXACT)


def test_the_standard_error_is_that_of_simulated_clusters_with_memory():
    pre, post, lags, icc, size, clusters, draws = 2, 2, np.array([0.7, 0.5, 0.3]), 0.3, 5, 8, 4000
    random = np.random.default_rng(31)
    root = np.linalg.cholesky(linalg.toeplitz(np.insert(lags, 0, 1.0)))
    shared = np.sqrt(icc) * random.normal(size=(draws, 2, clusters, 1, 4))
    own = np.sqrt(1 - icc) * random.normal(size=(draws, 2, clusters, size, 4))
    outcome = (shared + own) @ root.T
    change = outcome[..., pre:].mean(axis=-1) - outcome[..., :pre].mean(axis=-1)
    difference = change[:, 0].mean(axis=(1, 2)) - change[:, 1].mean(axis=(1, 2))
    design = {"pre_periods": pre, "post_periods": post, "autocorrelation": lags, "icc": icc, "cluster_size": size}
    expected = design_std_error(clusters * size, clusters * size, **design)
    assert difference.std() == pytest.approx(
        expected, rel=3 / np.sqrt(2 * draws)
    )  # three errors of a simulated deviation


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"n_treated": 0}, "n_treated"),
        ({"n_controls": np.nan}, "n_controls"),
        ({"power": 0.2}, "power"),
        ({"level": 0.05}, "level"),
        ({"sd": 0.0}, "sd"),
        ({"icc": 1.5}, "icc"),
        ({"cluster_size": 0.5}, "cluster_size"),
        ({"pre_periods": -1}, "pre_periods"),
        ({"post_periods": 0}, "post_periods"),
        ({"post_periods": 1.5}, "post_periods"),
        ({"autocorrelation": 1.0, "pre_periods": 1}, "autocorrelation"),
        ({"autocorrelation": [0.1, 0.2, 0.3], "pre_periods": 1}, "autocorrelation"),
        ({"autocorrelation": -0.9, "pre_periods": 2}, "autocorrelation"),
    ],
)
def test_designs_that_do_not_exist_are_refused(arguments, name):
    with pytest.raises(StudyError, match=f"{name}: found .*; expected .*; "):
        minimum_detectable_effect(**({"n_treated": 10, "n_controls": 20} | arguments))


# Assignments drawn again

OUTCOME = np.array([4.1, 2.0, 5.5, 3.3, 0.7, 6.1, 2.9, 1.2])
TREATED = np.array([True, False, True, False, False, True, False, False])
STRATA = np.array(["a", "b", "a", "a", "b", "b", "b", "c"])  # nobody in c takes part


def difference(treated):
    return OUTCOME[treated].mean() - OUTCOME[~treated].mean()


def enumerated(strata) -> list[float]:
    """Try every set of participants and keep those with as many in each stratum."""
    values = []
    for chosen in combinations(range(OUTCOME.size), int(TREATED.sum())):
        treated = np.isin(np.arange(OUTCOME.size), chosen)
        if all(treated[strata == code].sum() == TREATED[strata == code].sum() for code in np.unique(strata)):
            values.append(difference(treated))
    return values


@pytest.mark.parametrize("strata", [None, STRATA])
def test_few_assignments_are_all_tried(strata):
    everything = np.array(enumerated(np.zeros(OUTCOME.size) if strata is None else strata))
    test = randomisation_test(difference, TREATED, strata=strata)
    assert test.exact
    np.testing.assert_allclose(np.sort(test.drawn), np.sort(everything), rtol=0, atol=EXACT)
    assert test.p_value == (np.abs(everything) >= abs(difference(TREATED)) - EXACT).mean()


def test_drawn_assignments_keep_strata_and_come_near_all_of_them():
    seen = []

    def record(treated):
        seen.append(treated)
        return difference(treated)

    drawn = randomisation_test(record, TREATED, strata=STRATA, draws=8, seed=1)
    assert not drawn.exact
    assert drawn.drawn.shape == (8,)
    for treated in seen:
        for code in np.unique(STRATA):
            assert (treated & (code == STRATA)).sum() == (TREATED & (code == STRATA)).sum()
    again = randomisation_test(difference, TREATED, strata=STRATA, draws=8, seed=1)
    np.testing.assert_array_equal(drawn.drawn, again.drawn)
    many = np.tile(TREATED, 3)
    values = np.tile(OUTCOME, 3)
    far = randomisation_test(lambda t: values[t].mean() - values[~t].mean(), many, draws=999)
    assert far.p_value == (1 + (np.abs(far.drawn) >= abs(far.statistic) * (1 - EXACT)).sum()) / 1000
    assert far.p_value > 0


def test_the_test_has_its_size():
    random = np.random.default_rng(37)
    rejected = []
    for draw in range(DRAWS):
        outcome, treated = random.normal(size=20), random.permutation(20) < 6
        statistic = outcome - outcome.mean()
        test = randomisation_test(lambda t, values=statistic: values[t].sum(), treated, draws=99, seed=draw)
        rejected.append(test.p_value <= 0.05)
    assert abs(np.mean(rejected) - 0.05) < CHANCE


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"treated": np.array([1.0, 0.0])}, "treated"),
        ({"treated": np.array([True, True])}, "strata: found no stratum"),
        ({"strata": np.array(["a", "b"])}, "strata: found no stratum"),
        ({"strata": np.array(["a"])}, "strata: found shape"),
        ({"draws": 0}, "draws"),
        ({"statistic": lambda treated: np.nan}, "statistic"),
    ],
)
def test_what_cannot_be_drawn_again_is_refused(arguments, name):
    usual = {"statistic": lambda treated: 1.0, "treated": np.array([True, False])}
    with pytest.raises(StudyError, match=f"{name}.*; expected .*; "):
        randomisation_test(**(usual | arguments))

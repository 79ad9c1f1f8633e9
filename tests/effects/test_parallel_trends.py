"""Violations of parallel trends: the published example of HonestDiD, linear programmes, coverage."""

from __future__ import annotations

import numpy as np
import pytest
from paths import REFERENCE
from scipy import optimize
from scipy import stats as distributions

from si_eval.effects.honest import (
    breakdown,
    relative_magnitude_bounds,
    relative_magnitudes,
    smoothness,
    smoothness_bounds,
)
from si_eval.effects.honest.event_study import check_event_study
from si_eval.effects.randomisation import randomisation_test
from si_eval.effects.sensitivity import rosenbaum_bounds
from si_eval.errors import StudyError

EXAMPLE = REFERENCE / "data" / "ehec_event_study.csv"
FIRST = [1.0, 0.0]  # R's HonestDiD reports the first period after the reference unless told otherwise
RELATIVE_IN_R = [(0.5, 0.0240, 0.0672), (1.0, 0.0170, 0.0720), (1.5, 0.00824, 0.0797), (2.0, -0.000916, 0.0881)]
PRINTED = {"low": 2e-4, "high": 5e-4}  # R simulates its quantile; above 0.1 it prints three decimals
GRID_IN_R = 40 / 999  # standard errors from one value that R tries to the next; it reports the last that it accepts
IN_PRINT = 5e-5  # half a unit of the last digit of R's table
EXACT = 1e-9  # the same formula in another form
SEARCHED = 1e-5  # standard errors: a numerical search against a closed form
SHORTEST = 1e-7  # relative length that another optimiser may gain
DRAWS = 400
CHANCE = 3 * np.sqrt(0.05 * 0.95 / DRAWS)  # three standard errors of a simulated coverage of 95%


# README of the R package HonestDiD, both tables ("Sensitivity analysis using ... restrictions").
SMOOTHNESS_IN_R = [
    (0.00, 0.0259, 0.0607),
    (0.01, 0.0132, 0.0787),
    (0.02, 0.00286, 0.0907),
    (0.03, -0.00714, 0.101),
    (0.04, -0.0171, 0.111),
    (0.05, -0.0271, 0.121),
]


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


def test_relative_sets_cover_under_the_worst_trend():
    pre, post, m = 2, 2, 1.0
    covariance = covariance_like("any", pre + post) / 20
    steps = np.array([0.1, 1.0, 1.0, 1.0])  # the largest change before, and as much in every period after
    violation = np.delete(np.insert(np.cumsum(steps), 0, 0.0) - steps[:pre].sum(), pre)
    drawn = np.random.default_rng(19).multivariate_normal(violation, covariance, size=DRAWS)
    drawn[::2] -= 2 * violation  # half of them with the trend in the other direction
    covered, usual = [], []
    for row in drawn:
        bounds = relative_magnitude_bounds(row, covariance, pre, m=m)
        covered.append(bounds.low[0] <= 0 <= bounds.high[0])
        usual.append(abs(bounds.estimate) < 2 * bounds.std_error)
    assert np.mean(covered) > 0.95 - CHANCE
    assert np.mean(usual) < 0.5, "the trend must be one that the usual interval does not survive"


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

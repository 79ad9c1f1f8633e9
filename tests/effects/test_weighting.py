"""Weights of controls: the primal problem, published figures, derivatives, Welch's test."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import optimize, special, stats

from si_eval.effects.balance import balance_table
from si_eval.effects.propensity import fit_logit
from si_eval.effects.weighting import (
    balanced_effect,
    entropy_balance,
    inverse_probability,
    weighted_effect,
)
from si_eval.errors import StudyError
from si_eval.vocabulary import Reason

SAME_MAXIMUM = 1e-8  # two Newton iterations for one likelihood
EXACT = 1e-10  # the same sums in another order
SAME_MINIMUM = 1e-6  # a general-purpose minimiser stops earlier than Newton's method
SMALL_SAMPLE = 0.02  # the correction for leverage of some five hundred units
SINGLE = 2e-3  # the figure was summed in single precision
PRINTED_THREE = 5e-4  # printed to three decimals
PRINTED_FOUR = 5e-5  # printed to four decimals
PRINTED_TWO = 5e-3  # printed to two decimals
PRINTED_ONE = 5e-2  # printed to one decimal
Sample = tuple[np.ndarray, np.ndarray, np.ndarray]  # covariates, who is treated, outcome
PRINTED = 0.005  # printed to two decimals
SAME_SUM = 1e-12  # the same additions


@pytest.mark.parametrize("moments", [1, 2])
def test_entropy_weights_are_those_of_the_primal(units: Callable[..., Sample], moments: int) -> None:
    x, treated, _ = units(11, n=40)
    target = np.column_stack([x**power for power in range(1, moments + 1)])[:, : moments * 2 - moments + 1]
    controls, aim = target[~treated], target[treated].mean(axis=0)
    primal = optimize.minimize(
        lambda w: np.sum(special.xlogy(w, w)),
        np.full(len(controls), 1 / len(controls)),
        jac=lambda w: np.log(np.maximum(w, 1e-300)) + 1,
        bounds=[(0, 1)] * len(controls),
        constraints=[{"type": "eq", "fun": lambda w: np.append(w @ controls - aim, w.sum() - 1)}],
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 1_000},
    )
    found = entropy_balance(x, treated, moments=moments)
    np.testing.assert_allclose(found.weights, primal.x, atol=SAME_MINIMUM)
    np.testing.assert_allclose(found.weights @ controls, aim, rtol=1e-7)


def test_entropy_weights_of_lalonde(lalonde: Sample) -> None:
    x, treated, outcome = lalonde
    weights = entropy_balance(x, treated)
    assert weights.largest_gap < 1e-6
    assert weights.effective_size == pytest.approx(98.458, abs=PRINTED_THREE)
    assert np.abs(weights.weights @ x[~treated] - x[treated].mean(axis=0)).max() < 1e-6
    assert weighted_effect(outcome, treated, weights).estimate == pytest.approx(1273.2618, abs=PRINTED_FOUR)
    after = balance_table(x, treated, None, weights.weights).after
    assert np.abs(after.difference).max() < 1e-8


def test_the_training_experiment_and_its_survey_controls(experiment: Sample, training_sample: Sample) -> None:
    x, treated, outcome = experiment
    plain = weighted_effect(outcome, treated, entropy_balance(x[:, :0], treated))
    assert plain.estimate == pytest.approx(1794.3433, abs=SINGLE)
    hc2 = sm.OLS(outcome, sm.add_constant(treated.astype(float))).fit(cov_type="HC2")
    assert plain.std_error == pytest.approx(hc2.bse[1], rel=EXACT)
    assert plain.std_error == pytest.approx(670.997, abs=PRINTED_THREE)

    x, treated, outcome = training_sample
    even = entropy_balance(x[:, :0], treated)
    assert even.effective_size == pytest.approx((~treated).sum())
    assert weighted_effect(outcome, treated, even).estimate == pytest.approx(-8497.516, abs=PRINTED_THREE)
    weights = entropy_balance(x, treated)
    assert weighted_effect(outcome, treated, weights).estimate == pytest.approx(1406.30, abs=PRINTED_TWO)
    assert weights.effective_size == pytest.approx(268.8, abs=PRINTED_ONE)


def entropy_estimate(x: np.ndarray, treated: np.ndarray, outcome: np.ndarray, count: np.ndarray) -> float:
    """The effect when unit i counts ``count[i]`` times."""
    aim = np.average(x[treated], axis=0, weights=count[treated])
    z, base = x[~treated] - aim, count[~treated]
    solved = optimize.root(lambda b: (base * np.exp(z @ b)) @ z / base.sum(), np.zeros(x.shape[1]), tol=1e-14)
    return float(
        np.average(outcome[treated], weights=count[treated])
        - np.average(outcome[~treated], weights=base * np.exp(z @ solved.x))
    )


def odds_estimate(x: np.ndarray, treated: np.ndarray, outcome: np.ndarray, count: np.ndarray) -> float:
    score = fit_logit(x, treated, weights=count).fitted
    odds = (count * score / (1 - score))[~treated]
    return float(np.average(outcome[treated], weights=count[treated]) - np.average(outcome[~treated], weights=odds))


@pytest.mark.parametrize("estimator", ["entropy", "odds"])
def test_the_influence_is_the_derivative_to_the_count_of_a_unit(units: Callable[..., Sample], estimator: str) -> None:
    """The sum of squares before the small-sample correction, by reweighting every unit a little."""
    x, treated, outcome = units(12, n=500)
    function = entropy_estimate if estimator == "entropy" else odds_estimate
    step, squares = 1e-3, 0.0
    for row in range(len(x)):
        up, down = np.ones(len(x)), np.ones(len(x))
        up[row], down[row] = 1 + step, 1 - step
        squares += ((function(x, treated, outcome, up) - function(x, treated, outcome, down)) / (2 * step)) ** 2
    if estimator == "entropy":
        weights = entropy_balance(x, treated)
    else:
        weights = inverse_probability(fit_logit(x, treated).fitted, treated, covariates=x)
    effect = weighted_effect(outcome, treated, weights)
    assert effect.estimate == pytest.approx(function(x, treated, outcome, np.ones(len(x))), abs=SAME_MAXIMUM)
    assert 1 < effect.std_error / np.sqrt(squares) < 1 + SMALL_SAMPLE


def test_hajek_weights_and_trimming(units: Callable[..., Sample]) -> None:
    x, treated, outcome = units(13)
    score = fit_logit(x, treated).fitted
    weights = inverse_probability(score, treated, trim=(0.1, 0.6))
    inside = (score >= 0.1) & (score <= 0.6)
    odds = (inside * score / (1 - score))[~treated]
    effect = weighted_effect(outcome, treated, weights)
    expected = outcome[treated & inside].mean() - np.average(outcome[~treated], weights=odds)
    assert effect.estimate == pytest.approx(expected, rel=EXACT)
    assert effect[2:] == ((treated & inside).sum(), (~treated & inside).sum())
    assert weights.effective_size == pytest.approx(odds.sum() ** 2 / np.sum(odds**2), rel=EXACT)


@pytest.mark.parametrize("way", ["entropy", "odds", "odds of a logit"])
def test_without_covariates_every_weight_gives_the_test_of_welch(units: Callable[..., Sample], way: str) -> None:
    _, treated, outcome = units(14)
    none, even = np.zeros((len(treated), 0)), np.full(len(treated), treated.mean())
    weights = {
        "entropy": lambda: entropy_balance(none, treated),
        "odds": lambda: inverse_probability(even, treated),
        "odds of a logit": lambda: inverse_probability(fit_logit(none, treated).fitted, treated, covariates=none),
    }[way]()
    effect = weighted_effect(outcome, treated, weights)
    welch = stats.ttest_ind(outcome[treated], outcome[~treated], equal_var=False)
    assert effect.estimate / effect.std_error == pytest.approx(welch.statistic, rel=EXACT)


def test_means_that_no_weights_reach(units: Callable[..., Sample]) -> None:
    x, treated, outcome = units(17)
    apart = np.column_stack([x, np.where(treated, 5.0, np.abs(x[:, 0]) % 1)])
    weights = entropy_balance(apart, treated)
    assert not weights.converged
    assert weights.reason is Reason.NO_BALANCING_WEIGHTS
    assert np.isnan(weights.weights).all()
    with pytest.raises(StudyError, match="outside"):
        weighted_effect(outcome, treated, weights)
    constant = entropy_balance(np.column_stack([x, np.full(len(x), 3.0)]), treated)
    np.testing.assert_allclose(constant.weights, entropy_balance(x, treated).weights, rtol=SAME_MINIMUM)


def test_entropy_weights_of_the_training_example(training_sample: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    covariates, treated, outcome = training_sample
    assert outcome[treated].mean() - outcome[~treated].mean() == pytest.approx(-8497.516, abs=PRINTED)
    weights = entropy_balance(covariates, treated)
    assert weights.converged
    assert weights.effective_size == pytest.approx(268.8, abs=PRINTED_ONE)
    assert weights.largest_gap < 1e-6
    assert weights.weights.sum() == pytest.approx(1, abs=SAME_SUM)
    effect = balanced_effect(outcome, covariates, treated, weights.weights)
    assert effect.estimate == pytest.approx(1406.30, abs=PRINTED)


def test_weights_that_cannot_be_are_not_given() -> None:
    covariates, treated = np.r_[np.zeros(20), np.ones(5)][:, None], np.arange(25) >= 20
    weights = entropy_balance(covariates, treated)
    assert not weights.converged
    assert np.isnan(weights.weights).all()
    assert weights.reason is Reason.NO_BALANCING_WEIGHTS


def test_groups_that_are_alike_keep_even_weights() -> None:
    x = np.tile(np.random.default_rng(1).normal(size=(30, 2)), (2, 1))
    weights = entropy_balance(x, np.arange(60) < 30)
    np.testing.assert_allclose(weights.weights, 1 / 30, atol=1e-7)

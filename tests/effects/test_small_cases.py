"""Small cases of comparisons, matching, weighting and balance: ties, one or two units, weights of nothing."""

from __future__ import annotations

import numpy as np
import pytest

from si_eval.effects.balance import balance_table
from si_eval.effects.by_class import class_of
from si_eval.effects.group_time import group_time_effects
from si_eval.effects.matching import match_nearest, matched_effect
from si_eval.effects.panel_arrays import PanelArrays
from si_eval.effects.propensity import fit_logit
from si_eval.effects.small_sample import count_members
from si_eval.effects.two_by_two import has_counterpart, two_by_two
from si_eval.effects.weighting import balanced_effect, entropy_balance, inverse_probability
from si_eval.errors import StudyError
from si_eval.vocabulary import Reason

SAME = 1e-10  # relative: the same sums in another order


@pytest.mark.parametrize("replace", [True, False])
def test_each_of_several_equal_controls_is_drawn_sometimes(replace: bool) -> None:
    score, treated = np.array([0.5, 0.3, 0.3, 0.3, 0.3, 0.9]), np.arange(6) < 1
    seeds = range(60)
    drawn = {int(match_nearest(score, treated, replace=replace, seed=seed).control[0]) for seed in seeds}
    assert drawn == {1, 2, 3, 4}  # a seed misses one of four with chance 0.75: all 60 do with 3e-8
    assert {int(match_nearest(score, treated, replace=replace, seed=None).control[0]) for _ in seeds} == {1}


def test_two_pairs_have_an_error_and_one_pair_has_none() -> None:
    score, change = np.array([0.2, 0.8, 0.3, 0.9]), np.array([5.0, 7.0, 1.0, 6.0])
    both = np.array([True, True, False, False])
    effect = matched_effect(match_nearest(score, both, replace=False), change, score, both)
    assert (effect.estimate, effect.n_treated, effect.n_controls) == (2.5, 2, 2)
    assert effect.std_error == pytest.approx(1.5, rel=SAME)  # gaps of 4 and 1: a standard deviation of 3 / root 2
    one = np.array([True, False, False, False])
    effect = matched_effect(match_nearest(score, one, replace=False), change, score, one)
    assert (effect.estimate, effect.n_treated) == (4.0, 1)
    assert np.isnan(effect.std_error)


def test_weights_by_the_odds_tell_their_largest_imbalance() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(80, 2)) * [1.0, 30.0]
    treated = rng.random(80) < 1 / (1 + np.exp(-x[:, 0]))
    assert np.isnan(inverse_probability(np.full(80, 0.5), treated).largest_gap)
    weights = inverse_probability(fit_logit(x, treated).fitted, treated, covariates=x)
    apart = (weights.weights @ x[~treated] - x[treated].mean(axis=0)) / x[treated].std(axis=0)
    assert np.abs(apart).min() < np.abs(apart).max()
    assert weights.largest_gap == pytest.approx(np.abs(apart).max(), rel=SAME)


def test_an_effect_with_balanced_controls_counts_both_sides() -> None:
    rng = np.random.default_rng(2)
    x, treated = rng.normal(size=(60, 1)), np.arange(60) < 20
    weights = entropy_balance(x, treated)
    change = rng.normal(size=60)
    effect = balanced_effect(change, x, treated, weights.weights)
    assert (effect.n_treated, effect.n_controls) == (20, 40)
    assert effect.estimate == pytest.approx(change[treated].mean() - weights.weights @ change[~treated], rel=SAME)
    with pytest.raises(StudyError, match="outcome_change: found 1 missing"):
        balanced_effect(np.where(np.arange(60) == 3, np.nan, change), x, treated, weights.weights)


def test_weights_of_nothing_are_refused_and_a_constant_has_no_ratio_of_variances() -> None:
    x, treated = np.array([[1.0], [2.0], [4.0], [3.0], [3.0], [3.0]]), np.arange(6) < 3
    table = balance_table(x, treated)
    assert np.isnan(table.before.variance_ratio).all()
    assert table.before.difference == pytest.approx([(7 / 3 - 3) / np.std([1, 2, 4], ddof=1)], rel=SAME)
    for weights in (np.zeros(3), np.array([1.0, -1.0, 2.0]), np.array([1.0, np.inf, 1.0]), np.ones(2)):
        with pytest.raises(StudyError, match="weights_controls: found"):
            balance_table(x, treated, None, weights)
    with pytest.raises(StudyError, match="covariates: found 1 missing"):
        balance_table(np.where(x == 4.0, np.nan, x), treated)


@pytest.mark.parametrize(("fewest", "estimated"), [(1, True), (4, True), (5, False)])
@pytest.mark.parametrize("sizes", [(4, 9), (9, 4)])
def test_a_cell_is_estimated_from_the_fewest_units_on(sizes: tuple, fewest: int, estimated: bool) -> None:
    cohort = np.repeat([2, 0], sizes)
    outcome = np.random.default_rng(3).normal(size=(13, 2))
    effects = group_time_effects(outcome, cohort, (1, 2), min_units=fewest)
    assert np.isfinite(effects.att).tolist() == [estimated]
    assert effects.reason == (None if estimated else Reason.TOO_FEW_UNITS,)


def test_sides_that_count_for_nothing_have_no_effect() -> None:
    treated, rng = np.arange(12) < 5, np.random.default_rng(4)
    before, after = rng.normal(size=(2, 12))
    for nothing, reason in ((treated, Reason.NO_TREATED_LEFT), (~treated, Reason.NO_CONTROLS_LEFT)):
        cell = two_by_two(before, after, treated, weights=np.where(nothing, 0.0, 1.0))
        assert (cell.reason, np.isnan(cell.att)) == (reason, True)


@pytest.mark.parametrize("seed", range(5))
def test_who_has_no_counterpart_differs_in_a_category_that_all_treated_share(seed: int) -> None:
    rng = np.random.default_rng(seed)
    design, treated = rng.integers(0, 2, (20, 5)).astype(float), np.arange(20) < 2
    design[:, 4] = rng.integers(0, 3, 20)  # no yes or no: never a reason
    shared = [column for column in range(4) if design[0, column] == design[1, column]]
    expected = [all(row[column] == design[0, column] for column in shared) for row in design]
    assert has_counterpart(design, treated).tolist() == expected


def test_weights_add_up_by_cluster_and_one_of_nothing_has_no_say() -> None:
    cluster, cohort = np.array([0, 0, 1, 2, 2, 3]), np.array([5, 0, 5, 7, 0, 0])
    weights = np.array([1.0, 2.0, 3.0, 0.0, 4.0, 5.0])
    members = count_members(cluster, cohort, np.array([5, 7]), weights)
    np.testing.assert_array_equal(members.units, [[1, 0, 2], [3, 0, 0], [0, 0, 4], [0, 0, 5]])
    np.testing.assert_array_equal(members.multiplicity, np.ones(4))
    assert np.isfinite(members.dof(np.array([1.0, 0.0, -1.0])))


def test_numbers_that_are_a_covariate_too_are_classes_by_their_first_value() -> None:
    arrays = PanelArrays(
        ids=np.arange(3), outcome=np.zeros((3, 2)), cohort=np.zeros(3, dtype=int), years=(1, 2), cluster=None,
        covariates={"project": np.array([[7.0, 2.0], [np.nan, 2.0], [np.nan, np.nan]])}, labels={},
    )  # fmt: skip
    code, names = class_of(arrays, "project")
    assert names == ("2", "7")
    assert code.tolist() == [1, 0, -1]

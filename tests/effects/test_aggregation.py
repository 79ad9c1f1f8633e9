"""Averages of group-time effects: choices of events, test of trends, simultaneous bounds, coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from si_eval.effects.aggregation import (
    Largest,
    aggregate_effects,
    draw_largest,
    pre_trend_test,
    simultaneous_critical_value,
)
from si_eval.effects.group_time import GroupTimeEffects, group_time_effects
from si_eval.errors import StudyError
from si_eval.vocabulary import Reason

SAME_FORMULA = 1e-10  # the same closed form: only the order of additions differs
LEVEL = 0.95
YEARS = (2010, 2012, 2013, 2014, 2016)  # with gaps: the base is the last year that is observed


def frozen(*arrays: np.ndarray) -> list[np.ndarray]:
    """Arrays that raise when somebody writes in them."""
    for array in arrays:
        array.flags.writeable = False
    return list(arrays)


def staggered_panel(seed: int, n: int = 300, missing: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    cohort = generator.choice([0, 2010, 2013, 2014, 2015, 2018], size=n, p=[0.3, 0.1, 0.2, 0.2, 0.1, 0.1])
    outcome = generator.normal(size=(n, 1)) + generator.normal(size=(n, len(YEARS))).cumsum(axis=1)
    outcome += np.where(cohort > 0, np.maximum(np.array(YEARS)[:, None] - cohort + 1, 0), 0).T
    outcome[generator.random(outcome.shape) < missing] = np.nan
    return tuple(frozen(outcome, cohort))


def test_balanced_events_are_those_of_the_cohorts_that_are_seen_so_long() -> None:
    outcome, cohort = staggered_panel(41)

    def effects_of(units: np.ndarray) -> GroupTimeEffects:
        return group_time_effects(outcome[units], cohort[units], YEARS)

    balanced = aggregate_effects(effects_of(np.ones(300, dtype=bool)), "event", balance_event=2)
    expected = aggregate_effects(effects_of(cohort != 2015), "event", max_event=2)  # 2015 is seen one year on only
    np.testing.assert_array_equal(balanced.parts, expected.parts)
    np.testing.assert_allclose(balanced.att, expected.att, atol=SAME_FORMULA)
    np.testing.assert_allclose(balanced.std_error, expected.std_error, atol=SAME_FORMULA)
    assert balanced.overall == pytest.approx(expected.overall, abs=SAME_FORMULA)
    assert balanced.overall_std_error == pytest.approx(expected.overall_std_error, abs=SAME_FORMULA)


def test_events_that_are_asked_for_are_the_same_ones_and_alone_in_the_mean() -> None:
    outcome, cohort = staggered_panel(42)
    effects = group_time_effects(outcome, cohort, YEARS)
    every, some = aggregate_effects(effects, "event"), aggregate_effects(effects, "event", min_event=-1, max_event=1)
    kept = (every.parts >= -1) & (every.parts <= 1)
    np.testing.assert_array_equal(some.parts, every.parts[kept])
    np.testing.assert_allclose(some.covariance, every.covariance[np.ix_(kept, kept)], atol=SAME_FORMULA)
    after = kept & (every.parts >= 0)
    assert some.overall == pytest.approx(every.att[after].mean(), abs=SAME_FORMULA)
    error = np.sqrt(every.covariance[np.ix_(after, after)].sum()) / after.sum()
    assert some.overall_std_error == pytest.approx(error, abs=SAME_FORMULA)


def test_choices_that_leave_nothing_or_make_no_sense_are_refused() -> None:
    outcome, cohort = staggered_panel(43)
    effects = group_time_effects(outcome, cohort, YEARS)
    with pytest.raises(StudyError, match="choice of events"):
        aggregate_effects(effects, "simple", max_event=1)
    with pytest.raises(StudyError, match="none from treatment on"):
        aggregate_effects(effects, "event", max_event=-1)
    few = group_time_effects(outcome, cohort, YEARS, min_units=1_000)
    with pytest.raises(StudyError, match="too few firms"):
        aggregate_effects(few, "simple")


def test_the_test_of_trends_is_a_wald_test_and_refuses_a_singular_covariance() -> None:
    outcome, cohort = staggered_panel(44)
    effects = group_time_effects(outcome, cohort, YEARS)
    before = effects.period < effects.cohort
    att, covariance = effects.att[before], effects.covariance[: len(before), : len(before)][np.ix_(before, before)]
    test = pre_trend_test(effects)
    assert test.statistic == pytest.approx(att @ np.linalg.inv(covariance) @ att, rel=1e-8)  # two ways to solve
    assert test.dof == before.sum()
    few_clusters = group_time_effects(outcome, cohort, YEARS, cluster=np.arange(300) % 3)
    constant = group_time_effects(np.zeros_like(outcome), cohort, YEARS)
    for refused in (few_clusters, constant):
        assert pre_trend_test(refused).reason is Reason.SINGULAR_COVARIANCE
        assert np.isnan(pre_trend_test(refused).p_value)
    first_years = group_time_effects(outcome[:, :2], np.where(cohort > 2010, 2012, cohort), YEARS[:2])
    assert pre_trend_test(first_years).reason is Reason.NO_PRE_PERIODS


def test_simultaneous_bounds_of_one_are_normal_and_of_many_hold_together() -> None:
    assert simultaneous_critical_value(np.array([[4.0]]), LEVEL) == pytest.approx(1.959963984540054, abs=SAME_FORMULA)
    generator = np.random.default_rng(45)
    root = generator.normal(size=(6, 4)) * [1, 5, 0.1, 2]
    covariance = np.pad(root @ root.T, (0, 1))  # of rank four, and one part without variance
    quantile = simultaneous_critical_value(covariance, LEVEL, seed=1)
    assert quantile == simultaneous_critical_value(covariance, LEVEL, seed=1)
    assert quantile == pytest.approx(simultaneous_critical_value(covariance * 1e6, LEVEL, seed=1), abs=1e-8)
    errors = np.sqrt(np.diag(covariance))[:-1]
    drawn = np.abs(generator.normal(size=(40_000, 4)) @ root.T / errors).max(axis=1)
    assert (drawn <= quantile).mean() == pytest.approx(LEVEL, abs=0.007)  # four standard errors of the two simulations
    with pytest.raises(StudyError, match="level"):
        simultaneous_critical_value(covariance, 95)


def test_intervals_hold_with_holdings_that_move_together() -> None:
    """Firms of a holding share shocks and entry: clustered intervals cover, those by firm do not; controls not yet."""
    draws, few, covered, too_narrow, together = 300, 100, 0, 0, 0
    for seed in range(draws):
        generator = np.random.default_rng(seed)
        holding = np.repeat(np.arange(150), 4)
        cohort = generator.choice([0, 2, 3, 4], size=150, p=[0.4, 0.2, 0.2, 0.2])[holding]
        since = np.arange(5) - cohort[:, None]
        truth = np.where((cohort[:, None] > 0) & (since >= 0), 1.0 + since, 0.0)
        outcome = truth + generator.normal(size=(150, 5))[holding] + generator.normal(size=(600, 5))
        clustered = aggregate_effects(
            group_time_effects(outcome, cohort, range(5), controls="not_yet", cluster=holding), "event"
        )
        covered += abs(clustered.overall - 2.0) < 1.96 * clustered.overall_std_error
        if seed < few:
            alone = aggregate_effects(group_time_effects(outcome, cohort, range(5), controls="not_yet"), "event")
            too_narrow += abs(alone.overall - 2.0) < 1.96 * alone.overall_std_error
        planted = np.where(clustered.parts >= 0, 1.0 + clustered.parts, 0.0)
        wide = simultaneous_critical_value(clustered.covariance, LEVEL, draws=4_000)
        together += np.all(np.abs(clustered.att - planted) < wide * clustered.std_error)
    assert 0.91 <= covered / draws <= 0.98  # 0.95 within three Monte Carlo standard errors
    assert 0.90 <= together / draws <= 0.98  # the same, all at once, with 150 clusters
    assert too_narrow / few < 0.85


def draw(seed: int, units: int = 400, effect: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three cohorts and never-treated, five periods; effects differ by cohort and grow; a covariate bends the trend."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=units)
    cohort = generator.choice([0, 2, 3, 4], size=units, p=[0.4, 0.2, 0.2, 0.2])
    cohort = np.where(
        x + generator.logistic(size=units) > 1.0, cohort, np.where(generator.random(units) < 0.4, cohort, 0)
    )
    periods = np.arange(5)
    since = periods[None, :] - cohort[:, None]
    gain = np.where((cohort[:, None] > 0) & (since >= 0), effect * (1 + since) * (5 - cohort[:, None]) / 2, 0.0)
    noise = generator.normal(size=(units, 5))
    return generator.normal(size=(units, 1)) + 0.5 * x[:, None] * periods + gain + noise, cohort, x[:, None]


def test_intervals_cover_and_the_test_of_trends_keeps_its_size() -> None:
    """Planted truth: selection on a covariate that bends trends. Two-way fixed effects are far off on the same data."""
    draws, covered, refused, estimates, two_way = 300, 0, 0, [], []
    truth = None
    for seed in range(draws):
        outcome, cohort, x = draw(1_000 + seed)
        effects = group_time_effects(outcome, cohort, range(5), covariates=lambda place, x=x: x)
        simple = aggregate_effects(effects, "event")
        # mean over events of the planted effects, weighted by the cohorts' shares in the population
        planted = {2: [1.5, 3.0, 4.5], 3: [1.0, 2.0], 4: [0.5]}
        truth = np.mean([np.mean([planted[g][e] for g in planted if e < len(planted[g])]) for e in range(3)])
        estimates.append(simple.overall)
        covered += abs(simple.overall - truth) < 1.96 * simple.overall_std_error
        refused += pre_trend_test(effects).p_value < 0.05
        treated = (np.arange(5) >= cohort[:, None]) & (cohort[:, None] > 0)
        demeaned = [part - part.mean(1, keepdims=True) - part.mean(0) + part.mean() for part in (outcome, treated)]
        two_way.append((demeaned[0] * demeaned[1]).sum() / (demeaned[1] ** 2).sum())
    error = np.std(estimates) / np.sqrt(draws)
    assert abs(np.mean(estimates) - truth) < 4 * error  # four Monte Carlo standard errors
    assert abs(np.mean(two_way) - truth) > 20 * error
    assert 0.92 <= covered / draws <= 0.98  # 0.95 within about 2.5 Monte Carlo standard errors
    assert refused / draws <= 0.09  # 0.05 and three of them


def test_simultaneous_bounds_collapse_and_hold() -> None:
    assert simultaneous_critical_value(np.eye(1), 0.95) == pytest.approx(1.96, abs=0.03)  # simulated: 20 000 draws
    wide = simultaneous_critical_value(np.eye(8), 0.95)
    assert wide == pytest.approx(2.73, abs=0.04)  # independent parts: the root of 0.95 to the 8th
    same = np.ones((3, 3))
    assert simultaneous_critical_value(same, 0.95) == pytest.approx(1.96, abs=0.03)


def test_a_simulated_p_value_counts_the_draws_beyond_and_one_more():
    largest = Largest(np.array([0.5, 1.0, 1.5, 2.0]))
    assert [largest.p_value(one) for one in (0.1, -1.2, 2.0, 2.5)] == [1.0, 0.6, 0.4, 0.2]
    assert np.isnan(largest.p_value(np.nan))
    assert largest.quantile(0.5) == 1.25


def test_an_estimate_without_variance_takes_no_part_and_one_alone_has_students_quantile():
    alone = np.diag([0.0, 4.0])
    assert simultaneous_critical_value(alone, LEVEL, dof=5) == pytest.approx(stats.t.ppf(0.5 + LEVEL / 2, 5))
    pair = draw_largest(np.diag([0.0, 4.0, 9.0]), seed=3, draws=50)
    np.testing.assert_array_equal(pair.values, draw_largest(np.eye(2), seed=3, draws=50).values)
    assert not draw_largest(np.zeros((2, 2)), draws=5).values.any()


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5])
def test_a_level_is_inside_its_bounds(level):
    with pytest.raises(StudyError, match="expected a number between 0 and 1"):
        simultaneous_critical_value(np.eye(2), level)

"""Effects by cohort and period: by hand, clusters, anticipation, gaps, misuse."""

from __future__ import annotations

import numpy as np
import pytest

from si_eval.effects import propensity
from si_eval.effects.aggregation import aggregate_effects, pre_trend_test
from si_eval.effects.group_time import group_time_effects
from si_eval.effects.two_by_two import two_by_two
from si_eval.errors import StudyError
from si_eval.vocabulary import Reason

SAME_FORMULA = 1e-10  # the same closed form: only the order of additions differs
METHODS = ["dr", "ipw", "reg"]
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


def cell_by_hand(
    outcome: np.ndarray, cohort: np.ndarray, first: int, year: int, controls: str, anticipation: int, base: str
) -> tuple[float, float, int, int]:
    """Loop over units: difference of the mean changes, its standard error, and the units of both groups."""
    before = [y for y in YEARS if y < first - anticipation]
    since = before[-1]
    if year < first - anticipation and base == "varying":
        since = YEARS[YEARS.index(year) - 1]
    ours, theirs = [], []
    for unit, start in enumerate(cohort):
        change = outcome[unit, YEARS.index(year)] - outcome[unit, YEARS.index(since)]
        if np.isnan(change):
            continue
        if start == first:
            ours.append(change)
        elif start == 0 or (controls == "not_yet" and start > max(year, since) + anticipation):
            theirs.append(change)
    if min(len(ours), len(theirs)) < 2:
        return np.nan, np.nan, len(ours), len(theirs)
    error = np.sqrt(np.var(ours) / len(ours) + np.var(theirs) / len(theirs))
    return float(np.mean(ours) - np.mean(theirs)), float(error), len(ours), len(theirs)


@pytest.mark.parametrize("base", ["varying", "universal"])
@pytest.mark.parametrize("anticipation", [0, 1, 2])
@pytest.mark.parametrize("controls", ["never", "not_yet"])
def test_every_cell_by_hand(controls: str, anticipation: int, base: str) -> None:
    outcome, cohort = staggered_panel(31, missing=0.15)
    effects = group_time_effects(outcome, cohort, YEARS, controls=controls, anticipation=anticipation, base=base)
    # the year before is the base of itself: no cell
    pairs = {(first, year) for first in effects.cohorts for year in YEARS[1 if base == "varying" else 0 :]}
    last_before = {(g, max(y for y in YEARS if y < g - anticipation)) for g in effects.cohorts}
    got = set(zip(effects.cohort, effects.period, strict=True))
    assert got == (pairs - last_before if base == "universal" else pairs)
    assert set(effects.cohorts) == {2013, 2014, 2015}
    for place, (first, year) in enumerate(zip(effects.cohort, effects.period, strict=True)):
        expected = cell_by_hand(outcome, cohort, first, year, controls, anticipation, base)
        found = effects.att[place], effects.std_error[place], effects.n_treated[place], effects.n_controls[place]
        np.testing.assert_allclose(found, expected, atol=SAME_FORMULA)
        assert (effects.reason[place] is None) == np.isfinite(expected[0])


def test_units_that_are_left_out_are_counted_by_reason() -> None:
    outcome, cohort = (given.copy() for given in staggered_panel(32))
    everybody = group_time_effects(outcome, cohort, YEARS)
    late, at_once = int((cohort == 2018).sum()), int((cohort == 2010).sum())
    assert everybody.dropped == {Reason.TREATED_FROM_START: at_once, Reason.TREATED_AFTER_END: late}
    assert everybody.dropped_never == {}
    assert group_time_effects(outcome, cohort, YEARS, controls="not_yet").dropped == {
        Reason.TREATED_FROM_START: at_once
    }
    some, others = np.flatnonzero(cohort == 2013)[:3], np.flatnonzero(cohort == 0)[:5]
    outcome[some, 1:] = np.nan
    outcome[others[:1], 1:] = np.nan
    outcome[others[1:], 2] = np.nan
    effects = group_time_effects(outcome, cohort, YEARS, balanced=True)
    assert effects.dropped == {
        Reason.TREATED_FROM_START: at_once,
        Reason.TREATED_AFTER_END: late,
        Reason.FEWER_THAN_TWO_YEARS: 3,
    }
    assert effects.dropped_never == {Reason.FEWER_THAN_TWO_YEARS: 1, Reason.NOT_EVERY_YEAR: 4}


@pytest.mark.parametrize("method", METHODS)
def test_gaps_in_covariates_keep_units_out_of_that_cell_and_are_counted(method: str) -> None:
    outcome, cohort = staggered_panel(33, missing=0.1)
    x = np.random.default_rng(33).normal(size=(len(cohort), len(YEARS)))
    x[np.random.default_rng(34).random(x.shape) < 0.1] = np.nan
    effects = group_time_effects(outcome, cohort, YEARS, covariates=lambda place: x[:, [place]], method=method)
    assert effects.n_incomplete.min() > 0
    for place, (first, year) in enumerate(zip(effects.cohort, effects.period, strict=True)):
        at = YEARS.index(year)
        base = max(i for i, y in enumerate(YEARS) if y < first) if year >= first else at - 1
        observed = ((cohort == 0) | (cohort == first)) & np.isfinite(outcome[:, at] - outcome[:, base])
        member = observed & np.isfinite(x[:, base])  # the year of the base, never a later one
        assert effects.n_incomplete[place] == (observed & ~member).sum()
        cell = two_by_two(
            outcome[member, base], outcome[member, at], cohort[member] == first, x[member][:, [base]], method=method
        )
        assert effects.att[place] == pytest.approx(cell.att, abs=SAME_FORMULA)
        assert effects.std_error[place] == pytest.approx(cell.std_error, abs=SAME_FORMULA)


def test_clusters_add_up_the_influence_of_their_units() -> None:
    generator = np.random.default_rng(35)
    outcome, cohort = generator.normal(size=(80, 2)), np.repeat([0, 2], 40)
    cluster = generator.integers(0, 25, 80) * 17 - 100  # any codes; clusters with units of both groups
    effects = group_time_effects(outcome, cohort, [1, 2], cluster=cluster)
    change = outcome[:, 1] - outcome[:, 0]
    errors = np.where(cohort > 0, change - change[40:].mean(), change[:40].mean() - change) / 40
    by_hand = np.sqrt(sum(errors[cluster == one].sum() ** 2 for one in np.unique(cluster)))
    assert effects.std_error[0] == pytest.approx(by_hand, abs=SAME_FORMULA)
    assert effects.clusters == len(np.unique(cluster))


def test_order_of_rows_and_names_of_clusters_do_not_matter() -> None:
    outcome, cohort = staggered_panel(36, missing=0.1)
    generator = np.random.default_rng(36)
    x, cluster = generator.normal(size=(300, 2)), generator.integers(0, 60, 300)
    order, names = generator.permutation(300), generator.permutation(60)
    one = group_time_effects(outcome, cohort, YEARS, covariates=lambda _: x, cluster=cluster, controls="not_yet")
    two = group_time_effects(
        outcome[order], cohort[order], YEARS, covariates=lambda _: x[order], cluster=names[cluster[order]],
        controls="not_yet",
    )  # fmt: skip
    np.testing.assert_allclose(one.att, two.att, atol=1e-8)  # Newton steps in another order of additions
    np.testing.assert_allclose(one.covariance, two.covariance, atol=1e-8)


def test_what_anticipates_treatment_is_an_effect_and_not_a_trend() -> None:
    """An effect of one from two years ahead on. R's `did` had it vanish from the second of these years (issue #276)."""
    generator = np.random.default_rng(37)
    cohort = generator.choice([0, 6], size=4_000)
    years = np.arange(1, 8)
    outcome = generator.normal(size=(4_000, 7)) + ((years >= 4) & (cohort[:, None] > 0))
    told = group_time_effects(outcome, cohort, years, anticipation=2)
    np.testing.assert_allclose(told.att[told.period >= 4], 1.0, atol=4 * told.std_error.max())
    assert list(told.period[told.before]) == [2, 3]
    assert pre_trend_test(told).dof == 2
    assert pre_trend_test(told).p_value > 0.001
    untold = group_time_effects(outcome, cohort, years)
    assert pre_trend_test(untold).p_value < 0.001
    assert aggregate_effects(told, "event").overall == pytest.approx(
        1.0, abs=4 * aggregate_effects(told, "event").overall_std_error
    )


def test_years_without_outcome_and_cohorts_of_one_have_reasons() -> None:
    outcome, cohort = (given.copy() for given in staggered_panel(38))
    outcome[:, 2] = np.nan  # 2013
    cohort[np.flatnonzero(cohort == 2015)[1:]] = 0
    effects = group_time_effects(outcome, cohort, YEARS)
    missing = (effects.period == 2013) | (effects.cohort == 2015)
    missing |= (effects.cohort == 2014) & (effects.period != 2012)  # their base is 2013
    np.testing.assert_array_equal(np.isnan(effects.att), missing)
    np.testing.assert_array_equal([reason is not None for reason in effects.reason], missing)
    assert np.isnan(effects.std_error[missing]).all()
    assert 2015 not in aggregate_effects(effects, "cohort").parts


REFUSED_PANELS = [
    ({"outcome": np.array([[1.0, 2.0, np.inf]] * 4)}, "outcome: found 4 infinite"),
    ({"cohort": np.array([0, 0, np.nan, 2])}, "cohort: found negative or missing"),
    ({"cohort": np.array([0, 0, 9, 9])}, "treated after the first"),
    ({"cohort": np.array([0, 0, 1, 1])}, "treated after the first"),
    ({"anticipation": -1}, "anticipation: found -1"),
    ({"method": "magic"}, "method: found 'magic'"),
    ({"base": "flying"}, "base: found 'flying'"),
    ({"covariates": lambda place: np.zeros(4)}, r"covariates: found shape \(4,\)"),
    ({"covariates": lambda place: np.zeros((3, 1))}, r"covariates: found shape \(3, 1\)"),
    ({"periods": [1, 1, 2]}, "ascending"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED_PANELS)
def test_panels_that_cannot_be_used_are_refused(change: dict, message: str) -> None:
    given = {"outcome": np.arange(12.0).reshape(4, 3), "cohort": np.array([0, 0, 2, 2]), "periods": [1, 2, 3]} | change
    with pytest.raises(StudyError, match=message):
        group_time_effects(given.pop("outcome"), given.pop("cohort"), given.pop("periods"), **given)


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


def test_each_unit_a_cluster_changes_nothing_and_copies_add_no_information() -> None:
    outcome, cohort, x = draw(3)
    options = {"covariates": lambda place: x}
    alone = aggregate_effects(group_time_effects(outcome, cohort, range(5), **options), "simple")
    each = aggregate_effects(group_time_effects(outcome, cohort, range(5), cluster=np.arange(400), **options), "simple")
    twice = {"covariates": lambda place: np.tile(x, (2, 1)), "cluster": np.tile(np.arange(400), 2)}
    copied = aggregate_effects(
        group_time_effects(np.tile(outcome, (2, 1)), np.tile(cohort, 2), range(5), **twice), "simple"
    )
    for other in (each, copied):
        assert other.overall == pytest.approx(alone.overall, abs=SAME_FORMULA)
        assert other.overall_std_error == pytest.approx(alone.overall_std_error, abs=SAME_FORMULA)


def test_gaps_drop_a_unit_from_the_cells_of_those_years_alone() -> None:
    """Brute force: the mean changes of those that are observed in both years of a cell."""
    outcome, cohort, _ = draw(4)
    outcome[np.random.default_rng(4).random(outcome.shape) < 0.2] = np.nan
    given = outcome.copy()
    effects = group_time_effects(outcome, cohort, range(5))
    np.testing.assert_array_equal(outcome, given)
    for first, period, att, n in zip(effects.cohort, effects.period, effects.att, effects.n_treated, strict=True):
        change = outcome[:, period] - outcome[:, first - 1 if period >= first else period - 1]
        ours = change[(cohort == first) & ~np.isnan(change)]
        assert n == len(ours)
        assert att == pytest.approx(ours.mean() - np.nanmean(change[cohort == 0]), abs=SAME_FORMULA)
    order = np.random.default_rng(5).permutation(len(cohort))
    shuffled = group_time_effects(outcome[order], cohort[order], range(5))
    np.testing.assert_allclose(shuffled.att, effects.att, atol=SAME_FORMULA)
    balanced = group_time_effects(outcome, cohort, range(5), balanced=True)
    assert sum(balanced.dropped.values()) > sum(effects.dropped.values())
    full = ~np.isnan(outcome).any(axis=1)
    np.testing.assert_allclose(
        balanced.att, group_time_effects(outcome[full], cohort[full], range(5)).att, atol=SAME_FORMULA
    )


def test_a_universal_base_is_the_sum_of_the_steps_before() -> None:
    outcome, cohort, _ = draw(6)
    varying, universal = (group_time_effects(outcome, cohort, range(5), base=base) for base in ("varying", "universal"))
    steps = {(g, t): att for g, t, att in zip(varying.cohort, varying.period, varying.att, strict=True)}
    for g, t, att in zip(universal.cohort, universal.period, universal.att, strict=True):
        expected = steps[g, t] if t >= g else -sum(steps[g, s] for s in range(t + 1, g))
        assert att == pytest.approx(expected, abs=SAME_FORMULA)


HOSTILE = [
    ({"outcome": np.zeros((3, 2))}, "shape"),
    ({"cohort": np.array([2, 2, 3, 4])}, "never treated"),
    ({"cohort": np.array([0, 0, 0, 0])}, "treated after the first"),
    ({"cohort": np.array([0, 0, -1, 2])}, "negative"),
    ({"periods": [1, 3, 2]}, "ascending"),
    ({"controls": "later"}, "later"),
    ({"method": "magic"}, "magic"),
    ({"cluster": np.array([1, 2])}, "cluster"),
]


@pytest.mark.parametrize(("change", "message"), HOSTILE)
def test_what_cannot_be_used_is_refused(change: dict, message: str) -> None:
    generator = np.random.default_rng(7)
    given = {"outcome": generator.normal(size=(4, 3)), "cohort": np.array([0, 0, 2, 3]), "periods": [1, 2, 3]} | change
    with pytest.raises(StudyError, match=message):
        group_time_effects(given.pop("outcome"), given.pop("cohort"), given.pop("periods"), **given)


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("controls", ["never", "not_yet"])
def test_cells_share_a_model_of_who_takes_part_where_it_is_the_same(monkeypatch, missing, controls):
    outcome, cohort = staggered_panel(7, missing=missing)
    x = np.random.default_rng(8).normal(size=(len(YEARS), len(cohort), 2)) + (cohort > 0)[None, :, None] * 0.3
    fitted = []
    once = propensity.fit_logit

    def counted(covariates, treated, *, weights=None):
        fitted.append(len(treated))
        return once(covariates, treated, weights=weights)

    monkeypatch.setattr(propensity, "fit_logit", counted)
    arguments = {"controls": controls, "covariates": lambda column: x[column]}
    kept = propensity.FittedLogits()
    bases = ("varying", "universal")
    shared = [group_time_effects(outcome, cohort, YEARS, base=base, fits=kept, **arguments) for base in bases]
    together = len(fitted)
    for base, ours in zip(bases, shared, strict=True):
        by_hand = []
        for g, t, b, n in zip(ours.cohort, ours.period, ours.base, ours.n_treated, strict=True):
            before, after = outcome[:, YEARS.index(b)], outcome[:, YEARS.index(t)]
            used = (cohort == g) | (cohort == 0) | ((cohort > max(t, b)) & (controls == "not_yet"))
            used &= ~np.isnan(before + after) & ~np.isin(cohort, [2010])
            covariates = x[YEARS.index(min(t, b)), used]
            alone = two_by_two(before[used], after[used], cohort[used] == g, covariates)
            by_hand.append(alone.att)
            assert alone.n_treated == n
        np.testing.assert_allclose(ours.att, by_hand, rtol=SAME_FORMULA, err_msg=base)
    assert together < sum(len(ours.att) for ours in shared)
    if not missing and controls == "never":
        assert together == len(
            {(g, min(t, b)) for ours in shared for g, t, b in zip(ours.cohort, ours.period, ours.base, strict=True)}
        )

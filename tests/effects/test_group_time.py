"""Two-by-two cells, effects by cohort and period, and their averages: by brute force, special cases, misuse."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from si_eval.effects.aggregation import aggregate_effects, pre_trend_test, simultaneous_critical_value
from si_eval.effects.group_time import GroupTimeEffects, group_time_effects
from si_eval.effects.propensity import fit_logit
from si_eval.effects.two_by_two import TRIM, two_by_two
from si_eval.errors import StudyError
from si_eval.vocabulary import Reason

SAME_FORMULA = 1e-10  # the same closed form: only the order of additions differs
DIFFERENTIATED = (
    1e-5  # central differences of estimators that iterate: error of order step squared, and rounding / step
)
STEP = 1e-4
METHODS = ["dr", "ipw", "reg"]
LEVEL = 0.95


def frozen(*arrays: np.ndarray) -> list[np.ndarray]:
    """Arrays that raise when somebody writes in them."""
    for array in arrays:
        array.flags.writeable = False
    return list(arrays)


def selected(seed: int, n: int = 60) -> tuple[np.ndarray, ...]:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, 2))
    treated = generator.random(n) < 1 / (1 + np.exp(0.5 - x[:, 0]))
    before = generator.normal(size=n)
    after = before + x @ [0.5, -0.2] + treated * (1 + x[:, 0]) + generator.normal(size=n)
    return tuple(frozen(before, after, treated, x))


# --- two by two ---


def weighted_effect(method: str, change: np.ndarray, treated: np.ndarray, x: np.ndarray, weights: np.ndarray) -> float:
    """Sant'Anna & Zhao (2020), equations 2.2-2.4, with a weight a unit, from the models of statsmodels."""
    design = sm.add_constant(x)
    odds, gap = np.where(treated, 0.0, 1.0), change
    if method != "reg":
        model = sm.GLM(treated.astype(float), design, family=sm.families.Binomial(), freq_weights=weights)
        chance = model.fit(tol=1e-14, maxiter=100).fittedvalues
        odds = np.where(treated | (chance >= TRIM), 0.0, chance / (1 - chance))
    if method != "ipw":
        gap = change - design @ sm.WLS(change[~treated], design[~treated], weights=weights[~treated]).fit().params
    theirs = 0.0 if method == "reg" else np.average(gap, weights=odds * weights)
    return float(np.average(gap[treated], weights=weights[treated]) - theirs)


@pytest.mark.parametrize("trims", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_the_influence_of_a_unit_is_the_slope_in_its_weight(method: str, trims: bool) -> None:
    before, after, treated, x = selected(21)
    if trims:  # one control that is all but sure to be treated
        x = np.vstack([x, [[9.0, 0.0]]])
        before, after, treated = np.append(before, 0), np.append(after, 3.0), np.append(treated, False)
        x[:60][treated[:60], 0] += 2.0
    cell = two_by_two(before, after, treated, x, method=method)
    change, n = after - before, len(treated)
    assert cell.att == pytest.approx(weighted_effect(method, change, treated, x, np.ones(n)), abs=1e-8)  # two logits

    def slope(step: np.ndarray) -> float:
        up, down = (weighted_effect(method, change, treated, x, 1 + way * step) for way in (1, -1))
        return n * (up - down) / (2 * STEP)

    slopes = [slope(step) for step in STEP * np.eye(n)]
    np.testing.assert_allclose(cell.influence, slopes, atol=DIFFERENTIATED * np.abs(slopes).max())
    assert cell.n_trimmed == (trims and method != "reg")


@pytest.mark.parametrize("method", METHODS)
def test_units_of_covariates_and_order_of_rows_change_nothing(method: str) -> None:
    """Turnover in euro, far from zero: the products of its powers would look collinear."""
    before, after, treated, x = selected(22)
    cell = two_by_two(before, after, treated, x, method=method)
    order = np.random.default_rng(1).permutation(len(treated))
    fitted = fit_logit(x, treated)
    others = [
        two_by_two(before, after, treated, x, method=method, logit=fitted),
        two_by_two(before, after, treated, x * 1e9 + 5e9, method=method),
        two_by_two(before, after, treated.astype(int), x, method=method),
        two_by_two(before[order], after[order], treated[order], x[order], method=method),
    ]
    for other in others:
        assert other.att == pytest.approx(cell.att, abs=1e-7)  # digits that 1e9 on top of 5e9 leaves
        assert other.std_error == pytest.approx(cell.std_error, abs=1e-7)


@pytest.mark.parametrize(
    ("covariates", "treated", "reason"),
    [
        (None, np.arange(40) < 1, Reason.FEWER_THAN_TWO_UNITS),
        (None, np.arange(40) < 39, Reason.FEWER_THAN_TWO_UNITS),
        (None, np.arange(40) < 0, Reason.FEWER_THAN_TWO_UNITS),
        (
            np.c_[np.arange(40.0) % 7, 3 - 2 * (np.arange(40.0) % 7)],
            np.arange(40) < 20,
            Reason.COLLINEAR_AMONG_CONTROLS,
        ),
        (
            np.random.default_rng(1).normal(size=(40, 20)),
            np.arange(40) < 25,
            Reason.COLLINEAR_AMONG_CONTROLS,
        ),  # more columns than controls
        (np.arange(40.0)[:, None], np.arange(40) < 20, Reason.SEPARATION),
    ],
)
def test_what_has_no_answer_has_a_reason(covariates: np.ndarray | None, treated: np.ndarray, reason: Reason) -> None:
    cell = two_by_two(np.zeros(40), np.random.default_rng(0).normal(size=40), treated, covariates)
    assert np.isnan(cell.att)
    assert np.isnan(cell.std_error)
    assert cell.reason is reason


def test_controls_that_are_all_but_sure_to_be_treated_give_no_effect() -> None:
    treated = np.arange(3_000) < 2_995
    x = np.random.default_rng(2).normal(size=(3_000, 1))
    cell = two_by_two(np.zeros(3_000), x[:, 0], treated, x, method="ipw")
    assert cell.reason is Reason.NO_COMPARABLE_CONTROL


REFUSED_CELLS = [
    ({"after": np.zeros(5)}, "after: found 5 rows"),
    ({"covariates": np.zeros(6)}, r"covariates: found shape \(6,\)"),
    ({"covariates": np.zeros((5, 1))}, "covariates: found 5 rows"),
    ({"covariates": np.full((6, 1), np.nan)}, "covariates: found 6 missing"),
    ({"before": np.array([0, 1, 2, 3, 4, np.inf])}, "before: found 1 missing or infinite"),
    ({"method": "magic"}, "method: found 'magic'"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED_CELLS)
def test_arrays_that_cannot_be_used_are_refused(change: dict, message: str) -> None:
    given = {"before": np.zeros(6), "after": np.arange(6.0), "treated": np.arange(6) < 3} | change
    with pytest.raises(StudyError, match=message):
        two_by_two(**given)


# --- by cohort and period ---

YEARS = (2010, 2012, 2013, 2014, 2016)  # with gaps: the base is the last year that is observed


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


# --- averages ---


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
    draws, covered, too_narrow, together = 300, 0, 0, 0
    for seed in range(draws):
        generator = np.random.default_rng(seed)
        holding = np.repeat(np.arange(150), 4)
        cohort = generator.choice([0, 2, 3, 4], size=150, p=[0.4, 0.2, 0.2, 0.2])[holding]
        since = np.arange(5) - cohort[:, None]
        truth = np.where((cohort[:, None] > 0) & (since >= 0), 1.0 + since, 0.0)
        outcome = truth + generator.normal(size=(150, 5))[holding] + generator.normal(size=(600, 5))
        clustered, alone = (
            aggregate_effects(
                group_time_effects(outcome, cohort, range(5), controls="not_yet", cluster=cluster), "event"
            )
            for cluster in (holding, None)
        )
        covered += abs(clustered.overall - 2.0) < 1.96 * clustered.overall_std_error
        too_narrow += abs(alone.overall - 2.0) < 1.96 * alone.overall_std_error
        planted = np.where(clustered.parts >= 0, 1.0 + clustered.parts, 0.0)
        wide = simultaneous_critical_value(clustered.covariance, LEVEL, draws=4_000)
        together += np.all(np.abs(clustered.att - planted) < wide * clustered.std_error)
    assert 0.91 <= covered / draws <= 0.98  # 0.95 within three Monte Carlo standard errors
    assert 0.90 <= together / draws <= 0.98  # the same, all at once, with 150 clusters
    assert too_narrow / draws < 0.85

"""Averages of effects and what intervals rest on, by definition: loops over effects, and slopes by differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from si_eval.cluster_robust import clustered_regression
from si_eval.effects.aggregation import aggregate_effects, pre_trend_test
from si_eval.effects.group_time import GroupTimeEffects, group_time_effects
from si_eval.effects.small_sample import (
    Members,
    SmallSample,
    clusters_are_too_few,
    count_members,
    infer_difference,
    side_stretch,
    strata_covariances,
    stretch,
    widening,
)
from si_eval.vocabulary import Reason

SAME = 1e-9  # relative: the same closed form by another way
DIFFERENTIATED = 1e-6  # relative: central differences of weighted means, with a step of 1e-5
STEP = 1e-5
PERIODS = (2010, 2011, 2012, 2013, 2015)


def effects_of(seed: int, *, clusters: int = 0, controls: str = "never") -> GroupTimeEffects:
    """Estimate effects of three cohorts, some of which are in no cell of some years, with gaps in outcomes."""
    rng = np.random.default_rng(seed)
    cohort = rng.choice([0, 2011, 2013, 2015], size=120, p=[0.4, 0.1, 0.2, 0.3])
    outcome = rng.normal(size=(120, 5)).cumsum(axis=1) + (np.array(PERIODS) >= cohort[:, None]) * (cohort[:, None] > 0)
    outcome[rng.random(outcome.shape) < 0.1] = np.nan
    cluster = rng.integers(0, clusters, 120) if clusters else None
    return group_time_effects(outcome, cohort, PERIODS, cluster=cluster, controls=controls)


def averages(effects: GroupTimeEffects, kind: str, chosen: np.ndarray, point: np.ndarray) -> tuple[list, np.ndarray]:
    """Average by the definition (Callaway and Sant'Anna, table 1) at a point (effects, shares); overall comes last."""
    att, share = point[: len(effects.att)], dict(zip(effects.cohorts, point[len(effects.att) :], strict=True))
    cells = [
        (g, t, att[at])
        for at, (g, t) in enumerate(zip(effects.cohort, effects.period, strict=True))
        if chosen[at] and (t >= g or kind == "event")
    ]
    of = {"simple": lambda g, t: 0, "cohort": lambda g, t: g, "event": lambda g, t: t - g, "period": lambda g, t: t}
    parts = sorted({of[kind](g, t) for g, t, _ in cells})

    def mean(part):
        mine = [(share[g], value) for g, t, value in cells if of[kind](g, t) == part]
        return sum(weight * value for weight, value in mine) / sum(weight for weight, _ in mine)

    means = [mean(part) for part in parts]
    if kind == "cohort":
        overall = sum(share[g] * value for g, value in zip(parts, means, strict=True)) / sum(share[g] for g in parts)
    else:
        overall = np.mean([value for part, value in zip(parts, means, strict=True) if kind != "event" or part >= 0])
    return parts, np.array([*means, overall])


CHOICES = [
    ("simple", {}), ("cohort", {}), ("event", {}), ("period", {}),
    ("event", {"min_event": -1}), ("event", {"max_event": 1}), ("event", {"balance_event": 2}),
    ("event", {"balance_event": 0, "min_event": 0}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "choice"), CHOICES, ids=str)
@pytest.mark.parametrize(("clusters", "controls"), [(0, "never"), (40, "never"), (0, "not_yet")])
def test_averages_and_their_errors_are_those_of_the_definition(
    kind: str, choice: dict, clusters: int, controls: str
) -> None:
    effects = effects_of(1, clusters=clusters, controls=controls)
    found = aggregate_effects(effects, kind, **choice)
    event = effects.period - effects.cohort
    chosen = np.isfinite(effects.att)
    chosen &= event >= choice.get("min_event", -99)
    chosen &= event <= choice.get("max_event", choice.get("balance_event", 99))
    if "balance_event" in choice:
        chosen &= effects.cohort + choice["balance_event"] <= 2015
    point = np.append(np.nan_to_num(effects.att), effects.shares)
    parts, expected = averages(effects, kind, chosen, point)
    assert found.parts.tolist() == parts
    np.testing.assert_allclose(np.append(found.att, found.overall), expected, rtol=SAME)
    slopes = np.transpose([
        (averages(effects, kind, chosen, point + step)[1] - averages(effects, kind, chosen, point - step)[1])
        / (2 * STEP)
        for step in STEP * np.eye(len(point))
    ])  # fmt: skip
    largest = np.abs(slopes).max()
    np.testing.assert_allclose(found.gradient, slopes[:-1], atol=DIFFERENTIATED * largest)
    np.testing.assert_allclose(found.overall_gradient, slopes[-1], atol=DIFFERENTIATED * largest)
    covariance = slopes @ np.nan_to_num(effects.covariance) @ slopes.T
    near = DIFFERENTIATED * covariance.max()
    np.testing.assert_allclose(found.covariance, covariance[:-1, :-1], atol=near)
    np.testing.assert_allclose(found.std_error, np.sqrt(np.diag(covariance)[:-1]), rtol=DIFFERENTIATED)
    assert found.overall_std_error == pytest.approx(np.sqrt(covariance[-1, -1]), rel=DIFFERENTIATED)
    corrected = slopes @ np.nan_to_num(effects.small_sample.covariance) @ slopes.T
    np.testing.assert_allclose(found.corrected_covariance, corrected[:-1, :-1], atol=DIFFERENTIATED * corrected.max())
    assert found.overall_corrected_std_error == pytest.approx(np.sqrt(corrected[-1, -1]), rel=DIFFERENTIATED)
    assert found.overall_dof == pytest.approx(dof_of(effects, slopes[-1]), rel=DIFFERENTIATED)
    np.testing.assert_allclose(found.dof, [dof_of(effects, row) for row in slopes[:-1]], rtol=DIFFERENTIATED)
    treated = chosen & (effects.period >= effects.cohort)
    np.testing.assert_array_equal(np.sort(found.overall_cells), np.flatnonzero(treated))
    every = np.sort(np.concatenate(found.cells))
    np.testing.assert_array_equal(every, np.flatnonzero(chosen if kind == "event" else treated))
    for at, cells in enumerate(found.cells):
        assert found.n_treated[at] == min(effects.n_treated[cells])
        assert found.n_controls[at] == min(effects.n_controls[cells])
        assert found.n_behind[at] == sum(effects.n_treated[cells])


def dof_of(effects: GroupTimeEffects, slope: np.ndarray) -> float:
    """Compute degrees of freedom as the method page says: Welch over cohorts and controls, or of means of strata."""
    small, slope = effects.small_sample, np.where(np.abs(slope) < 1e-12, 0.0, slope)
    weights = slope[: len(effects.att)]
    used = weights != 0
    if small.strata is None:
        ours = [np.sqrt(np.sum(weights[effects.cohort == g] ** 2)) for g in effects.cohorts]
        years = [np.sum(weights[effects.period == year]) ** 2 for year in set(effects.period)]
        return small.members.dof(np.array([*ours, np.sqrt(sum(years))]))
    whole = np.nan_to_num(small.strata)
    variances = [max(slope @ part @ slope, 0.0) for part in whole]
    sizes = []
    for g in effects.cohorts:
        mine = effects.cohort == g
        of_used = effects.n_treated[mine & used]
        sizes.append(of_used.min() if len(of_used) else effects.n_treated[mine].max())
    sizes.append(effects.n_controls[used].min())
    return sum(variances) ** 2 / sum(v**2 / (max(n, 2) - 1) for v, n in zip(variances, sizes, strict=True))


def test_an_average_over_an_effect_without_an_error_has_none_and_the_others_theirs() -> None:
    effects = effects_of(2)
    covariance = effects.covariance.copy()
    lost = int(np.flatnonzero((effects.period == 2015) & (effects.cohort == 2011))[0])
    covariance[lost] = covariance[:, lost] = np.nan
    broken = type(effects)(**{**vars(effects), "covariance": covariance})
    whole, found = (aggregate_effects(one, "event") for one in (effects, broken))
    without = found.parts == 4
    np.testing.assert_array_equal(np.isnan(found.std_error), without)
    np.testing.assert_allclose(found.std_error[~without], whole.std_error[~without], rtol=SAME)
    assert np.isnan(found.overall_std_error)
    np.testing.assert_array_equal(np.isnan(found.covariance), without[:, None] | without[None, :])


@pytest.mark.parametrize("seed", range(4))
def test_degrees_of_freedom_of_means_of_strata_are_those_of_least_squares(seed: int) -> None:
    """A combination of the means of three strata, with clusters within and across them, some of one unit."""
    rng = np.random.default_rng(seed)
    n = 40
    cohort = rng.choice([0, 2011, 2013], size=n)
    cluster = np.unique(rng.integers(0, 18, n), return_inverse=True)[1]
    members = count_members(cluster, cohort, np.array([2011, 2013]))
    assert members.multiplicity.sum() == cluster.max() + 1
    assert (members.multiplicity @ members.units).tolist() == [(cohort == g).sum() for g in (2011, 2013, 0)]
    design = np.column_stack([cohort == g for g in (2011, 2013, 0)]).astype(float)
    weights = np.array([1.0, 0.5, -1.5])
    fit = clustered_regression(design, rng.normal(size=n), weights, cluster)
    assert members.dof(weights) == pytest.approx(fit.dof, rel=SAME)


def test_a_stratum_that_is_one_cluster_adds_nothing() -> None:
    members = Members(np.array([[4.0, 0.0], [0.0, 1.0]]), np.array([1.0, 6.0]))
    assert members.dof(np.array([1.0, -1.0])) == pytest.approx(5.0, rel=SAME)  # six units on their own
    np.testing.assert_allclose(stretch(np.array([0.0, 0.5, 0.75, 1.0])), [1.0, np.sqrt(2), 2.0, 0.0], rtol=SAME)


@pytest.mark.parametrize("parameters", [0, 2])
def test_residuals_are_stretched_by_the_units_that_are_left(parameters: int) -> None:
    treated = np.arange(12) < 5
    lost = np.sqrt(6 / (6 - parameters))
    alone = side_stretch(treated, parameters)
    np.testing.assert_allclose(alone[treated], np.sqrt(5 / 4), rtol=SAME)
    np.testing.assert_allclose(alone[~treated], np.sqrt(7 / 6) * lost, rtol=SAME)
    cluster = np.array([0, 0, 1, 2, 3, 3, 4, 4, 4, 5, 6, 0])
    several = side_stretch(treated, parameters, cluster)
    np.testing.assert_allclose(several[:5], [np.sqrt(5 / 3)] * 2 + [np.sqrt(5 / 4)] * 3, rtol=SAME)
    sizes = np.array([1, 3, 3, 3, 1, 1, 1])  # among the controls: the cluster of both sides has one there
    np.testing.assert_allclose(several[5:], np.sqrt(7 / (7 - sizes)) * lost, rtol=SAME)
    few = side_stretch(np.array([True, False, False]), 4)
    np.testing.assert_allclose(few, [0.0, np.sqrt(2), np.sqrt(2)], rtol=SAME)  # no unit is left: as if one were


def test_what_covariates_cost_is_in_the_degrees_of_freedom_of_one_difference() -> None:
    rng = np.random.default_rng(3)
    influence, treated = rng.normal(size=20), np.arange(20) < 8
    raw, corrected, dof = infer_difference(influence, treated, 3)
    variances = [
        (influence[side] ** 2).sum() / 400 * n / (n - 1) * (n - 1) / (n - 1 - lost)
        for side, n, lost in ((treated, 8, 0), (~treated, 12, 3))
    ]
    assert raw == pytest.approx(np.sqrt((influence**2).sum()) / 20, rel=SAME)
    assert corrected == pytest.approx(np.sqrt(sum(variances)), rel=SAME)
    assert dof == pytest.approx(sum(variances) ** 2 / (variances[0] ** 2 / 7 + variances[1] ** 2 / 8), rel=SAME)
    assert np.isnan(infer_difference(np.zeros(20), treated, 0).dof)
    crowded = infer_difference(influence, treated, 11)  # more covariates than controls can tell: one unit is left
    assert crowded.dof == pytest.approx(
        crowded.corrected**4
        / (variances[0] ** 2 / 7 + (crowded.corrected**2 - variances[0]) ** 2), rel=SAME
    )  # fmt: skip


def test_scores_are_split_by_cohort_and_add_up_again() -> None:
    rng = np.random.default_rng(4)
    scores, cohort = rng.normal(size=(3, 30)), rng.choice([0, 5, 7, 9], size=30)
    covariance = scores @ scores.T / 900
    parts = strata_covariances(scores, cohort, np.array([5, 9]), covariance)
    for part, mine in zip(parts, (cohort == 5, cohort == 9, (cohort == 0) | (cohort == 7)), strict=True):
        np.testing.assert_allclose(part, scores[:, mine] @ scores[:, mine].T / 900, atol=1e-12)


@pytest.mark.parametrize(("treated", "controls", "too_few"), [
    ([0, 1], [2, 3, 4], False), ([0, 1], [2, 3], True), ([0], [1, 2, 3, 4, 5], True), ([0, 1, 2, 3, 4], [5], True),
    ([0, 1, 2], [2, 3, 4], False), ([0, 1, 2], [1, 2, 3], True), ([0, 1, 2, 3, 4], [3, 4], False), ([0], [0], True),
    ([0, 0, 0, 0, 0], [1, 2, 3, 4], True), ([], [], True),
])  # fmt: skip
def test_two_clusters_a_side_and_five_in_all_are_enough(treated: list, controls: list, too_few: bool) -> None:
    sides = (np.array(side, dtype=np.int64) for side in (treated, controls))
    assert clusters_are_too_few(*sides) is too_few


def test_variances_are_widened_from_normal_quantiles_to_students() -> None:
    for dof, level in ((4, 0.95), (30, 0.9)):
        ratio = stats.t.ppf(0.5 + level / 2, dof) / stats.norm.ppf(0.5 + level / 2)
        assert widening(dof, level) == pytest.approx(ratio**2, rel=SAME)


def test_without_a_cell_or_with_one_that_has_no_error_there_are_no_degrees_of_freedom() -> None:
    small: SmallSample = effects_of(5).small_sample
    nothing = np.zeros(len(small.covariance))
    shares_alone = nothing.copy()
    shares_alone[-1] = 1.0
    assert np.isnan(small.dof(nothing))
    assert np.isnan(small.dof(shares_alone))
    broken, (one, other) = small.covariance.copy(), np.eye(len(small.covariance))[:2]
    broken[0, 0] = np.nan
    lost = type(small)(**{**vars(small), "covariance": broken})
    assert np.isnan(lost.dof(one))
    assert lost.dof(other) == small.dof(other) > 1


def test_trends_of_which_one_is_the_sum_of_others_have_no_test() -> None:
    effects, rng = effects_of(6), np.random.default_rng(6)
    before = np.flatnonzero(effects.before & np.isfinite(effects.att))
    place, several = np.ix_(before, before), len(before)
    for rank in (several, several - 1):
        covariance, root = effects.covariance.copy(), rng.normal(size=(several, rank))
        covariance[place] = root @ root.T
        test = pre_trend_test(type(effects)(**{**vars(effects), "covariance": covariance}))
        if rank < several:
            assert (test.reason, test.dof) == (Reason.SINGULAR_COVARIANCE, several)
            assert np.isnan([test.statistic, test.p_value]).all()
        else:
            att = effects.att[before]
            assert test.statistic == pytest.approx(att @ np.linalg.inv(root @ root.T) @ att, rel=1e-6)  # two inverses
            assert test.p_value == pytest.approx(stats.chi2.sf(test.statistic, several), rel=SAME)
            assert test.reason is None

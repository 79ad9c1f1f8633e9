"""Intervals with few participants and with clusters: known formulas, one number by two designs, coverage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from linearmodels.datasets import jobtraining
from scipy import stats

import si_eval as se
from si_eval.cluster_robust import clustered_regression
from si_eval.effects.aggregation import aggregate_effects, draw_largest, simultaneous_critical_value
from si_eval.effects.group_time import group_time_effects
from si_eval.effects.small_sample import infer_difference
from si_eval.errors import ArgumentError
from si_eval.system.blas import on_one_thread

SAME_FORMULA = 1e-9  # relative: the same closed form by another way
INFERENCE = ["estimate", "conf_low", "conf_high", "p_value", "dof"]
YEARS = range(5)


def overall(table: se.ResultTable, category: str = "overall") -> pd.Series:
    frame = table.to_frame()
    rows = frame[(frame["statistic"] == "att") & (frame["category"] == category) & (frame["year"] == "all")]
    return rows.iloc[0]


@pytest.fixture(scope="module")
def scrap() -> pd.DataFrame:
    """Scrap rates of 1987 and 1988 of firms with a training grant in 1988 and of firms that never had one."""
    frame = jobtraining.load()
    frame = frame[frame["year"].isin([1987, 1988])].assign(g=lambda f: f["fcode"] % 40)
    return frame[frame.groupby("fcode")["lscrap"].transform("count") == 2]


def both_designs(frame: pd.DataFrame, **options: object) -> tuple[pd.Series, pd.Series]:
    panel = se.panel_from_frame(
        frame, unit="fcode", year="year", participant="grant", extra=["lscrap"], group=options.pop("group", None)
    )
    options = {"outcome": "lscrap", "min_units": 2, **options}
    return (
        overall(se.estimate_effect(panel, **options)),
        overall(se.estimate_effect(panel, design="long_difference", method="unadjusted", **options), "unadjusted"),
    )


def test_two_years_of_real_firms_have_the_interval_of_welch_by_either_design(scrap: pd.DataFrame) -> None:
    wide = scrap.pivot(index="fcode", columns="year", values="lscrap")
    granted = scrap.groupby("fcode")["grant"].max().loc[wide.index] == 1
    change = wide[1988] - wide[1987]
    test = stats.ttest_ind(change[granted], change[~granted], equal_var=False)
    low, high = test.confidence_interval(0.95)
    expected = [change[granted].mean() - change[~granted].mean(), low, high, test.pvalue, test.df]
    for found in both_designs(scrap):
        np.testing.assert_allclose(found[INFERENCE].astype(float), expected, rtol=SAME_FORMULA)


@pytest.mark.parametrize("cluster", ["auto", "group", "holding", "group_id", "unit"])
def test_clusters_of_real_firms_have_the_interval_of_cr2_by_either_design(scrap: pd.DataFrame, cluster: str) -> None:
    wide = scrap.pivot(index="fcode", columns="year", values="lscrap")
    granted = scrap.groupby("fcode")["grant"].max().loc[wide.index] == 1
    change = (wide[1988] - wide[1987]).to_numpy()
    codes = np.unique(wide.index % 40, return_inverse=True)[1]
    design = np.column_stack([np.ones(len(change)), granted])
    fit = clustered_regression(design, change, np.array([0.0, 1.0]), codes)
    margin = stats.t.ppf(0.975, fit.dof) * fit.std_error
    p_value = 2 * stats.t.sf(abs(fit.estimate) / fit.std_error, fit.dof)
    expected = [fit.estimate, fit.estimate - margin, fit.estimate + margin, p_value, fit.dof]
    for found in both_designs(scrap, group="g", cluster=cluster):
        if cluster == "unit":
            assert found["dof"] != pytest.approx(fit.dof)
        else:
            np.testing.assert_allclose(found[INFERENCE].astype(float), expected, rtol=SAME_FORMULA)
        assert found["se_convention"]


def test_a_column_of_the_panel_may_be_the_cluster(scrap: pd.DataFrame) -> None:
    frame = scrap.assign(region=lambda f: f["g"].where(f["g"] > 0) * 10.5)  # firms without are their own
    panel = se.panel_from_frame(frame, unit="fcode", year="year", participant="grant", extra=["lscrap", "region"])
    own = np.where(frame["g"] > 0, frame["g"], 1_000 + frame["fcode"])
    grouped = se.panel_from_frame(
        frame.assign(g=own), unit="fcode", year="year", participant="grant", extra=["lscrap"], group="g"
    )
    options = {"outcome": "lscrap", "min_units": 2}
    found = overall(se.estimate_effect(panel, cluster="region", **options))
    expected = overall(se.estimate_effect(grouped, **options))
    np.testing.assert_allclose(found[INFERENCE].astype(float), expected[INFERENCE].astype(float), rtol=SAME_FORMULA)
    with pytest.raises(ArgumentError, match="cluster: found 'regoin'"):
        se.estimate_effect(panel, cluster="regoin", **options)


def draw(seed: int, cohorts: dict[int, int], controls: int, holding: int = 1, icc: float = 0.0) -> tuple:
    """Persistent outcomes of firms in holdings of one side each, without any effect."""
    rng = np.random.default_rng([71, seed])
    cohort = np.concatenate([np.full(n, g) for g, n in {0: controls, **cohorts}.items()])
    cluster = np.arange(len(cohort)) // holding
    shared = rng.normal(size=(cluster.max() + 1, len(YEARS)))[cluster]
    shocks = np.sqrt(icc) * shared + np.sqrt(1 - icc) * rng.normal(size=(len(cohort), len(YEARS)))
    outcome = 0.5 * shocks.cumsum(axis=1) + shocks
    return outcome, cohort, cluster if holding > 1 else None


@on_one_thread
def inference(outcome: np.ndarray, cohort: np.ndarray, cluster: np.ndarray | None) -> tuple[float, float, bool]:
    effects = group_time_effects(outcome, cohort, YEARS, cluster=cluster, base="universal")
    events, by_cohort = aggregate_effects(effects, "event"), aggregate_effects(effects, "cohort")
    one = abs(by_cohort.overall) / by_cohort.overall_corrected_std_error
    covariance = events.corrected_covariance
    wide = simultaneous_critical_value(covariance, 0.95, draws=2_000, dof=float(events.dof.min()))
    together = bool(np.all(np.abs(events.att) <= wide * np.sqrt(np.diag(covariance))))
    normal = abs(by_cohort.overall) / by_cohort.overall_std_error
    return 2 * stats.t.sf(one, by_cohort.overall_dof), 2 * stats.norm.sf(normal), together


FEW = {
    "ten participants": ({2: 10}, 100, 1, 0.0),
    "three cohorts of ten": ({2: 10, 3: 10, 4: 10}, 100, 1, 0.0),
    "ten holdings of three": ({2: 30}, 150, 3, 0.5),
    "ten holdings of five": ({3: 50}, 200, 5, 0.7),
}
DRAWS = 250
COVERS = (0.912, 0.988)  # 0.95 with 2.75 simulation errors of 250 draws; benchmarks/inference.py has the long run


@pytest.mark.parametrize("name", FEW)
def test_intervals_and_bounds_hold_with_few(name: str) -> None:
    cohorts, controls, holding, icc = FEW[name]
    found = [inference(*draw(seed, cohorts, controls, holding, icc)) for seed in range(DRAWS)]
    by_t, by_normal, together = (
        np.mean(values) for values in zip(*((t > 0.05, z > 0.05, b) for t, z, b in found), strict=True)
    )
    assert COVERS[0] <= by_t <= COVERS[1]
    assert COVERS[0] <= together <= COVERS[1]
    assert by_normal < by_t  # what normal quantiles of uncorrected errors hold


def test_holdings_that_are_taken_for_separate_firms_cover_too_seldom() -> None:
    draws = [draw(seed, {3: 50}, 200, 5, 0.7) for seed in range(100)]
    assert np.mean([inference(outcome, cohort, None)[0] > 0.05 for outcome, cohort, _ in draws]) < 0.85


def test_one_difference_has_the_same_inference_from_its_influence_as_from_least_squares() -> None:
    rng = np.random.default_rng(5)
    treated, cluster = rng.random(60) < 0.3, rng.integers(0, 18, 60)
    y = rng.normal(size=60)
    share = treated.mean()
    influence = np.where(treated, (y - y[treated].mean()) / share, -(y - y[~treated].mean()) / (1 - share))
    design = np.column_stack([np.ones(60), treated])
    fit = clustered_regression(design, y, np.array([0.0, 1.0]), np.unique(cluster, return_inverse=True)[1])
    _, corrected, dof = infer_difference(influence, treated, 0, cluster)
    assert (corrected, dof) == pytest.approx((fit.std_error, fit.dof), rel=SAME_FORMULA)
    test = stats.ttest_ind(y[treated], y[~treated], equal_var=False)
    _, corrected, dof = infer_difference(influence, treated, 0)
    difference = y[treated].mean() - y[~treated].mean()
    assert (difference / corrected, dof) == pytest.approx((test.statistic, test.df), rel=SAME_FORMULA)


def test_the_largest_of_many_t_values_is_that_of_the_multivariate_t() -> None:
    covariance = np.array([[1.0, 0.5], [0.5, 4.0]])
    largest = draw_largest(covariance, dof=8.0, seed=3, draws=40_000)
    correlation = np.array([[1.0, 0.25], [0.25, 1.0]])
    wide = largest.quantile(0.95)
    inside = stats.multivariate_t([0, 0], correlation, df=8, seed=1).cdf([wide, wide], lower_limit=[-wide, -wide])
    assert inside == pytest.approx(0.95, abs=0.004)  # three simulation errors of the draws
    assert largest.p_value(wide) == pytest.approx(0.05, abs=1e-3)  # a draw more or less
    assert np.isnan(largest.p_value(np.nan))


def test_correlations_that_cannot_be_told_count_as_none() -> None:
    together = np.full((5, 5), 0.9) + 0.1 * np.eye(5)
    few, alone = draw_largest(together, dof=5.0, seed=1), draw_largest(np.eye(5), dof=5.0, seed=1)
    np.testing.assert_array_equal(few.values, alone.values)
    assert draw_largest(together, dof=6.0, seed=1).quantile(0.95) < few.quantile(0.95)

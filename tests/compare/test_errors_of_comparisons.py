"""Errors of levels, differences and indexes when units of one enterprise group vary together.

Against stored output of R, against matrices of the textbook, and in simulation.

R 4.2.2, estimatr 1.0.0 and survey 4.1 on the frame of `firms`, d (its rows of 2014; now: its values of 2015):
lm_robust(x ~ joined, d, clusters = holding, se_type = "CR2"), lm_robust(x ~ 1, d[d$joined == 1, ], ...),
svyratio(~y, ~w, svydesign(~1, data = d[d$joined == 1, ])), svyquantile(~x, s, 0.5, qrule = "hf7",
interval.type = "mean", df = degf(s)), svycontrast(svymean(~x + now, s), quote(100 * now / x)), and lm_robust(v ~ 0 +
cell, clusters = holding) over both years for the covariance of the four means behind the difference of two indexes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from compared_rows import select_row
from scipy import stats as scipy_stats

from si_eval import stats
from si_eval.compare.levels import compare_groups
from si_eval.compare.selection import check_selection
from si_eval.compare.trends import index_series
from si_eval.errors import StudyError
from si_eval.registers.any_frame import panel_from_frame
from si_eval.registry import rule_set
from si_eval.vocabulary import Reason

PRINTED = 1e-12  # relative: 15 digits of R, summed in another order
SVYCONTRAST = 2e-6  # relative: six digits of R
SAME = 1e-10  # relative: the same matrices, with an eigenvalue decomposition between
SLACK = 0.03  # of a coverage of 0.95 in 600 draws: three standard errors
R_DIFFERENCE = {"std_error": 1.453822461789259, "conf_low": -2.96945402643769, "conf_high": 2.98373974072341,
                "p_value": 0.996114354562851, "error_dof": 28.3003920924529}  # fmt: skip
R_OTHERS = {"std_error": 0.751900059971089, "conf_low": 9.33016548013401, "conf_high": 12.4126916627231,
            "error_dof": 27.5767666114212}  # fmt: skip
R_RATIO_ERROR = {"participant": 1.52736405986784}
R_MEDIAN = {"conf_low": 7.51859414018617, "conf_high": 14.7407029299069, "std_error": 1.72528088592905}
R_INDEX = {"estimate": 130.4990151018, "std_error": 3.6441833259329}
R_INDEX_DIFFERENCE = 4.21854683920835


@pytest.fixture(scope="module")
def firms():
    at = np.arange(60)
    holding = at * 7 // 11
    base = (at * 37 % 101) / 7 + holding % 5 * 2
    rows = {"firm": at, "joined": (at % 3 == 0).astype(int), "holding": holding}
    now = base * 1.1 + (at * 29 % 23) / 5
    years = [pd.DataFrame({**rows, "year": year, "x": x}) for year, x in ((2014, base), (2015, now))]
    frame = pd.concat(years, ignore_index=True)
    return frame.assign(w=1.0 + frame["firm"] * 13 % 17, y=lambda one: one["x"] * one["w"])


def panel_of(frame, **columns):
    names = {"unit": "firm", "year": "year", "participant": "joined", "group": "holding"} | columns
    return panel_from_frame(frame, **names)


@pytest.fixture(scope="module")
def panel(firms):
    return panel_of(firms, employed_persons="w", revenue="y", extra=["x"])


def test_a_difference_and_a_mean_are_those_of_r(panel):
    table = compare_groups(panel, indicator="x", years=[2014])
    difference = select_row(table, group="difference")
    for column, expected in R_DIFFERENCE.items():
        assert difference[column] == pytest.approx(expected, rel=PRINTED), column
    assert difference["se_convention"] == "CR2 by enterprise group, Satterthwaite"
    mean = select_row(table, group="non_participant", statistic="mean")
    assert mean["std_error"] == pytest.approx(R_OTHERS["std_error"], rel=PRINTED)
    assert mean["error_dof"] == pytest.approx(R_OTHERS["error_dof"], rel=PRINTED)
    interval = scipy_stats.t.interval(0.95, mean["error_dof"], mean["estimate"], mean["std_error"])
    assert interval == pytest.approx((R_OTHERS["conf_low"], R_OTHERS["conf_high"]), rel=PRINTED)


def test_a_ratio_of_sums_and_a_median_are_those_of_r(panel):
    table = compare_groups(panel, indicator=["revenue_per_employee", "x"], years=[2014], cluster="unit")
    ratio = select_row(table, group="participant", statistic="ratio_of_sums")
    assert ratio["std_error"] == pytest.approx(R_RATIO_ERROR["participant"], rel=PRINTED)
    median = select_row(table, group="participant", statistic="median", indicator="x")
    for column, expected in R_MEDIAN.items():
        assert median[column] == pytest.approx(expected, rel=PRINTED), column


def test_an_index_and_the_difference_of_two_are_those_of_r(panel):
    table = index_series(panel, indicator="x", base_year=2014)
    index = select_row(table, group="participant", year=2015)
    assert index["estimate"] == pytest.approx(R_INDEX["estimate"], rel=PRINTED)
    assert index["std_error"] == pytest.approx(R_INDEX["std_error"], rel=PRINTED)
    difference = select_row(table, group="difference", year=2015)
    assert difference["std_error"] == pytest.approx(R_INDEX_DIFFERENCE, rel=PRINTED)


def cr2(design, residual, cluster, contrast):
    """Compute a CR2 standard error and its degrees of freedom with matrices over all units."""
    bread = np.linalg.inv(design.T @ design)
    away = np.eye(len(design)) - design @ bread @ design.T
    columns, score = [], 0.0
    for one in np.unique(cluster):
        rows = cluster == one
        values, vectors = np.linalg.eigh(away[np.ix_(rows, rows)])
        root = np.where(values > 1e-10, 1 / np.sqrt(np.maximum(values, 1e-10)), 0.0)
        weight = (vectors * root) @ vectors.T @ design[rows] @ bread @ contrast
        columns.append(away[:, rows] @ weight)
        score += (weight @ residual[rows]) ** 2
    form = np.array(columns) @ np.array(columns).T
    return np.sqrt(score), np.trace(form) ** 2 / np.trace(form @ form)


@pytest.mark.parametrize("seed", range(4))
def test_errors_are_those_of_matrices_over_all_units(seed):
    """Holdings across groups, across years and of one unit; units that enter, leave, and change their holding."""
    rng = np.random.default_rng(seed)
    units = np.arange(40)
    frame = pd.DataFrame({"firm": np.tile(units, 2), "year": np.repeat([2014, 2015], 40)})
    frame["joined"] = (frame["firm"] % 3 == 0).astype(int)
    frame["holding"] = rng.integers(0, 15, 40)[frame["firm"]]
    moved = (frame["year"] == 2015) & (frame["firm"] % 7 == 0)
    frame.loc[moved, "holding"] = rng.integers(0, 15, moved.sum())
    frame["x"] = rng.lognormal(0, 0.5, 80) + frame["holding"] % 4
    frame = frame[rng.random(80) > 0.1].astype({"holding": "Int64"})
    frame.loc[rng.random(len(frame)) < 0.2, "holding"] = pd.NA
    panel = panel_of(frame, extra=["x"])
    first = frame.groupby("firm").head(1).set_index("firm")["holding"]
    cluster = frame["firm"].map(first).fillna(frame["firm"] + 100).to_numpy(dtype=float)
    design = np.array([(frame["joined"] == side) & (frame["year"] == year) for side in (1, 0) for year in (2014, 2015)])
    means = design @ frame["x"] / design.sum(axis=1)
    residual = frame["x"].to_numpy() - means @ design
    row = select_row(index_series(panel, indicator="x", base_year=2014), group="difference", year=2015)
    contrast = 100 * np.array([-means[1] / means[0] ** 2, 1 / means[0], means[3] / means[2] ** 2, -1 / means[2]])
    expected = cr2(design.T.astype(float), residual, cluster, contrast)
    assert (row["std_error"], row["error_dof"]) == pytest.approx(expected, rel=SAME)
    now = (frame["year"] == 2015).to_numpy()
    cluster = frame["holding"].fillna(frame["firm"] + 100).to_numpy(dtype=float)[now]
    table = compare_groups(panel, indicator="x", years=[2015])
    for group, contrast in (
        ("difference", np.array([1.0, -1.0])),
        ("ratio", np.array([1 / means[3], -means[1] / means[3] ** 2])),
    ):
        row = select_row(table, group=group)
        expected = cr2(design[[1, 3]][:, now].T.astype(float), residual[now], cluster, contrast)
        assert (row["std_error"], row["error_dof"]) == pytest.approx(expected, rel=SAME)


def test_equivalence_uses_the_error_of_the_difference(panel):
    table = check_selection(panel, year=2014, indicator="x", by=[], bound=0.5)
    row = select_row(table, statistic="equivalence")
    difference = select_row(compare_groups(panel, indicator="x", years=[2014]), group="difference")
    spread = np.sqrt(panel.to_frame().query("year == 2014").groupby("participant")["x"].var().mean())
    tests = [(0.5 * spread - side * difference["estimate"]) / difference["std_error"] for side in (1, -1)]
    assert row["p_value"] == pytest.approx(scipy_stats.t.sf(min(tests), difference["error_dof"]), rel=SAME)


def test_units_on_their_own_are_compared_as_by_welch(firms):
    alone = panel_of(firms.assign(holding=firms["firm"]), extra=["x"])
    rows = [select_row(compare_groups(one, indicator="x", years=[2014], cluster=cluster), group="difference")
            for one, cluster in ((alone, "auto"), (alone, "unit"), (panel_of(firms, extra=["x"]), "unit"))]  # fmt: skip
    for column in ("std_error", "p_value", "error_dof"):
        assert rows[0][column] == pytest.approx(rows[1][column], rel=PRINTED)
        assert rows[1][column] == rows[2][column]


def test_one_holding_has_a_mean_without_an_error_and_says_so(firms):
    one = panel_of(firms.assign(holding=firms["joined"]), extra=["x"])
    table = compare_groups(one, indicator="x", years=[2014])
    for keys in ({"group": "participant", "statistic": "mean"}, {"group": "difference"}):
        row = select_row(table, **keys)
        assert np.isfinite(row["estimate"])
        assert np.isnan(row["std_error"])
        assert row["note"] == Reason.ONE_CLUSTER.note


def test_a_choice_of_clusters_that_cannot_be_is_refused(panel, firms):
    with pytest.raises(StudyError, match="cluster: found 'holding'"):
        compare_groups(panel, indicator="x", cluster="holding")
    without = panel_of(firms, group=None, extra=["x"])
    with pytest.raises(StudyError, match="cluster: found a panel without enterprise groups"):
        index_series(without, indicator="x", base_year=2014, cluster="group")


def covered(table, truth, **keys):
    rows = table.to_frame()
    for column, value in keys.items():
        rows = rows[rows[column] == value]
    return ((rows["conf_low"] <= truth) & (rows["conf_high"] >= truth)).mean()


def test_intervals_cover_as_often_as_they_say():
    """Holdings of three and five, and an index at a correlation of 0.98; each draw is a sector."""
    rng = np.random.default_rng(1)
    draws, units = 600, 60
    at = np.arange(draws * units)
    rows = {"firm": at, "draw": [f"d{one:03d}" for one in at // units], "joined": (at % units < 15).astype(int)}
    frames = []
    for size, icc in ((3, 0.5), (5, 0.7)):
        common = rng.normal(0, np.sqrt(icc), draws * units // size).repeat(size)
        values = common + rng.normal(0, np.sqrt(1 - icc), len(at))
        frames.append(pd.DataFrame({**rows, "year": 2010 + size, "holding": at // size, "x": 20 + values}))
    firm = rng.normal(0, np.sqrt(0.98), len(at))
    for year in (2018, 2019):
        values = np.exp(0.5 * (firm + rng.normal(0, np.sqrt(0.02), len(at))))
        frames.append(pd.DataFrame({**rows, "year": year, "holding": at, "x": values}))
    panel = panel_of(pd.concat(frames, ignore_index=True), sector="draw", extra=["x"])
    levels = compare_groups(panel, indicator="x", by="sector", years=[2013, 2015])
    for year in (2013, 2015):
        assert abs(covered(levels, 0.0, group="difference", year=year) - 0.95) < SLACK
    naive = compare_groups(panel, indicator="x", by="sector", years=[2013, 2015], cluster="unit")
    assert covered(naive, 0.0, group="difference", year=2015) < 0.8
    index = index_series(panel, indicator="x", by="sector", base_year=2018, years=[2019])
    for group, truth in (("participant", 100.0), ("non_participant", 100.0), ("difference", 0.0)):
        assert abs(covered(index, truth, group=group) - 0.95) < SLACK


def test_means_of_skewed_values_are_covered_from_thirty_units_on():
    rng = np.random.default_rng(2)
    n, draws = 30, 2400
    at = np.arange(n * draws)
    frame = pd.DataFrame({"firm": at, "year": 2014, "joined": 1, "draw": [f"d{one:04d}" for one in at // n]})
    frame["x"] = rng.lognormal(0, 1, len(at))
    others = frame.assign(firm=frame["firm"] + len(at), joined=0)
    both = pd.concat([frame, others.groupby("draw").head(2)], ignore_index=True)
    panel = panel_from_frame(both, unit="firm", year="year", participant="joined", sector="draw", extra=["x"])
    table = compare_groups(panel, indicator="x", by="sector", statistics=["mean"])
    assert covered(table, np.exp(0.5), group="participant") > 0.93 - SLACK / 2  # half of it, in four times the draws
    student = frame.groupby("draw")["x"].agg(["mean", "sem"])
    low, high = scipy_stats.t.interval(0.95, n - 1, student["mean"], student["sem"])
    assert np.mean((low <= np.exp(0.5)) & (high >= np.exp(0.5))) < 0.9


def mean_rows(values):
    """Compare the means of draws, shape (draws, units), as sectors of one panel; others are two units in each."""
    draws, n = values.shape
    x = np.column_stack([values, values[:, :2]]).ravel()
    frame = pd.DataFrame({"firm": np.arange(len(x)), "year": 2014, "joined": np.tile([1] * n + [0] * 2, draws),
                          "draw": np.repeat([f"d{one:04d}" for one in range(draws)], n + 2), "x": x})  # fmt: skip
    panel = panel_from_frame(frame, unit="firm", year="year", participant="joined", sector="draw", extra=["x"])
    rows = compare_groups(panel, indicator="x", by="sector", statistics=["mean"]).to_frame()
    return rows[rows["group"] == "participant"].sort_values("sector")


@pytest.mark.parametrize(("n", "share", "least", "student"), [(15, 1.0, 0.91, 0.87), (20, 0.3, 0.92, 0.83)])
def test_few_skewed_and_mostly_zero_values_are_covered_better_than_by_student(n, share, least, student):
    rng, draws = np.random.default_rng(3), 1200
    values = rng.lognormal(0, 1, (draws, n)) * (rng.random((draws, n)) < share)
    rows, truth = mean_rows(values), share * np.exp(0.5)
    inside = (rows["conf_low"] <= truth) & (rows["conf_high"] >= truth)
    assert inside.mean() > least
    mean, sem = values.mean(axis=1), values.std(axis=1, ddof=1) / np.sqrt(n)
    assert np.mean(np.abs(mean - truth) <= scipy_stats.t.ppf(0.975, n - 1) * sem) < student


def test_a_mean_that_rests_on_a_few_large_values_says_so():
    rng = np.random.default_rng(4)
    few, many, normal = (np.zeros((400, 60)) for _ in range(3))
    few[:, :2] = rng.lognormal(3, 1, (400, 2))
    many[:, :30] = rng.lognormal(0, 0.5, (400, 30))
    normal[:] = rng.normal(0, 1, (400, 60))
    said = []
    for values in (few, many, normal):
        said.append(float((mean_rows(values)["note"] == Reason.RESTS_ON_FEW.note).mean()))
    assert said[0] > 0.99
    assert said[1:] == [0.0, 0.0]


def test_the_interval_of_a_skewed_mean_is_the_one_whose_transform_is_students():
    skewness, dof = np.array([0.3, -0.5, 0.0]), np.full(3, 40.0)
    low, high = stats.skewness_adjusted_interval(np.zeros(3), np.ones(3), skewness, dof, 0.9)
    quantile = scipy_stats.t.ppf(0.95, 40)
    for bound, sign in ((low, 1), (high, -1)):
        transform = -bound + skewness * bound**2 / 3 - skewness**2 * bound**3 / 27 + skewness / 6
        np.testing.assert_allclose(transform, sign * quantile, rtol=PRINTED)


def test_winsorised_means_share_their_cuts_and_logs_need_positive_values(firms):
    changed = firms.copy()
    changed.loc[(changed["firm"] == 0), "x"] = 4000.0
    table = compare_groups(
        panel_of(changed, group=None, extra=["x"]),
        indicator="x",
        years=[2014],
        statistics=["winsorised_mean", "mean_log"],
    )
    values = changed[changed["year"] == 2014]
    cut = values.assign(x=values["x"].clip(*values["x"].quantile([0.01, 0.99])))
    for group, joined in (("participant", 1), ("non_participant", 0)):
        expected = cut.loc[cut["joined"] == joined, "x"]
        row = select_row(table, group=group, statistic="winsorised_mean")
        assert (row["estimate"], row["std_error"]) == pytest.approx((expected.mean(), expected.sem()), rel=PRINTED)
        moves = expected - values.loc[expected.index, "x"]
        sides = [count for count in ((moves > 0).sum(), (moves < 0).sum()) if count]
        sizes = [moves.abs().sum(), *moves.abs().nlargest(2)]
        assert row[["moved_units", *list(row.index[row.index.str.startswith("moved_")])[1:]]].tolist() == pytest.approx(
            [min(sides, default=0), *sizes], rel=PRINTED
        )
    logs = np.log(values.loc[values["joined"] == 0, "x"])
    row = select_row(table, group="non_participant", statistic="mean_log")
    assert (row["estimate"], row["std_error"]) == pytest.approx((logs.mean(), logs.sem()), rel=PRINTED)
    panel = panel_of(firms.assign(x=firms["x"] - 5), extra=["x"])
    row = select_row(compare_groups(panel, indicator="x", years=[2014], statistics=["mean_log"]), group="participant")
    assert np.isnan(row["estimate"])
    assert row["note"] == Reason.NOT_ALL_POSITIVE.note


def test_values_are_moved_in_by_year_and_size_alike_in_every_table(firms):
    rules = rule_set("replicate_2020").change(winsorise_by="year_and_size")
    rng = np.random.default_rng(5)
    frame = firms.assign(persons=rng.choice([5.0, 30.0], len(firms)), x=rng.lognormal(3, 1.5, len(firms)))
    frame["half"] = rng.integers(0, 2, len(firms)).astype(float)
    panel = panel_of(frame, group=None, employed_persons="persons", extra=["x", "half"], rules=rules)
    by_size = frame.groupby(["year", "persons"])["x"]
    low, high = (by_size.transform("quantile", share) for share in (0.01, 0.99))
    cut = frame.assign(x=frame["x"].clip(low, high))
    assert (cut["x"] > frame["x"]).any(), "the lowest move too"
    for where in (None, {"half": 1}):
        table = compare_groups(panel, indicator="x", years=[2014], where=where, statistics=["winsorised_mean"])
        assert "winsorise_by=year_and_size" in table.rules
        kept = cut[(cut["year"] == 2014) & ((cut["half"] == 1) | (where is None))]
        for group, joined in (("participant", 1), ("non_participant", 0)):
            expected = kept.loc[kept["joined"] == joined, "x"]
            row = select_row(table, group=group, statistic="winsorised_mean")
            assert (row["estimate"], row["std_error"]) == pytest.approx((expected.mean(), expected.sem()), rel=PRINTED)
            moves = (expected - frame.loc[expected.index, "x"]).abs()
            sizes = row[["moved_total", "moved_largest", "moved_second"]].tolist()
            assert sizes == pytest.approx([moves.sum(), *moves.nlargest(2)], rel=PRINTED)


def test_a_warning_says_where_statistics_disagree_and_a_rule_where_there_is_no_test(firms):
    high = firms.assign(x=np.where(firms["firm"] == 0, 4000.0, firms["x"] - firms["joined"]))
    row = select_row(compare_groups(panel_of(high, extra=["x"]), indicator="x", years=[2014]), group="difference")
    assert row["note"] == Reason.SIGNS_DISAGREE.note
    panel = panel_of(firms, extra=["x"])
    careful = compare_groups(panel, indicator="x", years=[2014]), panel.rules.change(min_test_units=21)
    strict = type(panel)(**{**vars(panel), "rules": careful[1]})
    row = select_row(compare_groups(strict, indicator="x", years=[2014]), group="difference")
    assert np.isnan(row["p_value"])
    assert np.isfinite(row["conf_low"])
    assert row["note"] == Reason.TOO_FEW_TO_TEST.note

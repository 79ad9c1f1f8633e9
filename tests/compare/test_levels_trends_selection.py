"""Levels, contrasts and index series against scipy, pandas and brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from si_eval import cells, stats
from si_eval.compare.levels import compare_groups, compare_summaries
from si_eval.compare.selection import check_selection
from si_eval.compare.trends import index_series
from si_eval.errors import StudyError
from si_eval.registers.any_frame import panel_from_frame

SAME = 1e-12  # the same formula in another order of sums
COVERAGE_LEVEL = 0.95
COVERAGE_SLACK = 0.02  # 2 000 draws of a coverage of 0.95 have a standard error of 0.005


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(1)
    units, years = np.arange(60), (2014, 2015, 2016)
    frame = pd.DataFrame([(unit, year) for unit in units for year in years], columns=["firm", "year"])
    frame["joined"] = (frame["firm"] % 3 == 0).astype(int)
    frame["staff"] = rng.choice([5.0, 20.0, 80.0], len(frame))
    frame["sales"] = rng.lognormal(10, 1, len(frame)) * frame["staff"]
    frame["branch"] = np.where(frame["firm"] % 2 == 0, "C", "J")
    frame.loc[rng.random(len(frame)) < 0.1, "sales"] = np.nan
    return frame


@pytest.fixture(scope="module")
def panel(frame):
    return panel_from_frame(
        frame,
        unit="firm",
        year="year",
        participant="joined",
        employed_persons="staff",
        revenue="sales",
        sector="branch",
    )


def row(result, **keys):
    rows = result.to_frame()
    for column, value in keys.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def cell(frame, joined, **keys):
    rows = frame[frame["joined"] == joined]
    for column, value in keys.items():
        rows = rows[rows[column] == value]
    return (rows["sales"] / rows["staff"]).dropna()


def test_levels_and_difference_match_scipy(frame, panel):
    result = compare_groups(panel, indicator="revenue_per_employee", by=["size_class_4"], where={"sector": "C"})
    ours = cell(frame, 1, branch="C", year=2014, staff=20.0)
    theirs = cell(frame, 0, branch="C", year=2014, staff=20.0)
    keys = {"year": 2014, "size_class": "10-49", "sector": "C"}
    mean = row(result, group="participant", statistic="mean", **keys)
    low, high = scipy_stats.t.interval(0.95, len(ours) - 1, ours.mean(), ours.sem())
    np.testing.assert_allclose(
        [mean["estimate"], mean["std_error"], mean["conf_low"], mean["conf_high"]],
        [ours.mean(), ours.sem(), low, high],
        rtol=SAME,
    )
    assert mean["n_units"] == len(ours)
    assert mean["note"] == ""
    difference = row(result, group="difference", **keys)
    welch = scipy_stats.ttest_ind(ours, theirs, equal_var=False)
    interval = welch.confidence_interval(0.95)
    np.testing.assert_allclose(
        [difference["estimate"], difference["p_value"], difference["conf_low"], difference["conf_high"]],
        [ours.mean() - theirs.mean(), welch.pvalue, interval.low, interval.high],
        rtol=SAME,
    )
    assert difference["n_units"] == min(len(ours), len(theirs))
    assert row(result, group="ratio", **keys)["estimate"] == pytest.approx(ours.mean() / theirs.mean(), rel=SAME)
    median = row(result, group="non_participant", statistic="median", **keys)
    assert median["estimate"] == pytest.approx(theirs.median(), rel=SAME)


def test_ratio_of_sums_is_over_the_units_with_a_value(frame, panel):
    result = compare_groups(panel, indicator="revenue_per_employee", years=[2015])
    rows = frame[(frame["joined"] == 1) & (frame["year"] == 2015) & frame["sales"].notna()]
    computed = row(result, group="participant", statistic="ratio_of_sums", year=2015)
    assert computed["estimate"] == pytest.approx(rows["sales"].sum() / rows["staff"].sum(), rel=SAME)


def test_what_disclosure_needs_travels_with_the_number(frame, panel):
    result = compare_groups(panel, indicator="revenue_per_employee", years=[2014])
    values = cell(frame, 1, year=2014).sort_values(ascending=False)
    mean = row(result, group="participant", statistic="mean")
    assert mean[["largest", "second_largest", "total", "n_holdings"]].tolist() == pytest.approx(
        [values.iloc[0], values.iloc[1], values.sum(), len(values)], rel=SAME
    )


def test_several_indicators_come_in_one_table(panel):
    result = compare_groups(panel, indicator=["revenue", "employed_persons"], years=[2014])
    assert set(result.to_frame()["indicator"]) == {"revenue", "employed_persons"}
    assert set(result.to_frame()["unit"]) >= {"sales", "persons"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"indicator": "profit"}, "indicator: found profit"),
        ({"indicator": "revenue", "by": ["region"]}, "found region"),
        ({"indicator": "revenue", "where": {"region": 1}}, "found region"),
    ],
)
def test_unknown_names_are_refused(panel, arguments, message):
    with pytest.raises(StudyError, match=message):
        compare_groups(panel, **arguments)


def test_an_index_is_100_at_base_and_free_of_the_unit_of_measure(frame, panel):
    in_cents = panel_from_frame(
        frame.assign(sales=frame["sales"] * 100),
        unit="firm", year="year", participant="joined", employed_persons="staff", revenue="sales",
    )  # fmt: skip
    arguments = {"indicator": "revenue_per_employee", "base_year": 2014}
    series, other = index_series(panel, **arguments).to_frame(), index_series(in_cents, **arguments).to_frame()
    base = series[(series["year"] == 2014) & (series["group"] != "difference")]
    assert base["estimate"].tolist() == [100.0, 100.0]
    assert base["std_error"].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(series["estimate"], other["estimate"], rtol=SAME)
    np.testing.assert_allclose(series["std_error"], other["std_error"], rtol=1e-9)


def test_the_error_of_an_index_counts_units_that_stay(frame, panel):
    computed = row(
        index_series(panel, indicator="revenue_per_employee", base_year=2014), group="participant", year=2016
    )
    wide = frame[frame["joined"] == 1].assign(value=lambda rows: rows["sales"] / rows["staff"])
    wide = wide.pivot(index="firm", columns="year", values="value")
    base, now = wide[2014].dropna(), wide[2016].dropna()
    both = wide[[2014, 2016]].dropna()
    covariance = ((both[2014] - base.mean()) * (both[2016] - now.mean())).sum() / (len(base) * len(now))
    ratio = now.mean() / base.mean()
    variance = (now.sem() ** 2 - 2 * ratio * covariance + ratio**2 * base.sem() ** 2) / base.mean() ** 2
    assert computed["estimate"] == pytest.approx(100 * ratio, rel=SAME)
    assert computed["std_error"] == pytest.approx(100 * np.sqrt(variance), rel=1e-9)


def test_intervals_of_a_ratio_of_related_means_cover_as_often_as_they_say():
    rng = np.random.default_rng(2)
    draws, n = 2000, 150
    firm = rng.normal(0, 0.4, (draws, n))
    base = np.exp(firm + rng.normal(0, 0.2, (draws, n)))
    now = 1.2 * np.exp(firm + rng.normal(0, 0.2, (draws, n)))
    means = base.mean(1), now.mean(1)
    covariance = ((base - means[0][:, None]) * (now - means[1][:, None])).sum(1) / n**2
    errors = [x.std(1, ddof=1) / np.sqrt(n) for x in (base, now)]
    std_error = stats.ratio_std_error(means[1], errors[1], means[0], errors[0], covariance)
    interval = stats.student_interval(means[1] / means[0], std_error, np.full(draws, n - 1.0), COVERAGE_LEVEL)
    covered = np.mean((interval.low < 1.2) & (interval.high > 1.2))
    assert abs(covered - COVERAGE_LEVEL) < COVERAGE_SLACK


def test_a_base_year_that_is_not_there_is_refused(panel):
    with pytest.raises(StudyError, match=r"base_year: found 1999; expected one of \[2014, 2015, 2016\]"):
        index_series(panel, indicator="revenue", base_year=1999)


def test_selection_gives_the_standardised_difference(frame, panel):
    result = check_selection(panel, year=2014, indicator="revenue_per_employee", by=[])
    ours, theirs = cell(frame, 1, year=2014), cell(frame, 0, year=2014)
    smd = (ours.mean() - theirs.mean()) / np.sqrt((ours.var() + theirs.var()) / 2)
    assert row(result, statistic="standardised_mean_difference")["estimate"] == pytest.approx(smd, rel=SAME)


def test_equivalence_has_its_size_at_the_border_and_power_inside():
    rng = np.random.default_rng(3)
    draws, n, bound = 2000, 400, 0.25

    def rejected(shift: float) -> float:
        a, b = rng.normal(shift, 1, (draws, n)), rng.normal(0, 1, (draws, n))
        numbers = np.full(draws, float(n))
        p = stats.equivalence_p_value(a.mean(1), a.std(1, ddof=1), numbers, b.mean(1), b.std(1, ddof=1), numbers, bound)
        return float(np.mean(p < 0.05))

    assert abs(rejected(bound) - 0.05) < COVERAGE_SLACK
    assert rejected(0.0) > 0.9


def test_a_fence_is_tukeys_on_the_log_scale():
    first, third = np.quantile([0.0, 1.0, 2.0, 3.0, 4.0], [0.25, 0.75])
    assert stats.log_upper_fence(first, third, 3.0) == pytest.approx(np.exp(3 + 3 * 2), rel=SAME)


def test_summaries_of_many_requests_give_the_figures_of_each(panel, monkeypatch):
    """One pass a split answers every table that asks for a part of it, and gives the same figures."""
    asked = [
        {"indicator": "revenue_per_employee", "by": ["sector"], "years": [2014]},
        {"indicator": ["revenue", "revenue_per_employee"], "by": ["sector"], "years": [2014, 2015]},
        {"indicator": "revenue", "where": {"sector": ["C"]}},
    ]
    expected = [compare_groups(panel, **arguments) for arguments in asked]
    summaries = cells.summarise_requests(panel, [cells.cell_request(**arguments) for arguments in asked])
    monkeypatch.setattr("si_eval.cells.summary._select_columns", None)  # no unit is fetched any more
    for arguments, table in zip(asked, expected, strict=True):
        found = compare_summaries(panel, summaries, **arguments)
        pd.testing.assert_frame_equal(found.to_frame(), table.to_frame())
        assert found.coverage == table.coverage

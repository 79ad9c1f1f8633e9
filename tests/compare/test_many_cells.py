"""Many tests together, against scipy and in simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from si_eval.compare.levels import compare_groups
from si_eval.compare.many_cells import judge_many_cells
from si_eval.errors import StudyError
from si_eval.registers.any_frame import panel_from_frame
from si_eval.stats import false_discovery

SAME = 1e-12  # the same formula
SLACK = 0.03  # of a rate of 0.05 in 400 draws: three standard errors


@pytest.fixture(scope="module")
def table():
    """Twenty sectors: no difference in x, one standard deviation in y in five of them."""
    rng = np.random.default_rng(1)
    at = np.arange(20 * 60)
    frame = pd.DataFrame(
        {"firm": at, "year": 2019, "joined": at % 3 == 0, "branch": [f"b{one:02d}" for one in at // 60]}
    )
    frame["x"] = rng.normal(0, 1, len(at))
    frame["y"] = rng.normal(0, 1, len(at)) + frame["joined"] * (at // 60 < 5) * 1.5
    panel = panel_from_frame(frame, unit="firm", year="year", participant="joined", sector="branch", extra=["x", "y"])
    return compare_groups(panel, indicator=["x", "y"], by="sector")


def test_q_values_are_those_of_benjamini_and_hochberg_by_family(table):
    found = judge_many_cells(table, primary="y")
    for family, rows in found.to_frame().groupby("family"):
        expected = scipy_stats.false_discovery_control(rows["p_value"])
        np.testing.assert_allclose(rows["q_value"], expected, rtol=SAME)
        assert family == ("primary" if rows["indicator"].iloc[0] == "y" else "x")
    together = judge_many_cells(table, primary=["x", "y"]).to_frame()
    np.testing.assert_allclose(together["q_value"], scipy_stats.false_discovery_control(together["p_value"]), rtol=SAME)


def test_the_sentence_counts_what_chance_gives(table):
    found = judge_many_cells(table, primary="y")
    families = found.families.set_index("family")
    assert families["tested"].to_dict() == {"x": 20, "primary": 20}
    assert families["expected"].to_dict() == pytest.approx({"x": 1.0, "primary": 1.0})
    assert families.loc["primary", "remain"] == 5
    assert families.loc["x", "remain"] == 0
    differ = int(families["differ"].sum())
    assert found.sentence("en").startswith(
        f"{differ} of 40 tested differences are there at 5%; by chance alone 2.0 are"
    )
    assert found.sentence("nl").startswith(f"{differ} van de 40 getoetste verschillen")


def test_a_difference_of_the_minimum_is_found_four_times_out_of_five(table):
    row = judge_many_cells(table).to_frame().iloc[0]
    rng = np.random.default_rng(2)
    shift, draws = row["minimum_detectable_difference"] / row["std_error"] * np.sqrt(1 / 20 + 1 / 40), 4000
    ours, theirs = rng.normal(shift, 1, (draws, 20)), rng.normal(0, 1, (draws, 40))
    found = scipy_stats.ttest_ind(ours, theirs, axis=1, equal_var=False).pvalue < 0.05
    assert abs(found.mean() - 0.8) < 0.05  # the multiple of the standard error is that of one draw


def test_where_nothing_differs_hardly_anything_remains():
    rng = np.random.default_rng(3)
    p_values = rng.random((400, 50))
    wrong = np.mean([(false_discovery(one) < 0.05).any() for one in p_values])
    assert abs(wrong - 0.05) < SLACK


def test_tables_that_say_nothing_are_refused(table):
    with pytest.raises(StudyError, match="primary: found 'z'"):
        judge_many_cells(table, primary="z")
    with pytest.raises(StudyError, match="tables: found"):
        judge_many_cells([3])


def test_a_frame_is_compared_under_any_rule_set():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"firm": np.arange(80), "year": 2019, "joined": np.arange(80) < 20, "x": rng.lognormal(0, 1, 80)}
    )
    columns = {"unit": "firm", "year": "year", "participant": "joined", "extra": ["x"]}
    tables = {rules: compare_groups(panel_from_frame(frame, rules=rules, **columns), indicator="x").to_frame()
              for rules in ("replicate_2020", "recommended")}  # fmt: skip
    plain, careful = (table.set_index(["group", "statistic"]) for table in tables.values())
    assert np.isfinite(plain.loc[("difference", "mean"), "p_value"])
    assert np.isnan(careful.loc[("difference", "mean"), "p_value"])
    assert set(careful.index.get_level_values("statistic")) == {"mean", "median", "winsorised_mean", "mean_log"}
    shared = careful.index.intersection(plain.index)
    pd.testing.assert_series_equal(careful.loc[shared, "estimate"], plain.loc[shared, "estimate"])
    assert set(careful["rule_set"]) == {"recommended"}

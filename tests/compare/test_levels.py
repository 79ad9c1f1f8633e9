"""Levels and contrasts of groups, against scipy and pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from compared_rows import select_row, select_values
from scipy import stats as scipy_stats

from si_eval import cells
from si_eval.compare.levels import compare_groups, compare_summaries, level_request
from si_eval.errors import StudyError

SAME = 1e-12  # the same formula in another order of sums


def test_levels_and_difference_match_scipy(frame, panel):
    result = compare_groups(panel, indicator="revenue_per_employee", by=["size_class_4"], where={"sector": "C"})
    ours = select_values(frame, 1, branch="C", year=2014, staff=20.0)
    theirs = select_values(frame, 0, branch="C", year=2014, staff=20.0)
    keys = {"year": 2014, "size_class": "10-49", "sector": "C"}
    mean = select_row(result, group="participant", statistic="mean", **keys)
    low, high = scipy_stats.t.interval(0.95, len(ours) - 1, ours.mean(), ours.sem())
    np.testing.assert_allclose(
        [mean["estimate"], mean["std_error"], mean["conf_low"], mean["conf_high"]],
        [ours.mean(), ours.sem(), low, high],
        rtol=SAME,
    )
    assert mean["n_units"] == len(ours)
    assert mean["note"] == ""
    difference = select_row(result, group="difference", **keys)
    welch = scipy_stats.ttest_ind(ours, theirs, equal_var=False)
    interval = welch.confidence_interval(0.95)
    np.testing.assert_allclose(
        [difference["estimate"], difference["p_value"], difference["conf_low"], difference["conf_high"]],
        [ours.mean() - theirs.mean(), welch.pvalue, interval.low, interval.high],
        rtol=SAME,
    )
    assert difference["n_units"] == min(len(ours), len(theirs))
    assert select_row(result, group="ratio", **keys)["estimate"] == pytest.approx(ours.mean() / theirs.mean(), rel=SAME)
    median = select_row(result, group="non_participant", statistic="median", **keys)
    assert median["estimate"] == pytest.approx(theirs.median(), rel=SAME)


def test_ratio_of_sums_is_over_the_units_with_a_value(frame, panel):
    result = compare_groups(panel, indicator="revenue_per_employee", years=[2015])
    rows = frame[(frame["joined"] == 1) & (frame["year"] == 2015) & frame["sales"].notna()]
    computed = select_row(result, group="participant", statistic="ratio_of_sums", year=2015)
    assert computed["estimate"] == pytest.approx(rows["sales"].sum() / rows["staff"].sum(), rel=SAME)


def test_what_disclosure_needs_travels_with_the_number(frame, panel):
    result = compare_groups(panel, indicator="revenue_per_employee", years=[2014])
    values = select_values(frame, 1, year=2014).sort_values(ascending=False)
    mean = select_row(result, group="participant", statistic="mean")
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
        ({"indicator": "profit"}, "indicator: found 'profit'"),
        ({"indicator": "revenue", "by": ["region"]}, "found 'region'"),
        ({"indicator": "revenue", "where": {"region": 1}}, "found 'region'"),
    ],
)
def test_unknown_names_are_refused(panel, arguments, message):
    with pytest.raises(StudyError, match=message):
        compare_groups(panel, **arguments)


def test_summaries_of_many_requests_give_the_figures_of_each(panel, monkeypatch):
    """One pass a split answers every table that asks for a part of it, and gives the same figures."""
    asked = [
        {"indicator": "revenue_per_employee", "by": ["sector"], "years": [2014]},
        {"indicator": ["revenue", "revenue_per_employee"], "by": ["sector"], "years": [2014, 2015]},
        {"indicator": "revenue", "where": {"sector": ["C"]}},
    ]
    expected = [compare_groups(panel, **arguments) for arguments in asked]
    summaries = cells.summarise_requests(panel, [level_request(panel, **arguments) for arguments in asked])
    monkeypatch.setattr("si_eval.cells.summary._select_columns", None)  # no unit is fetched any more
    for arguments, table in zip(asked, expected, strict=True):
        found = compare_summaries(panel, summaries, **arguments)
        pd.testing.assert_frame_equal(found.to_frame(), table.to_frame())
        assert found.coverage == table.coverage

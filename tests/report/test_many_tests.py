"""Under a table of many tested differences: the declared outcome, or that it explores, and what could be found."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

import si_eval as se
from si_eval.report import table_html
from si_eval.results.many_tests import detectable_differences

SAME = 1e-9  # the same quantiles from two libraries


@pytest.fixture(scope="module")
def table():
    rng, at = np.random.default_rng(1), np.arange(6 * 60)
    frame = pd.DataFrame({"firm": at, "year": 2019, "joined": at % 3 == 0, "branch": [f"b{one}" for one in at // 60],
                          "staff": 1.0, "sales": rng.normal(1000, 100, len(at))})  # fmt: skip
    panel = se.panel_from_frame(frame, unit="firm", year="year", participant="joined", sector="branch",
                                employed_persons="staff", revenue="sales")  # fmt: skip
    return se.compare_groups(panel, indicator="revenue", by="sector", statistics=["mean"]).named("cells")


@pytest.mark.parametrize(
    ("primary", "said", "others"),
    [
        (None, (), ("Outcome declared beforehand", "these tests explore")),
        (("revenue",), ("Outcome declared beforehand: Annual revenue.",), ("these tests explore",)),
        (("age",), ("these tests explore",), ("Outcome declared beforehand",)),
    ],
)
def test_a_table_says_whether_its_outcome_was_declared(table, primary, said, others):
    (safe,) = se.protect([replace(table, primary=primary)])
    page = table_html(safe, language="en")
    assert "6 tested differences" in page
    assert all(text in page for text in said)
    assert not any(text in page for text in others)


def test_the_smallest_difference_that_would_be_found_is_told(table):
    (safe,) = se.protect([table])
    rows = safe.to_frame().query("group == 'difference'")
    dof = rows["n_units"].to_numpy(dtype=float) - 1
    expected = (scipy_stats.t.ppf(0.975, dof) + scipy_stats.t.ppf(0.8, dof)) * rows["std_error"].to_numpy(dtype=float)
    np.testing.assert_allclose(detectable_differences(rows), expected, rtol=SAME)
    page = table_html(safe, language="en")
    told = re.search(r"by cell: \D*([0-9.]+) to \D*([0-9.]+)\.", page.replace("\xa0", " "))
    assert [float(one) for one in told.groups()] == [round(expected.min(), 1), round(expected.max(), 1)]
    assert "naar cel: " in table_html(safe, language="nl")

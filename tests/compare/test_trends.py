"""Index series and their errors, against brute force and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from compared_rows import select_row

from si_eval import stats
from si_eval.compare.trends import index_series
from si_eval.errors import StudyError
from si_eval.registers.any_frame import panel_from_frame

SAME = 1e-12  # the same formula in another order of sums
COVERAGE_LEVEL = 0.95
COVERAGE_SLACK = 0.02  # 2 000 draws of a coverage of 0.95 have a standard error of 0.005


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
    computed = select_row(
        index_series(panel, indicator="revenue_per_employee", base_year=2014), group="participant", year=2016
    )
    wide = frame[frame["joined"] == 1].assign(value=lambda rows: rows["sales"] / rows["staff"])
    wide = wide.pivot(index="firm", columns="year", values="value")
    base, now = wide[2014].dropna(), wide[2016].dropna()
    both = wide[[2014, 2016]].dropna()
    sizes = [n * (n - 1) for n in (len(base), len(now))]
    covariance = ((both[2014] - base.mean()) * (both[2016] - now.mean())).sum() / np.sqrt(np.prod(sizes))
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
    covariance = ((base - means[0][:, None]) * (now - means[1][:, None])).sum(1) / (n * (n - 1))
    errors = [x.std(1, ddof=1) / np.sqrt(n) for x in (base, now)]
    std_error = stats.ratio_std_error(means[1], errors[1], means[0], errors[0], covariance)
    interval = stats.student_interval(means[1] / means[0], std_error, np.full(draws, n - 1.0), COVERAGE_LEVEL)
    covered = np.mean((interval.low < 1.2) & (interval.high > 1.2))
    assert abs(covered - COVERAGE_LEVEL) < COVERAGE_SLACK


def test_a_base_year_that_is_not_there_is_refused(panel):
    with pytest.raises(StudyError, match=r"base_year: found 1999; expected one of \[2014, 2015, 2016\]"):
        index_series(panel, indicator="revenue", base_year=1999)

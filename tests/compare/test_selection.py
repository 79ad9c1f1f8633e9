"""Balance and tests of equivalence, against R's MatchIt, brute force and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from compared_rows import select_row, select_values
from scipy import stats as scipy_stats

from si_eval import stats
from si_eval.compare.selection import check_selection
from si_eval.disclosure import protect
from si_eval.errors import DisclosureError, StudyError

SAME = 1e-12  # the same formula in another order of sums
COVERAGE_SLACK = 0.02  # 2 000 draws of a size of 0.05 have a standard error of 0.005


def test_selection_gives_the_standardised_difference(frame, panel):
    result = check_selection(panel, year=2014, indicator="revenue_per_employee", by=[])
    ours, theirs = select_values(frame, 1, year=2014), select_values(frame, 0, year=2014)
    smd = (ours.mean() - theirs.mean()) / np.sqrt((ours.var() + theirs.var()) / 2)
    assert select_row(result, statistic="standardised_mean_difference")["estimate"] == pytest.approx(smd, rel=SAME)


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


# MatchIt 4.5.1, R 4.2.2: summary(matchit(treat ~ ..., method = NULL), standardize = TRUE)$sum.all on causaldata's
# nsw_mixtape: standardised difference, variance ratio, mean and largest distance of the distributions
MATCHIT = {
    "years": (0.10655038555334194, 1.027755284638963, 0.0253638253638254, 0.0651767151767152),
    "educ": (0.12806026640590548, 1.551284061885497, 0.0286976536976537, 0.1265072765072766),
    "re74": (-0.00234374045561042, 0.738095274275271, 0.0195010395010395, 0.0470893970893971),
    "re75": (0.08236273656072743, 1.076344060419142, 0.0510609617061230, 0.1074844074844075),
}
MATCHIT_OF_SHARES = {"black": 0.0163201663201664, "nodegree": 0.1265072765072766}
AS_WRITTEN = 1e-5  # relative: earnings went to R as text with eight digits, and means nearly cancel
BALANCE = ["standardised_mean_difference", "variance_ratio", "ecdf_mean", "ecdf_max"]


def test_balance_is_that_of_matchit(nsw):
    found = check_selection(nsw, year=1975, by=[], statistics=BALANCE, denominator="treated").to_frame()
    table = found.pivot(index="indicator", columns="statistic", values="estimate")[BALANCE]
    for name, expected in MATCHIT.items():
        np.testing.assert_allclose(table.loc[name], expected, rtol=AS_WRITTEN)
    for name, distance in MATCHIT_OF_SHARES.items():
        np.testing.assert_allclose(table.loc[name, ["ecdf_mean", "ecdf_max"]], distance, rtol=SAME)


def test_differences_are_in_the_standard_deviation_that_is_named(frame, panel):
    ours, theirs = select_values(frame, 1, year=2014), select_values(frame, 0, year=2014)
    both = np.concatenate([ours, theirs])
    spreads = {"treated": ours.std(), "control": theirs.std(), "all": both.std(ddof=1)}
    for denominator, spread in spreads.items():
        result = check_selection(panel, year=2014, indicator="revenue_per_employee", by=[], denominator=denominator)
        row = select_row(result, statistic="standardised_mean_difference")
        assert row["estimate"] == pytest.approx((ours.mean() - theirs.mean()) / spread, rel=SAME)
        assert row["unit"] == f"standard deviations ({denominator})"


def test_distances_are_those_of_each_cell(frame, panel):
    result = check_selection(
        panel, year=2014, indicator="revenue_per_employee", by=["sector"], statistics=["ecdf_max", "ecdf_mean"]
    )
    for sector in ("C", "J"):
        sides = [select_values(frame[frame["branch"] == sector], joined, year=2014) for joined in (1, 0)]
        expected = scipy_stats.ks_2samp(*sides)
        row = select_row(result, statistic="ecdf_max", sector=sector)
        assert row["estimate"] == pytest.approx(expected.statistic, abs=SAME)
        at = np.sort(np.concatenate(sides))
        gaps = [abs(np.mean(sides[0] <= value) - np.mean(sides[1] <= value)) for value in at]
        assert select_row(result, statistic="ecdf_mean", sector=sector)["estimate"] == pytest.approx(np.mean(gaps))


def test_what_tells_of_squares_stays_inside(panel):
    protect([check_selection(panel, year=2014, by=[])])
    with pytest.raises(DisclosureError, match="variance_ratio"):
        protect([check_selection(panel, year=2014, by=[], statistics=["variance_ratio"])])
    with pytest.raises(StudyError, match="denominator: found 'weighted'"):
        check_selection(panel, year=2014, denominator="weighted")

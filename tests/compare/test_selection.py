"""Standardised differences and tests of equivalence, against brute force and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from compared_rows import select_row, select_values

from si_eval import stats
from si_eval.compare.selection import check_selection

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

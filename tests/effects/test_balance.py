"""Balance before and after weighting, by hand and against scipy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from si_eval.effects.balance import balance_table
from si_eval.effects.weighting import (
    entropy_balance,
)
from si_eval.vocabulary import Reason

EXACT = 1e-10  # the same sums in another order
Sample = tuple[np.ndarray, np.ndarray, np.ndarray]  # covariates, who is treated, outcome


def test_balance_by_hand() -> None:
    x = np.array([[1.0, 1], [2, 0], [3, 1], [4, 1], [0, 0], [6, 1], [1, 0], [2, 0]])
    treated, weights = np.arange(8) < 4, np.array([1.0, 2, 1, 0])
    table = balance_table(x, treated, None, weights, score=x[:, 0])
    spread = np.array([np.std([1, 2, 3, 4], ddof=1), np.sqrt(0.75 * 0.25)])
    np.testing.assert_allclose(table.before.difference, (np.array([2.5, 0.75]) - [2.25, 0.25]) / spread)
    np.testing.assert_allclose(table.after.difference, (np.array([2.5, 0.75]) - [3.25, 0.5]) / spread)
    theirs = np.average((np.array([0, 6, 1]) - 3.25) ** 2, weights=[1, 2, 1]) / (1 - 6 / 16)
    np.testing.assert_allclose(table.after.variance_ratio, [spread[0] ** 2 / theirs, np.nan])
    assert table.effective_controls == pytest.approx(16 / 6)
    assert table.effective_treated == 4
    assert table.outside == 0
    assert balance_table(x, treated, score=-x[:, 0] * treated).outside == 1.0
    np.testing.assert_allclose(table.after.largest_distance, [0.5, 0.25])
    np.testing.assert_allclose(table.before.mean_distance, [np.mean([1, 1, 1, 0, 1, 0]) / 4, 0.5])


@pytest.mark.parametrize("denominator", ["treated", "control", "pooled", "all"])
def test_the_standard_deviation_is_the_one_named(units: Callable[..., Sample], denominator: str) -> None:
    x, treated, _ = units(17)
    sides = {"treated": x[treated, 0], "control": x[~treated, 0], "all": x[:, 0]}
    spreads = {name: values.std(ddof=1) for name, values in sides.items()}
    spreads["pooled"] = np.hypot(spreads["treated"], spreads["control"]) / np.sqrt(2)
    gap = x[treated, 0].mean() - x[~treated, 0].mean()
    found = balance_table(x, treated, denominator=denominator).before.difference[0]
    assert found == pytest.approx(gap / spreads[denominator], rel=EXACT)


def test_the_distance_of_distributions_is_that_of_scipy(units: Callable[..., Sample]) -> None:
    x, treated, _ = units(15)
    table = balance_table(np.round(x, 1), treated)
    for column, distance in zip(np.round(x, 1).T, table.before.largest_distance, strict=True):
        assert distance == pytest.approx(stats.ks_2samp(column[treated], column[~treated]).statistic, abs=EXACT)


def test_groups_that_are_alike(units: Callable[..., Sample]) -> None:
    x = np.tile(units(16)[0], (2, 1))
    treated = np.arange(len(x)) < len(x) // 2
    weights = entropy_balance(x, treated, moments=2)
    np.testing.assert_allclose(weights.weights, 1 / (~treated).sum(), rtol=1e-7)
    table = balance_table(x, treated, None, weights.weights)
    for likeness in (table.before, table.after):
        np.testing.assert_allclose(likeness.difference, 0, atol=1e-7)
        np.testing.assert_allclose(likeness.largest_distance, 0, atol=1e-7)
    assert table.effective_controls == pytest.approx((~treated).sum())


def test_a_covariate_that_the_treated_share_has_no_standardised_difference() -> None:
    treated = np.arange(10) < 4
    x = np.column_stack([np.where(treated, 1.0, np.arange(10) % 2), np.ones(10)])
    table = balance_table(x, treated)
    np.testing.assert_array_equal(table.before.difference, [np.nan, 0.0])
    assert table.reasons == (Reason.TREATED_DO_NOT_VARY, None)

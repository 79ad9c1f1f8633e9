"""Array mathematics that no other test reaches, against its formula."""

from __future__ import annotations

import math

import numpy as np
import pytest

from si_eval import stats

SAME = 1e-12  # the same formula in another order of sums


def test_a_fence_is_tukeys_on_the_log_scale():
    first, third = np.quantile([0.0, 1.0, 2.0, 3.0, 4.0], [0.25, 0.75])
    assert stats.log_upper_fence(first, third, 3.0) == pytest.approx(np.exp(3 + 3 * 2), rel=SAME)


@pytest.mark.parametrize(
    "draw",
    [
        lambda generator, n: generator.lognormal(0, 5, n),
        lambda generator, n: generator.normal(0, 1, n) * 10.0 ** generator.integers(-150, 150, n),
        lambda generator, n: generator.choice([5e-324, 1e-310, -3e-308, 0.0], n),
        lambda generator, n: generator.choice([1e260, -7e259, 1.0], n),
    ],
)
def test_sums_are_nearly_exact_and_the_same_in_any_order(draw):
    """Against exact sums, over many magnitudes, of both signs and next to nothing; of each place by itself too."""
    generator = np.random.default_rng(3)
    values, place = draw(generator, 3_000), generator.integers(0, 3, 3_000)
    parts = [values[place == at] for at in range(4)]
    found, by_place = stats.add_up(values), stats.add_up_by(place, values, 4)
    np.testing.assert_allclose([found, *by_place], [math.fsum(part) for part in (values, *parts)], rtol=SAME, atol=0)
    for _ in range(5):
        order = generator.permutation(len(values))
        assert stats.add_up(values[order]) == found
        np.testing.assert_array_equal(stats.add_up_by(place[order], values[order], 4), by_place)


def test_a_gap_leaves_its_own_sum_missing():
    values = np.array([1.0, np.nan, 2.0])
    assert np.isnan(stats.add_up(values))
    assert stats.add_up(values[:0]) == 0
    np.testing.assert_array_equal(stats.add_up_by(np.array([0, 1, 0]), values, 3), [3.0, np.nan, 0.0])
    assert stats.add_up(np.array([np.inf, 1.0])) == np.inf

"""Array mathematics that no other test reaches, against its formula."""

from __future__ import annotations

import numpy as np
import pytest

from si_eval import stats

SAME = 1e-12  # the same formula in another order of sums


def test_a_fence_is_tukeys_on_the_log_scale():
    first, third = np.quantile([0.0, 1.0, 2.0, 3.0, 4.0], [0.25, 0.75])
    assert stats.log_upper_fence(first, third, 3.0) == pytest.approx(np.exp(3 + 3 * 2), rel=SAME)


@pytest.mark.parametrize("numbers", [[], [5], [3, -1, 3, 2**62, -1], list(range(9, 0, -1))], ids=len)
def test_different_numbers_are_those_of_numpy(numbers):
    given = np.array(numbers, dtype=np.int64)
    np.testing.assert_array_equal(stats.distinct(given), np.unique(given))

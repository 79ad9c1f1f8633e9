"""Statistics of cells against numpy and pandas, one cell at a time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from si_eval.cells import order_statistics
from si_eval.cells.order_statistics import Cells, moments, number_combinations, two_largest

EXACT = 1e-12  # relative: the same formula, at most in another order of summation
SHARES = np.array([0.1, 0.25, 0.5, 0.75, 0.9])


@pytest.mark.parametrize("most", [10, 50, order_statistics.MAX_COMBINATIONS])
def test_combinations_are_numbered_in_order_and_point_at_a_row_of_theirs(most, monkeypatch) -> None:
    """Against pandas' ngroup, on codes of which some never occur; ``most`` decides what is counted and what sorted."""
    monkeypatch.setattr(order_statistics, "MAX_COMBINATIONS", most)
    generator = np.random.default_rng(1)
    left, right = generator.integers(0, 4, 500) * 2, generator.integers(0, 7, 500)
    first, found = number_combinations((left, 9), (right, 8))
    expected = pd.DataFrame({"left": left, "right": right}).groupby(["left", "right"]).ngroup().to_numpy()
    assert np.array_equal(found, expected)
    assert np.array_equal(found[first], np.arange(len(first)))
    assert [len(part) for part in number_combinations((left[:0], 9))] == [0, 0]


def test_cells_give_their_rows_in_order_and_empty_cells_nothing() -> None:
    """Cell 1 has no row; rows keep their order within a cell."""
    values = np.array([10.0, 20.0, 30.0, 40.0])
    cells = Cells.of(np.array([2, 0, 2, 0]), 4)
    parts = cells.split(values[cells.order])
    assert [part.tolist() for part in parts] == [[20.0, 40.0], [], [10.0, 30.0], []]
    assert cells.sums(values).tolist() == [60.0, 0.0, 40.0, 0.0]


@pytest.mark.parametrize("size", [1, 2, 3, 10, 1000])
def test_order_statistics_are_those_of_numpy(size: int) -> None:
    """Percentiles and largest values, with ties, losses and gaps."""
    values = np.random.default_rng(size).integers(-50, 50, size).astype(float)
    cells = Cells.of(np.repeat([1, 2], [size + 2, 1]), 4)
    ordered = np.append(values, [np.nan, np.nan, np.nan])
    counts = cells.sort_within(ordered)
    assert counts.tolist() == [0, size, 0, 0]
    np.testing.assert_array_equal(ordered[:size], np.sort(values))
    found = cells.percentiles(ordered, counts, SHARES)
    np.testing.assert_allclose(found[1], np.quantile(values, SHARES), rtol=EXACT)
    assert np.isnan(found[[0, 2, 3]]).all()
    total, mean, deviation = moments(np.sort(values))
    assert total == values.sum()
    np.testing.assert_allclose(
        [mean, deviation], [values.mean(), values.std(ddof=1) if size > 1 else np.nan], rtol=EXACT
    )
    expected = np.append(np.sort(np.abs(values))[::-1], [np.nan, np.nan])[:2]
    np.testing.assert_array_equal(two_largest(np.append(np.abs(values), -1.0)), expected)


@pytest.mark.parametrize("size", [1, 2, 5, 10, 11, 12, 23, 24, 1000])
def test_neighbours_are_those_that_are_nearest_to_the_place(size: int) -> None:
    """By brute force, one cell and share at a time; 11 values are all of them, so that their median is their mean."""
    number, generator = 11, np.random.default_rng(size)
    values = generator.integers(-50, 50, size).astype(float)
    cells = Cells.of(generator.permutation(np.repeat([1, 3], [size + 2, 1])), 5)
    column = np.full(len(cells.cell), np.nan)
    column[np.flatnonzero(cells.cell == 1)[:size]] = values
    ordered = column[cells.order]
    counts = cells.sort_within(ordered)
    found = cells.neighbours(ordered, counts, SHARES, number)
    ascending = np.sort(values)
    for place, share in enumerate(SHARES):
        exact = share * (size - 1)
        middles = sorted({int(np.floor(exact)), int(np.ceil(exact))})
        windows = [[at for at in range(middle - 5, middle + 6) if 0 <= at < size] for middle in middles]
        means = [ascending[window].mean() for window in windows]
        expected = np.interp(exact, middles, means)
        np.testing.assert_allclose(found.mean[1, place], expected, rtol=EXACT, atol=EXACT)
        inside = sorted(set().union(*windows))
        low, high = ascending[inside[0]], ascending[inside[-1]]
        got = [found.count[1, place], found.lowest[1, place], found.highest[1, place], found.between[1, place]]
        assert got == [len(inside), low, high, ((values >= low) & (values <= high)).sum()]
    if size <= number:
        np.testing.assert_allclose(found.mean[1, 2], values.mean(), rtol=EXACT, atol=EXACT)
    without = [0, 2, 3, 4]
    assert np.isnan(found.mean[without]).all()
    assert not found.count[without].any()
    assert not found.between[without].any()


def test_without_values_nothing_is_known_and_infinite_values_are_values() -> None:
    """Missing, not zero."""
    empty = np.zeros(0)
    assert np.isnan([*moments(empty), *two_largest(empty), *two_largest(np.array([-1.0]))]).all()
    assert Cells.of(np.array([0, 0]), 1).sort_within(np.array([np.inf, np.nan])).tolist() == [1]


@pytest.mark.parametrize("cells", [3, 2**16 - 1, 2**16, 2**16 + 1])
def test_more_cells_than_sixteen_bits_hold_are_kept_apart(cells: int) -> None:
    """The last and the first cell have the values; none of them is another's."""
    cell = np.array([cells - 1, 0, cells - 1, 1])
    found = Cells.of(cell, cells).sums(np.array([1.0, 2.0, 4.0, 8.0]))
    assert found[[0, 1, cells - 1]].tolist() == [2.0, 8.0, 5.0]
    assert found.sum() == 15.0


def test_a_sum_is_the_same_in_any_order_of_the_rows() -> None:
    generator = np.random.default_rng(3)
    values, cell = generator.lognormal(0, 5, 300), generator.integers(0, 3, 300)
    expected = Cells.of(cell, 3).sums(values)
    for _ in range(5):
        order = generator.permutation(300)
        np.testing.assert_array_equal(Cells.of(cell[order], 3).sums(values[order]), expected)

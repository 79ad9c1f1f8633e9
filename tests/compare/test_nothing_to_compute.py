"""Where there is nothing to compute: a row with a reason, whatever the level, the unit and the order of the values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from compared_rows import select_row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from si_eval import stats
from si_eval.compare.levels import compare_groups
from si_eval.compare.selection import check_selection
from si_eval.compare.trends import index_series
from si_eval.errors import StudyError
from si_eval.registers.any_frame import panel_from_frame
from si_eval.vocabulary import Reason

CHEAP = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
CONSTANTS = [1 / 3, 0.1, 0.3, 0.7, 5.0, 0.0, -1 / 3, 1e9 / 3, 1e-6 / 3]


def panel_of(treated, control, years=(2014,), order=None):
    """Make a panel of values of participants and others, a list a year."""
    rows = [
        (f"{side}{at}", year, side, value)
        for place, year in enumerate(years)
        for side, lists in ((1, treated), (0, control))
        for at, value in enumerate(lists[place])
    ]
    frame = pd.DataFrame(rows, columns=["firm", "year", "d", "x"])
    frame = frame if order is None else frame.sample(frac=1, random_state=order)
    return panel_from_frame(frame, unit="firm", year="year", participant="d", extra=["x"])


def contrasts(treated, control, order=None):
    """Return difference, ratio, SMD and equivalence of two lists of values."""
    panel = panel_of([treated], [control], order=order)
    levels, balance = compare_groups(panel, indicator="x"), check_selection(panel, indicator="x", by=[])
    return (
        select_row(levels, group="difference", statistic="mean"),
        select_row(levels, group="ratio", statistic="mean"),
        select_row(balance, statistic="standardised_mean_difference"),
        select_row(balance, statistic="equivalence"),
    )


@pytest.mark.parametrize("value", CONSTANTS)
@pytest.mark.parametrize("sizes", [(7, 11), (13, 29), (2, 50)], ids=str)
def test_a_constant_has_no_difference_in_any_number_of_units(value, sizes):
    """B01: 1/3 and 0.1 are not exact in binary, so their means differ by rounding."""
    difference, _, smd, equivalence = contrasts([value] * sizes[0], [value] * sizes[1])
    assert [difference["estimate"], smd["estimate"], equivalence["estimate"]] == [0.0, 0.0, 0.0]
    assert np.isnan([difference["p_value"], equivalence["p_value"]]).all()
    assert difference["note"] == equivalence["note"] == Reason.NO_VARIANCE.note
    assert smd["note"] == ""


@pytest.mark.parametrize(("first", "second"), [(0.3, 0.1 * 3), (0.1 + 0.2, 0.3), (1e9 / 3, 1e9 * (1 / 3)), (0.0, -0.0)])
def test_what_differs_by_rounding_is_equal(first, second):
    difference, _, smd, _ = contrasts([first, second] * 5, [second] * 9)
    assert [difference["estimate"], smd["estimate"]] == [0.0, 0.0]
    assert np.isnan(difference["p_value"])


@pytest.mark.parametrize(("first", "second"), [(1.0, 2.0), (1 / 3, 1.0), (-1.0, 1.0), (1e9, 1e9 + 1)])
def test_two_constants_that_differ_have_no_standardised_difference_and_no_p_value(first, second):
    """B02."""
    difference, ratio, smd, equivalence = contrasts([first] * 13, [second] * 29)
    assert difference["estimate"] == pytest.approx(first - second)
    assert np.isnan([difference["p_value"], difference["conf_low"], smd["estimate"], equivalence["p_value"]]).all()
    assert difference["note"] == ratio["note"] == Reason.NO_VARIANCE.note
    assert smd["note"] == equivalence["note"] == Reason.NO_STANDARD_DEVIATION.note


def test_one_unit_has_a_mean_and_no_error_with_the_reason():
    difference, ratio, smd, _ = contrasts([4.0], [1.0, 2.0, 3.0])
    assert [difference["estimate"], ratio["estimate"]] == [2.0, 2.0]
    assert np.isnan([difference["std_error"], difference["p_value"], ratio["std_error"], smd["estimate"]]).all()
    assert difference["note"] == ratio["note"] == Reason.ONE_UNIT.note
    assert smd["note"]


def test_without_any_value_every_row_says_so():
    panel = panel_of([[np.nan] * 3], [[np.nan] * 4])
    for table in (compare_groups(panel, indicator="x"), check_selection(panel, indicator="x", by=[])):
        rows = table.to_frame()
        assert len(rows)
        assert rows["estimate"].isna().all()
        assert (rows["note"] != "").all()
    rows = index_series(panel, indicator="x", base_year=2014).to_frame()
    assert rows["estimate"].isna().all()
    assert (rows["note"] != "").all()


@pytest.mark.parametrize(("base", "reason"), [
    ([0.1, 0.2, -0.3, 0.0], Reason.BASE_NEAR_ZERO),  # sums to 3e-17
    ([-5.0, 5.0, 1.0, -0.5], Reason.BASE_NEAR_ZERO),
    ([-1.0, 4.0, 5.0, 0.5], Reason.BASE_NEAR_ZERO),  # its interval holds zero, and its values have both signs
    ([-3.0, -2.0, -4.0, -5.0], Reason.BASE_NEGATIVE),
    ([1.0, 0.0, 0.0, 0.0], None),  # not negative: the mean is its standard error, and no less
    ([3.0, 2.0, 4.0, 5.0], None),
    ([2.0], None),
])  # fmt: skip
def test_nothing_is_divided_by_noise(base, reason):
    now = [10.0, 12.0, 11.0, 13.0]
    series = index_series(panel_of([now, now], [base, now], (2014, 2015)), indicator="x", base_year=2014)
    ratio = select_row(compare_groups(panel_of([now], [base]), indicator="x"), group="ratio")
    rows = [select_row(series, group="non_participant", year=year) for year in (2014, 2015)] + [ratio]
    for row in rows:
        if reason is None:
            assert np.isfinite(row["estimate"])
            assert row["note"] in ("", Reason.ONE_UNIT.note)
        else:
            assert np.isnan(row[["estimate", "std_error", "conf_low", "conf_high"]].astype(float)).all()
            assert row["note"] == reason.note
    if reason is not None:
        gap = select_row(series, group="difference", year=2015)
        assert np.isnan(gap["estimate"])
        assert gap["note"]


def test_the_mean_of_values_that_are_not_negative_is_never_smaller_than_its_error():
    rng = np.random.default_rng(1)
    for n in (2, 3, 10, 100):
        values = rng.pareto(0.5, (200, n)) * (rng.random((200, n)) < 0.3)
        mean, error = values.mean(1), values.std(1, ddof=1) / np.sqrt(n)
        none = np.zeros(200, dtype=bool)
        assert not stats.is_near_zero(mean, error, np.full(200, n - 1.0), 0.95, none).any()


def test_the_error_of_an_index_is_stable_at_any_level_and_in_any_order():
    rng = np.random.default_rng(5)
    base = rng.normal(0, 1, 40)
    now = base + rng.normal(0, 0.5, 40)
    offset = 2.0**30  # above 1e9, and exact

    def error(level, order=None):
        panel = panel_of([now + level] * 2, [base + level, now + level], (2014, 2015), order)
        row = select_row(index_series(panel, indicator="x", base_year=2014), group="non_participant", year=2015)
        return row["estimate"], row["std_error"]

    estimate, computed = error(offset)
    shifted, anchor = (now + offset), (base + offset)
    now_away, base_away, ratio = shifted - shifted.mean(), anchor - anchor.mean(), shifted.mean() / anchor.mean()
    variances = ((now_away**2).sum() + ratio**2 * (base_away**2).sum()) / (39 * 40)
    expected = 100 * np.sqrt(variances - 2 * ratio * (now_away * base_away).sum() / (39 * 40)) / anchor.mean()
    assert computed == pytest.approx(expected, rel=1e-9)
    assert all(error(offset, order) == (estimate, computed) for order in (1, 2, 3))


def test_what_does_not_change_has_an_index_of_100_without_error():
    values = list(np.random.default_rng(2).lognormal(3, 2, 30))
    panel = panel_of([values, values], [values[:20], values[:20]], (2014, 2015))
    for group in ("participant", "non_participant"):
        row = select_row(index_series(panel, indicator="x", base_year=2014), group=group, year=2015)
        assert row["estimate"] == 100.0
        assert row["std_error"] == 0.0


@pytest.mark.parametrize("size", [1e-200, 1e-71, 1e71, 1e155, 1e200, -1e300])
def test_values_whose_variance_no_number_holds_are_refused(size):
    panel = panel_of([[size / 2, size]] * 2, [[0.0, size / 3]] * 2, (2014, 2015))
    for compare in (compare_groups, check_selection, lambda *_, **named: index_series(panel, base_year=2014, **named)):
        with pytest.raises(StudyError, match=r"x: found values of about .*in another unit"):
            compare(panel, indicator="x")


@pytest.mark.parametrize("size", [1e-60, 1e60])
def test_values_of_any_size_below_these_have_an_error(size):
    difference, ratio, *_ = contrasts([size, 2 * size, 4 * size], [3 * size, 4 * size, 6 * size])
    assert np.isfinite(difference[["std_error", "p_value"]].astype(float)).all()
    assert difference["std_error"] / size == pytest.approx(contrasts([1.0, 2, 4], [3.0, 4, 6])[0]["std_error"])
    assert np.isfinite(ratio[["std_error"]].astype(float)).all()


values = st.lists(st.floats(-1e3, 1e3).map(lambda one: round(one, 3)), min_size=2, max_size=12)


@CHEAP
@given(
    values,
    st.sampled_from([1e-6, 0.1, 1 / 3, 1e9]),
    st.sampled_from([0.0, 1 / 3, 1e9]),
    st.integers(1, 3),
    st.integers(0, 9),
)
def test_groups_with_the_same_values_never_differ(base, scale, constant, copies, order):
    treated = [value * scale + constant for value in base]
    difference, ratio, smd, equivalence = contrasts(treated, treated * copies, order)
    assert abs(difference["estimate"]) <= 1e-12 * max(map(abs, treated))
    assert np.isnan(difference["p_value"]) or difference["p_value"] > 1 - 1e-6
    assert abs(smd["estimate"]) < 1e-6
    for row in (difference, ratio, smd, equivalence):
        numbers = row[["estimate", "std_error", "conf_low", "conf_high"]].astype(float)
        assert not np.isinf(numbers).any()
        assert row["note"] or np.isfinite(row["estimate"])


@CHEAP
@given(values, values, st.sampled_from([2.0**-20, 2.0**30]), st.integers(0, 9))
def test_the_unit_of_measure_and_the_order_of_rows_change_nothing(first, second, scale, order):
    before = contrasts(first, second)
    after = contrasts([one * scale for one in first], [one * scale for one in second], order)
    for one, other, factor in zip(before, after, (scale, 1.0, 1.0, 1.0), strict=True):
        np.testing.assert_array_equal(one["estimate"] * factor, other["estimate"])
        np.testing.assert_array_equal(one["p_value"], other["p_value"])
        assert one["note"] == other["note"]

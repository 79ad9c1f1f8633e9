"""An index that cannot be computed says why; where it begins to have an error, and a warning."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from si_eval.compare.trends import index_series
from si_eval.errors import ArgumentError
from si_eval.registers.any_frame import panel_from_frame
from si_eval.vocabulary import Reason

NAN = np.nan
NO_BASE = "the base year has no value in this cell, or its mean is zero"
NO_VALUE = "no unit has a value"
OTHERS = [[8.0, 9.0], [10.0, 11.0], [12.0, 13.0], [9.0, 10.0]]


def series(joined: list[list[float]], *, holdings: list[int] | None = None, others: list[list[float]] = OTHERS, **more):
    """Compute the index of firms in 2014 and 2015; ``joined`` has a pair of values of each participant."""
    firms = [*joined, *others]
    holdings = holdings or [100 + firm for firm in range(len(joined))]
    holdings = [*holdings, *range(len(others))]
    rows = [
        {
            "firm": firm,
            "year": 2014 + place,
            "joined": int(firm < len(joined)),
            "sales": sales,
            "holding": holdings[firm],
        }
        for firm, values in enumerate(firms)
        for place, sales in enumerate(values)
    ]
    panel = panel_from_frame(
        pd.DataFrame(rows), unit="firm", year="year", participant="joined", group="holding", extra=["sales"]
    )
    frame = index_series(panel, **{"indicator": "sales", "base_year": 2014, **more}).to_frame()
    return frame.set_index(["group", "year"])


@pytest.mark.parametrize(("joined", "holdings", "reason"), [
    ([[-4.0, 5.0], [-4.2, 7.0], [-4.1, 6.0], [-3.9, 6.0]], None, Reason.BASE_NEGATIVE.note),
    ([[0.0, 5.0], [0.0, 7.0]], None, NO_BASE),
    ([[NAN, 5.0], [NAN, 7.0]], None, NO_BASE),
    ([[-1.0, 5.0], [1.5, 7.0]], None, Reason.BASE_NEAR_ZERO.note),
    ([[4.0, NAN], [6.0, NAN]], None, NO_VALUE),
    ([[-4.0, NAN], [-4.2, NAN], [-4.1, NAN]], None, NO_VALUE),
])  # fmt: skip
def test_without_an_index_the_reason_is_the_right_one(joined, holdings, reason) -> None:
    found = series(joined, holdings=holdings)
    row, gap = found.loc[("participant", 2015)], found.loc[("difference", 2015)]
    assert np.isnan(row[["estimate", "std_error", "conf_low", "conf_high"]].astype(float)).all()
    assert row["note"] == reason
    assert np.isnan(gap["estimate"])
    assert gap["note"]


@pytest.mark.parametrize(("joined", "holdings", "reason"), [
    ([[4.0, 5.0]], None, Reason.ONE_UNIT),
    ([[4.0, 5.0], [6.0, 9.0]], [7, 7], Reason.ONE_CLUSTER),
    ([[4.0, 5.0], [6.0, NAN]], None, Reason.ONE_UNIT),
    ([[4.0, 5.0], [6.0, 9.0]], [7, 8], None),
    ([[4.0, 5.0], [6.0, 9.0], [6.0, 7.0]], [7, 7, 8], None),
])  # fmt: skip
def test_an_error_needs_two_units_of_two_holdings(joined, holdings, reason) -> None:
    found = series(joined, holdings=holdings)
    row = found.loc[("participant", 2015)]
    assert row["estimate"] == pytest.approx(100 * np.nanmean([b for _, b in joined]) / np.mean([a for a, _ in joined]))
    assert (row["std_error"] > 0) == (reason is None)
    assert row["note"] == ("" if reason is None else reason.note)
    assert (found.loc[("difference", 2015), "note"] == row["note"]) or reason is None


@pytest.mark.parametrize(("apart", "told"), [(0.2, False), (0.3, True)])
def test_groups_that_differed_before_are_told_from_a_quarter_of_a_standard_deviation_on(apart, told) -> None:
    spread = np.array([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0])
    spread = spread / spread.std(ddof=1)
    growth = np.array([1.0, 2.0, 1.5, 1.2, 1.1, 1.9])
    joined, others = ([[10 + shift + one, 12 + more] for one, more in zip(spread, growth, strict=True)]
                      for shift in (apart, 0.0))  # fmt: skip
    found = series(joined, others=others)
    assert (found.loc[("difference", 2015), "note"] == Reason.UNLIKE_BEFORE.note) == told
    assert found.loc[("difference", 2014), "note"] == ""


def test_an_index_is_of_one_indicator() -> None:
    with pytest.raises(ArgumentError, match="indicator"):
        series([[4.0, 5.0], [6.0, 9.0]], indicator=["sales", "sales"])

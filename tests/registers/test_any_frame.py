"""Panels from any data frame: what is derived, what is refused, and that the frame stays as it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from linearmodels.datasets import jobtraining

from si_eval.compare.levels import compare_groups
from si_eval.errors import InputError
from si_eval.registers.any_frame import panel_from_frame

ARGUMENTS = {"unit": "firm", "year": "year", "participant": "joined"}


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "firm": ["a", "a", "b", "b"],
            "year": [2014, 2015, 2014, 2015],
            "joined": [0, 1, 0, 0],
            "staff": [10.0, 12.0, np.nan, 300.0],
            "sales": [100.0, 240.0, 5.0, np.nan],
            "scrap": [1.0, 2.0, 3.0, 4.0],
        },
        index=[7, 7, 8, 9],
    )


def test_a_unit_that_ever_takes_part_is_a_participant_from_its_first_such_year(frame):
    panel = panel_from_frame(frame, **ARGUMENTS, employed_persons="staff", revenue="sales", extra=["scrap"]).to_frame()
    assert panel["participant"].tolist() == [True, True, False, False]
    assert panel["entry_year"].astype("float64").tolist()[:2] == [2015, 2015]
    assert panel["size_class"].tolist()[:2] == ["10-49", "10-49"]
    assert panel["size_class"].isna().tolist() == [False, False, True, False]
    np.testing.assert_array_equal(panel["revenue_per_employee"].astype("float64"), [10, 20, np.nan, np.nan])
    assert panel["scrap"].tolist() == [1, 2, 3, 4]


def test_the_frame_is_left_as_it_is_and_may_be_read_only(frame):
    before = frame.copy(deep=True)
    for column in frame.select_dtypes("float64"):
        frame[column].to_numpy().flags.writeable = False
    panel_from_frame(frame, **ARGUMENTS, employed_persons="staff", revenue="sales")
    pd.testing.assert_frame_equal(frame, before)


def test_row_order_does_not_matter(frame):
    arguments = {**ARGUMENTS, "employed_persons": "staff", "revenue": "sales"}
    frame = frame.assign(firm=[1, 1, 2, 2])
    forward, backward = panel_from_frame(frame, **arguments), panel_from_frame(frame[::-1], **arguments)
    pd.testing.assert_frame_equal(forward.to_frame(), backward.to_frame())


def test_every_problem_is_named_at_once(frame):
    bad = pd.concat([frame.assign(staff=-1.0, sales="many"), frame.head(1).assign(joined=2)])
    with pytest.raises(InputError) as raised:
        panel_from_frame(bad, **ARGUMENTS, employed_persons="staff", revenue="sales", sector="branch")
    message = str(raised.value)
    for part in ("no such column", "no numbers", "occurs twice", "other than 0 and 1", "negative"):
        assert part in message
    assert len(raised.value.problems) == 5


def test_an_empty_frame_is_refused(frame):
    with pytest.raises(InputError, match="no rows"):
        panel_from_frame(frame.head(0), **ARGUMENTS)


def test_michigan_firms_give_the_means_of_their_own_columns():
    firms = jobtraining.load()
    panel = panel_from_frame(
        firms, unit="fcode", year="year", participant="grant", employed_persons="employ", revenue="sales"
    )
    table = compare_groups(panel, indicator="revenue_per_employee", years=[1987]).to_frame()
    receivers = firms.groupby("fcode")["grant"].transform("max") == 1
    expected = (firms["sales"] / firms["employ"])[receivers & (firms["year"] == 1987)].mean()
    computed = table[(table["group"] == "participant") & (table["statistic"] == "mean")]["estimate"].item()
    assert computed == pytest.approx(expected, rel=1e-12)


def test_columns_that_are_called_by_numbers_give_the_figures_of_those_with_names():
    """A frame without a header: its columns are 0, 1, 2 and so on, and units of measure are texts all the same."""
    named = pd.DataFrame({"firm": [1, 2, 3, 4], "year": 2019, "joined": [1, 1, 0, 0], "sales": [1.0, 2.0, 3.0, 5.0]})
    numbered = named.set_axis(range(4), axis=1)
    expected = panel_from_frame(named, unit="firm", year="year", participant="joined", revenue="sales")
    found = panel_from_frame(numbered, unit=0, year=1, participant=2, revenue=3)
    columns = ["group", "statistic", "estimate", "n_units"]
    tables = [compare_groups(panel, indicator="revenue").to_frame() for panel in (expected, found)]
    pd.testing.assert_frame_equal(tables[1][columns], tables[0][columns])
    assert set(tables[1]["unit"]) == {"3", "ratio"}

"""What may make cells: classes that units share, never a column that tells units apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import si_eval as se
from si_eval.errors import InputError

FIRMS, YEARS = 40, (2014, 2015)


def firms():
    firm, year = np.tile(np.arange(FIRMS), len(YEARS)), np.repeat(YEARS, FIRMS)
    return pd.DataFrame(
        {
            "firm": 70_000 + firm, "year": year, "joined": firm % 3 == 0, "staff": 5.0 + firm, "sales": 1e3 * firm + 7,
            "branch": np.array(["A", "B", "C"])[firm % 3], "name": [f"Firm {one}" for one in firm],
            "pairs": [f"P{one // 2}" for one in firm], "per_year": [f"{one}" for one in firm * 10_000 + year],
            "hours": firm % 4 + 0.5, "grade": firm % 4, "coded": firm % 2 + 1, "flag": firm % 2,
            "late": (firm % 4 > 1) * 1,
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def panel():
    return panel_by("branch")


def panel_by(sector):
    return se.panel_from_frame(
        firms(), unit="firm", year="year", participant="joined", employed_persons="staff", revenue="sales",
        sector=sector, extra=["hours", "grade", "coded", "flag", "late"],
    )  # fmt: skip


def ask(panel, **arguments):
    return se.compare_groups(panel, indicator="revenue", **arguments)


@pytest.mark.parametrize("column", ["be_id", "group_id", "revenue", "revenue_per_employee", "hours"])
def test_what_tells_units_apart_splits_nothing(panel, column):
    with pytest.raises(InputError, match="by: found"):
        ask(panel, by=[column])


@pytest.mark.parametrize(("where", "why"), [
    ({"revenue": 3007.0}, "an amount of money"), ({"revenue_per_employee": 0.0}, "an amount of money"),
    ({"hours": 1.5}, "a number with decimals"), ({"employed_persons": 12.0}, "40 values for 40 units"),
    ({"be_id": 70_003}, "a filter on an identifier"),
])  # fmt: skip
def test_what_tells_units_apart_filters_nothing(panel, where, why):
    with pytest.raises(InputError, match=why):
        ask(panel, where=where)


@pytest.mark.parametrize("column", ["name", "per_year"])
@pytest.mark.parametrize("arguments", [{"by": ["sector"]}, {"where": {"sector": "Firm 3"}}], ids=["by", "where"])
def test_names_of_firms_are_no_classes_and_the_message_has_none(column, arguments):
    with pytest.raises(InputError, match="'sector', a column with 40 values for 40 units in 2014") as caught:
        ask(panel_by(column), **arguments)
    assert "Firm" not in str(caught.value)


@pytest.mark.parametrize("arguments", [
    {"by": ["sector"]}, {"by": ["flag"]}, {"where": {"grade": 2}}, {"where": {"coded": [1, 2]}},
    {"where": {"sector": ["A", "B"]}},
])  # fmt: skip
def test_classes_that_units_share_may(panel, arguments):
    assert ask(panel, **arguments).to_frame()["n_units"].notna().any()


def test_a_value_of_two_units_is_a_class():
    assert ask(panel_by("pairs"), by=["sector"]).to_frame()["n_units"].max() == 2


@pytest.mark.parametrize("by", [["flag", "late"], ["late", "flag"]])
def test_a_filter_on_one_column_of_a_split_leaves_the_other_in_the_label(panel, by):
    shown = ask(panel, by=by, where={"flag": 1}).to_frame()
    labels = {"flag": "1.0", "late": "0.0"}, {"flag": "1.0", "late": "1.0"}
    assert set(shown["category"]) == {" · ".join(label[column] for column in by) for label in labels}

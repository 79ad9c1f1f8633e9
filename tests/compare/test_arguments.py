"""What comparisons refuse before they compute anything: every argument by name, all problems of a call at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import si_eval as se
from si_eval.compare.levels import compare_groups
from si_eval.compare.selection import check_selection
from si_eval.compare.trends import index_series
from si_eval.errors import InputError, StudyError
from si_eval.registers.any_frame import panel_from_frame

CALLS = {
    compare_groups: {"indicator": "revenue"},
    index_series: {"indicator": "revenue", "base_year": 2014},
    check_selection: {"indicator": "revenue", "by": []},
}
OF_ALL = [  # argument, value, what the message says
    ("indicator", "profit", "indicator: found 'profit'; expected indicators of the panel: revenue"),
    ("indicator", "Revenue", "did you mean `revenue`"),
    ("indicator", "", "indicator: found ''"),
    ("indicator", 12, "indicator: found 12"),
    ("indicator", {"revenue": 1}, "indicator: found {'revenue': 1}"),
    ("by", ["region"], "by: found 'region'"),
    ("by", "sectors", "by: found 'sectors'.*did you mean `sector`"),
    ("by", ["sector", "sector"], "by: found 'sector' more than once"),
    ("by", ["be_id"], "by: found 'be_id'; expected columns with classes.*identifiers, numbers other than 0 and 1"),
    ("by", ["group_id"], "by: found 'group_id'"),
    ("by", "revenue", "by: found 'revenue'"),
    ("by", "year", "by: found 'year'"),
    ("by", "participant", "by: found 'participant'"),
    ("by", [None], "by: found None"),
    ("by", {"sector": "C"}, "by: found"),
    ("by", 3, "by: found 3"),
    ("by", np.array("sector"), "by: found 'sector'"),
    ("where", {"employed_persons": 10**40}, "expected a finite number"),
    ("where", {"sector": pd.NA}, "missing is no value"),
    ("where", "sector", "where: found 'sector'; expected a mapping"),
    ("where", [("sector", "C")], "where: found"),
    ("where", {"region": 1}, "where: found 'region'"),
    ("where", {"Sector": "C"}, "did you mean `sector`"),
    ("where", {1: "C"}, "where: found 1"),
    ("where", {"size_class": "10_49"}, "size_class.*found '10_49'.*did you mean `10-49`"),
    ("where", {"size_class": "0-9"}, "filter on size_class_4, which has it"),
    ("where", {"size_class": ["10-49", "10 - 49 "]}, "did you mean `10-49`"),
    ("where", {"sector": "c"}, "sector.*found 'c'.*did you mean `C`"),
    ("where", {"sector": ["C", "K9"]}, "found 'K9'; expected one of C, J"),
    ("where", {"sector": "B"}, "no unit of either group with sector B"),
    ("where", {"sector": 12}, "found 12; expected a text; write '12'"),
    ("where", {"sector": []}, "found an empty list"),
    ("where", {"sector": None}, "found None; expected a text; list the values to keep"),
    ("where", {"sector": ["C", None]}, "found None"),
    ("where", {"sector": np.nan}, "found nan"),
    ("where", {"sector": {"C": 1}}, "found {'C': 1}"),
    ("where", {"sector": np.array([["C"]])}, "a value of type ndarray"),
    ("where", {"employed_persons": (10, None)}, "found None; expected a finite number; list the values.*no bounds"),
    ("where", {"employed_persons": "20"}, "found '20'; expected a finite number"),
    ("where", {"employed_persons": np.inf}, "found inf"),
    ("where", {"employed_persons": 21}, "found 21; expected one of the values that units have"),
    ("where", {"be_id": 1}, "a filter on an identifier"),
    ("where", {"year": 2014}, "year.*write years="),
    ("where", {"participant": 1}, "found 1; expected True or False"),
]
OF_YEARS = [
    ([1999], "years: found 1999; expected one of \\[2014, 2015, 2016\\]"),
    ([2014, 1999], "found 1999"),
    ("2014", "years: found '2014'; expected a list of years"),
    (["2014"], "found '2014'.*write 2014, without quotes"),
    (2014, "years: found 2014; expected a list of years; write \\[2014\\]"),
    (np.int64(2014), "write \\[2014\\]"),
    ([], "years: found an empty list"),
    ([2014.5], "found 2014.5"),
    ([np.nan], "found nan"),
    ([None], "found None"),
    ([True], "found True"),
    ([pd.Timestamp("2014-01-01")], "years: found Timestamp"),
    ({2014: 1}, "years: found {2014: 1}"),
]
OF_LEVEL = [
    (95, "level: found 95; expected a number between 0 and 1; write 0.95"),
    (0, "level: found 0"), (1, "level: found 1"), (-0.95, "level"), (np.nan, "level: found nan"),
    (np.inf, "level"), ("0.95", "level: found '0.95'"), (True, "level: found True"), ([0.95], "level"),
]  # fmt: skip


@pytest.mark.parametrize("function", CALLS, ids=lambda one: one.__name__)
@pytest.mark.parametrize(("name", "value", "message"), OF_ALL, ids=lambda one: str(one).partition(" at 0x")[0][:40])
def test_a_wrong_argument_is_refused_by_name(panel, function, name, value, message):
    with pytest.raises(StudyError, match=f"(?s){message}") as caught:
        function(panel, **{**CALLS[function], name: value})
    assert isinstance(caught.value, InputError)
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("function", [compare_groups, index_series], ids=lambda one: one.__name__)
@pytest.mark.parametrize(("name", "value", "message"), [
    *[("years", *one) for one in OF_YEARS], *[("level", *one) for one in OF_LEVEL],
], ids=lambda one: str(one)[:40])  # fmt: skip
def test_wrong_years_and_levels_are_refused(panel, function, name, value, message):
    with pytest.raises(StudyError, match=message):
        function(panel, **{**CALLS[function], name: value})


@pytest.mark.parametrize(("function", "arguments", "message"), [
    (compare_groups, {"indicator": []}, "indicator: found an empty list"),
    (compare_groups, {"indicator": None}, "indicator: found None"),
    (compare_groups, {"indicator": ["revenue", "revenue"]}, "'revenue' more than once"),
    (compare_groups, {"indicator": ["revenue", "turnovr"]}, "found 'turnovr'"),
    (index_series, {"indicator": ["revenue"]}, "expected the name of one indicator"),
    (index_series, {"base_year": "2014"}, "base_year: found '2014'.*write 2014, without quotes"),
    (index_series, {"base_year": 2014.5}, "base_year: found 2014.5"),
    (index_series, {"base_year": 1999}, "base_year: found 1999; expected one of"),
    (index_series, {"base_year": None}, "base_year: found None"),
    (check_selection, {"year": 1999}, "year: found 1999"),
    (check_selection, {"year": [2014]}, "year: found"),
    (check_selection, {"bound": -0.1}, "bound: found -0.1; expected a number above 0"),
    (check_selection, {"bound": 0}, "bound: found 0"),
    (check_selection, {"bound": np.nan}, "bound: found nan"),
    (check_selection, {"bound": "0.25"}, "bound: found '0.25'"),
    (check_selection, {"bound": np.inf}, "bound: found inf"),
])  # fmt: skip
def test_other_wrong_arguments_are_refused(panel, function, arguments, message):
    with pytest.raises(StudyError, match=message):
        function(panel, **{**CALLS[function], **arguments})


@pytest.mark.parametrize("function", CALLS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("given", [None, "panel", pd.DataFrame({"be_id": [1]})], ids=["none", "text", "frame"])
def test_what_is_no_panel_is_refused(function, given):
    with pytest.raises(StudyError, match=r"panel: found .*; expected a Panel; make one"):
        function(given, **CALLS[function])


def test_all_problems_of_a_call_are_told_at_once_and_before_any_unit_is_read(panel, monkeypatch):
    monkeypatch.setattr("si_eval.cells.summary.filter_units", None)
    with pytest.raises(InputError) as caught:
        index_series(panel, indicator="sales", by="revenue", where={"area": 1}, base_year=1999, years="2014", level=95)
    assert [problem.where for problem in caught.value.problems] == [
        "base_year", "indicator", "by", "where", "years", "level",
    ]  # fmt: skip


@pytest.mark.parametrize("years", [
    [2015, 2014], (2014, 2015), {2014, 2015}, np.array([2014, 2015]), pd.Series([2014, 2015]), range(2014, 2016),
    [2014.0, 2015.0], [2014, 2014, 2015], np.array([2015, 2014], dtype="int16"), pd.Index([2014, 2015]),
], ids=str)  # fmt: skip
def test_years_of_every_kind_give_the_same_table(panel, years):
    expected = compare_groups(panel, indicator="revenue", years=[2014, 2015])
    found = compare_groups(panel, indicator="revenue", years=years)
    pd.testing.assert_frame_equal(found.to_frame(), expected.to_frame())


@pytest.mark.parametrize("wanted", [
    "C", ["C"], ("C",), {"C"}, np.array(["C"]), pd.Series(["C"]), pd.Index(["C"]), np.str_("C"), ["C", "C"],
], ids=str)  # fmt: skip
def test_filters_of_every_kind_give_the_same_table(panel, wanted):
    expected = compare_groups(panel, indicator="revenue", where={"sector": "C"})
    found = compare_groups(panel, indicator="revenue", where={"sector": wanted})
    pd.testing.assert_frame_equal(found.to_frame(), expected.to_frame())


def test_a_column_may_be_split_by_and_filtered_at_once(panel):
    split = compare_groups(panel, indicator="revenue", by="sector", where={"sector": ["C"]}).to_frame()
    filtered = compare_groups(panel, indicator="revenue", where={"sector": ["C"]}).to_frame()
    pd.testing.assert_frame_equal(split, filtered)


def test_units_may_be_split_by_a_column_of_zeros_and_ones_but_not_by_other_numbers():
    firms = pd.DataFrame(
        {"firm": range(20), "year": 2014, "d": [0, 1] * 10, "x": np.arange(20.0), "z": [0, 0, 1, 1] * 5}
    )
    panel = panel_from_frame(firms, unit="firm", year="year", participant="d", extra=["x", "z"])
    assert set(compare_groups(panel, indicator="x", by="z").frame["category"]) == {"0.0", "1.0"}
    with pytest.raises(StudyError, match="by: found 'x'"):
        compare_groups(panel, indicator="x", by=["z", "x"])


def test_a_panel_without_classes_says_so():
    firms = pd.DataFrame({"firm": range(20), "year": 2014, "d": [0, 1] * 10, "x": np.arange(20.0)})
    panel = panel_from_frame(firms, unit="firm", year="year", participant="d", extra=["x"])
    with pytest.raises(StudyError, match="no unit of either group with a value of size_class"):
        compare_groups(panel, indicator="x", by="size_class")
    assert len(check_selection(panel, indicator="x").frame) == 4  # by default, the check of all units alone


def test_a_group_without_units_says_so_in_every_comparison():
    """B03: everybody in one group is a table with a reason, not a shorter table."""
    firms = pd.DataFrame({"firm": range(20), "year": 2014, "d": 1, "x": np.arange(20.0)})
    panel = panel_from_frame(firms, unit="firm", year="year", participant="d", extra=["x"])
    tables = [function(panel, **{**CALLS[function], "indicator": "x"}) for function in CALLS]
    for table in tables:
        rows = table.frame[table.frame["group"].isin(["non_participant", "difference"])]
        assert len(rows)
        assert rows["estimate"].isna().all()
        assert (rows["note"] != "").all()
        assert (rows["n_units"] == 0).all()
        (safe,) = se.protect([table])
        assert (safe.frame["status"] == "shown")[safe.frame["estimate"].isna()].all()

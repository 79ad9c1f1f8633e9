"""Arguments of public functions, checked by name before work starts; those of comparisons are in `tests/compare`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import si_eval as se
from si_eval.arguments import Arguments, describe_value, whole_number
from si_eval.errors import ArgumentError, DisclosureError, InputError, StudyError


def test_one_problem_is_its_own_message_and_several_are_listed():
    arguments = Arguments("compare")
    arguments.level("level", 95)
    with pytest.raises(ArgumentError) as one:
        arguments.refuse_problems()
    assert str(one.value) == "level: found 95; expected a number between 0 and 1; write 0.95"
    arguments.flag("light", 1)
    with pytest.raises(ArgumentError) as two:
        arguments.refuse_problems()
    assert str(two.value).splitlines()[0] == "compare has 2 problems:"
    assert len(two.value.problems) == 2
    assert isinstance(two.value, InputError | StudyError | ValueError)
    with pytest.raises(DisclosureError, match="compare has 2 problems"):
        arguments.refuse_problems(DisclosureError)


@pytest.mark.parametrize(("value", "expected"), [
    (3, 3), (3.0, 3), (np.int8(3), 3), (np.float32(3), 3), (3.5, None), ("3", None), (True, None), (np.True_, None),
    (np.nan, None), (np.inf, None), (None, None), (pd.NA, None), (3 + 0j, None), (10**40, 10**40), (b"3", None),
], ids=repr)  # fmt: skip
def test_what_is_a_whole_number(value, expected):
    assert whole_number(value) == expected


def test_a_message_tells_the_type_of_what_is_long_or_holds_rows():
    assert describe_value(pd.DataFrame({"be_id": [10000001]})) == "a value of type DataFrame"
    assert describe_value(pd.Series([10000001])) == "a value of type Series"
    assert describe_value(np.array([10000001, 2])) == "a value of type ndarray"
    assert describe_value([object()]) == "a value of type list"
    assert describe_value(np.float64(0.5)) == "0.5"
    assert len(describe_value("x" * 500)) <= 80


@pytest.mark.parametrize(("name", "value"), [
    ("name", ""), ("name", None), ("min_units", 0), ("min_units", 2.5), ("min_units", "10"), ("min_units", np.nan),
    ("p_percent", -1), ("p_percent", 101), ("p_percent", "10"), ("p_percent", np.inf), ("group_share", 0),
    ("group_share", 90), ("group_share", None), ("min_dof", -1), ("min_dof", 1.5), ("quantile_units", "ten"),
    ("quantile_units", -3), ("zeros", "maybe"), ("zeros", False), ("unit", "firm"), ("unit", None),
    ("contributions", "sometimes"), ("dominance", 0.5), ("dominance", ((0, 0.5),)), ("dominance", ((1, 50),)),
    ("dominance", (1, 0.5)), ("dominance", (("1", 0.5),)), ("dominance", ((1, 0.5, 2),)), ("dominance", None),
    ("public_units", "12"), ("public_units", 12), ("unrestricted_units", "records"), ("unrestricted_units", (1,)),
], ids=str)  # fmt: skip
def test_rules_of_disclosure_name_the_setting_that_is_wrong(name, value):
    with pytest.raises(DisclosureError, match=rf"{name}: found .*; expected .*; "):
        se.DisclosureRules(**{name: value})


def test_rules_of_disclosure_tell_all_that_is_wrong():
    with pytest.raises(DisclosureError, match=r"(?s)DisclosureRules has 4 problems.*min_units.*p_percent.*dominance"):
        se.DisclosureRules(min_units=0, p_percent=-1, dominance=((0, 2),))


@pytest.mark.parametrize(("arguments", "message"), [
    ({"rules": "cbss"}, "rules: found 'cbss'.*did you mean `cbs`"), ({"rules": None}, "rules: found NoneType"),
    ({"merge": "always"}, "merge: found 'always'"), ({"merge": True}, "merge: found True"),
    ({"known": "known.csv"}, "known: found 'known.csv'; expected a data frame"), ({"known": []}, "known: found"),
    ({"priority": ["a"]}, "priority: found"), ({"priority": {"a": "high"}}, "found 'high'; expected a number of 0 or"),
    ({"priority": {"a": np.nan}}, "found nan"), ({"priority": {"a": -1}}, "found -1"),
    ({"ledger": "ledger.json"}, "ledger"), ({"tables": "tables"}, "tables: found 'tables'"),
    ({"tables": None}, "tables: found None"), ({"tables": pd.DataFrame()}, "a value of type DataFrame"),
], ids=str)  # fmt: skip
def test_protect_refuses_wrong_arguments_by_name(arguments, message):
    with pytest.raises(DisclosureError, match=message):
        se.protect(**{"tables": [], **arguments})


@pytest.mark.parametrize(("arguments", "message"), [
    ({"project": ""}, "project"), ({"project": None}, "project"), ({"merge": "x"}, "merge"), ({"rules": "x"}, "rules"),
    ({"identifiers": "12345"}, "identifiers"), ({"identifiers": 5}, "identifiers"), ({"inputs": "files"}, "inputs"),
    ({"commit": 3}, "commit"),
], ids=str)  # fmt: skip
def test_a_request_for_output_refuses_wrong_arguments_by_name(arguments, message):
    with pytest.raises(DisclosureError, match=f"{message}: found"):
        se.OutputRequest(**{"project": "An evaluation", **arguments})


def test_places_of_output_are_checked_before_anything_is_protected(tmp_path):
    request = se.OutputRequest("An evaluation")
    (tmp_path / "file").write_text("")
    for path, evidence, message in (
        (tmp_path, tmp_path / "inside", "path: found the folder"),
        (tmp_path / "a.zip", tmp_path / "file", "evidence: found the file"),
        (tmp_path / "a.zip", tmp_path, "stays inside"),
        (5, tmp_path / "inside", "path: found 5"),
        ("a\0.zip", tmp_path / "inside", "path: found"),
        (tmp_path / "a.zip", None, "evidence: found None"),
    ):
        with pytest.raises(DisclosureError, match=message):
            request.write(path, evidence=evidence)
    for wrong in ({"table": None}, {"table": None, "draw": 3}, {"table": None, "model": "yes", "relation": 5}):
        with pytest.raises(DisclosureError, match="table: found None"):
            request.add(**wrong)


@pytest.mark.parametrize(("name", "value"), [
    ("scale", "0.01"), ("scale", 0), ("scale", 1.5), ("scale", np.nan), ("scale", None), ("scale", True),
    ("seed", "1"), ("seed", 1.5), ("seed", None), ("seed", True), ("layout", "CBS"), ("layout", None),
    ("format", "xlsx"), ("format", ["csv"]), ("preset", "other"), ("progress", 5), ("out", ""), ("out", None),
    ("out", "a\0b"), ("out", 5),
], ids=str)  # fmt: skip
def test_simulated_extracts_refuse_wrong_options_by_name(tmp_path, name, value):
    with pytest.raises(StudyError, match=f"{name}: found .*; expected"):
        se.simulate_extract(**{"out": tmp_path / "new", name: value})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("arguments", "names"), [
    ({"firms": 10.5}, ["firms"]), ({"firms": "many", "seed": None}, ["firms", "seed"]), ({"firms": 0}, ["firms"]),
    ({"participants": 0}, ["participants"]), ({"firms": 5, "participants": 5}, ["participants"]),
    ({"years": 4}, ["years"]),
    ({"effect": 95}, ["effect"]), ({"departure": -2}, ["departure"]),
    ({"years": [2012, 2013]}, ["years"]), ({"first_year": "2012"}, ["first_year"]),
    ({"effect": np.nan, "growth": np.inf, "selection": "1", "size_trend": None, "departure": True},
     ["effect", "selection", "growth", "size_trend", "departure"]),
], ids=str)  # fmt: skip
def test_simulated_firms_refuse_wrong_options_by_name(arguments, names):
    with pytest.raises(ArgumentError) as caught:
        se.simulate_firms(**arguments)
    assert [problem.where for problem in caught.value.problems] == names


@pytest.mark.parametrize(("settings", "message"), [
    ({"kind": "pie"}, "kind 'pie'"), ({"kind": None}, "kind None"), ({"kind": "Bars"}, "did you mean `bars`"),
    ({"x": "size"}, "x 'size'"), ({"series": None}, "series None"), ({"panels": 3}, "panels 3"),
    ({"divisor": 0}, "divisor 0"), ({"divisor": "1000"}, "divisor '1000'"), ({"divisor": np.nan}, "divisor nan"),
    ({"divisor": True}, "divisor True"), ({"statistic": "avg"}, "statistic 'avg'"), ({"intervals": "yes"}, "intervals"),
    ({"where": ["year"]}, "where"), ({"where": {"years": 2019}}, "where 'years'.*did you mean `year`"),
    ({"where": {"year": None}}, "None"), ({"where": {"year": [2019]}}, r"\[2019\]"), ({"signs": ["up"]}, "signs"),
    ({"signs": {"+": ["up"]}}, "signs"), ({"signs": {"▲": "up"}}, "signs"), ({"signs": {"▲": [1]}}, "signs"),
], ids=str)  # fmt: skip
def test_charts_name_the_setting_that_is_wrong(settings, message):
    with pytest.raises(StudyError, match=f"Chart: found .*{message}"):
        se.Chart(**{"kind": "bars", **settings})

"""Rule sets: every field is checked, a change is in the name, and a known name has the known settings."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest
from small_registers import make_extract, one_link_each

from si_eval.compare.reach import describe_reach
from si_eval.disclosure import protect
from si_eval.errors import InputError, StudyError
from si_eval.registers.linkage import link_participants
from si_eval.registers.panel import build_panel
from si_eval.registry import RuleSet, facts, rule_set
from si_eval.registry.rules import MAX_CHARACTERS_OF_NAME

KNOWN = rule_set("replicate_2020")
ALL_CHANGED = {
    "min_quarters": 3,
    "investment_responses": ("observed",),
    "min_employed_persons": 1.5,
    "outliers": "none",
    "outlier_fence": 2.123456789012,
    "outlier_min_units": 10,
    "level": 0.9,
    "cluster": "unit",
    "mean_interval": "student",
    "statistics": ("mean",),
    "winsorise_by": "year_and_size",
    "min_test_units": 20,
    "size_rule": "mean",
    "persons": "two_decembers",
    "alive": "whole_year",
    "breaks": "flag",
    "weights": "design",
    "investment_years": 3,
    "investment_lag": 1,
    "min_stratum_units": 8,
}
WRONG = {
    "min_quarters": [0, 5, 4.0, True, "4", float("nan")],
    "investment_responses": [(), "observed", ("guessed",), ("observed", "observed"), (1,), 3],
    "min_employed_persons": [-1, float("nan"), float("inf"), True, "1"],
    "outliers": ["some", "", 1, ("none",)],
    "outlier_fence": [0, -3.0, float("nan"), False, "3"],
    "outlier_min_units": [3, 8.0, True],
    "level": [0, 1, 95, float("nan"), True, "0.95"],
    "cluster": ["holding", "", 1],
    "mean_interval": ["normal", 1],
    "statistics": [(), "mean", ("mode",), ("mean", "mean")],
    "winsorise_by": ["year", 1],
    "min_test_units": [1, 30.0, True],
    "size_rule": ["median", 1],
    "persons": ["june", 2],
    "alive": ["always", True],
    "breaks": ["keep", False],
    "weights": ["sample", "", 1],
    "investment_years": [0, 6, 3.0, True],
    "investment_lag": [-2, 2, 1.0, True, "1"],
    "min_stratum_units": [1, 5.0, True],
}


@pytest.mark.parametrize(("setting", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_setting_is_refused_however_it_is_given(setting, value):
    for make in (lambda: KNOWN.change(**{setting: value}), lambda: dataclasses.replace(KNOWN, **{setting: value})):
        with pytest.raises(InputError, match=rf"rules\.{setting}: found .*; expected .*; "):
            make()


@pytest.mark.parametrize("name", ["", " ", None, 3, "a|b", "a/b", "a\nb", " a", "x" * 61, "own (level=0.9)"])
def test_a_name_that_no_table_or_file_can_carry_is_refused(name):
    with pytest.raises(InputError, match=r"rules\.name"):
        dataclasses.replace(KNOWN, name=name)


def test_every_problem_is_told_at_once():
    with pytest.raises(InputError) as raised:
        dataclasses.replace(KNOWN, min_quarters=9, outliers="some", level=95, en="")
    assert [problem.where for problem in raised.value.problems] == [
        "rules.min_quarters", "rules.outliers", "rules.level", "rules.en",
    ]  # fmt: skip


def test_an_unknown_setting_is_a_type_error_and_an_unknown_name_is_refused():
    with pytest.raises(TypeError, match="min_employed"):
        KNOWN.change(min_employed=1)
    with pytest.raises(StudyError, match="did you mean `replicate_2020`"):
        rule_set("replicate_2021")
    with pytest.raises(StudyError, match="found None"):
        rule_set(None)


def test_the_name_says_what_changed():
    changed = KNOWN.change(min_employed_persons=1)
    assert changed.name == "replicate_2020 (min_employed_persons=1)"
    assert changed.nl == "Regels van de evaluatie van 2020; meer dan 1 werkzame personen"
    assert changed.en == "Rules of the 2020 evaluation; more than 1 persons employed"
    both = changed.change(investment_responses=["observed"])
    assert both.name == "replicate_2020 (investment_responses=observed, min_employed_persons=1)"
    assert both == KNOWN.change(investment_responses=("observed",)).change(min_employed_persons=1)
    assert hash(both) == hash(KNOWN.change(investment_responses=("observed",), min_employed_persons=np.int64(1)))


def test_no_change_and_a_change_back_give_the_base():
    assert KNOWN.change() is KNOWN
    assert KNOWN.change(level=0.95, investment_responses=("imputed", "observed")) == KNOWN
    assert KNOWN.change(min_quarters=3).change(min_quarters=4) == KNOWN


def test_a_name_of_its_own_is_where_later_changes_start():
    own = KNOWN.change(name="no outliers", outliers="none")
    assert (own.name, own.base) == ("no outliers", None)
    assert own.change(level=0.9).name == "no outliers (level=0.9)"
    assert own.change(level=0.9).change(level=0.95) == own


def test_a_known_name_has_the_known_settings():
    with pytest.raises(InputError, match=r"other settings than level=0\.9"):
        dataclasses.replace(KNOWN, level=0.9)
    with pytest.raises(InputError, match="other settings"):
        KNOWN.change(name="recommended", level=0.9)
    changed = KNOWN.change(level=0.9)
    for wrong in ({"level": 0.8}, {"name": "replicate_2020"}, {"base": None}, {"base": changed}):
        with pytest.raises(InputError, match=r"rules\.(name|base)"):
            dataclasses.replace(changed, **wrong)


def test_a_long_name_is_cut_and_still_tells_two_sets_apart():
    one, other = (KNOWN.change(**{**ALL_CHANGED, "level": level}) for level in (0.9, 0.91))
    assert one.name != other.name
    for name in (one.name, other.name):
        assert len(name) <= MAX_CHARACTERS_OF_NAME
        assert not set(name) & set('<>:"/\\|?*\n')
    assert "0.9" in one.en


def test_a_rule_set_is_frozen_and_survives_a_pickle():
    changed = KNOWN.change(**ALL_CHANGED)
    assert pickle.loads(pickle.dumps(changed)) == changed
    with pytest.raises(dataclasses.FrozenInstanceError):
        changed.level = 0.5
    given = ["observed"]
    rules = dataclasses.replace(KNOWN, name="own", investment_responses=given)
    given.append("imputed")
    assert rules.investment_responses == ("observed",)


def test_every_setting_is_checked_named_and_has_words():
    words = facts("rules")["settings"]
    assert set(KNOWN.settings()) == set(ALL_CHANGED) == set(WRONG) == set(words) - {"values"}
    for name, value in ALL_CHANGED.items():
        assert KNOWN.change(**{name: value}).name.startswith(f"replicate_2020 ({name}=")
    for name in facts("rules")["rule_sets"]:
        assert isinstance(rule_set(name), RuleSet)


def test_the_name_is_in_the_panel_the_table_and_what_leaves():
    units = [{"be_id": unit, "year": 2019, "sbi": "28", "employed_persons": 5.0} for unit in range(40)]
    extract = make_extract(business_units=units, **one_link_each(range(20)))
    rules = KNOWN.change(min_employed_persons=1)
    panel = build_panel(extract, link_participants(extract), rules=rules)
    table = describe_reach(panel, year=2019)
    (safe,) = protect([table])
    for result in (panel, table, safe):
        assert rules.name in result.summary()
    for result in (table, safe):
        assert set(result.to_frame()["rule_set"]) == {rules.name}

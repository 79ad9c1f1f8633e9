"""Two rule sets side by side: each figure is that of its own panel, and each move is what one choice does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import si_eval as se
from si_eval.errors import StudyError

ASKED = {"indicator": "revenue_per_employee", "by": "size_class_4", "years": [2019], "statistics": ["mean"]}


@pytest.fixture(scope="module")
def frame():
    rng, units = np.random.default_rng(3), 900
    size = np.repeat(rng.choice([0.5, 4.0, 20.0, 100.0], units), 2)
    staff = (size * np.exp(0.4 * rng.normal(size=2 * units))).round(2)
    return pd.DataFrame({
        "firm": np.repeat(np.arange(units), 2), "year": [2014, 2019] * units, "staff": staff,
        "joined": np.repeat(np.arange(units) % 4 == 0, 2), "sales": size * rng.lognormal(4, 0.4, 2 * units),
    })  # fmt: skip


@pytest.fixture(scope="module")
def make_panel(frame):
    def panel_of(rules):
        return se.panel_from_frame(
            frame, unit="firm", year="year", participant="joined", employed_persons="staff", revenue="sales",
            rules=rules,
        )  # fmt: skip

    return panel_of


def compare(panel):
    return se.compare_groups(panel, **ASKED)


@pytest.fixture(scope="module")
def table(make_panel):
    return se.compare_rule_sets(make_panel, compare)


def test_figures_are_those_of_each_rule_set_and_moves_are_one_choice_each(make_panel, table):
    moves = se.list_rule_moves(table)
    wanted = se.rule_set("recommended").settings()
    start = se.rule_set("replicate_2020")
    changes = [{name: wanted[name]} for name in ("min_employed_persons", "size_rule")]
    keys = ["group", "size_class"]
    base = compare(make_panel(start)).to_frame().set_index(keys)["estimate"]
    for rules in (start, *(start.change(**change) for change in changes), se.rule_set("recommended")):
        expected = compare(make_panel(rules)).to_frame().set_index(keys)["estimate"]
        found = moves[moves["rule_set"] == rules.name].set_index(keys)
        assert found["estimate"].to_dict() == expected.to_dict()
        np.testing.assert_array_equal(found["moved"], (expected - base).loc[found.index])
    moved = moves[moves["moved"].abs() > 0]
    assert {start.change(**change).name for change in changes} <= set(moved["rule_set"])
    assert start.name not in set(moved["rule_set"])
    assert set(moves["category"]) == {"all"}


def test_figures_of_several_rule_sets_cross_the_border_together(table):
    (safe,) = se.protect([table])
    shown = safe.to_frame()
    assert (shown["status"] == "shown").any()
    moves, inside = se.list_rule_moves(safe), se.list_rule_moves(table)
    assert len(moves) == len(inside)
    assert 0 < moves["moved"].notna().sum() <= inside["moved"].notna().sum()


def test_the_ends_alone_and_own_rule_sets(make_panel):
    own = se.rule_set("recommended").change(name="own", size_rule="base")
    table = se.compare_rule_sets(make_panel, compare, rules="recommended", other=own, one_by_one=False)
    assert list(dict.fromkeys(table.to_frame()["rule_set"])) == ["recommended", "own"]
    assert len(table.sources) == 2


def test_mistakes_are_told(make_panel):
    with pytest.raises(StudyError, match="other: found"):
        se.compare_rule_sets(make_panel, compare, other="replicate_2020")
    with pytest.raises(StudyError, match="make_panel: found"):
        se.compare_rule_sets("panel", compare)
    with pytest.raises(StudyError, match="make_table: found"):
        se.compare_rule_sets(make_panel, lambda panel: panel)
    with pytest.raises(StudyError, match="table: found"):
        se.list_rule_moves(compare(make_panel("recommended")))

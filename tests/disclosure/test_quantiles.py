"""Medians at the border: the mean of the values around the median leaves, or nothing does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from si_eval import compare_groups, panel_from_frame
from si_eval.disclosure import DisclosureRules, decide, protect
from si_eval.disclosure.scan import shown_numbers
from si_eval.results import ResultTable

SAME = 1e-12  # relative: the same values, averaged in another order
ROUNDED = 0.05  # what leaves of these values has one decimal


def rows(*cells):
    """Make medians, each of its own year: a dictionary over a safe one."""
    base = {
        "exhibit": "x", "indicator": "revenue", "statistic": "median", "group": "participant", "size_class": "all",
        "sector": "all", "category": "all", "estimate": 7.25, "std_error": np.nan, "conf_low": np.nan,
        "conf_high": np.nan, "p_value": np.nan, "n_units": 50.0, "unit": "points", "rule_set": "r", "note": "",
        "largest": 60.0, "second_largest": 50.0, "n_holdings": 50.0, "total": 500.0, "pseudo_quantile": 8.5,
        "pseudo_units": 11.0, "pseudo_holdings": 11.0,
    }  # fmt: skip
    frame = pd.DataFrame([{**base, "year": 2000 + number, **cell} for number, cell in enumerate(cells)])
    return ResultTable(frame=frame, function="f", evidence="association", cannot_show="cause", rules="r")


def safe_rows(table, rules="cbs"):
    (safe,) = protect([table], rules=rules)
    return safe.to_frame()


def firms(n, seed, **columns):
    """Make one year of participants: unit, revenue and what is asked for."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame({"firm": range(n), "year": 2019, "takes_part": 1, "revenue": generator.lognormal(5, 0.8, n)})
    return frame.assign(**columns)


def compared(frame, **names):
    panel = panel_from_frame(frame, unit="firm", year="year", participant="takes_part", revenue="revenue", **names)
    return compare_groups(panel, indicator="revenue")


def median_row(frame):
    (row,) = frame[(frame["statistic"] == "median") & (frame["group"] == "participant")].to_dict("records")
    return row


def test_the_mean_of_the_values_around_it_leaves_in_place_of_a_median():
    frame = firms(101, seed=1)
    table = compared(frame)
    inside, outside = median_row(table.to_frame()), median_row(safe_rows(table))
    ordered = np.sort(frame["revenue"])
    assert inside["estimate"] == ordered[50], "the evaluator inside sees the exact median"
    assert outside["status"] == "shown"
    assert outside["estimate"] == pytest.approx(ordered[45:56].mean(), abs=ROUNDED)
    assert outside["estimate"] not in ordered
    dutch, english = outside["note"].split(" | ")
    assert dutch.startswith("pseudo-mediaan")
    assert english.startswith("pseudo-median")


def test_nothing_that_leaves_gives_the_exact_median_back():
    cell = {"std_error": 0.5, "conf_low": 6.75, "conf_high": 7.75, "p_value": 0.04, "note": "assumed"}
    decision = decide([rows(cell, {})])
    frame = decision.tables[0].to_frame()
    assert frame["status"].tolist() == ["shown", "shown"]
    assert frame["estimate"].tolist() == [8.5, 8.5]
    assert frame[["std_error", "conf_low", "conf_high", "p_value"]].isna().all(axis=None)
    assert 7.25 not in shown_numbers(frame)
    assert "7.25" not in frame.to_csv()
    assert all("assumed; pseudo-" in text for text in frame.loc[0, "note"].split(" | "))
    assert decision.sources[0].frame["estimate"].tolist() == [7.25, 7.25]


UNSAFE = {
    "nothing that may leave in its place": {"pseudo_quantile": np.nan},
    "nobody knows how many it averages": {"pseudo_units": np.nan},
    "an average of too few": {"pseudo_units": 9.0},
    "an average of one holding's units": {"pseudo_holdings": 3.0},
    "too few units on a side": {"n_units": 19.0, "n_holdings": 19.0, "total": 190.0},
    "too few holdings on a side": {"n_holdings": 19.0},
    "every unit has the same value": {"largest": 10.0, "second_largest": 10.0, "pseudo_quantile": 10.0},
    "every unit has nearly the same value": {"largest": 10.01, "second_largest": 10.0},
    "nobody has any": {"largest": 0.0, "second_largest": 0.0, "total": 0.0, "pseudo_quantile": 0.0},
}


@pytest.mark.parametrize("cell", UNSAFE.values(), ids=UNSAFE.keys())
def test_an_unsafe_median_is_withheld_and_a_safe_one_beside_it_is_not(cell):
    frame = safe_rows(rows(cell, {}))
    assert frame["status"].tolist() == ["suppressed", "shown"]
    assert frame.loc[0, ["estimate", "n_units"]].isna().all()


def test_a_median_without_the_columns_is_withheld():
    table = rows({})
    bare = table.frame.drop(columns=["pseudo_quantile", "pseudo_units", "pseudo_holdings"])
    assert safe_rows(ResultTable(bare, "f", "association", "cause", "r"))["status"].tolist() == ["suppressed"]


def test_units_are_counted_where_holdings_do_not_count():
    one_holding = rows({"pseudo_holdings": 3.0, "n_holdings": 19.0})
    assert safe_rows(one_holding, DisclosureRules(unit="unit"))["status"].tolist() == ["shown"]


def test_rules_that_let_one_value_leave_let_the_exact_median_leave():
    assert safe_rows(rows({}), DisclosureRules(quantile_units=1))["estimate"].tolist() == [7.25]


def test_a_heap_of_equal_values_is_shown_unless_the_whole_cell_is_equal():
    """A value that eleven units and more have points at none of them; one that all have tells of each."""
    heap = np.concatenate([np.full(60, 100.0), np.random.default_rng(3).uniform(200, 400, 40)])
    assert median_row(safe_rows(compared(firms(100, seed=3, revenue=heap))))["estimate"] == 100.0
    equal = median_row(safe_rows(compared(firms(100, seed=3, revenue=100.0))))
    assert equal["status"] == "suppressed"


def test_neighbours_of_one_holding_are_one():
    frame = firms(101, seed=5).sort_values("revenue", ignore_index=True)
    together = np.where(abs(frame.index - 50) <= 5, -1, frame.index)
    assert median_row(safe_rows(compared(frame.assign(holding=together), group="holding")))["status"] == "suppressed"
    assert median_row(safe_rows(compared(frame.assign(holding=frame.index), group="holding")))["status"] == "shown"


def test_two_versions_that_differ_by_one_firm_give_no_value_of_a_firm():
    """What an attacker with both pseudo-medians can compute is a difference of values of two or more firms."""
    frame = firms(61, seed=6)
    ordered = np.sort(frame["revenue"])
    whole = median_row(compared(frame).to_frame())
    for gone in range(len(frame)):
        part = median_row(compared(frame.drop(index=gone)).to_frame())
        moved = abs(part["pseudo_quantile"] - whole["pseudo_quantile"])
        for weights in (11, 22):
            assert np.abs(weights * moved - ordered).min() > SAME * ordered.max()


def test_two_versions_that_differ_by_one_firm_do_not_both_leave():
    frame = firms(61, seed=6)
    large, small = compared(frame), compared(frame.drop(index=7))
    tables = protect([large.named("large"), small.named("small")])
    shown = [median_row(table.to_frame())["status"] for table in tables]
    assert shown.count("shown") < len(shown)


def winsorised(frame, **names):
    panel = panel_from_frame(frame, unit="firm", year="year", participant="takes_part", revenue="revenue", **names)
    table = compare_groups(panel, indicator="revenue", statistics=["mean", "winsorised_mean"])
    after = safe_rows(table).query("group == 'participant'").set_index("statistic")["status"]
    assert after["mean"] == "shown"
    return after["winsorised_mean"]


def test_a_mean_beside_a_winsorised_one_tells_of_no_few_firms():
    """Their difference is what the firms beyond the cuts have more, or less: twelve on each side, of 1,200."""
    frame = firms(1200, seed=8).sort_values("revenue", ignore_index=True)
    assert winsorised(frame) == "shown"
    one_far = frame.assign(revenue=frame["revenue"].where(frame.index < 1199, 30 * frame["revenue"].max()))
    assert winsorised(one_far) == "suppressed", "the difference is nearly all of one firm"
    others = pd.concat([frame.assign(takes_part=0), frame[frame.index < 1191].assign(firm=frame["firm"] + 5000)])
    assert winsorised(others) == "suppressed", "the cuts are those of both groups: few participants lie above"
    together = np.where(frame.index >= 1188, -1, frame.index)
    assert winsorised(frame.assign(holding=frame.index), group="holding") == "shown"
    assert winsorised(frame.assign(holding=together), group="holding") == "suppressed"

"""Rules that look at other years of a unit: sizes, two Decembers, the whole year, and firms that became another."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from small_registers import make_extract, one_link_each, quarters

import si_eval as se
from si_eval import engine
from si_eval.registers.continuity import sizes_by_rule

YEARS = (2014, 2015, 2016, 2017)
PERSONS = {1: (5, 8, 30, 60), 2: (None, 12, 9, 9), 3: (300, 200, 100, 10), 4: (40, 40, 40, 40), 5: (1, 1, 1, 1)}
SIZES = {  # by rule: the class of each unit, one a unit; entry is in 2016
    "base": ["2-9", "10-49", "250+", "10-49", "0-1"],
    "end": ["50-249", "2-9", "10-49", "10-49", "0-1"],
    "mean": ["10-49", "10-49", "50-249", "10-49", "0-1"],
    "pre_mean": ["2-9", "10-49", "250+", "10-49", "0-1"],
}


def panel_of(rules, events=(), links=None, **change):
    register = [
        {"be_id": unit, "year": year, "employed_persons": float(value), "sbi": "62010"}
        for unit, values in PERSONS.items() for year, value in zip(YEARS, values, strict=True) if value is not None
    ]  # fmt: skip
    turnover = [row for unit in PERSONS for year in YEARS for row in quarters(unit, year, [10.0 * unit] * 4)]
    tables = one_link_each([4])
    tables["participants"][0]["entry_date"] = dt.date(2016, 3, 1)
    if links is not None:
        tables["person_business_unit"] += links
    extract = make_extract(
        business_units=register, turnover=turnover,
        events=[dict(zip(("be_id", "year", "event"), one, strict=True)) for one in events], **tables,
    )  # fmt: skip
    return se.build_panel(extract, se.link_participants(extract), rules=se.rule_set(rules).change(**change))


@pytest.mark.parametrize("rule", list(SIZES))
def test_a_unit_has_one_size_class_by_the_rule(rule):
    frame = panel_of("replicate_2020", size_rule=rule).to_frame()
    assert frame.groupby("be_id")["size_class"].unique().map(list).tolist() == [[one] for one in SIZES[rule]]
    current = panel_of("replicate_2020").to_frame()
    assert frame["current_size_class"].tolist() == current["size_class"].tolist() != frame["size_class"].tolist()
    listed = frame.assign(joined=frame["be_id"] == 4, entry=np.where(frame["be_id"] == 4, 2016, 0))
    again = se.panel_from_frame(
        listed, unit="be_id", year="year", participant="joined", employed_persons="employed_persons",
        entry_year="entry", rules=se.rule_set("replicate_2020").change(size_rule=rule),
    ).to_frame()  # fmt: skip
    for column in ("size_class", "size_class_4", "current_size_class"):
        assert again[column].tolist() == frame[column].tolist()


def test_a_mean_of_two_decembers_divides_where_both_are_known():
    frame = panel_of("replicate_2020", persons="two_decembers").to_frame().set_index(["be_id", "year"])
    assert frame.loc[1, "employed_persons"].tolist() == [5, 6.5, 19, 45]
    assert frame.loc[2, "employed_persons"].tolist() == [12, 10.5, 9]
    assert frame.loc[(1, 2016), "revenue_per_employee"] == pytest.approx(40 / 19)
    assert frame.loc[(1, 2016), "size_class"] == "10-49"  # of the 30 persons of the year itself


def test_a_unit_that_was_not_there_the_december_before_has_no_figures():
    panel = panel_of("replicate_2020", alive="whole_year")
    frame = panel.to_frame().set_index(["be_id", "year"])["revenue"]
    assert frame.isna().loc[(2, 2015)]
    assert frame.isna().sum() == 1  # what was before the first year nobody knows
    counted = panel.coverage().query("measure == 'set_aside'")["n_units"].sum()
    assert counted == 1


def test_mergers_other_persons_and_jumps_are_flagged_and_left_out():
    day = dt.date
    links = [
        {"person_id": "a", "be_id": 3, "start": day(2010, 1, 1), "end": day(2015, 12, 31)},
        {"person_id": "b", "be_id": 3, "start": day(2016, 1, 1)},
        {"person_id": "c", "be_id": 5, "start": day(2010, 1, 1)},
        {"person_id": "d", "be_id": 5, "start": day(2016, 5, 1)},  # a further person: the same firm
        {"person_id": "e", "be_id": 1, "start": day(2010, 1, 1)},
    ]
    events = [(2, 2016, "takeover"), (1, 2015, "characteristic_change")]
    flagged = panel_of("replicate_2020", events=events, links=links, breaks="flag").to_frame()
    rows = flagged.set_index(["be_id", "year"])
    assert list(rows.index[rows["restructured"]]) == [(2, 2016), (3, 2016)]
    jumps = [(1, 2016), (1, 2017), (3, 2016), (3, 2017)]  # 8 to 30, 30 to 60, 200 to 100, 100 to 10
    assert list(rows.index[rows["jumped"]]) == jumps
    assert rows["revenue"].notna().all()
    left = panel_of("replicate_2020", events=events, links=links, breaks="leave_out").to_frame()
    assert set(left[left["revenue"].notna()]["be_id"]) == {1, 4, 5}
    assert panel_of("replicate_2020").to_frame()["restructured"].isna().all()


def test_a_large_register_is_worked_on_year_by_year_to_the_same_figures(monkeypatch):
    rules = {"size_rule": "mean", "persons": "two_decembers", "alive": "whole_year", "breaks": "leave_out"}
    at_once = panel_of("recommended", events=[(3, 2015, "merger")], **rules).to_frame()
    monkeypatch.setattr("si_eval.engine.MAX_ROWS_AT_ONCE", 1)
    year_by_year = panel_of("recommended", events=[(3, 2015, "merger")], **rules).to_frame()
    pd.testing.assert_frame_equal(year_by_year, at_once)


def test_an_effect_is_adjusted_for_classes_of_before_whatever_the_rule():
    firms = se.simulate_firms(firms=300, participants=80, years=5, seed=3).frame
    tables = [
        se.estimate_effect(
            se.panel_from_frame(
                firms, unit="firm", year="year", participant="participant", entry_year="entry_year",
                employed_persons="employed_persons", revenue="revenue",
                rules=se.rule_set("replicate_2020").change(size_rule=rule),
            ),
            outcome="revenue", covariates=["size_class"], where={"size_class_4": ["0-9", "10-49"]}, logarithm=True,
        ).to_frame()["estimate"] for rule in ("current", "mean", "end")
    ]  # fmt: skip
    pd.testing.assert_series_equal(tables[0], tables[1])
    pd.testing.assert_series_equal(tables[0], tables[2])


def test_where_nothing_changes_a_size_by_mean_has_no_trend_and_one_of_the_base_year_has():
    """Revenue in a fixed proportion to true size, persons with noise: practice.md, section 9, gives these figures."""
    rng, units = np.random.default_rng(5), 40_000
    true = np.exp(rng.normal(1.6, 1.5, units))
    noisy = np.stack([true * np.exp(0.35 * rng.normal(size=units)) for _ in range(6)], axis=1)
    frame = pd.DataFrame({
        "firm": np.repeat(np.arange(units), 6), "year": np.tile(np.arange(2014, 2020), units), "joined": 0,
        "staff": noisy.ravel(), "sales": np.repeat(100 * true, 6),
    })  # fmt: skip

    def index(rule):
        panel = se.panel_from_frame(
            frame, unit="firm", year="year", participant="joined", employed_persons="staff", revenue="sales",
            rules=se.rule_set("replicate_2020").change(size_rule=rule),
        )  # fmt: skip
        series = se.index_series(
            panel, indicator="revenue_per_employee", by="size_class_4", base_year=2014, years=[2019], cluster="unit"
        ).to_frame()
        rows = series[series["group"] == "non_participant"].set_index("size_class")["estimate"]
        return rows[["0-9", "10-49", "50-249"]].to_numpy()

    assert np.abs(index("mean") - 100).max() < 2  # sampling error of the larger classes
    assert np.abs(index("current") - 100).max() < 2
    base = index("base")
    assert base[0] < 97
    assert base[2] > 115


@pytest.mark.parametrize("rule", ["mean", "pre_mean"])
@pytest.mark.parametrize("seed", range(6))
def test_a_mean_at_the_border_of_a_class_has_one_class_in_any_order_of_rows(rule, seed):
    persons = [10.2, 10.0, 10.1, 9.9, 9.9, 9.9]  # ten on average, and 9.999999999999998 in some orders of adding up
    order = np.random.default_rng(seed).permutation(len(persons))
    rows = {
        "be_id": [1] * 6,
        "year": 2014 + order,
        "employed_persons": np.array(persons)[order],
        "size_floor": [9.0] * 6,
    }
    units = engine.from_arrow(engine.open_engine(threads=1), pa.table(pd.DataFrame(rows)))
    assert sizes_by_rule(units, rule, first_entry=2020).to_pandas()["size_floor"].tolist() == [10.0]

"""The panel, case by case: each case is a small register and the value that the contract asks for."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from small_registers import make_extract, one_link_each, quarters

from si_eval import engine
from si_eval.errors import StudyError
from si_eval.registers.extracts import read_extract
from si_eval.registers.linkage import link_participants
from si_eval.registers.panel import build_panel

SAME = 1e-12  # relative: the same few operations
COLUMNS = [
    "be_id",
    "year",
    "participant",
    "entry_year",
    "employed_persons",
    "size_class",
    "size_class_4",
    "sector",
    "division",
    "age",
    "age_class",
    "group_id",
    "group_larger",
    "group_higher_class",
    "revenue",
    "quarters",
    "revenue_per_employee",
    "investment_computers",
    "investment_communication",
    "investment_machinery",
    "investment_software",
    "investment_computers_per_employee",
    "investment_communication_per_employee",
    "investment_machinery_per_employee",
    "investment_software_per_employee",
    "own_production_computers_share",
    "own_production_communication_share",
    "own_production_machinery_share",
    "own_production_software_share",
    "investment_status",
    "weight",
]


def panel_of(rules="replicate_2020", participants=(), **tables):
    links = one_link_each(participants)
    if not participants:
        links = {**one_link_each([99]), "person_business_unit": [{"person_id": "nobody", "be_id": 98}]}
    extract = make_extract(**links, **tables)
    return build_panel(extract, link_participants(extract), rules=rules)


def one_unit(**values):
    frame = panel_of(business_units=[{"be_id": 1, "year": 2014, **values}]).to_frame()
    assert len(frame) == 1
    return frame.iloc[0]


def test_has_the_columns_of_the_contract_and_one_row_a_unit_and_year():
    frame = panel_of(business_units=[{"be_id": 1, "year": 2014}, {"be_id": 1, "year": 2015}]).to_frame()
    assert list(frame.columns[: len(COLUMNS)]) == COLUMNS
    assert len(frame) == 2


SIZE = {
    "code decides over persons": ({"size_code": "82", "employed_persons": 240.0}, "250+", "250+"),
    "code 81 is below 250": ({"size_code": "81", "employed_persons": 300.0}, "50-249", "50-249"),
    "code 00": ({"size_code": "00", "employed_persons": 0.0}, "0-1", "0-9"),
    "code 21": ({"size_code": "21"}, "2-9", "0-9"),
    "unknown code: persons": ({"size_code": "--", "employed_persons": 49.9}, "10-49", "10-49"),
    "no code: persons": ({"employed_persons": 50.0}, "50-249", "50-249"),
    "strange code: persons": ({"size_code": "XX", "employed_persons": 1.9}, "0-1", "0-9"),
    "neither": ({}, None, None),
}


@pytest.mark.parametrize(("unit", "five", "four"), SIZE.values(), ids=SIZE.keys())
def test_size_class(unit, five, four):
    row = one_unit(**unit)
    assert (row["size_class"] if five else None) == five
    assert pd.isna(row["size_class"]) == (five is None)
    assert pd.isna(row["size_class_4"]) == (four is None)
    assert four is None or row["size_class_4"] == four


SECTOR = {
    "leading zero": ("01110", "A", "01"),
    "leading blank": (" 1110", "A", "01"),
    "four digits": ("2811", "C", "28"),
    "trailing blanks": ("62010  ", "J", "62"),
    "unknown": ("00000", None, None),
    "a gap between sections": ("34100", None, None),
    "text": ("abc", None, None),
    "nothing": (None, None, None),
}


@pytest.mark.parametrize(("sbi", "sector", "division"), SECTOR.values(), ids=SECTOR.keys())
def test_sector(sbi, sector, division):
    row = one_unit(sbi=sbi)
    assert (None if pd.isna(row["sector"]) else row["sector"]) == sector
    assert (None if pd.isna(row["division"]) else row["division"]) == division


AGE = {
    "0": (dt.date(2014, 12, 31), 0, "0-1"),
    "2": (dt.date(2012, 1, 1), 2, "2-5"),
    "6": (dt.date(2008, 6, 1), 6, "6+"),
}


@pytest.mark.parametrize(("founded", "age", "age_class"), AGE.values(), ids=AGE.keys())
def test_age(founded, age, age_class):
    row = one_unit(founded=founded)
    assert (row["age"], row["age_class"]) == (age, age_class)


def test_founded_after_the_year_has_no_age_and_is_counted():
    panel = panel_of(business_units=[{"be_id": 1, "year": 2014, "founded": dt.date(2015, 1, 1)}])
    assert pd.isna(panel.to_frame()["age"].iloc[0])
    coverage = panel.coverage().set_index("measure")["n_units"]
    assert coverage["founded_after_the_year"] == 1


REVENUE = {
    "four quarters": ([1.0, 2.0, 3.0, 4.0], 10.0, 4),
    "a negative correction counts": ([5.0, -1.0, 0.0, 0.0], 4.0, 4),
    "three quarters": ([1.0, 2.0, 3.0], np.nan, 3),
    "an empty quarter is missing": ([1.0, 2.0, 3.0, None], np.nan, 3),
    "zero is not missing": ([0.0, 0.0, 0.0, 0.0], 0.0, 4),
    "none": ([], np.nan, 0),
}


@pytest.mark.parametrize(("amounts", "revenue", "present"), REVENUE.values(), ids=REVENUE.keys())
def test_revenue(amounts, revenue, present):
    units = [{"be_id": unit, "year": 2014, "employed_persons": 2.0} for unit in (1, 2)]
    turnover = quarters(1, 2014, amounts) + quarters(2, 2014, [1.0] * 4)
    row = panel_of(business_units=units, turnover=turnover).to_frame().iloc[0]
    np.testing.assert_equal(float(row["revenue"]), revenue)
    assert row["quarters"] == present
    np.testing.assert_equal(float(row["revenue_per_employee"]), revenue / 2)


@pytest.mark.parametrize("persons", [0.0, None])
def test_nobody_employed_has_revenue_but_none_per_employee(persons):
    units = [{"be_id": 1, "year": 2014, "employed_persons": persons}]
    row = panel_of(business_units=units, turnover=quarters(1, 2014, [1.0] * 4)).to_frame().iloc[0]
    assert row["revenue"] == 4.0
    assert np.isnan(row["revenue_per_employee"])


def investment(component, amount, asset="computers", response="observed"):
    return {"be_id": 1, "year": 2014, "asset": asset, "component": component, "amount": amount, "response": response}


INVESTMENT = {
    "the total decides": ([investment("total", 10.0), investment("new", 3.0)], 10.0, np.nan, "observed"),
    "else the sum": ([investment("new", 3.0), investment("own_production", 1.0)], 4.0, 0.25, "observed"),
    "an empty total counts as none": ([investment("total", None), investment("new", 3.0)], 3.0, np.nan, "observed"),
    "zero total: no share": ([investment("total", 0.0), investment("own_production", 0.0)], 0.0, np.nan, "observed"),
    "imputed counts": ([investment("total", 10.0, response="imputed")], 10.0, np.nan, "imputed"),
    "nonresponse does not": ([investment("total", None, response="nonresponse")], np.nan, np.nan, "nonresponse"),
    "another asset": ([investment("total", 10.0, asset="software")], np.nan, np.nan, "observed"),
}


@pytest.mark.parametrize(("rows", "total", "share", "status"), INVESTMENT.values(), ids=INVESTMENT.keys())
def test_investments(rows, total, share, status):
    units = [{"be_id": unit, "year": 2014, "employed_persons": 2.0} for unit in (1, 2)]
    frame = panel_of(business_units=units, investments=rows).to_frame()
    row = frame.iloc[0]
    np.testing.assert_equal(float(row["investment_computers"]), total)
    np.testing.assert_equal(float(row["investment_computers_per_employee"]), total / 2)
    np.testing.assert_equal(float(row["own_production_computers_share"]), share)
    assert frame["investment_status"].tolist() == [status, "not_covered"]


def test_the_recommended_rules_use_observed_investments_only():
    units = [{"be_id": 1, "year": 2014, "employed_persons": 2.0}]
    rows = [investment("total", 10.0, response="imputed")]
    row = panel_of("recommended", business_units=units, investments=rows).to_frame().iloc[0]
    assert np.isnan(row["investment_computers"])
    assert row["investment_status"] == "imputed"


def test_participation_is_true_false_or_missing():
    units = [{"be_id": unit, "year": year} for unit in (1, 2) for year in (2014, 2015)]
    extract = make_extract(
        business_units=units,
        participants=[{"kvk_id": "a", "entry_date": dt.date(2015, 2, 1)}],
        kvk_person=[{"kvk_id": "a", "person_id": "p"}],
        person_business_unit=[{"person_id": "p", "be_id": 1, "start": dt.date(2015, 1, 1)}],
    )
    frame = build_panel(extract, link_participants(extract)).to_frame().set_index(["be_id", "year"])
    assert pd.isna(frame.loc[(1, 2014), "participant"])
    assert frame.loc[(1, 2015), "participant"] is True or bool(frame.loc[(1, 2015), "participant"])
    assert not frame.loc[2, "participant"].any()
    assert frame.loc[1, "entry_year"].tolist() == [2015, 2015]


GROUP = {
    "larger and higher": ({"employed_persons": 60.0}, True, True),
    "larger, same class": ({"employed_persons": 9.0}, True, False),
    "the same": ({"employed_persons": 5.0}, False, False),
    "code decides the class": ({"employed_persons": 9.0, "size_code": "60"}, True, True),
}


@pytest.mark.parametrize(("group", "larger", "higher"), GROUP.values(), ids=GROUP.keys())
def test_enterprise_group(group, larger, higher):
    units = [{"be_id": 1, "year": 2014, "employed_persons": 5.0, "group_id": 7}]
    groups = [{"group_id": 7, "year": 2014, **group}]
    row = panel_of(business_units=units, enterprise_groups=groups).to_frame().iloc[0]
    assert (bool(row["group_larger"]), bool(row["group_higher_class"])) == (larger, higher)


def outlier_register(extreme_in_group: bool):
    """Twelve alike participants in two years; the first is extreme in 2014 only."""
    units = [
        {"be_id": unit, "year": year, "employed_persons": 5.0, "group_id": unit}
        for unit in range(1, 13)
        for year in (2014, 2015)
    ]
    groups = [
        {"group_id": unit, "year": year, "employed_persons": 90.0 if unit == 1 and extreme_in_group else 5.0}
        for unit in range(1, 13)
        for year in (2014, 2015)
    ]
    turnover = [
        row
        for unit in range(1, 13)
        for year in (2014, 2015)
        for row in quarters(unit, year, [1e9 if unit == 1 and year == 2014 else 100.0 + unit] * 4)
    ]
    return panel_of(participants=range(1, 13), business_units=units, enterprise_groups=groups, turnover=turnover)


def test_an_outlier_in_a_larger_group_leaves_for_all_years_and_is_listed():
    panel = outlier_register(extreme_in_group=True)
    frame = panel.to_frame().set_index(["be_id", "year"])
    assert frame.loc[1, "excluded_revenue"].tolist() == [True, True]
    assert frame["excluded_revenue"].sum() == 2
    assert not frame["excluded_investment"].any()
    listed = panel.outliers()
    assert listed[["be_id", "domain", "year"]].to_numpy().tolist() == [[1, "revenue", 2014]]
    assert (listed["value"] > listed["fence"]).all()
    alike = np.log(frame.xs(2014, level="year")["revenue_per_employee"].to_numpy(dtype=float))
    first, third = np.quantile(alike, [0.25, 0.75])
    fence = np.exp(third + panel.rules.outlier_fence * (third - first))
    np.testing.assert_allclose(listed["fence"], fence, rtol=SAME)


def test_an_extreme_value_outside_a_larger_group_stays():
    assert outlier_register(extreme_in_group=False).outliers().empty


def test_row_order_does_not_matter():
    tables = {
        "business_units": [
            {"be_id": u, "year": y, "employed_persons": float(u)} for u in (1, 2, 3) for y in (2014, 2015)
        ],
        "turnover": [row for u in (1, 2, 3) for row in quarters(u, 2014, [u, 2.0, 3.0, 4.0])],
    }
    forward = panel_of(participants=[1], **tables).to_frame()
    backward = panel_of(participants=[1], **{name: rows[::-1] for name, rows in tables.items()}).to_frame()
    pd.testing.assert_frame_equal(forward, backward)


def test_an_unknown_rule_set_is_refused():
    with pytest.raises(StudyError, match=r"replicate_2021.*expected one of replicate_2020"):
        panel_of("replicate_2021", business_units=[{"be_id": 1, "year": 2014}])


def test_a_register_worked_on_year_by_year_gives_the_same_panel(simulated_extract, monkeypatch):
    extract = read_extract(simulated_extract(scale=0.002))
    linkage = link_participants(extract)
    parts = []
    for most in (10**9, 0):
        monkeypatch.setattr(engine, "MAX_ROWS_AT_ONCE", most)
        panel = build_panel(extract, linkage)
        frame = panel.to_frame().sort_values(["be_id", "year"], ignore_index=True)
        parts.append((frame, panel.outliers(), panel.coverage(), dict(panel.per_year)))
    for one, other in zip(*parts, strict=True):
        assert one.equals(other) if isinstance(one, pd.DataFrame) else one == other
    assert len(parts[0][1])
    frame, _, coverage, _ = parts[0]
    coverage = coverage[coverage["measure"].str.startswith("investment_")]
    found = coverage.groupby(["year", "measure"])["n_units"].sum()
    expected = frame.assign(measure="investment_" + frame["investment_status"]).groupby(["year", "measure"]).size()
    assert found[found > 0].to_dict() == expected.to_dict()

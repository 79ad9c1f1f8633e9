"""A new indicator is one entry: thrown-away ones are followed from the registers to a printed cell."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from small_registers import make_extract, one_link_each, quarters

import si_eval as se
from si_eval import registry
from si_eval.errors import StudyError
from si_eval.registers import indicators as formulas
from si_eval.report.tables import table_html
from si_eval.vocabulary import EMPLOYED_PERSONS

UNITS = range(1, 81)
PARTICIPANTS = range(1, 41)
SAME = 1e-12  # relative: the same few operations
LABELS = {"nl": "Wegwerpindicator", "en": "Throw-away indicator"}
ENTRIES = {
    "ratio of two columns": {
        "function": "ratio", "numerator": "revenue", "denominator": "quarters", "unit": "EUR per quarter",
        "domain": "revenue",
    },
    "per employee": {"function": "per_employee", "of": "quarters", "unit": "quarters each", "domain": "revenue"},
    "register value": {"function": "register_value", "of": "quarters", "unit": "quarters", "domain": "register"},
    "share of firms": {"function": "register_value", "of": "group_larger", "unit": "share", "domain": "register"},
    "of another indicator": {
        "function": "ratio", "numerator": "revenue_per_employee", "denominator": "age", "unit": "EUR a year of age",
        "domain": "revenue",
    },
    "own formula": {
        "function": "twice_the_persons", "unit": "Hände", "unit_nl": "handen", "unit_en": "hands", "domain": "register",
    },
}  # fmt: skip
NAMES = {"per employee": "PerEmployee", "register value": "4th_quarter"}
EXPECTED = {
    "ratio of two columns": lambda row: row["revenue"] / row["quarters"],
    "per employee": lambda row: row["quarters"] / row["employed_persons"],
    "register value": lambda row: row["quarters"],
    "share of firms": lambda row: row["group_larger"],
    "of another indicator": lambda row: row["revenue_per_employee"] / row["age"],
    "own formula": lambda row: 2 * row["employed_persons"],
}


def twice_the_persons(panel, indicator, rules):
    return panel[EMPLOYED_PERSONS] * 2


@pytest.fixture
def add_entry(monkeypatch):
    """Add entries to the registry for one test."""
    monkeypatch.setitem(formulas.FORMULAS, "twice_the_persons", twice_the_persons)

    def add(**entries):
        for name, entry in entries.items():
            monkeypatch.setitem(registry.facts("indicators"), name, {**LABELS, **entry})
        registry.indicators.cache_clear()
        registry.unit_labels.cache_clear()

    yield add
    monkeypatch.undo()
    registry.indicators.cache_clear()
    registry.unit_labels.cache_clear()


def build():
    """Eighty firms, half of them participants and half in larger groups; the first has an extreme revenue."""
    groups = [{"group_id": unit, "year": 2014, "employed_persons": 90.0 if unit % 2 else 2.0} for unit in UNITS]
    units = [
        {
            "be_id": unit, "year": 2014, "employed_persons": 5.0 + unit % 3, "group_id": unit,
            "founded": dt.date(2000 + unit % 5, 1, 1), "sbi": "28110",
        }
        for unit in UNITS
    ]  # fmt: skip
    amounts = {unit: [1e9 if unit == 1 else 100.0 + unit] * (4 if unit % 4 else 3) for unit in UNITS}
    turnover = [row for unit in UNITS for row in quarters(unit, 2014, amounts[unit])]
    extract = make_extract(
        business_units=units, enterprise_groups=groups, turnover=turnover, **one_link_each(PARTICIPANTS)
    )
    return se.build_panel(extract, se.link_participants(extract))


@pytest.mark.parametrize("case", ENTRIES)
def test_an_entry_is_followed_to_a_printed_cell(add_entry, case):
    name = NAMES.get(case, "throw_away")
    add_entry(**{name: {**ENTRIES[case], "balance": True}})
    panel = build()
    frame = panel.to_frame()
    expected = frame.apply(EXPECTED[case], axis=1).astype(float)
    np.testing.assert_allclose(frame[name].astype(float), expected, rtol=SAME)

    counted = frame["participant"].astype(bool)
    counted &= ~frame["excluded_revenue"].astype(bool) if ENTRIES[case]["domain"] == "revenue" else True
    table = se.compare_groups(panel, indicator=name, where={"sector": "C"})
    mean = table.to_frame().query("statistic == 'mean' and group == 'participant'").iloc[0]
    assert mean["estimate"] == pytest.approx(expected[counted].mean(), rel=SAME)
    assert mean["unit"] == ENTRIES[case]["unit"]

    balance = se.check_selection(panel, year=2014).to_frame()
    assert {name, "revenue_per_employee"} <= set(balance["indicator"])

    (safe,) = se.protect([table])
    shown = safe.to_frame().query("statistic == 'mean' and group == 'participant'")
    assert shown["status"].tolist() == ["shown"]
    for language in ("nl", "en"):
        html = table_html(safe, language=language)
        assert LABELS[language] in html
        if ENTRIES[case]["unit"] != "share":
            assert ENTRIES[case].get(f"unit_{language}", ENTRIES[case]["unit"]) in html


def test_the_outlier_rule_looks_at_what_the_registry_names(add_entry):
    """An entry of a domain that no other has brings its own flag, and sets aside whom its values single out."""
    entry = {"function": "ratio", "numerator": "revenue", "denominator": "quarters", "unit": "EUR per quarter"}
    add_entry(watched={**entry, "domain": "sales", "outliers": True}, ignored={**entry, "domain": "other"})
    panel = build()
    frame = panel.to_frame()
    assert frame.loc[frame["excluded_sales"].astype(bool), "be_id"].tolist() == [1]
    assert "excluded_other" not in frame
    listed = panel.outliers()
    assert set(listed["indicator"]) == {"revenue_per_employee", "watched"}
    counts = se.describe_linkage(se.link_participants(small_extract()), panel).to_frame().set_index("indicator")
    assert counts.loc["outliers_sales", "estimate"] == 1


def small_extract():
    return make_extract(business_units=[{"be_id": 1, "year": 2014}], **one_link_each([1]))


def test_entries_may_rest_on_each_other_in_any_order(add_entry):
    half = {"function": "ratio", "denominator": "quarters", "unit": "EUR", "domain": "register"}
    add_entry(
        third={**half, "numerator": "second"}, second={**half, "numerator": "first"},
        first={**half, "numerator": "revenue"},
    )  # fmt: skip
    frame = build().to_frame()
    np.testing.assert_allclose(frame["third"].astype(float), frame["revenue"].astype(float) / 64, rtol=SAME)


RATIO = {"function": "ratio", "unit": "EUR", "domain": "register"}
REFUSED = {
    "a circle": (
        {
            "a": {**RATIO, "numerator": "b", "denominator": "age"},
            "b": {**RATIO, "numerator": "a", "denominator": "age"},
        },
        "indicator a, b: found entries that rest on each other in a circle",
    ),
    "itself": ({"a": {**RATIO, "numerator": "a", "denominator": "age"}}, "indicator a: found entries that rest on"),
    "unknown column": (
        {"a": {**RATIO, "numerator": "wages", "denominator": "age"}},
        "indicator a: found column 'wages'",
    ),
    "unknown function": ({"a": {**RATIO, "function": "median"}}, "indicator a: found function 'median'"),
    "nothing to divide": ({"a": {**RATIO, "numerator": "revenue"}}, "indicator a: found no `denominator`"),
    "text": (
        {"a": {**RATIO, "function": "register_value", "of": "sector"}},
        "indicator a: found values of type string",
    ),
    "taken name": ({"size_class": {**RATIO, "numerator": "revenue", "denominator": "age"}}, "a name that is taken"),
    "capitals": ({"Revenue": {**RATIO, "numerator": "revenue", "denominator": "age"}}, "a name that is taken"),
    "unknown key": ({"a": {**RATIO, "divisor": "age"}}, "indicator a: found an unknown key `divisor`"),
    "no unit": ({"a": {"function": "ratio", "domain": "register"}}, "indicator a: found no `unit`"),
    "wrong type": ({"a": {**RATIO, "outliers": "yes"}}, "indicator a: found 'yes' as `outliers`"),
}


@pytest.mark.parametrize(("entries", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_an_entry_that_cannot_be_computed_is_refused(add_entry, entries, message):
    add_entry(**entries)
    with pytest.raises(StudyError, match=message):
        build()

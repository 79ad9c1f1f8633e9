"""What descriptions of participants refuse, and what they say of a group without units."""

from __future__ import annotations

import pandas as pd
import pytest
from small_registers import make_extract, one_link_each, quarters

import si_eval as se
from si_eval.compare.reach import describe_linkage, describe_reach, describe_sectors, describe_unit_choice
from si_eval.errors import InputError, StudyError
from si_eval.registers.linkage import link_participants
from si_eval.registers.panel import build_panel

UNITS = range(1, 31)


@pytest.fixture(scope="module")
def extract():
    """Thirty units in two years, of which ten take part; none of those in sector J."""
    units = [
        {"be_id": unit, "year": year, "employed_persons": 20.0, "sbi": "25620" if unit <= 20 else "62010"}
        for unit in UNITS
        for year in (2018, 2019)
    ]
    turnover = [row for unit in UNITS for row in quarters(unit, 2019, [100.0 * unit] * 4)]
    return make_extract(business_units=units, turnover=turnover, **one_link_each(range(1, 11)))


@pytest.fixture(scope="module")
def panel(extract):
    return build_panel(extract, link_participants(extract))


@pytest.mark.parametrize(("function", "arguments", "message"), [
    (describe_reach, {"year": 1999}, r"year: found 1999; expected one of \[2018, 2019\]"),
    (describe_reach, {"year": "2019"}, "year: found '2019'.*write 2019, without quotes"),
    (describe_reach, {"year": [2019]}, "year: found"),
    (describe_reach, {"year": None}, "year: found None"),
    (describe_sectors, {"year": 2019, "sectors": ["c"]}, "sectors: found 'c'.*did you mean `C`"),
    (describe_sectors, {"year": 2019, "sectors": []}, "sectors: found an empty list"),
    (describe_sectors, {"year": 2019, "sectors": ["C", "C"]}, "'C' more than once"),
    (describe_sectors, {"year": 2019, "sectors": 3}, "sectors: found 3"),
    (describe_sectors, {"year": 2019, "sectors": None}, "sectors: found None"),
    (describe_sectors, {"year": 2018.5, "sectors": ["C"]}, "year: found 2018.5"),
    (describe_sectors, {"year": 2019, "sectors": ["C"], "merge": ["50+"]}, "merge: found"),
    (describe_sectors, {"year": 2019, "sectors": ["C"], "merge": {"C": ["50-249"]}}, "merge: found"),
    (describe_sectors, {"year": 2019, "sectors": ["C"], "merge": {"K": {"50+": ["50-249"]}}}, "merge: found 'K'"),
    (describe_sectors, {"year": 2019, "sectors": ["C"], "merge": {"C": {"50+": ["50_249"]}}}, "did you mean `50-249`"),
    (describe_sectors, {"year": 2019, "sectors": ["C"], "merge": {"C": {"250+": ["50-249"]}}}, "name of another class"),
    (describe_sectors,
     {"year": 2019, "sectors": ["C"], "merge": {"C": {"a": ["0-9"], "b": ["0-9", "10-49"]}}}, "merged twice"),
])  # fmt: skip
def test_a_wrong_argument_is_refused_by_name(panel, function, arguments, message):
    with pytest.raises(StudyError, match=message):
        function(panel, **arguments)


@pytest.mark.parametrize(("function", "arguments"), [
    (describe_reach, {"year": 2019}), (describe_sectors, {"year": 2019, "sectors": ["C"]}), (describe_unit_choice, {}),
])  # fmt: skip
def test_a_panel_of_a_frame_lacks_what_is_described(function, arguments):
    firms = pd.DataFrame({"firm": range(4), "year": 2019, "d": [0, 0, 1, 1], "s": ["C"] * 4})
    panel = se.panel_from_frame(firms, unit="firm", year="year", participant="d")
    with pytest.raises(StudyError, match=r"panel: found no .*; use a panel of registers"):
        function(panel, **arguments)
    with pytest.raises(StudyError, match=r"panel: found .*; expected a Panel"):
        function(firms, **arguments)


def test_all_problems_are_told_at_once(panel):
    with pytest.raises(InputError) as caught:
        describe_sectors(panel, year=1999, sectors=["K9"], merge={"C": {"a": ["b"]}})
    assert len(caught.value.problems) == 4


def test_what_is_no_linkage_or_extract_is_refused(extract, panel):
    with pytest.raises(StudyError, match=r"linkage: found .*; expected a Linkage"):
        describe_linkage(panel, panel)
    for call in (lambda: link_participants("extract"), lambda: build_panel("extract", None)):
        with pytest.raises(StudyError, match="extract: found 'extract'; expected an Extract"):
            call()
    bare = make_extract(business_units=[{"be_id": 1, "year": 2019}])
    with pytest.raises(StudyError, match="no table participants, kvk_person, person_business_unit"):
        link_participants(bare)


@pytest.mark.parametrize("units", ["1", 1, None, {1: 2}, [0.5], [True], [-1], [10**30], ["x"], [None]], ids=str)
def test_public_units_that_are_none_are_refused(extract, units):
    with pytest.raises(StudyError, match="public_units: found"):
        build_panel(extract, link_participants(extract), public_units=units)


def test_a_group_without_units_is_counted_as_none(panel):
    sectors = describe_sectors(panel, year=2019, sectors=["C", "J"]).to_frame()
    (row,) = sectors[(sectors["sector"] == "J") & (sectors["statistic"] == "count")].to_dict("records")
    assert (row["estimate"], row["n_units"], row["size_class"]) == (0.0, 0, "all")
    assert row["note"]
    reach = describe_reach(panel, year=2019)
    counts = reach.frame.query("indicator == 'business_units'").set_index("group")["estimate"]
    assert counts.to_dict() == {"non_participant": 20.0, "participant": 10.0}
    assert len(se.protect([reach, describe_sectors(panel, year=2019, sectors=["C", "J"])])) == 2

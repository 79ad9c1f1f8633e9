"""Linkage: brute force over small registers, the ties by hand, and an account of every row."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_registers import make_extract

from si_eval.errors import StudyError
from si_eval.registers.linkage import link_participants

YEARS = (2014, 2015, 2016)
DATES = st.sampled_from(
    [dt.date(y, m, d) for y in (2013, 2014, 2015, 2016, 2017) for m, d in ((1, 1), (6, 30), (7, 1), (7, 2), (12, 31))]
)


def brute_force(tables: dict[str, list[dict[str, object]]]) -> dict[tuple[int, int], int]:
    """Apply contract 2.2 row by row: (year, unit) -> participants."""
    register = {(row["be_id"], row["year"]): row.get("employed_persons") for row in tables["business_units"]}
    linked: dict[tuple[int, int], set[object]] = {}
    for kvk in {row["kvk_id"] for row in tables["participants"]}:
        persons = {row["person_id"] for row in tables["kvk_person"] if row["kvk_id"] == kvk}
        for year in sorted({year for _, year in register}):
            first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
            candidates = []
            for link in tables["person_business_unit"]:
                start, end = link.get("start") or first, link.get("end") or last
                days = (min(end, last) - max(start, first)).days + 1
                if link["person_id"] in persons and days > 0 and (link["be_id"], year) in register:
                    size = register[link["be_id"], year]
                    candidates.append((-days, -(-1.0 if size is None else size), link["be_id"]))
            if candidates:
                linked.setdefault((year, min(candidates)[2]), set()).add(kvk)
    return {key: len(kvks) for key, kvks in linked.items()}


@st.composite
def registers(draw: st.DrawFn) -> dict[str, list[dict[str, object]]]:
    units, persons, kvks = range(1, 5), ["p", "q", "r"], ["a", "b", "c"]
    keys = draw(st.sets(st.tuples(st.sampled_from(units), st.sampled_from(YEARS)), min_size=1))
    keys |= {(1, year) for year in YEARS}
    sizes = st.sampled_from([None, 0.0, 2.0, 2.0, 15.0])
    links = draw(
        st.lists(
            st.tuples(st.sampled_from(persons), st.sampled_from(units), DATES | st.none(), DATES | st.none()),
            max_size=9,
        )
    )
    return {
        "business_units": [{"be_id": u, "year": y, "employed_persons": draw(sizes)} for u, y in sorted(keys)],
        "participants": [{"kvk_id": k} for k in draw(st.lists(st.sampled_from(kvks), min_size=1, max_size=5))],
        "kvk_person": [
            {"kvk_id": k, "person_id": p}
            for k, p in draw(st.lists(st.tuples(st.sampled_from(kvks), st.sampled_from(persons)), max_size=4))
        ],
        "person_business_unit": [
            {"person_id": p, "be_id": u, "start": s, "end": e}
            for p, u, s, e in links
            if s is None or e is None or s <= e
        ],
    }


def units_of(tables: dict[str, list[dict[str, object]]]) -> dict[tuple[int, int], int]:
    units = link_participants(make_extract(**tables)).units()
    assert units.equals(units.sort_values(["year", "be_id"], ignore_index=True))
    return {(int(year), int(unit)): int(n) for year, unit, n in units.itertuples(index=False)}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(registers(), st.randoms(use_true_random=False))
def test_agrees_with_brute_force_whatever_the_row_order(tables, random):
    expected = brute_force(tables)
    for rows in tables.values():
        random.shuffle(rows)
    assert units_of(tables) == expected


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(registers())
def test_the_funnel_accounts_for_every_row(tables):
    linkage = link_participants(make_extract(**tables))
    funnel = linkage.funnel()
    kept = funnel[funnel["reason"] == "kept"]
    overall = kept[kept["year"].isna()].set_index("step")["n"]
    assert overall["listed"] == len(tables["participants"])
    sums = funnel[funnel["year"].isna()].groupby("step")["n"].sum()
    assert sums["unique"] == overall["listed"]
    assert sums["person"] == overall["unique"]
    for year, rows in funnel[funnel["year"].notna()].groupby("year"):
        steps = rows.groupby("step")["n"].sum()
        of_year = kept[kept["year"] == year].set_index("step")["n"]
        assert steps["unit"] == overall["person"]
        assert steps["counted"] == of_year["unit"]
        assert of_year["counted"] == (linkage.units()["year"] == year).sum()


def lost_by_brute_force(tables: dict[str, list[dict[str, object]]]) -> dict[tuple[str, int], int]:
    """Say of each participant and year how far they came: (reason, year) -> participants that have a person."""
    years = sorted({row["year"] for row in tables["business_units"]})
    register = {(row["be_id"], row["year"]) for row in tables["business_units"]}
    lost = dict.fromkeys([(reason, year) for year in years for reason in REASONS], 0)
    for kvk in {row["kvk_id"] for row in tables["participants"]}:
        known = [row for row in tables["kvk_person"] if row["kvk_id"] == kvk]
        persons = {row["person_id"] for row in known if row.get("year") in (None, *years)}
        links = [link for link in tables["person_business_unit"] if link["person_id"] in persons]
        for year in years if persons else ():
            of_year = {row["person_id"] for row in known if row.get("year") in (None, year)}
            theirs = [link for link in links if link["person_id"] in of_year]
            there = [
                link
                for link in theirs
                if (link.get("start") or dt.date(1, 1, 1)) <= dt.date(year, 12, 31)
                and (link.get("end") or dt.date(9999, 1, 1)) >= dt.date(year, 1, 1)
            ]
            if not any((link["be_id"], year) in register for link in there):
                reason = (
                    "person_never_linked" if not links
                    else "no_person_in_year" if not of_year
                    else "no_link_in_year" if not there
                    else "not_in_register"
                )  # fmt: skip
                lost[reason, year] += 1
    return lost


REASONS = ("person_never_linked", "no_person_in_year", "no_link_in_year", "not_in_register")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(registers(), st.data())
def test_every_reason_of_a_loss_is_counted_as_by_hand(tables, data):
    for row in tables["kvk_person"]:
        row["year"] = data.draw(st.sampled_from([None, *YEARS]))
    funnel = link_participants(make_extract(**tables)).funnel()
    rows = funnel[funnel["reason"].isin(REASONS)]
    found = {(reason, int(year)): int(n) for reason, year, n in rows[["reason", "year", "n"]].itertuples(index=False)}
    expected = lost_by_brute_force(tables)
    assert {key: n for key, n in found.items() if n} == {key: n for key, n in expected.items() if n}


@pytest.mark.parametrize("extract", [None, "extract/", {"participants": []}])
def test_what_is_no_extract_is_refused(extract):
    with pytest.raises(StudyError, match="expected an Extract"):
        link_participants(extract)


def test_tables_that_lead_nowhere_are_named():
    with pytest.raises(StudyError, match="no table kvk_person, person_business_unit"):
        link_participants(make_extract(business_units=REGISTER, participants=[{"kvk_id": "a"}]))


REGISTER = [
    {"be_id": unit, "year": 2014, "employed_persons": persons}
    for unit, persons in ((1, 5.0), (2, 50.0), (3, 50.0), (4, None), (5, 0.0))
]
LIST = {"participants": [{"kvk_id": "a"}], "kvk_person": [{"kvk_id": "a", "person_id": "p"}]}
CASES = {
    "longest within the year wins": (
        [(1, dt.date(2014, 1, 1), dt.date(2014, 7, 2)), (2, dt.date(2014, 7, 3), None)],
        {(2014, 1): 1},
    ),
    "both ends count": (
        [(1, dt.date(2014, 1, 1), dt.date(2014, 7, 1)), (2, dt.date(2014, 7, 2), dt.date(2014, 12, 31))],
        {(2014, 2): 1},
    ),
    "equally long: the larger unit": ([(1, None, None), (2, None, None)], {(2014, 2): 1}),
    "equally long and large: the smaller id": ([(3, None, None), (2, None, None)], {(2014, 2): 1}),
    "equally long: missing persons are fewest": ([(4, None, None), (5, None, None)], {(2014, 5): 1}),
    "a link that ends before the year is none": ([(1, None, dt.date(2013, 12, 31))], {}),
    "a unit outside the register is none": ([(9, None, None)], {}),
    "a link of one day is one": ([(1, dt.date(2014, 12, 31), dt.date(2014, 12, 31))], {(2014, 1): 1}),
}


@pytest.mark.parametrize(("links", "expected"), CASES.values(), ids=CASES.keys())
def test_ties_and_ends(links, expected):
    rows = [{"person_id": "p", "be_id": unit, "start": start, "end": end} for unit, start, end in links]
    assert units_of({**LIST, "business_units": REGISTER, "person_business_unit": rows}) == expected


def test_a_person_of_one_year_links_in_that_year_only():
    tables = {
        "business_units": [{"be_id": 1, "year": year} for year in (2014, 2015)],
        "participants": [{"kvk_id": "a"}],
        "kvk_person": [{"kvk_id": "a", "person_id": "p", "year": 2015}],
        "person_business_unit": [{"person_id": "p", "be_id": 1}],
    }
    linkage = link_participants(make_extract(**tables))
    assert linkage.units()["year"].tolist() == [2015]
    funnel = linkage.funnel().set_index(["reason", "year"])["n"]
    assert funnel["no_person_in_year", 2014] == 1


def test_entry_year_is_the_first_of_the_participants_on_a_unit():
    tables = {
        "business_units": [{"be_id": 1, "year": 2014}],
        "participants": [
            {"kvk_id": "a", "entry_date": dt.date(2017, 3, 1)},
            {"kvk_id": "a", "entry_date": dt.date(2018, 3, 1)},
            {"kvk_id": "b", "entry_date": dt.date(2016, 3, 1)},
        ],
        "kvk_person": [{"kvk_id": "a", "person_id": "p"}, {"kvk_id": "b", "person_id": "p"}],
        "person_business_unit": [{"person_id": "p", "be_id": 1}],
    }
    alone = {**tables, "kvk_person": tables["kvk_person"][:1]}
    assert link_participants(make_extract(**alone)).units_frame["entry_year"].tolist() == [2017]
    linkage = link_participants(make_extract(**tables))
    assert linkage.units_frame["entry_year"].tolist() == [2016]
    assert linkage.units()["n_kvk"].tolist() == [2]
    assert list(linkage.units().columns) == ["year", "be_id", "n_kvk"]
    assert isinstance(linkage.summary(), str)
    assert isinstance(linkage.to_frame(), pd.DataFrame)

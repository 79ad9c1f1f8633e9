"""Layouts of registers without a chain of links: several rows a unit, a column a year, days and financial years."""

from __future__ import annotations

import pandas as pd
import pytest

import si_eval as se
from si_eval.errors import InputError
from si_eval.study.file import load_study

STUDY = """
name = "small"
title = "Small"
languages = ["en"]
currency = "GBP"
[extract]
link = "direct"
frequency = "annual"
[extract.files]
sites = "sites.csv"
[extract.columns.turnover]
turnover = "sales {year}"
hours = "hours {year}"
[extract.columns.participants]
entry_date = "agreed"
[extract.largest]
sites = "jobs"
[indicators.hours_worked]
column = "hours"
unit = "hours"
labels = "Hours"
[indicators.space]
column = "floor"
unit = "square metres"
labels = "Floor space"
[splits.region]
[[exhibits]]
id = "x"
chapter = "1"
title = "X"
function = "describe_linkage"
chart = { kind = "table" }
"""
FILES = {
    "business_units.csv": "be_id,year,employed_persons\nA1,2016/17,5\nA1,2017/18,6\nB2,2016/17,3\nB2,2017/18,..\n",
    "turnover.csv": "be_id,sales 2016,sales 2017,Hours 2017\nA1,100,110,\nB2,50,,7\n",
    "participants.csv": "be_id,agreed\nA1,13/07/2017\n",
    # B2 has two sites as large as each other, and one whose jobs nobody knows
    "sites.csv": "be_id,year,jobs,region,floor\nA1,2016,2,Wales,10\nA1,2016,3,London,20\nA1,2017,4,Wales,\n"
    "B2,2016,1,Wales,5\nB2,2016,1,London,\nB2,2016,,Kent,1\n",
}


def read(folder, study=STUDY, **files):
    for name, text in {**FILES, **{f"{name}.csv": text for name, text in files.items()}}.items():
        (folder / name).write_text(text.replace("\\\n", "\n"), encoding="utf-8")
    (folder / "study.toml").write_text(study, encoding="utf-8")
    extract, _, panel = se.read_registers(load_study(folder / "study.toml"), folders=[folder])
    frame = panel.to_frame()
    return extract, frame.assign(be_id=frame["be_id"].map({0: "A1", 1: "B2"})).set_index(["be_id", "year"]).sort_index()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return read(tmp_path_factory.mktemp("layouts"))


def test_a_column_a_year_gives_a_row_a_year(small):
    frame = small[1]
    assert frame["revenue"].tolist()[:2] == [100, 110]
    assert frame.loc[("B2", 2016), "revenue"] == 50
    assert pd.isna(frame.loc[("B2", 2017), "revenue"])
    assert frame["hours_worked"].isna().tolist() == [True, True, True, False]


def test_of_several_rows_numbers_are_added_up_and_the_largest_decides_texts(small):
    extract, frame = small
    assert frame["space"].fillna(0).tolist() == [30, 0, 6, 0]
    assert frame["region"].fillna("").tolist() == ["London", "Wales", "London", ""]
    assert any("3 more rows of units that have several" in note for note in extract.notes)


def test_the_order_of_rows_does_not_matter(small, tmp_path):
    head, *rows = FILES["sites.csv"].split("\n")[:-1]
    turned = "\n".join([head, *rows[::-1]]) + "\n"
    assert read(tmp_path, sites=turned)[1]["region"].equals(small[1]["region"])


def test_financial_years_and_days_are_read_with_a_remark(small):
    extract, frame = small
    assert frame.index.get_level_values("year").tolist() == [2016, 2017] * 2
    assert frame["entry_year"].dropna().unique().tolist() == [2017]
    assert any("2016/17 as 2016" in note for note in extract.notes)


REFUSED = {
    "a table that is not there": (('sites = "jobs"', 'site = "jobs"'), "no table site; .*did you mean `sites`"),
    "a column that is not there": (
        ('sites = "jobs"', 'sites = "job"'),
        "no column 'job' in sites; .*did you mean `jobs`",
    ),
    "no rule for several rows": (('sites = "jobs"', ""), "3 rows with a key that occurs before"),
    "no column of that pattern": (('"sales {year}"', '"sale {year}"'), r"no column `sale \{year\}`"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_told(tmp_path, name):
    (old, new), told = REFUSED[name]
    with pytest.raises(InputError, match=told):
        read(tmp_path, STUDY.replace(old, new))


ZEROS = {
    "numbers beside texts": ("001\n", True),
    "other lengths": ("001\n0002\n", False),
    "letters": ("A01\n001\n", False),
}


@pytest.mark.parametrize("name", ZEROS)
def test_zeros_that_identifiers_lost_are_restored_where_that_is_certain(tmp_path, name):
    listed, found = ZEROS[name]
    units = "be_id,year,employed_persons\n1,2016,5\n120,2016,6\n"
    study = STUDY.split("[extract.columns.turnover]", maxsplit=1)[0].replace(
        '[extract.files]\nsites = "sites.csv"\n', ""
    )
    study += "[[exhibits]]" + STUDY.split("[[exhibits]]")[1]
    for file, text in {"business_units": units, "participants": f"be_id\n{listed}"}.items():
        (tmp_path / f"{file}.csv").write_text(text, encoding="utf-8")
    (tmp_path / "study.toml").write_text(study, encoding="utf-8")
    extract, linkage, _ = se.read_registers(load_study(tmp_path / "study.toml"), folders=[tmp_path])
    assert (len(linkage.units()) == 1) is found
    assert any("lost the zeros" in note for note in extract.notes) is found


DAYS = {
    "13/07/2017": 2017, "07/13/2017": 2017, "13-7-2017": 2017, "20170713": 2017, "13 July 2017": 2017,
    "13-jul-2017": 2017, "2017/07/13": 2017, "2017": 2017, "2016/17": 2016,
}  # fmt: skip


@pytest.mark.parametrize("day", DAYS)
def test_days_may_be_written_in_many_ways(tmp_path, day):
    frame = read(tmp_path, participants=f"be_id,agreed\nA1,{day}\n")[1]
    assert frame.loc["A1", "entry_year"].tolist() == [DAYS[day]] * 2


@pytest.mark.parametrize("days", ["31/02/2017", "13/13/2017", "13/07/2017\nB2,07/13/2017", "2017-02-30", "soon"])
def test_days_that_no_calendar_has_are_refused(tmp_path, days):
    with pytest.raises(InputError, match="no numbers of years"):
        read(tmp_path, participants=f"be_id,agreed\nA1,{days}\n")

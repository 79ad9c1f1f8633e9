"""Registers without a chain of links: quarters, identifiers, lists and conditions, on files of a few lines."""

from __future__ import annotations

import errno

import pandas as pd
import pytest

import si_eval as se
from si_eval.errors import InputError
from si_eval.registers.activities import read_activities
from si_eval.registers.direct import tables
from si_eval.registers.direct.identifiers import as_texts, remark_on_shapes
from si_eval.study.file import load_study

STUDY = """
name = "small"
title = "Small"
languages = ["en"]
currency = "GBP"
[extract]
link = "direct"
frequency = "quarterly"
[extract.columns.participants]
sum = "amount"
[indicators.sum]
column = "sum"
unit = "GBP"
labels = "Amount"
[indicators.change]
expression = "revenue - lag(revenue, 2)"
unit = "GBP"
labels = "Change in two years"
[indicators.odd]
expression = "log(revenue) / (employed_persons - 2)"
unit = "points"
labels = "Odd"
[splits.project]
[splits.paid]
column = "sum"
borders = [0, 100]
[groups.other]
file = "others.csv"
[[exhibits]]
id = "x"
chapter = "1"
title = "X"
function = "describe_linkage"
chart = { kind = "table" }
"""
QUARTERS = [(unit, year, quarter) for unit in (7, 8) for year in (2014, 2016) for quarter in (1, 2, 3, 4)]
FILES = {
    # 7 has no row in 2015; 9 never takes part
    "business_units.csv": "be_id,year,employed_persons,sbi\n7,2014,2,25.11\n7,2016,4,25.11\n8,2014,1,\n8,2015,3,62.01\n"
    "8,2016,3,62.01\n9,2014,5,C\n9,2015,5,C\n9,2016,5,C\n",
    "turnover.csv": "be_id,year,quarter,turnover\n"
    + "".join(f"{unit},{year},{quarter},{unit * quarter}\n" for unit, year, quarter in QUARTERS)
    + "9,2014,1,5\n9,2015,1,-1\n9,2015,2,-1\n9,2015,3,-1\n9,2015,4,-1\n77,2014,1,5\n",
    # 7 is there twice; 99 is in no register
    "participants.csv": "be_id,entry_date,amount,project\n7,2016-05-01,30,late\n7,2015-02-01,80,early\n"
    "8,2016-01-01,40,late\n99,2016-01-01,1,late\n",
    "others.csv": "be_id\n9\n",
}


def read(folder, study=STUDY, **files):
    for name, text in {**FILES, **{f"{name}.csv": text for name, text in files.items()}}.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "study.toml").write_text(study, encoding="utf-8")
    return se.read_registers(load_study(folder / "study.toml"), folders=[folder])


def by_firm(panel):
    """Return a panel by firm and year: it numbers firms from 0 in the order of their identifiers."""
    frame = panel.to_frame()
    return frame.assign(be_id=frame["be_id"] + 7).set_index(["be_id", "year"]).sort_index()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return read(tmp_path_factory.mktemp("direct"))


@pytest.fixture(scope="module")
def panel(small):
    return by_firm(small[2])


def test_four_quarters_make_a_revenue_and_fewer_make_none(panel):
    assert panel.loc[(7, 2014), "revenue"] == 70
    assert panel.loc[(9, 2015), "revenue"] == -4
    assert pd.isna(panel.loc[(9, 2014), "revenue"])
    assert pd.isna(panel.loc[(8, 2015), "revenue"])


@pytest.mark.parametrize("written", ["{}Q{}", "{}-K{}", "{} t{}"])
def test_a_year_may_be_written_with_its_quarter(tmp_path, panel, written):
    rows = [line.split(",") for line in FILES["turnover.csv"].splitlines()[1:]]
    lines = [f"{unit},{written.format(year, quarter)},{amount}" for unit, year, quarter, amount in rows]
    _, _, found = read(tmp_path, turnover="\n".join(["be_id,year,turnover", *lines]) + "\n")
    pd.testing.assert_series_equal(by_firm(found)["revenue"], panel["revenue"])


def test_of_several_rows_the_first_entry_counts_and_numbers_are_added_up(panel):
    assert panel.loc[(7, 2016), "entry_year"] == 2015
    assert panel.loc[(7, 2016), "sum"] == 110
    assert panel.loc[(7, 2016), "project"] == "early"
    assert panel["paid"].fillna("").groupby("be_id").first().to_dict() == {7: "100+", 8: "0-99", 9: ""}
    assert panel["participant"].groupby("be_id").first().to_dict() == {7: True, 8: True, 9: False}


def test_a_lag_counts_years_not_rows_and_what_cannot_be_divided_is_missing(panel):
    assert panel.loc[(7, 2016), "change"] == 0
    assert panel["change"].notna().sum() == 2
    assert pd.isna(panel.loc[(7, 2014), "odd"]), "by zero"
    assert pd.isna(panel.loc[(9, 2015), "odd"]), "the logarithm of a negative number"


def test_members_of_a_list_are_marked(panel):
    assert panel["other"].groupby("be_id").first().to_dict() == {7: False, 8: False, 9: True}


def test_participants_that_are_in_no_register_are_counted(small):
    funnel = small[1].funnel()
    counts = {(row.step, row.reason): row.n for row in funnel[funnel["year"].isna()].itertuples()}
    assert counts == {
        ("listed", "kept"): 4, ("unique", "kept"): 3, ("unique", "duplicate"): 1, ("register", "kept"): 2,
        ("register", "never_in_register"): 1,
    }  # fmt: skip
    assert "1 rows of units that are not in that year's register" in " ".join(small[0].notes)


def test_identifiers_are_the_same_as_numbers_and_as_texts(tmp_path, panel):
    read(tmp_path)
    numbers = pd.read_csv(tmp_path / "business_units.csv")
    (tmp_path / "business_units.csv").unlink()
    numbers.to_parquet(tmp_path / "business_units.parquet")
    same = by_firm(se.read_registers(load_study(tmp_path / "study.toml"), folders=[tmp_path])[2])
    pd.testing.assert_frame_equal(same[["revenue", "sum", "paid"]], panel[["revenue", "sum", "paid"]])


def test_a_condition_on_the_list_of_participants_is_one_of_that_list(tmp_path):
    groups = '[groups.treated]\nwhere = { project = "early" }\n[groups.late]\nwhere = { project = "late" }\n'
    panel = by_firm(read(tmp_path, STUDY.replace("[groups.other]", f"{groups}[groups.other]"))[2])
    assert panel["participant"].groupby("be_id").first().to_dict() == {7: True, 8: False, 9: False}
    assert panel["late"].groupby("be_id").first().to_dict() == {7: True, 8: True, 9: False}


def test_a_unit_of_money_holds_for_the_column_that_it_names(tmp_path, panel):
    more = STUDY.replace("[indicators.sum]", "[extract.money_unit]\nparticipants = { sum = 1000 }\n[indicators.sum]")
    thousands = by_firm(read(tmp_path, more)[2])
    assert thousands.loc[(7, 2016), "sum"] == 1000 * panel.loc[(7, 2016), "sum"]
    assert thousands.loc[(7, 2016), "revenue"] == panel.loc[(7, 2016), "revenue"]


def test_turnover_may_stand_in_the_register(tmp_path):
    register = "be_id,year,employed_persons,turnover,patents\n7,2014,2,50,3\n8,2014,4,100,1\n"
    patents = '[indicators.patents]\ncolumn = "patents"\nunit = "patents"\nlabels = "Patents"\n'
    text = STUDY.replace("[indicators.sum]", f"{patents}[indicators.sum]")
    files = {name: content for name, content in FILES.items() if name != "turnover.csv"}
    for name, content in {**files, "business_units.csv": register}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    panel = by_firm(se.read_registers(load_study(tmp_path / "study.toml"), folders=[tmp_path])[2])
    assert panel["revenue_per_employee"].tolist() == [25, 25]
    wrong = text.replace("[indicators.sum]", "[extract.money_unit]\nbusiness_units = 1000\n[indicators.sum]")
    (tmp_path / "study.toml").write_text(wrong, encoding="utf-8")
    with pytest.raises(InputError, match="for the columns turnover, patents"):
        se.read_registers(load_study(tmp_path / "study.toml"), folders=[tmp_path])


USUAL = [f"GB{1000 + number}" for number in range(40)]
SHAPES = {
    "a placeholder": (["-1"], "'AA9999' but as '-9'"),
    "other letters": (["GBX001", "gb-22"], "'AA9999' but as 'AA-99', 'AAA999'"),
    "none": ([], ""),
    "numbers of any length": ([str(number) for number in range(90, 4000)], ""),
    "nought among numbers": ([str(number) for number in range(1000, 1100)] + ["0"], "'9999' but as '9'"),
    "a lost zero": ([f"{number:04d}" for number in range(900, 1100)] + ["77"], "'9999' but as '99'"),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_identifiers_unlike_the_others_are_told_by_their_shape(kind):
    more, told = SHAPES[kind]
    listed = pd.Series(more if len(more) > 3 else USUAL + more, dtype="string")
    assert [note.partition("written as ")[2] for note in remark_on_shapes("t", listed)] == ([told] if told else [])


@pytest.mark.parametrize("text", ['="GB1001"', '"GB1001"', "'GB1001", " GB1001\u00a0", "\ufeffGB1001"])
def test_what_surrounds_an_identifier_is_no_part_of_it(text):
    assert as_texts(pd.Series([text, "GB1002"]), {}).tolist() == ["GB1001", "GB1002"]


REFUSED = {
    "an entry of the year 201": (  # beyond what nanoseconds hold
        {"participants": "be_id,entry_date,amount,project\n7,0201-02-01,80,early\n8,2016-01-01,40,late\n"},
        "more than 100 years from all years",
    ),
    "quarters without a quarter": ({"turnover": "be_id,year,turnover\n7,2014,5\n"}, "no column for quarter"),
    "a fifth quarter": ({"turnover": "be_id,year,quarter,turnover\n7,2014,5,5\n"}, "another quarter than 1 to 4"),
    "a line above the names": ({"turnover": "Table 1,,,\n" + FILES["turnover.csv"]}, "several columns named ''"),
    "a list of nobody": ({"participants": "be_id,entry_date,amount,project\n"}, "no participants"),
    "a word for a year": ({"business_units": "be_id,year,employed_persons,sbi\n7,soon,2,C\n"}, "year"),
    "negative persons": ({"business_units": "be_id,year,employed_persons,sbi\n7,2014,-2,C\n"}, "negative"),
    "no code of activity": ({"business_units": "be_id,year,employed_persons,sbi\n7,2014,2,nace\n"}, "no code of the"),
}


@pytest.mark.parametrize("damage", ["cut", "link"])
def test_a_damaged_file_is_named(damage, tmp_path):
    path = tmp_path / "turnover.csv"
    path.write_text(FILES["turnover.csv"], encoding="utf-8")
    path = tmp_path / "turnover.parquet"
    pd.DataFrame({"be_id": ["7"] * 999, "year": 2014, "quarter": 1, "turnover": range(999)}).to_parquet(path)
    content = path.read_bytes()
    path.unlink()
    if damage == "link":
        path.symlink_to(tmp_path / "gone")
    else:
        path.write_bytes(content[:50] + bytes(255 - one for one in content[50:400]) + content[400:])
    with pytest.raises(InputError, match=r"turnover\.parquet"):
        read(
            tmp_path,
            STUDY.replace("[extract.columns", '[extract.files]\nturnover = "turnover.parquet"\n[extract.columns', 1),
        )


def test_a_full_disk_is_no_fault_of_a_file(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tables, "raw_parquet", fail)
    with pytest.raises(OSError, match="No space left"):
        read(tmp_path)


def test_rows_of_another_year_than_that_of_their_file_are_refused(tmp_path):
    for year, rows in ((2014, "7,2014,2,\n"), (2016, "7,2016,4,\n8,2015,1,\n")):
        (tmp_path / f"business_units_{year}.csv").write_text(
            "be_id,year,employed_persons,sbi\n" + rows, encoding="utf-8"
        )
    files = {name: text for name, text in FILES.items() if name != "business_units.csv"}
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"business_units_2016.csv.*1 rows of another year in the file of 2016"):
        se.read_registers(load_study(tmp_path / "study.toml"), folders=[tmp_path])


def test_what_is_read_all_the_same_is_remarked_on(tmp_path):
    files = {
        "turnover": FILES["turnover.csv"].replace("7,2014,1,7\n", "7,2014,1,n/a\n"),
        "participants": "be_id,entry_date,amount,project\n7\u200b,2016-05-01,#REF!,late\n"
        + "8,2079-06-06,40,late\n" * 2,
        "others": "be_id\n9\nKVK 9\n",
    }
    extract, _, panel = read(tmp_path, **files)
    assert set(extract.notes) >= {
        "turnover, turnover: 1 values (n/a) are read as missing",
        "participants, sum: 1 values (#REF!) are read as missing",
        "participants: 2 values of entry_date outside the years 1600-2078: slips, or codes for missing",
        "participants: 1 rows are the same as another one in every column: their numbers count again",
        "groups.other: 1 of 2 units are in no register",
    }
    assert by_firm(panel).loc[7, "entry_year"].unique().tolist() == [2016], "what is not seen is no part of an id"


GROUPS = """
[groups.treated]
where = { project = "late" }
[groups.early]
file = "participants.csv"
where = { project = "early" }
"""
LEFT_OUT = {
    "no value": ("late\n99,2016-01-01,1,\n", ["1 rows are left out: project has no value"]),
    "other capitals": ("LATE\n", ["1 rows are left out: project has a value that is nearly early or late"]),
    "a slip": ("lat\n", ["1 rows are left out: project has a value that is nearly early or late"]),
    "no group's": ("A;B\n", ["1 rows are left out: project has another value than early or late"]),
    "a group's": ("early\n", []),
}


@pytest.mark.parametrize("kind", LEFT_OUT)
def test_rows_of_a_list_that_no_condition_meets_are_told(kind, tmp_path):
    text, told = LEFT_OUT[kind]
    lines = "be_id,entry_date,amount,project\n7,2015-02-01,80,late\n9,2016-01-01,1,early\n8,2016-01-01,40," + text
    extract = read(tmp_path, STUDY.replace("[groups.other]", f"{GROUPS}[groups.other]"), participants=lines)[0]
    assert [note.removeprefix("participants: ") for note in extract.notes if "left out" in note] == told


def test_a_column_without_values_is_told_with_the_years(tmp_path):
    register = "be_id,year,employed_persons,sbi\n7,2014,2,\n7,2016,4,25.11\n8,2014,1,NA\n"
    assert "business_units: no values of sbi in 2014" in read(tmp_path, business_units=register)[0].notes


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused(tmp_path, name):
    files, told = REFUSED[name]
    with pytest.raises(InputError, match=told):
        read(tmp_path, **files)


CODES = {
    ("25.11", "2511", "C25.11", "25", "25.1"): [("25", "C")] * 5,
    ("1.11", "01.11"): [("01", "A"), ("01", "A")],
    ("111", "2511", "6201"): [("01", "A"), ("25", "C"), ("62", "J")],
    ("0111", "251"): [("01", "A"), ("25", "C")],
    ("C", "J", "x", ""): [(None, "C"), (None, "J"), (None, None), (None, None)],
    ("62.01", "25.110", "25.11.0"): [("62", "J"), ("25", "C"), ("25", "C")],
    ("62.01", "2511", "01110"): [("62", "J"), ("25", "C"), ("01", "A")],
    ("62010", "01110"): [("62", "J"), ("01", "A")],
    ("34.00", "99.00"): [(None, None), ("99", "U")],
}


@pytest.mark.parametrize("codes", CODES)
def test_codes_of_activity_are_read_with_and_without_dots_and_zeros(codes):
    read_codes = read_activities(pd.Series(codes, dtype="string"))
    found = [tuple(None if pd.isna(one) else one for one in row) for row in read_codes.itertuples(index=False)]
    assert found == CODES[codes]

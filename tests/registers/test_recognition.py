"""Unknown folders: each column is taken for what it is, and where it is not, it says that it is unsure."""

from __future__ import annotations

import pandas as pd
import pytest
from unlike_folders import FOLDERS, YEARS, write_folder

from si_eval.registers.naming import currency_of_names, decision_of, near_columns, score_name, words_of
from si_eval.registers.recognition import recognise_folder
from si_eval.registers.recognition.families import list_families
from si_eval.registers.recognition.profiles import profile_column
from si_eval.registers.recognition.scores import LOOKS_SO

MIN_RECALL = 0.9  # of the columns of any folder: what the tool promises


@pytest.fixture(scope="module", params=FOLDERS)
def read(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unlike")
    write_folder(folder, FOLDERS[request.param])
    return FOLDERS[request.param], recognise_folder(folder)


def test_columns_are_taken_for_what_they_are(read):
    how, reading = read
    expected = how.expected()
    found = {(table.pattern, one.column): one for table in reading.tables for one in table.columns}
    assert set(found) == set(expected)
    wrong = {key: found[key] for key, role in expected.items() if found[key].role != role}
    assert len(wrong) <= (1 - MIN_RECALL) * len(expected), wrong
    assert not [one for one in wrong.values() if one.is_sure]


def test_years_and_thousands_are_found(read):
    how, reading = read
    assert reading.periods == YEARS
    assert reading.unit == (1000 if how.thousands else 1)
    assert reading.link == ("chain" if "links" in how.tables else "direct")


def write(folder, **files):
    for name, columns in files.items():
        pd.DataFrame(columns).to_csv(folder / f"{name}.csv", index=False)


IDS = [f"F{number * 37:05d}" for number in range(1, 41)]
FIRMS = {"id": IDS, "staff": [3 + number % 17 for number in range(40)], "nace": ["25.11", "62.01"] * 20}


def test_names_that_say_the_opposite_of_values_are_not_followed(tmp_path):
    write(tmp_path, firms_2018=FIRMS, firms_2019=FIRMS, awards={"id": IDS[:9], "award_date": ["soon"] * 9})
    reading = recognise_folder(tmp_path)
    assert reading.table("participants").column("entry_date") is None


def test_small_whole_numbers_are_no_identifiers_because_they_overlap(tmp_path):
    other = {"a": list(range(1, 31)), "b": list(range(3, 33))}
    write(tmp_path, firms_2018=FIRMS, firms_2019=FIRMS, awards={"id": IDS[:9]}, prices=other)
    prices = next(one for one in recognise_folder(tmp_path).tables if one.pattern == "prices.csv")
    assert prices.table == ""


def test_two_columns_that_could_be_one_thing_are_both_told(tmp_path):
    money = {
        "id": IDS,
        "turnover_uk": [50_000 + 17 * n for n in range(40)],
        "turnover_all": [90_000 + 13 * n for n in range(40)],
    }
    write(
        tmp_path, firms_2018=FIRMS, firms_2019=FIRMS, accounts_2018=money, accounts_2019=money, awards={"id": IDS[:9]}
    )
    column = recognise_folder(tmp_path).table("turnover").column("turnover")
    assert not column.is_sure
    assert {column.column, *column.others} == {"turnover_uk", "turnover_all"}


def test_a_register_may_say_itself_who_took_part(tmp_path):
    rows = [(unit, year, year >= 2017 and place < 9) for place, unit in enumerate(IDS) for year in (2016, 2017, 2018)]
    panel = {"id": [one[0] for one in rows], "year": [one[1] for one in rows], "treated": [int(one[2]) for one in rows]}
    write(tmp_path, panel={**panel, "employees": [5 + place % 9 for place in range(len(rows))]})
    register = recognise_folder(tmp_path).table("business_units")
    assert register.column("decision").column == "treated"


def test_the_only_year_in_a_list_is_that_of_entry(tmp_path):
    firms = pd.DataFrame(
        {"firm_id": [f"F{one:04d}" for one in range(40)], "staff": range(40), "region": ["a", "b"] * 20}
    )
    for year in YEARS[:2]:
        firms.to_csv(tmp_path / f"register_{year}.csv", index=False)
    listed = firms[["firm_id"]].iloc[:9].assign(year=[2016, 2017, 2018] * 3)
    listed.to_csv(tmp_path / "grants.csv", index=False)
    (table,) = (one for one in recognise_folder(tmp_path).tables if one.table == "participants")
    assert [one.role for one in table.columns] == ["be_id", "entry_date"]


def test_in_a_layout_that_the_library_knows_only_names_say_more(tmp_path):
    write_folder(tmp_path, FOLDERS["names of the library"])
    for path in tmp_path.glob("business_units_*.csv"):
        ended = pd.read_csv(path, dtype=str).assign(date_ended="2012-01-01", gemeente=["GM0200", "GM0201"] * 60)
        ended.to_csv(path, index=False)
    register = recognise_folder(tmp_path).table("business_units")
    assert register.column("founded") is None
    assert register.column("municipality").column == "gemeente"


NOTHING = {
    "nothing": {},
    "a table of something else": {"weather": {"day": ["2016-01-01"] * 3, "rain": [1.5, 2.0, 0.1]}},
}


@pytest.mark.parametrize("name", NOTHING)
def test_a_folder_with_nothing_of_the_kind_is_said_to_be_one(tmp_path, name):
    write(tmp_path, **NOTHING[name])
    assert recognise_folder(tmp_path).link == ""


FAMILIES = {
    "a year": (["abr_2014.csv", "abr_2015.csv"], "abr_{year}.csv", (2014, 2015)),
    "financial years": (["abs 2014-15.csv", "abs 2015-16.csv"], "abs {year}*.csv", (2014, 2015)),
    "a span of years in one file": (["abs_2014-2019.csv"], "abs_2014-2019.csv", ()),
    "a day": (["abs_20190401.csv"], "abs_20190401.csv", ()),
    "a year of two digits": (["omzet_13.csv", "omzet_14.csv"], "omzet_{year}.csv", (2013, 2014)),
    "two digits in a subfolder": (["raw15/abr13.csv", "raw15/abr14.csv"], "raw15/abr{year}.csv", (2013, 2014)),
    "a subfolder": (["raw/abr2014.csv", "raw/abr2015.csv"], "raw/abr{year}.csv", (2014, 2015)),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_files_that_differ_in_their_year_are_one_table(tmp_path, name):
    files, pattern, years = FAMILIES[name]
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("a\n1\n", encoding="utf-8")
    (family,) = list_families(tmp_path).families
    assert (family.pattern, family.years) == (pattern, years)


def test_numbers_that_may_be_months_are_not_joined_as_years(tmp_path):
    write(tmp_path, **{f"omzet_{month:02d}": FIRMS for month in (1, 2, 3)})
    assert {family.years for family in list_families(tmp_path).families} == {()}


def test_files_by_part_and_year_are_one_table_only_where_their_columns_agree(tmp_path):
    for part in ("north", "south"):
        write(tmp_path, **{f"firms_2018_{part}": FIRMS, f"firms_2019_{part}": FIRMS})
    write(tmp_path, firms_2018_notes={"text": ["x"]})
    patterns = {table.pattern for table in recognise_folder(tmp_path).tables}
    assert patterns == {"firms_{year}_*th.csv", "firms_{year}_notes.csv"}


NAMES = {
    ("omzet_bedrag", "turnover"): True, ("NettoOmzet", "turnover"): True, ("tot_sales_k", "turnover"): True,
    ("wp", "employed_persons"): True, ("aantal werknemers", "employed_persons"): True,
    ("employes", "employed_persons"): True,
    ("KVK-nr", "kvk_id"): True, ("btw_nummer", "be_id"): True, ("wage", "turnover"): False,
    ("year", "employed_persons"): False,
    ("Gründungsjahr", "founded"): True, ("Bewilligungsdatum", "entry_date"): True,
    ("nb_salaries", "employed_persons"): True,
    ("ca_ht_keur", "turnover"): True, ("support_from", "founded"): False, ("TaxYear", "year"): True,
    ("omgeving", "turnover"): False, ("staffel", "region"): False,
}  # fmt: skip


@pytest.mark.parametrize(("name", "role"), NAMES)
def test_a_name_is_known_by_its_words(name, role):
    assert (score_name(name, role).score >= 0.5) is NAMES[name, role]


DECISIONS = {"Bewilligt": "treated", "nicht gefördert": "rejected", "not_approved": "rejected", "accordé": "treated",
             "non favorable": "rejected", "pending": "neither", "north": "", "not known": ""}  # fmt: skip


@pytest.mark.parametrize("value", DECISIONS)
def test_a_decision_may_be_in_any_of_four_languages_and_denied(value):
    assert decision_of(value) == DECISIONS[value]


COLUMNS = {  # values, and whether they look like codes of activity
    "French classes": (["62.01Z", "2511A", "46.90Z"] * 10, True),
    "plain numbers, each many times": ([2511, 6201, 1071] * 10, True),
    "amounts with one decimal": ([25.1, 62.2, 46.9] * 10, False),
    "plain numbers, each once": (list(range(2511, 2541)), False),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_codes_of_activity_are_told_from_numbers(name):
    values, are_codes = COLUMNS[name]
    assert (profile_column(pd.Series(values, name="x")).fits["activity"] >= LOOKS_SO) is are_codes


def test_words_of_a_name():
    assert words_of("RBE_WerkzamePersonen2019") == ("rbe", "werkzame", "personen", "2019")
    assert near_columns("turnover", ["beid", "omzet_bedrag", "jaar"]) == ["omzet_bedrag"]
    assert currency_of_names(["sales_gbp", "id"])[0] == "GBP"
    assert currency_of_names(["sales_gbp", "omzet_keur"]) == ("", "")

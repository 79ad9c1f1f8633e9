"""Years in the names of files: four digits, or two where these can be nothing else; what is unclear is refused."""

from __future__ import annotations

import pytest

from si_eval.registers.extracts.files import find_files, match_files

# files of a folder -> their years where they are found by the names of the library; nothing where they are refused
OWN_NAMES = {
    "four digits": ({"turnover_2014.csv": 2014, "turnover_2015.csv": 2015}, True),
    "two digits": ({"turnover_13.csv": 2013, "turnover_14.csv": 2014}, True),
    "two digits without a mark": ({"turnover14.csv": 2014}, True),
    "a name of the office": ({"DRT_BEID14V2.csv": 2014, "120301 BE_ABR 13V1.sav": 2013}, True),
    "the century before": ({"turnover_98.csv": 1998, "turnover_99.csv": 1999}, True),
    "around the year 2000": ({"turnover_99.csv": 1999, "turnover_00.csv": 2000, "turnover_01.csv": 2001}, True),
    "from 2009": ({"turnover_09.csv": 2009, "turnover_10.csv": 2010, "turnover_13.csv": 2013}, True),
    "months": ({"turnover_01.csv": 2001, "turnover_07.csv": 2007, "turnover_12.csv": 2012}, False),
    "one month": ({"turnover_12.csv": 2012}, False),
    "parts": ({f"turnover_{part:02d}.csv": 2000 + part for part in range(1, 16)}, False),
    "beside four digits": ({"turnover_14.csv": 2014, "turnover_2015.csv": 2015}, False),
}


def write(folder, names):
    for name in names:
        (folder / name).write_text("be_id;year\n1;2014\n", encoding="utf-8")


@pytest.mark.parametrize("name", OWN_NAMES)
def test_names_of_the_library(tmp_path, name):
    files, understood = OWN_NAMES[name]
    write(tmp_path, files)
    found = find_files(tmp_path)
    assert {file.name: file.year for file in found.files} == files
    assert [problem.found for problem in found.problems if "two digits" in problem.found] == (
        [] if understood else [next(iter(found.problems)).found]
    )


# the pattern of a study, the files of its folder -> the years of those that it finds; None is a file without
PATTERNS = {
    "two digits": ("omzet_{year}.csv", {"omzet_14.csv": 2014, "omzet_15.csv": 2015}),
    "a study says that they are years": ("omzet_{year}.csv", {"omzet_01.csv": 2001, "omzet_02.csv": 2002}),
    "four digits first": ("*{year}*", {"omzet_2014_kw03.csv": 2014, "deel10_2015.csv": 2015}),
    "digits beside a year are none": ("omzet_{year}_*.csv", {"omzet_2014_01.csv": 2014}),
    "parts": ("turnover_*.csv", {"turnover_01.csv": None, "turnover_02.csv": None}),
    "a year with its next": ("abs {year}*.csv", {"abs 2014-15.csv": 2014}),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns_of_a_study(tmp_path, name):
    pattern, files = PATTERNS[name]
    write(tmp_path, files)
    for found, problems, _ in [match_files([tmp_path], {"turnover": pattern}, ["turnover"])]:
        assert {file.name: file.year for file in found["turnover"]} == files
        assert problems == []
    assert {file.name: file.year for file in find_files(tmp_path, files={"turnover": pattern}).files} == files


def test_a_number_beside_the_year_of_a_name_is_not_taken_for_it(tmp_path):
    write(tmp_path, ["omzet_01_2014.csv"])
    _, problems, _ = match_files([tmp_path], {"turnover": "omzet_{year}_*.csv"}, ["turnover"])
    assert "no file that matches" in problems[0].found

"""Activities in another classification than NACE Rev. 2: translated where that is one to one, refused where not."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import si_eval as se
from si_eval.errors import InputError
from si_eval.registers.activities import read_activities, section_letters
from si_eval.registers.crosswalks import CodeBook, read_crosswalk, translate_codes
from si_eval.registry import facts
from si_eval.study.file import load_study

NEWER = CodeBook({0: "nace_2_1"})
CODES = {  # in NACE Rev. 2.1, and where they were
    "25.11": ("25", "C"),
    "K62.10": ("62", "J"),
    "95.31": ("45", "G"),  # repair of motor vehicles moved out of trade
    "60.31": ("63", "J"),
    "6031": ("63", "J"),
    "46.73": ("45", "G"),
    "47.82": (None, "G"),  # of 45 and 47
    "82.40": None,  # of 79 and 82: both N, so no problem
    "L": (None, "K"),
    "U": (None, "T"),
}
CODES["82.40"] = (None, "N")


def translate(codes, book=NEWER, year=2025):
    texts = pd.Series(list(codes), dtype="string")
    return translate_codes(texts, pd.Series([year] * len(texts)), book)


def test_codes_of_the_newer_revision_are_those_of_the_older():
    found = translate(CODES)
    assert found.problems == []
    known = read_activities(found.codes).astype(object)
    rows = [tuple(None if pd.isna(one) else one for one in row) for row in known[["division", "sector"]].to_numpy()]
    assert dict(zip(CODES, rows, strict=True)) == CODES
    (note,) = found.notes
    assert "4 rows have a section and no division" in note


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        (["46.11", "46110", "25.11"], ["2 codes of nace_2_1 of several sections, in 2 rows", "46.11 (46 or 82)"]),
        (["45.20"], ["that lead nowhere", "45.20"]),  # the division is no more
        (["46.89"], ["that lead nowhere"]),
        (["J62.10"], ["that lead nowhere"]),  # computer programming is section K now
        (["46"], ["of several sections"]),
    ],
)
def test_codes_that_are_not_one_to_one_are_named(codes, told):
    problems = translate(codes).problems
    assert all(any(part in str(problem) for problem in problems) for part in told)
    assert "crosswalk" in problems[0].action


def test_letters_of_the_newer_revision_give_it_away():
    (problem,) = translate(["N71.12", "N71.20", "C25.11"], CodeBook()).problems
    assert (problem.count, "nace_2_1" in problem.action) == (2, True)
    assert translate(["M71.12", "71.12", "C"], CodeBook()).problems == []


def test_every_class_leads_to_divisions_that_there_are():
    source = facts("nace_2_1")
    classes = [code for codes in source["wholly"].values() for code in codes.split()]
    assert len(classes) + len(source["several"]) + len(source["none"]) == 651  # as the regulation has them
    assert len({*classes, *source["several"]}) == 650
    targets = {*source["wholly"], *(one for places in source["several"].values() for one in places.split())}
    assert targets <= set(section_letters())


STUDY = """
name = "small"
title = "Small"
languages = ["en"]
[extract]
link = "direct"
folders = ["extract"]
classification = { 2014 = "nace_2", 2016 = "nace_2_1" }
crosswalk = "crosswalk.csv"
[[exhibits]]
id = "x"
chapter = "1"
title = "X"
function = "describe_linkage"
chart = { kind = "table" }
"""
CROSSWALK = "from,to\n46.11,46\n46.1,N82\n74,M\n"


def test_a_crosswalk_goes_first_and_its_longest_code_counts(tmp_path):
    (tmp_path / "c.csv").write_text(CROSSWALK, encoding="utf-8")
    book = replace(NEWER, crosswalk=read_crosswalk(tmp_path / "c.csv"))
    found = translate(["46110", "46.12", "74.99", "25.11"], book)
    assert (found.codes.tolist(), found.problems) == (["46", "82", "M", "25"], [])
    alone = translate(["46.11", "25.11"], replace(book, names={0: "other"}))
    assert "25.11" in str(alone.problems[0])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("from,to\n46.11,46\n4611,82\n", "1 codes that lead to several places: 4611"),
        ("from,to\n46.11,45.9.9.x\n", "1 rows whose `to` is no code"),
        ("from,to\n46.11,00\n", "1 rows whose `to` is no code"),
        ("from,to\nx,46\n", "1 rows whose `from` is no code"),
        ("code,to\n1,46\n", "no column from"),
    ],
)
def test_a_crosswalk_that_is_not_sound_is_refused(tmp_path, text, told):
    (tmp_path / "c.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_crosswalk(tmp_path / "c.csv")
    assert told in str(error.value)


def test_a_study_says_from_which_year_a_classification_holds(tmp_path):
    (tmp_path / "extract").mkdir()
    register = "be_id,year,employed_persons,sbi\n7,2014,2,45.20\n7,2016,4,95.31\n8,2014,1,62.01\n8,2016,3,K62.10\n"
    for name, text in {"business_units.csv": register, "participants.csv": "be_id\n7\n"}.items():
        (tmp_path / "extract" / name).write_text(text, encoding="utf-8")
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "crosswalk.csv").write_text("from,to\n45.2,45\n", encoding="utf-8")
    extract, _, panel = se.read_registers(load_study(tmp_path / "study.toml"))
    assert [one.rows for one in extract.sources if one.table == "crosswalk"] == [1]
    frame = panel.to_frame().sort_values(["be_id", "year"])
    assert frame["sector"].tolist() == ["G", "G", "J", "J"]

    (tmp_path / "study.toml").write_text(STUDY.replace('"nace_2_1"', '"nace_2_2"'), encoding="utf-8")
    with pytest.raises(InputError, match="nace_2_1"):
        load_study(tmp_path / "study.toml")

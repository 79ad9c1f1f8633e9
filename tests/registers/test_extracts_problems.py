"""Raw extracts: nothing that is wrong passes, or is lost; every problem is named."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
from raw_extracts import (
    DAY,
    WRITERS,
    canonical_frames,
    edited,
    problems_of,
    repeated,
    without,
    write_cbs,
    write_csv,
    write_extract,
    write_parquet,
)
from typer.testing import CliRunner

from si_eval.cli import app
from si_eval.errors import describe_values
from si_eval.registers.extracts import examine_extract, read_extract
from si_eval.registers.schema import contracts

HOSTILE = {
    "no required table": (without("kvk_person"), "kvk_person", "", "no file for kvk_person"),
    "no rows": (lambda frames: {**frames, "turnover": frames["turnover"].iloc[:0]}, "turnover", "", "no rows"),
    "no column": (
        lambda frames: {**frames, "turnover": frames["turnover"].rename(columns={"turnover": "turnovr"})},
        "turnover", "turnover", "nearest: turnovr",
    ),
    "text in a number": (
        edited("business_units", employed_persons=(4, "veel")), "business_units", "employed_persons", "not a number",
    ),
    "thousands points": (edited("turnover", turnover=(0, "1.234.567,50")), "turnover", "turnover", "with a comma and"),
    "text in a date": (edited("business_units", founded=(1, "31-02-2014")), "business_units", "founded", "not a date"),
    "half an id": (edited("turnover", be_id=(0, 1.5)), "turnover", "be_id", "not a whole number"),
    "empty key": (edited("business_units", be_id=(2, None)), "business_units", "be_id", "empty values"),
    "empty quarter": (edited("turnover", quarter=(2, None)), "turnover", "quarter", "empty values"),
    "identical rows": (repeated("turnover"), "turnover", "be_id, year, quarter", "1 in identical rows"),
    "rows that differ": (
        repeated("business_units", sbi="99999"), "business_units", "be_id, year", "1 in rows that differ",
    ),
    "groups twice": (repeated("enterprise_groups"), "enterprise_groups", "group_id, year", "1 in identical rows"),
    "investments twice": (
        repeated("investments", amount=1.0), "investments", "be_id, year, asset, component", "rows that differ",
    ),
    "fifth quarter": (edited("turnover", quarter=(0, 5)), "turnover", "quarter", "outside 1-4"),
    "unknown asset": (edited("investments", asset=(0, "boats")), "investments", "asset", "unknown values"),
    "unknown component": (edited("investments", component=(0, "old")), "investments", "component", "unknown values"),
    "unknown response": (edited("investments", response=(0, "maybe")), "investments", "response", "unknown values"),
    "negative persons": (
        edited("business_units", employed_persons=(0, -1.0)), "business_units", "employed_persons", "negative",
    ),
    "infinite": (edited("turnover", turnover=(0, float("inf"))), "turnover", "turnover", "infinite"),
    "end before start": (
        edited("person_business_unit", start=(0, DAY(2016, 1, 1)), end=(0, DAY(2015, 1, 1))),
        "person_business_unit", "end", "end before they start",
    ),
    "gap in the register": (
        lambda frames: {
            name: frame[frame["year"] != 2015] if name == "business_units" else frame for name, frame in frames.items()
        },
        "business_units", "year", "no rows for 2015",
    ),
    "turnover beyond the register": (
        lambda frames: {
            **frames,
            "turnover": pd.concat([frames["turnover"], frames["turnover"].query("year == 2016").assign(year=2017)]),
        },
        "turnover", "year", "without a register of business units: 2017",
    ),
    "empty kvk": (edited("participants", kvk_id=(1, None)), "participants", "kvk_id", "empty values"),
    "blank kvk": (edited("participants", kvk_id=(1, "  ")), "participants", "kvk_id", "empty values"),
    "other pseudonyms": (
        lambda frames: {**frames, "participants": frames["participants"].assign(kvk_id=["x", "y", "z"])},
        "participants", "kvk_id", "no kvk_id that occurs in kvk_person",
    ),
    "a boolean for a number": (
        lambda frames: {**frames, "turnover": frames["turnover"].assign(turnover=True)},
        "turnover", "turnover", "stored as boolean",
    ),
}  # fmt: skip


AS_TEXT = {"text in a number", "thousands points", "text in a date"}


ALONE = {"no required table", "gap in the register", "turnover beyond the register", "other pseudonyms"}


def bundle_cases() -> list[list[str]]:
    """Put cases of different tables together in one extract: every problem must be found among the others."""
    bundles: list[list[str]] = []
    for case, (_, table, _, _) in HOSTILE.items():
        for bundle in bundles:
            other_tables = table not in {HOSTILE[other][1] for other in bundle}
            if other_tables and not ({case, *bundle} & ALONE) and (case in AS_TEXT) == (bundle[0] in AS_TEXT):
                bundle.append(case)
                break
        else:
            bundles.append([case])
    return bundles


@pytest.mark.parametrize("cases", bundle_cases(), ids=", ".join)
def test_hostile_input_is_named(cases, tmp_path, cache):
    frames = canonical_frames()
    for case in cases:
        frames = HOSTILE[case][0](frames)
    write = write_csv("utf-8", ";", ",", "%Y-%m-%d") if cases[0] in AS_TEXT else write_parquet
    problems = problems_of(write_extract(tmp_path / "raw", frames, write), cache)
    assert len(problems) == len(cases), [str(problem) for problem in problems]
    for case in cases:
        _, table, column, found = HOSTILE[case]
        (problem,) = [problem for problem in problems if problem.table == table]
        assert problem.column == column
        assert found in str(problem)
        assert problem.expected
        assert problem.action
        assert len(problem.examples) <= 3


def test_examples_name_rows_and_counts(tmp_path, cache):
    frames = edited("turnover", quarter=(4, 7))(edited("turnover", quarter=(2, 9))(canonical_frames()))
    (problem,) = problems_of(write_extract(tmp_path / "raw", frames, write_parquet), cache)
    assert problem.where == "turnover.parquet"
    assert problem.count == 2
    assert problem.examples == ("row 3: '9'", "row 5: '7'")
    assert "(for example row 3; row 5)" in str(problem)
    assert "'9'" not in str(problem)
    assert describe_values([problem]).splitlines()[1:] == ["  1. row 3: '9'; row 5: '7'"]


def test_check_shows_values_only_where_asked(tmp_path, cache, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_extract(tmp_path / "raw", edited("turnover", quarter=(2, 9))(canonical_frames()), write_parquet)
    plain, shown = (CliRunner().invoke(app, ["check", "raw", *more]) for more in ([], ["--show-values"]))
    assert plain.exit_code == shown.exit_code == 1
    assert "row 3: '9'" not in plain.output
    assert "`--show-values` shows them" in plain.output
    assert "THIS STAYS INSIDE:\n  1. row 3: '9'" in shown.output


def test_all_problems_of_all_tables_come_in_one_error(tmp_path, cache):
    frames = canonical_frames()
    for edit in (
        edited("turnover", quarter=(0, 5)),
        repeated("turnover", turnover=3.0),
        edited("business_units", employed_persons=(3, -4.0)),
        without("kvk_person", "person_id"),
        without("person_business_unit"),
        edited("participants", kvk_id=(0, " ")),
    ):
        frames = edit(frames)
    folder = write_extract(tmp_path / "raw", frames, write_parquet)
    problems = problems_of(folder, cache)
    assert {problem.table for problem in problems} == {
        "turnover", "business_units", "kvk_person", "person_business_unit", "participants"
    }  # fmt: skip
    examination = examine_extract(folder, cache=cache)
    assert examination.problems == tuple(problems)
    assert examination.extract is None
    assert all(str(problem) in examination.text for problem in problems)


@pytest.mark.parametrize(
    ("kind", "suffix", "keep", "found"),
    [
        ("parquet", "parquet", -40, "cannot be read"),
        ("parquet", "parquet", 0, "it is empty"),
        ("sav", "sav", -40, "cannot be read to its end"),
        ("dta", "dta", 300, "cannot be read to its end"),
        ("csv in utf-8", "csv", -16, "another number of fields"),
    ],
)
def test_truncated_files_are_named(kind, suffix, keep, found, tmp_path, cache):
    folder = write_extract(tmp_path / "raw", canonical_frames(), WRITERS[kind])
    path = folder / f"turnover.{suffix}"
    path.write_bytes(path.read_bytes()[:keep])
    problems = problems_of(folder, cache)
    assert [problem.where for problem in problems] == [path.name]
    assert found in problems[0].found


def test_damage_inside_a_parquet_file_is_named(tmp_path, cache):
    folder = write_extract(tmp_path / "raw", canonical_frames(), write_parquet)
    path = folder / "turnover.parquet"
    content = bytearray(path.read_bytes())
    content[4:400] = b"\xff" * 396
    path.write_bytes(bytes(content))
    (problem,) = problems_of(folder, cache)
    assert problem.where == path.name
    assert "cannot be read" in problem.found


def test_mixed_encodings_are_named_with_the_line(tmp_path, cache):
    folder = write_extract(tmp_path / "raw", canonical_frames(), WRITERS["csv in utf-8"])
    path = folder / "participants.csv"
    path.write_bytes(path.read_bytes() + "00b2,Café,,\n".encode("cp1252"))
    (problem,) = problems_of(folder, cache)
    assert "mixed" in problem.found
    assert problem.examples == ("line 5",)


@pytest.mark.parametrize(
    ("values", "found"),
    [(["1,5", "2.5", "3"], "with a comma and"), (["1.234", "2.500", "300"], "may be thousands or decimals")],
)
def test_numbers_that_can_be_read_in_two_ways_are_named(values, found, tmp_path, cache):
    frames = canonical_frames()
    folder = write_extract(tmp_path / "raw", frames, write_parquet)
    (folder / "business_units.parquet").unlink()
    units = frames["business_units"].assign(employed_persons=values * 3)
    write_csv("utf-8", ";", ",", "%Y%m%d")(units, folder / "business_units")
    (problem,) = problems_of(folder, cache)
    assert problem.column == "employed_persons"
    assert found in problem.found


def test_two_files_for_one_table_are_named(tmp_path, cache):
    folder = write_extract(tmp_path / "raw", canonical_frames(), write_parquet)
    write_csv("utf-8", ",", ".", "%Y%m%d")(canonical_frames()["events"], folder / "events")
    shutil.copy(folder / "turnover.parquet", folder / "turnover_2014.parquet")
    problems = problems_of(folder, cache)
    found = " ".join(problem.found for problem in problems)
    assert "in different formats for events" in found
    assert "beside 1 files of a year" in found


def test_a_year_in_the_rows_that_is_not_the_files_year_is_named(tmp_path, cache):
    folder = write_cbs(tmp_path / "raw", 2018, write_parquet)
    (folder / "DRT_BEID2018V1.parquet").rename(folder / "DRT_BEID2017V1.parquet")
    found = " ".join(problem.found for problem in problems_of(folder, cache))
    assert "rows of another year in the file of 2017" in found


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"files": {"turnovr": "x*"}}, "files"),
        ({"files": {"turnover": "omzet*.csv"}}, "files"),
        ({"columns": {"turnovr": {}}}, "columns"),
        ({"columns": {"turnover": {"turnover": "omzet"}}}, "turnover.parquet"),
        ({"columns": {"turnover": {"amount": "turnover"}}}, "columns"),
        ({"money_unit": {"turnover": 100}}, "money_unit"),
        ({"participants": "nowhere.csv"}, "nowhere.csv"),
    ],
)
def test_wrong_settings_are_problems(options, where, tmp_path, cache):
    folder = write_extract(tmp_path / "raw", canonical_frames(), write_parquet)
    problems = problems_of(folder, cache, **options)
    assert [problem.where for problem in problems] == [where]


def test_no_folder_and_an_empty_folder_are_problems(tmp_path, cache):
    assert "no such folder" in str(problems_of(tmp_path / "nowhere", cache)[0])
    (tmp_path / "empty").mkdir()
    required = [name for name, contract in contracts().items() if contract.required]
    assert [problem.table for problem in problems_of(tmp_path / "empty", cache)] == required


def test_what_is_odd_but_allowed_is_noted(tmp_path, cache, monkeypatch):
    frames = edited(
        "business_units", size_code=(0, "77"), sbi=(1, "34120"), founded=(0, DAY(1503, 1, 1)), group_id=(0, 0)
    )(
        edited("participants", entry_date=(0, DAY(2079, 6, 6)), kvk_id=(1, "99999999"))(
            edited("kvk_person", person_id=(1, "0"))(canonical_frames())
        )
    )
    frames["turnover"] = pd.concat([frames["turnover"], frames["turnover"].iloc[[0]].assign(be_id=10000009)])
    monkeypatch.setattr("si_eval.registers.extracts.reading.SHEETS", (38,))
    extract = read_extract(write_extract(tmp_path / "raw", frames, write_parquet), cache=cache)
    notes = " ".join(extract.notes)
    assert "12 negative turnovers" in notes
    assert "1 unknown size codes" in notes
    assert "business_units: 1 activity codes of no division" in notes
    assert "business_units: 1 days of founded outside the years 1600-2078" in notes
    assert "participants: 1 days of entry_date outside the years 1600-2078" in notes
    for column in ("participants: 1 values of kvk_id", "kvk_person: 1 values of person_id",
                   "business_units: 1 values of group_id"):  # fmt: skip
        assert f"{column} are 0, below 0 or nines alone" in notes
    assert "turnover.parquet has 37 rows, as many as a sheet of a spreadsheet holds" in notes
    assert notes.count("spreadsheet") == 1
    assert "turnover: 1 rows of units that are not in that year's register" in notes

"""The workbook of all tables: numbers as numbers, marks where there are none, notes, the same bytes."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import si_eval as se
from si_eval.errors import DisclosureError
from si_eval.report.labels import value_label
from si_eval.results import ResultTable, Simulation
from si_eval.vocabulary import CATEGORY, TIDY


def made_up(exhibit: str, rows: list[dict[str, object]], **fields: object) -> ResultTable:
    of_all = {"indicator": "revenue", "statistic": "mean", "year": 2019, "size_class": "all", "sector": "all",
              "category": "all", "unit": "EUR", "note": "", "rule_set": "recommended"}  # fmt: skip
    frame = pd.DataFrame([{**of_all, "exhibit": exhibit, **row} for row in rows]).reindex(columns=TIDY)
    settings = {"titles": {"nl": "=Omzet", "en": "=Revenue"}, "public": True, **fields}
    return ResultTable(frame, "made_up", "association", "", "recommended", exhibit=exhibit, **settings)  # type: ignore[arg-type]


ROWS: list[dict[str, object]] = [
    {"group": "participant", "size_class": "0-9", "estimate": 1200.0, "conf_low": 900.0, "conf_high": 1500.0,
     "n_units": 40},
    {"group": "participant", "size_class": "10-49", "estimate": None, "note": "one_unit", "n_units": 1},
    {"group": "non_participant", "size_class": "0-9", "estimate": 1000.0, "conf_low": 950.0, "conf_high": 1050.0,
     "n_units": 400},
    {"group": "non_participant", "size_class": "10-49", "estimate": 2000.0, "conf_low": 1950.0, "conf_high": 2050.0,
     "n_units": 300},
]  # fmt: skip


def written(tmp_path: Path, *tables: ResultTable, language: str = "en") -> openpyxl.Workbook:
    safe = [one for table in tables for one in se.protect([table], rules="as_published")]
    path = se.write_workbook(safe, tmp_path / "tables.xlsx", title="A study", language=language)
    return openpyxl.load_workbook(path)


def values(sheet: openpyxl.worksheet.worksheet.Worksheet) -> list[tuple[object, ...]]:
    return [row for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row)]


def test_numbers_are_numbers_and_each_has_its_interval_and_n(tmp_path: Path) -> None:
    rows = values(written(tmp_path, made_up("revenue", ROWS))["revenue"])
    by_class = {row[0]: row[1:] for row in rows}
    assert by_class["0-9"] == (1200, 900, 1500, 40, 1000, 950, 1050, 400)
    assert by_class["10-49"][0] == "."
    assert by_class["10-49"][4:] == (2000, 1950, 2050, 300)
    heads = next(row for row in rows if "n" in row)
    assert heads[1:5] == ("Value", "Lower bound of interval", "Upper bound of interval", "n")
    assert any("association, not an effect" in str(row[0]) for row in rows)


def test_a_text_is_never_a_formula(tmp_path: Path) -> None:
    book = written(tmp_path, made_up("revenue", ROWS))
    assert book["revenue"]["A1"].value == "=Revenue"
    assert {cell.data_type for sheet in book for row in sheet for cell in row} <= {"s", "n"}


def test_a_withheld_number_is_not_in_the_file(tmp_path: Path) -> None:
    rows = [
        {"group": "participant", "size_class": size, "statistic": "count", "indicator": "business_units",
         "unit": "business units", "estimate": float(n), "n_units": n}
        for size, n in (("0-9", 7), ("10-49", 41))
    ]  # fmt: skip
    (safe,) = se.protect([made_up("units", rows, public=False)], rules="cbs")
    path = se.write_workbook([safe], tmp_path / "tables.xlsx", title="A study", language="en")
    sheet = values(openpyxl.load_workbook(path)["units"])
    assert ("0-9", "*") in {row[:2] for row in sheet}
    assert not any(7 in row for row in sheet)


def test_the_contents_lead_to_every_table(tmp_path: Path) -> None:
    long = "a_name_that_no_sheet_of_a_workbook_can_have_whole"
    simulated = Simulation("smart_industry_2020", 0.01, 1)
    book = written(tmp_path, made_up(long, ROWS), made_up(f"{long}_2", ROWS, simulation=simulated))
    contents = book.worksheets[0]
    links = [cell.hyperlink.location for row in contents for cell in row if cell.hyperlink]
    assert links == [f"'{sheet.title}'!A1" for sheet in book.worksheets[1:]]
    assert len({sheet.title.lower() for sheet in book}) == 3
    marks = [any("SYNTHETIC" in str(cell) for row in values(sheet) for cell in row) for sheet in book.worksheets[1:]]
    assert marks == [False, True]


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    (safe,) = se.protect([made_up("revenue", ROWS)], rules="as_published")
    first, second = (
        se.write_workbook([safe], tmp_path / name, title="A study", language="nl").read_bytes()
        for name in ("first.xlsx", "second.xlsx")
    )
    assert first == second


def test_only_tables_that_crossed_the_border_are_written(tmp_path: Path) -> None:
    with pytest.raises(DisclosureError, match="expected SafeTable"):
        se.write_workbook([made_up("revenue", ROWS)], tmp_path / "t.xlsx", title="A study", language="en")  # type: ignore[list-item]
    assert not (tmp_path / "t.xlsx").exists()


def test_a_category_in_two_languages_is_read_in_one() -> None:
    assert value_label(CATEGORY, "toetreding in 2015 | entry in 2015", "nl") == "toetreding in 2015"
    assert value_label(CATEGORY, "toetreding in 2015 | entry in 2015", "en") == "entry in 2015"
    own = {"Yes": {"nl": "Ja", "en": "Yes"}, "No": {"nl": "Nee", "en": "No"}}
    assert value_label(CATEGORY, "Yes | No", "nl", own) == "Ja · Nee"

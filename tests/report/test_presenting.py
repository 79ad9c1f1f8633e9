"""A table by itself: the chart that fits it, a workbook, a Word file, and its numbers in sentences."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from docx import Document
from report_examples import EXAMPLES, result, revenue_per_employee, safe, sectors

import si_eval as se
from si_eval.errors import DisclosureError, InputError
from si_eval.report.presenting import default_chart


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("figure 25", "shares"),
        ("figure 33", "lines"),
        ("figure 34", "index"),
        ("love plot", "love"),
        ("table 3", "table"),
    ],
)
def test_each_table_has_a_chart_that_draws_it(name: str, kind: str) -> None:
    make, _ = EXAMPLES[name]
    assert default_chart(make()).kind == kind


def test_a_table_plots_itself() -> None:
    payload = sectors().plot().payload
    assert (payload["form"], payload["exhibit"]) == ("figure", "dialogic_figure_25")


def test_a_table_is_written_with_its_numbers(tmp_path: Path) -> None:
    table = revenue_per_employee()
    book = openpyxl.load_workbook(table.to_excel(tmp_path / "one.xlsx", language="en"))
    values = [cell.value for row in book.worksheets[1].iter_rows() for cell in row]
    assert 193875 in values
    document = Document(str(table.to_word(tmp_path / "one.docx", se.Chart("table"), language="nl")))
    texts = [cell.text for one in document.tables for row in one.rows for cell in row.cells]
    assert any(text.startswith("€\u00a0193.875") for text in texts)


def test_a_summary_says_the_numbers() -> None:
    rows = [{"indicator": "revenue", "group": "participant", "unit": "EUR", "estimate": 1200.0, "n_units": 40,
             "conf_low": 1000.0, "conf_high": 1400.0},
            {"indicator": "revenue", "group": "non_participant", "unit": "EUR", "estimate": 900.0, "n_units": 400},
            {"indicator": "revenue", "group": "difference", "unit": "EUR", "estimate": 300.0, "conf_low": 90.0,
             "conf_high": 510.0}]  # fmt: skip
    english = safe(rows).summary("en")
    assert "Participants: €1,200 (1,000 to 1,400) n 40." in english
    assert "Non-participants: €900 n 400." in english
    assert "Deelnemers: € 1.200 (1.000 tot 1.400) n 40." in safe(rows).summary("nl")


def test_many_numbers_are_summed_up_by_the_highest_and_the_lowest() -> None:
    text = sectors().summary("en")
    assert "Highest: 29.0% n 143 (C Manufacturing)." in text
    assert "Lowest: 2.0%" in text
    assert "14.0%" not in text
    assert "association" in text.splitlines()[-1]


def test_an_unprotected_table_is_refused(tmp_path: Path) -> None:
    inside = result([{"indicator": "revenue", "estimate": 1.0}])
    for call in (
        inside.plot,
        lambda: inside.to_excel(tmp_path / "x.xlsx"),
        lambda: inside.to_word(tmp_path / "x.docx"),
    ):
        with pytest.raises(DisclosureError, match=r"expected SafeTable; call se.protect\(\[table\]\) first"):
            call()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["figure 28", "figure 34", "love plot", "words"])
def test_what_has_no_single_measure_is_summarised_too(name: str) -> None:
    assert EXAMPLES[name][0]().summary("nl").count("\n") == 1


def test_options_name_what_a_panel_can_be_asked() -> None:
    firms = se.simulate_firms(firms=60, participants=20, years=5, seed=1).frame
    panel = se.panel_from_frame(firms, unit="firm", year="year", participant="participant", revenue="revenue")
    found = se.options(panel)
    assert found.of("indicator") == list(panel.indicators)
    assert found.of("years") == [str(year) for year in panel.per_year]
    assert {"replicate_2020", "recommended"} <= set(found.of("rules"))
    assert {"cbs", "as_published"} <= set(found.of("disclosure"))
    assert found.frame["meaning"].str.strip().astype(bool).all()
    table = se.compare_groups(panel, indicator=found.of("indicator"), statistics=found.of("statistics")[:2])
    assert set(table.frame["statistic"]) >= {"mean", "median"}
    with pytest.raises(InputError, match="found"):
        se.options("panel")  # type: ignore[arg-type]

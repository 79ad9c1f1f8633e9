"""The list of checks: what departs stands first, the rest by kind, in one language, and nothing is clipped."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pandas as pd
import pytest
from matplotlib.text import Text
from report_examples import revenue

from si_eval.compare.plausibility import describe_plausibility
from si_eval.disclosure import protect
from si_eval.errors import StudyError
from si_eval.registers.any_frame import panel_from_frame
from si_eval.registers.plausibility.judging import Measure, judge
from si_eval.registry import facts
from si_eval.report import Chart, draw, table_html
from si_eval.report.charts import make_figure
from si_eval.report.style import house_style
from si_eval.results import SafeTable

KINDS = facts("plausibility")["kinds"]
FOUND = [
    Measure("turnover_zero", "turnover 2016", 0.5, 0.5),  # remarkable from 0.2
    Measure("units_go_on", "business_units 2017", 0.1, 0.1),  # fails below 0.3
    Measure("files_repeat", "turnover 2018", 0.0, 0.0),
]
ACCEPTED = "afspraak 12"


@pytest.fixture(scope="module")
def checks() -> SafeTable:
    firms = pd.DataFrame({"firm": [1, 2], "year": [2014, 2014], "joined": [0, 1]})
    panel = panel_from_frame(firms, unit="firm", year="year", participant="joined")
    judged = [replace(one, accepted=ACCEPTED) if one.verdict == "fail" else one for one in judge(FOUND)]
    (safe,) = protect([describe_plausibility(replace(panel, checks=tuple(judged)))])
    return safe


def written(table: SafeTable, language: str) -> list[str]:
    with house_style():
        figure = make_figure(table, Chart("checks"), language=language)
        renderer, page = figure.canvas.get_renderer(), figure.bbox
        for text in figure.findobj(Text):
            if text.get_visible() and text.get_text().strip():
                box = text.get_window_extent(renderer)
                assert min(box.x0, box.y0, page.x1 - box.x1, page.y1 - box.y1) >= -1, text
    return [text.get_text().replace("-\n", "").replace("\n", " ") for text in figure.findobj(Text)]


def test_what_fails_stands_first_with_what_was_expected_and_why_it_is_accepted(checks: SafeTable) -> None:
    texts = written(checks, "en")
    at = texts.index("What departs")
    assert texts[at + 1 : at + 9] == [
        "The units of a year stand in the next year's register too", "at least 0.3", "1",
        "no, in business_units 2017; accepted: afspraak 12",
        "Turnover is mostly not zero", "at most 0.2", "1", "remarkable in turnover 2016",
    ]  # fmt: skip
    assert texts[at + 9 : at + 11] == ["Files", "A table has about as many rows each year"]
    assert texts[texts.index("No file was delivered twice") + 3] == "yes"
    assert texts[texts.index("A table has about as many rows each year") + 3] == "not judged, too few units"


@pytest.mark.parametrize(("language", "number"), [("nl", "hoogstens 0,2"), ("en", "at most 0.2")])
def test_figure_and_table_say_the_same_in_one_language(checks: SafeTable, language: str, number: str) -> None:
    texts = written(checks, language)
    page = table_html(checks, language=language, chart=Chart("checks"))
    plain = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    headings = [kind[language] for kind in KINDS.values()]
    assert [text for text in texts if text in headings] == headings
    heads = [html.unescape(text) for text in re.findall(r">([^<>]+)</th>", plain)]
    assert [text for text in heads if text in headings] == headings
    assert number in texts
    assert f">{number}<" in plain
    assert " | " not in "".join(texts) + plain
    assert plain.count("background-color") == 2 * 3  # two checks depart: three cells each


def test_every_check_has_a_kind_and_the_bytes_are_the_same_every_time(checks: SafeTable) -> None:
    assert {check["kind"] for check in facts("plausibility")["checks"].values()} == set(KINDS)
    assert draw(checks, Chart("checks"), language="en") == draw(checks, Chart("checks"), language="en")


def test_another_table_is_no_list_of_checks() -> None:
    with pytest.raises(StudyError, match="expected the table of describe_plausibility"):
        draw(revenue(), Chart("checks"), language="en")

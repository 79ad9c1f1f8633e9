"""Directions have a colour only where the interval of the difference excludes zero; intervals stand in every table."""

from __future__ import annotations

import re

import pytest
from matplotlib.colors import to_hex
from report_examples import LANGUAGES, SIZES_4, N, P, safe

from si_eval.report import Chart, table_html
from si_eval.report.charts import make_figure
from si_eval.report.direction import FILL_COLOURS
from si_eval.report.formats import Measure, money_text
from si_eval.report.style import house_style
from si_eval.results import SafeTable

ENDS = ((20.0, 90.0), (-5.0, 60.0), (-90.0, -20.0), None)  # by class: above zero, on both sides, below, no interval
SHADES = ("▲", "=", "▼", "=")
ESTIMATES = (155.0, 127.0, 45.0, 160.0)  # of participants; others have 100


def compared() -> SafeTable:
    row = {"indicator": "revenue_per_employee", "year": 2019, "unit": "EUR per person employed", "n_units": 30}
    rows = []
    for size, value, ends in zip(SIZES_4, ESTIMATES, ENDS, strict=True):
        own = row | {"size_class": size}
        rows += [
            own | {"group": P, "estimate": value, "conf_low": value - 7, "conf_high": value + 7},
            own | {"group": N, "estimate": 100.0},
        ]
        if ends:
            rows.append(
                own | {"group": "difference", "estimate": value - 100, "conf_low": ends[0], "conf_high": ends[1]}
            )
    return safe(rows)


def test_a_cell_of_the_grid_has_a_colour_where_its_interval_excludes_zero():
    with house_style():
        figure = make_figure(compared(), Chart("direction"), language="nl")
    mesh = figure.axes[0].collections[0]
    mesh.update_scalarmappable()
    assert [to_hex(colour) for colour in mesh.get_facecolors()] == [FILL_COLOURS[shade] for shade in SHADES]
    texts = {text.get_text(): text.get_fontweight() for text in figure.axes[0].texts if text.get_text()[:1] in "▲▼="}
    assert texts == {"▲ +55%": "bold", "▲ +27%": "normal", "▼ -55%": "bold", "▲ +60%": "normal"}


@pytest.mark.parametrize("chart", [Chart("direction"), None], ids=["directions", "plain"])
def test_a_cell_of_a_table_has_a_colour_where_its_interval_excludes_zero(chart):
    text = table_html(compared(), language="en", chart=chart)
    found = re.findall(r"<td([^>]*)><(?:b|span)>(.)[^<]*</(?:b|span)>(?:<small>([^<]*)</small>)?", text)
    fills = [re.search(r"background-color: (#\w+)", style) for style, _, _ in found]
    expected = [FILL_COLOURS[shade] for shade in SHADES]
    assert [fill[1].lower() if fill else "" for fill in fills] == expected
    assert re.findall(r"<b>(.)", text) == ["▲", "▼"]
    assert [sign for _, sign, _ in found] == ["▲", "▲", "▼", "▲"]
    assert [interval for *_, interval in found][:3] == ["(+20 to +90)", "(-5 to +60)", "(-90 to -20)"]


def test_a_table_shows_the_intervals_that_it_has():
    for language, interval in zip(LANGUAGES, ("(148 tot 162)", "(148 to 162)"), strict=True):
        assert f"<small>{interval}</small>" in table_html(compared(), language=language)


@pytest.mark.parametrize(
    ("value", "nl", "en"),
    [
        (-33_676.0, "€ -33.676", "-€33,676"),
        (1_121_866_319.0, "€ 1,1 miljard", "€1.1 billion"),
        (-2_500_000_000.0, "€ -2,5 miljard", "-€2.5 billion"),
        (328_750_000.0, "€ 328.750.000", "€328,750,000"),
    ],
)
def test_amounts_of_money_are_written_as_readers_of_the_language_do(value, nl, en):
    assert money_text(value, "EUR", "nl").replace("\u00a0", " ") == nl
    assert money_text(value, "EUR", "en").replace("\u00a0", " ") == en
    millions = Measure("money", 1, millions=True)
    assert millions.text(1121.9, "nl").replace("\u00a0", " ") == "€ 1,1 miljard"
    assert millions.text(22.0, "nl").replace("\u00a0", " ") == "€ 22,0 mln"

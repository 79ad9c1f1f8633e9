"""Alternative text says what is seen in a figure, in the language of the reader, from cells that are shown."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape

import pytest
from report_examples import EXAMPLES, LANGUAGES, SIZES, N, P, revenue, safe, sectors, series_by_size, withheld

from si_eval.report import Chart, show
from si_eval.report.alt_text import describe_figure
from si_eval.report.specification import TABLE_KINDS
from si_eval.results import SafeTable

FIGURES = sorted(name for name, (_, chart) in EXAMPLES.items() if chart.kind not in TABLE_KINDS)


def with_intervals() -> SafeTable:
    row = {"indicator": "revenue_per_employee", "statistic": "index", "year": 2019, "unit": "2014 = 100"}
    rows = [
        row | {"size_class": size, "group": group, "estimate": 100.0 + place, "conf_low": 90.0, "conf_high": 120.0}
        for place, size in enumerate(SIZES)
        for group in (P, N)
    ]
    ends = ((-5, 5), (1, 5), (2, 9), (-9, -1), (-1, 1))
    rows += [
        row | {"size_class": size, "group": "difference", "estimate": sum(one) / 2, "conf_low": one[0],
               "conf_high": one[1]}
        for size, one in zip(SIZES, ends, strict=True)
    ]  # fmt: skip
    return safe(rows, titles={"nl": "Een index", "en": "An index"})


def test_it_says_kind_axes_groups_extremes_and_what_is_hidden():
    text = describe_figure(revenue(), Chart("bars", divisor=1000), "en")
    assert text == (
        "Mean annual revenue of participating and non-participating firms, by size class. Bar chart. "
        "Size class (persons employed): 0-1, 2-9, 10-49, 50-249, 250+. Group: Participants, Non-participants. "
        "Unit: euro, nominal, in current prices. "
        "Highest: €1.4 billion (250+, Participants). Lowest: €210,000 (0-1, Non-participants). "
        "Not shown or not computable: 1. The numbers are in the table with this figure. Synthetic data."
    )
    dutch = describe_figure(revenue(), Chart("bars", divisor=1000), "nl")
    for words in ("Staafdiagram.", "Grootteklasse (werkzame personen): 0-1",
                  "Hoogste: € 1,4 miljard (250+, Deelnemers)",
                  "Laagste: € 210.000 (0-1, Niet-deelnemers)", "Niet getoond of niet te berekenen: 1."):  # fmt: skip
        assert words in dutch


def test_many_values_are_counted_and_panels_named():
    assert "Sector (SBI 2008): 13, from A Agriculture" in describe_figure(sectors(), Chart("shares", x="sector"), "en")
    lines = describe_figure(series_by_size(), Chart("lines", panels="size_class"), "nl")
    assert "Jaar: 2014, 2015, 2016, 2017, 2018, 2019." in lines
    assert "Grootteklasse (werkzame personen): 0-1, 2-9" in lines


def test_dots_say_in_how_many_classes_the_groups_differ():
    text = describe_figure(with_intervals(), Chart("dots"), "en")
    assert "Dots with their confidence intervals." in text
    assert "excludes zero for 3 of 5." in text
    levels = describe_figure(revenue(), replace(EXAMPLES["figure 29"][1], kind="dots", intervals=False), "en")
    assert "excludes zero" not in levels


def test_a_total_is_neither_highest_nor_lowest():
    rows = [
        {"indicator": "costs", "statistic": "total", "category": name, "estimate": amount, "unit": "EUR"}
        for name, amount in (("region", 4.0), ("companies", 5.0), ("all", 9.0))
    ]
    text = describe_figure(safe(rows), Chart("shares", x="category", series="indicator", statistic="total"), "en")
    assert re.search(r"Highest: €5\.00 \(companies\)", text)
    hidden = [rows[0], withheld(rows[1]), rows[2]]
    text = describe_figure(safe(hidden), Chart("shares", x="category", series="indicator", statistic="total"), "en")
    assert "5" not in text
    assert "Not shown or not computable: 1." in text


@pytest.mark.parametrize("name", FIGURES)
def test_every_kind_of_figure_has_it_in_each_language(name):
    make, chart = EXAMPLES[name]
    texts = [describe_figure(make(), chart, language) for language in LANGUAGES]
    assert texts[0] != texts[1]
    for text, language in zip(texts, LANGUAGES, strict=True):
        assert make().titles[language] in text
        assert "report_" not in text
        assert "{" not in text


def test_the_picture_in_a_notebook_and_in_the_document_carries_it():
    table, chart = revenue(), Chart("bars", divisor=1000)
    display = show(table, chart, language="en")
    assert f'<img alt="{escape(describe_figure(table, chart, "en"))}"' in display.html
    assert display.payload["alt"] == {one: describe_figure(table, chart, one) for one in LANGUAGES}

"""Titles that state the finding: what they say follows from cells and their intervals, and where there is no saying."""

from __future__ import annotations

import pandas as pd
import pytest
from report_examples import safe

from si_eval.report import Chart, show
from si_eval.report.findings import finding_of

SIZES = ("0-9", "10-49", "50-249", "250+")
DOTS = Chart("dots", x="size_class")


def compared(*intervals: tuple[float, float], **more: object):
    """Return a table of both groups by size class whose differences have these intervals."""
    rows = []
    for size, (low, high) in zip(SIZES, intervals, strict=False):
        same = {"indicator": "revenue", "size_class": size, "unit": "EUR", "year": 2019, **more}
        rows += [
            {**same, "group": "participant", "estimate": 10.0},
            {**same, "group": "non_participant", "estimate": 9.0},
            {**same, "group": "difference", "estimate": (low + high) / 2, "conf_low": low, "conf_high": high},
        ]
    return safe(rows)


@pytest.mark.parametrize(
    ("intervals", "dutch", "english"),
    [
        (
            [(1, 2), (-2, 1), (-3, -1)],
            "Deelnemers vergeleken met anderen: in 1 van de 3 gevallen hoger, in 1 lager, "
            "in 1 niet van nul te onderscheiden",
            "Participants compared with others: higher in 1 of 3 cases, lower in 1, not to be told from zero in 1",
        ),
        ([(1, 2), (0.1, 3)], "Deelnemers vergeleken met anderen: in alle 2 gevallen hoger",
         "Participants compared with others: higher in all 2 cases"),
        ([(-1, 2), (0.0, 3)], "Deelnemers vergeleken met anderen: in alle 2 gevallen niet van nul te onderscheiden",
         "Participants compared with others: not to be told from zero in all 2 cases"),
        ([(-3, -1)], "Deelnemers liggen lager", "Participants are lower"),
        ([(-3, 1)], "Het verschil is niet van nul te onderscheiden", "The difference cannot be told from zero"),
    ],
)  # fmt: skip
def test_a_difference_counts_where_its_interval_excludes_zero(intervals, dutch: str, english: str) -> None:
    table = compared(*intervals)
    assert (finding_of(table, DOTS, "nl"), finding_of(table, DOTS, "en")) == (dutch, english)


def test_of_several_years_the_last_counts_and_is_named() -> None:
    first, last = compared((1, 2), (1, 2), year=2014).frame, compared((-2, -1), (-2, -1)).frame
    table = safe(pd.concat([first, last]).to_dict("records"))
    assert finding_of(table, Chart("table"), "en") == "Participants compared with others: lower in all 2 cases (2019)"


def named(*values: tuple[str, float, float, float]):
    """Return shares of categories with their intervals."""
    return safe(
        [
            {"indicator": "Q1", "statistic": "share", "category": name, "unit": "share",
             "estimate": value, "conf_low": low, "conf_high": high, "group": "all"}
            for name, value, low, high in values
        ]
    )  # fmt: skip


def test_the_largest_category_is_named_alone_only_where_intervals_part() -> None:
    chart = Chart("shares", x="category")
    apart = named(("Price", 0.6, 0.5, 0.7), ("Quality", 0.3, 0.2, 0.4), ("Speed", 0.1, 0.05, 0.15))
    assert finding_of(apart, chart, "en") == "Price is largest (60.0%), then quality (30.0%)"
    close = named(("Price", 0.6, 0.5, 0.7), ("Quality", 0.5, 0.4, 0.6), ("Speed", 0.1, 0.05, 0.2))
    assert (
        finding_of(close, chart, "nl")
        == "Price (60,0%) en quality (50,0%) zijn het grootst, en niet van elkaar te onderscheiden"
    )
    alike = named(("Price", 0.6, 0.5, 0.7), ("Quality", 0.5, 0.4, 0.6), ("Speed", 0.5, 0.4, 0.6))
    assert finding_of(alike, chart, "en") == "", "three that cannot be told apart make no title"
    second = named(("Price", 0.6, 0.5, 0.7), ("Quality", 0.3, 0.2, 0.4), ("Speed", 0.2, 0.1, 0.25))
    assert finding_of(second, chart, "en") == "", "the second cannot be told from the third"


@pytest.mark.parametrize("kept_from_sight", [{"status": "suppressed", "estimate": None}, {"note": "assumed"}])
def test_nothing_is_the_largest_beside_a_number_that_is_not_known(kept_from_sight) -> None:
    rows = named(("Price", 0.6, 0.5, 0.7), ("Quality", 0.3, 0.2, 0.4), ("Speed", 0.1, 0.05, 0.15)).frame
    rows = pd.concat([rows, rows.tail(1).assign(category="Trust", estimate=0.9, conf_low=None, conf_high=None)])
    first = rows.tail(1).assign(**kept_from_sight)
    table = safe(pd.concat([rows.iloc[:-1], first]).to_dict("records"))
    assert finding_of(table, Chart("shares", x="category"), "en") == ""


@pytest.mark.parametrize(
    "chart", [Chart("table", statistic="mean"), Chart("direction"), Chart("dots", x="size_class", statistic="mean")]
)
def test_a_title_counts_what_is_shown(chart: Chart) -> None:
    both = [compared((1, 2), (1, 2), statistic=one).frame for one in ("mean", "median")]
    table = safe(pd.concat(both).to_dict("records"))
    assert finding_of(table, chart, "en") == "Participants compared with others: higher in all 2 cases"


def test_numbers_that_are_withheld_or_assumed_state_nothing() -> None:
    rows = compared((1, 2), (1, 2)).frame
    assumed = rows.assign(note="assumed")
    hidden = rows.assign(status="suppressed", estimate=None, conf_low=None, conf_high=None)
    for frame in (assumed, hidden):
        assert finding_of(safe(frame.to_dict("records")), DOTS, "en") == ""


def test_the_document_has_the_finding_in_both_languages_and_the_topic_under_it() -> None:
    payload = show(compared((1, 2), (1, 2)), DOTS).payload
    assert payload["findings"] == {
        "nl": "Deelnemers vergeleken met anderen: in alle 2 gevallen hoger",
        "en": "Participants compared with others: higher in all 2 cases",
    }

"""What the report refuses, what it hides, and what its tables and sentences say."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules

import pandas as pd
import pytest
from report_examples import (
    CANARY,
    EXAMPLES,
    LANGUAGES,
    SIZES,
    P,
    index_figures,
    investments_by_size,
    linked_units,
    profile,
    result,
    revenue,
    revenue_per_employee,
    safe,
    sectors,
)
from safe_tables import make_safe_table

from si_eval.errors import DisclosureError, StudyError
from si_eval.report import Chart, cell, draw, say, show, show_comparison, table_html
from si_eval.results import seal_comparison
from si_eval.vocabulary import label

HEADING = 'class="gt_group_heading"'
BY_SIZE = sorted(EXAMPLES, key=lambda name: -len(EXAMPLES[name][0]().frame))
ONE_OF_EACH_KIND = {EXAMPLES[name][1].kind: name for name in BY_SIZE}.values()  # the smallest


def handed_on(display: object) -> str:
    """Give everything that a display hands on, as text."""
    return json.dumps(display._repr_mimebundle_())  # type: ignore[attr-defined]


def test_input_is_not_changed() -> None:
    table = revenue()
    before = table.frame.copy(deep=True)
    show(table, Chart("bars", divisor=1000))
    pd.testing.assert_frame_equal(table.frame, before)


@pytest.mark.parametrize(
    "wrong",
    [result([{"indicator": "revenue", "estimate": CANARY}]), pd.DataFrame({"estimate": [CANARY]}), CANARY, None],
    ids=["result table", "data frame", "number", "nothing"],
)
def test_only_safe_tables_come_in(wrong: object) -> None:
    calls = (
        lambda: draw(wrong, Chart("bars"), language="nl"),
        lambda: table_html(wrong, language="nl"),
        lambda: show(wrong),
        lambda: show(wrong, Chart("table")),
        lambda: cell(wrong),
        lambda: show_comparison(wrong),
        lambda: say("{x}", "{x}", x=wrong),
    )
    for call in calls:
        with pytest.raises(DisclosureError) as caught:
            call()
        assert "987" not in str(caught.value)


def test_a_withheld_row_that_still_has_its_estimate_stops_the_report() -> None:
    rows = [{"indicator": "revenue", "size_class": size, "estimate": CANARY, "status": "suppressed"} for size in SIZES]
    leaking = safe(rows)
    for call in (
        lambda: draw(leaking, Chart("bars"), language="nl"),
        lambda: table_html(leaking, language="nl"),
        lambda: cell(leaking, size_class="0-1"),
    ):
        with pytest.raises(DisclosureError, match="still carry an estimate"):
            call()


@pytest.mark.parametrize("name", ONE_OF_EACH_KIND)
def test_nothing_of_a_withheld_row_is_shown(name: str) -> None:
    make, chart = EXAMPLES[name]
    frame = make().frame.astype(dict.fromkeys(("n_units", "std_error", "conf_low", "conf_high", "p_value"), float))
    first = frame.index[0]
    frame.loc[first, ["estimate", "status", "note"]] = [None, "suppressed", ""]
    clean, frame = frame, frame.copy()
    clean.loc[first, ["n_units", "std_error", "conf_low", "conf_high", "p_value"]] = float("nan")
    frame.loc[first, ["n_units", "std_error", "conf_low", "conf_high", "p_value"]] = CANARY
    frame.loc[first, "note"] = f"assumed {CANARY:.0f}"
    table = result([{"estimate": 1.0}], titles={"nl": "Titel", "en": "Title"})
    shown, expected = (show(make_safe_table(table, rows, "cbs"), chart) for rows in (frame, clean))
    assert handed_on(shown) == handed_on(expected)
    assert "987" not in table_html(make_safe_table(table, frame, "cbs"), language="nl")


def test_a_table_is_accessible_and_needs_nothing_from_outside() -> None:
    for name, (make, chart) in EXAMPLES.items():
        for language in LANGUAGES:
            text = table_html(make(), language=language, chart=chart)
            assert "<caption>" in text, name
            assert 'scope="row"' in text
            assert 'scope="col"' in text
            assert not re.search(r"https?:|src=|@import|url\(", text)
            found = re.findall(r'\bid="([^"]+)"', text)
            assert len(found) == len(set(found)), name


def test_a_table_says_what_its_numbers_are_in_both_languages() -> None:
    dutch, english = (table_html(revenue_per_employee(), language=language) for language in LANGUAGES)
    for text, words in (
        (dutch, ("€\u00a0193.875", "▲ +54%", "▼ -0,8%", "391.024°", "° aangenomen", "SYNTHETISCHE DATA", "n 30",
                 "samenhang, geen effect", "minder dan 10 eenheden", "Dekking: 2019", "Wat dit niet laat zien")),
        (english, ("€193,875", "▲ +54%", "▼ -0.8%", "391,024°", "° assumed", "SYNTHETIC DATA", "n 30",
                   "association, not an effect", "fewer than 10 units", "Coverage: 2019", "What this cannot show")),
    ):  # fmt: skip
        for word in words:
            assert word in text
    assert "SYNTHETISCHE" not in table_html(linked_units(), language="nl")


def test_marks_are_explained_and_directions_never_rest_on_withheld_numbers() -> None:
    text = table_html(investments_by_size(), language="en", chart=Chart("direction"))
    assert "* not shown" in text
    assert ". cannot be computed: no unit with this figure" in text
    assert re.search(r"<b>\*</b><small>\* \| €400", text)
    assert "samengevoegd (50+)" in table_html(profile(), language="nl")


@pytest.mark.parametrize("room", ["compare", "effects", "survey"])
def test_what_a_stage_cannot_show_is_said_in_dutch_too(room: str) -> None:
    package = import_module(f"si_eval.{room}")
    modules = [import_module(one.name) for one in iter_modules(package.__path__, f"{package.__name__}.")]
    said = [value for module in modules for name, value in vars(module).items() if name.startswith("CANNOT_SHOW")]
    sentences = {one for value in said for one in ([value] if isinstance(value, str) else value.values()) if one}
    assert sentences
    assert [one for one in sentences if label(one, "nl") == one] == []


def test_a_note_that_repeats_the_name_of_its_row_is_no_footnote() -> None:
    rows = [
        {"indicator": "cost", "category": "Bridge", "estimate": 1.0, "note": "Brug | Bridge"},
        {"indicator": "cost", "category": "Road", "estimate": 2.0, "note": "Weg; telt niet mee | Road; does not count"},
    ]
    text = table_html(safe(rows), language="en")
    assert "<sup>1</sup>" in text
    assert "1 Road; does not count" in text
    assert "1 Bridge" not in text


def test_a_category_of_several_terms_is_named_term_by_term() -> None:
    rows = [{"indicator": "revenue", "category": name, "estimate": 1.0} for name in (
        "public · private", "public | private", "public > private", "very_odd",
    )]  # fmt: skip
    dutch = table_html(safe(rows), language="nl")
    assert dutch.count("Publieke financiers · Privaat") == 2
    assert "Publieke financiers → Privaat" in dutch
    assert "very odd" in dutch


def test_headings_over_one_row_each_become_names_of_rows() -> None:
    names = [f"indicator_{place}" for place in range(12)]
    alone = [{"indicator": name, "estimate": 1.0} for name in names]
    split = [{"indicator": "goal_target", "category": name, "estimate": 1.0} for name in ("public", "private")]
    text = table_html(safe([*alone, *split]), language="en")
    assert HEADING not in text
    assert "Target · Public payers" in text
    under_headings = [
        {"indicator": name, "category": category, "estimate": 1.0}
        for name in names
        for category in ("public", "private")
    ]
    assert HEADING in table_html(safe(under_headings), language="en")


def test_millions_are_written_as_millions() -> None:
    rows = [{"indicator": "costs", "statistic": "total", "unit": "EUR million", "estimate": 22.0}]
    assert "€\u00a022,0\u00a0mln" in table_html(safe(rows), language="nl")
    assert "€22.0m" in table_html(safe(rows), language="en")


def test_a_series_that_has_no_total_is_not_left_out_in_silence() -> None:
    rows = [
        {"indicator": "stops", "statistic": "count", "year": 2021, "estimate": 1.0},
        {"indicator": "riders", "statistic": "count", "year": 2021, "category": "old", "estimate": 1.0},
    ]
    with pytest.raises(StudyError, match="found no total for indicator riders"):
        draw(safe(rows), Chart("lines", x="year", series="indicator", statistic="count"), language="nl")


def test_n_is_named_for_what_it_counts() -> None:
    rows = [{"indicator": "share", "statistic": "share", "unit": "share", "estimate": 0.5, "n_units": 4.0}]
    assert "aantal bedrijfseenheden" in table_html(safe(rows), language="nl")
    answers = replace(result(rows), rules="survey")
    protected = make_safe_table(answers, answers.frame, "as_published")
    assert "aantal respondenten" in table_html(protected, language="nl")


def test_two_numbers_in_one_place_are_refused() -> None:
    double = safe([{"indicator": "revenue", "group": P, "estimate": 1.0}] * 2)
    with pytest.raises(StudyError, match="share a place"):
        table_html(double, language="nl")


def test_a_cell_is_exactly_one_number() -> None:
    table = revenue_per_employee()
    one = cell(table, format="euro", group=P, year=2014, size_class="0-9")
    assert one.text == {"nl": "€\u00a0193.875", "en": "€193,875"}
    assert cell(sectors(), format="percent", sector="C").text == {"nl": "29,0%", "en": "29.0%"}
    assert cell(sectors(), sector="D").text == {"nl": "niet getoond", "en": "not shown"}
    with pytest.raises(StudyError, match=r"found 4 numbers .* candidates: size_class='0-9'"):
        cell(table, group=P, year=2014)
    with pytest.raises(StudyError, match="found 0 numbers"):
        cell(table, group=P, year=2013, size_class="0-9")
    with pytest.raises(StudyError, match="format"):
        cell(table, format="roman")  # type: ignore[arg-type]
    with pytest.raises(DisclosureError):
        type(one)({"nl": "1", "en": "1"}, False)


def test_a_sentence_takes_its_numbers_from_cells() -> None:
    share = cell(sectors(), format="percent", sector="C")
    said = say("Van de deelnemers is {share} industrie.", "Of participants {share} are in manufacturing.", share=share)
    assert said.payload["text"]["nl"] == "Van de deelnemers is 29,0% industrie."
    assert said.payload["text"]["en"] == "Of participants 29.0% are in manufacturing."
    assert said.payload["synthetic"] is True
    for wrong in ("zonder plaats", "{share} {other}", "{share.text}", "{share:>9}", "{0}"):
        with pytest.raises(StudyError, match="expected the same names"):
            say(wrong, "{share}", share=share)


def test_a_display_holds_figure_and_table_in_both_languages() -> None:
    bundle = show(index_figures(), Chart("index"))._repr_mimebundle_()
    payload = bundle["application/vnd.si-eval.safe+json"]
    assert payload["kind"] == "exhibit"
    assert payload["exhibit"] == "dialogic_figure_34"
    assert payload["synthetic"] is True
    assert payload["titles"]["en"].startswith("Index of annual revenue")
    for language in LANGUAGES:
        image = base64.b64decode(payload["png"][language])
        assert image == draw(index_figures(), Chart("index"), language=language, titled=False)
    assert "<img alt=" in bundle["text/html"]
    assert bundle["text/html"].startswith(f"<p><b>{payload['titles']['en']}</b></p>")
    assert show(linked_units()).payload["png"] == {"nl": None, "en": None}


def test_published_against_computed_counts_its_verdicts() -> None:
    rows = {
        "id": ["MP005", "MP006", "MP007", "MP008"],
        "source": ["Dialogic 2020, Tabel 6"] * 4,
        "statement": ["linked units 2014", "<b>linked</b>", "registrations", "units 2019"],
        "published": [428.0, float("nan"), 733.0, 494.0],
        "computed": [428.0, 0.2874, 733.0, 494.0],
        "verdict": ["exact", "fails", "exact", "exact"],
        "basis": ["simulated", "calibrated", "restated", "calibrated"],
        "reason": ["", "a & b", "", ""],
        "reading": ["as printed", "whole per cent", "", ""],
        "statement_nl": ["gekoppelde eenheden 2014", "", "", ""],
        "reason_nl": ["", "a & c", "", ""],
        "reading_nl": ["zoals gedrukt", "", "", ""],
    }
    comparison = seal_comparison(pd.DataFrame(rows), [safe([{"indicator": "revenue"}])])
    dutch, english = (show_comparison(comparison).payload["html"][language] for language in LANGUAGES)
    for word in (
        "gelijk (1)",
        "4 uitspraken: wijkt af 1, gelijk 1, de bron met zichzelf vergeleken 1, simulatie die hierop is geijkt 1.",
        "0,287",
        "gekoppelde eenheden 2014",
        "gelezen als: zoals gedrukt",
        "a &amp; c",
    ):
        assert word in dutch
    assert "&lt;b&gt;linked" in dutch  # English where there is no Dutch
    for word in ("linked units 2014", "as printed", "a &amp; b"):
        assert word in english
        assert word not in dutch
    for word in ("fails (1)", "&lt;b&gt;linked", "SYNTHETIC DATA"):
        assert word in english

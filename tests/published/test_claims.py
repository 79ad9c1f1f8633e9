"""Every comparison, quantifier and word of a claim, on cells made up for it."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from published_cells import FILE, OTHER, READINGS, WITHHELD, cell, classes, course, judge, pair, published, safe

from si_eval.published import compare_published
from si_eval.published.contrasts import QUANTITIES
from si_eval.published.descriptions import describe_claim
from si_eval.published.sources import CLAIM_COLUMNS, FIGURE_COLUMNS
from si_eval.published.verdicts import COMPARISONS, VERDICTS
from si_eval.registry import size_class_labels


def against(comparison: str, **keys: str) -> dict[str, str]:
    return {"comparison": comparison, "other": OTHER, **keys}


def over(quantity: str, comparison: str, year: str, **keys: str) -> dict[str, str]:
    return {"quantity": quantity, "comparison": comparison, "year": year, "other": OTHER, **keys}


def in_classes(comparison: str, **keys: str) -> dict[str, str]:
    return against(comparison, size_class=";".join(size_class_labels("size_class_4")), **keys)


def shares(sector: str, **by_class: float) -> list[dict[str, object]]:
    keys = {"indicator": "size_class", "statistic": "share", "sector": sector}
    return [cell(share, size_class=name, **keys) for name, share in by_class.items()]


SECTORS = [cell(9, sector="C"), cell(5, sector="M"), cell(7, sector="J")]
TWO_SECTORS = [*pair(9, 8, sector="C"), *pair(1, 5, sector="M")]
SPREAD = {"indicator": "size_class", "statistic": "share", "sector": "G", "size_class": "0-9;10-49;50+"}
EVENNESS = [
    *shares("G", **{"0-9": 0.4, "10-49": 0.3, "50+": 0.3}),
    *shares("C", **{"0-9": 0.8, "10-49": 0.1, "50-249": 0.05, "250+": 0.05}),
]
GROWTH = [*course(100, 130), *course(100, 120, group="non_participant")]
DOWN, UP, HOLDS, WITHIN, FAILS, OPEN = "down", "up", "direction holds", "within precision", "fails", "not computable"
CLAIMS = [
    # one cell against another, under each comparison
    (pair(120, 100), against(">"), HOLDS, "Participants 120 against Non-participants 100 (+20.0%)"),
    (pair(100, 120), against(">"), FAILS, "(-16.7%)"),
    (pair(100, 120), against("<"), HOLDS, ""),
    (pair(100, 100), against("<="), HOLDS, ""),
    (pair(101, 100), against("<="), FAILS, ""),
    (pair(100, 100), against(">="), HOLDS, ""),
    (pair(103, 100), against("=", word="about"), WITHIN, ""),
    (pair(110, 100), against("=", word="about"), FAILS, ""),
    (pair(110, 100), against("!="), HOLDS, ""),
    (pair(103, 100), against("!="), FAILS, ""),
    (pair(0.7, 0.3, statistic="share"), against(">", statistic="share", other="0.5"), HOLDS, "70.0%"),
    (pair(WITHHELD, 100), against(">"), OPEN, "suppressed here Participants"),
    (pair(None, 100), against(">"), OPEN, "not computed here: no such data"),
    # sectors by name and all that there are
    (SECTORS, against(">", sector="C", other="sector:*"), HOLDS, "2 of 2"),
    (SECTORS, against(">", sector="J", other="sector:M;C"), FAILS, "C 9"),
    (TWO_SECTORS, against("<", sector="*", quantifier="some"), HOLDS, "1 of 2"),
    ([cell(1)], against("<", sector="*", quantifier="some"), OPEN, "no exhibit holds"),
    # change, step and course over the years
    (course(100, 120), over("change", UP, "2014..2015"), HOLDS, "2015 120 against 2014 100"),
    (course(100, 80), over("change", UP, "2014..2015"), FAILS, ""),
    (course(100, 120), over("change", UP, "2014..2015", word="slight"), WITHIN, "'slight' fits"),
    (course(100, 160), over("change", UP, "2014..2015", word="slight"), HOLDS, "'slight' does not fit"),
    (course(100, 60), over("change", DOWN, "2014..2015", word="large"), WITHIN, ""),
    (course(100, 150), over("change", UP, "2014..2015", word="about_half"), WITHIN, ""),
    (course(100, 104), over("change", "flat", "2014..2015"), WITHIN, ""),
    (course(100, 90), over("change", "flat", "2014..2015"), FAILS, ""),
    (course(100, 97), over("change", "up_or_flat", "2014..2015"), HOLDS, ""),
    (course(100, 110, 90), over("change", DOWN, "2014..2016", word="fluctuating"), WITHIN, ""),
    (course(100, 95, 90), over("change", DOWN, "2014..2016", word="fluctuating"), HOLDS, "does not fit"),
    (course(100, WITHHELD, 90), over("change", DOWN, "2014..2016", word="fluctuating"), HOLDS, "years are missing"),
    (course(100, 110, 120), over("step", UP, "2014..2016"), HOLDS, "2 of 2"),
    (course(100, 90, 120), over("step", UP, "2014..2016"), FAILS, "2015 90"),
    (course(100, 120, 90), over("peak", "up_then_down", "2014;2015;2016"), HOLDS, ""),
    (course(100, 120, 130), over("peak", "up_then_down", "2014;2015;2016"), FAILS, ""),
    # growth, rise and gap between groups
    (GROWTH, over("growth", ">", "2014..2015"), HOLDS, "30.0% against Non-participants 20.0%"),
    (GROWTH, over("growth", "=", "2014..2015"), FAILS, ""),
    (GROWTH, over("rise", ">", "2014..2015"), HOLDS, ""),
    (GROWTH, over("gap", "down", "2014..2015"), FAILS, "8.3% against 2014 0.0%"),
    (course(0, 10), over("growth", ">", "2014..2015", other="group:participant"), OPEN, "a base of zero"),
    # evenness over classes, with a merged class read as the sum of its parts
    (EVENNESS, over("concentration", "<", "2014", other="sector:C", **SPREAD), HOLDS, "0.34 against C 0.66"),
    # quantifiers over size classes, with withheld cells
    (classes(2, 2, 2, 2), in_classes(">"), HOLDS, "4 of 4"),
    (classes(2, 2, 2, 0), in_classes(">"), FAILS, "3 of 4 hold: Participants 250+ 0 against"),
    (classes(2, 2, 2, WITHHELD), in_classes(">"), OPEN, "1 without a number: suppressed here Participants 250+"),
    (classes(0, 2, 2, WITHHELD), in_classes(">"), FAILS, "Participants 0-9 0"),
    (classes(2, 2, 2, WITHHELD), in_classes(">", quantifier="most"), HOLDS, ""),
    (classes(2, 2, 0, WITHHELD), in_classes(">", quantifier="most"), FAILS, ""),
    (classes(2, *[WITHHELD] * 3), in_classes(">", quantifier="most"), OPEN, ""),
    (classes(2, 2, 0, WITHHELD), in_classes(">", quantifier="some"), HOLDS, ""),
    (classes(2, 0, 0, 0), in_classes(">", quantifier="several"), FAILS, ""),
    (classes(2, 2, 0, 0), in_classes(">", quantifier="only_some"), HOLDS, ""),
    (classes(2, 2, 2, 2), in_classes(">", quantifier="only_some"), FAILS, ""),
    (classes(2, 0, WITHHELD, WITHHELD), in_classes("mixed"), HOLDS, "1 of 4 lie above"),
    (classes(2, 2, 2, 2), in_classes("mixed"), FAILS, ""),
    (classes(2, 2, 2, WITHHELD), in_classes("mixed"), OPEN, ""),
    (classes(2, 2, 2, 0), in_classes("mixed", word="systematic"), WITHIN, ""),
    (classes(1.1, 1.2, 1.1, 2), in_classes(">", word="slight"), HOLDS, "does not fit"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "keys", "verdict", "reason"), CLAIMS)
def test_claim_gets_its_verdict(rows: list[dict[str, object]], keys: dict[str, str], verdict: str, reason: str) -> None:
    row = judge("claim", rows, **keys)
    assert row["verdict"] == verdict, row["reason"]
    assert reason in row["reason"]


def test_reasons_and_readings_are_told_in_both_languages() -> None:
    rows = [*pair(1250.5, 1000, size_class="10-49"), *pair(WITHHELD, 1000, size_class="250+")]
    asked = against(">", size_class="10-49;250+", quantifier="some", note="read widely", note_nl="ruim gelezen")
    row = judge("claim", rows, **asked)
    assert row["reason"].startswith("1 of 2 hold, 1 without a number: Participants 10-49 1,250 against Non-")
    counted, compared, note = row["reason_nl"].replace(": ", "; ").split("; ")
    assert counted == "klopt voor 1 van 2, 1 zonder cijfer"
    assert compared == "Deelnemers 10-49 1.250 tegenover Niet-deelnemers 1.000 (+25,0%)"
    assert note == "ruim gelezen"
    assert (row["reading"], row["reading_nl"]) == (
        "in at least one cell, above Non-participants",
        "in ten minste één cel, hoger dan Niet-deelnemers",
    )
    figure = judge("figure", [cell(None)], precision="about", value="12", step="1", note="only in English")
    assert figure["reason_nl"] == "hier niet berekend: no such data; only in English"
    assert (figure["reading"], figure["reading_nl"]) == ("about", "ongeveer")


@pytest.mark.parametrize("comparison", sorted(COMPARISONS))
@pytest.mark.parametrize("other", ["", "sector:*", "group:non_participant"])
def test_every_reading_has_words(comparison: str, other: str) -> None:
    row = {"comparison": comparison, "other": other, "quantifier": "all", "word": "slight"}
    said = describe_claim(row, READINGS, several=True)
    assert said.nl.startswith("in alle cellen, ")
    assert said.en.startswith("in all cells, ")
    assert "published_" not in said.nl + said.en


def test_every_verdict_comparison_and_quantity_of_a_claim_is_tried() -> None:
    assert {verdict for *_, verdict, _ in CLAIMS} == set(VERDICTS) - {"exact"}
    assert {keys["comparison"] for _, keys, *_ in CLAIMS} == set(COMPARISONS)
    assert {keys.get("quantity", "level") for _, keys, *_ in CLAIMS} == set(QUANTITIES)
    assert {keys.get("quantifier", "all") for _, keys, *_ in CLAIMS} == set(READINGS["quantifiers"])
    assert {keys["word"] for _, keys, *_ in CLAIMS if "word" in keys} == set(READINGS["words"])


@settings(max_examples=25)
@given(st.lists(st.tuples(st.floats(0.001, 1000), st.floats(1, 1e9)), min_size=4, max_size=4))
def test_crossing_the_other_group_flips_a_claim(pairs: list[tuple[float, float]]) -> None:
    numbers = [(base + way * shift, base) for shift, base in pairs for way in (1, -1)]
    years = range(2014, 2014 + len(numbers))
    rows = [row for year, (own, base) in zip(years, numbers, strict=True) for row in pair(own, base, year=year)]
    claims = [published(CLAIM_COLUMNS, id=str(year), **against(">", year=str(year))) for year in years]
    verdicts = compare_published(
        [safe(rows)], figures=published(FIGURE_COLUMNS).iloc[:0], claims=pd.concat(claims), readings=FILE
    ).to_frame()
    assert verdicts["verdict"].tolist() == [HOLDS, FAILS] * len(pairs)


def test_row_order_never_matters_and_inputs_stay_as_they_were() -> None:
    rows = classes(2, 2, WITHHELD, 0)
    table = safe(rows)
    before = table.to_frame()
    claims = published(CLAIM_COLUMNS, **in_classes(">"))
    kept = claims.copy()
    inputs = {"figures": published(FIGURE_COLUMNS).iloc[:0], "claims": claims, "readings": FILE}
    once, again = (compare_published([t], **inputs).to_frame() for t in (table, safe(rows[::-1])))
    pd.testing.assert_frame_equal(once, again)
    pd.testing.assert_frame_equal(table.to_frame(), before)
    pd.testing.assert_frame_equal(claims, kept)

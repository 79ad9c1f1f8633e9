"""What is right as printed passes, numbers are read as printed, and a frame that cannot be read is refused."""

from __future__ import annotations

import pandas as pd
import pytest

from si_eval.consistency import check_consistency
from si_eval.consistency.bounds import is_sum_of_two_rounded, possible_counts
from si_eval.consistency.printed_number import Interval, find_hedge, printed_interval, read_number
from si_eval.consistency.repetition import has_footnote_digit
from si_eval.errors import InputError, StudyError

# Each is right as printed, and must pass.
CONTROLS = {
    "parts that round away from their total": [
        {"indicator": "money", "category": c, "value": v, "unit": "EUR million", "year": 2020, "table": "T"}
        for c, v in [("a", 27), ("b", 65), ("c", 29), ("d", 96), ("e", 24), ("total", 240)]
    ],
    "percentages that add up to 101": [
        {"indicator": "split", "category": c, "value": v, "unit": "%", "table": "T"}
        for c, v in [("a", 11), ("b", 27), ("c", 15), ("d", 37), ("e", 11), ("total", 100)]
    ],
    "several answers": [
        {"indicator": "benefit", "category": c, "value": v, "unit": "respondents", "n": 57}
        for c, v in [("a", 39), ("b", 37), ("c", 29), ("d", 4)]
    ],
    "a list that names some of its parts": [
        {"indicator": "sector", "sector": s, "value": v, "unit": "share", "year": 2019}
        for s, v in [("C", 0.29), ("J", 0.14), ("G", 0.11)]
    ],
    "shares that some count gives": [
        {"indicator": "topic", "category": c, "value": v, "unit": "share", "n": 57}
        for c, v in [("a", 0.42), ("b", 0.32), ("c", 0.09), ("d", 0.05)]
    ],
    "shares of money with a number of units beside them": [
        {"indicator": "funding_share", "category": c, "value": v, "unit": "share", "n": 31, "year": 2017, "table": "T"}
        for c, v in [("a", 0.46), ("b", 0.16), ("c", 0.38)]
    ],
    "hedges that hold": [
        {"indicator": "persons", "value": v, "unit": "persons", "precision": p, "note": note, "table": t}
        for v, p, note, t in [(8845, "exact", "", "T"), (9000, "approx", 'printed as "bijna 9.000"', "text")]
    ],
    "a number told with more and with fewer decimals": [
        {"indicator": "staff", "value": v, "unit": "fte", "table": t} for v, t in [(694.8, "T"), (695, "text")]
    ],
    "different organisations of several groups, more than in all": [
        {"indicator": "partners", "category": c, "value": v, "unit": "organisations", "unique": "unique", "table": "T"}
        for c, v in [("hub 1", 400), ("hub 2", 500), ("hub 3", 325), ("total", 896)]
    ],
    "classes inside other classes": [
        {"indicator": "units", "size_class": s, "value": v, "unit": "units", "table": "T"}
        for s, v in [("0-1", 20), ("2-9", 30), ("0-9", 50), ("10-49", 40), ("50+", 10), ("all", 100)]
    ],
    "a period that adds up its years": [
        {"indicator": "subsidy", "year": y, "value": v, "unit": "EUR", "table": "T"}
        for y, v in [("2018", 125_000), ("2019", 130_000), ("2020", 145_000), ("2018-2020", 400_000)]
    ],
    "a share that adds two rounded ones": [
        {"indicator": "ahead", "category": "ahead + far ahead", "value": 0.70, "unit": "share", "n": 13}
    ],
}


@pytest.mark.parametrize("name", CONTROLS)
def test_negative_controls_pass(name):
    frame = pd.DataFrame(CONTROLS[name])
    report = check_consistency(frame.sample(frac=1, random_state=1))
    assert report.to_frame().empty, report.to_frame().to_string()


def test_what_rounding_explains_is_informative():
    report = check_consistency(pd.DataFrame(CONTROLS["parts that round away from their total"]))
    assert report.to_frame(None)["verdict"].tolist() == ["informative"]
    assert "1 explained by rounding" in report.summary()


@pytest.mark.parametrize(
    ("text", "number"),
    [("1.986.115", 1986115), ("8,1 M Euro", 8.1), ("694,8", 694.8), ("14.000", 14000), ("0.880", 0.88), ("6.86", 6.86),
     ("1,225", 1225), ("€ 164.000", 164000), ("-3,5", -3.5), ("6/01", None), ("geen", None)],
)  # fmt: skip
def test_numbers_are_read_as_printed(text, number):
    assert read_number(text) == number


@pytest.mark.parametrize(
    ("words", "value", "truth", "holds"),
    [("bijna", 14000, 14533, False), ("bijna", 15000, 14533, True), ("ruim", 1700, 1758, True), ("ruim", 70, 65, False),
     ("zo'n", 670, 694.8, False), ("circa", 430, 433, True), ("meer dan", 30, 35, True), ("ruim", 30, 53, False),
     ("een kleine", 70, 68, True), ("about", 80, 82, True), ("at most", 50, 51, False)],
)  # fmt: skip
def test_hedges_widen_what_is_allowed(words, value, truth, holds):
    hedge = find_hedge(f"{words} {value}", value)
    assert printed_interval(value, 1, hedge).meets(Interval(truth, truth)) is holds


def test_two_rounded_numbers_that_only_touch_do_not_agree():
    assert not printed_interval(8.1, 0.1).meets(printed_interval(8.2, 0.1))
    assert printed_interval(10, 1).meets(Interval(9.5, 9.5))


@pytest.mark.parametrize(
    ("long", "short", "glued"), [(8966, 896, True), (28040, 280, True), (4520, 452, False), (452, 45, True)]
)
def test_footnote_digits(long, short, glued):
    assert has_footnote_digit(long, short) is glued


def test_shares_of_a_base():
    assert possible_counts(printed_interval(0.42, 0.01), 57) == [24]
    assert possible_counts(printed_interval(0.70, 0.01), 13) == []
    assert is_sum_of_two_rounded(0.70, 13, 0.01)


def test_a_frame_that_cannot_be_read_is_refused(clean):
    with pytest.raises(InputError, match="found the columns a; expected numbers, and labels"):
        check_consistency(pd.DataFrame({"a": [1]}))
    with pytest.raises(StudyError, match="rules: found nothing"):
        check_consistency(clean("plain", 1), rules=["nothing"])
    with pytest.raises(StudyError, match="dimensions: found place_of_birth"):
        check_consistency(clean("plain", 1), dimensions=["place_of_birth"])

"""The one rule for numbers in text: a table of variants, each the right number or a refusal with the readings shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from si_eval.text_input import is_missing_word, parse_numbers

READ = {
    ("1.234,56", "1.000"): [1234.56, 1000.0],
    ("1,234.56", "1,500"): [1234.56, 1500.0],
    ("1 000", "1\u00a0000", "1\u202f000,5"): [1000.0, 1000.0, 1000.5],
    ("1'000", "1\u2019000.5"): [1000.0, 1000.5],
    ("1,23E+07",): [12_300_000.0],
    ("1.2e-3", "5"): [0.0012, 5.0],
    ('="00123"', "'7", '"12"', " 8 "): [123.0, 7.0, 12.0, 8.0],
    ("100-", "(1.500,5)", "\u22125", "\u2013 5", "+3"): [-100.0, -1500.5, -5.0, -5.0, 3.0],
    ("1.234.567", "1,5"): [1_234_567.0, 1.5],
    ("1,234,567", "1.5"): [1_234_567.0, 1.5],
    ("2.5", "2.125", "0.125"): [2.5, 2.125, 0.125],
    ("2,5", "2,125", "0,125"): [2.5, 2.125, 0.125],
    ("1,000", "1.5"): [1000.0, 1.5],
    ("0.500", "12.3456"): [0.5, 12.3456],
    ("1.", ".5"): [1.0, 0.5],
    ("NA", "n/a", "", "  ", "-", ".", "#DIV/0!", "NaN", "5"): [np.nan] * 8 + [5.0],
}
REFUSED = {
    ("1,000", "2,000"): "1500 with a thousands comma",
    ("1.500", "7"): "1500 with a thousands point",
    ("1.500", "2,500"): "1.500, which .* and .* 1,500, which",
    ("1,5", "1.5"): "decimal comma.* decimal point",
    ("1,", ".5"): "decimal comma.* decimal point",
    ("1000.0", "2000.0", "1.000"): "1 numbers such as 1.500",
    ("1000,5", "2000,0", "1,000"): "1 numbers such as 1,500",
    ("\u20ac 1500", "5"): "1 values with a currency sign",
    ("1500 EUR",): "currency",
    ("12%",): "percent",
    ("inf", "-Infinity", "\u221e", "1e400", "9" * 400): "5 values that are infinite",
    ("\uff12", "\u0662"): "2 values that are not a number",
    ("1.500,-",): "not a number",
    (
        "1_000",
        "0x10",
        "1 00",
        "1.2.3",
        "1,23,456",
        "12e",
        "--5",
        "(-5)",
        "5--",
        "TRUE",
        "10-15",
        "ca. 10",
        "2014-01-01",
    ): ("13 values that are not a number"),
}


@pytest.mark.parametrize("texts", READ, ids=str)
def test_numbers_are_read_as_the_column_writes_them(texts):
    parsed = parse_numbers(pd.Series(texts))
    assert parsed.problems == ()
    np.testing.assert_array_equal(parsed.values.to_numpy(), READ[texts])


@pytest.mark.parametrize("texts", REFUSED, ids=str)
def test_what_has_two_readings_or_none_is_refused(texts):
    parsed = parse_numbers(pd.Series(texts))
    (problem,) = parsed.problems
    assert pd.Series([problem.found]).str.contains(REFUSED[texts]).all()
    assert problem.rows
    assert parsed.values.iloc[list(problem.rows)].isna().all()
    assert parsed.as_problems("a.csv", "x")[0].count == len(problem.rows)


def test_numbers_beside_texts_are_taken_as_they_are():
    parsed = parse_numbers(pd.Series([1, 2.5, None, pd.NA, float("nan"), "3,5", True, float("inf")], dtype=object))
    assert [problem.kind for problem in parsed.problems] == ["unreadable", "infinite"]
    np.testing.assert_array_equal(parsed.values.to_numpy(), [1, 2.5, np.nan, np.nan, np.nan, 3.5, np.nan, np.nan])


def test_what_was_not_written_plainly_is_said():
    parsed = parse_numbers(pd.Series(["NA", "NA", ".", "1 000"]))
    assert parsed.notes("amount") == [
        "amount: 3 values (NA, .) are read as missing",
        "amount: 1 numbers have marks between thousands; the point is decimal",
    ]


def test_words_for_missing_are_known_in_any_case_and_wrapping():
    assert all(map(is_missing_word, ("NA", "n/a", ' "null" ', "#N/A", "None", "-", "\u2013", "[c]", ":")))
    assert not any(map(is_missing_word, ("", "Nantes", "0", "no", "c", "[p]")))

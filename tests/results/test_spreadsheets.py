"""CSV that a spreadsheet opens: no text in it is a formula, numbers stay numbers, and what is read back is the text."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from si_eval.results.spreadsheets import escape_frame, escape_text, restore_frame, restore_text, write_csv

FORMULAS = (
    '=cmd|"/c calc"!A1', "=1+1", "+1+2", "-1+2", "-a", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\ttext", "＝1+1", "＋A1",
    "－A1", "＠SUM(A1)", " =1", "\u00a0=1", "\ufeff=1", "\u200b=1", '"=1', "'=1", "''=1", "“=1", "a;=1", "a\t=1",
    "a\n@b", "x; +A1", "-2+3+cmd|' /C calc'!A0", "-", "+", "=", "@", "-5 euro", "+31 6 1234", "−=1;=2",
)  # fmt: skip
HARMLESS = (
    "",
    "a",
    "a=b",
    "1-2",
    "-5",
    "+5",
    "-1.5e-3",
    "-1,25",
    "-12%",
    "- 5"[2:],
    "'s-Gravenhage",
    "it's",
    "10–49",
    "–",
    "a, -b",
)


def parts(text):
    return text.replace("\t", ";").replace("\r", ";").replace("\n", ";").split(";")


def opens_as_formula(text):
    """Whether a spreadsheet would compute a cell: what its first character says, blanks and invisible marks aside."""
    return any(
        part.strip(' \u00a0\ufeff\u200b"“')[:1] in tuple("=+-@＝＋－＠") and not is_number(part) for part in parts(text)
    )


def is_number(text):
    try:
        float(text.strip().rstrip("%").replace(",", "."))
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_made_harmless_and_comes_back(text):
    written = escape_text(text)
    assert written != text
    assert not opens_as_formula(written)
    assert written[0] not in "\t\r\n"
    assert restore_text(written) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_and_numbers_stay_as_they_are(text):
    assert escape_text(text) == restore_text(text) == text


@given(st.text(alphabet="=+-@'\"\t\r\n; ,.15ea＝\u200b", max_size=12))
def test_every_text_comes_back_and_none_is_a_formula(text):
    written = escape_text(text)
    assert restore_text(written) == text
    assert not [part for part in parts(written) if part[:1] in tuple("=@＝")]


def test_a_table_is_written_without_formulas_in_cells_and_names_and_read_back():
    frame = pd.DataFrame(
        {
            "=name": ["=1+1", "plain", None],
            "number": [-1.5, 2.0, float("nan")],
            "kind": pd.Categorical(["@x", "y", "y"]),
            "count": pd.array([-1, None, 3], dtype="Int64"),
            "mixed": ["-7", -7, "-x"],
        }
    )
    content = write_csv(frame)
    rows = list(csv.reader(io.StringIO(content.decode())))
    assert rows[0] == ["'=name", "number", "kind", "count", "mixed"]
    assert rows[1] == ["'=1+1", "-1.5", "'@x", "-1", "-7"]
    assert rows[3] == ["", "", "y", "3", "'-x"]
    back = restore_frame(pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False))
    assert back["=name"].tolist() == ["=1+1", "plain", ""]
    assert back["kind"].tolist() == ["@x", "y", "y"]
    assert frame["=name"].iloc[0] == "=1+1", "the table itself is left as it is"


def test_a_table_without_formulas_is_the_same_bytes():
    frame = pd.DataFrame({"a": ["x", None], "b": [0.1, -2.0], "c": ["-5", "'s"]})
    assert write_csv(frame) == frame.to_csv(index=False).encode()
    assert escape_frame(frame).dtypes.tolist() == frame.dtypes.tolist()

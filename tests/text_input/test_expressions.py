"""The rule in the engine and the rule for small tables: whatever the text, both say the same."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from si_eval.engine import from_frame, open_engine
from si_eval.text_input import clean_text, decide_marks, is_missing_word, parse_numbers
from si_eval.text_input import expressions as rule

PIECES = [
    *"0123456789.,-+()e%x", "1.500", "1,500", "12.5", "12,5", "1.234.567", "000", " ", "\u00a0", "'", '"', '="', "E+07",
    "e-3", "\u20ac", "EUR", "inf", "NA", "#N/A", "null", "\u2212", "\u2019", "\uff11", "\t", "\n", "1e400",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join) | st.text(max_size=8)


@pytest.fixture(scope="module")
def engine():
    return open_engine(threads=1)


def in_engine(engine, texts):
    raw = from_frame(engine, pd.DataFrame({"raw": pd.Series(texts, dtype="string")}))
    text = raw.select(text=rule.cleaned_text(raw.raw))
    text = engine.create_view(ibis.util.gen_name("text"), text)
    kinds = engine.create_view(ibis.util.gen_name("kind"), text.select("text", kind=rule.kind_of_number(text.text)))
    values = {f"as_{mark}": rule.number_as(kinds.text, kinds.kind, mark) for mark in ("point", "comma")}
    return kinds.select("text", "kind", **values, **rule.mark_expressions(kinds.kind)).to_pandas()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(TEXTS, min_size=1, max_size=12))
def test_both_evaluators_agree(engine, texts):
    frame = in_engine(engine, texts)
    assert [value or "" for value in frame["text"].fillna("")] == [clean_text(text) for text in texts]
    parsed = parse_numbers(pd.Series(texts, dtype=object))
    counts = rule.mark_counts({name: int(frame[name].sum()) for name in rule.COUNTED})
    decision = decide_marks(counts)
    assert decision.decimal == parsed.decimal
    assert (decision.found != "") == any(problem.kind == "marks" for problem in parsed.problems)
    words = [clean_text(text) != "" and is_missing_word(text) for text in texts]
    assert (frame["kind"] == rule.WORD).tolist() == words
    value = frame[f"as_{parsed.decimal}"].to_numpy(dtype=float, na_value=np.nan)
    value = np.where(np.isinf(value), np.nan, value)
    refused = [row for problem in parsed.problems for row in problem.rows]
    kept = [row for row in range(len(texts)) if row not in refused]
    np.testing.assert_array_equal(value[kept], parsed.values.to_numpy()[kept])
    unread = [row for problem in parsed.problems if problem.kind != "marks" for row in problem.rows]
    assert np.isnan(value[unread]).all()


def test_labels_lose_what_surrounds_them(engine):
    texts = [" A b\u00a0", '="x"', "\u200b", "", "caf\u00e9 (x)", "x=1", "'s-Gravenhage"]
    raw = from_frame(engine, pd.DataFrame({"raw": pd.Series(texts, dtype="string")}))
    read = raw.select(text=rule.trimmed_text(raw.raw)).to_pandas()["text"]
    assert [None if pd.isna(text) else text for text in read] == [
        "A b",
        "x",
        None,
        None,
        "caf\u00e9 (x)",
        "x=1",
        texts[6],
    ]

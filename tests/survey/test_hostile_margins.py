"""Margins and weights: the right weights, a reason on the weighted table, or one refusal; never silently wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from si_eval import survey as sv
from si_eval.errors import InputError, SiEvalError, StudyError
from si_eval.vocabulary import Reason

KNOWN = pd.DataFrame({"question": "Q5", "category": ["0-9", "10-49"], "count": [28, 12]})
TEXT = "question,category,count\nQ5,0-9,28\nQ5,10-49,12\n"


@pytest.fixture(scope="module")
def example():
    return sv.load_example()


def shares(survey, margins, **arguments):
    return sv.rake(survey, margins=margins, **arguments).report()["weighted"].round(9).tolist()


READ = {
    "utf-8": TEXT.encode(),
    "a mark of the encoding": TEXT.encode("utf-8-sig"),
    "UTF-16": TEXT.encode("utf-16"),
    "semicolons": TEXT.replace(",", ";").encode(),
    "tabs": TEXT.replace(",", "\t").encode(),
    "other line ends": TEXT.replace("\n", "\r\n").encode(),
    "quotes": TEXT.replace("0-9", '"0-9"').encode(),
    "blanks": TEXT.replace(",", " ; ").encode(),
    "a remark in the Windows code page": TEXT.replace("\n", ",caf\u00e9\n")
    .replace("count,caf\u00e9", "count,note")
    .encode("cp1252"),
    "decimal commas": TEXT.replace(",", ";").replace("28", "28,0").replace("12", "12,0").encode(),
    "thousands": TEXT.replace(",", ";").replace("28", "28.000.000").replace("12", "12.000.000").encode(),
    "shares and a total": b"question;category;share;total\nQ5;0-9;0,7;40\nQ5;10-49;0,3;40\n",
}


@pytest.mark.parametrize("name", READ)
def test_files_as_programs_write_them_give_the_same_weights(name, example, tmp_path):
    path = tmp_path / "margins.csv"
    path.write_bytes(READ[name])
    assert shares(example, path) == shares(example, KNOWN) == [0.7, 0.3]


FRAMES = {
    "Int64": KNOWN.astype({"count": "Int64"}),
    "categories": KNOWN.astype({"category": "category"}),
    "texts": KNOWN.astype({"count": str}),
    "other order": KNOWN.iloc[::-1, ::-1],
    "an index": KNOWN.set_index(pd.Index([5, 5])),
    "labels": KNOWN.assign(category=["1", "2"]),
    "the rest": KNOWN.assign(category=["0-9", "rest"]),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames_of_any_type_give_the_same_weights(name, example):
    before = FRAMES[name].copy()
    assert sorted(shares(example, FRAMES[name])) == [0.3, 0.7]
    pd.testing.assert_frame_equal(FRAMES[name], before)


REFUSED = {
    "no rows": (KNOWN.iloc[:0], "no rows"),
    "no counts": (KNOWN.drop(columns="count"), "no count"),
    "a missing count": (KNOWN.assign(count=[1, np.nan]), "missing or negative"),
    "an infinite count": (KNOWN.assign(count=[1, np.inf]), "infinite"),
    "a negative count": (KNOWN.assign(count=[-1, 2]), "missing or negative"),
    "counts of 0": (KNOWN.assign(count=0), "counts of 0 only"),
    "respondents without population": (KNOWN.assign(count=[0, 2]), "of which the population has none"),
    "two readings": (KNOWN.assign(count=["1.500", "2"]), "1.5 with a decimal point"),
    "words": (KNOWN.assign(count=["many", "2"]), "not a number"),
    "true and false": (KNOWN.assign(count=[True, False]), "not a number"),
    "percentages": (KNOWN.drop(columns="count").assign(share=[70, 30], total=40), "shares above 1"),
    "shares without a total": (KNOWN.drop(columns="count").assign(share=[0.7, 0.3]), "no total"),
    "no category": (KNOWN.assign(category=[None, "10-49"]), "no category"),
    "a class twice": (pd.concat([KNOWN, KNOWN]), "2 classes twice"),
    "another question": (KNOWN.assign(question="Q9"), "'Q9'"),
    "columns twice": (pd.concat([KNOWN, KNOWN["count"]], axis=1), "2 columns named 'count'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_margins_that_cannot_be_used_are_refused(name, example):
    margins, told = REFUSED[name]
    for call in (sv.rake, lambda survey, margins: sv.survey_nonresponse(survey, population=margins)):
        if name == "respondents without population" and call is not sv.rake:
            continue
        with pytest.raises(InputError, match=told):
            call(example, margins=margins)


OPTIONS = [
    *({"trim": trim} for trim in [(2, 3), (3, 0.3), (np.nan, 3), (0.3, None), (0.3,), "ab", 5, (-1, 3), (True, 3)]),
    *({"fewest": fewest} for fewest in [-1, 1.5, "2", None, 100]),
    *({"year": year} for year in [2019, "2019", 1.5]),
    *({"margins": margins} for margins in [None, 5, [], ["a"], {"a": 1}]),
]


@pytest.mark.parametrize("option", OPTIONS, ids=str)
def test_options_of_raking_are_refused_by_name(option, example):
    with pytest.raises(StudyError, match=f"^{next(iter(option))}: found"):
        sv.rake(example, **{"margins": KNOWN, **option})


def two_questions(first, second):
    """Respondents to the example's Q1 and Q5, by code."""
    tidy = pd.DataFrame({"respondent": [f"r{place}" for place in range(len(first))], "question": "Q1", "answer": first})
    return sv.read_responses(
        pd.concat([tidy, tidy.assign(question="Q5", answer=second)]), sv.load_example().questionnaire
    )


def margins_of(first, second):
    rows = [("Q1", code, count) for code, count in first.items()]
    rows += [("Q5", code, count) for code, count in second.items()]
    return pd.DataFrame(rows, columns=["question", "category", "count"])


UNMET = {
    "classes that nobody combines": (["1"] * 10 + ["3"] * 10, ["1"] * 10 + ["2"] * 10, None, Reason.MARGINS_CONTRADICT),
    "trimming": (["1", "1", "3", "3"] * 5, ["1", "2"] * 10, (0.9, 1.1), Reason.MARGINS_AGAINST_TRIMMING),
}


@pytest.mark.parametrize("name", UNMET)
def test_margins_that_cannot_be_met_say_why_on_the_weighted_table_too(name):
    first, second, trim, reason = UNMET[name]
    survey = two_questions(first, second)
    half = {"1": 50, "2": 50} if name != "trimming" else {"1": 20, "2": 80}
    known = margins_of({"1": 60, "2": 0, "3": 40}, half)
    weights = sv.rake(survey, margins=known, trim=trim)
    assert (weights.converged, weights.reason) == (False, reason)
    assert "did not converge: the weights do not meet the margins" in weights.summary()
    table = sv.survey_weighted(survey, count="survey_frequencies", question="Q1", margins=known, trim=trim).to_frame()
    assert table["note"].str.contains(reason.text("en"), regex=False).all()


def test_weights_that_are_met_have_no_reason_and_one_respondent_has_weight_1():
    survey = two_questions(["1"], ["1"])
    weights = sv.rake(survey, margins=margins_of({"1": 5}, {"1": 5, "2": 0}).query("question == 'Q5'"))
    assert weights.to_frame()["weight"].tolist() == [1.0]
    assert (weights.converged, weights.reason, weights.design_effect) == (True, None, 1.0)


@settings(max_examples=20, deadline=None)
@given(
    cells=st.lists(st.integers(0, 4), min_size=4, max_size=4).filter(any),
    first=st.tuples(st.integers(0, 60), st.integers(0, 60)),
    second=st.tuples(st.integers(0, 60), st.integers(0, 60)),
)
def test_weights_meet_the_margins_or_say_why(cells, first, second):
    pairs = [("1", "1"), ("1", "2"), ("3", "1"), ("3", "2")]
    people = [pair for pair, count in zip(pairs, cells, strict=True) for _ in range(count)]
    survey = two_questions([one for one, _ in people], [two for _, two in people])
    known = margins_of({"1": first[0], "2": 0, "3": first[1]}, {"1": second[0], "2": second[1]})
    try:
        weights = sv.rake(survey, margins=known)
    except SiEvalError:
        return
    report = weights.report()
    met = bool((report["weighted"] - report["population"]).abs().max() < 1e-8)
    assert weights.converged == met == (weights.reason is None)
    assert np.isfinite(weights.to_frame()["weight"]).all()

"""Responses as people and programs write them: the right number, a counted remark, or one refusal."""

from __future__ import annotations

import datetime as dt
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from si_eval import survey as sv
from si_eval.errors import DroppedRowsWarning, InputError, SiEvalError, StudyError

READ = {  # what respondents typed, and its mean
    "thousands and decimals, Dutch": (["1.234,5", "2.000,5", "10"], (1234.5 + 2000.5 + 10) / 3),
    "thousands and decimals, English": (["1,234.5", "2,000.5", "10"], (1234.5 + 2000.5 + 10) / 3),
    "decimal commas": (["1,5", "2,5", "2"], 2.0),
    "decimal points": (["1.5", "2.5", "2"], 2.0),
    "blanks between thousands": (["1 500", "2\u00a0500", "500"], 1500.0),
    "apostrophes between thousands": (["1'500", "2'500", "500"], 1500.0),
    "exponents": (["1,5E+03", "500", "1E3"], 1000.0),
    "a spreadsheet's formula": (['="1500"', "500", "1000"], 1000.0),
    "a minus behind": (["100-", "300", "100"], 100.0),
    "another minus": (["\u2212100", "300", "100"], 100.0),
    "whole floats": (["5.0", "7.0", "6.0"], 6.0),
    "words for nothing": (["5", "NA", "-"], 5.0),
    "blanks": (["5", " ", ""], 5.0),
    "numbers of a frame": ([1.125, 2.125, 3.125], 2.125),
    "numbers and texts": ([1.5, "2.5", 2], 2.0),
    "decimals": ([Decimal("1.125"), Decimal("2.125"), None], 1.625),
    "decimals that are no number": ([Decimal("1.125"), Decimal("2.125"), Decimal("sNaN")], 1.625),
    "missing values of every kind": ([4, None, np.nan], 4.0),
}
REFUSED = {
    "points that may be either": (["1.500", "2.500", "3"], "1.5 with a decimal point"),
    "commas that may be either": (["1,500", "2", "3"], "1.5 with a decimal comma"),
    "both marks as decimals": (["1,5", "2.5", "3"], "decimal comma"),
    "an infinity": (["inf", "2", "3"], "infinite"),
    "an overflow": (["1e400", "2", "3"], "infinite"),
    "an infinite float": ([np.inf, 2.0, 3.0], "infinite"),
    "about": (["ca. 10", "2", "3"], "not a number"),
    "a range": (["10-15", "2", "3"], "not a number"),
    "money": (["\u20ac 1500", "2", "3"], "currency"),
    "percent": (["15%", "2", "3"], "percent"),
    "true and false": ([True, False, True], "not a number"),
    "dates": ([dt.date(2019, 1, 1)] * 3, "not a number"),
    "moments": (pd.to_datetime(["2019-01-01"] * 3), "not a number"),
    "other digits": (["\u0665", "2", "3"], "not a number"),
    "lists": ([[1], [2], [3]], "3 cells of type list"),
    "bytes": ([b"1", b"2", b"3"], "3 cells of type bytes"),
}


def answers(numbers):
    frame = pd.DataFrame({"respondent": ["r1", "r2", "r3"], "A": "1", "B_1": 0, "B_2": 0, "B_8": 0, "G": "1"})
    return frame.assign(D=numbers, E="", E_code="", F="")


@pytest.mark.parametrize("name", READ)
def test_numbers_that_have_one_reading_are_read(name, small):
    numbers, mean = READ[name]
    survey = sv.read_responses(answers(numbers), small)
    rows = sv.survey_numeric(survey, question="D").to_frame().query("statistic == 'mean'")
    assert rows["estimate"].item() == pytest.approx(mean, rel=1e-12)
    if all(isinstance(one, str) for one in numbers):
        tidy = pd.DataFrame({"respondent": ["r1", "r2", "r3"], "question": "D", "answer": numbers})
        choice = tidy.assign(question="A", answer="1")
        again = sv.read_responses(pd.concat([tidy, choice]), small)
        pd.testing.assert_series_equal(again.numbers(small.question("D")), survey.numbers(small.question("D")))


@pytest.mark.parametrize("name", REFUSED)
def test_numbers_without_one_reading_are_refused(name, small):
    numbers, told = REFUSED[name]
    with pytest.raises(InputError, match=told) as caught:
        sv.read_responses(answers(numbers), small)
    assert all(problem.column == "D" for problem in caught.value.problems)


def test_words_for_nothing_are_counted_and_marks_between_thousands_are_told(small):
    survey = sv.read_responses(answers(["1 500", "NA", "-"]).assign(E=["n/a", "fine", ""]), small)
    flags = survey.problems().query("kind == 'missing'").set_index(["question", "found"])["respondents"]
    assert flags["D", "a word for nothing, such as NA or -"] == ("r2", "r3")
    assert flags["E", "a word for nothing, such as NA or -"] == ("r1",)
    assert "1 numbers have marks between thousands" in survey.summary()
    counted = sv.open_answers(survey, question="E").to_frame().iloc[0]
    assert counted["estimate"] == 1


TYPES = {
    "Int64 with gaps": lambda frame: frame.assign(A=pd.array([1, None, 2], dtype="Int64")),
    "categories": lambda frame: frame.assign(A=pd.Categorical(["1", None, "2"])),
    "floats": lambda frame: frame.assign(A=[1.0, np.nan, 2.0]),
    "arrow texts": lambda frame: frame.assign(A=pd.array(["1", None, "2"], dtype="string[pyarrow]")),
    "labels with blanks": lambda frame: frame.assign(A=[" Ja ", "", "At times"]),
    "an index": lambda frame: frame.assign(A=["1", "", "2"]).set_index(pd.Index([7, 7, 7], name="respondent")),
    "other order": lambda frame: frame.assign(A=["1", "", "2"]).iloc[::-1, ::-1],
    "respondents as numbers": lambda frame: frame.assign(A=["1", "", "2"], respondent=[1.0, 2.0, 3.0]),
}


@pytest.mark.parametrize("name", TYPES)
def test_types_of_a_frame_do_not_change_the_answers(name, small):
    frame = TYPES[name](answers(["1", "2", "3"]))
    before = frame.copy()
    survey = sv.read_responses(frame, small)
    counts = sv.survey_frequencies(survey, question="A").to_frame().query("statistic == 'count'")
    assert counts.set_index("category")["estimate"].to_dict() == {"Yes": 1, "At times": 1, "Never": 0, "Don't know": 0}
    pd.testing.assert_frame_equal(frame, before)


BROKEN = {
    "columns twice": lambda frame: pd.concat([frame, frame["A"]], axis=1),
    "levels of names": lambda frame: frame.set_axis(pd.MultiIndex.from_product([["x"], frame.columns]), axis=1),
    "numbers for names": lambda frame: frame.set_axis(range(frame.shape[1]), axis=1),
    "no rows": lambda frame: frame.iloc[:0],
    "no columns": lambda frame: pd.DataFrame(),
    "no respondents": lambda frame: frame.drop(columns="respondent"),
    "respondents called NA": lambda frame: frame.assign(respondent=["NA", "NA", "r3"]),
    "respondents missing": lambda frame: frame.assign(respondent=[None, np.nan, "r3"]),
    "options in other letters": lambda frame: frame.assign(A="JA"),
    "a word for missing as an option": lambda frame: frame.assign(A="NA"),
    "true as an option": lambda frame: frame.assign(A=True),
    "a tick that is none": lambda frame: frame.assign(B_1=2),
    "an unknown column": lambda frame: frame.assign(Z=1),
}


@pytest.mark.parametrize("name", BROKEN)
def test_frames_that_cannot_be_read_are_refused(name, small):
    with pytest.raises(InputError):
        sv.read_responses(BROKEN[name](answers(["1", "2", "3"])), small)


FILES = {
    "nothing": b"",
    "blank lines": b"\n\n",
    "NUL": b"respondent,A\nr1,\x00\n",
    "ragged lines": b"respondent,A\nr1,1,2\n",
    "an open quote": b'respondent,A\nr1,"1\n',
    "a workbook": b"PK\x03\x04",
    "two encodings": "respondent,A\nr1,caf\u00e9\n".encode() + "r2,caf\u00e9\n".encode("cp1252"),
    "UTF-32": "respondent,A\nr1,1\n".encode("utf-32"),
    "no parquet": b"PAR1nonsense",
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_damaged_files_are_refused_by_name(name, suffix, small, tmp_path):
    path = tmp_path / f"responses{suffix}"
    path.write_bytes(FILES[name])
    with pytest.raises(InputError, match="responses"):
        sv.read_responses(path, small)
    with pytest.raises(StudyError, match="found a folder"):
        sv.read_responses(tmp_path, small)


def test_every_damage_to_a_parquet_file_is_refused_or_harmless(small, tmp_path):
    frame = answers([1.0, 2.0, 3.0]).astype({"A": str})
    path = tmp_path / "responses.parquet"
    frame.to_parquet(path)
    content = path.read_bytes()
    for place in range(0, len(content), max(len(content) // 25, 1)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            sv.read_responses(path, small)
        except SiEvalError as error:
            assert "responses" in str(error)  # noqa: PT017  it may as well be read


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"source": None}, "source: found NoneType"),
        ({"source": 5, "questionnaire": 5}, "source: found int.*questionnaire: found int"),
        ({"respondents": "r1"}, "respondents: found str"),
        ({"simulation": "simulated"}, "simulation: found str"),
    ],
)
def test_arguments_of_another_kind_are_refused_together(arguments, told, small):
    given = {"source": answers(["1", "2", "3"]), "questionnaire": small, **arguments}
    with pytest.raises(StudyError, match=told):
        sv.read_responses(given.pop("source"), given.pop("questionnaire"), **given)


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6), st.binary(max_size=3), st.dates(),
    st.decimals(), st.lists(st.integers(), max_size=2), st.sampled_from(["1", "2", "NA", "1.500", "1,5", "inf", " 1"]),
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    cells=st.lists(CELLS, min_size=3, max_size=3),
    column=st.sampled_from(["respondent", "A", "B_1", "D", "E", "E_code", "G"]),
)
def test_any_cells_are_read_or_refused(cells, column, small):
    frame = answers(["1", "2", "3"]).astype(object)
    frame[column] = pd.Series(cells, dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DroppedRowsWarning)
        try:
            survey = sv.read_responses(frame, small)
        except SiEvalError:
            return
    for question, count in (("A", sv.survey_frequencies), ("B", sv.survey_multiple), ("D", sv.survey_numeric)):
        assert not np.isinf(count(survey, question=question).to_frame()["estimate"].astype("float64")).any()

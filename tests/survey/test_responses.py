"""Reading responses: every form gives the same answers, doubtful ones are kept and counted, words are not kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from si_eval import survey as sv
from si_eval.errors import DroppedRowsWarning, StudyError
from si_eval.survey.quality_flags import FLAG_KINDS


def flags_of(survey):
    frame = survey.problems()
    return {(one.kind, one.question): one.count for one in frame.itertuples(index=False)}


def test_wide_and_tidy_codes_and_labels_are_the_same(small, wide):
    from_wide = sv.read_responses(wide, small)
    labelled = sv.read_responses(
        wide.assign(A=["Ja", "Soms", "Yes", "Never", "Don't know"], B_1=["x", "ja", 0, "", 0]), small
    )
    tidy = from_wide.to_frame().rename(columns={"value": "v"}).drop(columns="v")
    tidy.loc[tidy["question"] == "B", "answer"] = "1"
    again = sv.read_responses(tidy.sample(frac=1, random_state=1), small)
    pd.testing.assert_frame_equal(from_wide.answers, labelled.answers)
    pd.testing.assert_frame_equal(from_wide.asked_frame, again.asked_frame)
    for question in ("A", "B", "G"):
        asked = small.question(question)
        pd.testing.assert_frame_equal(from_wide.choices(asked), again.choices(asked), check_names=False)


def test_files_as_spreadsheets_write_them_are_read(small, tmp_path, wide):
    path = tmp_path / "responses.csv"
    path.write_text("\ufeff" + wide.astype({"D": object}).to_csv(index=False, sep=";"), encoding="utf-8")
    pd.testing.assert_frame_equal(sv.read_responses(path, small).answers, sv.read_responses(wide, small).answers)
    numbers = wide.assign(A=[1.0, 2.0, 1.0, 3.0, 9.0], B_1=[1.0, 1.0, 0.0, np.nan, 0.0])
    numbers.to_csv(path, index=False)
    pd.testing.assert_frame_equal(sv.read_responses(path, small).answers, sv.read_responses(wide, small).answers)
    wide.astype(str).to_parquet(tmp_path / "responses.parquet")
    assert sv.read_responses(tmp_path / "responses.parquet", small).respondents == 4
    with pytest.raises(StudyError, match=r"found no file nowhere\.csv"):
        sv.read_responses(tmp_path / "nowhere.csv", small)
    for encoding in ("cp1252", "utf-16"):
        path.write_bytes(wide.assign(E="caf\u00e9").to_csv(index=False, sep="\t").encode(encoding))
        assert sv.read_responses(path, small).respondents == 4


def test_what_cannot_be_read_is_refused_at_once(small, problems_of, wide):
    found, text = problems_of(
        sv.read_responses, wide.rename(columns={"B_1": "B1"}).assign(respondent=["", *"abcd"]), small
    )
    assert {name for name, _ in found} == {"B1", "B_1", "respondent"}
    assert "did you mean `B_" in text
    broken = wide.assign(A=["7", *wide["A"][1:]], B_1=["maybe", *wide["B_1"][1:]], D=["many", *wide["D"][1:]], E_code=5)
    found, text = problems_of(sv.read_responses, broken, small)
    assert {name for name, _ in found} == {"A", "B", "D", "E"}
    tidy = pd.DataFrame({"respondent": ["a"], "question": ["H"], "item": [""], "answer": ["1"]})
    assert "found 1 unknown answers; expected" in problems_of(sv.read_responses, tidy, small)[1]


DOUBTS = {
    "skipped": ({"r2": {"D": "7"}}, {("not asked", "D"): 1}),
    "screened": ({"r4": {"G": "1"}}, {("not asked", "G"): 1}),
    "missing": ({"r1": {"G": "", "C_1": ""}}, {("missing", "G"): 1, ("missing", "C_1"): 1}),
    "contradiction": ({"r1": {"B_8": 1, "C_8": "1"}}, {("contradiction", "B"): 1}),
    "range": ({"r1": {"D": "-4"}, "r3": {"D": "101"}}, {("out of range", "D"): 2}),
}


@pytest.mark.parametrize("name", DOUBTS)
def test_doubtful_answers_are_kept_and_counted(name, small, wide):
    changes, expected = DOUBTS[name]
    frame = wide.astype(object).set_index("respondent")
    for respondent, answers in changes.items():
        for column, value in answers.items():
            frame.loc[respondent, column] = value
    usual = {("personal data", "F"): 1}
    survey = sv.read_responses(frame.reset_index(), small)
    assert flags_of(survey) == usual | expected
    assert survey.respondents == 4
    assert survey.ineligible == 1
    for respondent, answers in changes.items():
        kept = survey.answers[survey.answers["respondent"] == respondent]
        assert all(value == "" or column[0] in set(kept["question"]) for column, value in answers.items())


def test_double_unknown_empty_and_equal_respondents_are_counted(small, wide):
    same, fuller = wide.iloc[[1]], wide.iloc[[0]].assign(C_1="", D="")
    twin, silent = wide.iloc[[4]].assign(respondent="r6"), wide.iloc[[3]].assign(respondent="r7", A="")
    frame = pd.concat([wide, same, fuller, twin, silent], ignore_index=True)
    with pytest.warns(DroppedRowsWarning, match="2 rows"):
        survey = sv.read_responses(frame, small, respondents=["r1", "r2", "r3", "r4", "r5", "r6"])
    found = survey.problems().set_index(["kind", "found"])["respondents"]
    assert found["double respondent", "the same answers twice"] == ("r2",)
    assert found["double respondent", "different answers in two rows"] == ("r1",)
    assert found["unknown respondent", "not on the list"] == ("r7",)
    assert found["empty response", "no answer at all"] == ("r7",)
    assert found["same answers", "answers that are the same on every question"] == ("r5", "r6")
    assert survey.numbers(small.question("D"))["r1"] == 5.0
    assert survey.respondents == 5


def test_several_answers_to_one_question_count_as_none_and_the_note_says_so(small, row):
    tidy = pd.DataFrame(
        [("a", "A", "1"), ("a", "A", "2"), ("b", "A", "1"), ("b", "D", "4"), ("c", "A", "2"), ("c", "D", "3")],
        columns=["respondent", "question", "answer"],
    )
    survey = sv.read_responses(tidy, small)
    assert flags_of(survey)["several answers", "A"] == 1
    result = sv.survey_frequencies(survey, question="A")
    assert row(result, category="Yes", statistic="count")["estimate"] == 1
    assert row(result, category="Yes", statistic="count")["n_total"] == 2
    assert row(result, category="Yes", statistic="count")["note"].startswith("1 gave several answers")
    numeric = sv.survey_numeric(survey, question="D")
    assert row(numeric, statistic="mean")["estimate"] == 4
    assert row(numeric, statistic="mean")["note"].endswith("1 answered without being asked and are left out")


def test_words_and_addresses_never_stay(small, row, wide):
    survey = sv.read_responses(wide, small)
    text = survey.answers.to_csv() + survey.problems().to_csv() + repr(survey)
    assert "Jansen" not in text
    assert "x@y" not in text
    result = sv.open_answers(survey, question="E")
    assert row(result, category="all")["estimate"] == 2
    assert row(result, category="Praise", statistic="share")["estimate"] == 0.5
    assert row(sv.open_answers(survey, question="F"), category="all")["n_units"] == 1


def test_doubts_are_counted_once_a_respondent_and_by_question(small, survey, wide):
    odd = wide.assign(D=[500, "", 12, "", 40], C_1=["", "2", "", "", ""], G=["", "2", "1", "", "2"])
    read = sv.read_responses(odd, small)
    frame = sv.survey_doubts(read).to_frame().set_index(["indicator", "category"])["estimate"]
    assert frame["doubts", "missing"] == frame["C_1", "missing"] == frame["G", "missing"] == 1
    assert (frame["doubts", "out of range"], frame["doubts", "not asked"], frame["D", "not asked"]) == (1, 1, 1)
    assert set(read.problems()["kind"]) <= set(FLAG_KINDS)
    none = sv.survey_doubts(survey).to_frame()
    assert set(none["estimate"]) == {0.0}
    assert len(none) == len(FLAG_KINDS)

"""Tables of answers: counts, shares, means and cross tables against brute force."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats as distributions

from si_eval import survey as sv
from si_eval.errors import StudyError
from si_eval.survey.tidy import join_notes
from si_eval.vocabulary import Reason

INVITED = 280
LINEARISED = 0.05  # relative: a linearised standard error against leaving one respondent of 57 out
SAME = 1e-12  # the same formula in another order of sums
DRAWN = 0.02  # 4 999 reorderings have a standard error below 0.0071


def test_bases_splits_and_per_answer_agree_with_brute_force(survey, responses, row):
    frame = responses
    known = sv.survey_frequencies(survey, question="Q04", base="known")
    hours = frame["Q04"][frame["Q04"] != "9"]
    assert row(known, category="over 960 hours", statistic="share")["estimate"] == (hours == "6").mean()
    assert "Don't know" not in set(known.frame["category"])
    split = sv.survey_frequencies(survey, question="Q10", by="Q14", answers="both")
    large = frame[frame["Q14"] == "5"]["Q10"]
    cell = row(split, category="Keeps taking part", size_class="250+", statistic="share")
    assert cell["estimate"] == pytest.approx((large != "4").mean(), abs=SAME)
    assert (cell["n_units"], cell["n_total"]) == ((large != "4").sum(), len(large))
    per = sv.survey_multiple(survey, question="Q08", per="answer").to_frame()
    ticks = frame[[f"Q08_{code}" for code in range(1, 9)]].to_numpy(dtype=float)
    np.testing.assert_allclose(per["estimate"], ticks.sum(axis=0) / ticks.sum(), rtol=SAME)
    left_out = np.array(
        [np.delete(ticks, one, axis=0).sum(axis=0) / np.delete(ticks, one, axis=0).sum() for one in range(57)]
    )
    jackknife = np.sqrt(56 / 57 * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
    np.testing.assert_allclose(per["std_error"], jackknife, rtol=LINEARISED)
    with pytest.raises(StudyError, match="count per respondent"):
        sv.survey_multiple(survey, question="Q08", per="answer", by="Q14")


def test_matrix_rows_and_the_whole(survey, responses, row):
    result = sv.survey_matrix(survey, question="Q09", base="known", answers="both")
    columns = responses[[f"Q09_{place}" for place in range(1, 8)]].to_numpy()
    content = columns[columns != "6"]
    whole = row(result, indicator="Q09", category="Yes, to a large extent")
    assert whole["estimate"] == pytest.approx((content == "1").mean(), abs=SAME)
    assert whole["n_units"] == (columns == "1").any(axis=1).sum()
    places = responses["Q09_3"][responses["Q09_3"] != "6"].astype(float)
    assert row(result, indicator="Q09_3", statistic="median")["estimate"] == places.median()


def test_a_question_that_nobody_answered_says_so(small, row, wide):
    survey = sv.read_responses(wide.assign(G=""), small)
    result = sv.survey_frequencies(survey, question="G", population=50)
    shares = result.frame[result.frame["statistic"] == "share"]
    assert shares["estimate"].isna().all()
    assert set(shares["note"]) == {Reason.NO_ANSWERS.note}
    assert row(sv.survey_numeric(survey, question="D", by="G"), size_class="0-9", statistic="mean")["note"] == (
        join_notes(Reason.NO_NUMBERS.note, "2 without an answer to G")
    )


def test_notes_are_joined_in_both_languages():
    assert join_notes("", "3 left out", "one dominates") == "3 left out; one dominates"
    assert join_notes(Reason.NO_NUMBERS.note, "3 left out") == (
        f"{Reason.NO_NUMBERS.text('nl')}; 3 left out | no number was filled in; 3 left out"
    )


def test_a_cross_table_adds_up_and_its_p_value_is_that_of_all_reorderings(small, row, wide):
    answers = [("1", "1")] * 5 + [("1", "2")] * 2 + [("2", "1")] + [("2", "2")] * 4
    frame = pd.DataFrame(answers, columns=["A", "G"]).assign(respondent=[f"r{one}" for one in range(12)])
    survey = sv.read_responses(frame.reindex(columns=wide.columns, fill_value=""), small)
    for share_of, expected in (("by", 5 / 6), ("question", 5 / 7), ("all", 5 / 12)):
        result = sv.survey_crosstab(survey, question="A", by="G", share_of=share_of)
        cell = row(result, category="Yes", size_class="0-9", statistic="share")
        assert cell["estimate"] == pytest.approx(expected, abs=SAME)
        assert cell["n_units"] == 5
    support = range(1, 7)  # of 7 and 6 out of 12, as many in the first cell
    weight = {one: distributions.hypergeom.pmf(one, 12, 7, 6) for one in support}
    far = {one: abs(one - 3.5) for one in support}
    exact = sum(weight[one] for one in support if far[one] >= far[5] - SAME)
    test = row(result, indicator="A | G")
    assert test["p_value"] == pytest.approx(exact, abs=DRAWN)
    assert sv.survey_crosstab(survey, question="A", by="G").frame.equals(
        sv.survey_crosstab(survey, question="A", by="G").frame
    )


def test_numbers_that_cannot_be_right_are_found(survey, small, row, wide):
    result = sv.survey_plausibility(survey)
    cell = {"size_class": "10-49", "statistic": "mean"}
    assert row(result, indicator="Q15", **cell)["estimate"] == pytest.approx(244.45, abs=0.01)
    assert row(result, indicator="Q15", **cell)["note"] == "one number is more than half of the total"
    without = row(result, indicator="specialists_above_persons_plausible", **cell)
    flagged = row(result, indicator="specialists_above_persons", size_class="10-49", statistic="count")
    assert without["estimate"] <= 49
    assert flagged["estimate"] == without["n_units"] == 3  # the two means together give these three away
    tiny = sv.survey_plausibility(sv.read_responses(wide, small))
    assert row(tiny, indicator="more_than_size", size_class="all", statistic="share")["estimate"] == 0.5


def test_row_order_does_not_matter_and_nothing_is_changed(
    questionnaire, responses, survey, register_counts, survey_folder
):
    before = responses.copy(deep=True)
    shuffled = responses.sample(frac=1, random_state=3).set_index(pd.Index(range(100, 157)))
    other = sv.read_responses(shuffled, questionnaire, simulation=survey.simulation)
    population = register_counts()
    kept = population.copy(deep=True)
    calls = [
        lambda one: sv.survey_frequencies(one, question="Q02", by="Q13"),
        lambda one: sv.survey_multiple(one, question="Q05", per="answer"),
        lambda one: sv.survey_matrix(one, question="Q06", answers="both"),
        lambda one: sv.survey_numeric(one, question="Q15", by="Q14"),
        lambda one: sv.survey_crosstab(one, question="Q10", by="Q14"),
        lambda one: sv.survey_response(one, frame=survey_folder / "frame.toml"),
        lambda one: sv.survey_nonresponse(one, population=population),
        lambda one: sv.rake(one, margins=population),
        sv.survey_plausibility,
    ]
    answers, asked = survey.answers.copy(deep=True), survey.asked_frame.copy(deep=True)
    for call in calls:
        pd.testing.assert_frame_equal(call(survey).to_frame(), call(other).to_frame(), rtol=SAME)
    pd.testing.assert_frame_equal(responses, before)
    pd.testing.assert_frame_equal(population, kept)
    pd.testing.assert_frame_equal(survey.answers, answers)
    pd.testing.assert_frame_equal(survey.asked_frame, asked)


def test_no_warning_is_raised_by_any_function_on_any_question(survey, questionnaire):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for question, method in itertools.product(questionnaire.questions, ("hypergeometric", "wilson")):
            if question.kind == "single":
                sv.survey_frequencies(survey, question=question.id, interval=method, population=INVITED)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_respondents_changes_no_byte(questionnaire, responses, seed):
    def tables(frame):
        answers = sv.read_responses(frame, questionnaire)
        yield sv.survey_frequencies(answers, question="Q10", by="Q14")
        yield sv.survey_multiple(answers, question="Q08")
        yield sv.survey_matrix(answers, question="Q06")
        yield sv.survey_crosstab(answers, question="Q10", by="Q14")
        yield sv.survey_numeric(answers, question="Q15", by="Q14")
        yield sv.survey_plausibility(answers)

    shuffled = responses.sample(frac=1, random_state=seed, ignore_index=True)
    for one, other in zip(tables(responses), tables(shuffled), strict=True):
        assert one.to_frame().to_csv() == other.to_frame().to_csv()

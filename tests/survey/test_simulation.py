"""Simulated responses: the counts that were put in, the same for the same seed, refused where they cannot be."""

from __future__ import annotations

import pandas as pd

from si_eval import survey as sv


def test_simulation_is_deterministic_says_so_and_knows_what_was_published(
    questionnaire, responses, survey, tmp_path, survey_folder
):
    again = sv.simulate_survey(questionnaire, counts=survey_folder / "simulation.toml", seed=1)
    other = sv.simulate_survey(questionnaire, counts=survey_folder / "simulation.toml", seed=2)
    pd.testing.assert_frame_equal(responses, again)
    assert not responses.drop(columns="simulated").equals(other.drop(columns="simulated"))
    path = sv.write_responses(responses, path=tmp_path / "responses.csv")
    read = sv.read_responses(path, questionnaire)
    pd.testing.assert_frame_equal(read.answers, survey.answers)
    assert read.simulation.preset == "smart_industry_2020_survey, seed 1"
    assert len(survey.problems()) == 0
    cells = survey.simulation.calibrated
    assert any(cell["indicator"] == "Q08" and cell["category"] == "Process or product innovation" for cell in cells)
    assert not any(cell["indicator"] == "Q16" for cell in cells)


def test_counts_that_cannot_be_are_all_reported(questionnaire, tmp_path, problems_of, survey_folder):
    text = (survey_folder / "simulation.toml").read_text(encoding="utf-8")
    broken = tmp_path / "counts.toml"
    broken.write_text(text.replace("{ 1 = 6, 2 = 14, 3 = 22", "{ 1 = 7, 2 = 14, 3 = 22").replace("6 = 17", "6 = 17"))
    assert ("Q16", "58 answers") in problems_of(sv.simulate_survey, questionnaire, counts=broken)[0]
    broken.write_text(text.replace("[questions.Q16]", "[questions.Q61]").replace("6 = 9, 7 = 4 }", "66 = 9 }"))
    found = problems_of(sv.simulate_survey, questionnaire, counts=broken)[0]
    assert {("questions.Q61", "no such question"), ("questions.Q03", "66")} <= found

"""Respondents in another order give the same tables, byte for byte."""

from __future__ import annotations

import pytest
from paths import DATA

from si_eval import survey as sv


@pytest.fixture(scope="module")
def responses(tmp_path_factory) -> tuple[sv.Survey, sv.Survey]:
    questionnaire = sv.load_questionnaire(DATA / "survey" / "questionnaire.toml")
    frame = sv.simulate_survey(questionnaire, counts=DATA / "survey" / "simulation.toml")
    folder = tmp_path_factory.mktemp("responses")
    orders = {"given.csv": frame, "shuffled.csv": frame.sample(frac=1, random_state=4)}
    given, shuffled = (
        sv.read_responses(sv.write_responses(rows, path=folder / name), questionnaire) for name, rows in orders.items()
    )
    return given, shuffled


def tables(survey: sv.Survey) -> dict[str, str]:
    """Write the table of every question of each kind, and those of the whole survey."""
    of_kind = {"single": sv.survey_frequencies, "multiple": sv.survey_multiple, "matrix": sv.survey_matrix,
               "numeric": sv.survey_numeric}  # fmt: skip
    made = {
        question.id: of_kind[question.kind](survey, question=question.id)
        for question in survey.questionnaire.questions
        if question.kind in of_kind
    }
    whole = {"doubts": sv.survey_doubts(survey), "plausibility": sv.survey_plausibility(survey)}
    return {name: table.to_frame().to_csv(index=False) for name, table in (made | whole).items()}


def test_order_of_respondents_changes_nothing(responses) -> None:
    given, shuffled = (tables(one) for one in responses)
    assert len(given) > 10
    assert [name for name, text in given.items() if text != shuffled[name]] == []

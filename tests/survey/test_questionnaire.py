"""The questionnaire as a file: what it holds, and every problem of a file at once."""

from __future__ import annotations

import pytest

from si_eval.errors import InputError, StudyError


def test_the_questionnaire_has_seventeen_questions(questionnaire):
    assert len(questionnaire.asked) == 17
    assert questionnaire.rows_of(questionnaire.question("Q06"))[-1].id == "97"
    with pytest.raises(StudyError, match="found 'Q99'"):
        questionnaire.question("Q99")


def test_every_problem_of_a_questionnaire_is_reported_with_the_nearest_name(problems_of, small_text, load):
    broken = small_text.replace("ends_survey", "end_survey").replace('kind = "matrix"', 'kind = "matrx"')
    found, text = problems_of(load, broken.replace('en = "Why"\n', "").replace("minimum = 0", 'minimum = "0"'))
    assert len(found) == 4
    for told in ("did you mean `ends_survey`?", "did you mean `matrix`?", "no `en`", "found '0'; expected a number"):
        assert told in text
    broken = small_text.replace("answers = [1]", "answers = [7]").replace('rows_from = "B"', 'rows_from = "G"')
    broken = broken.replace('bounded_by = "G"', 'bounded_by = "B"').replace(
        'code = 8, nl = "Niets"', 'code = 2, nl = "N"'
    )
    found, text = problems_of(load, broken.replace('id = "F"', 'id = "E"'))
    assert {name for name, _ in found} == {
        *("questions.id", "questions.C.rows_from", "questions.D.asked_if.answers", "questions.B.options.code"),
        "checks.more_than_size.bounded_by",
    }
    with pytest.raises(StudyError, match="expected TOML"):
        load("name = ")


@pytest.mark.parametrize(
    ("written", "read"), [("samenhang", "association"), ("doelrealisatie", "goal_attainment"), ("effect", "effect")]
)
def test_the_former_codes_of_evidence_are_read(written, read, small_text, load):
    questionnaire = load(small_text.replace('en = "How good"', f'en = "How good"\nevidence = "{written}"'))
    assert questionnaire.question("C").evidence == read
    with pytest.raises(InputError, match="expected one of goal_attainment, association, effect; did you mean"):
        load(small_text.replace('en = "How good"', 'en = "How good"\nevidence = "asociation"'))

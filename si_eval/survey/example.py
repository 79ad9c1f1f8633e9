"""A tiny survey that comes with the package: eight respondents, six questions."""

from __future__ import annotations

from importlib.resources import as_file, files

from si_eval.survey.answers import Survey
from si_eval.survey.questionnaire_file import load_questionnaire
from si_eval.survey.responses import read_responses


def load_example() -> Survey:
    """Load the example survey: eight made-up respondents to a questionnaire with one question of each kind.

    Use it to try the functions of this package; the examples in their docstrings do. The files
    ``example_questionnaire.toml`` and ``example_responses.csv`` beside this module show the two formats.

    Returns
    -------
    Survey
        ``Q1`` has one answer, ``Q2`` several, ``Q3`` is a matrix, ``Q4`` a number (of persons), ``Q5`` the size class
        and ``Q6`` an open question.

    Examples
    --------
    >>> from si_eval import survey
    >>> survey.load_example()
    Survey example (simulated): 8 respondents, 0 not eligible, 6 questions, quality flags: 1
    """
    folder = files("si_eval.survey")
    with as_file(folder / "example_questionnaire.toml") as path:
        questionnaire = load_questionnaire(path)
    with as_file(folder / "example_responses.csv") as path:
        return read_responses(path, questionnaire)

"""The arguments of the functions that count answers: checked by name, with every problem at once, before any work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import get_args

import pandas as pd

from si_eval.arguments import Arguments, describe_value
from si_eval.survey.answers import RESPONDENT, Base, Survey
from si_eval.survey.intervals import IntervalMethod
from si_eval.survey.questionnaire import SINGLE, Question
from si_eval.survey.tidy import Answers, CountSettings
from si_eval.text_input.small_tables import cell_text

WEIGHT = "weight"


class SurveyArguments(Arguments):
    """The arguments of one call on a survey."""

    def __init__(self, function: str, survey: Survey) -> None:
        super().__init__(function)
        self.survey = survey
        if not isinstance(survey, Survey):
            self.add("survey", describe_value(survey), "a Survey", "make one with `read_responses`")
            self.refuse_problems()

    def question(self, name: str, value: object, kinds: Iterable[str]) -> Question | None:
        """Return the question with an id, of some kinds."""
        wanted = tuple(kinds)
        known = {one.id: one for one in self.survey.questionnaire.questions if one.kind in wanted}
        if isinstance(value, str) and value in known:
            return known[value]
        expected = f"a question of kind {' or '.join(wanted)}: {', '.join(known) or 'there is none'}"
        self.add(name, describe_value(value), expected, "name one of these")
        return None

    def split(self, value: object, question: Question | None) -> Question | None:
        """Return the question that divides the respondents; None where there is none."""
        if value is None:
            return None
        if question is not None and value == question.id:
            self.add("by", describe_value(value), "another question than the one counted", "leave it out")
            return None
        return self.question("by", value, (SINGLE,))

    def population(self, value: object) -> float | None:
        """Return the number of units that the respondents come from; None where it is not limited."""
        if value is None:
            return None
        action = "give the number of units that the respondents come from, or leave it out"
        return self.number("population", value, least=max(self.survey.respondents, 1), action=action)

    def weights(self, value: object, interval: object) -> pd.DataFrame | None:
        """Return weights, one for each respondent, finite and not all 0; None where there are none."""
        if value is None:
            return None
        if not isinstance(value, pd.DataFrame) or not {RESPONDENT, WEIGHT} <= set(value.columns):
            expected = f"a data frame with the columns {RESPONDENT}, {WEIGHT}"
            self.add("weights", describe_value(value), expected, "take it from `Weights.to_frame`")
            return None
        ids = value[RESPONDENT].map(cell_text)
        numbers = pd.to_numeric(value[WEIGHT], errors="coerce").astype("float64")
        wrong = ~(numbers >= 0) | (numbers == float("inf"))
        if wrong.any():
            found = f"{int(wrong.sum())} weights that are missing, infinite or below 0"
            self.add("weights", found, "numbers from 0", "rake this survey")
        elif not numbers.sum() > 0:
            self.add("weights", "weights of 0 only", "a weight above 0", "rake this survey")
        if ids.duplicated().any():
            found = f"{int(ids.duplicated().sum())} respondents more than once"
            self.add("weights", found, "one weight for each respondent", "rake this survey")
        missing = set(self.survey.asked_frame.index) - set(ids)
        if missing:
            self.add("weights", f"none for {len(missing)} respondents", "one for each", "rake this survey")
        if interval != "wilson" and interval in get_args(IntervalMethod):
            expected = "'wilson', because an exact interval counts whole respondents"
            self.add("interval", f"{interval!r} with weights", expected, "write interval='wilson'")
        return pd.DataFrame({RESPONDENT: ids, WEIGHT: numbers})

    def optional_year(self, value: object) -> None:
        """Check the year of counts, where one is given."""
        if value is not None:
            self.whole("year", value, action="name a year that was counted, or leave it out for the latest")

    def trim(self, value: object) -> tuple[float, float]:
        """Return the bounds of weights: one from 0 and below 1, and one above 1; without trimming 0 and infinity."""
        if value is None:
            return 0.0, float("inf")
        bounds = list(value) if isinstance(value, Iterable) and not isinstance(value, str) else []
        numbers = [float(one) for one in bounds if isinstance(one, Real) and not isinstance(one, bool)]
        if len(bounds) == len(numbers) == 2 and 0 <= numbers[0] < 1 < numbers[1]:
            return numbers[0], numbers[1]
        expected = "a bound below 1 and one above 1, such as (0.3, 3)"
        self.add("trim", describe_value(value), expected, "correct it, or leave it out")
        return 0.0, float("inf")

    def entries(self, value: object, question: Question | None) -> None:
        """Check what is counted: options, nets or both."""
        chosen = self.option("answers", value, get_args(Answers))
        if chosen == "nets" and question is not None and not question.nets:
            found, action = f"'nets' for {question.id}", "add them to the questionnaire"
            self.add("answers", found, "a question with nets", action)

    def settings(
        self, base: object, interval: object, population: object, level: object, weights: object = None
    ) -> CountSettings:
        """Return the settings of a table of shares."""
        return CountSettings(
            base=self.option("base", base, get_args(Base)),  # type: ignore[arg-type]  # one of its texts
            interval=self.option("interval", interval, get_args(IntervalMethod)),  # type: ignore[arg-type]
            population=self.population(population),
            level=self.level("level", level),
            weights=self.weights(weights, interval),
        )


@dataclass(frozen=True)
class CountRequest:
    """What is counted: a question, the question that divides the respondents, and how."""

    question: Question
    by: Question | None
    settings: CountSettings


def read_request(
    call: str | SurveyArguments,
    survey: Survey,
    kinds: tuple[str, ...],
    *,
    question: object,
    by: object = None,
    answers: object = "options",
    base: object,
    interval: object,
    population: object,
    level: object,
    weights: object = None,
) -> CountRequest:
    """Check the arguments of a function that counts answers; raises `ArgumentError` with every problem.

    ``call`` is the name of the function, or its arguments as far as they are checked.
    """
    arguments = SurveyArguments(call, survey) if isinstance(call, str) else call
    definition = arguments.question("question", question, kinds)
    by_question = arguments.split(by, definition)
    arguments.entries(answers, definition)
    settings = arguments.settings(base, interval, population, level, weights)
    arguments.refuse_problems()
    assert definition is not None  # what is None was refused
    return CountRequest(definition, by_question, settings)

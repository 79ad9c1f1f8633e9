"""Answers as data: which cells of which exhibit answer a question, and the sentence for each way they can turn out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from si_eval.errors import InputError, Problem, propose_name
from si_eval.report.cells import CellFormat, find_digits
from si_eval.report.specification import DIMENSIONS
from si_eval.text_input.file_shape import shape_problems
from si_eval.text_input.toml_files import read_toml
from si_eval.vocabulary import LANGUAGES, Language

Rule = Literal["cells", "difference", "differences", "ranking", "attainment", "growth"]
NumberFormat = CellFormat | Literal["growth"]
OUTCOMES: Mapping[Rule, tuple[str, ...]] = {  # the sentences that a rule needs, one for each way cells can turn out
    "cells": ("text",),
    "difference": ("up", "down", "unclear"),
    "differences": ("some", "none"),
    "ranking": ("text",),
    "attainment": ("text",),
    "growth": ("text",),
}
PLACES: Mapping[Rule, tuple[str, ...]] = {  # what may stand in them; those of `cells` are named in the file
    "cells": (),
    "difference": ("estimate", "low", "high"),
    "differences": ("higher", "lower", "unclear", "tested", "all"),
    "ranking": ("first", "first_value", "second", "second_value", "last", "last_value"),
    "attainment": ("reached", "missed", "unknown", "all"),
    "growth": ("rose", "fell", "same", "all"),
}
TEXTS = tuple(dict.fromkeys(name for names in OUTCOMES.values() for name in names))


class _Part(BaseModel):
    """A part of the file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Texts(_Part):
    """One sentence in the languages of the study."""

    nl: str | None = None
    en: str | None = None

    def of(self, language: Language) -> str:
        """Return the sentence in a language; empty where the study does not have it."""
        return getattr(self, language) or ""


class CellKeys(_Part):
    """One number in a sentence: the keys that single out its row, and how it is written."""

    where: dict[str, Any] = Field(default_factory=dict)
    format: NumberFormat = "integer"


class Answer(_Part):
    r"""A sentence that answers a question from cells of one exhibit.

    Attributes
    ----------
    question, exhibit : str
        The ids of the evaluation question and of the exhibit.
    rule : {"cells", "difference", "differences", "ranking", "attainment", "growth"}
        How the cells are read; see `Answers`.
    where : mapping
        Tidy columns and the value, or the list of values, of the rows that are read.
    format : {"integer", "decimal", "percent", "euro", "money", "growth"}
        How the numbers of a ``difference`` or a ``ranking`` are written; ``growth`` writes log points :math:`x` as
        :math:`100(e^x - 1)` per cent.
    cells : mapping
        For ``cells``: the numbers in the sentence by name.
    text, up, down, unclear, some, none : Texts
        The sentences.
    """

    question: str
    exhibit: str
    rule: Rule
    where: dict[str, Any] = Field(default_factory=dict)
    format: NumberFormat = "integer"
    cells: dict[str, CellKeys] = Field(default_factory=dict)
    text: Texts | None = None
    up: Texts | None = None
    down: Texts | None = None
    unclear: Texts | None = None
    some: Texts | None = None
    none: Texts | None = None

    def sentence(self, outcome: str) -> Texts:
        """Return the sentence for an outcome."""
        found: Texts = getattr(self, outcome)
        return found


class Answers(_Part):
    r"""The answers of a study, as rules over its protected exhibits.

    Read them with `load_answers`. A sentence has no number of its own: numbers are places, filled from cells, so that
    another extract gives other sentences. The rules are

    - ``cells``: one sentence with the cells that are named;
    - ``difference``: one row with an interval: ``up`` or ``down`` where the interval excludes zero, else ``unclear``;
    - ``differences``: rows of differences, counted: how many intervals lie above, below and around zero, of how many
      that have one; ``none`` where no interval excludes zero;
    - ``ranking``: the categories with the largest, the second and the smallest value;
    - ``attainment``: targets and what was realised, by category: reached, missed, and not known;
    - ``growth``: the last year against the first, by indicator: how many rose, fell or stayed.

    Attributes
    ----------
    answers : tuple of Answer
        In the order of the file, which is the order of the sentences under a question.
    """

    answers: tuple[Answer, ...]

    def summary(self) -> str:
        """Summarise in a line how much is answered."""
        questions = len({answer.question for answer in self.answers})
        return f"Answers: {len(self.answers)} sentences on {questions} questions"


def load_answers(path: str | Path) -> Answers:
    r"""Read the answers of a study from a TOML file.

    Parameters
    ----------
    path : str or Path
        The TOML file, with a list ``answers``; each entry has the keys of `Answer`.

    Returns
    -------
    Answers

    Raises
    ------
    InputError
        With every problem at once: unknown keys, columns and places, sentences that are missing, digits in a sentence.
    StudyError
        Where the file is not there or is no TOML.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.report.answer_file import load_answers
    >>> path = Path("example_answers.toml")
    >>> _ = path.write_text('''
    ... [[answers]]
    ... question = "a"
    ... exhibit = "revenue"
    ... rule = "differences"
    ... where = { statistic = "mean" }
    ... some.en = "Participants had more in {higher} of {tested} comparisons, and less in {lower}."
    ... none.en = "In none of {tested} comparisons can the groups be told apart."
    ... ''')
    >>> print(load_answers(path).summary())
    Answers: 1 sentences on 1 questions
    """
    name = Path(path).name
    content = read_toml(path, what="answers")
    try:
        answers = Answers.model_validate(content)
    except ValidationError as error:
        raise InputError(
            list(shape_problems(error, name, Answers, {"answers": Answer})), what=f"the answers {name}"
        ) from error
    problems = [
        problem
        for number, answer in enumerate(answers.answers)
        for problem in _check(answer, f"{name}, answers.{number}")
    ]
    if problems:
        raise InputError(problems, what=f"the answers {name}")
    return answers


def check_answers(
    answers: Answers,
    *,
    questions: Collection[str],
    exhibits: Collection[str],
    languages: Collection[Language],
    place: str,
) -> Iterator[Problem]:
    """Yield what a study lacks of its answers: questions, exhibits, and languages of the sentences."""
    for number, answer in enumerate(answers.answers):
        where = f"{place}.{number}"
        for what, found, known in (
            ("question", answer.question, questions),
            ("exhibit", answer.exhibit, exhibits),
        ):
            if found not in known:
                expected = (
                    f"one of {', '.join(known)}" if len(known) <= len(DIMENSIONS) * 2 else f"an id of the {what}s"
                )
                proposal = propose_name(found, list(known), f"name a {what} of the study")
                yield Problem(f"{where}.{what}", repr(found), expected, proposal)
        for outcome in OUTCOMES[answer.rule]:
            for language in languages:
                if not answer.sentence(outcome).of(language).strip():
                    yield Problem(
                        f"{where}.{outcome}", f"no sentence in `{language}`", "one in each language", "write it"
                    )


def _check(answer: Answer, place: str) -> Iterator[Problem]:
    """Yield what is wrong with one answer by itself."""
    needed = OUTCOMES[answer.rule]
    for outcome in TEXTS:
        given = getattr(answer, outcome)
        if outcome in needed and given is None:
            yield Problem(f"{place}.{outcome}", "no sentence", f"one, for the rule {answer.rule}", "write it")
        if outcome not in needed and given is not None:
            yield Problem(
                f"{place}.{outcome}", "a sentence", f"{' and '.join(needed)} for the rule {answer.rule}", "leave it out"
            )
    if answer.cells and answer.rule != "cells":
        yield Problem(f"{place}.cells", "cells", "none, except for the rule cells", "leave them out")
    if answer.rule == "cells" and not answer.cells:
        yield Problem(f"{place}.cells", "none", "the numbers of the sentence by name", "name them")
    for keys in (answer.where, *(one.where for one in answer.cells.values())):
        for column in set(keys) - set(DIMENSIONS):
            yield Problem(
                f"{place}.where.{column}", "an unknown column", f"one of {', '.join(DIMENSIONS)}",
                propose_name(column, DIMENSIONS, "name one of these"),
            )  # fmt: skip
    places = set(PLACES[answer.rule]) | set(answer.cells)
    for outcome in needed:
        for language in LANGUAGES:
            text = "" if getattr(answer, outcome) is None else answer.sentence(outcome).of(language)
            yield from _check_sentence(text, places, f"{place}.{outcome}.{language}")


def _check_sentence(text: str, places: Collection[str], place: str) -> Iterator[Problem]:
    """Yield what is wrong with a sentence: places that nothing fills, and digits."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        yield Problem(place, "a brace without its other half", "places written as {name}", "correct it")
        return
    for _, name, spec, conversion in parts:
        if name is not None and (name not in places or spec or conversion):
            yield Problem(
                place, f"the place {{{name}}}", f"places of {', '.join(sorted(places))}",
                propose_name(name, sorted(places), "name one of these"),
            )  # fmt: skip
    digits = find_digits("\n".join(part[0] for part in parts))
    if digits:
        yield Problem(place, f"the digits {digits}", "no number of its own, years aside", "name the cell that holds it")

"""Known distributions of the population, by question: read, checked, and matched with the answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from si_eval.errors import InputError, Problem
from si_eval.survey.answers import Survey
from si_eval.survey.intervals import Floats
from si_eval.survey.questionnaire import SINGLE, Question

REST = "rest"
COLUMNS = ("question", "category", "count")


@dataclass(frozen=True)
class Margin:
    """The classes of one question: names, tidy keys, numbers in the population, and which respondents are in which.

    ``members`` has a row a respondent who answered, a column a class; ``counts`` has shape (classes,).
    """

    question: Question
    names: tuple[str, ...]
    counts: Floats
    members: pd.DataFrame

    @property
    def shares(self) -> Floats:
        """Give the shares of the population, shape (classes,)."""
        return self.counts / self.counts.sum()


def read_margins(survey: Survey, source: pd.DataFrame | str | Path, argument: str) -> list[Margin]:
    """Read margins from a CSV file or a frame with the columns ``question, category, count``.

    A category is an option's code, class or label, several joined by ``+``, or ``rest`` for all options that no other
    category of the question names. Instead of ``count`` the columns ``share`` and ``total`` may be given. Raises
    `InputError` with every problem. The frame is left as it is.
    """
    where = "margins" if isinstance(source, pd.DataFrame) else Path(source).name
    frame = source.copy() if isinstance(source, pd.DataFrame) else pd.read_csv(source, dtype={"category": str})
    if "count" not in frame and {"share", "total"} <= set(frame):
        frame["count"] = frame["share"] * frame["total"]
    lacking = [name for name in COLUMNS if name not in frame]
    if lacking:
        found = Problem(where, f"no {', '.join(lacking)}", f"columns {', '.join(COLUMNS)}", "add them")
        raise InputError([found], what=f"the {argument}")
    margins, problems = [], []
    for name, rows in frame.groupby("question", sort=False):
        question = next((one for one in survey.questionnaire.questions if one.id == str(name)), None)
        if question is None or question.kind != SINGLE:
            known = ", ".join(one.id for one in survey.questionnaire.questions if one.kind == SINGLE)
            problems.append(Problem(where, repr(name), f"one of {known}", "name one of these", column="question"))
            continue
        codes, faults = _codes_of(question, [str(category) for category in rows["category"]], where)
        counts = pd.to_numeric(rows["count"], errors="coerce").to_numpy(dtype="float64")
        if not (np.isfinite(counts).all() and (counts >= 0).all() and counts.sum() > 0):
            expected = "numbers from 0 that do not all vanish"
            faults.append(
                Problem(where, "counts that are missing or negative", expected, "correct them", column=str(name))
            )
        problems += faults
        if not faults:
            margins.append(_margin(survey, question, codes, counts))
    if problems:
        raise InputError(problems, what=f"the {argument}")
    return margins


def _codes_of(question: Question, categories: list[str], where: str) -> tuple[dict[str, list[str]], list[Problem]]:
    """Match categories with options; every option with content goes in one class."""
    by_name = {
        name: option.code
        for option in question.options
        for name in (option.nl, option.en, option.in_class, option.code)
        if name
    }
    codes: dict[str, list[str]] = {}
    problems: list[Problem] = []
    for category in categories:
        parts = [] if category == REST else [category] if category in by_name else category.split("+")
        unknown = [part for part in parts if part not in by_name]
        if unknown:
            expected = f"options of {question.id}, or {REST}"
            problems.append(Problem(where, ", ".join(unknown), expected, "correct them", column=question.id))
        codes[category] = [by_name[part] for part in parts if part in by_name]
    named = [code for group in codes.values() for code in group]
    content = [option.code for option in question.options if not option.missing]
    if REST in codes:
        codes[REST] = [code for code in content if code not in named]
    problems += _class_problems(question, codes, len(categories), content, where)
    return codes, problems


def _class_problems(
    question: Question, codes: dict[str, list[str]], number: int, content: list[str], where: str
) -> Iterator[Problem]:
    every = [code for group in codes.values() for code in group]
    twice = sorted({code for code in every if every.count(code) > 1})
    if twice or len(codes) < number:
        yield Problem(
            where, f"options in two classes: {', '.join(twice)}", "each once", "correct them", "", question.id
        )
    missing = [code for code in content if code not in every]
    if missing:
        found = f"no class for options {', '.join(missing)}"
        yield Problem(where, found, "a class for each", f"add them, or a class `{REST}`", column=question.id)


def _margin(survey: Survey, question: Question, codes: dict[str, list[str]], counts: Floats) -> Margin:
    table = survey.choices(question, base="known")
    members = pd.DataFrame({name: table[group].any(axis=1) for name, group in codes.items()}, index=table.index)
    return Margin(question, tuple(codes), counts, members.astype(bool))

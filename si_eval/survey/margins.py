"""Margins: known distributions of the population by question, read, checked and matched with the answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from si_eval.errors import InputError, Problem
from si_eval.results import ResultTable, SafeTable, Simulation
from si_eval.stats import FloatArray
from si_eval.survey.answers import Survey
from si_eval.survey.population_counts import count_classes
from si_eval.survey.questionnaire import SINGLE, Question
from si_eval.vocabulary import INDICATOR

REST = "rest"
COLUMNS = ("question", "category", "count")
StageTable: TypeAlias = ResultTable | SafeTable
PopulationSource: TypeAlias = pd.DataFrame | str | Path | StageTable | list[StageTable] | tuple[StageTable, ...]


@dataclass(frozen=True)
class Margin:
    """The classes of one question: names, tidy keys, numbers in the population, and which respondents are in which.

    ``members`` has a row a respondent who answered, a column a class; ``counts`` has shape (classes,).
    """

    question: Question
    names: tuple[str, ...]
    counts: FloatArray
    members: pd.DataFrame

    @property
    def shares(self) -> FloatArray:
        """Return the shares of the population, shape (classes,)."""
        return self.counts / self.counts.sum()

    def pool_small_classes(self, min_respondents: int) -> Margin:
        """Return the margin with every class that has fewer respondents, and the rest, as one class ``rest``."""
        small = (self.members.sum().to_numpy() < min_respondents) | (np.array(self.names) == REST)
        if not small.any() or (small.sum() == 1 and REST in self.names):
            return self
        large = [name for name, is_small in zip(self.names, small, strict=True) if not is_small]
        members = self.members[large].assign(**{REST: self.members.loc[:, small].any(axis=1)})
        return Margin(self.question, (*large, REST), np.append(self.counts[~small], self.counts[small].sum()), members)


def read_margins(survey: Survey, source: PopulationSource, argument: str, *, year: int | None = None) -> list[Margin]:
    """Read margins from a CSV file, a frame with the columns ``question, category, count``, or tables of counts.

    A category is an option's code, class or label, several joined by ``+``, or ``rest`` for all options that no other
    category of the question names. Instead of ``count`` the columns ``share`` and ``total`` may be given. Of tables, or
    a tidy frame, the counts of participants by class are taken (see `count_classes`). Raises `InputError` with every
    problem. The frame is left as it is. Where tables withhold so much that a question's total is not known, all its
    counts are missing.
    """
    where = Path(source).name if isinstance(source, str | Path) else "margins"
    frame = _as_frame(survey, source, year)
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
        if _is_tidy(source) and np.isnan(counts).any():
            margins.append(_margin(survey, question, codes, np.full(len(codes), np.nan)))
            continue
        if not (np.isfinite(counts).all() and (counts >= 0).all() and counts.sum() > 0):
            expected = "numbers from 0 that do not all vanish"
            faults.append(
                Problem(where, "counts that are missing or negative", expected, "correct them", column=str(name))
            )
        problems += faults
        if not faults:
            margins.append(_margin(survey, question, codes, counts))
    if not margins and not problems:
        classed = ", ".join(one.id for one in survey.questionnaire.questions if one.dimension) or "none"
        problems.append(
            Problem(
                where,
                "no counts for any question",
                f"counts of participants in the classes of a question with a dimension: {classed}",
                "give counts by sector or size class, or give the question its `dimension`",
            )
        )
    if problems:
        raise InputError(problems, what=f"the {argument}")
    return margins


def empty_margins(survey: Survey) -> list[Margin]:
    """Return the margins of every question with a dimension, with missing counts of the population."""
    margins = []
    for question in survey.questionnaire.questions:
        if question.dimension and question.kind == SINGLE:
            codes = {option.in_class or option.code: [option.code] for option in question.options if not option.missing}
            margins.append(_margin(survey, question, codes, np.full(len(codes), np.nan)))
    return margins


def find_simulation(source: PopulationSource | None) -> Simulation | None:
    """Return the simulation that the counts come from; None where they are not simulated."""
    tables = source if isinstance(source, list | tuple) else [source]
    marks = [table.simulation for table in tables if isinstance(table, ResultTable | SafeTable)]
    return next((mark for mark in marks if mark is not None), None)


def _as_frame(survey: Survey, source: PopulationSource, year: int | None) -> pd.DataFrame:
    """Return the margins as a new data frame, from a file, a frame or tables of a stage."""
    if isinstance(source, str | Path):
        return pd.read_csv(source, dtype={"category": str})
    if isinstance(source, pd.DataFrame) and not _is_tidy(source):
        return source.copy()
    tables = source if isinstance(source, list | tuple) else [source]
    frames = [table if isinstance(table, pd.DataFrame) else table.to_frame() for table in tables]
    return count_classes(survey.questionnaire, pd.concat(frames, ignore_index=True), year=year, rest=REST)


def _is_tidy(source: PopulationSource) -> bool:
    """Whether the source is tidy: tables of a stage, or a frame of their rows."""
    if isinstance(source, pd.DataFrame):
        return INDICATOR in source
    return not isinstance(source, str | Path)


def _codes_of(question: Question, categories: list[str], where: str) -> tuple[dict[str, list[str]], list[Problem]]:
    """Match categories with options: codes by category, and what does not fit."""
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
    """List options that are in two classes, and options with content that are in none."""
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


def _margin(survey: Survey, question: Question, codes: dict[str, list[str]], counts: FloatArray) -> Margin:
    """Build a margin, with the respondents of each class."""
    table = survey.choices(question, base="known")
    members = pd.DataFrame({name: table[group].any(axis=1) for name, group in codes.items()}, index=table.index)
    return Margin(question, tuple(codes), counts, members.astype(bool))

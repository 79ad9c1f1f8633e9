"""Margins: known distributions of the population by question, read, checked and matched with the answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from si_eval.errors import InputError, Problem, StudyError
from si_eval.results import ResultTable, SafeTable, Simulation
from si_eval.stats import FloatArray
from si_eval.survey.answers import Survey
from si_eval.survey.population_counts import count_classes
from si_eval.survey.questionnaire import SINGLE, Question
from si_eval.text_input.small_tables import SmallTable, read_numbers, read_small_table
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
    table, counts_of, problems = _read_counts(survey, source, argument, year)
    where, frame = table.where, table.frame
    margins: list[Margin] = []
    for name, rows in frame.groupby("question", sort=False):
        question = next((one for one in survey.questionnaire.questions if one.id == str(name)), None)
        if question is None or question.kind != SINGLE:
            known = ", ".join(one.id for one in survey.questionnaire.questions if one.kind == SINGLE)
            problems.append(Problem(where, repr(name), f"one of {known}", "name one of these", column="question"))
            continue
        codes, faults = _codes_of(question, rows["category"].tolist(), where)
        counts = counts_of[rows.index].to_numpy(dtype="float64")
        if _is_tidy(source) and np.isnan(counts).any():
            margins.append(_margin(survey, question, codes, np.full(len(codes), np.nan)))
            continue
        if not ((counts >= 0).all() and counts.sum() > 0):
            wrong = int(np.isnan(counts).sum() + (counts < 0).sum()) or len(counts)
            found = "counts that are missing or negative" if wrong < len(counts) or counts.any() else "counts of 0 only"
            expected = "numbers from 0 that do not all vanish"
            faults.append(Problem(where, found, expected, "correct them", column=str(name), count=wrong))
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


def _read_counts(
    survey: Survey, source: PopulationSource, argument: str, year: int | None
) -> tuple[SmallTable, pd.Series, list[Problem]]:
    """Read the margins as texts, their counts as numbers, and list the numbers that cannot be read.

    Raises `InputError` where a column is missing or there is no row.
    """
    table = read_small_table(_as_source(survey, source, argument, year), what=argument)
    by_share = "count" not in table.frame and {"share", "total"} & set(table.frame.columns)
    numbers = ("share", "total") if by_share else ("count",)
    needed = (*COLUMNS[:-1], *numbers)
    lacking = [name for name in needed if name not in table.frame]
    if lacking:
        found = Problem(table.where, f"no {', '.join(lacking)}", f"columns {', '.join(needed)}", "add them")
        raise InputError([found], what=f"the {argument}")
    if table.frame.empty and not _is_tidy(source):
        found = Problem(table.where, "no rows", "a row for each class", "give the counts of the population")
        raise InputError([found], what=f"the {argument}")
    read = [read_numbers(table, name) for name in numbers]
    counts = read[0].values * read[1].values if by_share else read[0].values
    problems = [problem for column in read for problem in column.problems]
    if by_share and not read[0].problems and (read[0].values > 1).any():
        wrong, expected = "shares above 1", "shares from 0 to 1"
        problems.append(Problem(table.where, wrong, expected, "divide percentages by 100", column="share"))
    return table, counts, problems


def _as_source(survey: Survey, source: PopulationSource, argument: str, year: int | None) -> pd.DataFrame | str | Path:
    """Return a file or a frame of margins as it is, and those of tables of a stage as a frame."""
    if isinstance(source, str | Path) or (isinstance(source, pd.DataFrame) and not _is_tidy(source)):
        if year is not None:
            raise StudyError(
                f"year: found {year!r} with counts that have no year; expected it with tables of a stage; leave it out"
            )
        return source
    tables = source if isinstance(source, list | tuple) else [source]
    strange = [table for table in tables if not isinstance(table, pd.DataFrame | ResultTable | SafeTable)]
    if strange or not tables:
        found = type(strange[0]).__name__ if strange else "an empty list"
        raise StudyError(
            f"{argument}: found {found}; expected a data frame, the path of a CSV file, or tables; give one"
        )
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
            found = ", ".join(part or "no category" for part in unknown)
            problems.append(Problem(where, found, expected, "correct them", column=question.id))
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
        found = f"options in two classes: {', '.join(twice)}" if twice else f"{number - len(codes)} classes twice"
        yield Problem(where, found, "each once", "correct them", column=question.id)
    missing = [code for code in content if code not in every]
    if missing:
        found = f"no class for options {', '.join(missing)}"
        yield Problem(where, found, "a class for each", f"add them, or a class `{REST}`", column=question.id)


def _margin(survey: Survey, question: Question, codes: dict[str, list[str]], counts: FloatArray) -> Margin:
    """Build a margin, with the respondents of each class."""
    table = survey.choices(question, base="known")
    members = pd.DataFrame({name: table[group].any(axis=1) for name, group in codes.items()}, index=table.index)
    return Margin(question, tuple(codes), counts, members.astype(bool))

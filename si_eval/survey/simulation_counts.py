"""The counts that responses are simulated from: read from a file and checked against the questionnaire."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from si_eval.errors import InputError, Problem
from si_eval.survey.questionnaire import SINGLE, Question, Questionnaire
from si_eval.survey.questionnaire_file import NUMBER, Section, list_entries, section_problems
from si_eval.text_input.toml_files import read_toml
from si_eval.vocabulary import ALL

MAX_RESPONDENTS = 1_000_000
ROWS = "rows"
SECTIONS = {
    "simulation": Section(
        {"name": str, "source": str, "respondents": int, "questions": dict, "published_results": list},
        ("name", "respondents", "questions"),
    ),
    "question": Section(
        {
            **{"published": dict, "assumed": dict, "reason": str, "figures": list, "rows": dict},
            **{"by": str, "values": dict, "published_cells": list, "published_classes": list, "published_all": bool},
        },
        (),
    ),
}


def read_counts(questionnaire: Questionnaire, path: str | Path) -> dict[str, Any]:
    """Read and check the counts of a simulation."""
    content = read_toml(path, what="counts")
    path = Path(path)
    problems = list(section_problems(content, SECTIONS["simulation"], path.name, ""))
    known = [question.id for question in questionnaire.questions]
    questions = content.get("questions", {})
    for name, entry in questions.items() if isinstance(questions, dict) else ():
        place = f"questions.{name}"
        if name not in known:
            problems.append(
                Problem(path.name, "no such question", f"one of {', '.join(known)}", "correct it", "", place)
            )
            continue
        shape = list(_shape_problems(entry, path.name, place))
        problems += shape
        if not shape:
            problems += _code_problems(questionnaire.question(name), questionnaire, entry, path.name, place)
    number = content.get("respondents")
    if type(number) is int and not 1 <= number <= MAX_RESPONDENTS:
        expected = f"a number from 1 to {MAX_RESPONDENTS}"
        problems.append(Problem(path.name, repr(number)[:80], expected, "correct it", column="respondents"))
    if any(not isinstance(cell, dict) for cell in list_entries(content, "published_results")):
        problems.append(
            Problem(path.name, "results that are no tables of keys", "tables", "correct them", "", "published_results")
        )
    if problems:
        raise InputError(problems, what=f"the counts {path.name}")
    return content


def _shape_problems(entry: Any, where: str, place: str) -> Iterator[Problem]:
    """List what is wrong with the keys of the counts of one question, and of its rows."""
    yield from section_problems(entry, SECTIONS["question"], where, place)
    if not isinstance(entry, dict):
        return
    if not any(key in entry for key in ("published", ROWS, "values")) and "reason" not in entry:
        yield Problem(where, "assumed counts without a reason", "a reason", "say why these counts", column=place)
    rows, values = entry.get(ROWS, {}), entry.get("values", {})
    for name, row in rows.items() if isinstance(rows, dict) else ():
        yield from section_problems(row, SECTIONS["question"], where, f"{place}.rows.{name}")
    for name, numbers in values.items() if isinstance(values, dict) else ():
        if not isinstance(numbers, list):
            yield Problem(where, repr(numbers)[:80], "a list of numbers", "correct it", column=f"{place}.values.{name}")


def _code_problems(
    question: Question, questionnaire: Questionnaire, entry: Mapping[str, Any], where: str, place: str
) -> Iterator[Problem]:
    """List codes and rows that the question does not have, and counts that are no whole numbers."""
    codes = {option.code for option in question.options}
    parts = [entry, *entry.get(ROWS, {}).values()]
    for counts in [part.get(kind, {}) for part in parts for kind in ("published", "assumed")]:
        unknown = sorted(set(counts) - codes)
        if unknown:
            yield Problem(where, ", ".join(unknown), f"codes of {question.id}", "correct them", column=place)
        if any(type(count) is not int or not 0 <= count <= MAX_RESPONDENTS for count in counts.values()):
            expected = f"whole numbers from 0 to {MAX_RESPONDENTS}"
            yield Problem(where, "counts that are no whole numbers, or too large", expected, "correct them", "", place)
    known = codes | {net.id for net in question.nets}
    named = {str(name) for part in parts for name in part.get("published_cells", ())}
    if named - known:
        found = ", ".join(sorted(named - known))
        yield Problem(where, found, f"codes or nets of {question.id}", "correct them", column=place)
    rows = {row.id for row in questionnaire.rows_of(question)}
    if set(entry.get(ROWS, {})) - rows:
        found = ", ".join(sorted(set(entry[ROWS]) - rows))
        yield Problem(where, found, f"rows among {', '.join(sorted(rows))}", "correct them", column=f"{place}.rows")
    for values in entry.get("values", {}).values():
        if any(isinstance(one, bool) or not isinstance(one, NUMBER) or not math.isfinite(one) for one in values):
            yield Problem(where, "values that are no numbers", "numbers", "correct them", column=f"{place}.values")
    yield from _class_problems(question, questionnaire, entry, where, place)


def _class_problems(
    question: Question, questionnaire: Questionnaire, entry: Mapping[str, Any], where: str, place: str
) -> Iterator[Problem]:
    """List what is wrong with the question whose classes divide the values of a number."""
    if "by" not in entry:
        named = set(entry.get("values", {})) - {ALL}
        if named:
            yield Problem(where, ", ".join(sorted(named)), f"values of `{ALL}` without `by`", "add `by`", column=place)
        return
    earlier = questionnaire.questions[: questionnaire.questions.index(question)]
    known = [one.id for one in earlier if one.kind == SINGLE]
    if entry["by"] not in known:
        expected = f"an earlier question with one answer: {', '.join(known) or 'there is none'}"
        yield Problem(where, repr(entry["by"])[:80], expected, "name one of these", column=f"{place}.by")
        return
    codes = {option.code for option in questionnaire.question(entry["by"]).options}
    named = {str(code) for code in (*entry.get("values", {}), *entry.get("published_classes", ()))}
    if named - codes:
        found = ", ".join(sorted(named - codes))
        yield Problem(where, found, f"codes of {entry['by']}", "correct them", column=place)

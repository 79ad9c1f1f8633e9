"""What is wrong with the content of a study file, told with the place of each value and what to do."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from pydantic import BaseModel, ValidationError

from si_eval.errors import InputError, Problem, SiEvalError, propose_name
from si_eval.study.declared import DeflatorSpec, GroupSpec, IndicatorSpec, SplitSpec
from si_eval.study.specification import (
    AcceptedCheck,
    Border,
    ChapterSpec,
    Engine,
    ExhibitSpec,
    ExtractSource,
    Facts,
    LookupSpec,
    Published,
    Rules,
    StudyFile,
    SurveyFiles,
)
from si_eval.study.values import Refusal, Titles
from si_eval.text_input.toml_files import has_control_characters

PARTS: Mapping[str, type[BaseModel]] = {
    "extract": ExtractSource,
    "accept": AcceptedCheck,
    "lookup": LookupSpec,
    "engine": Engine,
    "disclosure": Border,
    "published": Published,
    "rules": Rules,
    "title": Titles,
    "exhibits": ExhibitSpec,
    "chapters": ChapterSpec,
    "indicators": IndicatorSpec,
    "splits": SplitSpec,
    "groups": GroupSpec,
    "deflators": DeflatorSpec,
    "survey": SurveyFiles,
    "facts": Facts,
}
EXPECTED = {  # the kind of an error of the validator -> what a study file needs there
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "finite_number": "a finite number",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "missing": "this key",
}
FIRST_WHOLE, LAST_WHOLE = -(2**63), 2**63 - 1  # the whole numbers of TOML
ENDLESS = "a whole number of more than 64 bits"
MAX_SHOWN = 80  # characters of a value in a message


@dataclass(frozen=True)
class Origin:
    """Where an exhibit was written: the file, and its place among the exhibits there."""

    file: str
    place: int


Place = tuple[int | str, ...]


def show(value: object) -> str:
    """Write a value of a study file as short as a message can bear."""
    try:
        text = repr(value)
    except ValueError:  # a whole number of thousands of digits, or something that holds one
        return ENDLESS
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def is_whole(value: object) -> bool:
    """Whether a value is a whole number of TOML."""
    return isinstance(value, int) and not isinstance(value, bool) and FIRST_WHOLE <= value <= LAST_WHOLE


def locate(place: Place, name: str, origins: Sequence[Origin]) -> str:
    """Write a place in a study file or, for an exhibit of a part, in the file of that part."""
    if len(place) > 1 and place[0] == "exhibits" and isinstance(place[1], int) and place[1] < len(origins):
        origin = origins[place[1]]
        name, place = origin.file, ("exhibits", origin.place, *place[2:])
    return f"{name}, {'.'.join(str(part)[:MAX_SHOWN] for part in place)}" if place else name


def check_values(content: Mapping[str, Any], name: str, origins: Sequence[Origin]) -> list[Problem]:
    """List the values that no study file has: dates, numbers without end, characters that do not print."""
    problems = []
    for place, value in _walk(content):
        found = _check_value(value, place)
        if found is not None:
            problems.append(replace(found, where=locate(place, name, origins)))
    return problems


def _walk(content: object) -> Iterator[tuple[Place, object]]:
    """Yield every key and every value within tables and lists, with its place."""
    waiting: list[tuple[Place, object]] = [((), content)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, Mapping):
            yield from ((place, key) for key in value if has_control_characters(key))
            waiting += [((*place, key), one) for key, one in reversed(list(value.items()))]
        elif isinstance(value, list):
            waiting += [((*place, number), one) for number, one in reversed(list(enumerate(value)))]
        else:
            yield place, value


def _check_value(value: object, place: Place) -> Problem | None:
    """Return what is wrong with one value; the settings of a rule set check their numbers themselves."""
    if isinstance(value, date | datetime | time):
        return Problem("", f"a date or time, {value}", "a text or a number", "write it in quotes, or as a year")
    if isinstance(value, str) and has_control_characters(value):
        return Problem("", show(value), "a text without control characters", "write it anew")
    if isinstance(value, int) and not isinstance(value, bool) and not is_whole(value):
        return Problem("", ENDLESS, "a number that can be", "correct this value")
    if isinstance(value, float) and not math.isfinite(value) and place[:1] != ("rules",):
        return Problem("", repr(value), "a finite number", "correct this value")
    return None


def list_problems(error: ValidationError, content: Mapping[str, Any], name: str, origins: Sequence[Origin]) -> list[
    Problem
]:  # fmt: skip
    """Turn the validator's errors into problems that say where and what to do, one a place."""
    problems: dict[str, Problem] = {}
    for entry in error.errors(include_url=False):
        place = _plain_place(entry["loc"], content)
        if place is None:
            continue
        where = locate(place, name, origins)
        if entry["type"] == "extra_forbidden":
            known = _known_keys(place)
            action = propose_name(place[-1], known, "remove it")
            problem = Problem(where, "an unknown key", f"one of {', '.join(known)}", action)
        else:
            found = "nothing" if entry["type"] == "missing" else show(entry["input"])
            refusal = entry.get("ctx", {}).get("error")
            if isinstance(refusal, Refusal):
                problem = Problem(where, found, refusal.expected, refusal.action)
            else:
                action = "add it" if entry["type"] == "missing" else "correct this value"
                problem = Problem(where, found, _expected(entry, place), action)
        problems.setdefault(where, problem)
    return list(problems.values())


def _plain_place(place: Place, content: Mapping[str, Any]) -> Place | None:
    """Return a place without the names of types that the validator puts in; None where another error says the same."""
    if place[:1] == ("rules",) and len(place) > 1:
        if not isinstance(content["rules"], dict):
            return ("rules",)
        return None if place[1] == "str" else ("rules", *place[2:])
    if place[:1] == ("labels",) and len(place) > 1:
        return _place_of_labels(place, content["labels"])
    if place[:2] == ("extract", "files") and len(place) > 3:
        pattern = content["extract"]["files"][place[2]]
        as_text = str(place[3]).startswith("function-after[check_pattern") or place[3] == "str"
        if as_text == isinstance(pattern, list):
            return None
        return (*place[:3], *(part for part in place[4:] if isinstance(part, int)))
    return place[:-1] if place[-1:] == ("[key]",) else place


def _place_of_labels(place: Place, given: object) -> Place | None:
    """Return a place in the labels, which are a file, several, or a table of texts: as what they are."""
    several = "dict[" if isinstance(given, Mapping) else "function-after[check_some"
    kind = several if isinstance(given, Mapping | list) else "function-after[check_path"
    return ("labels", *place[2:]) if str(place[1]).startswith(kind) else None


def _expected(entry: Any, place: Place) -> str:
    """Say what a study file needs at a place."""
    if place == ("rules",):
        return "the name of a rule set, or a table with its base"
    if place[:2] == ("extract", "files"):
        return "a pattern, or a list of patterns"
    if entry["type"] == "literal_error":
        return f"one of {entry['ctx']['expected']}"
    return EXPECTED.get(entry["type"], str(entry["msg"]).removeprefix("Input should be ").lower())


def _known_keys(place: Place) -> list[str]:
    """List the keys that are known at a place in the study file."""
    model: type[BaseModel] = StudyFile
    for part in place[:-1]:
        model = PARTS.get(str(part), model)
    return list(model.model_fields)


def explain(error: SiEvalError, place: str) -> list[Problem]:
    """Return an error as problems at a place of a study file."""
    if isinstance(error, InputError):
        return [replace(problem, where=f"{place}, {problem.where}") for problem in error.problems]
    found, _, rest = str(error).partition("; ")
    expected, _, action = rest.partition("; ")
    before, mark, after = found.partition("found ")
    expected = expected.removeprefix("expected ") or "what is possible"
    return [Problem(place, after if mark else before, expected, action or "correct it")]

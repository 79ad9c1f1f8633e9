"""Checks what a study file asks of the functions of its exhibits, before anything is read or computed."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from si_eval.errors import InputError, Problem, SiEvalError, propose_name
from si_eval.report.specification import Chart
from si_eval.study.catalogue import COUNTS, EXHIBIT_FUNCTIONS, FACTS, PATHS, SETTINGS, SURVEY
from si_eval.study.file import ExhibitSpec, Study

WORDS: dict[Any, tuple[str, str]] = {  # a type of the language -> one and several, as a study file calls them
    str: ("a text", "texts"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    bool: ("true or false", "values true or false"),
    Path: ("the path of a file", "paths of files"),
}


def check_exhibits(study: Study, exhibits: Sequence[ExhibitSpec] | None = None, *, missing: Sequence[str] = ()) -> None:
    """Raise `InputError` with everything that is wrong with functions, arguments and charts of exhibits.

    ``exhibits`` are all of the study unless given; none may need an input that is ``missing``.
    """
    problems = []
    for exhibit in study.file.exhibits if exhibits is None else exhibits:
        place = f"{study.path.name}, exhibit {exhibit.id}"
        problems += _check_function(exhibit, study, place, missing)
        problems += _check_chart(exhibit, f"{place}, chart")
    if problems:
        raise InputError(problems, what=f"the study file {study.path.name}")


def _check_function(exhibit: ExhibitSpec, study: Study, place: str, missing: Sequence[str]) -> list[Problem]:
    """List what is wrong with the function of an exhibit, its inputs and its arguments."""
    entry = EXHIBIT_FUNCTIONS.get(exhibit.function)
    if entry is None:
        action = propose_name(exhibit.function, EXHIBIT_FUNCTIONS, "name one of these")
        known = ", ".join(EXHIBIT_FUNCTIONS)
        return [Problem(place, f"function {exhibit.function!r}", f"one of {known}", action)]
    problems = [problem for name in entry.inputs if (problem := _check_input(name, study, place, missing)) is not None]
    parameters = _parameters(entry.function, skip=len(entry.inputs))
    problems += _check_values(parameters, exhibit.arguments, place, study)
    settings = exhibit.arguments.get(SETTINGS)
    if entry.settings is not None and isinstance(settings, Mapping):
        own = [parameter for parameter in _parameters(entry.settings, skip=1) if parameter.name not in entry.reserved]
        problems += _check_values(own, settings, f"{place}, {SETTINGS}", study)
    return problems


def _check_input(name: str, study: Study, place: str, missing: Sequence[str]) -> Problem | None:
    """Return a problem where the study has no file for an input, or there is no panel where one is needed."""
    if name in missing:
        return Problem(place, f"no {name}", "it, because the function starts from it", "pass panel and linkage")
    if name == SURVEY and study.file.survey is None:
        return Problem(place, "no [survey] in the study", "a questionnaire and responses", "add [survey]")
    if name in FACTS and getattr(study.file.facts, name) is None:
        return Problem(place, f"no {name} in the study", "its file under [facts]", f"add `{name}` to [facts]")
    return None


def _check_chart(exhibit: ExhibitSpec, place: str) -> list[Problem]:
    """List what is wrong with the chart of an exhibit."""
    problems = _check_values(_parameters(Chart), exhibit.chart, place)
    if not problems:
        try:
            Chart(**exhibit.chart)
        except SiEvalError as error:
            found, _, rest = str(error).partition("; ")
            expected, _, action = rest.partition("; ")
            found, expected = found.partition("found ")[2] or found, expected.removeprefix("expected ")
            problems.append(Problem(place, found, expected, action or "correct it"))
    return problems


@dataclass(frozen=True)
class _Parameter:
    """A parameter of a function: its type, and whether it must be given."""

    name: str
    hint: Any
    required: bool


def _parameters(function: Callable[..., object], skip: int = 0) -> list[_Parameter]:
    """List the parameters of a function after the first ones, which are its inputs."""
    hints = get_type_hints(function)
    return [
        _Parameter(one.name, hints.get(one.name, Any), one.default is one.empty)
        for one in list(inspect.signature(function).parameters.values())[skip:]
    ]


def _check_values(
    parameters: Iterable[_Parameter], given: Mapping[str, Any], place: str, study: Study | None = None
) -> list[Problem]:
    """List the values that a function does not know, lacks or cannot take."""
    known = {parameter.name: parameter for parameter in parameters}
    problems = [
        Problem(
            f"{place}, {name}",
            "an unknown name",
            f"one of {', '.join(known)}" if known else "no arguments",
            propose_name(name, known, "remove it"),
        )
        for name in given
        if name not in known
    ]
    for name, parameter in known.items():
        if name not in given:
            if parameter.required:
                problems.append(Problem(f"{place}, {name}", "nothing", _describe(parameter.hint), "add it"))
            continue
        value = given[name]
        if study is not None and name in PATHS and isinstance(value, str):
            if not study.resolve(value).is_file():
                problems.append(Problem(f"{place}, {name}", f"no file {value}", "a file", "correct the path"))
        elif not _fits(value, parameter.hint):
            problems.append(
                Problem(f"{place}, {name}", repr(value)[:80], _describe(parameter.hint), "correct this value")
            )
    if study is not None and isinstance(given.get(COUNTS), list) and COUNTS in known:
        ids = [exhibit.id for exhibit in study.file.exhibits]
        problems += [
            Problem(f"{place}, {COUNTS}", repr(one), "ids of the study's exhibits that count participants by sector "
                    "or size class", propose_name(one, ids, "correct it"))
            for one in given[COUNTS]
            if one not in ids
        ]  # fmt: skip
    return problems


SIMPLE: dict[Any, tuple[type, ...]] = {  # a type of the language -> the types that a study file gives for it
    str: (str,), int: (int,), float: (int, float), bool: (bool,), Path: (str,),
}  # fmt: skip


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value of a study file is of a type; types that no check is known for fit."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, one) for one in arguments)
    if origin is Literal:
        return any(type(value) is type(one) and value == one for one in arguments)
    if origin is not None:
        return _fits_container(value, origin, arguments)
    if hint in SIMPLE:
        return isinstance(value, SIMPLE[hint]) and (hint is bool or not isinstance(value, bool))
    return hint is Any or not isinstance(hint, type) or isinstance(value, hint)


def _fits_container(value: Any, origin: type, arguments: tuple[Any, ...]) -> bool:
    """Whether a list or a table of a study file is of a container's type."""
    if issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(_fits(one, arguments[-1]) for one in value.values())
    if not isinstance(value, list):
        return False
    if issubclass(origin, tuple) and Ellipsis not in arguments:
        return len(value) == len(arguments) and all(map(_fits, value, arguments))
    return all(_fits(one, arguments[0]) for one in value)


def _describe(hint: Any) -> str:
    """Describe a type as a study file would call it."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        known = [one for one in arguments if get_origin(one) is not None or one in WORDS]
        return " or ".join(dict.fromkeys(map(_describe, known))) or "nothing: a study file cannot give it"
    if origin is Literal:
        return f"one of {', '.join(map(repr, arguments))}"
    return WORDS.get(hint, ("a value", ""))[0] if origin is None else _describe_container(origin, arguments)


def _describe_container(origin: type, arguments: tuple[Any, ...]) -> str:
    """Describe a list or a table as a study file would call it."""
    if issubclass(origin, Mapping):
        return "a table"
    if issubclass(origin, tuple) and Ellipsis not in arguments:
        return f"a list of {len(arguments)} values: {', '.join(map(_describe, arguments))}"
    return f"a list of {WORDS[arguments[0]][1]}" if arguments[0] in WORDS else "a list"

"""Checks what a study file asks of the functions of its exhibits, before anything is read or computed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

from si_eval.errors import InputError, Problem, SiEvalError, StudyError, propose_name
from si_eval.report.specification import Chart
from si_eval.study.argument_types import describe, fits
from si_eval.study.catalogue import COUNTS, EXHIBIT_FUNCTIONS, FACTS, PATHS, REGISTERS, SETTINGS, SURVEY
from si_eval.study.file import ExhibitSpec, Study
from si_eval.study.register_arguments import check_limits, check_register_names
from si_eval.study.shape import explain, show
from si_eval.study.specification import is_direct
from si_eval.text_input.toml_files import require_file
from si_eval.vocabulary import GROUP, GROUPS, KEYS, N_TOTAL, STATISTIC, STATISTICS, TIDY, YEAR, is_labelled

MAY_BE_EMPTY = ("by", "covariates", COUNTS)  # lists of which nothing is a choice
TEXTS_OR_NUMBERS = "a text or a whole number, or a list of these"


def check_exhibits(study: Study, exhibits: Sequence[ExhibitSpec] | None = None, *, missing: Sequence[str] = ()) -> None:
    """Raise `InputError` with everything that is wrong with functions, arguments and charts of exhibits.

    ``exhibits`` are all of the study unless given; none may need an input that is ``missing``.
    """
    chosen = study.file.exhibits if exhibits is None else exhibits
    problems = [one for exhibit in chosen for one in check_exhibit(exhibit, study, missing=missing)]
    if problems:
        raise InputError(problems, what=f"the study file {study.path.name}")


def place_of(exhibit: ExhibitSpec, study: Study) -> str:
    """Name an exhibit as the place of a problem."""
    return f"{study.path.name}, exhibit {exhibit.id}"


def check_exhibit(
    exhibit: ExhibitSpec, study: Study, *, missing: Sequence[str] = (), broken: Collection[str] = ()
) -> list[Problem]:
    """List what is wrong with an exhibit: its function, arguments, rows and chart.

    The keys of the study file that are ``broken`` have problems of their own, so nothing is missing because of them.
    """
    place = place_of(exhibit, study)
    return [
        *_check_function(exhibit, study, place, missing, broken),
        *_check_select(exhibit, f"{place}, select"),
        *_check_chart(exhibit, f"{place}, chart"),
    ]


def _check_function(
    exhibit: ExhibitSpec, study: Study, place: str, missing: Sequence[str], broken: Collection[str]
) -> list[Problem]:
    """List what is wrong with the function of an exhibit, its inputs and its arguments."""
    entry = EXHIBIT_FUNCTIONS.get(exhibit.function)
    if entry is None:
        action = propose_name(exhibit.function, EXHIBIT_FUNCTIONS, "name one of these")
        known = ", ".join(EXHIBIT_FUNCTIONS)
        return [Problem(place, f"function {show(exhibit.function)}", f"one of {known}", action)]
    found = [_check_input(name, study, place, missing, broken) for name in entry.inputs]
    problems = [problem for problem in found if problem is not None]
    parameters = _parameters(entry.function, skip=len(entry.inputs))
    problems += _check_values(parameters, exhibit.arguments, place, study)
    settings = exhibit.arguments.get(SETTINGS)
    if entry.settings is not None and isinstance(settings, Mapping):
        own = [parameter for parameter in _parameters(entry.settings, skip=1) if parameter.name not in entry.reserved]
        problems += _check_values(own, settings, f"{place}, {SETTINGS}", study)
    problems += check_limits(exhibit.arguments, place)
    if set(REGISTERS) & set(entry.inputs):
        direct = is_direct(study.file)
        problems += check_register_names(exhibit.function, exhibit.arguments, place, study.declared, direct=direct)
    return problems


def _check_input(
    name: str, study: Study, place: str, missing: Sequence[str], broken: Collection[str]
) -> Problem | None:
    """Return a problem where the study has no file for an input, or there is no panel where one is needed."""
    if name in missing:
        return Problem(place, f"no {name}", "it, because the function starts from it", "pass panel and linkage")
    if name == SURVEY and study.file.survey is None and "survey" not in broken:
        return Problem(place, "no [survey] in the study", "a questionnaire and responses", "add [survey]")
    if name in FACTS and getattr(study.file.facts, name) is None and "facts" not in broken:
        return Problem(place, f"no {name} in the study", "its file under [facts]", f"add `{name}` to [facts]")
    return None


def _check_select(exhibit: ExhibitSpec, place: str) -> list[Problem]:
    """List what is wrong with the rows that an exhibit shows: unknown columns, and values that no row can have."""
    registers = set(REGISTERS) & set(getattr(EXHIBIT_FUNCTIONS.get(exhibit.function), "inputs", ()))
    known = [*TIDY, N_TOTAL]
    options = {GROUP: GROUPS, STATISTIC: STATISTICS} if registers else {}
    problems = []
    for column, kept in exhibit.select.items():
        where = f"{place}, {column}"
        values = kept if isinstance(kept, list) else [kept]
        if column not in known:
            problems.append(
                Problem(where, "an unknown column", f"one of {', '.join(KEYS[1:])}",
                        propose_name(column, known, "name a tidy column"))
            )  # fmt: skip
        elif not values or not all(fits(value, str | int) or isinstance(value, float) for value in values):
            problems.append(Problem(where, show(kept), TEXTS_OR_NUMBERS, "correct this value"))
        elif len({(type(value), value) for value in values}) < len(values):
            problems.append(Problem(where, show(kept), "each value once", "leave out the repetition"))
        elif column == YEAR and not all(isinstance(value, int) for value in values):
            problems.append(Problem(where, show(kept), "whole numbers, such as 2019", "write years without quotes"))
        else:
            problems += [
                Problem(where, show(value), f"one of {', '.join(options[column])}",
                        propose_name(value, options[column], "name one of these"))
                for value in values
                if column in options and value not in options[column]
            ]  # fmt: skip
    return problems


def _check_chart(exhibit: ExhibitSpec, place: str) -> list[Problem]:
    """List what is wrong with the chart of an exhibit."""
    problems = _check_values(_parameters(Chart), exhibit.chart, place)
    if not problems:
        try:
            Chart(**exhibit.chart)
        except SiEvalError as error:
            problems += explain(error, place)
        statistic = exhibit.chart.get(STATISTIC)
        if statistic is not None and statistic not in STATISTICS and not is_labelled(statistic):
            action = propose_name(statistic, STATISTICS, "name one of these")
            problems.append(
                Problem(f"{place}, {STATISTIC}", show(statistic), f"one of {', '.join(STATISTICS)}", action)
            )
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
                problems.append(Problem(f"{place}, {name}", "nothing", describe(parameter.hint), "add it"))
            continue
        problems += _check_value(parameter, given[name], f"{place}, {name}", study)
    if study is not None and isinstance(given.get(COUNTS), list) and COUNTS in known:
        ids = [exhibit.id for exhibit in study.file.exhibits]
        problems += [
            Problem(f"{place}, {COUNTS}", show(one), "ids of the study's exhibits that count participants by sector "
                    "or size class", propose_name(one, ids, "correct it"))
            for one in given[COUNTS]
            if one not in ids
        ]  # fmt: skip
    return problems


def _check_value(parameter: _Parameter, value: Any, place: str, study: Study | None) -> list[Problem]:
    """List what is wrong with one value: its type, a file that is none, a list of nothing or with a repetition."""
    if study is not None and parameter.name in PATHS and isinstance(value, str):
        try:
            require_file(study.resolve(value), what=parameter.name, expected="a file")
        except StudyError as error:
            return explain(error, place)
        return []
    if not fits(value, parameter.hint):
        return [Problem(place, show(value), describe(parameter.hint), "correct this value")]
    if isinstance(value, list) and not value and parameter.name not in MAY_BE_EMPTY:
        return [Problem(place, "an empty list", "one value at least", "add one, or leave the argument out")]
    if isinstance(value, list) and all(isinstance(one, str | int) for one in value) and len(set(value)) < len(value):
        return [Problem(place, show(value), "each value once", "leave out the repetition")]
    return []

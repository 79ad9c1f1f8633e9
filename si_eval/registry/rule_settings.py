"""The settings of rule sets: what each of them accepts, and what to do about anything else."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, TypeAlias

from si_eval.errors import Problem

Check: TypeAlias = tuple[Callable[[Any], Any], str, str]  # what gives the exact value or None; expected; what to do

INVESTMENT_RESPONSES = ("observed", "imputed")
OUTLIER_RULES = ("group_in_higher_class", "none")
SIZE_RULES = ("current", "base", "mean", "pre_mean", "end")
PERSONS = ("december", "two_decembers")
LIFETIMES = ("december", "whole_year")
BREAKS = ("ignore", "flag", "leave_out")
CLUSTERS = ("auto", "unit", "group")
MEAN_INTERVALS = ("skewness_adjusted", "student")
LEVEL_STATISTICS = ("mean", "median", "ratio_of_sums", "winsorised_mean", "mean_log")


WEIGHTS = ("none", "design")
BY_CELL, BY_YEAR_AND_SIZE = WINSORISED_BY = ("cell", "year_and_size")


def check_settings(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the settings under their exact types, and a problem for each that is wrong."""
    checked, problems = {}, []
    for name, value in settings.items():
        accept, expected, action = CHECKS[name]
        exact = accept(value)
        checked[name] = exact
        if exact is None:
            problems.append(Problem(where=f"rules.{name}", found=repr(value)[:80], expected=expected, action=action))
    return checked, problems


def _whole(low: int, high: float = math.inf) -> Callable[[Any], int | None]:
    """Return a check that gives a whole number in a range, or None."""

    def accept(value: Any) -> int | None:
        whole = isinstance(value, Integral) and not isinstance(value, bool) and low <= int(value) <= high
        return int(value) if whole else None

    return accept


def _number(in_range: Callable[[float], bool]) -> Callable[[Any], float | None]:
    """Return a check that gives a finite number in a range, or None."""

    def accept(value: Any) -> float | None:
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(float(value)):
            return None
        return float(value) if in_range(float(value)) else None

    return accept


def _several(options: tuple[str, ...]) -> Callable[[Any], tuple[str, ...] | None]:
    """Return a check that gives words in the order of the options, or None where they are not some of them, once."""

    def accept(value: Any) -> tuple[str, ...] | None:
        if not isinstance(value, tuple | list) or not value or not all(isinstance(one, str) for one in value):
            return None
        if len(set(value)) < len(value) or not set(value) <= set(options):
            return None
        return tuple(option for option in options if option in value)

    return accept


def _option(options: tuple[str, ...]) -> Callable[[Any], str | None]:
    """Return a check that gives one of some words, or None."""

    def accept(value: Any) -> str | None:
        return value if isinstance(value, str) and value in options else None

    return accept


def _one_of(options: tuple[str, ...]) -> Check:
    return _option(options), f"one of {', '.join(options)}", "name one of these"


# setting -> its check, what it expects, and what to do otherwise
CHECKS: dict[str, Check] = {
    "min_quarters": (_whole(1, 4), "a whole number from 1 to 4", "correct it"),
    "investment_responses": (
        _several(INVESTMENT_RESPONSES),
        f"one or more of {', '.join(INVESTMENT_RESPONSES)}, each once, in a tuple",
        'write ("observed",) for observed investments alone',
    ),
    "min_employed_persons": (
        _number(lambda value: value >= 0),
        "a number of persons, 0 or more",
        "write 0 for every unit with persons employed",
    ),
    "outliers": _one_of(OUTLIER_RULES),
    "outlier_fence": (
        _number(lambda value: value > 0),
        "a number of interquartile ranges above 0",
        'set outliers to "none" where no unit should leave',
    ),
    "outlier_min_units": (_whole(4), "a whole number of participants, 4 or more", "quartiles need four values"),
    "level": (
        _number(lambda value: 0 < value < 1),
        "a number between 0 and 1",
        "write 0.95 for 95 percent",
    ),
    "size_rule": _one_of(SIZE_RULES),
    "persons": _one_of(PERSONS),
    "alive": _one_of(LIFETIMES),
    "breaks": _one_of(BREAKS),
    "cluster": _one_of(CLUSTERS),
    "mean_interval": _one_of(MEAN_INTERVALS),
    "statistics": (
        _several(LEVEL_STATISTICS),
        f"one or more of {', '.join(LEVEL_STATISTICS)}, each once, in a tuple",
        'write ("mean", "median") for these two',
    ),
    "winsorise_by": _one_of(WINSORISED_BY),
    "weights": _one_of(WEIGHTS),
    "investment_years": (_whole(1, 5), "a whole number of years from 1 to 5", "write 3 for sums of three years"),
    "investment_lag": (_whole(-1, 1), "a whole number of years from -1 to 1", "write 1 for the survey of a year later"),
    "min_stratum_units": (_whole(2), "a whole number of units, 2 or more", "a variance needs two units"),
    "min_test_units": (_whole(2), "a whole number of units, 2 or more", "write 2 for a test in every cell"),
}

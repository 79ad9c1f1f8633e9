"""Names and bounds of arguments that are known before a register is read: indicators, columns, classes, years."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any, get_args

from si_eval.cells.comparisons import DONUT, SAME_CLASS
from si_eval.cells.compositions import COMPOSITIONS, CONTINUERS
from si_eval.cells.requests import VOCABULARIES
from si_eval.compare.selection import UNITS_OF_DIFFERENCE
from si_eval.effects.requests import ADJUSTMENTS, WEIGHTED_ADJUSTMENTS
from si_eval.effects.two_by_two import Method
from si_eval.errors import Problem, propose_name
from si_eval.registry import Declarations, indicators, sections, size_class_labels
from si_eval.registry.rule_settings import CLUSTERS, LEVEL_STATISTICS
from si_eval.study.shape import is_whole, show
from si_eval.vocabulary import (
    AGE,
    AGE_CLASS,
    ALL,
    BALANCE_STATISTICS,
    DIVISION,
    EMPLOYED_PERSONS,
    ENTRY_YEAR,
    GROUP_HIGHER_CLASS,
    GROUP_LARGER,
    INVESTMENT_STATUS,
    PARTICIPANT,
    QUARTERS,
    REVENUE,
    SECTOR,
    SHARED_GROUP,
    SIZE_CLASS,
    SIZE_CLASS_4,
    WEIGHT,
    YEAR,
    excluded,
)

FIRST_YEAR, LAST_YEAR = 1900, 2100
YEARS = ("year", "years", "base_year", "placebo_year")
INDICATORS = ("indicator", "outcome")
OF_CHAINS = ("describe_plausibility", "describe_unit_choice")  # functions that start from the tables of the contract
OF_FRAMES = (REVENUE, "revenue_per_employee", EMPLOYED_PERSONS, AGE)  # indicators of the registry that any register has
AGAINST = "against"  # the comparison groups of an exhibit
COMPARISONS = (ALL, SAME_CLASS, DONUT)  # that any panel has
NOTHING_DECLARED = Declarations()
SPLITS = (  # columns of the panel whose values are classes
    SIZE_CLASS, SIZE_CLASS_4, SECTOR, DIVISION, AGE_CLASS, GROUP_LARGER, GROUP_HIGHER_CLASS, SHARED_GROUP,
    INVESTMENT_STATUS,
)  # fmt: skip
NUMBERS = (AGE, EMPLOYED_PERSONS, REVENUE, WEIGHT, QUARTERS, ENTRY_YEAR)
OPTIONS: Mapping[str, Mapping[str, Collection[str]]] = {  # function -> argument -> its options in any panel
    "compare_groups": {
        "cluster": CLUSTERS,
        "composition": [one for one in COMPOSITIONS if one != CONTINUERS],
        "statistics": LEVEL_STATISTICS,
    },
    "index_series": {"cluster": CLUSTERS, "composition": COMPOSITIONS},
    "check_selection": {
        "cluster": CLUSTERS, "denominator": list(UNITS_OF_DIFFERENCE), "statistics": BALANCE_STATISTICS,
    },
    "estimate_effect": {"method": list(dict.fromkeys([*get_args(Method), *ADJUSTMENTS, *WEIGHTED_ADJUSTMENTS]))},
}  # fmt: skip
BOUNDS: Mapping[str, tuple[float, float, str]] = {  # argument -> lowest, highest, what it is called
    "seed": (0, 2**32 - 1, "a whole number from 0 to 4294967295"),
    "min_units": (1, 10**9, "a whole number of units, 1 or more"),
    "fewest": (0, 10**9, "a whole number of units, 0 or more"),
    "anticipation": (0, LAST_YEAR - FIRST_YEAR, "a number of years, 0 or more"),
    "population": (1, 10**12, "a number of units, 1 or more"),
}


def check_limits(given: Mapping[str, Any], place: str) -> list[Problem]:
    """List the arguments beyond their bounds, such as a coverage of 95 and a year that no register has."""
    problems = []
    for name, value in given.items():
        where = f"{place}, {name}"
        if isinstance(value, Mapping):
            problems += check_limits(value, where) if name == "settings" else []
        elif name == "level" and _is_number(value) and not 0 < value < 1:
            action = f"write {value / 100:g} for {value:g} percent" if 1 < value < 100 else "write 0.95 for 95 percent"
            problems.append(Problem(where, show(value), "a number between 0 and 1", action))
        elif name in YEARS:
            years = value if isinstance(value, list) else [value]
            problems += [
                Problem(where, show(year), f"a year from {FIRST_YEAR} to {LAST_YEAR}", "correct the year")
                for year in years
                if _is_number(year) and not FIRST_YEAR <= year <= LAST_YEAR
            ]
        elif name in BOUNDS and _is_number(value) and not BOUNDS[name][0] <= value <= BOUNDS[name][1]:
            problems.append(Problem(where, show(value), BOUNDS[name][2], "correct this value"))
    return problems


def check_register_names(
    function: str,
    given: Mapping[str, Any],
    place: str,
    declared: Declarations = NOTHING_DECLARED,
    *,
    direct: bool = False,
) -> list[Problem]:
    """List the names that no panel of registers has: indicators, options, columns to split and filter by, classes."""
    columns = _columns(declared)
    problems: list[Problem] = []
    if direct and function in OF_CHAINS:
        expected = "a function that needs no chain of links from participants to units"
        problems.append(Problem(place, f"function {function}", expected, "leave the exhibit out"))
    of_registry = [name for name in indicators() if not direct or name in OF_FRAMES]
    for name in INDICATORS:
        problems += _unknown(_texts(given.get(name)), [*of_registry, *declared.indicators], f"{place}, {name}")
    problems += _unknown(_texts(given.get("by")), [*SPLITS, *declared.splits], f"{place}, by")
    problems += _unknown(_texts(given.get(AGAINST)), [*declared.groups, *COMPARISONS, *columns], f"{place}, {AGAINST}")
    problems += _unknown(_texts(given.get("covariates")), columns, f"{place}, covariates")
    for name, options in OPTIONS.get(function, {}).items():
        problems += _unknown(_texts(given.get(name)), options, f"{place}, {name}")
    if function == "describe_sectors":
        problems += _unknown(_texts(given.get("sectors")), list(sections()), f"{place}, sectors")
        problems += list(_check_merge(given.get("merge"), f"{place}, merge"))
    where = given.get("where")
    for column, values in where.items() if isinstance(where, Mapping) else ():
        here = f"{place}, where, {column}"
        if column == YEAR:
            problems.append(Problem(here, show(values), "years under their own name", "write years = [2019]"))
        elif column not in columns:
            problems += _unknown([column], columns, here)
        else:
            problems += list(_check_classes(column, values if isinstance(values, list) else [values], here, declared))
    return problems


def _columns(declared: Declarations) -> list[str]:
    """List the columns of a panel that a study may name: all but the identifiers of firms."""
    known = {**indicators(), **declared.indicators}
    parts = [part for one in known.values() for part in (one.numerator, one.denominator) if part]
    flags = [excluded(domain) for domain in dict.fromkeys(one.domain for one in known.values())]
    return list(dict.fromkeys([YEAR, PARTICIPANT, *SPLITS, *declared.splits, *NUMBERS, *known, *parts, *flags]))


def _check_classes(column: str, values: list[Any], place: str, declared: Declarations) -> Iterator[Problem]:
    """Yield the values of a filter that no unit can have."""
    known = list(VOCABULARIES[column]()) if column in VOCABULARIES else []
    known = list(declared.splits[column].classes()) if column in declared.splits else known
    if not values:
        yield Problem(place, "an empty list", "one value at least", "add one, or leave the filter out")
    for value in values:
        if known and value not in known:
            yield _unknown_name(value, known, place)
        elif column in NUMBERS and not _is_number(value):
            yield Problem(place, show(value), "a number", "write it without quotes")


def _check_merge(merge: object, place: str) -> Iterator[Problem]:
    """Yield what is wrong with classes that take the place of several size classes, by sector."""
    known = size_class_labels(SIZE_CLASS_4)
    for sector, classes in merge.items() if isinstance(merge, Mapping) else ():
        yield from _unknown([sector], list(sections()), place)
        if not isinstance(classes, Mapping) or not classes:
            yield Problem(
                f"{place}, {sector}", show(classes), "a table of new classes", "write the classes that it joins"
            )
            continue
        for label, parts in classes.items():
            here = f"{place}, {sector}, {label}"
            if not isinstance(parts, list) or not parts:
                yield Problem(here, show(parts), "a list of size classes", "write the classes that it joins")
            else:
                yield from _unknown(parts, known, here)


def _texts(value: object) -> list[str]:
    """List the names that an argument gives; values of another type are told with the types."""
    given = value if isinstance(value, list) else [value]
    return [one for one in given if isinstance(one, str) and one.strip()]


def _unknown(names: list[Any], known: Collection[str], place: str) -> list[Problem]:
    return [_unknown_name(name, known, place) for name in names if name not in known]


def _unknown_name(name: object, known: Collection[str], place: str) -> Problem:
    action = propose_name(name, known, "name one of these")
    return Problem(place, show(name), f"one of {', '.join(map(str, known))}", action)


def _is_number(value: Any) -> bool:
    return is_whole(value) or (isinstance(value, float) and math.isfinite(value))

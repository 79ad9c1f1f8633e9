"""Where a row stands, and what it adds up."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from si_eval.disclosure.contributions import number_in
from si_eval.disclosure.cover import AND, UNITS, Place
from si_eval.disclosure.nesting import BESIDE
from si_eval.registry import facts
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    COUNT,
    DIFFERENCE,
    ESTIMATE,
    GROUP,
    INDICATOR,
    N_TOTAL,
    N_UNITS,
    RATIO,
    SECTOR,
    SHARE,
    SIZE_CLASS,
    STATISTIC,
    UNIT_OF_MEASURE,
    YEAR,
)

WHOLE_NUMBER = re.compile(r"^(-?\d+)\.0$")  # 1.0 where a column of numbers is split, 1 where it is filtered
CONTRASTS = (DIFFERENCE, RATIO)
DISTRIBUTIONS = (SECTOR, SIZE_CLASS, "age_class", "age_class_fine")
POPULATIONS = ("business_units", "linked_units")
DIVIDING = (CATEGORY, SIZE_CLASS, SECTOR)
COUNTED_UNITS = ("business_units", "business units", UNITS, "firms", "unit", SHARE)


def place_of(row: Mapping[Any, Any]) -> Place:
    """Read the place of a row."""
    place = Place(*(_text(row.get(column)) for column in (GROUP, YEAR, SIZE_CLASS, SECTOR, CATEGORY)))
    tokens = place.category.replace(BESIDE, AND).split(AND)
    return place._replace(category=AND.join(WHOLE_NUMBER.sub(r"\1", token) for token in tokens))


def variable_of(row: Mapping[Any, Any]) -> str:
    """Describe what a row adds up: units for counts and shares of them, else its indicator.

    A count adds up what units contribute (persons, machines) where it is neither the number of units nor one of
    categories.
    """
    counted = row[STATISTIC] in (COUNT, SHARE) and row[GROUP] not in CONTRASTS
    if not counted:
        return str(row[INDICATOR])
    estimate = number_in(row, ESTIMATE)
    countable = (*COUNTED_UNITS, *facts("disclosure")["category_units"])
    other = row[STATISTIC] == COUNT and str(row[UNIT_OF_MEASURE]) not in countable
    magnitude = other and not math.isnan(estimate) and estimate != number_in(row, N_UNITS)
    return str(row[INDICATOR]) if magnitude else UNITS


def _text(value: Any) -> str:
    if value is None or pd.isna(value):
        return ALL
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def divided(rows: Sequence[tuple[int, int, Mapping[Any, Any]]]) -> dict[tuple[int, str, Place], str]:
    """Find the indicators whose classes add up to one total: by table and place of the total, the dividing column."""
    found: dict[tuple[int, str, Place, str], dict[str, tuple[float, float]]] = defaultdict(dict)
    for number, _, row in rows:
        if variable_of(row) != UNITS or row[INDICATOR] in DISTRIBUTIONS or row[GROUP] in CONTRASTS:
            continue
        place = place_of(row)
        for column in DIVIDING:
            if getattr(place, column) != ALL:
                key = number, str(row[INDICATOR]), place._replace(**{column: ALL}), column
                found[key][getattr(place, column)] = number_in(row, N_UNITS), number_in(row, N_TOTAL)
    return {
        (number, indicator, place): column
        for (number, indicator, place, column), classes in found.items()
        if len({total for _, total in classes.values()}) == 1
        and all(sum(n for n, _ in classes.values()) == total for _, total in classes.values())
    }


def divider_of(divided: Mapping[tuple[int, str, Place], str], number: int, indicator: str, place: Place) -> str:
    """Name the column whose classes divide the total that a row is part of; nothing where there is none."""
    return next(
        (
            column
            for column in DIVIDING
            if divided.get((number, indicator, place._replace(**{column: ALL}))) == column
            and getattr(place, column) != ALL
        ),
        "",
    )


def units_with(indicator: str, place: Place) -> Place:
    """Return the place of the units that an indicator of its own counts: a category of those at a place."""
    tokens = [indicator] if place.category == ALL else [place.category, indicator]
    return place._replace(category=AND.join(tokens))

"""What a row says of the contributions behind its number: how many count, the largest ones, and what they add up to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from si_eval.disclosure.cover import UNITS, Cell
from si_eval.disclosure.rules import DisclosureRules
from si_eval.vocabulary import (
    ESTIMATE,
    HOLDING_LARGEST,
    HOLDING_SECOND,
    LARGEST,
    MEAN,
    MEDIAN,
    N_HOLDINGS,
    N_PUBLIC,
    PRIVATE_LARGEST,
    PRIVATE_SECOND,
    PUBLIC_TOTAL,
    SECOND_LARGEST,
    STATISTIC,
    STD_DEV,
    STD_ERROR,
    TOTAL,
)


def number_in(row: Mapping[Any, Any] | pd.Series, column: str) -> float:
    """Read a number of a row; missing where the row has none."""
    value = row.get(column)
    return math.nan if value is None or pd.isna(value) else float(value)


def keep_evidence(cell: Cell, rules: DisclosureRules, row: Mapping[Any, Any], suffix: str = "") -> None:
    """Add to a cell what the evidence columns of a row say; ``suffix`` ends the names of these columns."""
    holdings = number_in(row, N_HOLDINGS + suffix) if rules.unit == "group" else math.nan
    counted = cell.n if math.isnan(holdings) else min(cell.n, holdings)
    public = number_in(row, N_PUBLIC + suffix) if rules.public_units else 0.0
    public = len(rules.public_units) if math.isnan(public) else public
    cell.counted = counted - public if math.isnan(cell.counted) else min(counted - public, cell.counted)
    if cell.variable == UNITS:
        return
    cell.auxiliary = False
    largest, second = _two_largest(row, rules, suffix)
    public_total = number_in(row, PUBLIC_TOTAL + suffix) if rules.public_units else 0.0
    if math.isnan(public_total):
        # At worst the public units are the largest after the first, each with as much as the second.
        public_total = 0.0 if math.isnan(second) else public * second
    if math.isnan(cell.largest):
        cell.largest, cell.second = largest, 0.0 if math.isnan(second) else second
    bounds = [abs(number_in(row, TOTAL + suffix)), abs(cell.total)]
    if row[STATISTIC] == MEAN and not suffix:
        bounds.append(_absolute_from_spread(row, cell.n, number_in(row, LARGEST)))
        if _tells_of_units(row, cell.n, rules):
            cell.reason = "group"
    if row[STATISTIC] == MEDIAN and _are_alike(row, cell.n, rules, suffix):
        cell.reason = "group"
    known = [bound - public_total for bound in bounds if not math.isnan(bound)]
    known += [] if math.isnan(cell.absolute) else [cell.absolute]
    cell.absolute = max(known, default=math.nan)


def _two_largest(row: Mapping[Any, Any], rules: DisclosureRules, suffix: str) -> tuple[float, float]:
    """Return the two largest contributions that need protection."""
    pairs = [(LARGEST, SECOND_LARGEST)]
    if rules.unit == "group":
        pairs.insert(0, (HOLDING_LARGEST, HOLDING_SECOND))
    if rules.public_units:
        pairs.insert(0, (PRIVATE_LARGEST, PRIVATE_SECOND))
    for first, second in pairs:
        if not math.isnan(number_in(row, first + suffix)):
            return number_in(row, first + suffix), number_in(row, second + suffix)
    return math.nan, math.nan


def _are_alike(row: Mapping[Any, Any], n: float, rules: DisclosureRules, suffix: str) -> bool:
    """Whether all values are (nearly) the same, from their total and the largest of them.

    Each value lies within n times the distance between the largest and the mean from the largest.
    """
    if n == 0:
        return False
    largest, mean = number_in(row, LARGEST + suffix), abs(number_in(row, TOTAL + suffix)) / n
    return n * (largest - mean) < rules.protection * mean


def _spread(row: Mapping[Any, Any], n: float) -> tuple[float, float]:
    """Compute mean and variance of the values behind a mean; missing where the row does not tell."""
    return (number_in(row, ESTIMATE), standard_deviation(row, n) ** 2) if n > 1 else (math.nan, math.nan)


def standard_deviation(row: Mapping[Any, Any], n: float) -> float:
    """Read the standard deviation of the ``n`` values behind a mean, or compute it from an error of independent units.

    A row whose error is that of clusters says the standard deviation beside it.
    """
    told = number_in(row, STD_DEV)
    return number_in(row, STD_ERROR) * math.sqrt(n) if math.isnan(told) else told


def _absolute_from_spread(row: Mapping[Any, Any], n: float, largest: float) -> float:
    """Bound the sum of absolute values from below: with sum of squares Q and largest value m it is at least Q / m."""
    mean, variance = _spread(row, n)
    return ((n - 1) * variance + n * mean**2) / largest if largest > 0 else math.nan


def _tells_of_units(row: Mapping[Any, Any], n: float, rules: DisclosureRules) -> bool:
    """Whether a mean tells what each unit has: values that are all (nearly) the same, or nearly all yes or no.

    Each value lies within (n - 1) / sqrt(n) standard deviations of the mean. A variable of zeros and ones is a share.
    """
    mean, variance = _spread(row, n)
    if math.isnan(mean) or math.isnan(variance):
        return False
    if (n - 1) * math.sqrt(variance / n) < rules.protection * abs(mean) or (variance == 0 and mean == 0):
        return True
    binary = n / (n - 1) * mean * (1 - mean)
    if not (0 <= mean <= 1 and math.isclose(variance, binary, rel_tol=1e-6, abs_tol=1e-12)):
        return False
    few = min(n * mean, n - n * mean) < rules.min_units - 0.5
    return few or max(mean, 1 - mean) > rules.group_share

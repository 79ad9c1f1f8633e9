"""The primary rules: which sets of units are unsafe by themselves, and why."""

from __future__ import annotations

import math

from si_eval.disclosure.rules import DisclosureRules
from si_eval.results import Contributions

FREQUENCY = "frequency"
DOMINANCE = "dominance"
GROUP_DISCLOSURE = "group"
UNVERIFIED = "contributions not given"
DIFFERENCE_GROUP = "difference between populations"
SAME = 1e-9  # relative: what floating point may do to a sum of squares


def counted_units(given: Contributions, rules: DisclosureRules) -> float:
    """Compute the number that the threshold is about: units or, where fewer, holdings; without public units."""
    units, holdings = given.n_units, given.n_holdings
    if rules.public_units:
        units, holdings = given.n_units - given.n_public, given.private_holdings
    return units if rules.unit == "unit" or math.isnan(holdings) else min(units, holdings)


def unsafe_count(given: Contributions, rules: DisclosureRules) -> str:
    """Name the class of the rule that a number of units breaks; empty where it breaks none."""
    if given.n_units == 0 and rules.zeros == "safe":
        return ""
    return FREQUENCY if counted_units(given, rules) < rules.min_units else ""


def unsafe_share(units: float, of: float, rules: DisclosureRules) -> str:
    """Name the rule that a category breaks by holding nearly all of a group, or by leaving few out of it."""
    return GROUP_DISCLOSURE if 0 < of - units < rules.min_units or 0 < of * rules.group_share < units else ""


def unsafe_sum(given: Contributions, squares: float, smallest: float, rules: DisclosureRules) -> str:
    """Name the class of the rule that a sum over units breaks; empty where it breaks none.

    ``squares`` is the sum of squares of the values, ``smallest`` the smallest of them.
    """
    if counted_units(given, rules) < rules.min_units:
        return FREQUENCY
    largest, _ = largest_contributions(given, rules)
    if not math.isnan(squares) and _tells_of_units(given, squares, smallest, rules):
        return GROUP_DISCLOSURE
    if math.isnan(largest):
        return UNVERIFIED if rules.contributions == "required" else ""
    if given.largest == 0:
        return GROUP_DISCLOSURE
    return dominance_class(given, rules)


def dominance_class(given: Contributions, rules: DisclosureRules) -> str:
    """Name the rule of dominance where the largest contributions dominate the sum of absolute values."""
    largest, second = largest_contributions(given, rules)
    total = given.absolute - (given.public_total if rules.public_units else 0.0)
    return DOMINANCE if dominated(largest, second, total, rules) else ""


def largest_contributions(given: Contributions, rules: DisclosureRules) -> tuple[float, float]:
    """Return the two largest contributions that need protection; missing where they are not given."""
    pairs = [(given.largest, given.second_largest)]
    if rules.unit == "group":
        pairs.insert(0, (given.holding_largest, given.holding_second))
    if rules.public_units:
        pairs.insert(0, (given.private_largest, given.private_second))
    return next((pair for pair in pairs if not math.isnan(pair[0])), (math.nan, math.nan))


def dominated(largest: float, second: float, total: float, rules: DisclosureRules) -> bool:
    """Whether the largest contributions dominate a total of absolute values (a lower bound of it is safe)."""
    slack = 1e-12 * max(total, 1.0)
    for n, share in rules.dominance:
        top = largest if n == 1 else largest + (n - 1) * second
        if top > share * total + slack:
            return True
    rest = total - largest - second
    return rules.p_percent > 0 and rest < rules.p_percent / 100 * largest - slack


def values_are_alike(given: Contributions, rules: DisclosureRules) -> bool:
    """Whether all values are (nearly) the same, from their total and the largest of them, as beside a median.

    Each value lies within n times the distance between the largest and the mean from the largest.
    """
    n = given.n_units
    mean = abs(given.total) / n if n else math.nan
    return n > 0 and n * (given.largest - mean) < rules.protection * mean


def _tells_of_units(given: Contributions, squares: float, smallest: float, rules: DisclosureRules) -> bool:
    """Whether a sum tells what each unit has: values that are all (nearly) the same, or nearly all one of two.

    Each value lies within (n - 1) / sqrt(n) standard deviations of the mean. A variable of two values, however it is
    coded, is a share of the units that have the larger one.
    """
    n = given.n_units
    if n < 2:
        return False
    mean = given.total / n
    variance = max(squares - n * mean**2, 0.0) / (n - 1)
    scale = max(squares, n * given.largest**2)
    if (n - 1) * math.sqrt(variance / n) < rules.protection * abs(mean) or scale == 0:
        return True
    highest, lowest = given.largest, smallest
    if math.isnan(highest - lowest) or highest <= lowest:
        return False
    # The sum of (value - lowest) (highest - value) is zero where every value is one of the two.
    between = -squares + (lowest + highest) * given.total - n * lowest * highest
    if abs(between) > SAME * scale:
        return False
    ones = (given.total - n * lowest) / (highest - lowest)
    return min(ones, n - ones) < rules.min_units - 0.5 or max(ones, n - ones) > rules.group_share * n

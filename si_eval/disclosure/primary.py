"""The primary rules: which cells are unsafe by themselves, and why."""

from __future__ import annotations

import math

from si_eval.disclosure.cover import UNITS, Cell
from si_eval.disclosure.rules import DisclosureRules

FREQUENCY = "frequency"
DOMINANCE = "dominance"
GROUP_DISCLOSURE = "group"
UNVERIFIED = "contributions not given"
DIFFERENCE_GROUP = "difference between populations"


def unsafe_class(cell: Cell, rules: DisclosureRules) -> str:
    """Name the class of the rule that a cell breaks; empty where it breaks none."""
    if cell.hidden:
        return "" if cell.unknown or cell.loose or cell.empty else _unsafe_remainder(cell, rules)
    counted = cell.n if math.isnan(cell.counted) else cell.counted
    if counted < rules.min_units and (cell.n > 0 or rules.zeros == "unsafe"):
        return FREQUENCY
    if cell.reason or cell.variable == UNITS:
        return cell.reason
    return _unsafe_magnitude(cell, rules)


def _unsafe_magnitude(cell: Cell, rules: DisclosureRules) -> str:
    """Judge the contributions to a sum."""
    if math.isnan(cell.largest):
        return ""
    if cell.largest == 0:
        return GROUP_DISCLOSURE
    return DOMINANCE if dominated(cell.largest, cell.second, cell.absolute, rules) else ""


def is_unverified(cell: Cell, rules: DisclosureRules) -> bool:
    """Whether dominance must be judged and cannot be, because the largest contributions are not given."""
    if rules.contributions != "required" or cell.variable == UNITS or not (rules.dominance or rules.p_percent > 0):
        return False
    if cell.loose:
        return not math.isnan(cell.largest) and math.isnan(cell.absolute)
    return math.isnan(cell.largest) or math.isnan(cell.absolute)


def dominated(largest: float, second: float, total: float, rules: DisclosureRules) -> bool:
    """Whether the largest contributions dominate a total of absolute values (a lower bound of it is safe)."""
    slack = 1e-12 * max(total, 1.0)
    for n, share in rules.dominance:
        top = largest if n == 1 else largest + (n - 1) * second
        if top > share * total + slack:
            return True
    rest = total - largest - second
    return rules.p_percent > 0 and rest < rules.p_percent / 100 * largest - slack


def _unsafe_remainder(cell: Cell, rules: DisclosureRules) -> str:
    """Judge what is left between a whole and its parts, or between two populations."""
    if cell.n < rules.min_units:
        return DIFFERENCE_GROUP
    if cell.variable == UNITS or math.isnan(cell.largest):
        return ""
    return DIFFERENCE_GROUP if dominated(cell.largest, cell.second, cell.absolute, rules) else ""

"""The rules for a pair of claims: true where the pair holds, false where it does not, None where it is unknown."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TypeAlias

from si_eval.consistency.bounds import is_sum_of_two_rounded, possible_counts
from si_eval.consistency.claim_text import EXPRESSION, NUMBER, Claim, any_number, calculate
from si_eval.consistency.facts import contains_word, layouts
from si_eval.consistency.printed_number import (
    ABOUT,
    Interval,
    count_decimals,
    printed_interval,
    read_number,
    rounding_step,
)
from si_eval.consistency.size_classes import class_bounds

MAX_SLIGHT_CHANGE = 0.10
Rule: TypeAlias = Callable[[Claim, Claim, str, str], bool | None]


def check_grim(first: Claim, second: Claim, rule: str, context: str) -> bool | None:
    """Whether every percentage is what some count out of n gives, or a sum of two that were rounded first."""
    scores = _score_fits(first, second, context)
    if scores is not None:
        return scores
    shares = [float(text) / 100 for text in re.findall(r"(\d+(?:\.\d+)?)\s*%", context)]
    bases = {int(text) for text in re.findall(r"\d/(\d+)", context)} | {
        int(text) for text in re.findall(r"\bn\s*=\s*(\d+)", context)
    }
    if not bases and second.number:
        bases = {int(second.number)}
    if not shares or not bases:
        return None
    return all(
        any(possible_counts(printed_interval(s, 0.01), n) or is_sum_of_two_rounded(s, n, 0.01) for n in bases)
        for s in shares
    )


def _score_fits(first: Claim, second: Claim, context: str) -> bool | None:
    """Whether a mean score is what whole answers to a number of items give; None where no items are named."""
    items = re.search(r"(?i)(\d+)[- ](?:items?|questions?|statements?|vragen|stellingen)\b", context)
    base = re.search(
        r"(?i)(?<![.,\d])(\d+) (?:respondent|persons|people|firms|deelnemers|bedrijven|personen)|\bn\s*=\s*(\d+)",
        context,
    )
    means = [n for n in (*first.numbers, *second.numbers) if n != int(n)]
    text = re.search(r"(?<![.,\d])\d[.,](\d+)(?![.,]?\d)", context)
    if not items or not base or text is None or not (means or text):
        return None
    mean = float(text.group().replace(",", "."))
    answers = int(items[1]) * int(base[1] or base[2])
    reach = printed_interval(mean, 10.0 ** -len(text[1])).scaled(answers)
    return reach.high - reach.low >= 1 or math.floor(reach.high + 1e-6) >= math.ceil(reach.low - 1e-6)


def check_sum(first: Claim, second: Claim, rule: str, context: str) -> bool | None:
    """Whether the numbers that one claim lists add up to the one of the other."""
    parts, whole = (first, second) if len(first.numbers) > 1 else (second, first)
    if len(parts.numbers) < 2 or len(whole.numbers) != 1 or first.computed or second.computed:
        return None
    steps = sum(10.0 ** -count_decimals(number) for number in parts.numbers) if any(n % 1 for n in parts.numbers) else 0
    total = printed_interval(sum(parts.numbers), steps)
    return total.meets(printed_interval(whole.numbers[0], 10.0 ** -count_decimals(whole.numbers[0]), whole.hedge))


def check_ratio(first: Claim, second: Claim, rule: str, context: str) -> bool | None:
    """Whether a percentage, an attainment or a mean is what two numbers of the other claim give."""
    pair, told = (first, second) if len(first.numbers) == 2 else (second, first)
    if len(pair.numbers) != 2 or len(told.numbers) != 1 or 0 in pair.numbers or pair.computed or told.computed:
        return None
    top, base = (printed_interval(n, 10.0 ** -count_decimals(n) if n % 1 else 0.0) for n in pair.numbers)
    claimed = printed_interval(told.numbers[0], 10.0 ** -count_decimals(told.numbers[0]), told.hedge)
    percent = re.search(r"%|percent|procent", told.text) is not None
    first_is_target = re.search(
        rf"(?i)(?<![^\W\d])(?:{layouts()['any_table']['target']})(?![^\W\d])[^\d]*{NUMBER}.*{NUMBER}", pair.text
    )
    ways = [base.divided(top)] if first_is_target and percent else [top.divided(base)]
    return any(way.scaled(100.0 if percent else 1.0).meets(claimed) for way in ways)


def check_union(first: Claim, second: Claim, rule: str, context: str) -> bool | None:
    """Whether two sets, less what is in both, make the number of different ones."""
    sets, union = (first, second) if len(first.numbers) == 3 else (second, first)
    if len(sets.numbers) != 3 or len(union.numbers) != 1:
        return None
    both = min(sets.numbers)
    return sum(sets.numbers) - 2 * both == union.numbers[0]


def check_trend(first: Claim, second: Claim, rule: str, context: str) -> bool | None:
    """Whether both claims go the same way, in words or in numbers."""
    ways = [_direction(side) for side in (first, second)]
    return None if "" in ways else ways[0] == ways[1]


def check_ratio_order(first: Claim, second: Claim, rule: str, context: str) -> bool | None:
    """Whether the later of two ratios that are written out is the larger."""
    ratios = [
        calculate(text) for side in (first, second) for text in re.findall(rf"{NUMBER}\s*/\s*{NUMBER}", side.text)
    ]
    known = [ratio for ratio in ratios if ratio is not None]
    return None if len(known) != 2 else known[1] > known[0]


def check_slight(first: Claim, second: Claim, rule: str, context: str) -> bool | None:
    """Whether a change that is called slight stays below the bound of the rule, or 10%."""
    pair = second.change or first.change
    bound = re.search(r"<\s*(\d+)", rule)
    if pair is None or not pair[0]:
        return None
    return abs(pair[1] / pair[0] - 1) < (float(bound.group(1)) / 100 if bound else MAX_SLIGHT_CHANGE)


def check_percent_change(first: Claim, second: Claim, rule: str, context: str) -> bool | None:
    """Whether the change that is claimed is the one that two numbers give."""
    change, claim = (second.change, first) if second.change else (first.change, second)
    if change is None or not change[0] or claim.number is None:
        return None
    size = abs(change[1] / change[0] - 1)
    number = claim.number if claim.number <= 1 and "%" in claim.text else claim.number / 100
    return printed_interval(number, 0.01, claim.hedge).meets(Interval(size, size))


def check_units(first: Claim, second: Claim, rule: str, context: str) -> bool | None:
    """Whether both claims count the same thing: the units that their words name overlap."""
    named = [
        {
            unit
            for unit, words in layouts()["claim_units"].items()
            if re.search(rf"(?i)(?<!\w)(?:{words})(?!\w)", side.text)
        }
        for side in (first, second)
    ]
    if not all(named):
        return None
    return bool(named[0] & named[1])


def check_class_bound(first: Claim, second: Claim, rule: str, context: str) -> bool | None:
    """Whether a mean stays below the upper bound of its class."""
    label = re.search(r"\d+\s*[-–]\s*\d+", first.text)
    bounds = class_bounds(label.group()) if label else None
    return None if bounds is None or first.number is None else first.number <= bounds[1]


def check_order(first: Claim, second: Claim, rule: str, context: str) -> bool | None:
    """Whether what is to be larger or later is: a year, or a number against the constant of the rule."""
    match = re.search(r"([^<>=]+?)\s*(<=|>=|<|>)\s*([^<>=]+)$", rule)
    if match is None:
        return None
    left_words, sign, right_words = match.groups()
    constant = read_number(right_words) if re.fullmatch(rf"\s*{NUMBER}\s*", right_words) else None
    left: float | None
    right: float | None
    if constant is not None:
        side = second if second.number is not None else first
        left, right = any_number(side), constant
    elif first.years and second.years:
        ahead, behind = (
            (second, first) if _count_words(second, left_words) > _count_words(first, left_words) else (first, second)
        )
        left, right = float(ahead.years[0]), float(behind.years[0])
    else:
        left, right = any_number(first), any_number(second)
    if left is None or right is None:
        return None
    return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[sign]


def check_future(first: Claim, second: Claim, rule: str, context: str) -> bool | None:
    """Whether what is announced comes after the publication that announces it."""
    return None if not first.years or not second.years else first.years[0] >= second.years[0]


def check_constant(first: Claim, second: Claim, rule: str, context: str) -> bool | None:
    """Whether what is added up or counted is the constant of the rule."""
    match = re.search(rf"==?\s*({NUMBER})\s*(m|mln|k)?\s*$", rule)
    if match is None:
        return None
    bound = (read_number(match.group(1)) or 0.0) * {"m": 1e6, "mln": 1e6, "k": 1e3}.get(match.group(2) or "", 1.0)
    number = first.number if first.computed or re.match(r"sum|rows|count", rule) else None
    number = any_number(first) if number is None and re.match(r"sum|rows|count", rule) else number
    number = any_number(second) if number is None else number
    if number is None:
        return None
    if bound >= 100 and 0 < number <= 1.5:
        number *= 100
    same = abs(number - bound) <= 0.5 * 10.0 ** -count_decimals(bound) + 1e-9
    return same and check_compare(first, second, rule, context) is not False if first.computed else same


def check_formula(first: Claim, second: Claim, rule: str, context: str) -> bool | None:
    """Whether the sum that the rule writes out gives the number it names, and the sides agree."""
    match = re.search(rf"({EXPRESSION})\s*(?:==?|vs)\s*({NUMBER}|\w+)", rule)
    if match is None:
        return None
    result, right = calculate(match.group(1)), read_number(match.group(2))
    if result is None:
        return None
    right = right if right is not None else second.number
    if right is None:
        return None
    holds = abs(result - right) <= 0.5 * 10.0 ** -count_decimals(right) + 1e-9
    operands = {read_number(part) for part in re.findall(NUMBER, match.group(1))}
    if len(operands & set(first.numbers)) > 1 and not first.computed and second.interval is not None:
        scales = (1.0, second.scale)
        return holds and any(
            second.interval.scaled(s).meets(Interval(right * t, right * t)) for s in scales for t in scales
        )
    return holds and check_compare(first, second, rule, context) is not False


def check_count_range(first: Claim, second: Claim, rule: str, context: str) -> bool | None:
    """Whether a list numbered from one to another has as many entries as is claimed."""
    listed = re.search(r"\b(\d+)\s*[-–]\s*(\d+)\b", first.text)
    if listed is None or first.value or second.number is None:
        return None
    return int(listed.group(2)) - int(listed.group(1)) + 1 == second.number


def _compare_currencies(first: Claim, second: Claim) -> bool | None:
    """Return false for one number in two currencies; other numbers may be one amount at some rate of exchange."""
    a, b = (side.interval.scaled(side.scale) if side.interval else None for side in (first, second))
    return False if first.number == second.number or (a and b and a.meets(b)) else None


def check_compare(first: Claim, second: Claim, rule: str, context: str) -> bool | None:
    """Whether both claims say the same: period, number within print and hedge, or the same text."""
    if first.currency and second.currency and first.currency != second.currency:
        return _compare_currencies(first, second)
    return _compare_in_one_unit(first, second, rule)


def _compare_in_one_unit(first: Claim, second: Claim, rule: str) -> bool | None:
    """Compare periods, numbers or texts of two claims that name no different currencies."""
    if len(first.years) > 1 or len(second.years) > 1:
        return None if not first.years or not second.years else first.years == second.years
    if re.search(r"(?i)period|date", rule) and first.years and second.years:
        return first.years == second.years
    if first.interval is not None and second.interval is not None and ";" not in f"{first.value}{second.value}":
        if first.hedge == second.hedge == ABOUT and first.number and second.number:
            step = min(rounding_step(first.number), rounding_step(second.number))
            return printed_interval(first.number, step).meets(printed_interval(second.number, step))
        scales = {(1.0, 1.0), (first.scale, 1.0), (1.0, second.scale), (first.scale, second.scale)}
        return first.number == second.number or any(
            first.interval.scaled(a).meets(second.interval.scaled(b)) for a, b in scales
        )
    if first.value and second.value:
        return first.value.strip().casefold() == second.value.strip().casefold()
    return None


def _direction(side: Claim) -> str:
    """Return the way that a claim goes, up or down; nothing where it names none or both."""
    if side.change is not None and side.change[0] != side.change[1]:
        return "up" if side.change[1] > side.change[0] else "down"
    ways = [way for way in ("up", "down") if contains_word("directions", way, side.text)]
    return ways[0] if len(ways) == 1 else ""


def _count_words(side: Claim, words: str) -> int:
    """Count the words of a rule that a side has."""
    return sum(word in side.text.casefold() for word in re.findall(r"[a-z]{4,}", words.casefold()))

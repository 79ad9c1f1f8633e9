"""Check pairs of claims: what two places say of one thing, by the rule that the pair names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from si_eval.consistency.bounds import possible_counts, sum_of_two_rounded
from si_eval.consistency.facts import layouts, says
from si_eval.consistency.figure import Finding
from si_eval.consistency.printed import ABOUT, EXACT, Interval, allowed, decimals, find_hedge, read_number, round_step
from si_eval.consistency.report import ConsistencyReport
from si_eval.consistency.size_classes import class_bounds
from si_eval.errors import InputError, Problem

REQUIRED = ("id", "claim_a", "value_a", "claim_b", "value_b", "check_rule")
_NUMBER = r"\d+(?:[.,]\d+)*"
_SUM = rf"{_NUMBER}(?:\s*[-+x×*/]\s*{_NUMBER})+"
_SCALES = (("mln|miljoen|million|mio|m", 1e6), ("duizend|thousand|k", 1e3))
_SLIGHT = 0.10


@dataclass(frozen=True)
class Side:
    """One claim of a pair: its words, its value as written, and what can be read from both."""

    text: str
    value: str
    number: float | None
    span: Interval | None
    hedge: str
    computed: bool
    years: tuple[int, ...]
    pair: tuple[float, float] | None
    scale: float = 1.0


def check_claim_pairs(frame: pd.DataFrame) -> ConsistencyReport:
    """Evaluate pairs of claims by the rule that each names; ``expected`` and ``status`` are never read."""
    missing = [column for column in REQUIRED if column not in frame]
    if missing:
        raise InputError(
            [Problem("the pairs", f"no {', '.join(missing)}", f"the columns {', '.join(REQUIRED)}", "add them")],
            "the pairs of claims",
        )
    rows = frame.astype("string").fillna("").to_dict("records")
    return ConsistencyReport(tuple(_judge(row) for row in rows), len(rows), ("check_claim_pairs",))


def _judge(row: dict[str, str]) -> Finding:
    """Give the verdict of one pair: fail, pass, or informative where nothing can be computed."""
    first = _side(row["claim_a"], row["value_a"])
    second = _side(row["claim_b"], row["value_b"])
    rule = row["check_rule"].strip()
    context = f"{row.get('topic', '')} {row['claim_a']} {row['claim_b']}"
    for name, applies, check in RULES:
        if not re.search(applies, rule, re.IGNORECASE):
            continue
        outcome = check(first, second, rule, context)
        if outcome is not None:
            verdict = "pass" if outcome else "fail"
            return _finding(row, name, verdict, first, second)
    return _finding(row, "not_checkable", "informative", first, second)


def _finding(row: dict[str, str], name: str, verdict: str, first: Side, second: Side) -> Finding:
    found = first.value or first.text
    expected = second.value or second.text
    words = {"pass": "agree", "fail": "do not agree", "informative": "say nothing that can be computed"}[verdict]
    return Finding(
        rule=name,
        severity="low" if verdict != "fail" else "medium",
        verdict="pass" if verdict == "pass" else "fail" if verdict == "fail" else "informative",
        where=(row["id"],),
        found=found,
        expected=expected,
        sentence=f"{row['id']}: {found!r} and {expected!r} {words} ({row['check_rule']}).",
    )


# --- the rules: true where the pair holds, false where it does not, nothing where it cannot be told ---
def _grim(first: Side, second: Side, rule: str, context: str) -> bool | None:
    """Say whether every percentage is what some count out of n gives, or a sum of two that were rounded first."""
    shares = [float(text) / 100 for text in re.findall(r"(\d+(?:\.\d+)?)\s*%", context)]
    bases = {int(text) for text in re.findall(r"\d/(\d+)", context)} | {
        int(text) for text in re.findall(r"\bn\s*=\s*(\d+)", context)
    }
    if not bases and second.number:
        bases = {int(second.number)}
    if not shares or not bases:
        return None
    return all(
        any(possible_counts(allowed(s, 0.01), n) or sum_of_two_rounded(s, n, 0.01) for n in bases) for s in shares
    )


def _trend(first: Side, second: Side, rule: str, context: str) -> bool | None:
    """Say whether both sides go the same way, in words or in numbers."""
    ways = [_direction(side) for side in (first, second)]
    return None if "" in ways else ways[0] == ways[1]


def _ratio_order(first: Side, second: Side, rule: str, context: str) -> bool | None:
    """Say whether the later of two ratios that are written out is the larger."""
    ratios = [
        _calculate(text) for side in (first, second) for text in re.findall(rf"{_NUMBER}\s*/\s*{_NUMBER}", side.text)
    ]
    known = [ratio for ratio in ratios if ratio is not None]
    return None if len(known) != 2 else known[1] > known[0]


def _slight(first: Side, second: Side, rule: str, context: str) -> bool | None:
    """Say whether a change that is called slight stays below the bound of the rule, or 10%."""
    pair = second.pair or first.pair
    bound = re.search(r"<\s*(\d+)", rule)
    if pair is None or not pair[0]:
        return None
    return abs(pair[1] / pair[0] - 1) < (float(bound.group(1)) / 100 if bound else _SLIGHT)


def _percent_change(first: Side, second: Side, rule: str, context: str) -> bool | None:
    """Say whether the change that is told is the one that two numbers give."""
    pair, told = (second.pair, first) if second.pair else (first.pair, second)
    if pair is None or not pair[0] or told.number is None:
        return None
    change = abs(pair[1] / pair[0] - 1)
    number = told.number if told.number <= 1 and "%" in told.text else told.number / 100
    return allowed(number, 0.01, told.hedge).meets(Interval(change, change))


def _units(first: Side, second: Side, rule: str, context: str) -> bool | None:
    """Say whether both sides count the same thing: the units that their words name overlap."""
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


def _class_bound(first: Side, second: Side, rule: str, context: str) -> bool | None:
    """Say whether a mean stays below the upper bound of its class."""
    label = re.search(r"\d+\s*[-–]\s*\d+", first.text)
    bounds = class_bounds(label.group()) if label else None
    return None if bounds is None or first.number is None else first.number <= bounds[1]


def _order(first: Side, second: Side, rule: str, context: str) -> bool | None:
    """Say whether what is to be larger or later is: a year, or a number against the constant of the rule."""
    match = re.search(r"([^<>=]+?)\s*(<=|>=|<|>)\s*([^<>=]+)$", rule)
    if match is None:
        return None
    left_words, sign, right_words = match.groups()
    constant = read_number(right_words) if re.fullmatch(rf"\s*{_NUMBER}\s*", right_words) else None
    if constant is not None:
        side = second if second.number is not None else first
        left, right = _first_number(side), _known(constant)
    elif first.years and second.years:
        ahead, behind = (second, first) if _names(second, left_words) > _names(first, left_words) else (first, second)
        left, right = _known(ahead.years[0]), _known(behind.years[0])
    else:
        left, right = _first_number(first), _first_number(second)
    if left is None or right is None:
        return None
    return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[sign]


def _future(first: Side, second: Side, rule: str, context: str) -> bool | None:
    """Say whether what is announced comes after the publication that announces it."""
    return None if not first.years or not second.years else first.years[0] >= second.years[0]


def _constant(first: Side, second: Side, rule: str, context: str) -> bool | None:
    """Say whether what is added up or counted is the constant of the rule."""
    match = re.search(rf"==?\s*({_NUMBER})\s*(m|mln|k)?\s*$", rule)
    if match is None:
        return None
    bound = (read_number(match.group(1)) or 0.0) * {"m": 1e6, "mln": 1e6, "k": 1e3}.get(match.group(2) or "", 1.0)
    told = first.number if first.computed or re.match(r"sum|rows|count", rule) else None
    told = _first_number(first) if told is None and re.match(r"sum|rows|count", rule) else told
    told = _first_number(second) if told is None else told
    if told is None:
        return None
    if bound >= 100 and 0 < told <= 1.5:
        told *= 100
    same = abs(told - bound) <= 0.5 * 10.0 ** -decimals(bound) + 1e-9
    return same and _compare(first, second, rule, context) is not False if first.computed else same


def _formula(first: Side, second: Side, rule: str, context: str) -> bool | None:
    """Say whether the sum that the rule writes out gives the number it names, and the sides agree."""
    match = re.search(rf"({_SUM})\s*(?:==?|vs)\s*({_NUMBER}|\w+)", rule)
    if match is None:
        return None
    result, right = _calculate(match.group(1)), read_number(match.group(2))
    if result is None:
        return None
    right = right if right is not None else second.number
    if right is None:
        return None
    holds = abs(result - right) <= 0.5 * 10.0 ** -decimals(right) + 1e-9
    return holds and _compare(first, second, rule, context) is not False


def _count_range(first: Side, second: Side, rule: str, context: str) -> bool | None:
    """Say whether a list numbered from one to another has as many entries as is told."""
    listed = re.search(r"\b(\d+)\s*[-–]\s*(\d+)\b", first.text)
    if listed is None or first.value or second.number is None:
        return None
    return int(listed.group(2)) - int(listed.group(1)) + 1 == second.number


def _compare(first: Side, second: Side, rule: str, context: str) -> bool | None:
    """Say whether both sides say the same: period, number within print and hedge, or the same text."""
    if len(first.years) > 1 or len(second.years) > 1:
        return None if not first.years or not second.years else first.years == second.years
    if re.search(r"(?i)period|date", rule) and first.years and second.years:
        return first.years == second.years
    if first.span is not None and second.span is not None and ";" not in f"{first.value}{second.value}":
        if first.hedge == second.hedge == ABOUT and first.number and second.number:
            step = min(round_step(first.number), round_step(second.number))
            return allowed(first.number, step).meets(allowed(second.number, step))
        scales = {(1.0, 1.0), (first.scale, 1.0), (1.0, second.scale), (first.scale, second.scale)}
        return first.number == second.number or any(
            first.span.scaled(a).meets(second.span.scaled(b)) for a, b in scales
        )
    if first.value and second.value:
        return first.value.strip().casefold() == second.value.strip().casefold()
    return None


Check = Callable[[Side, Side, str, str], "bool | None"]
RULES: tuple[tuple[str, str, Check], ...] = (
    ("grim", r"exists k|grim", _grim),
    ("trend", r"trend|sign\(", _trend),
    ("ratio_order", r"ratio\(", _ratio_order),
    ("slight", r"slight|abs\(pct", _slight),
    ("percent_change", r"pct_change|percent change", _percent_change),
    ("units", r"unit\(a\)|unit\(b\)", _units),
    ("class_bound", r"bound of class", _class_bound),
    ("future_date", r"future", _future),
    ("formula", rf"{_SUM}\s*(?:=|vs)", _formula),
    ("constant", rf"==\s*{_NUMBER}\s*(?:m|mln|k)?\s*$", _constant),
    ("order", r"(?<!-)(?<![=<>])(?:<=|>=|<|>)\s*[^=]", _order),
    ("count_range", r"^count", _count_range),
    ("compare", "", _compare),
)


# --- reading a side ---
def _side(text: str, value: str) -> Side:
    """Read a claim: a sum that is written out, else the value as written, else the first number in its words."""
    text, value = text.strip(), value.strip()
    years = _years(value) or _years(text)
    expression = _written_out(text)
    pair = _two_numbers(text, value)
    if expression is not None:
        span = Interval(expression, expression)
        return Side(text, value, expression, span, EXACT, True, (), pair)
    number = _as_written(text, value)
    if number is None:
        return Side(text, value, None, None, EXACT, False, years, pair)
    hedge = find_hedge(text, number)
    percent = "%" in text and number > 1
    step = 10.0 ** -decimals(number)
    span = allowed(number, step, hedge)
    if percent:
        span, number = span.scaled(0.01), number / 100
    plain = years if re.fullmatch(r"(?:19|20)\d\d", value) or not value else ()
    plain = plain or (years if len(years) > 1 else ())
    return Side(text, value, number, span, hedge, False, plain, pair, _scale(text))


def _written_out(text: str) -> float | None:
    """Give the result of a sum that a claim writes out; a range such as 2014-2018 or 10-49 is none."""
    for match in re.finditer(_SUM, text):
        words = match.group()
        if re.fullmatch(rf"{_NUMBER}\s*[-–]\s*{_NUMBER}", words):
            low, high = (read_number(part) or 0.0 for part in re.split(r"\s*[-–]\s*", words))
            if low <= high:
                continue
        result = _calculate(words)
        if result is not None:
            return result
    return None


def _calculate(words: str) -> float | None:
    """Calculate sums, differences, products and quotients, products first."""
    total = 0.0
    for sign, term in re.findall(rf"([-+]?)\s*({_NUMBER}(?:\s*[x×*/]\s*{_NUMBER})*)", words):
        factors = re.split(r"\s*([x×*/])\s*", term)
        value = read_number(factors[0])
        if value is None:
            return None
        for operator, factor in zip(factors[1::2], factors[2::2], strict=True):
            number = read_number(factor)
            if number is None or (operator == "/" and number == 0):
                return None
            value = value / number if operator == "/" else value * number
        total += -value if sign == "-" else value
    return total


def _as_written(text: str, value: str) -> float | None:
    """Give the number of a side in units of one; words for numbers count."""
    number = read_number(value) if value else None
    if value and number is None:
        number = _number_word(value)
    if number is None or (value and not _occurs(number, text)):
        inside = [n for t in re.findall(rf"(?<![\w-]){_NUMBER}", text) if (n := read_number(t)) is not None]
        number = inside[0] if inside and (number is None or not value or _number_word(value) is None) else number
    if number is None:
        number = _number_word(text) if not value else None
    if number is None:
        return None
    return number


def _scale(text: str) -> float:
    """Give the scale that a claim names, such as million."""
    scales = (scale for words, scale in _SCALES if re.search(rf"(?i)\d\s*(?:{words})(?!\w)", text))
    return next(scales, 1.0)


def _occurs(number: float, text: str) -> bool:
    return any(read_number(found) == number for found in re.findall(_NUMBER, text))


def _number_word(text: str) -> float | None:
    for number, words in layouts()["numbers"].items():
        if re.search(rf"(?i)(?<!\w)(?:{words})(?!\w)", text):
            return float(number)
    return None


def _years(text: str) -> tuple[int, ...]:
    """Give the first and last year that a text names, or the one."""
    found = [int(year) for year in re.findall(r"(?<![\d.,])((?:19|20)\d\d)(?![\d.,]\d|\d)", text)]
    if not found:
        return ()
    return (found[0],) if min(found) == max(found) else (min(found), max(found))


def _two_numbers(text: str, value: str) -> tuple[float, float] | None:
    """Give two numbers of which the second follows the first: `1.153;2.370`, or `104 to 163`."""
    parts = [read_number(part) for part in value.split(";")] if value.count(";") == 1 else []
    if len(parts) == 2 and None not in parts:
        return float(parts[0] or 0.0), float(parts[1] or 0.0)
    match = re.search(rf"({_NUMBER})(?:\s*\([^)]*\))?\s*(?:to|naar|->|→)\s*({_NUMBER})", text)
    if match is None:
        return None
    ends = [read_number(part) for part in match.groups()]
    return None if None in ends else (float(ends[0] or 0.0), float(ends[1] or 0.0))


def _direction(side: Side) -> str:
    if side.pair is not None and side.pair[0] != side.pair[1]:
        return "up" if side.pair[1] > side.pair[0] else "down"
    ways = [way for way in ("up", "down") if says("directions", way, side.text)]
    return ways[0] if len(ways) == 1 else ""


def _first_number(side: Side) -> float | None:
    """Give the number of a side, else the first in its words, else a word for a number."""
    if side.number is not None:
        return side.number * (100 if "%" in side.text and side.number <= 1.5 and not side.computed else 1)
    found = re.search(_NUMBER, side.text)
    return read_number(found.group()) if found else _number_word(side.text)


def _known(number: float) -> float | None:
    return float(number)


def _names(side: Side, words: str) -> int:
    """Count the words of a rule that a side has."""
    return sum(word in side.text.casefold() for word in re.findall(r"[a-z]{4,}", words.casefold()))

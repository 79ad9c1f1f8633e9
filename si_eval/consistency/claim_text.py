"""One claim as it is written: its words, its value, and the number, years and hedge that can be read from both."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from si_eval.consistency.facts import currencies_in, layouts
from si_eval.consistency.number_words import find_number_words
from si_eval.consistency.printed_number import (
    EXACT,
    Interval,
    count_decimals,
    find_hedge,
    printed_interval,
    read_number,
)

NUMBER = r"\d+(?:[.,]\d+)*"
EXPRESSION = rf"{NUMBER}(?:\s*[-+x×*/]\s*{NUMBER})+"
LAST_WORD = 12.0  # of the short words in `layouts.toml`; longer numbers are composed
SCALES = (("mln|miljoen|million|mio|m", 1e6), ("duizend|thousand|k", 1e3))


@dataclass(frozen=True)
class Claim:
    """One claim of a pair: its words, its value as written, and what can be read from both.

    ``interval`` is every value that the number allows as printed; ``computed`` tells that the number is a calculation
    that the claim writes out; ``change`` holds two numbers of which the second follows the first.
    """

    text: str
    value: str
    number: float | None
    interval: Interval | None
    hedge: str
    computed: bool
    years: tuple[int, ...]
    change: tuple[float, float] | None
    scale: float = 1.0
    numbers: tuple[
        float, ...
    ] = ()  # every number in the words, in digits or words, without years and labels such as Q1
    currency: str = ""


def read_claim(text: str, value: str) -> Claim:
    """Read a claim: a calculation that it writes out, else its value as written, else the first number in its words."""
    claim = _read_number_of(text, value)
    listed = [number for part in value.split(";") if (number := read_number(part)) is not None]
    numbers = tuple(listed) if len(listed) > 1 else _all_numbers(claim.text)
    return replace(claim, numbers=numbers, currency=_currency(f"{claim.text} {claim.value}"))


def _all_numbers(text: str) -> tuple[float, ...]:
    """List every number in a text, in order; years and the numbers of quarters are none."""
    bare = re.sub(r"(?i)\b(?:kwartaal|quarter|kw|q|table|tabel)\.?\s*\d+\b", " ", text)
    bare = re.sub(r"(?<![\d.,])(?:19|20)\d\d(?![\d.,]*\d)", " ", bare)
    digits = [number for part in re.findall(rf"(?<![\w-]){NUMBER}", bare) if (number := read_number(part)) is not None]
    return (*digits, *find_number_words(bare))


def _currency(text: str) -> str:
    """Read the one currency that a text names; nothing where it names none or several."""
    found = currencies_in(text)
    return found[0] if len(found) == 1 else ""


def _read_number_of(text: str, value: str) -> Claim:
    """Read the one number of a claim."""
    text, value = text.strip(), value.strip()
    years = _years(value) or _years(text)
    expression = _evaluate_expression(text)
    change = _read_change(text, value)
    if expression is not None:
        interval = Interval(expression, expression)
        return Claim(text, value, expression, interval, EXACT, True, (), change)
    number = _read_value(text, value)
    if number is None:
        return Claim(text, value, None, None, EXACT, False, years, change)
    hedge = find_hedge(text, number)
    percent = "%" in text and number > 1
    step = 10.0 ** -count_decimals(number)
    interval = printed_interval(number, step, hedge)
    if percent:
        interval, number = interval.scaled(0.01), number / 100
    plain = years if re.fullmatch(r"(?:19|20)\d\d", value) or not value else ()
    plain = plain or (years if len(years) > 1 else ())
    return Claim(text, value, number, interval, hedge, False, plain, change, _scale(text))


def _evaluate_expression(text: str) -> float | None:
    """Compute what a claim writes out as a calculation; a range such as 2014-2018 or 10-49 is none."""
    for match in re.finditer(EXPRESSION, text):
        words = match.group()
        if re.fullmatch(rf"{NUMBER}\s*[-–]\s*{NUMBER}", words):
            low, high = (read_number(part) or 0.0 for part in re.split(r"\s*[-–]\s*", words))
            if low <= high:
                continue
        result = calculate(words)
        if result is not None:
            return result
    return None


def calculate(words: str) -> float | None:
    """Calculate sums, differences, products and quotients, products first."""
    total = 0.0
    for sign, term in re.findall(rf"([-+]?)\s*({NUMBER}(?:\s*[x×*/]\s*{NUMBER})*)", words):
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


def _read_value(text: str, value: str) -> float | None:
    """Read the number of a claim in units of one; words for numbers count."""
    number = read_number(value) if value else None
    if value and number is None:
        number = _number_word(value)
    if number is None or (value and not _occurs_in(number, text)):
        inside = [n for t in re.findall(rf"(?<![\w-]){NUMBER}", text) if (n := read_number(t)) is not None]
        number = inside[0] if inside and (number is None or not value or _number_word(value) is None) else number
    if number is None:
        number = _number_word(text) if not value else None
    return number


def _scale(text: str) -> float:
    """Read the scale that a claim names, such as million."""
    scales = (scale for words, scale in SCALES if re.search(rf"(?i)\d\s*(?:{words})(?!\w)", text))
    return next(scales, 1.0)


def _occurs_in(number: float, text: str) -> bool:
    """Whether a number occurs in a text."""
    return any(read_number(part) == number for part in re.findall(NUMBER, text))


def _number_word(text: str) -> float | None:
    """Read a number that is written as a word."""
    for number, words in layouts()["numbers"].items():
        if re.search(rf"(?i)(?<!\w)(?:{words})(?!\w)", text) and not any(
            n > LAST_WORD for n in find_number_words(text)
        ):
            return float(number)
    longer = find_number_words(text)
    return longer[0] if longer else None


def _years(text: str) -> tuple[int, ...]:
    """Read the first and last year that a text names, or the one."""
    years = [int(year) for year in re.findall(r"(?<![\d.,])((?:19|20)\d\d)(?![\d.,]\d|\d)", text)]
    if not years:
        return ()
    return (years[0],) if min(years) == max(years) else (min(years), max(years))


def _read_change(text: str, value: str) -> tuple[float, float] | None:
    """Read two numbers of which the second follows the first: `1.153;2.370`, or `104 to 163`."""
    parts = [read_number(part) for part in value.split(";")] if value.count(";") == 1 else []
    if len(parts) == 2 and None not in parts:
        return float(parts[0] or 0.0), float(parts[1] or 0.0)
    match = re.search(rf"({NUMBER})(?:\s*\([^)]*\))?\s*(?:to|naar|->|→)\s*({NUMBER})", text)
    if match is None:
        return None
    ends = [read_number(part) for part in match.groups()]
    return None if None in ends else (float(ends[0] or 0.0), float(ends[1] or 0.0))


def any_number(claim: Claim) -> float | None:
    """Return the number of a claim, else the first in its words, else a word for a number."""
    if claim.number is not None:
        return claim.number * (100 if "%" in claim.text and claim.number <= 1.5 and not claim.computed else 1)
    match = re.search(NUMBER, claim.text)
    return read_number(match.group()) if match else _number_word(claim.text)

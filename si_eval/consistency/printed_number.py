"""What a printed number can mean: the interval of true values behind its digits and its hedge."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from si_eval.consistency.facts import layouts, pattern

REL_TOL = 1e-9
HEDGE_SHARE = 0.05
MAX_ABOUT_SHARE = 0.1
MAX_MONEY_STEP_SHARE = 0.05
ABOVE, BELOW, AT_LEAST, AT_MOST, ABOUT, EXACT = "above", "below", "least", "most", "about", ""
_NUMBER = r"\d+(?:[.,]\d+)*"


@dataclass(frozen=True)
class Interval:
    """All values that a printed number allows, ends included."""

    low: float
    high: float

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Interval) -> Interval:
        return Interval(self.low - other.high, self.high - other.low)

    def divided(self, other: Interval) -> Interval:
        """Divide by an interval of positive numbers."""
        if other.low <= 0:
            return Interval(-math.inf, math.inf)
        ends = [a / b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(ends), max(ends))

    def scaled(self, factor: float) -> Interval:
        """Multiply by a positive number."""
        return Interval(self.low * factor, self.high * factor)

    def meets(self, other: Interval) -> bool:
        """Whether both can hold. Two rounded numbers that share only an end point cannot, a point on an end can."""
        overlap = min(self.high, other.high) - max(self.low, other.low)
        ends = [abs(end) for end in (self.low, self.high, other.low, other.high) if math.isfinite(end)]
        slack = REL_TOL * max(1.0, *ends)
        if min(self.high - self.low, other.high - other.low) <= slack:
            return overlap >= -slack
        return overlap > slack


def bare_number(text: str) -> str:
    """Return the digits of a text that holds one number, with its sign and marks; nothing where it holds none."""
    match = re.fullmatch(rf"[^\d-]*(-?)({_NUMBER})\D*", text.strip().replace("\u00a0", " "))
    exponent = re.fullmatch(r"[-+]?\d+(?:[.,]\d+)?[eE][-+]?\d{1,3}", text.strip())
    return text.strip() if exponent else "".join(match.groups()) if match else ""


def read_number(text: str) -> float | None:
    """Read a number as Dutch or English prints it: groups of three after a dot or comma are thousands."""
    match = re.fullmatch(rf"[^\d-]*(-?)({_NUMBER})\D*", text.strip().replace("\u00a0", " "))
    if match is None:
        return None
    sign, digits = match.groups()
    marks = [mark for mark in digits if mark in ".,"]
    if len(set(marks)) == 2:
        decimal = marks[-1]
        digits = digits.replace("," if decimal == "." else ".", "").replace(decimal, ".")
    elif re.fullmatch(r"[1-9]\d{0,2}(?:[.,]\d{3})+", digits):
        digits = re.sub("[.,]", "", digits)
    elif len(marks) > 1:
        return None
    else:
        digits = digits.replace(",", ".")
    return float(f"{sign}{digits}")


def count_decimals(value: float) -> int:
    """Count the decimals of a number in its shortest form."""
    text = f"{value:.10f}".rstrip("0")
    return len(text.partition(".")[2])


def rounding_step(value: float) -> float:
    """Compute how coarsely a number looks rounded: the largest 1 or 5 times a power of ten that divides it."""
    if value == 0 or not math.isfinite(value):
        return 1.0
    scale = 10 ** count_decimals(value)
    whole = abs(round(value * scale))
    power = 0
    while whole % 10 == 0:
        whole, power = whole // 10, power + 1
    return (5 if whole % 5 == 0 else 1) * 10**power / scale


def power_of_ten(value: float) -> float:
    """Compute the largest power of ten that divides a number: 1400 gives 100, 0.85 gives 0.01."""
    step = rounding_step(value)
    return float(10 ** math.floor(math.log10(step) + REL_TOL))


def money_step(value: float) -> float:
    """Compute the rounding of an amount that is written out: the power of ten that divides it, at most 5% of it."""
    step = power_of_ten(value) if value else 1.0
    while step > 1 and step > MAX_MONEY_STEP_SHARE * abs(value):
        step /= 10
    return step


def printed_interval(value: float, step: float, hedge: str = EXACT) -> Interval:
    """Compute the interval behind a number that is printed to ``step`` and hedged as ``hedge`` says.

    Plainly printed, the truth rounds to it. "Just over" and "almost" leave one round step, or 5%, on one side; "about"
    half a round step, at most 10%, on both; "more than" and "at most" leave one side open.
    """
    half = step / 2
    if hedge == AT_LEAST:
        return Interval(value - half, math.inf)
    if hedge == AT_MOST:
        return Interval(-math.inf, value + half)
    reach = max(power_of_ten(value), HEDGE_SHARE * abs(value))
    if hedge == ABOVE:
        return Interval(value, value + max(reach, half))
    if hedge == BELOW:
        return Interval(value - max(reach, half), value)
    if hedge == ABOUT:
        half = max(half, min(rounding_step(value) / 2, MAX_ABOUT_SHARE * abs(value)))
    return Interval(value - half, value + half)


def find_hedge(text: str, value: float | None = None) -> str:
    """Find the hedge before a number in a text; with ``value``, only where the number is that value."""
    for kind in (ABOVE, BELOW, AT_LEAST, AT_MOST, ABOUT):
        words = layouts()["hedges"][kind]
        for match in re.finditer(rf"(?<!\w)(?:{words})[\s€]*({_NUMBER})", text, re.IGNORECASE):
            number = read_number(match.group(1))
            if value is None or (number is not None and _same_digits(number, value)):
                return kind
    return EXACT


def read_hedge(word: str) -> str:
    """Return the hedge that one word stands for, such as the entry of a column `precision`."""
    for kind in (ABOVE, BELOW, AT_LEAST, AT_MOST, ABOUT):
        if pattern("hedges", kind).search(word):
            return kind
    return EXACT


def _same_digits(number: float, value: float) -> bool:
    """Whether a number is a value, or the value in thousands, millions or per cent."""
    return any(math.isclose(number * scale, value, rel_tol=1e-6) for scale in (1, 1e3, 1e6, 1e9, 1e-2))

"""Decides, for a whole column, which mark is decimal and which stands between thousands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mark = Literal["point", "comma"]


@dataclass(frozen=True)
class MarkCounts:
    """How many values of a column can be read in which way.

    ``point`` and ``comma`` count values with one reading, in which that mark is decimal; ``point_decimals`` and
    ``comma_decimals`` those of them that show the decimal mark, ``long_…`` with three or more decimals.
    ``either_point`` counts values such as ``1.500``, ``either_comma`` such as ``1,500``.
    """

    point: int = 0
    comma: int = 0
    point_decimals: int = 0
    comma_decimals: int = 0
    long_point: int = 0
    long_comma: int = 0
    either_point: int = 0
    either_comma: int = 0


@dataclass(frozen=True)
class MarkDecision:
    """The decimal mark of a column, or why there is none: ``found``, and the number of values concerned."""

    decimal: Mark = "point"
    found: str = ""
    count: int = 0

    expected = "one decimal mark, and no thousands marks that can be read as decimals"
    action = "write the numbers without thousands marks, with one decimal mark"


def decide_marks(counts: MarkCounts) -> MarkDecision:
    """Return the decimal mark that all values allow; several, or none, are refused with the readings shown.

    A value such as ``1.500`` among certain decimals is a decimal too, unless it is an exception there: where no other
    value has three decimals and values of its kind are not the majority, it may as well be a thousand.
    """
    if counts.point and counts.comma:
        found = (
            f"{counts.comma} numbers with a comma and {counts.point} with a point as their decimal mark "
            "(a decimal comma, or thousands points, beside a decimal point, or thousands commas)"
        )
        return MarkDecision(found=found, count=min(counts.point, counts.comma))
    point, comma = counts.either_point, counts.either_comma
    if not counts.point and not counts.comma:
        if point or comma:
            return MarkDecision(found=_two_readings(point, comma), count=point + comma)
        return MarkDecision()
    if counts.point:
        doubtful = point if not counts.long_point and point <= counts.point_decimals else 0
        found = _two_readings(doubtful, 0) if doubtful else ""
        return MarkDecision("point", found, doubtful)
    doubtful = comma if not counts.long_comma and comma <= counts.comma_decimals else 0
    found = _two_readings(0, doubtful) if doubtful else ""
    return MarkDecision("comma", found, doubtful)


def _two_readings(point: int, comma: int) -> str:
    shown = []
    for mark, count, example in (("point", point, "1.500"), ("comma", comma, "1,500")):
        if count:
            readings = f"1500 with a thousands {mark}, 1.5 with a decimal {mark}"
            shown.append(f"{count} numbers such as {example}, which may be thousands or decimals ({readings})")
    return " and ".join(shown)

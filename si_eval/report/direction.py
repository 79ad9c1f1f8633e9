"""Whether participants stand above or below non-participants: a sign, a colour and the size of the difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from si_eval.report.border import NUMBER, STATE, UNKNOWN
from si_eval.report.formats import Measure, number
from si_eval.report.grid import Row
from si_eval.vocabulary import ESTIMATE, Language, label

Sign = Literal["▲", "▼", "=", "*", "."]
# Blue against orange, which the common forms of colour blindness keep apart; the sign says it too.
TEXT_COLOURS = {
    "▲": "#004b7a",
    "▼": "#8a4300",
    "=": "#333333",
    "↕": "#333333",
    "*": "#555555",
    ".": "#555555",
    "": "#111111",
}
FILL_COLOURS = {
    "▲": "#d5e8f5",
    "▼": "#fce3c0",
    "=": "#eeeeee",
    "↕": "#eeeeee",
    "*": "#f6f6f6",
    ".": "#f6f6f6",
    "": "#ffffff",
}


@dataclass(frozen=True)
class Direction:
    """The direction of a difference and its size in words."""

    sign: Sign
    size: str

    @property
    def text(self) -> str:
        """Sign and size."""
        return f"{self.sign} {self.size}" if self.size else self.sign


def compare_direction(
    participants: Row | None, non_participants: Row | None, measure: Measure, language: Language
) -> Direction | None:
    """Compare two shown numbers: in per cent of the latter, in points for shares and indices.

    Equal is equal as written. Nothing is computed from a withheld number. Returns None where a row is missing.
    """
    if participants is None or non_participants is None:
        return None
    states = {participants[STATE], non_participants[STATE]}
    if states != {NUMBER}:
        return Direction("." if states <= {NUMBER, UNKNOWN} else "*", "")
    value, other = float(participants[ESTIMATE]), float(non_participants[ESTIMATE])
    if measure.text(value, language) == measure.text(other, language):
        return Direction("=", "")
    return Direction("▲" if value > other else "▼", _size(value, other, measure, language))


def _size(value: float, other: float, measure: Measure, language: Language) -> str:
    if measure.form in ("share", "percent"):
        points = measure.scaled(value) - measure.scaled(other)
        return label("report_points", language).format(value=number(points, language, decimals=1, signed=True))
    if measure.form == "index":
        return number(value - other, language, decimals=1, signed=True)
    if other <= 0:
        return ""
    change = (value / other - 1) * 100
    return number(change, language, decimals=0 if abs(change) >= 9.95 else 1, signed=True) + "%"

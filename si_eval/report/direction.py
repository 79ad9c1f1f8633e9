"""Whether participants stand above or below non-participants: a sign, a colour and the size of the difference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from si_eval.report.border import NUMBER, STATE, UNKNOWN
from si_eval.report.difference import interval_excludes_zero
from si_eval.report.formats import Measure, number
from si_eval.report.grid import Row
from si_eval.report.labels import interval_text
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
HEADING_FILL, TOTAL_FILL = "#eef3f7", "#f4f4f4"


def row_fill(shade: str, *, total: bool) -> str:
    """Return the colour behind a row of a table, empty for none: what departs, else what is of all classes."""
    return FILL_COLOURS[shade] if shade else TOTAL_FILL if total else ""


@dataclass(frozen=True)
class Direction:
    """The direction of a difference, its size and its interval in words.

    ``certain`` where the interval excludes zero: only then it has a colour.
    """

    sign: Sign
    size: str
    interval: str = ""
    certain: bool = False

    @property
    def text(self) -> str:
        """Sign and size."""
        return f"{self.sign} {self.size}" if self.size else self.sign

    @property
    def shade(self) -> str:
        """The sign whose colour it has: its own where it is certain, else that of no difference."""
        return "=" if self.uncertain else self.sign

    @property
    def uncertain(self) -> bool:
        """Whether a group is higher by a difference whose interval does not exclude zero: it is not bold either."""
        return self.sign in ("▲", "▼") and not self.certain


def compare_direction(
    participants: Row | None,
    non_participants: Row | None,
    measure: Measure,
    language: Language,
    *,
    difference: Row | None = None,
) -> Direction | None:
    """Compare two shown numbers: in per cent of the latter, in points for shares and indices.

    ``difference`` is the row of their difference, which has the interval. Equal is equal as written. Nothing is
    computed from a withheld number. Returns None where a row is missing.
    """
    if participants is None or non_participants is None:
        return None
    states = {participants[STATE], non_participants[STATE]}
    if states != {NUMBER}:
        return Direction("." if states <= {NUMBER, UNKNOWN} else "*", "")
    value, other = float(participants[ESTIMATE]), float(non_participants[ESTIMATE])
    if measure.text(value, language) == measure.text(other, language):
        return Direction("=", "")
    sign: Sign = "▲" if value > other else "▼"
    interval = interval_text(difference, replace(measure, signed=True), language).strip() if difference else ""
    certain = interval_excludes_zero(difference)
    return Direction(sign, _size(value, other, measure, language), interval, certain)


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

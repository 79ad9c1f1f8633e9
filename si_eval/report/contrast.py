"""Whether participants stand above or below non-participants, said with a sign, a word of colour and a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from si_eval.vocabulary import ESTIMATE, Language, label

from .border import NUMBER, STATE, UNKNOWN
from .formats import Measure, number

Sign = Literal["▲", "▼", "=", "*", "."]
# Text and fill: blue against orange, which the common forms of colour blindness keep apart; the sign says it too.
INKS = {"▲": "#004b7a", "▼": "#8a4300", "=": "#333333", "↕": "#333333", "*": "#555555", ".": "#555555", "": "#111111"}
FILLS = {"▲": "#d5e8f5", "▼": "#fce3c0", "=": "#eeeeee", "↕": "#eeeeee", "*": "#ffffff", ".": "#ffffff", "": "#ffffff"}


@dataclass(frozen=True)
class Contrast:
    """The direction of a difference and its size in words."""

    sign: Sign
    size: str

    @property
    def text(self) -> str:
        """Give sign and size."""
        return f"{self.sign} {self.size}" if self.size else self.sign


def contrast(
    participants: dict[str, Any] | None, others: dict[str, Any] | None, measure: Measure, language: Language
) -> Contrast | None:
    """Compare two shown numbers: in per cent of the others, in points for shares and indices.

    Equal is equal as written. Nothing is computed from a withheld number. Returns None where a row is missing.
    """
    if participants is None or others is None:
        return None
    states = {participants[STATE], others[STATE]}
    if states != {NUMBER}:
        return Contrast("." if states <= {NUMBER, UNKNOWN} else "*", "")
    mine, theirs = float(participants[ESTIMATE]), float(others[ESTIMATE])
    if measure.text(mine, language) == measure.text(theirs, language):
        return Contrast("=", "")
    return Contrast("▲" if mine > theirs else "▼", _size(mine, theirs, measure, language))


def _size(mine: float, theirs: float, measure: Measure, language: Language) -> str:
    if measure.form in ("share", "percent"):
        points = measure.scaled(mine) - measure.scaled(theirs)
        return label("report_points", language).format(value=number(points, language, decimals=1, signed=True))
    if measure.form == "index":
        return number(mine - theirs, language, decimals=1, signed=True)
    if theirs <= 0:
        return ""
    change = (mine / theirs - 1) * 100
    return number(change, language, decimals=0 if abs(change) >= 9.95 else 1, signed=True) + "%"

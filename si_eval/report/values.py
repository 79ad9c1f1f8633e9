"""One cell as text: the number, or the mark that stands in its place."""

from __future__ import annotations

from typing import Any

from si_eval.vocabulary import ESTIMATE, Language

from .border import ASSUMED, STATE, UNKNOWN, WITHHELD
from .formats import Measure
from .wording import ASTERISK, DOT, RING


def cell_text(row: dict[str, Any], measure: Measure, language: Language, *, symbol: bool = True) -> str:
    """Write a row's number: ``*`` where it is withheld, ``.`` where it is not computable, ``°`` where it is assumed."""
    if row[STATE] == WITHHELD:
        return ASTERISK
    if row[STATE] == UNKNOWN:
        return DOT
    return measure.text(row[ESTIMATE], language, symbol=symbol) + (RING if row[ASSUMED] else "")

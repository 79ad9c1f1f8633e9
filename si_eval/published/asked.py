"""How a published row was read, in words: the precision of a figure, what a claim asks of its cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from si_eval.published.cases import listed
from si_eval.published.phrases import Phrase, join, named, phrase, told, written
from si_eval.vocabulary import NO_LABELS, Labels

SYMBOLS = {">": "above", "<": "below", ">=": "at_least", "<=": "at_most", "=": "equal", "!=": "unequal"}
EVERY_OTHER = "*"


def describe_precision(row: Mapping[str, str], readings: Mapping[str, Any], own: Labels = NO_LABELS) -> Phrase:
    """Say how precise a printed figure is taken to be."""
    return describe_reading(row["precision"], readings["precision"], own)


def describe_claim(
    row: Mapping[str, str], readings: Mapping[str, Any], own: Labels = NO_LABELS, *, several: bool
) -> Phrase:
    """Say which comparison is asked of how many cells, against what, and with what strength."""
    comparison = row["comparison"]
    other = _other(row["other"], own)
    asks = phrase(f"published_asks_{SYMBOLS.get(comparison, comparison)}")
    if other and comparison not in SYMBOLS:
        asks = phrase("published_asks_against", comparison=asks, other=other)
    elif other:
        asks = join([asks, other], " ")
    quantifier = describe_reading(row["quantifier"], readings["quantifiers"], own) if several else Phrase()
    word = describe_reading(row["word"], readings["words"], own) if row["word"] else Phrase()
    return join([quantifier, asks, word], ", ")


def describe_reading(name: str, known: Mapping[str, Any], own: Labels = NO_LABELS) -> Phrase:
    """Name a precision, a quantifier or a word of strength as its entry does, or else as its key."""
    entry = known[name]
    return told(entry.get("nl", ""), entry["en"]) if "en" in entry else named(name, own)


def _other(other: str, own: Labels = NO_LABELS) -> Phrase:
    """Name what a claim compares with: cells of another group or class, or a number."""
    column, colon, values = other.partition(":")
    if not colon:
        return written(other)
    if values == EVERY_OTHER:
        return phrase("published_asks_every_other", dimension=named(column, own))
    return join([named(value, own) for value in listed(values)], ", ")

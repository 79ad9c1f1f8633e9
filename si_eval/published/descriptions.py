"""How a published row was read, in words: the precision of a figure, the comparison of a claim."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from si_eval.published.bilingual import BilingualText, join_texts, labelled, name_of, number_text, stored_text
from si_eval.published.contrasts import split_list
from si_eval.vocabulary import NO_LABELS, Labels

SYMBOLS = {">": "above", "<": "below", ">=": "at_least", "<=": "at_most", "=": "equal", "!=": "unequal"}
ANY = "*"


def describe_precision(row: Mapping[str, str], readings: Mapping[str, Any], own: Labels = NO_LABELS) -> BilingualText:
    """Describe how precise a printed figure is taken to be."""
    return describe_reading(row["precision"], readings["precision"], own)


def describe_claim(
    row: Mapping[str, str], readings: Mapping[str, Any], own: Labels = NO_LABELS, *, several: bool
) -> BilingualText:
    """Describe which comparison must hold, in how many cells, against what, and with what strength."""
    comparison = row["comparison"]
    other = _other(row["other"], own)
    compared = labelled(f"published_comparison_{SYMBOLS.get(comparison, comparison)}")
    if other and comparison not in SYMBOLS:
        compared = labelled("published_comparison_against", comparison=compared, other=other)
    elif other:
        compared = join_texts([compared, other], " ")
    quantifier = describe_reading(row["quantifier"], readings["quantifiers"], own) if several else BilingualText()
    word = describe_reading(row["word"], readings["words"], own) if row["word"] else BilingualText()
    return join_texts([quantifier, compared, word], ", ")


def describe_reading(name: str, known: Mapping[str, Any], own: Labels = NO_LABELS) -> BilingualText:
    """Name a precision, a quantifier or a word of strength as its entry does, or else as its key."""
    entry = known[name]
    return stored_text(entry.get("nl", ""), entry["en"]) if "en" in entry else name_of(name, own)


def _other(other: str, own: Labels = NO_LABELS) -> BilingualText:
    """Name what a claim compares with: cells of another group or class, or a number."""
    column, colon, values = other.partition(":")
    if not colon:
        return number_text(other)
    if values == ANY:
        return labelled("published_comparison_every_other", dimension=name_of(column, own))
    return join_texts([name_of(value, own) for value in split_list(values)], ", ")

"""Texts in both languages: filled labels, names of terms, and numbers as each language writes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from si_eval.registry import indicators
from si_eval.vocabulary import NO_LABELS, Labels, label

DUTCH_SEPARATORS = str.maketrans({",": ".", ".": ","})  # of thousands and of decimals, where English has the other


@dataclass(frozen=True)
class BilingualText:
    """One text in Dutch and in English; false where it is empty."""

    nl: str = ""
    en: str = ""

    def __bool__(self) -> bool:
        return bool(self.en)


def labelled(term: str, **parts: BilingualText) -> BilingualText:
    """Return the label of a term with its places filled; keyword arguments name the places."""
    dutch = {name: part.nl for name, part in parts.items()}
    english = {name: part.en for name, part in parts.items()}
    return BilingualText(label(term, "nl").format(**dutch), label(term, "en").format(**english))


def name_of(term: str, own: Labels = NO_LABELS) -> BilingualText:
    """Return the name of an indicator, a group, a class or a category; ``own`` are the labels of the study."""
    if term in indicators():
        return BilingualText(str(indicators()[term].nl), str(indicators()[term].en))
    dutch, english = label(term, "nl", own), label(term, "en", own)
    return (
        BilingualText(dutch, english)
        if dutch != term or english != term
        else BilingualText(*[term.replace("_", " ")] * 2)
    )


def number_text(number: str) -> BilingualText:
    """Write a number, given as English writes it (``1,234.5``), in both languages."""
    return BilingualText(number.translate(DUTCH_SEPARATORS), number)


def stored_text(dutch: str, english: str) -> BilingualText:
    """Return a text that the data hold in both languages; the English one stands in where there is no Dutch one."""
    return BilingualText(dutch or english, english)


def join_texts(parts: Iterable[BilingualText], separator: str) -> BilingualText:
    """Join the texts that are not empty."""
    filled = [part for part in parts if part]
    return BilingualText(separator.join(part.nl for part in filled), separator.join(part.en for part in filled))

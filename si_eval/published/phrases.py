"""Phrases in both languages: terms of the registry's labels, filled with words and numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from si_eval.registry import indicators
from si_eval.vocabulary import NO_LABELS, Labels, label

DUTCH_SIGNS = str.maketrans({",": ".", ".": ","})  # of thousands and of decimals, where English has the other


@dataclass(frozen=True)
class Phrase:
    """What is said, in Dutch and in English; false where nothing is said."""

    nl: str = ""
    en: str = ""

    def __bool__(self) -> bool:
        return bool(self.en)


def phrase(term: str, **parts: Phrase) -> Phrase:
    """Give a labelled phrase with its places filled: keyword arguments name the places, so this takes any."""
    dutch = {name: part.nl for name, part in parts.items()}
    english = {name: part.en for name, part in parts.items()}
    return Phrase(label(term, "nl").format(**dutch), label(term, "en").format(**english))


def named(term: str, own: Labels = NO_LABELS) -> Phrase:
    """Name an indicator, a group, a class or a category."""
    if term in indicators():
        return Phrase(str(indicators()[term].nl), str(indicators()[term].en))
    dutch, english = label(term, "nl", own), label(term, "en", own)
    return Phrase(dutch, english) if dutch != term or english != term else Phrase(*[term.replace("_", " ")] * 2)


def written(number: str) -> Phrase:
    """Give a number that is written in English, such as ``1,234.5``, in both languages."""
    return Phrase(number.translate(DUTCH_SIGNS), number)


def told(dutch: str, english: str) -> Phrase:
    """Give words that data hold in both languages; the English ones stand in where the Dutch are lacking."""
    return Phrase(dutch or english, english)


def join(parts: Iterable[Phrase], separator: str) -> Phrase:
    """Put the phrases that say something one after the other."""
    said = [part for part in parts if part]
    return Phrase(separator.join(part.nl for part in said), separator.join(part.en for part in said))

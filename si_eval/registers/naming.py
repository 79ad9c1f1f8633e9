"""How far the name of a column says what it holds: words of a list of synonyms, whole, in part or misspelt."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from si_eval.registry import facts

EXACT, WORDS, WITHIN, PREFIX, COMPOUND, WEAK = 1.0, 0.95, 0.8, 0.75, 0.7, 0.5
CLOSE = 0.84  # of difflib: one letter in six or seven wrong
MIN_COMPOUND = 5  # letters of a synonym that is found inside a longer word
MIN_PREFIX = 3  # letters of an abbreviation


TREATED, REJECTED, NEITHER = "treated", "rejected", "neither"  # what a decision says of a firm


class NameScore(NamedTuple):
    """How well a name fits, from 0 to 1, and the synonym that it fits."""

    score: float
    synonym: str = ""


NOTHING = NameScore(0.0)


def words_of(name: str) -> tuple[str, ...]:
    """Split a name into words: at marks, at capitals inside and around digits.

    >>> words_of("RBE_WerkzamePersonen2019")
    ('rbe', 'werkzame', 'personen', '2019')
    """
    text = unicodedata.normalize("NFKD", name)
    text = "".join(sign for sign in text if not unicodedata.combining(sign))
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return tuple(re.findall(r"[a-z]+|[0-9]+", text.casefold()))


@cache
def roles() -> dict[str, Any]:
    """Read the roles that a column can have."""
    return dict(facts("roles")["roles"])


@cache
def fillers() -> frozenset[str]:
    """Read the words of a name that say nothing of what it holds."""
    return frozenset(facts("roles")["fillers"])


@cache
def _synonyms(role: str) -> tuple[tuple[str, tuple[str, ...], float], ...]:
    """List the synonyms of a role: as written, in words, and the most that they say."""
    entry = roles()[role]
    strong = [(role.replace("_", " "), 1.0), *((name, 1.0) for name in entry["names"])]
    return tuple(
        (text, words_of(text), most) for text, most in [*strong, *((one, WEAK) for one in entry.get("weak", ()))]
    )


@cache
def score_name(name: str, role: str) -> NameScore:
    """Score how well a name fits a role."""
    words = words_of(name)
    best = NOTHING
    for text, synonym, most in _synonyms(role):
        score = _fit(words, synonym) * most
        if score > best.score:
            best = NameScore(score, text)
    return best


def _fit(words: Sequence[str], synonym: Sequence[str]) -> float:
    """Compare two names by their words: the first way in which they agree says how well they fit."""
    whole, other = "".join(words), "".join(synonym)
    bare, plain = _without(words), _without(synonym)
    one_word = len(plain) == len(bare) == 1
    ways = (
        (EXACT, whole == other),
        (WORDS, set(bare) == set(plain) or "".join(bare) == "".join(plain)),
        (WITHIN if len(other) >= MIN_PREFIX else WEAK, set(plain) <= set(bare)),
        (PREFIX, len(bare) == len(plain) > 1 and all(map(_abbreviates, bare, plain))),
        (COMPOUND, len(other) >= MIN_COMPOUND and other in whole),
        (
            PREFIX,
            one_word and len(bare[0]) > MIN_PREFIX and not {*bare} & fillers() and _abbreviates(bare[0], plain[0]),
        ),
    )
    score = next((score for score, agrees in ways if agrees), 0.0)
    if score or min(len(whole), len(other)) < MIN_COMPOUND:
        return score
    ratio = difflib.SequenceMatcher(None, whole, other).ratio()
    return COMPOUND * ratio if ratio >= CLOSE else 0.0


def _without(words: Sequence[str]) -> tuple[str, ...]:
    """Leave out the words that say nothing, unless nothing is left."""
    kept = tuple(word for word in words if word not in fillers() and not (word.isdigit() and len(word) == 4))
    return kept or tuple(words)


def _abbreviates(one: str, two: str) -> bool:
    """Whether one of two words is the beginning of the other."""
    short, long = sorted((one, two), key=len)
    return long.startswith(short) and (len(short) >= MIN_PREFIX or short == long)


def near_columns(role: str, available: Sequence[str]) -> list[str]:
    """List the columns whose names may say that they have a role, the likeliest first."""
    scores = {name: score_name(name, role).score for name in available} if role in roles() else {}
    return [name for name in sorted(scores, key=lambda one: -scores[one]) if scores[name] >= WEAK]


def decision_of(value: str) -> str:
    """Say what a value of a decision means: treated, rejected, neither, or nothing that is known.

    >>> decision_of("approved"), decision_of("nicht gefördert"), decision_of("later")
    ('treated', 'rejected', '')
    """
    words = facts("roles")["decisions"]
    text = " ".join(value.casefold().replace("_", " ").split())
    known = next((kind for kind in (TREATED, REJECTED, NEITHER) if text in words[kind]), "")
    first, _, rest = text.replace("-", " ").partition(" ")
    if not known and first in words["not"] and rest in words[TREATED]:
        return REJECTED
    return known


def says_thousands(name: str) -> bool:
    """Whether a name says that its amounts are in thousands."""
    return bool(set(words_of(name)) & set(facts("roles")["thousands"]))


def currency_of_names(names: Iterable[str]) -> tuple[str, str]:
    """Return the currency that names of columns name, or that of the country whose words they are, with the reason.

    >>> currency_of_names(["omzet_keur", "beid"])
    ('EUR', '`omzet_keur` names it')
    """
    listed = list(names)
    for kind, told in (
        ("currencies", "`{}` names it"),
        ("countries", "unsure: `{}` is a word of a country with this currency"),
    ):
        known = facts("roles")[kind]
        found = {code: name for name in listed for code, words in known.items() if _has_any(name, words)}
        if len(found) == 1:
            ((code, name),) = found.items()
            return code, told.format(name)
        if found:
            break
    return "", ""


def _has_any(name: str, words: Sequence[str]) -> bool:
    """Whether a name has one of some words, or of some signs."""
    return bool(set(words_of(name)) & set(words)) or any(not word.isalnum() and word in name for word in words)


def has_word(text: str, kind: str) -> bool:
    """Whether the name of a file has a word of a kind of files."""
    words = words_of(text)
    known = [words_of(one) for one in facts("roles")["files"][kind]]
    return any(
        one == words[start : start + len(one)]
        or (len(one) == 1 and len(one[0]) >= MIN_COMPOUND and one[0] in words[start])
        for one in known
        for start in range(len(words))
    )

"""Numbers that are written as words, in English and Dutch: `twenty-four`, `vierentwintig`, `two thousand and six`."""

from __future__ import annotations

import re
from functools import cache

from si_eval.consistency.facts import layouts

_JOINERS = ("and", "en", "ën")
_WORDS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def find_number_words(text: str) -> list[float]:
    """List the numbers that a text writes as words, in order; a run of words makes one number.

    A lone `one` or `een` is an article as often as a number, and counts only where it stands in a longer number; `and`
    joins what follows a hundred or a thousand.
    """
    found, run = [], list[str]()
    for word in [*_WORDS.findall(text.casefold()), ""]:
        parts = _read_compound(word) if word else ()
        if (run and word in _JOINERS and _read_compound(run[-1])[-1:] >= (100,)) or (
            parts and (not run or _continues(run, parts))
        ):
            run.append(word)
        else:
            found += _close(run)
            run = [word] if parts else []
    return found


def _continues(run: list[str], parts: tuple[float, ...]) -> bool:
    """Whether a word goes on with the number before it: smaller than its last part, or a multiplier of it."""
    last = next(part for word in reversed(run) for part in reversed(_read_compound(word)))
    return parts[0] >= 100 or last >= 100 or (last >= 20 and parts[0] < 10)


def _close(run: list[str]) -> list[float]:
    """Return the number of a run of words, unless it is no more than an article."""
    words = [word for word in run if word not in _JOINERS]
    if not words or (len(words) == 1 and words[0] in layouts()["number_words"]["articles"]):
        return []
    return [_combine([part for word in words for part in _read_compound(word)])]


def read_number_word(text: str) -> float | None:
    """Read a text that is, as a whole, one number in words; None where it is not."""
    words = _WORDS.findall(text.casefold().strip())
    parts = [part for word in words if word not in _JOINERS for part in _read_compound(word)]
    whole = bool(words) and not re.search(r"\d", text) and all(w in _JOINERS or _read_compound(w) for w in words)
    return _combine(parts) if whole and parts else None


@cache
def _read_compound(word: str) -> tuple[float, ...]:
    """Split a word such as `twenty-four` or `tweehonderdvierentwintig` into the numbers that it is made of."""
    small: dict[str, float] = {name: float(n) for n, names in _small_words().items() for name in names}
    rest, parts = word.replace("-", ""), list[float]()
    names = sorted((*small, *_JOINERS), key=len, reverse=True)
    while rest:
        name = next((n for n in names if rest.startswith(n) and _can_follow(n, rest, parts)), "")
        if not name:
            return ()
        rest = rest[len(name) :]
        if name in small:
            parts.append(small[name])
    return tuple(parts)


def _can_follow(name: str, rest: str, parts: list[float]) -> bool:
    """Whether a name may be taken here: a joiner stands between two numbers only."""
    return name not in _JOINERS or (bool(parts) and len(rest) > len(name))


@cache
def _small_words() -> dict[str, tuple[str, ...]]:
    """Read the words that numbers are made of."""
    return {number: tuple(words.split("|")) for number, words in layouts()["number_words"]["small"].items()}


def _combine(parts: list[float]) -> float:
    """Combine the parts of a number: hundreds and thousands multiply what stands before them, tens and ones add."""
    total, group = 0.0, 0.0
    for part in parts:
        if part >= 1000:
            total, group = total + max(group, 1.0) * part, 0.0
        elif part == 100:
            group = max(group, 1.0) * 100
        else:
            group += part
    return total + group

"""Finds traces of secrets in a text: withheld numbers in any way of writing, identifiers, names of the machine."""

from __future__ import annotations

import getpass
import math
import re
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api.types import is_integer_dtype
from pandas.util import hash_array

from si_eval.registry import facts
from si_eval.stats import distinct

OWN_TEXTS = ("labels", "reasons", "plausibility")  # files of the registry
TELLING = 5  # significant digits from which a number is one figure rather than a coincidence
MIN_ID_LENGTH = 5  # characters; a shorter identifier cannot be told from a year or a count
MAX_ID_DIGITS = 18  # digits of an identifier that is kept as an integer
DENSE = 0.01  # of the numbers of a length
MIN_NAME_LENGTH = 4  # characters of a name of a person or a machine
SCALES = (1.0, 100.0, 1e-3, 1e-6)  # as it is, in per cent, in thousands, in millions
MAX_DIGITS = 15  # of a number in double precision
SPACES = " \u00a0\u2009\u202f"
RUN = re.compile(r"\d[\d.,'\u2019]*(?:[eE][-+]?\d+)?")
SPACED = re.compile(rf"(?<=\d)[{SPACES}](?=\d{{3}}(?!\d))")
PLAIN = re.compile(r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
GROUPED = re.compile(r"\d{1,3}(?:[.,']\d{3})+")
WHOLE = re.compile(r"(\d+)(?:[.,]0+)?")
WORD = re.compile(r"\w+")
HASH = re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b")


@dataclass(frozen=True)
class Identifiers:
    """Identifiers to look for: ``numbers`` (I,), ``words`` (W,) and ``phrases``.

    Those of digits are sorted int64, without leading zeros; those of letters and digits sorted hashes, as uint64; those
    with other signs in them texts. Upper and lower case are the same.
    """

    numbers: np.ndarray
    words: np.ndarray
    phrases: frozenset[str]

    @cached_property
    def dense_lengths(self) -> frozenset[int]:
        """The lengths of numbers of which more than the share `DENSE` are identifiers."""
        first = 10 ** np.arange(MIN_ID_LENGTH - 1, MAX_ID_DIGITS + 1, dtype=np.int64)
        counts = np.diff(np.searchsorted(self.numbers, first))
        return frozenset((MIN_ID_LENGTH + np.flatnonzero(counts > DENSE * np.diff(first))).tolist())

    @cached_property
    def phrase_heads(self) -> frozenset[str]:
        """The first `MIN_ID_LENGTH` characters of the phrases: where none stands in a text, no phrase does."""
        return frozenset(phrase[:MIN_ID_LENGTH] for phrase in self.phrases)

    @cached_property
    def phrase_lengths(self) -> tuple[int, ...]:
        """The lengths of the phrases, each once."""
        return tuple(sorted({len(phrase) for phrase in self.phrases}))


@dataclass(frozen=True)
class Secrets:
    """What may not be found. ``withheld`` (V,) and ``shown`` (S,) are sorted absolute values.

    No shown number repeats a withheld one; ``shown`` explains a rounding that both share. ``names`` are those of the
    person, the machine and its folders.
    """

    withheld: np.ndarray
    shown: np.ndarray
    identifiers: Identifiers
    names: frozenset[str] = frozenset()


_NONE = Identifiers(np.array([], dtype=np.int64), np.array([], dtype=np.uint64), frozenset())


def gather_secrets(
    withheld: Iterable[float],
    shown: Iterable[float],
    identifiers: Iterable[object] | Identifiers = (),
    names: Iterable[str] = (),
) -> Secrets:
    """Sort what may not be found; numbers of fewer than `TELLING` digits cannot be told from others: left out."""
    open_values = {abs(float(value)) for value in shown if math.isfinite(value)}
    telling = {
        abs(float(value)) for value in withheld if math.isfinite(value) and _digits(repr(float(value))) >= TELLING
    }
    return Secrets(
        np.array(sorted(telling - open_values)),
        np.array(sorted(open_values)),
        identifiers if isinstance(identifiers, Identifiers) else sort_identifiers(identifiers),
        frozenset(name.lower() for name in names if len(name) >= MIN_NAME_LENGTH),
    )


def sort_identifiers(identifiers: Iterable[object]) -> Identifiers:
    """Sort identifiers by kind; those shorter than `MIN_ID_LENGTH` cannot be told from years and counts: left out."""
    if isinstance(identifiers, pd.Series) and is_integer_dtype(identifiers):
        numbers = identifiers.dropna().to_numpy(dtype=np.int64)
        return Identifiers(distinct(numbers[numbers >= 10 ** (MIN_ID_LENGTH - 1)]), _NONE.words, frozenset())
    found = identifiers if isinstance(identifiers, pd.Series) else pd.Series(list(identifiers), dtype=object)
    texts = pc.utf8_lower(pc.utf8_trim_whitespace(pa.array(found.dropna().astype("str"), type=pa.string())))
    texts = texts.filter(pc.greater_equal(pc.utf8_length(texts), MIN_ID_LENGTH))
    digits = pc.match_substring_regex(texts, rf"^[0-9]{{1,{MAX_ID_DIGITS}}}$")
    words = pc.and_not(pc.match_substring_regex(texts, r"^\w+$"), digits)
    rest = pc.invert(pc.or_(digits, words))
    return Identifiers(
        distinct(pc.cast(texts.filter(digits), pa.int64()).to_numpy(zero_copy_only=False)),
        _hashes(texts.filter(words).to_pandas()),
        frozenset(texts.filter(rest).to_pylist()),
    )


def join_identifiers(parts: Sequence[Identifiers]) -> Identifiers:
    """Put sorted identifiers together."""
    return Identifiers(
        distinct(np.concatenate([_NONE.numbers, *(part.numbers for part in parts)])),
        distinct(np.concatenate([_NONE.words, *(part.words for part in parts)])),
        frozenset().union(*(part.phrases for part in parts)),
    )


def _hashes(words: pd.Series) -> np.ndarray:
    return distinct(hash_array(words.to_numpy(dtype=object), categorize=False))


def machine_names(*folders: Path) -> set[str]:
    """Name the person, the machine, and the folders at work, of which nothing may leave."""
    places = {str(place.resolve()) for place in (Path.home(), Path.cwd(), *folders)}
    return {name for name in (getpass.getuser(), socket.gethostname(), *places) if len(name) >= MIN_NAME_LENGTH}


def find_traces(text: str, secrets: Secrets) -> list[str]:
    """List the kinds of secrets that a text holds; hashes are taken out first.

    A number is read as English, Dutch and plain, with points, commas, spaces or apostrophes between thousands, in
    per cent, thousands or millions, rounded or cut to at least `TELLING` digits. It is no trace where a shown number
    is written the same way, nor in a sentence of the registry, which is the same whatever the data say.
    """
    text = HASH.sub("", text)
    for sentence in _own_sentences():
        text = text.replace(sentence, " ")
    runs = set(RUN.findall(text)) | set(RUN.findall(SPACED.sub("'", text)))
    found = []
    if any(_is_withheld(value, digits, secrets) for run in runs for value, digits in _readings(run)):
        found.append("a withheld value")
    if _holds_identifier(text.lower(), map(_whole_numbers, runs), secrets.identifiers):
        found.append("an identifier")
    if any(_holds_name(text.lower(), name) for name in secrets.names):
        found.append("the name of a person, a machine or a folder")
    return found


@cache
def _own_sentences() -> tuple[str, ...]:
    """List the sentences of the registry that hold a number which could be a trace."""

    def texts(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping | list):
            for one in value.values() if isinstance(value, Mapping) else value:
                yield from texts(one)

    sentences = {text for name in OWN_TEXTS for text in texts(facts(name)) if " " in text}
    return tuple(sorted(text for text in sentences if any(len(run) >= TELLING for run in RUN.findall(text))))


def holds_identifier(text: str, identifiers: Identifiers, *, labels: bool = False) -> bool:
    """Whether an identifier stands in a text; a number with separators between thousands is a quantity here.

    Where so many numbers of a length are identifiers that any quantity may be one, as of firms that are numbered from
    1, a number of that length tells nothing, unless the text is of ``labels``.
    """
    text = HASH.sub("", text)
    numbers = {number for run in set(RUN.findall(text)) for number in _plain_numbers(run)}
    told = [number for number in numbers if labels or len(str(number)) not in identifiers.dense_lengths]
    return _holds_identifier(text.lower(), [told], identifiers)


def _readings(run: str) -> Iterator[tuple[float, int]]:
    """Yield the numbers that a run of digits and separators can be, with their significant digits."""
    run = run.rstrip(".,'\u2019").replace("\u2019", "'")
    bare = run.replace("'", "")
    candidates = {bare.replace(",", ""), bare.replace(".", "").replace(",", "."), *re.split("[,']", run)}
    for candidate in candidates:
        if PLAIN.fullmatch(candidate) and _digits(candidate) >= TELLING:
            yield float(candidate), _digits(candidate)


def _digits(number: str) -> int:
    """Count the significant digits of a number as it is written."""
    return len(re.sub(r"[eE].*", "", number).replace(".", "").strip("-0"))


def _is_withheld(value: float, digits: int, secrets: Secrets) -> bool:
    """Whether a number is a withheld one, rounded or cut to so many digits, and no shown one."""
    last = 10.0 ** (math.floor(math.log10(value)) + 1 - min(digits, MAX_DIGITS))
    return _within(secrets.withheld, value, last) and not _within(secrets.shown, value, last)


def _within(values: np.ndarray, value: float, last: float) -> bool:
    """Whether a value, on one of the scales, is less than one in the last digit away."""
    for scale in SCALES:
        low, high = np.searchsorted(values, [(value - last) / scale, (value + last) / scale], side="right")
        high -= int(high > low and values[high - 1] * scale >= value + last)
        if high > low:
            return True
    return False


def _whole_numbers(run: str) -> Iterator[int]:
    """Yield the integers that a run can be: alone, with a decimal part of zeros, or grouped by three."""
    if GROUPED.fullmatch(run := run.rstrip(".,'\u2019").replace("\u2019", "'")):
        yield int(re.sub(r"\D", "", run))
    yield from _plain_numbers(run)


def _plain_numbers(run: str) -> Iterator[int]:
    """Yield the integers that a run can be, alone or with a decimal part of zeros."""
    run = run.rstrip(".,'\u2019").replace("\u2019", "'")
    for piece in [run, *re.split("[,']", run)]:
        match = WHOLE.fullmatch(piece)
        if match and MIN_ID_LENGTH <= len(match[1]) <= MAX_ID_DIGITS:
            yield int(match[1])


def _holds_identifier(text: str, whole: Iterable[Iterable[int]], identifiers: Identifiers) -> bool:
    """Find an identifier of digits among whole numbers, one of letters among the words, others anywhere."""
    numbers = np.array([number for several in whole for number in several], dtype=np.int64)
    if _any_known(numbers, identifiers.numbers):
        return True
    words = {word for word in WORD.findall(text) if len(word) >= MIN_ID_LENGTH} if len(identifiers.words) else set()
    parts = {part for word in words for part in word.split("_") if len(part) >= MIN_ID_LENGTH}
    if _any_known(_hashes(pd.Series(list(words | parts), dtype=object)), identifiers.words):
        return True
    return _holds_phrase(text, identifiers)


def _any_known(values: np.ndarray, known: np.ndarray) -> bool:
    """Whether any value is among sorted ones; each is searched for, as there are few of them and millions known."""
    places = np.searchsorted(known, values)
    found = places < len(known)
    return bool((known[places[found]] == values[found]).any())


def _holds_phrase(text: str, identifiers: Identifiers) -> bool:
    """Whether any phrase stands anywhere in a text, which is read once for all of them."""
    heads, phrases, lengths = identifiers.phrase_heads, identifiers.phrases, identifiers.phrase_lengths
    return any(
        text[start : start + length] in phrases
        for start in range(len(text) - MIN_ID_LENGTH + 1 if heads else 0)
        if text[start : start + MIN_ID_LENGTH] in heads
        for length in lengths
    )


def _holds_name(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None

"""Reads the numbers of a small table's column; register files use the same rule in the engine's expressions."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from si_eval.errors import Problem
from si_eval.text_input import patterns
from si_eval.text_input.marks import Mark, MarkCounts, decide_marks

Kind = Literal[
    "empty", "missing", "neutral", "point", "comma", "either_point", "either_comma", "infinite", "percent", "currency",
    "unreadable",
]  # fmt: skip
_REFUSED: dict[str, tuple[str, str, str]] = {
    "unreadable": ("values that are not a number", "a number", "correct them, or leave missing values empty"),
    "infinite": ("values that are infinite", "finite numbers", "correct them, or leave them empty"),
    "percent": ("values with a percent sign", "numbers without a sign", "write 12% as 12 or 0.12, as the column asks"),
    "currency": ("values with a currency sign", "numbers without a sign", "write € 1500 as 1500"),
}
_SHAPES: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("neutral", re.compile(patterns.NEUTRAL)),
    ("either_point", re.compile(patterns.EITHER_POINT)),
    ("either_comma", re.compile(patterns.EITHER_COMMA)),
    ("point", re.compile(f"{patterns.POINT_DECIMAL}|{patterns.COMMA_GROUPS}")),
    ("comma", re.compile(f"{patterns.COMMA_DECIMAL}|{patterns.POINT_GROUPS}")),
    ("infinite", re.compile(patterns.INFINITE, re.IGNORECASE)),
    ("percent", re.compile(patterns.PERCENT)),
    ("currency", re.compile(patterns.CURRENCY, re.IGNORECASE)),
)
_POINT_DECIMAL, _COMMA_DECIMAL, _LONG = (
    re.compile(text) for text in (patterns.POINT_DECIMAL, patterns.COMMA_DECIMAL, patterns.LONG_FRACTION)
)


@dataclass(frozen=True)
class NumberProblem:
    """Values of a column that are refused: what was found, expected and to do; ``rows`` are their places (0-based)."""

    kind: str
    found: str
    expected: str
    action: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class ParsedNumbers:
    """A column as numbers.

    ``values`` has NaN where a value is missing or refused. ``missing_words`` counts the words for missing by word,
    ``decimal`` is the decimal mark that the column has, ``with_thousands`` counts numbers with marks between thousands.
    """

    values: pd.Series
    problems: tuple[NumberProblem, ...] = ()
    missing_words: dict[str, int] = field(default_factory=dict)
    decimal: Mark = "point"
    with_thousands: int = 0

    def as_problems(self, where: str, column: str, table: str = "", first_row: int = 1) -> list[Problem]:
        """Return the problems as those of a file's column, with up to three row numbers."""
        return [
            Problem(
                where=where,
                found=problem.found,
                expected=problem.expected,
                action=problem.action,
                table=table,
                column=column,
                count=len(problem.rows),
                examples=tuple(f"row {row + first_row}" for row in problem.rows[:3]),
            )
            for problem in self.problems
        ]

    def notes(self, column: str) -> list[str]:
        """Return a remark for everything that was not written plainly and is read all the same."""
        remarks = []
        if self.missing_words:
            words = ", ".join(self.missing_words)
            remarks.append(f"{column}: {sum(self.missing_words.values())} values ({words}) are read as missing")
        if self.with_thousands:
            remarks.append(
                f"{column}: {self.with_thousands} numbers have marks between thousands; the {self.decimal} is decimal"
            )
        return remarks


def classify_number(text: str) -> Kind:
    """Return what a cleaned text can be, by its shape alone."""
    if not text:
        return "empty"
    if text.lower() in patterns.MISSING_WORDS:
        return "missing"
    return next((kind for kind, shape in _SHAPES if shape.search(text)), "unreadable")


def read_as(text: str, decimal: Mark) -> float:
    """Return the number that a cleaned, classified text is when ``decimal`` is the decimal mark."""
    thousands = "," if decimal == "point" else "."
    bare = text.replace(" ", "").replace("'", "").replace(thousands, "")
    return float(bare.replace(",", "."))


def parse_numbers(values: pd.Series) -> ParsedNumbers:
    """Read a column of texts, or of numbers, or of both, under the one rule; the whole column decides on its marks.

    Numbers are taken as they are; NaN, None and NA are missing; booleans, infinities and everything else is refused.
    """
    listed = [str(value) if isinstance(value, (bool, np.bool_)) else value for value in values.astype(object)]
    codes, distinct = pd.factorize(np.array([*listed, None], dtype=object)[:-1], use_na_sentinel=True)  # True is not 1
    kinds = np.full(len(distinct) + 1, "empty", dtype=object)  # the last is for code -1: missing
    texts = [""] * len(distinct)
    numbers = np.full(len(distinct) + 1, np.nan)
    for place, value in enumerate(distinct):
        kinds[place], texts[place], numbers[place] = _kind_of(value)
    by_row = kinds[codes]
    tally = pd.Series(by_row).value_counts()
    decisive = _count_marks(codes, kinds, texts)
    decision = decide_marks(decisive)
    overflow = []
    for place, text in enumerate(texts):
        if kinds[place] in {"neutral", "point", "comma", "either_point", "either_comma"} and text:
            numbers[place] = _read(text, kinds[place], decision.decimal)
            if math.isinf(numbers[place]):
                numbers[place], kinds[place] = np.nan, "infinite"
                overflow.append(place)
    if overflow:
        by_row = kinds[codes]
        tally = pd.Series(by_row).value_counts()
    problems = [
        NumberProblem(kind, f"{tally[kind]} {found}", expected, action, _places(by_row == kind))
        for kind, (found, expected, action) in _REFUSED.items()
        if tally.get(kind, 0)
    ]
    if decision.found:
        either = np.isin(by_row.astype(str), ["either_point", "either_comma"])
        mixed = np.isin(by_row.astype(str), ["point", "comma"])
        rows = _places(either if decisive.point == 0 or decisive.comma == 0 else mixed)
        problems.append(NumberProblem("marks", decision.found, decision.expected, decision.action, rows))
    words: dict[str, int] = {}
    for place in np.flatnonzero(kinds[:-1] == "missing").tolist():
        words[texts[place]] = words.get(texts[place], 0) + int((codes == place).sum())
    grouped = np.array(
        [_has_thousands(t, k, decision.decimal) for t, k in zip(texts, kinds[:-1], strict=True)] + [False]
    )
    read = numbers[codes]
    read[[row for problem in problems for row in problem.rows]] = np.nan
    result = pd.Series(read, index=values.index, name=values.name, dtype="float64")
    return ParsedNumbers(result, tuple(problems), words, decision.decimal, int(grouped[codes].sum()))


def _kind_of(value: Hashable) -> tuple[Kind, str, float]:
    if isinstance(value, str):
        text = patterns.clean_text(value)
        return classify_number(text), text, np.nan
    try:
        number = float(value)  # type: ignore[arg-type]  # what has no float is refused
    except (TypeError, ValueError, OverflowError):
        return "unreadable", "", np.nan
    if not isinstance(value, (int, float, np.number)) and type(value).__name__ != "Decimal":
        return "unreadable", "", np.nan
    if math.isnan(number):
        return "empty", "", np.nan
    return ("infinite", "", np.nan) if math.isinf(number) else ("neutral", "", number)


def _count_marks(codes: np.ndarray, kinds: np.ndarray, texts: list[str]) -> MarkCounts:
    counts = dict.fromkeys(MarkCounts.__dataclass_fields__, 0)
    rows = np.bincount(codes[codes >= 0], minlength=len(texts))
    for text, kind, n in zip(texts, kinds[:-1], rows, strict=True):
        if kind not in {"point", "comma", "either_point", "either_comma"}:
            continue
        counts[kind] += int(n)
        for mark, shape in (("point", _POINT_DECIMAL), ("comma", _COMMA_DECIMAL)):
            if kind == mark and shape.search(text):
                counts[f"{mark}_decimals"] += int(n)
                counts[f"long_{mark}"] += int(n) if _LONG.search(text) else 0
    return MarkCounts(**counts)


def _read(text: str, kind: Kind, decimal: Mark) -> float:
    return read_as(text, kind if kind in {"point", "comma"} else decimal)


def _has_thousands(text: str, kind: Kind, decimal: Mark) -> bool:
    thousands = "," if decimal == "point" else "."
    return kind in {"neutral", "point", "comma", "either_point", "either_comma"} and any(
        mark in text for mark in (" ", "'", thousands)
    )


def _places(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(row) for row in np.flatnonzero(mask))

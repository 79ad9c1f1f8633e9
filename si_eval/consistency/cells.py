"""Read any table, wide or long, as cells: each a number with the labels of its row and its column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import pandas as pd

from si_eval.consistency.facts import currencies_in, is_word, layouts
from si_eval.consistency.number_words import find_number_words, read_number_word
from si_eval.consistency.periods import YEAR, read_period
from si_eval.consistency.printed_number import Interval, count_decimals, find_hedge, money_step, printed_interval
from si_eval.errors import InputError
from si_eval.text_input import parse_numbers

COLUMN = "column"  # the dimension that the headers of a wide table make
MIN_NUMBERS = 0.6  # of the filled cells of a column that holds numbers
MIN_WORDS = 3  # of a sentence
YEARS = (1950, 2100)
_THOUSANDS = r"[x×*] ?1[,. ]?000\b|(?<!\d)'000\b"
_DIGITS = r"-?\d+(?:['\u00a0\u202f ]\d{3}|[.,]\d+)*(?:[eE][-+]?\d{1,3})?"


@dataclass(frozen=True)
class Cell:
    """A printed number: the labels that say what it is of, the values that its digits allow, currency or ``%``.

    ``value`` and ``interval`` are in units of one; ``scale`` is what one stands for as printed.
    """

    id: str
    labels: tuple[str, ...]
    value: float
    interval: Interval
    unit: str
    scale: float
    printed: str
    words: str

    def format(self) -> str:
        """Write the number with its labels, as printed."""
        return f"{self.printed} ({', '.join(label.strip() for label in self.labels if label.strip())})"


@dataclass(frozen=True)
class Sentence:
    """A text of a row that tells a number: the numbers in it, in digits and in words."""

    id: str
    text: str
    numbers: tuple[float, ...]


@dataclass(frozen=True)
class CellTable:
    """All cells of a table, the dimensions that their labels are of, and the sentences that tell them again.

    ``places`` are the dimensions that say where a number stands and not what it is of.
    """

    cells: tuple[Cell, ...]
    dimensions: tuple[str, ...]
    places: tuple[str, ...]
    sentences: tuple[Sentence, ...]


class Amount(NamedTuple):
    """A number in a text: its digits, and what the words around them make of it."""

    digits: str
    unit: str
    scale: float
    hedge: str


def read_cells(frame: pd.DataFrame, skipped: Sequence[str] = (), only: str | None = None) -> CellTable:
    """Read every number of a table, or of its column ``only``, with its labels; ``skipped`` are no part of it."""
    texts = {str(name): [cell_text(value) for value in frame.iloc[:, k]] for k, name in enumerate(frame.columns)}
    kinds = {name: _column_kind(name, column) for name, column in texts.items() if name not in skipped}
    measures = [name for name, kind in kinds.items() if kind == "number" and only in (None, name)]
    labels = [name for name, kind in kinds.items() if kind in ("label", "place", "period")]
    dimensions = (*labels, *([COLUMN] if len(measures) > 1 else []))
    units = next((texts[name] for name, kind in kinds.items() if kind == "unit"), [""] * len(frame))
    cells = []
    for header in measures:
        column = _read_column(header, texts[header], units)
        for row, cell in enumerate(column):
            if cell is not None:
                own = tuple(texts[name][row] for name in labels)
                where = str(frame.index[row]) if len(measures) == 1 else f"{frame.index[row]}, {header}"
                words = " ".join((*own, header, units[row]))
                cells.append(replace(cell, id=where, labels=(*own, header)[: len(dimensions)], words=words))
    sentences = tuple(
        Sentence(str(frame.index[row]), text, _numbers_in(text))
        for name, kind in kinds.items()
        if kind == "sentence"
        for row, text in enumerate(texts[name])
    )
    places = tuple(name for name in labels if kinds[name] == "place")
    return CellTable(tuple(cells), dimensions, places, sentences)


def _column_kind(name: str, column: Sequence[str]) -> str:
    """Decide what a column holds: number, label, period, place, unit, sentence, or nothing that counts."""
    header = name.replace("_", " ").casefold().strip()
    filled = [text for text in column if text.strip()]
    if not filled or any(is_word("any_table", role, header) for role in ("id", "note")):
        return "ignored"
    if is_word("any_table", "unit", header):
        return "unit"
    if _holds_periods(name, header, filled):
        return "period"
    if sum(read_amount(text) is not None for text in filled) >= MIN_NUMBERS * len(filled):
        return "number"
    if all(len(text.split()) >= MIN_WORDS and _numbers_in(text) and not read_period(text) for text in filled):
        return "sentence"
    return "place" if is_word("any_table", "source", header) else "label"


def _holds_periods(name: str, header: str, filled: Sequence[str]) -> bool:
    """Whether a column says periods: by its header, as parts of years, or as years that repeat."""
    if is_word("any_table", "part_of_year", header):
        return True
    named = is_word("any_table", "year", header)
    years = all(re.fullmatch(r"\d{4}", text) and YEARS[0] <= int(text) <= YEARS[1] for text in filled)
    if years and read_period(name) is None and (named or len(set(filled)) < len(filled)):
        return True
    periods = [period for text in filled if (period := read_period(text))]
    parts = len(periods) >= MIN_NUMBERS * len(filled) and any(period.parts != YEAR for period in periods)
    return parts or (named and bool(periods))


def _read_column(header: str, column: Sequence[str], units: Sequence[str]) -> list[Cell | None]:
    """Read the numbers of a column: its marks decide together, its finest decimals say how all were rounded."""
    amounts = [read_amount(text) for text in column]
    parsed = parse_numbers(pd.Series([amount.digits if amount else "" for amount in amounts], dtype="str"))
    listed = parsed.as_problems("the frame to check", header)
    problems = [
        problem for found, problem in zip(parsed.problems, listed, strict=True) if found.kind in ("marks", "infinite")
    ]
    if problems:
        raise InputError(problems, "the frame to check")
    values = [None if pd.isna(value) else float(value) for value in parsed.values]
    plain = all(amount is None or not amount.unit for amount in amounts) and len(set(units)) == 1
    decimals = [count_decimals(value) for value in values if value is not None]
    cells = list[Cell | None]()
    for text, amount, value, unit in zip(column, amounts, values, units, strict=True):
        if amount is None or value is None or abs(value) == float("inf"):
            cells.append(None)
            continue
        around = _read_unit(f"{unit} {_in_brackets(header)}") if read_period(header) is None else _read_unit(unit)
        told = amount.unit or around[0], amount.scale if amount.scale != 1 else around[1]
        finest = max(decimals) if plain else count_decimals(value)
        step = 10.0 ** -max(finest, 0)
        if told[0] in layouts()["currencies"] and told[1] == 1.0 and step == 1.0:
            step = money_step(value)
        scale = told[1]
        interval = printed_interval(value, step, amount.hedge).scaled(scale)
        shown = text.strip() if amount.unit or not unit else f"{text.strip()} {unit}"
        cells.append(Cell("", (), value * scale, interval, told[0], scale, shown, ""))
    return cells


@cache
def read_amount(text: str) -> Amount | None:
    """Read a text that is one number, with currency, magnitude, percent or a hedge around it, or a number in words."""
    text, times = re.subn(_THOUSANDS, " ", text.strip().replace("−", "-"))
    match = re.fullmatch(rf"(?P<before>[^\d-]*)(?P<digits>{_DIGITS})(?P<after>\D*)", text)
    if match is None:
        number = read_number_word(text) if text and not re.search(r"\d", text) else None
        return None if number is None else Amount(f"{number:.0f}", "", 1.0, "")
    before, after = match["before"].strip(), match["after"].strip()
    hedge = find_hedge(f"{before} {match['digits']}") if before else ""
    around = f"{before} {after}{' thousand' if times else ''}".strip()
    unit, scale = _read_unit(around)
    if around and not (hedge or unit or scale != 1.0):
        return None
    return Amount(match["digits"].replace("'", ""), unit, scale, hedge)


@cache
def _read_unit(text: str) -> tuple[str, float]:
    """Read currency or percent, and what one stands for: `GBP million` is a million pounds."""
    words = text.casefold()
    if re.search(r"%|\b(?:percent|per cent|procent|pct|percentage)\b", words):
        return "%", 0.01
    currency = next(iter(currencies_in(words)), "")
    scales = (("billion", 1e9), ("million", 1e6), ("thousand", 1e3))
    scale = next(
        (
            factor
            for name, factor in scales
            if re.search(rf"(?<![^\W\d])(?:{layouts()['units'][name]})(?![^\W\d])", words)
        ),
        1e3 if re.search(rf"{_THOUSANDS}|(?<!\d)1[,. ]000\b|\bdzd\b", words) else 1.0,
    )
    return currency, scale


def _in_brackets(header: str) -> str:
    """Return what a header says of its unit: what stands in brackets, after a comma, or a percent sign."""
    inside = " ".join(re.findall(r"[(\[](.*?)[)\]]", header)) + " " + header.partition(",")[2]
    return f"{inside} {'%' if re.search('%|percentage|percent', header.casefold()) else ''}".strip()


def _numbers_in(text: str) -> tuple[float, ...]:
    """List the numbers that a sentence tells, in words and in digits; years are none."""
    found = [text_number for part in re.findall(r"(?<![\w.,-])\d+(?:[.,]\d+)*", text) if (text_number := _number(part))]
    return (*find_number_words(text), *found)


def _number(digits: str) -> float | None:
    """Read digits with marks; groups of three after a mark are thousands. A year is no number here."""
    if re.fullmatch(r"[1-9]\d{0,2}(?:[.,]\d{3})+", digits):
        return float(re.sub("[.,]", "", digits))
    return float(digits.replace(",", ".")) if re.fullmatch(r"\d+(?:[.,]\d+)?", digits) else None


def cell_text(value: object) -> str:
    """Convert a cell to text with its leading blanks; missing is empty and whole floats lose their decimals."""
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).rstrip()

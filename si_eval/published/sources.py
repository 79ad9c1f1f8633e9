"""What was published: the figures, the claims and how their words are read, checked as a whole."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from si_eval import vocabulary as v
from si_eval.errors import InputError, Problem
from si_eval.published.contrasts import QUANTITIES
from si_eval.published.lookup import Cell
from si_eval.published.readings import read_readings
from si_eval.published.verdicts import COMPARISONS, MIXED, NEARNESS_COMPARISONS
from si_eval.text_input.small_tables import read_numbers, read_small_table, require_table

__all__ = ["find_problems", "read_published", "read_readings", "read_rows"]
SHARED_COLUMNS = (
    *("id", "exhibit", "statement", "quantity", *Cell._fields),
    *("confidence", "source", "section", "line", "note"),
)
FIGURE_COLUMNS = (*SHARED_COLUMNS, "value", "step", "unit", "precision", "whole_population")
CLAIM_COLUMNS = (*SHARED_COLUMNS, "comparison", "other", "quantifier", "word")
DUTCH_COLUMNS = ("statement_nl", "note_nl")  # may be absent or empty: the English words then stand in
NEEDS_OTHER = ("growth", "rise", "gap", "concentration")
NEEDS_TWO_YEARS = ("change", "step", "growth", "rise", "gap")
PEAK_YEARS = 3
NUMBER_COLUMNS = ("value", "step", "confidence")
YEAR = r"[1-9]\d{3}"

Source: TypeAlias = pd.DataFrame | str | Path


def read_rows(source: Source, *, what: str = "published rows") -> list[dict[str, str]]:
    """Read published rows as text, every missing value empty, and so is Dutch that the source does not have.

    Numbers are read under the one rule for numbers in text. Raises `InputError` with those that cannot be read.
    """
    rows, problems = read_published(source, what=what)
    if problems:
        raise InputError(problems, what=what)
    return rows


def read_published(source: Source, *, what: str) -> tuple[list[dict[str, str]], list[Problem]]:
    """Read published rows as text, and list the numbers among them that cannot be read."""
    require_table(source, argument=what)
    table = read_small_table(source, what=what)
    number = {column: read_numbers(table, column) for column in NUMBER_COLUMNS if column in table.frame}
    frame = table.frame.astype(object)
    for column, read in number.items():
        frame[column] = [
            text if text == "" or _is_plain(text) else "" if pd.isna(value) else repr(float(value))
            for text, value in zip(frame[column], read.values, strict=True)
        ]
    rows = [
        dict.fromkeys(DUTCH_COLUMNS, "") | {str(column): value for column, value in row.items()}
        for row in frame.to_dict("records")
    ]
    return rows, [problem for read in number.values() for problem in read.problems]


def find_problems(
    rows: Sequence[Mapping[str, str]], where: str, columns: Sequence[str], readings: Mapping[str, Any]
) -> list[Problem]:
    """List every missing column and every entry that the evaluator does not know, with ids that have it."""
    missing = [column for column in columns if rows and column not in rows[0]]
    if missing:
        return [Problem(where, f"no {', '.join(missing)}", f"the columns {', '.join(columns)}", "add these columns")]
    faults: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    seen: set[str] = set()
    for row in rows:
        for fault in _faults(row, readings):
            faults[fault].append(row["id"])
        if row["id"] in seen:
            faults["id", "the same id twice", "each id once"].append(row["id"])
        seen.add(row["id"])
    return [
        Problem(where, found, expected, "correct these rows", column=column, count=len(ids), examples=tuple(ids[:3]))
        for (column, found, expected), ids in faults.items()
    ]


def _faults(row: Mapping[str, str], readings: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """List column, what was found and what was expected for every entry that cannot be read."""
    options: dict[str, Sequence[str]] = {
        "quantity": list(QUANTITIES),
        "precision": list(readings["precision"]),
        "comparison": list(COMPARISONS),
        "quantifier": list(readings["quantifiers"]),
        "word": ["", *readings["words"]],
    }
    for column, known in options.items():
        if column in row and row[column] not in known:
            yield column, repr(row[column]), f"one of {', '.join(known)}"
    yield from _year_faults(row)
    if not row["id"]:
        yield "id", "no id", "an id in every row"
    other = row.get("other", "")
    column, colon, _ = other.partition(":")
    readable = column in Cell._fields if colon else row["quantity"] not in NEEDS_OTHER and _is_plain(other or "0")
    if "comparison" in row and not readable:
        yield "other", repr(other), "what it is compared with, such as group:non_participant or a number"
    yield from _figure_faults(row, readings) if "comparison" not in row else _word_faults(row, readings)


def _year_faults(row: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """List years that cannot be read, and too few of them for what is compared."""
    text = row["year"]
    first, dots, last = text.partition("..")
    years = [first, last] if dots else text.split(";")
    if not all(year.strip() == v.ALL or re.fullmatch(YEAR, year.strip()) for year in years) or (dots and v.ALL in text):
        yield "year", repr(text), "2014, 2014;2016, 2014..2018 or all"
    elif dots and int(first) > int(last):
        yield "year", repr(text), "the first year before the last"
    elif row["quantity"] == "peak" and text.count(";") != PEAK_YEARS - 1:
        yield "year", repr(text), "three years, such as 2014;2016;2018"
    elif row["quantity"] in NEEDS_TWO_YEARS and not dots and len(years) < 2:
        yield "year", repr(text), f"two years for the quantity {row['quantity']}, such as 2014;2018"


def _figure_faults(row: Mapping[str, str], readings: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """List figures without the number that their precision compares, and steps and shares that are none."""
    if row["quantity"] in NEEDS_OTHER and row["quantity"] != "concentration":
        yield "quantity", repr(row["quantity"]), "level, change, step, peak or concentration: a figure compares nothing"
    rule = readings["precision"].get(row["precision"], {})
    for name in ("value", "step"):
        if not row[name] and rule and "not_computable" not in rule:
            yield name, "nothing", f"a number, because the precision is {row['precision']}"
    if row["step"] and float(row["step"]) < 0:
        yield "step", "a number below 0", "the last printed digit, such as 0.1"
    if row["confidence"] and not 0 <= float(row["confidence"]) <= 1:
        yield "confidence", "a number outside 0 to 1", "a share"


def _word_faults(row: Mapping[str, str], readings: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """List words of strength that the comparison of a claim cannot use."""
    word, comparison = readings["words"].get(row["word"], {}), row["comparison"]
    if row["confidence"] and not 0 <= float(row["confidence"]) <= 1:
        yield "confidence", "a number outside 0 to 1", "a share"
    if not word or comparison == MIXED:
        return
    ranges = "relative" in word and "points" in word
    if not ranges and (comparison in NEARNESS_COMPARISONS or "steps_against" not in word):
        yield "word", repr(row["word"]), f"a word with ranges (relative, points) for the comparison {comparison}"


def _is_plain(text: str) -> bool:
    """Whether a text is a finite number as Python writes it."""
    return re.fullmatch(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,2})?", text) is not None

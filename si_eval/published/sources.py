"""What was published: the figures, the claims and how their words are read, checked as a whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from si_eval import vocabulary as v
from si_eval.errors import Problem, StudyError
from si_eval.input_files import read_toml
from si_eval.published.contrasts import QUANTITIES
from si_eval.published.lookup import Cell, to_text
from si_eval.published.verdicts import COMPARISONS

SHARED_COLUMNS = (
    *("id", "exhibit", "statement", "quantity", *Cell._fields),
    *("confidence", "source", "section", "line", "note"),
)
FIGURE_COLUMNS = (*SHARED_COLUMNS, "value", "step", "unit", "precision", "whole_population")
CLAIM_COLUMNS = (*SHARED_COLUMNS, "comparison", "other", "quantifier", "word")
DUTCH_COLUMNS = ("statement_nl", "note_nl")  # may be absent or empty: the English words then stand in
NEEDS_OTHER = ("growth", "rise", "gap", "concentration")
READINGS = "readings.toml"

Source: TypeAlias = pd.DataFrame | str | Path


def read_readings(readings: str | Path | None, *, beside: Sequence[Source]) -> dict[str, Any]:
    """Read the precisions, quantifiers and words from the file named, or from the one beside the published rows."""
    paths = [Path(source).with_name(READINGS) for source in beside if not isinstance(source, pd.DataFrame)]
    if readings is None and not paths:
        raise StudyError("readings: found none; expected a TOML file with precisions and words; name it with readings=")
    return read_toml(paths[0] if readings is None else readings, what="readings")


def read_rows(source: Source) -> list[dict[str, str]]:
    """Read published rows as text, every missing value empty, and so is Dutch that the source does not have."""
    frame = source if isinstance(source, pd.DataFrame) else pd.read_csv(source, dtype=str, keep_default_na=False)
    return [
        dict.fromkeys(DUTCH_COLUMNS, "") | {str(column): to_text(value) for column, value in row.items()}
        for row in frame.to_dict("records")
    ]


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
    if not all(year == v.ALL or year.isdecimal() for year in row["year"].replace("..", ";").split(";")):
        yield "year", repr(row["year"]), "2014, 2014;2016, 2014..2018 or all"
    if row["quantity"] == "peak" and row["year"].count(";") != 2:
        yield "year", repr(row["year"]), "three years, such as 2014;2016;2018"
    other = row.get("other", "")
    column, colon, _ = other.partition(":")
    readable = column in Cell._fields if colon else row["quantity"] not in NEEDS_OTHER and _is_number(other)
    if not readable:
        yield "other", repr(other), "what it is compared with, such as group:non_participant or a number"
    for name in ("value", "step", "confidence"):
        if not _is_number(row.get(name, "")):
            yield name, repr(row[name]), "a number, or nothing"


def _is_number(text: str) -> bool:
    """Whether a text is a number, or empty."""
    try:
        float(text or 0)
    except ValueError:
        return False
    return True

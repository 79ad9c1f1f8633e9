"""A table as it is printed, whatever the form: its words in one language, without a look and without a format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

MOST_OF_LABEL, SHORTEST = 44, 6  # letters that a column makes room for
# Width of a letter of a head, of a direction and of a small line, to one of a number.
PADDING = 2.0  # letters
BOLD, SIGNED, SMALL = 1.15, 1.4, 0.8


@dataclass(frozen=True)
class PrintedCell:
    """A number as it is printed: its text, the mark of its footnote, the small lines under it.

    ``shade`` is a sign of `compare_direction`, empty for none; ``strong`` is None for text that is neither said with
    certainty nor in doubt.
    """

    text: str = ""
    mark: str = ""
    small: tuple[str, ...] = ()
    shade: str = ""
    strong: bool | None = None

    @property
    def is_told(self) -> bool:
        """Whether there is no number, but words in its place."""
        return not self.text and bool(self.small)


@dataclass(frozen=True)
class PrintedRow:
    """A row: the heading that it stands under (empty for none), its label and its cells.

    ``shade`` is a sign of `compare_direction` for all of it, empty for none; ``total`` says that it is of all classes.
    """

    heading: str
    name: str
    cells: tuple[PrintedCell, ...]
    shade: str = ""
    total: bool = False


@dataclass(frozen=True)
class Spanner:
    """A label over several columns: the first of them and how many."""

    text: str
    first: int
    count: int


@dataclass(frozen=True)
class PrintedTable:
    """A table in one language: title, what is the same for every row, heads, rows and notes.

    ``spanners`` are rows of labels over the columns, the outermost first. ``synthetic`` is the words that mark
    simulated data; empty for real data.
    """

    name: str
    title: str
    subtitle: str
    synthetic: str
    stub_head: str
    columns: tuple[str, ...]
    spanners: tuple[tuple[Spanner, ...], ...]
    rows: tuple[PrintedRow, ...]
    notes: tuple[str, ...]

    def to_payload(self) -> dict[str, Any]:
        """Return the table as plain values, as a notebook hands it on."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def column_shares(printed: PrintedTable) -> list[float]:
    """Divide the width of a page over the labels of rows and the columns, by the longest text that each must hold.

    A label may break over lines, a number and a word of a head may not.
    """
    names = [printed.stub_head, *(row.name for row in printed.rows)]
    label = min(max(map(len, names)), MOST_OF_LABEL, max(SHORTEST, *(2 * _longest_word(name) for name in names)))
    needs: list[float] = [label]
    for place, head in enumerate(printed.columns):
        cells = [row.cells[place] for row in printed.rows]
        texts = [_room(cell.text) * (SIGNED if cell.shade else 1) + len(cell.mark) for cell in cells]
        small = [_room(line, lines=3) * SMALL for cell in cells for line in cell.small]
        needs.append(max(_longest_word(head) * BOLD, SHORTEST, *texts, *small))
    padded = [need + PADDING for need in needs]
    return [need / sum(padded) for need in padded]


def _room(text: str, *, lines: int = 1) -> float:
    """Return the letters that a line of a text has where it may break over lines, its words unbroken."""
    return max(_longest_word(text), min(len(text) / lines, MOST_OF_LABEL))


def _longest_word(text: str) -> int:
    return max(map(len, text.split(" ")), default=0)


def from_payload(payload: Mapping[str, Any]) -> PrintedTable:
    """Make the table that `PrintedTable.to_payload` wrote."""
    return PrintedTable(
        **{
            **payload,
            "columns": tuple(payload["columns"]),
            "spanners": tuple(tuple(Spanner(**one) for one in level) for level in payload["spanners"]),
            "rows": tuple(_row(one) for one in payload["rows"]),
            "notes": tuple(payload["notes"]),
        }
    )


def join_notes(notes: Sequence[str]) -> list[str]:
    """Return notes for paper: marks a line each, sentences in one paragraph."""
    marks = [note for note in notes if not note[:1].isalpha()]
    sentences = [note if note.endswith((".", ";", ":")) else f"{note}." for note in notes if note[:1].isalpha()]
    return [*marks, *([" ".join(sentences)] if sentences else [])]


def _row(row: Mapping[str, Any]) -> PrintedRow:
    cells = tuple(PrintedCell(**{**cell, "small": tuple(cell["small"])}) for cell in row["cells"])
    return PrintedRow(**{**row, "cells": cells})


def _plain(value: Any) -> Any:
    """Return tuples as lists, as JSON gives them back: a seal is over what arrives."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value

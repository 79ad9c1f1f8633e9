"""Reads a small table that arrives as text: every column as text, nothing guessed, every fault named with its line."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from si_eval.errors import InputError, Problem
from si_eval.text_input.encodings import Encoding, find_encoding_of
from si_eval.text_input.toml_files import KINDS

DELIMITERS = ";,\t|"
_LARGEST = 512 << 20  # bytes of a small table
_NAMES = {";": "semicolon", ",": "comma", "\t": "tab", "|": "bar"}
_FEW = 3
_EMPTY = "an empty file"


@dataclass(frozen=True)
class TextTable:
    """A table as it was written: ``frame`` has texts only (empty cells are empty texts), ``lines`` where rows start."""

    frame: pd.DataFrame
    lines: tuple[int, ...]
    encoding: str
    delimiter: str


def read_text_table(path: str | Path, *, name: str = "", delimiters: str = DELIMITERS) -> TextTable:
    """Read a small table from a text file with a line of column names; ``name`` is what messages call the file.

    The encoding (UTF-8, cp1252, UTF-16 with its mark) and the delimiter are found, never guessed. Quoted texts keep
    their line ends. Raises InputError with every problem: no regular file, no text, ragged lines, columns named twice.
    """
    path = Path(path)
    name = name or path.name
    problem = refuse_path(path, name, _LARGEST)
    if problem is not None:
        raise InputError([problem], name)
    return parse_text_table(path.read_bytes(), name=name, delimiters=delimiters)


def refuse_path(path: Path, name: str, largest: int | None = None, *, allow_empty: bool = False) -> Problem | None:
    """Return what keeps a path from being read as a file: absent, a folder, a device, unreadable, too large, empty."""
    expected, action = "a file that can be read", "correct the path, deliver the file again, or ask for permission"
    try:
        status = path.stat()
        found = _no_regular_file(status)
        found = "" if allow_empty and status.st_size == 0 and found == _EMPTY else found
        if not found:
            with path.open("rb"):
                pass
            if largest is not None and status.st_size > largest:
                found, expected = f"{status.st_size >> 20} million bytes", f"at most {largest >> 20} million bytes"
    except FileNotFoundError:
        found = "a link to nothing" if path.is_symlink() else "no such file"
    except (OSError, ValueError) as error:
        found = f"a path that cannot be read ({getattr(error, 'strerror', None) or error})"
    return Problem(name, found, expected, action) if found else None


def _no_regular_file(status: os.stat_result) -> str:
    kind = next((name for is_kind, name in KINDS if is_kind(status.st_mode)), "")
    return kind or ("" if status.st_size else _EMPTY)


def parse_text_table(content: bytes, *, name: str, delimiters: str = DELIMITERS) -> TextTable:
    """Read a small table from bytes; as `read_text_table`."""
    encoding = find_encoding_of(io.BytesIO(content))
    if encoding.trouble:
        raise InputError([encoding_problem(name, encoding)], name)
    try:
        text = content.decode(encoding.name)
    except UnicodeDecodeError as error:
        broken = Encoding("", f"broken {encoding.name} text ({error.reason})")
        raise InputError([encoding_problem(name, broken)], name) from error
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise InputError([encoding_problem(name, Encoding("", "NUL characters", line))], name)
    skipped = 0
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:  # a spreadsheet's own line
        delimiters, text, skipped = first.strip()[-1], rest, 1
    if not text.strip():
        raise InputError([_no_table(name, _EMPTY)], name)
    parsed = [(mark, *_parse(text, mark, skipped)) for mark in delimiters]
    fitting = [entry for entry in parsed if not entry[3] and len(entry[1]) > 1]
    if len(fitting) > 1:
        raise InputError([_two_delimiters(name, [entry[0] for entry in fitting])], name)
    best = fitting[0] if fitting else max(parsed, key=lambda entry: len(entry[1]))
    mark, header, rows, faults = best
    problems = [*_header_problems(name, header), *_line_problems(name, len(header), faults)]
    if problems:
        raise InputError(problems, name)
    frame = pd.DataFrame([row for _, row in rows], columns=header, dtype=object)
    return TextTable(frame, tuple(line for line, _ in rows), encoding.name, mark if len(header) > 1 else "")


def encoding_problem(name: str, encoding: Encoding) -> Problem:
    """Return the problem of a file whose encoding is in trouble."""
    return Problem(
        where=name,
        found=encoding.trouble,
        expected=encoding.expected,
        action=encoding.action,
        count=1,
        examples=(f"line {encoding.line}",) if encoding.line else (),
    )


def _parse(text: str, mark: str, skipped: int) -> tuple[list[str], list[tuple[int, list[str]]], list[str]]:
    """Return the header, the rows with their first line, and the faults, for one delimiter."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    header: list[str] = []
    rows: list[tuple[int, list[str]]] = []
    faults: list[str] = []
    line = skipped + 1
    try:
        for row in reader:
            if not row or (len(row) == 1 and not row[0].strip()):
                pass  # an empty line is no row
            elif not header:
                header = [field.strip().lstrip("\ufeff") for field in row]
            elif len(row) != len(header):
                faults.append(f"line {line}: {len(row)} fields")
            else:
                rows.append((line, row))
            line = skipped + reader.line_num + 1
    except csv.Error as error:
        faults.append(f"line {line}: {error}")
    return header, rows, faults


def _header_problems(name: str, header: list[str]) -> list[Problem]:
    expected, action = "one", "rename or leave out the others"
    problems = [
        Problem(name, f"{count} columns named {column!r}", expected, action, column=column, count=count)
        for column, count in Counter(header).items()
        if count > 1 and column
    ]
    if unnamed := header.count(""):
        found, expected, action = f"{unnamed} columns without a name", "a name for every column", "name or remove them"
        problems.append(Problem(name, found, expected, action, count=unnamed))
    return problems


def _line_problems(name: str, fields: int, faults: list[str]) -> list[Problem]:
    if not faults:
        return []
    return [
        Problem(
            where=name,
            found=f"{len(faults)} lines with another number of fields than the header, or with broken quotes",
            expected=f"{fields} fields on every line",
            action="quote texts that hold the delimiter or a quote; else deliver the file again",
            count=len(faults),
            examples=tuple(faults[:_FEW]),
        )
    ]


def _two_delimiters(name: str, marks: list[str]) -> Problem:
    names = " and as one with the ".join(_NAMES.get(mark, mark) for mark in marks)
    return Problem(
        where=name,
        found=f"lines that can be read as a table with the {names} between fields",
        expected="one delimiter",
        action="quote the texts that hold the other mark",
    )


def _no_table(name: str, found: str) -> Problem:
    return Problem(name, found, "a line with column names, then rows", "deliver the file again")

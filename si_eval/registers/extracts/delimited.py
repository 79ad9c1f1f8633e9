"""Turns a CSV file into parquet with every column as text, in bounded pieces; finds its encoding and delimiter."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from si_eval.errors import Problem
from si_eval.text_input import encoding_problem, find_encoding

_PIECE = 8 << 20
_DELIMITERS = ";,\t|"
_MAX_CHECKED = 256 << 20  # bytes of a file with quotes whose quotes are looked at one by one


def delimited_to_parquet(source: Path, target: Path, name: str) -> list[Problem]:
    """Convert a CSV file; return the problems that keep it from being read as a whole."""
    encoding = find_encoding(source)
    if encoding.trouble:
        return [encoding_problem(name, encoding)]
    with source.open(encoding=encoding.name, newline="") as stream:
        header = stream.readline(_PIECE)
    if not header.strip():
        return [Problem(name, "an empty file", "a line with column names, then rows", "deliver the file again")]
    delimiter = _find_delimiter(header)
    quoted = has_quotes(source)
    broken = _broken_quotes(source, encoding.name, delimiter) if quoted else ""
    if broken:
        return [_unreadable(name, broken)]
    return _convert(source, target, name, encoding.name, delimiter, quoted=quoted)


def ends_within_a_line(source: Path) -> bool:
    """Whether a file has no line end after its last line, as one that was cut off; some programs write it so too."""
    with source.open("rb") as stream:
        stream.seek(-min(2, source.stat().st_size), os.SEEK_END)
        return not stream.read().strip(b"\x00").endswith((b"\n", b"\r"))


def has_quotes(source: Path) -> bool:
    """Whether a file has quotes, so that a row may go on behind the end of a line."""
    with source.open("rb") as stream:
        return any(b'"' in piece for piece in iter(lambda: stream.read(_PIECE), b""))


def _broken_quotes(source: Path, encoding: str, delimiter: str) -> str:
    """Describe the first quote that opens or closes in the middle of a text; it would swallow rows."""
    if source.stat().st_size > _MAX_CHECKED:
        return ""
    with source.open(encoding=encoding, newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        line = 1
        try:
            for _ in reader:
                line = reader.line_num + 1
        except csv.Error as error:
            return f"line {line}: {error}, so a quote is missing or one too many"
    return ""


def _convert(source: Path, target: Path, name: str, encoding: str, delimiter: str, *, quoted: bool) -> list[Problem]:
    skipped: list[pc.InvalidRow] = []

    def skip(row: pc.InvalidRow) -> str:
        skipped.append(row)
        return "skip"

    reading = pc.ReadOptions(use_threads=False, block_size=_PIECE, encoding=encoding)
    parsing = pc.ParseOptions(delimiter=delimiter, invalid_row_handler=skip, newlines_in_values=quoted)
    try:
        names = pc.open_csv(source, read_options=reading, parse_options=parsing).schema.names
        as_text = pc.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        )
        skipped.clear()
        with (
            pc.open_csv(source, read_options=reading, parse_options=parsing, convert_options=as_text) as reader,
            pq.ParquetWriter(target, reader.schema) as writer,
        ):
            for batch in reader:
                writer.write_batch(batch)
    except (pa.ArrowException, UnicodeError, MemoryError) as error:
        return [_unreadable(name, str(error) or type(error).__name__)]
    if not skipped:
        return []
    lines = tuple(
        f"line {row.number}: {row.actual_columns} fields" if row.number else f"{row.actual_columns} fields"
        for row in skipped[:3]
    )
    return [
        Problem(
            where=name,
            found=f"{len(skipped)} lines with another number of fields than the header",
            expected=f"{skipped[0].expected_columns} fields on every line",
            action="deliver the file again if it was cut off; else quote texts that hold the delimiter",
            count=len(skipped),
            examples=lines,
        )
    ]


def _find_delimiter(header: str) -> str:
    outside = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=outside.count) if any(mark in outside for mark in _DELIMITERS) else ","


def _unreadable(name: str, message: str) -> Problem:
    return Problem(
        where=name,
        found=f"text that cannot be read as CSV ({message.splitlines()[0][:160]})",
        expected="a line with column names, then rows with the same fields",
        action="deliver the file again",
    )

"""Turns a CSV file into parquet with every column as text, in bounded pieces; finds its encoding and delimiter."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from si_eval.errors import Problem

_PIECE = 8 << 20
_DELIMITERS = ";,\t"


@dataclass(frozen=True)
class _Encoding:
    name: str
    trouble: str = ""
    line: int = 0


def delimited_to_parquet(source: Path, target: Path, name: str) -> list[Problem]:
    """Convert a CSV file; give the problems that keep it from being read as a whole."""
    encoding = _find_encoding(source)
    if encoding.trouble:
        return [_encoding_problem(name, encoding)]
    with source.open(encoding=encoding.name, newline="") as stream:
        header = stream.readline()
    if not header.strip():
        return [Problem(name, "an empty file", "a line with column names, then rows", "deliver the file again")]
    return _convert(source, target, name, encoding.name, _find_delimiter(header))


def _convert(source: Path, target: Path, name: str, encoding: str, delimiter: str) -> list[Problem]:
    skipped: list[pc.InvalidRow] = []

    def skip(row: pc.InvalidRow) -> str:
        skipped.append(row)
        return "skip"

    reading = pc.ReadOptions(use_threads=False, block_size=_PIECE, encoding=encoding)
    parsing = pc.ParseOptions(delimiter=delimiter, invalid_row_handler=skip)
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
    except pa.ArrowInvalid as error:
        return [_unreadable(name, str(error))]
    if not skipped:
        return []
    lines = tuple(f"line {row.number}: {row.actual_columns} fields" for row in skipped[:3])
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


def _find_encoding(source: Path) -> _Encoding:
    """Tell UTF-8 from cp1252 by every line that is not plain ASCII; a file that has both kinds is trouble."""
    first_utf8 = first_other = line = 0
    with source.open("rb") as stream:
        start = stream.read(4)
        if start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in start:
            return _Encoding("", "UTF-16 text or a binary file")
        stream.seek(0)
        while lines := stream.readlines(_PIECE):
            if not b"".join(lines).isascii():
                for offset, text in enumerate(lines, start=line + 1):
                    if text.isascii():
                        continue
                    if _decodes(text, "utf-8"):
                        first_utf8 = first_utf8 or offset
                    elif _decodes(text, "cp1252"):
                        first_other = first_other or offset
                    else:
                        return _Encoding("", "bytes that are neither UTF-8 nor cp1252", offset)
            line += len(lines)
    marked = start.startswith(b"\xef\xbb\xbf")
    if first_other and (first_utf8 or marked):
        return _Encoding("", "UTF-8 and cp1252 mixed", first_other)
    return _Encoding("utf-8-sig" if marked else "cp1252" if first_other else "utf-8")


def _decodes(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _encoding_problem(name: str, encoding: _Encoding) -> Problem:
    return Problem(
        where=name,
        found=encoding.trouble,
        expected="one encoding: UTF-8 or cp1252",
        action="save the whole file again as UTF-8",
        count=1,
        examples=(f"line {encoding.line}",) if encoding.line else (),
    )


def _unreadable(name: str, message: str) -> Problem:
    return Problem(
        where=name,
        found=f"text that cannot be read as CSV ({message.splitlines()[0][:160]})",
        expected="a line with column names, then rows with the same fields",
        action="deliver the file again",
    )

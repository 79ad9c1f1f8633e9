"""Finds the encoding of a text file, or names what it is instead."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_PIECE = 8 << 20
_LONGEST_LINE = 64 << 20  # bytes; a longer line is no line of a table
_MAGIC = (
    (b"PK\x03\x04", "a zip file or a workbook (xlsx, ods)"),
    (b"\xd0\xcf\x11\xe0", "an old workbook (xls)"),
    (b"PAR1", "a parquet file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"$FL2", "an SPSS file"),
    (b"$FL3", "an SPSS file"),
    (b"%PDF", "a PDF file"),
    (b"{\\rtf", "a formatted text (rtf)"),
    (b"\xff\xfe\x00\x00", "UTF-32 text"),
    (b"\x00\x00\xfe\xff", "UTF-32 text"),
)
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Encoding:
    """The encoding of a text, or the ``trouble`` that keeps it from being read, with the line where it shows."""

    name: str
    trouble: str = ""
    line: int = 0
    expected = "one encoding: UTF-8, cp1252, or UTF-16 with a byte-order mark"
    action = "save the whole file again as UTF-8"


def find_encoding(source: Path) -> Encoding:
    """Find the encoding of a file, read in pieces."""
    with source.open("rb") as stream:
        return find_encoding_of(stream)


def find_encoding_of(stream: BinaryIO) -> Encoding:
    """Tell UTF-8 from cp1252 by every line that is not plain ASCII; a file that has both kinds is trouble."""
    start = stream.read(8)
    what = next((what for magic, what in _MAGIC if start.startswith(magic)), "")
    if what or start.startswith(_UTF16_MARKS):
        return Encoding("" if what else "utf-16", what)
    stream.seek(0)
    first: dict[str, int] = {}
    line = 0
    for whole in _pieces(stream):
        trouble = _trouble_in(whole, line)
        if trouble is None and not whole.isascii():
            trouble = _note_encodings(whole, line, first)
        if trouble is not None:
            return trouble
        line += whole.count(b"\n")
    marked = start.startswith(codecs.BOM_UTF8)
    if "cp1252" in first and ("utf-8" in first or marked):
        return Encoding("", "UTF-8 and cp1252 mixed", first["cp1252"])
    return Encoding("utf-8-sig" if marked else "cp1252" if "cp1252" in first else "utf-8")


def _trouble_in(whole: bytes, line: int) -> Encoding | None:
    """Return what no text has: NUL bytes, and lines beyond all bounds."""
    if b"\x00" in whole:
        at = line + whole[: whole.index(b"\x00")].count(b"\n") + 1
        return Encoding("", "NUL bytes (UTF-16 text without a byte-order mark, a binary file, or damage)", at)
    if len(whole) > _LONGEST_LINE:
        return Encoding("", f"a line of more than {_LONGEST_LINE >> 20} million bytes", line + 1)
    return None


def _note_encodings(whole: bytes, line: int, first: dict[str, int]) -> Encoding | None:
    """Note in ``first`` the first line of each encoding; return the trouble of a line that has neither."""
    for number, text in enumerate(whole.split(b"\n"), start=line + 1):
        if text.isascii():
            continue
        encoding = next((name for name in ("utf-8", "cp1252") if _decodes(text, name)), "")
        if not encoding:
            return Encoding("", "bytes that are neither UTF-8 nor cp1252", number)
        first.setdefault(encoding, number)
    return None


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Read pieces that end where a line ends; one that is longer than a line may be is a line cut off."""
    rest = b""
    while piece := stream.read(_PIECE):
        whole = rest + piece
        cut = whole.rfind(b"\n") + 1
        if cut:
            yield whole[:cut]
        rest = whole[cut:]
        if len(rest) > _LONGEST_LINE:
            break
    if rest:
        yield rest


def _decodes(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True

"""Decodes the cases of an SPSS system file (.sav, .zsav) with arrays; knows the common layouts and refuses the others.

A case is a row of slots of eight bytes: one for a number, as many as it needs for a text. Source of the layout: PSPP
developers' guide, chapter "System File Format".
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

SLOT = 8
BATCH_SLOTS = 750_000
_LARGEST = float(np.finfo(np.float64).max)
SYSTEM_MISSING = -_LARGEST
NOT_A_VALUE = (SYSTEM_MISSING, _LARGEST, float(np.nextafter(SYSTEM_MISSING, 0)))  # missing, and the ends of ranges
_BIAS = 100.0
_HEADER = struct.Struct("<4s60xiiiiid84x")
_PLAIN, _BYTECODE, _ZLIB = 0, 1, 2
_INTEGERS, _FLOATS, _VERY_LONG_TEXT = 3, 4, 14
_ONES, _LOW_SEVEN = np.uint64(0x0101_0101_0101_0101), np.uint64(0x7F7F_7F7F_7F7F_7F7F)
_LARGEST_BLOCK = 64 << 20  # bytes of an inflated block; those of the format have 4 million
_BYTES_AT_ONCE = 1 << 19  # what a processor's cache holds with the arrays that are made of it
_IGNORED, _END, _STORED, _BLANK, _MISSING = 0, 252, 253, 254, 255


class UnknownLayoutError(Exception):
    """The file has a layout that is not decoded here; another reader must read it."""


@dataclass(frozen=True)
class Layout:
    """Where the cases are. ``widths`` has 0 for a number and the number of bytes for a text, in the file's order."""

    rows: int
    compression: int
    widths: tuple[int, ...]
    data: int

    def slots(self) -> list[slice]:
        """List the slots of each variable."""
        sizes = [max(1, -(-width // SLOT)) for width in self.widths]
        ends = np.cumsum(sizes, dtype=int)
        return [slice(int(end) - size, int(end)) for size, end in zip(sizes, ends, strict=True)]

    def slots_a_case(self) -> int:
        """Count the slots of a case."""
        return self.slots()[-1].stop


def read_layout(source: Path) -> Layout:
    """Read the header and the dictionary. Raises `UnknownLayoutError` for a layout that is not decoded here."""
    with source.open("rb") as stream:
        try:
            magic, order, _, compression, _, rows, bias = _HEADER.unpack(stream.read(_HEADER.size))
            known = magic in (b"$FL2", b"$FL3") and order == 2 and compression in (_PLAIN, _BYTECODE, _ZLIB)
            if not known or bias != _BIAS or rows < 0:
                raise UnknownLayoutError("header")
            widths = _widths(stream)
        except struct.error as error:
            raise UnknownLayoutError("end of file") from error
        if not widths:
            raise UnknownLayoutError("no variables")
        return Layout(rows, compression, tuple(widths), stream.tell())


def _widths(stream: BinaryIO) -> list[int]:
    """Read the width of each variable, and leave the stream where the cases start."""
    widths: list[int] = []
    pending = 0
    while (record := _integers(stream, 1)[0]) != 999:
        if record == 2:
            width, labelled, missing, _, _ = _integers(stream, 5)
            stream.seek(SLOT, 1)
            if labelled:
                stream.seek(-(-_integers(stream, 1)[0] // 4) * 4, 1)
            stream.seek(SLOT * abs(missing), 1)
            if (width < 0) != (pending > 0):
                raise UnknownLayoutError("variables")
            pending = pending - 1 if width < 0 else max(0, -(-width // SLOT) - 1)
            widths += [] if width < 0 else [width]
        elif record == 3:
            _skip_value_labels(stream)
        elif record == 6:
            stream.seek(80 * _integers(stream, 1)[0], 1)
        elif record == 7:
            _check_extension(stream)
        else:
            raise UnknownLayoutError("dictionary")
    stream.seek(4, 1)
    return widths


def _integers(stream: BinaryIO, count: int) -> tuple[int, ...]:
    return struct.unpack(f"<{count}i", stream.read(4 * count))


def _skip_value_labels(stream: BinaryIO) -> None:
    for _ in range(_integers(stream, 1)[0]):
        stream.seek(SLOT, 1)
        (length,) = struct.unpack("<B", stream.read(1))
        stream.seek(-(-(length + 1) // SLOT) * SLOT - 1, 1)
    record, variables = _integers(stream, 2)
    if record != 4:
        raise UnknownLayoutError("value labels")
    stream.seek(4 * variables, 1)


def _check_extension(stream: BinaryIO) -> None:
    kind, size, count = _integers(stream, 3)
    content = stream.read(max(0, min(size * count, _LARGEST_BLOCK)))
    if kind == _VERY_LONG_TEXT:
        raise UnknownLayoutError("texts of more than 255 bytes")
    if kind == _INTEGERS and struct.unpack("<8i", content)[6] != 2:
        raise UnknownLayoutError("byte order")
    if kind == _FLOATS and struct.unpack("<3d", content) != NOT_A_VALUE:
        raise UnknownLayoutError("system-missing value")


def read_cases(source: Path, layout: Layout) -> Iterator[np.ndarray]:
    """Yield the cases in pieces, arrays of unsigned 64-bit integers of shape (cases, slots).

    Raises `UnknownLayoutError` where the file ends before its last case.
    """
    size = layout.slots_a_case()
    left, gathered, pieces = layout.rows * size, 0, []
    with source.open("rb") as stream:
        stream.seek(layout.data)
        stored = _inflated(stream) if layout.compression == _ZLIB else _read(stream)
        for words in _words(stored) if layout.compression == _PLAIN else _decompressed(stored):
            pieces.append(words[: left - gathered])
            gathered += len(pieces[-1])
            if gathered >= BATCH_SLOTS or gathered == left:
                slots = np.concatenate(pieces)
                cut = gathered // size * size
                yield slots[:cut].reshape(-1, size)
                left, gathered, pieces = left - cut, gathered - cut, [slots[cut:]]
            if not left:
                return
    if left:
        raise UnknownLayoutError("end of file")


def _read(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(_BYTES_AT_ONCE):
        yield piece


def _inflated(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the blocks of a .zsav file as they were before they were deflated; its trailer says where they are."""
    try:
        start = stream.tell()
        header, trailer, length = struct.unpack("<3q", stream.read(24))
        stream.seek(trailer)
        bias, zero, _, blocks = struct.unpack("<qqii", stream.read(24))
        if (header, length, bias, zero) != (start, 24 * (blocks + 1), -_BIAS, 0):
            raise UnknownLayoutError("blocks")
        places = [struct.unpack("<qqii", stream.read(24)) for _ in range(blocks)]
        for _, offset, _, length in places:
            stream.seek(offset)
            block = zlib.decompressobj().decompress(stream.read(length), _LARGEST_BLOCK)
            yield from (block[start : start + _BYTES_AT_ONCE] for start in range(0, len(block), _BYTES_AT_ONCE))
    except (struct.error, zlib.error, OSError, ValueError, OverflowError, MemoryError) as error:
        raise UnknownLayoutError("blocks") from error


def _words(pieces: Iterator[bytes]) -> Iterator[np.ndarray]:
    """Yield bytes as words of eight bytes, whatever the sizes of the pieces."""
    rest = b""
    for piece in pieces:
        whole = rest + piece if rest else piece
        cut = len(whole) // SLOT * SLOT
        rest = whole[cut:]
        yield np.frombuffer(whole, "<u8", cut // SLOT)


def _decompressed(pieces: Iterator[bytes]) -> Iterator[np.ndarray]:
    """Undo the bytecode: words of eight commands, each followed by the words that they announce as stored."""
    rest = np.empty(0, np.uint64)
    for piece in _words(pieces):
        words = np.concatenate([rest, piece]) if len(rest) else piece
        announced, last = _announced(words).tobytes(), len(words)
        blocks, place = [], 0
        while place < last and (end := place + announced[place]) < last:
            blocks.append(place)
            place = end + 1
        slots, ended = _slots(words[:place], np.array(blocks, dtype=np.intp))
        yield slots
        if ended:
            return
        rest = words[place:]


def _announced(words: np.ndarray) -> np.ndarray:
    """Count, if each word were one of commands, the words that it announces: its bytes that say `stored`."""
    others = words ^ (np.uint64(_STORED) * _ONES)
    return np.bitwise_count(~(((others & _LOW_SEVEN) + _LOW_SEVEN) | others | _LOW_SEVEN))


def _slots(words: np.ndarray, blocks: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return the slots that the commands at some words make, and whether one of them ends the file."""
    commands = words[blocks].view(np.uint8)
    slots = _VALUES.take(commands, mode="clip")  # quicker than checking that a byte is below 256
    is_stored = np.ones(len(words), bool)
    is_stored[blocks] = False
    slots[commands == _STORED] = words[is_stored]
    ends = np.flatnonzero(commands == _END)
    if len(ends):
        commands, slots = commands[: ends[0]], slots[: ends[0]]
    kept = commands != _IGNORED
    return slots if kept.all() else slots[kept], bool(len(ends))


def _values() -> np.ndarray:
    """Return the slot that each command stands for; those of stored words are filled in later."""
    values = (np.arange(256) - _BIAS).view(np.uint64)
    values[_BLANK] = np.frombuffer(b" " * SLOT, "<u8")[0]
    values[_MISSING] = np.array([SYSTEM_MISSING]).view(np.uint64)[0]
    return values


_VALUES = _values()

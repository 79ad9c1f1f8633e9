"""Reads a written release byte by byte: no identifier, no withheld value, no file that could hide one."""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from si_eval.disclosure.border import Decision
from si_eval.disclosure.package import MANIFEST, hash_of, pack
from si_eval.disclosure.traces import Secrets, find_traces
from si_eval.results import ResultTable
from si_eval.vocabulary import BESIDE, NUMBERS, SHOWN, STATUS

FORMATS = (".csv", ".txt", ".json", ".png")
PIXELS = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"pHYs", b"sRGB", b"gAMA", b"cHRM", b"sBIT", b"bKGD")
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a PNG's colour type


def scan_release(path: Path, secrets: Secrets) -> list[str]:
    """List everything in a ZIP that may not be there; an empty list is the proof that it holds nothing of it.

    Looked for: bytes that belong to no file; folders, other formats, text or hidden data in images; files that the
    manifest does not know; rows that are withheld and yet carry a number; in a column of numbers, a number that no
    protected table shows; and in every other text, name or comment, the traces of `traces.find_traces`. An identifier
    is not looked for in a column of numbers: there a count may be the same number by chance, and only numbers that
    crossed the border stand there.
    """
    problems: list[str] = []
    with zipfile.ZipFile(path) as archive:
        files = {entry.filename: archive.read(entry) for entry in archive.infolist()}
        entries = archive.infolist()
    if len(files) != len(entries) or pack(files) != path.read_bytes():
        problems.append("the ZIP: bytes that belong to no file")
    problems += _manifest_problems(files)
    for name, content in files.items():
        if "/" in name or "\\" in name or not name.lower().endswith(FORMATS):
            problems.append(f"{name}: a folder or a format that is not asked for")
        problems += [f"the name {name}: {found}" for found in find_traces(name, secrets)]
        if name.lower().endswith(".png"):
            problems += image_problems(name, content)
        elif name.lower().endswith(".csv"):
            problems += _table_problems(name, content, secrets)
        else:
            text = content.decode("utf-8", errors="replace")
            problems += [f"{name}: {found}" for found in find_traces(text, secrets)]
    return problems


def withheld_numbers(decision: Decision, tables: Sequence[ResultTable]) -> list[float]:
    """List every number that stood in the tables and does not stand in the protected ones; it stays inside."""
    gone: list[float] = []
    for table, safe in zip(tables, decision.tables, strict=True):
        before, after = table.frame.reset_index(drop=True), safe.to_frame()
        numbers = [column for column in (*NUMBERS, *BESIDE) if column in after]
        had, shown = before[numbers].to_numpy(dtype=float), after[numbers].to_numpy(dtype=float)
        gone += list(had[~np.isnan(had) & (shown != had)])
        for column in before:
            if column not in after and pd.api.types.is_numeric_dtype(before[column]):
                gone += list(before[column].to_numpy(dtype=float))
    return [value for value in gone if math.isfinite(value)]


def shown_numbers(frame: pd.DataFrame) -> list[float]:
    """List every number that a protected table shows."""
    numbers = [column for column in (*NUMBERS, *BESIDE) if column in frame]
    values = frame[numbers].to_numpy(dtype=float)
    return list(values[np.isfinite(values)])


def _manifest_problems(files: dict[str, bytes]) -> list[str]:
    """Find files that the manifest does not list as they are."""
    try:
        listed = json.loads(files[MANIFEST])["files"]
    except (KeyError, ValueError):
        return [f"{MANIFEST}: none, or not readable"]
    present = {name: hash_of(content) for name, content in files.items() if name != MANIFEST}
    changed = sorted({name for name, _ in set(listed.items()) ^ set(present.items())})
    return [f"{name}: not as the manifest has it" for name in changed]


def _table_problems(name: str, content: bytes, secrets: Secrets) -> list[str]:
    """Find numbers that no protected table shows, and traces in every other field."""
    rows = list(csv.reader(io.StringIO(content.decode("utf-8", errors="replace"), newline="")))
    header = rows[0] if rows else []
    is_table = STATUS in header
    numeric = {place for place, column in enumerate(header) if is_table and column in (*NUMBERS, *BESIDE)}
    problems: dict[str, None] = {}
    texts = [*header]
    for row in rows[1:]:
        fields = [row[place] for place in numeric if place < len(row) and row[place]]
        if is_table and fields and row[header.index(STATUS)] != SHOWN:
            problems[f"{name}: a number in a withheld row"] = None
        if not all(_is_shown(text, secrets) for text in fields):
            problems[f"{name}: a number that no protected table shows"] = None
        texts += [text for place, text in enumerate(row) if place not in numeric]
    for found in find_traces("\n".join(dict.fromkeys(texts)), secrets):
        problems[f"{name}: {found}"] = None
    return list(problems)


def _is_shown(text: str, secrets: Secrets) -> bool:
    """Whether a field is a number that a protected table shows."""
    try:
        value = abs(float(text))
    except ValueError:
        return False
    place = int(np.searchsorted(secrets.shown, value))
    return place < len(secrets.shown) and bool(secrets.shown[place] == value)


def image_problems(name: str, content: bytes) -> list[str]:
    """Find parts of a PNG that are no pixels, and bytes behind its end or behind its pixels."""
    place, problems, pixels, header = 8, [], b"", b""
    while place + 8 <= len(content):
        length, kind = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        body = content[place + 8 : place + 8 + length]
        header = body if kind == b"IHDR" else header
        pixels += body if kind == b"IDAT" else b""
        if kind not in PIXELS:
            problems.append(f"{name}: text or data of the kind {kind.decode('latin-1')} in an image")
        place += 12 + length
        if kind == b"IEND":
            break
    if place != len(content):
        problems.append(f"{name}: bytes behind the end of the image")
    return [*problems, *([] if _only_pixels(header, pixels) else [f"{name}: data that is no pixel in an image"])]


def _only_pixels(header: bytes, pixels: bytes) -> bool:
    """Whether the pixel data of a PNG is as long as its size asks, and nothing follows."""
    if len(header) != 13 or header[9] not in CHANNELS or header[12] != 0:
        return False
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    line = 1 + math.ceil(width * CHANNELS[header[9]] * header[8] / 8)
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(pixels, height * line + 1)
    except zlib.error:
        return False
    return len(raw) == height * line and unpacker.eof and not unpacker.unused_data

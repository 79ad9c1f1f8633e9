"""Reads a written release byte by byte: no identifier, no withheld value, no file that could hide one."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from si_eval.disclosure.border import Decision
from si_eval.disclosure.reading import N_TOTAL
from si_eval.results import ResultTable
from si_eval.vocabulary import NUMBERS, SHOWN, STATUS

FORMATS = (".csv", ".txt", ".json", ".png")
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?")
TELLING = 5  # significant digits from which a number is one figure rather than a coincidence
SHORTEST_ID = 5  # characters; a shorter id is looked for as a whole field
PIXELS = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"pHYs", b"sRGB", b"gAMA", b"cHRM", b"sBIT", b"bKGD")
SOFTWARE = re.compile(rb"^Software\x00[\w .,:/()+-]{0,200}$")


def scan_release(
    path: Path, decision: Decision, tables: Sequence[ResultTable], identifiers: Iterable[object] = ()
) -> list[str]:
    """List everything in a ZIP that may not be there; an empty list is the proof that it holds nothing of it.

    Looked for: folders, other formats, text in images; rows that are withheld and yet carry a number; withheld values
    of `TELLING` digits or more, under any rounding to at least so many digits, in any file, name or comment; and the
    identifiers given.
    """
    problems: list[str] = []
    withheld = _withheld_values(decision, tables)
    ids = {str(value).strip() for value in identifiers if str(value).strip()}
    with zipfile.ZipFile(path) as archive:
        problems += _text_problems("the archive comment", archive.comment.decode("latin-1"), withheld, ids)
        for entry in archive.infolist():
            name, content = entry.filename, archive.read(entry)
            if "/" in name or "\\" in name or not name.lower().endswith(FORMATS) or entry.extra or entry.comment:
                problems.append(f"{name}: a folder, a format or a field that is not asked for")
            problems += _text_problems(f"the name {name}", name, withheld, ids)
            if name.lower().endswith(".png"):
                problems += _image_problems(name, content)
                continue
            text = content.decode("utf-8", errors="replace")
            problems += _text_problems(name, text, withheld, ids, hashes=name.endswith(".json"))
            if name.endswith(".csv"):
                problems += _row_problems(name, content)
    return problems


def _withheld_values(decision: Decision, tables: Sequence[ResultTable]) -> np.ndarray:
    """Give the sorted absolute values of all withheld numbers that no shown number repeats."""
    gone: list[float] = []
    shown: list[float] = []
    for table, safe in zip(tables, decision.tables, strict=True):
        before, after = table.frame.reset_index(drop=True), safe.to_frame()
        numbers = [column for column in (*NUMBERS, N_TOTAL) if column in after]
        left = after[numbers].to_numpy(dtype=float)
        had = before[numbers].to_numpy(dtype=float)
        gone += list(had[np.isnan(left) & ~np.isnan(had)])
        shown += list(left[~np.isnan(left)])
        evidence = [
            column for column in before if column not in after and pd.api.types.is_numeric_dtype(before[column])
        ]
        gone += list(before[evidence].to_numpy(dtype=float).ravel())
    telling = {abs(value) for value in gone if math.isfinite(value) and _digits(value) >= TELLING}
    return np.array(sorted(telling - {abs(value) for value in shown}))


def _digits(value: float) -> int:
    """Count the significant digits of a number as it is printed."""
    return len(re.sub(r"[eE].*", "", repr(abs(float(value)))).replace(".", "").strip("0"))


def _text_problems(where: str, text: str, withheld: np.ndarray, ids: set[str], *, hashes: bool = False) -> list[str]:
    """Find withheld values and identifiers in a text; ``hashes`` are taken out first."""
    if hashes:
        text = re.sub(r'"[0-9a-f]{64}"', '""', text)
    problems = []
    for token in set(NUMBER.findall(text)):
        digits = len(re.sub(r"[eE].*", "", token).replace(".", "").replace(",", "").strip("-0"))
        if digits < TELLING or not len(withheld):
            continue
        value = abs(float(token.replace(",", ".")))
        place = int(np.searchsorted(withheld, value))
        for candidate in withheld[max(place - 1, 0) : place + 1]:
            if value == float(f"{candidate:.{min(digits, 17)}g}"):
                problems.append(f"{where}: a withheld value")
    fields = set(re.split(r"[^\w]+", text))
    if any((identifier in fields) or (len(identifier) >= SHORTEST_ID and identifier in text) for identifier in ids):
        problems.append(f"{where}: an identifier")
    return sorted(set(problems))


def _row_problems(name: str, content: bytes) -> list[str]:
    """Find withheld rows that carry a number after all."""
    frame = pd.read_csv(io.BytesIO(content))
    if STATUS not in frame:
        return []
    gone = frame[frame[STATUS] != SHOWN]
    numbers = [column for column in (*NUMBERS, N_TOTAL) if column in gone]
    return [f"{name}: a number in a withheld row"] if gone[numbers].notna().any(axis=None) else []


def _image_problems(name: str, content: bytes) -> list[str]:
    """Find parts of a PNG that are no pixels, and bytes behind its end."""
    place, problems = 8, []
    while place + 8 <= len(content):
        length, kind = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        body = content[place + 8 : place + 8 + length]
        if kind not in PIXELS and not (kind == b"tEXt" and SOFTWARE.match(body)):
            problems.append(f"{name}: text or data of the kind {kind.decode('latin-1')} in an image")
        place += 12 + length
        if kind == b"IEND":
            break
    return [*problems, *([f"{name}: bytes behind the end of the image"] if place != len(content) else [])]

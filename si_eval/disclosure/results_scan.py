"""Reads the results of a run, before they are there, in one pass a file: no identifier in any of them."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from si_eval.disclosure.scan import image_problems
from si_eval.disclosure.traces import Identifiers, holds_identifier
from si_eval.text_input.toml_files import texts_of
from si_eval.vocabulary import BESIDE, NUMBERS, PUBLISHED_NUMBERS, STATUS

IMAGE = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")
DATA = re.compile(r'(<script[^>]*type="application/json"[^>]*>)(.*?)(</script>)', re.DOTALL)  # of a page
STREAM = re.compile(
    rb"<<((?:(?!endobj).)*?)>>\s*stream\r?\n(.*?)\r?\nendstream", re.DOTALL
)  # of a PDF, with what it is
LITERAL = re.compile(rb"\(((?:\\.|[^\\()])*)\)", re.DOTALL)
ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
WIDE = re.compile(rb"<FEFF((?:[0-9A-Fa-f]{4})+)>", re.IGNORECASE)
BOOKS, PARTS_OF_BOOKS = ("xlsx", "docx"), ("xml", "rels", "vml")
NUMERIC = re.compile(r"-?[\d.]+(?:[eE][-+]?\d+)?")
NAMING = ("name", "title", "tooltip", "display")  # attributes of a workbook that a reader sees
TEXTS = ("s", "str", "inlineStr")  # kinds of cells of a worksheet that are no numbers


def scan_results(folder: Path, identifiers: Identifiers) -> list[str]:
    """List the files of a folder in which an identifier stands, or whose images have more than pixels.

    Names are read, and texts: of tables every field but those of the columns of numbers, which crossed the border; of
    pages all but the images in them, which are looked at as images, and the numbers of their data; of workbooks their
    cells of text, names and properties; of PDF files the texts that are not set in a font: titles, alternative texts,
    metadata. A number with separators between thousands is a quantity, and no identifier.
    """
    problems: list[str] = []
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        name = path.relative_to(folder).as_posix()
        problems += [f"the name {name}: an identifier"] * holds_identifier(name, identifiers)
        problems += _problems(name, path.read_bytes(), identifiers)
    return problems


def _problems(name: str, content: bytes, identifiers: Identifiers) -> list[str]:
    """List what is wrong with one file."""
    kind, problems = name.lower().rpartition(".")[2], []
    if kind == "png":
        return image_problems(name, content)
    if kind in BOOKS:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
        text = "\n".join(parts)
        for part, of_part in parts.items():
            problems += [f"{name}: {found}" for found in _problems(part, of_part, identifiers)]
    else:
        text = content.decode("utf-8", errors="replace")
    if kind in PARTS_OF_BOOKS:
        text = "\n".join(dict.fromkeys(_texts_of_part(content)))
    elif kind == "pdf":
        text = "\n".join(dict.fromkeys(_texts_of_pdf(content)))
    elif kind == "csv":
        text = "\n".join(dict.fromkeys(_fields(text)))
    else:
        for image in dict.fromkeys(IMAGE.findall(text)):
            problems += image_problems(name, base64.b64decode(image))
        text = DATA.sub(_without_quantities, IMAGE.sub("", text))
    labels = kind == "csv" and STATUS.encode() in content.partition(b"\n")[0].strip().split(b",")
    return [*problems, *[f"{name}: an identifier"] * holds_identifier(text, identifiers, labels=labels)]


def _without_quantities(block: re.Match[str]) -> str:
    """Return the data of a page without its numbers, which are those of tables; as it is where it is no JSON."""
    try:
        return block[1] + "\n".join(dict.fromkeys(texts_of(json.loads(block[2])))) + block[3]
    except json.JSONDecodeError:
        return block[0]


def _texts_of_pdf(content: bytes) -> Iterator[str]:
    """Yield the texts of a PDF, not the places and lengths of its objects; set type is glyphs, which no text is."""
    parts = [STREAM.sub(b"", content)]
    for kind, body in STREAM.findall(content):
        if b"/XML" in kind:
            yield _inflated(body).decode("utf-8", errors="replace")
        elif b"/ObjStm" in kind:
            parts.append(_inflated(body))
    for part in parts:
        yield from (ESCAPED.sub(rb"\1", one).decode("latin-1") for one in LITERAL.findall(part))
        for digits in WIDE.findall(part):
            yield bytes.fromhex(digits.decode()).decode("utf-16-be", errors="replace")


def _inflated(body: bytes) -> bytes:
    """Unpack the content of a stream, or return it as it is where it is not packed."""
    try:
        return zlib.decompress(body)
    except zlib.error:
        return body


def _fields(text: str) -> Iterator[str]:
    """Yield the header of a table and every field outside its columns of numbers."""
    rows = csv.reader(io.StringIO(text, newline=""))
    header = next(rows, [])
    yield from header
    kept = [place for place, column in enumerate(header) if column not in (*NUMBERS, *BESIDE, *PUBLISHED_NUMBERS)]
    for row in rows:
        yield from (row[place] for place in kept if place < len(row))


def _texts_of_part(content: bytes) -> Iterator[str]:
    """Yield the texts of one part of a workbook: not its numbers, nor sizes and colours."""
    for element in ET.fromstring(content).iter():
        kind = element.tag.rpartition("}")[2]
        numbers = [one for one in element if one.tag.endswith("}v")] if kind == "c" else []
        if numbers and element.get("t") not in TEXTS:
            for one in numbers:
                one.text = None
        for key, value in element.attrib.items():
            if key.rpartition("}")[2].lower() in NAMING or not NUMERIC.fullmatch(value):
                yield value
        yield from filter(None, (element.text, element.tail))

"""Parsed Markdown as paragraphs of runs, for forms other than HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from markdown_it.token import Token

Kind = Literal["text", "bullet", "numbered", "quote", "code", "heading"]
ENCLOSING: dict[str, Kind] = {
    "bullet_list_open": "bullet",
    "ordered_list_open": "numbered",
    "blockquote_open": "quote",
}


@dataclass(frozen=True)
class Run:
    """Text of one look; ``anchor`` is the place in the document that it links to."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    anchor: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph: what kind, how deep (of a heading or a list), and its runs; ``anchor`` is that of a heading."""

    kind: Kind
    runs: tuple[Run, ...]
    level: int = 1
    anchor: str = ""


@dataclass(frozen=True)
class ProseTable:
    """A table in prose: its rows of cells, the first of them its head."""

    rows: tuple[tuple[tuple[Run, ...], ...], ...]


def paragraphs_of(tokens: Sequence[Token]) -> list[Paragraph | ProseTable]:
    """Return the paragraphs and tables of parsed Markdown, in order."""
    found: list[Paragraph | ProseTable] = []
    kinds: list[Kind] = []  # what encloses the present token: lists and quotes
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.type in ENCLOSING:
            kinds.append(ENCLOSING[token.type])
        elif token.type.removesuffix("_close") + "_open" in ENCLOSING:
            kinds.pop()
        elif token.type == "table_open":
            end = next(at for at in range(place, len(tokens)) if tokens[at].type == "table_close")
            found.append(_table(tokens[place:end]))
            place = end
        elif token.type == "heading_open":
            runs = runs_of(tokens[place + 1])
            found.append(Paragraph("heading", runs, int(token.tag[1]), str(token.attrGet("id") or "")))
            place += 2
        elif token.type in ("fence", "code_block"):
            found.append(Paragraph("code", (Run(token.content.rstrip("\n"), code=True),)))
        elif token.type == "inline":
            found.append(Paragraph(kinds[-1] if kinds else "text", runs_of(token), max(1, len(kinds))))
        place += 1
    return found


def _table(tokens: Sequence[Token]) -> ProseTable:
    """Return a table: its rows of cells."""
    rows: list[list[tuple[Run, ...]]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(runs_of(token))
    return ProseTable(tuple(tuple(row) for row in rows))


def runs_of(inline: Token) -> tuple[Run, ...]:
    """Return the runs of a line of Markdown; a link out of the document is its text."""
    runs: list[Run] = []
    look = Run("")
    for child in inline.children or []:
        if child.type in ("strong_open", "strong_close"):
            look = replace(look, bold=child.nesting == 1)
        elif child.type in ("em_open", "em_close"):
            look = replace(look, italic=child.nesting == 1)
        elif child.type == "link_open":
            target = str(child.attrGet("href") or "")
            look = replace(look, anchor=target[1:] if target.startswith("#") else "")
        elif child.type == "link_close":
            look = replace(look, anchor="")
        elif child.type in ("text", "code_inline"):
            runs.append(replace(look, text=child.content, code=child.type == "code_inline"))
        elif child.type in ("softbreak", "hardbreak"):
            runs.append(replace(look, text=" "))
    return tuple(runs)

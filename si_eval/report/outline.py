"""The document, whatever its form: chapters, sections, numbered exhibits and what stands where, in one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from string import ascii_uppercase
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from si_eval.report.answers import KIND
from si_eval.report.execution import ExecutedCell, ExecutedNotebook
from si_eval.vocabulary import NO_LABELS, Labels, Language, label

MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
DEEPEST = 4  # level of headings; chapters are of level 2, their sections of level 3


@dataclass(frozen=True)
class Entry:
    """One line of the contents or of the list of exhibits; ``name`` is the id of an exhibit.

    ``finding`` is what it shows in a sentence, empty where there is no single one; its title is then its topic.
    """

    anchor: str
    number: str
    title: str
    name: str = ""
    finding: str = ""

    @property
    def caption(self) -> tuple[str, str]:
        """What stands over the exhibit and, smaller, under that: finding and topic, or its title alone."""
        return (self.finding, self.title) if self.finding else (self.title, "")


@dataclass(frozen=True)
class Prose:
    """Markdown, parsed; ``synthetic`` marks a sentence with numbers of simulated data."""

    tokens: tuple[Token, ...]
    synthetic: bool = False


@dataclass(frozen=True)
class Answers:
    """Questions with their answers, as `answer_questions` wrote them."""

    questions: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Exhibit:
    """A figure or a table with its number, and all that it shows."""

    entry: Entry
    payload: Mapping[str, Any]

    @property
    def is_figure(self) -> bool:
        """Whether it is drawn."""
        return str(self.payload["form"]) == "figure"


@dataclass(frozen=True)
class Code:
    """The source of a cell."""

    source: str


Block = Prose | Answers | Exhibit | Code


@dataclass
class Chapter:
    """A chapter: its number (the letter of an annex), its blocks, its sections and its exhibits."""

    number: str
    anchor: str
    title: str = ""
    blocks: list[Block] = field(default_factory=list)
    sections: list[Entry] = field(default_factory=list)
    figures: list[Entry] = field(default_factory=list)
    tables: list[Entry] = field(default_factory=list)


@dataclass(frozen=True)
class Outline:
    """A document in one language. ``banner`` says that there are synthetic data, ``date`` is a line with the date.

    ``first_annex`` is the anchor of the chapter from which on they are annexes; empty where there is none.
    """

    language: Language
    labels: Labels
    title: str
    date: str
    banner: str
    chapters: tuple[Chapter, ...]
    unshown: tuple[tuple[str, str], ...]
    first_annex: str = ""

    @property
    def figures(self) -> list[Entry]:
        """All figures, in order."""
        return [entry for chapter in self.chapters for entry in chapter.figures]

    @property
    def tables(self) -> list[Entry]:
        """All tables, in order."""
        return [entry for chapter in self.chapters for entry in chapter.tables]

    @property
    def shown(self) -> dict[str, Entry]:
        """The first place of each exhibit, by its id."""
        return {entry.name: entry for entry in [*self.figures, *self.tables][::-1] if entry.anchor == entry.name}

    @property
    def spelled(self) -> dict[str, Entry]:
        """The first place of each exhibit, by its id as tables spell it: with spaces."""
        return {name.replace("_", " "): entry for name, entry in self.shown.items()}

    def text(self, term: str) -> str:
        """Return the words for a term."""
        return label(term, self.language, self.labels)


def outline_report(
    executed: Sequence[ExecutedNotebook],
    *,
    annexes: Sequence[ExecutedNotebook] = (),
    language: Language,
    title: str,
    date: str = "",
    exhibits: Mapping[str, Mapping[Language, str]] | None = None,
    labels: Labels = NO_LABELS,
) -> Outline:
    """Order what notebooks showed: a chapter a notebook, then annexes with letters; exhibits numbered by chapter.

    ``exhibits`` are the titles of all that there are, by id; those that no chapter shows are listed apart.
    """
    anchors: set[str] = set()
    letters = (f"{tens}{one}" for tens in ("", *ascii_uppercase) for one in ascii_uppercase)
    numbers = [*map(str, range(1, len(executed) + 1)), *islice(letters, len(annexes))]
    every = [*executed, *annexes]
    chapters = [_chapter(*one, language, labels, anchors) for one in zip(numbers, every, strict=True)]
    payloads = [payload for notebook in every for cell in notebook.cells for payload in cell.payloads]
    shown = {payload["exhibit"] for payload in payloads if payload["kind"] == "exhibit"}
    synthetic = any(payload["synthetic"] for payload in payloads)
    return Outline(
        language=language,
        labels=labels,
        title=title,
        date=label("report_date", language, labels).format(date=date) if date else "",
        banner=label("report_synthetic_document", language, labels) if synthetic else "",
        chapters=tuple(chapters),
        unshown=tuple((name, texts[language]) for name, texts in (exhibits or {}).items() if name not in shown),
        first_annex=chapters[len(executed)].anchor if annexes else "",
    )


def _chapter(number: str, notebook: ExecutedNotebook, language: Language, own: Labels, anchors: set[str]) -> Chapter:
    chapter = Chapter(number, _free(f"chapter-{number}", anchors))
    for cell in notebook.cells:
        if language not in cell.languages:
            continue
        if cell.kind == "prose":
            chapter.blocks.append(_prose(cell.source, chapter))
        else:
            _add_code(cell, chapter, language, own, anchors)
    chapter.title = chapter.title or notebook.name.replace("_", " ")
    return chapter


def _prose(source: str, chapter: Chapter) -> Prose:
    """Parse Markdown without raw HTML or images; the first main heading names the chapter, the others move down."""
    tokens = MARKDOWN.parse(source)
    kept: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.type != "heading_open":
            kept.append(token)
            place += 1
            continue
        text = plain_text(tokens[place + 1])
        if token.tag == "h1" and not chapter.title:
            chapter.title = text
            place += 3
            continue
        level = min(int(token.tag[1]) + 1, DEEPEST) if token.tag != "h1" else 3
        token.tag = tokens[place + 2].tag = f"h{level}"
        if level == 3:
            section = len(chapter.sections) + 1
            entry = Entry(f"section-{chapter.number}-{section}", f"{chapter.number}.{section}", text)
            chapter.sections.append(entry)
            token.attrSet("id", entry.anchor)
        kept.extend(tokens[place : place + 3])
        place += 3
    return Prose(tuple(kept))


def _add_code(cell: ExecutedCell, chapter: Chapter, language: Language, own: Labels, anchors: set[str]) -> None:
    for payload in cell.payloads:
        if payload["kind"] == "text":
            chapter.blocks.append(Prose(tuple(MARKDOWN.parse(payload["text"][language])), payload["synthetic"]))
        elif payload["kind"] == KIND:
            chapter.blocks.append(Answers(payload["questions"]))
        else:
            chapter.blocks.append(Exhibit(_number(payload, chapter, language, own, anchors), payload))
    if cell.source.strip():
        chapter.blocks.append(Code(cell.source))


def _number(payload: Mapping[str, Any], chapter: Chapter, language: Language, own: Labels, anchors: set[str]) -> Entry:
    """Give an exhibit its number within its chapter, and list it there."""
    figure = payload["form"] == "figure"
    entries = chapter.figures if figure else chapter.tables
    kind = label("report_figure" if figure else "report_table", language, own)
    number = f"{kind} {chapter.number}.{len(entries) + 1}"
    name = payload["exhibit"]
    entry = Entry(_free(name, anchors), number, payload["titles"][language], name, payload["findings"][language])
    entries.append(entry)
    return entry


def plain_text(inline: Token) -> str:
    """Return the words of a line of Markdown without its marks."""
    return "".join(child.content for child in inline.children or [] if child.type in ("text", "code_inline"))


def _free(name: str, anchors: set[str]) -> str:
    """Return an anchor that the document does not have yet."""
    wanted = "".join(sign if sign.isalnum() or sign in "_-" else "-" for sign in name)
    anchor = next(
        text for text in (wanted, *(f"{wanted}-{place}" for place in range(2, 10_000))) if text not in anchors
    )
    anchors.add(anchor)
    return anchor

"""The document: one self-contained HTML file a language, from notebooks that ran once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from si_eval.errors import StudyError
from si_eval.report.answers import KIND, answers_html
from si_eval.report.chapters import ReportChapter, write_chapters
from si_eval.report.display import LANGUAGES
from si_eval.report.execution import ExecutedCell, ExecutedNotebook, execute_notebooks
from si_eval.report.exhibit import picture_html
from si_eval.report.stylesheet import DOCUMENT_CSS, PRINT_SCRIPT, TABLE_CSS
from si_eval.system.progress import Progress, ignore_progress, part_of
from si_eval.system.temporary_folders import temporary_folder
from si_eval.vocabulary import NO_LABELS, Labels, Language, label


@dataclass(frozen=True)
class Entry:
    """One line of the contents or of the list of exhibits."""

    anchor: str
    number: str
    title: str
    note: str = ""


@dataclass
class Chapter:
    """A chapter while it is being written: its number, its HTML so far, its sections and its exhibits."""

    number: int
    anchor: str
    title: str = ""
    body: list[str] = field(default_factory=list)
    sections: list[Entry] = field(default_factory=list)
    figures: list[Entry] = field(default_factory=list)
    tables: list[Entry] = field(default_factory=list)


def build_report(
    notebooks: Sequence[str | Path],
    *,
    out: str | Path,
    title: str | Mapping[Language, str],
    language: Language | Sequence[Language] = LANGUAGES,
    environment: Mapping[str, str] | None = None,
    date: str = "",
    progress: Progress | None = None,
    chapters: Sequence[ReportChapter] = (),
    exhibits: Mapping[str, Mapping[Language, str]] | None = None,
    labels: Labels = NO_LABELS,
) -> Path:
    """Run the notebooks once and write ``out/report_<language>.html`` for each language asked for.

    ``chapters`` stand before the notebooks. ``title`` is one text or one a language; ``date`` is printed as given, and
    no other time is. ``exhibits`` are the titles of all that there are, by id: those that no chapter shows are named in
    the list of exhibits. ``labels`` are a study's own. Every file is rendered before the first is written. Returns the
    path of the first language's file. Raises StudyError for a cell that fails, DisclosureError for an output that is
    not safe.
    """
    languages: tuple[Language, ...] = (language,) if isinstance(language, str) else tuple(language)
    if not languages or (set(languages) - set(LANGUAGES) and (notebooks or not labels)):
        raise StudyError(f"build_report: found language {language!r}; expected {' or '.join(LANGUAGES)}")
    say = progress or ignore_progress
    written = write_chapters(chapters, languages, progress=part_of(say, 0.0, 0.5 if notebooks else 1.0))
    run = execute_notebooks(notebooks, environment=environment, progress=part_of(say, 0.5, 1.0)) if notebooks else []
    executed = [*written, *run]
    titles = {one: title if isinstance(title, str) else title[one] for one in languages}
    pages = {
        one: render_document(
            executed, language=one, title=titles[one], date=date, languages=languages, exhibits=exhibits, labels=labels
        )
        for one in languages
    }
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    for one, page in pages.items():
        _write(folder / _file_name(one), page)
    return folder / _file_name(languages[0])


def render_document(
    executed: Sequence[ExecutedNotebook],
    *,
    language: Language,
    title: str,
    date: str = "",
    languages: Sequence[Language] = LANGUAGES,
    exhibits: Mapping[str, Mapping[Language, str]] | None = None,
    labels: Labels = NO_LABELS,
) -> str:
    """Write the whole document as HTML: contents, a chapter a notebook, the list of figures and tables.

    The list ends with the ``exhibits`` (titles by id) that no chapter shows.
    """
    anchors: set[str] = set()
    chapters = [
        _chapter(place, notebook, language, labels, anchors) for place, notebook in enumerate(executed, start=1)
    ]
    synthetic = any(
        payload["synthetic"] for notebook in executed for cell in notebook.cells for payload in cell.payloads
    )
    banner = (
        f'<p class="banner">{escape(label("report_synthetic_document", language, labels))}</p>' if synthetic else ""
    )
    dated = f'<p class="date">{escape(label("report_date", language, labels).format(date=date))}</p>' if date else ""
    others = "".join(f' <a href="{_file_name(one)}" lang="{one}">{one}</a>' for one in languages if one != language)
    switch = f'<p class="switch">{others.strip()}</p>' if others else ""
    chapter_html = "\n".join(
        f'<section id="{chapter.anchor}"><h2><span class="number">{chapter.number}</span> {chapter.title}</h2>\n'
        + "\n".join(chapter.body) + "</section>" for chapter in chapters
    )  # fmt: skip
    chapter_html = _referred(chapter_html, chapters)
    contents = _contents(chapters, language, labels, switch)
    lists = _exhibit_lists(chapters, language, labels, _unshown(executed, exhibits or {}, language))
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{TABLE_CSS}{DOCUMENT_CSS}</style>\n</head>\n<body>\n"
        f"{contents}\n<main>\n<header><h1>{escape(title)}</h1>{dated}{banner}</header>\n"
        f"{chapter_html}\n{lists}\n</main>\n"
        f"<script>{PRINT_SCRIPT}</script>\n</body>\n</html>\n"
    )


def _file_name(language: Language) -> str:
    return f"report_{language}.html"


def _write(path: Path, text: str) -> None:
    """Write a file so that a reader finds the old one or the new one, never half of one."""
    with temporary_folder(f".{path.name}.", path.parent) as folder:
        written = folder / path.name
        written.write_text(text, encoding="utf-8")
        written.replace(path)


def _chapter(number: int, notebook: ExecutedNotebook, language: Language, own: Labels, anchors: set[str]) -> Chapter:
    chapter = Chapter(number, _free(f"chapter-{number}", anchors))
    for cell in notebook.cells:
        if language not in cell.languages:
            continue
        if cell.kind == "prose":
            chapter.body.append(_prose(cell.source, chapter))
        else:
            _code(cell, chapter, language, own, anchors)
    chapter.title = chapter.title or escape(notebook.name.replace("_", " "))
    return chapter


def _prose(source: str, chapter: Chapter) -> str:
    """Render Markdown without raw HTML or images; the first main heading names the chapter, the others move down."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = markdown.parse(source)
    kept: list[Any] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.type != "heading_open":
            kept.append(token)
            place += 1
            continue
        inline = tokens[place + 1]
        text = markdown.renderer.render([inline], markdown.options, {})
        if token.tag == "h1" and not chapter.title:
            chapter.title = text
            place += 3
            continue
        level = min(int(token.tag[1]) + 1, 4) if token.tag != "h1" else 3
        token.tag = tokens[place + 2].tag = f"h{level}"
        if level == 3:
            entry = Entry(
                f"section-{chapter.number}-{len(chapter.sections) + 1}",
                f"{chapter.number}.{len(chapter.sections) + 1}",
                text,
            )
            chapter.sections.append(entry)
            token.attrSet("id", entry.anchor)
        kept.extend(tokens[place : place + 3])
        place += 3
    return str(markdown.renderer.render(kept, markdown.options, {}))


def _code(cell: ExecutedCell, chapter: Chapter, language: Language, own: Labels, anchors: set[str]) -> None:
    for payload in cell.payloads:
        if payload["kind"] == "text":
            chapter.body.append(_sentence(payload, language, own))
        elif payload["kind"] == KIND:
            chapter.body.append(answers_html(payload, language))
        else:
            chapter.body.append(_exhibit(payload, chapter, language, own, anchors))
    if cell.source.strip():
        summary = escape(label("report_code", language, own))
        chapter.body.append(
            f'<details class="code"><summary>{summary}</summary><pre><code>{escape(cell.source)}</code></pre></details>'
        )


def _sentence(payload: Mapping[str, Any], language: Language, own: Labels) -> str:
    text = MarkdownIt("commonmark", {"html": False}).disable("image").render(payload["text"][language]).strip()
    if not payload["synthetic"]:
        return text
    tag = f' <small class="si-word">{escape(label("report_synthetic_word", language, own))}</small>'
    return text[: -len("</p>")] + tag + "</p>" if text.endswith("</p>") else text + tag


def _exhibit(payload: Mapping[str, Any], chapter: Chapter, language: Language, own: Labels, anchors: set[str]) -> str:
    figure = payload["form"] == "figure"
    entries = chapter.figures if figure else chapter.tables
    number = f"{chapter.number}.{len(entries) + 1}"
    kind = label("report_figure" if figure else "report_table", language, own)
    title, name = payload["titles"][language], payload["exhibit"]
    anchor = _free(name, anchors)
    entries.append(Entry(anchor, f"{kind} {number}", escape(title), escape(name)))
    tag = (
        f'<span class="si-synthetic">{escape(label("report_synthetic", language, own))}</span> '
        if payload["synthetic"]
        else ""
    )
    table = payload["html"][language].replace(f"<style>{TABLE_CSS}</style>", "").strip()
    if anchor != name:
        table = table.replace(f"table-{name}-{language}", f"table-{anchor}-{language}")
    if figure:
        picture = picture_html(payload["alt"][language], payload["png"][language])
        summary = escape(label("report_numbers", language, own))
        body = f'{picture}<details class="numbers"><summary>{summary}</summary>{table}</details>'
    else:
        body = table
    caption = (
        f'<figcaption><b>{kind} {number}</b> {escape(title)} {tag}<small class="id">{escape(name)}</small></figcaption>'
    )
    return f'<figure id="{escape(anchor)}" class="exhibit">{caption}{body}</figure>'


def _referred(text: str, chapters: Sequence[Chapter]) -> str:
    """Turn what names an exhibit by its id into a link by number, where the document shows it.

    These are rows of tables, which get number and title, and the sources of answers.
    """
    entries = [entry for chapter in chapters for entry in (*chapter.figures, *chapter.tables)]
    shown = {entry.note.replace("_", " "): entry for entry in entries if entry.anchor == entry.note}

    def link(found: re.Match[str]) -> str:
        entry = shown.get(found["name"])
        if entry is None:
            return found[0]
        return f'{found["start"]}<a href="#{entry.anchor}">{entry.number}</a> {entry.title}</th>'

    by_id = {entry.note: entry for entry in entries if entry.anchor == entry.note}

    def source(found: re.Match[str]) -> str:
        entry = by_id.get(found["name"])
        return found["title"] if entry is None else f'<a href="#{entry.anchor}">{entry.number}</a>'

    text = re.sub(r'<a class="si-shown-in" data-exhibit="(?P<name>[^"]+)"[^>]*>(?P<title>[^<]*)</a>', source, text)
    return re.sub(r'(?P<start><th[^>]*\bgt_stub"[^>]*>)(?P<name>[^<]+)</th>', link, text)


def _free(name: str, anchors: set[str]) -> str:
    """Return an anchor that the document does not have yet."""
    wanted = "".join(sign if sign.isalnum() or sign in "_-" else "-" for sign in name)
    anchor = next(
        text for text in (wanted, *(f"{wanted}-{place}" for place in range(2, 10_000))) if text not in anchors
    )
    anchors.add(anchor)
    return anchor


def _contents(chapters: Sequence[Chapter], language: Language, own: Labels, switch: str) -> str:
    lines = []
    for chapter in chapters:
        inner = "".join(f'<li><a href="#{entry.anchor}">{entry.title}</a></li>' for entry in chapter.sections)
        nested = f"<ol>{inner}</ol>" if inner else ""
        lines.append(
            f'<li><a href="#{chapter.anchor}"><span class="number">{chapter.number}</span> {chapter.title}</a>'
            f"{nested}</li>"
        )
    name = escape(label("report_contents", language, own))
    exhibits = escape(label("report_exhibits", language, own))
    last = f'<li><a href="#exhibits">{exhibits}</a></li>'
    return f'<nav aria-label="{name}"><p class="head">{name}</p><ol>{"".join(lines)}{last}</ol>{switch}</nav>'


def _unshown(
    executed: Sequence[ExecutedNotebook], exhibits: Mapping[str, Mapping[Language, str]], language: Language
) -> list[tuple[str, str]]:
    """List the id and title of each exhibit that no chapter shows."""
    shown = {
        payload["exhibit"]
        for notebook in executed
        for cell in notebook.cells
        for payload in cell.payloads
        if payload["kind"] == "exhibit"
    }
    return [(name, titles[language]) for name, titles in exhibits.items() if name not in shown]


def _exhibit_lists(
    chapters: Sequence[Chapter], language: Language, own: Labels, unshown: Sequence[tuple[str, str]]
) -> str:
    figures = [entry for chapter in chapters for entry in chapter.figures]
    tables = [entry for chapter in chapters for entry in chapter.tables]
    parts = [f'<section id="exhibits"><h2>{escape(label("report_exhibits", language, own))}</h2>']
    for name, entries in (("report_exhibits_figures", figures), ("report_exhibits_tables", tables)):
        if entries:
            lines = "".join(
                f'<li><a href="#{entry.anchor}"><b>{entry.number}</b> {entry.title}</a> '
                f'<small class="id">{entry.note}</small></li>'
                for entry in entries
            )
            parts.append(f'<h3>{escape(label(name, language, own))}</h3><ul class="exhibits">{lines}</ul>')
    if unshown:
        lines = "".join(f'<li>{escape(title)} <small class="id">{escape(name)}</small></li>' for name, title in unshown)
        heading = escape(label("report_exhibits_unshown", language, own))
        parts.append(f'<h3>{heading}</h3><ul class="exhibits">{lines}</ul>')
    return "\n".join([*parts, "</section>"])

"""The document as one self-contained HTML file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Any

from si_eval.report.answers import answers_html
from si_eval.report.exhibit import picture_html
from si_eval.report.outline import MARKDOWN, Answers, Block, Chapter, Code, Entry, Exhibit, Outline, Prose
from si_eval.report.stylesheet import DOCUMENT_CSS, PAGE_SCRIPT, TABLE_CSS
from si_eval.vocabulary import Language

PICTURE = re.compile('src="(data:image/png;base64,[^"]+)"')


def write_page(outline: Outline, *, others: Sequence[tuple[str, str]] = ()) -> str:
    """Write a document as HTML: contents, chapters, the list of figures and tables.

    ``others`` are names and addresses of the same document elsewhere: in another language or form.
    """
    text = _pictures_once(_referred("\n".join(_chapter(chapter, outline) for chapter in outline.chapters), outline))
    banner = f'<p class="banner">{escape(outline.banner)}</p>' if outline.banner else ""
    dated = f'<p class="date">{escape(outline.date)}</p>' if outline.date else ""
    title = escape(outline.title)
    return (
        f'<!DOCTYPE html>\n<html lang="{outline.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{TABLE_CSS}{DOCUMENT_CSS}</style>\n</head>\n<body>\n"
        f"{_contents(outline, others)}\n<main>\n<header><h1>{title}</h1>{dated}{banner}</header>\n"
        f"{text}\n{_exhibit_lists(outline)}\n</main>\n"
        f"<script>{PAGE_SCRIPT}</script>\n</body>\n</html>\n"
    )


def _chapter(chapter: Chapter, outline: Outline) -> str:
    body = "\n".join(_block(block, outline) for block in chapter.blocks)
    head = f'<h2><span class="number">{chapter.number}</span> {escape(chapter.title)}</h2>'
    return f'<section id="{chapter.anchor}">{head}\n{body}</section>'


def _block(block: Block, outline: Outline) -> str:
    match block:
        case Prose():
            return _prose(block, outline)
        case Answers():
            return answers_html({"questions": block.questions}, outline.language)
        case Exhibit():
            return _exhibit(block, outline)
        case Code():
            summary = escape(outline.text("report_code"))
            code = f"<pre><code>{escape(block.source)}</code></pre>"
            return f'<details class="code"><summary>{summary}</summary>{code}</details>'


def _prose(block: Prose, outline: Outline) -> str:
    text = str(MARKDOWN.renderer.render(list(block.tokens), MARKDOWN.options, {})).strip()
    if not block.synthetic:
        return text
    tag = f' <small class="si-word">{escape(outline.text("report_synthetic_word"))}</small>'
    return text[: -len("</p>")] + tag + "</p>" if text.endswith("</p>") else text + tag


def _exhibit(exhibit: Exhibit, outline: Outline) -> str:
    payload, entry, language = exhibit.payload, exhibit.entry, outline.language
    tag = (
        f'<span class="si-synthetic">{escape(outline.text("report_synthetic"))}</span> ' if payload["synthetic"] else ""
    )
    table = _lean(payload["html"][language], payload, entry, language)
    if exhibit.is_figure:
        picture = picture_html(payload["alt"][language], payload["png"][language])
        summary = escape(outline.text("report_numbers"))
        table = f'{picture}<details class="numbers"><summary>{summary}</summary>{table}</details>'
    head, topic = entry.caption
    lines = [topic, "" if exhibit.is_figure else payload["tables"][language]["subtitle"]]
    under = "".join(f'<span class="topic">{escape(line)}</span> ' for line in lines if line)
    caption = (
        f"<figcaption><b>{entry.number}</b> {escape(head)} {under}{tag}"
        f'<small class="id">{escape(entry.name)}</small></figcaption>'
    )
    return f'<figure id="{escape(entry.anchor)}" class="exhibit">{caption}{table}</figure>'


def _lean(table: str, payload: Any, entry: Entry, language: Language) -> str:
    """Return a table without its style, which the page has once, and with the anchor of its place in its ids."""
    table = table.replace(f"<style>{TABLE_CSS}</style>", "").strip()
    if entry.anchor == payload["exhibit"]:
        return table
    return table.replace(f"table-{payload['exhibit']}-{language}", f"table-{entry.anchor}-{language}")


def _referred(text: str, outline: Outline) -> str:
    """Turn what names an exhibit by its id into a link by number, where the document shows it.

    These are rows of tables, which get number and title, and the sources of answers.
    """
    by_id, spelled = outline.shown, outline.spelled

    def link(found: re.Match[str]) -> str:
        entry = spelled.get(found["name"])
        if entry is None:
            return found[0]
        return f'{found["start"]}<a href="#{entry.anchor}">{entry.number}</a> {escape(entry.title)}</th>'

    def source(found: re.Match[str]) -> str:
        entry = by_id.get(found["name"])
        return found["title"] if entry is None else f'<a href="#{entry.anchor}">{entry.number}</a>'

    text = re.sub(r'<a class="si-shown-in" data-exhibit="(?P<name>[^"]+)"[^>]*>(?P<title>[^<]*)</a>', source, text)
    return re.sub(r'(?P<start><th[^>]*\bgt_stub"[^>]*>)(?P<name>[^<]+)</th>', link, text)


def _pictures_once(text: str) -> str:
    """Hold a picture that stands in several places once; a script of the page shows it in the others."""
    often = {source for source, count in Counter(PICTURE.findall(text)).items() if count > 1}
    names: dict[str, str] = {}

    def once(found: re.Match[str]) -> str:
        source = found[1]
        if source not in often:
            return found[0]
        if source in names:
            return f'data-same="{names[source]}"'
        names[source] = f"picture-{len(names) + 1}"
        return f'id="{names[source]}" {found[0]}'

    return PICTURE.sub(once, text)


def _contents(outline: Outline, others: Sequence[tuple[str, str]]) -> str:
    lines = []
    for chapter in outline.chapters:
        inner = "".join(f'<li><a href="#{entry.anchor}">{escape(entry.title)}</a></li>' for entry in chapter.sections)
        nested = f"<ol>{inner}</ol>" if inner else ""
        head = f'<span class="number">{chapter.number}</span> {escape(chapter.title)}'
        if chapter.anchor == outline.first_annex:
            lines.append(f'<li class="head">{escape(outline.text("report_annexes"))}</li>')
        lines.append(f'<li><a href="#{chapter.anchor}">{head}</a>{nested}</li>')
    name = escape(outline.text("report_contents"))
    last = f'<li><a href="#exhibits">{escape(outline.text("report_exhibits"))}</a></li>'
    links = " ".join(f'<a href="{escape(address)}">{escape(one)}</a>' for one, address in others)
    switch = f'<p class="switch">{links}</p>' if links else ""
    return f'<nav aria-label="{name}"><p class="head">{name}</p><ol>{"".join(lines)}{last}</ol>{switch}</nav>'


def _exhibit_lists(outline: Outline) -> str:
    parts = [f'<section id="exhibits"><h2>{escape(outline.text("report_exhibits"))}</h2>']
    for name, entries in (("report_exhibits_figures", outline.figures), ("report_exhibits_tables", outline.tables)):
        if entries:
            lines = "".join(
                f'<li><a href="#{entry.anchor}"><b>{entry.number}</b> {escape(entry.title)}</a> '
                f'<small class="id">{escape(entry.name)}</small></li>'
                for entry in entries
            )
            parts.append(f'<h3>{escape(outline.text(name))}</h3><ul class="exhibits">{lines}</ul>')
    if outline.unshown:
        lines = "".join(
            f'<li>{escape(title)} <small class="id">{escape(name)}</small></li>' for name, title in outline.unshown
        )
        heading = escape(outline.text("report_exhibits_unshown"))
        parts.append(f'<h3>{heading}</h3><ul class="exhibits">{lines}</ul>')
    return "\n".join([*parts, "</section>"])

"""The document as a Word file that is edited further: styles, captions with numbers, contents and real tables."""

from __future__ import annotations

import io
import zipfile
from base64 import b64decode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from si_eval.report.answers import evidence_text
from si_eval.report.outline import Answers, Block, Chapter, Entry, Exhibit, Outline, Prose
from si_eval.report.printed_table import PrintedRow, from_payload, join_notes
from si_eval.report.prose import Paragraph, ProseTable, Run, paragraphs_of
from si_eval.report.word_xml import (
    NAMESPACE,
    bookmark,
    clean_text,
    field,
    hyperlink,
    paragraph,
    prose_table,
    run,
    runs,
    table,
)
from si_eval.vocabulary import locale_of

WRITTEN = (1980, 1, 1, 0, 0, 0)  # the earliest time that a ZIP can say: the same document gives the same bytes
CREATED = datetime(2000, 1, 1, tzinfo=UTC)
FONT = "Calibri"
ACCENT, PURPLE = RGBColor(0x00, 0x4B, 0x7A), RGBColor(0x6B, 0x21, 0x47)
PICTURE_WIDTH = Cm(14.6)
MARGIN = Cm(2)
STYLES = {"bullet": "ListBullet", "numbered": "ListNumber", "quote": "Quote", "text": "BodyText", "code": "BodyText"}
MOST_OF_TITLE = 255  # letters that the properties of a file hold
MOST_LETTERS = 40  # in the name of a bookmark
TOPIC_LOOK = '<w:b w:val="0"/><w:color w:val="5A5A5A"/>'
SEQUENCES = {True: "Figure", False: "Table"}  # of captions; Word counts each by chapter


def write_word(outline: Outline) -> bytes:
    """Write a document as DOCX: title, contents, chapters, and the numbers behind figures in an annex.

    Source code of notebooks is left out. The same document gives the same bytes.
    """
    return _Word(outline).write()


class _Word:
    """A document while it is written."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.document: Any = Document()
        self.bookmarks: dict[str, str] = {}
        self.behind: list[Exhibit] = []
        self.numbers = iter(range(1, 1_000_000))
        entries = [
            *outline.figures,
            *outline.tables,
            *(one for chapter in outline.chapters for one in chapter.sections),
        ]
        for anchor in [*(chapter.anchor for chapter in outline.chapters), *(entry.anchor for entry in entries)]:
            self.bookmarks[anchor] = f"_{len(self.bookmarks):04d}_{anchor}"[:MOST_LETTERS].replace("-", "_")

    def write(self) -> bytes:
        """Write everything, and return the file."""
        self._prepare()
        outline = self.outline
        self.add(paragraph(run(outline.title), "Title"))
        for text, style in ((outline.date, "BodyText"), (outline.banner, "Banner")):
            if text:
                self.add(paragraph(run(text), style))
        self.add(paragraph(run(outline.text("report_contents")), "ContentsHeading"))
        self._write_contents()
        for chapter in outline.chapters:
            self.add(self._heading(f"{chapter.number} {chapter.title}", 1, chapter.anchor))
            for block in chapter.blocks:
                self._write_block(block, chapter)
        self._write_numbers()
        self._write_lists()
        return self._save()

    def add(self, xml: str) -> Any:
        """Add XML to the end of the body."""
        closed = xml.index(">") - (1 if xml[xml.index(">") - 1] == "/" else 0)
        element = parse_xml(f"{xml[:closed]} {NAMESPACE}{xml[closed:]}")
        self.document.element.body.insert(-1, element)  # before the properties of the section
        return element

    def _heading(self, text: str, level: int, anchor: str = "") -> str:
        content = run(text)
        if anchor in self.bookmarks:
            content = bookmark(self.bookmarks[anchor], next(self.numbers), content)
        return paragraph(content, f"Heading{level}")

    def _write_contents(self) -> None:
        """Write the contents as a field with its result: Word adds the numbers of pages when it is opened."""
        lines = []
        for chapter in self.outline.chapters:
            lines.append((1, f"{chapter.number} {chapter.title}", chapter.anchor))
            lines += [(2, f"{entry.number} {entry.title}", entry.anchor) for entry in chapter.sections]
        self._write_field('TOC \\o "1-2" \\h \\z', lines)

    def _write_field(self, code: str, lines: list[tuple[int, str, str]]) -> None:
        """Write a field over several paragraphs, each a link to its place."""
        start, end = field(code, "|", dirty=True).split("|")
        for place, (level, text, anchor) in enumerate(lines):
            content = hyperlink(text, self.bookmarks[anchor])
            content = (start if place == 0 else "") + content + (end if place == len(lines) - 1 else "")
            self.add(paragraph(content, f"TOC{level}"))

    def _write_block(self, block: Block, chapter: Chapter) -> None:
        if isinstance(block, Prose):
            self._write_prose(block, chapter)
        elif isinstance(block, Answers):
            self._write_answers(block)
        elif isinstance(block, Exhibit):
            self._write_exhibit(block)

    def _write_prose(self, block: Prose, chapter: Chapter) -> None:
        sections = {entry.anchor: entry.number for entry in chapter.sections}
        for one in paragraphs_of(block.tokens):
            if isinstance(one, ProseTable):
                self.add(prose_table(one, self.bookmarks))
                self.add(paragraph("", "TableNote"))
                continue
            if one.kind == "heading":
                text = "".join(part.text for part in one.runs)
                number = f"{sections[one.anchor]} " if one.anchor in sections else ""
                self.add(self._heading(number + text, max(1, one.level - 1), one.anchor))
                continue
            mark = [Run(f" [{self.outline.text('report_synthetic_word')}]")] if block.synthetic else []
            self.add(self._paragraph(one, mark))

    def _paragraph(self, one: Paragraph, mark: list[Run]) -> str:
        return paragraph(runs([*one.runs, *mark], self.bookmarks), STYLES[one.kind])

    def _write_answers(self, block: Answers) -> None:
        language, shown = self.outline.language, self.outline.shown
        for question in block.questions:
            self.add(paragraph(run(f"{question['id']} {question['title'][language]}".strip()), "Question"))
            if not question["sentences"]:
                self.add(paragraph(run(self.outline.text("report_answer_none")), "BodyText"))
            for sentence in question["sentences"]:
                mark = f" [{self.outline.text('report_synthetic_word')}]" if sentence["synthetic"] else ""
                text = sentence["text"][language] + mark
                self.add(paragraph(run(text), "BodyText", properties="<w:keepNext/>"))
                evidence = evidence_text(sentence, language, self.outline.labels)
                if not evidence:
                    continue
                entry = shown.get(sentence["exhibit"])
                place = (
                    run(sentence["title"][language])
                    if entry is None
                    else hyperlink(entry.number, self.bookmarks[entry.anchor])
                )
                self.add(paragraph(run(f"{evidence} ") + place, "Evidence"))

    def _write_exhibit(self, exhibit: Exhibit) -> None:
        self.add(self._caption(exhibit.entry, exhibit))
        if not exhibit.is_figure:
            self._write_table(exhibit.payload)
            return
        language = self.outline.language
        png = exhibit.payload["png"][language]
        if png is not None:
            self._write_picture(b64decode(png), exhibit.payload["alt"][language])
        self.behind.append(exhibit)

    def _caption(self, entry: Entry, exhibit: Exhibit) -> str:
        """Write a caption whose number Word counts on within its chapter."""
        kind, number = entry.number.rsplit(" ", 1)
        chapter, place = number.rsplit(".", 1)
        first = " \\r 1" if place == "1" else ""  # for programs that do not count by chapter
        counted = field(f"SEQ {SEQUENCES[exhibit.is_figure]} \\* ARABIC \\s 1{first}", run(place))
        head = bookmark(self.bookmarks[entry.anchor], next(self.numbers), run(f"{kind} {chapter}.") + counted)
        mark = f" [{self.outline.text('report_synthetic')}]" if exhibit.payload["synthetic"] else ""
        title, topic = entry.caption
        under = "<w:r><w:br/></w:r>" + run(topic, look=TOPIC_LOOK) if topic else ""
        return paragraph(head + run(f" {title}{mark}") + under, "Caption", properties="<w:keepNext/>")

    def _write_picture(self, png: bytes, alternative: str) -> None:
        shape = self.document.add_picture(io.BytesIO(png), width=PICTURE_WIDTH)
        shape._inline.docPr.set("descr", clean_text(alternative))

    def _write_table(self, payload: Mapping[str, Any]) -> None:
        printed = from_payload(payload["tables"][self.outline.language])
        if printed.subtitle:
            self.add(paragraph(run(printed.subtitle), "TableSubtitle"))
        self.add(table(printed, [self._row_label(row) for row in printed.rows]))
        for note in join_notes(printed.notes):
            self.add(paragraph(run(note), "TableNote"))

    def _row_label(self, row: PrintedRow) -> str:
        """Write the label of a row; one that is the id of an exhibit becomes a link by its number."""
        entry = self.outline.spelled.get(row.name)
        if entry is None:
            return run(row.name, look="<w:b/>" if row.total else "")
        return hyperlink(entry.number, self.bookmarks[entry.anchor]) + run(f" {entry.title}")

    def _write_numbers(self) -> None:
        """Write the numbers behind the figures, each under the number of its figure."""
        if not self.behind:
            return
        self.add(self._heading(self.outline.text("report_numbers_all"), 1))
        for exhibit in self.behind:
            entry = exhibit.entry
            head = hyperlink(entry.number, self.bookmarks[entry.anchor]) + run(f" {entry.title}")
            self.add(paragraph(head, "Caption", properties="<w:keepNext/>"))
            self._write_table(exhibit.payload)

    def _write_lists(self) -> None:
        outline = self.outline
        self.add(self._heading(outline.text("report_exhibits"), 1))
        for term, entries, figure in (
            ("report_exhibits_figures", outline.figures, True),
            ("report_exhibits_tables", outline.tables, False),
        ):
            if entries:
                self.add(self._heading(outline.text(term), 2))
                lines = [(1, f"{entry.number} {entry.title}", entry.anchor) for entry in entries]
                self._write_field(f'TOC \\h \\z \\c "{SEQUENCES[figure]}"', lines)
        if outline.unshown:
            self.add(self._heading(outline.text("report_exhibits_unshown"), 2))
            for _, title in outline.unshown:
                self.add(paragraph(run(title), "ListBullet"))

    def _prepare(self) -> None:
        """Set page, styles, language, header and footer."""
        document, outline = self.document, self.outline
        properties = document.core_properties
        properties.title, properties.language = clean_text(outline.title)[:MOST_OF_TITLE], outline.language
        properties.author = properties.comments = properties.last_modified_by = ""
        properties.created = properties.modified = CREATED
        section = document.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = MARGIN
        for name, (based, size, before, after) in _own_styles().items():
            self._style(name, based, size, before, after)
        link = document.styles.add_style("Hyperlink", WD_STYLE_TYPE.CHARACTER)
        link.font.color.rgb = ACCENT
        normal = document.styles["Normal"]
        normal.font.name, normal.font.size = FONT, Pt(10.5)
        locale = locale_of(outline.language).replace("_", "-")
        look = normal.element.get_or_add_rPr()
        look.append(parse_xml(f'<w:lang {NAMESPACE} w:val="{locale}" w:eastAsia="{locale}"/>'))
        for level in (1, 2, 3):
            style = document.styles[f"Heading {level}"]
            style.font.name, style.font.color.rgb = FONT, ACCENT
            style.element.rPr.rFonts.attrib.clear()
            style.element.rPr.rFonts.set(qn("w:ascii"), FONT)
            style.element.rPr.rFonts.set(qn("w:hAnsi"), FONT)
        document.styles["Heading 1"].paragraph_format.page_break_before = True
        caption = document.styles["Caption"]
        caption.font.size, caption.font.color.rgb = Pt(10), ACCENT
        caption.paragraph_format.space_before, caption.paragraph_format.space_after = Pt(12), Pt(3)
        footer = section.footer.paragraphs[0]
        footer.alignment = 1
        for xml in (field("PAGE", run("1")), run(" / "), field("NUMPAGES", run("1"))):
            for element in parse_xml(f"<w:p {NAMESPACE}>{xml}</w:p>"):
                footer._p.append(element)
        section.header.paragraphs[0].text = clean_text(outline.title)

    def _style(self, name: str, based: str, size: float, before: float, after: float) -> None:
        styles = self.document.styles
        style = (
            styles[name] if name in [one.name for one in styles] else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        )
        style.base_style = styles[based]
        style.font.size = Pt(size)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
        if name == "Banner":
            style.font.color.rgb = PURPLE
        if name in ("Question", "Contents Heading"):
            style.font.bold = True
            style.paragraph_format.keep_with_next = True
        if name in ("Evidence", "Table Note", "Table Subtitle"):
            style.font.color.rgb = RGBColor(0x5A, 0x5A, 0x5A)
        if name == "Table Subtitle":
            style.paragraph_format.keep_with_next = True

    def _save(self) -> bytes:
        """Save the document with no time of writing in it."""
        saved, fixed = io.BytesIO(), io.BytesIO()
        self.document.save(saved)
        with zipfile.ZipFile(saved) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
            for name, content in _members(source):
                target.writestr(zipfile.ZipInfo(name, WRITTEN), content, zipfile.ZIP_DEFLATED)
        return fixed.getvalue()


def _own_styles() -> dict[str, tuple[str, float, float, float]]:
    """Return the styles that a document needs beside Word's own: base, size, room before and after in points."""
    return {
        "Body Text": ("Normal", 10.5, 0, 6),
        "Table Text": ("Normal", 8, 1, 1),
        "Table Text Small": ("Normal", 6, 1, 1),
        "Table Note": ("Normal", 8, 1, 0),
        "Table Subtitle": ("Normal", 9, 0, 3),
        "Question": ("Normal", 11, 10, 3),
        "Evidence": ("Normal", 8.5, 0, 6),
        "Banner": ("Normal", 10.5, 6, 12),
        "Contents Heading": ("Normal", 15, 12, 6),
        "TOC 1": ("Normal", 10.5, 2, 2),
        "TOC 2": ("Normal", 9.5, 0, 1),
    }


def _members(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    for info in archive.infolist():
        yield info.filename, archive.read(info.filename)

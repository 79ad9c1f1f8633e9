"""The document as a tagged PDF (PDF/UA-1), set by Typst: page numbers, contents, captions that stay with tables."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import matplotlib

from si_eval.report.answers import evidence_text
from si_eval.report.outline import Answers, Block, Exhibit, Outline, Prose
from si_eval.report.printed_table import PrintedRow, from_payload, join_notes
from si_eval.report.prose import Paragraph, ProseTable, Run, paragraphs_of
from si_eval.report.typst_markup import (
    PREAMBLE,
    figure,
    heading,
    literal,
    prose_table,
    reference,
    runs,
    table,
    words,
)
from si_eval.system.temporary_folders import temporary_folder

PREFIX = "si_eval.pdf."
STANDARD: Final = "ua-1"
CREATED = 946684800  # 1 January 2000, for the time of writing: the same document gives the same bytes
PICTURE_WIDTH = "14.6cm"
ANNEXES = '#counter(heading).update(0)\n#set heading(numbering: "A.1")'
MARKS = {"bullet": "- ", "numbered": "+ "}


def can_write_pdf() -> bool:
    """Whether Typst is installed (``pip install si_eval[report]``)."""
    return find_spec("typst") is not None


def write_pdf(outline: Outline) -> bytes:
    """Set a document as PDF: title, contents, chapters, and the numbers behind figures in an annex.

    Source code of notebooks is left out. The same document gives the same bytes. Nothing is fetched: the fonts are
    those of matplotlib.
    """
    import typst  # noqa: PLC0415 - an extra

    with temporary_folder(PREFIX) as folder:
        source = folder / "report.typ"
        source.write_text(_Pages(outline, folder).write(), encoding="utf-8")
        written: bytes = typst.compile(
            source,
            format="pdf",
            root=folder,
            font_paths=[Path(matplotlib.get_data_path()) / "fonts" / "ttf"],
            ignore_system_fonts=True,
            pdf_standards=[STANDARD],
            timestamp=CREATED,
        )
    return written


class _Pages:
    """A document while its markup is written; pictures go to the folder."""

    def __init__(self, outline: Outline, folder: Path) -> None:
        self.outline, self.folder = outline, folder
        self.parts: list[str] = []
        self.behind: list[Exhibit] = []
        self.pictures = 0
        self.level = 1  # of the last heading: none may be skipped
        sections = [entry for chapter in outline.chapters for entry in chapter.sections]
        entries = [*outline.figures, *outline.tables, *sections]
        self.anchors = {*(chapter.anchor for chapter in outline.chapters), *(entry.anchor for entry in entries)}

    def write(self) -> str:
        """Return the markup of the whole document."""
        outline = self.outline
        title = literal(outline.title)
        self.parts += [
            f"#set document(title: {title}, date: none)",
            f"#set text(lang: {literal(outline.language)})",
            PREAMBLE,
            f'#align(left, text(size: 22pt, weight: "bold", fill: rgb("#004b7a"), title({title})))',
            words(outline.date) + "\n",
            f"#banner({literal(outline.banner)})" if outline.banner else "",
            f"#block(above: 2em, text(size: 14pt, strong({literal(outline.text('report_contents'))})))",
            "#outline(title: none, depth: 2)",
        ]
        for chapter in outline.chapters:
            if chapter.anchor == outline.first_annex:
                self.parts.append(ANNEXES)
            self._add_heading(chapter.title, 1, chapter.anchor)
            for block in chapter.blocks:
                self._add_block(block)
        self._add_numbers()
        self._add_lists()
        return "\n".join(self.parts)

    def _add_heading(self, text: str, level: int, anchor: str = "", *, numbered: bool = True) -> None:
        self.level = min(level, self.level + 1)
        anchored = anchor if anchor in self.anchors else ""
        self.parts.append(heading(text, self.level, anchored, numbered=numbered and self.level < 3))

    def _add_block(self, block: Block) -> None:
        if isinstance(block, Prose):
            self._add_prose(block)
        elif isinstance(block, Answers):
            self._add_answers(block)
        elif isinstance(block, Exhibit):
            self._add_exhibit(block)

    def _add_prose(self, block: Prose) -> None:
        for one in paragraphs_of(block.tokens):
            if isinstance(one, ProseTable):
                self.parts.append(prose_table(one, self.anchors))
            elif one.kind == "heading":
                self._add_heading("".join(part.text for part in one.runs), max(1, one.level - 1), one.anchor)
            else:
                self._add_paragraph(one, synthetic=block.synthetic)

    def _add_paragraph(self, one: Paragraph, *, synthetic: bool) -> None:
        mark = [Run(f" [{self.outline.text('report_synthetic_word')}]")] if synthetic else []
        text = runs([*one.runs, *mark], self.anchors)
        if one.kind == "quote":
            text = f"#quote(block: true, [{text}])"
        self.parts.append(f"{MARKS.get(one.kind, '')}{text}\n")

    def _add_answers(self, block: Answers) -> None:
        language, shown = self.outline.language, self.outline.shown
        for question in block.questions:
            asked = literal(f"{question['id']} {question['title'][language]}".strip())
            self.parts.append(f"#block(sticky: true, above: 1.4em, strong({asked}))")
            if not question["sentences"]:
                self.parts.append(words(self.outline.text("report_answer_none")) + "\n")
            for sentence in question["sentences"]:
                mark = f" [{self.outline.text('report_synthetic_word')}]" if sentence["synthetic"] else ""
                evidence = evidence_text(sentence, language, self.outline.labels)
                entry = shown.get(sentence["exhibit"])
                place = words(sentence["title"][language]) if entry is None else reference(entry.number, entry.anchor)
                self.parts.append(
                    f"#block(sticky: true, above: 0.9em, below: 0.4em, {literal(sentence['text'][language] + mark)})"
                )
                if evidence:
                    self.parts.append(f"#note[{words(evidence + ' ')}{place}]")

    def _add_exhibit(self, exhibit: Exhibit) -> None:
        entry, payload = exhibit.entry, exhibit.payload
        mark = f" #tag({literal(self.outline.text('report_synthetic'))});" if payload["synthetic"] else ""
        title, topic = entry.caption
        under = f"#linebreak();#topic({literal(topic)});" if topic else ""
        caption = f"#strong({literal(entry.number)}); {words(title)}{mark}{under}"
        if not exhibit.is_figure:
            self._add_table(payload, caption, entry.anchor)
            return
        language = self.outline.language
        png = payload["png"][language]
        name = f"figure_{self.pictures}.png"
        self.pictures += 1
        (self.folder / name).write_bytes(b64decode(png))
        picture = f"image({literal(name)}, width: {PICTURE_WIDTH}, alt: {literal(payload['alt'][language])})"
        self.parts.append(figure(picture, "image", caption, entry.anchor))
        self.behind.append(exhibit)

    def _add_table(self, payload: Mapping[str, Any], caption: str, anchor: str = "") -> None:
        printed = from_payload(payload["tables"][self.outline.language])
        names = [self._row_label(row) for row in printed.rows]
        subtitle = f"#linebreak();#small({literal(printed.subtitle)});" if printed.subtitle else ""
        self.parts.append(figure(table(printed, names), "table", caption + subtitle, anchor))
        self.parts += [f"#note({literal(one)})" for one in join_notes(printed.notes)]

    def _row_label(self, row: PrintedRow) -> str:
        """Write the label of a row; one that is the id of an exhibit becomes a link by its number."""
        entry = self.outline.spelled.get(row.name)
        if entry is None:
            return f"#strong({literal(row.name)});" if row.total else words(row.name)
        return reference(entry.number, entry.anchor) + words(f" {entry.title}")

    def _add_numbers(self) -> None:
        """Set the numbers behind the figures, each under the number of its figure."""
        if self.behind:
            self._add_heading(self.outline.text("report_numbers_all"), 1, numbered=False)
        for exhibit in self.behind:
            entry = exhibit.entry
            self._add_table(exhibit.payload, f"{reference(entry.number, entry.anchor)} {words(entry.title)}")

    def _add_lists(self) -> None:
        outline = self.outline
        self._add_heading(outline.text("report_exhibits"), 1, numbered=False)
        for term, entries in (("report_exhibits_figures", outline.figures), ("report_exhibits_tables", outline.tables)):
            if entries:
                self._add_heading(outline.text(term), 2, numbered=False)
                self.parts += [f"- {reference(f'{one.number} {one.title}', one.anchor)}" for one in entries]
        if outline.unshown:
            self._add_heading(outline.text("report_exhibits_unshown"), 2, numbered=False)
            self.parts += [f"- {words(title)}" for _, title in outline.unshown]

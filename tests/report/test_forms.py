"""Word and PDF: the numbers of the page, as real tables under numbered captions, with words for every picture."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn
from report_examples import EXAMPLES, safe

from si_eval.report.chapters import ReportChapter, write_chapters
from si_eval.report.direction import FILL_COLOURS, TOTAL_FILL
from si_eval.report.execution import ExecutedCell, ExecutedNotebook
from si_eval.report.outline import Outline, outline_report
from si_eval.report.page import write_page
from si_eval.report.pdf import can_write_pdf, write_pdf
from si_eval.report.printed_table import (
    BOLD,
    PADDING,
    PrintedCell,
    PrintedRow,
    PrintedTable,
    column_shares,
    from_payload,
)
from si_eval.report.printing import print_table
from si_eval.report.specification import Chart
from si_eval.report.tables import render_table
from si_eval.report.typst_markup import table as pdf_table
from si_eval.report.typst_markup import words
from si_eval.report.word import write_word
from si_eval.report.word_xml import run as word_run
from si_eval.report.word_xml import table as word_table

TEXT = """Asked: **what** and *why*, see [the table](#dialogic_table_06).

- one
- two

## Where

#### Deeper

| a | b |
|---|---|
| 1 | 2 |
"""
ODD = 'Words #strong[x] "y" \\ <b> & $z$ \x07'  # markup of one form or another, and a sign that XML cannot hold
ANSWERS = {
    "kind": "answers",
    "exhibit": "",
    "synthetic": True,
    "html": {},
    "questions": [
        {
            "id": "a",
            "title": {"nl": "Wie?", "en": "Who?"},
            "sentences": [
                {
                    "text": {"nl": "Er deden 494 mee.", "en": "494 took part."},
                    "evidence": "association",
                    "exhibit": "dialogic_table_06",
                    "title": {"nl": "Eenheden", "en": "Units"},
                    "synthetic": True,
                }
            ],
        },
        {"id": "b", "title": {"nl": "Waarom?", "en": "Why?"}, "sentences": []},
    ],
}


@pytest.fixture(scope="module")
def outlines() -> dict[str, Outline]:
    """Return a small document in both languages: prose, answers, a table with spanners and a figure."""
    shown = [(make(), chart) for make, chart in (EXAMPLES["table 6"], EXAMPLES["table 8"], EXAMPLES["figure 26"])]
    chapters = [ReportChapter({"nl": "Bereik", "en": "Reach"}, {"nl": TEXT, "en": TEXT}, shown)]
    executed = write_chapters(chapters, ("nl", "en"))
    answers = ExecutedNotebook("answers", (ExecutedCell("code", "x = 1", payloads=(ANSWERS,)),))
    return {
        one: outline_report([*executed, answers], language=one, title=ODD, date="2026-11-22")  # type: ignore[arg-type]
        for one in ("nl", "en")
    }


def numbers_of(outline: Outline) -> list[str]:
    """Return every number that the tables of a document print."""
    tables = [
        from_payload(block.payload["tables"][outline.language])
        for chapter in outline.chapters
        for block in chapter.blocks
        if hasattr(block, "payload")
    ]
    return [cell.text for table in tables for row in table.rows for cell in row.cells if cell.text]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_word_has_styles_captions_heads_and_every_number(outlines, language: str) -> None:
    outline = outlines[language]
    document = Document(io.BytesIO(write_word(outline)))
    styles = [paragraph.style.name for paragraph in document.paragraphs]
    assert {"Title", "Banner", "Heading 1", "Heading 2", "Caption", "List Bullet", "TOC 1", "Question"} <= set(styles)
    captions = [one for one in document.paragraphs if one.style.name == "Caption"]
    kinds = ("Tabel", "Figuur") if language == "nl" else ("Table", "Figure")
    assert [one.text.split()[0] for one in captions[:3]] == [kinds[0], kinds[0], kinds[1]]
    assert all(one.paragraph_format.keep_with_next for one in captions)
    fields = [one.text for one in document.element.body.iter(qn("w:instrText"))]
    counted = [one.split("\\s 1")[1].strip() for one in fields if "SEQ Table" in one]
    assert counted == ["\\r 1", ""], "the first of a chapter begins anew in every program"
    assert any('TOC \\o "1-2"' in one for one in fields)
    printed = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    for number in numbers_of(outline):
        assert any(text.split("\n")[0].startswith(number) for text in printed), number
    for table in document.tables:
        assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    (picture,) = document.inline_shapes
    assert picture._inline.docPr.get("descr") == outline.chapters[0].blocks[-1].payload["alt"][language]
    assert document.core_properties.language == language
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "x = 1" not in text, "source code is for the page"
    assert ("Er deden 494 mee. [synthetisch]" if language == "nl" else "494 took part. [synthetic]") in text
    assert ODD.replace("\x07", "\ufffd") in text


def test_links_and_bookmarks_of_word_meet(outlines) -> None:
    body = Document(io.BytesIO(write_word(outlines["nl"]))).element.body
    marks = [one.get(qn("w:name")) for one in body.iter(qn("w:bookmarkStart"))]
    assert len(marks) == len(set(marks))
    assert all(len(mark) <= 40 for mark in marks)
    assert {one.get(qn("w:anchor")) for one in body.iter(qn("w:hyperlink"))} <= set(marks)


@pytest.mark.skipif(not can_write_pdf(), reason="needs Typst, which the extra `report` installs")
def test_pdf_is_tagged_with_a_title_and_always_the_same(outlines) -> None:
    written = write_pdf(outlines["nl"])
    assert written.startswith(b"%PDF-")
    assert re.search(rb"<pdfuaid:part>1</pdfuaid:part>", written), "PDF/UA-1, which Typst checks as it writes"
    assert b"/StructTreeRoot" in written
    assert b"(nl)" in written
    assert write_pdf(outlines["nl"]) == written


def test_markup_of_pages_has_every_number_and_takes_no_text_for_markup(outlines, tmp_path: Path) -> None:
    from si_eval.report.pdf import _Pages

    outline = outlines["en"]
    markup = _Pages(outline, tmp_path).write()
    for number in numbers_of(outline):
        assert f'"{number}"' in markup
    assert '"Words #strong[x] \\"y\\" \\\\ <b> & $z$  "' in markup
    assert '#heading(level: 3, numbering: none, "Deeper")' in markup
    assert len(list(tmp_path.glob("*.png"))) == 1


def test_totals_and_rows_that_name_exhibits_stand_out_in_every_form(tmp_path: Path) -> None:
    from si_eval.report.pdf import _Pages

    rows = [
        {"indicator": "use", "category": name, "estimate": place, "unit": "units"}
        for place, name in enumerate(("named_table", "other", "all"), start=1)
    ]
    shown = [(safe(rows, exhibit="named_table"), Chart("table"))]
    outline = outline_report(
        write_chapters([ReportChapter({"en": "Main"}, {}, shown)], ("en",)), language="en", title="T"
    )
    assert [row.total for row in from_payload(outline.chapters[0].blocks[-1].payload["tables"]["en"]).rows] == [
        False, False, True,
    ]  # fmt: skip
    (table,) = Document(io.BytesIO(write_word(outline))).tables
    linked, plain, total = table.rows[1:]
    assert [one.get(qn("w:anchor")) for one in linked._tr.iter(qn("w:hyperlink"))] == ["_0001_named_table"]
    assert {one.get(qn("w:fill")) for one in total._tr.iter(qn("w:shd"))} == {TOTAL_FILL.lstrip("#")}
    assert not list(plain._tr.iter(qn("w:shd")))
    markup = _Pages(outline, tmp_path).write()
    assert '#link(label("named_table"), "Table 1.1")' in markup
    assert f'[#strong("All");]),table.cell(align: right, fill: rgb("{TOTAL_FILL}")' in markup
    page = write_page(outline)
    assert '<a href="#named_table">Table 1.1</a>' in page
    assert f"background-color: {TOTAL_FILL}" in page


def test_an_indicator_that_is_not_split_is_no_total() -> None:
    alone = [{"indicator": f"not_split_{place}", "estimate": place, "unit": "units"} for place in range(9)]
    split = [{"indicator": "split", "category": name, "estimate": 1, "unit": "units"} for name in ("one", "all")]
    printed = print_table(safe([*alone, *split]), language="en")
    assert [row.name for row in printed.rows if row.total] == ["split"]
    assert len(printed.rows) == len(alone) + len(split)


def test_columns_have_room_for_their_longest_word_and_labels_for_what_is_left() -> None:
    cells = (PrintedCell("1"), PrintedCell("123,456,789"))
    rows = tuple(PrintedRow("", name, cells) for name in ("a", "b" * 200))
    printed = PrintedTable("t", "T", "", "", "Stub", ("one unbelievably long head", "two"), (), rows, ())
    label, first, second = shares = column_shares(printed)
    assert sum(shares) == pytest.approx(1)
    assert label == max(shares)
    assert 0.5 < label < 0.8
    assert first / second == pytest.approx((len("unbelievably") * BOLD + PADDING) / (len("123,456,789") + PADDING))
    told = (cells[0], PrintedCell("", small=("a reason in many words " * 9,)))
    reasoned = replace(printed, rows=(PrintedRow("", "a", told),))
    assert column_shares(reasoned)[2] > 0.5
    assert word_table(reasoned, [word_run("a")]).count('<w:jc w:val="right"/>') == 3, "two heads, a number, no words"
    assert pdf_table(reasoned, [words("a")]).count("align: left, [#small") == 1
    assert render_table(reasoned, "en").count('<small class="told">') == 1
    short = replace(printed, rows=(PrintedRow("", "a", cells),))
    assert column_shares(short)[0] < min(column_shares(short)[1:])


@pytest.mark.parametrize(("shade", "total"), [("▼", False), ("▼", True), ("", True), ("", False)])
def test_what_departs_is_shaded_before_what_is_of_all(shade: str, total: bool) -> None:
    row = PrintedRow("", "Name", (PrintedCell("1"), PrintedCell("2", shade="▲")), shade, total)
    printed = PrintedTable("t", "T", "", "", "Stub", ("a", "b"), (), (row,), ())
    fill = FILL_COLOURS["▼"] if shade else TOTAL_FILL if total else ""
    wanted = [fill, fill, FILL_COLOURS["▲"]]
    assert re.findall(r'w:fill="([^"]+)"', word_table(printed, [word_run("Name")])) == [
        one.lstrip("#") for one in wanted if one
    ]
    assert re.findall(r'(?:cell\(|right, )fill: rgb\("([^"]+)"', pdf_table(printed, [words("Name")])) == [
        one for one in wanted if one
    ]


def test_the_same_word_file_comes_out_twice(outlines) -> None:
    assert write_word(outlines["en"]) == write_word(outlines["en"])


def test_annexes_have_letters_in_every_form(outlines, tmp_path: Path) -> None:
    from si_eval.report.pdf import _Pages

    main = write_chapters([ReportChapter({"en": "Main"}, {"en": "## Part"})], ("en",))
    annex = write_chapters(
        [ReportChapter({"en": "All"}, {"en": "## More"}, [(EXAMPLES["table 6"][0](), EXAMPLES["table 6"][1])])], ("en",)
    )
    outline = outline_report(main, annexes=annex, language="en", title="T")
    assert [(one.number, one.title) for one in outline.chapters] == [("1", "Main"), ("A", "All")]
    assert [entry.number for entry in outline.tables] == ["Table A.1"]
    page = write_page(outline)
    assert page.index('class="head">Annexes') < page.index(">A</span> All")
    markup = _Pages(outline, tmp_path).write()
    assert markup.index('"Main"') < markup.index('numbering: "A.1"') < markup.index('"All"')
    texts = [one.text for one in Document(io.BytesIO(write_word(outline))).paragraphs]
    assert {"1 Main", "1.1 Part", "A All", "A.1 More"} <= set(texts)


def test_a_picture_that_stands_twice_is_held_once() -> None:
    make, chart = EXAMPLES["figure 26"]
    other, second = EXAMPLES["figure 25"]
    shown = [(make(), chart), (other(), second), (make(), chart)]
    page = write_page(
        outline_report(write_chapters([ReportChapter({"en": "Main"}, {}, shown)], ("en",)), language="en", title="T")
    )
    assert page.count("data:image/png") == 2
    assert page.count("<img alt=") == 3
    assert page.count('id="picture-1" src="data:') == page.count('data-same="picture-1"') == 1


def test_a_page_has_its_tables_once_and_lean(outlines) -> None:
    page = write_page(outlines["en"], others=[("nl", "report_nl.html"), ("docx", "report_en.docx")])
    assert 'href="report_en.docx"' in page
    assert " headers=" not in page
    assert page.count("<style>") == 1
    for number in numbers_of(outlines["en"]):
        assert number.replace("&", "&amp;") in page

"""WordprocessingML: runs, paragraphs, fields, bookmarks and tables as text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from xml.sax.saxutils import escape, quoteattr

from si_eval.report.direction import FILL_COLOURS, HEADING_FILL, TEXT_COLOURS, row_fill
from si_eval.report.printed_table import PrintedCell, PrintedTable, Spanner, column_shares
from si_eval.report.prose import ProseTable, Run

NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # signs that no XML can hold
TEXT_WIDTH = 9638  # twentieths of a point: A4 less margins of 2 cm
WIDE = 7  # columns from which all text is smaller
GREY = "5A5A5A"
LINE = '<w:{side} w:val="single" w:sz="4" w:space="0" w:color="{colour}"/>'


def run(text: str, *, look: str = "") -> str:
    """Write a run; ``look`` is its properties as XML."""
    properties = f"<w:rPr>{look}</w:rPr>" if look else ""
    return f'<w:r>{properties}<w:t xml:space="preserve">{escape(clean_text(text))}</w:t></w:r>'


def clean_text(text: str) -> str:
    """Return text without the signs that XML cannot hold, each shown as unknown."""
    return NOT_XML.sub("\ufffd", text)


def runs(parts: Sequence[Run], anchors: Mapping[str, str] | None = None) -> str:
    """Write runs with their looks; those that link to a bookmark of the document are hyperlinks."""
    found = []
    for part in parts:
        look = ("<w:rFonts w:ascii=\"Consolas\" w:hAnsi=\"Consolas\"/>" if part.code else "") + (
            "<w:b/>" if part.bold else "") + ("<w:i/>" if part.italic else "")  # fmt: skip
        bookmark = (anchors or {}).get(part.anchor)
        found.append(hyperlink(part.text, bookmark) if bookmark else run(part.text, look=look))
    return "".join(found)


def hyperlink(text: str, bookmark: str) -> str:
    """Write a link to a bookmark of the document."""
    linked = run(text, look='<w:rStyle w:val="Hyperlink"/>')
    return f'<w:hyperlink w:anchor={quoteattr(bookmark)} w:history="1">{linked}</w:hyperlink>'


def field(code: str, result: str, *, dirty: bool = False) -> str:
    """Write a field with its result, which Word computes again when it is told to (``dirty``: on opening)."""
    mark = ' w:dirty="true"' if dirty else ""
    return (
        f'<w:r><w:fldChar w:fldCharType="begin"{mark}/></w:r><w:r><w:instrText xml:space="preserve"> {escape(code)} '
        f'</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>{result}'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def bookmark(name: str, number: int, content: str) -> str:
    """Put a bookmark around runs; its number is unique in the document."""
    return f'<w:bookmarkStart w:id="{number}" w:name={quoteattr(name)}/>{content}<w:bookmarkEnd w:id="{number}"/>'


def paragraph(content: str, style: str = "", *, properties: str = "") -> str:
    """Write a paragraph in a style by its id."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    head = f"<w:pPr>{named}{properties}</w:pPr>" if named or properties else ""
    return f"<w:p>{head}{content}</w:p>"


def table(printed: PrintedTable, names: Sequence[str]) -> str:
    """Write a printed table as a real one: heads that repeat on each page, rows that do not break, its notes below.

    ``names`` are the labels of the rows, as runs.
    """
    count = len(printed.columns)
    widths = [int(TEXT_WIDTH * share) for share in column_shares(printed)]
    stub = widths[0]
    lines = [_spanner_row(level, widths) for level in printed.spanners]
    lines.append(_head_row([printed.stub_head, *printed.columns], widths))
    heading = ""
    for row, name in zip(printed.rows, names, strict=True):
        if row.heading != heading:
            heading = row.heading
            over = _text(heading, bold=True, keep=True)
            lines.append(_row([_cell(over, sum(widths), span=count + 1, fill=HEADING_FILL)]))
        fill = row_fill(row.shade, total=row.total)
        cells = [_number_cell(cell, width, fill) for cell, width in zip(row.cells, widths[1:], strict=True)]
        lines.append(_row([_cell(paragraph(name, "TableText"), stub, fill=fill), *cells]))
    written = _table(lines, widths, printed.title)
    return written.replace('w:val="TableText"', 'w:val="TableTextSmall"') if count >= WIDE else written


def prose_table(written: ProseTable, anchors: Mapping[str, str]) -> str:
    """Write a table of prose; its first row is its head."""
    count = max(len(row) for row in written.rows)
    widths = [TEXT_WIDTH // count] * count
    lines = []
    for place, row in enumerate(written.rows):
        cells = [
            _cell(
                paragraph(
                    runs([replace(part, bold=place == 0 or part.bold) for part in cell], anchors),
                    "TableText",
                ),
                width,
            )
            for cell, width in zip(row, widths, strict=False)
        ]
        lines.append(_row(cells, head=place == 0))
    return _table(lines, widths, "")


def _table(lines: Sequence[str], widths: Sequence[int], title: str) -> str:
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    caption = f"<w:tblCaption w:val={quoteattr(clean_text(title))}/>" if title else ""
    borders = "".join(LINE.format(side=side, colour="8A8A8A") for side in ("top", "bottom"))
    inside = LINE.format(side="insideH", colour="E2E2E2")
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblBorders>{borders}{inside}</w:tblBorders>'
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="60" w:type="dxa"/><w:right w:w="60" w:type="dxa"/>'
        f'</w:tblCellMar><w:tblLook w:val="0480" w:firstRow="1" w:firstColumn="1"/>{caption}</w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{''.join(lines)}</w:tbl>"
    )


def _row(cells: Sequence[str], *, head: bool = False) -> str:
    repeated = "<w:tblHeader/>" if head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>{''.join(cells)}</w:tr>"


def _head_row(texts: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        _cell(_text(text, bold=True, right=place > 0, keep=True), width)
        for place, (text, width) in enumerate(zip(texts, widths, strict=True))
    ]
    return _row(cells, head=True)


def _spanner_row(level: Sequence[Spanner], widths: Sequence[int]) -> str:
    """Write labels over several columns; what stands between them is empty."""
    cells = [_cell(_text("", keep=True), widths[0])]
    place = 0
    for one in sorted(level, key=lambda spanner: spanner.first):
        if one.first > place:
            cells.append(_cell(_text("", keep=True), sum(widths[place + 1 : one.first + 1]), span=one.first - place))
        width = sum(widths[one.first + 1 : one.first + 1 + one.count])
        cells.append(_cell(_text(one.text, bold=True, centre=True, keep=True), width, span=one.count))
        place = one.first + one.count
    rest = len(widths) - 1 - place
    if rest:
        cells.append(_cell(_text("", keep=True), sum(widths[place + 1 :]), span=rest))
    return _row(cells, head=True)


def _number_cell(cell: PrintedCell, width: int, row: str) -> str:
    """Write a number in its own shade, else in that of its row."""
    look = "<w:b/>" if cell.strong else ""
    if cell.shade in ("▲", "▼"):
        look += f'<w:color w:val="{TEXT_COLOURS[cell.shade].lstrip("#")}"/>'
    content = run(cell.text, look=look) if cell.text else ""
    if cell.mark:
        content += run(cell.mark, look='<w:vertAlign w:val="superscript"/>')
    for line in cell.small:
        content += "<w:r><w:br/></w:r>" if content else ""
        content += run(line, look=f'<w:color w:val="{GREY}"/><w:sz w:val="13"/>')
    fill = FILL_COLOURS[cell.shade] if cell.shade in ("▲", "▼", "=") else row
    aligned = "" if cell.is_told else '<w:jc w:val="right"/>'
    return _cell(paragraph(content, "TableText", properties=aligned), width, fill=fill)


def _text(text: str, *, bold: bool = False, right: bool = False, centre: bool = False, keep: bool = False) -> str:
    """Write the paragraph of a cell; ``keep`` holds it on the page of the next row."""
    aligned = f'<w:jc w:val="{"right" if right else "center"}"/>' if right or centre else ""
    kept = "<w:keepNext/>" if keep else ""
    return paragraph(run(text, look="<w:b/>" if bold else ""), "TableText", properties=kept + aligned)


def _cell(content: str, width: int, *, span: int = 1, fill: str = "") -> str:
    spanned = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    shaded = f'<w:shd w:val="clear" w:color="auto" w:fill="{fill.lstrip("#")}"/>' if fill else ""
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{spanned}{shaded}</w:tcPr>{content}</w:tc>'

"""Typst markup: text, runs, headings, captions and tables. Every text is a string of the language, never markup."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence

from si_eval.report.direction import FILL_COLOURS, HEADING_FILL, TEXT_COLOURS, row_fill
from si_eval.report.printed_table import PrintedCell, PrintedTable, Spanner, column_shares
from si_eval.report.prose import ProseTable, Run

CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

PREAMBLE = """
#set page(paper: "a4", margin: (x: 2cm, top: 2.2cm, bottom: 2cm), numbering: "1 / 1", number-align: center)
#set text(font: ("DejaVu Sans",), size: 9.2pt, fill: rgb("#1a1a1a"))
#set par(leading: 0.72em, spacing: 1.05em)
#set heading(numbering: "1.1")
#set list(indent: 0.4em)
#show link: set text(fill: rgb("#004b7a"))
#show heading: set text(fill: rgb("#004b7a"))
#show heading.where(level: 1): it => { pagebreak(weak: true); block(below: 1em, text(size: 16pt, it)) }
#show heading.where(level: 2): set text(size: 11.5pt)
#show heading.where(level: 3): set text(size: 9.6pt)
#show heading: set block(above: 1.6em, below: 0.8em, sticky: true)
#show figure: set align(left)
#show figure: set block(above: 1.6em, below: 0.8em)
#show figure.where(kind: table): set block(breakable: true)
#set figure(gap: 0.6em)
#set figure.caption(position: top)
#show figure.caption: it => block(sticky: true, width: 100%, align(left, text(size: 9pt, it.body)))
#set table(stroke: (x, y) => (bottom: 0.4pt + rgb("#d9d9d9")), inset: (x: 3pt, y: 2.6pt), align: top)
#show table: set text(size: 7pt)
#show table: set par(leading: 0.45em)
#set table.cell(breakable: false)
#show outline.entry.where(level: 1): set text(weight: "bold")
#let small(body) = text(size: 5.9pt, fill: rgb("#5a5a5a"), body)
#let topic(body) = text(size: 8pt, fill: rgb("#5a5a5a"), body)
#let note(body) = block(above: 0.4em, below: 0.4em, text(size: 6.8pt, fill: rgb("#4a4a4a"), body))
#let tag(body) = box(fill: rgb("#f7e9f1"), stroke: 0.5pt + rgb("#6b2147"), inset: (x: 3pt), outset: (y: 2pt),
  text(size: 6pt, weight: "bold", fill: rgb("#6b2147"), body))
#let banner(body) = block(fill: rgb("#f7e9f1"), inset: 8pt, width: 100%, text(fill: rgb("#4d1733"), body))
"""


def literal(text: str) -> str:
    """Write text as a string of Typst."""
    return json.dumps(CONTROL.sub(" ", text), ensure_ascii=False)


def words(text: str) -> str:
    """Write text as content."""
    return f"#{literal(text)};"


def runs(parts: Sequence[Run], anchors: Collection[str]) -> str:
    """Write runs with their looks; those that link to a place of the document are links."""
    found = []
    for part in parts:
        text = literal(part.text)
        if part.code:
            text = f"raw({text})"
        if part.italic:
            text = f"emph({text})"
        if part.bold:
            text = f"strong({text})"
        if part.anchor in anchors:
            text = f"link(label({literal(part.anchor)}), {text})"
        found.append(f"#{text};")
    return "".join(found)


def reference(text: str, anchor: str) -> str:
    """Write a link to a place of the document."""
    return f"#link(label({literal(anchor)}), {literal(text)});"


def heading(text: str, level: int, anchor: str = "", *, numbered: bool = True) -> str:
    """Write a heading."""
    numbering = "" if numbered else ", numbering: none"
    place = f" #label({literal(anchor)})" if anchor else ""
    return f"#heading(level: {level}{numbering}, {literal(text)}){place}\n"


def figure(body: str, kind: str, caption: str, anchor: str = "") -> str:
    """Write a figure or a table under its caption; no counter of Typst's own numbers it."""
    place = f" #label({literal(anchor)})" if anchor else ""
    return f"#figure(kind: {kind}, supplement: none, numbering: none, caption: [{caption}], {body}){place}\n"


def table(printed: PrintedTable, names: Sequence[str]) -> str:
    """Write a printed table as an expression: a head that repeats on each page; ``names`` are labels as content."""
    count = len(printed.columns)
    head = [_spanner_cells(level, count) for level in printed.spanners]
    head.append("".join(_head_cell(text, "left" if place == 0 else "right")
                        for place, text in enumerate([printed.stub_head, *printed.columns])))  # fmt: skip
    lines = []
    heading = ""
    for row, name in zip(printed.rows, names, strict=True):
        if row.heading != heading:
            heading = row.heading
            lines.append(f'table.cell(colspan: {count + 1}, fill: rgb("{HEADING_FILL}"), strong({literal(heading)})),')
        fill = row_fill(row.shade, total=row.total)
        label = f'table.cell(fill: rgb("{fill}"), [{name}]),' if fill else f"[{name}],"
        lines.append(label + "".join(_cell(cell, fill) for cell in row.cells))
    widths = ", ".join(f"{share:.3f}fr" for share in column_shares(printed))
    body = "\n".join(lines)
    return f"table(columns: ({widths}), table.header({''.join(head)}),\n{body}\n)"


def prose_table(written: ProseTable, anchors: Collection[str]) -> str:
    """Write a table of prose; its first row is its head."""
    count = max(len(row) for row in written.rows)
    rows = ["".join(f"[{runs(cell, anchors)}]," for cell in row) for row in written.rows]
    return f"#table(columns: ({', '.join(['1fr'] * count)}), table.header({rows[0]}), {''.join(rows[1:])})\n"


def _head_cell(text: str, side: str, span: int = 1) -> str:
    return f"table.cell(colspan: {span}, align: {side} + bottom, strong({literal(text)})),"


def _spanner_cells(level: Sequence[Spanner], count: int) -> str:
    """Write labels over several columns; what stands between them is empty."""
    cells = ["table.cell([]),"]
    place = 0
    for one in sorted(level, key=lambda spanner: spanner.first):
        cells.extend(["table.cell([]),"] * (one.first - place))
        cells.append(_head_cell(one.text, "center", one.count))
        place = one.first + one.count
    return "".join([*cells, *["table.cell([]),"] * (count - place)])


def _cell(cell: PrintedCell, row: str) -> str:
    """Write a number in its own shade, else in that of its row."""
    text = words(cell.text) if cell.text else ""
    if cell.strong:
        text = f"#strong([{text}]);"
    if cell.mark:
        text += f"#super({literal(cell.mark)});"
    for line in cell.small:
        text += ("#linebreak();" if text else "") + f"#small({literal(line)});"
    if cell.shade in ("▲", "▼", "="):
        fill, ink = FILL_COLOURS[cell.shade], TEXT_COLOURS[cell.shade]
        return f'table.cell(align: right, fill: rgb("{fill}"), text(fill: rgb("{ink}"), [{text}])),'
    behind = f'fill: rgb("{row}"), ' if row else ""
    side = "left" if cell.is_told else "right"
    return f"table.cell(align: {side}, {behind}[{text}]),"

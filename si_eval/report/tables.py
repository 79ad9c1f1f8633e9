"""Tables as accessible HTML: the printed table in the house style, with nothing from outside."""

from __future__ import annotations

import re
from html import escape

import pandas as pd
from great_tables import GT, html, loc, style

from si_eval.report.direction import FILL_COLOURS, TEXT_COLOURS, TOTAL_FILL
from si_eval.report.printed_table import PrintedCell, PrintedTable
from si_eval.report.printing import print_table
from si_eval.report.specification import Chart
from si_eval.report.stylesheet import TABLE_CSS
from si_eval.results import SafeTable
from si_eval.vocabulary import Language

LEAN = {  # what the library writes on every cell and the style of the house does not need
    r' class="gt_row gt_right"| class="gt_sourcenotes?"| class="gt_col_heading gt_columns_bottom_border gt_right"': "",
    r' class="gt_row gt_left gt_stub"': ' class="gt_stub"',
    r' rowspan="1"| colspan="1"': "",
    r'<span class="gt_from_md">(.*?)</span>': r"\1",
    r"\n\s+": "\n",
}
STUB, HEADING = "stub", "heading"


def table_html(safe: SafeTable, *, language: Language, chart: Chart | None = None) -> str:
    """Write a table as HTML that needs nothing from outside: caption, spanners, numbers with n, marks and notes.

    Rows are indicators, sectors or classes, columns groups and years. Where participants stand beside
    non-participants, a column says which are higher and by how much.

    Parameters
    ----------
    safe : SafeTable
        A table that `si_eval.protect` returned.
    language : {"nl", "en"}
        Language of every text in the table.
    chart : Chart, optional
        Which rows to show, and whether the difference between the groups has rows of its own. A chart of kind
        ``direction`` gives the table of directions. Default: all rows, and differences where the table estimates
        effects.

    Returns
    -------
    str
        A ``div`` with the table, and a ``style`` before it.

    Raises
    ------
    DisclosureError
        For anything but a SafeTable.
    StudyError
        Where the table has no rows, or more than one number for a place.

    Examples
    --------
    >>> import si_eval as se
    >>> from si_eval.report import table_html
    >>> study = se.load_study()
    >>> (table,) = se.protect_exhibits(study, se.compute_exhibits(study, only=["tno_table_03"]))
    >>> "<caption>" in table_html(table, language="en")
    True
    """
    return render_table(print_table(safe, language=language, chart=chart), language)


def render_table(printed: PrintedTable, language: Language) -> str:
    """Write a printed table as HTML, with its style before it."""
    frame = pd.DataFrame({STUB: [row.name for row in printed.rows]}, dtype=object)
    if any(row.heading for row in printed.rows):
        frame[HEADING] = [row.heading for row in printed.rows]
    body = [f"c{place}" for place in range(len(printed.columns))]
    for place, column in enumerate(body):
        frame[column] = [_cell_html(row.cells[place]) for row in printed.rows]
    table = GT(
        frame,
        id=_table_id(printed.name, language),
        rowname_col=STUB,
        groupname_col=HEADING if HEADING in frame else None,
    )
    table = table.tab_stubhead(printed.stub_head).cols_label(**dict(zip(body, printed.columns, strict=True)))
    for depth, level in list(enumerate(printed.spanners))[::-1]:
        for run, one in enumerate(level):
            table = table.tab_spanner(
                one.text, columns=body[one.first : one.first + one.count], id=f"spanner-{depth}-{run}"
            )
    totals = [place for place, row in enumerate(printed.rows) if row.total]
    if totals:
        table = table.tab_style([style.fill(TOTAL_FILL), style.text(weight="bold")], loc.stub(rows=totals))
        table = table.tab_style(style.fill(TOTAL_FILL), loc.body(rows=totals))
    for place, column in enumerate(body):
        table = _colour_cells(table, column, [row.cells[place].shade for row in printed.rows])
    shaded = [place for place, row in enumerate(printed.rows) if row.shade]
    if shaded:
        table = table.tab_style(style.fill(FILL_COLOURS["▼"]), loc.body(rows=shaded))
    table = table.fmt_passthrough(columns=body, escape=False).cols_align("right", columns=body)
    for note in printed.notes:
        table = table.tab_source_note(html(escape(note)))
    return _in_house_style(table.as_raw_html(), printed)


def _in_house_style(text: str, printed: PrintedTable) -> str:
    """Replace the look of the library by that of the house, and add the caption."""
    text = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<div id="[^"]*") style="[^"]*"', r'\1 class="si-table"', text, count=1)
    text = re.sub(r' (data-quarto-[a-z-]+|headers)="[^"]*"', "", text)  # `scope` says what a head is of
    text = re.sub(r'(<th [^>]*) id="[^"]*"', r"\1", text)
    for found, kept in LEAN.items():
        text = re.sub(found, kept, text)
    tag = f'<span class="si-synthetic">{escape(printed.synthetic)}</span> ' if printed.synthetic else ""
    caption = f"{tag}{escape(printed.title)}<small>{escape(printed.subtitle)}</small>"
    text = re.sub(r"<table([^>]*)>", lambda found: f"{found[0]}<caption>{caption}</caption>", text, count=1)
    return f"<style>{TABLE_CSS}</style>\n{text.strip()}\n"


def _cell_html(cell: PrintedCell) -> str:
    text = escape(cell.text)
    if cell.strong is not None:
        tag = "b" if cell.strong else "span"
        text = f"<{tag}>{text}</{tag}>"
    if cell.mark:
        text += f"<sup>{escape(cell.mark)}</sup>"
    tag = '<small class="told">' if cell.is_told else "<small>"
    return text + "".join(f"{tag}{escape(line)}</small>" for line in cell.small)


def _colour_cells(table: GT, column: str, shades: list[str]) -> GT:
    for sign in ("▲", "▼", "="):
        places = [place for place, one in enumerate(shades) if one == sign]
        if places:
            where = loc.body(columns=column, rows=places)
            table = table.tab_style([style.fill(FILL_COLOURS[sign]), style.text(color=TEXT_COLOURS[sign])], where)
    return table


def _table_id(name: str, language: Language) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", f"table-{name}-{language}")

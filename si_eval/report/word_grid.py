"""A figure of words: what each row is said to be in each column, with a sign, a light fill and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from si_eval.report.border import NUMBER, STATE, UNKNOWN, WITHHELD
from si_eval.report.canvas import MARGIN, WIDTH, Canvas, FigureTexts, new_canvas
from si_eval.report.chart_data import ChartData
from si_eval.report.direction import FILL_COLOURS, TEXT_COLOURS
from si_eval.report.formats import NO_BREAK, SHARE_UNITS, breakable, number
from si_eval.report.grid import Row, TableGrid, lay_out
from si_eval.report.labels import NOT_COMPUTABLE_MARK, WITHHELD_MARK, value_labels
from si_eval.report.selection import ordered_values
from si_eval.report.style import FAINT, GREY, TEXT_SIZE
from si_eval.report.text import text_height, text_width, wrap_text
from si_eval.vocabulary import COUNT, ESTIMATE, N_UNITS, NOTE, STATISTIC, UNIT_OF_MEASURE, label

PART = "; "  # between the parts of a note: the word, what it rests on, and sentences, which the table tells
WORD_SIZE, DETAIL_SIZE = 7.0, 5.6
NAMES_WIDTH = 1.6
GAP, PADDING = 0.015, 0.07


@dataclass(frozen=True)
class WordCell:
    """What stands in a cell, broken into lines."""

    sign: str
    head: str
    details: str

    @property
    def height(self) -> float:
        """The height of the lines in inches."""
        return text_height(self.head, WORD_SIZE) + (text_height(self.details, DETAIL_SIZE) if self.details else 0.0)


def draw_word_grid(data: ChartData) -> Figure:
    """Draw a grid of words: the axis down, the series across; the first words of a note in bold, its details below.

    A sign and a fill stand with the words that the chart gives them for; a share of units stands below them. What could
    not be computed is a dot, a withheld number a star.
    """
    axis, series = data.chart.axis, data.chart.series
    layout = lay_out(data.rows, columns=(series,))
    columns, lines = ordered_values(data.rows, series), ordered_values(data.rows, axis)
    width = (WIDTH - 2 * MARGIN - NAMES_WIDTH) / len(columns)
    heads, names = (
        {key: wrap_text(breakable(text), room, TEXT_SIZE, bold=bold) for key, text in texts.items()}
        for texts, room, bold in (
            (value_labels(series, columns, data.language, data.own), width - PADDING, True),
            (value_labels(axis, lines, data.language, data.own), NAMES_WIDTH - PADDING, False),
        )
    )
    cells = {(line, column): _word_cell(data, layout, line, column, width) for line in lines for column in columns}
    heights = [
        max(text_height(names[line], TEXT_SIZE), *(cells[line, column].height for column in columns)) + 2 * PADDING
        for line in lines
    ]
    head = max(text_height(text, TEXT_SIZE) for text in heads.values()) + PADDING
    canvas = new_canvas(_figure_texts(data), head + sum(heights) + PADDING)
    for place, column in enumerate(columns):
        x = MARGIN + NAMES_WIDTH + width * (place + 0.5)
        canvas.text(x, canvas.top - head + PADDING, heads[column], ha="center", va="bottom", fontweight="bold")
    y = canvas.top - head
    for line, height in zip(lines, heights, strict=True):
        y -= height
        canvas.text(MARGIN, y + height / 2, names[line])
        for place, column in enumerate(columns):
            left = MARGIN + NAMES_WIDTH + width * place
            _draw_cell(canvas, cells[line, column], (left, y, width, height))
    return canvas.figure


def _figure_texts(data: ChartData) -> FigureTexts:
    """Collect what is written around the body; a dot is explained once, not by the notes of every cell."""
    unknown = data.rows[STATE] == UNKNOWN
    words = dict.fromkeys(
        label(note, data.language, data.own).partition(PART)[0] for note in data.rows.loc[unknown, NOTE]
    )
    known = data.rows if unknown.all() else data.rows[~unknown]
    notes = (f"{NOT_COMPUTABLE_MARK} {', '.join(words)}",) if words else ()
    return replace(data, rows=known).texts(notes=notes, legend=False)


def _word_cell(data: ChartData, layout: TableGrid, line: str, column: str, width: float) -> WordCell:
    """Return the text of a cell, broken into lines."""
    row = layout.cells.get(((line,), (column,)))
    if row is None or row[STATE] == UNKNOWN:
        return WordCell(NOT_COMPUTABLE_MARK, NOT_COMPUTABLE_MARK if row else "", "")
    if row[STATE] == WITHHELD:
        return WordCell(WITHHELD_MARK, WITHHELD_MARK, "")
    text, *parts = label(row[NOTE], data.language, data.own).split(PART)
    sign = next((sign for sign, words in data.chart.signs.items() if text in words), "")
    if row[STATISTIC] == COUNT and row[STATE] == NUMBER:
        text = f"{number(row[ESTIMATE], data.language)}: {text}"
    room = width - 2 * PADDING
    details = [*_share(row, data), *takewhile(lambda part: not part[:1].isupper(), parts)]
    below = "\n".join(wrap_text(part, room, DETAIL_SIZE) for part in details) if sign else ""
    return WordCell(sign, _head(sign, text, room), below)


def _share(row: Row, data: ChartData) -> list[str]:
    """Write the share of units that a cell tells, where it tells one."""
    if row[STATE] != NUMBER or row[UNIT_OF_MEASURE] not in SHARE_UNITS or pd.isna(row[N_UNITS]):
        return []
    return [f"{number(row[ESTIMATE] * 100, data.language)}%, n{NO_BREAK}{number(row[N_UNITS], data.language)}"]


def _head(sign: str, text: str, room: float) -> str:
    """Write the words with their sign: on one line where they fit, else the sign above them."""
    whole = f"{sign} {text}" if sign else text
    if text_width(whole, WORD_SIZE, bold=True) <= room:
        return whole
    return "\n".join(part for part in (sign, wrap_text(text, room, WORD_SIZE, bold=True)) if part)


def _draw_cell(canvas: Canvas, cell: WordCell, box: tuple[float, float, float, float]) -> None:
    x, y, width, height = box
    fill, edge = FILL_COLOURS[cell.sign], FAINT
    canvas.rectangle(x + GAP, y + GAP, width - 2 * GAP, height - 2 * GAP, facecolor=fill, edgecolor=edge, linewidth=0.5)
    top = y + (height + cell.height) / 2
    style: dict[str, Any] = {"ha": "center", "va": "top"}
    ink = TEXT_COLOURS[cell.sign]
    weight = "bold" if cell.sign else "normal"
    canvas.text(x + width / 2, top, cell.head, fontsize=WORD_SIZE, fontweight=weight, color=ink, **style)
    below = top - text_height(cell.head, WORD_SIZE)
    canvas.text(x + width / 2, below, cell.details, fontsize=DETAIL_SIZE, color=GREY, **style)

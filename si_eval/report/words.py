"""A figure of words: what each row is said to be in each column, with a sign, a light fill and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from si_eval.vocabulary import COUNT, ESTIMATE, N_UNITS, NOTE, STATISTIC, UNIT_OF_MEASURE, label

from .arrange import Grid, grid, levels
from .border import NUMBER, STATE, UNKNOWN, WITHHELD
from .contrast import FILLS, INKS
from .formats import NO_BREAK, SHARE_UNITS, number
from .page import FAINT, GREY, MARGIN, TEXT_SIZE, WIDTH, Frame, Page, height_of, open_page, width_of, wrap
from .plot import Plot
from .wording import ASTERISK, DOT, terms

PART = "; "  # between the parts of a note: the word, what it rests on, and sentences, which the table tells
WORD_SIZE, DETAIL_SIZE = 7.0, 5.6
NAMES_WIDTH = 1.6
GAP, PADDING = 0.015, 0.07


@dataclass(frozen=True)
class Words:
    """What stands in a cell, broken into lines."""

    sign: str
    head: str
    details: str

    @property
    def height(self) -> float:
        """Give the height of the lines in inches."""
        return height_of(self.head, WORD_SIZE) + (height_of(self.details, DETAIL_SIZE) if self.details else 0.0)


def draw_words(plot: Plot) -> Figure:
    """Draw a grid of words: the axis down, the series across; the first words of a note in bold, its details below.

    A sign and a fill stand with the words that the chart gives them for; a share of units stands below them. What could
    not be computed is a dot, a withheld number a star.
    """
    axis, series = plot.chart.axis, plot.chart.series
    layout = grid(plot.rows, columns=(series,))
    columns, lines = levels(plot.rows, series), levels(plot.rows, axis)
    width = (WIDTH - 2 * MARGIN - NAMES_WIDTH) / len(columns)
    heads, names = (
        {key: wrap(text.replace(NO_BREAK, " "), room, TEXT_SIZE, bold=bold) for key, text in texts.items()}
        for texts, room, bold in (
            (terms(series, columns, plot.language), width - PADDING, True),
            (terms(axis, lines, plot.language), NAMES_WIDTH - PADDING, False),
        )
    )
    cells = {(line, column): _words(plot, layout, line, column, width) for line in lines for column in columns}
    heights = [
        max(height_of(names[line], TEXT_SIZE), *(cells[line, column].height for column in columns)) + 2 * PADDING
        for line in lines
    ]
    head = max(height_of(text, TEXT_SIZE) for text in heads.values()) + PADDING
    page = open_page(_frame(plot), head + sum(heights) + PADDING)
    for place, column in enumerate(columns):
        x = MARGIN + NAMES_WIDTH + width * (place + 0.5)
        page.write(x, page.top - head + PADDING, heads[column], ha="center", va="bottom", fontweight="bold")
    y = page.top - head
    for line, height in zip(lines, heights, strict=True):
        y -= height
        page.write(MARGIN, y + height / 2, names[line])
        for place, column in enumerate(columns):
            left = MARGIN + NAMES_WIDTH + width * place
            _draw_cell(page, cells[line, column], (left, y, width, height))
    return page.figure


def _frame(plot: Plot) -> Frame:
    """Give what stands around the body; a dot is explained by its own words, not by the notes of every cell."""
    unknown = plot.rows[STATE] == UNKNOWN
    words = dict.fromkeys(label(note, plot.language).partition(PART)[0] for note in plot.rows.loc[unknown, NOTE])
    known = plot.rows if unknown.all() else plot.rows[~unknown]
    notes = (f"{DOT} {', '.join(words)}",) if words else ()
    return replace(plot, rows=known).frame(notes=notes, legend=False)


def _words(plot: Plot, layout: Grid, line: str, column: str, width: float) -> Words:
    """Find the words of a cell."""
    row = layout.cells.get(((line,), (column,)))
    if row is None or row[STATE] == UNKNOWN:
        return Words(DOT, DOT if row else "", "")
    if row[STATE] == WITHHELD:
        return Words(ASTERISK, ASTERISK, "")
    text, *parts = label(row[NOTE], plot.language).split(PART)
    sign = next((sign for sign, words in plot.chart.signs.items() if text in words), "")
    if row[STATISTIC] == COUNT and row[STATE] == NUMBER:
        text = f"{number(row[ESTIMATE], plot.language)}: {text}"
    room = width - 2 * PADDING
    details = [*_share(row, plot), *takewhile(lambda part: not part[:1].isupper(), parts)]
    below = "\n".join(wrap(part, room, DETAIL_SIZE) for part in details) if sign else ""
    return Words(sign, _head(sign, text, room), below)


def _share(row: dict[str, Any], plot: Plot) -> list[str]:
    """Write the share of units that a cell tells, where it tells one."""
    if row[STATE] != NUMBER or row[UNIT_OF_MEASURE] not in SHARE_UNITS or pd.isna(row[N_UNITS]):
        return []
    return [f"{number(row[ESTIMATE] * 100, plot.language)}%, n{NO_BREAK}{number(row[N_UNITS], plot.language)}"]


def _head(sign: str, text: str, room: float) -> str:
    """Write the words with their sign: on one line where they fit, else the sign above them."""
    whole = f"{sign} {text}" if sign else text
    if width_of(whole, WORD_SIZE, bold=True) <= room:
        return whole
    return "\n".join(part for part in (sign, wrap(text, room, WORD_SIZE, bold=True)) if part)


def _draw_cell(page: Page, words: Words, box: tuple[float, float, float, float]) -> None:
    x, y, width, height = box
    fill, edge = FILLS[words.sign], FAINT
    page.box(x + GAP, y + GAP, width - 2 * GAP, height - 2 * GAP, facecolor=fill, edgecolor=edge, linewidth=0.5)
    top = y + (height + words.height) / 2
    style: dict[str, Any] = {"ha": "center", "va": "top"}
    ink = INKS[words.sign]
    weight = "bold" if words.sign else "normal"
    page.write(x + width / 2, top, words.head, fontsize=WORD_SIZE, fontweight=weight, color=ink, **style)
    below = top - height_of(words.head, WORD_SIZE)
    page.write(x + width / 2, below, words.details, fontsize=DETAIL_SIZE, color=GREY, **style)

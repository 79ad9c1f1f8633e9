"""A table as a figure: spanners over the columns, a heading over each block of rows, numbers with their units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from matplotlib.figure import Figure

from si_eval.report.canvas import MARGIN, WIDTH, Canvas, new_canvas
from si_eval.report.chart_data import ChartData
from si_eval.report.formats import Measure, breakable, measure_key, measures
from si_eval.report.grid import Key, TableGrid, lay_out
from si_eval.report.labels import cell_text, count_text, interval_text, row_labels, value_label, value_labels
from si_eval.report.selection import ordered_values
from si_eval.report.style import GREY, NOTE_SIZE, RULE, TEXT_SIZE
from si_eval.report.text import text_height, text_width, wrap_text
from si_eval.vocabulary import STATISTIC, UNIT_OF_MEASURE, label

COUNT_SIZE = 5.4
COUNT_HEIGHT, VALUE_HEIGHT = 0.11, 0.125
LINE_HEIGHT = 0.2
LINE_WIDTH = 0.006
Below = Mapping[tuple[Key, Key], str]
Heads = list[list[tuple[str, int, int]]]
Measures = dict[tuple[str, str, bool, bool], Measure]


def draw_table_figure(data: ChartData) -> Figure:
    """Draw a plain numeric table: spanners over the columns, a heading over each block of rows."""
    layout = lay_out(data.rows)
    lines = _table_lines(data, layout)
    left = MARGIN + max(text_width(text, TEXT_SIZE) for key, text in lines if key) + 0.18
    width = (WIDTH - MARGIN - left) / len(layout.column_keys)
    heads = _table_heads(data, layout, width)
    kinds = measures(data.rows, divisor=data.chart.divisor)
    below = _lines_below(data, layout, kinds, width)
    room = COUNT_HEIGHT * len(below)
    heights = [max(LINE_HEIGHT, text_height(text, TEXT_SIZE) + 0.07) + (room if key else 0.08) for key, text in lines]
    units = tuple(dict.fromkeys(label(unit, data.language, data.own) for unit in data.rows[UNIT_OF_MEASURE] if unit))
    height = sum(_head_height(level) for level in heads) + sum(heights) + 0.1
    notes = (label("report_intervals_table", data.language, data.own),) if any(map(_has_intervals, below)) else ()
    canvas = new_canvas(data.texts(subtitle=units, notes=notes, legend=False), height)
    y = _draw_heads(canvas, heads, left, width)
    for (key, text), line_height in zip(lines, heights, strict=True):
        y -= line_height
        middle = y + (line_height - (0.0 if key else 0.08)) / 2
        rule = y + (line_height if key else 0) - LINE_WIDTH / 2
        canvas.rectangle(MARGIN, rule, WIDTH - 2 * MARGIN, LINE_WIDTH, facecolor=RULE, edgecolor="none")
        canvas.text(MARGIN, middle, text, fontweight="normal" if key else "bold")
        if key:
            _write_line(data, canvas, layout, key, kinds, (left, middle, width), below)
    return canvas.figure


def _write_line(
    data: ChartData,
    canvas: Canvas,
    layout: TableGrid,
    key: Key,
    kinds: Measures,
    place: tuple[float, float, float],
    below: Sequence[Below],
) -> None:
    """Write the numbers of a row, each with its interval and its number of units below it."""
    left, middle, width = place
    top = middle + COUNT_HEIGHT * len(below) / 2
    for position, column in enumerate(layout.column_keys):
        row = layout.cells.get((key, column))
        if row is None:
            continue
        value = cell_text(row, kinds[measure_key(row)], data.language)
        size = TEXT_SIZE if text_width(value, TEXT_SIZE) <= width * 0.96 else NOTE_SIZE
        right = left + width * (position + 1)
        canvas.text(right, top, value, ha="right", fontsize=size)
        for line, texts in enumerate(below):
            y = top - VALUE_HEIGHT - COUNT_HEIGHT * line
            canvas.text(right, y, texts[key, column], ha="right", fontsize=COUNT_SIZE, color=GREY)


def _lines_below(data: ChartData, layout: TableGrid, kinds: Measures, width: float) -> list[Below]:
    """List the lines of small text below the numbers: intervals, where there are any and all have room, and counts."""
    cells = layout.cells.items()
    intervals = {key: interval_text(row, kinds[measure_key(row)], data.language).strip() for key, row in cells}
    counts = {key: count_text(row, data.language) for key, row in cells}
    fit = all(text_width(text, COUNT_SIZE) < width for text in intervals.values())
    return [texts for texts in ((intervals if fit else {}), counts) if any(texts.values())]


def _has_intervals(texts: Below) -> bool:
    return any(text.startswith("(") for text in texts.values())


def _head_height(level: list[tuple[str, int, int]]) -> float:
    return max(text_height(text, TEXT_SIZE) for text, _, _ in level) + 0.06


def _draw_heads(canvas: Canvas, heads: Heads, left: float, width: float) -> float:
    """Draw the labels of the columns, level by level; return where the rows begin."""
    y = canvas.top
    for level in heads:
        for text, start, count in level:
            right = left + width * (start + count)
            if count == 1:
                canvas.text(right, y, text, ha="right", va="top", fontweight="bold")
                continue
            canvas.text(right - width * count / 2 + 0.1, y, text, ha="center", va="top", fontweight="bold")
            start_of_rule, length = left + width * start + 0.2, width * count - 0.2
            canvas.rectangle(start_of_rule, y - 0.17, length, LINE_WIDTH, facecolor=GREY, edgecolor="none")
        y -= _head_height(level)
    return y


def _table_lines(data: ChartData, layout: TableGrid) -> list[tuple[Key | None, str]]:
    """List the lines of a table: a heading has no key, a row has its key and the label of its last dimension."""
    lines: list[tuple[Key | None, str]] = []
    heading = ""
    for key, (above, name) in zip(layout.row_keys, row_labels(layout, data.rows, data.language, data.own), strict=True):
        if above != heading:
            heading = above
            lines.append((None, wrap_text(breakable(heading), WIDTH - 2 * MARGIN, TEXT_SIZE, bold=True)))
        lines.append((key, wrap_text(breakable(name), 2.4, TEXT_SIZE)))
    return lines


def _table_heads(data: ChartData, layout: TableGrid, width: float) -> Heads:
    """List the labels of the columns, level by level: text, first column, number of columns."""
    if not layout.column_dimensions:
        text = breakable(value_label(STATISTIC, data.rows[STATISTIC].iloc[0], data.language, data.own))
        return [[(text, 0, 1)]]
    heads = []
    for depth, name in enumerate(layout.column_dimensions):
        names = value_labels(name, ordered_values(data.rows, name), data.language, data.own)
        level, start = [], 0
        last = depth == len(layout.column_dimensions) - 1
        for key, run in groupby([column if last else column[: depth + 1] for column in layout.column_keys]):
            count = len(list(run))
            level.append(
                (wrap_text(breakable(names[key[depth]]), width * count * 0.94, TEXT_SIZE, bold=True), start, count)
            )
            start += count
        heads.append(level)
    return heads

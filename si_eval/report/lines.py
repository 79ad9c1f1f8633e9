"""Lines by year, as small multiples with one scale unless the panels differ in what they measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from si_eval.report.border import NUMBER, STATE
from si_eval.report.canvas import MARGIN, WIDTH, Canvas, new_canvas
from si_eval.report.chart_data import ChartData, Point, nice_ticks, series_points, tick_labels, units_text
from si_eval.report.labels import value_label
from si_eval.report.marks import draw_lines, draw_whiskers, series_offset
from si_eval.report.selection import ordered_values
from si_eval.report.style import GREY, INK, NOTE_SIZE, TEXT_SIZE
from si_eval.report.text import text_height, text_width, wrap_text
from si_eval.vocabulary import INDEX, INDICATOR, N_UNITS, STATISTIC, UNIT_OF_MEASURE, label

SPACE = 0.22
PANEL_TITLE_SIZE = TEXT_SIZE + 0.5
YEAR_SIZE, VALUE_SIZE = 7.0, 7.0
COUNT_HEIGHT = 0.14
MARK_STEP, WHISKER_STEP = 0.16, 0.16 / 3  # between the series, in years: marks of what is not shown, and whiskers
Scale = tuple[float, float]
Points = Mapping[str, Sequence[Point]]


@dataclass(frozen=True)
class _Box:
    left: float
    bottom: float
    width: float
    height: float


def draw_line_chart(data: ChartData) -> Figure:
    """Draw one line a series over the years, with the last value written at its end."""
    panels = data.panels
    columns = 1 if len(panels) == 1 else 3 if len(panels) in (3, 5, 6, 9) else 2
    width = (WIDTH - 2 * MARGIN - SPACE * (columns - 1)) / columns
    titles = [wrap_text(name, width, PANEL_TITLE_SIZE, bold=True) for name in data.panel_labels()]
    head = max(text_height(title, PANEL_TITLE_SIZE) for title in titles) + 0.06 if panels != [""] else 0.02
    body = 2.3 if columns == 1 else 1.45
    height = head + body + 0.24 + COUNT_HEIGHT * len(data.series) + 0.1
    shared = data.chart.panels != INDICATOR and data.rows[UNIT_OF_MEASURE].nunique() == 1
    canvas = new_canvas(
        data.texts(subtitle=(_unit(data),), notes=_notes(data, shared=shared)), ceil(len(panels) / columns) * height
    )
    scales = [_scale(data, data.panel_rows(panel)) for panel in panels]
    common = min(low for low, _ in scales), max(high for _, high in scales)
    for number, panel in enumerate(panels):
        left = MARGIN + (number % columns) * (width + SPACE)
        top = canvas.top - (number // columns) * height
        if panel:
            canvas.text(left, top, titles[number], fontsize=PANEL_TITLE_SIZE, fontweight="bold", va="top")
        scale = common if shared else scales[number]
        _draw_panel(data, canvas, data.panel_rows(panel), scale, _Box(left, top - head - body, width, body))
    return canvas.figure


def _notes(data: ChartData, *, shared: bool) -> tuple[str, ...]:
    notes = () if shared or len(data.panels) == 1 else (label("report_axes_differ", data.language, data.own),)
    return (*notes, label("report_intervals", data.language, data.own)) if data.chart.intervals else notes


def _unit(data: ChartData) -> str:
    if data.rows[STATISTIC].iloc[0] == INDEX:
        first = ordered_values(data.rows, data.chart.axis)[0]
        return label("report_base", data.language, data.own).format(base=first)
    return data.unit


def _scale(data: ChartData, rows: pd.DataFrame) -> Scale:
    """Compute the value range: from zero, except for an index, which lies around 100."""
    classes = ordered_values(rows, data.chart.axis)
    points = [point for name in data.series for point in series_points(data, rows, name, classes)]
    values = [value for point in points for value in (point.value, point.low, point.high) if value is not None]
    anchor = 100.0 if rows[STATISTIC].iloc[0] == INDEX else 0.0
    low, high = min([anchor, *values]), max([anchor, *values])
    room = (high - low or 1.0) * 0.08
    return (low - room if low < 0 or anchor else low), high + room


def _draw_panel(data: ChartData, canvas: Canvas, rows: pd.DataFrame, scale: Scale, box: _Box) -> None:
    """Draw the lines of a panel, and write below it how many units each rests on."""
    years = ordered_values(rows, data.chart.axis)
    points = {name: series_points(data, rows, name, years) for name in data.series}
    ticks = nice_ticks(*scale, at_most=4)
    ticks = ticks[(ticks >= scale[0]) & (ticks <= scale[1])]
    texts = tick_labels(data, ticks)
    inset = max(text_width(text, TEXT_SIZE) for text in texts) + 0.07
    ends = {name: end for name, own in points.items() if (end := _last_point(own, years)) is not None}
    outset = max((text_width(end.text, VALUE_SIZE) for end in ends.values()), default=0.1) + 0.09
    ax = canvas.add_axes(box.left + inset, box.bottom, box.width - inset - outset, box.height)
    draw_lines(ax, points, years, data.styles)
    edges = {name: style.edge for name, style in data.styles.items()}
    draw_whiskers(ax, points, years, width=WHISKER_STEP, colours=edges, zorder=2)
    _set_axes(data, ax, years, box.width - inset - outset)
    ax.set_ylim(*scale)
    ax.set_yticks(ticks, texts)
    _draw_signs(data, ax, points, years, scale[0])
    _write_ends(data, ax, years, ends, scale, box.height)
    for number, name in enumerate(data.series):
        text = _count_text(data, rows, name)
        if text:
            y = box.bottom - 0.27 - COUNT_HEIGHT * number
            canvas.legend_key(box.left + inset + 0.02, y, data.styles[name], keys="lines")
            canvas.text(box.left + inset + 0.22, y, text, fontsize=NOTE_SIZE, color=GREY)


def _set_axes(data: ChartData, ax: Axes, years: Sequence[str], width: float) -> None:
    texts = _year_texts([value_label(data.chart.axis, x, data.language, data.own) for x in years], width)
    ax.set_xticks(range(len(years)), texts, fontsize=YEAR_SIZE)
    ax.set_xlim(-0.3, len(years) - 0.7)
    ax.grid(axis="y")
    sns.despine(ax=ax, left=True)
    if data.rows[STATISTIC].iloc[0] == INDEX:
        ax.axhline(100, color=INK, linewidth=0.8)


def _year_texts(texts: list[str], width: float) -> list[str]:
    """Shorten 2019 to ’19 where the years would touch, and leave some out where that is not enough."""
    slot = width / max(len(texts), 1)
    if max(text_width(text, YEAR_SIZE) for text in texts) + 0.05 > slot:
        texts = [f"’{text[2:]}" if text.isdigit() and len(text) == 4 else text for text in texts]
    step = ceil((max(text_width(text, YEAR_SIZE) for text in texts) + 0.04) / slot)
    return [text if (len(texts) - 1 - place) % step == 0 else "" for place, text in enumerate(texts)]


def _draw_signs(data: ChartData, ax: Axes, points: Points, years: Sequence[str], bottom: float) -> None:
    """Draw the mark of each number that is not shown on the axis."""
    for position, (name, own) in enumerate(points.items()):
        for point in own:
            x = years.index(point.x)
            if point.value is None:
                at = x + series_offset(position, len(points), MARK_STEP), bottom
                ax.annotate(
                    point.text, at, (0, 1), textcoords="offset points", ha="center", va="bottom", fontsize=9,
                    fontweight="bold", color=data.styles[name].edge,
                )  # fmt: skip


def _last_point(own: Sequence[Point], years: Sequence[str]) -> Point | None:
    """Find the number of the last year; where there is none the line has no end to label."""
    return next((point for point in own if point.x == years[-1] and point.value is not None), None)


def _write_ends(
    data: ChartData, ax: Axes, years: Sequence[str], ends: Mapping[str, Point], scale: Scale, height: float
) -> None:
    """Write the last values beside their points, pushed apart where they would touch."""
    rising = sorted(ends.items(), key=lambda pair: pair[1].value or 0.0)
    least = 0.125 / height * (scale[1] - scale[0])
    heights: list[float] = []
    for _, end in rising:
        value = float(end.value or 0.0)
        heights.append(max(value, heights[-1] + least) if heights else value)
    excess = max(0.0, heights[-1] - scale[1]) if heights else 0.0
    for (name, end), y in zip(rising, heights, strict=True):
        ax.annotate(
            end.text, (years.index(end.x), y - excess), (5, 0), textcoords="offset points", va="center",
            fontsize=VALUE_SIZE, color=data.styles[name].edge, fontweight="bold", annotation_clip=False,
        )  # fmt: skip


def _count_text(data: ChartData, rows: pd.DataFrame, series: str) -> str:
    """Write the smallest and the largest number of units behind a line."""
    counts = rows[(rows[data.chart.series] == series) & (rows[STATE] == NUMBER)][N_UNITS].dropna()
    if counts.empty:
        return ""
    low, high = units_text(counts.min(), data.language), units_text(counts.max(), data.language)
    return f"n = {low}" if low == high else f"n = {low} – {high}"

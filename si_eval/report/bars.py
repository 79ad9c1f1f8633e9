"""Upright bars: grouped and from zero, or index figures from 100, with the number of units of each below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from si_eval.report.bar_values import ValueLabels, fit_value_labels, line_height, value_text
from si_eval.report.base_year import base_year_text
from si_eval.report.canvas import MARGIN, WIDTH, Canvas, new_canvas
from si_eval.report.chart_data import ChartData, Point, nice_ticks, series_points, tick_labels
from si_eval.report.formats import breakable
from si_eval.report.labels import axis_title, value_label
from si_eval.report.marks import draw_bars, draw_whiskers, series_offset
from si_eval.report.selection import ordered_values
from si_eval.report.style import GREY, INK, NOTE_SIZE, TEXT_SIZE
from si_eval.report.text import text_height, text_width, wrap_text
from si_eval.vocabulary import INDICATOR, UNIT_OF_MEASURE, label

BODY_HEIGHT = 2.15
COUNT_HEIGHT = 0.15
BASE = 100.0
OUTLINE = withStroke(linewidth=1.8, foreground="white")


@dataclass(frozen=True)
class BarPanel:
    """One panel of upright bars: the classes on its axis, the points of every series, and the value range."""

    name: str
    classes: list[str]
    points: dict[str, list[Point]]
    low: float
    high: float


@dataclass(frozen=True)
class PanelPlace:
    """Where a panel is drawn, in inches, from which value its bars start, and the unit above it."""

    left: float
    top: float
    base: float
    unit: str


def draw_bar_chart(data: ChartData) -> Figure:
    """Draw grouped bars from zero, or index figures as bars from 100, with their values at the ends."""
    index = data.chart.kind == "index"
    base = BASE if index else 0.0
    panels = [_bar_panel(data, panel, base) for panel in data.panels]
    if data.chart.panels and data.rows[UNIT_OF_MEASURE].nunique() == 1 and data.chart.panels != INDICATOR:
        low, high = min(panel.low for panel in panels), max(panel.high for panel in panels)
        panels = [BarPanel(panel.name, panel.classes, panel.points, low, high) for panel in panels]
    left = _left_margin(data, panels)
    labels = [_class_labels(data, panel, WIDTH - MARGIN - left) for panel in panels]
    heights = [_panel_height(data, panel, texts) for panel, texts in zip(panels, labels, strict=True)]
    unit = base_year_text(data) if index else data.unit
    notes = (label("report_intervals", data.language, data.own),) if _has_intervals(panels) else ()
    canvas = new_canvas(data.texts(notes=notes), sum(heights))
    top = canvas.top
    for panel, texts, height in zip(panels, labels, heights, strict=True):
        _draw_panel(data, canvas, panel, texts, PanelPlace(left, top, base, unit))
        top -= height
    return canvas.figure


def _bar_panel(data: ChartData, name: str, base: float) -> BarPanel:
    rows = data.panel_rows(name)
    classes = ordered_values(rows, data.chart.axis)
    points = {series: series_points(data, rows, series, classes) for series in data.series}
    ends = [end for own in points.values() for point in own for end in (point.value, point.low, point.high)]
    numbers = [end for end in ends if end is not None] or [base + 1]
    return BarPanel(name, classes, points, min(base, *numbers), max(base, *numbers))


def _left_margin(data: ChartData, panels: Sequence[BarPanel]) -> float:
    ticks = [
        text_width(text, TEXT_SIZE) for panel in panels for text in tick_labels(data, nice_ticks(panel.low, panel.high))
    ]
    names = [text_width(_count_label(data, name), NOTE_SIZE) + 0.22 for name in data.series]
    return MARGIN + max(*ticks, *names) + 0.1


def _count_label(data: ChartData, series: str) -> str:
    return f"n {data.series_labels[series].lower()}"


def _class_labels(data: ChartData, panel: BarPanel, width: float) -> list[str]:
    room = width / len(panel.classes) * 0.94
    axis = data.chart.axis
    return [wrap_text(breakable(value_label(axis, x, data.language, data.own)), room, TEXT_SIZE) for x in panel.classes]


def _panel_height(data: ChartData, panel: BarPanel, texts: Sequence[str]) -> float:
    head = 0.22 + (0.2 if panel.name else 0.0)
    below = 0.08 + max(text_height(text, TEXT_SIZE) for text in texts) + 0.2
    return head + _body_height(panel) + below + COUNT_HEIGHT * len(_counted_series(data, panel)) + 0.06


def _body_height(panel: BarPanel) -> float:
    return BODY_HEIGHT * (0.8 if panel.name else 1.0)


def _counted_series(data: ChartData, panel: BarPanel) -> list[str]:
    return [name for name in data.series if any(point.n for point in panel.points[name])]


def _draw_panel(data: ChartData, canvas: Canvas, panel: BarPanel, texts: Sequence[str], place: PanelPlace) -> None:
    """Draw a panel from its name at the top to the numbers of units below its axis."""
    left, top = place.left, place.top
    if panel.name:
        canvas.text(MARGIN, top - 0.09, data.panel_labels()[data.panels.index(panel.name)], fontweight="bold")
        top -= 0.2
    canvas.text(MARGIN, top - 0.09, place.unit, color=GREY)
    bottom, width = top - 0.22 - _body_height(panel), WIDTH - MARGIN - left
    ax = canvas.add_axes(left, bottom, width, _body_height(panel))
    _draw_body(data, ax, panel, place.base)
    room = width / len(panel.classes)
    for position, text in enumerate(texts):
        canvas.text(left + room * (position + 0.5), bottom - 0.05, text, ha="center", va="top")
    y = bottom - 0.08 - max(text_height(text, TEXT_SIZE) for text in texts)
    title = axis_title(data.rows, data.chart.axis, data.language, data.own)
    canvas.text(left + width / 2, y - 0.06, title, ha="center", color=GREY)
    y -= 0.2
    for name in _counted_series(data, panel):
        _write_counts(data, canvas, panel, name, (left, y - COUNT_HEIGHT / 2, room))
        y -= COUNT_HEIGHT


def _draw_body(data: ChartData, ax: Axes, panel: BarPanel, base: float) -> None:
    """Draw the bars with their intervals, and write the values at their ends."""
    width = _bar_width(data)
    draw_bars(ax, panel.points, panel.classes, data.styles, width=width, base=base)
    draw_whiskers(ax, panel.points, panel.classes, width=width)
    _set_axes(data, ax, panel, base)
    labels = fit_value_labels(data, ax, panel.points, panel.classes, width=width, base=base)
    for position, name in enumerate(data.series):
        offset = series_offset(position, len(data.series), width)
        for point in panel.points[name]:
            _write_value(data, ax, (panel.classes.index(point.x) + offset, base), point, name, labels)


def _set_axes(data: ChartData, ax: Axes, panel: BarPanel, base: float) -> None:
    room = (panel.high - panel.low) * (0.14 if base else 0.1)
    ticks = nice_ticks(panel.low, panel.high)
    low, high = panel.low - (room if panel.low < base else 0), panel.high + room
    shown = [(tick, text) for tick, text in zip(ticks, tick_labels(data, ticks), strict=True) if low <= tick <= high]
    ax.set_ylim(low, high)
    ax.set_yticks([tick for tick, _ in shown], [text for _, text in shown])
    ax.set_xlim(-0.5, len(panel.classes) - 0.5)
    ax.set_xticks([])
    ax.grid(axis="y")
    sns.despine(ax=ax, left=True, bottom=True)
    ax.axhline(base, color=INK, linewidth=1.0, zorder=3)


def _write_value(
    data: ChartData, ax: Axes, start: tuple[float, float], point: Point, name: str, labels: ValueLabels
) -> None:
    """Write a value beyond the end of its bar and its interval, or the mark of one that is not shown at the base."""
    x, base = start
    if point.value is None:
        ax.annotate(point.text, start, (0, 3), textcoords="offset points", ha="center", fontsize=9, fontweight="bold")
        return
    if not labels.size:
        return
    ends = [end for end in (point.value, point.low, point.high) if end is not None]
    down = point.value < base
    y, gap = (min(ends), -2.5) if down else (max(ends), 2.5)
    if (name, point.x) in labels.lifted:
        gap *= 1 + line_height(labels.size) * 72 / 2.5
    ax.annotate(
        value_text(data, point, base), (x, y), (0, gap), textcoords="offset points", ha="center",
        va="top" if down else "bottom", fontsize=labels.size, zorder=5, path_effects=[OUTLINE],
    )  # fmt: skip


def _bar_width(data: ChartData) -> float:
    return min(0.82 / len(data.series), 0.34)


def _write_counts(
    data: ChartData, canvas: Canvas, panel: BarPanel, series: str, place: tuple[float, float, float]
) -> None:
    """Write the numbers of units of a series in a row below the axis."""
    left, y, room = place
    canvas.legend_key(MARGIN + 0.08, y, data.styles[series])
    canvas.text(MARGIN + 0.22, y, _count_label(data, series), fontsize=NOTE_SIZE, color=GREY)
    for point in panel.points[series]:
        x = left + room * (panel.classes.index(point.x) + 0.5)
        canvas.text(x, y, point.n, fontsize=NOTE_SIZE, color=GREY, ha="center")


def _has_intervals(panels: Sequence[BarPanel]) -> bool:
    return any(point.low is not None for panel in panels for own in panel.points.values() for point in own)

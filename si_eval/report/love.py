"""The love plot: how many standard deviations the groups lie apart, figure by figure, with what counts as alike."""

from __future__ import annotations

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from si_eval.report.canvas import MARGIN, WIDTH, new_canvas
from si_eval.report.chart_data import ChartData, Point, nice_ticks, series_points, tick_labels
from si_eval.report.formats import breakable
from si_eval.report.labels import value_label
from si_eval.report.marks import series_offset
from si_eval.report.selection import ordered_values
from si_eval.report.style import GREY, INK, TEXT_SIZE, marker_style
from si_eval.report.text import text_height, text_width, wrap_text
from si_eval.vocabulary import label

LIMITS = (0.1, 0.25)  # standard deviations: Austin (2009), Stuart (2010)
ROW_HEIGHT, AXIS_HEIGHT = 0.18, 0.32
ROOM = 1.12  # of the axis beyond the largest value
VALUE_SIZE, TICK_ROOM = 7.0, 0.12


def draw_love_plot(data: ChartData) -> Figure:
    """Draw the absolute standardised difference of each figure as a dot, with lines at what counts as alike."""
    classes = ordered_values(data.rows, data.chart.axis)
    texts = [
        wrap_text(breakable(value_label(data.chart.axis, x, data.language, data.own)), 2.4, TEXT_SIZE) for x in classes
    ]
    left = MARGIN + max(text_width(text, TEXT_SIZE) for text in texts) + 0.1
    step = max(len(data.series) * ROW_HEIGHT, *(text_height(text, TEXT_SIZE) for text in texts)) + 0.07
    points = {name: series_points(data, data.rows, name, classes) for name in data.series}
    largest = max([abs(point.value) for own in points.values() for point in own if point.value is not None] + [0.3])
    notes = (label("report_love_limits", data.language),)
    canvas = new_canvas(
        data.texts(subtitle=(data.unit,), legend=len(data.series) > 1, notes=notes),
        step * len(classes) + AXIS_HEIGHT + 0.08,
    )
    height = canvas.top - canvas.bottom - AXIS_HEIGHT
    ax = canvas.add_axes(left, canvas.bottom + AXIS_HEIGHT, WIDTH - MARGIN - left - TICK_ROOM, height - 0.04)
    for position, (name, own) in enumerate(points.items()):
        offset = series_offset(position, len(points), ROW_HEIGHT / step)
        look = marker_style(data.styles[name])
        for point in own:
            _draw_point(ax, point, classes.index(point.x) + offset, look)
    _set_axes(ax, data, texts, largest * ROOM)
    return canvas.figure


def _draw_point(ax: Axes, point: Point, y: float, look: dict[str, object]) -> None:
    """Draw one dot; a number that is not shown has its mark at zero."""
    if point.value is None:
        ax.annotate(point.text, (0, y), (4, 0), fontsize=VALUE_SIZE, textcoords="offset points", va="center")
        return
    ax.plot([abs(point.value)], [y], linestyle="", zorder=3, **look)  # type: ignore[arg-type]


def _set_axes(ax: Axes, data: ChartData, texts: list[str], right: float) -> None:
    """Set up the axes: the first figure at the top, differences from 0, with the limits as lines."""
    ticks = nice_ticks(0.0, right)
    ticks = ticks[(ticks >= 0) & (ticks <= right)]
    ax.set_xlim(0, right)
    ax.set_ylim(len(texts) - 0.5, -0.5)
    ax.set_yticks(range(len(texts)), texts)
    ax.set_xticks(ticks, tick_labels(data, ticks))
    if len(data.series) == 1:
        ax.grid(visible=True, axis="y", color=GREY, linewidth=0.3)
    else:
        for place in range(1, len(texts)):
            ax.axhline(place - 0.5, color=GREY, linewidth=0.3)
    for limit, line in zip(LIMITS, ("--", ":"), strict=True):
        ax.axvline(limit, color=INK, linewidth=0.8, linestyle=line, zorder=1)
    sns.despine(ax=ax)

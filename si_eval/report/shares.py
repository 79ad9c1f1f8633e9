"""Figures of shares: lying bars with the percentage and the number of units behind each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from si_eval.registry import sections
from si_eval.report.canvas import MARGIN, WIDTH, new_canvas
from si_eval.report.chart_data import ChartData, Point, series_points
from si_eval.report.formats import NO_BREAK, breakable, significant
from si_eval.report.labels import value_label
from si_eval.report.marks import draw_bars, draw_whiskers, series_offset
from si_eval.report.selection import ordered_values
from si_eval.report.style import GREY, TEXT_SIZE
from si_eval.report.text import text_height, text_width, wrap_text
from si_eval.vocabulary import ALL, COUNT, ESTIMATE, SECTOR, SIZE_CLASS, STATISTIC, TOTAL, label

BAR_HEIGHT = 0.17
ADDED = (TOTAL, COUNT)  # statistics whose total is the sum of its classes
VALUE_SIZE, COUNT_SIZE = 7.0, 5.8


def draw_shares(data: ChartData) -> Figure:
    """Draw shares as lying bars with the percentage and the number of units behind each, and its interval if wanted."""
    classes = _ordered_classes(data)
    texts = [
        wrap_text(breakable(value_label(data.chart.axis, x, data.language, data.own)), 2.0, TEXT_SIZE) for x in classes
    ]
    left = MARGIN + max(text_width(text, TEXT_SIZE) for text in texts) + 0.1
    step = max(len(data.series) * BAR_HEIGHT, *(text_height(text, TEXT_SIZE) for text in texts)) + 0.07
    points = {name: _points(data, name, classes) for name in data.series}
    every = [point for own in points.values() for point in own]
    notes = (
        (label("report_intervals", data.language, data.own),) if any(point.high is not None for point in every) else ()
    )
    canvas = new_canvas(
        data.texts(subtitle=(data.unit, *_totals(data, classes)), notes=notes), step * len(classes) + 0.08
    )
    room = max((text_width(f"{point.text}  n = {point.n}", TEXT_SIZE) for point in every), default=0.5) + 0.1
    largest = max((_bar_end(point) for point in every), default=1.0) or 1.0
    width = WIDTH - MARGIN - left
    ax = canvas.add_axes(left, canvas.bottom, width, canvas.top - canvas.bottom - 0.04)
    draw_bars(ax, points, classes, data.styles, width=BAR_HEIGHT / step, orient="h")
    draw_whiskers(ax, points, classes, width=BAR_HEIGHT / step, orient="h")
    set_lying_axes(ax, texts, largest * width / max(width - room, 0.5))
    for position, own in enumerate(points.values()):
        offset = series_offset(position, len(points), BAR_HEIGHT / step)
        for point in own:
            write_share(ax, _bar_end(point), classes.index(point.x) + offset, point)
    return canvas.figure


def set_lying_axes(ax: Axes, texts: Sequence[str], right: float) -> None:
    """Set up axes for lying bars: the first class at the top, values from 0 to ``right`` without ticks."""
    ax.set_xlim(0, right)
    ax.set_ylim(len(texts) - 0.5, -0.5)
    ax.set_xticks([])
    ax.set_yticks(range(len(texts)), texts)
    ax.grid(visible=False)
    sns.despine(ax=ax, bottom=True)


def write_share(ax: Axes, x: float, y: float, point: Point) -> None:
    """Write a percentage behind the end of its bar, and the number of units behind that."""
    weight = "bold" if point.withheld else "normal"
    style: dict[str, Any] = {"textcoords": "offset points", "va": "center"}
    ax.annotate(point.text, (x, y), (4, 0), fontsize=VALUE_SIZE, fontweight=weight, **style)
    if point.n and point.value is not None:
        gap = 4 + text_width(point.text, VALUE_SIZE) * 72
        text = f"  n{NO_BREAK}={NO_BREAK}{point.n}"
        ax.annotate(text, (x, y), (gap, 0), fontsize=COUNT_SIZE, color=GREY, **style)


def _ordered_classes(data: ChartData) -> list[str]:
    """Order classes that are sorted, and sectors, by the first series, largest first; others stay as they are."""
    axis = ordered_values(data.rows, data.chart.axis)
    if data.chart.sort and _adds_up(data) and len(axis) > 2:
        axis = [name for name in axis if name != ALL]
    elif not data.chart.sort and _stays(data, axis):
        return axis
    own = data.rows[data.rows[data.chart.series] == data.series[0]]
    shares = dict(zip(own[data.chart.axis], own[ESTIMATE].fillna(-1.0), strict=True))
    return sorted(axis, key=lambda x: (x == ALL, -shares.get(x, -1.0)))


def _points(data: ChartData, series: str, classes: list[str]) -> list[Point]:
    """List the numbers of a series; amounts that are sorted keep two digits, since the largest sets no decimals."""
    points = series_points(data, data.rows, series, classes)
    if not data.chart.sort or data.measure.form != "money":
        return points
    return [one if one.value is None else replace(one, text=significant(one.value, data.language)) for one in points]


def _stays(data: ChartData, axis: Sequence[str]) -> bool:
    """Whether classes are shown in the order of the table: all but sectors are."""
    return data.chart.axis == SIZE_CLASS or (data.chart.axis != SECTOR and not set(axis) <= set(sections()))


def _adds_up(data: ChartData) -> bool:
    """Whether the total is the sum of its classes, of amounts and counts, or of shares that are parts of all."""
    totals = data.rows.loc[data.rows[data.chart.axis] == ALL, ESTIMATE]
    return data.rows[STATISTIC].iloc[0] in ADDED or bool((totals == 1.0).all())


def _totals(data: ChartData, classes: Sequence[str]) -> list[str]:
    """Write the total of each series that has no bar: it would dwarf what it is the sum of."""
    if ALL in classes or data.rows[STATISTIC].iloc[0] not in ADDED:
        return []
    totals = {name: point.text for name in data.series for point in series_points(data, data.rows, name, [ALL])}
    several = len(totals) > 1
    texts = [f"{text} ({data.series_labels[name]})" if several else text for name, text in totals.items()]
    return [f"{label(ALL, data.language, data.own).lower()} {', '.join(texts)}"] if texts else []


def _bar_end(point: Point) -> float:
    """Return where a bar and its interval end."""
    return max(point.value or 0.0, point.high or 0.0)

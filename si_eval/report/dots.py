"""Dot and whisker: estimates with their intervals, class by class, beside the line that says no change."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from si_eval.report.base_year import base_year_text
from si_eval.report.border import ASSUMED
from si_eval.report.canvas import MARGIN, WIDTH, Canvas, new_canvas
from si_eval.report.chart_data import ChartData, Point, nice_ticks, series_points, tick_labels
from si_eval.report.difference import find_differences, interval_excludes_zero
from si_eval.report.formats import breakable, measure_key, measures, number, significant
from si_eval.report.grid import Row
from si_eval.report.labels import axis_title, cell_text, interval_text, value_label
from si_eval.report.marks import draw_whiskers, series_offset
from si_eval.report.selection import ordered_values
from si_eval.report.style import GREY, INK, NOTE_SIZE, RULE, TEXT_SIZE, marker_style
from si_eval.report.text import text_height, text_width, wrap_text
from si_eval.vocabulary import DIFFERENCE, EFFECTS, GAP, GROUP, INDEX, RATIO, STATISTIC, UNIT_OF_MEASURE, label

ROW_HEIGHT, CLASS_GAP = 0.17, 0.1
TITLE_HEIGHT, SIDES_HEIGHT, AXIS_HEIGHT = 0.16, 0.18, 0.26
LABEL_WIDTH = 1.9
COLUMN_GAP = 0.14
ROOM = 0.05  # of the axis beyond the outermost value
INDEX_BASE = 100.0
HUNDREDFOLD = 100.0  # from the least to the largest value: more is told apart on a logarithmic scale alone
DIFFERENCES = "difference rows"  # the place of the line of text under the dots of a class


@dataclass(frozen=True)
class _Plot:
    """What a figure of dots shows: points by series, the difference of each class, and how wide its columns are."""

    classes: list[str]
    labels: list[str]
    points: dict[str, list[Point]]
    differences: dict[str, Row]
    base: float | None
    logarithmic: bool
    step: float

    @property
    def lines(self) -> int:
        """How many lines a class has."""
        return len(self.points) + bool(self.differences)

    def place(self, name: str, series: int) -> float:
        """Compute where a line of a class stands, counted in classes from the top."""
        return self.classes.index(name) + series_offset(series, self.lines, ROW_HEIGHT / self.step)


def draw_dots(data: ChartData) -> Figure:
    """Draw each estimate as a dot with its interval; the numbers and the difference of the groups stand beside it."""
    plot = _prepare(data)
    columns = _columns(data, plot)
    widths = [
        max(text_width(text, NOTE_SIZE, bold=weight == "bold") for _, text, weight in column)
        for column in columns
        if column
    ]
    left = MARGIN + max(text_width(text, TEXT_SIZE) for text in plot.labels) + 0.12
    width = WIDTH - MARGIN - left - sum(widths) - COLUMN_GAP * len(widths)
    height = plot.step * len(plot.classes)
    texts = data.texts(
        subtitle=(base_year_text(data) if plot.base == INDEX_BASE else data.unit,),
        notes=_notes(data, plot),
        legend=len(data.series) > 1,
    )
    title = axis_title(data.rows, data.chart.axis, data.language, data.own)
    head = (TITLE_HEIGHT if title else 0.0) + (0.06 if plot.base is None else SIDES_HEIGHT)
    canvas = new_canvas(texts, head + height + AXIS_HEIGHT)
    bottom = canvas.top - head - height
    ax = canvas.add_axes(left, bottom, width, height)
    _set_axes(data, ax, plot)
    _draw_points(data, ax, plot)
    canvas.text(MARGIN, canvas.top - 0.06, title, fontsize=NOTE_SIZE, color=GREY)
    _write_sides(data, canvas, ax, plot, (left, width, bottom + height + 0.08))
    right = left + width
    for column, column_width in zip([one for one in columns if one], widths, strict=True):
        right += COLUMN_GAP + column_width
        for place, text, weight in column:
            y = bottom + height - (place + 0.5) * plot.step
            canvas.text(right, y, text, ha="right", fontsize=NOTE_SIZE, fontweight=weight)
    return canvas.figure


def _prepare(data: ChartData) -> _Plot:
    classes = ordered_values(data.rows, data.chart.axis)
    labels = [
        wrap_text(breakable(value_label(data.chart.axis, x, data.language, data.own)), LABEL_WIDTH, TEXT_SIZE)
        for x in classes
    ]
    points = {name: series_points(data, data.rows, name, classes) for name in data.series}
    differences = find_differences(data.safe, data.rows, data.chart.axis) if data.chart.series == GROUP else {}
    lines = len(points) + bool(differences)
    step = max(lines * ROW_HEIGHT, *(text_height(text, TEXT_SIZE) for text in labels)) + CLASS_GAP
    base = no_change(data.rows)
    values = _ends(points)
    logarithmic = base is None and min(values, default=0.0) > 0 and max(values) >= HUNDREDFOLD * min(values)
    return _Plot(classes, labels, points, differences, base, logarithmic, step)


def no_change(rows: pd.DataFrame) -> float | None:
    """Return the value that says no change or no difference: 100 of an index, 1 of a ratio; None of a level."""
    first = rows.iloc[0]
    if first[GROUP] == DIFFERENCE or first[STATISTIC] in EFFECTS or first[STATISTIC] == GAP:
        return 0.0
    if first[GROUP] == RATIO:
        return 1.0
    return INDEX_BASE if first[STATISTIC] == INDEX else None


def _ends(points: dict[str, list[Point]]) -> list[float]:
    """List all values and ends of intervals that are shown."""
    every = [end for own in points.values() for point in own for end in (point.value, point.low, point.high)]
    return [end for end in every if end is not None]


def _notes(data: ChartData, plot: _Plot) -> tuple[str, ...]:
    shown = {
        "report_intervals": any(point.low is not None for own in plot.points.values() for point in own),
        "report_difference_plain": bool(plot.differences),
        "report_difference_bold": any(interval_excludes_zero(row) for row in plot.differences.values()),
        "report_logarithmic": plot.logarithmic,
        "report_log_points": bool((data.rows[UNIT_OF_MEASURE] == "log points").any()),
    }
    return tuple(label(name, data.language, data.own) for name, wanted in shown.items() if wanted)


def _set_axes(data: ChartData, ax: Axes, plot: _Plot) -> None:
    """Set up the axes: the first class at the top, a line at no change, a rule between classes."""
    values = _ends(plot.points) + ([] if plot.base is None else [plot.base])
    low, high = min(values, default=0.0), max(values, default=1.0)
    ax.set_ylim(len(plot.classes) - 0.5, -0.5)
    ax.set_yticks(range(len(plot.classes)), plot.labels)
    if plot.logarithmic:
        ax.set_xscale("log")
        ax.set_xlim(low / 1.6, high * 1.6)
        ax.xaxis.set_minor_locator(NullLocator())
        ticks = np.asarray(LogLocator(numticks=12).tick_values(low / 1.6, high * 1.6))
        ticks = ticks[(ticks >= low / 1.6) & (ticks <= high * 1.6)]
        texts = [number(tick, data.language, decimals=max(0, -floor(log10(tick)))) for tick in ticks]
    else:
        low = min(low, 0.0) if plot.base is None else low
        room = (high - low or 1.0) * ROOM
        ax.set_xlim(low - (room if low else 0.0), high + room)
        ticks = nice_ticks(*ax.get_xlim())
        ticks = ticks[(ticks >= ax.get_xlim()[0]) & (ticks <= ax.get_xlim()[1])]
        texts = tick_labels(data, ticks)
    ax.set_xticks(ticks, texts)
    ax.grid(visible=True, axis="x")
    for place in range(1, len(plot.classes)):
        ax.axhline(place - 0.5, color=RULE, linewidth=0.5, zorder=0)
    if plot.base is not None:
        ax.axvline(plot.base, color=INK, linewidth=1.0, zorder=1)
    sns.despine(ax=ax, left=True)


def _draw_points(data: ChartData, ax: Axes, plot: _Plot) -> None:
    """Draw the whiskers and the dots; a number that is not shown has its mark at the line, or at the left."""
    series = {**plot.points, **({DIFFERENCES: []} if plot.differences else {})}
    colours = {name: data.styles[name].edge for name in plot.points} | {DIFFERENCES: INK}
    draw_whiskers(
        ax, series, plot.classes, width=ROW_HEIGHT / plot.step, orient="h", colours=colours, zorder=2
    )  # fmt: skip
    for number_of_series, (name, own) in enumerate(plot.points.items()):
        look = marker_style(data.styles[name])
        for point in own:
            y = plot.place(point.x, number_of_series)
            if point.value is not None:
                ax.plot([point.value], [y], linestyle="", zorder=4, **look)
                continue
            x = ax.get_xlim()[0] if plot.base is None else plot.base
            ax.annotate(
                point.text, (x, y), (5, 0), textcoords="offset points", va="center", fontsize=TEXT_SIZE,
                fontweight="bold", color=data.styles[name].edge,
            )  # fmt: skip


def _columns(data: ChartData, plot: _Plot) -> tuple[list[tuple[float, str, str]], ...]:
    """List the columns beside the dots: the place, text and weight of each estimate with its interval, and its n."""
    estimates, counts = [], []
    rows = {(row[data.chart.series], row[data.chart.axis]): row for row in data.rows.to_dict("records")}
    for position, (name, own) in enumerate(plot.points.items()):
        for point in own:
            place = plot.place(point.x, position)
            text, interval = point.text, interval_text(rows[name, point.x], data.measure, data.language)
            if plot.logarithmic and point.value is not None:
                text = significant(point.value, data.language)
            estimates.append((place, f"{text}{interval}", "normal"))
            if point.n and point.value is not None:
                counts.append((place, f"n {point.n}", "normal"))
    for name, row in plot.differences.items():
        measure = measures(pd.DataFrame([row]), divisor=data.chart.divisor)[measure_key(row)]
        value = cell_text({**row, ASSUMED: False}, measure, data.language, symbol=False)
        text = f"{label(DIFFERENCE, data.language, data.own).lower()} {value}"
        weight = "bold" if interval_excludes_zero(row) else "normal"
        interval = interval_text(row, measure, data.language)
        estimates.append((plot.place(name, plot.lines - 1), f"{text}{interval}", weight))
    return estimates, counts


def _write_sides(data: ChartData, canvas: Canvas, ax: Axes, plot: _Plot, place: tuple[float, float, float]) -> None:
    """Write over both sides of the line what they mean, where there is room for it."""
    if plot.base is None:
        return
    low, high = ax.get_xlim()
    left, width, y = place
    middle = left + width * (plot.base - low) / (high - low)
    change = data.rows[STATISTIC].iloc[0] == INDEX
    for name, sign in (("falls" if change else "below", -1), ("rises" if change else "above", 1)):
        text = label(f"report_{name}", data.language, data.own)
        room = middle - left if sign < 0 else left + width - middle
        if text_width(text, NOTE_SIZE) < room - 0.05:
            canvas.text(
                middle + sign * 0.06, y, text, fontsize=NOTE_SIZE, color=GREY,
                ha="right" if sign < 0 else "left",
            )  # fmt: skip

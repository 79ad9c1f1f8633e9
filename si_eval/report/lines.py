"""Lines by year, as small multiples with one scale unless the panels differ in what they measure."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from si_eval.vocabulary import INDEX, INDICATOR, N_UNITS, STATISTIC, UNIT_OF_MEASURE, label

from .arrange import levels
from .border import NUMBER, STATE
from .page import (
    FAINT,
    GREY,
    INK,
    MARGIN,
    NOTE_SIZE,
    TEXT_SIZE,
    WIDTH,
    Page,
    height_of,
    line_style,
    open_page,
    width_of,
    wrap,
)
from .plot import Place, Plot, nice_ticks, places, tick_labels, units_text
from .wording import term

GAP = 0.22
YEAR_SIZE = 7.0
Range = tuple[float, float]


def draw_lines(plot: Plot) -> Figure:
    """Draw one line a series over the years, with the last value written at its end."""
    panels = plot.panels
    columns = 1 if len(panels) == 1 else 3 if len(panels) in (3, 5, 6, 9) else 2
    width = (WIDTH - 2 * MARGIN - GAP * (columns - 1)) / columns
    names = [wrap(name, width, TEXT_SIZE + 0.5, bold=True) for name in plot.panel_names()]
    head = max(height_of(name, TEXT_SIZE + 0.5) for name in names) + 0.06 if panels != [""] else 0.02
    body = 2.3 if columns == 1 else 1.45
    below = 0.24 + 0.14 * len(plot.series)
    shared = _shared_scale(plot)
    notes = () if shared or len(panels) == 1 else (label("report_axes_differ", plot.language),)
    if plot.chart.intervals:
        notes = (*notes, label("report_intervals", plot.language))
    page = open_page(
        plot.frame(subtitle=(_unit(plot),), notes=notes), ceil(len(panels) / columns) * (head + body + below + 0.1)
    )
    ranges = [_range(plot, plot.panel_rows(panel)) for panel in panels]
    common = min(low for low, _ in ranges), max(high for _, high in ranges)
    for number, panel in enumerate(panels):
        left = MARGIN + (number % columns) * (width + GAP)
        top = page.top - (number // columns) * (head + body + below + 0.1)
        if panel:
            page.write(left, top, names[number], fontsize=TEXT_SIZE + 0.5, fontweight="bold", va="top")
        scale = common if shared else ranges[number]
        _panel(plot, page, plot.panel_rows(panel), scale, (left, top - head - body, width, body))
    return page.figure


def _unit(plot: Plot) -> str:
    if plot.rows[STATISTIC].iloc[0] == INDEX:
        first = levels(plot.rows, plot.chart.axis)[0]
        return label("report_base", plot.language).format(base=first)
    return plot.unit


def _shared_scale(plot: Plot) -> bool:
    return plot.chart.panels != INDICATOR and plot.rows[UNIT_OF_MEASURE].nunique() == 1


def _range(plot: Plot, rows: pd.DataFrame) -> Range:
    """Give the value range: from zero, except for an index, which lies around 100."""
    axis = levels(rows, plot.chart.axis)
    found = [place for name in plot.series for place in places(plot, rows, name, axis)]
    values = [value for place in found for value in (place.value, place.low, place.high) if value is not None]
    anchor = 100.0 if rows[STATISTIC].iloc[0] == INDEX else 0.0
    low, high = min([anchor, *values]), max([anchor, *values])
    room = (high - low or 1.0) * 0.08
    return (low - room if low < 0 or anchor else low), high + room


def _panel(plot: Plot, page: Page, rows: pd.DataFrame, scale: Range, box: tuple[float, float, float, float]) -> None:
    left, bottom, width, height = box
    axis = levels(rows, plot.chart.axis)
    ticks = np.array([tick for tick in nice_ticks(*scale, at_most=4) if scale[0] <= tick <= scale[1]])
    texts = tick_labels(plot, ticks)
    values = {name: places(plot, rows, name, axis) for name in plot.series}
    inset = max(width_of(text, TEXT_SIZE) for text in texts) + 0.07
    ends = {name: _end(mine, axis) for name, mine in values.items()}
    outset = max((width_of(end.text, 7.0) for end in ends.values() if end), default=0.1) + 0.09
    ax = page.axes(left + inset, bottom, width - inset - outset, height)
    ax.set_ylim(*scale)
    ax.set_yticks(ticks, texts, fontsize=TEXT_SIZE)
    _years(plot, ax, axis, width - inset - outset)
    for number, name in enumerate(plot.series):
        nudge = (number - (len(plot.series) - 1) / 2) * 0.16
        _line(plot, ax, axis, (name, values[name], nudge, scale))
    _end_labels(plot, ax, axis, ends, scale, height)
    for number, name in enumerate(plot.series):
        text = _units(plot, rows, name)
        if text:
            y = bottom - 0.27 - 0.14 * number
            page.mark(left + inset + 0.02, y, plot.styles[name], line=True)
            page.write(left + inset + 0.22, y, text, fontsize=NOTE_SIZE, color=GREY)


def _years(plot: Plot, ax: Axes, axis: Sequence[str], width: float) -> None:
    texts = _year_texts([term(plot.chart.axis, x, plot.language) for x in axis], width)
    ax.set_xticks(range(len(axis)), texts, fontsize=YEAR_SIZE)
    ax.set_xlim(-0.3, len(axis) - 0.7)
    ax.grid(axis="y", color=FAINT, linewidth=0.7)
    ax.tick_params(length=0)
    ax.spines["left"].set_visible(False)
    if plot.rows[STATISTIC].iloc[0] == INDEX:
        ax.axhline(100, color=INK, linewidth=0.8)


def _year_texts(texts: list[str], width: float) -> list[str]:
    """Shorten 2019 to ’19 where the years would touch, and leave some out where that is not enough."""
    slot = width / max(len(texts), 1)
    if max(width_of(text, YEAR_SIZE) for text in texts) + 0.05 > slot:
        texts = [f"’{text[2:]}" if text.isdigit() and len(text) == 4 else text for text in texts]
    step = ceil((max(width_of(text, YEAR_SIZE) for text in texts) + 0.04) / slot)
    return [text if (len(texts) - 1 - place) % step == 0 else "" for place, text in enumerate(texts)]


def _line(plot: Plot, ax: Axes, axis: list[str], drawing: tuple[str, list[Place], float, Range]) -> None:
    name, found, nudge, scale = drawing
    values = {place.x: place for place in found}
    xs = np.arange(len(axis), dtype=float)
    ys = np.array(
        [np.nan if x not in values or values[x].value is None else values[x].value for x in axis], dtype=float
    )
    ax.plot(xs, ys, zorder=3, **line_style(plot.styles[name]))
    for x, key in zip(xs, axis, strict=True):
        place = values.get(key)
        if place is None:
            continue
        if place.value is None:
            at = (x + nudge, scale[0])
            style: dict[str, Any] = {"color": plot.styles[name].edge, "fontweight": "bold", "fontsize": 9}
            ax.annotate(place.text, at, (0, 1), textcoords="offset points", ha="center", va="bottom", **style)
        elif place.low is not None and place.high is not None:
            ax.plot([x + nudge / 3] * 2, [place.low, place.high], color=plot.styles[name].edge, linewidth=0.7, zorder=2)
        if place.value is not None and place.text.endswith("°"):
            ax.annotate("°", (x, place.value), (0, 0.5), textcoords="offset points", ha="center", fontsize=7)


def _end(found: list[Place], axis: list[str]) -> Place | None:
    """Give the number of the last year; where there is none the line has no end to label."""
    return next((place for place in found if place.x == axis[-1] and place.value is not None), None)


def _end_labels(
    plot: Plot, ax: Axes, axis: list[str], ends: dict[str, Place | None], scale: Range, height: float
) -> None:
    """Write the last values beside their points, pushed apart where they would touch."""
    known = [(name, end) for name, end in ends.items() if end is not None and end.value is not None]
    known.sort(key=lambda pair: pair[1].value or 0.0)
    least = 0.125 / height * (scale[1] - scale[0])
    heights: list[float] = []
    for _, end in known:
        value = float(end.value or 0.0)
        heights.append(max(value, heights[-1] + least) if heights else value)
    excess = max(0.0, heights[-1] - scale[1]) if heights else 0.0
    for (name, end), y in zip(known, heights, strict=True):
        ax.annotate(
            end.text, (axis.index(end.x), y - excess), (5, 0), textcoords="offset points", va="center",
            fontsize=7, color=plot.styles[name].edge, fontweight="bold", annotation_clip=False,
        )  # fmt: skip


def _units(plot: Plot, rows: pd.DataFrame, name: str) -> str:
    mine = rows[(rows[plot.chart.series] == name) & (rows[STATE] == NUMBER)][N_UNITS].dropna()
    if mine.empty:
        return ""
    low, high = units_text(mine.min(), plot.language), units_text(mine.max(), plot.language)
    return f"n = {low}" if low == high else f"n = {low} – {high}"

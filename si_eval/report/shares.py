"""Figures of shares: lying bars with the percentage and the number of units behind each."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from si_eval.registry import sections
from si_eval.vocabulary import ALL, ESTIMATE, SECTOR, SIZE_CLASS, label

from .arrange import levels
from .bars import bare
from .formats import NO_BREAK
from .page import GREY, INK, MARGIN, TEXT_SIZE, WIDTH, bar_style, height_of, open_page, width_of, wrap
from .plot import Place, Plot, places
from .wording import term


def draw_shares(plot: Plot) -> Figure:
    """Draw shares as lying bars with the percentage and the number of units behind each, and its interval if wanted."""
    axis = _share_axis(plot)
    texts = [wrap(bare(term(plot.chart.axis, x, plot.language)), 2.0, TEXT_SIZE) for x in axis]
    left = MARGIN + max(width_of(text, TEXT_SIZE) for text in texts) + 0.1
    thickness = 0.17
    step = max(len(plot.series) * thickness, *(height_of(text, TEXT_SIZE) for text in texts)) + 0.07
    values = {name: {place.x: place for place in places(plot, plot.rows, name, axis)} for name in plot.series}
    every = [place for mine in values.values() for place in mine.values()]
    drawn = any(place.high is not None for place in every)
    notes = (label("report_intervals", plot.language),) if drawn else ()
    page = open_page(plot.frame(subtitle=(plot.unit,), notes=notes), step * len(axis) + 0.08)
    room = max((width_of(_share_text(place), TEXT_SIZE) for place in every), default=0.5) + 0.1
    largest = max((_end(place) for place in every), default=1.0) or 1.0
    width = WIDTH - MARGIN - left
    ax = page.axes(left, page.bottom, width, page.top - page.bottom - 0.04)
    ax.set_xlim(0, largest * width / max(width - room, 0.5))
    ax.set_ylim(len(axis) - 0.5, -0.5)
    ax.set_xticks([])
    ax.set_yticks(range(len(axis)), texts, fontsize=TEXT_SIZE)
    ax.tick_params(length=0)
    ax.spines["bottom"].set_visible(False)
    for number_, name in enumerate(plot.series):
        offset = (number_ - (len(plot.series) - 1) / 2) * thickness / step
        for y, x in enumerate(axis):
            if x in values[name]:
                _lying_bar(ax, y + offset, thickness * 0.88 / step, values[name][x], plot, name)
    return page.figure


def _share_axis(plot: Plot) -> list[str]:
    axis = levels(plot.rows, plot.chart.axis)
    if plot.chart.axis == SIZE_CLASS or (plot.chart.axis != SECTOR and not set(axis) <= set(sections())):
        return axis
    first = plot.rows[plot.rows[plot.chart.series] == plot.series[0]].set_index(plot.chart.axis)[ESTIMATE]
    return sorted(axis, key=lambda x: (x == ALL, -first.get(x, -1.0) if pd.notna(first.get(x)) else 1.0))


def _lying_bar(ax: Axes, y: float, thickness: float, place: Place, plot: Plot, name: str) -> None:
    if place.value is not None:
        ax.barh(y, place.value, thickness, **bar_style(plot.styles[name]))
    if place.low is not None and place.high is not None:
        ax.plot([place.low, place.high], [y, y], color="white", linewidth=2.4, zorder=4, solid_capstyle="butt")
        ax.plot([place.low, place.high], [y, y], color=INK, linewidth=1.0, zorder=5, marker="|", markersize=4)
    units = f"  n{NO_BREAK}={NO_BREAK}{place.n}" if place.n and place.value is not None else ""
    at = (_end(place), y)
    drawn = ax.annotate(place.text, at, (4, 0), textcoords="offset points", va="center", fontsize=7)
    if units:
        gap = 4 + width_of(place.text, 7) * 72
        ax.annotate(units, at, (gap, 0), textcoords="offset points", va="center", fontsize=5.8, color=GREY)
    drawn.set_fontweight("bold" if place.withheld else "normal")


def _end(place: Place) -> float:
    """Give where a bar and its interval end."""
    return max(place.value or 0.0, place.high or 0.0)


def _share_text(place: Place) -> str:
    return f"{place.text}  n = {place.n}"

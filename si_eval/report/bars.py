"""Bars: grouped and upright from zero, index figures from 100, shares lying down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from si_eval.vocabulary import ESTIMATE, NOTE, UNIT_OF_MEASURE, YEAR, label

from .arrange import levels
from .border import NUMBER, STATE, safe_rows
from .formats import NO_BREAK, number
from .page import (
    DPI,
    FAINT,
    GREY,
    INK,
    MARGIN,
    NOTE_SIZE,
    TEXT_SIZE,
    WIDTH,
    Page,
    bar_style,
    height_of,
    open_page,
    width_of,
    wrap,
)
from .plot import Place, Plot, nice_ticks, places, tick_labels
from .wording import axis_title, term

BODY = 2.15
N_ROW = 0.15
BASE = 100.0
HALO = withStroke(linewidth=1.8, foreground="white")
YEAR_IN_TEXT = r"(\d{4})\s*=\s*100"


@dataclass(frozen=True)
class Strip:
    """One panel of upright bars: the classes on its axis, the numbers of every series, and the value range."""

    name: str
    axis: list[str]
    values: dict[str, list[Place]]
    low: float
    high: float


class End(NamedTuple):
    """Where a value is to be written: at the end of its bar, in inches, below it where the bar hangs."""

    x: float
    y: float
    low: bool
    text: str
    key: tuple[str, str]


class Labels(NamedTuple):
    """The size of the values at the bars (0: they do not fit) and the ones that are lifted by a line."""

    size: float
    lifted: frozenset[tuple[str, str]]


def draw_bars(plot: Plot) -> Figure:
    """Draw grouped bars from zero, with values above, or index figures as bars from 100."""
    index = plot.chart.kind == "index"
    base = BASE if index else 0.0
    strips = [_strip(plot, panel, base) for panel in plot.panels]
    if plot.chart.panels and plot.rows[UNIT_OF_MEASURE].nunique() == 1 and plot.chart.panels != "indicator":
        low, high = min(strip.low for strip in strips), max(strip.high for strip in strips)
        strips = [Strip(strip.name, strip.axis, strip.values, low, high) for strip in strips]
    left = _left(plot, strips)
    labels = [_wrapped_axis(plot, strip, WIDTH - MARGIN - left) for strip in strips]
    heights = [_strip_height(plot, strip, texts) for strip, texts in zip(strips, labels, strict=True)]
    unit = _base_text(plot) if index else plot.unit
    notes = (label("report_intervals", plot.language),) if _has_intervals(strips) else ()
    page = open_page(plot.frame(notes=notes), sum(heights))
    top = page.top
    for strip, texts, height in zip(strips, labels, heights, strict=True):
        _draw_strip(plot, page, strip, texts, (left, top, base, unit))
        top -= height
    return page.figure


def _strip(plot: Plot, panel: str, base: float) -> Strip:
    rows = plot.panel_rows(panel)
    axis = levels(rows, plot.chart.axis)
    values = {name: places(plot, rows, name, axis) for name in plot.series}
    found = [value for mine in values.values() for place in mine for value in (place.value, place.low, place.high)]
    numbers = [value for value in found if value is not None] or [base + 1]
    return Strip(panel, axis, values, min(base, *numbers), max(base, *numbers))


def _left(plot: Plot, strips: Sequence[Strip]) -> float:
    ticks = [
        width_of(text, TEXT_SIZE) for strip in strips for text in tick_labels(plot, nice_ticks(strip.low, strip.high))
    ]
    names = [width_of(_n_name(plot, name), NOTE_SIZE) + 0.22 for name in plot.series]
    return MARGIN + max(*ticks, *names) + 0.1


def _n_name(plot: Plot, name: str) -> str:
    return f"n {plot.series_names[name].lower()}"


def _wrapped_axis(plot: Plot, strip: Strip, width: float) -> list[str]:
    slot = width / len(strip.axis) * 0.94
    return [wrap(bare(term(plot.chart.axis, x, plot.language)), slot, TEXT_SIZE) for x in strip.axis]


def bare(text: str) -> str:
    """Let a long label break after its sector letter."""
    return text.replace(NO_BREAK, " ")


def _strip_height(plot: Plot, strip: Strip, texts: Sequence[str]) -> float:
    head = 0.22 + (0.2 if strip.name else 0.0)
    below = 0.08 + max(height_of(text, TEXT_SIZE) for text in texts) + 0.2
    return head + BODY * (0.8 if strip.name else 1.0) + below + N_ROW * len(_series_with_n(plot, strip)) + 0.06


def _series_with_n(plot: Plot, strip: Strip) -> list[str]:
    return [name for name in plot.series if any(place.n for place in strip.values[name])]


def _draw_strip(
    plot: Plot, page: Page, strip: Strip, texts: Sequence[str], place: tuple[float, float, float, str]
) -> None:
    left, top, base, unit = place
    if strip.name:
        page.write(MARGIN, top - 0.09, plot.panel_names()[plot.panels.index(strip.name)], fontweight="bold")
        top -= 0.2
    page.write(MARGIN, top - 0.09, unit, color=GREY)
    body = BODY * (0.8 if strip.name else 1.0)
    bottom, width = top - 0.22 - body, WIDTH - MARGIN - left
    ax = page.axes(left, bottom, width, body)
    _upright_axes(plot, ax, strip, base)
    labels = _bar_labels(plot, ax, strip, base)
    for position, name in enumerate(plot.series):
        _upright_bars(plot, ax, strip, (name, position, base, labels))
    slot = width / len(strip.axis)
    for number_, text in enumerate(texts):
        page.write(left + slot * (number_ + 0.5), bottom - 0.05, text, ha="center", va="top")
    y = bottom - 0.08 - max(height_of(text, TEXT_SIZE) for text in texts)
    page.write(
        left + width / 2, y - 0.06, axis_title(plot.rows, plot.chart.axis, plot.language), ha="center", color=GREY
    )
    y -= 0.2
    for name in _series_with_n(plot, strip):
        _units_row(plot, page, strip, (name, left, y - N_ROW / 2, slot))
        y -= N_ROW


def _upright_axes(plot: Plot, ax: Axes, strip: Strip, base: float) -> None:
    span = strip.high - strip.low
    room = span * (0.14 if base else 0.1)
    ticks = nice_ticks(strip.low, strip.high)
    ax.set_ylim(strip.low - (room if strip.low < base else 0), strip.high + room)
    shown = [tick for tick in ticks if ax.get_ylim()[0] <= tick <= ax.get_ylim()[1]]
    ax.set_yticks(shown, tick_labels(plot, ticks)[list(ticks).index(shown[0]) :][: len(shown)], fontsize=TEXT_SIZE)
    ax.set_xlim(-0.5, len(strip.axis) - 0.5)
    ax.set_xticks([])
    ax.grid(axis="y", color=FAINT, linewidth=0.7)
    ax.tick_params(length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    ax.axhline(base, color=INK, linewidth=1.0, zorder=3)


def _upright_bars(plot: Plot, ax: Axes, strip: Strip, drawing: tuple[str, int, float, Labels]) -> None:
    name, position, base, labels = drawing
    thickness, offset = _thickness(plot), _offset(plot, position)
    for place in strip.values[name]:
        x = strip.axis.index(place.x) + offset
        if place.value is None:
            ax.annotate(
                place.text, (x, base), (0, 3), textcoords="offset points", ha="center", fontsize=9, fontweight="bold"
            )
            continue
        ax.bar(x, place.value - base, thickness * 0.94, bottom=base, zorder=2, **bar_style(plot.styles[name]))
        low, high = place.value if place.low is None else place.low, place.value if place.high is None else place.high
        if place.low is not None or place.high is not None:
            ax.plot([x, x], [low, high], color=INK, linewidth=0.8, zorder=4)
        if labels.size:
            down = place.value < base
            at, gap = (min(low, place.value), -2.5) if down else (max(high, place.value), 2.5)
            gap *= 1 + _line(labels.size) * 72 / 2.5 if (name, place.x) in labels.lifted else 1
            ax.annotate(
                _bar_text(plot, place, base), (x, at), (0, gap), textcoords="offset points", ha="center",
                va="top" if down else "bottom", fontsize=labels.size, zorder=5, path_effects=[HALO],
            )  # fmt: skip


def _bar_text(plot: Plot, place: Place, base: float) -> str:
    if not base or place.value is None:
        return place.text.rstrip("%") if plot.measure.form in ("share", "percent") else place.text
    text = number(place.value - base, plot.language, signed=True)
    ring = "°" if place.text.endswith("°") else ""
    sign = "=" if text in ("0", "-0") else "▲" if place.value > base else "▼"
    return f"{sign} {text.lstrip('-') if sign == '=' else text}{ring}"


def _bar_labels(plot: Plot, ax: Axes, strip: Strip, base: float) -> Labels:
    """Give the largest size at which no two values touch; failing that, lift some by a line; failing that, none."""
    box = ax.get_window_extent()
    inches_x = box.width / DPI / len(strip.axis)
    inches_y = box.height / DPI / (ax.get_ylim()[1] - ax.get_ylim()[0])
    ends = []
    for position, name in enumerate(plot.series):
        for place in strip.values[name]:
            low = place.value is not None and place.value < base
            value = base if place.value is None else place.value
            end = min(value, place.low or value) if low else max(value, place.high or value)
            x = (strip.axis.index(place.x) + _offset(plot, position)) * inches_x
            ends.append(End(x, end * inches_y, low, _bar_text(plot, place, base), (name, place.x)))
    ends.sort(key=lambda end: end.x)
    for size in (7.0, 6.5, 6.0):
        if not any(_touch(one, other, size) for one, other in pairwise(ends)):
            return Labels(size, frozenset())
    size = 6.0
    lifted = frozenset(one.key for one, other in pairwise(ends) if _touch(one, other, size))
    moved = [end._replace(y=end.y + (-1 if end.low else 1) * _line(size)) if end.key in lifted else end for end in ends]
    near = [(one, other) for place, one in enumerate(moved) for other in moved[place + 1 : place + 4]]
    return Labels(0.0 if any(_touch(one, other, size) for one, other in near) else size, lifted)


def _line(size: float) -> float:
    return size / 72 * 1.25


def _touch(one: End, other: End, size: float) -> bool:
    close = other.x - one.x < (width_of(one.text, size) + width_of(other.text, size)) / 2 + 0.03
    return close and one.low == other.low and abs(one.y - other.y) < size / 72 * 1.1


def _offset(plot: Plot, position: int) -> float:
    return (position - (len(plot.series) - 1) / 2) * _thickness(plot)


def _thickness(plot: Plot) -> float:
    return min(0.82 / len(plot.series), 0.34)


def _units_row(plot: Plot, page: Page, strip: Strip, row: tuple[str, float, float, float]) -> None:
    name, left, y, slot = row
    page.mark(MARGIN + 0.08, y, plot.styles[name])
    page.write(MARGIN + 0.22, y, _n_name(plot, name), fontsize=NOTE_SIZE, color=GREY)
    for place in strip.values[name]:
        x = left + slot * (strip.axis.index(place.x) + 0.5)
        page.write(x, y, place.n, fontsize=NOTE_SIZE, color=GREY, ha="center")


def _has_intervals(strips: Sequence[Strip]) -> bool:
    return any(place.low is not None for strip in strips for mine in strip.values.values() for place in mine)


def _base_text(plot: Plot) -> str:
    """Say which year is 100, where the table tells it: in its unit, in a note, or as the first year of the series."""
    texts = pd.concat([plot.rows[UNIT_OF_MEASURE], plot.rows[NOTE]])
    named = texts.str.extract(YEAR_IN_TEXT)[0].dropna().unique()
    if len(named) == 1:
        return label("report_base", plot.language).format(base=named[0])
    every = safe_rows(plot.safe)
    hundred = every[(every["statistic"] == "index") & (every[STATE] == NUMBER) & (every[ESTIMATE].round(9) == BASE)]
    years = levels(every, YEAR)
    if len(years) > 1 and len(hundred) and set(hundred[YEAR]) == {years[0]}:
        return label("report_base", plot.language).format(base=years[0])
    return label("report_base_unknown", plot.language)

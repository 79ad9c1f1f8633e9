"""The marks of a figure, drawn by seaborn in the look of each series: bars, lines, and whiskers beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from si_eval.report.chart_data import Point
from si_eval.report.style import INK, SeriesStyle, bar_style, line_style, marker_style

POSITION, CLASS, SERIES, VALUE, LOW, HIGH, RUN = "position", "class", "series", "value", "low", "high", "run"
GAP = 0.06  # part of a bar's room that stays empty
WHISKER = 0.8  # line width in points
Orientation = Literal["v", "h"]
Points = Mapping[str, Sequence[Point]]
Styles = Mapping[str, SeriesStyle]


def draw_bars(
    ax: Axes,
    points: Points,
    classes: Sequence[str],
    styles: Styles,
    *,
    width: float,
    base: float = 0.0,
    orient: Orientation = "v",
) -> None:
    """Draw the bars of every series side by side, from ``base``, at the places 0, 1, … of the classes.

    ``width`` is the room of one bar, where 1 is the room of a class. A number that is not shown has no bar.
    """
    frame = _to_frame(points, classes).dropna(subset=VALUE)
    if frame.empty:
        return
    frame[VALUE] -= base
    x, y, start = (CLASS, VALUE, "bottom") if orient == "v" else (VALUE, CLASS, "left")
    earlier = len(ax.containers)
    sns.barplot(
        frame, x=x, y=y, hue=SERIES, order=classes, hue_order=list(points), orient=orient, dodge=True,
        width=width * len(points), gap=GAP, errorbar=None, legend=False, saturation=1,
        palette={name: styles[name].colour for name in points}, ax=ax, **{start: base},
    )  # fmt: skip
    for bars, name in zip(ax.containers[earlier:], points, strict=True):
        for bar in bars:
            bar.set(**bar_style(styles[name]), zorder=2)
    ax.set(xlabel="", ylabel="")


def draw_lines(ax: Axes, points: Points, classes: Sequence[str], styles: Styles) -> None:
    """Draw every series as a line with markers at the places 0, 1, …; it breaks where a number is not shown."""
    frame = _to_frame(points, classes)
    for name, series in frame.groupby(SERIES, sort=False):
        runs = series.assign(**{RUN: series[VALUE].isna().cumsum()}).dropna(subset=VALUE)
        if runs.empty:
            continue
        look = line_style(styles[str(name)]) | marker_style(styles[str(name)])
        sns.lineplot(runs, x=POSITION, y=VALUE, units=RUN, estimator=None, errorbar=None, ax=ax, zorder=3, **look)
    ax.set(xlabel="", ylabel="")


def draw_whiskers(
    ax: Axes,
    points: Points,
    classes: Sequence[str],
    *,
    width: float,
    orient: Orientation = "v",
    colours: Mapping[str, str] | None = None,
    zorder: float = 4,
) -> None:
    """Draw the intervals of the points, ``width`` apart for each series; lying ones have ends and a white border."""
    frame = _to_frame(points, classes).dropna(subset=[LOW, HIGH])
    for position, name in enumerate(points):
        rows = frame[frame[SERIES] == name]
        places = rows[POSITION] + series_offset(position, len(points), width)
        colour = colours[name] if colours else INK
        if orient == "v":
            ax.vlines(places, rows[LOW], rows[HIGH], colors=colour, linewidth=WHISKER, zorder=zorder)
            continue
        ax.hlines(places, rows[LOW], rows[HIGH], colors="white", linewidth=2.4, zorder=zorder)
        ax.hlines(places, rows[LOW], rows[HIGH], colors=colour, linewidth=1.0, zorder=zorder + 1)
        for end in (LOW, HIGH):
            ax.plot(rows[end], places, color=colour, linestyle="", marker="|", markersize=4, zorder=zorder + 1)


def series_offset(position: int, count: int, width: float) -> float:
    """Compute how far the mark of a series stands from the middle of its class, as seaborn places them."""
    return (position - (count - 1) / 2) * width


def _to_frame(points: Points, classes: Sequence[str]) -> pd.DataFrame:
    """Write points as rows: every class of every series, with an empty value where there is none to show.

    An interval of which one end is missing ends at the value.
    """
    rows = []
    for name, own in points.items():
        found = {point.x: point for point in own}
        for position, x in enumerate(classes):
            point = found.get(x)
            value, low, high = (None, None, None) if point is None else (point.value, point.low, point.high)
            if low is not None or high is not None:
                low, high = value if low is None else low, value if high is None else high
            rows.append((position, x, name, value, low, high))
    frame = pd.DataFrame(rows, columns=[POSITION, CLASS, SERIES, VALUE, LOW, HIGH])
    return frame.astype(dict.fromkeys((VALUE, LOW, HIGH), float))

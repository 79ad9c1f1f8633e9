"""The values at the ends of bars: their text, and the size and places at which none of them touches another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from matplotlib.axes import Axes

from si_eval.report.chart_data import ChartData, Point
from si_eval.report.formats import number
from si_eval.report.marks import series_offset
from si_eval.report.style import DPI
from si_eval.report.text import text_width

SIZES = (7.0, 6.5, 6.0)
SMALLEST = SIZES[-1]


class ValueLabels(NamedTuple):
    """The size of the values at the bars (0: they do not fit), and the series and class of those lifted by a line."""

    size: float
    lifted: frozenset[tuple[str, str]]


class _BarEnd(NamedTuple):
    """The end of a bar in inches, and the text that is to stand there: below it where ``down``."""

    x: float
    y: float
    down: bool
    text: str
    key: tuple[str, str]


def value_text(data: ChartData, point: Point, base: float) -> str:
    """Write the value of a bar: for an index figure the difference from 100, with its sign."""
    if not base or point.value is None:
        return point.text.rstrip("%") if data.measure.form in ("share", "percent") else point.text
    text = number(point.value - base, data.language, signed=True)
    sign = "=" if text in ("0", "-0") else "▲" if point.value > base else "▼"
    return f"{sign} {text.lstrip('-') if sign == '=' else text}"


def fit_value_labels(
    data: ChartData,
    ax: Axes,
    points: Mapping[str, Sequence[Point]],
    classes: Sequence[str],
    *,
    width: float,
    base: float,
) -> ValueLabels:
    """Find the largest size at which no two values touch; failing that, lift some by a line; failing that, none."""
    ends = _bar_ends(data, ax, points, classes, width, base)
    for size in SIZES:
        if not any(_touch(one, other, size) for one, other in pairwise(ends)):
            return ValueLabels(size, frozenset())
    lifted = frozenset(one.key for one, other in pairwise(ends) if _touch(one, other, SMALLEST))
    line = line_height(SMALLEST)
    moved = [end._replace(y=end.y + (-line if end.down else line)) if end.key in lifted else end for end in ends]
    near = [(one, other) for place, one in enumerate(moved) for other in moved[place + 1 : place + 4]]
    return ValueLabels(0.0 if any(_touch(one, other, SMALLEST) for one, other in near) else SMALLEST, lifted)


def line_height(size: float) -> float:
    """Compute the height of a line of text in inches."""
    return size / 72 * 1.25


def _bar_ends(
    data: ChartData,
    ax: Axes,
    points: Mapping[str, Sequence[Point]],
    classes: Sequence[str],
    width: float,
    base: float,
) -> list[_BarEnd]:
    """List the ends of the bars from left to right, in inches."""
    box = ax.get_window_extent()
    inches_x = box.width / DPI / len(classes)
    inches_y = box.height / DPI / (ax.get_ylim()[1] - ax.get_ylim()[0])
    ends = []
    for position, (name, own) in enumerate(points.items()):
        for point in own:
            down = point.value is not None and point.value < base
            value = base if point.value is None else point.value
            y = min(value, point.low or value) if down else max(value, point.high or value)
            x = (classes.index(point.x) + series_offset(position, len(points), width)) * inches_x
            ends.append(_BarEnd(x, y * inches_y, down, value_text(data, point, base), (name, point.x)))
    return sorted(ends, key=lambda end: end.x)


def _touch(one: _BarEnd, other: _BarEnd, size: float) -> bool:
    close = other.x - one.x < (text_width(one.text, size) + text_width(other.text, size)) / 2 + 0.03
    return close and one.down == other.down and abs(one.y - other.y) < size / 72 * 1.1

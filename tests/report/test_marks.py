"""The marks that seaborn draws: in their places, in the look of their series, and none for what is not shown."""

from __future__ import annotations

import subprocess
import sys

import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import to_hex

from si_eval.report.chart_data import Point
from si_eval.report.marks import draw_bars, draw_lines, draw_whiskers, series_offset
from si_eval.report.style import GROUP_STYLES, house_style

P, N = "participant", "non_participant"
CLASSES = ["0-9", "10-49", "250+"]
WIDTH = 0.3


def points(*values: float | None) -> list[Point]:
    """Make a point for each class, with an interval of one to each side; None is withheld."""
    return [
        Point(x, value, value and value - 1, value and value + 1, str(value), "", value is None)
        for x, value in zip(CLASSES, values, strict=True)
    ]


SERIES = {P: points(120.0, None, 90.0), N: points(None, 110.0, 130.0)}


@pytest.fixture
def ax():
    with house_style():
        figure, axes = plt.subplots()
        yield axes
        plt.close(figure)


@pytest.mark.parametrize("orient", ["v", "h"])
def test_bars_stand_where_their_values_are_written(ax, orient):
    draw_bars(ax, SERIES, CLASSES, GROUP_STYLES, width=WIDTH, base=100.0, orient=orient)
    drawn = {}
    for patch in ax.patches:
        x, y, width, height = (*patch.get_xy(), patch.get_width(), patch.get_height())
        place, start, size = (x + width / 2, y, height) if orient == "v" else (y + height / 2, x, width)
        drawn[round(place, 6)] = (to_hex(patch.get_facecolor()), patch.get_hatch(), sorted((start, start + size)))
    expected = {
        round(position + series_offset(rank, 2, WIDTH), 6): (
            GROUP_STYLES[name].colour, GROUP_STYLES[name].hatch, sorted((100.0, point.value)),
        )
        for rank, (name, own) in enumerate(SERIES.items())
        for position, point in enumerate(own)
        if point.value is not None
    }  # fmt: skip
    assert drawn == expected


def test_nothing_is_drawn_where_nothing_is_shown(ax):
    hidden = {P: points(None, None, None)}
    draw_bars(ax, hidden, CLASSES, GROUP_STYLES, width=WIDTH)
    draw_lines(ax, hidden, CLASSES, GROUP_STYLES)
    draw_whiskers(ax, hidden, CLASSES, width=WIDTH)
    assert not ax.patches
    assert not ax.lines
    assert not any(len(collection.get_segments()) for collection in ax.collections)


def test_a_line_breaks_at_a_number_that_is_not_shown(ax):
    draw_lines(ax, SERIES, CLASSES, GROUP_STYLES)
    drawn = [(list(line.get_xdata()), to_hex(line.get_color()), line.get_marker()) for line in ax.lines]
    first, second = GROUP_STYLES[P], GROUP_STYLES[N]
    assert drawn == [
        ([0], first.colour, first.marker),
        ([2], first.colour, first.marker),
        ([1, 2], second.colour, second.marker),
    ]
    assert ax.lines[-1].get_markerfacecolor() == "white"


def test_whiskers_span_the_intervals(ax):
    draw_whiskers(ax, SERIES, CLASSES, width=WIDTH)
    ends = [[tuple(segment[:, 1]) for segment in collection.get_segments()] for collection in ax.collections]
    assert ends == [[(119, 121), (89, 91)], [(109, 111), (129, 131)]]


def test_the_package_and_its_charts_load_without_the_drawing():
    code = "import sys, si_eval; si_eval.Chart('bars'); print(sorted({'seaborn'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]", loaded.stderr

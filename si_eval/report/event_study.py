"""The event study: estimates by years since entry, with their intervals, the year of reference and a line at zero."""

from __future__ import annotations

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from si_eval.report.canvas import MARGIN, WIDTH, new_canvas
from si_eval.report.chart_data import ChartData, Point, nice_ticks, series_points, tick_labels
from si_eval.report.labels import value_label
from si_eval.report.marks import draw_whiskers, series_offset
from si_eval.report.selection import ordered_values
from si_eval.report.style import GREY, INK, NOTE_SIZE, TEXT_SIZE, marker_style
from si_eval.report.text import text_width
from si_eval.vocabulary import NOTE, Reason, label

BODY_HEIGHT, AXIS_HEIGHT, COUNT_HEIGHT = 2.2, 0.42, 0.15
SERIES_STEP = 0.16  # between the series, in years
ROOM = 0.06  # of the axis beyond the outermost interval
BEFORE_ENTRY = -0.5  # where the line stands between the last year before entry and the year of entry


def draw_event_study(data: ChartData) -> Figure:
    """Draw the change against others by years since entry; the reference year, zero by definition, is an open dot."""
    years = sorted(ordered_values(data.rows, data.chart.axis), key=int)
    points = {name: series_points(data, data.rows, name, years) for name in data.series}
    reference = sorted(set(data.rows.loc[data.rows[NOTE].map(_is_reference), data.chart.axis]), key=int)
    notes = [label("report_intervals", data.language, data.own)]
    if reference:
        text = label("report_reference_year", data.language, data.own)
        notes.append(text.format(year=value_label(data.chart.axis, reference[0], data.language, data.own)))
    counted = [name for name, own in points.items() if any(point.n for point in own)]
    height = BODY_HEIGHT + AXIS_HEIGHT + COUNT_HEIGHT * len(counted)
    texts = data.texts(subtitle=(data.unit,), notes=tuple(notes), legend=len(data.series) > 1)
    canvas = new_canvas(texts, height)
    ticks = nice_ticks(*_range(points))
    ticks = ticks[(ticks >= _range(points)[0]) & (ticks <= _range(points)[1])]
    left = MARGIN + max(text_width(text, TEXT_SIZE) for text in [*tick_labels(data, ticks), "n"]) + 0.12
    width = WIDTH - MARGIN - left
    ax = canvas.add_axes(left, canvas.top - BODY_HEIGHT, width, BODY_HEIGHT - 0.04)
    _draw_points(data, ax, points, years, set(reference))
    ax.set_yticks(ticks, tick_labels(data, ticks))
    ax.set_ylim(*_range(points))
    _set_axes(ax, years)
    y = canvas.top - BODY_HEIGHT - 0.34
    title = label("report_years_since_entry", data.language, data.own)
    canvas.text(left + width / 2, y, title, fontsize=TEXT_SIZE, color=GREY, ha="center")
    for name in counted:
        y -= COUNT_HEIGHT
        canvas.text(MARGIN, y, "n", fontsize=NOTE_SIZE, color=GREY)
        for point in points[name]:
            x = left + width * (years.index(point.x) + 0.5) / len(years)
            canvas.text(x, y, point.n, fontsize=NOTE_SIZE, color=GREY, ha="center")
    return canvas.figure


def _is_reference(note: str) -> bool:
    """Whether a note says that its row is the reference year."""
    return label(note, "en") == label(Reason.REFERENCE_YEAR.note, "en")


def _range(points: dict[str, list[Point]]) -> tuple[float, float]:
    ends = [end for own in points.values() for one in own for end in (one.value, one.low, one.high) if end is not None]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    room = (high - low or 1.0) * ROOM
    return low - room, high + room


def _draw_points(
    data: ChartData, ax: Axes, points: dict[str, list[Point]], years: list[str], reference: set[str]
) -> None:
    """Draw the whiskers and the dots; a number that is not shown has its mark at zero."""
    edges = {name: data.styles[name].edge for name in points}
    draw_whiskers(ax, points, years, width=SERIES_STEP, colours=edges, zorder=2)
    for position, (name, own) in enumerate(points.items()):
        for point in own:
            x = years.index(point.x) + series_offset(position, len(points), SERIES_STEP)
            look = marker_style(data.styles[name])
            if point.x in reference:
                look["markerfacecolor"] = "white"
            if point.value is None:
                ax.annotate(point.text, (x, 0), (0, 4), textcoords="offset points", ha="center", fontweight="bold")
            else:
                ax.plot([x], [point.value], linestyle="", zorder=4, **look)


def _set_axes(ax: Axes, years: list[str]) -> None:
    """Set up the axes: years along the bottom, a line at zero, a dashed one between before and after entry."""
    ax.set_xlim(-0.5, len(years) - 0.5)
    ax.set_xticks(range(len(years)), [f"{int(year):+d}" if int(year) else "0" for year in years])
    ax.grid(axis="y")
    ax.axhline(0.0, color=INK, linewidth=1.0, zorder=1)
    after = [place for place, year in enumerate(years) if int(year) >= 0]
    if after and after[0] > 0:
        ax.axvline(after[0] + BEFORE_ENTRY, color=GREY, linewidth=0.8, linestyle="--", zorder=1)
    sns.despine(ax=ax, left=True, bottom=True)

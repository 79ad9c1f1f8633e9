"""Diverging stacked bars: answers on a scale to both sides of a middle line, in the order of the questionnaire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from si_eval.errors import StudyError
from si_eval.report.canvas import MARGIN, WIDTH, new_canvas
from si_eval.report.chart_data import ChartData, row_point, units_text
from si_eval.report.formats import breakable, number
from si_eval.report.labels import value_label, value_labels
from si_eval.report.selection import ordered_values
from si_eval.report.style import BLUE, FAINT, GREY, INK, NOTE_SIZE, RULE, SOLID, TEXT_SIZE, VERMILION, SeriesStyle
from si_eval.report.text import text_height, text_width, wrap_text
from si_eval.vocabulary import N_TOTAL

UP, MIDDLE, DOWN = "▲", "=", "▼"  # the signs under which a chart names its answers
BAR_HEIGHT, ROW_GAP, HEAD_HEIGHT = 0.2, 0.09, 0.22
LABEL_WIDTH, COLUMN_GAP, APART_ROOM = 2.1, 0.16, 0.5
SHARE_SIZE = 6.5
MIDDLE_COLOUR = RULE
DARK = 0.45  # of luminance: under it numbers are white
APART_STYLE = SeriesStyle(FAINT, "/////", "o", SOLID)


@dataclass(frozen=True)
class _Scale:
    """The answers from left to right on both sides of the line, those that stand apart, and the look of each."""

    down: list[str]
    middle: list[str]
    up: list[str]
    apart: list[str]

    @property
    def stacked(self) -> list[str]:
        """The answers of the bars, from left to right."""
        return [*self.down, *self.middle, *self.up]

    def styles(self) -> dict[str, SeriesStyle]:
        """Map each answer to its look: darker away from the line, orange-red below it and blue above."""
        sides = ((self.down[::-1], VERMILION), (self.up, BLUE))
        shades = {
            answer: SeriesStyle(shade, "", "o", SOLID)
            for answers, colour in sides
            for answer, shade in zip(answers, sns.light_palette(colour, len(answers) + 1).as_hex()[1:], strict=True)
        }
        return {
            **shades,
            **{answer: SeriesStyle(MIDDLE_COLOUR, "", "o", SOLID) for answer in self.middle},
            **dict.fromkeys(self.apart, APART_STYLE),
        }


@dataclass(frozen=True)
class _Line:
    """The answers to one question: its label, the share of each answer in per cent, and the number of respondents.

    ``shares`` is None where one of them is not shown: the rest of the bar would tell it.
    """

    label: str
    shares: dict[str, float] | None
    mark: str
    n: str

    def total(self, answers: Sequence[str]) -> float:
        """Add the shares of some answers; 0 where they are not shown."""
        return sum(self.shares[answer] for answer in answers) if self.shares else 0.0


def draw_likert(data: ChartData) -> Figure:
    """Draw shares of answers to the left and the right of a line, the middle answer across it, others apart."""
    scale = _scale(data)
    lines = _lines(data, scale)
    styles = scale.styles()
    left = MARGIN + max(text_width(line.label, TEXT_SIZE) for line in lines) + 0.1
    counts = max((text_width(f"n {line.n}", NOTE_SIZE) for line in lines if line.n), default=-COLUMN_GAP)
    sides = [
        max(line.total(scale.middle) / 2 + line.total(side) for line in lines) or 1.0 for side in (scale.down, scale.up)
    ]
    peaks = [max(line.total([answer]) for line in lines) for answer in scale.apart]
    room = WIDTH - MARGIN - left - counts - COLUMN_GAP - (COLUMN_GAP + APART_ROOM) * len(peaks)
    inches = room / (sum(sides) + sum(peaks))  # of one per cent
    width = sum(sides) * inches
    step = max(BAR_HEIGHT, *(text_height(line.label, TEXT_SIZE) for line in lines)) + ROW_GAP
    height = step * len(lines)
    names = value_labels(data.chart.series, [*scale.stacked, *scale.apart], data.language, data.own)
    legend = tuple((names[answer], styles[answer]) for answer in scale.stacked)
    texts = replace(data.texts(subtitle=(data.unit,), legend=False), legend=legend)
    head = HEAD_HEIGHT if scale.apart else 0.04
    canvas = new_canvas(texts, head + height + 0.06)
    bottom = canvas.top - head - height
    ax = canvas.add_axes(left, bottom, width, height)
    _set_axes(ax, [line.label for line in lines])
    ax.set_xlim(-sides[0], sides[1])
    for place, line in enumerate(lines):
        _draw_line(data, ax, place, line, scale, styles, (BAR_HEIGHT / step, inches))
    ax.axvline(0.0, color=INK, linewidth=1.0, zorder=1 if scale.middle else 3)
    at = left + width
    for answer, peak in zip(scale.apart, peaks, strict=True):
        at += COLUMN_GAP
        canvas.text(at, canvas.top - HEAD_HEIGHT / 2, names[answer], fontsize=NOTE_SIZE, color=GREY)
        apart = canvas.add_axes(at, bottom, peak * inches + APART_ROOM, height)
        apart.set_xlim(0, peak + APART_ROOM / inches)
        _draw_apart(data, apart, lines, answer, BAR_HEIGHT / step)
        at += peak * inches + APART_ROOM
    for place, line in enumerate(lines):
        y = bottom + height - (place + 0.5) * step
        canvas.text(WIDTH - MARGIN, y, f"n {line.n}" if line.n else "", fontsize=NOTE_SIZE, color=GREY, ha="right")
    return canvas.figure


def _scale(data: ChartData) -> _Scale:
    """Sort the answers by the side on which the chart puts them, in the order of the table."""
    answers = ordered_values(data.rows, data.chart.series)
    named = {sign: list(words) for sign, words in data.chart.signs.items()}
    unknown = [answer for words in named.values() for answer in words if answer not in answers]
    if unknown or not named.get(UP) or not named.get(DOWN):
        found = f"no answer {', '.join(unknown)}" if unknown else "no signs ▲ and ▼ with answers"
        raise StudyError(
            f"Chart: found {found}; expected signs that name answers of the table ({', '.join(answers)}); "
            'write signs={"▲": […], "=": […], "▼": […]}'
        )
    sides = [[answer for answer in answers if answer in named.get(sign, ())] for sign in (DOWN, MIDDLE, UP)]
    if answers.index(named[UP][0]) < answers.index(named[DOWN][0]):
        sides = [side[::-1] for side in sides]
    used = [answer for side in sides for answer in side]
    down, middle, up = sides
    return _Scale(down, middle, up, [answer for answer in answers if answer not in used])


def _lines(data: ChartData, scale: _Scale) -> list[_Line]:
    """List the questions in the order of the table, or by the share above the line where the chart sorts."""
    questions = ordered_values(data.rows, data.chart.axis)
    lines = []
    for question in questions:
        rows = data.rows[data.rows[data.chart.axis] == question]
        points = {row[data.chart.series]: row_point(data, row, question) for row in rows.to_dict("records")}
        hidden = [points[answer].text for answer in points if points[answer].value is None]
        complete = not hidden and set(points) == {*scale.stacked, *scale.apart}
        totals = rows[N_TOTAL].dropna().unique()
        name = value_label(data.chart.axis, question, data.language, data.own)
        lines.append(
            _Line(
                wrap_text(breakable(name), LABEL_WIDTH, TEXT_SIZE),
                {answer: point.value or 0.0 for answer, point in points.items()} if complete else None,
                hidden[0] if hidden else "",
                units_text(totals[0], data.language) if len(totals) == 1 else "",
            )
        )
    return sorted(lines, key=lambda line: -line.total(scale.up)) if data.chart.sort else lines


def _set_axes(ax: Axes, labels: list[str]) -> None:
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.set_yticks(range(len(labels)), labels)
    ax.set_xticks([])
    ax.grid(visible=False)
    sns.despine(ax=ax, left=True, bottom=True)


def _draw_line(
    data: ChartData,
    ax: Axes,
    place: int,
    line: _Line,
    scale: _Scale,
    styles: dict[str, SeriesStyle],
    size: tuple[float, float],
) -> None:
    """Draw the bar of one question, and its shares where they fit; ``size`` is its height and the inches of 1%."""
    if line.shares is None:
        ax.annotate(line.mark, (0, place), (5, 0), textcoords="offset points", va="center", fontweight="bold")
        return
    thickness, inches = size
    left = -line.total(scale.down) - line.total(scale.middle) / 2
    for answer in scale.stacked:
        share, colour = line.shares[answer], styles[answer].colour
        ax.barh(place, share, thickness, left=left, color=colour, edgecolor="white", linewidth=0.8, zorder=2)
        text = number(share, data.language)
        if share and text_width(text, SHARE_SIZE) + 0.04 < share * inches:
            ink = "white" if _luminance(colour) < DARK else INK
            ax.text(left + share / 2, place, text, fontsize=SHARE_SIZE, ha="center", va="center", color=ink, zorder=4)
        left += share


def _draw_apart(data: ChartData, ax: Axes, lines: list[_Line], answer: str, thickness: float) -> None:
    """Draw the shares of an answer that stands apart as lying bars from a line of their own, in the same scale."""
    shares = [line.shares[answer] if line.shares else 0.0 for line in lines]
    ax.barh(
        range(len(lines)), shares, thickness, color=APART_STYLE.colour, edgecolor=GREY, hatch=APART_STYLE.hatch,
        linewidth=0.6,
    )  # fmt: skip
    _set_axes(ax, [""] * len(lines))
    ax.axvline(0.0, color=GREY, linewidth=0.8)
    for y, line in enumerate(lines):
        text = number(line.shares[answer], data.language) if line.shares else line.mark
        ax.annotate(text, (shares[y], y), (3, 0), textcoords="offset points", va="center", fontsize=SHARE_SIZE)


def _luminance(colour: str) -> float:
    """Compute how light a colour is, from 0 to 1 (ITU-R BT.709)."""
    red, green, blue = to_rgb(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

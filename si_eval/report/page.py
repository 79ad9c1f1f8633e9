"""The page of a figure: house style, title, legend, notes and synthetic label around a body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextToPath

from si_eval.vocabulary import ALL, DIFFERENCE, NON_PARTICIPANTS, PARTICIPANTS, RATIO

WIDTH = 6.3
MARGIN = 0.1
DPI = 200
INK, GREY, RULE, FAINT = "#1a1a1a", "#5a5a5a", "#c9c9c9", "#ececec"
TITLE_SIZE, SUBTITLE_SIZE, TEXT_SIZE, NOTE_SIZE = 10.5, 8.0, 7.5, 6.5
LINE_SPACING = 1.3
SHORTEST = 4  # letters before or after a break within a word
ONSET = re.compile("[^aeiouy][aeiouy]")  # of a syllable
SYNTHETIC_INK, SYNTHETIC_FILL = "#6b2147", "#f7e9f1"
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": TEXT_SIZE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.axisbelow": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.linewidth": 0.7,
    "text.parse_math": False,
    "figure.facecolor": "white",
    "savefig.dpi": DPI,
}


@dataclass(frozen=True)
class SeriesStyle:
    """How a series is told apart, in colour and in black and white."""

    colour: str
    edge: str
    hatch: str
    marker: str
    dash: str
    hollow: bool = False


GROUP_STYLES = {
    PARTICIPANTS: SeriesStyle("#0072B2", "#004c78", "", "o", "-"),
    NON_PARTICIPANTS: SeriesStyle("#E69F00", "#8a5a00", "/////", "s", "--", hollow=True),
    DIFFERENCE: SeriesStyle("#009E73", "#00634a", "....", "^", "-."),
    RATIO: SeriesStyle("#CC79A7", "#8d3f6b", "xxxx", "D", ":"),
    ALL: SeriesStyle("#7a7a7a", "#3d3d3d", "----", "v", "-."),
}
OTHER_STYLES = (
    SeriesStyle("#56B4E9", "#1f6f9f", "", "o", "-"),
    SeriesStyle("#D55E00", "#8a3d00", "/////", "s", "--", hollow=True),
    SeriesStyle("#009E73", "#00634a", "....", "^", "-."),
    SeriesStyle("#CC79A7", "#8d3f6b", "xxxx", "D", ":"),
    SeriesStyle("#F0E442", "#8b8200", "\\\\\\\\", "v", "-"),
    SeriesStyle("#7a7a7a", "#3d3d3d", "----", "P", "--"),
)


@dataclass(frozen=True)
class Frame:
    """What stands around the body: title, subtitle, legend entries, notes, and the synthetic label where it applies.

    An empty title or subtitle takes no room.
    """

    title: str
    subtitle: str
    legend: tuple[tuple[str, SeriesStyle], ...]
    notes: tuple[str, ...]
    synthetic: str = ""
    lines: bool = False


@dataclass(frozen=True)
class Page:
    """A figure with an empty body. All positions are inches from the lower left corner."""

    figure: Figure
    bottom: float
    top: float

    def axes(self, left: float, bottom: float, width: float, height: float) -> Axes:
        """Add axes at a place in inches."""
        page_width, page_height = self.figure.get_size_inches()
        box = (left / page_width, bottom / page_height, width / page_width, height / page_height)
        return self.figure.add_axes(box)

    def write(self, x: float, y: float, text: str, **style: Any) -> None:
        """Write text at a place in inches."""
        look: dict[str, Any] = {
            "fontsize": TEXT_SIZE,
            "color": INK,
            "va": "center",
            "linespacing": LINE_SPACING,
        } | style
        self.figure.text(x, y, text, transform=self.figure.dpi_scale_trans, **look)

    def box(self, x: float, y: float, width: float, height: float, **style: Any) -> None:
        """Draw a rectangle at a place in inches."""
        patch = Rectangle((x, y), width, height, transform=self.figure.dpi_scale_trans, **style)
        self.figure.add_artist(patch)

    def mark(self, x: float, y: float, style: SeriesStyle, *, line: bool = False) -> None:
        """Draw the key of a series, centred at a place in inches."""
        place = self.figure.dpi_scale_trans
        if not line:
            self.box(x - 0.08, y - 0.045, 0.16, 0.09, **bar_style(style))
            return
        self.figure.add_artist(Line2D([x - 0.14, x + 0.14], [y, y], transform=place, **line_style(style, marker=False)))
        self.figure.add_artist(Line2D([x], [y], transform=place, **line_style(style)))


@contextmanager
def house_style() -> Iterator[None]:
    """Draw under the house style alone, whatever the reader's own settings are."""
    with matplotlib.style.context(STYLE, after_reset=True):
        yield


def open_page(frame: Frame, body_height: float) -> Page:
    """Make a page whose body is ``body_height`` inches high; the rest takes the room that its words need."""
    inner = WIDTH - 2 * MARGIN
    title = wrap(frame.title, inner, TITLE_SIZE, bold=True)
    subtitle = wrap(frame.subtitle, inner, SUBTITLE_SIZE)
    notes = [wrap(note, inner, NOTE_SIZE) for note in frame.notes if note]
    rows = _legend_rows(frame, inner)
    tag = 0.24 if frame.synthetic else 0.0
    header = tag + _room(title, TITLE_SIZE) + _room(subtitle, SUBTITLE_SIZE) + 0.2 * len(rows) + 0.08
    footer = sum(height_of(note, NOTE_SIZE) for note in notes) + 0.1
    height = 2 * MARGIN + header + body_height + footer
    figure = Figure(figsize=(WIDTH, round(height * DPI) / DPI), dpi=DPI)
    FigureCanvasAgg(figure)
    page = Page(figure, bottom=MARGIN + footer, top=MARGIN + footer + body_height)
    y = height - MARGIN
    if frame.synthetic:
        _synthetic_tag(page, y, frame.synthetic)
        y -= tag
    if title:
        page.write(MARGIN, y, title, fontsize=TITLE_SIZE, fontweight="bold", va="top")
        y -= _room(title, TITLE_SIZE)
    if subtitle:
        page.write(MARGIN, y, subtitle, fontsize=SUBTITLE_SIZE, color=GREY, va="top")
        y -= _room(subtitle, SUBTITLE_SIZE)
    _draw_legend(page, rows, y, lines=frame.lines)
    y = MARGIN + footer - 0.1
    for note in notes:
        page.write(MARGIN, y, note, fontsize=NOTE_SIZE, color=GREY, va="top")
        y -= height_of(note, NOTE_SIZE)
    return page


def bar_style(style: SeriesStyle) -> dict[str, Any]:
    """Give the look of a bar: fill, edge and hatch."""
    return {"facecolor": style.colour, "edgecolor": style.edge, "hatch": style.hatch, "linewidth": 0.6}


def line_style(style: SeriesStyle, *, marker: bool = True) -> dict[str, Any]:
    """Give the look of a line: colour, dashes and, unless told otherwise, markers."""
    look: dict[str, Any] = {"color": style.colour, "linestyle": style.dash, "linewidth": 1.5}
    if marker:
        face = "white" if style.hollow else style.colour
        look |= {"marker": style.marker, "markersize": 4.5, "markerfacecolor": face, "markeredgecolor": style.edge}
    return look


def series_styles(dimension_values: Sequence[str], *, groups: bool) -> dict[str, SeriesStyle]:
    """Give every series its look; a group has the same one in every figure."""
    if groups:
        return {value: GROUP_STYLES.get(value, OTHER_STYLES[-1]) for value in dimension_values}
    return {value: OTHER_STYLES[place % len(OTHER_STYLES)] for place, value in enumerate(dimension_values)}


@lru_cache(maxsize=4096)
def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Measure a line of text in inches."""
    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    widths = [TextToPath().get_text_width_height_descent(line, font, ismath=False)[0] for line in text.split("\n")]
    return max(widths) / 72


def height_of(text: str, size: float) -> float:
    """Measure the height of wrapped text in inches."""
    return (text.count("\n") + 1) * size * LINE_SPACING / 72 * 1.08


def wrap(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Break text at spaces, and within a word that is too long, so that no line is wider than ``width`` inches."""
    if width_of(text, size, bold=bold) <= width:
        return text
    lines, line = [], ""
    for word in _short_words(text.split(" "), width, size, bold):
        longer = f"{line} {word}" if line else word
        if line and width_of(longer, size, bold=bold) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return "\n".join([*lines, line])


def _room(text: str, size: float) -> float:
    """Give the height of a line of the header and the space below it; none where there is nothing to write."""
    return height_of(text, size) + 0.04 if text else 0.0


def _short_words(words: Sequence[str], width: float, size: float, bold: bool) -> Iterator[str]:
    """Break words that are too long, where a syllable may begin if there is such a place."""
    for word in words:
        rest = word
        while len(rest) > SHORTEST and width_of(rest, size, bold=bold) > width:
            fits = [
                place
                for place in range(len(rest) - 1, SHORTEST - 1, -1)
                if width_of(rest[:place] + "-", size, bold=bold) <= width
            ]
            onsets = (place for place in fits if ONSET.match(rest, place) and len(rest) - place >= SHORTEST)
            cut = next(onsets, next(iter(fits), SHORTEST - 1))
            yield rest[:cut] + "-"
            rest = rest[cut:]
        yield rest


def _legend_rows(frame: Frame, inner: float) -> list[list[tuple[float, str, SeriesStyle]]]:
    rows: list[list[tuple[float, str, SeriesStyle]]] = []
    x = inner
    key = 0.36 if frame.lines else 0.25
    for text, style in frame.legend:
        needed = key + width_of(text, TEXT_SIZE) + 0.25
        if x + needed > inner:
            rows.append([])
            x = 0.0
        rows[-1].append((x, text, style))
        x += needed
    return rows


def _draw_legend(page: Page, rows: list[list[tuple[float, str, SeriesStyle]]], top: float, *, lines: bool) -> None:
    key = 0.36 if lines else 0.25
    for number, row in enumerate(rows):
        y = top - 0.1 - 0.2 * number
        for x, text, style in row:
            page.mark(MARGIN + x + key / 2 - 0.04, y, style, line=lines)
            page.write(MARGIN + x + key, y, text)


def _synthetic_tag(page: Page, top: float, text: str) -> None:
    width = width_of(text, NOTE_SIZE, bold=True) + 0.14
    left = WIDTH - MARGIN - width
    page.box(left, top - 0.18, width, 0.17, facecolor=SYNTHETIC_FILL, edgecolor=SYNTHETIC_INK, linewidth=0.6)
    page.write(
        left + width / 2, top - 0.098, text, fontsize=NOTE_SIZE, fontweight="bold", color=SYNTHETIC_INK, ha="center"
    )

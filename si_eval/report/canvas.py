"""The canvas of a figure: title, legend, notes and synthetic tag around an empty body, all in inches."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from PIL import Image

from si_eval.report.style import (
    DPI,
    GREY,
    INK,
    LINE_SPACING,
    NOTE_SIZE,
    SUBTITLE_SIZE,
    TEXT_SIZE,
    TITLE_SIZE,
    SeriesStyle,
    bar_style,
    line_style,
    marker_style,
)
from si_eval.report.text import text_height, text_width, wrap_text

WIDTH = 6.3
MARGIN = 0.1
TAG_COLOUR, TAG_FILL = "#6b2147", "#f7e9f1"
COLOURS = 256  # of a picture: a quarter of the bytes of full colour, and no colour that is seen differs
Keys = Literal["bars", "lines", "dots"]
LegendRow = list[tuple[float, str, SeriesStyle]]


@dataclass(frozen=True)
class FigureTexts:
    """What is written around the body: title, subtitle, legend entries, notes, and the synthetic tag if there is one.

    An empty title or subtitle takes no room. ``keys`` is what the legend shows of a series.
    """

    title: str
    subtitle: str
    legend: tuple[tuple[str, SeriesStyle], ...]
    notes: tuple[str, ...]
    synthetic: str = ""
    keys: Keys = "bars"


@dataclass(frozen=True)
class Canvas:
    """A figure with an empty body from ``bottom`` to ``top``. Positions are inches from the lower left corner."""

    figure: Figure
    bottom: float
    top: float

    def add_axes(self, left: float, bottom: float, width: float, height: float) -> Axes:
        """Add axes at a place in inches."""
        figure_width, figure_height = self.figure.get_size_inches()
        box = (left / figure_width, bottom / figure_height, width / figure_width, height / figure_height)
        return self.figure.add_axes(box)

    def text(self, x: float, y: float, text: str, **style: Any) -> None:
        """Write text at a place in inches; ``style`` goes to matplotlib."""
        look = {"fontsize": TEXT_SIZE, "color": INK, "va": "center", "linespacing": LINE_SPACING, **style}
        self.figure.text(x, y, text, transform=self.figure.dpi_scale_trans, **look)

    def rectangle(self, x: float, y: float, width: float, height: float, **style: Any) -> None:
        """Draw a rectangle at a place in inches; ``style`` goes to matplotlib."""
        self.figure.add_artist(Rectangle((x, y), width, height, transform=self.figure.dpi_scale_trans, **style))

    def legend_key(self, x: float, y: float, style: SeriesStyle, *, keys: Keys = "bars") -> None:
        """Draw the key of a series, centred at a place in inches."""
        if keys == "bars":
            self.rectangle(x - 0.08, y - 0.045, 0.16, 0.09, **bar_style(style))
            return
        whisker = {"color": style.edge, "linewidth": 1.0}
        line = whisker if keys == "dots" else line_style(style)
        for xs, look in (([x - 0.14, x + 0.14], line), ([x], line | marker_style(style))):
            self.figure.add_artist(Line2D(xs, [y] * len(xs), transform=self.figure.dpi_scale_trans, **look))


def new_canvas(texts: FigureTexts, body_height: float) -> Canvas:
    """Make a canvas whose body is ``body_height`` inches high; the rest takes the room that its texts need."""
    inner = WIDTH - 2 * MARGIN
    title = wrap_text(texts.title, inner, TITLE_SIZE, bold=True)
    subtitle = wrap_text(texts.subtitle, inner, SUBTITLE_SIZE)
    notes = [wrap_text(note, inner, NOTE_SIZE) for note in texts.notes if note]
    rows = _legend_rows(texts, inner)
    tag = 0.24 if texts.synthetic else 0.0
    header = tag + _header_height(title, TITLE_SIZE) + _header_height(subtitle, SUBTITLE_SIZE) + 0.2 * len(rows) + 0.08
    footer = sum(text_height(note, NOTE_SIZE) for note in notes) + 0.1
    height = 2 * MARGIN + header + body_height + footer
    figure = Figure(figsize=(WIDTH, round(height * DPI) / DPI), dpi=DPI)
    FigureCanvasAgg(figure)
    canvas = Canvas(figure, bottom=MARGIN + footer, top=MARGIN + footer + body_height)
    y = height - MARGIN
    if texts.synthetic:
        _draw_tag(canvas, y, texts.synthetic)
        y -= tag
    if title:
        canvas.text(MARGIN, y, title, fontsize=TITLE_SIZE, fontweight="bold", va="top")
        y -= _header_height(title, TITLE_SIZE)
    if subtitle:
        canvas.text(MARGIN, y, subtitle, fontsize=SUBTITLE_SIZE, color=GREY, va="top")
        y -= _header_height(subtitle, SUBTITLE_SIZE)
    _draw_legend(canvas, rows, y, texts.keys)
    y = MARGIN + footer - 0.1
    for note in notes:
        canvas.text(MARGIN, y, note, fontsize=NOTE_SIZE, color=GREY, va="top")
        y -= text_height(note, NOTE_SIZE)
    return canvas


def to_png(figure: Figure) -> bytes:
    """Draw a figure at its own resolution as a PNG of 256 colours without metadata, the same bytes every time."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba()).convert("RGB")
    buffer = io.BytesIO()
    fewer = picture.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    fewer.save(buffer, format="png", dpi=(figure.dpi, figure.dpi))
    return buffer.getvalue()


def _header_height(text: str, size: float) -> float:
    """Compute the height of a line of the header and the space below it; 0 where there is nothing to write."""
    return text_height(text, size) + 0.04 if text else 0.0


def _legend_rows(texts: FigureTexts, inner: float) -> list[LegendRow]:
    """Break the legend into rows: of each entry the place in inches, its text and its look."""
    rows: list[LegendRow] = []
    x = inner
    key = _key_width(texts.keys)
    for text, style in texts.legend:
        needed = key + text_width(text, TEXT_SIZE) + 0.25
        if x + needed > inner:
            rows.append([])
            x = 0.0
        rows[-1].append((x, text, style))
        x += needed
    return rows


def _draw_legend(canvas: Canvas, rows: list[LegendRow], top: float, keys: Keys) -> None:
    key = _key_width(keys)
    for number, row in enumerate(rows):
        y = top - 0.1 - 0.2 * number
        for x, text, style in row:
            canvas.legend_key(MARGIN + x + key / 2 - 0.04, y, style, keys=keys)
            canvas.text(MARGIN + x + key, y, text)


def _key_width(keys: Keys) -> float:
    return 0.25 if keys == "bars" else 0.36


def _draw_tag(canvas: Canvas, top: float, text: str) -> None:
    """Draw the tag that says that the data are synthetic, in the upper right corner."""
    width = text_width(text, NOTE_SIZE, bold=True) + 0.14
    left = WIDTH - MARGIN - width
    canvas.rectangle(left, top - 0.18, width, 0.17, facecolor=TAG_FILL, edgecolor=TAG_COLOUR, linewidth=0.6)
    middle = left + width / 2
    canvas.text(middle, top - 0.098, text, fontsize=NOTE_SIZE, fontweight="bold", color=TAG_COLOUR, ha="center")

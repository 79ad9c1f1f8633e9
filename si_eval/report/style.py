"""The house style of figures: seaborn's theme and palette, with hatches, markers and dashes that print in black."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import matplotlib.style
import seaborn as sns
from matplotlib.colors import to_hex

from si_eval.vocabulary import ALL, DIFFERENCE, NON_PARTICIPANTS, PARTICIPANTS, RATIO

DPI = 200
INK, GREY, RULE, FAINT = "#1a1a1a", "#5a5a5a", "#c9c9c9", "#ececec"
TITLE_SIZE, SUBTITLE_SIZE, TEXT_SIZE, NOTE_SIZE = 10.5, 8.0, 7.5, 6.5
FONT = "DejaVu Sans"
LINE_SPACING = 1.3
DARKEN = 0.42  # part of black in an edge: dark enough to read as text
BLUE, ORANGE, GREEN, VERMILION, PINK, _, _, MID_GREY, YELLOW, SKY = sns.color_palette("colorblind").as_hex()
SOLID, DASHED, DASH_DOTTED, DOTTED = "", (3.7, 1.6), (6.4, 1.6, 1.0, 1.6), (1.0, 1.65)  # as seaborn takes dashes
Dash = str | tuple[float, ...]


@dataclass(frozen=True)
class SeriesStyle:
    """How a series is told apart, in colour and in black and white."""

    colour: str
    hatch: str
    marker: str
    dash: Dash
    hollow: bool = False

    @property
    def edge(self) -> str:
        """The darker shade of the colour, for edges and for text."""
        return _darker(self.colour)


GROUP_STYLES = {
    PARTICIPANTS: SeriesStyle(BLUE, "", "o", SOLID),
    NON_PARTICIPANTS: SeriesStyle(ORANGE, "/////", "s", DASHED, hollow=True),
    DIFFERENCE: SeriesStyle(GREEN, "....", "^", DASH_DOTTED),
    RATIO: SeriesStyle(PINK, "xxxx", "D", DOTTED),
    ALL: SeriesStyle(MID_GREY, "----", "v", DASH_DOTTED),
}
OTHER_STYLES = (
    SeriesStyle(SKY, "", "o", SOLID),
    SeriesStyle(VERMILION, "/////", "s", DASHED, hollow=True),
    SeriesStyle(GREEN, "....", "^", DASH_DOTTED),
    SeriesStyle(PINK, "xxxx", "D", DOTTED),
    SeriesStyle(YELLOW, "\\\\\\\\", "v", SOLID),
    SeriesStyle(MID_GREY, "----", "P", DASHED),
)


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house style alone, whatever the reader's own settings are."""
    with matplotlib.style.context(_settings(), after_reset=True):
        yield


@cache
def _settings() -> dict[str, Any]:
    """Return the matplotlib settings of the house style: a light grid on white, no ticks, no box."""
    look = {
        "font.family": FONT,
        "axes.edgecolor": GREY,
        "axes.spines.left": True,
        "axes.spines.bottom": True,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.grid": False,
        "grid.color": FAINT,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
    }
    sizes = {
        "font.size": TEXT_SIZE,
        "xtick.labelsize": TEXT_SIZE,
        "ytick.labelsize": TEXT_SIZE,
        "axes.linewidth": 0.8,
        "grid.linewidth": 0.7,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        "lines.linewidth": 1.5,
        "lines.markersize": 4.5,
        "patch.linewidth": 0.6,
    }
    own = {"hatch.linewidth": 0.7, "text.parse_math": False, "savefig.dpi": DPI}
    return {**sns.axes_style("whitegrid", rc=look), **sns.plotting_context("paper", rc=sizes), **own}


def series_styles(values: Sequence[str], *, groups: bool) -> dict[str, SeriesStyle]:
    """Map every series to its look; a group has the same one in every figure."""
    if groups:
        return {value: GROUP_STYLES.get(value, OTHER_STYLES[-1]) for value in values}
    return {value: OTHER_STYLES[position % len(OTHER_STYLES)] for position, value in enumerate(values)}


def bar_style(style: SeriesStyle) -> dict[str, Any]:
    """Return the look of a bar as matplotlib takes it: fill, edge and hatch."""
    return {"facecolor": style.colour, "edgecolor": style.edge, "hatch": style.hatch, "linewidth": 0.6}


def marker_style(style: SeriesStyle) -> dict[str, Any]:
    """Return the look of a marker as matplotlib takes it; a hollow one is filled with white."""
    face = "white" if style.hollow else style.colour
    return {"marker": style.marker, "markersize": 4.5, "markerfacecolor": face, "markeredgecolor": style.edge,
            "markeredgewidth": 1.0}  # fmt: skip


def line_style(style: SeriesStyle) -> dict[str, Any]:
    """Return the look of a line as matplotlib takes it: colour and dashes."""
    return {"color": style.colour, "linestyle": (0, style.dash) if style.dash else "-", "linewidth": 1.5}


@cache
def _darker(colour: str) -> str:
    return to_hex(sns.blend_palette([colour, "black"], 101)[round(DARKEN * 100)])

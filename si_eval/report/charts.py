"""Figures: one PNG of a SafeTable, in the house style and in one language."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.figure import Figure

from si_eval.results import SafeTable
from si_eval.vocabulary import Language

from .bars import draw_bars
from .border import require_safe
from .grids import draw_direction, draw_profile, draw_table
from .layers import draw_layers
from .lines import draw_lines
from .page import house_style
from .plot import Plot, prepare
from .png import to_png
from .shares import draw_shares
from .specification import Chart
from .words import draw_words

DRAWINGS: dict[str, Callable[[Plot], Figure]] = {
    "bars": draw_bars,
    "index": draw_bars,
    "shares": draw_shares,
    "lines": draw_lines,
    "profile": draw_profile,
    "direction": draw_direction,
    "table": draw_table,
    "words": draw_words,
}


def draw(safe: SafeTable, chart: Chart, *, language: Language, titled: bool = True) -> bytes:
    """Draw a table as a PNG of 16 cm wide at 200 dots an inch, without metadata, the same bytes every time.

    Suppressed cells are drawn as ``*`` at the base line. ``titled`` is false for a figure that stands under a caption
    with its title. Raises DisclosureError for anything but a SafeTable and StudyError where the chart leaves more than
    one number for a place.
    """
    if chart.kind == "layers":
        return draw_layers(safe, language=language, titled=titled)
    with house_style():
        return to_png(figure_of(safe, chart, language=language, titled=titled))


def figure_of(safe: SafeTable, chart: Chart, *, language: Language, titled: bool = True) -> Figure:
    """Give the figure itself, for checks of its layout; draw it under ``house_style``."""
    return DRAWINGS[chart.kind](prepare(require_safe(safe), chart, language, titled=titled))


__all__ = ["Chart", "draw", "figure_of"]

"""How large text is in a figure, in inches, and where its lines break."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from si_eval.report.style import FONT, LINE_SPACING

MIN_PIECE = 4  # letters before or after a break within a word
SYLLABLE_START = re.compile("[^aeiouy][aeiouy]")


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Measure the widest line of a text in inches."""
    font = FontProperties(family=FONT, size=size, weight="bold" if bold else "normal")
    widths = [TextToPath().get_text_width_height_descent(line, font, ismath=False)[0] for line in text.split("\n")]
    return float(max(widths)) / 72


def text_height(text: str, size: float) -> float:
    """Measure the height of wrapped text in inches."""
    return (text.count("\n") + 1) * size * LINE_SPACING / 72 * 1.08


def wrap_text(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Break text at spaces, and within a word that is too long, so that no line is wider than ``width`` inches."""
    if text_width(text, size, bold=bold) <= width:
        return text
    lines, line = [], ""
    for word in _pieces(text.split(" "), width, size, bold):
        longer = f"{line} {word}" if line else word
        if line and text_width(longer, size, bold=bold) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return "\n".join([*lines, line])


def _pieces(words: Sequence[str], width: float, size: float, bold: bool) -> Iterator[str]:
    """Break words that are too long, where a syllable may begin if there is such a place."""
    for word in words:
        rest = word
        while len(rest) > MIN_PIECE and text_width(rest, size, bold=bold) > width:
            fits = [
                place
                for place in range(len(rest) - 1, MIN_PIECE - 1, -1)
                if text_width(rest[:place] + "-", size, bold=bold) <= width
            ]
            starts = (place for place in fits if SYLLABLE_START.match(rest, place) and len(rest) - place >= MIN_PIECE)
            cut = next(starts, next(iter(fits), MIN_PIECE - 1))
            yield rest[:cut] + "-"
            rest = rest[cut:]
        yield rest

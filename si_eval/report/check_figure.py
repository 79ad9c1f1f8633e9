"""A figure of checks: a heading over each kind, a line a check, and a fill under those that depart."""

from __future__ import annotations

from matplotlib.figure import Figure

from si_eval.report.canvas import MARGIN, WIDTH, Canvas, new_canvas
from si_eval.report.chart_data import ChartData
from si_eval.report.check_lines import COLUMNS, CheckLine, list_checks
from si_eval.report.direction import FILL_COLOURS
from si_eval.report.style import RULE
from si_eval.report.text import text_height, wrap_text
from si_eval.vocabulary import label

SIZE = 6.6
WIDTHS = (3.05, 1.2, 0.55, 1.3)  # inches: check, what is expected, places, how it came out
PADDING, GAP, LINE_WIDTH = 0.025, 0.08, 0.005
FILL = FILL_COLOURS["▼"]


def draw_check_list(data: ChartData) -> Figure:
    """Draw the checks of plausibility, heading by heading; those that depart stand first and are filled."""
    blocks = list_checks(data.rows, data.language)
    heads = [label(name, data.language) for name in COLUMNS]
    lines = [(heading, [_broken(line) for line in some], some[0].departs) for heading, some in blocks]
    heading_height = text_height("", SIZE) + 2 * PADDING + GAP
    height = sum(heading_height + sum(map(_height, some)) for _, some, _ in lines)
    top = max(text_height(head, SIZE) for head in heads) + 2 * PADDING
    canvas = new_canvas(data.texts(legend=False), top + height)
    _write(canvas, heads, canvas.top - top / 2, weight="bold")
    y = canvas.top - top
    for heading, some, departs in lines:
        y -= heading_height
        canvas.text(MARGIN, y + (heading_height - GAP) / 2, heading, fontsize=SIZE, fontweight="bold")
        for texts in some:
            y -= _height(texts)
            look = {"facecolor": FILL if departs else RULE, "edgecolor": "none"}
            canvas.rectangle(MARGIN, y, WIDTH - 2 * MARGIN, _height(texts) if departs else LINE_WIDTH, **look)
            _write(canvas, texts, y + _height(texts) / 2)
    return canvas.figure


def _broken(line: CheckLine) -> list[str]:
    """Return the texts of a line, broken to the widths of their columns."""
    texts = (line.name, line.expected, line.judged, line.outcome)
    return [wrap_text(text, width - 0.1, SIZE) for text, width in zip(texts, WIDTHS, strict=True)]


def _height(texts: list[str]) -> float:
    return max(text_height(text, SIZE) for text in texts) + 2 * PADDING


def _write(canvas: Canvas, texts: list[str], middle: float, *, weight: str = "normal") -> None:
    """Write the texts of a line in their columns; numbers stand at the right."""
    left = MARGIN
    for place, (text, width) in enumerate(zip(texts, WIDTHS, strict=True)):
        numeric = COLUMNS[place] == COLUMNS[2]
        x = left + width - 0.15 if numeric else left
        canvas.text(x, middle, text, fontsize=SIZE, fontweight=weight, ha="right" if numeric else "left")
        left += width

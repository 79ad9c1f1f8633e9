"""A heat map of directions: by indicator and class, whether participants stand above or below non-participants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from si_eval.report.canvas import MARGIN, WIDTH, new_canvas
from si_eval.report.chart_data import ChartData
from si_eval.report.difference import Key, differences_by_place, place_of
from si_eval.report.direction import FILL_COLOURS, TEXT_COLOURS, Direction, compare_direction
from si_eval.report.formats import breakable
from si_eval.report.grid import Row, TableGrid, lay_out
from si_eval.report.labels import NOT_COMPUTABLE_MARK, cell_text, count_text, value_label, value_labels
from si_eval.report.selection import ordered_values
from si_eval.report.style import GREY, TEXT_SIZE
from si_eval.report.text import text_height, text_width, wrap_text
from si_eval.vocabulary import GROUP, INDICATOR, NON_PARTICIPANTS, PARTICIPANTS, label

SIGN_SIZE, SMALL_SIGN_SIZE = 8.5, 7.0
VALUE_SIZES = (6.3, 5.8, 5.2, 4.8)
COUNT_SIZE = 5.4
HEAD_HEIGHT = 0.44
ROW_HEIGHT = 0.5


@dataclass(frozen=True)
class _Cell:
    """A cell of the grid: how the groups compare, and their rows."""

    direction: Direction
    rows: Sequence[Row]


def draw_direction_grid(data: ChartData) -> Figure:
    """Draw by indicator and class whether participants stand above or below non-participants."""
    layout = lay_out(data.rows, columns=(data.chart.axis, GROUP))
    classes = ordered_values(data.rows, data.chart.axis)
    labels = value_labels(INDICATOR, [key[0] for key in layout.row_keys], data.language, data.own)
    names = [wrap_text(breakable(labels[key[0]]), 1.75, TEXT_SIZE) for key in layout.row_keys]
    height = max(ROW_HEIGHT, *(text_height(name, TEXT_SIZE) + 0.08 for name in names))
    left = MARGIN + max(text_width(name, TEXT_SIZE) for name in names) + 0.12
    width = (WIDTH - MARGIN - left) / len(classes)
    notes = (
        f"{label('report_direction', data.language, data.own)} ({data.unit}).",
        label("report_colour", data.language, data.own),
    )
    canvas = new_canvas(data.texts(notes=notes, legend=False), HEAD_HEIGHT + height * len(names) + 0.08)
    bottom = canvas.top - HEAD_HEIGHT - height * len(names)
    ax = canvas.add_axes(left, bottom, width * len(classes), height * len(names))
    differences = differences_by_place(data.safe)
    cells = [[_compare(data, layout, key, name, differences) for name in classes] for key in layout.row_keys]
    signs = pd.DataFrame([[cell.direction.shade if cell else NOT_COMPUTABLE_MARK for cell in row] for row in cells])
    _draw_heat_map(ax, signs, [value_label(data.chart.axis, name, data.language, data.own) for name in classes])
    ax.set_xlabel(label(data.chart.axis, data.language, data.own), color=GREY, fontsize=TEXT_SIZE, labelpad=6)
    for row, name in enumerate(names):
        canvas.text(MARGIN, bottom + height * (len(names) - row - 0.5), name)
        for column, cell in enumerate(cells[row]):
            if cell is not None:
                _write_cell(data, ax, (column, row), cell, width)
    return canvas.figure


def _compare(
    data: ChartData, layout: TableGrid, key: tuple[str, ...], name: str, differences: Mapping[Key, Row]
) -> _Cell | None:
    """Compare the groups in one cell; None where the table has neither."""
    pair = layout.cells.get((key, (name, PARTICIPANTS))), layout.cells.get((key, (name, NON_PARTICIPANTS)))
    rows = [row for row in pair if row]
    if not rows:
        return None
    difference = differences.get(place_of(rows[0]))
    direction = compare_direction(*pair, data.measure, data.language, difference=difference)
    return _Cell(direction, rows) if direction else None


def _draw_heat_map(ax: Axes, signs: pd.DataFrame, labels: list[str]) -> None:
    """Fill the cells by their sign, with the labels of the columns above them."""
    order = list(FILL_COLOURS)
    codes = signs.apply(lambda column: column.map(order.index))
    sns.heatmap(
        codes, cmap=ListedColormap(list(FILL_COLOURS.values())), vmin=0, vmax=len(order) - 1, cbar=False,
        linewidths=2.0, linecolor="white", xticklabels=labels, yticklabels=False, ax=ax,
    )  # fmt: skip
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set_xticklabels(labels, rotation=0, fontweight="bold")


def _write_cell(data: ChartData, ax: Axes, place: tuple[int, int], cell: _Cell, width: float) -> None:
    """Write sign, both values and both numbers of units in a cell that is ``width`` inches wide."""
    direction, rows = cell.direction, cell.rows
    x, y = place[0] + 0.5, place[1]
    style: dict[str, Any] = {"ha": "center", "va": "center"}
    fits = text_width(direction.text, SIGN_SIZE, bold=True) < width - 0.08
    ax.text(
        x, y + 0.27, direction.text, fontsize=SIGN_SIZE if fits else SMALL_SIGN_SIZE,
        fontweight="normal" if direction.uncertain else "bold",
        color=TEXT_COLOURS[direction.shade], **style,
    )  # fmt: skip
    values = " | ".join(cell_text(row, data.measure, data.language, symbol=False) for row in rows)
    size = next((size for size in VALUE_SIZES if text_width(values, size) < width - 0.06), VALUE_SIZES[-1])
    ax.text(x, y + 0.57, values, fontsize=size, **style)
    counts = " | ".join(count_text(row, data.language) or NOT_COMPUTABLE_MARK for row in rows)
    ax.text(x, y + 0.82, counts, fontsize=COUNT_SIZE, color=GREY, **style)

"""Figures that are grids: directions in colour and sign, a plain table, and the profile of sectors."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from math import ceil
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from si_eval.vocabulary import (
    AGE,
    ALL,
    ESTIMATE,
    GROUP,
    INDICATOR,
    MEAN,
    N_UNITS,
    NON_PARTICIPANTS,
    PARTICIPANTS,
    SECTOR,
    SHARE,
    SIZE_CLASS,
    STATISTIC,
    UNIT_OF_MEASURE,
    label,
)

from .arrange import Grid, Key, grid, levels
from .border import NUMBER, STATE, WITHHELD
from .contrast import FILLS, INKS, contrast
from .formats import NO_BREAK, measure_key, measures, number
from .page import (
    FAINT,
    GREY,
    GROUP_STYLES,
    MARGIN,
    NOTE_SIZE,
    RULE,
    TEXT_SIZE,
    WIDTH,
    Page,
    bar_style,
    height_of,
    open_page,
    width_of,
    wrap,
)
from .plot import Plot, units_text
from .stubs import row_names
from .values import cell_text
from .wording import ASTERISK, DOT, term, terms

BIG = 8.5
UNITS_SIZE = 5.4
UNITS_HEIGHT = 0.11


def draw_direction(plot: Plot) -> Figure:
    """Draw per indicator and class whether participants stand above or below non-participants."""
    layout = grid(plot.rows, columns=(plot.chart.axis, GROUP))
    columns = levels(plot.rows, plot.chart.axis)
    short = terms(INDICATOR, [key[0] for key in layout.row_keys], plot.language)
    names = [wrap(_plain(short[key[0]]), 1.75, TEXT_SIZE) for key in layout.row_keys]
    heights = [max(0.5, height_of(name, TEXT_SIZE) + 0.08) for name in names]
    left = MARGIN + max(width_of(name, TEXT_SIZE) for name in names) + 0.12
    width = (WIDTH - MARGIN - left) / len(columns)
    notes = (f"{label('report_direction', plot.language)} ({plot.unit}).",)
    page = open_page(plot.frame(notes=notes, legend=False), 0.42 + sum(heights) + 0.06)
    page.write(
        left + width * len(columns) / 2, page.top - 0.08, label(plot.chart.axis, plot.language), ha="center", color=GREY
    )
    for place, column in enumerate(columns):
        x = left + width * (place + 0.5)
        page.write(x, page.top - 0.28, term(plot.chart.axis, column, plot.language), ha="center", fontweight="bold")
    y = page.top - 0.4
    for key, name, height in zip(layout.row_keys, names, heights, strict=True):
        page.write(MARGIN, y - height / 2, name)
        for place, column in enumerate(columns):
            _direction_cell(plot, page, _pair(layout, key, column), (left + width * place, y - height, width, height))
        y -= height
    return page.figure


def draw_table(plot: Plot) -> Figure:
    """Draw a plain numeric table: spanners over the columns, a heading over each block of rows."""
    layout = grid(plot.rows)
    kinds = measures(plot.rows, divisor=plot.chart.divisor)
    lines = _table_lines(plot, layout)
    left = MARGIN + max(width_of(text, TEXT_SIZE) for _, text in lines if _) + 0.18
    width = (WIDTH - MARGIN - left) / len(layout.column_keys)
    heads = _table_heads(plot, layout, width)
    head = sum(max(height_of(text, TEXT_SIZE) for text, _, _ in level) + 0.06 for level in heads)
    counted = any(_n_text(row, plot) for row in layout.cells.values())
    below = UNITS_HEIGHT if counted else 0.0
    heights = [max(0.2, height_of(text, TEXT_SIZE) + 0.07) + (below if key else 0.08) for key, text in lines]
    units = tuple(dict.fromkeys(label(unit, plot.language) for unit in plot.rows[UNIT_OF_MEASURE] if unit))
    page = open_page(plot.frame(subtitle=units, legend=False), head + sum(heights) + 0.1)
    y = page.top
    for level in heads:
        for text, start, count in level:
            right = left + width * (start + count)
            style = {"va": "top", "fontweight": "bold"}
            if count == 1:
                page.write(right, y, text, ha="right", **style)
            else:
                page.write(right - width * count / 2 + 0.1, y, text, ha="center", **style)
                page.box(
                    left + width * start + 0.2, y - 0.17, width * count - 0.2, 0.006, facecolor=GREY, edgecolor="none"
                )
        y -= max(height_of(text, TEXT_SIZE) for text, _, _ in level) + 0.06
    for (key, text), height in zip(lines, heights, strict=True):
        y -= height
        middle = y + (height if key else height - 0.08) / 2
        page.box(
            MARGIN, y + (height if key else 0) - 0.003, WIDTH - 2 * MARGIN, 0.006, facecolor=RULE, edgecolor="none"
        )
        page.write(MARGIN, middle, text, fontweight="normal" if key else "bold")
        for place, column in enumerate(layout.column_keys if key else ()):
            row = layout.cells.get((key or (), column))
            value = cell_text(row, kinds[measure_key(row)], plot.language) if row else ""
            size = TEXT_SIZE if width_of(value, TEXT_SIZE) <= width * 0.96 else NOTE_SIZE
            right = left + width * (place + 1)
            page.write(right, middle + below / 2, value, ha="right", fontsize=size)
            page.write(right, middle - 0.07, _n_text(row, plot), ha="right", fontsize=UNITS_SIZE, color=GREY)
    return page.figure


def _n_text(row: Mapping[Any, Any] | None, plot: Plot) -> str:
    """Give the number of units behind a number, where it is known."""
    if row is None or row[STATE] != NUMBER or pd.isna(row[N_UNITS]):
        return ""
    return f"n {number(float(row[N_UNITS]), plot.language)}"


def _table_lines(plot: Plot, layout: Grid) -> list[tuple[Key | None, str]]:
    """Give the lines of a table: a heading has no key, a row has its key and the label of its last dimension."""
    lines: list[tuple[Key | None, str]] = []
    heading = ""
    for key, (above, name) in zip(layout.row_keys, row_names(layout, plot.rows, plot.language), strict=True):
        if above != heading:
            heading = above
            lines.append((None, wrap(_plain(heading), WIDTH - 2 * MARGIN, TEXT_SIZE, bold=True)))
        lines.append((key, wrap(_plain(name), 2.4, TEXT_SIZE)))
    return lines


def _table_heads(plot: Plot, layout: Grid, width: float) -> list[list[tuple[str, int, int]]]:
    """Give the head of a table, level by level: text, first column, number of columns."""
    if not layout.column_dimensions:
        text = _plain(term(STATISTIC, plot.rows[STATISTIC].iloc[0], plot.language))
        return [[(text, 0, 1)]]
    heads = []
    for depth, name in enumerate(layout.column_dimensions):
        names = terms(name, levels(plot.rows, name), plot.language)
        level, start = [], 0
        last = depth == len(layout.column_dimensions) - 1
        for key, run in groupby([column if last else column[: depth + 1] for column in layout.column_keys]):
            count = len(list(run))
            level.append((wrap(_plain(names[key[depth]]), width * count * 0.94, TEXT_SIZE, bold=True), start, count))
            start += count
        heads.append(level)
    return heads


def draw_profile(plot: Plot) -> Figure:
    """Draw per sector the shares of the size classes, under the mean age."""
    rows = plot.rows[plot.rows[GROUP] == PARTICIPANTS] if PARTICIPANTS in set(plot.rows[GROUP]) else plot.rows
    shares = rows[(rows[STATISTIC] == SHARE) & (rows[SIZE_CLASS] != ALL) & (rows[SECTOR] != ALL)]
    means = rows[(rows[STATISTIC] == MEAN) & (rows[SIZE_CLASS] == ALL)].set_index(SECTOR)[N_UNITS].fillna(0)
    sectors = sorted(dict.fromkeys(shares[SECTOR]), key=lambda sector: -means[sector].max() if sector in means else 0)
    columns = 2 if len(sectors) > 1 else 1
    width = (WIDTH - 2 * MARGIN - 0.3 * (columns - 1)) / columns
    classes = max(shares.groupby(SECTOR)[SIZE_CLASS].nunique())
    names = [wrap(_plain(term(SECTOR, sector, plot.language)), width, TEXT_SIZE + 1, bold=True) for sector in sectors]
    head = max(height_of(name, TEXT_SIZE + 1) for name in names) + 0.24
    panel = head + classes * 0.21 + 0.2
    page = open_page(plot.frame(legend=False), ceil(len(sectors) / columns) * panel)
    largest = float(shares[ESTIMATE].max()) if shares[ESTIMATE].notna().any() else 1.0
    for place, sector in enumerate(sectors):
        left, top = MARGIN + (place % columns) * (width + 0.3), page.top - (place // columns) * panel
        page.write(left, top, names[place], fontsize=TEXT_SIZE + 1, fontweight="bold", va="top")
        age = rows[
            (rows[SECTOR] == sector) & (rows[INDICATOR] == AGE) & (rows[STATISTIC] == MEAN) & (rows[SIZE_CLASS] == ALL)
        ]
        page.write(left, top - head + 0.15, _age_text(plot, age), color=GREY)
        box = (left, top - head, width, largest)
        _profile_bars(plot, page, shares[shares[SECTOR] == sector], box)
    return page.figure


def _direction_cell(
    plot: Plot, page: Page, pair: tuple[dict | None, dict | None], box: tuple[float, float, float, float]
) -> None:
    x, y, width, height = box
    found = contrast(*pair, plot.measure, plot.language)
    sign = found.sign if found else DOT
    page.box(x + 0.015, y + 0.015, width - 0.03, height - 0.03, facecolor=FILLS[sign], edgecolor=FAINT, linewidth=0.5)
    if found is None:
        return
    size = BIG if width_of(found.text, BIG, bold=True) < width - 0.08 else 7.0
    middle = x + width / 2
    page.write(middle, y + height * 0.73, found.text, ha="center", fontsize=size, fontweight="bold", color=INKS[sign])
    values = [cell_text(row, plot.measure, plot.language, symbol=False) for row in pair if row]
    below = " | ".join(values)
    size = next((size for size in (6.3, 5.8, 5.2) if width_of(below, size) < width - 0.06), 4.8)
    page.write(middle, y + height * 0.43, below, ha="center", fontsize=size)
    counts = " | ".join(_n_text(row, plot) or DOT for row in pair if row)
    page.write(middle, y + height * 0.18, counts, ha="center", fontsize=UNITS_SIZE, color=GREY)


def _pair(layout: Grid, key: tuple[str, ...], column: str) -> tuple[dict | None, dict | None]:
    return layout.cells.get((key, (column, PARTICIPANTS))), layout.cells.get((key, (column, NON_PARTICIPANTS)))


def _plain(text: str) -> str:
    return text.replace(NO_BREAK, " ")


def _age_text(plot: Plot, age: pd.DataFrame) -> str:
    if age.empty:
        return ""
    row = age.iloc[0]
    if row[STATE] != NUMBER:
        mark = ASTERISK if row[STATE] == WITHHELD else DOT
        return label("report_no_age", plot.language).format(age=mark)
    text = label("report_mean_age", plot.language).format(age=number(row[ESTIMATE], plot.language, decimals=1))
    units = units_text(row[N_UNITS], plot.language)
    return f"{text}, n{NO_BREAK}={NO_BREAK}{units}" if units else text


def _profile_bars(plot: Plot, page: Page, rows: pd.DataFrame, box: tuple[float, float, float, float]) -> None:
    left, top, width, largest = box
    classes = levels(rows, SIZE_CLASS)
    inset = 0.62
    ax = page.axes(left + inset, top - 0.21 * len(classes), width - inset, 0.21 * len(classes))
    ax.set_xlim(0, largest * (width - inset) / (width - inset - 0.95))
    ax.set_ylim(len(classes) - 0.5, -0.5)
    ax.set_xticks([])
    ax.set_yticks(range(len(classes)), [term(SIZE_CLASS, name, plot.language) for name in classes], fontsize=TEXT_SIZE)
    ax.tick_params(length=0)
    ax.spines["bottom"].set_visible(False)
    kinds = measures(rows)
    for y, name in enumerate(classes):
        row = rows[rows[SIZE_CLASS] == name].iloc[0].to_dict()
        text = cell_text(row, kinds[measure_key(row)], plot.language)
        value = float(row[ESTIMATE]) if row[STATE] == NUMBER else 0.0
        if row[STATE] == NUMBER:
            ax.barh(y, value, 0.74, **bar_style(GROUP_STYLES[PARTICIPANTS]))
        ax.annotate(text, (value, y), (3, 0), textcoords="offset points", va="center", fontsize=7)
        units = units_text(row[N_UNITS], plot.language)
        if units:
            gap = 3 + width_of(text, 7) * 72
            ax.annotate(
                f"  n = {units}",
                (value, y),
                (gap, 0),
                textcoords="offset points",
                va="center",
                fontsize=5.8,
                color=GREY,
            )

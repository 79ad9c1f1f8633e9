"""The profile of sectors: by sector, the shares of the size classes under the mean age."""

from __future__ import annotations

from math import ceil

import pandas as pd
from matplotlib.figure import Figure

from si_eval.report.border import ASSUMED, NUMBER, STATE, WITHHELD
from si_eval.report.canvas import MARGIN, WIDTH, Canvas, new_canvas
from si_eval.report.chart_data import ChartData, Point, units_text
from si_eval.report.formats import NO_BREAK, breakable, measure_key, measures, number
from si_eval.report.grid import Row
from si_eval.report.labels import NOT_COMPUTABLE_MARK, WITHHELD_MARK, cell_text, value_label
from si_eval.report.marks import draw_bars
from si_eval.report.selection import ordered_values
from si_eval.report.shares import set_lying_axes, write_share
from si_eval.report.style import GREY, GROUP_STYLES, TEXT_SIZE
from si_eval.report.text import text_height, wrap_text
from si_eval.vocabulary import (
    AGE,
    ALL,
    ESTIMATE,
    GROUP,
    INDICATOR,
    MEAN,
    N_UNITS,
    PARTICIPANTS,
    SECTOR,
    SHARE,
    SIZE_CLASS,
    STATISTIC,
    label,
)

SPACE = 0.3
STEP = 0.21
BAR_WIDTH = 0.78
INSET, VALUE_ROOM = 0.62, 0.95
SECTOR_SIZE = TEXT_SIZE + 1


def draw_profile(data: ChartData) -> Figure:
    """Draw by sector the shares of the size classes, under the mean age."""
    rows = data.rows[data.rows[GROUP] == PARTICIPANTS] if PARTICIPANTS in set(data.rows[GROUP]) else data.rows
    shares = rows[(rows[STATISTIC] == SHARE) & (rows[SIZE_CLASS] != ALL) & (rows[SECTOR] != ALL)]
    means = rows[(rows[STATISTIC] == MEAN) & (rows[SIZE_CLASS] == ALL)]
    units = means.set_index(SECTOR)[N_UNITS].fillna(0)
    sectors = sorted(dict.fromkeys(shares[SECTOR]), key=lambda sector: -units[sector].max() if sector in units else 0)
    columns = 2 if len(sectors) > 1 else 1
    width = (WIDTH - 2 * MARGIN - SPACE * (columns - 1)) / columns
    labels = [breakable(value_label(SECTOR, sector, data.language, data.own)) for sector in sectors]
    titles = [wrap_text(text, width, SECTOR_SIZE, bold=True) for text in labels]
    head = max(text_height(title, SECTOR_SIZE) for title in titles) + 0.24
    height = head + max(shares.groupby(SECTOR)[SIZE_CLASS].nunique()) * STEP + 0.2
    canvas = new_canvas(data.texts(legend=False), ceil(len(sectors) / columns) * height)
    largest = float(shares[ESTIMATE].max()) if shares[ESTIMATE].notna().any() else 1.0
    for position, sector in enumerate(sectors):
        left, top = MARGIN + (position % columns) * (width + SPACE), canvas.top - (position // columns) * height
        canvas.text(left, top, titles[position], fontsize=SECTOR_SIZE, fontweight="bold", va="top")
        age = means[(means[SECTOR] == sector) & (means[INDICATOR] == AGE)]
        canvas.text(left, top - head + 0.15, _age_text(data, age), color=GREY)
        _draw_shares(data, canvas, shares[shares[SECTOR] == sector], (left, top - head, width, largest))
    return canvas.figure


def _age_text(data: ChartData, age: pd.DataFrame) -> str:
    if age.empty:
        return ""
    row = age.iloc[0]
    if row[STATE] != NUMBER:
        mark = WITHHELD_MARK if row[STATE] == WITHHELD else NOT_COMPUTABLE_MARK
        return label("report_no_age", data.language, data.own).format(age=mark)
    text = label("report_mean_age", data.language, data.own).format(
        age=number(row[ESTIMATE], data.language, decimals=1)
    )
    units = units_text(row[N_UNITS], data.language)
    return f"{text}, n{NO_BREAK}={NO_BREAK}{units}" if units else text


def _draw_shares(data: ChartData, canvas: Canvas, rows: pd.DataFrame, place: tuple[float, float, float, float]) -> None:
    """Draw the shares of the size classes of one sector as lying bars."""
    left, top, width, largest = place
    classes = ordered_values(rows, SIZE_CLASS)
    height = STEP * len(classes)
    ax = canvas.add_axes(left + INSET, top - height, width - INSET, height)
    by_class: dict[str, Row] = {row[SIZE_CLASS]: row for row in rows.to_dict("records")}
    points = [_point(data, rows, by_class[name]) for name in classes]
    draw_bars(ax, {PARTICIPANTS: points}, classes, GROUP_STYLES, width=BAR_WIDTH, orient="h")
    labels = [value_label(SIZE_CLASS, name, data.language, data.own) for name in classes]
    set_lying_axes(ax, labels, largest * (width - INSET) / (width - INSET - VALUE_ROOM))
    for y, point in enumerate(points):
        write_share(ax, point.value or 0.0, y, point)


def _point(data: ChartData, rows: pd.DataFrame, row: Row) -> Point:
    text = cell_text({**row, ASSUMED: False}, measures(rows)[measure_key(row)], data.language)
    value = float(row[ESTIMATE]) if row[STATE] == NUMBER else None
    return Point(row[SIZE_CLASS], value, None, None, text, units_text(row[N_UNITS], data.language), False)

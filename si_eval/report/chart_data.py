"""What every kind of figure starts from: the rows it shows, their labels, their order and their look."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import matplotlib.ticker
import numpy as np
import pandas as pd

from si_eval.report.border import STATE, UNKNOWN, WITHHELD, safe_rows
from si_eval.report.canvas import FigureTexts, Keys
from si_eval.report.findings import finding_of
from si_eval.report.formats import NO_BREAK, Measure, breakable, measure_key, measures, number, tick_decimals, unit_text
from si_eval.report.grid import Row
from si_eval.report.labels import (
    NOT_COMPUTABLE_MARK,
    WITHHELD_MARK,
    evidence_line,
    fixed_labels,
    mark_notes,
    price_texts,
    title_of,
    value_labels,
)
from si_eval.report.selection import ordered_values, select
from si_eval.report.specification import TABLE_KINDS, Chart
from si_eval.report.style import SeriesStyle, series_styles
from si_eval.results import SafeTable
from si_eval.stats import FloatArray
from si_eval.vocabulary import (
    ALL,
    CONF_HIGH,
    CONF_LOW,
    ESTIMATE,
    GROUP,
    INDEX,
    N_TOTAL,
    N_UNITS,
    SHARE,
    STATISTIC,
    TOTAL,
    UNIT_OF_MEASURE,
    Labels,
    Language,
    label,
)

KEYS: dict[str, Keys] = {"lines": "lines", "dots": "dots", "event_study": "dots", "love": "dots"}


@dataclass(frozen=True)
class ChartData:
    """The rows that a figure shows, and the choices that go with them."""

    safe: SafeTable
    rows: pd.DataFrame
    chart: Chart
    language: Language
    titled: bool = True

    @property
    def own(self) -> Labels:
        """The labels of the table's study."""
        return self.safe.labels

    @cached_property
    def measure(self) -> Measure:
        """How the values are written; a figure has one measure."""
        return measures(self.rows, divisor=self.chart.divisor)[measure_key(self.rows.iloc[0])]

    @cached_property
    def unit(self) -> str:
        """The unit of the value axis, with the divisor."""
        first = self.rows.iloc[0]
        unit = first[UNIT_OF_MEASURE]
        return unit_text(self.measure, unit, self.language, statistic=first[STATISTIC], own=self.own)

    @property
    def intervals(self) -> bool:
        """Whether intervals are drawn: where the chart asks for them, and with dots, which are never without."""
        return self.chart.intervals or self.chart.kind in ("dots", "event_study")

    @cached_property
    def series(self) -> list[str]:
        """The series in order."""
        return ordered_values(self.rows, self.chart.series)

    @cached_property
    def series_labels(self) -> dict[str, str]:
        """The labels of the series."""
        return value_labels(self.chart.series, self.series, self.language, self.own)

    @cached_property
    def styles(self) -> dict[str, SeriesStyle]:
        """The look of every series."""
        return series_styles(self.series, groups=self.chart.series == GROUP)

    @cached_property
    def panels(self) -> list[str]:
        """The panels in order; a figure without panels has one, nameless."""
        return ordered_values(self.rows, self.chart.panels) if self.chart.panels else [""]

    def panel_labels(self) -> list[str]:
        """List the labels of the panels; the nameless one stays so."""
        if not self.chart.panels:
            return [""]
        names = value_labels(self.chart.panels, self.panels, self.language, self.own)
        return [breakable(names[panel]) for panel in self.panels]

    def panel_rows(self, panel: str) -> pd.DataFrame:
        """Select the rows of one panel."""
        return self.rows[self.rows[self.chart.panels] == panel] if self.chart.panels else self.rows

    def legend(self) -> tuple[tuple[str, SeriesStyle], ...]:
        """List the entries of the legend: series by label, with their total number of units where the table knows it.

        A single series that stands for everything, or that is no group, needs none, unless its number of units is
        known.
        """
        names = {name: self.series_label(name) for name in self.series}
        alone = ALL if self.chart.series == GROUP else self.series[0]
        if list(names.values()) == [self.series_labels.get(alone)]:
            return ()
        return tuple((text, self.styles[name]) for name, text in names.items())

    def series_label(self, name: str) -> str:
        """Return the label of a series, with its total number of units where the table knows a single one."""
        text = self.series_labels[name]
        totals = self.rows.loc[self.rows[self.chart.series] == name, N_TOTAL].dropna().unique()
        if len(totals) != 1:
            return text
        return f"{text} (n{NO_BREAK}={NO_BREAK}{number(float(totals[0]), self.language)})"

    def texts(self, *, subtitle: tuple[str, ...] = (), notes: tuple[str, ...] = (), legend: bool = True) -> FigureTexts:
        """Collect what is written around the body."""
        shown = () if self.chart.kind in ("table", "checks") else self.chart.channels
        shown = tuple(name for name in shown if name != self.chart.series or len(self.legend()))
        fixed = fixed_labels(self.rows, shown, self.language, self.own)
        said = {label(name, self.language, self.own) for name in (INDEX, SHARE, TOTAL)}  # by the unit of the axis
        fixed = [text for text in fixed if text not in said]
        synthetic = self.safe.simulation is not None
        marks = mark_notes(self.rows, self.language, self.own, marked=self.chart.kind in TABLE_KINDS)
        title = title_of(self.safe, self.language) if self.titled else ""
        finding = finding_of(self.safe, self.chart, self.language) if self.titled else ""
        topic = [title] if finding else []
        prices = price_texts(self.rows, self.language, self.own)
        return FigureTexts(
            title=finding or title,
            subtitle=" · ".join(dict.fromkeys([*topic, *fixed, *subtitle, *prices])),
            legend=self.legend() if legend else (),
            notes=(*notes, *marks, evidence_line(self.safe, self.language)),
            synthetic=label("report_synthetic", self.language, self.own) if synthetic else "",
            keys=KEYS.get(self.chart.kind, "bars"),
        )


@dataclass(frozen=True)
class Point:
    """One number to draw: its class on the axis, its scaled value and interval, its text, its units as text."""

    x: str
    value: float | None
    low: float | None
    high: float | None
    text: str
    n: str
    withheld: bool


def prepare_chart(safe: SafeTable, chart: Chart, language: Language, *, titled: bool = True) -> ChartData:
    """Select the rows of a figure."""
    return ChartData(safe, select(safe_rows(safe), chart), chart, language, titled)


def series_points(data: ChartData, rows: pd.DataFrame, series: str, axis: list[str]) -> list[Point]:
    """List the numbers of one series in axis order; a class without a row is left out."""
    own = rows[rows[data.chart.series] == series].to_dict("records")
    by_class: dict[str, Row] = {row[data.chart.axis]: row for row in own}
    return [row_point(data, by_class[x], x) for x in axis if x in by_class]


def units_text(value: float, language: Language) -> str:
    """Write a number of units; empty where it is not known."""
    return "" if pd.isna(value) else number(value, language)


def nice_ticks(low: float, high: float, *, at_most: int = 5) -> FloatArray:
    """Choose round axis ticks that span the values, shape (T,)."""
    high = high if high > low else low + 1
    return np.asarray(matplotlib.ticker.MaxNLocator(at_most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))


def tick_labels(data: ChartData, ticks: FloatArray) -> list[str]:
    """Write the ticks in the figure's number format."""
    decimals = tick_decimals(ticks)
    sign = "%" if data.measure.form in ("share", "percent") else ""
    return [number(tick, data.language, decimals=decimals) + sign for tick in ticks]


def row_point(data: ChartData, row: Row, x: str) -> Point:
    """Return the number of one row as it is drawn; one that is not shown has a mark and no value."""
    measure = data.measure
    if row[STATE] == WITHHELD:
        return Point(x, None, None, None, WITHHELD_MARK, WITHHELD_MARK, True)
    n = units_text(row[N_UNITS], data.language)
    if row[STATE] == UNKNOWN:
        return Point(x, None, None, None, NOT_COMPUTABLE_MARK, n, False)
    interval = [float(row[name]) if data.intervals and pd.notna(row[name]) else None for name in (CONF_LOW, CONF_HIGH)]
    low, high = (None if value is None else measure.scaled(value) for value in interval)
    text = measure.text(row[ESTIMATE], data.language, symbol=measure.form != "money")
    return Point(x, measure.scaled(float(row[ESTIMATE])), low, high, text, n, False)

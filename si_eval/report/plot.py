"""What every kind of figure starts from: the rows it shows, their words, their order and their look."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import matplotlib.ticker
import numpy as np
import pandas as pd

from si_eval.results import SafeTable
from si_eval.vocabulary import (
    ALL,
    CONF_HIGH,
    CONF_LOW,
    ESTIMATE,
    GROUP,
    INDEX,
    N_TOTAL,
    N_UNITS,
    STATISTIC,
    UNIT_OF_MEASURE,
    Language,
    label,
)

from .arrange import levels, select
from .border import ASSUMED, STATE, UNKNOWN, WITHHELD, safe_rows
from .formats import NO_BREAK, Measure, measure_key, measures, number, tick_decimals, unit_text
from .page import Frame, SeriesStyle, series_styles
from .specification import Chart
from .wording import ASTERISK, DOT, RING, evidence_line, fixed_terms, mark_notes, terms, title_of


@dataclass(frozen=True)
class Plot:
    """A figure about to be drawn: the chosen rows and the choices that go with them."""

    safe: SafeTable
    rows: pd.DataFrame
    chart: Chart
    language: Language
    titled: bool = True

    @cached_property
    def measure(self) -> Measure:
        """Give how the values are written; a figure has one measure."""
        return measures(self.rows, divisor=self.chart.divisor)[measure_key(self.rows.iloc[0])]

    @cached_property
    def unit(self) -> str:
        """Name the unit of the value axis, with the divisor."""
        first = self.rows.iloc[0]
        return unit_text(self.measure, first[UNIT_OF_MEASURE], self.language, statistic=first[STATISTIC])

    @cached_property
    def series(self) -> list[str]:
        """Give the series in order."""
        return levels(self.rows, self.chart.series)

    @cached_property
    def series_names(self) -> dict[str, str]:
        """Give the series by name."""
        return terms(self.chart.series, self.series, self.language)

    @cached_property
    def styles(self) -> dict[str, SeriesStyle]:
        """Give the look of every series."""
        return series_styles(self.series, groups=self.chart.series == GROUP)

    @cached_property
    def panels(self) -> list[str]:
        """Give the panels in order; a figure without panels has one, nameless."""
        return levels(self.rows, self.chart.panels) if self.chart.panels else [""]

    def panel_names(self) -> list[str]:
        """Name the panels; the nameless one stays so."""
        if not self.chart.panels:
            return [""]
        names = terms(self.chart.panels, self.panels, self.language)
        return [names[panel].replace(NO_BREAK, " ") for panel in self.panels]

    def panel_rows(self, panel: str) -> pd.DataFrame:
        """Give the rows of one panel."""
        return self.rows[self.rows[self.chart.panels] == panel] if self.chart.panels else self.rows

    def legend(self) -> tuple[tuple[str, SeriesStyle], ...]:
        """Give the legend: series by name, with their total number of units where the table knows it.

        A single series that stands for everything needs none, unless its number of units is known.
        """
        names = {name: self.series_name(name) for name in self.series}
        if list(names.values()) == [self.series_names.get(ALL)]:
            return ()
        return tuple((text, self.styles[name]) for name, text in names.items())

    def series_name(self, name: str) -> str:
        """Name a series, with its total number of units where the table knows a single one."""
        text = self.series_names[name]
        totals = self.rows.loc[self.rows[self.chart.series] == name, N_TOTAL].dropna().unique()
        if len(totals) != 1:
            return text
        return f"{text} (n{NO_BREAK}={NO_BREAK}{number(float(totals[0]), self.language)})"

    def frame(self, *, subtitle: tuple[str, ...] = (), notes: tuple[str, ...] = (), legend: bool = True) -> Frame:
        """Give what stands around the body."""
        fixed = fixed_terms(self.rows, () if self.chart.kind == "table" else self.chart.channels, self.language)
        if self.rows[STATISTIC].iloc[0] == INDEX:
            fixed = [text for text in fixed if text != label(INDEX, self.language)]
        synthetic = self.safe.simulation is not None
        return Frame(
            title=title_of(self.safe, self.language) if self.titled else "",
            subtitle=" · ".join(dict.fromkeys([*fixed, *subtitle])),
            legend=self.legend() if legend else (),
            notes=(*notes, *mark_notes(self.rows, self.language), evidence_line(self.safe, self.language)),
            synthetic=label("report_synthetic", self.language) if synthetic else "",
            lines=self.chart.kind == "lines",
        )


@dataclass(frozen=True)
class Place:
    """One number to draw: where it stands on the axis, its scaled value and interval, its text, its units."""

    x: str
    value: float | None
    low: float | None
    high: float | None
    text: str
    n: str
    withheld: bool


def prepare(safe: SafeTable, chart: Chart, language: Language, *, titled: bool = True) -> Plot:
    """Choose the rows of a figure."""
    return Plot(safe, select(safe_rows(safe), chart), chart, language, titled)


def places(plot: Plot, rows: pd.DataFrame, series: str, axis: list[str]) -> list[Place]:
    """Give the numbers of one series in axis order; a place without a row is left out."""
    mine = rows[rows[plot.chart.series] == series].set_index(plot.chart.axis)
    return [_place(plot, mine.loc[x], x) for x in axis if x in mine.index]


def units_text(value: float, language: Language) -> str:
    """Write a number of units; empty where it is not known."""
    return "" if pd.isna(value) else number(value, language)


def nice_ticks(low: float, high: float, *, at_most: int = 5) -> np.ndarray:
    """Give round axis ticks that span the values, shape (T,)."""
    high = high if high > low else low + 1
    return np.asarray(matplotlib.ticker.MaxNLocator(at_most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))


def tick_labels(plot: Plot, ticks: np.ndarray) -> list[str]:
    """Write the ticks in the figure's number format."""
    decimals = tick_decimals(ticks)
    sign = "%" if plot.measure.form in ("share", "percent") else ""
    return [number(tick, plot.language, decimals=decimals) + sign for tick in ticks]


def _place(plot: Plot, row: pd.Series, x: str) -> Place:
    measure = plot.measure
    if row[STATE] == WITHHELD:
        return Place(x, None, None, None, ASTERISK, ASTERISK, True)
    n = units_text(row[N_UNITS], plot.language)
    if row[STATE] == UNKNOWN:
        return Place(x, None, None, None, DOT, n, False)
    interval = [
        float(row[name]) if plot.chart.intervals and pd.notna(row[name]) else None for name in (CONF_LOW, CONF_HIGH)
    ]
    low, high = (None if value is None else measure.scaled(value) for value in interval)
    text = measure.text(row[ESTIMATE], plot.language, symbol=measure.form != "euro") + (RING if row[ASSUMED] else "")
    return Place(x, measure.scaled(float(row[ESTIMATE])), low, high, text, n, False)

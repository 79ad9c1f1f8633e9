"""What is seen in a figure, in words, for who cannot see it: its kind, its axes, its groups, its highest and lowest."""

from __future__ import annotations

import pandas as pd

from si_eval.report.border import ASSUMED, NUMBER, STATE, safe_rows
from si_eval.report.difference import find_differences, interval_excludes_zero
from si_eval.report.formats import NO_BREAK, measure_key, measures, number, unit_text
from si_eval.report.grid import Row
from si_eval.report.labels import axis_title, cell_text, price_texts, title_of, value_label, value_labels
from si_eval.report.selection import ordered_values, select
from si_eval.report.specification import Chart
from si_eval.results import SafeTable
from si_eval.vocabulary import ALL, CONF_LOW, ESTIMATE, GROUP, STATISTIC, UNIT_OF_MEASURE, Language, label

WITHOUT_AXES = ("layers", "words", "checks", "table")
FEW = 6  # values of a dimension that are all named


def describe_figure(safe: SafeTable, chart: Chart, language: Language) -> str:
    """Describe the figure of a table: what kind it is, what stands along it, and which number is highest and lowest.

    The numbers are cells of the protected table, written as its table writes them; of one that is withheld nothing is
    said but that it is.
    """
    axes = chart.kind not in WITHOUT_AXES
    rows = select(safe_rows(safe), chart) if axes else pd.DataFrame()
    kind = "dots_alone" if chart.kind == "dots" and rows[CONF_LOW].isna().all() else chart.kind
    sentences = [f"{title_of(safe, language)}.", label(f"report_kind_{kind}", language, safe.labels)]
    if axes:
        sentences += [*_axes(safe, rows, chart, language), *_extremes(safe, rows, chart, language)]
        sentences += _differences(safe, rows, chart, language)
    sentences.append(label("report_alt", language, safe.labels))
    if safe.simulation is not None:
        sentences.append(label("report_alt_synthetic", language, safe.labels))
    return " ".join(sentences).replace(NO_BREAK, " ")


def _axes(safe: SafeTable, rows: pd.DataFrame, chart: Chart, language: Language) -> list[str]:
    """Say what stands along the figure, dimension by dimension, and in which unit its numbers are."""
    parts = []
    for dimension in dict.fromkeys(chart.channels):
        values = ordered_values(rows, dimension)
        if len(values) < 2:
            continue
        names = value_labels(dimension, values, language, safe.labels)
        template = label("report_alt_few" if len(values) <= FEW else "report_alt_many", language, safe.labels)
        parts.append(
            template.format(
                dimension=_dimension_label(safe, rows, chart, dimension, language),
                count=number(len(values), language),
                names=", ".join(names.values()),
                first=names[values[0]],
                last=names[values[-1]],
            )
        )
    first = rows.iloc[0]
    measure = measures(rows)[measure_key(first)]
    unit = unit_text(measure, first[UNIT_OF_MEASURE], language, statistic=first[STATISTIC], own=safe.labels)
    unit = ", ".join([unit, *price_texts(rows, language, safe.labels)])
    return (
        [*parts, label("report_alt_unit", language, safe.labels).format(unit=unit)] if _is_one_measure(rows) else parts
    )


def _dimension_label(safe: SafeTable, rows: pd.DataFrame, chart: Chart, dimension: str, language: Language) -> str:
    if chart.kind == "event_study" and dimension == chart.axis:
        text = label("report_years_since_entry", language, safe.labels)
        return text[:1].upper() + text[1:]
    return axis_title(rows, dimension, language, safe.labels) or label(dimension, language, safe.labels)


def _extremes(safe: SafeTable, rows: pd.DataFrame, chart: Chart, language: Language) -> list[str]:
    """Say which number is highest and which lowest, totals aside, and how many are not shown."""
    shown = rows[rows[STATE] == NUMBER]
    parts = shown[shown[chart.axis] != ALL]
    shown = parts if len(parts) else shown
    sentences = []
    if len(shown) > 1 and _is_one_measure(rows):
        kinds = measures(rows)
        for name, place in (("highest", shown[ESTIMATE].idxmax()), ("lowest", shown[ESTIMATE].idxmin())):
            row: Row = {**shown.loc[[place]].to_dict("records")[0], ASSUMED: False}
            about = [
                value_label(dimension, row[dimension], language, safe.labels)
                for dimension in dict.fromkeys(chart.channels)
                if rows[dimension].nunique() > 1
            ]
            value = cell_text(row, kinds[measure_key(row)], language)
            sentences.append(
                label(f"report_alt_{name}", language, safe.labels).format(value=value, about=", ".join(about))
            )
    hidden = int((rows[STATE] != NUMBER).sum())
    if hidden:
        sentences.append(label("report_alt_hidden", language, safe.labels).format(count=number(hidden, language)))
    return sentences


def _differences(safe: SafeTable, rows: pd.DataFrame, chart: Chart, language: Language) -> list[str]:
    """Say in how many classes of a figure of dots the interval of the difference between the groups excludes zero."""
    found = find_differences(safe, rows, chart.axis) if chart.kind == "dots" and chart.series == GROUP else {}
    if not found:
        return []
    certain = sum(map(interval_excludes_zero, found.values()))
    text = label("report_alt_certain", language, safe.labels)
    return [text.format(count=number(certain, language), total=number(len(found), language))]


def _is_one_measure(rows: pd.DataFrame) -> bool:
    """Whether all numbers of a figure can be set against one another."""
    return rows[STATISTIC].nunique() == 1 and rows[UNIT_OF_MEASURE].nunique() == 1

"""One table in a notebook: its figure without being told how, a workbook, a Word file, its numbers in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from si_eval.errors import StudyError
from si_eval.report.border import NUMBER, STATE, require_safe, safe_rows
from si_eval.report.chapters import ReportChapter, write_chapters
from si_eval.report.display import Display, check_language
from si_eval.report.exhibit import show
from si_eval.report.findings import finding_of
from si_eval.report.formats import NO_BREAK, Measure, measure_key, measures
from si_eval.report.grid import Row
from si_eval.report.labels import cell_text, count_text, interval_text, title_of, value_label
from si_eval.report.outline import outline_report
from si_eval.report.selection import ordered_values, select
from si_eval.report.specification import DIMENSIONS, Chart, ChartKind, as_chart
from si_eval.report.word import write_word
from si_eval.report.workbook import write_workbook
from si_eval.results import SafeTable
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    CONF_LOW,
    DIFFERENCE,
    EFFECTS,
    ESTIMATE,
    GROUP,
    INDEX,
    INDICATOR,
    SECTOR,
    SIZE_CLASS,
    SMD,
    STATISTIC,
    YEAR,
    Language,
    label,
)

CLASSES = (SIZE_CLASS, SECTOR, CATEGORY, INDICATOR)  # dimensions that can stand on an axis, the best first
FEW = 6  # numbers that a summary names one by one


def plot(table: object, chart: Chart | Mapping[str, Any] | None = None, *, language: Language | None = None) -> Display:
    """Show the figure of a table in a notebook; without a chart the one that fits it.

    Raises DisclosureError for anything but a SafeTable, StudyError for a chart that does not fit.
    """
    safe = require_safe(table, where="plot")
    return show(safe, as_chart(chart) if chart else default_chart(safe), language=language)


def default_chart(safe: SafeTable) -> Chart:
    """Return the first kind of chart that fits a table; where none does, the table itself.

    Standardised differences are a love plot, effects by years since entry an event study; several years are lines, a
    panel a class; levels and indexes with intervals are dots, shares of one series lying bars, other levels bars.
    """
    rows = safe_rows(require_safe(safe))
    for chart in _candidates(rows):
        try:
            shown = select(rows, chart)
        except StudyError:
            continue
        if (shown[STATE] == NUMBER).any():
            return chart
    return Chart("table")


def _candidates(rows: Any) -> Iterator[Chart]:
    """Propose charts for rows, the most telling first."""
    statistics = ordered_values(rows, STATISTIC)
    if SMD in statistics:
        yield Chart("love", series=SIZE_CLASS)  # type: ignore[arg-type]
        yield Chart("love")
    if set(statistics) & EFFECTS:
        yield Chart("event_study")
    axes = [name for name in CLASSES if rows[name].nunique() > 1] or [
        name for name in CLASSES if rows[name].iloc[0] != ALL
    ]
    statistic = next((name for name in statistics if name != "count"), statistics[0])
    years = len(set(rows[YEAR]) - {ALL})
    upright: ChartKind = "index" if statistic == INDEX else "bars"
    kinds: list[ChartKind] = ["dots", upright] if rows[CONF_LOW].notna().any() else [upright]
    if years > 2:
        yield Chart("lines", statistic=statistic)
        for name in axes:
            yield Chart("lines", statistic=statistic, panels=name)  # type: ignore[arg-type]
    if rows[GROUP].nunique() == 1:
        kinds = ["shares", *kinds]
    for name in axes:
        for kind in kinds:
            where = {YEAR: max(set(rows[YEAR]) - {ALL})} if years > 1 and statistic != INDEX else {}
            yield Chart(kind, x=name, statistic=statistic, where=where)  # type: ignore[arg-type]


def to_excel(table: object, path: str | Path, *, language: Language | None = None) -> Path:
    """Write a table as a workbook: contents, and its sheet. Raises DisclosureError for anything but a SafeTable."""
    safe = require_safe(table, where="to_excel")
    check_language("to_excel", language)
    wanted = language or safe.language
    return write_workbook([safe], path, title=title_of(safe, wanted), language=wanted)


def to_word(
    table: object,
    path: str | Path,
    chart: Chart | Mapping[str, Any] | None = None,
    *,
    language: Language | None = None,
) -> Path:
    """Write a table as a Word file, with its figure where a chart is given.

    Raises DisclosureError for anything but a SafeTable, StudyError for a chart that does not fit.
    """
    safe = require_safe(table, where="to_word")
    check_language("to_word", language)
    wanted = language or safe.language
    shown = as_chart(chart) if chart else Chart("table")
    (chapter,) = write_chapters([ReportChapter({wanted: title_of(safe, wanted)}, {}, [(safe, shown)])], [wanted])
    target = Path(path)
    outline = outline_report([chapter], language=wanted, title=title_of(safe, wanted), labels=safe.labels)
    target.write_bytes(write_word(outline))
    return target


def state_numbers(table: object, *, language: Language = "en") -> str:
    """Return what a table shows in sentences: its finding, then its numbers one by one where they are few.

    Of many numbers the highest and the lowest are named. Raises DisclosureError for anything but a SafeTable.
    """
    safe = require_safe(table, where="summary")
    rows = safe_rows(safe)
    sentences = [f"{title_of(safe, language)}."]
    finding = finding_of(safe, default_chart(safe), language)
    if finding:
        sentences.append(f"{finding}.")
    kinds = measures(rows)
    shown = rows[(rows[STATE] == NUMBER) & (rows[GROUP] != DIFFERENCE)]
    alike = len({measure_key(row) for row in shown.to_dict("records")}) == 1
    varying = [name for name in DIMENSIONS if rows[name].nunique() > 1]
    records: list[Row] = [dict(row) for row in shown.to_dict("records")]

    def about(row: Row) -> str:
        return ", ".join(value_label(name, row[name], language, safe.labels) for name in varying)

    if len(records) <= FEW:
        sentences += [f"{about(row)}: {_number_text(row, kinds, language)}.".removeprefix(": ") for row in records]
    elif alike:
        for name, row in (("highest", max(records, key=_estimate)), ("lowest", min(records, key=_estimate))):
            template = label(f"report_alt_{name}", language, safe.labels)
            sentences.append(template.format(value=_number_text(row, kinds, language), about=about(row)))
    hidden = int((rows[STATE] != NUMBER).sum())
    if hidden:
        sentences.append(label("report_alt_hidden", language, safe.labels).format(count=hidden))
    return " ".join(sentences).replace(NO_BREAK, " ")


def _estimate(row: Row) -> float:
    return float(row[ESTIMATE])


def _number_text(row: Row, kinds: Mapping[Any, Measure], language: Language) -> str:
    """Write a number with its interval and its number of units; a count is its own."""
    measure = kinds[measure_key(row)]
    count = "" if measure.form == "count" else count_text(row, language)
    return " ".join(
        filter(None, [cell_text(row, measure, language), interval_text(row, measure, language).strip(), count])
    )

"""What a table prints: rows by class, spanners by group and year, marks explained underneath; in one language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import groupby

import pandas as pd

from si_eval.report.border import NUMBER, STATE, require_safe, safe_rows
from si_eval.report.check_lines import COLUMNS, list_checks
from si_eval.report.difference import Key as Place
from si_eval.report.difference import differences_by_place, place_of
from si_eval.report.direction import Direction, compare_direction
from si_eval.report.formats import NO_BREAK, Measure, measure_key, measures
from si_eval.report.grid import Key, Row, TableGrid, lay_out
from si_eval.report.labels import (
    axis_title,
    cell_text,
    count_text,
    interval_text,
    mark_notes,
    n_note,
    other_notes,
    row_labels,
    source_notes,
    subtitle_of,
    title_of,
    value_labels,
)
from si_eval.report.many_tests import many_tests_notes
from si_eval.report.printed_table import PrintedCell, PrintedRow, PrintedTable, Spanner
from si_eval.report.selection import ordered_values, select, tabulate
from si_eval.report.specification import Chart
from si_eval.results import SafeTable
from si_eval.vocabulary import (
    ALL,
    CONF_LOW,
    COUNT,
    DIFFERENCE,
    GROUP,
    N_UNITS,
    NON_PARTICIPANTS,
    NOTE,
    PARTICIPANTS,
    RANK,
    STATISTIC,
    UNIT_OF_MEASURE,
    Labels,
    Language,
    label,
)

Measures = dict[tuple[str, str, bool, bool], Measure]
Pair = tuple[Row | None, Row | None]
Directions = list[tuple[str, list[Direction | None]]]
MAX_DIRECTIONS = 3
MAX_UNITS = 2  # that the subtitle of a table names


def print_table(safe: SafeTable, *, language: Language, chart: Chart | None = None) -> PrintedTable:
    """Lay out a protected table with every word and number as it is read; `table_html` says which rows and columns.

    Raises DisclosureError for anything but a SafeTable as it was sealed.
    """
    require_safe(safe)
    rows = safe_rows(safe)
    if chart is not None and chart.kind == "direction":
        return _direction_table(safe, select(rows, chart), chart, language)
    if chart is not None and chart.kind == "checks":
        return _check_table(safe, select(rows, chart), language)
    intervals = (chart.kind == "table" and chart.intervals) if chart is not None else safe.evidence == "effect"
    return _plain_table(safe, tabulate(rows, chart, intervals=intervals), language)


def _plain_table(safe: SafeTable, rows: pd.DataFrame, language: Language) -> PrintedTable:
    layout, kinds = lay_out(rows), measures(rows)
    texts = other_notes(rows, language, safe.labels)
    marked = [] if _said_of_all(rows, texts) else list(texts)
    notes = {note: place for place, note in enumerate(marked, start=1)}
    directions = _directions(layout, kinds, language, differences_by_place(safe))
    columns, spanners = _heads(layout, rows, language, safe.labels)
    if directions:
        over = Spanner(label(DIFFERENCE, language, safe.labels), len(columns), len(directions))
        levels = [list(level) for level in spanners] or [[]]
        levels[-1].append(over)
        spanners = tuple(tuple(level) for level in levels)
        columns = (*columns, *(name or "▲▼" for name, _ in directions))
    names = row_labels(layout, rows, language, safe.labels)
    classes = Counter(key[:-1] for key in layout.row_keys)
    printed = []
    for place, (key, (heading, name)) in enumerate(zip(layout.row_keys, names, strict=True)):
        cells = [_cell(layout.cells.get((key, column)), kinds, language, notes) for column in layout.column_keys]
        cells += [_direction_cell(signs[place]) for _, signs in directions]
        total = key[-1] == ALL and classes[key[:-1]] > 1
        printed.append(PrintedRow(heading, name, tuple(cells), total=total))
    return _finish(
        safe,
        rows,
        language,
        head=_stub_head(layout, rows, language, safe.labels),
        columns=columns,
        spanners=spanners,
        printed=printed,
        extra=_table_notes(safe, rows, directions, language),
    )


def _said_of_all(rows: pd.DataFrame, notes: Mapping[str, str]) -> bool:
    """Whether one note holds for every number, so that none needs a mark."""
    numbers = rows.loc[rows[STATE] == NUMBER, NOTE]
    return len(notes) == 1 and len(numbers) > 1 and set(numbers) == set(notes)


def _table_notes(safe: SafeTable, rows: pd.DataFrame, directions: Directions, language: Language) -> list[str]:
    """List the notes that this table needs: on n, differences, intervals, points, and those of its numbers."""
    texts = other_notes(rows, language, safe.labels)
    pointed = any(" pp" in one.text for _, signs in directions for one in signs if one is not None)
    needed = {
        "report_difference_note": bool(directions),
        "report_colour": bool(directions),
        "report_intervals_table": bool(rows[CONF_LOW].notna().any()),
        "report_points_note": pointed,
    }
    counted = bool(rows.loc[rows[STATISTIC] != COUNT, N_UNITS].notna().any())
    return [
        *([n_note(safe, language)] if counted else []),
        *(label(name, language, safe.labels) for name, wanted in needed.items() if wanted),
        *many_tests_notes(safe, rows, language),
        *(
            (f"{text[:1].upper()}{text[1:]}." for text in texts.values())
            if _said_of_all(rows, texts)
            else (f"{place} {text}" for place, text in enumerate(texts.values(), start=1))
        ),
    ]


def _direction_table(safe: SafeTable, rows: pd.DataFrame, chart: Chart, language: Language) -> PrintedTable:
    layout = lay_out(rows, columns=(chart.axis, GROUP))
    kinds = measures(rows, divisor=chart.divisor)
    classes = ordered_values(rows, chart.axis)
    differences = differences_by_place(safe)
    printed = []
    for key, (heading, name) in zip(layout.row_keys, row_labels(layout, rows, language, safe.labels), strict=True):
        cells = []
        for one in classes:
            pair = (layout.cells.get((key, (one, PARTICIPANTS))), layout.cells.get((key, (one, NON_PARTICIPANTS))))
            sign = _compare(pair, kinds, language, differences) if any(pair) else None
            values = " | ".join(cell_text(row, kinds[measure_key(row)], language) for row in pair if row)
            cells.append(_direction_cell(sign, values))
        printed.append(PrintedRow(heading, name, tuple(cells)))
    names = value_labels(chart.axis, classes, language, safe.labels)
    return _finish(
        safe,
        rows,
        language,
        head=_stub_head(layout, rows, language, safe.labels),
        columns=tuple(names[one] for one in classes),
        spanners=((Spanner(label(chart.axis, language, safe.labels), 0, len(classes)),),),
        printed=printed,
        extra=[
            label("report_direction", language, safe.labels) + ".",
            label("report_colour", language, safe.labels),
            *many_tests_notes(safe, rows, language),
        ],
    )


def _check_table(safe: SafeTable, rows: pd.DataFrame, language: Language) -> PrintedTable:
    printed = [
        PrintedRow(
            line.heading,
            line.name,
            tuple(PrintedCell(text) for text in (line.expected, line.judged, line.outcome)),
            "▼" if line.departs else "",
        )
        for _, some in list_checks(rows, language)
        for line in some
    ]
    first, *others = (label(name, language) for name in COLUMNS)
    return _finish(safe, rows, language, head=first, columns=tuple(others), spanners=(), printed=printed, extra=[])


def _stub_head(layout: TableGrid, rows: pd.DataFrame, language: Language, own: Labels) -> str:
    return axis_title(rows, layout.row_dimensions[-1], language, own)


def _heads(
    layout: TableGrid, rows: pd.DataFrame, language: Language, own: Labels
) -> tuple[tuple[str, ...], tuple[tuple[Spanner, ...], ...]]:
    """Label the columns by their last dimension and span them by the ones before."""
    names = {name: value_labels(name, ordered_values(rows, name), language, own) for name in layout.column_dimensions}
    if not layout.column_dimensions:
        found = ordered_values(rows, STATISTIC)
        if set(rows[UNIT_OF_MEASURE]) == {RANK}:
            return (label(RANK, language, own).capitalize(),), ()
        alone = (
            value_labels(STATISTIC, found, language, own)[found[0]]
            if len(found) == 1
            else label("estimate", language, own)
        )
        return (alone,), ()
    last = layout.column_dimensions[-1]
    columns = tuple(names[last][key[-1]] for key in layout.column_keys)
    levels = []
    for depth, dimension in enumerate(layout.column_dimensions[:-1]):
        level = []
        for key, members in groupby(enumerate(layout.column_keys), key=lambda item: item[1][: depth + 1]):
            places = [place for place, _ in members]
            level.append(Spanner(names[dimension][key[-1]], places[0], len(places)))
        levels.append(tuple(level))
    return columns, tuple(levels)


def _cell(row: Row | None, kinds: Measures, language: Language, notes: Mapping[str, int]) -> PrintedCell:
    if row is None:
        return PrintedCell()
    measure: Measure = kinds[measure_key(row)]
    shown = row[STATE] == NUMBER
    small = [_breakable(interval_text(row, measure, language))]
    if shown and pd.notna(row[N_UNITS]) and measure.form != "count":
        small.append(count_text(row, language))
    mark = str(notes[row["note"]]) if shown and row["note"] in notes else ""
    return PrintedCell(cell_text(row, measure, language), mark, tuple(filter(None, small)))


def _directions(layout: TableGrid, kinds: Measures, language: Language, differences: Mapping[Place, Row]) -> Directions:
    """Compare participants with non-participants where both stand side by side, for each of a few years."""
    if GROUP not in layout.column_dimensions:
        return []
    at = layout.column_dimensions.index(GROUP)
    rest: dict[Key, None] = dict.fromkeys(key[:at] + key[at + 1 :] for key in layout.column_keys)
    groups = {key[at] for key in layout.column_keys}
    if not {PARTICIPANTS, NON_PARTICIPANTS} <= groups or DIFFERENCE in groups or len(rest) > MAX_DIRECTIONS:
        return []
    columns: Directions = []
    for others in rest:
        first, second = ((*others[:at], group, *others[at:]) for group in (PARTICIPANTS, NON_PARTICIPANTS))
        pairs = [(layout.cells.get((key, first)), layout.cells.get((key, second))) for key in layout.row_keys]
        known = [pair[0] for pair in pairs if pair[0] is not None]
        if not known or any(kinds[measure_key(row)].form == "count" for row in known):
            continue
        columns.append(
            (
                " ".join(others),
                [_compare(pair, kinds, language, differences) if all(pair) else None for pair in pairs],
            )
        )
    return columns


def _compare(pair: Pair, kinds: Measures, language: Language, differences: Mapping[Place, Row]) -> Direction | None:
    """Compare the groups with the interval of their difference, where the table has that."""
    row = pair[0] or pair[1]
    if row is None:
        return None
    return compare_direction(*pair, kinds[measure_key(row)], language, difference=differences.get(place_of(row)))


def _direction_cell(one: Direction | None, values: str = "") -> PrintedCell:
    """Print a direction with its interval, and the numbers that were compared where they are given."""
    if one is None:
        return PrintedCell()
    small = tuple(filter(None, [_breakable(one.interval), values]))
    return PrintedCell(one.text, "", small, one.shade, not one.uncertain)


def _breakable(interval: str) -> str:
    """Let an interval under its number break, as in a narrow column."""
    return interval.replace(NO_BREAK, " ").strip()


def _finish(
    safe: SafeTable,
    rows: pd.DataFrame,
    language: Language,
    *,
    head: str,
    columns: tuple[str, ...],
    spanners: tuple[tuple[Spanner, ...], ...],
    printed: list[PrintedRow],
    extra: list[str],
) -> PrintedTable:
    """Put title, subtitle and notes around rows."""
    notes = [*mark_notes(rows, language, safe.labels), *extra, *source_notes(safe, language)]
    return PrintedTable(
        name=safe.exhibit or safe.function,
        title=title_of(safe, language),
        subtitle=subtitle_of(rows, language, safe.labels, most_units=MAX_UNITS),
        synthetic=label("report_synthetic", language, safe.labels) if safe.simulation is not None else "",
        stub_head=head,
        columns=columns,
        spanners=spanners,
        rows=tuple(printed),
        notes=tuple(notes),
    )

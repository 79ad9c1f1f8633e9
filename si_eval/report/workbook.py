"""All tables of a study in one workbook: contents, a sheet a table, numbers as numbers, notes below."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from si_eval.report.border import ASSUMED, NUMBER, STATE, require_safe, safe_rows
from si_eval.report.formats import Measure, measure_key, measures
from si_eval.report.grid import Key, Row, TableGrid, lay_out
from si_eval.report.labels import (
    axis_title,
    cell_text,
    mark_notes,
    other_notes,
    row_labels,
    source_notes,
    subtitle_of,
    title_of,
    value_labels,
)
from si_eval.report.selection import ordered_values
from si_eval.results import SafeTable
from si_eval.vocabulary import CONF_HIGH, CONF_LOW, ESTIMATE, N_UNITS, Language, label

CREATED = datetime(2000, 1, 1)  # stands in for the time of writing, so that the same tables give the same bytes
MAX_SHEET_NAME = 31
FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
NUMBERS_OF_CELL = (ESTIMATE, CONF_LOW, CONF_HIGH, N_UNITS)
WIDTHS = (44, 13)  # of the labels and of a column of numbers, in characters
SETTINGS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
LINK = {"font_color": "#004b7a", "underline": 1}
SYNTHETIC = {"bold": True, "font_color": "#6b2147"}


def write_workbook(
    tables: Sequence[SafeTable], path: str | Path, *, title: str, language: Language, chapters: Mapping[str, str] = {}
) -> Path:
    """Write protected tables to one Excel file.

    The first sheet lists the tables with their chapter and their evidence, each a link. A sheet has the title, the unit
    and the rows of a table; each number with its interval and the number of units behind it, where it has these; a
    withheld number is ``*``, one that could not be computed ``.``; below stand the same notes as in the report.

    Parameters
    ----------
    tables : sequence of SafeTable
        From `protect`, or the values of `study_tables`.
    path : str or Path
        The file; one that is there is replaced.
    title : str
        What the contents are of.
    language : {"nl", "en"}
        The language of every text.
    chapters : mapping of str to str, optional
        The chapter of each exhibit, for the contents.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DisclosureError
        For anything but SafeTables as they were sealed.

    Notes
    -----
    Numbers are those that crossed the border, rounded there; the format of a cell only says how they are read. The same
    tables give the same bytes.

    Examples
    --------
    >>> import si_eval as se
    >>> tables = se.study_tables(se.load_study())
    >>> se.write_workbook([tables["tno_table_01"]], "tables.xlsx", title="Monitor", language="en").name
    'tables.xlsx'
    """
    safe = [require_safe(table, where="workbook") for table in tables]
    names = _sheet_names([table.exhibit or table.function for table in safe], label("report_contents", language))
    with xlsxwriter.Workbook(str(path), SETTINGS) as book:
        book.set_properties({"title": title, "created": CREATED})
        writer = _Writer(book, language)
        contents = book.add_worksheet(names[0])
        entries = []
        for table, name in zip(safe, names[1:], strict=True):
            sheet = book.add_worksheet(name)
            writer.write_table(sheet, table, back=names[0])
            evidence = label(table.evidence, language, table.labels)
            entries.append((name, chapters.get(table.exhibit, ""), title_of(table, language), evidence))
        writer.write_contents(contents, title, entries, synthetic=any(table.simulation is not None for table in safe))
    return Path(path)


class _Writer:
    """Writes sheets of one workbook, with its formats."""

    def __init__(self, book: Any, language: Language) -> None:
        self.book, self.language = book, language
        self.formats: dict[str, Any] = {}

    def format(self, **settings: Any) -> Any:
        """Return a format of the workbook, made once."""
        key = repr(sorted(settings.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format(settings)
        return self.formats[key]

    def write_contents(
        self, sheet: Any, title: str, entries: Sequence[tuple[str, str, str, str]], *, synthetic: bool
    ) -> None:
        """List the tables, each with a link to its sheet."""
        sheet.write_string(0, 0, title, self.format(bold=True, font_size=14))
        if synthetic:
            sheet.write_string(1, 0, label("report_synthetic_document", self.language), self.format(**SYNTHETIC))
        heads = (label("report_table", self.language), label("report_chapter", self.language),
                 label("report_title", self.language), label("report_evidence_head", self.language))  # fmt: skip
        for place, head in enumerate(heads):
            sheet.write_string(3, place, head, self.format(bold=True, bottom=1))
        for row, (name, chapter, text, evidence) in enumerate(entries, start=4):
            sheet.write_url(row, 0, f"internal:'{name}'!A1", self.format(**LINK), name)
            for place, value in enumerate((chapter, text, evidence), start=1):
                sheet.write_string(row, place, value)
        for place, width in enumerate((32, 12, 90, 28)):
            sheet.set_column(place, place, width)
        sheet.freeze_panes(4, 0)

    def write_table(self, sheet: Any, safe: SafeTable, *, back: str) -> None:
        """Write one table: title, unit, head, rows, notes."""
        rows, language = safe_rows(safe), self.language
        kinds = measures(rows)
        layout = lay_out(rows)
        sheet.write_string(0, 0, title_of(safe, language), self.format(bold=True, font_size=12))
        sheet.write_string(1, 0, subtitle_of(rows, language, safe.labels))
        sheet.write_url(2, 0, f"internal:'{back}'!A1", self.format(**LINK), label("report_contents", language))
        if safe.simulation is not None:
            sheet.write_string(2, 1, label("report_synthetic", language), self.format(**SYNTHETIC))
        columns = [(key, name) for key in layout.column_keys for name in self._numbers_of(layout, key)]
        first = self._write_head(sheet, layout, rows, columns, safe)
        last = first
        for last, (key, (heading, name)) in enumerate(
            zip(layout.row_keys, row_labels(layout, rows, language, safe.labels), strict=True), start=first
        ):
            sheet.write_string(last, 0, f"{heading} · {name}" if heading else name)
            for place, (column, number_name) in enumerate(columns, start=1):
                self._write_cell(sheet, last, place, layout.cells.get((key, column)), number_name, kinds)
        notes = [
            *mark_notes(rows, language, safe.labels),
            *other_notes(rows, language, safe.labels).values(),
            *source_notes(safe, language),
        ]
        for place, note in enumerate(notes, start=last + 2):
            sheet.write_string(place, 0, note, self.format(font_color="#5a5a5a"))
        sheet.set_column(0, 0, WIDTHS[0])
        sheet.set_column(1, max(len(columns), 1), WIDTHS[1])
        sheet.freeze_panes(first, 1)

    def _numbers_of(self, layout: TableGrid, column: Key) -> list[str]:
        """List the numbers that the cells of a column have."""
        cells = [layout.cells[key, column] for key in layout.row_keys if (key, column) in layout.cells]
        return [name for name in NUMBERS_OF_CELL if name == ESTIMATE or any(pd.notna(cell[name]) for cell in cells)]

    def _write_head(
        self, sheet: Any, layout: TableGrid, rows: pd.DataFrame, columns: Sequence[tuple[Key, str]], safe: SafeTable
    ) -> int:
        """Write a row for each dimension across and one for the numbers of a cell; return the row after them."""
        bold, line = self.format(bold=True), self.format(bold=True, bottom=1, text_wrap=True)
        row = 4
        for depth, dimension in enumerate(layout.column_dimensions):
            names = value_labels(dimension, ordered_values(rows, dimension), self.language, safe.labels)
            before: Key = ()
            for place, (key, _) in enumerate(columns, start=1):
                if key[: depth + 1] != before:
                    sheet.write_string(row, place, names[key[depth]], bold)
                before = key[: depth + 1]
            row += 1
        sheet.write_string(row, 0, axis_title(rows, layout.row_dimensions[-1], self.language, safe.labels), line)
        for place, (_, name) in enumerate(columns, start=1):
            sheet.write_string(row, place, "n" if name == N_UNITS else label(name, self.language, safe.labels), line)
        return row + 1

    def _write_cell(
        self,
        sheet: Any,
        row: int,
        place: int,
        cell: Row | None,
        name: str,
        kinds: Mapping[tuple[str, str, bool, bool], Measure],
    ) -> None:
        """Write one number with the format of its measure; a mark where there is none."""
        if cell is None:
            return
        measure = kinds[measure_key(cell)]
        if cell[STATE] != NUMBER:
            if name == ESTIMATE:
                sheet.write_string(row, place, cell_text(cell, measure, self.language), self.format(align="right"))
            return
        if pd.isna(cell[name]):
            return
        pattern = "#,##0" if name == N_UNITS else _pattern(measure)
        faded = {"italic": True} if cell[ASSUMED] and name != N_UNITS else {}
        sheet.write_number(row, place, float(cell[name]), self.format(num_format=pattern, **faded))


def _pattern(measure: Measure) -> str:
    """Return the format of a spreadsheet for the values of a measure; the program writes its own separators."""
    digits = "#,##0" + ("." + "0" * measure.decimals if measure.decimals else "")
    pattern = f"{digits}%" if measure.form == "share" else digits
    return f"+{pattern};-{pattern};{pattern}" if measure.signed else pattern


def _sheet_names(names: Sequence[str], contents: str) -> list[str]:
    """Return names that sheets can have, each once: the contents first, then one a table."""
    taken: list[str] = []
    for name in (contents, *names):
        short = FORBIDDEN.sub("_", name)[:MAX_SHEET_NAME].strip() or "_"
        place = 2
        while short.lower() in {one.lower() for one in taken}:
            end = f"_{place}"
            short, place = FORBIDDEN.sub("_", name)[: MAX_SHEET_NAME - len(end)] + end, place + 1
        taken.append(short)
    return taken

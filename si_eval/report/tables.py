"""Tables as accessible HTML: rows by class, spanners by group and year, marks explained underneath."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from itertools import groupby

import pandas as pd
from great_tables import GT, html, loc, style

from si_eval.report.border import NUMBER, STATE, require_safe, safe_rows
from si_eval.report.check_lines import COLUMNS, list_checks
from si_eval.report.difference import Key as Place
from si_eval.report.difference import differences_by_place, place_of
from si_eval.report.direction import FILL_COLOURS, TEXT_COLOURS, Direction, compare_direction
from si_eval.report.formats import NO_BREAK, Measure, measure_key, measures, number
from si_eval.report.grid import Key, Row, TableGrid, lay_out
from si_eval.report.labels import (
    axis_title,
    cell_text,
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
from si_eval.report.selection import ordered_values, select, tabulate
from si_eval.report.specification import Chart
from si_eval.report.stylesheet import TABLE_CSS
from si_eval.results import SafeTable
from si_eval.results.many_tests import judge_tests
from si_eval.vocabulary import (
    CONF_LOW,
    COUNT,
    DIFFERENCE,
    GROUP,
    N_UNITS,
    NON_PARTICIPANTS,
    PARTICIPANTS,
    STATISTIC,
    Labels,
    Language,
    label,
)

STUB, HEADING = "stub", "heading"
Measures = dict[tuple[str, str, bool, bool], Measure]
Pair = tuple[Row | None, Row | None]
Directions = list[tuple[str, list[Direction | None]]]
MAX_DIRECTIONS = 3
MAX_UNITS = 2  # that the subtitle of a table names
MANY_TESTS = 5  # tested differences under which a table says what chance alone would give


def table_html(safe: SafeTable, *, language: Language, chart: Chart | None = None) -> str:
    """Write a table as HTML that needs nothing from outside: caption, spanners, numbers with n, marks and notes.

    Rows are indicators, sectors or classes, columns groups and years. Where participants stand beside
    non-participants, a column says which are higher and by how much.

    Parameters
    ----------
    safe : SafeTable
        A table that `si_eval.protect` returned.
    language : {"nl", "en"}
        Language of every text in the table.
    chart : Chart, optional
        Which rows to show, and whether the difference between the groups has rows of its own. A chart of kind
        ``direction`` gives the table of directions. Default: all rows, and differences where the table estimates
        effects.

    Returns
    -------
    str
        A ``div`` with the table, and a ``style`` before it.

    Raises
    ------
    DisclosureError
        For anything but a SafeTable.
    StudyError
        Where the table has no rows, or more than one number for a place.

    Examples
    --------
    >>> import si_eval as se
    >>> from si_eval.report import table_html
    >>> study = se.load_study()
    >>> (table,) = se.protect_exhibits(study, se.compute_exhibits(study, only=["tno_table_03"]))
    >>> "<caption>" in table_html(table, language="en")
    True
    """
    require_safe(safe)
    rows = safe_rows(safe)
    if chart is not None and chart.kind == "direction":
        return _direction_table(safe, select(rows, chart), chart, language)
    if chart is not None and chart.kind == "checks":
        return _check_table(safe, select(rows, chart), language)
    intervals = (chart.kind == "table" and chart.intervals) if chart is not None else safe.evidence == "effect"
    return _plain_table(safe, tabulate(rows, chart, intervals=intervals), language)


def _plain_table(safe: SafeTable, rows: pd.DataFrame, language: Language) -> str:
    layout, kinds = lay_out(rows), measures(rows)
    notes = {note: place for place, note in enumerate(other_notes(rows, language, safe.labels), start=1)}
    frame = _stub(layout, rows, language, safe.labels)
    for place, column in enumerate(layout.column_keys):
        cells = [layout.cells.get((key, column)) for key in layout.row_keys]
        frame[f"c{place}"] = [_cell(cell, kinds, language, notes) for cell in cells]
    directions = _directions(layout, kinds, language, differences_by_place(safe))
    for place, (_, signs) in enumerate(directions):
        frame[f"d{place}"] = [_sign_html(one) if one else "" for one in signs]
    table = _label_columns(
        GT(frame, id=_table_id(safe, language), **_stub_columns(frame)), layout, rows, language, safe.labels
    )
    if directions:
        labels = {f"d{place}": html(name or "▲▼") for place, (name, _) in enumerate(directions)}
        table = table.cols_label(**labels).tab_spanner(
            label(DIFFERENCE, language, safe.labels), columns=list(labels), id="spanner-d"
        )
        for place, (_, signs) in enumerate(directions):
            table = _colour_cells(table, f"d{place}", signs)
    return _write_html(table, safe, rows, language, _table_notes(safe, rows, directions, language))


def _table_notes(safe: SafeTable, rows: pd.DataFrame, directions: Directions, language: Language) -> list[str]:
    """List the notes that this table needs: on n, differences, intervals, points, and those of its numbers."""
    pointed = any(" pp" in one.text for _, signs in directions for one in signs if one is not None)
    needed = {
        "report_difference_note": bool(directions),
        "report_colour": bool(directions),
        "report_intervals_table": bool(rows[CONF_LOW].notna().any()),
        "report_points_note": pointed,
    }
    counted = bool(rows.loc[rows[STATISTIC] != COUNT, N_UNITS].notna().any())
    tests = judge_tests(rows)
    several = len(tests.frame) >= MANY_TESTS
    return [
        *([n_note(safe, language)] if counted else []),
        *(label(name, language, safe.labels) for name, wanted in needed.items() if wanted),
        *([tests.sentence(language, safe.labels)] if several else []),
        *(f"{place} {text}" for place, text in enumerate(other_notes(rows, language, safe.labels).values(), start=1)),
    ]


def _direction_table(safe: SafeTable, rows: pd.DataFrame, chart: Chart, language: Language) -> str:
    layout = lay_out(rows, columns=(chart.axis, GROUP))
    kinds = measures(rows, divisor=chart.divisor)
    classes = ordered_values(rows, chart.axis)
    frame = _stub(layout, rows, language, safe.labels)
    differences = differences_by_place(safe)
    directions: dict[str, list[Direction | None]] = {}
    for place, name in enumerate(classes):
        pairs = [
            (layout.cells.get((key, (name, PARTICIPANTS))), layout.cells.get((key, (name, NON_PARTICIPANTS))))
            for key in layout.row_keys
        ]
        signs = [_compare(pair, kinds, language, differences) if any(pair) else None for pair in pairs]
        directions[f"c{place}"] = signs
        frame[f"c{place}"] = [
            _direction_html(one, pair, kinds, language) for one, pair in zip(signs, pairs, strict=True)
        ]
    table = GT(frame, id=_table_id(safe, language), **_stub_columns(frame)).tab_stubhead(
        _stub_head(layout, rows, language, safe.labels)
    )
    names = value_labels(chart.axis, classes, language, safe.labels)
    table = table.cols_label(**{f"c{place}": names[name] for place, name in enumerate(classes)})
    table = table.tab_spanner(label(chart.axis, language, safe.labels), columns=list(directions), id="spanner-0")
    for column, signs in directions.items():
        table = _colour_cells(table, column, signs)
    return _write_html(
        table,
        safe,
        rows,
        language,
        [label("report_direction", language, safe.labels) + ".", label("report_colour", language, safe.labels)],
    )


def _check_table(safe: SafeTable, rows: pd.DataFrame, language: Language) -> str:
    lines = [line for _, some in list_checks(rows, language) for line in some]
    texts = {"c0": "expected", "c1": "judged", "c2": "outcome"}
    frame = pd.DataFrame(
        {
            STUB: [line.name for line in lines],
            HEADING: [line.heading for line in lines],
            **{column: [escape(getattr(line, name)) for line in lines] for column, name in texts.items()},
        },
        dtype=object,
    )
    first, *others = (label(name, language) for name in COLUMNS)
    table = GT(frame, id=_table_id(safe, language), **_stub_columns(frame)).tab_stubhead(first)
    table = table.cols_label(**dict(zip(texts, others, strict=True)))
    departing = [place for place, line in enumerate(lines) if line.departs]
    if departing:
        table = table.tab_style(style.fill(FILL_COLOURS["▼"]), loc.body(rows=departing))
    return _write_html(table, safe, rows, language, [])


def _stub(layout: TableGrid, rows: pd.DataFrame, language: Language, own: Labels) -> pd.DataFrame:
    names = row_labels(layout, rows, language, own)
    stub = {STUB: [name for _, name in names]}
    if any(heading for heading, _ in names):
        stub[HEADING] = [heading for heading, _ in names]
    return pd.DataFrame(stub, dtype=object)


def _stub_columns(frame: pd.DataFrame) -> dict[str, str]:
    return {"rowname_col": STUB} | ({"groupname_col": HEADING} if HEADING in frame else {})


def _stub_head(layout: TableGrid, rows: pd.DataFrame, language: Language, own: Labels) -> str:
    return axis_title(rows, layout.row_dimensions[-1], language, own)


def _label_columns(table: GT, layout: TableGrid, rows: pd.DataFrame, language: Language, own: Labels) -> GT:
    """Label the columns by their last dimension and span them by the ones before."""
    names = {name: value_labels(name, ordered_values(rows, name), language, own) for name in layout.column_dimensions}
    table = table.tab_stubhead(_stub_head(layout, rows, language, own))
    if not layout.column_dimensions:
        found = ordered_values(rows, STATISTIC)
        return table.cols_label(
            c0=value_labels(STATISTIC, found, language, own)[found[0]]
            if len(found) == 1
            else label("estimate", language, own)
        )
    last = layout.column_dimensions[-1]
    table = table.cols_label(**{f"c{place}": names[last][key[-1]] for place, key in enumerate(layout.column_keys)})
    for depth, dimension in list(enumerate(layout.column_dimensions[:-1]))[::-1]:
        places = list(enumerate(layout.column_keys))
        for run, (key, members) in enumerate(groupby(places, key=lambda item: item[1][: depth + 1])):
            columns = [f"c{place}" for place, _ in members]
            table = table.tab_spanner(names[dimension][key[-1]], columns=columns, id=f"spanner-{depth}-{run}")
    return table


def _cell(row: Row | None, kinds: Measures, language: Language, notes: dict[str, int]) -> str:
    if row is None:
        return ""
    measure: Measure = kinds[measure_key(row)]
    text = escape(cell_text(row, measure, language))
    if row["note"] in notes and row[STATE] == NUMBER:
        text += f"<sup>{notes[row['note']]}</sup>"
    text += _small(interval_text(row, measure, language))
    if row[STATE] == NUMBER and pd.notna(row[N_UNITS]) and measure.form != "count":
        text += f"<small>n {number(row[N_UNITS], language)}</small>"
    return text


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


def _direction_html(one: Direction | None, pair: Pair, kinds: Measures, language: Language) -> str:
    if one is None:
        return ""
    values = " | ".join(cell_text(row, kinds[measure_key(row)], language) for row in pair if row)
    return f"{_sign_html(one)}<small>{escape(values)}</small>"


def _sign_html(one: Direction) -> str:
    tag = "span" if one.uncertain else "b"
    return f"<{tag}>{escape(one.text)}</{tag}>{_small(one.interval)}"


def _small(interval: str) -> str:
    """Write an interval under its number, where a narrow column may break it; nothing where there is none."""
    text = interval.replace(NO_BREAK, " ").strip()
    return f"<small>{escape(text)}</small>" if text else ""


def _colour_cells(table: GT, column: str, signs: list[Direction | None]) -> GT:
    for sign in ("▲", "▼", "="):
        places = [place for place, one in enumerate(signs) if one is not None and one.shade == sign]
        if places:
            where = loc.body(columns=column, rows=places)
            table = table.tab_style([style.fill(FILL_COLOURS[sign]), style.text(color=TEXT_COLOURS[sign])], where)
    return table


def _write_html(table: GT, safe: SafeTable, rows: pd.DataFrame, language: Language, extra: list[str]) -> str:
    body = [name for name in table._tbl_data.columns if name not in (STUB, HEADING)]
    table = table.fmt_passthrough(columns=body, escape=False).cols_align("right", columns=body)
    for note in [*mark_notes(rows, language, safe.labels), *extra, *source_notes(safe, language)]:
        table = table.tab_source_note(html(escape(note)))
    text = re.sub(r"<style>.*?</style>", "", table.as_raw_html(), flags=re.DOTALL)
    text = re.sub(r'(<div id="[^"]*") style="[^"]*"', r'\1 class="si-table"', text, count=1)
    text = re.sub(r' data-quarto-[a-z-]+="[^"]*"', "", text)
    caption = (
        f"{_tag(safe, language)}{escape(title_of(safe, language))}"
        f"<small>{escape(subtitle_of(rows, language, safe.labels, most_units=MAX_UNITS))}</small>"
    )
    text = re.sub(r"<table([^>]*)>", lambda found: f"{found[0]}<caption>{caption}</caption>", text, count=1)
    return f"<style>{TABLE_CSS}</style>\n{text.strip()}\n"


def _tag(safe: SafeTable, language: Language) -> str:
    return (
        f'<span class="si-synthetic">{label("report_synthetic", language, safe.labels)}</span> '
        if safe.simulation is not None
        else ""
    )


def _table_id(safe: SafeTable, language: Language) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", f"table-{safe.exhibit or safe.function}-{language}")

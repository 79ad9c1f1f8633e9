"""The explorer: one page without a server, where a reader chooses among the numbers that were released."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from si_eval.report.border import NUMBER, STATE, require_safe, safe_rows
from si_eval.report.formats import NO_BREAK, measure_key, measures, unit_text
from si_eval.report.labels import cell_text, count_text, interval_text, title_of, value_label
from si_eval.report.selection import ordered_values
from si_eval.report.specification import DIMENSIONS
from si_eval.results import SafeTable
from si_eval.vocabulary import (
    CONF_HIGH,
    CONF_LOW,
    ESTIMATE,
    RULE_SET,
    STATISTIC,
    UNIT_OF_MEASURE,
    Language,
    label,
)

CHOSEN = (*DIMENSIONS, RULE_SET)  # what a reader chooses by
VALUES = (ESTIMATE, CONF_LOW, CONF_HIGH)
WORDS = (
    "explorer_classes", "explorer_copied", "explorer_copy", "explorer_count", "explorer_figure", "explorer_from",
    "explorer_found_in", "explorer_logarithmic", "explorer_no_split", "explorer_save", "explorer_to", "report_evidence",
)  # fmt: skip


def write_explorer(tables: Sequence[SafeTable], path: str | Path, *, title: str, language: Language) -> Path:
    """Write the explorer of protected tables: a page that holds their numbers and fetches nothing.

    Of a withheld number it holds that it is withheld, and nothing else. Raises DisclosureError for anything but
    SafeTables as they were sealed.
    """
    data = explorer_data(tables, language)
    folder = resources.files("si_eval.report")
    style, script = (folder.joinpath(f"explorer.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    content = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    banner = (
        f'<p class="banner">{escape(label("report_synthetic_document", language))}</p>' if data["synthetic"] else ""
    )
    heading = escape(f"{label('explorer_title', language)}: {title}")
    target = Path(path)
    target.write_text(
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{heading}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n<h1>{heading}</h1>\n{banner}"
        f'<p>{escape(label("explorer_hint", language))}</p>\n<form id="choices"></form>\n'
        '<p id="said" role="status" aria-live="polite"></p>\n<div id="figure"></div>\n<div id="table"></div>\n'
        '<div id="sources"></div>\n</main>\n'
        f'<script id="data" type="application/json">{content}</script>\n<script>{script}</script>\n</body>\n</html>\n',
        encoding="utf-8",
    )
    return target


def explorer_data(tables: Sequence[SafeTable], language: Language) -> dict[str, Any]:
    """Return what the explorer holds: the values of each dimension in order, and one row a number."""
    safe = [require_safe(table, where="explorer") for table in tables]
    frames = [(table, safe_rows(table)) for table in safe]
    every = pd.concat([rows for _, rows in frames], ignore_index=True) if frames else pd.DataFrame(columns=[*CHOSEN])
    names: dict[str, dict[str, str]] = {dimension: {} for dimension in CHOSEN}
    for table, rows in frames:
        for dimension in DIMENSIONS:
            for value in rows[dimension].unique():
                names[dimension].setdefault(value, value_label(dimension, value, language, table.labels))
        names[RULE_SET].setdefault(table.rules, label(table.rules, language, table.labels))
    order = {dimension: ordered_values(every, dimension) for dimension in DIMENSIONS}
    order[RULE_SET] = list(names[RULE_SET])
    places = {dimension: {value: place for place, value in enumerate(values)} for dimension, values in order.items()}
    written: dict[tuple[Any, ...], list[Any]] = {}
    for number, (table, rows) in enumerate(frames):
        for key, row in _rows(table, rows, language):
            written.setdefault(
                key, [*(places[name][value] for name, value in zip(CHOSEN, key, strict=True)), *row, number]
            )
    return {
        "dimensions": list(CHOSEN),
        "names": {name: label("explorer_rules" if name == RULE_SET else name, language) for name in CHOSEN},
        "values": {
            name: [[value, names[name][value].replace(NO_BREAK, " ")] for value in order[name]] for name in CHOSEN
        },
        "rows": list(written.values()),
        "exhibits": [
            [
                title_of(table, language),
                label(table.evidence, language, table.labels),
                label(table.cannot_show, language, table.labels) if table.cannot_show else "",
                table.exhibit,
            ]
            for table in safe
        ],
        "words": {name: label(name, language) for name in WORDS},
        "synthetic": any(table.simulation is not None for table in safe),
    }


def _rows(table: SafeTable, rows: pd.DataFrame, language: Language) -> Iterator[tuple[tuple[Any, ...], list[Any]]]:
    """Yield each number: its keys; estimate and interval, their texts, the units behind it, its unit of measure."""
    kinds = measures(rows)
    for row in rows.to_dict("records"):
        measure = kinds[measure_key(row)]
        shown = row[STATE] == NUMBER
        values = [float(row[name]) if shown and pd.notna(row[name]) else None for name in VALUES]
        texts = [cell_text(row, measure, language), interval_text(row, measure, language), count_text(row, language)]
        unit = unit_text(measure, row[UNIT_OF_MEASURE], language, statistic=row[STATISTIC], own=table.labels)
        key = (*(row[name] for name in DIMENSIONS), table.rules)
        yield key, [*values, *(text.replace(NO_BREAK, " ").strip() for text in texts), unit]

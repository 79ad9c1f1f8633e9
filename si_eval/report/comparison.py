"""The published figures beside the computed ones, grouped by verdict."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd

from si_eval.errors import DisclosureError
from si_eval.vocabulary import Language, label

from .display import LANGUAGES, Display, seal_payload
from .formats import SHARE_UNITS, number
from .stylesheet import TABLE_CSS

COMPARISON_CLASS = "PublishedComparison"
WORDED = ("statement", "reading", "reason")  # and each of them in Dutch
DUTCH = "_nl"
COLUMNS = ("id", "source", "published", "computed", "verdict", *WORDED, *(name + DUTCH for name in WORDED))
EXHIBIT = "published_comparison"
FIRST = ("fails", "not computable", "direction holds", "within precision", "exact")
AGREE = ("within precision", "exact")


def show_comparison(comparison: Any, *, language: Language | None = None) -> Display:
    """Show what was published against what was computed: counts by verdict, then every statement under its verdict.

    Takes a ``PublishedComparison``, whose computed numbers come from SafeTables, and nothing else.
    """
    if type(comparison).__name__ != COMPARISON_CLASS:
        raise DisclosureError(
            f"show_comparison: found {type(comparison).__name__}; expected {COMPARISON_CLASS}; call "
            "se.compare_published first"
        )
    missing = [name for name in COLUMNS if name not in comparison.frame]
    if missing:
        raise DisclosureError(f"show_comparison: found no column {', '.join(missing)}; expected {', '.join(COLUMNS)}")
    language = language or getattr(comparison, "language", LANGUAGES[0])
    synthetic = comparison.simulation is not None
    tables = {one: _table(comparison.frame, one, synthetic=synthetic) for one in LANGUAGES}
    payload = {
        "kind": "exhibit",
        "exhibit": EXHIBIT,
        "form": "table",
        "titles": {one: label("report_comparison", one) for one in LANGUAGES},
        "html": tables,
        "png": dict.fromkeys(LANGUAGES),
        "synthetic": synthetic,
    }
    return Display(tables[language], seal_payload(payload), language)


def _table(frame: pd.DataFrame, language: Language, *, synthetic: bool) -> str:
    verdicts = frame["verdict"].astype(str).value_counts()
    order = sorted(verdicts.index, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    counts = ", ".join(f"{label(name, language)} {number(verdicts[name], language)}" for name in order)
    summary = label("report_comparison_counts", language).format(total=number(len(frame), language), counts=counts)
    tag = f'<span class="si-synthetic">{label("report_synthetic", language)}</span> ' if synthetic else ""
    note = f"<p><small>{escape(label('report_synthetic_note', language))}</small></p>" if synthetic else ""
    groups = "".join(_group(name, frame[frame["verdict"].astype(str) == name], language) for name in order)
    return (
        f'<style>{TABLE_CSS}</style>\n<div class="si-table si-text"><p>{tag}{escape(summary)}</p>{groups}{note}</div>\n'
    )


def _group(verdict: str, rows: pd.DataFrame, language: Language) -> str:
    """Give the statements of one verdict as a table that unfolds: open where it fails, shut on paper if it agrees."""
    names = ("statement", "published", "computed")
    head = "".join(f'<th scope="col">{escape(label(f"report_comparison_{name}", language))}</th>' for name in names)
    body = "".join(_line(row, language) for row in rows.to_dict("records"))
    title = f"{escape(label(verdict, language))} ({number(len(rows), language)})"
    opened = " open" if verdict == FIRST[0] else ""
    printed = "agrees" if verdict in AGREE else "numbers"
    return (
        f'<details class="{printed}"{opened}><summary>{title}</summary><table class="si-comparison">'
        f"<caption>{title}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></details>"
    )


def _line(row: dict[str, Any], language: Language) -> str:
    about = " · ".join(str(row[name]) for name in ("id", "source") if _said(row[name]))
    statement, reading, reason = (_worded(row, name, language) for name in WORDED)
    about += f" · {label('report_comparison_reading', language).lower()}: {reading}" if reading else ""
    reason = f"<small>{escape(reason)}</small>" if reason else ""
    numbers = "".join(
        f"<td>{_value(row[name], str(row.get('unit', '')), language)}</td>" for name in ("published", "computed")
    )
    stub = f"{escape(statement)}<small>{escape(about)}</small>{reason}"
    return f'<tr><th scope="row" class="gt_stub">{stub}</th>{numbers}</tr>'


def _worded(row: dict[str, Any], name: str, language: Language) -> str:
    """Give the words of a column in the reader's language, in English where there are no others."""
    dutch, english = (str(row[key]) if _said(row[key]) else "" for key in (name + DUTCH, name))
    return dutch or english if language == "nl" else english


def _said(value: Any) -> bool:
    return not (value is None or (isinstance(value, float) and pd.isna(value)) or str(value) == "")


def _value(value: Any, unit: str, language: Language) -> str:
    if not _said(value):
        return ""
    if isinstance(value, str):
        return escape(label(value, language))
    if unit in SHARE_UNITS:
        return f"{number(float(value) * 100, language, decimals=1)}%"
    decimals = 0 if abs(value) >= 1000 or float(value).is_integer() else 1 if abs(value) >= 10 else 3
    return number(float(value), language, decimals=decimals)

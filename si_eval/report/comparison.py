"""The published figures beside the computed ones, grouped by verdict."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from si_eval.errors import DisclosureError
from si_eval.report.display import LANGUAGES, Display, seal_payload
from si_eval.report.formats import SHARE_UNITS, number
from si_eval.report.printed_table import PrintedCell, PrintedRow, PrintedTable
from si_eval.report.stylesheet import TABLE_CSS
from si_eval.results import PublishedComparison, require_comparison
from si_eval.vocabulary import Language, label

WORDED = ("statement", "reading", "reason")  # and each of them in Dutch
DUTCH = "_nl"
COLUMNS = ("id", "source", "published", "computed", "verdict", "basis", *WORDED, *(name + DUTCH for name in WORDED))
EXHIBIT = "published_comparison"
CERTAIN = ("restated", "calibrated")  # bases on which agreement was put in: they stand in place of its verdict
ORDER = ("fails", "not computable", "direction holds", "within precision", "exact", *CERTAIN)
OPEN = ORDER[:2]
UNLIKE = 3  # outcomes, of those in order, whose statements are printed one by one


def show_comparison(comparison: PublishedComparison, *, language: Language | None = None) -> Display:
    """Show what was published against what was computed: counts by outcome, then every statement under its own.

    Use it in a notebook; the document takes the table in both languages. Statements that fail stand first, unfolded.
    Where agreement proves nothing, because a number is the source's own or that of a simulation which was made to meet
    it, that stands in place of the verdict.

    Parameters
    ----------
    comparison : PublishedComparison
        From `compare_published` or `compare_with_published`; its computed numbers come from protected tables.
    language : {"nl", "en"}, optional
        The language to read in the notebook; that of the comparison unless given.

    Returns
    -------
    Display
        The table, and its sealed payload for the document.

    Raises
    ------
    DisclosureError
        For anything but a comparison as `compare_published` made it.

    Examples
    --------
    A report printed a mean revenue of participants of 6.7 million euro in 2016.

    >>> from pathlib import Path
    >>> import pandas as pd
    >>> import si_eval as se
    >>> from si_eval.published.sources import CLAIM_COLUMNS, FIGURE_COLUMNS
    >>> firms = se.simulate_firms(firms=300, participants=60, years=5, seed=1).frame
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="participant", revenue="revenue")
    >>> tables = se.protect([se.compare_groups(panel, indicator="revenue")])
    >>> readings = Path("shown_readings.toml")
    >>> _ = readings.write_text('''
    ... composites = []
    ... results = { rule_set = "replicate_2020", ambiguous_below = 0.9, indicators = [] }
    ... precision.printed = { verdict = "exact", below = 0.5, above = 0.5 }
    ... quantifiers.all = { share = 1.0 }
    ... words.about = { relative = [0.0, 0.05], points = [0.0, 0.02] }
    ... ''')
    >>> figure = {"id": "F1", "indicator": "revenue", "statistic": "mean", "group": "participant", "year": "2016",
    ...           "quantity": "level", "size_class": "all", "sector": "all", "category": "all", "confidence": "1",
    ...           "value": "6700000", "step": "100000", "precision": "printed", "unit": "EUR"}
    >>> comparison = se.compare_published(
    ...     tables,
    ...     figures=pd.DataFrame([figure]).reindex(columns=FIGURE_COLUMNS, fill_value=""),
    ...     claims=pd.DataFrame(columns=CLAIM_COLUMNS),
    ...     readings=readings,
    ... )
    >>> se.show_comparison(comparison)
    exhibit: published_comparison
    """
    require_comparison(comparison, where="show_comparison")
    missing = [name for name in COLUMNS if name not in comparison.frame]
    if missing:
        raise DisclosureError(f"show_comparison: found no column {', '.join(missing)}; expected {', '.join(COLUMNS)}")
    language = language or comparison.language
    synthetic = comparison.simulation is not None
    tables = {one: _table(comparison.frame, one, synthetic=synthetic) for one in LANGUAGES}
    payload = {
        "kind": "exhibit",
        "exhibit": EXHIBIT,
        "form": "table",
        "titles": {one: label("report_comparison", one) for one in LANGUAGES},
        "findings": dict.fromkeys(LANGUAGES, ""),
        "html": tables,
        "tables": {one: _printed(comparison.frame, one, synthetic=synthetic).to_payload() for one in LANGUAGES},
        "png": dict.fromkeys(LANGUAGES),
        "alt": dict.fromkeys(LANGUAGES, ""),
        "synthetic": synthetic,
    }
    return Display(tables[language], seal_payload(payload), language)


def _table(frame: pd.DataFrame, language: Language, *, synthetic: bool) -> str:
    outcomes, order = _outcomes(frame)
    summary = _summary(outcomes, order, language)
    tag = f'<span class="si-synthetic">{label("report_synthetic", language)}</span> ' if synthetic else ""
    note = f"<p><small>{escape(label('report_synthetic_note', language))}</small></p>" if synthetic else ""
    groups = "".join(_group(name, frame[outcomes == name], language) for name in order)
    return (
        f'<style>{TABLE_CSS}</style>\n<div class="si-table si-text"><p>{tag}{escape(summary)}</p>{groups}{note}</div>\n'
    )


def _outcomes(frame: pd.DataFrame) -> tuple[pd.Series, list[str]]:
    """Return the outcome of each statement, and the outcomes that there are, those that fail first."""
    verdicts, certain = frame["verdict"].astype(str), frame["basis"].isin(CERTAIN)
    outcomes = frame["basis"].where(certain & ~verdicts.isin(OPEN), verdicts)
    order = sorted(outcomes.unique(), key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    return outcomes, order


def _summary(outcomes: pd.Series, order: Sequence[str], language: Language) -> str:
    """Count the statements by outcome in a sentence."""
    counts = ", ".join(f"{label(name, language)} {number((outcomes == name).sum(), language)}" for name in order)
    return label("report_comparison_counts", language).format(total=number(len(outcomes), language), counts=counts)


def _printed(frame: pd.DataFrame, language: Language, *, synthetic: bool) -> PrintedTable:
    """Print the statements that do not simply agree, by outcome; those that do are counted."""
    outcomes, order = _outcomes(frame)
    rows = [
        PrintedRow(label(name, language), _worded(row, "statement", language), _printed_cells(row, language))
        for name in order
        if name in ORDER[:UNLIKE]
        for row in frame[outcomes == name].to_dict("records")
    ]
    return PrintedTable(
        name=EXHIBIT,
        title=label("report_comparison", language),
        subtitle=_summary(outcomes, order, language),
        synthetic=label("report_synthetic", language) if synthetic else "",
        stub_head=label("report_comparison_statement", language),
        columns=tuple(label(f"report_comparison_{name}", language) for name in ("published", "computed", "reason")),
        spanners=(),
        rows=tuple(rows),
        notes=(label("report_synthetic_note", language),) if synthetic else (),
    )


def _printed_cells(row: Mapping[Hashable, Any], language: Language) -> tuple[PrintedCell, ...]:
    """Print what was published, and what was computed or why it was not."""
    published, computed = (_text(row[name], str(row.get("unit", "")), language) for name in ("published", "computed"))
    reason = _worded(row, "reason", language)
    return PrintedCell(published), PrintedCell(computed), PrintedCell(small=(reason,) if reason else ())


def _group(outcome: str, rows: pd.DataFrame, language: Language) -> str:
    """Write the statements of one outcome as a table that unfolds: open where it fails, shut on paper if it agrees."""
    names = ("statement", "published", "computed")
    head = "".join(f'<th scope="col">{escape(label(f"report_comparison_{name}", language))}</th>' for name in names)
    body = "".join(_line(row, language) for row in rows.to_dict("records"))
    title = f"{escape(label(outcome, language))} ({number(len(rows), language)})"
    opened = " open" if outcome == ORDER[0] else ""
    printed = "numbers" if outcome in ORDER[:UNLIKE] else "agrees"
    return (
        f'<details class="{printed}"{opened}><summary>{title}</summary><table class="si-comparison">'
        f"<caption>{title}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></details>"
    )


def _line(row: Mapping[Hashable, Any], language: Language) -> str:
    about = " · ".join(str(row[name]) for name in ("id", "source") if _is_given(row[name]))
    statement, reading, reason = (_worded(row, name, language) for name in WORDED)
    about += f" · {label('report_comparison_reading', language).lower()}: {reading}" if reading else ""
    reason = f"<small>{escape(reason)}</small>" if reason else ""
    numbers = "".join(
        f"<td>{_value(row[name], str(row.get('unit', '')), language)}</td>" for name in ("published", "computed")
    )
    stub = f"{escape(statement)}<small>{escape(about)}</small>{reason}"
    return f'<tr><th scope="row" class="gt_stub">{stub}</th>{numbers}</tr>'


def _worded(row: Mapping[Hashable, Any], name: str, language: Language) -> str:
    """Return the words of a column in the reader's language, in English where there are no others."""
    dutch, english = (str(row[key]) if _is_given(row[key]) else "" for key in (name + DUTCH, name))
    return dutch or english if language == "nl" else english


def _is_given(value: Any) -> bool:
    """Whether a field holds a word or a number."""
    return not (value is None or (isinstance(value, float) and pd.isna(value)) or str(value) == "")


def _value(value: Any, unit: str, language: Language) -> str:
    return escape(_text(value, unit, language))


def _text(value: Any, unit: str, language: Language) -> str:
    """Write a number or the words that stand in its place; nothing where there is neither."""
    if not _is_given(value):
        return ""
    if isinstance(value, str):
        return label(value, language)
    if unit in SHARE_UNITS:
        return f"{number(float(value) * 100, language, decimals=1)}%"
    decimals = 0 if abs(value) >= 1000 or float(value).is_integer() else 1 if abs(value) >= 10 else 3
    return number(float(value), language, decimals=decimals)

"""Show a SafeTable in a notebook: its figure, its table, and the payload for the document."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from si_eval.report.alt_text import describe_figure
from si_eval.report.border import require_safe
from si_eval.report.charts import draw
from si_eval.report.display import LANGUAGES, Display, check_language, seal_payload
from si_eval.report.findings import finding_of
from si_eval.report.labels import title_of
from si_eval.report.printing import print_table
from si_eval.report.specification import TABLE_KINDS, Chart, as_chart
from si_eval.report.tables import render_table
from si_eval.results import SafeTable
from si_eval.vocabulary import Language


def show(
    safe: SafeTable, chart: Chart | Mapping[str, Any] | None = None, *, language: Language | None = None
) -> Display:
    """Show a table in a notebook, and its figure where a chart is given.

    The title stands above the figure, not in it. The document takes both languages.

    Parameters
    ----------
    safe : SafeTable
        The table, from `protect`.
    chart : Chart or mapping, optional
        How to draw it: a `Chart`, or its settings as in a study file. A table alone by default.
    language : {"nl", "en"}, optional
        The language to read in the notebook; the table's own unless given.

    Returns
    -------
    Display
        The exhibit, and its sealed payload for the document.

    Raises
    ------
    DisclosureError
        For anything but a SafeTable as it was sealed.
    StudyError
        For a chart or a language that there is not.

    Examples
    --------
    >>> import si_eval as se
    >>> firms = se.simulate_firms(firms=300, participants=60, years=5, seed=1).frame
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="participant", revenue="revenue")
    >>> (safe,) = se.protect([se.compare_groups(panel, indicator="revenue", years=[2015])])
    >>> se.show(safe.in_language("en"))
    exhibit: compare_groups
    """
    require_safe(safe)
    check_language("show", language)
    language = language or safe.language
    chart = as_chart(chart) if chart else None
    payload = exhibit_payload(safe, chart, LANGUAGES)
    titles, tables, pictures = payload["titles"], payload["html"], payload["png"]
    if payload["form"] == "table":
        return Display(tables[language], payload, language)
    picture = picture_html(payload["alt"][language], pictures[language])
    return Display(f"<p><b>{escape(titles[language])}</b></p>\n{picture}{tables[language]}", payload, language)


def exhibit_payload(safe: SafeTable, chart: Chart | None, languages: Sequence[Language]) -> dict[str, Any]:
    """Return what the document takes of a table in some languages: title, numbers and figure, under its seal."""
    figure = chart if chart is not None and chart.kind not in TABLE_KINDS else None
    drawn = {one: draw(safe, figure, language=one, titled=False) if figure else None for one in languages}
    printed = {one: print_table(safe, language=one, chart=chart) for one in languages}
    payload: dict[str, Any] = {
        "kind": "exhibit",
        "exhibit": safe.exhibit or safe.function,
        "form": "figure" if figure else "table",
        "titles": {one: title_of(safe, one) for one in languages},
        "findings": {one: finding_of(safe, chart, one) for one in languages},
        "html": {one: render_table(table, one) for one, table in printed.items()},
        "tables": {one: table.to_payload() for one, table in printed.items()},
        "png": {one: None if picture is None else b64encode(picture).decode() for one, picture in drawn.items()},
        "alt": {one: describe_figure(safe, figure, one) if figure else "" for one in languages},
        "synthetic": safe.simulation is not None,
    }
    return seal_payload(payload)


def picture_html(alternative: str, png: str | None) -> str:
    """Write an image with its alternative text; nothing where there is no image."""
    if png is None:
        return ""
    source = f"data:image/png;base64,{png}"
    return f'<img alt="{escape(alternative)}" src="{source}" style="max-width:100%;width:16cm">\n'

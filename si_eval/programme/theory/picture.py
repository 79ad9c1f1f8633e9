"""The theory as a table that may cross the public border; the report draws it in layers."""

from __future__ import annotations

from si_eval.programme.rows import TidyRow, public_table, require_input
from si_eval.programme.theory.programme import Edge, Programme
from si_eval.results import ResultTable
from si_eval.vocabulary import (
    CATEGORY,
    COUNT,
    ESTIMATE,
    GRAPH_ARROW,
    GRAPH_INFERRED,
    GRAPH_LAYERS,
    GRAPH_LINK,
    INDICATOR,
    NOTE,
    STATISTIC,
    UNIT_OF_MEASURE,
    Reason,
    bilingual,
)

CANNOT_SHOW = "The picture says what was meant to lead to what, not that it did."


def theory_table(programme: Programme, *, picture: str = "theory") -> ResultTable:
    """Write one picture of a programme's theory as rows that may cross the public border.

    Parameters
    ----------
    programme : Programme
        The theory, from `load_programme`.
    picture : str, default "theory"
        The id of one of its pictures.

    Returns
    -------
    ResultTable
        Tidy rows, public. Rows of ``theory_layer`` count the elements of a layer; rows named after a layer count the
        links of an element, so that 0 is an element that nothing leads to or from; rows ``theory_link_<kind>`` are the
        links, with ``from > to`` as category. The note of an element has its name in both languages, that of a link its
        own label and whether it was inferred.

    Raises
    ------
    StudyError
        For a picture that the programme does not have.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.theory import theory_table, load_programme
    >>> path = Path("programme.toml")
    >>> _ = path.write_text('''
    ... name = "small"
    ... title = { nl = "Klein", en = "Small" }
    ... layers = [
    ...   { id = "do", nl = "Doen", en = "Do", role = "activity" },
    ...   { id = "get", nl = "Krijgen", en = "Get", role = "output" },
    ... ]
    ... pictures = [{ id = "all", nl = "Alles", en = "All", layers = ["do", "get"] }]
    ... links = [{ id = "gives", nl = "geeft", en = "gives" }]
    ... nodes = [{ id = "a", layer = "do", nl = "A", en = "A" }, { id = "b", layer = "get", nl = "B", en = "B" }]
    ... edges = [{ from = "a", to = "b", kind = "gives" }]
    ... questions = [{ id = "q", nl = "vraag", en = "question", exhibits = ["table_1"] }]
    ... ''')
    >>> theory_table(load_programme(path), picture="all").to_frame()[["indicator", "category", "estimate", "unit"]]
               indicator category  estimate      unit
    0       theory_layer       do       1.0  elements
    1       theory_layer      get       1.0  elements
    2                 do        a       1.0     links
    3                get        b       1.0     links
    4  theory_link_gives    a > b       1.0     links
    """
    require_input("programme", programme, Programme, "load_programme")
    drawn = programme.picture(picture)
    layers = [next(layer for layer in programme.layers if layer.id == name) for name in drawn.layers]
    nodes = [node for name in drawn.layers for node in programme.nodes if node.layer == name]
    shown = {node.id for node in nodes}
    links = [edge for edge in programme.edges if edge.start in shown and edge.end in shown]
    rows = [
        _row(GRAPH_LAYERS, layer.id, sum(node.layer == layer.id for node in nodes), "elements", layer.nl, layer.en)
        for layer in layers
    ]
    for node in nodes:
        degree = sum(node.id in (edge.start, edge.end) for edge in links)
        rows.append(_row(node.layer, node.id, degree, "links", node.nl, node.en))
    rows += [_link_row(edge) for edge in links]
    titles = {"nl": drawn.nl, "en": drawn.en}
    return public_table(rows, "theory_table", CANNOT_SHOW, missing=Reason.NOT_IN_SOURCE, titles=titles)


def _row(indicator: str, category: str, value: int, unit: str, nl: str, en: str) -> TidyRow:
    """Make the row of a layer or an element, with its name in both languages."""
    return {
        INDICATOR: indicator,
        STATISTIC: COUNT,
        CATEGORY: category,
        ESTIMATE: float(value),
        UNIT_OF_MEASURE: unit,
        NOTE: bilingual(nl, en),
    }


def _link_row(edge: Edge) -> TidyRow:
    """Make the row of a link, with its label and whether it was inferred."""
    note = " ".join(part for part in (edge.label, GRAPH_INFERRED if edge.basis == "inferred" else "") if part)
    row = _row(GRAPH_LINK + edge.kind, f"{edge.start}{GRAPH_ARROW}{edge.end}", 1, "links", "", "")
    return {**row, NOTE: note}

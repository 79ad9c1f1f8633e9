"""The theory as a table that can cross the public border; the report draws it in layers."""

from __future__ import annotations

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
)

from .programme import Edge, Programme
from .rows import BILINGUAL, public_table

CANNOT_SHOW = "The picture says what was meant to lead to what, not that it did."


def theory_table(programme: Programme, *, picture: str = "theory") -> ResultTable:
    """Give one picture of a programme's theory as rows that may cross the public border.

    Rows of ``theory_layer`` count the elements of a layer; rows named after a layer count the links of an element, so
    that 0 is an element that nothing leads to or from; rows ``theory_link_<kind>`` are the links, ``from > to``. The
    note of an element has its name in both languages, that of a link its own label and whether it was inferred.
    """
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
    return public_table(rows, "theory_table", CANNOT_SHOW, {"nl": drawn.nl, "en": drawn.en})


def _row(indicator: str, category: str, value: int, unit: str, nl: str, en: str) -> dict[str, object]:
    return {
        INDICATOR: indicator,
        STATISTIC: COUNT,
        CATEGORY: category,
        ESTIMATE: float(value),
        UNIT_OF_MEASURE: unit,
        NOTE: BILINGUAL.format(nl=nl, en=en),
    }


def _link_row(edge: Edge) -> dict[str, object]:
    note = " ".join(part for part in (edge.label, GRAPH_INFERRED if edge.basis == "inferred" else "") if part)
    row = _row(GRAPH_LINK + edge.kind, f"{edge.start}{GRAPH_ARROW}{edge.end}", 1, "links", "", "")
    return {**row, NOTE: note}

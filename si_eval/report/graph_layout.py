"""A graph in layers: its elements, links and boxes, read from a protected table, with the place of each. No drawing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from si_eval.report.layered_layout import LayeredLayout, arrange_layers
from si_eval.report.style import DPI
from si_eval.report.text import text_width
from si_eval.results import SafeTable
from si_eval.vocabulary import (
    CATEGORY,
    ESTIMATE,
    GRAPH_ARROW,
    GRAPH_INFERRED,
    GRAPH_LAYERS,
    GRAPH_LINK,
    INDICATOR,
    NOTE,
    Language,
    label,
)

WIDTH, HEIGHT, MARGIN = 11.2, 7.6, 0.2  # of the page, in inches
HEAD, TITLE_HEIGHT, FOOT = 0.95, 0.45, 0.5
BOX_SHARE = 0.7  # of the width of a layer
GAP, WIDE_GAP = 0.13, 0.26  # between boxes; wide where no layer has more than MAX_WIDE
MAX_WIDE = 2
PADDING = 0.06
LABEL_SIZE, MIN_LABEL_SIZE = 8.0, 6.0
LINE = 1.25 / 72
PORT_HEIGHT = 0.24


@dataclass(frozen=True)
class Box:
    """One element as it is drawn: wrapped label, and its box in inches from the lower left corner of the page."""

    text: str
    size: float
    left: float
    bottom: float
    width: float
    height: float
    layer: int
    linked: bool


@dataclass(frozen=True)
class GraphPage:
    """The boxes by element, their layout, the height of the page and its head, and where 0 of the layout lies."""

    boxes: dict[str, Box]
    layout: LayeredLayout
    height: float
    head: float
    top: float


@dataclass(frozen=True)
class Link:
    """A link between two elements, with its label; inferred where the source does not give it."""

    start: str
    end: str
    text: str
    inferred: bool


@dataclass(frozen=True)
class Graph:
    """Layers (id and heading), elements (id -> label, layer, number of links) and links, in their order."""

    layers: tuple[tuple[str, str], ...]
    nodes: Mapping[str, tuple[str, str, int]]
    links: tuple[Link, ...]


def read_graph(safe: SafeTable, language: Language) -> Graph:
    """Read layers, elements and links back from the protected rows, in their order."""
    frame = safe.to_frame()
    links = frame[frame[INDICATOR].str.startswith(GRAPH_LINK)]
    layers = frame[frame[INDICATOR] == GRAPH_LAYERS]
    nodes = frame[frame[INDICATOR].isin(layers[CATEGORY])]
    return Graph(
        layers=tuple((row[CATEGORY], label(row[NOTE], language, safe.labels)) for row in layers.to_dict("records")),
        nodes={
            row[CATEGORY]: (label(row[NOTE], language, safe.labels), row[INDICATOR], int(row[ESTIMATE]))
            for row in nodes.to_dict("records")
        },
        links=tuple(_read_link(row[CATEGORY], row[NOTE]) for row in links.to_dict("records")),
    )


def _read_link(category: str, note: str) -> Link:
    start, end = category.split(GRAPH_ARROW)
    return Link(start, end, note.replace(GRAPH_INFERRED, "").strip(), GRAPH_INFERRED in note)


def arrange_graph(graph: Graph, *, titled: bool) -> GraphPage:
    """Wrap the labels, arrange the layers, and place the box of every element; the page is as high as its content."""
    head = HEAD if titled else HEAD - TITLE_HEIGHT
    ids = [name for name, _ in graph.layers]
    members = [[name for name, (_, layer, _) in graph.nodes.items() if layer == one] for one in ids]
    wide = max(map(len, members)) <= MAX_WIDE
    gap, room = WIDE_GAP if wide else GAP, HEIGHT - HEAD - FOOT - 2 * MARGIN
    column = (WIDTH - 2 * MARGIN) / len(ids)
    width, size = column * BOX_SHARE, LABEL_SIZE
    texts, heights = _sizes(graph, width, size, ports=wide)
    while size > MIN_LABEL_SIZE and max(sum(heights[name] + gap for name in names) for names in members) > room:
        size -= 0.25
        texts, heights = _sizes(graph, width, size, ports=wide)
    links = list(dict.fromkeys((link.start, link.end) for link in graph.links))
    layout = arrange_layers(members, links, heights, height=room, gap=gap)
    upper, lower = layout.extent(heights)
    height = round((lower - upper + head + FOOT + 2 * MARGIN) * DPI) / DPI
    top = height - MARGIN - head + upper
    boxes = {}
    for place, names in enumerate(members):
        left = MARGIN + column * place + (column - width) / 2
        for name in names:
            bottom = top - layout.y[name] - heights[name] / 2
            boxes[name] = Box(texts[name], size, left, bottom, width, heights[name], place, graph.nodes[name][2] > 0)
    return GraphPage(boxes, layout, height, head, top)


def _sizes(graph: Graph, width: float, size: float, *, ports: bool) -> tuple[dict[str, str], dict[str, float]]:
    """Wrap every label and compute the height of its box; ``ports`` gives room to every link that ends there."""
    texts = {name: wrap_label(text, width - 2 * PADDING, size) for name, (text, _, _) in graph.nodes.items()}
    least = {name: PORT_HEIGHT * max(_degree(graph, name)) if ports else 0.0 for name in texts}
    heights = {name: max((text.count("\n") + 1) * size * LINE + 0.17, least[name]) for name, text in texts.items()}
    return texts, heights


def _degree(graph: Graph, name: str) -> tuple[int, int]:
    return sum(link.start == name for link in graph.links), sum(link.end == name for link in graph.links)


def wrap_label(text: str, width: float, size: float) -> str:
    """Break text at spaces so that no line is wider than ``width`` inches; a longer word is cut with a hyphen."""
    lines = [""]
    for word in _pieces(text, width, size):
        longer = f"{lines[-1]}{'' if lines[-1].endswith('-') else ' '}{word}".strip()
        if lines[-1] and text_width(longer, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def _pieces(text: str, width: float, size: float) -> list[str]:
    words = []
    for word in re.split(r"\s+|(?<=\w-)", text):
        rest = word
        while len(rest) > 4 and text_width(rest, size) > width:
            cut = max((n for n in range(3, len(rest) - 1) if text_width(rest[:n] + "-", size) <= width), default=3)
            words.append(rest[:cut] + "-")
            rest = rest[cut:]
        words.append(rest)
    return words

"""A graph in layers from left to right, such as a programme's theory: drawn from its protected table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from si_eval.report.graph_layout import (
    BOX_SHARE,
    MARGIN,
    WIDTH,
    Box,
    Graph,
    GraphPage,
    arrange_graph,
    read_graph,
    wrap_label,
)
from si_eval.report.style import DPI, GREY, INK
from si_eval.report.text import text_width
from si_eval.results import SafeTable
from si_eval.vocabulary import Labels, Language, label

TITLE_SIZE, HEADING_SIZE, NOTE_SIZE = 13.0, 9.0, 7.5
LIGHT = "#8a8a8a"
DASHES = (0, (4, 2.2))
FILLS = ("#fbe3cf", "#fbf6cf", "#d7eaf7", "#d5f0e6", "#f6e0ec", "#e6e6e6")
EDGES = ("#b34d00", "#8b8200", "#0072B2", "#00755a", "#a3487d", "#4d4d4d")


def draw_graph(safe: SafeTable, *, language: Language, titled: bool = True) -> Figure:
    """Draw a protected table of elements and links in layers from left to right, on a page of A4 landscape.

    Links that the source does not give are dashed; an element without any link has a dashed edge. ``titled`` is false
    for a figure that stands under a caption with its title.
    """
    graph = read_graph(safe, language)
    page = arrange_graph(graph, titled=titled)
    figure = Figure(figsize=(WIDTH, page.height), dpi=DPI)
    FigureCanvasAgg(figure)
    title = str(safe.titles.get(language) or safe.exhibit) if titled else ""
    _draw(figure, graph, page, title, safe.labels, language)
    return figure


def _draw(figure: Figure, graph: Graph, page: GraphPage, title: str, own: Labels, language: Language) -> None:
    place, headings = figure.dpi_scale_trans, page.height - MARGIN - page.head + 0.24
    if title:
        figure.text(
            MARGIN, page.height - MARGIN, title, fontsize=TITLE_SIZE, fontweight="bold", va="top", color=INK,
            transform=place,
        )  # fmt: skip
    column = (WIDTH - 2 * MARGIN) / len(graph.layers)
    for layer, (_, heading) in enumerate(graph.layers):
        x = MARGIN + column * (layer + 0.5)
        figure.text(
            x, headings, wrap_label(heading, column - 0.1, HEADING_SIZE), fontsize=HEADING_SIZE, fontweight="bold",
            ha="center", va="center", color=EDGES[layer % len(EDGES)], transform=place, linespacing=1.1,
        )  # fmt: skip
    _draw_links(figure, graph, page)
    for box in page.boxes.values():
        _draw_box(figure, box)
    _draw_legend(figure, graph, own, language)


def _draw_box(figure: Figure, box: Box) -> None:
    patch = FancyBboxPatch(
        (box.left, box.bottom), box.width, box.height, boxstyle="round,pad=0,rounding_size=0.05",
        transform=figure.dpi_scale_trans, facecolor=FILLS[box.layer % len(FILLS)] if box.linked else "white",
        edgecolor=EDGES[box.layer % len(EDGES)], linewidth=0.9 if box.linked else 1.1,
        linestyle="-" if box.linked else (0, (3, 2)), zorder=3,
    )  # fmt: skip
    figure.add_artist(patch)
    middle = (box.left + box.width / 2, box.bottom + box.height / 2)
    figure.text(
        *middle, box.text, fontsize=box.size, ha="center", va="center", color=INK, linespacing=1.15, zorder=4,
        transform=figure.dpi_scale_trans,
    )  # fmt: skip


def _draw_links(figure: Figure, graph: Graph, page: GraphPage) -> None:
    """Draw links from port to port, level through the lanes of layers that they pass, labels where there is room."""
    starts, ends = _ports(graph, page)
    boxes = page.boxes
    taken: list[tuple[float, float]] = []
    column = (WIDTH - 2 * MARGIN) / len(graph.layers)
    half = column * BOX_SHARE / 2
    for number, link in enumerate(graph.links):
        points = [(boxes[link.start].left + boxes[link.start].width, starts[number])]
        for layer, y in page.layout.paths[link.start, link.end][1:-1]:
            middle = MARGIN + column * (layer + 0.5)
            points += [(middle - half, page.top - y), (middle + half, page.top - y)]
        points.append((boxes[link.end].left - 0.02, ends[number]))
        look = {"linestyle": DASHES, "color": LIGHT} if link.inferred else {"linestyle": "-", "color": GREY}
        arrow = FancyArrowPatch(
            path=_smooth(points), arrowstyle="-|>,head_length=3,head_width=1.6", linewidth=0.9, zorder=2,
            transform=figure.dpi_scale_trans, capstyle="butt", **look,
        )  # fmt: skip
        figure.add_artist(arrow)
        if link.text:
            _draw_label(figure, link.text, points, taken)


def _ports(graph: Graph, page: GraphPage) -> tuple[list[float], list[float]]:
    """Compute a place of its own for each link at both boxes, in the order in which the links leave and arrive."""
    keys = [(link.start, link.end) for link in graph.links]
    out: list[list[float]] = []
    for side, other in ((0, 1), (1, -2)):
        places = [0.0] * len(graph.links)
        for name, box in page.boxes.items():
            own = [number for number, key in enumerate(keys) if key[side] == name]
            own.sort(key=lambda number: page.layout.paths[keys[number]][other][1])
            for rank, number in enumerate(own):
                places[number] = box.bottom + box.height * (1 - (rank + 1) / (len(own) + 1))
        out.append(places)
    return out[0], out[1]


def _smooth(points: Sequence[tuple[float, float]]) -> Path:
    """Join points by curves that leave and arrive level; stretches at one height are straight."""
    vertices, codes = [points[0]], [Path.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(points):
        if y0 == y1:
            vertices.append((x1, y1))
            codes.append(Path.LINETO)
            continue
        bend = (x1 - x0) * 0.45
        vertices += [(x0 + bend, y0), (x1 - bend, y1), (x1, y1)]
        codes += [Path.CURVE4] * 3
    return Path(vertices, codes)


def _draw_label(
    figure: Figure, text: str, points: Sequence[tuple[float, float]], taken: list[tuple[float, float]]
) -> None:
    """Write a link's label on its last stretch, at the first place that no other label has."""
    (x0, y0), (x1, y1) = points[-2:]
    places = [(x0 + (x1 - x0) * t, y0 + (y1 - y0) * (3 * t**2 - 2 * t**3)) for t in (0.5, 0.65, 0.35, 0.78, 0.25)]
    far = [spot for spot in places if all(abs(spot[0] - x) > 0.22 or abs(spot[1] - y) > 0.15 for x, y in taken)]
    x, y = (far or places)[0]
    taken.append((x, y))
    figure.text(
        x, y, text, fontsize=NOTE_SIZE, ha="center", va="center", color=INK, zorder=5, transform=figure.dpi_scale_trans,
        bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"},
    )  # fmt: skip


def _draw_legend(figure: Figure, graph: Graph, own: Labels, language: Language) -> None:
    x, y, place = MARGIN, MARGIN + 0.08, figure.dpi_scale_trans
    entries: list[tuple[str, Any, str]] = []
    if not all(link.inferred for link in graph.links):
        entries.append(("report_graph_source", "-", GREY))
    if any(link.inferred for link in graph.links):
        entries.append(("report_graph_inferred", DASHES, LIGHT))
    for name, dash, colour in entries:
        line = Line2D([x, x + 0.4], [y, y], linestyle=dash, color=colour, linewidth=1.1, transform=place)
        figure.add_artist(line)
        x = _legend_text(figure, x + 0.48, y, label(name, language, own))
    if any(links == 0 for _, _, links in graph.nodes.values()):
        patch = FancyBboxPatch(
            (x, y - 0.06), 0.3, 0.12, boxstyle="round,pad=0,rounding_size=0.03", facecolor="white", edgecolor=GREY,
            linestyle=(0, (3, 2)), linewidth=1.0, transform=place,
        )  # fmt: skip
        figure.add_artist(patch)
        _legend_text(figure, x + 0.38, y, label("report_graph_unlinked", language, own))


def _legend_text(figure: Figure, x: float, y: float, text: str) -> float:
    figure.text(x, y, text, fontsize=NOTE_SIZE, va="center", color=GREY, transform=figure.dpi_scale_trans)
    return x + text_width(text, NOTE_SIZE) + 0.3

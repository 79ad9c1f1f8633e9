"""A graph in layers from left to right, such as a programme's theory: drawn from its protected table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import matplotlib.style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from matplotlib.textpath import TextToPath

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

from .border import require_safe
from .layout import Layout, arrange_layers
from .png import to_png

WIDTH, HEIGHT, MARGIN, DPI = 11.2, 7.6, 0.2, 200
HEAD, TITLE_ROOM, FOOT, GAP, SIDE = 0.95, 0.45, 0.5, 0.13, 0.06
WIDE_GAP, FEW = 0.26, 2
TITLE_SIZE, HEADING_SIZE, LABEL_SIZE, NOTE_SIZE = 13.0, 9.0, 8.0, 7.5
LEAST_SIZE = 6.0
LINE = 1.25 / 72
BOX_SHARE = 0.7
INK, GREY, SOFT = "#1a1a1a", "#5a5a5a", "#8a8a8a"
FILLS = ("#fbe3cf", "#fbf6cf", "#d7eaf7", "#d5f0e6", "#f6e0ec", "#e6e6e6")
EDGES = ("#b34d00", "#8b8200", "#0072B2", "#00755a", "#a3487d", "#4d4d4d")
WORDS: dict[str, dict[Language, str]] = {
    "source": {"nl": "verband dat de bron noemt", "en": "link that the source names"},
    "inferred": {"nl": "verband afgeleid, niet in de tekst", "en": "link inferred, not in the text"},
    "orphan": {"nl": "zonder verband", "en": "without a link"},
}


def draw_layers(safe: SafeTable, *, language: Language, titled: bool = True) -> bytes:
    """Draw a protected table of elements and links in layers from left to right: a PNG of A4 landscape, no metadata.

    Links that the source does not give are dashed; an element without any link has a dashed edge. ``titled`` is false
    for a figure that stands under a caption with its title. Raises `DisclosureError` for anything but a SafeTable.
    """
    require_safe(safe)
    graph = _read_graph(safe, language)
    with matplotlib.style.context({"font.family": "DejaVu Sans", "text.parse_math": False}, after_reset=True):
        page = _arrange(graph, titled=titled)
        figure = Figure(figsize=(WIDTH, page.height), dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        _draw(figure, graph, page, str(safe.titles.get(language) or safe.exhibit) if titled else "", language)
        return to_png(figure)


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
class Page:
    """The boxes by element, the layout that they come from, the page's height, its head and where the layout's 0 is."""

    boxes: dict[str, Box]
    layout: Layout
    height: float
    head: float
    top: float


@dataclass(frozen=True)
class _Graph:
    layers: tuple[tuple[str, str], ...]
    nodes: dict[str, tuple[str, str, int]]
    links: tuple[tuple[str, str, str, bool], ...]


def page_of(safe: SafeTable, *, language: Language) -> Page:
    """Give where everything is drawn, for checks of the layout."""
    return _arrange(_read_graph(safe, language), titled=True)


def _read_graph(safe: SafeTable, language: Language) -> _Graph:
    """Read layers, elements and links back from the protected rows, in their order."""
    frame = safe.to_frame()
    links = frame[frame[INDICATOR].str.startswith(GRAPH_LINK)]
    layers = frame[frame[INDICATOR] == GRAPH_LAYERS]
    nodes = frame[frame[INDICATOR].isin(layers[CATEGORY])]
    return _Graph(
        layers=tuple((row[CATEGORY], label(row[NOTE], language)) for row in layers.to_dict("records")),
        nodes={
            row[CATEGORY]: (label(row[NOTE], language), row[INDICATOR], int(row[ESTIMATE]))
            for row in nodes.to_dict("records")
        },
        links=tuple(
            (
                *row[CATEGORY].split(GRAPH_ARROW),
                row[NOTE].replace(GRAPH_INFERRED, "").strip(),
                GRAPH_INFERRED in row[NOTE],
            )
            for row in links.to_dict("records")
        ),
    )


def _arrange(graph: _Graph, *, titled: bool) -> Page:
    """Wrap the labels, arrange the layers, and give every element its box; the page is as high as its content."""
    head = HEAD if titled else HEAD - TITLE_ROOM
    ids = [name for name, _ in graph.layers]
    members = [[name for name, (_, layer, _) in graph.nodes.items() if layer == one] for one in ids]
    few = max(map(len, members)) <= FEW
    gap, room = WIDE_GAP if few else GAP, HEIGHT - HEAD - FOOT - 2 * MARGIN
    column = (WIDTH - 2 * MARGIN) / len(ids)
    width, size = column * BOX_SHARE, LABEL_SIZE
    texts, heights = _sizes(graph, width, size, ports=few)
    while size > LEAST_SIZE and max(sum(heights[name] + gap for name in names) for names in members) > room:
        size -= 0.25
        texts, heights = _sizes(graph, width, size, ports=few)
    links = list(dict.fromkeys(link[:2] for link in graph.links))
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
    return Page(boxes, layout, height, head, top)


def _sizes(graph: _Graph, width: float, size: float, *, ports: bool) -> tuple[dict[str, str], dict[str, float]]:
    """Wrap every label and give the height of its box; ``ports`` gives room to every link that ends there."""
    texts = {name: _wrap(text, width - 2 * SIDE, size) for name, (text, _, _) in graph.nodes.items()}
    least = {name: 0.24 * max(_degree(graph, name)) if ports else 0.0 for name in texts}
    heights = {name: max((text.count("\n") + 1) * size * LINE + 0.17, least[name]) for name, text in texts.items()}
    return texts, heights


def _degree(graph: _Graph, name: str) -> tuple[int, int]:
    return sum(link[0] == name for link in graph.links), sum(link[1] == name for link in graph.links)


def _draw(figure: Figure, graph: _Graph, page: Page, title: str, language: Language) -> None:
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
            x, headings, _wrap(heading, column - 0.1, HEADING_SIZE), fontsize=HEADING_SIZE, fontweight="bold",
            ha="center", va="center", color=EDGES[layer % len(EDGES)], transform=place, linespacing=1.1,
        )  # fmt: skip
    _draw_links(figure, graph, page)
    for box in page.boxes.values():
        _draw_box(figure, box)
    _draw_legend(figure, graph, language)


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


def _draw_links(figure: Figure, graph: _Graph, page: Page) -> None:
    """Draw links from port to port, level through the lanes of layers that they pass, labels where there is room."""
    starts, ends = _ports(graph, page)
    boxes = page.boxes
    taken: list[tuple[float, float]] = []
    column = (WIDTH - 2 * MARGIN) / len(graph.layers)
    half = column * BOX_SHARE / 2
    for number, (start, end, text, inferred) in enumerate(graph.links):
        points = [(boxes[start].left + boxes[start].width, starts[number])]
        for layer, y in page.layout.paths[start, end][1:-1]:
            middle = MARGIN + column * (layer + 0.5)
            points += [(middle - half, page.top - y), (middle + half, page.top - y)]
        points.append((boxes[end].left - 0.02, ends[number]))
        look = {"linestyle": (0, (4, 2.2)), "color": SOFT} if inferred else {"linestyle": "-", "color": GREY}
        arrow = FancyArrowPatch(
            path=_smooth(points), arrowstyle="-|>,head_length=3,head_width=1.6", linewidth=0.9, zorder=2,
            transform=figure.dpi_scale_trans, capstyle="butt", **look,
        )  # fmt: skip
        figure.add_artist(arrow)
        if text:
            _draw_label(figure, text, points, taken)


def _ports(graph: _Graph, page: Page) -> tuple[list[float], list[float]]:
    """Give each link a place of its own at both boxes, in the order in which the links leave and arrive."""
    out: list[list[float]] = []
    for side, other in ((0, 1), (-1, -2)):
        places = [0.0] * len(graph.links)
        for name, box in page.boxes.items():
            mine = [number for number, link in enumerate(graph.links) if link[0 if side == 0 else 1] == name]
            mine.sort(key=lambda number: page.layout.paths[graph.links[number][:2]][other][1])
            for rank, number in enumerate(mine):
                places[number] = box.bottom + box.height * (1 - (rank + 1) / (len(mine) + 1))
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


def _draw_legend(figure: Figure, graph: _Graph, language: Language) -> None:
    x, y, place = MARGIN, MARGIN + 0.08, figure.dpi_scale_trans
    entries: list[tuple[str, object, str]] = [("source", "-", GREY)] if any(not link[3] for link in graph.links) else []
    entries += [("inferred", (0, (4, 2.2)), SOFT)] if any(link[3] for link in graph.links) else []
    for name, dash, colour in entries:
        line = Line2D([x, x + 0.4], [y, y], linestyle=dash, color=colour, linewidth=1.1, transform=place)
        figure.add_artist(line)
        x = _legend_text(figure, x + 0.48, y, WORDS[name][language])
    if any(links == 0 for _, _, links in graph.nodes.values()):
        patch = FancyBboxPatch(
            (x, y - 0.06), 0.3, 0.12, boxstyle="round,pad=0,rounding_size=0.03", facecolor="white", edgecolor=GREY,
            linestyle=(0, (3, 2)), linewidth=1.0, transform=place,
        )  # fmt: skip
        figure.add_artist(patch)
        _legend_text(figure, x + 0.38, y, WORDS["orphan"][language])


def _legend_text(figure: Figure, x: float, y: float, text: str) -> float:
    figure.text(x, y, text, fontsize=NOTE_SIZE, va="center", color=GREY, transform=figure.dpi_scale_trans)
    return x + _width_of(text, NOTE_SIZE) + 0.3


def _wrap(text: str, width: float, size: float) -> str:
    """Break text at spaces so that no line is wider than ``width`` inches; a longer word is cut with a hyphen."""
    lines = [""]
    for word in _fitting_words(text, width, size):
        longer = f"{lines[-1]}{'' if lines[-1].endswith('-') else ' '}{word}".strip()
        if lines[-1] and _width_of(longer, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def _fitting_words(text: str, width: float, size: float) -> list[str]:
    words = []
    for word in re.split(r"\s+|(?<=\w-)", text):
        rest = word
        while len(rest) > 4 and _width_of(rest, size) > width:
            cut = max((n for n in range(3, len(rest) - 1) if _width_of(rest[:n] + "-", size) <= width), default=3)
            words.append(rest[:cut] + "-")
            rest = rest[cut:]
        words.append(rest)
    return words


def _width_of(text: str, size: float) -> float:
    font = FontProperties(family="DejaVu Sans", size=size)
    return float(TextToPath().get_text_width_height_descent(text, font, ismath=False)[0]) / 72

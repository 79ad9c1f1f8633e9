"""The theory of a programme as data: layers, nodes, links, indicators and questions, checked as one graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from si_eval.errors import InputError, Problem, StudyError, propose_name
from si_eval.text_input.file_shape import shape_problems
from si_eval.text_input.toml_files import in_both_languages, read_toml

Role = Literal["reason", "problem", "input", "activity", "output", "outcome", "impact", "level"]
Basis = Literal["source", "inferred"]


class _Part(BaseModel):
    """A part of the programme file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class BilingualText(_Part):
    """One text in Dutch and English."""

    nl: str
    en: str


class Layer(BilingualText):
    """A step of the reasoning, such as outputs; ``role`` tells the checks what it is for."""

    id: str
    role: Role


class Picture(BilingualText):
    """Layers that are drawn beside each other."""

    id: str
    layers: tuple[str, ...]


class LinkKind(BilingualText):
    """What an arrow means, such as "leads to"."""

    id: str


class Node(BilingualText):
    """One element of the theory."""

    id: str
    layer: str
    line: int | None = None
    note: str = ""


class Edge(_Part):
    """An arrow between two nodes. ``basis`` is ``inferred`` where the source's text does not give it."""

    start: str
    end: str
    kind: str
    line: int | None = None
    basis: Basis = "source"
    label: str = ""
    note: str = ""


class IndicatorOf(BilingualText):
    """What would show that a node was reached: something set up (``process``) or something that became different."""

    id: str
    of: str
    measures: Literal["process", "change"]
    exhibits: tuple[str, ...] = ()
    target: bool = False
    line: int | None = None


class Question(BilingualText):
    """An evaluation question and the exhibits that answer it."""

    id: str
    exhibits: tuple[str, ...] = ()
    line: int | None = None


class Programme(_Part):
    """The theory of a programme as one graph.

    Read it with `load_programme`.

    Attributes
    ----------
    name, title, source
        The name of the programme, its title in both languages, and where the theory was read.
    layers : tuple of Layer
        The steps of the reasoning, each with its role (activity, output, outcome, …).
    pictures : tuple of Picture
        Layers that are drawn beside each other.
    links : tuple of LinkKind
        What an arrow may mean.
    nodes : tuple of Node
        The elements of the theory, each in a layer.
    edges : tuple of Edge
        The arrows between them.
    indicators : tuple of IndicatorOf
        What would show that an element was reached.
    questions : tuple of Question
        The evaluation questions, with the exhibits that answer them.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.theory import load_programme
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
    >>> print(load_programme(path).summary())
    Programme small: 2 nodes, 1 links, 1 questions
    """

    name: str
    title: BilingualText
    source: str = ""
    layers: tuple[Layer, ...]
    pictures: tuple[Picture, ...]
    links: tuple[LinkKind, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    indicators: tuple[IndicatorOf, ...] = ()
    questions: tuple[Question, ...] = ()

    def picture(self, name: str) -> Picture:
        """Return a picture by its id; raises `StudyError` for one that the programme does not have."""
        match = next((picture for picture in self.pictures if picture.id == name), None)
        if match is None:
            known = ", ".join(picture.id for picture in self.pictures)
            raise StudyError(f"picture: found {name!r}; expected one of {known}; name one of these")
        return match

    def nodes_with(self, *roles: str) -> tuple[Node, ...]:
        """List the nodes of the layers with a role, in the order of the file."""
        layers = {layer.id for layer in self.layers if layer.role in roles}
        return tuple(node for node in self.nodes if node.layer in layers)

    def summary(self) -> str:
        """Summarise in a line how large the theory is."""
        return (
            f"Programme {self.name}: {len(self.nodes)} nodes, {len(self.edges)} links, {len(self.questions)} questions"
        )


MODELS: dict[str, type[BaseModel]] = {
    "title": BilingualText,
    "layers": Layer,
    "pictures": Picture,
    "links": LinkKind,
    "nodes": Node,
    "edges": Edge,
    "indicators": IndicatorOf,
    "questions": Question,
}
EDGE_KEYS = {"from": "start", "to": "end"}
FILE_KEYS = {name: key for key, name in EDGE_KEYS.items()}  # as the file has the names of the model


def load_programme(path: str | Path) -> Programme:
    """Read a programme theory from a TOML file and check it as a whole.

    Parameters
    ----------
    path : str or Path
        The TOML file, with the keys of `Programme`; an edge is written as ``{ from = "a", to = "b", kind = "gives" }``.

    Returns
    -------
    Programme

    Raises
    ------
    InputError
        With every problem at once: unknown keys and names with the nearest known one, links to unknown nodes, ids that
        occur twice, and links that run in a circle.
    StudyError
        Where the file is not there or is no TOML.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.theory import load_programme
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
    >>> [node.id for node in load_programme(path).nodes_with("output")]
    ['b']
    """
    content = in_both_languages(read_toml(path, what="programme file"))
    path = Path(path)
    if isinstance(content.get("edges"), list):
        content["edges"] = [
            {EDGE_KEYS.get(key, key): value for key, value in edge.items()} if isinstance(edge, dict) else edge
            for edge in content["edges"]
        ]
    what = f"the programme file {path.name}"
    try:
        programme = Programme.model_validate(content)
    except ValidationError as error:
        raise InputError(
            list(shape_problems(error, path.name, Programme, MODELS, aliases=FILE_KEYS)), what=what
        ) from error
    problems = [*_name_problems(programme, path.name), *_circle_problems(programme, path.name)]
    if problems:
        raise InputError(problems, what=what)
    return programme


def _name_problems(programme: Programme, where: str) -> Iterator[Problem]:
    """List names that stand for nothing, and ids that occur twice."""
    ids = {
        column: [part.id for part in getattr(programme, column)]
        for column in ("layers", "pictures", "links", "nodes", "indicators", "questions")
    }
    for column, names in ids.items():
        for name in (name for name, count in Counter(names).items() if count > 1):
            yield Problem(where, f"{name} twice", "each id once", "rename one of them", column=f"{column}.id")
    pairs = Counter((edge.start, edge.end, edge.kind) for edge in programme.edges)
    for start, end, _ in (pair for pair, count in pairs.items() if count > 1):
        yield Problem(where, f"{start} to {end} twice", "each link once", "remove one of them", column="edges")
    uses = [
        *(
            ("pictures.layers", picture.id, layer, "layers")
            for picture in programme.pictures
            for layer in picture.layers
        ),
        *(("nodes.layer", node.id, node.layer, "layers") for node in programme.nodes),
        *(("edges.from", edge.label or edge.end, edge.start, "nodes") for edge in programme.edges),
        *(("edges.to", edge.label or edge.start, edge.end, "nodes") for edge in programme.edges),
        *(("edges.kind", f"{edge.start} to {edge.end}", edge.kind, "links") for edge in programme.edges),
        *(("indicators.of", indicator.id, indicator.of, "nodes") for indicator in programme.indicators),
    ]
    for column, at, name, kind in uses:
        if name not in ids[kind]:
            action = propose_name(name, ids[kind], f"add it to {kind} or correct it")
            yield Problem(where, f"{name!r} at {at}", f"an id of {kind}", action, column=column)


def _circle_problems(programme: Programme, where: str) -> Iterator[Problem]:
    """List links that run in a circle, link a layer to itself, or run against the order of a picture's layers."""
    layer_of = {node.id: node.layer for node in programme.nodes}
    known = [edge for edge in programme.edges if edge.start in layer_of and edge.end in layer_of]
    graph: dict[str, set[str]] = {}
    for edge in known:
        graph.setdefault(edge.end, set()).add(edge.start)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " > ".join(reversed(error.args[1]))
        yield Problem(
            where, f"the circle {circle}", "links in one direction", "remove one of these links", column="edges"
        )
    for picture in programme.pictures:
        places = {layer: place for place, layer in enumerate(picture.layers)}
        for edge in known:
            start, end = places.get(layer_of[edge.start]), places.get(layer_of[edge.end])
            if start is not None and end is not None and start >= end:
                yield Problem(
                    where,
                    f"{edge.start} to {edge.end} in picture {picture.id}",
                    "a link from an earlier layer to a later one",
                    "turn the link round or change the order of layers",
                    column="edges",
                )

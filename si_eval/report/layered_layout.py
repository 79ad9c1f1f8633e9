"""The layout of a layered graph (Sugiyama): few crossings, no overlap, the same places every time. No drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from si_eval.stats import FloatArray

MAX_SWEEPS = 24
N_RELAXATIONS = 12


@dataclass(frozen=True)
class LayeredLayout:
    """Centres of the elements by name, with 0 at the top, and of each link the places it runs through.

    ``paths`` has, by link, one (layer, y) for each layer from the start to the end of the link, ends included.
    """

    y: Mapping[str, float]
    paths: Mapping[tuple[str, str], Sequence[tuple[int, float]]]
    crossings: int

    def extent(self, heights: Mapping[str, float]) -> tuple[float, float]:
        """Compute the upper and lower end of everything: boxes of these heights, and lanes."""
        lanes = [y for path in self.paths.values() for _, y in path[1:-1]]
        upper = min([*lanes, *(y - heights[name] / 2 for name, y in self.y.items())])
        return upper, max([*lanes, *(y + heights[name] / 2 for name, y in self.y.items())])


def arrange_layers(
    layers: Sequence[Sequence[str]],
    links: Sequence[tuple[str, str]],
    heights: Mapping[str, float],
    *,
    height: float,
    gap: float,
) -> LayeredLayout:
    """Order the elements of each layer by the barycentre of their neighbours, and place them within ``height``.

    Links that pass a layer get a lane of their own through it, so that they never run through a box. ``heights`` are
    those of the boxes, ``gap`` is the least room between two. Raises nothing where it does not fit: gaps then shrink.
    """
    columns, chains = _with_lanes(layers, links)
    pieces = [piece for chain in chains.values() for piece in pairwise(chain)]
    columns, crossings = _fewest_crossings(columns, pieces)
    sizes = {name: heights.get(name, 0.0) for column in columns for name in column}
    y = _place(columns, pieces, sizes, height, gap)
    layer_of = {name: place for place, column in enumerate(columns) for name in column}
    paths = {link: [(layer_of[name], y[name]) for name in chain] for link, chain in chains.items()}
    return LayeredLayout({name: y[name] for name in heights}, paths, crossings)


def _with_lanes(
    layers: Sequence[Sequence[str]], links: Sequence[tuple[str, str]]
) -> tuple[list[list[str]], dict[tuple[str, str], list[str]]]:
    """Add an element without height to every layer that a link passes, and write each link as a chain of neighbours."""
    columns = [list(layer) for layer in layers]
    layer_of = {name: place for place, column in enumerate(columns) for name in column}
    chains = {}
    for start, end in links:
        lanes = [f"{start}>{end}@{layer}" for layer in range(layer_of[start] + 1, layer_of[end])]
        for lane, layer in zip(lanes, range(layer_of[start] + 1, layer_of[end]), strict=True):
            columns[layer].append(lane)
        chains[start, end] = [start, *lanes, end]
    return columns, chains


def _fewest_crossings(columns: list[list[str]], pieces: Sequence[tuple[str, str]]) -> tuple[list[list[str]], int]:
    """Sweep to and fro, sort every layer by its neighbours' mean place, and keep the order with fewest crossings."""
    best, least = columns, _crossings(columns, pieces)
    current = [list(column) for column in columns]
    for sweep in range(MAX_SWEEPS):
        forward = sweep % 2 == 0
        order = range(1, len(current)) if forward else range(len(current) - 2, -1, -1)
        for layer in order:
            beside = {name: place for place, name in enumerate(current[layer - 1 if forward else layer + 1])}
            means = _means(current[layer], pieces, beside, forward=forward)
            current[layer] = sorted(current[layer], key=lambda name: means[name])
        count = _crossings(current, pieces)
        if count < least:
            best, least = [list(column) for column in current], count
    return best, least


def _means(
    names: Sequence[str], pieces: Sequence[tuple[str, str]], beside: Mapping[str, int], *, forward: bool
) -> dict[str, float]:
    """Compute the mean place of each element's neighbours; an element without any keeps its own place in proportion."""
    found: dict[str, list[int]] = {name: [] for name in names}
    for start, end in pieces:
        here, there = (end, start) if forward else (start, end)
        if here in found and there in beside:
            found[here].append(beside[there])
    scale = max(len(beside), 1) / max(len(names), 1)
    return {
        name: sum(places) / len(places) if places else own * scale for own, (name, places) in enumerate(found.items())
    }


def _crossings(columns: Sequence[Sequence[str]], pieces: Sequence[tuple[str, str]]) -> int:
    total = 0
    for before, after in pairwise(columns):
        left, right = ({name: place for place, name in enumerate(column)} for column in (before, after))
        ends = [(left[start], right[end]) for start, end in pieces if start in left and end in right]
        total += sum(
            (one[0] - other[0]) * (one[1] - other[1]) < 0
            for place, one in enumerate(ends)
            for other in ends[place + 1 :]
        )
    return total


def _place(
    columns: Sequence[Sequence[str]],
    pieces: Sequence[tuple[str, str]],
    sizes: Mapping[str, float],
    height: float,
    gap: float,
) -> dict[str, float]:
    """Move every element towards its neighbours as far as its layer leaves room."""
    y: dict[str, float] = {}
    for column in columns:
        room = height / max(len(column), 1)
        y |= _apart(column, np.array([room * (place + 0.5) for place in range(len(column))]), sizes, height, gap)
    neighbours: dict[str, list[str]] = {name: [] for name in y}
    for start, end in pieces:
        neighbours[start].append(end)
        neighbours[end].append(start)
    for _ in range(N_RELAXATIONS):
        for column in columns:
            wanted = [np.mean([y[other] for other in neighbours[name]] or [y[name]]) for name in column]
            y |= _apart(column, np.array(wanted), sizes, height, gap)
    return y


def _apart(
    column: Sequence[str], wanted: FloatArray, sizes: Mapping[str, float], height: float, gap: float
) -> dict[str, float]:
    """Compute the places nearest to those wanted, shape (N,), that keep the order and the least distance.

    Least squares under distances is isotonic regression of what is left after the distances are taken off.
    """
    from scipy.optimize import isotonic_regression  # noqa: PLC0415  loaded for graphs alone: it takes long

    if not column:
        return {}
    size = np.array([sizes[name] for name in column])
    room = height - size.sum()
    gap = min(gap, room / max(len(column) - 1, 1))
    steps = (size[1:] + size[:-1]) / 2 + gap
    offsets = np.concatenate([[0.0], np.cumsum(steps)])
    free = isotonic_regression(wanted - offsets).x
    low, high = size[0] / 2, height - size[-1] / 2 - offsets[-1]
    return dict(zip(column, np.clip(free, low, max(low, high)) + offsets, strict=True))

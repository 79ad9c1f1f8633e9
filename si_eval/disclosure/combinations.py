"""Combinations of classes: every way in which a unit can stand in the printed cells of one variable and year."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from si_eval.disclosure.cover import AND, Cell, Place
from si_eval.disclosure.nesting import Atoms, atoms_of, largest_disjoint
from si_eval.stats import FloatArray
from si_eval.vocabulary import ALL, CATEGORY, GROUP, NON_PARTICIPANTS, PARTICIPANTS, SECTOR, SIZE_CLASS

MAX_COMBINATIONS = 20_000  # of one variable and year; a larger cross is left out
OTHER = "other"  # what no label of a dimension names
SPLIT = (GROUP, SIZE_CLASS, SECTOR, CATEGORY)

Mask = NDArray[np.bool_]
Exact = tuple[int, tuple[int, ...]]  # a cell, and the parts that have all of its units


@dataclass(frozen=True)
class Combinations:
    """Which cell holds which combination of classes, shape (cells, combinations).

    ``unnamed`` is how many classes of each combination no label names, shape (combinations,).
    """

    holds: Mask
    unnamed: FloatArray

    def only(self, chosen: Mask) -> Combinations:
        """Keep the combinations that are chosen, shape (combinations,)."""
        return Combinations(np.asarray(self.holds[:, chosen]), np.asarray(self.unnamed[chosen]))


def find_combinations(cells: Sequence[Cell]) -> Combinations | None:
    """Determine which cell holds which combination of classes; None where there are more than `MAX_COMBINATIONS`.

    Combinations that are in the same cells are one; those that are known to be empty are left out.
    """
    places = [cell.place for cell in cells]
    axes = [_axis({getattr(place, name) for place in places}, name) for name in (GROUP, SIZE_CLASS, SECTOR)]
    exact = list(_exact(cells, axes))
    filters = _filters(cells, exact)
    sides = [sorted(axis[ALL], key=str) for axis in axes]
    sizes = [*map(len, sides), *map(len, filters)]
    if math.prod(sizes) > MAX_COMBINATIONS:
        return None
    points = np.indices(sizes).reshape(len(sizes), -1)

    def region(place: Place) -> Mask:
        inside = np.ones(points.shape[1], dtype=bool)
        for name, axis, side, at in zip(SPLIT, axes, sides, points, strict=False):
            label = axis[getattr(place, name)]
            inside &= np.array([element in label for element in side], dtype=bool)[at]
        tokens = set(place.category.split(AND)) - {ALL}
        for block, at in zip(filters, points[len(sides) :], strict=True):
            asked = tokens & frozenset.union(*block)
            inside &= np.array([asked <= element for element in block], dtype=bool)[at]
        return inside

    holds = np.array([region(place) for place in places])
    empty = np.zeros(points.shape[1], dtype=bool)
    for place in _unlisted(cells):
        empty |= region(place)
    for whole, parts in exact:
        in_parts = holds[list(parts)].sum(axis=0)
        empty |= holds[whole] & (in_parts != 1)
    named = [np.array([element != OTHER or len(side) == 1 for element in side]) for side in sides]
    unnamed = np.sum([~known[at] for known, at in zip(named, points, strict=False)], axis=0)
    there = ~empty & holds.any(axis=0)
    distinct, which = np.unique(holds[:, there], axis=1, return_inverse=True)
    fewest = np.full(distinct.shape[1], np.inf)
    np.minimum.at(fewest, which.ravel(), unnamed[there])
    return Combinations(distinct, fewest)


def _axis(labels: set[str], name: str) -> dict[str, Atoms]:
    """Return the elementary classes of each label of a dimension; ``all`` has those that no label names as well."""
    if name == GROUP:
        groups: dict[str, Atoms] = {group: frozenset([group]) for group in labels - {ALL}}
        known = {PARTICIPANTS, NON_PARTICIPANTS} | set(groups) if groups else {OTHER}
        return groups | {ALL: frozenset(known)}
    atoms = atoms_of(labels)
    return {label: pieces or frozenset([label]) for label, pieces in atoms.items()} | {
        ALL: frozenset([OTHER]).union(*atoms.values())
    }


def _filters(cells: Sequence[Cell], exact: Sequence[Exact]) -> list[list[Atoms]]:
    """Return the filters as sets of which each unit has one: the values of a split, else a filter or not.

    The categories that have all units of a whole, in each group that is printed, are values of one split.
    """
    free = {token for cell in cells for token in cell.place.category.split(AND)} - {ALL}
    groups = {cell.place.group for cell in cells}
    divide: dict[frozenset[str], set[str]] = defaultdict(set)
    for whole, parts in exact:
        top = cells[whole].place
        split = frozenset(cells[part].place.category for part in parts)
        if parts and (top.size_class, top.sector, top.category) == (ALL, ALL, ALL) and ALL not in split:
            divide[split].add(top.group)
    blocks: list[list[Atoms]] = []
    for split in sorted(divide, key=lambda one: (-len(one), sorted(one))):
        if split <= free and divide[split] >= groups:
            blocks.append([frozenset([token]) for token in sorted(split)])
            free -= split
    return blocks + [[frozenset(), frozenset([token])] for token in sorted(free)]


def _unlisted(cells: Sequence[Cell]) -> Iterator[Place]:
    """List the combinations of labels that a table splits into and does not list: they are empty."""
    there = {cell.place for cell in cells}
    listed: dict[tuple[int, tuple[str, ...]], list[Place]] = defaultdict(list)
    for cell in cells:
        split = tuple(name for name in SPLIT if getattr(cell.place, name) != ALL)
        if AND not in cell.place.category:
            for table in cell.tables:
                listed[table, split].append(cell.place)
    for (_, split), places in listed.items():
        labels = [dict.fromkeys(getattr(place, name) for place in places) for name in split]
        for values in product(*labels):
            place = places[0]._replace(**dict(zip(split, values, strict=True)))
            if place not in there:
                yield place


def _exact(cells: Sequence[Cell], axes: Sequence[Mapping[str, Atoms]]) -> Iterator[Exact]:
    """Return each cell with the parts that have all of its units, so that it holds nobody else."""
    for whole, cell in enumerate(cells):
        if cell.n == 0:
            yield whole, ()
    positions = {(cell.place, cell.n): position for position, cell in enumerate(cells)}
    versions: dict[Place, list[float]] = defaultdict(list)
    beside: dict[tuple[str, Place], dict[str, Place]] = defaultdict(dict)
    for cell in cells:
        versions[cell.place].append(cell.n)
        for name in SPLIT:
            beside[name, cell.place._replace(**{name: ""})][getattr(cell.place, name)] = cell.place
    for whole, cell in enumerate(cells):
        for name, axis in zip(SPLIT, (*axes, None), strict=True):
            near = beside[name, cell.place._replace(**{name: ""})]
            label = getattr(cell.place, name)
            if axis is None:
                tokens = tuple(one for one in near if AND not in one and one != ALL)
                ways = [tokens] if label == ALL else []
            else:
                pieces = {one: axis[one] for one in near if one != label and axis[one] < axis[label]}
                ways = [largest_disjoint(axis[label], pieces)] if pieces else []
            for way in ways:
                n = sum(max(versions[near[one]]) for one in way)
                if way and n == cell.n:
                    yield whole, tuple(positions[near[one], max(versions[near[one]])] for one in way)

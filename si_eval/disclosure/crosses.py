"""The finest cross of the printed cells: what an outsider has who writes down every combination of classes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from si_eval.disclosure.cover import AND, Cell, Cover, Equation, Place
from si_eval.disclosure.nesting import Atoms, atoms_of, largest_disjoint
from si_eval.vocabulary import ALL, CATEGORY, GROUP, NON_PARTICIPANTS, PARTICIPANTS, SECTOR, SIZE_CLASS

MOST_COMBINATIONS = 20_000  # of one variable and year; a larger cross is left out
MOST_POPULATIONS = 4
FEW = 3.0  # units to be expected: outsiders may know that a combination with fewer is empty
ROUNDS = 30  # of the proportional fit
OTHER = "other"  # what no label of a dimension names
SPLIT = (GROUP, SIZE_CLASS, SECTOR, CATEGORY)

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Cross:
    """Printed cells of one variable, year and population, as sums over the finest combinations of their classes.

    ``cells`` are numbers in the cover table; in ``equations`` position i is the i-th cell, and the combinations follow
    after the last cell. ``sums`` are values of the combinations that agree with the cells as nearly as can be, shape
    (combinations,). Versions of a cell that differ by few units stand on the same combinations, so that
    the firms between them count as known.
    """

    cells: tuple[int, ...]
    sums: Floats
    equations: tuple[Equation, ...]


def find_crosses(cover: Cover, variable: str, min_units: int) -> list[Cross]:
    """Write the printed cells of a variable as sums over the finest cross: one for each year and set of populations.

    Populations that differ by ``min_units`` units or more in a cell have crosses of their own. A cross says something
    new where a combination is not printed by itself, or a cell has several versions; the others are left out, and so
    are those with more than `MOST_COMBINATIONS` combinations.
    """
    years: dict[str, list[int]] = defaultdict(list)
    for number, cell in enumerate(cover.cells):
        if cell.variable == variable and not (cell.hidden or cell.loose or math.isnan(cell.value)):
            years[cell.place.year].append(number)
    return [cross for numbers in years.values() for cross in _crosses_of(cover, numbers, min_units)]


def _crosses_of(cover: Cover, numbers: Sequence[int], min_units: int) -> Iterator[Cross]:
    """Give the crosses of one year, the tables that fit together best first."""
    left = list(numbers)
    for _ in range(MOST_POPULATIONS):
        together, left = left, []
        holds: Mask | None = None
        while together:
            cells = [cover.cells[number] for number in together]
            holds = _combinations(cells)
            if holds is None:
                return
            n = np.array([cell.n for cell in cells])
            _, apart = _nearest(holds, n)
            worst = int(np.argmax(apart))
            if apart[worst] < min_units:
                break
            gone = {
                number
                for number, cell in zip(together, cells, strict=True)
                if number == together[worst] or (cell.tables and cell.tables <= cells[worst].tables)
            }
            left += [number for number in together if number in gone]
            together = [number for number in together if number not in gone]
        if together and holds is not None and _is_new(cells, holds):
            holds = np.asarray(holds[:, _likely(holds, n)])
            signed = any(cell.value < 0 for cell in cells)
            sums, _ = _nearest(holds, np.array([cell.value for cell in cells]), signed=signed)
            equations = tuple(
                {place: 1.0} | {len(cells) + int(one): -1.0 for one in np.flatnonzero(row)}
                for place, row in enumerate(holds)
                if row.any()
            )
            yield Cross(tuple(together), sums, equations)
        if not left:
            return


def _is_new(cells: Sequence[Cell], holds: Mask) -> bool:
    """Say whether the cross holds what the sums among the printed cells do not."""
    alone = holds[holds.sum(axis=1) == 1].any(axis=0)
    return not alone.all() or len({cell.place for cell in cells}) < len(cells)


def _combinations(cells: Sequence[Cell]) -> Mask | None:
    """Say which cell holds which combination of classes, shape (cells, combinations); None where there are too many.

    Combinations that are in the same cells are one; those that are known to be empty are left out.
    """
    places = [cell.place for cell in cells]
    axes = [_axis({getattr(place, name) for place in places}, name) for name in (GROUP, SIZE_CLASS, SECTOR)]
    tokens = sorted({token for place in places for token in place.category.split(AND)} - {ALL})
    if math.prod(len(axis[ALL]) for axis in axes) * 2 ** len(tokens) > MOST_COMBINATIONS:
        return None
    points = list(product(*(sorted(axis[ALL], key=str) for axis in axes), *([(False, True)] * len(tokens))))
    sides = list(zip(*points, strict=True))

    def region(place: Place) -> Mask:
        inside = np.ones(len(points), dtype=bool)
        for name, axis, side in zip(SPLIT, axes, sides, strict=False):
            label = axis[getattr(place, name)]
            inside &= np.array([element in label for element in side], dtype=bool)
        for token, side in zip(tokens, sides[len(axes) :], strict=True):
            if token in place.category.split(AND):
                inside &= np.array(side, dtype=bool)
        return inside

    holds = np.array([region(place) for place in places])
    empty = np.zeros(len(points), dtype=bool)
    for place in _unlisted(cells):
        empty |= region(place)
    for whole, parts in _exact(cells, axes):
        in_parts = holds[list(parts)].sum(axis=0)
        empty |= holds[whole] & (in_parts != 1)
    holds = holds[:, ~empty & holds.any(axis=0)]
    return np.unique(holds, axis=1)


def _axis(labels: set[str], name: str) -> dict[str, Atoms]:
    """Give the elementary classes of each label of a dimension; ``all`` has those that no label names as well."""
    if name == GROUP:
        groups: dict[str, Atoms] = {group: frozenset([group]) for group in labels - {ALL}}
        known = {PARTICIPANTS, NON_PARTICIPANTS} | set(groups) if groups else {OTHER}
        return groups | {ALL: frozenset(known)}
    atoms = atoms_of(labels)
    return {label: pieces or frozenset([label]) for label, pieces in atoms.items()} | {
        ALL: frozenset([OTHER]).union(*atoms.values())
    }


def _unlisted(cells: Sequence[Cell]) -> Iterator[Place]:
    """Give the combinations of labels that a table splits into and does not list: they are empty."""
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


def _exact(cells: Sequence[Cell], axes: Sequence[Mapping[str, Atoms]]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Give each cell with the parts that have all of its units, so that it holds nobody else."""
    for whole, cell in enumerate(cells):
        if cell.n == 0:
            yield whole, ()
    positions = {(cell.place, cell.n): position for position, cell in enumerate(cells)}
    versions: dict[Place, list[float]] = defaultdict(list)
    for cell in cells:
        versions[cell.place].append(cell.n)
    for whole, cell in enumerate(cells):
        for name, axis in zip(SPLIT, (*axes, None), strict=True):
            rest = cell.place._replace(**{name: ""})
            near = {
                getattr(place, name): place
                for place in versions
                if place._replace(**{name: ""}) == rest and place != cell.place
            }
            if axis is None:
                tokens = {label: frozenset([label]) for label in near if AND not in label and label != ALL}
                ways = [tuple(tokens)] if cell.place.category == ALL else []
            else:
                target = axis[getattr(cell.place, name)]
                pieces = {label: axis[label] for label in near if axis[label] < target}
                ways = [largest_disjoint(target, pieces)] if pieces else []
            for way in ways:
                n = sum(max(versions[near[label]]) for label in way)
                if way and n == cell.n:
                    yield whole, tuple(positions[near[label], max(versions[near[label]])] for label in way)


def _nearest(holds: Mask, values: Floats, *, signed: bool = False) -> tuple[Floats, Floats]:
    """Give values of the combinations whose sums come nearest to those of the cells, and how far each stays apart."""
    cells, size = holds.shape
    scale = float(np.max(np.abs(values), initial=0.0)) or 1.0
    one = sparse.identity(cells)
    solved = linprog(
        np.concatenate([np.zeros(size), np.ones(2 * cells)]),
        A_eq=sparse.hstack([sparse.csr_matrix(holds.astype(float)), one, -one], format="csr"),
        b_eq=values / scale,
        bounds=[(None if signed else 0.0, None)] * size + [(0.0, None)] * (2 * cells),
        method="highs",
    )
    found = np.asarray(solved.x) * scale
    return found[:size], found[size : size + cells] + found[size + cells :]


def _likely(holds: Mask, n: Floats) -> Mask:
    """Say which combinations hold units as far as anyone can tell: those printed by themselves, and those with enough.

    The units of the cells are spread over the combinations as evenly as the cells allow (iterative proportional fit).
    A cell of which no combination is likely stays as free as the sums among the printed cells leave it.
    """
    expected = np.ones(holds.shape[1])
    for _ in range(ROUNDS):
        for row, units in zip(holds, n, strict=True):
            have = expected[row].sum()
            if have > 0:
                expected[row] *= units / have
    return np.asarray((expected >= FEW) | holds[holds.sum(axis=1) == 1].any(axis=0))

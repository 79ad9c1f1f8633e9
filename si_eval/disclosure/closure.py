"""Cells that nobody prints and that yet tie printed ones together, where two dimensions are split or merged at once."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, product

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from si_eval.disclosure.cover import AND, UNITS, Cover, Equation, Place
from si_eval.disclosure.equations import splits_without_whole
from si_eval.vocabulary import ALL, CATEGORY, GROUP, SECTOR, SIZE_CLASS

MAX_CELLS = 4000  # of one plane; a larger one is left open
MAX_PARTS = 10  # filters that may make up a whole
SAME_SUM = 1e-6  # relative: a sum this near to another is the same
LIKE = 0.5  # the share of the units of a whole that another version of it has at least
INNER = 1e-3  # how far inside its bounds an unprinted cell is put, relative to the largest value

Plane = tuple[tuple[str, ...], Place]


def add_unprinted_cells(cover: Cover, variable: str) -> list[int]:
    """Add the cells between printed ones: C+J by 0-9, where C+J is printed by 0-1 and 2-9, and C and J by 0-9.

    A combination that a table splits into and does not list is empty, and known to be.
    """
    printed = [cell for cell in cover.cells if cell.variable == variable and not cell.hidden and not cell.loose]
    blocks: dict[tuple[str, str], list[tuple[Place, set[int]]]] = defaultdict(list)
    with_all = {cell.place.year for cell in printed if cell.place.group == ALL}
    for cell in printed:
        group = "" if cell.place.year in with_all else cell.place.group
        blocks[cell.place.year, group].append((cell.place, cell.tables))
    added = []
    for (_, group), cells in blocks.items():
        dimensions = (SIZE_CLASS, SECTOR, CATEGORY) if group else (GROUP, SIZE_CLASS, SECTOR, CATEGORY)
        wanted: dict[Place, bool] = {}
        for plane in dict.fromkeys(_planes(cells, dimensions)):
            wanted.update(_missing(plane, cells))
        for place, _ in cells:
            for name in dimensions:
                wanted.setdefault(place._replace(**{name: ALL}), False)
        for place, empty in wanted.items():
            if not cover.versions(variable, place):
                added.append(cover.open_cell(variable, place, empty=empty))
    return added


def join_totals(cover: Cover, variable: str) -> None:
    """Add up the splits of a place that is printed nowhere, because anyone can.

    Splits that add up to different numbers of units are splits of versions of the whole, whose populations differ.
    Categories that add up to a split exactly are one too.
    """
    sums = _sums_of_ways(cover, variable)
    for whole, found in sums.items():
        (n, total), *others = found
        _derive(cover, whole, n, total)
        for other in dict.fromkeys(others):
            if n * LIKE <= other[0] and not _close(other, (n, total)):
                cover.derived_cell(variable, cover.cells[whole].place, *other)
    _join_categories(cover, variable, {whole: found[0] for whole, found in sums.items()})


def _sums_of_ways(cover: Cover, variable: str) -> dict[int, list[tuple[float, float]]]:
    """Compute, for each unprinted whole, the number of units and the sum of each way to split it, the largest first."""
    sums = {}
    for whole, ways in splits_without_whole(cover, variable).items():
        found = {
            parts: (sum(cover.cells[one].n for one in parts), sum(cover.cells[one].total for one in parts))
            for parts in ways
        }
        sums[whole] = sorted((one for one in found.values() if one[0] > 0), key=lambda one: -one[0])
    return {whole: found for whole, found in sums.items() if found}


def _join_categories(cover: Cover, variable: str, sums: dict[int, tuple[float, float]]) -> None:
    """Find filters that make up a whole exactly, such as a yes and a no of which one is printed in parts only."""
    cells = cover.cells
    known = [n for n, cell in enumerate(cells) if cell.variable == variable and not cell.loose]
    known = [n for n in known if not cells[n].hidden or cells[n].derived or n in sums]
    value = {n: sums[n] if cells[n].unknown else (cells[n].n, cells[n].total) for n in known}
    below: dict[Place, dict[str, int]] = defaultdict(dict)
    for number in known:
        tokens = cells[number].place.category.split(AND)
        if tokens != [ALL]:
            for position, token in enumerate(tokens):
                rest = AND.join(tokens[:position] + tokens[position + 1 :]) or ALL
                below[cells[number].place._replace(category=rest)].setdefault(token, number)
    for whole in known:
        parts = list(below.get(cells[whole].place, {}).values())[:MAX_PARTS]
        for size in range(2, len(parts) + 1):
            for chosen in combinations(parts, size):
                together = (sum(value[one][0] for one in chosen), sum(value[one][1] for one in chosen))
                if _close(together, value[whole]) and any(cells[one].unknown for one in (whole, *chosen)):
                    for one in (whole, *chosen):
                        if cells[one].unknown:
                            _derive(cover, one, *value[one])


def _close(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two sums are of the same units; sums of counts are not given."""
    same = math.isnan(one[1]) or math.isclose(one[1], other[1], rel_tol=SAME_SUM)
    return one[0] == other[0] and same


def _derive(cover: Cover, number: int, n: float, total: float) -> None:
    """Assign to an unprinted cell the values that follow from printed ones."""
    cell = cover.cells[number]
    cell.n, cell.total, cell.counted, cell.absolute = n, total, n, abs(total)
    cell.unknown, cell.derived = False, True
    if n == 0:  # outsiders may know how many units a cell has, and so that it has none
        cell.total = cell.largest = cell.second = cell.absolute = 0.0
        cell.derived, cell.fixed = False, True


def derive_unprinted(cover: Cover, added: Sequence[int], equations: Sequence[Equation]) -> bool:
    """Work out the unprinted cells that follow from printed ones; say whether there were any."""
    wanted = {number for number in added if cover.cells[number].unknown}
    solved = False
    again = True
    while again:
        again = False
        for equation in equations:
            unknown = [number for number in equation if cover.cells[number].unknown]
            if len(unknown) != 1 or unknown[0] not in wanted:
                continue
            factor = equation[unknown[0]]
            others = [(cover.cells[number], one) for number, one in equation.items() if number != unknown[0]]
            n = max(round(-sum(one * other.n for other, one in others) / factor), 0)
            _derive(cover, unknown[0], n, -sum(one * other.total for other, one in others) / factor)
            solved = again = True
    return solved


def fill_unprinted(cover: Cover, variable: str, added: Sequence[int], equations: Sequence[Equation]) -> bool:
    """Assign to the unprinted cells values that agree with everything printed; False where none do.

    Any such values will do: an outsider cannot tell them from the true ones. They are put well inside their bounds.
    """
    unknown = [number for number, cell in enumerate(cover.cells) if cell.variable == variable and cell.unknown]
    if not unknown:
        return True
    place = {number: position for position, number in enumerate(unknown)}
    touched = [equation for equation in equations if any(number in place for number in equation)]
    for measure in ("n",) if variable == UNITS else ("n", "total"):
        found = _inner_world(cover, touched, place, measure)
        if found is None:
            return False
        for number, value in zip(unknown, found, strict=True):
            setattr(cover.cells[number], measure, float(value))
    for number in unknown:
        cell = cover.cells[number]
        cell.counted, cell.absolute = cell.n, abs(cell.value)
    return True


def _planes(cells: Sequence[tuple[Place, set[int]]], dimensions: Sequence[str]) -> Iterator[Plane]:
    """List the sets of dimensions that are split at once, with where the others stand."""
    for place, _ in cells:
        split = tuple(name for name in dimensions if getattr(place, name) != ALL)
        if len(split) > 1 and AND not in place.category:
            yield split, place._replace(**dict.fromkeys(split, ""))


def _missing(plane: Plane, cells: Sequence[tuple[Place, set[int]]]) -> Iterator[tuple[Place, bool]]:
    """List the combinations of labels that no table lists, and whether a table implies that they are empty."""
    split, rest = plane
    labels: dict[str, dict[str, None]] = {name: {ALL: None} for name in split}
    own: dict[int, dict[str, set[str]]] = defaultdict(lambda: {name: set() for name in split})
    for place, tables in cells:
        if place._replace(**dict.fromkeys(split, "")) != rest or AND in place.category:
            continue
        for name in split:
            labels[name][getattr(place, name)] = None
        if all(getattr(place, name) != ALL for name in split):
            for table in tables:
                for name in split:
                    own[table][name].add(getattr(place, name))
    if math.prod(len(known) for known in labels.values()) > MAX_CELLS:
        return
    there = {place for place, _ in cells}
    for values in product(*labels.values()):
        place = rest._replace(**dict(zip(split, values, strict=True)))
        listed = any(all(getattr(place, name) in known[name] for name in split) for known in own.values())
        if place not in there:
            yield place, listed


def _inner_world(cover: Cover, equations: Sequence[Equation], place: dict[int, int], measure: str) -> np.ndarray | None:
    """Solve for the unknown cells, each as far from its bound as it can be up to a small distance."""
    size = len(place)
    rows, columns, factors, right = [], [], [], []
    for row, equation in enumerate(equations):
        total = 0.0
        for number, factor in equation.items():
            if number in place:
                rows.append(row)
                columns.append(place[number])
                factors.append(factor)
            else:
                total -= factor * float(getattr(cover.cells[number], measure))
        right.append(total)
    known = [cell for cell in cover.cells if not cell.unknown and not math.isnan(getattr(cell, measure))]
    scale = max((abs(float(getattr(cell, measure))) for cell in known), default=1.0) or 1.0
    signed = measure == "total" and any(cell.total < 0 for cell in known if not cell.hidden)
    matrix = sparse.csr_matrix((factors, (rows, columns)), shape=(len(equations), size))
    ahead = sparse.hstack([-sparse.identity(size), sparse.identity(size)])
    solved = linprog(
        np.concatenate([np.zeros(size), -np.ones(size)]),
        A_ub=ahead,
        b_ub=np.zeros(size),
        A_eq=sparse.hstack([matrix, sparse.csr_matrix(matrix.shape)]) if equations else None,
        b_eq=np.array(right) / scale if equations else None,
        bounds=[(None if signed else 0.0, None)] * size + [(None if signed else 0.0, INNER)] * size,
        method="highs",
    )
    return None if solved.status != 0 else solved.x[:size] * scale

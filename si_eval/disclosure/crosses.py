"""The finest cross of the printed cells: what an outsider has who writes down every combination of classes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from si_eval.disclosure.combinations import Combinations, find_combinations
from si_eval.disclosure.costs import cost_of
from si_eval.disclosure.cover import Cell, Cover, Equation
from si_eval.disclosure.pattern import System, Target, complete_pattern
from si_eval.disclosure.support import known_empty, supports
from si_eval.stats import FloatArray

MAX_POPULATIONS = 4

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Cross:
    """Printed cells of one variable, year and population, as sums over the finest combinations of their classes.

    ``cells`` are numbers in the cover table; in ``equations`` position i is the i-th cell, and the combinations follow
    after the last cell. ``counts`` and ``sums`` are values of the combinations that agree with the cells as nearly as
    can be, shape (combinations,). Versions of a cell that differ by few units stand on the same combinations, so that
    the firms between them count as known. ``guessed``: combinations that may hold units are left out.
    """

    cells: tuple[int, ...]
    counts: FloatArray
    sums: FloatArray
    equations: tuple[Equation, ...]
    guessed: bool


def find_crosses(cover: Cover, variable: str, year: str, min_units: int) -> list[Cross]:
    """Write the printed cells of a variable and year as sums over the finest cross: one for each set of populations.

    Populations that differ by ``min_units`` units or more in a cell have crosses of their own. A cross says something
    new where a combination is not printed by itself, or a cell has several versions; the others are left out, and so
    are those with too many combinations. Each cross comes several times, with other combinations known to be empty.
    """
    printed = [
        number
        for number, cell in enumerate(cover.cells)
        if cell.variable == variable
        and cell.place.year == year
        and not (cell.hidden or cell.loose or math.isnan(cell.value))
    ]
    return list(_crosses_of(cover, printed, min_units))


def complete_cross(
    cross: Cross,
    cells: Sequence[Cell],
    values: FloatArray,
    withheld: set[int],
    targets: Sequence[Target],
    *,
    signed: bool,
) -> set[int]:
    """List the places of the cells in a cross that have to be withheld, so that every target stays open.

    ``values`` are those of the cells and of the combinations after them, shape (cells + combinations,).
    """
    if not targets:
        return withheld
    extra = len(values) - len(cells)
    system = System(
        values=values,
        costs=np.concatenate([[cost_of(cell) for cell in cells], np.zeros(extra)]),
        fixed=np.concatenate([[cell.fixed for cell in cells], np.zeros(extra)]).astype(bool),
        hidden=np.concatenate([np.zeros(len(cells)), np.ones(extra)]).astype(bool),
        equations=cross.equations,
        signed=signed,
    )
    return complete_pattern(system, withheld, targets, lambda _: False, lambda _: 0.0, exact=False)


def _crosses_of(cover: Cover, numbers: Sequence[int], min_units: int) -> Iterator[Cross]:
    """List the crosses of one year, the tables that fit together best first."""
    left = list(numbers)
    for _ in range(MAX_POPULATIONS):
        together, left = left, []
        found: Combinations | None = None
        while together:
            cells = [cover.cells[number] for number in together]
            found = find_combinations(cells)
            if found is None:
                return
            _, apart = _nearest(found.holds, np.array([cell.n for cell in cells]))
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
        if together and found is not None and _is_new(cells, found.holds):
            yield from _crosses(together, cells, found)
        if not left:
            return


def _is_new(cells: Sequence[Cell], holds: Mask) -> bool:
    """Whether the cross holds what the sums among the printed cells do not."""
    alone = holds[holds.sum(axis=1) == 1].any(axis=0)
    return not alone.all() or len({cell.place for cell in cells}) < len(cells)


def _crosses(numbers: Sequence[int], cells: Sequence[Cell], found: Combinations) -> Iterator[Cross]:
    """Write cells as sums over the combinations that may hold units, once for each set of these, the widest last."""
    n, values = (np.array([getattr(cell, name) for cell in cells]) for name in ("n", "value"))
    kept = found.only(~known_empty(cells, found.holds))
    possible, *guesses = supports(cells, kept)
    for chosen in {one.tobytes(): one for one in (*guesses, possible)}.values():
        holds = kept.only(chosen).holds
        counts, _ = _nearest(holds, n)
        same = np.array_equal(n, values)
        sums = counts if same else _nearest(holds, values, signed=bool((values < 0).any()))[0]
        equations = tuple(
            {place: 1.0} | {len(cells) + int(one): -1.0 for one in np.flatnonzero(row)}
            for place, row in enumerate(holds)
            if row.any()
        )
        yield Cross(tuple(numbers), counts, sums, equations, guessed=chosen is not possible)


def _nearest(holds: Mask, values: FloatArray, *, signed: bool = False) -> tuple[FloatArray, FloatArray]:
    """Return values of the combinations whose sums come nearest to those of the cells, and how far each stays apart."""
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

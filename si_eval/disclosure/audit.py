"""Attacks a pattern as an outsider would, by linear programming, and says which withheld figures are too well known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

from si_eval.disclosure.cover import UNITS, Cell, Equation, Place
from si_eval.disclosure.suppression import COUNT_WIDTH, SECONDARY, TIED, Protection
from si_eval.system.blas import on_one_thread

EXACT = 1e-6  # relative: an interval narrower than this gives the figure back
SLACK = 1e-6
SAFE, NARROW, KNOWN, BOUNDED = "safe", "narrow", "known", "bounded before"
COLUMNS = ["variable", *Place._fields, "n_units", "reason", "value", "low", "high", "need_low", "need_high", "verdict"]


@on_one_thread
def audit_pattern(protection: Protection) -> pd.DataFrame:
    """Compute, for each withheld cell, the interval that outsiders can infer, and whether it is wide enough.

    Outsiders have every printed count, mean and sum, the equations among them, what was known before, and that sums
    are not negative (where none is). A primary cell must stay open by the protection width of the rules on both sides,
    also for an outsider who writes down the finest cross of the printed cells (`crosses`) and guesses which of its
    combinations are empty; a secondary one must not be given back. ``verdict`` is ``safe``, ``narrow``, ``known``
    (outsiders had it before) or ``bounded before`` (what they had before bounds it as closely as everything together
    does). The result holds withheld values and intervals: it stays inside.
    """
    rows: list[dict[str, object]] = []
    for variable in protection.equations:
        rows += _attack(protection, variable)
    return pd.DataFrame(rows, columns=COLUMNS)


def _attack(protection: Protection, variable: str) -> list[dict[str, object]]:
    """Attack the withheld cells of one variable."""
    cells = protection.cover.cells
    mine = [n for n, cell in enumerate(cells) if cell.variable == variable and not math.isnan(cell.value)]
    signed = any(not cells[number].hidden and cells[number].value < 0 for number in mine)
    shown = frozenset(number for number in mine if cells[number].fixed or not _is_open(protection, number))
    before = frozenset(number for number in mine if cells[number].fixed)
    every = _system(cells, mine, np.array([]), protection.equations[variable], signed=signed)
    crosses = [
        (cross.guessed, _system(cells, cross.cells, cross.sums, cross.equations, signed=signed))
        for (name, _), several in protection.crosses.items()
        if name == variable
        for cross in several
    ]
    rows = []
    for number in mine:
        if number not in protection.reasons:
            continue
        cell, reason = cells[number], protection.reasons[number]
        if cell.fixed:
            rows.append(_row(cell, reason, cell.value, cell.value, KNOWN, protection))
            continue
        secondary = reason in (SECONDARY, TIED)
        systems = [every] + [one for guessed, one in crosses if number in one.place and not (secondary and guessed)]
        low, high = _interval(systems, number, shown)
        row = _row(cell, reason, low, high, "", protection)
        if row["verdict"] == NARROW and before:
            lowest, highest = _interval(systems, number, before)
            earlier = _row(cell, reason, lowest, highest, "", protection)
            same = np.isclose([low, high], [lowest, highest], rtol=EXACT, atol=SLACK * max(abs(cell.value), 1.0)).all()
            if earlier["verdict"] == NARROW and same:
                row["verdict"] = BOUNDED
        rows.append(row)
    return rows


@dataclass(frozen=True)
class _System:
    """Cells that sums connect: where each stands, the sums, their right-hand sides, values and bounds."""

    place: dict[int, int]
    matrix: sparse.csr_matrix
    right: np.ndarray
    values: np.ndarray
    bounds: list[tuple[float | None, float | None]]


def _system(
    cells: Sequence[Cell],
    numbers: Sequence[int],
    extra: np.ndarray,
    equations: Sequence[Equation],
    *,
    signed: bool,
) -> _System:
    """Write down the sums of some cells, and of ``extra`` values that are printed nowhere and stand after them."""
    values = np.concatenate([[cells[number].value for number in numbers], extra])
    place = {number: position for position, number in enumerate(numbers)}
    if not len(extra):
        equations = [{place[number]: factor for number, factor in equation.items()} for equation in equations]
    matrix = _matrix(equations, len(values))
    free: tuple[float | None, float | None] = (None, None)
    bounds: list[tuple[float | None, float | None]] = [free if signed or value < 0 else (0.0, None) for value in values]
    return _System(place, matrix, matrix @ values, values, bounds)


def _interval(systems: Sequence[_System], number: int, shown: frozenset[int]) -> tuple[float, float]:
    """Compute the narrowest interval of a cell that any of the systems gives, where some cells are shown."""
    low, high = -math.inf, math.inf
    for system in systems:
        place = system.place[number]
        scale = max(abs(float(system.values[place])), 1e-9)
        bounds = [tuple(None if end is None else end / scale for end in ends) for ends in system.bounds]
        for one, position in system.place.items():
            if one in shown:
                bounds[position] = (system.values[position] / scale,) * 2
        low = max(low, _extreme(place, 1.0, system, scale, bounds))
        high = min(high, _extreme(place, -1.0, system, scale, bounds))
    return low, high


def _is_open(protection: Protection, number: int) -> bool:
    cell = protection.cover.cells[number]
    if number in protection.reasons or cell.hidden:
        return True
    return cell.variable == UNITS and (cell.place, cell.n) in protection.counts_withheld


def _matrix(equations: Sequence[Equation], size: int) -> sparse.csr_matrix:
    rows = [row for row, equation in enumerate(equations) for _ in equation]
    columns = [column for equation in equations for column in equation]
    factors = [factor for equation in equations for factor in equation.values()]
    return sparse.csr_matrix((factors, (rows, columns)), shape=(len(equations), size))


def _extreme(
    place: int, side: float, system: _System, scale: float, bounds: Sequence[tuple[float | None, ...]]
) -> float:
    """Compute the lowest (side 1) or highest (side -1) value of one cell; infinite where nothing bounds it."""
    costs = np.zeros(len(system.values))
    costs[place] = side
    solved = linprog(costs, A_eq=system.matrix, b_eq=system.right / scale, bounds=bounds, method="highs")
    return float(solved.x[place]) * scale if solved.status == 0 else -side * math.inf


def _row(cell: Cell, reason: str, low: float, high: float, verdict: str, protection: Protection) -> dict[str, object]:
    """Judge one interval."""
    value = cell.value
    if reason in (SECONDARY, TIED):
        need_low = need_high = value
        wide = high - low > EXACT * max(abs(value), 1e-9)
    else:
        width = _width(cell, protection)
        need_low, need_high = value - width, value + width
        need_low = max(need_low, 0.0) if value >= 0 and low >= 0 else need_low
        room = SLACK * max(abs(value), 1.0)
        wide = low <= need_low + room and high >= need_high - room
    return {
        "variable": cell.variable,
        **cell.place._asdict(),
        "n_units": cell.n,
        "reason": reason,
        "value": value,
        "low": low,
        "high": high,
        "need_low": need_low,
        "need_high": need_high,
        "verdict": verdict or (SAFE if wide else NARROW),
    }


def _width(cell: Cell, protection: Protection) -> float:
    """Compute how far a primary cell must stay open on each side."""
    if cell.variable == UNITS:
        return max(1.0, COUNT_WIDTH * cell.n)
    contribution = 0.0 if math.isnan(cell.largest) else cell.largest
    return protection.rules.protection * max(abs(cell.value), contribution)

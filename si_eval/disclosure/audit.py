"""Attacks a pattern as an outsider would, by linear programming, and says which withheld figures are too well known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

from si_eval.disclosure.cover import UNITS, Cell, Place
from si_eval.disclosure.suppression import COUNT_WIDTH, SECONDARY, TIED, Protection

EXACT = 1e-6  # relative: an interval narrower than this gives the figure back
SLACK = 1e-6
COLUMNS = ["variable", *Place._fields, "n_units", "reason", "value", "low", "high", "need_low", "need_high", "verdict"]


def audit_pattern(protection: Protection) -> pd.DataFrame:
    """Give, for each withheld cell, the interval that outsiders can infer, and whether it is wide enough.

    Outsiders have every printed count, mean and sum, the equations among them, what was known before, and that sums
    are not negative (where none is). A primary cell must stay open by the protection width of the rules on both sides,
    a secondary one must not be given back. ``verdict`` is ``safe``, ``narrow`` or ``known`` (outsiders had it
    before). The result holds withheld values and intervals: it stays inside.
    """
    rows: list[dict[str, object]] = []
    for variable in protection.equations:
        rows += _attack(protection, variable)
    return pd.DataFrame(rows, columns=COLUMNS)


def _attack(protection: Protection, variable: str) -> list[dict[str, object]]:
    """Attack the withheld cells of one variable."""
    cells = protection.cover.cells
    mine = [n for n, cell in enumerate(cells) if cell.variable == variable and not math.isnan(cell.value)]
    open_cells = [n for n in mine if _is_open(protection, n) and not cells[n].fixed]
    place = {number: position for position, number in enumerate(open_cells)}
    equations = [
        {place[number]: factor for number, factor in equation.items() if number in place}
        for equation in protection.equations[variable]
    ]
    values = np.array([cells[number].value for number in open_cells])
    signed = any(not cells[number].hidden and cells[number].value < 0 for number in mine)
    matrix = _matrix([equation for equation in equations if equation], len(open_cells))
    right = matrix @ values
    free = (None, None)
    bounds = [free if signed or value < 0 else (0.0, None) for value in values]
    rows = []
    for number in mine:
        if number not in protection.reasons:
            continue
        cell, reason = cells[number], protection.reasons[number]
        if cell.fixed:
            rows.append(_row(cell, reason, cell.value, cell.value, "known", protection))
            continue
        low, high = (_extreme(place[number], side, matrix, right, bounds, values) for side in (1.0, -1.0))
        rows.append(_row(cell, reason, low, high, "", protection))
    return rows


def _is_open(protection: Protection, number: int) -> bool:
    cell = protection.cover.cells[number]
    if number in protection.reasons or cell.hidden:
        return True
    return cell.variable == UNITS and (cell.place, cell.n) in protection.counts_withheld


def _matrix(equations: Sequence[dict[int, float]], size: int) -> sparse.csr_matrix:
    rows = [row for row, equation in enumerate(equations) for _ in equation]
    columns = [column for equation in equations for column in equation]
    factors = [factor for equation in equations for factor in equation.values()]
    return sparse.csr_matrix((factors, (rows, columns)), shape=(len(equations), size))


def _extreme(
    place: int,
    side: float,
    matrix: sparse.csr_matrix,
    right: np.ndarray,
    bounds: Sequence[tuple[float | None, float | None]],
    values: np.ndarray,
) -> float:
    """Give the lowest (side 1) or highest (side -1) value of one cell; infinite where nothing bounds it."""
    scale = max(abs(float(values[place])), 1e-9)
    costs = np.zeros(len(values))
    costs[place] = side
    solved = linprog(costs, A_eq=matrix, b_eq=right / scale, bounds=bounds, method="highs")
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
        "verdict": verdict or ("safe" if wide else "narrow"),
    }


def _width(cell: Cell, protection: Protection) -> float:
    """Give how far a primary cell must stay open on each side."""
    if cell.variable == UNITS:
        return max(1.0, COUNT_WIDTH * cell.n)
    contribution = 0.0 if math.isnan(cell.largest) else cell.largest
    return protection.rules.protection * max(abs(cell.value), contribution)

"""Attacks a pattern as an outsider would, by linear programming, and says which withheld figures are too well known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

from si_eval.disclosure.cover import UNITS, CoverCell, describe_place, width_of
from si_eval.disclosure.rules import DisclosureRules
from si_eval.disclosure.sums import Sums
from si_eval.disclosure.suppression import SECONDARY, Protection, count_is_unsafe
from si_eval.system.blas import on_one_thread

EXACT = 1e-6  # relative: an interval narrower than this gives the figure back
SLACK = 1e-6
SAFE, NARROW, KNOWN, BOUNDED = "safe", "narrow", "known", "bounded before"
PLACE = ["group", "year", "size_class", "sector", "category"]
COLUMNS = ["variable", *PLACE, "n_units", "reason", "value", "low", "high", "need_low", "need_high", "verdict"]


@on_one_thread
def audit_pattern(protection: Protection) -> pd.DataFrame:
    """Compute, for each withheld cell, the interval that outsiders can infer, and whether it is wide enough.

    Outsiders have every printed count, mean and sum, know which combinations of classes hold nobody, what was known
    before, and that sums are not negative (where no value is). An unsafe cell, and what is left of one without others
    where that is unsafe, must stay open by the protection width of the rules on both sides; a secondary one must not be
    given back. ``verdict`` is ``safe``, ``narrow``, ``known`` (outsiders had it before) or ``bounded before`` (what
    they had before bounds it as closely as everything together does). The result holds withheld values and intervals:
    it stays inside.
    """
    rows: list[dict[str, object]] = []
    for (_, variable), sums in protection.sums.items():
        rows += _attack(protection, sums, variable)
    return pd.DataFrame(rows, columns=COLUMNS)


def _attack(protection: Protection, sums: Sums, variable: str) -> list[dict[str, object]]:
    """Attack the withheld cells of one system of sums."""
    cells = protection.cover.cells
    asked, shown, before = {}, [], []
    for place, several in enumerate(sums.numbers):
        withheld = [number for number in several if _is_withheld(protection, number, variable)]
        if all(cells[number].is_rest for number in several) or withheld:
            mine = [number for number in withheld if cells[number].variable == variable]
            unsafe = [number for number in withheld if count_is_unsafe(protection, number)]
            if mine or (variable == UNITS and unsafe):
                asked[place] = ([*unsafe, *mine] if variable == UNITS else mine)[0]
        else:
            shown.append(place)
        if any(cells[number].fixed for number in several):
            before.append(place)
    rows: list[dict[str, object]] = []
    if not asked:
        return rows
    system = _System.of(sums, [*shown, *before])
    earlier = _System.of(sums, before)
    for place, number in asked.items():
        cell, reason = cells[number], protection.reasons[number]
        value = float(sums.values[place])
        if place in before:
            rows.append(_row(cell, variable, reason, value, value, value, KNOWN, protection.rules))
            continue
        row = _row(cell, variable, reason, value, *system.interval(place), "", protection.rules)
        if row["verdict"] == NARROW and before:
            had = _row(cell, variable, reason, value, *earlier.interval(place), "", protection.rules)
            ends = np.array([[one["low"], one["high"]] for one in (row, had)], dtype=float)
            same = np.isclose(ends[0], ends[1], rtol=EXACT, atol=SLACK * max(abs(value), 1.0))
            if had["verdict"] == NARROW and same.all():
                row["verdict"] = BOUNDED
        rows.append(row)
    return rows


def _is_withheld(protection: Protection, number: int, variable: str) -> bool:
    return number in protection.reasons or (variable == UNITS and number in protection.counts_withheld)


@dataclass(frozen=True)
class _System:
    """The sums that hold among places, and the places whose values are printed."""

    matrix: sparse.csr_matrix
    values: np.ndarray
    printed: tuple[int, ...]
    signed: bool

    @classmethod
    def of(cls, sums: Sums, printed: Iterable[int]) -> _System:
        rows = [row for row, equation in enumerate(sums.equations) for _ in equation]
        columns = [place for equation in sums.equations for place in equation]
        factors = [factor for equation in sums.equations for factor in equation.values()]
        shape = (len(sums.equations), len(sums.values))
        return cls(sparse.csr_matrix((factors, (rows, columns)), shape=shape), sums.values, tuple(printed), sums.signed)

    def interval(self, place: int) -> tuple[float, float]:
        """Compute the lowest and the highest value that a place can have."""
        scale = max(abs(float(self.values[place])), 1e-9)
        bounds = np.full((len(self.values), 2), [-np.inf if self.signed else 0.0, np.inf])
        printed = list(self.printed)
        bounds[printed] = (self.values[printed] / scale)[:, None]
        costs = np.zeros(len(self.values))
        ends = []
        for side in (1.0, -1.0):
            costs[place] = side
            solved = linprog(
                costs, A_eq=self.matrix, b_eq=self.matrix @ self.values / scale, bounds=bounds, method="highs"
            )
            ends.append(float(solved.x[place]) * scale if solved.status == 0 else -side * np.inf)
        return ends[0], ends[1]


def _row(
    cell: CoverCell,
    variable: str,
    reason: str,
    value: float,
    low: float,
    high: float,
    verdict: str,
    rules: DisclosureRules,
) -> dict[str, object]:
    """Judge one interval."""
    if reason == SECONDARY:
        need_low = need_high = value
        wide = high - low > EXACT * max(abs(value), 1e-9)
    else:
        width = width_of(cell, rules, counts=variable == UNITS)
        need_low, need_high = value - width, value + width
        need_low = max(need_low, 0.0) if value >= 0 and low >= 0 else need_low
        room = SLACK * max(abs(value), 1.0)
        wide = low <= need_low + room and high >= need_high - room
    return {
        "variable": variable,
        **dict(zip(PLACE, describe_place(cell), strict=True)),
        "n_units": cell.n,
        "reason": reason,
        "value": value,
        "low": low,
        "high": high,
        "need_low": need_low,
        "need_high": need_high,
        "verdict": verdict or (SAFE if wide else NARROW),
    }

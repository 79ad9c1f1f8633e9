"""Which variables are one: those that have the same values, in another unit or coding, for all units that have both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from si_eval.engine.columns import SparseColumn
from si_eval.stats import BoolArray, FloatArray, IntArray

SAMPLE = 1_000  # units that tell most variables apart
MIN_PAIRS = 3  # units of which values in another unit of measure must agree; fewer may by chance
RELATIVE = 1e-12  # values that were divided by 1 000 differ by rounding


class Line(NamedTuple):
    """One variable as a constant and another times a slope."""

    constant: float
    slope: float


SAME = Line(0.0, 1.0)


def join_variables(
    variables: Mapping[tuple[str, str], SparseColumn],
) -> tuple[dict[tuple[str, str], str], dict[str, SparseColumn]]:
    """Give variables (by population and name) the name of their values, and return the values by that name.

    Variables share a name where their values are proportional for all units that have both, or where both have two
    values that go together: whoever knows the sum and the number of units of one knows that of the other. The values
    are those of the first, and where only another has one, the same in the unit of the first.
    """
    names: dict[tuple[str, str], str] = {}
    joined: dict[str, SparseColumn] = {}
    for (population, variable), column in variables.items():
        lines = ((name, _line(values, column)) for name, values in joined.items())
        name, line = next(((name, line) for name, line in lines if line is not None), ("", SAME))
        if not name:
            name = variable if variable not in joined else f"{variable} of {population}"
            joined[name] = column
        elif len(column.rows):
            joined[name] = _filled(joined[name], column, line)
        names[population, variable] = name
    return names, joined


def _line(values: SparseColumn, column: SparseColumn) -> Line | None:
    """Return the line by which a column follows from values, for all units that have both; None where none is."""
    if not len(column.rows):
        return SAME
    step = max(1, len(column.rows) // SAMPLE)
    x, y = _pairs(values, SparseColumn(column.rows[::step], column.values[::step]))
    varies = len(x) >= MIN_PAIRS and (np.ptp(x) > 0 or np.ptp(y) > 0)
    return None if varies and _fit(x, y) is None else _fit(*_pairs(values, column))


def _pairs(values: SparseColumn, column: SparseColumn) -> tuple[FloatArray, FloatArray]:
    """Return both values of the units that have both."""
    at, known = _find(values, column)
    return values.values[at[known]], column.values[known]


def _find(values: SparseColumn, column: SparseColumn) -> tuple[IntArray, BoolArray]:
    """Return the place of each row of a column among the rows of values, and whether it is there."""
    if not len(values.rows):
        return np.zeros(len(column.rows), dtype=np.int64), np.zeros(len(column.rows), dtype=np.bool_)
    at = np.minimum(np.searchsorted(values.rows, column.rows), len(values.rows) - 1)
    return at, values.rows[at] == column.rows


def _filled(values: SparseColumn, column: SparseColumn, line: Line) -> SparseColumn:
    """Add to values those that only a column has, which follows from them by a line."""
    new = ~_find(values, column)[1]
    rows = np.concatenate([values.rows, column.rows[new]])
    both = np.concatenate([values.values, (column.values[new] - line.constant) / line.slope])
    order = np.argsort(rows, kind="stable")
    return SparseColumn(rows[order], both[order]) if new.any() else values


def _fit(x: FloatArray, y: FloatArray) -> Line | None:
    """Return the line that all points are on: equal, proportional, or two values each; None where none is."""
    if len(x) and np.array_equal(x, y):
        return SAME
    if len(x) < MIN_PAIRS or np.ptp(x) == 0:
        return None
    low, high, largest = x.argmin(), x.argmax(), np.abs(x).argmax()
    of_two = all(np.all((one == one[low]) | (one == one[high])) for one in (x, y))
    slope = float((y[high] - y[low]) / (x[high] - x[low]) if of_two else y[largest] / x[largest])
    constant = float(y[low] - slope * x[low]) if of_two else 0.0
    on_line = slope != 0 and np.allclose(y, constant + slope * x, rtol=RELATIVE, atol=RELATIVE * abs(slope))
    return Line(constant, slope) if on_line else None

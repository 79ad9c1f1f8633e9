"""What it costs to withhold a cell."""

from __future__ import annotations

import math

from si_eval.disclosure.cover import Cell
from si_eval.vocabulary import ALL

TOTAL_COST = 0.1  # for each dimension that a cell sums over
UNITS_COST = 0.25  # for each factor of ten in the number of units
LEAST = 1e-3  # of a cell whose rows are worth nothing


def cost_of(cell: Cell) -> float:
    """Compute what it costs to withhold a cell: more for many units, for totals, and for exhibits with priority."""
    if cell.hidden:
        return 0.0
    totals = sum(value == ALL for value in (cell.place.size_class, cell.place.sector, cell.place.category))
    return max(cell.weight, LEAST) * (1.0 + UNITS_COST * math.log10(1.0 + cell.n)) * (1.0 + TOTAL_COST * totals)

"""How the units of a cell change between two years: who stays, who comes from another cell, who enters, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from si_eval.cells.summary import CellRequest
from si_eval.cells.year_pairs import YearUnits, read_years
from si_eval.results import Panel
from si_eval.stats import FloatArray, IntArray
from si_eval.vocabulary import GROUP

STAY, SWITCH, COME = range(3)  # what a unit did: in the cell in both years, in another one, without a value
NOWHERE = -1


@dataclass(frozen=True)
class Flows:
    """The units of each cell and group in two years, by what they did: `STAY`, `SWITCH` or `COME` (before: go).

    ``cells`` has the labels of the cells and the ``group``; ``n`` and ``total`` have shape (cells, 2, 3): of the year
    and of the base year, the number of units and the sum of their values.
    """

    cells: pd.DataFrame
    n: FloatArray
    total: FloatArray


def count_flows(panel: Panel, request: CellRequest, base_year: int, year: int) -> Flows:
    """Count the units with a value in each cell of a request in two years, and add up values, by what the units did."""
    keys = [GROUP, *request.by]
    read = read_years(panel, request, [base_year, year])
    labels = read[year].labels[keys].drop_duplicates().sort_values([*request.by, GROUP], ignore_index=True)
    sides = [(read[year], _places(read[year], labels)), (read[base_year], _places(read[base_year], labels))]
    n, total = (np.zeros((len(labels), 2, 3)) for _ in range(2))
    for at, ((units, place), (others, other_place)) in enumerate(zip(sides, sides[::-1], strict=True)):
        elsewhere = _place_of(units.unit, others.unit, other_place)
        did = np.where(elsewhere == NOWHERE, COME, np.where(elsewhere == place, STAY, SWITCH))
        cell = place * 3 + did
        n[:, at] = np.bincount(cell, minlength=3 * len(labels)).reshape(-1, 3)
        total[:, at] = np.bincount(cell, units.value, minlength=3 * len(labels)).reshape(-1, 3)
    return Flows(labels, n, total)


def _places(units: YearUnits, labels: pd.DataFrame) -> IntArray:
    """Find the cell of each unit of a year among the cells of both years."""
    numbered = units.labels.merge(labels.assign(_at=labels.index), on=list(labels.columns), how="left")["_at"]
    return numbered.to_numpy(dtype=np.int64)[units.cell]


def _place_of(unit: IntArray, others: IntArray, place: IntArray) -> IntArray:
    """Find the cell of each unit in another year, whose units are in the order of their ids; `NOWHERE` for none."""
    found = np.full(len(unit), NOWHERE)
    if len(others):
        at = np.minimum(np.searchsorted(others, unit), len(others) - 1)
        present = others[at] == unit
        found[present] = place[at[present]]
    return found

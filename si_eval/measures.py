"""The measures of cells, from the columns of their units; what disclosure needs is measured with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from si_eval.registry import Indicator
from si_eval.segments import Cells, Floats, Integers, Truths, moments, number, two_largest
from si_eval.vocabulary import INDICATOR

NOBODY = -1.0  # a contribution that does not count: contributions are not negative
PERCENTILES = {"p10": 0.10, "p25": 0.25, "median": 0.50, "p75": 0.75, "p90": 0.90}
MEASURES = (
    "n", "mean", "sd", *PERCENTILES, "total", "numerator", "denominator", "largest", "second_largest",
    "holding_largest", "holding_second", "n_holdings",
)  # fmt: skip
_SHARES = np.array(list(PERCENTILES.values()))
VALUE, PART, HOLDING = "value ", "part ", "holding"  # prefixes: an indicator and a part of a ratio may share a name


def measure_cells(
    columns: pa.Table, indicators: Sequence[Indicator], keys: Sequence[str], *, threads: int = 1
) -> pd.DataFrame:
    """Give one row an indicator and cell: ``indicator``, the keys and `MEASURES`.

    ``columns`` has one row a unit: the keys, `HOLDING` (the enterprise group of a unit that shares one) and, as
    float64 with gaps, the values (`VALUE` and the indicator's name) and the parts of ratios (`PART` and the column's
    name). A gap is not counted; contributions are absolute values.
    """
    codes = [columns[key].combine_chunks().dictionary_encode() for key in keys]
    first, cell = number(*[(code.indices.to_numpy(), len(code.dictionary)) for code in codes])
    found = {
        key: code.dictionary.take(code.indices.take(pa.array(first))).to_pandas()
        for key, code in zip(keys, codes, strict=True)
    }
    cells, alone = Cells.of(cell, len(first)), columns[HOLDING].is_null().to_numpy()
    together = np.flatnonzero(~alone[cells.order])
    work = _Work(columns, cells, together, _Shared.of(columns[HOLDING], alone, cell))
    with ThreadPoolExecutor(threads) as pool:
        measured = list(pool.map(work.measures, indicators))
    frames = [
        pd.DataFrame({INDICATOR: entry.name, **found, **rows}) for entry, rows in zip(indicators, measured, strict=True)
    ]
    return pd.concat(frames, ignore_index=True)


@dataclass(frozen=True)
class _Shared:
    """The units whose enterprise group may have several units in a cell; every other unit is a holding of its own.

    ``rows`` are their places, ``pair`` numbers their cell and group, ``cell`` is the cell of each pair.
    """

    rows: Integers
    pair: Integers
    cell: Integers

    @classmethod
    def of(cls, groups: pa.ChunkedArray, alone: Truths, cell: Integers) -> _Shared:
        """Give each pair of cell and group a number; units that are ``alone`` have none."""
        rows = np.flatnonzero(~alone)
        shared = groups.drop_null().to_numpy().astype(np.int64)
        pairs, pair = np.unique(np.stack([cell[rows], shared]), axis=1, return_inverse=True)
        return cls(rows, pair, pairs[0])


@dataclass(frozen=True)
class _Work:
    """The fetched columns of units and their cells.

    ``together`` are the places, in the cells' order, of units that share a group.
    """

    columns: pa.Table
    cells: Cells
    together: Integers
    shared: _Shared

    def measures(self, indicator: Indicator) -> dict[str, Floats]:
        """Give `MEASURES` of one indicator, each of shape (cells,)."""
        values = self._floats(VALUE + indicator.name)
        ordered = values[self.cells.order]
        alone = np.fmax(np.abs(ordered), NOBODY)  # a gap contributes nothing
        alone[self.together] = NOBODY
        ordered, counts = self.cells.ascending(ordered)
        rows = [
            (*moments(part[:n]), *two_largest(singles))
            for part, n, singles in zip(self.cells.split(ordered), counts, self.cells.split(alone), strict=True)
        ]
        columns = ["total", "mean", "sd", "single_1", "single_2"]
        found = dict(zip(columns, np.array(rows, dtype=float).reshape(-1, len(columns)).T, strict=True))
        found["n"] = counts.astype(float)
        found |= dict(zip(PERCENTILES, self.cells.percentiles(ordered, counts, _SHARES).T, strict=True))
        known = ~np.isnan(values)
        for name, column in (("numerator", indicator.numerator), ("denominator", indicator.denominator)):
            sums = self.cells.sums(np.where(known, self._floats(PART + column), 0.0)) if column else np.nan
            found[name] = np.where(found["n"] > 0, sums, np.nan)
        found |= self._holdings(values, found)
        return {measure: found[measure] for measure in MEASURES}

    def _holdings(self, values: Floats, found: Mapping[str, Floats]) -> dict[str, Floats]:
        """Give the number of holdings of each cell, and the two largest contributions of units and of holdings."""
        shared, cells = self.shared, len(self.cells)
        size: Floats = np.abs(values[shared.rows])
        known = ~np.isnan(size)
        sums = np.bincount(shared.pair, np.where(known, size, 0.0), minlength=len(shared.cell)).astype(float)
        units = np.bincount(shared.pair, np.asarray(known, dtype=float), minlength=len(shared.cell))
        there = units > 0
        singles = [found["single_1"], found["single_2"]]
        largest = _two_largest(singles, shared.cell[shared.pair][known], size[known], cells)
        holding = _two_largest(singles, shared.cell[there], sums[there], cells)
        groups = np.bincount(shared.cell[there], minlength=cells)
        grouped = np.bincount(shared.cell, units, minlength=cells)
        return {
            "largest": largest[0],
            "second_largest": largest[1],
            "holding_largest": holding[0],
            "holding_second": holding[1],
            "n_holdings": found["n"] - grouped + groups,
        }

    def _floats(self, column: str) -> Floats:
        return self.columns[column].to_numpy()


def _two_largest(singles: Sequence[Floats], cell: Integers, values: Floats, cells: int) -> Floats:
    """Give the two largest of a cell's two largest singles and further values, shape (2, cells)."""
    further = Cells.of(cell, cells)
    both = [
        two_largest(np.append(part, [one if one >= 0 else NOBODY, two if two >= 0 else NOBODY]))
        for one, two, part in zip(*singles, further.split(values[further.order]), strict=True)
    ]
    return np.array(both, dtype=float).reshape(-1, 2).T

"""The measures of cells, from the columns of their units; what disclosure needs is measured with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from si_eval.cells.order_statistics import Cells, Neighbours, moments, number, two_largest
from si_eval.engine.columns import Few, Gathered, gather
from si_eval.registry import Indicator, facts
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.vocabulary import (
    INDICATOR,
    PSEUDO_COLUMNS,
    PSEUDO_HOLDINGS,
    PSEUDO_QUANTILE,
    PSEUDO_UNITS,
    PUBLIC_COLUMNS,
    PUBLIC_UNIT,
)

NOBODY = -1.0  # a contribution that does not count: contributions are not negative
PERCENTILES = {"p10": 0.10, "p25": 0.25, "median": 0.50, "p75": 0.75, "p90": 0.90}
MEASURES = (
    "n", "mean", "sd", *PERCENTILES, "total", "numerator", "denominator", "largest", "second_largest",
    "holding_largest", "holding_second", "n_holdings", *PSEUDO_COLUMNS,
)  # fmt: skip
_SHARES = np.array(list(PERCENTILES.values()))
_PRINTED = np.array([PERCENTILES["median"]])  # the percentile that tables show
VALUE, PART, HOLDING = "value ", "part ", "holding"  # prefixes: an indicator and a part of a ratio may share a name


def measure_cells(
    pieces: Iterable[pa.RecordBatch], indicators: Sequence[Indicator], keys: Sequence[str], *, threads: int = 1
) -> pd.DataFrame:
    """Give one row an indicator and cell: ``indicator``, the keys and `MEASURES`.

    ``pieces`` (at least one) have one row a unit: the keys, `HOLDING` (the enterprise group of a unit that shares one)
    and, as float64 with gaps, the values (`VALUE` and the indicator's name) and the parts of ratios (`PART` and the
    column's name; a part that is not there is the value of the indicator with its name). A gap is not counted;
    contributions are absolute values. With a column `PUBLIC_UNIT` the columns of `PUBLIC_COLUMNS` follow, and public
    units are not among the units of a pseudo-quantile.
    """
    places, columns = gather(pieces, keys)
    first, cell = number(*[(key.codes, len(key.labels)) for key in places.values()])
    found = {name: key.labels.take(pa.array(key.codes[first])).to_pandas() for name, key in places.items()}
    places.clear()  # their memory is for what follows
    groups, public = columns.few(HOLDING), columns.truths(PUBLIC_UNIT)
    units = _Units.of(cell, len(first), _Shared.of(groups.places, groups.values, cell), public)
    with ThreadPoolExecutor(threads) as pool:
        measured = list(pool.map(lambda entry: _measures(columns, units, entry), indicators))
    again = np.tile(np.arange(len(first)), len(indicators))
    return pd.DataFrame(
        {
            INDICATOR: np.repeat([entry.name for entry in indicators], len(first)),
            **{name: labels.take(again).array for name, labels in found.items()},
            **{measure: np.concatenate([rows[measure] for rows in measured]) for measure in measured[0]},
        }
    )


def pseudo_median(values: FloatArray) -> dict[str, float]:
    """Give the pseudo-median of values without gaps, shape (N,), and the number of values that it averages."""
    cells, ordered = Cells.of(np.zeros(len(values), dtype=np.int64), 1), values.copy()
    counts = cells.ascend(ordered)
    around = cells.neighbours(ordered, counts, _PRINTED, _neighbours())
    return {PSEUDO_QUANTILE: float(around.mean[0, 0]), PSEUDO_UNITS: float(around.count[0, 0])}


def _neighbours() -> int:
    return int(facts("disclosure")[PSEUDO_QUANTILE]["neighbours"])


def _measures(columns: Gathered, units: _Units, indicator: Indicator) -> dict[str, FloatArray]:
    """Give the measures of one indicator; only the units that have it count where these are few."""
    column = columns.columns[VALUE + indicator.name]
    rows = column.places if isinstance(column, Few) else slice(None)
    parts = [
        columns.floats((PART if PART + part in columns.columns else VALUE) + part)[rows] if part else None
        for part in (indicator.numerator, indicator.denominator)
    ]
    if isinstance(column, Few):
        return units.at(column.places).measures(column.values, *parts)
    return units.measures(column, *parts)


@dataclass(frozen=True)
class _Shared:
    """The units whose enterprise group may have several units in a cell; every other unit is a holding of its own.

    ``rows`` are their places in ascending order and ``group`` their groups, ``pair`` numbers their cell and group,
    ``cell`` is the cell of each pair.
    """

    rows: IntArray
    group: IntArray
    pair: IntArray
    cell: IntArray

    @classmethod
    def of(cls, rows: IntArray, group: IntArray, cell: IntArray) -> _Shared:
        """Give each pair of cell and group a number; ``cell`` has the cell of every unit."""
        pairs, pair = np.unique(np.stack([cell[rows], group]), axis=1, return_inverse=True)
        return cls(rows, group, pair, pairs[0])


@dataclass(frozen=True)
class _Units:
    """Units in their cells.

    ``together`` are the places, in the cells' order, of units that share a group; ``public`` says which units are
    public, if any is.
    """

    cells: Cells
    together: IntArray
    shared: _Shared
    public: BoolArray | None

    @classmethod
    def of(cls, cell: IntArray, cells: int, shared: _Shared, public: BoolArray | None) -> _Units:
        """Sort units by their cell, of shape (units,)."""
        sorted_cells = Cells.of(cell, cells)
        shares = np.zeros(len(cell), dtype=np.bool_)
        shares[shared.rows] = True
        return cls(sorted_cells, np.flatnonzero(shares[sorted_cells.order]), shared, public)

    def at(self, rows: IntArray) -> _Units:
        """Give the units at some places, in ascending order."""
        cell, shared = self.cells.cell[rows], np.isin(self.shared.rows, rows, assume_unique=True)
        places = np.searchsorted(rows, self.shared.rows[shared])
        public = None if self.public is None else self.public[rows]
        return _Units.of(cell, len(self.cells), _Shared.of(places, self.shared.group[shared], cell), public)

    def measures(
        self, values: FloatArray, numerator: FloatArray | None, denominator: FloatArray | None
    ) -> dict[str, FloatArray]:
        """Give `MEASURES`, and `PUBLIC_COLUMNS` where units are public, each of shape (cells,).

        ``values`` and the parts of their ratio are of shape (units,).
        """
        ordered = values[self.cells.order]
        found = self._holdings(values, self._two_alone(ordered))
        counts = self.cells.ascend(ordered)
        rows = [moments(part[:n]) for part, n in zip(self.cells.split(ordered), counts, strict=True)]
        found |= dict(zip(("total", "mean", "sd"), np.array(rows, dtype=float).reshape(-1, 3).T, strict=True))
        found["n"] = counts.astype(float)
        found["n_holdings"] += found["n"]
        found |= dict(zip(PERCENTILES, self.cells.percentiles(ordered, counts, _SHARES).T, strict=True))
        found |= self._pseudo(values, self.cells.neighbours(ordered, counts, _PRINTED, _neighbours()))
        gaps = np.isnan(values)
        for name, part in (("numerator", numerator), ("denominator", denominator)):
            sums = np.nan if part is None else self.cells.sums(np.where(gaps, 0.0, part))
            found[name] = np.where(found["n"] > 0, sums, np.nan)
        return {measure: found[measure] for measure in MEASURES} | self._public(values)

    def _two_alone(self, ordered: FloatArray) -> FloatArray:
        """Give the two largest contributions of units that are a holding of their own, shape (2, cells)."""
        alone = np.abs(ordered)
        np.fmax(alone, NOBODY, out=alone)  # a gap contributes nothing
        alone[self.together] = NOBODY
        return np.array([two_largest(part) for part in self.cells.split(alone)], dtype=float).reshape(-1, 2).T

    def _holdings(self, values: FloatArray, singles: FloatArray) -> dict[str, FloatArray]:
        """Give the two largest contributions of units and of holdings, and the number of holdings less units."""
        shared, cells = self.shared, len(self.cells)
        size: FloatArray = np.abs(values[shared.rows])
        known = ~np.isnan(size)
        sums = np.bincount(shared.pair, np.where(known, size, 0.0), minlength=len(shared.cell)).astype(float)
        units = np.bincount(shared.pair, np.asarray(known, dtype=float), minlength=len(shared.cell))
        there = units > 0
        largest = _two_largest(singles, shared.cell[shared.pair][known], size[known], cells)
        holding = _two_largest(singles, shared.cell[there], sums[there], cells)
        groups = np.bincount(shared.cell[there], minlength=cells)
        grouped = np.bincount(shared.cell, units, minlength=cells)
        return {
            "largest": largest[0],
            "second_largest": largest[1],
            "holding_largest": holding[0],
            "holding_second": holding[1],
            "n_holdings": (groups - grouped).astype(float),
        }

    def _pseudo(self, values: FloatArray, around: Neighbours) -> dict[str, FloatArray]:
        """Give the mean around the median, and the units and holdings among those that it averages.

        Public units are left out. Where more units have these values than are averaged, any of them may be meant.
        """
        cells = len(self.cells)
        lowest, highest = around.lowest[:, 0], around.highest[:, 0]

        def are_meant(rows: IntArray) -> BoolArray:
            cell = self.cells.cell[rows]
            return (values[rows] >= lowest[cell]) & (values[rows] <= highest[cell])

        units = around.between[:, 0].astype(float)
        shared = are_meant(self.shared.rows)
        if self.public is not None:
            public = np.flatnonzero(self.public)
            units -= np.bincount(self.cells.cell[public][are_meant(public)], minlength=cells)
            shared &= ~self.public[self.shared.rows]
        grouped = np.bincount(self.cells.cell[self.shared.rows[shared]], minlength=cells)
        groups = np.bincount(self.shared.cell[np.unique(self.shared.pair[shared])], minlength=cells)
        return {
            PSEUDO_QUANTILE: around.mean[:, 0],
            PSEUDO_UNITS: np.minimum(around.count[:, 0], units),
            PSEUDO_HOLDINGS: np.minimum(around.count[:, 0], units - grouped + groups),
        }

    def _public(self, values: FloatArray) -> dict[str, FloatArray]:
        """Give what public units have in each cell, and the two largest contributions of holdings without them."""
        if self.public is None:
            return {}
        theirs = self.public & ~np.isnan(values)
        private = np.where(theirs, np.nan, values)
        singles = self._two_alone(private[self.cells.order])
        holdings = self._holdings(private, singles)
        found = (
            self.cells.sums(theirs.astype(float)),
            self.cells.sums(np.where(theirs, np.abs(values), 0.0)),
            holdings["holding_largest"],
            holdings["holding_second"],
        )
        return dict(zip(PUBLIC_COLUMNS, found, strict=True))


def _two_largest(singles: FloatArray, cell: IntArray, values: FloatArray, cells: int) -> FloatArray:
    """Give the two largest of a cell's two largest singles, shape (2, cells), and further values, in that shape."""
    further, both = Cells.of(cell, cells), singles.copy()
    parts = further.split(values[further.order])
    for place in np.flatnonzero(np.diff(further.starts)):
        both[:, place] = two_largest(np.append(parts[place], np.fmax(singles[:, place], NOBODY)))
    return both

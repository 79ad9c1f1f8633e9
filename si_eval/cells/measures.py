"""The measures of cells, from the columns of their units; what disclosure needs is measured with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from si_eval.cells.clusters import NONE, SharedGroups
from si_eval.cells.errors import Errors, measure_errors
from si_eval.cells.order_statistics import Cells, Neighbours, moments, number_combinations, two_largest
from si_eval.cells.weighted import Sample, WeightedCells
from si_eval.cells.weighted_errors import measure_weighted_errors
from si_eval.engine.columns import ColumnTable, SparseColumn, collect_columns
from si_eval.errors import StudyError
from si_eval.registry import Indicator, facts
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.vocabulary import (
    GROUP,
    INDICATOR,
    PSEUDO_COLUMNS,
    PSEUDO_HOLDINGS,
    PSEUDO_QUANTILE,
    PSEUDO_UNITS,
    PUBLIC_COLUMNS,
    PUBLIC_UNIT,
)

SMALLEST, LARGEST = 1e-70, 1e70  # of the largest value: fourth powers of others are no numbers
NO_CONTRIBUTION = -1.0  # of a unit that does not count: contributions are not negative
PERCENTILES = {"p10": 0.10, "p25": 0.25, "median": 0.50, "p75": 0.75, "p90": 0.90}
MEASURE_COLUMNS = (
    "n", "mean", "sd", "smallest", *PERCENTILES, "total", "numerator", "denominator", "largest", "second_largest",
    "holding_largest", "holding_second", "n_holdings", *PSEUDO_COLUMNS,
)  # fmt: skip
PERCENTILE_SHARES = np.array(list(PERCENTILES.values()))
PRINTED_SHARES = np.array([PERCENTILES["median"]])  # the percentile that tables show
VALUE, PART, HOLDING = "value ", "part ", "holding"  # prefixes: an indicator and a part of a ratio may share a name
MOVED_IN = "winsorised "  # and so may its winsorised values, which are there where their cells do not tell them


def measure_cells(
    batches: Iterable[pa.RecordBatch],
    indicators: Sequence[Indicator],
    keys: Sequence[str],
    *,
    errors: Errors | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """Compute one row an indicator and cell: ``indicator``, the keys and `MEASURE_COLUMNS`.

    ``batches`` (at least one) have one row a unit: the keys, `HOLDING` (the enterprise group of a unit that shares one)
    and, as float64 with gaps, the values (`VALUE` and the indicator's name) and the parts of ratios (`PART` and the
    column's name; a part that is not there is the value of the indicator with its name). A gap is not counted;
    contributions are absolute values. With a column `PUBLIC_UNIT` the columns of `PUBLIC_COLUMNS` follow, and public
    units are not among the units of a pseudo-quantile. With ``errors`` the columns of `measure_errors` follow; the key
    ``group`` then says which cells are compared.

    Raises `StudyError` for values that are too large, or all too small, for their variance to be a number.
    """
    encoded, columns = collect_columns(batches, keys)
    first, cell = number_combinations(*[(key.indices, len(key.dictionary)) for key in encoded.values()])
    labels = {name: key.dictionary.take(pa.array(key.indices[first])).to_pandas() for name, key in encoded.items()}
    encoded.clear()  # their memory is for what follows
    groups, public = columns.sparse(HOLDING), columns.booleans(PUBLIC_UNIT)
    opposite = _opposite_cells(labels, len(first))
    units = _Units.of(cell, opposite, SharedGroups.of(groups.rows, groups.values, cell, opposite), public)
    with ThreadPoolExecutor(threads) as pool:
        measured = list(pool.map(lambda entry: _measures(columns, units, entry, errors), indicators))
    again = np.tile(np.arange(len(first)), len(indicators))
    return pd.DataFrame(
        {
            INDICATOR: np.repeat([entry.name for entry in indicators], len(first)),
            **{name: label.take(again).array for name, label in labels.items()},
            **{measure: np.concatenate([rows[measure] for rows in measured]) for measure in measured[0]},
        }
    )


def pseudo_median(values: FloatArray) -> dict[str, float]:
    """Compute the pseudo-median of values without gaps, shape (N,), and the number of values that it averages."""
    cells, ordered = Cells.of(np.zeros(len(values), dtype=np.int64), 1), values.copy()
    counts = cells.sort_within(ordered)
    around = cells.neighbours(ordered, counts, PRINTED_SHARES, _neighbours())
    return {PSEUDO_QUANTILE: float(around.mean[0, 0]), PSEUDO_UNITS: float(around.count[0, 0])}


def _neighbours() -> int:
    """Read how many values a pseudo-quantile averages."""
    return int(facts("disclosure")[PSEUDO_QUANTILE]["neighbours"])


def _opposite_cells(labels: dict[str, pd.Series], cells: int) -> IntArray:
    """Find the cell of the other group with the same labels, `NONE` where there is none; shape (cells,)."""
    if GROUP not in labels or not cells:
        return np.full(cells, NONE)
    table = pd.DataFrame({name: label.astype(str) for name, label in labels.items()})
    rest = [name for name in labels if name != GROUP]
    code = table.groupby(rest, sort=False).ngroup().to_numpy() if rest else np.zeros(cells, dtype=np.int64)
    position = pd.Series(np.arange(cells))
    first, last = position.groupby(code).transform("min").to_numpy(), position.groupby(code).transform("max").to_numpy()
    return np.where(first == last, NONE, first + last - np.arange(cells))


def _measures(
    columns: ColumnTable, units: _Units, indicator: Indicator, errors: Errors | None
) -> dict[str, FloatArray]:
    """Compute the measures of one indicator; only the units that have it count where these are few."""
    column = columns.columns[VALUE + indicator.name]
    _refuse_size(indicator.name, column.values if isinstance(column, SparseColumn) else column)
    rows = column.rows if isinstance(column, SparseColumn) else slice(None)
    numerator, denominator = (
        columns.floats((PART if PART + part in columns.columns else VALUE) + part)[rows] if part else None
        for part in (indicator.numerator, indicator.denominator)
    )
    sample = Sample.of(columns, rows) if indicator.weight else None
    moved_in = columns.floats(MOVED_IN + indicator.name)[rows] if errors and errors.winsorises_by_size else None
    if isinstance(column, SparseColumn):
        return units.take(column.rows).measures(column.values, numerator, denominator, errors, sample, moved_in)
    return units.measures(column, numerator, denominator, errors, sample, moved_in)


def _refuse_size(name: str, values: FloatArray) -> None:
    """Refuse values whose variance no number holds."""
    size = max(np.fmax.reduce(values, initial=0.0), -np.fmin.reduce(values, initial=0.0))
    if size > 0 and not SMALLEST <= size <= LARGEST:
        raise StudyError(
            f"{name}: found values of about {size:.0e}; expected {SMALLEST:g} to {LARGEST:g}; correct them, or give "
            "them in another unit"
        )


@dataclass(frozen=True)
class _Units:
    """Units in their cells.

    ``opposite`` is the cell that each cell is compared with; ``together`` are the positions, in the cells' order, of
    units that share a group; ``public`` says which units are public, if any is.
    """

    cells: Cells
    opposite: IntArray
    together: IntArray
    shared: SharedGroups
    public: BoolArray | None

    @classmethod
    def of(cls, cell: IntArray, opposite: IntArray, shared: SharedGroups, public: BoolArray | None) -> _Units:
        """Sort units by their cell, of shape (units,)."""
        sorted_cells = Cells.of(cell, len(opposite))
        shares = np.zeros(len(cell), dtype=np.bool_)
        shares[shared.rows] = True
        return cls(sorted_cells, opposite, np.flatnonzero(shares[sorted_cells.order]), shared, public)

    def take(self, rows: IntArray) -> _Units:
        """Keep the units of some row numbers, in ascending order."""
        cell, shared = self.cells.cell[rows], np.isin(self.shared.rows, rows, assume_unique=True)
        positions = np.searchsorted(rows, self.shared.rows[shared])
        public = None if self.public is None else self.public[rows]
        groups = SharedGroups.of(positions, self.shared.group[shared], cell, self.opposite)
        return _Units.of(cell, self.opposite, groups, public)

    def measures(
        self,
        values: FloatArray,
        numerator: FloatArray | None,
        denominator: FloatArray | None,
        errors: Errors | None,
        sample: Sample | None = None,
        moved_in: FloatArray | None = None,
    ) -> dict[str, FloatArray]:
        """Compute `MEASURE_COLUMNS`, `PUBLIC_COLUMNS` where units are public, and errors, each of shape (cells,).

        ``values`` and the parts of their ratio are of shape (units,). With a ``sample`` statistics are weighted, and
        contributions are weighted values.
        """
        contributed = values if sample is None else values * sample.weight
        ordered = values[self.cells.order]
        result = self._holdings(contributed, self._two_alone(contributed[self.cells.order]))
        counts = self.cells.sort_within(ordered)
        rows = [moments(part[:n]) for part, n in zip(self.cells.split(ordered), counts, strict=True)]
        result |= dict(zip(("total", "mean", "sd"), np.array(rows, dtype=float).reshape(-1, 3).T, strict=True))
        result["n"] = counts.astype(float)
        result["smallest"] = np.full(len(counts), np.nan)
        result["smallest"][counts > 0] = ordered[self.cells.starts[:-1][counts > 0]]
        result["n_holdings"] += result["n"]
        result |= dict(zip(PERCENTILES, self.cells.percentiles(ordered, counts, PERCENTILE_SHARES).T, strict=True))
        parts = None if numerator is None or denominator is None else (numerator, denominator)
        middle = None
        if sample is not None:
            weighted = WeightedCells.of(self.cells, values, sample)
            found, middle = _weighted_measures(weighted, values, parts)
            result |= found
        around = self.cells.neighbours(ordered, counts, PRINTED_SHARES, _neighbours(), middle)
        result |= self._pseudo(values, around)
        if sample is None:
            gaps = np.isnan(values)
            for name, part in (("numerator", numerator), ("denominator", denominator)):
                sums = np.nan if part is None else self.cells.sums(np.where(gaps, 0.0, part))
                result[name] = np.where(result["n"] > 0, sums, np.nan)
        measured = {measure: result[measure] for measure in MEASURE_COLUMNS} | self._public(contributed)
        if errors is None:
            return measured
        groups = self.shared if errors.by_group else SharedGroups.none()
        if sample is not None:
            found = measure_weighted_errors(errors, weighted, self.opposite, groups, values, measured, parts, moved_in)
            return measured | found
        return measured | measure_errors(
            errors, self.cells, self.opposite, groups, values, ordered, measured, parts, moved_in
        )

    def _two_alone(self, ordered: FloatArray) -> FloatArray:
        """Find the two largest contributions of units that are a holding of their own, shape (2, cells)."""
        alone = np.abs(ordered)
        np.fmax(alone, NO_CONTRIBUTION, out=alone)  # a gap contributes nothing
        alone[self.together] = NO_CONTRIBUTION
        return np.array([two_largest(part) for part in self.cells.split(alone)], dtype=float).reshape(-1, 2).T

    def _holdings(self, values: FloatArray, singles: FloatArray) -> dict[str, FloatArray]:
        """Compute the two largest contributions of units and of holdings, and the number of holdings less units."""
        shared, cells = self.shared, len(self.cells)
        size: FloatArray = np.abs(values[shared.rows])
        known = ~np.isnan(size)
        order = np.argsort(size, kind="stable")  # so that sums do not depend on the order of the units; gaps are last
        contributions = np.where(known, size, 0.0)[order]
        sums = np.bincount(shared.pair[order], contributions, minlength=len(shared.cell)).astype(float)
        units = np.bincount(shared.pair, np.asarray(known, dtype=float), minlength=len(shared.cell))
        present = units > 0
        largest = _two_largest(singles, shared.cell[shared.pair][known], size[known], cells)
        holding = _two_largest(singles, shared.cell[present], sums[present], cells)
        groups = np.bincount(shared.cell[present], minlength=cells)
        grouped = np.bincount(shared.cell, units, minlength=cells)
        return {
            "largest": largest[0],
            "second_largest": largest[1],
            "holding_largest": holding[0],
            "holding_second": holding[1],
            "n_holdings": (groups - grouped).astype(float),
        }

    def _pseudo(self, values: FloatArray, around: Neighbours) -> dict[str, FloatArray]:
        """Compute the mean around the median, and the units and holdings among those that it averages.

        Public units are left out. Where more units have these values than are averaged, any of them may be meant.
        """
        cells = len(self.cells)
        lowest, highest = around.lowest[:, 0], around.highest[:, 0]

        def is_averaged(rows: IntArray) -> BoolArray:
            cell = self.cells.cell[rows]
            return (values[rows] >= lowest[cell]) & (values[rows] <= highest[cell])

        units = around.between[:, 0].astype(float)
        shared = is_averaged(self.shared.rows)
        if self.public is not None:
            public = np.flatnonzero(self.public)
            units -= np.bincount(self.cells.cell[public][is_averaged(public)], minlength=cells)
            shared &= ~self.public[self.shared.rows]
        grouped = np.bincount(self.cells.cell[self.shared.rows[shared]], minlength=cells)
        groups = np.bincount(self.shared.cell[np.unique(self.shared.pair[shared])], minlength=cells)
        return {
            PSEUDO_QUANTILE: around.mean[:, 0],
            PSEUDO_UNITS: np.minimum(around.count[:, 0], units),
            PSEUDO_HOLDINGS: np.minimum(around.count[:, 0], units - grouped + groups),
        }

    def _public(self, values: FloatArray) -> dict[str, FloatArray]:
        """Compute what public units have in each cell, and the two largest contributions of holdings without them."""
        if self.public is None:
            return {}
        public = self.public & ~np.isnan(values)
        private = np.where(public, np.nan, values)
        singles = self._two_alone(private[self.cells.order])
        holdings = self._holdings(private, singles)
        measures = (
            self.cells.sums(public.astype(float)),
            self.cells.sums(np.where(public, np.abs(values), 0.0)),
            holdings["holding_largest"],
            holdings["holding_second"],
        )
        return dict(zip(PUBLIC_COLUMNS, measures, strict=True))


def _weighted_measures(
    weighted: WeightedCells, values: FloatArray, parts: tuple[FloatArray, FloatArray] | None
) -> tuple[dict[str, FloatArray], FloatArray]:
    """Compute the weighted measures of each cell, and the place of its median among its sorted values."""
    weight = weighted.sample.weight
    total, mean, n = weighted.sums(values * weight), weighted.means(values), np.diff(weighted.starts)
    away = np.zeros(len(values))
    away[weighted.order] = values[weighted.order] - mean[weighted.cell]
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.sqrt(np.where(n > 1, weighted.means(away**2) * n / (n - 1), np.nan))
    shares = np.tile(PERCENTILE_SHARES, (len(n), 1))
    quantiles, places = weighted.quantiles(values, shares)
    found = {"total": np.where(n > 0, total, np.nan), "mean": mean, "sd": sd}
    found |= dict(zip(PERCENTILES, quantiles.T, strict=True))
    for at, name in enumerate(("numerator", "denominator")):
        sums = np.nan if parts is None else weighted.sums(parts[at] * weight)
        found[name] = np.where(n > 0, sums, np.nan)
    return found, places[:, [list(PERCENTILES).index("median")]]


def _two_largest(singles: FloatArray, cell: IntArray, values: FloatArray, cells: int) -> FloatArray:
    """Find the two largest of a cell's two largest singles, shape (2, cells), and further values, in that shape."""
    further, both = Cells.of(cell, cells), singles.copy()
    parts = further.split(values[further.order])
    for number in np.flatnonzero(np.diff(further.starts)):
        both[:, number] = two_largest(np.append(parts[number], np.fmax(singles[:, number], NO_CONTRIBUTION)))
    return both

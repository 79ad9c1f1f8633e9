"""How the means of two years, and of two groups, vary together: sums over the clusters that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from si_eval import engine
from si_eval.cells.order_statistics import number_combinations
from si_eval.cells.summary import CellRequest
from si_eval.cells.units import indicator_values, select_units
from si_eval.engine.columns import collect_columns
from si_eval.results import Panel
from si_eval.stats import ROUNDING, FloatArray, IntArray
from si_eval.vocabulary import BE_ID, GROUP, GROUP_ID, NON_PARTICIPANTS, PARTICIPANTS, SHARED_GROUP, YEAR

SIDES = (PARTICIPANTS, NON_PARTICIPANTS)
MEANS = tuple((side, is_base) for side in SIDES for is_base in (False, True))  # of each cell and year, in this order
NO_GROUP = -1
_VALUE, _UNIT, _HOLDING, _WEIGHT = "value", "unit", "holding", "weight"


@dataclass(frozen=True)
class YearPair:
    """The four `MEANS` of each cell of a year and the base year, and how they vary together (for `contrast_error`).

    ``cells`` has the labels of the cells; ``n`` (units), ``effective`` (units of equal weight that say as much) and
    ``clusters`` have shape (cells, 4), ``covariance`` and ``dof_terms`` (cells, 4, 4). A mean without units has zeros.
    """

    cells: pd.DataFrame
    n: FloatArray
    effective: FloatArray
    clusters: FloatArray
    covariance: FloatArray
    dof_terms: FloatArray


@dataclass(frozen=True)
class YearUnits:
    """The units of one year that have a value: their cell (``labels`` by row of the cells), side, group and value.

    ``weight`` is None where every unit counts once.
    """

    labels: pd.DataFrame
    cell: IntArray
    unit: IntArray
    group: IntArray
    value: FloatArray
    weight: FloatArray | None


def pair_years(
    panel: Panel, request: CellRequest, base_year: int, years: Sequence[int], *, units: float
) -> dict[int, YearPair]:
    """Compute how the means of a base year and of each of some years vary together, by the cells of a request.

    A unit stays in the cluster of the base year, where it has one: its enterprise group then, or itself. ``units`` is
    how many units of all years have a value: many are worked on year by year.
    """
    by = list(request.by)
    others = [year for year in years if year != base_year]
    if units <= engine.MAX_ROWS_AT_ONCE:
        read = read_years(panel, request, [base_year, *others])
        return {year: _pair(read[year], read[base_year], by) for year in years}
    base = read_years(panel, request, [base_year])[base_year]
    pairs = {year: _pair(read_years(panel, request, [year])[year], base, by) for year in others}
    return {year: pairs[year] if year in pairs else _pair(base, base, by) for year in years}


def read_years(panel: Panel, request: CellRequest, years: Sequence[int]) -> dict[int, YearUnits]:
    """Read the units of some years that have a value, in the order of their ids."""
    by_group = request.errors is not None and request.errors.by_group
    (indicator,), keys = request.indicators, [YEAR, GROUP, *request.by]
    weight = panel.indicators[indicator].weight
    table = select_units(panel, by=request.by, where=dict(request.where), years=years)
    table = table.mutate(**{_VALUE: indicator_values(table, panel.indicators[indicator])})
    table = table.filter(table[_VALUE].notnull())
    shared = table[SHARED_GROUP].fill_null(False) & by_group
    weights = {_WEIGHT: table[weight].cast("float64")} if weight else {}
    columns = {_UNIT: table[BE_ID].cast("int64"), _HOLDING: shared.ifelse(table[GROUP_ID], None).cast("int64")}
    encoded, found = collect_columns(engine.iter_batches(table.select(*keys, _VALUE, **weights, **columns)), keys)
    first, cell = number_combinations(*[(key.indices, len(key.dictionary)) for key in encoded.values()])
    labels = {name: key.dictionary.to_pandas().take(key.indices[first]).array for name, key in encoded.items()}
    unit, holding = found.sparse(_UNIT).values, found.sparse(_HOLDING)
    group = np.full(len(unit), NO_GROUP)
    group[holding.rows] = holding.values
    order = np.argsort(unit, kind="stable")
    cells, value = pd.DataFrame(labels), found.floats(_VALUE)
    weighed = found.floats(_WEIGHT) if weight else None
    of_cell = cells[YEAR].to_numpy(dtype=np.int64)
    ordered = {year: order[of_cell[cell[order]] == year] for year in years}
    return {
        year: YearUnits(
            cells, cell[at], unit[at], group[at], value[at], weight=None if weighed is None else weighed[at]
        )
        for year, at in ordered.items()
    }


def _pair(now: YearUnits, base: YearUnits, by: list[str]) -> YearPair:
    """Add up, over clusters, the products of the deviations of each cell's four means."""
    labels = pd.concat([now.labels, base.labels])
    known = labels[by].drop_duplicates(ignore_index=True) if by else pd.DataFrame(index=range(min(1, len(labels))))
    parts = [_place(year, known, by, is_base) for year, is_base in ((now, False), (base, True))]
    cell, mean, value = (np.concatenate([part[at] for part in parts]) for at in range(3))
    cluster = _clusters(now, base)
    keys, line = np.unique(cell * (cluster.max(initial=0) + 1) + cluster, return_inverse=True)
    cell_of_line = keys // (cluster.max(initial=0) + 1)
    count = _table(line, mean, np.ones(len(line)), len(keys))
    n = _sums(cell_of_line, count, len(known))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = _relative_weights(now, base, cell, mean, n)
        totals = _table(cell, mean, relative * value, len(known))
        residual = value - (totals / n)[cell, mean]
        residual -= (_table(cell, mean, relative * residual, len(known)) / n)[cell, mean]  # again, for large levels
        residual *= relative
        varies = _table(cell, mean, residual**2, len(known)) > ROUNDING**2 * _table(cell, mean, value**2, len(known))
        residual = np.where(varies[cell, mean], residual, 0.0)
        size = n[cell_of_line]
        factor = np.where((count > 0) & (count < size), size / (size - count), 0.0)
        score = _table(line, mean, residual, len(keys)) * np.sqrt(factor) / size
        weight, reach_squared = count * factor / size**2, count**2 * factor / size**3
    score, weight, reach_squared = (np.nan_to_num(part) for part in (score, weight, reach_squared))
    reach = np.sqrt(reach_squared)
    four = range(len(MEANS))
    covariance, terms = (np.zeros((len(known), len(MEANS), len(MEANS))) for _ in range(2))
    for i in four:
        for j in four:
            covariance[:, i, j] = np.bincount(cell_of_line, score[:, i] * score[:, j], minlength=len(known))
            term = weight[:, i] * (weight[:, j] - reach_squared[:, j]) - weight[:, j] * reach_squared[:, i]
            crossed = np.bincount(cell_of_line, reach[:, i] * reach[:, j], minlength=len(known))
            terms[:, i, j] = np.bincount(cell_of_line, term, minlength=len(known)) + crossed**2
    effective = n
    if now.weight is not None:
        effective, own = _effective(cell, mean, relative, n)
        terms[:, four, four] = own
    return YearPair(known, n, effective, _sums(cell_of_line, (count > 0).astype(float), len(known)), covariance, terms)


def _relative_weights(
    now: YearUnits, base: YearUnits, cell: IntArray, mean: IntArray, n: FloatArray
) -> FloatArray | float:
    """Scale the weights of both years so that their mean is 1 in each cell and mean."""
    if now.weight is None or base.weight is None:
        return 1.0
    weight = np.concatenate([now.weight, base.weight])
    return weight * (n / _table(cell, mean, weight, len(n)))[cell, mean]


def _effective(
    cell: IntArray, mean: IntArray, weight: FloatArray | float, n: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Compute the effective number of units of each mean, and the term of its degrees of freedom; as in `weighted`."""
    second, fourth = (_table(cell, mean, np.ones(len(cell)) * weight**power, len(n)) for power in (2, 4))
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = n**2 / second
        own = 1 / effective**2 / (second**2 / fourth - 1)
    return np.nan_to_num(effective), np.nan_to_num(own, posinf=0.0)


def _place(year: YearUnits, known: pd.DataFrame, by: list[str], is_base: bool) -> tuple[IntArray, IntArray, FloatArray]:
    """Find the cell and the mean (of `MEANS`) that each unit of a year is in, beside its value."""
    numbered = known.assign(_at=known.index)
    labels = year.labels.merge(numbered, on=by, how="left") if by else year.labels.assign(_at=0)
    mean = np.array([MEANS.index((side, is_base)) for side in labels[GROUP]], dtype=np.int64)
    return labels["_at"].to_numpy(dtype=np.int64)[year.cell], mean[year.cell], year.value


def _clusters(now: YearUnits, base: YearUnits) -> IntArray:
    """Assign numbers to the clusters of the units of both years: their group in the base year, or else now, or none."""
    place = np.minimum(np.searchsorted(base.unit, now.unit), max(len(base.unit) - 1, 0))
    group = now.group.copy()
    if len(base.unit):
        stays = base.unit[place] == now.unit
        group[stays] = base.group[place[stays]]
    unit, group = np.concatenate([now.unit, base.unit]), np.concatenate([group, base.group])
    units, number = np.unique(unit, return_inverse=True)
    _, number_of_group = np.unique(group, return_inverse=True)
    return np.where(group == NO_GROUP, number, len(units) + number_of_group)


def _table(line: IntArray, mean: IntArray, values: FloatArray, lines: int) -> FloatArray:
    """Add up values by line and mean, shape (lines, 4)."""
    four = len(MEANS)
    return (
        np.bincount(line * four + mean, values, minlength=lines * four).reshape(lines, four).astype(float).astype(float)
    )


def _sums(cell: IntArray, values: FloatArray, cells: int) -> FloatArray:
    """Add up the lines of each cell, shape (cells, 4)."""
    return (
        np.stack([np.bincount(cell, column, minlength=cells) for column in values.T], axis=1)
        .astype(float)
        .astype(float)
    )

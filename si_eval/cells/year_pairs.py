"""How the means of two years, and of two groups, vary together: sums over the clusters that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from si_eval import engine
from si_eval.cells.order_statistics import number_combinations
from si_eval.cells.summary import CellRequest
from si_eval.cells.units import filter_units, group_of, indicator_values
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
    table = filter_units(panel, by=request.by, where=dict(request.where), years=years)
    value = indicator_values(table, panel.indicators[indicator])
    labels = {key: group_of(table) if key == GROUP else table[key] for key in keys}
    shared = table[SHARED_GROUP].fill_null(False) & by_group
    weights = {_WEIGHT: table[weight].cast("float64")} if weight else {}
    columns = {_UNIT: table[BE_ID].cast("int64"), _HOLDING: shared.ifelse(table[GROUP_ID], None).cast("int64")}
    rows = table.filter(value.notnull()).select(**labels, **{_VALUE: value}, **weights, **columns)
    encoded, found = collect_columns(engine.iter_batches(rows), keys)
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
    at = np.concatenate([_place(now, known, by, is_base=False), _place(base, known, by, is_base=True)])
    value, group = np.concatenate([now.value, base.value]), np.concatenate([now.group, base.group])
    n = _add_up(at, np.ones(len(at)), len(known))
    relative = _relative_weights(now, base, at, n)
    residual = relative * _residuals(at, value, relative, n)
    again, before = _stayers(now, base)
    group[again] = group[before]
    alone, together = _of_single_units(at, residual, group, n, again, before), group != NO_GROUP
    sums = [
        one + other
        for one, other in zip(alone, _of_groups(at[together], residual[together], group[together], n), strict=True)
    ]
    terms = sums[1] + sums[2] ** 2
    effective = n
    if now.weight is not None:
        effective, own = _effective(at, relative, n)
        terms[:, range(len(MEANS)), range(len(MEANS))] = own
    return YearPair(known, n, effective, sums[3], sums[0], terms)


class _Sums(NamedTuple):
    """Sums over clusters: of products of the scores of two means, what degrees of freedom need, of products of reaches.

    Each has shape (cells, 4, 4); ``clusters`` counts those that are in each mean, shape (cells, 4).
    """

    scores: FloatArray
    terms: FloatArray
    reaches: FloatArray
    clusters: FloatArray


def _of_single_units(
    at: IntArray, residual: FloatArray, group: IntArray, n: FloatArray, again: IntArray, before: IntArray
) -> _Sums:
    """Add up over the units that are a cluster by themselves; of these only the ones of both years are in two means."""
    many = len(MEANS)
    alone = group == NO_GROUP
    both = alone[again] & (at[again] // many == at[before] // many)
    again, before = again[both], before[both]
    own, pair = at[alone] * many + at[alone] % many, at[again] * many + at[before] % many

    def by_means(of_one: FloatArray, of_both: FloatArray) -> FloatArray:
        single, crossed = (
            np.bincount(place, part, minlength=n.size * many).reshape(len(n), many, many)
            for place, part in ((own, of_one), (pair, of_both))
        )
        return np.asarray(single + crossed + crossed.transpose(0, 2, 1), dtype=np.float64)

    count = by_means(np.ones(len(own)), np.ones(len(pair)))
    product = by_means(residual[alone] ** 2, residual[again] * residual[before])
    score, weight, reach = _adjust(np.ones(n.shape), n)
    less = weight[:, :, None] * reach[:, None] ** 2
    return _Sums(
        product * score[:, :, None] * score[:, None],
        count * (weight[:, :, None] * weight[:, None] - less - less.transpose(0, 2, 1)),
        count * reach[:, :, None] * reach[:, None],
        count[:, range(many), range(many)],
    )


def _of_groups(at: IntArray, residual: FloatArray, group: IntArray, n: FloatArray) -> _Sums:
    """Add up over the clusters of units that share one: enterprise groups."""
    many, cells = len(MEANS), len(n)
    groups, number = np.unique(group, return_inverse=True)
    keys, line = np.unique(at // many * len(groups) + number, return_inverse=True)
    cell = keys // max(len(groups), 1)
    place = line * many + at % many
    count = _add_up(place, np.ones(len(place)), len(keys))
    score, weight, reach = _adjust(count, n[cell])
    score = score * _add_up(place, residual, len(keys))
    scores, terms, reaches = (np.zeros((cells, many, many)) for _ in range(3))
    for i in range(many):
        for j in range(many):
            term = weight[:, i] * (weight[:, j] - reach[:, j] ** 2) - weight[:, j] * reach[:, i] ** 2
            scores[:, i, j] = np.bincount(cell, score[:, i] * score[:, j], minlength=cells)
            terms[:, i, j] = np.bincount(cell, term, minlength=cells)
            reaches[:, i, j] = np.bincount(cell, reach[:, i] * reach[:, j], minlength=cells)
    in_mean = [np.bincount(cell, column > 0, minlength=cells) for column in count.T]
    return _Sums(scores, terms, reaches, np.stack(in_mean, axis=1).astype(np.float64))


def _adjust(count: FloatArray, size: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Compute what makes residuals of a cluster with ``count`` of ``size`` units a score, its weight and its reach."""
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where((count > 0) & (count < size), size / (size - count), 0.0)
        found = np.sqrt(factor) / size, count * factor / size**2, np.sqrt(count**2 * factor / size**3)
    score, weight, reach = (np.nan_to_num(part) for part in found)
    return score, weight, reach


def _residuals(at: IntArray, value: FloatArray, relative: FloatArray | float, n: FloatArray) -> FloatArray:
    """Subtract the mean that each value is in; 0 in all of a mean whose values differ by rounding alone."""
    cells, size = len(n), n.reshape(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        residual = value - (_add_up(at, relative * value, cells).reshape(-1) / size)[at]
        residual -= (_add_up(at, relative * residual, cells).reshape(-1) / size)[at]  # again, for large levels
        spread, level = (_add_up(at, part**2, cells) for part in (relative * residual, value))
    return np.where((spread > ROUNDING**2 * level).reshape(-1)[at], residual, 0.0)


def _relative_weights(now: YearUnits, base: YearUnits, at: IntArray, n: FloatArray) -> FloatArray | float:
    """Scale the weights of both years so that their mean is 1 in each cell and mean."""
    if now.weight is None or base.weight is None:
        return 1.0
    weight = np.concatenate([now.weight, base.weight])
    with np.errstate(divide="ignore", invalid="ignore"):
        return weight * (n / _add_up(at, weight, len(n))).reshape(-1)[at]


def _effective(at: IntArray, weight: FloatArray | float, n: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Compute the effective number of units of each mean, and the term of its degrees of freedom; as in `weighted`."""
    second, fourth = (_add_up(at, np.ones(len(at)) * weight**power, len(n)) for power in (2, 4))
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = n**2 / second
        own = 1 / effective**2 / (second**2 / fourth - 1)
    return np.nan_to_num(effective), np.nan_to_num(own, posinf=0.0)


def _place(year: YearUnits, known: pd.DataFrame, by: list[str], *, is_base: bool) -> IntArray:
    """Find the number of the mean that each unit of a year is in: its cell times four, and its place in `MEANS`."""
    numbered = known.assign(_at=known.index)
    labels = year.labels.merge(numbered, on=by, how="left") if by else year.labels.assign(_at=0)
    mean = np.array([MEANS.index((side, is_base)) for side in labels[GROUP]], dtype=np.int64)
    return (labels["_at"].to_numpy(dtype=np.int64) * len(MEANS) + mean)[year.cell]


def _stayers(now: YearUnits, base: YearUnits) -> tuple[IntArray, IntArray]:
    """Find the units with a value in both years: their rows in the year, and in the base year, which comes after it."""
    place = np.minimum(np.searchsorted(base.unit, now.unit), max(len(base.unit) - 1, 0))
    again = np.flatnonzero(base.unit[place] == now.unit) if len(base.unit) else place[:0]
    return again, place[again] + len(now.unit)


def _add_up(at: IntArray, values: FloatArray, cells: int) -> FloatArray:
    """Add up values by cell and mean, shape (cells, 4)."""
    many = len(MEANS)
    return np.bincount(at, values, minlength=cells * many).reshape(cells, many).astype(np.float64, copy=False)

"""Changes of the units that have a value in two years: their means, and what others from the same start did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from si_eval.cells.summary import CellRequest
from si_eval.cells.year_pairs import read_years
from si_eval.results import Panel
from si_eval.stats import FloatArray, IntArray, standardised_mean_difference
from si_eval.vocabulary import GROUP, PARTICIPANTS

BINS = 10  # of the base values of a cell: five remove 90% of what a covariate biases (Cochran 1968)
CONTRASTS = ("participants", "others", "same_start", "difference", "beyond")
_AT = "_at"


@dataclass(frozen=True)
class Changes:
    """Mean changes of each cell of the base year, with standard error, clusters and units, by name of `CONTRASTS`.

    ``cells`` has the labels of the cells. ``participants`` and ``others`` are the means of the groups, ``same_start``
    that of others with the base values of participants; ``difference`` and ``beyond`` are participants less these.
    Each array has shape (cells, 5); ``start_difference`` (cells,) is the standardised difference of the base values.
    ``matched`` has of each cell the units of participants and of others from the same start, and ``matched_dof`` how
    many of these others of equal weight say as much, less one.
    """

    cells: pd.DataFrame
    estimate: FloatArray
    std_error: FloatArray
    dof: FloatArray
    n: FloatArray
    start_difference: FloatArray
    matched: Sequence[tuple[IntArray, IntArray]]
    matched_dof: FloatArray


def measure_changes(panel: Panel, request: CellRequest, base_year: int, year: int) -> Changes:
    """Measure the changes between two years, by the cells of the base year."""
    by = list(request.by)
    read = read_years(panel, request, [base_year, year])
    base, now = read[base_year], read[year]
    place = np.minimum(np.searchsorted(now.unit, base.unit), max(len(now.unit) - 1, 0))
    both = now.unit[place] == base.unit if len(now.unit) else np.zeros(len(base.unit), dtype=np.bool_)
    start, change = base.value[both], now.value[place[both]] - base.value[both]
    labels = base.labels.iloc[base.cell[both]]
    known = (
        labels[by].drop_duplicates().sort_values(by, ignore_index=True)
        if by
        else pd.DataFrame(index=range(min(1, len(labels))))
    )
    numbered = known.assign(**{_AT: known.index})
    cell = labels.merge(numbered, on=by, how="left")[_AT].to_numpy() if by else np.zeros(len(labels), dtype=np.int64)
    joined = (labels[GROUP] == PARTICIPANTS).to_numpy()
    cluster = np.where(base.group[both] >= 0, base.group[both], -1 - base.unit[both])
    members = [np.flatnonzero(cell == number) for number in range(len(known))]
    starts = [_SameStart.of(start[at], joined[at]) for at in members]
    rows = [_of_cell(one, change[at], joined[at], cluster[at]) for one, at in zip(starts, members, strict=True)]
    measures = np.array(rows, dtype=float).reshape(len(known), 4, len(CONTRASTS))
    apart = np.array([_start_difference(start[at], joined[at]) for at in members], dtype=float)
    estimate, std_error, dof, n = (measures[:, at] for at in range(4))
    units = [base.unit[both][at] for at in members]
    matched = [(unit[one.used], unit[one.weight > 0]) for unit, one in zip(units, starts, strict=True)]
    effective = np.array([1 / np.sum(one.weight**2) if one.used.any() else 0.0 for one in starts])
    return Changes(known, estimate, std_error, dof, n, apart, matched, effective - 1)


def _start_difference(start: FloatArray, joined: np.ndarray) -> float:
    """Compute the standardised difference of the base values of the two groups; missing with fewer than two of one."""
    sides = start[joined], start[~joined]
    if min(map(len, sides)) < 2:
        return np.nan
    moments = [np.asarray(value) for side in sides for value in (side.mean(), side.std(ddof=1))]
    return float(standardised_mean_difference(*moments))


class _SameStart(NamedTuple):
    """The bin of each unit's base value, the units of each group in each bin, and who is compared there.

    ``used`` are participants in a bin with others; ``weight`` is that of each of the others.
    """

    place: IntArray
    theirs: FloatArray
    used: np.ndarray
    weight: FloatArray

    @classmethod
    def of(cls, start: FloatArray, joined: np.ndarray) -> _SameStart:
        """Split the base values of a cell at their deciles."""
        edges = np.quantile(start, np.linspace(0, 1, BINS + 1)[1:-1]) if len(start) else np.zeros(0)
        place = np.searchsorted(edges, start, side="right")
        ours, theirs = (np.bincount(place[side], minlength=BINS).astype(float) for side in (joined, ~joined))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(theirs > 0, ours, 0.0)
            share = share / share.sum()  # participants without others from their start are left out
            weight = np.where(joined, 0.0, (share / theirs)[place])
        return cls(place, theirs, joined & (theirs[place] > 0), weight)


def _of_cell(same: _SameStart, change: FloatArray, joined: np.ndarray, cluster: IntArray) -> FloatArray:
    """Measure one cell: estimates, standard errors, degrees of freedom and units of `CONTRASTS`, shape (4, 5)."""
    n, others = joined.sum(), (~joined).sum()
    place, theirs, used, weight_same = same
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.bincount(place[~joined], change[~joined], minlength=BINS) / theirs
        weight_ours, weight_used = joined / n, used / used.sum()
        weight_theirs = np.where(joined, 0.0, 1 / others)
        expected = np.where(theirs > 0, means, 0.0)[place]
        around_ours = change - (weight_ours @ change if n else np.nan)
        around_theirs = change - (weight_theirs @ change if others else np.nan)
        from_same = weight_same @ change if others and used.any() else np.nan
        beyond = weight_used @ (change - expected) if used.any() else np.nan
        scores = np.stack([
            weight_ours * around_ours,
            weight_theirs * around_theirs,
            weight_same * (change - expected),
            weight_ours * around_ours - weight_theirs * around_theirs,
            weight_used * (change - expected - beyond) - weight_same * (change - expected),
        ])  # fmt: skip
    groups, number = np.unique(cluster, return_inverse=True)
    sums = np.stack([np.bincount(number, np.nan_to_num(one), minlength=len(groups)) for one in scores])
    of_ours, of_theirs = (len(np.unique(cluster[side])) for side in (joined, ~joined))
    fewest = np.array([of_ours, of_theirs, of_theirs, min(of_ours, of_theirs), min(of_ours, of_theirs)], dtype=float)
    estimates = np.array([
        weight_ours @ change if n else np.nan, weight_theirs @ change if others else np.nan, from_same, np.nan, beyond
    ])  # fmt: skip
    estimates[3] = estimates[0] - estimates[1]
    error = np.sqrt((sums**2).sum(axis=1) * np.where(fewest > 1, fewest / np.maximum(fewest - 1, 1), np.nan))
    units = np.array([n, others, others, min(n, others), min(used.sum(), others)], dtype=float)
    return np.stack([estimates, np.where(np.isnan(estimates), np.nan, error), fewest - 1, units])

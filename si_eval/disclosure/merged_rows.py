"""Rows of merged classes: what several classes together have, computed from what is known of each."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from si_eval import stats
from si_eval.disclosure.declared_rows import CONTRASTS, DISTRIBUTIONS, number_in, standard_deviation, variable_of
from si_eval.disclosure.nesting import atoms_of
from si_eval.disclosure.reading import MERGED_AWAY, rests_on
from si_eval.results import Cell, ResultTable
from si_eval.vocabulary import (
    ALL,
    BESIDE,
    CATEGORY,
    CONF_HIGH,
    CONF_LOW,
    COUNT,
    DENOMINATOR,
    DIFFERENCE,
    ESTIMATE,
    GROUP,
    HOLDING_LARGEST,
    HOLDING_SECOND,
    INDICATOR,
    KEYS,
    LARGEST,
    MEAN,
    N_HOLDINGS,
    N_PUBLIC,
    N_TOTAL,
    N_UNITS,
    NON_PARTICIPANTS,
    NOTE,
    NUMBERS,
    NUMERATOR,
    P_VALUE,
    PARTICIPANTS,
    PRIVATE_LARGEST,
    PRIVATE_SECOND,
    PUBLIC_TOTAL,
    RATIO,
    RATIO_OF_SUMS,
    RESTS_ON,
    SECOND_LARGEST,
    SHARE,
    STATISTIC,
    STD_ERROR,
    SUM,
    TOTAL,
    UNIT_OF_MEASURE,
)

PARTS = "merged_from"  # how many rows a row of a merged class stands for
ADDED_UP = (TOTAL, HOLDING_LARGEST, HOLDING_SECOND, PRIVATE_LARGEST, PRIVATE_SECOND, N_PUBLIC, PUBLIC_TOTAL)
FOLLOWS = 1e-6  # relative: a number this near to the one that its evidence gives is that number
Row = Mapping[Any, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Merge:
    """Classes of one column that become one, wherever a variable is shown by them."""

    variable: str
    column: str
    labels: tuple[str, ...]

    @property
    def label(self) -> str:
        """Return the label of the merged class: ``0-1+2-9``."""
        return "+".join(self.labels)


def merge_classes(table: ResultTable, merges: Sequence[Merge]) -> ResultTable:
    """Merge classes in one table: its rows of these classes are marked, and those of the merged classes follow.

    Counts and sums add up; means, shares and ratios of sums follow from their counts, sums, numerators and
    denominators, differences and ratios of two groups from the merged means. A number that does not follow (a median,
    an index) gets a row without an estimate. A table that shows only some of the classes shows none of them; a class
    that has all units of the merged one stays as it is.
    """
    frame = table.frame
    for merge in merges:
        mine, inside = _rows_inside(merge, frame)
        if not inside:
            continue
        sets = _sets_of_parts(mine, merge)
        marked = frame.index.isin([place for several in sets.values() for place, _ in several])
        before = frame[MERGED_AWAY] if MERGED_AWAY in frame else pd.Series(False, index=frame.index)
        frame = frame.assign(**{MERGED_AWAY: before.astype(bool) | marked})
        atoms = atoms_of([*inside, merge.label])
        if sets and frozenset.union(*(atoms[label] for label in inside)) == atoms[merge.label]:
            parts = {key: [row for _, row in several] for key, several in sets.items()}
            frame = pd.concat([frame, _merged_rows(parts, merge, list(frame.columns))], ignore_index=True)
            frame[MERGED_AWAY] = frame[MERGED_AWAY].astype(bool)
    return table if frame is table.frame else replace(table, frame=frame)


def labels_within(merge: Merge, labels: Iterable[str]) -> list[str]:
    """List the labels, in order, that lie within the merged class."""
    others = sorted(set(labels) - {ALL, merge.label})
    atoms = atoms_of([*others, merge.label])
    return [label for label in others if atoms[label] < atoms[merge.label]]


def _rows_inside(merge: Merge, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """List the rows of the variable that show it by a class within the merged one, and the labels of these classes."""
    labels = frame[merge.column].astype(str)
    near = frame[labels.isin(labels_within(merge, labels))]
    needed = near[[*KEYS, ESTIMATE, N_UNITS, UNIT_OF_MEASURE]].to_dict("records")
    mine = near[[variable_of(row) == merge.variable for row in needed]] if needed else near
    inside = labels_within(merge, mine[merge.column].astype(str))
    return mine[mine[merge.column].astype(str).isin(inside)], inside


def _sets_of_parts(rows: pd.DataFrame, merge: Merge) -> dict[Key, list[tuple[int, Row]]]:
    """List the sets of rows that differ in their class only; a class that has all units stays as it is."""
    sets: dict[Key, list[tuple[int, Row]]] = defaultdict(list)
    for place, row in zip(rows.index, rows.to_dict("records"), strict=True):
        key = tuple(None if pd.isna(row[column]) else row[column] for column in _same(merge))
        if number_in(row, N_UNITS) > 0:
            sets[key].append((int(place), row))
    return {key: several for key, several in sets.items() if len(several) > 1}


def _same(merge: Merge) -> list[str]:
    return [column for column in (*KEYS, UNIT_OF_MEASURE) if column != merge.column]


def _merged_rows(parts: Mapping[Key, Sequence[Row]], merge: Merge, columns: Sequence[str]) -> pd.DataFrame:
    """Make the rows of a merged class, one for each set of rows that differ in their class only."""
    same = _same(merge)
    made = {key: _merged_row(several, merge) for key, several in parts.items()}
    group, unit = same.index(GROUP), same.index(UNIT_OF_MEASURE)
    for key in made:
        if key[group] in CONTRASTS and made[key][STATISTIC] == MEAN:
            sides = [_side(made, key, (group, unit), name) for name in (PARTICIPANTS, NON_PARTICIPANTS)]
            if all(not math.isnan(number_in(side, ESTIMATE)) for side in sides):
                made[key] |= _contrast(key[group], *sides)
    listed = pd.DataFrame(list(made.values())).reindex(columns=list(dict.fromkeys([*columns, PARTS])))
    listed[MERGED_AWAY] = listed[ESTIMATE].isna()
    return listed


def _side(made: Mapping[Key, dict[str, Any]], key: Key, skip: tuple[int, int], group: str) -> Row:
    """Find the merged mean of one group, whatever its unit of measure: that of a ratio is another."""
    for other, row in made.items():
        alike = all(one == two for at, (one, two) in enumerate(zip(other, key, strict=True)) if at not in skip)
        if other[skip[0]] == group and alike:
            return row
    return {}


def _merged_row(parts: Sequence[Row], merge: Merge) -> dict[str, Any]:
    """Make one row of a merged class; without an estimate where none follows."""
    row: dict[str, Any] = {**parts[0], merge.column: merge.label, NOTE: "", PARTS: float(len(parts))}
    row |= dict.fromkeys((*NUMBERS, *BESIDE, LARGEST, SECOND_LARGEST, N_HOLDINGS, *ADDED_UP), math.nan)
    row[RESTS_ON] = _united(parts)
    if row[GROUP] in CONTRASTS:
        return row
    filled = [_with_total(part) for part in parts]
    n = _added(filled, N_UNITS)
    top = sorted((number_in(part, name) for part in filled for name in (LARGEST, SECOND_LARGEST)), reverse=True)
    top = [value for value in top if not math.isnan(value)]
    row |= {column: _added(filled, column) for column in ADDED_UP}
    row[N_HOLDINGS] = max(number_in(part, N_HOLDINGS) for part in filled)  # one holding may be in several classes
    if top and not any(math.isnan(number_in(part, LARGEST)) for part in filled):
        row |= {LARGEST: top[0], SECOND_LARGEST: top[1] if len(top) > 1 else math.nan}
    estimate = _estimate(row, filled, n, merge)
    row |= {N_UNITS: n, **estimate} if not math.isnan(estimate[ESTIMATE]) else {}
    return row


def _united(parts: Sequence[Row]) -> tuple[Cell, ...] | None:
    """Return what the row of a merged class rests on: each cell of its classes, over the units of all of them."""
    known = [rests_on(part) for part in parts]
    if any(one is None or len(one) != len(known[0] or ()) for one in known):
        return None
    return tuple(
        _union([one for one in cells if isinstance(one, Cell)]) for cells in zip(*filter(None, known), strict=True)
    )


def _union(cells: Sequence[Cell]) -> Cell:
    """Return the cell of the units that are in any of several, which differ in the values of one column."""
    where = {
        column: tuple(dict.fromkeys(value for cell in cells for value in dict(cell.units.where)[column]))
        for column, _ in cells[0].units.where
    }
    return Cell(replace(cells[0].units, where=tuple(where.items())), cells[0].variable)


def _with_total(part: Row) -> Row:
    """Add to a mean its sum, where the row does not carry it."""
    if part[STATISTIC] != MEAN or not math.isnan(number_in(part, TOTAL)):
        return part
    return {**part, TOTAL: number_in(part, N_UNITS) * number_in(part, ESTIMATE)}


def _added(parts: Sequence[Row], column: str) -> float:
    return float(sum(number_in(part, column) for part in parts))


def _estimate(row: Row, parts: Sequence[Row], n: float, merge: Merge) -> dict[str, float]:
    """Compute what a merged class shows."""
    statistic = row[STATISTIC]
    if statistic == SHARE or (statistic == COUNT and not math.isnan(number_in(parts[0], N_TOTAL))):
        of_split = str(row[INDICATOR]) == merge.column or (merge.column == CATEGORY and row[INDICATOR] in DISTRIBUTIONS)
        n_total = number_in(parts[0], N_TOTAL) if of_split else _added(parts, N_TOTAL)
        if statistic == COUNT:
            return {ESTIMATE: _added(parts, ESTIMATE), N_TOTAL: n_total}
        follows = all(_near(number_in(part, ESTIMATE), _quotient(part, N_UNITS, N_TOTAL)) for part in parts)
        return {ESTIMATE: n / n_total if follows and n_total > 0 else math.nan, N_TOTAL: n_total}
    if statistic in (SUM, COUNT):
        return {ESTIMATE: _added(parts, ESTIMATE)}
    if statistic == RATIO_OF_SUMS:
        follows = all(_near(number_in(part, ESTIMATE), _quotient(part, NUMERATOR, DENOMINATOR)) for part in parts)
        numerator, denominator = _added(parts, NUMERATOR), _added(parts, DENOMINATOR)
        return {ESTIMATE: numerator / denominator, NUMERATOR: numerator, DENOMINATOR: denominator} if follows else LOST
    if statistic == MEAN and all(_near(number_in(part, ESTIMATE), _quotient(part, TOTAL, N_UNITS)) for part in parts):
        return _mean(parts, n, _added(parts, TOTAL) / n)
    return LOST


LOST = {ESTIMATE: math.nan}


def _quotient(part: Row, above: str, below: str) -> float:
    bottom = number_in(part, below)
    return number_in(part, above) / bottom if bottom != 0 else math.nan


def _near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=FOLLOWS, abs_tol=FOLLOWS)


def _mean(parts: Sequence[Row], n: float, mean: float) -> dict[str, float]:
    """Pool means: the sum of squares of a class follows from its count, mean and standard deviation.

    The error of clusters does not follow: one may have units in several classes.
    """
    squares = 0.0
    for part in parts:
        size, own = number_in(part, N_UNITS), number_in(part, ESTIMATE)
        squares += (0.0 if size == 1 else (size - 1) * standard_deviation(part, size) ** 2) + size * own**2
    variance = max(squares - n * mean**2, 0.0) / (n - 1) if n > 1 else math.nan
    error = math.sqrt(variance / n) if all(_units_are_independent(part) for part in parts) else math.nan
    level = _level(parts)
    dof = np.array([n - 1.0])
    interval = stats.student_interval(np.array([mean]), np.array([error]), dof, level)
    return {ESTIMATE: mean, STD_ERROR: error, CONF_LOW: float(interval.low[0]), CONF_HIGH: float(interval.high[0])}


def _units_are_independent(part: Row) -> bool:
    """Whether the standard error of a class is that of independent units."""
    n, error = number_in(part, N_UNITS), number_in(part, STD_ERROR)
    return n == 1 or math.isclose(error * math.sqrt(n), standard_deviation(part, n), rel_tol=FOLLOWS, abs_tol=0.0)


def _level(parts: Sequence[Row]) -> float:
    """Read from a class which level its interval has; one that is bent to a tail does not tell."""
    for part in parts:
        n, error = number_in(part, N_UNITS), number_in(part, STD_ERROR)
        width = number_in(part, CONF_HIGH) - number_in(part, ESTIMATE)
        bent = not _near(width, number_in(part, ESTIMATE) - number_in(part, CONF_LOW))
        if n > 1 and error > 0 and not math.isnan(width) and not bent and _units_are_independent(part):
            return float(2 * special.stdtr(n - 1, width / error) - 1)
    return math.nan


def _contrast(group: str, ours: Row, theirs: Row) -> dict[str, float]:
    """Compute the difference or the ratio of two merged means, as `compare_groups` does."""
    (n_a, mean_a, se_a), (n_b, mean_b, se_b) = (
        [np.array([number_in(side, column)]) for column in (N_UNITS, ESTIMATE, STD_ERROR)] for side in (ours, theirs)
    )
    level = _level([ours])
    dof = stats.welch_degrees_of_freedom(se_a, n_a, se_b, n_b)
    difference = stats.student_interval(mean_a - mean_b, np.sqrt(se_a**2 + se_b**2), dof, level)
    shown = difference
    if group == RATIO:
        if mean_b[0] == 0:
            return LOST
        shown = stats.student_interval(mean_a / mean_b, stats.ratio_std_error(mean_a, se_a, mean_b, se_b), dof, level)
    return {
        ESTIMATE: float(shown.estimate[0]),
        STD_ERROR: float(shown.std_error[0]),
        CONF_LOW: float(shown.low[0]),
        CONF_HIGH: float(shown.high[0]),
        P_VALUE: float(difference.p_value[0]) if group == DIFFERENCE else math.nan,
        N_UNITS: float(min(n_a[0], n_b[0])),
    }

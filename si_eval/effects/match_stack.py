"""Who may be matched with whom: participants in their base year, beside units that never take part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from si_eval.effects.panel_arrays import NEVER_TREATED, UNKNOWN_ENTRY, PanelArrays
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.vocabulary import Reason

TOGETHER = 0  # the cohort of all participants at once, where all are matched in one year
MAX_CODES = 2**62  # combinations of classes that one number can tell apart


class Column(NamedTuple):
    """A column of the covariates: its name, the class that it marks (None of a number), and whether it is the base."""

    covariate: str
    label: str | None
    base: bool


@dataclass(frozen=True)
class MatchStack:
    """Rows of units in base years: a unit that never enters has one in each.

    ``unit`` (m,) is the place of the unit among all, ``cohort`` (m,) the cohort whose base year it is, ``cell`` (m,)
    the code of its combination of exact classes, within its cohort. ``left_out`` marks (units,) the participants
    without a row, by reason; ``participants`` (units,) all of them.
    """

    unit: IntArray
    cohort: IntArray
    treated: BoolArray
    cell: IntArray
    columns: tuple[Column, ...]
    values: FloatArray
    exact_columns: tuple[Column, ...]
    exact_codes: Mapping[str, tuple[IntArray, tuple[str, ...]]]
    left_out: dict[Reason, BoolArray]
    participants: BoolArray

    def design(self, with_exact: bool) -> FloatArray:
        """Return the covariates without the base of each class, shape (m, k); also the exact classes where asked."""
        kept = [not column.base for column in self.columns]
        if not with_exact:
            return self.values[:, kept]
        exact = [self.marks(column)[:, None] for column in self.exact_columns if not column.base]
        return np.hstack([self.values[:, kept], *exact])

    def marks(self, column: Column) -> FloatArray:
        """Return one for the rows of an exact class, else zero, shape (m,)."""
        codes, labels = self.exact_codes[column.covariate]
        return (codes == labels.index(str(column.label))).astype(np.float64)


def stack_base_years(
    arrays: PanelArrays, exact: tuple[str, ...], base_year: int | None, anticipation: int
) -> MatchStack:
    """Put participants and others in the rows of their base years.

    The base year of a participant is the one before entry, less ``anticipation``; or ``base_year`` for all, which must
    lie before their entry. ``arrays`` have the covariates and the ``exact`` ones; units without one of them in the base
    year have no row.
    """
    calendar, cohort = np.asarray(arrays.years), arrays.cohort
    joins, left_out = cohort != NEVER_TREATED, {}
    if base_year is None:
        bases = {int(g): int(g) - 1 - anticipation for g in np.unique(cohort[cohort > NEVER_TREATED])}
        left_out[Reason.ENTRY_YEAR_UNKNOWN] = cohort == UNKNOWN_ENTRY
        of_unit = np.where(joins, cohort, NEVER_TREATED)
    else:
        bases = {TOGETHER: base_year + arrays.shift}
        left_out[Reason.TREATED_FROM_START] = (cohort > NEVER_TREATED) & (cohort <= bases[TOGETHER] + anticipation)
        of_unit = np.where(joins, TOGETHER, NEVER_TREATED)
    absent = np.zeros(len(cohort), dtype=np.bool_)
    lacking = np.zeros(len(cohort), dtype=np.bool_)
    rows, groups = [], []
    never = np.flatnonzero(~joins)
    allowed = joins & ~np.any(list(left_out.values()), axis=0)
    before_panel = np.zeros(len(cohort), dtype=np.bool_)
    for g, base in bases.items():
        mine = np.flatnonzero(allowed & (of_unit == g))
        at = np.flatnonzero(calendar == base)
        if not len(at):
            before_panel[mine] = True
            continue
        present, known = _known(arrays, int(at[0]))
        absent[mine[~present[mine]]] = True
        lacking[mine[present[mine] & ~known[mine]]] = True
        chosen = mine[known[mine]]
        if len(chosen):
            both = np.concatenate([chosen, never[known[never]]])
            rows.append(np.column_stack([both, np.full(len(both), at[0])]))
            groups.append(np.full(len(both), g))
    left_out |= {Reason.TREATED_FROM_START: left_out.get(Reason.TREATED_FROM_START, before_panel) | before_panel,
                 Reason.NOT_IN_BASE_YEAR: absent, Reason.MISSING_COVARIATES: lacking}  # fmt: skip
    unit, place = np.concatenate(rows).T if rows else np.zeros((2, 0), dtype=np.int64)
    group = np.concatenate(groups) if groups else np.zeros(0, dtype=np.int64)
    treated: BoolArray = np.asarray(joins[unit], dtype=np.bool_)
    plain = [name for name in arrays.covariates if name not in exact]
    columns, values = _columns(arrays, plain, unit, place, treated)
    codes = {name: (arrays.covariates[name][unit, place], arrays.labels[name]) for name in exact
             if name in arrays.labels}  # fmt: skip
    exact_columns = tuple(column for name, own in codes.items() for column in _classes(name, *own, treated))
    return MatchStack(
        unit, group, treated, _cells(arrays, exact, unit, place, group), columns, values, exact_columns, codes,
        {reason: units for reason, units in left_out.items() if units.any()}, np.asarray(joins, dtype=np.bool_),
    )  # fmt: skip


def _known(arrays: PanelArrays, place: int) -> tuple[BoolArray, BoolArray]:
    """Mark the units that the panel has in a year, and those of which it knows all covariates."""
    present = np.zeros(len(arrays.cohort), dtype=np.bool_)
    known = np.ones(len(arrays.cohort), dtype=np.bool_)
    for name, values in arrays.covariates.items():
        there = values[:, place] >= 0 if name in arrays.labels else np.isfinite(values[:, place])
        present |= there
        known &= there
    return present, known


def _columns(
    arrays: PanelArrays, names: list[str], unit: IntArray, place: IntArray, treated: BoolArray
) -> tuple[tuple[Column, ...], FloatArray]:
    """Build a column for each number and each class that occurs; the class of most participants is the base."""
    columns, values = [], []
    for name in names:
        mine = arrays.covariates[name][unit, place]
        if name not in arrays.labels:
            columns.append(Column(name, None, False))
            values.append(mine.astype(np.float64))
            continue
        size = len(arrays.labels[name])
        base = int(np.bincount(mine[treated], minlength=size).argmax()) if treated.any() else 0
        for code in np.flatnonzero(np.bincount(mine, minlength=size)):
            columns.append(Column(name, arrays.labels[name][code], int(code) == base))
            values.append((mine == code).astype(np.float64))
    return tuple(columns), np.column_stack(values) if values else np.zeros((len(unit), 0))


def _classes(name: str, codes: IntArray, labels: tuple[str, ...], treated: BoolArray) -> list[Column]:
    """List the classes that occur; that of most participants is the base."""
    base = int(np.bincount(codes[treated], minlength=len(labels)).argmax()) if treated.any() else 0
    there = np.flatnonzero(np.bincount(codes, minlength=len(labels)))
    return [Column(name, labels[code], int(code) == base) for code in there]


def _cells(arrays: PanelArrays, exact: tuple[str, ...], unit: IntArray, place: IntArray, group: IntArray) -> IntArray:
    """Give each combination of exact classes, and cohort, a number."""
    code = np.unique(group, return_inverse=True)[1].astype(np.int64)
    size = int(code.max(initial=0)) + 1
    for name in exact:
        mine = arrays.covariates[name][unit, place]
        own = mine.astype(np.int64) if name in arrays.labels else np.unique(mine, return_inverse=True)[1]
        width = int(own.max(initial=0)) + 1
        if size * width > MAX_CODES:
            code, size = np.unique(code, return_inverse=True)[1], len(np.unique(code))
        code, size = code * width + own, size * width
    return np.asarray(code, dtype=np.int64)

"""A panel as arrays: the outcome of each unit by year, and the year in which it began to take part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from si_eval import cells, engine
from si_eval.engine.columns import ColumnTable, DictionaryColumn, collect_columns
from si_eval.errors import StudyError
from si_eval.results import Panel
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.vocabulary import (
    BE_ID,
    CURRENT_SIZE_CLASS,
    CURRENT_SIZE_CLASS_4,
    ENTRY_YEAR,
    GROUP_ID,
    PARTICIPANT,
    PARTICIPATION_ENDED,
    SIZE_CLASS,
    SIZE_CLASS_4,
    YEAR,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

Value = TypeVar("Value", bound=np.generic)
NEVER_TREATED = 0  # the cohort of units that never take part
ALL_COHORTS = 0  # of what units count for, where it is the same in all
UNKNOWN_ENTRY = -1  # the cohort of participants whose year of entry is not known
OUTCOME, COVARIATE, FIRST_YEAR, ENDED, CLUSTER, EARLIEST, UNIT_WEIGHT = (
    "outcome",
    "covariate ",
    "first_year",
    "ended",
    "cluster",
    "earliest",
    "unit_weight",
)
SMALLEST, LARGEST = 1e-100, 1e100  # of the largest outcome: squares of others are no numbers
LOOKING_AHEAD = ("mean", "end")  # rules for sizes that rest on later years
MISSING = "(missing)"  # a category of a covariate by itself


@dataclass(frozen=True)
class PanelArrays:
    """Units by year. Unit-level: it stays inside.

    ``ids`` (units,) are their ids, ascending; ``outcome`` has shape (units, years), NaN where it is not known;
    ``cohort`` (units,) is the first year of participation, `NEVER_TREATED` or `UNKNOWN_ENTRY`. Cohorts and ``years``
    are moved by ``shift`` years, so that both are above 0 in a panel with years of 0 and before. ``cluster`` (units,)
    numbers the clusters of units, a unit without one is its own; None where each unit is. ``ended`` are the ids of
    units that stop taking part, ``n_not_positive`` counts the values without a logarithm. ``covariates`` are numbers,
    or codes whose ``labels`` are given, of shape (units, years). ``earliest`` (units,) is the first year in which a
    unit may have entered. ``after`` (units, years) marks the years after the last of taking part; ``weights`` (units,
    years) are what units count for; ``matched`` what they count for in comparisons of a cohort, of all cohorts under
    `ALL_COHORTS`.
    """

    ids: IntArray
    outcome: FloatArray
    cohort: IntArray
    years: tuple[int, ...]
    cluster: IntArray | None
    covariates: Mapping[str, FloatArray | npt.NDArray[np.int32]]
    labels: Mapping[str, tuple[str, ...]]
    n_not_positive: int = 0
    shift: int = 0
    earliest: FloatArray | None = None
    ended: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    after: BoolArray | None = None
    weights: FloatArray | None = None
    matched: Mapping[int, FloatArray] | None = None

    @property
    def has_weights(self) -> bool:
        """Whether units count for different numbers."""
        return self.weights is not None or self.matched is not None

    def weights_of(self, cohort: int, place: int, rows: BoolArray) -> FloatArray:
        """Return what units count for in comparisons of a cohort whose base year is at a place, shape (rows,).

        Units without a weight in that year count for nothing.
        """
        own = np.ones(int(rows.sum()))
        if self.weights is not None:
            own = np.nan_to_num(np.maximum(self.weights[rows, place], 0.0))
        if self.matched is not None:
            own = own * self.matched[cohort if cohort in self.matched else ALL_COHORTS][rows]
        return own

    def base_place(self, cohort: int, anticipation: int) -> int | None:
        """Return the column of the last year before a cohort enters or anticipates it; None where there is none."""
        before = np.flatnonzero(np.asarray(self.years) + anticipation < cohort)
        return int(before[-1]) if len(before) else None

    def with_covariates(self, covariates: Mapping[str, FloatArray | npt.NDArray[np.int32]]) -> PanelArrays:
        """Return the arrays with other covariates, of those that they know."""
        return replace(self, covariates=covariates)

    def without_ended(self) -> PanelArrays:
        """Return the arrays for a design in which units take part only in the years in which they do."""
        return replace(self, ended=self.ended[:0])

    def only(self, chosen: BoolArray) -> PanelArrays:
        """Return the arrays of some of the units (units,)."""
        return replace(
            self, ids=self.ids[chosen], outcome=self.outcome[chosen], cohort=self.cohort[chosen],
            cluster=None if self.cluster is None else np.unique(self.cluster[chosen], return_inverse=True)[1],
            covariates={name: values[chosen] for name, values in self.covariates.items()},
            earliest=None if self.earliest is None else self.earliest[chosen],
            ended=np.intersect1d(self.ended, self.ids[chosen]),
            after=None if self.after is None else self.after[chosen],
            weights=None if self.weights is None else self.weights[chosen],
            matched=None if self.matched is None else {g: own[chosen] for g, own in self.matched.items()},
        )  # fmt: skip

    def design(self, place: int, rows: npt.NDArray[np.bool_] | None = None) -> FloatArray | None:
        """Build the covariates of the year at a place, without constant, shape (units, k); None without covariates.

        ``rows`` (units,) chooses units. A category becomes one column for each of its labels but the one that both
        sides have most; a unit that is not in the panel that year has gaps.
        """
        columns = self.design_columns(place)
        if not columns:
            return None
        chosen: npt.NDArray[np.bool_] = np.ones(len(self.cohort), dtype=np.bool_) if rows is None else rows
        by_name = {name: self.covariates[name][:, place][chosen] for name in dict.fromkeys(name for name, _ in columns)}
        design = np.empty((len(columns), int(chosen.sum())))  # a column of the result is what is read at once
        for row, (name, code) in zip(design, columns, strict=True):
            row[:] = by_name[name] if code is None else by_name[name] == code
            if code is not None:
                row[by_name[name] < 0] = np.nan
        return design.T

    def covered(self, place: int) -> BoolArray:
        """Mark the units that have every covariate of `design` in the year at a place, shape (units,)."""
        known: BoolArray = np.ones(len(self.cohort), dtype=np.bool_)
        for name in dict.fromkeys(name for name, _ in self.design_columns(place)):
            values = self.covariates[name][:, place]
            known &= values >= 0 if name in self.labels else ~np.isnan(values)
        return known

    def design_columns(self, place: int) -> list[tuple[str, int | None]]:
        """List the columns of `design`: the covariate, and the code of the label of a category."""
        columns: list[tuple[str, int | None]] = []
        for name, values in self.covariates.items():
            at = values[:, place]
            if name not in self.labels:
                columns.append((name, None))
                continue
            joins = self.cohort != NEVER_TREATED
            sides = [np.bincount(at[side & (at >= 0)], minlength=len(self.labels[name])) for side in (joins, ~joins)]
            count = np.minimum(*sides)
            there = np.unique(at[at >= 0])
            columns += [(name, int(code)) for code in there if code != np.argmax(count)]
        return columns


def read_arrays(
    panel: Panel,
    outcome: str | None,
    *,
    where: cells.Where | None = None,
    years: Sequence[int] | None = None,
    covariates: Sequence[str] = (),
    classes: Sequence[str] = (),
    logarithm: bool = False,
    cluster: str | None = None,
    earliest_entry: int | str | None = None,
    weights: str | None = None,
    with_non_participants: bool = True,
) -> PanelArrays:
    """Read the arrays of participants and, with ``with_non_participants``, of units that never took part.

    ``where`` chooses units by what they are in the first year in which the panel has them: a later class may be an
    effect. Units set aside as outliers have no outcome. ``cluster`` is a column: units with one value of it, in their
    last year, are a cluster. ``earliest_entry`` is the first year in which participants may have entered, or the column
    that has it, ``weights`` the column of what units count for. Covariates that are ``classes`` are so though they are
    numbers. A logarithm exists for positive values only; values without are counted. Without an ``outcome`` there is
    none.

    Raises `StudyError` for names that the panel does not have.
    """
    if outcome is not None:
        (outcome,) = cells.check_indicators(panel, outcome)
    cells.check_columns(panel.table, [*covariates, *(where or {})])
    known = _with_classes_of_the_time(panel)
    units = known if with_non_participants else known.filter(known[PARTICIPANT].fill_null(True))
    table = _select_rows(units, where, years)
    texts = [name for name in covariates if name in classes or not panel.table[name].type().is_numeric()]
    named = cluster is not None and cluster != GROUP_ID  # groups are numbered, and may be millions
    rows = table.select(
        YEAR,
        BE_ID,
        ENTRY_YEAR,
        GROUP_ID,
        **({EARLIEST: table[earliest_entry].cast("float64")} if isinstance(earliest_entry, str) else {}),
        **({CLUSTER: table[cluster].cast("string").fill_null(MISSING)} if named else {}),
        never=~table[PARTICIPANT].fill_null(True),
        **({ENDED: table[PARTICIPATION_ENDED]} if PARTICIPATION_ENDED in table.columns else {}),
        **({UNIT_WEIGHT: table[weights].cast("float64")} if weights is not None else {}),
        **{
            OUTCOME: ibis.null("float64")
            if outcome is None
            else cells.indicator_values(table, panel.indicators[outcome])
        },
        **{
            COVARIATE + name: table[name].cast("string").fill_null(MISSING)
            if name in texts
            else table[name].cast("float64")
            for name in covariates
        },
    )
    coded = [YEAR, *(COVARIATE + name for name in texts), *([CLUSTER] if named else [])]
    keys, columns = collect_columns(engine.iter_batches(rows), coded)
    if not columns.num_rows:
        found = "no unit of the panel" if with_non_participants else "no participant"
        raise StudyError(f"where or years: found {found}; expected at least one; widen the choice")
    return _to_arrays(keys, columns, _ever_participants(panel.table), covariates, logarithm, cluster, earliest_entry,
                      weighted=weights is not None)  # fmt: skip


def entry_is_unknown(panel: Panel) -> bool:
    """Whether the panel has participants, and the year of entry is known of none."""
    participants = panel.table.filter(panel.table[PARTICIPANT])
    known = participants.filter(participants[ENTRY_YEAR].notnull())
    return not engine.count_rows(known.limit(1)) and bool(engine.count_rows(participants.limit(1)))


def _with_classes_of_the_time(panel: Panel) -> ir.Table:
    """Take the size classes of each year where those of the panel look at later years: these may be an effect."""
    if panel.rules.size_rule not in LOOKING_AHEAD:
        return panel.table
    current = {SIZE_CLASS: CURRENT_SIZE_CLASS, SIZE_CLASS_4: CURRENT_SIZE_CLASS_4}
    return panel.table.mutate(**{name: panel.table[own] for name, own in current.items()})


def _select_rows(table: ir.Table, where: cells.Where | None, years: Sequence[int] | None) -> ir.Table:
    """Select the rows of the units and years asked for."""
    if where:
        first = table.group_by(BE_ID).aggregate(**{FIRST_YEAR: table[YEAR].min()})
        start = table.inner_join(first, [table[BE_ID] == first[BE_ID], table[YEAR] == first[FIRST_YEAR]])
        table = table.semi_join(cells.filter_rows(start, where).select(BE_ID), BE_ID)
    return table if years is None else table.filter(table[YEAR].isin([int(year) for year in years]))


def _ever_participants(table: ir.Table) -> IntArray:
    """List the units that take part in any year of the panel, in ascending order."""
    units = engine.fetch_arrow(table.filter(table[PARTICIPANT]).select(BE_ID).distinct())[BE_ID]
    return np.sort(units.to_numpy())


def _to_arrays(
    keys: dict[str, DictionaryColumn],
    columns: ColumnTable,
    participants: IntArray,
    covariates: Sequence[str],
    logarithm: bool,
    cluster: str | None,
    earliest_entry: int | str | None,
    *,
    weighted: bool,
) -> PanelArrays:
    """Put rows in places: a line a unit, a column a year."""
    calendar, period = np.unique(keys[YEAR].dictionary.to_numpy(zero_copy_only=False), return_inverse=True)
    column = period[keys[YEAR].indices]
    ids, line = np.unique(columns.sparse(BE_ID).values, return_inverse=True)
    shape = len(ids), len(calendar)
    filled = np.zeros(shape, dtype=np.bool_)
    filled[line, column] = True
    if int(filled.sum()) < columns.num_rows:
        raise StudyError("panel: found several rows of a unit in a year; expected one; make the panel again")

    def placed(values: npt.NDArray[Value], gap: float) -> npt.NDArray[Value]:
        wide = np.full(shape, gap, dtype=values.dtype)
        wide[line, column] = values
        return wide

    outcome = placed(columns.floats(OUTCOME), np.nan)
    ends = np.fmax.reduce(outcome, axis=None), np.fmin.reduce(outcome, axis=None)
    size = 0.0 if np.isnan(ends[0]) else float(max(ends[0], -ends[1]))
    if size and not SMALLEST <= size <= LARGEST:
        raise StudyError(
            f"outcome: found values of up to {size:g}; expected {SMALLEST:g} to {LARGEST:g}; give them in another unit"
        )
    not_positive = outcome <= 0
    if logarithm:
        outcome = np.log(np.where(not_positive, np.nan, outcome))
    takes_part = np.isin(ids, participants, assume_unique=True)
    never, ended = columns.booleans("never"), columns.booleans(ENDED)
    assert never is not None
    compared = np.ones(len(ids), dtype=np.bool_)
    compared[line[~never]] = False  # not known never to take part
    compared |= takes_part
    entry = columns.sparse(ENTRY_YEAR)
    shift = max(0, 1 - int(min(calendar.min(), entry.values.min(initial=1))))
    cohort = _cohorts(takes_part, line[entry.rows], entry.values + shift)
    clusters = None if cluster is None else _clusters(keys, columns, line, column, len(ids))
    coded = {name: _sort_labels(keys[COVARIATE + name]) for name in covariates if COVARIATE + name in keys}
    wide = {
        name: placed(coded[name].indices, -1) if name in coded else placed(columns.floats(COVARIATE + name), np.nan)
        for name in covariates
    }
    return PanelArrays(
        ids=ids[compared],
        outcome=outcome[compared],
        cohort=cohort[compared],
        years=tuple(int(year) + shift for year in calendar),
        cluster=None if clusters is None else np.unique(clusters[compared], return_inverse=True)[1],
        covariates={name: values[compared] for name, values in wide.items()},
        labels={name: tuple(key.dictionary.to_pylist()) for name, key in coded.items()},
        n_not_positive=int(not_positive[compared].sum()) if logarithm else 0,
        shift=shift,
        earliest=None
        if earliest_entry is None
        else _earliest(columns, line, len(ids), earliest_entry)[compared] + shift,
        ended=ids[np.unique(line[ended])] if ended is not None else ids[:0],
        after=placed(ended, False)[compared] if ended is not None else None,
        weights=placed(columns.floats(UNIT_WEIGHT), np.nan)[compared] if weighted else None,
    )


def _clusters(
    keys: dict[str, DictionaryColumn], columns: ColumnTable, line: IntArray, column: IntArray, units: int
) -> IntArray:
    """Give units the number of their cluster, by label or enterprise group; a unit without one is its own."""
    if CLUSTER in keys:
        labels = _sort_labels(keys[CLUSTER])
        there = np.array([label != MISSING for label in labels.dictionary.to_pylist()])[labels.indices]
        rows, values = np.flatnonzero(there), labels.indices[there].astype(np.int64)
    else:
        groups = columns.sparse(GROUP_ID)
        rows, values = groups.rows, groups.values
    own = -1 - np.arange(units)
    latest = np.argsort(column[rows], kind="stable")  # a unit that changes groups is in its last one
    own[line[rows[latest]]] = values[latest]
    return own


def _earliest(columns: ColumnTable, line: IntArray, units: int, given: int | str) -> FloatArray:
    """Return the first year in which each unit may have entered: that given, or the earliest of its rows."""
    if isinstance(given, int):
        return np.full(units, float(given))
    earliest = np.full(units, np.inf)
    np.fmin.at(earliest, line, columns.floats(EARLIEST))
    return np.where(np.isfinite(earliest), np.floor(earliest), np.nan)


def _cohorts(takes_part: BoolArray, line: IntArray, entry: IntArray) -> IntArray:
    """Return the cohort of each unit: the earliest of its entries, whatever the order of the rows.

    A unit with an entry that takes part in no year of the panel enters after it: it is in no group of never treated.
    """
    earliest = np.full(len(takes_part), np.iinfo(np.int64).max)
    np.minimum.at(earliest, line, entry)
    known = earliest < np.iinfo(np.int64).max
    return np.where(known, earliest, np.where(takes_part, UNKNOWN_ENTRY, NEVER_TREATED)).astype(np.int64)


def _sort_labels(column: DictionaryColumn) -> DictionaryColumn:
    """Give labels their numbers in alphabetical order, not as they happen to come out of the engine."""
    labels = column.dictionary.to_pylist()
    order = sorted(range(len(labels)), key=labels.__getitem__)
    rank = np.empty(len(labels), dtype=np.int32)
    rank[order] = np.arange(len(labels), dtype=np.int32)
    return DictionaryColumn(column.dictionary.take(pa.array(order, pa.int64())), rank[column.indices])

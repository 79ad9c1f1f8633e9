"""Merges adjacent classes where that loses less than withholding: the same merge in every table of a request."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal

import pandas as pd

from si_eval.disclosure.declared_rows import variable_of
from si_eval.disclosure.merged_rows import PARTS, Merge, labels_within, merge_classes
from si_eval.disclosure.nesting import atoms_of
from si_eval.disclosure.reading import MERGED_AWAY, WEIGHT, weight_of
from si_eval.registry import facts, size_class_labels
from si_eval.results import ResultTable, SafeTable
from si_eval.vocabulary import CATEGORY, ESTIMATE, SHOWN, SIZE_CLASS, SIZE_CLASS_4, STATUS, SUPPRESSED

Merging = Literal["never", "when_cheaper"]
MERGINGS: tuple[Merging, ...] = ("never", "when_cheaper")
KEPT = 0.5  # what a number of a merged class is still worth, relative to those of its classes
Judge = Callable[[Sequence[ResultTable]], Sequence[SafeTable]]
Priority = Mapping[str, float] | None


def merge_where_cheaper(tables: Sequence[ResultTable], judge: Judge, priority: Priority = None) -> list[ResultTable]:
    """Merge adjacent classes for as long as that saves more than it costs, the best merge first.

    ``judge`` protects tables and is asked about one variable at a time. The cost of a pattern is what its withheld and
    merged rows are worth, less half of that for each merged row that is shown in their place. Orders of classes are
    those of the registry.
    """
    variables = [[variable_of(row) for row in _restricted(table)] for table in tables]
    weights = [weight_of(table.exhibit, number, len(tables), priority) for number, table in enumerate(tables)]
    merges: list[Merge] = []
    for variable in dict.fromkeys(name for names in variables for name in names):
        mine = [
            _rows_of(table, [name == variable for name in names], weight)
            for table, names, weight in zip(tables, variables, weights, strict=True)
            if variable in names
        ]
        merges += _merges_of(variable, mine, judge)
    return [table if table.public else merge_classes(table, merges) for table in tables]


def _restricted(table: ResultTable) -> list[dict[object, object]]:
    return [] if table.public else table.frame.to_dict("records")


def _rows_of(table: ResultTable, mine: Sequence[bool], weight: float) -> ResultTable:
    """Return the rows of one variable, each with what it costs to lose it."""
    rows = table.frame[list(mine)].reset_index(drop=True)
    return replace(table, frame=rows.assign(**{WEIGHT: weight}))


def _merges_of(variable: str, tables: Sequence[ResultTable], judge: Judge) -> list[Merge]:
    """Find the merges of one variable, greedily."""
    merges: list[Merge] = []
    if not any(math.isfinite(_least_loss(tables, merge)) for merge in _adjacent(variable, merges)):
        return merges
    best = _loss(tables, judge(tables))
    while best > 0:
        tried: list[tuple[float, list[Merge]]] = []
        for merge in _adjacent(variable, merges):
            chosen = [one for one in merges if not _within(one, merge)] + [merge]
            if _least_loss(tables, merge) < best:
                merged = [merge_classes(table, chosen) for table in tables]
                tried.append((_loss(merged, judge(merged)), chosen))
        cheapest = min(tried, key=lambda one: one[0], default=(best, merges))
        if cheapest[0] >= best:
            break
        best, merges = cheapest
    return merges


def _adjacent(variable: str, merges: Sequence[Merge]) -> Iterator[Merge]:
    """List the merges of two neighbours: classes, or classes that were merged already."""
    systems = [(SIZE_CLASS, size_class_labels(SIZE_CLASS)), (SIZE_CLASS, size_class_labels(SIZE_CLASS_4))]
    systems.append((CATEGORY, tuple(facts("age_classes")["labels"])))
    for column, labels in systems:
        blocks: list[list[str]] = []
        for label in labels:
            block = next((one for one in merges if one.column == column and _covers(one, label)), None)
            if blocks and block is not None and _covers(block, blocks[-1][-1]):
                blocks[-1].append(label)
            else:
                blocks.append([label])
        for lower, upper in pairwise(blocks):
            yield Merge(variable, column, (*lower, *upper))


def _covers(merge: Merge, label: str) -> bool:
    atoms = atoms_of([merge.label, label])
    return atoms[label] <= atoms[merge.label]


def _within(one: Merge, other: Merge) -> bool:
    atoms = atoms_of([one.label, other.label])
    return one.column == other.column and bool(atoms[one.label] & atoms[other.label])


def _least_loss(tables: Sequence[ResultTable], merge: Merge) -> float:
    """Compute what a merge costs at least: each row of its classes, less what the merged row is worth."""
    loss, classes = 0.0, 0
    for table in tables:
        labels = table.frame[merge.column].astype(str)
        inside = labels_within(merge, labels)
        classes = max(classes, len(inside))
        rows = table.frame[labels.isin(inside) & table.frame[ESTIMATE].notna()]
        loss += (1 - KEPT) * float(rows[WEIGHT].sum())
    return loss if classes > 1 else math.inf


def _loss(tables: Sequence[ResultTable], safe: Sequence[SafeTable]) -> float:
    """Add up what the rows are worth that a pattern does not show."""
    loss = 0.0
    for table, after in zip(tables, safe, strict=True):
        status, frame = after.frame[STATUS], table.frame
        merged = frame.get(MERGED_AWAY, pd.Series(False, index=frame.index)) & frame[ESTIMATE].notna()
        parts = frame.get(PARTS, pd.Series(0.0, index=frame.index)).fillna(0.0)
        lost = ((status == SUPPRESSED) & (parts == 0)).astype(float) + merged
        lost -= KEPT * parts.where((status == SHOWN) & frame[ESTIMATE].notna(), 0.0)
        loss += float((frame[WEIGHT] * lost).sum())
    return loss

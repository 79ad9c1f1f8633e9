"""Relations that most lines of a table keep, whatever its columns are called: one is the sum or ratio of others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

from si_eval.consistency.cells import Cell, CellTable
from si_eval.consistency.figure import Finding
from si_eval.consistency.lines import add_intervals, cell_finding, is_ratio, lines_along, overlaps
from si_eval.consistency.printed_number import Interval

MIN_LINES = 4
MIN_HELD = 3  # lines that keep a relation before one that does not is a contradiction
MIN_SHARE = 0.75
MAX_LABELS = 8
MAX_WIDTH = 0.02  # of what digits allow, relative to the number: a coarser one fits too much by chance


def kept_relations(table: CellTable) -> Iterator[Finding]:
    """Find the lines that break a relation which at least three others, and most of all, keep."""
    for dimension in table.dimensions:
        if dimension in table.places:
            continue
        lines = [line for line in lines_along(table, dimension) if len({label for label, _ in line}) == len(line)]
        labels = list(dict.fromkeys(label for line in lines for label, _ in line))
        rows = [cells for line in lines if set(cells := dict(line)) == set(labels)]
        if len(rows) >= MIN_LINES and 3 <= len(labels) <= MAX_LABELS:
            yield from _broken_sums(labels, [row for row in rows if not any(is_ratio(c.words) for c in row.values())])
            yield from _broken_ratios(labels, rows)


def _broken_sums(labels: Sequence[str], rows: Sequence[dict[str, Cell]]) -> Iterator[Finding]:
    """Find the rows in which a column is not the sum of those next to it."""
    for end in range(2, len(labels)):
        for start in range(end - 1):
            for whole, parts in ((labels[end], labels[start:end]), (labels[start], labels[start + 1 : end + 1])):
                sums = [add_intervals([row[p] for p in parts]) for row in rows]
                fits = [overlaps(reach, row[whole].interval) for reach, row in zip(sums, rows, strict=True)]
                if not _is_kept(fits) or any(_is_coarse(reach) for reach, fit in zip(sums, fits, strict=True) if fit):
                    continue
                for row in (row for row, fit in zip(rows, fits, strict=True) if not fit):
                    total = f"{sum(row[p].value for p in parts) / row[whole].scale:.10g}"
                    why = f"the {len(parts)} numbers beside it add up to {total}, as they do in other lines"
                    yield cell_finding("sum_of_parts", row[whole], [row[p] for p in parts], total, why)


def _broken_ratios(labels: Sequence[str], rows: Sequence[dict[str, Cell]]) -> Iterator[Finding]:
    """Find the rows in which a column is not one of two others divided by the other."""
    for top, base, ratio in permutations(labels, 3):
        if len({row[ratio].value for row in rows}) < len(rows) or any(row[base].interval.low <= 0 for row in rows):
            continue
        if any(_is_coarse(row[ratio].interval) for row in rows):
            continue
        for factor in (1.0, 100.0, 1000.0):
            fits = [
                overlaps(row[top].interval.divided(row[base].interval).scaled(factor), row[ratio].interval)
                for row in rows
            ]
            if not _is_kept(fits):
                continue
            for row in (row for row, fit in zip(rows, fits, strict=True) if not fit):
                value = f"{factor * row[top].value / row[base].value / row[ratio].scale:.6g}"
                why = f"{row[top].format()} by {row[base].format()} gives {value}, as in other lines"
                yield cell_finding("ratio_against_sums", row[ratio], (row[top], row[base]), value, why)


def _is_kept(fits: Sequence[bool]) -> bool:
    """Whether enough lines keep a relation, and some do not."""
    return MIN_HELD <= sum(fits) < len(fits) and sum(fits) >= MIN_SHARE * len(fits)


def _is_coarse(reach: Interval) -> bool:
    """Whether a number is known so coarsely that it fits much by chance."""
    return reach.high - reach.low > MAX_WIDTH * abs(reach.high + reach.low) / 2

"""Parts and wholes of any table: totals, and subtotals told by indentation, numbering, `of which` or their name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from si_eval.consistency.cells import COLUMN, Cell, CellTable
from si_eval.consistency.facts import layouts
from si_eval.consistency.figure import Finding
from si_eval.consistency.lines import Entry, add_intervals, cell_finding, find_role, is_ratio, lines_along, overlaps
from si_eval.consistency.periods import read_period
from si_eval.consistency.size_classes import class_bounds

ROLES_OF_SETS = ("both", "either", "only")
_BULLET = re.compile(r"^\s*[-–•*·]\s+")
_NUMBERING = re.compile(r"^\s*(\d+(?:\.\d+)*)\.?\)?\s+\D")


@dataclass(frozen=True)
class Sum:
    """One sum of a line: which entry is the whole, which are its parts, and whether these are all of its parts."""

    whole: int
    parts: tuple[int, ...]
    complete: bool = True


def totals(table: CellTable) -> Iterator[Finding]:
    """Add up every list that has one total and shows no levels; a mean over all lies between those of the parts."""
    for labels, lines in _sheets(table):
        flat = None if _readings(labels) else _flat(labels)
        sheet = [[cell for _, cell in line] for line in lines]
        if flat and (find_role("whole", labels[flat.whole]) or any(_holds(cells, flat) for cells in sheet)):
            for cells in sheet:
                yield from _check_flat(cells, flat)


def subtotals(table: CellTable) -> Iterator[Finding]:
    """Add up what indentation, numbers such as 1.2, `of which` or the name of a subtotal tell to be its parts.

    Such a structure must hold somewhere in the table before a sum that misses counts as a contradiction.
    """
    for labels, lines in _sheets(table):
        yield from _check_readings(_readings(labels), [[cell for _, cell in line] for line in lines])


def currencies_in_sums(table: CellTable) -> Iterator[Finding]:
    """Find lists with a total whose amounts are in several currencies."""
    for labels, lines in _sheets(table):
        flat = _flat(labels)
        listed = (flat.whole, *flat.parts) if flat else ()
        for line in lines if flat else ():
            cells = [line[k][1] for k in listed]
            currencies = [cell.unit for cell in cells if cell.unit not in ("", "%")]
            usual = max(currencies, key=currencies.count, default="")
            odd = [cell for cell in cells if cell.unit not in ("", "%", usual)]
            if odd:
                others = [cell for cell in cells if cell is not odd[0]]
                yield cell_finding("currency_mixed", odd[0], others, usual, f"added to amounts in {usual}")


def _sheets(table: CellTable) -> Iterator[tuple[tuple[str, ...], list[list[Entry]]]]:
    """List the lines that may hold sums, those with the same labels together."""
    for dimension in table.dimensions:
        if dimension in table.places:
            continue
        sheets: dict[tuple[str, ...], list[list[Entry]]] = {}
        for line in lines_along(table, dimension):
            kept = [entry for entry in line if dimension != COLUMN or not is_ratio(entry[0])]
            sheets.setdefault(tuple(label for label, _ in kept), []).append(kept)
        for labels, lines in sheets.items():
            if len(labels) > 2 and not any(map(read_period, _plain(labels))) and not _has_sets(labels):
                yield labels, lines


def _plain(labels: Sequence[str]) -> list[str]:
    """Leave out labels that name a whole, which a period may be called too."""
    return [label for label in labels if not find_role("whole", label)]


def _has_sets(labels: Sequence[str]) -> bool:
    """Whether labels name overlapping sets, which do not add up."""
    return any(find_role(role, label) for label in labels for role in ROLES_OF_SETS)


def _readings(labels: Sequence[str]) -> list[list[Sum]]:
    """List the ways in which labels can be read as levels or subtotals."""
    return [reading for reading in (_levels(labels), *_segments(labels)) if reading]


def _check_readings(readings: Sequence[list[Sum]], lines: Sequence[list[Cell]]) -> Iterator[Finding]:
    """Check lines of the same labels by the reading of them that holds most often, if any does."""
    held = [sum(_holds(line, s) for line in lines for s in reading) for reading in readings]
    if not any(held):
        return
    best = readings[held.index(max(held))]
    closed = any(_holds(line, s) for line in lines for s in best if not s.complete)
    for line in lines:
        for found in best if not is_ratio(line[0].words) else ():
            over = add_intervals([line[k] for k in found.parts]).low > line[found.whole].interval.high
            if not _holds(line, found) and (found.complete or closed or over):
                yield _sum_finding(line, found)


def _holds(cells: Sequence[Cell], found: Sum) -> bool:
    """Whether the parts of a sum can add up to its whole."""
    return overlaps(add_intervals([cells[k] for k in found.parts]), cells[found.whole].interval)


def _check_flat(cells: Sequence[Cell], found: Sum) -> Iterator[Finding]:
    """Check a list with one total: a sum, or for means and rates a number between those of the parts."""
    whole = cells[found.whole]
    kept = Sum(found.whole, tuple(k for k in found.parts if (cells[k].unit == "%") == (whole.unit == "%")))
    parts = [cells[k] for k in kept.parts]
    if len(parts) < 2 or _holds(cells, kept):
        return
    low, high = min(c.interval.low for c in parts), max(c.interval.high for c in parts)
    if low <= whole.interval.high and whole.interval.low <= high and (is_ratio(whole.words) or low >= 0):
        return
    if is_ratio(whole.words) and whole.unit != "%":
        expected = f"between {low / whole.scale:.6g} and {high / whole.scale:.6g}"
        yield cell_finding("mean_of_parts", whole, parts, expected, f"a mean over all lies {expected}, as its classes")
    else:
        yield _sum_finding(cells, kept)


def _sum_finding(cells: Sequence[Cell], found: Sum) -> Finding:
    """Make the finding of parts that do not add up to their whole."""
    whole, parts = cells[found.whole], [cells[k] for k in found.parts]
    total = sum(cell.value for cell in parts) / whole.scale
    return cell_finding("sum_of_parts", whole, parts, f"{total:.10g}", f"its {len(parts)} parts add up to {total:.10g}")


def _flat(labels: Sequence[str]) -> Sum | None:
    """Read a list as one whole with parts; size classes inside other classes are left out."""
    wholes = [k for k, label in enumerate(labels) if find_role("whole", label)]
    named = [k for k, label in enumerate(labels) if find_role("subtotal_of", label) or find_role("subtotal_end", label)]
    wholes = wholes or (named if len(named) == 1 else [])
    parts = [k for k in range(len(labels)) if k not in wholes]
    if len(wholes) != 1 or len({labels[k] for k in parts}) < len(parts):
        return None
    bounds = {k: class_bounds(labels[k]) for k in parts}
    outer = [
        k
        for k in parts
        if not any(
            (a := bounds[k]) and (b := bounds[o]) and a != b and b[0] <= a[0] and a[1] <= b[1] for o in parts if o != k
        )
    ]
    return Sum(wholes[0], tuple(outer)) if len(outer) > 1 else None


def _levels(labels: Sequence[str]) -> list[Sum]:
    """Read the levels that labels show: leading blanks, bullets, numbers such as 1.2, or `of which`."""
    wholes = {k for k, label in enumerate(labels) if find_role("whole", label)}
    depth = [_depth(label) for label in labels]
    listed = [re.match(_of_which(), label.casefold().strip() + " ") is not None for label in labels]
    if len({depth[k] for k in range(len(labels)) if k not in wholes}) < 2:
        return []
    sums = []
    for k in range(len(labels)):
        after = list(range(k + 1, len(labels)))
        end = next((j for j in after if depth[j] <= depth[k] or j in wholes), len(labels))
        below = [j for j in after if j < end]
        if k not in wholes and below:
            first = min(depth[j] for j in below)
            parts = tuple(j for j in below if depth[j] == first)
            if len(parts) > 1:
                sums.append(Sum(k, parts, not any(listed[j] for j in parts)))
    lowest = min(depth[k] for k in range(len(labels)) if k not in wholes)
    top = tuple(k for k in range(len(labels)) if depth[k] == lowest and k not in wholes)
    if len(wholes) == 1 and len(top) > 1:
        sums.append(Sum(next(iter(wholes)), top))
    return sums


def _of_which() -> str:
    """Return the pattern of a label that names a part of the one above it."""
    return str(layouts()["any_table"]["of_which"])


def _depth(label: str) -> int:
    """Compute how deep a label stands."""
    blanks = len(label) - len(label.lstrip(" \u00a0\t"))
    numbers = _NUMBERING.match(label)
    deeper = bool(_BULLET.match(label)) or re.match(_of_which(), label.casefold().strip() + " ") is not None
    return blanks + int(deeper) + (numbers[1].count(".") if numbers else 0)


def _segments(labels: Sequence[str]) -> list[list[Sum]]:
    """Read subtotals by their names, with their parts before them or after them: one reading each."""
    wholes = [k for k, label in enumerate(labels) if find_role("whole", label)]
    marks = [
        k
        for k, label in enumerate(labels)
        if k not in wholes and (find_role("subtotal_of", label) or find_role("subtotal_end", label))
    ]
    if len(marks) + len(wholes) < 2:
        return []
    last = wholes[-1] if wholes else len(labels)
    readings = []
    for ends in (True, False):
        borders = [-1, *marks] if ends else [*marks, last]
        spans = [range(a + 1, b) for a, b in itertools.pairwise(borders)]
        sums = [Sum(mark, tuple(span)) for mark, span in zip(marks, spans, strict=True) if len(span) > 1]
        inside = {k for span in spans for k in span}
        if len(wholes) == 1:
            sums.append(Sum(last, tuple(k for k in range(len(labels)) if k not in inside and k != last)))
        readings.append([s for s in sums if len(s.parts) > 1])
    return readings

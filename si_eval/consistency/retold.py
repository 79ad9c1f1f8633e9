"""One number that a table tells twice: in two places of it, in two units, or in words beside it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from si_eval.consistency.cells import Cell, CellTable
from si_eval.consistency.figure import Finding
from si_eval.consistency.lines import cell_finding, overlaps
from si_eval.consistency.printed_number import Interval


def told_in_two_places(table: CellTable) -> Iterator[Finding]:
    """Compare the numbers of one quantity that stand in different places."""
    for first, second in _told_twice(table):
        comparable = first.unit == second.unit or "" in (first.unit, second.unit)
        if comparable and not overlaps(first.interval, second.interval):
            why = f"elsewhere it is {second.format()}"
            yield cell_finding("told_twice", first, (second,), second.format(), why)


def currencies_of_one_amount(table: CellTable) -> Iterator[Finding]:
    """Find one number that different places give in different currencies."""
    for first, second in _told_twice(table):
        money = {first.unit, second.unit} - {"", "%"}
        if len(money) == 2 and overlaps(first.interval, second.interval):
            why = f"the same number stands in {second.unit} elsewhere"
            yield cell_finding("currency_mixed", first, (second,), second.format(), why)


def _told_twice(table: CellTable) -> Iterator[tuple[Cell, Cell]]:
    """List the pairs of cells that differ only in the place where they stand."""
    kept = [k for k, name in enumerate(table.dimensions) if name not in table.places]
    groups: dict[tuple[str, ...], list[Cell]] = {}
    for cell in table.cells if table.places else ():
        groups.setdefault(tuple(cell.labels[k].strip().casefold() for k in kept), []).append(cell)
    for cells in groups.values():
        yield from (pair for pair in combinations(cells, 2) if pair[0].labels != pair[1].labels)


def sentences_against_numbers(table: CellTable) -> Iterator[Finding]:
    """Compare the number in the sentence of a row with the numbers of the row, where most rows agree."""
    by_row: dict[str, list[int]] = {}
    for position, cell in enumerate(table.cells):
        by_row.setdefault(cell.id.partition(", ")[0], []).append(position)
    checks = list[tuple[bool, Finding]]()
    for sentence in table.sentences:
        cells = [table.cells[k] for k in by_row.get(sentence.id, ())]
        if not cells or not sentence.numbers:
            continue
        fits = any(
            overlaps(cell.interval, Interval(number * factor, number * factor))
            for cell in cells
            for number in sentence.numbers
            for factor in (1.0, cell.scale, 0.01)
        )
        told = " and ".join(f"{number:g}" for number in sentence.numbers)
        finding = cell_finding("text_against_number", cells[0], cells[1:], told, f"{sentence.text!r} says {told}")
        checks.append((fits, finding))
    if 2 * sum(fits for fits, _ in checks) >= len(checks):
        yield from (finding for fits, finding in checks if not fits)

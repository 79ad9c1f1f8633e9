"""Lines of a table: the cells that differ in one label only, in the order in which they are printed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from si_eval.consistency.cells import Cell, CellTable
from si_eval.consistency.facts import contains_word, layouts
from si_eval.consistency.figure import Finding
from si_eval.consistency.printed_number import Interval

Entry = tuple[str, Cell]


def lines_along(table: CellTable, dimension: str) -> Iterator[list[Entry]]:
    """List the lines along a dimension: label and cell of all cells that share every other label."""
    place = table.dimensions.index(dimension)
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for cell in table.cells:
        rest = (*cell.labels[:place], *cell.labels[place + 1 :])
        groups.setdefault(rest, []).append((cell.labels[place], cell))
    yield from (line for line in groups.values() if len(line) > 1)


@cache
def find_role(role: str, label: str) -> re.Match[str] | None:
    """Match a label, without brackets, with what `layouts.toml` says of a role."""
    text = re.sub(r"[_\s]+", " ", re.sub(r"[(\[].*?[)\]]", "", label)).casefold().strip(" :")
    return re.fullmatch(layouts()["any_table"][role], text)


@cache
def has_words(role: str, label: str) -> bool:
    """Whether a label holds, as words of it, what `layouts.toml` says of a role."""
    text = re.sub(r"[_\s]+", " ", label).casefold()
    return re.search(rf"(?<![^\W_])(?:{layouts()['any_table'][role]})(?![^\W_])", text) is not None


@cache
def is_ratio(words: str) -> bool:
    """Whether words name a mean, a rate or another number that does not add up."""
    return contains_word("any_table", "mean", words.replace("_", " ")) or "%" in words or " / " in words


def cell_finding(rule: str, suspect: Cell, others: Sequence[Cell], expected: str, why: str) -> Finding:
    """Make the finding of a cell that others contradict; both sides are named."""
    return Finding(
        rule=rule,
        severity="medium",
        verdict="fail",
        where=tuple(dict.fromkeys(cell.id for cell in (suspect, *others))),
        found=suspect.format(),
        expected=expected,
        sentence=f"{suspect.format()}: {why}.",
    )


def add_intervals(cells: Sequence[Cell]) -> Interval:
    """Add what the digits of cells allow."""
    return Interval(sum(c.interval.low for c in cells), sum(c.interval.high for c in cells))


def overlaps(first: Interval, second: Interval) -> bool:
    """Whether two intervals overlap or touch."""
    slack = 1e-9 * max(1.0, abs(first.low), abs(second.high))
    return first.low <= second.high + slack and second.low <= first.high + slack

"""Contrasts: what a row of figures or claims compares, each a left number against a right one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import NamedTuple

from si_eval import vocabulary as v
from si_eval.published.bilingual import BilingualText, join_texts, labelled, name_of, number_text
from si_eval.published.lookup import Cell, Number, Results, weakest_basis

# What a quantity puts against what, for every cell of the row:
QUANTITIES = {
    "level": "each year's number against the same year's number of the other cells, or a constant",
    "change": "the last year's number against the first year's",
    "step": "each year's number against the year before",
    "peak": "the second of three years against the first and the last",
    "growth": "the relative growth from the first to the last year against that of the other cells",
    "rise": "the difference between the last and the first year against that of the other cells",
    "gap": "the relative distance to the other cell, whatever its sign, in the last year against the first",
    "concentration": "the sum of squared shares over the classes against that of the other cells",
}
FORMULAS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "level": lambda numbers: numbers[0],
    "growth": lambda numbers: numbers[0] / numbers[1] - 1,
    "rise": lambda numbers: numbers[0] - numbers[1],
    "gap": lambda numbers: abs(numbers[0] / numbers[1] - 1),
    "concentration": lambda numbers: sum(number**2 for number in numbers),
}
UNITS = {
    "growth": "relative change",
    "rise": "points",
    "gap": "relative gap",
    "concentration": "sum of squared shares",
}
SHARE_UNIT = "share"


class Term(NamedTuple):
    """One side of a comparison: a formula over cells, or a constant where there are no cells."""

    formula: str
    cells: tuple[Cell, ...] = ()
    constant: float = 0.0


class Contrast(NamedTuple):
    """A left and a right term; ``path`` holds the years between where the contrast is a change."""

    left: Term
    right: Term = Term("level")
    path: tuple[Cell, ...] = ()


class ContrastResult(NamedTuple):
    """The result of one contrast: ``sign`` and ``size`` of left against right, or why a number is missing."""

    sign: int | None = None
    size: float = math.nan
    points: bool = False
    computed: float = math.nan
    unit: str = ""
    text: BilingualText = BilingualText()
    reason: BilingualText = BilingualText()
    withheld: bool = False
    basis: str = ""


def list_contrasts(row: Mapping[str, str], results: Results) -> list[Contrast]:
    """List the contrasts of a row: one for every combination of its indicators, classes, sectors and years."""
    whole = {"year", "size_class"} if row["quantity"] == "concentration" else {"year"}
    values = [[row[column]] if column in whole else split_list(row[column]) for column in Cell._fields]
    cells = []
    for cell in map(Cell._make, product(*values)):
        sectors = results.sectors(cell) if cell.sector == "*" else [cell.sector]
        cells += [cell._replace(sector=sector) for sector in sectors]
    return [contrast for cell in cells for contrast in _contrasts_of_cell(row, cell, results)]


def evaluate_contrast(
    contrast: Contrast, row: Mapping[str, str], varying: Sequence[str], results: Results
) -> ContrastResult:
    """Compare left with right; ``varying`` names the columns that tell the cells of the row apart."""
    left, right = (_evaluate(term, split_list(row["exhibit"]), results) for term in contrast[:2])
    basis = weakest_basis([left.basis, right.basis])
    if left.value is None or right.value is None:
        term, number = (contrast.left, left) if left.value is None else (contrast.right, right)
        name = BilingualText() if number.absent else _label(term, varying, results.labels)
        return ContrastResult(reason=join_texts([number.reason, name], " "), withheld=number.withheld, basis=basis)
    formula, change = contrast.left.formula, row["quantity"] in ("change", "step")
    share = left.unit == SHARE_UNIT or contrast.left.cells[0].statistic == v.SHARE
    points = share or formula in UNITS
    size = left.value - right.value if points else _relative_difference(left.value, right.value)
    percent = points and formula != "concentration"
    difference = number_text(f"{100 * size:+.1f}" if percent else f"{size:+.3f}" if points else f"{size:+.1%}")
    difference = labelled("published_points", value=difference) if percent else difference
    names = (
        _label(contrast.left, varying, results.labels),
        _label(contrast.right, _differing_columns(contrast, varying), results.labels),
    )
    left_text, right_text = (
        join_texts([name, _format(number.value, percent)], " ")
        for name, number in zip(names, (left, right), strict=True)
    )
    text = labelled("published_against", left=left_text, right=right_text, difference=difference)
    return ContrastResult(
        sign=int(left.value > right.value) - int(left.value < right.value),
        size=size,
        points=points,
        computed=size if change else left.value,
        unit=("points" if points else UNITS["growth"]) if change else UNITS.get(formula, left.unit),
        text=join_texts([text, left.remark], ", "),
        basis=basis,
    )


def split_list(text: str) -> list[str]:
    """Split ``a;b`` into its parts."""
    return [part.strip() for part in text.split(";")]


def _contrasts_of_cell(row: Mapping[str, str], cell: Cell, results: Results) -> Iterator[Contrast]:
    """List the contrasts of one cell, as its quantity says."""
    quantity = row["quantity"]
    path = tuple(cell._replace(year=year) for year in _years(row["year"]))
    first, last = path[0], path[-1]
    if quantity == "level":
        yield from (
            Contrast(Term(quantity, (at,)), right) for at in path for right in _right_terms(row["other"], at, results)
        )
    elif quantity == "change":
        yield Contrast(Term("level", (last,)), Term("level", (first,)), path)
    elif quantity == "step":
        yield from (Contrast(Term("level", (later,)), Term("level", (before,))) for before, later in pairwise(path))
    elif quantity == "peak":
        yield from (Contrast(Term("level", (path[1],)), Term("level", (end,))) for end in (first, last))
    elif quantity == "gap":
        (now, before) = (_right_terms(row["other"], at, results)[0].cells for at in (last, first))
        yield Contrast(Term(quantity, (last, *now)), Term(quantity, (first, *before)))
    elif quantity == "concentration":
        for right in _right_terms(row["other"], first, results):
            yield Contrast(Term(quantity, _class_cells(first)), Term(quantity, _class_cells(right.cells[0])))
    else:
        for now, before in zip(*(_right_terms(row["other"], at, results) for at in (last, first)), strict=True):
            yield Contrast(Term(quantity, (last, first)), Term(quantity, (*now.cells, *before.cells)))


def _right_terms(other: str, cell: Cell, results: Results) -> list[Term]:
    """Read what a cell is compared with: ``group:non_participant``, ``sector:M;J``, ``sector:*``, a number, nothing."""
    column, colon, values = other.partition(":")
    if not colon:
        return [Term("level", (), float(other or 0))]
    names = (
        [sector for sector in results.sectors(cell) if sector != cell.sector] if values == "*" else split_list(values)
    )
    return [Term("level", (cell._replace(**{column: name}),)) for name in names]


def _class_cells(cell: Cell) -> tuple[Cell, ...]:
    """List the cells of the size classes of a cell."""
    return tuple(cell._replace(size_class=part) for part in split_list(cell.size_class))


def _years(text: str) -> list[str]:
    """Read ``2014``, ``2014;2016`` or ``2014..2018``."""
    first, dots, last = text.partition("..")
    return [str(year) for year in range(int(first), int(last) + 1)] if dots else split_list(text)


def _evaluate(term: Term, exhibits: Sequence[str], results: Results) -> Number:
    """Compute the formula of a term, or return why a number is missing."""
    if not term.cells:
        return Number(term.constant)
    numbers = [results.number(cell, exhibits) for cell in term.cells]
    values = [number.value for number in numbers if number.value is not None]
    if len(values) < len(numbers):
        return next(number for number in numbers if number.value is None)
    basis = weakest_basis(number.basis for number in numbers)
    if term.formula in ("growth", "gap") and values[1] == 0:
        return Number(reason=labelled("published_zero_base"))
    return numbers[0]._replace(value=FORMULAS[term.formula](values), basis=basis)


def _relative_difference(left: float, right: float) -> float:
    """Compute the difference relative to the right number; infinite above zero."""
    if right == 0:
        return math.copysign(math.inf, left) if left else 0.0
    return left / right - 1


def _label(term: Term, varying: Sequence[str], own: v.Labels) -> BilingualText:
    """Name a term by the columns that tell the cells of a row apart."""
    return join_texts([name_of(getattr(cell, column), own) for cell in term.cells[:1] for column in varying], " ")


def _differing_columns(contrast: Contrast, varying: Sequence[str]) -> list[str]:
    """Keep the columns in which the right cell is another than the left one: the rest was named already."""
    cells = [term.cells[0] for term in contrast[:2] if term.cells]
    return [column for column in varying if len({getattr(cell, column) for cell in cells}) > 1]


def _format(value: float | None, percent: bool) -> BilingualText:
    """Write a number, or a percentage, in both languages."""
    return number_text(f"{value:.1%}" if percent else f"{value:,.4g}" if abs(value or 0) < 100 else f"{value:,.0f}")

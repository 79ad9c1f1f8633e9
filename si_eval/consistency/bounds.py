"""Rules for single figures that cannot be: shares that no count gives, outside 0 to 1, above their base."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from si_eval.consistency.facts import contains_word, is_word
from si_eval.consistency.figure import COUNT, MEAN, SHARE, TARGET, TOTAL, Figure, Finding, group_figures, ids_of
from si_eval.consistency.printed_number import Interval
from si_eval.consistency.size_classes import class_bounds


def possible_counts(share: Interval, n: float) -> list[int]:
    """List the counts out of ``n`` whose share lies in an interval."""
    first, last = math.ceil(share.low * n - 1e-9), math.floor(share.high * n + 1e-9)
    return list(range(max(first, 0), min(last, int(n)) + 1))


def is_sum_of_two_rounded(value: float, n: int, step: float) -> bool:
    """Whether a printed share is the sum of two shares out of ``n`` that were rounded first."""
    printed = {round(k / n / step) for k in range(n + 1)}
    return any(round(value / step) - part in printed for part in printed)


def shares_of_base(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find shares of a counted base that no whole number gives (GRIM), and means of whole numbers likewise.

    A share that adds several parts (``parts`` above 1, or a category with a plus sign) may be a sum of rounded ones.
    Weighted shares and shares of money are left alone.
    """
    amounts = {f.indicator for f in figures if f.kind == TOTAL}
    for figure in figures:
        n = figure.n
        if not figure.known or not n or n != int(n) or figure.weighted or figure.of or _is_of_amount(figure, amounts):
            continue
        if (figure.kind == SHARE and figure.step * n < 1 + 1e-9) or (figure.kind == SHARE and figure.hedge):
            if possible_counts(figure.interval, n) or figure.hedge:
                continue
            if figure.parts > 1 and is_sum_of_two_rounded(figure.value or 0.0, int(n), figure.step):
                continue
            yield _grim_finding(figure, f"a share that some whole number out of {n:g} gives")
        elif figure.kind == MEAN and figure.base_unit in ("score", "respondents") and not figure.hedge:
            low, high = figure.interval.low * n, figure.interval.high * n
            if figure.step * n < 1 and math.floor(high + 1e-9) < math.ceil(low - 1e-9):
                yield _grim_finding(figure, f"a mean that whole numbers over {n:g} give")


def shares_in_range(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find shares below 0 or above 1, and values outside the range that stands beside them."""
    for figure in figures:
        if _is_attainment(figure):
            continue
        if figure.known and figure.kind == SHARE and not -1e-9 <= (figure.value or 0.0) <= 1 + 1e-9:
            yield _finding("share_out_of_range", "high", (figure,), "between 0 and 100%", "is no share of a whole")


def counts_in_range(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find counts and totals below 0, broken counts of whole things, and counts above their base."""
    for figure in figures:
        if not figure.known:
            continue
        value = figure.value or 0.0
        if (figure.kind == COUNT and value < 0) or (figure.kind == TOTAL and figure.base_unit == "money" and value < 0):
            yield _finding("negative_count", "high", (figure,), "0 or more", "is below zero")
        elif figure.kind in (COUNT, SHARE) and figure.n and (figure.count or 0.0) > figure.n:
            yield _finding("count_above_base", "high", (figure,), f"at most {figure.n:g}", "has a count above its base")
        elif figure.kind == COUNT and figure.n and value > figure.n and figure.base_unit.startswith("respondent"):
            yield _finding("count_above_base", "high", (figure,), f"at most {figure.n:g}", "is above its base")


def means_in_class(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find means of persons above the upper bound of the class of firms that they are of."""
    for figure in figures:
        if not figure.known or figure.kind != MEAN or not is_word("units", "persons", figure.base_unit):
            continue
        labels = [figure.category, *(text for name, text in figure.dimensions if "size" in name)]
        bounds = next((b for label in labels if (b := class_bounds(label)) is not None), None)
        if bounds is not None and figure.interval.low > bounds[1]:
            yield _finding(
                "mean_outside_class", "high", (figure,), f"at most {bounds[1]:g}", "lies above the bound of its class"
            )


def dates_in_order(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find periods that end before they start, targets before their base, and results after their publication."""
    for figure in figures:
        last = figure.period[1] if figure.period else None
        if figure.period and figure.period[0] > figure.period[1]:
            yield _date_finding(figure, "dates_in_order", "a period that ends after it starts", "ends before it starts")
        elif figure.kind == TARGET and figure.base_year is not None and last is not None and last <= figure.base_year:
            yield _date_finding(
                figure, "target_before_base", f"a year after {figure.base_year}", "does not lie after its base"
            )
        elif figure.published and last and last > figure.published and figure.kind != TARGET:
            yield _date_finding(
                figure, "result_after_publication", f"{figure.published} or before", "lies after its publication"
            )
    bases = {(f.indicator, f.cell): f for f in figures if f.kind == "baseline" and f.period}
    for figure in figures:
        base = bases.get((figure.indicator, figure.cell))
        if figure.kind == TARGET and base and figure.period and base.period and figure.period[1] <= base.period[1]:
            yield _date_finding(
                figure, "target_before_base", f"a year after {base.year}", "does not lie after its base"
            )


def parts_of_base(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find one base given as several numbers within one question of one table."""
    with_base = [f for f in figures if f.n and f.known and f.table and not f.in_text and f.kind in (SHARE, COUNT)]
    for group in group_figures(with_base, lambda f: (f.indicator, f.location, f.year, f.category, f.dimensions)):
        if len({f.n for f in group}) > 1:
            yield Finding(
                rule="base_differs",
                severity="medium",
                verdict="fail",
                where=ids_of(group),
                found=", ".join(f"{f.n:g}" for f in group),
                expected="one base",
                sentence=f"{group[0].indicator} ({group[0].category}) is given of several bases.",
            )


def _is_attainment(figure: Figure) -> bool:
    """Whether a percentage is of a target, which may be exceeded, rather than of a whole."""
    labels = (figure.indicator.replace("_", " "), figure.category, *(text for _, text in figure.dimensions))
    return any(contains_word("any_table", "attainment", label) for label in labels)


def _is_of_amount(figure: Figure, amounts: set[str]) -> bool:
    """Whether a share is of an amount rather than of counted units."""
    name = figure.indicator.replace("_", " ")
    stem = re.split(r"[_ ](?:share|pct|percentage|aandeel)", figure.indicator)[0]
    return contains_word("units", "money_indicators", name) or any(other.startswith(stem) for other in amounts)


def _grim_finding(figure: Figure, expected: str) -> Finding:
    """Make the finding of a number that no whole count gives."""
    return _finding("grim", "medium", (figure,), expected, f"cannot be over {figure.n:g}")


def _date_finding(figure: Figure, rule: str, expected: str, why: str) -> Finding:
    """Make the finding of dates out of order."""
    return Finding(
        rule, "medium", "fail", (figure.id,), figure.year, expected, f"{figure.indicator} ({figure.year}) {why}."
    )


def _finding(rule: str, severity: str, figures: Sequence[Figure], expected: str, why: str) -> Finding:
    """Make the finding of figures that cannot be."""
    figure = figures[0]
    name = f"{figure.indicator} ({', '.join(filter(None, (figure.category, figure.year)))})"
    return Finding(
        rule, severity, "fail", ids_of(figures), figure.format(), expected, f"{name}: {figure.format()} {why}."
    )

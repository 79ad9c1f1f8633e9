"""Rules for parts and wholes: sums, shares to 100, periods and units mixed, parts of a mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from operator import add

from si_eval.consistency.facts import contains_word
from si_eval.consistency.figure import (
    ADDITIVE,
    COUNT,
    MEAN,
    SHARE,
    WHOLE,
    Figure,
    Finding,
    grade_severity,
    group_figures,
    ids_of,
)
from si_eval.consistency.printed_number import Interval
from si_eval.consistency.size_classes import covers_all, outer_classes

WHOLE_RANGE = (0.93, 1.12)
MIN_SHARES = 3
MIN_LISTS = 3
LIST_COUNTS = (2, 3)  # one column holds several ways to split the same whole
ONE = Interval(1.0, 1.0)


def parts_and_totals(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Add up the parts of every dimension that has a row for the whole, within what rounding allows."""
    for parts, whole in _parts_with_whole(figures):
        if whole.kind in ADDITIVE or (whole.kind == SHARE and abs((whole.value or 0) - 1) < 0.5 * whole.step + 1e-9):
            yield from _check_sum(parts, whole)
        elif whole.kind == MEAN:
            yield from _check_mean(parts, whole)


def confirmed_ids(figures: Sequence[Figure]) -> set[str]:
    """List the ids of figures that a sum confirms."""
    return {
        figure.id
        for parts, whole in _parts_with_whole(figures)
        if whole.kind in ADDITIVE and whole.known and all(f.known for f in parts) and len(parts) > 1
        if not list(_check_sum(parts, whole))
        for figure in (*parts, whole)
    }


def shares_to_whole(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find shares, or counts of a base, that nearly add up to the whole and miss it by more than rounding.

    Without a row for the whole this is read as one choice each where three or more parts come to 93 to 112% of it,
    where the same list adds up elsewhere, or where ``choice`` says single; several answers are left alone.
    """
    listed = [f for f in figures if (f.kind == SHARE or (f.kind == COUNT and f.n)) and not f.of]
    groups = group_figures(
        listed, lambda f: (f.indicator, f.kind, f.location, f.year, f.category_type, f.dimensions, f.n)
    )
    complete = {
        (g[0].indicator, g[0].kind, frozenset(f.category for f in g)) for g in groups if len(g) > 1 and _adds_up(g)
    }
    for group in groups:
        parts = [f for f in group if f.category != WHOLE and not contains_word("words", "subtotal", f.category)]
        if len(parts) < len(group) or len(parts) < 2 or any(f.multiple or not f.known or f.parts > 1 for f in parts):
            continue
        if len({f.category for f in parts}) < len(parts) or _adds_up(parts):
            continue
        same_list = (parts[0].indicator, parts[0].kind, frozenset(f.category for f in parts)) in complete
        whole = 1.0 if parts[0].kind == SHARE else parts[0].n or 1.0
        total = sum(f.value or 0.0 for f in parts)
        near = WHOLE_RANGE[0] < total / whole < WHOLE_RANGE[1] and len(parts) >= MIN_SHARES
        has_rest = any(contains_word("words", "rest", f.category) for f in parts) and len(parts) >= MIN_SHARES
        if same_list or near or all(f.single for f in parts) or (has_rest and abs(total / whole - 1) < 0.5):
            shown = f"{total:.0%}" if parts[0].kind == SHARE else f"{total:g}"
            yield Finding(
                rule="shares_to_whole",
                severity=grade_severity(total, whole),
                verdict="fail",
                where=ids_of(parts),
                found=shown,
                expected="100%" if parts[0].kind == SHARE else f"{whole:g}",
                sentence=f"{parts[0].indicator} ({parts[0].year}): {len(parts)} parts add up to {shown} of the whole.",
            )


def mixed_periods(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find totals whose parts are of different periods."""
    for group in _lists(figures):
        wholes, parts = _split_wholes(group)
        if not _is_mixed_list(group):
            continue
        periods = sorted({f.year for f in parts})
        yield Finding(
            rule="mixed_periods",
            severity="medium",
            verdict="fail",
            where=ids_of([*wholes, *parts]),
            found=", ".join(periods),
            expected="one period",
            sentence=f"{group[0].indicator}: the total {wholes[0].format()} adds figures of {', '.join(periods)}.",
        )


def mixed_units(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find one indicator in one table in several units."""
    known = [f for f in figures if f.known and f.unit and f.table and not f.in_text]
    for group in group_figures(known, lambda f: (f.indicator, f.kind, f.location, f.definition)):
        units = Counter(f.unit.casefold().strip() for f in group)
        if len(units) < 2:
            continue
        usual = units.most_common(1)[0][0]
        odd = [f for f in group if f.unit.casefold().strip() != usual]
        yield Finding(
            rule="mixed_units",
            severity="medium",
            verdict="fail",
            where=ids_of(odd),
            found=", ".join(sorted({f.unit for f in odd})),
            expected=usual,
            sentence=f"{group[0].indicator} is given in {usual} and in {', '.join(sorted({f.unit for f in odd}))}.",
        )


def _parts_with_whole(figures: Sequence[Figure]) -> Iterator[tuple[list[Figure], Figure]]:
    """List every list of parts with its whole: over categories, over each other dimension, over parents."""
    known = with_totals(figures)
    mixed = {id(f) for group in _lists(known) if _is_mixed_list(group) for f in group}
    for group in group_figures([f for f in known if id(f) not in mixed], _list_key):
        wholes, parts = _split_wholes(group)
        for whole in _distinct_wholes(wholes):
            tops = [f for f in parts if not f.parent or f.parent.casefold() == WHOLE]
            yield tops or parts, whole
        for part in parts:
            children = [f for f in parts if f.parent and f.parent == part.category]
            if children:
                yield children, part
    for group in _lists(known):
        if _is_mixed_list(group):
            wholes, parts = _split_wholes(group)
            yield parts, wholes[0]
    for name in dict.fromkeys(name for f in known for name, _ in f.dimensions):
        yield from _over_dimension(known, name)


def with_totals(figures: Sequence[Figure]) -> list[Figure]:
    """Call a category the whole where it is the sum of the others in most of at least three lists without a total."""
    lists = [g for g in group_figures(figures, _list_key) if _can_hide_total(g)]
    result = {id(f): f for f in figures}
    for group in group_figures(
        (f for g in lists for f in g), lambda f: (f.indicator, f.kind, f.location, f.category_type, f.dimensions)
    ):
        sheets = [sheet for sheet in group_figures(group, _list_key) if len(sheet) > MIN_SHARES - 1]
        largest = [max(sheet, key=lambda f: f.value or 0.0) for sheet in sheets]
        sums = [top.category for top, sheet in zip(largest, sheets, strict=True) if _is_sum(top, sheet)]
        name = max(set(sums), key=sums.count) if sums else ""
        if len(sheets) >= MIN_LISTS and 2 * sums.count(name) > len(sheets):
            result |= {id(f): replace(f, category=WHOLE) for f in group if f.category == name}
    return list(result.values())


def _can_hide_total(sheet: Sequence[Figure]) -> bool:
    """Whether a list has three or more different additive parts and no row for the whole."""
    categories = {f.category for f in sheet}
    additive = all(f.known and f.kind in ADDITIVE for f in sheet)
    return additive and WHOLE not in categories and len(categories) == len(sheet) >= MIN_SHARES


def _is_sum(top: Figure, sheet: Sequence[Figure]) -> bool:
    """Whether a figure is the sum of the others in its list."""
    return _overlap(reduce(add, (f.interval for f in sheet if f is not top)), top.interval)


def _over_dimension(figures: Sequence[Figure], name: str) -> Iterator[tuple[list[Figure], Figure]]:
    """List the rows of a cross table with their margin in one dimension."""

    def rest(figure: Figure) -> tuple[object, ...]:
        """Return what a margin and its parts have in common."""
        others = tuple(pair for pair in figure.dimensions if pair[0] != name)
        return (figure.indicator, figure.kind, figure.location, figure.year, figure.category, figure.definition, others)

    for group in group_figures(figures, rest):
        wholes = [f for f in group if not dict(f.dimensions).get(name)]
        parts = [
            replace(f, category=dict(f.dimensions)[name], dimensions=()) for f in group if dict(f.dimensions).get(name)
        ]
        for whole in _distinct_wholes(wholes):
            if len(parts) >= 2:
                yield parts, whole


def _list_key(figure: Figure) -> tuple[object, ...]:
    """Return what the parts of one whole in one period have in common."""
    return (
        *(figure.indicator, figure.kind, figure.location, figure.year, figure.definition, figure.dimensions),
        figure.category_type if figure.category_type not in ("", WHOLE) else "",
    )


def _lists(figures: Sequence[Figure]) -> list[list[Figure]]:
    """Group the figures of an indicator in one table, whatever their period."""
    return group_figures(figures, lambda f: (f.indicator, f.kind, f.location, f.category_type, f.dimensions))


def _split_wholes(group: Sequence[Figure]) -> tuple[list[Figure], list[Figure]]:
    """Separate the rows for the whole from the parts; rows that are "of which" belong to neither."""
    wholes = [f for f in group if f.category == WHOLE and f.known]
    parts = [f for f in group if f.category != WHOLE and not contains_word("words", "subtotal", f.category)]
    return wholes, parts


def _distinct_wholes(wholes: Sequence[Figure]) -> list[Figure]:
    """Keep one row where all say the same of the whole; a whole that is given differently is another rule's."""
    return list(wholes[:1]) if len({f.value for f in wholes}) <= 1 else list(wholes)


def _is_mixed_list(group: Sequence[Figure]) -> bool:
    """Whether a table has one whole whose parts are of different periods."""
    wholes, parts = _split_wholes(group)
    return len(wholes) == 1 and _has_mixed_periods(parts)


def _has_mixed_periods(parts: Sequence[Figure]) -> bool:
    """Whether the parts occur once each, in different periods."""
    categories = [f.category for f in parts]
    periods = {f.year for f in parts if f.known}
    return len(parts) > 2 and len(set(categories)) == len(parts) and len(periods) > 1


def _check_sum(members: Sequence[Figure], whole: Figure) -> Iterator[Finding]:
    """Compare the sum of the parts with the whole, each within its rounding."""
    if not whole.known:
        return
    parts = outer_classes(members)
    known = [f for f in parts if f.known]
    if len(known) < 2 or any(f.kind != whole.kind for f in known) or len({f.category for f in known}) < len(known):
        return
    total = sum(f.value or 0.0 for f in known)
    reach = reduce(add, (f.interval for f in known))
    gap = len(known) < len(parts) or whole.in_text or any(f.multiple for f in parts)
    target = whole.interval
    if whole.kind == SHARE and abs((whole.value or 0) - 1) < 1e-9:
        target = ONE
    if any(_overlap(reach, target.scaled(lists)) for lists in LIST_COUNTS if whole.value):
        return
    if (gap and reach.low <= target.high) or ("unique" in whole.concepts and total >= (whole.value or 0.0)):
        return
    rounded = bool(whole.step or any(f.step for f in known) or whole.hedge or any(f.hedge for f in known))
    if reach.meets(target) or _overlap(reach, target):
        if rounded and abs(total - (whole.value or 0)) > 1e-9 * max(1.0, abs(total)):
            yield _sum_finding(known, whole, total, "informative")
        return
    yield _sum_finding(known, whole, total, "fail")


def _overlap(reach: Interval, target: Interval) -> bool:
    """Whether two intervals overlap or touch."""
    return reach.low - 1e-9 * abs(reach.low) <= target.high and target.low <= reach.high + 1e-9 * abs(reach.high)


def _sum_finding(parts: Sequence[Figure], whole: Figure, total: float, verdict: str) -> Finding:
    """Make the finding of parts that do not add up to their whole as printed."""
    shown = replace(whole, value=total).format()
    ending = "rounding explains it" if verdict == "informative" else "rounding does not explain it"
    return Finding(
        rule="sum_of_parts" if whole.kind != SHARE else "shares_to_whole",
        severity="low" if verdict == "informative" else grade_severity(total, whole.value or 0.0),
        verdict="informative" if verdict == "informative" else "fail",
        where=ids_of([whole, *parts]),
        found=shown,
        expected=whole.format(),
        sentence=f"{whole.indicator} ({whole.year}): {len(parts)} parts add up to {shown}, the total says "
        f"{whole.format()}; {ending}.",
    )


def _check_mean(classes: Sequence[Figure], whole: Figure) -> Iterator[Finding]:
    """Find a mean over all outside the means of its classes, or that is not their weighted mean where all have n."""
    parts = [f for f in outer_classes(classes) if not f.hedge]
    if not whole.known or whole.hedge or whole.in_text or len(parts) < 2 or not all(f.known for f in parts):
        return
    if len({f.category for f in parts}) < len(parts) or len({f.year for f in parts}) > 1:
        return
    reach = Interval(min(f.interval.low for f in parts), max(f.interval.high for f in parts))
    weights = [f.n for f in parts]
    weighed = bool(all(weights)) and whole.n == sum(w or 0 for w in weights)
    if not weighed and not covers_all([f.category for f in parts]):
        return
    if (
        weighed
        and all(weights)
        and whole.n == sum(w or 0 for w in weights)
        and not any(f.weighted for f in (*parts, whole))
    ):
        ends = [sum((w or 0) * end(f) for w, f in zip(weights, parts, strict=True)) for end in (_low, _high)]
        reach = Interval(ends[0] / (whole.n or 1), ends[1] / (whole.n or 1))
    if not (reach.meets(whole.interval) or _overlap(reach, whole.interval)):
        yield Finding(
            rule="mean_of_parts",
            severity=grade_severity(whole.value or 0, (reach.low + reach.high) / 2),
            verdict="fail",
            where=ids_of([whole, *parts]),
            found=whole.format(),
            expected=f"between {reach.low / whole.scale:.4g} and {reach.high / whole.scale:.4g}",
            sentence=f"{whole.indicator} ({whole.year}): the mean over all lies outside what its classes allow.",
        )


def _low(figure: Figure) -> float:
    """Return the lower end of what a figure allows."""
    return figure.interval.low


def _high(figure: Figure) -> float:
    """Return the upper end of what a figure allows."""
    return figure.interval.high


def _adds_up(parts: Sequence[Figure]) -> bool:
    """Whether parts add up to the whole within rounding."""
    if any(not f.known for f in parts):
        return False
    whole = Interval(1.0, 1.0) if parts[0].kind == SHARE else Interval(parts[0].n or 0.0, parts[0].n or 0.0)
    return _overlap(reduce(add, (f.interval for f in parts)), whole)

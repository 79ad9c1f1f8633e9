"""Rules for one quantity that is given more than once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from si_eval.consistency.facts import contains_word
from si_eval.consistency.figure import (
    ADDITIVE,
    GROWTH,
    OTHER,
    TARGET,
    Figure,
    Finding,
    grade_severity,
    group_figures,
    ids_of,
)
from si_eval.consistency.printed_number import ABOUT, printed_interval, read_number, rounding_step

MAX_FOOTNOTE_DIGITS = 2


def same_quantity_twice(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find figures of one quantity whose intervals do not overlap; the odd ones out against the most supported one."""
    known = [figure for figure in figures if figure.known]
    for group in group_figures(known, lambda f: (f.indicator, f.kind, f.year, f.base_unit, f.cell)):
        if len(group) < 2 or _is_list(group):
            continue
        anchor = max(
            group, key=lambda f: (sum(are_compatible(f, other) for other in group), not f.in_text, not f.hedge)
        )
        odd = [figure for figure in group if _comparable(figure, anchor) and not are_compatible(figure, anchor)]
        if not odd:
            pairs = sorted(combinations(group, 2), key=lambda pair: pair[0].step < pair[1].step)
            apart = [pair for pair in pairs if _comparable(*pair) and not are_compatible(*pair)]
            if not apart:
                continue
            anchor, *odd = sorted(apart[0], key=lambda f: f.step)
        values = ", ".join(dict.fromkeys(figure.format() for figure in odd))
        rule = "text_against_table" if anchor.in_text != odd[0].in_text else "same_quantity_twice"
        why = _possible_cause(odd[0], anchor, group)
        yield Finding(
            rule=rule,
            severity=max(
                (grade_severity(f.value or 0, anchor.value or 0) for f in odd), key=["low", "medium", "high"].index
            ),
            verdict="fail",
            where=ids_of([*odd, anchor]),
            found=values,
            expected=anchor.format(),
            sentence=f"{anchor.indicator} ({anchor.category}, {anchor.year}) is given as {values} and as "
            f"{anchor.format()}; rounding and hedges do not cover the difference{why}.",
        )


def _comparable(first: Figure, second: Figure) -> bool:
    """Whether two figures mean the same: neither is defined or counted in another way."""
    return all(
        not a or not b or a == b for a, b in ((first.definition, second.definition), (first.concepts, second.concepts))
    )


def are_compatible(first: Figure, second: Figure) -> bool:
    """Whether two figures can both be right; of two estimates, the finer one sets how exact both are."""
    if first.hedge == second.hedge == ABOUT:
        step = min(max(rounding_step((f.value or 0) / f.scale) * f.scale, f.step) for f in (first, second))
        return (
            printed_interval(first.value or 0, step).meets(printed_interval(second.value or 0, step))
            or first.value == second.value
        )
    if first.value == second.value and first.hedge == second.hedge:
        return True
    return first.interval.meets(second.interval)


def has_footnote_digit(long: float, short: float) -> bool:
    """Whether a number is another with one or two more digits behind it, as a footnote mark leaves it."""
    if not (float(long).is_integer() and float(short).is_integer()) or short < 1:
        return False
    extra = len(f"{long:.0f}") - len(f"{short:.0f}")
    return (
        0 < extra <= MAX_FOOTNOTE_DIGITS and f"{long:.0f}".startswith(f"{short:.0f}") and f"{long:.0f}"[-extra] != "0"
    )


def printed_differs(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find rows whose printed form differs from the value that was read: a glued footnote mark, a corrected year."""
    from_print = [(figure, read_number(figure.printed)) for figure in figures if figure.known and figure.printed]
    for figure, number in from_print:
        value = (figure.value or 0.0) / figure.scale
        if number is None or equals_printed(number, value):
            continue
        glued = has_footnote_digit(number, value)
        yield Finding(
            rule="footnote_digit" if glued else "printed_differs",
            severity="high",
            verdict="fail",
            where=(figure.id,),
            found=f"{number:g}",
            expected=figure.format(),
            sentence=f"{figure.indicator} ({figure.year}) is printed as {figure.printed} and read as {figure.format()}"
            + ("; the last digit looks like a footnote mark." if glued else "."),
        )
    for figure in figures:
        if contains_word("words", "printed_year", figure.year):
            yield Finding(
                rule="printed_differs",
                severity="medium",
                verdict="fail",
                where=(figure.id,),
                found=figure.year,
                expected="one period",
                sentence=f"{figure.indicator} is printed with another period than it was read for: {figure.year}.",
            )


def equals_printed(number: float, value: float) -> bool:
    """Whether a printed number is the value, or the value in thousands, millions or per cent."""
    return any(abs(number * scale - value) <= 1e-6 * max(1.0, abs(value)) for scale in (1, 1e3, 1e6, 1e9, 0.01))


def unique_above_mentions(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find unique counts above the count of mentions: a quantity cannot have more different units than mentions."""
    counted = [f for f in figures if f.known and f.kind in ADDITIVE and f.concepts]
    for group in group_figures(counted, lambda f: (_stem(f.indicator), f.year, f.base_unit, f.cell)):
        for unique in (f for f in group if "unique" in f.concepts):
            for mentions in (f for f in group if "mentions" in f.concepts):
                if unique.interval.low > mentions.interval.high:
                    yield Finding(
                        rule="unique_above_mentions",
                        severity="high",
                        verdict="fail",
                        where=ids_of([unique, mentions]),
                        found=unique.format(),
                        expected=f"at most {mentions.format()}",
                        sentence=f"{unique.indicator} ({unique.year}) has more unique units than mentions.",
                    )


def told_for_other_period(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find one number that two places give for different, overlapping periods of several years."""
    spans = [
        f
        for f in figures
        if f.known and f.period and f.period[1] > f.period[0] and f.kind not in (GROWTH, TARGET, OTHER)
    ]
    for group in group_figures(spans, lambda f: (f.indicator, f.kind, f.value, f.base_unit, f.cell)):
        for first, second in combinations(group, 2):
            if first.period is None or second.period is None or first.period == second.period or first.cumulative:
                continue
            overlap = min(first.period[1], second.period[1]) - max(first.period[0], second.period[0])
            if overlap > 0:
                yield Finding(
                    rule="told_for_other_period",
                    severity="medium",
                    verdict="fail",
                    where=ids_of([first, second]),
                    found=first.year,
                    expected=second.year,
                    sentence=f"{first.indicator}: {first.format()} is given for {first.year} and for {second.year}.",
                )
                break


def _is_list(group: Sequence[Figure]) -> bool:
    """Whether a group has no period and many values: a list of things rather than one quantity."""
    return not any((group[0].year, group[0].period)) and len({f.value for f in group}) == len(group) > 3


def _possible_cause(odd: Figure, anchor: Figure, group: Sequence[Figure]) -> str:
    """Name what may have gone wrong."""
    pair = sorted((odd.value or 0.0, anchor.value or 0.0))
    if has_footnote_digit(pair[1], pair[0]):
        return "; a footnote mark may be glued to the number"
    if any(other is not odd and are_compatible(odd, other) and are_compatible(anchor, other) for other in group):
        return "; it may have been rounded twice"
    ratio = pair[1] / pair[0] if pair[0] > 0 else 0
    if any(abs(ratio / factor - 1) < 0.005 for factor in (100, 1e3, 1e6)):
        return "; the unit may be another"
    return ""


def _stem(indicator: str) -> str:
    """Return the indicator without its word for how it counts."""
    words = [word for word in indicator.replace("-", "_").split("_") if word not in ("mentions", "unique", "gross")]
    return "_".join(words)

"""Rules for series over time: definition breaks, cumulative series that fall, jumps of a digit or a unit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from si_eval.consistency.figure import ADDITIVE, COUNT, MEAN, SHARE, TOTAL, Figure, Finding, group_figures, ids_of
from si_eval.consistency.repetition import has_footnote_digit
from si_eval.consistency.sums import confirmed_ids

MAX_RATIO = 3.0
MIN_LEVEL = 10.0
DIGIT_FACTORS = (10.0, 100.0)
UNIT_FACTORS = (0.001, 0.01, 100.0, 1000.0, 1e6)
FACTOR_TOL = 2.5


def definition_breaks(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find series in one table whose definition, or way of counting, changes between periods."""
    for series in _series(figures):
        definitions = {f.definition for f in series if f.definition}
        concepts = {c for f in series for c in f.concepts}
        marked = [f for f in series if f.breaks]
        if len(definitions) < 2 and len(concepts) < 2 and not marked:
            continue
        found = ", ".join(sorted(definitions if len(definitions) > 1 else concepts)) or "marked in the note"
        yield Finding(
            rule="definition_break",
            severity="high",
            verdict="fail",
            where=ids_of(series),
            found=found,
            expected="one definition",
            sentence=f"{series[0].indicator} ({series[0].category}): the definition changes within "
            f"{series[0].year} to {series[-1].year}; the values may not be joined.",
        )


def period_lengths(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find series in one table that mix single years with longer or shorter periods."""
    known = [f for f in figures if f.known and f.period and f.kind in (*ADDITIVE, MEAN, SHARE) and f.table]
    known = [f for f in known if not f.in_text and not f.cumulative]
    for series in group_figures(known, _key):
        lengths = [_period_length(f) for f in series]
        usual = max(set(lengths), key=lengths.count)
        odd = [f for f, length in zip(series, lengths, strict=True) if length != usual]
        odd = [f for f in odd if not _is_sum_of_years(f, series)]
        if odd and len(series) - len(odd) >= 2:
            yield Finding(
                rule="mixed_periods",
                severity="medium",
                verdict="fail",
                where=ids_of(odd),
                found=", ".join(f.year for f in odd),
                expected=next(f.year for f in series if f not in odd),
                sentence=f"{series[0].indicator}: a series of periods of one length holds {odd[0].year}.",
            )


def cumulative_falls(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find cumulative series that fall."""
    for series in _series([f for f in figures if f.cumulative and f.kind in ADDITIVE and not f.hedge]):
        for before, after in pairwise(series):
            if after.interval.high < before.interval.low - 1e-9:
                yield Finding(
                    rule="cumulative_falls",
                    severity="high",
                    verdict="fail",
                    where=ids_of([after, before]),
                    found=after.format(),
                    expected=f"at least {before.format()}",
                    sentence=f"{after.indicator} ({after.category}) is cumulative and falls from {before.format()} in "
                    f"{before.year} to {after.format()} in {after.year}.",
                )


def jumps_of_a_digit(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Find a value about ten times the steady rest of its series that fits once its last digits are left out.

    A value a hundred or a thousand times larger or smaller than a steady series is read as another unit.
    """
    supported = confirmed_ids(figures)
    for series in _series([f for f in figures if f.kind in (COUNT, TOTAL, MEAN) and not f.hedge], least=3):
        for figure in (f for f in series if f.id not in supported):
            rest = [f.value or 0.0 for f in series if f is not figure]
            value = figure.value or 0.0
            if min(rest) <= 0 or max(rest) / min(rest) > MAX_RATIO or value <= 0:
                continue
            usual = median(rest)
            rule = _jump_rule(figure, value, usual)
            if rule:
                yield Finding(
                    rule=rule,
                    severity="high",
                    verdict="fail",
                    where=(figure.id,),
                    found=figure.format(),
                    expected=f"about {usual / figure.scale:g}",
                    sentence=f"{figure.indicator} ({figure.category}, {figure.year}): {figure.format()} beside about "
                    f"{usual / figure.scale:g} in the other years; "
                    + (
                        "a footnote mark may be glued to it."
                        if rule == "footnote_digit"
                        else "the unit may be another."
                    ),
                )


def _is_sum_of_years(figure: Figure, series: Sequence[Figure]) -> bool:
    """Whether a longer period is the sum, or within the means, of the years in it."""
    first, last = figure.period or (0, 0)
    years = [f for f in series if f.period and f is not figure and first <= f.period[0] == f.period[1] <= last]
    if len(years) < 2 or len(years) != last - first + 1:
        return False
    if figure.kind in (MEAN, SHARE):
        return min(f.interval.low for f in years) <= (figure.value or 0.0) <= max(f.interval.high for f in years)
    return sum((f.interval for f in years[1:]), years[0].interval).meets(figure.interval)


def _jump_rule(figure: Figure, value: float, usual: float) -> str:
    """Decide which kind of jump a value is from the usual one; nothing for a plain change."""
    if usual < MIN_LEVEL and figure.kind == COUNT:
        return ""
    if figure.kind == COUNT:
        for factor in DIGIT_FACTORS:
            short = value // factor
            if (
                short
                and has_footnote_digit(value, short)
                and 1 / 2 <= short / usual <= 2
                and value / usual > MAX_RATIO * 2
            ):
                return "footnote_digit"
    ratio = value / usual
    return "unit_jump" if any(1 / FACTOR_TOL < ratio / factor < FACTOR_TOL for factor in UNIT_FACTORS) else ""


def _series(figures: Sequence[Figure], least: int = 2) -> Iterator[list[Figure]]:
    """List the series by single year in one place, in order; a group with two values for a year is no series."""
    yearly = [f for f in figures if f.known and f.period and re.fullmatch(r"(?:19|20)\d\d", f.year.strip())]
    for group in group_figures(yearly, _key):
        values: dict[int, set[float | None]] = {}
        for figure in group:
            values.setdefault((figure.period or (0, 0))[0], set()).add(figure.value)
        if len(values) >= least and all(len(different) == 1 for different in values.values()):
            first = {(f.period or (0, 0))[0]: f for f in reversed(group)}
            yield [first[year] for year in sorted(first)]


def _key(figure: Figure) -> tuple[object, ...]:
    """Return what the figures of one series have in common."""
    return (figure.indicator, figure.kind, figure.base_unit, figure.cell, figure.location)


def _period_length(figure: Figure) -> str:
    """Return the length of a figure's period: a year, a part of one, or several."""
    if re.fullmatch(r"(?:19|20)\d\d(?:\.0)?", figure.year.strip()):
        return "year"
    return (
        "part of a year"
        if re.search(r"(?i)q[1-4]|-(?:0[1-9]|1[0-2])$|h[12]|kwartaal|month|maand", figure.year)
        else "years"
    )

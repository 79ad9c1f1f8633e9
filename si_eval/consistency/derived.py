"""Rules for figures that follow from others: growth, shares of levels, means of totals, totals over years."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pandas as pd

from si_eval.consistency.facts import layouts
from si_eval.consistency.figure import (
    ADDITIVE,
    COUNT,
    GROWTH,
    MEAN,
    SHARE,
    WHOLE,
    Figure,
    Finding,
    grade_severity,
    ids_of,
)
from si_eval.consistency.printed_number import Interval

_TOKENS = r"[\s_:.-]+"


def growth_against_levels(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Compare a growth figure with the levels at both ends; it fits if one indicator that it can be of gives it."""
    for growth in (f for f in figures if f.known and f.kind == GROWTH and f.period):
        first, last = growth.period or (0, 0)
        first = growth.base_year or first
        first = last - 1 if first == last else first
        tried: list[tuple[Figure, Figure, Interval]] = []
        for candidates in filter(None, _possible_sources(growth, figures, (*ADDITIVE, MEAN, SHARE))):
            levels = [f for f in candidates if f.known and f.cell == growth.cell and not f.hedge and f.period]
            pairs = [
                (a, b)
                for a in levels
                for b in levels
                if a.period == (first, first) and b.period == (last, last) and _are_comparable(a, b)
            ]
            ways = (
                (growth.base_unit == SHARE,) if growth.base_unit == SHARE != candidates[0].base_unit else (False, True)
            )
            tried += [
                (a, b, _change(a, b, relative=way))
                for a, b in pairs
                for way in ways
                if not way or growth.base_unit == SHARE
            ]
        tried = [t for t in tried if t[2].high - t[2].low < float("inf")]
        if tried and not any(_fits(growth.interval, reach) for _, _, reach in tried):
            a, b, reach = tried[0]
            middle = (reach.low + reach.high) / 2
            yield Finding(
                rule="growth_against_levels",
                severity=grade_severity(growth.value or 0.0, middle),
                verdict="fail",
                where=ids_of([growth, a, b]),
                found=growth.format(),
                expected=f"{middle / growth.scale:.4g}",
                sentence=f"{growth.indicator} ({growth.year}) is given as {growth.format()}; {a.format()} and "
                f"{b.format()} give {middle / growth.scale:.4g}.",
            )


def share_against_levels(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Compare the share of a part with the part and the whole that it is of."""
    for share in (f for f in figures if f.known and f.kind == SHARE and f.category != WHOLE):
        tried: list[tuple[Figure, Figure, Interval]] = []
        for candidates in _possible_sources(share, figures, ADDITIVE):
            same = [f for f in candidates if f.known and f.year == share.year and f.dimensions == share.dimensions]
            here = [f for f in same if f.location == share.location]
            for pool in (here, [f for f in same if f.source == share.source], same):
                parts = [f for f in pool if f.category == share.category]
                wholes = [f for f in pool if f.category == WHOLE]
                if parts and wholes:
                    tried += [(a, b, a.interval.divided(b.interval)) for a in parts for b in wholes]
                    break
        if tried and not any(_fits(share.interval, reach) for _, _, reach in tried):
            a, b, _ = tried[0]
            expected = (a.value or 0.0) / (b.value or 1.0)
            yield _share_finding(share, f"{a.format()} of {b.format()}", expected, (share, a, b))


def share_against_count(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Compare a share with the count and the base that stand beside it."""
    for share in (f for f in figures if f.known and f.kind == SHARE and f.n and f.count is not None):
        expected = (share.count or 0.0) / (share.n or 1.0)
        if not share.weighted and not _fits(share.interval, Interval(expected, expected)):
            yield _share_finding(share, f"{share.count:g} of {share.n:g}", expected, (share,))
    for figure in (f for f in figures if f.known and f.kind == COUNT and f.count is not None):
        if not figure.interval.meets(Interval(figure.count or 0.0, figure.count or 0.0)):
            yield Finding(
                rule="same_quantity_twice",
                severity=grade_severity(figure.value or 0.0, figure.count or 0.0),
                verdict="fail",
                where=(figure.id,),
                found=figure.format(),
                expected=f"{figure.count:g}",
                sentence=f"{figure.indicator} ({figure.category}): value and count of one row differ.",
            )


def mean_against_total(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Compare a mean with the total and the number it is over; silent where no total can be meant."""
    for mean in (f for f in figures if f.known and f.kind == MEAN):
        number = mean.covered or mean.n or _find_count(mean, figures)
        tried: list[tuple[Figure, Interval]] = []
        for candidates in _possible_sources(mean, figures, ADDITIVE, loosely=True):
            for total in candidates:
                n = number or total.covered or total.n
                same = total.known and total.year == mean.year and total.cell == mean.cell and not total.hedge
                unit = total.base_unit == mean.base_unit.partition(" per ")[0]
                if same and n and unit and (total.covered or total.n or n) == n:
                    tried.append((total, total.interval.scaled(1.0 / n)))
        if tried and not any(_fits(mean.interval, reach) for _, reach in tried):
            total, reach = tried[0]
            middle = (reach.low + reach.high) / 2
            yield Finding(
                rule="mean_against_total",
                severity=grade_severity(mean.value or 0.0, middle),
                verdict="fail",
                where=ids_of([mean, total]),
                found=mean.format(),
                expected=f"{middle / mean.scale:.4g}",
                sentence=f"{mean.indicator} ({mean.year}) is given as {mean.format()}; {total.format()} over "
                f"{number or total.covered or total.n:g} gives {middle / mean.scale:.4g}.",
            )


def totals_over_years(frame: pd.DataFrame, columns: dict[str, str], figures: Sequence[Figure]) -> Iterator[Finding]:
    """Compare an amount a year, over its years, with the total over the period that stands beside it."""
    if not {"per", "total_over_period"} <= set(columns):
        return
    totals = pd.to_numeric(frame[columns["total_over_period"]], errors="coerce")
    per = frame[columns["per"]].astype("string").fillna("").str.casefold()
    for figure, total, word in zip(figures, totals, per, strict=True):
        if not figure.known or pd.isna(total):
            continue
        years = figure.period[1] - figure.period[0] + 1 if figure.period and word in ("year", "jaar", "annual") else 1
        expected = (figure.value or 0.0) * years
        if word in ("year", "jaar", "annual") and not figure.period:
            continue
        if not figure.interval.scaled(years).meets(Interval(float(total), float(total))):
            yield Finding(
                rule="total_over_period",
                severity=grade_severity(float(total), expected),
                verdict="fail",
                where=(figure.id,),
                found=f"{total:g}",
                expected=f"{expected:g}",
                sentence=f"{figure.indicator} ({figure.year}): {figure.format()} over {years} year(s) "
                f"is not {total:g}.",
            )


def _find_count(mean: Figure, figures: Sequence[Figure]) -> float | None:
    """Find the count that a mean "per" something is over, where one row of the same year has it."""
    per = mean.base_unit.partition(" per ")[2]
    counts = {
        f.value
        for f in figures
        if f.kind == COUNT and f.category == WHOLE and f.year == mean.year and f.base_unit in (per, f"{per}s")
    }
    return next(iter(counts)) if per and len(counts) == 1 else None


def _share_finding(share: Figure, basis: str, expected: float, where: Sequence[Figure]) -> Finding:
    """Make the finding of a share that its part and whole do not give."""
    return Finding(
        rule="share_against_levels" if len(where) > 1 else "share_against_count",
        severity=grade_severity(share.value or 0.0, expected),
        verdict="fail",
        where=ids_of(where),
        found=share.format(),
        expected=f"{expected:.4g}",
        sentence=f"{share.indicator} ({share.category}, {share.year}) is given as {share.format()}; "
        f"{basis} is {expected:.4g}.",
    )


def _fits(printed: Interval, reach: Interval) -> bool:
    """Whether what follows from other figures can be printed like this; a touching end counts."""
    slack = 1e-9 * max(1.0, abs(printed.low), abs(printed.high))
    return printed.low - slack <= reach.high and reach.low - slack <= printed.high


def _change(first: Figure, last: Figure, *, relative: bool) -> Interval:
    """Compute the interval of the change between two figures, relative or not."""
    if not relative:
        return last.interval - first.interval
    ratio = last.interval.divided(first.interval)
    return Interval(ratio.low - 1.0, ratio.high - 1.0)


def _are_comparable(first: Figure, last: Figure) -> bool:
    """Whether two levels are counted in the same way and unit."""
    return (first.base_unit, first.indicator, first.kind, first.definition, first.concepts) == (
        *(last.base_unit, last.indicator, last.kind, last.definition, last.concepts),
    )


def _possible_sources(
    derived: Figure, figures: Sequence[Figure], kinds: Sequence[str], *, loosely: bool = False
) -> Iterator[list[Figure]]:
    """List the figures, by indicator, that a derived one can be of: as named, of the same name, or by its stem.

    The stem is the name without the words for share, growth or mean; an indicator that starts with it can be meant.
    ``loosely`` takes, where there is no other, the one indicator that begins with the same word.
    """
    pool: dict[str, list[Figure]] = {}
    for figure in figures:
        if figure.kind in kinds and figure.id != derived.id:
            pool.setdefault(figure.indicator, []).append(figure)
    if derived.of:
        yield pool.get(derived.of, [])
        return
    stem = _stem(derived)
    exact = [name for name in pool if name == derived.indicator or _tokens(name) == stem]
    starts = [name for name in pool if stem and _tokens(name)[: len(stem)] == stem]
    names = exact or starts
    if not names and loosely and len(stem) > 1:
        names = [name for name in pool if _tokens(name)[0] == stem[0]]
        totals = {n for n in names if any(_can_be_total(f, derived) for f in pool[n])}
        names = list(totals) if len(totals) == 1 else []
    for name in dict.fromkeys(names):
        yield pool[name]


def _can_be_total(figure: Figure, mean: Figure) -> bool:
    """Whether a figure can be the total behind a mean: same unit, year, cell and number of units."""
    return (
        figure.known
        and figure.base_unit == mean.base_unit
        and figure.year == mean.year
        and figure.cell == mean.cell
        and figure.covered is not None
        and figure.covered == mean.covered
        and not figure.hedge
        and not figure.in_text
    )


def _tokens(name: str) -> list[str]:
    """Split the name of an indicator into words."""
    return [token for token in re.split(_TOKENS, name.casefold()) if token]


def _stem(figure: Figure) -> list[str]:
    """Return the words of an indicator without those for its kind and without "since" and a year."""
    kinds = layouts()["kinds"]
    drop = {word for kind in ("share", "mean", "growth", "total", "count") for word in kinds[kind]}
    drop |= {"since", "sinds", "of", "per", "in", "the", "pct"}
    words = _tokens(figure.indicator)
    words = words[: words.index("per")] if "per" in words[1:] else words
    return [t for t in words if t not in drop and not re.fullmatch(r"(?:19|20)\d\d", t)]

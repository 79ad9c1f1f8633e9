"""What units were in other years: their size by a rule, the year before, and whether they are the same firm still."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import ibis

from si_eval.vocabulary import BE_ID, EMPLOYED_PERSONS, JUMPED, RESTRUCTURED, YEAR

if TYPE_CHECKING:
    import ibis.expr.types as ir

SIZE_FLOOR = "size_floor"  # the lowest number of persons of a size code, or the persons employed
CURRENT = "current"
RESTRUCTURING = ("merger", "takeover", "restructuring", "split_off", "break_up")  # events after which an id is another
MAX_RATIO = 1.9  # of persons employed from year to year: Van den Berge and Goos drop changes of 90% or more
MIN_OVERLAP = 0.7  # of the persons of the year that has fewer: a firm that gains or loses a part is the same firm
MEAN_DECIMALS = 6  # of persons; further on sums in another order differ, and a mean at a border would change class
PERSONS_BEFORE, THERE_BEFORE = "persons_before", "there_before"


def sizes_by_rule(units: ir.Table, rule: str, first_entry: int) -> ir.Table:
    """Compute one size for each unit, in ``size_floor``: that of its first or last year, or a mean of its years.

    ``units`` has ``size_floor`` and persons by unit and year. A ``pre_mean`` is that of the years before
    ``first_entry``; a unit without such years has the size of its first one.
    """
    size = ibis.coalesce(units[EMPLOYED_PERSONS], units[SIZE_FLOOR])
    first = units[SIZE_FLOOR].argmin(units[YEAR])
    if rule == "pre_mean":
        measure = ibis.coalesce(size.mean(where=units[YEAR] < first_entry).round(MEAN_DECIMALS), first)
    else:
        mean = size.mean().round(MEAN_DECIMALS)
        measure = {"base": first, "end": units[SIZE_FLOOR].argmax(units[YEAR]), "mean": mean}[rule]
    return units.group_by(BE_ID).aggregate(**{SIZE_FLOOR: measure.cast("float64")})


def with_year_before(register: ir.Table, before: ir.Table, keys: Sequence[str]) -> ir.Table:
    """Add the persons employed the year before, and whether the unit was in the register then."""
    earlier = before.select(*keys, **{PERSONS_BEFORE: before[EMPLOYED_PERSONS], THERE_BEFORE: ibis.literal(True)})
    joined = register.left_join(earlier, list(keys)).drop(*(f"{key}_right" for key in keys))
    return joined.mutate(**{THERE_BEFORE: joined[THERE_BEFORE].fill_null(False)})


def find_breaks(tables: Mapping[str, ir.Table], years: Sequence[int]) -> ir.Table:
    """List the unit-years in which a unit became another: ``restructured`` by event or persons, or ``jumped``.

    Rows are of a unit and year with either flag. Where the extract has no events or persons these tell nothing.
    """
    register = tables["business_units"]
    found = [_flag(register.limit(0), restructured=False)]
    events = tables.get("events")
    if events is not None:
        hit = events.filter(events.event.isin(RESTRUCTURING))
        found.append(_flag(hit, restructured=True))
    links = tables.get("person_business_unit")
    for year in years[1:]:
        now, before = (
            register.filter(register[YEAR] == one).select(BE_ID, EMPLOYED_PERSONS) for one in (year, year - 1)
        )
        both = with_year_before(now, before, [BE_ID])
        both = both.filter((both[EMPLOYED_PERSONS] > 0) & (both[PERSONS_BEFORE] > 0))
        change = (both[EMPLOYED_PERSONS].ln() - both[PERSONS_BEFORE].ln()).abs()
        found.append(_flag(both.filter(change > math.log(MAX_RATIO)).mutate(**{YEAR: year}), restructured=False))
        if links is not None:
            found.append(_flag(_replaced(links, before, now, year), restructured=True))
    rows = ibis.union(*found, distinct=True)
    return rows.group_by([BE_ID, YEAR]).aggregate(
        **{RESTRUCTURED: rows[RESTRUCTURED].any(), JUMPED: (~rows[RESTRUCTURED]).any()}
    )


def _replaced(links: ir.Table, before: ir.Table, now: ir.Table, year: int) -> ir.Table:
    """List the units of two years that share too few persons between them."""
    spells = links.filter(links[BE_ID].notnull()).mutate(now=_overlaps(links, year), before=_overlaps(links, year - 1))
    persons = spells.group_by([BE_ID, "person_id"]).aggregate(now=spells.now.any(), before=spells.before.any())
    shares = persons.group_by(BE_ID).aggregate(
        both=(persons.now & persons.before).sum(), of_now=persons.now.sum(), of_before=persons.before.sum(),
    )  # fmt: skip
    known = shares.filter((shares.of_now > 0) & (shares.of_before > 0))
    few = known.filter(known.both < MIN_OVERLAP * ibis.least(known.of_now, known.of_before))
    return few.semi_join(now, BE_ID).semi_join(before, BE_ID).mutate(**{YEAR: year})


def _overlaps(links: ir.Table, year: int) -> ir.BooleanValue:
    """Say of each link whether it holds on some day of a year."""
    starts = (links.start <= ibis.date(year, 12, 31)).fill_null(True)
    return starts & (links.end >= ibis.date(year, 1, 1)).fill_null(True)


def _flag(rows: ir.Table, *, restructured: bool) -> ir.Table:
    """Select unit-years, with what they are."""
    keys = {key: rows[key].cast("int64") for key in (BE_ID, YEAR)}
    return rows.select(**keys, **{RESTRUCTURED: ibis.literal(restructured)})

"""Checks of the chain from the list of participants to units: shares by step and year, against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from si_eval.registers.plausibility.judging import Measure, share
from si_eval.registers.plausibility.sample import Sample
from si_eval.registers.plausibility.units import odd_dates
from si_eval.registry import facts
from si_eval.vocabulary import BE_ID, YEAR


def measure_links(sample: Sample) -> Iterator[Measure]:
    """Measure how far participants are found, by step and year."""
    listed = sample.participants["kvk_id"].dropna()
    if listed.empty or not sample.years:
        return
    unique = set(listed)
    yield from share("participants_differ", "participants", len(unique), len(listed))
    first, last = sample.years[0], sample.years[-1]
    entries = sample.participants["entry_date"].dropna()
    oldest = first - facts("plausibility")["years_before"]
    odd = odd_dates(entries, oldest, last + 1).sum() if len(entries) else 0
    yield from share("entry_dates", "participants entry_date", odd, len(entries))
    starts = sample.links["start"].dropna()
    odd = odd_dates(starts, facts("plausibility")["oldest_link"], last + 1).sum() if len(starts) else 0
    yield from share("link_dates", "person_business_unit start", odd, len(starts))
    spans = pd.to_datetime(sample.links["start"]), pd.to_datetime(sample.links["end"])
    steps = {year: _of_year(sample, year, *spans) for year in sample.years}
    for year, (persons, linked, in_register, units) in steps.items():
        yield from share("participants_known", f"kvk_person {year}", persons, len(unique))
        yield from share("participants_linked", f"person_business_unit {year}", linked, persons)
        yield from share("links_in_register", f"business_units {year}", in_register, linked)
        yield from share("participants_apart", f"person_business_unit {year}", units, in_register)
    for name, step in (("kvk_person", 0), ("person_business_unit", 1), ("business_units", 2)):
        counts = {year: found[step] for year, found in steps.items()}
        yield from _between_years(name, counts)


def measure_list(sample: Sample) -> Iterator[Measure]:
    """Measure how far the units of a list that carry the register's identifier are found, and when they enter."""
    listed = sample.listed
    if listed is None or not sample.years:
        return
    yield from share("participants_differ", "participants", listed.units, listed.rows)
    yield from share("participants_in_register", "participants", listed.found, listed.units)
    known = listed.entries[np.isfinite(listed.entries) & (listed.entries != 0)]
    oldest, latest = sample.years[0] - facts("plausibility")["years_before"], sample.years[-1] + 1
    odd = ((known < oldest) | (known > latest)).sum()
    yield from share("entry_dates", "participants entry_date", odd, len(known))
    yield from _between_years("business_units", listed.by_year)


def _of_year(sample: Sample, year: int, starts: pd.Series, ends: pd.Series) -> tuple[int, int, int, int]:
    """Count the participants with a person, with a link, with a unit of the register in a year, and these units."""
    persons = sample.persons
    persons = persons[persons[YEAR].isna() | (persons[YEAR] == year)]
    begin, end = pd.Timestamp(year, 1, 1), pd.Timestamp(year, 12, 31)
    links = sample.links[(starts.isna() | (starts <= end)) & (ends.isna() | (ends >= begin))]
    linked = persons.merge(links, on="person_id")
    known = linked[linked[BE_ID].isin(sample.linked_units.loc[sample.linked_units[YEAR] == year, BE_ID])]
    return (
        persons["kvk_id"].nunique(),
        linked["kvk_id"].nunique(),
        known["kvk_id"].nunique(),
        known.drop_duplicates("kvk_id")[BE_ID].nunique(),
    )


def _between_years(name: str, counts: Mapping[int, int]) -> Iterator[Measure]:
    """Compare the number found in a year with the most found before, and with the next year."""
    years = sorted(counts)
    for place, year in enumerate(years):
        if place:
            best = max(counts[one] for one in years[:place])
            yield from share("links_fall", f"{name} {year}", min(counts[year], best), best)
        if place + 1 < len(years):
            following = counts[years[place + 1]]
            yield from share("links_rise", f"{name} {year}", min(counts[year], following), following)

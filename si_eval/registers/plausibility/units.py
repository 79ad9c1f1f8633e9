"""Checks of the register of units: persons and codes fit, units go on from year to year, dates are possible."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd

from si_eval.registers.plausibility.columns import measure_column, measure_size, measure_values, missing_years
from si_eval.registers.plausibility.judging import (
    Measure,
    between_years,
    median,
    ratio_of_counts,
    ratios_of_totals,
    share,
)
from si_eval.registers.plausibility.sample import Sample, split
from si_eval.registry import facts, sections
from si_eval.vocabulary import BE_ID, EMPLOYED_PERSONS, GROUP_ID, YEAR

YEARLY = ("business_units", "enterprise_groups", "turnover", "investments")
EPOCHS = ("1899-12-30", "1899-12-31", "1900-01-01", "1904-01-01", "1960-01-01", "1970-01-01", "1582-10-14")
UNKNOWN_ACTIVITIES = ("", "00000", "0000", "00", "0", "-", "--")
LARGE, LARGE_WHOLE = 10, 50  # persons employed, or whole ones, from which the same number twice is no accident
SAME = 0.0005
JUMP = 40  # a factor that no firm grows by in a year


def measure_units(sample: Sample) -> Iterator[Measure]:
    """Measure everything about business units and enterprise groups."""
    for table, counts in sample.rows.items():
        if table in YEARLY:
            gaps = float(len(missing_years(list(counts))))
            yield Measure("years_present", table, gaps, gaps)
            for first, second in pairwise(sorted(counts)):
                place = f"{table} {second} / {first}"
                yield from ratio_of_counts("rows_between_years", place, counts[second], counts[first])
    totals, counted = sample.totals.get("business_units", {}), sample.rows.get("business_units", {})
    yield from ratios_of_totals("persons_total", "business_units", totals, counted)
    for table, frame, key in (("business_units", sample.units, BE_ID), ("enterprise_groups", sample.groups, GROUP_ID)):
        for year, rows in split(frame):
            yield from _persons(f"{table} {year}", rows)
        wide = frame.drop_duplicates([key, YEAR]).pivot(index=key, columns=YEAR, values=EMPLOYED_PERSONS).astype(float)
        yield from _persons_between_years(table, wide)
    for year, rows in split(sample.units):
        place = f"business_units {year}"
        yield from _columns(place, rows, of_contract=sample.of_contract)
        if sample.units["sbi"].notna().any():
            yield from _activities(place, rows["sbi"], of_contract=sample.of_contract)
        yield from _founded(place, rows["founded"], year)
    yield from _same_units(sample.units)
    yield from _in_register(sample)
    yield from _groups(sample)


def odd_dates(dates: pd.Series, first: int, last: int) -> pd.Series:
    """Mark the days outside the years from ``first`` to ``last``, and the days on which calendars of files begin."""
    days = pd.to_datetime(dates)
    return (days.dt.year < first) | (days.dt.year > last) | days.isin(pd.to_datetime(list(EPOCHS)))


def _persons(place: str, rows: pd.DataFrame) -> Iterator[Measure]:
    persons = rows[EMPLOYED_PERSONS].to_numpy(dtype=np.float64)
    known = ~np.isnan(persons)
    yield from share("persons_missing", place, (~known).sum(), len(persons))
    yield from share("persons_zero", place, (persons == 0).sum(), known.sum())
    lower = rows["size_code"].map(facts("size_classes")["codes"]).to_numpy(dtype=np.float64)
    both = known & ~np.isnan(lower)
    edges = [-np.inf, *facts("size_classes")["classes"]["size_class"]["lower"][1:], np.inf]
    by_code, by_persons = (np.searchsorted(edges, values[both], side="right") for values in (lower, persons))
    yield from share("persons_against_size_code", place, (by_code != by_persons).sum(), both.sum())
    codes = rows["size_code"].dropna()
    codes = codes[~codes.isin(facts("size_classes")["unknown"]["codes"])]
    unknown = (~codes.isin(list(facts("size_classes")["codes"]))).sum()
    yield from share("size_codes_known", place, unknown, len(codes))


def _persons_between_years(table: str, wide: pd.DataFrame) -> Iterator[Measure]:
    yield from measure_column(f"{table} persons", wide)
    yield from measure_size(f"{table} persons", wide)
    yield from measure_values([(f"{table} persons {int(year)}", wide[year].to_numpy()) for year in wide.columns])
    values = wide.to_numpy()
    known = values[np.isfinite(values)]
    least = LARGE_WHOLE if (known % 1 == 0).all() else LARGE
    for place, ratio, before, consecutive in between_years(wide, table):
        if consecutive:
            yield from median("persons_between_years", place, ratio)
            jumps = np.abs(np.log(ratio)) > np.log(JUMP)
            yield from share("persons_jump", place, jumps.sum(), len(ratio))
        large = ratio[before >= least]
        yield from share("persons_repeat_a_year", place, (np.abs(large - 1) < SAME).sum(), len(large))


def _columns(place: str, rows: pd.DataFrame, *, of_contract: bool) -> Iterator[Measure]:
    """Measure the share of the most common value of each column in which units differ."""
    for column in (EMPLOYED_PERSONS, GROUP_ID, "founded"):
        counts = rows[column].value_counts(sort=False).to_numpy()
        most, known = counts.max(initial=0), counts.sum()
        yield from share("columns_constant", f"{place} {column}", most, known)
        if column == "founded" and of_contract:
            yield from share("founding_on_one_day", place, most, known)


def _activities(place: str, codes: pd.Series, *, of_contract: bool) -> Iterator[Measure]:
    counts = codes.value_counts(sort=False)
    counts = counts[~counts.index.isin(UNKNOWN_ACTIVITIES)]
    known = counts.index.astype(str)
    total = counts.sum()
    yield from share("activities_missing", place, len(codes) - total, len(codes))
    yield from share("activities_known", place, counts[~known.str[:2].isin(_divisions())].sum(), total)
    if of_contract:
        yield from share("activities_with_zero", place, counts[known.str.startswith("0")].sum(), total)


@cache
def _divisions() -> frozenset[str]:
    """List the divisions of the classification of activities."""
    spans = (range(section["first"], section["last"] + 1) for section in sections().values())
    return frozenset(f"{division:02d}" for span in spans for division in span)


def _founded(place: str, founded: pd.Series, year: int) -> Iterator[Measure]:
    days = founded.dropna()
    dates = pd.to_datetime(days)
    odd = odd_dates(dates, facts("plausibility")["oldest_year"], year) if len(days) else dates.isna()
    yield from share("founding_dates", place, odd.sum(), len(days))
    old = (dates.dt.year < year - facts("plausibility")["old_unit"]) if len(days) else odd
    yield from share("founding_long_ago", place, (old & ~odd).sum(), len(days))


def _same_units(units: pd.DataFrame) -> Iterator[Measure]:
    """Compare consecutive years: units go on, and keep what seldom changes; classes keep their shares."""
    divisions = units["sbi"].map({code: str(code)[:2] for code in units["sbi"].dropna().unique()})
    kept = units[[BE_ID, YEAR, "founded", GROUP_ID, "municipality", "size_code"]].assign(division=divisions)
    by_year = {year: rows.drop_duplicates(BE_ID).set_index(BE_ID) for year, rows in split(kept)}
    for first, second in pairwise(sorted(by_year)):
        before, now = by_year[first], by_year[second]
        place = f"business_units {second} / {first}"
        at = now.index.get_indexer(before.index)
        common, at = at >= 0, at[at >= 0]
        yield from share("units_go_on", place, len(at), min(len(before), len(now)))
        for check, column in (
            ("activities_between_years", "division"),
            ("founding_between_years", "founded"),
            ("groups_between_years", GROUP_ID),
            ("municipalities_between_years", "municipality"),
        ):
            then, later = before[column].to_numpy()[common], now[column].to_numpy()[at]
            both = pd.notna(then) & pd.notna(later)
            yield from share(check, place, (then[both] != later[both]).sum(), both.sum())
        yield from _shares("activity_shares", place, before["division"], now["division"])
        yield from _shares("size_class_shares", place, before["size_code"], now["size_code"])


def _shares(check: str, place: str, before: pd.Series, now: pd.Series) -> Iterator[Measure]:
    """Measure how far the shares of classes part: half the sum of differences, less what chance explains."""
    before, now = before.dropna(), now.dropna()
    fewest = min(len(before), len(now))
    if fewest < facts("plausibility")["shares_units"]:
        return
    shares = pd.concat([part.value_counts(normalize=True) for part in (before, now)], axis=1).fillna(0.0).to_numpy()
    distance = np.abs(shares[:, 0] - shares[:, 1]).sum() / 2
    chance = np.sqrt(2 * shares.mean(axis=1) / fewest).sum() / 2
    yield Measure(check, place, float(distance), float(max(distance - chance, 0.0)))


def _in_register(sample: Sample) -> Iterator[Measure]:
    """Measure the share of the units of turnover and investments that stand in that year's register."""
    register = pd.MultiIndex.from_frame(sample.units[[BE_ID, YEAR]].astype("int64"))
    for table, frame in (("turnover", sample.turnover), ("investments", sample.investments)):
        keys = frame[[BE_ID, YEAR]].dropna().drop_duplicates().astype("int64")
        for year, rows in split(keys.assign(known=pd.MultiIndex.from_frame(keys).isin(register))):
            yield from share("units_in_register", f"{table} {year}", rows["known"].sum(), len(rows))


def _groups(sample: Sample) -> Iterator[Measure]:
    """Compare enterprise groups with their units: they are known, and no smaller."""
    if sample.groups.empty:
        return
    groups = sample.groups.drop_duplicates([GROUP_ID, YEAR])[[GROUP_ID, YEAR, EMPLOYED_PERSONS]]
    grouped = sample.units.dropna(subset=[GROUP_ID])
    both = grouped.merge(groups, on=[GROUP_ID, YEAR], how="left", suffixes=("", "_group"), indicator=True)
    for year, rows in split(both):
        place = f"enterprise_groups {year}"
        yield from share("groups_known", place, (rows["_merge"] == "both").sum(), len(rows))
        units = rows[rows[EMPLOYED_PERSONS] >= 1]
        yield from median("group_persons", place, units[f"{EMPLOYED_PERSONS}_group"] / units[EMPLOYED_PERSONS])

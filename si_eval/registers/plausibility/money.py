"""Checks of money: of one order between years, quarters and tables; quarters that are quarters; no year twice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from si_eval.registers.plausibility.columns import correlation, measure_column, measure_size, measure_values
from si_eval.registers.plausibility.judging import (
    Measure,
    beside_years,
    between_years,
    change_of_share,
    fewest,
    median,
    ratios_of_totals,
    share,
)
from si_eval.registers.plausibility.sample import Sample, split, split_assets
from si_eval.registry import facts
from si_eval.stats import FloatArray
from si_eval.vocabulary import BE_ID, EMPLOYED_PERSONS, YEAR

QUARTERS = (1, 2, 3, 4)
SAME = 0.002  # a change smaller than this part is none
THOUSAND = 1000
FEWEST_NINES = 2, 4  # of a negative number, and of another, that is taken for a code: firms may have 99 or 999 persons
JUMP = 40  # a factor that no firm grows by in a year, below the 100 and 1000 of a wrong unit


def measure_money(sample: Sample) -> Iterator[Measure]:
    """Measure everything about turnover and investments."""
    by_quarter = "quarter" in sample.turnover
    revenue = revenue_of(sample)
    if by_quarter:
        yield from _quarter_checks(_quarters(sample.turnover))
    amounts = _amounts(sample.investments)
    yield from _turnover_values(sample.turnover)
    wide = revenue.unstack(YEAR)
    yield from _between_years("turnover", wide, "turnover")
    yield from measure_size("turnover", wide)
    yield from _with_persons(sample.units, revenue)
    totals, counted = sample.totals.get("turnover", {}), sample.rows.get("turnover", {})
    yield from ratios_of_totals("turnover_total", "turnover", totals, counted, len(QUARTERS) if by_quarter else 1)
    for asset in sorted(amounts.index.unique("asset")):
        wide = amounts.xs(asset, level="asset").unstack(YEAR)
        yield from _between_years("investments", wide, f"investments {asset}")
        yield from beside_years("investments_between_years", f"investments {asset}", wide)
        yield from measure_values(
            [(f"investments {asset} {int(year)}", wide[year].to_numpy()) for year in wide.columns]
        )
    if sample.to_euro is not None:
        yield from _levels(sample.units, revenue * sample.to_euro, amounts)
    yield from measure_codes("turnover", sample.turnover, "turnover")
    yield from measure_codes("investments", sample.investments, "amount")
    yield from measure_codes("business_units", sample.units, EMPLOYED_PERSONS)
    yield from _investment_values(sample.investments)


def _quarters(turnover: pd.DataFrame) -> pd.DataFrame:
    """Put the quarters of a unit and year beside each other."""
    rows = turnover.dropna(subset=[BE_ID, YEAR, "quarter"])
    wide = rows.pivot_table(index=[BE_ID, YEAR], columns="quarter", values="turnover", aggfunc="first", observed=True)
    return wide.reindex(columns=list(QUARTERS)).astype(float)


def revenue_of(sample: Sample) -> pd.Series:
    """Return turnover by unit and year: as it is where rows are one a unit and year, else of four quarters."""
    turnover = sample.turnover
    if "quarter" in turnover:
        return _quarters(turnover).sum(axis=1, min_count=len(QUARTERS)).rename("revenue")
    return turnover.drop_duplicates([BE_ID, YEAR]).set_index([BE_ID, YEAR])["turnover"].rename("revenue").astype(float)


def _amounts(investments: pd.DataFrame) -> pd.Series:
    """Compute the amount of each unit, year and asset: the total where there is one, else the sum of the components."""
    rows = investments.dropna(subset=["amount"])
    keys = [BE_ID, YEAR, "asset"]
    is_total = rows["component"] == "total"
    totals = rows[is_total].groupby(keys, observed=True)["amount"].first()
    sums = rows[~is_total].groupby(keys, observed=True)["amount"].sum()
    return totals.combine_first(sums).astype(float) if len(rows) else totals.astype(float)


def _turnover_values(turnover: pd.DataFrame) -> Iterator[Measure]:
    by_quarter: dict[int, list[tuple[str, FloatArray]]] = {}
    for year, of_year in split(turnover):
        parts = split(of_year, "quarter") if "quarter" in of_year else [(0, of_year)]
        for quarter, rows in parts:
            place = f"turnover {year} Q{quarter}" if quarter else f"turnover {year}"
            values = rows["turnover"].to_numpy(dtype=np.float64)
            known = values[~np.isnan(values)]
            yield from share("turnover_missing", place, len(values) - len(known), len(values))
            yield from share("turnover_negative", place, (known < 0).sum(), len(known))
            yield from share("turnover_zero", place, (known == 0).sum(), len(known))
            by_quarter.setdefault(quarter, []).append((place, known))
            other = known[known != 0]
            most = np.unique(other, return_counts=True)[1].max(initial=0)
            yield from share("turnover_repeats", place, most, len(other))
    for values_of in by_quarter.values():
        yield from measure_values(values_of)


def measure_codes(table: str, rows: pd.DataFrame, column: str) -> Iterator[Measure]:
    """Measure the share of values that are written with nines alone, in units or in thousands."""
    for year, of_year in split(rows):
        known = of_year[column].dropna().to_numpy(dtype=np.float64)
        nines = _are_nines(known) | _are_nines(known / THOUSAND)
        yield from share("codes_for_missing", f"{table} {year}", nines.sum(), len(known))


def _are_nines(values: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether values are 9999 or longer, or -99 or longer: what registers and surveys write where they have none."""
    next_power = np.abs(values) + 1
    digits = np.round(np.log10(next_power))
    return (next_power == 10**digits) & (digits >= np.where(values < 0, *FEWEST_NINES))


def _quarter_checks(quarters: pd.DataFrame) -> Iterator[Measure]:
    for year, rows in split(quarters.reset_index()):
        place = f"turnover {year}"
        wide = rows[list(QUARTERS)].to_numpy(dtype=np.float64)
        whole = wide[(wide > 0).all(axis=1)]
        q1, q2, q3, q4 = whole.T
        rising = (q1 < q2) & (q2 < q3) & (q3 < q4) & (q4 > 2 * q1)
        yield from share("quarters_cumulative", place, rising.sum(), len(whole))
        yield from share("quarters_same", place, ((q1 == q2) & (q2 == q3) & (q3 == q4)).sum(), len(whole))
        for column, (first, second) in enumerate(pairwise(QUARTERS)):
            same = (whole[:, column] == whole[:, column + 1]).sum()
            yield from share("quarters_repeat", f"{place} Q{second} / Q{first}", same, len(whole))
        for column, quarter in enumerate(QUARTERS):
            present = (~np.isnan(wide[:, column])).sum()
            yield from share("quarters_present", f"{place} Q{quarter}", present, len(wide))
            others = np.median(np.delete(whole, column, axis=1), axis=1)
            yield from median("quarters_between", f"{place} Q{quarter}", whole[:, column] / others)
            jumps = np.abs(np.log(whole[:, column] / others)) > np.log(JUMP)
            yield from share("quarters_jump", f"{place} Q{quarter}", jumps.sum(), len(whole))


def _between_years(kind: str, wide: pd.DataFrame, label: str) -> Iterator[Measure]:
    """Compare the same units in two years: the median change, jumps of some, and values that do not change at all."""
    yield from measure_column(label, wide)
    for place, ratio, _, consecutive in between_years(wide, label):
        yield from share(f"{kind}_repeat_a_year", place, (np.abs(ratio - 1) < SAME).sum(), len(ratio))
        if consecutive:
            yield from median(f"{kind}_between_years", place, ratio)
            if kind == "turnover":
                jumps = np.abs(np.log(ratio)) > np.log(JUMP)
                yield from share("turnover_jumps", place, jumps.sum(), len(ratio))


def _with_persons(units: pd.DataFrame, revenue: pd.Series) -> Iterator[Measure]:
    """Measure how far units with more persons have more turnover."""
    persons = units.drop_duplicates([BE_ID, YEAR]).set_index([BE_ID, YEAR])[EMPLOYED_PERSONS].rename("persons")
    both = pd.concat([persons.astype(float), revenue], axis=1).dropna()
    for year, rows in split(both.reset_index()):
        if len(rows) >= fewest("turnover_with_persons") and rows[["persons", "revenue"]].nunique().min() > 1:
            alike = float(rows["persons"].rank().corr(rows["revenue"].rank()))
            yield from correlation("turnover_with_persons", f"turnover {year}", alike, len(rows))


def _levels(units: pd.DataFrame, revenue: pd.Series, amounts: pd.Series) -> Iterator[Measure]:
    """Compare turnover with persons employed, and investments with turnover, with what is usual."""
    usual = facts("plausibility")["usual"]
    persons = units.set_index([BE_ID, YEAR])[EMPLOYED_PERSONS]
    persons = persons[(persons > 0) & ~persons.index.duplicated()]
    if (persons >= 2).sum() >= facts("plausibility")["minimum"]:  # one person may work less than a year
        persons = persons[persons >= 2]
    per_person = (revenue[revenue > 0] / persons).dropna()
    for year, rows in split(per_person.rename("value").reset_index()):
        yield from median("turnover_per_person", f"turnover {year}", rows["value"] / usual["turnover_per_person"])
    spent = amounts[amounts > 0].rename("amount").reset_index()
    both = spent.merge(revenue[revenue > 0].reset_index(), on=[BE_ID, YEAR])
    for place, rows in split_assets(both):
        part = rows["amount"] / rows["revenue"] / usual["investments_in_turnover"][place.partition(" ")[0]]
        yield from median("investments_against_turnover", f"investments {place}", part)
    heads = spent.merge(persons.rename("persons").reset_index(), on=[BE_ID, YEAR])
    for place, rows in split_assets(heads):
        part = rows["amount"] / rows["persons"] / usual["investments_per_person"][place.partition(" ")[0]]
        yield from median("investments_per_person", f"investments {place}", part)


def _investment_values(investments: pd.DataFrame) -> Iterator[Measure]:
    missing = [(f"investments {year}", rows["amount"].isna().to_numpy()) for year, rows in split(investments)]
    for (_, earlier), (place, later) in pairwise(missing):
        yield from change_of_share("investments_missing", place, later, earlier)
    imputed: dict[int, tuple[float, int]] = {}
    for year, rows in split(investments):
        place, known = f"investments {year}", rows["amount"].dropna()
        yield from share("investments_negative", place, (known < 0).sum(), len(known))
        units = rows[BE_ID].nunique()
        if units >= facts("plausibility")["minimum"]:
            imputed[year] = float((rows["response"] == "imputed").mean()), units
    for (first, (before, few)), (second, (now, many)) in pairwise(sorted(imputed.items())):
        chance = 2 * np.sqrt(1 / few + 1 / many)
        place = f"investments {second} / {first}"
        yield Measure("investments_imputed", place, abs(now - before), max(abs(now - before) - chance, 0.0))
    keys = [BE_ID, YEAR, "asset"]
    is_total = investments["component"] == "total"
    totals = investments[is_total].groupby(keys, observed=True)["amount"].first().rename("total")
    parts = investments[~is_total].groupby(keys, observed=True)["amount"].max().rename("part")
    both = pd.concat([totals, parts], axis=1).dropna().astype(float)
    both = both[(both["total"] > 0) & (both["part"] > 0)]
    for place, rows in split_assets(both.reset_index()):
        above = (rows["part"] > rows["total"] * 1.01).sum()
        yield from share("components_above_total", f"investments {place}", above, len(rows))

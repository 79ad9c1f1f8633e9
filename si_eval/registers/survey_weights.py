"""Design weights of the investment survey: population over sample by division and size class, thin strata joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from si_eval import engine
from si_eval.registry import RuleSet, facts, sections
from si_eval.stats import IntArray
from si_eval.vocabulary import (
    BE_ID,
    DIVISION,
    SECTOR,
    SIZE_STRATUM,
    STRATUM,
    STRATUM_COLUMNS,
    STRATUM_SAMPLE,
    WEIGHT,
    YEAR,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

EARLIER_USED = "earlier_used"  # whether investments of the years before count too
UNKNOWN = -1  # the number of a division or a size class that is not known
_LEVELS = ([DIVISION, SIZE_STRATUM], [SECTOR, SIZE_STRATUM], [SIZE_STRATUM])  # what strata are joined within


def no_strata() -> pd.DataFrame:
    """Make the list of strata of a panel without weights."""
    return pd.DataFrame(columns=list(STRATUM_COLUMNS))


def stratum_keys(activity: ir.Column, floor: ir.Column) -> dict[str, ir.Column]:
    """Compute the division and the one-digit size class, as whole numbers; ``floor`` are persons employed, at least."""
    lower = facts("investment_survey")["strata_lower"]
    bands = [(floor >= low, place) for place, low in reversed(list(enumerate(lower, start=1)))]
    size = ibis.cases(*bands, (floor.notnull(), 0), else_=UNKNOWN)
    return {DIVISION: activity.fill_null(UNKNOWN).cast("int16"), SIZE_STRATUM: size.cast("int16")}


def design_weights(units: ir.Table, used: ir.BooleanColumn, asked: ir.BooleanColumn, rules: RuleSet) -> pd.DataFrame:
    """Compute the weights of the units of each stratum: how many units of the population each ``used`` one stands for.

    The population are the units that are in the file (``asked``) and those of the divisions that the survey covers.
    A division and size class with fewer than ``rules.min_stratum_units`` used units is joined with the others of its
    section and size class, and where these are too few with those of its size class; what is then too few is joined
    with the largest stratum of the size class. A stratum without any used unit has no weight: nobody stands for it.

    ``units`` have `stratum_keys`. Returns a row a year, division and size class with `STRATUM_COLUMNS`.
    """
    covered = [
        (units[DIVISION] >= entry["first"]) & (units[DIVISION] <= entry["last"]) & (units[YEAR] >= entry["from"])
        for entry in facts("investment_survey")["covered"]
    ]
    counted = units.mutate(_used=used.fill_null(False), _frame=ibis.or_(asked, *covered).fill_null(False))
    frame = counted.filter(counted._frame)
    by_stratum = frame.group_by([YEAR, DIVISION, SIZE_STRATUM])
    counts = engine.fetch(by_stratum.aggregate(units=frame.count(), observed=frame._used.sum()))
    strata = counts.sort_values([YEAR, SIZE_STRATUM, DIVISION], ignore_index=True)
    surveyed = strata.groupby(YEAR)["observed"].transform("sum") > 0
    strata = strata[surveyed].reset_index(drop=True)
    strata[SECTOR] = strata[DIVISION].map(_section_of())
    strata[STRATUM] = UNKNOWN
    for _, rows in strata.groupby([YEAR, SIZE_STRATUM]).indices.items():
        strata.loc[rows, STRATUM] = _join_thin(strata.iloc[rows], rules.min_stratum_units) + rows[0]
    sums = strata.groupby(STRATUM)[["units", "observed"]].transform("sum")
    strata[WEIGHT] = np.where(sums["observed"] > 0, sums["units"] / sums["observed"], np.nan)
    strata[STRATUM_SAMPLE] = sums["observed"].astype("float64")
    strata["joined"] = strata.groupby(STRATUM)[DIVISION].transform("size") > 1
    return strata[list(STRATUM_COLUMNS)]


def take_other_years(
    tables: Sequence[ir.Table],
    rules: RuleSet,
    amounts: Sequence[str],
    response: str,
    *,
    used: Callable[[ir.Table, RuleSet], ir.BooleanColumn],
) -> list[ir.Table]:
    """Return tables of units with the investments of the years that the rule set takes them from.

    The first table has the units of all years. ``amounts`` and ``response`` are its columns of the survey, and ``used``
    tells whose amounts count.
    """
    if rules.investment_lag:
        columns = [*amounts, response]
        tables = [_move_survey(one, tables[0], columns, rules.investment_lag) for one in tables]
    if rules.investment_years > 1:
        counts = used(tables[0], rules)
        tables = [_add_earlier_years(one, tables[0], counts, amounts, rules.investment_years) for one in tables]
    return list(tables)


def _add_earlier_years(
    units: ir.Table, every: ir.Table, used: ir.BooleanColumn, amounts: Sequence[str], years: int
) -> ir.Table:
    """Add to the amounts of units those of the years before, ``years`` together, and whether all of these count.

    ``every`` has the units of all years, and ``used`` says whether the amounts of each count.
    """
    all_count = ibis.literal(True)
    for lag in range(1, years):
        then = {f"{name}_{lag}": every[name] for name in amounts}
        earlier = every.select(**{BE_ID: every[BE_ID], YEAR: every[YEAR] + lag, EARLIER_USED: used}, **then)
        units = units.left_join(earlier, [BE_ID, YEAR]).drop(f"{BE_ID}_right", f"{YEAR}_right")
        sums = {name: units[name] + units[f"{name}_{lag}"] for name in amounts}
        counts = all_count & units[EARLIER_USED].fill_null(False)
        units = units.mutate(**sums, _count=counts).drop(EARLIER_USED, *then)
        all_count = units["_count"]
    return units.rename({EARLIER_USED: "_count"})


def _move_survey(units: ir.Table, every: ir.Table, columns: Sequence[str], lag: int) -> ir.Table:
    """Replace the columns of units by those that they have ``lag`` years later; missing where they are not there then.

    ``every`` has the units of all years.
    """
    then = every.select(**{BE_ID: every[BE_ID], YEAR: every[YEAR] - lag}, **{name: every[name] for name in columns})
    moved = units.drop(*columns).left_join(then, [BE_ID, YEAR]).drop(f"{BE_ID}_right", f"{YEAR}_right")
    return moved.select(*units.columns)


def _section_of() -> dict[int, str]:
    return {
        division: letter
        for letter, section in sections().items()
        for division in range(section["first"], section["last"] + 1)
    }


def _join_thin(strata: pd.DataFrame, least: int) -> IntArray:
    """Assign numbers from 0 to the strata of one year and size class: thin ones have that of those they join."""
    number = np.full(len(strata), UNKNOWN)
    observed = strata["observed"].to_numpy()
    for level in _LEVELS:
        free = np.flatnonzero(number == UNKNOWN)
        for _, rows in strata.iloc[free].groupby(level, dropna=False).indices.items():
            if observed[free[rows]].sum() >= least:
                number[free[rows]] = free[rows[0]]
    left = np.flatnonzero(number == UNKNOWN)
    standing = np.flatnonzero(number != UNKNOWN)
    if len(left):
        number[left] = number[standing[strata["units"].to_numpy()[standing].argmax()]] if len(standing) else left[0]
    return number

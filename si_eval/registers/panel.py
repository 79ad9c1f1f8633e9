"""Business unit by year: classes, revenue, investments, indicators, coverage and outliers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from si_eval import engine as engines
from si_eval import stats
from si_eval.errors import StudyError
from si_eval.registers.unit_years import collect, have_status, readable
from si_eval.registry import RuleSet, assets, indicators, rule_set
from si_eval.results import Extract, Linkage, Panel
from si_eval.vocabulary import (
    AGE,
    AGE_CLASS,
    BE_ID,
    DIVISION,
    EMPLOYED_PERSONS,
    ENTRY_YEAR,
    GROUP_HIGHER_CLASS,
    GROUP_ID,
    GROUP_LARGER,
    INVESTMENT_STATUS,
    NON_PARTICIPANTS,
    PARTICIPANT,
    PARTICIPANTS,
    PUBLIC_UNIT,
    QUARTERS,
    REVENUE,
    SECTOR,
    SHARED_GROUP,
    SIZE_CLASS,
    SIZE_CLASS_4,
    WEIGHT,
    YEAR,
    excluded,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

OUTLIER_DOMAINS = ("revenue", "investment")
OUTLIER_COLUMNS = (BE_ID, "domain", "indicator", YEAR, "value", "fence")


def build_panel(
    extract: Extract,
    linkage: Linkage,
    *,
    rules: str | RuleSet = "replicate_2020",
    public_units: Sequence[int] = (),
) -> Panel:
    """Build the panel: one row a business unit and year of the register.

    Columns, units and rules: contract 2.3. Money is in euro, shares are fractions. A table that the extract does not
    have leaves its columns missing. ``participant`` is true in the years in which the unit is linked, false for units
    that are never linked and missing for a unit that is linked in other years only. ``public_units`` are the ids of
    units whose figures are public (those that the output rules name): the panel marks them, and its cells say what
    they contribute.

    Raises `StudyError` for an unknown rule set, and for public units that the register does not have. Source: Dialogic
    2020, appendix 6; contract 2.3.
    """
    rules = rule_set(rules)
    public = _public_units(extract, public_units)
    collected = collect(extract, linkage)
    outliers = _outliers(readable(collected.participants, rules), rules)
    table = engines.view(extract.engine, _with_exclusions(readable(collected.units, rules), outliers))
    marked = {PUBLIC_UNIT: table[BE_ID].isin(public)} if public else {}
    return Panel(
        table=table.select(*_panel_columns(), **marked),
        rules=rules,
        indicators=indicators(),
        per_year=collected.per_year,
        count_coverage=partial(_coverage, table),
        outlier_frame=outliers,
        simulation=extract.simulation,
    )


def _public_units(extract: Extract, units: Sequence[int]) -> list[int]:
    """Give the public units as the register's ids; refuse ids that it does not have."""
    if isinstance(units, str | int):
        raise StudyError(f"public_units: found {units!r}; expected a list of ids; write [{units!r}]")
    codes = [int(unit) for unit in units if str(unit).isdecimal()]
    register = extract.tables["business_units"]
    known = engines.fetch(register.filter(register[BE_ID].isin(codes)).select(BE_ID).distinct())[BE_ID] if codes else []
    found = sorted({int(unit) for unit in known})
    unknown = [str(unit) for unit in units if not str(unit).isdecimal() or int(unit) not in found]
    if unknown:
        raise StudyError(
            f"public_units: found {', '.join(unknown)}; expected {BE_ID} of the register of business units; correct or "
            "drop these ids"
        )
    return found


def _outliers(participants: ir.Table, rules: RuleSet) -> pd.DataFrame:
    """List the participants that leave: an extreme value in a year in which the group is in a higher size class.

    A value is extreme when its log lies more than ``outlier_fence`` interquartile ranges above the third quartile of
    the participants of its year and size class. The published study inspected by eye; the fence makes that exact.
    """
    if rules.outliers == "none":
        return pd.DataFrame(columns=list(OUTLIER_COLUMNS))
    names = [name for name in indicators() if name.endswith("_per_employee")]
    columns = [BE_ID, YEAR, SIZE_CLASS, GROUP_HIGHER_CLASS, *names]
    units = engines.fetch(participants.select(*columns))
    cell = ["indicator", YEAR, SIZE_CLASS]
    values = units.melt([BE_ID, YEAR, SIZE_CLASS, GROUP_HIGHER_CLASS], names, var_name="indicator")
    values = values[values["value"] > 0].dropna(subset=SIZE_CLASS)
    if values.empty:
        return pd.DataFrame(columns=list(OUTLIER_COLUMNS))
    logs = values.assign(log=np.log(values["value"])).groupby(cell)["log"]
    quartiles = logs.quantile([0.25, 0.75]).unstack()[logs.size() >= rules.outlier_min_units]
    fence = stats.log_upper_fence(quartiles[0.25].to_numpy(), quartiles[0.75].to_numpy(), rules.outlier_fence)
    values = values.join(pd.Series(fence, quartiles.index, name="fence"), on=cell)
    extreme = values[(values["value"] > values["fence"]) & values[GROUP_HIGHER_CLASS].fillna(False).astype(bool)]
    extreme = extreme.assign(domain=extreme["indicator"].map({name: indicators()[name].domain for name in names}))
    return extreme[list(OUTLIER_COLUMNS)].sort_values(["domain", BE_ID, "indicator", YEAR], ignore_index=True)


def _with_exclusions(table: ir.Table, outliers: pd.DataFrame) -> ir.Table:
    """Flag, for all years, the units that leave the indicators of a domain."""
    flags = {}
    for domain in OUTLIER_DOMAINS:
        units = [int(unit) for unit in outliers.loc[outliers["domain"] == domain, BE_ID].unique()]
        flags[excluded(domain)] = table[BE_ID].isin(units) if units else ibis.literal(False)
    return table.mutate(**flags)


def _panel_columns() -> list[str]:
    """Name the columns of the contract, then those that rule sets and ratios of sums use."""
    return [
        BE_ID, YEAR, PARTICIPANT, ENTRY_YEAR, EMPLOYED_PERSONS, SIZE_CLASS, SIZE_CLASS_4, SECTOR, DIVISION, AGE,
        AGE_CLASS, GROUP_ID, GROUP_LARGER, GROUP_HIGHER_CLASS, REVENUE, QUARTERS, "revenue_per_employee",
        *[f"investment_{asset}" for asset in assets()],
        *[f"investment_{asset}_per_employee" for asset in assets()],
        *[f"own_production_{asset}_share" for asset in assets()],
        INVESTMENT_STATUS, WEIGHT, SHARED_GROUP,
        *[excluded(domain) for domain in OUTLIER_DOMAINS],
        *[f"own_production_{asset}" for asset in assets()],
    ]  # fmt: skip


def _coverage(table: ir.Table) -> pd.DataFrame:
    """Count, by year and group, the units and how many of them have each figure."""
    measures = {
        "units": table.count(),
        "persons_above_zero": (table[EMPLOYED_PERSONS] > 0).sum(),
        "size_class_known": table[SIZE_CLASS].count(),
        "size_code_disagrees_with_persons": table.code_disagrees.sum(),
        "sector_known": table[SECTOR].count(),
        "age_known": table[AGE].count(),
        "founded_after_the_year": table.founded_later.sum(),
        "four_quarters": (table[QUARTERS] == 4).sum(),
        "some_quarters": ((table[QUARTERS] > 0) & (table[QUARTERS] < 4)).sum(),
        "revenue_per_employee": table.revenue_per_employee.count(),
        **{f"investment_{status}": rows.sum() for status, rows in have_status(table).items()},
    }
    counts = engines.fetch(table.group_by([YEAR, PARTICIPANT]).aggregate(**measures))
    groups = {True: PARTICIPANTS, False: NON_PARTICIPANTS}
    counts["group"] = [groups.get(linked, "linked_other_years") for linked in counts.pop(PARTICIPANT)]
    long = counts.melt(id_vars=[YEAR, "group"], var_name="measure", value_name="n_units")
    long["n_units"] = long["n_units"].fillna(0).astype("int64")
    return long.sort_values([YEAR, "group", "measure"], ignore_index=True)

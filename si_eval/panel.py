"""Business unit by year: classes, revenue, investments, indicators, coverage and outliers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import pandas as pd

from si_eval import engine as engines
from si_eval import stats
from si_eval.registry import RuleSet, assets, indicators, rule_set
from si_eval.results import Extract, Linkage, Panel
from si_eval.unit_years import collect, readable
from si_eval.vocabulary import (
    AGE,
    AGE_CLASS,
    DIVISION,
    EMPLOYED_PERSONS,
    ENTRY_YEAR,
    GROUP_HIGHER_CLASS,
    GROUP_ID,
    GROUP_LARGER,
    INVESTMENT_STATUS,
    INVESTMENT_STATUSES,
    NON_PARTICIPANTS,
    PARTICIPANT,
    PARTICIPANTS,
    QUARTERS,
    REVENUE,
    SECTOR,
    SHARED_GROUP,
    SIZE_CLASS,
    SIZE_CLASS_4,
    UNIT,
    WEIGHT,
    YEAR,
    excluded,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

OUTLIER_DOMAINS = ("revenue", "investment")
OUTLIER_COLUMNS = (UNIT, "domain", "indicator", YEAR, "value", "fence")


def build_panel(extract: Extract, linkage: Linkage, *, rules: str | RuleSet = "replicate_2020") -> Panel:
    """Build the panel: one row a business unit and year of the register.

    Columns, units and rules: contract 2.3. Money is in euro, shares are fractions. A table that the extract does not
    have leaves its columns missing. ``participant`` is true in the years in which the unit is linked, false for units
    that are never linked and missing for a unit that is linked in other years only.

    Raises `StudyError` for an unknown rule set. Source: Dialogic 2020, appendix 6; contract 2.3.
    """
    rules = rule_set(rules)
    table = engines.view(extract.engine, readable(collect(extract, linkage), rules))
    outliers = _outliers(table, rules)
    table = engines.view(extract.engine, _with_exclusions(table, outliers))
    return Panel(
        table=table.select(*_panel_columns()),
        rules=rules,
        indicators=indicators(),
        coverage_frame=_coverage(table),
        outlier_frame=outliers,
        simulation=extract.simulation,
    )


def _outliers(table: ir.Table, rules: RuleSet) -> pd.DataFrame:
    """List the participants that leave: an extreme value in a year in which the group is in a higher size class.

    A value is extreme when its log lies more than ``outlier_fence`` interquartile ranges above the third quartile of
    the participants of its year and size class. The published study inspected by eye; the fence makes that exact.
    """
    if rules.outliers == "none":
        return pd.DataFrame(columns=list(OUTLIER_COLUMNS))
    names = [name for name in indicators() if name.endswith("_per_employee")]
    columns = [UNIT, YEAR, SIZE_CLASS, GROUP_HIGHER_CLASS, *names]
    participants = engines.fetch(table.filter(table[PARTICIPANT]).select(*columns))
    found = []
    for name in names:
        values = participants[participants[name] > 0]
        for _, cell in values.groupby([YEAR, SIZE_CLASS]):
            if len(cell) < rules.outlier_min_units:
                continue
            fence = stats.log_upper_fence(cell[name].to_numpy(), rules.outlier_fence)
            extreme = cell[(cell[name] > fence) & cell[GROUP_HIGHER_CLASS].fillna(False).astype(bool)]
            if len(extreme):
                found.append(
                    extreme.assign(domain=indicators()[name].domain, indicator=name, value=extreme[name], fence=fence)
                )
    if not found:
        return pd.DataFrame(columns=list(OUTLIER_COLUMNS))
    return pd.concat(found)[list(OUTLIER_COLUMNS)].sort_values(["domain", UNIT, "indicator", YEAR], ignore_index=True)


def _with_exclusions(table: ir.Table, outliers: pd.DataFrame) -> ir.Table:
    """Flag, for all years, the units that leave the indicators of a domain."""
    flags = {}
    for domain in OUTLIER_DOMAINS:
        units = [int(unit) for unit in outliers.loc[outliers["domain"] == domain, UNIT].unique()]
        flags[excluded(domain)] = table[UNIT].isin(units) if units else ibis.literal(False)
    return table.mutate(**flags)


def _panel_columns() -> list[str]:
    """Name the columns of the contract, then those that rule sets and ratios of sums use."""
    return [
        UNIT, YEAR, PARTICIPANT, ENTRY_YEAR, EMPLOYED_PERSONS, SIZE_CLASS, SIZE_CLASS_4, SECTOR, DIVISION, AGE,
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
    table = table.mutate(
        group=ibis.cases(
            (table[PARTICIPANT], PARTICIPANTS), (~table[PARTICIPANT], NON_PARTICIPANTS), else_="linked_other_years"
        )
    )
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
        **{f"investment_{status}": (table[INVESTMENT_STATUS] == status).sum() for status in INVESTMENT_STATUSES},
    }
    counts = engines.fetch(table.group_by([YEAR, "group"]).aggregate(**measures))
    long = counts.melt(id_vars=[YEAR, "group"], var_name="measure", value_name="n_units")
    long["n_units"] = long["n_units"].fillna(0).astype("int64")
    return long.sort_values([YEAR, "group", "measure"], ignore_index=True)

"""Business unit by year: classes, revenue, investments, indicators, coverage and outliers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from si_eval import engine as engines
from si_eval import stats
from si_eval.classes import age_class_of, size_class_of
from si_eval.indicators import add_indicators
from si_eval.registry import RuleSet, assets, facts, indicators, rule_set, sections
from si_eval.results import Extract, Linkage, Panel
from si_eval.vocabulary import (
    AGE,
    AGE_CLASS,
    DIVISION,
    EMPLOYED_PERSONS,
    ENTRY_YEAR,
    GROUP_HIGHER_CLASS,
    GROUP_ID,
    GROUP_LARGER,
    IMPUTED,
    INVESTMENT_STATUS,
    INVESTMENT_STATUSES,
    NON_PARTICIPANTS,
    NONRESPONSE,
    NOT_COVERED,
    OBSERVED,
    PARTICIPANT,
    PARTICIPANTS,
    QUARTERS,
    REVENUE,
    SECTOR,
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
    table = _register(extract)
    table = _with_participation(extract, table, linkage)
    table = _with_groups(extract, table)
    table = _with_revenue(extract, table, rules)
    table = _with_investments(extract, table, rules)
    table = add_indicators(table, rules)
    table = engines.materialise(extract.engine, table)
    outliers = _outliers(table, rules)
    table = _with_exclusions(extract, table, outliers)
    return Panel(
        table=table.select(*_panel_columns()),
        rules=rules,
        indicators=indicators(),
        coverage_frame=_coverage(table),
        outlier_frame=outliers,
        simulation=extract.simulation,
    )


def _register(extract: Extract) -> ir.Table:
    """Read the register: persons, classes, sector, age."""
    register = extract.tables["business_units"]
    register = _with_size_floor(extract, register)
    code = register.sbi.rstrip()
    code = code.replace(" ", "0")
    division = ibis.ifelse(code.re_search("^[0-9]{2,5}$"), code.left(2), ibis.null("string"))
    register = register.mutate(**{DIVISION: division})
    register = register.left_join(_divisions(extract), DIVISION).drop(f"{DIVISION}_right")
    age = register[YEAR] - register.founded.year().cast("int64")
    register = register.mutate(
        age=ibis.ifelse(age >= 0, age, ibis.null("int64")), founded_later=(age < 0).fill_null(False)
    )
    return register.mutate(
        size_class=size_class_of(register["size_floor"], SIZE_CLASS),
        size_class_4=size_class_of(register["size_floor"], SIZE_CLASS_4),
        age_class=age_class_of(register[AGE]),
        division=ibis.ifelse(register[SECTOR].notnull(), register[DIVISION], ibis.null("string")),
        weight=ibis.literal(1.0),
    )


def _with_size_floor(extract: Extract, table: ir.Table) -> ir.Table:
    """Add ``size_floor``: the lowest number of persons of a known size code, else the persons employed."""
    codes = facts("size_classes")["codes"]
    lookup = engines.from_frame(
        extract.engine,
        pd.DataFrame({"size_code": list(codes), "code_floor": np.array(list(codes.values()), dtype=float)}),
    )
    table = table.left_join(lookup, "size_code").drop("size_code_right")
    return table.mutate(size_floor=ibis.coalesce(table.code_floor, table[EMPLOYED_PERSONS]))


def _divisions(extract: Extract) -> ir.Table:
    """List the two-digit divisions with their section."""
    rows = [
        {DIVISION: f"{division:02d}", SECTOR: letter}
        for letter, section in sections().items()
        for division in range(section["first"], section["last"] + 1)
    ]
    return engines.from_frame(extract.engine, pd.DataFrame(rows))


def _with_participation(extract: Extract, table: ir.Table, linkage: Linkage) -> ir.Table:
    """Add ``participant``, ``entry_year`` and the number of participants on the unit."""
    frame = linkage.units_frame.astype({YEAR: "int64", UNIT: "int64", ENTRY_YEAR: "Int64"})
    linked = engines.from_frame(extract.engine, frame[[YEAR, UNIT]].assign(linked=True))
    ever = engines.from_frame(extract.engine, frame[[UNIT, ENTRY_YEAR]].drop_duplicates(UNIT).assign(ever=True))
    ever = ever.cast({ENTRY_YEAR: "int64"})
    table = table.left_join(linked, [UNIT, YEAR]).drop(f"{UNIT}_right", f"{YEAR}_right")
    table = table.left_join(ever, UNIT).drop(f"{UNIT}_right")
    participant = ibis.cases(
        (table.linked.fill_null(False), True), (table.ever.fill_null(False), ibis.null("boolean")), else_=False
    )
    return table.mutate(participant=participant)


def _with_groups(extract: Extract, table: ir.Table) -> ir.Table:
    """Add whether the enterprise group employs more persons, and whether it falls in a higher size class."""
    if "enterprise_groups" not in extract.tables:
        missing = ibis.null("boolean")
        return table.mutate(group_larger=missing, group_higher_class=missing)
    groups = _with_size_floor(extract, extract.tables["enterprise_groups"])
    order = {label: place for place, label in enumerate(facts("size_classes")["classes"][SIZE_CLASS]["labels"])}
    groups = groups.select(
        GROUP_ID,
        YEAR,
        group_persons=groups[EMPLOYED_PERSONS],
        group_class=size_class_of(groups.size_floor, SIZE_CLASS),
    )
    table = table.left_join(groups, [GROUP_ID, YEAR]).drop(f"{GROUP_ID}_right", f"{YEAR}_right")
    return table.mutate(
        group_larger=table.group_persons > table[EMPLOYED_PERSONS],
        group_higher_class=_place(table.group_class, order) > _place(table[SIZE_CLASS], order),
    )


def _place(classes: ir.Column, order: dict[str, int]) -> ir.Column:
    """Give each size class its place in ascending order."""
    return ibis.cases(*[(classes == label, place) for label, place in order.items()], else_=ibis.null("int8"))


def _with_revenue(extract: Extract, table: ir.Table, rules: RuleSet) -> ir.Table:
    """Add the year's revenue: the sum of its quarters where enough of them are present."""
    if "turnover" not in extract.tables:
        return table.mutate(quarters=ibis.literal(0, "int64"), revenue=ibis.null("float64"))
    turnover = extract.tables["turnover"]
    yearly = turnover.group_by([UNIT, YEAR]).aggregate(
        quarters=turnover.turnover.count(), turnover=turnover.turnover.sum()
    )
    table = table.left_join(yearly, [UNIT, YEAR]).drop(f"{UNIT}_right", f"{YEAR}_right")
    table = table.mutate(quarters=table[QUARTERS].fill_null(0))
    enough = table[QUARTERS] >= rules.min_quarters
    return table.mutate(revenue=ibis.ifelse(enough, table.turnover, ibis.null("float64"))).drop("turnover")


def _with_investments(extract: Extract, table: ir.Table, rules: RuleSet) -> ir.Table:
    """Add the survey's state of each unit and its investments by asset, with what was produced in-house."""
    if "investments" not in extract.tables:
        empty = {
            name: ibis.null("float64")
            for asset in assets()
            for name in (f"investment_{asset}", f"own_production_{asset}")
        }
        return table.mutate(investment_status=ibis.literal(NOT_COVERED), **empty)
    survey = extract.tables["investments"]
    responses = {OBSERVED: 0, IMPUTED: 1, NONRESPONSE: 2}
    place = ibis.cases(*[(survey.response == name, number) for name, number in responses.items()], else_=3)
    yearly = survey.group_by([UNIT, YEAR]).aggregate(response_place=place.min(), **_amounts(survey))
    table = table.left_join(yearly, [UNIT, YEAR]).drop(f"{UNIT}_right", f"{YEAR}_right")
    status = ibis.cases(
        *[(table.response_place == number, name) for name, number in responses.items()], else_=NOT_COVERED
    )
    table = table.mutate(investment_status=status)
    used = table[INVESTMENT_STATUS].isin(rules.investment_responses)
    amounts = {
        name: ibis.ifelse(used, table[name], ibis.null("float64"))
        for asset in assets()
        for name in (f"investment_{asset}", f"own_production_{asset}")
    }
    return table.mutate(**amounts).drop("response_place")


def _amounts(survey: ir.Table) -> dict[str, ir.Scalar]:
    """Sum the survey by asset: the row ``total`` where present, else the components."""
    amounts: dict[str, ir.Scalar] = {}
    for asset in assets():
        of_asset = survey.asset == asset
        total = survey.amount.sum(where=of_asset & (survey.component == "total"))
        parts = survey.amount.sum(where=of_asset & (survey.component != "total"))
        amounts[f"investment_{asset}"] = ibis.coalesce(total, parts)
        amounts[f"own_production_{asset}"] = survey.amount.sum(where=of_asset & (survey.component == "own_production"))
    return amounts


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
            found.append(
                extreme.assign(domain=indicators()[name].domain, indicator=name, value=extreme[name], fence=fence)
            )
    if not found:
        return pd.DataFrame(columns=list(OUTLIER_COLUMNS))
    return pd.concat(found)[list(OUTLIER_COLUMNS)].sort_values(["domain", UNIT, "indicator", YEAR], ignore_index=True)


def _with_exclusions(extract: Extract, table: ir.Table, outliers: pd.DataFrame) -> ir.Table:
    """Flag, for all years, the units that leave the indicators of a domain."""
    for domain in OUTLIER_DOMAINS:
        units = [int(unit) for unit in outliers.loc[outliers["domain"] == domain, UNIT].unique()]
        leaves = table[UNIT].isin(units) if units else ibis.literal(False)
        table = table.mutate(**{excluded(domain): leaves})
    return table


def _panel_columns() -> list[str]:
    """Name the columns of the contract, then those that rule sets and ratios of sums use."""
    return [
        UNIT, YEAR, PARTICIPANT, ENTRY_YEAR, EMPLOYED_PERSONS, SIZE_CLASS, SIZE_CLASS_4, SECTOR, DIVISION, AGE,
        AGE_CLASS, GROUP_ID, GROUP_LARGER, GROUP_HIGHER_CLASS, REVENUE, QUARTERS, "revenue_per_employee",
        *[f"investment_{asset}" for asset in assets()],
        *[f"investment_{asset}_per_employee" for asset in assets()],
        *[f"own_production_{asset}_share" for asset in assets()],
        INVESTMENT_STATUS, WEIGHT,
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
    disagrees = size_class_of(table.code_floor, SIZE_CLASS) != size_class_of(table[EMPLOYED_PERSONS], SIZE_CLASS)
    measures = {
        "units": table.count(),
        "persons_above_zero": (table[EMPLOYED_PERSONS] > 0).sum(),
        "size_class_known": table[SIZE_CLASS].count(),
        "size_code_disagrees_with_persons": disagrees.sum(),
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

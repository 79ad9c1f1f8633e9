"""The panel as relational expressions: one row a business unit and year, narrow first, readable on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from si_eval import engine as engines
from si_eval.classes import age_class_of, size_class_of
from si_eval.indicators import add_indicators
from si_eval.registry import RuleSet, assets, facts, sections, size_class_labels
from si_eval.results import Extract, Linkage
from si_eval.vocabulary import (
    AGE,
    DIVISION,
    EMPLOYED_PERSONS,
    ENTRY_YEAR,
    GROUP_ID,
    IMPUTED,
    INVESTMENT_STATUS,
    NONRESPONSE,
    NOT_COVERED,
    OBSERVED,
    QUARTERS,
    SECTOR,
    SHARED_GROUP,
    SIZE_CLASS,
    SIZE_CLASS_4,
    UNIT,
    YEAR,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

RESPONSES = {OBSERVED: 0, IMPUTED: 1, NONRESPONSE: 2}
SMALL = "int16"


def collect(extract: Extract, linkage: Linkage, rules: RuleSet) -> ir.Table:
    """Compute the narrow unit-years once, year by year where the register is large, and keep them in the engine."""
    tables = _Inputs(extract, linkage)
    years = tables.years if engines.count_rows(extract.tables["business_units"]) > engines.ROWS_AT_ONCE else [None]
    return engines.materialise_parts(extract.engine, (_unit_years(tables, rules, year) for year in years))


def readable(narrow: ir.Table, rules: RuleSet) -> ir.Table:
    """Add classes, states and indicators to narrow unit-years; they cost nothing until they are asked for."""
    status = ibis.cases(*[(narrow.response == number, name) for name, number in RESPONSES.items()], else_=NOT_COVERED)
    table = narrow.mutate(
        size_class=size_class_of(narrow.size_floor, SIZE_CLASS),
        size_class_4=size_class_of(narrow.size_floor, SIZE_CLASS_4),
        age=narrow[AGE].cast("int64"),
        quarters=narrow[QUARTERS].cast("int64"),
        age_class=age_class_of(narrow[AGE]),
        investment_status=status,
        weight=ibis.literal(1.0),
    )
    used = table[INVESTMENT_STATUS].isin(rules.investment_responses)
    amounts = {name: ibis.ifelse(used, table[name], ibis.null("float64")) for name in _amount_columns()}
    return add_indicators(table.mutate(**amounts), rules)


class _Inputs:
    """The tables that the panel joins, with the small lookups that are made once."""

    def __init__(self, extract: Extract, linkage: Linkage) -> None:
        engine, self.tables = extract.engine, extract.tables
        register = extract.tables["business_units"]
        self.years = sorted(int(year) for year in engines.fetch(register.select(YEAR).distinct())[YEAR])
        codes = facts("size_classes")["codes"]
        self.codes = engines.from_frame(
            engine, pd.DataFrame({"size_code": list(codes), "code_floor": np.array(list(codes.values()), dtype=float)})
        )
        self.activities = engines.from_frame(engine, _activities(register))
        units = linkage.units_frame.astype({YEAR: "int64", UNIT: "int64", ENTRY_YEAR: "Int64"})
        self.linked = engines.from_frame(engine, units[[YEAR, UNIT]].assign(linked=True))
        ever = engines.from_frame(engine, units[[UNIT, ENTRY_YEAR]].drop_duplicates(UNIT).assign(ever=True))
        self.ever = ever.cast({ENTRY_YEAR: "int64"})

    def units(self, year: int | None) -> ir.Table:
        """Give the register, or its rows of one year."""
        table = self.tables["business_units"]
        return table if year is None else table.filter(table[YEAR] == year)

    def of_year(self, name: str, year: int | None) -> ir.Table | None:
        """Give a raw table, or its rows of one year; none where the extract lacks it."""
        table = self.tables.get(name)
        return table if table is None or year is None else table.filter(table[YEAR] == year)


def _activities(register: ir.Table) -> pd.DataFrame:
    """Give the division and section of each SBI code that the register has and the classification knows.

    Trailing blanks are cut and other blanks read as zeros; the first two of two to five digits are the division.
    """
    letters = {
        f"{division:02d}": letter
        for letter, section in sections().items()
        for division in range(section["first"], section["last"] + 1)
    }
    codes = engines.fetch(register.select("sbi").distinct())["sbi"].dropna()
    digits = codes.str.rstrip().str.replace(" ", "0")
    frame = pd.DataFrame({"sbi": codes, DIVISION: digits.where(digits.str.fullmatch("[0-9]{2,5}")).str[:2]})
    frame[SECTOR] = frame[DIVISION].map(letters)
    return frame.dropna().astype("string")


def _unit_years(inputs: _Inputs, rules: RuleSet, year: int | None) -> ir.Table:
    """Join the register of one year (or all) with participation, groups, revenue and investments."""
    table = _register(inputs, year)
    table = _with_participation(inputs, table)
    table = _with_groups(inputs, table, year)
    table = _with_revenue(inputs, table, rules, year)
    table = _with_investments(inputs, table, year)
    return table.select(
        UNIT, YEAR, "participant", ENTRY_YEAR, EMPLOYED_PERSONS, "size_floor", "code_disagrees", SECTOR, DIVISION, AGE,
        "founded_later", GROUP_ID, SHARED_GROUP, "group_larger", "group_higher_class", QUARTERS, "revenue", "response",
        *_amount_columns(),
    )  # fmt: skip


def _amount_columns() -> list[str]:
    return [f"{kind}_{asset}" for kind in ("investment", "own_production") for asset in assets()]


def _register(inputs: _Inputs, year: int | None) -> ir.Table:
    """Read the register: persons, size, sector, age."""
    register = _with_size_floor(inputs, inputs.units(year))
    register = register.left_join(inputs.activities, "sbi").drop("sbi_right")
    age = (register[YEAR] - register.founded.year()).cast(SMALL)
    disagrees = size_class_of(register.code_floor, SIZE_CLASS) != size_class_of(register[EMPLOYED_PERSONS], SIZE_CLASS)
    return register.mutate(
        age=ibis.ifelse(age >= 0, age, ibis.null(SMALL)),
        founded_later=(age < 0).fill_null(False),
        code_disagrees=disagrees.fill_null(False),
    )


def _with_size_floor(inputs: _Inputs, table: ir.Table) -> ir.Table:
    """Add ``size_floor``: the lowest number of persons of a known size code, else the persons employed."""
    table = table.left_join(inputs.codes, "size_code").drop("size_code_right")
    return table.mutate(size_floor=ibis.coalesce(table.code_floor, table[EMPLOYED_PERSONS]))


def _with_participation(inputs: _Inputs, table: ir.Table) -> ir.Table:
    """Add ``participant`` (true, false, or missing where linked in other years only) and ``entry_year``."""
    table = table.left_join(inputs.linked, [UNIT, YEAR]).drop(f"{UNIT}_right", f"{YEAR}_right")
    table = table.left_join(inputs.ever, UNIT).drop(f"{UNIT}_right")
    participant = ibis.cases(
        (table.linked.fill_null(False), True), (table.ever.fill_null(False), ibis.null("boolean")), else_=False
    )
    return table.mutate(participant=participant)


def _with_groups(inputs: _Inputs, table: ir.Table, year: int | None) -> ir.Table:
    """Add whether the enterprise group has other units, employs more persons, and falls in a higher size class."""
    register = inputs.units(year)
    register = register.filter(register[GROUP_ID].notnull())
    keys = _keys(GROUP_ID, year)
    members = register.group_by(keys).aggregate(members=register.count())
    table = _joined(table, members.filter(members.members > 1), keys)
    table = table.mutate(**{SHARED_GROUP: table.members.notnull()})
    groups = inputs.of_year("enterprise_groups", year)
    if groups is None:
        missing = ibis.null("boolean")
        return table.mutate(group_larger=missing, group_higher_class=missing)
    groups = _with_size_floor(inputs, groups)
    table = _joined(
        table, groups.select(*keys, group_persons=groups[EMPLOYED_PERSONS], group_floor=groups.size_floor), keys
    )
    return table.mutate(
        group_larger=table.group_persons > table[EMPLOYED_PERSONS],
        group_higher_class=_place(table.group_floor) > _place(table.size_floor),
    )


def _keys(unit: str, year: int | None) -> list[str]:
    """Give the key of a table: within one year the unit alone."""
    return [unit, YEAR] if year is None else [unit]


def _joined(table: ir.Table, other: ir.Table, keys: list[str]) -> ir.Table:
    """Add the columns of another table where it has the row."""
    return table.left_join(other, keys).drop(*(f"{key}_right" for key in keys))


def _place(floor: ir.Column) -> ir.Column:
    """Give the place of the size class in ascending order."""
    lower = facts("size_classes")["classes"][SIZE_CLASS]["lower"]
    places = range(len(size_class_labels(SIZE_CLASS)))
    bands = [(floor >= low, place) for low, place in zip(reversed(lower), reversed(places), strict=True)]
    return ibis.cases(*bands, else_=ibis.null("int8"))


def _with_revenue(inputs: _Inputs, table: ir.Table, rules: RuleSet, year: int | None) -> ir.Table:
    """Add the year's revenue: the sum of its quarters where enough of them are present."""
    turnover = inputs.of_year("turnover", year)
    if turnover is None:
        return table.mutate(quarters=ibis.literal(0, SMALL), revenue=ibis.null("float64"))
    keys = _keys(UNIT, year)
    yearly = turnover.group_by(keys).aggregate(
        quarters=turnover.turnover.count().cast(SMALL), turnover=turnover.turnover.sum()
    )
    table = _joined(table, yearly, keys)
    table = table.mutate(quarters=table[QUARTERS].fill_null(0))
    enough = table[QUARTERS] >= rules.min_quarters
    return table.mutate(revenue=ibis.ifelse(enough, table.turnover, ibis.null("float64")))


def _with_investments(inputs: _Inputs, table: ir.Table, year: int | None) -> ir.Table:
    """Add the survey's response and amounts by asset: the row ``total`` where present, else the sum of the components.

    Most rows are totals of units that the office imputed, so the two kinds of rows are summed apart.
    """
    survey = inputs.of_year("investments", year)
    if survey is None:
        empty = {name: ibis.null("float64") for name in _amount_columns()}
        return table.mutate(response=ibis.null("int8"), **empty)
    keys = _keys(UNIT, year)
    totals = survey.filter(survey.component == "total")
    parts = survey.filter(survey.component != "total")
    table = _joined(table, _sums(totals, keys, {f"total_{asset}": asset for asset in assets()}), keys)
    parts = _sums(parts, keys, {f"parts_{asset}": asset for asset in assets()}, own=True)
    table = _joined(table, parts.rename(parts_response="response"), keys)
    amounts = {
        f"investment_{asset}": ibis.coalesce(table[f"total_{asset}"], table[f"parts_{asset}"]) for asset in assets()
    }
    response = ibis.least(table.response, table.parts_response)
    return table.mutate(response=response, **amounts)


def _sums(survey: ir.Table, keys: list[str], names: dict[str, str], *, own: bool = False) -> ir.Table:
    """Sum the amounts of each asset by unit and year, with the best response; ``own`` adds in-house production."""
    place = ibis.cases(*[(survey.response == name, number) for name, number in RESPONSES.items()], else_=3)
    sums = {name: survey.amount.sum(where=survey.asset == asset) for name, asset in names.items()}
    if own:
        made = survey.component == "own_production"
        for asset in assets():
            sums[f"own_production_{asset}"] = survey.amount.sum(where=made & (survey.asset == asset))
    return survey.group_by(keys).aggregate(response=place.min().cast("int8"), **sums)

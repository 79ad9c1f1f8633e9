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
from si_eval.schema import contracts
from si_eval.totals import Detail, fetch_totals, join_totals
from si_eval.vocabulary import (
    AGE,
    DIVISION,
    EMPLOYED_PERSONS,
    ENTRY_YEAR,
    GROUP_ID,
    IMPUTED,
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
OTHER = -1  # the slot of rows that are not added up
ACTIVITY = "activity"  # the division as a number: a code a row, its texts once


def collect(extract: Extract, linkage: Linkage) -> ir.Table:
    """Compute the narrow unit-years once and keep them, year by year where the register is large."""
    tables = _Inputs(extract, linkage)
    engine = extract.engine
    if engines.is_local(engine) and engines.count_rows(tables.of_year("business_units")) > engines.ROWS_AT_ONCE:
        parts = (fetch_totals(_units(tables, year), UNIT, _details(tables, year)) for year in tables.years)
        narrow = engines.keep(engine, parts)
    else:
        narrow = engines.materialise(engine, join_totals(_units(tables), [UNIT, YEAR], _details(tables)))
    components = engines.materialise(engine, _components(tables))
    return _joined(_joined(narrow, components, [UNIT, YEAR]), tables.divisions, [ACTIVITY])


def readable(narrow: ir.Table, rules: RuleSet) -> ir.Table:
    """Add classes, states and indicators to narrow unit-years; they cost nothing until they are asked for."""
    response = ibis.least(narrow.response, narrow.parts_response)
    status = ibis.cases(*[(response == number, name) for name, number in RESPONSES.items()], else_=NOT_COVERED)
    enough = narrow[QUARTERS] >= rules.min_quarters
    used = status.isin(rules.investment_responses)
    missing = ibis.null("float64")
    amounts = {
        f"investment_{asset}": ibis.coalesce(narrow[f"total_{asset}"], narrow[f"parts_{asset}"]) for asset in assets()
    }
    amounts |= {name: narrow[name] for name in (f"own_production_{asset}" for asset in assets())}
    table = narrow.mutate(
        size_class=size_class_of(narrow.size_floor, SIZE_CLASS),
        size_class_4=size_class_of(narrow.size_floor, SIZE_CLASS_4),
        age=narrow[AGE].cast("int64"),
        quarters=narrow[QUARTERS].cast("int64"),
        age_class=age_class_of(narrow[AGE]),
        revenue=ibis.ifelse(enough, narrow.turnover, missing),
        investment_status=status,
        weight=ibis.literal(1.0),
        **{name: ibis.ifelse(used, amount, missing) for name, amount in amounts.items()},
    )
    return add_indicators(table, rules)


class _Inputs:
    """The tables that the panel joins, with the small lookups that are made once."""

    def __init__(self, extract: Extract, linkage: Linkage) -> None:
        engine = self.engine = extract.engine
        self.tables = extract.tables
        register = extract.tables["business_units"]
        self.years = sorted(int(year) for year in engines.fetch(register.select(YEAR).distinct())[YEAR])
        codes = facts("size_classes")["codes"]
        self.codes = engines.from_frame(
            engine, pd.DataFrame({"size_code": list(codes), "code_floor": np.array(list(codes.values()), dtype=float)})
        )
        activities = _activities(register)
        self.activities = engines.from_frame(engine, activities[["sbi", ACTIVITY]])
        self.divisions = engines.from_frame(engine, activities[[ACTIVITY, DIVISION, SECTOR]].drop_duplicates(ACTIVITY))
        units = linkage.units_frame.astype({YEAR: "int64", UNIT: "int64", ENTRY_YEAR: "Int64"})
        self.linked = engines.from_frame(engine, units[[YEAR, UNIT]].assign(linked=True))
        ever = engines.from_frame(engine, units[[UNIT, ENTRY_YEAR]].drop_duplicates(UNIT).assign(ever=True))
        self.ever = ever.cast({ENTRY_YEAR: "int64"})

    def of_year(self, name: str, year: int | None = None) -> ir.Table:
        """Give a raw table, or its rows of one year; without rows where the extract lacks it."""
        table = self.tables.get(name)
        if table is None:
            columns = {column.name: column.type for column in contracts()[name].columns.values()}
            table = engines.without_rows(self.engine, columns)
        return table if year is None else table.filter(table[YEAR] == year)


def _activities(register: ir.Table) -> pd.DataFrame:
    """Give division, its number and section of each SBI code that the register has and the classification knows.

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
    frame = frame.dropna().astype("string")
    return frame.assign(**{ACTIVITY: frame[DIVISION].astype("int8")})


def _units(inputs: _Inputs, year: int | None = None) -> ir.Table:
    """Join the register of one year (or all) with participation and enterprise groups."""
    table = _register(inputs, year)
    table = _with_participation(inputs, table)
    table = _with_groups(inputs, table, year)
    return table.select(
        UNIT, YEAR, "participant", ENTRY_YEAR, EMPLOYED_PERSONS, "size_floor", "code_disagrees", ACTIVITY, AGE,
        "founded_later", GROUP_ID, SHARED_GROUP, "group_larger", "group_higher_class",
    )  # fmt: skip


def _register(inputs: _Inputs, year: int | None) -> ir.Table:
    """Read the register: persons, size, sector, age."""
    register = _with_size_floor(inputs, inputs.of_year("business_units", year))
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
    register = inputs.of_year("business_units", year)
    register = register.filter(register[GROUP_ID].notnull())
    keys = _keys(GROUP_ID, year)
    members = register.group_by(keys).aggregate(members=register.count())
    table = _joined(table, members.filter(members.members > 1), keys)
    table = table.mutate(**{SHARED_GROUP: table.members.notnull()})
    groups = _with_size_floor(inputs, inputs.of_year("enterprise_groups", year))
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


def _details(inputs: _Inputs, year: int | None = None) -> list[Detail]:
    """Give what is added up for each unit: turnover of quarters, and totals of investments by asset.

    Most rows of the survey are totals of units that the office imputed; components are few and added up apart.
    """
    turnover = inputs.of_year("turnover", year)
    survey = inputs.of_year("investments", year)
    totals = survey.filter(survey.component == "total")
    place = ibis.cases(*[(totals.asset == asset, place) for place, asset in enumerate(assets())], else_=OTHER)
    keys = _keys(UNIT, year)
    amounts = totals.select(*keys, slot=place.cast("int8"), value="amount", code=_response_code(totals).cast("int8"))
    return [
        Detail(turnover.select(*keys, slot=ibis.literal(0, "int8"), value="turnover"), ("turnover",), count=QUARTERS),
        Detail(amounts, tuple(f"total_{asset}" for asset in assets()), least="response"),
    ]


def _components(inputs: _Inputs) -> ir.Table:
    """Give, by unit and year, the sum of its components by asset, what was produced in-house, and the best response."""
    survey = inputs.of_year("investments")
    parts = survey.filter(survey.component != "total")
    own = parts.component == "own_production"
    sums: dict[str, ir.Value] = {"parts_response": _response_code(parts).min().cast("int8")}
    for asset in assets():
        sums[f"parts_{asset}"] = parts.amount.sum(where=parts.asset == asset)
        sums[f"own_production_{asset}"] = parts.amount.sum(where=own & (parts.asset == asset))
    return parts.group_by([UNIT, YEAR]).aggregate(**sums)


def _response_code(survey: ir.Table) -> ir.Column:
    return ibis.cases(*[(survey.response == name, number) for name, number in RESPONSES.items()], else_=3)

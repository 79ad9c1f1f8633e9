"""Joins the registers to unit-years, narrow rows of numbers, and adds classes, states and indicators as expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from si_eval import engine
from si_eval.registers.activities import ACTIVITY, divisions_of
from si_eval.registers.classes import age_class_of, size_class_of
from si_eval.registers.continuity import (
    CURRENT,
    PERSONS_BEFORE,
    THERE_BEFORE,
    find_breaks,
    sizes_by_rule,
    with_year_before,
)
from si_eval.registers.deflators import find_factors
from si_eval.registers.indicators import add_indicators
from si_eval.registers.schema import contracts
from si_eval.registers.survey_weights import EARLIER_USED, design_weights, no_strata, stratum_keys, take_other_years
from si_eval.registers.unit_totals import Detail, Lookup, fetch_totals, join_totals, left_join
from si_eval.registry import Deflators, Indicator, RuleSet, assets, facts
from si_eval.results import Extract, Linkage
from si_eval.vocabulary import (
    AGE,
    BE_ID,
    DIVISION,
    EMPLOYED_PERSONS,
    ENTRY_YEAR,
    GROUP_ID,
    IMPUTED,
    JUMPED,
    MUNICIPALITY,
    NONRESPONSE,
    NOT_COVERED,
    OBSERVED,
    PARTICIPANT,
    QUARTERS,
    RESTRUCTURED,
    REVENUE,
    SECTOR,
    SHARED_GROUP,
    SIZE_CLASS,
    SIZE_CLASS_4,
    SIZE_STRATUM,
    STRATUM,
    STRATUM_SAMPLE,
    WEIGHT,
    YEAR,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

RESPONSES = {OBSERVED: 0, IMPUTED: 1, NONRESPONSE: 2}
INT16 = "int16"
RESPONSE = "response"
TURNOVER = "turnover"
INVESTMENT, OWN_PRODUCTION = "investment_", "own_production_"  # prefixes of columns; the asset follows
QUARTERS_A_YEAR = 4
DESIGN = "design"  # weights of the rule set
NO_SLOT = -1  # the slot of rows that are not added up
CURRENT_FLOOR, SET_ASIDE = "current_floor", "set_aside"
BY_RULE = (CURRENT_FLOOR, SET_ASIDE, RESTRUCTURED, JUMPED)  # columns that only some rules add


class UnitYears(NamedTuple):
    """One row a business unit and year, apart those of participants (few, and not searched for), and units by year.

    ``strata`` are those of the investment survey, where the rule set weighs it; ``notes`` tell of price series.
    """

    units: ir.Table
    participants: ir.Table
    per_year: dict[int, int]
    strata: pd.DataFrame
    notes: tuple[str, ...] = ()


def join_unit_years(
    extract: Extract,
    linkage: Linkage,
    indicators: Mapping[str, Indicator],
    rules: RuleSet,
    deflators: Deflators | None = None,
) -> UnitYears:
    """Join the registers to unit-years with classes, states and indicators.

    The joins are computed once, year by year where the register is large, and stored as narrow rows of numbers.
    Classes, states and indicators are expressions over these: they cost nothing until they are asked for. Amounts are
    in prices of one year where there are ``deflators``, before anything is made of them.
    """
    inputs = _Inputs(extract, linkage, rules)
    connection = extract.engine
    if engine.is_local(connection) and sum(inputs.per_year.values()) > engine.MAX_ROWS_AT_ONCE:
        participant_parts: list[pa.Table] = []
        narrow = engine.spill_to_parquet(connection, _iter_years(inputs, participant_parts))
        participants = engine.from_arrow(connection, pa.concat_tables(participant_parts))
    else:
        narrow = _all_years(inputs)
        participants = narrow.filter(narrow[PARTICIPANT])
    notes: tuple[str, ...] = ()
    if deflators is not None:
        money = {TURNOVER: REVENUE, **{name: name for name in _amounts()}}
        factors = find_factors(connection, narrow, deflators, activity=_division, columns=money)
        narrow, participants, notes = factors.apply(narrow), factors.apply(participants), factors.notes
    narrow, participants = take_other_years([narrow, participants], rules, _amounts(), RESPONSE, used=_is_used)
    strata = _strata(narrow, rules) if rules.weights == DESIGN else no_strata()
    tables = (_with_weights(inputs, table, rules, strata) for table in (narrow, participants))
    units, apart = (_describe(left_join(table, inputs.divisions, [ACTIVITY]), indicators, rules) for table in tables)
    return UnitYears(units, apart, inputs.per_year, strata, notes)


def investment_flags(units: ir.Table) -> dict[str, ir.Column]:
    """Compute, for each investment status, which unit-years have it."""
    flags = {name: (units[RESPONSE] == number).fill_null(False) for name, number in RESPONSES.items()}
    return flags | {NOT_COVERED: ~ibis.or_(*flags.values())}


def _iter_years(inputs: _Inputs, participants: list[pa.Table]) -> Iterator[pa.Table]:
    """Yield the narrow unit-years of one year after the other; append those of participants to the list."""
    for year in inputs.per_year:
        units = fetch_totals(*_sources(inputs, year))
        participants.append(units.filter(units[PARTICIPANT]))
        yield units
        del units  # before the next year is read


def _all_years(inputs: _Inputs) -> ir.Table:
    """Join the narrow unit-years of all years: added up in arrays, or by an engine that is not of this process."""
    if engine.is_local(inputs.connection):
        return engine.from_arrow(inputs.connection, fetch_totals(*_sources(inputs)))
    return engine.materialise(inputs.connection, join_totals(*_sources(inputs)))


def _sources(inputs: _Inputs, year: int | None = None) -> tuple[ir.Table, list[str], list[Lookup], list[Detail]]:
    """List the units of one year (or all), their key, and what is left_join to them."""
    return _units(inputs, year), _keys(BE_ID, year), _groups(inputs, year), _details(inputs, year)


def _division(units: ir.Table) -> ir.Value:
    """Write the division of each unit as text."""
    return units[ACTIVITY].cast("string").lpad(2, "0")


def _amounts() -> list[str]:
    """Name the columns with amounts invested and made by the unit itself."""
    return [kind + asset for kind in (INVESTMENT, OWN_PRODUCTION) for asset in assets()]


def _is_used(units: ir.Table, rules: RuleSet) -> ir.BooleanColumn:
    """Whether the investments of each unit count under the rule set, in each of the years that are added up."""
    used = units[RESPONSE].isin([RESPONSES[name] for name in rules.investment_responses])
    return used & units[EARLIER_USED] if EARLIER_USED in units.columns else used


def _strata(narrow: ir.Table, rules: RuleSet) -> pd.DataFrame:
    """List the strata of the survey with their weights."""
    units = narrow.mutate(**_stratum_keys(narrow))
    return design_weights(units, _is_used(units, rules), units[RESPONSE].notnull(), rules)


def _stratum_keys(units: ir.Table) -> dict[str, ir.Column]:
    """Compute the stratum that units were drawn in: by their size in the year, however they are shown."""
    floor = units[CURRENT_FLOOR] if CURRENT_FLOOR in units.columns else units.size_floor
    return stratum_keys(units[ACTIVITY], floor)


def _with_weights(inputs: _Inputs, units: ir.Table, rules: RuleSet, strata: pd.DataFrame) -> ir.Table:
    """Add the weight of each unit: 1, or where the survey is weighed that of its stratum, if it is used."""
    if rules.weights != DESIGN:
        return units.mutate(**{WEIGHT: ibis.literal(1.0)})
    keys = [YEAR, DIVISION, SIZE_STRATUM]
    columns = [WEIGHT, STRATUM, STRATUM_SAMPLE]
    kinds = dict.fromkeys([YEAR, STRATUM], "int64") | dict.fromkeys([DIVISION, SIZE_STRATUM], "int16")
    kinds |= dict.fromkeys([WEIGHT, STRATUM_SAMPLE], "float64")
    lookup = engine.from_frame(inputs.connection, strata[[*keys, *columns]].astype(kinds))
    joined = left_join(units.mutate(**_stratum_keys(units)), lookup, keys)
    used = _is_used(units, rules)
    weighed = {name: ibis.ifelse(used, joined[name], ibis.null(joined[name].type())) for name in columns}
    return joined.mutate(**weighed).drop(DIVISION, SIZE_STRATUM)


def _describe(narrow: ir.Table, indicators: Mapping[str, Indicator], rules: RuleSet) -> ir.Table:
    """Add classes, states and indicators to narrow unit-years."""
    status = ibis.cases(*[(narrow[RESPONSE] == number, name) for name, number in RESPONSES.items()], else_=NOT_COVERED)
    enough = narrow[QUARTERS] >= rules.min_quarters
    used = _is_used(narrow, rules)
    missing = ibis.null("float64")
    amounts = _amounts()
    aside = narrow[SET_ASIDE] if SET_ASIDE in narrow.columns else ibis.literal(False)
    current = narrow[CURRENT_FLOOR] if CURRENT_FLOOR in narrow.columns else narrow.size_floor
    flags = {name: ibis.null("boolean") for name in (RESTRUCTURED, JUMPED) if name not in narrow.columns}
    table = narrow.mutate(
        size_class=size_class_of(narrow.size_floor, SIZE_CLASS),
        size_class_4=size_class_of(narrow.size_floor, SIZE_CLASS_4),
        age=narrow[AGE].cast("int64"),
        quarters=narrow[QUARTERS].cast("int64"),
        age_class=age_class_of(narrow[AGE]),
        revenue=ibis.ifelse(enough & ~aside, narrow.turnover, missing),
        investment_status=status,
        group_larger=narrow.group_persons > narrow[EMPLOYED_PERSONS],
        group_higher_class=narrow.group_rank > _size_rank(current),
        current_size_class=size_class_of(current, SIZE_CLASS),
        current_size_class_4=size_class_of(current, SIZE_CLASS_4),
        **flags,
        **{name: ibis.ifelse(used & ~aside, narrow[name], missing) for name in amounts},
    )
    return add_indicators(table, indicators, rules)


class _Inputs:
    """The tables that the panel joins, with the small lookups that are made once."""

    def __init__(self, extract: Extract, linkage: Linkage, rules: RuleSet) -> None:
        connection = self.connection = extract.engine
        self.tables = extract.tables
        register = extract.tables["business_units"]
        counts = engine.fetch(register.group_by(YEAR).aggregate(units=ibis._.count()).order_by(YEAR))
        self.per_year = {int(year): int(units) for year, units in counts.itertuples(index=False)}
        self.codes = engine.from_frame(connection, _size_codes())
        activities = divisions_of(register)
        self.activities = engine.from_frame(connection, activities[["sbi", ACTIVITY]])
        self.divisions = engine.from_frame(
            connection, activities[[ACTIVITY, DIVISION, SECTOR]].drop_duplicates(ACTIVITY)
        )
        participation = engine.from_frame(connection, _participation(linkage, list(self.per_year)))
        self.participation = participation.cast({ENTRY_YEAR: "int64"})
        self.rules = rules
        self.sizes = self._sizes(linkage) if rules.size_rule != CURRENT else None
        breaks = find_breaks(self.tables, list(self.per_year)) if rules.breaks != "ignore" else None
        self.breaks = None if breaks is None else engine.materialise(connection, breaks)

    def _sizes(self, linkage: Linkage) -> ir.Table:
        """Compute the one size of each unit."""
        entries = linkage.units_frame[ENTRY_YEAR].dropna()
        first_entry = int(entries.min()) if len(entries) else min(self.per_year, default=0) + 1
        register = _with_size_floor(self, self.of_year("business_units"))
        return engine.materialise(self.connection, sizes_by_rule(register, self.rules.size_rule, first_entry))

    def of_year(self, name: str, year: int | None = None) -> ir.Table:
        """Return a raw table, or its rows of one year; without rows where the extract lacks it."""
        table = self.tables.get(name)
        if table is None:
            columns = {column.name: column.type for column in contracts()[name].columns.values()}
            table = engine.empty_table(self.connection, columns)
        return table if year is None else table.filter(table[YEAR] == year)


def _participation(linkage: Linkage, years: Sequence[int]) -> pd.DataFrame:
    """List, for each unit that is ever linked and each year, whether it is linked in that year, and its entry year."""
    units = linkage.units_frame.astype({YEAR: "int64", BE_ID: "int64", ENTRY_YEAR: "Int64"})
    ever = units[[BE_ID, ENTRY_YEAR]].drop_duplicates(BE_ID).merge(pd.DataFrame({YEAR: years}, dtype="int64"), "cross")
    return ever.merge(units[[BE_ID, YEAR]].drop_duplicates().assign(linked=True), "left").fillna({"linked": False})


def _size_codes() -> pd.DataFrame:
    """List the lowest number of persons of each size code."""
    codes = facts("size_classes")["codes"]
    return pd.DataFrame({"size_code": list(codes), "code_floor": np.array(list(codes.values()), dtype=float)})


def _units(inputs: _Inputs, year: int | None = None) -> ir.Table:
    """Join the register of one year (or all) with participation."""
    table = _register(inputs, year)
    table = _with_participation(inputs, table, year)
    return table.select(
        BE_ID, YEAR, PARTICIPANT, ENTRY_YEAR, EMPLOYED_PERSONS, "size_floor", "code_disagrees", ACTIVITY, AGE,
        "founded_later", GROUP_ID, MUNICIPALITY, *(name for name in BY_RULE if name in table.columns),
    )  # fmt: skip


def _register(inputs: _Inputs, year: int | None) -> ir.Table:
    """Read the register: persons, size, sector, age."""
    register = _with_size_floor(inputs, inputs.of_year("business_units", year))
    register = register.left_join(inputs.activities, "sbi").drop("sbi_right")
    age = (register[YEAR] - register.founded.year()).cast(INT16)
    disagrees = _size_rank(register.code_floor) != _size_rank(register[EMPLOYED_PERSONS])
    register = register.mutate(
        age=ibis.ifelse(age >= 0, age, ibis.null(INT16)),
        founded_later=(age < 0).fill_null(False),
        code_disagrees=disagrees.fill_null(False),
        municipality=register[MUNICIPALITY].try_cast(INT16),  # the office numbers them
    )
    return _with_other_years(inputs, register, year)


def _with_other_years(inputs: _Inputs, register: ir.Table, year: int | None) -> ir.Table:
    """Apply the rules that look at other years of a unit: its size, its persons, and whether its figures count."""
    rules, keys = inputs.rules, _keys(BE_ID, year)
    asides = []
    if inputs.sizes is not None:
        register = register.rename(**{CURRENT_FLOOR: "size_floor"})
        register = left_join(register, inputs.sizes, [BE_ID])
    if rules.persons == "two_decembers" or rules.alive == "whole_year":
        before = inputs.of_year("business_units", None if year is None else year - 1)
        before = before.mutate(**{YEAR: before[YEAR] + 1}) if year is None else before
        register = with_year_before(register, before, keys)
        first = register[YEAR] == min(inputs.per_year, default=0)
        asides.append(~(register[THERE_BEFORE] | first & (register[AGE] != 0).fill_null(True)))
        mean = (register[EMPLOYED_PERSONS] + register[PERSONS_BEFORE]) / 2
        if rules.persons == "two_decembers":
            register = register.mutate(**{EMPLOYED_PERSONS: ibis.coalesce(mean, register[EMPLOYED_PERSONS])})
        if rules.alive != "whole_year":
            asides.clear()
    if inputs.breaks is not None:
        flags = inputs.breaks if year is None else inputs.breaks.filter(inputs.breaks[YEAR] == year)
        register = left_join(register, flags.select(*keys, RESTRUCTURED, JUMPED), keys)
        register = register.mutate(**{name: register[name].fill_null(False) for name in (RESTRUCTURED, JUMPED)})
        if rules.breaks == "leave_out":
            others = inputs.breaks.filter(inputs.breaks[RESTRUCTURED])
            asides.append(register[BE_ID].isin(others[BE_ID]))
    return register.mutate(**{SET_ASIDE: ibis.or_(*asides)}) if asides else register


def _with_size_floor(inputs: _Inputs, table: ir.Table) -> ir.Table:
    """Add ``size_floor``: the lowest number of persons of a known size code, else the persons employed."""
    table = table.left_join(inputs.codes, "size_code").drop("size_code_right")
    return table.mutate(size_floor=ibis.coalesce(table.code_floor, table[EMPLOYED_PERSONS]))


def _with_participation(inputs: _Inputs, table: ir.Table, year: int | None) -> ir.Table:
    """Add ``participant`` (true, false, or missing where linked in other years only) and ``entry_year``."""
    participation, keys = inputs.participation, _keys(BE_ID, year)
    if year is not None:
        participation = participation.filter(participation[YEAR] == year)
    table = left_join(table, participation.select(*keys, ENTRY_YEAR, "linked"), keys)
    return table.mutate(participant=ibis.ifelse(table.linked.isnull(), False, table.linked.nullif(False)))


def _groups(inputs: _Inputs, year: int | None = None) -> list[Lookup]:
    """Look up enterprise groups: whether a group has several units, the persons that it employs, its size class."""
    groups = _with_size_floor(inputs, inputs.of_year("enterprise_groups", year))
    keys = _keys(GROUP_ID, year)
    sizes = groups.select(*keys, group_persons=groups[EMPLOYED_PERSONS], group_rank=_size_rank(groups.size_floor))
    return [Lookup(GROUP_ID, sizes, SHARED_GROUP)]


def _keys(id_column: str, year: int | None) -> list[str]:
    """Name the key of a table: within one year the unit alone."""
    return [id_column, YEAR] if year is None else [id_column]


def _size_rank(persons: ir.Column) -> ir.Column:
    """Rank size classes in ascending order, from 0."""
    lower = facts("size_classes")["classes"][SIZE_CLASS]["lower"]
    bands = [(persons >= low, place) for place, low in reversed(list(enumerate(lower)))]
    return ibis.cases(*bands, else_=ibis.null("int8")).cast("int8")


def _details(inputs: _Inputs, year: int | None = None) -> list[Detail]:
    """List what is added up for each unit: turnover of quarters, and investments by asset.

    Most rows of the survey are totals of units that the office imputed. A unit without a total of an asset has the sum
    of its components.
    """
    turnover = inputs.of_year(TURNOVER, year)
    survey = inputs.of_year("investments", year)
    component = survey.component
    kind = ibis.cases((component == "total", 0), (component == "own_production", 2), (component.notnull(), 1))
    asset = ibis.cases(*[(survey.asset == asset, place) for place, asset in enumerate(assets())])
    slot = (asset + kind * len(assets())).fill_null(NO_SLOT)
    keys = _keys(BE_ID, year)
    rank = (turnover.quarter - 1).clip(0, QUARTERS_A_YEAR - 1).cast("int8")
    quarters = turnover.select(*keys, slot=ibis.literal(0, "int8"), value=TURNOVER, rank=rank)
    components = contracts()["investments"].columns["component"].options
    order = ibis.cases(*[(component == name, rank) for rank, name in enumerate(components)], else_=0)
    amounts = survey.select(
        *keys, slot=slot.cast("int8"), value="amount", code=_response_code(survey).cast("int8"), rank=order.cast("int8")
    )
    others, own = ([place + kind * len(assets()) for place in range(len(assets()))] for kind in (1, 2))
    further: dict[str, tuple[int, ...]] = {}
    for place, asset in enumerate(assets()):
        further[INVESTMENT + asset] = (others[place], own[place])
        further[OWN_PRODUCTION + asset] = (own[place],)
    return [
        Detail(quarters, (TURNOVER,), count=QUARTERS, ranks=QUARTERS_A_YEAR),
        Detail(
            amounts, tuple(INVESTMENT + asset for asset in assets()), further, least=RESPONSE, ranks=len(components)
        ),
    ]


def _response_code(survey: ir.Table) -> ir.Column:
    """Map responses to numbers; unknown ones come last."""
    return ibis.cases(*[(survey.response == name, number) for name, number in RESPONSES.items()], else_=3)

"""Any firm-by-year data frame as a Panel, so that the comparisons run on other programmes' data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pandas.api.extensions import ExtensionArray

from si_eval import engine
from si_eval.errors import InputError
from si_eval.registers.any_frame.columns import Codes, Numbers, read_ids, read_numbers, read_texts, read_years
from si_eval.registers.any_frame.declared import DeclaredColumns, add_declared, read_activity, read_age, read_declared
from si_eval.registers.any_frame.entries import settle_entries
from si_eval.registers.any_frame.keys import key_problems, value_problems
from si_eval.registers.any_frame.names import REVENUE_PER_EMPLOYEE, NamedColumns, find_columns
from si_eval.registers.classes import age_class_of, size_class_of
from si_eval.registers.continuity import CURRENT, SIZE_FLOOR, sizes_by_rule
from si_eval.registers.deflators import PriceFactors, find_factors
from si_eval.registers.identity import identity_of_frame
from si_eval.registers.indicators import add_indicators
from si_eval.registers.outliers import no_outliers
from si_eval.registry import (
    REGISTER_VALUE,
    Declarations,
    Declares,
    Deflators,
    Indicator,
    RuleSet,
    indicators,
    rule_set,
)
from si_eval.registry.deflators import (
    NOMINAL,
    money_columns,
    priced_indicators,
    refuse_unknown,
    refuse_unpriced,
)
from si_eval.results import Panel, simulation_of
from si_eval.vocabulary import (
    AGE,
    AGE_CLASS,
    BE_ID,
    CURRENT_SIZE_CLASS,
    CURRENT_SIZE_CLASS_4,
    DIVISION,
    EMPLOYED_PERSONS,
    ENTRY_YEAR,
    GROUP,
    GROUP_ID,
    MUNICIPALITY,
    NON_PARTICIPANTS,
    PARTICIPANT,
    PARTICIPANTS,
    PARTICIPATION_ENDED,
    REVENUE,
    SECTOR,
    SHARED_GROUP,
    SIZE_CLASS,
    SIZE_CLASS_4,
    WEIGHT,
    YEAR,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from si_eval.engine import Engine

OWN_FLOOR = "own_size_floor"
ACTIVITY, FOUNDED = "activity", "founded"  # arguments whose columns are read as others of the panel
UNIT = "unit"  # the argument that names the column of the firms; the others are spelled as columns of the panel


def panel_from_frame(
    frame: pd.DataFrame,
    *,
    unit: str,
    year: str,
    participant: str,
    employed_persons: str | None = None,
    revenue: str | None = None,
    entry_year: str | None = None,
    sector: str | None = None,
    group: str | None = None,
    municipality: str | None = None,
    activity: str | None = None,
    founded: str | None = None,
    extra: Sequence[str] = (),
    rules: str | RuleSet = "replicate_2020",
    study: Declares | None = None,
    deflators: Deflators | None = None,
) -> Panel:
    """Make a panel of any data frame with one row a firm and year.

    Use it for a programme without registers: comparisons, checks and effects run on its panel as on any other. The
    frame is left as it is; one that was simulated (`simulate_firms`) keeps that label in all results.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a unit and year. Columns may be of any type that holds numbers, texts or dates (nullable, categorical,
        sparse and Arrow types too); texts of numbers follow the rule of all readers. The index is not read.
    unit, year : str
        Columns with the firm and the year; together they name each row once. Years are whole numbers (periods since an
        event too), their texts, or dates and periods, which stand for their calendar year. Identifiers are whole
        numbers or texts.
    participant : str
        Column with 1 (or true) in the years of taking part, 0 in others; missing puts the row in no group. A unit that
        is 1 in any year is a participant in all of its years.
    employed_persons : str, optional
        Column with the number of persons employed; size classes follow from it.
    revenue : str, optional
        Column with the revenue, in any unit of measure. With ``employed_persons``, revenue per employee follows.
    entry_year : str, optional
        Column with the first year of taking part, one a unit, as year or date. Missing and 0 say that there is none
        (0 is a year where the years of the frame go around it): never, or unknown of a unit that takes part. Infinite
        says never. Default: the first year in which ``participant`` is 1.
    sector : str, optional
        Column with the sector.
    group : str, optional
        Column with the enterprise group that a unit belongs to: a cluster in comparisons, counted by disclosure
        control.
    municipality : str, optional
        Column with the municipality, which a comparison away from participants (``against="donut"``) needs.
    activity : str, optional
        Column with the code of economic activity (NACE Rev. 2, SBI 2008, ISIC 4: with or without dots, or a section's
        letter); sector and division follow from it. Not beside ``sector``.
    founded : str, optional
        Column with the date or year in which the unit was founded; its age follows.
    extra : sequence of str, optional
        Columns that become indicators under their own names, in their own units. Words that a panel or a table uses
        itself (``weight``, ``records``) are refused.
    rules : str or RuleSet, default "replicate_2020"
        How figures per employee are made and how groups are compared. Units are not set aside as outliers here.
    study : Study, optional
        From `load_study`: its currency, and the indicators, splits and comparison groups that it declares, which are
        made of columns of the frame, and its deflators.
    deflators : Deflators, optional
        From `read_deflators`: revenue and other columns of money are expressed in prices of one year; series by
        activity need ``activity``, or sections in ``sector``.

    Returns
    -------
    Panel
        ``to_frame()`` has one row a unit and year under the panel's names (``be_id, year, participant, entry_year,
        participation_ended, employed_persons, size_class, size_class_4, sector, group_id``) and one column an
        indicator. ``participation_ended`` is true in the years after the last one of taking part. ``notes`` (and
        ``summary()``) say what is read in a way that one may want to know: units that stop taking part, participants
        without a year of entry, identifiers that differ in capitals alone.

    Raises
    ------
    InputError
        With every problem at once: columns that are not there, used twice or named like the panel's own; values that
        are no numbers, or infinite; missing or duplicate unit-years (a firm by quarter has several); years with
        decimals; identifiers that read alike or that their type rounds; negative persons; an entry that no year can
        be, that differs within a unit, or that contradicts participation; a frame without rows.

    Examples
    --------
    >>> import pandas as pd
    >>> import si_eval as se
    >>> firms = pd.DataFrame({"firm": ["a", "a", "b", "b"], "year": [2014, 2015] * 2, "joined": [0, 1, 0, 0],
    ...                       "staff": [10, 12, 3, 4], "sales": [100.0, 240.0, 30.0, 44.0]})
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="joined", employed_persons="staff",
    ...                             revenue="sales")
    >>> columns = ["year", "participant", "entry_year", "size_class", "revenue_per_employee"]
    >>> print(panel.to_frame()[columns].to_string(index=False))
     year  participant  entry_year size_class  revenue_per_employee
     2014         True        2015      10-49                  10.0
     2015         True        2015      10-49                  20.0
     2014        False        <NA>        2-9                  10.0
     2015        False        <NA>        2-9                  11.0
    """
    names: dict[str, str | None] = {
        "unit": unit, "year": year, "participant": participant, "employed_persons": employed_persons,
        "revenue": revenue, "entry_year": entry_year, "sector": sector, "group": group,
        "municipality": municipality, ACTIVITY: activity, FOUNDED: founded,
    }  # fmt: skip
    declared = Declarations() if study is None else study.declared
    found = find_columns(frame, names, extra)
    columns, notes, codes = _read_columns(found, names, read_declared(frame, declared))
    known = _known(names, None if study is None else declared.currency)
    for name in extra:
        known[name] = Indicator(name=name, function=REGISTER_VALUE, unit=name, domain="register", nl=name, en=name)
    known |= declared.indicators
    prices = declared.deflators if deflators is None else deflators
    further = () if prices is None else prices.columns
    rules = rule_set(rules)
    connection = engine.open_engine()
    content = pd.DataFrame(columns)
    factors = None if prices is None else _factors(connection, content, known, prices)
    table = _table(connection, content, known, declared, rules, factors)
    years, counts = np.unique(np.asarray(columns[YEAR]), return_counts=True)
    return Panel(
        table=table,
        rules=rules,
        indicators=known,
        per_year=dict(zip(years.tolist(), counts.tolist(), strict=True)),
        count_coverage=partial(_count_coverage, table),
        outlier_frame=no_outliers(),
        identity=identity_of_frame(
            content, rules, unit, codes[UNIT].ids, codes[GROUP].ids if GROUP in codes else None, prices
        ),
        simulation=simulation_of(frame.attrs),
        notes=notes if factors is None else (*notes, *factors.notes),
        prices=NOMINAL if prices is None else str(prices.base_year),
        priced=priced_indicators(known, further),
    )


def _known(names: Mapping[str, str | None], currency: str | None) -> dict[str, Indicator]:
    """Return the registry's indicators that the frame can fill, in the frame's own units or in a study's currency."""
    if currency is not None:
        arguments = {"revenue": REVENUE, "employed_persons": EMPLOYED_PERSONS, FOUNDED: AGE}
        filled = {column for argument, column in arguments.items() if names[argument] is not None}
        return {name: one for name, one in indicators(currency).items() if set(one.needs) <= filled and one.needs}
    revenue, employed_persons = names["revenue"], names["employed_persons"]
    units = {}
    if revenue is not None:
        units[REVENUE] = str(revenue)
    if employed_persons is not None:
        units[EMPLOYED_PERSONS] = "persons"
    if revenue is not None and employed_persons is not None:
        units[REVENUE_PER_EMPLOYEE] = f"{revenue} / {employed_persons}"
    return {name: replace(indicators()[name], unit=unit) for name, unit in units.items()}


def _read_columns(
    found: NamedColumns, names: Mapping[str, str | None], declared: DeclaredColumns
) -> tuple[dict[str, ArrayLike | ExtensionArray], tuple[str, ...], Mapping[str, Codes]]:
    """Read every column under the panel's names, and the codes of units, groups and years.

    Raises `InputError` with all problems of names and values.
    """
    problems = [*found.problems, *declared.problems]
    notes: list[str] = list(declared.notes)
    codes = {argument: read_ids(found.columns[argument], names[argument]) for argument in (UNIT, GROUP, MUNICIPALITY)
             if argument in found.columns}  # fmt: skip
    if YEAR in found.columns:
        codes[YEAR] = read_years(found.columns[YEAR], names[YEAR])
    numbers = {argument: read_numbers(found.columns[argument], names[argument])
               for argument in (PARTICIPANT, EMPLOYED_PERSONS, REVENUE) if argument in found.columns}  # fmt: skip
    more = {name: read_numbers(column, name) for name, column in found.extra.items()}
    read: list[Codes | Numbers] = [*codes.values(), *numbers.values(), *more.values()]
    for column in read:
        problems += column.problems
        notes += column.notes
    described: dict[str, ArrayLike | ExtensionArray] = {}
    if SECTOR in found.columns:
        described[SECTOR], wrong = read_texts(found.columns[SECTOR], names[SECTOR])
        problems += wrong
    if ACTIVITY in found.columns:
        of_codes, wrong, remarks = read_activity(found.columns[ACTIVITY], names[ACTIVITY])
        described |= of_codes
        problems += wrong
        notes += remarks
    if FOUNDED in found.columns and YEAR in codes:
        age = read_age(found.columns[FOUNDED], codes[YEAR].values.astype(np.float64), names[FOUNDED])
        described[AGE] = age.values
        problems += age.problems
        notes += age.notes
    keyed = UNIT in codes and YEAR in codes
    problems.extend(key_problems(codes[UNIT], codes[YEAR], names) if keyed else ())
    problems += value_problems(numbers, names)
    entries = None
    if keyed and PARTICIPANT in numbers and not (codes[UNIT].problems or codes[YEAR].problems):
        part = np.where(np.isin(numbers[PARTICIPANT].values, (0, 1)), numbers[PARTICIPANT].values, np.nan)
        key = codes[UNIT].values, codes[YEAR].values
        entries = settle_entries(*key, part, found.columns.get(ENTRY_YEAR), (names[PARTICIPANT], names[ENTRY_YEAR]))
        problems += entries.problems
        notes += entries.notes
    if problems or entries is None:
        raise InputError(problems, what="the data frame")
    missing = np.full(len(entries.year), np.nan)
    holding, town = codes.get(GROUP), codes.get(MUNICIPALITY)
    return (
        {
            BE_ID: codes[UNIT].values,
            YEAR: codes[YEAR].values,
            PARTICIPANT: entries.participant,
            ENTRY_YEAR: entries.year,
            PARTICIPATION_ENDED: entries.ended,
            SECTOR: pd.Series(pd.NA, index=range(len(missing)), dtype="string"),
            **described,
            GROUP_ID: missing if holding is None else np.where(holding.known, holding.values, np.nan),
            **({} if town is None else {MUNICIPALITY: np.where(town.known, town.values, np.nan)}),
            EMPLOYED_PERSONS: numbers[EMPLOYED_PERSONS].values if EMPLOYED_PERSONS in numbers else missing,
            **({REVENUE: numbers[REVENUE].values} if REVENUE in numbers else {}),
            **{name: column.values for name, column in more.items()},
            **{name: column for name, column in declared.columns.items() if name not in more},
        },
        tuple(notes),
        codes,
    )


def _factors(
    connection: Engine, columns: pd.DataFrame, known: Mapping[str, Indicator], deflators: Deflators
) -> PriceFactors:
    """Find the price factors of the frame's columns of money."""
    refuse_unpriced(known, deflators)
    refuse_unknown(deflators, columns, known)
    priced = money_columns(known, deflators.columns)
    money = {name: name for name in columns if name in priced}
    table = engine.from_frame(connection, columns[[YEAR, *(n for n in (DIVISION, SECTOR) if n in columns), *money]])
    table = table.mutate(**{name: table[name].nullif(float("nan")) for name in money})
    return find_factors(connection, table, deflators, activity=_activity, columns=money)


def _activity(table: ir.Table) -> ir.Value:
    """Return the division of each row, or its section where that is all that is known."""
    section = table[SECTOR].cast("string")
    return ibis.coalesce(table[DIVISION].cast("string"), section) if DIVISION in table.columns else section


def _table(
    connection: Engine,
    columns: pd.DataFrame,
    known: Mapping[str, Indicator],
    declared: Declarations,
    rules: RuleSet,
    factors: PriceFactors | None,
) -> ir.Table:
    """Put the columns in an engine and add classes, indicators, splits and comparison groups."""
    whole = [name for name in (ENTRY_YEAR, GROUP_ID, MUNICIPALITY) if name in columns]
    table = engine.from_frame(connection, columns).cast(dict.fromkeys(whole, "int64"))
    table = table if factors is None else factors.apply(table)
    persons = table[EMPLOYED_PERSONS].nullif(float("nan"))
    table = table.mutate(**{EMPLOYED_PERSONS: persons, SIZE_FLOOR: persons})
    current = table[SIZE_FLOOR]
    if rules.size_rule != CURRENT:
        entries = columns[ENTRY_YEAR].dropna()
        first_entry = entries.min() if len(entries) else columns[YEAR].min() + 1
        sizes = sizes_by_rule(table, rules.size_rule, int(first_entry))
        table = table.rename(**{OWN_FLOOR: SIZE_FLOOR}).left_join(sizes, BE_ID).drop(f"{BE_ID}_right")
        current = table[OWN_FLOOR]
    size = table[SIZE_FLOOR]
    table = table.mutate(
        **{
            SIZE_CLASS: size_class_of(size, SIZE_CLASS),
            SIZE_CLASS_4: size_class_of(size, SIZE_CLASS_4),
            CURRENT_SIZE_CLASS: size_class_of(current, SIZE_CLASS),
            CURRENT_SIZE_CLASS_4: size_class_of(current, SIZE_CLASS_4),
            WEIGHT: ibis.literal(1.0),
            SHARED_GROUP: table[GROUP_ID].notnull(),
        }
    )
    table = table.drop(*(name for name in (SIZE_FLOOR, OWN_FLOOR) if name in table.columns))
    if AGE in columns:
        table = table.mutate(**{AGE: table[AGE].cast("int64"), AGE_CLASS: age_class_of(table[AGE])})
    table = add_indicators(table, known, rules)
    return engine.materialise(connection, add_declared(table, declared))


def _count_coverage(table: ir.Table) -> pd.DataFrame:
    """Count the units by year and group."""
    group = ibis.cases((table[PARTICIPANT], PARTICIPANTS), (~table[PARTICIPANT], NON_PARTICIPANTS), else_="unknown")
    counts = table.mutate(group=group).group_by([YEAR, "group"]).aggregate(n_units=ibis._.count())
    frame = engine.fetch(counts).assign(measure="units")
    return frame[[YEAR, "group", "measure", "n_units"]].sort_values([YEAR, "group"], ignore_index=True)

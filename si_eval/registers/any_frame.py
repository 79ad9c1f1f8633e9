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
from si_eval.errors import InputError, Problem
from si_eval.registers.classes import size_class_of
from si_eval.registers.indicators import add_indicators
from si_eval.registers.outliers import no_outliers
from si_eval.registry import REGISTER_VALUE, Indicator, RuleSet, indicators, rule_set
from si_eval.results import SIMULATION, Panel
from si_eval.stats import FloatArray
from si_eval.vocabulary import (
    BE_ID,
    EMPLOYED_PERSONS,
    ENTRY_YEAR,
    GROUP_ID,
    NON_PARTICIPANTS,
    PARTICIPANT,
    PARTICIPANTS,
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

REVENUE_PER_EMPLOYEE = "revenue_per_employee"
MAX_EXAMPLES = 3


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
    extra: Sequence[str] = (),
) -> Panel:
    """Make a panel of any data frame with one row a firm and year.

    Use it for a programme without registers: comparisons, checks and effects run on its panel as on any other. The
    frame is left as it is; one that was simulated (`simulate_firms`) keeps that label in all results.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a unit and year.
    unit, year : str
        Columns with the firm and the calendar year; together they name each row once.
    participant : str
        Column with 1 (or true) in the years of taking part, 0 in others; missing puts the row in no group. A unit that
        is 1 in any year is a participant in all of its years.
    employed_persons : str, optional
        Column with the number of persons employed; size classes follow from it.
    revenue : str, optional
        Column with the revenue, in any unit of measure. With ``employed_persons``, revenue per employee follows.
    entry_year : str, optional
        Column with the first year of taking part. Default: the first year in which ``participant`` is 1.
    sector : str, optional
        Column with the sector.
    group : str, optional
        Column with the enterprise group that a unit belongs to; disclosure control counts groups.
    extra : sequence of str, optional
        Columns that become indicators under their own names, in their own units.

    Returns
    -------
    Panel
        ``to_frame()`` has one row a unit and year under the panel's names (``be_id, year, participant, entry_year,
        employed_persons, size_class, size_class_4, sector, group_id``) and one column an indicator.

    Raises
    ------
    InputError
        With every problem at once: columns that are not there, text where numbers are expected, missing or duplicate
        unit-years, negative persons, a frame without rows.

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
    numeric = [name for name in (participant, employed_persons, revenue, entry_year, *extra) if name is not None]
    named = [name for name in (unit, year, sector, group) if name is not None]
    _check(frame, unit, year, participant, employed_persons, numeric, [*named, *numeric])
    columns = _columns(frame, unit, year, participant, entry_year, sector, group)
    columns[EMPLOYED_PERSONS] = _numbers(frame, employed_persons)
    known = _known(employed_persons, revenue)
    if revenue is not None:
        columns[REVENUE] = _numbers(frame, revenue)
    for name in extra:
        columns[name] = _numbers(frame, name)
        known[name] = Indicator(name=name, function=REGISTER_VALUE, unit=name, domain="register", nl=name, en=name)
    rules = rule_set("replicate_2020")
    connection = engine.open_engine()
    table = _table(connection, pd.DataFrame(columns), known, rules)
    years, counts = np.unique(np.asarray(columns[YEAR]), return_counts=True)
    return Panel(
        table=table,
        rules=rules,
        indicators=known,
        per_year=dict(zip(years.tolist(), counts.tolist(), strict=True)),
        count_coverage=partial(_count_coverage, table),
        outlier_frame=no_outliers(),
        simulation=frame.attrs.get(SIMULATION),
    )


def _known(employed_persons: str | None, revenue: str | None) -> dict[str, Indicator]:
    """Return the registry's indicators that the frame can fill, in the frame's own units."""
    units = {}
    if revenue is not None:
        units[REVENUE] = revenue
    if employed_persons is not None:
        units[EMPLOYED_PERSONS] = "persons"
    if revenue is not None and employed_persons is not None:
        units[REVENUE_PER_EMPLOYEE] = f"{revenue} / {employed_persons}"
    return {name: replace(indicators()[name], unit=unit) for name, unit in units.items()}


def _check(
    frame: pd.DataFrame,
    unit: str,
    year: str,
    participant: str,
    employed_persons: str | None,
    numeric: Sequence[str],
    columns: Sequence[str],
) -> None:
    """Collect every problem of the frame, then raise them at once."""
    problems = [
        _problem(name, "no such column", "a column of the frame", f"name one of {', '.join(map(str, frame.columns))}")
        for name in columns
        if name not in frame.columns
    ]
    present = [name for name in dict.fromkeys([year, *numeric]) if name in frame.columns]
    for name in present:
        bad = frame[name].notna() & pd.to_numeric(frame[name], errors="coerce").isna()
        if bad.any():
            problems.append(
                _problem(
                    name,
                    f"{int(bad.sum())} values that are no numbers",
                    "numbers",
                    "correct or drop them",
                    frame[name][bad],
                )
            )
    if not frame.size:
        problems.append(_problem("", "no rows", "one row a unit and year", "give a frame with rows"))
    if unit in frame.columns and year in frame.columns:
        problems += _key_problems(frame, unit, year)
    problems += _value_problems(frame, participant, employed_persons)
    if problems:
        raise InputError(problems, what="the data frame")


def _key_problems(frame: pd.DataFrame, unit: str, year: str) -> list[Problem]:
    """Find missing and duplicate unit-years."""
    problems = []
    missing = frame[unit].isna() | frame[year].isna()
    if missing.any():
        problems.append(
            _problem(
                f"{unit}, {year}",
                f"{int(missing.sum())} rows without unit or year",
                "both in every row",
                "fill or drop them",
            )
        )
    twice = frame.duplicated([unit, year], keep=False) & ~missing
    if twice.any():
        keys = frame.loc[twice, [unit, year]].astype(str).agg("/".join, axis=1)
        problems.append(
            _problem(
                f"{unit}, {year}",
                f"{int(twice.sum())} rows with a key that occurs twice",
                "one row a unit and year",
                "keep one of them",
                keys,
            )
        )
    return problems


def _value_problems(frame: pd.DataFrame, participant: str, employed_persons: str | None) -> list[Problem]:
    """Find participation other than 0 and 1, and negative persons."""
    problems = []
    if participant in frame.columns:
        values = pd.to_numeric(frame[participant], errors="coerce")
        strange = values.notna() & ~values.isin([0, 1])
        if strange.any():
            problems.append(
                _problem(
                    participant,
                    f"{int(strange.sum())} values other than 0 and 1",
                    "0 or 1",
                    "recode them",
                    frame[participant][strange],
                )
            )
    if employed_persons in frame.columns:
        negative = pd.to_numeric(frame[employed_persons], errors="coerce") < 0
        if negative.any():
            problems.append(
                _problem(
                    str(employed_persons),
                    f"{int(negative.sum())} negative values",
                    "0 or more persons",
                    "correct them",
                    frame[employed_persons][negative],
                )
            )
    return problems


def _problem(column: str, found: str, expected: str, action: str, examples: pd.Series | None = None) -> Problem:
    shown = () if examples is None else tuple(str(value) for value in examples.unique()[:MAX_EXAMPLES])
    return Problem(where="data frame", column=column, found=found, expected=expected, action=action, examples=shown)


def _columns(
    frame: pd.DataFrame,
    unit: str,
    year: str,
    participant: str,
    entry_year: str | None,
    sector: str | None,
    group: str | None,
) -> dict[str, ArrayLike | ExtensionArray]:
    """Put the identifying columns under the panel's names."""
    units = frame[unit]
    whole = pd.api.types.is_numeric_dtype(units) and bool((units == units.round()).all())
    codes = units.astype("int64") if whole else pd.Series(pd.factorize(units)[0])
    years = pd.to_numeric(frame[year]).astype("int64").to_numpy()
    takes_part = pd.Series(pd.to_numeric(frame[participant]).to_numpy(dtype="float64", na_value=np.nan))
    key = pd.Series(codes.to_numpy())
    ever = takes_part.groupby(key).transform("max")
    first = pd.Series(np.where(takes_part == 1, years, np.nan)).groupby(key).transform("min")
    entry = first if entry_year is None else pd.Series(_numbers(frame, entry_year))
    holding = None if group is None else pd.factorize(frame[group])[0].astype("float64")
    return {
        BE_ID: key.to_numpy(),
        YEAR: years,
        PARTICIPANT: (ever == 1).astype("boolean").mask(ever.isna()).array,
        ENTRY_YEAR: entry.to_numpy(dtype="float64"),
        SECTOR: np.nan if sector is None else frame[sector].astype("string").to_numpy(),
        GROUP_ID: np.nan if holding is None else np.where(holding < 0, np.nan, holding),
    }


def _numbers(frame: pd.DataFrame, column: str | None) -> FloatArray | float:
    """Return a column as numbers, or missing where there is none."""
    return np.nan if column is None else pd.to_numeric(frame[column]).to_numpy(dtype="float64", na_value=np.nan)


def _table(connection: Engine, columns: pd.DataFrame, known: Mapping[str, Indicator], rules: RuleSet) -> ir.Table:
    """Put the columns in an engine and add classes and indicators."""
    frame = columns.astype({SECTOR: "string"})
    table = engine.from_frame(connection, frame).cast({ENTRY_YEAR: "int64", GROUP_ID: "int64"})
    persons = table[EMPLOYED_PERSONS]
    table = table.mutate(
        **{
            EMPLOYED_PERSONS: persons.nullif(float("nan")),
            SIZE_CLASS: size_class_of(persons, SIZE_CLASS),
            SIZE_CLASS_4: size_class_of(persons, SIZE_CLASS_4),
            WEIGHT: ibis.literal(1.0),
            SHARED_GROUP: table[GROUP_ID].notnull(),
        }
    )
    return engine.materialise(connection, add_indicators(table, known, rules))


def _count_coverage(table: ir.Table) -> pd.DataFrame:
    """Count the units by year and group."""
    group = ibis.cases((table[PARTICIPANT], PARTICIPANTS), (~table[PARTICIPANT], NON_PARTICIPANTS), else_="unknown")
    counts = table.mutate(group=group).group_by([YEAR, "group"]).aggregate(n_units=ibis._.count())
    frame = engine.fetch(counts).assign(measure="units")
    return frame[[YEAR, "group", "measure", "n_units"]].sort_values([YEAR, "group"], ignore_index=True)

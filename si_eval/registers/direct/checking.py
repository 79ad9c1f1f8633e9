"""Checks the plausibility of registers without a chain of links: the same checks, on what their tables have."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from si_eval.errors import InputError
from si_eval.registers.activities import read_activities
from si_eval.registers.any_frame.calendar_texts import begin_of_spans, dated
from si_eval.registers.any_frame.columns import read_numbers, year_numbers
from si_eval.registers.direct.lists import rows_of
from si_eval.registers.direct.tables import ENTRY, MONEY, QUARTER, TURNOVER, UNITS, Layout
from si_eval.registers.plausibility import judge_acceptances, judge_sample, list_remarks
from si_eval.registers.plausibility.sample import ListedUnits, PartOfUnits, Rows, Sample, empty_table, split
from si_eval.registers.schema import LATEST_DAY, OLDEST_DAY
from si_eval.registry import Declarations, currency_of, facts
from si_eval.results import CheckResult, SourceFile
from si_eval.stats import FloatArray
from si_eval.text_input import is_missing_word
from si_eval.vocabulary import BE_ID, EMPLOYED_PERSONS, GROUP_ID, PARTICIPANT, REVENUE, YEAR

HASHED = 2**24  # what is left of a hash of an identifier is spread evenly, and far from the end of whole numbers


class Checked(NamedTuple):
    """The checks of registers, with the reasons for which failures are accepted, and remarks."""

    checks: tuple[CheckResult, ...]
    notes: list[str]


def check_registers(
    layout: Layout,
    tables: Mapping[str, pd.DataFrame],
    frame: pd.DataFrame,
    own: Collection[str],
    declared: Declarations,
    sources: Sequence[SourceFile],
) -> Checked:
    """Check whether the tables can be what they say they are.

    ``tables`` have their keys, ``frame`` is the register with everything that was joined to it, ``own`` are the study's
    own columns of numbers, some of them in money as ``declared`` says. Raises `InputError` for failures that the study
    does not accept.
    """
    found = judge_sample(_sample(layout, tables, frame, own, declared), sources)
    problems = judge_acceptances(found, layout.accept)
    if problems:
        raise InputError(problems)
    checks = tuple(
        replace(check, accepted=layout.accept.get(check.name, "")) if check.verdict == "fail" else check
        for check in found
    )
    return Checked(checks, list_remarks(checks))


def _sample(
    layout: Layout,
    tables: Mapping[str, pd.DataFrame],
    frame: pd.DataFrame,
    own: Collection[str],
    declared: Declarations,
) -> Sample:
    """Draw the sample of units, under numbers in place of their identifiers."""
    turnover = _turnover(layout, tables, frame)
    rows, totals = _counts(frame, turnover)
    part = min(1.0, facts("plausibility")["sample_units"] / max(rows[UNITS].values()))
    codes, ids = pd.factorize(pd.concat([frame[BE_ID], turnover[BE_ID]]))
    chosen = np.ones(len(ids), dtype=np.bool_)
    if part < 1:
        chosen = PartOfUnits(part).holds(pd.util.hash_array(ids.to_numpy(dtype=object)) // HASHED)
    of_frame, of_turnover = codes[: len(frame)], codes[len(frame) :]
    units = frame.assign(**{BE_ID: of_frame})[chosen[of_frame]].reset_index(drop=True)
    listed = _listed(layout, tables, frame)
    return Sample(
        units=_units(units),
        turnover=turnover.assign(**{BE_ID: of_turnover})[chosen[of_turnover]].reset_index(drop=True),
        investments=empty_table("investments"),
        groups=empty_table("enterprise_groups"),
        participants=empty_table("participants"),
        persons=empty_table("kvk_person"),
        links=empty_table("person_business_unit"),
        linked_units=empty_table("business_units"),
        rows=rows,
        totals=totals,
        listed=listed,
        numbers=units[[BE_ID, YEAR, *(name for name in own if name in units)]],
        amounts=[name for name in own if name in units and _is_money(name, declared)],
        to_euro=facts("plausibility")["euro"].get(declared.currency),
        of_contract=False,
    )


def _is_money(name: str, declared: Declarations) -> bool:
    """Whether a column is what an indicator in money, or in money a unit of something, is made of first."""
    return any(currency_of(entry.unit) and entry.needs[0] == name for entry in declared.indicators.values())


def _units(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of units in the columns of the contract; what registers of this kind do not have is missing."""
    plain = rows.reset_index(drop=True)
    units = pd.DataFrame({BE_ID: plain[BE_ID].astype("int64"), YEAR: plain[YEAR].astype("int64")})
    units[EMPLOYED_PERSONS] = (
        read_numbers(plain[EMPLOYED_PERSONS], EMPLOYED_PERSONS).values if EMPLOYED_PERSONS in plain else np.nan
    )
    places = pd.factorize(plain[GROUP_ID].astype("string"))[0] if GROUP_ID in plain else np.full(len(plain), -1)
    units[GROUP_ID] = np.where(places < 0, np.nan, places)
    units["sbi"] = _divisions(plain["sbi"]) if "sbi" in plain else None
    units["founded"] = _days(_years(plain["founded"])) if "founded" in plain else pd.NaT
    units["municipality"] = plain.get("municipality")
    return units.assign(size_code=None)


def _divisions(codes: pd.Series) -> pd.Series:
    """Return the division of each code, as text; missing where the classification has none."""
    places, values = pd.factorize(codes.astype("string"))
    divisions = read_activities(pd.Series(values, dtype="string"))["division"].astype(object)
    return pd.Series(divisions.where(divisions.notna(), None).reindex(places).to_numpy(), index=codes.index)


def _years(column: pd.Series) -> FloatArray:
    """Return the year of each date or year; missing for what is none."""
    read = year_numbers(
        begin_of_spans(dated(column), "").column, "", missing=lambda text: not text or is_missing_word(text)
    )
    return np.full(len(column), np.nan) if read.problems else read.values


def _days(years: FloatArray) -> pd.Series:
    """Return the middle of each year; missing for what no calendar has."""
    known = np.isfinite(years) & (years >= OLDEST_DAY) & (years <= LATEST_DAY)
    days = pd.Series(pd.NaT, index=range(len(years)), dtype="datetime64[s]")
    days[known] = pd.to_datetime([f"{int(year)}-07-01" for year in years[known]])
    return days


def _turnover(layout: Layout, tables: Mapping[str, pd.DataFrame], frame: pd.DataFrame) -> pd.DataFrame:
    """Return turnover by unit and year, or by quarter; in money of the study."""
    table = tables.get(TURNOVER)
    if not layout.quarterly or table is None or QUARTER not in table:
        if REVENUE not in frame:
            return empty_table(TURNOVER).drop(columns=QUARTER)
        known = frame.loc[frame[REVENUE].notna(), [BE_ID, YEAR, REVENUE]].rename(columns={REVENUE: MONEY})
        return known.reset_index(drop=True)
    unit = layout.money_unit.get(TURNOVER, 1)
    factor = float(unit.get(MONEY, 1) if isinstance(unit, Mapping) else unit)
    plain = table.reset_index(drop=True)
    return plain[[BE_ID, YEAR]].assign(
        **{
            QUARTER: read_numbers(plain[QUARTER], QUARTER).values,
            MONEY: read_numbers(plain[MONEY], MONEY).values * factor,
        }
    )


def _counts(frame: pd.DataFrame, turnover: pd.DataFrame) -> tuple[Rows, dict[str, dict[int, float]]]:
    """Count rows by table and year, and add up persons and turnover by year."""
    rows: dict[str, dict[int, int]] = {}
    totals: dict[str, dict[int, float]] = {}
    persons = frame[[YEAR]].reset_index(drop=True)
    if EMPLOYED_PERSONS in frame:
        persons[EMPLOYED_PERSONS] = read_numbers(frame[EMPLOYED_PERSONS].reset_index(drop=True), "").values
    for name, table, column in ((UNITS, persons, EMPLOYED_PERSONS), (TURNOVER, turnover, MONEY)):
        if not len(table):
            continue
        by_year = dict(split(table))
        rows[name] = {year: len(part) for year, part in by_year.items()}
        if column in table:
            totals[name] = {year: float(part[column].sum(min_count=1)) for year, part in by_year.items()}
    return rows, totals


def _listed(layout: Layout, tables: Mapping[str, pd.DataFrame], frame: pd.DataFrame) -> ListedUnits:
    """Return the rows of the list of participants, and how many of its units the register has by year."""
    rows = rows_of(tables[layout.treated.table], layout.treated, []).reset_index(drop=True)
    entries = _years(rows[ENTRY]) if ENTRY in rows else np.full(len(rows), np.nan)
    members = frame[frame[PARTICIPANT] == 1]
    found = members.groupby(YEAR)[BE_ID].nunique()
    by_year = {int(year): int(found.get(year, 0)) for year in np.unique(frame[YEAR])}
    units = rows[BE_ID].drop_duplicates()
    count = len(units) if layout.is_own_list else len(rows)  # a register lists a unit each year
    return ListedUnits(count, len(units), int(units.isin(members[BE_ID]).sum()), entries, by_year)

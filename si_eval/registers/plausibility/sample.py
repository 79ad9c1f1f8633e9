"""Brings out what the checks need: the rows of a sample of units, every link of the participants, totals by year."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import pandas as pd
import pyarrow as pa

from si_eval.engine import from_frame
from si_eval.engine.prepared import AllRows, Question, ask
from si_eval.registry import facts
from si_eval.stats import FloatArray
from si_eval.vocabulary import BE_ID, EMPLOYED_PERSONS, GROUP_ID, YEAR

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from si_eval.engine import Engine

Rows = Mapping[str, Mapping[int, int]]  # rows by table and year
Frame: TypeAlias = pd.DataFrame
_PRIME, _FACTOR = 1_000_003, 48_271  # spread identifiers evenly, alike in every engine


@dataclass(frozen=True)
class ListedUnits:
    """A list of participants that carry the identifier of their unit.

    How many ``rows`` and different ``units`` it has, how many of these the register has in any year (``found``) and by
    year, and the year of entry of each row.
    """

    rows: int
    units: int
    found: int
    entries: FloatArray
    by_year: Mapping[int, int]


@dataclass(frozen=True)
class Sample:
    """Rows of the same units from every table of units; a table that the extract does not have is empty.

    ``groups`` are the enterprise groups of these units. ``participants`` has every row of the list, ``persons``,
    ``links`` and ``linked_units`` what each next table knows of them. ``rows`` counts all rows by table and year,
    ``totals`` adds up by year all persons employed (of ``business_units``) and all turnover.

    Registers without a chain of links have ``listed`` units instead of links, and ``numbers``: columns of a study's
    own, a row a unit and year, of which ``amounts`` are money. ``to_euro`` is about what one in their currency is in
    euro, missing where that is not known. Their turnover may be by year, without a column of quarters. ``of_contract``
    says whether codes and days are those of the contract: elsewhere an activity is its division, and a day stands for a
    year.
    """

    units: pd.DataFrame
    turnover: pd.DataFrame
    investments: pd.DataFrame
    groups: pd.DataFrame
    participants: pd.DataFrame
    persons: pd.DataFrame
    links: pd.DataFrame
    linked_units: pd.DataFrame
    rows: Rows
    totals: Mapping[str, Mapping[int, float]]
    listed: ListedUnits | None = None
    numbers: pd.DataFrame | None = None
    amounts: Sequence[str] = ()
    to_euro: float | None = 1.0
    of_contract: bool = True

    @property
    def years(self) -> list[int]:
        """List the years of the register of units."""
        return sorted(self.rows.get("business_units", {}))


def split(frame: pd.DataFrame, column: str = YEAR) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield the rows of each year, or of each other whole number, in its order."""
    for value, rows in frame.groupby(column, observed=True):
        yield int(cast(float, value)), rows


def split_assets(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the rows of each asset with each year, named by both."""
    for asset, of_asset in frame.groupby("asset", observed=True):
        for year, rows in split(of_asset):
            yield f"{asset} {year}", rows


@dataclass(frozen=True)
class PartOfUnits:
    """The rows of a part of the units, always the same ones; and those of the units in a second table."""

    part: float

    def __call__(self, table: ir.Table, *wanted: ir.Table) -> ir.Table:
        """Return the rows of these units."""
        if self.part >= 1:
            return table
        unit = table[BE_ID]
        sampled = self.holds(unit)
        return table.filter(sampled | unit.isin(wanted[0][BE_ID]) if wanted else sampled)

    def holds(self, unit: Any) -> Any:
        """Say which of a column of whole numbers, in the engine or in memory, are of this part."""
        return (unit % _PRIME) * _FACTOR % _PRIME < int(self.part * _PRIME)


@dataclass(frozen=True)
class _KnownRows:
    """The rows of a table whose column occurs in another one."""

    column: str
    distinct: bool

    def __call__(self, table: ir.Table, keys: ir.Table) -> ir.Table:
        known = table.semi_join(keys, self.column)
        return known.distinct() if self.distinct else known


@dataclass(frozen=True)
class _Totals:
    """The total of a column by year."""

    column: str

    def __call__(self, table: ir.Table) -> ir.Table:
        return table.group_by(YEAR).aggregate(total=table[self.column].sum())


def draw_sample(tables: Mapping[str, ir.Table], engine: Engine, rows: Rows) -> Sample:
    """Draw the sample from the tables of an extract: all units of a small one, always the same ones of a large one."""
    largest = max(rows.get("business_units", {}).values(), default=0)
    part = PartOfUnits(min(1.0, facts("plausibility")["sample_units"] / max(largest, 1)))
    listed, persons, links = _participants(tables, engine)
    units, linked = _units(tables["business_units"], links, part, engine)
    turnover = _fetch(part, tables["turnover"]) if "turnover" in tables else empty_table("turnover")
    investments = _fetch(part, tables["investments"]) if "investments" in tables else empty_table("investments")
    groups = empty_table("enterprise_groups")
    wanted = units[[GROUP_ID]].dropna().drop_duplicates()
    if "enterprise_groups" in tables and len(wanted):
        known = _KnownRows(GROUP_ID, distinct=False)
        groups = _fetch(known, tables["enterprise_groups"], from_frame(engine, wanted.astype("int64")))
    return Sample(units, turnover, investments, groups, listed, persons, links, linked, rows, _totals(tables))


def _units(table: ir.Table, links: Frame, part: PartOfUnits, engine: Engine) -> tuple[Frame, Frame]:
    """Return the sample of units, and the unit and year of those with a link; the register is read once for both."""
    wanted = links[[BE_ID]].dropna().drop_duplicates()
    listed = [from_frame(engine, wanted.astype("int64"))] if len(wanted) and part.part < 1 else []
    rows = _fetch(part, table, *listed)
    linked = rows.loc[rows[BE_ID].isin(wanted[BE_ID]), [BE_ID, YEAR]]
    return rows[part.holds(rows[BE_ID])].reset_index(drop=True), linked


def _participants(tables: Mapping[str, ir.Table], engine: Engine) -> tuple[Frame, Frame, Frame]:
    """Follow the participants to their persons and the links of these."""
    if not all(name in tables for name in ("participants", "kvk_person", "person_business_unit")):
        return empty_table("participants"), empty_table("kvk_person"), empty_table("person_business_unit")
    participants = _fetch(AllRows(), tables["participants"])
    persons = _known(tables["kvk_person"], participants, "kvk_id", engine)
    links = _known(tables["person_business_unit"], persons, "person_id", engine)
    return participants, persons, links


def _known(table: ir.Table, rows: pd.DataFrame, column: str, engine: Engine) -> pd.DataFrame:
    """Return the distinct rows of a table whose column occurs in other rows."""
    keys = rows[[column]].dropna().drop_duplicates()
    return _fetch(_KnownRows(column, distinct=True), table, from_frame(engine, keys.astype("str")))


def _totals(tables: Mapping[str, ir.Table]) -> dict[str, dict[int, float]]:
    """Add up all persons employed and all turnover by year."""
    totals = {}
    for name, column in (("business_units", EMPLOYED_PERSONS), ("turnover", "turnover")):
        if name in tables:
            sums = _fetch(_Totals(column), tables[name])
            totals[name] = dict(zip(sums[YEAR].astype(int), sums["total"].astype(float), strict=True))
    return totals


def _fetch(question: Question, *tables: ir.Table) -> pd.DataFrame:
    """Bring rows out of the engine: dates as days, whole numbers with gaps as floats, texts as objects."""
    rows = ask(question, *tables)
    frame = rows.to_pandas(date_as_object=False, strings_to_categorical=False)
    for field in rows.schema:
        if pa.types.is_string(field.type):
            frame[field.name] = frame[field.name].astype("object")
    return frame


def empty_table(name: str) -> pd.DataFrame:
    """Make a table without rows."""
    return pd.DataFrame(columns=list(facts("tables")["tables"][name]["columns"]))

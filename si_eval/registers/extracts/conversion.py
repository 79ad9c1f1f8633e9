"""Gives one raw file the contract's columns: any format to parquet, then every column to its type."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import ibis

from si_eval.engine import create_view
from si_eval.engine.prepared import MAX_PREPARED, name_answer, stand_in
from si_eval.errors import Problem
from si_eval.registers.extracts.converted import Converted, TextColumn
from si_eval.registers.extracts.delimited import delimited_to_parquet
from si_eval.registers.extracts.files import RawFile
from si_eval.registers.extracts.investments import derive_response, melt
from si_eval.registers.extracts.parquet_files import (
    UNREADABLE_ERRORS,
    describe_damage,
    describe_error,
    describe_fault,
    has_checksums,
    with_local_days,
)
from si_eval.registers.extracts.treatment import FILE, FILE_YEAR, Treatment
from si_eval.registers.extracts.values import convert, kind_of_text, text_of
from si_eval.registers.schema import TableContract, as_type, contracts

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from si_eval.engine import Engine


@dataclass(frozen=True)
class Reading:
    """A raw table with its columns converted.

    ``table`` has for each column its value, the stored value as `<column>:raw`, and the marks of `convert` as
    `<column>:<mark>`. It is a view, so that queries on it stay short and know the types that the engine really gave.
    Where several files are read at once, ``table`` says of each row of which (`FILE`). ``refused`` has the storage type
    of columns that cannot be converted at all.
    """

    table: ir.Table
    treatment: Treatment
    marks: Mapping[str, tuple[str, ...]]
    refused: Mapping[str, str]
    cheap: bool

    @cached_property
    def values(self) -> Mapping[str, ir.Value]:
        """Return the converted column of each of the contract's names that the file has."""
        columns = self.treatment.contract.columns
        names = [name for name in columns if name in self.table.columns]
        values = {name: as_type(self.table[name], columns[name]) for name in names}
        if self.treatment.wide and {"quality_1", "quality_2"} <= set(values):
            values["response"] = derive_response(values)
        return values

    def of_file(self, path: Path, year: int | None, engine: Engine) -> Reading:
        """Return the part that is of one file, with the year of that file."""
        table = create_view(engine, self.table.filter(self.table[FILE] == str(path)))
        return replace(self, table=table, treatment=replace(self.treatment, year=year))


def raw_parquet(file: RawFile, target: Path, engine: Engine) -> tuple[Path | None, list[Problem]]:
    """Convert the file to parquet with its own columns; nothing where it cannot be read at all."""
    if file.path.stat().st_size == 0:
        return None, [unreadable(file, "it is empty")]
    if file.format == "parquet":
        fault = describe_fault(file.path, engine) or (describe_damage(file.path) if has_checksums(file.path) else "")
        if fault:
            return None, [unreadable(file, fault)]
        try:
            return with_local_days(file.path, target), []
        except UNREADABLE_ERRORS as error:
            return None, [unreadable(file, describe_error(error))]
    if file.format == "csv":
        reader = delimited_to_parquet
    else:
        from si_eval.registers.extracts.statistical import statistical_to_parquet as reader  # noqa: PLC0415  reads other formats
    problems = [replace(problem, table=file.table) for problem in reader(file.path, target, file.name)]
    readable = target.is_file() and not any(problem.count == 0 for problem in problems)
    return (target if readable else None), problems


def convert_columns(treatment: Treatment, raw: ir.Table) -> Reading:
    """Convert every column that was matched, and keep what is needed to say what is wrong with it."""
    texts = name_answer(_CleanedTexts(treatment), raw)
    if any(name.endswith(":text") for name in texts.columns):
        texts = name_answer(_KindsOfTexts(treatment), texts)
    converted = _convert_all(treatment, texts.schema())
    marks = {name: tuple(column.checks) for name, column in converted.items()}
    refused = {name: column.refused for name, column in converted.items() if column.refused}
    cheap = all(column.cheap for column in converted.values())
    return Reading(name_answer(_ConvertedColumns(treatment), texts), treatment, marks, refused, cheap)


@dataclass(frozen=True)
class _CleanedTexts:
    """The raw columns under the contract's names, with their texts cleaned."""

    treatment: Treatment

    def __call__(self, raw: ir.Table) -> ir.Table:
        columns = {f"{name}:raw": _with_type(raw[column]) for name, column in self.treatment.names.items()}
        texts = {name: self.treatment.contract.columns[name] for name in self.treatment.names
                 if columns[f"{name}:raw"].type().is_string()}  # fmt: skip
        cleaned = {f"{name}:text": text_of(columns[f"{name}:raw"], column) for name, column in texts.items()}
        columns |= {column: raw[column] for column in (FILE, FILE_YEAR) if column in raw.columns}
        return raw.select(**columns, **cleaned) if columns else raw


@dataclass(frozen=True)
class _KindsOfTexts:
    """The same, and what each text is: each is looked at once."""

    treatment: Treatment

    def __call__(self, table: ir.Table) -> ir.Table:
        columns = self.treatment.contract.columns
        texts = [name.removesuffix(":text") for name in table.columns if name.endswith(":text")]
        return table.select(
            table, **{f"{name}:kind": kind_of_text(table[f"{name}:text"], columns[name]) for name in texts}
        )


@lru_cache(maxsize=MAX_PREPARED)
def _convert_all(treatment: Treatment, schema: ibis.Schema) -> Mapping[str, Converted]:
    """Convert the columns of a table with this schema: expressions on the table that stands in for it."""
    raw, columns = stand_in(schema), treatment.contract.columns
    texts = {
        name: TextColumn(raw[f"{name}:text"], raw[f"{name}:kind"])
        for name in treatment.names
        if f"{name}:text" in schema
    }
    return {name: convert(raw[f"{name}:raw"], columns[name], texts.get(name)) for name in treatment.names}


@dataclass(frozen=True)
class _ConvertedColumns:
    """Every column in the contract's type, as it is stored, and with its marks."""

    treatment: Treatment

    def __call__(self, raw: ir.Table) -> ir.Table:
        columns: dict[str, ir.Value] = {}
        for name, column in _convert_all(self.treatment, raw.schema()).items():
            columns |= self.treatment.in_euro(name, {name: column.value} | _decided(name, column.readings))
            columns[f"{name}:raw"] = raw[f"{name}:raw"]
            columns |= {f"{name}:{mark}": flag.fill_null(False) for mark, flag in column.checks.items()}
        return raw.select(**self.treatment.with_file(columns, raw))


@dataclass(frozen=True)
class SoundColumns:
    """The contract's columns of files that were inspected before: those that are ``clean`` as they are stored."""

    treatment: Treatment
    clean: frozenset[str]

    def __call__(self, raw: ir.Table) -> ir.Table:
        """Return the rows under the contract's columns."""
        columns: dict[str, ir.Value] = {}
        for name, stored in self.treatment.names.items():
            column = self.treatment.contract.columns[name]
            value = raw[stored] if name in self.clean else convert(raw[stored], column).value
            columns |= self.treatment.in_euro(name, {name: value})
        table = raw.select(**self.treatment.with_file(columns, raw))
        reading = Reading(table, self.treatment, {}, {}, True)
        return _shape(reading, dict(reading.values))


def _decided(name: str, readings: Mapping[str, ir.Value]) -> dict[str, ir.Value]:
    """Name the values of a column under each decision about it."""
    return {f"{name}:as {reading}": value for reading, value in readings.items()}


def _with_type(raw: ir.Value) -> ir.Value:
    """Return a column as it is, and one that was stored without a type, all missing, as missing texts."""
    return ibis.null("string") if raw.type().is_null() or raw.type().is_unknown() else raw


@dataclass(frozen=True)
class ShapedRows:
    """The rows of a converted table under the contract's columns: those that are ``clean`` as they are stored.

    ``decided`` names what was decided about columns as a whole.
    """

    treatment: Treatment
    clean: frozenset[str]
    decided: tuple[tuple[str, str], ...]

    def __call__(self, table: ir.Table) -> ir.Table:
        """Return the rows under the contract's columns."""
        reading = Reading(table, self.treatment, {}, {}, True)
        taken = {name: table[f"{name}:raw"] for name in self.clean if name in reading.values}
        columns = self.treatment.contract.columns
        taken |= {name: as_type(table[f"{name}:as {one}"], columns[name]) for name, one in self.decided}
        return _shape(reading, {**reading.values, **taken})


def _shape(reading: Reading, values: dict[str, ir.Value]) -> ir.Table:
    """Select the rows under the contract's columns, in its order and types."""
    table, treatment, contract = reading.table, reading.treatment, reading.treatment.contract
    if treatment.wide:
        known = {name: as_type(values.get(name), contract.columns[name]) for name in ("be_id", "year")}
        response = values.get("response", ibis.null("string"))
        melted = melt(table.select(**{**values, **known, "response": response}))
        return _exactly(contracts()[treatment.table], melted)
    kept = table
    for name, column in contract.columns.items():
        if column.empty_cbs == "drop" and treatment.layout == "cbs" and name in values:
            kept = kept.filter(values[name].notnull())
    if treatment.is_clipped:
        kept = kept.filter(within_year(reading))
        first, last = _year_bounds(treatment)
        start, end = values.get("start", ibis.null("date")), values.get("end", ibis.null("date"))
        values["start"] = ibis.greatest(ibis.coalesce(start, first), first)
        values["end"] = ibis.least(ibis.coalesce(end, last), last)
    return kept.select(**{name: as_type(values.get(name), column) for name, column in contract.columns.items()})


def _exactly(contract: TableContract, table: ir.Table) -> ir.Table:
    return table.select(**{name: as_type(table[name], column) for name, column in contract.columns.items()})


def _year_bounds(treatment: Treatment) -> tuple[ir.DateScalar, ir.DateScalar]:
    year = treatment.year or 0
    return ibis.literal(datetime.date(year, 1, 1)), ibis.literal(datetime.date(year, 12, 31))


def within_year(reading: Reading) -> ir.BooleanValue:
    """Mark the links that held on some day of the file's year."""
    first, last = _year_bounds(reading.treatment)
    if FILE_YEAR in reading.table.columns:
        year = reading.table[FILE_YEAR]
        first, last = ibis.date(year, 1, 1), ibis.date(year, 12, 31)
    start = reading.values.get("start", ibis.null("date"))
    end = reading.values.get("end", ibis.null("date"))
    return (start <= last).fill_null(True) & (end >= first).fill_null(True)


def unreadable(file: RawFile, reason: str) -> Problem:
    """Make the problem of a file that cannot be read."""
    return Problem(
        where=file.name,
        found=f"a file that cannot be read ({reason})",
        expected=f"a complete {file.format} file",
        action="deliver the file again: it may have been cut off",
        table=file.table,
    )

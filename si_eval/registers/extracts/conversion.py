"""Gives one raw file the contract's columns: any format to parquet, then every column to its type."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import ibis

from si_eval.engine import create_view
from si_eval.errors import Problem
from si_eval.registers.extracts.columns import Match
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
from si_eval.registers.extracts.values import convert, kind_of_text, text_of
from si_eval.registers.schema import TableContract, as_type, contracts

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from si_eval.engine import Engine


FILE, FILE_YEAR = "read:file", "read:year"  # the columns that say of which file a row is, and that file's year


@dataclass(frozen=True)
class Settings:
    """What a study says of one table: names of columns, and euro per unit of money."""

    columns: Mapping[str, str] = field(default_factory=dict)
    unit: float | None = None


@dataclass(frozen=True)
class Reading:
    """A raw table with its columns converted.

    ``table`` has for each column its value, the stored value as `<column>:raw`, and the marks of `convert` as
    `<column>:<mark>`. It is a view, so that queries on it stay short and know the types that the engine really gave.
    Where several files are read at once, ``table`` says of each row of which (`FILE`). ``refused`` has the storage type
    of columns that cannot be converted at all.
    """

    table: ir.Table
    match: Match
    marks: Mapping[str, tuple[str, ...]]
    refused: Mapping[str, str]
    cheap: bool

    @cached_property
    def values(self) -> Mapping[str, ir.Value]:
        """Return the converted column of each of the contract's names that the file has."""
        columns = self.match.contract.columns
        names = [name for name in columns if name in self.table.columns]
        values = {name: as_type(self.table[name], columns[name]) for name in names}
        if self.match.wide and {"quality_1", "quality_2"} <= set(values):
            values["response"] = derive_response(values)
        return values

    def of_file(self, path: Path) -> Reading:
        """Return the part that is of one file."""
        return replace(self, table=self.table.filter(self.table[FILE] == name_in_engine(path)))


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


def name_in_engine(path: Path) -> str:
    """Return the name by which the engine tells the rows of a file."""
    return str(path.absolute())


def scan_files(files: Mapping[Path, RawFile], engine: Engine) -> ir.Table:
    """Read parquet files with one schema as one table that says of each row of which file it is, and its year."""
    table = engine.read_parquet([name_in_engine(path) for path in files], filename=FILE)
    years = [(table[FILE] == name_in_engine(path), file.year) for path, file in files.items() if file.year is not None]
    return table.mutate(**{FILE_YEAR: ibis.cases(*years)}) if len(years) == len(files) else table


def convert_columns(
    file: RawFile, raw: ir.Table, match: Match, settings: Settings, engine: Engine, *, sound: set[str] | None = None
) -> Reading:
    """Convert every column that was matched, and keep what is needed to say what is wrong with it.

    ``sound`` says that the file was inspected before and which of its columns are clean: nothing needs to be kept.
    """
    contract = match.contract
    unit = contract.unit if settings.unit is None else float(settings.unit)
    files = [column for column in (FILE, FILE_YEAR) if column in raw.columns]
    if sound is None:
        raw, texts = _with_texts(raw, match, engine)
        converted = {name: convert(raw[f"{name}:raw"], contract.columns[name], texts.get(name)) for name in match.names}
    else:
        converted = {
            name: Converted(raw[column]) if name in sound else convert(raw[column], contract.columns[name])
            for name, column in match.names.items()
        }
    columns: dict[str, ir.Value] = {}
    for name, column in converted.items():
        money = contract.columns[name].money and (match.wide or unit != 1)
        values = {name: column.value} | {f"{name}:as {reading}": value for reading, value in column.readings.items()}
        columns |= {key: (value * unit).round(2) if money else value for key, value in values.items()}
        if sound is None:
            columns[f"{name}:raw"] = raw[f"{name}:raw"]
            columns |= {f"{name}:{mark}": flag.fill_null(False) for mark, flag in column.checks.items()}
    columns |= {column: raw[column] for column in files}
    if "year" in contract.columns and "year" not in columns and file.year is not None:
        year = raw[FILE_YEAR] if FILE_YEAR in files else ibis.literal(file.year, type="int32")
        columns["year"] = year.cast("int64")
    if not columns:
        columns["nothing"] = ibis.null("string")
    table = raw.select(**columns)
    if sound is None:
        table = create_view(engine, table)
    marks = {name: tuple(column.checks) for name, column in converted.items()}
    refused = {name: column.refused for name, column in converted.items() if column.refused}
    return Reading(table, match, marks, refused, all(column.cheap for column in converted.values()))


def _with_texts(raw: ir.Table, match: Match, engine: Engine) -> tuple[ir.Table, dict[str, TextColumn]]:
    """Name the raw columns as the contract does, with their texts cleaned, in views: each text is looked at once."""
    columns = {f"{name}:raw": _with_type(raw[column]) for name, column in match.names.items()}
    texts = {name: match.contract.columns[name] for name in match.names if columns[f"{name}:raw"].type().is_string()}
    if not columns:
        return raw, {}
    columns |= {column: raw[column] for column in (FILE, FILE_YEAR) if column in raw.columns}
    cleaned = {f"{name}:text": text_of(columns[f"{name}:raw"], column) for name, column in texts.items()}
    table = create_view(engine, raw.select(**columns, **cleaned))
    kinds = {f"{name}:kind": kind_of_text(table[f"{name}:text"], column) for name, column in texts.items()}
    if kinds:
        table = create_view(engine, table.select(table, **kinds))
    return table, {name: TextColumn(table[f"{name}:text"], table[f"{name}:kind"]) for name in texts}


def _with_type(raw: ir.Value) -> ir.Value:
    """Return a column as it is, and one that was stored without a type, all missing, as missing texts."""
    return ibis.null("string") if raw.type().is_null() or raw.type().is_unknown() else raw


def shape_rows(file: RawFile, reading: Reading, clean: set[str], readings: Mapping[str, str] | None = None) -> ir.Table:
    """Select the rows under the contract's columns, in its order and types.

    ``clean`` columns are taken as stored; ``readings`` names what was decided about a column as a whole.
    """
    table, contract = reading.table, reading.match.contract
    values = {**reading.values, **{name: table[f"{name}:raw"] for name in clean if name in reading.values}}
    for name, decided in (readings or {}).items():
        values[name] = as_type(table[f"{name}:as {decided}"], contract.columns[name])
    if reading.match.wide:
        known = {name: as_type(values.get(name), contract.columns[name]) for name in ("be_id", "year")}
        response = values.get("response", ibis.null("string"))
        return _exactly(contracts()[file.table], melt(table.select(**{**values, **known, "response": response})))
    kept = table
    for name, column in contract.columns.items():
        if column.empty_cbs == "drop" and file.layout == "cbs" and name in values:
            kept = kept.filter(values[name].notnull())
    if is_clipped(file):
        kept = kept.filter(within_year(file, reading))
        first, last = _year_bounds(file)
        start, end = values.get("start", ibis.null("date")), values.get("end", ibis.null("date"))
        values["start"] = ibis.greatest(ibis.coalesce(start, first), first)
        values["end"] = ibis.least(ibis.coalesce(end, last), last)
    return kept.select(**{name: as_type(values.get(name), column) for name, column in contract.columns.items()})


def _exactly(contract: TableContract, table: ir.Table) -> ir.Table:
    return table.select(**{name: as_type(table[name], column) for name, column in contract.columns.items()})


def is_clipped(file: RawFile) -> bool:
    """Whether a file is a link file of a year, which tells only what held that year."""
    return file.table == "person_business_unit" and file.year is not None


def _year_bounds(file: RawFile) -> tuple[ir.DateScalar, ir.DateScalar]:
    year = file.year or 0
    return ibis.literal(datetime.date(year, 1, 1)), ibis.literal(datetime.date(year, 12, 31))


def within_year(file: RawFile, reading: Reading) -> ir.BooleanValue:
    """Mark the links that held on some day of the file's year."""
    first, last = _year_bounds(file)
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

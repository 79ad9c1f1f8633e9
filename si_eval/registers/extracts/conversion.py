"""Gives one raw file the contract's columns: any format to parquet, then every column to its type."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from si_eval.errors import Problem
from si_eval.registers.extracts.columns import Match
from si_eval.registers.extracts.delimited import delimited_to_parquet
from si_eval.registers.extracts.files import RawFile
from si_eval.registers.extracts.investments import derive_response, melt
from si_eval.registers.extracts.values import convert
from si_eval.registers.schema import TableContract, as_type, contracts

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from si_eval.engine import Engine


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
    ``refused`` has the storage type of columns that cannot be converted at all.
    """

    table: ir.Table
    match: Match
    values: Mapping[str, ir.Value]
    marks: Mapping[str, tuple[str, ...]]
    refused: Mapping[str, str]
    cheap: bool


def raw_parquet(file: RawFile, target: Path) -> tuple[Path | None, list[Problem]]:
    """Convert the file to parquet with its own columns; nothing where it cannot be read at all."""
    if file.path.stat().st_size == 0:
        return None, [unreadable(file, "it is empty")]
    if file.format == "parquet":
        try:
            pq.read_schema(file.path)
        except (pa.ArrowInvalid, OSError) as error:
            return None, [unreadable(file, str(error).splitlines()[0][:160])]
        return file.path, []
    if file.format == "csv":
        reader = delimited_to_parquet
    else:
        from si_eval.registers.extracts.statistical import statistical_to_parquet as reader  # noqa: PLC0415  reads other formats
    problems = [replace(problem, table=file.table) for problem in reader(file.path, target, file.name)]
    readable = target.is_file() and not any(problem.count == 0 for problem in problems)
    return (target if readable else None), problems


def convert_columns(
    file: RawFile, raw: ir.Table, match: Match, settings: Settings, engine: Engine, *, sound: set[str] | None = None
) -> Reading:
    """Convert every column that was matched, and keep what is needed to say what is wrong with it.

    ``sound`` says that the file was inspected before and which of its columns are clean: nothing needs to be kept.
    """
    contract = match.contract
    unit = contract.unit if settings.unit is None else float(settings.unit)
    converted = {name: convert(raw[column], contract.columns[name]) for name, column in match.names.items()}
    columns: dict[str, ir.Value] = {}
    for name, column in converted.items():
        money = contract.columns[name].money and (match.wide or unit != 1)
        columns[name] = (column.value * unit).round(2) if money else column.value
        if sound is None:
            columns[f"{name}:raw"] = raw[match.names[name]]
            columns |= {f"{name}:{mark}": flag.fill_null(False) for mark, flag in column.checks.items()}
        elif name in sound:
            columns[name] = raw[match.names[name]]
    if "year" in contract.columns and "year" not in columns and file.year is not None:
        columns["year"] = ibis.literal(file.year, type="int32").cast("int64")
    if not columns:
        columns["nothing"] = ibis.null("string")
    table = raw.select(**columns)
    if sound is None:
        table = engine.create_view(ibis.util.gen_name("si_eval_file"), table)
    values = {name: as_type(table[name], column) for name, column in contract.columns.items() if name in columns}
    if match.wide and {"quality_1", "quality_2"} <= set(values):
        values["response"] = derive_response(values)
    marks = {name: tuple(column.checks) for name, column in converted.items()}
    refused = {name: column.refused for name, column in converted.items() if column.refused}
    return Reading(table, match, values, marks, refused, all(column.cheap for column in converted.values()))


def shape_rows(file: RawFile, reading: Reading, clean: set[str]) -> ir.Table:
    """Select the rows under the contract's columns, in its order and types; ``clean`` columns are taken as stored."""
    table, contract = reading.table, reading.match.contract
    values = {name: table[f"{name}:raw"] if name in clean else value for name, value in reading.values.items()}
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
    start = reading.values.get("start", ibis.null("date"))
    end = reading.values.get("end", ibis.null("date"))
    return (start <= last).fill_null(True) & (end >= first).fill_null(True)


def describe_damage(path: Path) -> str:
    """Describe how a parquet file is damaged, if it is."""
    try:
        for _ in pq.ParquetFile(path).iter_batches():
            pass
    except (pa.ArrowInvalid, OSError) as error:
        return str(error).splitlines()[0][:160]
    return ""


def unreadable(file: RawFile, reason: str) -> Problem:
    """Make the problem of a file that cannot be read."""
    return Problem(
        where=file.name,
        found=f"a file that cannot be read ({reason})",
        expected=f"a complete {file.format} file",
        action="deliver the file again: it may have been cut off",
        table=file.table,
    )

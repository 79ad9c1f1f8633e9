"""Inspects one raw file: counts its rows, says what is wrong with them, and remembers a file that is sound."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow.parquet as pq

from si_eval.engine import scan_parquet
from si_eval.errors import Problem
from si_eval.registers.extracts.cache import Cache, make_key
from si_eval.registers.extracts.columns import Match, match_columns
from si_eval.registers.extracts.conversion import (
    Reading,
    Settings,
    convert_columns,
    describe_damage,
    is_clipped,
    raw_parquet,
    shape_rows,
    unreadable,
    within_year,
)
from si_eval.registers.extracts.files import RawFile
from si_eval.registers.schema import Column, RowCheck, contracts, row_checks

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from si_eval.engine import Engine

_KINDS = {"int64": "whole number", "float64": "number", "string": "code", "date": "date"}
_DATES = "yyyymmdd, yyyy-mm-dd or dd-mm-yyyy"
_COUNTED_MARKS = ("comma", "point", "thousands", "changed")


@dataclass(frozen=True)
class Stored:
    """The rows of a file that is sound, unread: ``read`` gives those of several files with the same ``treatment``."""

    path: Path
    treatment: Hashable
    read: Callable[[Sequence[Path]], ir.Table]


@dataclass(frozen=True)
class Inspected:
    """One file as read: its rows under the contract's columns, and what was found in them.

    ``years`` counts rows by year, ``columns`` names the contract's columns that the file has, ``notes`` counts rows by
    remark, ``key`` identifies the content and how it was read. The rows are in ``table`` where the file was inspected
    now, in ``stored`` where it was before, and nowhere where it cannot be read.
    """

    file: RawFile
    sha256: str
    key: str
    rows: int = 0
    years: Mapping[int, int] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    table: ir.Table | None = None
    stored: Stored | None = None


def union_rows(files: Sequence[Inspected]) -> ir.Table:
    """Read the rows of several files as one table; files that are stored and treated alike are read at once."""
    alike: dict[Hashable, list[Stored]] = {}
    for file in files:
        if file.stored is not None:
            alike.setdefault(file.stored.treatment, []).append(file.stored)
    tables = [file.table for file in files if file.table is not None]
    tables += [group[0].read([one.path for one in group]) for group in alike.values()]
    return ibis.union(*tables, distinct=False) if len(tables) > 1 else tables[0]


def inspect_file(
    file: RawFile, sha256: str, settings: Settings, *, engine: Engine, cache: Cache, workspace: Path
) -> Inspected:
    """Read one file. What was read without problems is kept in the cache, and not inspected again."""
    key = make_key(
        "file", file.table, file.layout, file.format, file.year, dict(settings.columns), settings.unit, sha256
    )
    kept = cache.load(key)
    if kept is not None and (kept["in_place"] or cache.parquet(key).is_file()):
        return _load_inspected(file, sha256, key, kept, settings, engine, cache)
    found = Inspected(file, sha256, key)
    path, problems = raw_parquet(file, workspace / f"{key}.parquet")
    if path is None:
        return replace(found, problems=tuple(problems))
    names = pq.read_schema(path).names
    match = match_columns(file, names, settings.columns)
    problems += match.problems
    if len({name.casefold() for name in names}) < len(names):
        return replace(found, problems=tuple(problems))
    try:
        reading = convert_columns(file, scan_parquet(engine, [path]), match, settings, engine)
        checks = _checks(file, reading)
        rows, years, counts = _count(reading, checks)
    except Exception:
        damage = describe_damage(path)
        if not damage:
            raise
        return replace(found, problems=(*problems, unreadable(file, damage)))
    problems += _refused(file, reading)
    problems += _found(file, reading, checks, counts) if rows else _no_rows(file)
    clean = _clean_columns(reading, counts)
    table = shape_rows(file, reading, clean)
    notes = {
        check.found: count for check, count in zip(checks, counts["checks"], strict=True) if count and not check.problem
    }
    columns = tuple(match.names)
    if not problems:
        in_place = file.format == "parquet" and not match.wide and reading.cheap
        if not in_place:
            table = scan_parquet(engine, [cache.write_parquet(key, table.to_parquet)])
        facts_of_file = {"rows": rows, "years": years, "columns": columns, "notes": notes}
        cache.save(key, {**facts_of_file, "in_place": in_place, "clean": sorted(clean)})
    return replace(found, rows=rows, years=years, columns=columns, notes=notes, problems=tuple(problems), table=table)


def _load_inspected(
    file: RawFile, sha256: str, key: str, kept: dict[str, Any], settings: Settings, engine: Engine, cache: Cache
) -> Inspected:
    """Return a file that was inspected before, its rows unread."""
    if kept["in_place"]:
        schema = pq.read_schema(file.path).remove_metadata()
        match = match_columns(file, schema.names, settings.columns)
        sound = frozenset(kept["clean"])
        year = file.year if "year" not in match.names or is_clipped(file) else None
        treatment: Hashable = (file.layout, year, schema, tuple(match.names.items()), sound)
        stored = Stored(file.path, treatment, partial(_read_in_place, file, match, settings, sound, engine))
    else:
        stored = Stored(cache.parquet(key), "converted", partial(scan_parquet, engine))
    years = {int(year): rows for year, rows in kept["years"].items()}
    return Inspected(file, sha256, key, kept["rows"], years, tuple(kept["columns"]), kept["notes"], stored=stored)


def _read_in_place(
    file: RawFile, match: Match, settings: Settings, sound: frozenset[str], engine: Engine, paths: Sequence[Path]
) -> ir.Table:
    """Read sound files as they are delivered, under the contract's columns; ``file`` stands for all of them."""
    reading = convert_columns(file, scan_parquet(engine, paths), match, settings, engine, sound=set(sound))
    return shape_rows(file, reading, set())


def _checks(file: RawFile, reading: Reading) -> list[RowCheck]:
    """List every condition to count: values that resist their type, and rows that the contract refuses or remarks."""
    contract, table = reading.match.contract, reading.table
    checks = [check for name in reading.marks for check in _value_checks(contract.columns[name], reading)]
    usable = {
        name: value
        for name, value in reading.values.items()
        if name in contract.columns and name not in reading.refused
    }
    for check in row_checks(contract, usable, file_year=file.year, layout=file.layout):
        resists = "unreadable" in reading.marks.get(check.column, ()) and check.name in {"empty", "drop", "no_start"}
        checks.append(replace(check, flag=check.flag & ~table[f"{check.column}:unreadable"]) if resists else check)
    if "response" in reading.values and reading.match.wide:
        rules = contracts()["investments"].columns["response"].options
        checks.append(
            RowCheck(
                "unknown", "quality_1", reading.values["response"].isnull(), True, "unknown quality codes",
                f"codes that say {', '.join(rules)}", "correct the codes, or leave these rows out",
            )
        )  # fmt: skip
    if is_clipped(file):
        checks.append(
            RowCheck(
                "outside", "start", ~within_year(file, reading), False, "links outside the year of their file, left out"
            )
        )
    return checks


def _value_checks(column: Column, reading: Reading) -> list[RowCheck]:
    name, kind = column.name, _KINDS[column.type]
    expected = f"a {kind}" + (
        f" ({_DATES})" if column.type == "date" else " without thousands points" if column.type == "float64" else ""
    )
    texts = {
        "unreadable": (True, f"values that are not a {kind}", expected, "correct them, or leave missing values empty"),
        "not_finite": (
            True,
            "values that are infinite or not a number",
            "finite numbers",
            "correct them, or leave them empty",
        ),
        "padded": (False, f"values of {name} stored as a number: zero-padded to {column.pad} digits", "", ""),
    }
    found = [mark for mark in reading.marks[name] if mark in texts]
    return [RowCheck(mark, name, reading.table[f"{name}:{mark}"], *texts[mark]) for mark in found]


def _count(reading: Reading, checks: list[RowCheck]) -> tuple[int, dict[int, int], dict[str, Any]]:
    """Count rows by year, and rows that meet each condition, in one pass."""
    counted = [f"{name}:{mark}" for name, marks in reading.marks.items() for mark in marks if mark in _COUNTED_MARKS]
    flags = {f"check_{number}": check.flag for number, check in enumerate(checks)}
    flags |= {mark: reading.table[mark] for mark in counted}
    year = reading.values.get("year", ibis.null("int64"))
    marked = reading.table.select(_year=year, **{name: flag.fill_null(False) for name, flag in flags.items()})
    sums = {name: marked[name].sum() for name in flags}
    frame = marked.group_by("_year").aggregate(_rows=marked.count(), **sums).to_pandas()
    total = frame.sum()
    dated = frame.loc[frame["_year"].notna()]
    years = {int(year): int(rows) for year, rows in zip(dated["_year"], dated["_rows"], strict=True)}
    counts = {"checks": [int(total[f"check_{number}"]) for number in range(len(checks))]}
    return int(total["_rows"]), dict(sorted(years.items())), {**counts, **{mark: int(total[mark]) for mark in counted}}


def _found(file: RawFile, reading: Reading, checks: list[RowCheck], counts: Mapping[str, Any]) -> list[Problem]:
    problems = []
    for check, count in zip(checks, counts["checks"], strict=True):
        if check.problem and count:
            problems.append(
                Problem(
                    where=file.name,
                    found=f"{count} {check.found}" if count > 1 else f"1 row: {check.found}",
                    expected=check.expected,
                    action=check.action,
                    table=file.table,
                    column=reading.match.names.get(check.column, check.column),
                    count=count,
                    examples=_examples(reading, check),
                )
            )
    for name in reading.marks:
        comma, point, thousands = (counts.get(f"{name}:{mark}", 0) for mark in ("comma", "point", "thousands"))
        mixed = comma and point
        if mixed or (thousands and thousands == point):
            problems.append(
                Problem(
                    where=file.name,
                    found=f"{comma} numbers with a comma and {point} with a point" if mixed
                    else f"{point} numbers such as 1.234, which may be thousands or decimals",
                    expected="one decimal mark, and no thousands marks",
                    action="write the numbers without thousands marks",
                    table=file.table,
                    column=reading.match.names[name],
                    count=min(comma, point) if mixed else point,
                )
            )  # fmt: skip
    return problems


def _examples(reading: Reading, check: RowCheck) -> tuple[str, ...]:
    """Show up to three rows by their number in the file, with the value as it is stored."""
    table = reading.table
    shown = table[f"{check.column}:raw"].cast("string") if check.column in reading.marks else ibis.null("string")
    rows = table.select(row=ibis.row_number() + 1, shown=shown.fill_null(""), met=check.flag.fill_null(False))
    frame = rows.filter(rows.met).order_by("row").limit(3).to_pandas()
    return tuple(
        f"row {row}: {value[:40]!r}" if value else f"row {row}"
        for row, value in zip(frame["row"], frame["shown"], strict=True)
    )


def _clean_columns(reading: Reading, counts: Mapping[str, Any]) -> set[str]:
    return {name for name in reading.marks if counts.get(f"{name}:changed") == 0}


def _refused(file: RawFile, reading: Reading) -> list[Problem]:
    return [
        Problem(
            where=file.name,
            found=f"a column stored as {stored}",
            expected=f"a {_KINDS[reading.match.contract.columns[name].type]}",
            action="store it in that type, or name another column under `columns`",
            table=file.table,
            column=reading.match.names[name],
        )
        for name, stored in reading.refused.items()
    ]


def _no_rows(file: RawFile) -> list[Problem]:
    return [
        Problem(file.name, "no rows", "at least one row", "deliver the file again, or leave it out", table=file.table)
    ]

"""The order of work: find files, fingerprint them, inspect each, check the tables, put them together."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from si_eval.engine import open_engine, scan_parquet
from si_eval.engine.prepared import AllRows, name_answer
from si_eval.errors import Problem, merge_alike
from si_eval.frozen import encode
from si_eval.registers.extracts.cache import Cache, fingerprint, make_key, open_cache
from si_eval.registers.extracts.checking import run_checks
from si_eval.registers.extracts.conversion import unreadable
from si_eval.registers.extracts.delimited import ends_within_a_line
from si_eval.registers.extracts.files import FoundFiles, Patterns, RawFile, find_files, missing_tables
from si_eval.registers.extracts.inspection import Inspected, inspect_files, union_rows
from si_eval.registers.extracts.tables import (
    check_fit,
    check_keys,
    check_years,
    complete_units,
    count_years,
    group_by_table,
)
from si_eval.registers.extracts.treatment import Settings
from si_eval.registers.schema import contracts, table_names
from si_eval.registry import facts
from si_eval.results import CheckResult, Extract, Simulation, SourceFile
from si_eval.system.temporary_folders import temporary_folder

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from si_eval.engine import Engine

READER = "duckdb"  # the engine that converts and checks raw files; another one is handed the result
Source = str | Path | Sequence[str | Path]
Progress = Callable[[str], None]
_COMPLETED_FROM = {"business_units": ("business_unit_groups", "business_unit_founding")}
SHEETS = (65_536, 1_048_576)  # rows that a sheet of a spreadsheet holds, the names of columns among them


@dataclass(frozen=True)
class Request:
    """What is asked of an extract: where it is, and what a study says of its files."""

    source: Source
    files: Mapping[str, Patterns] | None = None
    columns: Mapping[str, Mapping[str, str]] | None = None
    money_unit: Mapping[str, float] | None = None
    participants: str | Path | None = None
    cache: str | Path | None = None
    engine: Engine | None = None
    progress: Progress | None = None
    accept: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Examined:
    """Everything that was found: an extract where nothing is wrong, the problems where something is."""

    found: FoundFiles
    inspected: tuple[Inspected, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    simulation: Simulation | None = None
    extract: Extract | None = None
    checks: tuple[CheckResult, ...] = ()


def examine(request: Request) -> Examined:
    """Read and check an extract; every problem of every table is listed, none is raised."""
    say = request.progress or (lambda _: None)
    found = find_files(request.source, files=request.files, participants=request.participants)
    simulation, simulation_problems = read_simulation(request.source)
    problems = [*_wrong_settings(request), *found.problems, *missing_tables(found), *simulation_problems]
    if not found.files:
        return Examined(found, (), tuple(problems), found.notes, simulation)
    cache = open_cache(request.cache)
    engine = request.engine if request.engine is not None else open_engine(READER)
    reader = engine if engine.name == READER else open_engine(READER)
    with temporary_folder("reading-", cache.folder) as workspace:
        inspected = _inspect(found.files, request, reader, cache, workspace, say)
        problems += merge_alike(problem for file in inspected for problem in file.problems)
        say("checking the tables")
        table_problems, notes = _check_tables(inspected, cache)
        problems += table_problems
        notes = [*found.notes, *_cut_off(inspected), *_remarks(inspected), *notes]
        if problems:
            return Examined(found, tuple(inspected), tuple(problems), tuple(notes), simulation)
        say("putting the tables together")
        tables, more = _tables(inspected, reader, cache)
        say("checking plausibility")
        sources = tuple(_sources(inspected, request))
        checked = run_checks(tables, inspected, sources, request.accept or {}, engine=reader, cache=cache)
        if engine is not reader:
            tables = _copy_to_engine(tables, inspected, engine, cache)
    absent = [f"{name} is absent: {contracts()[name].without}" for name in table_names() if name not in tables]
    notes = [*notes, *more, *absent, *checked.notes]
    extract = Extract(tables, engine, sources, tuple(notes), simulation, checked.checks)
    sound = None if checked.problems else extract
    return Examined(found, tuple(inspected), checked.problems, tuple(notes), simulation, sound, checked.checks)


def _wrong_settings(request: Request) -> list[Problem]:
    problems = []
    for argument, given in (("columns", request.columns), ("money_unit", request.money_unit)):
        expected = f"one of {', '.join(contracts())}"
        for name in given or {}:
            if name not in contracts():
                problems.append(
                    Problem(argument, f"a table {name!r}", expected, f"correct the name under `{argument}`")
                )
    for name, unit in (request.money_unit or {}).items():
        if unit not in (1, 1000):
            problems.append(
                Problem(
                    "money_unit",
                    f"{unit!r} for {name}",
                    "1 or 1000, what one in the file stands for",
                    "correct `money_unit`",
                )
            )
    return problems


def _inspect(
    files: Sequence[RawFile], request: Request, engine: Engine, cache: Cache, workspace: Path, say: Progress
) -> list[Inspected]:
    with ThreadPoolExecutor(max_workers=2) as pool:
        prints = list(pool.map(_fingerprint_or_reason, [file.path for file in files]))
    columns, units = request.columns or {}, request.money_unit or {}
    readable = [
        (file, sha256, Settings(columns.get(file.table, {}), units.get(file.table)))
        for file, sha256 in zip(files, prints, strict=True)
        if isinstance(sha256, str)
    ]
    inspected = iter(inspect_files(readable, engine=engine, cache=cache, workspace=workspace, say=say))
    return [
        next(inspected) if isinstance(sha256, str) else Inspected(file, "", "", problems=(_unopened(file, sha256),))
        for file, sha256 in zip(files, prints, strict=True)
    ]


def _unopened(file: RawFile, error: OSError) -> Problem:
    return unreadable(file, error.strerror or type(error).__name__)


def _fingerprint_or_reason(path: Path) -> str | OSError:
    try:
        return fingerprint(path)
    except OSError as error:
        return error


def _check_tables(inspected: Sequence[Inspected], cache: Cache) -> tuple[list[Problem], list[str]]:
    tables = group_by_table(inspected)
    problems = [problem for name, files in tables.items() for problem in check_keys(name, files, cache)]
    problems += check_years(tables)
    whole = {name: files for name, files in tables.items() if _identified(name, files)}
    fit, notes = check_fit(whole, cache)
    return [*problems, *fit], notes


def _identified(name: str, files: Sequence[Inspected]) -> bool:
    """Whether every file has the identifiers by which tables are joined; a missing one is reported already."""
    wanted = {"be_id", "person_id", "kvk_id"} & set(contracts()[name].columns)
    return all(wanted <= set(file.columns) for file in files)


def _tables(inspected: Sequence[Inspected], engine: Engine, cache: Cache) -> tuple[dict[str, ir.Table], list[str]]:
    """Name each table in the engine, so that the stages' queries stay short."""
    files = group_by_table(inspected)
    units, notes = complete_units(files, engine, cache)
    tables = {}
    for name in table_names():
        if name in files:
            table = units if name == "business_units" else union_rows(files[name])
            tables[name] = name_answer(AllRows(), table)
    return tables, notes


def _copy_to_engine(
    tables: Mapping[str, ir.Table], inspected: Sequence[Inspected], engine: Engine, cache: Cache
) -> dict[str, ir.Table]:
    """Hand each table to another engine, through a parquet file in the cache."""
    files = group_by_table(inspected)
    handed = {}
    for name, table in tables.items():
        sources = [file.key for part in (name, *_COMPLETED_FROM.get(name, ())) for file in files.get(part, ())]
        key = make_key("handed over", name, sources)
        path = cache.parquet(key)
        if not path.is_file():
            cache.write_parquet(key, table.to_parquet)
        handed[name] = scan_parquet(engine, [path])
    return handed


def _cut_off(inspected: Sequence[Inspected]) -> list[str]:
    """Remark on files that may have been cut off where nothing else tells.

    The last line of a text has no end, so that a number in it may be shorter; or there are as many rows as a sheet of a
    spreadsheet holds.
    """
    full = [
        f"{one.file.name} has {one.rows} rows, as many as a sheet of a spreadsheet holds: it may have been cut off"
        for one in inspected
        if one.rows + 1 in SHEETS or one.rows in SHEETS
    ]
    return full + [
        f"{one.file.name} has no line end after its last line: it may have been cut off"
        for one in inspected
        if one.file.format == "csv" and ends_within_a_line(one.file.path)
    ]


def _remarks(inspected: Sequence[Inspected]) -> list[str]:
    """Add up the remarks of all files of a table, and name the columns that are absent."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for file in inspected:
        counts[file.file.table].update(file.notes)
    remarks = [f"{table}: {count} {text}" for table, texts in counts.items() for text, count in texts.items()]
    tables = group_by_table(inspected)
    completed = {"group_id": "business_unit_groups", "founded": "business_unit_founding"}
    for name, files in tables.items():
        for column in contracts()[name].visible.values():
            absent = [file for file in files if column.name not in file.columns or column.name in file.empty]
            if column.name in completed and name == "business_units":
                absent = [
                    file for file in absent if not _completed(file, column.name, tables.get(completed[column.name], ()))
                ]
            if absent and column.nullable and column.without:
                years = sorted({year for file in absent for year in count_years([file])})
                when = f" in {', '.join(map(str, years))}" if years and len(absent) < len(files) else ""
                none = "no values of" if all(column.name in file.columns for file in absent) else "no"
                remarks.append(f"{name} has {none} {column.name}{when}: {column.without}")
    register = set(count_years(tables.get("business_units", ())))
    for name in ("kvk_person", "person_business_unit"):
        delivered = {file.file.year for file in tables.get(name, ())}
        untraced = sorted(register - delivered) if delivered and None not in delivered else []
        if untraced:
            remarks.append(f"{name} has no file of {', '.join(map(str, untraced))}: no participants are traced then")
    unit = facts("tables")["wide_investments"]["unit"]
    if any(file.file.table == "investments" and file.file.layout == "cbs" for file in inspected):
        remarks.append(
            f"investments: CBS files are read in units of {unit} euro unless `money_unit` says otherwise (a guess)"
        )
    return remarks


def _completed(register: Inspected, column: str, others: Sequence[Inspected]) -> bool:
    if column == "founded" and (others or "register_start" in register.columns):
        return True
    years = {other.file.year for other in others}
    return bool(years) and (register.file.year in years or None in years or register.file.year is None)


def _sources(inspected: Sequence[Inspected], request: Request) -> list[SourceFile]:
    columns, units = request.columns or {}, request.money_unit or {}
    said = {
        name: encode({"columns": dict(columns.get(name, {})), "money_unit": units.get(name)})
        for name in {*columns, *units}
    }
    return [
        SourceFile(
            table=one.file.table,
            path=one.file.name,
            format=one.file.format,
            sha256=one.sha256,
            rows=one.rows,
            year=one.file.year,
            version=f"V{one.file.version}" if one.file.version is not None else "",
            settings=said.get(one.file.table, ""),
        )
        for one in inspected
    ]


def read_simulation(source: Source) -> tuple[Simulation | None, list[Problem]]:
    """Read what a simulated extract says of itself."""
    folders = [Path(source)] if isinstance(source, (str, Path)) else [Path(folder) for folder in source]
    for folder in folders:
        path = folder / "simulation.json"
        if not path.is_file():
            continue
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            if not said["synthetic"]:
                continue
            simulation = Simulation(
                preset=str(said["preset"]),
                scale=float(said["scale"]),
                seed=int(said["seed"]),
                note=str(said.get("note", "")),
                calibrated=tuple(said.get("calibrated", ())),
            )
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError, OSError) as error:
            expected = "synthetic, preset, scale and seed, as the simulator writes them"
            return None, [
                Problem(path.name, f"a file that cannot be read ({error!r})", expected, "simulate the extract again")
            ]
        return simulation, []
    return None, []

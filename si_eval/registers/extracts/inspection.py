"""Inspects one raw file: counts its rows, says what is wrong with them, and remembers a file that is sound."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache as remember
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
import pyarrow.parquet as pq

from si_eval.engine import is_engine_error, scan_files, scan_parquet
from si_eval.engine.prepared import MAX_PREPARED, ask, name_answer, stand_in
from si_eval.errors import Problem
from si_eval.registers.extracts.cache import Cache, make_key
from si_eval.registers.extracts.columns import Match, match_columns
from si_eval.registers.extracts.conversion import (
    Reading,
    ShapedRows,
    SoundColumns,
    convert_columns,
    raw_parquet,
    unreadable,
)
from si_eval.registers.extracts.files import RawFile
from si_eval.registers.extracts.findings import (
    CHECKED_MARKS,
    decide_columns,
    find_notes,
    find_problems,
    refused_columns,
    row_checks_of,
)
from si_eval.registers.extracts.footers import contradictions, ends_of
from si_eval.registers.extracts.parquet_files import describe_damage, describe_error
from si_eval.registers.extracts.treatment import FILE, FILE_YEAR, Settings, Treatment
from si_eval.registers.schema import RowCheck

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from si_eval.engine import Engine


@dataclass(frozen=True)
class Stored:
    """The rows of a file that is sound, unread: ``read`` gives those of several files that are stored ``alike``."""

    path: Path
    alike: Hashable
    read: Callable[[tuple[Path, ...]], ir.Table]


@dataclass(frozen=True)
class Inspected:
    """One file as read: its rows under the contract's columns, and what was found in them.

    ``years`` counts rows by year, ``columns`` names the contract's columns that the file has, ``empty`` those of them
    without a value in any row, ``notes`` counts rows by remark, ``key`` identifies the content and how it was read. The
    rows are in ``table`` where the file was inspected now, in ``stored`` where it was before, and nowhere where it
    cannot be read.
    """

    file: RawFile
    sha256: str
    key: str
    rows: int = 0
    years: Mapping[int, int] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    table: ir.Table | None = None
    stored: Stored | None = None


@dataclass(frozen=True)
class _Counted:
    """The rows of one file: how many, by year, by condition and by mark, and the ends of its columns."""

    rows: int
    years: Mapping[int, int]
    counts: Mapping[str, Any]
    ends: pd.DataFrame


def union_rows(files: Sequence[Inspected]) -> ir.Table:
    """Read the rows of several files as one table; files that are stored and treated alike are read at once."""
    alike: dict[Hashable, list[Stored]] = {}
    for file in files:
        if file.stored is not None:
            alike.setdefault(file.stored.alike, []).append(file.stored)
    tables = [file.table for file in files if file.table is not None]
    tables += [group[0].read(tuple(one.path for one in group)) for group in alike.values()]
    return ibis.union(*tables, distinct=False) if len(tables) > 1 else tables[0]


@dataclass(frozen=True)
class _Opened:
    """A file that the engine can read: its rows as parquet, its columns, and where it stands among the files asked."""

    file: RawFile
    sha256: str
    key: str
    settings: Settings
    path: Path
    match: Match
    problems: tuple[Problem, ...]
    alike: Hashable


def inspect_files(
    files: Sequence[tuple[RawFile, str, Settings]],
    *,
    engine: Engine,
    cache: Cache,
    workspace: Path,
    say: Callable[[str], None],
) -> list[Inspected]:
    """Read files, each with its sha256 and settings; those that are stored alike are looked at together.

    What was read without problems is kept in the cache, and not inspected again.
    """
    done: dict[int, Inspected] = {}
    alike: dict[Hashable, dict[int, _Opened]] = {}
    for number, (file, sha256, settings) in enumerate(files):
        say(f"reading {file.name}")
        opened = _open_file(file, sha256, settings, engine, cache, workspace)
        if isinstance(opened, Inspected):
            done[number] = opened
        else:
            alike.setdefault(opened.alike, {})[number] = opened
    for together in alike.values():
        done |= zip(together, _inspect_alike(list(together.values()), engine, cache), strict=True)
    return [done[number] for number in range(len(files))]


def _open_file(
    file: RawFile, sha256: str, settings: Settings, engine: Engine, cache: Cache, workspace: Path
) -> Inspected | _Opened:
    """Find a file in the cache, or make it one that the engine can read."""
    key = make_key(
        "file", file.table, file.layout, file.format, file.year, dict(settings.columns), settings.unit, sha256
    )
    kept = cache.load(key)
    if kept is not None and (kept["in_place"] or cache.parquet(key).is_file()):
        return _load_inspected(file, sha256, key, kept, settings, engine, cache)
    found = Inspected(file, sha256, key)
    path, problems = raw_parquet(file, workspace / f"{key}.parquet", engine)
    if path is None:
        return replace(found, problems=tuple(problems))
    schema = pq.read_schema(path).remove_metadata()
    match = match_columns(file, schema.names, settings.columns)
    problems += match.problems
    if len({name.casefold() for name in schema.names}) < len(schema.names):
        return replace(found, problems=tuple(problems))
    asked = (file.table, file.layout, file.format, file.year is None, settings.unit)
    alike = (*asked, schema, match.contract.name, tuple(match.names.items()))
    return _Opened(file, sha256, key, settings, path, match, tuple(problems), alike)


def _inspect_alike(opened: Sequence[_Opened], engine: Engine, cache: Cache) -> list[Inspected]:
    """Look at files that are stored alike in one pass; where one of them is damaged, at each of them alone."""
    first = opened[0]
    try:
        paths = {one.path.absolute(): one.file.year for one in opened}
        raw = scan_files(engine, paths, name=FILE, year=FILE_YEAR)
        reading = convert_columns(Treatment.of(first.file, first.match, first.settings.unit), raw)
        counted, checks = _count(reading, list(paths))
    except Exception as error:
        if len(opened) > 1:
            return [found for one in opened for found in _inspect_alike([one], engine, cache)]
        damage = describe_damage(first.path)
        if not damage and not is_engine_error(error):
            raise
        problem = unreadable(first.file, damage or describe_error(error))
        return [Inspected(first.file, first.sha256, first.key, problems=(*first.problems, problem))]
    judged = []
    for one in opened:
        path = one.path.absolute()
        of_file = partial(reading.of_file, path, one.file.year, engine) if len(opened) > 1 else lambda: reading
        judged.append(_judge(one, reading, of_file, checks, counted[path], engine, cache))
    return judged


def _judge(
    opened: _Opened,
    alike: Reading,
    of_file: Callable[[], Reading],
    checks: Sequence[RowCheck],
    counted: _Counted,
    engine: Engine,
    cache: Cache,
) -> Inspected:
    """Judge one file by what was counted, and keep it in the cache where nothing is wrong with it.

    ``alike`` has the rows of all files that are stored alike, ``of_file`` gives those of this one.
    """
    file, match, counts = opened.file, opened.match, counted.counts
    damaged = contradictions(opened.path, match.names, counted.ends, counted.rows) if opened.path == file.path else []
    if damaged:
        problem = unreadable(file, f"its footer excludes values of {', '.join(damaged)}")
        return Inspected(file, opened.sha256, opened.key, problems=(*opened.problems, problem))
    decisions = decide_columns(alike, counts)
    readings = {name: decision.reading for name, decision in decisions.items() if decision.reading}
    clean = {name for name in alike.marks if counts.get(f"{name}:changed") == 0}
    changeable = {name for name, marks in alike.marks.items() if "changed" in marks}
    in_place = opened.path == file.path and not match.wide and alike.cheap and not readings and clean >= changeable
    notes = find_notes(checks, counts, decisions)
    empty = _empty_columns(match, counts) if counted.rows else ()
    problems = [*opened.problems, *refused_columns(file, alike, counts)]
    faulty = any(decision.faults for decision in decisions.values())
    faulty |= any(check.problem and count for check, count in zip(checks, counts["checks"], strict=True))
    if problems or faulty or not counted.rows or not in_place:
        reading = of_file()
        table = name_answer(ShapedRows(reading.treatment, frozenset(clean), tuple(readings.items())), reading.table)
        if not counted.rows:
            problems += _no_rows(file)
        elif faulty:
            problems += find_problems(file, reading, row_checks_of(reading), counts, decisions)
        if problems:
            columns = tuple(match.names)
            return Inspected(
                file,
                opened.sha256,
                opened.key,
                counted.rows,
                counted.years,
                columns,
                empty,
                notes,
                tuple(problems),
                table,
            )
        cache.write_parquet(opened.key, table.to_parquet)
    kept = {"rows": counted.rows, "years": counted.years, "columns": list(match.names), "empty": empty, "notes": notes}
    kept |= {"in_place": in_place, "clean": sorted(clean)}
    cache.save(opened.key, kept)
    return _load_inspected(file, opened.sha256, opened.key, kept, opened.settings, engine, cache)


def _load_inspected(
    file: RawFile, sha256: str, key: str, kept: dict[str, Any], settings: Settings, engine: Engine, cache: Cache
) -> Inspected:
    """Return a file that was inspected before, its rows unread."""
    if kept["in_place"]:
        schema = pq.read_schema(file.path).remove_metadata()
        match = match_columns(file, schema.names, settings.columns)
        sound = SoundColumns(Treatment.of(file, match, settings.unit), frozenset(kept["clean"]))
        if "year" in match.names and not sound.treatment.is_clipped:
            sound = replace(sound, treatment=replace(sound.treatment, year=None))
        read = remember(lambda paths: name_answer(sound, scan_parquet(engine, paths)))
        stored = Stored(file.path, (sound, schema), read)
    else:
        stored = Stored(cache.parquet(key), "converted", remember(partial(scan_parquet, engine)))
    years = {int(year): rows for year, rows in kept["years"].items()}
    columns, empty = tuple(kept["columns"]), tuple(kept["empty"])
    return Inspected(file, sha256, key, kept["rows"], years, columns, empty, kept["notes"], stored=stored)


@dataclass(frozen=True)
class _CountedRows:
    """Rows by file and year, rows that meet each condition or have each mark, and the ends of each stored column."""

    treatment: Treatment
    marks: tuple[tuple[str, tuple[str, ...]], ...]
    refused: frozenset[str]

    def __call__(self, table: ir.Table) -> ir.Table:
        flags = {f"check_{number}": check.flag for number, check in enumerate(_checks(self, table.schema()))}
        flags |= {mark: table[mark] for mark in self.counted}
        year = self.reading(table).values.get("year", ibis.null("int64"))
        filled = {
            f"{name}:filled": table[name] for name, _ in self.marks if self.treatment.contract.columns[name].nullable
        }
        met = {name: flag.fill_null(False) for name, flag in flags.items()}
        stored = {f"{name}:raw": table[f"{name}:raw"] for name, _ in self.marks}
        marked = table.select(_file=table[FILE], _year=year, **met, **stored, **filled)
        sums = {name: marked[name].sum() for name in flags}
        sums |= {name: marked[name].count() for name in filled}
        ends = ends_of({name: marked[f"{name}:raw"] for name, _ in self.marks})
        return marked.group_by(["_file", "_year"]).aggregate(_rows=marked.count(), **sums, **ends)

    @property
    def counted(self) -> list[str]:
        """List the marks that are counted beside the conditions."""
        return [f"{name}:{mark}" for name, marks in self.marks for mark in marks if mark not in CHECKED_MARKS]

    def reading(self, table: ir.Table) -> Reading:
        """Return a table with converted columns as it was read."""
        return Reading(table, self.treatment, dict(self.marks), dict.fromkeys(self.refused, ""), True)


@lru_cache(maxsize=MAX_PREPARED)
def _checks(question: _CountedRows, schema: ibis.Schema) -> tuple[RowCheck, ...]:
    """List the conditions to count of a table with this schema, on the table that stands in for it."""
    return tuple(row_checks_of(question.reading(stand_in(schema))))


def _count(reading: Reading, paths: Sequence[Path]) -> tuple[dict[Path, _Counted], tuple[RowCheck, ...]]:
    """Count rows by file and year, and rows that meet each condition, in one pass; and return the conditions."""
    question = _CountedRows(reading.treatment, tuple(reading.marks.items()), frozenset(reading.refused))
    frame = ask(question, reading.table).to_pandas()
    checks = _checks(question, reading.table.schema())
    conditions = [f"check_{number}" for number in range(len(checks))]
    marks = [*question.counted, *(name for name in frame if name.endswith(":filled"))]
    ends = [name for name in frame if name not in {"_file", "_year", "_rows", *conditions, *marks}]
    found = {}
    for path in paths:
        rows = frame.loc[frame["_file"] == str(path)]
        total = rows[["_rows", *conditions, *marks]].sum()
        dated = rows.loc[rows["_year"].notna()]
        years = {int(year): int(count) for year, count in zip(dated["_year"], dated["_rows"], strict=True)}
        counts: dict[str, Any] = {"checks": [int(total[name]) for name in conditions]}
        counts |= {mark: int(total[mark]) for mark in marks}
        found[path] = _Counted(int(total["_rows"]), dict(sorted(years.items())), counts, rows[ends])
    return found, checks


def _empty_columns(match: Match, counts: Mapping[str, Any]) -> tuple[str, ...]:
    """List the columns that are there and have no value in any row."""
    return () if match.wide else tuple(name for name in match.names if counts.get(f"{name}:filled") == 0)


def _no_rows(file: RawFile) -> list[Problem]:
    return [
        Problem(file.name, "no rows", "at least one row", "deliver the file again, or leave it out", table=file.table)
    ]

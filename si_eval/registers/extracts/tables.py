"""Joins the files of each table, and checks what no single file shows: keys, years, and whether the tables fit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import ibis

from si_eval.engine import materialise, scan_parquet
from si_eval.engine.prepared import ask
from si_eval.errors import Problem
from si_eval.registers.extracts.cache import Cache, make_key
from si_eval.registers.extracts.inspection import Inspected, union_rows
from si_eval.registers.extracts.keys import count_unknown, may_repeat
from si_eval.registers.schema import FIRST_YEAR, IDENTIFIERS, LAST_YEAR, TableContract, contracts
from si_eval.registry import facts

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from si_eval.engine import Engine

Files = Sequence[Inspected]
_MAX_ROWS_AT_ONCE = 8_000_000
# the tables from a participant to its units, each with the column by which the next one knows it
_CHAIN = (
    ("participants", "kvk_id"),
    ("kvk_person", "person_id"),
    ("person_business_unit", "be_id"),
    ("business_units", ""),
)


def group_by_table(inspected: Files) -> dict[str, list[Inspected]]:
    """Group the files that could be read by table."""
    groups: dict[str, list[Inspected]] = defaultdict(list)
    for file in inspected:
        if file.table is not None or file.stored is not None:
            groups[file.file.table].append(file)
    return dict(groups)


def count_years(files: Files) -> Counter[int]:
    """Count rows by year over several files."""
    years: Counter[int] = Counter()
    for file in files:
        years.update(file.years)
    return years


def check_keys(name: str, files: Files, cache: Cache) -> list[Problem]:
    """Find keys that occur more than once; remembered where there is none."""
    contract = contracts()[name]
    if not contract.key or not all(
        set(contract.key) - {"year", "asset", "component"} <= set(file.columns) for file in files
    ):
        return []
    key = make_key("keys", name, sorted(file.key for file in files))
    if not any(file.problems for file in files) and cache.load(key) is not None:
        return []
    problems = []
    for (part,) in _by_year(files):
        problems += _duplicates(contract, part, files)
    if not problems:
        cache.save(key, {})
    return problems


def _possible_years(files: Files) -> set[int]:
    """List the years of files, without slips, which are problems of their rows."""
    years = set(count_years(files)) | {file.file.year for file in files if file.file.year is not None}
    return {year for year in years if FIRST_YEAR <= year <= LAST_YEAR}


def check_years(tables: Mapping[str, Files]) -> list[Problem]:
    """Find years that are missing between others, and years that the register of units does not have."""
    problems = []
    register = _possible_years(tables.get("business_units", ()))
    for name, files in tables.items():
        years = _possible_years(files)
        if not years or name in {"participants", "events"}:
            continue
        gaps = sorted(set(range(min(years), max(years) + 1)) - years)
        if gaps and (contracts()[name].years or len(files) > 1):
            found = f"no rows for {_listed(gaps)} between {min(years)} and {max(years)}"
            action = "add the files of those years"
            problems.append(_years_problem(name, found, "every year in between", action, len(gaps)))
        inside = range(min(register, default=0), max(register, default=0) + 1)
        beyond = sorted(year for year in years if year not in inside)
        if beyond and register and name in {"turnover", "investments"}:
            found = f"years without a register of business units: {_listed(beyond)}"
            expected = f"years of the register: {_listed(sorted(register))}"
            action = "add the registers of those years, or leave these rows out"
            problems.append(_years_problem(name, found, expected, action, len(beyond)))
    return problems


def check_fit(tables: Mapping[str, Files], cache: Cache) -> tuple[list[Problem], list[str]]:
    """Check that participants reach persons and units, and that turnover belongs to units of the register."""
    problems, notes = [], []
    for name in ("turnover", "investments"):
        if name in tables and "business_units" in tables:
            groups = (tables[name], tables["business_units"])
            counts = _count_once(cache, "orphans", groups, lambda groups=groups: _orphans(*groups))
            if counts["orphans"] and counts["orphans"] == counts["rows"]:
                problems.append(_no_match(name, "be_id", "business_units", counts["rows"]))
            elif counts["orphans"]:
                notes.append(f"{name}: {counts['orphans']} rows of units that are not in that year's register")
    if all(name in tables for name, _ in _CHAIN):
        counts = _count_once(cache, "chain", [tables[name] for name, _ in _CHAIN], lambda: _chain(tables))
        for (name, column), (target, _) in pairwise(_CHAIN):
            if counts.get(target) == 0 and counts.get(name, 1):
                problems.append(_no_match(name, column, target, counts.get(name, 0)))
    return problems, notes


def complete_units(tables: Mapping[str, Files], engine: Engine, cache: Cache) -> tuple[ir.Table, list[str]]:
    """Join the register of units with group and founding date from the files that hold them."""
    register = tables["business_units"]
    groups = tables.get("business_unit_groups", [])
    foundings = tables.get("business_unit_founding", [])
    visible = list(contracts()["business_units"].visible)
    if not groups and not foundings and not any("register_start" in file.columns for file in register):
        return union_rows(register).select(visible), []
    founded = None
    paths, censored, repeated = [], 0, 0
    for file in register:
        of_year = [group for group in groups if group.file.year in (None, file.file.year) or file.file.year is None]
        key = make_key("units", file.key, [other.key for other in (*of_year, *foundings)])
        kept = cache.load(key)
        if kept is None or not cache.parquet(key).is_file():
            if founded is None and foundings:
                founded = materialise(engine, _founded(foundings))
            completed = _complete(file, of_year, founded)
            path = cache.write_parquet(key, completed.to_parquet)
            written = scan_parquet(engine, [path])
            kept = {"censored": int(written.left_censored.sum().to_pandas() or 0), "repeated": _repeated(of_year)}
            cache.save(key, kept)
        paths.append(cache.parquet(key))
        censored += kept["censored"]
        repeated += kept["repeated"]
    notes = []
    if censored:
        start = facts("tables")["register_start"]
        notes.append(
            f"business_units: {censored} unit-years take the start in the register for founding date, "
            f"which is never before {start}: their ages are left-censored"
        )
    if repeated:
        notes.append(
            f"business_unit_groups: {repeated} units in more than one group in a year; the highest group id counts"
        )
    return scan_parquet(engine, paths).select(visible), notes


def _by_year(*groups: Files) -> list[list[ir.Table]]:
    """Split large tables alike by year, so that their keys fit in memory; each key holds a year."""
    if sum(file.rows for files in groups for file in files) <= _MAX_ROWS_AT_ONCE:
        return [[union_rows(files) for files in groups]]
    years = sorted(set(count_years([file for files in groups for file in files])))
    return [[_of_year(files, year) for files in groups] for year in years]


def _of_year(files: Files, year: int) -> ir.Table:
    table = union_rows([file for file in files if year in file.years] or files)
    return table.filter(table.year == year)


def _duplicates(contract: TableContract, table: ir.Table, files: Files) -> list[Problem]:
    key = list(contract.key)
    if not may_repeat(table, [contract.columns[name] for name in key]):
        return []
    whole = table.filter([table[name].notnull() for name in key])
    repeated = whole.group_by(key).aggregate(n=whole.count())
    repeated = repeated.filter(repeated.n > 1)
    count = int(repeated.count().to_pandas())
    if not count:
        return []
    distinct = whole.semi_join(repeated, key).distinct().group_by(key).aggregate(kinds=ibis._.count())
    exact = int((distinct.kinds == 1).sum().to_pandas())
    examples = repeated.order_by(key).limit(3).to_pandas()
    shown = tuple(
        ", ".join([*(f"{name} {row[name]}" for name in key if name not in IDENTIFIERS), f"{row['n']} rows"])
        for row in examples.to_dict("records")
    )
    kinds = [f"{exact} in identical rows"] * bool(exact) + [f"{count - exact} in rows that differ"] * bool(
        count - exact
    )
    return [
        Problem(
            where=_where(files, {int(row["year"]) for row in examples.to_dict("records")}),
            found=f"{count} keys that occur more than once: {', '.join(kinds)}",
            expected=f"one row for each {', '.join(key)}",
            action="leave out identical rows; where they differ, ask which row holds",
            table=contract.name,
            column=", ".join(key),
            count=count,
            examples=shown,
        )
    ]


def _where(files: Files, years: set[int]) -> str:
    names = [file.file.name for file in files if file.file.year is None or file.file.year in years]
    return ", ".join(names[:3]) or files[0].file.name


def _listed(years: Sequence[int]) -> str:
    return ", ".join(str(year) for year in years)


def _years_problem(name: str, found: str, expected: str, action: str, count: int) -> Problem:
    return Problem(where=name, found=found, expected=expected, action=action, table=name, column="year", count=count)


def _count_once(cache: Cache, what: str, groups: Sequence[Files], count: Any) -> dict[str, int]:
    files = [file for group in groups for file in group]
    key = make_key(what, [file.key for file in files])
    kept = None if any(file.problems for file in files) else cache.load(key)
    if kept is None:
        kept = count()
        if not any(file.problems for file in files):
            cache.save(key, kept)
    return kept


def _orphans(files: Files, registers: Files) -> dict[str, int]:
    """Count the rows of units that are not in that year's register, and all rows where there are any."""
    orphans = 0
    for part, register in _by_year(files, registers):
        orphans += count_unknown(part, register)
    return {"orphans": orphans, "rows": int(union_rows(files).count().to_pandas()) if orphans else 0}


@dataclass(frozen=True)
class _Reached:
    """How many participants, persons, units and known units the participants' numbers lead to."""

    def __call__(self, *tables: ir.Table) -> ir.Table:
        participants, persons, links, register = tables
        numbers = participants.select("kvk_id").distinct()
        found = persons.semi_join(numbers, "kvk_id").select("person_id").distinct()
        units = links.semi_join(found, "person_id").select("be_id").distinct()
        known = register.semi_join(units, "be_id").select("be_id").distinct()
        steps = zip(_CHAIN, (numbers, found, units, known), strict=True)
        return ibis.union(*(step.aggregate(name=ibis.literal(name), n=step.count()) for (name, _), step in steps))


def _chain(tables: Mapping[str, Files]) -> dict[str, int]:
    """Count what of the participants' numbers is known to each next table; only the last where it is known there."""
    counts = ask(_Reached(), *(union_rows(tables[name]) for name, _ in _CHAIN)).to_pydict()
    reached = dict(zip(counts["name"], counts["n"], strict=True))
    return {"business_units": reached["business_units"]} if reached["business_units"] else reached


def _no_match(table: str, column: str, target: str, count: int) -> Problem:
    return Problem(
        where=table,
        found=f"no {column} that occurs in {target}",
        expected="identifiers pseudonymised in the same way in both tables",
        action=f"ask for {table} and {target} from one delivery, or check the column under `columns`",
        table=table,
        column=column,
        count=count,
    )


def _founded(foundings: Files) -> ir.Table:
    table = union_rows(foundings)
    table = table.filter(table.founded.notnull())
    return table.group_by("be_id").aggregate(founding_date=table.founded.min())


def _repeated(groups: Files) -> int:
    if not groups:
        return 0
    table = union_rows(groups)
    table = table.filter(table.group_id.notnull())
    counted = table.group_by("be_id", "year").aggregate(n=table.group_id.nunique())
    return int((counted.n > 1).sum().to_pandas() or 0)


def _complete(register: Inspected, groups: Files, founded: ir.Table | None) -> ir.Table:
    table = union_rows([register])
    own_group, own_founding = ["group_id"], ["founded"]
    if groups:
        members = union_rows(groups)
        members = members.group_by("be_id", "year").aggregate(group_of_unit=members.group_id.max())
        table = table.left_join(members, ["be_id", "year"]).drop("be_id_right", "year_right")
        own_group.append("group_of_unit")
    if founded is not None:
        table = table.left_join(founded, "be_id").drop("be_id_right")
        own_founding.append("founding_date")
    values = {name: table[name] for name in contracts()["business_units"].visible}
    values["group_id"] = ibis.coalesce(*(table[name] for name in own_group))
    founding = ibis.coalesce(*(table[name] for name in own_founding))
    if founded is not None or "founded" in register.columns:
        return table.select(**{**values, "founded": founding}, left_censored=ibis.literal(False))
    values["founded"] = table.register_start
    return table.select(**values, left_censored=table.register_start.notnull())

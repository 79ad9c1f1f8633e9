"""Takes an unknown folder for registers: which table is the register, how others lead to it, what each column is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from si_eval.registers.naming import currency_of_names, score_name
from si_eval.registers.recognition.amounts import periods_of, turnover_unit
from si_eval.registers.recognition.keys import MIN_NAME, Keyed, key_tables
from si_eval.registers.recognition.raw import open_folder
from si_eval.registers.recognition.readings import (
    LIST,
    OWN_NUMBER,
    UNUSED,
    ColumnReading,
    FolderReading,
    TableReading,
)
from si_eval.registers.recognition.scores import assign_roles
from si_eval.registry import facts

CHAIN, DIRECT = "chain", "direct"
ROLES: Mapping[str, tuple[str, ...]] = {
    "business_units": (
        "employed_persons",
        "sbi",
        "founded",
        "group_id",
        "municipality",
        "region",
        "size_code",
        "turnover",
    ),
    "turnover": ("quarter", "turnover"),
    "participants": ("entry_date", "intensity", "decision", "scheme"),
    "kvk_person": ("year",),
    "person_business_unit": ("start", "end"),
    "investments": ("asset", "component", "amount", "response"),
    "events": ("event",),
    "enterprise_groups": ("employed_persons", "size_code"),
}
SHARE_DUTCH = 0.25  # of the names of columns, for a report in Dutch
NAMED = (
    "turnover",
    "participants",
    "kvk_person",
    "person_business_unit",
    "investments",
    "events",
)  # have rules of their own


def recognise_folder(folder: Path, *, progress: Callable[[str], None] | None = None) -> FolderReading:
    """Look at the files of a folder and say what they are taken for, column by column.

    The first and the last file of each table are opened. Columns are known by their names (in four languages, shortened
    or misspelt), by what their values look like, and identifiers by how many of them other tables have.
    """
    with open_folder(folder, progress or (lambda _: None)) as raw:
        keyed = key_tables(raw.tables)
        apart = any(one.table == "turnover" for one in keyed)
        listed = any(one.table == "participants" for one in keyed)
        tables = tuple(_read_table(one, apart=apart, listed=listed) for one in keyed)
        register = next((one for one in tables if one.table == "business_units"), None)
        if register is None:
            return FolderReading("", tables, raw.problems, raw.unread)
        by_table = {reading.table: one for reading, one in zip(tables, keyed, strict=True)}
        unit, per_person = turnover_unit(tables, by_table)
        names = [name for one in raw.tables for name in one.columns]
        link = CHAIN if any(one.table == "kvk_person" for one in tables) else DIRECT
        return FolderReading(
            link, tables, raw.problems, raw.unread, periods_of(register, by_table["business_units"]),
            *currency_of_names(names), unit, per_person, _is_dutch(names),
        )  # fmt: skip


def _read_table(keyed: Keyed, *, apart: bool, listed: bool) -> TableReading:
    """Read the columns of a table whose kind and keys are known.

    Where turnover has a table ``apart`` the register has none, and where there is no list (``listed``) of those that
    took part, the register may say it.
    """
    profiles = keyed.raw.profiles
    kind = "participants" if keyed.table.startswith(LIST) else keyed.table
    wanted = ROLES.get(kind, ("entry_date",) if not kind else ())
    if keyed.table == "participants" and keyed.keys and any(one.role == "kvk_id" for one in keyed.keys.values()):
        wanted = (*wanted, "fieldlab")
    if keyed.table == "business_units":
        wanted = tuple(role for role in wanted if not (apart and role == "turnover"))
        wanted = wanted if listed else (*wanted, "decision", "entry_date")
    if keyed.reason:  # the library knows its names: another column has a role only where its name says so
        others = [name for name in profiles if name not in keyed.keys]
        wanted = tuple(role for role in wanted if any(score_name(name, role).score >= MIN_NAME for name in others))
    columns = assign_roles(profiles, wanted, keyed.keys)
    if not keyed.table:
        columns = {
            name: ColumnReading(name, UNUSED, 1.0, "the table has no identifiers of units", profiles[name])
            for name in profiles
        }
    if keyed.table == "participants":
        columns = _year_of_entry(columns)
    ordered = tuple(columns[name] for name in profiles)
    family = keyed.raw.family
    return TableReading(
        keyed.table, family.pattern, len(family.paths), len(keyed.raw.frame), ordered, family.years, keyed.share,
        keyed.covers, keyed.reason, _largest(keyed, ordered),
    )  # fmt: skip


def _year_of_entry(columns: Mapping[str, ColumnReading]) -> dict[str, ColumnReading]:
    """Take the year of a list for that of entry, where it has no other: its rows are of those that took part."""
    entries = {name: one for name, one in columns.items() if one.role == "year"}
    if any(one.role == "entry_date" for one in columns.values()) or len(entries) != 1:
        return dict(columns)
    reason = "the only year in the list of those that took part"
    return {**columns, **{name: replace(one, role="entry_date", reason=reason) for name, one in entries.items()}}


def _largest(keyed: Keyed, columns: Sequence[ColumnReading]) -> str:
    """Return the number by which the largest of several rows of a unit in a year is known; nothing where none is."""
    if keyed.table in NAMED or keyed.table.startswith(LIST) or not keyed.table:
        return ""
    keys = [one.column for one in columns if one.role in ("be_id", "year")]
    persons = {
        one.column: score_name(one.column, "employed_persons").score
        for one in columns
        if one.role in (OWN_NUMBER, "employed_persons")
    }
    if "be_id" not in {one.role for one in columns} or not persons or not keyed.raw.samples[0].duplicated(keys).any():
        return ""
    return max(persons, key=lambda name: persons[name])


def _is_dutch(names: list[str]) -> bool:
    """Whether at least a quarter of the names have a Dutch word in them."""
    words = facts("roles")["dutch"]
    return sum(any(word in name.casefold() for word in words) for name in names) >= SHARE_DUTCH * len(names)

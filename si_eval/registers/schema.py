"""The contract of the raw tables, and the checks of one file's rows. Every problem is collected, none is raised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import ibis

from si_eval.registry import assets, facts, sections

if TYPE_CHECKING:
    import ibis.expr.types as ir

ColumnType = Literal["int64", "float64", "string", "date"]
Empty = Literal["allowed", "note", "problem", "drop"]
IDENTIFIERS = ("be_id", "group_id", "kvk_id", "person_id")  # of firms and persons: no message shows one
FIRST_YEAR, LAST_YEAR = 1900, 2100  # a year outside them is a slip
FIRST_DAY, LAST_DAY = 1, 9999  # the years of the calendar that dates are written in
_LONGEST_ZERO = 12  # zeros that an identifier is padded with
OLDEST_DAY, LATEST_DAY = 1600, 2078  # a day of a year outside them is a slip or a code; some ends are written as 2079


@dataclass(frozen=True)
class Name:
    """A name that a column has in the files of some years."""

    name: str
    first: int = 0
    last: int = 9999

    def holds_in(self, year: int | None) -> bool:
        """Whether the name was in use in a year; a file without a year takes every name."""
        return year is None or self.first <= year <= self.last


@dataclass(frozen=True)
class Column:
    """One column of a table: its type, its other names, and what may be in it."""

    name: str
    type: ColumnType
    names: tuple[Name, ...]
    nullable: bool = False
    empty: Empty = "problem"
    empty_cbs: Empty | None = None
    options: tuple[str, ...] = ()
    code: str = ""
    pad: int = 0
    month: str = ""
    money: bool = False
    hidden: bool = False
    without: str = ""


@dataclass(frozen=True)
class TableContract:
    """One raw table: its columns in order, its key, and what it is needed for."""

    name: str
    columns: Mapping[str, Column]
    required: bool = False
    key: tuple[str, ...] = ()
    years: bool = False
    completes: str = ""
    unit: float = 1.0
    without: str = ""

    @property
    def visible(self) -> dict[str, Column]:
        """List the columns that the table has once it is read."""
        return {name: column for name, column in self.columns.items() if not column.hidden}


@dataclass(frozen=True)
class RowCheck:
    """A condition that rows meet when something is the matter with them."""

    name: str
    column: str
    flag: ir.BooleanValue
    problem: bool
    found: str
    expected: str = ""
    action: str = ""


@cache
def contracts() -> dict[str, TableContract]:
    """Read the contract of every table, and of the files that complete one, by name."""
    return {name: _contract(name, entry) for name, entry in facts("tables")["tables"].items()}


@cache
def table_names() -> tuple[str, ...]:
    """List the tables of an extract in the contract's order."""
    return tuple(name for name, contract in contracts().items() if not contract.completes)


@cache
def wide_investments() -> TableContract:
    """Read the contract of an investment file with one column an asset and component."""
    wide = facts("tables")["wide_investments"]
    columns = {name: Column(name, "int64", _names(name, wide[name])) for name in ("be_id", "year")}
    for name in ("quality_1", "quality_2"):
        columns[name] = Column(name, "string", _names(name, wide[name]), empty="allowed")
    for code in wide_codes():
        columns[code] = Column(code, "float64", (Name(code),), nullable=True, empty="allowed", money=True)
    return TableContract("investments", columns, key=("be_id", "year"), years=True, unit=float(wide["unit"]))


@cache
def wide_codes() -> dict[str, tuple[str, str]]:
    """Map each column of a wide investment file to its asset and component."""
    return {
        f"{entry['cbs_code']}{suffix}": (asset, component)
        for asset, entry in assets().items()
        for suffix, component in entry["components"].items()
    }


def row_checks(
    contract: TableContract,
    values: Mapping[str, ir.Value],
    *,
    file_year: int | None,
    layout: str,
    year_of_row: ir.Value | None = None,
) -> list[RowCheck]:
    """List the conditions that single rows of a table must not, or should not, meet.

    ``values`` has the converted column of each name that the file has; ``year_of_row`` the year of the file that each
    row is of, where several files are read at once.
    """
    checks: list[RowCheck] = []
    for name, value in values.items():
        checks += _column_checks(contract.columns[name], value, layout)
    possible = values["year"].between(FIRST_YEAR, LAST_YEAR) if "year" in values else None
    if possible is not None:
        years = f"years outside {FIRST_YEAR}-{LAST_YEAR}"
        checks.append(
            RowCheck(
                "year", "year", ~possible.fill_null(True), True, years, "four digits of a year", "correct the years"
            )
        )
    if possible is not None and file_year is not None:
        wrong = (possible & (values["year"] != (file_year if year_of_row is None else year_of_row))).fill_null(False)
        checks.append(
            RowCheck(
                "year_of_file", "year", wrong, True, f"rows of another year in the file of {file_year}",
                f"rows of {file_year} only", "correct the year in the file's name or the rows",
            )
        )  # fmt: skip
    if {"start", "end"} <= set(values):
        reversed_period = (values["end"] < values["start"]).fill_null(False)
        checks.append(
            RowCheck(
                "reversed", "end", reversed_period, True, "periods that end before they start", "end on or after start",
                "correct the dates, or name the right columns under `columns`",
            )
        )  # fmt: skip
    if "start" in values:
        checks.append(
            RowCheck(
                "no_start", "start", values["start"].isnull(), False, "links without a start, read as always there"
            )
        )
    return checks


def _column_checks(column: Column, value: ir.Value, layout: str) -> list[RowCheck]:
    checks: list[RowCheck] = []
    name = column.name
    empty = column.empty_cbs if column.empty_cbs is not None and layout == "cbs" else column.empty
    if not column.nullable and empty != "allowed":
        texts = {
            "problem": (
                "empty values",
                "a value in every row",
                "fill in the values, or leave these rows out of the file",
            ),
            "note": (f"rows without {name}", "", ""),
            "drop": (f"rows without {name}, left out", "", ""),
        }[empty]
        checks.append(
            RowCheck("empty" if empty != "drop" else "drop", name, value.isnull(), empty == "problem", *texts)
        )
    if column.options:
        unknown = value.notnull() & value.notin(column.options)
        expected = f"one of {', '.join(column.options)}"
        checks.append(RowCheck("unknown", name, unknown, True, "unknown values", expected, "rename or correct them"))
    if name in IDENTIFIERS:
        placeholder = value <= 0 if column.type == "int64" else value.isin(_placeholders(column.pad))
        odd = f"values of {name} are 0, below 0 or nines alone, as codes for missing are: read as identifiers"
        checks.append(RowCheck("placeholder", name, placeholder.fill_null(False), False, odd))
    if column.code == "sbi":
        unknown = value.notnull() & value.left(2).notin(["00", *_divisions()])  # zeros are how registers write unknown
        checks.append(RowCheck("unknown", name, unknown, False, "activity codes of no division: in no sector"))
    if column.type == "date":
        days = f"days outside the years {FIRST_DAY}-{LAST_DAY}"
        wrong = ~value.year().between(FIRST_DAY, LAST_DAY).fill_null(True)
        checks.append(RowCheck("day", name, wrong, True, days, "days of a calendar", "correct them"))
        latest = LAST_DAY if column.month == "last" else LATEST_DAY
        unlikely = ~value.year().between(OLDEST_DAY, latest).fill_null(True) & ~wrong
        slips = f"days of {name} outside the years {OLDEST_DAY}-{latest}: slips, or codes for missing"
        checks.append(RowCheck("unlikely", name, unlikely, False, slips))
    if name == "quarter":
        wrong = value.notnull() & ~value.between(1, 4)
        checks.append(RowCheck("quarter", name, wrong, True, "quarters outside 1-4", "1, 2, 3 or 4", "correct them"))
    if name == "employed_persons":
        negative = (value < 0).fill_null(False)
        checks.append(RowCheck("negative", name, negative, True, "negative numbers", "0 or more", "correct them"))
    if name == "turnover":
        checks.append(RowCheck("negative", name, (value < 0).fill_null(False), False, "negative turnovers, kept"))
    if name == "size_code":
        size_classes = facts("size_classes")
        known = [*size_classes["codes"], *size_classes["unknown"]["codes"]]
        unknown = value.notnull() & value.notin(known)
        checks.append(
            RowCheck("unknown", name, unknown, False, "unknown size codes: their class follows from persons employed")
        )
    if column.code == "event":
        unknown = value.notnull() & value.notin(sorted(set(facts("tables")["events"].values())))
        checks.append(
            RowCheck("unknown", name, unknown, False, "events under a name or code that is not known, kept as they are")
        )
    return checks


def _placeholders(width: int) -> list[str]:
    """List the texts that stand for no identifier: zeros alone, and nines where its width is known."""
    return ["0" * length for length in range(1, _LONGEST_ZERO + 1)] + (["9" * width] if width else [])


def _divisions() -> list[str]:
    """List the divisions of activity, two digits each."""
    spans = [range(section["first"], section["last"] + 1) for section in sections().values()]
    return [f"{division:02d}" for span in spans for division in span]


def as_type(value: ir.Value | None, column: Column) -> ir.Value:
    """Cast a value, or nulls where there is none, to the exact type of the contract."""
    return ibis.null(column.type) if value is None else value.cast(column.type)


def _contract(name: str, entry: Mapping[str, Any]) -> TableContract:
    columns = {key: _column(key, value) for key, value in entry["columns"].items()}
    return TableContract(
        name=name,
        columns=columns,
        required=entry.get("required", False),
        key=tuple(entry.get("key", ())),
        years=entry.get("years", False),
        completes=entry.get("completes", ""),
        unit=float(entry.get("unit", 1)),
        without=entry.get("without", ""),
    )


def _column(name: str, entry: Mapping[str, Any]) -> Column:
    options = tuple(assets()) if entry.get("options") == "assets" else tuple(entry.get("options", ()))
    rest = {key: value for key, value in entry.items() if key not in {"names", "options"}}
    return Column(name=name, names=_names(name, entry.get("names", ())), options=options, **rest)


def _names(name: str, entries: Any) -> tuple[Name, ...]:
    aliases = [Name(entry) if isinstance(entry, str) else _name(entry) for entry in entries]
    return (Name(name), *aliases)


def _name(entry: Mapping[str, Any]) -> Name:
    return Name(entry["name"], entry.get("from", 0), entry.get("to", 9999))

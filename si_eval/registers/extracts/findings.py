"""Says what the rows of one file show: values that resist, rows that the contract refuses, decisions about columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import ibis

from si_eval.errors import Problem
from si_eval.registers.extracts.conversion import Reading, within_year
from si_eval.registers.extracts.decisions import Decision, decide
from si_eval.registers.extracts.files import RawFile
from si_eval.registers.extracts.treatment import FILE_YEAR
from si_eval.registers.schema import IDENTIFIERS, Column, RowCheck, contracts, row_checks

if TYPE_CHECKING:
    import ibis.expr.types as ir

CHECKED_MARKS = ("unreadable", "not_finite", "inexact", "percent", "currency", "word")
_KINDS = {"int64": "whole number", "float64": "number", "string": "code", "date": "date"}
_DATES = "yyyymmdd, yyyy-mm-dd or dd-mm-yyyy"
_RESIST = ("unreadable", "resists", "inexact", "stored")
_EXAMPLES = 3


def row_checks_of(reading: Reading) -> list[RowCheck]:
    """List every condition to count: values that resist their type, and rows that the contract refuses or remarks."""
    treatment, contract = reading.treatment, reading.treatment.contract
    checks = [check for name in reading.marks for check in _value_checks(contract.columns[name], reading)]
    usable = {name: value for name, value in reading.values.items() if name in contract.columns}
    years = reading.table[FILE_YEAR] if FILE_YEAR in reading.table.columns else None
    for check in row_checks(contract, usable, file_year=treatment.year, layout=treatment.layout, year_of_row=years):
        resists = [mark for mark in _RESIST if mark in reading.marks.get(check.column, ())]
        if resists and check.name in {"empty", "drop", "no_start"}:
            check = replace(check, flag=check.flag & ~_any_mark(reading, check.column, resists))  # noqa: PLW2901
        checks.append(check)
    if "response" in reading.values and reading.treatment.wide:
        rules = contracts()["investments"].columns["response"].options
        checks.append(
            RowCheck(
                "unknown", "quality_1", reading.values["response"].isnull(), True, "unknown quality codes",
                f"codes that say {', '.join(rules)}", "correct the codes, or leave these rows out",
            )
        )  # fmt: skip
    if treatment.is_clipped:
        checks.append(
            RowCheck("outside", "start", ~within_year(reading), False, "links outside the year of their file, left out")
        )
    return checks


def decide_columns(reading: Reading, counts: Mapping[str, Any]) -> dict[str, Decision]:
    """Decide about every column from the counts of its marks."""
    contract = reading.treatment.contract
    return {
        name: decide(
            contract.columns[name],
            {mark: counts.get(f"{name}:{mark}", 0) for mark in marks},
            reading.treatment.names[name],
        )
        for name, marks in reading.marks.items()
    }


def find_problems(
    file: RawFile,
    reading: Reading,
    checks: Sequence[RowCheck],
    counts: Mapping[str, Any],
    decisions: Mapping[str, Decision],
) -> list[Problem]:
    """List what the rows show that keeps the file from being used."""
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
                    column=reading.treatment.names.get(check.column, check.column),
                    count=count,
                    examples=_examples(reading, check.column, check.flag),
                    of_units=True,
                )
            )
    for name, decision in decisions.items():
        for fault in decision.faults:
            shown = _examples(reading, name, _any_mark(reading, name, fault.marks)) if fault.marks else ()
            problems.append(
                Problem(
                    where=file.name,
                    found=fault.found,
                    expected=fault.expected,
                    action=fault.action,
                    table=file.table,
                    column=reading.treatment.names[name],
                    count=fault.count,
                    examples=shown,
                    of_units=True,
                )
            )
    return problems


def find_notes(
    checks: Sequence[RowCheck], counts: Mapping[str, Any], decisions: Mapping[str, Decision]
) -> dict[str, int]:
    """Count what is remarked and does not keep the file from being used."""
    notes = {
        check.found: count for check, count in zip(checks, counts["checks"], strict=True) if count and not check.problem
    }
    return notes | {note: count for decision in decisions.values() for note, count in decision.notes.items()}


def refused_columns(file: RawFile, reading: Reading, counts: Mapping[str, Any]) -> list[Problem]:
    """List the columns whose storage type cannot be the contract's; one without any value is an empty column."""
    return [
        Problem(
            where=file.name,
            found=f"a column stored as {stored}",
            expected=f"a {_KINDS[reading.treatment.contract.columns[name].type]}",
            action="store it in that type, or name another column under `columns`",
            table=file.table,
            column=reading.treatment.names[name],
        )
        for name, stored in reading.refused.items()
        if counts[f"{name}:stored"]
    ]


def _value_checks(column: Column, reading: Reading) -> list[RowCheck]:
    name, kind = column.name, _KINDS[column.type]
    expected = f"a {kind}" + (
        f" ({_DATES})" if column.type == "date" else " without thousands points" if column.type == "float64" else ""
    )
    correct = "correct them, or leave missing values empty"
    inexact = "deliver them as whole numbers or as text"
    texts = {
        "unreadable": (True, f"values that are not a {kind}", expected, correct),
        "not_finite": (True, "values that are infinite or not a number", "finite numbers", correct),
        "inexact": (True, "values too large for their storage type to hold exactly", "exact numbers", inexact),
        "percent": (True, "values with a percent sign", "numbers without a sign", "write the number alone"),
        "currency": (True, "values with a currency sign", "numbers without a sign", "write the number alone"),
        "word": (False, f"values of {name} are a word for missing (NA, null, - …): read as missing", "", ""),
    }
    found = [mark for mark in reading.marks[name] if mark in texts]
    return [RowCheck(mark, name, reading.table[f"{name}:{mark}"], *texts[mark]) for mark in found]


def _any_mark(reading: Reading, name: str, marks: Sequence[str]) -> ir.BooleanValue:
    return reduce(or_, (reading.table[f"{name}:{mark}"] for mark in marks))


def _examples(reading: Reading, name: str, flag: ir.BooleanValue) -> tuple[str, ...]:
    """Show up to three rows by their number in the file, with the value as it is stored unless it identifies a firm."""
    table = reading.table
    is_shown = name in reading.marks and name not in IDENTIFIERS
    shown = table[f"{name}:raw"].cast("string") if is_shown else ibis.null("string")
    rows = table.select(row=ibis.row_number() + 1, shown=shown.fill_null(""), met=flag.fill_null(False))
    frame = rows.filter(rows.met).order_by("row").limit(_EXAMPLES).to_pandas()
    return tuple(
        f"row {row}: {value[:40]!r}" if value else f"row {row}"
        for row, value in zip(frame["row"], frame["shown"], strict=True)
    )

"""Finds the columns of the contract among the columns that a file has."""

from __future__ import annotations

import difflib
import fnmatch
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from si_eval.errors import Problem
from si_eval.registers.extracts.files import RawFile
from si_eval.registers.naming import near_columns
from si_eval.registers.schema import Column, TableContract, contracts, wide_codes, wide_investments


@dataclass(frozen=True)
class Match:
    """Which raw column is which: ``names`` maps the contract's name to the file's."""

    contract: TableContract
    names: Mapping[str, str]
    problems: tuple[Problem, ...]
    wide: bool = False


def match_columns(file: RawFile, available: Sequence[str], chosen: Mapping[str, str]) -> Match:
    """Match a file's columns; ``chosen`` maps canonical names to the file's and goes before every alias."""
    folded = Counter(name.casefold() for name in available)
    wide = file.table == "investments" and _is_wide(folded, chosen)
    contract = wide_investments() if wide else contracts()[file.table]
    problems = [_twice(file, name, count) for name, count in folded.items() if count > 1]
    by_folded = {name.casefold(): name for name in reversed(available)}
    names: dict[str, str] = {}
    for name, raw in chosen.items():
        if name not in contract.columns:
            problems.append(_unknown_column(file, name, contract))
        elif raw.casefold() not in by_folded:
            problems.append(_missing(file, name, available, [raw], f"a column `{raw}`, as `columns` says"))
        else:
            names[name] = by_folded[raw.casefold()]
    for column in contract.columns.values():
        if column.name in names or column.name in chosen:
            continue
        present = _find(column, by_folded, file.year)
        if present is not None:
            names[column.name] = present
        elif _needed(column, file):
            wanted = [alias.name for alias in column.names]
            problems.append(_missing(file, column.name, available, wanted, _spelled(wanted)))
    if wide and not any(code in names for code in wide_codes()):
        problems.append(_missing(file, "amount", available, list(wide_codes()), "columns such as C010004"))
    return Match(contract, names, tuple(problems), wide)


def _is_wide(folded: Mapping[str, int], chosen: Mapping[str, str]) -> bool:
    codes = {code.casefold() for code in wide_codes()} & set(folded)
    return bool(codes) and "asset" not in folded and "asset" not in chosen


def _find(column: Column, by_folded: Mapping[str, str], year: int | None) -> str | None:
    for name in column.names:
        if not name.holds_in(year):
            continue
        wanted = name.name.casefold()
        if wanted in by_folded:
            return by_folded[wanted]
        if wanted.endswith("*"):
            fitting = sorted(folded for folded in by_folded if fnmatch.fnmatchcase(folded, wanted))
            if fitting:
                return by_folded[fitting[0]]
    return None


def _needed(column: Column, file: RawFile) -> bool:
    return not column.nullable and not (column.name == "year" and file.year is not None)


def _spelled(names: Sequence[str]) -> str:
    return f"a column `{names[0]}`" + (f" (or {', '.join(names[1:4])})" if len(names) > 1 else "")


def _missing(file: RawFile, column: str, available: Sequence[str], wanted: Sequence[str], expected: str) -> Problem:
    folded = {name.casefold(): name for name in reversed(available)}
    near = near_columns(column, available)
    for name in wanted:
        near += [folded[one] for one in difflib.get_close_matches(name.casefold().rstrip("*"), folded, n=1, cutoff=0.6)]
    hint = f" (nearest: {', '.join(list(dict.fromkeys(near))[:2])})" if near else ""
    has = ", ".join(available[:8]) + (", …" if len(available) > 8 else "")
    return Problem(
        where=file.name,
        found=f"no such column{hint} among {has or 'no columns'}",
        expected=expected,
        action="add the column, or give its name in the file under `columns`",
        table=file.table,
        column=column,
    )


def _unknown_column(file: RawFile, column: str, contract: TableContract) -> Problem:
    near = difflib.get_close_matches(column, contract.columns, n=1)
    return Problem(
        where="columns",
        found=f"a column {column!r} for {file.table}{f' (nearest: {near[0]})' if near else ''}",
        expected=f"one of {', '.join(contract.visible)}",
        action="correct the name under `columns`",
        table=file.table,
        column=column,
    )


def _twice(file: RawFile, name: str, count: int) -> Problem:
    return Problem(
        where=file.name,
        found=f"{count} columns named {name!r} (case aside)",
        expected="one",
        action="rename or leave out the others",
        table=file.table,
        column=name,
        count=count,
    )

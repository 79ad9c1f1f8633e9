"""Runs the checks of plausibility on what was read, once by content, and takes those that a study accepts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from si_eval.errors import Problem
from si_eval.registers.extracts.cache import Cache, make_key
from si_eval.registers.extracts.inspection import Inspected
from si_eval.registers.extracts.tables import count_years, group_by_table
from si_eval.registers.plausibility import check_plausibility, judge_acceptances, list_remarks
from si_eval.registry import facts
from si_eval.results import CheckResult, SourceFile

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from si_eval.engine import Engine

CHECKS_VERSION = 7


@dataclass(frozen=True)
class Checked:
    """The checks of an extract with the reasons for which failures are accepted, the other problems, and remarks."""

    checks: tuple[CheckResult, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def run_checks(
    tables: Mapping[str, ir.Table],
    inspected: Sequence[Inspected],
    sources: Sequence[SourceFile],
    accept: Mapping[str, str],
    *,
    engine: Engine,
    cache: Cache,
) -> Checked:
    """Check whether the tables of an extract can be what they say they are; kept in the cache by the files' content."""
    files = sorted(f"{one.file.table} {one.file.year} {one.key}" for one in inspected)
    key = make_key("plausibility", CHECKS_VERSION, facts("plausibility"), facts("sbi"), files)
    kept = cache.load(key)
    if kept is None:
        rows = {name: count_years(files_of) for name, files_of in group_by_table(inspected).items()}
        found = check_plausibility(tables, engine, rows, sources)
        cache.save(key, {"checks": [_as_kept(check) for check in found]})
    else:
        found = tuple(_as_found(entry) for entry in kept["checks"])
    problems = judge_acceptances(found, accept)
    checks = tuple(
        replace(check, accepted=accept.get(check.name, "")) if check.verdict == "fail" else check for check in found
    )
    return Checked(checks, tuple(problems), tuple(list_remarks(checks)))


def _as_kept(check: CheckResult) -> dict[str, Any]:
    """Return a check as it is written: without a statistic where nothing was measured."""
    return {**vars(check), "statistic": None if math.isnan(check.statistic) else check.statistic}


def _as_found(entry: Mapping[str, Any]) -> CheckResult:
    """Return a check as it was found."""
    return CheckResult(**{**entry, "statistic": math.nan if entry["statistic"] is None else entry["statistic"]})

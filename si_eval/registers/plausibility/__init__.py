"""Plausibility of an extract: named checks, always on, of what no single row shows.

A gross failure stops a run unless the study file accepts it by name with a reason; a lesser one is a remark.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from si_eval.errors import Problem, propose_name
from si_eval.registers.plausibility.judging import Measure, judge, threshold_text
from si_eval.registers.plausibility.links import measure_links, measure_list
from si_eval.registers.plausibility.money import measure_money
from si_eval.registers.plausibility.numbers import measure_numbers
from si_eval.registers.plausibility.sample import Rows, Sample, draw_sample
from si_eval.registers.plausibility.units import YEARLY, measure_units
from si_eval.registry import facts
from si_eval.results import CheckResult, SourceFile
from si_eval.vocabulary import BOTH_LANGUAGES

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from si_eval.engine import Engine

__all__ = ["check_plausibility", "judge_acceptances", "judge_sample", "list_remarks", "threshold_text"]


def check_plausibility(
    tables: Mapping[str, ir.Table], engine: Engine, rows: Rows, sources: Sequence[SourceFile] = ()
) -> tuple[CheckResult, ...]:
    """Check whether an extract can be what it says it is: every check of the registry, in its order.

    ``tables`` are those of an extract, ``rows`` counts their rows by year, ``sources`` are the files that were read.
    """
    return judge_sample(draw_sample(tables, engine, rows), [one for one in sources if one.table in YEARLY])


def judge_sample(sample: Sample, sources: Sequence[SourceFile]) -> tuple[CheckResult, ...]:
    """Judge a sample of units, and whether a file was delivered twice: every check of the registry, in its order."""
    twice = Counter(source.sha256 for source in sources)
    repeated = [source for source in sources if twice[source.sha256] > 1]
    copies = [Measure("files_repeat", f"{one.table} {one.year or ''}".strip(), 1.0, 1.0) for one in repeated]
    copies = copies or [Measure("files_repeat", "", 0.0, 0.0)]
    found = (measure_units, measure_money, measure_numbers, measure_links, measure_list)
    return judge([*(measure for kind in found for measure in kind(sample)), *copies])


def judge_acceptances(checks: Sequence[CheckResult], accept: Mapping[str, str]) -> list[Problem]:
    """List the failed checks that are not accepted by name with a reason, and what is wrong with the acceptances."""
    problems = []
    known = facts("plausibility")["checks"]
    for name, reason in accept.items():
        if name not in known:
            action = propose_name(name, known, "`si-eval check` names them")
            problems.append(Problem("accept", f"a check {name!r}", "the name of a check of plausibility", action))
        elif not reason.strip():
            problems.append(Problem("accept", f"no reason for {name}", "a reason in words", "write why it is right"))
    return problems + [_problem(check) for check in checks if check.verdict == "fail" and check.name not in accept]


def list_remarks(checks: Sequence[CheckResult]) -> list[str]:
    """Say in a line each which checks found something remarkable, and which failures are accepted and why."""
    lines = []
    for check in checks:
        sentence = check.sentence.partition(BOTH_LANGUAGES)[2]
        if check.accepted:
            lines.append(f"plausibility, {check.name}: {sentence}; accepted: {check.accepted}")
        elif check.verdict == "informative":
            lines.append(f"plausibility, {check.name}: {sentence} (expected {threshold_text(check)})")
    return lines


def _problem(check: CheckResult) -> Problem:
    """Turn a failed check into a problem: what was found, what was expected, how to mend or accept it."""
    entry = facts("plausibility")["checks"][check.name]
    places = check.sentence.partition(BOTH_LANGUAGES)[2].rpartition(" no, in ")[2]
    return Problem(
        where=places,
        found=f"{entry['measure']} of {check.statistic:.3g} (check {check.name})",
        expected=threshold_text(check),
        action=f'{entry["action"]}; where it is right, write accept = [{{ check = "{check.name}", reason = "..." }}] '
        "under [extract] in the study file",
    )

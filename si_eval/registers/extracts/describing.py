"""Says in words what is in an extract, what is missing, and what a run could not answer."""

from __future__ import annotations

import math
from collections.abc import Sequence

from si_eval.registers.extracts.inspection import Inspected
from si_eval.registers.extracts.reading import Examined
from si_eval.registers.extracts.tables import count_years
from si_eval.registers.plausibility import threshold_text
from si_eval.registers.schema import contracts, table_names
from si_eval.results import CheckResult
from si_eval.vocabulary import BOTH_LANGUAGES


def describe(examined: Examined) -> str:
    """Write the description as text, one subject a paragraph."""
    inspected = examined.inspected
    lines = [
        _headline(examined),
        *(_table_line(name, _files(inspected, name)) for name in contracts() if _files(inspected, name)),
    ]
    absent = [name for name in table_names() if not _files(inspected, name)]
    if absent:
        lines += ["", "Absent, and what a run could therefore not answer:"]
        lines += [f"  {name}: {contracts()[name].without}" for name in absent]
    if examined.problems:
        lines += ["", f"Problems ({len(examined.problems)}):"]
        lines += [f"  {number}. {problem}" for number, problem in enumerate(examined.problems, start=1)]
    if examined.checks:
        lines += ["", "Plausibility:", *(f"  {_check_line(check)}" for check in examined.checks)]
    if examined.notes:
        remarks = [note for note in examined.notes if " is absent: " not in note]
        lines += ["", "Notes:", *(f"  {note}" for note in remarks)] if remarks else []
    if examined.found.unrecognised:
        lines += ["", f"Not recognised, not read: {', '.join(examined.found.unrecognised)}"]
    return "\n".join(lines)


def _check_line(check: CheckResult) -> str:
    """Give a check: its name, verdict, what was found and expected, and a reason for which it is accepted."""
    verdict = "fail, accepted" if check.accepted else check.verdict
    found = "" if math.isnan(check.statistic) else f", found {check.statistic:.3g}, expected {threshold_text(check)}"
    reason = f"; reason given: {check.accepted}" if check.accepted else ""
    return f"{check.name}: {verdict}{found}. {check.sentence.partition(BOTH_LANGUAGES)[2]}{reason}"


def _files(inspected: Sequence[Inspected], name: str) -> list[Inspected]:
    return [file for file in inspected if file.file.table == name]


def _headline(examined: Examined) -> str:
    files = len(examined.inspected)
    simulation = examined.simulation
    kind = (
        f"synthetic ({simulation.preset}, scale {simulation.scale:g}, seed {simulation.seed})"
        if simulation
        else "real data"
    )
    verdict = f"{len(examined.problems)} problems" if examined.problems else "no problems"
    return f"Extract: {files} files, {kind}, {verdict}"


def _table_line(name: str, files: Sequence[Inspected]) -> str:
    rows = sum(file.rows for file in files)
    years = sorted(set(count_years(files)) | {file.file.year for file in files if file.file.year is not None})
    period = f", {years[0]}-{years[-1]}" if len(years) > 1 else f", {years[0]}" if years else ""
    formats = ", ".join(sorted({file.file.format for file in files}))
    versions = sorted({file.file.version for file in files if file.file.version is not None})
    version = f", {', '.join(f'V{number}' for number in versions)}" if versions else ""
    return (
        f"  {name}: {rows} rows in {len(files)} {'file' if len(files) == 1 else 'files'} ({formats}{period}{version})"
    )

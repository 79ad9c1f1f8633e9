"""What stands in the ZIP for output control: tables, figures, what they are, what was decided, and hashes."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version

import pandas as pd

from si_eval.disclosure.border import Decision
from si_eval.disclosure.ledger import ReleaseLedger
from si_eval.disclosure.rules import DisclosureRules
from si_eval.registry import indicators
from si_eval.results import ResultTable, SafeTable, SourceFile
from si_eval.vocabulary import INDICATOR, KEYS, N_UNITS, SHOWN, STATUS, UNIT_OF_MEASURE, YEAR

PACKAGES = ("si_eval", "numpy", "pandas", "scipy", "duckdb", "ibis-framework", "matplotlib")
FORM = "output_control_form.txt"
README = "README.txt"
VARIABLES = "variables.csv"
DECISIONS = "decisions.csv"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Output:
    """One table of a request, with what the office needs to know of it."""

    table: ResultTable
    population: str
    relation: str
    model: bool
    drawn: bool


@dataclass(frozen=True)
class Contents:
    """All that the package is made of."""

    project: str
    decision: Decision
    outputs: Sequence[Output]
    images: Sequence[bytes | None]
    rules: DisclosureRules
    inputs: Sequence[SourceFile]
    commit: str
    made_on: date
    ledger: ReleaseLedger | None


def describe_package(contents: Contents) -> dict[str, bytes]:
    """Give every file of the package by name, the manifest last."""
    files: dict[str, bytes] = {FORM: _form(contents)}
    names = output_names(contents.outputs)
    for name, safe, image in zip(names, contents.decision.tables, contents.images, strict=True):
        files[f"{name}.csv"] = _csv(safe.to_frame())
        if image is not None:
            files[f"F{name[1:]}.png"] = image
            files[f"F{name[1:]}.csv"] = _csv(safe.to_frame())
    files[VARIABLES] = _csv(_variables(contents.decision.tables))
    files[README] = _readme(contents, names)
    files[DECISIONS] = _csv(list_decisions(contents.decision, names))
    files[MANIFEST] = _manifest(contents, files)
    return files


def output_names(outputs: Sequence[Output]) -> list[str]:
    """Give each output its number: T01, T02, …; M for the table of a model."""
    return [f"{'M' if output.model else 'T'}{number:02d}" for number, output in enumerate(outputs, start=1)]


def list_decisions(decision: Decision, names: Sequence[str]) -> pd.DataFrame:
    """List the withheld rows with the class of the rule; no values and no parameters."""
    rows = []
    for name, safe, withheld in zip(names, decision.tables, decision.rows, strict=True):
        frame = safe.to_frame()
        keys = [column for column in KEYS if column in frame]
        for row, reason in sorted(withheld.items()):
            if frame[STATUS].iloc[row] != SHOWN:
                rows.append({"output": name, "row": row + 1, **frame[keys].iloc[row].to_dict(), "rule_class": reason})
    return pd.DataFrame(rows, columns=["output", "row", *KEYS, "rule_class"])


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False, lineterminator="\r\n").encode("utf-8")


def _title(safe: SafeTable) -> str:
    return safe.titles.get("en") or safe.titles.get("nl") or safe.exhibit or safe.function


def _least(safe: SafeTable) -> str:
    shown = safe.to_frame()
    counts = shown.loc[shown[STATUS] == SHOWN, N_UNITS].dropna()
    return f"{int(counts.min())} or more" if len(counts) else "not told"


def _form(contents: Contents) -> bytes:
    """Prefill the office's form as text; a person copies it to the form itself and signs that."""
    lines = [
        "OUTPUT CONTROL FORM (prefilled; complete the office's own form with these answers)",
        "",
        f"Project: {contents.project}",
        "Requested by: ____________________   E-mail: ____________________",
        f"Date: {contents.made_on.isoformat()}",
        f"Number of outputs: {len(contents.outputs)}, in one ZIP, no folders; described in {README}",
        f"Variables: {VARIABLES}",
        "Unit of observation: business unit (enterprise); units counted are distinct and have a value",
        f"Disclosure rules applied: {contents.rules.name}"
        + (
            f", verified by {contents.rules.verified_by}"
            if contents.rules.verified_by
            else ", not verified by a person"
        ),
        "Secondary suppression: one joint pattern over all tables, margins and earlier releases, by linear programming",
        f"Withheld cells: listed with the class of the rule in {DECISIONS}",
        f"Earlier releases taken into account: {'none' if contents.ledger is None else contents.ledger.releases}",
        "Minima, maxima, identifiers, single records: none",
        "",
        "output | title | underlying units a cell | figure",
    ]
    names = output_names(contents.outputs)
    for name, safe, output in zip(names, contents.decision.tables, contents.outputs, strict=True):
        lines.append(f"{name} | {_title(safe)} | {_least(safe)} | {'PNG with data' if output.drawn else 'no'}")
    return ("\r\n".join([*lines, ""])).encode("utf-8")


def _readme(contents: Contents, names: Sequence[str]) -> bytes:
    """Describe each output: title, population, unit, counts, relation to the others."""
    lines = [f"{contents.project}: output of {contents.made_on.isoformat()}", ""]
    for name, safe, output in zip(names, contents.decision.tables, contents.outputs, strict=True):
        frame = safe.to_frame()
        years = sorted({str(year) for year in frame[YEAR].dropna()})
        lines += [
            f"{name}.csv" + (f", F{name[1:]}.png, F{name[1:]}.csv" if output.drawn else ""),
            f"  title: {_title(safe)}",
            f"  made by: si_eval.{safe.function}, rule set {safe.rules}",
            f"  population: {output.population or 'all business units of the panel, by the columns of the table'}",
            f"  years: {', '.join(years)}",
            f"  unit of measure: {', '.join(sorted({str(unit) for unit in frame[UNIT_OF_MEASURE].dropna()}))}",
            "  weights: none",
            f"  underlying units a shown cell: {_least(safe)} (column {N_UNITS})",
            f"  numbers: {len(frame)}, withheld: {int((frame[STATUS] != SHOWN).sum())}",
            f"  coverage: {safe.coverage or 'see n_units'}",
            f"  relation to other outputs: {output.relation or 'one joint pattern with all outputs of this request'}",
            f"  cannot show: {safe.cannot_show}",
            "",
        ]
        if safe.simulation is not None:
            lines.insert(-1, "  SYNTHETIC DATA: simulated firms, not outcomes of real firms")
    lines.append(f"Earlier releases: {'none' if contents.ledger is None else contents.ledger.releases}")
    return ("\r\n".join([*lines, ""])).encode("utf-8")


def _variables(tables: Sequence[SafeTable]) -> pd.DataFrame:
    """List the variables: name, label, unit, derivation."""
    known = indicators()
    rows: dict[str, dict[str, str]] = {}
    for safe in tables:
        for name, unit in safe.to_frame()[[INDICATOR, UNIT_OF_MEASURE]].drop_duplicates().itertuples(index=False):
            entry = known.get(str(name))
            derivation = "" if entry is None else " ".join(filter(None, [entry.function, entry.of]))
            ratio = f"{entry.numerator} / {entry.denominator}" if entry is not None and entry.numerator else ""
            rows.setdefault(
                str(name),
                {
                    "name": str(name),
                    "label": "" if entry is None else entry.en,
                    "unit": str(unit) if entry is None else entry.unit,
                    "derivation": derivation,
                    "ratio_of": ratio,
                },
            )
    return pd.DataFrame(rows.values(), columns=["name", "label", "unit", "derivation", "ratio_of"])


def _manifest(contents: Contents, files: dict[str, bytes]) -> bytes:
    """Write hashes, versions, inputs and seed; no counts and no parameters of the rules."""
    simulation = next((safe.simulation for safe in contents.decision.tables if safe.simulation is not None), None)
    content = {
        "project": contents.project,
        "made_on": contents.made_on.isoformat(),
        "disclosure_rules": contents.rules.name,
        "git_commit": contents.commit,
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "synthetic": None
        if simulation is None
        else {"preset": simulation.preset, "scale": simulation.scale, "seed": simulation.seed},
        "inputs": [
            {"table": source.table, "year": source.year, "version": source.version, "sha256": source.sha256}
            for source in contents.inputs
        ],
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }
    return (json.dumps(content, indent=2) + "\n").encode("utf-8")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""

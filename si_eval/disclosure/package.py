"""What stands in the ZIP for output control: tables, figures, what they are, what was decided, and hashes."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import platform
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pandas as pd

from si_eval.errors import DisclosureError
from si_eval.registry import facts, indicators
from si_eval.results import ResultTable, SafeTable
from si_eval.results.spreadsheets import restore_frame, write_csv
from si_eval.vocabulary import DOF, INDICATOR, KEYS, N_UNITS, SHOWN, STATUS, UNIT_OF_MEASURE, YEAR, label

PACKAGES = ("si_eval", "numpy", "pandas", "scipy", "duckdb", "ibis-framework", "matplotlib")
FORM = "output_control_form.txt"
README = "README.txt"
VARIABLES = "variables.csv"
DECISIONS = "decisions.csv"
MANIFEST = "manifest.json"
PNG = b"\x89PNG\r\n\x1a\n"
WRITTEN = (1980, 1, 1, 0, 0, 0)  # the same request gives the same bytes
SYNTHETIC = "SYNTHETIC DATA: simulated firms, not outcomes of real firms"
SYNTHETIC_COLUMN = "synthetic"
STRICT = "cbs"  # the preset whose threshold the form speaks of


@dataclass(frozen=True)
class Output:
    """One protected table as it leaves, and what the office needs to know of it.

    ``table`` is CSV as `spreadsheets.write_csv` writes it: the tidy rows with their status. ``withheld`` gives the
    class of the rule by row, from 0. ``variables`` describes each indicator. ``model`` marks the table of an
    estimated model.
    """

    table: bytes
    withheld: Mapping[int, str]
    exhibit: str
    title: str
    function: str
    rules: str
    coverage: str
    cannot_show: str
    variables: Sequence[Mapping[str, str]]
    synthetic: bool = False
    public: bool = False
    model: bool = False
    population: str = ""
    relation: str = ""
    image: bytes | None = None
    output_rules: str = ""

    def frame(self) -> pd.DataFrame:
        """Return the rows with every field as it is written."""
        return self._rows.copy()

    @cached_property
    def _rows(self) -> pd.DataFrame:
        """The rows, read once for all files of the package."""
        return restore_frame(pd.read_csv(io.BytesIO(self.table), dtype=str, keep_default_na=False))


@dataclass(frozen=True)
class Contents:
    """All that the package is made of.

    ``rules`` gives, by the name of the output rules, who verified them. ``earlier`` counts the releases in the ledger.
    ``run`` is what the manifest tells of the computation: inputs by hash, versions, seed. ``as_published`` is why
    outputs under the rules of that name leave, where there are any; ``set_aside`` why earlier releases of other data do
    not count.
    """

    project: str
    made_on: str
    outputs: Sequence[Output]
    rules: Mapping[str, str]
    earlier: int = 0
    run: Mapping[str, Any] = field(default_factory=dict)
    as_published: str = ""
    set_aside: Sequence[str] = ()

    @property
    def synthetic(self) -> bool:
        """Whether any output rests on simulated data."""
        return any(output.synthetic for output in self.outputs)


def describe_output(
    table: ResultTable,
    safe: SafeTable,
    withheld: Mapping[int, str],
    *,
    population: str = "",
    relation: str = "",
    model: bool = False,
    image: bytes | None = None,
) -> Output:
    """Describe a protected table; ``table``, the one it was made of, only tells whether it is one of a model."""
    frame = safe.to_frame()
    return Output(
        table=write_csv(frame),
        withheld={row: why for row, why in sorted(withheld.items()) if frame[STATUS].iloc[row] != SHOWN},
        exhibit=safe.exhibit,
        title=safe.titles.get("en") or safe.titles.get("nl") or safe.exhibit or safe.function,
        function=safe.function,
        rules=safe.rules,
        coverage=safe.coverage,
        cannot_show=safe.cannot_show,
        variables=_variables(frame),
        synthetic=safe.simulation is not None,
        public=safe.public,
        model=model or DOF in table.frame,
        population=population,
        relation=relation,
        image=image,
        output_rules=safe.disclosure_rules,
    )


def describe_package(contents: Contents) -> dict[str, bytes]:
    """List every file of the package by name, the manifest last; raise `DisclosureError` for a figure but PNG."""
    files: dict[str, bytes] = {FORM: _form(contents)}
    names = output_names(contents.outputs)
    for name, output in zip(names, contents.outputs, strict=True):
        files[f"{name}.csv"] = _csv(output.frame(), output.synthetic)
        if output.image is not None:
            files[f"F{name[1:]}.png"] = _checked_image(output)
            files[f"F{name[1:]}.csv"] = files[f"{name}.csv"]
    files[VARIABLES] = _csv(_list_variables(contents.outputs), contents.synthetic)
    files[README] = _readme(contents, names)
    files[DECISIONS] = _csv(list_decisions(contents.outputs, names), contents.synthetic)
    files[MANIFEST] = _manifest(contents, files)
    return files


def output_names(outputs: Sequence[Output]) -> list[str]:
    """Name the outputs by number: T01, T02, …; M for the table of a model."""
    return [f"{'M' if output.model else 'T'}{number:02d}" for number, output in enumerate(outputs, start=1)]


def list_decisions(outputs: Sequence[Output], names: Sequence[str]) -> pd.DataFrame:
    """List the withheld rows, suppressed or merged. The rule that one broke tells what it holds: it stays inside."""
    parts = []
    for name, output in zip(names, outputs, strict=True):
        frame = output.frame().iloc[list(output.withheld)]
        parts.append(frame.reindex(columns=[*KEYS, STATUS]).assign(output=name, row=frame.index + 1))
    columns = ["output", "row", *KEYS, STATUS]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def pack(files: Mapping[str, bytes]) -> bytes:
    """Put files side by side in a ZIP that depends on nothing but their names and content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, WRITTEN)
            entry.compress_type = zipfile.ZIP_STORED if content.startswith(PNG) else zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def hash_of(content: bytes) -> str:
    """Compute the SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def versions() -> dict[str, Any]:
    """List the versions of Python and of the packages that compute, protect and draw."""
    return {
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _checked_image(output: Output) -> bytes:
    """Return the figure, if it is a bitmap; the scan looks for what else may be in it."""
    if output.image is None or not output.image.startswith(PNG):
        raise DisclosureError(
            f"{output.exhibit or output.function}: found a figure that is no PNG; expected PNG, because other formats "
            "can carry the data that they draw; draw it as PNG"
        )
    return output.image


def _csv(frame: pd.DataFrame, synthetic: bool) -> bytes:
    """Write a table; one of simulated data says so in every row."""
    if synthetic:
        frame = frame.assign(**{SYNTHETIC_COLUMN: "simulated"})
    return write_csv(frame, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)


def _least(output: Output) -> str:
    frame = output.frame()
    counts = pd.to_numeric(frame.loc[frame[STATUS] == SHOWN, N_UNITS], errors="coerce").dropna()
    return f"{int(counts.min())} or more" if len(counts) else "not told"


def _form(contents: Contents) -> bytes:
    """Prefill the office's form as text; a person copies it to the form itself and signs that."""
    rules = [
        f"{name} ({f'verified by {person}' if person else 'not verified by a person'})"
        for name, person in contents.rules.items()
    ]
    lines = [
        "OUTPUT CONTROL FORM (prefilled; complete the office's own form with these answers)",
        *([SYNTHETIC] if contents.synthetic else []),
        "",
        f"Project: {contents.project}",
        "Requested by: ____________________   E-mail: ____________________",
        f"Date of the computation: {contents.made_on}",
        f"Number of outputs: {len(contents.outputs)}, in one ZIP, no folders; described in {README}",
        f"Variables: {VARIABLES}",
        "Unit of observation: business unit (enterprise), in a survey respondent; units are distinct and have a value",
        f"Disclosure rules applied: {', '.join(rules)}",
        "Secondary suppression: one joint pattern over all tables, margins and earlier releases, by linear programming",
        f"Withheld cells: listed in {DECISIONS}; the rule that each broke is in the evidence, which stays inside",
        f"Earlier releases taken into account: {contents.earlier or 'none'}",
        *[f"Earlier figures set aside, for the checker to agree to: {reason}" for reason in contents.set_aside],
        "Minima, maxima, identifiers, single records: none",
        *_below_threshold(contents),
        "",
        "output | title | underlying units a cell | figure",
    ]
    for name, output in zip(output_names(contents.outputs), contents.outputs, strict=True):
        drawn = "no" if output.image is None else "PNG with data"
        lines.append(f"{name} | {output.title} | {_least(output)} | {drawn}")
    return "\r\n".join([*lines, ""]).encode("utf-8")


def _below_threshold(contents: Contents) -> list[str]:
    """List the outputs that show numbers on fewer units than the office's threshold, and why they leave."""
    threshold = facts("disclosure")[STRICT]["min_units"]
    free = facts("disclosure")[STRICT]["unrestricted_units"]
    lines = []
    for name, output in zip(output_names(contents.outputs), contents.outputs, strict=True):
        frame = output.frame()
        judged = frame[(frame[STATUS] == SHOWN) & ~frame[UNIT_OF_MEASURE].isin(free)]
        units = pd.to_numeric(judged[N_UNITS], errors="coerce")
        few = int(((units > 0) & (units < threshold)).sum())
        if few and not output.public:
            lines.append(f"  {name}: {few} of {len(judged)} numbers (output rules {output.output_rules})")
    reason = f"; reason given: {contents.as_published}" if contents.as_published else ""
    return [f"Numbers on fewer than {threshold} units: {f'as listed{reason}' if lines else 'none'}", *lines]


def _readme(contents: Contents, names: Sequence[str]) -> bytes:
    """Describe each output: title, population, unit, counts, relation to the others."""
    lines = [f"{contents.project}: output of {contents.made_on}", *([SYNTHETIC] if contents.synthetic else []), ""]
    for name, output in zip(names, contents.outputs, strict=True):
        frame = output.frame()
        relation = "public before, rests on no microdata" if output.public else "one joint pattern with all outputs"
        lines += [
            f"{name}.csv" + (f", F{name[1:]}.png, F{name[1:]}.csv" if output.image is not None else ""),
            *([f"  {SYNTHETIC}"] if output.synthetic else []),
            f"  title: {output.title}",
            f"  exhibit: {output.exhibit}",
            f"  made by: si_eval.{output.function}, rule set {output.rules}",
            f"  population: {output.population or 'by the columns group, year, size_class, sector and category'}",
            f"  years: {', '.join(sorted(set(frame[YEAR]) - {''}))}",
            f"  unit of measure: {', '.join(sorted(set(frame[UNIT_OF_MEASURE]) - {''}))}",
            "  weights: none",
            f"  underlying units a shown cell: {_least(output)} (column {N_UNITS})",
            f"  numbers: {len(frame)}, withheld: {int((frame[STATUS] != SHOWN).sum())}",
            f"  coverage: {output.coverage or f'see {N_UNITS}'}",
            f"  relation to other outputs: {output.relation or relation}",
            f"  cannot show: {output.cannot_show}",
            "",
        ]
    lines.append(f"Earlier releases: {contents.earlier or 'none'}")
    return "\r\n".join([*lines, ""]).encode("utf-8")


def _variables(frame: pd.DataFrame) -> list[dict[str, str]]:
    """Describe the indicators of a table: name, label, unit, derivation."""
    known = indicators()
    rows = []
    for name, unit in frame[[INDICATOR, UNIT_OF_MEASURE]].drop_duplicates(INDICATOR).itertuples(index=False):
        entry = known.get(str(name))
        rows.append(
            {
                "name": str(name),
                "label": label(str(name), "en") if entry is None else entry.en,
                "unit": str(unit) if entry is None else entry.unit,
                "derivation": "" if entry is None else " ".join(filter(None, [entry.function, entry.of])),
                "ratio_of": f"{entry.numerator} / {entry.denominator}" if entry and entry.numerator else "",
            }
        )
    return rows


def _list_variables(outputs: Sequence[Output]) -> pd.DataFrame:
    """List the variables of all outputs, once each."""
    rows = {variable["name"]: variable for output in outputs for variable in reversed(output.variables)}
    return pd.DataFrame(list(rows.values()), columns=["name", "label", "unit", "derivation", "ratio_of"])


def _manifest(contents: Contents, files: Mapping[str, bytes]) -> bytes:
    """Write hashes, versions, inputs and seed; no counts and no parameters of the output rules."""
    content = {
        **contents.run,
        "project": contents.project,
        "made_on": contents.made_on,
        "disclosure_rules": list(contents.rules),
        "files": {name: hash_of(data) for name, data in files.items()},
    }
    return (json.dumps(content, indent=2) + "\n").encode("utf-8")

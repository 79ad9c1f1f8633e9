"""What a run keeps inside, beside its results: evidence, withheld values, identifiers, and what a release needs."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from si_eval.disclosure.evidence import WARNING, write_evidence
from si_eval.disclosure.package import Contents, Output, describe_output, hash_of
from si_eval.disclosure.results_scan import scan_results
from si_eval.disclosure.scan import shown_numbers, withheld_numbers
from si_eval.disclosure.traces import (
    Identifiers,
    Secrets,
    gather_secrets,
    join_identifiers,
    machine_names,
    sort_identifiers,
)
from si_eval.engine import iter_batches
from si_eval.errors import DisclosureError, StudyError
from si_eval.results import Extract
from si_eval.stats import distinct
from si_eval.study.evaluation import StudyResults
from si_eval.study.file import ExhibitSpec
from si_eval.study.ledger import LedgerFile, load_ledger
from si_eval.vocabulary import BE_ID, GROUP_ID

SUFFIX = ".inside"
RELEASES = "release"  # the folder of a run's packages
PROVENANCE = "provenance.json"
FILES = "files"  # of the results, by hash, in the provenance
MARKER = "STAYS_INSIDE.txt"
RECORD = "record.json"
LEDGER = "ledger.json"
WITHHELD = "withheld.npy"
NUMBERS = "identifiers.npy"
WORDS = "identifier_hashes.npy"
PHRASES = "identifiers.json"
IDENTIFIERS = (BE_ID, GROUP_ID, "kvk_id", "person_id")
MAX_NAMED = 5  # files in a message
MAX_SPARSITY = 64  # possible numbers for each number that there is; sparser ones are sorted


@dataclass(frozen=True)
class KeptInside:
    """The folder that stays inside, read: what a release is made of.

    ``files`` gives the hash of each file of the results; ``ledger`` is the ledger as it is once the run is released,
    ``ledger_before`` the hash of the one that the run was protected with and ``ledger_path`` where that one is.
    """

    contents: Contents
    files: Mapping[str, str]
    run: str
    ledger: LedgerFile
    ledger_before: str
    ledger_path: Path | None
    secrets: Secrets


def inside_folder(out: Path) -> Path:
    """Return the folder beside a run's results that stays inside."""
    return out.with_name(out.name + SUFFIX)


def is_run(folder: Path) -> bool:
    """Whether a folder holds the results of a run, by its provenance."""
    try:
        content = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and {"study", "run_on", FILES} <= set(content)


def is_inside(folder: Path) -> bool:
    """Whether a folder holds what a run kept inside, by its marker."""
    return (folder / MARKER).is_file()


def write_secrets(results: StudyResults, folder: Path) -> Identifiers:
    """Write to ``folder`` what never leaves: evidence, withheld values, identifiers, and the ledger after a release.

    Returns the identifiers.
    """
    (folder / MARKER).write_text(WARNING + "\n", encoding="utf-8")
    for place, protection in enumerate(results.requests, start=1):
        evidence = folder / "evidence" / f"{place:02d}_{protection.rules.name}"
        write_evidence(evidence, protection.decision, protection.tables, protection.rules)
    withheld = [number for one in results.requests for number in withheld_numbers(one.decision, one.tables)]
    np.save(folder / WITHHELD, np.unique(np.array(withheld, dtype=float)))
    identifiers = _identifiers(results.extract)
    np.save(folder / NUMBERS, identifiers.numbers)
    np.save(folder / WORDS, identifiers.words)
    (folder / PHRASES).write_text(json.dumps(sorted(identifiers.phrases)) + "\n", encoding="utf-8")
    after = results.ledger.with_protections((one.rules.name, one.decision.protection) for one in results.requests)
    after.save(folder / LEDGER)
    return identifiers


def refuse_identifiers(folder: Path, identifiers: Identifiers) -> None:
    """Raise `DisclosureError` with every file of the results in which an identifier stands."""
    problems = scan_results(folder, identifiers)
    if problems:
        more = f" and {len(problems) - MAX_NAMED} more" if len(problems) > MAX_NAMED else ""
        raise DisclosureError(
            f"run: found {'; '.join(problems[:MAX_NAMED])}{more}; expected none of it, because results hold nothing of "
            "one firm; split by classes, or reword the title, label or text that it stands in"
        )


def write_record(
    results: StudyResults,
    folder: Path,
    *,
    out: Path,
    ledger: Path | None,
    places: Sequence[Path] = (),
    folders: Sequence[Path] = (),
) -> None:
    """Write to ``folder`` what a release of the finished results in ``out`` needs; no name of ``places`` may leave.

    ``folders`` are those of the extract: with the study file, what the run can be computed from again.
    """
    provenance = (out / PROVENANCE).read_bytes()
    computation = json.loads(provenance)
    record = {
        "run": hash_of(provenance),
        "files": file_hashes(out),
        "project": next(iter(results.study.file.title.of(results.study.file.languages).values())),
        "made_on": computation["run_on"],
        "rules": {one.rules.name: one.rules.verified_by for one in results.requests},
        "earlier": len(results.ledger.runs),
        "set_aside": sorted({reason for one in results.ledger.ledgers.values() for reason in one.set_aside}),
        "as_published": results.study.file.disclosure.as_published or "",
        "computation": {key: value for key, value in computation.items() if key != FILES},
        "outputs": _describe(results),
        "ledger_before": results.ledger.state,
        "ledger_path": None if ledger is None else str(ledger.resolve()),
        "names": sorted(machine_names(*places)),
        "source": {
            "study": str(results.study.path.resolve()),
            "extract": [str(one) for one in folders],
            "ledger": None if ledger is None else str(ledger.resolve()),
            "set_aside_earlier": results.study.file.disclosure.set_aside_earlier,
        },
    }
    (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def require_run(folder: Path) -> None:
    """Raise `StudyError` for a folder that does not hold the results of a run."""
    if not is_run(folder):
        raise StudyError(
            f"out: found {folder.name}, which is not the folder of a run; expected what `si-eval run` wrote; name one"
        )


def read_kept_inside(out: Path) -> KeptInside:
    """Read what stays inside beside the results of a run. Raises `StudyError` where it is not there or not whole."""
    folder = inside_folder(out)
    if not (out / PROVENANCE).is_file():
        raise StudyError(
            f"out: found {out.name}, which is not the folder of a run; expected what `si-eval run` wrote; run the study"
        )
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        withheld, numbers, words = (np.load(folder / name, allow_pickle=False) for name in (WITHHELD, NUMBERS, WORDS))
        phrases = json.loads((folder / PHRASES).read_text(encoding="utf-8"))
        identifiers = Identifiers(numbers, words, frozenset(phrases))
        outputs = [_output(out, entry) for entry in record["outputs"]]
    except (OSError, ValueError, KeyError) as error:
        raise StudyError(
            f"out: found no whole {folder.name} beside {out.name}; expected it, with the evidence of the run and what "
            "to scan for; run the study again where it may stay"
        ) from error
    shown = [number for output in outputs for number in shown_numbers(pd.read_csv(io.BytesIO(output.table)))]
    return KeptInside(
        Contents(
            record["project"],
            record["made_on"],
            outputs,
            record["rules"],
            record["earlier"],
            record["computation"],
            record["as_published"],
            tuple(record["set_aside"]),
        ),
        record["files"],
        record["run"],
        load_ledger(folder / LEDGER),
        record["ledger_before"],
        None if record["ledger_path"] is None else Path(record["ledger_path"]),
        gather_secrets(withheld, shown, identifiers, [*record["names"], *machine_names(out)]),
    )


def file_hashes(out: Path) -> dict[str, str]:
    """Compute the hash of every file of a run's results by its path from there, but not of earlier packages."""
    return {
        path.relative_to(out).as_posix(): hash_of(path.read_bytes())
        for path in sorted(out.rglob("*"))
        if path.is_file() and RELEASES not in path.relative_to(out).parts[:-1]
    }


def _identifiers(extract: Extract) -> Identifiers:
    """Collect every identifier of every raw table, whether or not the study used it."""
    parts: list[Identifiers] = []
    for column in IDENTIFIERS:
        for table in extract.tables.values():
            if column in table.columns:
                known = (piece[column].drop_null() for piece in iter_batches(table.select(column)))
                parts += _sort_column([part for part in known if len(part)])
    return join_identifiers(parts)


def _sort_column(parts: Sequence[pa.Array]) -> list[Identifiers]:
    """Sort the identifiers of one column: whole numbers once each, texts piece by piece."""
    if parts and pa.types.is_integer(parts[0].type):
        return [sort_identifiers(pd.Series(_distinct_numbers([part.to_numpy() for part in parts])))]
    return [sort_identifiers(part.to_pandas()) for part in parts]


def _distinct_numbers(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Return each number of int64 arrays once, ascending: from a mask over all possible ones where these are few."""
    first, last = min(int(part.min()) for part in parts), max(int(part.max()) for part in parts)
    if last - first >= MAX_SPARSITY * sum(len(part) for part in parts):
        return distinct(np.concatenate(parts))
    seen = np.zeros(last - first + 1, dtype=bool)
    for part in parts:
        seen[part - first] = True
    return np.flatnonzero(seen) + first


def _describe(results: StudyResults) -> list[dict[str, Any]]:
    """Describe each exhibit as an output, without its numbers, which stand in the results."""
    specs = {spec.id: spec for spec in results.study.file.exhibits}
    sharing: dict[str, list[str]] = defaultdict(list)
    for spec in specs.values():
        sharing[f"{spec.function}({spec.arguments})"].append(spec.id)
    described = {}
    for protection in results.requests:
        for table, safe, withheld in zip(
            protection.tables, protection.decision.tables, protection.decision.rows, strict=True
        ):
            spec = specs[safe.exhibit]
            others = [name for name in sharing[f"{spec.function}({spec.arguments})"] if name != spec.id]
            output = describe_output(
                table, safe, withheld, population=_population(spec),
                relation=f"other rows of the same computation: {', '.join(others)}" if others else "",
            )  # fmt: skip
            entry = {key: value for key, value in asdict(output).items() if key not in ("table", "image")}
            described[spec.id] = entry
    return [described[spec] for spec in specs if spec in described]


def _population(spec: ExhibitSpec) -> str:
    """Say which rows an exhibit shows, by the settings of the study file."""
    settings = {**spec.arguments.get("where", {}), **spec.select}
    return "; ".join(
        f"{key} {', '.join(map(str, value)) if isinstance(value, list) else value}" for key, value in settings.items()
    )


def _output(out: Path, entry: Mapping[str, Any]) -> Output:
    """Compose an output from its description and the files of the results."""
    figure = out / "figures" / f"{entry['exhibit']}.png"
    return Output(
        **{
            **entry,
            "withheld": {int(row): reason for row, reason in entry["withheld"].items()},
            "table": (out / "tables" / f"{entry['exhibit']}.csv").read_bytes(),
            "image": figure.read_bytes() if figure.is_file() else None,
        }
    )

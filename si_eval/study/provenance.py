"""Where a run's figures come from: the hash of what went in and came out, the versions, rules and seed."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import si_eval
from si_eval.registry import Deflators, RuleSet
from si_eval.results import Extract
from si_eval.study.evaluation import StudyResults
from si_eval.study.kept_inside import FILES, file_hashes
from si_eval.vocabulary import LANGUAGES, Language, label

PACKAGES = ("si_eval", "duckdb", "ibis-framework", "matplotlib", "numpy", "pandas", "pyarrow", "scipy")
GIT_TIMEOUT = 10  # seconds


def describe_run(results: StudyResults, out: Path, day: str) -> dict[str, Any]:
    """Describe what went in, what ran and what came out, for the finished results in ``out`` of a ``day``.

    No counts, no identifiers, no paths of the machine.
    """
    simulation = results.extract.simulation
    file, path = results.study.file, results.study.path
    sources = {"study": path.resolve(), "si_eval": Path(si_eval.__file__).resolve().parent}
    return {
        "study": file.name,
        "study_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "run_on": day,
        "rule_set": _describe_rules(file.rule_set(), file.languages),
        "disclosure_rules": file.disclosure.rules,
        "earlier_releases": len(results.ledger.runs),
        "synthetic": None
        if simulation is None
        else {"preset": simulation.preset, "scale": simulation.scale, "seed": simulation.seed},
        "inputs": [
            {"table": s.table, "file": Path(s.path).name, "year": s.year, "version": s.version, "sha256": s.sha256}
            for s in results.extract.sources
        ],
        **describe_deflators(results.study.deflators),
        "plausibility": [
            {"check": one.name, "threshold": one.threshold, "verdict": one.verdict}
            | {
                "sentence": one.sentence
                if set(LANGUAGES) <= set(file.languages)
                else label(one.sentence, file.languages[0])
            }
            | ({"accepted": one.accepted} if one.accepted else {})
            for one in results.extract.checks
        ],
        "inputs_sha256": hash_inputs(results.extract),
        "python": platform.python_version(),
        "packages": {package: version(package) for package in PACKAGES},
        "git": {name: found for name, source in sources.items() if (found := describe_commit(source)) is not None},
        FILES: file_hashes(out),
    }


def _describe_rules(rules: RuleSet, languages: Sequence[Language]) -> dict[str, Any]:
    """Return the name, the origin and every setting of a rule set."""
    base = None if rules.base is None else rules.base.name
    settings = {**rules.settings(), "investment_responses": list(rules.investment_responses)}
    names = {language: getattr(rules, language) for language in LANGUAGES if language in languages}
    return {"name": rules.name, "base": base, **names, "source": rules.source, **settings}


def describe_deflators(deflators: Deflators | None) -> dict[str, Any]:
    """Return the file of the price series with its hash, and what it is used for; nothing where money is nominal."""
    if deflators is None:
        return {}
    settings = {name: value for name, value in deflators.settings().items() if name != "series"}
    return {"deflators": {"file": deflators.source, "sha256": deflators.sha256, **settings}}


def hash_inputs(extract: Extract) -> str:
    """Compute one hash of all input files; the provenance holds the hash of each."""
    digest = hashlib.sha256("\n".join(sorted(source.sha256 for source in extract.sources)).encode())
    return digest.hexdigest()


def describe_commit(source: Path) -> dict[str, Any] | None:
    """Return the git commit that a file or folder was read at, and whether it was changed since.

    None where git is not there, or where no work tree holds the source: a package installed inside a work tree, or
    a file that was never added, is not of any commit.
    """
    if not _git(source, "ls-files", "--", source.name):
        return None
    commit = _git(source, "rev-parse", "HEAD")
    if not commit:
        return None
    return {"commit": commit, "changed": _git(source, "status", "--porcelain", "--", source.name) != ""}


def _git(source: Path, *arguments: str) -> str | None:
    """Ask git beside a file or folder, without any lock; None where it has no answer."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "--no-optional-locks", "--literal-pathspecs", "-C", str(source.parent), *arguments]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=GIT_TIMEOUT, env=environment
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()

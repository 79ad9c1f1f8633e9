"""Writes a release in the form of acro's results.json, so that the checkers' viewer can read it; acro is not needed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from si_eval.disclosure.border import Decision
from si_eval.disclosure.package import Output, output_names
from si_eval.results import SafeTable
from si_eval.vocabulary import N_UNITS, SHOWN, STATUS

ACRO_VERSION = "1.0.2"  # whose form this is


def write_acro_results(path: str | Path, decision: Decision, outputs: Sequence[Output]) -> Path:
    """Write results.json beside the tables of a release: one entry an output, an outcome a row, no withheld value."""
    results = {
        name: _entry(name, safe, withheld)
        for name, safe, withheld in zip(output_names(outputs), decision.tables, decision.rows, strict=True)
    }
    content = {"version": ACRO_VERSION, "results": results}
    Path(path).write_text(json.dumps(content, indent=4) + "\n", encoding="utf-8")
    return Path(path)


def _entry(name: str, safe: SafeTable, withheld: dict[int, str]) -> dict[str, object]:
    frame = safe.to_frame()
    gone = int((frame[STATUS] != SHOWN).sum())
    outcome = {str(row): reason for row, reason in withheld.items() if frame[STATUS].iloc[row] != SHOWN}
    return {
        "uid": name,
        "status": "review" if gone else "pass",
        "type": "table",
        "properties": {"method": safe.function},
        "files": [{"name": f"{name}.csv", "sdc": {"summary": {"suppressed": True, "cells": gone}}}],
        "outcome": {column: outcome if column != N_UNITS else {} for column in (safe.function,)},
        "command": f"si_eval.{safe.function}",
        "summary": f"{'review' if gone else 'pass'}; {gone} cells suppressed",
        "timestamp": date.today().isoformat(),
        "comments": [safe.cannot_show],
        "exception": "",
        "fair": {},
    }

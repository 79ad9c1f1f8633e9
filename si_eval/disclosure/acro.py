"""Writes a release in the form of acro's results.json, so that the checkers' viewer can read it; acro is not needed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from si_eval.disclosure.package import Output, output_names
from si_eval.vocabulary import SHOWN, STATUS

ACRO_VERSION = "1.0.2"  # whose form this is


def write_acro_results(path: str | Path, outputs: Sequence[Output], *, made_on: str) -> Path:
    """Write results.json beside the tables of a release: one entry an output, an outcome a row, no withheld value."""
    results = {name: _entry(name, output, made_on) for name, output in zip(output_names(outputs), outputs, strict=True)}
    content = {"version": ACRO_VERSION, "results": results}
    Path(path).write_text(json.dumps(content, indent=4) + "\n", encoding="utf-8")
    return Path(path)


def _entry(name: str, output: Output, made_on: str) -> dict[str, object]:
    gone = int((output.frame()[STATUS] != SHOWN).sum())
    figure = [{"name": f"F{name[1:]}.png", "sdc": {}}] if output.image is not None else []
    return {
        "uid": name,
        "status": "review" if gone else "pass",
        "type": "table",
        "properties": {"method": output.function},
        "files": [{"name": f"{name}.csv", "sdc": {"summary": {"suppressed": True, "cells": gone}}}, *figure],
        "outcome": {output.function: {str(row): reason for row, reason in output.withheld.items()}},
        "command": f"si_eval.{output.function}",
        "summary": f"{'review' if gone else 'pass'}; {gone} cells suppressed",
        "timestamp": made_on,
        "comments": [output.cannot_show],
        "exception": "",
        "fair": {},
    }

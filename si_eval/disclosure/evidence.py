"""The evidence for the output checker: what each decision rests on. It never leaves."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from si_eval.disclosure.audit import PLACE, audit_pattern
from si_eval.disclosure.border import Decision
from si_eval.disclosure.cover import describe_place
from si_eval.disclosure.primary import counted_units, largest_contributions
from si_eval.disclosure.rules import DisclosureRules
from si_eval.results import ResultTable
from si_eval.results.spreadsheets import write_csv
from si_eval.vocabulary import RESTS_ON, STATUS

WARNING = "STAYS INSIDE: withheld values, largest contributions and the parameters of the rules. Not for release."


def write_evidence(
    folder: Path, decision: Decision, tables: Sequence[ResultTable], rules: DisclosureRules
) -> dict[str, Path]:
    """Write rows, cells, intervals and rules to a folder that stays inside; give the files."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = {
        "rows": _rows(decision, tables),
        "cells": list_cells(decision),
        "intervals": audit_pattern(decision.protection),
    }
    written = {name: folder / f"{name}.csv" for name in frames}
    for name, frame in frames.items():
        write_csv(frame, written[name])
    written["rules"] = folder / "rules.json"
    written["rules"].write_text(json.dumps(asdict(rules), indent=2, default=str) + "\n", encoding="utf-8")
    (folder / "STAYS_INSIDE.txt").write_text(WARNING + "\n", encoding="utf-8")
    return written


def list_cells(decision: Decision) -> pd.DataFrame:
    """List the cells with their counts, the shares of the largest contributions, and the p% statistic."""
    rows = []
    for number, cell in enumerate(decision.protection.cover.cells):
        total = cell.given.absolute
        largest, second = largest_contributions(cell.given, decision.protection.rules)
        known = total > 0 and not math.isnan(largest)
        rows.append(
            {
                "variable": cell.variable,
                **dict(zip(PLACE, describe_place(cell), strict=True)),
                "n_units": cell.n,
                "counted": counted_units(cell.given, decision.protection.rules),
                "total": cell.total,
                "largest_share": largest / total if known else math.nan,
                "two_largest_share": (largest + second) / total if known else math.nan,
                "rest_of_largest_percent": 100 * (total - largest - second) / largest
                if known and largest > 0
                else math.nan,
                "printed": not cell.hidden,
                "known_before": cell.fixed,
                "reason": decision.protection.reasons.get(number, ""),
                "standard_error_withheld": number in decision.protection.spreads_withheld,
            }
        )
    return pd.DataFrame(rows)


def _rows(decision: Decision, tables: Sequence[ResultTable]) -> pd.DataFrame:
    """List every row before the border, with its status and reason."""
    frames = []
    for table, safe, withheld in zip(tables, decision.tables, decision.rows, strict=True):
        frame = table.frame.reset_index(drop=True)
        reasons = [withheld.get(row, "") for row in range(len(frame))]
        frame = frame.drop(columns=RESTS_ON, errors="ignore")
        frames.append(frame.assign(status=safe.to_frame()[STATUS].to_numpy()[: len(frame)], reason=reasons))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

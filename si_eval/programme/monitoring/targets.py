"""Targets against results: what was aimed for, what the store says was reached, and by when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from si_eval.errors import InputError, Problem
from si_eval.programme.monitoring.describing import CANNOT_SHOW, both, preferred, result, statistic_of, tidy_row
from si_eval.programme.monitoring.store import TOTAL, KpiStore
from si_eval.results import ResultTable
from si_eval.vocabulary import ATTAINMENT, SHARE, TARGET

COLUMNS = ("id", "indicator", "target", "unit", "year")
OPTIONAL = ("category", "base", "base_year", "direction", "source", "line", "note")
DIRECTIONS = ("up", "down")
NOT_YET = ("nog niet gehaald", "not reached yet")
RESULT = "resultaat | result"
NO_RESULT = (
    "er is geen resultaat voor deze indicator, categorie en eenheid | "
    "the store has no result for this indicator, category and unit"
)


def targets_against_results(store: KpiStore, targets: pd.DataFrame | str | Path) -> ResultTable:
    """Put every target beside the result: the last year up to the target's year, or the first one after it.

    ``targets`` has ``id, indicator, target, unit, year`` (the year due) and may have ``category, base, base_year,
    direction`` (``up`` or ``down``), ``source, line, note``. Gives three rows a target: the target, the result and how
    much of the way was gone (from ``base``, or from nothing). A target without a result in the store keeps its row,
    with the reason. Raises `InputError` with every problem, a target that is not later than its base among them.
    """
    frame = targets if isinstance(targets, pd.DataFrame) else pd.read_csv(targets)
    frame = frame.copy()
    problems = list(_problems(frame))
    if problems:
        raise InputError(problems, "the targets")
    for column in OPTIONAL:
        if column not in frame:
            frame[column] = np.nan
    rows: list[dict[str, Any]] = []
    for _, target in frame.iterrows():
        rows += _compare(store, target)
    return result(rows, "targets_against_results", f"{CANNOT_SHOW} A target that is reached may have been easy.")


def _problems(frame: pd.DataFrame) -> Iterator[Problem]:
    missing = [column for column in COLUMNS if column not in frame]
    if missing:
        yield Problem("targets", f"no {', '.join(missing)}", f"the columns {', '.join(COLUMNS)}", "add them")
        return
    checks = [
        ("target", pd.to_numeric(frame["target"], errors="coerce").isna(), "no number", "a number"),
        ("year", pd.to_numeric(frame["year"], errors="coerce").isna(), "no year", "the year due"),
        ("unit", frame["unit"].isna(), "no unit", "a unit"),
        ("id", frame["id"].duplicated(), "an id twice", "one id a row"),
    ]
    if "base_year" in frame:
        late = pd.to_numeric(frame["year"], errors="coerce") <= pd.to_numeric(frame["base_year"], errors="coerce")
        checks.append(("year", late, "a target that is not later than its base", "a year after the base year"))
    if "direction" in frame:
        strange = ~frame["direction"].fillna("up").isin(DIRECTIONS)
        checks.append(("direction", strange, "another word", f"one of {', '.join(DIRECTIONS)}"))
    for column, wrong, found, expected in checks:
        if wrong.any():
            examples = tuple(frame.loc[wrong, "id"].astype(str).head(3))
            count = int(wrong.sum())
            yield Problem(
                "targets", found, expected, "correct these rows", column=column, count=count, examples=examples
            )


def _compare(store: KpiStore, target: pd.Series) -> list[dict[str, Any]]:
    """Give the target, the result and the way gone."""
    due, aim = int(target["year"]), float(target["target"])
    category = target["category"] if pd.notna(target["category"]) else TOTAL
    found = _result_of(store, target["indicator"], category, due, target["unit"])
    shell = pd.Series(
        {
            **{"indicator": target["indicator"], "category": category, "definition": "", "n_projects": np.nan},
            **{"year": due, "unit": target["unit"]},
        }
    )
    more = f"; {target['note']}" if pd.notna(target["note"]) else ""
    note = both(f"voor {due}", f"due in {due}{more}")
    rows = [tidy_row(store, shell, statistic=TARGET, estimate=aim, unit=target["unit"], note=note)]
    if found is None:
        return [*rows, tidy_row(store, shell, statistic=ATTAINMENT, estimate=np.nan, unit=SHARE, note=NO_RESULT)]
    year, value = int(found["year"]), float(found["value"])
    base = float(target["base"]) if pd.notna(target["base"]) else 0.0
    falling = target["direction"] == "down"
    way = (value - base) / (aim - base) if aim != base else np.nan
    reached = value <= aim if falling else value >= aim
    nl, en = ("gehaald", "reached") if reached else NOT_YET if year < due else ("niet gehaald", "not reached")
    if year != due:
        nl, en = f"{nl}; gemeten in {year}, voor {due}", f"{en}; measured in {year}, due in {due}"
    if falling and pd.isna(target["base"]):
        way, nl, en = np.nan, f"{nl}; een doel omlaag vraagt een beginwaarde", f"{en}; a target below needs a base"
    shown = tidy_row(store, found, statistic=statistic_of(found), estimate=value, unit=found["unit"], note=RESULT)
    gone = tidy_row(store, found, statistic=ATTAINMENT, estimate=way, unit=SHARE, note=both(nl, en))
    return [*rows, shown, gone]


def _result_of(store: KpiStore, indicator: str, category: str, due: int, unit: str) -> pd.Series | None:
    """Give the result of the last year up to the year due, or of the first year after it."""
    frame = store.to_frame()
    frame = frame[(frame["indicator"] == indicator) & (frame["category"] == category) & (frame["unit"] == unit)]
    frame = frame[frame["value"].notna() & frame["year"].notna()]
    if frame.empty:
        return None
    before = frame[frame["year"] <= due]
    year = before["year"].max() if len(before) else frame["year"].min()
    return preferred(frame[frame["year"] == year])

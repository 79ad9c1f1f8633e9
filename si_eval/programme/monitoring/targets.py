"""Targets against results: what was aimed for, what was reached according to the store, and by when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from si_eval.errors import InputError, Problem
from si_eval.programme.monitoring.cells import CANNOT_SHOW, preferred_row, statistic_of, tidy_row
from si_eval.programme.monitoring.store import TOTAL, KpiStore
from si_eval.programme.rows import TidyRow, public_table, require_input
from si_eval.results import ResultTable
from si_eval.text_input.small_tables import (
    SmallTable,
    fault_problems,
    gap_problems,
    name_problems,
    read_numbers,
    read_small_table,
    require_table,
    sort_by_id,
    year_faults,
)
from si_eval.vocabulary import ATTAINMENT, LANGUAGES, SHARE, TARGET, Reason, bilingual, bilingual_label, label

COLUMNS = ("id", "indicator", "target", "unit", "year")
OPTIONAL_COLUMNS = ("category", "base", "base_year", "direction", "source", "line", "note")
NUMBER_COLUMNS = ("target", "year", "base", "base_year")
DIRECTIONS = ("up", "down")


def targets_against_results(store: KpiStore, targets: pd.DataFrame | str | Path) -> ResultTable:
    """Set every target beside its result: that of the last year up to the year due, or of the first year after it.

    A target without a result in the store keeps its row, with the reason.

    Parameters
    ----------
    store : KpiStore
        The key figures, from `load_kpis`.
    targets : DataFrame, str or Path
        One target a row, or a CSV file with them: ``id, indicator, target, unit, year`` (the year due) and, where they
        apply, ``category, base, base_year, direction`` (``up`` or ``down``), ``source, line, note``. They follow in the
        order of their ids.

    Returns
    -------
    ResultTable
        Tidy rows, public, three a target: ``target`` and the result in the unit of the target, and ``attainment``, the
        share of the way that was gone.

    Raises
    ------
    InputError
        With every problem at once, a target that is not later than its base among them.

    Notes
    -----
    ``attainment = (result - base) / (target - base)``,

    with a base of 0 where none is given. A target that lies below its base (``direction`` is ``down``) needs a base.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval.programme.monitoring import load_kpis, targets_against_results
    >>> pd.DataFrame(
    ...     {"id": ["a", "b"], "indicator": "hubs", "year": [2019, 2020], "value": [3, 4], "unit": "hubs",
    ...      "source": "report"}
    ... ).to_csv("kpis_of_hubs.csv", index=False)
    >>> targets = pd.DataFrame({"id": ["t"], "indicator": "hubs", "target": 5, "unit": "hubs", "year": 2021})
    >>> table = targets_against_results(load_kpis("kpis_of_hubs.csv"), targets)
    >>> table.to_frame()[["statistic", "year", "estimate", "unit"]]
        statistic  year  estimate   unit
    0      target  2021       5.0   hubs
    1       count  2020       4.0   hubs
    2  attainment  2020       0.8  share
    """
    require_input("store", store, KpiStore, "load_kpis")
    require_table(targets, argument="targets")
    table = read_small_table(targets, what="targets")
    number = {column: read_numbers(table, column) for column in NUMBER_COLUMNS}
    problems = list(_column_problems(table))
    if not problems:
        problems = [problem for column in number.values() for problem in column.problems]
        problems += _row_problems(table, {name: column.values for name, column in number.items()})
    if problems:
        raise InputError(problems, "the targets")
    frame = table.frame.reindex(columns=[*COLUMNS, *OPTIONAL_COLUMNS], fill_value="").astype("object")
    frame = frame.assign(**{name: column.values for name, column in number.items()})
    rows: list[TidyRow] = []
    for _, target in sort_by_id(frame).iterrows():
        rows += _target_rows(store, target)
    cannot_show = f"{CANNOT_SHOW} A target that is reached may have been easy."
    return public_table(rows, "targets_against_results", cannot_show)


def _column_problems(table: SmallTable) -> Iterator[Problem]:
    """List what is wrong with the columns of the targets."""
    missing = [column for column in COLUMNS if column not in table.frame]
    if missing:
        yield Problem(table.where, f"no {', '.join(missing)}", f"the columns {', '.join(COLUMNS)}", "add them")
    yield from name_problems(table, needed=(), known=(*COLUMNS, *OPTIONAL_COLUMNS))


def _row_problems(table: SmallTable, number: Mapping[str, pd.Series]) -> Iterator[Problem]:
    """List what is wrong with the rows: one problem a kind of fault, with the ids that have it."""
    frame = table.frame
    direction = frame.get("direction", pd.Series("", index=frame.index))
    action = "correct these rows"
    faults = [
        ("target", number["target"].isna(), "no number", "a number", action),
        ("year", number["year"].isna(), "no year", "the year due", action),
        year_faults("year", number["year"]),
        year_faults("base_year", number["base_year"]),
        *((column, frame[column] == "", "nothing", "a text", action) for column in ("id", "indicator", "unit")),
        ("id", frame["id"].duplicated(), "an id twice", "one id a row", action),
        ("year", number["year"] <= number["base_year"], "a target that is not later than its base",
         "a year after the base year", action),
        ("direction", ~direction.isin(["", *DIRECTIONS]), "another word", f"one of {', '.join(DIRECTIONS)}", action),
    ]  # fmt: skip
    yield from fault_problems(table, faults)
    yield from gap_problems(table, ("id", "indicator", "category", "unit"))


def _target_rows(store: KpiStore, target: pd.Series) -> list[TidyRow]:
    """Make the rows of one target: the target itself, its result, and the share of the way that was gone."""
    due, aim, unit = int(target["year"]), float(target["target"]), target["unit"]
    category = target["category"] or TOTAL
    keys = {"indicator": target["indicator"], "category": category, "year": due, "unit": unit}
    planned = pd.Series({**keys, "definition": "", "n_projects": np.nan})
    note = bilingual_label("kpi_target_due").format(due=due)
    note += f"; {target['note']}" if target["note"] else ""
    rows = [tidy_row(store, planned, statistic=TARGET, estimate=aim, unit=unit, note=note)]
    result = _result_row(store, target["indicator"], category, due, unit)
    if result is None:
        note = Reason.NO_RESULT.note
        return [*rows, tidy_row(store, planned, statistic=ATTAINMENT, estimate=np.nan, unit=SHARE, note=note)]
    year, value = int(result["year"]), float(result["value"])
    falling = target["direction"] == "down"
    reached = value <= aim if falling else value >= aim
    remarks = ["kpi_target_reached" if reached else "kpi_target_not_yet" if year < due else "kpi_target_missed"]
    remarks += ["kpi_target_measured"] if year != due else []
    base = float(target["base"]) if pd.notna(target["base"]) else 0.0
    attainment = (value - base) / (aim - base) if aim != base else np.nan
    if falling and pd.isna(target["base"]):
        attainment = np.nan
        remarks.append("kpi_target_without_base")
    shown = tidy_row(
        store,
        result,
        statistic=statistic_of(result),
        estimate=value,
        unit=result["unit"],
        note=bilingual_label("kpi_result"),
    )
    note = _join_remarks(remarks, year, due)
    return [*rows, shown, tidy_row(store, result, statistic=ATTAINMENT, estimate=attainment, unit=SHARE, note=note)]


def _join_remarks(remarks: Sequence[str], year: int, due: int) -> str:
    """Write remarks, which are terms of the labels, one after the other in both languages."""
    nl, en = ("; ".join(label(one, language).format(year=year, due=due) for one in remarks) for language in LANGUAGES)
    return bilingual(nl, en)


def _result_row(store: KpiStore, indicator: str, category: str, due: int, unit: str) -> pd.Series | None:
    """Find the result of the last year up to the year due, or of the first year after it; None where there is none."""
    frame = store.to_frame()
    frame = frame[(frame["indicator"] == indicator) & (frame["category"] == category) & (frame["unit"] == unit)]
    frame = frame[frame["value"].notna() & frame["year"].notna()]
    if frame.empty:
        return None
    before = frame[frame["year"] <= due]
    year = before["year"].max() if len(before) else frame["year"].min()
    return preferred_row(frame[frame["year"] == year])

"""What left earlier: each released or withheld cell, so that a later request cannot undo an earlier pattern."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from si_eval.disclosure.cover import UNITS, Cell, Place
from si_eval.disclosure.reading import read_tables
from si_eval.disclosure.rules import DisclosureRules
from si_eval.disclosure.suppression import Protection
from si_eval.errors import DisclosureError
from si_eval.results import ResultTable, SafeTable, require_safe
from si_eval.vocabulary import SHOWN, STATUS

MAX_TABLES = 10_000  # tables of one release; the number of a table over all releases is release x this + table


@dataclass(frozen=True)
class EarlierCell:
    """A cell of an earlier release: its values (known to all where ``shown``, else known inside only)."""

    variable: str
    place: Place
    n: float
    total: float
    counted: float
    largest: float
    second: float
    absolute: float
    loose: bool
    shown: bool
    reason: str
    tables: tuple[int, ...]
    squares: float = math.nan

    @property
    def release(self) -> int:
        """Return the number of the first release that the cell was in."""
        return self.tables[0] // MAX_TABLES


class ReleaseLedger:
    """The earlier releases. `protect` reads it, and adds every request that it protects with it.

    Use it where tables leave more than once: a later request then cannot give back what an earlier one withheld. It
    holds withheld values: keep it inside the secure environment.

    Parameters
    ----------
    releases : sequence of SafeTable, optional
        Tables that left before the ledger was kept.

    Attributes
    ----------
    cells : list of EarlierCell
        Each cell that was released or withheld.
    releases : int
        The number of releases.

    Raises
    ------
    DisclosureError
        For releases that are not SafeTables.

    Examples
    --------
    >>> import si_eval as se
    >>> firms = se.simulate_firms(firms=300, participants=60, years=5, seed=1).frame
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="participant", revenue="revenue")
    >>> ledger = se.ReleaseLedger()
    >>> _ = se.protect([se.compare_groups(panel, indicator="revenue", years=[2015])], ledger=ledger)
    >>> ledger.releases
    1
    """

    def __init__(self, releases: Sequence[SafeTable] = ()) -> None:
        self.cells: list[EarlierCell] = []
        self.releases = 0
        if releases:
            self._add_safe_tables(releases)

    def record(self, protection: Protection) -> None:
        """Add the cells of a request that was protected, and the tables that they stood in."""
        self.releases += 1
        places = {_key(cell): place for place, cell in enumerate(self.cells)}
        for number, cell in enumerate(protection.cover.cells):
            tables = tuple(sorted(self.releases * MAX_TABLES + table for table in cell.tables if table >= 0))
            if cell.hidden or not tables:
                continue
            counted_away = cell.variable == UNITS and (cell.place, cell.n) in protection.counts_withheld
            entry = EarlierCell(
                cell.variable, cell.place, cell.n, cell.total, cell.counted, cell.largest, cell.second, cell.absolute,
                cell.loose, number not in protection.reasons and not counted_away, protection.reasons.get(number, ""),
                tables, cell.squares,
            )  # fmt: skip
            place = places.setdefault(_key(entry), len(self.cells))
            if place == len(self.cells):
                self.cells.append(entry)
            else:
                earlier = self.cells[place]
                shown = earlier.shown or entry.shown
                self.cells[place] = replace(earlier, shown=shown, tables=(*earlier.tables, *tables))

    def to_frame(self) -> pd.DataFrame:
        """List the cells: what they are, in which release, and whether they were shown. No withheld value."""
        columns = ["release", "variable", *Place._fields, "shown", "reason", "n_units", "total"]
        rows = [
            {
                "release": cell.release,
                "variable": cell.variable,
                **cell.place._asdict(),
                "shown": cell.shown,
                "reason": cell.reason,
                "n_units": cell.n if cell.shown else math.nan,
                "total": cell.total if cell.shown else math.nan,
            }
            for cell in self.cells
        ]
        return pd.DataFrame(rows, columns=columns)

    def save(self, path: str | Path) -> Path:
        """Write the ledger to a JSON file; it holds withheld values, so the file stays inside."""
        Path(path).write_text(json.dumps(self.content(), indent=1) + "\n", encoding="utf-8")
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> ReleaseLedger:
        """Read a ledger that was saved."""
        return cls.from_content(json.loads(Path(path).read_text(encoding="utf-8")))

    def content(self) -> dict[str, Any]:
        """Return what a file of the ledger holds."""
        return {"releases": self.releases, "cells": [asdict(cell) for cell in self.cells]}

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> ReleaseLedger:
        """Make a ledger of what a file holds. Raises `KeyError` or `TypeError` where that is something else."""
        ledger = cls()
        ledger.releases = int(content["releases"])
        ledger.cells = [
            EarlierCell(**{**cell, "place": Place(*cell["place"]), "tables": tuple(cell["tables"])})
            for cell in content["cells"]
        ]
        return ledger

    def summary(self) -> str:
        """Summarise in a line what was released."""
        shown = sum(cell.shown for cell in self.cells)
        return f"ReleaseLedger: {self.releases} releases, {shown} cells shown, {len(self.cells) - shown} withheld"

    def __repr__(self) -> str:
        return self.summary()

    def _add_safe_tables(self, releases: Sequence[SafeTable]) -> None:
        """Read what SafeTables show; what they withhold has no value here."""
        tables = []
        for safe in releases:
            frame = require_safe(safe, where="ledger").to_frame()
            frame = frame[frame[STATUS] == SHOWN].drop(columns=STATUS).reset_index(drop=True)
            tables.append(ResultTable(frame, safe.function, safe.evidence, safe.cannot_show, safe.rules))
        self.record(Protection(read_tables(tables, DisclosureRules()).cover, DisclosureRules()))


def as_ledger(ledger: Any) -> ReleaseLedger | None:
    """Return a ledger; make one of SafeTables; refuse anything else."""
    if ledger is None or isinstance(ledger, ReleaseLedger):
        return ledger
    if isinstance(ledger, Sequence) and not isinstance(ledger, str):
        return ReleaseLedger(ledger)
    raise DisclosureError(
        f"ledger: found {type(ledger).__name__}; expected a ReleaseLedger or the SafeTables that left before; give one"
    )


def _key(cell: Cell | EarlierCell) -> tuple[object, ...]:
    """Name a cell so that the same figure in two releases has the same name."""
    total = None if math.isnan(cell.total) else float(f"{cell.total:.9g}")
    return cell.variable, cell.place, cell.n, total, cell.loose

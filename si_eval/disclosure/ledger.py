"""What left earlier: each released or withheld cell, so that a later request cannot undo an earlier pattern."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from si_eval.disclosure.cover import describe_place
from si_eval.disclosure.declared import DECLARED, Declared
from si_eval.disclosure.estimates import Estimated
from si_eval.disclosure.suppression import Protection
from si_eval.errors import DisclosureError
from si_eval.results import (
    Cell,
    Contributions,
    EstimateUnits,
    ResultTable,
    SafeTable,
    UnitSet,
    UnitSource,
    require_safe,
)
from si_eval.stats import IntArray
from si_eval.vocabulary import SHOWN, STATUS

MAX_TABLES = 10_000  # tables of one release; the number of a table over all releases is release x this + table


@dataclass(frozen=True)
class EarlierCell:
    """A cell of an earlier release: which units, and what it had (known to all where ``shown``, else inside only).

    ``place`` is where it stood, for a reader; ``spread`` says that a standard error left with it.
    """

    cell: Cell
    universe: str
    place: tuple[str, ...]
    said: Declared
    shown: bool
    reason: str
    tables: tuple[int, ...]
    spread: bool = False

    @property
    def release(self) -> int:
        """Return the number of the first release that the cell was in."""
        return self.tables[0] // MAX_TABLES


class ReleaseLedger:
    """The earlier releases. `protect` reads it, and adds every request that it protects with it.

    Use it where tables leave more than once: a later request then cannot give back what an earlier one withheld. It
    keeps which units each cell is of, and has a later request's panels work out how they overlap: the extract and the
    rule sets have to be the same. It holds withheld values: keep it inside the secure environment.

    Parameters
    ----------
    releases : sequence of SafeTable, optional
        Tables that left before the ledger was kept.

    Attributes
    ----------
    cells : list of EarlierCell
        Each cell that was released or withheld.
    estimates : list of Estimated
        Each estimate of an effect.
    releases : int
        The number of releases.
    set_aside : list of str
        For which reasons earlier releases were set aside (see `set_aside_earlier`).

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
        self.estimates: list[Estimated] = []
        self.releases = 0
        self.set_aside: list[str] = []
        self.sources: dict[str, UnitSource] = {}  # of this process: a file names populations and has no units
        self.given: list[ResultTable] = []  # tables that left before the ledger was kept, as outsiders have them
        if releases:
            self._add_safe_tables(releases)

    def record(self, protection: Protection) -> None:
        """Add the cells and estimates of a request that was protected, and the tables that they stood in."""
        self.releases += 1
        self.sources |= {name: one for name, one in protection.sources.items() if not name.startswith(DECLARED)}
        places = {earlier.cell: place for place, earlier in enumerate(self.cells)}
        for number, cell in enumerate(protection.cover.cells):
            tables = tuple(sorted(self.releases * MAX_TABLES + table for table in cell.tables if table >= 0))
            for definition in cell.definitions if tables else ():
                shown = number not in protection.reasons and number not in protection.counts_withheld
                spread = cell.with_squares and shown and number not in protection.spreads_withheld
                said = Declared(cell.given.total, cell.given, cell.squares)
                universe = protection.cover.blocks[cell.block].universe
                entry = EarlierCell(
                    definition, universe, describe_place(cell), said, shown, protection.reasons.get(number, ""), tables,
                    spread,
                )  # fmt: skip
                place = places.setdefault(definition, len(self.cells))
                if place == len(self.cells):
                    self.cells.append(entry)
                else:
                    old = self.cells[place]
                    self.cells[place] = replace(
                        old, shown=old.shown or shown, tables=(*old.tables, *tables), spread=old.spread or spread
                    )
        self.estimates += [one for one in protection.estimates if one not in self.estimates]

    def require_sources(self, sources: Mapping[str, UnitSource]) -> None:
        """Refuse a request whose panels cannot tell what earlier releases were about; one without panels is free."""
        if not any(not name.startswith(DECLARED) for name in sources):
            return
        lost = [one for one in self.cells if not one.universe.startswith(DECLARED)]
        lost = [one for one in lost if one.cell.units.population not in {**sources, **self.sources}]
        if lost:
            raise DisclosureError(
                f"ledger: found {len(lost)} figures of earlier releases on units that no panel of this request knows; "
                "expected the extract, participants, public units and rule sets of these releases, because two "
                "versions of the data can give a firm away; protect with the panels that they were made of, or, where "
                "the data were replaced for good, let the output checker agree to "
                'ledger.set_aside_earlier(sources, reason="..."), or to set_aside_earlier under [disclosure] of a study'
            )

    def set_aside_earlier(self, known: Sequence[str], *, reason: str) -> int:
        """Leave earlier figures out of account whose population is not among those ``known``, for a stated reason.

        Whoever has the earlier release can compare it with the next one: this is for data that were replaced, and for
        an output checker to agree to. The reason stays in the ledger, where there are any. Returns how many figures are
        set aside.
        """
        if not isinstance(reason, str) or not reason.strip():
            raise DisclosureError("ledger: found no reason; expected why earlier releases do not count; write it")
        kept = [one for one in self.cells if one.universe.startswith(DECLARED) or one.cell.units.population in known]
        gone = len(self.cells) - len(kept)
        self.cells = kept
        if gone:
            self.set_aside.append(reason)
        return gone

    def to_frame(self) -> pd.DataFrame:
        """List the cells: what they are, in which release, and whether they were shown. No withheld value."""
        columns = ["release", "variable", "group", "year", "size_class", "sector", "category", "shown", "reason"]
        rows = [
            [
                *(one.release, one.cell.variable or "units", *one.place, one.shown, one.reason),
                one.said.n if one.shown else math.nan,
                one.said.total if one.shown else math.nan,
            ]
            for one in self.cells
        ]
        return pd.DataFrame(rows, columns=[*columns, "n_units", "total"])

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
        sets = {_key(one.units.ids): one.units.ids.tolist() for one in self.estimates}
        return {
            "releases": self.releases,
            "set_aside": self.set_aside,
            "cells": [_cell_content(one) for one in self.cells],
            "estimates": [_estimate_content(one) for one in self.estimates],
            "sets": sets,
        }

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> ReleaseLedger:
        """Make a ledger of what a file holds. Raises `KeyError` or `TypeError` where that is something else."""
        ledger = cls()
        ledger.releases = int(content["releases"])
        ledger.set_aside = list(content["set_aside"])
        ledger.cells = [_cell_of(one) for one in content["cells"]]
        sets = {key: np.array(ids, dtype=np.int64) for key, ids in content["sets"].items()}
        ledger.estimates = [_estimate_of(one, sets) for one in content["estimates"]]
        return ledger

    def summary(self) -> str:
        """Summarise in a line what was released."""
        shown = sum(cell.shown for cell in self.cells)
        return f"ReleaseLedger: {self.releases} releases, {shown} cells shown, {len(self.cells) - shown} withheld"

    def __repr__(self) -> str:
        return self.summary()

    def _add_safe_tables(self, releases: Sequence[SafeTable]) -> None:
        """Keep what SafeTables show, by their tidy columns; what they withhold has no value here."""
        for safe in releases:
            frame = require_safe(safe, where="ledger").to_frame()
            frame = frame[frame[STATUS] == SHOWN].drop(columns=STATUS).reset_index(drop=True)
            self.given.append(
                ResultTable(frame, safe.function, safe.evidence, safe.cannot_show, safe.rules, public=True)
            )
        self.releases = 1


def as_ledger(ledger: Any) -> ReleaseLedger | None:
    """Return a ledger; make one of SafeTables; refuse anything else."""
    if ledger is None or isinstance(ledger, ReleaseLedger):
        return ledger
    if isinstance(ledger, Sequence) and not isinstance(ledger, str):
        return ReleaseLedger(ledger)
    raise DisclosureError(
        f"ledger: found {type(ledger).__name__}; expected a ReleaseLedger or the SafeTables that left before; give one"
    )


def _key(ids: IntArray) -> str:
    return hashlib.sha256(ids.astype("<i8").tobytes()).hexdigest()


def _cell_content(one: EarlierCell) -> dict[str, Any]:
    units = one.cell.units
    return {
        "population": units.population, "universe": one.universe, "year": units.year,
        "where": [[column, list(values)] for column, values in units.where], "variable": one.cell.variable,
        "place": list(one.place), "total": one.said.total, "given": list(one.said.given), "squares": one.said.squares,
        "shown": one.shown, "reason": one.reason, "tables": list(one.tables), "spread": one.spread,
    }  # fmt: skip


def _cell_of(content: Mapping[str, Any]) -> EarlierCell:
    where = tuple((str(column), tuple(values)) for column, values in content["where"])
    return EarlierCell(
        Cell(UnitSet(content["population"], content["year"], where), content["variable"]),
        content["universe"],
        tuple(content["place"]),
        Declared(
            _number(content["total"]), Contributions(*map(_number, content["given"])), _number(content["squares"])
        ),
        content["shown"],
        content["reason"],
        tuple(content["tables"]),
        content["spread"],
    )


def _number(value: float) -> float:
    """Return a number of a file; a missing one is that of the tables, so that the ledgers are equal."""
    return math.nan if math.isnan(value) else float(value)


def _estimate_content(one: Estimated) -> dict[str, Any]:
    units = one.units
    return {
        "universe": units.universe, "population": units.population, "indicator": units.indicator,
        "digest": units.digest, "counts": [units.n_treated, units.n_controls], "ids": _key(units.ids),
        "sides": [side.tobytes().hex() for side in units.sides], "shown": one.shown,
    }  # fmt: skip


def _estimate_of(content: Mapping[str, Any], sets: Mapping[str, IntArray]) -> Estimated:
    sides = np.array([np.frombuffer(bytes.fromhex(side), dtype=np.uint8) for side in content["sides"]])
    treated, controls = content["counts"]
    units = EstimateUnits(
        content["population"], content["universe"], content["indicator"], content["digest"], int(treated),
        int(controls), sets[content["ids"]], sides,
    )  # fmt: skip
    return Estimated(units, shown=content["shown"])

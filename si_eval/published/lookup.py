"""The protected results, cell by cell: one number for a cell, or the reason why there is none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd

from si_eval import vocabulary as v
from si_eval.errors import DisclosureError
from si_eval.published.phrases import Phrase, join, named, phrase, written
from si_eval.results import SafeTable, Simulation

TOLERANCE = 1e-9  # relative: what floating point may do to a number that two exhibits repeat


class Cell(NamedTuple):
    """The keys of one tidy row, as text; ``all`` where a dimension is not split."""

    indicator: str
    statistic: str
    group: str
    year: str
    size_class: str
    sector: str
    category: str


class Number(NamedTuple):
    """The number of a cell, or ``why`` there is none."""

    value: float | None = None
    unit: str = ""
    why: Phrase = Phrase()
    withheld: bool = False
    absent: bool = False
    remark: Phrase = Phrase()


@dataclass(frozen=True)
class Results:
    """The rows of the SafeTables by cell, and how they are read."""

    rows: Mapping[Cell, Sequence[Mapping[str, Any]]]
    readings: Mapping[str, Any]
    simulation: Simulation | None
    labels: v.Labels = v.NO_LABELS

    @property
    def thinned(self) -> Phrase:
        """Say that the population was thinned, where it was."""
        if self.simulation is None or self.simulation.scale >= 1:
            return Phrase()
        return phrase("published_thinned", scale=written(f"{self.simulation.scale:g}"))

    def number(self, cell: Cell, exhibits: Sequence[str]) -> Number:
        """Give the number of a cell, from the exhibits named where they hold it; add up a whole that has no row."""
        if cell in self.rows:
            return _agreed_number(self.rows[cell], exhibits, self.readings["results"]["rule_set"], self.labels)
        for entry in self.readings["composites"]:
            column = entry["column"]
            if getattr(cell, column) == entry["value"] and cell.statistic in entry["statistics"]:
                parts = [self.number(cell._replace(**{column: part}), exhibits) for part in entry["parts"]]
                lacking = next((part for part in parts if part.value is None), None)
                if lacking is None:
                    return parts[0]._replace(value=sum(part.value or 0.0 for part in parts))
                if not lacking.absent:
                    return lacking._replace(why=phrase("published_part", why=lacking.why))
        names = [named(part, self.labels) for part in cell if part != v.ALL]
        return Number(why=phrase("published_absent", cell=join(names, " · ")), absent=True)

    def sectors(self, cell: Cell) -> list[str]:
        """List the sectors for which the results have a row that is otherwise like this cell."""
        alike = {row.sector for row in self.rows if row == cell._replace(sector=row.sector)}
        return sorted(alike - {v.ALL})

    def calibrated_to(self, cell: Cell) -> bool:
        """Say whether the simulation was made to meet this cell, so that agreement was put in."""
        asked = cell._asdict().items()
        return any("indicator" in key and key.items() <= asked for key in self._calibrated)

    @cached_property
    def _calibrated(self) -> list[dict[str, str]]:
        """Give the cells that the simulation was made to meet."""
        entries = () if self.simulation is None else self.simulation.calibrated
        return [{column: _key(entry[column]) for column in Cell._fields if column in entry} for entry in entries]


def collect_results(tables: Sequence[SafeTable], readings: Mapping[str, Any]) -> Results:
    """Put the rows of SafeTables in reach by cell; raise DisclosureError for anything else."""
    unsafe = sorted({type(table).__name__ for table in tables if not isinstance(table, SafeTable)})
    if unsafe:
        raise DisclosureError(
            f"tables: found {', '.join(unsafe)}; expected SafeTables only; call se.protect([table]) first"
        )
    rows: dict[Cell, list[Mapping[str, Any]]] = defaultdict(list)
    for table in tables:
        defaults = {v.EXHIBIT: table.exhibit, v.RULE_SET: table.rules}
        for row in table.to_frame().to_dict("records"):
            named = {str(column): value for column, value in row.items() if read_text(value)}
            rows[Cell(*(_key(row.get(column)) for column in Cell._fields))].append({**defaults, **named})
    simulations = [table.simulation for table in tables if table.simulation is not None]
    labels = {
        term: texts
        for own in {id(table.labels): table.labels for table in tables}.values()
        for term, texts in own.items()
    }
    simulation = min(simulations, key=lambda simulation: simulation.scale, default=None)
    return Results(dict(rows), readings, simulation, labels)


def read_text(value: Any) -> str:
    """Give a value as text; empty where it is missing."""
    return "" if value is None or pd.isna(value) else str(value)


def _key(value: Any) -> str:
    return read_text(value).removesuffix(".0") or v.ALL


def _agreed_number(
    rows: Sequence[Mapping[str, Any]], exhibits: Sequence[str], rule_set: str, labels: v.Labels
) -> Number:
    """Give the number that the rows of a cell agree on: those under the rule set first, of these the exhibits named."""
    chosen = [row for row in rows if row[v.RULE_SET] == rule_set] or rows
    chosen = [row for row in chosen if row[v.EXHIBIT] in exhibits] or chosen
    first = chosen[0]
    withheld = next((row[v.STATUS] for row in chosen if row[v.STATUS] != v.SHOWN), "")
    if withheld:
        return Number(why=phrase(f"published_{withheld}"), withheld=True)
    values = [float(row[v.ESTIMATE]) for row in chosen if v.ESTIMATE in row]
    if not values:
        reason = named(first.get(v.NOTE, "published_no_reason"), labels)
        return Number(why=phrase("published_not_computed", why=reason))
    if max(values) - min(values) > TOLERANCE * max(map(abs, values)):
        holders = [Phrase(row[v.EXHIBIT], row[v.EXHIBIT]) or phrase("published_no_exhibit") for row in chosen]
        holders = sorted(set(holders), key=lambda holder: holder.en)
        return Number(why=phrase("published_several", exhibits=join(holders, ", ")))
    other = first[v.RULE_SET]
    remark = Phrase() if other == rule_set else phrase("published_rule_set", rules=Phrase(other, other))
    return Number(values[0], unit=first.get(v.UNIT_OF_MEASURE, ""), remark=remark)

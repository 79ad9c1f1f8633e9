"""The protected results, cell by cell: one number for a cell, or the reason why there is none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from si_eval import vocabulary as v
from si_eval.published.bilingual import BilingualText, join_texts, labelled, name_of, number_text
from si_eval.results import SafeTable, Simulation, require_safe
from si_eval.results.comparison import BASES

RESTATED, CALIBRATED, SIMULATED, COMPUTED = BASES
BASIS = "basis"  # of a row: what its number proves
REL_TOL = 1e-9  # relative: what floating point may do to a number that two exhibits repeat


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
    """The number of a cell, or the ``reason`` why there is none."""

    value: float | None = None
    unit: str = ""
    reason: BilingualText = BilingualText()
    withheld: bool = False
    absent: bool = False
    remark: BilingualText = BilingualText()
    basis: str = ""


@dataclass(frozen=True)
class Results:
    """The rows of the SafeTables by cell, and how they are read."""

    rows: Mapping[Cell, Sequence[Mapping[str, Any]]]
    readings: Mapping[str, Any]
    simulation: Simulation | None
    labels: v.Labels = v.NO_LABELS

    @property
    def thinning_note(self) -> BilingualText:
        """Return the remark that the population was thinned; empty where it was not."""
        if self.simulation is None or self.simulation.scale >= 1:
            return BilingualText()
        return labelled("published_thinned", scale=number_text(f"{self.simulation.scale:g}"))

    def number(self, cell: Cell, exhibits: Sequence[str]) -> Number:
        """Look up the number of a cell, in the exhibits named where they hold it; add up a whole that has no row."""
        if cell in self.rows:
            return _agreed_number(self.rows[cell], exhibits, self.readings["results"]["rule_set"], self.labels)
        for entry in self.readings["composites"]:
            column = entry["column"]
            if getattr(cell, column) == entry["value"] and cell.statistic in entry["statistics"]:
                parts = [self.number(cell._replace(**{column: part}), exhibits) for part in entry["parts"]]
                missing = next((part for part in parts if part.value is None), None)
                if missing is None:
                    value = sum(part.value or 0.0 for part in parts)
                    return parts[0]._replace(value=value, basis=weakest_basis(part.basis for part in parts))
                if not missing.absent:
                    return missing._replace(reason=labelled("published_part", why=missing.reason))
        names = [name_of(part, self.labels) for part in cell if part != v.ALL]
        return Number(reason=labelled("published_absent", cell=join_texts(names, " · ")), absent=True)

    def sectors(self, cell: Cell) -> list[str]:
        """List the sectors for which the results have a row that is otherwise like this cell."""
        similar = {row.sector for row in self.rows if row == cell._replace(sector=row.sector)}
        return sorted(similar - {v.ALL})


def collect_results(tables: Sequence[SafeTable], readings: Mapping[str, Any]) -> Results:
    """Index the rows of SafeTables by cell; raise DisclosureError for anything else."""
    tables = [require_safe(table, where="tables") for table in tables]
    rows: dict[Cell, list[Mapping[str, Any]]] = defaultdict(list)
    for table in tables:
        defaults = {v.EXHIBIT: table.exhibit, v.RULE_SET: table.rules}
        calibrated = _calibrated_cells(table.simulation)
        for row in table.to_frame().to_dict("records"):
            known = {str(column): value for column, value in row.items() if to_text(value)}
            cell = Cell(*(_key(row.get(column)) for column in Cell._fields))
            rows[cell].append({**defaults, **known, BASIS: _basis_of(table, cell, calibrated)})
    simulations = [table.simulation for table in tables if table.simulation is not None]
    labels = {
        term: texts
        for own in {id(table.labels): table.labels for table in tables}.values()
        for term, texts in own.items()
    }
    simulation = min(simulations, key=lambda simulation: simulation.scale, default=None)
    return Results(dict(rows), readings, simulation, labels)


def weakest_basis(bases: Iterable[str]) -> str:
    """Return the basis that proves least; none where there is none."""
    return min(filter(None, bases), key=BASES.index, default="")


def _basis_of(table: SafeTable, cell: Cell, calibrated: Sequence[Mapping[str, str]]) -> str:
    """Say what the numbers of a table are: the source's, of a simulation that was made to meet them, or others."""
    if table.public:
        return RESTATED
    if table.simulation is None:
        return COMPUTED
    keys = cell._asdict().items()
    return CALIBRATED if any("indicator" in entry and entry.items() <= keys for entry in calibrated) else SIMULATED


def _calibrated_cells(simulation: Simulation | None) -> list[dict[str, str]]:
    """List the cells that a simulation was made to meet."""
    entries = () if simulation is None else simulation.calibrated
    return [{column: _key(entry[column]) for column in Cell._fields if column in entry} for entry in entries]


def to_text(value: Any) -> str:
    """Convert a value to text; empty where it is missing."""
    return "" if value is None or pd.isna(value) else str(value)


def _key(value: Any) -> str:
    """Convert a value to the text of a key; ``all`` where it is missing."""
    return to_text(value).removesuffix(".0") or v.ALL


def _agreed_number(
    rows: Sequence[Mapping[str, Any]], exhibits: Sequence[str], rule_set: str, labels: v.Labels
) -> Number:
    """Return the number that the rows of a cell agree on: under the rule set first, then in the exhibits named."""
    matching = [row for row in rows if row[v.RULE_SET] == rule_set] or rows
    matching = [row for row in matching if row[v.EXHIBIT] in exhibits] or matching
    first = matching[0]
    withheld = next((row[v.STATUS] for row in matching if row[v.STATUS] != v.SHOWN), "")
    if withheld:
        return Number(reason=labelled(f"published_{withheld}"), withheld=True, basis=first[BASIS])
    values = [float(row[v.ESTIMATE]) for row in matching if v.ESTIMATE in row]
    if not values:
        why = name_of(first.get(v.NOTE, "published_no_reason"), labels)
        return Number(reason=labelled("published_not_computed", why=why))
    if max(values) - min(values) > REL_TOL * max(map(abs, values)):
        holders = [
            BilingualText(row[v.EXHIBIT], row[v.EXHIBIT]) or labelled("published_no_exhibit") for row in matching
        ]
        holders = sorted(set(holders), key=lambda holder: holder.en)
        return Number(reason=labelled("published_several", exhibits=join_texts(holders, ", ")))
    other = first[v.RULE_SET]
    remark = BilingualText() if other == rule_set else labelled("published_rule_set", rules=BilingualText(other, other))
    return Number(values[0], unit=first.get(v.UNIT_OF_MEASURE, ""), remark=remark, basis=first[BASIS])

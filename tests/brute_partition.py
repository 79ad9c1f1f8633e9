"""Partitions of units by brute force, over the rows of the panels themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest

from si_eval.results import Cell, Conditions, Panel, Partition, UnitSet, denominator_of, numerator_of
from si_eval.stats import BoolArray
from si_eval.vocabulary import PUBLIC_UNIT, SHARED_GROUP, excluded

EXACT = 1e-12  # relative: sums of the same numbers in another order
CANCELLED = 1e-9  # relative to a sum of numbers of both signs


class Units:
    """The rows of panels in one year, by population and, within it, by unit."""

    def __init__(self, year: int, **panels: Panel) -> None:
        self.panels = {panel.identity.population: panel for panel in panels.values()}
        frames = {name: panel.to_frame().query(f"year == {year}") for name, panel in self.panels.items()}
        self.frames = {name: frame.set_index("be_id").sort_index() for name, frame in frames.items()}
        ids = sorted(set().union(*(frame.index for frame in self.frames.values())))
        self.ids = pd.Index(ids)
        self.holding = self._first("group_id").where(self._first(SHARED_GROUP).fillna(False).astype(bool))
        self.public = pd.Series(False, self.ids)
        for frame in self.frames.values():
            if PUBLIC_UNIT in frame:
                self.public |= frame[PUBLIC_UNIT].reindex(self.ids).fillna(False).astype(bool)

    def _first(self, column: str) -> pd.Series:
        """Return a column of the first panel that has the unit."""
        found = [frame[column].reindex(self.ids) for frame in self.frames.values()]
        for other in found[1:]:
            found[0] = found[0].where(found[0].notna(), other)
        return found[0]

    def values(self, population: str, variable: str) -> pd.Series:
        """Return the values that count of a variable, by unit; 1 where none is named."""
        panel, frame = self.panels[population], self.frames[population]
        values = pd.Series(1.0, frame.index)
        for name, entry in panel.indicators.items():
            part = {name: name, numerator_of(name): entry.numerator, denominator_of(name): entry.denominator}
            if variable in part:
                missing = frame[name].isna()
                if excluded(entry.domain) in frame:
                    missing |= frame[excluded(entry.domain)].astype(bool)
                weight = frame[entry.weight] if entry.weight else 1.0
                values = (frame[part[variable]].astype(float) * weight).mask(missing)
        return values.reindex(self.ids)

    def inside(self, cell: Cell) -> pd.Series:
        """Say which units are in a cell, and have a value of its variable."""
        frame = self.frames[cell.units.population]
        inside = pd.Series(True, frame.index)
        for column, wanted in cell.units.where:
            inside &= frame[column].isin(list(wanted)) if wanted else frame[column].notna()
        known = self.values(cell.units.population, cell.variable).notna()
        return known & inside.reindex(self.ids, fill_value=False)

    def contributions(self, values: pd.Series) -> dict[str, float]:
        """Measure the values of some units."""
        values = values.dropna()
        public, group = self.public[values.index], self.holding[values.index]
        holding = ("group " + group.astype("Int64").astype(str)).where(
            group.notna(), "unit " + pd.Series(values.index.astype(str), values.index)
        )
        size = values.abs()
        private = size[~public].groupby(holding[~public]).sum()

        def two(numbers: pd.Series) -> list[float]:
            return [*sorted(numbers, reverse=True)[:2], 0.0, 0.0][:2]

        units, holdings, privates = two(size), two(size.groupby(holding).sum()), two(private)
        return {
            "n_units": len(values), "n_holdings": holding.nunique(), "n_public": public.sum(),
            "private_holdings": len(private), "total": values.sum(), "absolute": size.sum(),
            "largest": units[0], "second_largest": units[1],
            "holding_largest": holdings[0], "holding_second": holdings[1],
            "public_total": size[public].sum(), "private_largest": privates[0], "private_second": privates[1],
        }  # fmt: skip


def draw_cells(
    draw: np.random.Generator,
    number: int,
    *,
    populations: Sequence[str],
    year: int,
    conditions: Sequence[tuple[str, tuple]],
    variables: Sequence[str],
) -> list[Cell]:
    """Draw cells of up to three conditions, each on another column."""
    cells = []
    for _ in range(number):
        chosen = draw.choice(len(conditions), draw.integers(0, 4), replace=False)
        where: Conditions = tuple(sorted({conditions[at][0]: conditions[at][1] for at in chosen}.items()))
        cells.append(Cell(UnitSet(str(draw.choice(populations)), year, where), str(draw.choice(variables))))
    return cells


def assert_partition(partition: Partition, units: Units, draw: np.random.Generator) -> None:
    """Assert that a partition is the finest by its cells, and measures cells and unions of atoms as they are."""
    members = partition.members.toarray().astype(bool)
    inside = pd.DataFrame({place: units.inside(cell) for place, cell in enumerate(partition.cells)})
    signatures = inside.value_counts()
    found = {tuple(members[:, atom].tolist()): n for atom, n in enumerate(partition.n_units)}
    assert len(found) == members.shape[1]
    assert found == {tuple(map(bool, signature)): n for signature, n in signatures.items()}
    places = {signature: atom for atom, signature in enumerate(found)}
    atom_of = pd.Series([places[tuple(row)] for row in inside.to_numpy().tolist()], units.ids)
    for place, cell in enumerate(partition.cells):
        values = units.values(cell.units.population, cell.variable)
        name = partition.variables[place]
        union = members[place] & (draw.random(members.shape[1]) < 0.5)
        for atoms in (members[place], union):
            measured = partition.contributions(atoms, name)._asdict()
            expected = units.contributions(values[atom_of.isin(np.flatnonzero(atoms))])
            assert measured.pop("total") == pytest.approx(
                expected.pop("total"), rel=EXACT, abs=CANCELLED * expected["absolute"]
            )
            assert measured == pytest.approx(expected, rel=EXACT)
        assert_sums(partition, members[place], name, values[inside[place]].groupby(atom_of[inside[place]]))


def assert_sums(partition: Partition, atoms: BoolArray, name: str, values: pd.api.typing.SeriesGroupBy) -> None:
    """Assert that the sums of the atoms of a cell are those of its values."""
    sums = partition.sums(name)
    chosen = np.flatnonzero(atoms)
    expected: Mapping[str, pd.Series] = {
        "n_units": values.count(), "total": values.sum(), "absolute": values.agg(lambda one: one.abs().sum()),
        "squares": values.agg(lambda one: (one**2).sum()), "smallest": values.min(),
    }  # fmt: skip
    for measure, numbers in expected.items():
        given = getattr(sums, measure)[chosen]
        assert given == pytest.approx(numbers.reindex(chosen).to_numpy(), rel=CANCELLED), measure

"""The finest partition of the units of a panel by cells, against brute force over the panel's own rows."""

import numpy as np
import pandas as pd
import pytest

from si_eval import cells
from si_eval.errors import StudyError
from si_eval.registers.any_frame import panel_from_frame
from si_eval.results import Cell, UnitSet, denominator_of, numerator_of
from si_eval.vocabulary import PUBLIC_UNIT, SHARED_GROUP, excluded

EXACT = 1e-12  # relative: sums of the same numbers in another order
SEEDS = range(8)
FIRMS = 300
YEAR = 2019


def firms(seed: int) -> pd.DataFrame:
    """Draw firms with gaps, flags, sectors and groups, in two years and in any order."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "firm": np.tile(draw.permutation(FIRMS) * 3, 2),
            "year": np.repeat([2014, YEAR], FIRMS),
            "joined": np.tile(draw.choice([0.0, 1.0, np.nan], FIRMS, p=[0.6, 0.35, 0.05]), 2),
            "staff": draw.choice([0.0, 1, 5, 20, 80, 400], 2 * FIRMS),
            "sales": draw.lognormal(6, 2, 2 * FIRMS).round() - 300,
            "sector": draw.choice(["B+D", "C", "0 · 1", None], 2 * FIRMS),
            "holding": draw.choice([1.0, 2, 3, 4, np.nan], 2 * FIRMS, p=[0.1, 0.1, 0.1, 0.1, 0.6]),
            "alpha": draw.choice([0.0, 1.0, np.nan], 2 * FIRMS),
            "beta": draw.choice([1.0, 2.0], 2 * FIRMS),
        }
    )
    frame.loc[draw.random(2 * FIRMS) < 0.3, "sales"] = np.nan
    return frame.sample(frac=1, random_state=seed, ignore_index=True)


def panel_of(frame: pd.DataFrame):
    """Make the panel of drawn firms."""
    names = {name: name for name in ("year", "sector")}
    return panel_from_frame(
        frame, unit="firm", participant="joined", employed_persons="staff", revenue="sales", group="holding",
        extra=["alpha", "beta"], **names,
    )  # fmt: skip


CONDITIONS = [
    ("participant", (True,)), ("participant", (False,)), ("participant", ()), ("sector", ("B+D",)), ("sector", ("C",)),
    ("sector", ("B+D", "0 · 1")), ("sector", ()), ("size_class", ("2-9",)), ("size_class_4", ("0-9",)),
    ("alpha", (1.0,)), ("alpha", (0.0,)), ("beta", (1.0,)), ("beta", (2,)), ("size_class", ("10-49", "250+")),
]  # fmt: skip
VARIABLES = [
    "", "revenue", "revenue_per_employee", "beta", numerator_of("revenue_per_employee"),
    denominator_of("revenue_per_employee"),
]  # fmt: skip


def draw_cells(population: str, draw: np.random.Generator, number: int) -> list[Cell]:
    """Draw cells of random conditions, each column once."""
    drawn = []
    for _ in range(number):
        chosen = draw.choice(len(CONDITIONS), draw.integers(0, 4), replace=False)
        where = tuple(sorted({CONDITIONS[place][0]: CONDITIONS[place][1] for place in chosen}.items()))
        drawn.append(Cell(UnitSet(population, YEAR, where), str(draw.choice(VARIABLES))))
    return drawn


def values_of(frame: pd.DataFrame, panel, variable: str) -> pd.Series:
    """Return the values that count of a variable, by firm, straight from the panel's rows."""
    for name, entry in panel.indicators.items():
        if variable in (name, numerator_of(name), denominator_of(name)):
            part = {numerator_of(name): entry.numerator, denominator_of(name): entry.denominator}.get(variable, name)
            missing = frame[name].isna()
            if excluded(entry.domain) in frame:
                missing |= frame[excluded(entry.domain)].astype(bool)
            return frame[part].astype(float).mask(missing)
    return pd.Series(1.0, frame.index)


def units_of(frame: pd.DataFrame, panel, cell: Cell) -> pd.Series:
    """Say which units are in a cell, and have a value of its variable."""
    inside = values_of(frame, panel, cell.variable).notna()
    for column, wanted in cell.units.where:
        inside &= frame[column].isin(list(wanted)) if wanted else frame[column].notna()
    return inside


def contributions_of(values: pd.Series, frame: pd.DataFrame) -> dict[str, float]:
    """Measure values of some units by brute force."""
    values = values.dropna()
    rows = frame.loc[values.index]
    public = rows[PUBLIC_UNIT].astype(bool) if PUBLIC_UNIT in rows else pd.Series(False, rows.index)
    own = "unit " + rows["be_id"].astype(str)
    holding = own.mask(rows[SHARED_GROUP].fillna(False).astype(bool), "group " + rows["group_id"].astype(str))
    size = values.abs()

    def two(numbers: pd.Series) -> list[float]:
        return [*sorted(numbers, reverse=True)[:2], 0.0, 0.0][:2]

    private = size[~public].groupby(holding[~public]).sum()
    return {
        "n_units": len(values), "n_holdings": holding.nunique(), "n_public": public.sum(),
        "private_holdings": len(private), "total": values.sum(), "absolute": size.sum(),
        **dict(zip(("largest", "second_largest"), two(size), strict=True)),
        **dict(zip(("holding_largest", "holding_second"), two(size.groupby(holding).sum()), strict=True)),
        "public_total": size[public].sum(),
        **dict(zip(("private_largest", "private_second"), two(private), strict=True)),
    }  # fmt: skip


def assert_partition(partition, frame: pd.DataFrame, panels, draw: np.random.Generator) -> None:
    """Assert that a partition is the finest by its cells, and measures cells and unions of atoms as they are."""
    members = partition.members.toarray().astype(bool)
    inside = pd.DataFrame(
        {place: units_of(frame, panels[cell.units.population], cell) for place, cell in enumerate(partition.cells)}
    )
    signatures = inside.value_counts()
    assert len(signatures) == partition.members.shape[1] == len(partition.n_units)
    assert {tuple(map(bool, key)): n for key, n in signatures.items()} == {
        tuple(members[:, atom].tolist()): n for atom, n in enumerate(partition.n_units)
    }
    atom_of = inside.apply(tuple, axis=1).map({tuple(members[:, atom]): atom for atom in range(members.shape[1])})
    for place, cell in enumerate(partition.cells):
        values = values_of(frame, panels[cell.units.population], cell.variable)
        union = draw.random(members.shape[1]) < 0.3
        for atoms in (members[place], union & members[place]):
            measured = partition.contributions(atoms, partition.variables[place])._asdict()
            chosen = atom_of.isin(np.flatnonzero(atoms))
            assert measured == pytest.approx(contributions_of(values[chosen], frame), rel=EXACT)
        sums = partition.sums(partition.variables[place])
        assert (sums.total @ members[place]) == pytest.approx(values[inside[place]].sum(), rel=1e-9)
        assert (sums.squares @ members[place]) == pytest.approx((values[inside[place]] ** 2).sum(), rel=EXACT)
        assert sums.n_units @ members[place] == inside[place].sum()
        atoms = np.flatnonzero(members[place] & (sums.n_units > 0))
        smallest = values[inside[place]].groupby(atom_of[inside[place]]).min()
        assert sums.smallest[atoms].tolist() == smallest.reindex(atoms).tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_partition_is_the_finest_and_measures_any_union_of_its_atoms(seed):
    draw = np.random.default_rng(seed)
    panel = panel_of(firms(seed))
    source = cells.unit_source(panel)
    frame = panel.to_frame()
    frame = frame[frame["year"] == YEAR].reset_index(drop=True)
    asked = draw_cells(source.population, draw, int(draw.integers(1, 25)))
    partition = source.partition(asked, {})
    assert list(partition.cells) == asked
    assert_partition(partition, frame, {source.population: panel}, draw)


def test_cells_of_several_years_or_of_an_unknown_population_are_refused():
    source = cells.unit_source(panel_of(firms(0)))
    with pytest.raises(StudyError, match="expected one year"):
        source.partition([Cell(UnitSet(source.population, year)) for year in (2014, YEAR)], {})
    with pytest.raises(StudyError, match="found no panel"):
        source.partition([Cell(UnitSet("other", YEAR))], {})


def test_a_cell_without_units_has_no_atoms():
    source = cells.unit_source(panel_of(firms(0)))
    partition = source.partition([Cell(UnitSet(source.population, YEAR, (("sector", ("Z",)),)), "revenue")], {})
    assert partition.members.nnz == 0
    assert partition.n_units.tolist() == [FIRMS]

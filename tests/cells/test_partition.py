"""The finest partition of the units of a panel by cells, against brute force over the panel's own rows."""

import numpy as np
import pandas as pd
import pytest
from brute_partition import Units, assert_partition, draw_cells

import si_eval as se
from si_eval import cells
from si_eval.errors import StudyError
from si_eval.registers.any_frame import panel_from_frame
from si_eval.results import Cell, UnitSet, denominator_of, numerator_of

SEEDS = range(8)
FIRMS = 300
YEAR = 2019
INVESTED = 2018  # the last year with investments


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

CLASSES = [
    ("participant", (True,)), ("participant", (False,)), ("sector", ("C",)), ("sector", ("C", "J")), ("sector", ()),
    ("size_class", ("2-9",)), ("size_class_4", ("50-249",)), ("age_class", ("0-1",)), ("division", ()),
    ("group_higher_class", (True,)), ("investment_status", ("observed",)),
]  # fmt: skip
INVESTMENTS = [
    "", "revenue_per_employee", "investment_software", "investment_software_per_employee",
    denominator_of("investment_software_per_employee"), "own_production_software_share",
]  # fmt: skip


@pytest.fixture(scope="module")
def rule_sets(simulated_extract):
    """Return panels of one extract under three rule sets, one of which marks public units."""
    extract = se.read_extract(simulated_extract())
    linkage = se.link_participants(extract)
    public = linkage.units()["be_id"].drop_duplicates().tolist()[:9]
    strict = se.rule_set("replicate_2020").change(outlier_fence=0.5, outlier_min_units=4)
    panels = {
        "recommended": se.build_panel(extract, linkage, rules="recommended"),
        "replicate": se.build_panel(extract, linkage, rules="replicate_2020", public_units=public),
        "strict": se.build_panel(extract, linkage, rules=strict),
    }
    assert len(panels["strict"].outliers())
    return panels


@pytest.mark.parametrize("seed", SEEDS)
def test_a_partition_is_the_finest_and_measures_any_union_of_its_atoms(seed):
    draw = np.random.default_rng(seed)
    panel = panel_of(firms(seed))
    source = cells.unit_source(panel)
    asked = draw_cells(
        draw, int(draw.integers(1, 25)), populations=[source.population], year=YEAR, conditions=CONDITIONS,
        variables=VARIABLES,
    )  # fmt: skip
    partition = source.partition(asked, {})
    assert list(partition.cells) == asked
    assert_partition(partition, Units(YEAR, panel=panel), draw)


@pytest.mark.parametrize("seed", SEEDS)
def test_two_panels_of_firms_that_are_named_alike_are_parted_unit_by_unit(seed):
    """One panel has fewer firms, and some values of the other were revised: these are a variable of their own."""
    draw = np.random.default_rng(seed)
    frame = firms(seed)
    fewer = frame[~frame["firm"].isin(draw.choice(FIRMS, 9, replace=False) * 3)].copy()
    revised = draw.random(len(fewer)) < 0.02
    fewer.loc[revised, "sales"] += 1
    one, other = panel_of(frame), panel_of(fewer)
    assert one.identity.universe == other.identity.universe
    sources = {panel.identity.population: cells.unit_source(panel) for panel in (one, other)}
    asked = draw_cells(
        draw, 14, populations=list(sources), year=YEAR, conditions=CONDITIONS, variables=VARIABLES
    )  # fmt: skip
    partition = sources[asked[0].units.population].partition(asked, sources)
    assert_partition(partition, Units(YEAR, one=one, other=other), draw)
    named = {
        (cell.units.population, cell.variable): name for cell, name in zip(asked, partition.variables, strict=True)
    }
    both = [named.get((panel.identity.population, "revenue")) for panel in (one, other)]
    assert None in both or both[0] != both[1]


@pytest.mark.parametrize("seed", range(3))
def test_two_rule_sets_of_one_extract_with_public_units_are_parted_unit_by_unit(simulated_extract, rule_sets, seed):
    draw = np.random.default_rng(seed)
    sources = {panel.identity.population: cells.unit_source(panel) for panel in rule_sets.values()}
    assert len(sources) == len(rule_sets)
    assert len({source.universe for source in sources.values()}) == 1
    assert len({source.fingerprint for source in sources.values()}) == 1
    asked = draw_cells(
        draw, 16, populations=list(sources), year=INVESTED, conditions=CLASSES, variables=INVESTMENTS
    )  # fmt: skip
    partition = sources[asked[0].units.population].partition(asked, sources)
    assert_partition(partition, Units(INVESTED, **rule_sets), draw)
    weights = {panel.identity.population: panel.rules.weights for panel in rule_sets.values()}
    both = zip(asked, partition.variables, strict=True)
    names = {((cell.variable, weights[cell.units.population]), name) for cell, name in both}
    assert len(names) == len(dict(names)), "the same values, weighted or not, have one name under all rule sets"


def test_a_variable_in_another_unit_or_coding_is_the_same():
    frame = firms(1)
    frame["thousands"] = frame["sales"] / 1000
    frame["copy"] = frame["sales"].where(frame["firm"] % 2 == 0)
    frame["partly"] = frame["thousands"].where(frame["firm"] % 2 == 0)
    frame["yes"] = (frame["firm"] % 5 == 0).astype(float)
    frame["coded"] = frame["yes"] + 1
    frame["no"] = 1 - frame["yes"]
    names = ["revenue", "thousands", "copy", "partly", "yes", "coded", "no", "other"]
    frame["other"] = frame["sales"] + frame["yes"]
    panel = panel_from_frame(
        frame, unit="firm", year="year", participant="joined", revenue="sales", extra=names[1:],
    )  # fmt: skip
    source = cells.unit_source(panel)
    partition = source.partition([Cell(UnitSet(source.population, YEAR), name) for name in names], {})
    assert list(partition.variables) == ["revenue"] * 4 + ["yes"] * 3 + ["other"]
    rows = panel.to_frame().query(f"year == {YEAR}")
    sums = {name: partition.sums(name).total for name in partition.variables}
    members = partition.members.toarray()
    assert members[1] @ sums["revenue"] == pytest.approx(rows["revenue"].sum())
    assert members[5] @ sums["yes"] == rows["yes"].sum()
    asked = [Cell(UnitSet(source.population, YEAR), name) for name in ("partly", "revenue", "coded", "no")]
    partition = source.partition(asked, {})
    assert list(partition.variables) == ["partly", "partly", "coded", "coded"]
    in_thousands = partition.members.toarray()[1] @ partition.sums("partly").total
    assert in_thousands == pytest.approx(rows["revenue"].sum() / 1000), "those that only the other has are converted"


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


def test_a_year_that_the_panel_does_not_have_has_no_atoms():
    source = cells.unit_source(panel_of(firms(0)))
    asked = [Cell(UnitSet(source.population, 1999, (("beta", (1.0,)),)), name) for name in ("", "revenue")] * 5
    partition = source.partition(asked, {})
    assert partition.members.shape == (10, 0)
    assert partition.contributions(np.zeros(0, dtype=bool), "revenue").total == 0

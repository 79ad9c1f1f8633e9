"""Whose units a panel has: keys that are equal for equal data and settings, and differ where anything else is."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_registers import make_extract, one_link_each, quarters

import si_eval as se
from si_eval.cells import unit_source
from si_eval.registers.extracts import read_extract
from si_eval.registers.identity import identity_of_extract
from si_eval.results import Cell, Panel, UnitSet

FIRMS = pd.DataFrame(
    {
        "firm": ["b 1", "a", "c", "d"] * 2, "year": [2014] * 4 + [2015] * 4, "joined": [1, 0, 0, 1] * 2,
        "sales": np.arange(8.0), "staff": 3.0, "branch": ["C", "J"] * 4, "holding": ["x", "x", None, "y"] * 2,
    }
)  # fmt: skip


def of_frame(frame: pd.DataFrame = FIRMS, **arguments) -> Panel:
    names = {"unit": "firm", "participant": "joined", "revenue": "sales", "group": "holding", "sector": "branch"}
    return se.panel_from_frame(frame, year="year", **{**names, **arguments})


def of_registers(
    *, turnover: float = 1.0, linked: tuple[int, ...] = (1, 2), rules="replicate_2020", public=()
) -> Panel:
    units = [{"be_id": unit, "year": 2019, "employed_persons": 5.0, "sbi": "62010"} for unit in range(1, 6)]
    extract = make_extract(
        business_units=units,
        turnover=[row for unit in range(1, 6) for row in quarters(unit, 2019, [turnover] * 4)],
        **one_link_each(linked),
    )
    return se.build_panel(extract, se.link_participants(extract), rules=rules, public_units=public)


def test_the_same_panel_built_twice_has_the_same_keys():
    assert of_frame().identity == of_frame(FIRMS.sample(frac=1, random_state=1)).identity
    assert of_registers().identity == of_registers().identity
    assert of_registers(rules=se.rule_set("replicate_2020").change(level=0.9)).identity == of_registers().identity


def changed(column: str, value: object) -> pd.DataFrame:
    frame = FIRMS.copy()
    frame.loc[0, column] = value
    return frame


DIFFERENT = {
    "another value": lambda: of_frame(changed("sales", 0.5)),
    "a missing value": lambda: of_frame(changed("sales", np.nan)),
    "another class": lambda: of_frame(changed("branch", "J")),
    "another group": lambda: of_frame(changed("holding", "y")),
    "a firm less": lambda: of_frame(FIRMS[FIRMS["firm"] != "c"]),
    "another name of a firm": lambda: of_frame(FIRMS.replace({"c": "e"})),
    "another participant": lambda: of_frame(FIRMS.assign(joined=[1, 1, 0, 1] * 2)),
    "another column": lambda: of_frame(extra=["staff"]),
    "no groups": lambda: of_frame(group=None),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_frame_that_differs_is_another_population_of_one_universe(name):
    one, other = of_frame().identity, DIFFERENT[name]().identity
    assert one.population != other.population
    assert one.fingerprint != other.fingerprint
    assert one.universe == other.universe


def test_registers_that_differ_are_other_populations():
    panels = {
        "plain": of_registers(),
        "rules": of_registers(rules="recommended"),
        "changed rules": of_registers(rules=se.rule_set("replicate_2020").change(min_quarters=3)),
        "participants": of_registers(linked=(1, 3)),
        "public units": of_registers(public=[4]),
        "turnover": of_registers(turnover=2.0),
    }
    identities = {name: panel.identity for name, panel in panels.items()}
    assert len({identity.population for identity in identities.values()}) == len(panels)
    assert len({identity.universe for identity in identities.values()}) == 1
    same_data = {identities[name].fingerprint for name in ("plain", "rules", "changed rules", "public units")}
    assert len(same_data) == 1
    assert len({identity.fingerprint for identity in identities.values()}) == 3


def test_how_raw_files_are_read_and_linked_is_part_of_the_keys(simulated_extract):
    folder = simulated_extract()
    plain = se.read_extract(folder)
    other_unit = read_extract(folder, money_unit={"investments": 1})
    linkage = se.link_participants(plain)
    rules = se.rule_set("recommended")
    one, other = (identity_of_extract(extract, linkage, rules, []) for extract in (plain, other_unit))
    assert one.fingerprint != other.fingerprint
    assert one.universe == other.universe
    fewer = replace(linkage, units_frame=linkage.units_frame.iloc[1:])
    linked_otherwise = identity_of_extract(plain, fewer, rules, [])
    assert linked_otherwise.population != one.population
    assert linked_otherwise.fingerprint == one.fingerprint


def test_firms_that_are_named_by_texts_are_the_same_firms_in_another_frame():
    """Codes of texts differ where a firm is missing; sets of firms are compared by ids that last."""
    every, fewer = of_frame(), of_frame(FIRMS[FIRMS["firm"] != "a"])
    sources = {panel.identity.population: unit_source(panel) for panel in (every, fewer)}
    cells = [Cell(UnitSet(population, 2014)) for population in sources]
    partition = unit_source(every).partition(cells, sources)
    assert sorted(partition.n_units) == [1, 3]
    in_both = partition.members.toarray().all(axis=0)
    assert partition.contributions(in_both, "").n_holdings == 3
    numbers = of_frame(FIRMS.assign(firm=[11, 7, 12, 13] * 2))
    texts = of_frame(FIRMS.assign(firm=["11", "x7", "12", "13"] * 2))
    shared = np.intersect1d(*(unit_source(panel).lasting_ids(panel.to_frame()["be_id"]) for panel in (numbers, texts)))
    assert shared.tolist() == [11, 12, 13]

"""The finest cross: which combinations of classes there are, and which of them outsiders know to be empty."""

from __future__ import annotations

import numpy as np
import pytest

from si_eval.disclosure.combinations import find_combinations
from si_eval.disclosure.cover import Cell, Place
from si_eval.disclosure.support import known_empty, supports

LABELS = ("group", "year", "size_class", "sector", "category")


def cells_of(firms, *regions, squares=True):
    """Make the printed cells of firms (size class, sector, flag, value): each region gives labels, the rest is all."""
    made = []
    for table, region in enumerate(regions):
        inside = [
            firm
            for firm in firms
            if all(region.get(name, "all") in ("all", firm[name]) for name in LABELS[2:])
            or (region.get("sector") == "C+J" and firm["sector"] in "CJ" and _rest(region, firm))
            or (region.get("size_class") == "0-9" and firm["size_class"] in ("0-1", "2-9") and _rest(region, firm))
        ]
        values = np.array([firm["value"] for firm in inside])
        place = Place(*({"group": "participant", "year": "2019", **region}.get(name, "all") for name in LABELS))
        made.append(
            Cell(
                "revenue", place, float(len(values)), float(values.sum()), tables={table},
                squares=float((values**2).sum()) if squares else np.nan,
            )
        )  # fmt: skip
    return made


def _rest(region, firm):
    union = {"C+J": ("C", "J"), "0-9": ("0-1", "2-9")}
    return all(
        region.get(name, "all") == "all" or firm[name] in union.get(region[name], (region[name],))
        for name in LABELS[2:]
    )


def population(seed, *, whole):
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(90):
        sector, value = rng.choice(["C", "J", "M"]), rng.lognormal(4, 1)
        flag = "0" if sector == "M" else rng.choice(["0", "1"])
        size = rng.choice(["0-1", "2-9", "10-49"])
        made.append(
            {"size_class": size, "sector": sector, "category": flag, "value": np.round(value) if whole else value}
        )
    return made


REGIONS = (
    {"size_class": "0-9", "category": "0"},
    {"size_class": "0-9", "sector": "C+J", "category": "0"},
    {"size_class": "0-1", "sector": "M"},
    {"size_class": "2-9", "sector": "M"},
    {"sector": "C"},
)


@pytest.mark.parametrize(("whole", "squares", "told"), [(False, False, True), (True, False, False), (True, True, True)])
def test_sums_of_different_cells_that_agree_tell_which_combinations_are_empty(whole, squares, told):
    cells = cells_of(population(3, whole=whole), *REGIONS, squares=squares)
    assert cells[0].n == cells[1].n + cells[2].n + cells[3].n
    holds = find_combinations(cells).holds
    empty = known_empty(cells, holds)
    of_m_only = (holds[2] | holds[3]) & ~holds[0]
    assert of_m_only.any()
    assert empty[of_m_only].all() == told
    assert not empty[holds[1] & holds[0]].any()


def test_a_class_that_no_label_names_has_units_only_where_the_counts_say_so():
    firms = population(5, whole=False)
    sizes = [{"size_class": size} for size in ("0-1", "2-9", "10-49")]
    for firms_of_all, needed in ((firms, False), ([*firms, *({**one, "size_class": "50+"} for one in firms)], True)):
        cells = cells_of(firms_of_all, *sizes, {"sector": "C"}, {"sector": "J"}, {"sector": "M"})
        found = find_combinations(cells)
        unnamed = (found.unnamed > 0) & ~found.holds[:3].any(axis=0)
        assert unnamed.any()
        possible, likely, *_ = supports(cells, found)
        assert likely[unnamed].any() == needed
        assert possible[unnamed].any() == needed


def test_the_values_of_a_split_exclude_each_other():
    cells = [Cell("revenue", Place("participant", "2019", "all", "all", "all"), 240.0, 2400.0, tables={0})]
    cells += [
        Cell("revenue", Place("participant", "2019", "all", "all", f"k{kind:02d}"), 20.0, 200.0, tables={0})
        for kind in range(12)
    ]
    cells += [
        Cell("revenue", Place("participant", "2019", size, "all", "all"), 60.0, 600.0, tables={1})
        for size in ("0-9", "10-49", "50-249", "250+")
    ]
    found = find_combinations(cells)
    assert found is not None
    assert (found.holds[1:13].sum(axis=0) == 1).all()
    assert find_combinations(cells[1:]) is None, "without the whole nobody knows that they do"


def test_the_order_of_the_cells_never_matters():
    cells = cells_of(population(7, whole=False), *REGIONS, {"sector": "J"}, {"size_class": "10-49"}, {"category": "1"})
    wanted = None
    for order in (range(len(cells)), reversed(range(len(cells)))):
        listed = [cells[place] for place in order]
        found = find_combinations(listed)
        sets = [
            {frozenset(listed[row].place for row in np.flatnonzero(column)) for column in found.holds[:, chosen].T}
            for chosen in supports(listed, found)
        ]
        wanted = wanted or sets
        assert sets == wanted
    assert len({frozenset(one) for one in wanted}) > 1, "all guesses are the same"

"""Several comparison groups in one call: each has the units that brute force gives it, and leaves as it is judged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_registers import make_extract, one_link_each, quarters

import si_eval as se
from si_eval.errors import StudyError

SAME = 1e-10  # relative: the same sums in another order
YEARS = (2014, 2016, 2018)
GROUPS = ["all", "same_division_and_size", "donut", "rejected"]


@pytest.fixture(scope="module")
def frame():
    rng, units = np.random.default_rng(1), np.arange(400)
    lasting = pd.DataFrame({
        "firm": units, "joined": units % 9 == 0, "staff": rng.choice([1.0, 5.0, 20.0, 80.0, 300.0], 400),
        "branch": rng.choice(list("CGJKM"), 400), "town": [f"t{at}" for at in rng.integers(0, 20, 400)],
        "holding": np.where(units < 60, units // 3, -1 - units), "rejected": (units % 7 == 1).astype(float),
    })  # fmt: skip
    lasting.loc[lasting["branch"] == "M", "joined"] = False
    frame = lasting.merge(pd.DataFrame({"year": YEARS}), how="cross")
    frame["entry"] = np.where(frame["joined"], 2016, 0)
    return frame.assign(sales=rng.lognormal(3, 1, len(frame)) * frame["staff"])


@pytest.fixture(scope="module")
def panel(frame):
    return se.panel_from_frame(
        frame, unit="firm", year="year", participant="joined", employed_persons="staff", revenue="sales",
        sector="branch", group="holding", municipality="town", entry_year="entry", extra=["rejected"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def chosen(frame):
    """The other units of each group, by brute force: one flag a row of the frame."""
    ours = frame[frame["joined"]]
    own = frame["holding"].isin(ours["holding"])
    size = pd.cut(frame["staff"], [0, 2, 10, 50, 250, np.inf], right=False).astype(str)
    joined = frame["joined"]
    sizes, towns = frame["branch"] + " " + size, frame["branch"] + " " + frame["town"]
    alike, near = sizes.isin(sizes[joined]), towns.isin(towns[joined])
    others = ~frame["joined"] & ~own
    return {
        "own": ~frame["joined"] & own, "all": others, "same_division_and_size": others & alike,
        "donut": others & ~near, "rejected": others & (frame["rejected"] == 1),
    }  # fmt: skip


def rows_of(table, group, statistic):
    rows = table.to_frame()
    return rows[(rows["group"] == group) & (rows["statistic"] == statistic)].set_index(["category", "year"])


def test_each_group_has_the_units_of_brute_force(frame, panel, chosen):
    table = se.compare_groups(panel, indicator="revenue_per_employee", against=GROUPS)
    means, counted = rows_of(table, "non_participant", "mean"), rows_of(table, "non_participant", "count")
    value = frame["sales"] / frame["staff"]
    assert len({chosen[name].sum() for name in GROUPS}) == len(GROUPS)
    for year in YEARS:
        now = frame["year"] == year
        for name in GROUPS:
            expected = value[now & chosen[name]]
            assert means.loc[(name, year), "n_units"] == len(expected) > 0
            assert means.loc[(name, year), "estimate"] == pytest.approx(expected.mean(), rel=SAME)
            mine = rows_of(table, "participant", "mean").loc[(name, year), "estimate"]
            assert mine == pytest.approx(value[now & frame["joined"]].mean(), rel=SAME)
        assert counted.loc[("own_holding", year), "estimate"] == (now & chosen["own"]).sum() > 0


def test_indexes_checks_and_effects_take_the_same_groups(frame, panel, chosen):
    names = ["donut", "rejected"]
    index = se.index_series(panel, indicator="revenue_per_employee", base_year=2014, years=[2018], against=names)
    balance = se.check_selection(panel, year=2014, by=[], against=names)
    effect = se.estimate_effect(panel, outcome="revenue_per_employee", against=names)
    value = (frame["sales"] / frame["staff"]).to_numpy()
    by_year = {year: (frame["year"] == year).to_numpy() for year in YEARS}
    sides = {"joined": frame["joined"].to_numpy()} | {name: chosen[name].to_numpy() for name in names}
    gains = {name: value[by_year[2018] & rows] - value[by_year[2014] & rows] for name, rows in sides.items()}
    effects = effect.to_frame().query("statistic == 'att' and group == 'difference'").set_index("category")
    for name in names:
        other = [value[by_year[year] & chosen[name].to_numpy()] for year in (2018, 2014)]
        row = rows_of(index, "non_participant", "index").loc[(name, 2018)]
        assert row["estimate"] == pytest.approx(100 * other[0].mean() / other[1].mean(), rel=SAME)
        mean = rows_of(balance, "non_participant", "mean").loc[(name, 2014)]
        assert mean["estimate"] == pytest.approx(other[1].mean(), rel=SAME)
        later = effects.loc[f"+2 · {name}", "estimate"]
        assert later == pytest.approx(gains["joined"].mean() - gains[name].mean(), rel=SAME)


def test_tables_of_several_groups_are_judged_together(panel):
    tables = [
        se.compare_groups(panel, indicator="revenue_per_employee", years=[2018], against=GROUPS),
        se.compare_groups(panel, indicator="revenue_per_employee", years=[2018]),
        se.estimate_effect(panel, outcome="revenue_per_employee", against=["all", "rejected"]),
    ]
    safe = [table.to_frame() for table in se.protect(tables)]
    assert (safe[0]["status"] == "shown").sum() > 10
    assert set(safe[2]["category"]) >= {"overall", "overall · rejected", "own_holding"}


def test_registers_know_towns_and_mark_those_who_were_rejected():
    rng, units, ours = np.random.default_rng(2), range(1, 121), range(1, 31)
    code = {unit: f"{(363, 14, 518)[unit % 3]:04d}" for unit in units}
    register = [
        {"be_id": unit, "year": 2019, "employed_persons": 20.0, "sbi": "25110" if unit % 2 else "62010",
         "municipality": code[unit]} for unit in units
    ]  # fmt: skip
    sales = {unit: float(rng.integers(10, 99)) for unit in units}
    turnover = [row for unit in units for row in quarters(unit, 2019, [sales[unit]] * 4)]
    extract = make_extract(business_units=register, turnover=turnover, **one_link_each(ours))
    linkage, rejected = se.link_participants(extract), list(range(40, 70))
    panel = se.build_panel(extract, linkage, comparisons={"rejected": rejected})
    assert panel.identity.population != se.build_panel(extract, linkage).identity.population
    table = se.compare_groups(panel, indicator="revenue", against=["donut", "rejected"])
    means = rows_of(table, "non_participant", "mean")
    assert means.loc[("rejected", 2019), "estimate"] == pytest.approx(np.mean([4 * sales[at] for at in rejected]))
    assert ("donut", 2019) not in means.index or not means.loc[("donut", 2019), "n_units"]  # all towns have some
    again = se.build_panel(extract, linkage, comparisons={"rejected": linkage})
    assert set(again.to_frame().query("rejected")["be_id"]) == set(ours)
    assert set(panel.to_frame()["municipality"]) == {363, 14, 518}
    with pytest.raises(StudyError, match="comparisons\\['sector'\\]: found a name that is taken"):
        se.build_panel(extract, linkage, comparisons={"sector": rejected})


def test_what_cannot_be_compared_is_told(panel, frame):
    with pytest.raises(StudyError, match="against: found 'everyone'"):
        se.compare_groups(panel, indicator="revenue", against="everyone")
    plain = se.panel_from_frame(frame, unit="firm", year="year", participant="joined", revenue="sales")
    with pytest.raises(StudyError, match="against: found 'donut'"):
        se.index_series(plain, indicator="revenue", base_year=2014, against="donut")
    with pytest.raises(StudyError, match="where"):
        se.check_selection(panel, year=2014, where="C", against="all")

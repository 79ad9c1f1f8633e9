"""What became of firms: survival, exits by type, employment growth, transitions and compositions, by brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from compared_rows import select_row
from small_registers import make_extract, one_link_each, quarters

import si_eval as se
from si_eval.errors import DisclosureError, StudyError

SAME = 1e-10  # relative: the same sums in another order
BASE, LAST = 2014, 2018
YEARS = range(BASE, LAST + 1)


@pytest.fixture(scope="module")
def register():
    """Eighty units, of which a third end or start along the way; some of those that end have an event."""
    rng = np.random.default_rng(7)
    units = pd.DataFrame({"be_id": np.arange(1, 81), "joined": np.arange(1, 81) <= 24, "holding": np.arange(80) // 2})
    units["first"] = rng.choice([BASE, BASE, 2016], 80)
    units["last"] = rng.choice([LAST, LAST, 2015, 2016], 80)
    units.loc[units["joined"], "first"] = BASE
    rows = units.merge(pd.DataFrame({"year": YEARS}), how="cross")
    rows = rows[(rows["year"] >= rows["first"]) & (rows["year"] <= rows["last"])]
    rows["staff"] = rng.choice([1.0, 5.0, 20.0, 60.0, np.nan], len(rows), p=[0.3, 0.3, 0.2, 0.15, 0.05])
    rows["sales"] = rng.integers(10, 90, len(rows)).astype(float)
    rows["branch"] = np.where(rows["be_id"] % 2 == 0, "25110", "62010")
    return rows.reset_index(drop=True)


@pytest.fixture(scope="module")
def events(register):
    ends = register.drop_duplicates("be_id").query("last < 2018 and be_id % 3 != 0")
    kinds = np.where(ends["be_id"] % 2 == 0, "death", "takeover")
    listed = [{"be_id": int(unit), "year": int(year), "event": str(kind)}
              for unit, year, kind in zip(ends["be_id"], ends["last"], kinds, strict=True)]  # fmt: skip
    return [*listed, {"be_id": listed[0]["be_id"], "year": BASE, "event": "split_off"}]


@pytest.fixture(scope="module")
def extract(register, events):
    rows = [
        {"be_id": int(row.be_id), "year": int(row.year), "employed_persons": row.staff if row.staff > 0 else None,
         "sbi": row.branch, "group_id": int(row.holding)} for row in register.itertuples()
    ]  # fmt: skip
    turnover = [
        one for row in register.itertuples() for one in quarters(int(row.be_id), int(row.year), [row.sales] * 4)
    ]
    return make_extract(business_units=rows, turnover=turnover, events=events, **one_link_each(range(1, 25)))


@pytest.fixture(scope="module")
def panel(extract):
    return se.build_panel(extract, se.link_participants(extract))


def test_survival_exits_and_employment_growth_are_those_of_brute_force(register, events, extract, panel):
    table = se.describe_survival(panel, base_year=BASE, years=[2016, LAST], events=extract)
    start = register[register["year"] == BASE].set_index("be_id")
    kinds = {one["be_id"]: one["event"] for one in events if one["event"] != "split_off"}
    for year in (2016, LAST):
        now = register[register["year"] == year].set_index("be_id")["staff"]
        there = start.index.isin(now.index)
        after = pd.Series(now.reindex(start.index).where(there, 0.0), index=start.index)
        growth = 2 * (after - start["staff"]) / (after + start["staff"])
        kind = start.index.map(lambda unit: kinds.get(unit, "unknown"))
        for joined, group in ((True, "participant"), (False, "non_participant")):
            mine = (start["joined"] == joined).to_numpy()
            found = {name: select_row(table, statistic=name, group=group, year=year)["estimate"]
                     for name in ("survival", "employment_growth", "employment_growth_survivors")}  # fmt: skip
            assert found["survival"] == pytest.approx(there[mine].mean(), rel=SAME)
            assert found["employment_growth"] == pytest.approx(growth[mine].mean(), rel=SAME)
            assert found["employment_growth_survivors"] == pytest.approx(growth[mine & there].mean(), rel=SAME)
            for name in ("death", "takeover", "unknown"):
                share = select_row(table, statistic="exit_share", group=group, year=year, category=name)["estimate"]
                assert share == pytest.approx((~there & (kind == name))[mine].mean(), rel=SAME)


def test_errors_of_survival_are_by_enterprise_group(register, panel):
    table = se.describe_survival(panel, base_year=BASE, years=[LAST])
    start = register[register["year"] == BASE]
    there = start["be_id"].isin(register.loc[register["year"] == LAST, "be_id"]).astype(float)
    mine = start["joined"]
    sums = (there - there[mine].mean())[mine].groupby(start["holding"][mine]).sum() / mine.sum()
    expected = np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1))
    row = select_row(table, statistic="survival", group="participant")
    assert row["std_error"] == pytest.approx(expected, rel=SAME)
    difference = select_row(table, statistic="survival", group="difference")
    assert difference["conf_low"] < difference["estimate"] < difference["conf_high"]


def test_transitions_add_up_to_the_units_of_the_base_year(register, panel):
    table = se.describe_transitions(panel, base_year=BASE, year=LAST).to_frame()
    edges, labels = [0, 2, 10, 50, 250, np.inf], ["0-1", "2-9", "10-49", "50-249", "250+"]
    wide = register.assign(size=pd.cut(register["staff"], edges, right=False, labels=labels).astype(object))
    first, last = (wide[wide["year"] == year].set_index("be_id")["size"].fillna("unknown") for year in (BASE, LAST))
    expected = pd.crosstab(first, last.reindex(first.index).fillna("gone"))
    found = table[table["statistic"] == "transitions"]
    assert found["estimate"].sum() == len(first)
    for row in found.groupby(["size_class", "category"])["estimate"].sum().reset_index().itertuples():
        assert row.estimate == expected.loc[row.size_class, row.category]
    shares = table[table["statistic"] == "transition_share"]
    np.testing.assert_allclose(shares.groupby(["group", "size_class"])["estimate"].sum(), 1.0)
    by_mean = se.panel_from_frame(
        register, unit="be_id", year="year", participant="joined", employed_persons="staff",
        rules=se.rule_set("replicate_2020").change(size_rule="mean"),
    )  # fmt: skip
    assert len(se.describe_transitions(by_mean, base_year=BASE, year=LAST).to_frame()) == len(table)


def test_an_index_of_those_who_stay_is_that_of_brute_force(register, panel):
    wide = register.pivot(index="be_id", columns="year", values="sales")
    others = wide[wide.index > 24]
    asked = {"indicator": "revenue", "base_year": BASE, "years": [2016, LAST]}
    kept = others[[BASE, 2016, LAST]].dropna()
    balanced = se.index_series(panel, **asked, composition="balanced")
    continuers = se.index_series(panel, **asked, composition="continuers")
    for year in (2016, LAST):
        row = select_row(balanced, group="non_participant", year=year, category="balanced")
        assert row["estimate"] == pytest.approx(100 * kept[year].mean() / kept[BASE].mean(), rel=SAME)
        assert row["n_units"] == len(kept)
        pair = others[[BASE, year]].dropna()
        row = select_row(continuers, group="non_participant", year=year, category="continuers")
        assert row["estimate"] == pytest.approx(100 * pair[year].mean() / pair[BASE].mean(), rel=SAME)
        assert row["n_units"] == len(pair)
    levels = se.compare_groups(panel, indicator="revenue", years=[2016, LAST], composition="balanced")
    row = select_row(levels, group="non_participant", year=LAST, statistic="mean")
    assert row["estimate"] == pytest.approx(4 * others[[2016, LAST]].dropna()[LAST].mean(), rel=SAME)
    assert len(se.protect([balanced, continuers, se.index_series(panel, **asked)])) == 3


def test_what_became_of_firms_stays_inside_and_mistakes_are_told(panel, extract):
    for table in (
        se.describe_survival(panel, base_year=BASE),
        se.describe_transitions(panel, base_year=BASE, year=LAST),
    ):
        with pytest.raises(DisclosureError, match=r"survival|transitions"):
            se.protect([table])
    with pytest.raises(StudyError, match="base_year: found 2018"):
        se.describe_survival(panel, base_year=LAST)
    with pytest.raises(StudyError, match="events: found"):
        se.describe_survival(panel, base_year=BASE, events="events.csv")
    with pytest.raises(StudyError, match="composition: found continuers without a base year"):
        se.compare_groups(panel, indicator="revenue", composition="continuers")
    with pytest.raises(StudyError, match="classes: found 'age_class'"):
        se.describe_transitions(panel, base_year=BASE, year=LAST, classes="age_class")

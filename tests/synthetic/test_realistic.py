"""The profile `realistic`: what `truth.json` says is in the tables, or is what the tables are a sample of."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import si_eval as se
from si_eval.synthetic import simulate_extract

YEAR, TAKEN_ALL = 2016, ("60", "71", "72", "81", "82", "91", "92", "93")
EXACT = 1e-9  # the same sums in another order
FADING, LASTING = 0.6, 0.5  # realistic.toml: of the passing part a year, and the share of variance that stays
SLOPE_NOISE = 0.05  # of a slope on about 10 000 firms, cut at 2.5 standard deviations


@pytest.fixture(scope="module")
def extract(tmp_path_factory):
    """An extract of the profile, by folder."""
    return simulate_extract(tmp_path_factory.mktemp("realistic") / "extract", profile="realistic", seed=3)


@pytest.fixture(scope="module")
def truth(extract):
    return json.loads((extract / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def register(extract, read_table):
    return read_table(extract, "business_units")


@pytest.fixture(scope="module")
def panel(extract):
    raw = se.read_extract(extract)
    return se.build_panel(raw, se.link_participants(raw), rules="recommended")


def figure(truth, **wanted):
    (row,) = (one for one in truth["figures"] if wanted.items() <= one.items())
    return row


def test_units_that_left_are_not_in_later_registers(truth, register):
    last = register.groupby("be_id")["year"].max()
    assert len(truth["exits"]) > 10
    assert all(last[one["be_id"]] == one["last_year"] for one in truth["exits"])


def test_a_takeover_moves_persons_and_has_events(truth, register, extract, read_table):
    persons = register.set_index(["be_id", "year"])["employed_persons"]
    events = read_table(extract, "events")
    takeovers = set(events.loc[events["event"] == "takeover", ["be_id", "year"]].itertuples(index=False, name=None))
    jumps = []
    for one in truth["takeovers"]:
        year = one["year"]
        assert (one["absorbed"], year) not in persons.index
        assert {(one["absorbed"], year), (one["absorbing"], year)} <= takeovers
        before, after = persons[one["absorbing"], year - 1], persons[one["absorbing"], year]
        jumps.append((after - before) / persons[one["absorbed"], year - 1])
    assert np.median(jumps) == pytest.approx(1, abs=0.1)  # growth of the absorbing unit itself is beside it


def test_holdings_and_legal_persons_have_several_units(truth, panel, extract, read_table, register):
    frame = panel.to_frame()
    linked = frame[frame["participant"].eq(True) & (frame["year"] == 2014)]
    assert (linked["group_id"].value_counts() > 1).sum() > 10
    links = read_table(extract, "person_business_unit").groupby("be_id")["person_id"].agg(set)
    groups = register.drop_duplicates("be_id").set_index("be_id")["group_id"]
    for one in truth["second_units"]:
        assert links[one["participant"]] & links[one["second"]]
        assert groups[one["participant"]] == groups[one["second"]]
    second = {one["second"] for one in truth["second_units"]}
    assert not frame.loc[frame["be_id"].isin(second), "participant"].eq(True).any()  # the larger unit is linked


def test_revenue_regresses_to_the_mean_as_the_truth_says(truth, panel):
    frame = panel.to_frame().query("revenue > 0 and employed_persons > 0 and participant == False")
    level = np.log(frame["revenue"] / frame["employed_persons"])
    industry = frame["sector"] == "C"
    frame = frame.assign(level=level, cell=industry.astype(str) + frame["size_class"])
    base = frame[frame["year"] == 2014].set_index("be_id")["level"]
    for year, said in [(2015, 1), (2019, 5)]:
        rows = frame[frame["year"] == year].assign(base=lambda one: one["be_id"].map(base)).dropna(subset=["base"])
        away = rows[["base", "level"]] - rows.groupby("cell")[["base", "level"]].transform("mean")
        slope = (away["base"] * away["level"]).sum() / (away["base"] ** 2).sum()
        found = figure(truth, statistic="slope_on_first_year", group="non_participant", year=year)
        assert found["estimate"] == pytest.approx(slope, rel=1e-6)  # revenue is in whole euro in the files too
        assert slope == pytest.approx(LASTING + (1 - LASTING) * FADING**said, abs=SLOPE_NOISE)


def test_the_survey_asks_all_large_units_and_a_sample_of_the_others(extract, read_table, register, truth):
    rows = read_table(extract, "investments").query("year == @YEAR and component == 'total'")
    response = rows.drop_duplicates("be_id").set_index("be_id")["response"]
    size = register[register["year"] == YEAR].set_index("be_id")["size_code"].reindex(response.index)
    observed = response == "observed"
    assert observed[size.isin(TAKEN_ALL)].mean() > 0.85
    assert observed[size.isin(["10", "21"])].mean() < 0.2
    zeros = rows[rows["response"] == "observed"].groupby("asset")["amount"].apply(lambda one: (one == 0).mean())
    assert zeros.between(0.1, 0.7).all()


def test_the_truth_is_of_all_covered_units(panel, truth):
    frame = panel.to_frame().query("year == @YEAR and participant == False and employed_persons > 0")
    name = "investment_machinery"
    true = figure(truth, indicator=name, statistic="total", year=YEAR, group="non_participant", sector="all",
                  size_class="all")  # fmt: skip
    covered = frame[frame["investment_status"] != "not_covered"]
    assert len(covered) == true["n_units"]
    assert 0 < frame[name].sum() < true["estimate"]  # observed units are a part of them


def test_the_truth_of_the_published_profile_is_what_its_tables_hold(extracts, read_table, register):
    folder = extracts(1)
    true = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    rows = read_table(folder, "investments").query(
        "year == @YEAR and asset == 'software' and response != 'nonresponse'"
    )
    wide = rows.pivot(index="be_id", columns="component", values="amount")
    amount = wide["total"].fillna(wide.drop(columns="total").sum(axis=1))
    persons = read_table(folder, "business_units").query("year == @YEAR").set_index("be_id")["employed_persons"]
    both = pd.concat([amount.rename("amount"), persons], axis=1, join="inner").query("employed_persons > 0")
    parts = [
        figure(true, indicator="investment_software", statistic="total", year=YEAR, group=group, sector="all",
               size_class="all")["estimate"] for group in ("participant", "non_participant")
    ]  # fmt: skip
    in_other_years = both["amount"].sum() - sum(parts)
    assert 0 <= in_other_years < 0.01 * sum(parts)


def test_another_profile_is_refused(tmp_path):
    with pytest.raises(se.StudyError, match="profile: found 'real'"):
        simulate_extract(tmp_path / "out", profile="real")

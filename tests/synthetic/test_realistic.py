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

ALL_UNITS = se.rule_set("recommended").change(
    size_rule="current", alive="december", breaks="ignore", min_employed_persons=0
)


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
    """Return a panel of all units of the register, with the weights of the rule set `recommended`."""
    raw = se.read_extract(extract)
    return se.build_panel(raw, se.link_participants(raw), rules=ALL_UNITS)


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


def test_weights_are_population_over_observed_units_by_stratum(panel):
    frame = panel.to_frame()
    strata = panel.strata()
    covered = frame[frame["investment_status"] != "not_covered"]
    assert strata.groupby("year")["units"].sum().to_dict() == covered.groupby("year").size().to_dict()
    used = frame[frame["weight"].notna()]
    assert (used["investment_status"] == "observed").all()
    assert len(used) == strata["observed"].sum() == (frame["investment_status"] == "observed").sum()
    stands_for = strata[strata["weight"].notna()].groupby("year")["units"].sum()
    np.testing.assert_allclose(used.groupby("year")["weight"].sum(), stands_for, rtol=EXACT)
    assert set(strata.loc[strata["weight"].isna(), "size_stratum"]) == {0}  # nobody without persons is asked
    alone = strata[~strata["joined"] & (strata["size_stratum"] > 0)]
    assert (alone["observed"] >= panel.rules.min_stratum_units).all()
    np.testing.assert_allclose(alone["weight"], alone["units"] / alone["observed"], rtol=EXACT)
    thin = strata.groupby("stratum")["observed"].sum()
    assert (thin[strata.groupby("stratum")["size_stratum"].first() > 0] >= panel.rules.min_stratum_units).all()


def test_weighted_investments_recover_the_truth(panel, truth):
    names = [f"investment_{asset}_per_employee" for asset in ("computers", "communication", "machinery", "software")]
    figures = pd.DataFrame(truth["figures"])
    keys = ["indicator", "statistic", "group", "year", "sector", "size_class"]
    rows = [
        se.compare_groups(panel, indicator=names, by=by, years=range(2014, 2019)).to_frame()
        for by in ([], ["size_class_4"])
    ]
    found = pd.concat(rows).merge(figures, on=keys, suffixes=("", "_true")).query("n_units >= 30")
    z = (found["estimate"] - found["estimate_true"]) / found["std_error"]
    covers = found["estimate_true"].between(found["conf_low"], found["conf_high"])
    by_kind = z.groupby([found["statistic"], found["group"], found["size_class"]]).median()
    assert len(found) > 200
    assert by_kind.abs().max() < 1.5, by_kind  # medians over 20 figures each
    assert covers.mean() > 0.85
    assert abs((found["estimate"] / found["estimate_true"]).mean() - 1) < 0.05


def test_an_index_of_weighted_means_and_its_error(panel):
    """Against pandas: units alone, scores of both years by unit."""
    name = "investment_software_per_employee"
    series = se.index_series(panel, indicator=name, base_year=2014, years=[2018], cluster="unit").to_frame()
    frame = panel.to_frame().query("participant == False").dropna(subset=[name])
    scores, means = {}, {}
    for year in (2014, 2018):
        part = frame[frame["year"] == year].set_index("be_id")
        means[year] = np.average(part[name], weights=part["weight"])
        z = part["weight"] * (part[name] - means[year]) / part["weight"].sum()
        scores[year] = z * np.sqrt(len(part) / (len(part) - 1))
    both = pd.concat(scores, axis=1).fillna(0.0)
    ratio = means[2018] / means[2014]
    (row,) = series[series["group"] == "non_participant"].to_dict("records")
    assert row["estimate"] == pytest.approx(100 * ratio, rel=EXACT)
    error = 100 / means[2014] * np.sqrt(((both[2018] - ratio * both[2014]) ** 2).sum())
    assert row["std_error"] == pytest.approx(error, rel=1e-6)  # CR2 counts a unit of both years once
    assert row["se_convention"].startswith("weighted; ")


def test_the_rules_of_the_published_study_weigh_nothing(extract):
    raw = se.read_extract(extract)
    panel = se.build_panel(raw, se.link_participants(raw))
    assert panel.strata().empty
    assert (panel.to_frame()["weight"] == 1).all()


def test_another_profile_is_refused(tmp_path):
    with pytest.raises(se.StudyError, match="profile: found 'real'"):
        simulate_extract(tmp_path / "out", profile="real")


def test_three_years_of_investments_are_added_up(extract):
    raw = se.read_extract(extract)
    linkage = se.link_participants(raw)
    of_three = ALL_UNITS.change(investment_years=3)
    year, several = (se.build_panel(raw, linkage, rules=one).to_frame() for one in (ALL_UNITS, of_three))
    name = "investment_machinery"
    wide = year.pivot(index="be_id", columns="year", values=name)
    sums = sum(wide.shift(lag, axis=1) for lag in range(3))
    found = several.pivot(index="be_id", columns="year", values=name)
    pd.testing.assert_frame_equal(found[[2016, 2017, 2018]], sums[[2016, 2017, 2018]], check_exact=False, rtol=EXACT)
    assert found[[2014, 2015]].isna().all(axis=None)
    assert found[2018].notna().sum() > 100
    usable = several.dropna(subset=["weight"])
    assert usable["investment_status"].eq("observed").all()
    assert len(usable) < year["weight"].notna().sum()


@pytest.mark.parametrize("lag", [-1, 1])
def test_investments_are_those_of_the_survey_a_year_later_or_before(extract, lag):
    raw = se.read_extract(extract)
    linkage = se.link_participants(raw)
    year, moved = (
        se.build_panel(raw, linkage, rules=one).to_frame().pivot(index="be_id", columns="year")
        for one in (ALL_UNITS, ALL_UNITS.change(investment_lag=lag))
    )
    name = "investment_machinery"
    there = year["investment_status"].notna()
    pd.testing.assert_frame_equal(moved["revenue"], year["revenue"])
    pd.testing.assert_frame_equal(moved[name], year[name].shift(-lag, axis=1).where(there))
    status = year["investment_status"].shift(-lag, axis=1).fillna("not_covered")
    assert (moved["investment_status"].where(there) == status.where(there))[there].stack().all()
    assert moved[name].notna().sum().sum() > 100


def test_margins_of_investment_and_the_share_imputed(panel):
    """The mean is the share that invests times the mean of those who do; imputed units are a share of those covered."""
    asked = {"by": ["size_class_4"], "years": [YEAR], "statistics": ["mean"]}
    names = ["investment_software_per_employee", "invests_software", "investment_software_per_employee_of_investors"]
    table = se.compare_groups(panel, indicator=names, **asked).to_frame().query("group == 'non_participant'")
    level, share, intensive = (table[table["indicator"] == name]["estimate"].to_numpy() for name in names)
    persons = panel.to_frame().query("investment_status == 'observed'")["employed_persons"]
    assert (persons > 0).all()  # so that all three rest on the same units
    np.testing.assert_allclose(share * intensive, level, rtol=EXACT)
    frame = panel.to_frame().query("year == @YEAR and participant == False and investment_status != 'not_covered'")
    imputed = se.compare_groups(panel, indicator="investment_imputed", **asked).to_frame()
    found = imputed.query("group == 'non_participant'").set_index("size_class")["estimate"]
    expected = (frame["investment_status"] == "imputed").groupby(frame["size_class_4"]).mean()
    pd.testing.assert_series_equal(found, expected.reindex(found.index), check_names=False, rtol=EXACT)

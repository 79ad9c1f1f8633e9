"""Two groups in two years, two-way fixed effects, and what can be asked beside effects by year of entry."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from linearmodels import PanelOLS
from linearmodels.datasets import jobtraining
from scipy import stats

import si_eval as se
from si_eval.effects.by_class import holm, welch_test
from si_eval.effects.design_result import Estimate
from si_eval.effects.two_way import bacon_parts, two_way_effect
from si_eval.errors import StudyError
from si_eval.results import Panel

Firms = Callable[..., tuple[Panel, pd.DataFrame]]
SAME_FORMULA = 1e-9  # the same least squares, solved in another way
PRINTED = 5e-8  # a published number printed to seven decimals
FOUR_DECIMALS = 5e-5


def row(table: object, statistic: str = "att", category: str = "overall") -> pd.Series:
    frame = table.to_frame()
    (found,) = frame[(frame["statistic"] == statistic) & (frame["category"] == category)].to_dict("records")
    return pd.Series(found)


@pytest.fixture(scope="module")
def training() -> tuple[Panel, pd.DataFrame]:
    """Firms of Michigan with and without a training grant: a grant is of one year."""
    frame = jobtraining.load()
    panel = se.panel_from_frame(frame, unit="fcode", year="year", participant="grant", extra=["lsales", "lscrap"])
    return panel, frame


def test_the_michigan_grant_by_both_conventions(training: tuple[Panel, pd.DataFrame]) -> None:
    """0.0236430: error 0.0539 where firm effects within clusters count as one, 0.0664 where all are counted."""
    panel, frame = training
    table = se.estimate_effect(panel, outcome="lsales", design="twfe")
    rows = table.to_frame().query("statistic == 'att'").set_index("category")
    assert rows["estimate"].tolist() == pytest.approx([0.0236430] * 2, abs=PRINTED)
    assert rows["std_error"].tolist() == pytest.approx([0.0539, 0.0664], abs=FOUR_DECIMALS)
    data = frame[["fcode", "year", "lsales", "grant"]].dropna().set_index(["fcode", "year"])
    peer = PanelOLS(data["lsales"], data[["grant"]], entity_effects=True, time_effects=True)
    peer = peer.fit(cov_type="clustered", cluster_entity=True)
    assert rows["std_error"].iloc[1] == pytest.approx(peer.std_errors["grant"], rel=SAME_FORMULA)
    assert row(table)["se_convention"].endswith("as in fixest")
    assert "take part already" in row(table)["note"]
    assert table.evidence == "association"


def test_the_scrap_rate_of_wooldridge(training: tuple[Panel, pd.DataFrame]) -> None:
    """Example 14.1 with the lagged grant: -0.252315, with fixest's default error 0.143440."""
    _, frame = training
    wide = {name: frame.pivot(index="fcode", columns="year", values=name) for name in ("lscrap", "grant", "grant_1")}
    found = two_way_effect(
        wide["lscrap"].to_numpy(), wide["grant"].to_numpy() == 1, covariates=wide["grant_1"].to_numpy()[:, :, None]
    )
    assert found.estimate == pytest.approx(-0.252315, abs=5e-7)
    assert found.std_error == pytest.approx(0.143440, abs=5e-7)


def test_comparisons_add_up_to_two_way_fixed_effects() -> None:
    """Goodman-Bacon's theorem, on a panel with firms that always, never, early and late take part."""
    random = np.random.default_rng(2)
    start = np.repeat([0, 2, 4, 6], [8, 12, 10, 20])
    outcome = random.normal(size=(50, 6)).cumsum(axis=1)
    treated = np.arange(6) >= start[:, None]
    found = two_way_effect(outcome, treated)
    starts = np.unique(start)
    means = np.stack([outcome[start == one].mean(axis=0) for one in starts])
    parts = bacon_parts(means, np.bincount(start)[starts].astype(float), starts)
    assert sum(part.share for part in parts) == pytest.approx(1.0, rel=SAME_FORMULA)
    assert sum(part.share * part.estimate for part in parts) == pytest.approx(found.estimate, rel=SAME_FORMULA)
    assert [part.kind for part in parts] == ["with_untreated", "earlier_with_later", "later_with_earlier"]


def test_two_by_two_is_welch_without_covariates(firms: Firms) -> None:
    panel, _ = firms(seed=11)
    found = row(se.estimate_effect(panel, outcome="revenue", design="two_by_two", years=[2014, 2016]))
    frame = panel.to_frame()
    wide = frame.pivot(index="be_id", columns="year", values="revenue")
    entry = frame.groupby("be_id")["entry_year"].first()
    change = (wide[2016] - wide[2014]).dropna()
    ours = change[entry.loc[change.index].between(2015, 2016).fillna(False).to_numpy(bool)]
    test = stats.ttest_ind(ours, change[entry.loc[change.index].isna().to_numpy()], equal_var=False)
    assert found["p_value"] == pytest.approx(test.pvalue, rel=SAME_FORMULA)
    assert found["dof"] == pytest.approx(test.df, rel=SAME_FORMULA)
    assert found["n_units"] == len(ours)


def test_averages_that_are_asked_for_and_no_others(firms: Firms) -> None:
    panel, _ = firms(seed=11)
    table = se.estimate_effect(
        panel, outcome="revenue", aggregation=["simple", "period", "event", "units"], window=(-2, 1)
    ).to_frame()
    shown = set(table.loc[table["statistic"] == "att", "category"])
    assert {"simple", "period", "event", "-2", "+0", "+1", "jaar 2015 | year 2015"} <= shown
    assert not shown & {"overall", "+2", "-3"}
    counts = table.query("indicator in ['compared', 'effective_units']").set_index(["indicator", "group"])["estimate"]
    assert counts["compared", "participant"] == 400
    assert counts["effective_units", "non_participant"] == counts["compared", "non_participant"]


def test_a_proportional_effect_is_the_effect_over_what_would_have_been(firms: Firms) -> None:
    """Its error is that of draws of units; outcomes with zeros are no problem."""
    panel, _ = firms(seed=11)
    found = row(se.estimate_effect(panel, outcome="revenue", scale="proportional"), "att_proportional")
    frame = panel.to_frame()
    wide = frame.pivot(index="be_id", columns="year", values="revenue").to_numpy()
    entry = frame.groupby("be_id")["entry_year"].first().fillna(0).to_numpy(int)
    years = sorted(frame["year"].unique())

    def effect(chosen: np.ndarray) -> float:
        outcome, cohort = wide[chosen], entry[chosen]
        sums, weights, means = [], [], []
        for g in np.unique(cohort[cohort > 0]):
            at, mine = years.index(g) - 1, cohort == g
            change = outcome[:, at + 1 :] - outcome[:, [at]]
            sums.append((change[mine].mean(axis=0) - change[cohort == 0].mean(axis=0)).mean())
            means.append(outcome[mine, at + 1 :].mean())
            weights.append(mine.sum())
        att, mean = np.average(sums, weights=weights), np.average(means, weights=weights)
        return att / (mean - att)

    random = np.random.default_rng(1)
    everybody = np.arange(len(entry))
    assert found["estimate"] == pytest.approx(effect(everybody), rel=SAME_FORMULA)
    draws = [effect(random.choice(everybody, len(everybody))) for _ in range(300)]
    assert found["std_error"] == pytest.approx(np.std(draws), rel=0.15)  # 300 draws tell an error to 4 %
    assert found["unit"] == "share"


def test_effects_by_class_are_those_of_the_class_alone(firms: Firms) -> None:
    panel, _ = firms(seed=11)
    table = se.estimate_effect(panel, outcome="revenue_per_employee", logarithm=True, by="size_class")
    rows = table.to_frame().query("statistic == 'att_by_class'").set_index("category")
    alone = se.estimate_effect(panel, outcome="revenue_per_employee", logarithm=True, where={"size_class": "10-49"})
    frame = alone.to_frame()
    expected = frame[(frame["statistic"] == "att") & frame["category"].str.startswith("overall")].iloc[0]
    found = rows.loc["10-49"]
    assert found[["estimate", "std_error"]].tolist() == pytest.approx(expected[["estimate", "std_error"]].tolist())
    adjusted = table.to_frame().query("statistic == 'att_holm'")["p_value"].to_numpy()
    assert adjusted == pytest.approx(holm(rows["p_value"].dropna().to_numpy()))
    assert 0 <= row(table, "heterogeneity")["p_value"] <= 1


def test_welch_test_of_two_estimates_is_the_t_test_and_holm_is_holm() -> None:
    random = np.random.default_rng(3)
    samples = [random.normal(size=9), random.normal(0.4, 2, size=15)]
    estimates = [
        Estimate("", one.mean(), dof=len(one) - 1, corrected_error=one.std(ddof=1) / np.sqrt(len(one)))
        for one in samples
    ]
    statistic, p_value = welch_test(estimates)
    test = stats.ttest_ind(*samples, equal_var=False)
    assert (statistic, p_value) == pytest.approx((test.statistic**2, test.pvalue), rel=SAME_FORMULA)
    assert holm([0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])


def test_entry_from_the_earliest_year_is_no_label_and_is_scaled(firms: Firms, panel_of: Callable[..., Panel]) -> None:
    panel, _ = firms(seed=15)
    frame = panel.to_frame()
    frame = frame.assign(participant=frame["participant"].astype("float64"), entry=np.nan)
    unknown = panel_of(frame.drop(columns="entry_year"), unit="be_id", entry_year="entry")
    table = se.estimate_effect(unknown, outcome="revenue", earliest_entry=2015, share_entered=0.5)
    known = panel_of(
        frame.assign(entry=np.where(frame.groupby("be_id")["participant"].transform("max") > 0, 2015.0, np.nan)).drop(
            columns="entry_year"
        ), unit="be_id", entry_year="entry",
    )  # fmt: skip
    expected = row(se.estimate_effect(known, outcome="revenue"))
    assert row(table)["estimate"] == pytest.approx(expected["estimate"], rel=SAME_FORMULA)
    assert row(table, "att_entered")["estimate"] == pytest.approx(2 * expected["estimate"], rel=SAME_FORMULA)
    assert row(table, "att_entered")["conf_low"] == pytest.approx(2 * expected["conf_low"], rel=SAME_FORMULA)
    assert np.isfinite(row(table, "pre_trend")["p_value"])
    assert table.evidence == "association"


REFUSED = [
    ({"design": "twfe", "method": "dr"}, "method"),
    ({"design": "two_by_two", "smallest_effect": 0.1}, "two-by-two"),
    ({"design": "long_difference", "aggregation": ["simple"]}, "aggregation"),
    ({"window": (1, 3)}, "around 0"),
    ({"by": "revenue"}, "by"),
    ({"scale": "proportional", "logarithm": True}, "both are relative"),
    ({"share_entered": 0.5}, "earliest_entry"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_options_that_do_not_go_together_are_refused(firms: Firms, options: dict, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        se.estimate_effect(firms(seed=11)[0], **{"outcome": "revenue", **options})

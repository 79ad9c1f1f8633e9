"""Checks of an effect: each is an estimate on other data, or a published number."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import si_eval as se
from si_eval.effects.design_result import Estimate
from si_eval.effects.panel_arrays import PanelArrays
from si_eval.effects.requests import DEFAULTS
from si_eval.effects.reruns import draw_participation, placebo_dates
from si_eval.effects.unseen import robustness_value
from si_eval.errors import StudyError
from si_eval.results import Panel
from si_eval.synthetic import simulate_firms

SAME_FORMULA = 1e-10  # the same sums in another order
PRINTED = 5e-4  # a published number printed to three decimals
OF = {"outcome": "revenue", "min_units": 5}


@pytest.fixture(scope="module")
def firms(panel_of: Callable[..., Panel]) -> tuple[Panel, pd.DataFrame]:
    """Some firms of which participants enter in several years, and their frame."""
    frame = simulate_firms(firms=240, participants=90, years=7, seed=3).frame
    frame = frame.assign(entry_year=frame["entry_year"].astype("float64"))
    return panel_of(frame), frame


def effect(panel: Panel, outcome: str = "revenue") -> float:
    rows = se.estimate_effect(panel, **{**OF, "outcome": outcome}).to_frame()
    return float(rows.query("statistic == 'att' and category == 'overall'")["estimate"].iloc[0])


def test_every_rerun_is_the_estimate_on_the_data_that_it_stands_for(
    firms: tuple[Panel, pd.DataFrame], panel_of: Callable[..., Panel]
) -> None:
    panel, frame = firms
    table = se.check_effect(
        panel, of=OF, leave_out=["size_class"], outcomes=["revenue_per_employee"], dates=[2],
        checks=["placebo_date", "placebo_outcome", "leave_one_out", "spillover"],
    ).to_frame("en")  # fmt: skip
    rows = table.set_index(["statistic", "category"])["estimate"]
    assert rows["att", "Overall"] == pytest.approx(effect(panel), rel=SAME_FORMULA)
    entry = frame["entry_year"]
    before = frame.assign(entry_year=entry - 2)[~(frame["year"] >= entry)]
    before = before.assign(participant=(before["year"] >= before["entry_year"]).astype(float))
    assert rows["placebo", "entry 2 years earlier"] == pytest.approx(effect(panel_of(before)), rel=SAME_FORMULA)
    without = frame[frame["entry_year"] != 2016]
    assert rows["left_one_out", "without cohort 2016"] == pytest.approx(effect(panel_of(without)), rel=SAME_FORMULA)
    in_class = panel.to_frame().sort_values("year").groupby("be_id")["size_class"].first()
    small = frame[~frame["firm"].map(in_class).eq("2-9")]
    found = rows["left_one_out", "without Size class (persons employed) 2-9"]
    assert found == pytest.approx(effect(panel_of(small)), rel=SAME_FORMULA)
    first = frame[frame["entry_year"].notna()].sort_values("year").groupby("firm")["employed_persons"].first()
    largest = frame[frame["firm"] != first.idxmax()]
    found = rows["left_one_out", "without the largest participant"]
    assert found == pytest.approx(effect(panel_of(largest)), rel=SAME_FORMULA)
    assert rows["placebo", "Overall"] == pytest.approx(effect(panel, "revenue_per_employee"), rel=SAME_FORMULA)
    alone = "without others in an enterprise group with a participant"
    assert rows["spillover", alone] == pytest.approx(effect(panel), rel=SAME_FORMULA)  # a panel without groups
    assert table["note"].iloc[1:].str.len().gt(0).all()  # each says what came of it


def test_the_robustness_values_of_the_darfur_example() -> None:
    """Cinelli and Hazlett (2020): t 4.184 with 783 degrees of freedom gives 0.139, and 0.076 at 5 per cent."""
    assert robustness_value(4.184, 783) == pytest.approx((0.139, 0.076), abs=PRINTED)


@pytest.mark.parametrize("ahead", [0, 1])
def test_pairs_without_hidden_bias_give_the_signed_rank_test(firms: tuple[Panel, pd.DataFrame], ahead: int) -> None:
    panel, frame = firms
    match = se.match_units(panel, exact="size_class", replace=False)
    of = {**OF, "match": match, "anticipation": ahead}
    table = se.check_effect(panel, of=of, checks=["rosenbaum", "unseen"], gamma=[1, 3]).to_frame()
    rows = table[table["statistic"] == "rosenbaum"]
    wide = frame.pivot(index="firm", columns="year", values="revenue")
    entry = frame.groupby("firm")["entry_year"].first()
    differences = []
    for ours, theirs in match.units.pairs:
        since = [year for year in wide if year >= entry[ours]]
        change = wide[since].mean(axis=1) - wide[entry[ours] - 1 - ahead]
        differences.append(change[ours] - change[theirs])
    test = stats.wilcoxon(differences, method="exact")
    assert rows["p_value"].iloc[0] == pytest.approx(test.pvalue, rel=SAME_FORMULA)
    assert rows["p_value"].iloc[1] > rows["p_value"].iloc[0]
    assert (table.query("statistic == 'e_value'")["estimate"] >= 1).all()


def test_participation_drawn_anew_has_its_size() -> None:
    """Without an effect, p-values below 0.2 come up as often as that."""
    random = np.random.default_rng(8)

    def difference(arrays: PanelArrays) -> Estimate:
        ours, theirs = (arrays.outcome[side, 0] for side in (arrays.cohort > 0, arrays.cohort == 0))
        test = stats.ttest_ind(ours, theirs, equal_var=False)
        return Estimate("", ours.mean() - theirs.mean(), corrected_error=(ours.mean() - theirs.mean()) / test.statistic)

    p_values = []
    for _ in range(150):
        arrays = PanelArrays(
            ids=np.arange(14), outcome=random.exponential(size=(14, 1)), cohort=np.repeat([2, 0], [5, 9]), years=(1,),
            cluster=None, covariates={}, labels={},
        )  # fmt: skip
        p_values.append(draw_participation(arrays, difference(arrays), 19, 1, difference).p_value)
    share = np.mean(np.array(p_values) <= 0.2)
    assert stats.binomtest(int(share * 150), 150, 0.2).pvalue > 0.001


def test_the_row_without_the_largest_participant_stays_inside(firms: tuple[Panel, pd.DataFrame]) -> None:
    table = se.check_effect(firms[0], of=OF, checks=["leave_one_out", "honest"]).named("checks")
    (safe,) = se.protect([table])
    rows = safe.to_frame()
    largest = rows["category"].str.contains("largest participant")
    assert (rows.loc[largest, "status"] == "suppressed").all()
    assert (rows.loc[~largest, "status"] == "shown").all()
    assert {"att_robust", "att_smooth", "breakdown"} <= set(rows["statistic"])


REFUSED = [
    ({"of": {"outcome": "revenue", "likeness": 1}}, "likeness"),
    ({"of": {}}, "no outcome"),
    ({"of": "effect"}, "arguments of estimate_effect"),
    ({"of": {"outcome": "revenue", "design": "twfe"}}, "staggered"),
    ({"of": OF, "checks": ["prayer"]}, "prayer"),
    ({"of": OF, "checks": ["placebo_outcome"]}, "outcomes"),
    ({"of": OF, "leave_out": ["wishes"], "draws": 0, "gamma": [0.5]}, "wishes"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_checks_that_cannot_be_made_are_refused(
    firms: tuple[Panel, pd.DataFrame], arguments: dict, message: str
) -> None:
    with pytest.raises(StudyError, match=message):
        se.check_effect(firms[0], **arguments)


def test_participants_of_a_placebo_keep_what_they_count_for_in_their_match() -> None:
    cohort, weights = np.array([5, 6, 0, 0]), {5: np.array([1.0, 0, 0.3, 0.7]), 6: np.array([0, 1.0, 0.9, 0.1])}
    arrays = PanelArrays(np.arange(4), np.ones((4, 7)), cohort, tuple(range(1, 8)), None, {}, {}, matched=weights)
    seen: list[PanelArrays] = []

    def estimate(one: PanelArrays) -> Estimate:
        seen.append(one)
        return Estimate("", np.nan)

    list(placebo_dates(arrays, [1, 2], 1, estimate))
    everybody = np.ones(4, dtype=bool)
    for one, back in zip(seen, (2, 3), strict=True):
        assert one.cohort.tolist() == [5 - back, 6 - back, 0, 0]
        for g, of_cohort in weights.items():
            assert one.weights_of(g - back, 0, everybody).tolist() == of_cohort.tolist()


def test_a_column_that_is_adjusted_for_can_be_left_out_by_class(
    firms: tuple[Panel, pd.DataFrame], panel_of: Callable[..., Panel]
) -> None:
    panel, frame = firms
    of = {**OF, "covariates": ["size_class"]}
    table = se.check_effect(panel, of=of, leave_out=["size_class"], checks=["leave_one_out"]).to_frame("en")
    (found,) = table.loc[table["category"] == "without Size class (persons employed) 2-9", "estimate"]
    in_class = panel.to_frame().sort_values("year").groupby("be_id")["size_class"].first()
    rest = panel_of(frame[~frame["firm"].map(in_class).eq("2-9")])
    rows = se.estimate_effect(rest, **of).to_frame().query("statistic == 'att' and category == 'overall'")
    assert found == pytest.approx(float(rows["estimate"].iloc[0]), rel=SAME_FORMULA)


def test_trends_are_not_bounded_where_a_year_is_missing(
    firms: tuple[Panel, pd.DataFrame], panel_of: Callable[..., Panel]
) -> None:
    _, frame = firms
    missing = sorted(frame["year"].unique())[3]
    table = se.check_effect(panel_of(frame[frame["year"] != missing]), of=OF, checks=["honest"]).to_frame("en")
    bounds = table[table["statistic"].isin(["att_robust", "att_smooth", "breakdown"])]
    assert bounds["statistic"].tolist() == ["breakdown"]
    assert bounds["estimate"].isna().all()
    assert bounds["note"].str.contains("not every year around entry").all()


def test_a_row_names_all_units_that_it_is_estimated_on(firms: tuple[Panel, pd.DataFrame]) -> None:
    """Beside a match stands the effect on everybody: its row rests on everybody, not on the matched units alone."""
    panel, _ = firms
    of = {**OF, "match": {"exact": "size_class", "covariates": "revenue", "replace": False}}
    matched, changes, level, again = (
        one for (one,) in se.check_effect(panel, of=of, checks=["bracket"]).frame["rests_on"]
    )
    plain = se.estimate_effect(panel, **OF).frame.query("statistic == 'att'")
    (everybody,) = plain.loc[plain["category"] == "overall", "rests_on"].iloc[0]
    assert changes.digest == level.digest == everybody.digest
    assert matched.digest == again.digest
    assert matched.n_controls < everybody.n_controls


def test_an_effect_that_is_checked_has_the_defaults_of_an_estimate() -> None:
    own = {name: one.default for name, one in signature(se.estimate_effect).parameters.items()}
    assert {name: own[name] for name in DEFAULTS} == DEFAULTS
    assert set(own) - set(DEFAULTS) == {"panel", "outcome", "against"}

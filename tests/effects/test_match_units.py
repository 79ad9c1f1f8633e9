"""Matches as an evaluator asks for them: who is compared with whom, who with nobody, and what that does to effects."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

import si_eval as se
from si_eval.effects.mahalanobis import match_mahalanobis
from si_eval.effects.matching import match_within
from si_eval.errors import DisclosureError, StudyError
from si_eval.results import Panel, ResultTable
from si_eval.synthetic import simulate_firms

SAME_FORMULA = 1e-10  # the same sums in another order
PRINTED = 0.005  # a published number printed to two decimals
BALANCED = 1e-6  # of a mean, in standard deviations: that of the search for weights is smaller
CLASSES = {"exact": ["size_class"], "covariates": ["employed_persons"]}


@pytest.fixture(scope="module")
def one_cohort(panel_of: Callable[..., Panel]) -> tuple[Panel, pd.DataFrame]:
    """Firms of which participants enter in one year, and their frame."""
    frame = simulate_firms(firms=260, participants=70, years=5, seed=3).frame
    first = frame["entry_year"].min()
    frame = frame[frame["entry_year"].isna() | (frame["entry_year"] == first)]
    return panel_of(frame), frame


def counts(table: ResultTable) -> dict[tuple[str, str], float]:
    rows = table.to_frame().query("statistic == 'count'")
    return {(row["indicator"], row["group"]): row["estimate"] for row in rows.to_dict("records")}


def test_pairs_give_the_paired_t_test(one_cohort: tuple[Panel, pd.DataFrame]) -> None:
    """Without replacement, an interval is that of the mean of paired differences, whatever the order of the pairs."""
    panel, frame = one_cohort
    match = se.match_units(panel, exact="size_class", replace=False)
    found = se.estimate_effect(panel, outcome="revenue", match=match, min_units=2).to_frame()
    row = found.query("statistic == 'att' and category == '+1'").iloc[0]
    entry = int(frame["entry_year"].min())
    wide = frame.pivot(index="firm", columns="year", values="revenue")
    change = wide[entry + 1] - wide[entry - 1]
    units = match.units
    assert units is not None
    of_set = pd.Series(units.sets, index=units.ids)
    joined = pd.Series(units.ids, index=units.ids).isin(frame.loc[frame["entry_year"].notna(), "firm"])
    ours, theirs = (change[of_set[side].sort_values().index].to_numpy() for side in (joined, ~joined))
    test = stats.ttest_rel(ours, theirs)
    interval = test.confidence_interval(0.95)
    assert row["estimate"] == pytest.approx(np.mean(ours - theirs), rel=SAME_FORMULA)
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((interval.low, interval.high), rel=SAME_FORMULA)
    assert row["p_value"] == pytest.approx(test.pvalue, rel=SAME_FORMULA)


def test_entropy_balancing_of_the_training_programme(training_sample: tuple) -> None:
    """NSW participants beside the population survey: 1,406.30 dollars, from what 268.8 households would tell."""
    x, treated, outcome = training_sample
    names = [f"x{at}" for at in range(x.shape[1])]
    base = pd.DataFrame(x, columns=names).assign(person=np.arange(len(x)), year=1975, earned=0.0, trained=0)
    later = base.assign(year=1978, earned=outcome, trained=treated.astype(int))
    panel = se.panel_from_frame(
        pd.concat([base, later]), unit="person", year="year", participant="trained", extra=["earned", *names]
    )
    match = se.match_units(panel, covariates=names, method="entropy", base_year=1975)
    after = match.to_frame().query("category == 'after_matching'")["estimate"]
    assert (after.abs() < BALANCED).all()
    assert counts(match)["effective_units", "non_participant"] == 269
    row = se.estimate_effect(
        panel, outcome="earned", design="long_difference", method="unadjusted", match=match
    ).to_frame().query("statistic == 'att'").iloc[0]  # fmt: skip
    assert row["estimate"] == pytest.approx(1406.30, abs=PRINTED)


@pytest.mark.parametrize("replace", [True, False])
def test_mahalanobis_matches_are_those_of_all_distances(replace: bool) -> None:
    random = np.random.default_rng(5)
    x = random.normal(size=(90, 2)) @ [[1.0, 0.6], [0.0, 2.0]]
    treated = np.arange(90) % 6 == 0
    found = match_mahalanobis(x, treated, replace=replace)
    sides = [x[treated], x[~treated]]
    within = sum(np.cov(side.T) * (len(side) - 1) for side in sides) / (len(x) - 2)
    distance = cdist(sides[0], sides[1], "mahalanobis", VI=np.linalg.inv(within))
    others, expected = np.flatnonzero(~treated), []
    for row in range(len(sides[0])):
        nearest = int(distance[row].argmin())
        expected.append(others[nearest])
        if not replace:
            distance[:, nearest] = np.inf
    assert found.control.tolist() == expected


def test_every_participant_is_matched_or_counted_with_a_reason(panel_of: Callable[..., Panel]) -> None:
    frame = simulate_firms(firms=200, participants=60, years=5, seed=4).frame
    joined = frame.loc[frame["entry_year"].notna(), "firm"].unique()
    frame = frame[~(frame["firm"].isin(joined[:3]) & (frame["year"] < frame["entry_year"]))]  # first seen at entry
    panel = panel_of(frame)
    match = se.match_units(panel, exact="size_class", covariates="revenue", caliper=0.05, replace=False)
    rows = match.to_frame()
    left_out = rows[rows["indicator"] == "left_out"]
    text = " ".join(left_out["category"])
    for reason in ("not in the register in the base year", "within the caliper"):
        assert reason in text
    matched = counts(match)["matched", "participant"]
    assert matched + left_out["estimate"].sum() == len(joined)
    effect = se.estimate_effect(panel, outcome="revenue", match=match, min_units=2).to_frame()
    again = effect[effect["indicator"] == "left_out"]
    assert (
        dict(zip(again["category"], again["estimate"], strict=True)).items()
        >= dict(zip(left_out["category"], left_out["estimate"], strict=True)).items()
    )


def test_the_outcome_among_what_is_matched_on_is_remarked(one_cohort: tuple[Panel, pd.DataFrame]) -> None:
    panel, _ = one_cohort
    table = se.estimate_effect(panel, outcome="revenue", match={"covariates": "revenue"}, min_units=2).to_frame()
    assert "regression to the mean may be in the estimate" in table.query("statistic == 'att'")["note"].iloc[0]


@pytest.mark.parametrize(
    "options", [{}, {"distance": "mahalanobis"}, {"method": "coarsened"}, {"method": "ipw", "exact": ()}]
)
def test_a_match_makes_participants_and_others_alike(
    one_cohort: tuple[Panel, pd.DataFrame], options: dict[str, object]
) -> None:
    panel, frame = one_cohort
    match = se.match_units(panel, **{**CLASSES, **options})
    rows = match.to_frame()
    gap = {name: rows[rows["category"] == name]["estimate"].abs().max() for name in rows["category"].unique()}
    assert gap["after_matching"] < gap["before_matching"] / 2
    shuffled = frame.sample(frac=1, random_state=1)
    again = se.match_units(
        se.panel_from_frame(
            shuffled, unit="firm", year="year", participant="participant", entry_year="entry_year",
            employed_persons="employed_persons", revenue="revenue",
        ), **{**CLASSES, **options},
    )  # fmt: skip
    pd.testing.assert_series_equal(again.to_frame()["estimate"], rows["estimate"])
    (safe,) = se.protect([match.named("match", {"nl": "Koppeling", "en": "Match"})])
    assert (safe.to_frame()["status"] == "shown").all()


def test_distances_of_distributions_stay_inside(one_cohort: tuple[Panel, pd.DataFrame]) -> None:
    match = se.match_units(one_cohort[0], **CLASSES, statistics=["variance_ratio"])
    with pytest.raises(DisclosureError, match="variance_ratio"):
        se.protect([match])


def test_wrong_arguments_are_all_told_at_once(one_cohort: tuple[Panel, pd.DataFrame]) -> None:
    panel, _ = one_cohort
    with pytest.raises(StudyError) as told:
        se.match_units(
            panel, covariates="wishes", exact="revenue", method="coarsened", caliper=0.1, base_year=1900, moments=2
        )
    for word in ("wishes", "numbers with decimals", "caliper", "1900", "moments"):
        assert word in str(told.value)
    with pytest.raises(StudyError, match="expected arguments of match_units"):
        se.estimate_effect(panel, outcome="revenue", match={"likeness": 1})
    with pytest.raises(StudyError, match="not_yet"):
        se.estimate_effect(panel, outcome="revenue", match=CLASSES, controls="not_yet")


def test_a_caliper_holds_where_one_participant_meets_one_other(panel_of: Callable[..., Panel]) -> None:
    """Each entry has one participant and one other, far apart: spread within an entry is none, over all it is some."""
    frame = simulate_firms(firms=200, participants=60, years=5, seed=4).frame
    match = {"covariates": "revenue", "replace": False}
    narrow = counts(se.match_units(panel_of(frame), **match, caliper=1e-9))
    wide = counts(se.match_units(panel_of(frame), **match, caliper=100.0))
    assert narrow["matched", "participant"] < wide["matched", "participant"]
    few = match_within(np.array([2.2, -2.2]), np.array([True, False]), np.zeros(2, dtype=int), ratio=1,
                       max_distance=0.01, replace=True, seed=0)  # fmt: skip
    assert len(few.treated) == 0
    assert few.unmatched.tolist() == [0]

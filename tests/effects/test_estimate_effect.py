"""The stage on simulated firms whose truth is known, and on real firms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from linearmodels.datasets import jobtraining

import si_eval as se
from si_eval.effects.estimate import CANNOT_SHOW
from si_eval.effects.panel_arrays import read_arrays
from si_eval.errors import StudyError
from si_eval.results import Panel
from si_eval.synthetic import simulate_firms
from si_eval.vocabulary import label

Firms = Callable[..., tuple[Panel, pd.DataFrame]]
SAME_FORMULA = 1e-10  # the same closed form in another language: only the order of additions differs
TRAINING = {"lsales": (-0.0195155, 29), "lemploy": (0.0374176, 35), "lscrap": (-0.3170579, 19)}  # Wooldridge, ch. 14
PRINTED = 5e-8


def row(frame: pd.DataFrame, statistic: str, category: str = "overall") -> pd.Series:
    (found,) = frame[(frame["statistic"] == statistic) & (frame["category"] == category)].to_dict("records")
    return pd.Series(found)


def test_the_stage_recovers_what_was_planted(firms: Firms) -> None:
    panel, truth = firms(seed=11)
    table = se.estimate_effect(panel, outcome="revenue_per_employee", logarithm=True, covariates=["size_class"])
    frame = table.to_frame()
    by_cohort = truth.groupby("cohort").agg(effect=("effect", "mean"), firms=("n_firms", "first"))
    planted = np.average(by_cohort["effect"], weights=by_cohort["firms"])
    overall = row(frame, "att")
    assert overall["conf_low"] < planted < overall["conf_high"]
    assert overall["n_units"] == by_cohort["firms"].min()
    by_event = truth.assign(sum=truth["effect"] * truth["n_firms"]).groupby("event")[["sum", "n_firms"]].sum()
    for event, expected in (by_event["sum"] / by_event["n_firms"]).items():
        wide = row(frame, "att_simultaneous", f"{event:+d}")
        assert wide["conf_low"] < expected < wide["conf_high"]
    assert row(frame, "pre_trend")["p_value"] > 0.05  # which is no reason to call it an effect
    assert table.evidence == "association"
    assert table.cannot_show.endswith("less the straight line through the years before, the interval holds zero.")
    robust = frame[frame["statistic"] == "att_robust"]
    assert (np.diff(robust["conf_high"] - robust["conf_low"]) > 0).all()
    assert row(frame, "breakdown")["estimate"] > 0
    (safe,) = se.protect([table.named("effect", {"nl": "Effect", "en": "Effect"})])
    assert safe.simulation is not None
    assert (safe.to_frame()["status"] == "shown").all()


def test_trends_that_part_before_entry_take_the_label_away(firms: Firms) -> None:
    panel, _ = firms(seed=12, departure=0.06)
    table = se.estimate_effect(panel, outcome="revenue_per_employee", logarithm=True, covariates=["size_class"])
    assert row(table.to_frame(), "pre_trend")["p_value"] < 0.05
    assert table.evidence == "association"


def test_without_regard_to_size_the_change_misleads(firms: Firms) -> None:
    panel, truth = firms(seed=13)
    frame = se.estimate_effect(
        panel, outcome="revenue_per_employee", design="long_difference", years=[2014, 2019], logarithm=True,
        covariates=["size_class"],
    ).to_frame()  # fmt: skip
    last = truth[truth["year"] == 2019]
    planted = np.average(last["effect"], weights=last["n_firms"])
    assert row(frame, "att", "unadjusted")["conf_low"] > planted
    for method in ("regression", "doubly_robust", "inverse_probability", "entropy_balancing", "nearest_neighbour"):
        found = row(frame, "att", method)
        assert found["conf_low"] < planted < found["conf_high"], method


def test_small_cohorts_are_in_no_average_and_do_not_leave(firms: Firms, panel_of: Callable[..., Panel]) -> None:
    """An average over a cohort of three beside those of the others would give the three away."""
    panel, _ = firms(seed=14, years=6)
    frame = panel.to_frame()
    few = frame.loc[frame["entry_year"] == 2016, "be_id"].unique()[3:]
    kept = frame[~frame["be_id"].isin(few)].assign(
        participant=lambda f: f["participant"].astype("float64"), entry_year=lambda f: f["entry_year"].astype("float64")
    )
    smaller = panel_of(kept, unit="be_id")
    without = panel_of(kept[kept["entry_year"] != 2016], unit="be_id")
    table = se.estimate_effect(smaller, outcome="revenue_per_employee")
    cells = table.to_frame().query("category == 'cohort 2016' and year != 'all'")
    assert cells["estimate"].isna().all()
    assert cells["note"].str.contains("too few").all()
    expected = row(se.estimate_effect(without, outcome="revenue_per_employee").to_frame(), "att")["estimate"]
    assert row(table.to_frame(), "att")["estimate"] == pytest.approx(expected, rel=SAME_FORMULA)
    (safe,) = se.protect([table.named("effect", {"nl": "Effect", "en": "Effect"})])
    assert safe.to_frame().query("category == 'cohort 2016'")[["estimate", "n_units"]].isna().all(axis=None)
    assert safe.simulation is not None  # the frame that came out of one panel kept its label on the way into another


@pytest.mark.parametrize("without", ["year == 2014", "entry_year < 2019"])
def test_bounds_need_every_year_around_entry(panel_of: Callable[..., Panel], without: str) -> None:
    """A year that is missing gives cohorts other reference years; a late cohort alone has one event after entry."""
    frame = simulate_firms(seed=17).frame
    panel = panel_of(frame.drop(frame.query(without).index))
    found = row(se.estimate_effect(panel, outcome="revenue_per_employee").to_frame(), "breakdown")
    if without.startswith("year"):
        assert np.isnan(found["estimate"])
        assert "not every year around entry" in found["note"]
    else:
        assert found["estimate"] >= 0


def test_without_years_of_entry_the_reason_is_the_result(firms: Firms, panel_of: Callable[..., Panel]) -> None:
    panel, _ = firms(seed=15)
    frame = panel.to_frame().drop(columns="entry_year")
    unknown = panel_of(
        frame.assign(participant=frame["participant"].astype("float64"), entry=np.nan), unit="be_id", entry_year="entry"
    )
    table = se.estimate_effect(unknown, outcome="revenue_per_employee")
    assert "year of entry is known of no participant" in row(table.to_frame(), "att")["note"]
    assert table.evidence == "association"
    long = se.estimate_effect(unknown, outcome="revenue_per_employee", design="long_difference", method="unadjusted")
    assert row(long.to_frame(), "att", "unadjusted")["n_units"] == 400


@pytest.mark.parametrize("outcome", TRAINING)
def test_first_differences_of_real_firms(outcome: str) -> None:
    frame = jobtraining.load()
    panel = se.panel_from_frame(frame, unit="fcode", year="year", participant="grant", extra=list(TRAINING))
    panel_years = se.estimate_effect(
        panel, outcome=outcome, design="long_difference", method="unadjusted", years=[1987, 1988], min_units=1
    ).to_frame()
    found, (expected, firms_with_grant) = row(panel_years, "att", "unadjusted"), TRAINING[outcome]
    wide = frame.pivot(index="fcode", columns="year", values=outcome)
    granted = frame.pivot(index="fcode", columns="year", values="grant")
    later = granted.index[(granted[1988] == 0) & (granted[1989] == 1)]
    change = (wide[1988] - wide[1987]).dropna()
    assert found["n_units"] == firms_with_grant
    assert granted.loc[change.index, 1988].sum() == firms_with_grant
    among = change[granted.loc[change.index, 1988] == 1].mean()
    everybody = change[granted.loc[change.index, 1988] == 0]
    assert among - everybody.mean() == pytest.approx(expected, abs=PRINTED)
    never = everybody[~everybody.index.isin(later)]  # the library keeps those that enter later out of the comparison
    assert found["estimate"] == pytest.approx(among - never.mean(), rel=SAME_FORMULA)


@pytest.mark.parametrize("evidence", ["effect", "association"])
def test_what_a_table_cannot_show_is_said_in_both_languages(evidence: str) -> None:
    assert label(CANNOT_SHOW[evidence], "nl") != label(CANNOT_SHOW[evidence], "en") == CANNOT_SHOW[evidence]


def test_units_are_chosen_by_their_first_year(firms: Firms) -> None:
    panel, _ = firms(seed=16)
    frame = panel.to_frame()
    first = frame.sort_values("year").groupby("be_id")["size_class"].first()
    arrays = read_arrays(panel, "revenue_per_employee", where={"size_class": "2-9"})
    assert len(arrays.cohort) == (first == "2-9").sum()


UNKNOWN = [
    ({"design": "magic"}, "magic"),
    ({"cluster": "village"}, "village"),
    ({"controls": "village"}, "village"),
    ({"outcome": "profit"}, "profit"),
    ({"covariates": ["wishes"]}, "wishes"),
    ({"where": {"size_class": "gigantic"}}, "gigantic"),
    ({"method": "magic"}, "magic"),
    ({"design": "long_difference", "method": ["magic"]}, "magic"),
]


@pytest.mark.parametrize(("change", "message"), UNKNOWN)
def test_names_that_are_not_known_are_refused(firms: Firms, change: dict, message: str) -> None:
    panel, _ = firms(seed=16)
    with pytest.raises(StudyError, match=message):
        se.estimate_effect(panel, **{"outcome": "revenue_per_employee", **change})


def test_simulated_firms_refuse_what_leaves_nobody() -> None:
    with pytest.raises(StudyError, match="participants"):
        simulate_firms(firms=10, participants=10)
    with pytest.raises(StudyError, match="years"):
        simulate_firms(years=3)

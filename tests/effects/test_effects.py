"""Effects by cohort and period, their averages, and the stage on data whose truth is known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from linearmodels.datasets import jobtraining
from paths import REFERENCE

import si_eval as se
from si_eval.effects.aggregation import aggregate_effects, pre_trend_test, simultaneous_critical_value
from si_eval.effects.estimate import CANNOT_SHOW
from si_eval.effects.group_time import group_time_effects
from si_eval.effects.panel_arrays import read_arrays
from si_eval.effects.propensity import fit_logit, with_constant
from si_eval.effects.two_by_two import two_by_two
from si_eval.errors import StudyError
from si_eval.results import Panel
from si_eval.synthetic import simulate_firms
from si_eval.vocabulary import Reason, label

R_RESULTS = REFERENCE / "data"
SAME_FORMULA = 1e-10  # the same closed form in another language: only the order of additions differs
PRINTED_DIGITS = 5e-11  # a published number printed to ten decimals
NEWTON = 1e-8  # two Newton iterations that stop at different rules
KINDS = {"simple": "simple", "group": "cohort", "dynamic": "event", "calendar": "period"}


@cache
def mpdta() -> tuple[np.ndarray, np.ndarray, list[int], np.ndarray]:
    """County teen employment: outcome, cohort, years, log population (Callaway & Sant'Anna, 2021)."""
    path = R_RESULTS / "mpdta.csv"
    if not path.is_file():
        pytest.skip("the reference data are not beside this repository")
    frame = pd.read_csv(path)
    wide = frame.pivot(index="countyreal", columns="year", values="lemp")
    county = frame.drop_duplicates("countyreal").set_index("countyreal").loc[wide.index]
    cohort = county["first.treat"].to_numpy(dtype="int64")
    return wide.to_numpy(), cohort, [int(year) for year in wide.columns], county[["lpop"]].to_numpy()


SCENARIOS = {"mpdta_nev_dr": {"method": "dr"}, "mpdta_nev_reg_cov": {"method": "reg", "covariates": True}}


def of_mpdta(**options: object) -> object:
    outcome, cohort, years, population = mpdta()
    if options.pop("covariates", False):
        options["covariates"] = lambda place: population
    return group_time_effects(outcome, cohort, years, **options)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_effect_and_standard_error_of_r_did(scenario: str) -> None:
    effects = of_mpdta(**SCENARIOS[scenario])
    stored = pd.read_csv(R_RESULTS / "mpdta_r_did_attgt.csv").query("scenario == @scenario")
    np.testing.assert_array_equal(effects.cohort, stored["group"])
    np.testing.assert_array_equal(effects.period, stored["t"])
    np.testing.assert_allclose(effects.att, stored["att"], atol=SAME_FORMULA)
    np.testing.assert_allclose(effects.std_error, stored["se"], atol=SAME_FORMULA)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_average_of_r_did(scenario: str, kind: str) -> None:
    averages = aggregate_effects(of_mpdta(**SCENARIOS[scenario]), KINDS[kind])
    stored = pd.read_csv(R_RESULTS / "mpdta_r_did_aggte.csv").query("scenario == @scenario and type == @kind")
    assert averages.overall == pytest.approx(stored["overall_att"].iloc[0], abs=SAME_FORMULA)
    assert averages.overall_std_error == pytest.approx(stored["overall_se"].iloc[0], abs=SAME_FORMULA)
    if kind != "simple":
        np.testing.assert_array_equal(averages.parts, stored["egt"])
        np.testing.assert_allclose(averages.att, stored["att_egt"], atol=SAME_FORMULA)
        np.testing.assert_allclose(averages.std_error, stored["se_egt"], atol=SAME_FORMULA)


PUBLISHED = [  # options, then effect and standard error: simple, cohort, event, period (R `did` and csdid)
    (
        {"method": "dr", "covariates": True},
        [(-0.0417517721, 0.0115028382), (-0.0328195972, 0.0118981787), (-0.0803539497, 0.0189575572),
         (-0.0441773578, 0.0150381751)],
    ),
    (
        {"method": "ipw", "covariates": True},
        [(-0.0417770822, 0.0114997194), (-0.0328753687, 0.0118932002), (-0.0803768866, 0.0189542504),
         (-0.0441701010, 0.0150352236)],
    ),
    (
        {"controls": "not_yet"},
        [(-0.0397636256, 0.0120524248), (-0.0304622281, 0.0125751201), (-0.0773993140, 0.0195601769),
         (-0.0442670835, 0.0155709044)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("options", "expected"), PUBLISHED)
def test_averages_of_other_estimators(options: dict, expected: list) -> None:
    effects = of_mpdta(**options)
    for kind, (att, std_error) in zip(KINDS.values(), expected, strict=True):
        averages = aggregate_effects(effects, kind)
        assert averages.overall == pytest.approx(att, abs=PRINTED_DIGITS)
        assert averages.overall_std_error == pytest.approx(std_error, abs=PRINTED_DIGITS)


def draw(seed: int, units: int = 400, effect: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three cohorts and never-treated, five periods; effects differ by cohort and grow; a covariate bends the trend."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=units)
    cohort = generator.choice([0, 2, 3, 4], size=units, p=[0.4, 0.2, 0.2, 0.2])
    cohort = np.where(
        x + generator.logistic(size=units) > 1.0, cohort, np.where(generator.random(units) < 0.4, cohort, 0)
    )
    periods = np.arange(5)
    since = periods[None, :] - cohort[:, None]
    gain = np.where((cohort[:, None] > 0) & (since >= 0), effect * (1 + since) * (5 - cohort[:, None]) / 2, 0.0)
    noise = generator.normal(size=(units, 5))
    return generator.normal(size=(units, 1)) + 0.5 * x[:, None] * periods + gain + noise, cohort, x[:, None]


@pytest.mark.parametrize("method", ["dr", "ipw", "reg"])
def test_two_periods_one_cohort_is_a_difference_of_mean_changes(method: str) -> None:
    generator = np.random.default_rng(1)
    before, after, treated = generator.normal(size=60), generator.normal(size=60), np.arange(60) < 20
    cell = two_by_two(before, after, treated, method=method)
    ours, theirs = (after - before)[treated], (after - before)[~treated]
    assert cell.att == pytest.approx(ours.mean() - theirs.mean(), abs=SAME_FORMULA)
    assert cell.std_error == pytest.approx(np.sqrt(ours.var() / 20 + theirs.var() / 40), abs=SAME_FORMULA)


def test_the_logit_is_that_of_statsmodels() -> None:
    generator = np.random.default_rng(2)
    x = generator.normal(size=(500, 3)) * [1, 1_000, 0.01] + [0, 50_000, 3]
    treated = generator.random(500) < 1 / (1 + np.exp(-(x[:, 0] - 1)))
    ours, theirs = fit_logit(x, treated), sm.Logit(treated.astype(float), with_constant(x)).fit(disp=0, tol=1e-12)
    np.testing.assert_allclose(ours.coefficients, theirs.params, rtol=NEWTON)
    np.testing.assert_allclose(ours.covariance, theirs.cov_params(), rtol=1e-6)  # statsmodels inverts unscaled


def test_each_unit_a_cluster_changes_nothing_and_copies_add_no_information() -> None:
    outcome, cohort, x = draw(3)
    options = {"covariates": lambda place: x}
    alone = aggregate_effects(group_time_effects(outcome, cohort, range(5), **options), "simple")
    each = aggregate_effects(group_time_effects(outcome, cohort, range(5), cluster=np.arange(400), **options), "simple")
    twice = {"covariates": lambda place: np.tile(x, (2, 1)), "cluster": np.tile(np.arange(400), 2)}
    copied = aggregate_effects(
        group_time_effects(np.tile(outcome, (2, 1)), np.tile(cohort, 2), range(5), **twice), "simple"
    )
    for other in (each, copied):
        assert other.overall == pytest.approx(alone.overall, abs=SAME_FORMULA)
        assert other.overall_std_error == pytest.approx(alone.overall_std_error, abs=SAME_FORMULA)


def test_gaps_drop_a_unit_from_the_cells_of_those_years_alone() -> None:
    """Brute force: the mean changes of those that are observed in both years of a cell."""
    outcome, cohort, _ = draw(4)
    outcome[np.random.default_rng(4).random(outcome.shape) < 0.2] = np.nan
    given = outcome.copy()
    effects = group_time_effects(outcome, cohort, range(5))
    np.testing.assert_array_equal(outcome, given)
    for first, period, att, n in zip(effects.cohort, effects.period, effects.att, effects.n_treated, strict=True):
        change = outcome[:, period] - outcome[:, first - 1 if period >= first else period - 1]
        ours = change[(cohort == first) & ~np.isnan(change)]
        assert n == len(ours)
        assert att == pytest.approx(ours.mean() - np.nanmean(change[cohort == 0]), abs=SAME_FORMULA)
    order = np.random.default_rng(5).permutation(len(cohort))
    shuffled = group_time_effects(outcome[order], cohort[order], range(5))
    np.testing.assert_allclose(shuffled.att, effects.att, atol=SAME_FORMULA)
    balanced = group_time_effects(outcome, cohort, range(5), balanced=True)
    assert sum(balanced.dropped.values()) > sum(effects.dropped.values())
    full = ~np.isnan(outcome).any(axis=1)
    np.testing.assert_allclose(
        balanced.att, group_time_effects(outcome[full], cohort[full], range(5)).att, atol=SAME_FORMULA
    )


def test_a_universal_base_is_the_sum_of_the_steps_before() -> None:
    outcome, cohort, _ = draw(6)
    varying, universal = (group_time_effects(outcome, cohort, range(5), base=base) for base in ("varying", "universal"))
    steps = {(g, t): att for g, t, att in zip(varying.cohort, varying.period, varying.att, strict=True)}
    for g, t, att in zip(universal.cohort, universal.period, universal.att, strict=True):
        expected = steps[g, t] if t >= g else -sum(steps[g, s] for s in range(t + 1, g))
        assert att == pytest.approx(expected, abs=SAME_FORMULA)


def test_intervals_cover_and_the_test_of_trends_keeps_its_size() -> None:
    """Planted truth: selection on a covariate that bends trends. Two-way fixed effects are far off on the same data."""
    draws, covered, refused, estimates, two_way = 300, 0, 0, [], []
    truth = None
    for seed in range(draws):
        outcome, cohort, x = draw(1_000 + seed)
        effects = group_time_effects(outcome, cohort, range(5), covariates=lambda place, x=x: x)
        simple = aggregate_effects(effects, "event")
        # mean over events of the planted effects, weighted by the cohorts' shares in the population
        planted = {2: [1.5, 3.0, 4.5], 3: [1.0, 2.0], 4: [0.5]}
        truth = np.mean([np.mean([planted[g][e] for g in planted if e < len(planted[g])]) for e in range(3)])
        estimates.append(simple.overall)
        covered += abs(simple.overall - truth) < 1.96 * simple.overall_std_error
        refused += pre_trend_test(effects).p_value < 0.05
        treated = (np.arange(5) >= cohort[:, None]) & (cohort[:, None] > 0)
        demeaned = [part - part.mean(1, keepdims=True) - part.mean(0) + part.mean() for part in (outcome, treated)]
        two_way.append((demeaned[0] * demeaned[1]).sum() / (demeaned[1] ** 2).sum())
    error = np.std(estimates) / np.sqrt(draws)
    assert abs(np.mean(estimates) - truth) < 4 * error  # four Monte Carlo standard errors
    assert abs(np.mean(two_way) - truth) > 20 * error
    assert 0.92 <= covered / draws <= 0.98  # 0.95 within about 2.5 Monte Carlo standard errors
    assert refused / draws <= 0.09  # 0.05 and three of them


def test_simultaneous_bounds_collapse_and_hold() -> None:
    assert simultaneous_critical_value(np.eye(1), 0.95) == pytest.approx(1.96, abs=0.03)  # simulated: 20 000 draws
    wide = simultaneous_critical_value(np.eye(8), 0.95)
    assert wide == pytest.approx(2.73, abs=0.04)  # independent parts: the root of 0.95 to the 8th
    same = np.ones((3, 3))
    assert simultaneous_critical_value(same, 0.95) == pytest.approx(1.96, abs=0.03)


HOSTILE = [
    ({"outcome": np.zeros((3, 2))}, "shape"),
    ({"cohort": np.array([2, 2, 3, 4])}, "never treated"),
    ({"cohort": np.array([0, 0, 0, 0])}, "treated after the first"),
    ({"cohort": np.array([0, 0, -1, 2])}, "negative"),
    ({"periods": [1, 3, 2]}, "ascending"),
    ({"controls": "later"}, "later"),
    ({"method": "magic"}, "magic"),
    ({"cluster": np.array([1, 2])}, "cluster"),
]


@pytest.mark.parametrize(("change", "message"), HOSTILE)
def test_what_cannot_be_used_is_refused(change: dict, message: str) -> None:
    generator = np.random.default_rng(7)
    given = {"outcome": generator.normal(size=(4, 3)), "cohort": np.array([0, 0, 2, 3]), "periods": [1, 2, 3]} | change
    with pytest.raises(StudyError, match=message):
        group_time_effects(given.pop("outcome"), given.pop("cohort"), given.pop("periods"), **given)


def test_separated_groups_have_a_reason_and_no_number() -> None:
    x = np.arange(40.0)[:, None]
    cell = two_by_two(np.zeros(40), np.arange(40.0), np.arange(40) >= 30, x, method="ipw")
    assert np.isnan(cell.att)
    assert cell.reason is Reason.SEPARATION


# --- the stage ---


@cache
def firms(**options: float) -> tuple[Panel, pd.DataFrame]:
    simulated = simulate_firms(**options)
    panel = se.panel_from_frame(
        simulated.frame, unit="firm", year="year", participant="participant", entry_year="entry_year",
        employed_persons="employed_persons", revenue="revenue",
    )  # fmt: skip
    return panel, simulated.truth


def row(frame: pd.DataFrame, statistic: str, category: str = "overall") -> pd.Series:
    (found,) = frame[(frame["statistic"] == statistic) & (frame["category"] == category)].to_dict("records")
    return pd.Series(found)


def test_the_stage_recovers_what_was_planted() -> None:
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
    assert table.evidence == "effect"
    assert row(frame, "pre_trend")["p_value"] > 0.05
    robust = frame[frame["statistic"] == "att_robust"]
    assert (np.diff(robust["conf_high"] - robust["conf_low"]) > 0).all()
    assert row(frame, "breakdown")["estimate"] > 0
    (safe,) = se.protect([table.named("effect", {"nl": "Effect", "en": "Effect"})])
    assert safe.simulation is not None
    assert (safe.to_frame()["status"] == "shown").all()


def test_trends_that_part_before_entry_take_the_label_away() -> None:
    panel, _ = firms(seed=12, departure=0.06)
    table = se.estimate_effect(panel, outcome="revenue_per_employee", logarithm=True, covariates=["size_class"])
    assert row(table.to_frame(), "pre_trend")["p_value"] < 0.05
    assert table.evidence == "association"


def test_without_regard_to_size_the_change_misleads() -> None:
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


def test_small_cohorts_are_in_no_average_and_do_not_leave() -> None:
    """An average over a cohort of three beside those of the others would give the three away."""
    panel, _ = firms(seed=14)
    frame = panel.to_frame()
    few = frame.loc[frame["entry_year"] == 2016, "be_id"].unique()[3:]
    kept = frame[~frame["be_id"].isin(few)].assign(
        participant=lambda f: f["participant"].astype("float64"), entry_year=lambda f: f["entry_year"].astype("float64")
    )
    smaller = se.panel_from_frame(
        kept, unit="be_id", year="year", participant="participant", entry_year="entry_year",
        employed_persons="employed_persons", revenue="revenue",
    )  # fmt: skip
    without = se.panel_from_frame(
        kept[kept["entry_year"] != 2016], unit="be_id", year="year", participant="participant", entry_year="entry_year",
        employed_persons="employed_persons", revenue="revenue",
    )  # fmt: skip
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
def test_bounds_need_every_year_around_entry(without: str) -> None:
    """A year that is missing gives cohorts other reference years; a late cohort alone has one event after entry."""
    frame = simulate_firms(seed=17).frame
    panel = se.panel_from_frame(
        frame.drop(frame.query(without).index), unit="firm", year="year", participant="participant",
        entry_year="entry_year", employed_persons="employed_persons", revenue="revenue",
    )  # fmt: skip
    found = row(se.estimate_effect(panel, outcome="revenue_per_employee").to_frame(), "breakdown")
    if without.startswith("year"):
        assert np.isnan(found["estimate"])
        assert "not every year around entry" in found["note"]
    else:
        assert found["estimate"] >= 0


def test_without_years_of_entry_the_reason_is_the_result() -> None:
    panel, _ = firms(seed=15)
    frame = panel.to_frame().drop(columns="entry_year")
    unknown = se.panel_from_frame(
        frame.assign(participant=frame["participant"].astype("float64"), entry=np.nan), unit="be_id", year="year",
        participant="participant", entry_year="entry", employed_persons="employed_persons", revenue="revenue",
    )  # fmt: skip
    table = se.estimate_effect(unknown, outcome="revenue_per_employee")
    assert "year of entry is known of no participant" in row(table.to_frame(), "att")["note"]
    assert table.evidence == "association"
    long = se.estimate_effect(unknown, outcome="revenue_per_employee", design="long_difference", method="unadjusted")
    assert row(long.to_frame(), "att", "unadjusted")["n_units"] == 400


TRAINING = {"lsales": (-0.0195155, 29), "lemploy": (0.0374176, 35), "lscrap": (-0.3170579, 19)}  # Wooldridge, ch. 14
PRINTED = 5e-8


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


def test_units_are_chosen_by_their_first_year() -> None:
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
    ({"where": {"size_class": "gigantic"}}, "no unit"),
    ({"method": "magic"}, "magic"),
    ({"design": "long_difference", "method": ["magic"]}, "magic"),
]


@pytest.mark.parametrize(("change", "message"), UNKNOWN)
def test_names_that_are_not_known_are_refused(change: dict, message: str) -> None:
    panel, _ = firms(seed=16)
    with pytest.raises(StudyError, match=message):
        se.estimate_effect(panel, **{"outcome": "revenue_per_employee", **change})


def test_simulated_firms_refuse_what_leaves_nobody() -> None:
    with pytest.raises(StudyError, match="participants"):
        simulate_firms(firms=10, participants=10)
    with pytest.raises(StudyError, match="years"):
        simulate_firms(years=3)

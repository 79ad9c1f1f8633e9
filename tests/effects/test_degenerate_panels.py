"""Panels on which there is little or nothing to compute: a reason, never a plausible wrong number."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest

import si_eval as se
from si_eval.errors import ArgumentError, StudyError
from si_eval.results import Panel
from si_eval.vocabulary import Reason

EFFECT = 5.0
NEAR = 0.6  # three standard errors of the cases below
EXACT = 1e-9
YEARS = range(2013, 2020)


def make(n_never: int = 30, cohorts: dict[int, int] | None = None, noise: float = 0.5, seed: int = 0) -> pd.DataFrame:
    """Make firms by year with a common trend and the effect from entry on."""
    rng = np.random.default_rng(seed)
    sizes = [0] * n_never + [year for year, count in (cohorts or {2016: 30}).items() for _ in range(count)]
    frame = pd.DataFrame([(unit, year) for unit in range(len(sizes)) for year in YEARS], columns=["firm", "year"])
    frame["first"] = frame["firm"].map(dict(enumerate(sizes)))
    frame["part"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    level = pd.Series(rng.normal(50, 5, len(sizes)))
    frame["y"] = frame["firm"].map(level) + 2.0 * (frame["year"] - 2013) + EFFECT * frame["part"]
    frame["y"] += rng.normal(0, noise, len(frame)) if noise else 0.0
    return frame


def panel_of(frame: pd.DataFrame, **names: object) -> Panel:
    columns = {"unit": "firm", "year": "year", "participant": "part", "extra": ["y"], **names}
    return se.panel_from_frame(frame, **columns)


def estimate(frame: pd.DataFrame, names: dict[str, object] | None = None, **options: object) -> pd.DataFrame:
    return se.estimate_effect(panel_of(frame, **(names or {})), outcome="y", **options).to_frame()


def overall(frame: pd.DataFrame, category: str = "overall") -> pd.Series:
    rows = frame[(frame["statistic"] == "att") & (frame["category"] == category) & (frame["year"] == "all")]
    assert len(rows) == 1
    return rows.iloc[0]


def counted(frame: pd.DataFrame, indicator: str = "left_out") -> dict[str, float]:
    rows = frame[frame["indicator"] == indicator]
    return dict(zip(rows["category"], rows["estimate"], strict=True))


def test_participants_without_an_entry_are_left_out_and_counted() -> None:
    frame = make(cohorts={2016: 30, 2017: 30}).assign(part=lambda f: (f["first"] > 0).astype(int))
    frame.loc[frame["first"] == 2017, "first"] = 0
    table = estimate(frame, {"entry_year": "first"})
    assert abs(overall(table)["estimate"] - EFFECT) < NEAR
    assert counted(table) == {Reason.ENTRY_YEAR_UNKNOWN.note: 30}


def test_units_first_seen_after_their_own_entry_are_in_no_share_of_a_cohort() -> None:
    """Twice the effect in 2017; half of its units are first seen later, and must not make that cohort weigh more."""
    frame = make(cohorts={2016: 30, 2017: 60})
    frame.loc[(frame["first"] == 2017) & (frame["part"] == 1), "y"] += EFFECT
    late = frame["firm"].between(60, 89) & (frame["year"] < 2018)
    table = estimate(frame[~late], {"entry_year": "first"})
    assert counted(table) == {Reason.NOT_SEEN_BEFORE_ENTRY.note: 30}
    assert overall(table)["estimate"] == pytest.approx(1.5 * EFFECT, abs=NEAR)
    without = estimate(frame[~frame["firm"].between(60, 89)], {"entry_year": "first"})
    assert overall(table)["estimate"] == pytest.approx(overall(without)["estimate"], rel=EXACT)


def test_units_that_enter_after_the_last_year_are_no_never_treated() -> None:
    frame = make(cohorts={2016: 30, 2025: 20})
    table = estimate(frame, {"entry_year": "first"})
    assert overall(table)["n_units"] == 30
    assert counted(table) == {Reason.TREATED_AFTER_END.note: 20}
    assert overall(estimate(frame[frame["first"] > 0], {"entry_year": "first"}, controls="not_yet"))["n_units"] == 20


def test_leaving_is_a_row() -> None:
    frame = make()
    frame.loc[frame["firm"].between(30, 41) & (frame["year"] == 2019), "part"] = 0
    assert counted(estimate(frame), "participation_ended") == {Reason.STOPPED_TAKING_PART.note: 12}
    long = estimate(frame, design="long_difference", years=[2013, 2019])
    assert counted(long, "participation_ended") == {Reason.STOPPED_TAKING_PART.note: 12}


def test_a_unit_that_is_not_known_never_to_take_part_is_no_control() -> None:
    frame = make(n_never=40)
    frame["part"] = frame["part"].where((frame["firm"] >= 10) | (frame["year"] != 2019))
    assert estimate(frame).query("statistic == 'att'")["n_units"].max() == 30


@cache
def in_calendar_years(controls: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = make(cohorts={2016: 30, 2018: 20})
    return frame, estimate(frame, controls=controls)


@pytest.mark.parametrize("shift", [2016, 2013, 2017, 2012, 5000, -3000])
@pytest.mark.parametrize("controls", ["never", "not_yet"])
def test_years_may_be_event_time(shift: int, controls: str) -> None:
    frame, expected = in_calendar_years(controls)
    found = estimate(frame.assign(year=frame["year"] - shift), controls=controls)
    numbers = ["estimate", "std_error", "conf_low", "conf_high", "p_value", "n_units"]
    np.testing.assert_allclose(found[numbers].astype(float), expected[numbers].astype(float), rtol=EXACT)
    assert overall(found, f"cohort {2016 - shift}")["estimate"] == pytest.approx(EFFECT, abs=NEAR)
    assert set(found["year"].astype(str)) - {"all"} == {
        str(int(year) - shift) for year in expected["year"] if year != "all"
    }


def test_the_order_of_rows_and_the_index_do_not_matter() -> None:
    frame = make(cohorts={2016: 30, 2018: 20}).assign(
        group=lambda f: "g" + (f["firm"] // 3 + (f["year"] > 2017)).astype(str)
    )
    options = {"cluster": "holding"}
    expected = estimate(frame, {"group": "group"}, **options)
    shuffled = estimate(frame.sample(frac=1, random_state=5), {"group": "group"}, **options)
    numbers = ["estimate", "std_error", "n_units"]
    np.testing.assert_allclose(shuffled[numbers].astype(float), expected[numbers].astype(float), rtol=EXACT)


CLUSTERS: dict[str, Callable[[pd.DataFrame], object]] = {
    "one": lambda f: "H",
    "one a side": lambda f: np.where(f["first"] > 0, "A", "B"),
    "two across": lambda f: np.where(f["firm"] % 2, "A", "B"),
    "four across": lambda f: (f["firm"] % 4).astype(str),
    "one for the treated": lambda f: np.where(f["first"] > 0, "A", f["firm"].astype(str)),
    "one for the controls": lambda f: np.where(f["first"] > 0, f["firm"].astype(str), "B"),
}


@pytest.mark.parametrize("name", CLUSTERS)
def test_too_few_clusters_give_no_standard_error(name: str) -> None:
    frame = make().assign(group=CLUSTERS[name])
    table = estimate(frame, {"group": "group"}, cluster="holding")
    row = overall(table)
    assert abs(row["estimate"] - EFFECT) < NEAR
    assert row[["std_error", "conf_low", "conf_high", "p_value"]].isna().all()
    assert row["note"] == Reason.TOO_FEW_CLUSTERS.note
    assert table.query("statistic == 'minimum_detectable_effect'")["estimate"].isna().all()
    assert not table.query("statistic == 'pre_trend'")["p_value"].notna().any()


def test_a_cohort_of_one_cluster_takes_only_its_own_averages_along() -> None:
    frame = make(cohorts={2016: 30, 2018: 30})
    frame["group"] = np.where(frame["first"] == 2018, "A", frame["firm"].astype(str))
    table = estimate(frame, {"group": "group"}, cluster="holding")
    assert overall(table, "cohort 2016")["std_error"] > 0
    assert overall(table, "+3")["std_error"] > 0
    for category in ("cohort 2018", "overall", "+0"):
        assert np.isnan(overall(table, category)["std_error"])
        assert overall(table, category)["note"] == Reason.TOO_FEW_CLUSTERS.note


@pytest.mark.parametrize("names", [{}, {"group": "group"}])
def test_clusters_that_are_not_there_are_refused(names: dict[str, object]) -> None:
    with pytest.raises(ArgumentError, match="cluster: found 'holding'"):
        estimate(make().assign(group=None), names, cluster="holding")


CONSTANT: dict[str, Callable[[pd.DataFrame], object]] = {
    "zero": lambda f: 0.0,
    "a third": lambda f: 1 / 3,
    "a tenth, summed": lambda f: np.where(f["firm"] % 2, 0.3, 0.1 + 0.2),
    "large": lambda f: 1e9 + 1 / 3,
    "a level of each firm": lambda f: f["firm"] / 7,
}
DESIGNS = [{}, {"method": "reg"}, {"design": "long_difference", "years": [2013, 2019], "method": "unadjusted"}]


@pytest.mark.parametrize("name", CONSTANT)
@pytest.mark.parametrize("options", DESIGNS, ids=["dr", "reg", "long difference"])
def test_an_outcome_that_does_not_change_has_no_effect_and_no_error(name: str, options: dict[str, object]) -> None:
    table = estimate(make().assign(y=CONSTANT[name]), **options)
    row = overall(table, "unadjusted" if "design" in options else "overall")
    assert row["estimate"] == 0
    assert row[["std_error", "conf_low", "conf_high", "p_value"]].isna().all()
    assert row["note"] == Reason.NO_VARIANCE.note
    assert not np.isinf(table.select_dtypes("number")).any(axis=None)


@pytest.mark.parametrize("options", DESIGNS, ids=["dr", "reg", "long difference"])
def test_an_effect_without_noise_has_no_error(options: dict[str, object]) -> None:
    row = overall(estimate(make(noise=0.0), **options), "unadjusted" if "design" in options else "overall")
    assert row["estimate"] == pytest.approx(EFFECT, rel=EXACT)
    assert np.isnan(row["std_error"])
    assert row["note"] == Reason.NO_VARIANCE.note


def test_all_adjustments_of_an_outcome_without_noise_have_no_error() -> None:
    frame = make(noise=0.0, cohorts={2016: 40}).assign(x=lambda f: (f["firm"] * 37 % 11) / 7)
    table = estimate(frame, {"extra": ["y", "x"]}, design="long_difference", covariates=["x"])
    rows = table[table["statistic"] == "att"]
    np.testing.assert_allclose(rows["estimate"].astype(float), EFFECT, rtol=EXACT)
    assert rows["std_error"].isna().all()
    assert set(rows["note"]) == {Reason.NO_VARIANCE.note}


NOTHING: dict[str, tuple[dict[str, object], dict[str, object], Reason]] = {
    "one treated": ({"cohorts": {2016: 1}}, {"min_units": 1}, Reason.TOO_FEW_IN_EVERY_COHORT),
    "one control": ({"n_never": 1}, {"min_units": 1}, Reason.TOO_FEW_IN_EVERY_COHORT),
    "everybody treated": ({"n_never": 0}, {}, Reason.NO_NEVER_TREATED),
    "everybody at once": ({"n_never": 0}, {"controls": "not_yet"}, Reason.TOO_FEW_IN_EVERY_COHORT),
    "nobody treated": ({"cohorts": {0: 5}}, {}, Reason.NO_GROUP),
    "all from the start": ({"cohorts": {2013: 30}}, {}, Reason.NO_ENTRY_AFTER_START),
    "anticipation of everything": ({}, {"anticipation": 6}, Reason.NO_ENTRY_AFTER_START),
    "one treated, long": ({"cohorts": {2016: 1}}, {"design": "long_difference", "min_units": 1}, Reason.TOO_FEW_UNITS),
    "everybody treated, long": ({"n_never": 0}, {"design": "long_difference"}, Reason.TOO_FEW_UNITS),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_to_compare_is_a_row_with_a_reason(name: str) -> None:
    how, options, reason = NOTHING[name]
    table = estimate(make(**how), **options)
    rows = table[table["statistic"] == "att"]
    assert len(rows)
    assert rows["estimate"].isna().all()
    assert set(rows["note"]) == {reason.note}


LOST: dict[str, tuple[Callable[[pd.DataFrame], pd.Series], dict[str, object]]] = {
    "no outcome": (lambda f: f["y"] * np.nan, {}),
    "no outcome before": (lambda f: f["y"].where(f["year"] > 2016), {}),
    "no logarithm": (lambda f: -f["y"], {"logarithm": True}),
}


@pytest.mark.parametrize("name", LOST)
def test_participants_that_are_all_left_out_are_counted_by_reason(name: str) -> None:
    change, options = LOST[name]
    table = estimate(make().assign(y=change), **options)
    assert overall(table)["note"] == Reason.NO_TREATED_LEFT.note
    assert table.query("indicator == 'left_out' and group == 'participant'")["estimate"].sum() == 30


def test_collinear_covariates_are_the_reason() -> None:
    frame = make().assign(c=lambda f: f["firm"] * 1.0, d=lambda f: f["firm"] * 2.0)
    table = estimate(frame, {"extra": ["y", "c", "d"]}, covariates=["c", "d"], method="reg")
    assert overall(table)["note"] == Reason.COLLINEAR_AMONG_CONTROLS.note


@pytest.mark.parametrize("scale", [1e300, 1e-300])
@pytest.mark.parametrize("design", ["staggered", "long_difference"])
def test_outcomes_whose_squares_are_no_numbers_are_refused(scale: float, design: str) -> None:
    with pytest.raises(StudyError, match="outcome: found values of up to"):
        estimate(make().assign(y=lambda f: f["y"] * scale), design=design)


@pytest.mark.parametrize("value", [1 / 3, 0.1, np.nan])
def test_covariates_that_say_nothing_change_nothing_or_give_a_reason(value: float) -> None:
    frame = make().assign(x=value)
    staggered = estimate(frame, {"extra": ["y", "x"]}, covariates=["x"])
    long = estimate(frame, {"extra": ["y", "x"]}, covariates=["x"], design="long_difference", method="regression")
    if np.isnan(value):
        assert overall(staggered)["note"] == Reason.TOO_FEW_IN_EVERY_COHORT.note
        assert overall(long, "regression")["note"] == Reason.TOO_FEW_UNITS.note
    else:
        assert overall(staggered)["estimate"] == overall(estimate(frame))["estimate"]
        assert overall(long, "regression")["note"] == Reason.CONSTANT_COVARIATE.note


WRONG = {
    "level": 95, "level ": 1, "level  ": 0.0, "level   ": np.nan, "level    ": "0.95", "level     ": 0.5,
    "design": "did",
    "controls": "all", "anticipation": -1, "anticipation ": 1.5, "anticipation  ": True, "cluster": "firm",
    "min_units": 0, "min_units ": 2.5, "seed": -1, "seed ": "a", "seed  ": None, "logarithm": 1, "logarithm ": "yes",
    "covariates": ["nothing"], "covariates ": ["be_id"], "covariates  ": ["y", "y"], "covariates   ": 3,
    "covariates    ": ["participant"], "covariates     ": ["year"], "method": "ols", "method ": ["dr"], "method  ": 1,
    "years": [1999, 2015], "years ": "2014", "years  ": 2014, "years   ": [], "years    ": [2015],
    "years     ": [2014.5, 2015], "where": {"nothing": 1}, "where ": {"size_class": "10_49"}, "where  ": {"y": [None]},
    "where   ": {"be_id": 3}, "where    ": {"year": 2015}, "where     ": "y", "outcome": "z", "outcome ": ["y"],
    "outcome  ": None,
}  # fmt: skip
UNUSED = {"cluster": "holding", "controls": "not_yet", "anticipation": 1, "seed": 3, "method": "dr", "method ": []}


@pytest.fixture(scope="module")
def panel() -> Panel:
    return panel_of(make())


@pytest.mark.parametrize("name", WRONG)
def test_every_argument_is_checked_by_name(name: str, panel: Panel) -> None:
    with pytest.raises(ArgumentError, match=f"^{name.strip()}") as raised:
        se.estimate_effect(panel, **{"outcome": "y", name.strip(): WRONG[name]})
    assert len(raised.value.problems) == 1


@pytest.mark.parametrize("name", UNUSED)
def test_an_option_that_a_long_difference_does_not_use_is_refused(name: str, panel: Panel) -> None:
    with pytest.raises(ArgumentError, match=f"^{name.strip()}"):
        se.estimate_effect(panel, outcome="y", design="long_difference", **{name.strip(): UNUSED[name]})


def test_all_problems_are_told_at_once_and_no_panel_is_one(panel: Panel) -> None:
    with pytest.raises(ArgumentError) as raised:
        se.estimate_effect(panel, outcome="z", level=95, years=[1999], cluster="holding", design="long_difference")
    assert len(raised.value.problems) == 4
    with pytest.raises(ArgumentError, match="panel"):
        se.estimate_effect(make(), outcome="y")
    with pytest.raises(ArgumentError, match="panel: found 1 year"):
        se.estimate_effect(panel_of(make().query("year == 2015")), outcome="y")

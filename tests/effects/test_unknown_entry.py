"""Effects when the year of entry is not known: possible years of entry, and participants at the same first level."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import si_eval as se
from si_eval.effects.long_difference import estimate_long_difference
from si_eval.effects.panel_arrays import NEVER_TREATED, UNKNOWN_ENTRY, PanelArrays
from si_eval.errors import ArgumentError
from si_eval.results import Panel
from si_eval.vocabulary import Reason

SAME_FORMULA = 1e-9  # relative: the same closed form by another way
INFERENCE = ["estimate", "std_error", "conf_low", "conf_high", "p_value", "n_units"]
YEARS = tuple(range(2014, 2020))


def frame_of(outcome: np.ndarray, entry: np.ndarray, **columns: np.ndarray) -> pd.DataFrame:
    rows = pd.DataFrame({"y": outcome.ravel(), "firm": np.repeat(np.arange(len(entry)), len(YEARS))})
    rows["year"] = np.tile(YEARS, len(entry))
    more = {name: np.repeat(values, len(YEARS)) for name, values in columns.items()}
    return rows.assign(part=np.repeat((entry > 0).astype(int), len(YEARS)), entry=np.nan, **more)


def panel_of(frame: pd.DataFrame) -> Panel:
    extra = [name for name in ("y", "start", "x") if name in frame]
    return se.panel_from_frame(frame, unit="firm", year="year", participant="part", entry_year="entry", extra=extra)


def draw(seed: int, effect: float = 0.1, firms: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Log outcomes with an effect from an entry of 2015 to 2018 that nobody wrote down."""
    rng = np.random.default_rng([81, seed])
    entry = np.where(np.arange(firms) < firms // 4, rng.integers(2015, 2019, firms), 0)
    noise = 0.2 * rng.normal(size=(firms, len(YEARS)))
    return rng.normal(size=(firms, 1)) + noise + effect * (
        (entry > 0)[:, None] & (np.array(YEARS) >= entry[:, None])
    ), entry


def rows_of(panel: Panel, **options: object) -> pd.DataFrame:
    return se.estimate_effect(panel, outcome="y", design="long_difference", **options).to_frame(language="en")


@pytest.mark.parametrize("covariates", [(), ("x",)])
def test_each_possible_year_is_a_long_difference_since_the_year_before(covariates: tuple[str, ...]) -> None:
    outcome, entry = draw(1)
    panel = panel_of(frame_of(outcome, entry, x=np.random.default_rng(2).normal(size=300)))
    method = "regression" if covariates else "unadjusted"
    table = rows_of(panel, method=method, covariates=covariates, earliest_entry=2015, years=[2014, 2019])
    found = table[table["statistic"] == "att_entry"].set_index("category")
    assert found.index.tolist() == [f"entry in {year}" for year in range(2015, 2020)]
    for year in range(2015, 2020):
        alone = rows_of(panel, method=method, covariates=covariates, years=[year - 1, 2019])
        expected = alone[alone["statistic"] == "att"].iloc[0]
        values = found.loc[f"entry in {year}", INFERENCE].to_numpy(float)
        same = expected[INFERENCE].to_numpy(float)
        places = slice(None) if covariates else [0, 2, 3, 4, 5]  # without covariates the error in the row is Welch's
        np.testing.assert_allclose(values[places], same[places], rtol=SAME_FORMULA)
    (bounds,) = table[table["statistic"] == "att_entry_bounds"].to_dict("records")
    assert bounds["conf_low"] == pytest.approx(found["conf_low"].min(), rel=SAME_FORMULA)
    assert bounds["conf_high"] == pytest.approx(found["conf_high"].max(), rel=SAME_FORMULA)
    assert bounds["note"] == Reason.ENTRY_TELLS_NOTHING.text("en")
    assert set(found["note"]) == {Reason.AS_IF_ENTERED.text("en")}


def test_earliest_years_by_project_are_weighed_by_their_participants() -> None:
    outcome, entry = draw(3)
    start = np.where(np.arange(300) % 3 == 0, 2015, 2017).astype(float)
    table = rows_of(panel_of(frame_of(outcome, entry, start=start)), method="unadjusted", earliest_entry="start")
    found = table[table["statistic"] == "att_entry"].set_index("category")["estimate"]
    for delay in range(3):
        gaps, sizes = [], []
        for year in (2015, 2017):
            change = outcome[:, -1] - outcome[:, YEARS.index(year + delay) - 1]
            mine = (entry > 0) & (start == year)
            gaps.append(change[mine].mean() - change[entry == 0].mean())
            sizes.append(mine.sum())
        expected = np.average(gaps, weights=sizes)
        assert found[f"entry {delay} years after the earliest"] == pytest.approx(expected, rel=SAME_FORMULA)


def test_the_bounds_hold_the_effect_whenever_firms_entered() -> None:
    """Entry in any of four years, which tells nothing else of a firm: a single base year does not cover, bounds do."""
    held, late = 0, 0
    for seed in range(200):
        outcome, entry = draw(100 + seed)
        cohort = np.where(entry > 0, UNKNOWN_ENTRY, NEVER_TREATED)
        arrays = PanelArrays(np.arange(300), outcome, cohort, YEARS, None, {}, {}, earliest=np.full(300, 2015.0))
        estimates = estimate_long_difference(arrays, [], 10).estimates
        (bounds,) = [estimate for estimate in estimates if estimate.statistic == "att_entry_bounds"]
        (middle,) = [estimate for estimate in estimates if "2017" in estimate.category]
        held += bounds.low < 0.1 < bounds.high
        late += abs(middle.estimate - 0.1) < 1.96 * middle.corrected_error
    assert held / 200 >= 0.95
    assert late / 200 < 0.8


def test_at_the_same_first_level_is_the_regression_on_it() -> None:
    """The effect with the prediction of the others, by least squares on the first level and the covariate."""
    outcome, entry = draw(4)
    x = np.random.default_rng(5).normal(size=300)
    for covariates, design in (((), np.column_stack([np.ones(300), outcome[:, 0]])),
                               (("x",), np.column_stack([np.ones(300), outcome[:, 0], x]))):  # fmt: skip
        table = rows_of(panel_of(frame_of(outcome, entry, x=x)), method="lagged_outcome", covariates=covariates)
        (found,) = table[table["statistic"] == "att"].to_dict("records")
        change, treated = outcome[:, -1] - outcome[:, 0], entry > 0
        slope = np.linalg.lstsq(design[~treated], change[~treated], rcond=None)[0]
        assert found["estimate"] == pytest.approx((change - design @ slope)[treated].mean(), rel=SAME_FORMULA)
        assert found["note"] == Reason.LEVELS_ALIKE.text("en")


def test_selection_on_a_low_first_level_misleads_changes_and_not_equal_levels() -> None:
    """Levels return to their mean: those that joined when low rise anyway, and the truth is no effect."""
    covered = {"unadjusted": 0, "lagged_outcome": 0}
    for seed in range(200):
        rng = np.random.default_rng([82, seed])
        level = rng.normal(size=400)
        outcome = np.column_stack([level, *(0.3 * level[:, None] + rng.normal(size=(400, 5))).T])
        cohort = np.where(level + rng.normal(size=400) < -0.7, UNKNOWN_ENTRY, NEVER_TREATED)
        arrays = PanelArrays(np.arange(400), outcome, cohort, YEARS, None, {}, {})
        for estimate in estimate_long_difference(arrays, list(covered), 10).estimates[:2]:
            error = estimate.corrected_error if np.isfinite(estimate.corrected_error) else estimate.std_error
            covered[estimate.category] += abs(estimate.estimate) < 1.97 * error
    assert covered["unadjusted"] / 200 < 0.2
    assert 0.91 <= covered["lagged_outcome"] / 200 <= 0.985  # 0.95 with 2.75 simulation errors


REASONS = {
    Reason.EARLIEST_UNKNOWN: (np.nan, np.nan),
    Reason.EVERY_ENTRY_KNOWN: (2015.0, 2016.0),
    Reason.TOO_FEW_UNITS: (2015.0, np.nan),
}


@pytest.mark.parametrize("reason", REASONS)
def test_what_cannot_be_bounded_is_a_row_with_the_reason(reason: Reason) -> None:
    start, entered = REASONS[reason]
    outcome, entry = draw(6)
    few = entry if reason is not Reason.TOO_FEW_UNITS else np.where(np.arange(300) < 5, entry, 0)
    frame = frame_of(outcome, few, start=np.full(300, start)).assign(
        entry=lambda f: np.where(f["part"] == 1, entered, np.nan)
    )
    if reason is Reason.EVERY_ENTRY_KNOWN:
        frame["part"] = (frame["year"] >= frame["entry"]).astype(int)
    table = rows_of(panel_of(frame), method="unadjusted", earliest_entry="start")
    (bounds,) = table[table["statistic"] == "att_entry_bounds"].to_dict("records")
    assert np.isnan(bounds["estimate"])
    assert bounds["note"] == reason.text("en")


def test_earliest_years_are_of_designs_that_use_them_and_a_year_or_a_column() -> None:
    panel = panel_of(frame_of(*draw(7)))
    for wrong in ("nothing", 2015.5, True, [2015]):
        with pytest.raises(ArgumentError, match="earliest_entry"):
            rows_of(panel, earliest_entry=wrong)
    with pytest.raises(ArgumentError, match="earliest_entry"):
        se.estimate_effect(panel, outcome="y", design="twfe", earliest_entry=2015)

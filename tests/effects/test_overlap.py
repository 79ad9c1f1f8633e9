"""Participants that no effect rests on, though they have outcomes: counted by reason, the rest is estimated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import si_eval as se
from si_eval.effects.two_by_two import has_counterpart

SAME_UNITS = 1e-9  # the same estimate on the same units
ARGUMENTS = {"outcome": "revenue", "covariates": ["sector", "score"], "weights": "counts_for", "min_units": 5}
NOBODY_ALIKE, NO_SCORE, NO_WEIGHT = 6, 3, 4


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Firms of which some participants have no other in their sector, no score, or count for nothing."""
    frame = se.simulate_firms(firms=240, participants=80, years=5, seed=3).frame
    joins = frame.loc[frame["entry_year"].notna(), "firm"].unique()
    alike, scored, weighted = np.split(joins[: NOBODY_ALIKE + NO_SCORE + NO_WEIGHT], [6, 9])
    return frame.assign(
        sector=np.where(frame["firm"].isin(alike), "rare", np.where(frame["firm"] % 2, "odd", "even")),
        score=(frame["firm"] % 7).where(~frame["firm"].isin(scored)).astype("float64"),
        counts_for=np.where(frame["firm"].isin(weighted), 0.0, 1.0 + frame["firm"] % 3),
    )


@pytest.mark.parametrize("design", [{}, {"design": "two_by_two"}, {"design": "long_difference"}], ids=str)
def test_participants_without_a_counterpart_are_counted_and_the_others_estimated(
    frame: pd.DataFrame, design: dict[str, Any]
) -> None:
    whole = estimate(frame, design)
    counts = whole[whole["statistic"] == "count"].set_index("category")["estimate"]
    assert counts["no other firm in the same class of a covariate"] == NOBODY_ALIKE
    assert counts["without covariates"] == NO_SCORE
    assert counts["without a weight in the base year"] == NO_WEIGHT
    kept = frame[(frame["sector"] != "rare") & frame["score"].notna() & (frame["counts_for"] > 0)]
    alone = estimate(kept, design)
    keys = ["statistic", "category", "year"]
    rows = whole[whole["statistic"] != "count"].merge(alone, on=keys, suffixes=("", "_alone"), validate="1:1")
    assert rows["estimate"].notna().sum() > (1 if design else 10)
    for column in ("estimate", "std_error", "conf_low", "n_units"):
        np.testing.assert_allclose(rows[column], rows[column + "_alone"], rtol=SAME_UNITS, err_msg=column)


def estimate(frame: pd.DataFrame, design: dict[str, Any]) -> pd.DataFrame:
    panel = se.panel_from_frame(
        frame, unit="firm", year="year", participant="participant", entry_year="entry_year", revenue="revenue",
        employed_persons="employed_persons", sector="sector", extra=["score", "counts_for"],
    )  # fmt: skip
    return se.estimate_effect(panel, **ARGUMENTS, **design).to_frame("en")


def test_counterparts_are_looked_for_until_nobody_is_left_alone() -> None:
    design = np.array([[1, 0], [1, 0], [0, 0], [0, 1], [0, 1], [0, 0.0]])
    treated = np.array([True, True, True, False, False, False])
    # the classes of the first column are among the treated alone, those of the second among the others
    assert has_counterpart(design, treated).tolist() == [False, False, True, False, False, True]
    assert has_counterpart(np.array([[0.5], [0.7], [0.1]]), np.array([True, False, False])).all()
    assert has_counterpart(np.array([[1.0], [0.0]]), np.array([True, True])).all()

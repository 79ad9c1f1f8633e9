"""Weights and matches that make others comparable, against published figures, brute force and planted truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from causaldata import cps_mixtape, nsw_mixtape

from si_eval.effects.matching import match_nearest, matched_effect
from si_eval.effects.weighting import balanced_effect, entropy_balance
from si_eval.errors import StudyError
from si_eval.vocabulary import Reason

PRINTED = 0.005  # printed to two decimals
PRINTED_ONE = 0.05
EXACT = 1e-12  # the same additions


def training() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """The trained of the NSW experiment beside households of the population survey (Cunningham, Mixtape)."""
    trained, survey = nsw_mixtape.load_pandas().data, cps_mixtape.load_pandas().data
    frame = pd.concat([trained[trained["treat"] == 1], survey], ignore_index=True)
    names = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]
    none = np.column_stack([frame["re74"] == 0, frame["re75"] == 0])
    return frame, np.column_stack([frame[names], none]).astype(float), (frame["treat"] == 1).to_numpy()


def test_entropy_weights_of_the_training_example() -> None:
    frame, covariates, treated = training()
    outcome = frame["re78"].to_numpy()
    assert outcome[treated].mean() - outcome[~treated].mean() == pytest.approx(-8497.516, abs=PRINTED)
    weights = entropy_balance(covariates, treated)
    assert weights.converged
    assert weights.effective_size == pytest.approx(268.8, abs=PRINTED_ONE)
    assert weights.largest_gap < 1e-6
    assert weights.weights.sum() == pytest.approx(1, abs=EXACT)
    effect = balanced_effect(outcome, covariates, treated, weights.weights)
    assert effect.estimate == pytest.approx(1406.30, abs=PRINTED)


def test_weights_that_cannot_be_are_not_given() -> None:
    covariates, treated = np.r_[np.zeros(20), np.ones(5)][:, None], np.arange(25) >= 20
    weights = entropy_balance(covariates, treated)
    assert not weights.converged
    assert np.isnan(weights.weights).all()
    assert weights.reason is Reason.NO_BALANCING_WEIGHTS


def test_groups_that_are_alike_keep_even_weights() -> None:
    x = np.tile(np.random.default_rng(1).normal(size=(30, 2)), (2, 1))
    weights = entropy_balance(x, np.arange(60) < 30)
    np.testing.assert_allclose(weights.weights, 1 / 30, atol=1e-7)


@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize("caliper", [None, 0.05])
@pytest.mark.parametrize("cells", [1, 4])
def test_matches_are_those_of_a_loop_over_all_pairs(ratio: int, caliper: float | None, cells: int) -> None:
    generator = np.random.default_rng(ratio + cells)
    score, treated = generator.normal(size=200), generator.random(200) < 0.2
    exact = generator.integers(0, cells, 200)
    matched = match_nearest(score, treated, exact=exact, ratio=ratio, caliper=caliper)
    spread = np.sqrt((score[treated].var(ddof=1) + score[~treated].var(ddof=1)) / 2)
    expected, without = set(), []
    for row in np.flatnonzero(treated):
        others = np.flatnonzero(~treated & (exact == exact[row]))
        nearest = others[np.argsort(np.abs(score[others] - score[row]))][:ratio]
        if len(nearest) < ratio or (caliper and np.abs(score[nearest[-1]] - score[row]) > caliper * spread):
            without.append(row)
        else:
            expected |= {(int(row), int(control)) for control in nearest}
    assert set(zip(matched.treated.tolist(), matched.control.tolist(), strict=True)) == expected
    assert matched.unmatched.tolist() == without
    assert len(matched.reasons) == len(without)
    np.testing.assert_array_equal(matched.used, np.bincount(matched.control, minlength=200))


def test_equal_scores_do_not_send_everyone_to_the_same_control() -> None:
    treated = np.arange(1_000) < 100
    matched = match_nearest(np.zeros(1_000), treated)
    assert (matched.used > 0).sum() > 80
    np.testing.assert_array_equal(matched.control, match_nearest(np.zeros(1_000), treated).control)


def test_scores_that_are_missing_are_refused() -> None:
    with pytest.raises(StudyError, match="1 missing"):
        match_nearest(np.array([0.0, np.nan, 1.0, 2.0]), np.array([True, True, False, False]))


@pytest.mark.parametrize("way", ["weights", "matches"])
def test_intervals_cover_what_was_planted(way: str) -> None:
    """Selection on a covariate that moves the outcome: the plain difference is far off, both ways cover."""
    draws, covered, plain = 300, 0, []
    for seed in range(draws):
        generator = np.random.default_rng(seed)
        x = generator.normal(size=600)
        treated = generator.random(600) < 1 / (1 + np.exp(1.5 - x))
        outcome = x + 0.5 * treated + generator.normal(size=600)
        if way == "weights":
            weights = entropy_balance(x[:, None], treated)
            effect = balanced_effect(outcome, x[:, None], treated, weights.weights)
        else:
            effect = matched_effect(match_nearest(x, treated), outcome, x, treated)
        plain.append(outcome[treated].mean() - outcome[~treated].mean())
        covered += abs(effect.estimate - 0.5) < 1.96 * effect.std_error
    assert np.mean(plain) > 1.0
    assert 0.92 <= covered / draws <= 0.98  # 0.95 within about 2.5 Monte Carlo standard errors

"""Intervals of matching and weighting cover an effect that was planted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from si_eval.effects.coarsening import coarsened_exact, stratified_effect
from si_eval.effects.matching import match_nearest, matched_effect
from si_eval.effects.propensity import fit_logit
from si_eval.effects.weighting import (
    Effect,
    balanced_effect,
    entropy_balance,
    inverse_probability,
    weighted_effect,
)

DRAWS = 400
COVERS = (0.92, 0.98)  # 0.95 with 2.75 simulation errors of 400 draws
Sample = tuple[np.ndarray, np.ndarray, np.ndarray]  # covariates, who is treated, outcome


def by_matching(x: np.ndarray, treated: np.ndarray, outcome: np.ndarray, **options: Any) -> Effect:
    score = x @ [0.8, 0.5]
    return matched_effect(match_nearest(score, treated, **options), outcome, score, treated, covariates=x)


def by_pairs(x: np.ndarray, treated: np.ndarray, outcome: np.ndarray) -> Effect:
    return by_matching(x, treated, outcome, replace=False, caliper=0.1)


def by_entropy(x: np.ndarray, treated: np.ndarray, outcome: np.ndarray) -> Effect:
    return weighted_effect(outcome, treated, entropy_balance(x, treated))


def by_odds(x: np.ndarray, treated: np.ndarray, outcome: np.ndarray) -> Effect:
    weights = inverse_probability(fit_logit(x, treated).fitted, treated, covariates=x)
    return weighted_effect(outcome, treated, weights)


def by_strata(x: np.ndarray, treated: np.ndarray, outcome: np.ndarray) -> Effect:
    cells = np.column_stack([np.digitize(x[:, 0], np.linspace(-3, 3, 25)), x[:, 1]]).astype(int)
    return stratified_effect(coarsened_exact(cells, treated), outcome, treated)


@pytest.mark.parametrize("effect", [0.0, 0.5])
@pytest.mark.parametrize("estimator", [by_matching, by_pairs, by_entropy, by_odds, by_strata])
def test_intervals_cover_the_planted_effect(
    units: Callable[..., Sample], estimator: Callable[..., Effect], effect: float
) -> None:
    """Selection on covariates that move the outcome; without an effect this is the size of the test."""
    plain, estimates, covered = [], [], 0
    for seed in range(DRAWS):
        x, treated, outcome = units(seed, n=500, effect=effect)
        found = estimator(x, treated, outcome)
        plain.append(outcome[treated].mean() - outcome[~treated].mean())
        estimates.append(found.estimate)
        covered += abs(found.estimate - effect) < 1.96 * found.std_error
    assert np.mean(plain) - effect > 0.5
    assert abs(np.mean(estimates) - effect) < 0.03
    assert COVERS[0] <= covered / DRAWS <= COVERS[1]


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

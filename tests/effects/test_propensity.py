"""The logit against statsmodels, and where it has no maximum."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import special

from si_eval.effects.propensity import fit_logit, with_constant
from si_eval.vocabulary import Reason

SAME_MAXIMUM = 1e-8  # two Newton iterations for one likelihood
EXACT = 1e-10  # the same sums in another order
Sample = tuple[np.ndarray, np.ndarray, np.ndarray]  # covariates, who is treated, outcome
NEWTON = 1e-8  # two Newton iterations that stop at different rules


@pytest.mark.parametrize("weighted", [False, True])
def test_the_logit_is_that_of_statsmodels(units: Callable[..., Sample], weighted: bool) -> None:
    x, treated, _ = units(1)
    x = x * [1e6, 1.0] + [5e6, 0.0]  # euro beside a share
    weights = np.random.default_rng(2).integers(1, 4, len(x)) if weighted else np.ones(len(x), dtype=int)
    ours = fit_logit(x, treated, weights=weights.astype(float))
    scale = np.array([1.0, 1e6, 1.0])
    theirs = sm.Logit(
        np.repeat(treated, weights).astype(float), np.repeat(sm.add_constant(x) / scale, weights, axis=0)
    ).fit(disp=0, method="newton", tol=1e-14)
    np.testing.assert_allclose(ours.coefficients * scale, theirs.params, rtol=SAME_MAXIMUM)
    np.testing.assert_allclose(ours.covariance * np.outer(scale, scale), theirs.cov_params(), rtol=1e-6)
    np.testing.assert_allclose(ours.fitted, special.expit(sm.add_constant(x) @ ours.coefficients), rtol=EXACT)


def test_a_firm_far_from_the_others_is_no_separation(units: Callable[..., Sample]) -> None:
    x, treated, _ = units(3)
    x[0, 0], treated[0] = 80.0, True
    ours = fit_logit(x, treated)
    assert ours.converged
    theirs = sm.Logit(treated.astype(float), sm.add_constant(x)).fit(disp=0, tol=1e-14)
    np.testing.assert_allclose(ours.coefficients, theirs.params, rtol=SAME_MAXIMUM)


def separating(x: np.ndarray, treated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.column_stack([x, treated * 2.0 + x[:, 1]]), treated


def nearly_separating(x: np.ndarray, treated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.column_stack([x, treated & (x[:, 0] > 0)]).astype(float), treated


LOGITS_WITHOUT_FIT: list[tuple[Callable[..., tuple[np.ndarray, np.ndarray]], Reason]] = [
    (separating, Reason.SEPARATION),
    (nearly_separating, Reason.SEPARATION),
    (lambda x, treated: (np.column_stack([x, x.sum(axis=1)]), treated), Reason.COLLINEAR_COVARIATES),
    (lambda x, treated: (np.column_stack([x, np.full(len(x), 0.1)]), treated), Reason.CONSTANT_COVARIATE),
    (lambda x, treated: (x, np.ones(len(x), dtype=bool)), Reason.NO_GROUP),
    (lambda x, treated: (x, np.zeros(len(x), dtype=bool)), Reason.NO_GROUP),
]


@pytest.mark.parametrize(("change", "reason"), LOGITS_WITHOUT_FIT)
def test_a_logit_without_maximum_says_so(
    units: Callable[..., Sample], change: Callable[..., tuple[np.ndarray, np.ndarray]], reason: Reason
) -> None:
    logit = fit_logit(*change(*units(4)[:2]))
    assert not logit.converged
    assert logit.reason is reason
    assert np.isnan(logit.coefficients).all()


def test_the_logit_is_that_of_statsmodels_in_any_units() -> None:
    generator = np.random.default_rng(2)
    x = generator.normal(size=(500, 3)) * [1, 1_000, 0.01] + [0, 50_000, 3]
    treated = generator.random(500) < 1 / (1 + np.exp(-(x[:, 0] - 1)))
    ours, theirs = fit_logit(x, treated), sm.Logit(treated.astype(float), with_constant(x)).fit(disp=0, tol=1e-12)
    np.testing.assert_allclose(ours.coefficients, theirs.params, rtol=NEWTON)
    np.testing.assert_allclose(ours.covariance, theirs.cov_params(), rtol=1e-6)  # statsmodels inverts unscaled

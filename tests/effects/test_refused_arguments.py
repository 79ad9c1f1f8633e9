"""Every argument of the functions on arrays is checked by its name; values that do not vary have no standard error."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from si_eval import effects as ef
from si_eval.errors import StudyError
from si_eval.vocabulary import Reason

Call = Callable[..., object]
ESTIMATES = [0.1, 0.0, 0.5, 0.4]
COVARIANCE = np.diag([0.01, 0.02, 0.01, 0.02])


@pytest.fixture(scope="module")
def given() -> SimpleNamespace:
    """Right arguments of every function: one of them is replaced in each case."""
    rng = np.random.default_rng(1)
    x, treated = rng.normal(size=(60, 2)), np.arange(60) % 3 == 0
    outcome, score = x[:, 0] + treated + rng.normal(size=60), ef.fit_logit(x, treated).fitted
    cells = (x[:, 0] > 0).astype(int)
    matched, strata = ef.match_nearest(score, treated), ef.coarsened_exact(cells, treated)
    design = {"n_treated": 50, "n_controls": 60}
    study = {"estimates": ESTIMATES, "covariance": COVARIANCE, "pre": 2}
    return SimpleNamespace(
        match_nearest={"score": score, "treated": treated, "exact": cells, "caliper": 0.5, "ratio": 1, "seed": 1},
        matched_effect={
            "matched": matched, "outcome_change": outcome, "score": score, "treated": treated, "covariates": x
        },
        coarsened_exact={"cells": cells, "treated": treated},
        stratified_effect={"strata": strata, "outcome_change": outcome, "treated": treated},
        fit_logit={"covariates": x, "treated": treated, "weights": np.ones(60)},
        entropy_balance={"covariates": x, "treated": treated},
        inverse_probability={"score": score, "treated": treated, "covariates": x, "trim": (0.01, 0.99)},
        weighted_effect={"outcome_change": outcome, "treated": treated, "weights": ef.entropy_balance(x, treated)},
        balance_table={"covariates": x, "treated": treated, "weights_treated": np.ones(20), "score": score},
        design_std_error=design,
        minimum_detectable_effect=design,
        detectable_effect={"std_error": 1.0},
        power_of={"effect": 1.0, "std_error": 1.0},
        randomisation_test={
            "statistic": lambda t: outcome[t].mean() - outcome[~t].mean(), "treated": treated, "strata": cells,
            "draws": 9,
        },
        rosenbaum_bounds={"differences": [1.0, 2.0, 3.0, -1.0], "gamma": [1, 2]},
        e_value={"risk_ratio": 2.0, "low": 1.5, "high": 3.0},
        e_value_of_difference={"standardised_difference": 0.5, "std_error": 0.1},
        smoothness_bounds={**study, "m": [0, 0.1]},
        relative_magnitude_bounds={**study, "m": [0, 0.1]},
        breakdown={**study, "restriction": "relative"},
    )  # fmt: skip


NO_FLOATS = ["text", [[1.0], [1.0, 2.0]], None, 3.0, np.full(60, "1"), np.full(60, 1j), np.zeros((60, 2, 2))]
NO_TREATED = ["text", None, 1, np.zeros(60), np.ones(60, dtype=bool), np.zeros((60, 1), dtype=bool), [True] * 59]
NO_MATRIX = ["text", 3.0, np.zeros(60), np.full((60, 2), "1"), np.full((60, 2), np.nan), np.zeros((59, 2))]
ON_ARRAYS = ["match_nearest", "fit_logit", "entropy_balance", "weighted_effect", "balance_table"]
NO_NUMBERS = [lambda t: t, lambda _: "a", lambda _: None, lambda _: np.nan]  # as a statistic
NO_SEED = [-1, 1.5, "1", True]
NO_LEVEL = [95, 1, 0, np.nan, "0.95", None, True]
WRONG: list[tuple[str, str, list[object]]] = [
    ("match_nearest", "score", [*NO_FLOATS, np.full(60, np.nan), np.full(60, np.inf)]),
    ("match_nearest", "treated", NO_TREATED),
    ("match_nearest", "exact", ["text", np.zeros(60), np.full(60, "a"), 3, np.zeros(59, dtype=int)]),
    ("match_nearest", "ratio", [0, 1.5, "1", np.nan, None, True]),
    ("match_nearest", "caliper", [0, -1, np.nan, "1", True, [1]]),
    ("match_nearest", "replace", ["yes", 1, None]),
    ("match_nearest", "seed", NO_SEED),
    ("matched_effect", "matched", [None, "text", 3]),
    ("matched_effect", "outcome_change", [*NO_FLOATS, np.full(60, np.nan), np.zeros(59)]),
    ("matched_effect", "score", NO_FLOATS),
    ("matched_effect", "treated", NO_TREATED),
    ("matched_effect", "covariates", NO_MATRIX),
    ("coarsened_exact", "cells", ["text", 3, np.zeros(60), np.full(60, "a"), np.zeros((2, 2, 2), dtype=int)]),
    ("coarsened_exact", "treated", NO_TREATED),
    ("stratified_effect", "strata", [None, "text", 3]),
    ("stratified_effect", "outcome_change", [*NO_FLOATS, np.full(60, np.nan)]),
    ("stratified_effect", "treated", NO_TREATED),
    ("fit_logit", "covariates", [*NO_MATRIX, None]),
    ("fit_logit", "treated", ["text", None, 1, np.zeros(60), np.zeros((60, 1), dtype=bool), [True] * 59]),
    ("fit_logit", "weights", ["text", np.full(60, -1.0), np.full(60, np.nan), np.full(60, np.inf), np.ones(59)]),
    ("entropy_balance", "covariates", [*NO_MATRIX, None]),
    ("entropy_balance", "treated", NO_TREATED),
    ("entropy_balance", "moments", [0, 4, 1.5, "1", None, True]),
    ("entropy_balance", "tolerance", [0, -1, 0.1, np.nan, "1", None]),
    ("inverse_probability", "score", [*NO_FLOATS, np.full(60, 1.5), np.full(60, np.nan)]),
    ("inverse_probability", "treated", NO_TREATED),
    ("inverse_probability", "trim", [(0.1, None), (0.9, 0.1), (np.nan, 1), 0.1, "01", (0.1,), (0, 0.5, 1), (0.5, 0.5)]),
    ("inverse_probability", "covariates", NO_MATRIX),
    ("weighted_effect", "weights", [None, "text", np.ones(40)]),
    ("weighted_effect", "outcome_change", [*NO_FLOATS, np.full(60, np.nan), np.zeros(59)]),
    ("weighted_effect", "treated", NO_TREATED),
    ("balance_table", "covariates", [*NO_MATRIX, None]),
    ("balance_table", "treated", NO_TREATED),
    ("balance_table", "weights_treated", ["text", 3.0, np.full(20, np.nan), np.full(20, -1.0), np.ones(19)]),
    ("balance_table", "score", ["text", 3.0, np.full(60, np.nan), np.zeros(59)]),
    ("design_std_error", "n_treated", [0, 0.5, -1, np.nan, np.inf, "50", None, True]),
    ("design_std_error", "sd", [0, -1, np.nan, np.inf, "1"]),
    ("design_std_error", "icc", [-0.1, 1.1, np.nan, "0"]),
    ("design_std_error", "cluster_size", [0, np.nan, "2"]),
    ("design_std_error", "pre_periods", [-1, 1.5, "1", None, True, 10**9]),
    ("design_std_error", "post_periods", [0, 1.5, None]),
    ("design_std_error", "autocorrelation", [1.0, -1.5, np.nan, "0.5", [0.1, 0.2], None]),
    ("minimum_detectable_effect", "power", [0.2, 1, 80, np.nan, "0.8", None]),
    ("minimum_detectable_effect", "level", NO_LEVEL),
    ("minimum_detectable_effect", "n_controls", [0, np.nan, "60"]),
    ("detectable_effect", "std_error", [-1, np.nan, np.inf, "1", None]),
    ("detectable_effect", "level", NO_LEVEL),
    ("power_of", "std_error", [0, -1, np.nan, np.inf, "1", None]),
    ("power_of", "effect", [np.nan, np.inf, "1", None]),
    ("power_of", "level", NO_LEVEL),
    ("randomisation_test", "statistic", [None, 3, "mean", *NO_NUMBERS]),
    ("randomisation_test", "treated", ["text", None, np.zeros(60), np.zeros((60, 1), dtype=bool)]),
    ("randomisation_test", "strata", ["text", np.zeros(59), np.full(60, np.nan), np.arange(60)]),
    ("randomisation_test", "draws", [0, 1.5, "9", None, True]),
    ("randomisation_test", "seed", NO_SEED),
    ("rosenbaum_bounds", "differences", ["text", None, [], [0.0, 0.0], [np.nan, 1.0], ["1", "2"], 3.0]),
    ("rosenbaum_bounds", "gamma", [0.5, [], np.nan, np.inf, "2", None]),
    ("rosenbaum_bounds", "alternative", ["two-sided", 1, None, []]),
    ("rosenbaum_bounds", "level", NO_LEVEL),
    ("rosenbaum_bounds", "exact", ["yes", 1]),
    ("e_value", "risk_ratio", [0, -1, np.nan, np.inf, "2", None]),
    ("e_value", "low", [0, np.nan, "1", 2.5]),
    ("e_value", "high", [0, np.inf, "4", 1.0]),
    ("e_value_of_difference", "standardised_difference", [np.nan, np.inf, "1", None, 1e4]),
    ("e_value_of_difference", "std_error", [-1, np.nan, np.inf, "1", None]),
    ("e_value_of_difference", "level", NO_LEVEL),
    *[
        (function, name, values)
        for function in ("smoothness_bounds", "relative_magnitude_bounds", "breakdown")
        for name, values in (
            ("estimates", ["text", None, [], [1.0], [np.nan] * 4, ["1"] * 4]),
            ("covariance", ["text", None, np.zeros((4, 4)), np.eye(3), np.full((4, 4), np.nan), np.ones((4, 4))]),
            ("pre", [0, 4, 1.5, "2", None, True]),
            ("weights", ["text", [1.0], [0.0, 0.0], [np.nan, 1.0]]),
            ("level", NO_LEVEL),
        )
    ],
    ("smoothness_bounds", "m", [-1, np.nan, np.inf, "1", None, []]),
    ("relative_magnitude_bounds", "m", [-1, np.nan, np.inf, "1", None, []]),
    ("breakdown", "restriction", ["both", None, 1, []]),
]  # fmt: skip


@pytest.mark.parametrize(("function", "name", "values"), WRONG, ids=[f"{case[0]}-{case[1]}" for case in WRONG])
def test_a_wrong_argument_is_refused_by_its_name(
    function: str, name: str, values: list[object], given: SimpleNamespace
) -> None:
    call, arguments = getattr(ef, function), getattr(given, function)
    call(**arguments)
    for value in values:
        if function == "breakdown" and name == "level" and value is None:
            continue
        with pytest.raises(StudyError, match=name):
            call(**{**arguments, name: value})


@pytest.mark.parametrize("function", ON_ARRAYS)
def test_lists_and_columns_are_read_as_arrays(function: str, given: SimpleNamespace) -> None:
    call, arguments = getattr(ef, function), getattr(given, function)
    arrays = {name: value for name, value in arguments.items() if isinstance(value, np.ndarray)}
    as_lists = {name: value.tolist() for name, value in arrays.items()}
    as_frames = {name: (pd.DataFrame if value.ndim > 1 else pd.Series)(value) for name, value in arrays.items()}
    expected = np.asarray(call(**arguments)[0], dtype=float)
    for other in (as_lists, as_frames):
        np.testing.assert_allclose(np.asarray(call(**{**arguments, **other})[0], dtype=float), expected, rtol=1e-12)


CONSTANTS = [0.0, 1.0, 0.1, 0.3, 1 / 3, 0.7, 5.0, -0.1, 1e9 + 0.1, 1e-9 / 3, float(Fraction(1, 7))]


@pytest.mark.parametrize("value", CONSTANTS)
def test_a_covariate_that_is_the_same_for_everybody_is_in_balance(value: float) -> None:
    for n_treated in (1, 2, 7, 26, 39):
        for n_controls in (1, 3, 13, 50):
            treated = np.arange(n_treated + n_controls) < n_treated
            weights = np.random.default_rng(0).uniform(0.1, 1, n_controls)
            found = ef.balance_table(
                np.full((len(treated), 1), value), treated, weights_controls=weights / weights.sum()
            )
            for stage in (found.before, found.after):
                assert stage.difference[0] == 0
                assert np.isnan(stage.variance_ratio[0])
                assert stage.largest_distance[0] == pytest.approx(0, abs=1e-12)
            assert found.reasons == (None,)


def test_rounding_is_no_difference_and_other_constants_have_none() -> None:
    treated = np.arange(20) < 10
    found = ef.balance_table(np.where(treated, 0.1 + 0.2, 0.3)[:, None], treated)
    assert (found.before.difference[0], found.reasons) == (0, (None,))
    assert found.before.largest_distance[0] == pytest.approx(0, abs=1e-12)
    found = ef.balance_table(np.where(treated, 1 / 3, 2 / 3)[:, None], treated)
    assert np.isnan(found.before.difference[0])
    assert found.reasons == (Reason.TREATED_DO_NOT_VARY,)


@pytest.mark.parametrize("value", CONSTANTS)
@pytest.mark.parametrize("gap", [0.0, 2.0])
def test_outcomes_that_do_not_vary_have_no_standard_error(value: float, gap: float, given: SimpleNamespace) -> None:
    treated, score, x = given.match_nearest["treated"], given.match_nearest["score"], given.fit_logit["covariates"]
    outcome = np.full(60, value) + gap * treated
    weights = [ef.entropy_balance(x, treated), ef.inverse_probability(score, treated, covariates=x)]
    found = [
        ef.matched_effect(ef.match_nearest(score, treated), outcome, score, treated),
        ef.matched_effect(ef.match_nearest(score, treated, replace=False), outcome, score, treated),
        ef.stratified_effect(given.stratified_effect["strata"], outcome, treated),
        *[ef.weighted_effect(outcome, treated, one) for one in weights],
    ]
    for effect in found:
        assert effect.estimate == pytest.approx(gap, rel=1e-6) if gap else effect.estimate == 0
        assert np.isnan(effect.std_error)
        assert effect.reason == Reason.NO_VARIANCE


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e9 + 0.1])
def test_a_constant_covariate_balances_and_has_no_logit(value: float, given: SimpleNamespace) -> None:
    treated, x = given.fit_logit["treated"], given.fit_logit["covariates"]
    with_constant = np.column_stack([x, np.full(60, value)])
    np.testing.assert_allclose(
        ef.entropy_balance(with_constant, treated).weights, ef.entropy_balance(x, treated).weights, rtol=1e-6
    )
    assert ef.fit_logit(with_constant, treated).reason == Reason.CONSTANT_COVARIATE

"""Arrays of matching and weighting that cannot be used, and groups too small for an estimate."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

from si_eval.effects.balance import balance_table
from si_eval.effects.coarsening import coarsened_exact, stratified_effect
from si_eval.effects.matching import match_nearest, matched_effect
from si_eval.effects.propensity import fit_logit
from si_eval.effects.weighting import (
    balanced_effect,
    entropy_balance,
    inverse_probability,
    weighted_effect,
)
from si_eval.errors import StudyError
from si_eval.vocabulary import Reason

Sample = tuple[np.ndarray, np.ndarray, np.ndarray]  # covariates, who is treated, outcome


def test_no_pairs_and_no_strata_are_no_estimate(units: Callable[..., Sample]) -> None:
    x, treated, outcome = units(18)
    cells = treated.astype(int)
    matched = match_nearest(x[:, 0], treated, exact=cells)
    assert set(matched.reasons) == {Reason.NO_CONTROL_IN_CELL}
    for effect in (
        matched_effect(matched, outcome, x[:, 0], treated),
        stratified_effect(coarsened_exact(cells, treated), outcome, treated),
    ):
        assert np.isnan(effect.estimate)
        assert np.isnan(effect.std_error)
        assert effect[2:] == (0, 0)


def test_a_single_treated_unit_has_no_standard_error(units: Callable[..., Sample]) -> None:
    x, _, outcome = units(19)
    treated = np.arange(len(x)) == 5
    score = np.full(len(x), treated.mean())
    effects = [
        matched_effect(match_nearest(x[:, 0], treated), outcome, x[:, 0], treated),
        stratified_effect(coarsened_exact(np.zeros(len(x), dtype=int), treated), outcome, treated),
        weighted_effect(outcome, treated, entropy_balance(x[:, :1], treated)),
        weighted_effect(outcome, treated, inverse_probability(score, treated)),
    ]
    for effect in effects:
        assert np.isfinite(effect.estimate)
        assert np.isnan(effect.std_error)


def holes(values: np.ndarray) -> np.ndarray:
    values = values.astype(float).copy()
    values.flat[3] = np.nan
    return values


@pytest.fixture(scope="module")
def arrays(units: Callable[..., Sample]) -> SimpleNamespace:
    x, treated, outcome = units(20)
    every_unit = np.ones(len(x), dtype=bool)
    score = fit_logit(x, treated).fitted
    return SimpleNamespace(
        x=x, treated=treated, outcome=outcome, score=score, every_unit=every_unit, no_unit=~every_unit,
        even=np.full((~treated).sum(), 1 / (~treated).sum()), matched=match_nearest(score, treated),
        strata=coarsened_exact(treated * 0, treated),
    )  # fmt: skip


REFUSED: list[tuple[str, Callable[[SimpleNamespace], object]]] = [
    ("treated", lambda a: match_nearest(a.score, a.no_unit)),
    ("treated", lambda a: match_nearest(a.score, a.every_unit)),
    ("treated", lambda a: match_nearest(a.score, a.treated.astype(int))),
    ("missing", lambda a: match_nearest(holes(a.score), a.treated)),
    ("rows", lambda a: match_nearest(a.score, a.treated[1:])),
    ("exact", lambda a: match_nearest(a.score, a.treated, exact=a.score)),
    ("ratio", lambda a: match_nearest(a.score, a.treated, ratio=0)),
    ("caliper", lambda a: match_nearest(a.score, a.treated, caliper=0.0)),
    (
        "outcome_change",
        lambda a: matched_effect(a.matched, holes(a.outcome), a.score, a.treated),
    ),
    (
        "covariates",
        lambda a: matched_effect(
            match_nearest(a.score, a.treated), a.outcome, a.score, a.treated, covariates=holes(a.x)
        ),
    ),
    ("cells", lambda a: coarsened_exact(a.x, a.treated)),
    ("treated", lambda a: coarsened_exact(a.x.astype(int), a.no_unit)),
    (
        "outcome_change",
        lambda a: stratified_effect(a.strata, holes(a.outcome), a.treated),
    ),
    ("covariates", lambda a: fit_logit(holes(a.x), a.treated)),
    ("covariates", lambda a: fit_logit(a.x[1:], a.treated)),
    ("weights", lambda a: fit_logit(a.x, a.treated, weights=-np.ones(len(a.x)))),
    ("covariates", lambda a: entropy_balance(holes(a.x), a.treated)),
    ("treated", lambda a: entropy_balance(a.x, a.no_unit)),
    ("treated", lambda a: entropy_balance(a.x, a.every_unit)),
    ("moments", lambda a: entropy_balance(a.x, a.treated, moments=4)),
    ("tolerance", lambda a: entropy_balance(a.x, a.treated, tolerance=0.1)),
    ("score", lambda a: inverse_probability(a.score * 3, a.treated)),
    ("score", lambda a: inverse_probability(np.ones(len(a.x)), a.treated)),
    ("not the logit", lambda a: inverse_probability(np.full(len(a.x), 0.4), a.treated, covariates=a.x)),
    ("outcome_change", lambda a: weighted_effect(holes(a.outcome), a.treated, inverse_probability(a.score, a.treated))),
    ("balance", lambda a: balanced_effect(a.outcome, a.x, a.treated, a.even)),
    ("treated", lambda a: balance_table(a.x, a.no_unit)),
    ("covariates", lambda a: balance_table(holes(a.x), a.treated)),
    ("score", lambda a: balance_table(a.x, a.treated, score=holes(a.score))),
    ("weights_treated", lambda a: balance_table(a.x, a.treated, np.ones(3))),
    ("weights_controls", lambda a: balance_table(a.x, a.treated, None, np.zeros((~a.treated).sum()))),
]


@pytest.mark.parametrize(("names", "call"), REFUSED)
def test_what_cannot_be_used_is_refused_by_name(
    names: str, call: Callable[[SimpleNamespace], object], arrays: SimpleNamespace
) -> None:
    with pytest.raises(StudyError, match=names):
        call(arrays)

"""Two-by-two comparisons: slopes of reweighted estimators, special cases, reasons, misuse."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from si_eval.effects.propensity import fit_logit
from si_eval.effects.two_by_two import TRIM, two_by_two
from si_eval.errors import StudyError
from si_eval.vocabulary import Reason

DIFFERENTIATED = (
    1e-5  # central differences of estimators that iterate: error of order step squared, and rounding / step
)
STEP = 1e-4
METHODS = ["dr", "ipw", "reg"]
SAME_FORMULA = 1e-10  # the same closed form in another language: only the order of additions differs


def frozen(*arrays: np.ndarray) -> list[np.ndarray]:
    """Arrays that raise when somebody writes in them."""
    for array in arrays:
        array.flags.writeable = False
    return list(arrays)


def selected(seed: int, n: int = 60) -> tuple[np.ndarray, ...]:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, 2))
    treated = generator.random(n) < 1 / (1 + np.exp(0.5 - x[:, 0]))
    before = generator.normal(size=n)
    after = before + x @ [0.5, -0.2] + treated * (1 + x[:, 0]) + generator.normal(size=n)
    return tuple(frozen(before, after, treated, x))


def weighted_effect(method: str, change: np.ndarray, treated: np.ndarray, x: np.ndarray, weights: np.ndarray) -> float:
    """Sant'Anna & Zhao (2020), equations 2.2-2.4, with a weight a unit, from the models of statsmodels."""
    design = sm.add_constant(x)
    odds, gap = np.where(treated, 0.0, 1.0), change
    if method != "reg":
        model = sm.GLM(treated.astype(float), design, family=sm.families.Binomial(), freq_weights=weights)
        chance = model.fit(tol=1e-14, maxiter=100).fittedvalues
        odds = np.where(treated | (chance >= TRIM), 0.0, chance / (1 - chance))
    if method != "ipw":
        gap = change - design @ sm.WLS(change[~treated], design[~treated], weights=weights[~treated]).fit().params
    theirs = 0.0 if method == "reg" else np.average(gap, weights=odds * weights)
    return float(np.average(gap[treated], weights=weights[treated]) - theirs)


@pytest.mark.parametrize("trims", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_the_influence_of_a_unit_is_the_slope_in_its_weight(method: str, trims: bool) -> None:
    before, after, treated, x = selected(21)
    if trims:  # one control that is all but sure to be treated
        x = np.vstack([x, [[9.0, 0.0]]])
        before, after, treated = np.append(before, 0), np.append(after, 3.0), np.append(treated, False)
        x[:60][treated[:60], 0] += 2.0
    cell = two_by_two(before, after, treated, x, method=method)
    change, n = after - before, len(treated)
    assert cell.att == pytest.approx(weighted_effect(method, change, treated, x, np.ones(n)), abs=1e-8)  # two logits

    def slope(step: np.ndarray) -> float:
        up, down = (weighted_effect(method, change, treated, x, 1 + way * step) for way in (1, -1))
        return n * (up - down) / (2 * STEP)

    slopes = [slope(step) for step in STEP * np.eye(n)]
    np.testing.assert_allclose(cell.influence, slopes, atol=DIFFERENTIATED * np.abs(slopes).max())
    assert cell.n_trimmed == (trims and method != "reg")


@pytest.mark.parametrize("method", METHODS)
def test_units_of_covariates_and_order_of_rows_change_nothing(method: str) -> None:
    """Turnover in euro, far from zero: the products of its powers would look collinear."""
    before, after, treated, x = selected(22)
    cell = two_by_two(before, after, treated, x, method=method)
    order = np.random.default_rng(1).permutation(len(treated))
    fitted = fit_logit(x, treated)
    others = [
        two_by_two(before, after, treated, x, method=method, logit=fitted),
        two_by_two(before, after, treated, x * 1e9 + 5e9, method=method),
        two_by_two(before, after, treated.astype(int), x, method=method),
        two_by_two(before[order], after[order], treated[order], x[order], method=method),
    ]
    for other in others:
        assert other.att == pytest.approx(cell.att, abs=1e-7)  # digits that 1e9 on top of 5e9 leaves
        assert other.std_error == pytest.approx(cell.std_error, abs=1e-7)


@pytest.mark.parametrize(
    ("covariates", "treated", "reason"),
    [
        (None, np.arange(40) < 1, Reason.FEWER_THAN_TWO_UNITS),
        (None, np.arange(40) < 39, Reason.FEWER_THAN_TWO_UNITS),
        (None, np.arange(40) < 0, Reason.FEWER_THAN_TWO_UNITS),
        (
            np.c_[np.arange(40.0) % 7, 3 - 2 * (np.arange(40.0) % 7)],
            np.arange(40) < 20,
            Reason.COLLINEAR_AMONG_CONTROLS,
        ),
        (
            np.random.default_rng(1).normal(size=(40, 20)),
            np.arange(40) < 25,
            Reason.COLLINEAR_AMONG_CONTROLS,
        ),  # more columns than controls
        (np.arange(40.0)[:, None], np.arange(40) < 20, Reason.SEPARATION),
    ],
)
def test_what_has_no_answer_has_a_reason(covariates: np.ndarray | None, treated: np.ndarray, reason: Reason) -> None:
    cell = two_by_two(np.zeros(40), np.random.default_rng(0).normal(size=40), treated, covariates)
    assert np.isnan(cell.att)
    assert np.isnan(cell.std_error)
    assert cell.reason is reason


def test_controls_that_are_all_but_sure_to_be_treated_give_no_effect() -> None:
    treated = np.arange(3_000) < 2_995
    x = np.random.default_rng(2).normal(size=(3_000, 1))
    cell = two_by_two(np.zeros(3_000), x[:, 0], treated, x, method="ipw")
    assert cell.reason is Reason.NO_COMPARABLE_CONTROL


REFUSED_CELLS = [
    ({"after": np.zeros(5)}, "after: found 5 rows"),
    ({"covariates": np.zeros(6)}, r"covariates: found shape \(6,\)"),
    ({"covariates": np.zeros((5, 1))}, "covariates: found 5 rows"),
    ({"covariates": np.full((6, 1), np.nan)}, "covariates: found 6 missing"),
    ({"before": np.array([0, 1, 2, 3, 4, np.inf])}, "before: found 1 missing or infinite"),
    ({"method": "magic"}, "method: found 'magic'"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED_CELLS)
def test_arrays_that_cannot_be_used_are_refused(change: dict, message: str) -> None:
    given = {"before": np.zeros(6), "after": np.arange(6.0), "treated": np.arange(6) < 3} | change
    with pytest.raises(StudyError, match=message):
        two_by_two(**given)


@pytest.mark.parametrize("method", ["dr", "ipw", "reg"])
def test_two_periods_one_cohort_is_a_difference_of_mean_changes(method: str) -> None:
    generator = np.random.default_rng(1)
    before, after, treated = generator.normal(size=60), generator.normal(size=60), np.arange(60) < 20
    cell = two_by_two(before, after, treated, method=method)
    ours, theirs = (after - before)[treated], (after - before)[~treated]
    assert cell.att == pytest.approx(ours.mean() - theirs.mean(), abs=SAME_FORMULA)
    assert cell.std_error == pytest.approx(np.sqrt(ours.var() / 20 + theirs.var() / 40), abs=SAME_FORMULA)


def test_separated_groups_have_a_reason_and_no_number() -> None:
    x = np.arange(40.0)[:, None]
    cell = two_by_two(np.zeros(40), np.arange(40.0), np.arange(40) >= 30, x, method="ipw")
    assert np.isnan(cell.att)
    assert cell.reason is Reason.SEPARATION

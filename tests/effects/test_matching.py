"""Nearest neighbours and strata: loops over all pairs, published figures, formulas of standard errors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from si_eval.effects.balance import balance_table
from si_eval.effects.coarsening import coarsened_exact, stratified_effect
from si_eval.effects.matching import Matched, match_nearest, matched_effect
from si_eval.effects.propensity import fit_logit
from si_eval.errors import StudyError
from si_eval.vocabulary import Reason

EXACT = 1e-10  # the same sums in another order
PRINTED_THREE = 5e-4  # printed to three decimals
PRINTED_FOUR = 5e-5  # printed to four decimals
Sample = tuple[np.ndarray, np.ndarray, np.ndarray]  # covariates, who is treated, outcome
LALONDE = ("age", "educ", "black", "hispan", "married", "nodegree", "re74", "re75")


def loop(
    score: np.ndarray, treated: np.ndarray, exact: np.ndarray, ratio: int, reach: float, replace: bool
) -> list[tuple[int, int]]:
    """Match by looking at every pair: the treated in descending score, rounds, the lower of two equally near first."""
    controls, pairs, free = np.flatnonzero(~treated), [], ~treated
    order = sorted(np.flatnonzero(treated), key=lambda row: -score[row])
    for _ in range(1 if replace else ratio):
        for row in order:
            near = [c for c in controls if free[c] and exact[c] == exact[row] and abs(score[c] - score[row]) <= reach]
            near.sort(key=lambda c: (abs(score[c] - score[row]), score[c] >= score[row], c))
            wanted = ratio if replace else 1
            if len(near) >= wanted:
                pairs += [(int(row), int(c)) for c in near[:wanted]]
                if not replace:
                    free[near[0]] = False
    return pairs


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("ratio", [1, 2, 5])
@pytest.mark.parametrize("caliper", [None, 0.02, 0.5])
@pytest.mark.parametrize("cells", [1, 8])
@pytest.mark.parametrize("ties", [False, True])
def test_matches_are_those_of_a_loop(replace: bool, ratio: int, caliper: float | None, cells: int, ties: bool) -> None:
    for seed in range(4):
        random = np.random.default_rng(seed)
        score, treated = random.normal(size=120), random.random(120) < 0.35
        score = np.round(score * 4) / 4 if ties else score
        exact = random.integers(0, cells, 120)
        spread = np.sqrt((score[treated].var(ddof=1) + score[~treated].var(ddof=1)) / 2)
        reach = np.inf if caliper is None else caliper * spread
        found = match_nearest(score, treated, exact=exact, ratio=ratio, caliper=caliper, replace=replace, seed=None)
        expected = loop(score, treated, exact, ratio, reach, replace)
        assert sorted(zip(found.treated.tolist(), found.control.tolist(), strict=True)) == sorted(expected)
        counts = pd.Series(found.treated).value_counts()
        np.testing.assert_allclose(found.weight, 1 / counts[found.treated].to_numpy())
        np.testing.assert_array_equal(found.used, np.bincount(found.control, minlength=120))
        assert set(found.unmatched) == set(np.flatnonzero(treated)) - {pair[0] for pair in expected}


def test_every_unmatched_firm_has_its_reason() -> None:
    score = np.array([0.0, 0.1, 5.0, 1.0, 1.1, 0.05, 9.0])
    treated = np.array([True, True, True, True, True, False, False])
    exact = np.array([0, 0, 0, 2, 2, 0, 1])
    found = match_nearest(score, treated, exact=exact, caliper=0.5, replace=False, seed=None)
    assert found.treated.tolist() == [1]
    assert dict(zip(found.unmatched.tolist(), found.reasons, strict=True)) == {
        0: Reason.CONTROLS_USED_UP, 2: Reason.OUTSIDE_CALIPER, 3: Reason.NO_CONTROL_IN_CELL,
        4: Reason.NO_CONTROL_IN_CELL,
    }  # fmt: skip
    assert found.n_used_controls == 1


@pytest.mark.parametrize("replace", [True, False])
def test_the_order_of_rows_and_the_inputs_do_not_change(units: Callable[..., Sample], replace: bool) -> None:
    x, treated, outcome = units(6)
    score, order = x[:, 0], np.random.default_rng(1).permutation(len(x))
    for array in (score, treated, outcome):
        array.setflags(write=False)
    one = matched_effect(match_nearest(score, treated, replace=replace), outcome, score, treated)
    turned = score[order], treated[order], outcome[order]
    other = matched_effect(match_nearest(*turned[:2], replace=replace), turned[2], *turned[:2])
    np.testing.assert_allclose(one, other, rtol=EXACT)


def test_equal_scores_are_drawn_evenly() -> None:
    treated = np.arange(3_000) < 1_000
    found = match_nearest(np.zeros(3_000), treated, ratio=2)
    assert len({(t, c) for t, c in zip(found.treated, found.control, strict=True)}) == 2_000
    spread = found.used[~treated]
    assert stats.chisquare(np.bincount(found.control[::2] - 1_000, minlength=2_000)).pvalue > 0.001
    assert spread.max() < 10


def abadie_imbens(matched: Matched, outcome: np.ndarray, score: np.ndarray, treated: np.ndarray) -> tuple[float, float]:
    """Theorem 7 and equation 14 by loops."""
    gaps = {row: outcome[row] - outcome[matched.control[matched.treated == row]].mean() for row in set(matched.treated)}
    ratio = len(matched.treated) / len(gaps)
    estimate, others = np.mean(list(gaps.values())), np.flatnonzero(~treated)
    total = sum((gap - estimate) ** 2 for gap in gaps.values())
    for control in set(matched.control):
        near = sorted((c for c in others if c != control), key=lambda c: abs(score[c] - score[control]))[:2]
        variance = 2 / 3 * (outcome[control] - outcome[near].mean()) ** 2
        times = matched.used[control]
        total += times * (times - 1) / ratio**2 * variance
    return float(estimate), float(np.sqrt(total) / len(gaps))


@pytest.mark.parametrize("ratio", [1, 3])
def test_the_standard_error_is_that_of_abadie_and_imbens(units: Callable[..., Sample], ratio: int) -> None:
    x, treated, outcome = units(7)
    matched = match_nearest(x[:, 0], treated, ratio=ratio)
    assert matched.used.max() > 2
    effect = matched_effect(matched, outcome, x[:, 0], treated)
    np.testing.assert_allclose(effect[:2], abadie_imbens(matched, outcome, x[:, 0], treated), rtol=EXACT)
    assert effect.n_controls == (matched.used > 0).sum()


def test_the_variance_of_a_control_comes_from_its_own_cell() -> None:
    score = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 1.0])
    treated = np.array([True, True, False, False, False, False])
    exact, outcome = np.array([0, 0, 0, 0, 1, 1]), np.array([3.0, 5.0, 1.0, 4.0, 100.0, 200.0])
    effect = matched_effect(match_nearest(score, treated, exact=exact), outcome, score, treated, exact=exact)
    variance = (1.0 - 4.0) ** 2 / 2  # the single other control of the cell
    assert effect.estimate == 3.0
    assert effect.std_error == pytest.approx(np.sqrt(1 + 1 + 2 * variance) / 2, rel=EXACT)


def test_pairs_without_replacement_have_the_paired_standard_error(units: Callable[..., Sample]) -> None:
    x, treated, outcome = units(8)
    matched = match_nearest(x[:, 0], treated, replace=False)
    effect = matched_effect(matched, outcome, x[:, 0], treated)
    paired = stats.ttest_rel(outcome[matched.treated], outcome[matched.control])
    assert effect.estimate / effect.std_error == pytest.approx(paired.statistic, rel=EXACT)


def test_the_bias_of_inexact_matches_is_removed(units: Callable[..., Sample]) -> None:
    x, treated, _ = units(9)
    outcome = 2 + x @ [3.0, -1.0] + 0.5 * treated
    matched = match_nearest(x[:, 0], treated, ratio=2)
    assert abs(matched_effect(matched, outcome, x[:, 0], treated).estimate - 0.5) > 0.01
    adjusted = matched_effect(matched, outcome, x[:, 0], treated, covariates=x)
    assert adjusted.estimate == pytest.approx(0.5, abs=EXACT)


def test_matched_lalonde_is_that_of_matchit(lalonde: Sample) -> None:
    x, treated, outcome = lalonde
    score = fit_logit(x, treated).fitted
    matched = match_nearest(score, treated, replace=False, seed=None)
    expected = [25.3027, 10.6054, 0.4703, 0.2162, 0.2108, 0.6378, 2342.1076, 1614.7451]
    np.testing.assert_allclose(x[matched.control].mean(axis=0), expected, atol=PRINTED_FOUR)
    effect = matched_effect(matched, outcome, score, treated)
    assert effect.estimate == pytest.approx(894.367, abs=PRINTED_THREE)
    balance = balance_table(x, treated, None, matched.used[~treated].astype(float), score=score)
    black = LALONDE.index("black")
    assert balance.before.difference[black] == pytest.approx(1.7615, abs=PRINTED_FOUR)
    assert balance.after.difference[black] == pytest.approx(1.0259, abs=PRINTED_FOUR)


@pytest.mark.parametrize("columns", [1, 3])
def test_strata_are_groups_of_equal_cells(columns: int) -> None:
    random = np.random.default_rng(columns)
    cells, treated = random.integers(-2, 4, (400, columns)), random.random(400) < 0.15
    outcome = random.normal(size=400) + cells.sum(axis=1)
    strata = coarsened_exact(cells, treated)
    frame = pd.DataFrame(cells).assign(t=treated, y=outcome, w=strata.weights, s=strata.stratum)
    ours, theirs, squares = [], 0, []
    for _, group in frame.groupby(list(range(columns))):
        treats, rest = group[group["t"]], group[~group["t"]]
        if len(treats) and len(rest):
            assert group["s"].nunique() == 1
            assert (treats["w"] == 1).all()
            np.testing.assert_allclose(rest["w"], len(treats) / len(rest))
            ours += list(treats["y"] - rest["y"].mean())
            theirs += len(rest)
            squares.append((len(treats), len(rest), rest["y"].var()))
        else:
            assert (group["w"] == 0).all()
            assert (group["s"] == -1).all()
    assert strata.n_strata == len(squares) == strata.stratum.max() + 1
    assert strata.unmatched.tolist() == frame.index[frame["t"] & (frame["s"] < 0)].tolist()
    effect = stratified_effect(strata, outcome, treated)
    assert effect[2:] == (len(ours), theirs)
    assert effect.estimate == pytest.approx(np.mean(ours), rel=EXACT)
    pooled = np.nansum([(n - 1) * v for _, n, v in squares]) / sum(n - 1 for _, n, v in squares)
    total = np.sum((ours - np.mean(ours)) ** 2)
    total += sum(m * (m - 1) / n * (pooled if n == 1 else v) for m, n, v in squares)
    assert effect.std_error == pytest.approx(np.sqrt(total) / len(ours), rel=EXACT)


def test_one_stratum_is_the_difference_of_means(units: Callable[..., Sample]) -> None:
    _, treated, outcome = units(10)
    effect = stratified_effect(coarsened_exact(np.zeros(len(treated), dtype=int), treated), outcome, treated)
    assert effect.estimate == pytest.approx(outcome[treated].mean() - outcome[~treated].mean(), rel=EXACT)


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

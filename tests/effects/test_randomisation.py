"""Assignments drawn again: all of them by enumeration, and the size of the test."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from si_eval.effects.randomisation import randomisation_test
from si_eval.errors import StudyError

EXACT = 1e-9  # the same formula in another form
DRAWS = 400
CHANCE = 3 * np.sqrt(0.05 * 0.95 / DRAWS)  # three standard errors of a simulated coverage of 95%
OUTCOME = np.array([4.1, 2.0, 5.5, 3.3, 0.7, 6.1, 2.9, 1.2])
TREATED = np.array([True, False, True, False, False, True, False, False])
STRATA = np.array(["a", "b", "a", "a", "b", "b", "b", "c"])  # nobody in c takes part


def difference(treated):
    return OUTCOME[treated].mean() - OUTCOME[~treated].mean()


def enumerated(strata) -> list[float]:
    """Try every set of participants and keep those with as many in each stratum."""
    values = []
    for chosen in combinations(range(OUTCOME.size), int(TREATED.sum())):
        treated = np.isin(np.arange(OUTCOME.size), chosen)
        if all(treated[strata == code].sum() == TREATED[strata == code].sum() for code in np.unique(strata)):
            values.append(difference(treated))
    return values


@pytest.mark.parametrize("strata", [None, STRATA])
def test_few_assignments_are_all_tried(strata):
    everything = np.array(enumerated(np.zeros(OUTCOME.size) if strata is None else strata))
    test = randomisation_test(difference, TREATED, strata=strata)
    assert test.exact
    np.testing.assert_allclose(np.sort(test.drawn), np.sort(everything), rtol=0, atol=EXACT)
    assert test.p_value == (np.abs(everything) >= abs(difference(TREATED)) - EXACT).mean()


def test_drawn_assignments_keep_strata_and_come_near_all_of_them():
    seen = []

    def record(treated):
        seen.append(treated)
        return difference(treated)

    drawn = randomisation_test(record, TREATED, strata=STRATA, draws=8, seed=1)
    assert not drawn.exact
    assert drawn.drawn.shape == (8,)
    for treated in seen:
        for code in np.unique(STRATA):
            assert (treated & (code == STRATA)).sum() == (TREATED & (code == STRATA)).sum()
    again = randomisation_test(difference, TREATED, strata=STRATA, draws=8, seed=1)
    np.testing.assert_array_equal(drawn.drawn, again.drawn)
    many = np.tile(TREATED, 3)
    values = np.tile(OUTCOME, 3)
    far = randomisation_test(lambda t: values[t].mean() - values[~t].mean(), many, draws=999)
    assert far.p_value == (1 + (np.abs(far.drawn) >= abs(far.statistic) * (1 - EXACT)).sum()) / 1000
    assert far.p_value > 0


def test_the_test_has_its_size():
    random = np.random.default_rng(37)
    rejected = []
    for draw in range(DRAWS):
        outcome, treated = random.normal(size=20), random.permutation(20) < 6
        statistic = outcome - outcome.mean()
        test = randomisation_test(lambda t, values=statistic: values[t].sum(), treated, draws=99, seed=draw)
        rejected.append(test.p_value <= 0.05)
    assert abs(np.mean(rejected) - 0.05) < CHANCE


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"treated": np.array([1.0, 0.0])}, "treated"),
        ({"treated": np.array([True, True])}, "strata: found no stratum"),
        ({"strata": np.array(["a", "b"])}, "strata: found no stratum"),
        ({"strata": np.array(["a"])}, "strata: found shape"),
        ({"draws": 0}, "draws"),
        ({"statistic": lambda treated: np.nan}, "statistic"),
    ],
)
def test_what_cannot_be_drawn_again_is_refused(arguments, name):
    usual = {"statistic": lambda treated: 1.0, "treated": np.array([True, False])}
    with pytest.raises(StudyError, match=f"{name}.*; expected .*; "):
        randomisation_test(**(usual | arguments))

"""Power: closed forms and a simulation of clusters with memory."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg

from si_eval.effects.power import design_std_error, minimum_detectable_effect, power_of
from si_eval.errors import StudyError

EXACT = 1e-9  # the same formula in another form
OUTCOME = np.array([4.1, 2.0, 5.5, 3.3, 0.7, 6.1, 2.9, 1.2])


def test_the_detectable_effect_has_a_closed_form():
    expected = 2.801585 * np.sqrt(1 / 494 + 1 / 2e6)
    assert minimum_detectable_effect(494, 2_000_000) == pytest.approx(expected, rel=1e-6)  # digits of the multiple
    assert minimum_detectable_effect(494, 2_000_000, sd=7.0) == pytest.approx(7 * expected, rel=1e-6)


@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_power_undoes_the_detectable_effect(power):
    design = {"icc": 0.1, "cluster_size": 4, "pre_periods": 2, "post_periods": 3, "autocorrelation": 0.6}
    effect = minimum_detectable_effect(50, 400, power=power, **design)
    assert power_of(effect, design_std_error(50, 400, **design)) == pytest.approx(power, abs=5e-5)  # wrong side
    assert power_of(0.0, 1.0, level=0.9) == pytest.approx(0.1, abs=EXACT)
    assert power_of(-effect, 1.0) == power_of(effect, 1.0)


@pytest.mark.parametrize(("pre", "post", "rho"), [(1, 1, 0.3), (2, 5, 0.5), (4, 2, 0.0)])
def test_periods_average_as_in_the_paper(pre, post, rho):
    variance = (1 / 30 + 1 / 60) * (1 - rho) * (1 / pre + 1 / post)
    design = {"pre_periods": pre, "post_periods": post}
    assert design_std_error(30, 60, autocorrelation=rho, **design) ** 2 == pytest.approx(variance, rel=EXACT)
    lags = np.full(pre + post - 1, rho)
    assert design_std_error(30, 60, autocorrelation=lags, **design) ** 2 == pytest.approx(variance, rel=EXACT)


def test_the_standard_error_is_that_of_simulated_clusters_with_memory():
    pre, post, lags, icc, size, clusters, draws = 2, 2, np.array([0.7, 0.5, 0.3]), 0.3, 5, 8, 4000
    random = np.random.default_rng(31)
    root = np.linalg.cholesky(linalg.toeplitz(np.insert(lags, 0, 1.0)))
    shared = np.sqrt(icc) * random.normal(size=(draws, 2, clusters, 1, 4))
    own = np.sqrt(1 - icc) * random.normal(size=(draws, 2, clusters, size, 4))
    outcome = (shared + own) @ root.T
    change = outcome[..., pre:].mean(axis=-1) - outcome[..., :pre].mean(axis=-1)
    difference = change[:, 0].mean(axis=(1, 2)) - change[:, 1].mean(axis=(1, 2))
    design = {"pre_periods": pre, "post_periods": post, "autocorrelation": lags, "icc": icc, "cluster_size": size}
    expected = design_std_error(clusters * size, clusters * size, **design)
    assert difference.std() == pytest.approx(
        expected, rel=3 / np.sqrt(2 * draws)
    )  # three errors of a simulated deviation


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"n_treated": 0}, "n_treated"),
        ({"n_controls": np.nan}, "n_controls"),
        ({"power": 0.2}, "power"),
        ({"level": 0.05}, "level"),
        ({"sd": 0.0}, "sd"),
        ({"icc": 1.5}, "icc"),
        ({"cluster_size": 0.5}, "cluster_size"),
        ({"pre_periods": -1}, "pre_periods"),
        ({"post_periods": 0}, "post_periods"),
        ({"post_periods": 1.5}, "post_periods"),
        ({"autocorrelation": 1.0, "pre_periods": 1}, "autocorrelation"),
        ({"autocorrelation": [0.1, 0.2, 0.3], "pre_periods": 1}, "autocorrelation"),
        ({"autocorrelation": -0.9, "pre_periods": 2}, "autocorrelation"),
    ],
)
def test_designs_that_do_not_exist_are_refused(arguments, name):
    with pytest.raises(StudyError, match=f"{name}: found .*; expected .*; "):
        minimum_detectable_effect(**({"n_treated": 10, "n_controls": 20} | arguments))


def difference(treated):
    return OUTCOME[treated].mean() - OUTCOME[~treated].mean()

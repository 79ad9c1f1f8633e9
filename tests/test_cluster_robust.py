"""Cluster-robust variances against R's estimatr and clubSandwich, and where they collapse to known formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from si_eval.cluster_robust import clustered_regression

SAME_FORMULA = 1e-12  # relative, beside the twelve digits that R's numbers are compared in
SIZES = [1, 1, 1, 2, 2, 3, 3, 3, 4, 5, 6, 8, 1, 10]

# R 4.2.2: lm_robust(y ~ d + x, clusters = g, se_type = "CR2") of estimatr 1.0.0, and the same from
# coef_test(lm(y ~ d + x), vcov = vcovCR(..., cluster = g, type = "CR2"), test = "Satterthwaite") of clubSandwich 0.5.8;
# without clusters, each row is one. Standard error and degrees of freedom of each coefficient.
STORED = {
    ("y ~ d", True): [(0.245519893760999, 5.32469907764544), (0.459562480660865, 7.39810409588732)],
    ("y ~ d", False): [(0.158443847785669, 26.9999999999998), (0.267826520143298, 45.2412868632704)],
    ("y ~ d + x", True): [
        (0.369904764862533, 5.65299233809611),
        (0.461229361395420, 7.32566062820473),
        (0.217366565351282, 7.03043538839084),
    ],
    ("y ~ d + x", False): [
        (0.295794853349721, 19.2569724523945),
        (0.268974646290679, 43.9755985723039),
        (0.303767324776412, 26.3725548890248),
    ],
}
PRINTED_BY_R = 1e-11  # relative: R printed fifteen digits


def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The data of the stored output: some clusters have units of both groups, four are one unit."""
    g = np.repeat(np.arange(1, 15), SIZES)
    i = np.arange(1, len(g) + 1)
    d = ((g % 3 == 0) | (i % 7 == 0)).astype(float)
    x = ((i * 37) % 11) / 7
    return g - 1, d, x, np.round(np.sin(i) + 0.4 * d + 0.3 * x + np.cos(g * 5), 6)


@pytest.mark.parametrize(("formula", "clustered"), STORED)
def test_standard_errors_and_degrees_of_freedom_are_those_of_r(formula: str, clustered: bool) -> None:
    g, d, x, y = rows()
    design = np.column_stack([np.ones(len(y)), d, x][: formula.count("+") + 2])
    for place, (std_error, dof) in enumerate(STORED[formula, clustered]):
        fit = clustered_regression(design, y, np.eye(design.shape[1])[place], g if clustered else None)
        assert fit.std_error == pytest.approx(std_error, rel=PRINTED_BY_R)
        assert fit.dof == pytest.approx(dof, rel=PRINTED_BY_R)
        assert fit.estimate == fit.coefficients[place]


def test_without_clusters_a_difference_of_means_has_the_error_of_welch() -> None:
    _, d, _, y = rows()
    fit = clustered_regression(np.column_stack([np.ones(len(y)), d]), y, np.array([0.0, 1.0]))
    test = stats.ttest_ind(y[d == 1], y[d == 0], equal_var=False)
    assert fit.estimate / fit.std_error == pytest.approx(test.statistic, rel=SAME_FORMULA)


@pytest.mark.parametrize("seed", range(5))
def test_every_number_is_that_of_the_matrices_in_the_definition(seed: int) -> None:
    """The matrix over all units, its roots and the covariance of the clusters' numbers, written out."""
    generator = np.random.default_rng(seed)
    n, k = 40, 3
    cluster = np.unique(generator.integers(0, 15, n), return_inverse=True)[1]
    design = np.column_stack([np.ones(n), generator.normal(size=(n, k - 1))])
    y, contrast = generator.normal(size=n), generator.normal(size=k)
    inverse = np.linalg.inv(design.T @ design)
    left = np.eye(n) - design @ inverse @ design.T
    directions = []
    for one in range(cluster.max() + 1):
        at = cluster == one
        values, vectors = np.linalg.eigh(left[np.ix_(at, at)])
        root = vectors / np.sqrt(values) @ vectors.T
        directions.append(left[:, at] @ root @ design[at] @ inverse @ contrast)
    numbers = np.array([direction @ y for direction in directions])
    products = np.array(directions) @ np.array(directions).T
    fit = clustered_regression(design, y, contrast, cluster)
    assert fit.std_error == pytest.approx(np.sqrt(numbers @ numbers), rel=1e-9)  # inverted twice on the way
    assert fit.dof == pytest.approx(np.trace(products) ** 2 / np.sum(products**2), rel=1e-9)


def test_a_cluster_that_explains_a_coefficient_alone_adds_nothing() -> None:
    """One cluster has all units of one group: what it says of that group has no residual, and no number breaks."""
    g = np.repeat(np.arange(6), 4)
    design = np.column_stack([np.ones(24), g == 0]).astype(float)
    y = np.sin(np.arange(24.0))
    fit = clustered_regression(design, y, np.array([0.0, 1.0]), g)
    others = clustered_regression(np.ones((20, 1)), y[4:], np.ones(1), g[4:] - 1)
    assert fit.std_error == pytest.approx(others.std_error, rel=SAME_FORMULA)
    assert np.isfinite(fit.dof)

"""Variances of least squares when units of one cluster move together, unbiased in small samples: CR2.

A cluster is known by the sums of its rows: the products of the regressors (its *gram*) and their products with the
residuals (its *score*). So millions of clusters, most of one unit, cost a pass and no matrix over units.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from si_eval.stats import FloatArray, IntArray

MIN_RESIDUAL_SHARE = 1e-12  # a direction that a cluster explains up to this has no residual: as in R's clubSandwich
EIGEN_BLOCK = 100_000  # clusters whose eigenvalues are found at once: bounds the memory


class ClusterRobust(NamedTuple):
    """Standard error of a combination of coefficients, and the degrees of freedom of its t distribution."""

    std_error: float
    dof: float


class Regression(NamedTuple):
    """Coefficients of least squares, shape (k,), and the inference on the combination that was asked for."""

    coefficients: FloatArray
    estimate: float
    std_error: float
    dof: float


def clustered_regression(
    design: FloatArray, outcome: FloatArray, contrast: FloatArray, cluster: IntArray | None = None
) -> Regression:
    r"""Fit least squares and infer on one combination of its coefficients, with clusters and few of them.

    Use it where units of one cluster may move together, or where units are few.

    Parameters
    ----------
    design : numpy.ndarray
        Regressors with their constant, of full rank, shape (n, k).
    outcome : numpy.ndarray
        Outcome, shape (n,).
    contrast : numpy.ndarray
        Weights of the coefficients in the estimate, shape (k,).
    cluster : numpy.ndarray, optional
        Whole numbers from 0 on, shape (n,). Each unit is its own cluster by default: CR2 is then HC2.

    Returns
    -------
    Regression
        The coefficients; the estimate, its standard error and its degrees of freedom.

    Notes
    -----
    With :math:`M = (X'X)^{-1}`, :math:`H_g = X_g M X_g'` and residuals :math:`e`, for a combination :math:`c'\beta`

    .. math:: V = \sum_g (c' M X_g' A_g e_g)^2, \quad A_g = (I - H_g)^{-1/2}

    which is unbiased where errors are independent with one variance. The degrees of freedom are those of the chi-square
    with the mean and variance that V has then (Satterthwaite).

    References
    ----------
    Bell & McCaffrey (2002), Survey Methodology 28, p. 169-181. Imbens & Kolesar (2016), Review of Economics and
    Statistics 98, p. 701-712. Pustejovsky & Tipton (2018), Journal of Business & Economic Statistics 36, p. 672-683.

    Examples
    --------
    >>> import numpy as np
    >>> from si_eval.cluster_robust import clustered_regression
    >>> design = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]])
    >>> fit = clustered_regression(design, np.array([1.0, 2.0, 3.0, 2.0, 4.0, 6.0]), np.array([0.0, 1.0]))
    >>> round(fit.estimate, 3), round(fit.std_error, 3), round(fit.dof, 1)
    (2.0, 1.291, 4.0)
    """
    gram = design.T @ design
    coefficients: FloatArray = np.asarray(np.linalg.solve(gram, design.T @ outcome), dtype=np.float64)
    residual = outcome - design @ coefficients
    if cluster is None:
        inference = combination_variance(gram, contrast, singles=(design, residual))
    else:
        size = np.bincount(cluster)
        alone = size[cluster] == 1
        place = np.cumsum(size > 1) - 1  # of the clusters of several units
        grams, scores = cluster_sums(design[~alone], residual[~alone], place[cluster[~alone]], int((size > 1).sum()))
        singles = design[alone], residual[alone]
        inference = combination_variance(gram, contrast, singles=singles, clusters=(grams, scores))
    return Regression(coefficients, float(contrast @ coefficients), *inference)


def cluster_sums(
    design: FloatArray, residual: FloatArray, cluster: IntArray, clusters: int
) -> tuple[FloatArray, FloatArray]:
    """Add up by cluster the products of regressors, (clusters, k, k), and those with the residuals, (clusters, k)."""
    k = design.shape[1]
    grams, scores = np.zeros((clusters, k, k)), np.zeros((clusters, k))
    for i in range(k):
        scores[:, i] = np.bincount(cluster, design[:, i] * residual, minlength=clusters)
        for j in range(i, k):
            grams[:, i, j] = np.bincount(cluster, design[:, i] * design[:, j], minlength=clusters)
            grams[:, j, i] = grams[:, i, j]
    return grams, scores


def combination_variance(
    gram: FloatArray,
    contrast: FloatArray,
    *,
    singles: tuple[FloatArray, FloatArray] | None = None,
    clusters: tuple[FloatArray, FloatArray] | None = None,
) -> ClusterRobust:
    """Compute the CR2 standard error and the degrees of freedom of a combination of coefficients from cluster sums.

    ``gram`` (k, k) is that of all rows; ``singles`` are the regressors (n, k) and residuals (n,) of units that are
    their own cluster, ``clusters`` the grams (g, k, k) and scores (g, k) of the others.
    """
    values, vectors = np.linalg.eigh(gram)
    root = vectors / np.sqrt(values) @ vectors.T  # regressors times this are orthonormal
    direction = root @ contrast
    parts = []
    if singles is not None and len(singles[1]):
        parts.append(_of_singles(singles[0] @ root, singles[1], direction))
    if clusters is not None:
        for start in range(0, len(clusters[1]), EIGEN_BLOCK):
            at = slice(start, start + EIGEN_BLOCK)
            parts.append(_of_clusters(root @ clusters[0][at] @ root, clusters[1][at] @ root, direction))
    score, weight, reach = (np.concatenate(part) for part in zip(*parts, strict=True))
    return ClusterRobust(float(np.sqrt(score @ score)), satterthwaite(weight, reach))


def satterthwaite(weight: FloatArray, reach: FloatArray, multiplicity: FloatArray | None = None) -> float:
    """Compute the degrees of freedom of a CR2 variance under errors that are independent with one variance.

    The variance is a sum of squares of one number a cluster, whose covariance has diagonal ``weight`` (g,) less the
    products of ``reach`` (g, k). ``multiplicity`` counts the clusters of a line, one by default.
    """
    times = np.ones(len(weight)) if multiplicity is None else multiplicity
    own = np.sum(reach**2, axis=1)
    among = (reach * times[:, None]).T @ reach
    mean = times @ (weight - own)
    squares = times @ (weight**2 - 2 * weight * own) + np.sum(among**2)
    return float(mean**2 / squares) if squares > 0 else np.nan


def _of_singles(
    design: FloatArray, residual: FloatArray, direction: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Compute score, weight and reach of units that are their own cluster, on orthonormal regressors."""
    left = 1 - np.sum(design**2, axis=1)
    stretch = np.where(left > MIN_RESIDUAL_SHARE, 1 / np.sqrt(np.maximum(left, MIN_RESIDUAL_SHARE)), 0.0)
    along = design @ direction * stretch
    return along * residual, along**2, design * along[:, None]


def _of_clusters(
    gram: FloatArray, score: FloatArray, direction: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Compute score, weight and reach of clusters of several units, on orthonormal regressors."""
    explained, vectors = np.linalg.eigh(gram)
    explained = np.clip(explained, 0.0, 1.0)
    left = 1 - explained
    stretch = np.where(left > MIN_RESIDUAL_SHARE, 1 / np.sqrt(np.maximum(left, MIN_RESIDUAL_SHARE)), 0.0)
    along = np.einsum("gij,i->gj", vectors, direction) * stretch
    turned = np.einsum("gij,gi->gj", vectors, score)
    reach = np.einsum("gij,gj->gi", vectors, along * explained)
    return np.sum(along * turned, axis=1), np.sum(along**2 * explained, axis=1), reach

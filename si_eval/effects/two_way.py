"""Two-way fixed effects by least squares, and the comparisons that they are an average of.

The estimator is our own because of what was measured: on 100,000 firms by six years ``linearmodels.PanelOLS`` takes
3 s, and on two million more memory than the panel itself; here units are passed over in blocks. The numbers are the
same (docs/methods/two-way-fixed-effects.md).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from si_eval.effects.propensity import row_blocks
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.vocabulary import Reason

MIN_SPREAD = 1e-10  # of what unit and year effects leave of participation, as a share of its sum of squares
MIN_CLUSTERS = 5  # of fewer, the t distribution is far off
UNTREATED, EARLIER, LATER = "with_untreated", "earlier_with_later", "later_with_earlier"


class TwoWay(NamedTuple):
    """A coefficient of participation with unit and year effects; NaN with a ``reason`` where there is none.

    ``std_error`` is clustered, with the unit effects counted as one parameter because they lie within the clusters (R's
    fixest); ``std_error_counted`` counts all of them (linearmodels). ``n_rows`` is the number of rows, those of units
    with one row left out, ``used`` (units,) marks the others.
    """

    estimate: float
    std_error: float
    std_error_counted: float
    dof: float
    n_rows: int
    used: BoolArray
    reason: Reason | None = None


class BaconPart(NamedTuple):
    """A kind of two-by-two comparison: its part of the coefficient, and the mean effect in it."""

    kind: str
    share: float
    estimate: float


def two_way_effect(
    outcome: FloatArray,
    treated: BoolArray,
    cluster: IntArray | None = None,
    covariates: FloatArray | None = None,
    weights: FloatArray | None = None,
) -> TwoWay:
    r"""Regress an outcome (units, periods), NaN where not observed, on participation with unit and year effects.

    .. math:: Y_{it} = \alpha_i + \lambda_t + \tau D_{it} + x_{it}'\beta + e_{it}

    ``treated`` (units, periods) tells who takes part when, ``covariates`` (units, periods, k) vary over time, and
    ``weights`` (units,) are what units count for. Source: Wooldridge (2010), Econometric Analysis of Cross Section and
    Panel Data, section 10.5; errors: Cameron & Miller (2015), Journal of Human Resources 50, p. 317-372.
    """
    n = len(outcome)
    observed = np.isfinite(outcome)
    if covariates is not None:
        observed &= np.isfinite(covariates).all(axis=2)
    alone = observed.sum(axis=1) == 1
    n_alone = int(alone.sum())
    observed[alone] = False
    own = np.ones(n) if weights is None else weights
    observed[~(own > 0)] = False
    used: BoolArray = np.asarray(observed.any(axis=1), dtype=np.bool_)
    rows, columns = int(observed.sum()), 1 + (0 if covariates is None else covariates.shape[2])
    years = np.flatnonzero(observed.any(axis=0))
    nothing = TwoWay(np.nan, np.nan, np.nan, np.nan, rows, used, Reason.PARTICIPATION_DOES_NOT_VARY)
    if rows <= columns + len(years):
        return nothing
    places = years[1:]
    size = columns + len(places)
    gram, moment = np.zeros((size, size)), np.zeros(size)
    for at in row_blocks(n):
        design, values = _demeaned(outcome[at], treated[at], _block(covariates, at), observed[at], places)
        heavy = design * own[at][:, None, None]
        gram += np.einsum("itk,itl->kl", heavy, design)
        moment += np.einsum("itk,it->k", heavy, values)
    if gram[0, 0] <= 0:
        return nothing
    slope = np.linalg.lstsq(gram[1:, 1:], gram[1:, 0], rcond=None)[0] if size > 1 else np.zeros(0)
    left = gram[0, 0] - gram[0, 1:] @ slope  # what the other columns leave of participation
    if left < MIN_SPREAD * gram[0, 0]:
        return nothing
    estimate = float((moment[0] - slope @ moment[1:]) / left)
    others = np.linalg.lstsq(gram[1:, 1:], moment[1:] - gram[1:, 0] * estimate, rcond=None)[0] if size > 1 else slope
    codes = np.arange(n) if cluster is None else cluster
    score = np.zeros(int(codes.max()) + 1)
    for at in row_blocks(n):
        design, values = _demeaned(outcome[at], treated[at], _block(covariates, at), observed[at], places)
        residual = values - design[:, :, 0] * estimate - design[:, :, 1:] @ others
        own_part = design[:, :, 0] - design[:, :, 1:] @ slope
        score += np.bincount(codes[at], own[at] * np.sum(residual * own_part, axis=1), minlength=len(score))
    groups = len(np.unique(codes[used]))
    if groups < MIN_CLUSTERS:
        return TwoWay(estimate, np.nan, np.nan, np.nan, rows, used, Reason.TOO_FEW_CLUSTERS)
    raw = float(np.sqrt(score @ score) / left)
    nested = np.sqrt(groups / (groups - 1) * (rows - 1) / (rows - size - 1))
    every_row, every_unit = rows + n_alone, int(used.sum()) + n_alone
    left_over = every_row - size - every_unit
    counted = np.sqrt(every_row / left_over) if left_over > 0 else np.nan
    return TwoWay(estimate, raw * nested, raw * counted, groups - 1.0, rows, used)


def _block(covariates: FloatArray | None, at: slice) -> FloatArray | None:
    """Return the covariates of a block of units."""
    return None if covariates is None else covariates[at]


def _demeaned(
    outcome: FloatArray, treated: BoolArray, covariates: FloatArray | None, observed: BoolArray, years: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Take off the mean of each unit: participation, covariates and years (units, periods, k), and the outcome."""
    n, periods = outcome.shape
    several = [] if covariates is None else [covariates[:, :, at] for at in range(covariates.shape[2])]
    calendar = np.broadcast_to(np.arange(periods), (n, periods))
    columns = np.stack([treated.astype(np.float64), *several, *((calendar == year) * 1.0 for year in years)], axis=2)
    there = observed[:, :, None]
    count = np.maximum(observed.sum(axis=1), 1)
    columns = np.where(there, columns, 0.0)
    columns = np.where(there, columns - (columns.sum(axis=1) / count[:, None])[:, None, :], 0.0)
    values = np.where(observed, outcome, 0.0)
    return columns, np.where(observed, values - (values.sum(axis=1) / count)[:, None], 0.0)


def bacon_parts(means: FloatArray, sizes: FloatArray, starts: IntArray) -> list[BaconPart]:
    r"""Split the coefficient of a balanced panel, without covariates, in comparisons of two groups at two times.

    ``means`` (groups, periods) are the mean outcomes of cohorts, ``sizes`` (groups,) their units and ``starts``
    (groups,) the place of the first period of taking part: 0 for always, the number of periods for never. Comparisons
    of later with earlier participants take firms as controls that take part already: effects that grow over time then
    count against the programme.

    Source: Goodman-Bacon (2021), Journal of Econometrics 225, p. 254-277, theorem 1 (equations 10a-10g).
    """
    periods = means.shape[1]
    portion = 1 - starts / periods  # of the periods in which a group takes part
    size = sizes / sizes.sum()
    found: dict[str, list[tuple[float, float]]] = {UNTREATED: [], EARLIER: [], LATER: []}
    for early in range(len(starts)):
        for late in range(len(starts)):
            k, later = starts[early], starts[late]
            if k >= later or k >= periods:
                continue
            both = size[early] + size[late]
            mix = size[early] * size[late] / both**2
            if later < periods:
                if k > 0:
                    left = 1 - portion[late]
                    weight = (both * left) ** 2 * mix * (portion[early] - portion[late]) / left
                    weight *= (1 - portion[early]) / left
                    found[EARLIER].append((weight, _gap(means[early], means[late], slice(0, k), slice(k, later))))
                weight = (both * portion[early]) ** 2 * mix * portion[late] / portion[early]
                weight *= (portion[early] - portion[late]) / portion[early]
                found[LATER].append((weight, _gap(means[late], means[early], slice(k, later), slice(later, None))))
            elif k > 0:
                weight = both**2 * mix * portion[early] * (1 - portion[early])
                found[UNTREATED].append((weight, _gap(means[early], means[late], slice(0, k), slice(k, None))))
    total = sum(weight for parts in found.values() for weight, _ in parts)
    return [
        BaconPart(kind, float(sum(own) / total), float(np.average([gap for _, gap in parts], weights=own)))
        for kind, parts in found.items()
        if (own := [weight for weight, _ in parts]) and sum(own) > 0
    ]


def _gap(ours: FloatArray, theirs: FloatArray, before: slice, after: slice) -> float:
    """Compute the difference of the mean changes of two groups."""
    return float((ours[after].mean() - ours[before].mean()) - (theirs[after].mean() - theirs[before].mean()))

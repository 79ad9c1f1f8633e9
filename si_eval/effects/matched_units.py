"""Matches participants with comparable units: what each unit counts for, the same for every outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from si_eval.effects.coarsening import coarsened_exact
from si_eval.effects.mahalanobis import match_mahalanobis
from si_eval.effects.match_stack import TOGETHER, MatchStack
from si_eval.effects.matching import Matched, match_within, score_spread
from si_eval.effects.propensity import fit_logit
from si_eval.effects.two_by_two import drop_constant_columns, has_counterpart
from si_eval.effects.weighting import entropy_balance, inverse_probability
from si_eval.stats import BoolArray, FloatArray, IntArray, distinct
from si_eval.vocabulary import Reason

MatchMethod = Literal["nearest", "coarsened", "entropy", "ipw"]
Distance = Literal["logit", "mahalanobis"]


@dataclass(frozen=True)
class MatchPlan:
    """How participants are matched, as `match_units` describes it."""

    method: MatchMethod
    distance: Distance
    ratio: int
    replace: bool
    caliper: float | None
    bins: int
    moments: int
    trim: tuple[float, float] | None
    seed: int


@dataclass(frozen=True)
class MatchedUnits:
    """What each matched unit counts for, by cohort; unit-level, it stays inside.

    ``ids`` (n,) ascend; ``weights`` (n, cohorts) are one for a participant, and of others of a cohort add up to its
    participants; ``cohorts`` are years of entry, none where all were matched in one year (then there is one column).
    ``sets`` (n,) number the matched sets, ``pairs`` (k, 2) are the ids of participants and of who serves them; None
    where units are weighted.
    """

    ids: IntArray
    cohorts: tuple[int, ...]
    weights: FloatArray
    sets: IntArray | None
    pairs: IntArray | None = None

    def weights_of(self, ids: IntArray, cohort: int | None) -> FloatArray:
        """Return what units (n,) count for in comparisons of a cohort, or of all: 0 for those that are not matched."""
        found = np.zeros(len(ids))
        if not self.cohorts or cohort is None:
            column = self.weights.sum(axis=1)
        elif cohort in self.cohorts:
            column = self.weights[:, self.cohorts.index(cohort)]
        else:
            return found
        at, there = self._places(ids)
        found[there] = column[at[there]]
        return found

    def _places(self, ids: IntArray) -> tuple[IntArray, BoolArray]:
        """Return the places of units among the matched, and whether they are."""
        if not len(self.ids):
            return np.zeros(len(ids), dtype=np.int64), np.zeros(len(ids), dtype=np.bool_)
        at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return at, np.asarray(self.ids[at] == ids, dtype=np.bool_)

    def clusters_of(self, ids: IntArray, cluster: IntArray | None) -> IntArray | None:
        """Return the clusters of units that were matched or are in one cluster already, directly or through others."""
        if self.sets is None:
            return cluster
        at, there = self._places(ids)
        sets = np.arange(len(ids)) + int(self.sets.max(initial=-1)) + 1
        sets[there] = self.sets[at[there]]
        if cluster is None:
            return np.unique(sets, return_inverse=True)[1]
        left, right = (np.unique(one, return_inverse=True)[1] for one in (sets, cluster))
        size = int(left.max(initial=0)) + 1
        nodes = size + int(right.max(initial=0)) + 1
        links = sparse.coo_matrix((np.ones(len(ids)), (left, size + right)), shape=(nodes, nodes))
        return np.asarray(csgraph.connected_components(links, directed=False)[1][left], dtype=np.int64)


@dataclass(frozen=True)
class Match:
    """A match of stacked rows: what each row counts for (m,), participants without a match by reason, and who it is."""

    units: MatchedUnits
    row_weights: FloatArray
    unmatched: Mapping[Reason, IntArray]


def match_stack(stack: MatchStack, ids: IntArray, shift: int, plan: MatchPlan) -> Match:
    """Match the rows of each cohort; ``ids`` are those of all units, ``shift`` moves cohorts to years of the panel."""
    weights, reasons = np.zeros(len(stack.unit)), np.full(len(stack.unit), "", dtype=object)
    pairs: list[tuple[IntArray, IntArray]] = []
    comparable = np.ones(len(stack.unit), dtype=np.bool_)
    needs_design = stack.columns or plan.method in ("entropy", "ipw")
    design = stack.design(with_exact=plan.method in ("entropy", "ipw")) if needs_design else None
    if design is not None:
        comparable = has_counterpart(design, stack.treated)
    score = None
    if plan.method == "ipw" or (plan.method == "nearest" and plan.distance == "logit"):
        score, reason = _score(design, stack.treated, comparable)
        if reason is not None:
            reasons[stack.treated] = reason
    pooled_spread = 1.0
    if score is not None and plan.method == "nearest":
        known = np.isfinite(score)
        pooled_spread = score_spread(_logit(score[known]), stack.treated[known]) if known.any() else 1.0
    used = np.zeros(len(ids), dtype=np.bool_)
    for g in np.unique(stack.cohort):
        rows = np.flatnonzero((stack.cohort == g) & comparable)
        if score is not None:
            rows = rows[np.isfinite(score[rows])]
        if not plan.replace:
            rows = rows[~used[stack.unit[rows]]]
        rows = _in_mixed_cells(stack, rows)
        if not len(rows):
            continue
        if plan.method == "nearest":
            matched = _nearest(stack, rows, design, score, pooled_spread, plan)
            of_row, of_other = rows[matched.treated], rows[matched.control]
            pairs.append((stack.unit[of_row], stack.unit[of_other]))
            weights[distinct(of_row)] = 1.0
            np.add.at(weights, of_other, matched.weight)
            reasons[rows[matched.unmatched]] = matched.reasons
            used[stack.unit[of_other]] = True
        else:
            weights[rows], lost = _weighted(stack, rows, design, score, plan)
            for row, why in lost.items():
                reasons[rows[row]] = why
    alone = stack.treated & (weights == 0) & (reasons == "")
    reasons[alone] = Reason.NO_CONTROL_IN_CELL
    unmatched: dict[Reason, IntArray] = {}
    for why in dict.fromkeys(reasons[stack.treated & (weights == 0)].tolist()):
        unmatched[why] = ids[stack.unit[stack.treated & (weights == 0) & (reasons == why)]]
    return Match(_gather(stack, weights, pairs, ids, shift, plan), weights, unmatched)


def _score(design: FloatArray | None, treated: BoolArray, comparable: BoolArray) -> tuple[FloatArray, Reason | None]:
    """Fit the chance of taking part in all base years together; without covariates all have the same, NaN for none."""
    if design is None or not treated.any():
        return np.zeros(len(treated)), None
    score = np.full(len(treated), np.nan)
    varying = drop_constant_columns(design[comparable])
    if varying is None:
        score[comparable] = treated[comparable].mean()
        return score, None
    logit = fit_logit(varying, treated[comparable])
    if logit.converged:
        score[comparable] = logit.fitted
    return score, logit.reason


def _logit(score: FloatArray) -> FloatArray:
    """Return the log odds of a score; of one that is 0 for all, as it is."""
    inside = (score > 0) & (score < 1)
    return np.log(np.where(inside, score, 0.5)) - np.log1p(-np.where(inside, score, 0.5))


def _in_mixed_cells(stack: MatchStack, rows: IntArray) -> IntArray:
    """Keep the rows of cells with participants and others."""
    cells = stack.cell[rows]
    mixed = np.intersect1d(cells[stack.treated[rows]], cells[~stack.treated[rows]])
    return rows[np.isin(cells, mixed)]


def _nearest(
    stack: MatchStack,
    rows: IntArray,
    design: FloatArray | None,
    score: FloatArray | None,
    spread: float,
    plan: MatchPlan,
) -> Matched:
    """Match the rows of a cohort with their nearest neighbours."""
    treated, cell = stack.treated[rows], stack.cell[rows]
    if plan.distance == "mahalanobis" and design is not None:
        return match_mahalanobis(
            design[rows], treated, exact=cell, ratio=plan.ratio, caliper=plan.caliper, replace=plan.replace,
            seed=plan.seed,
        )  # fmt: skip
    logit = np.zeros(len(rows)) if score is None else _logit(score[rows])
    limit = np.inf if plan.caliper is None else plan.caliper * spread
    return match_within(
        logit, treated, cell, ratio=plan.ratio, max_distance=limit, replace=plan.replace, seed=plan.seed
    )


def _weighted(
    stack: MatchStack, rows: IntArray, design: FloatArray | None, score: FloatArray | None, plan: MatchPlan
) -> tuple[FloatArray, dict[int, Reason]]:
    """Return what the rows of a cohort count for, and participants (by place among them) that count for nothing."""
    treated = stack.treated[rows]
    if plan.method == "coarsened":
        classes = [_cut(stack.values[rows, at], treated, plan.bins) for at, _ in enumerate(stack.columns)]
        strata = coarsened_exact(np.column_stack([stack.cell[rows], *classes]), treated)
        return strata.weights, dict(zip(strata.unmatched.tolist(), strata.reasons, strict=True))
    assert design is not None
    result = np.where(treated, 1.0, 0.0)
    everybody = np.flatnonzero(treated).tolist()
    if plan.method == "ipw":
        assert score is not None
        found = inverse_probability(score[rows], treated, trim=plan.trim)
        kept = np.ones(len(rows), dtype=np.bool_) if found.kept is None else found.kept
        trimmed = dict.fromkeys(np.flatnonzero(treated & ~kept).tolist(), Reason.TRIMMED)
        if found.reason is not None:
            return np.zeros(len(rows)), dict.fromkeys(everybody, found.reason)
        result[treated & ~kept] = 0.0
        result[~treated] = found.weights * result.sum()
        return result, trimmed
    columns = drop_constant_columns(design[rows])
    if columns is None:
        result[~treated] = treated.sum() / max((~treated).sum(), 1)
        return result, {}
    found = entropy_balance(columns, treated, moments=plan.moments)
    if found.reason is not None:
        return np.zeros(len(rows)), dict.fromkeys(everybody, found.reason)
    result[~treated] = found.weights * treated.sum()
    return result, {}


def _cut(values: FloatArray, treated: BoolArray, bins: int) -> IntArray:
    """Cut a number at the quantiles of the participants, so that each class has as many of them."""
    if np.all((values == 0) | (values == 1)):
        return values.astype(np.int64)
    edges = np.quantile(values[treated], np.arange(1, bins) / bins)
    return np.searchsorted(np.unique(edges), values, side="right")


def _gather(
    stack: MatchStack,
    weights: FloatArray,
    pairs: list[tuple[IntArray, IntArray]],
    ids: IntArray,
    shift: int,
    plan: MatchPlan,
) -> MatchedUnits:
    """Gather what each unit counts for by cohort, and the sets that pairs make."""
    cohorts = np.unique(stack.cohort)
    places = distinct(stack.unit[weights > 0])
    table = np.zeros((len(places), len(cohorts)))
    used = weights > 0
    at = np.searchsorted(places, stack.unit[used]), np.searchsorted(cohorts, stack.cohort[used])
    np.add.at(table, at, weights[used])
    sets = None
    if plan.method == "nearest":
        none = np.zeros(0, dtype=np.int64)
        ours, theirs = (
            np.searchsorted(places, np.concatenate([none, *(pair[side] for pair in pairs)])) for side in (0, 1)
        )
        links = sparse.coo_matrix((np.ones(len(ours)), (ours, theirs)), shape=(len(places), len(places)))
        sets = csgraph.connected_components(links, directed=False)[1].astype(np.int64)
    names = () if TOGETHER in cohorts else tuple(int(g) - shift for g in cohorts)
    joined = None if sets is None else np.column_stack([ids[places[ours]], ids[places[theirs]]])
    return MatchedUnits(ids[places], names, table, sets, joined)

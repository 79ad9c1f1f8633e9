"""Group-time effects: each cohort in each period, as a two-by-two comparison with units that are not treated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, get_args

import numpy as np

from si_eval.effects.left_out import count_left_out, units_left_out
from si_eval.effects.panel_arrays import NEVER_TREATED
from si_eval.effects.propensity import FittedLogits
from si_eval.effects.sides import Sides, joint_sides, placed, sides_of
from si_eval.effects.small_sample import (
    SmallSample,
    clusters_are_too_few,
    count_members,
    effective_units,
    side_stretch,
    strata_covariances,
)
from si_eval.effects.two_by_two import (
    Method,
    TwoByTwo,
    chosen_rows,
    drop_constant_columns,
    has_counterpart,
    two_by_two,
)
from si_eval.effects.validation import check_outcomes
from si_eval.errors import StudyError
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.vocabulary import Reason

Controls = Literal["never", "not_yet"]
Base = Literal["varying", "universal"]
UNCOVERED = (Reason.WITHOUT_WEIGHT, Reason.MISSING_COVARIATES, Reason.OUTSIDE_OVERLAP)


@dataclass(frozen=True)
class GroupTimeEffects:
    """Effects of cohorts by period, shape (cells,); a cell without an estimate has a ``reason`` and NaN.

    A cell with an estimate but without a standard error (no variance, too few clusters) has a ``reason`` too, and its
    places in ``covariance`` are NaN. ``cohorts`` are the cohorts and ``shares`` their shares of all units.
    ``covariance`` is that of the effects followed by the shares, shape (cells + cohorts, cells + cohorts), from their
    influence functions, clustered where asked: sum over clusters of products, without small-sample correction, as R's
    `did` has it. ``small_sample`` has the covariance that intervals rest on, and its degrees of freedom.
    ``n_incomplete`` counts the units of a cell that a
    gap in their covariates keeps out of it, ``n_trimmed`` the controls without weight. ``dropped`` counts the treated
    units that are in no cell by reason, ``dropped_never`` those that are never treated. ``base`` is the period that
    each effect is compared with, ``sides`` are the units of each. ``uncovered`` marks, by reason, the treated (units,)
    that are in no effect since treatment though they have outcomes, and so in no share: what they count for, or their
    covariates, keep them out.
    """

    cohort: IntArray
    period: IntArray
    att: FloatArray
    n_treated: IntArray
    n_controls: IntArray
    n_incomplete: IntArray
    n_trimmed: IntArray
    reason: tuple[Reason | None, ...]
    cohorts: IntArray
    shares: FloatArray
    covariance: FloatArray
    small_sample: SmallSample
    clusters: int
    dropped: Mapping[Reason, int]
    dropped_never: Mapping[Reason, int]
    anticipation: int
    base: IntArray
    sides: tuple[Sides, ...]
    uncovered: Mapping[Reason, BoolArray]

    @property
    def before(self) -> BoolArray:
        """Mark the effects before treatment and before anything that anticipates it."""
        return self.period < self.cohort - self.anticipation

    def units(self, cells: IntArray) -> tuple[Sides | None, tuple[tuple[int, int, int], ...]]:
        """Return who is compared in some of the effects, and what: cohort, period and base of each."""
        compared = zip(self.cohort[cells], self.period[cells], self.base[cells], strict=True)
        sides = joint_sides([self.sides[cell] for cell in cells]) if len(cells) else None
        return sides, tuple((int(cohort), int(period), int(base)) for cohort, period, base in compared)

    @property
    def std_error(self) -> FloatArray:
        """Standard errors of the effects, NaN where there is none."""
        variance = np.diag(self.covariance)[: len(self.att)]
        return np.where(np.isnan(self.att), np.nan, np.sqrt(variance))


def group_time_effects(
    outcome: FloatArray,
    cohort: IntArray,
    periods: Sequence[int],
    *,
    controls: Controls = "never",
    method: Method = "dr",
    covariates: Callable[[int], FloatArray | None] | None = None,
    anticipation: int = 0,
    base: Base = "varying",
    balanced: bool = False,
    cluster: IntArray | None = None,
    weights: Callable[[int], FloatArray] | None = None,
    min_units: int = 1,
    fits: FittedLogits | None = None,
) -> GroupTimeEffects:
    """Estimate the effect on each cohort in each period (`att_gt` of R's `did`).

    ``outcome`` has shape (units, periods), NaN where it is not observed; ``cohort`` (units,) is the first period of
    treatment, 0 for never. Treatment may have effects ``anticipation`` periods ahead: from then on the change is taken
    since the last period before; earlier since the period before (``base`` "varying"), or to that same last period
    ("universal", which sensitivity analysis needs and which has no cell for it). ``controls`` are units that are never
    treated, or are not yet by the later of the two periods. ``covariates`` gives, for the column of the earlier period,
    an array (units, k); units with a gap in it are not in the cell. A unit is in a cell when it is observed in both
    periods; ``balanced`` keeps only units observed in all, as R's `did` does by default. Cells with fewer than
    ``min_units`` on either side, and never with fewer than two, are not estimated. Units treated from the first period
    on have nothing to compare with and are dropped, as are those that are first observed from their own treatment on:
    they are in no share of a cohort. Those treated after the last period are controls of "not_yet" alone. ``weights``
    gives, for a cohort, what each unit counts for in its effects (units,); units that count for nothing are in none of
    them. With ``cluster``, a cell has a standard error where each side has two clusters, and all units together have
    five. ``fits`` keeps the models of who takes part, for a further call on the same outcome, cohorts and covariates.

    Raises `StudyError` for shapes, options and cohorts that cannot be used. Source: Callaway & Sant'Anna (2021),
    Journal of Econometrics 225, p. 200-230, theorem 1 (equations 2.1-2.8); reference implementation: R `did`.
    """
    check_outcomes(outcome, cohort, periods, anticipation, cluster)
    _check_options(controls, method, base, cohort)
    calendar = np.asarray(periods)
    reasons = units_left_out(~np.isnan(outcome), cohort, calendar, anticipation, controls, balanced)
    kept = ~np.any(list(reasons.values()), axis=0)
    cohort_kept = cohort[kept]
    cohorts = np.unique(cohort_kept[(cohort_kept != NEVER_TREATED) & (cohort_kept <= calendar[-1])])
    if not len(cohorts):
        raise StudyError(
            "cohort: found no unit treated after the first period; expected some; give years before and after"
        )
    sample = _Sample(
        np.stack([values[kept] for values in outcome.T]),
        cohort_kept,
        calendar,
        None if covariates is None else lambda t: _rows_of(covariates(t), kept),
        None if cluster is None else np.unique(cluster[kept], return_inverse=True)[1],
        None if weights is None else {int(g): weights(int(g))[kept] for g in cohorts},
        FittedLogits() if fits is None else fits,
    )
    pairs = list(_cells_to_estimate(cohorts, calendar, anticipation, base))
    scores = np.zeros((len(pairs) + len(cohorts), sample.clusters))
    corrected = np.zeros((len(scores), len(sample.several)))
    effects, stretches, n_incomplete, sides, effective = [], [], [], [], []
    lost, compared = np.zeros((3, len(cohort_kept)), dtype=np.bool_), np.zeros(len(cohort_kept), dtype=np.bool_)
    for row, (g, t, base_t) in enumerate(pairs):
        later = max(calendar[t], calendar[base_t]) + anticipation
        cell = sample.cell(g, t, base_t, later if controls == "not_yet" else None, method, min_units)
        scores[row], corrected[row] = cell.score, cell.corrected
        effects.append(cell.effect._replace(influence=scores[row]))
        stretches.append(cell.stretch)
        n_incomplete.append(cell.n_missing)
        sides.append(sides_of(*cell.compared, kept))
        effective.append(sample.effective(g, cell.compared))
        if calendar[t] >= g:
            lost, compared = lost | cell.lost, compared | cell.compared[0]
    every_unit = np.ones(len(cohort_kept), dtype=bool)
    lost &= ~np.logical_or.accumulate([compared, *lost[:-1]])  # by the first reason
    parts = [sample.share_of(int(g)) * ~lost.any(axis=0) for g in cohorts]
    shares = np.array([part.mean() for part in parts])
    for row, (part, share) in enumerate(zip(parts, shares, strict=True), start=len(pairs)):
        scores[row] = sample.by_cluster(part - share, every_unit)
        corrected[row] = scores[row, sample.several]
    covariance = scores @ scores.T / len(cohort_kept) ** 2
    of_cells = {
        "cohort": np.array([g for g, _, _ in pairs]),
        "period": np.array([calendar[t] for _, t, _ in pairs]),
        "n_treated": np.array([effect.n_treated for effect in effects]),
        "n_controls": np.array([effect.n_controls for effect in effects]),
        "cohorts": cohorts,
    }
    for row, ((g, _, _), (of_treated, of_controls)) in enumerate(zip(pairs, stretches, strict=True)):
        scores[row] *= np.where(sample.cohort_alone == g, of_treated, of_controls)  # in place: they may be millions
    scores[:, sample.several] = corrected
    unbiased = scores @ scores.T / len(cohort_kept) ** 2
    strata, members = None, None
    if sample.cluster is None:
        strata = strata_covariances(scores, cohort_kept, cohorts, unbiased)
    else:
        members = count_members(sample.cluster, cohort_kept, cohorts, sample.all_weights)
    of_small = of_cells
    if weights is not None:
        of_treated, of_controls = np.array(effective).T
        of_small = of_cells | {"n_treated": of_treated, "n_controls": of_controls}
    return GroupTimeEffects(
        **of_cells,
        att=np.array([effect.att for effect in effects]),
        n_incomplete=np.array(n_incomplete),
        n_trimmed=np.array([effect.n_trimmed for effect in effects]),
        reason=tuple(effect.reason for effect in effects),
        shares=shares,
        covariance=covariance,
        small_sample=SmallSample(**of_small, covariance=unbiased, strata=strata, members=members),
        clusters=sample.clusters,
        dropped=count_left_out(reasons, cohort != NEVER_TREATED),
        dropped_never=count_left_out(reasons, cohort == NEVER_TREATED),
        anticipation=anticipation,
        base=calendar[[base_t for _, _, base_t in pairs]],
        sides=tuple(sides),
        uncovered={reason: placed(mine, kept) for reason, mine in zip(UNCOVERED, lost, strict=True)},
    )


class _Cell(NamedTuple):
    """A comparison with the influence of each cluster on it, ``score`` (clusters,).

    The score whose squares are unbiased is, of a cluster of one unit, this one times a number, ``stretch``, for the
    treated and for controls; those of clusters of several units are ``corrected``. ``n_missing`` counts units with gaps
    in their covariates, ``compared`` marks the units on either side, ``lost`` the treated (3, units) that count
    for nothing, have gaps in their covariates or no counterpart.
    """

    effect: TwoByTwo
    score: FloatArray
    corrected: FloatArray
    stretch: tuple[float, float]
    n_missing: int
    compared: tuple[BoolArray, BoolArray]
    lost: BoolArray


@dataclass(frozen=True)
class _Sample:
    """The units that are used: ``outcome`` has shape (periods, units), ``cluster`` numbers their clusters.

    ``covariates`` gives theirs by column of a period, ``weights`` what they count for, by cohort; ``fits`` are models
    of who takes part, by cohort and column.
    """

    outcome: FloatArray
    cohort: IntArray
    calendar: IntArray
    covariates: Callable[[int], FloatArray | None] | None
    cluster: IntArray | None
    weights: Mapping[int, FloatArray] | None
    fits: FittedLogits

    @property
    def all_weights(self) -> FloatArray | None:
        """What each unit counts for in its own cohort or, of controls, in all of them together."""
        if self.weights is None:
            return None
        mine = [
            np.where((self.cohort == g) | (self.cohort == NEVER_TREATED), own, 0) for g, own in self.weights.items()
        ]
        return np.asarray(np.sum(mine, axis=0), dtype=np.float64)

    def share_of(self, g: int) -> FloatArray:
        """Return what each unit counts for in the share of a cohort, shape (units,)."""
        mine = (self.cohort == g).astype(np.float64)
        return mine if self.weights is None else mine * self.weights[g]

    def effective(self, g: int, compared: tuple[BoolArray, BoolArray]) -> tuple[float, float]:
        """Return the effective number of units on either side of a comparison."""
        if self.weights is None:
            return 0.0, 0.0
        of_treated, of_controls = (effective_units(self.weights[g][side]) for side in compared)
        return of_treated, of_controls

    @cached_property
    def several(self) -> IntArray:
        """List the clusters whose score is corrected by itself: those of several units or, with weights, all."""
        if self.weights is not None:
            return np.arange(self.clusters)
        return np.zeros(0, dtype=np.int64) if self.cluster is None else np.flatnonzero(np.bincount(self.cluster) > 1)

    @cached_property
    def cohort_alone(self) -> IntArray:
        """Return the cohort of the only unit of each cluster; of clusters of several units, of one of them."""
        if self.cluster is None:
            return self.cohort
        cohort = np.zeros(self.clusters, dtype=np.int64)
        cohort[self.cluster] = self.cohort
        return cohort

    @property
    def clusters(self) -> int:
        """Number of clusters; a unit is its own where none are given."""
        return len(self.cohort) if self.cluster is None else int(self.cluster.max()) + 1

    def cell(self, g: int, t: int, base_t: int, treated_after: int | None, method: Method, min_units: int) -> _Cell:
        """Compare cohort ``g`` with its controls between columns ``t`` and ``base_t`` of the outcome.

        With ``treated_after``, units treated later than that are controls too.
        """
        in_cohort, is_control = self.cohort == g, self.cohort == NEVER_TREATED
        if treated_after is not None:
            is_control |= (self.cohort > treated_after) & ~in_cohort
        before, after = self.outcome[base_t], self.outcome[t]
        used = (in_cohort | is_control) & ~np.isnan(before) & ~np.isnan(after)
        lost = np.zeros((3, len(used)), dtype=np.bool_)
        own = None if self.weights is None else self.weights[g]
        if own is not None:
            lost[0] = in_cohort & used & ~(own > 0)
            used &= own > 0
        design = None if self.covariates is None else self.covariates(min(t, base_t))
        observed = int(used.sum())
        n_missing = 0
        if design is not None:
            gap = np.isnan(design).any(axis=1)
            lost[1] = in_cohort & used & gap
            used &= ~gap
            n_missing = observed - int(used.sum())
            counterpart = placed(has_counterpart(chosen_rows(design, used), in_cohort[used]), used)
            lost[2] = in_cohort & used & ~counterpart
            used = counterpart
            design = drop_constant_columns(chosen_rows(design, used))
        compared = in_cohort & used, is_control & used
        n_treated, n_controls = (int(side.sum()) for side in compared)
        if min(n_treated, n_controls) < max(min_units, 2):
            nothing = np.zeros(self.clusters)
            none = TwoByTwo(np.nan, nothing, n_treated, n_controls, Reason.TOO_FEW_UNITS)
            return _Cell(none, nothing, nothing[self.several], (1.0, 1.0), n_missing, compared, lost)
        mine = None if own is None else own[used]
        logit = None
        if design is not None and method != "reg":
            logit = self.fits.fit((g, min(t, base_t)), used, design, in_cohort[used], mine)
        effect = two_by_two(
            before[used], after[used], in_cohort[used], design, method=method, logit=logit, weights=mine
        )
        if np.isfinite(effect.att) and self._has_too_few_clusters(*compared):
            effect = effect._replace(reason=Reason.TOO_FEW_CLUSTERS)
        if np.isfinite(effect.att) and effect.reason:
            unknown = np.full(self.clusters, np.nan)
            return _Cell(effect, unknown, unknown[self.several], (1.0, 1.0), n_missing, compared, lost)
        influence = effect.influence * (len(in_cohort) / used.sum())
        treated, parameters = in_cohort[used], 0 if design is None else design.shape[1]
        alone = side_stretch(treated, parameters)
        stretch = float(alone[treated][0]), float(alone[~treated][0])
        corrected = np.zeros(0)
        if self.cluster is not None or mine is not None:
            cluster = None if self.cluster is None else self.cluster[used]
            stretched = influence * side_stretch(treated, parameters, cluster, mine)
            corrected = self.by_cluster(stretched, used)[self.several]
        return _Cell(effect, self.by_cluster(influence, used), corrected, stretch, n_missing, compared, lost)

    def _has_too_few_clusters(self, treated: BoolArray, controls: BoolArray) -> bool:
        """Whether the clusters of a cell are too few for a variance: one on a side, or fewer than five in all."""
        return self.cluster is not None and clusters_are_too_few(self.cluster[treated], self.cluster[controls])

    def by_cluster(self, influence: FloatArray, used: BoolArray) -> FloatArray:
        """Add up the influences of the units used by cluster, or put them at their units."""
        if self.cluster is not None:
            sums = np.bincount(self.cluster[used], influence, minlength=self.clusters)
            return sums.astype(np.float64)
        by_unit = np.zeros(len(used))
        by_unit[used] = influence
        return by_unit


def _rows_of(design: FloatArray | None, kept: BoolArray) -> FloatArray | None:
    """Return the rows of covariates that are kept, or raise `StudyError` for another shape."""
    if design is None:
        return None
    if design.ndim != 2 or len(design) != len(kept):
        raise StudyError(
            f"covariates: found shape {design.shape} for {len(kept)} units; expected (units, k); give a line a unit"
        )
    return chosen_rows(np.asarray(design, dtype=np.float64), kept)


def _check_options(controls: str, method: str, base: str, cohort: IntArray) -> None:
    """Raise `StudyError` for options that do not exist, and for without units to be controls."""
    for name, given, options in (("controls", controls, Controls), ("method", method, Method), ("base", base, Base)):
        if given not in get_args(options):
            raise StudyError(f"{name}: found {given!r}; expected one of {', '.join(get_args(options))}; choose one")
    if controls == "never" and not np.any(cohort == NEVER_TREATED):
        raise StudyError("controls: found no unit that is never treated; expected some; choose controls='not_yet'")


def _cells_to_estimate(
    cohorts: IntArray, calendar: IntArray, anticipation: int, base: str
) -> Iterator[tuple[int, int, int]]:
    """List each cohort with the columns of a period and of the period that it is compared with.

    A period that may anticipate treatment has the same base as those of treatment (as R's `did` since #276).
    """
    for g in cohorts:
        last_before = int(np.flatnonzero(calendar + anticipation < g)[-1])
        for t in range(len(calendar)):
            if base == "universal" or calendar[t] >= g - anticipation:
                if t != last_before:
                    yield int(g), t, last_before
            elif t > 0:
                yield int(g), t, t - 1

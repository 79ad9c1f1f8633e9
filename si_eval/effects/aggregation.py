"""Averages of effects by cohort and period: overall, by cohort, by time since treatment, by period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
from scipy import special

from si_eval.effects.group_time import GroupTimeEffects
from si_eval.effects.small_sample import SmallSample
from si_eval.errors import StudyError
from si_eval.stats import FloatArray, IntArray
from si_eval.vocabulary import Reason

Kind = Literal["simple", "cohort", "event", "period"]
MIN_EIGENVALUE = 1e-10  # smallest eigenvalue of correlations that counts as one
DRAWS = 20_000  # of the largest of correlated values: the simulated quantile has a standard error near 0.01


@dataclass(frozen=True)
class AggregatedEffects:
    """Averages of group-time effects: one a part (cohort, time since treatment or period), and one overall.

    ``covariance`` is that of the parts without small-sample correction; ``n_treated`` and ``n_controls`` are the fewest
    units of any effect in a part, ``n_behind`` the treated of all effects in it. ``cells`` are the effects that each
    part averages, ``overall_cells`` those of the overall average; ``gradient`` (parts, m) and ``overall_gradient``
    (m,) are the weights of effects and shares in each, and ``small_sample`` what intervals rest on.
    """

    parts: IntArray
    att: FloatArray
    covariance: FloatArray
    n_treated: IntArray
    n_controls: IntArray
    n_behind: IntArray
    overall: float
    overall_std_error: float
    cells: tuple[IntArray, ...]
    overall_cells: IntArray
    gradient: FloatArray
    overall_gradient: FloatArray
    small_sample: SmallSample

    @property
    def std_error(self) -> FloatArray:
        """Standard errors of the parts, shape (parts,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def corrected_covariance(self) -> FloatArray:
        """Covariance of the parts with the small-sample correction, on which intervals rest."""
        return _covariance_of(self.small_sample.covariance, self.gradient)

    @property
    def dof(self) -> FloatArray:
        """Degrees of freedom of the parts, shape (parts,)."""
        return np.array([self.small_sample.dof(weights) for weights in self.gradient])

    @property
    def overall_corrected_std_error(self) -> float:
        """Standard error of the overall mean with the small-sample correction."""
        return float(np.sqrt(_covariance_of(self.small_sample.covariance, self.overall_gradient[None])[0, 0]))

    @property
    def overall_dof(self) -> float:
        """Degrees of freedom of the overall mean."""
        return self.small_sample.dof(self.overall_gradient)


class WaldTest(NamedTuple):
    """Wald test that all effects before treatment are zero; NaN with a ``reason`` where it cannot be computed."""

    statistic: float
    dof: int
    p_value: float
    reason: Reason | None = None


def aggregate_effects(
    effects: GroupTimeEffects,
    kind: Kind,
    *,
    balance_event: int | None = None,
    min_event: int | None = None,
    max_event: int | None = None,
) -> AggregatedEffects:
    """Average effects with the shares of the cohorts as weights (`aggte` of R's `did`).

    "simple": all effects from treatment on. "cohort": the mean effect of each cohort, overall weighted by cohort.
    "event": by periods since treatment, also before; overall is the mean from treatment on. "period": by period;
    overall is the mean over periods. Effects without an estimate are in no average. The shares are estimated: that is
    in the standard errors.

    Of "event", ``balance_event`` keeps the cohorts that the periods show that long after treatment, and events until
    then, so that later events rest on the same cohorts; ``min_event`` and ``max_event`` keep events from and until,
    also in the overall mean.

    Raises `StudyError` for an unknown kind, for a choice of events of another kind, and where no effect from treatment
    on was estimated. Source: Callaway & Sant'Anna (2021), table 1 and equations 3.1-3.11; corollary 2 for the standard
    errors.
    """
    if kind not in get_args(Kind):
        raise StudyError(f"kind: found {kind!r}; expected one of {', '.join(get_args(Kind))}; choose one of these")
    if kind != "event" and any(choice is not None for choice in (balance_event, min_event, max_event)):
        raise StudyError(f"kind: found a choice of events with {kind!r}; expected 'event'; leave the choice out")
    known = ~np.isnan(effects.att) & _in_event_window(effects, balance_event, min_event, max_event)
    treated = effects.period >= effects.cohort
    if not np.any(known & treated):
        why = "; ".join(dict.fromkeys(reason.text("en") for reason in effects.reason if reason)) or "none is chosen"
        raise StudyError(f"effects: found none from treatment on ({why}); expected one; widen the choice")
    of = {
        "simple": np.zeros(len(effects.att), dtype=np.int64),
        "cohort": effects.cohort,
        "event": effects.period - effects.cohort,
        "period": effects.period,
    }[kind]
    used = known if kind == "event" else known & treated
    parts = np.unique(of[used])
    cells_of_part = [np.flatnonzero(used & (of == part)) for part in parts]
    averages = [_weighted(effects, cells) for cells in cells_of_part]
    att = np.array([value for value, _ in averages])
    gradient = np.stack([slope for _, slope in averages])
    overall, slope = _overall(effects, kind, parts, att, gradient)
    covariance = _covariance_of(effects.covariance, np.vstack([gradient, slope]))
    return AggregatedEffects(
        parts=parts,
        att=att,
        covariance=covariance[:-1, :-1],
        n_treated=np.array([effects.n_treated[cells].min() for cells in cells_of_part]),
        n_controls=np.array([effects.n_controls[cells].min() for cells in cells_of_part]),
        n_behind=np.array([effects.n_treated[cells].sum() for cells in cells_of_part]),
        overall=overall,
        overall_std_error=float(np.sqrt(covariance[-1, -1])),
        cells=tuple(cells_of_part),
        overall_cells=np.flatnonzero(used & treated),
        gradient=gradient,
        overall_gradient=slope,
        small_sample=effects.small_sample,
    )


def _covariance_of(covariance: FloatArray, gradient: FloatArray) -> FloatArray:
    """Compute the covariance of averages; those of an average over effects without standard errors are NaN."""
    known = ~np.isnan(np.diag(covariance))
    used = gradient[:, known]
    result = used @ covariance[np.ix_(known, known)] @ used.T
    without = np.any(gradient[:, ~known] != 0, axis=1)
    result[without] = np.nan
    result[:, without] = np.nan
    return np.asarray(result)


def _in_event_window(
    effects: GroupTimeEffects, balance_event: int | None, min_event: int | None, max_event: int | None
) -> npt.NDArray[np.bool_]:
    """Mark the effects whose event, and whose cohort, are asked for."""
    event = effects.period - effects.cohort
    inside = np.ones(len(event), dtype=bool)
    if balance_event is not None:
        inside &= (effects.cohort <= effects.period.max() - balance_event) & (event <= balance_event)
    if min_event is not None:
        inside &= event >= min_event
    if max_event is not None:
        inside &= event <= max_event
    return inside


def _weighted(effects: GroupTimeEffects, cells: IntArray) -> tuple[float, FloatArray]:
    """Average effects by the shares of their cohorts; return the mean and its gradient in all effects and shares."""
    of_cohort = np.searchsorted(effects.cohorts, effects.cohort[cells])
    weights = effects.shares[of_cohort]
    value = float(np.average(effects.att[cells], weights=weights))
    slope = np.zeros(len(effects.covariance))
    slope[cells] = weights / weights.sum()
    np.add.at(slope, len(effects.att) + of_cohort, (effects.att[cells] - value) / weights.sum())
    return value, slope


def _overall(
    effects: GroupTimeEffects, kind: Kind, parts: IntArray, att: FloatArray, gradient: FloatArray
) -> tuple[float, FloatArray]:
    """Average the parts: cohorts by their shares, others evenly; before treatment nothing counts."""
    if kind != "cohort":
        counts = parts >= 0 if kind == "event" else np.ones(len(parts), dtype=bool)
        return float(att[counts].mean()), gradient[counts].mean(axis=0)
    place = np.searchsorted(effects.cohorts, parts)
    weights = effects.shares[place]
    overall = float(np.average(att, weights=weights))
    slope = weights / weights.sum() @ gradient
    np.add.at(slope, len(effects.att) + place, (att - overall) / weights.sum())
    return overall, slope


class Largest(NamedTuple):
    """Simulated values of the largest of several correlated t statistics, in ascending order, shape (draws,)."""

    values: FloatArray

    def quantile(self, level: float) -> float:
        """Return the value that the largest stays below with probability ``level``."""
        return float(np.quantile(self.values, level))

    def p_value(self, statistic: float) -> float:
        """Return how often the largest is this large, NaN for no statistic; the draws are counted with one more."""
        if np.isnan(statistic):
            return np.nan
        beyond = len(self.values) - np.searchsorted(self.values, abs(statistic))
        return float((beyond + 1) / (len(self.values) + 1))


def draw_largest(covariance: FloatArray, dof: float = np.inf, seed: int = 0, draws: int = DRAWS) -> Largest:
    """Draw the largest absolute value of t statistics with the correlation of the estimates ("sup-t").

    They share one variance with ``dof`` degrees of freedom (normal values by default); estimates without variance take
    no part. With no more degrees of freedom than estimates, correlations cannot be told: values are drawn as
    independent, which makes the largest larger (Sidak, 1967). A multiplier bootstrap over units has the same limit and
    would pass over all units for each draw.

    Source: Montiel Olea & Plagborg-Moller (2019), Journal of Applied Econometrics 34, p. 1-17, algorithm 1; with t:
    Hothorn, Bretz & Westfall (2008), Biometrical Journal 50, p. 346-363.
    """
    errors = np.sqrt(np.diag(covariance))
    vary = errors > 0
    correlation = np.eye(int(vary.sum())) if dof <= vary.sum() else _correlation(covariance[np.ix_(vary, vary)])
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    generator = np.random.default_rng(seed)
    largest = np.abs(generator.standard_normal((draws, len(values))) @ root.T).max(axis=1, initial=0.0)
    if np.isfinite(dof):
        largest /= np.sqrt(generator.chisquare(dof, draws) / dof)
    return Largest(np.sort(largest))


def simultaneous_critical_value(
    covariance: FloatArray, level: float, seed: int = 0, draws: int = DRAWS, dof: float = np.inf
) -> float:
    """Simulate how many standard errors wide intervals must be to hold all parts at once with probability ``level``.

    Of one estimate it is the quantile of Student's t with ``dof`` degrees of freedom, the normal one by default.

    Raises `StudyError` for a level outside 0 to 1.
    """
    if not 0 < level < 1:
        raise StudyError(f"level: found {level}; expected a number between 0 and 1; give for example 0.95")
    if np.sum(np.diag(covariance) > 0) < 2:
        return float(special.stdtrit(dof, 0.5 + level / 2))
    return draw_largest(covariance, dof, seed, draws).quantile(level)


def pre_trend_test(effects: GroupTimeEffects) -> WaldTest:
    """Test that all effects before treatment, and before anything that anticipates it, are zero.

    Effects that are exact sums of each other, or without variance, have no test. Source: Callaway & Sant'Anna (2021),
    remark 5 (Wald); R's `did` leaves the periods of anticipation out since #276.
    """
    before = np.flatnonzero(effects.before & ~np.isnan(effects.att))
    if not len(before):
        return WaldTest(np.nan, 0, np.nan, Reason.NO_PRE_PERIODS)
    covariance = effects.covariance[np.ix_(before, before)]
    if not np.all(np.diag(covariance) > 0) or np.linalg.eigvalsh(_correlation(covariance))[0] < MIN_EIGENVALUE:
        return WaldTest(np.nan, len(before), np.nan, Reason.SINGULAR_COVARIANCE)
    att = effects.att[before]
    statistic = float(att @ np.linalg.solve(covariance, att))
    return WaldTest(statistic, len(before), float(special.chdtrc(len(before), statistic)))


def _correlation(covariance: FloatArray) -> FloatArray:
    """Compute the correlations behind a covariance."""
    errors = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(errors, errors))

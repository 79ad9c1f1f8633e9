"""Averages of effects by cohort and period: overall, by cohort, by time since treatment, by period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
from scipy import special

from si_eval.effects.group_time import GroupTime
from si_eval.errors import StudyError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Kind = Literal["simple", "cohort", "event", "period"]
NO_YEARS = "geen jaren van voor de deelname om te vergelijken | no years before participation to compare"
DRAWS = 20_000  # of the largest of correlated normal values: the simulated quantile has a standard error near 0.01


@dataclass(frozen=True)
class Averages:
    """Averages of effects: one for each of ``parts`` (cohort, time since treatment or period), and one overall.

    ``covariance`` is that of the parts; ``participants`` and ``others`` are the fewest units of any effect in a part.
    """

    parts: Integers
    att: Floats
    covariance: Floats
    participants: Integers
    others: Integers
    overall: float
    overall_std_error: float

    @property
    def std_error(self) -> Floats:
        """Give the standard errors of the parts."""
        return np.sqrt(np.diag(self.covariance))


class PreTest(NamedTuple):
    """The Wald test that all effects before treatment are zero; NaN with a ``reason`` where it cannot be done."""

    statistic: float
    dof: int
    p_value: float
    reason: str = ""


def average(effects: GroupTime, kind: Kind) -> Averages:
    """Average effects with the shares of the cohorts as weights.

    "simple": all effects from treatment on. "cohort": the mean effect of each cohort, overall weighted by cohort.
    "event": by periods since treatment, also before; overall is the mean from treatment on. "period": by period;
    overall is the mean over periods. Effects without an estimate are in no average. The shares are estimated: that is
    in the standard errors.

    Raises `StudyError` for an unknown kind, and where no effect from treatment on was estimated. Source: Callaway &
    Sant'Anna (2021), table 1 and equations 3.1-3.11; corollary 2 for the standard errors.
    """
    if kind not in get_args(Kind):
        raise StudyError(f"kind: found {kind!r}; expected one of {', '.join(get_args(Kind))}; choose one of these")
    known = ~np.isnan(effects.att)
    treated = effects.period >= effects.cohort
    if not np.any(known & treated):
        raise StudyError(f"effects: found none from treatment on ({effects.reason[0]}); expected one; widen the choice")
    of = {
        "simple": np.zeros(len(effects.att), dtype=np.int64),
        "cohort": effects.cohort,
        "event": effects.period - effects.cohort,
        "period": effects.period,
    }[kind]
    used = known if kind == "event" else known & treated
    parts = np.unique(of[used])
    members = [np.flatnonzero(used & (of == part)) for part in parts]
    found = [_weighted(effects, cells) for cells in members]
    att = np.array([value for value, _ in found])
    gradient = np.stack([slope for _, slope in found])
    covariance = gradient @ effects.covariance @ gradient.T
    overall, slope = _overall(effects, kind, parts, att, gradient)
    return Averages(
        parts=parts,
        att=att,
        covariance=covariance,
        participants=np.array([effects.n_treated[cells].min() for cells in members]),
        others=np.array([effects.n_controls[cells].min() for cells in members]),
        overall=overall,
        overall_std_error=float(np.sqrt(slope @ effects.covariance @ slope)),
    )


def _weighted(effects: GroupTime, cells: Integers) -> tuple[float, Floats]:
    """Average effects by the shares of their cohorts; give the slope in all effects and shares."""
    of_cohort = np.searchsorted(effects.cohorts, effects.cohort[cells])
    weights = effects.shares[of_cohort]
    value = float(np.average(effects.att[cells], weights=weights))
    slope = np.zeros(len(effects.covariance))
    slope[cells] = weights / weights.sum()
    np.add.at(slope, len(effects.att) + of_cohort, (effects.att[cells] - value) / weights.sum())
    return value, slope


def _overall(effects: GroupTime, kind: Kind, parts: Integers, att: Floats, gradient: Floats) -> tuple[float, Floats]:
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


def simultaneous_quantile(covariance: Floats, level: float, seed: int = 0, draws: int = DRAWS) -> float:
    """Give how many standard errors wide intervals must be to hold all parts at once with probability ``level``.

    The quantile of the largest absolute value of normal values with the correlation of the estimates, simulated. A
    multiplier bootstrap over units has the same limit and would pass over all units for each draw. Source: Montiel
    Olea & Plagborg-Moller (2019), Journal of Applied Econometrics 34, p. 1-17, algorithm 1.
    """
    errors = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(errors, errors)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    normal = np.random.default_rng(seed).standard_normal((draws, len(errors)))
    return float(np.quantile(np.abs(normal @ root.T).max(axis=1), level))


def pre_test(effects: GroupTime) -> PreTest:
    """Test that all effects before treatment are zero. Source: Callaway & Sant'Anna (2021), remark 5 (Wald)."""
    before = np.flatnonzero((effects.period < effects.cohort) & ~np.isnan(effects.att))
    if not len(before):
        return PreTest(np.nan, 0, np.nan, NO_YEARS)
    covariance = effects.covariance[np.ix_(before, before)]
    if np.linalg.cond(covariance) > 1 / np.finfo(float).eps:
        return PreTest(np.nan, len(before), np.nan, "covariantie is singulier | the covariance is singular")
    att = effects.att[before]
    statistic = float(att @ np.linalg.solve(covariance, att))
    return PreTest(statistic, len(before), float(special.chdtrc(len(before), statistic)))

"""The label of an estimate: an effect, none larger than declared, or an association with the condition that failed.

Nothing is earned by a test that did not refuse: the years before entry must be strong enough to rule out what would
explain the estimate. How often the rule is right and wrong is in docs/methods/label.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from si_eval.effects.design_result import MARYLAND_COMPARED, MARYLAND_TRENDS, OVERALL, Estimate
from si_eval.effects.event_window import MIN_PARTICIPANTS, MIN_YEARS_BEFORE, Combination, EventWindow
from si_eval.effects.honest import relative_magnitude_bounds
from si_eval.effects.pre_trends import hotelling_test, is_invertible, mean_less_trend, trend_before
from si_eval.effects.small_sample import widening
from si_eval.vocabulary import (
    ATT_LESS_TREND,
    ATT_WINDOW,
    MARYLAND,
    PRE_TREND,
    TREND_BEFORE,
    TREND_BOUND,
    Evidence,
    Reason,
)

LEVEL = 0.95  # of the intervals that the label rests on, whatever level a table prints
LEVEL_LESS_TREND = 0.99  # of the estimate less a line: a straight trend then earns a wrong label in 0.5% at most
EQUIVALENCE_LEVEL = 0.90  # of two one-sided tests at 0.05: the interval that must lie within the declared size
TEST_SIZE = 0.05  # of the test that trends before were equal
SHARE_OF_ESTIMATE = 0.5  # a trend worth less than this leaves most of the estimate


class Verdict(NamedTuple):
    """The label, its place on the Maryland scale, why (the first condition that failed), and the numbers behind it."""

    evidence: Evidence
    maryland: int
    reason: Reason
    estimates: list[Estimate]


class _Facts(NamedTuple):
    """What the conditions look at: the mean since entry, less the trend before, that trend, and its largest worth."""

    mean: Combination
    less_trend: Combination
    trend: Combination
    bound: float


def judge(window: EventWindow, smallest_effect: float | None) -> Verdict:
    r"""Judge whether the mean effect since entry may be called one.

    With b the event averages of the window on one reference year, :math:`\theta` the mean of those since entry, h its
    mean distance from the reference year and ``t`` quantiles of the degrees of freedom of each:

    1. at least 30 participants (clusters with any) behind each year, and two years before the reference year;
    2. the interval of :math:`\theta` excludes zero;
    3. the 99% interval of it less the straight line through the years before is on the same side of zero: so a
       straight trend alone earns the label in about 0.5% of studies at most, of any size; and so is that of it less a
       trend that began in the last year before entry (90% where no such step is seen);
    4. the largest trend that the years before leave room for,
       :math:`\max(\max_k |b_k| + t s_k, (|slope| + t s) h)`, is at most half of :math:`\theta`; or the test of trends
       before does not refuse and trends that part by as much as the worst step before (relative magnitudes at 1) leave
       it on its side of zero.

    All four: ``effect``. With a size declared beforehand: none larger than that, where the first condition holds, that
    largest trend is below it, and the 90% interval of the estimate less the line is within it.

    Source: Bilinski & Hatfield (2018), arXiv 1805.03273 and Dette & Schumann (2024), Journal of Business & Economic
    Statistics 42 (the burden of proof); Rambachan & Roth (2023), Review of Economic Studies 90, p. 2555-2591.
    """
    failed = _structure(window)
    facts = None if failed else _facts(window)
    evidence: Evidence = "association"
    if facts is not None:
        failed = _failed_condition(window, facts)
        if failed is None:
            evidence, failed = "effect", Reason.EFFECT_STANDS
        elif smallest_effect is not None and _none_larger(facts, smallest_effect):
            evidence, failed = "effect", Reason.NO_LARGER_EFFECT
    assert failed is not None
    maryland = MARYLAND_TRENDS if evidence == "effect" else MARYLAND_COMPARED
    return Verdict(evidence, maryland, failed, list(_estimates(window, facts, maryland, failed)))


def _structure(window: EventWindow) -> Reason | None:
    """Return what the years themselves lack, or None."""
    if not window.since.any():
        return Reason.NO_YEAR_SINCE_ENTRY
    if int(window.before.sum()) < MIN_YEARS_BEFORE:
        return Reason.TOO_FEW_PRE_PERIODS
    if window.fewest < MIN_PARTICIPANTS:
        return Reason.TOO_FEW_FOR_LABEL
    return None if is_invertible(window.covariance) else Reason.SINGULAR_COVARIANCE


def _facts(window: EventWindow) -> _Facts:
    """Compute what the conditions look at."""
    mean, trend = window.combine(window.mean_weights), trend_before(window)
    averages = [window.combine(np.eye(len(window.time))[place]) for place in np.flatnonzero(window.before)]
    horizon = float(window.mean_weights @ window.time)
    bound = max([*(_upper(average) for average in averages), _upper(trend) * horizon])
    return _Facts(mean, mean_less_trend(window), trend, bound)


def _upper(combination: Combination) -> float:
    """Return the largest absolute value that a one-sided interval leaves."""
    return abs(combination.estimate) + combination.margin(2 * LEVEL - 1)


def _failed_condition(window: EventWindow, facts: _Facts) -> Reason | None:
    """Return the first condition of an effect that fails, or None."""
    if not abs(facts.mean.estimate) > facts.mean.margin(LEVEL):
        return Reason.ESTIMATE_HOLDS_ZERO
    side = np.sign(facts.mean.estimate)
    if not side * facts.less_trend.estimate > facts.less_trend.margin(LEVEL_LESS_TREND):
        return Reason.LESS_TREND_HOLDS_ZERO
    if _late_trend_explains(window, side):
        return Reason.LATE_TREND_EXPLAINS
    if facts.bound <= SHARE_OF_ESTIMATE * abs(facts.mean.estimate):
        return None
    if hotelling_test(window).p_value < TEST_SIZE:
        return Reason.TRENDS_PART
    return None if _stands_at_worst_step(window, facts.mean, side) else Reason.TREND_NOT_EXCLUDED


def _late_trend_explains(window: EventWindow, side: float) -> bool:
    """Whether a trend that began in the last year before entry may explain the estimate.

    A line through all years before sees little of it. Where the step into that year went the way of the estimate, the
    estimate less it must be as sure as less a straight line; else an ordinary one-sided test is enough.
    """
    if not np.any(window.time == -1):
        return False
    step, less_trend = trend_before(window, 1), mean_less_trend(window, 1)
    is_seen = side * step.estimate > step.margin(2 * LEVEL - 1)
    return not side * less_trend.estimate > less_trend.margin(LEVEL_LESS_TREND if is_seen else 2 * LEVEL - 1)


def _stands_at_worst_step(window: EventWindow, mean: Combination, side: float) -> bool:
    """Whether the estimate keeps its side when trends part by as much as the worst step before."""
    if not window.consecutive:
        return False
    bounds = relative_magnitude_bounds(
        window.att, window.covariance * widening(mean.dof, LEVEL), int(window.before.sum()), m=1.0,
        weights=window.mean_weights[~window.before], level=LEVEL,
    )  # fmt: skip
    return bool(min(side * bounds.low[0], side * bounds.high[0]) > 0)


def _none_larger(facts: _Facts, size: float) -> bool:
    """Whether an effect as large as ``size``, on either side, is ruled out."""
    less_trend = abs(facts.less_trend.estimate) + facts.less_trend.margin(EQUIVALENCE_LEVEL)
    return facts.bound <= size and less_trend < size


def _estimates(window: EventWindow, facts: _Facts | None, maryland: int, reason: Reason) -> Iterator[Estimate]:
    """Yield the numbers that the label rests on."""
    fewest = int(window.events.n_treated.min()), int(window.events.n_controls.min())
    row = Estimate(OVERALL, np.nan, n_treated=fewest[0], n_controls=fewest[1])
    test = hotelling_test(window)
    yield row._replace(statistic=PRE_TREND, estimate=test.statistic, p_value=test.p_value, reason=test.reason)
    if facts is not None:
        for statistic, found in (
            (ATT_WINDOW, facts.mean), (TREND_BEFORE, facts.trend), (ATT_LESS_TREND, facts.less_trend)
        ):  # fmt: skip
            yield row._replace(statistic=statistic, estimate=found.estimate, std_error=found.std_error, dof=found.dof)
        yield row._replace(statistic=TREND_BOUND, estimate=facts.bound)
    yield row._replace(statistic=MARYLAND, estimate=float(maryland), note=reason.note)

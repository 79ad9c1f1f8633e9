"""The breakdown value: the violation of parallel trends at which an effect can no longer be told from zero."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from si_eval.effects.honest.event_study import RELATIVE, SMOOTHNESS, check_event_study, check_level
from si_eval.effects.honest.relative_magnitudes import holds_zero
from si_eval.effects.honest.smoothness import smoothness_bounds
from si_eval.errors import StudyError
from si_eval.stats import FloatArray
from si_eval.system.blas import on_one_thread

RESTRICTIONS = sorted([SMOOTHNESS, RELATIVE])
GRID_POINTS = 32  # violations tried on the way to the first interval that holds zero
GRID_ROUNDS = 3  # of the search between two of them, each dividing the step by the points


@on_one_thread
def breakdown(
    estimates: ArrayLike,
    covariance: ArrayLike,
    pre: int,
    *,
    restriction: Literal["smoothness", "relative"],
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> float:
    """Find the largest M up to which every interval excludes zero.

    Use it to say in one number how robust an effect is: how much must trends part before it may be zero?

    Parameters
    ----------
    estimates : array_like
        Effects by period, shape (pre + post,), in order of time, all against one reference period that is left out.
    covariance : array_like
        Their covariance, shape (pre + post, pre + post).
    pre : int
        Number of periods before the reference period.
    restriction : {"smoothness", "relative"}
        How violations are bounded: as in `smoothness_bounds` or in `relative_magnitude_bounds`.
    weights : array_like, optional
        Weights of the periods after the reference period, shape (post,). Their average by default.
    level : float, default 0.95
        Coverage of the intervals.

    Returns
    -------
    float
        The breakdown value: in the unit of the outcome per period for "smoothness", a ratio for "relative". It is 0
        when the interval at M = 0 already holds zero.

    Raises
    ------
    StudyError
        For another restriction, and as `smoothness_bounds` and `relative_magnitude_bounds` do.

    References
    ----------
    Rambachan & Roth (2023), Review of Economic Studies 90, p. 2555-2591 ("breakdown value").

    Examples
    --------
    >>> import numpy as np
    >>> from si_eval.effects import breakdown
    >>> round(breakdown([0.1, 0.0, 0.5], np.diag([0.01, 0.01, 0.01]), 2, restriction="relative"), 2)
    1.37
    """
    if not isinstance(restriction, str) or restriction not in RESTRICTIONS:
        raise StudyError(f"restriction: found {restriction!r}; expected one of {RESTRICTIONS}; choose one of them")
    study, level = check_event_study(estimates, covariance, pre, weights), check_level(level)

    def with_zero(m: float) -> bool:
        if restriction == RELATIVE:
            return holds_zero(study, m, level)
        bounds = smoothness_bounds(estimates, covariance, pre, m=m, weights=study.weights, level=level)
        return bool(bounds.low[0] <= 0 <= bounds.high[0])

    def first_with_zero(grid: FloatArray) -> int | None:
        return next((place for place, m in enumerate(grid) if with_zero(float(m))), None)

    low, high = 0.0, study.std_error if restriction == SMOOTHNESS else 1.0
    if first_with_zero(np.zeros(1)) is not None:
        return 0.0
    while first_with_zero(np.array([high])) is None:
        high *= 2
    for _ in range(GRID_ROUNDS):
        grid = np.linspace(low, high, GRID_POINTS)
        place = first_with_zero(grid[1:])
        low, high = float(grid[place or 0]), float(grid[(place or 0) + 1])
    return low

"""The violation of parallel trends at which an effect can no longer be told from zero."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from si_eval.effects.honest.event_study import RELATIVE, SMOOTHNESS, Bounds, check_event_study
from si_eval.effects.honest.relative_magnitudes import relative_magnitude_bounds
from si_eval.effects.honest.smoothness import smoothness_bounds
from si_eval.errors import StudyError

BOUNDS = {SMOOTHNESS: smoothness_bounds, RELATIVE: relative_magnitude_bounds}
GRID_POINTS = 32  # violations tried on the way to the first interval that holds zero
GRID_ROUNDS = 3  # of the search between two of them, each dividing the step by the points


def breakdown(
    estimates: ArrayLike,
    covariance: ArrayLike,
    pre: int,
    *,
    restriction: Literal["smoothness", "relative"],
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> float:
    """Give the largest M up to which every interval excludes zero; 0 when the interval at M = 0 holds zero.

    Arguments as in `smoothness_bounds` and `relative_magnitude_bounds`, whose M it is: in the unit of the outcome per
    period, or a ratio. Raises `StudyError` for another restriction, and as they do.

    Source: Rambachan and Roth (2023), Review of Economic Studies 90, p. 2555-2591 ("breakdown value").

    >>> breakdown([0.1, 0.0, 0.5], np.diag([0.01, 0.01, 0.01]), 2, restriction="relative") > 0
    True
    """
    if restriction not in BOUNDS:
        raise StudyError(f"restriction: found {restriction!r}; expected one of {sorted(BOUNDS)}; choose one of them")
    study = check_event_study(estimates, covariance, pre, weights)

    def first_with_zero(grid: np.ndarray) -> int | None:
        bounds = BOUNDS[restriction](estimates, covariance, pre, m=grid, weights=study.weights, level=level)
        places = np.flatnonzero(_contains_zero(bounds))
        return int(places[0]) if places.size else None

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


def _contains_zero(bounds: Bounds) -> np.ndarray:
    return (bounds.low <= 0) & (bounds.high >= 0)

"""What a design estimates: one number each, before it becomes a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from si_eval.effects.sides import Sides
from si_eval.stats import BoolArray
from si_eval.vocabulary import ALL, ATT, Reason

OVERALL = "overall"
NORMAL = np.inf  # degrees of freedom of an interval that rests on the normal limit


class Estimate(NamedTuple):
    """One estimate; ``n_treated`` and ``n_controls`` are the units behind it, ``reason`` is why there is none.

    ``sides`` are all units that it rests on, in any of its ``comparisons``: cohort (0 for all), period and the period
    that it is compared with.
    """

    category: str
    estimate: float
    std_error: float = np.nan
    n_treated: int = 0
    n_controls: int = 0
    statistic: str = ATT
    year: int | str = ALL
    p_value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    dof: float = NORMAL
    reason: Reason | None = None
    sides: Sides | None = None
    comparisons: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True)
class DesignResult:
    """Result of a design: estimates, participants left out by reason (units,), and the test of the trend before.

    ``pre_trend_p_value`` is that of the test that the groups moved alike before participation, NaN where no test is
    possible.
    """

    estimates: list[Estimate]
    left_out: dict[Reason, BoolArray] = field(default_factory=dict)
    pre_trend_p_value: float = np.nan

"""What a design estimates: one number each, before it becomes a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from si_eval.vocabulary import ALL, ATT, Reason

OVERALL = "overall"
NORMAL = np.inf  # degrees of freedom of an interval that rests on the normal limit


class Estimate(NamedTuple):
    """One estimate; ``n_treated`` and ``n_controls`` are the units behind it, ``reason`` is why there is none."""

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


@dataclass(frozen=True)
class DesignResult:
    """Result of a design: estimates, numbers of participants left out by reason, and the test of the trend before.

    ``pre_trend_p_value`` is that of the test that the groups moved alike before participation, NaN where no test is
    possible.
    """

    estimates: list[Estimate]
    left_out: dict[Reason, int] = field(default_factory=dict)
    pre_trend_p_value: float = np.nan

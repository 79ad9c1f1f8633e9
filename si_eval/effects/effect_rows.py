"""Which averages of effects by cohort and year become rows."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_AGGREGATION = ("overall", "cohort", "event", "cells")


@dataclass(frozen=True)
class EffectRows:
    """Which averages of a staggered design become rows: those of ``kinds``, in a ``window`` of years since entry.

    ``balance`` keeps, of the years since entry, the cohorts that are seen so long after it.
    """

    kinds: tuple[str, ...] = DEFAULT_AGGREGATION
    window: tuple[int, int] | None = None
    balance: int | None = None

"""How far the work is: what a caller hears of it, as a step and the fraction done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, float], None]


def ignore_progress(step: str, fraction: float) -> None:
    """Report nothing."""


def part_of(progress: Progress, start: float, end: float) -> Progress:
    """Return a progress whose 0 to 1 is reported as ``start`` to ``end`` of the whole."""
    return lambda step, fraction: progress(step, start + (end - start) * fraction)

"""Sensitivity of an event study to violations of parallel trends: Rambachan and Roth (2023)."""

from si_eval.effects.honest.breakdown_value import breakdown
from si_eval.effects.honest.event_study import Bounds
from si_eval.effects.honest.relative_magnitudes import relative_magnitude_bounds
from si_eval.effects.honest.smoothness import smoothness_bounds

__all__ = ["Bounds", "breakdown", "relative_magnitude_bounds", "smoothness_bounds"]

"""Effects: estimates of what the programme did, where the data allow."""

from si_eval.effects.estimate import estimate_effect

__all__ = ["estimate_effect"]

"""Effects: estimates of what the programme did, where the data allow, and what speaks for or against them."""

from si_eval.effects.estimate import estimate_effect
from si_eval.effects.honest import Bounds, breakdown, relative_magnitude_bounds, smoothness_bounds
from si_eval.effects.permutation import randomisation_test
from si_eval.effects.power import design_std_error, minimum_detectable_effect, power_of
from si_eval.effects.unobserved import e_value, e_value_of_difference, rosenbaum_bounds

__all__ = [
    "Bounds",
    "breakdown",
    "design_std_error",
    "e_value",
    "e_value_of_difference",
    "estimate_effect",
    "minimum_detectable_effect",
    "power_of",
    "randomisation_test",
    "relative_magnitude_bounds",
    "rosenbaum_bounds",
    "smoothness_bounds",
]

"""Effects: estimates of what the programme did, where the data allow, and what speaks for or against them."""

from si_eval.effects.balance import balance_table
from si_eval.effects.check import check_effect
from si_eval.effects.coarsening import coarsened_exact, stratified_effect
from si_eval.effects.cost_per_effect import cost_per_effect
from si_eval.effects.estimate import estimate_effect
from si_eval.effects.honest import Bounds, breakdown, relative_magnitude_bounds, smoothness_bounds
from si_eval.effects.match import match_units
from si_eval.effects.matching import match_nearest, matched_effect
from si_eval.effects.participation import model_participation
from si_eval.effects.plan import plan_power
from si_eval.effects.power import design_std_error, detectable_effect, minimum_detectable_effect, power_of
from si_eval.effects.propensity import fit_logit
from si_eval.effects.randomisation import randomisation_test
from si_eval.effects.sensitivity import e_value, e_value_of_difference, rosenbaum_bounds
from si_eval.effects.weighting import entropy_balance, inverse_probability, weighted_effect

__all__ = [
    "Bounds",
    "balance_table",
    "breakdown",
    "check_effect",
    "coarsened_exact",
    "cost_per_effect",
    "design_std_error",
    "detectable_effect",
    "e_value",
    "e_value_of_difference",
    "entropy_balance",
    "estimate_effect",
    "fit_logit",
    "inverse_probability",
    "match_nearest",
    "match_units",
    "matched_effect",
    "minimum_detectable_effect",
    "model_participation",
    "plan_power",
    "power_of",
    "randomisation_test",
    "relative_magnitude_bounds",
    "rosenbaum_bounds",
    "smoothness_bounds",
    "stratified_effect",
    "weighted_effect",
]

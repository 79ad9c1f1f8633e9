"""Why there is no number, or why units are not in it: codes whose texts are facts, in both languages."""

from __future__ import annotations

from enum import StrEnum

from si_eval.registry import facts

BOTH_LANGUAGES = " | "


def bilingual(nl: str, en: str) -> str:
    """Join a Dutch and an English text into one note, as tidy tables keep it (`label` gives one of them)."""
    return nl + BOTH_LANGUAGES + en


class Reason(StrEnum):
    """Why there is no number, or why units are not in it: a code; its texts are in ``registry/reasons.toml``."""

    # effects
    NO_GROUP = "no_group"
    NO_PRE_PERIODS = "no_pre_periods"
    TOO_FEW_PRE_PERIODS = "too_few_pre_periods"
    GAP_AROUND_ENTRY = "gap_around_entry"
    SINGULAR_COVARIANCE = "singular_covariance"
    TREATED_DO_NOT_VARY = "treated_do_not_vary"
    NOT_POSITIVE = "not_positive"
    TOO_FEW_UNITS = "too_few_units"
    FEWER_THAN_TWO_UNITS = "fewer_than_two_units"
    TOO_FEW_IN_EVERY_COHORT = "too_few_in_every_cohort"
    TREATED_FROM_START = "treated_from_start"
    NOT_SEEN_BEFORE_ENTRY = "not_seen_before_entry"
    NOT_IN_BASE_YEAR = "not_in_base_year"
    TRIMMED = "trimmed"
    NOT_MATCHED = "not_matched"
    PARTICIPATION_DOES_NOT_VARY = "participation_does_not_vary"
    ENTRY_ASSUMED = "entry_assumed"
    ALL_WHO_MAY = "all_who_may"
    OF_COMPLETE_UNITS = "of_complete_units"
    COMPARES_WITH_TREATED = "compares_with_treated"
    OUTCOME_MATCHED_ON = "outcome_matched_on"
    STOPPED_TAKING_PART = "stopped_taking_part"
    TOO_FEW_CLUSTERS = "too_few_clusters"
    TREATED_AFTER_END = "treated_after_end"
    FEWER_THAN_TWO_YEARS = "fewer_than_two_years"
    NOT_EVERY_YEAR = "not_every_year"
    NO_OUTCOME_IN_BOTH_YEARS = "no_outcome_in_both_years"
    MISSING_COVARIATES = "missing_covariates"
    NO_COVARIATES_GIVEN = "no_covariates_given"
    ENTRY_YEAR_UNKNOWN = "entry_year_unknown"
    NO_ENTRY_YEAR_KNOWN = "no_entry_year_known"
    NO_ENTRY_AFTER_START = "no_entry_after_start"
    NO_NEVER_TREATED = "no_never_treated"
    NO_CONTROL_IN_CELL = "no_control_in_cell"
    OUTSIDE_CALIPER = "outside_caliper"
    CONTROLS_USED_UP = "controls_used_up"
    CONSTANT_COVARIATE = "constant_covariate"
    COLLINEAR_COVARIATES = "collinear_covariates"
    COLLINEAR_AMONG_CONTROLS = "collinear_among_controls"
    SEPARATION = "separation"
    NO_COMPARABLE_CONTROL = "no_comparable_control"
    NO_BALANCING_WEIGHTS = "no_balancing_weights"
    NO_TREATED_LEFT = "no_treated_left"
    NO_CONTROLS_LEFT = "no_controls_left"
    REFERENCE_YEAR = "reference_year"
    NO_YEAR_SINCE_ENTRY = "no_year_since_entry"
    TOO_FEW_FOR_LABEL = "too_few_for_label"
    ESTIMATE_HOLDS_ZERO = "estimate_holds_zero"
    LESS_TREND_HOLDS_ZERO = "less_trend_holds_zero"
    TRENDS_PART = "trends_part"
    LATE_TREND_EXPLAINS = "late_trend_explains"
    TREND_NOT_EXCLUDED = "trend_not_excluded"
    NO_LARGER_EFFECT = "no_larger_effect"
    EFFECT_STANDS = "effect_stands"
    NO_TREND_BEFORE = "no_trend_before"
    LEVELS_ALIKE = "levels_alike"
    AS_IF_ENTERED = "as_if_entered"
    ENTRY_TELLS_NOTHING = "entry_tells_nothing"
    EARLIEST_UNKNOWN = "earliest_unknown"
    EVERY_ENTRY_KNOWN = "every_entry_known"
    # comparisons
    ONE_UNIT = "one_unit"
    ONE_CLUSTER = "one_cluster"
    SKEWED = "skewed"
    RESTS_ON_FEW = "rests_on_few"
    UNLIKE_BEFORE = "unlike_before"
    NOBODY_STAYS = "nobody_stays"
    OWN_HOLDING = "own_holding"
    SIGNS_DISAGREE = "signs_disagree"
    TOO_FEW_TO_TEST = "too_few_to_test"
    NOT_ALL_POSITIVE = "not_all_positive"
    NO_VARIANCE = "no_variance"
    NO_STANDARD_DEVIATION = "no_standard_deviation"
    BASE_NEAR_ZERO = "base_near_zero"
    BASE_NEGATIVE = "base_negative"
    # survey
    NO_RESPONDENTS = "no_respondents"
    NO_POPULATION_COUNT = "no_population_count"
    NO_ANSWERS = "no_answers"
    NO_ANSWERS_WITH_CONTENT = "no_answers_with_content"
    NO_NUMBERS = "no_numbers"
    NO_CODED_ANSWERS = "no_coded_answers"
    NOBODY_INVITED = "nobody_invited"
    NOTHING_TO_CHECK = "nothing_to_check"
    SINGLE_ANSWER_TEST = "single_answer_test"
    POPULATION_TOO_SMALL = "population_too_small"
    NUMBERS_DO_NOT_VARY = "numbers_do_not_vary"
    ELIGIBILITY_UNKNOWN = "eligibility_unknown"
    MARGINS_AGAINST_TRIMMING = "margins_against_trimming"
    MARGINS_CONTRADICT = "margins_contradict"
    MARGINS_NOT_MET_IN_TIME = "margins_not_met_in_time"
    # programme
    NO_VALUE = "no_value"
    NO_VALUE_IN_A_YEAR = "no_value_in_a_year"
    NO_TOTAL = "no_total"
    NO_PROJECT_COUNT = "no_project_count"
    NO_RESULT = "no_result"
    ALREADY_A_SHARE = "already_a_share"
    EARLIER_VALUE_ZERO = "earlier_value_zero"
    DEFINITIONS_DIFFER = "definitions_differ"
    NOT_COMPARABLE = "not_comparable"
    NOT_COMPARABLE_OR_MISSING = "not_comparable_or_missing"
    NOT_IN_SOURCE = "not_in_source"
    OUTCOME_NOT_IN_SOURCE = "outcome_not_in_source"
    AMOUNT_UNKNOWN = "amount_unknown"
    YEAR_UNKNOWN = "year_unknown"
    PAYMENT_UNKNOWN = "payment_unknown"
    NOT_IN_STUDY = "not_in_study"
    NO_EXHIBIT = "no_exhibit"
    # synthesis

    def text(self, language: str) -> str:
        """Return the reason in Dutch or English."""
        return str(facts("reasons")[self.value][language])

    @property
    def note(self) -> str:
        """Return the reason in both languages, as tidy tables keep it (`label` gives one of them)."""
        return bilingual(self.text("nl"), self.text("en"))

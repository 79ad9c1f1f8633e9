"""The only place where a column, an option or a label is spelled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Literal, TypeAlias, get_args

from si_eval.frozen import FrozenMapping
from si_eval.reasons import BOTH_LANGUAGES, Reason, bilingual  # noqa: F401 - named here as all that readers see is
from si_eval.registry import EURO, currency_of, facts, in_euro, unit_labels
from si_eval.registry.currencies import currency_words

Language: TypeAlias = str  # its code of two letters
LANGUAGES: tuple[Language, ...] = ("nl", "en")  # that the registry has labels in; a study may bring those of another
LOCALES: Mapping[Language, str] = {
    "nl": "nl_NL",
    "en": "en_GB",
}  # how numbers and money are written, where not as its code says
DUTCH, ENGLISH = LANGUAGES
Labels: TypeAlias = Mapping[str, Mapping[str, str]]  # ``nl`` and ``en`` by term
NO_LABELS: Labels = FrozenMapping()
Layout = Literal["canonical", "cbs"]
Profile = Literal["published", "realistic"]
FileFormat = Literal["parquet", "csv", "sav"]
Evidence = Literal["goal_attainment", "association", "effect"]
EVIDENCE_ORDER: tuple[Evidence, ...] = get_args(Evidence)  # the weakest first
FORMER_EVIDENCE: dict[str, Evidence] = {"doelrealisatie": "goal_attainment", "samenhang": "association"}
Verdict = Literal["pass", "fail", "informative"]

# --- panel columns ---
BE_ID = "be_id"
YEAR = "year"
PARTICIPANT = "participant"
ENTRY_YEAR = "entry_year"
PARTICIPATION_ENDED = "participation_ended"  # of data frames: true in the years after the last one of taking part
EMPLOYED_PERSONS = "employed_persons"
SIZE_CLASS = "size_class"
SIZE_CLASS_4 = "size_class_4"
SECTOR = "sector"
MUNICIPALITY = "municipality"
CURRENT_SIZE_CLASS, CURRENT_SIZE_CLASS_4 = "current_size_class", "current_size_class_4"  # whatever the size rule
RESTRUCTURED, JUMPED = "restructured", "jumped"
DIVISION = "division"
AGE = "age"
AGE_CLASS = "age_class"
GROUP_ID = "group_id"
GROUP_LARGER = "group_larger"
GROUP_HIGHER_CLASS = "group_higher_class"
SHARED_GROUP = "shared_group"
REVENUE = "revenue"
QUARTERS = "quarters"
INVESTMENT_STATUS = "investment_status"
WEIGHT = "weight"
SIZE_STRATUM = "size_stratum"  # the one-digit size class that the investment survey is stratified by
STRATUM, STRATUM_SAMPLE = "stratum", "stratum_sample"  # of the investment survey, and its units with a value
STRATUM_COLUMNS = ("year", "division", SIZE_STRATUM, "units", "observed", STRATUM, WEIGHT, STRATUM_SAMPLE, "joined")
PUBLIC_UNIT = "public_unit"  # true for units whose figures are public; only in a panel that has any

OBSERVED = "observed"
IMPUTED = "imputed"
NONRESPONSE = "nonresponse"
NOT_COVERED = "not_covered"


def excluded(domain: str) -> str:
    """Name the panel column that is true where a unit leaves the indicators of a domain as an outlier."""
    return f"excluded_{domain}"


# --- tidy result columns, in order ---
EXHIBIT = "exhibit"
INDICATOR = "indicator"
STATISTIC = "statistic"
GROUP = "group"
CATEGORY = "category"
ESTIMATE = "estimate"
STD_ERROR = "std_error"
CONF_LOW = "conf_low"
CONF_HIGH = "conf_high"
P_VALUE = "p_value"
N_UNITS = "n_units"
UNIT_OF_MEASURE = "unit"
RULE_SET = "rule_set"
NOTE = "note"
STATUS = "status"
KEYS = (EXHIBIT, INDICATOR, STATISTIC, GROUP, YEAR, SIZE_CLASS, SECTOR, CATEGORY)
NUMBERS = (ESTIMATE, STD_ERROR, CONF_LOW, CONF_HIGH, P_VALUE, N_UNITS)
TIDY = (*KEYS, *NUMBERS, UNIT_OF_MEASURE, RULE_SET, NOTE)
PUBLISHED_NUMBERS = ("published", "computed")  # of the table of published figures

DOF = "dof"  # degrees of freedom, beside the coefficient of a model; it does not cross the public border
# Beside the numbers of a comparison or an effect; they do not cross the public border.
SE_CONVENTION = "se_convention"  # how standard errors and degrees of freedom are computed
ERROR_DOF = "error_dof"  # degrees of freedom of an interval and its p-value
STD_DEV = "std_dev"  # the standard deviation of the values behind a mean, which a clustered error does not tell
N_TOTAL, N_EFFECTIVE = "n_total", "n_effective"  # units that a share is of; units of equal weight that say as much
BESIDE = (N_TOTAL, N_EFFECTIVE)  # columns of some tables that cross the public border with the tidy ones
OF_BASE_YEAR = "_base"  # ends the name of a column that speaks of the base year of an index
PLAUSIBILITY_JUDGED = "plausibility_judged"  # places that a check of plausibility looked at
PLAUSIBILITY_DEPARTING = "plausibility_departing"  # places that depart from what it expects
OF_POPULATION = "_population"  # ends the name of an indicator for the population that respondents are compared with
# What disclosure needs beside a number and what never crosses the public border.
N_HOLDINGS = "n_holdings"
LARGEST, SECOND_LARGEST = "largest", "second_largest"
HOLDING_LARGEST = "holding_largest"
HOLDING_SECOND = "holding_second"
TOTAL = "total"
NUMERATOR, DENOMINATOR = "numerator", "denominator"
RESTS_ON = "rests_on"  # the sets of units that the number uses: cells, or the units of an estimate
EVIDENCE_COLUMNS = (
    N_HOLDINGS, LARGEST, SECOND_LARGEST, HOLDING_LARGEST, HOLDING_SECOND, TOTAL, NUMERATOR, DENOMINATOR,
)  # fmt: skip
# Beside a number of a panel with public units.
N_PUBLIC = "n_public"  # public units with a value
PUBLIC_TOTAL = "public_total"  # what they contribute, in absolute terms
PRIVATE_LARGEST = "private_largest"  # the two largest contributions of all others, of holdings
PRIVATE_SECOND = "private_second"
PUBLIC_COLUMNS = (N_PUBLIC, PUBLIC_TOTAL, PRIVATE_LARGEST, PRIVATE_SECOND)
# Beside a quantile: what crosses the border in its place.
PSEUDO_QUANTILE = "pseudo_quantile"  # the mean of the values around its place
PSEUDO_UNITS = "pseudo_units"  # the units that it averages, without public ones
PSEUDO_HOLDINGS = "pseudo_holdings"  # the holdings of these
PSEUDO_COLUMNS = (PSEUDO_QUANTILE, PSEUDO_UNITS, PSEUDO_HOLDINGS)
# Beside a winsorised mean: how many values it moves on a side, by how much all of them, and the two largest of these.
MOVED_COLUMNS = ("moved_units", "moved_total", "moved_largest", "moved_second")

PARTICIPANTS = "participant"
NON_PARTICIPANTS = "non_participant"
DIFFERENCE = "difference"
RATIO = "ratio"
ALL = "all"
GROUPS = (PARTICIPANTS, NON_PARTICIPANTS, DIFFERENCE, RATIO, ALL)

COUNT = "count"
SHARE = "share"
MEAN = "mean"
MEDIAN = "median"
RATIO_OF_SUMS = "ratio_of_sums"
WINSORISED_MEAN = "winsorised_mean"
WINSOR_SHARE = 0.01  # of the values on each side that a winsorised mean moves in
MEAN_LOG = "mean_log"
INDEX = "index"
GAP = "gap"
SMD = "standardised_mean_difference"
EQUIVALENCE = "equivalence"
SUM = "total"
CHANGE = "change"
GROWTH = "growth"
TARGET = "target"
GOAL_TARGET, GOAL_BASELINE, GOAL_REALISED = "goal_target", "goal_baseline", "goal_realised"  # indicators
ATTAINMENT = "attainment"
ATT = "att"  # the average effect on the treated
ATT_SIMULTANEOUS = "att_simultaneous"  # with bounds that hold for all years since entry at once
ATT_ROBUST = "att_robust"  # with bounds that hold when trends were not quite parallel
ATT_ENTRY = "att_entry"  # as if all had entered in one year, or equally long after the earliest
ATT_ENTRY_BOUNDS = "att_entry_bounds"  # over all such years
ATT_WINDOW = "att_window"  # the mean of the years since entry that most participants are behind
ATT_LESS_TREND = "att_less_trend"  # the same, less the straight line through the years before entry
PRE_TREND = "pre_trend"
PRE_TREND_WALD = "pre_trend_wald"  # over cohorts and years, as R's `did` has it
TREND_BEFORE = "trend_before"  # the slope of that line
TREND_BOUND = "trend_bound"  # the largest change by trend that the years before leave room for
ATT_PROPORTIONAL = "att_proportional"  # over what participants would have had
ATT_BY_CLASS, ATT_HOLM = "att_by_class", "att_holm"  # of a class of the base year; with p-values for all classes
ATT_ENTERED = "att_entered"  # on those who had entered, of all who may have
HETEROGENEITY = "heterogeneity"  # the test that the effects of all classes are the same
DESIGN_ERROR, POWER, REQUIRED = "design_std_error", "power", "required_participants"  # of a study that is planned
LABEL_CHANCE = "chance_of_label"  # how often such a study would earn the label
PLACEBO, LEFT_ONE_OUT, SPILLOVER = "placebo", "left_one_out", "spillover"  # an effect estimated again, otherwise
RANDOMISATION = "randomisation"  # the p-value of participation drawn anew
ATT_SMOOTH = "att_smooth"  # with bounds that hold when the trend of the difference bends by no more than this a year
ROSENBAUM, E_VALUE, ROBUSTNESS_VALUE = "rosenbaum", "e_value", "robustness_value"  # of what nobody has seen
COST_PER_EFFECT = "cost_per_effect"  # costs over an effect and the years of firms that had it
BRACKET = "bracket"  # the effect by ways that assume different things, side by side
BACON_SHARE = "bacon_share"  # of a kind of comparison in the coefficient of two-way fixed effects
ATT_REMAINS = "att_remains"  # on the share that still has an outcome
LEE_LOW, LEE_HIGH = "lee_low", "lee_high"  # the effect on those who would keep theirs either way, at least and at most
MARYLAND = "maryland_scale"
MDE = "minimum_detectable_effect"
BREAKDOWN = "breakdown"
EFFECTS = frozenset(
    {
        ATT,
        ATT_SIMULTANEOUS,
        ATT_ROBUST,
        ATT_ENTRY,
        ATT_ENTRY_BOUNDS,
        ATT_WINDOW,
        ATT_LESS_TREND,
        ATT_BY_CLASS,
        ATT_HOLM,
        ATT_ENTERED,
        PLACEBO,
        LEFT_ONE_OUT,
        SPILLOVER,
        ATT_SMOOTH,
        BRACKET,
        ATT_REMAINS,
        LEE_LOW,
        LEE_HIGH,
    }
)
LEFT_OUT = "left_out"  # the indicator that counts what an estimate does not rest on
WITHIN, SWITCHING, ENTRY, EXIT = "change_within", "change_switching", "change_entry", "change_exit"  # of a mean
SAME_START, BEYOND_SAME_START = "change_from_same_start", "change_beyond_same_start"
STATISTICS = (
    COUNT, SHARE, MEAN, MEDIAN, RATIO_OF_SUMS, WINSORISED_MEAN, MEAN_LOG, INDEX, GAP, SMD, EQUIVALENCE, SUM,
    CHANGE, GROWTH, TARGET, ATTAINMENT, ATT, ATT_SIMULTANEOUS, ATT_ROBUST, ATT_ENTRY, ATT_ENTRY_BOUNDS, ATT_WINDOW,
    ATT_LESS_TREND, PRE_TREND, PRE_TREND_WALD, TREND_BEFORE, TREND_BOUND, MARYLAND, MDE, BREAKDOWN, BACON_SHARE,
    ATT_PROPORTIONAL, ATT_BY_CLASS, ATT_HOLM, ATT_ENTERED, HETEROGENEITY,
    DESIGN_ERROR, POWER, REQUIRED, LABEL_CHANCE,
    PLACEBO, LEFT_ONE_OUT, SPILLOVER, RANDOMISATION, ATT_SMOOTH, ROSENBAUM, E_VALUE, ROBUSTNESS_VALUE,
    COST_PER_EFFECT, BRACKET, ATT_REMAINS, LEE_LOW, LEE_HIGH,
    WITHIN, SWITCHING, ENTRY, EXIT, SAME_START, BEYOND_SAME_START,
)  # fmt: skip

# Of balance, of who takes part and of what became of firms: no rule of the border judges what they tell of squares, of
# single values and of units of one year by another, so they stay inside too.
VARIANCE_RATIO, ECDF_MEAN, ECDF_MAX = "variance_ratio", "ecdf_mean", "ecdf_max"
TRANSITIONS, TRANSITION_SHARE = "transitions", "transition_share"
SURVIVAL, EXIT_SHARE = "survival", "exit_share"
EMPLOYMENT_GROWTH, GROWTH_OF_SURVIVORS = "employment_growth", "employment_growth_survivors"
LOG_ODDS, AUC, OUTSIDE_SUPPORT, ABOVE_SUPPORT = "log_odds", "auc", "outside_support", "above_support"
BALANCE_STATISTICS = (MEAN, SMD, EQUIVALENCE, VARIANCE_RATIO, ECDF_MEAN, ECDF_MAX)

LOG_POINTS = "log points"  # unit of measure
RANK = "rank"  # unit of measure: a place on a list, less is better
RECORDS = "records"  # unit of measure: rows that a method handled, not firms

SUPPRESSED, MERGED, SHOWN = "suppressed", "merged", "shown"

# A graph as tidy rows: layers, elements (indicator is the layer), links ("from > to").
GRAPH_LAYERS = "theory_layer"
GRAPH_LINK = "theory_link_"
GRAPH_INFERRED = "(inferred)"
GRAPH_ARROW = " > "


def bilingual_label(term: str, **values: object) -> str:
    """Return the label of a term in both languages, as tidy tables keep it.

    ``values`` fill its places, texts among them by their own labels; ``format`` does so later.
    """
    texts = []
    for language in LANGUAGES:
        own = {name: label(value, language) if isinstance(value, str) else value for name, value in values.items()}
        texts.append(label(term, language).format(**own) if own else label(term, language))
    return bilingual(*texts)


def evidence_code(text: str) -> Evidence:
    """Return the code of a level of evidence; the Dutch codes of older tables and files are read.

    Raises ValueError for any other text.
    """
    code = FORMER_EVIDENCE.get(text, text)
    for known in get_args(Evidence):
        if code == known:
            return known
    raise ValueError(f"evidence: found {text!r}; expected one of {', '.join(get_args(Evidence))}; correct it")


def label(term: str, language: Language = "nl", own: Labels = NO_LABELS) -> str:
    """Return the label of a term in a language; a term without a label is its own label.

    ``own`` holds the labels of a study, which travel with its tables and go before the registry's. A text that carries
    both languages, written ``Dutch | English``, gives the one asked for; the English text of a reason gives that
    reason. What no label file has in another language is in English.
    """
    sources = (own, facts("labels"), unit_labels(), _checks(), _reasons_in_english())
    entries = [source[term] for source in sources if term in source]
    texts = [str(entry[known]) for known in (language, ENGLISH) for entry in entries if entry.get(known)]
    if texts:
        return texts[0]
    if currency_of(term) not in ("", EURO) and in_euro(term) in facts("labels"):
        return _money_label(term, language)
    money, per, unit = term.partition(" per ")
    if per and currency_of(term) and is_labelled(unit, own):
        return f"{label(money, language, own)} per {label(unit, language, own)}"
    dutch, bar, english = term.partition(BOTH_LANGUAGES)
    if not bar:
        return term
    return dutch if language == DUTCH else english if language == ENGLISH else label(english, language, own)


def _money_label(unit: str, language: Language) -> str:
    """Return the label of a unit of measure in a currency other than the registry's: that of euro, with its words."""
    currency = currency_of(unit)
    many, one = currency_words(currency, locale_of(language))
    entry = facts("labels")[in_euro(unit)]
    words = re.split(rf"\b(?:euro|{EURO})\b", str(entry.get(language, entry[ENGLISH])))
    return words[0] + many + one.join(words[1:])


def locale_of(language: Language) -> str:
    """Return the locale in which numbers of a language are written."""
    return LOCALES.get(language, language)


def within_sentence(name: str) -> str:
    """Write the name of a category without its capital, unless it is an abbreviation."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def is_labelled(term: str, own: Labels = NO_LABELS) -> bool:
    """Whether the registry or the study has a label for a term."""
    return term in facts("labels") or term in own or term in _checks()


def translate(text: str, language: Language, own: Labels = NO_LABELS) -> str:
    """Return a note or a category in one language; of one made of several terms, each of them."""
    if is_labelled(text, own) or BOTH_LANGUAGES in text:
        return label(text, language, own)
    for joint in (GRAPH_ARROW, " · "):
        if joint in text:
            return joint.join(translate(part, language, own) for part in text.split(joint))
    return label(text, language, own)


def _checks() -> Mapping[str, Mapping[str, str]]:
    """Return what each check of plausibility is about, by its name."""
    checks: Mapping[str, Mapping[str, str]] = facts("plausibility")["checks"]
    return checks


@cache
def _reasons_in_english() -> dict[str, Mapping[str, str]]:
    """Return the texts of the reasons by their English text, which some tidy tables keep alone."""
    return {texts["en"]: texts for texts in facts("reasons").values()}

"""Checks what an estimate asks of a panel before any array is read: every argument, all problems at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from si_eval import cells, engine
from si_eval.arguments import Arguments, describe_value, whole_number
from si_eval.effects.effect_rows import DEFAULT_AGGREGATION, EffectRows
from si_eval.effects.group_time import Controls
from si_eval.effects.long_difference import ADJUSTMENTS, WEIGHTED_ADJUSTMENTS
from si_eval.effects.two_by_two import Method
from si_eval.results import Panel
from si_eval.vocabulary import BE_ID, ENTRY_YEAR, GROUP_ID, PARTICIPANT, PARTICIPATION_ENDED, WEIGHT, YEAR

Design = Literal["staggered", "two_by_two", "long_difference", "twfe"]
STAGGERED: Design = "staggered"
TWO_BY_TWO: Design = "two_by_two"
LONG_DIFFERENCE: Design = "long_difference"
TWO_WAY: Design = "twfe"
AUTO, BY_UNIT, BY_GROUP = "auto", "unit", "group"  # what errors are clustered by; or a column of the panel
HOLDING = "holding"  # the earlier word for an enterprise group
FUNCTION = "estimate_effect"
DOUBLY_ROBUST: Method = "dr"
NO_COVARIATES = (BE_ID, GROUP_ID, YEAR, PARTICIPANT, ENTRY_YEAR, PARTICIPATION_ENDED, WEIGHT)
MIN_YEARS = 2
AGGREGATIONS = (*DEFAULT_AGGREGATION, "simple", "period", "units")
Scale = Literal["difference", "proportional"]
UNUSED = {  # options that a design does not use, with their default
    STAGGERED: (),
    TWO_BY_TWO: ("anticipation", "seed", "smallest_effect", "earliest_entry"),
    LONG_DIFFERENCE: ("controls", "anticipation", "seed", "smallest_effect", "scale"),
    TWO_WAY: ("method", "controls", "anticipation", "seed", "smallest_effect", "earliest_entry", "scale"),
}
OF_STAGGERED = ("aggregation", "window", "balance", "share_entered")
# Those of `estimate_effect`, but for `against`: a check of an effect has one comparison.
DEFAULTS: Mapping[str, Any] = {
    "design": STAGGERED, "method": None, "covariates": (), "controls": "never", "anticipation": 0, "where": None,
    "years": None, "logarithm": False, "cluster": "auto", "earliest_entry": None, "min_units": 10,
    "smallest_effect": None, "level": None, "seed": 0, "match": None, "weights": None, "aggregation": None,
    "window": None, "balance": None, "by": None, "scale": "difference", "share_entered": None,
}  # fmt: skip
NAMES = {STAGGERED: "a staggered design", TWO_BY_TWO: "a two-by-two", LONG_DIFFERENCE: "a long difference",
         TWO_WAY: "two-way fixed effects"}  # fmt: skip
MIN_LEVEL = 0.8  # of detectable effects


@dataclass(frozen=True)
class Request:
    """What an estimate rests on: the arguments of `estimate_effect`, each of the type that the work needs.

    ``method`` is that of a staggered design, ``adjustments`` are those of a long difference; ``cluster`` is the column
    of the panel that errors are clustered by, None for units.
    """

    outcome: str
    design: Design
    method: Method
    adjustments: tuple[str, ...]
    covariates: tuple[str, ...]
    controls: Controls
    anticipation: int
    where: cells.Where | None
    years: tuple[int, ...] | None
    logarithm: bool
    cluster: str | None
    earliest_entry: int | str | None
    min_units: int
    smallest_effect: float | None
    level: float
    seed: int
    weights: str | None = None
    rows: EffectRows = field(default_factory=EffectRows)
    by: str | None = None
    scale: Scale = "difference"
    share_entered: float | None = None

    @property
    def comparison(self) -> dict[str, Any]:
        """What effects by cohort and year are told: how they adjust, and who is compared."""
        return {"method": self.method, "controls": self.controls, "anticipation": self.anticipation,
                "min_units": self.min_units}  # fmt: skip


def check_effect_request(
    panel: Panel,
    *,
    outcome: object,
    design: object,
    method: object,
    covariates: object,
    controls: object,
    anticipation: object,
    where: object,
    years: object,
    logarithm: object,
    cluster: object,
    earliest_entry: object,
    min_units: object,
    smallest_effect: object,
    level: object,
    seed: object,
    match: object,
    weights: object,
    aggregation: object,
    window: object,
    balance: object,
    by: object,
    scale: object,
    share_entered: object,
) -> Request:
    """Return the request of a call; raise `ArgumentError` with everything that is wrong with it.

    An option that the design does not use is a problem unless it has its default.
    """
    arguments = cells.check_panel(FUNCTION, panel)
    design = cast(Design, arguments.option("design", design, get_args(Design)))
    staggered = design == STAGGERED
    adjustments: tuple[str, ...] = ()
    chosen = DOUBLY_ROBUST if method is None else method
    given: dict[str, object] = {
        "anticipation": anticipation, "seed": seed, "smallest_effect": smallest_effect, "controls": controls,
        "earliest_entry": earliest_entry, "method": method, "scale": scale, "aggregation": aggregation,
        "window": window, "balance": balance, "share_entered": share_entered,
    }  # fmt: skip
    if design == LONG_DIFFERENCE:
        known = list(ADJUSTMENTS) if match is None and weights is None else WEIGHTED_ADJUSTMENTS
        asked = known if method is None else method
        adjustments = arguments.names("method", asked, known, what="methods of a long difference")
        chosen = DOUBLY_ROBUST
    elif design in (STAGGERED, TWO_BY_TWO):
        chosen = arguments.option("method", chosen, get_args(Method))
    if design:
        _refuse_unused(arguments, design, given)
    if design == TWO_WAY:
        chosen = DOUBLY_ROBUST
    if share_entered is not None and earliest_entry is None:
        expected = "it with earliest_entry: it is the share of those who may have entered"
        arguments.add("share_entered", describe_value(share_entered), expected, "give both, or leave it out")
    request = Request(
        outcome=_check_outcome(arguments, panel, outcome),
        design=design,
        method=cast(Method, chosen),
        adjustments=adjustments,
        covariates=check_covariates(arguments, panel, covariates),
        controls=cast(Controls, arguments.option("controls", controls, get_args(Controls))),
        anticipation=arguments.whole("anticipation", anticipation, least=0, action="give a number of years"),
        where=cells.check_where(arguments, panel, where) or None,
        years=_check_years(arguments, panel, years),
        logarithm=arguments.flag("logarithm", logarithm),
        cluster=check_cluster(arguments, panel, cluster),
        earliest_entry=_check_earliest_entry(arguments, panel, earliest_entry),
        min_units=arguments.whole("min_units", min_units, least=1, action="give a number of units"),
        smallest_effect=None
        if smallest_effect is None
        else arguments.number("smallest_effect", smallest_effect, above=0, action="give a size above 0"),
        level=panel.rules.level if level is None else arguments.level("level", level),
        seed=arguments.whole("seed", seed, least=0, action="give a whole number"),
        weights=check_weights(arguments, panel, weights),
        rows=_check_rows(arguments, aggregation, window, balance),
        by=_check_class(arguments, panel, by),
        scale=cast(Scale, arguments.option("scale", scale, get_args(Scale))),
        share_entered=None
        if share_entered is None
        else arguments.number("share_entered", share_entered, above=0, most=1, action="give a share of 0 to 1"),
    )
    if request.scale == "proportional" and request.logarithm:
        action = "leave one of them out"
        arguments.add("scale", "'proportional' of a logarithm", "one of them: both are relative", action)
    if match is not None and request.controls == "not_yet":
        action = "leave controls out, or match"
        arguments.add("controls", "'not_yet' with a match", "'never': a match is with units that never enter", action)
    if staggered and 0 < request.level < MIN_LEVEL:
        arguments.add("level", describe_value(level), f"{MIN_LEVEL} or more", "choose, for example, 0.95")
    arguments.refuse_problems()
    return request


def check_weights(arguments: Arguments, panel: Panel, weights: object) -> str | None:
    """Return the numeric column with what units count for, None for none."""
    if weights is None:
        return None
    numeric = [name for name in panel.table.columns if panel.table[name].type().is_numeric()]
    columns = [name for name in numeric if name not in (BE_ID, YEAR, GROUP_ID, ENTRY_YEAR)]
    return arguments.option("weights", weights, tuple(columns), action="name a column of numbers")


def _check_rows(arguments: Arguments, aggregation: object, window: object, balance: object) -> EffectRows:
    """Return which averages become rows."""
    kinds: tuple[str, ...] = DEFAULT_AGGREGATION
    if aggregation is not None:
        kinds = arguments.names("aggregation", aggregation, AGGREGATIONS, what="averages")
    return EffectRows(
        kinds,
        _check_window(arguments, window),
        None if balance is None else arguments.whole("balance", balance, least=0, action="give a number of years"),
    )


def _check_window(arguments: Arguments, window: object) -> tuple[int, int] | None:
    """Return the first and the last year since entry."""
    if window is None:
        return None
    ends = [whole_number(one) for one in window] if isinstance(window, tuple | list) else []
    if len(ends) != 2 or ends[0] is None or ends[1] is None or not ends[0] <= 0 <= ends[1]:
        expected = "two whole numbers around 0: the first and the last year since entry"
        arguments.add("window", describe_value(window), expected, "write for example (-3, 4)")
        return None
    return ends[0], ends[1]


def _check_class(arguments: Arguments, panel: Panel, by: object) -> str | None:
    """Return the column of classes that estimates are split by."""
    if by is None:
        return None
    types = {name: panel.table[name].type() for name in panel.table.columns if name not in NO_COVARIATES}
    classes = [name for name, kind in types.items() if not kind.is_floating()]
    return arguments.option("by", by, classes, action="name a column of classes")


def _refuse_unused(arguments: Arguments, design: Design, given: Mapping[str, object]) -> None:
    """Keep a problem for each option that the design does not use and that has not its default."""
    unused = UNUSED[design] if design == STAGGERED else (*UNUSED[design], *OF_STAGGERED)
    for name in unused:
        value, default = given[name], DEFAULTS[name]
        if type(value) is not type(default) or value != default:
            expected = f"nothing: {NAMES[design]} does not use it"
            arguments.add(name, describe_value(value), expected, "leave it out")


def check_cluster(arguments: Arguments, panel: Panel, cluster: object) -> str | None:
    """Return the column that errors are clustered by, None for units; groups where the panel knows any."""
    columns = [name for name in panel.table.columns if name not in (BE_ID, YEAR)]
    chosen = arguments.option("cluster", cluster, (AUTO, BY_UNIT, BY_GROUP, HOLDING, *columns))
    if chosen not in (AUTO, BY_GROUP, HOLDING, GROUP_ID):
        return None if chosen == BY_UNIT else chosen
    if _has_groups(panel):
        return GROUP_ID
    if chosen != AUTO:
        action = "name the column of enterprise groups when the panel is made, or leave cluster out"
        arguments.add("cluster", f"{chosen!r} for a panel without enterprise groups", "a panel that has them", action)
    return None


def _check_earliest_entry(arguments: Arguments, panel: Panel, earliest: object) -> int | str | None:
    """Return the first year in which participants may have entered: a year, a numeric column of the panel, or None."""
    if earliest is None or (isinstance(earliest, int) and not isinstance(earliest, bool)):
        return earliest
    numeric = [name for name in panel.table.columns if panel.table[name].type().is_numeric()]
    columns = [name for name in numeric if name not in (BE_ID, YEAR, GROUP_ID)]
    return arguments.option("earliest_entry", earliest, tuple(columns))


def _check_outcome(arguments: Arguments, panel: Panel, outcome: object) -> str:
    """Return the one indicator that is the outcome."""
    if not isinstance(outcome, str):
        arguments.add("outcome", describe_value(outcome), "the name of one indicator", "write one name")
        return ""
    return "".join(arguments.names("outcome", outcome, panel.indicators, what="indicators of the panel"))


def check_covariates(
    arguments: Arguments, panel: Panel, covariates: object, name: str = "covariates"
) -> tuple[str, ...]:
    """Return the panel columns that adjust; identifiers, years and participation itself are none."""
    columns = [column for column in panel.table.columns if column not in NO_COVARIATES]
    return arguments.names(name, covariates, columns, what="columns of the panel", empty=True)


def _check_years(arguments: Arguments, panel: Panel, years: object) -> tuple[int, ...] | None:
    """Return the years to use, two at least; None for all of them."""
    if years is None:
        if len(panel.per_year) < MIN_YEARS:
            action = "make a panel with a year before and one after"
            arguments.add("panel", f"{len(panel.per_year)} year", "two years or more", action)
        return None
    problems = len(arguments.problems)
    chosen = arguments.years("years", years, panel.per_year)
    if len(chosen) < MIN_YEARS and len(arguments.problems) == problems:
        arguments.add("years", describe_value(years), "two years or more", "add a year before or after")
    return chosen


def _has_groups(panel: Panel) -> bool:
    """Whether any unit of the panel belongs to a known enterprise group."""
    grouped = panel.table.filter(panel.table[GROUP_ID].notnull())
    return bool(engine.count_rows(grouped.limit(1)))

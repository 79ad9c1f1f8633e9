"""Checks what a match asks of a panel: every argument, all problems at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast, get_args

from si_eval import cells
from si_eval.arguments import Arguments, describe_value, whole_number
from si_eval.effects.matched_units import Distance, MatchMethod, MatchPlan
from si_eval.effects.requests import check_covariates
from si_eval.results import Panel
from si_eval.vocabulary import ECDF_MAX, ECDF_MEAN, SMD, VARIANCE_RATIO

FUNCTION = "match_units"
ENTRY = "entry"  # the base year is the one before entry
NEAREST: MatchMethod = "nearest"
MATCH_STATISTICS = (SMD, VARIANCE_RATIO, ECDF_MEAN, ECDF_MAX)
MIN_BINS = 2
DEFAULT_BINS, DEFAULT_MOMENTS = 5, 1


@dataclass(frozen=True)
class MatchRequest:
    """What a match rests on: the arguments of `match_units`, each of the type that the work needs.

    ``base_year`` is None for the year before entry.
    """

    covariates: tuple[str, ...]
    exact: tuple[str, ...]
    base_year: int | None
    anticipation: int
    where: cells.Where | None
    plan: MatchPlan
    statistics: tuple[str, ...]


def check_match_request(
    panel: Panel,
    *,
    covariates: object,
    exact: object,
    method: object,
    distance: object,
    ratio: object,
    replace: object,
    caliper: object,
    bins: object,
    moments: object,
    trim: object,
    base_year: object,
    anticipation: object,
    where: object,
    statistics: object,
    seed: object,
) -> MatchRequest:
    """Return the request of a call; raise `ArgumentError` with everything that is wrong with it."""
    arguments = cells.check_panel(FUNCTION, panel)
    chosen = cast(MatchMethod, arguments.option("method", method, get_args(MatchMethod)))
    names = check_covariates(arguments, panel, covariates)
    classes = _check_exact(arguments, panel, exact)
    if not names and not classes and not arguments.problems:
        action = "name what should be alike"
        arguments.add("covariates", "none, and no exact classes", "a column of the panel, at least", action)
    if chosen not in (NEAREST, "coarsened"):
        needs = "a column, because weights come from a model"
        if not names and classes and not arguments.problems:
            arguments.add("covariates", "none", needs, "name one, or choose method='coarsened'")
    of_one_method = {
        "distance": (distance, "logit", NEAREST), "ratio": (ratio, 1, NEAREST), "replace": (replace, True, NEAREST),
        "caliper": (caliper, None, NEAREST), "bins": (bins, DEFAULT_BINS, "coarsened"),
        "moments": (moments, DEFAULT_MOMENTS, "entropy"), "trim": (trim, None, "ipw"),
    }  # fmt: skip
    for name, (given, default, its_method) in of_one_method.items():
        if chosen != its_method and given != default:
            arguments.add(name, describe_value(given), f"nothing: method={chosen!r} does not use it", "leave it out")
    plan = MatchPlan(
        method=chosen,
        distance=cast(Distance, arguments.option("distance", distance, get_args(Distance))),
        ratio=arguments.whole("ratio", ratio, least=1, action="give the others for each participant"),
        replace=arguments.flag("replace", replace),
        caliper=None if caliper is None else arguments.number("caliper", caliper, above=0, action="give a distance"),
        bins=arguments.whole("bins", bins, least=MIN_BINS, action="give the number of classes"),
        moments=arguments.whole("moments", moments, least=1, action="give 1 for means, 2 for variances too"),
        trim=_check_trim(arguments, trim),
        seed=arguments.whole("seed", seed, least=0, action="give a whole number"),
    )
    request = MatchRequest(
        covariates=names,
        exact=classes,
        base_year=_check_base_year(arguments, panel, base_year),
        anticipation=arguments.whole("anticipation", anticipation, least=0, action="give a number of years"),
        where=cells.check_where(arguments, panel, where) or None,
        plan=plan,
        statistics=arguments.names("statistics", statistics, MATCH_STATISTICS, what="statistics of balance"),
    )
    arguments.refuse_problems()
    return request


def _check_exact(arguments: Arguments, panel: Panel, exact: object) -> tuple[str, ...]:
    """Return the columns that must be the same; those of numbers with decimals are no classes."""
    names = check_covariates(arguments, panel, exact, name="exact")
    for name in names:
        if panel.table[name].type().is_floating():
            action = "name it under covariates, or make classes of it"
            arguments.add("exact", f"{name!r}, a column of numbers with decimals", "columns of classes", action)
    return names


def _check_trim(arguments: Arguments, trim: object) -> tuple[float, float] | None:
    """Return the lowest and highest chance of taking part that is kept."""
    if trim is None:
        return None
    ends = list(trim) if isinstance(trim, tuple | list) else []
    numbers = [one for one in ends if isinstance(one, int | float) and not isinstance(one, bool)]
    if len(numbers) != 2 or len(ends) != 2 or not 0 <= numbers[0] < numbers[1] <= 1:
        arguments.add("trim", describe_value(trim), "two chances, the lower first", "write for example (0.01, 0.99)")
        return None
    return float(numbers[0]), float(numbers[1])


def _check_base_year(arguments: Arguments, panel: Panel, base_year: object) -> int | None:
    """Return the year of the covariates, None for the one before entry."""
    if isinstance(base_year, str):
        arguments.option("base_year", base_year, (ENTRY,), action="write 'entry', or a year of the panel")
        return None
    year = whole_number(base_year)
    if year is None:
        arguments.add("base_year", describe_value(base_year), "'entry', or a year of the panel", "choose one")
        return None
    return arguments.year("base_year", year, panel.per_year)

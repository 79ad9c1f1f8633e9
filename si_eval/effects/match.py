"""The verb: match participants with comparable units in their base year, and show who was compared with whom."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from si_eval import cells
from si_eval.arguments import describe_value
from si_eval.effects.balance import BalanceStatistics, balance_table
from si_eval.effects.match_requests import DEFAULT_BINS, DEFAULT_MOMENTS, MatchRequest, check_match_request
from si_eval.effects.match_stack import Column, MatchStack, stack_base_years
from si_eval.effects.matched_units import Match, MatchedUnits, MatchMethod, match_stack
from si_eval.effects.panel_arrays import PanelArrays, read_arrays
from si_eval.effects.sides import sides_of
from si_eval.effects.small_sample import effective_units
from si_eval.errors import StudyError
from si_eval.results import EstimateUnits, Panel, ResultTable
from si_eval.stats import BoolArray, FloatArray, IntArray, distinct
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import (
    CATEGORY,
    COUNT,
    DIFFERENCE,
    ECDF_MAX,
    ECDF_MEAN,
    ESTIMATE,
    GROUP,
    INDICATOR,
    LANGUAGES,
    LEFT_OUT,
    N_UNITS,
    NON_PARTICIPANTS,
    NOTE,
    PARTICIPANTS,
    RATIO,
    RESTS_ON,
    RULE_SET,
    SHARE,
    SMD,
    STATISTIC,
    UNIT_OF_MEASURE,
    VARIANCE_RATIO,
    Reason,
    bilingual,
    label,
)

UNITS = "business units"
TREATED_DEVIATIONS = "standard deviations (treated)"
BEFORE, AFTER = "before_matching", "after_matching"
MATCHED, EFFECTIVE = "matched", "effective_units"  # indicators that count units
CANNOT_SHOW = "Units that are alike on these columns may differ on what the registers do not hold."


@dataclass(frozen=True)
class Matching(ResultTable):
    """A match: a table of balance and of who is matched, with what each unit counts for, which stays inside.

    Give it to ``match=`` of `estimate_effect`; the same match serves every outcome.
    """

    units: MatchedUnits | None = field(default=None, repr=False, compare=False)
    unmatched: Mapping[Reason, IntArray] = field(default_factory=dict, repr=False, compare=False)
    covariates: tuple[str, ...] = field(default=(), compare=False)
    universe: str = field(default="", repr=False, compare=False)


@on_one_thread
def match_units(
    panel: Panel,
    *,
    covariates: str | Sequence[str] = (),
    exact: str | Sequence[str] = (),
    method: MatchMethod = "nearest",
    distance: Literal["logit", "mahalanobis"] = "logit",
    ratio: int = 1,
    replace: bool = True,
    caliper: float | None = None,
    bins: int = DEFAULT_BINS,
    moments: int = DEFAULT_MOMENTS,
    trim: tuple[float, float] | None = None,
    base_year: int | str = "entry",
    anticipation: int = 0,
    where: cells.Where | None = None,
    statistics: Sequence[str] = ("standardised_mean_difference",),
    seed: int = 0,
) -> Matching:
    r"""Match participants with comparable units that never take part, by what they were before they entered.

    Use it to see who is compared with whom, and give it to ``match=`` of `estimate_effect`. No outcome is looked at.
    Each participant is matched in the year before its entry, and keeps its match in every later year.

    Parameters
    ----------
    panel : Panel
        Units by year, from `build_panel` or `panel_from_frame`.
    covariates : str or sequence of str
        Panel columns in which units should be alike, in the base year.
    exact : str or sequence of str
        Panel columns of classes in which they must be the same. With ``entropy`` and ``ipw`` the shares of their
        classes are balanced too.
    method : {"nearest", "coarsened", "entropy", "ipw"}, default "nearest"
        ``nearest``: the nearest others; ``coarsened``: all others of the same classes, numbers cut into ``bins``;
        ``entropy``: weights that make the means the same; ``ipw``: weights by the odds of taking part.
    distance : {"logit", "mahalanobis"}, default "logit"
        Of ``nearest``: in the log odds of taking part, or in the covariates by their covariance within the groups.
    ratio : int, default 1
        Others for each participant, of ``nearest``.
    replace : bool, default True
        Whether one other may serve several participants. Without, earlier years of entry choose first.
    caliper : float, optional
        Largest distance: in standard deviations of the log odds, or of Mahalanobis. No limit by default.
    bins : int, default 5
        Classes of a number, of ``coarsened``, with as many participants in each.
    moments : int, default 1
        Of ``entropy``: 1 for means, 2 for variances too.
    trim : tuple of float, optional
        Of ``ipw``: the lowest and highest chance of taking part that is kept, on both sides.
    base_year : int or "entry", default "entry"
        The year of the covariates: the one before each entry, or one year for all, which also matches participants
        whose year of entry is not known.
    anticipation : int, default 0
        How many years before entry the programme may have begun to matter: the base year is as many years earlier.
    where : mapping, optional
        Values by panel column: chooses units by the first year in which the panel has them.
    statistics : sequence of str, default ("standardised_mean_difference",)
        Also ``variance_ratio``, ``ecdf_mean`` and ``ecdf_max``. A table with one of these stays inside: `protect`
        refuses it.
    seed : int, default 0
        Draws among others at the same distance.

    Returns
    -------
    Matching
        A ResultTable. By column, the balance before and after (``category``), in standard deviations of the
        participants: `Chart` ``love`` draws it with ``series="category"``. Rows ``count`` of indicator ``matched`` say
        how many participants are matched and how many others serve them, ``effective_units`` how many of equal weight
        these others are worth (Kish), and ``left_out`` how many participants have no match, by reason.

    Raises
    ------
    ArgumentError
        With everything that is wrong: columns that the panel does not have, options that the method does not use.

    See Also
    --------
    estimate_effect : Effects on matched participants, with ``match=``.
    check_selection : The groups compared before anything is matched.

    Notes
    -----
    A participant counts for one; of others in a cohort the weights add up to its matched participants:
    :math:`w_j = \sum_i 1/K_i` over the participants that j serves, the ratio of both groups in its class, the weights
    of least entropy, or the odds :math:`e/(1-e)`. The chance of taking part is fitted on all base years together.

    References
    ----------
    Stuart (2010), Statistical Science 25, p. 1-21. Imai, Kim & Wang (2023), American Journal of Political Science 67,
    p. 587-605 (matching in the year before treatment). Iacus, King & Porro (2012), Political Analysis 20, p. 1-24.
    Hainmueller (2012), Political Analysis 20, p. 25-46.

    Examples
    --------
    >>> import si_eval as se
    >>> firms = se.simulate_firms(firms=400, participants=60, years=6, seed=3).frame
    >>> panel = se.panel_from_frame(
    ...     firms, unit="firm", year="year", participant="participant", entry_year="entry_year",
    ...     employed_persons="employed_persons", revenue="revenue",
    ... )
    >>> match = se.match_units(panel, covariates=["employed_persons"], exact=["size_class"], ratio=2)
    >>> rows = match.to_frame()
    >>> print(rows[rows["statistic"] == "count"][["indicator", "group", "estimate"]].to_string(index=False))
          indicator           group  estimate
            matched     participant      60.0
            matched non_participant      75.0
    effective_units non_participant      62.0
    """
    request = check_match_request(
        panel, covariates=covariates, exact=exact, method=method, distance=distance, ratio=ratio, replace=replace,
        caliper=caliper, bins=bins, moments=moments, trim=trim, base_year=base_year, anticipation=anticipation,
        where=where, statistics=statistics, seed=seed,
    )  # fmt: skip
    arrays = read_arrays(
        panel,
        None,
        where=request.where,
        years=None if request.base_year is None else (request.base_year,),
        covariates=[*request.covariates, *(name for name in request.exact if name not in request.covariates)],
        classes=request.exact,
    )
    stack = stack_base_years(arrays, request.exact, request.base_year, request.anticipation)
    match = match_stack(stack, arrays.ids, arrays.shift, request.plan)
    source = cells.unit_source(panel)
    left_out = {reason: arrays.ids[units] for reason, units in stack.left_out.items()}
    for reason, ids in match.unmatched.items():
        left_out[reason] = np.union1d(left_out.get(reason, ids), ids)
    rows = pd.DataFrame(
        [*_counts(stack, match, left_out, arrays, source), *_balance(stack, match, request, arrays, source)]
    )
    keys = cells.label_cells(rows, [], request.where)
    frame = pd.concat([rows, keys.drop(columns=CATEGORY)], axis=1).assign(**{RULE_SET: panel.rules.name})
    return Matching(
        frame=cells.tidy_frame(frame),
        function="match_units",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        simulation=panel.simulation,
        sources={source.population: source},
        units=match.units,
        unmatched=left_out,
        covariates=(*request.covariates, *request.exact),
        universe=source.universe,
    )


def match_for(panel: Panel, match: object, defaults: Mapping[str, Any], where: cells.Where | None) -> Matching | None:
    """Return the match that an estimate asks for: as it was made, or from its arguments and those of the design."""
    if match is None:
        return None
    if isinstance(match, Matching):
        universe = cells.unit_source(panel).universe
        if match.universe != universe:
            raise StudyError("match: found a match of another panel; expected one of this panel; match its units")
        return match
    if not isinstance(match, Mapping):
        expected = "a match from match_units, or a mapping of its arguments"
        raise StudyError(f"match: found {describe_value(match)}; expected {expected}; give one of these")
    known = set(inspect.signature(match_units).parameters) - {"panel"}
    unknown = sorted(str(name) for name in match if name not in known)
    if unknown:
        raise StudyError(f"match: found {', '.join(unknown)}; expected arguments of match_units; correct them")
    return match_units(panel, **{**defaults, "where": where, **match})


def matched_arrays(arrays: PanelArrays, match: Matching) -> tuple[PanelArrays, dict[Reason, BoolArray]]:
    """Return the arrays of the matched units, and the participants (units,) of all that are left out, by reason."""
    assert match.units is not None
    units, shift = match.units, arrays.shift
    own = units.weights_of(arrays.ids, None)
    cohorts = {g + shift: units.weights_of(arrays.ids, g) for g in units.cohorts} or {0: own}
    matched = replace(arrays, matched={**cohorts, 0: own}, cluster=units.clusters_of(arrays.ids, arrays.cluster)).only(
        own > 0
    )
    left_out = {reason: np.isin(arrays.ids, ids) for reason, ids in match.unmatched.items()}
    told = np.any(list(left_out.values()), axis=0) if left_out else np.zeros(len(arrays.ids), dtype=np.bool_)
    left_out[Reason.NOT_MATCHED] = (own == 0) & (arrays.cohort != 0) & ~told
    return matched, {reason: units for reason, units in left_out.items() if units.any()}


def _counts(
    stack: MatchStack,
    match: Match,
    left_out: Mapping[Reason, IntArray],
    arrays: PanelArrays,
    source: cells.PanelUnits,
) -> Iterator[dict[str, object]]:
    """Yield how many units are matched, how many they are worth, and who is left out."""
    used = match.row_weights > 0
    participants = arrays.ids[distinct(stack.unit[used & stack.treated])]
    others = arrays.ids[distinct(stack.unit[used & ~stack.treated])]
    nobody = arrays.ids[:0]
    served = used & ~stack.treated
    pooled = np.bincount(stack.unit[served], match.row_weights[served]).astype(np.float64)
    effective = float(np.round(effective_units(pooled)))
    for indicator, group, number, sides in (
        (MATCHED, PARTICIPANTS, float(len(participants)), (participants, nobody)),
        (MATCHED, NON_PARTICIPANTS, float(len(others)), (nobody, others)),
        (EFFECTIVE, NON_PARTICIPANTS, effective, (nobody, others)),
    ):
        yield _count(indicator, group, number, "all", source, sides)
    for reason, ids in left_out.items():
        yield _count(LEFT_OUT, PARTICIPANTS, float(len(ids)), reason.note, source, (ids, nobody))


def _count(
    indicator: str,
    group: str,
    number: float,
    category: str,
    source: cells.PanelUnits,
    sides: tuple[IntArray, IntArray],
) -> dict[str, object]:
    """Make a row that counts units."""
    units = EstimateUnits.of(source, f"{indicator}: {category}", *(source.lasting_ids(side) for side in sides))
    return {
        INDICATOR: indicator, CATEGORY: category, STATISTIC: COUNT, GROUP: group, ESTIMATE: number, N_UNITS: number,
        UNIT_OF_MEASURE: UNITS, NOTE: "", RESTS_ON: (units,),
    }  # fmt: skip


def _balance(
    stack: MatchStack, match: Match, request: MatchRequest, arrays: PanelArrays, source: cells.PanelUnits
) -> Iterator[dict[str, object]]:
    """Yield the balance of each column before and after."""
    columns = [*stack.columns, *stack.exact_columns]
    used = match.row_weights > 0
    if not columns or not (used & stack.treated).any() or stack.treated.all():
        return
    stages = _statistics(stack, match.row_weights, request.statistics)
    ids = source.lasting_ids(arrays.ids)
    every = np.ones(len(used), dtype=np.bool_)
    for stage, found, chosen in zip((BEFORE, AFTER), stages, (every, used), strict=True):
        sides = [_marked(stack.unit[chosen & side], len(ids)) for side in (stack.treated, ~stack.treated)]
        bits = sides_of(*sides)
        fewest = float(min(side.sum() for side in sides))
        for at, column in enumerate(columns):
            for statistic in request.statistics:
                value, unit = _statistic(found, statistic, at)
                reason = Reason.TREATED_DO_NOT_VARY if np.isnan(value) and statistic == SMD else None
                units = EstimateUnits.among(source, f"{stage} {column.covariate} {column.label}", ids, bits)
                yield {
                    INDICATOR: _name(column), CATEGORY: stage, STATISTIC: statistic, GROUP: DIFFERENCE,
                    ESTIMATE: value, N_UNITS: fewest, UNIT_OF_MEASURE: unit,
                    NOTE: reason.note if reason else "", RESTS_ON: (units,),
                }  # fmt: skip


def _statistics(
    stack: MatchStack, weights: FloatArray, statistics: Sequence[str]
) -> tuple[BalanceStatistics, BalanceStatistics]:
    """Compute the balance of all columns before and after; classes, of which there may be many, one after the other."""
    ours, theirs = weights[stack.treated], weights[~stack.treated]
    parts = []
    if stack.columns:
        found = balance_table(stack.values, stack.treated, ours, theirs)
        parts.append((found.before, found.after))
    for column in stack.exact_columns:
        marks = stack.marks(column)
        if set(statistics) <= {SMD}:
            parts.append(_of_marks(marks, stack.treated, weights))
        else:
            found = balance_table(marks[:, None], stack.treated, ours, theirs)
            parts.append((found.before, found.after))
    before, after = (
        BalanceStatistics(*(np.concatenate([getattr(part[stage], name) for part in parts])
                            for name in BalanceStatistics._fields))
        for stage in (0, 1)
    )  # fmt: skip
    return before, after


def _of_marks(
    marks: FloatArray, treated: BoolArray, weights: FloatArray
) -> tuple[BalanceStatistics, BalanceStatistics]:
    """Compute the standardised difference of one class from its shares, as `balance_table` does."""
    spread = np.sqrt(marks[treated].mean() * (1 - marks[treated].mean()))
    unknown = np.array([np.nan])
    found = []
    for own in (np.ones(len(marks)), weights):
        ours, theirs = (np.average(marks[side], weights=own[side]) for side in (treated, ~treated))
        gap = 0.0 if ours == theirs else (ours - theirs) / spread if spread > 0 else np.nan
        found.append(BalanceStatistics(np.array([ours]), np.array([theirs]), np.array([gap]), *[unknown] * 3))
    return found[0], found[1]


def _marked(units: IntArray, size: int) -> BoolArray:
    """Mark the places of units among all."""
    marks: BoolArray = np.zeros(size, dtype=np.bool_)
    marks[units] = True
    return marks


def _statistic(found: BalanceStatistics, statistic: str, at: int) -> tuple[float, str]:
    """Return a statistic of a column, with its unit of measure."""
    values: Mapping[str, tuple[FloatArray, str]] = {
        SMD: (found.difference, TREATED_DEVIATIONS), VARIANCE_RATIO: (found.variance_ratio, RATIO),
        ECDF_MEAN: (found.mean_distance, SHARE), ECDF_MAX: (found.largest_distance, SHARE),
    }  # fmt: skip
    return float(values[statistic][0][at]), values[statistic][1]


def _name(column: Column) -> str:
    """Name a column: a number by its own name, a class in both languages."""
    if column.label is None:
        return column.covariate
    return bilingual(*(f"{label(column.covariate, language)}: {column.label}" for language in LANGUAGES))

"""Selection: whether participants differed from the others before the programme could have changed them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from si_eval import cells, stats
from si_eval.compare.contrasts import TwoGroups, name_conventions
from si_eval.results import Panel, ResultTable
from si_eval.stats import FloatArray
from si_eval.vocabulary import (
    BALANCE_STATISTICS,
    DIFFERENCE,
    ECDF_MAX,
    ECDF_MEAN,
    EQUIVALENCE,
    ERROR_DOF,
    ESTIMATE,
    GROUP,
    INDICATOR,
    MEAN,
    N_UNITS,
    NOTE,
    P_VALUE,
    RATIO,
    RESTS_ON,
    RULE_SET,
    SE_CONVENTION,
    SHARE,
    SIZE_CLASS_4,
    SMD,
    STATISTIC,
    UNIT_OF_MEASURE,
    VARIANCE_RATIO,
    YEAR,
    Reason,
)

EQUIVALENCE_BOUND = 0.25  # in standard deviations: Stuart (2010), Statistical Science 25, p. 1-21, section 4.1
DEFAULT_SPLIT = (SIZE_CLASS_4,)
DEFAULT_STATISTICS = (MEAN, SMD, EQUIVALENCE)
STANDARD_DEVIATIONS = "standard deviations"
TOO_FEW = "one of the groups has too few values"
Deviation = Callable[[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]
UNITS_OF_DIFFERENCE: dict[str, Deviation] = {  # of means, standard deviations and numbers of units of both groups
    "pooled": lambda mean_a, sd_a, n_a, mean_b, sd_b, n_b: stats.pooled_deviation(sd_a, sd_b),
    "treated": lambda mean_a, sd_a, n_a, mean_b, sd_b, n_b: sd_a,
    "control": lambda mean_a, sd_a, n_a, mean_b, sd_b, n_b: sd_b,
    "all": stats.overall_deviation,
}
CANNOT_SHOW = (
    "Likeness on these figures does not exclude selection on what the registers do not hold; the year may already hold "
    "early participation."
)


def check_selection(
    panel: Panel,
    *,
    year: int = 2014,
    indicator: str | Sequence[str] | None = None,
    by: Sequence[str] = ("size_class_4",),
    where: cells.Where | None = None,
    bound: float = EQUIVALENCE_BOUND,
    cluster: str | None = None,
    statistics: Sequence[str] | None = None,
    denominator: str = "pooled",
    against: str | Sequence[str] | None = None,
) -> ResultTable:
    r"""Check how much the groups differed in a year before the programme could have changed them.

    Use it before an estimate: where the groups differed much, a later difference is no effect. The check sees only what
    the panel holds; likeness does not exclude selection on anything else.

    Parameters
    ----------
    panel : Panel
        Units by year, from `build_panel` or `panel_from_frame`.
    year : int, default 2014
        A year before the programme.
    indicator : str or sequence of str, optional
        Indicators of the panel. Default: those that the registry marks for it (``balance = true``), else all.
    by : str or sequence of str, default ("size_class_4",)
        Columns of the panel that split the units into cells; the check of all units together comes first. A
        panel without size classes has that check alone, unless columns are named.
    where : mapping of str to a value or a sequence of values, optional
        Columns of the panel, and the values of the units to keep. Default: all units.
    bound : float, default 0.25
        Largest difference that counts as alike, in standard deviations.
    cluster : {"auto", "unit", "group"}, optional
        What varies independently: enterprise groups wherever the panel knows them, each unit, or enterprise groups of a
        panel that must know them. Default: that of the panel's rule set (``"auto"``).
    statistics : sequence of str, optional
        Some of ``mean``, ``standardised_mean_difference``, ``equivalence``, ``variance_ratio``, ``ecdf_mean`` and
        ``ecdf_max``. Default: the first three. A table with one of the others stays inside: `protect` refuses it.
    denominator : {"pooled", "treated", "control", "all"}, default "pooled"
        Whose standard deviation divides differences: the root of the mean of both variances, that of the participants,
        that of the others, or that of all units together.
    against : str or sequence of str, optional
        The groups that participants are compared with, one after the other, each named in ``category``: ``all`` others,
        ``same_division_and_size`` (others of a division and size class that has a participant that year), ``donut``
        (others that have no participant in their municipality and division), or columns of the panel with yes and no,
        such as rejected applicants or users of another scheme. Others in an enterprise group with a participant are in
        none of them, and counted (indicator ``left_out``). Default: all others, these included.

    Returns
    -------
    ResultTable
        One tidy row an ``indicator``, cell (``size_class``, ``sector``, ``category``), ``group`` and ``statistic``: the
        ``mean`` of both groups, and of their ``difference`` the ``standardised_mean_difference`` and the
        ``equivalence`` (its absolute value, with ``p_value``); when asked for, the ``variance_ratio`` and the mean and
        largest distance of the distribution functions. A number that cannot be computed is missing, with the reason in
        ``note``.

    Raises
    ------
    StudyError
        With every argument that is wrong: an indicator, the year, a column or a value that the panel does not have, a
        column without classes in ``by``, a ``bound`` that is not above 0; and where no unit is left.

    See Also
    --------
    compare_groups : The difference of the groups in any year.
    model_participation : How well these figures together tell who takes part.
    compare_changes : Changes before the programme, beside others from the same start.

    Notes
    -----
    The standardised mean difference is

    .. math:: d = (\bar y_1 - \bar y_0) / \sqrt{(s_1^2 + s_0^2) / 2},

    or with the standard deviation that ``denominator`` names. The variance ratio is :math:`s_1^2 / s_0^2`. With the
    distribution functions :math:`F_1, F_0` of the groups, ``ecdf_mean`` is the mean of :math:`|F_1 - F_0|` over the
    values that occur (of a yes/no variable the difference of the shares), ``ecdf_max`` its maximum.

    The p-value is that of two one-sided tests, with the standard error and the degrees of freedom of `compare_groups`,
    of the hypothesis that the means differ by ``bound`` of these standard deviations or more. Where nothing varies,
    equal means have a difference of 0 and no p-value, and other means have no standardised difference. A small p-value
    says that the groups are alike; a large one says nothing.

    References
    ----------
    Austin, P. C. (2009). Statistics in Medicine 28, p. 3085, equation 1. Schuirmann, D. J. (1987). Journal of
    Pharmacokinetics and Biopharmaceutics 15, 657-680. Stuart, E. A. (2010). Statistical Science 25, 1-21, section 4.1
    (the bound, and variance ratios outside 0.5 to 2). Ho, D. E., Imai, K., King, G. and Stuart, E. A. (2011). MatchIt.
    Journal of Statistical Software 42 (8) (distances of distributions).

    Examples
    --------
    >>> import pandas as pd
    >>> import si_eval as se
    >>> firms = pd.DataFrame({"firm": [1, 2, 3, 4, 5, 6], "year": 2014, "joined": [1, 1, 1, 0, 0, 0],
    ...                       "sales": [12.0, 15.0, 18.0, 10.0, 11.0, 15.0]})
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="joined", revenue="sales")
    >>> table = se.check_selection(panel, year=2014, by=[]).to_frame()
    >>> print(table[["group", "statistic", "estimate", "p_value"]].round(2).to_string(index=False))
              group                    statistic  estimate  p_value
    non_participant                         mean     12.00      NaN
        participant                         mean     15.00      NaN
         difference standardised_mean_difference      1.06      NaN
         difference                  equivalence      1.06     0.81
    """
    if against is not None:
        again = partial(check_selection, year=year, indicator=indicator, by=by, bound=bound, cluster=cluster,
                        statistics=statistics, denominator=denominator)  # fmt: skip
        return cells.compare_against("check_selection", panel, against, where, [year], again)
    arguments = cells.check_panel("check_selection", panel)
    if indicator is None:
        indicator = [name for name, entry in panel.indicators.items() if entry.balance] or list(panel.indicators)
    year = arguments.year("year", year, panel.per_year)
    request = cells.check_request(arguments, panel, indicator=indicator, by=by, where=where)
    bound = arguments.number("bound", bound, above=0, action="write 0.25 for a quarter of a standard deviation")
    shown: tuple[str, ...] = DEFAULT_STATISTICS
    if statistics is not None:
        shown = arguments.names("statistics", statistics, BALANCE_STATISTICS, what="statistics of balance")
    denominator = arguments.option("denominator", denominator, UNITS_OF_DIFFERENCE)
    errors = cells.check_errors(arguments, panel, level=None, cluster=cluster)
    arguments.refuse_problems()
    request = replace(request, years=(year,), errors=errors)
    splits = [(), request.by] if request.by else [()]
    asked = _Balance(bound, denominator, shown)
    frames = [_balance(panel, replace(request, by=split), asked) for split in splits]
    rows = pd.concat(frames, ignore_index=True)
    columns: cells.Columns = {RULE_SET: panel.rules.name, SE_CONVENTION: name_conventions(rows, panel, errors)}
    rows = rows.assign(**columns)
    return ResultTable(
        frame=cells.tidy_frame(rows),
        function="check_selection",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        coverage=cells.count_coverage(panel, request.indicators, where=dict(request.where), years=request.years),
        simulation=panel.simulation,
        prices=panel.prices_of(request.indicators),
        sources=cells.sources_of(panel),
    )


@dataclass(frozen=True)
class _Balance:
    """What is asked of balance: the bound, whose standard deviation divides differences, and the statistics."""

    bound: float
    denominator: str
    statistics: tuple[str, ...]


def _balance(panel: Panel, request: cells.CellRequest, asked: _Balance) -> pd.DataFrame:
    """Make the rows of one split."""
    where = dict(request.where)
    summary = cells.summarise_requests(panel, [request])[request].to_frame()
    if request.by == DEFAULT_SPLIT and summary.empty:
        return pd.DataFrame(columns=[INDICATOR])  # a panel without persons has no size classes
    cells.refuse_empty("check_selection", summary, request)
    summary = cells.fill_empty_groups(summary, request, panel)
    keys = pd.concat([summary[[INDICATOR, YEAR]], cells.label_cells(summary, request.by, where)], axis=1)
    units = cells.unit_sets(panel, summary, request.by, where)
    frames = []
    if MEAN in asked.statistics:
        of_groups: cells.Columns = {
            GROUP: summary[GROUP],
            STATISTIC: MEAN,
            ESTIMATE: summary["mean"],
            N_UNITS: summary["n"],
            UNIT_OF_MEASURE: summary[INDICATOR].map({name: entry.unit for name, entry in panel.indicators.items()}),
            RESTS_ON: cells.cells_of(units, summary[INDICATOR]),
            NOTE: np.where(summary["mean"].isna(), TOO_FEW, ""),
        }
        frames.append(keys.assign(**of_groups, **cells.disclosure_columns(summary)))
    both = TwoGroups.of(keys, _with_distances(panel, request, summary, asked), units)
    frames += [_contrast(both, statistic, asked) for statistic in asked.statistics if statistic != MEAN]
    return pd.concat(frames, ignore_index=True)


def _with_distances(panel: Panel, request: cells.CellRequest, summary: pd.DataFrame, asked: _Balance) -> pd.DataFrame:
    """Add the distances of the distributions of each cell, where they are asked for."""
    if not {ECDF_MEAN, ECDF_MAX} & set(asked.statistics):
        return summary
    (year,) = request.years or (0,)
    return summary.merge(cells.measure_distances(panel, request, year), on=[INDICATOR, *request.by], how="left")


def _contrast(both: TwoGroups, statistic: str, asked: _Balance) -> pd.DataFrame:
    """Make the rows of one statistic of the difference of the two groups."""
    (mean_a, mean_b), (sd_a, sd_b), (n_a, n_b) = (both.pair(name) for name in ("mean", "sd", "n"))
    deviation = UNITS_OF_DIFFERENCE[asked.denominator](mean_a, sd_a, n_a, mean_b, sd_b, n_b)
    estimate = stats.standardised_mean_difference(mean_a, sd_a, mean_b, sd_b, deviation)
    constant, note = deviation == 0, np.full(len(estimate), "", dtype=object)
    columns: cells.Columns = {}
    unit = STANDARD_DEVIATIONS if asked.denominator == "pooled" else f"{STANDARD_DEVIATIONS} ({asked.denominator})"
    if statistic == SMD:
        note[np.abs(estimate) > EQUIVALENCE_BOUND] = Reason.UNLIKE_BEFORE.note
    elif statistic == EQUIVALENCE:
        error = both.error()
        columns[P_VALUE] = stats.equivalence_p_value(
            mean_a, sd_a, n_a, mean_b, sd_b, n_b, asked.bound, error, deviation
        )
        columns[ERROR_DOF] = error[1]
        estimate = np.abs(estimate)
        note[constant & np.isfinite(estimate)] = Reason.NO_VARIANCE.note
    elif statistic == VARIANCE_RATIO:
        unit, constant = RATIO, sd_b == 0
        estimate = sd_a**2 / np.where(constant, np.nan, sd_b) ** 2
    else:
        unit, constant = SHARE, np.zeros(len(estimate), dtype=np.bool_)
        estimate = both.participants[statistic].to_numpy(dtype=float)
    missing = np.isnan(estimate)
    note[missing] = TOO_FEW
    note[missing & constant] = Reason.NO_STANDARD_DEVIATION.note
    columns |= {
        GROUP: DIFFERENCE, STATISTIC: statistic, ESTIMATE: estimate, N_UNITS: np.minimum(n_a, n_b),
        UNIT_OF_MEASURE: unit, RESTS_ON: both.rests_on, NOTE: note,
    }  # fmt: skip
    return both.keys.assign(**columns)

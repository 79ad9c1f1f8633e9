"""Who is compared with whom: levels of both groups, their difference and their ratio, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from si_eval import cells, stats
from si_eval.compare.contrasts import TwoGroups, name_conventions, summary_dof
from si_eval.compare.group_levels import level_of, level_rows
from si_eval.registry.rule_settings import LEVEL_STATISTICS
from si_eval.results import Panel, ResultTable
from si_eval.stats import BoolArray, FloatArray
from si_eval.vocabulary import (
    CONF_HIGH,
    CONF_LOW,
    DIFFERENCE,
    ERROR_DOF,
    ESTIMATE,
    GROUP,
    INDICATOR,
    LOG_POINTS,
    MEAN,
    MEAN_LOG,
    MEDIAN,
    N_EFFECTIVE,
    N_UNITS,
    NOTE,
    P_VALUE,
    RATIO,
    RATIO_OF_SUMS,
    RESTS_ON,
    RULE_SET,
    SE_CONVENTION,
    STATISTIC,
    STD_ERROR,
    UNIT_OF_MEASURE,
    YEAR,
    Reason,
)

SKEWNESS_ADJUSTED = "skewness_adjusted"
CANNOT_SHOW = (
    "A difference between the groups is an association: it does not show what the participants would have done "
    "without the programme."
)


def compare_groups(
    panel: Panel,
    *,
    indicator: str | Sequence[str],
    by: str | Sequence[str] = (),
    where: cells.Where | None = None,
    years: Sequence[int] | None = None,
    level: float | None = None,
    cluster: str | None = None,
    statistics: Sequence[str] | None = None,
    against: str | Sequence[str] | None = None,
    composition: str = "cross_section",
) -> ResultTable:
    r"""Compare the indicators of participants and non-participants, by cell and year.

    Use it to describe how the groups differ. Enterprise groups (units, where none is known) are treated as a simple
    random sample; units of one group may vary together. The difference is an association: nothing is adjusted for who
    chose to take part (see `check_selection` and `estimate_effect`).

    Parameters
    ----------
    panel : Panel
        Units by year, from `build_panel` or `panel_from_frame`.
    indicator : str or sequence of str
        Indicators of the panel (``panel.indicators``).
    by : str or sequence of str, optional
        Columns of the panel that split the units into cells, such as ``["size_class_4"]``. Units without a value in one
        of them are in no cell. Default: no split.
    where : mapping of str to a value or a sequence of values, optional
        Columns of the panel, and the values of the units to keep, such as ``{"sector": "C"}``. Default: all units.
    years : sequence of int, optional
        Years to compare. Default: all years of the panel.
    level : float, optional
        Coverage of the confidence intervals, between 0 and 1. Default: that of the panel's rule set.
    cluster : {"auto", "unit", "group"}, optional
        What varies independently: enterprise groups wherever the panel knows them, each unit, or enterprise groups of a
        panel that must know them. Default: that of the panel's rule set (``"auto"``).
    statistics : sequence of {"mean", "median", "ratio_of_sums", "winsorised_mean", "mean_log"}, optional
        The levels to show. Default: those of the panel's rule set.
    against : str or sequence of str, optional
        The groups that participants are compared with, one after the other, each named in ``category``: ``all`` others,
        ``same_division_and_size`` (others of a division and size class that has a participant that year), ``donut``
        (others that have no participant in their municipality and division), or columns of the panel with yes and no,
        such as rejected applicants or users of another scheme. Others in an enterprise group with a participant are in
        none of them, and counted (indicator ``left_out``). Default: all others, these included.
    composition : {"cross_section", "balanced"}, default "cross_section"
        Whose values count: those of all units of each year, or of the units with a value in every year compared (of one
        indicator).

    Returns
    -------
    ResultTable
        One tidy row an ``indicator``, cell (``size_class``, ``sector``, ``category``), ``year``, ``group`` and
        ``statistic``: the ``mean``, the ``median`` and, for ratios, the ``ratio_of_sums`` of each group (with what else
        is asked), and the ``difference`` and the ``ratio`` of the two means. ``estimate`` is in ``unit``; ``p_value``
        belongs to differences. ``n_units`` is the number of units with a value; for contrasts it is that of the smaller
        group. A number that cannot be computed is missing, with the reason in ``note``. ``se_convention`` and
        ``error_dof`` say how intervals were made. Further columns are for `protect`, which must be called before the
        table leaves.

    Raises
    ------
    StudyError
        With every argument that is wrong: an indicator, a year, a column or a value that the panel does not have, a
        column without classes in ``by``, a ``level`` that is not between 0 and 1; and where no unit is left.

    See Also
    --------
    index_series : The same means, as an index of a base year.
    check_selection : How much the groups differed before the programme.

    Notes
    -----
    Let a cluster :math:`g` have :math:`n_{gd}` of the :math:`n_d` units of group :math:`d`, and let their deviations
    from the mean :math:`\bar y_d` add up to :math:`S_{gd}`. The standard error of the difference is (CR2)

    .. math:: \sqrt{\sum_g (u_{g1} - u_{g0})^2}, \qquad u_{gd} = S_{gd} / (n_d \sqrt{1 - n_{gd} / n_d}),

    with Satterthwaite's degrees of freedom. Where each unit is a cluster it is :math:`\sqrt{s_1^2/n_1 + s_0^2/n_0}`
    with those of Welch. The error of the ratio :math:`\bar y_1 / \bar y_0` follows from the delta method, that of a
    ratio of sums from Taylor's, and the interval of a median from Woodruff's. Of 10 clusters or more, a mean of
    skewed values has Hall's interval, which reaches further to the longer tail. A cell
    with one unit has a mean without standard error; a cell without one of the groups has no contrast, but where a group
    has no unit at all in a year the contrasts say so. Values that differ by rounding alone do not vary: then there is
    no interval and no p-value. There is no ratio to a mean that is negative, smaller than its standard error or, of
    values with both signs, within its interval of zero. The mean of a ratio (such as revenue per employee) is the
    unweighted mean over units; the ratio of sums weighs units by the denominator. Winsorising moves the lowest and the
    highest hundredth of the values of both groups together in. Medians are exact here; the pseudo-median that takes
    their place when the table is protected stands beside them.

    References
    ----------
    Bell, R. M. and McCaffrey, D. F. (2002). Bias reduction in standard errors for linear regression with multi-stage
    samples. Survey Methodology 28, 169-181. Hall, P. (1992). On the removal of skewness by transformation. Journal of
    the Royal Statistical Society B 54, 221-228. Woodruff, R. S. (1952). Confidence intervals for medians and other
    position measures. Journal of the American Statistical Association 47, 635-646. Welch, B. L. (1947). The
    generalization of "Student's" problem when several different population variances are involved. Biometrika 34,
    28-35, equation 28. Dialogic (2020), Evaluatie Smart Industry, appendix 6 (unweighted mean over units).

    Examples
    --------
    >>> import pandas as pd
    >>> import si_eval as se
    >>> firms = pd.DataFrame({"firm": [1, 2, 3, 4, 5, 6], "year": 2019, "joined": [1, 1, 1, 0, 0, 0],
    ...                       "sales": [12.0, 15.0, 18.0, 10.0, 11.0, 15.0]})
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="joined", revenue="sales")
    >>> table = se.compare_groups(panel, indicator="revenue").to_frame()
    >>> means = table[table["statistic"] == "mean"]
    >>> print(means[["group", "estimate", "std_error", "n_units"]].round(2).to_string(index=False))
              group  estimate  std_error  n_units
    non_participant     12.00       1.53        3
        participant     15.00       1.73        3
         difference      3.00       2.31        3
              ratio      1.25       0.21        3
    """
    if against is not None:
        again = partial(compare_groups, indicator=indicator, by=by, years=years, level=level, cluster=cluster,
                        statistics=statistics, composition=composition)  # fmt: skip
        return cells.compare_against("compare_groups", panel, against, where, years, again)
    if composition != "cross_section":
        again = partial(compare_groups, indicator=indicator, by=by, level=level, cluster=cluster, statistics=statistics)
        return cells.compare_composition("compare_groups", panel, composition, indicator, where, None, years, again)
    asked = _check(panel, indicator, by, where, years, level, cluster, statistics)
    return _compare(panel, cells.summarise_requests(panel, [asked.request]), asked)


def level_request(
    panel: Panel,
    indicator: str | Sequence[str],
    *,
    by: str | Sequence[str] = (),
    where: cells.Where | None = None,
    years: Sequence[int] | None = None,
    level: float | None = None,
    cluster: str | None = None,
    statistics: Sequence[str] | None = None,
    against: str | Sequence[str] | None = None,
    composition: str = "cross_section",
) -> cells.CellRequest:
    """Make the request of the cells that a comparison rests on; with other groups it makes its own later."""
    return _check(panel, indicator, by, where, years, level, cluster, statistics).request


def compare_summaries(
    panel: Panel,
    summaries: cells.Summaries,
    *,
    indicator: str | Sequence[str],
    by: str | Sequence[str] = (),
    where: cells.Where | None = None,
    years: Sequence[int] | None = None,
    level: float | None = None,
    cluster: str | None = None,
    statistics: Sequence[str] | None = None,
    against: str | Sequence[str] | None = None,
    composition: str = "cross_section",
) -> ResultTable:
    """Compare the groups as `compare_groups` does, from cells that were summarised before."""
    if against is not None or composition != "cross_section":
        return compare_groups(
            panel, indicator=indicator, by=by, where=where, years=years, level=level, cluster=cluster,
            statistics=statistics, against=against, composition=composition,
        )  # fmt: skip
    return _compare(panel, summaries, _check(panel, indicator, by, where, years, level, cluster, statistics))


@dataclass(frozen=True)
class _Levels:
    """What was asked for: the cells, how their errors are computed, and the levels to show."""

    request: cells.CellRequest
    errors: cells.Errors
    statistics: tuple[str, ...]


def _check(
    panel: Panel,
    indicator: object,
    by: object,
    where: object,
    years: object,
    level: object,
    cluster: object,
    statistics: object,
) -> _Levels:
    """Return what a call asks for; raise `ArgumentError` with everything that is wrong with it."""
    arguments = cells.check_panel("compare_groups", panel)
    request = cells.check_request(arguments, panel, indicator=indicator, by=by, where=where, years=years)
    shown = panel.rules.statistics
    if statistics is not None:
        shown = arguments.names("statistics", statistics, LEVEL_STATISTICS, what="statistics of a level")
    errors = cells.check_errors(arguments, panel, level=level, cluster=cluster, statistics=shown)
    arguments.refuse_problems()
    return _Levels(replace(request, errors=errors), errors, shown)


def _compare(panel: Panel, summaries: cells.Summaries, asked: _Levels) -> ResultTable:
    """Make the table of a request whose cells were summarised."""
    request, errors = asked.request, asked.errors
    summary = summaries[request].to_frame()
    cells.refuse_empty("compare_groups", summary, request)
    summary = cells.fill_empty_groups(summary, request, panel)
    labels = cells.label_cells(summary, request.by, dict(request.where))
    keys = pd.concat([summary[[INDICATOR, YEAR]], labels], axis=1)
    units = cells.unit_sets(panel, summary, request.by, dict(request.where))
    adjusted = panel.rules.mean_interval == SKEWNESS_ADJUSTED
    rows = [level_rows(keys, summary, units, statistic, errors.level, adjusted) for statistic in asked.statistics]
    rows.append(_contrast_rows(TwoGroups.of(keys, summary, units), errors.level, panel.rules.min_test_units))
    table = pd.concat(rows, ignore_index=True)
    columns: cells.Columns = {RULE_SET: panel.rules.name, SE_CONVENTION: name_conventions(table, panel, errors)}
    table = table.assign(**columns)
    table[UNIT_OF_MEASURE] = table[INDICATOR].map({name: entry.unit for name, entry in panel.indicators.items()})
    table.loc[table[GROUP] == RATIO, UNIT_OF_MEASURE] = RATIO
    table.loc[table[STATISTIC] == MEAN_LOG, UNIT_OF_MEASURE] = LOG_POINTS
    return ResultTable(
        frame=cells.tidy_frame(cells.of_weighted(panel, table)),
        function="compare_groups",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        coverage=summaries[request].coverage,
        simulation=panel.simulation,
        prices=panel.prices_of(request.indicators),
        sources=cells.sources_of(panel),
    )


def _contrast_rows(both: TwoGroups, level: float, min_test_units: int) -> pd.DataFrame:
    """Make the rows of the difference and the ratio of the two means of each cell that has both groups."""
    (mean_a, mean_b), (se_a, se_b) = both.pair("mean"), both.pair("mean_std_error")
    error, dof = both.error()
    difference = stats.student_interval(stats.subtract(mean_a, mean_b), error, dof, level)
    signed = both.pair("smallest")[1] < 0
    near_zero = stats.is_near_zero(mean_b, se_b, summary_dof(both.others), level, signed)
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = np.where((mean_b > 0) & ~near_zero, mean_a / mean_b, np.nan)
        _, ratio_dof = both.error(1 / mean_b, -mean_a / mean_b**2)
    ratio_error = stats.ratio_std_error(mean_a, se_a, mean_b, se_b, both.covariance)
    ratio = stats.student_interval(quotient, ratio_error, ratio_dof, level)
    fewest, fewest_clusters = both.pair("n").min(axis=0), both.pair("clusters").min(axis=0)
    few, one_cluster = fewest < min_test_units, (fewest_clusters < 2) & (fewest > 1)
    rows = []
    for group, interval, error_dof in ((DIFFERENCE, difference, dof), (RATIO, ratio, ratio_dof)):
        columns: cells.Columns = {
            GROUP: group,
            STATISTIC: MEAN,
            ESTIMATE: interval.estimate,
            STD_ERROR: interval.std_error,
            CONF_LOW: interval.low,
            CONF_HIGH: interval.high,
            P_VALUE: np.where(few, np.nan, difference.p_value) if group == DIFFERENCE else np.nan,
            N_UNITS: fewest,
            N_EFFECTIVE: both.pair("effective_units").min(axis=0),
            ERROR_DOF: error_dof,
            RESTS_ON: both.rests_on,
            NOTE: "",
        }
        contrast = both.keys.assign(**columns)
        if group == DIFFERENCE:
            contrast.loc[_signs_disagree(both, difference.estimate), NOTE] = Reason.SIGNS_DISAGREE.note
            contrast.loc[few, NOTE] = Reason.TOO_FEW_TO_TEST.note
        contrast.loc[contrast[STD_ERROR].isna(), NOTE] = Reason.ONE_UNIT.note
        contrast.loc[one_cluster, NOTE] = Reason.ONE_CLUSTER.note
        contrast.loc[difference.std_error == 0, NOTE] = Reason.NO_VARIANCE.note
        contrast.loc[contrast[ESTIMATE].isna(), NOTE] = "one of the groups has no value, or its mean is zero"
        if group == RATIO:
            contrast.loc[np.isfinite(mean_a) & (mean_b < 0), NOTE] = Reason.BASE_NEGATIVE.note
            contrast.loc[np.isfinite(mean_a) & (mean_b != 0) & near_zero, NOTE] = Reason.BASE_NEAR_ZERO.note
            contrast.loc[contrast[ESTIMATE].isna(), [STD_ERROR, CONF_LOW, CONF_HIGH]] = np.nan
        rows.append(contrast)
    return pd.concat(rows, ignore_index=True)


def _signs_disagree(both: TwoGroups, difference: FloatArray) -> BoolArray:
    """Whether the medians, or the ratios of sums, of the groups differ in the other direction than the means."""
    found = np.zeros(len(difference), dtype=np.bool_)
    with np.errstate(divide="ignore", invalid="ignore"):
        for statistic in (MEDIAN, RATIO_OF_SUMS):
            ours, theirs = (
                level_of(side, statistic).to_numpy(dtype=float) for side in (both.participants, both.others)
            )
            found |= stats.subtract(ours, theirs) * difference < 0
    return found

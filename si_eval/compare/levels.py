"""Who is compared with whom: levels of both groups, their difference and their ratio, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from si_eval import cells, stats
from si_eval.results import Panel, ResultTable
from si_eval.vocabulary import (
    CONF_HIGH,
    CONF_LOW,
    DIFFERENCE,
    ESTIMATE,
    GROUP,
    INDICATOR,
    MEAN,
    MEDIAN,
    N_UNITS,
    NON_PARTICIPANTS,
    NOTE,
    P_VALUE,
    PARTICIPANTS,
    PSEUDO_COLUMNS,
    RATIO,
    RATIO_OF_SUMS,
    RESTS_ON,
    RULE_SET,
    STATISTIC,
    STD_ERROR,
    UNIT_OF_MEASURE,
    YEAR,
    Reason,
)

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
) -> ResultTable:
    r"""Compare the indicators of participants and non-participants, by cell and year.

    Use it to describe how the groups differ. The units of each group in a cell are treated as a simple random sample,
    and the groups as independent. The difference is an association: nothing is adjusted for who chose to take part
    (see `check_selection` and `estimate_effect`).

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

    Returns
    -------
    ResultTable
        One tidy row an ``indicator``, cell (``size_class``, ``sector``, ``category``), ``year``, ``group`` and
        ``statistic``: the ``mean``, the ``median`` and, for ratios, the ``ratio_of_sums`` of each group, and the
        ``difference`` and the ``ratio`` of the two means. ``estimate`` is in ``unit``; ``std_error``, ``conf_low`` and
        ``conf_high`` belong to means and contrasts, ``p_value`` to differences. ``n_units`` is the number of units with
        a value; for contrasts it is that of the smaller group. A number that cannot be computed is missing, with the
        reason in ``note``. Further columns are for `protect`, which must be called before the table leaves.

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
    With means :math:`\bar y_1, \bar y_0`, standard deviations :math:`s_1, s_0` and numbers of units
    :math:`n_1, n_0` of participants and non-participants, the standard error of the difference is

    .. math:: \sqrt{s_1^2 / n_1 + s_0^2 / n_0},

    with the degrees of freedom of Welch; that of the ratio :math:`\bar y_1 / \bar y_0` follows from the delta method
    with the same degrees of freedom. A cell with one unit has a mean without standard error; a cell without one of the
    groups has no contrast, but where a group has no unit at all in a year the contrasts say so. Values that differ by
    rounding alone do not vary: then there is no interval and no p-value. There is no ratio to a mean that is negative,
    smaller than its standard error or, of values with both signs, within its interval of zero. The mean of a ratio
    (such as revenue per employee) is the unweighted mean over units; the ratio of sums weighs units by the denominator.
    Medians are exact here; the pseudo-median that takes their place when the table is protected stands beside them.

    References
    ----------
    Welch, B. L. (1947). The generalization of "Student's" problem when several different population variances are
    involved. Biometrika 34, 28-35, equation 28. Dialogic (2020), Evaluatie Smart Industry, appendix 6 (unweighted mean
    over units).

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
    request, level = _check(panel, indicator, by, where, years, level)
    return _compare(panel, cells.summarise_requests(panel, [request]), request, level)


def compare_summaries(
    panel: Panel,
    summaries: cells.Summaries,
    *,
    indicator: str | Sequence[str],
    by: str | Sequence[str] = (),
    where: cells.Where | None = None,
    years: Sequence[int] | None = None,
    level: float | None = None,
) -> ResultTable:
    """Compare the groups as `compare_groups` does, from cells that were summarised before."""
    request, level = _check(panel, indicator, by, where, years, level)
    return _compare(panel, summaries, request, level)


def _check(
    panel: Panel, indicator: object, by: object, where: object, years: object, level: float | None
) -> tuple[cells.CellRequest, float]:
    """Return the request and the level of a call; raise `ArgumentError` with everything that is wrong with it."""
    arguments = cells.check_panel("compare_groups", panel)
    request = cells.check_request(arguments, panel, indicator=indicator, by=by, where=where, years=years)
    level = panel.rules.level if level is None else arguments.level("level", level)
    arguments.refuse_problems()
    return request, level


def _compare(panel: Panel, summaries: cells.Summaries, request: cells.CellRequest, level: float) -> ResultTable:
    """Make the table of a request whose cells were summarised."""
    summary = summaries[request].to_frame()
    cells.refuse_empty("compare_groups", summary, request)
    summary = cells.fill_empty_groups(summary, request, panel)
    labels = cells.label_cells(summary, request.by, dict(request.where))
    keys = pd.concat([summary[[INDICATOR, YEAR]], labels], axis=1)
    units = cells.unit_sets(panel, summary, request.by, dict(request.where))
    groups = [_level_rows(keys, summary, units, statistic, level) for statistic in (MEAN, MEDIAN, RATIO_OF_SUMS)]
    rows = pd.concat(
        [pd.concat(groups, ignore_index=True), _contrast_rows(keys, summary, units, level)], ignore_index=True
    )
    columns: cells.Columns = {
        UNIT_OF_MEASURE: rows[INDICATOR].map({name: entry.unit for name, entry in panel.indicators.items()}),
        RULE_SET: panel.rules.name,
    }
    rows = rows.assign(**columns)
    rows.loc[rows[GROUP] == RATIO, UNIT_OF_MEASURE] = RATIO
    return ResultTable(
        frame=cells.tidy_frame(rows),
        function="compare_groups",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        coverage=summaries[request].coverage,
        simulation=panel.simulation,
        sources=cells.sources_of(panel),
    )


def _level_rows(
    keys: pd.DataFrame, summary: pd.DataFrame, units: pd.Series, statistic: str, level: float
) -> pd.DataFrame:
    """Make the rows of one statistic for both groups; only the mean carries a standard error here."""
    rests_on = cells.ratio_cells if statistic == RATIO_OF_SUMS else cells.cells_of
    columns: cells.Columns = {
        GROUP: summary[GROUP], STATISTIC: statistic, N_UNITS: summary["n"], NOTE: "",
        RESTS_ON: rests_on(units, summary[INDICATOR]),
    }  # fmt: skip
    rows = keys.assign(**columns, **cells.disclosure_columns(summary))
    n = summary["n"].to_numpy()
    if statistic == MEAN:
        with np.errstate(divide="ignore", invalid="ignore"):
            std_error = summary["sd"].to_numpy() / np.sqrt(n)
        interval = stats.student_interval(summary["mean"].to_numpy(), std_error, n - 1, level)
        rows = rows.assign(
            **{ESTIMATE: interval.estimate, STD_ERROR: std_error, CONF_LOW: interval.low, CONF_HIGH: interval.high}
        )
    elif statistic == MEDIAN:
        rows = rows.assign(**{ESTIMATE: summary["median"], **summary[list(PSEUDO_COLUMNS)]})
    else:
        rows[ESTIMATE] = summary["numerator"] / summary["denominator"].where(summary["denominator"] != 0)
        rows = rows[summary["denominator"].notna()]
    if statistic == MEAN:
        rows.loc[rows[N_UNITS] == 1, NOTE] = Reason.ONE_UNIT.note
    rows.loc[rows[ESTIMATE].isna(), NOTE] = "no unit has a value"
    return rows


def _contrast_rows(keys: pd.DataFrame, summary: pd.DataFrame, units: pd.Series, level: float) -> pd.DataFrame:
    """Make the rows of the difference and the ratio of the two means of each cell that has both groups."""
    cell = [*keys.columns, cells.CELL]
    wide = pd.concat([keys, summary[[GROUP, "n", "mean", "sd", "smallest"]]], axis=1)
    wide = wide.assign(**{cells.CELL: cells.of_both_groups(units), RESTS_ON: cells.cells_of(units, summary[INDICATOR])})
    participants, others = (
        wide[wide[GROUP] == group].drop(columns=GROUP) for group in (PARTICIPANTS, NON_PARTICIPANTS)
    )
    both = participants.merge(others, on=cell, suffixes=("_a", "_b"))
    n_a, n_b, mean_a, mean_b = (both[name].to_numpy() for name in ("n_a", "n_b", "mean_a", "mean_b"))
    with np.errstate(divide="ignore", invalid="ignore"):
        se_a, se_b = both["sd_a"].to_numpy() / np.sqrt(n_a), both["sd_b"].to_numpy() / np.sqrt(n_b)
    dof = stats.welch_degrees_of_freedom(se_a, n_a, se_b, n_b)
    difference = stats.student_interval(stats.subtract(mean_a, mean_b), np.sqrt(se_a**2 + se_b**2), dof, level)
    near_zero = stats.is_near_zero(mean_b, se_b, n_b - 1, level, both["smallest_b"].to_numpy() < 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = np.where((mean_b > 0) & ~near_zero, mean_a / mean_b, np.nan)
    ratio = stats.student_interval(quotient, stats.ratio_std_error(mean_a, se_a, mean_b, se_b), dof, level)
    rows = []
    for group, interval in ((DIFFERENCE, difference), (RATIO, ratio)):
        columns: cells.Columns = {
            GROUP: group,
            STATISTIC: MEAN,
            ESTIMATE: interval.estimate,
            STD_ERROR: interval.std_error,
            CONF_LOW: interval.low,
            CONF_HIGH: interval.high,
            P_VALUE: difference.p_value if group == DIFFERENCE else np.nan,
            N_UNITS: np.minimum(n_a, n_b),
            NOTE: "",
            RESTS_ON: cells.join_cells(both[f"{RESTS_ON}_a"], both[f"{RESTS_ON}_b"]),
        }
        contrast = both[list(keys.columns)].assign(**columns)
        contrast.loc[contrast[STD_ERROR].isna(), NOTE] = Reason.ONE_UNIT.note
        contrast.loc[difference.std_error == 0, NOTE] = Reason.NO_VARIANCE.note
        contrast.loc[contrast[ESTIMATE].isna(), NOTE] = "one of the groups has no value, or its mean is zero"
        if group == RATIO:
            contrast.loc[np.isfinite(mean_a) & (mean_b < 0), NOTE] = Reason.BASE_NEGATIVE.note
            contrast.loc[np.isfinite(mean_a) & (mean_b != 0) & near_zero, NOTE] = Reason.BASE_NEAR_ZERO.note
            contrast.loc[contrast[ESTIMATE].isna(), [STD_ERROR, CONF_LOW, CONF_HIGH]] = np.nan
        rows.append(contrast)
    return pd.concat(rows, ignore_index=True)

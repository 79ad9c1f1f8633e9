"""Regression to the mean: how firms changed, beside those that began at the same level and did not take part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from si_eval import cells, stats
from si_eval.compare.contrasts import convention_of
from si_eval.results import EstimateUnits, Panel, ResultTable
from si_eval.vocabulary import (
    BEYOND_SAME_START,
    CHANGE,
    CONF_HIGH,
    CONF_LOW,
    DIFFERENCE,
    DOF,
    ERROR_DOF,
    ESTIMATE,
    GROUP,
    INDICATOR,
    N_UNITS,
    NON_PARTICIPANTS,
    NOTE,
    P_VALUE,
    PARTICIPANTS,
    RESTS_ON,
    RULE_SET,
    SAME_START,
    SE_CONVENTION,
    STATISTIC,
    STD_ERROR,
    UNIT_OF_MEASURE,
    YEAR,
    Reason,
)

ROWS = (  # of what `cells.measure_changes` measures, in order
    (PARTICIPANTS, CHANGE),
    (NON_PARTICIPANTS, CHANGE),
    (NON_PARTICIPANTS, SAME_START),
    (DIFFERENCE, CHANGE),
    (DIFFERENCE, BEYOND_SAME_START),
)
CANNOT_SHOW = (
    "Firms that began at the same level may differ in everything else; what is beyond them is no effect, and only less "
    "of it is regression to the mean."
)


def compare_changes(
    panel: Panel,
    *,
    indicator: str,
    by: str | Sequence[str] = (),
    where: cells.Where | None = None,
    base_year: int,
    year: int,
    placebo_year: int | None = None,
    level: float | None = None,
    cluster: str | None = None,
) -> ResultTable:
    r"""Compare the changes of participants with those of others, and of others that began at the same level.

    Use it beside every change: firms that are high in one year are lower in the next by themselves. The same over years
    before the programme (``placebo_year``) should find nothing.

    Parameters
    ----------
    panel : Panel
        Units by year, from `build_panel` or `panel_from_frame`.
    indicator : str
        An indicator of the panel (``panel.indicators``).
    by : str or sequence of str, optional
        Columns of the panel that split the units into cells, those of the base year. Default: no split.
    where : mapping of str to a value or a sequence of values, optional
        Columns of the panel, and the values of the units to keep. Default: all units.
    base_year, year : int
        The years between which units change.
    placebo_year : int, optional
        A year before ``base_year``. Adds the same rows, with ``year`` the base year, of the change between the two:
        trends before the programme, and a placebo.
    level : float, optional
        Coverage of the confidence intervals, between 0 and 1. Default: that of the panel's rule set.
    cluster : {"auto", "unit", "group"}, optional
        What varies independently. Default: that of the panel's rule set (``"auto"``).

    Returns
    -------
    ResultTable
        One tidy row a cell, ``group`` and ``statistic``: the mean ``change`` of both groups and its difference; the
        ``change_from_same_start`` of others, with the base values of participants; and the ``change_beyond_same_start``
        of participants, with its p-value. Where groups lay more than a quarter of a standard deviation apart at the
        start, the row of the difference of changes says so.

    Raises
    ------
    StudyError
        With every argument that is wrong, and where no unit is left.

    See Also
    --------
    check_selection : How far the groups lay apart in the base year.
    estimate_effect : Changes with covariates and tests of trends.

    Notes
    -----
    The base values of a cell are split at their deciles. With :math:`p_k` the share of participants in bin k and
    :math:`\bar d_{0k}` the mean change of the others there, others from the same start changed by
    :math:`\sum_k p_k \bar d_{0k}`. Participants in a bin without others are left out of what is beyond. Standard errors
    add up residuals by cluster; degrees of freedom are the fewer clusters of the two groups, less one.

    References
    ----------
    Cochran, W. G. (1968). The effectiveness of adjustment by subclassification in removing bias in observational
    studies. Biometrics 24, 295-313. Daw, J. R. and Hatfield, L. A. (2018). Matching and regression to the mean in
    difference-in-differences analysis. Health Services Research 53, 4138-4156.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import si_eval as se
    >>> rng, firm = np.random.default_rng(1), np.arange(2000)
    >>> level, noise = rng.normal(10, 1, 2000), rng.normal(0, 1, (2, 2000))
    >>> firms = pd.DataFrame({"firm": np.tile(firm, 2), "year": np.repeat([2014, 2019], 2000)})
    >>> joined = rng.random(2000) < np.where(level + noise[0] < 9, 0.5, 0.1)
    >>> firms = firms.assign(x=(level + noise).ravel(), joined=np.tile(joined, 2))
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="joined", extra=["x"])
    >>> table = se.compare_changes(panel, indicator="x", base_year=2014, year=2019).to_frame()
    >>> print(table[["group", "statistic", "estimate"]].round(1).to_string(index=False))
              group                statistic  estimate
        participant                   change       0.5
    non_participant                   change      -0.1
    non_participant   change_from_same_start       0.4
         difference                   change       0.6
         difference change_beyond_same_start       0.1
    """
    arguments = cells.check_panel("compare_changes", panel)
    first, last = cells.check_two_years(arguments, panel, base_year, year)
    placebo = None if placebo_year is None else arguments.year("placebo_year", placebo_year, panel.per_year)
    if placebo is not None and placebo >= first:
        arguments.add("placebo_year", str(placebo), f"a year before {first}", "name an earlier year")
    request = cells.check_request(arguments, panel, indicator=indicator, by=by, where=where, several=False)
    errors = cells.check_errors(arguments, panel, level=level, cluster=cluster)
    cells.check_unweighted(arguments, panel, request.indicators)
    arguments.refuse_problems()
    request = replace(request, errors=errors)
    pairs = [(first, last)] if placebo is None else [(placebo, first), (first, last)]
    rows = pd.concat([_rows(panel, request, *pair, errors.level) for pair in pairs], ignore_index=True)
    rows[SE_CONVENTION] = convention_of(errors)
    return ResultTable(
        frame=cells.tidy_frame(rows),
        function="compare_changes",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        simulation=panel.simulation,
        sources=cells.sources_of(panel),
        prices=panel.prices_of(rows[INDICATOR]),
    )


def _rows(panel: Panel, request: cells.CellRequest, base_year: int, year: int, level: float) -> pd.DataFrame:
    """Make the rows of the changes between two years."""
    request = replace(request, years=tuple(sorted((base_year, year))))
    found = cells.measure_changes(panel, request, base_year, year)
    cells.refuse_empty("compare_changes", found.cells, request)
    labels = cells.label_cells(found.cells, request.by, dict(request.where))
    (name,) = request.indicators
    rests_on = _rests_on(panel, found, request, (base_year, year))
    frames = []
    for at, (group, statistic) in enumerate(ROWS):
        interval = stats.student_interval(found.estimate[:, at], found.std_error[:, at], found.dof[:, at], level)
        note = np.where(np.isnan(interval.estimate), "one of the groups has too few values", "")
        if (group, statistic) == (DIFFERENCE, CHANGE):
            note = np.where(np.abs(found.start_difference) > stats.FAR_APART, Reason.UNLIKE_BEFORE.note, note)
        columns: cells.Columns = {
            GROUP: group, STATISTIC: statistic,
            ESTIMATE: interval.estimate, STD_ERROR: interval.std_error,
            CONF_LOW: interval.low, CONF_HIGH: interval.high,
            P_VALUE: interval.p_value if group == DIFFERENCE else np.nan,
            N_UNITS: found.n[:, at], ERROR_DOF: found.dof[:, at], NOTE: note,
            INDICATOR: name, UNIT_OF_MEASURE: panel.indicators[name].unit, RULE_SET: panel.rules.name, YEAR: year,
            RESTS_ON: rests_on[group, statistic],
        }  # fmt: skip
        columns |= {DOF: found.matched_dof} if statistic != CHANGE else {}
        frames.append(labels.assign(**columns))
    return pd.concat(frames, ignore_index=True)


def _rests_on(
    panel: Panel, found: cells.Changes, request: cells.CellRequest, years: tuple[int, int]
) -> dict[tuple[str, str], pd.Series]:
    """Return what the rows of each group rest on: those with a value in both years, then and now, and estimates."""
    base_year, year = years
    by, where, (name,) = list(request.by), dict(request.where), request.indicators
    now = cells.unit_sets(panel, found.cells[[]].assign(**{YEAR: year}), by, where)
    rests_on = {}
    for group in (PARTICIPANTS, NON_PARTICIPANTS):
        then = cells.unit_sets(panel, found.cells.assign(**{YEAR: base_year}).assign(**{GROUP: group}), by, where)
        sides = cells.also_in(now, then, name), cells.also_in(then, now, name)
        rests_on[group, CHANGE] = cells.join_cells(*(cells.cells_of(one, name) for one in sides))
    rests_on[DIFFERENCE, CHANGE] = cells.join_cells(*rests_on.values())
    source = cells.unit_source(panel)
    units = [[source.lasting_ids(side) for side in sides] for sides in found.matched]
    for key in ((NON_PARTICIPANTS, SAME_START), (DIFFERENCE, BEYOND_SAME_START)):
        about = f"{name}, {base_year} to {year}: {key[1]}"
        estimates = [(EstimateUnits.of(source, about, *sides),) for sides in units]
        rests_on[key] = pd.Series(estimates, index=found.cells.index, dtype=object)
    return rests_on

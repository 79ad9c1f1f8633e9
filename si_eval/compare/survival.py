"""Survival: which firms of a base year are still there, how the others ended, and what that does to employment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from si_eval import cells, stats
from si_eval.arguments import Arguments
from si_eval.results import Extract, Panel, ResultTable
from si_eval.stats import BoolArray, FloatArray
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    CONF_HIGH,
    CONF_LOW,
    DIFFERENCE,
    EMPLOYED_PERSONS,
    EMPLOYMENT_GROWTH,
    ERROR_DOF,
    ESTIMATE,
    EXIT_SHARE,
    GROUP,
    GROWTH_OF_SURVIVORS,
    INDICATOR,
    N_UNITS,
    NON_PARTICIPANTS,
    NOTE,
    P_VALUE,
    PARTICIPANTS,
    RULE_SET,
    SE_CONVENTION,
    SHARE,
    STATISTIC,
    STD_ERROR,
    SURVIVAL,
    UNIT_OF_MEASURE,
    YEAR,
    Reason,
)

CONVENTION = "sums by enterprise group, t with the fewer clusters less one"
CANNOT_SHOW = (
    "An id that ends is no firm that ends: mergers, takeovers and restructurings end ids too. Firms that took part "
    "were there to do so, so that part of their survival is who they were."
)


def describe_survival(
    panel: Panel,
    *,
    base_year: int,
    years: Sequence[int] | None = None,
    by: str | Sequence[str] = (),
    where: cells.Where | None = None,
    events: Extract | None = None,
    level: float | None = None,
) -> ResultTable:
    r"""Describe which units of a base year the register still has later, how the others ended, and employment growth.

    Use it in every evaluation: a mean of those who are left says nothing of those who are gone. The table stays inside:
    its shares are of units of one year by their state in another, which no rule of the public border judges.

    Parameters
    ----------
    panel : Panel
        Units by year, from `build_panel` or `panel_from_frame`.
    base_year : int
        The year whose units are followed, in their group and cell of that year.
    years : sequence of int, optional
        Later years. Default: all years of the panel after the base year.
    by : str or sequence of str, optional
        Columns of the panel that split the units into cells. Default: no split.
    where : mapping of str to a value or a sequence of values, optional
        Columns of the panel, and the values of the units to keep. Default: all units.
    events : Extract, optional
        The extract of the panel, whose table of events tells how units ended. Default: the end of all is unknown.
    level : float, optional
        Coverage of the confidence intervals, between 0 and 1. Default: that of the panel's rule set.

    Returns
    -------
    ResultTable
        One tidy row a cell, ``year``, ``group`` (with the ``difference``, and its p-value) and ``statistic``:
        ``survival``, ``exit_share`` by the type of exit in ``category``, and where persons are known
        ``employment_growth`` of all and ``employment_growth_survivors`` of those that are left.

    Raises
    ------
    StudyError
        With every argument that is wrong, and where no unit is left.

    See Also
    --------
    decompose_change : What entry and exit do to a mean.

    Notes
    -----
    With persons :math:`L_b` in the base year and :math:`L_t` later (0 for those that are gone), the growth of a unit is
    :math:`2 (L_t - L_b) / (L_t + L_b)`: from -2 (gone) to 2. A type of exit is that of the last event from the base
    year on (death first of several in a year). Standard errors add up residuals by enterprise group.

    References
    ----------
    Davis, S. J., Haltiwanger, J. and Schuh, S. (1996). Job Creation and Destruction. MIT Press (the growth rate). OECD
    (2023). Framework for the Evaluation of SME and Entrepreneurship Policies (sales, employment, survival).

    Examples
    --------
    >>> import pandas as pd
    >>> import si_eval as se
    >>> firms = pd.DataFrame({"firm": [1, 2, 3, 4, 5, 6, 1, 2, 3, 4], "year": [2014] * 6 + [2019] * 4,
    ...                       "joined": [1, 1, 0, 0, 0, 0, 1, 1, 0, 0], "staff": [5.0] * 6 + [5.0, 15.0, 5.0, 5.0]})
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="joined", employed_persons="staff")
    >>> table = se.describe_survival(panel, base_year=2014).to_frame()
    >>> rows = table[table["statistic"].isin(["survival", "employment_growth"])]
    >>> print(rows[["statistic", "group", "estimate", "n_units"]].to_string(index=False))
            statistic           group  estimate  n_units
             survival     participant       1.0        2
             survival non_participant       0.5        4
             survival      difference       0.5        2
    employment_growth     participant       0.5        2
    employment_growth non_participant      -1.0        4
    employment_growth      difference       1.5        2
    """
    arguments = cells.check_panel("describe_survival", panel)
    base = arguments.year("base_year", base_year, panel.per_year)
    later = [year for year in sorted(panel.per_year) if year > base]
    chosen = tuple(later) if years is None else arguments.years("years", years, later)
    request = cells.check_request(arguments, panel, indicator=cells.NO_INDICATORS, by=by, where=where)
    errors = cells.check_errors(arguments, panel, level=level, cluster=None)
    _check_events(arguments, events)
    if not later and not arguments.problems:
        arguments.add("base_year", str(base), "a year with a later one in the panel", "name an earlier year")
    arguments.refuse_problems()
    units = cells.read_base_units(panel, base, request.by, dict(request.where), EMPLOYED_PERSONS)
    cells.refuse_empty("describe_survival", units, request)
    frames = []
    for year in chosen:
        states = cells.add_later(panel, units, year, EMPLOYED_PERSONS)
        states["exit"] = cells.exit_types(events, states, base, year)
        groups = states.groupby(list(request.by), sort=True) if request.by else [((), states)]
        for _, cell in groups:
            labels = cells.label_cells(cell.iloc[:1], request.by, dict(request.where)).iloc[0]
            frames += [_rows(statistic, category, value, cell, labels, year, errors.level)
                       for statistic, category, value in _values(cell)]  # fmt: skip
    rows = pd.concat(frames, ignore_index=True).assign(**{RULE_SET: panel.rules.name, SE_CONVENTION: CONVENTION})
    return ResultTable(
        frame=cells.tidy_frame(rows),
        function="describe_survival",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        simulation=panel.simulation,
    )


def _check_events(arguments: Arguments, events: object) -> None:
    if events is not None:
        arguments.instance("events", events, Extract, "give the extract that the panel was built from")


def _values(cell: pd.DataFrame) -> Iterator[tuple[str, str, FloatArray]]:
    """Yield each statistic with its category and the value of each unit, missing where it does not count."""
    present: BoolArray = cell["present"].to_numpy(dtype=bool)
    yield SURVIVAL, ALL, present.astype(float)
    for kind in sorted(set(cell["exit"][~present])):
        yield EXIT_SHARE, kind, (~present & (cell["exit"] == kind).to_numpy()).astype(float)
    before, now = (cell[name].to_numpy(dtype=float) for name in (EMPLOYED_PERSONS, EMPLOYED_PERSONS + cells.LATER))
    if np.isnan(before).all():
        return
    after = np.where(present, now, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = 2 * (after - before) / (after + before)
    yield EMPLOYMENT_GROWTH, ALL, growth
    yield GROWTH_OF_SURVIVORS, ALL, np.where(present, growth, np.nan)


def _rows(
    statistic: str, category: str, value: FloatArray, cell: pd.DataFrame, labels: pd.Series, year: int, level: float
) -> pd.DataFrame:
    """Make the rows of one statistic of a cell: both groups and their difference."""
    means = cells.group_means(value, cells.is_participant(cell), cell["cluster"].to_numpy())
    interval = stats.student_interval(means.estimate, means.std_error, means.dof, level)
    groups = [PARTICIPANTS, NON_PARTICIPANTS, DIFFERENCE]
    note = np.where(np.isnan(means.estimate), Reason.NO_GROUP.note, "")
    note = np.where(~np.isnan(means.estimate) & np.isnan(means.std_error), Reason.ONE_UNIT.note, note)
    rows = pd.DataFrame({
        INDICATOR: EMPLOYED_PERSONS if statistic in (EMPLOYMENT_GROWTH, GROWTH_OF_SURVIVORS) else SURVIVAL,
        STATISTIC: statistic, GROUP: groups, YEAR: year, ESTIMATE: means.estimate, STD_ERROR: means.std_error,
        CONF_LOW: interval.low, CONF_HIGH: interval.high,
        P_VALUE: np.where(np.array(groups) == DIFFERENCE, interval.p_value, np.nan), N_UNITS: means.n,
        UNIT_OF_MEASURE: SHARE, ERROR_DOF: means.dof, NOTE: note,
    })  # fmt: skip
    rows[list(labels.index)] = labels.to_list()
    if category != ALL:
        rows[CATEGORY] = category if labels[CATEGORY] == ALL else f"{labels[CATEGORY]} · {category}"
    return rows

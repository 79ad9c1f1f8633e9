"""Index series: each group against its own base year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from si_eval import cells, engine, stats
from si_eval.results import Panel, ResultTable
from si_eval.vocabulary import (
    BE_ID,
    CATEGORY,
    CONF_HIGH,
    CONF_LOW,
    DIFFERENCE,
    DOF,
    ESTIMATE,
    GROUP,
    INDEX,
    INDICATOR,
    N_UNITS,
    NON_PARTICIPANTS,
    NOTE,
    OF_BASE_YEAR,
    PARTICIPANTS,
    RESTS_ON,
    RULE_SET,
    SECTOR,
    SIZE_CLASS,
    STATISTIC,
    STD_ERROR,
    UNIT_OF_MEASURE,
    YEAR,
    Reason,
)

BASE_VALUE = 100.0
CANNOT_SHOW = (
    "An index of yearly means also moves when firms enter, leave or change class; it shows no cause, and the noise of "
    "the base year is in every later figure."
)


def index_series(
    panel: Panel,
    *,
    indicator: str,
    by: str | Sequence[str] = (),
    where: cells.Where | None = None,
    base_year: int,
    years: Sequence[int] | None = None,
    level: float | None = None,
) -> ResultTable:
    r"""Compute the mean of each group and cell as an index of its base year (base year = 100).

    Use it to show how the groups developed, each against its own start. Cells are those of the year itself (repeated
    cross-sections): an index also moves when firms enter, leave or change class.

    Parameters
    ----------
    panel : Panel
        Units by year, from `build_panel` or `panel_from_frame`.
    indicator : str
        An indicator of the panel (``panel.indicators``).
    by : str or sequence of str, optional
        Columns of the panel that split the units into cells. Default: no split.
    where : mapping of str to a value or a sequence of values, optional
        Columns of the panel, and the values of the units to keep. Default: all units.
    base_year : int
        Year in which each series is 100.
    years : sequence of int, optional
        Years of the series. Default: all years of the panel.
    level : float, optional
        Coverage of the confidence intervals, between 0 and 1. Default: that of the panel's rule set.

    Returns
    -------
    ResultTable
        One tidy row a cell (``size_class``, ``sector``, ``category``), ``year`` and ``group``, with ``statistic``
        ``index``. Rows of group ``difference`` are in index points. ``n_units`` is the smaller of the two years'
        counts. A number that cannot be computed is missing, with the reason in ``note``.

    Raises
    ------
    StudyError
        With every argument that is wrong: an indicator, a year, a column or a value that the panel does not have, a
        column without classes in ``by``, a ``level`` that is not between 0 and 1; and where no unit is left.

    See Also
    --------
    compare_groups : The means behind the index, and their difference in one year.

    Notes
    -----
    With the means :math:`\bar y_t, \bar y_b` of a year and of the base year, the index is
    :math:`100\,\bar y_t / \bar y_b`. By the delta method its standard error is

    .. math:: \frac{100}{\bar y_b} \sqrt{v_t - 2 r c + r^2 v_b}, \qquad r = \bar y_t / \bar y_b,

    where :math:`v` are the variances of the means and :math:`c` is their covariance, over the units that stand in the
    same cell in both years. Degrees of freedom are the smaller count less one. The base year itself has no error.

    References
    ----------
    Cochran, W. G. (1977). Sampling Techniques, third edition, section 6.3. Dialogic (2020), Evaluatie Smart Industry,
    figures 34 and 36-39.

    Examples
    --------
    >>> import pandas as pd
    >>> import si_eval as se
    >>> firms = pd.DataFrame({"firm": [1, 2, 3, 4] * 2, "year": [2014] * 4 + [2019] * 4, "joined": [1, 1, 0, 0] * 2,
    ...                       "sales": [10.0, 20.0, 30.0, 50.0, 15.0, 24.0, 33.0, 55.0]})
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="joined", revenue="sales")
    >>> series = se.index_series(panel, indicator="revenue", base_year=2014, years=[2019]).to_frame()
    >>> print(series[["group", "estimate", "std_error"]].round(2).to_string(index=False))
              group  estimate  std_error
    non_participant     110.0      27.50
        participant     130.0      38.44
         difference      20.0      47.27
    """
    series = _check(panel, indicator, by, where, base_year, years, level)
    return _index(panel, cells.summarise_requests(panel, [series.request]), series)


def series_request(
    indicator: str,
    *,
    by: str | Sequence[str] = (),
    where: cells.Where | None = None,
    base_year: int,
    years: Sequence[int] | None = None,
) -> cells.CellRequest:
    """Make the request of the cells that an index rests on: those of its years and of the base year."""
    return cells.cell_request(indicator, by=by, where=where, years=None if years is None else [base_year, *years])


def index_summaries(
    panel: Panel,
    summaries: cells.Summaries,
    *,
    indicator: str,
    by: str | Sequence[str] = (),
    where: cells.Where | None = None,
    base_year: int,
    years: Sequence[int] | None = None,
    level: float | None = None,
) -> ResultTable:
    """Compute an index as `index_series` does, from cells that were summarised before."""
    return _index(panel, summaries, _check(panel, indicator, by, where, base_year, years, level))


@dataclass(frozen=True)
class _Series:
    """What was asked for: the cells, with those of the base year, and the years to show."""

    request: cells.CellRequest
    base_year: int
    years: tuple[int, ...]
    level: float


def _check(
    panel: Panel, indicator: object, by: object, where: object, base_year: object, years: object, level: float | None
) -> _Series:
    """Return the series that a call asks for; raise `ArgumentError` with everything that is wrong with it."""
    arguments = cells.check_panel("index_series", panel)
    base = arguments.year("base_year", base_year, panel.per_year)
    request = cells.check_request(arguments, panel, indicator=indicator, by=by, where=where, years=years, several=False)
    level = panel.rules.level if level is None else arguments.level("level", level)
    arguments.refuse_problems()
    if request.years is None:
        return _Series(request, base, tuple(sorted(panel.per_year)), level)
    with_base = tuple(sorted({base, *request.years}))
    return _Series(replace(request, years=with_base), base, request.years, level)


def _index(panel: Panel, summaries: cells.Summaries, asked: _Series) -> ResultTable:
    """Make the table of a series whose cells were summarised."""
    request, base_year, level = asked.request, asked.base_year, asked.level
    summary = summaries[request].to_frame()
    cells.refuse_empty("index_series", summary, request)
    summary = cells.fill_empty_groups(summary, request, panel)
    cell = [INDICATOR, GROUP, *request.by]
    base = summary[summary[YEAR] == base_year].drop(columns=YEAR)
    series = summary.merge(base, on=cell, suffixes=("", OF_BASE_YEAR), how="left")
    series = series.merge(_covariances(panel, request, base_year, series), on=[*cell, YEAR], how="left")
    series = series[series[YEAR].isin(asked.years)].reset_index(drop=True)
    units = cells.unit_sets(panel, series, request.by, dict(request.where))
    rows = _index_rows(series, cells.label_cells(series, request.by, dict(request.where)), units, base_year, level)
    rows = pd.concat([rows, _difference_rows(rows, level)], ignore_index=True)
    rows = rows.assign(**{STATISTIC: INDEX, UNIT_OF_MEASURE: f"{base_year} = 100", RULE_SET: panel.rules.name})
    return ResultTable(
        frame=cells.tidy_frame(rows.drop(columns=[DOF, cells.CELL])),
        function="index_series",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        coverage=summaries[request].coverage,
        simulation=panel.simulation,
        sources=cells.sources_of(panel),
    )


def _covariances(panel: Panel, request: cells.CellRequest, base_year: int, series: pd.DataFrame) -> pd.DataFrame:
    """Compute, by cell and year, the covariance of its mean with that of the base year, ``covariance``.

    It comes from the units that stand in the same cell in both years. Their standardised values are multiplied and
    added up as decimals: the sum does not depend on the level of the values, nor on the order of the units.
    """
    (indicator,), keys = request.indicators, [GROUP, YEAR, *request.by]
    known = series[(series["sd"] > 0) & (series[f"sd{OF_BASE_YEAR}"] > 0)]
    if known.empty:
        return series[[INDICATOR, *keys]].assign(covariance=0.0)
    table = cells.select_units(panel, by=request.by, where=dict(request.where), years=request.years)
    table = table.mutate(value=cells.indicator_values(table, panel.indicators[indicator]))
    table = table.filter(table["value"].notnull()).select(BE_ID, *keys, "value")
    moments = engine.from_frame(table.get_backend(), _of_cells(known, keys))
    base = table.filter(table[YEAR] == base_year).drop(YEAR).rename(base_value="value")
    joined = table.inner_join(base, [BE_ID, GROUP, *request.by]).inner_join(moments, keys)
    now, then = (
        (joined["value"] - joined.mean_now) / joined.sd_now,
        (joined.base_value - joined.mean_base) / joined.sd_base,
    )
    joined = joined.mutate(product=(now * then).cast("decimal(38, 15)"))
    sums = engine.fetch(joined.group_by(keys).aggregate(correlation=joined["product"].sum()))
    sums = sums.astype({YEAR: "int64", "correlation": "float64"}).merge(known, on=keys)
    size = sums["sd"] / sums["n"] * (sums[f"sd{OF_BASE_YEAR}"] / sums[f"n{OF_BASE_YEAR}"])
    return sums[[INDICATOR, *keys]].assign(covariance=sums["correlation"] * size)


def _of_cells(series: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """List mean and standard deviation of each cell, in its year and in the base year."""
    names = {
        "mean": "mean_now", "sd": "sd_now", f"mean{OF_BASE_YEAR}": "mean_base", f"sd{OF_BASE_YEAR}": "sd_base",
    }  # fmt: skip
    return series[[*keys, *names]].rename(columns=names)


def _index_rows(
    series: pd.DataFrame, keys: pd.DataFrame, units: pd.Series, base_year: int, level: float
) -> pd.DataFrame:
    """Compute index, standard error and interval of each cell and year."""
    columns = [f"{name}{year}" for name in ("mean", "sd", "n") for year in ("", OF_BASE_YEAR)]
    now, base, sd_now, sd_base, n_now, n_base = (series[column].to_numpy() for column in columns)
    covariance = series["covariance"].fillna(0).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        std_error = BASE_VALUE * stats.ratio_std_error(
            now, sd_now / np.sqrt(n_now), base, sd_base / np.sqrt(n_base), covariance
        )
        error_of_base = sd_base / np.sqrt(n_base)
        signed = (series[f"smallest{OF_BASE_YEAR}"] < 0).to_numpy()
        near_zero = stats.is_near_zero(base, error_of_base, n_base - 1, level, signed)
        index = np.where((base > 0) & ~near_zero, BASE_VALUE * (now / base), np.nan)
    is_base = (series[YEAR] == base_year).to_numpy()
    std_error = np.where(np.isnan(index), np.nan, np.where(is_base, 0.0, std_error))
    fewest = np.fmin(n_now, np.nan_to_num(n_base))
    interval = stats.student_interval(index, std_error, fewest - 1, level)
    in_both_years = [cells.cells_of(one, series[INDICATOR]) for one in (units, cells.in_year(units, base_year))]
    rows = pd.concat([series[[INDICATOR, GROUP, YEAR]], keys], axis=1).assign(
        **{
            cells.CELL: cells.of_both_groups(units),
            RESTS_ON: cells.join_cells(*in_both_years),
            ESTIMATE: index,
            STD_ERROR: std_error,
            CONF_LOW: interval.low,
            CONF_HIGH: interval.high,
            N_UNITS: fewest,
            NOTE: "",
            DOF: fewest - 1,
            **cells.disclosure_columns(series),
            **{f"{name}{OF_BASE_YEAR}": series[f"{name}{OF_BASE_YEAR}"] for name in cells.disclosure_columns(series)},
        }
    )
    rows.loc[rows[STD_ERROR].isna(), NOTE] = Reason.ONE_UNIT.note
    rows.loc[rows[ESTIMATE].isna(), NOTE] = "the base year has no value in this cell, or its mean is zero"
    rows.loc[np.isfinite(now) & (base < 0), NOTE] = Reason.BASE_NEGATIVE.note
    rows.loc[np.isfinite(now) & (base != 0) & near_zero, NOTE] = Reason.BASE_NEAR_ZERO.note
    return rows


def _difference_rows(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    """Subtract the index of the non-participants from that of the participants, in index points."""
    cell = [INDICATOR, YEAR, SIZE_CLASS, SECTOR, CATEGORY, cells.CELL]
    participants, others = (rows[rows[GROUP] == group] for group in (PARTICIPANTS, NON_PARTICIPANTS))
    both = participants.merge(others, on=cell, suffixes=("_a", "_b"))
    std_error = np.sqrt(both[f"{STD_ERROR}_a"].to_numpy() ** 2 + both[f"{STD_ERROR}_b"].to_numpy() ** 2)
    fewest = both[[f"{N_UNITS}_a", f"{N_UNITS}_b"]].min(axis=1).to_numpy()
    estimate = stats.subtract(both[f"{ESTIMATE}_a"].to_numpy(), both[f"{ESTIMATE}_b"].to_numpy())
    interval = stats.student_interval(estimate, std_error, fewest - 1, level)
    difference = both[cell].assign(
        **{
            GROUP: DIFFERENCE,
            ESTIMATE: estimate,
            STD_ERROR: std_error,
            CONF_LOW: interval.low,
            CONF_HIGH: interval.high,
            N_UNITS: fewest,
            NOTE: "",
            DOF: fewest - 1,
            RESTS_ON: cells.join_cells(both[f"{RESTS_ON}_a"], both[f"{RESTS_ON}_b"]),
        }
    )
    difference.loc[difference[STD_ERROR].isna(), NOTE] = Reason.ONE_UNIT.note
    difference.loc[difference[ESTIMATE].isna(), NOTE] = "one of the groups has no index"
    return difference

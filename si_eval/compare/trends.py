"""Index series: each group against its own base year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from si_eval import cells, stats
from si_eval.compare.contrasts import name_conventions, summary_dof
from si_eval.results import Panel, ResultTable
from si_eval.stats import FloatArray, IntArray
from si_eval.vocabulary import (
    CATEGORY,
    CONF_HIGH,
    CONF_LOW,
    DIFFERENCE,
    ERROR_DOF,
    ESTIMATE,
    GROUP,
    INDEX,
    INDICATOR,
    N_EFFECTIVE,
    N_UNITS,
    NON_PARTICIPANTS,
    NOTE,
    OF_BASE_YEAR,
    PARTICIPANTS,
    RESTS_ON,
    RULE_SET,
    SE_CONVENTION,
    SECTOR,
    SIZE_CLASS,
    STATISTIC,
    STD_ERROR,
    UNIT_OF_MEASURE,
    YEAR,
    Reason,
)

BASE_VALUE = 100.0
WEIGHTS = tuple(f"_weight_{at}" for at in range(len(cells.MEANS)))  # of the means in an index
PLACE = "_place"
AT_BASE = ("_mean", "_sd")
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
    cluster: str | None = None,
    against: str | Sequence[str] | None = None,
    composition: str = "cross_section",
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
    cluster : {"auto", "unit", "group"}, optional
        What varies independently: enterprise groups wherever the panel knows them, each unit, or enterprise groups of a
        panel that must know them. Default: that of the panel's rule set (``"auto"``).
    against : str or sequence of str, optional
        The groups that participants are compared with, one after the other, each named in ``category``: ``all`` others,
        ``same_division_and_size`` (others of a division and size class that has a participant that year), ``donut``
        (others that have no participant in their municipality and division), or columns of the panel with yes and no,
        such as rejected applicants or users of another scheme. Others in an enterprise group with a participant are in
        none of them, and counted (indicator ``left_out``). Default: all others, these included.
    composition : {"cross_section", "balanced", "continuers"}, default "cross_section"
        Whose values count: those of all units of each year, of the units with a value in every year of the series, or,
        year by year, of the units with a value in it and in the base year.

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

    .. math:: \frac{100}{\bar y_b} \sqrt{\sum_g (u_{gt} - r u_{gb})^2}, \qquad r = \bar y_t / \bar y_b,

    where :math:`u` are the scores of the clusters in both years, as in `compare_groups` (CR2). A unit stays in its
    cluster of the base year. The degrees of freedom are Satterthwaite's. The base year itself has no error.

    References
    ----------
    Bell, R. M. and McCaffrey, D. F. (2002). Survey Methodology 28, 169-181. Cochran, W. G. (1977). Sampling Techniques,
    third edition, section 6.3. Dialogic (2020), Evaluatie Smart Industry, figures 34 and 36-39.

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
    non_participant     110.0       0.00
        participant     130.0      13.33
         difference      20.0      13.33
    """
    if against is not None:
        again = partial(index_series, indicator=indicator, by=by, base_year=base_year, years=years, level=level,
                        cluster=cluster, composition=composition)  # fmt: skip
        return cells.compare_against("index_series", panel, against, where, years, again)
    if composition != "cross_section":
        again = partial(index_series, indicator=indicator, by=by, base_year=base_year, level=level, cluster=cluster)
        return cells.compare_composition("index_series", panel, composition, indicator, where, base_year, years, again)
    series = _check(panel, indicator, by, where, base_year, years, level, cluster)
    return _index(panel, cells.summarise_requests(panel, [series.request]), series)


def series_request(
    panel: Panel,
    indicator: str,
    *,
    by: str | Sequence[str] = (),
    where: cells.Where | None = None,
    base_year: int,
    years: Sequence[int] | None = None,
    level: float | None = None,
    cluster: str | None = None,
    against: str | Sequence[str] | None = None,
    composition: str = "cross_section",
) -> cells.CellRequest:
    """Make the request of the cells of an index, its base year included; with other groups it makes its own later."""
    return _check(panel, indicator, by, where, base_year, years, level, cluster).request


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
    cluster: str | None = None,
    against: str | Sequence[str] | None = None,
    composition: str = "cross_section",
) -> ResultTable:
    """Compute an index as `index_series` does, from cells that were summarised before."""
    if against is not None or composition != "cross_section":
        return index_series(panel, indicator=indicator, by=by, where=where, base_year=base_year, years=years,
                            level=level, cluster=cluster, against=against, composition=composition)  # fmt: skip
    return _index(panel, summaries, _check(panel, indicator, by, where, base_year, years, level, cluster))


@dataclass(frozen=True)
class _Series:
    """What was asked for: the cells, with those of the base year, and the years to show."""

    request: cells.CellRequest
    base_year: int
    years: tuple[int, ...]
    errors: cells.Errors


def _check(
    panel: Panel,
    indicator: object,
    by: object,
    where: object,
    base_year: object,
    years: object,
    level: object,
    cluster: object,
) -> _Series:
    """Return the series that a call asks for; raise `ArgumentError` with everything that is wrong with it."""
    arguments = cells.check_panel("index_series", panel)
    base = arguments.year("base_year", base_year, panel.per_year)
    request = cells.check_request(arguments, panel, indicator=indicator, by=by, where=where, years=years, several=False)
    errors = cells.check_errors(arguments, panel, level=level, cluster=cluster)
    arguments.refuse_problems()
    request = replace(request, errors=errors)
    if request.years is None:
        return _Series(request, base, tuple(sorted(panel.per_year)), errors)
    with_base = tuple(sorted({base, *request.years}))
    return _Series(replace(request, years=with_base), base, request.years, errors)


def _index(panel: Panel, summaries: cells.Summaries, asked: _Series) -> ResultTable:
    """Make the table of a series whose cells were summarised."""
    request, base_year = asked.request, asked.base_year
    summary = summaries[request].to_frame()
    cells.refuse_empty("index_series", summary, request)
    summary = cells.fill_empty_groups(summary, request, panel)
    cell = [INDICATOR, GROUP, *request.by]
    base = summary[summary[YEAR] == base_year].drop(columns=YEAR)
    series = summary.merge(base, on=cell, suffixes=("", OF_BASE_YEAR), how="left")
    series = series[series[YEAR].isin(asked.years)].reset_index(drop=True)
    pairs = cells.pair_years(panel, request, base_year, asked.years, units=summary["n"].sum())
    inference = _Inference.of(series, pairs, list(request.by))
    units = cells.unit_sets(panel, series, request.by, dict(request.where))
    keys = cells.label_cells(series, request.by, dict(request.where))
    rows = _index_rows(series, keys, units, inference, asked)
    rows = pd.concat([rows, _difference_rows(rows, inference, asked.errors.level)], ignore_index=True)
    rows = cells.of_weighted(panel, rows.assign(**{STATISTIC: INDEX}))
    columns: cells.Columns = {
        UNIT_OF_MEASURE: f"{base_year} = 100",
        RULE_SET: panel.rules.name,
        SE_CONVENTION: name_conventions(rows, panel, asked.errors),
    }
    return ResultTable(
        frame=cells.tidy_frame(rows.assign(**columns).drop(columns=[*WEIGHTS, PLACE, *AT_BASE, cells.CELL])),
        function="index_series",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        coverage=summaries[request].coverage,
        simulation=panel.simulation,
        prices=panel.prices_of(request.indicators),
        sources=cells.sources_of(panel),
    )


@dataclass(frozen=True)
class _Inference:
    """Of each row of a series, for the `cells.MEANS`: units, effective ones, clusters, covariances, dof terms."""

    n: FloatArray
    effective: FloatArray
    clusters: FloatArray
    covariance: FloatArray
    dof_terms: FloatArray

    @classmethod
    def of(cls, series: pd.DataFrame, pairs: Mapping[int, cells.YearPair], by: list[str]) -> _Inference:
        """Find the cell of each row among those that were paired."""
        many = len(cells.MEANS)
        shapes = ((many,), (many,), (many,), (many, many), (many, many))
        n, effective, clusters, covariance, terms = (np.zeros((len(series), *shape)) for shape in shapes)
        for year, pair in pairs.items():
            rows = np.flatnonzero(series[YEAR] == year)
            labels = pair.cells.assign(**{PLACE: np.arange(len(pair.cells))})
            found = series.iloc[rows][by].merge(labels, on=by, how="left") if by else labels.reindex([0] * len(rows))
            known = found[PLACE].notna().to_numpy()
            place = found[PLACE].to_numpy()[known].astype(int)
            n[rows[known]], clusters[rows[known]] = pair.n[place], pair.clusters[place]
            effective[rows[known]] = pair.effective[place]
            covariance[rows[known]], terms[rows[known]] = pair.covariance[place], pair.dof_terms[place]
        return cls(n, effective, clusters, covariance, terms)

    def error(self, rows: IntArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Compute standard errors and degrees of freedom of weighted sums of the means, for some rows."""
        return cells.contrast_error(weights, self.effective[rows], self.covariance[rows], self.dof_terms[rows])


def _index_rows(
    series: pd.DataFrame, keys: pd.DataFrame, units: pd.Series, inference: _Inference, asked: _Series
) -> pd.DataFrame:
    """Compute index, standard error and interval of each cell and year."""
    level = asked.errors.level
    now, base = (series[column].to_numpy(dtype=float) for column in ("mean", f"mean{OF_BASE_YEAR}"))
    at = np.arange(len(series))
    side = np.array([cells.MEANS.index((group, False)) for group in series[GROUP]], dtype=np.int64)
    two = np.stack([side, side + 1], axis=1)  # of the year, and of the base year
    counts, clusters = inference.n[at[:, None], two], inference.clusters[at[:, None], two]
    signed = (series[f"smallest{OF_BASE_YEAR}"] < 0).to_numpy()
    of_base = series.rename(columns=lambda name: name.removesuffix(OF_BASE_YEAR) if name.endswith(OF_BASE_YEAR) else "")
    base_error, base_dof = of_base["mean_std_error"].to_numpy(dtype=float), summary_dof(of_base)
    near_zero = stats.is_near_zero(base, base_error, base_dof, level, signed)
    with np.errstate(divide="ignore", invalid="ignore"):
        index = np.where((base > 0) & ~near_zero, BASE_VALUE * (now / base), np.nan)
        weights = np.zeros((len(series), len(cells.MEANS)))
        weights[at, side], weights[at, side + 1] = BASE_VALUE / base, -index / base
    std_error, dof = inference.error(at, weights)
    is_base = (series[YEAR] == asked.base_year).to_numpy()
    enough = clusters.min(axis=1, initial=np.inf) >= 2
    std_error = np.where(np.isnan(index), np.nan, np.where(is_base, 0.0, np.where(enough, std_error, np.nan)))
    interval = stats.student_interval(index, std_error, dof, level)
    evidence = cells.disclosure_columns(series)
    columns: cells.Columns = {
        ESTIMATE: index,
        STD_ERROR: std_error,
        CONF_LOW: interval.low,
        CONF_HIGH: interval.high,
        N_UNITS: np.fmin(series["n"].to_numpy(), np.nan_to_num(series[f"n{OF_BASE_YEAR}"].to_numpy())),
        N_EFFECTIVE: np.fmin(*(series[f"effective_units{of}"].to_numpy(dtype=float) for of in ("", OF_BASE_YEAR))),
        NOTE: "",
        ERROR_DOF: dof,
        PLACE: at.astype(float),
        **{name: series[f"{name.removeprefix('_')}{OF_BASE_YEAR}"] for name in AT_BASE},
        **dict(zip(WEIGHTS, weights.T, strict=True)),
        **evidence,
        **{f"{name}{OF_BASE_YEAR}": series[f"{name}{OF_BASE_YEAR}"] for name in evidence},
    }
    in_both_years = [cells.cells_of(one, series[INDICATOR]) for one in (units, cells.in_year(units, asked.base_year))]
    columns |= {cells.CELL: cells.of_both_groups(units), RESTS_ON: cells.join_cells(*in_both_years)}
    rows = pd.concat([series[[INDICATOR, GROUP, YEAR]], keys], axis=1).assign(**columns)
    one_unit = counts.min(axis=1, initial=np.inf) < 2
    rows.loc[rows[STD_ERROR].isna(), NOTE] = np.where(one_unit, Reason.ONE_UNIT.note, Reason.ONE_CLUSTER.note)[
        rows[STD_ERROR].isna()
    ]
    rows.loc[rows[ESTIMATE].isna(), NOTE] = "the base year has no value in this cell, or its mean is zero"
    rows.loc[base < 0, NOTE] = Reason.BASE_NEGATIVE.note
    rows.loc[(base != 0) & near_zero, NOTE] = Reason.BASE_NEAR_ZERO.note
    rows.loc[np.isnan(now), NOTE] = "no unit has a value"
    return rows


def _difference_rows(rows: pd.DataFrame, inference: _Inference, level: float) -> pd.DataFrame:
    """Subtract the index of the non-participants from that of the participants, in index points."""
    cell = [INDICATOR, YEAR, SIZE_CLASS, SECTOR, CATEGORY, cells.CELL]
    participants, others = (rows[rows[GROUP] == group] for group in (PARTICIPANTS, NON_PARTICIPANTS))
    both = participants.merge(others, on=cell, suffixes=("_a", "_b"))
    weights = both[[f"{name}_a" for name in WEIGHTS]].to_numpy() - both[[f"{name}_b" for name in WEIGHTS]].to_numpy()
    std_error, dof = inference.error(both[f"{PLACE}_a"].to_numpy(dtype=np.int64), weights)
    parts = both[[f"{STD_ERROR}_a", f"{STD_ERROR}_b"]].to_numpy()
    std_error = np.where(np.isnan(parts).any(axis=1), np.nan, np.where((parts == 0).all(axis=1), 0.0, std_error))
    estimate = stats.subtract(both[f"{ESTIMATE}_a"].to_numpy(), both[f"{ESTIMATE}_b"].to_numpy())
    interval = stats.student_interval(estimate, std_error, dof, level)
    columns: cells.Columns = {
        GROUP: DIFFERENCE,
        ESTIMATE: estimate,
        STD_ERROR: std_error,
        CONF_LOW: interval.low,
        CONF_HIGH: interval.high,
        **{name: both[[f"{name}_a", f"{name}_b"]].min(axis=1).to_numpy() for name in (N_UNITS, N_EFFECTIVE)},
        NOTE: "",
        ERROR_DOF: dof,
        RESTS_ON: cells.join_cells(both[f"{RESTS_ON}_a"], both[f"{RESTS_ON}_b"]),
    }
    difference = both[cell].assign(**columns)
    lacks = difference[STD_ERROR].isna().to_numpy()
    told = np.where(both[f"{NOTE}_a"].to_numpy() != "", both[f"{NOTE}_a"].to_numpy(), both[f"{NOTE}_b"].to_numpy())
    difference.loc[lacks, NOTE] = told[lacks]
    sides = [both[name + side].to_numpy(dtype=float) for side in ("_a", "_b") for name in AT_BASE]
    later = (std_error > 0) & (np.abs(stats.standardised_mean_difference(*sides)) > stats.FAR_APART)
    difference.loc[later, NOTE] = Reason.UNLIKE_BEFORE.note
    difference.loc[difference[ESTIMATE].isna(), NOTE] = "one of the groups has no index"
    return difference

"""Influence: how much of each mean its largest units are, and what is left without them. It stays inside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from si_eval import cells
from si_eval.results import Panel
from si_eval.stats import FloatArray, IntArray
from si_eval.vocabulary import GROUP, INDICATOR, NON_PARTICIPANTS, PARTICIPANTS, YEAR

MEASURES = ("n_units", "mean", "share_of_largest", "share_of_two_largest", "share_of_largest_holding", "mean_without")


def describe_influence(
    panel: Panel,
    *,
    indicator: str,
    by: str | Sequence[str] = (),
    where: cells.Where | None = None,
    years: Sequence[int] | None = None,
) -> pd.DataFrame:
    r"""Describe how much of the mean of each group and cell its largest units are, and the mean without the largest.

    Use it inside, before a comparison is believed: where one firm decides a mean, no interval says so. It leaves nobody
    out, and looks at both groups alike. The shares are what disclosure protects: the frame is no table of results, and
    never leaves.

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
    years : sequence of int, optional
        Years to describe. Default: all years of the panel.

    Returns
    -------
    DataFrame
        One row a year, cell and group: ``n_units``, the ``mean`` (weighted, where the rule set weighs the indicator),
        the shares of the sum of absolute values that the largest unit, the two largest and the largest holding have,
        ``mean_without`` the largest unit, and ``sign_changes``: whether the difference between the groups changes its
        sign when the largest unit of either group is left out.

    Raises
    ------
    StudyError
        With every argument that is wrong.

    See Also
    --------
    compare_groups : The means, with medians and winsorised means beside them.

    Notes
    -----
    With contributions :math:`c_i = w_i |y_i|` the share of the largest is :math:`\max c_i / \sum c_i`; with the largest
    at :math:`m`, the mean without it is :math:`\sum_{i \neq m} w_i y_i / \sum_{i \neq m} w_i`. Weights are 1 where the
    rule set weighs nothing.

    References
    ----------
    Cook, R. D. (1977). Detection of influential observation in linear regression. Technometrics 19, 15-18 (leaving one
    out).

    Examples
    --------
    >>> import pandas as pd
    >>> import si_eval as se
    >>> firms = pd.DataFrame({"firm": [1, 2, 3, 4, 5, 6], "year": 2019, "joined": [1, 1, 1, 0, 0, 0],
    ...                       "sales": [5.0, 5.0, 50.0, 10.0, 11.0, 15.0]})
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="joined", revenue="sales")
    >>> found = se.describe_influence(panel, indicator="revenue")
    >>> shown = found[["group", "mean", "share_of_largest", "mean_without", "sign_changes"]]
    >>> print(shown.round(2).to_string(index=False))
              group  mean  share_of_largest  mean_without  sign_changes
    non_participant  12.0              0.42          10.5          True
        participant  20.0              0.83           5.0          True
    """
    arguments = cells.check_panel("describe_influence", panel)
    request = cells.check_request(arguments, panel, indicator=indicator, by=by, where=where, years=years, several=False)
    arguments.refuse_problems()
    wanted = list(panel.per_year) if request.years is None else list(request.years)
    read = cells.read_years(panel, request, wanted)
    rows = [_of_year(units, year, list(request.by)) for year, units in read.items()]
    found = pd.concat(rows, ignore_index=True)
    found.insert(0, INDICATOR, indicator)
    found = found.sort_values([YEAR, *request.by, GROUP], ignore_index=True)
    return found.assign(sign_changes=_sign_changes(found, [YEAR, *request.by]))


def _of_year(units: cells.YearUnits, year: int, by: list[str]) -> pd.DataFrame:
    """Measure every cell of a year that has units."""
    present, place = np.unique(units.cell, return_inverse=True)
    weight = np.ones(len(units.value)) if units.weight is None else units.weight
    measured = [
        _measure(units.value[place == at], weight[place == at], units.group[place == at]) for at in range(len(present))
    ]
    labels: pd.DataFrame = units.labels.iloc[present].reset_index(drop=True)
    return pd.concat([labels[[YEAR, *by, GROUP]], pd.DataFrame(measured, columns=list(MEASURES))], axis=1)


def _measure(values: FloatArray, weight: FloatArray, group: IntArray) -> tuple[float, ...]:
    """Compute `MEASURES` of the units of one cell; ``group`` is below 0 for a unit that is a holding of its own."""
    order = np.lexsort((values, weight * np.abs(values)))
    values, weight, group = values[order], weight[order], group[order]
    contributions = weight * np.abs(values)
    total = contributions.sum()
    _, number = np.unique(np.where(group < 0, -1 - np.arange(len(group)), group), return_inverse=True)
    holding = np.bincount(number, contributions).max()
    rest = slice(0, -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.array([contributions[-1], contributions[-2:].sum(), holding]) / total
    without = np.average(values[rest], weights=weight[rest]) if len(values) > 1 else np.nan
    return (len(values), float(np.average(values, weights=weight)), *map(float, shares), float(without))


def _sign_changes(found: pd.DataFrame, cell: list[str]) -> pd.Series:
    """Whether the groups of a cell differ in the other direction without the largest unit of one of them."""
    sides = [found[found[GROUP] == name].set_index(cell) for name in (PARTICIPANTS, NON_PARTICIPANTS)]
    ours, theirs = (side[["mean", "mean_without"]].astype(float) for side in sides)
    difference = ours["mean"] - theirs["mean"]
    without = (ours["mean_without"] - theirs["mean"], ours["mean"] - theirs["mean_without"])
    changes = (difference * without[0] < 0) | (difference * without[1] < 0)
    places = pd.MultiIndex.from_frame(found[cell]) if len(cell) > 1 else pd.Index(found[cell[0]])
    return pd.Series(changes.reindex(places).fillna(False).to_numpy(dtype=bool), index=found.index)

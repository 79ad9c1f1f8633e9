"""Composition: how much of the change of a mean is of firms that stayed, changed class, came and went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from si_eval import cells
from si_eval.results import Panel, ResultTable
from si_eval.vocabulary import (
    CHANGE,
    ENTRY,
    ESTIMATE,
    EXIT,
    GROUP,
    INDICATOR,
    N_UNITS,
    NOTE,
    RESTS_ON,
    RULE_SET,
    STATISTIC,
    SWITCHING,
    UNIT_OF_MEASURE,
    WITHIN,
    YEAR,
    Reason,
)

CANNOT_SHOW = (
    "Parts of a change are an account of who is in the mean. They show no cause: firms that stay, switch, come and go "
    "differ from each other in more than that."
)


def decompose_change(
    panel: Panel,
    *,
    indicator: str | Sequence[str],
    by: str | Sequence[str] = (),
    where: cells.Where | None = None,
    base_year: int,
    year: int,
) -> ResultTable:
    r"""Split the change of a mean between two years into firms that stayed, switched, came and went.

    Use it where an index moves: part of its movement may be that other firms are in the mean. A part leaves where at
    least as many firms as the rules ask for came, went or switched.

    Parameters
    ----------
    panel : Panel
        Units by year, from `build_panel` or `panel_from_frame`.
    indicator : str or sequence of str
        Indicators of the panel (``panel.indicators``).
    by : str or sequence of str, optional
        Columns of the panel that split the units into cells. Default: no split, so that nobody switches.
    where : mapping of str to a value or a sequence of values, optional
        Columns of the panel, and the values of the units to keep. Default: all units.
    base_year, year : int
        The years between which the mean changes.

    Returns
    -------
    ResultTable
        One tidy row an ``indicator``, cell, ``group`` and ``statistic``: the ``change`` of the mean, and its parts
        ``change_within``, ``change_switching``, ``change_entry`` and ``change_exit``, which add up to it. ``n_units``
        is the number of units behind a part (of the change: the smaller of the two years). Without a unit that stays
        there are no parts, with the reason in ``note``.

    Raises
    ------
    StudyError
        With every argument that is wrong, and where no unit is left.

    See Also
    --------
    index_series : The change as an index.

    Notes
    -----
    A unit stays that has a value in the cell in both years, and switches that has one in another cell in the other
    year; it enters or exits that has none in the other year. With means :math:`\bar y` and numbers :math:`n` of units
    in the year (t) and in the base year (b), the parts of those who stay (s), came by switching or entry (k) and went
    (l) are

    .. math::
        \bar y_{st} - \bar y_{sb}, \qquad \frac{n_k}{n_t} (\bar y_{kt} - \bar y_{st}), \qquad
        \frac{n_l}{n_b} (\bar y_{sb} - \bar y_{lb}).

    References
    ----------
    Melitz, M. J. and Polanec, S. (2015). Dynamic Olley-Pakes productivity decomposition with entry and exit. RAND
    Journal of Economics 46, 362-375, equation 5, with equal weights.

    Examples
    --------
    >>> import pandas as pd
    >>> import si_eval as se
    >>> firms = pd.DataFrame({"firm": [1, 2, 3, 1, 2, 4], "year": [2014] * 3 + [2019] * 3, "joined": 0,
    ...                       "sales": [10.0, 20.0, 30.0, 12.0, 26.0, 7.0]})
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="joined", revenue="sales")
    >>> table = se.decompose_change(panel, indicator="revenue", base_year=2014, year=2019).to_frame()
    >>> print(table[["statistic", "estimate", "n_units"]].to_string(index=False))
           statistic  estimate  n_units
              change      -5.0        3
       change_within       4.0        2
    change_switching       0.0        0
        change_entry      -4.0        1
         change_exit      -5.0        1
    """
    arguments = cells.check_panel("decompose_change", panel)
    first, last = cells.check_two_years(arguments, panel, base_year, year)
    request = cells.check_request(arguments, panel, indicator=indicator, by=by, where=where)
    cells.check_unweighted(arguments, panel, request.indicators)
    arguments.refuse_problems()
    asked = [replace(request, indicators=(name,), years=tuple(sorted((first, last)))) for name in request.indicators]
    flows = [(one.indicators[0], cells.count_flows(panel, one, first, last)) for one in asked]
    for _, found in flows:
        cells.refuse_empty("decompose_change", found.cells, asked[0])
    rows = pd.concat([_rows(panel, name, found, request, (first, last)) for name, found in flows], ignore_index=True)
    units = {name: entry.unit for name, entry in panel.indicators.items()}
    columns: cells.Columns = {
        YEAR: pd.Series(last, index=rows.index), UNIT_OF_MEASURE: rows[INDICATOR].map(units),
        RULE_SET: panel.rules.name,
    }  # fmt: skip
    return ResultTable(
        frame=cells.tidy_frame(rows.assign(**columns)),
        function="decompose_change",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        simulation=panel.simulation,
        sources=cells.sources_of(panel),
        prices=panel.prices_of(request.indicators),
    )


def _rows(
    panel: Panel, indicator: str, flows: cells.Flows, request: cells.CellRequest, years: tuple[int, int]
) -> pd.DataFrame:
    """Make the rows of one indicator: those of the change first, then those of each part."""
    n, total = flows.n, flows.total
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, all_units = total / n, n.sum(axis=2)
        overall = total.sum(axis=2) / all_units
        stay = mean[:, :, cells.STAY]
        came = np.nan_to_num(n[:, 0] / all_units[:, 0, None] * (mean[:, 0] - stay[:, 0, None]))
        went = np.nan_to_num(n[:, 1] / all_units[:, 1, None] * (stay[:, 1, None] - mean[:, 1]))
    numbers = {
        CHANGE: (overall[:, 0] - overall[:, 1], all_units.min(axis=1)),
        WITHIN: (stay[:, 0] - stay[:, 1], n[:, 0, cells.STAY]),
        SWITCHING: ((came + went)[:, cells.SWITCH], n[:, :, cells.SWITCH].sum(axis=1)),
        ENTRY: (came[:, cells.COME], n[:, 0, cells.COME]),
        EXIT: (went[:, cells.COME], n[:, 1, cells.COME]),
    }
    rests_on = _rests_on(panel, indicator, flows, request, years)
    alone = n[:, 0, cells.STAY] == 0
    labels = cells.label_cells(flows.cells, request.by, dict(request.where))
    frames = []
    for statistic, (estimate, units) in numbers.items():
        shown = estimate if statistic == CHANGE else np.where(alone, np.nan, estimate)
        columns: cells.Columns = {
            INDICATOR: indicator, GROUP: flows.cells[GROUP], STATISTIC: statistic, ESTIMATE: shown,
            N_UNITS: units, NOTE: np.where(np.isnan(shown), Reason.NOBODY_STAYS.note, ""),
            RESTS_ON: rests_on[statistic],
        }  # fmt: skip
        frames.append(labels.assign(**columns))
    return pd.concat(frames, ignore_index=True)


def _rests_on(
    panel: Panel, indicator: str, flows: cells.Flows, request: cells.CellRequest, years: tuple[int, int]
) -> dict[str, pd.Series]:
    """Return what the rows of each part rest on: in each year those in the cell, those of them in both, who stay."""
    base_year, year = years
    by, where = list(request.by), dict(request.where)
    rows = flows.cells.assign(**{YEAR: year})
    here, anywhere = ({at: cells.unit_sets(panel, one.assign(**{YEAR: at}), by, where) for at in years}
                      for one in (rows, rows[[YEAR]]))  # fmt: skip
    all_of, both, stay = {}, {}, {}
    for at, other in ((year, base_year), (base_year, year)):
        sets = (
            here[at],
            cells.also_in(here[at], anywhere[other], indicator),
            cells.also_in(here[at], here[other], indicator),
        )
        all_of[at], both[at], stay[at] = (cells.cells_of(one, indicator) for one in sets)
    return {
        CHANGE: cells.join_cells(all_of[year], all_of[base_year]),
        WITHIN: cells.join_cells(stay[year], stay[base_year]),
        SWITCHING: cells.join_cells(*(one[at] for one in (all_of, both, stay) for at in (year, base_year))),
        ENTRY: cells.join_cells(all_of[year], both[year], stay[year]),
        EXIT: cells.join_cells(all_of[base_year], both[base_year], stay[base_year]),
    }

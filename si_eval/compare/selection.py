"""Selection: whether participants differed from the others before the programme could have changed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from si_eval import cells, stats
from si_eval.compare.contrasts import TwoGroups, convention_of
from si_eval.results import Panel, ResultTable
from si_eval.vocabulary import (
    DIFFERENCE,
    EQUIVALENCE,
    ERROR_DOF,
    ESTIMATE,
    GROUP,
    INDICATOR,
    MEAN,
    N_UNITS,
    NOTE,
    P_VALUE,
    RESTS_ON,
    RULE_SET,
    SE_CONVENTION,
    SIZE_CLASS_4,
    SMD,
    STATISTIC,
    UNIT_OF_MEASURE,
    YEAR,
    Reason,
)

EQUIVALENCE_BOUND = 0.25  # in standard deviations: Stuart (2010), Statistical Science 25, p. 1-21, section 4.1
DEFAULT_SPLIT = (SIZE_CLASS_4,)
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

    Returns
    -------
    ResultTable
        One tidy row an ``indicator``, cell (``size_class``, ``sector``, ``category``), ``group`` and ``statistic``: the
        ``mean`` of both groups, and of their ``difference`` the ``standardised_mean_difference`` and the
        ``equivalence`` (its absolute value, with ``p_value``). A number that cannot be computed is missing, with the
        reason in ``note``.

    Raises
    ------
    StudyError
        With every argument that is wrong: an indicator, the year, a column or a value that the panel does not have, a
        column without classes in ``by``, a ``bound`` that is not above 0; and where no unit is left.

    See Also
    --------
    compare_groups : The difference of the groups in any year.

    Notes
    -----
    The standardised mean difference is

    .. math:: d = (\bar y_1 - \bar y_0) / \sqrt{(s_1^2 + s_0^2) / 2}.

    The p-value is that of two one-sided tests, with the standard error and the degrees of freedom of `compare_groups`,
    of the hypothesis that the means differ by ``bound`` of these standard deviations or more. Where nothing varies,
    equal means have a difference of 0 and no p-value, and other means have no standardised difference. A small p-value
    says that the groups are alike; a large one says nothing.

    References
    ----------
    Austin, P. C. (2009). Statistics in Medicine 28, p. 3085, equation 1. Schuirmann, D. J. (1987). Journal of
    Pharmacokinetics and Biopharmaceutics 15, 657-680. Stuart, E. A. (2010). Statistical Science 25, 1-21, section 4.1
    (the bound).

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
    arguments = cells.check_panel("check_selection", panel)
    if indicator is None:
        indicator = [name for name, entry in panel.indicators.items() if entry.balance] or list(panel.indicators)
    year = arguments.year("year", year, panel.per_year)
    request = cells.check_request(arguments, panel, indicator=indicator, by=by, where=where)
    bound = arguments.number("bound", bound, above=0, action="write 0.25 for a quarter of a standard deviation")
    errors = cells.check_errors(arguments, panel, level=None, cluster=cluster)
    arguments.refuse_problems()
    request = replace(request, years=(year,), errors=errors)
    splits = [(), request.by] if request.by else [()]
    frames = [_balance(panel, replace(request, by=split), bound) for split in splits]
    columns: cells.Columns = {RULE_SET: panel.rules.name, SE_CONVENTION: convention_of(errors)}
    rows = pd.concat(frames, ignore_index=True).assign(**columns)
    return ResultTable(
        frame=cells.tidy_frame(rows),
        function="check_selection",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        coverage=cells.count_coverage(panel, request.indicators, where=dict(request.where), years=request.years),
        simulation=panel.simulation,
        sources=cells.sources_of(panel),
    )


def _balance(panel: Panel, request: cells.CellRequest, bound: float) -> pd.DataFrame:
    """Make the rows of one split."""
    where = dict(request.where)
    summary = cells.summarise_requests(panel, [request])[request].to_frame()
    if request.by == DEFAULT_SPLIT and summary.empty:
        return pd.DataFrame(columns=[INDICATOR])  # a panel without persons has no size classes
    cells.refuse_empty("check_selection", summary, request)
    summary = cells.fill_empty_groups(summary, request, panel)
    keys = pd.concat([summary[[INDICATOR, YEAR]], cells.label_cells(summary, request.by, where)], axis=1)
    units_of_measure = summary[INDICATOR].map({name: entry.unit for name, entry in panel.indicators.items()})
    units = cells.unit_sets(panel, summary, request.by, where)
    of_groups: cells.Columns = {
        GROUP: summary[GROUP],
        STATISTIC: MEAN,
        ESTIMATE: summary["mean"],
        N_UNITS: summary["n"],
        UNIT_OF_MEASURE: units_of_measure,
        RESTS_ON: cells.cells_of(units, summary[INDICATOR]),
    }
    means = keys.assign(**of_groups, **cells.disclosure_columns(summary))
    both = TwoGroups.of(keys, summary, units)
    (mean_a, mean_b), (sd_a, sd_b), (n_a, n_b) = (both.pair(name) for name in ("mean", "sd", "n"))
    smd = stats.standardised_mean_difference(mean_a, sd_a, mean_b, sd_b)
    error = both.error()
    p_value = stats.equivalence_p_value(mean_a, sd_a, n_a, mean_b, sd_b, n_b, bound, error)
    columns: cells.Columns = {
        GROUP: DIFFERENCE, N_UNITS: np.minimum(n_a, n_b), UNIT_OF_MEASURE: "standard deviations",
        RESTS_ON: both.rests_on,
    }  # fmt: skip
    contrast = both.keys.assign(**columns)
    difference: cells.Columns = {STATISTIC: SMD, ESTIMATE: smd}
    equivalence: cells.Columns = {STATISTIC: EQUIVALENCE, ESTIMATE: np.abs(smd), P_VALUE: p_value, ERROR_DOF: error[1]}
    rows = pd.concat([means, contrast.assign(**difference), contrast.assign(**equivalence)], ignore_index=True)
    rows[NOTE] = np.where(rows[ESTIMATE].isna(), "one of the groups has too few values", "")
    constant = np.tile((sd_a == 0) & (sd_b == 0), 2)
    differs = rows.iloc[len(means) :]
    rows.loc[differs.index[constant], NOTE] = np.where(
        differs[ESTIMATE].isna()[constant], Reason.NO_STANDARD_DEVIATION.note,
        np.where((differs[STATISTIC] == EQUIVALENCE)[constant], Reason.NO_VARIANCE.note, ""),
    )  # fmt: skip
    far = (rows[STATISTIC] == SMD) & (rows[ESTIMATE].abs() > EQUIVALENCE_BOUND)
    rows.loc[far, NOTE] = Reason.UNLIKE_BEFORE.note
    return rows

"""Selection: whether participants differed from the others before the programme could have changed them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from si_eval import cells, stats
from si_eval.results import Panel, ResultTable
from si_eval.vocabulary import (
    DIFFERENCE,
    EQUIVALENCE,
    ESTIMATE,
    GROUP,
    INDICATOR,
    MEAN,
    N_UNITS,
    NON_PARTICIPANTS,
    NOTE,
    P_VALUE,
    PARTICIPANTS,
    RULE_SET,
    SMD,
    STATISTIC,
    UNIT_OF_MEASURE,
    YEAR,
)

EQUIVALENCE_BOUND = 0.25  # in standard deviations: Stuart (2010), Statistical Science 25, p. 1-21, section 4.1
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
        Columns of the panel that split the units into cells; the check of all units together comes first.
    where : mapping of str to a value or a sequence of values, optional
        Columns of the panel, and the values of the units to keep. Default: all units.
    bound : float, default 0.25
        Largest difference that counts as alike, in standard deviations.

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
        If the panel does not have an indicator, or a column of ``by`` or ``where``.

    See Also
    --------
    compare_groups : The difference of the groups in any year.

    Notes
    -----
    The standardised mean difference is

    .. math:: d = (\bar y_1 - \bar y_0) / \sqrt{(s_1^2 + s_0^2) / 2}.

    The p-value is that of two one-sided Welch tests of the hypothesis that the means differ by ``bound`` of these
    standard deviations or more. A small p-value says that the groups are alike; a large one says nothing.

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
    by = [by] if isinstance(by, str) else list(by)
    if indicator is None:
        indicator = [name for name, entry in panel.indicators.items() if entry.balance] or list(panel.indicators)
    splits: list[list[str]] = [[], by] if by else [[]]
    frames = [_balance(panel, indicator, split, where, year, bound) for split in splits]
    rows = pd.concat(frames, ignore_index=True).assign(**{RULE_SET: panel.rules.name})
    return ResultTable(
        frame=cells.tidy_frame(rows),
        function="check_selection",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        coverage=cells.count_coverage(panel, indicator, where=where, years=[year]),
        simulation=panel.simulation,
    )


def _balance(
    panel: Panel, indicator: str | Sequence[str], by: Sequence[str], where: cells.Where | None, year: int, bound: float
) -> pd.DataFrame:
    """Make the rows of one split."""
    summary = cells.summarise(panel, indicator=indicator, by=by, where=where, years=[year])
    keys = pd.concat([summary[[INDICATOR, YEAR]], cells.label_cells(summary, by, where)], axis=1)
    units = summary[INDICATOR].map({name: entry.unit for name, entry in panel.indicators.items()})
    of_groups: cells.Columns = {
        GROUP: summary[GROUP],
        STATISTIC: MEAN,
        ESTIMATE: summary["mean"],
        N_UNITS: summary["n"],
        UNIT_OF_MEASURE: units,
    }
    means = keys.assign(**of_groups, **cells.disclosure_columns(summary))
    wide = pd.concat([keys, summary[[GROUP, "n", "mean", "sd"]]], axis=1)
    participants, others = (
        wide[wide[GROUP] == group].drop(columns=GROUP) for group in (PARTICIPANTS, NON_PARTICIPANTS)
    )
    both = participants.merge(others, on=list(keys.columns), suffixes=("_a", "_b"))
    mean_a, mean_b, sd_a, sd_b, n_a, n_b = (
        both[f"{name}_{side}"].to_numpy() for name in ("mean", "sd", "n") for side in ("a", "b")
    )
    smd = stats.standardised_mean_difference(mean_a, sd_a, mean_b, sd_b)
    p_value = stats.equivalence_p_value(mean_a, sd_a, n_a, mean_b, sd_b, n_b, bound)
    columns: cells.Columns = {GROUP: DIFFERENCE, N_UNITS: np.minimum(n_a, n_b), UNIT_OF_MEASURE: "standard deviations"}
    contrast = both[list(keys.columns)].assign(**columns)
    difference: cells.Columns = {STATISTIC: SMD, ESTIMATE: smd}
    equivalence: cells.Columns = {STATISTIC: EQUIVALENCE, ESTIMATE: np.abs(smd), P_VALUE: p_value}
    rows = pd.concat([means, contrast.assign(**difference), contrast.assign(**equivalence)], ignore_index=True)
    missing = rows[ESTIMATE].isna()
    return rows.assign(**{NOTE: np.where(missing, "one of the groups has too few values", "")})

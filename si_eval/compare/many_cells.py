"""Many cells: how many differences would be found by chance, which stand up to that, and what could be found at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from si_eval.arguments import Arguments, describe_value
from si_eval.results import ResultTable, SafeTable
from si_eval.results.many_tests import FAMILY, Q_VALUE, ManyTests, detectable_differences, judge_tests
from si_eval.vocabulary import (
    CATEGORY,
    ESTIMATE,
    INDICATOR,
    P_VALUE,
    SECTOR,
    SIZE_CLASS,
    STATISTIC,
    STD_ERROR,
    YEAR,
)

MINIMUM = "minimum_detectable_difference"
KEYS = [INDICATOR, STATISTIC, YEAR, SIZE_CLASS, SECTOR, CATEGORY]


def judge_many_cells(
    tables: ResultTable | SafeTable | Sequence[ResultTable | SafeTable],
    *,
    primary: str | Sequence[str] = (),
    level: float = 0.95,
) -> ManyTests:
    r"""Judge the differences of tables together: what chance alone would give, and which stand up to it.

    Use it under every table with more than a few differences. Tables that crossed the public border tell nothing more
    here than they show: only shown p-values count.

    Parameters
    ----------
    tables : ResultTable or SafeTable, or a sequence of these
        Tables with differences and p-values, such as those of `compare_groups`.
    primary : str or sequence of str, optional
        The outcomes that were declared beforehand. They are one family; each other indicator is a family of its own.
    level : float, default 0.95
        One less the size of the tests and the false discovery rate.

    Returns
    -------
    ManyTests
        ``to_frame()`` has one row a test with its ``family``, ``q_value`` (Benjamini and Hochberg) and the
        ``minimum_detectable_difference``; ``families`` counts by family the tests,
        those that ``differ``, those ``expected`` by chance, and those that ``remain``.

    Raises
    ------
    StudyError
        For tables of another kind, tables without a difference, and a primary outcome that no table has.

    Notes
    -----
    Of m tests of a family with ordered p-values :math:`p_{(1)} \le \dots \le p_{(m)}`, the q-value is

    .. math:: q_{(i)} = \min_{j \ge i} \min(1, m\, p_{(j)} / j).

    A difference of :math:`(t_{1 - \alpha/2} + t_{0.8})` standard errors is found four times out of five.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the Royal Statistical
    Society B 57, 289-300.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import si_eval as se
    >>> rng, firm = np.random.default_rng(1), np.arange(1200)
    >>> branch = [f"b{at % 20}" for at in firm]
    >>> firms = pd.DataFrame({"firm": firm, "year": 2019, "joined": firm % 3 == 0, "branch": branch,
    ...                       "sales": rng.normal(10, 1, 1200)})
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="joined", sector="branch",
    ...                             revenue="sales")
    >>> found = se.judge_many_cells(se.compare_groups(panel, indicator="revenue", by="sector"))
    >>> print(found.families.to_string(index=False))
     family  tested  differ  remain  expected
    revenue      20       1       0       1.0
    """
    arguments = Arguments("judge_many_cells")
    listed = [tables] if isinstance(tables, ResultTable | SafeTable) else list(tables)
    for one in listed:
        if not isinstance(one, ResultTable | SafeTable):
            arguments.add("tables", describe_value(one), "tables of comparisons", "give those of compare_groups")
    level = arguments.level("level", level)
    arguments.refuse_problems()
    rows = pd.concat([table.to_frame() for table in listed], ignore_index=True)
    found = judge_tests(rows, level=level)
    known = sorted(set(found.frame[INDICATOR]))
    declared = arguments.names("primary", primary, known, what="indicators with a tested difference", empty=True)
    if not known:
        arguments.add("tables", "no difference with a p-value", "one or more", "give the result of compare_groups")
    arguments.refuse_problems()
    found = judge_tests(rows, primary=declared, level=level)
    tested = found.to_frame()
    tested[MINIMUM] = detectable_differences(tested, level)
    return replace(found, frame=tested[[*KEYS, FAMILY, ESTIMATE, STD_ERROR, P_VALUE, Q_VALUE, MINIMUM]])
